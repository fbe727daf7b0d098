//! Whole collections as they were: at an instant, or without what one device did.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::path::OfCollectionAction;
use super::problem::{Problem, Refused};
use super::{body, instant, once};
use crate::domain::device;
use crate::domain::fault::Fault;
use crate::services::undo::{Deed, Report, Undo, Undone, UndoneCollection};
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// To when, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct RestoreCollection {
    /// The instant, at most 30 days ago.
    #[schema(format = DateTime)]
    as_of: String,
    /// Only tell what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Only undo what this device of the caller's did since.
    device: Option<String>,
}

/// What became of an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemUndone {
    /// The item.
    id: String,
    /// `returned` (it was deleted), `reverted` (to an older content), `removed` (it did not exist), or why not: `covered`
    /// (something else changed it after the device), `lost` (its content of then is not kept any more), `refused`.
    #[schema(example = "reverted")]
    outcome: &'static str,
    /// Why, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl ItemUndone {
    fn of(one: &Undone) -> Self {
        let outcome = match one.deed {
            Deed::Returned => "returned",
            Deed::Reverted => "reverted",
            Deed::Removed => "removed",
            Deed::Covered => "covered",
            Deed::Lost => "lost",
            Deed::Refused => "refused",
        };
        let problem = one.fault.as_ref().map(|fault| Refused::from(fault.clone()).problem().clone());
        ItemUndone { id: one.name.clone(), outcome, problem }
    }
}

/// What became of a collection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollectionUndone {
    /// Items that were changed, or could not be; those that are as they were are left out.
    items: Vec<ItemUndone>,
    /// Items that were changed, or would be.
    changed: usize,
    /// Items that could not be.
    left: usize,
    /// Whether all was done in one transaction: up to 500 items, and 8 MiB. More is done in several, each of them whole.
    atomic: bool,
    /// Whether nothing was done but told.
    dry_run: bool,
}

impl CollectionUndone {
    /// A report as it is told.
    pub fn of(report: &Report, dry_run: bool) -> Self {
        let done = |one: &&Undone| matches!(one.deed, Deed::Returned | Deed::Reverted | Deed::Removed);
        let changed = report.items.iter().filter(done).count();
        CollectionUndone {
            changed,
            left: report.items.len() - changed,
            atomic: report.pieces <= 1,
            items: report.items.iter().map(ItemUndone::of).collect(),
            dry_run,
        }
    }
}

/// A refusal of what the instant is about names it.
pub fn at_fault(fault: Fault, field: &str) -> Refused {
    match fault {
        Fault::BadRequest(_) => Refused::from(fault).field(field),
        other => other.into(),
    }
}

async fn restore(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: &OfCollectionAction,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    let access = kind.find(core, actor, of.0).await?;
    let bytes = body::bytes(request.headers(), payload, body::MOST).await?;
    let asked = once::of(request, &bytes)?;
    let wanted: RestoreCollection = body::parse(bytes).await?;
    if wanted.device.as_deref().is_some_and(|key| device::kind(key).is_none()) {
        return Err(Refused::at("/device", "is no device: see devices"));
    }
    let as_of = instant::member("/asOf", &wanted.as_of)?;
    let undo = Undo { as_of, device: wanted.device, dry_run: wanted.dry_run };
    let tell = move |all: &[UndoneCollection]| {
        all.first().map(|one| json!(CollectionUndone::of(&one.report, wanted.dry_run)))
    };
    let told = core.undo(actor, &access, &undo, asked, Arc::new(tell)).await;
    Ok(HttpResponse::Ok().json(told.map_err(|fault| at_fault(fault, "/asOf"))?))
}

/// Restore a calendar
///
/// To what it was at an instant: deleted items come back, changed ones get their older content, newer ones go (and stay in their
/// history). With `device` only what that device of the caller's did since is undone, where nothing else has changed the item
/// after it. Each is a change like any other. An item that changes meanwhile is left, and told. Names, colours and shares of
/// the collection stay as they are.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = RestoreCollection,
    responses(
        (status = 200, description = "What was done", body = CollectionUndone),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/calendars/{id}:restore")]
pub async fn calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    restore(CALENDARS, &core, &actor, &of, &request, &mut payload).await
}

/// Restore an address book
///
/// To what it was at an instant: deleted items come back, changed ones get their older content, newer ones go (and stay in their
/// history). With `device` only what that device of the caller's did since is undone, where nothing else has changed the item
/// after it. Each is a change like any other. An item that changes meanwhile is left, and told. Names, colours and shares of
/// the collection stay as they are.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = RestoreCollection,
    responses(
        (status = 200, description = "What was done", body = CollectionUndone),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "history"
)]
#[post("/address-books/{id}:restore")]
pub async fn address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollectionAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    restore(ADDRESS_BOOKS, &core, &actor, &of, &request, &mut payload).await
}
