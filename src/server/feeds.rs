//! The reader of subscribed calendars: looks again and again for those whose time has come, claims them, fetches, and fills.
//!
//! No request waits for any of it. What a feed means is decided in `services::feeds`; where it may be in `outbound`. Addresses of feeds
//! may be secrets, and are not logged.

use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::subscription::Trouble;
use crate::outbound::fetch::{Fetched, Fetcher, Known};
use crate::services::Core;
use crate::services::feeds::{Came, Look};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinSet};

/// How often it is looked where nobody says otherwise.
pub const EVERY: Duration = Duration::from_secs(5);
/// Feeds that are read at a time, on each node: each may hold a file and what it is made of.
const AT_A_TIME: usize = 8;
/// Of these, feeds of one account: slow ones keep nobody else waiting.
const OF_ONE: usize = 2;
/// Feeds that one look finds.
const FOUND: i64 = 256;

/// A feed with whose it is.
type Due = (CollectionId, PrincipalId);

/// Reads for as long as the runtime lives; looks so often whether there is something to read.
pub async fn run(core: Core, fetcher: Fetcher, every: Duration) {
    let mut tasks = JoinSet::new();
    let mut busy: HashMap<Id, Due> = HashMap::new();
    loop {
        while let Some(ended) = tasks.try_join_next_with_id() {
            busy.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
        if busy.len() < AT_A_TIME {
            for due in due(&core).await {
                if has_room(&busy, due) {
                    let task = tasks.spawn(serve(core.clone(), fetcher.clone(), due.0));
                    busy.insert(task.id(), due);
                }
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// Whether a feed can be read now: it is not yet, and its account leaves room for others.
fn has_room(busy: &HashMap<Id, Due>, (feed, owner): Due) -> bool {
    let of_owner = busy.values().filter(|(_, other)| *other == owner).count();
    busy.len() < AT_A_TIME && of_owner < OF_ONE && !busy.values().any(|(other, _)| *other == feed)
}

async fn due(core: &Core) -> Vec<Due> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_takes_its_share_and_no_more() {
        let mut tasks = JoinSet::new();
        let mut busy = HashMap::new();
        let due = |feed, owner| (CollectionId(feed), PrincipalId(owner));
        for feed in 0..2 {
            assert!(has_room(&busy, due(feed, 1)), "{feed}");
            busy.insert(tasks.spawn(async {}).id(), due(feed, 1));
        }
        assert!(!has_room(&busy, due(2, 1)));
        assert!(has_room(&busy, due(3, 2)));
        assert!(!has_room(&busy, due(0, 2)), "read already");
        for feed in 10..16 {
            busy.insert(tasks.spawn(async {}).id(), due(feed, feed));
        }
        assert!(!has_room(&busy, due(3, 2)), "all places are taken");
    }
}
