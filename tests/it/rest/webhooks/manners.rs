//! The resource itself: what is taken, what is refused, who sees it.

use super::*;
use crate::harness::both;
use crate::rest::{id_of, problem};

const ALL: &str = "/api/v1/webhooks";
const URL: &str = "https://hooks.example.org/agenda?x=1";

both! {
    fn a_webhook_is_made_read_changed_and_deleted(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = id_of(&alice, "calendars", "default");
        let (path, secret) = hook(&alice, URL, Some(&calendar));
        assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
        let shown = json(&alice.get(&path).ok());
        assert_eq!((&shown["url"], &shown["collection"], &shown["state"], &shown["last"]), (&value!(URL), &value!(calendar), &value!("active"), &Value::Null));
        let list = json(&alice.get(ALL).ok());
        assert_eq!((list["items"].as_array().map(Vec::len), &list["items"][0]), (Some(1), &shown));
        assert!(!list.to_string().contains("whsec_"), "told once");
        let changed = json(&send(&alice, "PATCH", &path, &value!({ "url": "https://b.example.org/", "state": "paused" })));
        assert_eq!((&changed["url"], &changed["state"]), (&value!("https://b.example.org/"), &value!("paused")));
        assert_eq!(json(&alice.get(&format!("{path}/deliveries")).ok())["items"], value!([]));
        // Another's looks like none, with whatever is asked.
        let since = json(&alice.get(&format!("/api/v1/calendars/{calendar}")).ok())["syncToken"].clone();
        for (method, what, body) in [
            ("GET", "", value!(null)), ("PATCH", "", value!({ "state": "active" })), ("DELETE", "", value!(null)), ("GET", "/deliveries", value!(null)),
            ("POST", ":test", value!({})), ("POST", ":replay", value!({ "since": since })), ("POST", ":renew-secret", value!({})),
        ] {
            for path in [&path, &format!("{ALL}/1")] {
                problem(&send(&bob, method, &format!("{path}{what}"), &body), 404, "not-found");
            }
        }
        assert_eq!(json(&alice.get(&path).ok()), changed);
        alice.delete(&path).no_content();
        problem(&alice.get(&path).send(), 404, "not-found");
        problem(&alice.delete(&path).send(), 404, "not-found");
    }

    fn what_cannot_be_is_refused_by_its_field(db) {
        let server = TestServer::with_limits(db, Limits { webhooks: 2, ..Limits::default() });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let hers = id_of(&alice, "calendars", "default");
        for (body, field) in [
            (value!({ "url": "http://hooks.example.org/" }), "/url"),
            (value!({ "url": "https://10.0.0.1/" }), "/url"),
            (value!({ "url": "https://u:p@hooks.example.org/" }), "/url"),
            (value!({ "url": format!("https://hooks.example.org/{}", "x".repeat(2_000)) }), "/url"),
            (value!({ "url": 1 }), "/url"),
            (value!({ "url": URL, "collection": hers }), "/collection"),
            (value!({ "url": URL, "collection": "0000000000001" }), "/collection"),
            (value!({ "url": URL, "collection": "x" }), "/collection"),
            (value!({ "url": URL, "secret": "mine" }), "/secret"),
            (value!({}), ""),
        ] {
            assert_eq!(problem(&send(&bob, "POST", ALL, &body), 400, "bad-request"), field, "{body}");
        }
        let keyed = bob.request("POST", ALL).header("Content-Type", "application/json").header("Idempotency-Key", "k").body(value!({ "url": URL }).to_string());
        assert_eq!(problem(&keyed.send(), 400, "bad-request"), "Idempotency-Key");
        let (path, _) = hook(&bob, URL, None);
        for (what, body, kind, field) in [
            ("", value!({ "state": "disabled" }), "bad-request", "/state"),
            ("", value!({ "url": "http://a/" }), "bad-request", "/url"),
            ("", value!({ "collection": hers }), "bad-request", "/collection"),
            (":replay", value!({ "since": "x" }), "valid-sync-token", "/since"),
        ] {
            let method = if what.is_empty() { "PATCH" } else { "POST" };
            assert_eq!(problem(&send(&bob, method, &format!("{path}{what}"), &body), 400, kind), field, "{body}");
        }
        // A token of another's collection, of the future, and of an account.
        let token = json(&alice.get(&format!("/api/v1/calendars/{hers}")).ok())["syncToken"].as_str().expect("a token").to_owned();
        let his = id_of(&bob, "calendars", "default");
        let own = json(&bob.get(&format!("/api/v1/calendars/{his}")).ok())["syncToken"].as_str().expect("a token").to_owned();
        let account = json(&bob.get("/api/v1/changes").ok())["token"].as_str().expect("a token").to_owned();
        for bad in [token, format!("{own}9"), account, own.replace("sync:", "sync:0")] {
            let body = value!({ "since": bad });
            assert_eq!(problem(&send(&bob, "POST", &format!("{path}:replay"), &body), 400, "valid-sync-token"), "/since", "{bad}");
        }
        assert_eq!(send(&bob, "POST", &format!("{path}:replay"), &value!({ "since": own })).status, 204);
        hook(&bob, URL, None);
        problem(&send(&bob, "POST", ALL, &value!({ "url": URL })), 409, "quota-not-exceeded");
    }

    fn only_a_login_that_opens_everything_has_webhooks(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, _) = hook(&alice, URL, None);
        for scope in ["read", "write calendars", &format!("write collection:{}", id_of(&alice, "calendars", "default"))] {
            let narrow = server.client_with_scope("alice", scope);
            for (method, at, body) in [
                ("GET", ALL.to_owned(), value!(null)), ("POST", ALL.to_owned(), value!({ "url": URL })), ("GET", path.clone(), value!(null)),
                ("PATCH", path.clone(), value!({ "state": "paused" })), ("DELETE", path.clone(), value!(null)), ("POST", format!("{path}:renew-secret"), value!({})),
                ("POST", format!("{path}:test"), value!({})), ("GET", format!("{path}/deliveries"), value!(null)),
            ] {
                problem(&send(&narrow, method, &at, &body), 403, "scope-too-narrow");
            }
        }
    }

    fn for_a_day_both_secrets_are_good(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, first) = hook(&alice, &receiver.url(), None);
        let renewed = send(&alice, "POST", &format!("{path}:renew-secret"), &value!({}));
        assert_eq!(renewed.header("Cache-Control"), Some("no-store"));
        let second = json(&renewed)["secret"].as_str().expect("a secret").to_owned();
        assert!(json(&alice.get(&path).ok())["oldSecretUntil"].is_string());
        send(&alice, "POST", &format!("{path}:test"), &value!({}));
        let came = receiver.next();
        assert!(came.is_signed_with(&first) && came.is_signed_with(&second));
        // The one before the last is worth nothing.
        send(&alice, "POST", &format!("{path}:renew-secret"), &value!({}));
        send(&alice, "POST", &format!("{path}:test"), &value!({}));
        let came = receiver.next();
        assert!(!came.is_signed_with(&first) && came.is_signed_with(&second));
    }
}
