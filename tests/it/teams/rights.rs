//! Calendars and address books of groups: made by who keeps the group, used by its members as their role says, gone for who leaves.

use super::{administrator, calendar, group, home_sync, href, made, put_in, take_out, team_calendar};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, problem, send};
use cenacle::services::Limits;
use serde_json::json as value;

/// The calendars or address books that somebody is told of, by their owner.
fn owned_by(client: &Client, list: &str, owner: &str) -> usize {
    let page = json(&client.get(&format!("/api/v1/{list}")).ok());
    page["items"].as_array().expect("items").iter().filter(|one| one["owner"] == owner).count()
}

fn mail(uid: &str) -> String {
    samples::meeting(uid)
}

both! {
    fn members_do_what_their_role_says(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol, dora) = (server.user("alice"), server.user("bob"), server.user("carol"), server.user("dora"));
        let team = group(&alice, "Équipe", "private");
        let inner = group(&alice, "Dedans", "private");
        put_in(&alice, &team, "bob", "manager");
        put_in(&alice, &team, &inner, "member");
        put_in(&alice, &inner, "carol", "member");
        let id = team_calendar(&alice, &team);
        let at = href(&alice, &id);
        assert!(at.starts_with(&format!("/dav/calendars/{team}/")), "{at}");
        // The owner does everything, the manager gives rights, the member (through another group) writes, a stranger knows nothing.
        assert!(calendar(&alice, &id)["rights"].as_array().expect("rights").iter().any(|one| one == "write-acl"));
        alice.put(&format!("{at}a.ics"), mail("a")).created();
        bob.put(&format!("{at}b.ics"), mail("b")).created();
        carol.put(&format!("{at}c.ics"), mail("c")).created();
        dora.put(&format!("{at}d.ics"), mail("d")).status(404);
        dora.get(&format!("{at}a.ics")).status(404);
        problem(&dora.get(&format!("/api/v1/calendars/{id}")).send(), 404, "not-found");
        let acl = format!("/api/v1/calendars/{id}/acl");
        bob.get(&acl).ok();
        problem(&carol.get(&acl).send(), 403, "need-privileges");
        for client in [&alice, &bob, &carol] {
            assert_eq!(owned_by(client, "calendars", &team), 1);
            client.get(&format!("{at}a.ics")).ok();
            assert_eq!(client.propfind(&format!("/dav/calendars/{team}/"), "1", &["D:displayname"]).multistatus().hrefs().len(), 2);
        }
        assert_eq!(owned_by(&dora, "calendars", &team), 0);
        dora.propfind(&format!("/dav/calendars/{team}/"), "0", &["D:displayname"]).status(404);
        // By a setting of the group members only read, or do nothing.
        let set = |may: &str| {
            let patched = alice.request("PATCH", &format!("/api/v1/groups/{team}")).header("Content-Type", "application/merge-patch+json").body(value!({ "membersMay": may }).to_string()).send();
            assert_eq!(json(&patched)["membersMay"], may, "{}", patched.text());
        };
        set("read");
        carol.get(&format!("{at}a.ics")).ok();
        carol.put(&format!("{at}e.ics"), mail("e")).status(403);
        bob.put(&format!("{at}e.ics"), mail("e")).created();
        set("nothing");
        carol.get(&format!("{at}a.ics")).status(404);
        assert_eq!(owned_by(&carol, "calendars", &team), 0);
        // What is granted beside that holds as everywhere.
        let share = send(&bob, "POST", &format!("/api/v1/calendars/{id}/shares"), &value!({ "with": "carol", "role": "read" }));
        assert_eq!(share.status, 201, "{}", share.text());
        carol.get(&format!("{at}a.ics")).ok();
    }

    fn who_keeps_the_group_makes_and_removes(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        let root = administrator(&server);
        let team = group(&alice, "Équipe", "private");
        put_in(&alice, &team, "bob", "manager");
        put_in(&alice, &team, "carol", "member");
        let wanted = value!({ "name": "Neuf" });
        let at = |list: &str| format!("/api/v1/groups/{team}/{list}");
        problem(&send(&carol, "POST", &at("calendars"), &wanted), 403, "manager-needed");
        let dora = server.user("dora");
        let (absent, forbidden) = (send(&dora, "POST", "/api/v1/groups/none-1/calendars", &wanted), send(&dora, "POST", &at("calendars"), &wanted));
        assert_eq!((absent.status, absent.body), (404, forbidden.body));
        for client in [&alice, &bob, &root] {
            made(client, &format!("groups/{team}/calendars"), &wanted);
            let id = made(client, &format!("groups/{team}/address-books"), &wanted);
            problem(&send(client, "POST", &at("address-books"), &value!({ "name": " " })), 400, "bad-request");
            assert_eq!(json(&alice.get(&format!("/api/v1/address-books/{id}")).ok())["owner"], team.as_str());
        }
        // By DAV in the group's home, which is seen by them before there is anything in it.
        let empty = group(&alice, "Vide", "private");
        put_in(&alice, &empty, "bob", "manager");
        put_in(&alice, &empty, "carol", "member");
        let home = format!("/dav/calendars/{empty}/");
        carol.propfind(&home, "0", &["D:displayname"]).status(404);
        let told = bob.propfind(&home, "0", &["D:current-user-privilege-set"]).multistatus();
        assert!(told.only().prop("D:current-user-privilege-set").holds("D:bind"), "he may make something");
        carol.mkcalendar(&format!("{home}x/"), "").status(403);
        dora.mkcalendar(&format!("{home}x/"), "").status(403);
        bob.mkcalendar(&format!("{home}x/"), "").created();
        bob.mkcol(&format!("/dav/addressbooks/{empty}/x/"), "").created();
        carol.put(&format!("{home}x/a.ics"), mail("a")).created();
        carol.delete(&format!("{home}x/")).status(403);
        // It is not carried off by a name.
        for client in [&alice, &bob, &carol] {
            client.move_to(&format!("{home}x/"), &client.calendar("x/")).status(403);
        }
        problem(&alice.delete(&format!("/api/v1/groups/{empty}")).send(), 409, "group-not-empty");
        bob.delete(&format!("{home}x/")).no_content();
        bob.delete(&format!("/dav/addressbooks/{empty}/x/")).no_content();
        // It is in the trash of who keeps the group, and of nobody else.
        let trash = |client: &Client| json(&client.get("/api/v1/deleted-calendars").ok())["items"].as_array().expect("items").clone();
        assert!(trash(&carol).is_empty());
        let id = trash(&alice)[0]["id"].as_str().expect("an id").to_owned();
        problem(&send(&carol, "POST", &format!("/api/v1/deleted-calendars/{id}:restore"), &value!({})), 404, "not-found");
        problem(&alice.delete(&format!("/api/v1/groups/{empty}")).send(), 409, "group-not-empty");
        let back = send(&bob, "POST", &format!("/api/v1/deleted-calendars/{id}:restore"), &value!({}));
        assert!(matches!(back.status, 200 | 201 | 204), "{}", back.text());
        carol.get(&format!("{home}x/a.ics")).ok();
    }

    fn a_group_is_not_removed_while_something_is_made_in_it(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let alice = server.user("alice");
        server.user("bob");
        for round in 0..12 {
            let team = group(&alice, &format!("Équipe {round}"), "private");
            put_in(&alice, &team, "bob", "manager");
            let at = format!("/dav/calendars/{team}/x/");
            let (bob, there) = (node.client_with_scope("bob", ""), &at);
            let (made, removed) = std::thread::scope(|scope| {
                let made = scope.spawn(move || bob.mkcalendar(there, "").send().status);
                let removed = alice.delete(&format!("/api/v1/groups/{team}")).send().status;
                (made.join().expect("an answer"), removed)
            });
            assert!(matches!((made, removed), (201, 409) | (403 | 404, 204)), "made: {made}, removed: {removed}");
            let there = alice.propfind(&at, "0", &["D:displayname"]).send().status;
            assert_eq!(there, if made == 201 { 207 } else { 404 });
        }
    }

    fn who_leaves_the_group_loses_it_at_the_next_request(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (team, inner) = (group(&alice, "Équipe", "private"), group(&alice, "Dedans", "private"));
        put_in(&alice, &team, &inner, "member");
        put_in(&alice, &inner, "bob", "member");
        let id = team_calendar(&alice, &team);
        let at = href(&alice, &id);
        alice.put(&format!("{at}a.ics"), mail("a")).created();
        let taken = send(&bob, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({ "pathName": "team" }));
        assert_eq!(taken.status, 201, "{}", taken.text());
        let (home, mine) = (bob.calendar(""), bob.calendar("team/"));
        let (present, _, token) = home_sync(&bob, &home, "");
        assert!(present.contains(&"team".to_owned()), "{present:?}");
        bob.get(&format!("{mine}a.ics")).ok();
        let inside = bob.property(&mine, "D:sync-token");
        // A manager's rights are seen by his home as soon as he is one: nothing in the calendar has changed.
        put_in(&alice, &team, "bob", "manager");
        assert_ne!(bob.property(&home, "D:sync-token"), token);
        let (present, gone, token) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec!["team".to_owned()], vec![]));
        assert_eq!(home_sync(&bob, &home, &token).0, Vec::<String>::new());
        take_out(&alice, &team, "bob");
        let (present, _, token) = home_sync(&bob, &home, &token);
        assert_eq!(present, ["team"]);
        take_out(&alice, &inner, "bob");
        assert_ne!(bob.property(&home, "D:sync-token"), token);
        let (present, gone, token) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![], vec!["team".to_owned()]));
        assert!(home_sync(&bob, &home, &token).1.is_empty(), "told once");
        bob.get(&format!("{mine}a.ics")).status(404);
        bob.get(&format!("{at}a.ics")).status(404);
        let body = format!("<D:sync-token>{inside}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
        bob.report(&mine, "D:sync-collection", &body).status(404);
        // And has it again, in its place, when he comes back.
        put_in(&alice, &team, "bob", "member");
        assert_eq!(home_sync(&bob, &home, &token).0, ["team"]);
        bob.get(&format!("{mine}a.ics")).ok();
    }

    fn a_delegation_that_changes_is_seen_by_the_delegates_home(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let set = |role: &str| assert_eq!(send(&alice, "PUT", "/api/v1/me/delegates/bob", &value!({ "role": role })).status, 204);
        set("write");
        let page = json(&bob.get("/api/v1/calendars").ok());
        let hers = page["items"].as_array().expect("items").iter().find(|one| one["owner"] == "alice").cloned().expect("one of hers");
        let id = hers["id"].as_str().expect("an id");
        assert_eq!(send(&bob, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({ "pathName": "hers" })).status, 201);
        let home = bob.calendar("");
        let (_, _, token) = home_sync(&bob, &home, "");
        set("read");
        assert_ne!(bob.property(&home, "D:sync-token"), token);
        let (present, gone, token) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec!["hers".to_owned()], vec![]));
        // A token of before this was noted has it told once more, and no more.
        let old = token.rsplit_once('.').expect("a regard").0.to_owned();
        let (present, _, token) = home_sync(&bob, &home, &old);
        assert_eq!(present, ["hers"]);
        alice.delete("/api/v1/me/delegates/bob").no_content();
        assert_eq!(home_sync(&bob, &home, &token).1, ["hers"]);
    }

    fn roles_are_told_as_reasons(db) {
        let server = TestServer::start(db);
        let (alice, bob, _carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        let (team, inner) = (group(&alice, "Équipe", "private"), group(&alice, "Dedans", "private"));
        put_in(&alice, &team, &inner, "manager");
        put_in(&alice, &inner, "bob", "member");
        let id = team_calendar(&alice, &team);
        let why = |who: &str, right: &str| json(&alice.get(&format!("/api/v1/explain?subject={who}&object={id}&right={right}")).ok());
        let told = why("bob", "admin");
        assert_eq!((&told["allowed"], &told["because"]), (&value!(true), &value!("granted")), "{told}");
        assert_eq!(told["grants"][0]["membership"], "manager", "{told}");
        assert_eq!(told["grants"][0]["path"], value!([team, inner]), "{told}");
        assert_eq!(told["grants"][0]["grant"]["principal"], team.as_str());
        let told = why("carol", "read");
        assert_eq!((&told["allowed"], &told["grants"]), (&value!(false), &value!([])), "{told}");
        assert_eq!(why("alice", "write")["grants"][0]["membership"], "owner");
        // The rights name what plain members may, and setting them anew changes nothing of that.
        let acl = json(&bob.get(&format!("/api/v1/calendars/{id}/acl")).ok());
        let entry = &acl["entries"][1];
        assert_eq!((&entry["principal"], &entry["role"], &entry["protected"]), (&value!(team), &value!("write"), &value!(true)), "{acl}");
        let sent = send(&bob, "PUT", &format!("/api/v1/calendars/{id}/acl"), &acl);
        assert_eq!(sent.status, 200, "{}", sent.text());
        assert_eq!(json(&sent), acl);
        let at = href(&bob, &id);
        let shown = bob.propfind(&at, "0", &["D:acl"]).multistatus();
        assert_eq!(shown.only().prop("D:acl").all("D:ace").count(), 2);
    }

    fn a_hidden_group_shows_what_it_has_to_its_owners_alone(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let team = group(&alice, "Secret", "hidden");
        put_in(&alice, &team, "bob", "manager");
        let id = team_calendar(&alice, &team);
        let at = href(&alice, &id);
        bob.get(&format!("/api/v1/calendars/{id}")).status(404);
        bob.propfind(&at, "0", &["D:displayname"]).status(404);
        assert_eq!(owned_by(&bob, "calendars", &team), 0);
        bob.mkcalendar(&format!("/dav/calendars/{team}/x/"), "").status(403);
        put_in(&alice, &team, "bob", "owner");
        bob.propfind(&at, "0", &["D:displayname"]).multistatus();
    }

    fn what_is_confidential_is_seen_by_the_owners_of_the_group(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let team = group(&alice, "Équipe", "private");
        put_in(&alice, &team, "bob", "member");
        let at = href(&alice, &team_calendar(&alice, &team));
        let event = samples::event("a", &["DTSTART:20260301T090000Z", "SUMMARY:geheim", "CLASS:CONFIDENTIAL"]);
        alice.put(&format!("{at}a.ics"), event).created();
        assert!(alice.get(&format!("{at}a.ics")).ok().text().contains("geheim"));
        assert!(!bob.get(&format!("{at}a.ics")).ok().text().contains("geheim"));
    }
}
