//! Whether there is an order of a name's events that respects time and gives every answer that was given.
//!
//! The search of Wing and Gong with the memory of Lowe: events taken one at a time in an order in which each could have been first, a
//! set of events and a state never looked at twice. What was never answered took effect before its end, or not at all. An event that fits
//! and changes nothing is taken at once: no order is lost by that, for it hinders no other. So only writes branch, and
//! the cost follows how many of them overlap, not how long the history is.

use super::model::{Event, Outcome, State};
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
    let mut search = Search {
        events: &events,
        done: vec![0; events.len().div_ceil(64)],
        seen: HashSet::new(),
        furthest: (0, String::new()),
    };
    // The events taken so far on the way to the frame on top.
    let mut depth = 0;
    let mut frames = vec![search.frame(start, 0, None)];
    let mut steps = 0;
    while let Some(frame) = frames.last_mut() {
        if frame.first == events.len() {
            return Verdict::Fine;
        }
        steps += 1;
        if steps > STEPS {
            return Verdict::Undecided;
        }
        let Some((at, after)) = frame.next.pop() else {
            if let Some(at) = frame.taken {
                search.set(at, false);
                depth -= 1;
            }
            frames.pop();
            continue;
        };
        search.set(at, true);
        let first = search.next_open(frame.first);
        if search.is_new(first, after) {
            depth += 1;
            let next = search.frame(after, first, Some(at));
            if next.next.is_empty() && first < events.len() {
                search.note(depth, first, after);
            }
            frames.push(next);
        } else {
            search.set(at, false);
        }
    }
    Verdict::Broken(search.furthest.1)
}

/// A point of the search: all before `first` is done.
struct Frame {
    first: usize,
    /// The events that may come next, with the state after each; the last one is tried first.
    next: Vec<(usize, State)>,
    /// The event that led here.
    taken: Option<usize>,
}

struct Search<'e> {
    events: &'e [Event],
    done: Vec<u64>,
    seen: HashSet<(usize, Vec<u64>, State)>,
    furthest: (usize, String),
}

impl Search<'_> {
    fn set(&mut self, at: usize, done: bool) {
        if let Some(word) = self.done.get_mut(at / 64) {
            if done { *word |= 1 << (at % 64) } else { *word &= !(1 << (at % 64)) }
        }
    }

    /// The first event from here on that is not done; the number of events if all are.
    fn next_open(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(word) = self.done.get(at / 64) {
            let open = !word >> (at % 64);
            if open != 0 {
                return (at + open.trailing_zeros() as usize).min(self.events.len());
            }
            at = (at / 64 + 1) * 64;
        }
        self.events.len()
    }

    /// Those that nothing open ended before: each may be the next.
    fn candidates(&self, first: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut earliest = u64::MAX;
        let mut at = first;
        while let Some(event) = self.events.get(at)
            && event.begin <= earliest
        {
            earliest = earliest.min(event.end);
            found.push(at);
            at = self.next_open(at + 1);
        }
        found.retain(|at| self.events.get(*at).is_some_and(|event| event.begin <= earliest));
        found
    }

    fn frame(&self, state: State, first: usize, taken: Option<usize>) -> Frame {
        let mut next: Vec<(u64, usize, State)> = Vec::new();
        for at in self.candidates(first) {
            let Some(event) = self.events.get(at) else { continue };
            let unanswered = event.outcome == Outcome::Unknown;
            match event.apply(state) {
                Some(after) if after == state && !unanswered => {
                    return Frame { first, next: vec![(at, after)], taken };
                }
                Some(after) if after != state => next.push((event.end, at, after)),
                _ => {}
            }
            if unanswered {
                next.push((event.end, at, state));
            }
        }
        // The one that ended first is tried first: mostly it was.
        next.sort_by_key(|(end, ..)| std::cmp::Reverse(*end));
        Frame { first, next: next.into_iter().map(|(_, at, after)| (at, after)).collect(), taken }
    }

    /// Whether this set of events and this state were never looked at. All before `first` is done and need not be kept.
    fn is_new(&mut self, first: usize, state: State) -> bool {
        let words = self.done.get(first / 64..).unwrap_or_default();
        let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        let key = (first, words.get(..used).unwrap_or_default().to_vec(), state);
        self.seen.insert(key)
    }

    /// Remembers where nothing fits, if no order came further.
    fn note(&mut self, depth: usize, first: usize, state: State) {
        if depth >= self.furthest.0 || self.furthest.1.is_empty() {
            let stuck: Vec<&Event> =
                self.candidates(first).into_iter().filter_map(|at| self.events.get(at)).collect();
            self.furthest = (depth, format!("of {stuck:?} none fits {state:?}"));
        }
    }
}
