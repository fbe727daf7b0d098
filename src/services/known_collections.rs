//! Collections by their ids, and all that an actor may know of: what a protocol needs whose addresses name no home.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::collections::CollectionDraft;
use super::idempotency::{Once, once};
use super::{Core, fault};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::precondition::Preconditions;
use crate::store::Weight;

impl Core {
    /// The collection with this id in a home of this kind, if the actor may know of it.
    pub async fn collection_by_id(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
    ) -> Result<Access, Fault> {
        if let Some(access) = actor.ahead.collection(home, id) {
            return Ok(access);
        }
        let access = self.collection_by_id_now(actor, home, id).await?;
        if self.freshen_among(actor, std::slice::from_ref(&access)).await {
            return self.collection_by_id_now(actor, home, id).await;
        }
        Ok(access)
    }

    async fn collection_by_id_now(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
    ) -> Result<Access, Fault> {
        let actor = actor.clone();
        fault(self.store.read(Weight::Point, move |tx| access::find_by_id(tx, &actor, home, id)).await)
    }

    /// The actor's own collections of a home, and those that others have granted to him or to a group that he is in.
    pub async fn known_collections(&self, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Fault> {
        let known = self.known_now(actor, home).await?;
        if self.freshen_among(actor, &known).await {
            return self.known_now(actor, home).await;
        }
        Ok(known)
    }

    async fn known_now(&self, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Fault> {
        let actor = actor.clone();
        fault(
            self.store
                .read(Weight::Scan, move |tx| {
                    actor.reach(home)?;
                    let owner = access::owner_of(tx, &actor, &actor.handle)?;
                    let own = tx.collections(actor.id, home)?;
                    let mut all = access::visible(tx, &actor, &owner, own)?;
                    all.extend(access::granted(tx, &actor, home)?);
                    Ok(all)
                })
                .await,
        )
    }

    /// Makes a collection in the actor's own home, and tells its id. Asked again under the same key, it only tells.
    pub async fn create_collection_once(
        &self,
        actor: &Actor,
        place: &Place,
        draft: CollectionDraft,
        request: Option<Once>,
    ) -> Result<CollectionId, Fault> {
        super::collections::within_bounds(&draft.props)?;
        let most = self.limits.collections;
        let (actor, place) = (actor.clone(), place.clone());
        let made = self.store.write(move |tx| {
            once(tx, &actor, request.as_ref(), |tx| {
                let none = Preconditions::default();
                super::collections::create(tx, &actor, &place, &draft, &none, most).map(|id| id.0)
            })
        });
        fault(made.await).map(CollectionId)
    }
}
