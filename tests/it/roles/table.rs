//! Every role, to every kind of grantee, for every right: what is allowed follows from the table here, by the door of REST and that of DAV.

use super::{delegate, new_calendar, share, unshare};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, send};
use serde_json::{Value, json as value};

const ROLES: [&str; 5] = ["access", "read", "write", "delegate", "admin"];

/// What can be done with a calendar, and who may.
const RIGHTS: [(&str, &[&str]); 8] = [
    ("read-free-busy", &["access", "read", "write", "delegate"]),
    ("read", &["read", "write", "delegate"]),
    ("bind", &["write", "delegate"]),
    ("write-content", &["write", "delegate"]),
    ("unbind", &["write", "delegate"]),
    ("write-properties", &["write", "delegate"]),
    ("read-acl", &["delegate", "admin"]),
    ("write-acl", &["admin"]),
];

/// Who may read is told that he may no more than that; to all others the thing is not there.
const READERS: [&str; 3] = ["read", "write", "delegate"];

fn try_right(client: &Client, calendar: &str, right: &str) -> Answer {
    match right {
        "read-free-busy" => client
            .get(&format!("{calendar}/freebusy?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"))
            .send(),
        "read" => client.get(&format!("{calendar}/events/old")).send(),
        "bind" => client.put(&format!("{calendar}/events/new"), samples::meeting("new")).send(),
        "write-content" => client.put(&format!("{calendar}/events/old"), samples::meeting("old")).send(),
        "unbind" => client.delete(&format!("{calendar}/events/gone")).send(),
        "write-properties" => send(client, "PATCH", calendar, &value!({ "description": "x" })),
        "read-acl" => client.get(&format!("{calendar}/acl")).send(),
        _ => send(client, "PATCH", &format!("{calendar}/acl"), &value!({ "grant": [] })),
    }
}

fn refill(owner: &Client, calendar: &str) {
    owner.delete(&format!("{calendar}/events/new")).send();
    for name in ["old", "gone"] {
        owner.put(&format!("{calendar}/events/{name}"), samples::meeting(name)).send();
    }
}

/// Tries all rights of somebody with a role; none where it is empty.
fn check(wrong: &mut Vec<String>, owner: &Client, calendar: &str, who: &Client, role: &str, by: &str) {
    refill(owner, calendar);
    for (right, roles) in RIGHTS {
        let allowed = roles.contains(&role);
        let answer = try_right(who, calendar, right);
        let expected = match allowed {
            true => None,
            false => Some(if READERS.contains(&role) { 403 } else { 404 }),
        };
        let fits = expected.map_or(answer.status < 300, |expected| answer.status == expected);
        if !fits {
            wrong.push(format!("{role} by {by}, {right}: {} {}", answer.status, answer.text()));
        }
        let id = calendar.rsplit('/').next().expect("an id");
        let why = json(&owner.get(&format!("/api/v1/explain?subject=bob&object={id}&right={right}")).ok());
        if why["allowed"] != allowed {
            wrong.push(format!("{role} by {by}, {right} is explained: {why}"));
        }
    }
}

fn groups(server: &TestServer) {
    server.group("team", &["bob"]);
    server.group("house", &["team"]);
}

both! {
    fn each_role_opens_what_the_table_says_whoever_has_it(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        groups(&server);
        let (calendar, dav) = new_calendar(&alice, "Work");
        let mut wrong = Vec::new();
        check(&mut wrong, &alice, &calendar, &bob, "", "nobody");
        for with in ["bob", "team", "house", ":authenticated", ":public"] {
            for role in ROLES {
                let refused = match with {
                    ":authenticated" => role == "admin",
                    ":public" => ["write", "delegate", "admin"].contains(&role),
                    _ => false,
                };
                let shares = format!("{calendar}/shares");
                let answer = send(&alice, "POST", &shares, &value!({ "with": with, "role": role }));
                if refused {
                    assert_eq!(crate::rest::problem(&answer, 403, "allowed-principal"), "/role");
                    continue;
                }
                assert_eq!(answer.status, 201, "{with} {role}: {}", answer.text());
                check(&mut wrong, &alice, &calendar, &bob, role, with);
                // By the other door alike; what everybody may ask for busy times alone is not seen.
                let seen = bob.propfind(&dav, "0", &["D:resourcetype"]).send().status;
                let by_name = !with.starts_with(':');
                assert_eq!(seen, if role != "access" || by_name { 207 } else { 404 }, "{with} {role}");
                assert_eq!(bob.get(&format!("{dav}old")).send().status == 200, READERS.contains(&role), "{with} {role}");
                if by_name {
                    check(&mut wrong, &alice, &calendar, &eve, "", "a stranger");
                }
                unshare(&alice, &calendar, with);
                assert_eq!(bob.propfind(&dav, "0", &["D:resourcetype"]).send().status, 404, "{with} {role}");
            }
        }
        wrong.retain(|line| !line.contains("a stranger") || !line.contains("explained"));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn a_delegate_has_his_role_in_all_that_is_and_will_be(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        groups(&server);
        let before = new_calendar(&alice, "Before").0;
        let mut wrong = Vec::new();
        for with in ["bob", "team", "house"] {
            for role in ["read", "write", "delegate"] {
                delegate(&alice, with, &value!({ "role": role, "of": ["calendars"] }));
                let after = new_calendar(&alice, "After").0;
                for calendar in [&before, &after] {
                    check(&mut wrong, &alice, calendar, &bob, role, with);
                }
                // Inbox and outbox are opened to nobody but a delegate.
                let inbox = bob.propfind(&alice.calendar("inbox/"), "0", &["D:resourcetype"]).send().status;
                assert_eq!(inbox, if role == "delegate" { 207 } else { 404 }, "{with} {role}");
                bob.propfind(&alice.book("default/"), "0", &["D:resourcetype"]).status(404);
                let listed = json(&bob.get("/api/v1/calendars").ok())["items"].as_array().map(Vec::len);
                // His own two, hers, and the two that were made.
                let made = json(&alice.get("/api/v1/calendars").ok())["items"].as_array().map(Vec::len);
                assert_eq!(listed, made.map(|made| made + 2), "{with} {role}");
                alice.delete(&after).no_content();
                alice.delete(&format!("/api/v1/me/delegates/{with}")).no_content();
                check(&mut wrong, &alice, &before, &bob, "", with);
            }
        }
        alice.delete("/api/v1/me/delegates/bob").status(404);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn grants_add_up_and_logins_stay_as_narrow_as_they_are(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        groups(&server);
        let (calendar, dav) = new_calendar(&alice, "Work");
        let (other, _) = new_calendar(&alice, "Other");
        refill(&alice, &calendar);
        share(&alice, &calendar, "house", "read");
        share(&alice, &calendar, "bob", "admin");
        delegate(&alice, "team", &value!({ "role": "write" }));
        let rights = |path: &str| json(&bob.get(path).ok())["rights"].clone();
        let all: Vec<Value> = rights(&calendar).as_array().expect("rights").clone();
        for one in ["read", "write-content", "read-acl", "write-acl", "schedule-send-reply"] {
            assert!(all.contains(&value!(one)), "{one} of {all:?}");
        }
        assert!(!rights(&other).as_array().expect("rights").contains(&value!("write-acl")));
        for (scope, read, write) in [
            ("read".to_owned(), 200, 403),
            ("contacts".to_owned(), 404, 404),
            (format!("collection:{}", other.rsplit('/').next().expect("an id")), 404, 404),
            ("calendars".to_owned(), 200, 200),
        ] {
            let narrow = server.client_with_scope("bob", &scope);
            assert_eq!(narrow.get(&format!("{calendar}/events/old")).send().status, read, "{scope}");
            assert_eq!(narrow.put(&format!("{calendar}/events/old"), samples::meeting("old")).send().status, write, "{scope}");
            assert_eq!(narrow.get(&format!("{dav}old")).send().status, read, "{scope}");
            let acl = send(&narrow, "PATCH", &format!("{calendar}/acl"), &value!({ "grant": [] })).status;
            assert_eq!(acl, write, "{scope}");
        }
    }
}
