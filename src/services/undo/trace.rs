//! From the log, read backwards, to what each item was. Knows no data but the entries that it is handed.

use crate::domain::device;
use crate::domain::id::PrincipalId;
use crate::store::{Happened, LogEntry};
use std::collections::HashMap;

/// Entries that are read at a time.
pub const PAGE: i64 = 1_000;
/// How much earlier than an entry one of a smaller number may have been: a transaction takes its time when it begins, and its numbers
/// when it has the lock. Microseconds.
const SLACK: i64 = 600 * 1_000_000;

/// What an item was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// What it is: only what clients keep on it has changed.
    Same,
    /// Not there.
    Absent,
    /// The content in this row.
    Content(i64),
}

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// What it was before what is undone.
    pub then: Then,
    /// Something that is to be undone has been met.
    pub met: bool,
    /// Something that stays has been met, above or between.
    pub shut: bool,
    /// The newest entry is one that stays, and below it is one that is to be undone.
    pub covered: bool,
}

/// What is known of all items.
pub struct Traces {
    as_of: i64,
    device: Option<(PrincipalId, String)>,
    items: HashMap<String, Trace>,
}

impl Traces {
    /// Nothing yet. With a device only what it did counts.
    pub fn new(as_of: i64, device: Option<(PrincipalId, String)>) -> Self {
        Traces { as_of, device, items: HashMap::new() }
    }

    /// Items that something happened to.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Takes the next older entry; whether still older ones may matter.
    pub fn take(&mut self, entry: LogEntry) -> bool {
        if entry.at <= self.as_of {
            return entry.at > self.as_of - SLACK;
        }
        let ours = self.device.as_ref().is_none_or(|(who, key)| {
            entry.actor == *who && entry.device.as_deref().is_some_and(|text| device::key(text) == key)
        });
        let fresh = Trace { then: Then::Same, met: false, shut: false, covered: false };
        let trace = self.items.entry(entry.name).or_insert(fresh);
        match ours {
            false => trace.shut = true,
            true if trace.shut => trace.covered |= !trace.met,
            true => {
                trace.met = true;
                trace.then = match (entry.what, entry.version) {
                    (Happened::Created, _) => Then::Absent,
                    (_, Some(row)) => Then::Content(row),
                    (_, None) => trace.then,
                };
            }
        }
        true
    }

    /// The items that matter, in the order of their names.
    pub fn into_items(self) -> Vec<(String, Trace)> {
        let mut items: Vec<(String, Trace)> =
            self.items.into_iter().filter(|(_, trace)| trace.met || trace.covered).collect();
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries as `(device, what, version, at)`, the newest first.
    fn traced(device: Option<&str>, entries: &[(&str, Happened, Option<i64>, i64)]) -> Option<Trace> {
        let mut traces = Traces::new(100, device.map(|key| (PrincipalId(1), key.to_owned())));
        for (number, (device, what, version, at)) in (0..).zip(entries) {
            traces.take(LogEntry {
                modseq: 1000 - number,
                name: "a".into(),
                what: *what,
                etag: None,
                actor: PrincipalId(1),
                door: 1,
                device: Some((*device).to_owned()),
                at: *at,
                version: *version,
            });
        }
        traces.into_items().pop().map(|(_, trace)| trace)
    }

    #[test]
    fn the_oldest_change_after_the_moment_tells() {
        use Happened::{Changed, Created, Removed};
        let then =
            |entries: &[(&str, Happened, Option<i64>, i64)]| traced(None, entries).map(|trace| trace.then);
        assert_eq!(
            then(&[("x", Changed, Some(7), 120), ("x", Changed, Some(6), 110), ("x", Created, None, 90)]),
            Some(Then::Content(6))
        );
        assert_eq!(then(&[("x", Changed, Some(7), 120), ("x", Created, None, 110)]), Some(Then::Absent));
        assert_eq!(then(&[("x", Created, None, 120), ("x", Removed, Some(5), 110)]), Some(Then::Content(5)));
        assert_eq!(then(&[("x", Changed, None, 120)]), Some(Then::Same));
        assert_eq!(then(&[("x", Changed, Some(7), 120), ("x", Changed, None, 110)]), Some(Then::Content(7)));
        assert_eq!(then(&[("x", Changed, Some(7), 100)]), None, "the moment itself counts as before");
    }

    #[test]
    fn only_what_lies_on_top_of_a_device_covers_it() {
        use Happened::Changed;
        let one = traced(
            Some("x"),
            &[("x y", Changed, Some(7), 120), ("x", Changed, Some(6), 115), ("z", Changed, Some(5), 110)],
        );
        assert_eq!(one.map(|trace| (trace.then, trace.covered)), Some((Then::Content(6), false)));
        let under = traced(Some("x"), &[("z", Changed, Some(7), 120), ("x", Changed, Some(6), 110)]);
        assert_eq!(under.map(|trace| (trace.met, trace.covered)), Some((false, true)));
        let between =
            [("x", Changed, Some(8), 130), ("z", Changed, Some(7), 120), ("x", Changed, Some(6), 110)];
        assert_eq!(traced(Some("x"), &between).map(|trace| trace.then), Some(Then::Content(8)));
        assert_eq!(traced(Some("x"), &[("z", Changed, Some(7), 120)]), None);
    }

    #[test]
    fn reading_ends_well_before_the_moment() {
        let mut traces = Traces::new(SLACK * 2, None);
        let mut entry = LogEntry {
            modseq: 1,
            name: "a".into(),
            what: Happened::Created,
            etag: None,
            actor: PrincipalId(1),
            door: 1,
            device: None,
            at: SLACK * 2,
            version: None,
        };
        assert!(traces.take(entry.clone()));
        entry.at = SLACK;
        assert!(!traces.take(entry));
    }
}
