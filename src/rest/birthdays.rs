//! The caller's calendar of birthdays: switched on and off.

use super::calendars::Calendar;
use super::collections::{CALENDARS, DavPaths};
use super::path;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::services::{Actor, Core};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, delete, get, put};

/// The calendar of birthdays
///
/// Filled by the server from BDAY and ANNIVERSARY of the cards that the caller may read: his own, and those in address books of others that
/// he has taken in. Nobody else sees it, and nobody writes to it.
#[utoipa::path(
    responses(
        (status = 200, description = "The calendar", body = Calendar),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[get("/me/birthdays")]
pub async fn show(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let id = core.birthdays(&actor).await?;
    let access = CALENDARS.find(&core, &actor, id).await?;
    Ok(HttpResponse::Ok().json(Calendar::of(&core, &dav, &access)))
}

/// Switch the calendar of birthdays on
#[utoipa::path(
    responses(
        (status = 201, description = "It is there now", body = Calendar),
        (status = 200, description = "It was there", body = Calendar),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[put("/me/birthdays")]
pub async fn switch_on(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let (id, fresh) = core.switch_on_birthdays(&actor).await?;
    let access = CALENDARS.find(&core, &actor, id).await?;
    let mut answer = if fresh { HttpResponse::Created() } else { HttpResponse::Ok() };
    answer.insert_header((LOCATION, path::to(&["calendars", &id.to_string()])));
    Ok(answer.json(Calendar::of(&core, &dav, &access)))
}

/// Switch the calendar of birthdays off
///
/// Deleting the calendar does the same.
#[utoipa::path(
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[delete("/me/birthdays")]
pub async fn switch_off(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    core.switch_off_birthdays(&actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
