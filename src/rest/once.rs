//! `Idempotency-Key`: a request that may be sent again. `draft-ietf-httpapi-idempotency-key-header`.

use super::problem::Refused;
use crate::services::idempotency::Once;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use sha2::{Digest, Sha256};

/// The header.
pub const KEY: &str = "Idempotency-Key";
/// Characters that a key may have.
const MOST: usize = 200;

/// The key of a request with this body, where it has one.
pub fn of(request: &HttpRequest, body: &[u8]) -> Result<Option<Once>, Refused> {
    let mut values = request.headers().get_all(KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || Refused::at(KEY, format!("must be one text of 1 to {MOST} visible characters"));
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if values.next().is_some()
        || key.is_empty()
        || key.len() > MOST
        || !key.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(wrong());
    }
    let media = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let query = request.query_string().as_bytes();
    let parts = [request.method().as_str().as_bytes(), request.path().as_bytes(), query, media, body];
    Ok(Some(Once { key: key.to_owned(), digest: digest(&parts) }))
}

/// Of the parts and of where each ends.
fn digest(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_key_stands_for_all_that_is_asked() {
        let make =
            |path: &str, key: &str| TestRequest::post().uri(path).insert_header((KEY, key)).to_http_request();
        let one = of(&make("/a?b", "k-1"), b"x").expect("a key").expect("a key");
        assert_eq!(of(&make("/a?b", "\"k-1\""), b"x").expect("a key"), Some(one.clone()));
        for (path, body) in [("/a?b", "y"), ("/a?c", "x"), ("/a", "bx")] {
            let other = of(&make(path, "k-1"), body.as_bytes()).expect("a key").expect("a key");
            assert_ne!(other.digest, one.digest, "{path} {body}");
        }
        for bad in ["", "a b", "é", &"x".repeat(MOST + 1), "\"\""] {
            assert!(of(&make("/a", bad), b"").is_err(), "{bad}");
        }
        assert_eq!(of(&TestRequest::post().uri("/a").to_http_request(), b"").expect("none"), None);
    }
}
