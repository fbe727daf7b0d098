//! One instance of a series by REST: what is done to it is what CalDAV shows, and no other byte moves.

use super::{id_of, json, problem, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};

const PATCH: &str = "application/merge-patch+json";

fn at(client: &Client, name: &str, instance: &str) -> String {
    format!("/api/v1/calendars/{}/events/{name}/instances/{instance}", id_of(client, "calendars", "default"))
}

fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client.request("PATCH", path).header("Content-Type", PATCH).body(body.to_string()).send()
}

/// Recurrence ids, starts and titles of all instances in these months, by the window of REST.
fn window(client: &Client) -> Vec<(String, String, String)> {
    let list = format!(
        "/api/v1/calendars/{}/events?expand=true&from=2026-01-01T00:00:00Z&to=2026-07-01T00:00:00Z&limit=1000",
        id_of(client, "calendars", "default")
    );
    let page = json(&client.get(&list).ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = page["items"].as_array().expect("items");
    items.iter().map(|one| (text(&one["recurrenceId"]), text(&one["start"]), text(&one["title"]))).collect()
}

fn starts(client: &Client) -> Vec<String> {
    window(client).into_iter().map(|(_, start, _)| start).collect()
}

/// Four Mondays at half past nine in Paris, with much that JSON cannot say.
fn weekly(uid: &str) -> String {
    samples::event(
        uid,
        &[
            "DTSTART;TZID=Europe/Paris:20260302T093000",
            "DTEND;TZID=Europe/Paris:20260302T103000",
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "X-ODD;P=\"a,b\":kept  as it is",
            "DESCRIPTION:fold\r\n ed here",
        ],
    )
}

fn others(text: &str, changed: &[&str]) -> Vec<String> {
    let lines = text.split("\r\n").filter(|line| !changed.iter().any(|begin| line.starts_with(begin)));
    lines.map(str::to_owned).collect()
}

both! {
    fn this_one_is_read_changed_cancelled_and_restored(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let dav = alice.calendar("default/s.ics");
        let body = weekly("s");
        let etag = alice.put(&dav, body.clone()).created().etag();
        // From a window to an instance.
        let (id, start, _) = window(&alice).remove(1);
        assert_eq!((id.as_str(), start.as_str()), ("2026-03-09T09:30:00", "2026-03-09T09:30:00"));
        let path = at(&alice, "s.ics", &id);
        let read = alice.get(&path).header("Accept", "application/json").ok();
        let told = json(&read);
        assert_eq!((&told["start"], &told["recurrenceId"], &told["timeZone"]), (&value!(id), &value!(id), &value!("Europe/Paris")));
        assert!(told.get("recurrenceRules").is_none() && told.get("excluded").is_none(), "{told}");
        alice.get(&path).header("If-None-Match", &read.etag()).status(304);
        // Changed, on the condition of the tag that was read.
        let change = value!({"title": "Ailleurs", "start": "2026-03-09T11:00:00"});
        let done = alice.request("PATCH", &path).header("Content-Type", PATCH).header("If-Match", &read.etag()).body(change.to_string()).send();
        assert_eq!(done.status, 200, "{}", done.text());
        let now = alice.get(&dav).ok();
        assert_eq!(json(&done), value!({"id": "s.ics", "etag": now.etag()}));
        assert_ne!(now.etag(), etag);
        assert!(now.text().contains("RECURRENCE-ID;TZID=Europe/Paris:20260309T093000\r\n"), "{}", now.text());
        let kept = others(&body, &["END:VCALENDAR", "DTSTAMP"]);
        assert!(kept.iter().all(|line| now.text().contains(line.as_str())), "{}", now.text());
        assert_eq!(window(&alice)[1], (id.clone(), "2026-03-09T11:00:00".to_owned(), "Ailleurs".to_owned()));
        // Who has not seen that is told what is there now.
        let late = alice.request("DELETE", &path).header("If-Match", &etag).send();
        problem(&late, 412, "precondition-failed");
        assert_eq!(serde_json::from_slice::<Value>(&late.body).expect("JSON")["etag"], now.etag());
        // Cancelled: it is still known, and says so.
        alice.request("DELETE", &path).status(200);
        assert_eq!(starts(&alice), ["2026-03-02T09:30:00", "2026-03-16T09:30:00", "2026-03-23T09:30:00"]);
        assert!(alice.get(&dav).ok().text().contains("EXDATE;TZID=Europe/Paris:20260309T093000\r\n"));
        let gone = json(&alice.get(&path).header("Accept", "application/json").ok());
        assert_eq!((&gone["excluded"], &gone["start"]), (&value!(true), &value!(id)));
        // Restored, once under its key, even if somebody cancels it again in between.
        let restore = |key: &str| alice.request("POST", &format!("{path}:restore")).header("Idempotency-Key", key).header("If-Match", "*").send();
        let first = restore("k1");
        assert_eq!(first.status, 200, "{}", first.text());
        assert_eq!(starts(&alice).len(), 4);
        alice.request("DELETE", &path).status(200);
        assert_eq!(restore("k1").body, first.body);
        assert_eq!(starts(&alice).len(), 3, "nothing is done twice");
        assert_eq!(restore("k2").status, 200);
        assert_eq!(window(&alice)[1], (id.clone(), id, window(&alice)[0].2.clone()));
        let last = alice.get(&dav).ok().text();
        let changed = ["DTSTAMP", "LAST-MODIFIED"];
        assert_eq!(others(&last, &changed), others(&body, &changed));
    }

    fn this_and_following_splits_in_one_transaction(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let dav = alice.calendar("default/s.ics");
        alice.put(&dav, weekly("s")).created();
        let path = at(&alice, "s.ics", "2026-03-16T09:30:00");
        let token = alice.property(&alice.calendar("default/"), "D:sync-token");
        // What cannot be kept splits nothing.
        let bad = patch(&alice, &format!("{path}?reach=following"), &value!({"titel": "x"}));
        assert_eq!(problem(&bad, 422, "valid-calendar-data"), "/titel");
        assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), token);
        let change = value!({"title": "Neuf", "start": "2026-03-17T14:00:00"});
        let done = patch(&alice, &format!("{path}?reach=following"), &change);
        assert_eq!(done.status, 200, "{}", done.text());
        let told = json(&done);
        let second = told["following"]["id"].as_str().expect("a second item").to_owned();
        assert_eq!(done.header("Location"), Some(format!("/api/v1/calendars/{}/events/{second}", id_of(&alice, "calendars", "default")).as_str()));
        assert_eq!(alice.get(&dav).ok().etag(), told["etag"]);
        let after = alice.get(&alice.calendar(&format!("default/{second}"))).ok();
        assert_eq!(after.etag(), told["following"]["etag"]);
        assert!(after.text().contains("X-ODD;P=\"a,b\":kept  as it is\r\n"), "{}", after.text());
        assert_eq!(starts(&alice), ["2026-03-02T09:30:00", "2026-03-09T09:30:00", "2026-03-17T14:00:00", "2026-03-24T14:00:00"]);
        // The old series has the instance no more.
        problem(&alice.get(&path).send(), 404, "not-found");
        // Ended before an instance; and where nothing would be left, it is gone.
        let ended = alice.request("DELETE", &format!("{}?reach=following", at(&alice, "s.ics", "2026-03-09T09:30:00"))).send();
        assert_eq!(ended.status, 200, "{}", ended.text());
        assert_eq!(starts(&alice).len(), 3);
        alice.request("DELETE", &format!("{}?reach=following", at(&alice, "s.ics", "2026-03-02T09:30:00"))).status(204);
        alice.get(&dav).status(404);
        alice.request("DELETE", &format!("{}?reach=all", at(&alice, &second, "2026-03-24T14:00:00"))).status(204);
        assert!(starts(&alice).is_empty());
    }

    fn all_follow_the_instance_that_is_looked_at(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/s.ics"), weekly("s")).created();
        let path = at(&alice, "s.ics", "2026-03-16T09:30:00");
        assert_eq!(patch(&alice, &path, &value!({"title": "Une fois", "priority": 3})).status, 200);
        let done = patch(&alice, &format!("{path}?reach=all"), &value!({"title": "Toujours", "start": "2026-03-16T10:00:00"}));
        assert_eq!(done.status, 200, "{}", done.text());
        let seen = window(&alice);
        assert!(seen.iter().all(|(_, start, title)| start.ends_with("T10:00:00") && title == "Toujours"), "{seen:?}");
        assert_eq!(seen.len(), 4);
        // What else it had otherwise it has still, at its new place.
        let one = json(&alice.get(&at(&alice, "s.ics", "2026-03-16T10:00:00")).header("Accept", "application/json").ok());
        assert_eq!(one["priority"], 3);
        alice.request("DELETE", &at(&alice, "s.ics", "2026-03-09T10:00:00")).status(200);
        alice.request("POST", &format!("{}:restore?reach=all", at(&alice, "s.ics", "2026-03-02T10:00:00"))).status(200);
        let text = alice.get(&alice.calendar("default/s.ics")).ok().text();
        assert!(!text.contains("RECURRENCE-ID") && !text.contains("EXDATE"), "{text}");
    }

    fn every_kind_of_series_has_its_instances(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let event = |lines: &[&str]| samples::event("k", lines);
        let zoned = "DTSTART;TZID=Europe/Paris:20260302T093000";
        for (text, ids) in [
            (event(&["DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=3"]), vec!["2026-03-02T00:00:00", "2026-03-03T00:00:00", "2026-03-04T00:00:00"]),
            (event(&["DTSTART:20260302T093000", "RRULE:FREQ=DAILY;COUNT=2"]), vec!["2026-03-02T09:30:00", "2026-03-03T09:30:00"]),
            (event(&["DTSTART:20260302T093000Z", "RRULE:FREQ=DAILY;COUNT=2"]), vec!["2026-03-02T09:30:00", "2026-03-03T09:30:00"]),
            // Dates of its own, one of them on another clock.
            (event(&[zoned, "RDATE:20260305T093000Z", "RDATE;TZID=Europe/Paris:20260306T120000"]), vec!["2026-03-02T09:30:00", "2026-03-05T10:30:00", "2026-03-06T12:00:00"]),
            // An override that says its RECURRENCE-ID on another clock.
            (event(&[zoned, "RRULE:FREQ=WEEKLY;COUNT=2", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:k\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260309T083000Z\r\nDTSTART:20260309T150000Z"]), vec!["2026-03-02T09:30:00", "2026-03-09T09:30:00"]),
        ] {
            let dav = alice.calendar("default/k.ics");
            alice.delete(&dav).send();
            alice.put(&dav, text.clone()).created();
            let seen: Vec<String> = window(&alice).into_iter().map(|(id, _, _)| id).collect();
            assert_eq!(seen, ids, "{text}");
            for id in ids {
                let path = at(&alice, "k.ics", id);
                let told = json(&alice.get(&path).header("Accept", "application/json").ok());
                assert_eq!(told["recurrenceId"], id);
                let count = seen.len();
                alice.request("DELETE", &path).status(200);
                assert_eq!(window(&alice).len(), count - 1, "{id} of {}", alice.get(&dav).ok().text());
                alice.request("POST", &format!("{path}:restore")).status(200);
                assert_eq!(window(&alice).len(), count, "{id} of {}", alice.get(&dav).ok().text());
                let done = patch(&alice, &path, &value!({"title": "Changé"}));
                assert_eq!(done.status, 200, "{}", done.text());
                assert!(window(&alice).iter().any(|(one, _, title)| one == id && title == "Changé"), "{id} of {}", alice.get(&dav).ok().text());
            }
            problem(&alice.get(&at(&alice, "k.ics", "2026-04-08T09:30:00")).send(), 404, "not-found");
        }
    }

    fn a_change_that_holds_from_an_instance_on_is_told_of_those_behind_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let text = samples::event("r", &[
            "DTSTART:20260302T090000Z", "RRULE:FREQ=DAILY;COUNT=4", "SUMMARY:Série",
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:r\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z\r\nDTSTART:20260303T100000Z\r\nSUMMARY:Plus tard",
        ]);
        alice.put(&alice.calendar("default/r.ics"), text.clone()).created();
        for (id, start, title) in window(&alice) {
            let told = json(&alice.get(&at(&alice, "r.ics", &id)).header("Accept", "application/json").ok());
            assert_eq!((told["start"].as_str(), told["title"].as_str()), (Some(start.as_str()), Some(title.as_str())), "{id}");
        }
        // The one that others follow cannot be meant alone.
        let path = at(&alice, "r.ics", "2026-03-03T09:00:00");
        problem(&patch(&alice, &path, &value!({"title": "x"})), 422, "valid-calendar-data");
        problem(&alice.request("DELETE", &path).send(), 422, "valid-calendar-data");
        assert_eq!(alice.get(&alice.calendar("default/r.ics")).ok().text(), text);
        // One behind it is changed from what it was.
        let path = at(&alice, "r.ics", "2026-03-04T09:00:00");
        assert_eq!(patch(&alice, &path, &value!({"priority": 1})).status, 200);
        assert_eq!(window(&alice)[2], ("2026-03-04T09:00:00".to_owned(), "2026-03-04T10:00:00".to_owned(), "Plus tard".to_owned()));
    }

    fn what_is_no_instance_is_said_to_be_none(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        alice.put(&alice.calendar("default/s.ics"), weekly("s")).created();
        alice.put(&alice.calendar("default/one.ics"), samples::meeting("one")).created();
        for none in ["2026-03-03T09:30:00", "2026-03-30T09:30:00", "yesterday", "%00", "2026-03-09"] {
            problem(&alice.get(&at(&alice, "s.ics", none)).send(), 404, "not-found");
            problem(&alice.request("DELETE", &at(&alice, "s.ics", none)).send(), 404, "not-found");
            problem(&patch(&alice, &at(&alice, "s.ics", none), &value!({})), 404, "not-found");
        }
        problem(&alice.get(&at(&alice, "one.ics", "2026-03-02T09:30:00")).send(), 409, "conflict");
        problem(&alice.request("DELETE", &at(&alice, "one.ics", "2026-03-02T09:30:00")).send(), 409, "conflict");
        let path = at(&alice, "s.ics", "2026-03-09T09:30:00");
        assert_eq!(problem(&patch(&alice, &format!("{path}?reach=some"), &value!({})), 400, "bad-request"), "reach");
        problem(&alice.get(&path).header("Accept", "text/calendar").send(), 406, "not-acceptable");
        // Rights are those of the item.
        assert_eq!(bob.get(&path).send().status, 200);
        for client in [&bob, &carol] {
            let (status, kind) = if std::ptr::eq(client, &bob) { (403, "need-privileges") } else { (404, "not-found") };
            problem(&patch(client, &path, &value!({"title": "x"})), status, kind);
            problem(&client.request("DELETE", &path).send(), status, kind);
            problem(&client.request("POST", &format!("{path}:restore")).send(), status, kind);
        }
        assert_eq!(alice.get(&alice.calendar("default/s.ics")).ok().text(), weekly("s"));
    }
}
