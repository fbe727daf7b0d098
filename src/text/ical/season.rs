//! In which parts of a year an object can lie, whatever the year: what keeps birthdays out of a query about another month.
//!
//! 61 slots of six days, as bits; days are counted as in a leap year. Never too few: a series whose days cannot be told from
//! its rules alone has all slots. RFC 5545 §3.3.10.

use super::super::recur::civil::{DAY, date_of, day_number};
use super::super::recur::{Frequency, Rule, Skip};
use super::index::*;
use super::series::rough;

/// Every slot, and those to come.
pub const ANY: i64 = -1;
/// Days of a slot.
const SLOT: i64 = 6;
/// Days of a leap year.
const YEAR: i64 = 366;
/// What lasts longer in days may lie anywhere.
const LONG: i64 = 300;
/// Days between the civil day of an instance and its day in UTC, and one more for the ends of windows.
const SLACK: i64 = 2;
/// A leap year, for counting.
const LEAP: i64 = 2000;
/// Bits 1 to 12, and 1 to 31.
const ALL_MONTHS: u16 = 0x1ffe;
const ALL_DAYS: u32 = 0xffff_fffe;

/// The slots that a window touches; microseconds UTC.
pub fn of_window(start: i64, end: i64) -> i64 {
    let day = |instant: i64| instant.div_euclid(DAY * 1_000_000);
    let (first, last) = (day(start), day(end));
    if last.saturating_sub(first) > LONG {
        return ANY;
    }
    let mut slots = 0;
    add(&mut slots, first, 0, last - first);
    slots
}

/// Slots of a short season at most: those of an instance of some days.
const SHORT: i16 = 4;
/// Slots of a year.
const SLOTS: i16 = 61;

/// Where a short season begins, if it is one: some slots that follow each other, over the end of the year too.
pub fn begin_of_short(season: i64) -> Option<i16> {
    let has = |slot: i16| season & 1 << slot.rem_euclid(SLOTS) != 0;
    let begin = (0..SLOTS).find(|slot| has(*slot) && !has(slot - 1))?;
    let rest = (SHORT..SLOTS).any(|after| has(begin + after));
    let begins = (0..SLOTS).filter(|slot| has(*slot) && !has(slot - 1)).count();
    (begins == 1 && !rest).then_some(begin)
}

/// Where the short seasons begin that may touch this one.
pub fn begins_of_short_at(season: i64) -> impl Iterator<Item = i16> {
    (0..SLOTS)
        .filter(move |begin| (0..SHORT).any(|after| season & 1 << (begin + after).rem_euclid(SLOTS) != 0))
}

impl CalendarIndex {
    /// The slots outside of which no test of this object in any collection can be true.
    pub(super) fn season(&self) -> i64 {
        let plain = matches!(self.kind, ComponentKind::Event | ComponentKind::Todo | ComponentKind::Journal);
        let (least, most) = self.alarm_reach().unwrap_or((0, 0));
        let longest = self.parts.iter().map(longest).max().unwrap_or(0);
        let before = SLACK + days(least.saturating_neg().max(0));
        let after = SLACK + days(longest.saturating_add(most.max(0)));
        if !plain || before.saturating_add(after) > LONG || self.parts.iter().any(|part| part.this_and_future)
        {
            return ANY;
        }
        let mut slots = 0;
        for part in &self.parts {
            let Some(anchor) = part.anchor() else { return ANY };
            let single = [Some(anchor), part.start, part.end, part.due, part.recurrence_id];
            let absolute = part.alarms.iter().filter_map(|alarm| match alarm.trigger {
                Trigger::At(when) => Some((when, i64::from(alarm.repeat) * alarm.every.rough_seconds())),
                _ => None,
            });
            let dates = single.into_iter().flatten().chain(part.rdates.iter().map(|extra| extra.start));
            for (when, repeats) in dates.map(|when| (when, 0)).chain(absolute) {
                if days(repeats) > LONG {
                    return ANY;
                }
                add(&mut slots, when.civil.div_euclid(DAY), before, after + days(repeats));
            }
            for rule in &part.rules {
                let Some((months, month_days)) = dates_of(rule, anchor) else { return ANY };
                add_dates(&mut slots, months, month_days, before, after);
            }
        }
        slots
    }
}

/// Whole days that some seconds take at most.
const fn days(seconds: i64) -> i64 {
    seconds.saturating_add(DAY - 1).div_euclid(DAY)
}

/// Seconds that an instance of a part may last.
fn longest(part: &Part) -> i64 {
    let extra = part.rdates.iter().filter_map(|extra| extra.length).map(rough).max().unwrap_or(0);
    rough(part.length).max(extra)
}

/// The months and days of months that instances of a rule start in; `None` where they cannot be told apart.
fn dates_of(rule: &Rule, anchor: When) -> Option<(u16, u32)> {
    if rule.skip != Skip::Omit || rule.rscale_unsupported {
        return None;
    }
    let (_, month, day) = date_of(anchor.civil.div_euclid(DAY));
    let by_week = rule.weekdays != 0 || !rule.nth_weekdays.is_empty();
    let by_number = !rule.year_days.is_empty() || rule.weeks != 0 || rule.weeks_back != 0;
    let by_month_day = rule.month_days != 0 || rule.month_days_back != 0;
    let steady = matches!(rule.frequency, Frequency::Yearly | Frequency::Monthly) && !by_week && !by_number;
    let months = match rule.months {
        0 if rule.frequency == Frequency::Yearly && steady && !by_month_day => 1 << month,
        0 => ALL_MONTHS,
        some => some,
    };
    let month_days = match rule.month_days {
        _ if rule.month_days_back != 0 => ALL_DAYS,
        0 if steady => 1 << day,
        0 => ALL_DAYS,
        some => some,
    };
    Some((months, month_days))
}

fn add_dates(slots: &mut i64, months: u16, month_days: u32, before: i64, after: i64) {
    for month in (1..=12).filter(|month| months & 1 << month != 0) {
        for day in (1..=31).filter(|day| month_days & 1 << day != 0) {
            add(slots, day_number(LEAP, month, day), before, after);
        }
    }
}

/// Adds the slots of the days from `before` days before a day to `after` days after it.
fn add(slots: &mut i64, day: i64, before: i64, after: i64) {
    let (_, month, of_month) = date_of(day);
    let of_year = day_number(LEAP, month, of_month) - day_number(LEAP, 1, 1);
    // A year without a leap day is a day shorter on its way over February.
    let (first, last) = (of_year - before - 1, of_year + after + 1);
    let mut at = first;
    while at <= last {
        *slots |= 1 << (at.rem_euclid(YEAR) / SLOT);
        at += SLOT;
    }
    *slots |= 1 << (last.rem_euclid(YEAR) / SLOT);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::component::{Document, Limits};
    use crate::text::ical::RangeTarget;
    use crate::text::recur::{Budget, Window};
    use crate::text::zone::Zone;
    use proptest::prelude::*;

    #[test]
    fn short_seasons_are_found_where_they_begin() {
        assert_eq!(begin_of_short(0), None);
        assert_eq!(begin_of_short(ANY), None);
        assert_eq!(begin_of_short(0b1), Some(0));
        assert_eq!(begin_of_short(0b1111 << 20), Some(20));
        assert_eq!(begin_of_short(0b11111 << 20), None);
        assert_eq!(begin_of_short(0b1001 << 20), None);
        assert_eq!(begin_of_short(1 << 60 | 0b11), Some(60));
        assert_eq!(begins_of_short_at(ANY).count(), 61);
        assert_eq!(begins_of_short_at(0b1).collect::<Vec<_>>(), [0, 58, 59, 60]);
        assert_eq!(begins_of_short_at(1 << 30).collect::<Vec<_>>(), [27, 28, 29, 30]);
    }

    proptest! {
        #[test]
        fn a_short_season_is_among_those_that_it_touches(begin in 0_i16..61, width in 1_i16..=4, window: i64) {
            let season = (0..width).fold(0, |slots, after| slots | 1 << (begin + after).rem_euclid(61));
            prop_assert_eq!(begin_of_short(season), Some(begin));
            prop_assert_eq!(
                begins_of_short_at(window).any(|found| found == begin) || season & window == 0,
                true
            );
        }
    }

    fn event(lines: &str) -> CalendarIndex {
        let body = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\nBEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        CalendarIndex::build(&Document::parse(&body, Limits::default()).expect("readable")).expect("valid")
    }

    fn any_rule() -> impl Strategy<Value = String> {
        let starts =
            ["20200229T233000", "20211231T220000Z", "20200101T003000", "20220615T120000", "20200131T100000"];
        let frequencies = ["YEARLY", "YEARLY", "MONTHLY", "WEEKLY;INTERVAL=5", "DAILY;INTERVAL=17"];
        let parts = [
            "",
            "",
            ";BYMONTH=2",
            ";BYMONTH=3,12",
            ";BYMONTHDAY=31",
            ";BYMONTHDAY=-1,5",
            ";BYDAY=MO",
            ";BYYEARDAY=1,-1",
            ";BYWEEKNO=1,53",
            ";INTERVAL=3",
        ];
        let ends = [
            "",
            "\nDURATION:P3D",
            "\nDURATION:PT30H",
            "\nRDATE:20310305T100000Z",
            "\nBEGIN:VALARM\nTRIGGER:-P9D\nEND:VALARM",
        ];
        let pick = prop::sample::select::<&str>;
        (
            pick(starts.to_vec()),
            pick(frequencies.to_vec()),
            pick(parts.to_vec()),
            pick(parts.to_vec()),
            pick(ends.to_vec()),
        )
            .prop_map(|(start, frequency, one, other, end)| {
                let other = if one.get(..6) == other.get(..6) { "" } else { other };
                format!("DTSTART:{start}\nRRULE:FREQ={frequency}{one}{other}{end}")
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_instance_and_no_alarm_is_out_of_season(lines in any_rule(), day in 0_i64..1_500, length in 1_i64..40, west: bool) {
            let index = event(&lines);
            let zone = Zone::iana(if west { "Pacific/Honolulu" } else { "Pacific/Kiritimati" }).expect("known");
            let start = (day_number(2030, 1, 1) + day) * DAY * 1_000_000;
            let window = Window::new(start, start + length * DAY * 250_000);
            let season = index.season() & of_window(window.start, window.end);
            for target in [RangeTarget::Event, RangeTarget::EventAlarm] {
                let hit = index.overlaps(target, window, &zone, &mut Budget::default()).expect("enough");
                prop_assert!(!hit || season != 0, "{} {:?}", lines, window);
            }
        }
    }

    fn window(date: i64, month: i64, days: i64) -> i64 {
        let start = day_number(2031, month, date) * DAY * 1_000_000;
        of_window(start, start + days * DAY * 1_000_000)
    }

    #[test]
    fn a_birthday_lies_in_its_weeks_only() {
        let season = event("DTSTART;VALUE=DATE:19700615\r\nRRULE:FREQ=YEARLY").season();
        assert!(season.count_ones() <= 4, "{season:b}");
        assert_ne!(season & window(15, 6, 1), 0);
        assert_eq!(season & window(15, 9, 7), 0);
        assert_eq!(season & window(1, 1, 31), 0);
    }

    #[test]
    fn the_turn_of_the_year_is_no_border() {
        let season = event("DTSTART;VALUE=DATE:19701231\r\nRRULE:FREQ=YEARLY").season();
        assert_ne!(season & window(1, 1, 1), 0);
        assert_ne!(season & window(31, 12, 1), 0);
    }

    #[test]
    fn what_moves_or_is_long_may_lie_anywhere() {
        for lines in [
            "DTSTART:20200101T100000Z\r\nRRULE:FREQ=WEEKLY",
            "DTSTART:20200101T100000Z\r\nRRULE:FREQ=YEARLY;BYWEEKNO=20",
            "DTSTART:20200101T100000Z\r\nDURATION:P400D\r\nRRULE:FREQ=YEARLY",
            "DTSTART:20200131T100000Z\r\nRRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD",
        ] {
            let season = event(lines).season();
            for month in 1..=12 {
                assert_ne!(season & window(10, month, 1), 0, "{lines}");
            }
        }
    }

    #[test]
    fn the_second_monday_of_may_lies_in_may() {
        let season = event("DTSTART:20200511T100000Z\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=2MO").season();
        assert_ne!(season & window(11, 5, 1), 0);
        assert_eq!(season & window(15, 7, 14), 0);
    }

    #[test]
    fn all_slots_fit() {
        let mut slots = 0;
        add(&mut slots, 0, 0, YEAR);
        assert_eq!(slots.count_ones() as i64, YEAR / SLOT);
    }
}
