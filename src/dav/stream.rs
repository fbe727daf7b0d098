//! Long multistatus answers.

use crate::domain::fault::Fault;
use crate::http::stream::answer;
pub use crate::http::stream::{PAGE, Pages};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The media type of XML answers.
pub const XML: &str = "application/xml; charset=utf-8";

/// Answers 207 with all pages.
pub async fn multistatus<P: Pages>(pages: P) -> Result<HttpResponse, Fault> {
    let mut multistatus = HttpResponse::build(StatusCode::MULTI_STATUS);
    multistatus.content_type(XML);
    answer(multistatus, pages).await
}
