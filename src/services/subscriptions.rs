//! Subscribed remote calendars as those see them who have them: made, changed, looked at soon. The calendar that one fills is theirs to
//! name and to colour, and nobody's to write to: see `access.rs`. How it is filled stands in `feeds.rs`.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::collections::{self, CollectionDraft};
use super::idempotency::{Once, once};
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::domain::precondition::Preconditions;
use crate::domain::props::Props;
use crate::domain::subscription;
use crate::store::{CollectionUpdate, Error, ReadTx, Subscription, Weight, WriteTx};

/// A subscription with the calendar that it fills.
#[derive(Debug, Clone)]
pub struct Subscribed {
    /// The calendar.
    pub access: Access,
    /// Where it comes from.
    pub subscription: Subscription,
}

/// A change of a subscription; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionChange {
    /// Another address, which was judged before.
    pub url: Option<String>,
    /// Minutes between two looks; as the feed wants it where the inner one is `None`.
    pub refresh: Option<Option<i32>>,
}

impl Core {
    /// The actor's subscriptions, the oldest first.
    pub async fn subscriptions(&self, actor: &Actor) -> Result<Vec<Subscribed>, Fault> {
        actor.reach(HomeKind::Calendars)?;
        let actor = actor.clone();
        let read = move |tx: &mut ReadTx<'_>| {
            let mut all = Vec::new();
            for subscription in tx.subscriptions(actor.id)? {
                match access::find_by_id(tx, &actor, HomeKind::Calendars, subscription.collection()) {
                    Ok(access) => all.push(Subscribed { access, subscription }),
                    // The login does not open this one.
                    Err(Error::Fault(Fault::NotFound)) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(all)
        };
        fault(self.store.read(Weight::Point, read).await)
    }

    /// A subscription of the actor's.
    pub async fn subscription(&self, actor: &Actor, id: CollectionId) -> Result<Subscribed, Fault> {
        let actor = actor.clone();
        fault(self.store.read(Weight::Point, move |tx| own(tx, &actor, id)).await)
    }

    /// Makes a calendar that is filled from an address, which was judged before; tells its id. Asked again under the same key, it only tells.
    pub async fn create_subscription(
        &self,
        actor: &Actor,
        place: &Place,
        mut draft: CollectionDraft,
        (url, refresh): (&str, Option<i32>),
        request: Option<Once>,
    ) -> Result<CollectionId, Fault> {
        actor.reach(HomeKind::Calendars)?;
        subscription::mark(&mut draft.props);
        collections::within_bounds(&draft.props)?;
        let (most, most_of_them) = (self.limits.collections, self.limits.subscriptions);
        let (actor, place, url) = (actor.clone(), place.clone(), url.to_owned());
        let write = move |tx: &mut WriteTx<'_>| {
            once(tx, &actor, request.as_ref(), |tx| {
                let id = collections::create(tx, &actor, &place, &draft, &Preconditions::default(), most)?;
                if tx.subscriptions(actor.id)?.len() >= most_of_them {
                    return Err(Condition::QuotaNotExceeded.into());
                }
                tx.insert_subscription(id, &url, refresh)?;
                Ok(id.0)
            })
        };
        fault(self.store.write(write).await).map(CollectionId)
    }

    /// Changes where a subscription of the actor's comes from, how often it is looked at, and what it is called. `labels` may run several times.
    pub async fn change_subscription(
        &self,
        actor: &Actor,
        id: CollectionId,
        change: SubscriptionChange,
        labels: impl Fn(&mut Props) + Send + 'static,
    ) -> Result<Subscribed, Fault> {
        let by = actor.origin(HomeKind::Calendars);
        self.with_subscription(actor, id, move |tx, known| {
            let mut props = known.access.collection().props.clone();
            labels(&mut props);
            collections::within_bounds(&props)?;
            if props != known.access.collection().props {
                let update = CollectionUpdate { props: Some(props), ..CollectionUpdate::default() };
                tx.update_collection(known.access.collection(), &update, &by)?;
            }
            if let Some(url) = change.url.as_deref().filter(|url| **url != known.subscription.url) {
                tx.set_subscription_url(id, url)?;
                tx.set_subscription_next(id, 0)?;
            }
            if let Some(refresh) = change.refresh {
                tx.set_subscription_refresh(id, refresh)?;
            }
            Ok(())
        })
        .await?;
        self.subscription(actor, id).await
    }

    /// Lets a subscription of the actor's be looked at soon: not sooner after the last look than the server allows.
    pub async fn refresh_subscription(&self, actor: &Actor, id: CollectionId) -> Result<Subscribed, Fault> {
        let pause = i64::try_from(self.limits.subscription_pause.as_micros()).unwrap_or(i64::MAX);
        self.with_subscription(actor, id, move |tx, known| {
            let soonest = known.subscription.last_at.map_or(0, |last| last.saturating_add(pause));
            tx.set_subscription_next(id, soonest)
        })
        .await?;
        self.subscription(actor, id).await
    }

    /// Does something to a subscription of the actor's, in one transaction.
    async fn with_subscription(
        &self,
        actor: &Actor,
        id: CollectionId,
        work: impl Fn(&mut WriteTx<'_>, &Subscribed) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Fault> {
        let actor = actor.clone();
        let write = move |tx: &mut WriteTx<'_>| {
            tx.lock_home(actor.id, HomeKind::Calendars)?;
            let known = own(tx, &actor, id)?;
            known.access.need(Privilege::WriteProperties)?;
            work(tx, &known)
        };
        fault(self.store.write(write).await)
    }
}

/// A subscription of the actor's; another's looks like none.
fn own(tx: &mut ReadTx<'_>, actor: &Actor, id: CollectionId) -> Result<Subscribed, Error> {
    let access = access::find_by_id(tx, actor, HomeKind::Calendars, id)?;
    let found = if access.owner().id == actor.id { tx.subscription(id)? } else { None };
    let subscription = found.ok_or(Fault::NotFound)?;
    Ok(Subscribed { access, subscription })
}
