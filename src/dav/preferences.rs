//! Tells which preferences an answer follows. RFC 7240 §3, RFC 8144.

use super::request::Request;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, VARY};

/// Without what the client does not wait for.
pub const MINIMAL: &str = "return=minimal";
/// With what now stands there.
pub const REPRESENTATION: &str = "return=representation";
/// Members without their collection.
pub const NOROOT: &str = "depth-noroot";

const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Notes that an answer follows this preference.
pub fn applied(headers: &mut HeaderMap, preference: &str) {
    add(headers, APPLIED, preference);
    add(headers, VARY, "Prefer");
}

/// Notes `return=minimal` on an answer that is as short as it asks. Who only sends `Brief` gets no word on `Prefer`.
pub fn tell_minimal(method: &str, request: &Request<'_>, answer: &mut HttpResponse) {
    let by_brief = match (method, answer.status()) {
        ("PROPFIND" | "REPORT", StatusCode::MULTI_STATUS)
        | ("PROPPATCH", StatusCode::NO_CONTENT)
        | ("MKCOL" | "MKCALENDAR", StatusCode::CREATED) => true,
        ("PUT" | "COPY" | "MOVE", StatusCode::CREATED | StatusCode::NO_CONTENT)
            if !answer.headers().contains_key(APPLIED) =>
        {
            false
        }
        _ => return,
    };
    if request.prefers_minimal() {
        applied(answer.headers_mut(), MINIMAL);
    }
    if by_brief && request.minimal() {
        add(answer.headers_mut(), VARY, "Prefer");
        add(answer.headers_mut(), VARY, "Brief");
    }
}

/// Adds a word to the list in a header, unless it is there.
fn add(headers: &mut HeaderMap, name: HeaderName, word: &str) {
    let before = headers.get(&name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if before.split(',').any(|known| known.trim().eq_ignore_ascii_case(word)) {
        return;
    }
    let list = if before.is_empty() { word.to_owned() } else { format!("{before}, {word}") };
    if let Ok(value) = list.parse() {
        headers.insert(name, value);
    }
}
