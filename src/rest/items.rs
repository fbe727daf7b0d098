//! Events, tasks and contacts alike: listed, made, read, replaced, removed, moved and copied by the functions that DAV uses.
//!
//! An item's id is its name in its collection, the last segment of its address in DAV: what the log of changes calls it by.

use super::collections::{ADDRESS_BOOKS, CALENDARS, DavPaths, Kind};
use super::conditions::{self, form_tag};
use super::forms::{self, Form};
use super::page::{self, Asked, Page};
use super::path::{self, OfItem};
use super::problem::Refused;
use super::query::Query;
use super::{body, edits, instant, once};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, ObjectName};
use crate::domain::object::{ItemKind, Listed, Object};
use crate::domain::precondition::{Preconditions, ResourceState, Tags};
use crate::http::body::read_item;
use crate::http::date::http_date;
use crate::http::pieces::{self, Room};
use crate::services::access::Opened;
use crate::services::content::Sent;
use crate::services::items::{Named, Terms};
use crate::services::transfer::{ItemPlace, Transfer};
use crate::services::{Access, Actor, Core};
use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT, CONTENT_DISPOSITION, CONTENT_ENCODING, ETAG, HeaderMap, LAST_MODIFIED, LOCATION, VARY,
};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The members of an item in lists.
pub const FIELDS: &[&str] = &["id", "uid", "etag", "component", "created", "updated", "href", "data"];

/// A kind of items and how its resource is called.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    /// What they stand in.
    pub of: Kind,
    /// Third segment of their path.
    pub segment: &'static str,
    /// What they are.
    pub kind: ItemKind,
}

/// Events.
pub const EVENTS: Members = Members { of: CALENDARS, segment: "events", kind: ItemKind::EVENT };
/// Tasks.
pub const TASKS: Members = Members { of: CALENDARS, segment: "tasks", kind: ItemKind::TASK };
/// Contacts.
pub const CONTACTS: Members = Members { of: ADDRESS_BOOKS, segment: "contacts", kind: ItemKind::CARD };

/// What is known of an item, without its content.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Item {
    /// Its name in the collection: part of its address here and in DAV.
    #[schema(required = false, example = "0197c3a4-7d1e-7a31-9c55-0c1f8e1f2a11.ics")]
    id: String,
    /// As in its content.
    #[schema(required = false, example = "reunion-42@example.org")]
    uid: String,
    /// Its entity tag, quotes included.
    #[schema(required = false)]
    etag: String,
    /// `VEVENT`, `VTODO` or `VCARD`.
    #[schema(required = false, example = "VEVENT")]
    component: Option<&'static str>,
    /// When it came to stand here.
    #[schema(required = false, format = DateTime)]
    created: String,
    /// When it was last written.
    #[schema(required = false, format = DateTime)]
    updated: String,
    /// Where DAV serves it.
    #[schema(required = false, example = "/dav/calendars/claire.martin/default/reunion-42.ics")]
    href: String,
    /// Its content in the form that `form` names; only where `fields` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    data: Option<Value>,
}

impl Item {
    /// What is known of one whose collection DAV serves at `parent`.
    pub fn of(item: &Listed, parent: &str, dav: &DavPaths) -> Self {
        Item {
            id: item.name.clone(),
            uid: item.uid.clone(),
            etag: item.etag.quoted(),
            component: item.kind.component(),
            created: instant::text(item.created_at),
            updated: instant::text(item.modified_at),
            href: (dav.item)(parent, &item.name),
            data: None,
        }
    }
}

/// An item that was written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Written {
    /// Its name in the collection.
    #[schema(example = "0197c3a4-7d1e-7a31-9c55-0c1f8e1f2a11.ics")]
    id: String,
    /// Its entity tag, quotes included.
    etag: String,
}

/// Where an item goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct Target {
    /// The collection, of the same kind.
    #[schema(example = "0d5kq2t80002f")]
    to: String,
    /// Its name there; the same where it is not given.
    id: Option<String>,
    /// Whether one of that name there is replaced.
    #[serde(default)]
    overwrite: bool,
}

/// What a list of items asks: its form, and the page.
pub struct ListAsked {
    /// The page.
    pub page: Asked,
    /// The form of `data`, where that is wanted.
    pub data: Option<Form>,
}

impl ListAsked {
    /// Takes `form`, `fields`, `limit` and `cursor` out of the parameters.
    pub fn take(query: &mut Query, home: HomeKind) -> Result<Self, Refused> {
        let page = Asked::take(query, FIELDS)?;
        let form = match query.text("form") {
            None => Form::Kept,
            Some(name) => {
                Form::named(&name, home).ok_or_else(|| Refused::at("form", "there is no such form here"))?
            }
        };
        let data = page.wants("data").then_some(form);
        Ok(ListAsked { page, data })
    }
}

impl Members {
    /// The home of their collections.
    pub const fn home(self) -> HomeKind {
        self.of.home
    }

    const fn is_card(self) -> bool {
        matches!(self.of.home, HomeKind::AddressBooks)
    }

    /// A name that no item has.
    pub fn new_name(self) -> String {
        format!("{}.{}", uuid::Uuid::now_v7(), if self.is_card() { "vcf" } else { "ics" })
    }

    /// The path of an item.
    fn location(self, collection: CollectionId, name: &str) -> String {
        path::to(&[self.of.segment, &collection.to_string(), self.segment, name])
    }

    /// A page of the items, in the order of their names.
    pub async fn list(
        self,
        core: &Core,
        access: &Access,
        dav: &DavPaths,
        asked: &ListAsked,
    ) -> Result<HttpResponse, Refused> {
        let after = asked.page.after.as_deref().unwrap_or_default();
        let (items, last, more) = match asked.data {
            None => {
                let (listed, more) = core.listing(access, self.kind, after, asked.page.limit).await?;
                let last = listed.last().map(|item| item.name.clone());
                (self.tell(access, dav, asked, &listed)?, last, more)
            }
            Some(form) => {
                let (objects, more) = core.whole_listing(access, self.kind, after, asked.page.limit).await?;
                let last = objects.last().map(|object| object.name.clone());
                (tell_whole(access, dav, asked, objects, form).await?, last, more)
            }
        };
        let next = last.filter(|_| more).map(|name| page::cursor(&name));
        Ok(HttpResponse::Ok().json(Page { items, next }))
    }

    /// Items as a list shows them.
    pub fn tell(
        self,
        access: &Access,
        dav: &DavPaths,
        asked: &ListAsked,
        listed: &[Listed],
    ) -> Result<Vec<Value>, Refused> {
        let parent = dav.of(access);
        listed.iter().map(|item| asked.page.sparse(&Item::of(item, &parent, dav))).collect()
    }

    /// An item and its collection; room for a large one while it is sent.
    async fn find(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
    ) -> Result<(Access, Object, Option<Room>), Refused> {
        let found = core.handy_item_by_id(actor, self.home(), of.collection, &of.name).await?;
        let (access, object, room) = match found {
            Ok((access, object)) => (access, object, None),
            Err(bytes) => {
                let room = pieces::room(bytes).await?;
                let _load = pieces::load().await?;
                let place = core.collection_by_id(actor, self.home(), of.collection).await?.place();
                let (access, object) = core.large_item(actor, &place, &of.name).await?;
                (access, object, Some(room))
            }
        };
        if object.kind != self.kind || access.collection().kind != self.of.kind {
            return Err(Fault::NotFound.into());
        }
        Ok((access, object, room))
    }

    /// An item in the form that the client asks for, unless it has it.
    pub async fn read(
        self,
        core: &Core,
        actor: &Actor,
        dav: &DavPaths,
        of: &OfItem,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Refused> {
        let (access, object, room) = self.find(core, actor, of).await?;
        let form = Form::negotiate(headers.get(ACCEPT).and_then(|value| value.to_str().ok()), self.home())?;
        let etag = form_tag(form.tag(), &object.etag.0);
        if conditions::not_modified(headers, &etag) {
            return Ok(HttpResponse::NotModified()
                .insert_header((ETAG, etag))
                .insert_header((VARY, "Accept"))
                .finish());
        }
        let wanted = Preconditions { if_none_match: None, ..conditions::of_item(headers)? };
        let held = core.hold_for_read(actor, wanted, &access, &object).await;
        held.map_err(|fault| stale(fault.into(), &object))?;
        let mut answer = HttpResponse::Ok();
        answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept"));
        if let Some(date) = http_date(object.modified_at) {
            answer.insert_header((LAST_MODIFIED, date));
        }
        if form == Form::Facts {
            return Ok(answer.json(Item::of(&Listed::from(&object), &dav.of(&access), dav)));
        }
        // A browser must neither guess another type nor show a client's bytes as a page of ours.
        answer.insert_header((CONTENT_DISPOSITION, "attachment"));
        let kept = object.kind.content_type();
        let (text, media) = form.write(object.body).await?;
        answer.content_type(media.unwrap_or(kept));
        Ok(sent(answer, text, room))
    }

    /// Makes an item under a name of the server's choice.
    pub async fn create(
        self,
        core: &Core,
        actor: &Actor,
        collection: CollectionId,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, collection).await?;
        let body = self.body(core, request.headers(), payload).await?;
        let asked = once::of(request, body.as_bytes())?;
        let media = body::media(request.headers());
        let (content, kept) = self.fresh(core, media.as_deref(), body).await?;
        let name = self.new_name();
        let fresh = Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() };
        let terms = Terms { kind: Some(self.kind), request: asked, opened: opened(&access) };
        let named = core.put_item_on(actor, &access.place(), &name, content, fresh, terms).await?;
        Ok(self.written(collection, named, kept))
    }

    /// Stores an item under the name that the client gives.
    pub async fn replace(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
        headers: &HeaderMap,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, of.collection).await?;
        let body = self.body(core, headers, payload).await?;
        let media = body::media(headers);
        let mut conditions = conditions::of_item(headers)?;
        if edits::is_said_by(media.as_deref(), self.home()) {
            let json = edits::parse(body.clone()).await?;
            let done = self.edit(core, actor, &access, of, conditions.clone(), json, true).await;
            match self.or_stale(core, actor, of, done).await? {
                Some(named) => return Ok(self.written(of.collection, named, false)),
                // Nothing is there to be changed, and nothing must have come when it is made.
                None if conditions.if_match.is_some() => return Err(Fault::PreconditionFailed.into()),
                None => conditions.if_none_match = Some(Tags::Any),
            }
        }
        let (content, kept) = self.fresh(core, media.as_deref(), body).await?;
        let terms = Terms { kind: Some(self.kind), opened: opened(&access), ..Terms::default() };
        let done = core.put_item_on(actor, &access.place(), &of.name, content, conditions, terms).await;
        let named = self.or_stale(core, actor, of, done.map_err(Refused::from)).await?;
        Ok(self.written(of.collection, named, kept))
    }

    /// Changes some members of an item, as JSCalendar or JSContact tells it.
    pub async fn change(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
        headers: &HeaderMap,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, of.collection).await?;
        let body = self.body(core, headers, payload).await?;
        if !edits::is_patch(body::media(headers).as_deref()) {
            return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Type"));
        }
        let json = edits::parse(body).await?;
        let conditions = conditions::of_item(headers)?;
        let done = self.edit(core, actor, &access, of, conditions, json, false).await;
        let named = self.or_stale(core, actor, of, done).await?.ok_or(Fault::NotFound)?;
        Ok(self.written(of.collection, named, false))
    }

    /// Changes an item in place; `None` where there is none.
    #[allow(clippy::too_many_arguments, reason = "one request, taken apart")]
    async fn edit(
        self,
        core: &Core,
        actor: &Actor,
        access: &Access,
        of: &OfItem,
        conditions: Preconditions,
        json: Value,
        whole: bool,
    ) -> Result<Option<Named>, Refused> {
        let edit = edits::edit(json, whole, self.home(), core.now());
        match core.edit_item(actor, &access.place(), &of.name, self.kind, conditions, edit).await {
            Ok(done) => done.map(Some).map_err(|unkept| edits::refused(unkept, self.home())),
            Err(Fault::NotFound) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// What a new item is stored as, and whether those are the very bytes that came.
    async fn fresh(self, core: &Core, media: Option<&str>, body: String) -> Result<(Sent, bool), Refused> {
        if !edits::is_said_by(media, self.home()) {
            return forms::read(media, body, self.home()).await;
        }
        let bytes = body.len();
        let json = edits::parse(body).await?;
        Ok((edits::fresh(json, self.home(), core.now(), bytes).await?, false))
    }

    /// Removes an item, if the request's conditions hold.
    pub async fn delete(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, of.collection).await?;
        let conditions = conditions::of_item(headers)?;
        let done = core.delete_item_of(actor, &access.place(), &of.name, self.kind, conditions).await;
        self.or_stale(core, actor, of, done.map_err(Refused::from)).await?;
        Ok(HttpResponse::NoContent().finish())
    }

    /// Moves or copies an item to a collection of the same kind.
    pub async fn transfer(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
        moves: bool,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let bytes = body::bytes(request.headers(), payload, body::MOST).await?;
        let asked = once::of(request, &bytes)?;
        let target: Target = body::parse(bytes).await?;
        let source = self.of.find(core, actor, of.collection).await?;
        let none = || Refused::from(Fault::Conflict("the target collection does not exist")).field("/to");
        let to = CollectionId::parse(&target.to).ok_or_else(none)?;
        let into = self.of.find(core, actor, to).await.map_err(|_| none())?;
        let name = match target.id {
            None => of.name.clone(),
            Some(name) => {
                let name = ObjectName::parse(&name)
                    .ok_or_else(|| Refused::at("/id", "cannot be the name of an item"))?;
                name.as_str().to_owned()
            }
        };
        let conditions = conditions::of_item(request.headers())?;
        let transfer = Transfer {
            from: ItemPlace { place: source.place(), name: of.name.clone() },
            to: ItemPlace { place: into.place(), name },
            moves,
            overwrite: target.overwrite,
            kind: Some(self.kind),
            conditions: conditions.clone(),
            request: asked,
        };
        match core.transfer(actor, transfer).await {
            Ok(named) => Ok(self.written(to, named, true)),
            Err(Fault::PreconditionFailed) => Err(self.unmet(core, actor, of, &conditions).await),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Why a transfer was refused: its source is not as it should be, or something stands at its target.
    async fn unmet(self, core: &Core, actor: &Actor, of: &OfItem, conditions: &Preconditions) -> Refused {
        let source = self.find(core, actor, of).await;
        let Ok((_, object, _)) = source else { return Fault::PreconditionFailed.into() };
        let own = ResourceState { etag: Some(&object.etag.0), ..ResourceState::default() };
        match conditions.check(own, ResourceState::default()) {
            Ok(()) => Refused::from(Fault::Exists).field("/id"),
            Err(fault) => stale(fault.into(), &object),
        }
    }

    /// The text of a request's item.
    async fn body(self, core: &Core, headers: &HeaderMap, payload: &mut Payload) -> Result<String, Refused> {
        if headers.contains_key(CONTENT_ENCODING) || headers.contains_key("Content-Range") {
            return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Encoding"));
        }
        Ok(read_item(payload, core.limits().resource_bytes, self.is_card()).await?)
    }

    /// What is answered after a write. The header has an entity tag only where the bytes are kept as sent (RFC 9110 §9.3.4).
    pub fn written(self, collection: CollectionId, named: Named, kept: bool) -> HttpResponse {
        let etag = named.stored.etag.quoted();
        let mut answer = if named.stored.created {
            let mut answer = HttpResponse::Created();
            answer.insert_header((LOCATION, self.location(collection, &named.name)));
            answer
        } else {
            HttpResponse::Ok()
        };
        if kept {
            answer.insert_header((ETAG, etag.as_str()));
        }
        answer.json(Written { id: named.name, etag })
    }

    /// Adds to a refused condition how the item is now.
    pub async fn or_stale<T>(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
        done: Result<T, Refused>,
    ) -> Result<T, Refused> {
        match done {
            Err(refused) if refused.is_stale() => match self.find(core, actor, of).await {
                Ok((_, object, _)) => Err(stale(refused, &object)),
                Err(_) => Err(refused),
            },
            other => other,
        }
    }
}

/// Items with their contents as a list shows them.
pub async fn tell_whole(
    access: &Access,
    dav: &DavPaths,
    asked: &ListAsked,
    objects: Vec<Object>,
    form: Form,
) -> Result<Vec<Value>, Refused> {
    let parent = dav.of(access);
    let mut told = Vec::with_capacity(objects.len());
    for object in objects {
        let mut item = asked.page.sparse(&Item::of(&Listed::from(&object), &parent, dav))?;
        // Put in afterwards: what is made into JSON is copied.
        if let Value::Object(members) = &mut item {
            members.insert("data".to_owned(), form.embed(object.body).await?);
        }
        told.push(item);
    }
    Ok(told)
}

/// What a write need not look up once more.
fn opened(access: &Access) -> Opened {
    Opened { collection: Some(access.clone()), ..Opened::default() }
}

fn stale(refused: Refused, object: &Object) -> Refused {
    if refused.is_stale() { refused.stale(object.etag.quoted()) } else { refused }
}

/// The answer with this body: a large one in pieces, as its client takes them.
pub fn sent(mut answer: HttpResponseBuilder, body: String, room: Option<Room>) -> HttpResponse {
    match room {
        None => answer.body(body),
        Some(room) => {
            let length = body.len() as u64;
            answer.body(SizedStream::new(length, pieces::patient(pieces::counted(body, room))))
        }
    }
}
