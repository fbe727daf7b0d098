//! Whether there is an order of a name's events that respects time and gives every answer that was given.
//!
//! The search of Wing and Gong with the memory of Lowe: events taken one at a time in an order in which each could have been first, a
//! set of events and a state never looked at twice. What was never answered may take effect at any later moment, or not at all.

use crate::model::{Event, NEVER, State};
use std::collections::HashSet;

/// Steps for one name at most; beyond, the name is undecided.
const STEPS: usize = 20_000_000;

/// The verdict on a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Fine,
    /// There is none; the furthest point that any order reaches: the event that does not fit, and the state there.
    Broken(String),
    /// The search was given up.
    Undecided,
}

/// Judges the events of one name, that began in `start`.
pub fn judge(events: &[Event], start: State) -> Verdict {
    let mut events: Vec<Event> = events.to_vec();
    events.sort_by_key(|event| event.begin);
    let answered = events.iter().filter(|event| event.end != NEVER).count();
    let mut search = Search {
        events: &events,
        done: vec![0; events.len().div_ceil(64)],
        seen: HashSet::new(),
        furthest: (0, String::new()),
    };
    // Frames: the state before, the events that may come next, the one that was taken.
    let mut frames = vec![Frame { state: start, first: 0, next: search.candidates(0), taken: None }];
    let mut left = answered;
    let mut steps = 0;
    while let Some(frame) = frames.last_mut() {
        if left == 0 {
            return Verdict::Fine;
        }
        steps += 1;
        if steps > STEPS {
            return Verdict::Undecided;
        }
        let Some(at) = frame.next.pop() else {
            let taken = frame.taken;
            frames.pop();
            if let Some(at) = taken {
                search.set(at, false);
                left += usize::from(search.events.get(at).is_some_and(|event| event.end != NEVER));
            }
            continue;
        };
        let Some(event) = search.events.get(at) else { continue };
        let state = frame.state;
        let first = frame.first;
        match event.apply(state) {
            None => search.note(answered - left, || format!("{event:?} does not fit {state:?}")),
            Some(after) => {
                search.set(at, true);
                let first = search.first_open(first);
                if search.is_new(first, after) {
                    left -= usize::from(event.end != NEVER);
                    let next = search.candidates(first);
                    frames.push(Frame { state: after, first, next, taken: Some(at) });
                } else {
                    search.set(at, false);
                }
            }
        }
    }
    Verdict::Broken(search.furthest.1)
}

struct Frame {
    state: State,
    first: usize,
    next: Vec<usize>,
    taken: Option<usize>,
}

struct Search<'e> {
    events: &'e [Event],
    done: Vec<u64>,
    seen: HashSet<(usize, Vec<u64>, State)>,
    furthest: (usize, String),
}

impl Search<'_> {
    fn is_done(&self, at: usize) -> bool {
        self.done.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn set(&mut self, at: usize, done: bool) {
        if let Some(word) = self.done.get_mut(at / 64) {
            if done { *word |= 1 << (at % 64) } else { *word &= !(1 << (at % 64)) }
        }
    }

    fn first_open(&self, mut from: usize) -> usize {
        while from < self.events.len() && self.is_done(from) {
            from += 1;
        }
        from
    }

    /// Those that nothing open ended before: each may be the next. The one that ended first is tried first.
    fn candidates(&self, first: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut earliest = NEVER;
        for (at, event) in self.events.iter().enumerate().skip(first) {
            if event.begin > earliest {
                break;
            }
            if !self.is_done(at) {
                earliest = earliest.min(event.end);
                found.push(at);
            }
        }
        found.retain(|at| self.events.get(*at).is_some_and(|event| event.begin <= earliest));
        found.sort_by_key(|at| std::cmp::Reverse(self.events.get(*at).map_or(NEVER, |event| event.end)));
        found
    }

    /// Whether this set of events and this state were never looked at. What is before `first` is all done and need not be kept;
    /// unanswered events that were left behind hold `first` back, so the whole set is compared from its word on.
    fn is_new(&mut self, first: usize, state: State) -> bool {
        let words = self.done.get(first / 64..).unwrap_or_default();
        let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        let key = (first, words.get(..used).unwrap_or_default().to_vec(), state);
        self.seen.insert(key)
    }

    fn note(&mut self, depth: usize, text: impl FnOnce() -> String) {
        if depth >= self.furthest.0 || self.furthest.1.is_empty() {
            self.furthest = (depth, text());
        }
    }
}
