//! What changed in a collection since a number: members and tombstones merged in one order.
//!
//! RFC 6578 §3. A page never skips a change: both streams are cut at the same number.

use super::conn::on;
use super::schema::tombstone;
use super::{Error, ReadTx};
use crate::domain::id::{CollectionId, Etag};
use crate::domain::object::{Entry, ItemKind};
use crate::store::schema::{collection, object};
use diesel::prelude::*;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncItem {
    /// There is an item, new or changed.
    Present(Entry),
    /// There is no item of this name any more.
    Gone { name: String, modseq: i64 },
}

impl SyncItem {
    /// The collection's number of this change.
    pub fn modseq(&self) -> i64 {
        match self {
            SyncItem::Present(entry) => entry.modseq,
            SyncItem::Gone { modseq, .. } => *modseq,
        }
    }
}

/// A page of changes.
#[derive(Debug, Clone)]
pub struct SyncPage {
    /// In the order of their numbers.
    pub items: Vec<SyncItem>,
    /// The number up to which all changes are told.
    pub modseq: i64,
    /// Whether there are more.
    pub more: bool,
    /// The collection's number in the snapshot that the page was read in.
    pub current: i64,
}

impl ReadTx<'_> {
    /// The collection's number now; `None` where it is deleted.
    pub fn modseq(&mut self, of: CollectionId) -> Result<Option<i64>, Error> {
        Ok(collection::table
            .filter(collection::id.eq(of.0).and(collection::deleted_at.eq(0)))
            .select(collection::modseq)
            .first(self.conn)
            .optional()?)
    }

    /// A page of the changes after `since`, at most `limit`. Must run in a snapshot. Tombstones up to the number `unborn` are
    /// left out: what was gone before a first sync began was never told.
    pub fn changes(
        &mut self,
        of: CollectionId,
        since: i64,
        limit: usize,
        unborn: i64,
    ) -> Result<Option<SyncPage>, Error> {
        let Some(current) = self.modseq(of)? else { return Ok(None) };
        if current == since {
            return Ok(Some(SyncPage { items: Vec::new(), modseq: current, more: false, current }));
        }
        let fetch = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let present: Vec<(String, String, i16, i64)> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::modseq.gt(since)))
            .select((object::name, object::etag, object::component, object::modseq))
            .order(object::modseq)
            .limit(fetch)
            .load(conn))?;
        let gone: Vec<(String, i64)> = if unborn >= current {
            Vec::new()
        } else {
            on!(self.conn, conn => tombstone::table
                .filter(tombstone::collection.eq(of.0).and(tombstone::modseq.gt(since.max(unborn))))
                .select((tombstone::name, tombstone::modseq))
                .order(tombstone::modseq)
                .limit(fetch)
                .load(conn))?
        };
        let mut items: Vec<SyncItem> = Vec::with_capacity(present.len() + gone.len());
        items.extend(present.into_iter().map(|(name, etag, kind, modseq)| {
            SyncItem::Present(Entry { name, etag: Etag(etag), kind: ItemKind(kind), modseq })
        }));
        if !gone.is_empty() {
            items.extend(gone.into_iter().map(|(name, modseq)| SyncItem::Gone { name, modseq }));
            items.sort_by_key(SyncItem::modseq);
        }
        let more = items.len() > limit;
        items.truncate(limit);
        // A truncated page ends at its last change; a whole one at the collection's own number, which also counts changes
        // of its properties.
        let modseq = if more { items.last().map_or(since, SyncItem::modseq) } else { current };
        Ok(Some(SyncPage { items, modseq, more, current }))
    }
}
