//! `column IN (…)` in a few fixed lengths, so that its statement stays prepared however many values are asked for.
//!
//! Knows no table. A list that is shorter than its length repeats its last value.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType, SingleValue};

/// Values of one statement at most; longer lists are asked in pieces.
const MOST: usize = 256;
/// Lengths that statements have.
const LENGTHS: [usize; 4] = [4, 16, 64, MOST];

/// Whether a column has one of some values.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneOf<'v, C, T> {
    column: C,
    values: &'v [T],
}

impl<'v, C, T> OneOf<'v, C, T> {
    /// At most [`MOST`] values, as [`OneOf::pieces`] cuts them.
    pub fn new(column: C, values: &'v [T]) -> Self {
        OneOf { column, values }
    }
}

impl<T> OneOf<'_, (), T> {
    /// A list in pieces, each short enough for one statement.
    pub fn pieces(values: &[T]) -> std::slice::Chunks<'_, T> {
        values.chunks(MOST)
    }
}

/// The SQL differs by its length: the text is the key to the prepared statement.
impl<C, T> QueryId for OneOf<'_, C, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C, T> Expression for OneOf<'_, C, T> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<Q>, T, Q> AppearsOnTable<Q> for OneOf<'_, C, T> {}
impl<C: SelectableExpression<Q>, T, Q> SelectableExpression<Q> for OneOf<'_, C, T> {}

impl<C: ValidGrouping<G>, T, G> ValidGrouping<G> for OneOf<'_, C, T> {
    type IsAggregate = C::IsAggregate;
}

impl<C, T, DB> QueryFragment<DB> for OneOf<'_, C, T>
where
    DB: Backend + HasSqlType<C::SqlType>,
    C: QueryFragment<DB> + Expression,
    C::SqlType: SingleValue,
    T: ToSql<C::SqlType, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let [.., last] = self.values else {
            out.push_sql("1 = 0");
            return Ok(());
        };
        self.column.walk_ast(out.reborrow())?;
        let length = LENGTHS.into_iter().find(|length| *length >= self.values.len());
        let missing = length.unwrap_or(MOST).saturating_sub(self.values.len());
        for (at, value) in self.values.iter().chain(std::iter::repeat_n(last, missing)).enumerate() {
            out.push_sql(if at == 0 { " IN (" } else { ", " });
            out.push_bind_param::<C::SqlType, _>(value)?;
        }
        out.push_sql(")");
        Ok(())
    }
}
