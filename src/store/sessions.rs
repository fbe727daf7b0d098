//! Logins of programs that renew their tokens. Knows no token.

use super::conn::on;
use super::schema::{credential, principal, session, signing_key};
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::PrincipalId;
use crate::domain::principal::{PrincipalKind, PrincipalState};
use diesel::dsl::exists;
use diesel::prelude::*;
use std::sync::Arc;

/// Rows that one piece of cleaning removes.
const PIECE: i64 = 500;

/// What a token was given for.
#[derive(Debug, Clone)]
pub struct TokenLogin {
    /// Whose it is.
    pub id: PrincipalId,
    /// His number of ended tokens when it was given.
    pub token_version: i64,
    /// The session that it is of, if any.
    pub session: Option<i64>,
    /// What the key that signed it is called.
    pub kid: Arc<str>,
}

/// Whom a token lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// His handle.
    pub handle: String,
    /// Whether he may administer.
    pub admin: bool,
    /// When the credential ends that the token's session was opened with, microseconds UTC.
    pub ends_at: Option<i64>,
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its row.
    pub id: i64,
    /// Whose it is.
    pub principal: PrincipalId,
    /// What its owner or his program calls it.
    pub device: String,
    /// What it opens, as words.
    pub scope: String,
    /// The number of the one token that may renew it next.
    pub generation: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it was last renewed, microseconds UTC.
    pub refreshed_at: i64,
    /// When it ends unless it is renewed, microseconds UTC.
    pub expires_at: i64,
    /// The credential that it was opened with, and goes with; unknown for those of older versions.
    pub credential: Option<i64>,
}

type Row = (i64, i64, String, String, i64, i64, i64, i64, Option<i64>);

const COLUMNS: (
    session::id,
    session::principal,
    session::device,
    session::scope,
    session::generation,
    session::created_at,
    session::refreshed_at,
    session::expires_at,
    session::credential,
) = (
    session::id,
    session::principal,
    session::device,
    session::scope,
    session::generation,
    session::created_at,
    session::refreshed_at,
    session::expires_at,
    session::credential,
);

fn from_row(row: Row) -> Session {
    let (id, principal, device, scope, generation, created_at, refreshed_at, expires_at, credential) = row;
    let principal = PrincipalId(principal);
    Session { id, principal, device, scope, generation, created_at, refreshed_at, expires_at, credential }
}

impl ReadTx<'_> {
    /// Whom a token lets in: one statement. `None` where the account may not be used, the token, its session or what that was opened
    /// with has ended at `now`, or its key is not kept any more.
    pub fn token_holds(&mut self, login: &TokenLogin, now: i64) -> Result<Option<Admitted>, Error> {
        let signed = signing_key::table.filter(signing_key::kid.eq(&*login.kid));
        let holds = exists(signed)
            .and(principal::id.eq(login.id.0))
            .and(principal::token_version.eq(login.token_version))
            .and(principal::kind.eq(PrincipalKind::User as i16))
            .and(principal::state.eq(PrincipalState::Active as i16));
        let told = (principal::handle, principal::admin);
        let found: Option<((String, bool), Option<i64>)> = match login.session {
            None => {
                let found: Option<(String, bool)> = on!(self.conn, conn => principal::table.filter(holds).select(told).first(conn).optional())?;
                found.map(|told| (told, None))
            }
            Some(id) => on!(self.conn, conn => session::table
                .inner_join(principal::table)
                .left_join(credential::table.on(session::credential.eq(credential::id.nullable())))
                .filter(session::id.eq(id).and(session::expires_at.gt(now)).and(holds))
                .select((told, credential::expires_at.nullable()))
                .first(conn)
                .optional())?,
        };
        let held = found.map(|((handle, admin), ends_at)| Admitted { handle, admin, ends_at });
        Ok(held.filter(|held| held.ends_at.is_none_or(|end| end > now)))
    }

    /// The session with this id, ended ones too as long as they are kept.
    pub fn session(&mut self, id: i64) -> Result<Option<Session>, Error> {
        let row: Option<Row> = session::table.find(id).select(COLUMNS).first(self.conn).optional()?;
        Ok(row.map(from_row))
    }

    /// The sessions of a principal that have not ended at `now`, the oldest first.
    pub fn sessions(&mut self, of: PrincipalId, now: i64) -> Result<Vec<Session>, Error> {
        let rows: Vec<Row> = session::table
            .filter(session::principal.eq(of.0).and(session::expires_at.gt(now)))
            .select(COLUMNS)
            .order(session::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(from_row).collect())
    }
}

impl WriteTx<'_> {
    /// Opens a session that ends at `expires_at` unless it is renewed, and goes with the credential; tells its id.
    pub fn open_session(
        &mut self,
        of: PrincipalId,
        device: &str,
        scope: &str,
        expires_at: i64,
        credential: Option<i64>,
    ) -> Result<i64, Error> {
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(session::table)
            .values((
                session::id.eq(id),
                session::principal.eq(of.0),
                session::device.eq(device),
                session::scope.eq(scope),
                session::generation.eq(0),
                session::created_at.eq(now),
                session::refreshed_at.eq(now),
                session::expires_at.eq(expires_at),
                session::credential.eq(credential),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    /// Renews a session whose next token is of this generation; whether it was. Of two at once one is.
    pub fn renew_session(&mut self, id: i64, generation: i64, expires_at: i64) -> Result<bool, Error> {
        let now = self.now;
        let renewed =
            diesel::update(session::table.filter(session::id.eq(id).and(session::generation.eq(generation))))
                .set((
                    session::generation.eq(generation + 1),
                    session::refreshed_at.eq(now),
                    session::expires_at.eq(expires_at),
                ))
                .execute(self.conn)?;
        Ok(renewed > 0)
    }

    /// Ends a session of a principal's; whether there was one.
    pub fn end_session(&mut self, of: PrincipalId, id: i64) -> Result<bool, Error> {
        let own = session::table.filter(session::id.eq(id).and(session::principal.eq(of.0)));
        Ok(diesel::delete(own).execute(self.conn)? > 0)
    }

    /// Removes a piece of the sessions that ended before `before` (microseconds UTC); how many rows went.
    pub fn purge_sessions(&mut self, before: i64) -> Result<usize, Error> {
        let old: Vec<i64> = session::table
            .filter(session::expires_at.lt(before))
            .select(session::id)
            .limit(PIECE)
            .load(self.conn)?;
        Ok(diesel::delete(session::table.filter(session::id.eq_any(old))).execute(self.conn)?)
    }
}
