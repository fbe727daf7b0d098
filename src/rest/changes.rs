//! What changed since a token: in a collection, and in all of an account. The same log and the same tokens as DAV's sync.
//!
//! Asked with `wait` the answer comes when something changes; asked for `text/event-stream` each change comes when it happens.
//! Who waits holds no database connection, and is admitted anew each time it is looked. RFC 6578 §3; HTML §9.2 (event streams).

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::page::MOST;
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::seats::Seat;
use super::stopping::Stopping;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, SyncToken};
use crate::http::pieces::patient;
use crate::services::{Access, Actor, Core, SyncItem};
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use actix_web::web::{Bytes, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::Stream;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Seconds that a request may wait.
const MOST_WAIT: i64 = 60;
/// How soon it is looked again at first, and at last.
const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(1);
/// How long an event stream lasts: then its client comes again, and logs in again.
const STREAM: Duration = Duration::from_secs(15 * 60);
/// How often a stream without events says that it is there.
const SIGN: Duration = Duration::from_secs(15);

/// One change of an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The item's id.
    id: String,
    /// Its entity tag now, quotes included; null where it is gone.
    etag: Option<String>,
    /// `VEVENT`, `VTODO`, `VCARD`, …; null where it is gone.
    component: Option<&'static str>,
    /// Whether it is gone.
    removed: bool,
    /// Handle of who did it, where `actors` asks for it and the caller sees the item whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    by: Option<String>,
    /// Handle of whose the collection was then, where another did it for him: a person, or a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    on_behalf_of: Option<String>,
}

/// What changed in a collection.
#[derive(Debug, Serialize, ToSchema)]
struct Changes {
    /// Each item at most once, in the order of its last change.
    changes: Vec<Change>,
    /// From where to go on. Never expires.
    #[schema(example = "urn:cenacle:sync:5f1c22aa:c42:1807")]
    token: String,
    /// Whether there is more to be told at once.
    more: bool,
}

/// A collection in which something changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Touched {
    /// Its id.
    id: String,
    /// `calendars` or `address-books`: the list that it is in.
    list: &'static str,
    /// Its sync token now.
    sync_token: String,
}

/// What changed in an account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountChanges {
    /// The caller's own collections that are new, or in which something changed.
    changed: Vec<Touched>,
    /// The ids of all of the caller's own collections: others that he knew are gone.
    present: Vec<String>,
    /// Collections that others have granted to him, all of them: what changed in them their tokens tell.
    shared: Vec<Touched>,
    /// From where to go on. Never expires.
    token: String,
}

/// A change, as this protocol tells it.
pub fn change(item: SyncItem) -> Change {
    match item {
        SyncItem::Present(entry) => Change {
            etag: Some(entry.etag.quoted()),
            component: entry.kind.component(),
            id: entry.into_inner().name,
            removed: false,
            by: None,
            on_behalf_of: None,
        },
        SyncItem::Gone { name, .. } => {
            Change { id: name, etag: None, component: None, removed: true, by: None, on_behalf_of: None }
        }
    }
}

fn touched(core: &Core, access: &Access) -> Touched {
    let collection = access.collection();
    Touched {
        id: collection.id.to_string(),
        list: if collection.home == HomeKind::Calendars { CALENDARS.segment } else { ADDRESS_BOOKS.segment },
        sync_token: core.token(access).to_string(),
    }
}

/// What is followed.
#[derive(Debug, Clone)]
enum Subject {
    Collection(Kind, CollectionId),
    Account,
}

/// Somebody who follows something.
struct Follower {
    core: Core,
    actor: Actor,
    subject: Subject,
    /// Up to where he was told.
    since: Option<String>,
    limit: usize,
    /// Whether he asks who did it.
    actors: bool,
    /// Tokens of what others have granted, as he was told of them last.
    shared: Option<Vec<String>>,
    stopping: Stopping,
}

/// What a look found.
struct Look {
    /// What is told of it.
    body: Value,
    /// Whether there was anything.
    news: bool,
}

impl Follower {
    /// Looks once; what is found counts as told.
    async fn look(&mut self) -> Result<Look, Refused> {
        match self.subject {
            Subject::Collection(kind, id) => self.look_into(kind, id).await,
            Subject::Account => self.look_around().await,
        }
    }

    async fn look_into(&mut self, kind: Kind, id: CollectionId) -> Result<Look, Refused> {
        let access = kind.find(&self.core, &self.actor, id).await?;
        let since = match &self.since {
            None => None,
            Some(text) => Some(SyncToken::parse(text).ok_or_else(refused)?),
        };
        let unborn = if since.is_none() { i64::MAX } else { 0 };
        self.core.note_sync(&self.actor, &access);
        let found = self.core.changes(&access, since.as_ref(), self.limit, unborn).await;
        let found = found.map_err(|fault| match fault {
            Fault::Condition(Condition::ValidSyncToken { .. }) => refused(),
            other => other.into(),
        })?;
        let token = found.token.to_string();
        let news = self.since.as_ref() != Some(&token);
        let changes = match self.actors {
            true => self.with_actors(&access, found.items).await?,
            false => found.items.into_iter().map(change).collect(),
        };
        self.since = Some(token.clone());
        Ok(Look { body: json(&Changes { changes, token, more: found.more })?, news })
    }

    /// Changes with who did them.
    async fn with_actors(&self, access: &Access, items: Vec<SyncItem>) -> Result<Vec<Change>, Refused> {
        let named = items.iter().map(|item| match item {
            SyncItem::Present(entry) => (entry.name.clone(), entry.modseq),
            SyncItem::Gone { name, modseq } => (name.clone(), *modseq),
        });
        let named: Vec<(String, i64)> = named.collect();
        let numbers: Vec<i64> = named.iter().map(|(_, number)| *number).collect();
        let mut doers = self.core.doers(&self.actor, access, named).await?;
        let told = items.into_iter().zip(numbers).map(|(item, number)| {
            let (by, on_behalf_of) = doers.remove(&number).unwrap_or_default();
            Change { by, on_behalf_of, ..change(item) }
        });
        Ok(told.collect())
    }

    async fn look_around(&mut self) -> Result<Look, Refused> {
        let found = self.core.account_changes(&self.actor, self.since.as_deref()).await;
        let found = found.map_err(|fault| match fault {
            Fault::Condition(Condition::ValidSyncToken { .. }) => refused(),
            other => other.into(),
        })?;
        let tell = |all: &[Access]| all.iter().map(|access| touched(&self.core, access)).collect::<Vec<_>>();
        let (changed, shared) = (tell(&found.changed), tell(&found.shared));
        let tokens: Vec<String> = shared.iter().map(|one| one.sync_token.clone()).collect();
        // At the first look nobody knows what he knew of what others granted.
        let news = self.since.as_ref() != Some(&found.token)
            || self.shared.as_ref().is_some_and(|old| *old != tokens);
        self.since = Some(found.token.clone());
        self.shared = Some(tokens);
        let present = found.present.iter().map(CollectionId::to_string).collect();
        Ok(Look { body: json(&AccountChanges { changed, present, shared, token: found.token })?, news })
    }

    /// Waits until there is something to tell, or until `until` or the server's stop; `None` then.
    async fn wait(&mut self, until: Instant) -> Result<Option<Value>, Refused> {
        let mut pause = SOON;
        loop {
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::select! {
                () = tokio::time::sleep_until(until.min(Instant::now() + pause)) => {}
                () = self.stopping.begun() => return Ok(None),
            }
            pause = LATER.min(pause * 2);
            self.core.still_admits(&self.actor).await?;
            let look = self.look().await?;
            if look.news {
                return Ok(Some(look.body));
            }
        }
    }
}

fn json(value: &impl Serialize) -> Result<Value, Refused> {
    super::page::sparse(value, None)
}

/// A token of another server, of another thing, or of a time that is lost: begin again without one.
fn refused() -> Refused {
    Refused::from(Condition::ValidSyncToken { card: false }).field("since")
}

async fn follow(
    core: &Core,
    actor: &Actor,
    subject: Subject,
    request: &HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let headers = request.headers();
    let since = query.text("since").filter(|token| !token.is_empty());
    let limit = match subject {
        Subject::Collection(..) => query.number("limit", 1..=MOST)?.unwrap_or(MOST),
        Subject::Account => MOST,
    };
    let actors = match (&subject, query.text("actors").as_deref()) {
        (_, None) | (Subject::Collection(..), Some("false")) => false,
        (Subject::Collection(..), Some("true")) => true,
        (Subject::Collection(..), Some(_)) => return Err(Refused::at("actors", "must be true or false")),
        (Subject::Account, Some(_)) => return Err(Refused::at("actors", "is of one collection only")),
    };
    let wait = query.number("wait", 0..=MOST_WAIT)?.unwrap_or(0);
    query.end()?;
    let mut follower = Follower {
        core: core.clone(),
        actor: actor.clone(),
        subject,
        since,
        limit: usize::try_from(limit).unwrap_or(1),
        actors,
        shared: None,
        stopping: request.app_data::<Data<Stopping>>().map(|word| Stopping::clone(word)).unwrap_or_default(),
    };
    if wants_stream(headers) {
        if let Some(last) = headers.get("Last-Event-ID").and_then(|value| value.to_str().ok()) {
            follower.since = Some(last.trim().to_owned());
        }
        return stream(follower).await;
    }
    let asked_from = follower.since.clone();
    let look = follower.look().await?;
    if look.news || wait == 0 || asked_from.is_none() {
        return Ok(HttpResponse::Ok().json(look.body));
    }
    let _seat = Seat::take(actor.id)?;
    let until = Instant::now() + Duration::from_secs(wait.unsigned_abs());
    let news = follower.wait(until).await?;
    Ok(HttpResponse::Ok().json(news.unwrap_or(look.body)))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|range| {
        range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// Each change as an event, its token as the event's id.
async fn stream(mut follower: Follower) -> Result<HttpResponse, Refused> {
    let seat = Seat::take(follower.actor.id)?;
    // Whatever refuses the request does so before the stream begins.
    let first = follower.look().await?;
    let begun = Instant::now();
    let events = events(follower, first.body, seat, begun + STREAM);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        // Proxies that gather answers would hold events back.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(patient(events)))
}

fn events(
    follower: Follower,
    first: Value,
    seat: Seat,
    end: Instant,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let state = Some((follower, Some(first), seat));
    futures_util::stream::unfold(state, move |state| async move {
        let (mut follower, ready, seat) = state?;
        if let Some(body) = ready {
            return Some((Ok(event(&body)), Some((follower, None, seat))));
        }
        if Instant::now() >= end || follower.stopping.has_begun() {
            return None;
        }
        match follower.wait(end.min(Instant::now() + SIGN)).await {
            Ok(Some(body)) => Some((Ok(event(&body)), Some((follower, None, seat)))),
            Ok(None) => Some((Ok(Bytes::from_static(b":\n\n")), Some((follower, None, seat)))),
            // What may no longer be seen, and a login that is no longer good, end the stream; the next request is told why.
            Err(_) => None,
        }
    })
}

fn event(body: &Value) -> Bytes {
    let token = body.get("token").and_then(Value::as_str).unwrap_or_default();
    Bytes::from(format!("event: changes\nid: {token}\ndata: {body}\n\n"))
}

/// What changed in a calendar
///
/// Since a token; all that is there without one. With `wait` the answer waits for a change; with `Accept: text/event-stream` each change
/// is an event, and `Last-Event-ID` goes on after one.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("since" = Option<String>, Query, description = "Token of an answer before; also a calendar's `syncToken`"),
        ("limit" = Option<u32>, Query, description = "Changes of an answer at most", minimum = 1, maximum = 1000),
        ("actors" = Option<bool>, Query, description = "Tell of each change who did it, and for whom"),
        ("wait" = Option<u32>, Query, description = "Seconds to wait for a change where there is none", minimum = 0, maximum = 60),
    ),
    responses(
        (status = 200, description = "The changes", content((Changes = "application/json"), (String = "text/event-stream"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "changes"
)]
#[get("/calendars/{id}/changes")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    follow(&core, &actor, Subject::Collection(CALENDARS, of.0), &request, query).await
}

/// What changed in an address book
///
/// Since a token; all that is there without one. With `wait` the answer waits for a change; with `Accept: text/event-stream` each change
/// is an event, and `Last-Event-ID` goes on after one.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("since" = Option<String>, Query, description = "Token of an answer before; also an address book's `syncToken`"),
        ("limit" = Option<u32>, Query, description = "Changes of an answer at most", minimum = 1, maximum = 1000),
        ("actors" = Option<bool>, Query, description = "Tell of each change who did it, and for whom"),
        ("wait" = Option<u32>, Query, description = "Seconds to wait for a change where there is none", minimum = 0, maximum = 60),
    ),
    responses(
        (status = 200, description = "The changes", content((Changes = "application/json"), (String = "text/event-stream"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "changes"
)]
#[get("/address-books/{id}/changes")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    follow(&core, &actor, Subject::Collection(ADDRESS_BOOKS, of.0), &request, query).await
}

/// What changed in the account
///
/// Which collections: what changed in each its own `changes` tell, from the token that was known of it. With `wait` the answer waits for a
/// change; with `Accept: text/event-stream` each change is an event, and `Last-Event-ID` goes on after one.
#[utoipa::path(
    params(
        ("since" = Option<String>, Query, description = "Token of an answer before"),
        ("wait" = Option<u32>, Query, description = "Seconds to wait for a change where there is none", minimum = 0, maximum = 60),
    ),
    responses(
        (status = 200, description = "The changes", content((AccountChanges = "application/json"), (String = "text/event-stream"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "changes"
)]
#[get("/changes")]
pub async fn of_account(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    follow(&core, &actor, Subject::Account, &request, query).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data() {
        let body = serde_json::json!({ "token": "urn:t:1", "changes": [{ "id": "a\nb" }] });
        let text = String::from_utf8(event(&body).to_vec()).expect("text");
        assert_eq!(text.lines().filter(|line| line.starts_with("data: ")).count(), 1);
        assert!(
            text.starts_with("event: changes\nid: urn:t:1\ndata: {") && text.ends_with("}\n\n"),
            "{text}"
        );
    }
}
