//! Threads that ask a server for some rows: a few, with a connection each, fed from one queue.
//!
//! As many at a time as there are processors keep a server busy; more would only make it change between them. Who became idle last is asked
//! first: his process of the server has what it needs in the caches of a processor. Long readings and those of large
//! items have connections of their own (`readers.rs`). Knows no table.

use super::Error;
use super::conn::{Conn, Opener};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Threads, with a connection each.
const THREADS: usize = 4;
/// Readings that may wait; more are told to come back.
const QUEUE: usize = 4096;

/// What a thread does with its connection.
type Work = Box<dyn FnOnce(&mut Own) + Send>;

/// A thread's connection, opened when first needed.
pub(super) struct Own {
    opener: Opener,
    conn: Option<Conn>,
}

impl Own {
    pub fn new(opener: &Opener) -> Self {
        Own { opener: opener.clone(), conn: None }
    }

    /// Reads. A connection that broke while it was idle is replaced once.
    pub fn read<T>(&mut self, mut work: impl FnMut(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        match self.once(&mut work) {
            Err(error) if error.is_broken() => self.once(&mut work),
            other => other,
        }
    }

    fn once<T>(&mut self, work: &mut impl FnMut(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.opener.open()?,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut conn))).unwrap_or(Err(Error::Panicked));
        // After a panic nobody knows what it is in the middle of.
        if !outcome.as_ref().is_err_and(|error| error.is_broken() || matches!(error, Error::Panicked)) {
            self.conn = Some(conn);
        }
        outcome
    }
}

/// Handle of the threads; they end when the last handle is gone.
#[derive(Clone)]
pub(super) struct Lane {
    turns: Arc<Turns>,
}

/// What waits for a thread, and the threads that wait.
#[derive(Default)]
struct Waiting {
    works: VecDeque<Work>,
    /// Where each idle thread is given its next work, the last one to become idle last.
    idle: Vec<SyncSender<Work>>,
    /// No handle is left.
    closed: bool,
}

/// The end that the handles hold.
struct Turns(Arc<Mutex<Waiting>>);

impl Drop for Turns {
    fn drop(&mut self) {
        let mut waiting = locked(&self.0);
        waiting.closed = true;
        for thread in waiting.idle.drain(..) {
            // It looks whether it is to go on after each work.
            drop(thread.try_send(Box::new(|_| {})));
        }
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thread's life.
fn serve(waiting: &Mutex<Waiting>, own: &mut Own) {
    let (to_me, mine) = sync_channel::<Work>(1);
    loop {
        let next = {
            let mut waiting = locked(waiting);
            if waiting.closed {
                return;
            }
            let next = waiting.works.pop_front();
            if next.is_none() {
                waiting.idle.push(to_me.clone());
            }
            next
        };
        let Some(work) = next.or_else(|| mine.recv().ok()) else { return };
        work(own);
    }
}

impl Lane {
    /// Starts them.
    pub fn start(opener: &Opener) -> Result<Self, Error> {
        let waiting: Arc<Mutex<Waiting>> = Arc::default();
        for _ in 0..THREADS {
            let mut own = Own::new(opener);
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name("lane".into())
                .spawn(move || serve(&waiting, &mut own))
                .map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        Ok(Lane { turns: Arc::new(Turns(waiting)) })
    }

    /// Gives the work to an idle thread, or to the first that becomes idle.
    fn give(&self, work: Work) -> Result<(), Error> {
        let mut waiting = locked(&self.turns.0);
        match waiting.idle.pop() {
            // Its place is empty as long as it is idle.
            Some(thread) => thread.try_send(work).map_err(|_| gone()),
            None if waiting.works.len() < QUEUE => {
                waiting.works.push_back(work);
                Ok(())
            }
            None => Err(Error::Overloaded),
        }
    }

    /// Waits for a thread and reads.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T, Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |own| {
            // Who has gone away needs no answer.
            drop(answer.send(own.read(work)));
        });
        self.give(work)?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Error {
    Error::Unavailable("the threads that read have stopped".into())
}

#[cfg(test)]
mod tests {
    use super::super::conn::{Location, Use};
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread::{ThreadId, current};
    use std::time::Duration;

    /// No work here uses its connection, so none is opened.
    fn lane() -> Lane {
        let opener = Opener { location: Location::Server("postgres://nowhere".into()), usage: Use::Write };
        Lane::start(&opener).expect("threads")
    }

    fn all_idle(lane: &Lane) {
        while locked(&lane.turns.0).idle.len() < THREADS {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn who_became_idle_last_is_asked_first() {
        let lane = lane();
        let mut ran: Vec<ThreadId> = Vec::new();
        for _ in 0..20 {
            all_idle(&lane);
            let (said, heard) = channel();
            lane.give(Box::new(move |_| said.send(current().id()).expect("heard"))).expect("taken");
            ran.push(heard.recv().expect("ran"));
        }
        ran.dedup();
        assert_eq!(ran.len(), 1);
    }

    #[test]
    fn what_no_thread_is_free_for_waits_its_turn_and_too_much_is_refused() {
        let lane = lane();
        all_idle(&lane);
        let (open, gate) = sync_channel::<()>(0);
        let gate = Arc::new(Mutex::new(gate));
        for _ in 0..THREADS {
            let gate = Arc::clone(&gate);
            let hold = move |_: &mut Own| gate.lock().expect("gate").recv().expect("opened");
            lane.give(Box::new(hold)).expect("taken");
        }
        let (said, heard) = channel();
        for number in 0..QUEUE {
            let said = said.clone();
            lane.give(Box::new(move |_| said.send(number).expect("heard"))).expect("queued");
        }
        assert!(matches!(lane.give(Box::new(|_| {})), Err(Error::Overloaded)));
        (0..THREADS).for_each(|_| open.send(()).expect("a thread waits"));
        let mut done: Vec<usize> = heard.iter().take(QUEUE).collect();
        done.sort_unstable();
        assert!(done.into_iter().eq(0..QUEUE));
    }

    #[test]
    fn threads_end_with_the_last_handle() {
        let lane = lane();
        all_idle(&lane);
        let waiting = Arc::downgrade(&lane.turns.0);
        let other = lane.clone();
        drop(lane);
        assert!(waiting.upgrade().is_some_and(|waiting| !locked(&waiting).closed));
        drop(other);
        while waiting.strong_count() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
