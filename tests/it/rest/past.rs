//! The past by REST: histories, and their return, of items, of collections, of what a device did, of deleted collections.

use super::{id_of, json, problem, send, three};
use crate::harness::xml;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Now, as the server's clock has it, with some time on both sides of it.
fn instant(server: &TestServer) -> String {
    std::thread::sleep(Duration::from_millis(3));
    let now = jiff::Timestamp::from_microsecond(server.core().now()).expect("an instant").to_string();
    std::thread::sleep(Duration::from_millis(3));
    now
}

fn event(uid: &str, summary: &str) -> String {
    samples::event(uid, &["DTSTART:20260301T090000Z", &format!("SUMMARY:{summary}")])
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().expect("items").clone()
}

fn column(page: &Value, member: &str) -> Vec<String> {
    items(page).iter().map(|item| item[member].as_str().unwrap_or("-").to_owned()).collect()
}

/// All members of a calendar or address book: name and bytes.
fn state(client: &Client, path: &str) -> BTreeMap<String, String> {
    let found = client.propfind(path, "1", &["D:getetag"]).multistatus();
    let all = found.hrefs().into_iter().filter(|href| !href.ends_with('/'));
    all.map(|href| (href.rsplit('/').next().expect("a name").to_owned(), client.get(href).ok().text()))
        .collect()
}

/// The report of a restore, as `id outcome`.
fn outcomes(report: &Value) -> Vec<String> {
    let all = report["items"].as_array().unwrap_or_else(|| panic!("{report}"));
    all.iter()
        .map(|one| {
            format!("{} {}", one["id"].as_str().expect("an id"), one["outcome"].as_str().expect("one"))
        })
        .collect()
}

/// What happened to an item, read in pages of `limit` steps, all of them full but the last.
fn paged(client: &Client, item: &str, limit: usize) -> Vec<String> {
    let (mut steps, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = json(&client.get(&format!("{item}/history?limit={limit}{cursor}")).ok());
        let told = column(&page, "what");
        assert!((1..=limit).contains(&told.len()), "{page}");
        steps.extend(told);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return steps,
        }
        assert_eq!(steps.len() % limit, 0, "{page}");
    }
}

both! {
    fn an_item_tells_its_versions_and_gets_one_back(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let at = alice.calendar("default/one");
        let here = format!("/api/v1/calendars/{id}/events/one");
        alice.put(&at, event("u", "first")).created();
        alice.put(&at, event("u", "second")).instead("User-Agent", "Mozilla/5.0 (X11) Gecko/1 Thunderbird/128.1").no_content();
        let between = instant(&server);
        alice.delete(&at).no_content();
        let page = json(&alice.get(&format!("{here}/history")).ok());
        assert_eq!(column(&page, "what"), ["deleted", "changed", "created"], "{page}");
        assert_eq!(column(&page, "door"), ["caldav"; 3]);
        assert_eq!(column(&page, "by"), ["alice"; 3]);
        assert_eq!(column(&page, "program")[1], "Thunderbird");
        assert!(column(&page, "device").iter().all(|device| device.starts_with("app-password-")), "{page}");
        let versions: Vec<i64> = items(&page).iter().map(|one| one["version"].as_i64().expect("a number")).collect();
        // The bytes, and other forms of them.
        let first = format!("{here}/history/{}", versions[2]);
        assert_eq!(alice.get(&first).header("Accept", "text/calendar").ok().text(), event("u", "first"));
        let told = alice.get(&first).ok();
        assert_eq!((&json(&told)["uid"], told.lists("Vary", "Accept")), (&value!("u"), true));
        assert_eq!(items(&page)[2]["size"], event("u", "first").len());
        assert!(alice.get(&first).header("Accept", "application/calendar+json").ok().text().starts_with('['));
        problem(&alice.get(&first).header("Accept", "image/png").send(), 406, "not-acceptable");
        problem(&alice.get(&format!("{here}/history/{}", versions[0])).send(), 404, "not-found");
        problem(&alice.get(&format!("/api/v1/calendars/{id}/tasks/one/history")).send(), 404, "not-found");
        problem(&alice.get(&format!("{here}x/history")).send(), 404, "not-found");
        // Pages have no more steps than they were asked for, and together all.
        assert_eq!(paged(&alice, &here, 1), ["deleted", "changed", "created"]);
        problem(&alice.get(&format!("{here}/history?cursor=eA")).send(), 400, "bad-request");
        // Back it comes, under its name; then to its first version.
        let back = send(&alice, "POST", &format!("{here}:restore"), &value!({ "asOf": between }));
        assert_eq!((back.status, back.header("Location")), (201, Some(here.as_str())), "{}", back.text());
        assert_eq!(alice.get(&at).ok().text(), event("u", "second"));
        let body = value!({ "version": versions[2] });
        let stale = alice.request("POST", &format!("{here}:restore")).header("Content-Type", "application/json").header("If-Match", "\"x\"").body(body.to_string()).send();
        problem(&stale, 412, "precondition-failed");
        assert_eq!(stale.etag(), alice.get(&at).ok().etag());
        assert_eq!(send(&alice, "POST", &format!("{here}:restore"), &body).status, 200);
        assert_eq!(alice.get(&at).ok().text(), event("u", "first"));
        let page = json(&alice.get(&format!("{here}/history")).ok());
        let whole = ["changed", "created", "deleted", "changed", "created"];
        assert_eq!(column(&page, "what"), whole, "{page}");
        for limit in 1..=5 {
            assert_eq!(paged(&alice, &here, limit), whole, "{limit}");
        }
        assert_eq!(column(&page, "door")[0], "rest");
        // What cannot be.
        for (body, field) in [(value!({}), ""), (value!({ "version": 1, "asOf": between }), ""), (value!({ "asOf": "x" }), "/asOf")] {
            assert_eq!(problem(&send(&alice, "POST", &format!("{here}:restore"), &body), 400, "bad-request"), field);
        }
        problem(&send(&alice, "POST", &format!("{here}:restore"), &value!({ "asOf": "2026-01-01T00:00:00Z" })), 409, "conflict");
        // Another has its UID meanwhile.
        alice.delete(&at).no_content();
        alice.put(&alice.calendar("default/two"), event("u", "other")).created();
        problem(&send(&alice, "POST", &format!("{here}:restore"), &body), 409, "no-uid-conflict");
    }

    fn a_collection_goes_back_to_what_it_was(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (id, home) = (id_of(&alice, "calendars", "default"), alice.calendar("default/"));
        let here = format!("/api/v1/calendars/{id}:restore");
        for name in ["a", "b", "c"] {
            alice.put(&format!("{home}{name}"), event(name, "then")).created();
        }
        let (then, before) = (instant(&server), state(&alice, &home));
        alice.delete(&format!("{home}a")).no_content();
        alice.put(&format!("{home}b"), event("b", "later")).no_content();
        alice.put(&format!("{home}d"), event("d", "later")).created();
        // The UID of what went is another's now, and comes back all the same.
        alice.put(&format!("{home}e"), event("a", "thief")).created();
        let token = json(&alice.get(&format!("/api/v1/calendars/{id}/changes")).ok())["token"].as_str().expect("one").to_owned();
        let told = json(&send(&alice, "POST", &here, &value!({ "asOf": then, "dryRun": true })));
        assert_eq!(outcomes(&told), ["a returned", "b reverted", "d removed", "e removed"]);
        assert_ne!(state(&alice, &home), before);
        let told = json(&send(&alice, "POST", &here, &value!({ "asOf": then })));
        assert_eq!(outcomes(&told), ["a returned", "b reverted", "d removed", "e removed"]);
        assert_eq!((&told["atomic"], &told["changed"], &told["left"]), (&value!(true), &value!(4), &value!(0)));
        assert_eq!(state(&alice, &home), before);
        // Clients see it as changes like any other, and a second time there is nothing to be done.
        let news = json(&alice.get(&format!("/api/v1/calendars/{id}/changes?since={token}")).ok());
        assert_eq!(news["changes"].as_array().map(Vec::len), Some(4), "{news}");
        assert_eq!(outcomes(&json(&send(&alice, "POST", &here, &value!({ "asOf": then })))), Vec::<String>::new());
        for (body, field) in [
            (value!({ "asOf": "2020-01-01T00:00:00Z" }), "/asOf"),
            (value!({ "asOf": "2099-01-01T00:00:00Z" }), "/asOf"),
            (value!({ "asOf": then, "device": "x" }), "/device"),
            (value!({ "asOf": then, "dry": true }), "/dry"),
        ] {
            assert_eq!(problem(&send(&alice, "POST", &here, &body), 400, "bad-request"), field, "{body}");
        }
        // Its history, sifted.
        let log = format!("/api/v1/calendars/{id}/history");
        let page = json(&alice.get(&format!("{log}?what=deleted&to={then}")).ok());
        assert!(items(&page).is_empty(), "{page}");
        assert_eq!(column(&json(&alice.get(&format!("{log}?to={then}")).ok()), "id"), ["c", "b", "a"]);
        let page = json(&alice.get(&format!("{log}?what=deleted&from={then}")).ok());
        assert_eq!(column(&page, "id").len(), 3, "{page}");
        assert!(items(&json(&alice.get(&format!("{log}?by=nobody")).ok())).is_empty());
        assert_eq!(problem(&alice.get(&format!("{log}?what=x")).send(), 400, "bad-request"), "what");
    }

    fn a_large_restore_is_done_in_pieces(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (id, home) = (id_of(&alice, "calendars", "default"), alice.calendar("default/"));
        let members: Vec<(String, String)> = (0..620).map(|at| (format!("n{at:03}"), event(&format!("u{at}"), "then"))).collect();
        crate::harness::many::fill(&server, "alice", "default", &members);
        let (then, before) = (instant(&server), state(&alice, &home));
        for name in before.keys() {
            alice.delete(&format!("{home}{name}")).no_content();
        }
        let told = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}:restore"), &value!({ "asOf": then })));
        assert_eq!((&told["atomic"], &told["changed"]), (&value!(false), &value!(620)));
        assert_eq!(state(&alice, &home), before);
    }

    fn one_device_s_changes_are_undone_where_nothing_lies_on_top(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let phone = server.client_with_scope("alice", "");
        let (cal, book) = (alice.calendar("default/"), alice.book("default/"));
        for name in ["a", "b", "c"] {
            alice.put(&format!("{cal}{name}"), event(name, "then")).created();
        }
        alice.put(&format!("{book}x"), samples::card("x", "Then", &[])).created();
        let since = instant(&server);
        // The phone goes mad; on one item something lies on top.
        phone.delete(&format!("{cal}a")).no_content();
        phone.put(&format!("{cal}b"), event("b", "mad")).no_content();
        phone.put(&format!("{cal}b"), event("b", "madder")).no_content();
        phone.put(&format!("{cal}c"), event("c", "mad")).no_content();
        phone.put(&format!("{cal}d"), event("d", "mad")).created();
        phone.put(&format!("{book}x"), samples::card("x", "Mad", &[])).no_content();
        alice.put(&format!("{cal}c"), event("c", "kept")).no_content();
        alice.put(&format!("{cal}e"), event("e", "kept")).created();
        let all = json(&alice.get("/api/v1/devices").ok());
        let devices = items(&all);
        assert_eq!(devices.len(), 2, "{all}");
        let mad = devices.iter().find(|one| one["current"] == false).expect("the phone");
        assert_eq!((&mad["kind"], &mad["name"], &mad["changes"]), (&value!("app-password"), &value!("test"), &value!(6)), "{all}");
        let key = mad["id"].as_str().expect("an id");
        let undo = format!("/api/v1/devices/{key}:undo");
        let id = id_of(&alice, "calendars", "default");
        let wanted = ["a returned", "b reverted", "c covered", "d removed"];
        let one = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}:restore"), &value!({ "asOf": since, "device": key, "dryRun": true })));
        assert_eq!(outcomes(&one), wanted);
        let told = json(&send(&alice, "POST", &undo, &value!({ "since": since })));
        let reports: BTreeMap<&str, Vec<String>> = told["collections"].as_array().expect("some").iter()
            .map(|one| (one["kind"].as_str().expect("a kind"), outcomes(&one["report"]))).collect();
        assert_eq!(reports["calendars"], wanted, "{told}");
        assert_eq!(reports["address-books"], ["x reverted"], "{told}");
        let now = state(&alice, &cal);
        assert_eq!(now.keys().collect::<Vec<_>>(), ["a", "b", "c", "e"]);
        assert_eq!((&now["b"], &now["c"]), (&event("b", "then"), &event("c", "kept")));
        assert_eq!(state(&alice, &book)["x"], samples::card("x", "Then", &[]));
        // Another's device of that name is nobody's here.
        let bob = server.user("bob");
        assert_eq!(json(&send(&bob, "POST", &undo, &value!({ "since": since })))["collections"], value!([]));
        problem(&bob.delete(&format!("/api/v1/devices/{key}")).send(), 404, "not-found");
        assert_eq!(problem(&send(&alice, "POST", &undo, &value!({ "since": "x" })), 400, "bad-request"), "/since");
        assert_eq!(problem(&send(&alice, "POST", &undo, &value!({ "since": "2020-01-01T00:00:00Z" })), 400, "bad-request"), "/since");
        problem(&send(&server.client_with_scope("alice", "calendars"), "POST", &undo, &value!({ "since": since })), 403, "scope-too-narrow");
        // It is removed, and shut out; what it did is still told.
        alice.delete(&format!("/api/v1/devices/{key}")).no_content();
        problem(&phone.get("/api/v1/me").send(), 401, "unauthenticated");
        let page = json(&alice.get(&format!("/api/v1/calendars/{id}/history?device={key}")).ok());
        assert_eq!(items(&page).len(), 5, "{page}");
    }

    fn devices_tell_when_they_last_synced(db) {
        let server = TestServer::start(db);
        server.user("alice");
        server.wait(server.core().set_password("alice", "secret")).expect("a password");
        let alice = server.client("alice", "secret");
        let id = id_of(&alice, "calendars", "default");
        let agent = "DAVx5/4.4 (dav4jvm) Android/14";
        let sync = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        alice.report(&alice.calendar("default/"), "D:sync-collection", sync).instead("User-Agent", agent).multistatus();
        let look = |client: &Client| {
            let all = json(&client.get("/api/v1/devices").ok());
            let found = items(&all).into_iter().find(|one| one["id"] == "client-DAVx5");
            found.unwrap_or_else(|| panic!("{all}"))
        };
        let seen = look(&alice);
        assert_eq!((&seen["kind"], &seen["program"], &seen["name"], &seen["current"]), (&value!("client"), &value!("DAVx5"), &Value::Null, &value!(false)));
        assert_eq!((&seen["collections"][0]["id"], &seen["collections"][0]["kind"]), (&value!(id), &value!("calendars")), "{seen}");
        assert!(seen["collections"][0]["synced"].is_string() && seen["lastSeen"].is_string());
        // Once written it is known to other nodes; written again at once it is not.
        assert!(server.wait(server.core().keep_sightings()).expect("written") >= 2);
        assert_eq!(server.wait(server.core().keep_sightings()).expect("written"), 0);
        let node = server.beside(cenacle::services::Limits::default());
        assert_eq!(look(&node.client("alice", "secret"))["collections"], seen["collections"]);
        problem(&alice.delete("/api/v1/devices/client-DAVx5").send(), 409, "conflict");
        problem(&alice.delete("/api/v1/devices/client-").send(), 404, "not-found");
        // A session is one too.
        let body = value!({ "grant_type": "password", "username": "alice", "password": "secret", "device": "Script" });
        let told = json(&send(&server.anonymous(), "POST", "/api/v1/auth/token", &body));
        let session = Client::bearer(server.address(), told["access_token"].as_str().expect("a token"));
        let all = json(&session.get("/api/v1/devices").ok());
        let own = items(&all).into_iter().find(|one| one["current"] == true).expect("itself");
        assert_eq!((&own["kind"], &own["name"]), (&value!("session"), &value!("Script")), "{all}");
        session.delete(&format!("/api/v1/devices/{}", own["id"].as_str().expect("an id"))).no_content();
        problem(&session.get("/api/v1/me").send(), 401, "unauthenticated");
    }

    fn a_deleted_collection_comes_back_as_it_was(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let made = json(&send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "Project" })));
        let id = made["id"].as_str().expect("an id").to_owned();
        let at = format!("/api/v1/calendars/{id}");
        let home = json(&alice.get(&at).ok())["href"].as_str().expect("one").to_owned();
        alice.put(&format!("{home}one"), event("one", "x")).created();
        let acl = "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal>\
                   <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
        alice.request("ACL", &home).xml(&xml::document("D:acl", acl)).ok();
        let token = json(&alice.get(&format!("{at}/changes")).ok())["token"].as_str().expect("one").to_owned();
        let number = |token: &str| token.rsplit(':').next().and_then(|text| text.parse::<i64>().ok()).expect("a number");
        alice.delete(&home).no_content();
        problem(&alice.get(&at).send(), 404, "not-found");
        let bin = json(&alice.get("/api/v1/deleted-calendars").ok());
        assert_eq!((column(&bin, "id"), column(&bin, "name")), (vec![id.clone()], vec!["Project".to_owned()]));
        assert!(items(&json(&bob.get("/api/v1/deleted-calendars").ok())).is_empty());
        assert!(items(&json(&alice.get("/api/v1/deleted-address-books").ok())).is_empty());
        let back = format!("/api/v1/deleted-calendars/{id}:restore");
        problem(&bob.request("POST", &back).send(), 404, "not-found");
        problem(&server.client_with_scope("alice", "read").request("POST", &back).send(), 403, "need-privileges");
        problem(&alice.request("POST", &format!("/api/v1/deleted-address-books/{id}:restore")).send(), 404, "not-found");
        assert_eq!(json(&alice.request("POST", &back).ok()), value!({ "id": id, "samePlace": true }));
        problem(&alice.request("POST", &back).send(), 404, "not-found");
        // Members, shares, and tokens that go on.
        assert_eq!(alice.get(&format!("{home}one")).ok().text(), event("one", "x"));
        bob.get(&format!("{home}one")).ok();
        alice.put(&format!("{home}two"), event("two", "x")).created();
        let news = json(&alice.get(&format!("{at}/changes?since={token}")).ok());
        assert_eq!(news["changes"].as_array().map(|all| all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>()), Some(vec![value!("two")]), "{news}");
        assert!(number(news["token"].as_str().expect("one")) > number(&token) + 1);
        // Its place is taken: it gets another.
        alice.delete(&home).no_content();
        alice.mkcalendar(&home, "").created();
        assert_eq!(json(&alice.request("POST", &back).ok())["samePlace"], false);
        let moved = json(&alice.get(&at).ok())["href"].as_str().expect("one").to_owned();
        assert_ne!(moved, home);
        assert_eq!(state(&alice, &moved).len(), 2);
        assert_eq!(state(&alice, &home).len(), 0);
    }

    fn the_past_is_as_well_kept_as_the_present(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let id = id_of(&alice, "calendars", "default");
        alice.put(&alice.calendar("default/one"), event("one", "x")).created();
        alice.put(&alice.calendar("default/one"), event("one", "y")).no_content();
        let then = instant(&server);
        alice.delete(&alice.calendar("default/one")).no_content();
        let at = format!("/api/v1/calendars/{id}");
        let page = json(&bob.get(&format!("{at}/events/one/history")).ok());
        let number = &items(&page)[2]["version"];
        assert_eq!(bob.get(&format!("{at}/events/one/history/{number}")).header("Accept", "text/*").ok().text(), event("one", "x"));
        assert_eq!(items(&json(&bob.get(&format!("{at}/history")).ok())).len(), 3);
        for path in [format!("{at}/history"), format!("{at}/events/one/history"), format!("{at}/events/one/history/{number}")] {
            problem(&carol.get(&path).send(), 404, "not-found");
            problem(&server.client_with_scope("alice", "contacts").get(&path).send(), 404, "not-found");
        }
        let token = json(&alice.get(&format!("{at}/changes")).ok())["token"].clone();
        for (path, body) in [(format!("{at}/events/one:restore"), value!({ "version": number })), (format!("{at}:restore"), value!({ "asOf": then }))] {
            problem(&send(&bob, "POST", &path, &body), 403, "need-privileges");
            problem(&send(&carol, "POST", &path, &body), 404, "not-found");
            problem(&send(&server.client_with_scope("alice", "read"), "POST", &path, &body), 403, "need-privileges");
        }
        assert_eq!(json(&alice.get(&format!("{at}/changes")).ok())["token"], token);
    }
}
