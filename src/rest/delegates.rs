//! Who acts for the caller, and for whom he may act: rights on all calendars or address books, those that are made later included.
//!
//! Calendar clients see the same as `calendar-proxy-read` and `calendar-proxy-write`.

use super::body;
use super::grants::{called, explained, names};
use super::page::Page;
use super::path::OfHandle;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::acl::Privileges;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::role::Role;
use crate::services::delegates::Delegate as Found;
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may do with all of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct Power {
    /// `access`, `read`, `write` or `delegate`, or `custom`.
    #[schema(example = "delegate")]
    role: &'static str,
    /// Names of privileges.
    privileges: Vec<String>,
}

/// Somebody who acts for another.
#[derive(Debug, Serialize, ToSchema)]
struct Delegate {
    /// Handle of a user or a group; where it is told for whom the caller may act, of the person himself.
    #[schema(example = "karim.benali")]
    principal: String,
    /// For people to read.
    #[schema(example = "Karim Benali")]
    name: String,
    /// With all calendars; null where nothing.
    calendars: Option<Power>,
    /// With all address books; null where nothing.
    contacts: Option<Power>,
}

/// What somebody may do for the caller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct NewDelegate {
    /// `read`, `write`, or `delegate`, who does all but giving rights.
    #[schema(example = "delegate")]
    role: String,
    /// With what: `calendars`, `contacts`; both where absent.
    #[schema(example = json!(["calendars"]))]
    of: Option<Vec<String>>,
}

fn power(privileges: Privileges, home: HomeKind) -> Option<Power> {
    let (role, _) = called(privileges, home);
    (!privileges.is_empty()).then(|| Power { role, privileges: names(privileges) })
}

fn told(found: Found) -> Delegate {
    Delegate {
        calendars: power(found.calendars, HomeKind::Calendars),
        contacts: power(found.contacts, HomeKind::AddressBooks),
        principal: found.principal.handle,
        name: found.principal.display_name,
    }
}

impl NewDelegate {
    /// The roles in the two homes.
    fn roles(&self) -> Result<(Option<Role>, Option<Role>), Refused> {
        let role = Role::parse(&self.role)
            .filter(|role| matches!(role, Role::Read | Role::Write | Role::Delegate))
            .ok_or_else(|| Refused::at("/role", "must be read, write or delegate"))?;
        let Some(of) = &self.of else { return Ok((Some(role), Some(role))) };
        let (mut calendars, mut contacts) = (None, None);
        for (place, word) in of.iter().enumerate() {
            match word.as_str() {
                "calendars" => calendars = Some(role),
                "contacts" => contacts = Some(role),
                _ => return Err(Refused::at(&format!("/of/{place}"), "must be calendars or contacts")),
            }
        }
        if calendars.is_none() && contacts.is_none() {
            return Err(Refused::at("/of", "names nothing: delete the delegate instead"));
        }
        Ok((calendars, contacts))
    }
}

/// Who acts for the caller
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, by handle", body = Page<Delegate>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/me/delegates")]
pub async fn list(core: Data<Core>, actor: ReqData<Actor>, query: Query) -> Result<HttpResponse, Refused> {
    query.end()?;
    let items: Vec<Delegate> = core.delegates(&actor).await?.into_iter().map(told).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Let somebody act for the caller
///
/// With all calendars or address books that the caller has and makes later, in the place of what he may do now.
#[utoipa::path(
    params(("handle" = String, Path, description = "Handle of a user or a group")),
    request_body = NewDelegate,
    responses(
        (status = 204, description = "He may, from his next request on"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[put("/me/delegates/{handle}")]
pub async fn set(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfHandle,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    actor.whole()?;
    let wanted: NewDelegate = body::json(request.headers(), &mut payload).await?;
    let (calendars, contacts) = wanted.roles()?;
    let done = core.set_delegate(&actor, &of.0, calendars, contacts).await;
    done.map_err(|fault| explained(fault, "handle"))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Let somebody act for the caller no more
#[utoipa::path(
    params(("handle" = String, Path, description = "Handle of a user or a group")),
    responses(
        (status = 204, description = "He may not, from his next request on"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[delete("/me/delegates/{handle}")]
pub async fn remove(core: Data<Core>, actor: ReqData<Actor>, of: OfHandle) -> Result<HttpResponse, Refused> {
    match core.set_delegate(&actor, &of.0, None, None).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Fault::NotFound.into()),
    }
}

/// For whom the caller may act
///
/// Himself, or by a group that he is in.
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, by handle", body = Page<Delegate>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/me/delegations")]
pub async fn delegations(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let items: Vec<Delegate> = core.delegations(&actor).await?.into_iter().map(told).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}
