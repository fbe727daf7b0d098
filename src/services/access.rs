//! The one place that decides what an actor may do to a collection.
//!
//! Absent and forbidden look alike: without any right on a collection it is not found. RFC 3744 §3, §7.1.1.

use super::actor::Actor;
use super::homes::Home;
use super::{Core, fault};
use crate::domain::acl::{self, Grant, Privilege, Privileges};
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::object::Object;
use crate::domain::principal::PrincipalKind;
use crate::store::{Error, ItemAt, Login, OwnPlace, ReadTx, Standing, Weight, WriteTx};

/// A collection that the actor may know of, and what he may do to it. Only [`find`] and its kin make one.
#[derive(Debug, Clone)]
pub struct Access {
    collection: Collection,
    owner: Owner,
    rights: Privileges,
}

/// Whose home something is in, as far as its URL and its owner's need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its row.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its handle.
    pub handle: String,
}

/// Proof that an actor holds one privilege on a collection: what writing services ask for.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    collection: &'a Collection,
}

impl<'a> Checked<'a> {
    /// The collection that the privilege is for.
    pub fn collection(&self) -> &'a Collection {
        self.collection
    }
}

impl Access {
    /// The collection.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// Whose it is.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What the actor may do.
    pub fn rights(&self) -> Privileges {
        self.rights
    }

    /// Where it stands now. A transaction that is given this place works on this very collection or on none.
    pub fn place(&self) -> Place {
        Place {
            owner: self.owner.handle.clone(),
            home: self.collection.home,
            slug: self.collection.slug.clone(),
            id: Some(self.collection.id),
        }
    }

    /// Proof of one privilege. Who may not even read is told nothing but absence.
    pub fn need(&self, privilege: Privilege) -> Result<Checked<'_>, Fault> {
        if self.rights.has(privilege) {
            return Ok(Checked { collection: &self.collection });
        }
        if !self.rights.has(Privilege::Read) {
            return Err(Fault::NotFound);
        }
        Err(Condition::NeedPrivileges { href: String::new(), privilege }.into())
    }
}

/// Where a collection is: whose, in which home, under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The owner's handle.
    pub owner: String,
    /// The home.
    pub home: HomeKind,
    /// Last segment, decoded.
    pub slug: String,
    /// The collection that must stand there, where the request names one: another that has taken the place meanwhile is not
    /// meant. None where the place alone is named.
    pub id: Option<CollectionId>,
}

/// What a request asks for, so that it is read together with its login.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'w> {
    /// A collection.
    Collection(&'w Place),
    /// A collection and an item in it, which will be shown.
    Shown(&'w Place, &'w str),
    /// A collection and an item in it, which will be written or removed.
    Changed(&'w Place, &'w str),
    /// The home of a principal with this handle, and its collections.
    Home(HomeKind, &'w str),
}

/// What was read together with a login: nothing, where the place is another's or the proof does not reach it.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// The collection at the place that was wanted.
    pub collection: Option<Access>,
    /// The item of it that was wanted.
    pub object: Option<Object>,
    /// The home that was wanted.
    pub home: Option<Home>,
}

impl Core {
    /// What of a principal's own a login opens together with itself; `None` where the login no longer holds.
    pub(super) async fn open(
        &self,
        actor: &Actor,
        login: Login,
        wanted: Option<Wanted<'_>>,
    ) -> Result<Option<Opened>, Fault> {
        let own = |owner: &str, home| owner == actor.handle && actor.reach(home).is_ok();
        let place = match wanted {
            Some(Wanted::Home(kind, owner)) if own(owner, kind) => {
                return self.open_home(actor, login, kind).await;
            }
            Some(Wanted::Collection(place)) => Some((place, None)),
            Some(Wanted::Shown(place, name)) => Some((place, Some(name))),
            // The embedded database is asked for it once more in the transaction, which costs no journey.
            Some(Wanted::Changed(place, name)) => {
                Some((place, Some(name).filter(|_| !self.store.is_embedded())))
            }
            _ => None,
        };
        let place = place.filter(|(place, _)| own(&place.owner, place.home) && place.id.is_none());
        let place = place.map(|(place, name)| OwnPlace {
            home: place.home,
            slug: place.slug.clone(),
            name: name.map(str::to_owned),
        });
        let Some((collection, object)) = fault(self.store.open_place(login, place).await)? else {
            return Ok(None);
        };
        let collection = collection.and_then(|collection| own_access(actor, collection));
        Ok(Some(Opened { collection, object, home: None }))
    }

    async fn open_home(&self, actor: &Actor, login: Login, kind: HomeKind) -> Result<Option<Opened>, Fault> {
        let opened = self.store.read(Weight::Point, move |tx| tx.open_home(login, kind)).await;
        let Some((state, collections)) = fault(opened)? else { return Ok(None) };
        let members =
            collections.into_iter().filter_map(|collection| own_access(actor, collection)).collect();
        let epoch = self.store.epoch().to_owned();
        let home = Home { owner: own_owner(actor), own: true, kind, state, epoch, members: Some(members) };
        Ok(Some(Opened { home: Some(home), ..Opened::default() }))
    }
}

fn own_owner(actor: &Actor) -> Owner {
    Owner { id: actor.id, kind: PrincipalKind::User, handle: actor.handle.clone() }
}

/// What an actor may do with a collection of his own, if his proof reaches it.
fn own_access(actor: &Actor, collection: Collection) -> Option<Access> {
    let rights = scoped(actor, &collection, Privileges::ALL);
    (!rights.is_empty()).then(|| Access { rights, owner: own_owner(actor), collection })
}

/// The owner of a home: known at once where it is the actor's own.
pub(super) fn owner_of(tx: &mut ReadTx<'_>, actor: &Actor, handle: &str) -> Result<Owner, Error> {
    if handle == actor.handle {
        return Ok(own_owner(actor));
    }
    let principal = tx.principal_by_handle(handle)?.ok_or(Error::Fault(Fault::NotFound))?;
    Ok(Owner { id: principal.id, kind: principal.kind, handle: handle.to_owned() })
}

/// What `actor` may do on this collection.
pub(super) fn rights_on(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    collection: &Collection,
) -> Result<Privileges, Error> {
    let rights = if collection.owner == actor.id {
        Privileges::ALL
    } else {
        let grants = tx.grants(collection.id)?;
        if grants.is_empty() {
            return Ok(Privileges::NONE);
        }
        let groups = tx.groups_of(actor.id)?;
        acl::effective(collection.owner, actor.id, &groups, &grants)
    };
    Ok(scoped(actor, collection, rights))
}

/// The calendars and address books, in both homes of whoever they are, that others let the actor, or a group that he is in, read.
pub(super) fn readable_of_others(tx: &mut ReadTx<'_>, actor: &Actor) -> Result<Vec<Collection>, Error> {
    let groups = tx.groups_of(actor.id)?;
    let mut holders = groups.clone();
    holders.push(actor.id);
    let mut found = Vec::new();
    for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
        for collection in tx.collections_granted_to(&holders, home)? {
            let told = matches!(collection.kind, CollectionKind::Calendar | CollectionKind::AddressBook);
            if !told || collection.owner == actor.id {
                continue;
            }
            let rights = acl::effective(collection.owner, actor.id, &groups, &tx.grants(collection.id)?);
            if scoped(actor, &collection, rights).has(Privilege::Read) {
                found.push(collection);
            }
        }
    }
    Ok(found)
}

/// What the actor's proof leaves of his rights on a collection.
fn scoped(actor: &Actor, collection: &Collection, rights: Privileges) -> Privileges {
    if !actor.scope.takes(collection.id) {
        Privileges::NONE
    } else if actor.scope.write {
        rights
    } else {
        read_only(rights)
    }
}

fn read_only(rights: Privileges) -> Privileges {
    let kept = [
        Privilege::Read,
        Privilege::ReadAcl,
        Privilege::ReadCurrentUserPrivilegeSet,
        Privilege::ReadFreeBusy,
    ];
    let allowed = kept.iter().fold(Privileges::NONE, |set, p| set.with(p.bit()));
    rights.without(Privileges::ALL.without(allowed))
}

/// The collection at `place`, if the actor may know of it.
pub(super) fn find(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<Access, Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?;
    let collection = tx
        .collection(owner.id, place.home, &place.slug)?
        .filter(|found| place.id.is_none_or(|id| id == found.id))
        .ok_or(Error::Fault(Fault::NotFound))?;
    known(tx, actor, owner, collection)
}

/// A collection with what the actor may do to it, if he may know of it.
fn known(tx: &mut ReadTx<'_>, actor: &Actor, owner: Owner, collection: Collection) -> Result<Access, Error> {
    let rights = rights_on(tx, actor, &collection)?;
    if rights.is_empty() {
        return Err(Error::Fault(Fault::NotFound));
    }
    Ok(Access { collection, owner, rights })
}

/// The collection with this id, wherever it stands in a home of this kind, if the actor may know of it.
pub(super) fn find_by_id(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
    id: CollectionId,
) -> Result<Access, Error> {
    actor.reach(home)?;
    let collection =
        tx.collection_by_id(id)?.filter(|found| found.home == home).ok_or(Error::Fault(Fault::NotFound))?;
    let rights = rights_on(tx, actor, &collection)?;
    if rights.is_empty() {
        return Err(Error::Fault(Fault::NotFound));
    }
    let owner = owner_by_id(tx, actor, collection.owner)?;
    Ok(Access { collection, owner, rights })
}

/// The owner with this row: known at once where it is the actor.
fn owner_by_id(tx: &mut ReadTx<'_>, actor: &Actor, id: PrincipalId) -> Result<Owner, Error> {
    if id == actor.id {
        return Ok(own_owner(actor));
    }
    let owner = tx.principal(id)?.ok_or(Error::Fault(Fault::NotFound))?;
    Ok(Owner { id, kind: owner.kind, handle: owner.handle })
}

/// What others have granted to the actor, or to a group that he is in, in homes of this kind; the oldest first.
pub(super) fn granted(tx: &mut ReadTx<'_>, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Error> {
    let mut holders = tx.groups_of(actor.id)?;
    holders.push(actor.id);
    let mut seen = Vec::new();
    for collection in tx.collections_granted_to(&holders, home)? {
        if collection.owner == actor.id {
            continue;
        }
        let rights = rights_on(tx, actor, &collection)?;
        if !rights.is_empty() {
            let owner = owner_by_id(tx, actor, collection.owner)?;
            seen.push(Access { collection, owner, rights });
        }
    }
    Ok(seen)
}

/// As [`find`], for a transaction that is going to change the collection or its members: the home is locked first, so that
/// what is read here and after cannot be changed by another writer before the commit.
pub(super) fn find_for_change(tx: &mut WriteTx<'_>, actor: &Actor, place: &Place) -> Result<Access, Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?;
    tx.lock_home(owner.id, place.home)?;
    find(tx, actor, place)
}

/// As [`find_for_change`], with what stands at the place of an item: the item, and the name of the one that has the UID.
pub(super) fn find_item_for_change(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    name: &str,
    uid: Option<&str>,
) -> Result<(Access, Option<Object>, Option<String>), Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?;
    tx.lock_home(owner.id, place.home)?;
    let at = ItemAt { owner: owner.id, home: place.home, slug: &place.slug, name };
    let Standing { collection, object, uid_holder } = tx
        .standing(at, uid)?
        .filter(|found| place.id.is_none_or(|id| id == found.collection.id))
        .ok_or(Error::Fault(Fault::NotFound))?;
    Ok((known(tx, actor, owner, collection)?, object, uid_holder))
}

/// Locks the homes of two places in one order, whatever the direction of a transfer, so that two cannot wait for each other.
pub(super) fn lock_both(tx: &mut WriteTx<'_>, one: HomeOf, other: HomeOf) -> Result<(), Error> {
    lock_all(tx, vec![one, other])
}

/// Locks homes in one order, whatever the order of what is done in them.
pub(super) fn lock_all(tx: &mut WriteTx<'_>, mut homes: Vec<HomeOf>) -> Result<(), Error> {
    homes.sort_by_key(|(owner, home)| (*owner, *home as i16));
    homes.dedup();
    homes.iter().try_for_each(|(owner, home)| tx.lock_home(*owner, *home))
}

/// A home by its owner and kind.
type HomeOf = (PrincipalId, HomeKind);

/// The home that a place is in, if the actor's proof reaches it.
pub(super) fn home_of(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<HomeOf, Error> {
    actor.reach(place.home)?;
    Ok((owner_of(tx, actor, &place.owner)?.id, place.home))
}

/// All collections of a home that the actor may know of.
pub(super) fn visible(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    owner: &Owner,
    collections: Vec<Collection>,
) -> Result<Vec<Access>, Error> {
    let mut seen = Vec::with_capacity(collections.len());
    for collection in collections {
        let rights = rights_on(tx, actor, &collection)?;
        if !rights.is_empty() {
            seen.push(Access { collection, owner: owner.clone(), rights });
        }
    }
    Ok(seen)
}

/// Grants as somebody may see them who holds `read-acl`.
pub(super) fn grants(tx: &mut ReadTx<'_>, access: &Access) -> Result<Vec<Grant>, Error> {
    access.need(Privilege::ReadAcl)?;
    tx.grants(access.collection.id)
}
