//! Items: read, written, removed. The road that every door takes to the store.
//!
//! RFC 4791 §5.3.2, RFC 6352 §6.3.2, RFC 4918 §9.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::admission;
use super::as_seen::Seen;
use super::content::{self, Sent};
use super::idempotency::{Once, once};
use super::opened::Opened;
use super::personal::{self, Putting};
use super::projection::{self, Shown};
use super::{Core, conditions, fault, labour};
use crate::domain::acl::Privilege;
use crate::domain::collection::Collection;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, Etag, SyncToken};
use crate::domain::object::{Draft, ItemKind, Object};
use crate::domain::precondition::{Preconditions, ResourceState};
use crate::domain::privacy::Sight;
use crate::domain::props::Props;
use crate::store::{Error, ReadTx, Weight, WriteTx};
use crate::text::ical::CalendarIndex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Octets of some items of which a part may be hidden, that are answered together; a single one may be longer.
const MOST_SEEN: usize = 1024 * 1024;

/// What a protocol may ask of a write besides.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// What the item must be, and that which it replaces.
    pub kind: Option<ItemKind>,
    /// The key under which it may be asked for again.
    pub request: Option<Once>,
    /// Whether it is an older content, in which nothing is the writer's own unless the item is.
    pub past: bool,
    /// What was read of the place together with the login.
    pub opened: Opened,
}

/// What a write did, under which name: of a request that was asked for again the one that was given first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The item's name.
    pub name: String,
    /// What was done.
    pub stored: Stored,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Whether the item is new.
    pub created: bool,
    /// Its entity tag now: of the very bytes that were sent.
    pub etag: Etag,
    /// Its schedule tag, where it has one.
    pub schedule_tag: Option<String>,
    /// Whether who wrote it sees the very bytes that he sent.
    #[serde(default = "as_sent")]
    pub kept: bool,
}

fn as_sent() -> bool {
    true
}

/// The sync token of a collection at its present number, and that of what is the actor's own in it. Who comes to see more of it, or less, has another one from then on: what he
/// knows is no state of what he sees now.
pub fn token_of(access: &Access, epoch: &str) -> SyncToken {
    let collection = access.collection();
    SyncToken {
        epoch: epoch.to_owned(),
        subject: subject_of(collection.id, access.sight()),
        modseq: collection.modseq,
        own: access.keeps().map_or(0, |keeps| keeps.number),
    }
}

/// What the token of a collection is about.
pub(super) fn subject_of(collection: CollectionId, sight: Sight) -> String {
    if sight.is_whole() {
        format!("c{}", collection.0)
    } else {
        format!("c{}.{}", collection.0, sight.code())
    }
}

impl Core {
    /// An item and what the actor may do with it.
    pub async fn item(&self, actor: &Actor, place: &Place, name: &str) -> Result<(Access, Shown), Fault> {
        self.item_by(Weight::Point, actor, place, name).await
    }

    /// As [`Core::item`], of an item that is known to be large.
    pub async fn large_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
    ) -> Result<(Access, Shown), Fault> {
        self.item_by(Weight::Large, actor, place, name).await
    }

    async fn item_by(
        &self,
        weight: Weight,
        actor: &Actor,
        place: &Place,
        name: &str,
    ) -> Result<(Access, Shown), Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let found = self.store.read(weight, move |tx| {
            let access = access::find(tx, &actor, &place)?;
            let id = access.need(Privilege::Read)?.collection().id;
            let object = tx.object(id, &name)?.ok_or(Fault::NotFound)?;
            Ok((access, object))
        });
        let (access, object) = fault(found.await)?;
        let object = self.show(&access, object).await?;
        Ok((access, object))
    }

    /// As [`Core::item`], but of a large item only the bytes of its body.
    pub async fn handy_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
    ) -> Result<Result<(Access, Shown), usize>, Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let found = self.store.read(Weight::Point, move |tx| {
            let access = access::find(tx, &actor, &place)?;
            let id = access.need(Privilege::Read)?.collection().id;
            let object = tx.handy_object(id, &name)?.ok_or(Fault::NotFound)?;
            Ok(object.map(|object| (access, object)))
        });
        match fault(found.await)? {
            Err(bytes) => Ok(Err(bytes)),
            Ok((access, object)) => {
                let object = self.show(&access, object).await?;
                Ok(Ok((access, object)))
            }
        }
    }

    /// The items of the first of these names, at most some hundred, and how many names that are: all, unless some items are
    /// large. Those that do not exist are left out.
    pub async fn items_named(
        &self,
        access: &Access,
        names: Vec<String>,
    ) -> Result<(Vec<Shown>, usize), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let weight = if names.len() > 64 { Weight::Scan } else { Weight::Point };
        if !access.sight().is_whole() {
            return self.some_named(access, names).await;
        }
        let read = self.store.read(weight, move |tx| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            tx.objects_named(id, &names)
        });
        let (objects, served) = fault(read.await)?;
        Ok((self.show_all(access, objects).await?, served))
    }

    /// As [`Core::items_named`], for one from whom something may be hidden: how many are answered must not tell how long that is.
    async fn some_named(&self, access: &Access, names: Vec<String>) -> Result<(Vec<Shown>, usize), Fault> {
        let id = access.collection().id;
        let (mut seen, mut bytes, mut done): (Vec<Shown>, usize, usize) = (Vec::new(), 0, 0);
        while let Some(rest) = names.get(done..).filter(|rest| !rest.is_empty()) {
            let asked = rest.to_vec();
            let read = self.store.read(Weight::Scan, move |tx| {
                let names: Vec<&str> = asked.iter().map(String::as_str).collect();
                tx.objects_named(id, &names)
            });
            let (objects, served) = fault(read.await)?;
            let shown = self.show_all(access, objects).await?;
            let mut shown: HashMap<String, Shown> =
                shown.into_iter().map(|object| (object.name.clone(), object)).collect();
            for name in rest.iter().take(served.max(1)) {
                if let Some(object) = shown.remove(name) {
                    bytes = bytes.saturating_add(object.body.len());
                    if !seen.is_empty() && bytes > MOST_SEEN {
                        return Ok((seen, done));
                    }
                    seen.push(object);
                }
                done += 1;
            }
        }
        Ok((seen, done))
    }

    /// Writes an item, if the preconditions hold. The bytes are kept as they are.
    pub async fn put_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        sent: Sent,
        conditions: Preconditions,
    ) -> Result<Stored, Fault> {
        let named = self.put_item_on(actor, place, name, sent, conditions, Terms::default()).await?;
        Ok(named.stored)
    }

    /// As [`Core::put_item`], on terms of the protocol.
    pub async fn put_item_on(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        sent: Sent,
        conditions: Preconditions,
        terms: Terms,
    ) -> Result<Named, Fault> {
        let Terms { kind, request, past, mut opened } = terms;
        let of = match &opened.collection {
            Some(access) => access.collection().kind,
            None => self.collection_for_item(actor, place).await?.collection().kind,
        };
        if let (Some(access), None) = (&opened.collection, &opened.object) {
            opened.object = actor.ahead.object(access.collection().id, name);
        }
        let (name, limits) = (name.to_owned(), Arc::clone(&self.limits));
        let (draft, index) =
            labour::of(sent.body.len(), move || content::draft(&name, sent, of, &limits)).await??;
        if kind.is_some_and(|kind| kind != draft.kind) {
            let component = draft.kind.component().unwrap_or_default();
            return Err(Condition::SupportedCalendarComponent(component.to_owned()).into());
        }
        let draft = Arc::new(draft);
        let of_its_kind = opened.object.as_ref().is_none_or(|old| kind.is_none_or(|kind| kind == old.kind));
        if request.is_none()
            && of_its_kind
            && let Some(seen) = Seen::of(self, actor, opened, &conditions)
            && let Some(stored) = self.put_as_seen(actor, place, seen, &draft, index.as_ref()).await?
        {
            return Ok(Named { name: draft.name.clone(), stored });
        }
        let members = self.limits.members;
        let (actor, place, owner) = (actor.clone(), place.clone(), place.owner.clone());
        fault(
            self.store
                .write_home(&owner, move |tx| {
                    once(tx, &actor, request.as_ref(), |tx| {
                        put(tx, &actor, &place, &draft, index.as_ref(), &conditions, kind, members, past)
                    })
                })
                .await,
        )
    }

    /// The collection that an item is to be put into.
    async fn collection_for_item(&self, actor: &Actor, place: &Place) -> Result<Access, Fault> {
        self.collection(actor, place).await.map_err(|fault| match fault {
            // RFC 4918 §9.7.1; in another's home it stays indistinguishable from what is hidden.
            Fault::NotFound if place.owner == actor.handle && actor.scope.opens(place.home) => {
                Fault::Conflict("the collection does not exist")
            }
            other => other,
        })
    }

    /// Removes an item, if the preconditions hold.
    pub async fn delete_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        self.delete_opened_item(Opened::default(), actor, place, name, conditions).await
    }

    /// As [`Core::delete_item`], by one who has read something of the place together with his login.
    pub async fn delete_opened_item(
        &self,
        opened: Opened,
        actor: &Actor,
        place: &Place,
        name: &str,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        if let Some(seen) = Seen::of(self, actor, opened, &conditions)
            && let Some(()) = self.delete_as_seen(actor, seen).await?
        {
            return Ok(());
        }
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let owner = place.owner.clone();
        fault(
            self.store
                .write_home(&owner, move |tx| delete(tx, &actor, &place, &name, &conditions, None))
                .await,
        )
    }

    /// As [`Core::delete_item`], if it is of this kind.
    pub async fn delete_item_of(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let owner = place.owner.clone();
        let gone = self
            .store
            .write_home(&owner, move |tx| delete(tx, &actor, &place, &name, &conditions, Some(kind)));
        fault(gone.await)
    }

    /// Changes what clients keep on an item; its content stays.
    pub async fn update_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        conditions: Preconditions,
        change: impl Fn(&mut Props) + Send + 'static,
    ) -> Result<(), Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let owner = place.owner.clone();
        fault(
            self.store
                .write_home(&owner, move |tx| {
                    let (access, old, _) = access::find_item_for_change(tx, &actor, &place, &name, None)?;
                    let old = old.ok_or(Fault::NotFound)?;
                    projection::known(&access, &old)?;
                    let checked = access.need(Privilege::WriteProperties)?;
                    projection::touch(&access, &old, Privilege::WriteProperties)?;
                    conditions::hold(tx, &actor, &conditions, &access, Some(&old))?;
                    let mut props = old.props.clone();
                    change(&mut props);
                    super::collections::within_bounds(&props)?;
                    tx.set_object_props(checked.collection(), &old, &props, &actor.origin(place.home))
                })
                .await,
        )
    }
}

/// Writes a draft to its place, in a transaction.
#[allow(clippy::too_many_arguments, reason = "all that a write is judged by")]
pub(super) fn put(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    draft: &Draft,
    index: Option<&CalendarIndex>,
    conditions: &Preconditions,
    kind: Option<ItemKind>,
    members: i64,
    past: bool,
) -> Result<Named, Error> {
    let (access, old, uid_holder) =
        access::find_item_for_change(tx, actor, place, &draft.name, Some(&draft.uid))?;
    let old = old.as_ref();
    if let Some(keeps) = access.keeps() {
        let access = &access;
        let putting = Putting { access, place, draft, old, uid_holder, conditions, kind, members, past };
        return personal::put(tx, actor, keeps.whose, putting);
    }
    let into = may_put(tx, actor, &access, old, draft, conditions, kind)?;
    let uid_holder = known_holder(tx, &access, uid_holder)?;
    let entering = admission::Entering { draft, index, old, uid_holder };
    admission::admit(tx, into, place, entering, members)?;
    let stored = write(tx, into, draft, old, actor)?;
    Ok(Named { name: draft.name.clone(), stored })
}

/// The collection, if the actor may put a draft where `old` stands, and his conditions hold.
pub(super) fn may_put<'a>(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    access: &'a Access,
    old: Option<&Object>,
    draft: &Draft,
    conditions: &Preconditions,
    kind: Option<ItemKind>,
) -> Result<&'a Collection, Error> {
    // What is absent for him is not there, as far as he is told.
    let known = old.is_some_and(|old| projection::known(access, old).is_ok());
    let privilege = if known { Privilege::WriteContent } else { Privilege::Bind };
    let checked = access.need(privilege)?;
    if let Some(old) = old {
        projection::touch(access, old, privilege)?;
    }
    conditions::hold(tx, actor, conditions, access, old)?;
    projection::admit(access, draft, privilege)?;
    if let (Some(kind), Some(old)) = (kind, old)
        && old.kind != kind
    {
        return Err(Fault::Conflict("an item of another kind has this name").into());
    }
    Ok(checked.collection())
}

/// Removes an item from its place, in a transaction.
pub(super) fn delete(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    name: &str,
    conditions: &Preconditions,
    kind: Option<ItemKind>,
) -> Result<(), Error> {
    let (access, old, _) = access::find_item_for_change(tx, actor, place, name, None)?;
    let old = old.filter(|old| kind.is_none_or(|kind| kind == old.kind)).ok_or(Fault::NotFound)?;
    projection::known(&access, &old)?;
    let checked = access.need(Privilege::Unbind)?;
    projection::touch(&access, &old, Privilege::Unbind)?;
    conditions::hold(tx, actor, conditions, &access, Some(&old))?;
    tx.remove_object(checked.collection(), &old, &actor.origin(place.home))
}

/// The name of the item that has a UID, as the actor may be told it: an empty one where the item is absent for him.
pub(super) fn known_holder(
    tx: &mut ReadTx<'_>,
    access: &Access,
    holder: Option<String>,
) -> Result<Option<String>, Error> {
    let name = match holder {
        Some(name) if !access.sight().is_whole() => name,
        other => return Ok(other),
    };
    let stored = tx.object(access.collection().id, &name)?;
    let absent = stored.is_none_or(|stored| projection::known(access, &stored).is_err());
    Ok(Some(if absent { String::new() } else { name }))
}

/// Holds a request's conditions against the item and its collection, inside the transaction.
pub(super) fn hold(
    tx: &ReadTx<'_>,
    conditions: &Preconditions,
    access: &Access,
    etag: Option<&Etag>,
    old: Option<&Object>,
) -> Result<(), Fault> {
    if conditions.is_empty() {
        return Ok(());
    }
    let token = token_of(access, tx.epoch()).to_string();
    let own = ResourceState {
        etag: etag.map(|etag| etag.0.as_str()),
        modified_at: old.map(|object| object.modified_at),
        schedule_tag: old.and_then(|object| object.schedule_tag.as_deref()),
        sync_token: None,
    };
    conditions.check(own, ResourceState { sync_token: Some(&token), ..ResourceState::default() })
}

/// Holds a request's conditions against a collection itself, which has no entity tag but a sync token.
pub(super) fn hold_collection(
    tx: &ReadTx<'_>,
    conditions: &Preconditions,
    access: &Access,
) -> Result<(), Fault> {
    if conditions.is_empty() {
        return Ok(());
    }
    let token = token_of(access, tx.epoch()).to_string();
    let own = ResourceState { sync_token: Some(&token), ..ResourceState::default() };
    conditions.check(own, ResourceState::default())
}

/// Writes the draft and tells what was done.
pub(super) fn write(
    tx: &mut WriteTx<'_>,
    into: &Collection,
    draft: &Draft,
    old: Option<&Object>,
    actor: &Actor,
) -> Result<Stored, Error> {
    let written = tx.put_object(into, draft, old, &actor.origin(into.home))?;
    Ok(Stored {
        created: written.created,
        etag: draft.etag.clone(),
        schedule_tag: old.and_then(|old| old.schedule_tag.clone()),
        kept: true,
    })
}
