//! Every statement that differs between the two databases, and nothing else.

pub(super) mod openings;
pub(super) mod writes;

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

/// Whether a text has another in it, octet for octet. `LIKE`, which both databases have, takes several times as long.
#[derive(Debug, Clone, QueryId)]
pub(super) struct Contains<C> {
    column: C,
    needle: String,
}

impl<C> Contains<C> {
    /// Whether `column` has `needle` in it.
    pub fn new(column: C, needle: &str) -> Self {
        Contains { column, needle: needle.to_owned() }
    }
}

impl<C> Expression for Contains<C> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<Q>, Q> AppearsOnTable<Q> for Contains<C> {}
impl<C: SelectableExpression<Q>, Q> SelectableExpression<Q> for Contains<C> {}

impl<C: ValidGrouping<G>, G> ValidGrouping<G> for Contains<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("instr(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.needle)?;
        out.push_sql(") > 0");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("strpos(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.needle)?;
        out.push_sql(") > 0");
        Ok(())
    }
}

/// Tells the planner of a server what the tables hold, unless the server has done so by itself. Without it, a member of a table
/// that has just begun to grow is looked for by whichever index seems as good. The embedded database prefers unique ones.
///
/// Of an empty table nothing is told: the planner would take it to stay so, and read all of it where an index is at hand, until the server
/// looks again; what it knows nothing of it takes for a table of some pages.
pub(super) const REFRESH_STATISTICS: &str = "DO $$ BEGIN \
    IF EXISTS (SELECT 1 FROM pg_stat_user_tables WHERE relid = 'object'::regclass AND last_autoanalyze IS NULL) THEN \
    ANALYZE object, collection, home, change; \
    IF EXISTS (SELECT 1 FROM tombstone) THEN ANALYZE tombstone; END IF; \
    IF EXISTS (SELECT 1 FROM version) THEN ANALYZE version; END IF; END IF; END $$";
