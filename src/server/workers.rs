//! Work that no request waits for. To add a piece: a function here and its line in [`start`].

use super::telemetry;
use crate::services::Core;
use std::time::Duration;

/// How often old versions are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// How often figures are summed up.
const FIGURES_EVERY: Duration = Duration::from_secs(5);

/// How often what was seen of devices is written, where it is due.
const SIGHTINGS_EVERY: Duration = Duration::from_secs(60);

/// Starts the workers on the calling runtime; they end with it.
pub fn start(core: &Core) {
    actix_web::rt::spawn(purge(core.clone()));
    actix_web::rt::spawn(figures());
    actix_web::rt::spawn(sightings(core.clone()));
}

/// Keeps the figures small.
async fn figures() {
    loop {
        tokio::time::sleep(FIGURES_EVERY).await;
        telemetry::sum_up();
    }
}

/// Removes what has been kept for undo long enough.
async fn purge(core: Core) {
    loop {
        match core.purge().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old versions removed"),
            Err(fault) => tracing::warn!(%fault, "old versions could not be removed"),
        }
        tokio::time::sleep(PURGE_EVERY).await;
    }
}

/// Writes when devices were last seen.
async fn sightings(core: Core) {
    loop {
        tokio::time::sleep(SIGHTINGS_EVERY).await;
        if let Err(fault) = core.keep_sightings().await {
            tracing::warn!(%fault, "what was seen of devices could not be written");
        }
    }
}
