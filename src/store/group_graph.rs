//! Who is in which group: the memberships, and the closure that follows from them.
//!
//! `effective_membership` has each pair of a group and somebody in it, through however many groups, with the length of the shortest
//! way. Whoever changes memberships first takes [`GroupLock`], the one row of `group_graph`, so that one sees what the one before
//! committed: two that would close a circle together cannot both find none. Decides no right and knows no limit.
//!
//! A new membership (G, m) makes pairs of all that G is in and all that is in m. One that is taken away may take those of them whose
//! length is that of the way through it; they are derived anew from the groups nearest to G outwards, each from the pairs of its
//! direct members, which are right by then. Pairs of m itself, and pairs that end at G, never change by it, for there are no circles.

use super::conn::on;
use super::lists::OneOf;
use super::schema::{effective_membership, group_graph, membership, principal};
use super::{Error, ReadTx, WriteTx};
use crate::domain::group::Role;
use crate::domain::id::PrincipalId;
use crate::domain::principal::PrincipalKind;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, HasSqlType};

/// Levels that a walk goes at most: more than any limit allows, and an end for data of before there was one.
const LEVELS: usize = 64;

/// Proof that this transaction alone changes memberships until its commit.
#[derive(Debug)]
pub struct GroupLock(());

impl ReadTx<'_> {
    /// The groups that a principal is in, through other groups too, in no order.
    pub fn groups_of(&mut self, member: PrincipalId) -> Result<Vec<PrincipalId>, Error> {
        let found: Vec<i64> = on!(self.conn, conn => effective_membership::table
            .filter(effective_membership::member_id.eq(member.0))
            .select(effective_membership::group_id)
            .load(conn))?;
        Ok(found.into_iter().map(PrincipalId).collect())
    }

    /// Whether somebody is in a group, through other groups too.
    pub fn is_in(&mut self, group: PrincipalId, member: PrincipalId) -> Result<bool, Error> {
        let found: Option<i16> = effective_membership::table
            .find((group.0, member.0))
            .select(effective_membership::depth)
            .first(self.conn)
            .optional()?;
        Ok(found.is_some())
    }

    /// How many groups a group is in, through other groups too.
    pub fn count_above(&mut self, group: PrincipalId) -> Result<i64, Error> {
        let above = effective_membership::table.filter(effective_membership::member_id.eq(group.0));
        Ok(above.count().get_result(self.conn)?)
    }

    /// How many principals are in a group, through other groups too.
    pub fn count_below(&mut self, group: PrincipalId) -> Result<i64, Error> {
        let below = effective_membership::table.filter(effective_membership::group_id.eq(group.0));
        Ok(below.count().get_result(self.conn)?)
    }

    /// How many groups stand in each other above a group, at the most.
    pub fn levels_above(&mut self, group: PrincipalId) -> Result<usize, Error> {
        Ok(self.above(group)?.len())
    }

    /// How many groups stand in each other below a group, at the most.
    pub fn levels_below(&mut self, group: PrincipalId) -> Result<usize, Error> {
        Ok(self.walk(group, ReadTx::groups_in)?.len())
    }

    /// The groups above one by levels: each level has those that are reached by that many steps, by whatever way.
    fn above(&mut self, group: PrincipalId) -> Result<Vec<Vec<i64>>, Error> {
        self.walk(group, ReadTx::groups_around)
    }

    fn walk(
        &mut self,
        from: PrincipalId,
        next: impl Fn(&mut Self, &[i64]) -> Result<Vec<i64>, Error>,
    ) -> Result<Vec<Vec<i64>>, Error> {
        let mut levels = Vec::new();
        let mut edge = vec![from.0];
        while levels.len() < LEVELS {
            edge = next(self, &edge)?;
            edge.sort_unstable();
            edge.dedup();
            if edge.is_empty() {
                break;
            }
            levels.push(edge.clone());
        }
        Ok(levels)
    }

    /// The groups that some principals are directly in; one may come twice.
    fn groups_around(&mut self, of: &[i64]) -> Result<Vec<i64>, Error> {
        let mut found = Vec::new();
        for piece in OneOf::pieces(of) {
            let some: Vec<i64> = on!(self.conn, conn => membership::table
                .filter(OneOf::new(membership::member_id, piece))
                .select(membership::group_id)
                .load(conn))?;
            found.extend(some);
        }
        Ok(found)
    }

    /// The groups that are directly in some groups; one may come twice.
    fn groups_in(&mut self, of: &[i64]) -> Result<Vec<i64>, Error> {
        let mut found = Vec::new();
        for piece in OneOf::pieces(of) {
            let some: Vec<i64> = on!(self.conn, conn => membership::table
                .inner_join(principal::table.on(principal::id.eq(membership::member_id)))
                .filter(principal::kind.eq(PrincipalKind::Group as i16))
                .filter(OneOf::new(membership::group_id, piece))
                .select(membership::member_id)
                .load(conn))?;
            found.extend(some);
        }
        Ok(found)
    }

    /// The groups above one, those first from which no way leads to one before, each with the length of its shortest way.
    fn outwards(&mut self, group: PrincipalId) -> Result<Vec<(i64, i16)>, Error> {
        let levels = self.above(group)?;
        let mut order: Vec<(usize, i64)> = Vec::new();
        for (level, groups) in levels.iter().enumerate() {
            for id in groups {
                order.retain(|(_, known)| known != id);
                order.push((level, *id));
            }
        }
        order.sort_unstable();
        let mut found = Vec::with_capacity(order.len());
        for (_, id) in order {
            let depth: Option<i16> = effective_membership::table
                .find((id, group.0))
                .select(effective_membership::depth)
                .first(self.conn)
                .optional()?;
            found.extend(depth.map(|depth| (id, depth)));
        }
        Ok(found)
    }
}

impl WriteTx<'_> {
    /// Waits until no other transaction changes memberships, and keeps others from it until the commit.
    pub fn lock_groups(&mut self) -> Result<GroupLock, Error> {
        let held = diesel::update(group_graph::table.find(1))
            .set(group_graph::changes.eq(group_graph::changes + 1))
            .execute(self.conn)?;
        if held == 1 {
            Ok(GroupLock(()))
        } else {
            Err(Error::Unavailable("the row that groups lock is not there".into()))
        }
    }

    /// Puts a principal into a group that he is not directly in. That no circle closes, the caller has seen under the lock.
    pub fn link(
        &mut self,
        _: &GroupLock,
        group: PrincipalId,
        member: PrincipalId,
        role: Role,
    ) -> Result<(), Error> {
        diesel::insert_into(membership::table)
            .values((
                membership::group_id.eq(group.0),
                membership::member_id.eq(member.0),
                membership::role.eq(role as i16),
            ))
            .execute(self.conn)?;
        let spread = Spread { group: group.0, member: member.0 };
        on!(self.conn, conn => spread.execute(conn))?;
        self.sight_of_members_moves(member)
    }

    /// Takes a principal out of a group that he is directly in; whether he was.
    pub fn unlink(&mut self, _: &GroupLock, group: PrincipalId, member: PrincipalId) -> Result<bool, Error> {
        let gone = diesel::delete(membership::table.find((group.0, member.0))).execute(self.conn)?;
        if gone == 0 {
            return Ok(false);
        }
        let alone = self.count_below(member)? == 0;
        let mut around = vec![(group.0, 0)];
        around.extend(self.outwards(group)?);
        for (outer, depth) in around {
            if alone {
                // By its key: a server would else look through all pairs of the group.
                let pair = effective_membership::table.find((outer, member.0));
                let doubt = pair.filter(effective_membership::depth.eq(depth + 1));
                on!(self.conn, conn => diesel::delete(doubt).execute(conn))?;
            } else {
                let doubt = Doubt { group: outer, member: member.0, steps: i64::from(depth) + 1 };
                on!(self.conn, conn => doubt.execute(conn))?;
            }
            let again = Again { group: outer, member: member.0 };
            on!(self.conn, conn => again.execute(conn))?;
        }
        self.sight_of_members_moves(member)?;
        Ok(true)
    }

    /// Changes what a direct member may do.
    pub fn set_role(
        &mut self,
        _: &GroupLock,
        group: PrincipalId,
        member: PrincipalId,
        role: Role,
    ) -> Result<(), Error> {
        diesel::update(membership::table.find((group.0, member.0)))
            .set(membership::role.eq(role as i16))
            .execute(self.conn)?;
        // What his group owns is open to him by his role.
        self.sight_of_members_moves(member)
    }

    /// Takes a principal out of all groups, and, of a group, everybody out of it.
    pub fn unlink_all(&mut self, lock: &GroupLock, of: PrincipalId) -> Result<(), Error> {
        let around: Vec<i64> = membership::table
            .filter(membership::member_id.eq(of.0))
            .select(membership::group_id)
            .load(self.conn)?;
        for group in around {
            self.unlink(lock, PrincipalId(group), of)?;
        }
        self.sight_of_members_moves(of)?;
        // Nothing is around it any more: only its own pairs are left.
        diesel::delete(membership::table.filter(membership::group_id.eq(of.0))).execute(self.conn)?;
        diesel::delete(effective_membership::table.filter(effective_membership::group_id.eq(of.0)))
            .execute(self.conn)?;
        Ok(())
    }
}

/// The pairs that a new membership makes: what the group is in, and itself, with what is in the member, and himself.
#[derive(Debug, Clone, Copy, QueryId)]
struct Spread {
    group: i64,
    member: i64,
}

/// Takes away those pairs of a group, and somebody in a member that has gone, that may have been by a way of `steps` to the member.
#[derive(Debug, Clone, Copy, QueryId)]
struct Doubt {
    group: i64,
    member: i64,
    steps: i64,
}

/// Puts back those of these pairs that follow from the direct members that are left.
#[derive(Debug, Clone, Copy, QueryId)]
struct Again {
    group: i64,
    member: i64,
}

/// A principal and all that is in him, as `(id, depth)`.
fn whole<'b, DB>(member: &'b i64, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    out.push_sql("SELECT CAST(");
    out.push_bind_param::<BigInt, _>(member)?;
    out.push_sql(" AS BIGINT) AS id, 0 AS depth UNION ALL SELECT member_id, depth FROM effective_membership WHERE group_id = ");
    out.push_bind_param::<BigInt, _>(member)
}

macro_rules! statement {
    ($name:ident, |$self:ident, $out:ident| $body:block) => {
        impl<Conn> RunQueryDsl<Conn> for $name {}

        impl<DB> QueryFragment<DB> for $name
        where
            DB: Backend + HasSqlType<BigInt>,
            i64: diesel::serialize::ToSql<BigInt, DB>,
        {
            fn walk_ast<'b>(&'b $self, mut $out: AstPass<'_, 'b, DB>) -> QueryResult<()> $body
        }
    };
}

statement!(Spread, |self, out| {
    out.push_sql(
        "INSERT INTO effective_membership (group_id, member_id, depth) SELECT a.id, d.id, a.depth + d.depth + 1 FROM (SELECT CAST(",
    );
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(" AS BIGINT) AS id, 0 AS depth UNION ALL SELECT group_id, depth FROM effective_membership WHERE member_id = ");
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(") a CROSS JOIN (");
    whole(&self.member, &mut out)?;
    out.push_sql(
        ") d WHERE a.id <> d.id ON CONFLICT (group_id, member_id) DO UPDATE SET depth = excluded.depth \
         WHERE excluded.depth < effective_membership.depth",
    );
    Ok(())
});

statement!(Doubt, |self, out| {
    out.push_sql("DELETE FROM effective_membership WHERE group_id = ");
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(" AND (member_id, depth) IN (SELECT w.id, w.depth + ");
    out.push_bind_param::<BigInt, _>(&self.steps)?;
    out.push_sql(" FROM (");
    whole(&self.member, &mut out)?;
    out.push_sql(") w)");
    Ok(())
});

statement!(Again, |self, out| {
    out.push_sql("INSERT INTO effective_membership (group_id, member_id, depth) SELECT CAST(");
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(
        " AS BIGINT), q.id, q.depth FROM (SELECT d.id, CASE WHEN EXISTS \
         (SELECT 1 FROM membership m WHERE m.member_id = d.id AND m.group_id = ",
    );
    out.push_bind_param::<BigInt, _>(&self.group)?;
    // Somebody is in few groups, while a group may have thousands of members: his groups are asked first. The limits keep planners
    // from turning that round.
    out.push_sql(
        ") THEN 1 ELSE (SELECT MIN(w.depth) + 1 FROM (SELECT e.group_id, e.depth FROM effective_membership e \
         WHERE e.member_id = d.id LIMIT 1000000000) w WHERE EXISTS \
         (SELECT 1 FROM membership m WHERE m.member_id = w.group_id AND m.group_id = ",
    );
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(")) END AS depth FROM (");
    whole(&self.member, &mut out)?;
    out.push_sql(
        ") d WHERE NOT EXISTS (SELECT 1 FROM effective_membership k WHERE k.member_id = d.id AND k.group_id = ",
    );
    out.push_bind_param::<BigInt, _>(&self.group)?;
    out.push_sql(") LIMIT 1000000000) q WHERE q.depth IS NOT NULL");
    Ok(())
});

#[cfg(test)]
mod tests;
