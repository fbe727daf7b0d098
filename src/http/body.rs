//! Bodies of requests, limited while they are read. RFC 9110 §6.4.

use crate::domain::fault::{Condition, Fault};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use std::time::Duration;

/// Bytes of a body that are read at all, and thrown away with the right precondition when it is an item too large.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// How long a client may pause within a body.
const PAUSE: Duration = Duration::from_secs(30);

/// The next piece of a body; a client that stops sending is not waited for.
async fn chunk(payload: &mut Payload) -> Result<Option<Bytes>, Fault> {
    let next = tokio::time::timeout(PAUSE, payload.next()).await;
    let next = next.map_err(|_| Fault::BadRequest("the body came too slowly".into()))?;
    next.transpose().map_err(|_| Fault::BadRequest("the body ended early".into()))
}

/// Reads a body to its end, up to `limit` bytes.
pub async fn read_body(payload: &mut Payload, limit: usize) -> Result<BytesMut, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = chunk(payload).await? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::TooLarge(limit as u64));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads an item's body; one that is too large is read on, so that the client sees the answer and its precondition.
pub async fn read_item(payload: &mut Payload, limit: u64, card: bool) -> Result<String, Fault> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = chunk(payload).await? {
        seen += chunk.len();
        if seen > MAX_BODY {
            return Err(Fault::TooLarge(MAX_BODY as u64));
        }
        if seen <= limit {
            body.extend_from_slice(&chunk);
        }
    }
    if seen > limit {
        return Err(Condition::MaxResourceSize { card, bytes: limit as u64 }.into());
    }
    String::from_utf8(body).map_err(|_| {
        let why = "the body is not UTF-8".to_owned();
        if card { Condition::ValidAddressData(why) } else { Condition::ValidCalendarData(why) }.into()
    })
}
