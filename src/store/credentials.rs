//! Password hashes and application passwords. Knows no hash function. Sessions go with the credential that they were opened with.

use super::schema::{credential, principal, session};
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::PrincipalId;
use diesel::prelude::*;

/// What a credential is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum CredentialKind {
    /// The person's own password: one at most.
    Password = 1,
    /// One made for a device or a program.
    AppPassword = 2,
}

/// A stored credential.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its row.
    pub id: i64,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls it.
    pub name: String,
    /// PHC string of argon2id for passwords, of a plain digest for the long random ones.
    pub hash: String,
    /// What it opens: empty for everything.
    pub scope: String,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC, to the minute or so.
    pub last_used: Option<i64>,
    /// When it ends, microseconds UTC; `None` for never.
    pub expires_at: Option<i64>,
}

impl Credential {
    /// Whether its time is not over.
    pub fn is_good_at(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

type Row = (i64, i16, String, String, String, i64, Option<i64>, Option<i64>);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            credential::id,
            credential::kind,
            credential::name,
            credential::hash,
            credential::scope,
            credential::created_at,
            credential::last_used,
            credential::expires_at,
        )
    };
}

fn from_row(row: Row) -> Credential {
    let (id, kind, name, hash, scope, created_at, last_used, expires_at) = row;
    let kind = if kind == CredentialKind::Password as i16 {
        CredentialKind::Password
    } else {
        CredentialKind::AppPassword
    };
    Credential { id, kind, name, hash, scope, created_at, last_used, expires_at }
}

impl ReadTx<'_> {
    /// All credentials of a principal, the oldest first.
    pub fn credentials(&mut self, owner: PrincipalId) -> Result<Vec<Credential>, Error> {
        let rows: Vec<Row> = credential::table
            .filter(credential::principal.eq(owner.0))
            .select(columns!())
            .order(credential::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// When a credential that is there ends, microseconds UTC; `None` in it for never.
    pub fn credential_end(&mut self, id: i64) -> Result<Option<Option<i64>>, Error> {
        Ok(credential::table.find(id).select(credential::expires_at).first(self.conn).optional()?)
    }

    /// The application password with this digest, and whose it is.
    pub fn app_password_by_hash(&mut self, hash: &str) -> Result<Option<(PrincipalId, Credential)>, Error> {
        let found: Option<(i64, Row)> = credential::table
            .filter(credential::hash.eq(hash).and(credential::kind.eq(CredentialKind::AppPassword as i16)))
            .select((credential::principal, columns!()))
            .first(self.conn)
            .optional()?;
        Ok(found.map(|(owner, row)| (PrincipalId(owner), from_row(row))))
    }
}

impl WriteTx<'_> {
    /// Sets the password; what was checked before no longer holds on any node, and all sessions and tokens end.
    pub fn set_password(&mut self, owner: PrincipalId, hash: &str) -> Result<(), Error> {
        diesel::delete(credential::table.filter(
            credential::principal.eq(owner.0).and(credential::kind.eq(CredentialKind::Password as i16)),
        ))
        .execute(self.conn)?;
        self.insert_credential(owner, CredentialKind::Password, "", hash, "", None)?;
        diesel::delete(session::table.filter(session::principal.eq(owner.0))).execute(self.conn)?;
        diesel::update(principal::table.find(owner.0))
            .set(principal::token_version.eq(principal::token_version + 1))
            .execute(self.conn)?;
        self.raise_auth_version(owner)
    }

    /// Adds an application password, good until `expires_at` (microseconds UTC), and tells its row.
    pub fn add_app_password(
        &mut self,
        owner: PrincipalId,
        name: &str,
        hash: &str,
        scope: &str,
        expires_at: Option<i64>,
    ) -> Result<i64, Error> {
        self.insert_credential(owner, CredentialKind::AppPassword, name, hash, scope, expires_at)
    }

    /// Removes an application password, with the sessions that were opened with it; whether it was there. What was checked
    /// before no longer holds on any node; other sessions and tokens stay.
    pub fn remove_app_password(&mut self, owner: PrincipalId, id: i64) -> Result<bool, Error> {
        let gone = diesel::delete(
            credential::table.filter(
                credential::id
                    .eq(id)
                    .and(credential::principal.eq(owner.0))
                    .and(credential::kind.eq(CredentialKind::AppPassword as i16)),
            ),
        )
        .execute(self.conn)?;
        if gone > 0 {
            // Those of older versions do not say with what they were opened: it may have been this one.
            diesel::delete(
                session::table.filter(session::principal.eq(owner.0).and(session::credential.is_null())),
            )
            .execute(self.conn)?;
            self.raise_auth_version(owner)?;
        }
        Ok(gone > 0)
    }

    /// Notes when a credential was last used.
    pub fn touch_credential(&mut self, id: i64) -> Result<(), Error> {
        let now = self.now;
        diesel::update(credential::table.find(id)).set(credential::last_used.eq(now)).execute(self.conn)?;
        Ok(())
    }

    fn insert_credential(
        &mut self,
        owner: PrincipalId,
        kind: CredentialKind,
        name: &str,
        hash: &str,
        scope: &str,
        expires_at: Option<i64>,
    ) -> Result<i64, Error> {
        let id = self.new_id();
        let now = self.now;
        diesel::insert_into(credential::table)
            .values((
                credential::id.eq(id),
                credential::principal.eq(owner.0),
                credential::kind.eq(kind as i16),
                credential::name.eq(name),
                credential::hash.eq(hash),
                credential::scope.eq(scope),
                credential::created_at.eq(now),
                credential::expires_at.eq(expires_at),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    fn raise_auth_version(&mut self, owner: PrincipalId) -> Result<(), Error> {
        diesel::update(principal::table.find(owner.0))
            .set(principal::auth_version.eq(principal::auth_version + 1))
            .execute(self.conn)?;
        Ok(())
    }
}
