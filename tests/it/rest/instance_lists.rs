//! The instances of one series in a window: the same as the window of the whole calendar tells, page by page.

use super::{id_of, json, problem, three};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::Value;

const YEAR: &str = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z";

fn list(client: &Client, kind: &str, name: &str, query: &str) -> Value {
    let collection = id_of(client, "calendars", if kind == "tasks" { "tasks" } else { "default" });
    json(&client.get(&format!("/api/v1/calendars/{collection}/{kind}/{name}/instances?{query}")).ok())
}

/// What the window of the collection tells of one item.
fn of_window(client: &Client, kind: &str, name: &str, query: &str) -> Vec<Value> {
    let collection = id_of(client, "calendars", if kind == "tasks" { "tasks" } else { "default" });
    let path = format!("/api/v1/calendars/{collection}/{kind}?expand=true&limit=1000&{query}");
    let page = json(&client.get(&path).ok());
    let items = page["items"].as_array().expect("items").iter();
    items.filter(|one| one["id"] == name).cloned().collect()
}

/// A series that has one instance elsewhere, one that is called off, one that is taken out and one besides.
fn series(component: &str) -> String {
    let make = if component == "VTODO" { samples::todo } else { samples::event };
    let own = |id: &str, more: &str| {
        format!(
            "END:{component}\r\nBEGIN:{component}\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Paris:{id}\r\nDTSTART;TZID=Europe/Paris:{more}"
        )
    };
    make(
        "s",
        &[
            "DTSTART;TZID=Europe/Paris:20260302T093000",
            "RRULE:FREQ=DAILY;COUNT=60",
            "EXDATE;TZID=Europe/Paris:20260304T093000",
            "RDATE;TZID=Europe/Paris:20260305T120000",
            "SUMMARY:Point",
            &own("20260306T093000", "20260303T080000\r\nSUMMARY:Avant"),
            &own("20260307T093000", "20260307T093000\r\nSTATUS:CANCELLED"),
        ],
    )
}

both! {
    fn the_instances_of_a_series_are_those_of_the_window(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (kind, slug, component) in [("events", "default", "VEVENT"), ("tasks", "tasks", "VTODO")] {
            alice.put(&alice.calendar(&format!("{slug}/s.ics")), series(component)).created();
            let other = series(component).replace("UID:s\r\n", "UID:other\r\n");
            alice.put(&alice.calendar(&format!("{slug}/other.ics")), other).created();
            for query in [YEAR.to_owned(), format!("{YEAR}&timeZone=America/New_York"), "from=2026-03-03T00:00:00Z&to=2026-03-08T00:00:00Z".to_owned()] {
                let wanted = of_window(&alice, kind, "s.ics", &query);
                let page = list(&alice, kind, "s.ics", &format!("{query}&limit=1000"));
                assert_eq!(page["items"], Value::from(wanted.clone()), "{kind} {query}");
                assert_eq!(page["next"], Value::Null);
                assert!(wanted.len() > 4, "{}", wanted.len());
                let ids: Vec<&str> = wanted.iter().filter_map(|one| one["recurrenceId"].as_str()).collect();
                assert!(!ids.contains(&"2026-03-04T09:30:00") && ids.contains(&"2026-03-05T12:00:00"));
                // The moved one stands where it is now; the one called off says so.
                let of = |id: &str| wanted.iter().find(|one| one["recurrenceId"] == id).expect("an instance");
                assert_eq!(of("2026-03-06T09:30:00")["title"], "Avant");
                assert_eq!(of("2026-03-07T09:30:00")["status"], "CANCELLED");
                // Page by page, nothing twice and nothing left out.
                let (mut paged, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page = list(&alice, kind, "s.ics", &format!("{query}&limit=7{cursor}"));
                    paged.extend(page["items"].as_array().expect("items").iter().cloned());
                    match page["next"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                assert_eq!(paged, wanted, "{kind} {query}");
            }
        }
        let few = list(&alice, "events", "s.ics", &format!("{YEAR}&fields=recurrenceId,start&limit=1"));
        assert_eq!(few["items"][0], serde_json::json!({"recurrenceId": "2026-03-02T09:30:00", "start": "2026-03-02T09:30:00"}));
        // What does not recur is the one that it is.
        alice.put(&alice.calendar("default/one.ics"), samples::meeting("one")).created();
        let one = list(&alice, "events", "one.ics", YEAR);
        assert_eq!(one["items"], Value::from(of_window(&alice, "events", "one.ics", YEAR)));
        assert_eq!((one["items"].as_array().map(Vec::len), &one["items"][0]["recurrenceId"]), (Some(1), &Value::Null));
    }

    fn the_list_has_its_limits_and_its_rights(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        alice.put(&alice.calendar("default/s.ics"), series("VEVENT")).created();
        let often = samples::event("often", &["DTSTART:20260101T000000Z", "RRULE:FREQ=MINUTELY;INTERVAL=10"]);
        alice.put(&alice.calendar("default/often.ics"), often).created();
        let collection = id_of(&alice, "calendars", "default");
        let path = |name: &str, query: &str| format!("/api/v1/calendars/{collection}/events/{name}/instances?{query}");
        problem(&alice.get(&path("often.ics", YEAR)).send(), 400, "number-of-matches-within-limits");
        assert_eq!(json(&alice.get(&path("often.ics", "from=2026-01-02T00:00:00Z&to=2026-01-02T01:00:00Z")).ok())["items"].as_array().map(Vec::len), Some(6));
        for (query, field) in [
            ("", "from"), ("from=2026-01-01T00:00:00Z", "from"), ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
            ("from=x&to=y", "from"), (&format!("{YEAR}&timeZone=Mars"), "timeZone"), (&format!("{YEAR}&fields=data"), "fields"),
            (&format!("{YEAR}&cursor=YQ"), "cursor"), (&format!("{YEAR}&q=x"), "q"), (&format!("{YEAR}&limit=1001"), "limit"),
        ] {
            let answer = alice.get(&path("s.ics", query)).send();
            let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!((told["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), &told["field"]), (true, &Value::from(field)), "{query}: {told}");
        }
        assert_eq!(bob.get(&path("s.ics", YEAR)).ok().body, alice.get(&path("s.ics", YEAR)).ok().body);
        problem(&carol.get(&path("s.ics", YEAR)).send(), 404, "not-found");
        problem(&alice.get(&path("none.ics", YEAR)).send(), 404, "not-found");
        problem(&alice.get(&path("s.ics", YEAR).replace("/events/", "/tasks/")).send(), 404, "not-found");
    }
}
