//! One instance of a recurring task by REST: done, moved, cancelled and brought back, whether the task recurs from its start or from its
//! due alone. CalDAV shows the same.

use super::{id_of, json, problem};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};

const PATCH: &str = "application/merge-patch+json";

fn at(client: &Client, name: &str, instance: &str) -> String {
    format!("/api/v1/calendars/{}/tasks/{name}/instances/{instance}", id_of(client, "calendars", "tasks"))
}

fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client.request("PATCH", path).header("Content-Type", PATCH).body(body.to_string()).send()
}

fn told(client: &Client, path: &str) -> Value {
    json(&client.get(path).header("Accept", "application/json").ok())
}

/// Recurrence ids, ends and states of all instances in these months, by the window of REST.
fn window(client: &Client) -> Vec<(String, String, String)> {
    let list = format!(
        "/api/v1/calendars/{}/tasks?expand=true&from=2026-01-01T00:00:00Z&to=2026-07-01T00:00:00Z&limit=1000",
        id_of(client, "calendars", "tasks")
    );
    let page = json(&client.get(&list).ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = page["items"].as_array().expect("items");
    items.iter().map(|one| (text(&one["recurrenceId"]), text(&one["end"]), text(&one["status"]))).collect()
}

fn ids(client: &Client) -> Vec<String> {
    window(client).into_iter().map(|(id, _, _)| id).collect()
}

/// The component of one instance.
fn own(text: &str, line: &str) -> String {
    let parts = text.split("BEGIN:VTODO\r\n").find(|part| part.contains(line));
    parts.unwrap_or_else(|| panic!("no {line} in {text}")).to_owned()
}

/// Mondays from half past nine to six in Paris, four of them.
fn from_start() -> String {
    samples::todo(
        "t",
        &[
            "DTSTART;TZID=Europe/Paris:20260302T093000",
            "DUE;TZID=Europe/Paris:20260302T180000",
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "SUMMARY:Poubelles",
            "X-ODD;P=\"a,b\":kept  as it is",
        ],
    )
}

/// The same until six, without a start.
fn from_due() -> String {
    from_start().replace("DTSTART;TZID=Europe/Paris:20260302T093000\r\n", "")
}

const MONDAYS: [&str; 4] = ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"];

both! {
    fn one_instance_is_done_and_the_others_are_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let dav = alice.calendar("tasks/t.ics");
        for (text, clock, line) in [(from_start(), "09:30:00", "T093000"), (from_due(), "18:00:00", "T180000")] {
            alice.delete(&dav).send();
            alice.put(&dav, text.clone()).created();
            let all: Vec<String> = MONDAYS.iter().map(|day| format!("{day}T{clock}")).collect();
            assert_eq!(ids(&alice), all, "{text}");
            let path = at(&alice, "t.ics", &all[1]);
            let before = told(&alice, &path);
            assert_eq!((&before["recurrenceId"], &before["due"]), (&value!(all[1]), &value!("2026-03-09T18:00:00")));
            assert_eq!(before.get("start").is_some(), text.contains("DTSTART"), "{before}");
            // Half done, then done.
            assert_eq!(patch(&alice, &path, &value!({"progress": "in-process", "percentComplete": 50})).status, 200);
            let half = told(&alice, &path);
            assert_eq!((&half["progress"], &half["percentComplete"]), (&value!("in-process"), &value!(50)));
            let done = patch(&alice, &path, &value!({"progress": "completed", "percentComplete": 100, "progressUpdated": "2026-03-09T15:00:00Z"}));
            assert_eq!(done.status, 200, "{}", done.text());
            let now = alice.get(&dav).ok();
            assert_eq!(json(&done)["etag"], now.etag());
            let one = own(&now.text(), &format!("RECURRENCE-ID;TZID=Europe/Paris:20260309{line}\r\n"));
            for wanted in ["STATUS:COMPLETED\r\n", "PERCENT-COMPLETE:100\r\n", "COMPLETED:20260309T150000Z\r\n", "DUE;TZID=Europe/Paris:20260309T180000\r\n", "X-ODD;P=\"a,b\":kept  as it is\r\n"] {
                assert!(one.contains(wanted), "{wanted} in {one}");
            }
            assert_eq!(one.contains("DTSTART"), text.contains("DTSTART"), "{one}");
            let states: Vec<String> = window(&alice).into_iter().map(|(_, end, status)| format!("{end} {status}")).collect();
            assert_eq!(states, ["2026-03-02T18:00:00 ", "2026-03-09T18:00:00 COMPLETED", "2026-03-16T18:00:00 ", "2026-03-23T18:00:00 "], "{}", now.text());
            // The object tells nothing of it that follows from the series anyway.
            let whole = told(&alice, &path.replace(&format!("/instances/{}", all[1]), ""));
            assert_eq!(whole["recurrenceOverrides"][&all[1]]["progress"], "completed");
            assert!(whole["recurrenceOverrides"][&all[1]].get("due").is_none(), "{whole}");
            // Not done after all.
            alice.request("POST", &format!("{path}:restore")).status(200);
            assert!(window(&alice).iter().all(|(_, _, status)| status.is_empty()));
            // Cancelled, still known, and back.
            alice.request("DELETE", &path).status(200);
            assert_eq!(ids(&alice), [all[0].clone(), all[2].clone(), all[3].clone()]);
            assert!(alice.get(&dav).ok().text().contains(&format!("EXDATE;TZID=Europe/Paris:20260309{line}\r\n")));
            let gone = told(&alice, &path);
            assert_eq!((&gone["excluded"], &gone["due"]), (&value!(true), &value!("2026-03-09T18:00:00")));
            assert_eq!(patch(&alice, &path, &value!({"progress": "completed"})).status, 200);
            assert_eq!(ids(&alice), all);
        }
    }

    fn following_and_all_move_what_the_task_is_counted_by(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let dav = alice.calendar("tasks/t.ics");
        for (text, clock) in [(from_start(), "09:30:00"), (from_due(), "18:00:00")] {
            alice.delete(&dav).send();
            alice.put(&dav, text.clone()).created();
            // One is done before all move; it moves along.
            assert_eq!(patch(&alice, &at(&alice, "t.ics", &format!("2026-03-09T{clock}")), &value!({"progress": "completed"})).status, 200);
            let third = at(&alice, "t.ics", &format!("2026-03-16T{clock}"));
            let mut change = value!({"due": "2026-03-17T19:00:00"});
            if text.contains("DTSTART") {
                change["start"] = value!("2026-03-17T10:30:00");
            }
            let done = patch(&alice, &format!("{third}?reach=all"), &change);
            assert_eq!(done.status, 200, "{}", done.text());
            let ends: Vec<String> = window(&alice).into_iter().map(|(_, end, status)| format!("{end} {status}")).collect();
            assert_eq!(ends, ["2026-03-03T19:00:00 ", "2026-03-10T19:00:00 COMPLETED", "2026-03-17T19:00:00 ", "2026-03-24T19:00:00 "], "{}", alice.get(&dav).ok().text());
            // Split: what is done stays with the first.
            let id = ids(&alice).remove(2);
            let done = patch(&alice, &format!("{}?reach=following", at(&alice, "t.ics", &id)), &value!({"title": "Encombrants", "due": "2026-03-17T20:00:00"}));
            assert_eq!(done.status, 200, "{}", done.text());
            let second = json(&done)["following"]["id"].as_str().expect("a second item").to_owned();
            let ends: Vec<String> = window(&alice).into_iter().map(|(_, end, _)| end).collect();
            assert_eq!(ends, ["2026-03-03T19:00:00", "2026-03-10T19:00:00", "2026-03-17T20:00:00", "2026-03-24T20:00:00"], "{}", alice.get(&dav).ok().text());
            let later = alice.get(&alice.calendar(&format!("tasks/{second}"))).ok().text();
            assert!(later.contains("SUMMARY:Encombrants\r\n") && !later.contains("RECURRENCE-ID"), "{later}");
            assert!(alice.get(&dav).ok().text().contains("STATUS:COMPLETED\r\n"));
            // Ended, and gone.
            let ids = ids(&alice);
            alice.request("DELETE", &format!("{}?reach=following", at(&alice, &second, &ids[3]))).status(200);
            assert_eq!(window(&alice).len(), 3);
            alice.request("POST", &format!("{}:restore?reach=all", at(&alice, "t.ics", &ids[0]))).status(200);
            assert!(window(&alice).iter().all(|(_, _, status)| status.is_empty()));
            alice.request("DELETE", &format!("{}?reach=all", at(&alice, &second, &ids[2]))).status(204);
            alice.request("DELETE", &format!("{}?reach=following", at(&alice, "t.ics", &ids[0]))).status(204);
            assert!(window(&alice).is_empty());
        }
    }

    fn every_clock_has_its_instances(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let dav = alice.calendar("tasks/k.ics");
        for (lines, seen) in [
            (vec!["DUE;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=2"], ["2026-03-02T00:00:00", "2026-03-03T00:00:00"]),
            (vec!["DUE:20260302T093000", "RRULE:FREQ=DAILY;COUNT=2"], ["2026-03-02T09:30:00", "2026-03-03T09:30:00"]),
            (vec!["DUE:20260302T093000Z", "RDATE:20260305T093000Z"], ["2026-03-02T09:30:00", "2026-03-05T09:30:00"]),
            (vec!["DTSTART:20260302T093000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"], ["2026-03-02T09:30:00", "2026-03-03T09:30:00"]),
            (vec!["DTSTART;VALUE=DATE:20260302", "DUE;VALUE=DATE:20260305", "RRULE:FREQ=DAILY;COUNT=2"], ["2026-03-02T00:00:00", "2026-03-03T00:00:00"]),
        ] {
            alice.delete(&dav).send();
            alice.put(&dav, samples::todo("k", &lines)).created();
            assert_eq!(ids(&alice), seen, "{lines:?}");
            for id in seen {
                let path = at(&alice, "k.ics", id);
                alice.request("DELETE", &path).status(200);
                assert_eq!(window(&alice).len(), 1, "{id} of {lines:?}");
                alice.request("POST", &format!("{path}:restore")).status(200);
                let done = patch(&alice, &path, &value!({"progress": "completed"}));
                assert_eq!(done.status, 200, "{}", done.text());
                let of_it = window(&alice).into_iter().find(|(one, _, _)| one == id);
                assert_eq!(of_it.map(|(_, _, status)| status).as_deref(), Some("COMPLETED"), "{id} of {}", alice.get(&dav).ok().text());
                assert_eq!(told(&alice, &path)["progress"], "completed");
            }
            problem(&alice.get(&at(&alice, "k.ics", "2026-04-08T09:30:00")).send(), 404, "not-found");
        }
    }

    fn what_is_no_instance_of_a_task_is_said_to_be_none(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("tasks/t.ics"), from_start()).created();
        alice.put(&alice.calendar("tasks/one.ics"), samples::todo("one", &["DUE:20260302T093000Z"])).created();
        alice.put(&alice.calendar("tasks/some.ics"), samples::todo("some", &["RRULE:FREQ=DAILY"])).created();
        let path = at(&alice, "t.ics", "2026-03-09T09:30:00");
        problem(&alice.get(&at(&alice, "t.ics", "2026-03-09T18:00:00")).send(), 404, "not-found");
        problem(&alice.get(&at(&alice, "one.ics", "2026-03-02T09:30:00")).send(), 409, "conflict");
        problem(&alice.get(&at(&alice, "some.ics", "2026-03-02T09:30:00")).send(), 409, "conflict");
        // A task is no event.
        let event = path.replace("/tasks/t.ics", "/events/t.ics");
        problem(&alice.get(&event).send(), 404, "not-found");
        problem(&patch(&alice, &event, &value!({"title": "x"})), 404, "not-found");
        problem(&alice.request("DELETE", &event).send(), 404, "not-found");
        // Nor may it be due before it starts.
        let text = alice.get(&alice.calendar("tasks/t.ics")).ok().text();
        problem(&patch(&alice, &path, &value!({"start": "2026-03-09T19:00:00"})), 422, "valid-calendar-data");
        problem(&patch(&alice, &format!("{path}?reach=all"), &value!({"due": "2026-03-09T09:00:00"})), 422, "valid-calendar-data");
        assert_eq!(alice.get(&alice.calendar("tasks/t.ics")).ok().text(), text);
    }
}
