//! Calendars and address books that are given to another person or to a group.

use super::body;
use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::path::OfCollectionAction;
use super::problem::{Problem, Refused};
use crate::domain::fault::{Condition, Fault};
use crate::services::hand_over::{HandOver, Kept};
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

/// To whom, and what the old owner keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Transfer {
    /// Handle of a user, or of a group that the caller keeps.
    #[schema(example = "dora")]
    to: String,
    /// What the old owner may do with it afterwards; `none` where absent.
    keep: Option<Keep>,
}

/// What an old owner keeps.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "none, read, write or admin")]
enum Keep {
    None,
    Read,
    Write,
    Admin,
}

impl From<Keep> for Kept {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::None => Kept::Nothing,
            Keep::Read => Kept::Read,
            Keep::Write => Kept::Write,
            Keep::Admin => Kept::Admin,
        }
    }
}

async fn transfer(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfCollectionAction,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    // Whether it may be known of is said before the body is judged.
    kind.find(core, actor, of.0).await?;
    let wanted: Transfer = body::json(request.headers(), payload).await?;
    let what = HandOver { to: wanted.to, keep: wanted.keep.map_or(Kept::Nothing, Into::into) };
    match core.hand_over(actor, kind.home, of.0, what).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(Fault::Condition(Condition::RecognizedPrincipal)) => {
            Err(Refused::at("/to", "there is no such principal"))
        }
        Err(fault @ Fault::Condition(Condition::AllowedPrincipal)) => {
            Err(Refused::from(fault).said("must be somebody who can log in, or a group").field("/to"))
        }
        Err(other) => Err(other.into()),
    }
}

/// Hand a calendar over
///
/// To another user, or to a group that the caller keeps. For its owner, and of a group's for the group's owners. With all that is in it,
/// its history, its shares and its numbers: items keep their ids. Nobody is asked: who does not want it deletes it. It leaves the old home
/// and is in the new one at once. Links of the old owner stop, unless he keeps `admin`. The calendars that an account keeps are refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    request_body = Transfer,
    responses(
        (status = 204, description = "It is the other's"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[post("/calendars/{id}:transfer")]
pub async fn calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    transfer(CALENDARS, &core, &actor, of, &request, &mut payload).await
}

/// Hand an address book over
///
/// To another user, or to a group that the caller keeps. For its owner, and of a group's for the group's owners. With all that is in it,
/// its history, its shares and its numbers: items keep their ids. Nobody is asked: who does not want it deletes it. It leaves the old home
/// and is in the new one at once. Links of the old owner stop, unless he keeps `admin`. The book that an account keeps is refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    request_body = Transfer,
    responses(
        (status = 204, description = "It is the other's"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[post("/address-books/{id}:transfer")]
pub async fn address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    transfer(ADDRESS_BOOKS, &core, &actor, of, &request, &mut payload).await
}
