//! Every door that an item can be read through: the table that the tests go through. That no door is missing is seen in `known`.

use super::Scene;
use crate::harness::answer::Answer;
use crate::harness::{Client, xml};
use serde_json::Value;

/// What is asked through a door.
#[derive(Debug, Clone)]
pub struct Aim {
    /// The item's name.
    pub name: String,
    /// A version of it.
    pub version: i64,
    /// A window in June 2031: days.
    pub days: (u8, u8),
    /// A word that is looked for.
    pub word: String,
    /// Entries of a page.
    pub limit: usize,
    /// An entity tag, as if it were known.
    pub etag: String,
}

/// What a door tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// One item, with its content or what is told of it; not found where there is none.
    Item,
    /// Names of items.
    Names,
    /// Contents.
    Contents,
    /// Times only.
    Times,
    /// A copy of the item in the asker's own calendar; refused to who does not see all of it.
    Copy,
}

/// A door for readers.
pub struct Door {
    pub name: &'static str,
    /// Which method, report or operation it is.
    pub covers: &'static str,
    pub tells: Tells,
    pub ask: fn(&Client, &Scene, &Aim) -> Answer,
}

pub const fn door(
    name: &'static str,
    covers: &'static str,
    tells: Tells,
    ask: fn(&Client, &Scene, &Aim) -> Answer,
) -> Door {
    Door { name, covers, tells, ask }
}

fn report(client: &Client, scene: &Scene, root: &str, inside: &str) -> Answer {
    client.report(&scene.dav(""), root, inside).send()
}

fn window(aim: &Aim) -> String {
    format!("from=2031-06-{:02}T00:00:00Z&to=2031-06-{:02}T23:00:00Z", aim.days.0, aim.days.1)
}

fn range(aim: &Aim) -> String {
    format!("start=\"203106{:02}T000000Z\" end=\"203106{:02}T230000Z\"", aim.days.0, aim.days.1)
}

const ALL: &str =
    "<D:getetag/><D:getcontentlength/><D:getlastmodified/><D:creationdate/><D:getcontenttype/><X:note/>";

fn query(inside: &str, data: &str) -> String {
    format!(
        "<D:prop>{ALL}<C:calendar-data>{data}</C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
         <C:comp-filter name=\"VEVENT\">{inside}</C:comp-filter></C:comp-filter></C:filter>"
    )
}

/// All doors that read.
pub const DOORS: &[Door] = &[
    door("get", "GET", Tells::Item, |client, scene, aim| client.get(&scene.dav(&aim.name)).send()),
    door("get as jCal", "GET", Tells::Item, |client, scene, aim| {
        client.get(&scene.dav(&aim.name)).header("Accept", "application/calendar+json").send()
    }),
    door("get if none match", "GET", Tells::Times, |client, scene, aim| {
        client.get(&scene.dav(&aim.name)).header("If-None-Match", &format!("\"{}\"", aim.etag)).send()
    }),
    door("get if match", "GET", Tells::Times, |client, scene, aim| {
        client.get(&scene.dav(&aim.name)).header("If-Match", &format!("\"{}\"", aim.etag)).send()
    }),
    door("get if another", "GET", Tells::Times, |client, scene, aim| {
        let list = format!("<{}> ([\"{}\"])", scene.dav(&aim.name), aim.etag);
        client.get(&client.calendar("default/none.ics")).header("If", &list).send()
    }),
    door("head", "HEAD", Tells::Times, |client, scene, aim| {
        client.request("HEAD", &scene.dav(&aim.name)).send()
    }),
    door("propfind of an item", "PROPFIND", Tells::Item, |client, scene, aim| {
        let body =
            xml::document("D:propfind", &format!("<D:prop>{ALL}<C:schedule-tag/><D:displayname/></D:prop>"));
        client.propfind_raw(&scene.dav(&aim.name), "0", &body).send()
    }),
    door("propfind allprop", "PROPFIND", Tells::Item, |client, scene, aim| {
        client.propfind_raw(&scene.dav(&aim.name), "0", &xml::document("D:propfind", "<D:allprop/>")).send()
    }),
    door("propfind propname", "PROPFIND", Tells::Item, |client, scene, aim| {
        client.propfind_raw(&scene.dav(&aim.name), "0", &xml::document("D:propfind", "<D:propname/>")).send()
    }),
    door("listing", "PROPFIND", Tells::Names, |client, scene, _| {
        client.propfind(&scene.dav(""), "1", &["D:getetag", "D:getcontenttype"]).send()
    }),
    door("listing of whole items", "PROPFIND", Tells::Names, |client, scene, _| {
        let body = xml::document("D:propfind", &format!("<D:prop>{ALL}<D:quota-used-bytes/></D:prop>"));
        client.propfind_raw(&scene.dav(""), "1", &body).send()
    }),
    door("multiget", "REPORT calendar-multiget", Tells::Contents, |client, scene, aim| {
        let inside =
            format!("<D:prop>{ALL}<C:calendar-data/></D:prop><D:href>{}</D:href>", scene.dav(&aim.name));
        report(client, scene, "C:calendar-multiget", &inside)
    }),
    door("multiget on the item", "REPORT calendar-multiget", Tells::Item, |client, scene, aim| {
        let path = scene.dav(&aim.name);
        let inside = format!("<D:prop>{ALL}<C:calendar-data/></D:prop><D:href>{path}</D:href>");
        client.report(&path, "C:calendar-multiget", &inside).send()
    }),
    door("query on the item", "REPORT calendar-query", Tells::Item, |client, scene, aim| {
        client.report(&scene.dav(&aim.name), "C:calendar-query", &query("", "")).send()
    }),
    door("query of a text on the item", "REPORT calendar-query", Tells::Item, |client, scene, aim| {
        let filter = format!(
            "<C:prop-filter name=\"SUMMARY\"><C:text-match>{}</C:text-match></C:prop-filter>",
            aim.word
        );
        client.report(&scene.dav(&aim.name), "C:calendar-query", &query(&filter, "")).send()
    }),
    door("multiget expanded", "REPORT calendar-multiget", Tells::Contents, |client, scene, aim| {
        let inside = format!(
            "<D:prop><C:calendar-data><C:expand {}/></C:calendar-data></D:prop><D:href>{}</D:href>",
            range(aim),
            scene.dav(&aim.name)
        );
        report(client, scene, "C:calendar-multiget", &inside)
    }),
    door("query", "REPORT calendar-query", Tells::Contents, |client, scene, _| {
        report(client, scene, "C:calendar-query", &query("", ""))
    }),
    door("query of a time", "REPORT calendar-query", Tells::Contents, |client, scene, aim| {
        report(client, scene, "C:calendar-query", &query(&format!("<C:time-range {}/>", range(aim)), ""))
    }),
    door("query expanded", "REPORT calendar-query", Tells::Contents, |client, scene, aim| {
        let expand = format!("<C:expand {}/>", range(aim));
        report(client, scene, "C:calendar-query", &query(&format!("<C:time-range {}/>", range(aim)), &expand))
    }),
    door("query limited", "REPORT calendar-query", Tells::Contents, |client, scene, aim| {
        let limit = format!("<C:limit-recurrence-set {}/>", range(aim));
        report(client, scene, "C:calendar-query", &query("", &limit))
    }),
    door("query of a property", "REPORT calendar-query", Tells::Contents, |client, scene, _| {
        let data = "<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\"/><C:prop name=\"UID\"/></C:comp></C:comp>";
        report(client, scene, "C:calendar-query", &query("<C:prop-filter name=\"LOCATION\"/>", data))
    }),
    door("query of a text", "REPORT calendar-query", Tells::Contents, |client, scene, aim| {
        let filter = format!(
            "<C:prop-filter name=\"SUMMARY\"><C:text-match>{}</C:text-match></C:prop-filter>",
            aim.word
        );
        report(client, scene, "C:calendar-query", &query(&filter, ""))
    }),
    door(
        "query of a text that is not there",
        "REPORT calendar-query",
        Tells::Contents,
        |client, scene, aim| {
            let filter = format!(
                "<C:prop-filter name=\"ATTENDEE\"><C:text-match negate-condition=\"yes\">{}</C:text-match></C:prop-filter>",
                aim.word
            );
            report(client, scene, "C:calendar-query", &query(&filter, ""))
        },
    ),
    door("sync", "REPORT sync-collection", Tells::Names, |client, scene, _| {
        let inside = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        report(client, scene, "D:sync-collection", inside)
    }),
    door("sync of whole items", "REPORT sync-collection", Tells::Names, |client, scene, aim| {
        let inside = format!(
            "<D:sync-token/><D:sync-level>1</D:sync-level><D:limit><D:nresults>{}</D:nresults></D:limit><D:prop>{ALL}</D:prop>",
            aim.limit
        );
        report(client, scene, "D:sync-collection", &inside)
    }),
    door("expand-property", "REPORT expand-property", Tells::Item, |client, scene, aim| {
        let inside = "<D:property name=\"getetag\"/><D:property name=\"getcontentlength\"/>\
                      <D:property name=\"note\" namespace=\"http://example.org/ns/\"/>";
        client
            .request("REPORT", &scene.dav(&aim.name))
            .header("Depth", "0")
            .xml(&xml::document("D:expand-property", inside))
            .send()
    }),
    door("free-busy-query", "REPORT free-busy-query", Tells::Times, |client, scene, aim| {
        report(client, scene, "C:free-busy-query", &format!("<C:time-range {}/>", range(aim)))
    }),
    door("read", "GET /calendars/{id}/events/{item}", Tells::Item, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events/{}", aim.name))).send()
    }),
    door("read as JSCalendar", "GET /calendars/{id}/events/{item}", Tells::Item, |client, scene, aim| {
        let path = scene.rest(&format!("/events/{}", aim.name));
        client.get(&path).header("Accept", "application/jscalendar+json").send()
    }),
    door("read facts", "GET /calendars/{id}/events/{item}", Tells::Item, |client, scene, aim| {
        client
            .get(&scene.rest(&format!("/events/{}?fields=id,etag,created,data&form=jscalendar", aim.name)))
            .send()
    }),
    door("read unless known", "GET /calendars/{id}/events/{item}", Tells::Times, |client, scene, aim| {
        let path = scene.rest(&format!("/events/{}", aim.name));
        client.get(&path).header("If-None-Match", &format!("\"{}\"", aim.etag)).send()
    }),
    door("list", "GET /calendars/{id}/events", Tells::Names, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events?limit={}", aim.limit))).send()
    }),
    door("list with contents", "GET /calendars/{id}/events", Tells::Contents, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events?limit={}&fields=id,etag,data", aim.limit))).send()
    }),
    door("list from a cursor", "GET /calendars/{id}/events", Tells::Contents, |client, scene, aim| {
        let first = client.get(&scene.rest(&format!("/events?limit={}&fields=id,data", aim.limit))).send();
        let page: Value = serde_json::from_slice(&first.body).unwrap_or_default();
        let Some(next) = page["next"].as_str() else { return first };
        client.get(&scene.rest(&format!("/events?limit={}&fields=id,data&cursor={next}", aim.limit))).send()
    }),
    door("list of a time", "GET /calendars/{id}/events", Tells::Names, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events?{}&limit={}", window(aim), aim.limit))).send()
    }),
    door(
        "list of a time with contents",
        "GET /calendars/{id}/events",
        Tells::Contents,
        |client, scene, aim| {
            client
                .get(&scene.rest(&format!("/events?{}&fields=id,etag,data&limit={}", window(aim), aim.limit)))
                .send()
        },
    ),
    door("search", "GET /calendars/{id}/events", Tells::Contents, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events?q={}&fields=id,etag,data", aim.word))).send()
    }),
    door("list of instances", "GET /calendars/{id}/events", Tells::Contents, |client, scene, aim| {
        client.get(&scene.rest(&format!("/events?{}&expand=true&limit={}", window(aim), aim.limit))).send()
    }),
    door("list of tasks", "GET /calendars/{id}/tasks", Tells::Contents, |client, scene, _| {
        client.get(&scene.rest("/tasks?fields=id,etag,data")).send()
    }),
    door("read a task", "GET /calendars/{id}/tasks/{item}", Tells::Times, |client, scene, aim| {
        client.get(&scene.rest(&format!("/tasks/{}", aim.name))).send()
    }),
    door("tasks of a time", "GET /calendars/{id}/tasks", Tells::Contents, |client, scene, aim| {
        client.get(&scene.rest(&format!("/tasks?{}&fields=id,data", window(aim)))).send()
    }),
    door(
        "instance",
        "GET /calendars/{id}/events/{item}/instances/{recurrenceId}",
        Tells::Times,
        |client, scene, aim| {
            client
                .get(
                    &scene
                        .rest(&format!("/events/{}/instances/2031-06-{:02}T09:00:00", aim.name, aim.days.0)),
                )
                .send()
        },
    ),
    door(
        "instances of one",
        "GET /calendars/{id}/events/{item}/instances",
        Tells::Times,
        |client, scene, aim| {
            client.get(&scene.rest(&format!("/events/{}/instances?{}", aim.name, window(aim)))).send()
        },
    ),
    door(
        "instances of a task",
        "GET /calendars/{id}/tasks/{item}/instances",
        Tells::Times,
        |client, scene, aim| {
            client.get(&scene.rest(&format!("/tasks/{}/instances?{}", aim.name, window(aim)))).send()
        },
    ),
    door(
        "instance of a task",
        "GET /calendars/{id}/tasks/{item}/instances/{recurrenceId}",
        Tells::Times,
        |client, scene, aim| {
            let start = format!("2031-06-{:02}T09:00:00", aim.days.0);
            client.get(&scene.rest(&format!("/tasks/{}/instances/{start}", aim.name))).send()
        },
    ),
    door("changes", "GET /calendars/{id}/changes", Tells::Names, |client, scene, aim| {
        client.get(&scene.rest(&format!("/changes?limit={}", aim.limit))).send()
    }),
    door("export", "GET /calendars/{id}/export", Tells::Contents, |client, scene, _| {
        client.get(&scene.rest("/export")).send()
    }),
    door("export as jCal", "GET /calendars/{id}/export", Tells::Contents, |client, scene, _| {
        client.get(&scene.rest("/export?format=jcal")).send()
    }),
    door(
        "history of an item",
        "GET /calendars/{id}/events/{item}/history",
        Tells::Item,
        |client, scene, aim| {
            client.get(&scene.rest(&format!("/events/{}/history?limit={}", aim.name, aim.limit))).send()
        },
    ),
    door(
        "version",
        "GET /calendars/{id}/events/{item}/history/{version}",
        Tells::Item,
        |client, scene, aim| {
            client.get(&scene.rest(&format!("/events/{}/history/{}", aim.name, aim.version))).send()
        },
    ),
    door(
        "history of a task",
        "GET /calendars/{id}/tasks/{item}/history",
        Tells::Times,
        |client, scene, aim| client.get(&scene.rest(&format!("/tasks/{}/history", aim.name))).send(),
    ),
    door(
        "version of a task",
        "GET /calendars/{id}/tasks/{item}/history/{version}",
        Tells::Times,
        |client, scene, aim| {
            client.get(&scene.rest(&format!("/tasks/{}/history/{}", aim.name, aim.version))).send()
        },
    ),
    door("history", "GET /calendars/{id}/history", Tells::Names, |client, scene, aim| {
        client.get(&scene.rest(&format!("/history?limit={}", aim.limit))).send()
    }),
    door("changes and who made them", "GET /calendars/{id}/changes", Tells::Names, |client, scene, aim| {
        client.get(&scene.rest(&format!("/changes?actors=true&limit={}", aim.limit))).send()
    }),
    door("the calendar", "GET /calendars/{id}", Tells::Times, |client, scene, _| {
        client.get(&scene.rest("")).send()
    }),
    door("busy times", "GET /calendars/{id}/freebusy", Tells::Times, |client, scene, aim| {
        client.get(&scene.rest(&format!("/freebusy?{}", window(aim)))).send()
    }),
    door("the home", "PROPFIND", Tells::Times, |client, _, _| {
        let body = xml::document("D:propfind", &format!("<D:prop>{ALL}<D:displayname/></D:prop>"));
        client.propfind_raw("/dav/calendars/alice/", "1", &body).send()
    }),
    door("people by a word", "REPORT principal-property-search", Tells::Times, |client, _, aim| {
        let wanted = format!(
            "<D:property-search><D:prop><D:displayname/></D:prop><D:match>{}</D:match></D:property-search><D:prop><D:displayname/></D:prop>",
            aim.word
        );
        client.report("/dav/principals/", "D:principal-property-search", &wanted).instead("Depth", "0").send()
    }),
    door("directory", "GET /principals", Tells::Times, |client, _, aim| {
        client.get(&format!("/api/v1/principals?q={}", aim.word)).send()
    }),
    door("busy times of people", "GET /freebusy", Tells::Times, |client, _, aim| {
        client.get(&format!("/api/v1/freebusy?principals=alice&{}", window(aim))).send()
    }),
];
