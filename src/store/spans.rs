//! Items that may fall into a window or match a text: a complete pre-screen by indexes.
//!
//! Everything that matches is among the answer; the exact test is the caller's. The cost follows the hits (see
//! `domain::object::SPAN_CLASSES`).

use super::conn::on;
use super::dialect::containing;
use super::objects::{ObjectRow, from_row, object_columns};
use super::schema::object;
use super::{Error, ReadTx};
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Object, SPAN_CLASSES};
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

/// Whether an item with this compact form is wanted.
pub type Keep<'k> = dyn FnMut(&[u8]) -> Result<bool, Error> + 'k;
/// Looks at the compact form of an item.
pub type See<'s> = dyn FnMut(&[u8]) -> Result<(), Error> + 's;

/// A window that the spans of items shall touch.
#[derive(Debug, Clone, Copy)]
pub struct Touched {
    /// Instants [start, end], microseconds UTC.
    pub window: (i64, i64),
    /// The component that the item must be.
    pub component: Option<ItemKind>,
}

/// A window as one class of spans is asked for it.
#[derive(Debug, Clone, Copy)]
struct ClassWindow {
    class: i16,
    earliest: i64,
    start: i64,
    end: i64,
    least: i16,
    most: i16,
}

impl Touched {
    /// The window for each class: no span of a class begins earlier than its longest length before the window.
    fn classes(self) -> impl Iterator<Item = ClassWindow> {
        let (start, end) = self.window;
        let (least, most) = self.component.map_or((i16::MIN, i16::MAX), |kind| (kind.0, kind.0));
        (0..=SPAN_CLASSES.len()).map(move |class| ClassWindow {
            class: i16::try_from(class).unwrap_or(i16::MAX),
            earliest: SPAN_CLASSES.get(class).map_or(i64::MIN, |longest| start.saturating_sub(*longest)),
            start,
            end,
            least,
            most,
        })
    }
}

/// The condition of one class: always the same statement, so that it stays prepared.
macro_rules! touching {
    ($of:expr, $class:expr) => {
        object::collection
            .eq($of.0)
            .and(object::span_class.eq($class.class))
            .and(object::first_at.ge($class.earliest))
            .and(object::first_at.le($class.end))
            .and(object::last_at.ge($class.start))
            .and(object::component.ge($class.least))
            .and(object::component.le($class.most))
    };
}

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
    pub fn ids_in_window(&mut self, of: CollectionId, window: Touched) -> Result<Vec<i64>, Error> {
        let mut ids = Vec::new();
        for class in window.classes() {
            let found: Vec<i64> = on!(self.conn, conn => object::table
                .filter(touching!(of, class))
                .select(object::id)
                .load(conn))?;
            ids.extend(found);
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The items of all classes but the last whose span touches the window; `None` where there are more than `most`.
    pub fn short_in_window(
        &mut self,
        of: CollectionId,
        window: Touched,
        most: usize,
    ) -> Result<Option<Vec<Object>>, Error> {
        let mut objects = Vec::new();
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        for class in window.classes().take(SPAN_CLASSES.len()) {
            let rows: Vec<ObjectRow> = on!(self.conn, conn => object::table
                .filter(touching!(of, class))
                .select(object_columns!())
                .limit(limit)
                .load(conn))?;
            objects.extend(rows.into_iter().map(from_row));
            if objects.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(objects))
    }

    /// The ids of those items of the last class, the long and endless series, whose span touches the window and whose
    /// compact form `keep` wants. Most series miss a given window: their content is never read.
    pub fn long_in_window(
        &mut self,
        of: CollectionId,
        window: Touched,
        keep: &mut Keep<'_>,
    ) -> Result<Vec<i64>, Error> {
        let mut ids = Vec::new();
        for class in window.classes().skip(SPAN_CLASSES.len()) {
            on!(self.conn, conn => {
                let query = object::table.filter(touching!(of, class)).select((object::id, object::parsed));
                for row in query.load_iter::<(i64, Vec<u8>), DefaultLoadingMode>(conn)? {
                    let (id, parsed) = row?;
                    if keep(&parsed)? {
                        ids.push(id);
                    }
                }
            });
        }
        Ok(ids)
    }

    /// Shows the compact forms of all items whose span touches the window, one after the other.
    pub fn each_in_window(
        &mut self,
        of: CollectionId,
        window: Touched,
        see: &mut See<'_>,
    ) -> Result<(), Error> {
        for class in window.classes() {
            on!(self.conn, conn => {
                let query = object::table.filter(touching!(of, class)).select(object::parsed);
                for parsed in query.load_iter::<Vec<u8>, DefaultLoadingMode>(conn)? {
                    see(&parsed?)?;
                }
            });
        }
        Ok(())
    }

    /// The item with this id.
    pub fn object_with_id(&mut self, id: i64) -> Result<Option<Object>, Error> {
        let row: Option<ObjectRow> =
            on!(self.conn, conn => object::table.find(id).select(object_columns!()).first(conn).optional())?;
        Ok(row.map(from_row))
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
