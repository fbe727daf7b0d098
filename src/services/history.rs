//! How long replaced and deleted things are kept. Their return is offered by REST.

use super::{Core, fault};
use crate::domain::fault::Fault;

/// Days that every version and every deleted collection is kept.
const KEEP_DAYS: i64 = 30;

impl Core {
    /// Removes what was replaced or deleted longer ago than it is kept; tells how many rows went.
    pub async fn purge(&self) -> Result<usize, Fault> {
        let before = self.now() - KEEP_DAYS * 86_400 * 1_000_000;
        let mut total = 0;
        loop {
            let rows = fault(self.store.write(move |tx| tx.purge_piece(before)).await)?;
            if rows == 0 {
                return Ok(total);
            }
            total += rows;
        }
    }
}
