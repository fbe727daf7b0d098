//! Lies about a recorded run, one observation each: a check that does not notice them would be worth nothing.

use crate::check::Record;
use crate::model::{Event, Op, Outcome, When};
use clap::ValueEnum;

/// What to lie about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lie {
    /// An acknowledged write is not there at the end
    LostWrite,
    /// A reader was not told of a change
    SkippedChange,
    /// A reader still holds a member that was deleted
    Ghost,
    /// Two writers were told that they replaced the same version
    LostUpdate,
    /// After MOVE the source is still there
    MoveLeftBoth,
    /// After MOVE neither is there
    MoveLeftNone,
    /// A token goes back
    TokenBack,
}

impl Lie {
    /// Changes one observation; `false` if this run has none that fits.
    pub fn tell(self, record: &mut Record) -> bool {
        match self {
            Lie::LostWrite => last_read(record, |_, version| version > 0).is_some_and(|event| see(event, 0)),
            Lie::SkippedChange => skip(record),
            Lie::Ghost => ghost(record),
            Lie::LostUpdate => lost_update(record),
            Lie::MoveLeftBoth => moved(record, true),
            Lie::MoveLeftNone => moved(record, false),
            Lie::TokenBack => token_back(record),
        }
    }
}

fn see(event: &mut Event, version: u32) -> bool {
    event.outcome = Outcome::Saw(version);
    true
}

/// The last look at everything that fits.
fn last_read(record: &mut Record, fits: impl Fn(&Event, u32) -> bool) -> Option<&mut Event> {
    let last = record.events.iter().map(|event| event.begin).max()?;
    record.events.iter_mut().find(|event| {
        event.begin == last && matches!((event.op, event.outcome), (Op::Read { .. }, Outcome::Saw(version)) if fits(event, version))
    })
}

/// A sight that a change came before is replaced by what was there before that change.
fn skip(record: &mut Record) -> bool {
    let writes: Vec<Event> =
        record.events.iter().filter(|event| matches!(event.outcome, Outcome::Status(204))).copied().collect();
    for write in writes {
        let Op::Put { at, version, when: When::Is(before) } = write.op else { continue };
        let seen = record.events.iter_mut().find(|event| {
            event.name == write.name
                && event.op == Op::Read { at }
                && event.begin > write.end
                && event.outcome == Outcome::Saw(version)
        });
        if let Some(seen) = seen {
            return see(seen, before);
        }
    }
    false
}

fn ghost(record: &mut Record) -> bool {
    for reader in record.readers.iter_mut().filter(|reader| reader.answers > 0) {
        let Some(listing) = record.listing.get(reader.at) else { continue };
        if let Some(absent) = (0..10_000).find(|name| !listing.contains_key(name)) {
            reader.state.insert(absent, "\"ghost\"".into());
            return true;
        }
    }
    false
}

fn lost_update(record: &mut Record) -> bool {
    let won = record.events.iter().find(|event| {
        matches!(event.op, Op::Put { when: When::Is(_), .. }) && event.outcome == Outcome::Status(204)
    });
    let Some(won) = won.copied() else { return false };
    let Op::Put { at, when, .. } = won.op else { return false };
    record.events.push(Event { op: Op::Put { at, version: u32::MAX, when }, ..won });
    true
}

/// Falsifies the last look at a name whose last write was an acknowledged MOVE.
fn moved(record: &mut Record, both: bool) -> bool {
    let mut last: std::collections::HashMap<u32, Event> = std::collections::HashMap::new();
    for event in record.events.iter().filter(|event| !matches!(event.op, Op::Read { .. })) {
        let known = last.entry(event.name).or_insert(*event);
        if event.begin > known.begin {
            *known = *event;
        }
    }
    let moves: Vec<(u32, usize, usize)> = last
        .values()
        .filter_map(|event| match (event.op, event.outcome) {
            (Op::Move { from, to, .. }, Outcome::Status(201 | 204)) => Some((event.name, from, to)),
            _ => None,
        })
        .collect();
    for (name, from, to) in moves {
        let there = last_read(record, |event, version| {
            event.name == name && event.op == Op::Read { at: to } && version > 0
        });
        let Some(version) = there.and_then(|event| match event.outcome {
            Outcome::Saw(version) => Some(version),
            _ => None,
        }) else {
            continue;
        };
        let (at, lie) = if both { (from, version) } else { (to, 0) };
        if let Some(event) = last_read(record, |event, _| event.name == name && event.op == Op::Read { at }) {
            return see(event, lie);
        }
    }
    false
}

fn token_back(record: &mut Record) -> bool {
    for reader in &mut record.readers {
        if let [first, .., last] = reader.numbers.as_mut_slice()
            && last > first
        {
            std::mem::swap(first, last);
            return true;
        }
    }
    false
}
