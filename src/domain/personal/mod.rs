//! What of a calendar object is each reader's own: his alarms, and that he has acknowledged or put them off.
//!
//! In the owner's bytes stand the owner's. Another who may read them sees the rest of the object, the *shared part*, and over it what is
//! his own. VALARM of RFC 5545 §3.6.6 and RFC 9074 with all that is in it; of properties those that clients write when an alarm was seen.
//! TRANSP is not among them: it says whether the owner is busy, and nobody else's busy times are made of his calendar. Knows neither
//! storage nor protocols.

mod alike;
mod overlay;

#[cfg(test)]
mod tests;

pub use alike::alike;
pub use overlay::{Overlay, merged, split};

use super::id::Etag;
use crate::text::component::{Component, Document, Edit, apply};
use crate::text::ical::CalendarIndex;
use std::ops::Range;

/// Whether a property of an event or a task is its reader's own: Thunderbird's acknowledgement and its snoozes, of single instances too,
/// and what some clients write beside an alarm instead of into it.
fn is_own_line(name: &str) -> bool {
    const SNOOZE: &str = "X-MOZ-SNOOZE-TIME";
    ["X-MOZ-LASTACK", "ACKNOWLEDGED", "X-APPLE-DEFAULT-ALARM"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
        || name.get(..SNOOZE.len()).is_some_and(|start| start.eq_ignore_ascii_case(SNOOZE))
}

/// The components that have anything of the kind: what a calendar holds, but for its zones.
fn holders<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d Component<'a>> {
    let inside = document.roots.iter().flat_map(|root| &root.children);
    inside.filter(|component| !component.is("VTIMEZONE"))
}

/// The bytes of a component's own parts, in no order.
fn own_spans(of: &Component<'_>) -> impl Iterator<Item = Range<usize>> {
    let lines = of.lines.iter().filter(|line| is_own_line(line.name())).map(|line| line.span.clone());
    lines.chain(of.children_named("VALARM").map(|alarm| alarm.span.clone()))
}

/// The text without what is its reader's own; `None` where there is nothing of it.
pub fn shared(document: &Document<'_>) -> Option<String> {
    let edits: Vec<Edit> =
        holders(document).flat_map(own_spans).map(|span| Edit { span, with: String::new() }).collect();
    (!edits.is_empty()).then(|| apply(document.source, edits))
}

/// As [`shared`], of a text; `None` also where it cannot be read.
pub fn shared_of(body: &str) -> Option<String> {
    shared(&Document::parse(body, Default::default()).ok()?)
}

/// The entity tag of what somebody sees of an object whose shared part has the tag `shared`: another whenever that changes, or what he has
/// of his own on it.
pub fn tag(shared: &Etag, own: Option<&Etag>) -> Etag {
    match own.filter(|own| !own.0.is_empty()) {
        Some(own) => Etag::of(format!("{} {}", shared.0, own.0).as_bytes()),
        None => shared.clone(),
    }
}

/// What somebody has of his own on an item, and its digest; an empty one where he has taken all away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Digest of the stored form.
    pub etag: Etag,
    /// The thing itself.
    pub overlay: Overlay,
}

impl Own {
    /// Of what he sent.
    pub fn of(overlay: Overlay) -> Own {
        let etag = if overlay.is_empty() { String::new() } else { Etag::of(overlay.encode().as_bytes()).0 };
        Own { etag: Etag(etag), overlay }
    }
}

/// What somebody sees of an object.
#[derive(Debug, Clone)]
pub struct View {
    /// The text.
    pub body: String,
    /// Its compact form.
    pub index: CalendarIndex,
}

/// What somebody sees of `body`: of its own parts none, but his. `None` where that is `body` itself.
pub fn view(body: &str, own: Option<&Overlay>) -> Option<View> {
    let without = shared_of(body);
    let laid = own.filter(|own| !own.is_empty());
    let text = match (laid, without) {
        (Some(own), without) => merged(without.as_deref().unwrap_or(body), own).or(without)?,
        (None, without) => without?,
    };
    let document = Document::parse(&text, Default::default()).ok()?;
    let index = CalendarIndex::build(&document).ok()?;
    drop(document);
    Some(View { body: text, index })
}
