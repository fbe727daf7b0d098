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
pub trait Pages<B: Buffer = String>: 'static {
    /// Bytes that are gathered at least before the status line is sent. None of a source that does something with each page, and tells it.
    const GATHERED: usize = SHORT;

    /// Appends the next page to `out`.
    fn next(&mut self, out: &mut B) -> impl Future<Output = Result<bool, Fault>>;
}

/// What a page is rendered into.
pub trait Buffer: Default + Into<Bytes> + 'static {
    /// Bytes that stand in it.
    fn bytes(&self) -> usize;
}

impl Buffer for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Buffer for Vec<u8> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// What an answer gathers at least before its status line is sent: shorter ones have a length, and go out in one piece.
const SHORT: usize = 64 * 1024;

/// Bytes that end a page: the item that goes beyond them is its last.
pub const PAGE: usize = 1024 * 1024;

/// Answers with all pages; `answer` has the status and the media type. The first ones are awaited before the status line, so that faults have their own status and short
/// answers their length.
pub async fn answer<B: Buffer, P: Pages<B>>(
    mut answer: HttpResponseBuilder,
    mut pages: P,
) -> Result<HttpResponse, Fault> {
    let mut first = B::default();
    let mut more = pages.next(&mut first).await?;
    while more && first.bytes() < P::GATHERED {
        more = pages.next(&mut first).await?;
    }
    let first: Bytes = first.into();
    if !more && first.len() <= pieces::WHOLE {
        return Ok(answer.body(first));
    }
    if !more {
        let length = first.len() as u64;
        return Ok(answer.body(SizedStream::new(length, patient(pieces::of(first)))));
    }
    Ok(answer.streaming(patient(chunks(first, pages))))
}

fn chunks<B: Buffer, P: Pages<B>>(
    first: Bytes,
    pages: P,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let state = (first, Some(pages));
    futures_util::stream::unfold(state, |(mut ready, mut pages)| async move {
        while ready.is_empty() {
            let mut source = pages.take()?;
            let mut out = B::default();
            match source.next(&mut out).await {
                Ok(more) => {
                    ready = out.into();
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
