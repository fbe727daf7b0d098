//! Busy times as events, for programs that do not read VFREEBUSY: each says that time is taken, and nothing else.
//!
//! RFC 5545 §3.6.1.

use super::{BusyKind, Period, utc};
use crate::text::line::write_folded;
use sha2::{Digest, Sha256};

/// Writes a VCALENDAR with an event for each period. `about` are whole unfolded lines of the calendar, `seed` tells the events of one
/// calendar from those of others; `dtstamp` is in microseconds UTC.
pub fn busy_events(periods: &[Period], dtstamp: i64, about: &[&str], seed: &str) -> String {
    let mut out = String::with_capacity(256 + periods.len() * 200);
    out.push_str("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//Cenacle//EN\r\n");
    about.iter().for_each(|line| write_folded(&mut out, line));
    let stamp = utc(dtstamp);
    for period in periods {
        let (status, word) = match period.kind {
            BusyKind::Tentative => ("TENTATIVE", "Tentative"),
            BusyKind::Unavailable => ("CONFIRMED", "Unavailable"),
            BusyKind::Busy | BusyKind::Free => ("CONFIRMED", "Busy"),
        };
        // None is so long that it would have to be folded.
        for line in [
            "BEGIN:VEVENT",
            &format!("UID:{}", uid(seed, period)),
            &format!("DTSTAMP:{stamp}"),
            &format!("DTSTART:{}", utc(period.start)),
            &format!("DTEND:{}", utc(period.end)),
            &format!("SUMMARY:{word}"),
            &format!("STATUS:{status}"),
            "TRANSP:OPAQUE",
            "END:VEVENT",
        ] {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

/// The same for what begins at the same time and is of the same kind.
fn uid(seed: &str, period: &Period) -> String {
    let digest = Sha256::digest(format!("{seed}/{}/{:?}", period.start, period.kind).as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::component::{Document, Limits};

    #[test]
    fn each_period_is_an_event_that_says_nothing_more() {
        let periods = [
            Period { start: 0, end: 3_600_000_000, kind: BusyKind::Busy },
            Period { start: 0, end: 60_000_000, kind: BusyKind::Tentative },
        ];
        let text = busy_events(&periods, 0, &["METHOD:PUBLISH"], "7");
        let document = Document::parse(&text, Limits::default()).expect("a calendar");
        let calendar = document.roots.first().expect("one");
        assert_eq!(calendar.value("METHOD"), Some("PUBLISH"));
        let events: Vec<_> = calendar.children_named("VEVENT").collect();
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].value("DTEND"), Some("19700101T010000Z"));
        assert_eq!(events[1].value("STATUS"), Some("TENTATIVE"));
        assert_ne!(events[0].value("UID"), events[1].value("UID"));
        assert_eq!(text, busy_events(&periods, 0, &["METHOD:PUBLISH"], "7"), "the same each time");
        assert_ne!(text, busy_events(&periods, 0, &["METHOD:PUBLISH"], "8"));
    }
}
