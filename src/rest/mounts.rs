//! Others' calendars and address books in the caller's own home: taken in, called as he likes, given up.
//!
//! What he may do with one follows from what was granted; this only says where clients find it.

use super::address_books::AddressBook;
use super::body;
use super::calendars::Calendar;
use super::collections::{ADDRESS_BOOKS, CALENDARS, DavPaths, Kind, Labels};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use crate::domain::id::ObjectName;
use crate::domain::props::Props;
use crate::services::mounts::Wish;
use crate::services::{Access, Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, put};
use serde::Deserialize;
use utoipa::ToSchema;

/// How somebody else's collection stands in the caller's home. What is absent is as its owner has it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct InHome {
    /// For people to read.
    #[schema(example = "Équipe (Claire)", max_length = 1000, min_length = 1)]
    name: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(example = "#3465A4", pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<String>,
    /// Collections with small numbers come first.
    order: Option<i64>,
    /// The last segment of its path in DAV; chosen by the server where it is absent, and the same for as long as it stands there.
    #[schema(max_length = 255, min_length = 1)]
    path_name: Option<String>,
}

async fn take(
    of: Kind,
    core: &Core,
    actor: &Actor,
    id: OfCollection,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<(bool, Access), Refused> {
    // Whether it may be known of is said before the body is judged.
    of.find(core, actor, id.0).await?;
    let wanted: InHome = body::json(request.headers(), payload).await?;
    let labels = Labels {
        name: wanted.name.map(Some),
        description: None,
        color: wanted.color.map(Some),
        order: wanted.order.map(Some),
    };
    labels.check()?;
    if wanted.path_name.as_deref().is_some_and(|name| ObjectName::parse(name).is_none()) {
        return Err(Refused::at("/pathName", "cannot be a segment of a path"));
    }
    let mut props = Props::default();
    labels.apply(of, &mut props);
    let fresh = core.mount(actor, of.home, id.0, Wish { slug: wanted.path_name, props }).await?;
    Ok((fresh, of.find(core, actor, id.0).await?))
}

async fn give_up(of: Kind, core: &Core, actor: &Actor, id: OfCollection) -> Result<HttpResponse, Refused> {
    core.unmount(actor, of.home, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn taken(fresh: bool) -> actix_web::HttpResponseBuilder {
    if fresh { HttpResponse::Created() } else { HttpResponse::Ok() }
}

/// Take in a calendar
///
/// Another's calendar that the caller may read then stands in his own home, where clients of CalDAV find it, under a name, a colour and
/// an order of his. Asked again it changes those. It leaves when the right to it ends.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    request_body = InHome,
    responses(
        (status = 201, description = "Taken in", body = Calendar),
        (status = 200, description = "It was there; it is called so now", body = Calendar),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[put("/calendars/{id}/subscription")]
pub async fn take_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let (fresh, access) = take(CALENDARS, &core, &actor, of, &request, &mut payload).await?;
    Ok(taken(fresh).json(Calendar::of(&core, &dav, &access)))
}

/// Give up a calendar
///
/// It leaves the caller's home; the calendar itself, and what others see of it, stays as it is.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 204, description = "Given up"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[delete("/calendars/{id}/subscription")]
pub async fn give_up_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
) -> Result<HttpResponse, Refused> {
    give_up(CALENDARS, &core, &actor, of).await
}

/// Take in an address book
///
/// Another's address book that the caller may read then stands in his own home, where clients of CardDAV find it, under a name of his.
/// Asked again it changes that. It leaves when the right to it ends.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    request_body = InHome,
    responses(
        (status = 201, description = "Taken in", body = AddressBook),
        (status = 200, description = "It was there; it is called so now", body = AddressBook),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address-books"
)]
#[put("/address-books/{id}/subscription")]
pub async fn take_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let (fresh, access) = take(ADDRESS_BOOKS, &core, &actor, of, &request, &mut payload).await?;
    Ok(taken(fresh).json(AddressBook::of(&core, &dav, &access)))
}

/// Give up an address book
///
/// It leaves the caller's home; the address book itself, and what others see of it, stays as it is.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    responses(
        (status = 204, description = "Given up"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address-books"
)]
#[delete("/address-books/{id}/subscription")]
pub async fn give_up_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
) -> Result<HttpResponse, Refused> {
    give_up(ADDRESS_BOOKS, &core, &actor, of).await
}
