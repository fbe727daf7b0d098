//! Civil (wall clock) time as plain integers: days and seconds since 1970-01-01 in no zone.
//!
//! The recurrence engine counts in these, for they need no checks on each step; `jiff` types stand at its edges.
//! The calendar is the proleptic Gregorian one, as RFC 5545 has it. Knows no zone.

use jiff::civil::{Date, DateTime};

/// Seconds of a civil day.
pub const DAY: i64 = 86_400;
/// 0001-01-01T00:00:00, the first civil second that iCalendar can write and we keep.
pub const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59, the last one.
pub const LAST: i64 = 253_402_300_799;

/// Days since 1970-01-01 of a date; `month` 1 to 12. Days beyond the month count on.
pub const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Years counted from March, so that the leap day stands last (400 years are 146,097 days).
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month (1 to 12) and day (1 to 31) of a day number.
pub const fn date_of(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Day of the week of a day number: 0 is Monday, 6 is Sunday.
pub const fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Whether `year` has a 29 February.
pub const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days in a year.
pub const fn year_length(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days in a month; `month` 1 to 12.
pub const fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + is_leap(year) as i64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Civil seconds of a `jiff` date and time; fractions of a second are dropped.
pub fn from_datetime(at: DateTime) -> i64 {
    let day = day_number(i64::from(at.year()), i64::from(at.month()), i64::from(at.day()));
    day * DAY + i64::from(at.hour()) * 3_600 + i64::from(at.minute()) * 60 + i64::from(at.second())
}

/// The `jiff` date and time of civil seconds; what lies outside years 1 to 9999 becomes the nearest end.
pub fn to_datetime(seconds: i64) -> DateTime {
    let seconds = seconds.clamp(FIRST, LAST);
    let (year, month, day) = date_of(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let small = |n: i64| i8::try_from(n).unwrap_or(1);
    DateTime::new(
        i16::try_from(year).unwrap_or(1),
        small(month),
        small(day),
        small(time / 3_600),
        small(time / 60 % 60),
        small(time % 60),
        0,
    )
    .unwrap_or_default()
}

/// The `jiff` date of a day number, within years 1 to 9999.
pub fn to_date(day: i64) -> Date {
    to_datetime(day.saturating_mul(DAY)).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_jiff_over_400_years_and_at_both_ends() {
        let mut date = Date::constant(1896, 1, 1);
        for _ in 0..146_097 {
            let number = day_number(i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            assert_eq!(to_date(number), date);
            assert_eq!(weekday(number), i64::from(date.weekday().to_monday_zero_offset()));
            let (year, month, _) = date_of(number);
            assert_eq!(month_length(year, month), i64::from(date.days_in_month()));
            date = date.tomorrow().expect("in range");
        }
        for text in
            ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "1970-01-01T00:00:00", "1969-12-31T23:59:59"]
        {
            let at: DateTime = text.parse().expect("a date");
            assert_eq!(to_datetime(from_datetime(at)), at);
        }
        assert_eq!(from_datetime(DateTime::constant(1, 1, 1, 0, 0, 0, 0)), FIRST);
        assert_eq!(from_datetime(DateTime::constant(9999, 12, 31, 23, 59, 59, 0)), LAST);
        assert_eq!(to_datetime(i64::MAX).year(), 9999);
        assert_eq!(to_datetime(i64::MIN).year(), 1);
    }
}
