//! What stands in a home beside its own, with whose it is: one statement, whose text is made once (see `own_places.rs`).
//!
//! Every opening of a home and every poll of it asks this. What its owner holds on each is another question (`mount_rights.rs`).

use super::collections;
use super::conn::on;
use super::mounts::{self, Mount};
use super::{Error, ReadTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::PrincipalId;
use crate::domain::principal::PrincipalKind;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SmallInt};
use std::sync::Arc;

/// Another's collection in somebody's home, with whose it is.
#[derive(Debug, Clone)]
pub struct Beside {
    /// Its place there.
    pub mount: Mount,
    /// It.
    pub collection: Collection,
    /// What its owner is.
    pub owner_kind: PrincipalKind,
    /// The owner's handle.
    pub owner_handle: Arc<str>,
}

type Row = (mounts::MountRow, collections::Row);

impl ReadTx<'_> {
    /// All in a home that their owners have not deleted, in the order in which they came.
    pub fn beside(&mut self, of: PrincipalId, home: HomeKind) -> Result<Vec<Beside>, Error> {
        let question = InHome { of: of.0, home: home as i16 };
        let rows: Vec<Row> = on!(self.conn, conn => question.load(conn))?;
        let all: Vec<(Mount, Collection)> = rows
            .into_iter()
            .map(|(mount, collection)| (mounts::mount_from(mount), collections::from_row(collection)))
            .collect();
        let owners: Vec<PrincipalId> = all.iter().map(|(_, collection)| collection.owner).collect();
        let names = self.names(&owners)?;
        let beside = |(mount, collection): (Mount, Collection)| {
            let (owner_kind, owner_handle) = names.get(&collection.owner)?.clone();
            Some(Beside { mount, collection, owner_kind, owner_handle })
        };
        let mut all: Vec<Beside> = all.into_iter().filter_map(beside).collect();
        all.sort_unstable_by_key(|one| one.mount.number);
        Ok(all)
    }
}

#[derive(Debug, Clone, Copy, QueryId)]
struct InHome {
    of: i64,
    home: i16,
}

impl Query for InHome {
    type SqlType = (mounts::SqlRow, collections::SqlRow);
}

impl<Conn> RunQueryDsl<Conn> for InHome {}

impl<DB> QueryFragment<DB> for InHome
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT mount.collection, mount.number, mount.slug, mount.home_modseq, mount.props, collection.id, collection.owner, \
             collection.home, collection.kind, collection.slug, collection.is_default, collection.components, \
             collection.transparent, collection.time_zone, collection.modseq, collection.home_modseq, collection.created_at, \
             collection.props FROM mount JOIN collection ON collection.id = mount.collection AND collection.deleted_at = 0 \
             AND collection.home = mount.home WHERE mount.principal = ",
        );
        out.push_bind_param::<BigInt, _>(&self.of)?;
        out.push_sql(" AND mount.home = ");
        out.push_bind_param::<SmallInt, _>(&self.home)
    }
}
