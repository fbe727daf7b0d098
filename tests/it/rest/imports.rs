//! Files of many items: in, with a report; and out, whole.

use super::{id_of, problem, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/x-ndjson"));
    answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn import(client: &Client, path: &str, body: &str) -> Answer {
    let media = if body.contains("VCARD") { "text/vcard" } else { "text/calendar" };
    client.request("POST", path).header("Content-Type", media).body(body).send()
}

fn sum(created: u64, replaced: u64, kept: u64, refused: u64, dry: bool) -> Value {
    value!({ "created": created, "replaced": replaced, "kept": kept, "refused": refused, "dryRun": dry, "complete": true })
}

/// A calendar of so many events, one of them a series with an override, and one without a start.
fn file(count: usize) -> String {
    let mut inside = Vec::new();
    for at in 0..count {
        inside.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:u{at}"),
            "DTSTAMP:20260101T000000Z".to_owned(),
            "DTSTART:20260301T090000Z".to_owned(),
            format!("SUMMARY:Titre {at}"),
        ]);
        if at == 0 {
            inside.extend(
                [
                    "RRULE:FREQ=DAILY",
                    "END:VEVENT",
                    "BEGIN:VEVENT",
                    "UID:u0",
                    "DTSTAMP:20260101T000000Z",
                    "RECURRENCE-ID:20260302T090000Z",
                    "DTSTART:20260302T100000Z",
                ]
                .map(str::to_owned),
            );
        }
        inside.push("END:VEVENT".to_owned());
    }
    let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
    samples::calendar(&inside)
}

both! {
    fn a_file_is_taken_in_with_a_line_for_each_item(db) {
        let server = TestServer::with_limits(db, Limits { resource_bytes: 20_000, ..Limits::default() });
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let at = format!("/api/v1/calendars/{id}/import");
        let text = file(100);
        let before = alice.property(&alice.calendar("default/"), "D:sync-token");
        let dry = lines(&import(&alice, &format!("{at}?dryRun=true"), &text));
        assert_eq!(dry.last(), Some(&sum(100, 0, 0, 0, true)));
        assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), before, "nothing is stored");
        let told = lines(&import(&alice, &at, &text));
        assert_eq!((told.len(), told.last()), (101, Some(&sum(100, 0, 0, 0, false))));
        assert_eq!((&told[0]["fate"], told[0]["item"].as_str().map(|item| item.contains("u0"))), (&value!("created"), Some(true)));
        // Sent again it leaves what is there; or stores it anew.
        assert_eq!(lines(&import(&alice, &at, &text)).last(), Some(&sum(0, 0, 100, 0, false)));
        assert_eq!(lines(&import(&alice, &format!("{at}?known=replace"), &file(101))).last(), Some(&sum(1, 100, 0, 0, false)));
        // What one item is refused for does not stop the others.
        let mixed = file(103).replace("Titre 101", &"x".repeat(30_000));
        let told = lines(&import(&alice, &at, &mixed));
        assert_eq!(told.last(), Some(&sum(1, 0, 101, 1, false)));
        let refused = told.iter().find(|line| line["fate"] == "refused").expect("one");
        assert!(refused["item"].as_str().is_some_and(|item| item.contains("u101")) && refused["why"].is_string(), "{refused}");
    }

    fn what_goes_out_comes_in_again(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        lines(&import(&alice, &format!("/api/v1/calendars/{}/import", id_of(&alice, "calendars", "default")), &file(450)));
        let cards: String = (0..3).map(|at| samples::card(&format!("c{at}"), "Élise", &["X-ODD:kept"])).collect();
        lines(&import(&alice, &format!("/api/v1/address-books/{}/import", id_of(&alice, "address-books", "default")), &cards));
        for (list, count) in [("calendars", 450), ("address-books", 3)] {
            let out = alice.get(&format!("/api/v1/{list}/{}/export", id_of(&alice, list, "default"))).ok();
            assert!(out.header("Content-Disposition").is_some_and(|value| value.starts_with("attachment")));
            let told = lines(&import(&bob, &format!("/api/v1/{list}/{}/import", id_of(&bob, list, "default")), &out.text()));
            assert_eq!(told.last(), Some(&sum(count, 0, 0, 0, false)));
        }
        let seen = bob.get(&bob.book("default/c1.vcf")).send();
        assert!(seen.status == 404 || seen.text() == samples::card("c1", "Élise", &["X-ODD:kept"]));
    }

    fn files_that_are_none_and_rights(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let id = id_of(&alice, "calendars", "default");
        let at = format!("/api/v1/calendars/{id}/import");
        problem(&alice.request("POST", &at).header("Content-Type", "text/calendar").body("nonsense").send(), 422, "valid-calendar-data");
        problem(&alice.request("POST", &at).header("Content-Type", "text/calendar").body(samples::card("x", "X", &[])).send(), 422, "valid-calendar-data");
        problem(&alice.request("POST", &at).header("Content-Type", "text/vcard").body(samples::card("x", "X", &[])).send(), 415, "unsupported-media-type");
        for (query, field) in [("known=perhaps", "known"), ("dryRun=1", "dryRun"), ("mode=x", "mode")] {
            assert_eq!(problem(&import(&alice, &format!("{at}?{query}"), &file(1)), 400, "bad-request"), field);
        }
        problem(&import(&bob, &at, &file(1)), 403, "need-privileges");
        problem(&import(&carol, &at, &file(1)), 404, "not-found");
        problem(&import(&server.client_with_scope("alice", "read"), &at, &file(1)), 403, "need-privileges");
        let out = format!("/api/v1/calendars/{id}/export");
        bob.get(&out).ok();
        problem(&carol.get(&out).send(), 404, "not-found");
        problem(&server.anonymous().get(&out).send(), 401, "unauthenticated");
        assert_eq!(problem(&alice.get(&format!("{out}?as=pdf")).send(), 400, "bad-request"), "as");
        let empty = alice.get(&out).ok().text();
        assert!(empty.starts_with("BEGIN:VCALENDAR") && empty.ends_with("END:VCALENDAR\r\n"), "{empty}");
    }
}
