//! Webhooks: addresses that are told what changed. What they are told stands in `hook_messages.rs`.

use super::page::Page;
use super::path::{self, OfRow, OfRowAction};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::webhook_events::EventName;
use super::{body, instant, once};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::domain::webhook::WebhookState;
use crate::outbound::Targets;
use crate::services::webhooks::{WebhookChange, WebhookWish};
use crate::services::{Actor, Attempt, Core, Webhook};
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First segment of the paths.
const SEGMENT: &str = "webhooks";

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
#[serde(rename_all = "camelCase")]
struct WebhookShown {
    /// Part of its address.
    id: String,
    /// Where messages are sent.
    #[schema(example = "https://hooks.example.org/agenda")]
    url: String,
    /// The one calendar or address book that it is about; null for all that the caller may read.
    collection: Option<String>,
    /// The kinds of changes that it is told; null for all.
    events: Option<Vec<EventName>>,
    /// `active`; `paused` by its owner; `disabled` where the server has given up.
    state: &'static str,
    /// Why it is disabled.
    reason: Option<String>,
    /// Since when it is in this state.
    #[schema(format = DateTime)]
    since: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// Until when messages are signed with the secret before the last too; null where they are not.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
    /// The last message that was sent.
    last: Option<Last>,
    /// Failures since something was last received.
    failures: i32,
    /// When the first of them was.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// When the next attempt is made, where one waits for its time.
    #[schema(format = DateTime)]
    next_attempt: Option<String>,
}

/// What came of a message that was sent.
#[derive(Debug, Serialize, ToSchema)]
struct Last {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The status of the answer; null where there was none.
    status: Option<i16>,
    /// `received` (2xx), `refused` (another status), `address-forbidden`, `unreachable`, `tls`, `timed-out`, `not-http`.
    outcome: String,
}

/// An attempt to deliver a message.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryAttempt {
    /// The message's id, as its `Webhook-Id` had it.
    message: String,
    /// When it was sent.
    #[schema(format = DateTime)]
    at: String,
    /// The status of the answer; null where there was none.
    status: Option<i16>,
    /// `received` (2xx), `refused` (another status), `address-forbidden`, `unreachable`, `tls`, `timed-out`, `not-http`.
    outcome: String,
    /// How long it took, in milliseconds.
    milliseconds: i64,
}

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewWebhook {
    /// Where messages are to be sent: https, at a public address.
    #[schema(example = "https://hooks.example.org/agenda", max_length = 2000)]
    url: String,
    /// The one calendar or address book that it is about, which the caller may read; where absent all that he may read, his own and
    /// those that others have granted to him.
    collection: Option<String>,
    /// The kinds of changes that it shall be told; all where absent. What is of no kind among them is passed over.
    #[schema(min_items = 1)]
    events: Option<Vec<EventName>>,
}

/// A change of a webhook; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct ChangedWebhook {
    /// Where messages are to be sent.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// `paused`, or `active`: then it goes on where it ended, at once.
    state: Option<Wanted>,
    /// The kinds of changes that it shall be told from now on; null for all.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<Vec<EventName>>, min_items = 1)]
    events: Option<Option<Vec<EventName>>>,
}

/// The states that an owner may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "active or paused")]
#[schema(as = WebhookStateWanted)]
enum Wanted {
    Active,
    Paused,
}

/// From where a webhook is told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Replay {
    /// Sync token of a collection, or several with commas between them.
    #[schema(example = "urn:cenacle:sync:5f1c22aa:c42:1807")]
    since: String,
}

/// A new webhook, or a new secret of one.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookSecret {
    /// The webhook's id: part of its address.
    id: String,
    /// What its messages are signed with, told this once.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
}

/// A trial message.
#[derive(Debug, Serialize, ToSchema)]
struct Ping {
    /// The message's id: `deliveries` tell what came of it.
    message: String,
}

fn shown(webhook: &Webhook, now: i64) -> WebhookShown {
    let active = webhook.state() == WebhookState::Active;
    WebhookShown {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        collection: webhook.subject().map(|id| id.to_string()),
        events: EventName::of(webhook.events()),
        state: webhook.state().name(),
        reason: webhook.reason.clone(),
        since: instant::text(webhook.state_since),
        created: instant::text(webhook.created_at),
        old_secret_until: (webhook.old_secret_until > now).then(|| instant::text(webhook.old_secret_until)),
        last: webhook.last_at.map(|at| Last {
            at: instant::text(at),
            status: webhook.last_status,
            outcome: webhook.last_outcome.clone().unwrap_or_default(),
        }),
        failures: webhook.failures,
        failing_since: webhook.failing_since.map(instant::text),
        next_attempt: (active && webhook.failures > 0).then(|| instant::text(webhook.next_at)),
    }
}

fn attempt(attempt: Attempt) -> DeliveryAttempt {
    DeliveryAttempt {
        message: attempt.message,
        at: instant::text(attempt.at),
        status: attempt.status,
        outcome: attempt.outcome,
        milliseconds: attempt.millis,
    }
}

/// The host of an address; refuses what nothing would be sent to anyway. What its name means is asked at each message.
fn checked_host(targets: &Targets, url: &str) -> Result<String, Refused> {
    let target = targets.read(url).map_err(|why| Refused::at("/url", why))?;
    Ok(target.authority.to_lowercase())
}

fn refuse_key(request: &HttpRequest) -> Result<(), Refused> {
    if request.headers().contains_key(once::KEY) {
        return Err(Refused::at(once::KEY, "the answer holds a secret, which is not kept"));
    }
    Ok(())
}

/// Webhooks
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, the oldest first", body = Page<WebhookShown>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[get("/webhooks")]
pub async fn list(core: Data<Core>, actor: ReqData<Actor>, query: Query) -> Result<HttpResponse, Refused> {
    query.end()?;
    let (all, now) = (core.webhooks(&actor).await?, core.now());
    let items: Vec<WebhookShown> = all.iter().map(|webhook| shown(webhook, now)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Make a webhook
///
/// It is told what changes from now on, by POST of a `WebhookMessage`, signed as the Standard Webhooks prescribe (`Webhook-Id`,
/// `Webhook-Timestamp`, `Webhook-Signature`). Its secret is told once, so `Idempotency-Key` is refused.
#[utoipa::path(
    request_body = NewWebhook,
    responses(
        (status = 201, description = "Made", body = WebhookSecret, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later, or too many of them", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[post("/webhooks")]
pub async fn create(
    core: Data<Core>,
    targets: Data<Targets>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let new: NewWebhook = body::json(request.headers(), &mut payload).await?;
    refuse_key(&request)?;
    actor.whole()?;
    let target = checked_host(&targets, &new.url)?;
    let events = EventName::all(new.events.as_deref())?;
    let none = || Refused::at("/collection", "there is no such calendar or address book");
    let about = match &new.collection {
        None => None,
        Some(text) => Some(CollectionId::parse(text).ok_or_else(none)?),
    };
    let wish = WebhookWish { url: new.url, target, about, events };
    let made = core.create_webhook(&actor, wish).await;
    let (id, secret) = made.map_err(|fault| match fault {
        Fault::NotFound => none(),
        other => other.into(),
    })?;
    let id = id.to_string();
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, path::to(&[SEGMENT, &id])))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(WebhookSecret { id, secret }))
}

/// A webhook
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = WebhookShown),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[get("/webhooks/{id}")]
pub async fn read(core: Data<Core>, actor: ReqData<Actor>, of: OfRow) -> Result<HttpResponse, Refused> {
    let webhook = core.webhook(&actor, of.0).await?;
    Ok(HttpResponse::Ok().json(shown(&webhook, core.now())))
}

/// Change a webhook
///
/// One that is made active again goes on where it ended, at once; what it was not told meanwhile it is told then. With other `events` it
/// goes on from where it is: what was passed over is passed over.
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    request_body(content = ChangedWebhook, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The webhook as it is now", body = WebhookShown),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[patch("/webhooks/{id}")]
pub async fn change(
    core: Data<Core>,
    targets: Data<Targets>,
    actor: ReqData<Actor>,
    of: OfRow,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: ChangedWebhook = body::json(request.headers(), &mut payload).await?;
    let url = match wanted.url {
        None => None,
        Some(url) => Some((checked_host(&targets, &url)?, url)).map(|(target, url)| (url, target)),
    };
    let events = wanted.events.map(|named| EventName::all(named.as_deref())).transpose()?;
    let paused = wanted.state.map(|state| state == Wanted::Paused);
    let webhook = core.change_webhook(&actor, of.0, WebhookChange { url, events, paused }).await?;
    Ok(HttpResponse::Ok().json(shown(&webhook, core.now())))
}

/// Delete a webhook
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[delete("/webhooks/{id}")]
pub async fn remove(core: Data<Core>, actor: ReqData<Actor>, of: OfRow) -> Result<HttpResponse, Refused> {
    core.delete_webhook(&actor, of.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The last attempts at a webhook
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "At most 50, the latest first", body = Page<DeliveryAttempt>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[get("/webhooks/{id}/deliveries")]
pub async fn deliveries(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfRow,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.webhook_attempts(&actor, of.0).await?;
    Ok(HttpResponse::Ok().json(Page { items: all.into_iter().map(attempt).collect(), next: None }))
}

/// Try a webhook
///
/// Sends it a message of the type `ping`, once and within some seconds, whatever state it is in. What comes of it changes nothing.
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 202, description = "It will be sent", body = Ping),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[post("/webhooks/{id}:test")]
pub async fn test(core: Data<Core>, actor: ReqData<Actor>, of: OfRowAction) -> Result<HttpResponse, Refused> {
    let message = core.ping_webhook(&actor, of.0).await?;
    Ok(HttpResponse::Accepted().json(Ping { message }))
}

/// Let a webhook be told again
///
/// From a sync token of a collection that it is about: a message's `token` or `since`, or any of the collection's feed of changes.
/// What happened since is told as new messages.
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    request_body = Replay,
    responses(
        (status = 204, description = "It will be told"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[post("/webhooks/{id}:replay")]
pub async fn replay(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfRowAction,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: Replay = body::json(request.headers(), &mut payload).await?;
    let done = core.replay_webhook(&actor, of.0, &wanted.since).await;
    done.map_err(|fault| match fault {
        Fault::Condition(Condition::ValidSyncToken { .. }) => Refused::from(fault).field("/since"),
        other => other.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// Give a webhook another secret
///
/// It is told once, so `Idempotency-Key` is refused. For a day messages bear two signatures, one of the secret before.
#[utoipa::path(
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The new secret", body = WebhookSecret),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "webhooks"
)]
#[post("/webhooks/{id}:renew-secret")]
pub async fn renew_secret(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfRowAction,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    refuse_key(&request)?;
    let secret = core.renew_webhook_secret(&actor, of.0).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(WebhookSecret { id: of.0.to_string(), secret }))
}
