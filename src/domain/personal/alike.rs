//! Whether two objects have the same shared part, as people understand it.
//!
//! A program that writes an object back, be it only to say that an alarm was seen, writes all of it in its own way: other folds, another
//! order, its own PRODID and definitions of zones, new stamps. Such bytes change nothing for anybody.

use super::is_own_line;
use super::overlay::keyed;
use crate::text::component::{Component, Document};
use crate::text::ical::CalendarIndex;
use crate::text::line::Line;
use crate::text::zone::Zone;

/// Properties that say when something was written, or by what.
const STAMPS: [&str; 6] = ["DTSTAMP", "LAST-MODIFIED", "X-MOZ-GENERATION", "PRODID", "VERSION", "CALSCALE"];

/// What is the same as nothing said.
const DEFAULTS: [&str; 3] = ["SEQUENCE:0", "PRIORITY:0", "TRANSP:OPAQUE"];

/// Whether two objects differ only in what is a reader's own, and in what no reader sees.
pub fn alike(
    (one, index): (&Document<'_>, &CalendarIndex),
    (other, other_index): (&Document<'_>, &CalendarIndex),
) -> bool {
    said(one, index) == said(other, other_index)
}

/// All that an object says, in an order of its own.
fn said(document: &Document<'_>, index: &CalendarIndex) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for root in &document.roots {
        all.push((String::new(), root.lines.iter().filter_map(line).collect()));
        let zones = root.children_named("VTIMEZONE").filter(|zone| {
            // What a known name means does not depend on how a program spells it out.
            zone.value("TZID").is_none_or(|tzid| Zone::iana(tzid.trim()).is_none())
        });
        all.extend(zones.map(|zone| ("VTIMEZONE".to_owned(), lines(zone))));
    }
    let parts = keyed(document, index);
    all.extend(
        parts.into_iter().map(|(key, part)| (format!("{} {key}", part.name.to_uppercase()), lines(part))),
    );
    for (_, lines) in &mut all {
        lines.sort_unstable();
    }
    all.sort_unstable();
    all
}

/// The lines of a component and of those in it, each with the names of those around it.
fn lines(of: &Component<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), of)];
    while let Some((path, component)) = open.pop() {
        // Alarms are somebody's own; whatever they hold.
        let inside = component.children.iter().filter(|child| !child.is("VALARM"));
        let below = |child| {
            let child: &Component<'_> = child;
            format!("{path}{}/", child.name.to_uppercase())
        };
        open.extend(inside.map(|child| (below(child), child)));
        let own = component.lines.iter().filter_map(line);
        found.extend(own.map(|line| format!("{path}{line}")));
        found.push(path);
    }
    found
}

/// A line in the one spelling; `None` where it does not count.
fn line(line: &Line<'_>) -> Option<String> {
    let name = line.name().to_ascii_uppercase();
    if is_own_line(&name) || STAMPS.contains(&name.as_str()) {
        return None;
    }
    // Which instance it is: the component is known by it.
    if name == "RECURRENCE-ID" {
        return line.param("RANGE").map(|range| format!("RANGE {}", range.to_ascii_uppercase()));
    }
    let mut params: Vec<String> = line
        .params()
        .map(|param| {
            let mut values: Vec<String> = param.values().map(|value| value.into_owned()).collect();
            values.sort_unstable();
            format!("{}={}", param.name.to_ascii_uppercase(), values.join(","))
        })
        .filter(|param| param != "VALUE=DATE-TIME")
        .collect();
    params.sort_unstable();
    let value = line.value().trim_end();
    let value = match name.as_str() {
        "RRULE" | "EXRULE" => {
            let upper = value.to_ascii_uppercase();
            let mut parts: Vec<&str> = upper.split(';').filter(|part| *part != "INTERVAL=1").collect();
            parts.sort_unstable();
            parts.join(";")
        }
        _ => value.replace("\\N", "\\n"),
    };
    let head: String = std::iter::once(name).chain(params).collect::<Vec<_>>().join(";");
    Some(format!("{head}:{value}")).filter(|all| !DEFAULTS.contains(&all.as_str()))
}
