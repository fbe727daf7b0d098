//! Others' collections in one's own home: found there by clients, called as their user likes, gone when the right is.

use super::{ace, set};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, problem, send};
use serde_json::json as value;

/// The id by which REST calls what another has granted.
fn id_of(client: &Client, list: &str, owner: &str) -> String {
    let page = json(&client.get(&format!("/api/v1/{list}")).ok());
    let found = page["items"].as_array().expect("items").iter().find(|one| one["owner"] == owner).cloned();
    found.expect("a shared collection")["id"].as_str().expect("an id").to_owned()
}

/// The members of a home as a listing shows them.
fn members(client: &Client, home: &str) -> Vec<String> {
    let listing = client.propfind(home, "1", &["D:displayname"]).multistatus();
    listing.hrefs().into_iter().filter(|href| *href != home).map(str::to_owned).collect()
}

/// A home's changes since a token: what is told as there, what as gone, and the next token.
fn home_sync(client: &Client, home: &str, token: &str) -> (Vec<String>, Vec<String>, String) {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    let answer = client.report(home, "D:sync-collection", &inside).multistatus();
    let paths = |all: Vec<&str>| all.into_iter().map(|name| format!("{home}{name}/")).collect();
    (paths(answer.present()), paths(answer.gone()), answer.token())
}

/// Bob has Alice's calendar in his home; tells its path there and its id.
fn taken(alice: &Client, bob: &Client, privileges: &[&str]) -> (String, String) {
    set(alice, &alice.calendar("default/"), &ace(&bob.principal(), privileges)).ok();
    let id = id_of(bob, "calendars", "alice");
    let made = send(
        bob,
        "PUT",
        &format!("/api/v1/calendars/{id}/subscription"),
        &value!({ "name": "Alice", "color": "#112233" }),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let href = json(&made)["href"].as_str().expect("a path").to_owned();
    assert_eq!(href, bob.calendar("alice-default/"));
    (href, id)
}

both! {
    fn a_share_that_is_taken_in_stands_in_ones_own_home(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let home = bob.calendar("");
        let (_, _, before) = home_sync(&bob, &home, "");
        let (mine, id) = taken(&alice, &bob, &["D:read"]);
        assert!(members(&bob, &home).contains(&mine));
        let (present, gone, token) = home_sync(&bob, &home, &before);
        assert_eq!((present, gone), (vec![mine.clone()], vec![]));
        // One content for both, and one token for him wherever he looks at it.
        let hers = alice.calendar("default/");
        assert_eq!(bob.get(&format!("{mine}a.ics")).ok().text(), alice.get(&alice.calendar("default/a.ics")).ok().text());
        assert_eq!(bob.property(&mine, "D:sync-token"), bob.property(&hers, "D:sync-token"));
        // What is in it is listed below the path that was asked for.
        let listing = bob.propfind(&mine, "1", &["D:getetag"]).multistatus();
        assert_eq!(listing.hrefs(), [mine.as_str(), &format!("{mine}a.ics")]);
        // Read-only is read-only, and whose it is can be seen.
        bob.put(&format!("{mine}b.ics"), samples::meeting("b")).status(403);
        bob.delete(&format!("{mine}a.ics")).status(403);
        let owner = bob.propfind(&mine, "0", &["D:owner"]).multistatus().only().href_in("D:owner");
        assert_eq!(owner, alice.principal());
        // A change of the owner's is told by the home, once.
        alice.put(&alice.calendar("default/c.ics"), samples::meeting("c")).created();
        assert_ne!(bob.property(&home, "D:sync-token"), token);
        let (present, gone, token) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![mine.clone()], vec![]));
        let (present, gone, _) = home_sync(&bob, &home, &token);
        assert!(present.is_empty() && gone.is_empty());
        assert_eq!(json(&bob.get(&format!("/api/v1/calendars/{id}")).ok())["subscribed"], true);
        assert_eq!(bob.property(&home, "D:sync-token"), token);
    }

    fn its_name_and_colour_are_ones_own(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (mine, id) = taken(&alice, &bob, &["D:read"]);
        let hers = alice.calendar("default/");
        let named = |client: &Client, path: &str| (client.property(path, "D:displayname"), client.property(path, "A:calendar-color"));
        assert_eq!(named(&bob, &mine), ("Alice".into(), "#112233".into()));
        assert_eq!(named(&alice, &hers), ("Agenda".into(), "#3465A4FF".into()));
        let token = bob.property(&bob.calendar(""), "D:sync-token");
        // Though he may only read: it is his own.
        bob.proppatch(&mine, "<D:set><D:prop><A:calendar-color xmlns:A=\"http://apple.com/ns/ical/\">#445566</A:calendar-color></D:prop></D:set>").multistatus();
        assert_eq!(named(&bob, &mine).1, "#445566");
        assert_eq!(named(&alice, &hers), ("Agenda".into(), "#3465A4FF".into()));
        let (present, _, _) = home_sync(&bob, &bob.calendar(""), &token);
        assert_eq!(present, std::slice::from_ref(&mine), "other devices of his learn of it");
        // What he has not named otherwise follows the owner; what he takes away does so again.
        bob.proppatch(&mine, "<D:remove><D:prop><D:displayname/></D:prop></D:remove>").multistatus();
        alice.proppatch(&hers, "<D:set><D:prop><D:displayname>Neuf</D:displayname></D:prop></D:set>").multistatus();
        assert_eq!(named(&bob, &mine), ("Neuf".into(), "#445566".into()));
        // By REST the same, and the free/busy of the owner is not his to change.
        let patched = bob.request("PATCH", &format!("/api/v1/calendars/{id}")).header("Content-Type", "application/merge-patch+json").body(value!({ "name": "Elle" }).to_string()).send();
        assert_eq!(patched.status, 200, "{}", patched.text());
        assert_eq!((named(&bob, &mine).0.as_str(), named(&alice, &hers).0.as_str()), ("Elle", "Neuf"));
        let refused = bob.request("PATCH", &format!("/api/v1/calendars/{id}")).header("Content-Type", "application/merge-patch+json").body(value!({ "transparent": true }).to_string()).send();
        assert_eq!(refused.status, 403, "{}", refused.text());
    }

    fn who_may_write_writes_there(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (mine, _) = taken(&alice, &bob, &["D:read", "D:write"]);
        let item = format!("{mine}x.ics");
        let etag = bob.put(&item, samples::meeting("x")).created().etag();
        let hers = alice.calendar("default/x.ics");
        assert_eq!(alice.get(&hers).ok().etag(), etag);
        alice.put(&hers, samples::meeting("x").replace("SUMMARY:", "SUMMARY:!")).no_content();
        bob.request("PUT", &item).header("If-Match", &etag).body(samples::meeting("x")).status(412);
        let fresh = bob.get(&item).ok().etag();
        bob.request("PUT", &item).header("If-Match", &fresh).body(samples::meeting("x")).no_content();
        // Out of it, and back in.
        bob.move_to(&item, &bob.calendar("default/x.ics")).created();
        alice.get(&hers).status(404);
        bob.move_to(&bob.calendar("default/x.ics"), &item).created();
        assert!(alice.get(&hers).ok().text().contains("UID:x"));
        bob.delete(&item).no_content();
        alice.get(&hers).status(404);
    }

    fn it_leaves_with_the_right_and_comes_back_with_it(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let (mine, id) = taken(&alice, &bob, &["D:read"]);
        let home = bob.calendar("");
        let (_, _, token) = home_sync(&bob, &home, "");
        set(&alice, &alice.calendar("default/"), "").ok();
        for path in [mine.clone(), format!("{mine}a.ics")] {
            bob.propfind(&path, "0", &["D:getetag"]).status(404);
        }
        assert!(!members(&bob, &home).contains(&mine));
        let (present, gone, after) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![], vec![mine.clone()]));
        problem(&bob.get(&format!("/api/v1/calendars/{id}")).send(), 404, "not-found");
        set(&alice, &alice.calendar("default/"), &ace(&bob.principal(), &["D:read"])).ok();
        let (present, gone, token) = home_sync(&bob, &home, &after);
        assert_eq!((present, gone), (vec![mine.clone()], vec![]));
        // The owner deletes it.
        let other = alice.calendar("other/");
        alice.mkcalendar(&other, "").created();
        set(&alice, &other, &ace(&bob.principal(), &["D:read"])).ok();
        let page = json(&bob.get("/api/v1/calendars").ok());
        let found = page["items"].as_array().expect("items").iter().find(|one| one["href"] == other.as_str()).cloned();
        let second = found.expect("granted")["id"].as_str().expect("an id").to_owned();
        let made = send(&bob, "PUT", &format!("/api/v1/calendars/{second}/subscription"), &value!({}));
        let path = json(&made)["href"].as_str().expect("a path").to_owned();
        let (present, _, token) = home_sync(&bob, &home, &token);
        assert_eq!(present, std::slice::from_ref(&path));
        alice.delete(&other).no_content();
        let (present, gone, _) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![], vec![path]));
    }

    fn deleting_it_there_gives_it_up_and_no_more(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let (mine, id) = taken(&alice, &bob, &["D:read", "D:write"]);
        let home = bob.calendar("");
        let (_, _, token) = home_sync(&bob, &home, "");
        bob.delete(&mine).no_content();
        alice.get(&alice.calendar("default/a.ics")).ok();
        bob.propfind(&mine, "0", &["D:getetag"]).status(404);
        let (present, gone, token) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![], vec![mine.clone()]));
        // It is granted still, and can be taken in again, here under a name that he wishes.
        let again = send(&bob, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({ "pathName": "elle" }));
        assert_eq!((again.status, json(&again)["href"].as_str()), (201, Some(bob.calendar("elle/").as_str())));
        // A rename is told as one gone and one come.
        bob.move_to(&bob.calendar("elle/"), &bob.calendar("lui/")).created();
        let (present, gone, _) = home_sync(&bob, &home, &token);
        assert_eq!((present, gone), (vec![bob.calendar("lui/")], vec![bob.calendar("elle/")]));
        assert_eq!(alice.property(&alice.calendar("default/"), "D:displayname"), "Agenda");
        bob.delete(&format!("/api/v1/calendars/{id}/subscription")).no_content();
        problem(&bob.delete(&format!("/api/v1/calendars/{id}/subscription")).send(), 404, "not-found");
    }

    fn names_are_not_taken_twice(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (mine, id) = taken(&alice, &bob, &["D:read"]);
        bob.mkcalendar(&mine, "").status(405);
        set(&alice, &alice.book("default/"), &ace(&bob.principal(), &["D:read"])).ok();
        let book = id_of(&bob, "address-books", "alice");
        let taken = send(&bob, "PUT", &format!("/api/v1/address-books/{book}/subscription"), &value!({ "pathName": "default" }));
        problem(&taken, 409, "exists");
        let other = send(&bob, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({ "pathName": "elsewhere" }));
        assert_eq!(other.status, 409);
        for name in ["", "a/b"] {
            let bad = send(&bob, "PUT", &format!("/api/v1/address-books/{book}/subscription"), &value!({ "pathName": name }));
            assert_eq!(problem(&bad, 400, "bad-request"), "/pathName");
        }
        let made = send(&bob, "PUT", &format!("/api/v1/address-books/{book}/subscription"), &value!({}));
        assert_eq!(json(&made)["href"].as_str(), Some(bob.book("alice-default/").as_str()));
        // Who may only know when she is busy takes nothing in, like a stranger.
        let eve = server.user("eve");
        set(&alice, &alice.calendar("default/"), &ace(&eve.principal(), &["C:read-free-busy"])).ok();
        for client in [&eve, &server.user("mallory")] {
            problem(&send(client, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({})), 404, "not-found");
        }
    }
}
