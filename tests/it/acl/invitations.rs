//! Sharing by invitation as clients do it by DAV: Apple's, by calendarserver-sharing, and those of draft-pot-webdav-resource-sharing.

use crate::harness::xml::{self, Xml};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::json;
use cenacle::domain::precondition::Preconditions;
use cenacle::services::Actor;

/// Where somebody's notifications are, as Apple's clients find them.
fn notices(client: &Client) -> String {
    let path = client.propfind(&client.principal(), "0", &["S:notification-URL"]).multistatus();
    path.only().href_in("S:notification-URL")
}

/// What Apple's clients send to share something.
fn share<'c>(client: &'c Client, path: &str, inside: &str) -> crate::harness::client::Request<'c> {
    let body = xml::document("S:share", inside);
    client.request("POST", path).header("Content-Type", "text/xml; charset=utf-8").body(body)
}

fn set(mail: &str, access: &str) -> String {
    format!(
        "<S:set><D:href>mailto:{mail}</D:href><S:common-name>{mail}</S:common-name><S:summary>Come in</S:summary><S:{access}/></S:set>"
    )
}

fn remove(mail: &str) -> String {
    format!("<S:remove><D:href>mailto:{mail}</D:href></S:remove>")
}

/// The notifications that somebody has: their hrefs and what kind they are.
fn listed(client: &Client) -> Vec<(String, String)> {
    let home = notices(client);
    let listing =
        client.propfind(&home, "1", &["D:getetag", "D:resourcetype", "S:notificationtype"]).multistatus();
    let of = listing.members.iter().filter(|one| one.href != home);
    of.map(|one| (one.href.clone(), one.prop("S:notificationtype").children[0].local.clone())).collect()
}

/// The only one of a kind, read.
#[track_caller]
fn only(client: &Client, kind: &str) -> (String, Xml) {
    let all = listed(client);
    let found: Vec<_> = all.iter().filter(|(_, known)| known == kind).collect();
    assert_eq!(found.len(), 1, "one {kind} in {all:?}");
    let document = client.get(&found[0].0).ok().xml();
    let inside = document.child(&format!("S:{kind}")).unwrap_or_else(|| panic!("{document:?}")).clone();
    (found[0].0.clone(), inside)
}

fn text(of: &Xml, name: &str) -> String {
    of.child(name).unwrap_or_else(|| panic!("no {name} in {of:?}")).text.clone()
}

fn href(of: &Xml, name: &str) -> String {
    text(of.child(name).unwrap_or_else(|| panic!("no {name} in {of:?}")), "D:href")
}

/// What a client answers to a notification.
fn reply<'c>(client: &'c Client, to: &Xml, word: &str) -> crate::harness::client::Request<'c> {
    let body = xml::document(
        "S:invite-reply",
        &format!(
            "<D:href>{}</D:href><S:invite-{word}/><S:hosturl><D:href>{}</D:href></S:hosturl><S:in-reply-to>{}</S:in-reply-to><S:summary>{}</S:summary>",
            text(to, "D:href"),
            href(to, "S:hosturl"),
            text(to, "S:uid"),
            text(to, "S:summary"),
        ),
    );
    client.request("POST", &client.calendar("")).header("Content-Type", "text/xml").body(body)
}

/// What a collection's type says.
fn types(client: &Client, path: &str) -> Vec<String> {
    let found = client.propfind(path, "0", &["D:resourcetype"]).multistatus();
    found.only().prop("D:resourcetype").children.iter().map(|one| one.local.clone()).collect()
}

/// Who shares a calendar, as its owner is told: address, state, access.
fn sharees(client: &Client, path: &str) -> Vec<(String, String, String)> {
    let found = client.propfind(path, "0", &["S:invite"]).multistatus();
    let Some(invite) = found.only().find("S:invite") else { return Vec::new() };
    let one = |user: &Xml| {
        let state = user.children.iter().find(|one| one.local.starts_with("invite-")).expect("a state");
        let access = &user.child("S:access").expect("an access").children[0];
        (text(user, "D:href"), state.local.clone(), access.local.clone())
    };
    invite.all("S:user").map(one).collect()
}

fn users(of: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    of.iter()
        .map(|(mail, state, access)| {
            (format!("mailto:{mail}"), format!("invite-{state}"), (*access).to_owned())
        })
        .collect()
}

both! {
    fn as_a_mac_shares_and_a_phone_accepts(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let hers = alice.calendar("default/");
        alice.put(&format!("{hers}a.ics"), samples::meeting("a")).created();
        assert!(alice.options(&alice.principal()).ok().lists("DAV", "calendarserver-sharing"));
        let modes = alice.propfind(&hers, "0", &["S:allowed-sharing-modes"]).multistatus();
        assert!(modes.only().prop("S:allowed-sharing-modes").child("S:can-be-shared").is_some());
        assert_eq!(types(&alice, &hers), ["collection", "calendar"]);
        let empty = bob.property(&notices(&bob), "S:getctag");
        share(&alice, &hers, &set("bob@example.org", "read-write")).ok();
        // The owner sees that he is asked; her calendar is one that is shared.
        assert_eq!(types(&alice, &hers), ["collection", "calendar", "shared-owner"]);
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "noresponse", "read-write")]));
        // He has a notification, and nothing in his home yet.
        let mine = bob.calendar("alice-default/");
        assert!(!bob.propfind(&bob.calendar(""), "1", &["D:getetag"]).multistatus().hrefs().contains(&mine.as_str()));
        assert_ne!(bob.property(&notices(&bob), "S:getctag"), empty);
        assert!(types(&bob, &notices(&bob)).contains(&"notification".to_owned()));
        let (at, invite) = only(&bob, "invite-notification");
        assert_eq!((text(&invite, "D:href").as_str(), text(&invite, "S:summary").as_str()), ("mailto:bob@example.org", "Come in"));
        assert!(invite.child("S:invite-noresponse").is_some() && invite.child("S:access").expect("one").child("S:read-write").is_some());
        assert_eq!(href(&invite, "S:hosturl"), hers);
        assert_eq!(href(&invite, "S:organizer"), alice.principal());
        // The entity tag of the listing is that of the document.
        let listed_tag = bob.property(&at, "D:getetag");
        assert_eq!(bob.get(&at).ok().header("ETag"), Some(listed_tag.as_str()));
        // He accepts, is told where it is, and finds it in his home.
        let shared_as = reply(&bob, &invite, "accepted").ok().xml();
        assert!(shared_as.is("S:shared-as"));
        assert_eq!(text(&shared_as, "D:href"), mine);
        assert!(bob.propfind(&bob.calendar(""), "1", &["D:getetag"]).multistatus().hrefs().contains(&mine.as_str()));
        assert_eq!(types(&bob, &mine), ["collection", "calendar", "shared"]);
        let told = bob.propfind(&mine, "0", &["S:shared-url", "S:invite", "D:share-access"]).multistatus();
        assert_eq!(told.only().href_in("S:shared-url"), hers);
        assert_eq!(href(told.only().prop("S:invite"), "S:organizer"), alice.principal());
        assert!(told.only().prop("D:share-access").child("D:read-write").is_some());
        bob.put(&format!("{mine}b.ics"), samples::meeting("b")).created();
        // What is answered is put away with the answer.
        assert_eq!(listed(&bob), []);
        bob.get(&at).status(404);
        // The owner is told once, and puts it away.
        let (at, answer) = only(&alice, "invite-reply");
        assert_eq!((text(&answer, "D:href").as_str(), text(&answer, "S:in-reply-to")), ("mailto:bob@example.org", text(&invite, "S:uid")));
        assert!(answer.child("S:invite-accepted").is_some());
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "accepted", "read-write")]));
        alice.delete(&at).no_content();
        assert_eq!(listed(&alice), []);
        // He gives it up: by deleting it in his home, as the phone does.
        bob.delete(&mine).no_content();
        alice.get(&format!("{hers}a.ics")).ok();
        assert!(only(&alice, "invite-reply").1.child("S:invite-declined").is_some());
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "declined", "read-write")]));
        // Invited again he is asked again, now to read.
        share(&alice, &hers, &set("bob@example.org", "read")).ok();
        let (at, invite) = only(&bob, "invite-notification");
        assert!(invite.child("S:access").expect("one").child("S:read").is_some());
        // Put away it is no answer.
        bob.delete(&at).no_content();
        assert_eq!(listed(&bob), []);
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "noresponse", "read")]));
        reply(&bob, &invite, "accepted").ok();
        bob.put(&format!("{mine}c.ics"), samples::meeting("c")).status(403);
        // Taken back, all of it is gone: the right, the mount, the notification, what her calendar says.
        share(&alice, &hers, &remove("bob@example.org")).ok();
        bob.propfind(&mine, "0", &["D:getetag"]).status(404);
        bob.propfind(&hers, "0", &["D:getetag"]).status(404);
        assert_eq!(types(&alice, &hers), ["collection", "calendar"]);
        assert_eq!((sharees(&alice, &hers), listed(&bob)), (vec![], vec![]));
        reply(&bob, &invite, "accepted").status(404);
        // Given again, it does not stand there of itself: he is asked.
        share(&alice, &hers, &set("bob@example.org", "read")).ok();
        bob.propfind(&mine, "0", &["D:getetag"]).status(404);
        reply(&bob, &only(&bob, "invite-notification").1, "declined").no_content();
        bob.propfind(&mine, "0", &["D:getetag"]).status(404);
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "declined", "read")]));
        // Who gave what to whom, and who took it.
        let id = crate::rest::id_of(&alice, "calendars", "default");
        let page = json(&alice.get(&format!("/api/v1/calendars/{id}/audit")).ok());
        let deeds: Vec<String> = page["items"].as_array().expect("deeds").iter().map(|deed| {
            format!("{} {} {}", deed["by"].as_str().unwrap_or("-"), deed["what"].as_str().unwrap_or("-"), deed["grantee"].as_str().unwrap_or("-"))
        }).collect();
        assert_eq!(deeds, [
            "bob declined bob", "alice granted bob", "alice revoked bob", "bob accepted bob", "alice changed bob", "bob declined bob", "bob accepted bob", "alice granted bob",
        ]);
    }

    fn addresses_of_nobody_are_told_as_such(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let hers = alice.calendar("default/");
        // A group that is none of her business looks like an address that nobody has.
        let secret = crate::rest::send(&bob, "POST", "/api/v1/groups", &serde_json::json!({ "name": "secret", "visibility": "hidden" }));
        let group = json(&secret)["id"].as_str().expect("an id").to_owned();
        let groups = format!("/dav/principals/groups/{group}/");
        let ask = |path: &str| share(&alice, &hers, &format!("<S:set><D:href>{path}</D:href><S:read/></S:set>")).ok();
        let (hidden, absent) = (ask(&groups), ask("/dav/principals/groups/nothing/"));
        assert_eq!(hidden.text(), absent.text());
        share(&alice, &hers, &format!("{}{}", set("nobody@example.org", "read"), set("alice@example.org", "read"))).ok();
        let all = sharees(&alice, &hers);
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(all.iter().all(|(_, state, _)| state == "invite-invalid"), "{all:?}");
        assert_eq!(types(&alice, &hers), ["collection", "calendar", "shared-owner"]);
        // The same asked twice stands there once; what is removed is gone, and she with what may read it.
        let again = set("nobody@example.org", "read");
        share(&alice, &hers, &format!("{again}{again}")).ok();
        assert_eq!(sharees(&alice, &hers).len(), 4);
        share(&alice, &hers, &format!("{}{}<S:remove><D:href>{groups}</D:href></S:remove><S:remove><D:href>/dav/principals/groups/nothing/</D:href></S:remove>", remove("nobody@example.org"), remove("alice@example.org"))).ok();
        assert_eq!(types(&alice, &hers), ["collection", "calendar"]);
        // An address that becomes somebody's is his from then on.
        share(&alice, &hers, &set("zoe@example.org", "read")).ok();
        let zoe = server.user("zoe");
        zoe.propfind(&hers, "0", &["D:getetag"]).status(404);
        share(&alice, &hers, &set("zoe@example.org", "read")).ok();
        assert_eq!(sharees(&alice, &hers), users(&[("zoe@example.org", "noresponse", "read")]));
        only(&zoe, "invite-notification");
    }

    fn who_may_not_give_rights_invites_nobody(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let hers = alice.calendar("default/");
        share(&alice, &hers, &set("bob@example.org", "read-write")).ok();
        reply(&bob, &only(&bob, "invite-notification").1, "accepted").ok();
        let mine = bob.calendar("alice-default/");
        for path in [&mine, &hers] {
            share(&bob, path, &set("eve@example.org", "read")).refused(403, "D:need-privileges");
            let modes = bob.propfind(path, "0", &["S:allowed-sharing-modes"]).multistatus();
            assert_eq!(modes.only().status_of("S:allowed-sharing-modes"), Some(404));
        }
        // What she may not know of is to her like what is not there.
        let (forbidden, absent) = (share(&eve, &hers, &set("eve@example.org", "read")).status(404), share(&eve, &alice.calendar("none/"), &set("eve@example.org", "read")).status(404));
        assert_eq!(forbidden.text(), absent.text());
        assert_eq!(listed(&eve), []);
        server.client_with_scope("alice", "read").request("POST", &hers).header("Content-Type", "text/xml").body(xml::document("S:share", &set("eve@example.org", "read"))).refused(403, "D:need-privileges");
        // Who administers it does: the owner is told of it in the same list, and no sharee of the others.
        let admin = "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege><D:privilege><D:read-acl/></D:privilege><D:privilege><D:write-acl/></D:privilege></D:grant></D:ace>";
        crate::acl::set(&alice, &hers, admin).ok();
        share(&bob, &mine, &set("eve@example.org", "read-write")).ok();
        assert_eq!(sharees(&alice, &hers), users(&[("bob@example.org", "accepted", "read"), ("eve@example.org", "noresponse", "read-write")]));
        reply(&eve, &only(&eve, "invite-notification").1, "accepted").ok();
        let known = sharees(&eve, &eve.calendar("alice-default/"));
        assert_eq!(known.len(), 1, "{known:?}");
        assert_eq!(known[0].0, eve.principal());
        // Another's notifications are nobody's, and an answer is for oneself.
        eve.propfind(&format!("/dav/notifications/{}/", "bob"), "1", &["D:getetag"]).status(404);
        eve.propfind("/dav/notifications/nobody/", "1", &["D:getetag"]).status(404);
        let told = eve.propfind(&bob.principal(), "0", &["S:notification-URL"]).multistatus();
        assert_eq!(told.only().status_of("S:notification-URL"), Some(404));
        let body = xml::document("S:invite-reply", "<S:invite-declined/><S:in-reply-to>invite-1</S:in-reply-to>");
        eve.request("POST", &bob.calendar("")).header("Content-Type", "text/xml").body(body.clone()).status(404);
        eve.request("POST", &eve.calendar("")).header("Content-Type", "text/xml").body(body).status(404);
    }

    fn bad_requests_are_told_and_nothing_is_half_done(db) {
        let server = TestServer::start(db);
        let (alice, _bob) = (server.user("alice"), server.user("bob"));
        let hers = alice.calendar("default/");
        let good = set("bob@example.org", "read");
        for wrong in [
            format!("{good}<S:set><D:href>mailto:x@example.org</D:href></S:set>"),
            format!("{good}<S:set><S:read/></S:set>"),
            format!("{good}<S:other/>"),
            format!("{good}<S:set><D:href>mailto:x@example.org</D:href><S:summary>{}</S:summary><S:read/></S:set>", "x".repeat(1001)),
        ] {
            share(&alice, &hers, &wrong).status(400);
        }
        let many: String = (0..101).map(|at| set(&format!("p{at}@example.org"), "read")).collect();
        share(&alice, &hers, &many).refused(403, "D:limited-number-of-aces");
        assert_eq!(sharees(&alice, &hers), []);
        alice.request("POST", &hers).header("Content-Type", "text/xml").body("<x/>").refused(403, "C:supported-calendar-data");
        alice.request("POST", &alice.calendar("")).header("Content-Type", "text/xml").body("<x/>").status(400);
        let both = xml::document("S:invite-reply", "<S:invite-accepted/><S:invite-declined/>");
        alice.request("POST", &alice.calendar("")).header("Content-Type", "text/xml").body(both).status(400);
        // The mark is nobody's to set or to see.
        share(&alice, &hers, &good).ok();
        let answer = alice.propfind_raw(&hers, "0", &xml::document("D:propfind", "<D:allprop/>")).status(207);
        assert!(!answer.text().contains("urn:cenacle:properties"), "{}", answer.text());
    }

    fn as_the_draft_has_it(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let hers = alice.book("default/");
        assert!(alice.options(&hers).ok().lists("DAV", "resource-sharing"));
        let access = |client: &Client, path: &str| {
            let found = client.propfind(path, "0", &["D:share-access"]).multistatus();
            found.only().prop("D:share-access").children[0].local.clone()
        };
        assert_eq!(access(&alice, &hers), "not-shared");
        let post = |path: &str, word: &str| {
            let sharee = format!("<D:sharee><D:href>mailto:bob@example.org</D:href><D:prop><D:displayname>Bob</D:displayname></D:prop><D:comment>Ours</D:comment><D:share-access><D:{word}/></D:share-access></D:sharee>");
            alice.request("POST", path).header("Content-Type", "application/davsharing+xml; charset=\"utf-8\"").body(xml::document("D:share-resource", &sharee)).send().status
        };
        assert_eq!(post(&hers, "read-write"), 200);
        assert_eq!(access(&alice, &hers), "shared-owner");
        let told = alice.propfind(&hers, "0", &["D:invite", "D:share-resource-uri"]).multistatus();
        let sharee = told.only().prop("D:invite").child("D:sharee").expect("a sharee").clone();
        assert!(sharee.child("D:invite-noresponse").is_some() && sharee.child("D:share-access").expect("one").child("D:read-write").is_some());
        assert_eq!(text(&sharee, "D:comment"), "Ours");
        // The notification in the draft's words, in the same collection.
        let home = bob.propfind(&bob.principal(), "0", &["D:notification-URL"]).multistatus().only().href_in("D:notification-URL");
        let listing = bob.propfind(&home, "1", &["D:notificationtype"]).multistatus();
        assert!(listing.members.len() == 2 && listing.members[1].prop("D:notificationtype").child("D:share-invite-notification").is_some());
        let at = listing.members[1].href.clone();
        let document = bob.get(&at).header("Accept", "application/davnotification+xml").ok();
        assert!(document.header("Content-Type").is_some_and(|media| media.starts_with("application/davnotification+xml")));
        let invite = document.xml().child("D:share-invite-notification").expect("an invitation").clone();
        assert_eq!(href(&invite, "D:sharer-resource-uri"), hers);
        assert_eq!(href(&invite, "D:principal"), alice.principal());
        // The answer goes to the notification.
        let said = xml::document("D:invite-reply", &format!("<D:invite-accepted/><D:create-in><D:href>{}</D:href></D:create-in>", bob.book("")));
        let answer = bob.request("POST", &at).header("Content-Type", "application/davsharing+xml").body(said).ok();
        let mine = bob.book("alice-default/");
        assert_eq!(answer.header("Location"), Some(mine.as_str()));
        assert_eq!(access(&bob, &mine), "read-write");
        let uri = |client: &Client, path: &str| client.propfind(path, "0", &["D:share-resource-uri"]).multistatus().only().href_in("D:share-resource-uri");
        assert_eq!(uri(&bob, &mine), uri(&alice, &hers));
        let replies = alice.propfind(&notices(&alice), "1", &["D:notificationtype"]).multistatus();
        let reply = alice.get(&replies.members[1].href).header("Accept", "application/davnotification+xml").ok().xml();
        assert!(reply.child("D:share-reply-notification").expect("an answer").child("D:sharee").expect("him").child("D:invite-accepted").is_some());
        assert_eq!(post(&hers, "no-access"), 200);
        assert_eq!((access(&alice, &hers).as_str(), post(&hers, "everything")), ("not-shared", 400));
        bob.propfind(&mine, "0", &["D:getetag"]).status(404);
    }

    fn notifications_can_be_synced(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let home = notices(&bob);
        let sync = |token: &str| {
            let inside = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
            bob.report(&home, "D:sync-collection", &inside)
        };
        let before = sync("").multistatus();
        assert_eq!(before.hrefs(), Vec::<&str>::new());
        share(&alice, &alice.calendar("default/"), &set("bob@example.org", "read")).ok();
        // A token of another state is refused, and the client asks anew.
        sync(&before.token()).refused(403, "D:valid-sync-token");
        let after = sync("").multistatus();
        assert_eq!(after.members.len(), 1);
        assert_eq!(sync(&after.token()).multistatus().members.len(), 0);
        assert_eq!(bob.property(&home, "D:sync-token"), after.token());
    }

    fn members_of_a_group_are_asked_each(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        server.group("team", &["bob", "eve"]);
        let hers = alice.calendar("default/");
        share(&alice, &hers, "<S:set><D:href>/dav/principals/groups/team/</D:href><S:read/></S:set>").ok();
        let (_, invite) = only(&bob, "invite-notification");
        assert_eq!(text(&invite, "D:href"), "/dav/principals/groups/team/");
        reply(&bob, &invite, "accepted").ok();
        assert_eq!(types(&bob, &bob.calendar("alice-default/")), ["collection", "calendar", "shared"]);
        // What each says is his own affair; who they are is told to nobody.
        only(&eve, "invite-notification");
        assert_eq!(listed(&alice), []);
        assert_eq!(sharees(&alice, &hers), [("/dav/principals/groups/team/".to_owned(), "invite-accepted".to_owned(), "read".to_owned())]);
        // Who is no member any more has no invitation.
        let operator = Actor::operator();
        let gone = server.core().remove_member(&operator, "team", "eve", Preconditions::default());
        server.wait(gone).expect("removed");
        assert_eq!(listed(&eve), []);
        eve.propfind(&hers, "0", &["D:getetag"]).status(404);
    }
}
