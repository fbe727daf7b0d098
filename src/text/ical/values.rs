//! Values of iCalendar properties: durations, offsets, periods, calendar addresses (RFC 5545 §3.3), in the forms that
//! real clients send, broken ones included.

use super::super::recur::moment::Moment;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A DURATION: days by the calendar, the rest by the clock (RFC 5545 §3.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Duration {
    /// Nominal days; a week is seven.
    pub days: i32,
    /// Exact seconds, of the same sign as `days`.
    pub seconds: i64,
}

impl Duration {
    /// Seconds if every day had 24 hours.
    pub fn rough_seconds(self) -> i64 {
        i64::from(self.days) * 86_400 + self.seconds
    }
}

/// Reads a DURATION. Tolerates `P1DT`, `PT2D`, `P2H`, weeks beside other units, blanks and lower case.
/// Before `T`, `M` is read as minutes too, for iCalendar has no months. At most about 27,000 years.
pub fn duration(text: &str) -> Option<Duration> {
    const MOST: i64 = 9_999_999;
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix(['P', 'p'])?;
    let (mut days, mut seconds) = (0_i64, 0_i64);
    let mut number: Option<i64> = None;
    for c in text.chars() {
        match c.to_ascii_uppercase() {
            digit @ '0'..='9' => {
                let next = number.unwrap_or(0) * 10 + i64::from(digit as u8 - b'0');
                number = Some(next).filter(|&n| n <= MOST * 100);
                number?;
            }
            'T' if number.is_none() => {}
            unit => {
                let n = number.take()?;
                match unit {
                    'W' => days += n.min(MOST) * 7,
                    'D' => days += n.min(MOST),
                    'H' => seconds += n * 3_600,
                    'M' => seconds += n * 60,
                    'S' => seconds += n,
                    _ => return None,
                }
            }
        }
    }
    if number.is_some() {
        return None;
    }
    let sign = if negative { -1 } else { 1 };
    Some(Duration {
        days: i32::try_from(sign * days.min(MOST)).ok()?,
        seconds: sign * seconds.min(MOST * 86_400),
    })
}

/// Writes a DURATION in canonical form.
pub fn write_duration(duration: Duration) -> String {
    let negative = duration.rough_seconds() < 0;
    let (days, seconds) = (duration.days.unsigned_abs(), duration.seconds.unsigned_abs());
    let mut out = String::from(if negative { "-P" } else { "P" });
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    if seconds > 0 || days == 0 {
        out.push('T');
        for (n, unit) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
            if n > 0 || (unit == 'S' && seconds == 0) {
                out.push_str(&format!("{n}{unit}"));
            }
        }
    }
    out
}

/// Reads a UTC-OFFSET in seconds, east positive: `+0100`, `-005230`, and the broken `+5730` (meaning `+005730`),
/// `+01:00`, `+1`, `+100`, `0100`.
pub fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits: String = text.chars().filter(|&c| c != ':').collect();
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i32 = digits.parse().ok()?;
    let (hours, minutes, seconds) = match digits.len() {
        1 | 2 => (value, 0, 0),
        3 | 4 if value / 100 > 23 => (0, value / 100, value % 100),
        3 | 4 => (value / 100, value % 100, 0),
        _ => (value / 10_000, value / 100 % 100, value % 100),
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(sign * (hours * 3_600 + minutes * 60 + seconds))
}

/// Writes a UTC-OFFSET, with seconds only where there are some.
pub fn write_offset(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    let mut out = format!("{sign}{:02}{:02}", size / 3_600, size / 60 % 60);
    if !size.is_multiple_of(60) {
        out.push_str(&format!("{:02}", size % 60));
    }
    out
}

/// How a PERIOD ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodEnd {
    /// At a moment.
    At(Moment),
    /// After a duration.
    After(Duration),
}

/// Reads a PERIOD: `start/end` or `start/duration`.
pub fn period(text: &str) -> Option<(Moment, PeriodEnd)> {
    let (start, end) = text.split_once('/')?;
    let start = Moment::parse(start)?;
    let end = match Moment::parse(end) {
        Some(moment) => PeriodEnd::At(moment),
        None => PeriodEnd::After(duration(end)?),
    };
    Some((start, end))
}

/// A CAL-ADDRESS in the form that addresses are compared in: lower case, without `mailto:` (any case), percent
/// escapes undone, the address alone where a display name stands in the URI (`mailto:Ann <ann@x>`). Other URIs
/// (`urn:uuid:`, paths of principals) are kept whole, in lower case.
pub fn calendar_address(value: &str) -> String {
    let value = value.trim();
    let head = value.get(..7).unwrap_or_default();
    let rest = if head.eq_ignore_ascii_case("mailto:") { value.get(7..).unwrap_or_default() } else { value };
    if head.is_empty() || rest.len() == value.len() && !rest.contains('@') {
        return value.to_lowercase();
    }
    let address = rest.split('?').next().unwrap_or(rest);
    let decoded = percent_decoded(address);
    let inner = match (decoded.rfind('<'), decoded.rfind('>')) {
        (Some(open), Some(close)) if open < close => decoded.get(open + 1..close).unwrap_or_default(),
        _ => &decoded,
    };
    inner.trim().to_lowercase()
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    // What is not UTF-8 after decoding was no escape of ours.
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_clients_write_them() {
        let read = |text| duration(text).map(|d| (d.days, d.seconds));
        assert_eq!(read("P1D"), Some((1, 0)));
        assert_eq!(read("-PT15M"), Some((0, -900)));
        assert_eq!(read("P1DT2H3M4S"), Some((1, 7_384)));
        assert_eq!(read("P2W"), Some((14, 0)));
        assert_eq!(read("P1DT"), Some((1, 0)));
        assert_eq!(read("PT2D"), Some((2, 0)));
        assert_eq!(read("P2H"), Some((0, 7_200)));
        assert_eq!(read("P1W2D"), Some((9, 0)));
        assert_eq!(read("+pt0s"), Some((0, 0)));
        assert_eq!(read("PT"), Some((0, 0)));
        for bad in ["", "1D", "P1", "PX", "PT5", "P-1D", "PT99999999999999999999S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        for text in ["P1D", "-PT15M", "P1DT2H3M4S", "PT0S", "P14D", "-P1DT1H"] {
            assert_eq!(duration(text).map(write_duration).as_deref(), Some(text));
        }
    }

    #[test]
    fn offsets_as_servers_write_them() {
        for (text, seconds) in [
            ("+0100", 3_600),
            ("-0330", -12_600),
            ("+005730", 3_450),
            ("+5730", 3_450),
            ("-005248", -3_168),
            ("+01:00", 3_600),
            ("+1", 3_600),
            ("+100", 3_600),
            ("0200", 7_200),
            ("+0000", 0),
            ("-0000", 0),
        ] {
            assert_eq!(offset(text), Some(seconds), "{text}");
        }
        for bad in ["", "+", "+01000000", "abc", "+0199", "+245959"] {
            assert_eq!(offset(bad), None, "{bad}");
        }
        assert_eq!(write_offset(-3_168), "-005248");
        assert_eq!(write_offset(19_800), "+0530");
    }

    #[test]
    fn moments_as_clients_write_them() {
        let noon = Moment::parse("20200131T120000").map(Moment::literal);
        assert_eq!(Moment::parse("20200131"), Some(Moment::Date(18_292)));
        for text in [" 20200131T120000 ", "2020-01-31T12:00:00", "20200131T1200", "20200131t120000.5"] {
            assert_eq!(Moment::parse(text).map(Moment::literal), noon, "{text}");
        }
        assert!(matches!(Moment::parse("20200131T120000z"), Some(Moment::Utc(_))));
        assert_eq!(Moment::parse("16010101T000000").map(Moment::literal), Some(-11_644_473_600));
        assert_eq!(Moment::parse("20200131T240000"), Moment::parse("20200201T000000"));
        for bad in ["", "20200230", "20201301", "00000101", "2020", "20200131T250000", "20200131T", "today"] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_compare() {
        for text in [
            "mailto:ann@example.org",
            "MAILTO:Ann@Example.ORG",
            "ann@example.org",
            "mailto:ann%40example.org",
            "mailto:Ann%20Lee%20%3Cann@example.org%3E",
            "mailto:Ann Lee <ann@example.org>",
            "mailto:ann@example.org?subject=x",
        ] {
            assert_eq!(calendar_address(text), "ann@example.org", "{text}");
        }
        assert_eq!(calendar_address("urn:uuid:ABC"), "urn:uuid:abc");
        assert_eq!(calendar_address("/principals/Users/ann/"), "/principals/users/ann/");
        assert_eq!(calendar_address("mailto:100%é@x"), "100%é@x");
        assert_eq!(calendar_address(""), "");
    }

    #[test]
    fn periods_have_an_end_or_a_length() {
        assert!(matches!(period("20200101T100000Z/PT1H"), Some((Moment::Utc(_), PeriodEnd::After(_)))));
        assert!(matches!(
            period("20200101T100000Z/20200101T110000Z"),
            Some((_, PeriodEnd::At(Moment::Utc(_))))
        ));
        assert!(period("20200101T100000Z").is_none());
    }
}
