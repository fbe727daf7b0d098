//! The writers: gather waiting transactions into one commit. One on the embedded database, some on a server.
//!
//! Each closure runs inside a savepoint, so that one refusal does not undo the others; all are answered after the
//! commit is durable. On a server a commit that is shared holds the row lock of a busy home once for many writes, and
//! waits for the disk once. Knows no table.

use super::conn::{Conn, Opener};
use super::dialect::REFRESH_STATISTICS;
use super::error::Error;
use super::keeper::Keeper;
use super::{Shared, WriteTx};
use diesel::connection::SimpleConnection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Transactions in one commit at most: bounds how long the first one waits.
const BATCH: usize = 256;
/// Transactions that may wait; more are told to come back.
const QUEUE: usize = 4096;

/// Commits of a thread after which a server may not know yet how its tables grew.
const GROWN: [u64; 3] = [50, 500, 5_000];

/// What became of a transaction inside its savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// To be kept.
    Done,
    /// Refused; nothing of it stays.
    Refused,
    /// The database asks to run it again, by itself.
    Again,
}

/// A transaction that waits for a writer.
trait Pending: Send {
    /// Runs inside its savepoint.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran;
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
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or(Err(Error::Panicked));
        let ran = match &outcome {
            Ok(_) => Ran::Done,
            Err(error) if error.is_retryable() => Ran::Again,
            Err(_) => Ran::Refused,
        };
        self.outcome = Some(outcome);
        ran
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

/// Handle of the writer threads; they end when the last handle is gone.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Box<dyn Pending>>,
}

/// The waiting transactions. A thread takes its whole batch at once, so that writes to one home, which wait for each
/// other anyway, mostly meet in one commit.
type Queue = Arc<Mutex<Receiver<Box<dyn Pending>>>>;

impl Writer {
    /// Starts `threads` threads with a connection each.
    pub fn start(opener: &Opener, shared: &Arc<Shared>, threads: usize) -> Result<Self, Error> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs: Queue = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let (opener, shared, jobs) = (opener.clone(), Arc::clone(shared), Arc::clone(&jobs));
            let conn = Some(opener.open()?);
            let mut writing =
                Writing { conn, keeper: Keeper::open(&opener.location), opener, shared, commits: 0 };
            std::thread::Builder::new()
                .name("writer".into())
                .spawn(move || writing.serve(&jobs))
                .map_err(|error| Error::Unavailable(error.to_string()))?;
        }
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

/// The next batch; `None` when no handle is left.
fn next_batch(jobs: &Queue) -> Option<Vec<Box<dyn Pending>>> {
    let waiting = jobs.lock().unwrap_or_else(PoisonError::into_inner);
    let mut batch = vec![waiting.recv().ok()?];
    while batch.len() < BATCH {
        match waiting.try_recv() {
            Ok(next) => batch.push(next),
            Err(_) => break,
        }
    }
    Some(batch)
}

/// One writer thread.
struct Writing {
    opener: Opener,
    /// None after it was lost; opened again for the next batch.
    conn: Option<Conn>,
    /// None on a server.
    keeper: Option<Keeper>,
    commits: u64,
    shared: Arc<Shared>,
}

impl Writing {
    fn serve(&mut self, jobs: &Queue) {
        while let Some(mut batch) = next_batch(jobs) {
            let mut again = Vec::new();
            let committed = self.commit(&mut batch, &mut again);
            if let Err(error) = &committed {
                tracing::error!(%error, transactions = batch.len(), "commit failed");
                self.give_up();
            }
            for (at, job) in batch.into_iter().enumerate() {
                if committed.is_ok() && again.contains(&at) {
                    self.alone(job);
                } else {
                    job.finish(committed.is_ok());
                }
            }
            self.commits += 1;
            if GROWN.contains(&self.commits) {
                self.refresh_statistics();
            }
        }
    }

    fn refresh_statistics(&mut self) {
        if let Some(conn @ Conn::Postgres(_)) = &mut self.conn
            && let Err(error) = conn.batch_execute(REFRESH_STATISTICS)
        {
            tracing::warn!(%error, "the planner was not told of new rows");
        }
    }

    /// Runs one transaction by itself, several times if the database asks for it.
    fn alone(&mut self, job: Box<dyn Pending>) {
        let mut batch = vec![job];
        for attempt in 1..=super::ATTEMPTS {
            std::thread::sleep(Duration::from_millis(u64::from(attempt * attempt)));
            let mut again = Vec::new();
            let committed = self.commit(&mut batch, &mut again);
            if committed.is_err() {
                self.give_up();
            }
            if committed.is_err() || again.is_empty() || attempt == super::ATTEMPTS {
                batch.into_iter().for_each(|job| job.finish(committed.is_ok()));
                return;
            }
        }
    }

    /// Runs the batch in one transaction; `again` gets the places of those that must run by themselves.
    fn commit(&mut self, batch: &mut [Box<dyn Pending>], again: &mut Vec<usize>) -> Result<(), Error> {
        let conn = self.begin()?;
        let shared = Arc::clone(&self.shared);
        let conn = self.conn.insert(conn);
        let last = batch.len().saturating_sub(1);
        let mut commit = "COMMIT";
        for (at, job) in batch.iter_mut().enumerate() {
            let ran = job.run(&mut WriteTx::new(conn, &shared));
            // Few calls, for each is a journey on a server. The release stays where the commit alone would do: it fails where
            // a transaction was aborted unnoticed, for which PostgreSQL's COMMIT would only roll back.
            match ran {
                Ran::Done if at == last => commit = "RELEASE one; COMMIT",
                Ran::Done => conn.batch_execute("RELEASE one; SAVEPOINT one")?,
                Ran::Refused | Ran::Again => conn.batch_execute("ROLLBACK TO one")?,
            }
            if ran == Ran::Again {
                again.push(at);
            }
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.let_go();
        }
        let committed = conn.batch_execute(commit);
        if let Some(keeper) = &mut self.keeper {
            keeper.keep();
        }
        Ok(committed?)
    }

    /// A connection with a transaction begun and the first savepoint set; one that was lost meanwhile is replaced once.
    fn begin(&mut self) -> Result<Conn, Error> {
        if let Some(mut conn) = self.conn.take()
            && begin(&mut conn).is_ok()
        {
            return Ok(conn);
        }
        let mut conn = self.opener.open()?;
        begin(&mut conn)?;
        Ok(conn)
    }

    /// After a failure: SQLite may have rolled back by itself, then the statement fails, which is fine; a server's
    /// connection in an unknown state is not used again.
    fn give_up(&mut self) {
        match &mut self.conn {
            Some(Conn::Sqlite(conn)) => drop(conn.batch_execute("ROLLBACK")),
            _ => self.conn = None,
        }
    }
}

/// Immediate on SQLite: another process (the command line) may write too, and must be waited for here, not half-way.
fn begin(conn: &mut Conn) -> Result<(), Error> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE; SAVEPOINT one",
        Conn::Postgres(_) => "BEGIN; SAVEPOINT one",
    };
    conn.batch_execute(begin).map_err(Error::from)
}
