//! Secret addresses of calendars and address books: for those who may share them. What is read by one stands in `link_door.rs`.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind, checked_text};
use super::page::Page;
use super::path::{self, OfCollection, OfLink, OfLinkAction};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, instant, link_door, once};
use crate::domain::link::LinkScope;
use crate::services::links::{Known, LinkChange, LinkDraft};
use crate::services::{Actor, Core};
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Segment of the paths.
const SEGMENT: &str = "links";
/// Characters of a label.
const LABEL: usize = 120;

/// A secret address, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Link {
    /// Part of the address that it is managed at.
    id: String,
    /// How much it shows: `free-busy`, `public` (as to somebody who has no account), `full` (as to its maker).
    #[schema(example = "public")]
    scope: &'static str,
    /// What its maker calls it; may be empty.
    label: String,
    /// Handle of the principal whose eyes it shows with.
    #[schema(example = "claire.martin")]
    maker: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// When it got its secret.
    #[schema(format = DateTime)]
    rotated: String,
    /// When it ends; null for never.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// When it was last read, to the minute or so; null for never.
    #[schema(format = DateTime)]
    last_used: Option<String>,
    /// How often it was read.
    uses: i64,
}

impl Link {
    fn of(known: &Known) -> Self {
        let link = &known.link;
        Link {
            id: link.id.to_string(),
            scope: link.scope().name(),
            label: link.label.clone(),
            maker: known.maker.clone(),
            created: instant::text(link.created_at),
            rotated: instant::text(link.rotated_at),
            expires: link.expires_at.map(instant::text),
            last_used: link.last_used.map(instant::text),
            uses: link.uses,
        }
    }
}

/// How much a link shall show.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", expecting = "free-busy, public or full")]
#[schema(as = LinkScope)]
enum Scope {
    FreeBusy,
    Public,
    Full,
}

impl Scope {
    const fn meant(self) -> LinkScope {
        match self {
            Scope::FreeBusy => LinkScope::FreeBusy,
            Scope::Public => LinkScope::Public,
            Scope::Full => LinkScope::Full,
        }
    }
}

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewLink {
    /// How much it shall show; address books have no `free-busy`.
    scope: Scope,
    /// What its maker calls it.
    #[serde(default)]
    #[schema(max_length = 120)]
    label: String,
    /// When it shall end; never where absent.
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// A change of a link (RFC 7396): what is absent stays, null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct LinkPatch {
    /// What its maker calls it.
    #[schema(max_length = 120)]
    label: Option<String>,
    /// When it shall end; null for never.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Option<String>>,
}

/// A new link, or the new secret of one.
#[derive(Debug, Serialize, ToSchema)]
struct LinkSecret {
    /// The link's id.
    id: String,
    /// Its secret, told this once.
    #[schema(example = "5bd6c5f2c1b94e1fa0c1f3f8a2a97d10")]
    token: String,
    /// Where the collection is read without a login; other endings give other forms.
    #[schema(example = "/links/5bd6c5f2c1b94e1fa0c1f3f8a2a97d10.ics")]
    path: String,
}

fn refuse_key(request: &HttpRequest) -> Result<(), Refused> {
    if request.headers().contains_key(once::KEY) {
        return Err(Refused::at(once::KEY, "the answer holds a secret, which is not kept"));
    }
    Ok(())
}

/// An end that is still to come, microseconds UTC.
fn end(core: &Core, text: &str) -> Result<i64, Refused> {
    let at = instant::member("/expires", text)?;
    if at > core.now() { Ok(at) } else { Err(Refused::at("/expires", "must be in the future")) }
}

fn secret(kind: Kind, id: i64, token: String) -> LinkSecret {
    let path = link_door::path(kind.home, &token);
    LinkSecret { id: id.to_string(), token, path }
}

async fn list(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let access = kind.find(core, actor, of.0).await?;
    let all = core.links(actor, &access.place()).await?;
    Ok(HttpResponse::Ok().json(Page { items: all.iter().map(Link::of).collect(), next: None }))
}

async fn create(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfCollection,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let new: NewLink = body::json(request.headers(), &mut payload).await?;
    refuse_key(request)?;
    checked_text("/label", &new.label, LABEL)?;
    let expires_at = new.expires.as_deref().map(|text| end(core, text)).transpose()?;
    let access = kind.find(core, actor, of.0).await?;
    let draft = LinkDraft { scope: new.scope.meant(), label: new.label, expires_at };
    let made = core.create_link(actor, &access.place(), draft).await;
    let (id, token) = made.map_err(|fault| match fault {
        crate::domain::fault::Fault::BadRequest(why) => Refused::at("/scope", why),
        other => other.into(),
    })?;
    let location = path::to(&[kind.segment, &of.0.to_string(), SEGMENT, &id.to_string()]);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(secret(kind, id, token)))
}

async fn read(kind: Kind, core: &Core, actor: &Actor, of: OfLink) -> Result<HttpResponse, Refused> {
    let access = kind.find(core, actor, of.collection).await?;
    let known = core.link(actor, &access.place(), of.link).await?;
    Ok(HttpResponse::Ok().json(Link::of(&known)))
}

async fn change(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfLink,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: LinkPatch = body::json(request.headers(), &mut payload).await?;
    if let Some(label) = &wanted.label {
        checked_text("/label", label, LABEL)?;
    }
    let expires_at = match wanted.expires {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(end(core, &text)?)),
    };
    let access = kind.find(core, actor, of.collection).await?;
    let change = LinkChange { label: wanted.label, expires_at };
    let known = core.change_link(actor, &access.place(), of.link, change).await?;
    Ok(HttpResponse::Ok().json(Link::of(&known)))
}

async fn remove(kind: Kind, core: &Core, actor: &Actor, of: OfLink) -> Result<HttpResponse, Refused> {
    let access = kind.find(core, actor, of.collection).await?;
    core.revoke_link(actor, &access.place(), of.link).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn rotate(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfLink,
    request: &HttpRequest,
) -> Result<HttpResponse, Refused> {
    refuse_key(request)?;
    let access = kind.find(core, actor, of.collection).await?;
    let token = core.rotate_link(actor, &access.place(), of.link).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(secret(kind, of.link, token)))
}

/// Secret addresses of a calendar
///
/// For whoever may change its rights (`write-acl`).
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 200, description = "All of them, the oldest first", body = Page<Link>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[get("/calendars/{id}/links")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    list(CALENDARS, &core, &actor, of, query).await
}

/// Make a secret address of a calendar
///
/// Whoever has it reads without a login, for as long as its maker may read and share the calendar, and never more than he sees at that moment.
/// Its secret is told once, so `Idempotency-Key` is refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    request_body(content = NewLink, example = json!({"scope": "public", "label": "Web site"})),
    responses(
        (status = 201, description = "Made", body = LinkSecret, headers(("Location" = String, description = "Where it is managed"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later, or too many of them", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[post("/calendars/{id}/links")]
pub async fn add_to_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    create(CALENDARS, &core, &actor, of, &request, payload).await
}

/// A secret address of a calendar
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 200, description = "The link, without its secret", body = Link),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[get("/calendars/{id}/links/{link}")]
pub async fn one_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
) -> Result<HttpResponse, Refused> {
    read(CALENDARS, &core, &actor, of).await
}

/// Change a secret address of a calendar
///
/// For its maker and the owner of the calendar. One that has ended lives again where its end is moved or taken away.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar"), ("link" = String, Path, description = "The link")),
    request_body(content = LinkPatch, content_type = "application/merge-patch+json", example = json!({"label": "Web site"})),
    responses(
        (status = 200, description = "The link as it is now", body = Link),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[patch("/calendars/{id}/links/{link}")]
pub async fn change_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    change(CALENDARS, &core, &actor, of, &request, payload).await
}

/// Take back a secret address of a calendar
///
/// It opens nothing from the next request on.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 204, description = "Taken back"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[delete("/calendars/{id}/links/{link}")]
pub async fn remove_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
) -> Result<HttpResponse, Refused> {
    remove(CALENDARS, &core, &actor, of).await
}

/// Give a secret address of a calendar another secret
///
/// For its maker and the owner of the calendar. The address before opens nothing from the next request on. The secret is told once, so
/// `Idempotency-Key` is refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 200, description = "The new secret", body = LinkSecret),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[post("/calendars/{id}/links/{link}:rotate")]
pub async fn rotate_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLinkAction,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    rotate(CALENDARS, &core, &actor, of.0, &request).await
}

/// Secret addresses of an address book
///
/// For whoever may change its rights (`write-acl`).
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    responses(
        (status = 200, description = "All of them, the oldest first", body = Page<Link>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[get("/address-books/{id}/links")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    list(ADDRESS_BOOKS, &core, &actor, of, query).await
}

/// Make a secret address of an address book
///
/// Whoever has it reads without a login, for as long as its maker may read and share the address book, and never more than he sees at that moment.
/// Its secret is told once, so `Idempotency-Key` is refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    request_body(content = NewLink, example = json!({"scope": "public", "label": "Web site"})),
    responses(
        (status = 201, description = "Made", body = LinkSecret, headers(("Location" = String, description = "Where it is managed"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later, or too many of them", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[post("/address-books/{id}/links")]
pub async fn add_to_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    create(ADDRESS_BOOKS, &core, &actor, of, &request, payload).await
}

/// A secret address of an address book
#[utoipa::path(
    params(("id" = String, Path, description = "The address book"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 200, description = "The link, without its secret", body = Link),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[get("/address-books/{id}/links/{link}")]
pub async fn one_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
) -> Result<HttpResponse, Refused> {
    read(ADDRESS_BOOKS, &core, &actor, of).await
}

/// Change a secret address of an address book
///
/// For its maker and the owner of the address book. One that has ended lives again where its end is moved or taken away.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book"), ("link" = String, Path, description = "The link")),
    request_body(content = LinkPatch, content_type = "application/merge-patch+json", example = json!({"label": "Web site"})),
    responses(
        (status = 200, description = "The link as it is now", body = Link),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[patch("/address-books/{id}/links/{link}")]
pub async fn change_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    change(ADDRESS_BOOKS, &core, &actor, of, &request, payload).await
}

/// Take back a secret address of an address book
///
/// It opens nothing from the next request on.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 204, description = "Taken back"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[delete("/address-books/{id}/links/{link}")]
pub async fn remove_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
) -> Result<HttpResponse, Refused> {
    remove(ADDRESS_BOOKS, &core, &actor, of).await
}

/// Give a secret address of an address book another secret
///
/// For its maker and the owner of the address book. The address before opens nothing from the next request on. The secret is told once, so
/// `Idempotency-Key` is refused.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book"), ("link" = String, Path, description = "The link")),
    responses(
        (status = 200, description = "The new secret", body = LinkSecret),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "links"
)]
#[post("/address-books/{id}/links/{link}:rotate")]
pub async fn rotate_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLinkAction,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    rotate(ADDRESS_BOOKS, &core, &actor, of.0, &request).await
}
