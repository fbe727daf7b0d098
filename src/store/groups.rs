//! Groups as principals: what is known of them, their members in pages, their making and their end. Decides no right.
//!
//! RFC 3744 §4.3, §4.4. Which group is in which is the matter of `group_graph.rs`.

use super::conn::on;
use super::dialect::Contains;
use super::group_graph::GroupLock;
use super::lists::OneOf;
use super::schema::{
    address, collection, credential, device_use, effective_membership, former_owner, grant_, group_detail,
    home, idempotency, link, membership, mount, object, principal, session, subscription, version,
};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::HomeKind;
use crate::domain::group::{GroupDetail, Role, ShownTo, Visibility};
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::team::MembersMay;
use diesel::prelude::*;
use std::collections::HashMap;

const GROUP: i16 = PrincipalKind::Group as i16;
/// What a grant to a principal is called in `grant_`.
const TO_PRINCIPAL: i16 = 1;

type DetailRow = (i64, i16, i16, String, i64, i16);

/// Which groups are looked for; all that is said must fit.
#[derive(Debug, Clone, Default)]
pub struct GroupMatch {
    /// Of those that are not public only these; `None`: all of them.
    pub beside_public: Option<Vec<PrincipalId>>,
    /// Somebody who is in it, through other groups too.
    pub with: Option<PrincipalId>,
    /// Of those whose members are not shown to everyone only these; `None`: all of them.
    pub beside_open: Option<Vec<PrincipalId>>,
    /// Folded substrings of name, handle and addresses.
    pub needles: Vec<String>,
    /// From after this handle.
    pub after: String,
    /// Rows at most.
    pub limit: i64,
}

/// Which of those in a group are looked for, through other groups too.
#[derive(Debug, Clone)]
pub struct InsideMatch {
    /// Only this kind.
    pub kind: Option<PrincipalKind>,
    /// Steps at most: 1 is a direct member.
    pub depth: i16,
    /// From after this handle.
    pub after: String,
    /// Rows at most.
    pub limit: i64,
}

fn detail_of(row: DetailRow) -> (PrincipalId, GroupDetail) {
    let (id, visibility, shown, description, revision, members_may) = row;
    let detail = GroupDetail {
        visibility: Visibility::from_number(visibility),
        members_shown_to: ShownTo::from_number(shown),
        description,
        revision,
        members_may: MembersMay::from_number(members_may),
    };
    (PrincipalId(id), detail)
}

fn numbers(ids: &[PrincipalId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

impl ReadTx<'_> {
    /// What these groups are beyond principals; what is none is left out.
    pub fn group_details(&mut self, ids: &[PrincipalId]) -> Result<HashMap<PrincipalId, GroupDetail>, Error> {
        let ids = numbers(ids);
        let mut found = HashMap::with_capacity(ids.len());
        for piece in OneOf::pieces(&ids) {
            let rows: Vec<DetailRow> = on!(self.conn, conn => group_detail::table
                .filter(OneOf::new(group_detail::principal, piece))
                .select(group_detail::all_columns)
                .load(conn))?;
            found.extend(rows.into_iter().map(detail_of));
        }
        Ok(found)
    }

    /// All groups that somebody is in, by whatever way, with the highest of his roles in each.
    pub fn roles_of(&mut self, who: PrincipalId) -> Result<HashMap<PrincipalId, Role>, Error> {
        let mut holders = numbers(&self.groups_of(who)?);
        holders.push(who.0);
        let mut roles: HashMap<PrincipalId, Role> = HashMap::new();
        for piece in OneOf::pieces(&holders) {
            let rows: Vec<(i64, i16)> = on!(self.conn, conn => membership::table
                .filter(OneOf::new(membership::member_id, piece))
                .select((membership::group_id, membership::role))
                .load(conn))?;
            for (group, role) in rows {
                let role = Role::from_number(role);
                let known = roles.entry(PrincipalId(group)).or_insert(role);
                *known = role.max(*known);
            }
        }
        Ok(roles)
    }

    /// The groups that somebody is directly in, by handle.
    pub fn direct_groups_of(&mut self, member: PrincipalId) -> Result<Vec<Principal>, Error> {
        let ids: Vec<i64> = membership::table
            .inner_join(principal::table.on(principal::id.eq(membership::group_id)))
            .filter(membership::member_id.eq(member.0))
            .select(principal::id)
            .order(principal::handle)
            .load(self.conn)?;
        self.principals_with_ids(&ids)
    }

    /// The direct members of a group, by handle.
    pub fn members_of(&mut self, group: PrincipalId) -> Result<Vec<Principal>, Error> {
        let all = self.member_page(group, "", i64::MAX)?;
        Ok(all.into_iter().map(|(member, _)| member).collect())
    }

    /// Direct members of a group from after a handle, by handle, with their roles.
    pub fn member_page(
        &mut self,
        group: PrincipalId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(Principal, Role)>, Error> {
        let rows: Vec<(i64, i16)> = membership::table
            .inner_join(principal::table.on(principal::id.eq(membership::member_id)))
            .filter(membership::group_id.eq(group.0).and(principal::handle.gt(after)))
            .select((membership::member_id, membership::role))
            .order(principal::handle)
            .limit(limit)
            .load(self.conn)?;
        self.with_numbers(rows)
            .map(|all| all.into_iter().map(|(of, role)| (of, Role::from_number(role))).collect())
    }

    /// Those in a group, through other groups too, by handle, each with the steps to him.
    pub fn inside_page(
        &mut self,
        group: PrincipalId,
        wanted: &InsideMatch,
    ) -> Result<Vec<(Principal, i16)>, Error> {
        let mut query = effective_membership::table
            .inner_join(principal::table.on(principal::id.eq(effective_membership::member_id)))
            .filter(effective_membership::group_id.eq(group.0))
            .filter(effective_membership::depth.le(wanted.depth).and(principal::handle.gt(&wanted.after)))
            .select((effective_membership::member_id, effective_membership::depth))
            .into_boxed();
        if let Some(kind) = wanted.kind {
            query = query.filter(principal::kind.eq(kind as i16));
        }
        let rows = query.order(principal::handle).limit(wanted.limit).load(self.conn)?;
        self.with_numbers(rows)
    }

    fn with_numbers(&mut self, rows: Vec<(i64, i16)>) -> Result<Vec<(Principal, i16)>, Error> {
        let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
        let numbers: HashMap<i64, i16> = rows.into_iter().collect();
        let all = self.principals_with_ids(&ids)?.into_iter();
        Ok(all
            .filter_map(|one| Some((numbers.get(&one.id.0).copied()?, one)))
            .map(|(n, one)| (one, n))
            .collect())
    }

    /// The groups in a group, through other groups too, whose members are not shown to everyone.
    pub fn guarded_inside(&mut self, group: PrincipalId) -> Result<HashMap<PrincipalId, GroupDetail>, Error> {
        let rows: Vec<DetailRow> = group_detail::table
            .inner_join(
                effective_membership::table.on(effective_membership::member_id.eq(group_detail::principal)),
            )
            .filter(effective_membership::group_id.eq(group.0))
            .filter(group_detail::members_shown_to.ne(ShownTo::Everyone as i16))
            .select(group_detail::all_columns)
            .load(self.conn)?;
        Ok(rows.into_iter().map(detail_of).collect())
    }

    /// The role of a direct member.
    pub fn role_in(&mut self, group: PrincipalId, member: PrincipalId) -> Result<Option<Role>, Error> {
        let found: Option<i16> = membership::table
            .find((group.0, member.0))
            .select(membership::role)
            .first(self.conn)
            .optional()?;
        Ok(found.map(Role::from_number))
    }

    /// How many direct members a group has, and how many of them own it.
    pub fn count_members(&mut self, group: PrincipalId) -> Result<(i64, i64), Error> {
        let all = membership::table.filter(membership::group_id.eq(group.0));
        let owners = all.filter(membership::role.eq(Role::Owner as i16));
        Ok((all.count().get_result(self.conn)?, owners.count().get_result(self.conn)?))
    }

    /// How many groups somebody owns himself.
    pub fn count_owned(&mut self, by: PrincipalId) -> Result<i64, Error> {
        let owned = membership::member_id.eq(by.0).and(membership::role.eq(Role::Owner as i16));
        Ok(membership::table.filter(owned).count().get_result(self.conn)?)
    }

    /// How widely the group that most see of those directly around a group is seen, and how secret the most secret one directly in it is.
    pub fn visibility_around(
        &mut self,
        group: PrincipalId,
    ) -> Result<(Option<Visibility>, Option<Visibility>), Error> {
        use diesel::dsl::{max, min};
        let around: Option<i16> = membership::table
            .inner_join(group_detail::table.on(group_detail::principal.eq(membership::group_id)))
            .filter(membership::member_id.eq(group.0))
            .select(min(group_detail::visibility))
            .first(self.conn)?;
        let inside: Option<i16> = membership::table
            .inner_join(group_detail::table.on(group_detail::principal.eq(membership::member_id)))
            .filter(membership::group_id.eq(group.0))
            .select(max(group_detail::visibility))
            .first(self.conn)?;
        Ok((around.map(Visibility::from_number), inside.map(Visibility::from_number)))
    }

    /// Groups that match, by handle, with what they are beyond principals.
    pub fn find_groups(&mut self, wanted: &GroupMatch) -> Result<Vec<(Principal, GroupDetail)>, Error> {
        let rows: Vec<DetailRow> = on!(self.conn, conn => {
            let mut query = group_detail::table
                .inner_join(principal::table)
                .filter(principal::kind.eq(GROUP).and(principal::handle.gt(&wanted.after)))
                .select(group_detail::all_columns)
                .into_boxed();
            if let Some(beside) = &wanted.beside_public {
                let public = group_detail::visibility.eq(Visibility::Public as i16);
                query = query.filter(public.or(principal::id.eq_any(numbers(beside))));
            }
            if let Some(with) = wanted.with {
                let around = effective_membership::table
                    .filter(effective_membership::member_id.eq(with.0))
                    .select(effective_membership::group_id);
                query = query.filter(principal::id.eq_any(around));
            }
            if let Some(beside) = &wanted.beside_open {
                let open = group_detail::members_shown_to.eq(ShownTo::Everyone as i16);
                query = query.filter(open.or(principal::id.eq_any(numbers(beside))));
            }
            for needle in &wanted.needles {
                query = query.filter(Contains::new(principal::search, needle));
            }
            query.order(principal::handle).limit(wanted.limit).load(conn)
        })?;
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let mut details: HashMap<PrincipalId, GroupDetail> = rows.into_iter().map(detail_of).collect();
        let all = self.principals_with_ids(&ids)?.into_iter();
        Ok(all
            .filter_map(|group| Some((details.remove(&group.id)?, group)))
            .map(|(d, group)| (group, d))
            .collect())
    }

    /// Whether anything is in the collections of a principal, deleted ones and older contents that are still kept included.
    pub fn holds_content(&mut self, owner: PrincipalId) -> Result<bool, Error> {
        let own: Vec<i64> =
            collection::table.filter(collection::owner.eq(owner.0)).select(collection::id).load(self.conn)?;
        for id in own {
            let items = object::table.filter(object::collection.eq(id)).select(object::id);
            let past = version::table.filter(version::collection.eq(id)).select(version::id);
            let held: Option<i64> = items.first(self.conn).optional()?;
            let kept: Option<i64> = past.first(self.conn).optional()?;
            if held.or(kept).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl WriteTx<'_> {
    /// Notes what a group is beyond a principal, in the place of what was noted before.
    pub fn set_group_detail(&mut self, id: PrincipalId, detail: &GroupDetail) -> Result<(), Error> {
        diesel::delete(group_detail::table.find(id.0)).execute(self.conn)?;
        diesel::insert_into(group_detail::table)
            .values((
                group_detail::principal.eq(id.0),
                group_detail::visibility.eq(detail.visibility as i16),
                group_detail::members_shown_to.eq(detail.members_shown_to as i16),
                group_detail::description.eq(&detail.description),
                group_detail::revision.eq(detail.revision),
                group_detail::members_may.eq(detail.members_may as i16),
            ))
            .execute(self.conn)?;
        diesel::update(principal::table.find(id.0))
            .set(principal::hidden.eq(detail.visibility != Visibility::Public))
            .execute(self.conn)?;
        // What it owns is open to its members as this says.
        self.sight_into_home_moves(id, HomeKind::Calendars)?;
        self.sight_into_home_moves(id, HomeKind::AddressBooks)
    }

    /// Notes that a group, or a direct member of it, is another than before.
    pub fn raise_group(&mut self, id: PrincipalId) -> Result<(), Error> {
        diesel::update(group_detail::table.find(id.0))
            .set(group_detail::revision.eq(group_detail::revision + 1))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a principal another name and other addresses, the primary one first. `search` is the folded text it is found by.
    pub fn rename_principal(
        &mut self,
        id: PrincipalId,
        name: &str,
        addresses: &[String],
        search: &str,
    ) -> Result<(), Error> {
        diesel::update(principal::table.find(id.0))
            .set((principal::display_name.eq(name), principal::search.eq(search)))
            .execute(self.conn)?;
        diesel::delete(address::table.filter(address::principal.eq(id.0))).execute(self.conn)?;
        for (at, mail) in addresses.iter().enumerate() {
            diesel::insert_into(address::table)
                .values((
                    address::mail.eq(mail),
                    address::principal.eq(id.0),
                    address::is_primary.eq(at == 0),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Removes a group whose collections hold nothing, with all that refers to it: memberships, grants, addresses, collections.
    pub fn delete_group(&mut self, lock: &GroupLock, id: PrincipalId) -> Result<(), Error> {
        self.unlink_all(lock, id)?;
        let own = collection::table.filter(collection::owner.eq(id.0)).select(collection::id);
        let own: Vec<i64> = own.load(self.conn)?;
        // Of deleted ones, in which there is nothing.
        diesel::delete(mount::table.filter(mount::collection.eq_any(&own))).execute(self.conn)?;
        diesel::delete(link::table.filter(link::collection.eq_any(&own))).execute(self.conn)?;
        diesel::delete(subscription::table.filter(subscription::collection.eq_any(&own)))
            .execute(self.conn)?;
        diesel::delete(former_owner::table.filter(former_owner::collection.eq_any(&own)))
            .execute(self.conn)?;
        diesel::delete(grant_::table.filter(grant_::collection.eq_any(&own))).execute(self.conn)?;
        let to_it = grant_::grantee.eq(TO_PRINCIPAL).and(grant_::principal.eq(id.0));
        diesel::delete(grant_::table.filter(to_it)).execute(self.conn)?;
        self.forget_invitations(&own)?;
        self.forget_invitations_to(id)?;
        diesel::delete(collection::table.filter(collection::owner.eq(id.0))).execute(self.conn)?;
        diesel::delete(home::table.filter(home::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(address::table.filter(address::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(session::table.filter(session::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(credential::table.filter(credential::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(idempotency::table.filter(idempotency::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(device_use::table.filter(device_use::principal.eq(id.0))).execute(self.conn)?;
        diesel::delete(group_detail::table.find(id.0)).execute(self.conn)?;
        diesel::delete(principal::table.find(id.0)).execute(self.conn)?;
        Ok(())
    }
}
