//! Events, tasks and contacts alike: listed and read. `writes` has what changes them.
//!
//! An item's id is its name in its collection, the last segment of its address in DAV: what the log of changes calls it by.

use super::collections::{ADDRESS_BOOKS, CALENDARS, DavPaths, Kind};
use super::conditions;
use super::forms::{self, Form};
use super::instant;
use super::page::{self, Asked, Page};
use super::path::{self, OfItem};
use super::problem::Refused;
use super::query::Query;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Listed};
use crate::domain::precondition::Preconditions;
use crate::http::date::last_modified;
use crate::http::pieces::{self, Room};
use crate::http::tags::{self, form_tag};
use crate::services::conditions::known_change;
use crate::services::{Access, Actor, Core, Shown};
use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, HeaderMap, LAST_MODIFIED, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
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
    pub fn of(item: &Shown<Listed>, parent: &str, dav: &DavPaths) -> Self {
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
        let form = form_of_data(query, home)?;
        let data = page.wants("data").then_some(form);
        Ok(ListAsked { page, data })
    }
}

/// What stands before the entity tag of what is known of an item.
const FACTS: &str = "m";

/// What is asked of one item as lists tell it.
struct Facts {
    fields: Vec<String>,
    form: Form,
}

impl Facts {
    /// Takes `fields` and `form` out of the parameters; `None` where the content itself is meant.
    fn take(query: &mut Query, home: HomeKind) -> Result<Option<Self>, Refused> {
        let form = form_of_data(query, home)?;
        Ok(page::fields(query, FIELDS)?.map(|fields| Facts { fields, form }))
    }
}

/// Takes `form` out of the parameters.
fn form_of_data(query: &mut Query, home: HomeKind) -> Result<Form, Refused> {
    let Some(name) = query.text("form") else { return Ok(Form::Kept) };
    Form::named(&name, home).ok_or_else(|| Refused::at("form", "there is no such form here"))
}

impl Members {
    pub const fn home(self) -> HomeKind {
        self.of.home
    }

    pub const fn is_card(self) -> bool {
        matches!(self.of.home, HomeKind::AddressBooks)
    }

    /// A name that no item has.
    pub fn new_name(self) -> String {
        format!("{}.{}", uuid::Uuid::now_v7(), if self.is_card() { "vcf" } else { "ics" })
    }

    /// The path of an item.
    pub fn location(self, collection: CollectionId, name: &str) -> String {
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
        listed: &[Shown<Listed>],
    ) -> Result<Vec<Value>, Refused> {
        let parent = dav.of(access);
        listed.iter().map(|item| asked.page.sparse(&Item::of(item, &parent, dav))).collect()
    }

    /// An item and its collection; room for a large one while it is sent.
    pub async fn find(
        self,
        core: &Core,
        actor: &Actor,
        of: &OfItem,
    ) -> Result<(Access, Shown, Option<Room>), Refused> {
        let found = core.handy_item_by_id(actor, self.home(), of.collection, &of.name).await?;
        let (access, object, room) = match found {
            Ok((access, object)) => (access, object, None),
            Err(bytes) => {
                let room = pieces::room(bytes).await?;
                let _load = pieces::load().await?;
                // As it stands in the actor's home: a large item tells the same of it as a small one, or its hidden length would show.
                let access = core.collection_by_id(actor, self.home(), of.collection).await?;
                let (_, object) = core.large_item(actor, &access.place(), &of.name).await?;
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
        mut query: Query,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Refused> {
        let facts = Facts::take(&mut query, self.home())?;
        query.end()?;
        let (access, object, room) = self.find(core, actor, of).await?;
        let form = match &facts {
            Some(_) => Form::Kept,
            None => Form::negotiate(forms::accepted(headers).as_deref(), self.home())?,
        };
        let etag = form_tag(if facts.is_some() { FACTS } else { form.tag() }, &object.etag.0);
        let wanted = Preconditions { if_none_match: None, ..conditions::of_item(headers)? };
        let held = core.hold_for_read(actor, wanted, &access, &object).await;
        held.map_err(|fault| stale(fault.into(), &object))?;
        if tags::not_modified(headers, &etag, known_change(actor, &access, &object)) {
            return Ok(HttpResponse::NotModified()
                .insert_header((ETAG, etag))
                .insert_header((VARY, "Accept"))
                .finish());
        }
        let mut answer = HttpResponse::Ok();
        answer.insert_header((ETAG, etag)).insert_header((VARY, "Accept"));
        if let Some(date) = last_modified(object.modified_at, core.now()) {
            answer.insert_header((LAST_MODIFIED, date));
        }
        if let Some(Facts { fields, form }) = facts {
            let mut item = Item::of(&object.listed(), &dav.of(&access), dav);
            if fields.iter().any(|field| field == "data") {
                item.data = Some(form.embed(object.into_inner().body).await?);
            }
            return Ok(answer.json(page::sparse(&item, Some(&fields))?));
        }
        // A browser must neither guess another type nor show a client's bytes as a page of ours.
        answer.insert_header((CONTENT_DISPOSITION, "attachment"));
        let kept = object.kind.content_type();
        let (text, media) = form.write(object.into_inner().body).await?;
        answer.content_type(media.unwrap_or(kept));
        Ok(sent(answer, text, room))
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
    objects: Vec<Shown>,
    form: Form,
) -> Result<Vec<Value>, Refused> {
    let parent = dav.of(access);
    let mut told = Vec::with_capacity(objects.len());
    for object in objects {
        let mut item = asked.page.sparse(&Item::of(&object.listed(), &parent, dav))?;
        // Put in afterwards: what is made into JSON is copied.
        if let Value::Object(members) = &mut item {
            members.insert("data".to_owned(), form.embed(object.into_inner().body).await?);
        }
        told.push(item);
    }
    Ok(told)
}

/// A refusal with the entity tag that is, where a condition did not hold.
pub fn stale(refused: Refused, object: &Shown) -> Refused {
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
