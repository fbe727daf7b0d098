//! Devices of the account: who last asked for what, and how to be rid of what one did. Only a login that opens all of the account
//! sees them.

use super::collections::{ADDRESS_BOOKS, CALENDARS};
use super::page::Page;
use super::path::{OfDevice, OfDeviceAction};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::undo::{CollectionUndone, at_fault};
use super::{body, instant, once};
use crate::domain::collection::HomeKind;
use crate::domain::device::Kind;
use crate::services::undo::{Fate, Undo, UndoneCollection};
use crate::services::{Actor, Core, devices};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// A device: a session, an application password, or a program that logs in with the account's own password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Device {
    /// Part of its address, and what histories call it.
    #[schema(example = "app-password-842")]
    id: String,
    /// `session`, `app-password` or `client`.
    #[schema(example = "app-password")]
    kind: &'static str,
    /// What its owner calls its login; null where it has none of its own, or that is gone.
    #[schema(example = "Thunderbird, portable")]
    name: Option<String>,
    /// The program, where it says what it is.
    #[schema(example = "Thunderbird")]
    program: Option<String>,
    /// When it was last seen, to some minutes.
    #[schema(format = DateTime)]
    last_seen: Option<String>,
    /// Changes that it made in the last 30 days, among the newest 100,000 of each collection.
    changes: i64,
    /// Collections that it asked about, or changed.
    collections: Vec<DeviceCollection>,
    /// Whether this request is of it.
    current: bool,
}

/// What a device did with a collection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeviceCollection {
    /// The collection.
    #[schema(example = "0d5kq2t80002f")]
    id: String,
    /// `calendars` or `address-books`: where it is found.
    kind: &'static str,
    /// When it last asked what had changed, to some minutes.
    #[schema(format = DateTime)]
    synced: Option<String>,
    /// When it last changed something.
    #[schema(format = DateTime)]
    changed: Option<String>,
}

impl Device {
    fn of(device: devices::Device, actor: &Actor) -> Self {
        let text = actor.device_text();
        let current = text.is_some_and(|text| crate::domain::device::key(&text) == device.key);
        let collections = device.collections.iter().map(|one| DeviceCollection {
            id: one.id.to_string(),
            kind: match one.home {
                HomeKind::Calendars => CALENDARS.segment,
                HomeKind::AddressBooks => ADDRESS_BOOKS.segment,
            },
            synced: one.synced_at.map(instant::text),
            changed: one.changed_at.map(instant::text),
        });
        Device {
            collections: collections.collect(),
            kind: match device.kind {
                Kind::Session(_) => "session",
                Kind::AppPassword(_) => "app-password",
                Kind::Client => "client",
            },
            id: device.key,
            name: device.name,
            program: device.program,
            last_seen: device.last_seen.map(instant::text),
            changes: device.changes,
            current,
        }
    }
}

/// Since when, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct UndoDevice {
    /// The instant, at most 30 days ago.
    #[schema(format = DateTime)]
    since: String,
    /// Only tell what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What became of a device's changes.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceUndone {
    /// Collections in which it had changed something, or which it had deleted, made or changed themselves.
    collections: Vec<OneUndone>,
}

/// What became of a device's changes in one collection.
#[derive(Debug, Serialize, ToSchema)]
struct OneUndone {
    /// The collection.
    id: String,
    /// `calendars` or `address-books`: where it is found.
    kind: &'static str,
    /// What became of the collection itself; null where the device did nothing to it.
    collection: Option<ItselfUndone>,
    /// What was done to its items.
    report: CollectionUndone,
}

/// What became of a collection that a device deleted, made or changed.
#[derive(Debug, Serialize, ToSchema)]
struct ItselfUndone {
    /// `returned` (it was deleted), `reverted` (name, colour, time zone and all that clients keep on it are what they were), `removed` (it
    /// was made by the device, and nothing of others is in it), or why not: `covered` (something else changed it after the device, or put
    /// something into it), `refused`.
    #[schema(example = "returned")]
    outcome: &'static str,
    /// Why, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl ItselfUndone {
    fn of(fate: &Fate) -> Self {
        let outcome = match fate {
            Fate::Returned => "returned",
            Fate::Reverted => "reverted",
            Fate::Removed => "removed",
            Fate::Covered => "covered",
            Fate::Refused(_) => "refused",
        };
        let problem = match fate {
            Fate::Refused(fault) => Some(Refused::from(fault.clone()).problem().clone()),
            _ => None,
        };
        ItselfUndone { outcome, problem }
    }
}

/// Devices
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, the one that was seen last first", body = Page<Device>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "devices"
)]
#[get("/devices")]
pub async fn list(core: Data<Core>, actor: ReqData<Actor>, query: Query) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.devices(&actor).await?;
    let items = all.into_iter().map(|device| Device::of(device, &actor)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Remove a device
///
/// Ends its session, or removes its application password. What it did stays in histories.
#[utoipa::path(
    params(("id" = String, Path, description = "The device")),
    responses(
        (status = 204, description = "Removed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "devices"
)]
#[delete("/devices/{id}")]
pub async fn remove(core: Data<Core>, actor: ReqData<Actor>, of: OfDevice) -> Result<HttpResponse, Refused> {
    core.remove_device(&actor, &of.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Undo what a device did
///
/// Since an instant, in all collections that the caller may write to, item by item; where something else has changed an item after
/// it, the item is left and told. Collections that it deleted come back, those that it made are deleted (and can be restored) where nothing
/// of others is in them, and those whose properties it changed are what they were; their places and shares stay. Each collection is done by
/// itself.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The device"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice"),
    ),
    request_body = UndoDevice,
    responses(
        (status = 200, description = "What was done", body = DeviceUndone),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "devices"
)]
#[post("/devices/{id}:undo")]
pub async fn undo(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfDeviceAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    actor.whole()?;
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let wanted: UndoDevice = body::parse(bytes).await?;
    let as_of = instant::member("/since", &wanted.since)?;
    let undo = Undo { as_of, device: Some(of.0), dry_run: wanted.dry_run };
    let told = core.undo_device(&actor, &undo, asked, Arc::new(move |all| told(all, wanted.dry_run))).await;
    Ok(HttpResponse::Ok().json(told.map_err(|fault| at_fault(fault, "/since"))?))
}

fn told(all: &[UndoneCollection], dry_run: bool) -> Value {
    let collections = all.iter().map(|one| OneUndone {
        id: one.id.to_string(),
        kind: match one.home {
            HomeKind::Calendars => CALENDARS.segment,
            HomeKind::AddressBooks => ADDRESS_BOOKS.segment,
        },
        collection: one.fate.as_ref().map(ItselfUndone::of),
        report: CollectionUndone::of(&one.report, dry_run),
    });
    json!(DeviceUndone { collections: collections.collect() })
}
