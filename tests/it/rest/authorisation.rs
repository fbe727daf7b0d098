//! Every operation that the description names, by everybody who may not do it: the list is that of the description, so that no
//! operation is forgotten.

use super::{id_of, json, problem};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::rest;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation: method, path with its places, and the media type of its body.
fn operations() -> Vec<(String, String, Option<String>)> {
    let description: Value = serde_json::from_str(rest::document()).expect("JSON");
    let mut all = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in METHODS.into_iter().filter(|method| item.get(*method).is_some()) {
            let operation = &item[method];
            // Public ones say so.
            if operation["security"].as_array().is_some_and(|all| {
                all.iter().all(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
            }) {
                continue;
            }
            let media = operation["requestBody"]["content"]
                .as_object()
                .and_then(|content| content.keys().next().cloned());
            all.push((method.to_uppercase(), path.clone(), media));
        }
    }
    assert!(all.len() > 35, "the operations are found: {}", all.len());
    all
}

/// A body that is what the operation takes, as far as that can be without knowing it.
fn body(media: &str) -> String {
    match media {
        "text/calendar" => samples::meeting("new"),
        "text/vcard" => samples::card("new", "New", &[]),
        _ => r#"{"name":"x"}"#.to_owned(),
    }
}

fn ask(client: &Client, method: &str, path: &str, media: Option<&String>) -> Answer {
    let mut request = client.request(method, path);
    if let Some(media) = media {
        request = request.header("Content-Type", media).body(body(media));
    }
    request.send()
}

/// A path with these ids in its places; `None` where it has none.
fn filled(path: &str, calendar: &str, book: &str, item: &str, row: &str) -> Option<String> {
    let id = if path.contains("/calendars/") {
        calendar
    } else if path.contains("/address-books/") {
        book
    } else {
        row
    };
    path.contains("{id}").then(|| {
        path.replace("{id}", id).replace("{item}", item).replace("{recurrenceId}", "2026-03-09T09:30:00")
    })
}

both! {
    fn nobody_does_anything_without_a_login(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        let expired = Client::bearer(server.address(), &server.wait(server.core().issue_token("alice", "", 0)).expect("a token"));
        std::thread::sleep(std::time::Duration::from_secs(6));
        for (method, path, media) in operations() {
            let path = filled(&path, &calendar, &book, "one", "1").unwrap_or(path);
            for client in [&server.anonymous(), &expired, &server.client("alice", "wrong")] {
                problem(&ask(client, &method, &path, media.as_ref()), 401, "unauthenticated");
            }
        }
    }

    fn what_is_another_s_is_not_there(db) {
        let server = TestServer::start(db);
        let (alice, carol) = (server.user("alice"), server.user("carol"));
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        alice.put(&alice.calendar("default/one"), samples::meeting("one")).created();
        alice.put(&alice.book("default/one"), samples::card("one", "One", &[])).created();
        let row = json(&alice.get("/api/v1/app-passwords").ok())["items"][0]["id"].as_str().expect("an id").to_owned();
        let before = json(&alice.get("/api/v1/changes").ok());
        for (method, path, media) in operations() {
            let Some(there) = filled(&path, &calendar, &book, "one", &row) else { continue };
            let none = filled(&path, "0000000000001", "0000000000001", "one", "1").expect("places");
            let (forbidden, absent) = (ask(&carol, &method, &there, media.as_ref()), ask(&carol, &method, &none, media.as_ref()));
            assert!((400..500).contains(&forbidden.status), "{method} {path}: {}", forbidden.status);
            assert_eq!((forbidden.status, forbidden.body), (absent.status, absent.body), "{method} {path}");
        }
        assert_eq!(json(&alice.get("/api/v1/changes").ok()), before, "nothing was changed");
    }

    fn who_may_only_read_changes_nothing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        alice.put(&alice.calendar("default/one"), samples::meeting("one")).created();
        alice.put(&alice.book("default/one"), samples::card("one", "One", &[])).created();
        let reader = server.client_with_scope("alice", "read");
        let row = json(&alice.get("/api/v1/app-passwords").ok())["items"][0]["id"].as_str().expect("an id").to_owned();
        let look = || (json(&alice.get("/api/v1/changes").ok()), json(&alice.get("/api/v1/app-passwords?").ok())["items"].as_array().map(Vec::len));
        let before = look();
        for (method, path, media) in operations() {
            let path = filled(&path, &calendar, &book, "one", &row).unwrap_or(path);
            let answer = ask(&reader, &method, &path, media.as_ref());
            if method != "GET" {
                assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
            }
        }
        assert_eq!(look(), before);
    }
}
