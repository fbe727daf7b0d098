//! Calendars and address books of groups: made here, and used like all others. What members may do with them follows from their role.

use super::address_books::NewAddressBook;
use super::calendars::NewCalendar;
use super::collections::{ADDRESS_BOOKS, CALENDARS, Made};
use super::path::OfGroup;
use super::problem::{Problem, Refused};
use super::{body, once};
use crate::domain::collection::HomeKind;
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};

/// Make a calendar of a group
///
/// For its managers and owners, and for administrators. It is the group's: plain members may do what `membersMay` of the group says,
/// managers give rights too, owners do everything; also those who are in it through other groups. It is listed with their own, and stands
/// in their homes where they take it in (`subscription`).
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = NewCalendar,
    responses(
        (status = 201, description = "Made", body = Made, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[post("/groups/{id}/calendars")]
pub async fn add_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    actor.whole()?;
    // Whether there is such a group for the caller is said before the body is judged.
    core.group(&actor, &of.0).await?;
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let draft = body::parse::<NewCalendar>(bytes).await?.draft()?;
    let id = core.create_team_collection(&actor, &of.0, HomeKind::Calendars, draft, asked).await?;
    Ok(CALENDARS.made(id))
}

/// Make an address book of a group
///
/// For its managers and owners, and for administrators. It is the group's: plain members may do what `membersMay` of the group says,
/// managers give rights too, owners do everything; also those who are in it through other groups. It is listed with their own, and stands
/// in their homes where they take it in (`subscription`).
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = NewAddressBook,
    responses(
        (status = 201, description = "Made", body = Made, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[post("/groups/{id}/address-books")]
pub async fn add_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    actor.whole()?;
    core.group(&actor, &of.0).await?;
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let draft = body::parse::<NewAddressBook>(bytes).await?.draft()?;
    let id = core.create_team_collection(&actor, &of.0, HomeKind::AddressBooks, draft, asked).await?;
    Ok(ADDRESS_BOOKS.made(id))
}
