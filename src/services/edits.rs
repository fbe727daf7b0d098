//! Changes of an item's text: read, edited outside of any transaction, and stored if nobody was faster; else once more.
//!
//! Knows no form of items but text; what is edited, and how, is the caller's. RFC 9110 §13.1.1.

use super::access::{Access, Place};
use super::actor::Actor;
use super::batch::{Step, Undone};
use super::content::{Media, Sent};
use super::idempotency::{Once, noted, once};
use super::items::{Named, Stored, Terms};
use super::projection::Shown;
use super::{Core, fault, labour};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::object::ItemKind;
use crate::domain::personal::shared_of;
use crate::domain::precondition::{Preconditions, Tag, Tags};
use crate::store::Weight;
use std::sync::Arc;

/// Attempts where others keep changing the same item.
pub(super) const ATTEMPTS: usize = 8;

/// What an edit makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// Another text.
    Text(String),
    /// Another text, and a new item beside it: both are stored, or neither.
    Two {
        /// The new text of the item.
        text: String,
        /// The new item's name.
        name: String,
        /// The new item.
        beside: String,
    },
    /// Nothing: the item is removed.
    Gone,
}

/// An edit of a text; it may run several times, and refuses in the caller's words.
pub type Edit<E> = dyn Fn(&str) -> Result<Edited, E> + Send + Sync;

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The item; `None` where it was removed.
    pub item: Option<Named>,
    /// The new item beside it.
    pub beside: Option<Named>,
}

impl Done {
    /// Of what a batch tells, which is also what is noted.
    fn of(steps: Vec<Option<Named>>) -> Self {
        let mut steps = steps.into_iter();
        Done { item: steps.next().flatten(), beside: steps.next().flatten() }
    }
}

/// An item that is to be edited, and on which terms.
#[derive(Debug, Clone)]
pub struct Editing<'e> {
    /// Its collection.
    pub place: &'e Place,
    /// Its name.
    pub name: &'e str,
    /// What it must be.
    pub kind: ItemKind,
    /// Conditions on it.
    pub conditions: Preconditions,
    /// The key under which it may be asked for again.
    pub request: Option<Once>,
}

/// The condition that an item is still as it was seen.
pub(super) fn unmoved(object: &Shown) -> Preconditions {
    let seen = Tags::These(vec![Tag { weak: false, value: object.etag.0.clone() }]);
    Preconditions { if_match: Some(seen), ..Preconditions::default() }
}

/// What the text of an item in this home is.
pub(super) fn media_of(home: HomeKind) -> Media {
    match home {
        HomeKind::Calendars => Media::Calendar,
        HomeKind::AddressBooks => Media::Card,
    }
}

impl Core {
    /// Edits the text of an item, if the conditions hold. Inside: what the edit refused.
    pub async fn edit_item<E: Send + 'static>(
        &self,
        actor: &Actor,
        editing: Editing<'_>,
        edit: Arc<Edit<E>>,
    ) -> Result<Result<Done, E>, Fault> {
        let Editing { place, name, kind, conditions, request } = editing;
        if let Some(done) = self.done_before(actor, request.as_ref()).await? {
            return Ok(Ok(done));
        }
        for _ in 0..ATTEMPTS {
            let (access, object) = self.item(actor, place, name).await?;
            if object.kind != kind {
                return Err(Fault::NotFound);
            }
            // Who may only read changes what is his own on another's items; the write decides whether that is all.
            let own = access.keeps().is_some() && actor.scope.write;
            access.need(if own { Privilege::Read } else { Privilege::WriteContent })?;
            object.whole(Privilege::WriteContent)?;
            self.hold_for_read(actor, conditions.clone(), &access, &object).await?;
            let (edit, body) = (Arc::clone(&edit), object.body.clone());
            let edited = match labour::of(body.len(), move || edit(&body)).await? {
                Ok(edited) => edited,
                Err(refused) => return Ok(Err(refused)),
            };
            match self.store_edited(actor, &access, &object, edited, request.clone()).await {
                Err(Fault::PreconditionFailed) => {}
                other => return other.map(Ok),
            }
        }
        Err(Fault::Busy(1))
    }

    /// Stores what became of an item, if it is still as it was seen.
    async fn store_edited(
        &self,
        actor: &Actor,
        access: &Access,
        object: &Shown,
        edited: Edited,
        request: Option<Once>,
    ) -> Result<Done, Fault> {
        let (place, name, kind) = (access.place(), object.name.clone(), object.kind);
        let media = media_of(place.home);
        let conditions = unmoved(object);
        // What is noted or of two parts goes the way of a batch.
        let (text, second) = match edited {
            Edited::Gone if request.is_none() => {
                self.delete_item_of(actor, &place, &name, kind, conditions).await?;
                return Ok(Done { item: None, beside: None });
            }
            Edited::Gone => {
                let gone = Step::Delete { place, name, kind, conditions };
                return self.steps(actor, vec![gone], request).await;
            }
            Edited::Text(text) if text == object.body => {
                // As with a PUT of what one sees: where nothing in it is one's own, who may not write is told so.
                if let Err(refused) = access.need(Privilege::WriteContent)
                    && shared_of(&text).is_none()
                {
                    return Err(refused);
                }
                return self.left(actor, object, request).await;
            }
            Edited::Text(body) if request.is_none() => {
                let terms = Terms { kind: Some(kind), ..Terms::default() };
                let sent = Sent { body, media };
                let named = self.put_item_on(actor, &place, &name, sent, conditions, terms).await?;
                return Ok(Done { item: Some(named), beside: None });
            }
            Edited::Text(text) => (text, None),
            Edited::Two { text, name, beside } => (text, Some((name, beside))),
        };
        let put = |name: String, body: String, conditions: Preconditions| Step::Put {
            place: place.clone(),
            name,
            sent: Sent { body, media },
            kind,
            into: access.collection().kind,
            conditions,
        };
        let mut steps = vec![put(name, text, conditions)];
        if let Some((second, beside)) = second {
            let none = Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() };
            steps.push(put(second, beside, none));
        }
        self.steps(actor, steps, request).await
    }

    /// Does the steps of one edit: the first is about the item.
    async fn steps(&self, actor: &Actor, steps: Vec<Step>, request: Option<Once>) -> Result<Done, Fault> {
        let done = self.batch(actor, steps, request).await.map_err(|Undone { fault, .. }| fault)?;
        Ok(Done::of(done))
    }

    /// Notes that an item was left as it is.
    async fn left(&self, actor: &Actor, object: &Shown, request: Option<Once>) -> Result<Done, Fault> {
        let (etag, schedule_tag) = (object.etag.clone(), object.schedule_tag.clone());
        let named = Named {
            name: object.name.clone(),
            stored: Stored { created: false, etag, schedule_tag, kept: true },
        };
        let named = vec![Some(named)];
        if request.is_none() {
            return Ok(Done::of(named));
        }
        let actor = actor.clone();
        let write = move |tx: &mut crate::store::WriteTx<'_>| {
            once(tx, &actor, request.as_ref(), |_| Ok(named.clone()))
        };
        fault(self.store.write(write).await).map(Done::of)
    }

    /// What a request did when it came before. Asked ahead of its conditions: they held then, and need not hold any longer.
    async fn done_before(&self, actor: &Actor, request: Option<&Once>) -> Result<Option<Done>, Fault> {
        let Some(request) = request.cloned() else { return Ok(None) };
        let (actor, now) = (actor.clone(), self.now());
        let done = fault(self.store.read(Weight::Point, move |tx| noted(tx, &actor, &request, now)).await)?;
        Ok(done.map(Done::of))
    }
}
