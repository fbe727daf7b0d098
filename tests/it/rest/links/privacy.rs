//! What is private, through an address: one projection, as for every door.

use super::{give_bob, made, read};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{id_of, json, send, three};
use cenacle::config::Config;
use serde_json::{Value, json as value};

fn event(uid: &str, class: &str, secret: &str) -> String {
    let (class, summary, place) =
        (format!("CLASS:{class}"), format!("SUMMARY:{secret}"), format!("LOCATION:{secret}"));
    samples::event(uid, &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", &class, &summary, &place])
}

fn put(alice: &Client, uid: &str, class: &str, secret: &str) {
    alice.put(&alice.calendar(&format!("default/{uid}.ics")), event(uid, class, secret)).send();
}

both! {
    fn who_has_an_address_sees_no_more_than_it_shows(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let of = format!("calendars/{}", id_of(&alice, "calendars", "default"));
        put(&alice, "open", "PUBLIC", "offen");
        put(&alice, "priv", "PRIVATE", "geheim");
        put(&alice, "conf", "CONFIDENTIAL", "geheim");
        let (_, full) = made(&alice, &of, "full");
        assert_eq!(read(&server, &full).text().matches("SUMMARY:geheim").count(), 2, "her own eyes");
        give_bob(&alice, &["D:read", "D:write-acl"]);
        let (_, public) = made(&alice, &of, "public");
        let (_, his) = made(&bob, &of, "full");
        for token in [&public, &his] {
            for name in [token.clone(), format!("{token}.json")] {
                let text = read(&server, &name).text();
                assert!(text.contains("offen") && !text.contains("geheim"), "{text}");
            }
            // That time is taken is seen.
            assert_eq!(read(&server, token).text().matches("BEGIN:VEVENT").count(), 3);
        }
    }

    fn what_is_hidden_changes_nothing_that_is_told(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let of = format!("calendars/{}", id_of(&alice, "calendars", "default"));
        put(&alice, "a", "PRIVATE", "geheim");
        put(&alice, "b", "PUBLIC", "offen");
        let (_, public) = made(&alice, &of, "public");
        let (_, full) = made(&alice, &of, "full");
        let (before, own) = (read(&server, &public), read(&server, &full));
        let etag = before.header("ETag").expect("a tag").to_owned();
        put(&alice, "a", "PRIVATE", "another and a much longer secret");
        let after = read(&server, &public);
        assert_eq!((after.text(), after.header("ETag")), (before.text(), Some(etag.as_str())), "text, order and tag");
        server.anonymous().get(&format!("/links/{public}")).header("If-None-Match", &etag).status(304);
        assert_ne!(read(&server, &full).header("ETag"), own.header("ETag"), "its owner is told");
        put(&alice, "b", "PUBLIC", "offener");
        assert_ne!(read(&server, &public).header("ETag"), Some(etag.as_str()), "what is shown has changed");
    }

    fn a_policy_for_readers_is_not_one_for_everybody(db) {
        let privacy = value!({
            "writer": { "private": "whole", "confidential": "whole" }, "reader": { "private": "whole", "confidential": "absent" },
        });
        let privacy = serde_json::from_value(privacy).expect("a policy");
        let config = Config { privacy, ..Config::default() };
        let server = TestServer::with_config(db, config);
        let (alice, bob, _) = three(&server);
        let of = format!("calendars/{}", id_of(&alice, "calendars", "default"));
        put(&alice, "priv", "PRIVATE", "geheim");
        put(&alice, "conf", "CONFIDENTIAL", "geheim");
        let shown: Value = json(&bob.get(&format!("/api/v1/{of}/events")).ok());
        assert_eq!(shown["items"].as_array().map(Vec::len), Some(1));
        let (_, public) = made(&alice, &of, "public");
        let text = read(&server, &public).text();
        assert!(!text.contains("geheim"), "{text}");
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "what readers do not know of is not there");
        send(&alice, "PATCH", &format!("/api/v1/{of}"), &value!({ "name": "Agenda" }));
        assert!(read(&server, &public).text().contains("NAME:Agenda"));
    }
}
