//! Long computations for one request, away from the threads that serve all. Knows no data.

use crate::domain::fault::Fault;
use std::num::NonZero;
use std::sync::LazyLock;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of input whose reading takes so short a time that another thread would cost more.
const SHORT: usize = 64 * 1024;

/// One for each processor: each holds a tree many times as large as its input.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, NonZero::get)));

/// Bytes of input from which on a tree is a matter of memory.
const LARGE: usize = 512 * 1024;

/// For inputs that are large: half as many at a time, so that who asks for several does not take memory by their number.
static LARGE_TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, |count| (count.get() / 2).max(1)))
});

/// A turn for work that is long.
pub type Turn = SemaphorePermit<'static>;

/// Waits for a turn. Who computes long with a connection to the database in hand takes one first: there are more connections
/// than turns, so that others always find one.
pub async fn turn() -> Result<Turn, Fault> {
    TURNS.acquire().await.map_err(|_| Fault::Internal)
}

/// Does work on an input of `bytes`: at once where that is short, else on a thread that may be busy, as many at a time as there
/// are processors, and half as many that are large.
pub async fn of<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    if bytes <= SHORT {
        return Ok(work());
    }
    let large = match bytes >= LARGE {
        true => Some(LARGE_TURNS.acquire().await.map_err(|_| Fault::Internal)?),
        false => None,
    };
    let turn = turn().await?;
    let work = move || {
        // Held by the work, which goes on when nobody waits for it any more.
        let _turns = (large, turn);
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|failed| {
        tracing::error!(%failed, "a computation ended early");
        Fault::Internal
    })
}
