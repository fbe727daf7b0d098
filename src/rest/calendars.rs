//! Calendars and task lists. RFC 4791 §5.2 has what they are.

use super::collections::{self, CALENDARS, DavPaths, Labels, Made};
use super::page::{self, Page};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, conditions, once};
use crate::domain::collection::Components;
use crate::domain::fault::Condition;
use crate::domain::labels::Label;
use crate::domain::props::Props;
use crate::services::collections::CollectionDraft;
use crate::services::{Access, Actor, CollectionUpdate, Core, freebusy};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A calendar, as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// Part of its address, the same for ever, whatever it is called and wherever it is moved.
    #[schema(required = false, example = "0d5kq2t80002f")]
    id: String,
    /// For people to read.
    #[schema(required = false, example = "Équipe")]
    name: Option<String>,
    /// What it is for.
    #[schema(required = false)]
    description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(required = false, example = "#3465A4")]
    color: Option<String>,
    /// Calendars with small numbers come first.
    #[schema(required = false)]
    order: Option<i64>,
    /// IANA name of the zone in which dates and floating times are meant; null where none is set.
    #[schema(required = false, example = "Europe/Paris")]
    time_zone: Option<String>,
    /// The types of components that it takes.
    #[schema(required = false, example = json!(["VEVENT"]))]
    components: Vec<&'static str>,
    /// Whether it is left out of free/busy.
    #[schema(required = false)]
    transparent: bool,
    /// Whether it is one of those that an account keeps: it cannot be deleted.
    #[schema(required = false)]
    is_default: bool,
    /// Handle of the principal whose it is.
    #[schema(required = false, example = "claire.martin")]
    owner: String,
    /// Whether it is another's that stands in the caller's home, under names of his.
    #[schema(required = false)]
    subscribed: bool,
    /// What the caller may do: names of privileges (RFC 3744, RFC 4791).
    #[schema(required = false, example = json!(["read", "write-content", "bind", "unbind"]))]
    rights: Vec<&'static str>,
    /// The point in its history from which `changes` go on; also its entity tag.
    #[schema(required = false)]
    sync_token: String,
    /// Where CalDAV serves it.
    #[schema(required = false, example = "/dav/calendars/claire.martin/default/")]
    href: String,
}

const FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "color",
    "order",
    "timeZone",
    "components",
    "transparent",
    "isDefault",
    "owner",
    "subscribed",
    "rights",
    "syncToken",
    "href",
];

impl Calendar {
    /// As this protocol tells it.
    pub(super) fn of(core: &Core, dav: &DavPaths, access: &Access) -> Self {
        let calendar = access.collection();
        let label = |label| collections::label(access, label);
        Calendar {
            id: calendar.id.to_string(),
            name: label(Label::Name),
            description: label(Label::CalendarDescription),
            color: label(Label::Color).filter(|color| collections::is_color(color)),
            order: label(Label::Order).and_then(|order| order.parse().ok()),
            time_zone: calendar.time_zone.as_deref().and_then(freebusy::zone_id),
            components: calendar.components.names().collect(),
            transparent: calendar.transparent,
            is_default: calendar.is_default,
            owner: access.owner().handle.clone(),
            subscribed: access.mounted().is_some(),
            rights: collections::rights(access),
            sync_token: core.token(access).to_string(),
            href: dav.of(access),
        }
    }
}

/// A calendar to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewCalendar {
    /// For people to read.
    #[schema(example = "Équipe", max_length = 1000, min_length = 1)]
    name: String,
    /// What it is for.
    #[schema(max_length = 20000)]
    description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(example = "#3465A4", pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<String>,
    /// Calendars with small numbers come first.
    order: Option<i64>,
    /// IANA name.
    #[schema(example = "Europe/Paris")]
    time_zone: Option<String>,
    /// The types of components that it takes: `VEVENT`, `VTODO`, `VJOURNAL`, `VFREEBUSY`, `VAVAILABILITY`, `VPOLL`; all where none is named.
    #[serde(default)]
    #[schema(example = json!(["VEVENT"]))]
    components: Vec<String>,
    /// Whether it is left out of free/busy.
    #[serde(default)]
    transparent: bool,
}

/// A change of a calendar (RFC 7396): what is absent stays, null takes away. Which components it takes does not change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct CalendarPatch {
    /// For people to read.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>, max_length = 1000, min_length = 1)]
    name: Option<Option<String>>,
    /// What it is for.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>, max_length = 20000)]
    description: Option<Option<String>>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>, pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<Option<String>>,
    /// Calendars with small numbers come first.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<i64>)]
    order: Option<Option<i64>>,
    /// IANA name.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    /// Whether it is left out of free/busy.
    transparent: Option<bool>,
}

/// An IANA name, as a zone is kept.
fn checked_zone(zone: Option<&String>) -> Result<(), Refused> {
    match zone {
        Some(name) if name.contains("BEGIN:") || freebusy::valid_zone(name).is_err() => {
            Err(Refused::from(Condition::ValidTimezone).field("/timeZone"))
        }
        _ => Ok(()),
    }
}

fn components(names: &[String]) -> Result<Components, Refused> {
    let mut set = Components(0);
    for (at, name) in names.iter().enumerate() {
        let one = Components::named(name).ok_or_else(|| {
            Refused::from(Condition::SupportedCalendarComponent(name.clone()))
                .field(&format!("/components/{at}"))
        })?;
        set = set.with(one);
    }
    Ok(if set.0 == 0 { Components::ALL } else { set })
}

impl NewCalendar {
    /// What is to be made, if it can be.
    pub(super) fn draft(self) -> Result<CollectionDraft, Refused> {
        let labels = Labels {
            name: Some(Some(self.name)),
            description: Some(self.description),
            color: Some(self.color),
            order: Some(self.order),
        };
        labels.check()?;
        checked_zone(self.time_zone.as_ref())?;
        let mut props = Props::default();
        labels.apply(CALENDARS, &mut props);
        Ok(CollectionDraft {
            kind: CALENDARS.kind,
            components: components(&self.components)?,
            transparent: self.transparent,
            time_zone: self.time_zone,
            props,
        })
    }
}

/// Calendars
///
/// The caller's own and those that others have granted to him or to a group of his; with `owner` what he may see of another's.
#[utoipa::path(
    params(
        ("owner" = Option<String>, Query, description = "Handle of another principal: what the caller may see of his"),
        ("limit" = Option<u32>, Query, description = "Calendars of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of calendars, the oldest first", body = Page<Calendar>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[get("/calendars")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    CALENDARS.list(&core, &actor, query, FIELDS, |access| Calendar::of(&core, &dav, access)).await
}

/// Make a calendar
///
/// In the caller's own home.
#[utoipa::path(
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice")),
    request_body = NewCalendar,
    responses(
        (status = 201, description = "Made", body = Made, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[post("/calendars")]
pub async fn create(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let draft = body::parse::<NewCalendar>(bytes).await?.draft()?;
    let id = core.create_collection_once(&actor, &CALENDARS.new_place(&actor), draft, asked).await?;
    Ok(CALENDARS.made(id))
}

/// A calendar
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The calendar", body = Calendar, headers(("ETag" = String, description = "Its sync token"))),
        (status = 304, description = "Nothing in it has changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[get("/calendars/{id}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let fields = page::fields(&mut query, FIELDS)?;
    query.end()?;
    let access = CALENDARS.find(&core, &actor, of.0).await?;
    let told = page::sparse(&Calendar::of(&core, &dav, &access), fields.as_deref())?;
    Ok(CALENDARS.show(&core, &access, request.headers(), &told))
}

/// Change a calendar
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    request_body(content = CalendarPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The calendar as it is now", body = Calendar, headers(("ETag" = String, description = "Its sync token"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[patch("/calendars/{id}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let access = CALENDARS.find(&core, &actor, of.0).await?;
    let patch: CalendarPatch = body::json(request.headers(), &mut payload).await?;
    let labels =
        Labels { name: patch.name, description: patch.description, color: patch.color, order: patch.order };
    labels.check()?;
    checked_zone(patch.time_zone.as_ref().and_then(Option::as_ref))?;
    let (transparent, time_zone) = (patch.transparent, patch.time_zone);
    let done = async {
        let conditions = conditions::of_collection(request.headers())?;
        let change = move |props: &mut Props| {
            labels.apply(CALENDARS, props);
            CollectionUpdate { transparent, time_zone: time_zone.clone(), props: None }
        };
        Ok(core.update_collection(&actor, &access.shown_place(), conditions, change).await?)
    };
    CALENDARS.or_stale(&core, &actor, of.0, done.await).await?;
    let access = CALENDARS.find(&core, &actor, of.0).await?;
    let etag = collections::etag(&core, &access);
    Ok(HttpResponse::Ok().insert_header(("ETag", etag)).json(Calendar::of(&core, &dav, &access)))
}

/// Delete a calendar
///
/// With all that is in it; it can be restored for a time. Those that an account keeps are refused.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "calendars"
)]
#[delete("/calendars/{id}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    CALENDARS.delete(&core, &actor, of.0, request.headers()).await
}
