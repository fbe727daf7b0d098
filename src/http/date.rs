//! Dates in headers. RFC 9110 §5.6.7.

use crate::text::recur::civil;
use crate::text::recur::moment::write_local;

/// An instant as HTTP headers write it (RFC 7231 §7.1.1.1); `None` outside of years 1 to 9999.
pub fn http_date(micros: i64) -> Option<String> {
    const DAYS: [&str; 7] = ["Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "];
    const MONTHS: [&str; 12] = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ",
        " Dec ",
    ];
    let seconds = micros.div_euclid(1_000_000);
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
