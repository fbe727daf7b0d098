//! Taking an object apart into its shared part and what is its sender's own, and laying that over it again.
//!
//! Over the very bytes that it was taken from it gives back the very bytes. Over others each part goes to the component of its
//! RECURRENCE-ID: properties behind the others, alarms at the end. An override that was not there yet has its reader's alarms of the
//! series, for the instance that it stands in the place of had them; what he acknowledged there was not this one.

use super::{holders, is_own_line};
use crate::domain::id::Etag;
use crate::text::component::{Component, Document, Edit, apply};
use crate::text::ical::CalendarIndex;
use crate::text::ical::index::{Frame, When, ZoneRef};
use crate::text::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What somebody has of his own on an object. Stored as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// Digest of the shared part that the places are of.
    base: String,
    /// All components that there were, those with nothing in them too.
    parts: Vec<Part>,
}

/// What belongs to one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    /// Which: empty for the master, else the instance that it stands for.
    of: String,
    own: Vec<Piece>,
}

/// A property or an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Piece {
    /// How many lines and components of the shared part stand before it.
    at: usize,
    /// Whether it is an alarm.
    alarm: bool,
    /// Its bytes.
    text: String,
}

impl Overlay {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.own.is_empty())
    }

    /// The stored form.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the stored form; what cannot be read is nothing.
    pub fn decode(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Whether both put the same things to the same components, wherever they stand in them.
    pub fn says_the_same(&self, other: &Overlay) -> bool {
        let said = |overlay: &Overlay| {
            let parts = overlay.parts.iter().filter(|part| !part.own.is_empty());
            let texts = |part: &Part| part.own.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>();
            parts.map(|part| (part.of.clone(), texts(part))).collect::<HashMap<_, _>>()
        };
        said(self) == said(other)
    }

    /// The same, without places: it was sent over other bytes than those that are kept.
    #[must_use]
    pub fn unplaced(self) -> Self {
        Overlay { base: String::new(), ..self }
    }

    fn of(&self, key: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.of == key)
    }
}

/// The shared part of an object, and what is its sender's own.
pub fn split(document: &Document<'_>, index: &CalendarIndex) -> (String, Overlay) {
    let mut parts = Vec::new();
    let mut edits = Vec::new();
    for (of, component) in keyed(document, index) {
        let (mut own, mut at) = (Vec::new(), 0);
        for Thing { start, end, is } in things(component) {
            match is {
                Is::Shared => at += 1,
                Is::Line | Is::Alarm => {
                    let text = document.source.get(start..end).unwrap_or_default().to_owned();
                    own.push(Piece { at, alarm: is == Is::Alarm, text });
                    edits.push(Edit { span: start..end, with: String::new() });
                }
            }
        }
        parts.push(Part { of, own });
    }
    let shared = apply(document.source, edits);
    if parts.iter().all(|part| part.own.is_empty()) {
        return (shared, Overlay::default());
    }
    let base = Etag::of(shared.as_bytes()).0;
    (shared, Overlay { base, parts })
}

/// A shared part with somebody's own over it; `None` where it cannot be read.
pub fn merged(shared: &str, own: &Overlay) -> Option<String> {
    let document = Document::parse(shared, Default::default()).ok()?;
    let index = CalendarIndex::build(&document).ok()?;
    let exact = own.base == Etag::of(shared.as_bytes()).0;
    let series: Vec<Piece> = own
        .of("")
        .map(|part| part.own.iter().filter(|piece| piece.alarm).cloned().collect())
        .unwrap_or_default();
    let mut edits = Vec::new();
    for (key, component) in keyed(&document, &index) {
        match own.of(&key) {
            Some(part) if exact => {
                let starts: Vec<usize> = things(component).into_iter().map(|thing| thing.start).collect();
                for piece in &part.own {
                    let at = starts.get(piece.at).copied().unwrap_or(component.end.start);
                    edits.push(Edit { span: at..at, with: piece.text.clone() });
                }
            }
            Some(part) => lay(component, &part.own, &mut edits),
            None => lay(component, &series, &mut edits),
        }
    }
    Some(apply(shared, edits))
}

/// Properties behind the others, alarms at the end.
fn lay(over: &Component<'_>, own: &[Piece], edits: &mut Vec<Edit>) {
    let end = over.end.start;
    let lines = over.children.first().map_or(end, |child| child.span.start);
    for piece in own.iter().filter(|piece| !piece.alarm) {
        edits.push(Edit { span: lines..lines, with: piece.text.clone() });
    }
    for piece in own.iter().filter(|piece| piece.alarm) {
        edits.push(Edit { span: end..end, with: piece.text.clone() });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Shared,
    Line,
    Alarm,
}

/// A line or a component in another.
struct Thing {
    start: usize,
    end: usize,
    is: Is,
}

/// What is in a component, in the order of the text.
fn things(of: &Component<'_>) -> Vec<Thing> {
    let lines = of.lines.iter().map(|line| Thing {
        start: line.span.start,
        end: line.span.end,
        is: if is_own_line(line.name()) { Is::Line } else { Is::Shared },
    });
    let children = of.children.iter().map(|child| Thing {
        start: child.span.start,
        end: child.span.end,
        is: if child.is("VALARM") { Is::Alarm } else { Is::Shared },
    });
    let mut all: Vec<Thing> = lines.chain(children).collect();
    all.sort_by_key(|thing| thing.start);
    all
}

/// The components of an object, each with what it is known by: nothing, or the instance that it stands for. Of several of one instance the
/// second and further ones are known by their number too.
pub(super) fn keyed<'d, 'a>(
    document: &'d Document<'a>,
    index: &CalendarIndex,
) -> Vec<(String, &'d Component<'a>)> {
    let instances: HashMap<usize, Option<When>> =
        index.parts.iter().map(|part| (part.span.start as usize, part.recurrence_id)).collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    holders(document)
        .map(|component| {
            let when = instances.get(&component.span.start).copied().flatten();
            let mut key = when.map_or_else(String::new, |when| instance(when, index));
            let count = seen.entry(key.clone()).or_default();
            *count += 1;
            if *count > 1 {
                key = format!("{key}#{count}");
            }
            (key, component)
        })
        .collect()
}

/// An instance by its moment, in whatever zone that is said.
fn instance(when: When, index: &CalendarIndex) -> String {
    let zone = |at: u16| match index.zones.get(usize::from(at)) {
        None | Some(ZoneRef::Unknown(_)) => None,
        Some(known) => Some(known.zone(&Zone::Utc)),
    };
    match when.frame {
        Frame::Date => format!("d{}", when.civil),
        Frame::Utc => format!("u{}", when.civil),
        Frame::Floating => format!("f{}", when.civil),
        Frame::Zone(at) => match zone(at) {
            Some(zone) => format!("u{}", zone.utc_seconds(when.civil)),
            None => format!("f{}", when.civil),
        },
    }
}
