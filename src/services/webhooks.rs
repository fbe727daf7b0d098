//! Webhooks as their owners see them: made, changed, tried, set back, removed. Only a login that opens all of an account does that, for
//! a webhook goes on without any login.
//!
//! A webhook is told of all calendars and address books that its owner may read, his own, those that others have granted to him, and those
//! that he has taken into his home, or of one that he may read. Where and how its messages are sent is no matter of this file:
//! `deliveries.rs`.

use super::access::{self, Access};
use super::actor::Actor;
use super::items::subject_of;
use super::{Core, fault, mounts};
use crate::domain::acl::Privilege;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, SyncToken};
use crate::domain::webhook::{Events, WebhookState, new_secret};
use crate::store::{Attempt, Error, KEPT_ATTEMPTS, NewWebhook, ReadTx, Stand, Webhook, Weight, WriteTx};

/// How long the secret before the last is good too, in microseconds.
const OLD_SECRET: i64 = 24 * 3_600 * 1_000_000;
/// Tokens that one request may set a webhook back to.
const MAX_TOKENS: usize = 1_000;
/// What stands between several tokens.
const BETWEEN: char = ',';

/// A webhook as its owner wants it.
#[derive(Debug, Clone)]
pub struct WebhookWish {
    /// Where messages go.
    pub url: String,
    /// The host of that.
    pub target: String,
    /// The one collection that it shall be about; all that he may read where there is none.
    pub about: Option<CollectionId>,
    /// The kinds of changes that it shall be told.
    pub events: Events,
}

/// A change of a webhook; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Another address, which was judged before, and its host.
    pub url: Option<(String, String)>,
    /// The kinds of changes that it shall want.
    pub events: Option<Events>,
    /// Active, or paused by its owner.
    pub paused: Option<bool>,
}

impl Core {
    /// The actor's webhooks, the oldest first.
    pub async fn webhooks(&self, actor: &Actor) -> Result<Vec<Webhook>, Fault> {
        actor.whole()?;
        let id = actor.id;
        fault(self.store.read(Weight::Point, move |tx| tx.webhooks(id)).await)
    }

    /// A webhook of the actor's.
    pub async fn webhook(&self, actor: &Actor, id: i64) -> Result<Webhook, Fault> {
        actor.whole()?;
        let actor = actor.clone();
        fault(self.store.read(Weight::Point, move |tx| own(tx, &actor, id)).await)
    }

    /// The last attempts at a webhook of the actor's, the latest first.
    pub async fn webhook_attempts(&self, actor: &Actor, id: i64) -> Result<Vec<Attempt>, Fault> {
        actor.whole()?;
        let actor = actor.clone();
        let read = self.store.read(Weight::Point, move |tx| {
            own(tx, &actor, id)?;
            tx.webhook_attempts(id, KEPT_ATTEMPTS)
        });
        fault(read.await)
    }

    /// Makes a webhook about one collection that the actor may read, or about all of them; tells its id and its secret. It is told
    /// what happens from now on. The address was judged before. `NotFound` where there is no such collection.
    pub async fn create_webhook(&self, actor: &Actor, wish: WebhookWish) -> Result<(i64, String), Fault> {
        actor.whole()?;
        let most = self.limits.webhooks;
        let (actor, secret) = (actor.clone(), new_secret());
        let WebhookWish { url, target, about, events } = wish;
        let new = NewWebhook { owner: actor.id, about, url, target, secret: secret.clone(), events };
        let made = self.store.write(move |tx| {
            tx.lock_webhooks(actor.id)?;
            if tx.webhooks(actor.id)?.len() >= most {
                return Err(Condition::QuotaNotExceeded.into());
            }
            // The homes' numbers first: what happens while the collections are read is looked for again.
            let seen = tx.home_numbers(actor.id)?;
            let stands = match about {
                None => {
                    let mut all = tx.stands(actor.id)?;
                    all.extend(readable_of_others(tx, &actor)?.iter().map(stand));
                    all
                }
                Some(id) => {
                    let access = readable(tx, &actor, id)?;
                    vec![stand(&access)]
                }
            };
            let id = tx.insert_webhook(&new, seen)?;
            for at in stands {
                tx.set_webhook_cursor(id, at)?;
            }
            Ok(id)
        });
        fault(made.await).map(|id| (id, secret))
    }

    /// Changes a webhook of the actor's. One that is made active again begins where it ended, with all failures forgotten.
    pub async fn change_webhook(
        &self,
        actor: &Actor,
        id: i64,
        change: WebhookChange,
    ) -> Result<Webhook, Fault> {
        self.with_webhook(actor, id, move |tx, webhook| {
            if let Some((url, target)) = &change.url {
                tx.set_webhook_url(id, url, target)?;
            }
            if let Some(events) = change.events {
                tx.set_webhook_events(id, events)?;
            }
            let Some(paused) = change.paused else { return Ok(()) };
            let state = if paused { WebhookState::Paused } else { WebhookState::Active };
            if webhook.state() != state {
                tx.set_webhook_state(id, state, None)?;
            }
            if paused { Ok(()) } else { tx.hurry_webhook(id) }
        })
        .await?;
        self.webhook(actor, id).await
    }

    /// Gives a webhook of the actor's another secret, and tells it. For a day messages are signed with both.
    pub async fn renew_webhook_secret(&self, actor: &Actor, id: i64) -> Result<String, Fault> {
        let secret = new_secret();
        let kept = secret.clone();
        self.with_webhook(actor, id, move |tx, _| {
            let until = tx.now() + OLD_SECRET;
            tx.set_webhook_secret(id, &kept, until)
        })
        .await?;
        Ok(secret)
    }

    /// Lets a trial message be sent once, whatever state the webhook is in; tells the message's id.
    pub async fn ping_webhook(&self, actor: &Actor, id: i64) -> Result<String, Fault> {
        let message = format!("{id}-ping-{:016x}", rand::random::<u64>());
        let kept = message.clone();
        self.with_webhook(actor, id, move |tx, _| tx.ping_webhook(id, &kept)).await?;
        Ok(message)
    }

    /// Sets a webhook back to sync tokens of collections, one or several with commas between them: what happened since is told again, as
    /// new messages.
    pub async fn replay_webhook(&self, actor: &Actor, id: i64, since: &str) -> Result<(), Fault> {
        let refused = || Fault::from(Condition::ValidSyncToken { card: false });
        let pieces: Vec<&str> = since.split(BETWEEN).collect();
        if pieces.len() > MAX_TOKENS {
            return Err(refused());
        }
        let tokens: Vec<SyncToken> = pieces
            .into_iter()
            .map(|text| SyncToken::parse(text).ok_or_else(refused))
            .collect::<Result<_, _>>()?;
        let owner = actor.clone();
        self.with_webhook(actor, id, move |tx, webhook| {
            let others = readable_of_others(tx, &owner)?;
            for token in &tokens {
                let back =
                    stand_of(tx, &owner, webhook, (token, &others))?.ok_or_else(|| Error::from(refused()))?;
                tx.set_webhook_cursor(id, back)?;
            }
            tx.rewind_webhook(id)
        })
        .await
    }

    /// Removes a webhook of the actor's with its secret and its attempts.
    pub async fn delete_webhook(&self, actor: &Actor, id: i64) -> Result<(), Fault> {
        actor.whole()?;
        let owner = actor.id;
        let gone = fault(self.store.write(move |tx| tx.delete_webhook(owner, id)).await)?;
        if gone { Ok(()) } else { Err(Fault::NotFound) }
    }

    /// Does something to a webhook of the actor's, in one transaction.
    async fn with_webhook(
        &self,
        actor: &Actor,
        id: i64,
        work: impl Fn(&mut WriteTx<'_>, &Webhook) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Fault> {
        actor.whole()?;
        let actor = actor.clone();
        let done = self.store.write(move |tx| {
            let webhook = own(tx, &actor, id)?;
            work(tx, &webhook)
        });
        fault(done.await)
    }
}

/// A webhook of the actor's; another's looks like none.
fn own(tx: &mut ReadTx<'_>, actor: &Actor, id: i64) -> Result<Webhook, Error> {
    tx.webhook(id)?.filter(|webhook| webhook.owner() == actor.id).ok_or(Error::Fault(Fault::NotFound))
}

/// A calendar or address book, wherever it is, for one who may read it.
pub(super) fn readable(tx: &mut ReadTx<'_>, actor: &Actor, id: CollectionId) -> Result<Access, Error> {
    let none = Error::Fault(Fault::NotFound);
    let Some(found) = tx.collection_by_id(id)? else { return Err(none) };
    let access = access::find_by_id(tx, actor, found.home, id)?;
    if is_told(&access) { Ok(access) } else { Err(none) }
}

/// What of others' is told of unasked: what was granted to the actor, or to a group of his, and what he has taken into his home, as far as he
/// may read it.
pub(super) fn readable_of_others(tx: &mut ReadTx<'_>, actor: &Actor) -> Result<Vec<Access>, Error> {
    let mut all: Vec<Access> = Vec::new();
    for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
        all.extend(access::granted(tx, actor, home)?);
        for access in mounts::shown(tx, actor, home)? {
            // What was granted by name is there already, with its place.
            if all.iter().all(|known| known.collection().id != access.collection().id) {
                all.push(access);
            }
        }
    }
    all.retain(is_told);
    Ok(all)
}

/// Whether it is a calendar or address book that the actor may read.
fn is_told(access: &Access) -> bool {
    let kind = access.collection().kind;
    matches!(kind, CollectionKind::Calendar | CollectionKind::AddressBook)
        && access.rights().has(Privilege::Read)
}

/// Where a collection of others' stands, which no home of the actor's tells of.
pub(super) fn stand(access: &Access) -> Stand {
    let of = access.collection();
    Stand { collection: of.id, modseq: of.modseq, alone: true, unborn: 0 }
}

/// What a token says of a collection that the webhook is about, his own or one of `others`; `None` for a token of anything else, or of
/// the future.
fn stand_of(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    webhook: &Webhook,
    (token, others): (&SyncToken, &[Access]),
) -> Result<Option<Stand>, Error> {
    // What follows the id is what he saw when he got the token.
    let id = token.subject.strip_prefix('c').and_then(|about| about.split('.').next()?.parse().ok());
    let Some(id) = id.map(CollectionId) else { return Ok(None) };
    if token.epoch != tx.epoch() || webhook.subject().is_some_and(|only| only != id) {
        return Ok(None);
    }
    let access = match readable(tx, actor, id) {
        Ok(access) if subject_of(id, access.sight()) == token.subject => access,
        Ok(_) | Err(Error::Fault(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let collection = access.collection();
    let own = collection.owner == actor.id;
    // What is open to everybody is told of where it is asked for by itself alone.
    let about = webhook.subject().is_some() || own || others.iter().any(|one| one.collection().id == id);
    let past = token.modseq <= collection.modseq;
    let alone = webhook.subject().is_some() || !own;
    Ok((about && past).then_some(Stand { collection: id, modseq: token.modseq, alone, unborn: 0 }))
}
