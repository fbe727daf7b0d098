//! Between which instants an object can matter at all: the complete pre-screen of time ranges.

use super::super::recur::Pattern;
use super::super::recur::{Rule, Until};
use super::super::zone::Zone;
use super::index::*;
use super::season;
use super::series::{Series, micros, rough, until};

/// No zone is further from UTC than 14 hours east or 12 west; one more to be safe. Seconds.
const FLOATING: i64 = 15 * 3_600;

/// Where an object lies in time, in microseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// No test of this object in any collection can be true for a window that ends before this.
    pub first: i64,
    /// Nor for one that starts after this; `i64::MAX` where it recurs without end.
    pub last: i64,
    /// Whether it has or replaces instances of a series.
    pub recurring: bool,
    /// In which parts of a year it can lie, as bits (see `season`): no test can be true for a window that has none of them.
    pub season: i64,
}

impl Span {
    /// All time.
    pub const ANY: Span = Span { first: i64::MIN, last: i64::MAX, recurring: false, season: season::ANY };
}

impl CalendarIndex {
    /// The span of all instances, alarms included: every object for which [`CalendarIndex::overlaps`] or
    /// [`CalendarIndex::instances`] finds something in a window has `first < window.end && last > window.start`,
    /// whatever the zone of the collection.
    pub fn span(&self) -> Span {
        let recurring = self.parts.iter().any(|part| part.is_recurring() || part.recurrence_id.is_some());
        let series = Series::new(&self.parts, &self.zones, &Zone::Utc);
        let mut range = Range { first: i64::MAX, last: i64::MIN };
        for part in &self.parts {
            self.cover(&series, part, &mut range);
        }
        let (least, most) = self.alarm_reach().unwrap_or((0, 0));
        let mut first = range.first.saturating_add(micros(least));
        let mut last =
            if range.last == i64::MAX { i64::MAX } else { range.last.saturating_add(micros(most)) };
        for alarm in self.parts.iter().flat_map(|part| &part.alarms) {
            if let Trigger::At(when) = alarm.trigger {
                let (from, to) = self.place(&series, when);
                let repeats = i64::from(alarm.repeat).saturating_mul(alarm.every.rough_seconds());
                first = first.min(micros(from));
                last = last.max(micros(to.saturating_add(repeats)));
            }
        }
        if first > last {
            (first, last) = (i64::MIN, i64::MAX);
        }
        // A microsecond more on both sides: some rows of the tables include the ends.
        Span {
            first: first.saturating_sub(1),
            last: last.saturating_add(1),
            recurring,
            season: self.season(),
        }
    }

    /// Seconds UTC between which `when` lies, whatever the collection's zone.
    fn place(&self, series: &Series<'_>, when: When) -> (i64, i64) {
        let floats = match when.frame {
            Frame::Date | Frame::Floating => true,
            Frame::Zone(at) => matches!(self.zones.get(usize::from(at)), Some(ZoneRef::Unknown(_)) | None),
            Frame::Utc => false,
        };
        let utc = series.utc(when);
        if floats { (utc - FLOATING, utc + FLOATING) } else { (utc, utc) }
    }

    fn cover(&self, series: &Series<'_>, part: &Part, range: &mut Range) {
        match self.kind {
            ComponentKind::Other(_) => return range.open(),
            ComponentKind::FreeBusy => {
                for period in &part.free_busy {
                    range.micros(period.start, period.end);
                }
            }
            ComponentKind::Availability => {
                if part.start.is_none() {
                    range.first = i64::MIN;
                }
                if part.end.is_none() && part.length == Length::Zero {
                    range.last = i64::MAX;
                }
                if let Some(end) = part.end {
                    let (from, to) = self.place(series, end);
                    range.seconds(from, to);
                }
                // An AVAILABLE may lie anywhere, also beyond the bounds of its parent.
                if !part.available.is_empty() {
                    return range.open();
                }
            }
            _ => {}
        }
        let Some(anchor) = part.anchor() else {
            if part.free_busy.is_empty() && self.kind != ComponentKind::Availability {
                dateless(part, range);
            }
            return;
        };
        let (from, to) = self.place(series, anchor);
        let (shift, longest) = self.changes(part);
        range.seconds(from.saturating_sub(shift), to.saturating_add(longest).saturating_add(shift));
        for extra in &part.rdates {
            let (from, to) = self.place(series, extra.start);
            let length = extra.length.map_or(longest, |length| rough(length).max(longest));
            range.seconds(from.saturating_sub(shift), to.saturating_add(length).saturating_add(shift));
        }
        for rule in &part.rules {
            match last_of(rule, anchor, series) {
                None => range.last = i64::MAX,
                Some(civil) => {
                    let (_, to) = self.place(series, When { civil, frame: anchor.frame });
                    range.seconds(from, to.saturating_add(longest).saturating_add(shift));
                }
            }
        }
    }

    /// How far instances of a master may be moved by THISANDFUTURE, and how long they may last. Seconds.
    fn changes(&self, master: &Part) -> (i64, i64) {
        let mut shift = 0_i64;
        let mut longest = rough(master.length);
        if master.recurrence_id.is_some() {
            return (shift, longest);
        }
        for part in self.parts.iter().filter(|part| part.this_and_future) {
            if let (Some(id), Some(start)) = (part.recurrence_id, part.anchor()) {
                // Two clocks may stand 26 hours apart, and a DATE beside a time hides up to a day.
                let moved = (start.civil - id.civil).saturating_abs().saturating_add(3 * 26 * 3_600);
                shift = shift.max(moved);
                longest = longest.max(rough(part.length));
            }
        }
        (shift, longest)
    }
}

/// Microseconds UTC covered so far.
struct Range {
    first: i64,
    last: i64,
}

impl Range {
    fn open(&mut self) {
        self.first = i64::MIN;
        self.last = i64::MAX;
    }

    fn micros(&mut self, from: i64, to: i64) {
        self.first = self.first.min(from);
        self.last = self.last.max(to);
    }

    fn seconds(&mut self, from: i64, to: i64) {
        self.micros(micros(from), micros(to));
    }
}

/// Tasks by COMPLETED and CREATED as the table of RFC 4791 §9.9 has them; all time for everything else.
fn dateless(part: &Part, range: &mut Range) {
    match (part.completed, part.created) {
        (Some(completed), Some(created)) => range.micros(completed.min(created), completed.max(created)),
        (Some(completed), None) => range.micros(completed, completed),
        (None, Some(created)) => range.micros(created, i64::MAX),
        (None, None) => range.open(),
    }
}

/// Civil seconds that no instance of a rule comes after; `None` where there is no such time.
fn last_of(rule: &Rule, anchor: When, series: &Series<'_>) -> Option<i64> {
    if rule.rscale_unsupported || rule.count == Some(0) {
        return Some(anchor.civil);
    }
    let by_until = match rule.until {
        None => i64::MAX,
        Some(Until::Utc(_)) => until(rule, anchor, series.zone(anchor.frame)).0,
        Some(_) => Pattern::new(rule, anchor.civil).civil_until(),
    };
    let last = match rule.count {
        Some(_) => rule.last.unwrap_or(i64::MAX).min(by_until),
        None => by_until,
    };
    (last < i64::MAX).then_some(last.max(anchor.civil))
}
