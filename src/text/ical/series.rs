//! A master with its overrides, joined into instances (RFC 5545 §3.8.4.4, §3.8.5).
//!
//! Works on a closed stretch of time and gives every instance that touches it, in no particular order; what counts as
//! overlap is for the callers to say.

use super::super::recur::civil::{FIRST, LAST};
use super::super::recur::{Budget, Exhausted, Pattern, Rule, Until};
use super::super::zone::{MICROS, Zone};
use super::exclude::Matched;
use super::index::*;
use std::ops::ControlFlow;

/// Seconds of a day and of the longest move of a clock: how much a nominal day may differ from 24 hours.
const DAY_SLACK: i64 = 26 * 3_600;

/// One instance in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    /// Seconds UTC.
    pub start: i64,
    /// Seconds UTC.
    pub end: i64,
    /// Start as it would be written.
    pub when: When,
    /// Its length.
    pub length: Length,
    /// What RECURRENCE-ID it has or would have.
    pub recurrence_id: Option<When>,
    /// Index of the part that describes it.
    pub part: usize,
}

/// Parts of one UID, and the zones to read them in.
pub(super) struct Series<'i> {
    parts: &'i [Part],
    zones: Vec<Zone>,
    collection: &'i Zone,
    /// Steps that the conversions of one instance cost beyond the usual.
    zone_cost: u64,
}

/// A part with RANGE=THISANDFUTURE.
struct Future {
    /// Instant of its RECURRENCE-ID, seconds UTC.
    from: i64,
    /// By how much the clock of DTSTART moved, seconds.
    shift: i64,
    part: usize,
}

/// The visitor of occurrences.
pub(super) type Visit<'v> = dyn FnMut(Occurrence) -> ControlFlow<()> + 'v;

/// What a walk over a master carries along.
struct Master<'m> {
    index: usize,
    part: &'m Part,
    anchor: When,
    zone: &'m Zone,
    overridden: Exclusions,
    futures: Vec<Future>,
    /// Closed, seconds UTC.
    reach: (i64, i64),
}

impl<'i> Series<'i> {
    pub(super) fn new(parts: &'i [Part], zones: &[ZoneRef], collection: &'i Zone) -> Self {
        let zones: Vec<_> = zones.iter().map(|zone| zone.zone(collection)).collect();
        // Each instance asks for its start, its end, and where it stands on the clock of the master.
        let dearest = zones.iter().map(Zone::cost).max().unwrap_or(0).max(collection.cost());
        Series { parts, zones, collection, zone_cost: dearest.saturating_mul(3) }
    }

    /// The zone that a frame is read in.
    pub(super) fn zone(&self, frame: Frame) -> &Zone {
        match frame {
            Frame::Utc => &Zone::Utc,
            Frame::Zone(at) => self.zones.get(usize::from(at)).unwrap_or(self.collection),
            Frame::Date | Frame::Floating => self.collection,
        }
    }

    /// Seconds UTC.
    pub(super) fn utc(&self, when: When) -> i64 {
        self.zone(when.frame).utc_seconds(when.civil)
    }

    /// `when` plus a duration: days by the calendar, then seconds by the clock. Seconds UTC.
    pub(super) fn after(&self, when: When, duration: super::values::Duration) -> i64 {
        let civil = when.civil.saturating_add(i64::from(duration.days) * 86_400);
        self.utc(When { civil, frame: when.frame }).saturating_add(duration.seconds)
    }

    /// The end of what starts at `when`, which is `start` in seconds UTC.
    fn end(&self, when: When, start: i64, length: Length) -> i64 {
        match length {
            Length::Zero => start,
            Length::Exact(seconds) => start.saturating_add(seconds),
            Length::Nominal(duration) if duration.days == 0 => start.saturating_add(duration.seconds),
            Length::Nominal(duration) => self.after(when, duration).max(start),
        }
    }

    /// Visits every occurrence that touches the closed stretch `from..=to` (seconds UTC): it starts at or before `to`
    /// and ends at or after `from`.
    pub(super) fn visit(
        &self,
        from: i64,
        to: i64,
        budget: &mut Budget,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        if self.overrides(from, to, budget, visit)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let masters = self.parts.iter().enumerate().filter(|(_, part)| part.recurrence_id.is_none());
        for (index, part) in masters {
            let Some(anchor) = part.anchor() else { continue };
            budget.step(1 + self.parts.len() as u64 / 4)?;
            let zone = self.zone(anchor.frame);
            let (overridden, futures) = self.changes(anchor);
            let master = Master { index, part, anchor, zone, overridden, futures, reach: (from, to) };
            if self.master(&master, budget, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The overrides stand for themselves, even where the rule no longer gives their original.
    fn overrides(
        &self,
        from: i64,
        to: i64,
        budget: &mut Budget,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        for (index, part) in self.parts.iter().enumerate() {
            let (Some(id), Some(when), false) = (part.recurrence_id, part.anchor(), part.superseded) else {
                continue;
            };
            budget.step(1)?;
            let start = self.utc(when);
            let end = self.end(when, start, part.length);
            let occurrence =
                Occurrence { start, end, when, length: part.length, recurrence_id: Some(id), part: index };
            if start <= to && end >= from && visit(occurrence).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What the overrides take from the rule of `anchor`, and what they change from then on.
    fn changes(&self, anchor: When) -> (Exclusions, Vec<Future>) {
        let mut overridden = Exclusions::default();
        let mut futures = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let Some(id) = part.recurrence_id else { continue };
            overridden.add(Matched::of(anchor, id, |at| self.zones.get(usize::from(at)).cloned()));
            if let Some(start) = part.anchor().filter(|_| part.this_and_future) {
                let original = self.in_frame(id, anchor);
                futures.push(Future { from: self.utc(id), shift: start.civil - original, part: index });
            }
        }
        overridden.sort();
        futures.sort_by_key(|future| future.from);
        (overridden, futures)
    }

    /// Civil seconds of `when` on the clock of `anchor`.
    fn in_frame(&self, when: When, anchor: When) -> i64 {
        if when.is_date() && !anchor.is_date() {
            return when.civil + anchor.civil.rem_euclid(86_400);
        }
        if when.frame == anchor.frame || when.is_date() || anchor.is_date() {
            return when.civil;
        }
        self.zone(anchor.frame).civil_seconds(self.utc(when))
    }

    fn master(
        &self,
        master: &Master<'_>,
        budget: &mut Budget,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        let (low, high) = self.civil_reach(master);
        if master.part.rules.is_empty() {
            budget.step(1)?;
            if (low..=high).contains(&master.anchor.civil)
                && self.instance(master, master.anchor, None, budget, visit)?.is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        for rule in &master.part.rules {
            if self.rule(master, rule, low, high, budget, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        for extra in &master.part.rdates {
            budget.step(1)?;
            if self.instance(master, extra.start, extra.length, budget, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Civil seconds (on the clock of the master) between which its instances may touch the stretch.
    fn civil_reach(&self, master: &Master<'_>) -> (i64, i64) {
        let (from, to) = master.reach;
        let mut longest = rough(master.part.length);
        let mut moved = 0;
        for future in &master.futures {
            let length = self.parts.get(future.part).map_or(Length::Zero, |part| part.length);
            longest = longest.max(rough(length));
            // The zone may have changed along with the clock.
            moved = moved.max(future.shift.saturating_abs().saturating_add(2 * DAY_SLACK));
        }
        let low = master.zone.civil_bounds(from.saturating_sub(longest)).0.saturating_sub(moved);
        let high = master.zone.civil_bounds(to).1.saturating_add(moved);
        (low.max(FIRST), high.min(LAST))
    }

    fn rule(
        &self,
        master: &Master<'_>,
        rule: &Rule,
        low: i64,
        high: i64,
        budget: &mut Budget,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        let pattern = Pattern::new(rule, master.anchor.civil);
        let (until_civil, until_utc) = until(rule, master.anchor, master.zone);
        budget.step(1)?;
        // Instances pay from half of what is left while the walk pays from the other half.
        let lent = if master.part.exrules.is_empty() && self.zone_cost == 0 { 0 } else { budget.steps / 2 };
        let mut spent = Budget::new(lent, 0);
        budget.steps -= lent;
        let mut failed = None;
        let end = pattern.walk(low, high.min(until_civil), budget, &mut |civil| {
            let when = When { civil, frame: master.anchor.frame };
            if until_utc < i64::MAX && self.utc(when) > until_utc {
                return ControlFlow::Continue(());
            }
            match self.instance(master, when, None, &mut spent, visit) {
                Ok(flow) => flow,
                Err(reason) => {
                    failed = Some(reason);
                    ControlFlow::Break(())
                }
            }
        })?;
        budget.steps += spent.steps;
        failed.map_or(Ok(end), Err)
    }

    /// One instance of the master at `when`, unless it is excluded or overridden; later changes applied.
    fn instance(
        &self,
        master: &Master<'_>,
        when: When,
        length: Option<Length>,
        budget: &mut Budget,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        budget.step(self.zone_cost)?;
        let utc = self.utc(when);
        let civil = self.in_frame(when, master.anchor);
        if master.part.exdates.hold(civil, utc) || master.overridden.hold(civil, utc) {
            return Ok(ControlFlow::Continue(()));
        }
        if self.excluded_by_rule(master, civil, budget)? {
            return Ok(ControlFlow::Continue(()));
        }
        let mut occurrence = Occurrence {
            start: utc,
            end: utc,
            when,
            length: length.unwrap_or(master.part.length),
            recurrence_id: master.part.is_recurring().then_some(when),
            part: master.index,
        };
        let later = master.futures.partition_point(|future| future.from <= utc);
        if let Some(future) = later.checked_sub(1).and_then(|at| master.futures.get(at))
            && let Some(part) = self.parts.get(future.part)
            && let Some(start) = part.anchor()
        {
            occurrence.part = future.part;
            occurrence.when = When { civil: civil.saturating_add(future.shift), frame: start.frame };
            occurrence.start = self.utc(occurrence.when);
            occurrence.length = part.length;
        }
        occurrence.end = self.end(occurrence.when, occurrence.start, occurrence.length);
        let (from, to) = master.reach;
        if occurrence.start <= to && occurrence.end >= from {
            return Ok(visit(occurrence));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn excluded_by_rule(
        &self,
        master: &Master<'_>,
        civil: i64,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        for rule in &master.part.exrules {
            budget.step(1)?;
            let (until_civil, until_utc) = until(rule, master.anchor, master.zone);
            let pattern = Pattern::without_start(rule, master.anchor.civil);
            let found =
                pattern.walk(civil, civil.min(until_civil), budget, &mut |_| ControlFlow::Break(()))?;
            if found.is_break() && master.zone.utc_seconds(civil) <= until_utc {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The bounds that UNTIL sets: civil seconds inclusive, and seconds UTC inclusive where it is an instant.
pub(super) fn until(rule: &Rule, anchor: When, zone: &Zone) -> (i64, i64) {
    match rule.until {
        // Beside a DATE the day of a UTC time counts, as clients mean it.
        Some(Until::Utc(utc)) if anchor.is_date() => (utc, i64::MAX),
        Some(Until::Utc(utc)) => (zone.civil_bounds(utc.saturating_add(1)).1, utc),
        _ => (i64::MAX, i64::MAX),
    }
}

/// Seconds that an instance of this length may last at most.
pub(super) fn rough(length: Length) -> i64 {
    match length {
        Length::Zero => 0,
        Length::Exact(seconds) => seconds,
        Length::Nominal(duration) if duration.days == 0 => duration.seconds,
        Length::Nominal(duration) => duration.rough_seconds().saturating_add(DAY_SLACK),
    }
}

/// Microseconds from seconds; the open ends stay open.
pub(super) const fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(MICROS)
}
