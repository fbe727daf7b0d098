//! Deleted collections: seen by their owner as long as they are kept, and put back with members, shares and numbers as they were.
//!
//! Numbers go on rising from where they stood, so that a sync token of before is good again and misses nothing.

use super::access;
use super::actor::Actor;
use super::idempotency::{Once, once};
use super::{Core, fault, teams};
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::store::{Deleted, Error, ReadTx, Weight, WriteTx};

/// Deleted collections that are told: the last ones.
const MOST: i64 = 1_000;

impl Core {
    /// The deleted collections of this kind of the actor, and of the groups that he keeps; the last one first.
    pub async fn deleted_collections(
        &self,
        actor: &Actor,
        home: HomeKind,
        kind: CollectionKind,
    ) -> Result<Vec<Deleted>, Fault> {
        actor.reach(home)?;
        let (id, scope) = (actor.id, actor.scope);
        let read = move |tx: &mut ReadTx<'_>| {
            let mut all = tx.deleted_collections(id, home, MOST)?;
            for group in teams::kept(tx, id)? {
                all.extend(tx.deleted_collections(group, home, MOST)?);
            }
            all.sort_by_key(|one| std::cmp::Reverse((one.at, one.collection.id.0)));
            all.truncate(usize::try_from(MOST).unwrap_or_default());
            Ok(all)
        };
        let mut all = fault(self.store.read(Weight::Scan, read).await)?;
        // One of birthdays is made anew, as it would be: there is nothing in it to be restored.
        all.retain(|one| one.collection.kind == kind && scope.takes(one.collection.id));
        all.retain(|one| !one.collection.is_birthdays());
        Ok(all)
    }

    /// Puts one back into the home that it was deleted from; under another name where something else has taken its own. Tells whether
    /// it has its own. A `request` that was answered is answered alike.
    pub async fn restore_collection(
        &self,
        actor: &Actor,
        home: HomeKind,
        kind: CollectionKind,
        id: CollectionId,
        request: Option<Once>,
    ) -> Result<bool, Fault> {
        actor.reach(home)?;
        let (actor, most) = (actor.clone(), self.limits.collections);
        // Made here, for the transaction may run again.
        let other = uuid::Uuid::now_v7().to_string();
        let restore = move |tx: &mut WriteTx<'_>| {
            once(tx, &actor, request.as_ref(), |tx| put_back(tx, &actor, home, kind, id, &other, most))
        };
        fault(self.store.write(restore).await)
    }
}

/// Puts a collection back, in a transaction; `other` is its name where its own is taken, `most` how many a home may have.
pub(super) fn put_back(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    home: HomeKind,
    kind: CollectionKind,
    id: CollectionId,
    other: &str,
    most: usize,
) -> Result<bool, Error> {
    let meant = |one: &Collection| one.home == home && one.kind == kind && !one.is_birthdays();
    let back = tx.deleted_collection(id)?.filter(meant).ok_or(Fault::NotFound)?;
    let owner = back.owner;
    if owner != actor.id && !teams::kept(tx, actor.id)?.contains(&owner) {
        return Err(Fault::NotFound.into());
    }
    tx.lock_home(owner, home)?;
    let back = tx.deleted_collection(id)?.filter(|one| one.owner == owner).ok_or(Fault::NotFound)?;
    // As making one: who may only change a part of the account changes no homes.
    let handle = actor.handle.clone();
    let place = access::Place { owner: handle, home, slug: back.slug.clone(), id: None };
    super::collections::own_home(actor, &place)?;
    if tx.collections(owner, home)?.len() >= most {
        return Err(Condition::QuotaNotExceeded.into());
    }
    let free =
        tx.collection(owner, home, &back.slug)?.is_none() && !tx.is_mounted_at(owner, home, &back.slug)?;
    tx.undelete_collection(&back, if free { &back.slug } else { other }, &actor.origin(home))?;
    Ok(free)
}
