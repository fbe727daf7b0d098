//! How long replaced and deleted things are kept. Their return is offered by REST. What requests did is forgotten here too.

use super::idempotency::LIFETIME;
use super::{Core, fault};
use crate::domain::fault::Fault;

/// Days that every version and every deleted collection is kept.
const KEEP_DAYS: i64 = 30;
/// The same in microseconds.
pub const KEEP: i64 = KEEP_DAYS * 86_400 * 1_000_000;
/// How long it is kept when a device was seen, microseconds.
const SEEN: i64 = 365 * 86_400 * 1_000_000;

impl Core {
    /// Removes what was replaced or deleted longer ago than it is kept; tells how many rows went.
    pub async fn purge(&self) -> Result<usize, Fault> {
        let before = self.now() - KEEP;
        let mut total = 0;
        loop {
            let rows = fault(self.store.write(move |tx| tx.purge_piece(before)).await)?;
            if rows == 0 {
                break;
            }
            total += rows;
        }
        self.purge_noted().await?;
        Ok(total)
    }

    /// Removes what was noted of requests whose keys are good no longer, and sessions that have ended.
    async fn purge_noted(&self) -> Result<(), Fault> {
        let before = self.now() - LIFETIME;
        while fault(self.store.write(move |tx| tx.purge_noted(before)).await)? > 0 {}
        let now = self.now();
        while fault(self.store.write(move |tx| tx.purge_sessions(now)).await)? > 0 {}
        let before = now - SEEN;
        fault(self.store.write(move |tx| tx.purge_devices(before)).await)?;
        Ok(())
    }
}
