//! The tables of RFC 4791 §9.9 and RFC 7953 §7.2: does a component overlap a time range?

use super::super::recur::{Budget, Exhausted, Window};
use super::super::zone::{MICROS, Zone};
use super::index::*;
use super::instances::seconds;
use super::series::{Occurrence, Series, micros, rough};
use std::ops::ControlFlow;

/// Which component of an object a time range is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeTarget {
    /// VEVENT
    Event,
    /// VTODO
    Todo,
    /// VJOURNAL
    Journal,
    /// VFREEBUSY
    FreeBusy,
    /// VAVAILABILITY (RFC 7953)
    Availability,
    /// AVAILABLE inside it
    Available,
    /// VALARM inside VEVENT
    EventAlarm,
    /// VALARM inside VTODO
    TodoAlarm,
}

impl RangeTarget {
    /// The target named by nested component filters below VCALENDAR, such as `["VEVENT", "VALARM"]`.
    pub fn of(path: &[&str]) -> Option<Self> {
        let upper: Vec<_> = path.iter().map(|name| name.to_ascii_uppercase()).collect();
        let names: Vec<_> = upper.iter().map(String::as_str).collect();
        Some(match names.as_slice() {
            ["VEVENT"] => RangeTarget::Event,
            ["VTODO"] => RangeTarget::Todo,
            ["VJOURNAL"] => RangeTarget::Journal,
            ["VFREEBUSY"] => RangeTarget::FreeBusy,
            ["VAVAILABILITY"] => RangeTarget::Availability,
            ["VAVAILABILITY", "AVAILABLE"] => RangeTarget::Available,
            ["VEVENT", "VALARM"] => RangeTarget::EventAlarm,
            ["VTODO", "VALARM"] => RangeTarget::TodoAlarm,
            _ => return None,
        })
    }

    fn kind(self) -> ComponentKind {
        match self {
            RangeTarget::Event | RangeTarget::EventAlarm => ComponentKind::Event,
            RangeTarget::Todo | RangeTarget::TodoAlarm => ComponentKind::Todo,
            RangeTarget::Journal => ComponentKind::Journal,
            RangeTarget::FreeBusy => ComponentKind::FreeBusy,
            RangeTarget::Availability | RangeTarget::Available => ComponentKind::Availability,
        }
    }
}

impl CalendarIndex {
    /// Whether any component of the kind `what` overlaps `window`, by the tables of RFC 4791 §9.9 with recurrence
    /// expanded; stops at the first that does. `zone` is the collection's.
    pub fn overlaps(
        &self,
        what: RangeTarget,
        window: Window,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        if self.kind != what.kind() {
            return Ok(false);
        }
        match what {
            RangeTarget::Event | RangeTarget::Journal => {
                self.any_instance(&self.parts, window, zone, budget, &|_, start, end| {
                    touches(start, end, window)
                })
            }
            RangeTarget::Todo => {
                if self
                    .parts
                    .iter()
                    .any(|part| part.anchor().is_none() && dateless_task_touches(part, window))
                {
                    return Ok(true);
                }
                self.any_instance(&self.parts, window, zone, budget, &|part, start, end| {
                    task_touches(part, start, end, window)
                })
            }
            RangeTarget::FreeBusy => {
                Ok(self.parts.iter().any(|part| self.free_busy_touches(part, window, zone)))
            }
            RangeTarget::Availability => Ok(self.parts.iter().any(|part| {
                let bounds = self.bounds(part, zone);
                window.start < bounds.end && window.end > bounds.start
            })),
            RangeTarget::Available => {
                for group in self.parts.iter().flat_map(|part| &part.available) {
                    if self.any_instance(group, window, zone, budget, &|_, start, end| {
                        touches(start, end, window)
                    })? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            RangeTarget::EventAlarm | RangeTarget::TodoAlarm => self.alarm_touches(window, zone, budget),
        }
    }

    fn any_instance(
        &self,
        parts: &[Part],
        window: Window,
        zone: &Zone,
        budget: &mut Budget,
        test: &dyn Fn(&Part, i64, i64) -> bool,
    ) -> Result<bool, Exhausted> {
        let (from, to) = seconds(window);
        let series = Series::new(parts, &self.zones, zone);
        let end = series.visit(from, to, budget, &mut |occurrence| {
            let part = parts.get(occurrence.part);
            let hit = part.is_some_and(|part| test(part, micros(occurrence.start), micros(occurrence.end)));
            if hit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(end.is_break())
    }

    fn free_busy_touches(&self, part: &Part, window: Window, zone: &Zone) -> bool {
        if let (Some(start), Some(end)) = (part.start, part.end) {
            let (start, end) = (self.instant(start, zone), self.instant(end, zone));
            return window.start <= end && window.end > start;
        }
        part.free_busy.iter().any(|period| window.start < period.end && window.end > period.start)
    }

    fn alarm_touches(&self, window: Window, zone: &Zone, budget: &mut Budget) -> Result<bool, Exhausted> {
        let Some((least, most)) = self.alarm_reach() else { return Ok(false) };
        let absolute = self.parts.iter().flat_map(|part| &part.alarms).any(|alarm| match alarm.trigger {
            Trigger::At(when) => rings(alarm, self.instant(when, zone), window),
            _ => false,
        });
        if absolute {
            return Ok(true);
        }
        let (from, to) = seconds(window);
        let series = Series::new(&self.parts, &self.zones, zone);
        let end =
            series.visit(from.saturating_sub(most), to.saturating_sub(least), budget, &mut |occurrence| {
                let alarms =
                    self.parts.get(occurrence.part).map(|part| part.alarms.as_slice()).unwrap_or_default();
                let hit = alarms.iter().any(|alarm| alarm_rings(&series, &occurrence, alarm, window));
                if hit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        Ok(end.is_break())
    }

    /// Between how many seconds before and after the start or end of an instance its relative alarms may ring;
    /// `None` without alarms.
    pub(super) fn alarm_reach(&self) -> Option<(i64, i64)> {
        self.parts.iter().flat_map(|part| &part.alarms).fold(None, |reach, alarm| {
            let (least, most) = reach.unwrap_or((0, 0));
            let (Trigger::Start(offset) | Trigger::End(offset)) = alarm.trigger else {
                return Some((least, most));
            };
            let last = i64::from(alarm.repeat).saturating_mul(alarm.every.rough_seconds());
            let slack = rough(Length::Nominal(offset)) - offset.rough_seconds();
            let early = offset.rough_seconds().saturating_sub(slack);
            let late = offset.rough_seconds().saturating_add(slack).saturating_add(last);
            Some((least.min(early), most.max(late)))
        })
    }
}

/// An event, an entry of a journal or an AVAILABLE. What has no length is inside where it starts.
pub(super) fn touches(start: i64, end: i64, window: Window) -> bool {
    if end > start {
        window.start < end && window.end > start
    } else {
        window.start <= start && window.end > start
    }
}

/// The rows of the VTODO table that have DTSTART or DUE; `end` is DTSTART+DURATION or DUE.
pub(super) fn task_touches(part: &Part, start: i64, end: i64, window: Window) -> bool {
    match (part.start, part.due, part.duration) {
        (None, _, _) => window.start < end && window.end >= end,
        (Some(_), Some(_), _) => {
            (window.start < end || window.start <= start) && (window.end > start || window.end >= end)
        }
        (Some(_), None, Some(_)) => window.start <= end && (window.end > start || window.end >= end),
        (Some(_), None, None) => window.start <= start && window.end > start,
    }
}

/// The rows of the VTODO table without DTSTART and DUE.
fn dateless_task_touches(part: &Part, window: Window) -> bool {
    match (part.completed, part.created) {
        (Some(completed), Some(created)) => {
            (window.start <= created || window.start <= completed)
                && (window.end >= created || window.end >= completed)
        }
        (Some(completed), None) => window.start <= completed && window.end >= completed,
        (None, Some(created)) => window.end > created,
        (None, None) => true,
    }
}

fn alarm_rings(series: &Series<'_>, occurrence: &Occurrence, alarm: &AlarmIndex, window: Window) -> bool {
    let (offset, instant) = match alarm.trigger {
        Trigger::Start(offset) => (offset, occurrence.start),
        Trigger::End(offset) => (offset, occurrence.end),
        // Looked at once for the part.
        Trigger::At(_) => return false,
    };
    let first = if offset.days == 0 {
        instant.saturating_add(offset.seconds)
    } else {
        let frame = occurrence.when.frame;
        let civil = series.zone(frame).civil_seconds(instant);
        series.after(When { civil, frame }, offset)
    };
    rings(alarm, micros(first), window)
}

/// Whether an alarm that first rings at `first` (microseconds) rings in the window, repeats included.
fn rings(alarm: &AlarmIndex, first: i64, window: Window) -> bool {
    if first >= window.end {
        return false;
    }
    if first >= window.start {
        return true;
    }
    let every = alarm.every.rough_seconds().saturating_mul(MICROS);
    if alarm.repeat == 0 || every <= 0 {
        return false;
    }
    let missing = i128::from(window.start) - i128::from(first);
    let times = (missing + i128::from(every) - 1) / i128::from(every);
    let next = i128::from(first) + times * i128::from(every);
    times <= i128::from(alarm.repeat) && next < i128::from(window.end)
}
