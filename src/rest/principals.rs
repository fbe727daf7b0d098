//! The directory: people, groups, rooms and resources. RFC 3744 §2.

use super::collections::DavPaths;
use super::page::{self, Asked, Page};
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::query::Words;
use crate::services::directory::Rank;
use crate::services::{Actor, Core};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// A principal, as everybody may see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Principal)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Unique name: login, and part of addresses.
    #[schema(required = false, example = "claire.martin")]
    handle: String,
    /// `user`, `group`, `room` or `resource`.
    #[schema(required = false, example = "user")]
    kind: &'static str,
    /// For people to read.
    #[schema(required = false, example = "Claire Martin")]
    name: String,
    /// Mail addresses, the primary one first.
    #[schema(required = false)]
    addresses: Vec<String>,
    /// IANA time zone, where one is set.
    #[schema(required = false, example = "Europe/Paris")]
    time_zone: Option<String>,
    /// Where DAV serves it.
    #[schema(required = false, example = "/dav/principals/users/claire.martin/")]
    href: String,
}

const FIELDS: &[&str] = &["handle", "kind", "name", "addresses", "timeZone", "href"];

const KINDS: [(&str, PrincipalKind); 4] = [
    ("user", PrincipalKind::User),
    ("group", PrincipalKind::Group),
    ("room", PrincipalKind::Room),
    ("resource", PrincipalKind::Resource),
];

impl Entry {
    fn of(principal: &Principal, dav: &DavPaths) -> Self {
        Entry {
            handle: principal.handle.clone(),
            kind: kind_named(principal.kind),
            name: principal.display_name.clone(),
            addresses: principal.addresses.clone(),
            time_zone: principal.time_zone.clone(),
            href: (dav.principal)(principal.kind, &principal.handle),
        }
    }
}

/// The word for a kind.
pub fn kind_named(kind: PrincipalKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("user", |(name, _)| name)
}

/// Takes `kind` out of the parameters.
pub fn kind(query: &mut Query) -> Result<Option<PrincipalKind>, Refused> {
    let Some(text) = query.text("kind") else { return Ok(None) };
    let known = KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    known.map(Some).ok_or_else(|| Refused::at("kind", "must be user, group, room or resource"))
}

fn place(rank: &Rank) -> String {
    format!("{}\n{}\n{}", rank.0, rank.1, rank.2)
}

fn read_place(key: &str) -> Option<Rank> {
    let mut parts = key.split('\n');
    let rank = (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?.to_owned());
    parts.next().is_none().then_some(rank)
}

/// The directory
///
/// With `q` those that say all of its words, without accents, in their names, handles and addresses, the likeliest first, at most 500; else all of a
/// kind, by handle.
#[utoipa::path(
    params(
        ("q" = Option<String>, Query, description = "Words", example = "claire mar"),
        ("kind" = Option<String>, Query, description = "`user`, `group`, `room` or `resource`; with `q` all kinds where absent, else users"),
        ("limit" = Option<u32>, Query, description = "Principals of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of principals", body = Page<Entry>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "principals"
)]
#[get("/principals")]
pub async fn search(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, FIELDS)?;
    let kind = kind(&mut query)?;
    let text = query.text("q").unwrap_or_default();
    query.end()?;
    let words = Words::parse(&text).ok_or_else(|| Refused::at("q", "too many words"))?;
    if words.is_empty() {
        let after = asked.after.as_deref().unwrap_or_default();
        let (found, more) =
            core.directory(&actor, kind.unwrap_or(PrincipalKind::User), after, asked.limit).await?;
        let next = found.last().filter(|_| more).map(|last| page::cursor(&last.handle));
        let items =
            found.iter().map(|one| asked.sparse(&Entry::of(one, &dav))).collect::<Result<Vec<_>, _>>()?;
        return Ok(HttpResponse::Ok().json(Page { items, next }));
    }
    let after = match &asked.after {
        None => None,
        Some(key) => Some(read_place(key).ok_or_else(|| Refused::at("cursor", "of another list"))?),
    };
    let found = core.find_principals(&actor, &words, kind.into_iter().collect()).await?;
    let limit = usize::try_from(asked.limit).unwrap_or(1);
    let mut rest = found.iter().filter(|(rank, _)| after.as_ref().is_none_or(|after| rank > after));
    let shown: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = shown.last().filter(|_| more).map(|(rank, _)| page::cursor(&place(rank)));
    let items =
        shown.iter().map(|(_, one)| asked.sparse(&Entry::of(one, &dav))).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next }))
}
