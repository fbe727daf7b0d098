//! The reader of subscribed calendars: looks again and again for those whose time has come, claims them, fetches, and fills.
//!
//! No request waits for any of it. What a feed means is decided in `services::feeds`; where it may be in `outbound`. Addresses of feeds
//! may be secrets, and are not logged.

use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::subscription::Trouble;
use crate::outbound::fetch::{Fetched, Fetcher, Known};
use crate::services::Core;
use crate::services::feeds::{Came, Look};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How often it is looked where nobody says otherwise.
pub const EVERY: Duration = Duration::from_secs(5);
/// Feeds that are read at a time, on each node: each may hold a file and what it is made of.
const AT_A_TIME: usize = 2;
/// Feeds that one look finds.
const FOUND: i64 = 64;

/// Reads for as long as the runtime lives; looks so often whether there is something to read.
pub async fn run(core: Core, fetcher: Fetcher, every: Duration) {
    let mut tasks = JoinSet::new();
    loop {
        for feed in due(&core).await {
            while tasks.len() >= AT_A_TIME {
                tasks.join_next().await;
            }
            tasks.spawn(serve(core.clone(), fetcher.clone(), feed));
        }
        while tasks.join_next().await.is_some() {}
        tokio::time::sleep(every).await;
    }
}

async fn due(core: &Core) -> Vec<CollectionId> {
    match core.feeds_due(FOUND).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "it cannot be looked for subscriptions");
            Vec::new()
        }
    }
}

/// Looks at one feed, if no other node does. A claim that is not given up for a fault ends by itself.
async fn serve(core: Core, fetcher: Fetcher, feed: CollectionId) {
    match look(&core, &fetcher, feed).await {
        // The subscription went, or another node has it.
        Ok(()) | Err(Fault::NotFound) => {}
        Err(fault) => tracing::warn!(%feed, %fault, "a subscription could not be served"),
    }
}

async fn look(core: &Core, fetcher: &Fetcher, feed: CollectionId) -> Result<(), Fault> {
    let Some(look) = core.claim_feed(feed).await? else { return Ok(()) };
    let begun = Instant::now();
    let known = Known { etag: look.etag.clone(), modified: look.modified.clone() };
    let outcome = match fetcher.get(&look.url, &known).await {
        Ok(Fetched::Unchanged) => {
            core.feed_is_the_same(&look).await?;
            "unchanged"
        }
        Ok(Fetched::File { body, charset, known }) => {
            let came = Came { body, charset, etag: known.etag, modified: known.modified };
            match core.take_feed(&look, came).await? {
                Ok(taken) => {
                    let (written, removed, refused) = (taken.written, taken.removed, taken.refused);
                    tracing::info!(%feed, items = taken.items, written, removed, refused, "a subscription was read");
                    "read"
                }
                Err(trouble) => failed(core, &look, trouble).await?,
            }
        }
        Err(trouble) => failed(core, &look, trouble).await?,
    };
    metrics::counter!("subscription_fetches_total", "outcome" => outcome).increment(1);
    metrics::histogram!("subscription_fetch_seconds").record(begun.elapsed().as_secs_f64());
    Ok(())
}

async fn failed(core: &Core, look: &Look, trouble: Trouble) -> Result<&'static str, Fault> {
    tracing::info!(feed = %look.collection, trouble = trouble.name(), status = trouble.status(), "a subscription could not be read");
    core.feed_failed(look, trouble).await?;
    Ok(trouble.name())
}
