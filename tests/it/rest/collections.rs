//! Calendars and address books: what DAV makes is seen here, and the other way round; names stay, ids too.

use super::{id_of, json, problem, send, three};
use crate::harness::{TestServer, both};
use serde_json::{Value, json as value};

const LISTS: [&str; 2] = ["calendars", "address-books"];

fn path(list: &str, id: &str) -> String {
    format!("/api/v1/{list}/{id}")
}

both! {
    fn a_new_account_has_its_default_collections(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let page = json(&alice.get("/api/v1/calendars").ok());
        let slugs: Vec<&str> = page["items"].as_array().expect("items").iter().filter_map(|one| one["href"].as_str()).collect();
        assert_eq!(slugs, [alice.calendar("default/"), alice.calendar("tasks/")], "no inbox, no outbox");
        assert_eq!(page["next"], Value::Null);
        let agenda = &page["items"][0];
        assert_eq!((&agenda["name"], &agenda["components"]), (&value!("Agenda"), &value!(["VEVENT"])));
        assert_eq!((&agenda["isDefault"], &agenda["owner"]), (&value!(true), &value!("alice")));
        assert_eq!((&agenda["timeZone"], &agenda["color"]), (&value!("Europe/Paris"), &value!("#3465A4FF")));
        assert!(agenda["rights"].as_array().expect("rights").contains(&value!("bind")));
        assert_eq!(agenda["syncToken"], alice.property(&alice.calendar("default/"), "D:sync-token"));
        let books = json(&alice.get("/api/v1/address-books").ok());
        assert_eq!(books["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(books["items"][0]["href"], alice.book("default/"));
    }

    fn what_rest_makes_dav_shows_and_the_other_way_round(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for list in LISTS {
            let mut new = value!({ "name": "Équipe <A&B>", "description": "Pour tous", "color": "#112233", "order": 4 });
            if list == "calendars" {
                new["timeZone"] = value!("Europe/Berlin");
                new["components"] = value!(["VTODO"]);
                new["transparent"] = value!(true);
            }
            let made = send(&alice, "POST", &format!("/api/v1/{list}"), &new);
            assert_eq!(made.status, 201, "{}", made.text());
            let id = json(&made)["id"].as_str().expect("an id").to_owned();
            assert_eq!(made.header("Location"), Some(path(list, &id).as_str()));
            let told = json(&alice.get(&path(list, &id)).ok());
            for (member, expected) in new.as_object().expect("members") {
                assert_eq!(&told[member], expected, "{member}");
            }
            let href = told["href"].as_str().expect("a path").to_owned();
            assert_eq!(alice.property(&href, "D:displayname"), "Équipe <A&B>");
            assert_eq!(alice.property(&href, "A:calendar-color"), "#112233");
            // And back: a name that a client of DAV gives, and its deletion.
            alice.proppatch(&href, "<D:set><D:prop><D:displayname>Neuf</D:displayname></D:prop></D:set>").multistatus();
            assert_eq!(json(&alice.get(&path(list, &id)).ok())["name"], "Neuf");
            alice.delete(&href).no_content();
            problem(&alice.get(&path(list, &id)).send(), 404, "not-found");
        }
        let slug = alice.calendar("by-dav/");
        alice.mkcalendar(&slug, "").created();
        let id = id_of(&alice, "calendars", "by-dav");
        alice.delete(&path("calendars", &id)).no_content();
        alice.propfind(&slug, "0", &["D:displayname"]).status(404);
    }

    fn an_id_stays_when_the_collection_moves(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("one/"), "").created();
        let id = id_of(&alice, "calendars", "one");
        alice.move_to(&alice.calendar("one/"), &alice.calendar("two/")).created();
        assert_eq!(json(&alice.get(&path("calendars", &id)).ok())["href"], alice.calendar("two/"));
        // What comes to stand at the old place is another one.
        alice.mkcalendar(&alice.calendar("one/"), "").created();
        assert_ne!(id_of(&alice, "calendars", "one"), id);
    }

    fn a_patch_changes_what_it_names(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let at = path("calendars", &id);
        let before = json(&alice.get(&at).ok());
        let done = alice
            .request("PATCH", &at)
            .header("Content-Type", "application/merge-patch+json")
            .body(r#"{"name":"Mes dates","color":null,"transparent":true}"#)
            .ok();
        let told = json(&done);
        assert_eq!((&told["name"], &told["color"], &told["transparent"]), (&value!("Mes dates"), &Value::Null, &value!(true)));
        assert_eq!(told["timeZone"], before["timeZone"], "what is absent stays");
        assert_ne!(told["syncToken"], before["syncToken"]);
        assert_eq!(done.etag(), format!("\"{}\"", told["syncToken"].as_str().expect("a token")));
        assert_eq!(send(&alice, "PATCH", &at, &value!({ "timeZone": null })).status, 200);
        assert_eq!(json(&alice.get(&at).ok())["timeZone"], Value::Null);
    }

    fn conditions_hold_in_the_transaction(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for list in LISTS {
            let at = path(list, &id_of(&alice, list, "default"));
            let old = alice.get(&at).ok().etag();
            alice.get(&at).header("If-None-Match", &old).status(304);
            let patch = |etag: &str, name: &str| {
                let body = value!({ "name": name }).to_string();
                alice.request("PATCH", &at).header("Content-Type", "application/json").header("If-Match", etag).body(body).send()
            };
            let new = patch(&old, "Un").etag();
            assert_ne!(new, old);
            let refused = patch(&old, "Deux");
            problem(&refused, 412, "precondition-failed");
            assert_eq!(refused.etag(), new, "412 tells the tag that is");
            assert_eq!(serde_json::from_slice::<Value>(&refused.body).expect("JSON")["etag"], new);
            assert_eq!(json(&alice.get(&at).header("If-None-Match", &old).ok())["name"], "Un");
            let made = send(&alice, "POST", &format!("/api/v1/{list}"), &value!({ "name": "Autre" }));
            let at = made.header("Location").expect("an address").to_owned();
            problem(&alice.delete(&at).header("If-Match", &old).send(), 412, "precondition-failed");
            let now = alice.get(&at).ok().etag();
            alice.delete(&at).header("If-Match", &now).no_content();
        }
    }

    fn default_collections_stay(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (list, slug) in [("calendars", "default"), ("calendars", "tasks"), ("address-books", "default")] {
            let at = path(list, &id_of(&alice, list, slug));
            problem(&alice.delete(&at).send(), 403, "default-collection-needed");
            alice.get(&at).ok();
        }
    }

    fn a_shared_collection_is_listed_and_a_foreign_one_is_not_there(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let nobody = server.anonymous();
        for list in LISTS {
            let id = id_of(&alice, list, "default");
            let at = path(list, &id);
            let seen = json(&bob.get(&at).ok());
            assert_eq!((&seen["owner"], &seen["id"]), (&value!("alice"), &value!(id)));
            assert!(!seen["rights"].as_array().expect("rights").contains(&value!("bind")));
            let listed = json(&bob.get(&format!("/api/v1/{list}")).ok());
            assert_eq!(listed["items"].as_array().expect("items").iter().filter(|one| one["id"] == id.as_str()).count(), 1);
            let of_alice = json(&bob.get(&format!("/api/v1/{list}?owner=Alice")).ok());
            assert_eq!(of_alice["items"].as_array().map(Vec::len), Some(1));
            problem(&send(&bob, "PATCH", &at, &value!({ "name": "x" })), 403, "need-privileges");
            problem(&bob.delete(&at).send(), 403, "need-privileges");
            // Forbidden and absent look alike, by each method.
            for method in ["GET", "PATCH", "DELETE"] {
                let ask = |path: &str| {
                    let answer = send(&carol, method, path, &value!({ "name": "x" }));
                    (answer.status, answer.body)
                };
                assert_eq!(ask(&at).0, 404);
                assert_eq!(ask(&at), ask(&path(list, "0000000000001")), "{method}");
                let answer = send(&nobody, method, &at, &value!({}));
                problem(&answer, 401, "unauthenticated");
            }
            for owner in ["alice", "nobody-at-all"] {
                let none = json(&carol.get(&format!("/api/v1/{list}?owner={owner}")).ok());
                assert_eq!(none, value!({ "items": [], "next": null }));
            }
        }
    }

    fn a_collection_is_of_its_own_kind_only(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        problem(&alice.get(&path("address-books", &calendar)).send(), 404, "not-found");
        problem(&alice.get(&path("calendars", &book)).send(), 404, "not-found");
        for id in ["x", "%00", "00000000000000", &calendar.to_uppercase(), "..%2f.."] {
            problem(&alice.get(&path("calendars", id)).send(), 404, "not-found");
        }
    }

    fn a_proof_opens_what_its_scope_says(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendar, book) = (id_of(&alice, "calendars", "default"), id_of(&alice, "address-books", "default"));
        let tasks = id_of(&alice, "calendars", "tasks");
        let reader = server.client_with_scope("alice", "read");
        reader.get(&path("calendars", &calendar)).ok();
        problem(&send(&reader, "PATCH", &path("calendars", &calendar), &value!({ "name": "x" })), 403, "need-privileges");
        problem(&send(&reader, "POST", "/api/v1/calendars", &value!({ "name": "x" })), 403, "need-privileges");
        let dates = server.client_with_scope("alice", "calendars");
        dates.get(&path("calendars", &calendar)).ok();
        problem(&dates.get(&path("address-books", &book)).send(), 404, "not-found");
        problem(&dates.get("/api/v1/address-books").send(), 404, "not-found");
        let one = server.client_with_scope("alice", &format!("collection:{calendar}"));
        let listed = json(&one.get("/api/v1/calendars").ok());
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
        one.get(&path("calendars", &calendar)).ok();
        problem(&one.get(&path("calendars", &tasks)).send(), 404, "not-found");
        problem(&send(&one, "POST", "/api/v1/calendars", &value!({ "name": "x" })), 403, "need-privileges");
        // And by the other door.
        one.propfind(&one.calendar("default/"), "0", &["D:displayname"]).multistatus();
        one.propfind(&one.calendar("tasks/"), "0", &["D:displayname"]).status(404);
        one.mkcalendar(&one.calendar("new/"), "").status(403);
        reader.mkcalendar(&reader.calendar("new/"), "").status(403);
    }

    fn a_lost_answer_is_given_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let post = |client: &crate::harness::Client, key: &str, name: &str| {
            let body = value!({ "name": name }).to_string();
            client.request("POST", "/api/v1/calendars").header("Content-Type", "application/json").header("Idempotency-Key", key).body(body).send()
        };
        let first = post(&alice, "k1", "A");
        assert_eq!(first.status, 201);
        for again in [post(&alice, "k1", "A"), post(&alice, "\"k1\"", "A")] {
            assert_eq!((again.status, &again.body, again.header("Location")), (201, &first.body, first.header("Location")));
        }
        problem(&post(&alice, "k1", "B"), 422, "key-reused");
        assert_eq!(problem(&post(&alice, "a b", "A"), 400, "bad-request"), "Idempotency-Key");
        assert_ne!(post(&alice, "k2", "A").body, first.body);
        // Another person's key is another key.
        assert_ne!(post(&server.user("bob"), "k1", "A").body, first.body);
        // Another node, and the same after a restart.
        let node = server.beside(cenacle::services::Limits::default());
        assert_eq!(post(&node.client_with_scope("alice", ""), "k1", "A").body, first.body);
        drop(node);
        let server = server.restart();
        assert_eq!(post(&server.client_with_scope("alice", ""), "k1", "A").body, first.body);
        // What failed was not done, and may be tried again.
        let alice = server.client_with_scope("alice", "");
        problem(&post(&alice, "k3", " "), 400, "bad-request");
        assert_eq!(post(&alice, "k3", "C").status, 201);
    }

    fn of_requests_at_once_under_one_key_one_is_done(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let bodies: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..8)
                .map(|_| {
                    let client = alice.another();
                    scope.spawn(move || {
                        let answer = client
                            .request("POST", "/api/v1/calendars")
                            .header("Content-Type", "application/json")
                            .header("Idempotency-Key", "same")
                            .body(r#"{"name":"A"}"#)
                            .send();
                        assert_eq!(answer.status, 201, "{}", answer.text());
                        answer.body
                    })
                })
                .collect();
            sent.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        let page = json(&alice.get("/api/v1/calendars").ok());
        assert_eq!(page["items"].as_array().map(Vec::len), Some(3));
    }

    fn what_is_wrong_with_a_request_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let post = |body: Value| send(&alice, "POST", "/api/v1/calendars", &body);
        for (body, field) in [
            (value!({}), ""),
            (value!({ "name": 1 }), "/name"),
            (value!({ "name": "" }), "/name"),
            (value!({ "name": "a\u{1}" }), "/name"),
            (value!({ "name": "a", "color": "red" }), "/color"),
            (value!({ "name": "a", "nom": "b" }), "/nom"),
            (value!({ "name": "a", "components": ["VEVENT", 1] }), "/components/1"),
            (value!([]), ""),
        ] {
            assert_eq!(problem(&post(body.clone()), 400, "bad-request"), field, "{body}");
        }
        let zone = post(value!({ "name": "a", "timeZone": "Mars/Base" }));
        assert_eq!(problem(&zone, 422, "valid-timezone"), "/timeZone");
        let component = post(value!({ "name": "a", "components": ["VEVENT", "VROOM"] }));
        assert_eq!(problem(&component, 403, "supported-calendar-component"), "/components/1");
        let raw = |media: &str, body: &[u8]| {
            alice.request("POST", "/api/v1/calendars").header("Content-Type", media).body(body).send()
        };
        problem(&raw("application/json", b"{\"name\":"), 400, "bad-request");
        problem(&raw("application/json", b"\xff"), 400, "bad-request");
        assert_eq!(problem(&raw("text/plain", b"{}"), 415, "unsupported-media-type"), "Content-Type");
        problem(&raw("application/json", &vec![b' '; 2 * 1024 * 1024]), 413, "too-large");
        for (query, field) in [("limit=0", "limit"), ("limit=x", "limit"), ("nonsense=1", "nonsense"), ("fields=id,nom", "fields"), ("cursor=!", "cursor"), ("cursor=YQ", "cursor"), ("limit=1&limit=2", "limit"), ("owner=%ff", "owner")] {
            let answer = alice.get(&format!("/api/v1/calendars?{query}")).send();
            assert_eq!(problem(&answer, 400, "bad-request"), field, "{query}");
        }
    }

    fn lists_go_on_at_their_cursor_and_tell_what_is_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for name in ["a", "b", "c"] {
            assert_eq!(send(&alice, "POST", "/api/v1/calendars", &value!({ "name": name })).status, 201);
        }
        let all = json(&alice.get("/api/v1/calendars?fields=id,name").ok());
        let mut seen = Vec::new();
        let mut next = String::new();
        loop {
            let page = json(&alice.get(&format!("/api/v1/calendars?limit=2&fields=name,id{next}")).ok());
            seen.extend(page["items"].as_array().expect("items").clone());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(Value::Array(seen), all["items"]);
        assert_eq!(all["items"].as_array().map(Vec::len), Some(5));
        assert_eq!(all["items"][0].as_object().map(serde_json::Map::len), Some(2));
    }

    fn heads_are_those_of_get(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = path("calendars", &id_of(&alice, "calendars", "default"));
        let (get, head) = (alice.get(&at).ok(), alice.request("HEAD", &at).ok());
        assert_eq!(head.etag(), get.etag());
        assert_eq!(head.header("Content-Length"), get.header("Content-Length"));
        assert!(head.body.is_empty());
        // The connection is still in step.
        alice.get(&at).ok();
        alice.request("HEAD", &path("calendars", "0000000000001")).status(404);
    }
}
