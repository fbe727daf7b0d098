//! What slows guessing: how many wrong passwords an account may be sent, how many slow hashes run, and who waits for one.
//!
//! A guess takes its place among the wrong ones before it is hashed, and gives it back where it was right: many at once are then no
//! more than many one after the other. Nobody is told that a password is wrong which was not looked at. Decides nothing about logins.

use super::accounts::Key;
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Different wrong passwords for one account within [`FAILURE_WINDOW`] before further ones wait: a person mistypes a few.
const FREE_FAILURES: u32 = 20;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Slow hashes at a time: each takes a core and 19 MiB.
const HASHES: usize = 2;
/// Logins that may wait for one: about ten seconds' worth.
const QUEUE: usize = 512;
/// Seconds until there is likely room in the queue again.
const QUEUE_MOVES: u32 = 5;
/// Keys share this many turns: few, for only [`HASHES`] run at a time anyway.
const TURNS: usize = 64;

/// Whose wrong passwords are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Guessed {
    /// An account's, whichever of its logins they came with.
    Account(PrincipalId),
    /// Those of a login that nobody has, by its digest.
    Nobody(Key),
}

#[derive(Debug)]
pub(super) struct Brake {
    /// Apart, so that logins that nobody has push no account's number out.
    of_accounts: Cache<PrincipalId, Arc<AtomicU32>>,
    of_nobody: Cache<Key, Arc<AtomicU32>>,
    hashing: Arc<Semaphore>,
    waiting: AtomicUsize,
    turns: [Arc<Mutex<()>>; TURNS],
}

/// A place among the wrong passwords, given back unless the password was wrong.
#[derive(Debug)]
pub(super) struct Guess {
    failures: Arc<AtomicU32>,
    wrong: bool,
}

impl Guess {
    /// It was wrong: its place stays taken until the window is over.
    pub(super) fn was_wrong(mut self) {
        self.wrong = true;
    }
}

impl Drop for Guess {
    fn drop(&mut self) {
        if !self.wrong {
            self.failures.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Somebody in the queue, for as long as he is in it.
#[derive(Debug)]
pub(super) struct Waiting<'b>(&'b AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn put_off() -> Fault {
    Fault::Busy(FAILURE_WINDOW.as_secs() as u32)
}

impl Brake {
    pub(super) fn new() -> Self {
        Brake {
            of_accounts: Cache::builder().max_capacity(10_000).time_to_live(FAILURE_WINDOW).build(),
            of_nobody: Cache::builder().max_capacity(10_000).time_to_live(FAILURE_WINDOW).build(),
            hashing: Arc::new(Semaphore::new(HASHES)),
            waiting: AtomicUsize::new(0),
            turns: std::array::from_fn(|_| Arc::default()),
        }
    }

    fn failures(&self, of: Guessed) -> Arc<AtomicU32> {
        match of {
            Guessed::Account(id) => self.of_accounts.get_with(id, Arc::default),
            Guessed::Nobody(key) => self.of_nobody.get_with(key, Arc::default),
        }
    }

    /// Refuses further guesses where there were too many: asked before anybody waits for a turn.
    pub(super) fn admits(&self, of: Guessed) -> Result<(), Fault> {
        if self.failures(of).load(Ordering::Relaxed) >= FREE_FAILURES { Err(put_off()) } else { Ok(()) }
    }

    /// Takes a place among the wrong passwords.
    pub(super) fn guess(&self, of: Guessed) -> Result<Guess, Fault> {
        let failures = self.failures(of);
        let one_more = |seen| (seen < FREE_FAILURES).then_some(seen + 1);
        let taken = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        if taken { Ok(Guess { failures, wrong: false }) } else { Err(put_off()) }
    }

    /// Waits until no other request hashes a password of this key.
    pub(super) async fn turn(&self, key: &Key) -> Option<OwnedMutexGuard<()>> {
        let [first, ..] = key;
        let turn = self.turns.get(usize::from(*first) % TURNS)?;
        Some(Arc::clone(turn).lock_owned().await)
    }

    /// Takes a place in the queue for turns and hashes, where there is one.
    pub(super) fn queue(&self) -> Result<Waiting<'_>, Fault> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        if before < QUEUE { Ok(waiting) } else { Err(Fault::Busy(QUEUE_MOVES)) }
    }

    /// Waits until a slow hash may run. It runs for as long as what this gives is kept.
    pub(super) async fn hash(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| Fault::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Guessed = Guessed::Account(PrincipalId(1));

    #[test]
    fn a_right_guess_gives_its_place_back_and_a_wrong_one_keeps_it() {
        let brake = Brake::new();
        for _ in 0..100 {
            drop(brake.guess(OF).expect("a place"));
        }
        let mut held: Vec<Guess> = (0..FREE_FAILURES).map(|_| brake.guess(OF).expect("a place")).collect();
        assert_eq!(brake.guess(OF).map(drop), Err(put_off()), "none is looked at before those are");
        assert_eq!(brake.admits(OF), Err(put_off()));
        assert!(
            brake.guess(Guessed::Account(PrincipalId(2))).is_ok()
                && brake.guess(Guessed::Nobody([0; 32])).is_ok()
        );
        drop(held.pop());
        assert_eq!(brake.admits(OF), Ok(()));
        held.into_iter().for_each(Guess::was_wrong);
        brake.guess(OF).expect("the last").was_wrong();
        assert_eq!(brake.guess(OF).map(drop), Err(put_off()));
    }

    #[tokio::test]
    async fn the_queue_has_an_end_and_hashes_run_two_at_a_time() {
        let brake = Brake::new();
        let mut queue: Vec<Waiting<'_>> = (0..QUEUE).map(|_| brake.queue().expect("a place")).collect();
        assert_eq!(brake.queue().map(drop), Err(Fault::Busy(QUEUE_MOVES)));
        // Who goes away makes room, and who was refused took none.
        drop(queue.pop());
        let _last = brake.queue().expect("his place");
        assert!(brake.queue().is_err());
        let running = [brake.hash().await.expect("at once"), brake.hash().await.expect("at once")];
        let mut next = Box::pin(brake.hash());
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(running);
        assert!(next.await.is_ok());
    }
}
