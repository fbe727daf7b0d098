//! Who the caller is, and where his data are.

use super::problem::{Problem, Refused};
use crate::services::{Actor, Core};
use actix_web::get;
use actix_web::web::{Data, Json, ReqData};
use serde::Serialize;
use utoipa::ToSchema;

/// Where CalDAV and CardDAV serve the caller's data: absolute paths of this server, percent-encoded. Made by `server`, which knows both.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Homes {
    /// The principal resource.
    #[schema(example = "/dav/principals/users/claire.martin/")]
    pub principal: String,
    /// All calendars and task lists.
    #[schema(example = "/dav/calendars/claire.martin/")]
    pub calendars: String,
    /// All address books.
    #[schema(example = "/dav/addressbooks/claire.martin/")]
    pub addressbooks: String,
}

/// A principal, as he sees himself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// Unique name: login, and part of URLs.
    #[schema(example = "claire.martin")]
    handle: String,
    /// For people to read.
    #[schema(example = "Claire Martin")]
    name: String,
    /// Mail addresses, the primary one first.
    addresses: Vec<String>,
    /// IANA time zone, where one is set.
    #[schema(example = "Europe/Paris")]
    time_zone: Option<String>,
    /// May administer the server.
    admin: bool,
    /// Where other protocols serve his data.
    homes: Homes,
}

/// The caller
///
/// Who the credentials of this request belong to.
#[utoipa::path(
    responses(
        (status = 200, description = "The caller", body = Me),
        (status = 401, description = "No login, or a wrong one", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "principals"
)]
#[get("/me")]
pub async fn me(
    core: Data<Core>,
    actor: ReqData<Actor>,
    homes: ReqData<Homes>,
) -> Result<Json<impl Serialize>, Refused> {
    let principal = core.own_principal(&actor).await?;
    Ok(Json(Me {
        handle: principal.handle,
        name: principal.display_name,
        addresses: principal.addresses,
        time_zone: principal.time_zone,
        admin: principal.admin,
        homes: homes.into_inner(),
    }))
}
