//! Dates in headers. RFC 9110 §5.6.7.

use crate::text::recur::civil;
use crate::text::recur::moment::write_local;
use actix_web::http::header::HttpDate;
use std::time::{SystemTime, UNIX_EPOCH};

const SECOND: i64 = 1_000_000;

/// `Last-Modified` of what was changed at `micros`, told at `now`: in the second of the change it is the one before, so that nobody
/// who knows this date takes what a second change in it leaves behind for what he has (RFC 9110 §8.8.2). Listings tell the date itself:
/// there a value that changes by itself would look like a change.
pub fn last_modified(micros: i64, now: i64) -> Option<String> {
    let running = now.div_euclid(SECOND) <= micros.div_euclid(SECOND);
    http_date(if running { micros.checked_sub(SECOND)? } else { micros })
}

/// The date of a header in seconds since 1970, in any of the three forms of old; `None` where it is none (RFC 9110 §5.6.7).
pub fn read_http_date(text: &str) -> Option<i64> {
    let read: HttpDate = text.trim().parse().ok()?;
    match SystemTime::from(read).duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|seconds| -seconds),
    }
}

/// An instant as HTTP headers write it (RFC 7231 §7.1.1.1); `None` outside of years 1 to 9999.
pub fn http_date(micros: i64) -> Option<String> {
    const DAYS: [&str; 7] = ["Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "];
    const MONTHS: [&str; 12] = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ",
        " Dec ",
    ];
    let seconds = micros.div_euclid(SECOND);
    if !(civil::FIRST..=civil::LAST).contains(&seconds) {
        return None;
    }
    let day = seconds.div_euclid(civil::DAY);
    let month = usize::try_from(civil::date_of(day).1).ok()?;
    // As `YYYYMMDDTHHMMSS`, whose parts stand in fixed places.
    let local = write_local(seconds);
    let part = |from: usize, to: usize| local.get(from..to).unwrap_or_default();
    let mut text = String::with_capacity(29);
    for piece in [
        DAYS.get(usize::try_from(civil::weekday(day)).ok()?)?,
        part(6, 8),
        MONTHS.get(month.checked_sub(1)?)?,
        part(0, 4),
        " ",
        part(9, 11),
        ":",
        part(11, 13),
        ":",
        part(13, 15),
        " GMT",
    ] {
        text.push_str(piece);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn dates_are_read_in_their_three_forms() {
        let forms =
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
        for form in forms {
            assert_eq!(read_http_date(form), Some(784_111_777), "{form}");
        }
        for bad in ["", "*", "784111777", "Sun, 06 Nov 1994", "yesterday"] {
            assert_eq!(read_http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_change_in_the_running_second_is_told_as_of_the_one_before() {
        let told = |micros, now| last_modified(micros, now).and_then(|date| read_http_date(&date));
        assert_eq!(told(9_999_999, 10_000_000), Some(9));
        assert_eq!(told(10_000_000, 10_999_999), Some(9));
        assert_eq!(told(10_000_000, 11_000_000), Some(10));
        // Clocks of nodes differ: one that is behind must not promise more.
        assert_eq!(told(12_000_000, 10_000_000), Some(11));
    }

    #[test]
    fn dates_are_http_dates() {
        assert_eq!(http_date(0).as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        for days in (-700_000..2_900_000).step_by(997) {
            let micros = days * 86_461_000_003;
            let expected = Timestamp::from_microsecond(micros)
                .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
            assert_eq!(http_date(micros), expected.ok().filter(|text| !text.contains('-')), "{micros}");
        }
    }
}
