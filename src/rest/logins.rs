//! What opens an account: its application passwords and its sessions. Only a login that opens all of the account sees them.

use super::collections::checked_text;
use super::page::Page;
use super::path::{self, OfRow};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, instant, once};
use crate::domain::fault::Fault;
use crate::services::{Actor, Core, Credential, Scope, Session};
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a name.
const NAME: usize = 120;

/// An application password, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AppPassword {
    /// Part of its address.
    id: String,
    /// What its owner calls it.
    #[schema(example = "Thunderbird, portable")]
    name: String,
    /// What it opens, in words; empty for everything.
    #[schema(example = "read calendars")]
    scope: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// When it was last used, to the quarter of an hour or so.
    #[schema(format = DateTime)]
    last_used: Option<String>,
    /// When it ends; null for never.
    #[schema(format = DateTime)]
    expires: Option<String>,
}

impl AppPassword {
    fn of(credential: &Credential) -> Self {
        AppPassword {
            id: credential.id.to_string(),
            name: credential.name.clone(),
            scope: credential.scope.clone(),
            created: instant::text(credential.created_at),
            last_used: credential.last_used.map(instant::text),
            expires: credential.expires_at.map(instant::text),
        }
    }
}

/// An application password to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewAppPassword {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// What it shall open, in words: `calendars`, `contacts`, `read`, `write`, `admin`, `collection:ID`; all that the login opens where absent.
    scope: Option<String>,
    /// When it shall end, no later than the login that asks; with that login where absent, and never where that has no end.
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// A new application password.
#[derive(Debug, Serialize, ToSchema)]
struct MadeAppPassword {
    /// Part of its address.
    id: String,
    /// The password, told this once: with the login for `Basic`, or by itself as a `Bearer` token.
    password: String,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionShown {
    /// Part of its address.
    id: String,
    /// The program, or what it called the session.
    device: String,
    /// What it opens, in words; empty for everything.
    scope: String,
    /// When it was opened.
    #[schema(format = DateTime)]
    created: String,
    /// When it was last renewed.
    #[schema(format = DateTime)]
    refreshed: String,
    /// When it ends unless it is renewed.
    #[schema(format = DateTime)]
    expires: String,
    /// Whether this request is of it.
    current: bool,
}

fn shown(session: &Session, actor: &Actor) -> SessionShown {
    SessionShown {
        id: session.id.to_string(),
        device: session.device.clone(),
        scope: session.scope.clone(),
        created: instant::text(session.created_at),
        refreshed: instant::text(session.refreshed_at),
        expires: instant::text(session.expires_at),
        current: actor.proof.session == Some(session.id),
    }
}

/// Application passwords
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, the oldest first", body = Page<AppPassword>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "logins"
)]
#[get("/app-passwords")]
pub async fn app_passwords(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.own_app_passwords(&actor).await?;
    Ok(HttpResponse::Ok().json(Page { items: all.iter().map(AppPassword::of).collect(), next: None }))
}

/// Make an application password
///
/// For one program or device. It opens no more than the login that asks for it, at every door, and ends no later. Its secret is told once, so
/// `Idempotency-Key` is refused.
#[utoipa::path(
    request_body = NewAppPassword,
    responses(
        (status = 201, description = "Made", body = MadeAppPassword, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "logins"
)]
#[post("/app-passwords")]
pub async fn add_app_password(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let new: NewAppPassword = body::json(request.headers(), &mut payload).await?;
    if request.headers().contains_key(once::KEY) {
        return Err(Refused::at(once::KEY, "the answer holds a secret, which is not kept"));
    }
    if new.name.trim().is_empty() {
        return Err(Refused::at("/name", "is empty"));
    }
    checked_text("/name", &new.name, NAME)?;
    if new.scope.as_deref().is_some_and(|words| Scope::parse(words).is_none()) {
        return Err(Refused::at("/scope", "holds a word that is not known"));
    }
    let expires = match &new.expires {
        None => None,
        Some(text) => {
            let instant: Timestamp = text
                .parse()
                .map_err(|_| Refused::at("/expires", "must be an instant such as 2027-01-01T00:00:00Z"))?;
            Some(instant.as_microsecond())
        }
    };
    if expires.is_some_and(|end| end <= core.now()) {
        return Err(Refused::at("/expires", "is over already"));
    }
    if expires.zip(actor.proof.ends_at).is_some_and(|(end, login)| end > login) {
        return Err(Refused::at("/expires", "is after the end of the login"));
    }
    let made = core.add_own_app_password(&actor, new.name.trim(), new.scope.as_deref(), expires).await;
    let (id, password) = made.map_err(|fault| match fault {
        Fault::ScopeTooNarrow if actor.whole().is_ok() => Refused::from(fault).field("/scope"),
        other => other.into(),
    })?;
    let id = id.to_string();
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, path::to(&["app-passwords", &id])))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(MadeAppPassword { id, password }))
}

/// Delete an application password
///
/// What it opens is shut at the next request, and so are the sessions that were opened with it.
#[utoipa::path(
    params(("id" = String, Path, description = "The application password")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "logins"
)]
#[delete("/app-passwords/{id}")]
pub async fn remove_app_password(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfRow,
) -> Result<HttpResponse, Refused> {
    core.remove_own_app_password(&actor, of.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sessions
#[utoipa::path(
    responses(
        (status = 200, description = "All that have not ended, the oldest first", body = Page<SessionShown>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "logins"
)]
#[get("/sessions")]
pub async fn sessions(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.sessions(&actor).await?;
    Ok(HttpResponse::Ok()
        .json(Page { items: all.iter().map(|session| shown(session, &actor)).collect(), next: None }))
}

/// End a session
///
/// Its tokens are worth nothing at the next request.
#[utoipa::path(
    params(("id" = String, Path, description = "The session")),
    responses(
        (status = 204, description = "Ended"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "logins"
)]
#[delete("/sessions/{id}")]
pub async fn end_session(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfRow,
) -> Result<HttpResponse, Refused> {
    core.end_session(&actor, of.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
