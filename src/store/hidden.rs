//! What is noted of items that are not all public: read beside a listing by those from whom something is hidden, and by nobody
//! else. Also the noting of what older programs stored.
//!
//! An index has these items alone, by number. Decides no right.

use super::conn::{Conn, on};
use super::lists::OneOf;
use super::schema::{meta, object, tombstone};
use super::{Error, ReadTx};
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, span_class};
use crate::domain::privacy;
use crate::text::component::Document;
use crate::text::ical::CalendarIndex;
use diesel::prelude::*;

/// The setting that says as of which version everything is noted.
const SETTING: &str = "privacy";
/// Items that are looked at together while noting, and bytes of them; a single one may be longer.
const LOOK: i64 = 200;
const LOOK_BYTES: i64 = 4 * 1024 * 1024;

/// What is noted of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The item.
    pub name: String,
    /// The classes that it has and ever had.
    pub classes: i16,
    /// See `privacy::judge`.
    pub masks: Option<String>,
}

fn hidden((name, classes, masks): (String, i16, Option<String>)) -> Hidden {
    Hidden { name, classes, masks }
}

impl ReadTx<'_> {
    /// The items that are not all public with numbers above the first and up to the second.
    pub fn hidden_between(
        &mut self,
        of: CollectionId,
        (after, upto): (i64, i64),
    ) -> Result<Vec<Hidden>, Error> {
        let rows: Vec<(String, i16, Option<String>)> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::modseq.gt(after)).and(object::modseq.le(upto)))
            .filter(object::masks.is_not_null())
            .select((object::name, object::classes, object::masks))
            .load(conn))?;
        Ok(rows.into_iter().map(hidden).collect())
    }

    /// Those of these names, at most some hundred, that are not all public.
    pub fn hidden_named(&mut self, of: CollectionId, names: &[&str]) -> Result<Vec<Hidden>, Error> {
        let mut found = Vec::new();
        for piece in OneOf::pieces(names) {
            let rows: Vec<(String, i16, Option<String>)> = on!(self.conn, conn => object::table
                .filter(object::collection.eq(of.0).and(OneOf::new(object::name, piece)))
                .filter(object::masks.is_not_null())
                .select((object::name, object::classes, object::masks))
                .load(conn))?;
            found.extend(rows.into_iter().map(hidden));
        }
        Ok(found)
    }

    /// What went away with numbers above the first and up to the second, and was never all public.
    pub fn buried_between(
        &mut self,
        of: CollectionId,
        (after, upto): (i64, i64),
    ) -> Result<Vec<Hidden>, Error> {
        let rows: Vec<(String, i16)> = on!(self.conn, conn => tombstone::table
            .filter(tombstone::collection.eq(of.0).and(tombstone::modseq.gt(after)).and(tombstone::modseq.le(upto)))
            .filter(tombstone::classes.ne(privacy::PUBLIC))
            .select((tombstone::name, tombstone::classes))
            .load(conn))?;
        Ok(rows.into_iter().map(|(name, classes)| hidden((name, classes, None))).collect())
    }
}

/// Notes of each item what others see of it, where an older program stored it. Once for each version of what is noted.
pub(super) fn note_all(conn: &mut Conn) -> Result<(), Error> {
    let done: Option<String> = meta::table.find(SETTING).select(meta::value).first(conn).optional()?;
    if done.as_deref() == Some(privacy::VERSION) {
        return Ok(());
    }
    let mut after = i64::MIN;
    while let Some(last) = note_some(conn, after)? {
        after = last;
    }
    conn.transaction(|conn| {
        diesel::delete(meta::table.find(SETTING)).execute(conn)?;
        diesel::insert_into(meta::table)
            .values((meta::name.eq(SETTING), meta::value.eq(privacy::VERSION)))
            .execute(conn)
    })
    .map(drop)
    .map_err(Error::from)
    // Another node has noted the same.
    .or_else(|error| if error.is_retryable() { Ok(()) } else { Err(error) })
}

/// An item's row, compact form, classes, masks and body.
type NotedRow = (i64, Vec<u8>, i16, Option<String>, String);

/// Notes the next items; tells the last of them, if there are any.
fn note_some(conn: &mut Conn, after: i64) -> Result<Option<i64>, Error> {
    let calendar = object::component.lt(ItemKind::CARD.0);
    let sizes: Vec<(i64, i32)> = object::table
        .filter(object::id.gt(after).and(calendar))
        .select((object::id, object::size))
        .order(object::id)
        .limit(LOOK)
        .load(conn)?;
    let mut bytes = 0;
    let fitting = sizes.iter().take_while(|(_, size)| {
        let first = bytes == 0;
        bytes += i64::from(*size).max(1);
        first || bytes <= LOOK_BYTES
    });
    let Some((last, _)) = fitting.last() else { return Ok(None) };
    let rows: Vec<NotedRow> = object::table
        .filter(object::id.gt(after).and(object::id.le(*last)).and(calendar))
        .select((object::id, object::parsed, object::classes, object::masks, object::body))
        .load(conn)?;
    for (id, parsed, before, masks, body) in rows {
        let Some(index) = CalendarIndex::decode(&parsed) else { continue };
        let Ok(document) = Document::parse(&body, Default::default()) else { continue };
        let noted = privacy::note(&index, &document);
        if noted.masks == masks && noted.classes == before & 7 {
            continue;
        }
        diesel::update(object::table.find(id))
            .set((
                object::classes.eq(privacy::with_past(noted.classes, before)),
                object::masks.eq(noted.masks),
                object::span_class.eq(span_class(&noted.span)),
                object::first_at.eq(noted.span.first),
                object::last_at.eq(noted.span.last),
                object::season.eq(noted.span.season),
            ))
            .execute(conn)?;
    }
    Ok(Some(*last))
}
