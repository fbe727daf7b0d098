//! Large answers in pieces: what a client does not take is not kept for it for ever.
//!
//! The memory of a large answer is counted until it is sent or given up; small answers pass by all of this.

use crate::domain::fault::Fault;
use actix_web::rt;
use bytes::Bytes;
use futures_util::Stream;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Bytes of the longest answer that is handed over in one piece.
pub const WHOLE: usize = 256 * 1024;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// How long a client may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a request waits for room.
const WAIT: Duration = Duration::from_secs(5);
/// Seconds after which a client that found no room may come again.
const BUSY: u32 = 10;
/// KiB of large answers that are held at once. Not so few that some slow readers would shut out all others.
const ROOM: u32 = 192 * 1024;
/// Large items that are read at once: each costs a multiple of its size while it comes from the database.
const LOADS: usize = 2;

static ROOM_LEFT: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(ROOM as usize));

static LOADS_LEFT: Semaphore = Semaphore::const_new(LOADS);

/// Waits until few others read large items.
pub async fn load() -> Result<SemaphorePermit<'static>, Fault> {
    LOADS_LEFT.acquire().await.map_err(|_| Fault::Internal)
}

/// Room for a large answer while it is sent.
pub type Room = SemaphorePermit<'static>;

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes / 1024 + 1).unwrap_or(ROOM).min(ROOM)
}

/// Waits for room; too busy where others do not make any.
pub async fn room(bytes: usize) -> Result<Room, Fault> {
    let room = tokio::time::timeout(WAIT, ROOM_LEFT.acquire_many(units(bytes))).await;
    room.map_err(|_| Fault::Busy(BUSY))?.map_err(|_| Fault::Internal)
}

/// A text in pieces.
pub fn of(text: impl Into<Bytes>) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let mut rest: Bytes = text.into();
    futures_util::stream::poll_fn(move |_| Poll::Ready((!rest.is_empty()).then(|| Ok(first(&mut rest)))))
}

/// A text in pieces, whose room is given back together with it.
pub fn counted(text: String, room: Room) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let mut pieces = Box::pin(of(text));
    futures_util::stream::poll_fn(move |cx| {
        let _held = &room;
        pieces.as_mut().poll_next(cx)
    })
}

/// Cuts off the next piece. Copied, so that a piece that waits to be sent does not keep the whole.
pub fn first(rest: &mut Bytes) -> Bytes {
    Bytes::copy_from_slice(&rest.split_to(rest.len().min(PIECE)))
}

/// A stream that is dropped, with all that it holds, when nobody takes anything of it for some time. Who comes back
/// later finds the answer cut off.
pub fn patient<S>(stream: S) -> Patient<S>
where
    S: Stream<Item = Result<Bytes, io::Error>> + 'static,
{
    let kept = Rc::new(RefCell::new(Kept { stream: Some(Box::pin(stream)), idle_since: None }));
    let watch = rt::spawn(watch(Rc::clone(&kept)));
    Patient { kept, watch }
}

/// See [`patient`].
pub struct Patient<S> {
    kept: Rc<RefCell<Kept<S>>>,
    watch: JoinHandle<()>,
}

struct Kept<S> {
    /// None when it was given up.
    stream: Option<Pin<Box<S>>>,
    /// Since when it is the client's turn; none while the stream itself is waited for.
    idle_since: Option<Instant>,
}

async fn watch<S>(kept: Rc<RefCell<Kept<S>>>) {
    let mut until = Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep_until(until).await;
        let mut kept = kept.borrow_mut();
        let since = kept.idle_since.unwrap_or_else(Instant::now);
        until = since + PATIENCE;
        if until <= Instant::now() {
            kept.stream = None;
            tracing::debug!("an answer was given up: its client takes nothing");
            return;
        }
    }
}

impl<S: Stream<Item = Result<Bytes, io::Error>>> Stream for Patient<S> {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut kept = self.kept.borrow_mut();
        let Some(stream) = kept.stream.as_mut() else {
            return Poll::Ready(Some(Err(io::Error::other("given up"))));
        };
        let next = stream.as_mut().poll_next(cx);
        kept.idle_since = next.is_ready().then(Instant::now);
        next
    }
}

impl<S> Drop for Patient<S> {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
