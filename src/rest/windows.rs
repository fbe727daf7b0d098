//! Lists of calendar items that a window of time or a search narrows, and the instances in a window, of all items or of one. RFC 4791 §7.8, §9.6.5.

use super::collections::DavPaths;
use super::instant;
use super::items::{self, Item, ListAsked, Members};
use super::page::{self, Asked, Page};
use super::path::OfItem;
use super::problem::Refused;
use super::query::Query;
use crate::domain::fault::Condition;
use crate::domain::object::Listed;
use crate::domain::query::{CalendarFilter, Words};
use crate::services::calendar_queries::CalendarQuery;
use crate::services::contact_queries::ContactQuery;
use crate::services::instances::Occurring;
use crate::services::{Access, Actor, Core, Shown, freebusy};
use crate::text::ical::index::Frame;
use crate::text::recur::Window;
use crate::text::recur::civil;
use crate::text::zone::Zone;
use actix_web::HttpResponse;
use jiff::civil::DateTime;
use serde::Serialize;
use utoipa::openapi::schema::AnyOf;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One instance of an event or a task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The item that it is of.
    #[schema(required = false)]
    id: String,
    /// As in the item's content.
    #[schema(required = false)]
    uid: String,
    /// The item's entity tag, quotes included.
    #[schema(required = false)]
    etag: String,
    /// Which instance of a series: when it would be by the rule, on the clock of the series. `instances/{recurrenceId}` below the item is
    /// the instance. Null where the item does not recur.
    #[schema(required = false, example = "2026-03-09T09:30:00")]
    recurrence_id: Option<String>,
    /// When it begins, as clocks in `timeZone` show it; of all-day ones the first day's midnight.
    #[schema(required = false, example = "2026-03-09T09:30:00")]
    start: String,
    /// When it ends, likewise; of all-day ones the midnight after the last day.
    #[schema(required = false, example = "2026-03-09T10:30:00")]
    end: String,
    /// The zone of `start` and `end`; null where they float, as all days do.
    #[schema(required = false, example = "Europe/Paris")]
    time_zone: Option<String>,
    /// Whether it is of whole days.
    #[schema(required = false)]
    all_day: bool,
    /// When it begins.
    #[schema(required = false, format = DateTime)]
    utc_start: String,
    /// When it ends.
    #[schema(required = false, format = DateTime)]
    utc_end: String,
    /// SUMMARY.
    #[schema(required = false)]
    title: Option<String>,
    /// LOCATION.
    #[schema(required = false)]
    location: Option<String>,
    /// STATUS.
    #[schema(required = false, example = "CONFIRMED")]
    status: Option<String>,
    /// Where DAV serves the item.
    #[schema(required = false)]
    href: String,
}

/// A page of items, or with `expand` of instances: an empty one is both.
#[derive(Debug)]
pub struct ItemsOrInstances;

impl PartialSchema for ItemsOrInstances {
    fn schema() -> RefOr<Schema> {
        let both = AnyOf::builder().item(Page::<Item>::schema()).item(Page::<Occurrence>::schema());
        RefOr::T(Schema::AnyOf(both.build()))
    }
}

impl ToSchema for ItemsOrInstances {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Item::name().into(), Item::schema()));
        schemas.push((Occurrence::name().into(), Occurrence::schema()));
    }
}

const INSTANCE_FIELDS: &[&str] = &[
    "id",
    "uid",
    "etag",
    "recurrenceId",
    "start",
    "end",
    "timeZone",
    "allDay",
    "utcStart",
    "utcEnd",
    "title",
    "location",
    "status",
    "href",
];

/// A civil time without zone.
fn civil_text(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

impl Occurrence {
    fn of(shown: &Occurring, told_in: Option<&Zone>, parent: &str, dav: &DavPaths) -> Self {
        let instance = &shown.instance;
        // A zone without a name of its own cannot be told: UTC serves.
        let zone = shown.zone.as_ref().map(|own| match told_in.unwrap_or(own) {
            named if named.name().is_some() => named.clone(),
            _ => Zone::Utc,
        });
        let (start, end) = match &zone {
            Some(zone) => (zone.to_civil(instance.start), zone.to_civil(instance.end)),
            None => (instance.start_civil, instance.end_civil),
        };
        Occurrence {
            id: shown.of.name.clone(),
            uid: shown.of.uid.clone(),
            etag: shown.of.etag.quoted(),
            recurrence_id: shown.recurrence.map(|civil| civil_text(civil::to_datetime(civil))),
            start: civil_text(start),
            end: civil_text(end),
            time_zone: zone.as_ref().and_then(|zone| zone.name().map(str::to_owned)),
            all_day: instance.frame == Frame::Date,
            utc_start: instant::text(instance.start),
            utc_end: instant::text(instance.end),
            title: shown.summary.clone(),
            location: shown.location.clone(),
            status: shown.status.clone(),
            href: (dav.item)(parent, &shown.of.name),
        }
    }
}

/// What narrows a list.
struct Narrowed {
    window: Option<Window>,
    words: Words,
    zone: Option<Zone>,
}

impl Narrowed {
    fn take(query: &mut Query) -> Result<Self, Refused> {
        let zone = zone(query)?;
        Ok(Narrowed { window: window(query)?, words: words(query)?, zone })
    }

    async fn query(
        &self,
        core: &Core,
        access: &Access,
        component: Option<&'static str>,
    ) -> Result<CalendarQuery, Refused> {
        let filter = CalendarFilter::simple(component, self.window);
        let query = CalendarQuery::new(core, access, filter, self.zone.clone()).await?;
        Ok(query.saying(self.words.clone()))
    }
}

/// Takes `timeZone` out of the parameters.
fn zone(query: &mut Query) -> Result<Option<Zone>, Refused> {
    let Some(name) = query.text("timeZone") else { return Ok(None) };
    Some(name.as_str())
        .filter(|name| !name.contains("BEGIN:"))
        .and_then(freebusy::read_zone)
        .ok_or_else(|| Refused::from(Condition::ValidTimezone).field("timeZone"))
        .map(Some)
}

/// Takes `from` and `to` out of the parameters; one that is absent is an open end.
pub fn window(query: &mut Query) -> Result<Option<Window>, Refused> {
    let (from, to) = (instant::take(query, "from")?, instant::take(query, "to")?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let window = Window::new(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
    if window.start >= window.end {
        return Err(Refused::at("to", "must come after 'from'"));
    }
    Ok(Some(window))
}

fn words(query: &mut Query) -> Result<Words, Refused> {
    let text = query.text("q").unwrap_or_default();
    Words::parse(&text).ok_or_else(|| Refused::at("q", "too many words"))
}

/// A list of events or tasks: all of them, those that fit, or the instances of those.
pub async fn calendar_items(
    members: Members,
    core: &Core,
    access: &Access,
    dav: &DavPaths,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let expand = query.flag("expand")?;
    let narrowed = Narrowed::take(&mut query)?;
    if expand {
        return instances(members, core, access, dav, query, narrowed).await;
    }
    let asked = ListAsked::take(&mut query, members.of.home)?;
    query.end()?;
    if narrowed.window.is_none() && narrowed.words.is_empty() {
        return members.list(core, access, dav, &asked).await;
    }
    let wanted = narrowed.query(core, access, members.kind.component()).await?;
    let (found, whole) = match asked.data {
        None => (core.matches(wanted).await?, None),
        Some(_) => core.matches_whole(wanted).await?,
    };
    some(members, core, access, dav, &asked, found, whole).await
}

/// A list of contacts: all of them, or those that fit.
pub async fn contacts(
    members: Members,
    core: &Core,
    access: &Access,
    dav: &DavPaths,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let words = words(&mut query)?;
    let asked = ListAsked::take(&mut query, members.of.home)?;
    query.end()?;
    if words.is_empty() {
        return members.list(core, access, dav, &asked).await;
    }
    let found = core.matching_contacts(ContactQuery::saying(access, words)?).await?;
    some(members, core, access, dav, &asked, found, None).await
}

/// A page of what was found, which is in the order of names; `whole` where it was read with its content.
#[allow(clippy::too_many_arguments, reason = "one request, taken apart")]
async fn some(
    members: Members,
    core: &Core,
    access: &Access,
    dav: &DavPaths,
    asked: &ListAsked,
    mut found: Vec<Shown<Listed>>,
    whole: Option<Vec<Shown>>,
) -> Result<HttpResponse, Refused> {
    if let Some(after) = &asked.page.after {
        found.retain(|item| item.name > *after);
    }
    let limit = usize::try_from(asked.page.limit).unwrap_or(1);
    let mut more = found.len() > limit;
    found.truncate(limit);
    let mut last = found.last().map(|item| item.name.clone());
    let items = match asked.data {
        None => members.tell(access, dav, asked, &found)?,
        Some(form) => {
            let objects = match whole {
                Some(all) => {
                    let after = asked.page.after.as_ref();
                    all.into_iter()
                        .filter(|one| after.is_none_or(|after| one.name > *after))
                        .take(limit)
                        .collect()
                }
                None => {
                    let names: Vec<String> = found.iter().map(|item| item.name.clone()).collect();
                    let (mut objects, served) = core.items_named(access, names.clone()).await?;
                    more |= served < names.len();
                    last = served.checked_sub(1).and_then(|at| names.get(at)).cloned();
                    objects.sort_by(|a, b| a.name.cmp(&b.name));
                    objects
                }
            };
            items::tell_whole(access, dav, asked, objects, form).await?
        }
    };
    let next = last.filter(|_| more).map(|name| page::cursor(&name));
    Ok(HttpResponse::Ok().json(Page { items, next }))
}

/// Where an instance stands in its list.
fn place(shown: &Occurring) -> (i64, i64, &str) {
    let recurrence = shown.recurrence.unwrap_or(i64::MIN);
    (shown.instance.start, recurrence, &shown.of.name)
}

fn read_place(key: &str) -> Option<(i64, i64, &str)> {
    let mut parts = key.splitn(3, '\n');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?))
}

async fn instances(
    members: Members,
    core: &Core,
    access: &Access,
    dav: &DavPaths,
    mut query: Query,
    narrowed: Narrowed,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, INSTANCE_FIELDS)?;
    query.end()?;
    let window = closed(narrowed.window)?;
    let found = core.instances(narrowed.query(core, access, members.kind.component()).await?, window).await?;
    tell_instances(found, &asked, narrowed.zone.as_ref(), access, dav)
}

/// The instances of one item in a window.
pub async fn of_item(
    members: Members,
    core: &Core,
    actor: &Actor,
    dav: &DavPaths,
    of: &OfItem,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let zone = zone(&mut query)?;
    let window = window(&mut query)?;
    let asked = Asked::take(&mut query, INSTANCE_FIELDS)?;
    query.end()?;
    let window = closed(window)?;
    let (access, object, _room) = members.find(core, actor, of).await?;
    let found = core.instances_of(&access, object, window, zone.clone()).await?;
    tell_instances(found, &asked, zone.as_ref(), &access, dav)
}

/// A window that has both ends.
fn closed(window: Option<Window>) -> Result<Window, Refused> {
    window
        .filter(|window| window.start != i64::MIN && window.end != i64::MAX)
        .ok_or_else(|| Refused::at("from", "instances are those from 'from' to 'to': give both"))
}

/// A page of instances.
fn tell_instances(
    mut found: Vec<Occurring>,
    asked: &Asked,
    zone: Option<&Zone>,
    access: &Access,
    dav: &DavPaths,
) -> Result<HttpResponse, Refused> {
    let after = match &asked.after {
        None => None,
        Some(key) => Some(read_place(key).ok_or_else(|| Refused::at("cursor", "of another list"))?),
    };
    found.sort_by(|a, b| place(a).cmp(&place(b)));
    let limit = usize::try_from(asked.limit).unwrap_or(1);
    let mut rest = found.iter().filter(|shown| after.is_none_or(|after| place(shown) > after));
    let shown: Vec<&Occurring> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = shown.last().filter(|_| more).map(|last| {
        let (start, recurrence, name) = place(last);
        page::cursor(&format!("{start}\n{recurrence}\n{name}"))
    });
    let parent = dav.of(access);
    let tell = |shown: &Occurring| asked.sparse(&Occurrence::of(shown, zone, &parent, dav));
    let items = shown.into_iter().map(tell).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next }))
}
