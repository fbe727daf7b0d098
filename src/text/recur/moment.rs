//! DATE and DATE-TIME values as clients write them (RFC 5545 §3.3.4, §3.3.5), and their canonical form.

use super::civil::{self, DAY};

/// What a date text says by itself, before any TZID or VALUE is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day number.
    Date(i64),
    /// Civil seconds without `Z`.
    Local(i64),
    /// Seconds UTC.
    Utc(i64),
}

impl Moment {
    /// Reads `20200131`, `20200131T101500`, `20200131T101500Z`; tolerates blanks, lower case, missing seconds and the
    /// extended forms `2020-01-31T10:15:00Z`. Years 1 to 9999; second 60 becomes 59, hour 24 the next midnight.
    pub fn parse(text: &str) -> Option<Moment> {
        let text = text.trim();
        let (date, time) = match text.find(['T', 't', ' ']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)),
            None => (text, None),
        };
        let (year, month, day) = match digits::<8>(date, b'-')? {
            (value, 8) => (value / 10_000, value / 100 % 100, value % 100),
            _ => return None,
        };
        if !(1..=12).contains(&month) || year == 0 || day == 0 || day > civil::month_length(year, month) {
            return None;
        }
        let number = civil::day_number(year, month, day);
        let Some(time) = time else { return Some(Moment::Date(number)) };
        let utc = time.ends_with(['Z', 'z']);
        let time = time.trim_end_matches(['Z', 'z']);
        // Fractions of a second are written by some and mean nothing here.
        let time = time.split(['.', ',']).next().unwrap_or(time);
        let clock = match digits::<6>(time, b':')? {
            (value, 6) => (value / 10_000, value / 100 % 100, value % 100),
            (value, 4) => (value / 100, value % 100, 0),
            (value, 2) => (value, 0, 0),
            _ => return None,
        };
        let (hour, minute, second) = clock;
        let midnight_after = hour == 24 && minute == 0 && second == 0;
        if (hour > 23 && !midnight_after) || minute > 59 || second > 60 {
            return None;
        }
        let seconds = number * DAY + hour * 3_600 + minute * 60 + second.min(59);
        Some(if utc { Moment::Utc(seconds) } else { Moment::Local(seconds) })
    }

    /// Civil seconds as written: midnight for a date, the UTC clock for a UTC time.
    pub fn literal(self) -> i64 {
        match self {
            Moment::Date(day) => day * DAY,
            Moment::Local(seconds) | Moment::Utc(seconds) => seconds,
        }
    }
}

/// The number written by at most `N` digits with `separator` between them allowed, and how many digits there were.
fn digits<const N: usize>(text: &str, separator: u8) -> Option<(i64, usize)> {
    let mut value = 0;
    let mut count = 0;
    for byte in text.bytes() {
        if byte == separator {
            continue;
        }
        if !byte.is_ascii_digit() || count == N {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
        count += 1;
    }
    Some((value, count))
}

/// Writes civil seconds as `YYYYMMDDTHHMMSS`, within years 1 to 9999.
pub fn write_local(seconds: i64) -> String {
    let seconds = seconds.clamp(civil::FIRST, civil::LAST);
    let time = seconds.rem_euclid(DAY);
    let mut text = String::with_capacity(16);
    push_date(&mut text, seconds.div_euclid(DAY));
    text.push('T');
    for part in [time / 3_600, time / 60 % 60, time % 60] {
        push_digits(&mut text, part, 2);
    }
    text
}

/// Writes a day number as `YYYYMMDD`.
pub fn write_date(day: i64) -> String {
    let mut text = String::with_capacity(8);
    push_date(&mut text, day);
    text
}

fn push_date(text: &mut String, day: i64) {
    let (year, month, day) = civil::date_of(day);
    push_digits(text, year, 4);
    push_digits(text, month, 2);
    push_digits(text, day, 2);
}

/// The last `count` digits of a number. Written out, for an answer about busy times has hundreds of these.
fn push_digits(text: &mut String, number: i64, count: u32) {
    for place in (0..count).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
    }
}
