//! Connections to both databases: how they are opened, set up and pooled.
//!
//! Knows no table. SQLite runs in WAL mode with `synchronous=FULL`: what was answered survives a power cut.

use super::error::Error;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::ManageConnection;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, MultiConnection};
use std::path::{Path, PathBuf};

/// One connection to either database.
#[derive(MultiConnection)]
pub enum Conn {
    /// The embedded one.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// Runs a statement on whichever database it is. The statement is compiled for each, so that it is found in its cache by
/// its type: through the enum its text would be built anew at each run only to look it up.
macro_rules! on {
    ($conn:expr, $typed:ident => $statement:expr) => {
        match &mut *$conn {
            $crate::store::conn::Conn::Sqlite($typed) => $statement,
            $crate::store::conn::Conn::Postgres($typed) => $statement,
        }
    };
}
pub(super) use on;

/// Where the data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of the embedded database.
    File(PathBuf),
    /// `postgres://…`
    Server(String),
}

impl Location {
    /// `postgres://` and `postgresql://` name a server, `sqlite:PATH` or a plain path a file.
    pub fn parse(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Location::Server(url.to_owned())
        } else {
            let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
            Location::File(PathBuf::from(path))
        }
    }
}

/// What a connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// May change data.
    Write,
    /// On SQLite refuses to change data.
    Read {
        /// KiB of its page cache.
        cache: usize,
    },
}

/// Opens connections for a pool.
#[derive(Debug, Clone)]
pub struct Opener {
    /// Where.
    pub location: Location,
    /// For what.
    pub usage: Use,
}

impl Opener {
    /// Opens and sets up one connection.
    pub fn open(&self) -> Result<Conn, Error> {
        match &self.location {
            Location::File(path) => open_file(path, self.usage).map(Conn::Sqlite),
            Location::Server(url) => open_server(url).map(Conn::Postgres),
        }
    }
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}

fn open_file(path: &Path, usage: Use) -> Result<SqliteConnection, Error> {
    let name = path.to_str().ok_or_else(|| Error::Unavailable("the path is not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(name).map_err(|error| unavailable(&error))?;
    // The order matters: the busy time-out must hold before the journal mode is asked for.
    conn.batch_execute(
        "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
         PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=4000;",
    )?;
    conn.batch_execute(match usage {
        Use::Write => "PRAGMA cache_size=-9216;",
        Use::Read { .. } => "PRAGMA query_only=ON;",
    })?;
    if let Use::Read { cache } = usage {
        // Not a mapped file, which would count as resident memory of the process.
        conn.batch_execute(&format!("PRAGMA cache_size=-{cache};"))?;
    }
    Ok(conn)
}

fn open_server(url: &str) -> Result<PgConnection, Error> {
    let mut conn = PgConnection::establish(url).map_err(|error| unavailable(&error))?;
    // Statements here read some rows each. To compile one would take longer than it runs, and is begun where an estimate is far off; a merge
    // join reads a range of ids of all people's things to find those of one, and looks cheap where one statement's estimate serves everybody.
    conn.batch_execute(
        "SET jit = off; SET enable_mergejoin = off; SET synchronous_commit = on; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;",
    )?;
    Ok(conn)
}

impl ManageConnection for Opener {
    type Connection = Conn;
    type Error = Error;

    fn connect(&self) -> Result<Conn, Error> {
        self.open()
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Error> {
        conn.batch_execute("SELECT 1").map_err(Error::from)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        use diesel::r2d2::R2D2Connection;
        match conn {
            Conn::Sqlite(conn) => conn.is_broken(),
            Conn::Postgres(conn) => conn.is_broken(),
        }
    }
}
