//! Who was granted what on a collection. Decides nothing; `domain::acl` does.
//!
//! RFC 3744 §5.5.

use super::collection_log::CollectionDeed;
use super::objects::Origin;
use super::schema::grant_;
use super::{Error, ReadTx, WriteTx};
use crate::domain::acl::{Grant, Grantee, Privileges};
use crate::domain::collection::Collection;
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

const PRINCIPAL: i16 = 1;
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
        Ok(rows
            .into_iter()
            .map(|(grantee, principal, privileges)| Grant {
                grantee: match grantee {
                    AUTHENTICATED => Grantee::Authenticated,
                    EVERYONE => Grantee::Everyone,
                    _ => Grantee::Principal(PrincipalId(principal)),
                },
                privileges: Privileges(privileges),
            })
            .collect())
    }
}

impl WriteTx<'_> {
    /// Replaces all grants on a collection.
    pub fn set_grants(&mut self, of: &Collection, grants: &[Grant], by: &Origin) -> Result<(), Error> {
        let on = of.id;
        let modseq = self.raise(of)?;
        self.log_collection(on, modseq, CollectionDeed::Shared, by, None)?;
        self.sight_of_grantees_moves(on)?;
        diesel::delete(grant_::table.filter(grant_::collection.eq(on.0))).execute(self.conn)?;
        for (position, grant) in (0i32..).zip(grants) {
            let (kind, principal) = match grant.grantee {
                Grantee::Principal(id) => (PRINCIPAL, id.0),
                Grantee::Authenticated => (AUTHENTICATED, 0),
                Grantee::Everyone => (EVERYONE, 0),
            };
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
        self.sight_of_grantees_moves(on)
    }
}
