//! One file into many items: calendar components by UID, each with the time zones that it needs; cards one by one.

use super::Holds;
use crate::domain::id::ObjectName;
use crate::services::content::card_uid;
use crate::text::component::{Component, Document, Limits};
use crate::text::line::Line;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Lines of a file: some million entries.
const MAX_LINES: usize = 20_000_000;
/// Octets of an item's name that a UID may make; longer ones are hashed.
const MAX_NAME: usize = 200;
/// What the calendar itself says; everything else of a VCALENDAR is about the file, not about an item.
const KEPT: [&str; 3] = ["VERSION", "PRODID", "CALSCALE"];

/// An item of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name to store it under, made of its UID.
    pub name: String,
    /// For people: the UID, with the SUMMARY or FN where there is one.
    pub label: String,
    /// Its UID as collections compare it: no two items of one collection have the same.
    pub uid: String,
    /// The line of the file where it begins.
    pub line: Option<u64>,
    /// What to store.
    pub body: String,
}

/// A file that cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not made of components and properties.
    #[error("{0}")]
    Malformed(#[from] crate::text::component::Malformed),
    /// Neither calendars nor cards, or both.
    #[error("the file holds neither only calendars nor only cards")]
    Mixed,
    /// Items of the other kind.
    #[error("the file holds items of the other kind")]
    Other,
    /// JSON that is no file of items.
    #[error("{0}")]
    Json(String),
    /// A table of something else.
    #[error("{0}")]
    Table(#[from] crate::text::contacts_csv::Unreadable),
}

/// Takes a file apart. Order is that of first appearance.
pub fn split(source: &str) -> Result<(Holds, Vec<Item>), Unreadable> {
    let document = Document::parse(source, Limits { lines: MAX_LINES, ..Limits::default() })?;
    let cards = document.roots.iter().filter(|root| root.is("VCARD")).count();
    let calendars = document.roots.iter().filter(|root| root.is("VCALENDAR")).count();
    match (cards, calendars) {
        (0, n) if n == document.roots.len() => Ok((Holds::Calendar, objects(&document))),
        (n, 0) if n == document.roots.len() => {
            Ok((Holds::Cards, document.roots.iter().map(|card| card_item(source, card)).collect()))
        }
        _ => Err(Unreadable::Mixed),
    }
}

/// Components of one UID and one type, from one VCALENDAR or several.
struct Group<'d, 's> {
    calendar: &'d Component<'s>,
    uid: Option<String>,
    parts: Vec<(&'d Component<'s>, &'d Component<'s>)>,
}

fn objects(document: &Document<'_>) -> Vec<Item> {
    let mut groups: Vec<Group<'_, '_>> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for calendar in &document.roots {
        for part in calendar.children.iter().filter(|child| !child.is("VTIMEZONE")) {
            let uid = part.value("UID").map(str::trim).filter(|uid| !uid.is_empty());
            let at = uid.map(|uid| {
                *places.entry((part.name.to_ascii_uppercase(), uid.to_owned())).or_insert(groups.len())
            });
            match at.and_then(|at| groups.get_mut(at)) {
                Some(group) => group.parts.push((calendar, part)),
                None => groups.push(Group {
                    calendar,
                    uid: uid.map(str::to_owned),
                    parts: vec![(calendar, part)],
                }),
            }
        }
    }
    groups.iter().map(|group| object(document.source, group)).collect()
}

fn object(source: &str, group: &Group<'_, '_>) -> Item {
    let mut body = String::from("BEGIN:VCALENDAR\r\n");
    header(source, group.calendar, &mut body);
    zones(source, group, &mut body);
    let uid = group.uid.clone().unwrap_or_else(|| made_uid(source, group));
    for (_, part) in &group.parts {
        let text = source.get(part.span.clone()).unwrap_or_default();
        match (&group.uid, first_line(text)) {
            (None, Some((begin, rest))) => {
                body.push_str(begin);
                body.push_str(&format!("UID:{uid}\r\n"));
                push_whole(&mut body, rest);
            }
            _ => push_whole(&mut body, text),
        }
    }
    body.push_str("END:VCALENDAR\r\n");
    let summary =
        group.parts.iter().find_map(|(_, part)| part.line("SUMMARY")).map(|line| line.text().into_owned());
    let line = group.parts.iter().find_map(|(_, part)| part.lines.first()).map(begins);
    Item { name: name_of(&uid, "ics"), label: label(&uid, summary), uid, line, body }
}

/// VERSION, PRODID and CALSCALE as they stand, or our own where the first two are missing.
fn header(source: &str, calendar: &Component<'_>, out: &mut String) {
    for line in calendar.lines.iter().filter(|line| KEPT.iter().any(|name| line.is(name))) {
        push_whole(out, source.get(line.span.clone()).unwrap_or_default());
    }
    if calendar.line("VERSION").is_none() {
        out.push_str("VERSION:2.0\r\n");
    }
    if calendar.line("PRODID").is_none() {
        out.push_str(concat!("PRODID:-//Cenacle//", env!("CARGO_PKG_VERSION"), "//FR\r\n"));
    }
}

/// The VTIMEZONE components that the parts name, as they stand.
fn zones(source: &str, group: &Group<'_, '_>, out: &mut String) {
    let mut written = BTreeSet::new();
    for (calendar, part) in &group.parts {
        for tzid in tzids(part) {
            let zone = calendar
                .children_named("VTIMEZONE")
                .find(|zone| zone.value("TZID").is_some_and(|id| id.trim() == tzid));
            if let Some(zone) = zone
                && written.insert(tzid)
            {
                push_whole(out, source.get(zone.span.clone()).unwrap_or_default());
            }
        }
    }
}

/// The zones that the properties of a component and of its children name.
pub(super) fn tzids(part: &Component<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![part];
    while let Some(component) = waiting.pop() {
        found.extend(
            component.lines.iter().filter_map(|line| line.param("TZID")).map(|id| id.trim().to_owned()),
        );
        waiting.extend(component.children.iter());
    }
    found
}

fn card_item(source: &str, card: &Component<'_>) -> Item {
    let text = source.get(card.span.clone()).unwrap_or_default();
    let mut body = String::with_capacity(text.len() + 2);
    push_whole(&mut body, text);
    let said = card.value("UID").map(str::trim).filter(|uid| !uid.is_empty());
    let shown = said.map_or_else(|| digest(text), str::to_owned);
    let title = card.line("FN").map(|line| line.text().into_owned());
    let name = name_of(shown.trim_start_matches("urn:uuid:"), "vcf");
    let uid = said.map_or_else(|| format!("name:{name}"), card_uid);
    Item { label: label(&shown, title), uid, line: card.lines.first().map(begins), name, body }
}

/// The line of `BEGIN`, by the first line after it.
fn begins(first: &Line<'_>) -> u64 {
    (first.number as u64).saturating_sub(1)
}

/// A UID for a component that has none: the same for the same text, so that a second import finds the first.
fn made_uid(source: &str, group: &Group<'_, '_>) -> String {
    let text = group.parts.first().and_then(|(_, part)| source.get(part.span.clone())).unwrap_or_default();
    steady_uid(text)
}

/// A UID made of the text of what has none.
pub fn steady_uid(text: &str) -> String {
    format!("{}@import.invalid", digest(text))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A name that needs no escapes in a URL; of a UID that would, or that is long, its digest.
fn name_of(uid: &str, extension: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let name = format!("{uid}.{extension}");
    if uid.len() <= MAX_NAME
        && !uid.starts_with('.')
        && uid.chars().all(plain)
        && ObjectName::parse(&name).is_some()
    {
        name
    } else {
        format!("{}.{extension}", digest(uid))
    }
}

fn label(uid: &str, title: Option<String>) -> String {
    match title.filter(|title| !title.trim().is_empty()) {
        Some(title) => format!("{title} ({uid})"),
        None => uid.to_owned(),
    }
}

/// Text with an end of line at its end.
pub(super) fn push_whole(out: &mut String, text: &str) {
    out.push_str(text);
    if !text.ends_with(['\n', '\r']) {
        out.push_str("\r\n");
    }
}

/// The first physical line with its end, and the rest.
fn first_line(text: &str) -> Option<(&str, &str)> {
    let at = text.find('\n').map(|at| at + 1)?;
    text.split_at_checked(at)
}
