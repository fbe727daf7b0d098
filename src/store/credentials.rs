//! Password hashes and application passwords. Knows no hash function.

use super::schema::{credential, principal};
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
}

impl ReadTx<'_> {
    /// All credentials of a principal, the oldest first.
    pub fn credentials(&mut self, owner: PrincipalId) -> Result<Vec<Credential>, Error> {
        type Row = (i64, i16, String, String, String, i64, Option<i64>);
        let rows: Vec<Row> = credential::table
            .filter(credential::principal.eq(owner.0))
            .select((
                credential::id,
                credential::kind,
                credential::name,
                credential::hash,
                credential::scope,
                credential::created_at,
                credential::last_used,
            ))
            .order(credential::id)
            .load(self.conn)?;
        Ok(rows
            .into_iter()
            .map(|(id, kind, name, hash, scope, created_at, last_used)| Credential {
                id,
                kind: if kind == CredentialKind::Password as i16 {
                    CredentialKind::Password
                } else {
                    CredentialKind::AppPassword
                },
                name,
                hash,
                scope,
                created_at,
                last_used,
            })
            .collect())
    }
}

impl WriteTx<'_> {
    /// Sets the password; what was checked before no longer holds on any node.
    pub fn set_password(&mut self, owner: PrincipalId, hash: &str) -> Result<(), Error> {
        diesel::delete(credential::table.filter(
            credential::principal.eq(owner.0).and(credential::kind.eq(CredentialKind::Password as i16)),
        ))
        .execute(self.conn)?;
        self.insert_credential(owner, CredentialKind::Password, "", hash, "")?;
        self.raise_auth_version(owner)
    }

    /// Adds an application password and tells its row.
    pub fn add_app_password(
        &mut self,
        owner: PrincipalId,
        name: &str,
        hash: &str,
        scope: &str,
    ) -> Result<i64, Error> {
        self.insert_credential(owner, CredentialKind::AppPassword, name, hash, scope)
    }

    /// Removes an application password; whether it was there.
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
        self.raise_auth_version(owner)?;
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
