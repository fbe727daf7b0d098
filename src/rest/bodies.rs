//! What the description says of the bodies of items: the members of their JSON forms that most need, and examples that may be sent as
//! they are.
//!
//! Knows no handler: all of it falls out of paths and media types. RFC 8984, RFC 9553, RFC 7396.

use super::operations::operations;
use crate::text::{jscalendar, jscontact};
use serde_json::{Value, json};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Schema};

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:meeting@example.org\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Meeting\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";
const TASK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VTODO\r\nUID:report@example.org\r\n\
    DTSTAMP:20260101T000000Z\r\nDUE:20260109T170000Z\r\nSUMMARY:Report\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
const CARD: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:claire@example.org\r\nFN:Claire Martin\r\nEMAIL:claire@example.org\r\nEND:VCARD\r\n";

/// Completes a description.
pub fn complete(api: &mut OpenApi) {
    let schemas = &mut api.components.get_or_insert_default().schemas;
    for (name, schema) in [("JSCalendar", calendar_object()), ("JSContact", card()), ("ItemPatch", patch())] {
        if let Ok(schema) = serde_json::from_value::<RefOr<Schema>>(schema) {
            schemas.insert(name.to_owned(), schema);
        }
    }
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                for (media, content) in &mut body.content {
                    if let RefOr::T(content) = content {
                        name_schema(content, path, media, method == "patch");
                        exemplify(content, path, media, method == "patch");
                    }
                }
            }
            for answer in operation.responses.responses.values_mut() {
                if let RefOr::T(answer) = answer {
                    for (media, content) in &mut answer.content {
                        if let RefOr::T(content) = content {
                            name_schema(content, path, media, false);
                        }
                    }
                }
            }
        }
    }
}

/// Says of what is described as an object only which object it is.
fn name_schema(content: &mut Content, path: &str, media: &str, change: bool) {
    let said = serde_json::to_value(&content.schema).unwrap_or_default();
    if said != json!({ "type": "object" }) {
        return;
    }
    let name = match media {
        jscalendar::MEDIA_TYPE => "JSCalendar",
        jscontact::MEDIA_TYPE => "JSContact",
        "application/json" | "application/merge-patch+json" if change => "ItemPatch",
        "application/json" if path.contains("/contacts") => "JSContact",
        "application/json" => "JSCalendar",
        _ => return,
    };
    content.schema = Some(RefOr::Ref(Ref::from_schema_name(name)));
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn map(description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": true, "description": description })
}

/// An event or a task: what most of them have.
fn calendar_object() -> Value {
    json!({
        "type": "object",
        "description": "An event or a task as JSCalendar (RFC 8984). These are the members that most have; the others of the RFC are \
            taken too. A new event needs `@type`, `start` and a title; `uid` and what else must be there is added.",
        "properties": {
            "@type": text("`Event` or `Task`"),
            "uid": text("What it is called everywhere; made where it is absent"),
            "title": text("What it is about"),
            "description": text("More about it"),
            "start": text("When it begins, as clocks in `timeZone` show it: `2026-01-05T10:00:00`"),
            "timeZone": json!({ "type": ["string", "null"], "description": "IANA zone; without one its times float" }),
            "duration": text("How long it takes: `PT1H30M`"),
            "due": text("Until when a task shall be done, as clocks in `timeZone` show it"),
            "showWithoutTime": json!({ "type": "boolean", "description": "Whether it is of whole days" }),
            "status": text("`confirmed`, `tentative` or `cancelled`"),
            "progress": text("Of a task: `needs-action`, `in-process`, `completed`, `failed` or `cancelled`"),
            "freeBusyStatus": text("`busy` or `free`"),
            "locations": map("Where: id → `{\"name\": …}`"),
            "participants": map("Who: id → `{\"email\": …, \"name\": …, \"roles\": {\"attendee\": true}}`"),
            "alerts": map("Reminders: id → `{\"trigger\": {\"offset\": \"-PT10M\"}}`"),
            "recurrenceRules": json!({ "type": "array", "items": { "type": "object" }, "description": "When it is repeated: `[{\"frequency\": \"weekly\", \"count\": 4}]`" }),
            "recurrenceOverrides": map("What differs: when it would be → its other members"),
        },
    })
}

/// A contact: what most have.
fn card() -> Value {
    json!({
        "type": "object",
        "description": "A contact as JSContact (RFC 9553). These are the members that most have; the others of the RFC are taken too.",
        "properties": {
            "@type": text("`Card`"),
            "version": text("`1.0`"),
            "uid": text("What it is called everywhere; made where it is absent"),
            "name": map("`{\"full\": …}`, and its parts as `components`"),
            "emails": map("id → `{\"address\": …}`"),
            "phones": map("id → `{\"number\": …}`"),
            "organizations": map("id → `{\"name\": …}`"),
            "addresses": map("id → `{\"full\": …}`, and their parts as `components`"),
            "notes": map("id → `{\"note\": …}`"),
        },
    })
}

fn patch() -> Value {
    json!({
        "type": "object",
        "description": "A merge patch (RFC 7396) of an item's JSCalendar or JSContact: members to change, null for those to take away.",
    })
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
    fn every_body_of_an_item_has_an_example() {
        let value: Value = serde_json::from_str(super::super::DOCUMENT).expect("JSON");
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
