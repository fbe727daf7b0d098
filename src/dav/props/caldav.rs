//! RFC 4791 §5.2 and §7.5.1, RFC 6638 §9, RFC 7529 §10.1, RFC 7809 §5.

use super::{Property, View};
use crate::dav::href;
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::CALDAV;
use crate::dav::xml::write;
use crate::domain::collection::{Collection, Components, HomeKind};
use crate::text::recur::scale;
use crate::text::xml::escape;
use crate::text::zone;

/// Where the time zone service is (RFC 7808).
pub const TIMEZONE_SERVICE: &str = "/.well-known/timezone";

fn collection<'v>(view: &View<'v>) -> Option<&'v Collection> {
    match view.resource {
        Resource::Collection(access) => Some(access.collection()),
        _ => None,
    }
}

fn component_set(view: &View<'_>, out: &mut String) -> bool {
    let Some(collection) = collection(view) else { return false };
    for name in collection.components.names() {
        out.push_str("<C:comp name=\"");
        out.push_str(name);
        out.push_str("\"/>");
    }
    true
}

fn component_sets(_: &View<'_>, out: &mut String) -> bool {
    // A calendar may be made for any set of them: each alone, and all together.
    let all: Vec<&str> = Components::ALL.names().collect();
    for set in std::iter::once(all.clone()).chain(all.into_iter().map(|one| vec![one])) {
        out.push_str("<C:supported-calendar-component-set>");
        for name in set {
            out.push_str("<C:comp name=\"");
            out.push_str(name);
            out.push_str("\"/>");
        }
        out.push_str("</C:supported-calendar-component-set>");
    }
    true
}

fn supported_calendar_data(_: &View<'_>, out: &mut String) -> bool {
    out.push_str("<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>");
    out.push_str("<C:calendar-data content-type=\"application/calendar+json\" version=\"2.0\"/>");
    true
}

fn calendar_timezone(view: &View<'_>, out: &mut String) -> bool {
    let Some(stored) = collection(view).and_then(|c| c.time_zone.as_deref()) else { return false };
    if stored.contains("BEGIN:") {
        escape(out, stored);
        return true;
    }
    let Some(vtimezone) = zone::vtimezone(stored) else { return false };
    escape(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//Cenacle//EN\r\n");
    escape(out, &vtimezone);
    escape(out, "END:VCALENDAR\r\n");
    true
}

fn calendar_timezone_id(view: &View<'_>, out: &mut String) -> bool {
    let Some(stored) = collection(view).and_then(|c| c.time_zone.as_deref()) else { return false };
    let Some(tzid) = crate::services::freebusy::zone_id(stored) else { return false };
    escape(out, &tzid);
    true
}

fn timezone_service_set(_: &View<'_>, out: &mut String) -> bool {
    write::href(out, TIMEZONE_SERVICE);
    true
}

fn transparency(view: &View<'_>, out: &mut String) -> bool {
    let Some(collection) = collection(view) else { return false };
    out.push_str(if collection.transparent { "<C:transparent/>" } else { "<C:opaque/>" });
    true
}

fn default_calendar(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Collection(access) = view.resource else { return false };
    write::href(out, &href::collection(HomeKind::Calendars, &access.owner().handle, "default"));
    true
}

fn schedule_tag(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Item { object: Some(object), .. } = view.resource else { return false };
    let Some(tag) = &object.schedule_tag else { return false };
    escape(out, &format!("\"{tag}\""));
    true
}

fn max_resource_size(view: &View<'_>, out: &mut String) -> bool {
    out.push_str(&view.core.limits().resource_bytes.to_string());
    true
}

fn max_instances(view: &View<'_>, out: &mut String) -> bool {
    out.push_str(&view.core.limits().instances.to_string());
    true
}

fn max_attendees(view: &View<'_>, out: &mut String) -> bool {
    out.push_str(&view.core.limits().attendees.to_string());
    true
}

fn min_date_time(_: &View<'_>, out: &mut String) -> bool {
    out.push_str("00010101T000000Z");
    true
}

fn max_date_time(_: &View<'_>, out: &mut String) -> bool {
    out.push_str("99991231T235959Z");
    true
}

/// Those that are evaluated: items that count in others of the registry are kept, and found at their DTSTART.
fn supported_rscale_set(_: &View<'_>, out: &mut String) -> bool {
    for name in scale::EVALUATED {
        write::text(out, CALDAV, "supported-rscale", name);
    }
    true
}

fn supported_collation_set(_: &View<'_>, out: &mut String) -> bool {
    for name in ["i;ascii-casemap", "i;octet", "i;unicode-casemap"] {
        write::text(out, CALDAV, "supported-collation", name);
    }
    true
}

const fn live(local: &'static str, kinds: u16, get: fn(&View<'_>, &mut String) -> bool) -> Property {
    Property { ns: CALDAV, local, kinds, allprop: false, needs: need::NOTHING, get }
}

const CALENDARS: u16 = kind::CALENDAR | kind::INBOX | kind::OUTBOX;

/// The list.
pub static ALL: &[Property] = &[
    live("supported-calendar-component-set", CALENDARS, component_set),
    live("supported-calendar-component-sets", kind::CALENDAR_HOME, component_sets),
    live("supported-calendar-data", CALENDARS, supported_calendar_data),
    live("calendar-timezone", kind::CALENDAR, calendar_timezone),
    live("calendar-timezone-id", kind::CALENDAR, calendar_timezone_id),
    live("timezone-service-set", kind::CALENDAR | kind::CALENDAR_HOME, timezone_service_set),
    live("supported-rscale-set", kind::CALENDAR | kind::CALENDAR_HOME, supported_rscale_set),
    live("schedule-calendar-transp", kind::CALENDAR, transparency),
    live("schedule-default-calendar-URL", kind::INBOX, default_calendar),
    Property { needs: need::WHOLE, ..live("schedule-tag", kind::EVENT, schedule_tag) },
    live("max-resource-size", CALENDARS, max_resource_size),
    live("max-instances", CALENDARS, max_instances),
    live("max-attendees-per-instance", CALENDARS, max_attendees),
    live("min-date-time", CALENDARS, min_date_time),
    live("max-date-time", CALENDARS, max_date_time),
    live("supported-collation-set", kind::CALENDAR | kind::INBOX | kind::EVENT, supported_collation_set),
];
