//! Contacts. RFC 6350, RFC 6352 §5.1.

use super::collections::{ADDRESS_BOOKS, DavPaths};
use super::items::{CONTACTS, Item};
use super::page::Page;
use super::path::{OfAction, OfCollection, OfItem};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::windows;
use super::writes::{Target, Written};
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};

/// Contacts
///
/// In the order of their ids.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("q" = Option<String>, Query, description = "Words, each of which stands in a name, an address, a number or the organisation; accents and case do not count"),
        ("limit" = Option<u32>, Query, description = "Things of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all but `data` where absent"),
        ("form" = Option<String>, Query, description = "Form of `data`: `vcard` (as kept), `vcard3`, `vcard4`, `jcard`, `jscontact`"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<Item>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[get("/address-books/{id}/contacts")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    let access = ADDRESS_BOOKS.find(&core, &actor, of.0).await?;
    windows::contacts(CONTACTS, &core, &access, &dav, query).await
}

/// Make a contact
///
/// Under an id of the server's choice.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body(content(
            (String = "text/vcard"),
            (Vec<Value> = "application/vcard+json"),
            (Object = "application/jscontact+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 201, description = "Made", body = Written, headers(
            ("Location" = String, description = "Its address"),
            ("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"),
        )),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[post("/address-books/{id}/contacts")]
pub async fn create(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CONTACTS.create(&core, &actor, of.0, &request, &mut payload).await
}

/// A contact
///
/// Its JSContact, or another form by `Accept`: `text/vcard` are the bytes as they are kept. With `fields` what a list tells of it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them, as in the list; the answer is JSON then, whatever `Accept` says"),
        ("form" = Option<String>, Query, description = "Form of `data`, as in the list"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The contact", content(
            (Object = "application/json"),
            (String = "text/vcard"),
            (Vec<Value> = "application/vcard+json"),
            (Object = "application/jscontact+json")
        ), headers(("ETag" = String, description = "Its entity tag in this form"))),
        (status = 304, description = "It has not changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[get("/address-books/{id}/contacts/{item}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfItem,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    CONTACTS.read(&core, &actor, &dav, &of, query, request.headers()).await
}

/// Replace a contact
///
/// Or make one under an id of the client's choice.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if there is none"),
    ),
    request_body(content(
            (String = "text/vcard"),
            (Vec<Value> = "application/vcard+json"),
            (Object = "application/jscontact+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 200, description = "Replaced", body = Written, headers(("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"))),
        (status = 201, description = "Made", body = Written, headers(("ETag" = String, description = "Its entity tag, where its bytes are kept as sent"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[put("/address-books/{id}/contacts/{item}")]
pub async fn replace(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CONTACTS.replace(&core, &actor, &of, request.headers(), &mut payload).await
}

/// Change a contact
///
/// A merge patch (RFC 7396) of its JSContact, or a PatchObject, whose names are JSON pointers without the first slash: that in
/// `application/jscontact+json`, either in `application/json`, where a `/` in a name tells them apart. What it does not name stays as it is, byte for byte.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body(content(
            (Object = "application/merge-patch+json"),
            (Object = "application/jscontact+json"),
            (Object = "application/json")
        )),
    responses(
        (status = 200, description = "Changed", body = Written),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[patch("/address-books/{id}/contacts/{item}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CONTACTS.change(&core, &actor, &of, &request, &mut payload).await
}

/// Delete a contact
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[delete("/address-books/{id}/contacts/{item}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfItem,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    CONTACTS.delete(&core, &actor, &of, request.headers()).await
}

/// Move a contact
///
/// To another collection, or to another id. The bytes stay, and so does the entity tag.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Target,
    responses(
        (status = 200, description = "Moved over another", body = Written),
        (status = 201, description = "Moved", body = Written, headers(("Location" = String, description = "Its new address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[post("/address-books/{id}/contacts/{item}:move")]
pub async fn move_to(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CONTACTS.transfer(&core, &actor, &of.0, true, &request, &mut payload).await
}

/// Copy a contact
///
/// To another collection: in its own its UID is taken.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("item" = String, Path, description = "The contact"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = Target,
    responses(
        (status = 200, description = "Copied over another", body = Written),
        (status = 201, description = "Copied", body = Written, headers(("Location" = String, description = "The copy's address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "contacts"
)]
#[post("/address-books/{id}/contacts/{item}:copy")]
pub async fn copy(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CONTACTS.transfer(&core, &actor, &of.0, false, &request, &mut payload).await
}
