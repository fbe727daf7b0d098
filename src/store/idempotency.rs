//! What requests under a key did, kept for a time in the very transaction that did it. Knows no request and no answer.

use super::schema::idempotency;
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::PrincipalId;
use diesel::prelude::*;

/// Rows that one piece of cleaning removes.
const PIECE: i64 = 500;

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Digest of the request: another one under the same key is another request.
    pub digest: String,
    /// What it did, in the words of who noted it.
    pub outcome: String,
    /// Microseconds UTC.
    pub at: i64,
}

impl ReadTx<'_> {
    /// What is kept under this key of the principal's.
    pub fn noted(&mut self, owner: PrincipalId, key: &str) -> Result<Option<Noted>, Error> {
        let row: Option<(String, String, i64)> = idempotency::table
            .find((owner.0, key))
            .select((idempotency::digest, idempotency::outcome, idempotency::at))
            .first(self.conn)
            .optional()?;
        Ok(row.map(|(digest, outcome, at)| Noted { digest, outcome, at }))
    }
}

impl WriteTx<'_> {
    /// Keeps what a request did, in the place of what was kept under its key up to `forgotten` (microseconds UTC). Of two at
    /// once one breaks the primary key, runs again, and finds what the other did.
    pub fn note(
        &mut self,
        owner: PrincipalId,
        key: &str,
        digest: &str,
        outcome: &str,
        forgotten: i64,
    ) -> Result<(), Error> {
        let now = self.now;
        diesel::delete(idempotency::table.find((owner.0, key)).filter(idempotency::at.le(forgotten)))
            .execute(self.conn)?;
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::principal.eq(owner.0),
                idempotency::name.eq(key),
                idempotency::digest.eq(digest),
                idempotency::outcome.eq(outcome),
                idempotency::at.eq(now),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes a piece of what was noted before `before` (microseconds UTC); how many rows went.
    pub fn purge_noted(&mut self, before: i64) -> Result<usize, Error> {
        let old: Vec<(i64, String)> = idempotency::table
            .filter(idempotency::at.lt(before))
            .select((idempotency::principal, idempotency::name))
            .limit(PIECE)
            .load(self.conn)?;
        for (owner, key) in &old {
            diesel::delete(idempotency::table.find((owner, key))).execute(self.conn)?;
        }
        Ok(old.len())
    }
}
