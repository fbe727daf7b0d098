//! Work that no request waits for. To add a piece: a function here and its line in [`start`].

use super::{feeds, hooks, telemetry};
use crate::config::Config;
use crate::outbound::fetch::Fetcher;
use crate::outbound::{Poster, Targets};
use crate::services::Core;
use std::io;
use std::time::Duration;

/// How often old versions are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// How often keys are looked at: as long as a new one is published before it signs.
const KEYS_EVERY: Duration = Duration::from_secs(3600);

/// How often figures are summed up.
const FIGURES_EVERY: Duration = Duration::from_secs(5);

/// How often what was seen of devices and links is written, where it is due.
const SIGHTINGS_EVERY: Duration = Duration::from_secs(60);

/// Starts the workers on the calling runtime; they end with it.
pub fn start(core: &Core, config: &Config, targets: Targets) {
    actix_web::rt::spawn(purge(core.clone(), config.rights.audit_days));
    actix_web::rt::spawn(directory(core.clone()));
    actix_web::rt::spawn(keys(core.clone(), config.key_days));
    actix_web::rt::spawn(figures());
    match Poster::new(targets) {
        Ok(poster) => drop(actix_web::rt::spawn(hooks::run(core.clone(), poster, hooks::EVERY))),
        Err(error) => tracing::error!(%error, "no webhook is told anything: certificates cannot be read"),
    }
    match config.subscription_targets().map_err(io::Error::other).and_then(Fetcher::new) {
        Ok(fetcher) => drop(actix_web::rt::spawn(feeds::run(core.clone(), fetcher, feeds::EVERY))),
        Err(error) => tracing::error!(%error, "no subscribed calendar is read: certificates cannot be read"),
    }
    actix_web::rt::spawn(sightings(core.clone()));
    actix_web::rt::spawn(link_reads(core.clone()));
}

/// Keeps the figures small.
async fn figures() {
    loop {
        tokio::time::sleep(FIGURES_EVERY).await;
        telemetry::sum_up();
    }
}

/// Makes and forgets the keys that tokens are signed with, each when it is time.
async fn keys(core: Core, days: u32) {
    const DAY: i64 = 86_400 * 1_000_000;
    let age = (days > 0).then_some(i64::from(days) * DAY);
    loop {
        match core.tend_keys(age).await {
            Ok(true) => tracing::info!("signing keys were made or forgotten, for it was time"),
            Ok(false) => {}
            Err(fault) => tracing::warn!(%fault, "signing keys could not be looked after"),
        }
        tokio::time::sleep(KEYS_EVERY).await;
    }
}

/// Notes the cards of the directory that were never noted, as after an upgrade.
async fn directory(core: Core) {
    match core.fill_directory().await {
        Ok(0) => {}
        Ok(cards) => tracing::info!(cards, "cards of the directory were noted"),
        Err(fault) => tracing::warn!(%fault, "cards of the directory could not be noted"),
    }
}

/// Removes what has been kept long enough: for undo, and of the audit.
async fn purge(core: Core, audit_days: u32) {
    loop {
        if audit_days > 0 {
            match core.purge_audit(audit_days).await {
                Ok(0) => {}
                Ok(entries) => tracing::info!(entries, "old entries of the audit removed"),
                Err(fault) => tracing::warn!(%fault, "old entries of the audit could not be removed"),
            }
        }
        if let Err(fault) = core.purge_link_uses().await {
            tracing::warn!(%fault, "old reads of links could not be removed");
        }
        match core.forget_personal().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what people had of their own on others' items removed"),
            Err(fault) => tracing::warn!(%fault, "what people had of their own could not be removed"),
        }
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

/// Writes which links were read.
async fn link_reads(core: Core) {
    loop {
        tokio::time::sleep(SIGHTINGS_EVERY).await;
        if let Err(fault) = core.keep_link_reads().await {
            tracing::warn!(%fault, "which links were read could not be written");
        }
        if let Err(fault) = core.keep_link_uses().await {
            tracing::warn!(%fault, "from where links were read could not be written");
        }
    }
}
