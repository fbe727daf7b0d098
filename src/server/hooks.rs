//! The deliverer of webhooks: looks again and again for those that there is something to tell, claims them, and sends.
//!
//! A request never waits for any of it. Slow and dead targets hold nobody up but themselves: one message on its way for a webhook,
//! few webhooks of an account at a time, and a bounded time for each message. What is told, and what a failure means, is decided in
//! `services::deliveries`; where messages may go in `outbound`.

use crate::domain::id::PrincipalId;
use crate::domain::webhook::{Outcome, signature};
use crate::outbound::Poster;
use crate::rest::hook_messages;
use crate::services::deliveries::{After, Claim, Delivery};
use crate::services::{Core, Due};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinSet};

/// How often it is looked where nobody says otherwise.
pub const EVERY: Duration = Duration::from_secs(1);
/// Webhooks that are served at a time, on each node.
const AT_A_TIME: usize = 32;
/// Of these, webhooks of one account.
const OF_ONE: usize = 4;
/// Webhooks that one look finds.
const FOUND: i64 = 256;
/// Messages to one webhook before others have a turn.
const IN_A_ROW: usize = 16;

/// Delivers for as long as the runtime lives; looks so often whether there is something to tell.
pub async fn run(core: Core, poster: Poster, every: Duration) {
    let mut tasks = JoinSet::new();
    let mut busy: HashMap<Id, Due> = HashMap::new();
    let mut looked: Option<Instant> = None;
    loop {
        while let Some(ended) = tasks.try_join_next_with_id() {
            busy.remove(&ended_id(ended));
        }
        if busy.len() < AT_A_TIME && looked.is_none_or(|at| at.elapsed() >= every) {
            looked = Some(Instant::now());
            for due in due(&core).await {
                if busy.len() < AT_A_TIME && has_room(&busy, due) {
                    let task = tasks.spawn(serve(core.clone(), poster.clone(), due.webhook));
                    busy.insert(task.id(), due);
                }
            }
        }
        tokio::time::sleep(every / 4).await;
    }
}

fn ended_id(ended: Result<(Id, ()), tokio::task::JoinError>) -> Id {
    match ended {
        Ok((id, ())) => id,
        Err(error) => error.id(),
    }
}

/// Whether a webhook can be served now: it is not yet, and its account leaves room for others.
fn has_room(busy: &HashMap<Id, Due>, due: Due) -> bool {
    let of_owner = |owner: PrincipalId| busy.values().filter(|other| other.owner == owner).count();
    !busy.values().any(|other| other.webhook == due.webhook) && of_owner(due.owner) < OF_ONE
}

async fn due(core: &Core) -> Vec<Due> {
    match core.webhooks_due(FOUND).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "it cannot be looked for webhooks");
            Vec::new()
        }
    }
}

/// Tells one webhook what there is, if no other node does. A claim that is not given up for a fault ends by itself.
async fn serve(core: Core, poster: Poster, webhook: i64) {
    let outcome = async {
        let Some(claim) = core.claim_webhook(webhook).await? else { return Ok(()) };
        for _ in 0..IN_A_ROW {
            let Some(delivery) = core.next_delivery(&claim).await? else { return Ok(()) };
            if !deliver(&core, &poster, &claim, &delivery).await? {
                return Ok(());
            }
        }
        core.release_webhook(&claim).await
    };
    if let Err(fault) = outcome.await {
        tracing::warn!(webhook, %fault, "a webhook could not be served");
    }
}

/// Sends one message and notes what came of it; whether there may be more to send.
async fn deliver(
    core: &Core,
    poster: &Poster,
    claim: &Claim,
    delivery: &Delivery,
) -> Result<bool, crate::domain::fault::Fault> {
    let (at, begun) = (core.now(), Instant::now());
    let body = hook_messages::body(delivery);
    let outcome = poster.post(&delivery.url, &headers(delivery, at / 1_000_000, &body), &body).await;
    let took = begun.elapsed();
    note(delivery, outcome, took);
    match core.record_delivery(claim, delivery, outcome, at, took).await? {
        After::GoOn => Ok(true),
        After::Stop => Ok(false),
        After::Disabled(reason) => {
            metrics::counter!("webhooks_disabled_total").increment(1);
            tracing::warn!(webhook = delivery.webhook, reason, "a webhook was disabled");
            Ok(false)
        }
    }
}

/// The headers of the Standard Webhooks. `timestamp` is in seconds.
fn headers(delivery: &Delivery, timestamp: i64, body: &[u8]) -> [(&'static str, String); 3] {
    let signed =
        delivery.secrets.iter().filter_map(|secret| signature(secret, &delivery.id, timestamp, body));
    let signatures: Vec<String> = signed.collect();
    [
        ("Webhook-Id", delivery.id.clone()),
        ("Webhook-Timestamp", timestamp.to_string()),
        ("Webhook-Signature", signatures.join(" ")),
    ]
}

fn note(delivery: &Delivery, outcome: Outcome, took: Duration) {
    metrics::counter!("webhook_messages_total", "outcome" => outcome.name()).increment(1);
    metrics::histogram!("webhook_message_seconds").record(took.as_secs_f64());
    tracing::info!(
        webhook = delivery.webhook,
        message = delivery.id,
        outcome = outcome.name(),
        status = outcome.status(),
        micros = took.as_micros() as u64,
        "webhook"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_takes_its_share_and_no_more() {
        let mut tasks = JoinSet::new();
        let mut busy = HashMap::new();
        let due = |webhook, owner| Due { webhook, owner: PrincipalId(owner) };
        for webhook in 0..4 {
            assert!(has_room(&busy, due(webhook, 1)), "{webhook}");
            busy.insert(tasks.spawn(async {}).id(), due(webhook, 1));
        }
        assert!(!has_room(&busy, due(4, 1)));
        assert!(has_room(&busy, due(5, 2)));
        assert!(!has_room(&busy, due(0, 2)), "served already");
    }
}
