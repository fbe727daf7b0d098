//! What changed in a collection since a number: members and tombstones merged in one order.
//!
//! RFC 6578 §3. A page never skips a change: both streams are cut at the same number.

use super::conn::on;
use super::schema::collection;
use super::{Error, ReadTx};
use crate::domain::directory::BOOK;
use crate::domain::id::{CollectionId, Etag};
use crate::domain::object::{Entry, ItemKind};
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SmallInt, Text};

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

    /// A page of the changes after `since`, at most `limit`; `None` where the collection is deleted. Tombstones up to the number
    /// `unborn` are left out: what was gone before a first sync began was never told.
    pub fn changes(
        &mut self,
        of: CollectionId,
        since: i64,
        limit: usize,
        unborn: i64,
    ) -> Result<Option<SyncPage>, Error> {
        if of == BOOK {
            return self.directory_changes(since, limit, unborn).map(Some);
        }
        let fetch = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let statement = Changes { of: of.0, since, since_gone: since.max(unborn), fetch };
        let mut current = None;
        let mut items: Vec<SyncItem> = Vec::new();
        let mut gone = false;
        for row in on!(self.conn, conn => statement.load::<Row>(conn))? {
            let (what, modseq, name, etag, kind) = row;
            match what {
                OF_COLLECTION => current = Some(modseq),
                OF_TOMBSTONE => {
                    gone = true;
                    items.push(SyncItem::Gone { name, modseq });
                }
                _ => items.push(SyncItem::Present(Entry {
                    name,
                    etag: Etag(etag),
                    kind: ItemKind(kind),
                    modseq,
                })),
            }
        }
        let Some(current) = current else { return Ok(None) };
        if gone {
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

const OF_COLLECTION: i16 = 0;
const OF_TOMBSTONE: i16 = 2;

/// What a row is of, the number, and of a member its name, entity tag and component.
type Row = (i16, i64, String, String, i16);

/// The collection's number, the members changed and those gone since, in one statement and so of one state. Each of the two
/// lists is in the order of numbers.
#[derive(Debug, Clone, Copy, QueryId)]
struct Changes {
    of: i64,
    since: i64,
    since_gone: i64,
    fetch: i64,
}

impl Query for Changes {
    type SqlType = (SmallInt, BigInt, Text, Text, SmallInt);
}

impl<Conn> RunQueryDsl<Conn> for Changes {}

impl<DB> QueryFragment<DB> for Changes
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT CAST(0 AS SMALLINT), modseq, '', '', CAST(0 AS SMALLINT) FROM collection WHERE deleted_at = 0 AND id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.of)?;
        out.push_sql(
            " UNION ALL SELECT * FROM (SELECT CAST(1 AS SMALLINT), modseq, name, etag, component FROM object WHERE collection = ",
        );
        out.push_bind_param::<BigInt, _>(&self.of)?;
        out.push_sql(" AND modseq > ");
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(" ORDER BY modseq LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.fetch)?;
        out.push_sql(
            ") AS present UNION ALL SELECT * FROM (SELECT CAST(2 AS SMALLINT), modseq, name, '', CAST(0 AS SMALLINT) FROM tombstone \
             WHERE collection = ",
        );
        out.push_bind_param::<BigInt, _>(&self.of)?;
        out.push_sql(" AND modseq > ");
        out.push_bind_param::<BigInt, _>(&self.since_gone)?;
        out.push_sql(" ORDER BY modseq LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.fetch)?;
        out.push_sql(") AS gone");
        Ok(())
    }
}
