//! The one writer of the embedded database: gathers waiting transactions into one commit.
//!
//! Each closure runs inside a savepoint, so that one refusal does not undo the others; all are answered after the
//! commit is durable. Knows no table.

use super::conn::{Conn, Opener};
use super::error::Error;
use super::{Shared, WriteTx};
use diesel::connection::SimpleConnection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;

/// Transactions in one commit at most: bounds how long the first one waits.
const BATCH: usize = 256;
/// Transactions that may wait; more are told to come back.
const QUEUE: usize = 4096;

/// A transaction that waits for the writer.
trait Pending: Send {
    /// Runs inside its savepoint; whether to keep what it did.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool;
    /// Answers, after the commit or its failure.
    fn finish(self: Box<Self>, committed: bool);
}

struct Job<T, F> {
    work: F,
    outcome: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Pending for Job<T, F>
where
    T: Send,
    F: FnMut(&mut WriteTx<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or(Err(Error::Panicked));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn finish(self: Box<Self>, committed: bool) {
        let outcome = match self.outcome {
            // A refusal stands whether or not the others could be committed.
            Some(Err(error)) => Err(error),
            Some(Ok(value)) if committed => Ok(value),
            _ => Err(Error::Unavailable("the commit failed; nothing was stored".into())),
        };
        // The caller may have gone away; its work stands all the same.
        let _ = self.answer.send(outcome);
    }
}

/// Handle of the writer thread; the thread ends when the last handle is gone.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Box<dyn Pending>>,
}

impl Writer {
    /// Starts the thread with a connection of its own.
    pub fn start(opener: &Opener, shared: Arc<Shared>) -> Result<Self, Error> {
        let conn = opener.open()?;
        let (queue, jobs) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || serve(conn, &shared, &jobs))
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Writer { queue })
    }

    /// Queues a transaction and waits until it is durable, or refused.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        self.queue.try_send(Box::new(Job { work, outcome: None, answer })).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => Error::Unavailable("the writer has stopped".into()),
        })?;
        waiting.await.unwrap_or_else(|_| Err(Error::Unavailable("the writer has stopped".into())))
    }
}

fn serve(mut conn: Conn, shared: &Shared, jobs: &Receiver<Box<dyn Pending>>) {
    let mut batch: Vec<Box<dyn Pending>> = Vec::with_capacity(BATCH);
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        let committed = commit(&mut conn, shared, &mut batch).inspect_err(|error| {
            tracing::error!(error = %error, transactions = batch.len(), "commit failed");
            // Already rolled back by SQLite in some failures: then this one fails, which is fine.
            let _ = conn.batch_execute("ROLLBACK");
        });
        for job in batch.drain(..) {
            job.finish(committed.is_ok());
        }
    }
}

fn commit(conn: &mut Conn, shared: &Shared, batch: &mut [Box<dyn Pending>]) -> Result<(), Error> {
    // Immediate: another process (the command line) may write too, and must be waited for here, not half-way.
    conn.batch_execute("BEGIN IMMEDIATE")?;
    for job in batch.iter_mut() {
        conn.batch_execute("SAVEPOINT one")?;
        let keep = job.run(&mut WriteTx::new(conn, shared));
        conn.batch_execute(if keep { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" })?;
    }
    conn.batch_execute("COMMIT")?;
    Ok(())
}
