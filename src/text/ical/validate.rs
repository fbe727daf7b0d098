//! What RFC 4791 §4.1 and §5.3.2.1 ask of an object before it may be stored.

use super::super::component::{Component, Document};
use super::index::ComponentKind;

/// Why an object is refused (`CALDAV:valid-calendar-data`, `CALDAV:valid-calendar-object-resource`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Invalid {
    /// What is wrong, in words fit for a client.
    pub what: &'static str,
    /// 1-based physical line; 0 where the object as a whole is at fault.
    pub line: usize,
    /// Which precondition it breaks.
    pub rule: Broken,
}

/// The precondition that an object breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// `CALDAV:valid-calendar-data`: a value cannot be read.
    Data,
    /// `CALDAV:valid-calendar-object-resource`: the parts do not make one object.
    Object,
}

impl Invalid {
    pub(super) const fn object(what: &'static str) -> Self {
        Invalid { what, line: 0, rule: Broken::Object }
    }

    pub(super) const fn data(what: &'static str, line: usize) -> Self {
        Invalid { what, line, rule: Broken::Data }
    }
}

/// The components that make up an object, checked against each other.
#[derive(Debug)]
pub struct Checked<'d, 's> {
    /// The one type.
    pub kind: ComponentKind,
    /// The one UID.
    pub uid: String,
    /// Components of that type, in order.
    pub parts: Vec<&'d Component<'s>>,
    /// VTIMEZONE components.
    pub timezones: Vec<&'d Component<'s>>,
}

/// Checks that a document is one calendar object: one VCALENDAR without METHOD, one component type besides VTIMEZONE
/// and `X-` components, one UID, at most one part without RECURRENCE-ID. Overrides without a master are allowed.
pub fn check<'d, 's>(document: &'d Document<'s>) -> Result<Checked<'d, 's>, Invalid> {
    let [calendar] = document.roots.as_slice() else {
        return Err(Invalid::object("more than one VCALENDAR in one object"));
    };
    if !calendar.is("VCALENDAR") {
        return Err(Invalid::data("not a VCALENDAR", 1));
    }
    if let Some(method) = calendar.line("METHOD") {
        return Err(Invalid { line: method.number, ..Invalid::object("a stored object has no METHOD") });
    }
    let timezones = calendar.children_named("VTIMEZONE").collect();
    let parts = parts_of_one_kind(calendar)?;
    let first = parts.first().ok_or(Invalid::object("no component besides VTIMEZONE"))?;
    let kind = ComponentKind::of(&first.name);
    let uid = uid_of(first)?;
    let mut masters = 0;
    for part in &parts {
        if uid_of(part)? != uid {
            return Err(Invalid {
                line: line_of(part),
                ..Invalid::object("more than one UID in one object")
            });
        }
        if part.line("RECURRENCE-ID").is_none() {
            masters += 1;
        }
        if masters > 1 {
            return Err(Invalid {
                line: line_of(part),
                ..Invalid::object("two components of one UID without RECURRENCE-ID")
            });
        }
    }
    let uid = uid.to_owned();
    Ok(Checked { kind, uid, parts, timezones })
}

/// The components that count: those of the one known type, or of the one `X-` type where there is no other.
fn parts_of_one_kind<'d, 's>(calendar: &'d Component<'s>) -> Result<Vec<&'d Component<'s>>, Invalid> {
    let candidates: Vec<_> = calendar.children.iter().filter(|child| !child.is("VTIMEZONE")).collect();
    let experimental =
        |part: &&&Component<'_>| part.name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("X-"));
    let known: Vec<_> = candidates.iter().filter(|part| !experimental(part)).copied().collect();
    let chosen = if known.is_empty() { candidates } else { known };
    if let Some(first) = chosen.first()
        && let Some(other) = chosen.iter().find(|part| !part.is(&first.name))
    {
        return Err(Invalid {
            line: line_of(other),
            ..Invalid::object("more than one type of component in one object")
        });
    }
    Ok(chosen)
}

fn uid_of<'p>(part: &'p Component<'_>) -> Result<&'p str, Invalid> {
    match part.value("UID").map(str::trim) {
        Some(uid) if !uid.is_empty() => Ok(uid),
        _ => Err(Invalid { line: line_of(part), ..Invalid::object("a component without UID") }),
    }
}

/// The line after its `BEGIN`: a component does not know its own.
fn line_of(part: &Component<'_>) -> usize {
    part.lines.first().map_or(0, |line| line.number.saturating_sub(1))
}
