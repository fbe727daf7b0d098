//! Deleted calendars and address books: seen by their owner for 30 days, and put back as they were.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::page::Page;
use super::path::{self, OfCollectionAction};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{instant, once};
use crate::domain::labels::Label;
use crate::services::history::KEEP;
use crate::services::{Actor, Core, Deleted};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Serialize;
use utoipa::ToSchema;

/// A collection that was deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeletedCollection {
    /// Its id: the same when it is back.
    #[schema(example = "0d5kq2t80002f")]
    id: String,
    /// For people to read.
    name: Option<String>,
    /// When it was deleted.
    #[schema(format = DateTime)]
    deleted: String,
    /// Until when it is kept.
    #[schema(format = DateTime)]
    kept_until: String,
}

/// A collection that is back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CollectionBack {
    /// Its id, as before.
    #[schema(example = "0d5kq2t80002f")]
    id: String,
    /// Whether DAV serves it where it did; false where something else has taken its place.
    same_place: bool,
}

fn told(one: &Deleted) -> DeletedCollection {
    DeletedCollection {
        id: one.collection.id.to_string(),
        name: Label::Name.of(&one.collection.props).map(str::to_owned),
        deleted: instant::text(one.at),
        kept_until: instant::text(one.at + KEEP),
    }
}

async fn list(kind: Kind, core: &Core, actor: &Actor, query: Query) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.deleted_collections(actor, kind.home, kind.kind).await?;
    Ok(HttpResponse::Ok().json(Page { items: all.iter().map(told).collect(), next: None }))
}

async fn restore(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfCollectionAction,
    request: &HttpRequest,
) -> Result<HttpResponse, Refused> {
    let asked = once::of(request, b"")?;
    let same_place = core.restore_collection(actor, kind.home, kind.kind, of.0, asked).await?;
    let id = of.0.to_string();
    let location = path::to(&[kind.segment, &id]);
    Ok(HttpResponse::Ok().insert_header((LOCATION, location)).json(CollectionBack { id, same_place }))
}

/// Deleted calendars
///
/// The caller's own, the last one first; the last 1,000.
#[utoipa::path(
    responses(
        (status = 200, description = "Those that are kept", body = Page<DeletedCollection>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/deleted-calendars")]
pub async fn calendars(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    list(CALENDARS, &core, &actor, query).await
}

/// Restore a deleted calendar
///
/// With its members, shares and id as they were; sync tokens of before go on from where they stood. Where something else has
/// taken its place in DAV, it gets another.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    responses(
        (status = 200, description = "It is back", body = CollectionBack, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/deleted-calendars/{id}:restore")]
pub async fn restore_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    restore(CALENDARS, &core, &actor, of, &request).await
}

/// Deleted address books
///
/// The caller's own, the last one first; the last 1,000.
#[utoipa::path(
    responses(
        (status = 200, description = "Those that are kept", body = Page<DeletedCollection>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/deleted-address-books")]
pub async fn address_books(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    list(ADDRESS_BOOKS, &core, &actor, query).await
}

/// Restore a deleted address book
///
/// With its members, shares and id as they were; sync tokens of before go on from where they stood. Where something else has
/// taken its place in DAV, it gets another.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    responses(
        (status = 200, description = "It is back", body = CollectionBack, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/deleted-address-books/{id}:restore")]
pub async fn restore_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    restore(ADDRESS_BOOKS, &core, &actor, of, &request).await
}
