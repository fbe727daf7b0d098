//! Collections by their ids, and those that others have granted: what a protocol needs whose addresses name no home.
//!
//! Decides no right.

use super::collections::{Row, collection_columns, from_row};
use super::conn::on;
use super::schema::{collection, grant_};
use super::{Error, ReadTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
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

    /// The collections of homes of this kind with a grant to one of `holders` by name, the oldest first. What is granted to
    /// everybody is not among them.
    pub fn collections_granted_to(
        &mut self,
        holders: &[PrincipalId],
        home: HomeKind,
    ) -> Result<Vec<Collection>, Error> {
        let holders: Vec<i64> = holders.iter().map(|holder| holder.0).collect();
        let granted = grant_::table.filter(grant_::principal.eq_any(&holders)).select(grant_::collection);
        let rows: Vec<Row> = collection::table
            .filter(
                collection::id
                    .eq_any(granted)
                    .and(collection::home.eq(home as i16))
                    .and(collection::deleted_at.eq(0)),
            )
            .select(collection_columns!())
            .order(collection::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(from_row).collect())
    }
}
