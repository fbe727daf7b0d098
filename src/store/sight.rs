//! Which webhooks have to look anew for collections that others have granted: those of whoever a grant, a group or a mount is about.
//!
//! Grants and groups change seldom, so they tell; nothing has to be asked again and again. Decides no right.

use super::{Error, WriteTx};
use crate::domain::collection::HomeKind;
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, SmallInt};

/// `UPDATE` of the webhooks of those that a query names, and of all who are in such a group, however deep. Both databases take `$1`: SQLite
/// as a name, which it numbers as it comes.
macro_rules! raise {
    ($first:literal) => {
        concat!(
            "UPDATE webhook SET sight = sight + 1 WHERE collection IS NULL AND principal IN (WITH held (id) AS (",
            $first,
            ") SELECT id FROM held UNION ALL SELECT member_id FROM effective_membership WHERE group_id IN (SELECT id FROM held))"
        )
    };
}

// What is in the home of a group concerns all who are in it. Grants to principals, as `grants.rs` numbers them. What is granted to everybody
// concerns those who have it in their homes.

const OF_COLLECTION: &str = raise!(
    "SELECT principal FROM grant_ WHERE grantee = 1 AND collection = $1 \
     UNION ALL SELECT principal FROM mount WHERE collection = $1"
);
const OF_HOME: &str = raise!(
    "SELECT principal FROM principal_grant WHERE grantee = 1 AND owner = $1 AND home = $2 \
     UNION ALL SELECT m.principal FROM mount m JOIN collection c ON c.id = m.collection WHERE c.owner = $1 AND c.home = $2 \
     UNION ALL SELECT CAST($1 AS BIGINT)"
);
const OF_MEMBER: &str = raise!("SELECT CAST($1 AS BIGINT)");

impl WriteTx<'_> {
    /// Something about the grants on a collection, or their being of use, changes now.
    pub(super) fn sight_of_grantees_moves(&mut self, on: CollectionId) -> Result<(), Error> {
        sql_query(OF_COLLECTION).bind::<BigInt, _>(on.0).execute(self.conn)?;
        Ok(())
    }

    /// Something about the grants on all of a home changes now, or about what is in it.
    pub(super) fn sight_into_home_moves(&mut self, owner: PrincipalId, home: HomeKind) -> Result<(), Error> {
        sql_query(OF_HOME).bind::<BigInt, _>(owner.0).bind::<SmallInt, _>(home as i16).execute(self.conn)?;
        Ok(())
    }

    /// A principal, and whoever is in it, is in other groups now, or has other grants.
    pub(super) fn sight_of_members_moves(&mut self, member: PrincipalId) -> Result<(), Error> {
        sql_query(OF_MEMBER).bind::<BigInt, _>(member.0).execute(self.conn)?;
        Ok(())
    }
}
