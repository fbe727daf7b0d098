//! Busy time: which stretches of a window an object takes, joined and sorted, and written as VFREEBUSY.
//!
//! RFC 4791 §7.10, RFC 5545 §3.6.4 and §3.2.9. Says when, never what. Knows neither rights nor storage: whose objects
//! count, and which calendars are left out, is the caller's matter.

mod events;

pub use events::busy_events;

use crate::text::ical::CalendarIndex;
use crate::text::ical::index::{ComponentKind, Part, Status};
use crate::text::line::write_folded;
use crate::text::recur::moment::write_local;
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::{MICROS, Zone};

pub use crate::text::ical::index::BusyKind;

/// A stretch of time `[start, end)` in microseconds UTC, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First instant that is taken.
    pub start: i64,
    /// First instant that is free again.
    pub end: i64,
    /// How it is taken; never free.
    pub kind: BusyKind,
}

/// Adds the time that one object takes within `window`, cut to it, to `into`; in no order, see [`merge`].
/// Dates and floating times are placed in `zone`.
///
/// Events count by TRANSP and STATUS of the instance at hand, VFREEBUSY objects by their periods; tasks and journals
/// take no time (RFC 4791 §7.10).
pub fn gather(
    index: &CalendarIndex,
    window: Window,
    zone: &Zone,
    budget: &mut Budget,
    into: &mut Vec<Period>,
) -> Result<(), Exhausted> {
    match index.kind {
        ComponentKind::Event if index.parts.iter().any(|part| taken_by(part) != BusyKind::Free) => {
            for instance in index.instances(window, zone, budget)? {
                let kind = index.parts.get(instance.part).map_or(BusyKind::Free, taken_by);
                push(into, window, instance.start, instance.end, kind);
            }
        }
        ComponentKind::FreeBusy => {
            for period in index.parts.iter().flat_map(|part| &part.free_busy) {
                push(into, window, period.start, period.end, period.kind);
            }
        }
        _ => {}
    }
    Ok(())
}

/// The table of RFC 4791 §7.10.
fn taken_by(part: &Part) -> BusyKind {
    match part.status {
        _ if part.transparent => BusyKind::Free,
        Status::Cancelled => BusyKind::Free,
        Status::Tentative => BusyKind::Tentative,
        _ => BusyKind::Busy,
    }
}

fn push(into: &mut Vec<Period>, window: Window, start: i64, end: i64, kind: BusyKind) {
    let (start, end) = (start.max(window.start), end.min(window.end));
    if kind != BusyKind::Free && start < end {
        into.push(Period { start, end, kind });
    }
}

/// Joins what touches or overlaps and is of one kind; sorts by time. Stretches of different kinds may overlap, as each
/// `FBTYPE` has a list of its own (RFC 4791 §7.10). One sort, then linear.
pub fn merge(mut periods: Vec<Period>) -> Vec<Period> {
    periods.sort_unstable_by_key(|period| period.start);
    let mut joined: Vec<Period> = Vec::with_capacity(periods.len());
    // Where in `joined` the last period of each kind stands.
    let mut last: [Option<usize>; 3] = [None; 3];
    for period in periods {
        let slot = match period.kind {
            BusyKind::Free => continue,
            BusyKind::Busy => &mut last[0],
            BusyKind::Unavailable => &mut last[1],
            BusyKind::Tentative => &mut last[2],
        };
        match slot.and_then(|at| joined.get_mut(at)) {
            Some(before) if period.start <= before.end => before.end = before.end.max(period.end),
            _ => {
                *slot = Some(joined.len());
                joined.push(period);
            }
        }
    }
    joined
}

/// What a VFREEBUSY says besides the periods.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// `METHOD`: `REPLY` to a scheduling request (RFC 6638 §5), none in a report.
    pub method: Option<&'a str>,
    /// Whole unfolded lines of the calendar around it.
    pub about: &'a [&'a str],
    /// Whole unfolded lines that are copied (`UID:…`, `ORGANIZER;CN=…:mailto:…`, `ATTENDEE:…`).
    pub lines: &'a [&'a str],
}

/// Writes a VCALENDAR with one VFREEBUSY; `window` should be closed, `dtstamp` is in microseconds UTC.
pub fn vfreebusy(window: Window, periods: &[Period], dtstamp: i64, answer: Answer<'_>) -> String {
    let mut out = String::with_capacity(256 + periods.len() * 64);
    out.push_str("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//Cenacle//EN\r\n");
    if let Some(method) = answer.method {
        write_folded(&mut out, &format!("METHOD:{method}"));
    }
    for line in answer.about {
        write_folded(&mut out, line);
    }
    out.push_str("BEGIN:VFREEBUSY\r\n");
    for line in answer.lines {
        write_folded(&mut out, line);
    }
    write_folded(&mut out, &format!("DTSTAMP:{}", utc(dtstamp)));
    if window.start != i64::MIN {
        write_folded(&mut out, &format!("DTSTART:{}", utc(window.start)));
    }
    if window.end != i64::MAX {
        write_folded(&mut out, &format!("DTEND:{}", utc(window.end)));
    }
    for period in periods {
        // Never so long that it would have to be folded.
        for piece in
            ["FREEBUSY;FBTYPE=", fbtype(period.kind), ":", &utc(period.start), "/", &utc(period.end), "\r\n"]
        {
            out.push_str(piece);
        }
    }
    out.push_str("END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
    out
}

const fn fbtype(kind: BusyKind) -> &'static str {
    match kind {
        BusyKind::Free => "FREE",
        BusyKind::Busy => "BUSY",
        BusyKind::Unavailable => "BUSY-UNAVAILABLE",
        BusyKind::Tentative => "BUSY-TENTATIVE",
    }
}

/// `YYYYMMDDTHHMMSSZ`.
fn utc(micros: i64) -> String {
    let mut text = write_local(micros.div_euclid(MICROS));
    text.push('Z');
    text
}

#[cfg(test)]
mod tests;
