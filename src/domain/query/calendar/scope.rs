//! One object while a filter is checked against its text.

use super::super::{PropFilter, PropTest};
use super::{ComponentFilter, ComponentTest};
use crate::text::component::Component;
use crate::text::ical::index::Part;
use crate::text::ical::{CalendarIndex, RangeTarget, values};
use crate::text::line::Line;
use crate::text::recur::civil::{DAY, FIRST, LAST};
use crate::text::recur::moment::Moment;
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::{MICROS, Zone, resolve};

/// The object at hand.
pub(super) struct Scope<'s> {
    calendar: &'s Component<'s>,
    index: &'s CalendarIndex,
    zone: &'s Zone,
}

impl<'s> Scope<'s> {
    pub fn new(calendar: &'s Component<'s>, index: &'s CalendarIndex, zone: &'s Zone) -> Self {
        Scope { calendar, index, zone }
    }

    /// Whether a component directly in the VCALENDAR fits. What the index says of the time range as a whole must
    /// have been asked before.
    pub fn component_fits(&self, filter: &ComponentFilter, budget: &mut Budget) -> Result<bool, Exhausted> {
        let mut children = self.calendar.children_named(&filter.name);
        let ComponentTest::Defined { range, properties, components } = &filter.test else {
            return Ok(children.next().is_none());
        };
        let mut fit = vec![false; self.index.parts.len()];
        for child in children {
            let part = self.part_of(child);
            let fits = properties.iter().all(|property| self.property_fits(property, child))
                && self.nested_fit(components, child, part, budget)?;
            if fits && range.is_none() {
                return Ok(true);
            }
            if let Some(slot) = part.and_then(|part| fit.get_mut(part)) {
                *slot = fits;
            }
        }
        match range {
            None => Ok(false),
            Some(range) => self.any_overlaps(&fit, *range, budget),
        }
    }

    /// Whether one of the parts that `fit` has an instance in `range`.
    fn any_overlaps(&self, fit: &[bool], range: Window, budget: &mut Budget) -> Result<bool, Exhausted> {
        let Some(target) = RangeTarget::of(&[self.index.kind.name()]) else { return Ok(false) };
        if fit.iter().all(|fits| *fits) || !fit.contains(&true) {
            return Ok(fit.contains(&true));
        }
        if self.index.parts.iter().any(|part| part.this_and_future) {
            return self.any_instance_of(fit, range, budget);
        }
        budget.step(copying(self.index.parts.len()))?;
        let mut only = self.index.clone();
        for (part, fits) in only.parts.iter_mut().zip(fit) {
            if !fits {
                void(part, range);
            }
        }
        only.overlaps(target, range, self.zone, budget)
    }

    /// As [`Scope::any_overlaps`], where one part changes the instances of another: looks at the instances
    /// themselves, in stretches that grow, so that an endless series is not gathered whole.
    fn any_instance_of(&self, fit: &[bool], range: Window, budget: &mut Budget) -> Result<bool, Exhausted> {
        const YEAR: i64 = 366 * DAY;
        let last = range.end.min(LAST.saturating_mul(MICROS));
        let mut from = range.start.max(FIRST.saturating_mul(MICROS));
        let mut length = YEAR.saturating_mul(MICROS);
        while from < last {
            let to = from.saturating_add(length).min(last);
            let found = self.index.instances(Window::new(from, to), self.zone, budget)?;
            if found.iter().any(|instance| fit.get(instance.part) == Some(&true)) {
                return Ok(true);
            }
            from = to;
            length = length.saturating_mul(2);
        }
        Ok(false)
    }

    /// The index's part for a component of the body.
    fn part_of(&self, component: &Component<'_>) -> Option<usize> {
        part_at(self.index, component.span.start)
    }

    // Recursion is bounded by the depth of the filter, which `text::xml` limits.
    fn nested_fit(
        &self,
        filters: &[ComponentFilter],
        parent: &Component<'_>,
        part: Option<usize>,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        for filter in filters {
            let fits = match &filter.test {
                ComponentTest::NotDefined => parent.children_named(&filter.name).next().is_none(),
                ComponentTest::Defined { .. } => self.one_nested_fits(filter, parent, part, budget)?,
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn one_nested_fits(
        &self,
        filter: &ComponentFilter,
        parent: &Component<'_>,
        part: Option<usize>,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let ComponentTest::Defined { range, properties, components } = &filter.test else { return Ok(false) };
        let mut alarms = Vec::new();
        let mut readable = 0;
        for child in parent.children_named(&filter.name) {
            let goes_off = has_readable_trigger(child);
            if properties.iter().all(|property| self.property_fits(property, child))
                && self.nested_fit(components, child, None, budget)?
            {
                if range.is_none() {
                    return Ok(true);
                }
                if goes_off {
                    alarms.push(readable);
                }
            }
            readable += usize::from(goes_off);
        }
        match (range, part) {
            (Some(range), Some(part)) if !alarms.is_empty() => {
                self.alarm_goes_off(part, &alarms, *range, budget)
            }
            _ => Ok(false),
        }
    }

    /// Whether one of these alarms of a part goes off in `range`: asked of a copy of the index that has no others.
    fn alarm_goes_off(
        &self,
        part: usize,
        alarms: &[usize],
        range: Window,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let Some(target) = RangeTarget::of(&[self.index.kind.name(), "VALARM"]) else { return Ok(false) };
        budget.step(copying(self.index.parts.len()))?;
        let mut only = self.index.clone();
        for (at, other) in only.parts.iter_mut().enumerate() {
            if at == part {
                let mut ordinal = 0..;
                other.alarms.retain(|_| ordinal.next().is_some_and(|ordinal| alarms.contains(&ordinal)));
            } else {
                other.alarms.clear();
            }
        }
        only.overlaps(target, range, self.zone, budget)
    }

    /// Whether a property of the component fits.
    pub fn property_fits(&self, filter: &PropFilter, component: &Component<'_>) -> bool {
        let mut lines = component.lines_named(&filter.name);
        match &filter.test {
            PropTest::NotDefined => lines.next().is_none(),
            PropTest::Defined { range, text, params } => lines.any(|line| {
                text.as_ref().is_none_or(|text| text.matches(&line.text()))
                    && params.iter().all(|param| param.matches(line))
                    && range.is_none_or(|range| self.value_lies_in(line, range))
            }),
        }
    }

    /// The last rows of RFC 4791 §9.9: a date takes its day, a time is one instant.
    fn value_lies_in(&self, line: &Line<'_>, range: Window) -> bool {
        let within = |from: i64, to: i64| range.start < to && range.end > from;
        let micros = |seconds: i64| seconds.saturating_mul(MICROS);
        match Moment::parse(line.value()) {
            None => false,
            Some(Moment::Date(day)) => {
                let midnight = |day: i64| micros(self.zone.utc_seconds(day.saturating_mul(DAY)));
                within(midnight(day), midnight(day.saturating_add(1)))
            }
            Some(Moment::Utc(seconds)) => within(micros(seconds), micros(seconds).saturating_add(1)),
            Some(Moment::Local(civil)) => {
                let zones: Vec<_> = self.calendar.children_named("VTIMEZONE").collect();
                let named = line.param("TZID").and_then(|tzid| resolve(&tzid, &zones));
                let at = micros(named.as_ref().unwrap_or(self.zone).utc_seconds(civil));
                within(at, at.saturating_add(1))
            }
        }
    }
}

/// The part that begins at this byte of the body; parts stand in the order of the body.
pub(crate) fn part_at(index: &CalendarIndex, start: usize) -> Option<usize> {
    index.parts.binary_search_by_key(&start, |part| part.span.start as usize).ok()
}

/// Steps that a copy of an index costs.
const fn copying(parts: usize) -> u64 {
    parts as u64 * 8
}

/// Leaves of a part only that it stands for an instance (or for the master), nothing that overlaps `range`.
fn void(part: &mut Part, range: Window) {
    part.start = None;
    part.due = None;
    part.free_busy.clear();
    part.created = None;
    // A task without any date is always inside; one that was only completed is there where that was.
    part.completed = Some(if range.start > i64::MIN { i64::MIN } else { i64::MAX });
}

/// Alarms without a readable trigger never go off, and the index leaves them out.
fn has_readable_trigger(alarm: &Component<'_>) -> bool {
    let value = alarm.value("TRIGGER");
    value.is_some_and(|value| values::duration(value).is_some() || Moment::parse(value).is_some())
}
