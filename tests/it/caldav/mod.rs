//! RFC 4791: what calendars take, what they answer, and when things happen.

mod birthdays;
mod collections;
mod data;
mod filters;
mod freebusy;
mod multiget;
mod objects;
mod ranges;
mod references;
mod zones;

use crate::harness::client::Request;
use crate::harness::{Client, Multistatus};

/// A calendar-query; `filter` is what stands in the VCALENDAR's comp-filter, `data` the whole `calendar-data` element.
fn ask<'c>(client: &'c Client, path: &str, data: &str, filter: &str) -> Request<'c> {
    let inside = format!(
        "<D:prop><D:getetag/>{data}</D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>"
    );
    client.report(path, "C:calendar-query", &inside)
}

/// The names that fit a filter.
#[track_caller]
fn fits(client: &Client, filter: &str) -> Vec<String> {
    let answer = ask(client, &client.calendar("all/"), "", filter).multistatus();
    let mut names: Vec<String> =
        answer.names().into_iter().map(|name| name.trim_end_matches(".ics").to_owned()).collect();
    names.sort();
    names
}

/// A time-range in a component.
fn within(component: &str, start: &str, end: &str) -> String {
    let mut range = String::new();
    for (name, value) in [("start", start), ("end", end)] {
        if !value.is_empty() {
            range.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    format!("<C:comp-filter name=\"{component}\"><C:time-range{range}/></C:comp-filter>")
}

/// The `calendar-data` of one item of a multistatus.
#[track_caller]
fn data_of(answer: &Multistatus, href: &str) -> String {
    answer.member(href).prop("C:calendar-data").text.replace("\r\n", "\n")
}

/// Stores objects as `all/NAME.ics` in a calendar for everything, whose zone is `zone`.
fn fill(client: &Client, zone: &str, objects: &[(&str, String)]) {
    let zone = match zone {
        "" => String::new(),
        name => format!("<C:calendar-timezone-id>{name}</C:calendar-timezone-id>"),
    };
    let body =
        crate::harness::xml::document("C:mkcalendar", &format!("<D:set><D:prop>{zone}</D:prop></D:set>"));
    client.mkcalendar(&client.calendar("all/"), &body).created();
    for (name, body) in objects {
        client.put(&client.calendar(&format!("all/{name}.ics")), body.clone()).created();
    }
}
