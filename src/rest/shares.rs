//! To whom a calendar or an address book is given, one by one: the friendlier form of `acl.rs`, with the same rights.

use super::body;
use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::grants::{self, AclEntry, explained, read_word, too_much};
use super::page::Page;
use super::path::{self, OfCollection, OfShare};
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::acl::{Grant, Grantee, Privilege};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::invitation::State;
use crate::domain::precondition::Preconditions;
use crate::domain::principal::PrincipalKind;
use crate::domain::role::Role;
use crate::services::invitations::Sharee;
use crate::services::rights::{GrantChange, Guard, Hold, NamedGrant};
use crate::services::{Actor, Core};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody who was given something.
#[derive(Debug, Serialize, ToSchema)]
struct Share {
    /// Handle of a user or a group; `:authenticated` for everybody who has logged in, `:public` for everybody, `:hidden` for a group that
    /// the caller may not know of.
    #[schema(example = "karim.benali")]
    with: String,
    /// For people to read; null for everybody.
    #[schema(example = "Karim Benali")]
    name: Option<String>,
    /// `user`, `group`, `room`, `resource` or `everybody`.
    kind: &'static str,
    /// `access`, `read`, `write`, `delegate`, `admin`, or `custom`: then `acl` says more.
    #[schema(example = "read")]
    role: String,
    /// Whether he may give rights too.
    admin: bool,
    /// Whether he was given all calendars, or all address books, of the owner: it is taken back there (`/me/delegates`).
    inherited: bool,
    /// Whether it cannot be taken back: the settings of this server keep it.
    protected: bool,
    /// `waiting`, `accepted` or `declined`: what he said when he was invited to have it in his home; null where he was not asked, and of
    /// groups, whose members are.
    state: Option<&'static str>,
}

/// Something to be given to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct NewShare {
    /// Handle of a user or a group; `:authenticated` for everybody who has logged in, `:public` for everybody.
    #[schema(example = "karim.benali")]
    with: String,
    /// `access`, `read`, `write`, `delegate` or `admin`; in the place of what he may do now.
    #[schema(example = "read")]
    role: String,
    /// Whether he may give rights too.
    #[serde(default)]
    admin: bool,
}

impl Share {
    fn of(named: &NamedGrant, kind: Kind, sharees: &[Sharee]) -> Share {
        let who = named.principal.as_ref().map(|one| one.id).filter(|_| named.hold != Hold::Inherited);
        let same = |one: &&Sharee| who.is_some() && one.principal.as_ref().map(|one| one.id) == who;
        let entry = AclEntry::of(named, kind.home);
        Share {
            with: grants::word(named),
            name: named.principal.as_ref().map(|one| one.display_name.clone()),
            kind: match named.principal.as_ref().map(|one| one.kind) {
                Some(PrincipalKind::User) => "user",
                Some(PrincipalKind::Group) => "group",
                Some(PrincipalKind::Room) => "room",
                Some(PrincipalKind::Resource) => "resource",
                None if named.hidden => "group",
                None => "everybody",
            },
            admin: entry.is_admin(),
            role: entry.into_role(),
            inherited: named.hold == Hold::Inherited,
            protected: matches!(named.hold, Hold::Locked | Hold::Team),
            state: sharees.iter().find(same).and_then(|one| one.state).map(State::name),
        }
    }
}

impl Kind {
    async fn shares(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        query: Query,
    ) -> Result<HttpResponse, Refused> {
        query.end()?;
        let access = self.find_busy(core, actor, id).await?;
        let acl = core.acl(actor, &access.place()).await?;
        let sharees = core.sharees(actor, &access.place()).await?;
        let items: Vec<Share> = acl.grants.iter().map(|named| Share::of(named, self, &sharees)).collect();
        Ok(HttpResponse::Ok().json(Page { items, next: None }))
    }

    async fn share(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<HttpResponse, Refused> {
        let access = self.find_busy(core, actor, id).await?;
        access.need(Privilege::WriteAcl)?;
        let new: NewShare = body::json(request.headers(), payload).await?;
        let none = || Refused::at("/with", "there is no such principal");
        let grantee = read_word(core, actor, &new.with).await?.ok_or_else(none)?;
        let role = grants::role_named(&new.role, self.home).map_err(|why| Refused::at("/role", why))?;
        let privileges = if new.admin { role.with(Role::Admin.privileges(self.home)) } else { role };
        if !grantee.may_hold(privileges) {
            return Err(too_much(grantee).field("/role"));
        }
        let done = core.give(actor, &access.place(), Grant { grantee, privileges }).await;
        done.map_err(|fault| explained(fault, "/with"))?;
        let with = match grantee {
            Grantee::Principal(_) => new.with.to_lowercase(),
            Grantee::Authenticated | Grantee::Everyone => new.with,
        };
        let at = path::to(&[self.segment, &id.to_string(), "shares", &with]);
        Ok(HttpResponse::Created().insert_header((LOCATION, at)).json(MadeShare { with }))
    }

    async fn unshare(self, core: &Core, actor: &Actor, of: &OfShare) -> Result<HttpResponse, Refused> {
        let access = self.find_busy(core, actor, of.collection).await?;
        access.need(Privilege::WriteAcl)?;
        let change = match of.with.as_str() {
            grants::HIDDEN => GrantChange::RevokeHidden,
            word => GrantChange::Revoke(read_word(core, actor, word).await?.ok_or(Fault::NotFound)?),
        };
        let guard = Guard::Acl(Preconditions::default());
        let done = core.change_grants(actor, &access.place(), change, guard).await;
        done.map_err(|fault| explained(fault, "with"))?;
        Ok(HttpResponse::NoContent().finish())
    }
}

/// What was given to whom.
#[derive(Debug, Serialize, ToSchema)]
struct MadeShare {
    /// Part of its address.
    with: String,
}

/// To whom a calendar is given
///
/// For its owner, and for who may see its rights.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 200, description = "All to whom it is given", body = Page<Share>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/calendars/{id}/shares")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    CALENDARS.shares(&core, &actor, of.0, query).await
}

/// Give a calendar to somebody
///
/// In the place of what he may do with it now, so that asking again does no harm. Who may read then is invited to have it in his home
/// (`/invitations`); he may use it before he answers.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    request_body = NewShare,
    responses(
        (status = 201, description = "Given", body = MadeShare, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[post("/calendars/{id}/shares")]
pub async fn give_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    CALENDARS.share(&core, &actor, of.0, &request, &mut payload).await
}

/// Take a calendar back from somebody
///
/// From the next request on, and on connections that are open.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("with" = String, Path, description = "Handle of a user or a group, `:authenticated` or `:public`"),
    ),
    responses(
        (status = 204, description = "Taken back"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[delete("/calendars/{id}/shares/{with}")]
pub async fn take_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfShare,
) -> Result<HttpResponse, Refused> {
    CALENDARS.unshare(&core, &actor, &of).await
}

/// To whom an address book is given
///
/// For its owner, and for who may see its rights.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    responses(
        (status = 200, description = "All to whom it is given", body = Page<Share>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/address-books/{id}/shares")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.shares(&core, &actor, of.0, query).await
}

/// Give an address book to somebody
///
/// In the place of what he may do with it now, so that asking again does no harm. Who may read then is invited to have it in his home
/// (`/invitations`); he may use it before he answers.
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    request_body = NewShare,
    responses(
        (status = 201, description = "Given", body = MadeShare, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[post("/address-books/{id}/shares")]
pub async fn give_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.share(&core, &actor, of.0, &request, &mut payload).await
}

/// Take an address book back from somebody
///
/// From the next request on, and on connections that are open.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("with" = String, Path, description = "Handle of a user or a group, `:authenticated` or `:public`"),
    ),
    responses(
        (status = 204, description = "Taken back"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[delete("/address-books/{id}/shares/{with}")]
pub async fn take_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfShare,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.unshare(&core, &actor, &of).await
}
