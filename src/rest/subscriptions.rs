//! Subscribed remote calendars: read-only calendars that the server fills from an address. The calendar itself is one of `/calendars`.

use super::collections::{self, CALENDARS, DavPaths, Labels, Made};
use super::page::Page;
use super::path::{self, OfCollection, OfCollectionAction};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, instant, once};
use crate::domain::collection::Components;
use crate::domain::labels::Label;
use crate::domain::props::Props;
use crate::domain::subscription;
use crate::outbound::Targets;
use crate::services::collections::CollectionDraft;
use crate::services::subscriptions::{Subscribed, SubscriptionChange};
use crate::services::{Actor, Core};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First segment of the paths.
const SEGMENT: &str = "subscriptions";
/// Minutes between two looks that one may ask for: a week.
const LONGEST: i32 = 7 * 24 * 60;

/// Where feeds may be.
#[derive(Debug, Clone)]
pub struct FeedTargets(pub Targets);

/// A subscribed remote calendar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    /// The id of the calendar that it fills: `/calendars/{id}` is that.
    #[schema(example = "0d5kq2t80002f")]
    id: String,
    /// Where the feed is.
    #[schema(example = "https://example.org/holidays.ics")]
    url: String,
    /// For people to read.
    name: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    color: Option<String>,
    /// Minutes between two looks, as they were asked for; null where they were not.
    refresh: Option<i32>,
    /// Minutes between two looks, as they are: not fewer than the feed and the server want.
    interval: i64,
    /// When the feed was last read, or found to be the same.
    #[schema(format = DateTime)]
    last_fetched: Option<String>,
    /// When the feed was last looked at, whatever came of it.
    #[schema(format = DateTime)]
    last_tried: Option<String>,
    /// What went wrong with that: `address-forbidden`, `unreachable`, `tls`, `timed-out`, `not-http`, `too-large`, `too-many-redirects`,
    /// `refused` (another status), `no-calendar`, `too-many-items`; null where nothing did.
    last_error: Option<String>,
    /// The status of the answer, where that was the trouble.
    last_status: Option<i16>,
    /// When it is looked at next.
    #[schema(format = DateTime)]
    next_fetch: String,
    /// Items of the feed that the calendar has.
    items: i64,
    /// Items of the feed that could not be taken.
    refused: i64,
    /// Where CalDAV serves the calendar.
    #[schema(example = "/dav/calendars/claire.martin/0199f6f0-7f6e-7d0a-b7f5-1d7a3d0f2d11/")]
    href: String,
}

impl Subscription {
    fn of(core: &Core, dav: &DavPaths, known: &Subscribed) -> Self {
        let Subscribed { access, subscription } = known;
        Subscription {
            id: access.collection().id.to_string(),
            url: subscription.url.clone(),
            name: collections::label(access, Label::Name),
            color: collections::label(access, Label::Color).filter(|color| collections::is_color(color)),
            refresh: subscription.refresh,
            interval: core.feed_interval(subscription.refresh, subscription.feed_seconds) / 60,
            last_fetched: subscription.fetched_at.map(instant::text),
            last_tried: subscription.last_at.map(instant::text),
            last_error: subscription.error.clone(),
            last_status: subscription.status,
            next_fetch: instant::text(subscription.next_at.max(core.now())),
            items: subscription.items,
            refused: subscription.refused,
            href: dav.of(access),
        }
    }
}

/// A subscription to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct NewSubscription {
    /// Where the feed is: iCalendar or jCal at a public https address; `webcal://` is read as `https://`.
    #[schema(example = "https://example.org/holidays.ics", max_length = 2000)]
    url: String,
    /// For people to read.
    #[schema(example = "Holidays", max_length = 1000, min_length = 1)]
    name: String,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[schema(example = "#3465A4", pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<String>,
    /// Minutes between two looks; an hour where absent, and never fewer than the feed and the server want.
    #[schema(minimum = 1, maximum = 10080)]
    refresh: Option<i32>,
}

/// A change of a subscription (RFC 7396): what is absent stays, null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct SubscriptionPatch {
    /// Where the feed is. What the calendar has is replaced once the new one is read.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// For people to read.
    #[schema(max_length = 1000, min_length = 1)]
    name: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<String>, pattern = "^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
    color: Option<Option<String>>,
    /// Minutes between two looks.
    #[serde(default, deserialize_with = "body::given")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10080)]
    refresh: Option<Option<i32>>,
}

/// The address of a feed as it is kept; refuses one that nothing would be fetched from anyway.
fn checked_url(targets: &FeedTargets, url: &str) -> Result<String, Refused> {
    let url = subscription::address(url);
    targets.0.read(&url).map_err(|why| Refused::at("/url", why))?;
    Ok(url)
}

fn checked_refresh(minutes: Option<i32>) -> Result<Option<i32>, Refused> {
    match minutes {
        Some(minutes) if !(1..=LONGEST).contains(&minutes) => {
            Err(Refused::at("/refresh", format!("must be a number from 1 to {LONGEST}")))
        }
        other => Ok(other),
    }
}

/// Subscribed calendars
///
/// The caller's own.
#[utoipa::path(
    responses(
        (status = 200, description = "All of them, the oldest first", body = Page<Subscription>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[get("/subscriptions")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.subscriptions(&actor).await?;
    let items = all.iter().map(|known| Subscription::of(&core, &dav, known)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Subscribe to a remote calendar
///
/// Makes a calendar in the caller's home that nobody writes to but the server, which fills it within a minute or so and looks for news from
/// then on. Its events take none of the owner's time.
#[utoipa::path(
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: nothing is done twice")),
    request_body = NewSubscription,
    responses(
        (status = 201, description = "Made", body = Made, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later, or too many of them", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[post("/subscriptions")]
pub async fn create(
    core: Data<Core>,
    targets: Data<FeedTargets>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let new: NewSubscription = body::parse(bytes).await?;
    let url = checked_url(&targets, &new.url)?;
    let refresh = checked_refresh(new.refresh)?;
    let labels = Labels { name: Some(Some(new.name)), color: Some(new.color), ..Labels::default() };
    labels.check()?;
    let mut props = Props::default();
    labels.apply(CALENDARS, &mut props);
    let draft = CollectionDraft {
        kind: CALENDARS.kind,
        components: Components::ALL,
        transparent: true,
        time_zone: None,
        props,
    };
    let place = CALENDARS.new_place(&actor);
    let id = core.create_subscription(&actor, &place, draft, (&url, refresh), asked).await?.to_string();
    let location = path::to(&[SEGMENT, &id]);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(Made { id }))
}

/// A subscribed calendar
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 200, description = "The subscription", body = Subscription),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[get("/subscriptions/{id}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
) -> Result<HttpResponse, Refused> {
    let known = core.subscription(&actor, of.0).await?;
    Ok(HttpResponse::Ok().json(Subscription::of(&core, &dav, &known)))
}

/// Change a subscribed calendar
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    request_body(content = SubscriptionPatch, content_type = "application/merge-patch+json", example = json!({"name": "Holidays"})),
    responses(
        (status = 200, description = "The subscription as it is now", body = Subscription),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[patch("/subscriptions/{id}")]
pub async fn change(
    core: Data<Core>,
    targets: Data<FeedTargets>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollection,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: SubscriptionPatch = body::json(request.headers(), &mut payload).await?;
    let url = wanted.url.as_deref().map(|url| checked_url(&targets, url)).transpose()?;
    let refresh = wanted.refresh.map(checked_refresh).transpose()?;
    let labels = Labels { name: wanted.name.map(Some), color: wanted.color, ..Labels::default() };
    labels.check()?;
    let change = SubscriptionChange { url, refresh };
    let known =
        core.change_subscription(&actor, of.0, change, move |props| labels.apply(CALENDARS, props)).await?;
    Ok(HttpResponse::Ok().json(Subscription::of(&core, &dav, &known)))
}

/// Unsubscribe from a remote calendar
///
/// Removes the calendar too; both can be restored for a time (`/deleted-calendars`).
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 204, description = "Removed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[delete("/subscriptions/{id}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    core.subscription(&actor, of.0).await?;
    CALENDARS.delete(&core, &actor, of.0, request.headers()).await
}

/// Look at a remote calendar soon
///
/// Not sooner than a minute after the last look.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 202, description = "It will be looked at", body = Subscription),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "subscriptions"
)]
#[post("/subscriptions/{id}:refresh")]
pub async fn look_again(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfCollectionAction,
) -> Result<HttpResponse, Refused> {
    let known = core.refresh_subscription(&actor, of.0).await?;
    Ok(HttpResponse::Accepted().json(Subscription::of(&core, &dav, &known)))
}
