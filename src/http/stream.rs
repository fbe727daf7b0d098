//! Long answers, a page in memory at a time.
//!
//! A page is read, rendered, handed to the client, and only then the next one is read: memory follows the page, and a slow
//! reader holds no database connection.

use super::pieces::{self, patient};
use crate::domain::fault::Fault;
use actix_web::body::SizedStream;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::Stream;
use std::future::Future;

/// A source of pages: renders the next one into the buffer; false when that was the last.
pub trait Pages: 'static {
    /// Appends the next page to `out`.
    fn next(&mut self, out: &mut String) -> impl Future<Output = Result<bool, Fault>>;
}

/// What an answer gathers at least before its status line is sent: shorter ones have a length, and go out in one piece.
const SHORT: usize = 64 * 1024;

/// Bytes that end a page: the item that goes beyond them is its last.
pub const PAGE: usize = 1024 * 1024;

/// Answers with all pages; `answer` has the status and the media type. The first ones are awaited before the status line, so that faults have their own status and short
/// answers their length.
pub async fn answer<P: Pages>(mut answer: HttpResponseBuilder, mut pages: P) -> Result<HttpResponse, Fault> {
    let mut first = String::with_capacity(8 * 1024);
    let mut more = true;
    while more && first.len() < SHORT {
        more = pages.next(&mut first).await?;
    }
    if !more && first.len() <= pieces::WHOLE {
        return Ok(answer.body(first));
    }
    if !more {
        let length = first.len() as u64;
        return Ok(answer.body(SizedStream::new(length, patient(pieces::of(first)))));
    }
    Ok(answer.streaming(patient(chunks(first, pages))))
}

fn chunks<P: Pages>(first: String, pages: P) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let state = (Bytes::from(first), Some(pages));
    futures_util::stream::unfold(state, |(mut ready, mut pages)| async move {
        while ready.is_empty() {
            let mut source = pages.take()?;
            let mut out = String::with_capacity(64 * 1024);
            match source.next(&mut out).await {
                Ok(more) => {
                    ready = Bytes::from(out);
                    pages = more.then_some(source);
                }
                Err(fault) => {
                    // The status is sent already: an answer cut off is the one honest sign left.
                    tracing::warn!(%fault, "a streamed answer was cut off");
                    return Some((Err(std::io::Error::other("cut off")), (Bytes::new(), None)));
                }
            }
        }
        let piece = pieces::first(&mut ready);
        Some((Ok(piece), (ready, pages)))
    })
}
