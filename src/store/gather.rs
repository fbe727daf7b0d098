//! Logins with what they ask for, gathered: those that wait for a server while one statement is on its way go together with the next.
//!
//! A journey to the server and back costs more than the looking up. While nobody else asks, an asker goes alone and at once.
//! The embedded database is asked without a journey and needs none of this. Decides no right.

use super::Error;
use super::collections;
use super::conn::{Conn, Opener};
use super::dialect::openings::Openings;
use super::lane::Own;
use super::opening::{Ask, OpenedItem};
use super::pages::{self, HANDY, Head, head_columns};
use super::schema::{collection, object};
use crate::store::collections::collection_columns;
use diesel::prelude::*;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Threads, with a connection each: while the answer of one is read, the next asks.
const THREADS: usize = 2;
/// Askers that go together at most: bounds what one answer holds, for each may bring an item.
const TOGETHER: usize = 16;
/// Askers that may wait; more are told to come back.
const QUEUE: usize = 4096;

/// What became of one ask: `None` where the login no longer holds.
type Answer = Result<Option<OpenedItem>, Error>;

/// One that waits.
struct Waiting {
    ask: Ask,
    answer: oneshot::Sender<Answer>,
}

/// Handle of the threads; they end when the last handle is gone.
#[derive(Clone)]
pub(super) struct Gather {
    queue: SyncSender<Waiting>,
}

impl Gather {
    /// Starts them; connections are opened when first needed.
    pub fn start(opener: &Opener) -> Result<Self, Error> {
        let (queue, waiting) = sync_channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let mut own = Own::new(opener);
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name("gather".into())
                .spawn(move || {
                    while let Some(batch) = next_batch(&waiting) {
                        serve(&mut own, batch);
                    }
                })
                .map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        Ok(Gather { queue })
    }

    /// Asks, alone or together with others.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { ask, answer }).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => gone(),
        })?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Error {
    Error::Unavailable("the gathering threads have stopped".into())
}

/// The next ones that go together; `None` when no handle is left.
fn next_batch(waiting: &Mutex<Receiver<Waiting>>) -> Option<Vec<Waiting>> {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let first = waiting.recv().ok()?;
    Some(std::iter::once(first).chain(waiting.try_iter().take(TOGETHER - 1)).collect())
}

fn serve(own: &mut Own, batch: Vec<Waiting>) {
    match own.read(|conn| found(conn, &batch)) {
        Ok(found) => {
            for (waiting, found) in batch.into_iter().zip(found) {
                // Who has gone away needs no answer.
                drop(waiting.answer.send(Ok(found)));
            }
        }
        Err(error) => {
            for waiting in batch {
                drop(waiting.answer.send(Err(Error::Unavailable(error.to_string()))));
            }
        }
    }
}

/// What each asked for, in their order.
fn found(conn: &mut Conn, batch: &[Waiting]) -> Result<Vec<Option<OpenedItem>>, Error> {
    type Row = (i64, (Option<collections::Row>, Option<Head>));
    let Conn::Postgres(conn) = conn else { return Err(gone()) };
    let select = (collection_columns!().nullable(), head_columns!(HANDY).nullable());
    let rows: Vec<Row> = Openings::new(select, batch.iter().map(|waiting| &waiting.ask)).load(conn)?;
    let mut found: Vec<Option<OpenedItem>> = batch.iter().map(|_| None).collect();
    for (place, (collection, object)) in rows {
        // Places are counted from 1.
        let slot = usize::try_from(place - 1).ok().and_then(|place| found.get_mut(place));
        if let Some(slot) = slot {
            let object = object.and_then(|head| pages::whole(head).ok());
            *slot = Some((collection.map(collections::from_row), object));
        }
    }
    Ok(found)
}
