//! Which webhooks have to look anew for collections that others have granted: those of whoever a grant, or a group, is about.
//!
//! Grants and groups change seldom, so they tell; nothing has to be asked again and again. Decides no right.

use super::{Error, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

/// `UPDATE` of the webhooks of those that a query names, and of all who are in such a group, however deep.
macro_rules! raise {
    ($first:literal) => {
        concat!(
            "UPDATE webhook SET sight = sight + 1 WHERE collection IS NULL AND principal IN (WITH RECURSIVE held (id) AS (",
            $first,
            " UNION SELECT membership.member_id FROM membership JOIN held ON membership.group_id = held.id) SELECT id FROM held)"
        )
    };
}

/// Grants to principals, as `grants.rs` numbers them.
const OF_GRANTEES: [&str; 2] = [
    raise!("SELECT principal FROM grant_ WHERE grantee = 1 AND collection = ?"),
    raise!("SELECT principal FROM grant_ WHERE grantee = 1 AND collection = $1"),
];
const OF_MEMBERS: [&str; 2] =
    [raise!("SELECT id FROM principal WHERE id = ?"), raise!("SELECT id FROM principal WHERE id = $1")];

impl WriteTx<'_> {
    /// Something about the grants on a collection, or their being of use, changes now.
    pub(super) fn sight_of_grantees_moves(&mut self, on: CollectionId) -> Result<(), Error> {
        self.sight_moves(OF_GRANTEES, on.0)
    }

    /// A principal, and whoever is in it, is in other groups now.
    pub(super) fn sight_of_members_moves(&mut self, member: PrincipalId) -> Result<(), Error> {
        self.sight_moves(OF_MEMBERS, member.0)
    }

    fn sight_moves(&mut self, [embedded, server]: [&'static str; 2], id: i64) -> Result<(), Error> {
        let text = if matches!(self.conn, super::conn::Conn::Postgres(_)) { server } else { embedded };
        sql_query(text).bind::<BigInt, _>(id).execute(self.conn)?;
        Ok(())
    }
}
