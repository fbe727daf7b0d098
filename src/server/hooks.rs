//! The deliverer of webhooks: looks again and again for those that there is something to tell, claims them, and sends.
//!
//! A request never waits for any of it. Slow and dead targets hold nobody up but themselves: which may be served beside which others is
//! decided in `seats.rs`, and each message has a bounded time. What is told, and what a failure means, is decided in
//! `services::deliveries`; where messages may go in `outbound`.

use super::seats::Seats;
use crate::domain::webhook::{Outcome, signature};
use crate::outbound::Poster;
use crate::rest::hook_messages;
use crate::services::deliveries::{After, Claim, Delivery};
use crate::services::{Core, Due};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinError, JoinSet};

/// How often it is looked where nobody says otherwise.
pub const EVERY: Duration = Duration::from_secs(1);
/// Webhooks that one look finds.
const FOUND: i64 = 1_024;
/// A look that takes its time is not repeated before so many times that: looking is never more than a twentieth of what a node does.
const REST: u32 = 20;
/// But not longer: a database that was away for once is asked again.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// Messages to one webhook before others have a turn.
const IN_A_ROW: usize = 16;

/// Delivers for as long as the runtime lives; looks so often whether there is something to tell.
pub async fn run(core: Core, poster: Poster, every: Duration) {
    let mut tasks = JoinSet::new();
    let mut seats = Seats::default();
    let mut waiting: VecDeque<Due> = VecDeque::new();
    let mut next_look = Instant::now();
    loop {
        while let Some(ended) = tasks.try_join_next_with_id() {
            seats.leave(ended_id(ended));
        }
        if next_look <= Instant::now() {
            let begun = Instant::now();
            // Who was not served yet is found again, at the place that is now his.
            waiting = due(&core).await.into();
            let took = begun.elapsed();
            metrics::histogram!("webhook_look_seconds").record(took.as_secs_f64());
            next_look = begun + every.max((took * REST).min(LONGEST_REST));
        }
        waiting.retain(|due| {
            let seated = seats.are_free_for(due, Instant::now());
            if seated {
                let task = tasks.spawn(serve(core.clone(), poster.clone(), due.webhook));
                seats.seat(task.id(), due.clone(), Instant::now());
            }
            !seated
        });
        // Whoever ends makes room at once; seats of quick ones also come free by time.
        let pause = next_look.saturating_duration_since(Instant::now()).min(every / 4);
        tokio::select! {
            Some(ended) = tasks.join_next_with_id() => seats.leave(ended_id(ended)),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn ended_id(ended: Result<(Id, ()), JoinError>) -> Id {
    match ended {
        Ok((id, ())) => id,
        Err(error) => error.id(),
    }
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
