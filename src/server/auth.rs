//! From the Authorization header to an actor: judged for each request on its own, kept-alive or not.
//!
//! RFC 7617, RFC 6750. Passwords and tokens are never logged.

use crate::domain::fault::Fault;
use crate::services::opened::{Opened, Wanted};
use crate::services::{Actor, Core};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT, WWW_AUTHENTICATE};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Octets of a program's name that are kept.
const MAX_DEVICE: usize = 120;
/// Some programs leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// What is said to a request that came with a token which is none, or whose time is over. RFC 6750 §3.
const BAD_TOKEN: &str = "Bearer realm=\"Cenacle\", error=\"invalid_token\"";

/// The actor behind a request. Without a header that can be read nobody is.
pub async fn actor(core: &Core, headers: &HeaderMap) -> Result<Actor, Fault> {
    actor_for(core, headers, None).await.map(|(actor, _)| actor)
}

/// As [`actor`], with what the request is going to ask for, where that could be read together with the login.
pub async fn actor_for(
    core: &Core,
    headers: &HeaderMap,
    wanted: Option<Wanted<'_>>,
) -> Result<(Actor, Opened), Fault> {
    let header =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Fault::Unauthenticated)?;
    let (scheme, rest) = split(header).ok_or(Fault::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("basic") {
        let (login, password) = basic(rest.trim()).ok_or(Fault::Unauthenticated)?;
        core.log_in_for(&login, &password, device(headers), wanted).await
    } else if scheme.eq_ignore_ascii_case("bearer") {
        let actor = core.log_in_with_token(rest.trim(), device(headers)).await?;
        Ok((actor, Opened::default()))
    } else {
        Err(Fault::Unauthenticated)
    }
}

fn split(header: &str) -> Option<(&str, &str)> {
    header.trim().split_once(' ')
}

/// Says in a 401 that the token was no good, to who came with one; after the challenge for `Basic`, which others take.
pub fn challenge(request: &HeaderMap, answer: &mut HttpResponse) {
    let header = request.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_bearer = header.and_then(split).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if answer.status() != StatusCode::UNAUTHORIZED || !is_bearer {
        return;
    }
    let headers = answer.headers_mut();
    let others = |value: &&HeaderValue| !value.as_bytes().starts_with(b"Bearer");
    let others: Vec<HeaderValue> = headers.get_all(WWW_AUTHENTICATE).filter(others).cloned().collect();
    drop(headers.remove(WWW_AUTHENTICATE));
    for value in others.into_iter().chain([HeaderValue::from_static(BAD_TOKEN)]) {
        headers.append(WWW_AUTHENTICATE, value);
    }
}

/// Login and password; bytes that are not UTF-8 are taken for Latin-1, which old clients send.
fn basic(encoded: &str) -> Option<(String, String)> {
    let bytes = BASE64.decode(encoded).ok()?;
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|b| char::from(*b)).collect());
    let (login, password) = text.split_once(':')?;
    (!login.is_empty()).then(|| (login.to_owned(), password.to_owned()))
}

fn device(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(name.chars().filter(|c| !c.is_control()).take(MAX_DEVICE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_with_colons_and_accents() {
        assert_eq!(basic(&BASE64.encode("a:b:c")), Some(("a".into(), "b:c".into())));
        assert_eq!(basic(&BASE64.encode("é:ü")), Some(("é".into(), "ü".into())));
        assert_eq!(basic(&BASE64.encode(b"a:\xe9")), Some(("a".into(), "é".into())));
        for (encoded, password) in
            [("YTpi", "b"), ("YTpiYw", "bc"), ("YTpiYw==", "bc"), ("YTpiYw=", "bc"), ("YTpiY2Q", "bcd")]
        {
            assert_eq!(basic(encoded), Some(("a".into(), password.into())), "{encoded}");
        }
        for bad in ["", "!!", "YQ==", &BASE64.encode(":x")] {
            assert_eq!(basic(bad), None);
        }
    }
}
