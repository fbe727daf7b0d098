//! Judges a recorded run. Pure: what was observed goes in, sentences about what is wrong come out; so each observation can be falsified
//! to show that the check would see it.

use crate::linear::{Verdict, judge};
use crate::model::{Event, Op, Outcome, State, When};
use crate::people::Replayed;
use std::collections::{BTreeMap, HashMap};

/// All that was observed.
#[derive(Debug, Clone)]
pub struct Record {
    /// What writers and readers asked and saw, and the last look at everything.
    pub events: Vec<Event>,
    /// What each name began with.
    pub start: HashMap<u32, State>,
    /// Readers.
    pub readers: Vec<Replayed>,
    /// The listing of each collection at the end: name and tag.
    pub listing: Vec<BTreeMap<u32, String>>,
    /// Answers that no working server gives.
    pub faults: Vec<String>,
}

/// A check and what it found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is promised.
    pub promise: &'static str,
    /// Where it is not kept; empty if it is.
    pub broken: Vec<String>,
    /// Names whose events show it.
    pub names: Vec<u32>,
}

impl Finding {
    fn new(promise: &'static str, broken: Vec<String>) -> Self {
        Finding { promise, broken, names: Vec::new() }
    }
}

/// Runs all checks.
pub fn all(record: &Record) -> Vec<Finding> {
    vec![orders(record), winners(record), replays(record), tokens(record), one_place(record), faults(record)]
}

/// No acknowledged write lost, no unacknowledged one half done, no change skipped, no stale answer: for each name there is one order
/// of all writes and sights.
fn orders(record: &Record) -> Finding {
    let mut names: BTreeMap<u32, Vec<Event>> = BTreeMap::new();
    for event in &record.events {
        names.entry(event.name).or_default().push(*event);
    }
    let judged = names.iter().filter_map(|(name, events)| {
        let start = record.start.get(name).copied().unwrap_or_default();
        match judge(events, start) {
            Verdict::Fine => None,
            Verdict::Broken(why) => Some((format!("n{name}, {} events: {why}", events.len()), *name)),
            Verdict::Undecided => Some((format!("n{name}, {} events: undecided", events.len()), *name)),
        }
    });
    let (broken, names) = judged.unzip();
    Finding { promise: "every name has one history that all writers and readers agree on", broken, names }
}

/// Of those who wrote with If-Match on one version, at most one was told that he won.
fn winners(record: &Record) -> Finding {
    let mut won: HashMap<(u32, usize, u32), usize> = HashMap::new();
    for event in &record.events {
        if let (
            Op::Put { at, when: When::Is(version), .. } | Op::Delete { at, when: When::Is(version) },
            Outcome::Status(201 | 204),
        ) = (event.op, event.outcome)
        {
            *won.entry((event.name, at, version)).or_default() += 1;
        }
    }
    let broken = won.into_iter().filter(|(_, winners)| *winners > 1).map(|((name, at, version), winners)| {
        format!("n{name} in p{at}: {winners} writers replaced version {version}")
    });
    Finding::new("of concurrent If-Match writers at most one wins", broken.collect())
}

/// Replaying the answers gives the listing.
fn replays(record: &Record) -> Finding {
    let mut broken = Vec::new();
    for (number, reader) in record.readers.iter().enumerate().filter(|(_, reader)| reader.answers > 0) {
        let Some(listing) = record.listing.get(reader.at) else { continue };
        let ghosts = reader.state.iter().filter(|(name, tag)| listing.get(name) != Some(tag));
        let missed = listing.iter().filter(|(name, _)| !reader.state.contains_key(name));
        let differ: Vec<String> = ghosts.chain(missed).take(5).map(|(name, _)| format!("n{name}")).collect();
        if !differ.is_empty() {
            broken.push(format!(
                "reader {number} of p{}: {} differ from the listing",
                reader.at,
                differ.join(", ")
            ));
        }
    }
    Finding::new("replaying sync answers gives the final listing", broken)
}

/// Tokens never go back.
fn tokens(record: &Record) -> Finding {
    let back = record.readers.iter().enumerate().filter_map(|(number, reader)| {
        let pair =
            reader.numbers.windows(2).find(|pair| matches!(pair, [before, after] if after < before))?;
        Some(format!("reader {number} of p{}: {pair:?}", reader.at))
    });
    Finding::new("sync tokens never go back", back.collect())
}

/// A version is in one place only: MOVE leaves exactly one.
fn one_place(record: &Record) -> Finding {
    let mut seen: HashMap<u32, (u32, usize)> = HashMap::new();
    let mut broken = Vec::new();
    let last = record.events.iter().map(|event| event.begin).max().unwrap_or(0);
    for event in record.events.iter().filter(|event| event.begin == last) {
        if let (Op::Read { at }, Outcome::Saw(version)) = (event.op, event.outcome)
            && version > 0
            && let Some((name, other)) = seen.insert(version, (event.name, at))
        {
            broken.push(format!("version {version} is n{name} in p{other} and n{} in p{at}", event.name));
        }
    }
    Finding::new("after MOVE a member is in exactly one place", broken)
}

/// No answer that a working server does not give.
fn faults(record: &Record) -> Finding {
    Finding::new("no torn content, no server error, no refused token", record.faults.clone())
}
