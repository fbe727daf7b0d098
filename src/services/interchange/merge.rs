//! Many items into one file, item by item: nothing but the names of the time zones seen is held.

use super::Holds;
use super::split::{push_whole, tzids};
use crate::text::component::{Component, Document, Edit, Limits, apply};
use crate::text::line;
use std::collections::HashMap;

/// Writes a file of items, one after the other.
#[derive(Debug)]
pub struct Merge {
    holds: Holds,
    /// Lines of the calendar about the file itself.
    about: &'static [&'static str],
    /// For each TZID the definitions already written: the text, and the TZID that the file knows it by.
    zones: HashMap<String, Vec<(String, String)>>,
}

impl Merge {
    /// A file that holds this.
    pub fn new(holds: Holds) -> Self {
        Merge { holds, about: &[], zones: HashMap::new() }
    }

    /// The same, with these lines about the file itself where it is a calendar.
    #[must_use]
    pub fn saying(self, about: &'static [&'static str]) -> Self {
        Merge { about, ..self }
    }

    /// What stands before the first item; `name` is the collection's display name.
    pub fn head(&self, name: &str) -> String {
        match self.holds {
            Holds::Cards => String::new(),
            Holds::Calendar => {
                let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
                line::write_folded(
                    &mut out,
                    concat!("PRODID:-//Cenacle//", env!("CARGO_PKG_VERSION"), "//FR"),
                );
                for said in self.about {
                    line::write_folded(&mut out, said);
                }
                if !name.is_empty() {
                    let name = line::escape_text(name).into_owned();
                    line::write_folded(&mut out, &format!("NAME:{name}"));
                    line::write_folded(&mut out, &format!("X-WR-CALNAME:{name}"));
                }
                out
            }
        }
    }

    /// An item's part of the file. `None` for content that cannot be read: it is stored, but has no place in such a file.
    pub fn item(&mut self, body: &str) -> Option<String> {
        let document = Document::parse(body, Limits::default()).ok()?;
        let mut out = String::with_capacity(body.len());
        for root in &document.roots {
            match self.holds {
                Holds::Cards => push_whole(&mut out, body.get(root.span.clone())?),
                Holds::Calendar => self.calendar(body, root, &mut out)?,
            }
        }
        Some(out)
    }

    /// What stands after the last item.
    pub fn tail(&self) -> &'static str {
        match self.holds {
            Holds::Cards => "",
            Holds::Calendar => "END:VCALENDAR\r\n",
        }
    }

    fn calendar(&mut self, body: &str, calendar: &Component<'_>, out: &mut String) -> Option<()> {
        let mut renamed: HashMap<String, String> = HashMap::new();
        for zone in calendar.children_named("VTIMEZONE") {
            let Some(tzid) = zone.value("TZID").map(|id| id.trim().to_owned()) else { continue };
            let text = body.get(zone.span.clone())?;
            let known = self.zones.entry(tzid.clone()).or_default();
            if let Some((_, name)) = known.iter().find(|(written, _)| same_text(written, text)) {
                if *name != tzid {
                    renamed.insert(tzid, name.clone());
                }
                continue;
            }
            // A zone that the IANA data know goes by its name: any one definition serves.
            if !known.is_empty() && crate::text::zone::Zone::iana(&tzid).is_some() {
                continue;
            }
            let name = if known.is_empty() { tzid.clone() } else { format!("{tzid} ({})", known.len() + 1) };
            known.push((text.to_owned(), name.clone()));
            push_whole(
                out,
                &if name == tzid { text.to_owned() } else { rename_definition(body, zone, &name)? },
            );
            if name != tzid {
                renamed.insert(tzid, name);
            }
        }
        for part in calendar.children.iter().filter(|child| !child.is("VTIMEZONE")) {
            let text = body.get(part.span.clone())?;
            if tzids(part).iter().any(|id| renamed.contains_key(id)) {
                push_whole(out, &rename_uses(body, part, &renamed)?);
            } else {
                push_whole(out, text);
            }
        }
        Some(())
    }
}

/// The same definition, whatever the ends of lines.
fn same_text(one: &str, other: &str) -> bool {
    one.lines().map(str::trim_end).eq(other.lines().map(str::trim_end))
}

/// A VTIMEZONE under another TZID.
fn rename_definition(body: &str, zone: &Component<'_>, name: &str) -> Option<String> {
    let line = zone.line("TZID")?;
    let mut with = String::new();
    line::write_folded(&mut with, &format!("TZID:{name}"));
    within(body, zone, vec![Edit { span: line.span.clone(), with }])
}

/// A component whose properties name zones by their names in the file.
fn rename_uses(body: &str, part: &Component<'_>, renamed: &HashMap<String, String>) -> Option<String> {
    let mut edits = Vec::new();
    let mut waiting = vec![part];
    while let Some(component) = waiting.pop() {
        for found in &component.lines {
            let Some(name) = found.param("TZID").and_then(|id| renamed.get(id.trim())) else { continue };
            let mut text = found.group().map_or_else(String::new, |group| format!("{group}."));
            text.push_str(found.name());
            for param in found.params() {
                if param.name.eq_ignore_ascii_case("TZID") {
                    text.push_str(&format!(";TZID={}", line::encode_param(name)));
                } else if param.name.is_empty() {
                    text.push_str(&format!(";{}", param.raw));
                } else {
                    text.push_str(&format!(";{}={}", param.name, param.raw));
                }
            }
            text.push(':');
            text.push_str(found.value());
            let mut with = String::new();
            line::write_folded(&mut with, &text);
            edits.push(Edit { span: found.span.clone(), with });
        }
        waiting.extend(component.children.iter());
    }
    within(body, part, edits)
}

/// Applies edits to a component and gives its text alone.
fn within(body: &str, part: &Component<'_>, edits: Vec<Edit>) -> Option<String> {
    let source = body.get(part.span.clone())?;
    let at = part.span.start;
    let shifted = edits
        .into_iter()
        .map(|edit| Edit { span: edit.span.start - at..edit.span.end - at, with: edit.with })
        .collect();
    Some(apply(source, shifted))
}
