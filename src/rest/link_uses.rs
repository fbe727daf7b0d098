//! From where secret addresses were read: of one link for who may share the collection, of all for administrators.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::instant;
use super::page::{self, Page};
use super::path::OfLink;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::id::PrincipalId;
use crate::services::link_uses::{ReadsPage, UNKNOWN};
use crate::services::{Actor, Core};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// Reads of a secret address in one hour, from one address with one program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkUse {
    /// The link's id.
    link: String,
    /// What its maker calls it.
    label: String,
    /// Handle of its maker; null where he is gone.
    maker: Option<String>,
    /// The calendar or address book.
    collection: String,
    /// Handle of whose that is; null where he is gone.
    owner: Option<String>,
    /// When the hour began.
    #[schema(format = DateTime)]
    hour: String,
    /// The address that the requests came from; null where that is not known.
    #[schema(example = "192.0.2.17")]
    address: Option<String>,
    /// The program, by its name alone; null where it does not say.
    #[schema(example = "Thunderbird")]
    program: Option<String>,
    /// Whether these are all others of this hour: not more than some hundred are told apart.
    others: bool,
    /// How often it was read, also where nothing had changed.
    times: i64,
    /// When last.
    #[schema(format = DateTime)]
    last: String,
}

/// What stands between the parts of a cursor.
const BETWEEN: char = '\n';

type Key = (i64, i64, String, String);

fn asked(query: &mut Query) -> Result<(i64, Option<Key>), Refused> {
    let limit = query.number("limit", 1..=page::MOST)?.unwrap_or(page::USUAL);
    let after = match query.text("cursor") {
        None => None,
        Some(text) => {
            let key = page::key(&text).and_then(|key| read_key(&key));
            Some(key.ok_or_else(|| Refused::at("cursor", "not a cursor of this list"))?)
        }
    };
    Ok((limit, after))
}

fn read_key(text: &str) -> Option<Key> {
    let mut parts = text.split(BETWEEN);
    let (hour, link) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (address, program) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    parts.next().is_none().then_some((hour, link, address, program))
}

fn shown(found: &ReadsPage) -> HttpResponse {
    let handle = |id: PrincipalId| found.people.iter().find(|one| one.id == id).map(|one| one.handle.clone());
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && text != UNKNOWN);
    let items: Vec<LinkUse> = found
        .reads
        .iter()
        .map(|one| LinkUse {
            link: one.reads.link.to_string(),
            label: one.label.clone(),
            maker: handle(one.maker),
            collection: one.collection.to_string(),
            owner: handle(one.owner),
            hour: instant::text(one.reads.hour),
            address: known(&one.reads.address),
            program: known(&one.reads.program),
            others: one.reads.address.is_empty(),
            times: one.reads.times,
            last: instant::text(one.reads.last_at),
        })
        .collect();
    let last = found.reads.last().filter(|_| found.more).map(|one| &one.reads);
    let next = last.map(|one| {
        let parts = [one.hour.to_string(), one.link.to_string(), one.address.clone(), one.program.clone()];
        page::cursor(&parts.join(&BETWEEN.to_string()))
    });
    HttpResponse::Ok().json(Page { items, next })
}

async fn of_link(
    kind: Kind,
    core: &Core,
    actor: &Actor,
    of: OfLink,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let (limit, after) = asked(&mut query)?;
    query.end()?;
    let access = kind.find(core, actor, of.collection).await?;
    Ok(shown(&core.link_uses(actor, &access.place(), of.link, after, limit).await?))
}

/// From where a link of a calendar was read
///
/// For who may share the calendar. By the hour, for 90 days, within a minute of the read; of a link that was taken back nothing is told.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("link" = i64, Path, description = "The link"),
        ("limit" = Option<u32>, Query, description = "Entries of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of reads, the newest hour first", body = Page<LinkUse>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/calendars/{id}/links/{link}/uses")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_link(CALENDARS, &core, &actor, of, query).await
}

/// From where a link of an address book was read
///
/// For who may share the address book. By the hour, for 90 days, within a minute of the read; of a link that was taken back nothing is
/// told.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("link" = i64, Path, description = "The link"),
        ("limit" = Option<u32>, Query, description = "Entries of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of reads, the newest hour first", body = Page<LinkUse>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/address-books/{id}/links/{link}/uses")]
pub async fn of_address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfLink,
    query: Query,
) -> Result<HttpResponse, Refused> {
    of_link(ADDRESS_BOOKS, &core, &actor, of, query).await
}

/// From where links were read
///
/// For administrators; for all others there is no such thing. Links that were taken back are among them for 30 days.
#[utoipa::path(
    params(
        ("owner" = Option<String>, Query, description = "Handle of a principal: only links of what is his"),
        ("limit" = Option<u32>, Query, description = "Entries of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of reads, the newest hour first", body = Page<LinkUse>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/admin/link-uses")]
pub async fn of_all(
    core: Data<Core>,
    actor: ReqData<Actor>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let (limit, after) = asked(&mut query)?;
    let owner = query.text("owner");
    query.end()?;
    Ok(shown(&core.all_link_uses(&actor, owner.as_deref(), after, limit).await?))
}
