//! Who may do what with a calendar or an address book, all of it at once. `shares.rs` has the same one by one.
//!
//! RFC 3744 §5.5.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::grants::{AclEntry, explained, read_word};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, conditions};
use crate::domain::acl::{Grant, Privilege, Privileges};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::http::tags;
use crate::services::rights::{Acl, GrantChange, Guard};
use crate::services::{Actor, Core};
use actix_web::http::header::{ETAG, HeaderMap};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, get, patch, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may do what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acl)]
struct AclShown {
    /// The owner's first, then the collection's own, then those that it inherits.
    entries: Vec<AclEntry>,
}

/// All rights that a collection shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct NewAcl {
    /// One for each grantee. What is told as inherited or protected is passed over.
    #[schema(example = json!([{ "principal": "karim.benali", "role": "read" }]))]
    entries: Vec<AclEntry>,
}

/// A change of rights; who is not named keeps his.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct AclPatch {
    /// What these may do from now on.
    #[serde(default)]
    #[schema(example = json!([{ "principal": "karim.benali", "role": "read" }]))]
    grant: Vec<AclEntry>,
    /// Who may do nothing any more: handles, `:authenticated`, `:public`.
    #[serde(default)]
    #[schema(example = json!([]))]
    revoke: Vec<String>,
}

impl Kind {
    async fn acl(self, core: &Core, actor: &Actor, id: CollectionId) -> Result<Acl, Refused> {
        let access = self.find_busy(core, actor, id).await?;
        Ok(core.acl(actor, &access.place()).await?)
    }

    fn told(self, acl: &Acl) -> AclShown {
        let owner = AclEntry::of_owner(&acl.owner.handle);
        let grants = acl.grants.iter().map(|named| AclEntry::of(named, self.home));
        AclShown { entries: std::iter::once(owner).chain(grants).collect() }
    }

    fn shown(self, acl: &Acl) -> HttpResponse {
        HttpResponse::Ok().insert_header((ETAG, acl.tag.quoted())).json(self.told(acl))
    }

    /// Changes rights, and answers with them as they are then.
    async fn change_acl(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        headers: &HeaderMap,
        wanted: GrantChange,
    ) -> Result<HttpResponse, Refused> {
        let access = self.find_busy(core, actor, id).await?;
        let guard = Guard::Acl(conditions::of_item(headers)?);
        match core.change_grants(actor, &access.place(), wanted, guard).await {
            Ok(()) => {}
            Err(Fault::PreconditionFailed) => {
                let refused = Refused::from(Fault::PreconditionFailed);
                return Err(match self.acl(core, actor, id).await {
                    Ok(acl) => refused.stale(acl.tag.quoted()),
                    Err(_) => refused,
                });
            }
            Err(other) => return Err(explained(other, "/entries")),
        }
        match self.acl(core, actor, id).await {
            Ok(acl) => Ok(self.shown(&acl)),
            // He may change rights, but not see them.
            Err(_) => Ok(HttpResponse::NoContent().finish()),
        }
    }

    async fn read_acl(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        headers: &HeaderMap,
        query: Query,
    ) -> Result<HttpResponse, Refused> {
        query.end()?;
        let acl = self.acl(core, actor, id).await?;
        if tags::not_modified(headers, &acl.tag.quoted(), None) {
            return Ok(HttpResponse::NotModified().insert_header((ETAG, acl.tag.quoted())).finish());
        }
        Ok(self.shown(&acl))
    }

    async fn replace_acl(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        self.find_busy(core, actor, id).await?.need(Privilege::WriteAcl)?;
        let new: NewAcl = body::json(request.headers(), payload).await?;
        let grants = self.read(core, actor, &new.entries, "/entries").await?;
        self.change_acl(core, actor, id, request.headers(), GrantChange::Replace(grants)).await
    }

    async fn patch_acl(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        self.find_busy(core, actor, id).await?.need(Privilege::WriteAcl)?;
        let change: AclPatch = body::json(request.headers(), payload).await?;
        let mut grants = self.read(core, actor, &change.grant, "/grant").await?;
        for (place, word) in change.revoke.iter().enumerate() {
            let at = format!("/revoke/{place}");
            let grantee = read_word(core, actor, word).await?;
            let grantee = grantee.ok_or_else(|| Refused::at(&at, "there is no such principal"))?;
            if grants.iter().any(|grant| grant.grantee == grantee) {
                return Err(Refused::at(&at, "is said twice"));
            }
            grants.push(Grant { grantee, privileges: Privileges::NONE });
        }
        self.change_acl(core, actor, id, request.headers(), GrantChange::Set(grants)).await
    }

    async fn read(
        self,
        core: &Core,
        actor: &Actor,
        entries: &[AclEntry],
        field: &str,
    ) -> Result<Vec<Grant>, Refused> {
        let mut grants: Vec<Grant> = Vec::new();
        for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.is_own()) {
            let at = format!("{field}/{place}");
            let grant = entry.grant(core, actor, self.home, &at).await?;
            if grants.iter().any(|other| other.grantee == grant.grantee) {
                return Err(Refused::at(&at, "is said twice"));
            }
            grants.push(grant);
        }
        Ok(grants)
    }
}

/// Who may do what with a calendar
///
/// For its owner, and for who may see its rights.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "Its rights", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = 304, description = "They have not changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/calendars/{id}/acl")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Refused> {
    CALENDARS.read_acl(&core, &actor, of.0, request.headers(), query).await
}

/// Say who may do what with a calendar
///
/// Nobody else may do anything then, but the owner and those whose rights are inherited. Who gives rights keeps that right: else it is
/// refused (`no-ace-conflict`).
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that its rights must still have"),
    ),
    request_body = NewAcl,
    responses(
        (status = 200, description = "Its rights as they are now", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = "2XX", description = "204 where the caller may not see them"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[put("/calendars/{id}/acl")]
pub async fn replace_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CALENDARS.replace_acl(&core, &actor, of.0, &request, &mut payload).await
}

/// Change who may do what with a calendar
///
/// Who is not named keeps what he has.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that its rights must still have"),
    ),
    request_body = AclPatch,
    responses(
        (status = 200, description = "Its rights as they are now", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = "2XX", description = "204 where the caller may not see them"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[patch("/calendars/{id}/acl")]
pub async fn change_of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CALENDARS.patch_acl(&core, &actor, of.0, &request, &mut payload).await
}

/// Who may do what with an address book
///
/// For its owner, and for who may see its rights.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "Its rights", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = 304, description = "They have not changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/address-books/{id}/acl")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.read_acl(&core, &actor, of.0, request.headers(), query).await
}

/// Say who may do what with an address book
///
/// Nobody else may do anything then, but the owner and those whose rights are inherited. Who gives rights keeps that right: else it is
/// refused (`no-ace-conflict`).
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that its rights must still have"),
    ),
    request_body = NewAcl,
    responses(
        (status = 200, description = "Its rights as they are now", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = "2XX", description = "204 where the caller may not see them"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[put("/address-books/{id}/acl")]
pub async fn replace_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.replace_acl(&core, &actor, of.0, &request, &mut payload).await
}

/// Change who may do what with an address book
///
/// Who is not named keeps what he has.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that its rights must still have"),
    ),
    request_body = AclPatch,
    responses(
        (status = 200, description = "Its rights as they are now", body = AclShown, headers(("ETag" = String, description = "Of the rights as they are"))),
        (status = "2XX", description = "204 where the caller may not see them"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[patch("/address-books/{id}/acl")]
pub async fn change_of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.patch_acl(&core, &actor, of.0, &request, &mut payload).await
}
