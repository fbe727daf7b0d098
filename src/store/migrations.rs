//! Creates and migrates the tables, and keeps the epoch of sync tokens.
//!
//! Two folders, the same numbers and names: `migrations/sqlite`, `migrations/postgres`.

use super::conn::Conn;
use super::error::Error;
use super::schema::meta;
use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the tables to this program's state.
pub(super) fn run(conn: &mut Conn) -> Result<(), Error> {
    let done = match conn {
        Conn::Sqlite(conn) => {
            known(conn, &SQLITE).and_then(|()| conn.run_pending_migrations(SQLITE).map(drop))
        }
        Conn::Postgres(conn) => {
            known(conn, &POSTGRES).and_then(|()| conn.run_pending_migrations(POSTGRES).map(drop))
        }
    };
    done.map_err(|error| Error::Unavailable(format!("migration failed: {error}")))
}

/// Refuses tables that a newer program made: this one would write them wrongly.
fn known<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    ours: &impl MigrationSource<DB>,
) -> diesel::migration::Result<()> {
    let ours = ours.migrations()?;
    let newer = conn
        .applied_migrations()?
        .into_iter()
        .find(|version| !ours.iter().any(|migration| migration.name().version() == *version));
    match newer {
        None => Ok(()),
        Some(version) => {
            Err(format!("the database is of a newer Cenacle (migration {version}); use that one").into())
        }
    }
}

/// The epoch that sync tokens carry; made when the database is, and anew when a backup is restored.
pub(super) fn epoch(conn: &mut Conn) -> Result<String, Error> {
    made_once(conn, "epoch", || format!("{:08x}", rand::random::<u32>()))
}

/// What renewing tokens are sealed with, the same on all nodes.
pub(super) fn signing_secret(conn: &mut Conn) -> Result<String, Error> {
    made_once(conn, "signing_secret", || {
        format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
    })
}

fn made_once(conn: &mut Conn, name: &str, make: fn() -> String) -> Result<String, Error> {
    const TRIES: usize = 3;
    for _ in 0..TRIES {
        let found: Option<String> = meta::table.find(name).select(meta::value).first(conn).optional()?;
        if let Some(value) = found {
            return Ok(value);
        }
        // Another node may be first: then its value is read in the next turn.
        diesel::insert_into(meta::table)
            .values((meta::name.eq(name), meta::value.eq(make())))
            .execute(conn)
            .map_err(Error::from)
            .map(|_| ())
            .or_else(|error| if error.is_retryable() { Ok(()) } else { Err(error) })?;
    }
    Err(Error::Unavailable(format!("'{name}' cannot be stored")))
}
