//! Subscribed remote calendars, through a real reader and a remote of the test's own.

mod remote;

use super::{id_of, json, problem, send};
use crate::harness::{Client, Db, TestServer, both, samples, xml};
use cenacle::config::Config;
use cenacle::outbound::fetch::Fetcher;
use cenacle::server::feeds;
use cenacle::services::Limits;
use remote::Remote;
use serde_json::{Value, json as value};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// Nothing takes longer than this.
const SOON: Duration = Duration::from_secs(20);
const LIST: &str = "/api/v1/subscriptions";

/// A node that reads, until it is dropped.
struct Node(AbortHandle);

impl Drop for Node {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Remotes of tests are on this machine, and have no TLS.
fn local() -> Config {
    Config {
        subscription_networks: vec!["127.0.0.0/8".into(), "::1".into()],
        subscription_http: true,
        ..Config::default()
    }
}

fn limits() -> Limits {
    Limits { subscription_pause: Duration::ZERO, ..Limits::default() }
}

fn reading(server: &TestServer, config: &Config) -> Node {
    let fetcher = Fetcher::new(config.subscription_targets().expect("networks")).expect("certificates");
    Node(server.spawn(feeds::run(server.core().clone(), fetcher, Duration::from_millis(100))))
}

/// A server and its one node that reads.
fn started(db: Db) -> (Node, TestServer) {
    let server = TestServer::with(db, limits(), local());
    (reading(&server, &local()), server)
}

fn event(uid: &str, title: &str, stamp: &str) -> String {
    let (uid, title, stamp) = (format!("UID:{uid}"), format!("SUMMARY:{title}"), format!("DTSTAMP:{stamp}"));
    samples::lines(&[
        "BEGIN:VEVENT",
        &uid,
        &stamp,
        "DTSTART:20260301T090000Z",
        "DTEND:20260301T100000Z",
        &title,
        "END:VEVENT",
    ])
}

fn feed(head: &str, events: &[String]) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Remote//EN\r\n{head}{}END:VCALENDAR\r\n",
        events.concat()
    )
}

/// Two events, all of them written at this time.
fn two(stamp: &str) -> String {
    feed("", &[event("a", "One", stamp), event("b", "Two", stamp)])
}

const STAMP: &str = "20260101T000000Z";

/// Subscribes; gives the id.
#[track_caller]
fn subscribe(client: &Client, url: &str) -> String {
    let made = send(client, "POST", LIST, &value!({ "url": url, "name": "Remote", "color": "#112233" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let id = json(&made)["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("Location"), Some(format!("{LIST}/{id}").as_str()));
    id
}

/// The subscription, once it is so.
#[track_caller]
fn until(client: &Client, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let told = json(&client.get(&format!("{LIST}/{id}")).ok());
        if is_so(&told) {
            return told;
        }
        assert!(begun.elapsed() < SOON, "{told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Has it looked at once more, and waits until that was done.
#[track_caller]
fn again(client: &Client, id: &str) -> Value {
    let before = json(&client.get(&format!("{LIST}/{id}")).ok())["lastTried"].clone();
    assert_eq!(send(client, "POST", &format!("{LIST}/{id}:refresh"), &value!({})).status, 202);
    until(client, id, |told| told["lastTried"] != before)
}

/// What changed in a calendar since a token, and the new token.
#[track_caller]
fn changes(client: &Client, id: &str, since: &str) -> (Vec<Value>, String) {
    let page = json(&client.get(&format!("/api/v1/calendars/{id}/changes?since={since}")).ok());
    let token = page["token"].as_str().expect("a token").to_owned();
    (page["changes"].as_array().unwrap_or_else(|| panic!("{page}")).clone(), token)
}

fn titles(client: &Client, id: &str) -> Vec<String> {
    let page = json(
        &client
            .get(&format!(
                "/api/v1/calendars/{id}/events?limit=1000&expand=true&from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
            ))
            .ok(),
    );
    let mut all: Vec<String> = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one["title"].as_str().expect("a title").to_owned())
        .collect();
    all.sort();
    all
}

both! {
    fn a_remote_calendar_is_one_like_others_but_nobody_writes_to_it(db) {
        let (_node, server) = started(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let remote = Remote::start(&two(STAMP));
        let id = subscribe(&alice, &remote.url());
        let told = until(&alice, &id, |told| told["lastFetched"] != Value::Null);
        assert_eq!((&told["items"], &told["refused"], &told["lastError"], &told["interval"]), (&value!(2), &value!(0), &Value::Null, &value!(60)));
        assert_eq!((&told["url"], &told["name"], &told["color"]), (&value!(remote.url()), &value!("Remote"), &value!("#112233")));
        assert_eq!(titles(&alice, &id), ["One", "Two"]);
        // A calendar among the others, with the rights of a reader.
        let calendar = json(&alice.get(&format!("/api/v1/calendars/{id}")).ok());
        let rights: Vec<&str> = calendar["rights"].as_array().expect("rights").iter().filter_map(Value::as_str).collect();
        assert!(rights.contains(&"read") && rights.contains(&"write-properties") && rights.contains(&"write-acl"), "{rights:?}");
        for right in ["write-content", "bind", "unbind"] {
            assert!(!rights.contains(&right), "{right}");
        }
        assert_eq!(calendar["transparent"], true);
        let href = calendar["href"].as_str().expect("a path").to_owned();
        let found = alice.propfind(&href, "0", &["S:source", "D:resourcetype", "D:current-user-privilege-set"]).multistatus();
        let found = found.only();
        assert_eq!(found.prop("S:source").child("D:href").map(|href| href.text.clone()), Some(remote.url()));
        assert!(found.prop("D:resourcetype").holds("C:calendar") && !found.prop("D:current-user-privilege-set").holds("D:bind"));
        let item = alice.propfind(&href, "1", &["D:getetag"]).multistatus();
        let item = item.hrefs().into_iter().find(|one| *one != href).expect("an item").to_owned();
        for status in [
            alice.put(&format!("{href}new.ics"), samples::meeting("new")).send().status, alice.put(&item, samples::meeting("a")).send().status,
            alice.delete(&item).send().status, alice.put(&format!("/api/v1/calendars/{id}/events/x"), samples::meeting("x")).send().status,
        ] {
            assert_eq!(status, 403);
        }
        let copied = alice.copy(&item, &alice.calendar("default/copy.ics")).send();
        assert_eq!(copied.status, 201, "it can be copied from");
        // It is named and coloured like any other, and given to others, who are not told where it comes from.
        alice.proppatch(&href, "<D:set><D:prop><D:displayname>Mine</D:displayname></D:prop></D:set>").multistatus();
        assert_eq!(until(&alice, &id, |_| true)["name"], "Mine");
        for prop in ["<S:source xmlns:S=\"http://calendarserver.org/ns/\">x</S:source>", "<x:subscription xmlns:x=\"urn:cenacle:properties\"/>"] {
            for verb in ["set", "remove"] {
                let refused = alice.proppatch(&href, &format!("<D:{verb}><D:prop>{prop}</D:prop></D:{verb}>")).send().text();
                assert!(refused.contains("403"), "{prop}: {refused}");
            }
        }
        let ace = format!("<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>", bob.principal());
        alice.request("ACL", &href).xml(&xml::document("D:acl", &ace)).ok();
        bob.get(&item).ok();
        assert_eq!(bob.put(&item, samples::meeting("a")).send().status, 403);
        let asked = bob.propfind(&href, "0", &["S:source", "D:displayname"]).send().text();
        assert!(!asked.contains(&remote.url()) && asked.contains("404"), "{asked}");
        problem(&bob.get(&format!("{LIST}/{id}")).send(), 404, "not-found");
        // A copy of all of it is one's own.
        alice.copy(&href, &alice.calendar("mine/")).created();
        alice.put(&alice.calendar("mine/x.ics"), samples::meeting("x")).created();
    }

    fn only_what_changed_has_a_new_number(db) {
        let (_node, server) = started(db);
        let alice = server.user("alice");
        let remote = Remote::start(&two(STAMP));
        let id = subscribe(&alice, &remote.url());
        until(&alice, &id, |told| told["items"] == 2);
        let token = json(&alice.get(&format!("/api/v1/calendars/{id}/changes")).ok())["token"].as_str().expect("a token").to_owned();
        // Written anew each time, as many servers do.
        remote.has(&two("20260202T000000Z"));
        again(&alice, &id);
        assert_eq!(changes(&alice, &id, &token).0, Vec::<Value>::new());

        remote.has(&feed("", &[event("b", "Zwei", "20260303T000000Z"), event("c", "Three", STAMP), "BEGIN:VEVENT\r\nUID:d\r\nEND:VEVENT\r\n".into()]));
        let told = again(&alice, &id);
        assert_eq!((&told["items"], &told["refused"]), (&value!(2), &value!(1)), "{told}");
        assert_eq!(titles(&alice, &id), ["Three", "Zwei"]);
        let (changed, _) = changes(&alice, &id, &token);
        assert_eq!(changed.len(), 3, "one is new, one changed, one went: {changed:?}");
        remote.has(&feed("", &[]));
        again(&alice, &id);
        assert!(titles(&alice, &id).is_empty(), "an empty feed is one");
    }

    fn what_is_known_is_not_fetched_again_and_what_fails_changes_nothing(db) {
        let (_node, server) = started(db);
        let alice = server.user("alice");
        let remote = Remote::start("");
        remote.answers(200, &[("ETag", "\"v1\""), ("Last-Modified", "Mon, 02 Mar 2026 00:00:00 GMT")], &two(STAMP));
        let id = subscribe(&alice, &remote.url());
        let first = until(&alice, &id, |told| told["items"] == 2);
        remote.answers(304, &[], "");
        let told = again(&alice, &id);
        assert_ne!(told["lastFetched"], first["lastFetched"], "found to be the same");
        let asked = remote.asked();
        assert!(asked[0].iter().any(|line| line == "Accept-Encoding: gzip") && !asked[0].iter().any(|line| line.starts_with("If-")));
        for line in ["If-None-Match: \"v1\"", "If-Modified-Since: Mon, 02 Mar 2026 00:00:00 GMT"] {
            assert!(asked[1].iter().any(|known| known == line), "{line}: {asked:?}");
        }
        for (status, headers, body, error) in [
            (500, &[][..], "", "refused"), (404, &[], "", "refused"), (200, &[], "<html>not here</html>", "no-calendar"), (200, &[], "", "no-calendar"),
            (302, &[("Location", "http://10.0.0.1/")], "", "address-forbidden"), (302, &[("Location", "http://169.254.169.254/")], "", "address-forbidden"),
            (302, &[("Location", "/feed.ics")], "", "too-many-redirects"), (200, &[("Content-Encoding", "br")], "x", "not-http"),
        ] {
            remote.answers(status, headers, body);
            let told = again(&alice, &id);
            assert_eq!(told["lastError"], error, "{told}");
            assert_eq!(told["lastStatus"], if error == "refused" { value!(status) } else { Value::Null });
            assert_eq!(titles(&alice, &id), ["One", "Two"], "{error}");
        }
        // Later and later.
        let next: jiff::Timestamp = again(&alice, &id)["nextFetch"].as_str().expect("a time").parse().expect("a time");
        assert!(next.duration_since(jiff::Timestamp::now()).as_hours() >= 12, "{next}");
        remote.has(&two(STAMP));
        assert_eq!(again(&alice, &id)["lastError"], Value::Null);
    }

    fn a_feed_is_asked_no_more_often_than_it_wants(db) {
        let (_node, server) = started(db);
        let alice = server.user("alice");
        let remote = Remote::start(&feed("REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n", &[event("a", "One", STAMP)]));
        let id = subscribe(&alice, &remote.url());
        let told = until(&alice, &id, |told| told["items"] == 1);
        assert_eq!(told["interval"], 360);
        let patched = |body: Value| json(&send(&alice, "PATCH", &format!("{LIST}/{id}"), &body));
        assert_eq!(patched(value!({ "refresh": 5 }))["interval"], 360);
        assert_eq!(patched(value!({ "refresh": 600 }))["interval"], 600);
        let told = patched(value!({ "refresh": null, "name": "Other", "color": null }));
        assert_eq!((&told["refresh"], &told["name"], &told["color"], &told["interval"]), (&Value::Null, &value!("Other"), &Value::Null, &value!(360)));
        let other = Remote::start(&feed("", &[event("z", "Elsewhere", STAMP)]));
        patched(value!({ "url": other.url(), "refresh": 1 }));
        let told = until(&alice, &id, |told| told["lastFetched"] != Value::Null && told["interval"] == 15);
        assert_eq!(told["refresh"], 1);
        let begun = Instant::now();
        while titles(&alice, &id) != ["Elsewhere"] {
            assert!(begun.elapsed() < SOON);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn what_cannot_be_is_refused_by_its_field(db) {
        let server = TestServer::with(db, limits(), Config::default());
        let alice = server.user("alice");
        for (body, field) in [
            (value!({ "url": "http://a.example/", "name": "A" }), "/url"), (value!({ "url": "https://127.0.0.1/", "name": "A" }), "/url"),
            (value!({ "url": "https://u:p@a.example/", "name": "A" }), "/url"), (value!({ "url": "x", "name": "A" }), "/url"),
            (value!({ "url": "https://a.example/", "name": " " }), "/name"), (value!({ "url": "https://a.example/", "name": "A", "color": "red" }), "/color"),
            (value!({ "url": "https://a.example/", "name": "A", "refresh": 0 }), "/refresh"), (value!({ "url": "https://a.example/", "name": "A", "refresh": 10081 }), "/refresh"),
        ] {
            assert_eq!(problem(&send(&alice, "POST", LIST, &body), 400, "bad-request"), field, "{body}");
        }
        let keyed = || alice.request("POST", LIST).header("Content-Type", "application/json").header("Idempotency-Key", "k").body(r#"{"url":"webcal://a.example/x.ics","name":"A"}"#).created();
        assert_eq!(json(&keyed())["id"], json(&keyed())["id"], "once");
        let all = json(&alice.get(LIST).ok());
        assert_eq!((all["items"].as_array().map(Vec::len), &all["items"][0]["url"]), (Some(1), &value!("https://a.example/x.ics")));
        let own = id_of(&alice, "calendars", "default");
        problem(&alice.get(&format!("{LIST}/{own}")).send(), 404, "not-found");
        let server = TestServer::with(db, Limits { subscriptions: 1, ..limits() }, Config::default());
        let bob = server.user("bob");
        subscribe(&bob, "https://a.example/");
        let calendars = || json(&bob.get("/api/v1/calendars").ok())["items"].as_array().map(Vec::len);
        let before = calendars();
        problem(&send(&bob, "POST", LIST, &value!({ "url": "https://a.example/", "name": "B" })), 409, "quota-not-exceeded");
        assert_eq!(calendars(), before, "nothing half made");
    }

    fn who_unsubscribes_is_rid_of_the_calendar(db) {
        let (_node, server) = started(db);
        let alice = server.user("alice");
        let remote = Remote::start(&two(STAMP));
        let ids = [subscribe(&alice, &remote.url()), subscribe(&alice, &remote.url())];
        for id in &ids {
            until(&alice, id, |told| told["items"] == 2);
        }
        alice.delete(&format!("{LIST}/{}", ids[0])).no_content();
        // A client that only speaks CalDAV does the same.
        let href = json(&alice.get(&format!("{LIST}/{}", ids[1])).ok())["href"].as_str().expect("a path").to_owned();
        alice.delete(&href).no_content();
        let asked = remote.asked().len();
        for id in &ids {
            for path in [format!("{LIST}/{id}"), format!("/api/v1/calendars/{id}")] {
                problem(&alice.get(&path).send(), 404, "not-found");
            }
        }
        assert!(json(&alice.get(LIST).ok())["items"].as_array().expect("items").is_empty());
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(remote.asked().len(), asked, "nobody looks any more");
        send(&alice, "POST", &format!("/api/v1/deleted-calendars/{}:restore", ids[0]), &value!({}));
        assert_eq!(until(&alice, &ids[0], |_| true)["url"], remote.url(), "and both come back");
    }

    fn of_two_nodes_one_looks(db) {
        let (_node, server) = started(db);
        let other = server.beside(limits());
        let _other = reading(&other, &local());
        let alice = server.user("alice");
        let remote = Remote::start(&two(STAMP));
        let ids: Vec<String> = (0..5).map(|_| subscribe(&alice, &remote.url())).collect();
        for id in &ids {
            until(&alice, id, |told| told["items"] == 2);
        }
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(remote.asked().len(), 5);
    }

    fn a_large_feed_is_taken_in_pieces(db) {
        let (_node, server) = started(db);
        let alice = server.user("alice");
        let all: Vec<String> = (0..700).map(|n| event(&format!("u{n}"), &format!("T{n}"), STAMP)).collect();
        let remote = Remote::start(&feed("", &all));
        let id = subscribe(&alice, &remote.url());
        until(&alice, &id, |told| told["items"] == 700);
        let token = json(&alice.get(&format!("/api/v1/calendars/{id}/changes")).ok())["token"].as_str().expect("a token").to_owned();
        remote.has(&feed("", &all[350..]));
        again(&alice, &id);
        assert_eq!(titles(&alice, &id).len(), 350);
        assert_ne!(changes(&alice, &id, &token).1, token);
    }
}
