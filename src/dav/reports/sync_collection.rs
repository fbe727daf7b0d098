//! `DAV:sync-collection` on collections and homes. RFC 6578 §3.
//!
//! A client that gives no limit gets everything in one answer, streamed page by page; the token comes last. All that one answer
//! tells is of one state of the collection, each member once. The listing is read ahead in one short snapshot, which no
//! slow reader can prolong; where that does not reach to the end, more is read only as long as the collection stands still,
//! and otherwise the answer ends early with a 507, as the RFC's §3.6 lets a server do: its token covers what was told.

use crate::dav::href;
use crate::dav::notices;
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::{Depth, Request};
use crate::dav::resource::{Extras, ItemOf, Resource, need};
use crate::dav::stream::{self, Pages, XML};
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{HomeToken, SyncToken};
use crate::services::homes::Home;
use crate::services::invitations::Notice;
use crate::services::{Access, Actor, Core, SyncItem};
use crate::text::xml::Element;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::collections::{HashMap, VecDeque};

/// Changes of a page where only the listing is needed.
const ENTRIES: usize = 4096;
/// Changes of a page where whole items are.
const WHOLE: usize = 256;

/// Answers 207.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    level(request, root)?;
    let limit = limit(root)?;
    match resource {
        Resource::Collection(access) => {
            let since = token(root, access.collection().home, SyncToken::parse)?;
            collection(request, *access, root, since, limit).await
        }
        Resource::Home(home) => {
            let since = token(root, home.kind, HomeToken::parse)?;
            changes_of_home(request, &home, root, (since, limit)).await
        }
        Resource::Notices(handle, all) => {
            let same = |token: &str| (token.trim() == notices::token(&all)).then_some(());
            let since = token(root, HomeKind::Calendars, same)?;
            // A token is that of one state, and is not good for any other: then all is asked for anew.
            let told = if since.is_some() { Vec::new() } else { all.clone() };
            changes_of_notices(request, &handle, root, told, &notices::token(&all))
        }
        _ => Err(Condition::SupportedReport.into()),
    }
}

/// `sync-level` is 1 or infinite; an old draft had the Depth header instead.
fn level(request: &Request<'_>, root: &Element) -> Result<(), Fault> {
    match root.child(DAV, "sync-level").map(|level| level.text()) {
        Some(level) if matches!(level.trim(), "1" | "infinite" | "infinity") => Ok(()),
        Some(_) => Err(Fault::BadRequest("sync-level must be 1 or infinite".into())),
        None if request.depth(Depth::One)? != Depth::Zero => Ok(()),
        None => Err(Fault::BadRequest("sync-level is missing".into())),
    }
}

fn limit(root: &Element) -> Result<Option<usize>, Fault> {
    let Some(limit) = root.child(DAV, "limit") else { return Ok(None) };
    let text = limit.child(DAV, "nresults").map(Element::text).unwrap_or_default();
    match text.trim().parse() {
        Ok(0) => Err(Condition::NumberOfMatchesWithinLimits.into()),
        Ok(limit) => Ok(Some(limit)),
        Err(_) => Err(Fault::BadRequest("nresults is not a number".into())),
    }
}

/// The token, or none for a first sync. What is not one of ours is refused.
fn token<T>(
    root: &Element,
    home: HomeKind,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let text = root.child(DAV, "sync-token").map(Element::text).unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(None);
    }
    let refused = Condition::ValidSyncToken { card: home == HomeKind::AddressBooks };
    parse(&text).map(Some).ok_or(refused.into())
}

async fn collection(
    request: &Request<'_>,
    access: Access,
    root: &Element,
    since: Option<SyncToken>,
    limit: Option<usize>,
) -> Result<HttpResponse, Fault> {
    let select = Select::parse(Some(root))?;
    let whole = select.needs() & need::WHOLE != 0;
    let page = if whole { WHOLE } else { ENTRIES };
    request.core.note_sync(&request.actor, &access);
    let sync = Sync {
        core: request.core.clone(),
        actor: request.actor.clone(),
        minimal: request.minimal(),
        path: request.path.to_owned(),
        of: ItemOf::new(access),
        unborn: if since.is_none() { i64::MAX } else { 0 },
        since,
        page,
        left: limit,
        whole,
        select,
        ready: VecDeque::new(),
        more: true,
        seen: None,
        begun: false,
    };
    stream::multistatus(sync).await
}

struct Sync {
    core: Core,
    actor: Actor,
    select: Select,
    minimal: bool,
    path: String,
    of: ItemOf,
    /// Up to where everything is told or ready to be told.
    since: Option<SyncToken>,
    /// Tombstones up to this number are of members that this client was never told of.
    unborn: i64,
    page: usize,
    /// What the client's limit leaves to be read.
    left: Option<usize>,
    whole: bool,
    /// Read and not told yet.
    ready: VecDeque<SyncItem>,
    /// Whether there is more than what is ready.
    more: bool,
    /// The collection's number at the first reading, which all of the answer is of.
    seen: Option<i64>,
    begun: bool,
}

impl Pages for Sync {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        let goes_on = !self.ready.is_empty() || self.read().await?;
        if !self.begun {
            self.begun = true;
            write::begin(out, "multistatus");
        }
        let count = self.page.min(self.ready.len());
        out.reserve(count * 256);
        let items = self.ready.drain(..count).collect();
        self.write(items, out).await?;
        if !self.ready.is_empty() || (goes_on && self.more && self.left != Some(0)) {
            return Ok(true);
        }
        if self.more {
            cut(out, &self.path);
        }
        if let Some(token) = &self.since {
            write::text(out, DAV, "sync-token", &token.to_string());
        }
        write::end(out, "multistatus");
        Ok(false)
    }
}

/// Says that there is more than was told. RFC 6578 §3.6.
fn cut(out: &mut String, path: &str) {
    out.push_str("<D:response>");
    write::href(out, path);
    out.push_str(
        "<D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:error>\
         <D:number-of-matches-within-limits/></D:error></D:response>\n",
    );
}

impl Sync {
    /// Reads ahead; false, and nothing is read, where the collection is not any more what the answer is of.
    async fn read(&mut self) -> Result<bool, Fault> {
        let most = self.core.limits().read_ahead;
        let size = self.left.map_or(most, |left| left.min(most));
        let changes = self.core.changes(&self.of.access, self.since.as_ref(), size, self.unborn).await?;
        if self.seen.is_some_and(|seen| seen != changes.current) {
            return Ok(false);
        }
        self.seen = Some(changes.current);
        self.unborn = self.unborn.min(changes.current);
        self.left = self.left.map(|left| left.saturating_sub(changes.items.len()));
        self.since = Some(changes.token);
        self.more = changes.more;
        self.ready = changes.items.into();
        Ok(true)
    }

    /// Tells of these members; those that a page of whole items had no room for become ready again.
    async fn write(&mut self, mut items: Vec<SyncItem>, out: &mut String) -> Result<(), Fault> {
        let mut whole = HashMap::new();
        if self.whole {
            let names: Vec<String> = items
                .iter()
                .filter_map(|item| match item {
                    SyncItem::Present(entry) => Some(entry.name.clone()),
                    SyncItem::Gone { .. } => None,
                })
                .collect();
            let (objects, served) = self.core.items_named(&self.of.access, names).await?;
            let mut present =
                items.iter().enumerate().filter(|(_, item)| matches!(item, SyncItem::Present(_)));
            if let Some((cut, _)) = present.nth(served) {
                items.drain(cut..).rev().for_each(|item| self.ready.push_front(item));
            }
            whole.extend(objects.into_iter().map(|object| (object.name.clone(), object)));
        }
        let extras = Extras::default();
        for item in items {
            match item {
                SyncItem::Gone { name, .. } => {
                    write::status_response(out, &self.of.href(&name), "404 Not Found")
                }
                SyncItem::Present(entry) => {
                    let resource = match whole.remove(&entry.name) {
                        Some(object) => self.of.item(object),
                        // Changed or gone since the page was read: the next page or sync tells.
                        None => self.of.entry(entry),
                    };
                    let view =
                        View { core: &self.core, actor: &self.actor, resource: &resource, extras: &extras };
                    self.select.respond(&view, self.minimal, None, out);
                }
            }
        }
        Ok(())
    }
}

fn changes_of_notices(
    request: &Request<'_>,
    handle: &str,
    root: &Element,
    told: Vec<Notice>,
    token: &str,
) -> Result<HttpResponse, Fault> {
    let select = Select::parse(Some(root))?;
    let mut out = String::with_capacity(4096);
    write::begin(&mut out, "multistatus");
    let extras = Extras::default();
    for notice in told {
        let resource = Resource::Notice(handle.to_owned(), Box::new(notice));
        let view = View { core: request.core, actor: &request.actor, resource: &resource, extras: &extras };
        select.respond(&view, request.minimal(), None, &mut out);
    }
    write::text(&mut out, DAV, "sync-token", token);
    write::end(&mut out, "multistatus");
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out))
}

async fn changes_of_home(
    request: &Request<'_>,
    home: &Home,
    root: &Element,
    (since, limit): (Option<HomeToken>, Option<usize>),
) -> Result<HttpResponse, Fault> {
    let select = Select::parse(Some(root))?;
    let owner = &home.owner.handle;
    let changes = request.core.home_changes(&request.actor, owner, home.kind, since, limit).await?;
    let mut out = String::with_capacity(4096);
    write::begin(&mut out, "multistatus");
    for slug in changes.gone {
        write::status_response(&mut out, &href::collection(home.kind, owner, &slug), "404 Not Found");
    }
    for access in changes.changed {
        let resource = Resource::Collection(Box::new(access));
        let extras =
            crate::dav::resource::extras(request.core, &request.actor, &resource, select.needs()).await;
        let view = View { core: request.core, actor: &request.actor, resource: &resource, extras: &extras };
        select.respond(&view, request.minimal(), None, &mut out);
    }
    if changes.more {
        cut(&mut out, request.path);
    }
    write::text(&mut out, DAV, "sync-token", &changes.token.to_string());
    write::end(&mut out, "multistatus");
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out))
}
