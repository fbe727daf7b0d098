//! COPY and MOVE of whole calendars and address books, with all their members in one transaction.
//!
//! A collection that is replaced is deleted, so it can be restored for a time; the default collections of an account are
//! neither moved away nor replaced. RFC 4918 §9.8 and §9.9, RFC 3744 §7.3 (grants are not copied).

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::{Core, Limits, collections, conditions, fault, mounts, personal};
use crate::domain::acl::Privilege;
use crate::domain::birthdays;
use crate::domain::collection::{Collection, CollectionKind, HomeKind, NewCollection};
use crate::domain::fault::{Condition, Fault};
use crate::domain::invitation;
use crate::domain::precondition::Preconditions;
use crate::domain::subscription;
use crate::store::{Error, WriteTx};

/// What becomes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It goes to the other place.
    Move,
    /// It stays; its properties and all its members are copied.
    Copy,
    /// It stays; only its properties are copied (`Depth: 0`).
    CopyBare,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct CollectionTransfer {
    /// From where.
    pub from: Place,
    /// To where, in the actor's own home.
    pub to: Place,
    /// How.
    pub manner: Manner,
    /// Whether a collection at the target may be replaced.
    pub overwrite: bool,
    /// Conditions on the source, and on what they name.
    pub conditions: Preconditions,
}

impl Core {
    /// Copies or moves a collection; tells whether it replaced another one.
    pub async fn transfer_collection(&self, actor: &Actor, what: CollectionTransfer) -> Result<bool, Fault> {
        if what.from == what.to {
            return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Bind }.into());
        }
        let (limits, actor) = (self.limits.clone(), actor.clone());
        fault(
            self.store
                .write(move |tx| {
                    // Nobody's home is locked for one who may know nothing of what is in it.
                    access::find(tx, &actor, &what.from)?;
                    collections::own_home(&actor, &what.to)?;
                    let from = access::home_of(tx, &actor, &what.from)?;
                    access::lock_both(tx, from, (actor.id, what.to.home))?;
                    let source = access::find(tx, &actor, &what.from)?;
                    if what.manner == Manner::Move && source.mounted().is_some() {
                        return mounts::rename(tx, &actor, &source, &what);
                    }
                    access::still_of(&source, from.0)?;
                    let collection = transferable(&actor, &source, what.manner)?;
                    conditions::hold_collection(tx, &actor, &what.conditions, Some(&source))?;
                    if what.to.home != collection.home {
                        let card = collection.home == HomeKind::AddressBooks;
                        return Err(Condition::CollectionLocationOk { card }.into());
                    }
                    let replaced = clear(tx, &actor, &what)?;
                    match what.manner {
                        Manner::Move => {
                            let by = actor.origin(what.to.home);
                            tx.rename_collection(collection, actor.id, &what.to.slug, &by)?;
                        }
                        Manner::Copy => copy(tx, &actor, &source, &what.to, true, &limits)?,
                        Manner::CopyBare => copy(tx, &actor, &source, &what.to, false, &limits)?,
                    }
                    Ok(replaced)
                })
                .await,
        )
    }
}

/// The source, if the actor may do this with it.
fn transferable<'a>(actor: &Actor, source: &'a Access, manner: Manner) -> Result<&'a Collection, Fault> {
    if manner == Manner::Move {
        // A group's is handed over, with what that takes (`hand_over.rs`).
        if source.collection().owner != actor.id {
            let privilege = Privilege::Unbind;
            source.need(privilege)?;
            return Err(Condition::NeedPrivileges { href: String::new(), privilege }.into());
        }
        collections::deletable(source)?;
        return Ok(source.collection());
    }
    let collection = source.need(Privilege::Read)?.collection();
    if source.is_directory() {
        return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Bind }.into());
    }
    match collection.kind {
        CollectionKind::Calendar | CollectionKind::AddressBook => Ok(collection),
        // Inbox and outbox are one each.
        CollectionKind::Inbox | CollectionKind::Outbox | CollectionKind::Plain => {
            Err(Condition::ValidResourceType.into())
        }
    }
}

/// Makes the target free; tells whether something stood there.
pub(super) fn clear(tx: &mut WriteTx<'_>, actor: &Actor, what: &CollectionTransfer) -> Result<bool, Error> {
    let Some(old) = tx.collection(actor.id, what.to.home, &what.to.slug)? else {
        return mounts::clear(tx, actor, what);
    };
    if !what.overwrite {
        return Err(Fault::PreconditionFailed.into());
    }
    collections::not_default(&old)?;
    tx.delete_collection(&old, &actor.origin(what.to.home))?;
    Ok(true)
}

fn copy(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    source: &Access,
    to: &Place,
    members: bool,
    limits: &Limits,
) -> Result<(), Error> {
    // What is hidden from him he does not copy.
    let (keeps, source, hidden) = (source.keeps(), source.collection(), source.sight().hidden());
    if tx.collections(actor.id, to.home)?.len() >= limits.collections {
        return Err(Condition::QuotaNotExceeded.into());
    }
    let mut props = source.props.clone();
    // A copy is a calendar of one's own.
    subscription::unmark(&mut props);
    invitation::mark(&mut props, false);
    birthdays::unmark(&mut props);
    let new = NewCollection {
        owner: actor.id,
        home: to.home,
        kind: source.kind,
        slug: to.slug.clone(),
        is_default: false,
        components: source.components,
        transparent: source.transparent,
        time_zone: source.time_zone.clone(),
        props,
    };
    let by = actor.origin(to.home);
    let made = tx.insert_collection(&new, Some(&by))?;
    if !members {
        return Ok(());
    }
    // What was stored under wider limits is not stored again, as with a PUT of each.
    let extent = tx.extent(source.id)?;
    if extent.members > limits.members {
        return Err(Condition::QuotaNotExceeded.into());
    }
    if extent.largest > limits.resource_bytes {
        let card = source.home == HomeKind::AddressBooks;
        return Err(Condition::MaxResourceSize { card, bytes: limits.resource_bytes }.into());
    }
    tx.copy_members(source, made, &by, (hidden, keeps.map(|keeps| keeps.whose.of)))?;
    match keeps {
        Some(keeps) => personal::copy(tx, keeps.whose, made, &by, hidden),
        None => Ok(()),
    }
}
