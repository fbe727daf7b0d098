//! Bodies of requests, limited while they are read. RFC 9110 §6.4.

use crate::domain::fault::{Condition, Fault};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use std::fs::File;
use std::io::{self, Write};
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

/// Octets of a body that wait for the disk.
const PIECE: usize = 1024 * 1024;

/// Reads a body to its end into a file without a name, up to `limit` bytes: what is too long to be held, and must be read from its end.
pub async fn read_to_file(payload: &mut Payload, limit: usize) -> Result<File, Fault> {
    let mut file = on_disk(tempfile::tempfile).await?;
    let (mut waiting, mut seen) = (Vec::new(), 0_usize);
    loop {
        let next = chunk(payload).await?;
        if let Some(chunk) = &next {
            seen += chunk.len();
            if seen > limit {
                return Err(Fault::TooLarge(limit as u64));
            }
            waiting.extend_from_slice(chunk);
        }
        if next.is_none() || waiting.len() >= PIECE {
            let piece = std::mem::take(&mut waiting);
            file = on_disk(move || file.write_all(&piece).map(|()| file)).await?;
        }
        if next.is_none() {
            return Ok(file);
        }
    }
}

/// Works on a file, on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|failed| Err(io::Error::other(failed)));
    done.map_err(|error| {
        tracing::error!(%error, "a body cannot be kept in a file");
        Fault::Internal
    })
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
