//! What webhooks are told, and what becomes of it: read from the change log after a cursor for each collection, so that a message that
//! was not received is made once more, and a write costs nothing for being told of.
//!
//! At least once; in order within a collection, for a webhook has one message on its way at a time, on all nodes together. The owner's
//! right is decided at each message. Knows neither JSON nor how a message is sent.

use super::access::Access;
use super::actor::Actor;
use super::items::token_of;
use super::projection::{self, SyncItem};
use super::sieve::sift;
use super::sync::seen_changes;
use super::webhooks::{readable, readable_of_others, stand};
use super::{Core, fault};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, SyncToken};
use crate::domain::principal::PrincipalState;
use crate::domain::privacy::Policy;
use crate::domain::webhook::{About, Became, Events, Outcome, WebhookState, pause};
use crate::store::{Due, Error, ReadTx, Seen, Stand, Tried, Webhook, Weight, WriteTx};
use std::time::Duration;

/// When what may not be told now is looked at again, in microseconds: a right may come back.
const BARRED: i64 = 60 * 1_000_000;
/// Pages that are passed over in a row.
const PASSED: usize = 64;

/// A claim on a webhook: this node delivers, and no other.
#[derive(Debug, Clone)]
pub struct Claim {
    webhook: i64,
    name: String,
}

/// What a message says.
#[derive(Debug, Clone)]
pub enum Content {
    /// Nothing: a trial.
    Ping,
    /// What changed in a collection: at most one page.
    Changes {
        /// Which.
        collection: CollectionId,
        /// In which home it stands.
        home: HomeKind,
        /// The token before them.
        since: SyncToken,
        /// The token after them.
        token: SyncToken,
        /// In the order in which they happened; none where the collection itself changed.
        items: Vec<SyncItem>,
        /// Whether there are more already.
        more: bool,
    },
    /// A collection left the account, or its owner's sight: which of the two is not told.
    Removed {
        /// Which.
        collection: CollectionId,
    },
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The webhook.
    pub webhook: i64,
    /// Where to.
    pub url: String,
    /// What it is signed with: one secret, or two while one is replaced.
    pub secrets: Vec<String>,
    /// The message's id: the same whenever the same is sent again.
    pub id: String,
    /// What it says.
    pub content: Content,
    /// Of the webhook, when it was made.
    round: i64,
    moves: Move,
}

/// What is known of a webhook's progress once a message was received.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// Nothing: it was a trial.
    None,
    /// It was told of a collection up to a number.
    Cursor { from: Option<i64>, to: Stand },
    /// It knows that a collection is gone.
    Drop(Stand),
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// There may be more to tell.
    GoOn,
    /// Nothing more is told now.
    Stop,
    /// The server has given up, and why.
    Disabled(String),
}

/// What was found when a webhook was looked at.
enum Look {
    /// Something to tell.
    Tell(Box<Delivery>),
    /// Something that the webhook does not want: it is passed over.
    Pass(Move),
    /// All is told, up to here.
    Quiet { round: i64, seen: Seen },
    /// It may not be told what there is.
    Barred,
    /// The claim is lost, or the webhook gone.
    Lost,
}

impl Core {
    /// Webhooks that there may be something to tell, and that nobody delivers; those first that waited longest.
    pub async fn webhooks_due(&self, limit: i64) -> Result<Vec<Due>, Fault> {
        let now = self.now();
        fault(self.store.read(Weight::Point, move |tx| tx.webhooks_due(now, limit)).await)
    }

    /// Claims a webhook for this node; `None` where another was faster.
    pub async fn claim_webhook(&self, webhook: i64) -> Result<Option<Claim>, Fault> {
        let name = format!("{:032x}", rand::random::<u128>());
        let claim = Claim { webhook, name: name.clone() };
        let lease = micros(self.limits.webhook_lease);
        let done = self.store.write(move |tx| {
            let lease = tx.now() + lease;
            tx.claim_webhook(webhook, &name, lease)
        });
        Ok(fault(done.await)?.then_some(claim))
    }

    /// The next message of a claimed webhook. Where there is none the claim is given up. What the webhook does not want is passed over
    /// on the way, at most so much that others have a turn.
    pub async fn next_delivery(&self, claim: &Claim) -> Result<Option<Delivery>, Fault> {
        for _ in 0..PASSED {
            let (asked, most, now) = (claim.clone(), self.limits.webhook_changes, self.now());
            let privacy = self.privacy;
            let look = self.store.snapshot(move |tx| look(tx, &asked, privacy, most, now));
            let moves = match fault(look.await)? {
                Look::Pass(moves) => moves,
                other => return self.looked(claim, other).await,
            };
            let (claim, lease) = (claim.clone(), micros(self.limits.webhook_lease));
            let held = self.store.write(move |tx| {
                let lease = tx.now() + lease;
                let held = tx.hold_webhook(claim.webhook, &claim.name, lease)?;
                if held {
                    advance(tx, claim.webhook, moves)?;
                }
                Ok(held)
            });
            if !fault(held.await)? {
                return Ok(None);
            }
        }
        self.release_webhook(claim).await.map(|()| None)
    }

    /// Does what follows from a look.
    async fn looked(&self, claim: &Claim, look: Look) -> Result<Option<Delivery>, Fault> {
        let (id, name) = (claim.webhook, claim.name.clone());
        let done = match look {
            Look::Tell(delivery) => return Ok(Some(*delivery)),
            Look::Lost | Look::Pass(_) => return Ok(None),
            Look::Barred => {
                let release = self.store.write(move |tx| {
                    let later = tx.now() + BARRED;
                    tx.release_webhook(id, &name, Some(later))
                });
                release.await
            }
            Look::Quiet { round, seen } => {
                let release = self.store.write(move |tx| {
                    let held = tx.release_webhook(id, &name, None)?;
                    if held {
                        tx.webhook_has_seen(id, round, seen)?;
                    }
                    Ok(held)
                });
                release.await
            }
        };
        fault(done).map(|_| None)
    }

    /// Gives a claim up while there is more to tell, so that others have a turn.
    pub async fn release_webhook(&self, claim: &Claim) -> Result<(), Fault> {
        let Claim { webhook, name } = claim.clone();
        fault(self.store.write(move |tx| tx.release_webhook(webhook, &name, None)).await).map(|_| ())
    }

    /// Notes what came of a message that was sent at `at` (microseconds UTC) and took so long.
    pub async fn record_delivery(
        &self,
        claim: &Claim,
        delivery: &Delivery,
        outcome: Outcome,
        at: i64,
        took: Duration,
    ) -> Result<After, Fault> {
        let (claim, message, moves) = (claim.clone(), delivery.id.clone(), delivery.moves);
        let round = delivery.round;
        let (first, patience) = (self.limits.webhook_pause, micros(self.limits.webhook_patience));
        let lease = micros(self.limits.webhook_lease);
        let chance = rand::random::<f64>();
        let done = self.store.write(move |tx| {
            let (now, id) = (tx.now(), claim.webhook);
            let tried = Tried {
                message: &message,
                at,
                status: outcome.status(),
                outcome: outcome.name(),
                millis: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            };
            let Some(webhook) = tx.note_attempt(id, &claim.name, now + lease, tried)? else {
                return Ok(After::Stop);
            };
            if matches!(moves, Move::None) {
                tx.end_ping(id, &message)?;
                return Ok(After::GoOn);
            }
            if outcome.is_received() {
                // One that was set back meanwhile stays where it was set to, though it be where this message began.
                if webhook.round == round {
                    advance(tx, id, moves)?;
                }
                tx.set_webhook_failures(id, 0, None)?;
                return Ok(After::GoOn);
            }
            let failures = webhook.failures.saturating_add(1);
            let since = webhook.failing_since.unwrap_or(at);
            let next = now + micros(pause(first, failures.unsigned_abs(), chance));
            tx.release_webhook(id, &claim.name, Some(next))?;
            tx.set_webhook_failures(id, failures, Some(since))?;
            match given_up(outcome, now - since, patience) {
                // A pause of its owner's stands.
                Some(reason) if webhook.state() == WebhookState::Active => {
                    tx.set_webhook_state(id, WebhookState::Disabled, Some(reason))?;
                    Ok(After::Disabled(reason.to_owned()))
                }
                _ => Ok(After::Stop),
            }
        });
        fault(done.await)
    }
}

/// Why no further attempt is made, if that is so.
fn given_up(outcome: Outcome, failing: i64, patience: i64) -> Option<&'static str> {
    if outcome.is_gone() {
        Some("the target answered 410 Gone")
    } else if failing >= patience {
        Some("nothing could be delivered for too long")
    } else {
        None
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn advance(tx: &mut WriteTx<'_>, id: i64, moves: Move) -> Result<(), Error> {
    match moves {
        Move::None => Ok(()),
        Move::Cursor { from, to } => tx.move_webhook_cursor(id, from, to),
        Move::Drop(stand) => tx.drop_webhook_cursor(id, stand),
    }
}

/// Looks what there is to tell. Runs in a snapshot.
fn look(tx: &mut ReadTx<'_>, claim: &Claim, privacy: Policy, most: usize, now: i64) -> Result<Look, Error> {
    let Some(webhook) = tx.claimed_webhook(claim.webhook, &claim.name)? else { return Ok(Look::Lost) };
    let seen =
        Seen { calendars: webhook.calendars_seen, books: webhook.books_seen, sight: webhook.sight_seen };
    let quiet = Look::Quiet { round: webhook.round, seen };
    let owner = tx.principal(webhook.owner())?.filter(|owner| owner.state == PrincipalState::Active);
    let Some(owner) = owner else { return Ok(quiet) };
    if let Some(ping) = &webhook.ping {
        return Ok(tell(&webhook, now, ping.clone(), Content::Ping, Move::None));
    }
    if webhook.state() != WebhookState::Active || webhook.next_at > now {
        return Ok(quiet);
    }
    let actor = Actor { privacy, ..Actor::undoubted(owner.id, owner.handle, None) };
    match webhook.subject() {
        Some(id) => look_into(tx, &webhook, &actor, id, (most, now)),
        None => look_around(tx, &webhook, &actor, (most, now)),
    }
}

/// Looks into the one collection that a webhook is about. One that is not to be found, and one that the owner may no longer read,
/// say nothing.
fn look_into(
    tx: &mut ReadTx<'_>,
    webhook: &Webhook,
    actor: &Actor,
    id: CollectionId,
    bounds: (usize, i64),
) -> Result<Look, Error> {
    let access = match readable(tx, actor, id) {
        Ok(access) => access,
        Err(Error::Fault(_)) => return Ok(Look::Barred),
        Err(other) => return Err(other),
    };
    let from = tx.webhook_cursor(webhook.id, id)?;
    if from.is_some_and(|from| access.collection().modseq <= from.modseq) {
        // Its homes say nothing of it.
        let seen = Seen { calendars: 0, books: 0, sight: webhook.sight };
        return Ok(Look::Quiet { round: webhook.round, seen });
    }
    page(tx, webhook, &access, Cursor { from, alone: true }, bounds)
}

/// Looks around in all collections that the owner may read: first for those that left, then for the one of his own whose last change is
/// the oldest, or one of others'.
fn look_around(
    tx: &mut ReadTx<'_>,
    webhook: &Webhook,
    actor: &Actor,
    bounds: (usize, i64),
) -> Result<Look, Error> {
    let (calendars, books) = tx.home_numbers(actor.id)?;
    let (own, others) = (tx.stands(actor.id)?, readable_of_others(tx, actor)?);
    let foreign: Vec<Stand> = others.iter().map(stand).collect();
    let cursors = tx.webhook_cursors(webhook.id)?;
    let known = |all: &[Stand], id: CollectionId| all.iter().find(|one| one.collection == id).copied();
    let gone =
        |cursor: &&Stand| known(&own, cursor.collection).or(known(&foreign, cursor.collection)).is_none();
    if let Some(gone) = cursors.iter().find(gone) {
        let moves = Move::Drop(*gone);
        if !webhook.events().meets(Events::one(About::Collection, Became::Deleted)) {
            return Ok(Look::Pass(moves));
        }
        let id = format!("{}-{}-{}-{}-gone", webhook.id, webhook.round, gone.collection, gone.modseq);
        let content = Content::Removed { collection: gone.collection };
        return Ok(tell(webhook, bounds.1, id, content, moves));
    }
    // Whichever is first could keep the others waiting for as long as it changes, so that changes with the time of the last message.
    let others_first = webhook.last_at.is_some_and(|at| at % 2 == 1);
    let stands = if others_first { [foreign, own] } else { [own, foreign] };
    for stand in stands.into_iter().flatten() {
        let from = known(&cursors, stand.collection);
        // A webhook of before what others grant was told is told of it from now on.
        if stand.alone && from.is_none() && webhook.sight_seen < 0 {
            return Ok(Look::Pass(Move::Cursor { from: None, to: stand }));
        }
        if from.is_none_or(|from| stand.modseq > from.modseq) {
            let access = match others.iter().find(|one| one.collection().id == stand.collection) {
                Some(access) => access.clone(),
                None => readable(tx, actor, stand.collection)?,
            };
            return page(tx, webhook, &access, Cursor { from, alone: stand.alone }, bounds);
        }
    }
    let seen = Seen { calendars, books, sight: webhook.sight };
    Ok(Look::Quiet { round: webhook.round, seen })
}

/// Up to where a webhook was told of a collection, and how it is known that there is more.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    from: Option<Stand>,
    alone: bool,
}

/// A page of what changed in a collection after a number, as far as the webhook wants it.
fn page(
    tx: &mut ReadTx<'_>,
    webhook: &Webhook,
    access: &Access,
    Cursor { from, alone }: Cursor,
    (most, now): (usize, i64),
) -> Result<Look, Error> {
    // As in a first sync: what was gone before the webhook knew of the collection is not told.
    let (after, unborn) = from.map_or((0, i64::MAX), |from| (from.modseq, from.unborn));
    let collection = access.collection();
    let (mut items, page) = if access.sight().is_whole() {
        let mut page = tx.changes(collection.id, after, most, unborn)?.ok_or(Fault::NotFound)?;
        (projection::all_changes(std::mem::take(&mut page.items)), page)
    } else {
        seen_changes(tx, access.looker(), after, most, unborn)?
    };
    let unborn = match page.more {
        true => unborn.min(page.current),
        false => 0,
    };
    let to = Stand { collection: collection.id, modseq: page.modseq, alone, unborn };
    let moves = Move::Cursor { from: from.map(|from| from.modseq), to };
    // What is the receiver's own moves no webhook: a reader who goes on from here is told of it.
    let now_token = SyncToken { own: 0, ..token_of(access, tx.epoch()) };
    let mut id = format!("{}-{}-{}-{after}-{}", webhook.id, webhook.round, collection.id, page.modseq);
    if webhook.events() != Events::ALL {
        let span = (from.map(|from| from.modseq), page.modseq);
        let Some(wanted) = sift(tx, webhook.events(), access, span, items)? else {
            return Ok(Look::Pass(moves));
        };
        items = wanted;
        // With other wishes it would be another message.
        id.push_str(&format!("-{:x}", webhook.events().bits()));
    }
    let content = Content::Changes {
        collection: collection.id,
        home: collection.home,
        since: SyncToken { modseq: after, ..now_token.clone() },
        token: SyncToken { modseq: page.modseq, ..now_token },
        items,
        more: page.more,
    };
    Ok(tell(webhook, now, id, content, moves))
}

fn tell(webhook: &Webhook, now: i64, id: String, content: Content, moves: Move) -> Look {
    let old = webhook.old_secret.iter().filter(|_| webhook.old_secret_until > now);
    let secrets = std::iter::once(&webhook.secret).chain(old).cloned().collect();
    let url = webhook.url.clone();
    let round = webhook.round;
    Look::Tell(Box::new(Delivery { webhook: webhook.id, url, secrets, id, content, round, moves }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_given_up_when_it_says_so_or_fails_for_too_long() {
        let patience = micros(Duration::from_secs(60));
        assert_eq!(given_up(Outcome::Answered(500), patience - 1, patience), None);
        assert!(given_up(Outcome::Answered(500), patience, patience).is_some());
        assert!(given_up(Outcome::Answered(410), 0, patience).is_some());
    }
}
