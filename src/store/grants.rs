//! Who was granted what on a collection, and on all of a home. Decides nothing; `domain::acl` does.
//!
//! RFC 3744 §5.5.

use super::collection_log::CollectionDeed;
use super::objects::Origin;
use super::schema::{grant_, principal_grant};
use super::{Error, ReadTx, WriteTx};
use crate::domain::acl::{Grant, Grantee, Privileges};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

/// The kind of a grantee that is a principal.
pub(super) const PRINCIPAL: i16 = 1;
const AUTHENTICATED: i16 = 2;
const EVERYONE: i16 = 3;

impl ReadTx<'_> {
    /// The grants on a collection, in the order in which they were given.
    pub fn grants(&mut self, on: CollectionId) -> Result<Vec<Grant>, Error> {
        let rows: Vec<(i16, i64, i32)> = grant_::table
            .filter(grant_::collection.eq(on.0))
            .select((grant_::grantee, grant_::principal, grant_::privileges))
            .order(grant_::position)
            .load(self.conn)?;
        Ok(rows.into_iter().map(grant).collect())
    }

    /// The grants on all of a home, in an order of their own.
    pub fn home_grants(&mut self, owner: PrincipalId, home: HomeKind) -> Result<Vec<Grant>, Error> {
        let rows: Vec<(i16, i64, i32)> = principal_grant::table
            .filter(principal_grant::owner.eq(owner.0).and(principal_grant::home.eq(home as i16)))
            .select((principal_grant::grantee, principal_grant::principal, principal_grant::privileges))
            .order((principal_grant::grantee, principal_grant::principal))
            .load(self.conn)?;
        Ok(rows.into_iter().map(grant).collect())
    }

    /// The homes on which there is a grant to one of these by name: whose, which, to whom and what; by owner.
    pub fn homes_granted_to(
        &mut self,
        holders: &[PrincipalId],
    ) -> Result<Vec<(PrincipalId, HomeKind, Grant)>, Error> {
        let holders: Vec<i64> = holders.iter().map(|holder| holder.0).collect();
        let rows: Vec<(i64, i16, i64, i32)> = principal_grant::table
            .filter(principal_grant::principal.eq_any(&holders))
            .select((
                principal_grant::owner,
                principal_grant::home,
                principal_grant::principal,
                principal_grant::privileges,
            ))
            .order((principal_grant::owner, principal_grant::home, principal_grant::principal))
            .load(self.conn)?;
        let told = |(owner, home, principal, privileges)| {
            let home =
                if home == HomeKind::Calendars as i16 { HomeKind::Calendars } else { HomeKind::AddressBooks };
            (PrincipalId(owner), home, grant((PRINCIPAL, principal, privileges)))
        };
        Ok(rows.into_iter().map(told).collect())
    }
}

fn grant((grantee, principal, privileges): (i16, i64, i32)) -> Grant {
    Grant { grantee: read_grantee(grantee, principal), privileges: Privileges(privileges) }
}

/// The grantee that two columns name.
pub(super) fn read_grantee(kind: i16, principal: i64) -> Grantee {
    match kind {
        AUTHENTICATED => Grantee::Authenticated,
        EVERYONE => Grantee::Everyone,
        _ => Grantee::Principal(PrincipalId(principal)),
    }
}

/// The two columns that name a grantee; no principal is 0.
pub(super) const fn grantee_columns(grantee: Grantee) -> (i16, i64) {
    match grantee {
        Grantee::Principal(id) => (PRINCIPAL, id.0),
        Grantee::Authenticated => (AUTHENTICATED, 0),
        Grantee::Everyone => (EVERYONE, 0),
    }
}

impl WriteTx<'_> {
    /// Replaces all grants on a collection, whose number rises.
    pub fn set_grants(&mut self, of: &Collection, grants: &[Grant], by: &Origin) -> Result<(), Error> {
        let modseq = self.raise(of)?;
        self.log_collection(of.id, modseq, CollectionDeed::Shared, by, None)?;
        self.sight_of_grantees_moves(of.id)?;
        diesel::delete(grant_::table.filter(grant_::collection.eq(of.id.0))).execute(self.conn)?;
        self.insert_grants(of.id, grants)?;
        self.sight_of_grantees_moves(of.id)
    }

    /// Grants on a collection that has none: one that is being made.
    pub fn insert_grants(&mut self, on: CollectionId, grants: &[Grant]) -> Result<(), Error> {
        for (position, grant) in (0i32..).zip(grants) {
            let (kind, principal) = grantee_columns(grant.grantee);
            diesel::insert_into(grant_::table)
                .values((
                    grant_::collection.eq(on.0),
                    grant_::position.eq(position),
                    grant_::grantee.eq(kind),
                    grant_::principal.eq(principal),
                    grant_::privileges.eq(grant.privileges.0),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Sets what a grantee may do with all of a home; nothing takes his grant away.
    pub fn set_home_grant(&mut self, owner: PrincipalId, home: HomeKind, grant: Grant) -> Result<(), Error> {
        let (kind, principal) = grantee_columns(grant.grantee);
        diesel::delete(principal_grant::table.find((owner.0, home as i16, kind, principal)))
            .execute(self.conn)?;
        if grant.privileges != Privileges::NONE {
            diesel::insert_into(principal_grant::table)
                .values((
                    principal_grant::owner.eq(owner.0),
                    principal_grant::home.eq(home as i16),
                    principal_grant::grantee.eq(kind),
                    principal_grant::principal.eq(principal),
                    principal_grant::privileges.eq(grant.privileges.0),
                ))
                .execute(self.conn)?;
        }
        match grant.grantee {
            Grantee::Principal(id) => self.sight_of_members_moves(id),
            Grantee::Authenticated | Grantee::Everyone => self.sight_into_home_moves(owner, home),
        }
    }
}
