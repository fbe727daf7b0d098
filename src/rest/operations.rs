//! What the description tells of every operation beyond what stands at its handler: an id of its own, and for the bodies of items an
//! example that may be sent as it is.
//!
//! Knows no handler: all of it falls out of methods, paths and media types.

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi, PathItem, RefOr};

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:meeting@example.org\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Meeting\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";
const TASK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VTODO\r\nUID:report@example.org\r\n\
    DTSTAMP:20260101T000000Z\r\nDUE:20260109T170000Z\r\nSUMMARY:Report\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
const CARD: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:claire@example.org\r\nFN:Claire Martin\r\nEMAIL:claire@example.org\r\nEND:VCARD\r\n";

/// Completes a description.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(method, path));
            let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
            for (media, content) in &mut body.content {
                if let RefOr::T(content) = content {
                    exemplify(content, path, media, method == "patch");
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Method and path in one word, such as `get_calendars_id_events`: clients that are made of the description name functions so, and no
/// two operations share one.
fn id(method: &str, path: &str) -> String {
    let path = path.strip_prefix(super::BASE).unwrap_or(path);
    let mut id = method.to_owned();
    for word in path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn exemplify(content: &mut Content, path: &str, media: &str, change: bool) {
    if content.example.is_some() {
        return;
    }
    // What a file of many items holds is what an item holds.
    let kinds = [
        ("/events", 0),
        ("/tasks", 1),
        ("/contacts", 2),
        ("/calendars/{id}/import", 0),
        ("/address-books/{id}/import", 2),
    ];
    let Some((_, kind)) = kinds.into_iter().find(|(part, _)| is_of(path, part)) else { return };
    content.example = example(kind, media, change);
}

/// Whether a path is that of a list or of an item in it, and no action on one.
fn is_of(path: &str, part: &str) -> bool {
    path.ends_with(part) || path.strip_suffix("/{item}").is_some_and(|list| list.ends_with(part))
}

/// An event, a task or a contact (0 to 2) of this media type.
fn example(kind: usize, media: &str, change: bool) -> Option<Value> {
    let of = |all: [Value; 3]| all.into_iter().nth(kind);
    if change {
        return of([
            json!({ "title": "Meeting, room 3", "locations": { "1": { "@type": "Location", "name": "Room 3" } } }),
            json!({ "progress": "completed" }),
            json!({ "name": { "full": "Claire Martin-Roy" } }),
        ]);
    }
    match (media, kind) {
        ("text/calendar" | "text/vcard", _) => of([EVENT.into(), TASK.into(), CARD.into()]),
        ("application/json" | "application/jscalendar+json" | "application/jscontact+json", _) => of([
            json!({
                "@type": "Event", "title": "Meeting", "start": "2026-01-05T10:00:00", "timeZone": "Europe/Paris", "duration": "PT1H",
                "recurrenceRules": [{ "@type": "RecurrenceRule", "frequency": "weekly", "count": 4 }],
            }),
            json!({ "@type": "Task", "title": "Report", "due": "2026-01-09T18:00:00", "timeZone": "Europe/Paris" }),
            json!({
                "@type": "Card", "version": "1.0", "name": { "full": "Claire Martin" },
                "emails": { "1": { "address": "claire@example.org" } },
            }),
        ]),
        ("application/calendar+json", 0 | 1) => {
            let (name, when) = if kind == 0 { ("vevent", "dtstart") } else { ("vtodo", "due") };
            Some(json!([
                "vcalendar",
                [["version", {}, "text", "2.0"], ["prodid", {}, "text", "-//Example//EN"]],
                [[
                    name,
                    [
                        ["uid", {}, "text", "jcal@example.org"],
                        ["dtstamp", {}, "date-time", "2026-01-01T00:00:00Z"],
                        [when, {}, "date-time", "2026-01-06T09:00:00Z"],
                        ["summary", {}, "text", "As jCal"]
                    ],
                    []
                ]]
            ]))
        }
        ("application/vcard+json", 2) => Some(json!([
            "vcard",
            [
                ["version", {}, "text", "4.0"],
                ["uid", {}, "text", "jcard@example.org"],
                ["fn", {}, "text", "As jCard"]
            ]
        ])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let value: Value = serde_json::from_str(super::super::document()).expect("JSON");
        let mut ids = Vec::new();
        for item in value["paths"].as_object().expect("paths").values() {
            let operations = item.as_object().expect("operations").values();
            ids.extend(
                operations.map(|operation| operation["operationId"].as_str().expect("an id").to_owned()),
            );
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(count > 50);
        assert_eq!(ids.len(), count);
        assert_eq!(
            id("post", "/api/v1/calendars/{id}/events/{item}:move"),
            "post_calendars_id_events_item_move"
        );
    }

    #[test]
    fn every_body_of_an_item_has_an_example() {
        let value: Value = serde_json::from_str(super::super::document()).expect("JSON");
        let mut found = 0;
        for list in ["calendars/{id}/events", "calendars/{id}/tasks", "address-books/{id}/contacts"] {
            for (path, method) in [("", "post"), ("/{item}", "put"), ("/{item}", "patch")] {
                let operation = &value["paths"][format!("/api/v1/{list}{path}")][method];
                for (media, content) in operation["requestBody"]["content"].as_object().expect("media types")
                {
                    assert!(!content["example"].is_null(), "{method} {list}{path} {media}");
                    found += 1;
                }
            }
        }
        assert!(found >= 24, "{found}");
    }
}
