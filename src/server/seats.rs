//! Which webhooks may be served beside which others, on one node: a bounded number, and fair.
//!
//! Who is served at once is not told apart from who is not until he has taken his time. So seats are counted twice: those taken not long
//! ago, which bound how much is begun at a time, and all, which bound what slow and dead targets hold. The former come free by time alone,
//! whatever a target does. Knows neither messages nor clocks.

use crate::domain::id::PrincipalId;
use crate::services::Due;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::Id;

/// Webhooks that were taken up within [`QUICK`].
const AT_A_TIME: usize = 32;
/// What a target that is well does not take longer than.
const QUICK: Duration = Duration::from_secs(1);
/// Webhooks that are served, however slowly.
const ALL: usize = 256;
/// Of these, webhooks whose last message was not received.
const FAILING: usize = 96;
/// Webhooks of one account.
const OF_OWNER: usize = 4;
/// Webhooks with one host.
const OF_TARGET: usize = 8;

/// Who is served.
#[derive(Debug, Default)]
pub struct Seats {
    taken: HashMap<Id, (Due, Instant)>,
}

impl Seats {
    /// Whether this one can be served now.
    pub fn are_free_for(&self, due: &Due, now: Instant) -> bool {
        let others = || self.taken.values().map(|(other, _)| other);
        let count = |same: &dyn Fn(PrincipalId, &str, i32) -> bool| {
            others().filter(|other| same(other.owner, &other.target, other.failures)).count()
        };
        let young = self.taken.values().filter(|(_, since)| now.duration_since(*since) < QUICK).count();
        self.taken.len() < ALL
            && young < AT_A_TIME
            && !others().any(|other| other.webhook == due.webhook)
            && count(&|owner, _, _| owner == due.owner) < OF_OWNER
            && count(&|_, target, _| target == due.target) < OF_TARGET
            && (due.failures == 0 || count(&|_, _, failures| failures > 0) < FAILING)
    }

    /// This task serves it.
    pub fn seat(&mut self, task: Id, due: Due, now: Instant) {
        self.taken.insert(task, (due, now));
    }

    /// A task has ended.
    pub fn leave(&mut self, task: Id) {
        self.taken.remove(&task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::JoinSet;

    struct Hall {
        seats: Seats,
        tasks: JoinSet<()>,
        now: Instant,
        next: i64,
    }

    impl Hall {
        fn new() -> Self {
            Hall { seats: Seats::default(), tasks: JoinSet::new(), now: Instant::now(), next: 0 }
        }

        /// Seats another webhook, if it may sit.
        fn comes(&mut self, owner: i64, target: &str, failures: i32) -> bool {
            self.next += 1;
            let due =
                Due { webhook: self.next, owner: PrincipalId(owner), target: target.to_owned(), failures };
            let free = self.seats.are_free_for(&due, self.now);
            if free {
                self.seats.seat(self.tasks.spawn(async {}).id(), due, self.now);
            }
            free
        }
    }

    #[tokio::test]
    async fn an_account_and_a_host_take_their_share_and_no_more() {
        let mut hall = Hall::new();
        for at in 0..OF_OWNER {
            assert!(hall.comes(1, &format!("t{at}"), 0));
        }
        assert!(!hall.comes(1, "t", 0));
        for owner in 0..OF_TARGET {
            assert!(hall.comes(10 + owner as i64, "one", 0));
        }
        assert!(!hall.comes(99, "one", 0) && hall.comes(99, "other", 0));
        let again = Due { webhook: hall.next, owner: PrincipalId(99), target: "x".into(), failures: 0 };
        assert!(!hall.seats.are_free_for(&again, hall.now), "served already");
    }

    #[tokio::test]
    async fn slow_ones_make_room_by_time_alone() {
        let mut hall = Hall::new();
        let comes = |hall: &mut Hall, failures| {
            let at = hall.next;
            hall.comes(at, &format!("t{at}"), failures)
        };
        for _ in 0..AT_A_TIME {
            assert!(comes(&mut hall, 1));
        }
        assert!(!comes(&mut hall, 0), "so much is begun at a time");
        let mut seated = AT_A_TIME;
        // Those that failed before have a part of the seats, whatever becomes of them.
        for _ in 0..20 {
            hall.now += QUICK;
            seated += (0..AT_A_TIME).filter(|_| comes(&mut hall, 1)).count();
        }
        assert_eq!(seated, FAILING);
        hall.now += QUICK;
        assert!(comes(&mut hall, 0), "there are seats for others");
        for _ in 0..20 {
            hall.now += QUICK;
            while comes(&mut hall, 0) {}
        }
        assert_eq!(hall.seats.taken.len(), ALL);
        let (task, _) = hall.seats.taken.iter().next().map(|(id, _)| (*id, ())).expect("one");
        hall.seats.leave(task);
        hall.now += QUICK;
        assert!(comes(&mut hall, 0));
    }
}
