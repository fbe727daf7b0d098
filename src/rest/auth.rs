//! Tokens for programs: logging in, renewing, revoking. The names in here are those of OAuth, so that its libraries can be used.
//!
//! RFC 6749 §4.3, §5.1, §6; RFC 7009. `Idempotency-Key` is refused: answers hold secrets, which are not kept.

use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, once};
use crate::domain::fault::Fault;
use crate::http::body::read_body;
use crate::services::sessions::Tokens;
use crate::services::{Core, Scope};
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, USER_AGENT};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Octets of a request of this kind.
const MOST: usize = 16 * 1024;

/// What a program gives for tokens.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct TokenRequest {
    /// `password` to log in, `refresh_token` to renew.
    #[schema(required = true, example = "password")]
    grant_type: String,
    /// Login: a handle or an address.
    #[schema(example = "claire.martin")]
    username: Option<String>,
    /// Password or application password.
    password: Option<String>,
    /// The renewing token that was given last.
    refresh_token: Option<String>,
    /// What the tokens shall open, in words; all that the login opens where absent.
    #[schema(example = "read calendars")]
    scope: Option<String>,
    /// What the session shall be called; the program's name where absent.
    device: Option<String>,
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
struct TokenAnswer {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: u64,
    /// Renews the session, once: the answer has the next one.
    refresh_token: String,
    /// What they open, in words; empty for everything.
    scope: String,
    /// The session, as `/sessions` calls it.
    session: String,
}

/// What a program gives back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct RevokeRequest {
    /// A renewing token or an access token of the session.
    #[schema(required = true)]
    token: String,
    /// Ignored, as RFC 7009 allows.
    token_type_hint: Option<String>,
}

/// A body as JSON, or as the form that OAuth prescribes.
async fn read<T: DeserializeOwned + Send + 'static>(
    headers: &HeaderMap,
    payload: &mut Payload,
    names: &[&str],
) -> Result<T, Refused> {
    if headers.contains_key(once::KEY) {
        return Err(Refused::at(once::KEY, "the answer holds secrets, which are not kept"));
    }
    if body::media(headers).as_deref() != Some("application/x-www-form-urlencoded") {
        return body::parse(body::bytes(headers, payload, MOST).await?).await;
    }
    let text = read_body(payload, MOST).await?;
    let text = std::str::from_utf8(&text).map_err(|_| Refused::at("", "the body is not UTF-8"))?;
    let mut given = Query::parse(text)?;
    let mut members = serde_json::Map::new();
    for name in names {
        if let Some(value) = given.text(name) {
            members.insert((*name).to_owned(), value.into());
        }
    }
    given.end()?;
    serde_json::from_value(members.into()).map_err(|error| Refused::at("", error.to_string()))
}

fn needed(field: &str, value: Option<String>) -> Result<String, Refused> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| Refused::at(field, "is missing"))
}

fn answer(tokens: Tokens) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(TokenAnswer {
        access_token: tokens.access,
        token_type: "Bearer",
        expires_in: tokens.seconds,
        refresh_token: tokens.refresh,
        scope: tokens.scope,
        session: tokens.session.to_string(),
    })
}

/// Log in, or renew a session
///
/// An access token is good for 15 minutes. A renewing token is good once; one that comes a second time ends its session, for
/// somebody else has it too. A session ends when it is not renewed for 60 days, when the application password ends or goes that
/// it was opened with, and when the account's password changes.
#[utoipa::path(
    request_body(content((TokenRequest = "application/json"), (TokenRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "Tokens", body = TokenAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
    tag = "logins"
)]
#[post("/auth/token")]
pub async fn give(
    core: Data<Core>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let names = ["grant_type", "username", "password", "refresh_token", "scope", "device"];
    let asked: TokenRequest = read(request.headers(), &mut payload, &names).await?;
    match asked.grant_type.as_str() {
        "password" => {
            let (login, password) =
                (needed("/username", asked.username)?, needed("/password", asked.password)?);
            if asked.scope.as_deref().is_some_and(|words| Scope::parse(words).is_none()) {
                return Err(Refused::at("/scope", "holds a word that is not known"));
            }
            let program = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
            let device = asked.device.as_deref().or(program).unwrap_or_default();
            let actor = core.log_in(&login, &password, None).await?;
            let opened = core.open_session(&actor, asked.scope.as_deref(), device).await;
            opened.map(answer).map_err(|fault| match fault {
                Fault::ScopeTooNarrow => Refused::from(fault).field("/scope"),
                other => other.into(),
            })
        }
        "refresh_token" => {
            let renewing = needed("/refresh_token", asked.refresh_token)?;
            Ok(answer(core.renew_session(&renewing).await?))
        }
        _ => Err(Refused::at("/grant_type", "must be password or refresh_token")),
    }
}

/// Log out
///
/// Ends the session that a token is of. What is no token ends nothing, and the answer is the same.
#[utoipa::path(
    request_body(content((RevokeRequest = "application/json"), (RevokeRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 204, description = "The token is worth nothing"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
    tag = "logins"
)]
#[post("/auth/revoke")]
pub async fn revoke(
    core: Data<Core>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let names = ["token", "token_type_hint"];
    let asked: RevokeRequest = read(request.headers(), &mut payload, &names).await?;
    core.revoke_token(&needed("/token", Some(asked.token))?).await?;
    Ok(HttpResponse::NoContent().finish())
}
