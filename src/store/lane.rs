//! Threads that ask a server for some rows: a few, with a connection each, fed from one queue.
//!
//! As many at a time as there are processors keep a server busy; more would only make it change between them. Long readings and those of large
//! items have connections of their own (`readers.rs`). Knows no table.

use super::Error;
use super::conn::{Conn, Opener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
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
    queue: SyncSender<Work>,
}

impl Lane {
    /// Starts them.
    pub fn start(opener: &Opener) -> Result<Self, Error> {
        let (queue, works) = sync_channel::<Work>(QUEUE);
        let works = Arc::new(Mutex::new(works));
        for _ in 0..THREADS {
            let mut own = Own::new(opener);
            let works = Arc::clone(&works);
            let next = move || works.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
            std::thread::Builder::new()
                .name("lane".into())
                .spawn(move || {
                    while let Some(work) = next() {
                        work(&mut own);
                    }
                })
                .map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        Ok(Lane { queue })
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
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => gone(),
        })?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Error {
    Error::Unavailable("the threads that read have stopped".into())
}
