//! Which days of a month a rule's date parts allow, as one word of bits.
//!
//! All frequencies ask the same question; the parts are joined by *and* (the table of RFC 5545 §3.3.10 read with its
//! notes: expansion inside the period is what is left after all parts have limited it).

use super::budget::{Budget, Exhausted};
use super::civil::{DAY, date_of, day_number, is_leap, month_length, weekday, year_length};
use super::rule::{Frequency, Rule, Skip};

/// Bits 1, 8, 15, 22 and 29 moved down by one: every seventh day.
const EVERY_SEVENTH: u64 = 0x1020_4081;

/// The date parts of a rule with what DTSTART lends to it.
#[derive(Debug, Clone)]
pub(super) struct Days<'r> {
    months: u32,
    month_days: u32,
    month_days_back: u32,
    weekdays: u32,
    nth: &'r [(i8, u8)],
    nth_of_year: bool,
    year_days: &'r [i16],
    weeks: u64,
    weeks_back: u64,
    week_start: i64,
    skip: Skip,
}

impl<'r> Days<'r> {
    /// The parts of `rule`; `day` is the day number of DTSTART.
    pub(super) fn new(rule: &'r Rule, day: i64) -> Self {
        let (_, month, of_month) = date_of(day);
        let mut days = Days {
            months: u32::from(rule.months),
            month_days: rule.month_days,
            month_days_back: rule.month_days_back,
            weekdays: u32::from(rule.weekdays),
            nth: &rule.nth_weekdays,
            nth_of_year: rule.frequency == Frequency::Yearly && rule.months == 0,
            year_days: &rule.year_days,
            weeks: rule.weeks,
            weeks_back: rule.weeks_back,
            week_start: i64::from(rule.week_start),
            skip: rule.skip,
        };
        if rule.frequency < Frequency::Monthly || days.by_week() {
            // A number before the weekday has no meaning here (RFC 5545 forbids it): the weekday counts.
            for (_, weekday) in days.nth {
                days.weekdays |= 1 << weekday;
            }
            days.nth = &[];
        }
        if rule.frequency < Frequency::Monthly {
            // Parts only limit here, so no invalid date can come up.
            days.skip = Skip::Omit;
        }
        let by_day = days.weekdays != 0 || !days.nth.is_empty();
        if by_day || days.month_days != 0 || days.month_days_back != 0 || !days.year_days.is_empty() {
            return days;
        }
        match rule.frequency {
            Frequency::Yearly | Frequency::Monthly | Frequency::Weekly if days.by_week() => {
                days.weekdays = 1 << weekday(day);
            }
            Frequency::Yearly => {
                if days.months == 0 {
                    days.months = 1 << month;
                }
                days.month_days = 1 << of_month;
            }
            Frequency::Monthly => days.month_days = 1 << of_month,
            Frequency::Weekly => days.weekdays = 1 << weekday(day),
            _ => {}
        }
        days
    }

    fn by_week(&self) -> bool {
        self.weeks != 0 || self.weeks_back != 0
    }

    /// Whether every day passes.
    pub(super) fn all_pass(&self) -> bool {
        self.months == 0
            && self.month_days == 0
            && self.month_days_back == 0
            && self.weekdays == 0
            && self.nth.is_empty()
            && self.year_days.is_empty()
            && !self.by_week()
    }

    /// Whether no day of any year can pass: 30 February, the sixth Monday of a month.
    pub(super) fn none_pass(&self) -> bool {
        if self.skip != Skip::Omit {
            return false;
        }
        let by_month_day = self.month_days != 0 || self.month_days_back != 0;
        let no_month = (1..=12).filter(|&month| self.month_passes(month)).all(|month| {
            let longest = all_days(month_length(2_000, month));
            by_month_day && (self.month_days | self.month_days_back) & longest == 0
        });
        let no_nth = self.weekdays == 0
            && !self.nth.is_empty()
            && !self.nth_of_year
            && self.nth.iter().all(|(n, _)| n.unsigned_abs() > 5);
        no_month || no_nth
    }

    /// Whether BYMONTH lets the month (1 to 12) through.
    pub(super) fn month_passes(&self, month: i64) -> bool {
        self.months == 0 || self.months & (1 << month) != 0
    }

    /// What looking at one month costs.
    pub(super) fn cost(&self) -> u64 {
        1 + self.year_days.len() as u64 / 16 + self.nth.len() as u64 / 16
    }

    /// The days of the month that pass, bit 1 for the first; SKIP=BACKWARD applied.
    pub(super) fn mask(&self, year: i64, month: i64) -> u32 {
        if !self.month_passes(month) {
            return 0;
        }
        let length = month_length(year, month);
        let all = all_days(length);
        let mut mask = all;
        if self.month_days != 0 || self.month_days_back != 0 {
            // Bit n from the end becomes bit length + 1 - n.
            let mirrored = ((u64::from(self.month_days_back.reverse_bits()) << 1) >> (31 - length)) as u32;
            let moved =
                if self.skip == Skip::Backward && self.month_days & !all != 0 { 1 << length } else { 0 };
            mask &= self.month_days | mirrored | moved;
        }
        if mask != 0 && (self.weekdays != 0 || !self.nth.is_empty()) {
            mask &= self.weekday_mask(year, month, length);
        }
        if mask != 0 && !self.year_days.is_empty() {
            mask &= self.year_day_mask(year, month, length);
        }
        if mask != 0 && self.by_week() {
            mask &= self.week_mask(year, month);
        }
        mask
    }

    /// With SKIP=FORWARD: whether an invalid day of this month becomes the first of the next one.
    pub(super) fn carries(&self, year: i64, month: i64) -> bool {
        if self.skip != Skip::Forward || !self.month_passes(month) {
            return false;
        }
        let beyond_month = self.month_days & !all_days(month_length(year, month)) != 0;
        let beyond_year = month == 12 && !is_leap(year) && self.year_days.last() == Some(&366);
        if !beyond_month && !beyond_year {
            return false;
        }
        let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let by_day = self.weekdays != 0 || !self.nth.is_empty();
        !by_day || self.weekday_mask(year, month, month_length(year, month)) & 2 != 0
    }

    fn weekday_mask(&self, year: i64, month: i64, length: i64) -> u32 {
        let first = weekday(day_number(year, month, 1));
        let mut mask = 0_u64;
        for day in bits(u64::from(self.weekdays)) {
            mask |= EVERY_SEVENTH << (1 + (day - first).rem_euclid(7));
        }
        for &(n, day) in self.nth {
            let (n, day) = (i64::from(n), i64::from(day));
            let found = if self.nth_of_year {
                let offset = day_number(year, month, 1) - day_number(year, 1, 1);
                nth(n, day, weekday(day_number(year, 1, 1)), year_length(year)) - offset
            } else {
                nth(n, day, first, length)
            };
            if (1..=length).contains(&found) {
                mask |= 1 << found;
            }
        }
        (mask & u64::from(all_days(length))) as u32
    }

    fn year_day_mask(&self, year: i64, month: i64, length: i64) -> u32 {
        let offset = day_number(year, month, 1) - day_number(year, 1, 1);
        let of_year = year_length(year);
        let mut mask = 0;
        for &n in self.year_days {
            let n = i64::from(n);
            let n = if n < 0 { of_year + 1 + n } else { n };
            let n = if n > of_year && self.skip == Skip::Backward { of_year } else { n };
            if (1..=length).contains(&(n - offset)) {
                mask |= 1 << (n - offset);
            }
        }
        mask
    }

    /// Weeks are numbered in the year that holds their fourth day.
    fn week_mask(&self, year: i64, month: i64) -> u32 {
        let first = day_number(year, month, 1);
        let length = month_length(year, month);
        let mut start = first - (weekday(first) - self.week_start).rem_euclid(7);
        let mut mask = 0_u64;
        while start < first + length {
            let (of_year, _, _) = date_of(start + 3);
            let number = (start + 3 - day_number(of_year, 1, 1)) / 7 + 1;
            // 28 December always lies in the last week.
            let late = day_number(of_year, 12, 28);
            let last_start = late - (weekday(late) - self.week_start).rem_euclid(7);
            let back = (last_start - start) / 7 + 1;
            if self.weeks & (1 << number) != 0 || self.weeks_back & (1 << back) != 0 {
                let shift = start - first + 1;
                mask |= if shift >= 0 { 0x7f << shift } else { 0x7f >> -shift };
            }
            start += 7;
        }
        (mask & u64::from(all_days(length))) as u32
    }
}

/// The day (1-based) of the `n`-th `day` in a stretch that begins on weekday `first`; outside it where there is none.
fn nth(n: i64, day: i64, first: i64, length: i64) -> i64 {
    let earliest = 1 + (day - first).rem_euclid(7);
    if n > 0 {
        let found = earliest + 7 * (n - 1);
        if found > length { 0 } else { found }
    } else {
        earliest + 7 * ((length - earliest) / 7) + 7 * (n + 1)
    }
}

/// Bits 1 to `length`.
const fn all_days(length: i64) -> u32 {
    ((1_u64 << (length + 1)) - 2) as u32
}

/// The positions of the bits that are set, lowest first.
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = i64> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let at = mask.trailing_zeros();
        mask &= mask - 1;
        Some(i64::from(at))
    })
}

/// The mask of the month last looked at.
pub(super) struct MonthCache {
    first: i64,
    length: i64,
    mask: u32,
}

impl Default for MonthCache {
    fn default() -> Self {
        MonthCache { first: i64::MAX, length: 0, mask: 0 }
    }
}

impl MonthCache {
    fn load(&mut self, days: &Days<'_>, day: i64, budget: &mut Budget) -> Result<(), Exhausted> {
        if self.first > day || day >= self.first + self.length {
            budget.step(days.cost())?;
            let (year, month, of_month) = date_of(day);
            *self = MonthCache {
                first: day - of_month + 1,
                length: month_length(year, month),
                mask: days.mask(year, month),
            };
        }
        Ok(())
    }

    pub(super) fn passes(
        &mut self,
        days: &Days<'_>,
        day: i64,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        self.load(days, day, budget)?;
        Ok(self.mask & (1 << (day - self.first + 1)) != 0)
    }

    /// The first day at or after `day` that passes, or one beyond civil second `to`.
    pub(super) fn next(
        &mut self,
        days: &Days<'_>,
        day: i64,
        to: i64,
        budget: &mut Budget,
    ) -> Result<i64, Exhausted> {
        if days.all_pass() {
            return Ok(day);
        }
        let mut day = day;
        while day * DAY <= to {
            self.load(days, day, budget)?;
            let rest = self.mask >> (day - self.first + 1);
            if rest != 0 {
                return Ok(day + i64::from(rest.trailing_zeros()));
            }
            day = self.first + self.length;
        }
        Ok(day)
    }
}
