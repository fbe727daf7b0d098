//! From the Authorization header to an actor: judged for each request on its own, kept-alive or not.
//!
//! RFC 7617, RFC 6750. Passwords and tokens are never logged.

use crate::domain::fault::Fault;
use crate::services::opened::{Opened, Wanted};
use crate::services::{Actor, Core};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Octets of a program's name that are kept.
const MAX_DEVICE: usize = 120;

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
    let (scheme, rest) = header.trim().split_once(' ').ok_or(Fault::Unauthenticated)?;
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

/// Login and password; bytes that are not UTF-8 are taken for Latin-1, which old clients send.
fn basic(encoded: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(encoded).ok()?;
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
        assert_eq!(basic(&STANDARD.encode("a:b:c")), Some(("a".into(), "b:c".into())));
        assert_eq!(basic(&STANDARD.encode("é:ü")), Some(("é".into(), "ü".into())));
        assert_eq!(basic(&STANDARD.encode(b"a:\xe9")), Some(("a".into(), "é".into())));
        for bad in ["", "!!", "YQ==", &STANDARD.encode(":x")] {
            assert_eq!(basic(bad), None);
        }
    }
}
