//! Groups that somebody may not know of, where rights are given and told: they are not to be found out, and not to be lost.

use super::{administrator, group, put_in, take_out};
use crate::acl::{ace, set};
use crate::harness::{TestServer, both};
use crate::rest::{id_of, json, problem, send};
use serde_json::json as value;

both! {
    fn nobody_learns_of_a_group_by_giving_it_something(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let secret = group(&alice, "Secret", "private");
        let none = "none-00000000";
        let id = id_of(&bob, "calendars", "default");
        let at = |what: &str| format!("/api/v1/calendars/{id}/{what}");
        let both = |method: &str, path: &str, body: &dyn Fn(&str) -> serde_json::Value| {
            let ask = |who: &str| {
                let answer = send(&bob, method, &path.replace("WHO", who), &body(who));
                (answer.status, answer.text().replace(who, "WHO"))
            };
            let (absent, unseen) = (ask(none), ask(&secret));
            assert_eq!(absent, unseen, "{method} {path}");
            assert!(absent.0 >= 400, "{method} {path}: {absent:?}");
        };
        both("POST", &at("shares"), &|who| value!({ "with": who, "role": "read" }));
        both("PUT", &at("acl"), &|who| value!({ "entries": [{ "principal": who, "role": "read" }] }));
        both("PATCH", &at("acl"), &|who| value!({ "grant": [{ "principal": who, "role": "read" }] }));
        both("PATCH", &at("acl"), &|who| value!({ "revoke": [who] }));
        both("DELETE", &at("shares/WHO"), &|_| value!({}));
        both("PUT", "/api/v1/me/delegates/WHO", &|_| value!({ "calendars": "read" }));
        both("DELETE", "/api/v1/me/delegates/WHO", &|_| value!({}));
        let entry = |who: &str| set(&bob, &bob.calendar("default/"), &ace(&format!("/dav/principals/groups/{who}/"), &["D:read"])).send();
        assert_eq!(entry(none).status, entry(&secret).status);
        let why = |who: &str| bob.get(&format!("/api/v1/explain?subject={who}&object={id}&right=read")).send();
        assert_eq!((why(none).status, why(none).body), (404, why(&secret).body));
        // Who may know of it gives it what he likes.
        put_in(&alice, &secret, "bob", "member");
        assert_eq!(send(&bob, "POST", &at("shares"), &value!({ "with": secret, "role": "read" })).status, 201);
    }

    fn a_grant_to_a_group_that_is_not_known_has_no_name_and_stays(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        let root = administrator(&server);
        let secret = group(&alice, "Secret", "private");
        put_in(&alice, &secret, "bob", "member");
        put_in(&alice, &secret, "carol", "member");
        let id = id_of(&bob, "calendars", "default");
        let at = |what: &str| format!("/api/v1/calendars/{id}/{what}");
        assert_eq!(send(&bob, "POST", &at("shares"), &value!({ "with": secret, "role": "read" })).status, 201);
        let path = bob.calendar("default/");
        let reads = || carol.propfind(&path, "0", &["D:displayname"]).send().status;
        assert_eq!(reads(), 207);
        take_out(&alice, &secret, "bob");
        // By no door is its name told any more, nor by why.
        let acl = bob.get(&at("acl")).ok();
        let listed = bob.get(&at("shares")).ok();
        let dav = bob.propfind(&path, "0", &["D:acl"]).send();
        let why = bob.get(&format!("/api/v1/explain?subject=carol&object={id}&right=read")).ok();
        let audit = bob.get(&at("audit")).ok();
        for answer in [&acl, &listed, &dav, &why, &audit] {
            assert!(!answer.text().contains(&secret), "{}", answer.text());
        }
        assert_eq!(json(&acl)["entries"][1]["hidden"], true, "{}", acl.text());
        assert_eq!(json(&listed)["items"][0]["with"], ":hidden");
        assert_eq!(json(&why)["allowed"], true);
        assert!(root.get(&format!("/api/v1/explain?subject=carol&object={id}&right=read")).ok().text().contains(&secret));
        // Set back as it was told, by either door, it stays.
        assert_eq!(send(&bob, "PUT", &at("acl"), &json(&acl)).status, 200);
        set(&bob, &path, &ace("/dav/principals/users/alice/", &["D:read"])).ok();
        assert_eq!(reads(), 207);
        // He may take it away without knowing whose it is.
        bob.delete(&at("shares/:hidden")).no_content();
        assert_eq!(reads(), 404);
        problem(&bob.delete(&at("shares/:hidden")).send(), 404, "not-found");
        assert_eq!(json(&bob.get(&at("shares")).ok())["items"].as_array().expect("items").len(), 1);
    }
}
