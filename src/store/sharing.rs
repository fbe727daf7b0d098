//! Collections by their ids: what a protocol needs whose addresses name no home.
//!
//! Decides no right.

use super::collections::{Row, collection_columns, from_row};
use super::conn::on;
use super::lists::OneOf;
use super::schema::collection;
use super::{Error, ReadTx};
use crate::domain::collection::Collection;
use crate::domain::id::CollectionId;
use diesel::prelude::*;

impl ReadTx<'_> {
    /// The collection with this id, if it is not deleted.
    pub fn collection_by_id(&mut self, id: CollectionId) -> Result<Option<Collection>, Error> {
        let row: Option<Row> = on!(self.conn, conn => collection::table
            .filter(collection::id.eq(id.0).and(collection::deleted_at.eq(0)))
            .select(collection_columns!())
            .first(conn)
            .optional())?;
        Ok(row.map(from_row))
    }

    /// The collections with these ids, the oldest first; deleted ones are left out.
    pub fn collections_with_ids(&mut self, ids: &[i64]) -> Result<Vec<Collection>, Error> {
        let mut found: Vec<Collection> = Vec::with_capacity(ids.len());
        for piece in OneOf::pieces(ids) {
            let rows: Vec<Row> = on!(self.conn, conn => collection::table
                .filter(OneOf::new(collection::id, piece).and(collection::deleted_at.eq(0)))
                .select(collection_columns!())
                .load(conn))?;
            found.extend(rows.into_iter().map(from_row));
        }
        found.sort_by_key(|collection| collection.id);
        Ok(found)
    }
}
