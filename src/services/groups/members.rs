//! Who is in a group: put in, taken out, told. Direct members by their role, and all who are in it through other groups.
//!
//! Managers put plain members in and take them out, owners all, everybody himself out. RFC 3744 §4.3.

use super::sight::{self, SeenGroup, Sight};
use super::{hold, note};
use crate::domain::acl::Privilege;
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{GroupRefusal, Role, Standpoint, may_stand_in};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::services::actor::Actor;
use crate::services::idempotency::{Once, once};
use crate::services::{Core, Limits, directory_book, fault};
use crate::store::{Error, GroupLock, InsideMatch, ReadTx, Weight, WriteTx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What became of some who were put into a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Added {
    /// Were not in it before.
    pub added: u64,
    /// Have another role now.
    pub changed: u64,
    /// Were in it already.
    pub unchanged: u64,
}

/// Who of those in a group, through other groups too, is told.
pub type Inside = InsideMatch;

/// What came of putting one in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    Added,
    Changed,
    Unchanged,
}

impl Core {
    /// Puts some into a group, or gives them other roles: all of them, or none. Each is named by his handle. Asked again under the
    /// same key, it only tells.
    pub async fn add_members(
        &self,
        actor: &Actor,
        group: &str,
        members: Vec<(String, Role)>,
        conditions: Preconditions,
        request: Option<Once>,
    ) -> Result<Added, Fault> {
        actor.whole()?;
        let (by, of, limits) = (actor.clone(), group.to_lowercase(), Arc::clone(&self.limits));
        let named: Vec<String> =
            members.iter().map(|(handle, role)| format!("{handle}={}", role.name())).collect();
        let done = self.store.write(move |tx| {
            once(tx, &by, request.as_ref(), |tx| {
                let lock = tx.lock_groups()?;
                let group = sight::seen(tx, &by, &of)?;
                hold(&conditions, &group)?;
                let mut room = Room::of(tx, &group)?;
                let mut all = Added::default();
                for (handle, role) in &members {
                    let member = match sight::principal(tx, &by, &handle.to_lowercase()) {
                        Err(Error::Fault(Fault::NotFound)) => {
                            return Err(Fault::BadRequest(format!("there is no principal '{handle}'")).into());
                        }
                        other => other?,
                    };
                    match put(tx, &lock, (&by, &group), (&member, *role), &mut room, &limits)? {
                        Put::Added => all.added += 1,
                        Put::Changed => all.changed += 1,
                        Put::Unchanged => all.unchanged += 1,
                    }
                }
                if all.added + all.changed > 0 {
                    raise(tx, &group)?;
                }
                Ok(all)
            })
        });
        let all = fault(done.await)?;
        if all.added + all.changed > 0 {
            named.iter().for_each(|member| note(actor, "member.set", group, member));
        }
        Ok(all)
    }

    /// Puts one into a group, or gives him another role; whether he was not in it before. `NotFound` for a group or a principal that the
    /// actor may not know of.
    pub async fn set_member(
        &self,
        actor: &Actor,
        group: &str,
        member: &str,
        role: Role,
        conditions: Preconditions,
    ) -> Result<bool, Fault> {
        actor.whole()?;
        let (by, of, who) = (actor.clone(), group.to_lowercase(), member.to_lowercase());
        let limits = Arc::clone(&self.limits);
        let done = self.store.write(move |tx| {
            let lock = tx.lock_groups()?;
            let group = sight::seen(tx, &by, &of)?;
            let member = sight::principal(tx, &by, &who)?;
            hold(&conditions, &group)?;
            let mut room = Room::of(tx, &group)?;
            let outcome = put(tx, &lock, (&by, &group), (&member, role), &mut room, &limits)?;
            if outcome != Put::Unchanged {
                raise(tx, &group)?;
            }
            Ok(outcome)
        });
        let outcome = fault(done.await)?;
        if outcome != Put::Unchanged {
            note(actor, "member.set", group, &format!("{member}={}", role.name()));
        }
        Ok(outcome == Put::Added)
    }

    /// Takes a direct member out of a group. `NotFound` where he is none, or the actor may not know of it.
    pub async fn remove_member(
        &self,
        actor: &Actor,
        group: &str,
        member: &str,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        actor.whole()?;
        let (by, of, who) = (actor.clone(), group.to_lowercase(), member.to_lowercase());
        let done = self.store.write(move |tx| {
            let lock = tx.lock_groups()?;
            let group = sight::seen(tx, &by, &of)?;
            let himself = who == by.handle;
            // Who is in it is no matter of those who are not told.
            if !himself && !group.detail.members_seen_from(group.by) {
                group.by.may_turn(None, None, false).map_err(Condition::Group)?;
            }
            let member = tx.principal_by_handle(&who)?.ok_or(Fault::NotFound)?;
            let known = tx.role_in(group.principal.id, member.id)?.ok_or(Fault::NotFound)?;
            hold(&conditions, &group)?;
            group.by.may_turn(Some(known), None, himself).map_err(Condition::Group)?;
            keep_an_owner(tx, &group, Some(known), None)?;
            tx.unlink(&lock, group.principal.id, member.id)?;
            raise(tx, &group)
        });
        fault(done.await)?;
        note(actor, "member.remove", group, member);
        Ok(())
    }

    /// A page of the direct members of a group, by handle, with their roles, and whether there are more. For one who is told them.
    pub async fn group_members(
        &self,
        actor: &Actor,
        group: &str,
        after: &str,
        limit: i64,
    ) -> Result<(SeenGroup, Vec<(Principal, Role)>, bool), Fault> {
        let (actor, of, after) = (actor.clone(), group.to_lowercase(), after.to_owned());
        let page = self.store.read(Weight::Scan, move |tx| {
            let group = sight::seen(tx, &actor, &of)?;
            told(group.detail.members_seen_from(group.by))?;
            let page = tx.member_page(group.principal.id, &after, limit + 1)?;
            let (page, more) = cut(page, limit);
            Ok((group, page, more))
        });
        fault(page.await)
    }

    /// A page of all who are in a group, through other groups too, by handle, each with the steps to him, and whether there are more.
    /// For one who is told the members of this group and of all groups in it.
    pub async fn effective_members(
        &self,
        actor: &Actor,
        group: &str,
        wanted: Inside,
    ) -> Result<(Vec<(Principal, i16)>, bool), Fault> {
        let (actor, of) = (actor.clone(), group.to_lowercase());
        let page = self.store.read(Weight::Scan, move |tx| {
            let group = sight::seen(tx, &actor, &of)?;
            let sight = Sight::of(tx, &actor)?;
            let guarded = tx.guarded_inside(group.principal.id)?;
            let open = guarded.iter().all(|(id, detail)| detail.members_seen_from(sight.on(*id)));
            told(open && group.detail.members_seen_from(group.by))?;
            let limit = wanted.limit;
            let wanted = Inside { limit: limit + 1, ..wanted.clone() };
            Ok(cut(tx.inside_page(group.principal.id, &wanted)?, limit))
        });
        fault(page.await)
    }

    /// Puts a principal into a group, for the operator of this machine, whatever the limits of rights; one who is in it stays.
    pub async fn add_member(&self, group: &str, member: &str) -> Result<(), Fault> {
        let operator = Actor::operator();
        let members = vec![(member.to_owned(), Role::Member)];
        self.add_members(&operator, group, members, Preconditions::default(), None).await.map(|_| ())
    }

    /// The direct members of a group, where the actor is told them.
    pub async fn members_of(&self, actor: &Actor, group: &Principal) -> Result<Vec<Principal>, Fault> {
        let (actor, handle) = (actor.clone(), group.handle.clone());
        let all = self.store.read(Weight::Scan, move |tx| {
            let group = sight::seen(tx, &actor, &handle)?;
            told(group.detail.members_seen_from(group.by))?;
            tx.members_of(group.principal.id)
        });
        fault(all.await)
    }

    /// All groups that the actor is in, through other groups too, as far as he may know of them; by handle.
    pub async fn own_groups(&self, actor: &Actor) -> Result<Vec<Principal>, Fault> {
        let actor = actor.clone();
        let groups = self.store.read(Weight::Point, move |tx| {
            let ids: Vec<i64> = tx.groups_of(actor.id)?.into_iter().map(|id| id.0).collect();
            let all = tx.principals_with_ids(&ids)?;
            sight::only_seen(tx, &actor, all)
        });
        let mut groups = fault(groups.await)?;
        groups.sort_by(|a, b| a.handle.cmp(&b.handle));
        Ok(groups)
    }

    /// The groups that a principal is directly in, as far as the actor may know of them, and of his being in them.
    pub async fn groups_of(&self, actor: &Actor, of: &Principal) -> Result<Vec<Principal>, Fault> {
        let (actor, of) = (actor.clone(), of.id);
        let groups = self.store.read(Weight::Point, move |tx| groups_around(tx, &actor, of));
        fault(groups.await)
    }
}

/// Notes that who is in a group, or how, is another than before.
fn raise(tx: &mut WriteTx<'_>, group: &SeenGroup) -> Result<(), Error> {
    tx.raise_group(group.principal.id)?;
    directory_book::note(tx, group.principal.id)
}

fn groups_around(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    of: crate::domain::id::PrincipalId,
) -> Result<Vec<Principal>, Error> {
    let mut groups = tx.direct_groups_of(of)?;
    if groups.is_empty() {
        return Ok(groups);
    }
    let details = tx.group_details(&groups.iter().map(|group| group.id).collect::<Vec<_>>())?;
    let sight = Sight::of(tx, actor)?;
    groups.retain(|group| {
        let by = sight.on(group.id);
        details.get(&group.id).is_some_and(|detail| {
            if of == actor.id { detail.seen_from(by) } else { detail.members_seen_from(by) }
        })
    });
    Ok(groups)
}

/// Refuses the members of a group that is known.
fn told(open: bool) -> Result<(), Error> {
    if open {
        return Ok(());
    }
    Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Read }.into())
}

fn cut<T>(mut page: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = page.len() > limit;
    page.truncate(limit);
    (page, more)
}

/// How full a group is, and how many others are around it: the same for all who are put in at once.
#[derive(Debug, Clone, Copy)]
struct Room {
    members: i64,
    around: i64,
    levels: usize,
}

impl Room {
    fn of(tx: &mut WriteTx<'_>, group: &SeenGroup) -> Result<Self, Error> {
        let id = group.principal.id;
        let (members, _) = tx.count_members(id)?;
        Ok(Room { members, around: tx.count_above(id)?, levels: tx.levels_above(id)? })
    }
}

/// Puts one in, or gives him another role, under the lock.
fn put(
    tx: &mut WriteTx<'_>,
    lock: &GroupLock,
    (by, group): (&Actor, &SeenGroup),
    (member, role): (&Principal, Role),
    room: &mut Room,
    limits: &Limits,
) -> Result<Put, Error> {
    let id = group.principal.id;
    let known = tx.role_in(id, member.id)?;
    group.by.may_turn(known, Some(role), member.id == by.id).map_err(Condition::Group)?;
    match known {
        Some(known) if known == role => Ok(Put::Unchanged),
        Some(_) => {
            keep_an_owner(tx, group, known, Some(role))?;
            tx.set_role(lock, id, member.id, role)?;
            Ok(Put::Changed)
        }
        None => {
            may_stand(tx, group, member, *room, limits)?;
            tx.link(lock, id, member.id, role)?;
            room.members += 1;
            Ok(Put::Added)
        }
    }
}

/// Whether one may be put into a group: no circle, no secret in what more people see, and within the limits.
fn may_stand(
    tx: &mut WriteTx<'_>,
    group: &SeenGroup,
    member: &Principal,
    room: Room,
    limits: &Limits,
) -> Result<(), Error> {
    let refused = |why: GroupRefusal| Err(Condition::Group(why).into());
    let id = group.principal.id;
    if room.members >= limits.group_members {
        return refused(GroupRefusal::TooMany(limits.group_members.unsigned_abs()));
    }
    let mut inside = 0;
    if member.kind == PrincipalKind::Group {
        if member.id == id || tx.is_in(member.id, id)? {
            return refused(GroupRefusal::Cycle);
        }
        let inner = tx.group_details(&[member.id])?.remove(&member.id).ok_or(Fault::NotFound)?;
        if !may_stand_in(inner.visibility, group.detail.visibility) {
            return refused(GroupRefusal::LessVisible);
        }
        if room.levels + 1 + tx.levels_below(member.id)? > limits.group_levels {
            return refused(GroupRefusal::TooDeep(limits.group_levels as u64));
        }
        inside = tx.count_below(member.id)?;
    }
    let most = if group.by.admin { limits.group_pairs } else { limits.group_pairs / 10 };
    if (room.around + 1).saturating_mul(inside + 1) > most {
        return refused(GroupRefusal::TooWide(most.unsigned_abs()));
    }
    Ok(())
}

/// Refuses to take its last owner from a group, unless an administrator does it.
fn keep_an_owner(
    tx: &mut ReadTx<'_>,
    group: &SeenGroup,
    from: Option<Role>,
    to: Option<Role>,
) -> Result<(), Error> {
    let Standpoint { admin, .. } = group.by;
    let goes = from == Some(Role::Owner) && to != Some(Role::Owner);
    if goes && !admin && tx.count_members(group.principal.id)?.1 <= 1 {
        return Err(Condition::Group(GroupRefusal::LastOwner).into());
    }
    Ok(())
}
