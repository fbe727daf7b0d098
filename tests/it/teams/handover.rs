//! A calendar or an address book that is handed over: it leaves the one home and is in the other, and nothing of it is lost.

use super::{administrator, calendar, group, home_sync, href, made, put_in};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{id_of, json, problem, send};
use cenacle::services::Limits;
use serde_json::{Value, json as value};

#[track_caller]
fn give(client: &Client, id: &str, body: &Value) -> Answer {
    send(client, "POST", &format!("/api/v1/calendars/{id}:transfer"), body)
}

#[track_caller]
fn given(client: &Client, id: &str, body: &Value) {
    let answer = give(client, id, body);
    assert_eq!(answer.status, 204, "{}", answer.text());
}

fn work(client: &Client) -> (String, String) {
    client.mkcalendar(&client.calendar("work/"), "").created();
    client.put(&client.calendar("work/a.ics"), samples::meeting("a")).created();
    let all = json(&client.get("/api/v1/calendars").ok());
    let own = all["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|one| one["href"] == client.calendar("work/"))
        .cloned();
    (client.calendar("work/"), own.expect("its own")["id"].as_str().expect("an id").to_owned())
}

both! {
    fn what_is_handed_over_is_the_others_with_all_that_is_in_it(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        let (old, id) = work(&alice);
        let etag = alice.get(&format!("{old}a.ics")).ok().etag();
        alice.put(&format!("{old}a.ics"), samples::meeting("a").replace("SUMMARY:", "SUMMARY:!")).no_content();
        for (who, client) in [("bob", &bob), ("carol", &carol)] {
            assert_eq!(send(&alice, "POST", &format!("/api/v1/calendars/{id}/shares"), &value!({ "with": who, "role": "read" })).status, 201);
            assert_eq!(send(client, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({ "pathName": "hers" })).status, 201);
        }
        let link = made(&alice, &format!("calendars/{id}/links"), &value!({ "scope": "full" }));
        let token = |client: &Client| home_sync(client, &client.calendar(""), "").2;
        let (of_alice, of_bob, of_carol) = (token(&alice), token(&bob), token(&carol));
        let numbers = bob.property(&bob.calendar("hers/"), "D:sync-token");
        given(&alice, &id, &value!({ "to": "bob" }));
        // It has left her home, and every client of hers is told so; it is in his in the place of what he had taken in.
        assert_eq!(home_sync(&alice, &alice.calendar(""), &of_alice).1, ["work"]);
        alice.get(&format!("{old}a.ics")).status(404);
        problem(&alice.get(&format!("/api/v1/calendars/{id}")).send(), 404, "not-found");
        let (present, gone, _) = home_sync(&bob, &bob.calendar(""), &of_bob);
        assert_eq!((present, gone), (vec!["work".to_owned()], vec!["hers".to_owned()]));
        let new = bob.calendar("work/");
        assert_eq!((href(&bob, &id), calendar(&bob, &id)["owner"].clone()), (new.clone(), value!("bob")));
        assert_eq!(calendar(&bob, &id)["subscribed"], false);
        bob.put(&format!("{new}b.ics"), samples::meeting("b")).created();
        assert!(bob.get(&format!("{new}a.ics")).ok().text().contains("SUMMARY:!"));
        // Others have it where they had it; numbers go on.
        assert_eq!(home_sync(&carol, &carol.calendar(""), &of_carol).0, ["hers"]);
        carol.get(&carol.calendar("hers/a.ics")).ok();
        let inside = format!("<D:sync-token>{numbers}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
        let answer = carol.report(&carol.calendar("hers/"), "D:sync-collection", &inside).multistatus();
        assert_eq!(answer.present().len(), 1, "only what came since");
        // Its history is whole, and tells by whom and for whom.
        let history = json(&bob.get(&format!("/api/v1/calendars/{id}/history")).ok());
        let told: Vec<_> = history["items"].as_array().expect("items").iter().map(|one| (one["by"].clone(), one["onBehalfOf"].clone())).collect();
        assert_eq!(told, [(value!("bob"), Value::Null), (value!("alice"), Value::Null), (value!("alice"), Value::Null)], "{history}");
        let first = &json(&bob.get(&format!("/api/v1/calendars/{id}/events/a.ics/history")).ok());
        assert!(first["items"].as_array().expect("items").iter().any(|one| one["etag"] == etag), "{first}");
        let audit = json(&bob.get(&format!("/api/v1/calendars/{id}/audit")).ok());
        let deed = audit["items"].as_array().expect("items").iter().find(|one| one["what"] == "handed-over").cloned().expect("noted");
        assert_eq!((&deed["by"], &deed["owner"], &deed["grantee"]), (&value!("alice"), &value!("alice"), &value!("bob")));
        // Her link has stopped: she may not share it any more. He needs no grant.
        assert_eq!(json(&bob.get(&format!("/api/v1/calendars/{id}/shares")).ok())["items"].as_array().expect("items").len(), 1);
        bob.get(&format!("/api/v1/calendars/{id}/links/{link}")).ok();
    }

    fn what_the_old_owner_keeps_is_said(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        for (keep, role, link_lives) in [("read", "read", 404), ("write", "write", 404), ("admin", "write", 200)] {
            let id = made(&alice, "calendars", &value!({ "name": keep }));
            let secret = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}/links"), &value!({ "scope": "full" })));
            let path = secret["path"].as_str().expect("a path");
            given(&alice, &id, &value!({ "to": "bob", "keep": keep }));
            let acl = json(&bob.get(&format!("/api/v1/calendars/{id}/acl")).ok());
            assert_eq!((&acl["entries"][1]["principal"], &acl["entries"][1]["role"]), (&value!("alice"), &value!(role)), "{acl}");
            assert_eq!(acl["entries"][1]["admin"], keep == "admin");
            assert_eq!(server.anonymous().get(path).send().status, link_lives, "{keep}");
            let at = href(&alice, &id);
            alice.put(&format!("{at}x.ics"), samples::meeting("x")).status(if keep == "read" { 403 } else { 201 });
            // It is no longer hers to give.
            problem(&give(&alice, &id, &value!({ "to": "alice" })), 403, "need-privileges");
        }
    }

    fn to_and_from_groups(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        let team = group(&alice, "Équipe", "private");
        put_in(&alice, &team, "bob", "manager");
        put_in(&alice, &team, "carol", "member");
        let (_, id) = work(&bob);
        given(&bob, &id, &value!({ "to": team }));
        let at = href(&carol, &id);
        assert_eq!(at, format!("/dav/calendars/{team}/work/"));
        carol.put(&format!("{at}c.ics"), samples::meeting("c")).created();
        // Members and managers do not give it away, owners do.
        for client in [&bob, &carol] {
            problem(&give(client, &id, &value!({ "to": "carol" })), 403, "need-privileges");
        }
        let (_, hers) = work(&carol);
        problem(&give(&carol, &hers, &value!({ "to": team })), 403, "manager-needed");
        given(&alice, &id, &value!({ "to": "carol" }));
        // The place was taken.
        assert_eq!(href(&carol, &id), carol.calendar(&format!("{id}/")));
        alice.get(&format!("/api/v1/calendars/{id}")).status(404);
        // Who did what for whom is told of each time as it was then.
        carol.put(&carol.calendar(&format!("{id}/d.ics")), samples::meeting("d")).created();
        let history = json(&carol.get(&format!("/api/v1/calendars/{id}/history")).ok());
        let told: Vec<_> = history["items"].as_array().expect("items").iter().map(|one| (one["by"].clone(), one["onBehalfOf"].clone())).collect();
        assert_eq!(told, [(value!("carol"), Value::Null), (value!("carol"), value!(team)), (value!("bob"), Value::Null)], "{history}");
        // Of whose it was he is not told who may not know of the group.
        let dora = server.user("dora");
        assert_eq!(send(&carol, "POST", &format!("/api/v1/calendars/{id}/shares"), &value!({ "with": "dora", "role": "read" })).status, 201);
        for path in ["history", "changes?actors=true"] {
            let told = dora.get(&format!("/api/v1/calendars/{id}/{path}")).ok();
            assert!(told.text().contains("carol") && !told.text().contains(&team), "{}", told.text());
        }
        let book = made(&bob, &format!("groups/{team}/address-books"), &value!({ "name": "x" }));
        assert_eq!(send(&alice, "POST", &format!("/api/v1/address-books/{book}:transfer"), &value!({ "to": "bob" })).status, 204);
        assert_eq!(json(&bob.get(&format!("/api/v1/address-books/{book}")).ok())["owner"], "bob");
    }

    fn what_cannot_be_handed_over(db) {
        let server = TestServer::with_limits(db, Limits { collections: 6, ..Limits::default() });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (old, id) = work(&alice);
        let hidden = group(&bob, "Secret", "private");
        let at = |body: &Value| problem(&give(&alice, &id, body), 400, "bad-request");
        assert_eq!(at(&value!({ "to": "nobody" })), "/to");
        assert_eq!(at(&value!({ "to": hidden })), "/to", "as if there were no such group");
        assert_eq!(at(&value!({ "to": "bob", "keep": "all" })), "/keep");
        problem(&give(&alice, &id_of(&alice, "calendars", "default"), &value!({ "to": "bob" })), 403, "default-collection-needed");
        problem(&give(&alice, &id, &value!({ "to": "alice" })), 409, "conflict");
        problem(&give(&bob, &id, &value!({ "to": "bob" })), 404, "not-found");
        let (one, two) = (format!("{}x1/", bob.calendar("")), format!("{}x2/", bob.calendar("")));
        bob.mkcalendar(&one, "").created();
        bob.mkcalendar(&two, "").created();
        let refused = give(&alice, &id, &value!({ "to": "bob" }));
        assert!(refused.status >= 400 && refused.text().contains("quota"), "{}", refused.text());
        alice.get(&format!("{old}a.ics")).ok();
    }

    fn two_may_hand_over_to_each_other_at_once(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        for round in 0..8 {
            let name = value!({ "name": format!("n{round}") });
            let (one, other) = (made(&alice, "calendars", &name), made(&bob, "calendars", &name));
            std::thread::scope(|scope| {
                let (first, second) = (alice.another(), bob.another());
                let (one, other) = (&one, &other);
                scope.spawn(move || given(&first, one, &value!({ "to": "bob" })));
                scope.spawn(move || given(&second, other, &value!({ "to": "alice" })));
            });
            assert_eq!((calendar(&bob, &one)["owner"].clone(), calendar(&alice, &other)["owner"].clone()), (value!("bob"), value!("alice")));
        }
    }

    fn the_operator_hands_over_what_somebody_leaves(db) {
        use cenacle::services::hand_over::{HandOver, Kept};
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let root = administrator(&server);
        let (_, id) = work(&alice);
        let book = made(&alice, "address-books", &value!({ "name": "x" }));
        let team = group(&bob, "Équipe", "private");
        let done = server.wait(server.core().hand_over_all("alice", &HandOver { to: team.clone(), keep: Kept::Nothing })).expect("done");
        assert_eq!(done.len(), 2);
        assert_eq!(calendar(&bob, &id)["owner"], team.as_str());
        assert_eq!(json(&bob.get(&format!("/api/v1/address-books/{book}")).ok())["owner"], team.as_str());
        assert_eq!(alice.get("/api/v1/calendars").ok().text().matches("\"owner\":\"alice\"").count(), 2, "what an account keeps stays");
        let audit = json(&root.get("/api/v1/admin/audit?owner=alice").ok());
        assert_eq!(audit["items"].as_array().expect("items").iter().filter(|one| one["what"] == "handed-over").count(), 2);
    }
}
