//! Work that no request waits for. To add a piece: a function here and its line in [`start`].

use super::{hooks, telemetry};
use crate::outbound::{Poster, Targets};
use crate::services::Core;
use std::time::Duration;

/// How often old versions are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// How often figures are summed up.
const FIGURES_EVERY: Duration = Duration::from_secs(5);

/// Starts the workers on the calling runtime; they end with it.
pub fn start(core: &Core, targets: Targets) {
    actix_web::rt::spawn(purge(core.clone()));
    actix_web::rt::spawn(figures());
    match Poster::new(targets) {
        Ok(poster) => drop(actix_web::rt::spawn(hooks::run(core.clone(), poster, hooks::EVERY))),
        Err(error) => tracing::error!(%error, "no webhook is told anything: certificates cannot be read"),
    }
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
