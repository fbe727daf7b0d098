//! Calendars and address books: seen, made, changed, removed. `rights.rs` shares them.
//!
//! The default collections of an account are refused deletion rather than emptied: a careless DELETE then loses nothing, and
//! the client is told why. RFC 4791 §5.3.1, RFC 5689, RFC 6352 §6.3.1.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::{Core, conditions, directory_book, fault, mounts, teams};
use crate::domain::acl::Privilege;
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind, NewCollection};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::precondition::Preconditions;
use crate::domain::props::{MAX_PROPS_BYTES, Props};
use crate::store::{CollectionUpdate, Error, Weight, WriteTx};

/// A collection to be made, as a client describes it.
#[derive(Debug, Clone)]
pub struct CollectionDraft {
    /// What it shall be.
    pub kind: CollectionKind,
    /// What it shall hold.
    pub components: Components,
    /// Left out of free/busy.
    pub transparent: bool,
    /// A VTIMEZONE text, or an IANA name.
    pub time_zone: Option<String>,
    /// Display name, colour, order, …
    pub props: Props,
}

/// Refuses kept properties that take too much room.
pub(super) fn within_bounds(props: &Props) -> Result<(), Fault> {
    if props.bytes() > MAX_PROPS_BYTES { Err(Condition::QuotaNotExceeded.into()) } else { Ok(()) }
}

impl Core {
    /// The collection at a place, if the actor may know of it.
    pub async fn collection(&self, actor: &Actor, place: &Place) -> Result<Access, Fault> {
        let access = self.collection_now(actor, place).await?;
        if self.freshen_among(actor, std::slice::from_ref(&access)).await {
            return self.collection_now(actor, place).await;
        }
        Ok(access)
    }

    async fn collection_now(&self, actor: &Actor, place: &Place) -> Result<Access, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        fault(self.store.read(Weight::Point, move |tx| access::find(tx, &actor, &place)).await)
    }

    /// Makes a collection in the actor's own home, or in that of a group that he keeps.
    pub async fn create_collection(
        &self,
        actor: &Actor,
        place: &Place,
        draft: CollectionDraft,
    ) -> Result<(), Fault> {
        self.create_collection_if(actor, place, draft, Preconditions::default()).await
    }

    /// As [`Core::create_collection`], if the conditions hold: at the place itself there is nothing yet.
    pub async fn create_collection_if(
        &self,
        actor: &Actor,
        place: &Place,
        draft: CollectionDraft,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        let most = self.limits.collections;
        let (actor, place) = (actor.clone(), place.clone());
        within_bounds(&draft.props)?;
        fault(
            self.store
                .write(move |tx| create(tx, &actor, &place, &draft, &conditions, most).map(|_| ()))
                .await,
        )
    }

    /// Changes a collection's properties. `change` may run several times.
    pub async fn update_collection(
        &self,
        actor: &Actor,
        place: &Place,
        conditions: Preconditions,
        change: impl Fn(&mut Props) -> CollectionUpdate + Send + 'static,
    ) -> Result<(), Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        fault(
            self.store
                .write(move |tx| {
                    let access = access::find_for_change(tx, &actor, &place)?;
                    if access.mounted().is_some() {
                        return mounts::update(tx, &actor, &access, &conditions, &change);
                    }
                    let checked = access.need(Privilege::WriteProperties)?;
                    conditions::hold_collection(tx, &actor, &conditions, Some(&access))?;
                    let mut props = checked.collection().props.clone();
                    let mut update = change(&mut props);
                    within_bounds(&props)?;
                    if props != checked.collection().props {
                        update.props = Some(props);
                    }
                    tx.update_collection(checked.collection(), &update, &actor.origin(place.home))
                })
                .await,
        )
    }

    /// Removes a collection; it can be restored for a time.
    pub async fn delete_collection(
        &self,
        actor: &Actor,
        place: &Place,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        fault(
            self.store
                .write(move |tx| {
                    let access = access::find_for_change(tx, &actor, &place)?;
                    if access.mounted().is_some() {
                        return mounts::leave(tx, &actor, &access, &conditions);
                    }
                    deletable(&access)?;
                    conditions::hold_collection(tx, &actor, &conditions, Some(&access))?;
                    tx.delete_collection(access.collection(), &actor.origin(place.home))
                })
                .await,
        )
    }
}

/// Makes a collection at a free place of the actor's own home, or of that of a group that he keeps.
pub(super) fn create(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    draft: &CollectionDraft,
    conditions: &Preconditions,
    most: usize,
) -> Result<CollectionId, Error> {
    actor.reach(place.home)?;
    let owner = free_place(tx, actor, place)?;
    conditions::hold_collection(tx, actor, conditions, None)?;
    if tx.collections(owner, place.home)?.len() >= most {
        return Err(Condition::QuotaNotExceeded.into());
    }
    let time_zone = match (&draft.time_zone, place.home) {
        (None, HomeKind::Calendars) => usual_zone(tx, owner, actor.id)?,
        (zone, _) => zone.clone(),
    };
    let new = NewCollection {
        owner,
        home: place.home,
        kind: draft.kind,
        slug: place.slug.clone(),
        is_default: false,
        components: draft.components,
        transparent: draft.transparent,
        time_zone,
        props: draft.props.clone(),
    };
    tx.insert_collection(&new, Some(&actor.origin(place.home)))
}

/// The zone of a calendar that is made without one: its owner's, or that of who makes it where the owner, a group, has none.
fn usual_zone(tx: &mut WriteTx<'_>, owner: PrincipalId, maker: PrincipalId) -> Result<Option<String>, Error> {
    match tx.time_zone(owner)? {
        None if owner != maker => tx.time_zone(maker),
        zone => Ok(zone),
    }
}

/// `unbind` on a collection is about its members; to remove itself takes the right on the home, which is the owner's alone: of a
/// group those have it who keep the group.
pub(super) fn deletable(access: &Access) -> Result<(), Fault> {
    // Of what nobody writes to, its owner may still rid himself.
    let filled = access.collection().is_subscription() || access.collection().is_birthdays();
    let needed = if filled { Privilege::WriteProperties } else { Privilege::Unbind };
    let collection = access.need(needed)?.collection();
    if !access.is_kept() {
        return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Unbind }.into());
    }
    not_default(collection)
}

/// The default collections of an account stay.
pub(super) fn not_default(collection: &Collection) -> Result<(), Fault> {
    if collection.is_default {
        let card = collection.home == HomeKind::AddressBooks;
        return Err(Condition::DefaultCalendarNeeded { card }.into());
    }
    Ok(())
}

/// Only in the actor's own home collections are made. Another's home and one that does not exist look alike.
pub(super) fn own_home(actor: &Actor, place: &Place) -> Result<(), Fault> {
    let scope = actor.scope;
    if place.owner != actor.handle || !scope.write || !scope.opens(place.home) || scope.collection.is_some() {
        return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Bind }.into());
    }
    Ok(())
}

/// A name in the actor's own home, or in that of a group that he keeps, that nothing has yet; tells whose home it is.
pub(super) fn free_place(tx: &mut WriteTx<'_>, actor: &Actor, place: &Place) -> Result<PrincipalId, Error> {
    let owner = match place.owner == actor.handle {
        true => own_home(actor, place).map(|()| actor.id)?,
        false => teams::kept_home(tx, actor, place)?,
    };
    tx.lock_home(owner, place.home)?;
    if tx.collection(owner, place.home, &place.slug)?.is_some()
        || tx.is_mounted_at(owner, place.home, &place.slug)?
        || directory_book::is_at(actor, place)
    {
        return Err(Fault::Exists.into());
    }
    Ok(owner)
}
