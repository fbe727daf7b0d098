//! A DAV request once its path, headers and body are read.

use super::href::Target;
use super::resource::{self, ItemOf, Resource};
use super::xml::names::CALDAV;
use crate::domain::acl::Privilege;
use crate::domain::fault::{Condition, Fault};
use crate::http::body::read_body;
use crate::http::prefer::Preferences;
use crate::services::access::Place;
use crate::services::opened::Opened;
use crate::services::{Access, Actor, Core, Shown, labour};
use crate::text::xml::{self, Element};
use actix_web::http::header::HeaderMap;
use actix_web::web::Payload;
use std::cell::RefCell;

/// The header by which a client says whether it wants zones defined (RFC 7809 §7.1).
pub const TIMEZONES: &str = "CalDAV-Timezones";

/// What the methods work on.
pub struct Request<'r> {
    /// The services.
    pub core: &'r Core,
    /// Who asks.
    pub actor: Actor,
    /// What the path names.
    pub target: Target,
    /// What of the target was read together with the login; taken by who uses it.
    pub opened: RefCell<Opened>,
    /// The path as sent, for answers that repeat it.
    pub path: &'r str,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The query of the URL.
    pub query: &'r str,
}

/// `Depth` (RFC 4918 §10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The resource itself.
    Zero,
    /// And its members.
    One,
    /// And theirs, and so on.
    Infinity,
}

impl Request<'_> {
    /// What the target names, if the actor may know of it.
    pub async fn resource(&self) -> Result<Resource, Fault> {
        match &self.target {
            Target::Collection(place) => {
                self.collection(place).await.map(|access| Resource::Collection(Box::new(access)))
            }
            Target::Item(place, name) => {
                let (access, object) = self.item(place, name).await?;
                Ok(ItemOf::new(access).item(object))
            }
            Target::Home(kind, owner) => match self.opened.take().home {
                Some(home) => Ok(Resource::Home(Box::new(home))),
                None => Ok(Resource::Home(Box::new(self.core.home(&self.actor, owner, *kind).await?))),
            },
            target => resource::load(self.core, &self.actor, target).await,
        }
    }

    /// The collection of the target.
    pub async fn collection(&self, place: &Place) -> Result<Access, Fault> {
        match self.opened.take().collection {
            Some(access) => Ok(access),
            None => self.core.collection(&self.actor, place).await,
        }
    }

    /// The item of the target, for one who may read it.
    pub async fn item(&self, place: &Place, name: &str) -> Result<(Access, Shown), Fault> {
        match self.opened.take() {
            Opened { collection: Some(access), object: Some(object), .. } => {
                access.need(Privilege::Read)?;
                Ok((access, object))
            }
            _ => self.core.item(&self.actor, place, name).await,
        }
    }

    /// As [`Request::item`], but of a large item only the bytes of its body.
    pub async fn handy_item(
        &self,
        place: &Place,
        name: &str,
    ) -> Result<Result<(Access, Shown), usize>, Fault> {
        match self.opened.take() {
            Opened { collection: Some(access), object: Some(object), .. } => {
                access.need(Privilege::Read)?;
                Ok(Ok((access, object)))
            }
            _ => self.core.handy_item(&self.actor, place, name).await,
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The `Depth` header; `absent` where there is none.
    pub fn depth(&self, absent: Depth) -> Result<Depth, Fault> {
        match self.header("Depth") {
            None => Ok(absent),
            Some("0") => Ok(Depth::Zero),
            Some("1") => Ok(Depth::One),
            Some(word) if word.eq_ignore_ascii_case("infinity") => Ok(Depth::Infinity),
            Some(_) => Err(Fault::BadRequest("Depth must be 0, 1 or infinity".into())),
        }
    }

    /// Whether the client wants only what there is (RFC 8144 §2, and `Brief` of old).
    pub fn minimal(&self) -> bool {
        let brief = self.header("Brief").is_some_and(|value| value.eq_ignore_ascii_case("t"));
        brief || self.prefers_minimal()
    }

    /// Whether `Prefer` itself says so; a draft of RFC 7240, which clients follow, had another spelling.
    pub fn prefers_minimal(&self) -> bool {
        let preferences = Preferences::read(self.headers);
        preferences.is("return", "minimal") || preferences.value("return-minimal").is_some()
    }

    /// Whether the client wants to see what a change leaves behind, or what it would have changed (RFC 8144 §3).
    pub fn prefers_representation(&self) -> bool {
        Preferences::read(self.headers).is("return", "representation")
    }

    /// Whether the client wants the members of a collection without the collection (RFC 8144 §4).
    pub fn prefers_noroot(&self) -> bool {
        Preferences::read(self.headers).value("depth-noroot").is_some()
    }

    /// `Overwrite` (RFC 4918 §10.6).
    pub fn overwrite(&self) -> bool {
        !self.header("Overwrite").is_some_and(|value| value.eq_ignore_ascii_case("f"))
    }
}

/// Reads an XML body; `None` where there is none.
pub async fn read_xml(payload: &mut Payload, limit: u64) -> Result<Option<Element>, Fault> {
    let body = read_body(payload, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let read = labour::of(body.len(), move || xml::parse(&body)).await?;
    read.map(Some).map_err(|error| match (error.what, error.root) {
        ("a DOCTYPE is refused", _) => Condition::NoExternalEntities.into(),
        // What makes a query long is its filter, and for a filter there is a name.
        (what, Some((ns, local))) if ns == CALDAV && local == "calendar-query" => {
            Condition::ValidFilter(what.into()).into()
        }
        (what, _) => Fault::BadRequest(what.into()),
    })
}
