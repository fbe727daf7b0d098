//! Members that stand for one property with one value each.
//!
//! RFC 8984 §4.1, §4.2, §4.4 and §5.2; RFC 5545 §3.8.1, §3.8.2 and §3.8.7, RFC 7986 §5.9. A word that is not known goes
//! through in lower case, as RFC 8984 §3.3 allows.

use super::super::jsobject::{Refused, plain, text};
use super::super::json::checked_name;
use super::super::line::escape_text;
use super::super::recur::moment::Moment;
use super::super::vcard::prop::Prop;
use super::place;
use super::view::{Edit, Kind, View, put_param, raw_param};
use serde_json::Value;

/// How a value is written in both forms.
#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    /// A number from the first to the second.
    Number(i64, i64),
    /// A DATE-TIME in UTC.
    Instant,
    /// A word: iCalendar, JSCalendar.
    Word(&'static [(&'static str, &'static str)]),
}

/// One member and its property.
#[derive(Debug, Clone, Copy)]
struct Field {
    key: &'static str,
    name: &'static str,
    form: Form,
    kinds: &'static [Kind],
}

const ALL: &[Kind] = &[Kind::Event, Kind::Task, Kind::Journal];
const PRIVACY: &[(&str, &str)] = &[("PUBLIC", "public"), ("PRIVATE", "private"), ("CONFIDENTIAL", "secret")];
const BUSY: &[(&str, &str)] = &[("OPAQUE", "busy"), ("TRANSPARENT", "free")];

const fn field(key: &'static str, name: &'static str, form: Form, kinds: &'static [Kind]) -> Field {
    Field { key, name, form, kinds }
}

/// In the order in which new objects have them.
const FIELDS: &[Field] = &[
    field("title", "SUMMARY", Form::Text, ALL),
    field("description", "DESCRIPTION", Form::Text, ALL),
    field("status", "STATUS", Form::Word(&[]), &[Kind::Event, Kind::Journal]),
    field("progress", "STATUS", Form::Word(&[]), &[Kind::Task]),
    field("progressUpdated", "COMPLETED", Form::Instant, &[Kind::Task]),
    field("percentComplete", "PERCENT-COMPLETE", Form::Number(0, 100), &[Kind::Task]),
    field("freeBusyStatus", "TRANSP", Form::Word(BUSY), &[Kind::Event]),
    field("privacy", "CLASS", Form::Word(PRIVACY), ALL),
    field("priority", "PRIORITY", Form::Number(0, 9), ALL),
    field("color", "COLOR", Form::Text, ALL),
    field("sequence", "SEQUENCE", Form::Number(0, 2_147_483_647), ALL),
    field("created", "CREATED", Form::Instant, ALL),
];

/// Words that JSON may give, for members whose words iCalendar limits.
fn is_allowed(key: &str, word: &str, kind: Kind) -> bool {
    let known: &[&str] = match (key, kind) {
        ("status", Kind::Journal) => &["draft", "final", "cancelled"],
        ("status", _) => &["confirmed", "tentative", "cancelled"],
        ("progress", _) => &["needs-action", "in-process", "completed", "failed", "cancelled"],
        ("privacy", _) => &["public", "private", "secret"],
        ("freeBusyStatus", _) => &["free", "busy"],
        _ => return true,
    };
    known.contains(&word) || word.starts_with("x-")
}

/// Reads all of them, and those that share a property.
pub(super) fn read(view: &mut View<'_, '_, '_>) {
    let kind = view.kind;
    for field in FIELDS.iter().filter(|field| field.kinds.contains(&kind)) {
        let Some((at, prop)) = view.first(field.name) else { continue };
        if let Some(value) = field.form.read(&prop) {
            view.set(field.key, value);
            view.tell(at, field.key, if field.key == locale_home(view) { &["LANGUAGE"] } else { &[] });
        }
    }
    locale(view);
    updated(view);
}

/// The member whose property carries the language of the object.
fn locale_home(view: &View<'_, '_, '_>) -> &'static str {
    if view.named("SUMMARY").next().is_some() { "title" } else { "description" }
}

fn locale(view: &mut View<'_, '_, '_>) {
    let name = if locale_home(view) == "title" { "SUMMARY" } else { "DESCRIPTION" };
    let language = view.first(name).and_then(|(_, prop)| raw_param(&prop, "LANGUAGE"));
    if let Some(language) = language {
        view.set("locale", Value::String(language));
    }
}

/// LAST-MODIFIED tells when the object changed; where there is none, DTSTAMP.
fn updated(view: &mut View<'_, '_, '_>) {
    let Some((at, prop)) = view.first("LAST-MODIFIED").or_else(|| view.first("DTSTAMP")) else { return };
    if let Some(value) = Form::Instant.read(&prop) {
        view.set("updated", value);
        view.tell(at, "updated", &[]);
    }
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    updated_edit(edit)?;
    let kind = edit.kind;
    for field in FIELDS.iter().filter(|field| field.kinds.contains(&kind)) {
        if edit.changes(field.key) {
            field.edit(edit)?;
        }
    }
    if edit.changes("locale") {
        locale_edit(edit)?;
    }
    Ok(())
}

impl Field {
    fn edit(&self, edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
        let at = edit.props.iter().position(|prop| prop.is(self.name));
        let Some(wanted) = edit.wanted(self.key) else {
            if let Some(at) = at {
                edit.draft.remove(at);
            }
            return Ok(());
        };
        let value = self.form.write(wanted, self.key, edit.kind)?;
        match at.and_then(|at| edit.draft.line_mut(at)) {
            Some(prop) => prop.value = value,
            None => edit.add(Prop::new(self.name, value), self.key)?,
        }
        Ok(())
    }
}

fn locale_edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let language = edit.wanted("locale").map(|value| text(value, "locale")).transpose()?;
    for name in ["SUMMARY", "DESCRIPTION"] {
        let at = edit.props.iter().position(|prop| prop.is(name));
        let prop = match at.filter(|at| edit.draft.line(*at).is_some()) {
            Some(at) => edit.draft.line_mut(at),
            None => edit.draft.added_mut(name),
        };
        if let Some(prop) = prop {
            put_param(prop, "LANGUAGE", language);
            return Ok(());
        }
    }
    match language {
        None => Ok(()),
        Some(_) => {
            Err(Refused::at("locale", "the language of an object is kept with its title or description"))
        }
    }
}

fn updated_edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let Some(wanted) = edit.wanted("updated").filter(|_| edit.changes("updated")) else { return Ok(()) };
    let value = Form::Instant.write(wanted, "updated", edit.kind)?;
    let at =
        ["LAST-MODIFIED", "DTSTAMP"].iter().find_map(|name| edit.props.iter().position(|prop| prop.is(name)));
    match at.and_then(|at| edit.draft.line_mut(at)) {
        Some(prop) => prop.value = value,
        None => edit.draft.add(Prop::new("DTSTAMP", value)),
    }
    Ok(())
}

impl Form {
    /// `None` where the value does not have this form.
    fn read(self, prop: &Prop) -> Option<Value> {
        let value = prop.value.trim();
        match self {
            Form::Text => Some(plain(&prop.value)),
            Form::Number(least, most) => {
                value.parse::<i64>().ok().filter(|n| (least..=most).contains(n)).map(Value::from)
            }
            Form::Instant => match Moment::parse(value)? {
                Moment::Utc(seconds) => Some(Value::String(place::utc(seconds))),
                _ => None,
            },
            Form::Word(words) => {
                let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
                let word = match known {
                    Some((_, word)) => (*word).to_owned(),
                    None => checked_name(value).ok()?.to_ascii_lowercase(),
                };
                Some(Value::String(word))
            }
        }
    }

    fn write(self, value: &Value, key: &str, kind: Kind) -> Result<String, Refused> {
        match self {
            Form::Text => Ok(escape_text(text(value, key)?).into_owned()),
            Form::Number(least, most) => match value.as_i64().filter(|n| (least..=most).contains(n)) {
                Some(number) => Ok(number.to_string()),
                None => Err(Refused::at(key, format!("a whole number from {least} to {most} was expected"))),
            },
            Form::Instant => {
                let seconds = place::parse_utc(value, key)?;
                Ok(place::written(seconds, &place::Place::Utc))
            }
            Form::Word(words) => {
                let word = text(value, key)?;
                if !is_allowed(key, word, kind) {
                    return Err(Refused::at(key, "not one of the values that this member may have"));
                }
                let known = words.iter().find(|(_, known)| *known == word);
                Ok(known.map_or_else(|| word.to_ascii_uppercase(), |(word, _)| (*word).to_owned()))
            }
        }
    }
}
