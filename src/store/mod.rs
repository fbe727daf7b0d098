//! LAYER 2, storage: the only room that names `diesel`. Both databases behind one type.
//!
//! `Store::read` and `Store::write` take closures over transactions of different types, so that a reader cannot write.
//! One table family a file; the few statements that differ between the databases stand in `dialect.rs`.
//! May use `domain` and `text`; knows no HTTP and decides no right.

mod archive;
mod audit;
mod beside;
mod birthdays;
mod collection_log;
mod collections;
mod conn;
mod credentials;
mod deliveries;
mod devices;
mod dialect;
mod directory;
mod directory_book;
mod directory_candidates;
mod error;
mod gather;
mod grants;
mod group_graph;
mod groups;
mod hidden;
mod idempotency;
mod invitations;
mod keeper;
mod lane;
mod link_uses;
mod links;
mod listing;
mod lists;
mod locks;
mod migrations;
mod mount_rights;
mod mounts;
mod names;
mod objects;
mod opening;
mod own_places;
mod owners;
mod pages;
mod past;
mod personal;
mod principals;
mod raise;
mod readers;
mod retention;
mod rights;
mod schema;
mod sessions;
mod sharing;
mod sight;
mod signing_keys;
mod spans;
mod standing;
mod subscriptions;
mod sync;
mod webhooks;
mod writer;

pub use archive::{ObjectRecord, Record};
pub use audit::{Action, AuditEntry, Audited};
pub use beside::Beside;
pub use collection_log::{CollectionDeed, CollectionEntry, Described};
pub use collections::{CollectionUpdate, HomeState};
pub use conn::{Location, NoLocation};
pub use credentials::{Credential, CredentialKind};
pub use deliveries::{Due, KEPT_ATTEMPTS, Seen, Tried};
pub use devices::DeviceUse;
pub use directory::PrincipalMatch;
pub use directory_candidates::Candidate;
pub use error::Error;
pub use group_graph::GroupLock;
pub use groups::{GroupMatch, InsideMatch};
pub use hidden::Hidden;
pub use invitations::{Answered, Invitation, NewInvitation};
pub use link_uses::{LinkReads, NamedReads, ReadsKey, ReadsOf};
pub use links::{Link, LinkUse, NewLink};
pub use mount_rights::HeldOnMounts;
pub use mounts::Mount;
pub use objects::{Door, Origin, Written};
pub use opening::{At, Login, OpenedItem, OwnPlace};
pub use past::{Deeds, Deleted, Happened, LogEntry, OldContent, Present};
pub use personal::{Mark, Whose};
pub use rights::{Given, Held, HeldInHome};
pub use sessions::{Admitted, Session, TokenLogin};
pub use signing_keys::SigningKey;
pub use spans::Touched;
pub use standing::{ItemAt, Standing};
pub use subscriptions::{Looked, Subscription};
pub use sync::{SyncItem, SyncPage};
pub use webhooks::{Attempt, NewWebhook, Stand, Webhook};

use crate::domain::id::IdSource;
use conn::{Conn, Opener, Use};
use diesel::connection::SimpleConnection;
use gather::Gather;
use lane::Lane;
use locks::Locks;
use names::Names;
use readers::Readers;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use writer::Writer;

/// Attempts at a transaction that the database asks to run again.
const ATTEMPTS: u32 = 8;

/// Threads that write to a database server: while one waits for the disk, the next runs its batch.
const SERVER_WRITERS: usize = 4;

/// How much a read costs, which decides where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Some rows by key: on the embedded database done at once on the asking thread, on a server by the few that ask for such.
    Point,
    /// Anything longer: on a thread that may block.
    Scan,
    /// One item that is known to be large: as a scan, on a connection of its own kind.
    Large,
}

/// What all transactions of one store share.
pub struct Shared {
    ids: IdSource,
    epoch: String,
    signing_secret: String,
    names: Names,
}

/// Both databases behind one handle; cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    readers: Readers,
    writer: Writer,
    /// On a server.
    lanes: Option<Lanes>,
}

/// What is asked of a server without a hop through threads that may block.
#[derive(Clone)]
struct Lanes {
    gather: Gather,
    points: Lane,
}

/// A transaction that only reads.
pub struct ReadTx<'c> {
    conn: &'c mut Conn,
    shared: &'c Shared,
}

/// A transaction that may write; reads too.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    now: i64,
    /// Homes whose number this transaction has raised.
    raised: Vec<collections::Raised>,
    locks: &'c mut Locks,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

impl<'c> DerefMut for WriteTx<'c> {
    fn deref_mut(&mut self) -> &mut ReadTx<'c> {
        &mut self.read
    }
}

impl<'c> WriteTx<'c> {
    fn new(conn: &'c mut Conn, shared: &'c Shared, locks: &'c mut Locks) -> Self {
        WriteTx { read: ReadTx { conn, shared }, now: now(), raised: Vec::new(), locks }
    }

    /// The moment of this transaction, microseconds UTC.
    pub fn now(&self) -> i64 {
        self.now
    }

    fn new_id(&self) -> i64 {
        self.read.shared.ids.next(self.now)
    }
}

impl ReadTx<'_> {
    /// The epoch that this database's sync tokens carry.
    pub fn epoch(&self) -> &str {
        &self.shared.epoch
    }
}

/// Microseconds UTC.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

impl Store {
    /// Opens, creates and migrates the database.
    pub fn open(location: &Location) -> Result<Store, Error> {
        let mut conn = Opener { location: location.clone(), usage: Use::Write }.open()?;
        migrations::run(&mut conn)?;
        hidden::note_all(&mut conn)?;
        let epoch = migrations::epoch(&mut conn)?;
        let signing_secret = migrations::signing_secret(&mut conn)?;
        let ids = IdSource::new(rand::random::<u32>().into());
        let shared = Arc::new(Shared { ids, epoch, signing_secret, names: Names::default() });
        let writers = match location {
            Location::File(_) => 1,
            Location::Server(_) => SERVER_WRITERS,
        };
        let readers = Readers::open(location)?;
        let opener = Opener { location: location.clone(), usage: Use::Write };
        let writer = Writer::start(&opener, &shared, writers)?;
        let lanes = match location {
            Location::File(_) => None,
            Location::Server(_) => {
                Some(Lanes { gather: Gather::start(&opener)?, points: Lane::start(&opener)? })
            }
        };
        Ok(Store { shared, readers, writer, lanes })
    }

    /// The epoch that this database's sync tokens carry.
    pub fn epoch(&self) -> &str {
        &self.shared.epoch
    }

    /// What renewing tokens are sealed with, the same on all nodes: nobody else has to open them.
    pub fn signing_secret(&self) -> &str {
        &self.shared.signing_secret
    }

    /// Whether the data are in a file of this machine.
    pub fn is_embedded(&self) -> bool {
        self.lanes.is_none()
    }

    /// Reads; each statement sees the newest commit.
    pub async fn read<T, F>(&self, weight: Weight, mut work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        if weight == Weight::Point
            && let Some(mut conn) = self.readers.at_once()
        {
            return work(&mut ReadTx { conn: &mut conn, shared: &self.shared });
        }
        if weight == Weight::Point
            && let Some(lanes) = &self.lanes
        {
            let shared = Arc::clone(&self.shared);
            return lanes.points.read(move |conn| work(&mut ReadTx { conn, shared: &shared })).await;
        }
        let store = self.clone();
        blocking(move || {
            let large = weight == Weight::Large;
            store.on_connection(large, |conn| work(&mut ReadTx { conn, shared: &store.shared }))
        })
        .await
    }

    /// Reads; all statements see the same commit. Always on a thread that may block.
    pub async fn snapshot<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let store = self.clone();
        let mut work = work;
        blocking(move || store.snapshot_here(&mut work)).await
    }

    /// As [`Store::snapshot`], on the calling thread, which must be one that may block.
    pub fn snapshot_here<T>(
        &self,
        work: &mut dyn FnMut(&mut ReadTx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.on_connection(false, |conn| self.in_snapshot(conn, work))
    }

    fn in_snapshot<T>(
        &self,
        conn: &mut Conn,
        work: &mut dyn FnMut(&mut ReadTx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        conn.batch_execute(match conn {
            Conn::Sqlite(_) => "BEGIN",
            Conn::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })?;
        let result = work(&mut ReadTx { conn, shared: &self.shared });
        conn.batch_execute("COMMIT").or_else(|_| conn.batch_execute("ROLLBACK"))?;
        result
    }

    /// As [`Store::snapshot`], at once on the asking thread where the embedded database can: for reads of some rows.
    pub async fn point_snapshot<T, F>(&self, mut work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        if let Some(mut conn) = self.readers.at_once() {
            return self.in_snapshot(&mut conn, &mut work);
        }
        self.snapshot(work).await
    }

    /// Writes in one transaction; answers when it is durable. The closure may run several times and must have no
    /// effect outside of the transaction.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.writer.write(None, work).await
    }

    /// As [`Store::write`], for what mostly locks the home of this owner: what is written there at the same time then shares
    /// one commit instead of waiting for the lock.
    pub async fn write_home<T, F>(&self, owner: &str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.writer.write(Some(owner), work).await
    }

    /// Reads on a pooled connection; one that broke while idle is replaced once.
    fn on_connection<T>(
        &self,
        large: bool,
        mut work: impl FnMut(&mut Conn) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let lend = || if large { self.readers.wait_for_large() } else { self.readers.wait() };
        let mut conn = lend()?;
        match work(&mut conn) {
            Err(error) if error.is_broken() => {
                drop(conn);
                work(&mut *lend()?)
            }
            other => other,
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Panicked))
}
