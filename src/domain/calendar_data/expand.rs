//! Each instance as a component of its own, in UTC, without rules and without VTIMEZONE (RFC 4791 §9.6.5).
//!
//! DATE values stay dates and floating times float, as neither refers to a zone. Components that do not recur are only
//! brought to UTC. All other lines are copied.

use crate::domain::query::calendar::part_at;
use crate::text::component::{Component, Document};
use crate::text::ical::index::{ComponentKind, Frame, Length, Part, When};
use crate::text::ical::values::Duration;
use crate::text::ical::{CalendarIndex, Instance};
use crate::text::line::{Line, write_folded};
use crate::text::recur::civil::{self, DAY};
use crate::text::recur::moment::{Moment, write_date, write_local};
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::{MICROS, Zone, resolve};

/// Octets written that cost one step of the budget: a request may write some 64 MB.
const OCTETS_A_STEP: usize = 32;
/// What makes a component recur; an instance has none of it.
const RECURRENCE: [&str; 4] = ["RRULE", "RDATE", "EXDATE", "EXRULE"];

/// Writes `document` with the instances that touch `window`.
pub(super) fn expand(
    document: &Document<'_>,
    index: &CalendarIndex,
    window: Window,
    zone: &Zone,
    budget: &mut Budget,
) -> Result<String, Exhausted> {
    let Some(calendar) = document.roots.first() else { return Ok(document.source.to_owned()) };
    if !matches!(index.kind, ComponentKind::Event | ComponentKind::Todo | ComponentKind::Journal) {
        return Ok(document.source.to_owned());
    }
    let writer = Writer { document, index, zone, timezones: calendar.children_named("VTIMEZONE").collect() };
    let mut out = String::from("BEGIN:VCALENDAR\r\n");
    for line in &calendar.lines {
        writer.copy(&mut out, line.span.clone());
    }
    let kind = index.kind.name();
    let templates: Vec<Template> =
        calendar.children_named(kind).map(|component| writer.template(component)).collect();
    let recurs = index.parts.iter().any(|part| part.is_recurring() || part.recurrence_id.is_some());
    if recurs {
        let mut by_part: Vec<Option<&Template>> = vec![None; index.parts.len()];
        for template in &templates {
            if let Some(slot) = template.part.and_then(|part| by_part.get_mut(part)) {
                *slot = Some(template);
            }
        }
        for instance in index.instances(window, zone, budget)? {
            let Some(template) = by_part.get(instance.part).copied().flatten() else { continue };
            budget.step((template.size / OCTETS_A_STEP) as u64 + 1)?;
            writer.instance(&mut out, template, &instance);
        }
    } else {
        for template in &templates {
            writer.single(&mut out, template);
        }
    }
    for other in calendar.children.iter().filter(|child| !child.is(kind) && !child.is("VTIMEZONE")) {
        writer.copy(&mut out, other.span.clone());
    }
    out.push_str("END:VCALENDAR\r\n");
    Ok(out)
}

/// A component cut into what all of its instances share and what each has of its own.
struct Template {
    part: Option<usize>,
    pieces: Vec<Piece>,
    size: usize,
}

enum Piece {
    /// Copied.
    Text(String),
    Start,
    End,
    Due,
    /// The line as written, and what it says.
    Length(String, Option<Duration>),
    RecurrenceId,
}

/// An instant and what the clock shows then, in the frame of the property.
#[derive(Clone, Copy)]
struct Time {
    /// Microseconds UTC.
    utc: i64,
    /// Civil seconds.
    civil: i64,
}

/// Writes a time in the form that `like` has: a date, a floating time, or else UTC.
fn write_time(out: &mut String, name: &str, like: Option<When>, time: Time) {
    let line = match like.map(|when| when.frame) {
        Some(Frame::Date) => format!("{name};VALUE=DATE:{}", write_date(time.civil.div_euclid(DAY))),
        Some(Frame::Floating) => format!("{name}:{}", write_local(time.civil)),
        _ => format!("{name}:{}Z", write_local(time.utc.div_euclid(MICROS))),
    };
    write_folded(out, &line);
}

struct Writer<'w> {
    document: &'w Document<'w>,
    index: &'w CalendarIndex,
    zone: &'w Zone,
    timezones: Vec<&'w Component<'w>>,
}

impl Writer<'_> {
    fn template(&self, component: &Component<'_>) -> Template {
        let at = part_at(self.index, component.span.start);
        let part = at.and_then(|at| self.index.parts.get(at));
        let mut pieces = Vec::new();
        let mut text = format!("BEGIN:{}\r\n", component.name);
        for line in &component.lines {
            if RECURRENCE.iter().any(|name| line.is(name)) || line.is("RECURRENCE-ID") {
                continue;
            }
            match self.varying(line, part) {
                Some(piece) => {
                    let is_start = matches!(piece, Piece::Start);
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(piece);
                    if is_start {
                        pieces.push(Piece::RecurrenceId);
                    }
                }
                None if line.param("TZID").is_some() => self.in_utc(&mut text, line),
                None => self.copy(&mut text, line.span.clone()),
            }
        }
        if !pieces.iter().any(|piece| matches!(piece, Piece::RecurrenceId)) {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::RecurrenceId);
        }
        for child in &component.children {
            self.copy(&mut text, child.span.clone());
        }
        text.push_str(&format!("END:{}\r\n", component.name));
        pieces.push(Piece::Text(text));
        Template { part: at, pieces, size: component.span.len() }
    }

    /// The lines that depend on the instance, where the index could read them.
    fn varying(&self, line: &Line<'_>, part: Option<&Part>) -> Option<Piece> {
        let part = part?;
        if line.is("DTSTART") && part.start.is_some() {
            Some(Piece::Start)
        } else if line.is("DTEND") && part.end.is_some() {
            Some(Piece::End)
        } else if line.is("DUE") && part.due.is_some() {
            Some(Piece::Due)
        } else if line.is("DURATION") {
            let mut raw = String::new();
            self.copy(&mut raw, line.span.clone());
            Some(Piece::Length(raw, part.duration))
        } else {
            None
        }
    }

    fn instance(&self, out: &mut String, template: &Template, instance: &Instance) {
        let Some(part) = self.index.parts.get(instance.part) else { return };
        let start = Time { utc: instance.start, civil: civil::from_datetime(instance.start_civil) };
        let end = Time { utc: instance.end, civil: civil::from_datetime(instance.end_civil) };
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Start => {
                    write_time(out, "DTSTART", part.start, start);
                    // Only an RDATE with a period gives a length to what has none.
                    if part.length == Length::Zero && end.utc > start.utc && part.end.or(part.due).is_none() {
                        write_time(out, "DTEND", part.start, end);
                    }
                }
                Piece::End => write_time(out, "DTEND", part.end, end),
                Piece::Due => write_time(out, "DUE", part.due, end),
                Piece::Length(raw, duration) => self.length(out, raw, *duration, part, start, end),
                Piece::RecurrenceId => {
                    if let Some(id) = instance.recurrence_id {
                        write_time(out, "RECURRENCE-ID", Some(id), self.own(id));
                    }
                }
            }
        }
    }

    /// A component that does not recur: its own times, in UTC.
    fn single(&self, out: &mut String, template: &Template) {
        let Some(part) = template.part.and_then(|at| self.index.parts.get(at)) else { return };
        for piece in &template.pieces {
            let (name, when) = match piece {
                Piece::Start => ("DTSTART", part.start),
                Piece::End => ("DTEND", part.end),
                Piece::Due => ("DUE", part.due),
                Piece::RecurrenceId => continue,
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Length(raw, duration) => {
                    let bounds = self.index.bounds(part, self.zone);
                    let time = |utc| Time { utc, civil: utc.div_euclid(MICROS) };
                    match bounds.end {
                        i64::MAX => out.push_str(raw),
                        end => self.length(out, raw, *duration, part, time(bounds.start), time(end)),
                    }
                    continue;
                }
            };
            if let Some(when) = when {
                write_time(out, name, Some(when), self.own(when));
            }
        }
    }

    /// DURATION as written where it says the length of this instance also in UTC; else the end.
    fn length(
        &self,
        out: &mut String,
        raw: &str,
        duration: Option<Duration>,
        part: &Part,
        start: Time,
        end: Time,
    ) {
        let in_zone = part.start.is_some_and(|when| matches!(when.frame, Frame::Zone(_)));
        let length = duration.map_or(0, Duration::rough_seconds).saturating_mul(MICROS);
        let name = if self.index.kind == ComponentKind::Todo { "DUE" } else { "DTEND" };
        let is_own = start.utc.saturating_add(length) == end.utc;
        if is_own || end.utc <= start.utc || (!in_zone && Some(part.length) == duration.map(Length::Nominal))
        {
            out.push_str(raw);
        } else {
            write_time(out, name, part.start, end);
        }
    }

    /// The time that `when` itself says.
    fn own(&self, when: When) -> Time {
        Time { utc: self.index.instant(when, self.zone), civil: when.civil }
    }

    /// Any other line with a TZID: its values in UTC.
    fn in_utc(&self, out: &mut String, line: &Line<'_>) {
        let named = line.param("TZID").and_then(|tzid| resolve(&tzid, &self.timezones));
        let zone = named.as_ref().unwrap_or(self.zone);
        let values: Vec<String> = line
            .value()
            .split(',')
            .map(|value| match Moment::parse(value) {
                Some(Moment::Local(civil)) => format!("{}Z", write_local(zone.utc_seconds(civil))),
                _ => value.to_owned(),
            })
            .collect();
        let mut text = line.name().to_owned();
        for param in line.params().filter(|param| !param.name.eq_ignore_ascii_case("TZID")) {
            text.push_str(&format!(";{}={}", param.name, param.raw));
        }
        write_folded(out, &format!("{text}:{}", values.join(",")));
    }

    /// Copies bytes of the source; a last line without an ending gets one.
    fn copy(&self, out: &mut String, span: std::ops::Range<usize>) {
        let raw = self.document.source.get(span).unwrap_or_default();
        out.push_str(raw);
        if !raw.ends_with(['\n', '\r']) {
            out.push_str("\r\n");
        }
    }
}
