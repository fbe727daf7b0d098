//! Measures what recurrence costs: old and young series, decoding and building an index. Run with `--release`.

use cenacle::text::component::{Document, Limits};
use cenacle::text::ical::{CalendarIndex, RangeTarget};
use cenacle::text::recur::{Budget, Window};
use cenacle::text::zone::Zone;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let zone = Zone::iana("Europe/Paris").unwrap_or(Zone::Utc);
    let january = Window::new(1_767_225_600_000_000, 1_769_904_000_000_000);
    for (name, start, rule) in [
        ("single event", "20260115", ""),
        ("weekly since 1950", "19500102", "RRULE:FREQ=WEEKLY\r\n"),
        ("weekly since last week", "20251222", "RRULE:FREQ=WEEKLY\r\n"),
        ("daily since 1950", "19500102", "RRULE:FREQ=DAILY\r\n"),
        ("daily since last week", "20251222", "RRULE:FREQ=DAILY\r\n"),
        ("monthly -1FR since 1950", "19500102", "RRULE:FREQ=MONTHLY;BYDAY=-1FR\r\n"),
        ("yearly since 1950", "19500115", "RRULE:FREQ=YEARLY\r\n"),
        ("weekly, COUNT=5000 since 1950", "19500102", "RRULE:FREQ=WEEKLY;COUNT=5000\r\n"),
    ] {
        let body = object(start, rule);
        let Some(index) = built(&body) else { continue };
        let stored = index.encode();
        let expand =
            time(|| index.instances(january, &zone, &mut Budget::default()).map_or(0, |found| found.len()));
        let overlap =
            time(|| index.overlaps(RangeTarget::Event, january, &zone, &mut Budget::default()).is_ok());
        let decode = time(|| CalendarIndex::decode(&stored).is_some());
        let build = time(|| built(&body).is_some());
        let found = index.instances(january, &zone, &mut Budget::default()).map_or(0, |found| found.len());
        println!(
            "{name:32} instances {expand:7.2} µs ({found} found)  overlaps {overlap:6.2} µs  decode {decode:5.3} µs  \
             parse and build {build:6.2} µs  {} bytes",
            stored.len()
        );
    }
}

/// Microseconds of one call, the best of five rounds.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let before = Instant::now();
        for _ in 0..5_000 {
            black_box(call());
        }
        best = best.min(before.elapsed().as_secs_f64() * 1e6 / 5_000.0);
    }
    best
}

fn built(body: &str) -> Option<CalendarIndex> {
    let document = Document::parse(body, Limits::default()).ok()?;
    CalendarIndex::build(&document).ok()
}

fn object(start: &str, rule: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:3f1c2a70-6f0a-4a57-8f5e-0b7a3f1d9a10\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris:{start}T100000\r\nDTEND;TZID=Europe/Paris:{start}T110000\r\n\
         {rule}SUMMARY:Team meeting\r\nORGANIZER;CN=Ann:mailto:ann@example.org\r\n\
         ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
         TRIGGER:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
