//! How EXDATE, RDATE and RECURRENCE-ID are brought together with the instances of a master, whatever their value types.

use super::super::recur::civil::DAY;
use super::super::zone::Zone;
use super::index::{Exclusions, Frame, Part, When};

/// Of several overrides of one instance the last in the body counts.
pub(super) fn supersede(parts: &mut [Part]) {
    let mut seen = std::collections::HashSet::new();
    for part in parts.iter_mut().rev() {
        if let Some(id) = part.recurrence_id {
            part.superseded = !seen.insert((id.civil, id.frame));
        }
    }
}

/// How a RECURRENCE-ID or EXDATE is compared with the instances of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matched {
    /// Civil seconds in the frame of DTSTART.
    Civil(i64),
    /// Seconds UTC.
    Utc(i64),
    /// Day number.
    Day(i64),
}

impl Matched {
    /// Value types need not agree: instants are compared where both have one, days where one is a DATE.
    pub(super) fn of(anchor: When, other: When, zone: impl Fn(u16) -> Option<Zone>) -> Matched {
        if other.is_date() || anchor.is_date() {
            return Matched::Day(other.civil.div_euclid(DAY));
        }
        if anchor.frame == other.frame {
            return Matched::Civil(other.civil);
        }
        match (anchor.frame, other.frame) {
            (_, Frame::Utc) => Matched::Utc(other.civil),
            // A floating time, or one beside a floating DTSTART, can only mean the same clock.
            (Frame::Floating, _) => Matched::Civil(other.civil),
            (_, Frame::Zone(at)) => match zone(at) {
                Some(zone) => Matched::Utc(zone.utc_seconds(other.civil)),
                None => Matched::Civil(other.civil),
            },
            _ => Matched::Civil(other.civil),
        }
    }
}

impl Exclusions {
    pub(super) fn add(&mut self, matched: Matched) {
        match matched {
            Matched::Civil(at) => self.civil.push(at),
            Matched::Utc(at) => self.utc.push(at),
            Matched::Day(day) => self.days.push(day),
        }
    }

    pub(super) fn sort(&mut self) {
        for list in [&mut self.civil, &mut self.utc, &mut self.days] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// Whether the instance at civil second `civil`, instant `utc` (seconds), is excluded.
    pub(super) fn hold(&self, civil: i64, utc: i64) -> bool {
        let within = |list: &[i64], value: i64| !list.is_empty() && list.binary_search(&value).is_ok();
        within(&self.civil, civil) || within(&self.utc, utc) || within(&self.days, civil.div_euclid(DAY))
    }
}

/// An RDATE of another value type than DTSTART: a DATE takes the time of DTSTART, a time beside a DATE its day.
pub(super) fn like(when: When, anchor: When) -> When {
    match (when.is_date(), anchor.is_date()) {
        (true, false) => When { civil: when.civil + anchor.civil.rem_euclid(DAY), frame: anchor.frame },
        (false, true) => When { civil: when.civil.div_euclid(DAY) * DAY, frame: Frame::Date },
        _ => when,
    }
}
