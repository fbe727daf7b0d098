//! What somebody was granted on what stands in his home as mounts, and where he has something of his own on it: asked by who he is alone, so
//! that it can be read at the same time as what stands there (`beside.rs`). Decides no right; `domain::acl` and `domain::role` do.

use super::conn::on;
use super::lists::OneOf;
use super::rights::{Given, Held, THE_TEAM, higher, mine};
use super::schema::{effective_membership, group_detail, membership};
use super::{Error, ReadTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::group::{Role, Visibility};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::team::Part;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SmallInt};
use diesel::sqlite::Sqlite;
use std::collections::HashMap;

/// What somebody was granted where his mounts are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldOnMounts {
    /// On single collections.
    own: HashMap<CollectionId, Given>,
    /// On all of the home that it is in, by its owner.
    homes: HashMap<PrincipalId, Given>,
    /// How he stands to the groups whose they are.
    teams: HashMap<PrincipalId, Part>,
    /// The number of the last change of what he has of his own on items, by their collection.
    marks: HashMap<CollectionId, i64>,
}

impl HeldOnMounts {
    /// What was granted where one of the mounts is concerned.
    pub fn on(&self, collection: &Collection) -> Held {
        Held {
            own: self.own.get(&collection.id).copied().unwrap_or_default(),
            home: self.homes.get(&collection.owner).copied().unwrap_or_default(),
            team: self.teams.get(&collection.owner).copied(),
        }
    }

    /// The number of the last change of what he has of his own on a collection's items; 0 where he has nothing.
    pub fn own_number(&self, of: CollectionId) -> i64 {
        self.marks.get(&of).copied().unwrap_or(0)
    }
}

impl ReadTx<'_> {
    /// What `holder` was granted on the collections that stand in his own home as mounts, and on the homes that they are in.
    pub fn held_on_mounts(&mut self, holder: PrincipalId, home: HomeKind) -> Result<HeldOnMounts, Error> {
        let question = OnMounts { holder: holder.0, home: home as i16 };
        let rows: Vec<(i16, i64, i16, i64)> = on!(self.conn, conn => question.load(conn))?;
        let mut held = HeldOnMounts::default();
        for (what, on, grantee, value) in rows {
            let given = match what {
                MARK => {
                    held.marks.insert(CollectionId(on), value);
                    continue;
                }
                HOME => held.homes.entry(PrincipalId(on)).or_default(),
                _ => held.own.entry(CollectionId(on)).or_default(),
            };
            *given = given.with((on, grantee, i32::try_from(value).unwrap_or_default()));
        }
        Ok(held)
    }

    /// Adds how `holder` stands to groups whose collections are among his mounts. A hidden group is known, and so are its things, to its owners
    /// alone.
    pub fn held_in_teams(
        &mut self,
        holder: PrincipalId,
        groups: &[PrincipalId],
        held: &mut HeldOnMounts,
    ) -> Result<(), Error> {
        let groups: Vec<i64> = groups.iter().map(|group| group.0).collect();
        for piece in OneOf::pieces(&groups) {
            let above = effective_membership::table
                .filter(effective_membership::member_id.eq(holder.0))
                .select(effective_membership::group_id);
            let rows: Vec<(i64, i16, i16)> = on!(self.conn, conn => membership::table
                .inner_join(group_detail::table.on(group_detail::principal.eq(membership::group_id)))
                .filter(OneOf::new(membership::group_id, piece))
                .filter(membership::member_id.eq(holder.0).or(membership::member_id.eq_any(above)))
                .filter(
                    group_detail::visibility
                        .lt(Visibility::Hidden as i16)
                        .or(membership::role.eq(Role::Owner as i16)),
                )
                .select((membership::group_id, membership::role, group_detail::members_may))
                .load(conn))?;
            for (group, role, members_may) in rows {
                let group = PrincipalId(group);
                let known = held.teams.get(&group).copied();
                let part = higher(known, (THE_TEAM, role, i32::from(members_may)));
                held.teams.extend(part.map(|part| (group, part)));
            }
        }
        Ok(())
    }
}

/// What a row of [`OnMounts`] tells in its first column, beside a grant on a collection: a grant on a home.
const HOME: i16 = 1;
/// A number of [`HeldOnMounts::own_number`].
const MARK: i16 = 2;

/// Grants on what stands in the holder's home as mounts, and his marks.
#[derive(Debug, Clone, Copy, QueryId)]
struct OnMounts {
    holder: i64,
    home: i16,
}

impl Query for OnMounts {
    type SqlType = (SmallInt, BigInt, SmallInt, BigInt);
}

impl<Conn> RunQueryDsl<Conn> for OnMounts {}

impl OnMounts {
    /// `[before, after]` of a question whose rows a column is to be one of. A server is given them as a list: joined, it would look for each
    /// by itself, or read a whole table.
    fn walk<'b, DB>(&'b self, [among, end]: [&str; 2], out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
        i64: ToSql<BigInt, DB>,
        i16: ToSql<SmallInt, DB>,
    {
        mine(&self.holder, out)?;
        out.push_sql(" SELECT CAST(0 AS SMALLINT), collection, grantee, CAST(privileges AS BIGINT) FROM grant_ WHERE collection");
        out.push_sql(among);
        out.push_sql("SELECT collection FROM mount WHERE principal = ");
        self.here(out)?;
        out.push_sql(end);
        out.push_sql(ME);
        out.push_sql(" UNION ALL SELECT CAST(1 AS SMALLINT), owner, grantee, CAST(privileges AS BIGINT) FROM principal_grant WHERE owner");
        out.push_sql(among);
        out.push_sql("SELECT collection.owner FROM mount JOIN collection ON collection.id = mount.collection WHERE principal = ");
        self.here(out)?;
        out.push_sql(end);
        out.push_sql(" AND home = ");
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(ME);
        out.push_sql(
            " UNION ALL SELECT CAST(2 AS SMALLINT), collection, CAST(0 AS SMALLINT), number FROM personal_mark WHERE principal = ",
        );
        out.push_bind_param::<BigInt, _>(&self.holder)
    }

    /// The end of the condition that a mount stands in the home.
    fn here<'b, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
        i64: ToSql<BigInt, DB>,
        i16: ToSql<SmallInt, DB>,
    {
        out.push_bind_param::<BigInt, _>(&self.holder)?;
        out.push_sql(" AND mount.home = ");
        out.push_bind_param::<SmallInt, _>(&self.home)
    }
}

/// Which grants mean the holder.
const ME: &str = " AND (grantee <> 1 OR principal IN (SELECT id FROM mine))";

impl QueryFragment<Sqlite> for OnMounts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk([" IN (", ")"], &mut out)
    }
}

impl QueryFragment<Pg> for OnMounts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk([" = ANY(ARRAY(", "))"], &mut out)
    }
}
