//! What somebody was granted: by himself, by the groups that he is in, by everybody's; on a collection and on the home that it is in. One
//! statement a question, so one answer of the database, whatever the number of groups and grants.
//!
//! Written by hand because the query builder knows no `WITH RECURSIVE`. Decides no right; `domain::acl` and `domain::role` do.

use super::conn::on;
use super::grants::PRINCIPAL;
use super::{Error, ReadTx};
use crate::domain::acl::Privileges;
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer, SmallInt};
use std::collections::BTreeMap;

/// What several grants give together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// All of it.
    pub privileges: Privileges,
    /// Whether some of it is given by name, to the holder or to a group of his, not only to everybody.
    pub by_name: bool,
}

/// What was granted to somebody where a collection is concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// On the collection itself.
    pub own: Given,
    /// On all of the home that it is in.
    pub home: Given,
}

/// What was granted to somebody in a home: on it, and on those of its collections on which there is a grant to him.
#[derive(Debug, Clone, Default)]
pub struct HeldInHome {
    /// On all of it.
    pub home: Given,
    /// On single collections.
    pub own: BTreeMap<CollectionId, Given>,
}

impl ReadTx<'_> {
    /// What `holder` was granted on a collection.
    pub fn held(&mut self, holder: PrincipalId, on: &Collection) -> Result<Held, Error> {
        let question =
            HeldOn { holder: holder.0, collection: on.id.0, owner: on.owner.0, home: on.home as i16 };
        let rows: Vec<Row> = on!(self.conn, conn => question.load(conn))?;
        Ok(rows.into_iter().fold(Held::default(), Held::with))
    }

    /// What `holder` was granted in another's home.
    pub fn held_in_home(
        &mut self,
        holder: PrincipalId,
        owner: PrincipalId,
        home: HomeKind,
    ) -> Result<HeldInHome, Error> {
        let question = HeldIn { holder: holder.0, owner: owner.0, home: home as i16 };
        let rows: Vec<Row> = on!(self.conn, conn => question.load(conn))?;
        let mut held = HeldInHome::default();
        for row in rows {
            let given = match row.0 {
                THE_HOME => &mut held.home,
                id => held.own.entry(CollectionId(id)).or_default(),
            };
            *given = given.with(row);
        }
        Ok(held)
    }

    /// The collections of homes of this kind on which, or on whose home, there is a grant to `holder` or to a group of his by name,
    /// with all that he was granted there. What is granted to everybody alone is not among them.
    pub fn held_by_name(
        &mut self,
        holder: PrincipalId,
        home: HomeKind,
    ) -> Result<BTreeMap<CollectionId, Held>, Error> {
        let question = HeldByName { holder: holder.0, home: home as i16 };
        Ok(by_collection(on!(self.conn, conn => question.load(conn))?))
    }

    /// What `holder` was granted on the collections that stand in his own home as mounts.
    pub fn held_on_mounts(
        &mut self,
        holder: PrincipalId,
        home: HomeKind,
    ) -> Result<BTreeMap<CollectionId, Held>, Error> {
        let question = HeldOnMounts { holder: holder.0, home: home as i16 };
        Ok(by_collection(on!(self.conn, conn => question.load(conn))?))
    }

    /// The groups above a principal, the nearest first, each with the one below it by which it was reached.
    pub fn groups_above(&mut self, member: PrincipalId) -> Result<Vec<(PrincipalId, PrincipalId)>, Error> {
        use super::schema::membership;
        let mut found: Vec<(PrincipalId, PrincipalId)> = Vec::new();
        let mut edge = vec![member.0];
        while !edge.is_empty() {
            let above: Vec<(i64, i64)> = membership::table
                .filter(membership::member_id.eq_any(&edge))
                .select((membership::group_id, membership::member_id))
                .order((membership::group_id, membership::member_id))
                .load(self.conn)?;
            edge.clear();
            for (group, below) in above {
                if group != member.0 && found.iter().all(|(known, _)| known.0 != group) {
                    found.push((PrincipalId(group), PrincipalId(below)));
                    edge.push(group);
                }
            }
        }
        Ok(found)
    }
}

fn by_collection(rows: Vec<(i64, i64, i16, i32)>) -> BTreeMap<CollectionId, Held> {
    let mut all: BTreeMap<CollectionId, Held> = BTreeMap::new();
    for (reached, collection, grantee, privileges) in rows {
        let held = all.entry(CollectionId(reached)).or_default();
        *held = held.with((collection, grantee, privileges));
    }
    all
}

impl Given {
    fn with(self, (_, grantee, privileges): Row) -> Given {
        Given {
            privileges: self.privileges.with(Privileges(privileges)),
            by_name: self.by_name || grantee == PRINCIPAL,
        }
    }
}

impl Held {
    fn with(self, row: Row) -> Held {
        match row.0 {
            THE_HOME => Held { home: self.home.with(row), ..self },
            _ => Held { own: self.own.with(row), ..self },
        }
    }
}

/// The id of a collection, or [`THE_HOME`], the kind of a grantee, and privileges that he is granted on it.
type Row = (i64, i16, i32);

/// What stands for an id where a grant is on all of a home: collections have higher ones.
const THE_HOME: i64 = 0;

/// Begins a statement: `mine` are the holder and all groups that he is in, through other groups too.
fn mine<'b, DB>(holder: &'b i64, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    out.push_sql("WITH mine (id) AS (SELECT CAST(");
    out.push_bind_param::<BigInt, _>(holder)?;
    out.push_sql(" AS BIGINT) UNION ALL SELECT group_id FROM effective_membership WHERE member_id = ");
    out.push_bind_param::<BigInt, _>(holder)?;
    out.push_sql(")");
    Ok(())
}

/// Grants on one collection, and on its home.
#[derive(Debug, Clone, Copy, QueryId)]
struct HeldOn {
    holder: i64,
    collection: i64,
    owner: i64,
    home: i16,
}

/// Grants in one home.
#[derive(Debug, Clone, Copy, QueryId)]
struct HeldIn {
    holder: i64,
    owner: i64,
    home: i16,
}

/// Grants wherever there is one by name.
#[derive(Debug, Clone, Copy, QueryId)]
struct HeldByName {
    holder: i64,
    home: i16,
}

/// Grants on what stands in the holder's home as mounts.
#[derive(Debug, Clone, Copy, QueryId)]
struct HeldOnMounts {
    holder: i64,
    home: i16,
}

impl Query for HeldOnMounts {
    type SqlType = (BigInt, BigInt, SmallInt, Integer);
}

impl<Conn> RunQueryDsl<Conn> for HeldOnMounts {}

impl Query for HeldOn {
    type SqlType = (BigInt, SmallInt, Integer);
}

impl Query for HeldIn {
    type SqlType = (BigInt, SmallInt, Integer);
}

impl Query for HeldByName {
    type SqlType = (BigInt, BigInt, SmallInt, Integer);
}

impl<Conn> RunQueryDsl<Conn> for HeldOn {}
impl<Conn> RunQueryDsl<Conn> for HeldIn {}
impl<Conn> RunQueryDsl<Conn> for HeldByName {}

// Those by name and those to everybody are asked for apart: each is then a search in an index, however many others hold grants there.

impl<DB> QueryFragment<DB> for HeldOn
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        mine(&self.holder, &mut out)?;
        for (at, whom) in WHOM.into_iter().enumerate() {
            out.push_sql(if at == 0 { " " } else { " UNION ALL " });
            out.push_sql("SELECT collection, grantee, privileges FROM grant_ WHERE collection = ");
            out.push_bind_param::<BigInt, _>(&self.collection)?;
            out.push_sql(whom);
            on_home(&self.owner, &self.home, whom, &mut out)?;
        }
        Ok(())
    }
}

impl<DB> QueryFragment<DB> for HeldIn
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        mine(&self.holder, &mut out)?;
        for (at, whom) in WHOM.into_iter().enumerate() {
            out.push_sql(if at == 0 { " " } else { " UNION ALL " });
            out.push_sql(
                "SELECT collection, grantee, privileges FROM collection c JOIN grant_ ON collection = c.id \
                 WHERE c.deleted_at = 0 AND c.owner = ",
            );
            out.push_bind_param::<BigInt, _>(&self.owner)?;
            out.push_sql(" AND c.home = ");
            out.push_bind_param::<SmallInt, _>(&self.home)?;
            out.push_sql(whom);
            on_home(&self.owner, &self.home, whom, &mut out)?;
        }
        Ok(())
    }
}

/// Conditions that together hold for each grant that means the holder.
const WHOM: [&str; 2] = [" AND grantee > 1", " AND grantee = 1 AND principal IN (SELECT id FROM mine)"];

/// Goes on with the grants on a home.
fn on_home<'b, DB>(
    owner: &'b i64,
    home: &'b i16,
    whom: &'static str,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    out.push_sql(
        " UNION ALL SELECT CAST(0 AS BIGINT), grantee, privileges FROM principal_grant WHERE owner = ",
    );
    out.push_bind_param::<BigInt, _>(owner)?;
    out.push_sql(" AND home = ");
    out.push_bind_param::<SmallInt, _>(home)?;
    out.push_sql(whom);
    Ok(())
}

impl<DB> QueryFragment<DB> for HeldByName
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        mine(&self.holder, &mut out)?;
        out.push_sql(
            ", named (id, owner, source, grantee, privileges) AS (\
             SELECT c.id, c.owner, g.collection, g.grantee, g.privileges FROM mine JOIN grant_ g ON g.principal = mine.id \
             JOIN collection c ON c.id = g.collection WHERE c.deleted_at = 0 AND c.home = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(
            " UNION ALL SELECT c.id, c.owner, CAST(0 AS BIGINT), p.grantee, p.privileges FROM mine \
             JOIN principal_grant p ON p.principal = mine.id \
             JOIN collection c ON c.owner = p.owner AND c.home = p.home WHERE c.deleted_at = 0 AND p.home = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(
            ") SELECT id, source, grantee, privileges FROM named \
             UNION ALL SELECT r.id, g.collection, g.grantee, g.privileges FROM (SELECT DISTINCT id FROM named) r \
             JOIN grant_ g ON g.collection = r.id AND g.grantee > 1 \
             UNION ALL SELECT r.id, CAST(0 AS BIGINT), p.grantee, p.privileges FROM (SELECT DISTINCT id, owner FROM named) r \
             JOIN principal_grant p ON p.owner = r.owner AND p.grantee > 1 AND p.home = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        Ok(())
    }
}

impl<DB> QueryFragment<DB> for HeldOnMounts
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        mine(&self.holder, &mut out)?;
        out.push_sql(
            ", reached (id, owner) AS (SELECT c.id, c.owner FROM mount m JOIN collection c ON c.id = m.collection \
             WHERE c.deleted_at = 0 AND m.principal = ",
        );
        out.push_bind_param::<BigInt, _>(&self.holder)?;
        out.push_sql(" AND m.home = ");
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(
            ") SELECT reached.id, g.collection, g.grantee, g.privileges FROM reached JOIN grant_ g ON g.collection = reached.id \
             WHERE g.grantee <> 1 OR g.principal IN (SELECT id FROM mine) \
             UNION ALL SELECT reached.id, CAST(0 AS BIGINT), p.grantee, p.privileges FROM reached \
             JOIN principal_grant p ON p.owner = reached.owner AND p.home = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(" WHERE p.grantee <> 1 OR p.principal IN (SELECT id FROM mine)");
        Ok(())
    }
}
