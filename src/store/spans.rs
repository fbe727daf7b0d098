//! Items that may fall into a window or match a text: a complete pre-screen by indexes.
//!
//! Everything that matches is among the answer; the exact test is the caller's. The cost follows the hits (see
//! `domain::object::SPAN_CLASSES`).

use super::conn::on;
use super::lists::OneOf;
use super::pages::{self, Head, head_columns};
use super::schema::object;
use super::{Error, ReadTx};
use crate::domain::directory::BOOK;
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Object, SPAN_CLASSES, endless_classes};
use crate::text::ical::season;
use diesel::backend::Backend;
use diesel::connection::DefaultLoadingMode;
use diesel::expression::Expression;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, SmallInt};

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

/// `SELECT … FROM object` for the items whose spans touch a window: one look into the index for each of `CLASSES` classes of spans,
/// from the longest length of the class before the window on. Written by hand, for the query builder has no `VALUES` to
/// join with.
#[derive(Debug)]
struct InWindow<S, const CLASSES: usize> {
    select: S,
    of: i64,
    /// Classes, and the least `first_at` of each.
    classes: [(i16, i64); CLASSES],
    start: i64,
    end: i64,
    season: i64,
    least: i16,
    most: i16,
    limit: i64,
}

/// Classes that a window of some days looks into at most, and one of some weeks; a longer one looks into all.
const FEW: usize = SPAN_CLASSES.len() + 1 + 8;
const SOME: usize = SPAN_CLASSES.len() + 1 + 16;
const ALL: usize = SPAN_CLASSES.len() + 1 + 61;
/// A class that nothing is in.
const NONE: i16 = -1;

/// The classes of spans that may touch a window, and the least `first_at` of each.
fn classes(start: i64, season: i64) -> Vec<(i16, i64)> {
    let bounded = (0_i16..).zip(SPAN_CLASSES).map(|(class, longest)| (class, start.saturating_sub(longest)));
    bounded.chain(endless_classes(season).map(|class| (class, i64::MIN))).collect()
}

/// Runs `InWindow` for as many classes as the window looks into.
macro_rules! in_window {
    ($select:expr, $of:expr, $touched:expr, $limit:expr, $query:ident => $run:expr) => {{
        let (start, end) = $touched.window;
        let season = season::of_window(start, end);
        let classes = classes(start, season);
        match classes.len() {
            ..=FEW => {
                let $query = InWindow::<_, FEW>::new($select, $of, $touched, season, &classes, $limit);
                $run
            }
            ..=SOME => {
                let $query = InWindow::<_, SOME>::new($select, $of, $touched, season, &classes, $limit);
                $run
            }
            _ => {
                let $query = InWindow::<_, ALL>::new($select, $of, $touched, season, &classes, $limit);
                $run
            }
        }
    }};
}

impl<S, const CLASSES: usize> InWindow<S, CLASSES> {
    fn new(
        select: S,
        of: CollectionId,
        touched: Touched,
        season: i64,
        classes: &[(i16, i64)],
        limit: i64,
    ) -> Self {
        let (start, end) = touched.window;
        let (least, most) = touched.component.map_or((i16::MIN, i16::MAX), |kind| (kind.0, kind.0));
        let classes = std::array::from_fn(|at| classes.get(at).copied().unwrap_or((NONE, 0)));
        InWindow { select, of: of.0, classes, start, end, season, least, most, limit }
    }
}

impl<S: QueryId, const CLASSES: usize> QueryId for InWindow<S, CLASSES> {
    type QueryId = InWindow<S::QueryId, CLASSES>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: Expression, const CLASSES: usize> Query for InWindow<S, CLASSES> {
    type SqlType = S::SqlType;
}

impl<S, Conn, const CLASSES: usize> RunQueryDsl<Conn> for InWindow<S, CLASSES> {}

impl<S, DB, const CLASSES: usize> QueryFragment<DB> for InWindow<S, CLASSES>
where
    S: QueryFragment<DB>,
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("WITH span (class, earliest) AS (VALUES ");
        for (at, (class, earliest)) in self.classes.iter().enumerate() {
            out.push_sql(if at == 0 { "(" } else { ", (" });
            out.push_bind_param::<SmallInt, _>(class)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(earliest)?;
            out.push_sql(")");
        }
        out.push_sql(") SELECT ");
        self.select.walk_ast(out.reborrow())?;
        // The order of a cross join is kept by SQLite: each class is looked up, never the whole collection.
        out.push_sql(" FROM span CROSS JOIN object WHERE object.collection = ");
        out.push_bind_param::<BigInt, _>(&self.of)?;
        out.push_sql(" AND object.span_class = span.class AND object.first_at >= span.earliest AND object.first_at <= ");
        out.push_bind_param::<BigInt, _>(&self.end)?;
        out.push_sql(" AND object.last_at >= ");
        out.push_bind_param::<BigInt, _>(&self.start)?;
        out.push_sql(" AND (object.season & ");
        out.push_bind_param::<BigInt, _>(&self.season)?;
        out.push_sql(") <> 0 AND object.component >= ");
        out.push_bind_param::<SmallInt, _>(&self.least)?;
        out.push_sql(" AND object.component <= ");
        out.push_bind_param::<SmallInt, _>(&self.most)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl ReadTx<'_> {
    /// A page of all items with ids above `after`, in the order of ids, and the id after which the next goes on, if there may
    /// be one.
    pub fn objects_of_kind(
        &mut self,
        of: CollectionId,
        component: Option<ItemKind>,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<Object>, Option<i64>), Error> {
        if of == BOOK {
            return self.directory_after_id(after, limit);
        }
        let (least, most) = component.map_or((i16::MIN, i16::MAX), |kind| (kind.0, kind.0));
        let rows: Vec<Head> = on!(self.conn, conn => object::table
            .filter(
                object::collection
                    .eq(of.0)
                    .and(object::id.gt(after))
                    .and(object::component.ge(least))
                    .and(object::component.le(most)),
            )
            .select(head_columns!())
            .order(object::id)
            .limit(limit)
            .load(conn))?;
        pages::fill_ordered(self.conn, rows, limit, pages::row_id)
    }

    /// Shows the id and the searched text of each card, in the order of ids.
    pub fn each_card_text(&mut self, of: CollectionId, see: &mut dyn FnMut(i64, &str)) -> Result<(), Error> {
        on!(self.conn, conn => {
            // The kind stands in the statement itself, as in the condition of the index that holds these texts.
            let query = object::table
                .filter(object::collection.eq(of.0).and(diesel::dsl::sql::<Bool>("component = 100")))
                .select((object::id, object::search))
                .order(object::id);
            for row in query.load_iter::<(i64, String), DefaultLoadingMode>(conn)? {
                let (id, text) = row?;
                see(id, &text);
            }
        });
        Ok(())
    }

    /// The ids of all items whose span touches the window, in their order.
    pub fn ids_in_window(&mut self, of: CollectionId, window: Touched) -> Result<Vec<i64>, Error> {
        let mut ids: Vec<i64> = in_window!(object::id, of, window, i64::MAX, query => {
            on!(self.conn, conn => query.load(conn))
        })?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// The items whose span touches the window; `None` where there are more than `most`, or some are large.
    pub fn objects_in_window(
        &mut self,
        of: CollectionId,
        window: Touched,
        most: usize,
    ) -> Result<Option<Vec<Object>>, Error> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let rows: Vec<Head> = in_window!(head_columns!(), of, window, limit, query => {
            on!(self.conn, conn => query.load(conn))
        })?;
        if rows.len() > most || rows.iter().any(pages::is_large) {
            return Ok(None);
        }
        pages::fill(self.conn, rows).map(|(objects, _)| Some(objects))
    }

    /// Shows the compact forms of all items whose span touches the window, one after the other.
    pub fn each_in_window(
        &mut self,
        of: CollectionId,
        window: Touched,
        see: &mut See<'_>,
    ) -> Result<(), Error> {
        in_window!(object::parsed, of, window, i64::MAX, query => on!(self.conn, conn => {
            for parsed in query.load_iter::<Vec<u8>, DefaultLoadingMode>(conn)? {
                see(&parsed?)?;
            }
        }));
        Ok(())
    }

    /// The items of the first of these ids, and how many ids that are: all, unless some items are large. In no particular
    /// order.
    pub fn objects_with_ids(&mut self, ids: &[i64]) -> Result<(Vec<Object>, usize), Error> {
        let mut rows: Vec<Head> = Vec::with_capacity(ids.len());
        for piece in OneOf::pieces(ids) {
            rows.extend(on!(self.conn, conn => object::table
                .filter(OneOf::new(object::id, piece))
                .select(head_columns!())
                .load::<Head>(conn))?);
        }
        pages::fill_asked(self.conn, rows, ids.len(), || {
            let places = pages::places(ids);
            move |row: &Head| places.get(&pages::row_id(row)).copied().unwrap_or(ids.len())
        })
    }
}
