//! What people have of their own on the items of others' calendars: rows, by the item's UID, and the number of the last change of each
//! person in each calendar. Decides no right and reads no calendar.
//!
//! A number is later than the one before it and not before its time: one that was forgotten is never given again.

use super::conn::on;
use super::lists::OneOf;
use super::objects::{ObjectRow, from_row, object_columns};
use super::schema::{object, personal, personal_mark, version};
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, Etag, PrincipalId};
use crate::domain::object::{Entry, ItemKind, Object};
use crate::domain::personal::{Overlay, Own};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, SmallInt};
use std::collections::BTreeMap;

/// Items that are copied one by one at a time, for each is held whole.
const COPIES: i64 = 16;
/// Items that are gone, of which older contents are looked for at a time.
const ORPHANS: i64 = 10_000;

/// Whether an item has something of its owner's own, or something lies over it: whose and where follow, and `))`.
pub(super) const SEEN_OTHERWISE: &str =
    "(COALESCE(masks, '') LIKE 'ps=%' OR uid IN (SELECT uid FROM personal WHERE etag <> '' AND principal = ";

/// Whose, and in which calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// The person.
    pub of: PrincipalId,
    /// The calendar, another's.
    pub on: CollectionId,
}

/// The number of somebody's last change in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Whose, and where.
    pub whose: Whose,
    /// The number.
    pub number: i64,
    /// Since when he was found to have no right to it, microseconds UTC; 0 where he has.
    pub lapsed_at: i64,
}

/// The rows of somebody in a calendar.
macro_rules! rows_of {
    ($whose:expr) => {
        personal::principal.eq($whose.of.0).and(personal::collection.eq($whose.on.0))
    };
}

/// The items that they are about.
macro_rules! with_items {
    () => {
        personal::table.inner_join(
            object::table.on(object::collection.eq(personal::collection).and(object::uid.eq(personal::uid))),
        )
    };
}

impl ReadTx<'_> {
    /// The number of his last change; 0 where there was none.
    pub fn personal_number(&mut self, whose: Whose) -> Result<i64, Error> {
        let number: Option<i64> = on!(self.conn, conn => personal_mark::table
            .find((whose.of.0, whose.on.0))
            .select(personal_mark::number)
            .first(conn)
            .optional())?;
        Ok(number.unwrap_or(0))
    }

    /// These numbers in all calendars in which somebody has one.
    pub fn personal_numbers(&mut self, of: PrincipalId) -> Result<BTreeMap<CollectionId, i64>, Error> {
        let rows: Vec<(i64, i64)> = on!(self.conn, conn => personal_mark::table
            .filter(personal_mark::principal.eq(of.0))
            .select((personal_mark::collection, personal_mark::number))
            .load(conn))?;
        Ok(rows.into_iter().map(|(on, number)| (CollectionId(on), number)).collect())
    }

    /// What he has on the items with these UIDs.
    pub fn personal_on(&mut self, whose: Whose, uids: &[&str]) -> Result<Vec<(String, Own)>, Error> {
        let mut found = Vec::new();
        for piece in OneOf::pieces(uids) {
            let rows: Vec<(String, String, String)> = on!(self.conn, conn => personal::table
                .filter(rows_of!(whose).and(OneOf::new(personal::uid, piece)))
                .select((personal::uid, personal::etag, personal::content))
                .load(conn))?;
            let own = |(uid, etag, content): (String, String, String)| {
                (uid, Own { etag: Etag(etag), overlay: Overlay::decode(&content) })
            };
            found.extend(rows.into_iter().map(own));
        }
        Ok(found)
    }

    /// The digests of what he has on the items with numbers above the first and up to the second, by the items' names.
    pub fn personal_between(
        &mut self,
        whose: Whose,
        (after, upto): (i64, i64),
    ) -> Result<Vec<(String, Etag)>, Error> {
        let rows: Vec<(String, String)> = on!(self.conn, conn => with_items!()
            .filter(rows_of!(whose).and(object::modseq.gt(after)).and(object::modseq.le(upto)))
            .select((object::name, personal::etag))
            .load(conn))?;
        Ok(rows.into_iter().map(|(name, etag)| (name, Etag(etag))).collect())
    }

    /// As [`ReadTx::personal_between`], of the items with these names, at most some hundred.
    pub fn personal_named(&mut self, whose: Whose, names: &[&str]) -> Result<Vec<(String, Etag)>, Error> {
        let mut found = Vec::new();
        for piece in OneOf::pieces(names) {
            let rows: Vec<(String, String)> = on!(self.conn, conn => with_items!()
                .filter(rows_of!(whose).and(OneOf::new(object::name, piece)))
                .select((object::name, personal::etag))
                .load(conn))?;
            found.extend(rows.into_iter().map(|(name, etag)| (name, Etag(etag))));
        }
        Ok(found)
    }

    /// The items up to the number `upto` on which he changed something of his after `number`, each with the number of that; in their order.
    pub fn personal_since(
        &mut self,
        whose: Whose,
        number: i64,
        upto: i64,
        limit: i64,
    ) -> Result<Vec<(Entry, i64)>, Error> {
        let rows: Vec<(String, String, i16, i64, i64)> = on!(self.conn, conn => with_items!()
            .filter(rows_of!(whose).and(personal::number.gt(number)).and(object::modseq.le(upto)))
            .select((object::name, object::etag, object::component, object::modseq, personal::number))
            .order(personal::number)
            .limit(limit)
            .load(conn))?;
        let entry = |(name, etag, kind, modseq, number)| {
            (Entry { name, etag: Etag(etag), kind: ItemKind(kind), modseq }, number)
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// The rows of the items on which he has something.
    pub fn personal_items(&mut self, whose: Whose) -> Result<Vec<i64>, Error> {
        Ok(on!(self.conn, conn => with_items!()
            .filter(rows_of!(whose).and(personal::etag.ne("")))
            .select(object::id)
            .load(conn))?)
    }

    /// Some of the items of a calendar that he sees otherwise than they are stored, in the order of their numbers from after one; without those of
    /// which a part has one of the classes `without` (bits).
    pub fn personal_copies(&mut self, whose: Whose, after: i64, without: i16) -> Result<Vec<Object>, Error> {
        let rows: Vec<ObjectRow> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(whose.on.0).and(object::modseq.gt(after)))
            .filter(sql::<Bool>("(classes & ").bind::<SmallInt, _>(without).sql(") = 0"))
            .filter(sql::<Bool>(SEEN_OTHERWISE).bind::<BigInt, _>(whose.of.0).sql(" AND collection = ")
                .bind::<BigInt, _>(whose.on.0).sql("))"))
            .select(object_columns!())
            .order(object::modseq)
            .limit(COPIES)
            .load(conn))?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// Some of all numbers, from after one.
    pub fn personal_marks(&mut self, after: Option<Whose>, limit: i64) -> Result<Vec<Mark>, Error> {
        let after = after.map_or((i64::MIN, i64::MIN), |whose| (whose.of.0, whose.on.0));
        let rows: Vec<(i64, i64, i64, i64)> = personal_mark::table
            .filter(
                personal_mark::principal
                    .gt(after.0)
                    .or(personal_mark::principal.eq(after.0).and(personal_mark::collection.gt(after.1))),
            )
            .select(personal_mark::all_columns)
            .order((personal_mark::principal, personal_mark::collection))
            .limit(limit)
            .load(self.conn)?;
        let mark = |(of, on, number, lapsed_at)| Mark {
            whose: Whose { of: PrincipalId(of), on: CollectionId(on) },
            number,
            lapsed_at,
        };
        Ok(rows.into_iter().map(mark).collect())
    }
}

impl WriteTx<'_> {
    /// Keeps what somebody has of his own on an item. The owner's home must be locked, so that his devices come one after the other.
    pub fn set_personal(&mut self, whose: Whose, uid: &str, own: &Own) -> Result<(), Error> {
        let before: Option<i64> = personal_mark::table
            .find((whose.of.0, whose.on.0))
            .select(personal_mark::number)
            .first(self.conn)
            .optional()?;
        let number = self.now.max(before.unwrap_or(0).saturating_add(1));
        if before.is_some() {
            diesel::update(personal_mark::table.find((whose.of.0, whose.on.0)))
                .set((personal_mark::number.eq(number), personal_mark::lapsed_at.eq(0)))
                .execute(self.conn)?;
        } else {
            diesel::insert_into(personal_mark::table)
                .values((
                    personal_mark::principal.eq(whose.of.0),
                    personal_mark::collection.eq(whose.on.0),
                    personal_mark::number.eq(number),
                    personal_mark::lapsed_at.eq(0),
                ))
                .execute(self.conn)?;
        }
        let content = if own.overlay.is_empty() { String::new() } else { own.overlay.encode() };
        let row = personal::table.find((whose.of.0, whose.on.0, uid));
        let kept =
            (personal::number.eq(number), personal::etag.eq(&own.etag.0), personal::content.eq(content));
        if diesel::update(row).set(kept.clone()).execute(self.conn)? == 0 {
            diesel::insert_into(personal::table)
                .values((
                    personal::principal.eq(whose.of.0),
                    personal::collection.eq(whose.on.0),
                    personal::uid.eq(uid),
                    kept,
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Notes since when somebody has no right to a calendar; 0 where he has it again.
    pub fn set_personal_lapsed(&mut self, whose: Whose, at: i64) -> Result<(), Error> {
        diesel::update(personal_mark::table.find((whose.of.0, whose.on.0)))
            .set(personal_mark::lapsed_at.eq(at))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets all that somebody has in a calendar; how many rows went.
    pub fn forget_personal(&mut self, whose: Whose) -> Result<usize, Error> {
        let rows = diesel::delete(personal::table.filter(rows_of!(whose))).execute(self.conn)?;
        diesel::delete(personal_mark::table.find((whose.of.0, whose.on.0))).execute(self.conn)?;
        Ok(rows + 1)
    }

    /// Forgets what somebody has on items that are gone, and of which no older content is kept either; how many rows went.
    pub fn forget_orphans(&mut self, whose: Whose) -> Result<usize, Error> {
        let item = object::table
            .filter(object::collection.eq(personal::collection).and(object::uid.eq(personal::uid)))
            .select(object::id);
        let orphans: Vec<String> = personal::table
            .filter(rows_of!(whose))
            .filter(diesel::dsl::not(diesel::dsl::exists(item)))
            .select(personal::uid)
            .order(personal::number)
            .limit(ORPHANS)
            .load(self.conn)?;
        if orphans.is_empty() {
            return Ok(0);
        }
        // In one pass over the older contents, for no index has their UIDs.
        let kept: Vec<String> = version::table
            .filter(version::collection.eq(whose.on.0).and(version::uid.eq_any(&orphans)))
            .select(version::uid)
            .distinct()
            .load(self.conn)?;
        let orphans: Vec<&String> = orphans.iter().filter(|uid| !kept.contains(uid)).collect();
        let rows = personal::table.filter(rows_of!(whose).and(personal::uid.eq_any(orphans)));
        Ok(diesel::delete(rows).execute(self.conn)?)
    }
}
