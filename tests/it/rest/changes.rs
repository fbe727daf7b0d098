//! Changes: the same tokens as DAV's sync, waited for, and as a stream.

use super::{id_of, json, problem, send, three};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn of(client: &Client, list: &str) -> String {
    format!("/api/v1/{list}/{}/changes", id_of(client, list, "default"))
}

fn since(path: &str, token: &str) -> String {
    format!("{path}?since={token}")
}

fn token(told: &Value) -> String {
    told["token"].as_str().expect("a token").to_owned()
}

/// Reads events from a stream until one with data comes.
fn next_event(lines: &mut impl BufRead) -> Value {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "the stream ended");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).expect("JSON");
        }
    }
}

fn open(client: &Client, path: &str, headers: &str) -> BufReader<TcpStream> {
    let mut request = client.head("GET", path, &format!("Accept: text/event-stream\r\n{headers}"));
    request.extend_from_slice(b"\r\n");
    let mut lines = BufReader::new(client.raw(&request));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(lines.read_line(&mut head).expect("a line") > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
    lines
}

both! {
    fn tokens_are_those_of_dav(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for list in ["calendars", "address-books"] {
            let (at, dav, body) = match list {
                "calendars" => (of(&alice, list), alice.calendar("default/"), samples::meeting("one")),
                _ => (of(&alice, list), alice.book("default/"), samples::card("one", "One", &[])),
            };
            let begin = json(&alice.get(&at).ok());
            assert_eq!((&begin["changes"], &begin["more"]), (&value!([]), &value!(false)));
            assert_eq!(begin["token"], alice.property(&dav, "D:sync-token"));
            let etag = alice.put(&format!("{dav}one"), body).created().etag();
            let next = json(&alice.get(&since(&at, &token(&begin))).ok());
            let component = if list == "calendars" { "VEVENT" } else { "VCARD" };
            assert_eq!(next["changes"], value!([{ "id": "one", "etag": etag, "component": component, "removed": false }]));
            assert_eq!(next["token"], alice.property(&dav, "D:sync-token"));
            alice.delete(&format!("{dav}one")).no_content();
            let gone = json(&alice.get(&since(&at, &token(&next))).ok());
            assert_eq!(gone["changes"], value!([{ "id": "one", "etag": null, "component": null, "removed": true }]));
            // A token of the one door goes on by the other.
            let by_dav = crate::sync::ask(&alice, &dav, &token(&begin), None).multistatus();
            assert_eq!(by_dav.members.len(), 1);
            // A first look tells nothing of what is gone.
            assert_eq!(json(&alice.get(&at).ok())["changes"], value!([]));
        }
    }

    fn pages_of_changes_give_the_collection(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = of(&alice, "calendars");
        for at in 0..9 {
            alice.put(&alice.calendar(&format!("default/{at}")), samples::meeting(&at.to_string())).created();
        }
        for at in [2, 5] {
            alice.delete(&alice.calendar(&format!("default/{at}"))).no_content();
        }
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let mut path = format!("{at}?limit=2");
        loop {
            let page = json(&alice.get(&path).ok());
            for change in page["changes"].as_array().expect("changes") {
                let id = change["id"].as_str().expect("an id").to_owned();
                match change["etag"].as_str() {
                    Some(etag) => drop(known.insert(id, etag.to_owned())),
                    None => drop(known.remove(&id)),
                }
            }
            path = format!("{at}?limit=2&since={}", token(&page));
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(known.keys().map(String::as_str).collect::<Vec<_>>(), ["0", "1", "3", "4", "6", "7", "8"]);
    }

    fn foreign_tokens_are_refused(db) {
        let server = TestServer::start(db);
        let (alice, _, carol) = three(&server);
        let (at, book) = (of(&alice, "calendars"), of(&alice, "address-books"));
        let own = token(&json(&alice.get(&at).ok()));
        let future = format!("{}9", own);
        for (path, wrong) in [(&at, "x"), (&at, "urn:cenacle:sync:0:c1:1"), (&book, own.as_str()), (&at, future.as_str())] {
            assert_eq!(problem(&alice.get(&since(path, wrong)).send(), 400, "valid-sync-token"), "since", "{wrong}");
        }
        let account = token(&json(&alice.get("/api/v1/changes").ok()));
        for wrong in ["x", own.as_str(), &format!("{account},{account}"), &format!("{account}9")] {
            assert_eq!(problem(&alice.get(&since("/api/v1/changes", wrong)).send(), 400, "valid-sync-token"), "since", "{wrong}");
        }
        problem(&carol.get(&since(&at, &own)).send(), 404, "not-found");
        problem(&carol.get(&since("/api/v1/changes", &account)).send(), 400, "valid-sync-token");
        for (query, field) in [("wait=61", "wait"), ("wait=x", "wait"), ("limit=0", "limit"), ("more=1", "more")] {
            assert_eq!(problem(&alice.get(&format!("{at}?{query}")).send(), 400, "bad-request"), field);
        }
    }

    fn an_account_tells_which_collections_changed(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let begin = json(&bob.get("/api/v1/changes").ok());
        let ids = |told: &Value, member: &str| -> Vec<String> {
            told[member].as_array().expect("a list").iter().map(|one| one["id"].as_str().or(one.as_str()).expect("an id").to_owned()).collect()
        };
        assert_eq!(ids(&begin, "changed"), ids(&begin, "present"));
        assert_eq!(ids(&begin, "present").len(), 3);
        assert_eq!(ids(&begin, "shared"), [id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default")]);
        let nothing = json(&bob.get(&since("/api/v1/changes", &token(&begin))).ok());
        assert_eq!((&nothing["changed"], &nothing["token"]), (&value!([]), &begin["token"]));
        bob.put(&bob.calendar("default/one"), samples::meeting("one")).created();
        bob.mkcalendar(&bob.calendar("new/"), "").created();
        let next = json(&bob.get(&since("/api/v1/changes", &token(&begin))).ok());
        assert_eq!(next["changed"].as_array().map(Vec::len), Some(2));
        let default = next["changed"].as_array().expect("a list").iter().find(|one| one["syncToken"] == bob.property(&bob.calendar("default/"), "D:sync-token"));
        assert_eq!(default.expect("the calendar")["list"], "calendars");
        let gone = ids(&next, "present");
        bob.delete(&bob.calendar("new/")).no_content();
        let last = json(&bob.get(&since("/api/v1/changes", &token(&next))).ok());
        assert_eq!(ids(&last, "present").len(), gone.len() - 1);
        // Only what a proof reaches.
        let dates = server.client_with_scope("bob", "calendars");
        let told = json(&dates.get("/api/v1/changes").ok());
        assert!(ids(&told, "present").len() == 2 && ids(&told, "shared").len() == 1 && !token(&told).contains(','));
    }

    fn who_waits_is_answered_when_something_changes(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let at = of(&alice, "calendars");
        for (client, path) in [(&alice, at.as_str()), (&bob, at.as_str()), (&alice, "/api/v1/changes"), (&bob, "/api/v1/changes")] {
            let old = token(&json(&client.get(path).ok()));
            let begun = Instant::now();
            let waiting = client.another();
            let told = std::thread::scope(|scope| {
                let asked = since(path, &old);
                let waiter = scope.spawn(move || json(&waiting.get(&format!("{asked}&wait=30")).ok()));
                std::thread::sleep(Duration::from_millis(600));
                assert!(!waiter.is_finished(), "nothing has changed yet");
                let name = alice.calendar(&format!("default/{}", path.len()));
                alice.put(&name, samples::event(&format!("{}", path.len()), &["DTSTART:20260301T090000Z", &format!("X-AT:{:?}", begun)])).send();
                waiter.join().expect("an answer")
            });
            assert!(begun.elapsed() < Duration::from_secs(20));
            assert!(told["token"] != old || told["shared"][0]["syncToken"].is_string(), "{told}");
        }
        // Where nothing changes the answer says so in its time.
        let old = token(&json(&alice.get(&at).ok()));
        let begun = Instant::now();
        let none = json(&alice.get(&format!("{}&wait=1", since(&at, &old))).ok());
        assert_eq!((&none["changes"], token(&none)), (&value!([]), old));
        assert!(begun.elapsed() >= Duration::from_secs(1));
    }

    fn a_right_that_is_taken_away_ends_the_waiting(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let at = of(&alice, "calendars");
        let old = token(&json(&bob.get(&at).ok()));
        let waiting = bob.another();
        let mut lines = open(&bob, &since(&at, &old), "");
        next_event(&mut lines);
        let answer = std::thread::scope(|scope| {
            let asked = format!("{}&wait=30", since(&at, &old));
            let waiter = scope.spawn(move || waiting.get(&asked).send());
            std::thread::sleep(Duration::from_millis(500));
            alice.request("ACL", &alice.calendar("default/")).xml(&crate::harness::xml::document("D:acl", "")).ok();
            waiter.join().expect("an answer")
        });
        problem(&answer, 404, "not-found");
        // The last chunk is the end of the stream.
        let mut rest = String::new();
        while !rest.ends_with("\r\n0\r\n") && rest != "0\r\n" {
            assert!(lines.read_line(&mut rest).expect("a line") > 0, "{rest}");
        }
        assert!(!rest.contains("data:"), "{rest}");
    }

    fn a_login_that_ends_ends_the_waiting(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let now = jiff::Timestamp::now();
        let end = (now + jiff::SignedDuration::from_secs(4)).as_microsecond();
        let password = server.wait(server.core().add_app_password_until("alice", "short", "", Some(end))).expect("a password").1;
        let body = value!({ "grant_type": "password", "username": "alice", "password": password });
        let session = json(&send(&server.anonymous(), "POST", "/api/v1/auth/token", &body));
        let token = |seconds: u64| server.wait(server.core().issue_token("alice", "", seconds)).expect("a token");
        let (short, long) = (token(3), token(3600));
        let mut waiting = vec![
            Client::new(server.address(), "alice", &password),
            Client::bearer(server.address(), &password),
            Client::bearer(server.address(), session["access_token"].as_str().expect("a token")),
            Client::bearer(server.address(), &short),
        ];
        let old = self::token(&json(&alice.get("/api/v1/changes").ok()));
        let asked = since("/api/v1/changes", &old);
        let all_end = |waiting: &[Client]| {
            std::thread::scope(|scope| {
                for client in waiting {
                    let (client, other, asked) = (client.another(), client.another(), &asked);
                    scope.spawn(move || {
                        let begun = Instant::now();
                        problem(&client.get(&format!("{asked}&wait=20")).send(), 401, "unauthenticated");
                        assert!(begun.elapsed() < Duration::from_secs(12));
                    });
                    scope.spawn(move || {
                        let mut stream = open(&other, "/api/v1/changes", "");
                        let mut told = String::new();
                        while !told.ends_with("\r\n0\r\n") {
                            assert!(stream.read_line(&mut told).expect("a line") > 0, "{told}");
                        }
                    });
                }
            });
        };
        all_end(&waiting);
        // One of which somebody else has the key.
        waiting = vec![Client::bearer(server.address(), &long)];
        let core = server.core().clone();
        std::thread::scope(|scope| {
            let (server, core) = (&server, &core);
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(600));
                server.wait(core.replace_keys()).expect("a key");
            });
            all_end(&waiting);
        });
        alice.get("/api/v1/changes").ok();
    }

    fn a_stream_tells_each_change_and_goes_on(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = of(&alice, "calendars");
        let mut lines = open(&alice, &at, "");
        let first = next_event(&mut lines);
        assert_eq!(first["changes"], value!([]));
        alice.put(&alice.calendar("default/one"), samples::meeting("one")).created();
        let event = next_event(&mut lines);
        assert_eq!(event["changes"][0]["id"], "one");
        drop(lines);
        // Another connection goes on where the first was.
        alice.delete(&alice.calendar("default/one")).no_content();
        let mut lines = open(&alice, &at, &format!("Last-Event-ID: {}\r\n", token(&event)));
        assert_eq!(next_event(&mut lines)["changes"][0]["removed"], true);
        let mut account = open(&alice, "/api/v1/changes", "");
        let first = next_event(&mut account);
        alice.put(&alice.book("default/one"), samples::card("one", "One", &[])).created();
        let event = next_event(&mut account);
        assert_eq!(event["changed"][0]["list"], "address-books");
        assert_ne!(event["token"], first["token"]);
        problem(&alice.get(&since(&at, "x")).header("Accept", "text/event-stream").send(), 400, "valid-sync-token");
    }

    fn nobody_takes_all_places(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = of(&alice, "calendars");
        let streams: Vec<_> = (0..50).map(|_| open(&alice, &at, "")).collect();
        let refused = alice.get(&at).header("Accept", "text/event-stream").send();
        problem(&refused, 429, "rate-limited");
        assert!(refused.header("Retry-After").is_some());
        // Others still have theirs, and she still reads.
        drop(open(&server.user("bob"), "/api/v1/changes", ""));
        alice.get(&at).ok();
        drop(streams);
    }
}
