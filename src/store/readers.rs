//! Connections that read: some to the embedded file, of which each thread comes back to its own; a pool to a server.
//!
//! A thread that asks again finds its connection free and its cache warm. At one shared lock all requests would wait for
//! each other. Knows no table.

use super::conn::{Conn, Location, Opener, Use};
use super::error::Error;
use diesel::r2d2::{Pool, PooledConnection};
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// Connections to the embedded file beyond one for each processor: for threads that may block. Each has a cache of its own.
const FILE_READERS: usize = 2;
/// KiB of the page caches of all connections that requests ask at once; the working set of many small questions.
const CACHES: usize = 28 * 1024;
/// KiB of the page cache of one that reads long lists, which mostly pass once.
const SCAN_CACHE: usize = 2 * 1024;
/// Connections to a server.
const SERVER_READERS: u32 = 12;
/// Connections to a server for large items: the client library's buffer of a connection never shrinks again.
const LARGE_READERS: u32 = 2;

/// Where readers find a connection; cheap to clone.
#[derive(Clone)]
pub enum Readers {
    /// The embedded file: its connections, how many of them, the first ones, are for requests that ask at once, and how they are opened.
    File(Arc<[Mutex<Conn>]>, usize, Opener),
    /// A server, whose connections break and are replaced: the pool's work. The second pool is for large items.
    Server(Pool<Opener>, Pool<Opener>),
}

/// A connection while it is used.
pub enum Lent<'r> {
    /// One to the file.
    File(MutexGuard<'r, Conn>),
    /// One to a server.
    Server(PooledConnection<Opener>),
}

impl Deref for Lent<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        match self {
            Lent::File(conn) => conn,
            Lent::Server(conn) => conn,
        }
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Lent::File(conn) => conn,
            Lent::Server(conn) => conn,
        }
    }
}

impl Readers {
    /// Opens readers of this database.
    pub fn open(location: &Location) -> Result<Readers, Error> {
        match location {
            Location::File(_) => {
                let opener = |cache| Opener { location: location.clone(), usage: Use::Read { cache } };
                let processors = std::thread::available_parallelism().map_or(2, NonZero::get).min(16);
                let asking = opener((CACHES / processors).max(SCAN_CACHE));
                let scanning = opener(SCAN_CACHE);
                let openers = (0..processors + FILE_READERS)
                    .map(|at| if at < processors { &asking } else { &scanning });
                let conns: Result<Vec<_>, Error> = openers.map(|one| one.open().map(Mutex::new)).collect();
                Ok(Readers::File(conns?.into(), processors, asking))
            }
            Location::Server(_) => {
                let pool = |size: u32, idle: u32| {
                    Pool::builder()
                        .max_size(size)
                        .min_idle(Some(idle))
                        .test_on_check_out(false)
                        .connection_timeout(Duration::from_secs(10))
                        .build(Opener { location: location.clone(), usage: Use::Write })
                        .map_err(|error| Error::Unavailable(error.to_string()))
                };
                Ok(Readers::Server(pool(SERVER_READERS, 1)?, pool(LARGE_READERS, 0)?))
            }
        }
    }

    /// A free connection to the embedded file, without waiting. None to a server, whose every answer is waited for.
    pub fn at_once(&self) -> Option<Lent<'_>> {
        let Readers::File(conns, asking, opener) = self else { return None };
        let (asking, others) = conns.split_at_checked(*asking)?;
        let (before, from) = asking.split_at_checked(own_number() % asking.len().max(1))?;
        from.iter().chain(before).chain(others).find_map(|conn| free(conn, opener))
    }

    /// A connection to read a large item on, for a thread that may block.
    pub fn wait_for_large(&self) -> Result<Lent<'_>, Error> {
        match self {
            Readers::File(..) => self.wait(),
            Readers::Server(_, large) => {
                large.get().map(Lent::Server).map_err(|error| Error::Unavailable(error.to_string()))
            }
        }
    }

    /// A connection, for a thread that may block. Begins with those that requests at once come to last.
    pub fn wait(&self) -> Result<Lent<'_>, Error> {
        match self {
            Readers::File(conns, _, opener) => {
                if let Some(lent) = conns.iter().rev().find_map(|conn| free(conn, opener)) {
                    return Ok(lent);
                }
                let any = conns.get(own_number() % conns.len().max(1));
                let any = any.ok_or_else(|| Error::Unavailable("no readers".into()))?;
                match any.lock() {
                    Ok(guard) => Ok(Lent::File(guard)),
                    Err(left) => mended(any, left.into_inner(), opener),
                }
            }
            Readers::Server(pool, _) => {
                pool.get().map(Lent::Server).map_err(|error| Error::Unavailable(error.to_string()))
            }
        }
    }
}

/// The connection, if nobody uses it and it works.
fn free<'r>(conn: &'r Mutex<Conn>, opener: &Opener) -> Option<Lent<'r>> {
    match conn.try_lock() {
        Ok(guard) => Some(Lent::File(guard)),
        Err(TryLockError::Poisoned(left)) => mended(conn, left.into_inner(), opener).ok(),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Opens a connection anew whose user panicked in the middle of something.
fn mended<'r>(
    conn: &'r Mutex<Conn>,
    mut guard: MutexGuard<'r, Conn>,
    opener: &Opener,
) -> Result<Lent<'r>, Error> {
    *guard = opener.open()?;
    conn.clear_poison();
    Ok(Lent::File(guard))
}

/// A small number of the asking thread, the same each time.
fn own_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed); }
    OWN.with(|own| *own)
}
