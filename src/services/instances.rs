//! Instances of events and tasks in a window, and busy times of several people: lists for programs that draw a week.
//!
//! One budget a request, over all pages, objects and calendars. RFC 4791 §9.6.5, §7.10.

use super::access::Access;
use super::actor::Actor;
use super::calendar_queries::CalendarQuery;
use super::projection::Shown;
use super::{Core, labour};
use crate::domain::acl::Privilege;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::freebusy::{self, Period};
use crate::domain::object::Listed;
use crate::text::component::{Document, Limits};
use crate::text::ical::index::{Frame, Part, When};
use crate::text::ical::{CalendarIndex, Instance};
use crate::text::recur::civil::DAY;
use crate::text::recur::{Budget, Window};
use crate::text::zone::Zone;
use std::collections::HashMap;

/// Octets of objects that are kept until all are found.
const MOST_HELD: usize = 1024 * 1024;
/// Objects that one list tells at most: who wants more asks for a shorter time.
pub const MOST_OBJECTS: usize = 10_000;

/// One instance, with what a list shows of it.
#[derive(Debug, Clone)]
pub struct Occurring {
    /// The object that it is of.
    pub of: Shown<Listed>,
    /// When it is.
    pub instance: Instance,
    /// Which instance of its series it is: its original start in civil seconds on the clock of the series, whatever clock its own
    /// RECURRENCE-ID is on.
    pub recurrence: Option<i64>,
    /// The zone that its civil times are in: none for all-day and floating ones.
    pub zone: Option<Zone>,
    /// SUMMARY.
    pub summary: Option<String>,
    /// LOCATION.
    pub location: Option<String>,
    /// STATUS.
    pub status: Option<String>,
}

impl Core {
    /// The objects that fit a query, without their contents, in the order of their names.
    pub async fn matches(&self, mut query: CalendarQuery) -> Result<Vec<Shown<Listed>>, Fault> {
        let mut found: Vec<Shown<Listed>> = Vec::new();
        while let Some(page) = query.next(self).await? {
            found.extend(page.iter().map(Shown::listed));
            if found.len() > MOST_OBJECTS {
                return Err(Condition::NumberOfMatchesWithinLimits.into());
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// As [`Core::matches`], with the objects themselves, where they are few octets: what is looked at is read only once then.
    pub async fn matches_whole(
        &self,
        mut query: CalendarQuery,
    ) -> Result<(Vec<Shown<Listed>>, Option<Vec<Shown>>), Fault> {
        let (mut found, mut whole, mut bytes): (Vec<Shown<Listed>>, _, usize) =
            (Vec::new(), Some(Vec::new()), 0);
        while let Some(page) = query.next(self).await? {
            found.extend(page.iter().map(Shown::listed));
            if found.len() > MOST_OBJECTS {
                return Err(Condition::NumberOfMatchesWithinLimits.into());
            }
            bytes = page.iter().fold(bytes, |sum, object| sum.saturating_add(object.body.len()));
            match &mut whole {
                Some(all) if bytes <= MOST_HELD => all.extend(page),
                _ => whole = None,
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(all) = &mut whole {
            all.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok((found, whole))
    }

    /// The instances in `window` of the objects that fit a query, the earliest first.
    pub async fn instances(&self, mut query: CalendarQuery, window: Window) -> Result<Vec<Occurring>, Fault> {
        let zone = query.zone().clone();
        let mut found: Vec<Occurring> = Vec::new();
        while let Some(page) = query.next(self).await? {
            let bytes = page.iter().map(|object| object.body.len()).sum();
            let (zone, mut lent) = (zone.clone(), query.budget().clone());
            let work = move || {
                let mut shown = Vec::new();
                for object in &page {
                    expand(object, window, &zone, &mut lent, &mut shown)?;
                }
                Ok::<_, Fault>((shown, lent))
            };
            let (shown, left) = labour::of(bytes, work).await??;
            *query.budget() = left;
            found.extend(shown);
        }
        found.sort_by(|a, b| (a.instance.start, &a.of.name).cmp(&(b.instance.start, &b.of.name)));
        Ok(found)
    }

    /// The instances in `window` of one object of a collection, the earliest first; `zone` overrides the collection's own for times
    /// without one.
    pub async fn instances_of(
        &self,
        access: &Access,
        object: Shown,
        window: Window,
        zone: Option<Zone>,
    ) -> Result<Vec<Occurring>, Fault> {
        let zone = match zone {
            Some(zone) => zone,
            None => self.zone_of(access.collection()).await?,
        };
        let bytes = object.body.len();
        let work = move || {
            let mut shown = Vec::new();
            expand(&object, window, &zone, &mut Budget::default(), &mut shown).map(|()| shown)
        };
        let mut shown = labour::of(bytes, work).await??;
        shown.sort_by_key(|one| one.instance.start);
        Ok(shown)
    }

    /// When each of some people is busy in a window, over all calendars of his whose busy times the actor may see, but the
    /// transparent ones; `None` where there is no such calendar, or no such person. One budget for all.
    pub async fn busy_principals(
        &self,
        actor: &Actor,
        handles: &[String],
        window: Window,
    ) -> Result<Vec<Option<Vec<Period>>>, Fault> {
        let mut budget = Budget::default();
        let mut all = Vec::with_capacity(handles.len());
        for handle in handles {
            let calendars = match self.collections(actor, handle, HomeKind::Calendars).await {
                Ok(calendars) => calendars,
                Err(Fault::NotFound) if actor.reach(HomeKind::Calendars).is_ok() => Vec::new(),
                Err(fault) => return Err(fault),
            };
            let visible = calendars.iter().filter(|access| {
                access.collection().kind == CollectionKind::Calendar
                    && access.rights().has(Privilege::ReadFreeBusy)
            });
            let mut visible = visible.peekable();
            if visible.peek().is_none() {
                all.push(None);
                continue;
            }
            let mut periods = Vec::new();
            for access in visible.filter(|access| !access.collection().transparent) {
                periods.extend(self.busy_within(access, window, &mut budget).await?);
            }
            all.push(Some(freebusy::merge(periods)));
        }
        Ok(all)
    }
}

fn expand(
    object: &Shown,
    window: Window,
    zone: &Zone,
    budget: &mut Budget,
    into: &mut Vec<Occurring>,
) -> Result<(), Fault> {
    let Some(index) = CalendarIndex::decode(&object.parsed) else {
        tracing::error!(id = object.id.0, "the compact form of an object cannot be read");
        return Ok(());
    };
    let of = object.listed();
    let mut texts: HashMap<usize, [Option<String>; 3]> = HashMap::new();
    for instance in index.instances(window, zone, budget)? {
        let [summary, location, status] = texts
            .entry(instance.part)
            .or_insert_with(|| texts_of(&index, instance.part, &object.body))
            .clone();
        let recurrence = instance.recurrence_id.map(|id| on_clock_of_series(&index, id, zone));
        let zone = match instance.frame {
            Frame::Date | Frame::Floating => None,
            Frame::Utc => Some(Zone::Utc),
            Frame::Zone(at) => Some(index.zone(at, zone)),
        };
        into.push(Occurring { of: of.clone(), instance, recurrence, zone, summary, location, status });
    }
    Ok(())
}

/// A RECURRENCE-ID in civil seconds on the clock of the series. `floating` is the zone of times without one.
fn on_clock_of_series(index: &CalendarIndex, id: When, floating: &Zone) -> i64 {
    let Some(anchor) = index.master().and_then(Part::anchor) else { return id.civil };
    if id.is_date() && !anchor.is_date() {
        return id.civil + anchor.civil.rem_euclid(DAY);
    }
    if id.frame == anchor.frame || id.is_date() {
        return id.civil;
    }
    if anchor.is_date() {
        return id.civil.div_euclid(DAY) * DAY;
    }
    let zone = |frame| match frame {
        Frame::Date | Frame::Floating => floating.clone(),
        Frame::Utc => Zone::Utc,
        Frame::Zone(at) => index.zone(at, floating),
    };
    zone(anchor.frame).civil_seconds(zone(id.frame).utc_seconds(id.civil))
}

/// What a list shows of a part.
fn texts_of(index: &CalendarIndex, part: usize, body: &str) -> [Option<String>; 3] {
    let span = index.parts.get(part).map_or("", |part| part.span.of(body));
    let Ok(document) = Document::parse(span, Limits::default()) else { return [None, None, None] };
    let component = document.roots.first();
    ["SUMMARY", "LOCATION", "STATUS"]
        .map(|name| component.and_then(|component| component.line(name)).map(|line| line.text().into_owned()))
}
