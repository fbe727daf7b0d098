//! The writers: gather waiting transactions into one commit. One on the embedded database, some on a server.
//!
//! One refusal must not undo the others. As long as none is refused the closures run one after the other; where one is, all is
//! rolled back and they run again, now each inside a savepoint, which takes a journey more for each. All are answered after the
//! commit is durable. On a server a commit that is shared holds the row lock of a busy home once for many writes, and
//! waits for the disk once. Knows no table.

use super::conn::{Conn, Opener};
use super::dialect::REFRESH_STATISTICS;
use super::error::Error;
use super::keeper::Keeper;
use super::locks::Locks;
use super::{Shared, WriteTx};
use diesel::connection::SimpleConnection;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Transactions in one commit at most: bounds how long the first one waits.
const BATCH: usize = 256;
/// Transactions that share a commit on a server, however few wait.
const SHARED_ANYHOW: usize = 4;
/// Transactions that may wait; more are told to come back.
const QUEUE: usize = 4096;

/// Batches that run in savepoints after one in which a transaction was refused.
const CAREFUL: u32 = 16;

/// Commits of a thread after which a server may not know yet how its tables grew.
const GROWN: [u64; 3] = [50, 500, 5_000];

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// To be kept.
    Done,
    /// Refused; nothing of it stays.
    Refused,
    /// The database asks to run it again, by itself.
    Again,
}

fn ran<T>(outcome: &Result<T, Error>) -> Ran {
    match outcome {
        Ok(_) => Ran::Done,
        Err(error) if error.is_retryable() => Ran::Again,
        Err(_) => Ran::Refused,
    }
}

/// A transaction that waits for a writer.
trait Pending: Send {
    /// Runs; perhaps not for the first time.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran;
    /// What became of it when it ran last.
    fn ran(&self) -> Option<Ran>;
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
        ran(self.outcome.insert(outcome))
    }

    fn ran(&self) -> Option<Ran> {
        self.outcome.as_ref().map(ran)
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
    /// One for each thread.
    queues: Arc<[SyncSender<Box<dyn Pending>>]>,
    turns: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts `threads` threads with a connection each.
    pub fn start(opener: &Opener, shared: &Arc<Shared>, threads: usize) -> Result<Self, Error> {
        let mut queues = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (queue, jobs) = sync_channel(QUEUE);
            queues.push(queue);
            let (opener, shared) = (opener.clone(), Arc::clone(shared));
            let conn = Some(connected(&opener)?);
            let keeper = Keeper::open(&opener.location);
            let in_turns = matches!(conn, Some(Conn::Postgres(_)));
            let waiting = Waiting { jobs, left: VecDeque::new(), in_turns };
            let mut writing = Writing { conn, begun: false, keeper, opener, shared, commits: 0, careful: 0 };
            std::thread::Builder::new()
                .name("writer".into())
                .spawn(move || writing.serve(waiting))
                .map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        Ok(Writer { queues: queues.into(), turns: Arc::default() })
    }

    /// Queues a transaction and waits until it is durable, or refused. Those with the same key run on the same thread.
    pub async fn write<T, F>(&self, key: Option<&str>, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let place = match key {
            Some(key) => number(key),
            None => self.turns.fetch_add(1, Ordering::Relaxed),
        };
        let stopped = || Error::Unavailable("the writer has stopped".into());
        let queue = self.queues.get(place % self.queues.len().max(1)).ok_or_else(stopped)?;
        let (answer, waiting) = oneshot::channel();
        queue.try_send(Box::new(Job { work, outcome: None, answer })).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => stopped(),
        })?;
        waiting.await.unwrap_or_else(|_| Err(stopped()))
    }
}

/// Some number that is the same for the same key.
fn number(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() as usize
}

/// What waits for one thread.
struct Waiting {
    jobs: Receiver<Box<dyn Pending>>,
    /// Taken from there, and left for the next batch.
    left: VecDeque<Box<dyn Pending>>,
    /// Whether a batch leaves some to the next one.
    in_turns: bool,
}

impl Waiting {
    /// Whether somebody waits already.
    fn anybody(&mut self) -> bool {
        self.left.extend(self.jobs.try_iter().take(BATCH - self.left.len().min(BATCH)));
        !self.left.is_empty()
    }

    /// The next batch; `None` when no handle is left.
    fn next_batch(&mut self) -> Option<Vec<Box<dyn Pending>>> {
        if !self.anybody() {
            self.left.push_back(self.jobs.recv().ok()?);
            self.anybody();
        }
        let taken = if self.in_turns { share(self.left.len()) } else { self.left.len() };
        Some(self.left.drain(..taken).collect())
    }
}

/// How many of those that wait come into a batch on a server. If all did, all were answered together, and asked again together: the server
/// would wait for requests to be read and logged in, and they for the server.
fn share(waiting: usize) -> usize {
    waiting.div_ceil(2).max(waiting.min(SHARED_ANYHOW))
}

/// One writer thread.
struct Writing {
    opener: Opener,
    /// None after it was lost; opened again for the next batch.
    conn: Option<Conn>,
    /// Whether the next transaction began with the last commit.
    begun: bool,
    /// None on a server.
    keeper: Option<Keeper>,
    commits: u64,
    /// Batches yet that run in savepoints: where one was refused, others will be.
    careful: u32,
    shared: Arc<Shared>,
}

impl Writing {
    fn serve(&mut self, mut waiting: Waiting) {
        while let Some(mut batch) = waiting.next_batch() {
            let mut again = Vec::new();
            // Statistics are gathered outside of a transaction of others.
            let between = GROWN.contains(&(self.commits + 1));
            let committed = self.commit(&mut batch, &mut again, || !between && waiting.anybody());
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
            let committed = self.commit(&mut batch, &mut again, || false);
            if committed.is_err() {
                self.give_up();
            }
            if committed.is_err() || again.is_empty() || attempt == super::ATTEMPTS {
                batch.into_iter().for_each(|job| job.finish(committed.is_ok()));
                return;
            }
        }
    }

    /// Runs the batch in one transaction; `again` gets the places of those that must run by themselves. `more` tells at its end
    /// whether the next one will follow at once.
    fn commit(
        &mut self,
        batch: &mut [Box<dyn Pending>],
        again: &mut Vec<usize>,
        more: impl FnOnce() -> bool,
    ) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        self.begin()?;
        if self.careful == 0 {
            if run_all(self.open()?, &shared, batch) {
                return self.end(true, more());
            }
            self.open()?.batch_execute("ROLLBACK")?;
            if let [alone] = batch
                && alone.ran() == Some(Ran::Refused)
            {
                return Ok(());
            }
            self.careful = CAREFUL;
            begin(self.open()?)?;
        }
        self.careful -= 1;
        let unchecked = run_each(self.open()?, &shared, batch, again)?;
        self.end(unchecked, more())
    }

    /// The connection with the transaction that was begun.
    fn open(&mut self) -> Result<&mut Conn, Error> {
        self.conn.as_mut().ok_or_else(|| Error::Unavailable("the connection was lost".into()))
    }

    /// Commits. `checked`: fails where the transaction was aborted unnoticed, for which PostgreSQL's COMMIT would only roll back.
    /// `more`: on a server the next one begins on the same journey.
    fn end(&mut self, checked: bool, more: bool) -> Result<(), Error> {
        let (commit, begun) = match (self.open()?, checked, more) {
            (Conn::Postgres(_), true, true) => ("SAVEPOINT whole; COMMIT; BEGIN", true),
            (Conn::Postgres(_), true, false) => ("SAVEPOINT whole; COMMIT", false),
            (Conn::Postgres(_), false, true) => ("COMMIT; BEGIN", true),
            _ => ("COMMIT", false),
        };
        if let Some(keeper) = &mut self.keeper {
            keeper.let_go();
        }
        let committed = self.open()?.batch_execute(commit);
        if let Some(keeper) = &mut self.keeper {
            keeper.keep();
        }
        committed?;
        self.begun = begun;
        Ok(())
    }

    /// A connection with a transaction begun; one that was lost meanwhile is replaced once.
    fn begin(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.begun) {
            return Ok(());
        }
        let kept = self.conn.take().and_then(|mut conn| begin(&mut conn).is_ok().then_some(conn));
        let conn = match kept {
            Some(conn) => conn,
            None => {
                let mut conn = connected(&self.opener)?;
                begin(&mut conn)?;
                conn
            }
        };
        self.conn = Some(conn);
        Ok(())
    }

    /// After a failure: SQLite may have rolled back by itself, then the statement fails, which is fine; a server's
    /// connection in an unknown state is not used again.
    fn give_up(&mut self) {
        self.begun = false;
        match &mut self.conn {
            Some(Conn::Sqlite(conn)) => drop(conn.batch_execute("ROLLBACK")),
            _ => self.conn = None,
        }
    }
}

/// Runs all, until one is not done; whether all are.
fn run_all(conn: &mut Conn, shared: &Shared, batch: &mut [Box<dyn Pending>]) -> bool {
    let mut locks = Locks::default();
    batch.iter_mut().all(|job| job.run(&mut WriteTx::new(conn, shared, &mut locks)) == Ran::Done)
}

/// Runs each inside a savepoint; `again` gets the places of those that must run by themselves. Whether the last one's work still
/// has to be looked at.
fn run_each(
    conn: &mut Conn,
    shared: &Shared,
    batch: &mut [Box<dyn Pending>],
    again: &mut Vec<usize>,
) -> Result<bool, Error> {
    let mut locks = Locks::default();
    let mut unchecked = false;
    let last = batch.len().saturating_sub(1);
    conn.batch_execute("SAVEPOINT one")?;
    for (at, job) in batch.iter_mut().enumerate() {
        let held = locks.count();
        let ran = job.run(&mut WriteTx::new(conn, shared, &mut locks));
        // Few calls, for each is a journey on a server: the commit looks at the last one.
        match ran {
            Ran::Done if at == last => unchecked = true,
            Ran::Done => conn.batch_execute("RELEASE one; SAVEPOINT one")?,
            Ran::Refused | Ran::Again => {
                conn.batch_execute("ROLLBACK TO one")?;
                locks.back_to(held);
            }
        }
        if ran == Ran::Again {
            again.push(at);
        }
    }
    Ok(unchecked)
}

/// A connection to write on. To read a whole table looks cheap to a plan that was made while there was next to nothing in it, and is kept:
/// what writes looks rows up by an index always.
fn connected(opener: &Opener) -> Result<Conn, Error> {
    let mut conn = opener.open()?;
    if let Conn::Postgres(_) = conn {
        conn.batch_execute("SET enable_seqscan = off")?;
    }
    Ok(conn)
}

/// Immediate on SQLite: another process (the command line) may write too, and must be waited for here, not half-way.
fn begin(conn: &mut Conn) -> Result<(), Error> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN",
    };
    conn.batch_execute(begin).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_on_a_server_leaves_some_to_the_next_one() {
        assert_eq!([1, 2, 3, 4, 5, 8, 16, 17, 256].map(share), [1, 2, 3, 4, 4, 4, 8, 9, 128]);
    }
}
