//! Made, listed, changed, given another secret, taken back; and by whom.

use super::{give_bob, listed, made, read};
use crate::harness::{TestServer, both};
use crate::rest::{id_of, json, problem, send, three};
use serde_json::{Value, json as value};

both! {
    fn the_secret_is_told_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (list, scope) in [("calendars", "full"), ("calendars", "public"), ("calendars", "free-busy"), ("address-books", "full"), ("address-books", "public")] {
            let of = format!("{list}/{}", id_of(&alice, list, "default"));
            let body = value!({ "scope": scope, "label": "Équipe", "expires": "2999-01-01T00:00:00Z" });
            let answer = send(&alice, "POST", &format!("/api/v1/{of}/links"), &body);
            assert_eq!((answer.status, answer.header("Cache-Control")), (201, Some("no-store")));
            let told = json(&answer);
            let (id, token) = (told["id"].as_str().expect("an id"), told["token"].as_str().expect("a token"));
            assert_eq!(answer.header("Location"), Some(format!("/api/v1/{of}/links/{id}").as_str()));
            assert_eq!(token.len(), 32);
            let ending = if list == "calendars" { "ics" } else { "vcf" };
            assert_eq!(told["path"], format!("/links/{token}.{ending}"));
            let shown = alice.get(&format!("/api/v1/{of}/links/{id}")).ok();
            assert!(!shown.text().contains(token));
            let link = json(&shown);
            assert_eq!((&link["scope"], &link["label"], &link["maker"]), (&value!(scope), &value!("Équipe"), &value!("alice")));
            assert_eq!((&link["expires"], &link["lastUsed"], &link["uses"]), (&value!("2999-01-01T00:00:00Z"), &Value::Null, &value!(0)));
            assert!(listed(&alice, &of).contains(&link));
        }
    }

    fn what_cannot_be_is_refused_by_its_field(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = format!("/api/v1/calendars/{}/links", id_of(&alice, "calendars", "default"));
        let book = format!("/api/v1/address-books/{}/links", id_of(&alice, "address-books", "default"));
        for (path, body, field) in [
            (&calendar, value!({ "scope": "everything" }), "/scope"),
            (&calendar, value!({}), ""),
            (&calendar, value!({ "scope": "full", "label": "x".repeat(121) }), "/label"),
            (&calendar, value!({ "scope": "full", "label": "a\u{1}" }), "/label"),
            (&calendar, value!({ "scope": "full", "expires": "tomorrow" }), "/expires"),
            (&calendar, value!({ "scope": "full", "expires": "2020-01-01T00:00:00Z" }), "/expires"),
            (&book, value!({ "scope": "free-busy" }), "/scope"),
        ] {
            assert_eq!(problem(&send(&alice, "POST", path, &body), 400, "bad-request"), field, "{body}");
        }
        let keyed = alice.request("POST", &calendar).header("Content-Type", "application/json").header("Idempotency-Key", "k");
        assert_eq!(problem(&keyed.body(r#"{"scope":"full"}"#).send(), 400, "bad-request"), "Idempotency-Key");
        assert!(json(&alice.get(&calendar).ok())["items"].as_array().expect("items").is_empty(), "nothing was made");
        let of = calendar.trim_start_matches("/api/v1/").trim_end_matches("/links");
        for _ in 0..100 {
            made(&alice, of, "full");
        }
        problem(&send(&alice, "POST", &calendar, &value!({ "scope": "full" })), 409, "quota-not-exceeded");
    }

    fn a_change_says_what_it_changes(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let of = format!("calendars/{}", id_of(&alice, "calendars", "default"));
        let (id, token) = made(&alice, &of, "full");
        let path = format!("/api/v1/{of}/links/{id}");
        let patched = |body: Value| json(&send(&alice, "PATCH", &path, &body));
        let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_millis(700)).to_string();
        assert_eq!(patched(value!({ "label": "A" }))["expires"], Value::Null);
        assert_eq!(patched(value!({ "expires": soon }))["label"], "A");
        assert_eq!(read(&server, &token).status, 200);
        std::thread::sleep(std::time::Duration::from_millis(900));
        assert_eq!(read(&server, &token).status, 404, "it has ended");
        assert_eq!(listed(&alice, &of).len(), 1, "it can be given a longer life");
        patched(value!({ "expires": null }));
        assert_eq!(read(&server, &token).status, 200);
        assert_eq!(problem(&send(&alice, "PATCH", &path, &value!({ "scope": "public" })), 400, "bad-request"), "/scope");
        alice.delete(&path).no_content();
        for answer in [alice.get(&path).send(), alice.delete(&path).send(), send(&alice, "POST", &format!("{path}:rotate"), &value!({}))] {
            problem(&answer, 404, "not-found");
        }
        assert!(listed(&alice, &of).is_empty());
    }

    fn who_may_share_sees_them_and_who_made_one_gets_its_secret(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let of = format!("calendars/{}", id_of(&alice, "calendars", "default"));
        let (id, token) = made(&alice, &of, "full");
        let path = format!("/api/v1/{of}/links");
        let all = |client: &crate::harness::Client| {
            let one = format!("{path}/{id}");
            [
                client.get(&path).send(), send(client, "POST", &path, &value!({ "scope": "full" })), client.get(&one).send(),
                send(client, "PATCH", &one, &value!({ "label": "mine" })), send(client, "POST", &format!("{one}:rotate"), &value!({})), client.delete(&one).send(),
            ]
        };
        // A reader knows of the calendar, and not of its links.
        for answer in all(&bob) {
            problem(&answer, 403, "need-privileges");
            assert!(!answer.text().contains(&id));
        }
        for answer in all(&carol) {
            problem(&answer, 404, "not-found");
        }
        give_bob(&alice, &["D:read", "D:write-acl"]);
        assert_eq!(listed(&bob, &of).len(), 1);
        for answer in [send(&bob, "PATCH", &format!("{path}/{id}"), &value!({ "label": "mine" })), send(&bob, "POST", &format!("{path}/{id}:rotate"), &value!({}))] {
            problem(&answer, 403, "need-privileges");
        }
        let (own, own_token) = made(&bob, &of, "full");
        assert_eq!(json(&bob.get(&format!("{path}/{own}")).ok())["maker"], "bob");
        send(&bob, "POST", &format!("{path}/{own}:rotate"), &value!({}));
        assert_eq!(read(&server, &own_token).status, 404);
        // The owner does what he likes with it, and so does anybody who may share with taking back.
        assert_eq!(send(&alice, "PATCH", &format!("{path}/{own}"), &value!({ "label": "his" })).status, 200);
        bob.delete(&format!("{path}/{id}")).no_content();
        assert_eq!(read(&server, &token).status, 404);
    }
}
