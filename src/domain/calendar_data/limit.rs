//! Which overrides and which FREEBUSY periods touch a window (RFC 4791 §9.6.6, §9.6.7).

use crate::text::ical::index::{ComponentKind, Length, Part};
use crate::text::ical::values::{self, PeriodEnd};
use crate::text::ical::{CalendarIndex, RangeTarget};
use crate::text::line::{Line, write_folded};
use crate::text::recur::moment::Moment;
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::{MICROS, Zone};
use std::collections::HashSet;

/// The longest move of a clock, microseconds: Apia once left out a day.
const CLOCK_MOVES: i64 = 26 * 3_600 * MICROS;

/// The overrides that do not touch `window`, by the first byte of their span: neither where they are now, nor where
/// they were, nor by changing later instances inside.
pub(super) fn overrides_outside(
    index: &CalendarIndex,
    window: Window,
    zone: &Zone,
    budget: &mut Budget,
) -> Result<HashSet<usize>, Exhausted> {
    let mut outside = HashSet::new();
    let mut probe = Probe::new(index, window, zone);
    for part in index.parts.iter().filter(|part| part.recurrence_id.is_some()) {
        let touches = probe.changes_later_ones(part)
            || probe.is_now_inside(part, budget)?
            || probe.was_inside(part, budget)?;
        if !touches {
            outside.insert(part.span.start as usize);
        }
    }
    Ok(outside)
}

/// Asks of one override after the other.
struct Probe<'p> {
    index: &'p CalendarIndex,
    window: Window,
    zone: &'p Zone,
    /// The changes of all later instances, and from which instant on; sorted.
    changes: Vec<(i64, &'p Part)>,
    /// An object with the part at hand alone, and the zones of the real one.
    alone: CalendarIndex,
}

impl<'p> Probe<'p> {
    fn new(index: &'p CalendarIndex, window: Window, zone: &'p Zone) -> Self {
        let futures = index.parts.iter().filter(|part| part.this_and_future);
        let mut changes: Vec<_> =
            futures.filter_map(|part| Some((index.instant(part.recurrence_id?, zone), part))).collect();
        changes.sort_by_key(|(from, _)| *from);
        let alone = CalendarIndex {
            kind: index.kind.clone(),
            uid: String::new(),
            parts: Vec::new(),
            zones: index.zones.clone(),
        };
        Probe { index, window, zone, changes, alone }
    }

    /// A change of this and all later instances reaches from its own instant to the next change of that kind: where
    /// those instances were, and where they are now. Rather some hours too far than too short.
    fn changes_later_ones(&self, part: &Part) -> bool {
        let (Some(id), Some(to)) = (part.recurrence_id.filter(|_| part.this_and_future), part.anchor())
        else {
            return false;
        };
        let from = self.index.instant(id, self.zone);
        let moved = self.index.instant(to, self.zone).saturating_sub(from);
        let next = self.changes.partition_point(|(change, _)| *change <= from);
        let until = self.changes.get(next).map_or(i64::MAX, |(until, _)| *until);
        let first = from.min(from.saturating_add(moved)).saturating_sub(CLOCK_MOVES);
        let longest = longest(part).max(self.index.master().map_or(0, longest));
        let last = until.max(until.saturating_add(moved)).saturating_add(longest).saturating_add(CLOCK_MOVES);
        first < self.window.end && last > self.window.start
    }

    fn is_now_inside(&mut self, part: &Part, budget: &mut Budget) -> Result<bool, Exhausted> {
        let now = Part { this_and_future: false, ..part.clone() };
        self.is_inside(self.index.kind.clone(), now, self.window, budget)
    }

    /// The instance as it would be without the override: at RECURRENCE-ID and as long as the master's, or moved along
    /// by an earlier change of all later instances.
    fn was_inside(&mut self, part: &Part, budget: &mut Budget) -> Result<bool, Exhausted> {
        let Some(mut id) = part.recurrence_id else { return Ok(false) };
        let at = self.index.instant(id, self.zone);
        let earlier = self.changes.partition_point(|(change, _)| *change < at);
        let change =
            earlier.checked_sub(1).and_then(|last| self.changes.get(last)).map(|(_, change)| *change);
        if let Some(change) = change {
            match (change.recurrence_id, change.anchor()) {
                (Some(from), Some(to)) if from.frame == id.frame && to.frame == id.frame => {
                    id.civil = id.civil.saturating_add(to.civil - from.civil);
                }
                // Moved between zones: rather one too many than one too few.
                _ => return Ok(true),
            }
        }
        let like = change.or_else(|| self.index.master()).unwrap_or(part);
        let was = Part {
            this_and_future: false,
            start: Some(id),
            end: None,
            due: None,
            duration: like.duration,
            length: like.length,
            ..part.clone()
        };
        // As an event, for its own other dates do not count; the ends of a task belong to it.
        let edge = i64::from(self.index.kind == ComponentKind::Todo);
        let window =
            Window::new(self.window.start.saturating_sub(edge), self.window.end.saturating_add(edge));
        self.is_inside(ComponentKind::Event, was, window, budget)
    }

    fn is_inside(
        &mut self,
        kind: ComponentKind,
        part: Part,
        window: Window,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let Some(target) = RangeTarget::of(&[kind.name()]) else { return Ok(true) };
        self.alone.kind = kind;
        self.alone.parts.clear();
        self.alone.parts.push(part);
        self.alone.overlaps(target, window, self.zone, budget)
    }
}

/// How long an instance lasts at most, microseconds.
fn longest(part: &Part) -> i64 {
    let seconds = match part.length {
        Length::Zero => 0,
        Length::Exact(seconds) => seconds,
        Length::Nominal(duration) => duration.rough_seconds().saturating_add(CLOCK_MOVES / MICROS),
    };
    seconds.saturating_mul(MICROS)
}

/// A FREEBUSY line with only the periods that touch `window`; `None` where it stays as it is, nothing where none does.
pub(super) fn periods_inside(line: &Line<'_>, window: Window) -> Option<String> {
    let all = line.value().split(',').filter(|text| !text.trim().is_empty());
    let kept: Vec<&str> = all.clone().filter(|text| touches(text, window)).collect();
    if kept.len() == all.count() {
        return None;
    }
    let mut out = String::new();
    if !kept.is_empty() {
        let whole = line.unfolded();
        let head = whole.get(..whole.len() - line.value().len()).unwrap_or_default();
        write_folded(&mut out, &format!("{head}{}", kept.join(",")));
    }
    Some(out)
}

/// Periods are in UTC (RFC 5545 §3.8.2.6); what cannot be read is kept.
fn touches(text: &str, window: Window) -> bool {
    let Some((start, end)) = values::period(text) else { return true };
    let start = start.literal();
    let end = match end {
        PeriodEnd::At(end) => Moment::literal(end),
        PeriodEnd::After(duration) => start.saturating_add(duration.rough_seconds()),
    };
    window.start < end.saturating_mul(MICROS) && window.end > start.saturating_mul(MICROS)
}
