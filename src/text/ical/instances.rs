//! The instances of an object inside a window, for expand, free/busy and listings.

use super::super::recur::civil::{self, DAY};
use super::super::recur::{Budget, Exhausted, Window};
use super::super::zone::{MICROS, Zone};
use super::index::*;
use super::overlap;
use super::series::{Occurrence, Series, micros};
use jiff::civil::DateTime;
use std::ops::ControlFlow;

/// One instance of an event, task or journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Microseconds UTC.
    pub start: i64,
    /// Microseconds UTC; equal to `start` where it has no length.
    pub end: i64,
    /// The RECURRENCE-ID it has (override) or would have (instance of a series), as written; `None` where the object
    /// does not recur.
    pub recurrence_id: Option<When>,
    /// Index of the part whose properties describe it.
    pub part: usize,
    /// DTSTART in its own frame (of a task without DTSTART: its DUE).
    pub start_civil: DateTime,
    /// DTEND or DUE in the frame of the start; for all-day instances the day after the last.
    pub end_civil: DateTime,
    /// What the two civil times are relative to.
    pub frame: Frame,
    /// Whether the start is a DATE.
    pub all_day: bool,
    /// Whether the start has no zone of its own (all-day instances included).
    pub floating: bool,
}

impl CalendarIndex {
    /// All instances that overlap `window`, by start and without duplicates: those of the master's rules and RDATEs
    /// without EXDATE, EXRULE and overridden ones, and the overrides that now fall into the window. `zone` is the
    /// collection's, for DATE, floating and unknown-zone values. The overlap test is that of RFC 4791 §9.9 for the kind.
    ///
    /// A task without DTSTART and DUE, a VFREEBUSY and a VAVAILABILITY have no instances (see
    /// [`CalendarIndex::available`]).
    pub fn instances(
        &self,
        window: Window,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<Vec<Instance>, Exhausted> {
        if matches!(self.kind, ComponentKind::FreeBusy | ComponentKind::Availability) {
            return Ok(Vec::new());
        }
        let is_task = self.kind == ComponentKind::Todo;
        gather(&self.parts, &self.zones, is_task, window, zone, budget)
    }

    /// The instances of the AVAILABLE components of the VAVAILABILITY at `part` (RFC 7953), not clipped to its bounds.
    /// Their `part` counts inside the group of one UID.
    pub fn available(
        &self,
        part: usize,
        window: Window,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<Vec<Instance>, Exhausted> {
        let mut all = Vec::new();
        for group in self.parts.get(part).map(|part| part.available.as_slice()).unwrap_or_default() {
            all.extend(gather(group, &self.zones, false, window, zone, budget)?);
        }
        all.sort_by_key(|instance| (instance.start, instance.end));
        Ok(all)
    }

    /// Microseconds UTC of a date of this object; `zone` is the collection's.
    pub fn instant(&self, when: When, zone: &Zone) -> i64 {
        let own = match when.frame {
            Frame::Utc => Zone::Utc,
            Frame::Zone(at) => self.zone(at, zone),
            Frame::Date | Frame::Floating => zone.clone(),
        };
        micros(own.utc_seconds(when.civil))
    }

    /// DTSTART and DTEND of a part as instants; open where it has none (VAVAILABILITY).
    pub fn bounds(&self, part: &Part, zone: &Zone) -> Window {
        let start = part.start.map_or(i64::MIN, |when| self.instant(when, zone));
        let end = match (part.end, part.start, part.length) {
            (Some(end), _, _) => self.instant(end, zone),
            (None, Some(when), Length::Nominal(duration)) => {
                let civil = when.civil.saturating_add(i64::from(duration.days) * DAY);
                self.instant(When { civil, ..when }, zone).saturating_add(micros(duration.seconds))
            }
            _ => i64::MAX,
        };
        Window { start, end }
    }
}

fn gather(
    parts: &[Part],
    zones: &[ZoneRef],
    is_task: bool,
    window: Window,
    zone: &Zone,
    budget: &mut Budget,
) -> Result<Vec<Instance>, Exhausted> {
    let series = Series::new(parts, zones, zone);
    let mut found = Vec::new();
    let mut left = budget.instances;
    let (from, to) = seconds(window);
    let end = series.visit(from, to, budget, &mut |occurrence| {
        let Some(part) = parts.get(occurrence.part) else { return ControlFlow::Continue(()) };
        let (start, end) = (micros(occurrence.start), micros(occurrence.end));
        let inside = if is_task {
            overlap::task_touches(part, start, end, window)
        } else {
            overlap::touches(start, end, window)
        };
        if !inside {
            return ControlFlow::Continue(());
        }
        if left == 0 {
            return ControlFlow::Break(());
        }
        left -= 1;
        found.push(instance(&series, occurrence));
        ControlFlow::Continue(())
    })?;
    if end.is_break() {
        return Err(Exhausted::Instances);
    }
    found.sort_by_key(|instance| (instance.start, instance.part, std::cmp::Reverse(instance.end)));
    // Two civil times of one series may be one instant (a gap of the clock), and an RDATE may repeat the rule.
    found.dedup_by_key(|instance| (instance.start, instance.part));
    for _ in &found {
        budget.instance()?;
    }
    Ok(found)
}

fn instance(series: &Series<'_>, occurrence: Occurrence) -> Instance {
    let frame = occurrence.when.frame;
    let end_civil = match occurrence.length {
        Length::Zero => occurrence.when.civil,
        Length::Nominal(duration) if duration.seconds == 0 => {
            occurrence.when.civil.saturating_add(i64::from(duration.days) * DAY)
        }
        _ => series.zone(frame).civil_seconds(occurrence.end),
    };
    Instance {
        start: micros(occurrence.start),
        end: micros(occurrence.end),
        recurrence_id: occurrence.recurrence_id,
        part: occurrence.part,
        start_civil: civil::to_datetime(occurrence.when.civil),
        end_civil: civil::to_datetime(end_civil),
        frame,
        all_day: frame == Frame::Date,
        floating: matches!(frame, Frame::Date | Frame::Floating),
    }
}

/// The closed stretch of whole seconds that covers a window.
pub(super) fn seconds(window: Window) -> (i64, i64) {
    (window.start.div_euclid(MICROS), window.end.div_euclid(MICROS).saturating_add(1))
}
