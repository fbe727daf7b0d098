//! Objects as clients send them: what they become, when they take place, and which are refused.

use super::index::*;
use super::*;
use crate::text::component::{Document, Limits};
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::Zone;

mod objects;
mod ranges;
mod series;

fn body(components: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\n{components}END:VCALENDAR\n")
}

fn event(lines: &str) -> String {
    body(&format!("BEGIN:VEVENT\nUID:1\n{lines}END:VEVENT\n"))
}

fn build(source: &str) -> Result<CalendarIndex, Invalid> {
    let document = Document::parse(source, Limits::default()).expect("readable");
    let built = CalendarIndex::build(&document)?;
    let stored = CalendarIndex::decode(&built.encode());
    assert_eq!(stored.as_ref(), Some(&built), "the stored form is the same");
    Ok(built)
}

fn index(source: &str) -> CalendarIndex {
    build(source).expect("valid")
}

fn paris() -> Zone {
    Zone::iana("Europe/Paris").expect("known")
}

/// Microseconds UTC of `2024-01-01T10:00:00Z`, or of `2024-01-01` at midnight.
fn at(text: &str) -> i64 {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond()
}

fn window(start: &str, end: &str) -> Window {
    Window::new(at(start), at(end))
}

fn show(utc: i64) -> String {
    let text = jiff::Timestamp::from_microsecond(utc).expect("in range").to_string();
    text.replace(":00Z", "Z")
}

/// Starts in Paris' calendar, as `2024-01-01T10:00Z`, with `>` and the end where `ends` says so.
fn starts(source: &str, from: &str, to: &str) -> String {
    listed(source, from, to, false)
}

fn listed(source: &str, from: &str, to: &str, ends: bool) -> String {
    let index = index(source);
    let window = window(from, to);
    let found = index.instances(window, &paris(), &mut Budget::default()).expect("enough");
    let span = index.span();
    if !found.is_empty() {
        assert!(span.first < window.end && span.last > window.start, "{span:?} misses {found:?}");
    }
    assert!(found.is_sorted_by_key(|instance| instance.start));
    let texts: Vec<_> = found
        .iter()
        .map(|instance| {
            let start = show(instance.start);
            if ends { format!("{start}>{}", show(instance.end)) } else { start }
        })
        .collect();
    texts.join(" ")
}
