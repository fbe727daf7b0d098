//! Steps through the instances of one rule inside a stretch of civil time.
//!
//! A *period* is one year, month, week, day, hour, minute or second of FREQ; its number is counted from an epoch, so
//! that INTERVAL and the jump to a window are one division. Instances of a period never leave it, save for
//! SKIP=FORWARD, which may reach the first day of the next one.

use super::budget::{Budget, Exhausted};
use super::civil::{DAY, FIRST, LAST, date_of, day_number, month_length};
use super::month::{Days, MonthCache, bits};
use super::rule::{Frequency, Rule, Skip, Until};
use std::ops::ControlFlow;

/// A rule together with the civil time of its DTSTART.
#[derive(Debug, Clone)]
pub struct Pattern<'r> {
    rule: &'r Rule,
    start: i64,
    start_counts: bool,
    days: Days<'r>,
    hours: u32,
    minutes: u64,
    seconds: u64,
}

/// Why a walk ends before its last period.
enum Stop {
    /// The visitor has enough, or all further instances lie beyond the stretch.
    Done,
    /// The budget has run out.
    Exhausted(Exhausted),
}

impl From<Exhausted> for Stop {
    fn from(reason: Exhausted) -> Self {
        Stop::Exhausted(reason)
    }
}

/// Where instances go: keeps the order, the bounds and the budget.
struct Sink<'w> {
    from: i64,
    to: i64,
    after: i64,
    budget: &'w mut Budget,
    visit: &'w mut dyn FnMut(i64) -> ControlFlow<()>,
    broken: bool,
}

impl Sink<'_> {
    fn emit(&mut self, at: i64) -> Result<(), Stop> {
        if at > self.to {
            return Err(Stop::Done);
        }
        if at <= self.after {
            return Ok(());
        }
        self.after = at;
        self.budget.step(1)?;
        if at >= self.from && (self.visit)(at).is_break() {
            self.broken = true;
            return Err(Stop::Done);
        }
        Ok(())
    }
}

impl<'r> Pattern<'r> {
    /// `rule` for a DTSTART at civil second `start`.
    pub fn new(rule: &'r Rule, start: i64) -> Self {
        let time = start.rem_euclid(DAY);
        let default = |mask: u64, coarser: Frequency, value: i64| {
            if mask == 0 && rule.frequency > coarser { 1 << value } else { mask }
        };
        Pattern {
            rule,
            start,
            start_counts: true,
            days: Days::new(rule, start.div_euclid(DAY)),
            hours: default(u64::from(rule.hours), Frequency::Hourly, time / 3_600) as u32,
            minutes: default(rule.minutes, Frequency::Minutely, time / 60 % 60),
            seconds: default(rule.seconds, Frequency::Secondly, time % 60),
        }
    }

    /// As [`Pattern::new`], but DTSTART only counts where the rule gives it: for EXRULE.
    pub fn without_start(rule: &'r Rule, start: i64) -> Self {
        Pattern { start_counts: false, ..Pattern::new(rule, start) }
    }

    /// Visits the instances in civil `[from, to]` in order, each once; DTSTART is the first one whether or not the rule
    /// would give it (RFC 5545 §3.8.5.3). UNTIL in UTC is the caller's to apply, for it needs a zone.
    ///
    /// Gives [`ControlFlow::Break`] where `visit` did.
    pub fn walk(
        &self,
        from: i64,
        to: i64,
        budget: &mut Budget,
        visit: &mut dyn FnMut(i64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        match (self.rule.count, self.rule.last) {
            (Some(_), Some(last)) => self.walk_open(from, to.min(last), budget, visit),
            (Some(0), None) => Ok(ControlFlow::Continue(())),
            (Some(count), None) => {
                let mut left = count;
                let mut broken = false;
                let _ = self.walk_open(FIRST, to, budget, &mut |at| {
                    left -= 1;
                    if at >= from && visit(at).is_break() {
                        broken = true;
                        return ControlFlow::Break(());
                    }
                    if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                Ok(if broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            }
            (None, _) => self.walk_open(from, to, budget, visit),
        }
    }

    /// The civil time of the last instance that COUNT allows; `None` without COUNT or without instances.
    pub fn settle(&self, budget: &mut Budget) -> Result<Option<i64>, Exhausted> {
        let Some(count) = self.rule.count.filter(|&count| count > 0) else { return Ok(None) };
        let mut left = count;
        let mut last = None;
        let _ = self.walk_open(FIRST, LAST, budget, &mut |at| {
            last = Some(at);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(last)
    }

    /// The last instance at or before civil `limit`; looks back in growing steps.
    pub fn last_before(&self, limit: i64, budget: &mut Budget) -> Result<Option<i64>, Exhausted> {
        const YEAR: i64 = 366 * DAY;
        let limit = self.rule.last.map_or(limit, |last| limit.min(last)).min(self.civil_until());
        for back in [YEAR + 40 * DAY, 13 * YEAR, 130 * YEAR, i64::MAX] {
            let from = limit.saturating_sub(back).max(FIRST);
            let mut last = None;
            let _ = self.walk(from, limit, budget, &mut |at| {
                last = Some(at);
                ControlFlow::Continue(())
            })?;
            if last.is_some() || from <= self.start {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// The last civil second that UNTIL lets through, without regard to a zone: exact for dates and local times.
    pub fn civil_until(&self) -> i64 {
        match self.rule.until {
            Some(Until::Date(day)) => day.saturating_mul(DAY).saturating_add(DAY - 1),
            Some(Until::Local(at)) => at,
            // No zone is more than 26 hours away from UTC.
            Some(Until::Utc(at)) => at.saturating_add(26 * 3_600),
            None => i64::MAX,
        }
    }

    /// As [`Pattern::walk`] without COUNT.
    fn walk_open(
        &self,
        from: i64,
        to: i64,
        budget: &mut Budget,
        visit: &mut dyn FnMut(i64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        let from = from.max(self.start);
        let to = to.min(LAST).min(self.civil_until());
        if from > to {
            return Ok(ControlFlow::Continue(()));
        }
        let mut sink = Sink { from, to, after: i64::MIN, budget, visit, broken: false };
        let first = if self.start_counts { sink.emit(self.start) } else { Ok(()) };
        let end = first.and_then(|()| self.periods(&mut sink));
        match end {
            Err(Stop::Exhausted(reason)) => Err(reason),
            _ if sink.broken => Ok(ControlFlow::Break(())),
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    fn periods(&self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        if self.rule.rscale_unsupported || self.days.none_pass() {
            return Ok(());
        }
        sink.after = if self.start_counts { self.start } else { self.start - 1 };
        match self.rule.frequency {
            Frequency::Yearly => self.years(sink),
            Frequency::Monthly => self.months(sink),
            Frequency::Weekly => self.weeks(sink),
            Frequency::Daily => self.every_day(sink),
            Frequency::Hourly => self.clock(sink, 3_600),
            Frequency::Minutely => self.clock(sink, 60),
            Frequency::Secondly => self.clock(sink, 1),
        }
    }

    fn interval(&self) -> i64 {
        i64::from(self.rule.interval.max(1))
    }

    /// The first period number at or after `wanted` that is a whole number of intervals from `first`.
    fn align(&self, first: i64, wanted: i64) -> i64 {
        let interval = self.interval();
        let ahead = (wanted - first).max(0);
        first + (ahead + interval - 1) / interval * interval
    }

    /// How many periods before the window may still reach into it.
    fn reach(&self) -> i64 {
        i64::from(self.rule.skip == Skip::Forward)
    }

    fn years(&self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let first = date_of(self.start.div_euclid(DAY)).0;
        let mut year = self.align(first, date_of(sink.from.div_euclid(DAY)).0 - self.reach());
        let mut days = Vec::new();
        while day_number(year, 1, 1) * DAY <= sink.to {
            sink.budget.step(1)?;
            days.clear();
            for month in (1..=12).filter(|&month| self.days.month_passes(month)) {
                self.month(year, month, sink, &mut days)?;
            }
            self.positions(&days, sink)?;
            year += self.interval();
        }
        Ok(())
    }

    fn months(&self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let number = |at: i64| {
            let (year, month, _) = date_of(at.div_euclid(DAY));
            year * 12 + month - 1
        };
        let mut period = self.align(number(self.start), number(sink.from) - self.reach());
        let mut days = Vec::new();
        loop {
            let (year, month) = (period.div_euclid(12), period.rem_euclid(12) + 1);
            if day_number(year, month, 1) * DAY > sink.to {
                return Ok(());
            }
            days.clear();
            self.month(year, month, sink, &mut days)?;
            self.positions(&days, sink)?;
            period += self.interval();
        }
    }

    /// The days of one month: given out at once, or kept for BYSETPOS.
    fn month(&self, year: i64, month: i64, sink: &mut Sink<'_>, kept: &mut Vec<i64>) -> Result<(), Stop> {
        sink.budget.step(self.days.cost())?;
        let first = day_number(year, month, 1);
        for bit in bits(u64::from(self.days.mask(year, month))) {
            self.day(first + bit - 1, sink, kept)?;
        }
        if self.days.carries(year, month) {
            self.day(first + month_length(year, month), sink, kept)?;
        }
        Ok(())
    }

    fn weeks(&self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let week_start = i64::from(self.rule.week_start);
        // Day 0 is a Thursday: day -3 is a Monday.
        let number = |at: i64| (at.div_euclid(DAY) + 3 - week_start).div_euclid(7);
        let mut period = self.align(number(self.start), number(sink.from));
        let mut cache = MonthCache::default();
        let mut days = Vec::new();
        loop {
            let monday = period * 7 - 3 + week_start;
            if monday * DAY > sink.to {
                return Ok(());
            }
            sink.budget.step(1)?;
            days.clear();
            for day in monday..monday + 7 {
                if cache.passes(&self.days, day, sink.budget)? {
                    self.day(day, sink, &mut days)?;
                }
            }
            self.positions(&days, sink)?;
            period += self.interval();
        }
    }

    fn every_day(&self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let first = self.start.div_euclid(DAY);
        let mut day = self.align(first, sink.from.div_euclid(DAY));
        let mut cache = MonthCache::default();
        let mut days = Vec::new();
        while day * DAY <= sink.to {
            sink.budget.step(1)?;
            let next = cache.next(&self.days, day, sink.to, sink.budget)?;
            if next > day {
                day = self.align(first, next);
                continue;
            }
            days.clear();
            self.day(day, sink, &mut days)?;
            self.positions(&days, sink)?;
            day += self.interval();
        }
        Ok(())
    }

    /// One day of a period: its times go out, or wait for BYSETPOS.
    fn day(&self, day: i64, sink: &mut Sink<'_>, kept: &mut Vec<i64>) -> Result<(), Stop> {
        if self.rule.positions.is_empty() {
            return self.times(day * DAY, u64::from(self.hours), self.minutes, sink);
        }
        if kept.last() != Some(&day) {
            kept.push(day);
        }
        Ok(())
    }

    /// All times of the day that begins at civil second `base`.
    fn times(&self, base: i64, hours: u64, minutes: u64, sink: &mut Sink<'_>) -> Result<(), Stop> {
        for hour in bits(hours) {
            let base = base + hour * 3_600;
            if base + 3_599 < sink.from {
                continue;
            }
            for minute in bits(minutes) {
                let base = base + minute * 60;
                if base + 59 < sink.from {
                    continue;
                }
                for second in bits(self.seconds) {
                    sink.emit(base + second)?;
                }
            }
        }
        Ok(())
    }

    /// BYSETPOS over the days kept of a period, each with all its times.
    fn positions(&self, days: &[i64], sink: &mut Sink<'_>) -> Result<(), Stop> {
        if self.rule.positions.is_empty() || days.is_empty() {
            return Ok(());
        }
        sink.budget.step(1 + (days.len() + self.rule.positions.len()) as u64 / 8)?;
        let times =
            i64::from(self.hours.count_ones() * self.minutes.count_ones() * self.seconds.count_ones());
        for index in self.chosen(days.len() as i64 * times) {
            let day = usize::try_from(index / times).ok().and_then(|at| days.get(at)).copied();
            if let Some(day) = day {
                let second = self.time_at(u64::from(self.hours), self.minutes, index % times);
                sink.emit(day * DAY + second)?;
            }
        }
        Ok(())
    }

    /// The indices that BYSETPOS picks from a set of `size`, ascending.
    fn chosen(&self, size: i64) -> Vec<i64> {
        let mut chosen: Vec<i64> = self
            .rule
            .positions
            .iter()
            .map(|&position| i64::from(position))
            .map(|position| if position < 0 { size + position } else { position - 1 })
            .filter(|index| (0..size).contains(index))
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// The `index`-th of all times that the sets make, in seconds.
    fn time_at(&self, hours: u64, minutes: u64, index: i64) -> i64 {
        let pick = |mask: u64, index: i64| bits(mask).nth(usize::try_from(index).unwrap_or(0)).unwrap_or(0);
        let per_minute = i64::from(self.seconds.count_ones());
        let per_hour = per_minute * i64::from(minutes.count_ones());
        let hour = pick(hours, index / per_hour);
        let minute = pick(minutes, index % per_hour / per_minute);
        hour * 3_600 + minute * 60 + pick(self.seconds, index % per_minute)
    }

    /// Hours, minutes or seconds: periods of `unit` seconds. Parts of a larger unit limit, and are jumped over.
    fn clock(&self, sink: &mut Sink<'_>, unit: i64) -> Result<(), Stop> {
        let first = self.start.div_euclid(unit);
        let mut period = self.align(first, sink.from.div_euclid(unit));
        let mut cache = MonthCache::default();
        while period * unit <= sink.to {
            sink.budget.step(1)?;
            let base = period * unit;
            let allowed = self.next_allowed(base, unit, &mut cache, sink)?;
            if allowed > base {
                period = self.align(first, allowed.div_euclid(unit));
                continue;
            }
            self.inside(base, unit, sink)?;
            period += self.interval();
        }
        Ok(())
    }

    /// The instances of one hour, minute or second.
    fn inside(&self, base: i64, unit: i64, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let minutes = if unit == 3_600 { self.minutes } else { 1 };
        if unit == 1 {
            // A set of one: any position but the first and the last picks nothing.
            let picked = self.rule.positions.is_empty() || !self.chosen(1).is_empty();
            return if picked { sink.emit(base) } else { Ok(()) };
        }
        if self.rule.positions.is_empty() {
            return self.times(base, 1, minutes, sink);
        }
        let size = i64::from(minutes.count_ones() * self.seconds.count_ones());
        for index in self.chosen(size) {
            sink.emit(base + self.time_at(1, minutes, index))?;
        }
        Ok(())
    }

    /// The first civil second at or after `at` that the limiting parts may let through: `at` itself, or where the next
    /// day, hour, minute or second begins that deserves a look.
    fn next_allowed(
        &self,
        at: i64,
        unit: i64,
        cache: &mut MonthCache,
        sink: &mut Sink<'_>,
    ) -> Result<i64, Stop> {
        let day = at.div_euclid(DAY);
        let next = cache.next(&self.days, day, sink.to, sink.budget)?;
        if next > day {
            return Ok(next.saturating_mul(DAY));
        }
        let time = at.rem_euclid(DAY);
        let mut limits = ahead_of(u64::from(self.hours), time / 3_600, 3_600, 24);
        if limits.is_none() && unit <= 60 {
            limits = ahead_of(self.minutes, time / 60 % 60, 60, 60);
        }
        if limits.is_none() && unit == 1 {
            limits = ahead_of(self.seconds, time % 60, 1, 60);
        }
        Ok(match limits {
            None => at,
            Some((size, ahead)) => at.div_euclid(size) * size + ahead * size,
        })
    }
}

/// `None` where `value` passes `mask`; else the unit's size and how many units ahead the next one that passes (or the
/// next larger unit) begins.
fn ahead_of(mask: u64, value: i64, size: i64, units: i64) -> Option<(i64, i64)> {
    if mask == 0 || mask & (1 << value) != 0 {
        return None;
    }
    let later = bits(mask).find(|&bit| bit > value).unwrap_or(units);
    Some((size, later - value))
}
