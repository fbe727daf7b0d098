//! Calendars and address books of groups: who makes and removes them. What members may do with them follows from their role, and is
//! decided where all rights are (`access.rs`); the rule is in `domain/team.rs`.
//!
//! A group has its two homes from the beginning, and nothing in them until something is made. Who keeps a group (its managers and
//! owners, and administrators) makes things in them by every door.

use super::access::{Owner, Place};
use super::actor::Actor;
use super::collections::{self, CollectionDraft};
use super::idempotency::{Once, once};
use super::{Core, fault, groups};
use crate::domain::acl::Privilege;
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{GroupRefusal, Role};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::PrincipalKind;
use crate::store::{Error, ReadTx, Weight, WriteTx};

impl Core {
    /// Makes a collection in the home of a group that the actor keeps, and tells its id. Asked again under the same key, it only tells.
    /// `NotFound` where he may not know of the group.
    pub async fn create_team_collection(
        &self,
        actor: &Actor,
        group: &str,
        home: HomeKind,
        draft: CollectionDraft,
        request: Option<Once>,
    ) -> Result<CollectionId, Fault> {
        collections::within_bounds(&draft.props)?;
        let most = self.limits.collections;
        let (actor, group) = (actor.clone(), group.to_lowercase());
        // Made here, for the transaction may run again.
        let slug = uuid::Uuid::now_v7().to_string();
        let write = move |tx: &mut WriteTx<'_>| {
            once(tx, &actor, request.as_ref(), |tx| {
                let seen = groups::seen(tx, &actor, &group)?;
                if !seen.by.at_least(Role::Manager) {
                    return Err(Condition::Group(GroupRefusal::ManagerNeeded).into());
                }
                let place = Place { owner: group.clone(), home, slug: slug.clone(), id: None };
                let none = Preconditions::default();
                collections::create(tx, &actor, &place, &draft, &none, most).map(|id| id.0)
            })
        };
        fault(self.store.write(write).await).map(CollectionId)
    }

    /// The calendars or address books of a principal, for the operator of this machine.
    pub async fn collections_of(&self, owner: &str, home: HomeKind) -> Result<Vec<Collection>, Fault> {
        let owner = owner.to_lowercase();
        let read = move |tx: &mut ReadTx<'_>| {
            let owner = tx.principal_by_handle(&owner)?.ok_or(Fault::NotFound)?;
            let mut all = tx.collections(owner.id, home)?;
            all.retain(is_one);
            Ok(all)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

/// Whether it is a calendar or an address book, and nothing that belongs to an account by its nature.
fn is_one(collection: &Collection) -> bool {
    matches!(collection.kind, CollectionKind::Calendar | CollectionKind::AddressBook)
}

/// The group in whose home the actor may make something at this place. Every other home, and one that is not there, is refused alike.
pub(super) fn kept_home(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<PrincipalId, Error> {
    let scope = actor.scope;
    let refused = || {
        let privilege = Privilege::Bind;
        Error::Fault(Condition::NeedPrivileges { href: String::new(), privilege }.into())
    };
    if !scope.write || !scope.opens(place.home) || scope.collection.is_some() {
        return Err(refused());
    }
    match groups::seen(tx, actor, &place.owner) {
        Ok(group) if group.by.at_least(Role::Manager) => Ok(group.principal.id),
        Ok(_) | Err(Error::Fault(Fault::NotFound)) => Err(refused()),
        Err(other) => Err(other),
    }
}

/// Whether this is a group that the actor keeps.
pub(super) fn keeps(tx: &mut ReadTx<'_>, actor: &Actor, owner: &Owner) -> Result<bool, Error> {
    if owner.kind != PrincipalKind::Group {
        return Ok(false);
    }
    match groups::seen(tx, actor, &owner.handle) {
        Ok(group) => Ok(group.by.at_least(Role::Manager)),
        Err(Error::Fault(Fault::NotFound)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The groups that somebody keeps by his role.
pub(super) fn kept(tx: &mut ReadTx<'_>, who: PrincipalId) -> Result<Vec<PrincipalId>, Error> {
    let roles = tx.roles_of(who)?;
    let high: Vec<PrincipalId> =
        roles.iter().filter(|(_, role)| **role >= Role::Manager).map(|(group, _)| *group).collect();
    let details = tx.group_details(&high)?;
    let by = |group| crate::domain::group::Standpoint { role: roles.get(group).copied(), admin: false };
    let mut kept: Vec<PrincipalId> =
        details.iter().filter(|(id, detail)| detail.seen_from(by(*id))).map(|(id, _)| *id).collect();
    kept.sort_unstable();
    Ok(kept)
}

/// Whether a group has a calendar or an address book.
pub(super) fn owns_anything(tx: &mut ReadTx<'_>, group: PrincipalId) -> Result<bool, Error> {
    for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
        if tx.collections(group, home)?.iter().any(is_one) {
            return Ok(true);
        }
    }
    Ok(false)
}
