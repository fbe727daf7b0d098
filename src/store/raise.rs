//! The updates that writes are made of: raise the number of a home, raise that of a collection, replace an item.
//!
//! Written by hand because the query builder's UPDATE is never kept prepared; these are, on both databases alike.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, HasSqlType, SmallInt};

/// `UPDATE home … RETURNING modseq`
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct RaiseHome {
    pub principal: i64,
    pub kind: i16,
}

/// `UPDATE collection … RETURNING modseq`; no row where it is deleted.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct RaiseCollection {
    pub id: i64,
    pub home_modseq: i64,
}

/// `UPDATE object SET … WHERE id = …`
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplaceObject<C> {
    pub id: i64,
    pub changes: C,
}

/// The text is the key to the prepared statement: it depends on the columns that are set.
impl<C> QueryId for ReplaceObject<C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C, Conn> RunQueryDsl<Conn> for ReplaceObject<C> {}

impl<C, DB> QueryFragment<DB> for ReplaceObject<C>
where
    DB: Backend + HasSqlType<BigInt>,
    C: QueryFragment<DB>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE object SET ");
        self.changes.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.id)
    }
}

impl Query for RaiseHome {
    type SqlType = BigInt;
}

impl Query for RaiseCollection {
    type SqlType = BigInt;
}

impl<Conn> RunQueryDsl<Conn> for RaiseHome {}
impl<Conn> RunQueryDsl<Conn> for RaiseCollection {}

impl<DB> QueryFragment<DB> for RaiseHome
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
    i16: diesel::serialize::ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE home SET modseq = modseq + 1 WHERE principal = ");
        out.push_bind_param::<BigInt, _>(&self.principal)?;
        out.push_sql(" AND kind = ");
        out.push_bind_param::<SmallInt, _>(&self.kind)?;
        out.push_sql(" RETURNING modseq");
        Ok(())
    }
}

impl<DB> QueryFragment<DB> for RaiseCollection
where
    DB: Backend + HasSqlType<BigInt>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE collection SET modseq = modseq + 1, home_modseq = ");
        out.push_bind_param::<BigInt, _>(&self.home_modseq)?;
        out.push_sql(" WHERE deleted_at = 0 AND id = ");
        out.push_bind_param::<BigInt, _>(&self.id)?;
        out.push_sql(" RETURNING modseq");
        Ok(())
    }
}
