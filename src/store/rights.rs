//! What somebody was granted: by himself, by the groups that he is in, by everybody's; on a collection and on the home that it is in. One
//! statement a question, so one answer of the database, whatever the number of groups and grants.
//!
//! Written by hand because the query builder knows no `WITH RECURSIVE`. Decides no right; `domain::acl` and `domain::role` do.

use super::conn::on;
use super::grants::PRINCIPAL;
use super::{Error, ReadTx};
use crate::domain::acl::Privileges;
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::group::Role;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::team::{MembersMay, Part};
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
    /// How he stands to the group whose it is; `None` where it is no group's, or he may not know of the group.
    pub team: Option<Part>,
}

/// What was granted to somebody in a home: on it, and on those of its collections on which there is a grant to him.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldInHome {
    /// On all of it.
    pub home: Given,
    /// How he stands to the group whose it is.
    pub team: Option<Part>,
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
                THE_TEAM => {
                    held.team = higher(held.team, row);
                    continue;
                }
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
        let rows: Vec<(i64, i64, i16, i32)> = on!(self.conn, conn => question.load(conn))?;
        let mut all: BTreeMap<CollectionId, Held> = BTreeMap::new();
        for (reached, collection, grantee, privileges) in rows {
            let held = all.entry(CollectionId(reached)).or_default();
            *held = held.with((collection, grantee, privileges));
        }
        Ok(all)
    }

    /// The memberships by which a principal is in groups, his own and those of the groups that he is in: of which group, who, as what.
    pub fn memberships_above(
        &mut self,
        member: PrincipalId,
    ) -> Result<Vec<(PrincipalId, PrincipalId, Role)>, Error> {
        use super::schema::{effective_membership, membership};
        let groups = effective_membership::table
            .filter(effective_membership::member_id.eq(member.0))
            .select(effective_membership::group_id);
        let rows: Vec<(i64, i64, i16)> = membership::table
            .filter(membership::member_id.eq(member.0).or(membership::member_id.eq_any(groups)))
            .select(membership::all_columns)
            .order((membership::group_id, membership::member_id))
            .load(self.conn)?;
        let told = |(group, member, role)| (PrincipalId(group), PrincipalId(member), Role::from_number(role));
        Ok(rows.into_iter().map(told).collect())
    }
}

impl Given {
    pub(super) fn with(self, (_, grantee, privileges): Row) -> Given {
        Given {
            privileges: self.privileges.with(Privileges(privileges)),
            by_name: self.by_name || grantee == PRINCIPAL,
        }
    }
}

impl Held {
    fn with(self, row: Row) -> Held {
        match row.0 {
            THE_TEAM => Held { team: higher(self.team, row), ..self },
            THE_HOME => Held { home: self.home.with(row), ..self },
            _ => Held { own: self.own.with(row), ..self },
        }
    }
}

/// The higher of what is known and what a row of [`THE_TEAM`] says.
pub(super) fn higher(known: Option<Part>, (_, role, members_may): Row) -> Option<Part> {
    let members_may = i16::try_from(members_may).unwrap_or_default();
    let here = Part { role: Role::from_number(role), members_may: MembersMay::from_number(members_may) };
    known.filter(|known| known.role >= here.role).or(Some(here))
}

/// The id of a collection, or [`THE_HOME`], the kind of a grantee, and privileges that he is granted on it. Or [`THE_TEAM`], a role, and
/// what plain members may.
pub(super) type Row = (i64, i16, i32);

/// What stands for an id where somebody is in the group whose the collection is.
pub(super) const THE_TEAM: i64 = -1;

/// What stands for an id where a grant is on all of a home: collections have higher ones.
const THE_HOME: i64 = 0;

/// Begins a statement: `mine` are the holder and all groups that he is in, through other groups too.
pub(super) fn mine<'b, DB>(holder: &'b i64, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
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

/// Which memberships `m` of a group that is `d` count: a hidden group is known, and so are its things, to its owners alone.
const KNOWN: &str = " AND (d.visibility < 3 OR m.role = 3)";

/// Goes on with the holder's memberships in the group that is `owner`, if it is one.
fn in_team<'b, DB>(owner: &'b i64, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    out.push_sql(
        " UNION ALL SELECT CAST(-1 AS BIGINT), m.role, CAST(d.members_may AS INTEGER) FROM membership m \
         JOIN group_detail d ON d.principal = m.group_id WHERE m.member_id IN (SELECT id FROM mine) AND m.group_id = ",
    );
    out.push_bind_param::<BigInt, _>(owner)?;
    out.push_sql(KNOWN);
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
        in_team(&self.owner, &mut out)
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
        in_team(&self.owner, &mut out)
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
            " UNION ALL SELECT c.id, c.owner, CAST(-1 AS BIGINT), m.role, CAST(d.members_may AS INTEGER) FROM mine \
             JOIN membership m ON m.member_id = mine.id JOIN group_detail d ON d.principal = m.group_id \
             JOIN collection c ON c.owner = m.group_id WHERE c.deleted_at = 0 AND c.home = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(KNOWN);
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
