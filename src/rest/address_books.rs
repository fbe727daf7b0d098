//! Address books. RFC 6352 §5.2 has what they are.

use super::collections::{self, ADDRESS_BOOKS, DavPaths, Labels, Made};
use super::page::{self, Page};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, conditions, once};
use crate::domain::collection::Components;
use crate::domain::labels::Label;
use crate::domain::props::Props;
use crate::services::collections::CollectionDraft;
use crate::services::{Access, Actor, CollectionUpdate, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An address book, as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddressBook {
    /// Part of its address, the same for ever, whatever it is called and wherever it is moved.
    #[schema(required = false, example = "0d5kq2t80002f")]
    id: String,
    /// For people to read.
    #[schema(required = false, example = "Partenaires")]
    name: Option<String>,
    /// What it is for.
    #[schema(required = false)]
    description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(required = false, example = "#3465A4")]
    color: Option<String>,
    /// Address books with small numbers come first.
    #[schema(required = false)]
    order: Option<i64>,
    /// Whether it is the one that an account keeps: it cannot be deleted.
    #[schema(required = false)]
    is_default: bool,
    /// Handle of the principal whose it is.
    #[schema(required = false, example = "claire.martin")]
    owner: String,
    /// Whether it is another's that stands in the caller's home, under names of his.
    #[schema(required = false)]
    subscribed: bool,
    /// What the caller may do: names of privileges (RFC 3744).
    #[schema(required = false, example = json!(["read", "write-content", "bind", "unbind"]))]
    rights: Vec<&'static str>,
    /// The point in its history from which `changes` go on; also its entity tag.
    #[schema(required = false)]
    sync_token: String,
    /// Where CardDAV serves it.
    #[schema(required = false, example = "/dav/addressbooks/claire.martin/default/")]
    href: String,
}

const FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "color",
    "order",
    "isDefault",
    "owner",
    "subscribed",
    "rights",
    "syncToken",
    "href",
];

impl AddressBook {
    /// As this protocol tells it.
    pub(super) fn of(core: &Core, dav: &DavPaths, access: &Access) -> Self {
        let book = access.collection();
        let label = |label| collections::label(access, label);
        AddressBook {
            id: book.id.to_string(),
            name: label(Label::Name),
            description: label(Label::BookDescription),
            color: label(Label::Color).filter(|color| collections::is_color(color)),
            order: label(Label::Order).and_then(|order| order.parse().ok()),
            is_default: book.is_default,
            owner: access.owner().handle.clone(),
            subscribed: access.mounted().is_some(),
            rights: collections::rights(access),
            sync_token: core.token(access).to_string(),
            href: dav.of(access),
        }
    }
}

/// An address book to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewAddressBook {
    /// For people to read.
    #[schema(example = "Partenaires", max_length = 1000, min_length = 1)]
    name: String,
    /// What it is for.
    #[schema(max_length = 20000)]
    description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(example = "#3465A4", pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<String>,
    /// Address books with small numbers come first.
    order: Option<i64>,
}

/// A change of an address book (RFC 7396): what is absent stays, null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct AddressBookPatch {
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
    /// Address books with small numbers come first.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<i64>)]
    order: Option<Option<i64>>,
}

impl NewAddressBook {
    /// What is to be made, if it can be.
    pub(super) fn draft(self) -> Result<CollectionDraft, Refused> {
        let labels = Labels {
            name: Some(Some(self.name)),
            description: Some(self.description),
            color: Some(self.color),
            order: Some(self.order),
        };
        labels.check()?;
        let mut props = Props::default();
        labels.apply(ADDRESS_BOOKS, &mut props);
        Ok(CollectionDraft {
            kind: ADDRESS_BOOKS.kind,
            components: Components(0),
            transparent: true,
            time_zone: None,
            props,
        })
    }
}

/// Address books
///
/// The caller's own and those that others have granted to him or to a group of his; with `owner` what he may see of another's.
#[utoipa::path(
    params(
        ("owner" = Option<String>, Query, description = "Handle of another principal: what the caller may see of his"),
        ("limit" = Option<u32>, Query, description = "Address books of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of address books, the oldest first", body = Page<AddressBook>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address books"
)]
#[get("/address-books")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.list(&core, &actor, query, FIELDS, |access| AddressBook::of(&core, &dav, access)).await
}

/// Make an address book
///
/// In the caller's own home.
#[utoipa::path(
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice")),
    request_body = NewAddressBook,
    responses(
        (status = 201, description = "Made", body = Made, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address books"
)]
#[post("/address-books")]
pub async fn create(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let draft = body::parse::<NewAddressBook>(bytes).await?.draft()?;
    let id = core.create_collection_once(&actor, &ADDRESS_BOOKS.new_place(&actor), draft, asked).await?;
    Ok(ADDRESS_BOOKS.made(id))
}

/// An address book
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The address book", body = AddressBook, headers(("ETag" = String, description = "Its sync token"))),
        (status = 304, description = "Nothing in it has changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address books"
)]
#[get("/address-books/{id}")]
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
    let access = ADDRESS_BOOKS.find(&core, &actor, of.0).await?;
    let told = page::sparse(&AddressBook::of(&core, &dav, &access), fields.as_deref())?;
    Ok(ADDRESS_BOOKS.show(&core, &access, request.headers(), &told))
}

/// Change an address book
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    request_body(content = AddressBookPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The address book as it is now", body = AddressBook, headers(("ETag" = String, description = "Its sync token"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address books"
)]
#[patch("/address-books/{id}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let access = ADDRESS_BOOKS.find(&core, &actor, of.0).await?;
    let patch: AddressBookPatch = body::json(request.headers(), &mut payload).await?;
    let labels =
        Labels { name: patch.name, description: patch.description, color: patch.color, order: patch.order };
    labels.check()?;
    let done = async {
        let conditions = conditions::of_collection(request.headers())?;
        let change = move |props: &mut Props| {
            labels.apply(ADDRESS_BOOKS, props);
            CollectionUpdate::default()
        };
        Ok(core.update_collection(&actor, &access.shown_place(), conditions, change).await?)
    };
    ADDRESS_BOOKS.or_stale(&core, &actor, of.0, done.await).await?;
    let access = ADDRESS_BOOKS.find(&core, &actor, of.0).await?;
    let etag = collections::etag(&core, &access);
    Ok(HttpResponse::Ok().insert_header(("ETag", etag)).json(AddressBook::of(&core, &dav, &access)))
}

/// Delete an address book
///
/// With all that is in it; it can be restored for a time. The one that an account keeps is refused.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "address books"
)]
#[delete("/address-books/{id}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.delete(&core, &actor, of.0, request.headers()).await
}
