//! Addresses of the instances of series of events. `instances` and `windows` have what is done there.

use super::collections::DavPaths;
use super::instances::{Reach, SeriesWritten};
use super::items::EVENTS;
use super::page::Page;
use super::path::{OfInstance, OfItem};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::windows::{self, Occurrence};
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};

/// The instances of a series
///
/// Those that touch the time between `from` and `to`, the earliest first; cancelled ones are left out. Of what does not recur the one that it is.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("from" = String, Query, format = DateTime, description = "From this instant on"),
        ("to" = String, Query, format = DateTime, description = "Up to this instant"),
        ("timeZone" = Option<String>, Query, description = "IANA zone in which dates and floating times are meant and instances are told; the calendar's where absent", example = "Europe/Paris"),
        ("limit" = Option<u32>, Query, description = "Instances of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Occurrence>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[get("/calendars/{id}/events/{item}/instances")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfItem,
    query: Query,
) -> Result<HttpResponse, Refused> {
    windows::of_item(EVENTS, &core, &actor, &dav, &of, query).await
}

/// An instance of a series
///
/// The JSCalendar that it has by itself, with its `recurrenceId`; a cancelled one as the series would have it, with `excluded`.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("recurrenceId" = String, Path, description = "The instance: its start by the rule, on the clock of the series", example = "2026-03-09T09:30:00"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The instance", content(
            (Object = "application/json"),
            (Object = "application/jscalendar+json")
        ), headers(("ETag" = String, description = "The item's entity tag in this form"))),
        (status = 304, description = "The item has not changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[get("/calendars/{id}/events/{item}/instances/{recurrenceId}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfInstance,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    EVENTS.read_instance(&core, &actor, of, query, request.headers()).await
}

/// Change an instance of a series
///
/// A change of its JSCalendar, as of an event. With `reach=following` the series is split where it is not the first instance: both items are
/// stored, or neither. With `reach=all` the whole series changes; a `start` is the one that this instance shall have.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("recurrenceId" = String, Path, description = "The instance", example = "2026-03-09T09:30:00"),
        ("reach" = inline(Option<Reach>), Query, description = "How far it reaches; `this` where absent"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the item must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body(content(
        (Object = "application/merge-patch+json"),
        (Object = "application/jscalendar+json"),
        (Object = "application/json")
    )),
    responses(
        (status = 200, description = "Changed", body = SeriesWritten, headers(("Location" = String, description = "The address of the new item, where the series was split"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[patch("/calendars/{id}/events/{item}/instances/{recurrenceId}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfInstance,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.change_instance(&core, &actor, &of, query, &request, &mut payload).await
}

/// Cancel an instance of a series
///
/// With `reach=following` the series ends before it; with `reach=all`, or where nothing would be left, the item is deleted (204).
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("recurrenceId" = String, Path, description = "The instance", example = "2026-03-09T09:30:00"),
        ("reach" = inline(Option<Reach>), Query, description = "How far it reaches; `this` where absent"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the item must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    responses(
        (status = 200, description = "Cancelled", body = SeriesWritten),
        (status = 204, description = "The item is deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[delete("/calendars/{id}/events/{item}/instances/{recurrenceId}")]
pub async fn cancel(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfInstance,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    EVENTS.cancel_instance(&core, &actor, &of, query, &request).await
}

/// Restore an instance of a series
///
/// It is again what the series says it is: a cancelled one comes back, a changed one loses its changes.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("recurrenceId" = String, Path, description = "The instance", example = "2026-03-09T09:30:00"),
        ("reach" = inline(Option<Reach>), Query, description = "How far it reaches; `this` where absent"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the item must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    responses(
        (status = 200, description = "Restored", body = SeriesWritten),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[post("/calendars/{id}/events/{item}/instances/{recurrenceId}:restore")]
pub async fn restore(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfInstance,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    EVENTS.restore_instance(&core, &actor, &of, query, &request).await
}
