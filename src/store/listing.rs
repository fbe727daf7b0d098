//! Listings in the order of names, which no change of an item disturbs: what cursors go through. Decides no right.

use super::conn::on;
use super::pages::{self, Head, head_columns};
use super::schema::object;
use super::{Error, ReadTx};
use crate::domain::id::{CollectionId, Etag};
use crate::domain::object::{ItemKind, Listed, Object};
use diesel::prelude::*;

impl ReadTx<'_> {
    /// The items of this kind from after the name `after`, at most `limit`.
    pub fn listed_after(
        &mut self,
        of: CollectionId,
        kind: ItemKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Listed>, Error> {
        type Row = (String, String, String, i16, i64, i64);
        let rows: Vec<Row> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::name.gt(after)).and(object::component.eq(kind.0)))
            .select((object::name, object::uid, object::etag, object::component, object::created_at, object::modified_at))
            .order(object::name)
            .limit(limit)
            .load(conn))?;
        let listed = |(name, uid, etag, kind, created_at, modified_at)| Listed {
            name,
            uid,
            etag: Etag(etag),
            kind: ItemKind(kind),
            created_at,
            modified_at,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    /// As [`ReadTx::listed_after`], with all that is stored; fewer than there are where the contents are long, but at least one. Beside
    /// them whether some were left out for that.
    pub fn whole_after(
        &mut self,
        of: CollectionId,
        kind: ItemKind,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<Object>, bool), Error> {
        let rows: Vec<Head> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::name.gt(after)).and(object::component.eq(kind.0)))
            .select(head_columns!())
            .order(object::name)
            .limit(limit)
            .load(conn))?;
        let (objects, cut) = pages::fill(self.conn, rows)?;
        Ok((objects, cut.is_some()))
    }
}
