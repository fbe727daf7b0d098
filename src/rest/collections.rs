//! What calendars and address books have in common: found by id, named by labels, told with rights and sync token.

use super::conditions;
use super::page::{self, Asked};
use super::path;
use super::problem::Refused;
use super::query::Query;
use crate::domain::acl::Privilege;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::labels::{Label, is_plain};
use crate::domain::principal::PrincipalKind;
use crate::domain::props::Props;
use crate::http::tags;
use crate::services::access::Place;
use crate::services::{Access, Actor, Core};
use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, HeaderMap, LOCATION};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Characters of a name or another short text.
const NAME: usize = 1_000;
/// Characters of a description.
const DESCRIPTION: usize = 20_000;

/// Where DAV serves things: functions of the protocol beside this one, handed over by `server`, which knows both.
#[derive(Debug, Clone, Copy)]
pub struct DavPaths {
    /// The path of a collection, by home, owner's handle, and last segment.
    pub collection: fn(HomeKind, &str, &str) -> String,
    /// The path of an item, by its collection's path and its name.
    pub item: fn(&str, &str) -> String,
    /// The path of a principal, by its kind and handle.
    pub principal: fn(PrincipalKind, &str) -> String,
}

impl DavPaths {
    /// The path of a collection.
    pub fn of(&self, access: &Access) -> String {
        let (handle, slug) = access.shown_at();
        (self.collection)(access.collection().home, handle, slug)
    }
}

/// The two kinds of collections that this protocol shows, and how their resource is called.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What the collection is.
    pub kind: CollectionKind,
    /// In which home it stands.
    pub home: HomeKind,
    /// First segment of its path.
    pub segment: &'static str,
    /// Where its description is kept.
    pub description: Label,
}

/// Calendars.
pub const CALENDARS: Kind = Kind {
    kind: CollectionKind::Calendar,
    home: HomeKind::Calendars,
    segment: "calendars",
    description: Label::CalendarDescription,
};
/// Address books.
pub const ADDRESS_BOOKS: Kind = Kind {
    kind: CollectionKind::AddressBook,
    home: HomeKind::AddressBooks,
    segment: "address-books",
    description: Label::BookDescription,
};

/// Something new: where it is, and nothing that could change until the answer is asked for again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    /// Its id: part of its address, the same for ever.
    #[schema(example = "0d5kq2t80002f")]
    pub id: String,
}

impl Kind {
    /// The collection with this id, for one who may read it.
    pub async fn find(self, core: &Core, actor: &Actor, id: CollectionId) -> Result<Access, Refused> {
        let access = self.find_busy(core, actor, id).await?;
        access.need(Privilege::Read)?;
        Ok(access)
    }

    /// As [`Kind::find`], also for one who may do anything else with it, as see when it is busy.
    pub async fn find_busy(self, core: &Core, actor: &Actor, id: CollectionId) -> Result<Access, Refused> {
        let access = core.collection_by_id(actor, self.home, id).await?;
        if access.collection().kind == self.kind { Ok(access) } else { Err(Fault::NotFound.into()) }
    }

    /// A page of what the actor may know of: his own and what was granted to him, or what he may see of another's.
    pub async fn list<T: Serialize>(
        self,
        core: &Core,
        actor: &Actor,
        mut query: Query,
        known: &[&str],
        tell: impl Fn(&Access) -> T,
    ) -> Result<HttpResponse, Refused> {
        let asked = Asked::take(&mut query, known)?;
        let owner = query.text("owner");
        query.end()?;
        let mut all = match owner {
            None => core.known_collections(actor, self.home).await?,
            Some(owner) => core.collections(actor, &owner.to_lowercase(), self.home).await.or_else(no_one)?,
        };
        all.retain(|access| access.collection().kind == self.kind && access.rights().has(Privilege::Read));
        all.sort_by_key(|access| access.collection().id);
        let after = asked
            .after
            .as_deref()
            .map(|key| CollectionId::parse(key).ok_or_else(|| Refused::at("cursor", "of another list")));
        let after = after.transpose()?;
        let limit = usize::try_from(asked.limit).unwrap_or(1);
        let mut rest = all.iter().filter(|access| after.is_none_or(|after| access.collection().id > after));
        let shown: Vec<&Access> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let next = shown.last().filter(|_| more).map(|last| page::cursor(&last.collection().id.to_string()));
        let items =
            shown.into_iter().map(|access| asked.sparse(&tell(access))).collect::<Result<Vec<Value>, _>>()?;
        Ok(HttpResponse::Ok().json(page::Page { items, next }))
    }

    /// One collection as it is, unless the reader has it.
    pub fn show(
        self,
        core: &Core,
        access: &Access,
        headers: &HeaderMap,
        body: &impl Serialize,
    ) -> HttpResponse {
        let etag = etag(core, access);
        // What somebody keeps on another's collection is not in its token.
        if access.mounted().is_none() && tags::not_modified(headers, &etag, None) {
            return HttpResponse::NotModified().insert_header((ETAG, etag)).finish();
        }
        HttpResponse::Ok().insert_header((ETAG, etag)).json(body)
    }

    /// A place for a new collection in the actor's own home.
    pub fn new_place(self, actor: &Actor) -> Place {
        Place {
            owner: actor.handle.clone(),
            home: self.home,
            slug: uuid::Uuid::now_v7().to_string(),
            id: None,
        }
    }

    /// What is answered for a new collection.
    pub fn made(self, id: CollectionId) -> HttpResponse {
        let id = id.to_string();
        let location = path::to(&[self.segment, &id]);
        HttpResponse::Created().insert_header((LOCATION, location)).json(Made { id })
    }

    /// Removes a collection, if the request's conditions hold.
    pub async fn delete(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Refused> {
        let access = self.find(core, actor, id).await?;
        let done = async {
            let conditions = conditions::of_collection(headers)?;
            Ok(core.delete_collection(actor, &access.place(), conditions).await?)
        };
        self.or_stale(core, actor, id, done.await).await?;
        Ok(HttpResponse::NoContent().finish())
    }

    /// Adds to a refused condition how the collection is now.
    pub async fn or_stale<T>(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        done: Result<T, Refused>,
    ) -> Result<T, Refused> {
        match done {
            Err(refused) if refused.is_stale() => match self.find(core, actor, id).await {
                Ok(access) => Err(refused.stale(etag(core, &access))),
                Err(_) => Err(refused),
            },
            other => other,
        }
    }
}

/// An owner that does not exist looks like one of whom nothing may be seen.
fn no_one(fault: Fault) -> Result<Vec<Access>, Fault> {
    if fault == Fault::NotFound { Ok(Vec::new()) } else { Err(fault) }
}

/// The entity tag of a collection: its sync token.
pub fn etag(core: &Core, access: &Access) -> String {
    format!("\"{}\"", core.token(access))
}

/// The names of the privileges that the actor has.
pub fn rights(access: &Access) -> Vec<&'static str> {
    Privilege::ALL.iter().filter(|one| access.rights().has(**one)).map(|one| one.name().1).collect()
}

/// A text that a label may have.
pub fn checked_text(field: &str, text: &str, most: usize) -> Result<(), Refused> {
    if text.chars().count() > most {
        return Err(Refused::at(field, format!("longer than {most} characters")));
    }
    if !is_plain(text) {
        return Err(Refused::at(field, "holds control characters"));
    }
    Ok(())
}

/// The labels that a request gives; the outer `None` leaves one as it is.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// The name.
    pub name: Option<Option<String>>,
    /// The description.
    pub description: Option<Option<String>>,
    /// The colour.
    pub color: Option<Option<String>>,
    /// The order.
    pub order: Option<Option<i64>>,
}

impl Labels {
    /// Refuses what cannot be one.
    pub fn check(&self) -> Result<(), Refused> {
        if let Some(Some(name)) = &self.name {
            if name.trim().is_empty() {
                return Err(Refused::at("/name", "is empty"));
            }
            checked_text("/name", name, NAME)?;
        }
        if let Some(Some(description)) = &self.description {
            checked_text("/description", description, DESCRIPTION)?;
        }
        match &self.color {
            Some(Some(color)) if !is_color(color) => {
                Err(Refused::at("/color", "must be #RRGGBB or #RRGGBBAA"))
            }
            _ => Ok(()),
        }
    }

    /// Keeps them.
    pub fn apply(&self, of: Kind, props: &mut Props) {
        let mut set = |label: Label, given: &Option<Option<String>>| {
            if let Some(text) = given {
                label.set(props, text.as_deref().map(str::trim).filter(|text| !text.is_empty()));
            }
        };
        set(Label::Name, &self.name);
        set(of.description, &self.description);
        set(Label::Color, &self.color);
        set(Label::Order, &self.order.map(|order| order.map(|order| order.to_string())));
    }
}

/// `#RRGGBB`, also with an opacity.
pub fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A label as text.
pub fn label(access: &Access, label: Label) -> Option<String> {
    label.of(&access.collection().props).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked() {
        let name =
            |name: &str| Labels { name: Some(Some(name.to_owned())), ..Labels::default() }.check().is_ok();
        assert!(name("Équipe ☃"));
        assert!(!name("  ") && !name("a\u{1}") && !name(&"x".repeat(NAME + 1)));
        for (color, good) in [
            ("#3465A4", true),
            ("#3465a4ff", true),
            ("red", false),
            ("#12345", false),
            ("#12345g", false),
            ("#1234567", false),
        ] {
            assert_eq!(is_color(color), good, "{color}");
        }
    }

    #[test]
    fn labels_are_kept_and_taken_away() {
        let mut props = Props::default();
        let all = Labels {
            name: Some(Some(" A ".into())),
            description: Some(Some("d".into())),
            color: Some(Some("#000000".into())),
            order: Some(Some(-3)),
        };
        all.apply(CALENDARS, &mut props);
        assert_eq!(Label::Name.of(&props), Some("A"));
        assert_eq!(Label::Order.of(&props), Some("-3"));
        assert_eq!(Label::BookDescription.of(&props), None);
        Labels { description: Some(None), ..Labels::default() }.apply(CALENDARS, &mut props);
        assert_eq!((Label::CalendarDescription.of(&props), Label::Color.of(&props)), (None, Some("#000000")));
    }
}
