//! Who gave what to whom: of one collection for who may see its rights, of all for administrators.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::grants::{called, names};
use super::history::door;
use super::instant;
use super::page::{self, Page};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::acl::{Grantee, Privileges};
use crate::domain::collection::HomeKind;
use crate::domain::device;
use crate::domain::id::CollectionId;
use crate::services::audit::AuditPage;
use crate::services::{Action, Actor, AuditEntry, Core};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// What somebody did to another's rights.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Deed {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Handle of who did it; null where he is gone.
    by: Option<String>,
    /// Handle of whose it is, where another did it for him.
    on_behalf_of: Option<String>,
    /// `caldav`, `carddav`, `rest`, `import` or `scheduling`.
    door: Option<&'static str>,
    /// What histories call the device.
    device: Option<String>,
    /// `granted`, `changed` or `revoked`; `handed-over` (to the grantee, with all that is in it); `accepted` or `declined` where somebody
    /// answered an invitation.
    what: &'static str,
    /// Handle of whose it is.
    owner: Option<String>,
    /// `calendars` or `address-books`: the list that it is in.
    list: &'static str,
    /// The collection; null where it is about all of the list.
    collection: Option<String>,
    /// Handle of to whom; `:authenticated`, `:public`; null where he is gone.
    grantee: Option<String>,
    /// What he could do.
    before: Right,
    /// What he can do.
    after: Right,
}

/// What somebody may do.
#[derive(Debug, Serialize, ToSchema)]
struct Right {
    /// `access`, `read`, `write`, `delegate`, `admin`, or `custom`; null where nothing.
    role: Option<&'static str>,
    /// Whether rights may be given too.
    admin: bool,
    /// Names of privileges.
    privileges: Vec<String>,
}

impl Right {
    fn of(privileges: Privileges, home: HomeKind) -> Right {
        let (role, admin) = called(privileges, home);
        Right { role: (!privileges.is_empty()).then_some(role), admin, privileges: names(privileges) }
    }
}

fn told(page: &AuditPage, entry: &AuditEntry) -> Deed {
    let what = &entry.what;
    let handle = |id| page.handle(id).map(str::to_owned);
    Deed {
        at: instant::text(entry.at),
        by: handle(entry.actor),
        on_behalf_of: (entry.actor != what.owner).then(|| handle(what.owner)).flatten(),
        door: door(entry.door),
        device: entry.device.as_deref().map(|text| device::key(text).to_owned()),
        what: match what.action {
            Action::Granted => "granted",
            Action::Changed => "changed",
            Action::Revoked => "revoked",
            Action::HandedOver => "handed-over",
            Action::Accepted => "accepted",
            Action::Declined => "declined",
        },
        owner: handle(what.owner),
        list: match what.home {
            HomeKind::Calendars => CALENDARS.segment,
            HomeKind::AddressBooks => ADDRESS_BOOKS.segment,
        },
        collection: what.collection.map(|id| id.to_string()),
        grantee: match what.grantee {
            Grantee::Principal(id) => handle(id),
            Grantee::Authenticated => Some(super::grants::AUTHENTICATED.to_owned()),
            Grantee::Everyone => Some(super::grants::PUBLIC.to_owned()),
        },
        before: Right::of(what.before, what.home),
        after: Right::of(what.after, what.home),
    }
}

/// `limit` and `cursor` of a request.
fn asked(query: &mut Query) -> Result<(i64, Option<i64>), Refused> {
    let limit = query.number("limit", 1..=page::MOST)?.unwrap_or(page::USUAL);
    let wrong = || Refused::at("cursor", "not a cursor of this list");
    let before = match query.text("cursor") {
        None => None,
        Some(text) => Some(page::key(&text).and_then(|key| key.parse().ok()).ok_or_else(wrong)?),
    };
    Ok((limit, before))
}

fn shown(page: &AuditPage) -> HttpResponse {
    let next = page.entries.last().filter(|_| page.more).map(|last| page::cursor(&last.id.to_string()));
    let items: Vec<Deed> = page.entries.iter().map(|entry| told(page, entry)).collect();
    HttpResponse::Ok().json(Page { items, next })
}

impl Kind {
    async fn audit(
        self,
        core: &Core,
        actor: &Actor,
        id: CollectionId,
        mut query: Query,
    ) -> Result<HttpResponse, Refused> {
        let (limit, before) = asked(&mut query)?;
        query.end()?;
        let access = self.find_busy(core, actor, id).await?;
        Ok(shown(&core.audit_of(actor, &access.place(), before, limit).await?))
    }
}

/// Who gave what of a calendar to whom
///
/// For its owner, and for who may see its rights. What was done to the rights on all of the owner's is among it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("limit" = Option<u32>, Query, description = "Deeds of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of deeds, the newest first", body = Page<Deed>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/calendars/{id}/audit")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    CALENDARS.audit(&core, &actor, of.0, query).await
}

/// Who gave what of an address book to whom
///
/// For its owner, and for who may see its rights. What was done to the rights on all of the owner's is among it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("limit" = Option<u32>, Query, description = "Deeds of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of deeds, the newest first", body = Page<Deed>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/address-books/{id}/audit")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
) -> Result<HttpResponse, Refused> {
    ADDRESS_BOOKS.audit(&core, &actor, of.0, query).await
}

/// Who gave what to whom
///
/// For administrators; for all others there is no such thing.
#[utoipa::path(
    params(
        ("owner" = Option<String>, Query, description = "Handle of a principal: only what is his"),
        ("limit" = Option<u32>, Query, description = "Deeds of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of deeds, the newest first", body = Page<Deed>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/admin/audit")]
pub async fn of_all(
    core: Data<Core>,
    actor: ReqData<Actor>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let (limit, before) = asked(&mut query)?;
    let owner = query.text("owner");
    query.end()?;
    Ok(shown(&core.audit(&actor, owner.as_deref(), before, limit).await?))
}
