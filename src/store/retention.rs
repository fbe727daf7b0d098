//! What is kept for undo, and when its time is over: old versions, what collections were, links that were taken back, deleted
//! collections.
//!
//! In small pieces, so that no writer waits long. Tombstones and the change log itself are never removed: an entry may name a version
//! that is not kept any more.

use super::schema::{
    birthdays, collection, collection_change, former_owner, grant_, link, mount, object, personal,
    personal_mark, subscription, version,
};
use super::{Error, WriteTx};
use crate::domain::id::IdSource;
use diesel::prelude::*;

/// Rows of a piece.
const PIECE: i64 = 500;

impl WriteTx<'_> {
    /// Removes a piece of what was replaced or deleted before `before` (microseconds UTC); how many rows went.
    pub fn purge_piece(&mut self, before: i64) -> Result<usize, Error> {
        // Their ids are in the order of time, so no index by time is needed.
        let old: Vec<i64> = version::table
            .filter(version::id.lt(IdSource::least_at(before)))
            .select(version::id)
            .order(version::id)
            .limit(PIECE)
            .load(self.conn)?;
        if !old.is_empty() {
            return Ok(diesel::delete(version::table.filter(version::id.eq_any(&old))).execute(self.conn)?);
        }
        let old: Vec<i64> = collection_change::table
            .filter(collection_change::id.lt(IdSource::least_at(before)))
            .select(collection_change::id)
            .order(collection_change::id)
            .limit(PIECE)
            .load(self.conn)?;
        if !old.is_empty() {
            let rows = collection_change::table.filter(collection_change::id.eq_any(&old));
            return Ok(diesel::delete(rows).execute(self.conn)?);
        }
        let links = self.purge_links(before)?;
        if links > 0 {
            return Ok(links);
        }
        let gone: Option<i64> = collection::table
            .filter(collection::deleted_at.gt(0).and(collection::deleted_at.lt(before)))
            .select(collection::id)
            .first(self.conn)
            .optional()?;
        let Some(gone) = gone else { return Ok(0) };
        let items: Vec<i64> = object::table
            .filter(object::collection.eq(gone))
            .select(object::id)
            .limit(PIECE)
            .load(self.conn)?;
        if !items.is_empty() {
            return Ok(diesel::delete(object::table.filter(object::id.eq_any(&items))).execute(self.conn)?);
        }
        self.forget_invitations(&[gone])?;
        diesel::delete(mount::table.filter(mount::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(personal::table.filter(personal::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(personal_mark::table.filter(personal_mark::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(grant_::table.filter(grant_::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(link::table.filter(link::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(subscription::table.find(gone)).execute(self.conn)?;
        diesel::delete(former_owner::table.filter(former_owner::collection.eq(gone))).execute(self.conn)?;
        diesel::delete(birthdays::table.find(gone)).execute(self.conn)?;
        Ok(diesel::delete(collection::table.find(gone)).execute(self.conn)?)
    }
}
