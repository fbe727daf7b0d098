//! OPTIONS: what is allowed and which features there are. RFC 4918 §10.1, RFC 4791 §5.1, RFC 6352 §6.1.

use super::allow;
use crate::dav::FEATURES;
use crate::dav::href::Target;
use actix_web::HttpResponse;
use actix_web::http::header::ALLOW;

/// Answers for any target, whether or not something stands there.
pub fn answer(target: &Target) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ALLOW, allow(target)))
        .insert_header(("DAV", FEATURES))
        .insert_header(("Content-Length", "0"))
        .finish()
}
