//! `calendar-query` and `addressbook-query`. RFC 4791 §7.8, RFC 6352 §8.6.
//!
//! On a collection they are about its items, on an item about that one alone.

use super::data::DataRequest;
use super::parse;
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::Request;
use crate::dav::resource::{Extras, ItemOf, Resource};
use crate::dav::stream::{self, Pages};
use crate::dav::xml::names::{CALDAV, CARDDAV};
use crate::dav::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::services::calendar_queries::CalendarQuery;
use crate::services::contact_queries::ContactQuery;
use crate::services::{Actor, Core, Shown, freebusy};
use crate::text::recur::Budget;
use crate::text::xml::Element;
use crate::text::zone::Zone;
use actix_web::HttpResponse;

/// Answers 207; no match is an empty one.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    let (of, item) = match resource {
        Resource::Collection(access) => (ItemOf::new(*access), None),
        Resource::Item { of, object: Some(object), .. } => (of, Some(*object)),
        _ => return Err(Condition::SupportedReport.into()),
    };
    let query = match of.access.collection().home {
        HomeKind::Calendars => {
            let filter =
                root.child(CALDAV, "filter").ok_or_else(|| Condition::ValidFilter(NO_FILTER.to_owned()))?;
            let zone = zone(root)?;
            let filter = parse::calendar_filter(filter)?;
            let all = CalendarQuery::new(request.core, &of.access, filter, zone).await?;
            Query::Calendar(match item {
                None => all,
                Some(item) => all.of_item(item),
            })
        }
        HomeKind::AddressBooks => {
            let filter =
                root.child(CARDDAV, "filter").ok_or_else(|| Fault::BadRequest(NO_FILTER.to_owned()))?;
            let filter = parse::card_filter(filter)?;
            Query::Contact(Box::new(match item {
                None => ContactQuery::new(&of.access, filter)?,
                Some(card) => ContactQuery::of_card(&of.access, card, filter)?,
            }))
        }
    };
    let answer = Answer {
        core: request.core.clone(),
        actor: request.actor.clone(),
        select: Select::parse(Some(root))?,
        data: DataRequest::parse(root, request)?,
        minimal: request.minimal(),
        path: request.path.to_owned(),
        of,
        left: limit(root)?,
        query,
        ready: Vec::new().into_iter(),
        begun: false,
    };
    stream::multistatus(answer).await
}

const NO_FILTER: &str = "there is no filter";

/// Why the text of a zone is refused: RFC 4791 §5.3.1.1, §7.8.
pub const BAD_ZONE: &str = "a time zone is an iCalendar object with one VTIMEZONE";

/// The zone that a request names for floating times: by text (RFC 4791 §9.8) or by name (RFC 7809 §3.1.6). What is wrong with either
/// has its own name: `valid-calendar-data` and `valid-timezone`.
pub fn zone(root: &Element) -> Result<Option<Zone>, Fault> {
    if let Some(text) = root.child(CALDAV, "timezone") {
        let zone = freebusy::read_zone(&text.text());
        return zone.map(Some).ok_or_else(|| Condition::ValidCalendarData(BAD_ZONE.to_owned()).into());
    }
    let named = root.child(CALDAV, "timezone-id");
    named
        .map(|name| freebusy::read_zone(&name.text()).ok_or_else(|| Condition::ValidTimezone.into()))
        .transpose()
}

/// `CARDDAV:limit` (RFC 6352 §10.6).
fn limit(root: &Element) -> Result<Option<usize>, Fault> {
    let Some(limit) = root.child(CARDDAV, "limit") else { return Ok(None) };
    let text = limit.child(CARDDAV, "nresults").map(Element::text).unwrap_or_default();
    text.trim().parse().map(Some).map_err(|_| Fault::BadRequest("nresults is not a number".into()))
}

enum Query {
    Calendar(CalendarQuery),
    Contact(Box<ContactQuery>),
}

struct Answer {
    core: Core,
    actor: Actor,
    select: Select,
    data: Option<DataRequest>,
    minimal: bool,
    path: String,
    of: ItemOf,
    query: Query,
    /// Matches that are read and not told yet.
    ready: std::vec::IntoIter<Shown>,
    /// Matches that may still be told.
    left: Option<usize>,
    begun: bool,
}

impl Pages for Answer {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        let page = match &mut self.query {
            _ if self.ready.len() > 0 => Some(std::mem::take(&mut self.ready)),
            Query::Calendar(query) => query.next(&self.core).await?.map(Vec::into_iter),
            Query::Contact(query) => query.next(&self.core).await?.map(Vec::into_iter),
        };
        if !self.begun {
            self.begun = true;
            write::begin(out, "multistatus");
        }
        let Some(mut page) = page else {
            write::end(out, "multistatus");
            return Ok(false);
        };
        let full = out.len() + stream::PAGE;
        for object in page.by_ref() {
            if self.left == Some(0) {
                write::cut_off_response(out, &self.path);
                write::end(out, "multistatus");
                return Ok(false);
            }
            self.left = self.left.map(|left| left - 1);
            self.respond(object, out).await?;
            if out.len() >= full {
                break;
            }
        }
        self.ready = page;
        Ok(true)
    }
}

impl Answer {
    async fn respond(&mut self, object: Shown, out: &mut String) -> Result<(), Fault> {
        let resource = self.of.item(object);
        let text = match (&self.data, &resource) {
            (Some(data), Resource::Item { object: Some(object), .. }) => Some(match &mut self.query {
                Query::Calendar(query) => {
                    let zone = query.zone().clone();
                    data.render_anywhere(object, &zone, query.budget()).await?
                }
                Query::Contact(_) => data.render_anywhere(object, &Zone::Utc, &mut Budget::default()).await?,
            }),
            _ => None,
        };
        let extras = Extras::default();
        let view = View { core: &self.core, actor: &self.actor, resource: &resource, extras: &extras };
        let data = self.data.as_ref().zip(text.as_deref()).map(|(data, text)| data.named(text));
        self.select.respond(&view, self.minimal, data, out);
        Ok(())
    }
}
