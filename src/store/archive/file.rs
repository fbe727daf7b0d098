//! The embedded database as one file: copied beside a running server, checked, and made fit to be served again.
//!
//! None of this migrates anything, so that a backup can be made before a new version is started. Knows no lock and no
//! command line: who calls decides when a file may be touched.

use super::super::Store;
use super::super::error::Error;
use super::super::schema::{meta, signing_key};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What each file of SQLite begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Faults of a file that are named.
const NAMED: usize = 10;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Store {
    /// Whether a file begins as each database of SQLite does. An error is that of reading the file.
    pub fn is_database_file(path: &Path) -> std::io::Result<bool> {
        let mut head = Vec::new();
        std::fs::File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
        Ok(head == MAGIC)
    }

    /// Writes one commit of the database `from` as a complete database into `to`, which must be an empty file or none.
    /// Reads beside whoever writes. Not yet durable. Blocks for as long as it takes.
    pub fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
        let mut conn = open(from)?;
        let to = name(to)?;
        diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(to).execute(&mut conn)?;
        Ok(())
    }

    /// What is wrong with a database file, some sentences at most; empty where all pages, rows and indexes agree, and it
    /// is one of this program. Blocks.
    pub fn faults_of_file(path: &Path) -> Result<Vec<String>, Error> {
        let mut conn = open(path)?;
        conn.batch_execute("PRAGMA query_only=ON")?;
        let verdicts: Vec<Verdict> =
            diesel::sql_query(format!("PRAGMA integrity_check({NAMED})")).load(&mut conn)?;
        let mut faults: Vec<String> = verdicts
            .into_iter()
            .map(|verdict| verdict.integrity_check)
            .filter(|verdict| verdict != "ok")
            .collect();
        let ours: Count = diesel::sql_query(
            "SELECT count(*) AS number FROM sqlite_master \
             WHERE type = 'table' AND name IN ('meta', 'principal', 'collection', 'object', 'change')",
        )
        .get_result(&mut conn)?;
        if ours.number != 5 {
            faults.push("it is not a database of Cenacle".to_owned());
        }
        let lost: Vec<Line> = diesel::sql_query(format!(
            "SELECT \"table\" || ' refers to a row that is not in ' || \"parent\" AS text FROM pragma_foreign_key_check LIMIT {NAMED}"
        ))
        .load(&mut conn)?;
        faults.extend(lost.into_iter().map(|line| line.text));
        Ok(faults)
    }

    /// Ends the sync tokens and bearer tokens of a database file that nobody serves: the next start makes new ones.
    pub fn end_tokens_of_file(path: &Path) -> Result<(), Error> {
        let mut conn = open(path)?;
        diesel::delete(meta::table.filter(meta::name.eq_any(super::TOKEN_SETTINGS))).execute(&mut conn)?;
        // A backup that an older version made has no such table.
        let keys: Count = diesel::sql_query(
            "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table' AND name = 'signing_key'",
        )
        .get_result(&mut conn)?;
        if keys.number > 0 {
            diesel::delete(signing_key::table).execute(&mut conn)?;
        }
        Ok(())
    }

    /// Brings everything that stands in the write-ahead log into the database file itself. Nobody else may have it open.
    pub fn settle_file(path: &Path) -> Result<(), Error> {
        open(path)?.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;")?;
        Ok(())
    }
}

/// Opens a file that exists; changes no setting that stays in it.
fn open(path: &Path) -> Result<SqliteConnection, Error> {
    if !path.is_file() {
        return Err(Error::Unavailable(format!("there is no file {}", path.display())));
    }
    let mut conn =
        SqliteConnection::establish(&name(path)?).map_err(|error| Error::Unavailable(error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")?;
    Ok(conn)
}

/// A path as SQLite takes it: absolute, so that no name is mistaken for a URI.
fn name(path: &Path) -> Result<String, Error> {
    let absolute: PathBuf =
        std::path::absolute(path).map_err(|error| Error::Unavailable(error.to_string()))?;
    absolute.into_os_string().into_string().map_err(|_| Error::Unavailable("the path is not UTF-8".into()))
}
