//! Writes by what the request saw: on a database server the state that was read together with the login decides, and the statement that
//! writes asks whether it still stands. One journey instead of two.
//!
//! Only in one's own home and only what is plain; anything doubtful goes the long way (`items.rs`), which alone refuses.

use super::access::{Access, Place};
use super::actor::Actor;
use super::admission::{self, Entering};
use super::items::{self, Stored};
use super::opened::Opened;
use super::projection::Shown;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::Collection;
use crate::domain::fault::Fault;
use crate::domain::object::{Draft, Object};
use crate::domain::precondition::{Preconditions, ResourceState};
use crate::store::{Error, WriteTx};
use crate::text::ical::CalendarIndex;
use std::sync::Arc;

/// What a request saw of its item and the collection, as far as that is enough to write by.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    access: Access,
    object: Option<Object>,
}

impl Seen {
    /// `None` where the conditions, the rights or the kind of database need the long way.
    pub fn of(core: &Core, actor: &Actor, opened: Opened, conditions: &Preconditions) -> Option<Self> {
        let Opened { collection: Some(access), object, .. } = opened else { return None };
        let object = object.map(Shown::into_inner);
        let plain = !core.store.is_embedded()
            && access.collection().owner == actor.id
            && conditions.if_lists.is_empty();
        let state = ResourceState {
            etag: object.as_ref().map(|object| object.etag.0.as_str()),
            modified_at: object.as_ref().map(|object| object.modified_at),
            schedule_tag: object.as_ref().and_then(|object| object.schedule_tag.as_deref()),
            sync_token: None,
        };
        let holds = plain && conditions.check(state, ResourceState::default()).is_ok();
        holds.then_some(Seen { access, object })
    }

    /// The collection, if the actor may put the draft into it and it takes it.
    fn takes(
        &self,
        draft: &Draft,
        index: Option<&CalendarIndex>,
        place: &Place,
        members: i64,
    ) -> Option<&Collection> {
        let old = self.object.as_ref();
        let privilege = if old.is_some() { Privilege::WriteContent } else { Privilege::Bind };
        let into = self.access.need(privilege).ok()?.collection();
        let entering = Entering { draft, index, old, uid_holder: None };
        let fits = old.is_none_or(|old| old.uid == draft.uid)
            && admission::fits(into, place, &entering).is_ok()
            && into.modseq < members;
        fits.then_some(into)
    }
}

impl Core {
    /// Writes the draft; `None` where that was not possible, or something has changed meanwhile: then nothing was written.
    pub(super) async fn put_as_seen(
        &self,
        actor: &Actor,
        place: &Place,
        seen: Seen,
        draft: &Arc<Draft>,
        index: Option<&CalendarIndex>,
    ) -> Result<Option<Stored>, Fault> {
        if seen.takes(draft, index, place, self.limits.members).is_none() {
            return Ok(None);
        }
        let (actor, draft, owner) = (actor.clone(), Arc::clone(draft), actor.handle.clone());
        let write = move |tx: &mut WriteTx<'_>| {
            let into = seen.access.collection();
            tx.lock_home(into.owner, into.home)?;
            unless_moved(items::write(tx, into, &draft, seen.object.as_ref(), &actor))
        };
        fault(self.store.write_home(&owner, write).await)
    }

    /// Removes the item; `None` as for [`Core::put_as_seen`].
    pub(super) async fn delete_as_seen(&self, actor: &Actor, seen: Seen) -> Result<Option<()>, Fault> {
        let Seen { access, object: Some(old) } = seen else { return Ok(None) };
        if access.need(Privilege::Unbind).is_err() {
            return Ok(None);
        }
        let (actor, owner) = (actor.clone(), actor.handle.clone());
        let write = move |tx: &mut WriteTx<'_>| {
            let from = access.collection();
            tx.lock_home(from.owner, from.home)?;
            unless_moved(tx.remove_object(from, &old, &actor.origin(from.home)))
        };
        fault(self.store.write_home(&owner, write).await)
    }
}

/// What is not found is not as it was seen.
fn unless_moved<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(Error::Fault(Fault::NotFound)) => Ok(None),
        other => other.map(Some),
    }
}
