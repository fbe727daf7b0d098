//! What was: the log read backwards, and contents that were replaced, by item, number and time.
//!
//! The log is found by its numbers alone, and older contents by their items' names: no write pays for an index more. Decides no right.

use super::collection_log::CollectionDeed;
use super::objects::{Logged, Origin};
use super::schema::{change, collection, object, version};
use super::{Error, ReadTx, WriteTx, collections};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, Etag, PrincipalId};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Integer;

/// What an entry of the log says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// An item came.
    Created,
    /// It was changed, or what clients keep on it.
    Changed,
    /// It went.
    Removed,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The collection's number.
    pub modseq: i64,
    /// The item.
    pub name: String,
    /// What happened.
    pub what: Happened,
    /// The item's entity tag after it.
    pub etag: Option<Etag>,
    /// Who did it.
    pub actor: PrincipalId,
    /// Through which door, as stored.
    pub door: i16,
    /// With which device: see `domain/device.rs`.
    pub device: Option<String>,
    /// Microseconds UTC.
    pub at: i64,
    /// The row of the content that went away with it.
    pub version: Option<i64>,
}

/// An older content of an item, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldContent {
    /// Its row.
    pub id: i64,
    /// The number at which the item had it.
    pub modseq: i64,
    /// The number of the change that took it away; 0 where that is not known.
    pub replaced_by: i64,
    /// When that was, microseconds UTC.
    pub replaced_at: i64,
    /// As in the content.
    pub uid: String,
    /// Digest of it.
    pub etag: Etag,
    /// Octets.
    pub size: i32,
}

/// What stands under a name now, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The item.
    pub name: String,
    /// As in the content.
    pub uid: String,
    /// Digest of it.
    pub etag: Etag,
    /// The collection's number when it last changed.
    pub modseq: i64,
}

/// A collection that was deleted, and when (microseconds UTC).
#[derive(Debug, Clone)]
pub struct Deleted {
    /// As it was.
    pub collection: Collection,
    /// When it went.
    pub at: i64,
}

/// What a device did in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deeds {
    /// The device, as the log names it.
    pub device: String,
    /// Changes.
    pub count: i64,
    /// The last of them, microseconds UTC.
    pub last: i64,
}

type LogRow = (i64, String, i16, Option<String>, i64, i16, Option<String>, i64, Option<i64>);

const LOG: (
    change::modseq,
    change::name,
    change::kind,
    change::etag,
    change::actor,
    change::door,
    change::device,
    change::at,
    change::version,
) = (
    change::modseq,
    change::name,
    change::kind,
    change::etag,
    change::actor,
    change::door,
    change::device,
    change::at,
    change::version,
);

fn entry(row: LogRow) -> LogEntry {
    let (modseq, name, kind, etag, actor, door, device, at, version) = row;
    let what = match kind {
        kind if kind == Logged::Created as i16 => Happened::Created,
        kind if kind == Logged::Removed as i16 => Happened::Removed,
        _ => Happened::Changed,
    };
    let (etag, actor) = (etag.map(Etag), PrincipalId(actor));
    LogEntry { modseq, name, what, etag, actor, door, device, at, version }
}

type OldRow = (i64, i64, i64, i64, String, String, i32);

/// The columns of [`OldRow`].
macro_rules! old_columns {
    () => {
        (
            version::id,
            version::modseq,
            version::replaced_by,
            version::replaced_at,
            version::uid,
            version::etag,
            sql::<Integer>("octet_length(body)"),
        )
    };
}

fn old(row: OldRow) -> OldContent {
    let (id, modseq, replaced_by, replaced_at, uid, etag, size) = row;
    OldContent { id, modseq, replaced_by, replaced_at, uid, etag: Etag(etag), size }
}

impl ReadTx<'_> {
    /// Entries of a collection's log below the number `before`, the newest first.
    pub fn log_before(&mut self, of: CollectionId, before: i64, limit: i64) -> Result<Vec<LogEntry>, Error> {
        let rows: Vec<LogRow> = change::table
            .filter(change::collection.eq(of.0).and(change::modseq.lt(before)))
            .select(LOG)
            .order(change::modseq.desc())
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// The entries with these numbers, at most some hundred, in no particular order.
    pub fn log_at(&mut self, of: CollectionId, numbers: &[i64]) -> Result<Vec<LogEntry>, Error> {
        let rows: Vec<LogRow> = change::table
            .filter(change::collection.eq(of.0).and(change::modseq.eq_any(numbers)))
            .select(LOG)
            .load(self.conn)?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// Older contents of an item that it had at numbers below `before`, the newest first.
    pub fn old_contents(
        &mut self,
        of: CollectionId,
        name: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<OldContent>, Error> {
        let rows: Vec<OldRow> = version::table
            .filter(version::collection.eq(of.0).and(version::name.eq(name)).and(version::modseq.lt(before)))
            .select(old_columns!())
            .order(version::modseq.desc())
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(old).collect())
    }

    /// The first of an item's older contents that went away after `moment` (microseconds UTC).
    pub fn old_content_after(
        &mut self,
        of: CollectionId,
        name: &str,
        moment: i64,
    ) -> Result<Option<OldContent>, Error> {
        let row: Option<OldRow> = version::table
            .filter(
                version::collection.eq(of.0).and(version::name.eq(name)).and(version::replaced_at.gt(moment)),
            )
            .select(old_columns!())
            .order(version::modseq)
            .first(self.conn)
            .optional()?;
        Ok(row.map(old))
    }

    /// The row and the bytes of the older content that an item had at a number.
    pub fn old_body(
        &mut self,
        of: CollectionId,
        name: &str,
        modseq: i64,
    ) -> Result<Option<(OldContent, String)>, Error> {
        let row: Option<(OldRow, String)> = version::table
            .filter(version::collection.eq(of.0).and(version::name.eq(name)).and(version::modseq.eq(modseq)))
            .select((old_columns!(), version::body))
            .order(version::id.desc())
            .first(self.conn)
            .optional()?;
        Ok(row.map(|(row, body)| (old(row), body)))
    }

    /// Older contents by their rows, without their bytes; those that are not kept any more are left out.
    pub fn old_contents_of(&mut self, rows: &[i64]) -> Result<Vec<OldContent>, Error> {
        let rows: Vec<OldRow> =
            version::table.filter(version::id.eq_any(rows)).select(old_columns!()).load(self.conn)?;
        Ok(rows.into_iter().map(old).collect())
    }

    /// The bytes of older contents by their rows.
    pub fn old_bodies(&mut self, rows: &[i64]) -> Result<Vec<(i64, String)>, Error> {
        Ok(version::table
            .filter(version::id.eq_any(rows))
            .select((version::id, version::body))
            .load(self.conn)?)
    }

    /// What stands under these names, at most some hundred.
    pub fn present(&mut self, of: CollectionId, names: &[String]) -> Result<Vec<Present>, Error> {
        let rows: Vec<(String, String, String, i64)> = object::table
            .filter(object::collection.eq(of.0).and(object::name.eq_any(names)))
            .select((object::name, object::uid, object::etag, object::modseq))
            .load(self.conn)?;
        let present = |(name, uid, etag, modseq)| Present { name, uid, etag: Etag(etag), modseq };
        Ok(rows.into_iter().map(present).collect())
    }

    /// The deleted collection with this id, as long as it is kept.
    pub fn deleted_collection(&mut self, id: CollectionId) -> Result<Option<Collection>, Error> {
        let row: Option<collections::Row> = collection::table
            .filter(collection::id.eq(id.0).and(collection::deleted_at.gt(0)))
            .select(collections::collection_columns!())
            .first(self.conn)
            .optional()?;
        Ok(row.map(collections::from_row))
    }

    /// The collections of a home that were deleted and are kept, the last one first.
    pub fn deleted_collections(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        limit: i64,
    ) -> Result<Vec<Deleted>, Error> {
        let rows: Vec<(collections::Row, i64)> = collection::table
            .filter(
                collection::owner
                    .eq(owner.0)
                    .and(collection::home.eq(home as i16))
                    .and(collection::deleted_at.gt(0)),
            )
            .select((collections::collection_columns!(), collection::deleted_at))
            .order((collection::deleted_at.desc(), collection::id.desc()))
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(row, at)| Deleted { collection: collections::from_row(row), at }).collect())
    }

    /// What a principal's devices did in a collection above the number `floor` and after `since` (microseconds UTC).
    pub fn deeds(
        &mut self,
        of: CollectionId,
        actor: PrincipalId,
        floor: i64,
        since: i64,
    ) -> Result<Vec<Deeds>, Error> {
        let rows: Vec<(Option<String>, i64, Option<i64>)> = change::table
            .filter(
                change::collection
                    .eq(of.0)
                    .and(change::modseq.gt(floor))
                    .and(change::actor.eq(actor.0))
                    .and(change::at.gt(since))
                    .and(change::device.is_not_null()),
            )
            .group_by(change::device)
            .select((change::device, diesel::dsl::count_star(), diesel::dsl::max(change::at)))
            .load(self.conn)?;
        Ok(rows
            .into_iter()
            .filter_map(|(device, count, last)| Some(Deeds { device: device?, count, last: last? }))
            .collect())
    }
}

impl WriteTx<'_> {
    /// Puts a deleted collection back into its home under a name that is free. Its members, its grants and its numbers are as
    /// they were, and its number rises: every token that was given out for it goes on. The home must be locked.
    pub fn undelete_collection(&mut self, of: &Collection, slug: &str, by: &Origin) -> Result<(), Error> {
        let home_modseq = self.raise_home(of.owner, of.home)?;
        self.exhume_collection(of.owner, of.home, slug)?;
        let back = diesel::update(
            collection::table.filter(collection::id.eq(of.id.0).and(collection::deleted_at.gt(0))),
        )
        .set((
            collection::deleted_at.eq(0),
            collection::slug.eq(slug),
            collection::modseq.eq(collection::modseq + 1),
            collection::home_modseq.eq(home_modseq),
        ))
        .execute(self.conn)?;
        if back == 0 {
            return Err(Fault::NotFound.into());
        }
        self.log_collection(of.id, of.modseq + 1, CollectionDeed::Returned, by, None)?;
        self.sight_of_grantees_moves(of.id)?;
        self.sight_into_home_moves(of.owner, of.home)
    }
}
