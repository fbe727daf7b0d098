//! Finding what an actor means: by place, by id, by what was granted; for reading, and under locks for a change.
//!
//! Whether he may know of it, and what he may do, is decided in the parent. RFC 3744 §3.

use super::super::actor::Actor;
use super::super::{directory_book, mounts, personal};
use super::{Access, OWNER, Owner, Place, accessed, effective, effective_on, own_owner, scoped};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::object::Object;
use crate::store::{Error, Held, ItemAt, ReadTx, Standing, WriteTx};

/// The owner of a home: known at once where it is the actor's own.
pub(in crate::services) fn owner_of(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    handle: &str,
) -> Result<Owner, Error> {
    if handle == actor.handle {
        return Ok(own_owner(actor));
    }
    let (id, kind) = tx.owner_by_handle(handle)?.ok_or(Error::Fault(Fault::NotFound))?;
    Ok(Owner { id, kind, handle: handle.to_owned() })
}

/// The collection at `place`, if the actor may know of it.
pub(in crate::services) fn find(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<Access, Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?;
    let meant = |found: &Collection| place.id.is_none_or(|id| id == found.id);
    match tx.collection(owner.id, place.home, &place.slug)? {
        Some(collection) if meant(&collection) => known(tx, actor, owner, collection),
        None if owner.id == actor.id => match mounts::find(tx, actor, place) {
            Err(Error::Fault(Fault::NotFound)) => directory_book::find(tx, actor, place),
            found => found,
        },
        _ => Err(Error::Fault(Fault::NotFound)),
    }
}

/// A collection with what the actor may do to it, if he may know of it.
pub(in crate::services) fn known(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    owner: Owner,
    collection: Collection,
) -> Result<Access, Error> {
    let found = effective_on(tx, actor, &collection)?;
    let access = accessed(actor, collection, owner, found).ok_or(Error::Fault(Fault::NotFound))?;
    personal::numbered(tx, access)
}

/// As [`known`], where what was granted is known.
pub(in crate::services) fn held_access(
    actor: &Actor,
    owner: Owner,
    collection: Collection,
    held: Held,
) -> Option<Access> {
    let found = effective(&collection, held);
    accessed(actor, collection, owner, found)
}

/// The collection with this id, wherever it stands in a home of this kind, if the actor may know of it.
pub(in crate::services) fn find_by_id(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
    id: CollectionId,
) -> Result<Access, Error> {
    actor.reach(home)?;
    let collection =
        tx.collection_by_id(id)?.filter(|found| found.home == home).ok_or(Error::Fault(Fault::NotFound))?;
    let found = effective_on(tx, actor, &collection)?;
    if scoped(actor, &collection, found.privileges).is_empty() {
        return Err(Error::Fault(Fault::NotFound));
    }
    let owner = owner_by_id(tx, actor, collection.owner)?;
    let own = owner.id == actor.id;
    let access = accessed(actor, collection, owner, found).ok_or(Error::Fault(Fault::NotFound))?;
    let access = personal::numbered(tx, access)?;
    if own || !access.is_shown() {
        return Ok(access);
    }
    Ok(match tx.mount_of(actor.id, home, id)? {
        Some(mount) => access.mounted_as(actor, mount),
        None => access,
    })
}

/// The owner with this row: known at once where it is the actor.
pub(in crate::services) fn owner_by_id(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    id: PrincipalId,
) -> Result<Owner, Error> {
    if id == actor.id {
        return Ok(own_owner(actor));
    }
    let owner = tx.principal(id)?.ok_or(Error::Fault(Fault::NotFound))?;
    Ok(Owner { id, kind: owner.kind, handle: owner.handle })
}

/// What others have granted to the actor, or to a group that he is in, in homes of this kind, and what his groups have; the oldest first.
pub(in crate::services) fn granted(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
) -> Result<Vec<Access>, Error> {
    let held = tx.held_by_name(actor.id, home)?;
    let ids: Vec<i64> = held.keys().map(|id| id.0).collect();
    let collections = tx.collections_with_ids(&ids)?;
    let mut owners: Vec<i64> = collections.iter().map(|collection| collection.owner.0).collect();
    owners.sort_unstable();
    owners.dedup();
    let owners = tx.principals_with_ids(&owners)?;
    let mut seen = Vec::with_capacity(collections.len());
    for collection in collections {
        let Some(owner) = owners.iter().find(|owner| owner.id == collection.owner && owner.id != actor.id)
        else {
            continue;
        };
        let held = held.get(&collection.id).copied().unwrap_or_default();
        let owner = Owner { id: owner.id, kind: owner.kind, handle: owner.handle.clone() };
        seen.extend(held_access(actor, owner, collection, held));
    }
    let seen = personal::all_numbered(tx, actor, seen)?;
    mounts::marked(tx, actor, home, seen)
}

/// As [`find`], for a transaction that is going to change the collection or its members: the home is locked first, so that
/// what is read here and after cannot be changed by another writer before the commit.
pub(in crate::services) fn find_for_change(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
) -> Result<Access, Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?;
    tx.lock_home(owner.id, place.home)?;
    let access = find(tx, actor, place)?;
    if access.mount.is_none() {
        return Ok(access);
    }
    // The home that it is in is another's: what was read under no lock is read again.
    tx.lock_home(access.owner.id, place.home)?;
    let locked = access.owner.id;
    let access = find(tx, actor, place)?;
    still_of(&access, locked)?;
    Ok(access)
}

/// Refuses what was handed over between being looked for and the lock on its home: what is read under the wrong lock decides nothing.
/// The directory is nobody's, and nothing in it is changed.
pub(in crate::services) fn still_of(access: &Access, locked: PrincipalId) -> Result<(), Fault> {
    if access.owner.id == locked || access.is_directory() {
        Ok(())
    } else {
        Err(Fault::Conflict("it was handed over meanwhile"))
    }
}

/// As [`find_for_change`], with what stands at the place of an item: the item, and the name of the one that has the UID.
pub(in crate::services) fn find_item_for_change(
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
    let meant = |found: &Standing| place.id.is_none_or(|id| id == found.collection.id);
    match tx.standing(at, uid)? {
        Some(found) if meant(&found) => {
            let Standing { collection, object, uid_holder } = found;
            Ok((known(tx, actor, owner, collection)?, object, uid_holder))
        }
        None if owner.id == actor.id => match mounts::find_item_for_change(tx, actor, place, name, uid) {
            Err(Error::Fault(Fault::NotFound)) => {
                let access = directory_book::find(tx, actor, place)?;
                let object = tx.object(access.collection.id, name)?;
                Ok((access, object, None))
            }
            found => found,
        },
        _ => Err(Error::Fault(Fault::NotFound)),
    }
}

/// Locks the homes of two places in one order, whatever the direction of a transfer, so that two cannot wait for each other.
pub(in crate::services) fn lock_both(tx: &mut WriteTx<'_>, one: HomeOf, other: HomeOf) -> Result<(), Error> {
    lock_all(tx, vec![one, other])
}

/// Locks homes in one order, whatever the order of what is done in them.
pub(in crate::services) fn lock_all(tx: &mut WriteTx<'_>, mut homes: Vec<HomeOf>) -> Result<(), Error> {
    homes.sort_by_key(|(owner, home)| (*owner, *home as i16));
    homes.dedup();
    homes.iter().try_for_each(|(owner, home)| tx.lock_home(*owner, *home))
}

/// A home by its owner and kind.
type HomeOf = (PrincipalId, HomeKind);

/// The home that a place is in, if the actor's proof reaches it.
pub(in crate::services) fn home_of(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    place: &Place,
) -> Result<HomeOf, Error> {
    actor.reach(place.home)?;
    let owner = owner_of(tx, actor, &place.owner)?.id;
    if owner == actor.id
        && let Some((_, collection)) = tx.mount_at(owner, place.home, &place.slug)?
        && tx.collection(owner, place.home, &place.slug)?.is_none()
    {
        return Ok((collection.owner, place.home));
    }
    Ok((owner, place.home))
}

/// All collections of a home that the actor may know of.
pub(in crate::services) fn visible(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    owner: &Owner,
    collections: Vec<Collection>,
) -> Result<Vec<Access>, Error> {
    let [first, ..] = collections.as_slice() else { return Ok(Vec::new()) };
    let held = match owner.id == actor.id {
        true => None,
        false => Some(tx.held_in_home(actor.id, owner.id, first.home)?),
    };
    let mut seen = Vec::with_capacity(collections.len());
    for collection in collections {
        let found = match &held {
            None => OWNER,
            Some(held) => {
                let own = held.own.get(&collection.id).copied().unwrap_or_default();
                effective(&collection, Held { own, home: held.home, team: held.team })
            }
        };
        seen.extend(accessed(actor, collection, owner.clone(), found));
    }
    personal::all_numbered(tx, actor, seen)
}
