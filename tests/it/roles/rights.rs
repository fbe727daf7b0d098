//! Rights as they are told and changed: roles and privileges, entity tags, what nobody may do; absent and forbidden alike.

use super::{delegate, entries, new_calendar, share};
use crate::acl::{ace, set};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, problem, send};
use serde_json::json as value;

both! {
    fn rights_are_told_by_their_names(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        server.group("team", &["bob"]);
        let (calendar, dav) = new_calendar(&alice, "Work");
        let all = value!({ "entries": [
            { "principal": "bob", "role": "read", "admin": true },
            { "principal": "team", "privileges": ["read", "bind"] },
            { "authenticated": true, "role": "access" },
            { "public": true, "privileges": ["read-free-busy"] },
        ]});
        let told = json(&send(&alice, "PUT", &format!("{calendar}/acl"), &all))["entries"].clone();
        let roles: Vec<(&str, &str, bool)> = told.as_array().expect("entries").iter().map(|one| {
            let who = one["principal"].as_str().unwrap_or(if one["public"] == true { "public" } else { "authenticated" });
            (who, one["role"].as_str().expect("a role"), one["admin"] == true)
        }).collect();
        assert_eq!(roles, [("alice", "owner", true), ("bob", "read", true), ("team", "custom", false), ("authenticated", "access", false), ("public", "custom", false)]);
        assert_eq!(told[0]["protected"], true);
        // What is told may be sent back, and means the same.
        let again = json(&send(&alice, "PUT", &format!("{calendar}/acl"), &value!({ "entries": told })));
        assert_eq!(again["entries"], told);
        // The other door has the same entries, and what it grants is told here.
        let acl = alice.propfind(&dav, "0", &["D:acl"]).multistatus();
        assert_eq!(acl.only().prop("D:acl").all("D:ace").count(), 5);
        set(&alice, &dav, &ace(&bob.principal(), &["D:read", "D:write"])).ok();
        let entry = entries(&alice, &calendar)[1].clone();
        assert_eq!((entry["principal"].as_str(), entry["role"].as_str()), (Some("bob"), Some("custom")));
        let shares = json(&alice.get(&format!("{calendar}/shares")).ok());
        assert_eq!((shares["items"][0]["with"].as_str(), shares["items"][0]["kind"].as_str()), (Some("bob"), Some("user")));
        let book = crate::rest::id_of(&alice, "address-books", "default");
        let shared = send(&alice, "POST", &format!("/api/v1/address-books/{book}/shares"), &value!({ "with": "bob", "role": "access" }));
        assert_eq!(problem(&shared, 400, "bad-request"), "/role");
    }

    fn rights_have_an_entity_tag_of_their_own(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        server.user("bob");
        server.user("eve");
        let (calendar, _) = new_calendar(&alice, "Work");
        let acl = format!("{calendar}/acl");
        let before = alice.get(&acl).ok().etag();
        alice.put(&format!("{calendar}/events/a"), samples::meeting("a")).created();
        alice.get(&acl).header("If-None-Match", &before).status(304);
        let put = |tag: &str, role: &str| {
            let body = value!({ "entries": [{ "principal": "bob", "role": role }] });
            alice.request("PUT", &acl).header("Content-Type", "application/json").header("If-Match", tag).body(body.to_string()).send()
        };
        let now = put(&before, "read");
        assert_eq!(now.status, 200, "{}", now.text());
        let stale = put(&before, "write");
        problem(&stale, 412, "precondition-failed");
        assert_eq!(stale.header("ETag"), now.header("ETag"));
        assert_eq!(entries(&alice, &calendar)[1]["role"], "read");
        // A patch leaves all others as they are.
        let patch = value!({ "grant": [{ "principal": "eve", "role": "write" }], "revoke": [] });
        assert_eq!(send(&alice, "PATCH", &acl, &patch).status, 200);
        assert_eq!(entries(&alice, &calendar).len(), 3);
        assert_eq!(send(&alice, "PATCH", &acl, &value!({ "revoke": ["bob"] })).status, 200);
        assert_eq!(entries(&alice, &calendar)[1]["principal"], "eve");
        assert_ne!(alice.get(&acl).ok().etag(), now.etag());
    }

    fn what_cannot_be_is_refused_with_its_place(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, dav) = new_calendar(&alice, "Work");
        share(&alice, &calendar, "bob", "admin");
        let before = entries(&alice, &calendar);
        let put = |client: &Client, body: serde_json::Value| send(client, "PUT", &format!("{calendar}/acl"), &value!({ "entries": body }));
        for (body, status, kind, field) in [
            (value!([{ "principal": "nobody", "role": "read" }]), 400, "bad-request", "/entries/0/principal"),
            (value!([{ "principal": "bob", "role": "king" }]), 400, "bad-request", "/entries/0/role"),
            (value!([{ "principal": "bob", "public": true, "role": "read" }]), 400, "bad-request", "/entries/0"),
            (value!([{ "principal": "bob" }]), 400, "bad-request", "/entries/0"),
            (value!([{ "principal": "bob", "role": "read" }, { "principal": "BOB", "role": "read" }]), 400, "bad-request", "/entries/1"),
            (value!([{ "principal": "bob", "privileges": ["read", "fly"] }]), 400, "bad-request", "/entries/0/privileges/1"),
            (value!([{ "public": true, "privileges": ["bind"] }]), 403, "allowed-principal", "/entries/0"),
            (value!([{ "authenticated": true, "role": "read", "admin": true }]), 403, "allowed-principal", "/entries/0"),
            (value!([{ "principal": "alice", "role": "read" }]), 403, "no-protected-ace-conflict", "/entries"),
        ] {
            assert_eq!(problem(&put(&alice, body.clone()), status, kind), field, "{body}");
        }
        // Whoever gives rights keeps that right.
        for body in [value!([]), value!([{ "principal": "bob", "role": "write" }])] {
            assert_eq!(problem(&put(&bob, body), 403, "no-ace-conflict"), "/entries");
        }
        bob.delete(&format!("{calendar}/shares/bob")).status(403);
        assert_eq!(entries(&alice, &calendar), before);
        // By the other door as well.
        for (principal, privilege) in [("<D:all/>", "D:write-content"), ("<D:authenticated/>", "D:write-acl")] {
            let entry = format!("<D:ace><D:principal>{principal}</D:principal><D:grant><D:privilege><{privilege}/></D:privilege></D:grant></D:ace>");
            set(&alice, &dav, &entry).refused(403, "D:allowed-principal");
        }
        set(&bob, &dav, "").refused(403, "D:no-ace-conflict");
        assert_eq!(entries(&alice, &calendar), before);
        alice.delete(&format!("{calendar}/shares/nobody")).status(404);
        alice.delete(&format!("{calendar}/shares/:public")).status(404);
    }

    fn inherited_entries_are_told_and_changed_where_they_are(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, dav) = new_calendar(&alice, "Work");
        delegate(&alice, "bob", &value!({ "role": "read" }));
        let told = entries(&alice, &calendar);
        assert_eq!((told[1]["principal"].as_str(), told[1]["inherited"].as_bool()), (Some("bob"), Some(true)));
        let acl = alice.propfind(&dav, "0", &["D:acl", "D:inherited-acl-set"]).multistatus();
        assert_eq!(acl.only().href_in("D:inherited-acl-set"), alice.principal());
        let inherited = acl.only().prop("D:acl").all("D:ace").find(|ace| ace.child("D:inherited").is_some()).cloned().expect("inherited");
        assert_eq!(inherited.child("D:inherited").expect("from where").hrefs(), [alice.principal()]);
        let whose = format!("<D:inherited><D:href>{}</D:href></D:inherited></D:ace>", alice.principal());
        let privileges: Vec<String> = inherited.at("D:grant").expect("a grant").all("D:privilege").flat_map(|one| &one.children)
            .map(|one| format!("{}:{}", if one.is(&format!("C:{}", one.local)) { "C" } else { "D" }, one.local)).collect();
        let names: Vec<&str> = privileges.iter().map(String::as_str).collect();
        let as_it_is = ace(&bob.principal(), &names).replace("</D:ace>", &whose);
        set(&alice, &dav, &as_it_is).ok();
        let other = ace(&bob.principal(), &["D:read", "D:write"]).replace("</D:ace>", &whose);
        set(&alice, &dav, &other).refused(403, "D:no-inherited-ace-conflict");
        let protected = ace(&bob.principal(), &["D:read"]).replace("</D:ace>", "<D:protected/></D:ace>");
        set(&alice, &dav, &protected).refused(403, "D:no-protected-ace-conflict");
        // It is not the calendar's to take back.
        alice.delete(&format!("{calendar}/shares/bob")).status(404);
        assert_eq!(entries(&alice, &calendar), told);
        bob.propfind(&dav, "0", &["D:resourcetype"]).multistatus();
    }

    fn absent_and_forbidden_look_alike(db) {
        let server = TestServer::start(db);
        let (alice, eve) = (server.user("alice"), server.user("eve"));
        let (calendar, _) = new_calendar(&alice, "Work");
        let id = calendar.rsplit('/').next().expect("an id").to_owned();
        let absent = "0000000000001";
        let entry = value!({ "entries": [{ "principal": "eve", "role": "read" }] });
        for (method, rest, body) in [
            ("GET", "acl", None), ("PUT", "acl", Some(&entry)), ("PATCH", "acl", Some(&value!({ "grant": [] }))), ("PUT", "acl", Some(&value!({ "x": 1 }))),
            ("GET", "shares", None), ("POST", "shares", Some(&value!({ "with": "eve", "role": "read" }))), ("DELETE", "shares/eve", None), ("GET", "audit", None),
        ] {
            let ask = |id: &str| match body {
                Some(body) => send(&eve, method, &format!("/api/v1/calendars/{id}/{rest}"), body),
                None => eve.request(method, &format!("/api/v1/calendars/{id}/{rest}")).send(),
            };
            let (forbidden, none) = (ask(&id), ask(absent));
            let plain = |answer: &crate::harness::answer::Answer| {
                let mut headers: Vec<(String, String)> = answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()))
                    .filter(|(name, _)| name != "date" && !name.starts_with("ratelimit") && name != "x-request-id").collect();
                headers.sort();
                (answer.status, headers, answer.body.clone())
            };
            assert_eq!(plain(&forbidden), plain(&none), "{method} {rest}");
            assert_eq!(forbidden.status, 404, "{method} {rest}");
        }
        for object in [&id, absent] {
            eve.get(&format!("/api/v1/explain?subject=eve&object={object}&right=read")).status(404);
        }
    }

    fn explanations_name_the_way(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        server.group("team", &["bob"]);
        server.group("house", &["team"]);
        let (calendar, _) = new_calendar(&alice, "Work");
        let id = calendar.rsplit('/').next().expect("an id").to_owned();
        let path = |subject: &str, right: &str| format!("/api/v1/explain?subject={subject}&object={id}&right={right}");
        share(&alice, &calendar, "house", "read");
        delegate(&alice, "bob", &value!({ "role": "delegate", "of": ["calendars"] }));
        let told = json(&alice.get(&path("bob", "read")).ok());
        assert_eq!((told["allowed"].as_bool(), told["because"].as_str()), (Some(true), Some("granted")));
        assert_eq!(told["grants"][0]["path"], value!(["house", "team"]));
        assert_eq!((told["grants"][1]["path"].clone(), told["grants"][1]["grant"]["inherited"].as_bool()), (value!([]), Some(true)));
        let told = json(&alice.get(&path("bob", "admin")).ok());
        assert_eq!((told["allowed"].as_bool(), told["because"].as_str(), told["missing"].clone()), (Some(false), Some("granted in part"), value!(["write-acl"])));
        assert_eq!(json(&alice.get(&path("alice", "admin")).ok())["because"], "owner");
        let told = json(&alice.get(&path("house", "write")).ok());
        assert_eq!((told["because"].as_str(), told["role"].as_str()), (Some("granted in part"), Some("read")));
        // The delegate sees the rights, and so why.
        bob.get(&path("bob", "read")).ok();
        alice.get(&path("nobody", "read")).status(404);
        alice.get(&path("bob", "fly")).status(400);
    }
}
