//! Those whose cards in the directory may fit a query, page by page, in the order of one index that has all that is looked at here.
//!
//! Written by hand because the query builder compares no rows, which is how a page begins where the last one ended. Tests no filter.

use super::conn::on;
use super::dialect::Contains;
use super::schema::principal;
use super::{Error, ReadTx};
use crate::domain::id::PrincipalId;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SmallInt, Text};

/// Somebody in whose name, handle or addresses there is what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub id: PrincipalId,
    /// What he is called, as it is written.
    pub display_name: String,
    /// What he is found by: the folded name, and in lines of their own his handle and addresses.
    pub search: String,
    kind: i16,
}

type Row = (i16, String, i64, String);

impl ReadTx<'_> {
    /// The next of those in whose name, handle or addresses one of these folded texts occurs: `limit` of them, fewer where there are no more.
    pub fn directory_candidates(
        &mut self,
        needles: &[String],
        after: Option<&Candidate>,
        limit: usize,
    ) -> Result<Vec<Candidate>, Error> {
        let question = InDirectory {
            after: after
                .map_or((i16::MIN, "", i64::MIN), |last| (last.kind, last.search.as_str(), last.id.0)),
            needles: needles.iter().map(|needle| Contains::new(principal::search, needle)).collect(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
        };
        let rows: Vec<Row> = on!(self.conn, conn => question.load(conn))?;
        let candidate =
            |(kind, search, id, display_name)| Candidate { id: PrincipalId(id), display_name, search, kind };
        Ok(rows.into_iter().map(candidate).collect())
    }
}

#[derive(Debug, Clone)]
struct InDirectory<'a> {
    after: (i16, &'a str, i64),
    needles: Vec<Contains<principal::search>>,
    limit: i64,
}

impl QueryId for InDirectory<'_> {
    type QueryId = ();
    // The number of texts is not known to the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for InDirectory<'_> {
    type SqlType = (SmallInt, Text, BigInt, Text);
}

impl<Conn> RunQueryDsl<Conn> for InDirectory<'_> {}

impl<DB> QueryFragment<DB> for InDirectory<'_>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt> + HasSqlType<Text>,
    Contains<principal::search>: QueryFragment<DB>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT kind, search, id, display_name FROM principal WHERE NOT hidden AND (kind, search, id) > (",
        );
        out.push_bind_param::<SmallInt, _>(&self.after.0)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.after.1)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.2)?;
        out.push_sql(") AND (");
        for (at, needle) in self.needles.iter().enumerate() {
            if at > 0 {
                out.push_sql(" OR ");
            }
            needle.walk_ast(out.reborrow())?;
        }
        out.push_sql(") ORDER BY kind, search, id LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
