//! The past: steps of an item and of a collection, and contents of before.
//!
//! A version is named by the number that its collection had when it came. A move is told as it is logged: gone here, created there.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::forms::{self, Form};
use super::items::{CONTACTS, EVENTS, Members, TASKS};
use super::page::{self, Asked, Page};
use super::path::{OfCollection, OfItem, OfVersion};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{instant, items};
use crate::domain::device;
use crate::domain::id::CollectionId;
use crate::http::pieces;
use crate::http::tags::{self, form_tag};
use crate::services::past::{Step, Steps, Wanted};
use crate::services::{Actor, Core, Door, Happened};
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, HeaderMap, VARY};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// A step of the past.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Names the content that came with it, where it is kept.
    #[schema(required = false, example = 1807)]
    version: i64,
    /// The item.
    #[schema(required = false)]
    id: String,
    /// `created`, `changed` or `deleted`; a move is both, here and there. Null where the log does not say.
    #[schema(required = false, example = "changed")]
    what: Option<&'static str>,
    /// When.
    #[schema(required = false, format = DateTime)]
    at: Option<String>,
    /// Handle of who did it; null where there is no such account any more, and where the caller sees the item only in part.
    #[schema(required = false, example = "claire.martin")]
    by: Option<String>,
    /// Handle of whose the collection was then, where another did it for him: a person, or a group.
    #[schema(required = false)]
    on_behalf_of: Option<String>,
    /// `caldav`, `carddav`, `rest`, `import` or `scheduling`.
    #[schema(required = false, example = "caldav")]
    door: Option<&'static str>,
    /// The device, as `devices` calls it.
    #[schema(required = false, example = "app-password-842")]
    device: Option<String>,
    /// The program, where it says what it is.
    #[schema(required = false, example = "Thunderbird")]
    program: Option<String>,
    /// The entity tag after it, quotes included; null where the item went.
    #[schema(required = false)]
    etag: Option<String>,
    /// Octets of its content, as far as that is kept; only told of an item.
    #[schema(required = false)]
    size: Option<i32>,
}

const FIELDS: &[&str] =
    &["version", "id", "what", "at", "by", "onBehalfOf", "door", "device", "program", "etag", "size"];

impl Version {
    fn of(step: Step) -> Self {
        Version {
            version: step.number,
            id: step.name,
            what: step.what.map(word),
            at: step.at.map(instant::text),
            by: step.by,
            on_behalf_of: step.on_behalf_of,
            door: step.door.and_then(door),
            program: step.device.as_deref().and_then(device::program_of).map(str::to_owned),
            device: step.device.as_deref().map(|text| device::key(text).to_owned()),
            etag: step.etag.map(|etag| etag.quoted()),
            size: step.size,
        }
    }
}

const WORDS: [(Happened, &str); 3] =
    [(Happened::Created, "created"), (Happened::Changed, "changed"), (Happened::Removed, "deleted")];

fn word(what: Happened) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == what).map_or("", |(_, word)| word)
}

const DOORS: [(Door, &str); 5] = [
    (Door::CalDav, "caldav"),
    (Door::CardDav, "carddav"),
    (Door::Rest, "rest"),
    (Door::Import, "import"),
    (Door::Scheduling, "scheduling"),
];

/// The word for a door.
pub fn door(number: i16) -> Option<&'static str> {
    DOORS.iter().find(|(door, _)| *door as i16 == number).map(|(_, word)| *word)
}

/// The number below which a page begins.
fn before(asked: &Asked) -> Result<Option<i64>, Refused> {
    let number = |text: &str| text.parse().map_err(|_| Refused::at("cursor", "of another list"));
    asked.after.as_deref().map(number).transpose()
}

fn page(asked: &Asked, (steps, next): Steps) -> Result<HttpResponse, Refused> {
    let items = steps.into_iter().map(|step| asked.sparse(&Version::of(step)));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next: next.map(|number| page::cursor(&number.to_string())) }))
}

/// A page of an item's past.
async fn of_item(
    members: Members,
    core: &Core,
    actor: &Actor,
    of: &OfItem,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, FIELDS)?;
    query.end()?;
    let place = members.of.find(core, actor, of.collection).await?.place();
    let from = before(&asked)?;
    page(&asked, core.item_history(actor, &place, &of.name, members.kind, from, asked.limit).await?)
}

/// A content of before.
async fn then(
    members: Members,
    core: &Core,
    actor: &Actor,
    of: &OfVersion,
    headers: &HeaderMap,
) -> Result<HttpResponse, Refused> {
    let place = members.of.find(core, actor, of.item.collection).await?.place();
    let form = Form::negotiate(forms::accepted(headers).as_deref(), members.home())?;
    let kept = core.item_version(actor, &place, &of.item.name, members.kind, of.number).await?;
    let etag = form_tag(form.tag(), &kept.etag.0);
    if tags::not_modified(headers, &etag, None) {
        let mut answer = HttpResponse::NotModified();
        return Ok(answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept")).finish());
    }
    let room = match kept.body.len() {
        long if long > LARGE => Some(pieces::room(long).await?),
        _ => None,
    };
    let (text, media) = form.write(kept.body).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept"));
    answer.insert_header((CONTENT_DISPOSITION, "attachment"));
    answer.content_type(media.unwrap_or(members.kind.content_type()));
    Ok(items::sent(answer, text, room))
}

/// Octets from which a content is sent in pieces, as its client takes them.
const LARGE: usize = 64 * 1024;

/// A page of a collection's past.
async fn of_collection(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: CollectionId,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, FIELDS)?;
    let what = match query.text("what") {
        None => None,
        Some(text) => {
            let known = WORDS.iter().find(|(_, word)| *word == text).map(|(what, _)| *what);
            Some(known.ok_or_else(|| Refused::at("what", "must be created, changed or deleted"))?)
        }
    };
    let wanted = Wanted {
        from: instant::take(&mut query, "from")?,
        to: instant::take(&mut query, "to")?,
        device: query.text("device"),
        actor: query.text("by").map(|handle| handle.to_lowercase()),
        what,
    };
    query.end()?;
    let access = kind.find(core, actor, of).await?;
    let from = before(&asked)?;
    page(&asked, core.collection_history(actor, &access, wanted, from, asked.limit).await?)
}

/// History of a calendar
///
/// Changes of its items, the newest first, as far back as the log goes. A page may have fewer than `limit`, or none, and still go
/// on: a long log is looked through in parts. What clients keep on items changes without a new content, and is told too.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this instant"),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this instant"),
        ("device" = Option<String>, Query, description = "Only by this device"),
        ("by" = Option<String>, Query, description = "Only by the principal with this handle"),
        ("what" = Option<String>, Query, description = "Only `created`, `changed` or `deleted`"),
        ("limit" = Option<u32>, Query, description = "Steps of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Version>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/calendars/{id}/history")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_collection(CALENDARS, &core, &actor, of.0, query).await
}

/// History of an address book
///
/// Changes of its items, the newest first, as far back as the log goes. A page may have fewer than `limit`, or none, and still go
/// on: a long log is looked through in parts. What clients keep on items changes without a new content, and is told too.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this instant"),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this instant"),
        ("device" = Option<String>, Query, description = "Only by this device"),
        ("by" = Option<String>, Query, description = "Only by the principal with this handle"),
        ("what" = Option<String>, Query, description = "Only `created`, `changed` or `deleted`"),
        ("limit" = Option<u32>, Query, description = "Steps of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Version>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/address-books/{id}/history")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_collection(ADDRESS_BOOKS, &core, &actor, of.0, query).await
}

/// History of an event
///
/// Its contents that are kept, and when it was deleted; the newest first. Also of one that is gone.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("limit" = Option<u32>, Query, description = "Steps of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Version>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/calendars/{id}/events/{item}/history")]
pub async fn of_event(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_item(EVENTS, &core, &actor, &of, query).await
}

/// An event as it was
///
/// What it was at this version, as JSON or in another form by `Accept`: `text/*` are the bytes that it had.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("item" = String, Path, description = "The event"),
        ("version" = i64, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The event", content(
            (Object = "application/json"),
            (String = "text/calendar"),
            (Vec<Value> = "application/calendar+json"),
            (Object = "application/jscalendar+json")
        ), headers(("ETag" = String, description = "Its entity tag in this form"))),
        (status = 304, description = "The caller has it"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/calendars/{id}/events/{item}/history/{version}")]
pub async fn event_then(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfVersion,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    then(EVENTS, &core, &actor, &of, request.headers()).await
}

/// History of a task
///
/// Its contents that are kept, and when it was deleted; the newest first. Also of one that is gone.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The task list"),
        ("item" = String, Path, description = "The task"),
        ("limit" = Option<u32>, Query, description = "Steps of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Version>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/calendars/{id}/tasks/{item}/history")]
pub async fn of_task(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_item(TASKS, &core, &actor, &of, query).await
}

/// A task as it was
///
/// What it was at this version, as JSON or in another form by `Accept`: `text/*` are the bytes that it had.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The task list"),
        ("item" = String, Path, description = "The task"),
        ("version" = i64, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The task", content(
            (Object = "application/json"),
            (String = "text/calendar"),
            (Vec<Value> = "application/calendar+json"),
            (Object = "application/jscalendar+json")
        ), headers(("ETag" = String, description = "Its entity tag in this form"))),
        (status = 304, description = "The caller has it"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/calendars/{id}/tasks/{item}/history/{version}")]
pub async fn task_then(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfVersion,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    then(TASKS, &core, &actor, &of, request.headers()).await
}

/// History of a contact
///
/// Its contents that are kept, and when it was deleted; the newest first. Also of one that is gone.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("limit" = Option<u32>, Query, description = "Steps of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Version>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/address-books/{id}/contacts/{item}/history")]
pub async fn of_contact(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_item(CONTACTS, &core, &actor, &of, query).await
}

/// A contact as it was
///
/// What it was at this version, as JSON or in another form by `Accept`: `text/*` are the bytes that it had.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("version" = i64, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The contact", content(
            (Object = "application/json"),
            (String = "text/vcard"),
            (Vec<Value> = "application/vcard+json"),
            (Object = "application/jscontact+json")
        ), headers(("ETag" = String, description = "Its entity tag in this form"))),
        (status = 304, description = "The caller has it"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[get("/address-books/{id}/contacts/{item}/history/{version}")]
pub async fn contact_then(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfVersion,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    then(CONTACTS, &core, &actor, &of, request.headers()).await
}
