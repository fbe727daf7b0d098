//! Events. RFC 5545 §3.6.1, RFC 4791 §4.1.

use super::collections::{CALENDARS, DavPaths};
use super::items::EVENTS;
use super::path::{OfAction, OfCollection, OfItem};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::windows::{self, ItemsOrInstances};
use super::writes::{Target, Written};
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};

/// Events
///
/// In the order of their ids, or with `expand` their instances, the earliest first.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("q" = Option<String>, Query, description = "Words, each of which stands in a title, a description, a place, a category or the people; accents and case do not count"),
        ("from" = Option<String>, Query, format = DateTime, description = "Only what touches the time from this instant on"),
        ("to" = Option<String>, Query, format = DateTime, description = "Only what touches the time up to this instant"),
        ("expand" = Option<bool>, Query, description = "Tell the instances between `from` and `to` instead, the earliest first"),
        ("timeZone" = Option<String>, Query, description = "IANA zone in which dates and floating times are meant and instances are told; the calendar's where absent", example = "Europe/Paris"),
        ("limit" = Option<u32>, Query, description = "Things of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all but `data` where absent"),
        ("form" = Option<String>, Query, description = "Form of `data`: `icalendar` (as kept), `jcal`, `jscalendar`"),
    ),
    responses(
        (status = 200, description = "A page", body = ItemsOrInstances),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[get("/calendars/{id}/events")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    let access = CALENDARS.find(&core, &actor, of.0).await?;
    windows::calendar_items(EVENTS, &core, &access, &dav, query).await
}

/// Make an event
///
/// Under an id of the server's choice.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body(content(
            (String = "text/calendar"),
            (Vec<Value> = "application/calendar+json"),
            (Object = "application/jscalendar+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 201, description = "Made", body = Written, headers(
            ("Location" = String, description = "Its address"),
            ("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"),
        )),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[post("/calendars/{id}/events")]
pub async fn create(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.create(&core, &actor, of.0, &request, &mut payload).await
}

/// An event
///
/// Its JSCalendar, or another form by `Accept`: `text/calendar` are the bytes as they are kept. With `fields` what a list tells of it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them, as in the list; the answer is JSON then, whatever `Accept` says"),
        ("form" = Option<String>, Query, description = "Form of `data`, as in the list"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The event", content(
            (Object = "application/json"),
            (String = "text/calendar"),
            (Vec<Value> = "application/calendar+json"),
            (Object = "application/jscalendar+json")
        ), headers(("ETag" = String, description = "Its entity tag in this form"))),
        (status = 304, description = "It has not changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[get("/calendars/{id}/events/{item}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfItem,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    EVENTS.read(&core, &actor, &dav, &of, query, request.headers()).await
}

/// Replace an event
///
/// Or make one under an id of the client's choice.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if there is none"),
    ),
    request_body(content(
            (String = "text/calendar"),
            (Vec<Value> = "application/calendar+json"),
            (Object = "application/jscalendar+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 200, description = "Replaced", body = Written, headers(("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"))),
        (status = 201, description = "Made", body = Written, headers(("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[put("/calendars/{id}/events/{item}")]
pub async fn replace(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.replace(&core, &actor, &of, request.headers(), &mut payload).await
}

/// Change an event
///
/// A merge patch (RFC 7396) of its JSCalendar, or a PatchObject, whose names are JSON pointers without the first slash: that in
/// `application/jscalendar+json`, either in `application/json`, where a `/` in a name tells them apart. What it does not name stays as it is, byte for byte.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body(content(
            (Object = "application/merge-patch+json"),
            (Object = "application/jscalendar+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 200, description = "Changed", body = Written),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[patch("/calendars/{id}/events/{item}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.change(&core, &actor, &of, &request, &mut payload).await
}

/// Delete an event
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[delete("/calendars/{id}/events/{item}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    EVENTS.delete(&core, &actor, &of, request.headers()).await
}

/// Move an event
///
/// To another collection, or to another id. The bytes stay, and so does the entity tag.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Target,
    responses(
        (status = 200, description = "Moved over another", body = Written),
        (status = 201, description = "Moved", body = Written, headers(("Location" = String, description = "Its new address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[post("/calendars/{id}/events/{item}:move")]
pub async fn move_to(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.transfer(&core, &actor, &of.0, true, &request, &mut payload).await
}

/// Copy an event
///
/// To another collection: in its own its UID is taken.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Target,
    responses(
        (status = 200, description = "Copied over another", body = Written),
        (status = 201, description = "Copied", body = Written, headers(("Location" = String, description = "The copy's address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "events"
)]
#[post("/calendars/{id}/events/{item}:copy")]
pub async fn copy(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    EVENTS.transfer(&core, &actor, &of.0, false, &request, &mut payload).await
}
