//! Tests of the JSON form of calendar objects: reading, writing, changing in place, the corpus.

mod edits;
mod generated;
mod series;

use super::*;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) const FRESH: Fresh<'static> = Fresh { uid: "new-uid", now: 1_767_225_600 };

pub(super) fn parsed(source: &str) -> Document<'_> {
    Document::parse(source, Limits::default()).expect("readable")
}

pub(super) fn json_of(source: &str) -> Value {
    read(&parsed(source))
}

/// A VCALENDAR with these lines of an event.
pub(super) fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// Checks the members that an event with these lines has besides those that all have, and that they are written back.
fn reads(lines: &str, expected: Value) {
    let source = event(lines);
    let mut json = json_of(&source);
    let members = json.as_object_mut().expect("an object");
    assert_eq!(members.remove("uid"), Some(json!("1")));
    assert_eq!(members.remove("@type"), Some(json!("Event")));
    assert_eq!(members.remove("updated"), Some(json!("2026-01-01T00:00:00Z")));
    assert_eq!(members.remove("prodId"), Some(json!("-//x//EN")));
    assert_eq!(json, expected, "{lines}");
    let whole = json_of(&source);
    let written = write(&whole, FRESH).unwrap_or_else(|refused| panic!("{refused}\n{source}"));
    assert_eq!(json_of(&written), whole, "{written}");
}

#[test]
fn texts_and_words() {
    reads(
        "DTSTART:20260105T090000Z\r\nSUMMARY:a\\, b\\nc\r\nDESCRIPTION:d\r\nSTATUS:TENTATIVE\r\nTRANSP:TRANSPARENT\r\nCLASS:CONFIDENTIAL\r\nPRIORITY:5\r\nCOLOR:teal\r\nSEQUENCE:3\r\nCREATED:20250101T000000Z\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC", "title": "a, b\nc", "description": "d", "status": "tentative",
            "freeBusyStatus": "free", "privacy": "secret", "priority": 5, "color": "teal", "sequence": 3,
            "created": "2025-01-01T00:00:00Z"}),
    );
    reads(
        "DTSTART:20260105T090000Z\r\nSUMMARY;LANGUAGE=fr:a\r\nCLASS:X-MINE\r\nPRIORITY:many\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC", "title": "a", "locale": "fr",
            "privacy": "x-mine",
            "iCalendar": {"@type": "ICalComponent", "name": "vevent", "properties": [["priority", {}, "integer", "many"]]}}),
    );
}

#[test]
fn times_and_their_zones() {
    reads(
        "DTSTART;TZID=Europe/Paris:20260105T090000\r\nDTEND;TZID=Europe/Paris:20260105T103000\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Europe/Paris", "duration": "PT1H30M"}),
    );
    reads(
        "DTSTART:20260105T090000\r\nDURATION:PT45M\r\n",
        json!({"start": "2026-01-05T09:00:00", "duration": "PT45M"}),
    );
    reads(
        "DTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260107\r\n",
        json!({"start": "2026-01-05T00:00:00", "showWithoutTime": true, "duration": "P2D"}),
    );
    reads(
        "DTSTART;VALUE=DATE:20260105\r\n",
        json!({"start": "2026-01-05T00:00:00", "showWithoutTime": true, "duration": "P1D"}),
    );
    reads(
        "DTSTART;TZID=Europe/Paris:20260105T090000\r\nDTEND;TZID=America/New_York:20260105T090000\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Europe/Paris", "duration": "PT6H",
            "iCalendar": {"@type": "ICalComponent", "name": "vevent", "convertedProperties":
                {"duration": {"name": "dtend", "parameters": {"tzid": "America/New_York"}}}}}),
    );
    // An end before the start is no duration.
    reads(
        "DTSTART:20260105T090000Z\r\nDTEND:20260104T090000Z\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC",
            "iCalendar": {"@type": "ICalComponent", "name": "vevent", "properties":
                [["dtend", {}, "date-time", "2026-01-04T09:00:00Z"]]}}),
    );
}

#[test]
fn sets_links_and_places() {
    reads(
        "DTSTART:20260105T090000Z\r\nCATEGORIES:a\\,b,c\r\nCATEGORIES:d\r\nRELATED-TO:p\r\nRELATED-TO;RELTYPE=NEXT:n\r\nCONCEPT:https://x/1\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC",
            "keywords": {"a,b": true, "c": true, "d": true},
            "categories": {"https://x/1": true},
            "relatedTo": {"p": {"@type": "Relation", "relation": {"parent": true}},
                "n": {"@type": "Relation", "relation": {"next": true}}}}),
    );
    reads(
        "DTSTART:20260105T090000Z\r\nLOCATION:Salle\\, 2\r\nGEO:48.85;2.35\r\nCONFERENCE;VALUE=URI;LABEL=Vidéo;FEATURE=VIDEO,AUDIO;JSID=v:https://meet/1\r\nATTACH;FMTTYPE=text/plain;SIZE=3;JSID=a:https://x/a\r\nURL;JSID=u:https://x/\r\nIMAGE;VALUE=URI;DISPLAY=BADGE;JSID=i:https://x/i\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC",
            "locations": {"location": {"@type": "Location", "name": "Salle, 2", "coordinates": "geo:48.85,2.35"}},
            "virtualLocations": {"v": {"@type": "VirtualLocation", "name": "Vidéo", "uri": "https://meet/1",
                "features": {"audio": true, "video": true}}},
            "links": {"a": {"@type": "Link", "href": "https://x/a", "rel": "enclosure", "contentType": "text/plain", "size": 3},
                "u": {"@type": "Link", "href": "https://x/", "rel": "describedby"},
                "i": {"@type": "Link", "href": "https://x/i", "rel": "icon", "display": "badge"}}}),
    );
}

#[test]
fn participants_and_alerts() {
    reads(
        "DTSTART:20260105T090000Z\r\nORGANIZER;CN=Ann;JSID=o:mailto:ann@x\r\nATTENDEE;CN=Bob;CUTYPE=ROOM;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE;JSID=b;X-NUM=1:mailto:bob@x\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC", "replyTo": {"imip": "mailto:ann@x"},
            "participants": {
                "o": {"@type": "Participant", "name": "Ann", "email": "ann@x", "sendTo": {"imip": "mailto:ann@x"},
                    "roles": {"owner": true}},
                "b": {"@type": "Participant", "name": "Bob", "email": "bob@x", "sendTo": {"imip": "mailto:bob@x"},
                    "kind": "location", "roles": {"attendee": true, "optional": true},
                    "participationStatus": "accepted", "expectReply": true}},
            "iCalendar": {"@type": "ICalComponent", "name": "vevent", "convertedProperties":
                {"participants/b": {"name": "attendee", "parameters": {"x-num": "1"}}}}}),
    );
    reads(
        "DTSTART:20260105T090000Z\r\nBEGIN:VALARM\r\nUID:a1\r\nACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT15M\r\nDESCRIPTION:d\r\nEND:VALARM\r\nBEGIN:VALARM\r\nUID:a2\r\nACTION:EMAIL\r\nTRIGGER;VALUE=DATE-TIME:20260105T080000Z\r\nACKNOWLEDGED:20260105T080100Z\r\nDESCRIPTION:e\r\nEND:VALARM\r\n",
        json!({"start": "2026-01-05T09:00:00", "timeZone": "Etc/UTC", "alerts": {
            "a1": {"@type": "Alert", "action": "display",
                "trigger": {"@type": "OffsetTrigger", "offset": "-PT15M", "relativeTo": "end"},
                "iCalendar": {"@type": "ICalComponent", "name": "valarm", "properties": [["description", {}, "text", "d"]]}},
            "a2": {"@type": "Alert", "action": "email", "acknowledged": "2026-01-05T08:01:00Z",
                "trigger": {"@type": "AbsoluteTrigger", "when": "2026-01-05T08:00:00Z"},
                "iCalendar": {"@type": "ICalComponent", "name": "valarm", "properties": [["description", {}, "text", "e"]]}}}}),
    );
}

#[test]
fn series_and_overrides() {
    let source = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris:20260105T090000\r\nDTEND;TZID=Europe/Paris:20260105T100000\r\nRRULE:FREQ=WEEKLY\r\nEXDATE:20260112T080000Z\r\nRDATE;TZID=Europe/Paris:20260120T090000\r\nSUMMARY:s\r\nX-A:1\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260119T080000Z\r\nDTSTART;TZID=Europe/Paris:20260119T110000\r\nDTEND;TZID=Europe/Paris:20260119T120000\r\nSUMMARY:t\r\nX-A:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let json = json_of(source);
    assert_eq!(
        json["recurrenceOverrides"],
        json!({"2026-01-12T09:00:00": {"excluded": true}, "2026-01-20T09:00:00": {},
            "2026-01-19T09:00:00": {"start": "2026-01-19T11:00:00", "title": "t"}})
    );
    assert_eq!(json["recurrenceRules"], json!([{"@type": "RecurrenceRule", "frequency": "weekly"}]));
    let written = write(&json, FRESH).expect("writable");
    assert_eq!(json_of(&written), json, "{written}");
    assert_eq!(written.matches("X-A:1").count(), 2);
}

#[test]
fn tasks_and_journals() {
    let task = event("DTSTART;TZID=Europe/Paris:20260105T090000\r\nDUE;TZID=Europe/Paris:20260106T090000\r\nESTIMATED-DURATION:PT2H\r\nPERCENT-COMPLETE:50\r\nSTATUS:IN-PROCESS\r\nCOMPLETED:20260106T080000Z\r\n").replace("VEVENT", "VTODO");
    let json = json_of(&task);
    for (key, value) in [
        ("@type", json!("Task")),
        ("due", json!("2026-01-06T09:00:00")),
        ("estimatedDuration", json!("PT2H")),
        ("percentComplete", json!(50)),
        ("progress", json!("in-process")),
        ("progressUpdated", json!("2026-01-06T08:00:00Z")),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert_eq!(json_of(&write(&json, FRESH).expect("writable")), json);
    let undated = event("SUMMARY:s\r\n").replace("VEVENT", "VTODO");
    assert_eq!(json_of(&undated)["start"], Value::Null);
    assert_eq!(json_of(&write(&json_of(&undated), FRESH).expect("writable")), json_of(&undated));
    let journal = event("SUMMARY:s\r\nDESCRIPTION:a\r\nDESCRIPTION:b\r\nSTATUS:DRAFT\r\n")
        .replace("VEVENT", "VJOURNAL");
    let json = json_of(&journal);
    assert_eq!(
        (&json["@type"], &json["status"], &json["description"]),
        (&json!("Journal"), &json!("draft"), &json!("a"))
    );
    assert_eq!(json["iCalendar"]["properties"], json!([["description", {}, "text", "b"]]));
    assert_eq!(json_of(&write(&json, FRESH).expect("writable")), json);
}

#[test]
fn instances_without_their_series_and_other_components() {
    let lone = event(
        "RECURRENCE-ID;TZID=Europe/Paris:20260105T090000\r\nDTSTART;TZID=Europe/Paris:20260105T100000\r\n",
    );
    let json = json_of(&lone);
    assert_eq!(json["recurrenceId"], json!("2026-01-05T09:00:00"));
    assert_eq!(json["recurrenceIdTimeZone"], json!("Europe/Paris"));
    assert_eq!(json_of(&write(&json, FRESH).expect("writable")), json);
    let two = lone.replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20270105T090000Z\r\nDTSTART:20270105T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR");
    let json = json_of(&two);
    assert_eq!((&json["@type"], json["entries"].as_array().map(Vec::len)), (&json!("Group"), Some(2)));
    assert!(patch(&two, &Change::Merge(json!({"uid": "2"}))).is_err());
    let busy = event("DTSTART:20260105T090000Z\r\n").replace("VEVENT", "VFREEBUSY");
    assert_eq!(json_of(&busy)["@type"], "ICalObject");
    assert!(patch(&busy, &Change::Merge(json!({"title": "x"}))).is_err());
}

#[test]
fn the_short_form_is_enough() {
    let json = json!({"@type": "Event", "title": "Réunion, lundi", "start": "2026-03-02T10:00:00", "timeZone": "Europe/Paris",
        "duration": "PT60M", "participants": {"a": {"email": "ann@example.org", "roles": {"owner": true, "attendee": true}},
            "b": {"email": "bob@example.org", "name": "Bob", "roles": {"attendee": true}, "expectReply": true}},
        "recurrenceRules": [{"frequency": "weekly", "byDay": [{"day": "mo"}]}], "alerts": {"x": {"trigger": {"offset": "-PT10M"}}}});
    let text = write(&json, FRESH).expect("writable");
    for line in [
        "UID:new-uid",
        "DTSTAMP:20260101T000000Z",
        "DTSTART;TZID=Europe/Paris:20260302T100000",
        "DTEND;TZID=Europe/Paris:20260302T110000",
        "SUMMARY:Réunion\\, lundi",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "ORGANIZER;JSID=a:mailto:ann@example.org",
        "TZID:Europe/Paris",
    ] {
        assert!(
            text.contains(&format!("{line}\r\n")) || line.starts_with("ORG") && text.contains("ORGANIZER"),
            "{line}\n{text}"
        );
    }
    assert!(text.split("\r\n").all(|line| line.len() <= 75));
}

#[test]
fn what_is_wrong_is_named_by_its_pointer() {
    let base = json!({"@type": "Event", "start": "2026-03-02T10:00:00", "title": "t"});
    for (change, pointer) in [
        (json!({"@type": "Meeting"}), "/@type"),
        (json!({"start": "2026-03-02"}), "/start"),
        (json!({"start": null}), "/start"),
        (json!({"timeZone": "Europe/Nowhere"}), "/timeZone"),
        (json!({"timeZone": "/Mine"}), "/timeZone"),
        (json!({"duration": "1h"}), "/duration"),
        (json!({"showWithoutTime": true}), "/start"),
        (json!({"titel": "x"}), "/titel"),
        (json!({"title": 5}), "/title"),
        (json!({"title": "a\u{0}b"}), "/title"),
        (json!({"priority": 12}), "/priority"),
        (json!({"status": "maybe"}), "/status"),
        (json!({"privacy": "hidden"}), "/privacy"),
        (json!({"keywords": {"a": 1}}), "/keywords/a"),
        (json!({"keywords": ["a"]}), "/keywords"),
        (json!({"locations": {"x": {"description": "no"}}}), "/locations/x/description"),
        (json!({"locations": {"x y": {"name": "no"}}}), "/locations/x y"),
        (json!({"links": {"x": {"href": "nothing"}}}), "/links/x/href"),
        (json!({"participants": {"x": {"name": "no address"}}}), "/participants/x/sendTo"),
        (json!({"participants": {"x": {"email": "nobody"}}}), "/participants/x/email"),
        (json!({"alerts": {"x": {"trigger": {"offset": "soon"}}}}), "/alerts/x/trigger/offset"),
        (json!({"alerts": {"x": {}}}), "/alerts/x/trigger"),
        (json!({"recurrenceRules": [{"frequency": "daily", "interval": 0}]}), "/recurrenceRules/0/interval"),
        (json!({"recurrenceOverrides": {"tomorrow": {}}}), "/recurrenceOverrides/tomorrow"),
        (
            json!({"recurrenceRules": [{"frequency": "daily"}], "recurrenceOverrides": {"2026-03-03T10:00:00": {"uid": "x"}}}),
            "/recurrenceOverrides/2026-03-03T10:00:00/uid",
        ),
        (json!({"created": "yesterday"}), "/created"),
        (json!({"uid": ""}), "/uid"),
    ] {
        let mut json = base.clone();
        for (key, value) in change.as_object().expect("object") {
            json[key] = value.clone();
        }
        match write(&json, FRESH) {
            Err(refused) => assert_eq!(refused.pointer, pointer, "{change}: {refused}"),
            Ok(text) => panic!("{change} was taken: {text}"),
        }
    }
    assert!(write(&json!([]), FRESH).is_err());
}

/// Files of the corpus that are not written to the very same JSON, and why.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("plis-et-fins-de-ligne.ics", "a text with a control character, which no new object may have"),
    ("toutes-les-frequences.ics", "several objects in one file"),
    ("tzid-inconnu.ics", "a time zone that nobody defines"),
];

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ics");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() > 50);
    files
}

#[test]
fn the_corpus_is_written_to_the_same_json() {
    let mut wrong = Vec::new();
    let mut written = 0;
    for file in corpus() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = String::from_utf8(std::fs::read(&file).expect("readable")).expect("UTF-8");
        let json = json_of(&source);
        if matches!(json["@type"].as_str(), Some("ICalObject" | "Group")) {
            continue;
        }
        written += 1;
        match write(&json, FRESH) {
            Err(refused) => wrong.push(format!("{name}: {refused}")),
            Ok(text) if json_of(&text) != json => {
                let again = json_of(&text);
                let change = jsobject::difference(
                    json.as_object().expect("object"),
                    again.as_object().expect("object"),
                    &[],
                );
                wrong.push(format!("{name}: {}", Value::Object(change)));
            }
            Ok(_) => {}
        }
    }
    wrong.retain(|wrong| !EXCEPTIONS.iter().any(|(name, _)| wrong.starts_with(name)));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(written > 45, "{written}");
}

#[test]
fn the_corpus_keeps_its_bytes_where_nothing_changes() {
    for file in corpus() {
        let source = String::from_utf8(std::fs::read(&file).expect("readable")).expect("UTF-8");
        let json = json_of(&source);
        let several = file.ends_with("toutes-les-frequences.ics");
        if matches!(json["@type"].as_str(), Some("ICalObject" | "Group"))
            || json.get("method").is_some()
            || several
        {
            continue;
        }
        let same = patch(&source, &Change::Replace(json));
        assert_eq!(same.as_deref(), Ok(source.as_str()), "{}", file.display());
    }
}
