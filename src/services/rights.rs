//! Who has which right on a collection: told to those who may know, and changed by every door through the one function [`change`], which
//! notes each change in the audit.
//!
//! Grants on a collection are its own; those on the home that it is in are inherited, and are changed there (`delegates.rs`). The owner's
//! rights stand in no row: nobody can take them. RFC 3744 §5.5, §8.1.

use super::access::{self, Access, Owner, Place};
use super::actor::Actor;
use super::{Core, conditions, fault, groups, invitations};
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges};
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{Role, Visibility};
use crate::domain::id::{Etag, PrincipalId};
use crate::domain::precondition::{Preconditions, ResourceState};
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::role::{self, Defaults};
use crate::domain::team::Part;
use crate::store::{Action, Audited, Error, ReadTx, Weight, WriteTx};

/// Grants on one collection, or on one home, at most.
pub(super) const MAX_GRANTS: usize = 1_000;

/// From where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is the collection's own, and may be changed.
    Own,
    /// The same, but kept from being changed by the tenant's settings.
    Locked,
    /// It is on the home that the collection is in.
    Inherited,
    /// It is what plain members may do with what their group owns, and is changed there.
    Team,
}

/// A grant with the principal that it is made to, where it is made to one.
#[derive(Debug, Clone)]
pub struct NamedGrant {
    /// The grant.
    pub grant: Grant,
    /// From where.
    pub hold: Hold,
    /// To whom, for its name.
    pub principal: Option<Principal>,
    /// Whether it is to a group that the actor may not know of. No name is told then; the grant stays when he sets all others.
    pub hidden: bool,
}

/// All rights on a collection but its owner's.
#[derive(Debug, Clone)]
pub struct Acl {
    /// Whose it is.
    pub owner: Owner,
    /// The grants, its own first.
    pub grants: Vec<NamedGrant>,
    /// Of the grants as they are.
    pub tag: Etag,
}

/// What shall become of a collection's own grants.
#[derive(Debug, Clone)]
pub enum GrantChange {
    /// These and no others; locked ones stay.
    Replace(Vec<Grant>),
    /// What these grantees may do; nothing takes a grant away. All others stay.
    Set(Vec<Grant>),
    /// No grant of this grantee, who must have one.
    Revoke(Grantee),
    /// No grant to groups that the actor may not know of, of which there must be one.
    RevokeHidden,
}

/// What must hold for a change.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Conditions on the collection.
    Collection(Preconditions),
    /// Conditions on the tag of its [`Acl`].
    Acl(Preconditions),
}

impl Core {
    /// The rights on a collection, for one who may read them.
    pub async fn acl(&self, actor: &Actor, place: &Place) -> Result<Acl, Fault> {
        let (actor, place, defaults) = (actor.clone(), place.clone(), self.defaults);
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let access = access::find(tx, &actor, &place)?;
                    access.need(Privilege::ReadAcl)?;
                    let of = access.collection();
                    let (own, inherited) = grants(tx, of)?;
                    let tag = tag(&own, &inherited);
                    let held = |grant: Grant| {
                        (grant, if is_locked(defaults, of, grant.grantee) { Hold::Locked } else { Hold::Own })
                    };
                    let all = own.into_iter().map(held);
                    let inherited = inherited.into_iter().map(|grant| (grant, Hold::Inherited));
                    let team = of_members(tx, &access)?.map(|grant| (grant, Hold::Team));
                    let all: Vec<_> = team.into_iter().chain(all).chain(inherited).collect();
                    let mut grants = name(tx, all)?;
                    hide(tx, &actor, &mut grants)?;
                    Ok(Acl { owner: access.owner().clone(), grants, tag })
                })
                .await,
        )
    }

    /// Changes the grants on a collection.
    pub async fn change_grants(
        &self,
        actor: &Actor,
        place: &Place,
        wanted: GrantChange,
        guard: Guard,
    ) -> Result<(), Fault> {
        let (actor, place, defaults) = (actor.clone(), place.clone(), self.defaults);
        fault(self.store.write(move |tx| change(tx, &actor, &place, &wanted, &guard, defaults)).await)
    }

    /// Whom a handle names, as somebody who may be given rights. A group that the actor may not know of is not found.
    pub async fn grantee(&self, actor: &Actor, handle: &str) -> Result<PrincipalId, Fault> {
        let (actor, handle) = (actor.clone(), handle.to_lowercase());
        let found = self.store.read(Weight::Point, move |tx| groups::principal(tx, &actor, &handle)).await;
        Ok(fault(found)?.id)
    }

    /// Replaces the grants on a collection.
    pub async fn set_grants(
        &self,
        actor: &Actor,
        place: &Place,
        grants: Vec<Grant>,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        self.change_grants(actor, place, GrantChange::Replace(grants), Guard::Collection(conditions)).await
    }
}

/// A collection's own grants, and those that it inherits from the home.
pub(super) fn grants(tx: &mut ReadTx<'_>, of: &Collection) -> Result<(Vec<Grant>, Vec<Grant>), Error> {
    let inherited = tx.home_grants(of.owner, of.home)?.into_iter();
    let inherited = inherited
        .map(|grant| Grant { privileges: role::inherited(of.kind, grant.privileges), ..grant })
        .filter(|grant| !grant.privileges.is_empty())
        .collect();
    Ok((tx.grants(of.id)?, inherited))
}

/// Grants with the names of their grantees.
pub(super) fn name(tx: &mut ReadTx<'_>, grants: Vec<(Grant, Hold)>) -> Result<Vec<NamedGrant>, Error> {
    let ids: Vec<i64> = grants
        .iter()
        .filter_map(|(grant, _)| match grant.grantee {
            Grantee::Principal(id) => Some(id.0),
            Grantee::Authenticated | Grantee::Everyone => None,
        })
        .collect();
    let principals = tx.principals_with_ids(&ids)?;
    let named = |(grant, hold): (Grant, Hold)| {
        let principal = principals.iter().find(|one| grant.grantee == Grantee::Principal(one.id)).cloned();
        NamedGrant { grant, hold, principal, hidden: false }
    };
    Ok(grants.into_iter().map(named).collect())
}

/// Takes away the names of groups that the actor may not know of.
pub(super) fn hide(tx: &mut ReadTx<'_>, actor: &Actor, grants: &mut [NamedGrant]) -> Result<(), Error> {
    let all: Vec<Principal> = grants.iter().filter_map(|named| named.principal.clone()).collect();
    let seen: Vec<PrincipalId> = groups::only_seen(tx, actor, all)?.iter().map(|one| one.id).collect();
    for named in grants {
        // What a group gives its members is told by its very place.
        if named.hold != Hold::Team && named.principal.as_ref().is_some_and(|one| !seen.contains(&one.id)) {
            named.principal = None;
            named.hidden = true;
        }
    }
    Ok(())
}

/// What plain members may do with a collection of their group, as a grant to it.
pub(super) fn of_members(tx: &mut ReadTx<'_>, access: &Access) -> Result<Option<Grant>, Error> {
    let (owner, of) = (access.owner(), access.collection());
    if owner.kind != PrincipalKind::Group {
        return Ok(None);
    }
    let Some(detail) = tx.group_details(&[owner.id])?.remove(&owner.id) else { return Ok(None) };
    // Of a hidden group only the owners know, who have all rights.
    let role = if detail.visibility == Visibility::Hidden { Role::Owner } else { Role::Member };
    let part = Part { role, members_may: detail.members_may };
    let privileges = if part.owns() { Privileges::NONE } else { part.privileges(of.kind, of.home) };
    Ok((!privileges.is_empty()).then_some(Grant { grantee: Grantee::Principal(owner.id), privileges }))
}

fn tag(own: &[Grant], inherited: &[Grant]) -> Etag {
    let mut text = String::new();
    for (at, grants) in [own, inherited].into_iter().enumerate() {
        for grant in grants {
            text.push_str(&format!("{at}:{:?}:{};", grant.grantee, grant.privileges.0));
        }
    }
    Etag::of(text.as_bytes())
}

/// Whether the tenant keeps what everybody may do with the calendars that an account has from the beginning.
fn is_locked(defaults: Defaults, of: &Collection, grantee: Grantee) -> bool {
    defaults.locked
        && of.is_default
        && of.kind == CollectionKind::Calendar
        && matches!(grantee, Grantee::Authenticated | Grantee::Everyone)
}

/// The one road to a collection's grants.
pub(super) fn change(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    wanted: &GrantChange,
    guard: &Guard,
    defaults: Defaults,
) -> Result<(), Error> {
    let access = access::find_for_change(tx, actor, place)?;
    let of = access.need(Privilege::WriteAcl)?.collection();
    let (old, inherited) = grants(tx, of)?;
    match guard {
        Guard::Collection(conditions) => conditions::hold_collection(tx, actor, conditions, Some(&access))?,
        Guard::Acl(conditions) => {
            let tag = tag(&old, &inherited);
            let own = ResourceState { etag: Some(&tag.0), ..ResourceState::default() };
            conditions.check(own, ResourceState::default())?;
        }
    }
    let hidden = hidden_among(tx, actor, &old)?;
    let bounds = Bounds { is_locked: |grantee| is_locked(defaults, of, grantee), hidden: &hidden };
    let new = changed(&old, wanted, &bounds)?;
    allowed(of.owner, &new)?;
    let differences = differences(&old, &new);
    if differences.is_empty() {
        return Ok(());
    }
    tx.set_grants(of, &new, &actor.origin(of.home))?;
    note(tx, actor, of, &differences)?;
    keeps_his_right(tx, actor, &access)?;
    invitations::follow(tx, of, &differences)?;
    invitations::settle(tx, of.id)
}

/// Those of some grantees that the actor may not know of.
fn hidden_among(tx: &mut ReadTx<'_>, actor: &Actor, grants: &[Grant]) -> Result<Vec<Grantee>, Error> {
    let mut named = name(tx, grants.iter().map(|grant| (*grant, Hold::Own)).collect())?;
    hide(tx, actor, &mut named)?;
    Ok(named.into_iter().filter(|one| one.hidden).map(|one| one.grant.grantee).collect())
}

/// What a change of grants does not reach.
struct Bounds<'a, F: Fn(Grantee) -> bool> {
    /// Whose grants the tenant keeps as they are.
    is_locked: F,
    /// Those whom the actor does not know, and so cannot name: they stay where he says what all shall have.
    hidden: &'a [Grantee],
}

/// The grants after a change: one a grantee (RFC 3744 §5.5.1 lets a server put entries together).
fn changed<F: Fn(Grantee) -> bool>(
    old: &[Grant],
    wanted: &GrantChange,
    bounds: &Bounds<'_, F>,
) -> Result<Vec<Grant>, Fault> {
    let Bounds { is_locked, hidden } = bounds;
    let locked = || old.iter().filter(|grant| is_locked(grant.grantee)).copied();
    let of_old = |grantee| old.iter().find(|grant| grant.grantee == grantee).map(|grant| grant.privileges);
    let touches = |grant: &Grant| {
        is_locked(grant.grantee) && of_old(grant.grantee).unwrap_or_default() != grant.privileges
    };
    let mut new: Vec<Grant>;
    match wanted {
        GrantChange::Replace(grants) => {
            new = merge(grants);
            if new.iter().any(touches) {
                return Err(Condition::NoProtectedAceConflict.into());
            }
            let unseen = old.iter().filter(|grant| hidden.contains(&grant.grantee)).copied();
            for grant in locked().chain(unseen) {
                if new.iter().all(|other| other.grantee != grant.grantee) {
                    new.push(grant);
                }
            }
        }
        GrantChange::Set(grants) => {
            let grants = merge_keeping_none(grants);
            if grants.iter().any(touches) {
                return Err(Condition::NoProtectedAceConflict.into());
            }
            new = old.to_vec();
            for grant in grants {
                match new.iter_mut().find(|other| other.grantee == grant.grantee) {
                    Some(other) => other.privileges = grant.privileges,
                    None => new.push(grant),
                }
            }
        }
        GrantChange::Revoke(grantee) => {
            of_old(*grantee).ok_or(Fault::NotFound)?;
            if is_locked(*grantee) {
                return Err(Condition::NoProtectedAceConflict.into());
            }
            new = old.iter().filter(|grant| grant.grantee != *grantee).copied().collect();
        }
        GrantChange::RevokeHidden => {
            if hidden.is_empty() {
                return Err(Fault::NotFound);
            }
            new = old.iter().filter(|grant| !hidden.contains(&grant.grantee)).copied().collect();
        }
    }
    new.retain(|grant| grant.privileges != Privileges::NONE);
    Ok(new)
}

fn merge(grants: &[Grant]) -> Vec<Grant> {
    let mut merged = merge_keeping_none(grants);
    merged.retain(|grant| grant.privileges != Privileges::NONE);
    merged
}

fn merge_keeping_none(grants: &[Grant]) -> Vec<Grant> {
    let mut merged: Vec<Grant> = Vec::with_capacity(grants.len());
    for grant in grants {
        match merged.iter_mut().find(|other| other.grantee == grant.grantee) {
            Some(other) => other.privileges = other.privileges.with(grant.privileges),
            None => merged.push(*grant),
        }
    }
    merged
}

/// Refuses grants that nobody may make.
pub(super) fn allowed(owner: PrincipalId, grants: &[Grant]) -> Result<(), Fault> {
    if grants.len() > MAX_GRANTS {
        return Err(Condition::LimitedNumberOfAces.into());
    }
    if grants.iter().any(|grant| grant.grantee == Grantee::Principal(owner)) {
        return Err(Condition::NoProtectedAceConflict.into());
    }
    if grants.iter().any(|grant| !grant.grantee.may_hold(grant.privileges)) {
        return Err(Condition::AllowedPrincipal.into());
    }
    Ok(())
}

/// What became of each grantee who may do other things than before: what he could, and what he can.
pub(super) fn differences(old: &[Grant], new: &[Grant]) -> Vec<(Grantee, Privileges, Privileges)> {
    let of = |grants: &[Grant], grantee| {
        grants.iter().find(|grant| grant.grantee == grantee).map(|grant| grant.privileges).unwrap_or_default()
    };
    let gone = old.iter().filter(|grant| new.iter().all(|other| other.grantee != grant.grantee));
    let all = new.iter().chain(gone).map(|grant| grant.grantee);
    all.map(|grantee| (grantee, of(old, grantee), of(new, grantee)))
        .filter(|(_, before, after)| before.closed() != after.closed())
        .collect()
}

/// Notes what became of grants.
pub(super) fn note(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    of: &Collection,
    differences: &[(Grantee, Privileges, Privileges)],
) -> Result<(), Error> {
    let by = actor.origin(of.home);
    for (grantee, before, after) in differences {
        let Some(action) = Action::of(*before, *after) else { continue };
        tx.note_audit(
            &by,
            &Audited {
                action,
                owner: of.owner,
                home: of.home,
                collection: Some(of.id),
                grantee: *grantee,
                before: *before,
                after: *after,
            },
        )?;
    }
    Ok(())
}

/// Who changes rights keeps the right to: else the last who may could shut himself out by a slip.
fn keeps_his_right(tx: &mut WriteTx<'_>, actor: &Actor, access: &Access) -> Result<(), Error> {
    if access::rights_on(tx, actor, access.collection())?.has(Privilege::WriteAcl) {
        Ok(())
    } else {
        Err(Condition::NoAceConflict.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(id: i64, privileges: i32) -> Grant {
        Grant { grantee: Grantee::Principal(PrincipalId(id)), privileges: Privileges(privileges) }
    }

    fn all(privileges: i32) -> Grant {
        Grant { grantee: Grantee::Authenticated, privileges: Privileges(privileges) }
    }

    #[test]
    fn grants_are_replaced_set_and_revoked() {
        let old = [to(1, 1), to(2, 3)];
        let free = Bounds { is_locked: |_: Grantee| false, hidden: &[] };
        let open = |wanted| changed(&old, &wanted, &free);
        assert_eq!(open(GrantChange::Replace(vec![to(3, 1), to(3, 2), to(4, 0)])), Ok(vec![to(3, 3)]));
        assert_eq!(open(GrantChange::Set(vec![to(2, 1), to(3, 1)])), Ok(vec![to(1, 1), to(2, 1), to(3, 1)]));
        assert_eq!(open(GrantChange::Set(vec![to(2, 0)])), Ok(vec![to(1, 1)]));
        assert_eq!(open(GrantChange::Revoke(to(1, 0).grantee)), Ok(vec![to(2, 3)]));
        assert_eq!(open(GrantChange::Revoke(to(9, 0).grantee)), Err(Fault::NotFound));
    }

    #[test]
    fn what_is_locked_stays() {
        let old = [to(1, 1), all(7)];
        let bounds = Bounds { is_locked: |grantee| grantee == Grantee::Authenticated, hidden: &[] };
        let locked = |wanted| changed(&old, &wanted, &bounds);
        let refused = Err(Fault::Condition(Condition::NoProtectedAceConflict));
        assert_eq!(locked(GrantChange::Replace(vec![to(2, 1)])), Ok(vec![to(2, 1), all(7)]));
        assert_eq!(locked(GrantChange::Replace(vec![all(7)])), Ok(vec![all(7)]));
        assert_eq!(locked(GrantChange::Replace(vec![all(1)])), refused);
        assert_eq!(locked(GrantChange::Set(vec![all(0)])), refused);
        assert_eq!(locked(GrantChange::Set(vec![all(7), to(1, 0)])), Ok(vec![all(7)]));
        assert_eq!(locked(GrantChange::Revoke(Grantee::Authenticated)), refused);
    }

    #[test]
    fn whom_the_actor_does_not_know_keeps_what_he_has() {
        let (seen, unseen) = (to(1, 1), to(2, 3));
        let hidden = [unseen.grantee];
        let bounds = Bounds { is_locked: |_: Grantee| false, hidden: &hidden };
        let done = |wanted| changed(&[seen, unseen], &wanted, &bounds);
        assert_eq!(done(GrantChange::Replace(vec![to(3, 1)])), Ok(vec![to(3, 1), unseen]));
        assert_eq!(done(GrantChange::Revoke(seen.grantee)), Ok(vec![unseen]));
        assert_eq!(done(GrantChange::RevokeHidden), Ok(vec![seen]));
        let none = Bounds { is_locked: |_: Grantee| false, hidden: &[] };
        assert_eq!(changed(&[seen], &GrantChange::RevokeHidden, &none), Err(Fault::NotFound));
    }

    #[test]
    fn differences_name_each_grantee_once() {
        let (one, two, three) = (to(1, 1), to(2, 1), to(3, 1));
        let told = differences(&[one, two], &[to(2, 3), three, one]);
        let set = Privileges;
        assert_eq!(told, [(two.grantee, set(1), set(3)), (three.grantee, set(0), set(1))]);
        assert_eq!(differences(&[one], &[]), [(one.grantee, set(1), set(0))]);
        assert_eq!(differences(&[one, two], &[two, one]), []);
    }
}
