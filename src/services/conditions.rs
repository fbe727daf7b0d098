//! Holds the conditions of a request against its own resource and against all others that it names, inside its transaction and
//! before it writes.
//!
//! What the actor may not read has no state for him, just as what is not there: the two look alike. RFC 4918 §10.4, RFC 6578 §5.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::items::{self, token_of};
use super::projection::{self, Shown};
use super::{Core, fault, mounts, personal, teams};
use crate::domain::acl::Privilege;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::Etag;
use crate::domain::object::Object;
use crate::domain::precondition::{Known, Named, Preconditions, ResourceState};
use crate::store::{Error, ReadTx, Weight, WriteTx};

/// Conditions of a request to an item, or to the place of one, in `collection`.
pub(super) fn hold(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    conditions: &Preconditions,
    access: &Access,
    old: Option<&Object>,
) -> Result<(), Error> {
    if conditions.is_empty() {
        return Ok(());
    }
    let seen = match old {
        Some(old) if !access.sight().is_whole() => Some(personal::seen_tag(tx, access, old)?),
        _ => None,
    };
    let etag = seen.as_ref().or(old.map(|old| &old.etag));
    hold_item(tx, actor, conditions, access, etag, old)
}

/// Conditions of a request to a collection itself, which has no entity tag but a sync token; to the place of one where there is none.
pub(super) fn hold_collection(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    conditions: &Preconditions,
    collection: Option<&Access>,
) -> Result<(), Error> {
    if let Some(access) = collection
        && !conditions.names_others()
    {
        return Ok(items::hold_collection(tx, conditions, access)?);
    }
    let token = collection.map(|access| token_of(access, tx.epoch()).to_string());
    let own = ResourceState { sync_token: token.as_deref(), ..ResourceState::default() };
    conditions.check_with(own, ResourceState::default(), |named| known(tx, actor, named))
}

/// When what the actor reads was changed last, where that can be told: what others see of an item, and what is somebody's own in
/// it, changes without a change of the item.
pub fn known_change(actor: &Actor, access: &Access, object: &Shown) -> Option<i64> {
    let all_his =
        access.collection().owner == actor.id && access.sight().is_whole() && access.keeps().is_none();
    all_his.then_some(object.modified_at)
}

impl Core {
    /// Holds conditions that are all about resources by name.
    pub async fn hold_named(&self, actor: &Actor, conditions: Preconditions) -> Result<(), Fault> {
        if conditions.is_empty() {
            return Ok(());
        }
        let actor = actor.clone();
        let none = ResourceState::default();
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    conditions.check_with(none, none, |named| known(tx, &actor, named))
                })
                .await,
        )
    }

    /// Holds the conditions of a read against what it has read.
    pub async fn hold_for_read(
        &self,
        actor: &Actor,
        conditions: Preconditions,
        access: &Access,
        object: &Shown,
    ) -> Result<(), Fault> {
        if conditions.is_empty() {
            return Ok(());
        }
        let (actor, access, object) = (actor.clone(), access.clone(), object.clone());
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    hold_item(tx, &actor, &conditions, &access, Some(&object.etag), Some(&object))
                })
                .await,
        )
    }
}

fn hold_item(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    conditions: &Preconditions,
    access: &Access,
    etag: Option<&Etag>,
    old: Option<&Object>,
) -> Result<(), Error> {
    if !conditions.names_others() {
        return Ok(items::hold(tx, conditions, access, etag, old)?);
    }
    let token = token_of(access, tx.epoch()).to_string();
    let own = ResourceState {
        etag: etag.map(|etag| etag.0.as_str()),
        modified_at: old.map(|object| object.modified_at),
        schedule_tag: old.and_then(|object| object.schedule_tag.as_deref()),
        sync_token: None,
    };
    let parent = ResourceState { sync_token: Some(&token), ..ResourceState::default() };
    conditions.check_with(own, parent, |named| known(tx, actor, named))
}

/// What the actor may know of a resource.
fn known(tx: &mut ReadTx<'_>, actor: &Actor, named: &Named) -> Result<Known, Error> {
    let state = match &named.collection {
        None => home_state(tx, actor, named),
        Some(slug) => {
            let place = Place { owner: named.owner.clone(), home: named.home, slug: slug.clone(), id: None };
            member_state(tx, actor, &place, named.item.as_deref())
        }
    };
    match state {
        Err(Error::Fault(Fault::NotFound | Fault::Condition(Condition::NeedPrivileges { .. }))) => {
            Ok(Known::default())
        }
        other => other,
    }
}

fn member_state(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    place: &Place,
    item: Option<&str>,
) -> Result<Known, Error> {
    let access = access::find(tx, actor, place)?;
    let collection = access.need(Privilege::Read)?.collection();
    Ok(match item {
        None => {
            let token = token_of(&access, tx.epoch());
            Known { etag: None, sync_token: Some(token.to_string()) }
        }
        Some(name) => {
            let mut stored: Vec<Object> = tx.object(collection.id, name)?.into_iter().collect();
            personal::attach(tx, access.keeps(), &mut stored)?;
            let seen = stored.pop().and_then(|stored| projection::object(access.sight(), stored));
            Known { etag: seen.map(|object| object.etag.0.clone()), sync_token: None }
        }
    })
}

fn home_state(tx: &mut ReadTx<'_>, actor: &Actor, named: &Named) -> Result<Known, Error> {
    actor.reach(named.home)?;
    let owner = access::owner_of(tx, actor, &named.owner)?;
    if owner.id != actor.id {
        let all = tx.collections(owner.id, named.home)?;
        if access::visible(tx, actor, &owner, all)?.is_empty() && !teams::keeps(tx, actor, &owner)? {
            return Ok(Known::default());
        }
    }
    let state = tx.home(owner.id, named.home)?;
    let mounted = match owner.id == actor.id {
        true => mounts::beside(tx, actor, named.home, state.has_mounts)?,
        false => Vec::new(),
    };
    let token = mounts::token(owner.id, named.home, state.modseq, tx.epoch(), &mounted);
    Ok(Known { etag: None, sync_token: Some(token.to_string()) })
}
