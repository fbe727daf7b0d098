//! Requests that may come again: who lost the answer asks once more under the same key, and gets it without anything being
//! done twice. What was done is noted in its own transaction, so that this holds across crashes and nodes.
//!
//! Knows neither header nor answer; `draft-ietf-httpapi-idempotency-key-header`.

use super::actor::Actor;
use crate::domain::fault::Fault;
use crate::store::{Error, ReadTx, WriteTx};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long what was done is remembered, in microseconds.
pub const LIFETIME: i64 = 24 * 3_600 * 1_000_000;

/// A request that its client may send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key that the client chose, its own for each request.
    pub key: String,
    /// Digest of all that the request asks.
    pub digest: String,
}

/// Does `work`, or tells what it did when it was asked for before. Only what succeeds is noted: what failed may be tried again.
pub(super) fn once<T: Serialize + DeserializeOwned>(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    request: Option<&Once>,
    work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let Some(request) = request else { return work(tx) };
    let now = tx.now();
    if let Some(done) = noted(tx, actor, request, now)? {
        return Ok(done);
    }
    let done = work(tx)?;
    let outcome = serde_json::to_string(&done).map_err(|_| Fault::Internal)?;
    tx.note(actor.id, &request.key, &request.digest, &outcome, now - LIFETIME)?;
    Ok(done)
}

/// What a request did when it came before; another one under its key is refused. `now` is in microseconds UTC.
pub(super) fn noted<T: DeserializeOwned>(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    request: &Once,
    now: i64,
) -> Result<Option<T>, Error> {
    let since = now - LIFETIME;
    let Some(noted) = tx.noted(actor.id, &request.key)?.filter(|noted| noted.at > since) else {
        return Ok(None);
    };
    if noted.digest != request.digest {
        return Err(Fault::KeyReused.into());
    }
    serde_json::from_str(&noted.outcome).map(Some).map_err(|error| {
        tracing::error!(%error, "what a request did cannot be read again");
        Fault::Internal.into()
    })
}
