//! Items that may fall into a window or match a text: a complete pre-screen by indexes.
//!
//! Everything that matches is among the answer; the exact test is the caller's. The cost follows the hits (see
//! `domain::object::SPAN_CLASSES`).

use super::dialect::containing;
use super::objects::{ObjectRow, from_row, object_columns};
use super::schema::object;
use super::{Error, ReadTx};
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Object, SPAN_CLASSES};
use diesel::prelude::*;

/// What the database can say of a query.
#[derive(Debug, Clone, Default)]
pub struct Prescreen {
    /// Instants [start, end) that the item's span must touch, microseconds UTC.
    pub window: Option<(i64, i64)>,
    /// The component that the item must be.
    pub component: Option<ItemKind>,
    /// Folded texts of which at least one must occur.
    pub needles: Vec<String>,
}

impl ReadTx<'_> {
    /// A page of candidates with ids above `after`, in the order of ids.
    pub fn candidates(
        &mut self,
        of: CollectionId,
        wanted: &Prescreen,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Object>, Error> {
        let mut query = object::table
            .filter(object::collection.eq(of.0).and(object::id.gt(after)))
            .select(object_columns!())
            .order(object::id)
            .limit(limit)
            .into_boxed();
        if let Some(kind) = wanted.component {
            query = query.filter(object::component.eq(kind.0));
        }
        if let [first, rest @ ..] = wanted.needles.as_slice() {
            let mut any: Box<
                dyn BoxableExpression<
                        object::table,
                        super::conn::MultiBackend,
                        SqlType = diesel::sql_types::Bool,
                    >,
            > = Box::new(object::search.like(containing(first)).escape('\\'));
            for needle in rest {
                any = Box::new(any.or(object::search.like(containing(needle)).escape('\\')));
            }
            query = query.filter(any);
        }
        let rows: Vec<ObjectRow> = query.load(self.conn)?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// The ids of all items whose span touches the window, found class by class.
    pub fn ids_in_window(
        &mut self,
        of: CollectionId,
        window: (i64, i64),
        component: Option<ItemKind>,
    ) -> Result<Vec<i64>, Error> {
        let (start, end) = window;
        let mut ids = Vec::new();
        for class in 0..=SPAN_CLASSES.len() {
            let earliest = SPAN_CLASSES.get(class).map_or(i64::MIN, |longest| start.saturating_sub(*longest));
            let mut query = object::table
                .filter(
                    object::collection
                        .eq(of.0)
                        .and(object::span_class.eq(i16::try_from(class).unwrap_or(i16::MAX)))
                        .and(object::first_at.ge(earliest))
                        .and(object::first_at.le(end))
                        .and(object::last_at.ge(start)),
                )
                .select(object::id)
                .into_boxed();
            if let Some(kind) = component {
                query = query.filter(object::component.eq(kind.0));
            }
            ids.extend(query.load::<i64>(self.conn)?);
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The compact forms of the items with these ids; at most some hundred at a time.
    pub fn parsed_with_ids(&mut self, ids: &[i64]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(object::table.filter(object::id.eq_any(ids)).select(object::parsed).load(self.conn)?)
    }

    /// The items with these ids; at most some hundred at a time.
    pub fn objects_with_ids(&mut self, ids: &[i64]) -> Result<Vec<Object>, Error> {
        let rows: Vec<ObjectRow> = object::table
            .filter(object::id.eq_any(ids))
            .select(object_columns!())
            .order(object::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(from_row).collect())
    }
}
