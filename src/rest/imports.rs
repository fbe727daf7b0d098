//! Files of many items, taken in one by one, with a line about each as soon as it is stored.
//!
//! The answer is JSON lines: what became of each item, and at last how many became what. Each item is stored by itself: an
//! import that breaks off may be sent again, and leaves what is there already.

use super::body;
use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::http::body::read_body;
use crate::http::pieces::{self, Room};
use crate::http::stream::{self, Pages};
use crate::services::access::Place;
use crate::services::interchange::{Fate, Holds, Item, Known, split};
use crate::services::{Actor, Core, labour};
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

/// Octets of a file.
const MOST: usize = 64 * 1024 * 1024;
/// Items that are stored side by side, and share a commit.
const TOGETHER: usize = 32;

/// What became of an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportLine)]
struct Line<'l> {
    /// The item: its UID, and what it is called.
    item: &'l str,
    /// `created`, `replaced`, `kept` (it was there already) or `refused`.
    fate: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// How many items became what: the last line.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportSum)]
struct Sum {
    created: u64,
    replaced: u64,
    kept: u64,
    refused: u64,
    /// Whether nothing was stored, for the request asked only what would be.
    dry_run: bool,
    /// True where all items were looked at.
    complete: bool,
}

/// An import under way.
struct Import {
    core: Core,
    actor: Actor,
    place: Place,
    holds: Holds,
    known: Known,
    items: std::vec::IntoIter<Item>,
    sum: Sum,
    /// Given back when all is stored.
    _room: Room,
}

impl Pages for Import {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        let some: Vec<Item> = self.items.by_ref().take(TOGETHER).collect();
        let (core, actor, place) = (&self.core, &self.actor, &self.place);
        let (holds, known, dry) = (self.holds, self.known, self.sum.dry_run);
        let stored = some.into_iter().map(|item| async move {
            let label = item.label.clone();
            let fate = if dry {
                core.try_in(actor, place, holds, item, known).await
            } else {
                core.take_in(actor, place, holds, item, known).await
            };
            (label, fate)
        });
        let mut broken = None;
        for (label, fate) in join_all(stored).await {
            match fate {
                Ok(fate) => self.tell(&label, fate, out),
                // What could be stored is told before the import ends.
                Err(fault) => broken = Some(fault),
            }
        }
        if let Some(fault) = broken {
            self.tell("", Fate::Refused(fault.to_string()), out);
            push(out, &self.sum);
            return Ok(false);
        }
        if self.items.len() == 0 {
            self.sum.complete = true;
            push(out, &self.sum);
            return Ok(false);
        }
        Ok(true)
    }
}

impl Import {
    fn tell(&mut self, item: &str, fate: Fate, out: &mut String) {
        let (count, word, why) = match fate {
            Fate::Created => (&mut self.sum.created, "created", None),
            Fate::Replaced => (&mut self.sum.replaced, "replaced", None),
            Fate::Kept => (&mut self.sum.kept, "kept", None),
            Fate::Refused(why) => (&mut self.sum.refused, "refused", Some(why)),
        };
        *count += 1;
        push(out, &Line { item, fate: word, why });
    }
}

fn push(out: &mut String, line: &impl Serialize) {
    out.push_str(&serde_json::to_string(line).unwrap_or_default());
    out.push('\n');
}

async fn import(
    core: &Core,
    actor: &Actor,
    (kind, id): (Kind, CollectionId),
    headers: &HeaderMap,
    mut query: Query,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    let known = match query.text("known").as_deref() {
        None | Some("skip") => Known::Skip,
        Some("replace") => Known::Replace,
        Some(_) => return Err(Refused::at("known", "must be skip or replace")),
    };
    let dry_run = query.flag("dryRun")?;
    query.end()?;
    let access = kind.find(core, actor, id).await?;
    if !dry_run {
        access.need(Privilege::Bind)?;
    }
    let (holds, media) = match kind.home {
        HomeKind::Calendars => (Holds::Calendar, "text/calendar"),
        HomeKind::AddressBooks => (Holds::Cards, "text/vcard"),
    };
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Encoding"));
    }
    if body::media(headers).as_deref() != Some(media) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Type"));
    }
    let bytes = read_body(payload, MOST).await?;
    let room = pieces::room(bytes.len()).await?;
    let items = labour::of(bytes.len(), move || items(&bytes, holds)).await??;
    let import = Import {
        core: core.clone(),
        actor: actor.clone(),
        place: access.place(),
        holds,
        known,
        items: items.into_iter(),
        sum: Sum { dry_run, ..Sum::default() },
        _room: room,
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/x-ndjson");
    Ok(stream::answer(answer, import).await?)
}

/// The items of a file; bytes that are not UTF-8 are taken for Latin-1, as old programs wrote it.
fn items(bytes: &[u8], wanted: Holds) -> Result<Vec<Item>, Fault> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
    };
    let invalid = |why: String| -> Fault {
        match wanted {
            Holds::Calendar => Condition::ValidCalendarData(why).into(),
            Holds::Cards => Condition::ValidAddressData(why).into(),
        }
    };
    let (holds, items) = split(&text).map_err(|error| invalid(error.to_string()))?;
    if !items.is_empty() && holds != wanted {
        return Err(invalid("the file holds items of the other kind".to_owned()));
    }
    Ok(items)
}

/// Take in a file of events and tasks
///
/// The answer has a line of JSON for each item as soon as it is stored, and a last one with the sums. Nobody is sent a mail.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("known" = Option<String>, Query, description = "What becomes of items whose UID is there already: `skip` (as where absent) or `replace`"),
        ("dryRun" = Option<bool>, Query, description = "Store nothing, tell what would be"),
    ),
    request_body(content = String, content_type = "text/calendar"),
    responses(
        (status = 200, description = "A line for each item", body = Line<'_>, content_type = "application/x-ndjson"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[post("/calendars/{id}/import")]
pub async fn calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    import(&core, &actor, (CALENDARS, of.0), request.headers(), query, &mut payload).await
}

/// Take in a file of contacts
///
/// The answer has a line of JSON for each item as soon as it is stored, and a last one with the sums.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("known" = Option<String>, Query, description = "What becomes of items whose UID is there already: `skip` (as where absent) or `replace`"),
        ("dryRun" = Option<bool>, Query, description = "Store nothing, tell what would be"),
    ),
    request_body(content = String, content_type = "text/vcard"),
    responses(
        (status = 200, description = "A line for each item", body = Line<'_>, content_type = "application/x-ndjson"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[post("/address-books/{id}/import")]
pub async fn address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    import(&core, &actor, (ADDRESS_BOOKS, of.0), request.headers(), query, &mut payload).await
}
