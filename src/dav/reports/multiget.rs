//! `calendar-multiget` and `addressbook-multiget`. RFC 4791 §7.9, RFC 6352 §8.7.
//!
//! The Depth header is not looked at, for clients send any. A missing href gets its own 404.

use super::data::DataRequest;
use crate::dav::href::{self, Target};
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::Request;
use crate::dav::resource::{Extras, ItemOf, Resource};
use crate::dav::stream::{self, Pages};
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::fault::{Condition, Fault};
use crate::services::access::Place;
use crate::services::{Actor, Core};
use crate::text::recur::Budget;
use crate::text::xml::Element;
use crate::text::zone::Zone;
use actix_web::HttpResponse;
use std::collections::{HashMap, VecDeque};

/// Items of a page.
const PAGE: usize = 100;
/// Bytes that stand about the content of an item in an answer.
const AROUND: usize = 400;

/// Answers 207, in the order of the hrefs.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    let hrefs: Vec<String> =
        root.children_named(DAV, "href").map(|href| href.text().trim().to_owned()).collect();
    if hrefs.is_empty() {
        return Err(Fault::BadRequest("a multiget needs at least one href".into()));
    }
    if hrefs.len() > request.core.limits().hrefs {
        return Err(Condition::NumberOfMatchesWithinLimits.into());
    }
    let known = match resource {
        Resource::Collection(access) => Some(ItemOf::new(*access)),
        Resource::Item { of, .. } => {
            // RFC 4791 §7.9, RFC 6352 §8.7: it names the item that it is sent to, and no other.
            let itself = |sent: &String| href::parse_href(sent).as_ref() == Some(&request.target);
            if hrefs.len() > 1 || !hrefs.iter().all(itself) {
                return Err(Fault::BadRequest("a multiget on an item names this item alone".into()));
            }
            Some(of)
        }
        _ => None,
    };
    let multiget = Multiget {
        core: request.core.clone(),
        actor: request.actor.clone(),
        select: Select::parse(Some(root))?,
        data: DataRequest::parse(root, request)?,
        minimal: request.minimal(),
        known,
        hrefs: hrefs.into(),
        budget: Budget::default(),
        begun: false,
    };
    stream::multistatus(multiget).await
}

struct Multiget {
    core: Core,
    actor: Actor,
    select: Select,
    data: Option<DataRequest>,
    minimal: bool,
    /// The collection last met: mostly the request's own.
    known: Option<ItemOf>,
    hrefs: VecDeque<String>,
    budget: Budget,
    begun: bool,
}

impl Pages for Multiget {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if !self.begun {
            self.begun = true;
            write::begin(out, "multistatus");
        }
        let full = out.len() + stream::PAGE;
        let page: Vec<String> = self.hrefs.drain(..self.hrefs.len().min(PAGE)).collect();
        let mut page = page.into_iter();
        let mut run: Vec<(String, String)> = Vec::new();
        let mut place: Option<Place> = None;
        let mut left = Vec::new();
        let mut last = None;
        for sent in page.by_ref() {
            match target(&sent, &mut last) {
                Some(Target::Item(at, name)) => {
                    if place.as_ref() != Some(&at) {
                        left = self.group(place.take(), std::mem::take(&mut run), full, out).await?;
                        place = Some(at);
                    }
                    run.push((sent, name));
                }
                _ => {
                    left = self.group(place.take(), std::mem::take(&mut run), full, out).await?;
                    if left.is_empty() {
                        write::status_response(out, &sent, "404 Not Found");
                    } else {
                        left.push(sent);
                    }
                }
            }
            if !left.is_empty() {
                break;
            }
        }
        if left.is_empty() {
            left = self.group(place, run, full, out).await?;
        } else {
            left.extend(run.into_iter().map(|(sent, _)| sent));
        }
        // What the page has no room for is the next one's.
        page.rev().chain(left.into_iter().rev()).for_each(|sent| self.hrefs.push_front(sent));
        if !self.hrefs.is_empty() {
            return Ok(true);
        }
        write::end(out, "multistatus");
        Ok(false)
    }
}

/// What an href names. Most of a request stand in one collection, which they spell alike: `last` has that spelling, and what it means.
fn target(sent: &str, last: &mut Option<(String, Place)>) -> Option<Target> {
    let (before, name) = sent.rsplit_once('/')?;
    let plain = href::is_plain(name);
    if let Some((_, place)) = last.as_ref().filter(|(spelt, _)| plain && spelt == before) {
        return Some(Target::Item(place.clone(), name.to_owned()));
    }
    let target = href::parse_href(sent);
    if let Some(Target::Item(place, _)) = &target
        && plain
        && !before.contains(['?', '#'])
    {
        *last = Some((before.to_owned(), place.clone()));
    }
    target
}

impl Multiget {
    /// Answers the hrefs of one collection, until `out` is `full` bytes long; gives back those that are not answered.
    async fn group(
        &mut self,
        place: Option<Place>,
        run: Vec<(String, String)>,
        full: usize,
        out: &mut String,
    ) -> Result<Vec<String>, Fault> {
        let Some(place) = place else { return Ok(Vec::new()) };
        if out.len() >= full {
            return Ok(run.into_iter().map(|(sent, _)| sent).collect());
        }
        let of = match self.collection(&place).await {
            Ok(of) => of,
            Err(Fault::NotFound) => {
                for (sent, _) in run {
                    write::status_response(out, &sent, "404 Not Found");
                }
                return Ok(Vec::new());
            }
            Err(other) => return Err(other),
        };
        let names = run.iter().map(|(_, name)| name.clone()).collect();
        let (found, served) = self.core.items_named(&of.access, names).await?;
        if self.data.is_some() {
            let bytes = found.iter().map(|object| object.body.len() + AROUND).sum::<usize>();
            out.reserve(bytes.min(stream::PAGE));
        }
        let found: HashMap<String, Resource> =
            found.into_iter().map(|object| (object.name.clone(), of.item(object))).collect();
        let zone = self.core.zone_of(of.access.collection()).await?;
        let mut run = run.into_iter();
        // Asked twice, or in two spellings, it is answered twice: a 404 would make a client delete it.
        for (sent, name) in run.by_ref().take(served) {
            match found.get(&name) {
                Some(resource) => self.respond(resource, &zone, out).await?,
                None => write::status_response(out, &sent, "404 Not Found"),
            }
            if out.len() >= full {
                break;
            }
        }
        Ok(run.map(|(sent, _)| sent).collect())
    }

    async fn respond(&mut self, resource: &Resource, zone: &Zone, out: &mut String) -> Result<(), Fault> {
        let text = match (&self.data, resource) {
            (Some(data), Resource::Item { object: Some(object), .. }) => {
                Some(data.render_anywhere(object, zone, &mut self.budget).await?)
            }
            _ => None,
        };
        let extras = Extras::default();
        let view = View { core: &self.core, actor: &self.actor, resource, extras: &extras };
        let data = self.data.as_ref().zip(text.as_deref()).map(|(data, text)| data.named(text));
        self.select.respond(&view, self.minimal, data, out);
        Ok(())
    }

    async fn collection(&mut self, place: &Place) -> Result<ItemOf, Fault> {
        let same = |of: &&ItemOf| {
            of.access.collection().home == place.home
                && of.access.shown_at() == (place.owner.as_str(), place.slug.as_str())
        };
        if let Some(known) = self.known.as_ref().filter(same) {
            return Ok(known.clone());
        }
        let of = ItemOf::new(self.core.collection(&self.actor, place).await?);
        self.known = Some(of.clone());
        Ok(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_href_names_does_not_hang_on_the_one_before() {
        let hrefs = [
            "/dav/calendars/a/c/1.ics",
            "/dav/calendars/a/c/2.ics",
            "/dav/calendars/a/c/2%2eics",
            "/dav/calendars/a/c/2.ics/",
            "/dav/calendars/a/c/2.ics/3",
            "/dav/calendars/a/c/..",
            "/dav/calendars/a/c/",
            "/dav/calendars/a/c/2.ics?x/1.ics",
            "/dav/calendars/a/c/2.ics?x/2.ics",
            "/dav/calendars/a/c/2.ics#x/1.ics",
            "/dav/calendars/a/c/2.ics#x/2.ics",
            "https://example.org/dav/calendars/a/c/4.ics",
            "https://example.org/dav/calendars/a/c/5.ics",
            "/dav/calendars/A/c/1.ics",
            "/dav/addressbooks/a/c/1.ics",
            "/dav/calendars/a/c",
            "/dav/calendars/a/d",
            "1.ics",
            "",
        ];
        for first in hrefs {
            let mut last = None;
            target(first, &mut last);
            for sent in hrefs {
                assert_eq!(target(sent, &mut last.clone()), href::parse_href(sent), "{sent} after {first}");
            }
        }
    }
}
