//! Long multistatus answers, a page in memory at a time.
//!
//! A page is read, rendered, handed to the client, and only then the next one is read: memory follows the page, and a slow
//! reader holds no database connection.

use crate::domain::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::Stream;
use std::future::Future;

/// The media type of XML answers.
pub const XML: &str = "application/xml; charset=utf-8";

/// A source of pages: renders the next one into the buffer; false when that was the last.
pub trait Pages: 'static {
    /// Appends the next page to `out`.
    fn next(&mut self, out: &mut String) -> impl Future<Output = Result<bool, Fault>>;
}

/// Answers with all pages. The first two are awaited before the status line, so that faults have their own status and short
/// answers their length.
pub async fn multistatus<P: Pages>(mut pages: P) -> Result<HttpResponse, Fault> {
    let mut first = String::with_capacity(8 * 1024);
    let more = pages.next(&mut first).await?;
    let status = StatusCode::MULTI_STATUS;
    if !more {
        return Ok(HttpResponse::build(status).content_type(XML).body(first));
    }
    Ok(HttpResponse::build(status).content_type(XML).streaming(chunks(first, pages)))
}

fn chunks<P: Pages>(first: String, pages: P) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    futures_util::stream::unfold((Some(first), Some(pages)), |(ready, pages)| async move {
        if let Some(ready) = ready {
            return Some((Ok(Bytes::from(ready)), (None, pages)));
        }
        let mut pages = pages?;
        let mut out = String::with_capacity(64 * 1024);
        match pages.next(&mut out).await {
            Ok(more) => Some((Ok(Bytes::from(out)), (None, more.then_some(pages)))),
            Err(fault) => {
                // The status is sent already: an answer cut off is the one honest sign left.
                tracing::warn!(%fault, "a streamed answer was cut off");
                Some((Err(std::io::Error::other("cut off")), (None, None)))
            }
        }
    })
}
