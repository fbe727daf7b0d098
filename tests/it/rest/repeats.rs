//! Requests that are sent again under their key because the answer was lost: nothing is done twice, whoever changed what meanwhile, on
//! another node and after a restart too; another request under the key is refused.

use super::{id_of, json, problem};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};
use std::time::Duration;

const PATCH: &str = "application/merge-patch+json";

/// A request under a key.
struct Keyed {
    method: &'static str,
    path: String,
    media: &'static str,
    body: Value,
    key: String,
    if_match: Option<String>,
}

impl Keyed {
    fn new(method: &'static str, path: String, body: Value, key: &str) -> Self {
        let media = if method == "PATCH" { PATCH } else { "application/json" };
        Keyed { method, path, media, body, key: key.to_owned(), if_match: None }
    }

    fn by(&self, client: &Client) -> Answer {
        let mut request = client.request(self.method, &self.path).header("Idempotency-Key", &self.key);
        if let Some(etag) = &self.if_match {
            request = request.header("If-Match", etag);
        }
        if self.body.is_null() {
            return request.send();
        }
        request.header("Content-Type", self.media).body(self.body.to_string()).send()
    }

    /// Sends it once more, here and from another node: both times the answer is the first one's.
    #[track_caller]
    fn again(&self, server: &TestServer, client: &Client, first: &Answer) {
        let node = server.beside(Limits::default());
        for client in [client, &node.client_with_scope("alice", "")] {
            let again = self.by(client);
            assert_eq!(
                (again.status, again.text()),
                (first.status, first.text()),
                "{} {}",
                self.method,
                self.path
            );
            assert_eq!(again.header("Location"), first.header("Location"));
        }
    }

    /// Asks something else under the same key.
    #[track_caller]
    fn other(&self, client: &Client, body: Value) {
        let mut other = Keyed::new(self.method, self.path.clone(), body, &self.key);
        other.if_match.clone_from(&self.if_match);
        problem(&other.by(client), 422, "key-reused");
    }
}

fn instant(server: &TestServer) -> String {
    std::thread::sleep(Duration::from_millis(3));
    let now = jiff::Timestamp::from_microsecond(server.core().now()).expect("an instant").to_string();
    std::thread::sleep(Duration::from_millis(3));
    now
}

fn event(uid: &str, title: &str) -> String {
    samples::event(uid, &["DTSTART:20260301T090000Z", &format!("SUMMARY:{title}")])
}

fn names(client: &Client, path: &str) -> Vec<String> {
    let found = client.propfind(path, "1", &["D:getetag"]).multistatus();
    let names = found.hrefs().into_iter().filter(|href| !href.ends_with('/'));
    names.map(|href| href.rsplit('/').next().expect("a name").to_owned()).collect()
}

fn outcomes(report: &Value) -> Vec<String> {
    let all = report["items"].as_array().unwrap_or_else(|| panic!("{report}"));
    all.iter()
        .map(|one| {
            format!("{} {}", one["id"].as_str().expect("an id"), one["outcome"].as_str().expect("one"))
        })
        .collect()
}

both! {
    fn a_change_of_an_item_is_made_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, tasks, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "calendars", "tasks"), id_of(&alice, "address-books", "default"));
        for (dav, path, body, change, line, key) in [
            (alice.calendar("default/a"), format!("/api/v1/calendars/{calendar}/events/a"), event("a", "Alt"), value!({"title": "Neu"}), "SUMMARY:Neu\r\n", "k-event"),
            (alice.calendar("tasks/a"), format!("/api/v1/calendars/{tasks}/tasks/a"), samples::todo("a", &["SUMMARY:Alt"]), value!({"title": "Neu"}), "SUMMARY:Neu\r\n", "k-task"),
            (alice.book("default/a"), format!("/api/v1/address-books/{book}/contacts/a"), samples::card("a", "Alt", &[]), value!({"name": {"full": "Neu"}}), "FN:Neu\r\n", "k-contact"),
        ] {
            let before = alice.put(&dav, body.clone()).created().etag();
            let mut asked = Keyed::new("PATCH", path, change, key);
            asked.if_match = Some(before);
            let first = asked.by(&alice);
            assert_eq!(first.status, 200, "{}", first.text());
            assert!(alice.get(&dav).ok().text().contains(line));
            // Somebody else changes it; the repeated request neither undoes that nor is told of it.
            alice.put(&dav, body.clone()).no_content();
            asked.again(&server, &alice, &first);
            assert_eq!(alice.get(&dav).ok().text(), body);
            asked.other(&alice, value!({"title": "Anders"}));
            // What changes nothing is noted, too; what is refused is not.
            let nothing = Keyed::new("PATCH", asked.path.clone(), value!({}), &format!("{key}-nothing"));
            let first = nothing.by(&alice);
            assert_eq!(first.status, 200, "{}", first.text());
            alice.delete(&dav).no_content();
            nothing.again(&server, &alice, &first);
            let refused = Keyed::new("PATCH", asked.path.clone(), value!({"title": "x"}), &format!("{key}-gone"));
            problem(&refused.by(&alice), 404, "not-found");
            alice.put(&dav, body.clone()).created();
            assert_ne!(refused.by(&alice).status, 404);
        }
    }

    fn what_is_done_to_instances_is_done_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = id_of(&alice, "calendars", "default");
        let (dav, home) = (alice.calendar("default/s"), alice.calendar("default/"));
        let series = samples::event("s", &["DTSTART:20260302T090000Z", "RRULE:FREQ=DAILY;COUNT=6"]);
        alice.put(&dav, series.clone()).created();
        let at = |id: &str, rest: &str| format!("/api/v1/calendars/{calendar}/events/s/instances/{id}{rest}");
        // A split series is not split again, and the answer names the same second one.
        let split = Keyed::new("PATCH", at("2026-03-05T09:00:00", "?reach=following"), value!({"title": "Neu"}), "split");
        let first = split.by(&alice);
        let second = json(&first)["following"]["id"].as_str().expect("a second item").to_owned();
        split.again(&server, &alice, &first);
        assert_eq!(names(&alice, &home).len(), 2);
        split.other(&alice, value!({"title": "Anders"}));
        // Of its end and its removal.
        let end = Keyed::new("DELETE", at("2026-03-04T09:00:00", "?reach=following"), Value::Null, "end");
        let first = end.by(&alice);
        assert_eq!(first.status, 200, "{}", first.text());
        end.again(&server, &alice, &first);
        let gone = Keyed::new("DELETE", at("2026-03-02T09:00:00", "?reach=all"), Value::Null, "gone");
        let first = gone.by(&alice);
        assert_eq!(first.status, 204, "{}", first.text());
        alice.put(&dav, series.clone()).created();
        gone.again(&server, &alice, &first);
        assert_eq!(alice.get(&dav).ok().text(), series, "what came after it stays");
        alice.delete(&alice.calendar(&format!("default/{second}"))).no_content();
        // Of one instance: cancelled, brought back, changed.
        let cancel = Keyed::new("DELETE", at("2026-03-04T09:00:00", ""), Value::Null, "cancel");
        let cancelled = cancel.by(&alice);
        let restore = Keyed::new("POST", at("2026-03-04T09:00:00", ":restore"), Value::Null, "restore");
        let restored = restore.by(&alice);
        assert_eq!((cancelled.status, restored.status), (200, 200), "{}", restored.text());
        cancel.again(&server, &alice, &cancelled);
        assert!(!alice.get(&dav).ok().text().contains("EXDATE"), "it is not cancelled a second time");
        let change = Keyed::new("PATCH", at("2026-03-04T09:00:00", ""), value!({"title": "Neu"}), "change");
        let changed = change.by(&alice);
        let undone = alice.request("POST", &at("2026-03-04T09:00:00", ":restore")).send();
        assert_eq!((changed.status, undone.status), (200, 200));
        change.again(&server, &alice, &changed);
        assert!(!alice.get(&dav).ok().text().contains("RECURRENCE-ID"));
        restore.again(&server, &alice, &restored);
        // After a restart, too.
        let server = server.restart();
        let alice = server.client_with_scope("alice", "");
        assert_eq!(change.by(&alice).text(), changed.text());
        assert_eq!(json(&split.by(&alice))["following"]["id"], value!(second));
    }

    fn a_collection_is_restored_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (id, home) = (id_of(&alice, "calendars", "default"), alice.calendar("default/"));
        let members: Vec<(String, String)> = (0..620).map(|at| (format!("n{at:03}"), event(&format!("u{at}"), "then"))).collect();
        crate::harness::many::fill(&server, "alice", "default", &members);
        let then = instant(&server);
        for (name, _) in &members {
            alice.delete(&format!("{home}{name}")).no_content();
        }
        // What a request before this one had done when its node went away: nothing was noted, some items are there.
        let path = format!("/api/v1/calendars/{id}:restore");
        let part = Keyed::new("POST", format!("/api/v1/calendars/{id}/events/n007:restore"), value!({"asOf": then}), "part");
        assert_eq!(part.by(&alice).status, 201);
        let trial = Keyed::new("POST", path.clone(), value!({"asOf": then, "dryRun": true}), "trial");
        assert_eq!(json(&trial.by(&alice))["changed"], 619);
        let all = Keyed::new("POST", path.clone(), value!({"asOf": then}), "all");
        let first = all.by(&alice);
        let told = json(&first);
        assert_eq!((&told["atomic"], &told["changed"], &told["left"]), (&value!(false), &value!(619), &value!(0)));
        assert!(!outcomes(&told).contains(&"n007 returned".to_owned()));
        assert_eq!(names(&alice, &home).len(), 620);
        // Somebody deletes many again, more than one transaction restores: the repeated request tells what it did, and leaves them.
        for (name, _) in &members[..510] {
            alice.delete(&format!("{home}{name}")).no_content();
        }
        all.again(&server, &alice, &first);
        assert_eq!(names(&alice, &home).len(), 110);
        all.other(&alice, value!({"asOf": then, "device": "client-x"}));
        // A trial is not noted: it tells what would be done now.
        assert_eq!(json(&trial.by(&alice))["changed"], 510);
        // Where nothing is to be done, that is what was done.
        let now = instant(&server);
        let none = Keyed::new("POST", path, value!({"asOf": now}), "none");
        let first = none.by(&alice);
        assert_eq!(outcomes(&json(&first)), Vec::<String>::new());
        alice.delete(&format!("{home}n600")).no_content();
        none.again(&server, &alice, &first);
        assert_eq!(names(&alice, &home).len(), 109);
        let server = server.restart();
        let alice = server.client_with_scope("alice", "");
        assert_eq!(json(&all.by(&alice)), told);
    }

    fn a_device_is_undone_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let phone = server.client_with_scope("alice", "");
        let (cal, book) = (alice.calendar("default/"), alice.book("default/"));
        for name in ["a", "b"] {
            alice.put(&format!("{cal}{name}"), event(name, "then")).created();
        }
        alice.put(&format!("{book}x"), samples::card("x", "Then", &[])).created();
        let since = instant(&server);
        phone.delete(&format!("{cal}a")).no_content();
        phone.put(&format!("{cal}b"), event("b", "mad")).no_content();
        phone.put(&format!("{book}x"), samples::card("x", "Mad", &[])).no_content();
        let devices = json(&alice.get("/api/v1/devices").ok());
        let mad = devices["items"].as_array().expect("devices").iter().find(|one| one["current"] == false).expect("the phone");
        // Half done by a request whose answer was lost with its node: what it did lies on top now.
        let calendar = id_of(&alice, "calendars", "default");
        let part = Keyed::new("POST", format!("/api/v1/calendars/{calendar}/events/b:restore"), value!({"asOf": since}), "part");
        assert_eq!(part.by(&alice).status, 200);
        let undo = Keyed::new("POST", format!("/api/v1/devices/{}:undo", mad["id"].as_str().expect("an id")), value!({"since": since}), "undo");
        let first = undo.by(&alice);
        let told = json(&first);
        assert_eq!(outcomes(&told["collections"][0]["report"]), ["a returned", "b covered"], "{told}");
        assert_eq!(outcomes(&told["collections"][1]["report"]), ["x reverted"], "{told}");
        // The phone is at it again: that is another thing to undo.
        phone.delete(&format!("{cal}a")).no_content();
        phone.delete(&format!("{book}x")).no_content();
        undo.again(&server, &alice, &first);
        assert_eq!((names(&alice, &cal), names(&alice, &book).len()), (vec!["b".to_owned()], 0));
        undo.other(&alice, value!({"since": since, "dryRun": false}));
        let anew = Keyed { key: "anew".to_owned(), ..undo };
        assert_eq!(anew.by(&alice).status, 200);
        assert_eq!((names(&alice, &cal).len(), names(&alice, &book).len()), (2, 1));
    }

    fn a_deleted_collection_is_put_back_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (list, key) in [("calendars", "k-calendar"), ("address-books", "k-book")] {
            let make = Keyed::new("POST", format!("/api/v1/{list}"), value!({"name": "Projet"}), if list == "calendars" { "m-calendar" } else { "m-book" });
            let made = make.by(&alice);
            make.again(&server, &alice, &made);
            let id = json(&made)["id"].as_str().expect("an id").to_owned();
            let at = format!("/api/v1/{list}/{id}");
            alice.delete(&at).no_content();
            let back = Keyed::new("POST", format!("/api/v1/deleted-{list}/{id}:restore"), Value::Null, key);
            let first = back.by(&alice);
            assert_eq!(json(&first), value!({"id": id, "samePlace": true}));
            // Deleted once more: the repeated request leaves it so.
            alice.delete(&at).no_content();
            back.again(&server, &alice, &first);
            problem(&alice.get(&at).send(), 404, "not-found");
            let other = Keyed::new("POST", format!("/api/v1/deleted-{list}/0000000000001:restore"), Value::Null, key);
            problem(&other.by(&alice), 422, "key-reused");
            let anew = if list == "calendars" { "anew-calendar" } else { "anew-book" };
            assert_eq!(Keyed { key: anew.to_owned(), ..back }.by(&alice).status, 200);
        }
    }
}
