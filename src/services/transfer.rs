//! COPY and MOVE of items: a tombstone in one collection, a new member in the other, in one transaction.
//!
//! RFC 4918 §9.8 and §9.9, RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1.

use super::access::{self, Place};
use super::actor::Actor;
use super::admission;
use super::content::{self, Media, Sent};
use super::idempotency::{Once, once};
use super::items::{self, Named};
use super::personal::{self, Carried};
use super::{Core, Limits, conditions, fault, projection};
use crate::domain::acl::Privilege;
use crate::domain::collection::CollectionKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::object::ItemKind;
use crate::domain::precondition::Preconditions;
use crate::store::{Error, WriteTx};

/// An item's place: the collection and the name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPlace {
    /// The collection.
    pub place: Place,
    /// The name, decoded.
    pub name: String,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// From where.
    pub from: ItemPlace,
    /// To where.
    pub to: ItemPlace,
    /// Whether the source goes away.
    pub moves: bool,
    /// Whether an item at the target may be replaced.
    pub overwrite: bool,
    /// What the item must be, where the protocol says so.
    pub kind: Option<ItemKind>,
    /// Conditions on the source, and on what they name.
    pub conditions: Preconditions,
    /// The key under which it may be asked for again.
    pub request: Option<Once>,
}

impl Core {
    /// Copies or moves an item; tells its name at the target.
    pub async fn transfer(&self, actor: &Actor, what: Transfer) -> Result<Named, Fault> {
        if what.from == what.to {
            return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Bind }.into());
        }
        let (limits, actor, owner) = (self.limits.clone(), actor.clone(), what.to.place.owner.clone());
        fault(
            self.store
                .write_home(&owner, move |tx| {
                    once(tx, &actor, what.request.as_ref(), |tx| transfer(tx, &actor, &what, &limits))
                })
                .await,
        )
    }
}

/// The transfer, in its transaction.
pub(super) fn transfer(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    what: &Transfer,
    limits: &Limits,
) -> Result<Named, Error> {
    let from = access::home_of(tx, actor, &what.from.place)?;
    let to = access::home_of(tx, actor, &what.to.place).map_err(no_parent)?;
    access::lock_both(tx, from, to)?;
    let source = access::find(tx, actor, &what.from.place)?;
    let target = access::find(tx, actor, &what.to.place).map_err(no_parent)?;
    access::still_of(&source, from.0)?;
    access::still_of(&target, to.0)?;
    let old = tx
        .object(source.need(Privilege::Read)?.collection().id, &what.from.name)?
        .filter(|old| what.kind.is_none_or(|kind| kind == old.kind))
        .ok_or(Fault::NotFound)?;
    projection::touch(&source, &old, if what.moves { Privilege::Unbind } else { Privilege::Read })?;
    conditions::hold(tx, actor, &what.conditions, &source, Some(&old))?;
    let taken = tx.object(target.collection().id, &what.to.name)?;
    let known = taken.as_ref().is_some_and(|other| projection::known(&target, other).is_ok());
    if known && !what.overwrite {
        return Err(Fault::PreconditionFailed.into());
    }
    let privilege = if known { Privilege::WriteContent } else { Privilege::Bind };
    let into = target.need(privilege)?.collection();
    if let Some(other) = &taken {
        projection::touch(&target, other, privilege)?;
    }
    if into.kind != source.collection().kind {
        let card = into.kind == CollectionKind::AddressBook;
        return Err(Condition::WrongKindOfCollection { card }.into());
    }
    let Carried { body, own } = personal::carried(tx, (&source, &target), &old)?;
    let sent = Sent { body, media: Media::Unsaid };
    let (draft, index) = content::draft(&what.to.name, sent, into.kind, limits)?;
    projection::admit(&target, &draft, privilege)?;
    if let Some(other) = &taken {
        admission::keeps_uid(into.kind, &what.to.place, &draft, (&other.uid, &other.name))?;
    }
    if what.moves {
        // First, so that the UID is free when both are in one collection.
        let from = source.need(Privilege::Unbind)?.collection();
        tx.remove_object(from, &old, &actor.origin(from.home))?;
    }
    if let Some(other) = &taken {
        tx.remove_object(into, other, &actor.origin(into.home))?;
    }
    let uid_holder = tx.name_of_uid(into.id, &draft.uid)?;
    let uid_holder = items::known_holder(tx, &target, uid_holder)?;
    let entering = admission::Entering { draft: &draft, index: index.as_ref(), old: None, uid_holder };
    admission::admit(tx, into, &what.to.place, entering, limits.members)?;
    let mut stored = items::write(tx, into, &draft, None, actor)?;
    if !old.props.to_json().is_empty() {
        let fresh = tx.object(into.id, &what.to.name)?.ok_or(Fault::NotFound)?;
        tx.set_object_props(into, &fresh, &old.props, &actor.origin(into.home))?;
    }
    if let Some((whose, own)) = own {
        let before = tx.personal_on(whose, &[&draft.uid])?.pop();
        if before.map_or(!own.overlay.is_empty(), |(_, before)| before.etag != own.etag) {
            tx.set_personal(whose, &draft.uid, &own)?;
        }
    }
    if target.keeps().is_some()
        && let Some(fresh) = tx.object(into.id, &what.to.name)?
    {
        stored.etag = personal::seen_tag(tx, &target, &fresh)?;
    }
    stored.created = taken.is_none();
    Ok(Named { name: what.to.name.clone(), stored })
}

/// A target collection that is not there is a conflict, not an absent resource (RFC 4918 §9.8.5).
fn no_parent(error: Error) -> Error {
    match error {
        Error::Fault(Fault::NotFound) => Fault::Conflict("the target collection does not exist").into(),
        other => other,
    }
}
