//! Work that no request waits for. To add a piece: a function here and its line in [`start`].

use crate::services::Core;
use std::time::Duration;

/// How often old versions are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// Starts the workers on the calling runtime; they end with it.
pub fn start(core: &Core) {
    actix_web::rt::spawn(purge(core.clone()));
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
