//! The history checker's own search (`examples/history/linear.rs`): an order is found where there is one, and none where there is none.

#[path = "../../examples/history/linear.rs"]
mod linear;
#[path = "../../examples/history/model.rs"]
#[allow(dead_code, reason = "the search needs a part of it")]
mod model;

use linear::{Verdict, judge};
use model::{Event, Op, Outcome, State, When};

const EMPTY: State = [0; 3];

fn put(version: u32, begin: u64, end: u64, outcome: Outcome) -> Event {
    Event { name: 0, op: Op::Put { at: 0, version, when: When::Always }, begin, end, outcome }
}

fn saw(version: u32, begin: u64, end: u64) -> Event {
    Event { name: 0, op: Op::Read { at: 0 }, begin, end, outcome: Outcome::Saw(version) }
}

#[test]
fn overlapping_writes_may_have_any_order_that_fits() {
    let (one, two) = (put(1, 0, 10, Outcome::Status(204)), put(2, 0, 10, Outcome::Status(201)));
    assert_eq!(judge(&[one, two, saw(1, 20, 30)], EMPTY), Verdict::Fine);
    assert!(matches!(judge(&[one, two, saw(2, 20, 30)], EMPTY), Verdict::Broken(_)));
}

#[test]
fn what_was_not_answered_may_be_done_until_its_end_or_never() {
    let lost = put(1, 0, 100, Outcome::Unknown);
    for sights in [vec![saw(0, 10, 20), saw(1, 30, 40)], vec![saw(0, 150, 160)], vec![saw(1, 150, 160)]] {
        let mut events = vec![lost];
        events.extend(&sights);
        assert_eq!(judge(&events, EMPTY), Verdict::Fine, "{sights:?}");
    }
    let late = [lost, saw(0, 110, 120), saw(1, 130, 140)];
    assert!(matches!(judge(&late, EMPTY), Verdict::Broken(_)));
    let back = [lost, saw(1, 10, 20), saw(0, 30, 40)];
    assert!(matches!(judge(&back, EMPTY), Verdict::Broken(_)));
}

#[test]
fn a_long_history_with_much_at_once_is_decided() {
    // Some writers at a time, now and then one without an answer, and readers who saw the newest.
    let mut events = Vec::new();
    for turn in 0..5_000_u32 {
        let at = u64::from(turn) * 100;
        for lane in 0..4 {
            let lost = lane == 1 && turn % 10 == 0;
            let outcome = match lost {
                true => Outcome::Unknown,
                false => Outcome::Status(if turn == 0 && lane == 0 { 201 } else { 204 }),
            };
            let end = at + if lost { 1_500 } else { 50 + u64::from(lane) };
            events.push(put(turn * 4 + lane + 1, at, end, outcome));
        }
        events.push(saw(turn * 4 + 4, at + 60, at + 99));
    }
    assert_eq!(judge(&events, EMPTY), Verdict::Fine);
    events.push(saw(1, 600_000, 600_001));
    assert!(matches!(judge(&events, EMPTY), Verdict::Broken(_)));
}
