//! Many writes in one transaction: all or none, and the one that is at fault is named.

use super::{id_of, json, problem, send, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};

fn batch(client: &Client, operations: Value) -> Answer {
    send(client, "POST", "/api/v1/batch", &value!({ "operations": operations }))
}

fn create(calendar: &str, uid: &str) -> Value {
    value!({ "op": "create", "path": format!("/calendars/{calendar}/events"), "mediaType": "text/calendar", "data": samples::meeting(uid) })
}

both! {
    fn all_is_done_in_its_order(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("other/"), "").created();
        let (from, to) = (id_of(&alice, "calendars", "default"), id_of(&alice, "calendars", "other"));
        let book = id_of(&alice, "address-books", "default");
        let old = alice.put(&alice.calendar("default/old"), samples::meeting("old")).created().etag();
        let card = alice.request("PUT", &format!("/api/v1/address-books/{book}/contacts/c")).header("Content-Type", "text/vcard").body(samples::card("c", "C", &[])).created();
        let jcard = alice.get(&format!("/api/v1/address-books/{book}/contacts/c")).header("Accept", "application/vcard+json").ok();
        let jcard: Value = serde_json::from_slice(&jcard.body).expect("JSON");
        let done = batch(&alice, value!([
            create(&from, "new"),
            { "op": "replace", "path": format!("/calendars/{from}/events/own%25.ics"), "mediaType": "text/calendar", "data": samples::meeting("own"), "ifNoneMatch": "*" },
            // What one operation stores the next one finds.
            { "op": "move", "path": format!("/calendars/{from}/events/own%25.ics"), "to": to, "id": "moved" },
            { "op": "delete", "path": format!("/calendars/{from}/events/old"), "ifMatch": old },
            { "op": "copy", "path": format!("/calendars/{to}/events/moved"), "to": from },
            { "op": "replace", "path": format!("/address-books/{book}/contacts/c"), "mediaType": "application/vcard+json", "data": jcard, "ifMatch": card.etag() },
        ]));
        assert_eq!(done.status, 200, "{}", done.text());
        let results = json(&done)["results"].clone();
        assert_eq!(results.as_array().map(Vec::len), Some(6));
        let new = results[0]["path"].as_str().expect("a path");
        assert_eq!(alice.get(&format!("/api/v1{new}")).header("Accept", "text/calendar").ok().etag(), results[0]["etag"]);
        assert_eq!(results[0]["created"], true);
        assert_eq!((&results[2]["id"], &results[2]["path"]), (&value!("moved"), &value!(format!("/calendars/{to}/events/moved"))));
        assert_eq!(results[3], value!({ "op": "delete", "path": null, "id": null, "etag": null, "created": false }));
        assert_eq!(alice.get(&alice.calendar("other/moved")).ok().text(), samples::meeting("own"));
        assert_eq!(alice.get(&alice.calendar("default/moved")).ok().text(), samples::meeting("own"));
        alice.get(&alice.calendar("default/old")).status(404);
        assert_eq!(alice.get(&alice.book("default/c")).ok().etag(), results[5]["etag"]);
    }

    fn items_are_made_of_jscalendar_and_jscontact(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        let event = |data: Value| value!({ "op": "create", "path": format!("/calendars/{calendar}/events"), "mediaType": "application/jscalendar+json", "data": data });
        let card = value!({ "@type": "Card", "version": "1.0", "name": { "full": "Zoé" } });
        let good = event(value!({ "@type": "Event", "title": "Réunion", "start": "2026-03-01T09:00:00", "timeZone": "Europe/Paris" }));
        let done = batch(&alice, value!([
            good,
            { "op": "create", "path": format!("/address-books/{book}/contacts"), "mediaType": "application/jscontact+json", "data": card },
        ]));
        assert_eq!(done.status, 200, "{}", done.text());
        let path = |at: usize| format!("/api/v1{}", json(&done)["results"][at]["path"].as_str().expect("a path"));
        assert!(json(&alice.get(&path(0)).ok())["title"].as_str().is_some_and(|title| title.starts_with("Réunion")));
        assert!(alice.get(&path(1)).header("Accept", "text/vcard").ok().text().contains("FN:Zoé"));
        let before = json(&alice.get("/api/v1/changes").ok());
        let bad = batch(&alice, value!([good, event(value!({ "@type": "Event", "title": 7, "start": "2026-03-01T09:00:00" }))]));
        assert_eq!(problem(&bad, 422, "valid-calendar-data"), "/operations/1/data/title");
        assert_eq!(json(&alice.get("/api/v1/changes").ok()), before);
    }

    fn or_nothing_is(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        alice.put(&alice.calendar("default/there"), samples::meeting("there")).created();
        let token = alice.property(&alice.calendar("default/"), "D:sync-token");
        let at = |name: &str| format!("/calendars/{id}/events/{name}");
        for (bad, status, kind, field) in [
            (create(&id, "there"), 409, "no-uid-conflict", "/operations/2"),
            (value!({ "op": "delete", "path": at("absent") }), 404, "not-found", "/operations/2"),
            (value!({ "op": "delete", "path": at("there"), "ifMatch": "\"x\"" }), 412, "precondition-failed", "/operations/2"),
            (value!({ "op": "replace", "path": at("x"), "mediaType": "text/calendar", "data": "nonsense" }), 422, "valid-calendar-data", "/operations/2"),
            (value!({ "op": "replace", "path": at("x"), "mediaType": "text/plain", "data": "x" }), 415, "unsupported-media-type", "/operations/2/mediaType"),
            (value!({ "op": "replace", "path": at("x"), "mediaType": "text/calendar" }), 400, "bad-request", "/operations/2/data"),
            (value!({ "op": "move", "path": at("there"), "to": "x" }), 409, "conflict", "/operations/2/to"),
            (value!({ "op": "move", "path": at("there"), "to": id, "id": "a/b" }), 400, "bad-request", "/operations/2/id"),
            (value!({ "op": "explode", "path": at("there") }), 400, "bad-request", "/operations/2/op"),
            (value!({ "op": "delete", "path": "/elsewhere" }), 404, "not-found", "/operations/2/path"),
            (value!({ "op": "delete", "path": format!("/calendars/{id}/tasks/there") }), 404, "not-found", "/operations/2"),
            (value!({ "op": "create", "path": at("there") }), 404, "not-found", "/operations/2/path"),
            (value!({ "op": "delete", "path": at("there"), "wenn": "x" }), 400, "bad-request", "/operations/2/wenn"),
        ] {
            let answer = batch(&alice, value!([create(&id, "one"), create(&id, "two"), bad, create(&id, "three")]));
            assert_eq!(problem(&answer, status, kind), field, "{bad}");
            assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), token, "{bad}");
        }
        let many: Vec<Value> = (0..201).map(|at| create(&id, &at.to_string())).collect();
        assert_eq!(problem(&batch(&alice, value!(many)), 400, "bad-request"), "/operations");
        assert_eq!(json(&batch(&alice, value!([])))["results"], value!([]));
    }

    fn rights_are_those_of_each_operation(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let (shared, own) = (id_of(&alice, "calendars", "default"), id_of(&carol, "calendars", "default"));
        assert_eq!(problem(&batch(&bob, value!([create(&shared, "x")])), 403, "need-privileges"), "/operations/0");
        assert_eq!(problem(&batch(&carol, value!([create(&own, "y"), create(&shared, "x")])), 404, "not-found"), "/operations/1/path");
        let reader = server.client_with_scope("alice", "read");
        assert_eq!(problem(&batch(&reader, value!([create(&shared, "x")])), 403, "need-privileges"), "/operations/0");
        problem(&batch(&server.anonymous(), value!([])), 401, "unauthenticated");
        assert_eq!(json(&carol.get(&format!("/api/v1/calendars/{own}/events")).ok())["items"], value!([]));
    }

    fn a_lost_answer_is_given_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let post = |uid: &str| {
            let body = value!({ "operations": [create(&id, uid), create(&id, &format!("{uid}-2"))] }).to_string();
            alice.request("POST", "/api/v1/batch").header("Content-Type", "application/json").header("Idempotency-Key", "b").body(body).send()
        };
        let first = post("a");
        assert_eq!(first.status, 200, "{}", first.text());
        assert_eq!(post("a").body, first.body);
        problem(&post("b"), 422, "key-reused");
        assert_eq!(json(&alice.get(&format!("/api/v1/calendars/{id}/events")).ok())["items"].as_array().map(Vec::len), Some(2));
    }

    fn batches_that_cross_do_not_wait_for_each_other(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (client, calendar, book) = (alice.another(), calendar.clone(), book.clone());
                scope.spawn(move || {
                    for turn in 0..10 {
                        let uid = format!("{thread}-{turn}");
                        let contact = value!({ "op": "create", "path": format!("/address-books/{book}/contacts"), "mediaType": "text/vcard", "data": samples::card(&uid, "X", &[]) });
                        let mut both = vec![create(&calendar, &uid), contact];
                        if thread % 2 == 0 {
                            both.reverse();
                        }
                        assert_eq!(batch(&client, value!(both)).status, 200);
                    }
                });
            }
        });
        let page = json(&alice.get(&format!("/api/v1/address-books/{book}/contacts?limit=1000")).ok());
        assert_eq!(page["items"].as_array().map(Vec::len), Some(40));
    }

    fn json_makes_and_changes_items_too(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (id, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        let old = samples::event("old", &["DTSTART:20260302T090000Z", "X-ODD:kept"]);
        let etag = alice.put(&alice.calendar("default/old"), old).created().etag();
        let event = value!({"@type": "Event", "uid": "old", "title": "Neuf", "start": "2026-03-02T09:00:00", "timeZone": "Etc/UTC"});
        let replace = |name: &str, data: &Value, tag: &str| value!({ "op": "replace", "path": format!("/calendars/{id}/events/{name}"), "mediaType": "application/json", "data": data, "ifMatch": tag });
        let card = value!({"@type": "Card", "name": {"full": "Ann Lee"}});
        let mut fresh = event.clone();
        fresh["uid"] = value!("fresh");
        let all = value!([
            replace("old", &event, &etag),
            { "op": "create", "path": format!("/calendars/{id}/events"), "mediaType": "application/jscalendar+json", "data": fresh },
            { "op": "create", "path": format!("/address-books/{book}/contacts"), "mediaType": "application/jscontact+json", "data": card },
            { "op": "replace", "path": format!("/address-books/{book}/contacts/own"), "mediaType": "application/jscontact+json", "data": card },
        ]);
        let again = |key: &str| alice.request("POST", "/api/v1/batch").header("Content-Type", "application/json").header("Idempotency-Key", key).body(value!({ "operations": all }).to_string()).send();
        let done = again("k");
        assert_eq!(done.status, 200, "{}", done.text());
        let results = json(&done)["results"].clone();
        let now = alice.get(&alice.calendar("default/old")).ok();
        assert_eq!(now.etag(), results[0]["etag"]);
        assert!(now.text().contains("X-ODD:kept\r\n") && now.text().contains("SUMMARY:Neuf\r\n"), "{}", now.text());
        assert_eq!((&results[0]["created"], &results[3]["created"]), (&value!(false), &value!(true)));
        assert!(alice.get(&alice.book("default/own")).ok().text().contains("Ann Lee"));
        // Its condition does not hold any more, but it was done.
        assert_eq!(again("k").body, done.body);
        let token = alice.property(&alice.calendar("default/"), "D:sync-token");
        let refused = |operations: Value, status: u16, kind: &str, field: &str| {
            assert_eq!(problem(&batch(&alice, operations), status, kind), field);
        };
        refused(value!([create(&id, "x"), replace("old", &event, &etag)]), 412, "precondition-failed", "/operations/1/ifMatch");
        let mut bad = event.clone();
        bad["titel"] = value!("x");
        refused(value!([create(&id, "x"), replace("old", &bad, "*")]), 422, "valid-calendar-data", "/operations/1/data/titel");
        refused(value!([{ "op": "create", "path": format!("/calendars/{id}/events"), "mediaType": "application/json", "data": bad }]), 422, "valid-calendar-data", "/operations/0/data/titel");
        refused(value!([replace("old", &event, "*"), replace("old", &event, "*")]), 409, "conflict", "/operations/1/path");
        assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), token);
    }
}
