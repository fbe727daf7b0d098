//! Pages of whole items, cut by their bytes: a hundred items of the largest size must not be in memory at once.
//!
//! The statement of a list gives the bodies of ordinary items and only the sizes of large ones, whatever the driver gathers
//! before it shows the first row. What is left out is read next, as much as a page may hold. Knows no condition.

use super::Error;
use super::conn::{Conn, on};
use super::lists::OneOf;
use super::objects::{ObjectRow, from_row, object_columns};
use super::schema::object;
use crate::domain::object::Object;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
use std::collections::HashMap;
use std::hash::Hash;

/// Bytes of the largest body that comes with its list.
pub(super) const ORDINARY: i32 = 16 * 1024;
/// Bytes of the largest body that is read of a single item before anybody asked whether there is room for it.
pub(super) const HANDY: i32 = 256 * 1024;
/// Bytes of bodies in a page with large items; the first item is in it whatever its size.
const PAGE: i64 = 1024 * 1024;

/// A row of a list: as [`ObjectRow`], with the size, and without the content of a large item.
pub(super) type Head = (
    i64,
    i64,
    String,
    String,
    String,
    i16,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    i32,
    Option<Vec<u8>>,
    Option<String>,
    i16,
    Option<String>,
);

/// The types of [`Head`].
pub(super) type SqlHead = (
    BigInt,
    BigInt,
    Text,
    Text,
    Text,
    SmallInt,
    BigInt,
    BigInt,
    BigInt,
    Nullable<Text>,
    Nullable<Text>,
    Integer,
    Nullable<Binary>,
    Nullable<Text>,
    SmallInt,
    Nullable<Text>,
);

/// The columns of [`Head`], with bodies of up to so many bytes.
macro_rules! head_columns {
    () => {
        head_columns!($crate::store::pages::ORDINARY)
    };
    ($most:expr) => {
        (
            object::id,
            object::collection,
            object::name,
            object::uid,
            object::etag,
            object::component,
            object::modseq,
            object::created_at,
            object::modified_at,
            object::schedule_tag,
            object::props,
            object::size,
            diesel::dsl::case_when(object::size.le($most), object::parsed),
            diesel::dsl::case_when(object::size.le($most), object::body),
            object::classes,
            object::masks,
        )
    };
}
pub(super) use head_columns;

/// The id of a row.
pub(super) fn row_id(head: &Head) -> i64 {
    head.0
}

/// The modification number of a row.
pub(super) fn row_modseq(head: &Head) -> i64 {
    head.6
}

/// The name of a row.
pub(super) fn row_name(head: &Head) -> &str {
    &head.2
}

/// Bytes of the body of a row.
pub(super) fn row_bytes(head: &Head) -> usize {
    usize::try_from(head.11).unwrap_or(0)
}

/// The whole item, or the id of one whose content was left out.
pub(super) fn whole(head: Head) -> Result<Object, i64> {
    let (
        id,
        of,
        name,
        uid,
        etag,
        kind,
        modseq,
        created,
        modified,
        tag,
        props,
        _,
        parsed,
        body,
        classes,
        masks,
    ) = head;
    match (parsed, body) {
        (Some(parsed), Some(body)) => {
            let row: ObjectRow = (
                id, of, name, uid, etag, kind, modseq, created, modified, tag, props, parsed, body, classes,
                masks,
            );
            Ok(from_row(row))
        }
        _ => Err(id),
    }
}

/// Whether a row came without its content.
pub(super) fn is_large(head: &Head) -> bool {
    head.13.is_none()
}

/// The whole items of a list, in its order: all of them, or where some are large as many as a page holds, at least one.
/// Beside them the place of the first that was cut off.
pub(super) fn fill(conn: &mut Conn, mut heads: Vec<Head>) -> Result<(Vec<Object>, Option<Head>), Error> {
    if !heads.iter().any(is_large) {
        return Ok((heads.into_iter().filter_map(|head| whole(head).ok()).collect(), None));
    }
    let mut sum = 0;
    let fitting = heads.iter().take_while(|head| {
        let first = sum == 0;
        sum += i64::from(head.11).max(1);
        first || sum <= PAGE
    });
    let fitting = fitting.count();
    let cut = heads.drain(fitting..).next();
    let large: Vec<i64> = heads.iter().filter(|head| is_large(head)).map(row_id).collect();
    let mut contents: HashMap<i64, Object> = HashMap::with_capacity(large.len());
    for piece in OneOf::pieces(&large) {
        // Read whole: since the list was read an item may have changed, and its entity tag must be that of its content.
        let rows: Vec<ObjectRow> = on!(conn, conn => object::table
            .filter(OneOf::new(object::id, piece))
            .select(object_columns!())
            .load(conn))?;
        contents.extend(rows.into_iter().map(|row| (row.0, from_row(row))));
    }
    let objects =
        heads.into_iter().filter_map(|head| whole(head).or_else(|id| contents.remove(&id).ok_or(())).ok());
    Ok((objects.collect(), cut))
}

/// As [`fill`], for a list in no order: it is put into the order of what was asked, which `places` tells. Beside the items
/// how many of the `count` asked are answered, of which those that were not found do not exist.
pub(super) fn fill_asked<P: Fn(&Head) -> usize>(
    conn: &mut Conn,
    mut heads: Vec<Head>,
    count: usize,
    places: impl FnOnce() -> P,
) -> Result<(Vec<Object>, usize), Error> {
    if !heads.iter().any(is_large) {
        return fill(conn, heads).map(|(objects, _)| (objects, count));
    }
    let place = places();
    heads.sort_by_key(&place);
    let (objects, cut) = fill(conn, heads)?;
    Ok((objects, cut.map_or(count, |head| place(&head))))
}

/// The first place of each of some values.
pub(super) fn places<T: Copy + Eq + Hash>(asked: &[T]) -> HashMap<T, usize> {
    let mut places = HashMap::with_capacity(asked.len());
    for (place, one) in asked.iter().enumerate() {
        places.entry(*one).or_insert(place);
    }
    places
}

/// As [`fill`], for the first `limit` rows of a longer list in the order of `key`. Beside the items the key from after
/// which the list goes on, if it may.
pub(super) fn fill_ordered(
    conn: &mut Conn,
    heads: Vec<Head>,
    limit: i64,
    key: fn(&Head) -> i64,
) -> Result<(Vec<Object>, Option<i64>), Error> {
    let last = heads.last().map(key).filter(|_| i64::try_from(heads.len()).is_ok_and(|count| count >= limit));
    let (objects, cut) = fill(conn, heads)?;
    // Keys differ: just before the first that was cut off.
    Ok((objects, cut.map_or(last, |head| Some(key(&head) - 1))))
}
