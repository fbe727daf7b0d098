//! Keeps the embedded database's newest state open for reading, so that readers need no call of the system to begin.
//!
//! SQLite locks the state that a reader sees with `fcntl`, under a lock of the whole process, unless another connection of
//! the process reads the same state already: then it only counts. This connection is the one that always does. It lets go
//! while the writer commits, for what somebody reads can neither be moved from the log to the file nor be overwritten.
//! Nothing depends on it but speed.

use super::conn::{Conn, Location, Opener, Use};
use diesel::connection::SimpleConnection;

/// KiB of its page cache: it reads a single row.
const CACHE: usize = 64;

/// A connection that reads the newest state and nothing else.
pub(super) struct Keeper {
    conn: Conn,
    keeps: bool,
}

impl Keeper {
    /// One for the embedded database; none for a server.
    pub fn open(location: &Location) -> Option<Self> {
        let Location::File(_) = location else { return None };
        let conn = Opener { location: location.clone(), usage: Use::Read { cache: CACHE } }.open().ok()?;
        let mut keeper = Keeper { conn, keeps: false };
        keeper.keep();
        Some(keeper)
    }

    /// Reads the newest state from now on.
    pub fn keep(&mut self) {
        // A transaction sees its state from its first read on.
        self.keeps = self.conn.batch_execute("BEGIN; SELECT 1 FROM meta LIMIT 1;").is_ok();
    }

    /// Reads nothing any more.
    pub fn let_go(&mut self) {
        if std::mem::take(&mut self.keeps)
            && let Err(error) = self.conn.batch_execute("COMMIT")
        {
            tracing::warn!(%error, "a reading transaction could not be ended");
        }
    }
}
