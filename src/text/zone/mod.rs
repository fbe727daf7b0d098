//! Time zones: from the TZID of a file to something that turns civil time into instants and back.
//!
//! IANA zones come from `jiff`, with our data rather than the file's; a VTIMEZONE that names no known zone is evaluated
//! by its own rules (RFC 5545 §3.6.5). Knows no user and no collection: where nothing matches, the caller falls back.

mod custom;
mod expand;
mod windows;
mod write;

#[cfg(test)]
mod tests;

pub use custom::{Custom, Observance};
pub use expand::{Onset, onsets, release};
pub use write::{kept_vtimezone, names, vtimezone, vtimezone_between};

use super::component::Component;
use super::ical::values;
use super::recur::civil;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Microseconds of a second.
pub const MICROS: i64 = 1_000_000;

/// A time zone; cheap to clone.
#[derive(Debug, Clone)]
pub enum Zone {
    /// UTC itself.
    Utc,
    /// A fixed offset from UTC in seconds, east positive.
    Fixed(i32),
    /// A zone of the IANA database; [`Zone::name`] gives its name.
    Iana(TimeZone),
    /// A VTIMEZONE that only its file knows.
    Custom(Arc<Custom>),
}

impl Zone {
    /// The IANA zone of this name, in any case (aliases too).
    pub fn iana(name: &str) -> Option<Zone> {
        if name.is_empty() || name.len() > 64 {
            return None;
        }
        if name.eq_ignore_ascii_case("UTC")
            || name.eq_ignore_ascii_case("Etc/UTC")
            || name.eq_ignore_ascii_case("Z")
        {
            return Some(Zone::Utc);
        }
        TimeZone::get(name).ok().filter(|zone| !zone.is_unknown()).map(Zone::Iana)
    }

    /// The name to write as TZID: IANA, `UTC`, or that of the custom VTIMEZONE; `None` for a bare offset.
    pub fn name(&self) -> Option<&str> {
        match self {
            Zone::Utc => Some("UTC"),
            Zone::Fixed(_) => None,
            Zone::Iana(zone) => zone.iana_name(),
            Zone::Custom(custom) => Some(&custom.tzid),
        }
    }

    /// Microseconds UTC of a civil time. In a gap the offset before it applies, in an overlap the first of the two
    /// (RFC 5545 §3.3.5).
    pub fn to_utc(&self, civil: DateTime) -> i64 {
        self.utc_seconds(civil::from_datetime(civil)).saturating_mul(MICROS)
    }

    /// Civil time at an instant in microseconds UTC; what lies outside years 1 to 9999 becomes the nearest end.
    pub fn to_civil(&self, utc: i64) -> DateTime {
        civil::to_datetime(self.civil_seconds(utc.div_euclid(MICROS)))
    }

    /// Steps that one conversion costs beyond the usual.
    pub(crate) fn cost(&self) -> u64 {
        match self {
            Zone::Custom(custom) => u64::from(custom.cost),
            _ => 0,
        }
    }

    /// As [`Zone::to_utc`], in seconds.
    pub(crate) fn utc_seconds(&self, civil: i64) -> i64 {
        match self {
            Zone::Utc => civil,
            Zone::Fixed(offset) => civil - i64::from(*offset),
            Zone::Iana(zone) => match zone.to_ambiguous_timestamp(civil::to_datetime(civil)).compatible() {
                Ok(instant) => instant.as_second(),
                // Only the last hours of the year 9999 and the like have no instant.
                Err(_) => civil - i64::from(self.offset(civil)),
            },
            Zone::Custom(custom) => custom.utc_seconds(civil),
        }
    }

    /// As [`Zone::to_civil`], in seconds.
    pub(crate) fn civil_seconds(&self, utc: i64) -> i64 {
        utc.saturating_add(i64::from(self.offset(utc)))
    }

    /// Seconds east of UTC at an instant in seconds.
    pub(crate) fn offset(&self, utc: i64) -> i32 {
        match self {
            Zone::Utc => 0,
            Zone::Fixed(offset) => *offset,
            Zone::Iana(zone) => {
                let end = if utc < 0 { Timestamp::MIN } else { Timestamp::MAX };
                zone.to_offset(Timestamp::from_second(utc).unwrap_or(end)).seconds()
            }
            Zone::Custom(custom) => custom.offset(utc),
        }
    }

    /// Civil seconds `(low, high)` such that all civil times below `low` come before the instant `utc` (seconds) and
    /// all from `high` on do not. They differ where the clock has just been moved.
    pub(crate) fn civil_bounds(&self, utc: i64) -> (i64, i64) {
        match self {
            Zone::Utc => (utc, utc),
            Zone::Fixed(offset) => {
                let civil = utc.saturating_add(i64::from(*offset));
                (civil, civil)
            }
            _ => {
                // Apia and Kwajalein moved by a whole day; nobody moved by more.
                const LONGEST_MOVE: i64 = 26 * 3_600;
                let now = i64::from(self.offset(utc));
                let before = i64::from(self.offset(utc.saturating_sub(LONGEST_MOVE)));
                (utc.saturating_add(now.min(before)), utc.saturating_add(now.max(before)))
            }
        }
    }
}

/// Finds the zone that a TZID means. `vtimezones` are the VTIMEZONE components of the same file.
///
/// In this order: the IANA name; the name behind a known kind of prefix (`/softwarestudio.org/Olson_20011030_5/…`);
/// a Windows, Lotus or Outlook name; the file's VTIMEZONE by its rules; its X-LIC-LOCATION; an offset written as a name
/// (`UTC+1`). `None` means that the collection's zone has to serve. Blanks and quotes round the name are tolerated.
pub fn resolve(tzid: &str, vtimezones: &[&Component<'_>]) -> Option<Zone> {
    let name = clean(tzid);
    by_name(name).or_else(|| by_definition(name, vtimezones)).or_else(|| by_number(name))
}

fn clean(tzid: &str) -> &str {
    tzid.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\u{a0}')
}

/// What the name alone says.
fn by_name(name: &str) -> Option<Zone> {
    Zone::iana(name)
        .or_else(|| name.contains(' ').then(|| Zone::iana(&name.replace(' ', "_"))).flatten())
        .or_else(|| behind_prefix(name))
        .or_else(|| windows::iana_of(name).and_then(Zone::iana))
}

/// Longest tail after a slash that is an IANA name: `/citadel.org/20190914_1/America/Argentina/Ushuaia`.
fn behind_prefix(name: &str) -> Option<Zone> {
    let rooted = name.starts_with('/');
    let tails = name.match_indices('/').filter_map(|(at, _)| name.get(at + 1..));
    tails.take(8).filter(|tail| rooted || tail.contains('/')).find_map(Zone::iana)
}

/// The file's own VTIMEZONE, by its rules or by the place that it names.
fn by_definition(name: &str, vtimezones: &[&Component<'_>]) -> Option<Zone> {
    let definition = vtimezones.iter().find(|zone| zone.value("TZID").is_some_and(|id| clean(id) == name))?;
    if let Some(custom) = Custom::parse(name, definition) {
        return Some(Zone::Custom(Arc::new(custom)));
    }
    definition.value("X-LIC-LOCATION").and_then(|place| by_name(clean(place)))
}

/// `GMT Standard Time 1` (the second zone of that name in a file), `UTC+01:00`, `GMT-0530`.
fn by_number(name: &str) -> Option<Zone> {
    if let Some((head, tail)) = name.rsplit_once(' ')
        && !tail.is_empty()
        && tail.bytes().all(|byte| byte.is_ascii_digit())
    {
        return by_name(head);
    }
    let upper = name.to_ascii_uppercase();
    let offset = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT"))?;
    let signed = offset.starts_with(['+', '-']);
    signed.then(|| values::offset(offset)).flatten().map(Zone::Fixed)
}
