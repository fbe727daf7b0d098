//! Others' collections in one's own home, so that clients that look nowhere else show them: under a name of their own there, with their
//! user's name, colour and order. A share that is taken in comes so, and leaves when it is given up, or when the right to it ends.
//!
//! What may be done with one follows from the grants on it, asked anew each time; a mount gives no right. Its items are the owner's: one
//! content and one number for all who see it, but for what is each one's own (`personal.rs`).

use super::access::{self, Access, Mounted, Owner, Place};
use super::actor::Actor;
use super::collection_transfer::{self, CollectionTransfer};
use super::{Core, collections, conditions, directory_book, fault, home_sync, invitations};
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::directory;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, HomeToken, PrincipalId, Stand};
use crate::domain::invitation::State;
use crate::domain::object::Object;
use crate::domain::precondition::Preconditions;
use crate::domain::principal::PrincipalKind;
use crate::domain::props::Props;
use crate::store::{
    Beside, CollectionUpdate, Error, HeldOnMounts, ItemAt, Mount, ReadTx, Standing, Weight, WriteTx,
};
use futures_util::future::try_join;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

/// What a share is called in the home that it comes to.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The last segment of its path; one is found where none is wished for.
    pub slug: Option<String>,
    /// What its user keeps on it, instead of what the owner does.
    pub props: Props,
}

impl Core {
    /// Takes a collection that was granted to the actor into his home, or changes how it stands there. Tells whether it is new.
    pub async fn mount(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
        wish: Wish,
    ) -> Result<bool, Fault> {
        collections::within_bounds(&wish.props)?;
        let (actor, most) = (actor.clone(), self.limits.collections);
        let mount = move |tx: &mut WriteTx<'_>| {
            let access = access::find_by_id(tx, &actor, home, id)?;
            let own_home = Place { owner: actor.handle.clone(), home, slug: String::new(), id: None };
            collections::own_home(&actor, &own_home)?;
            mountable(&actor, &access)?;
            tx.lock_home(actor.id, home)?;
            if let Some(mount) = tx.mount_of(actor.id, home, id)? {
                if wish.slug.as_ref().is_some_and(|slug| *slug != mount.slug) {
                    return Err(Fault::Conflict("it is in this home under another name").into());
                }
                tx.set_mount_props(actor.id, home, &mount, &wish.props)?;
                return Ok(false);
            }
            put(tx, &actor, &access, &wish, most)?;
            invitations::answered(tx, &actor, id, State::Accepted)?;
            Ok(true)
        };
        fault(self.store.write(mount).await)
    }

    /// Takes it out of the actor's home again; what others see of it stays. Works for what was revoked meanwhile, too.
    pub async fn unmount(&self, actor: &Actor, home: HomeKind, id: CollectionId) -> Result<(), Fault> {
        let actor = actor.clone();
        let unmount = move |tx: &mut WriteTx<'_>| {
            actor.reach(home)?;
            if !actor.scope.takes(id) {
                return Err(Fault::NotFound.into());
            }
            let own_home = Place { owner: actor.handle.clone(), home, slug: String::new(), id: None };
            collections::own_home(&actor, &own_home)?;
            tx.lock_home(actor.id, home)?;
            let mount = tx.mount_of(actor.id, home, id)?.ok_or(Fault::NotFound)?;
            tx.remove_mount(actor.id, home, &mount)?;
            invitations::answered(tx, &actor, id, State::Declined)
        };
        fault(self.store.write(unmount).await)
    }

    /// What stands in the actor's home and is not his: collections of others, and the directory where it is listed.
    pub async fn mounted(&self, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Fault> {
        let actor = actor.clone();
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    actor.reach(home)?;
                    beside(tx, &actor, home, true)
                })
                .await,
        )
    }
}

/// Puts a collection into the actor's home, in which it does not stand yet.
pub(super) fn put(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    access: &Access,
    wish: &Wish,
    most: usize,
) -> Result<(), Error> {
    mountable(actor, access)?;
    let (home, id) = (access.collection().home, access.collection().id);
    tx.lock_home(actor.id, home)?;
    if tx.collections(actor.id, home)?.len() + tx.mounts(actor.id, home)?.len() >= most {
        return Err(Condition::QuotaNotExceeded.into());
    }
    let slug = match &wish.slug {
        Some(slug) if is_free(tx, actor, home, slug)? => slug.clone(),
        Some(_) => return Err(Fault::Exists.into()),
        None => free_name(tx, actor, access)?,
    };
    tx.insert_mount(actor.id, home, id, &slug, &wish.props)
}

/// Only what somebody else has, and shows more of than when he is busy, stands in a home.
fn mountable(actor: &Actor, access: &Access) -> Result<(), Fault> {
    let collection = access.collection();
    if collection.owner == actor.id {
        return Err(Fault::Conflict("it is one's own"));
    }
    if !access.is_shown() {
        return Err(Fault::NotFound);
    }
    match collection.kind {
        CollectionKind::Calendar | CollectionKind::AddressBook => Ok(()),
        CollectionKind::Inbox | CollectionKind::Outbox | CollectionKind::Plain => {
            Err(Condition::ValidResourceType.into())
        }
    }
}

fn is_free(tx: &mut ReadTx<'_>, actor: &Actor, home: HomeKind, slug: &str) -> Result<bool, Error> {
    Ok(tx.collection(actor.id, home, slug)?.is_none() && !tx.is_mounted_at(actor.id, home, slug)?)
}

/// A name that says whose it is; where that is taken, the collection's id, which nothing else has.
fn free_name(tx: &mut ReadTx<'_>, actor: &Actor, access: &Access) -> Result<String, Error> {
    let collection = access.collection();
    let name = format!("{}-{}", access.owner().handle, collection.slug);
    if is_free(tx, actor, collection.home, &name)? { Ok(name) } else { Ok(collection.id.to_string()) }
}

/// What stands in the actor's home beside his own; `has_mounts`: whether there may be collections of others.
pub(super) fn beside(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
    has_mounts: bool,
) -> Result<Vec<Access>, Error> {
    let mut all = if has_mounts { shown(tx, actor, home)? } else { Vec::new() };
    all.extend(directory_book::listed(tx, actor, home)?);
    Ok(all)
}

/// The number by which the directory is told from mounts in a home's token: theirs begin with one.
const DIRECTORY: i64 = 0;

/// What tells something that stands beside one's own from all others there, and the home's number when it came or was changed.
pub(super) fn numbers(access: &Access) -> Option<(i64, i64)> {
    match access.mounted() {
        Some(Mounted { mount, .. }) => Some((mount.number, mount.home_modseq)),
        None => access.is_directory().then_some((DIRECTORY, 0)),
    }
}

/// What stands in the actor's home and may be seen, in the order in which it came.
pub(super) fn shown(tx: &mut ReadTx<'_>, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Error> {
    let all = tx.beside(actor.id, home)?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut held = tx.held_on_mounts(actor.id, home)?;
    let teams = teams_among(&all);
    if !teams.is_empty() {
        tx.held_in_teams(actor.id, &teams, &mut held)?;
    }
    Ok(seen(actor, all, &held))
}

/// The groups whose some of these are.
fn teams_among(all: &[Beside]) -> Vec<PrincipalId> {
    let mut teams: Vec<PrincipalId> = all
        .iter()
        .filter(|beside| beside.owner_kind == PrincipalKind::Group)
        .map(|beside| beside.collection.owner)
        .collect();
    teams.sort_unstable();
    teams.dedup();
    teams
}

/// What may be seen of what stands in the actor's home, by what he holds there.
fn seen(actor: &Actor, all: Vec<Beside>, held: &HeldOnMounts) -> Vec<Access> {
    let access = |beside: Beside| {
        let Beside { mount, collection, owner_kind, owner_handle } = beside;
        let owner = Owner { id: collection.owner, kind: owner_kind, handle: owner_handle.to_string() };
        let own_number = held.own_number(collection.id);
        let held = held.on(&collection);
        let mut access = access::held_access(actor, owner, collection, held).filter(Access::is_shown)?;
        if let Some(keeps) = access.keeps_mut() {
            keeps.number = own_number;
        }
        Some(access.mounted_as(actor, mount))
    };
    all.into_iter().filter(|beside| beside.collection.owner != actor.id).filter_map(access).collect()
}

/// Homes in which something of others' stood when they were opened last: what their owners hold there is asked for at once with the next
/// opening. No more than a guess.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<HashSet<(PrincipalId, HomeKind)>>);

impl Guesses {
    /// Homes that are kept; more push out all.
    const MOST: usize = 32 * 1024;

    /// Whether there may be something in a home.
    pub fn has_mounts(&self, of: PrincipalId, home: HomeKind) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(of, home))
    }

    /// Notes what was found.
    pub fn note(&self, of: PrincipalId, home: HomeKind, has_mounts: bool) {
        let mut homes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !has_mounts {
            homes.remove(&(of, home));
        } else {
            if homes.len() >= Self::MOST {
                homes.clear();
            }
            homes.insert((of, home));
        }
    }
}

impl Core {
    /// What the actor holds on what stands in his home. It may be read before the home is: what he came to hold or lost meanwhile he is told
    /// next time, for his token says how he stood to each.
    pub(super) async fn held_on_mounts(
        &self,
        actor: PrincipalId,
        home: HomeKind,
    ) -> Result<HeldOnMounts, Error> {
        self.store.read(Weight::Point, move |tx| tx.held_on_mounts(actor, home)).await
    }

    /// As [`beside`], by itself; `read` is what stands there and what he holds on it, where it was read before. Both are read at the same time,
    /// for to a server each is a journey.
    pub(super) async fn beside(
        &self,
        actor: &Actor,
        home: HomeKind,
        has_mounts: bool,
        read: Option<(Vec<Beside>, HeldOnMounts)>,
    ) -> Result<Vec<Access>, Fault> {
        let store = &self.store;
        let id = actor.id;
        let mut all = Vec::new();
        if has_mounts {
            let (there, mut held) = match read {
                Some(read) => read,
                None => {
                    let there = store.read(Weight::Point, move |tx| tx.beside(id, home));
                    fault(try_join(there, self.held_on_mounts(id, home)).await)?
                }
            };
            let teams = teams_among(&there);
            if !teams.is_empty() {
                let with_teams = move |tx: &mut ReadTx<'_>| {
                    let mut held = held.clone();
                    tx.held_in_teams(id, &teams, &mut held)?;
                    Ok(held)
                };
                held = fault(store.read(Weight::Point, with_teams).await)?;
            }
            all = seen(actor, there, &held);
        }
        if directory_book::is_listed(actor, home) {
            let actor = actor.clone();
            let listed = store.read(Weight::Point, move |tx| directory_book::listed(tx, &actor, home));
            all.extend(fault(listed.await)?);
        }
        Ok(all)
    }
}

/// Collections of others, each as the actor has it in his home, if he has.
pub(super) fn marked(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
    all: Vec<Access>,
) -> Result<Vec<Access>, Error> {
    if all.is_empty() {
        return Ok(all);
    }
    let mounts = tx.mounts(actor.id, home)?;
    let mut mounts: BTreeMap<CollectionId, Mount> =
        mounts.into_iter().map(|mount| (mount.collection, mount)).collect();
    let marked = |access: Access| match mounts.remove(&access.collection().id) {
        Some(mount) if access.is_shown() => access.mounted_as(actor, mount),
        _ => access,
    };
    Ok(all.into_iter().map(marked).collect())
}

/// What stands at a place of the actor's home that none of his own has.
pub(super) fn find(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<Access, Error> {
    let (mount, collection) = at(tx, actor, place)?;
    let owner = access::owner_by_id(tx, actor, collection.owner)?;
    let access = access::known(tx, actor, owner, collection)?;
    // Who may only know when somebody is busy has nothing to look at.
    if access.is_shown() { Ok(access.mounted_as(actor, mount)) } else { Err(Fault::NotFound.into()) }
}

fn at(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<(Mount, Collection), Error> {
    tx.mount_at(actor.id, place.home, &place.slug)?
        .filter(|(_, found)| found.owner != actor.id && place.id.is_none_or(|id| id == found.id))
        .ok_or(Error::Fault(Fault::NotFound))
}

/// As [`access::find_item_for_change`], at such a place.
pub(super) fn find_item_for_change(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    name: &str,
    uid: Option<&str>,
) -> Result<(Access, Option<Object>, Option<String>), Error> {
    let (mount, found) = at(tx, actor, place)?;
    tx.lock_home(found.owner, place.home)?;
    let at = ItemAt { owner: found.owner, home: place.home, slug: &found.slug, name };
    let Standing { collection, object, uid_holder } = tx
        .standing(at, uid)?
        .filter(|standing| standing.collection.id == found.id)
        .ok_or(Error::Fault(Fault::NotFound))?;
    let owner = access::owner_by_id(tx, actor, collection.owner)?;
    let access = access::known(tx, actor, owner, collection)?;
    if !access.is_shown() {
        return Err(Fault::NotFound.into());
    }
    Ok((access.mounted_as(actor, mount), object, uid_holder))
}

/// Where a reader stands who has seen the home at `modseq`, and these in it.
pub(super) fn token(
    owner: crate::domain::id::PrincipalId,
    kind: HomeKind,
    modseq: i64,
    epoch: &str,
    mounted: &[Access],
) -> HomeToken {
    HomeToken {
        own: home_sync::home_token(owner.0, kind, modseq, epoch),
        mounted: mounted.iter().filter_map(known_as).collect(),
    }
}

/// What a token says of something that stands beside one's own.
pub(super) fn known_as(access: &Access) -> Option<(i64, Stand)> {
    Some((numbers(access)?.0, stand(access)))
}

/// Where the actor stands in one: a membership or a delegation that comes or goes changes that, and nothing in the collection.
fn stand(access: &Access) -> Stand {
    let sight = access.sight();
    let seen = (sight.private as i64) << 2 | sight.confidential as i64;
    let regard = Some(i64::from(access.rights().0) << 4 | seen);
    let own = access.keeps().map_or(0, |keeps| keeps.number);
    Stand { modseq: access.collection().modseq, regard, own }
}

/// Those that a reader does not know as they are: he knows `known`, and the home up to the number `from`.
pub(super) fn moved(mounted: Vec<Access>, known: &BTreeMap<i64, Stand>, from: i64) -> Vec<Access> {
    let news = |access: &Access| {
        numbers(access).is_none_or(|(number, came)| came > from || known.get(&number) != Some(&stand(access)))
    };
    mounted.into_iter().filter(news).collect()
}

/// Those that a reader knows and that may not be seen any more, though they have not left the home: by what a token knows them, with
/// their names.
pub(super) fn hidden(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    home: HomeKind,
    known: &BTreeMap<i64, Stand>,
    shown: &[Access],
) -> Result<Vec<(i64, String)>, Error> {
    let shown: BTreeSet<i64> = shown.iter().filter_map(|access| Some(numbers(access)?.0)).collect();
    let gone = |mount: &Mount| known.contains_key(&mount.number) && !shown.contains(&mount.number);
    let all = tx.mounts(actor.id, home)?;
    let mut left: Vec<(i64, String)> =
        all.into_iter().filter(gone).map(|mount| (mount.number, mount.slug)).collect();
    if known.contains_key(&DIRECTORY) && !shown.contains(&DIRECTORY) {
        left.push((DIRECTORY, directory::SLUG.to_owned()));
    }
    Ok(left)
}

/// Changes what the actor keeps on it, which is his alone; what is the collection's own needs the right to change that.
pub(super) fn update(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    access: &Access,
    conditions: &Preconditions,
    change: &impl Fn(&mut Props) -> CollectionUpdate,
) -> Result<(), Error> {
    let Some(mounted) = access.mounted() else { return Err(Fault::Internal.into()) };
    let collection = access.collection();
    conditions::hold_collection(tx, actor, conditions, Some(access))?;
    let own_home =
        Place { owner: actor.handle.clone(), home: collection.home, slug: String::new(), id: None };
    collections::own_home(actor, &own_home)?;
    let mut props = collection.props.clone();
    let CollectionUpdate { transparent, time_zone, props: _ } = change(&mut props);
    collections::within_bounds(&props)?;
    if transparent.is_some() || time_zone.is_some() {
        let checked = access.need(crate::domain::acl::Privilege::WriteProperties)?;
        let update = CollectionUpdate { transparent, time_zone, props: None };
        // Under what the actor keeps on it is what its owner does.
        let of = Collection { props: mounted.under.clone(), ..checked.collection().clone() };
        tx.update_collection(&of, &update, &actor.origin(of.home))?;
    }
    if props != collection.props {
        let own = props.beyond(&mounted.under);
        tx.set_mount_props(actor.id, collection.home, &mounted.mount, &own)?;
    }
    Ok(())
}

/// Takes it out of the actor's home: that is what deleting it there means.
pub(super) fn leave(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    access: &Access,
    conditions: &Preconditions,
) -> Result<(), Error> {
    let Some(mounted) = access.mounted() else { return Err(Fault::Internal.into()) };
    let collection = access.collection();
    let own_home =
        Place { owner: actor.handle.clone(), home: collection.home, slug: String::new(), id: None };
    collections::own_home(actor, &own_home)?;
    conditions::hold_collection(tx, actor, conditions, Some(access))?;
    tx.remove_mount(actor.id, collection.home, &mounted.mount)?;
    invitations::answered(tx, actor, collection.id, State::Declined)
}

/// Gives it another name in the actor's home; tells whether something stood there.
pub(super) fn rename(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    source: &Access,
    what: &CollectionTransfer,
) -> Result<bool, Error> {
    let Some(mounted) = source.mounted() else { return Err(Fault::Internal.into()) };
    let collection = source.collection();
    conditions::hold_collection(tx, actor, &what.conditions, Some(source))?;
    if what.to.home != collection.home {
        return Err(
            Condition::CollectionLocationOk { card: collection.home == HomeKind::AddressBooks }.into()
        );
    }
    let replaced = collection_transfer::clear(tx, actor, what)?;
    tx.rename_mount(actor.id, collection.home, &mounted.mount, &what.to.slug)?;
    Ok(replaced)
}

/// Makes a place free at which none of the actor's own stands; tells whether something stood there.
pub(super) fn clear(tx: &mut WriteTx<'_>, actor: &Actor, what: &CollectionTransfer) -> Result<bool, Error> {
    let mounts = tx.mounts(actor.id, what.to.home)?;
    let Some(mount) = mounts.into_iter().find(|mount| mount.slug == what.to.slug) else {
        return Ok(false);
    };
    if !what.overwrite {
        return Err(Fault::PreconditionFailed.into());
    }
    tx.remove_mount(actor.id, what.to.home, &mount)?;
    invitations::answered(tx, actor, mount.collection, State::Declined)?;
    Ok(true)
}
