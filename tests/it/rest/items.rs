//! Events, tasks and contacts by REST and by DAV: the same bytes, the same tags, the same rights.

use super::{id_of, json, problem, send, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};

/// A kind of items: list of collections, segment, slug of the collection, its path in DAV, and a body by UID.
struct Kind {
    list: &'static str,
    segment: &'static str,
    slug: &'static str,
    media: &'static str,
    body: fn(&str) -> String,
}

const KINDS: [Kind; 3] = [
    Kind {
        list: "calendars",
        segment: "events",
        slug: "default",
        media: "text/calendar",
        body: samples::meeting,
    },
    Kind { list: "calendars", segment: "tasks", slug: "tasks", media: "text/calendar", body: task },
    Kind { list: "address-books", segment: "contacts", slug: "default", media: "text/vcard", body: contact },
];

fn task(uid: &str) -> String {
    samples::todo(uid, &["SUMMARY:Écrire", "X-ODD;P=\"a,b\":kept  as it is"])
}

fn contact(uid: &str) -> String {
    samples::card(uid, "Élise Dupont", &["X-ODD:kept", "EMAIL:elise@example.org"])
}

impl Kind {
    fn members(&self, client: &Client) -> String {
        format!("/api/v1/{}/{}/{}", self.list, id_of(client, self.list, self.slug), self.segment)
    }

    fn dav(&self, client: &Client, name: &str) -> String {
        let rest = format!("{}/{name}", self.slug);
        if self.list == "calendars" { client.calendar(&rest) } else { client.book(&rest) }
    }

    fn write(&self, client: &Client, method: &str, path: &str, body: &str) -> Answer {
        client.request(method, path).header("Content-Type", self.media).body(body).send()
    }
}

both! {
    fn what_one_door_takes_the_other_shows(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for kind in KINDS {
            let members = kind.members(&alice);
            // By REST, then by DAV.
            let body = (kind.body)("by-rest");
            let made = kind.write(&alice, "POST", &members, &body);
            assert_eq!(made.status, 201, "{}", made.text());
            let told = json(&made);
            let (id, etag) = (told["id"].as_str().expect("an id"), made.etag());
            assert_eq!(told["etag"], etag);
            assert_eq!(made.header("Location"), Some(format!("{members}/{id}").as_str()));
            let seen = alice.get(&kind.dav(&alice, id)).ok();
            assert_eq!((seen.text(), seen.etag()), (body.clone(), etag.clone()));
            let again = alice.get(&format!("{members}/{id}")).header("Accept", kind.media).ok();
            assert_eq!((again.text(), again.etag()), (body, etag));
            assert_eq!(again.header("Content-Type"), seen.header("Content-Type"));
            // By DAV, then by REST, under a name that needs encoding.
            let body = (kind.body)("by-dav");
            let put = alice.put(&kind.dav(&alice, "a%20b%25%3Amove.x"), body.clone()).created();
            let seen = alice.get(&format!("{members}/a%20b%25%3Amove.x")).header("Accept", "text/*").ok();
            assert_eq!((seen.text(), seen.etag()), (body.clone(), put.etag()));
            // Changed here, and gone there.
            let changed = body.replace("SUMMARY:", "SUMMARY:Neu ").replace("FN:", "FN:Neu ");
            let done = kind.write(&alice, "PUT", &format!("{members}/a%20b%25%3Amove.x"), &changed);
            assert_eq!(done.status, 200, "{}", done.text());
            let seen = alice.get(&kind.dav(&alice, "a%20b%25%3Amove.x")).ok();
            assert_eq!((seen.text(), seen.etag()), (changed, done.etag()));
            alice.delete(&format!("{members}/a%20b%25%3Amove.x")).no_content();
            alice.get(&kind.dav(&alice, "a%20b%25%3Amove.x")).status(404);
            alice.delete(&kind.dav(&alice, id)).no_content();
            problem(&alice.get(&format!("{members}/{id}")).send(), 404, "not-found");
            // Under a name of the client's choice.
            let made = kind.write(&alice, "PUT", &format!("{members}/own.x"), &(kind.body)("own"));
            assert_eq!(made.status, 201);
            assert_eq!(alice.get(&kind.dav(&alice, "own.x")).ok().etag(), made.etag());
        }
    }

    fn lists_are_of_one_kind_and_go_on_in_a_stable_order(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let mixed = alice.calendar("mixed/");
        alice.mkcalendar(&mixed, "").created();
        let id = id_of(&alice, "calendars", "mixed");
        for at in 0..7 {
            alice.put(&format!("{mixed}{at}-e"), samples::meeting(&format!("e{at}"))).created();
            alice.put(&format!("{mixed}{at}-t"), task(&format!("t{at}"))).created();
        }
        for (segment, letter, component) in [("events", 'e', "VEVENT"), ("tasks", 't', "VTODO")] {
            let mut seen = Vec::new();
            let mut next = String::new();
            loop {
                let page = json(&alice.get(&format!("/api/v1/calendars/{id}/{segment}?limit=3{next}")).ok());
                for item in page["items"].as_array().expect("items") {
                    assert_eq!(item["component"], component);
                    assert_eq!(item["href"], format!("{mixed}{}", item["id"].as_str().expect("an id")));
                    assert_eq!(item["etag"], alice.get(item["href"].as_str().expect("a path")).ok().etag());
                    assert!(item.get("data").is_none());
                    seen.push(item["id"].as_str().expect("an id").to_owned());
                }
                // A change between two pages disturbs nothing.
                alice.put(&format!("{mixed}0-e"), samples::event("e0", &["DTSTART:20260301T090000Z", &format!("X-N:{}", seen.len())])).no_content();
                match page["next"].as_str() {
                    Some(cursor) => next = format!("&cursor={cursor}"),
                    None => break,
                }
            }
            let expected: Vec<String> = (0..7).map(|at| format!("{at}-{letter}")).collect();
            assert_eq!(seen, expected);
        }
        // The path of the other kind does not lead to it.
        problem(&alice.get(&format!("/api/v1/calendars/{id}/events/0-t")).send(), 404, "not-found");
        problem(&alice.delete(&format!("/api/v1/calendars/{id}/tasks/0-e")).send(), 404, "not-found");
        let put = alice.request("PUT", &format!("/api/v1/calendars/{id}/events/new")).header("Content-Type", "text/calendar");
        problem(&put.body(task("n")).send(), 403, "supported-calendar-component");
        let put = alice.request("PUT", &format!("/api/v1/calendars/{id}/events/0-t")).header("Content-Type", "text/calendar");
        problem(&put.body(samples::meeting("t0")).send(), 409, "conflict");
    }

    fn lists_tell_contents_where_that_is_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for kind in KINDS {
            let members = kind.members(&alice);
            let body = (kind.body)("one");
            alice.put(&kind.dav(&alice, "one"), body.clone()).created();
            let page = json(&alice.get(&format!("{members}?fields=id,data")).ok());
            assert_eq!(page["items"], value!([{ "id": "one", "data": body }]));
            let form = if kind.list == "calendars" { "jcal" } else { "jcard" };
            let page = json(&alice.get(&format!("{members}?fields=data&form={form}")).ok());
            let root = if kind.list == "calendars" { "vcalendar" } else { "vcard" };
            assert_eq!(page["items"][0]["data"][0], root, "{page}");
            let wrong = alice.get(&format!("{members}?form=jpeg")).send();
            assert_eq!(problem(&wrong, 400, "bad-request"), "form");
        }
        // A page is cut by bytes too, and goes on.
        let members = KINDS[0].members(&alice);
        let long = format!("X-LONG:{}", "x".repeat(700_000));
        for at in 0..4 {
            alice.put(&KINDS[0].dav(&alice, &format!("long-{at}")), samples::event(&format!("l{at}"), &["DTSTART:20260301T090000Z", &long])).created();
        }
        let mut seen = Vec::new();
        let (mut next, mut pages) = (String::new(), 0);
        loop {
            let page = json(&alice.get(&format!("{members}?fields=id,data{next}")).ok());
            pages += 1;
            seen.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, ["long-0", "long-1", "long-2", "long-3", "one"]);
        assert!(pages > 1);
    }

    fn an_item_has_several_forms_with_tags_of_their_own(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for kind in KINDS {
            let at = format!("{}/one", kind.members(&alice));
            let put = alice.put(&kind.dav(&alice, "one"), (kind.body)("one")).created().etag();
            let json_form = if kind.list == "calendars" { "application/calendar+json" } else { "application/vcard+json" };
            let mut tags = vec![put.clone()];
            for accept in [json_form, "application/json"] {
                let answer = alice.get(&at).header("Accept", accept).ok();
                assert!(answer.header("Content-Type").expect("a type").starts_with(accept));
                let _: Value = serde_json::from_slice(&answer.body).expect("JSON");
                alice.get(&at).header("Accept", accept).header("If-None-Match", &answer.etag()).status(304);
                assert!(answer.lists("Vary", "Accept"));
                tags.push(answer.etag());
            }
            assert_eq!(tags.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{tags:?}");
            // JSON to who takes anything or says nothing, the kept bytes under the tag of every door to who wants text.
            for accept in ["", "*/*", "application/*", "text/html, */*;q=0.8", "text/*;q=0.5, */*;q=0.6", &format!("{};q=0, */*", kind.media), &format!("{}, application/json", kind.media)] {
                let answer = alice.get(&at).header("Accept", accept).ok();
                assert!(json(&answer).is_object(), "{accept}");
                assert_eq!(answer.etag(), tags[2], "{accept}");
                assert!(answer.lists("Vary", "Accept"));
            }
            assert_eq!(alice.get(&at).ok().etag(), tags[2]);
            for accept in ["text/*", kind.media, &format!("{}, */*;q=0.9", kind.media), "application/json;q=0.5, text/*;q=0.6"] {
                let answer = alice.get(&at).header("Accept", accept).ok();
                assert_eq!((answer.text(), answer.etag()), ((kind.body)("one"), put.clone()), "{accept}");
                assert!(answer.lists("Vary", "Accept") && answer.header("Content-Type").is_some_and(|media| media.starts_with(kind.media)));
            }
            // Several headers are one list.
            let both = alice.get(&at).header("Accept", "application/json;q=0.5").header("Accept", kind.media).ok();
            assert_eq!(both.etag(), put);
            let asked = alice.request("HEAD", &at).ok();
            assert!(asked.etag() == tags[2] && asked.header("Content-Type").is_some_and(|media| media.starts_with("application/json")));
            alice.get(&at).header("If-None-Match", &tags[1]).ok();
            assert_eq!(problem(&alice.get(&at).header("Accept", "image/png").send(), 406, "not-acceptable"), "Accept");
            // What a client read in one form it may replace under that form's tag; what comes back is stored as text.
            let read = alice.get(&at).header("Accept", json_form).ok();
            let done = alice.request("PUT", &at).header("Content-Type", json_form).header("If-Match", &read.etag()).body(read.body.clone()).ok();
            assert!(done.header("ETag").is_none(), "the bytes are not those that were sent");
            let told = json(&done)["etag"].as_str().expect("a tag").to_owned();
            assert_eq!(alice.get(&kind.dav(&alice, "one")).ok().etag(), told);
            let again = alice.get(&at).header("Accept", json_form).ok();
            assert_eq!(serde_json::from_slice::<Value>(&again.body).ok(), serde_json::from_slice::<Value>(&read.body).ok());
            // JSON of another kind is not taken for an item.
            let other = alice.request("PUT", &at).header("Content-Type", "application/ld+json").body("{}").send();
            assert_eq!(problem(&other, 415, "unsupported-media-type"), "Content-Type");
            let bad = alice.request("PUT", &at).header("Content-Type", json_form).body("[1]").send();
            problem(&bad, 422, if kind.list == "calendars" { "valid-calendar-data" } else { "valid-address-data" });
        }
        let at = format!("{}/one", KINDS[2].members(&alice));
        let four = alice.get(&at).header("Accept", "text/vcard; version=4.0").ok();
        assert!(four.text().contains("VERSION:4.0"), "{}", four.text());
    }

    fn conditions_hold_and_tell_the_tag_that_is(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for kind in KINDS {
            let at = format!("{}/one", kind.members(&alice));
            let put = |headers: &[(&str, &str)], body: &str| {
                let mut request = alice.request("PUT", &at).header("Content-Type", kind.media);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                request.body(body).send()
            };
            let body = (kind.body)("one");
            problem(&put(&[("If-Match", "\"x\"")], &body), 412, "precondition-failed");
            let first = put(&[("If-None-Match", "*")], &body).etag();
            let refused = put(&[("If-None-Match", "*")], &body);
            problem(&refused, 412, "precondition-failed");
            assert_eq!(refused.etag(), first);
            alice.get(&at).header("Accept", kind.media).header("If-None-Match", &first).status(304);
            alice.get(&at).header("If-None-Match", "*").status(304);
            problem(&alice.get(&at).header("If-Match", "\"x\"").send(), 412, "precondition-failed");
            let second = put(&[("If-Match", &first)], &body.replace("X-ODD", "X-EVEN").replace("SUMMARY:M", "SUMMARY:N"));
            assert_ne!(second.etag(), first);
            let late = put(&[("If-Match", &first)], &body);
            problem(&late, 412, "precondition-failed");
            assert_eq!(late.etag(), second.etag());
            problem(&alice.delete(&at).header("If-Match", &first).send(), 412, "precondition-failed");
            alice.delete(&at).header("If-Match", &second.etag()).no_content();
        }
    }

    fn items_move_and_are_copied(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("other/"), "").created();
        alice.mkcol(&alice.book("other/"), "<D:mkcol xmlns:D=\"DAV:\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\"><D:set><D:prop><D:resourcetype><D:collection/><R:addressbook/></D:resourcetype></D:prop></D:set></D:mkcol>").created();
        for kind in KINDS {
            let members = kind.members(&alice);
            let other = id_of(&alice, kind.list, "other");
            let etag = alice.put(&kind.dav(&alice, "one"), (kind.body)("one")).created().etag();
            let post = |action: &str, body: &Value| send(&alice, "POST", &format!("{members}/one:{action}"), body);
            let copied = post("copy", &value!({ "to": other, "id": "copy:move" }));
            assert_eq!(copied.status, 201, "{}", copied.text());
            let target = format!("/api/v1/{}/{other}/{}", kind.list, kind.segment);
            assert_eq!(copied.header("Location"), Some(format!("{target}/copy:move").as_str()));
            assert_eq!(alice.get(&format!("{target}/copy:move")).header("Accept", "text/*").ok().etag(), etag);
            // The UID is taken there now, and the name is.
            problem(&post("move", &value!({ "to": other })), 409, "no-uid-conflict");
            assert_eq!(problem(&post("move", &value!({ "to": other, "id": "copy:move" })), 409, "exists"), "/id");
            let over = post("move", &value!({ "to": other, "id": "copy:move", "overwrite": true }));
            assert_eq!(over.status, 200, "{}", over.text());
            problem(&alice.get(&format!("{members}/one")).send(), 404, "not-found");
            problem(&post("move", &value!({ "to": other })), 404, "not-found");
            // And back, under conditions and a key.
            let id = id_of(&alice, kind.list, kind.slug);
            let back = |etag: &str| {
                alice
                    .request("POST", &format!("{target}/copy:move:move"))
                    .header("Content-Type", "application/json")
                    .header("If-Match", etag)
                    .header("Idempotency-Key", kind.segment)
                    .body(value!({ "to": id, "id": "one" }).to_string())
                    .send()
            };
            let stale = back("\"x\"");
            problem(&stale, 412, "precondition-failed");
            assert_eq!(stale.etag(), etag);
            let done = back(&etag);
            assert_eq!(done.status, 201, "{}", done.text());
            let again = back(&etag);
            assert_eq!((again.status, again.body), (201, done.body));
            assert_eq!(alice.get(&kind.dav(&alice, "one")).ok().etag(), etag);
            for (body, field) in [(value!({}), ""), (value!({ "to": 1 }), "/to"), (value!({ "to": id, "id": "a/b" }), "/id")] {
                assert_eq!(problem(&post("move", &body), 400, "bad-request"), field);
            }
            for to in ["x", "0000000000001", &id_of(&alice, if kind.list == "calendars" { "address-books" } else { "calendars" }, "default")] {
                assert_eq!(problem(&post("move", &value!({ "to": to })), 409, "conflict"), "/to");
            }
            alice.delete(&format!("{members}/one")).no_content();
        }
    }

    fn rights_are_those_of_dav(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let (nobody, reader) = (server.anonymous(), server.client_with_scope("alice", "read"));
        let expired = Client::bearer(server.address(), &server.wait(server.core().issue_token("alice", "", 0)).expect("a token"));
        std::thread::sleep(std::time::Duration::from_secs(6));
        for kind in [&KINDS[0], &KINDS[2]] {
            let members = kind.members(&alice);
            let at = format!("{members}/one");
            alice.put(&kind.dav(&alice, "one"), (kind.body)("one")).created();
            let absent = format!("/api/v1/{}/0000000000001/{}", kind.list, kind.segment);
            let own = id_of(&carol, kind.list, "default");
            let into = value!({ "to": own }).to_string();
            let item = (kind.body)("new");
            // Method, path below the members, media type, body; what a reader gets.
            let operations = [
                ("GET", "", "", "", 200),
                ("POST", "", kind.media, item.as_str(), 403),
                ("GET", "/one", "", "", 200),
                ("PUT", "/one", kind.media, item.as_str(), 403),
                ("PUT", "/new", kind.media, item.as_str(), 403),
                ("DELETE", "/one", "", "", 403),
                ("POST", "/one:move", "application/json", into.as_str(), 403),
                ("POST", "/one:copy", "application/json", into.as_str(), 0),
            ];
            for (method, rest, media, body, read) in operations {
                let ask = |client: &Client, members: &str| {
                    let mut request = client.request(method, &format!("{members}{rest}"));
                    if !media.is_empty() {
                        request = request.header("Content-Type", media);
                    }
                    request.body(body).send()
                };
                if read != 0 {
                    assert_eq!(ask(&bob, &members).status, if rest == "/one:move" { 409 } else { read }, "bob {method} {rest}");
                    assert_eq!(ask(&reader, &members).status, if rest == "/one:move" { 409 } else { read }, "reader {method} {rest}");
                }
                let (forbidden, none) = (ask(&carol, &members), ask(&carol, &absent));
                problem(&forbidden, 404, "not-found");
                assert_eq!(forbidden.body, none.body, "{method} {rest}");
                problem(&ask(&nobody, &members), 401, "unauthenticated");
                problem(&ask(&expired, &members), 401, "unauthenticated");
            }
            // Between two calendars of his own a reading proof moves nothing; a reader copies what he sees into his own.
            let (mine, his) = (id_of(&alice, kind.list, "default"), own_of(&bob, kind.list));
            problem(&send(&reader, "POST", &format!("{at}:move"), &value!({ "to": mine, "id": "two" })), 403, "need-privileges");
            let copied = send(&bob, "POST", &format!("{at}:copy"), &value!({ "to": his }));
            assert_eq!(copied.status, 201, "{}", copied.text());
            problem(&send(&bob, "POST", &format!("{at}:move"), &value!({ "to": his, "id": "other" })), 403, "need-privileges");
            alice.get(&at).ok();
        }
    }

    fn an_item_that_cannot_be_stored_says_why(db) {
        let server = TestServer::with_limits(db, Limits { resource_bytes: 10_000, ..Limits::default() });
        let alice = server.user("alice");
        let members = KINDS[0].members(&alice);
        let post = |media: &str, body: &str| alice.request("POST", &members).header("Content-Type", media).body(body).send();
        problem(&post("text/calendar", "nonsense"), 422, "valid-calendar-data");
        problem(&post("text/vcard", &contact("x")), 415, "unsupported-media-type");
        problem(&post("text/calendar", &samples::event("x", &[&format!("X:{}", "x".repeat(10_000))])), 413, "max-resource-size");
        problem(&alice.request("POST", &members).body(samples::meeting("x")).send(), 415, "unsupported-media-type");
        let gzip = alice.request("POST", &members).header("Content-Type", "text/calendar").header("Content-Encoding", "gzip");
        problem(&gzip.body("x").send(), 415, "unsupported-media-type");
        assert_eq!(post("text/calendar", &samples::meeting("x")).status, 201);
        let taken = post("text/calendar", &samples::meeting("x"));
        problem(&taken, 409, "no-uid-conflict");
        let told: Value = serde_json::from_slice(&taken.body).expect("JSON");
        assert!(told["other"].as_str().is_some_and(|name| name.ends_with(".ics")), "{told}");
        let tasks = KINDS[1].members(&alice);
        let wrong = alice.request("POST", &tasks).header("Content-Type", "text/calendar").body(samples::meeting("y")).send();
        problem(&wrong, 403, "supported-calendar-component");
    }

    fn a_lost_answer_to_a_new_item_is_given_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for kind in KINDS {
            let members = kind.members(&alice);
            let post = |client: &Client, uid: &str| {
                client.request("POST", &members).header("Content-Type", kind.media).header("Idempotency-Key", kind.segment).body((kind.body)(uid)).send()
            };
            let first = post(&alice, "one");
            assert_eq!(first.status, 201, "{}", first.text());
            let node = server.beside(Limits::default());
            let again = post(&node.client_with_scope("alice", ""), "one");
            assert_eq!((again.status, &again.body, again.header("ETag")), (201, &first.body, first.header("ETag")));
            problem(&post(&alice, "two"), 422, "key-reused");
            let page = json(&alice.get(&members).ok());
            assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
            // Whose proof does not reach the collection is told nothing.
            let other = if kind.list == "calendars" { "contacts" } else { "calendars" };
            problem(&post(&server.client_with_scope("alice", other), "one"), 404, "not-found");
        }
    }

    fn a_large_item_passes_both_doors(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let members = KINDS[0].members(&alice);
        let body = samples::event("big", &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "é".repeat(1_000_000))]);
        let made = KINDS[0].write(&alice, "PUT", &format!("{members}/big"), &body);
        assert_eq!(made.status, 201);
        let read = alice.get(&format!("{members}/big")).header("Accept", "text/calendar").ok();
        assert!(read.text() == body && read.etag() == made.etag());
        assert!(alice.get(&KINDS[0].dav(&alice, "big")).ok().text() == body);
        alice.request("HEAD", &format!("{members}/big")).ok();
        alice.get(&format!("{members}/big")).header("Accept", "text/calendar").header("If-None-Match", &made.etag()).status(304);
        assert_eq!(json(&alice.get(&format!("{members}/big")).ok())["description"], "é".repeat(1_000_000));
    }
}

/// The id of somebody's own default collection, where a list also has shared ones.
fn own_of(client: &Client, list: &str) -> String {
    let page = json(&client.get(&format!("/api/v1/{list}")).ok());
    let own =
        page["items"].as_array().expect("items").iter().find(|one| one["owner"] == "bob").expect("his own");
    own["id"].as_str().expect("an id").to_owned()
}
