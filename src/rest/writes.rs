//! Events, tasks and contacts alike: made, replaced, changed, removed, moved and copied by the functions that DAV uses.
//!
//! `edits` says what JSON makes of a text, `forms` reads the other forms; `items` tells what is there. RFC 9110 §9.3.4, RFC 5789.

use super::conditions;
use super::forms;
use super::items::{Members, stale};
use super::path::OfItem;
use super::problem::Refused;
use super::{body, edits, once};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, ObjectName};
use crate::domain::precondition::{Preconditions, ResourceState, Tags};
use crate::http::body::read_item;
use crate::services::content::Sent;
use crate::services::edits::Editing;
use crate::services::idempotency::Once;
use crate::services::items::{Named, Terms};
use crate::services::opened::Opened;
use crate::services::transfer::{ItemPlace, Transfer};
use crate::services::{Access, Actor, Core};
use crate::text::jscalendar::Change;
use actix_web::http::header::{CONTENT_ENCODING, ETAG, HeaderMap, LOCATION};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

impl Members {
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
        let terms = Terms { kind: Some(self.kind), request: asked, opened: opened(&access), past: false };
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
            let change = Change::Replace(json);
            let done = self.edit(core, actor, &access, of, (conditions.clone(), None), change).await;
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
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let access = self.of.find(core, actor, of.collection).await?;
        let headers = request.headers();
        let body = self.body(core, headers, payload).await?;
        let asked = once::of(request, body.as_bytes())?;
        let change = self.change_of(headers, body).await?;
        let terms = (conditions::of_item(headers)?, asked);
        let done = self.edit(core, actor, &access, of, terms, change).await;
        let named = self.or_stale(core, actor, of, done).await?.ok_or(Fault::NotFound)?;
        Ok(self.written(of.collection, named, false))
    }

    /// The change that a request asks for.
    pub async fn change_of(self, headers: &HeaderMap, body: String) -> Result<Change, Refused> {
        let unsupported = || Refused::from(Fault::UnsupportedMediaType).field("Content-Type");
        let media = body::media(headers);
        if !edits::is_patch(media.as_deref(), self.home()) {
            return Err(unsupported());
        }
        edits::change(media.as_deref(), edits::parse(body).await?, self.home()).ok_or_else(unsupported)
    }

    /// Changes an item in place, on conditions and under the key of a request; `None` where there is none.
    async fn edit(
        self,
        core: &Core,
        actor: &Actor,
        access: &Access,
        of: &OfItem,
        (conditions, request): (Preconditions, Option<Once>),
        change: Change,
    ) -> Result<Option<Named>, Refused> {
        let edit = edits::edit(change, self.home(), core.now());
        let place = access.place();
        let editing = Editing { place: &place, name: &of.name, kind: self.kind, conditions, request };
        match core.edit_item(actor, editing, edit).await {
            Ok(done) => done.map(|done| done.item).map_err(|unkept| edits::refused(unkept, self.home())),
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
    pub async fn body(
        self,
        core: &Core,
        headers: &HeaderMap,
        payload: &mut Payload,
    ) -> Result<String, Refused> {
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
        if kept && named.stored.kept {
            answer.insert_header((ETAG, etag.as_str()));
        }
        answer.json(Written { id: named.name, etag })
    }
}

impl From<Named> for Written {
    fn from(named: Named) -> Self {
        Written { etag: named.stored.etag.quoted(), id: named.name }
    }
}

/// What a write need not look up once more.
fn opened(access: &Access) -> Opened {
    Opened { collection: Some(access.clone()), ..Opened::default() }
}
