//! An older content of an item in the place of what it has now: a change like any other, which itself can be undone.

use super::items::{CONTACTS, EVENTS, Members, TASKS};
use super::path::OfAction;
use super::problem::{Problem, Refused};
use super::writes::Written;
use super::{body, conditions, instant, once};
use crate::services::past::Back;
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which content: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct Restore {
    /// The number of a version, out of its history.
    version: Option<i64>,
    /// What it had at this instant.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

impl Restore {
    fn back(&self) -> Result<Back, Refused> {
        match (self.version, &self.as_of) {
            (Some(number), None) => Ok(Back::To(number)),
            (None, Some(text)) => Ok(Back::AsOf(instant::member("/asOf", text)?)),
            _ => Err(Refused::at("", "must have either version or asOf")),
        }
    }
}

async fn restore(
    members: Members,
    core: &Core,
    actor: &Actor,
    of: &OfAction,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    let of = &of.0;
    let access = members.of.find(core, actor, of.collection).await?;
    let bytes = body::bytes(request.headers(), payload, body::MOST).await?;
    let asked = once::of(request, &bytes)?;
    let wanted: Restore = body::parse(bytes).await?;
    let conditions = conditions::of_item(request.headers())?;
    let back = wanted.back()?;
    let done =
        core.restore_item(actor, &access.place(), &of.name, members.kind, back, conditions, asked).await;
    let named = members.or_stale(core, actor, of, done.map_err(Refused::from)).await?;
    Ok(members.written(of.collection, named, true))
}

/// Restore an event
///
/// To one of its versions, or to what it was at an instant. One that was deleted comes back under its id.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is gone"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Restore,
    responses(
        (status = 200, description = "It has its older content again", body = Written),
        (status = 201, description = "It is back", body = Written, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/calendars/{id}/events/{item}:restore")]
pub async fn event(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    restore(EVENTS, &core, &actor, &of, &request, &mut payload).await
}

/// Restore a task
///
/// To one of its versions, or to what it was at an instant. One that was deleted comes back under its id.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The task list"),
        ("item" = String, Path, description = "The task"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is gone"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Restore,
    responses(
        (status = 200, description = "It has its older content again", body = Written),
        (status = 201, description = "It is back", body = Written, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/calendars/{id}/tasks/{item}:restore")]
pub async fn task(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    restore(TASKS, &core, &actor, &of, &request, &mut payload).await
}

/// Restore a contact
///
/// To one of its versions, or to what it was at an instant. One that was deleted comes back under its id.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is gone"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Restore,
    responses(
        (status = 200, description = "It has its older content again", body = Written),
        (status = 201, description = "It is back", body = Written, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/address-books/{id}/contacts/{item}:restore")]
pub async fn contact(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    restore(CONTACTS, &core, &actor, &of, &request, &mut payload).await
}
