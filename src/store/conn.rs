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

/// A text that says of no place where data could be. It may hold a password, so it is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a postgres:// address or a file (sqlite:PATH); the folder of the embedded database is named by `data`"
)]
pub struct NoLocation;

impl Location {
    /// `postgres://` and `postgresql://` name a server, `sqlite:PATH` or a plain path a file.
    pub fn parse(url: &str) -> Result<Self, NoLocation> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Server(url.to_owned()));
        }
        let path = match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(path) => path,
            None if is_other(url) => return Err(NoLocation),
            None => url,
        };
        if path.is_empty() { Err(NoLocation) } else { Ok(Location::File(PathBuf::from(path))) }
    }
}

/// Whether that is an address of another kind: what comes before its first slash has a colon (`mysql://…`), or it names its parts
/// (`host=… password=…`).
fn is_other(url: &str) -> bool {
    let first = url.split('/').next().unwrap_or_default();
    first.contains(':')
        || first.split_whitespace().any(|word| word.contains('='))
        || url.contains("password=")
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
    let mut conn =
        PgConnection::establish(url).map_err(|error| Error::Unavailable(told(url, &error.to_string())))?;
    // Statements here read some rows each. To compile one would take longer than it runs, and is begun where an estimate is far off; a merge
    // join reads a range of ids of all people's things to find those of one, and looks cheap where one statement's estimate serves everybody.
    conn.batch_execute(
        "SET jit = off; SET enable_mergejoin = off; SET synchronous_commit = on; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;",
    )?;
    Ok(conn)
}

/// What may be said of a connection that failed. Where the client library cannot read an address it shows what it could not
/// read, which may be a piece of the password.
fn told(url: &str, text: &str) -> String {
    const SAFE: [&str; 3] = ["connection to server", "could not translate host name", "sslmode value"];
    // With a bare `@` in the password its end is taken for the host.
    let bare = url.rsplit_once('@').is_some_and(|(before, _)| before.contains('@'));
    let safe = !bare && SAFE.iter().any(|start| text.starts_with(start));
    if safe || !text.contains('"') {
        return text.to_owned();
    }
    "the postgres:// address cannot be read: in a password write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23, % as %25; \
     a port is a number"
        .into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        assert!(matches!(Location::parse("postgres://u:p@h/x"), Ok(Location::Server(_))));
        assert!(matches!(Location::parse("postgresql://%2Frun/x"), Ok(Location::Server(_))));
        for (file, path) in
            [("sqlite:a.db", "a.db"), ("sqlite:///a/b", "/a/b"), ("/a/b:c=d", "/a/b:c=d"), ("x", "x")]
        {
            assert_eq!(Location::parse(file), Ok(Location::File(path.into())), "{file}");
        }
        for none in [
            "",
            "sqlite:",
            "mysql://u:topsecret@h/x",
            "postgres:u:topsecret@h/x",
            "Postgres://u:topsecret@h/x",
            "u:topsecret@h/x",
            "host=h user=u password=topsecret",
            "host=/run password=topsecret",
        ] {
            let said = Location::parse(none).expect_err(none).to_string();
            assert!(
                said.starts_with("this is not a postgres:// address or a file")
                    && !said.contains("topsecret")
            );
        }
    }

    #[test]
    fn what_cannot_be_read_of_an_address_is_not_shown() {
        for url in [
            "postgres://u:top/secret@127.0.0.1/x",
            "postgres://u:top@secret@127.0.0.1/x",
            "postgres://u:topsecret%zz@127.0.0.1/x",
            "postgres://u:top:secret@127.0.0.1:top/x",
            "postgres://u:topsecret@[127.0.0.1/x",
            "postgres://u:p@127.0.0.1/x?topsecret=1",
        ] {
            let said = open_server(url).err().expect("no server").to_string();
            assert!(!said.contains("top") && !said.contains("secret"), "{url}: {said}");
        }
        let said =
            open_server("postgres://cenacle:topsecret@127.0.0.1:1/x").err().expect("no server").to_string();
        assert!(said.contains("127.0.0.1") && !said.contains("topsecret"), "{said}");
    }
}
