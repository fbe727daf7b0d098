//! COPY of whole calendars and address books, and what MOVE shares with it. RFC 4918 §9.8, §9.9.

use crate::harness::answer::Answer;
use crate::harness::client::Request;
use crate::harness::many::fill;
use crate::harness::{Client, TestServer, both, samples, xml};
use cenacle::services::Limits;
use std::collections::BTreeMap;

/// Entity tags of all members by name.
fn listed(client: &Client, path: &str) -> BTreeMap<String, String> {
    let answer = client.propfind(path, "1", &["D:getetag"]).multistatus();
    let members = answer.members.iter().filter(|member| member.href != path);
    members.map(|member| (member.name().to_owned(), member.text("D:getetag"))).collect()
}

/// A sync-collection since a token.
fn since<'c>(client: &'c Client, path: &str, token: &str) -> Request<'c> {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    client.report(path, "D:sync-collection", &inside)
}

fn share(owner: &Client, path: &str, with: &Client, privilege: &str) {
    let entry = format!(
        "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><{privilege}/></D:privilege></D:grant></D:ace>",
        with.principal()
    );
    owner.request("ACL", path).xml(&xml::document("D:acl", &entry)).ok();
}

/// What of an answer a client can tell apart.
fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

both! {
    fn a_copy_has_all_of_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = (alice.calendar("work/"), alice.calendar("copy/"));
        alice.mkcalendar(&from, "").created();
        let patch = "<D:set><D:prop><D:displayname>Équipe</D:displayname><A:calendar-color>#112233FF</A:calendar-color>\
                     <X:kept xml:lang=\"fr\">oui <X:b/></X:kept></D:prop></D:set>";
        alice.proppatch(&from, patch).multistatus();
        let bodies = [("a%20b.ics", samples::meeting("a")), ("%C3%A9.ics", samples::meeting("b").replace("Meeting", "é\\nX-ODD;P=1:y"))];
        for (name, body) in &bodies {
            alice.put(&alice.calendar(&format!("work/{}", name)), body.clone()).created();
        }
        alice.proppatch(&alice.calendar("work/a%20b.ics"), "<D:set><D:prop><X:of-item>1</X:of-item></D:prop></D:set>").multistatus();
        // A number that was used and is free again must not matter.
        alice.put(&alice.calendar("work/gone.ics"), samples::meeting("gone")).created();
        alice.delete(&alice.calendar("work/gone.ics")).no_content();
        let before = (alice.property(&from, "D:sync-token"), listed(&alice, &from));
        let answer = alice.copy(&from, &to).created();
        assert_eq!(answer.header("Location"), Some(to.as_str()));
        assert_eq!((alice.property(&from, "D:sync-token"), listed(&alice, &from)), before, "the source is as it was");
        assert_eq!(listed(&alice, &to), before.1);
        for (name, body) in &bodies {
            let path = alice.calendar(&format!("copy/{}", name));
            assert_eq!(alice.get(&path).ok().text(), *body, "{name}");
        }
        assert_eq!(alice.property(&alice.calendar("copy/a%20b.ics"), "X:of-item"), "1");
        let names = ["D:displayname", "A:calendar-color", "X:kept", "C:supported-calendar-component-set"];
        let of = |path: &str| {
            let answer = alice.propfind(path, "0", &names).multistatus();
            names.map(|name| answer.only().prop(name).clone())
        };
        assert_eq!(of(&from), of(&to));
        // The copy goes its own way, and its tokens work.
        let token = alice.property(&to, "D:sync-token");
        assert_ne!(token, before.0);
        assert_eq!(since(&alice, &to, "").multistatus().present().len(), 2);
        assert!(since(&alice, &to, &token).multistatus().members.is_empty());
        since(&alice, &to, &before.0).refused(403, "D:valid-sync-token");
        alice.put(&alice.calendar("copy/c.ics"), samples::meeting("c")).created();
        alice.delete(&alice.calendar("copy/a%20b.ics")).no_content();
        let later = since(&alice, &to, &token).multistatus();
        assert_eq!((later.present(), later.gone()), (vec!["c.ics"], vec!["a%20b.ics"]));
        assert_eq!(listed(&alice, &from), before.1);
        // One UID a collection, also among what was copied.
        alice.put(&alice.calendar("copy/d.ics"), samples::meeting("b")).status(409).names_condition("C:no-uid-conflict");
        // Queries find what was copied.
        let filter = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
                      <C:time-range start=\"20260301T000000Z\" end=\"20260302T000000Z\"/></C:comp-filter></C:comp-filter></C:filter>";
        assert_eq!(alice.report(&to, "C:calendar-query", filter).multistatus().present(), ["%C3%A9.ics", "c.ics"]);
    }

    fn an_address_book_is_copied_alike(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &["X-ODD:1"])).created();
        alice.copy(&alice.book("default/"), &alice.book("copy")).created();
        assert_eq!(alice.get(&alice.book("copy/a.vcf")).ok().text(), samples::card("a", "Ada", &["X-ODD:1"]));
        let found = "<D:prop><D:getetag/></D:prop><R:filter><R:prop-filter name=\"FN\"><R:text-match>ada</R:text-match></R:prop-filter></R:filter>";
        assert_eq!(alice.report(&alice.book("copy/"), "R:addressbook-query", found).multistatus().present(), ["a.vcf"]);
        // The copy of a default collection is not one.
        alice.delete(&alice.book("copy/")).no_content();
        alice.delete(&alice.book("default/")).refused(403, "R:default-addressbook-needed");
    }

    fn the_home_tells_of_the_copy(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let token = alice.property(&alice.calendar(""), "D:sync-token");
        alice.copy(&alice.calendar("default/"), &alice.calendar("copy/")).created();
        let answer = since(&alice, &alice.calendar(""), &token).multistatus();
        assert_eq!((answer.present(), answer.gone()), (vec!["copy"], vec![]));
    }

    fn many_and_large_members_are_copied(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        let members: Vec<(String, String)> =
            (0..1_205).map(|at| (format!("{at}.ics"), samples::meeting(&at.to_string()))).collect();
        fill(&server, "alice", "work", &members);
        // Two of more than what a page of a copy holds, between small ones.
        for at in 0..2 {
            let body = samples::meeting(&format!("big-{at}")).replace("Meeting", &"x".repeat(5 * 1024 * 1024));
            alice.put(&alice.calendar(&format!("work/big-{at}.ics")), body).created();
        }
        alice.put(&alice.calendar("work/last.ics"), samples::meeting("last")).created();
        alice.copy(&alice.calendar("work/"), &alice.calendar("copy/")).created();
        let (from, to) = (listed(&alice, &alice.calendar("work/")), listed(&alice, &alice.calendar("copy/")));
        assert_eq!(from.len(), 1_208);
        assert_eq!(from, to);
        let read = |path: &str| alice.get(&alice.calendar(path)).ok().body;
        for name in ["0.ics", "499.ics", "500.ics", "501.ics", "1204.ics", "big-0.ics", "big-1.ics", "last.ics"] {
            assert!(read(&format!("work/{name}")) == read(&format!("copy/{name}")), "{name}");
        }
        assert_eq!(since(&alice, &alice.calendar("copy/"), "").multistatus().present().len(), 1_208);
        // Both go on being written to.
        alice.put(&alice.calendar("copy/0.ics"), samples::meeting("0").replace("Meeting", "New")).no_content();
        assert_eq!(alice.get(&alice.calendar("work/0.ics")).ok().text(), samples::meeting("0"));
    }

    fn depth_says_how_much(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = (alice.calendar("work/"), alice.calendar("copy/"));
        alice.mkcalendar(&from, "").created();
        alice.proppatch(&from, "<D:set><D:prop><X:kept>1</X:kept></D:prop></D:set>").multistatus();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        for bad in ["1", "2", "nonsense"] {
            alice.copy(&from, &to).header("Depth", bad).status(400);
            alice.move_to(&from, &to).header("Depth", bad).status(400);
        }
        alice.move_to(&from, &to).header("Depth", "0").status(400);
        alice.propfind(&to, "0", &["D:getetag"]).status(404);
        alice.copy(&from, &to).header("Depth", "0").created();
        assert!(listed(&alice, &to).is_empty());
        assert_eq!(alice.property(&to, "X:kept"), "1");
        let token = alice.property(&to, "D:sync-token");
        alice.put(&alice.calendar("copy/a.ics"), samples::meeting("a")).created();
        assert_eq!(since(&alice, &to, &token).multistatus().present(), ["a.ics"]);
        alice.copy(&from, &alice.calendar("whole/")).header("Depth", "infinity").created();
        assert_eq!(listed(&alice, &alice.calendar("whole/")).len(), 1);
    }

    fn overwriting_is_asked_and_never_takes_a_default_collection(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = (alice.calendar("work/"), alice.calendar("old/"));
        for (path, name) in [(&from, "new"), (&to, "old")] {
            alice.mkcalendar(path, "").created();
            alice.put(&format!("{path}{name}.ics"), samples::meeting(name)).created();
        }
        alice.put(&alice.calendar("default/mine.ics"), samples::meeting("mine")).created();
        for verb in ["COPY", "MOVE"] {
            let request = |target: &str, overwrite: &str| {
                let request = alice.request(verb, &from).header("Destination", target);
                if overwrite.is_empty() { request } else { request.header("Overwrite", overwrite) }
            };
            request(&to, "F").status(412);
            for overwrite in ["T", ""] {
                request(&alice.calendar("default/"), overwrite).refused(403, "C:default-calendar-needed");
                request(&alice.calendar("inbox/"), overwrite).refused(403, "C:default-calendar-needed");
            }
            request(&alice.calendar("default/"), "F").status(412);
        }
        assert_eq!(listed(&alice, &to).into_keys().collect::<Vec<_>>(), ["old.ics"]);
        alice.get(&alice.calendar("default/mine.ics")).ok();
        let (home, old) = (alice.property(&alice.calendar(""), "D:sync-token"), alice.property(&to, "D:sync-token"));
        alice.copy(&from, &to).header("Overwrite", "T").no_content();
        assert_eq!(listed(&alice, &to).into_keys().collect::<Vec<_>>(), ["new.ics"]);
        since(&alice, &to, &old).refused(403, "D:valid-sync-token");
        let told = since(&alice, &alice.calendar(""), &home).multistatus();
        assert_eq!((told.present(), told.gone()), (vec!["old"], vec![]));
        // And once more by MOVE, over what is there now.
        alice.put(&alice.calendar("work/more.ics"), samples::meeting("more")).created();
        alice.move_to(&from, &to).no_content();
        alice.propfind(&from, "0", &["D:getetag"]).status(404);
        assert_eq!(listed(&alice, &to).into_keys().collect::<Vec<_>>(), ["more.ics", "new.ics"]);
        alice.move_to(&to, &from).header("Overwrite", "F").created();
    }

    fn forbidden_and_absent_places_look_alike(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let own = alice.calendar("work/");
        alice.mkcalendar(&own, "").created();
        bob.mkcalendar(&bob.calendar("secret/"), "").created();
        for verb in ["COPY", "MOVE"] {
            // Targets: what is there in another's home, what is not, and a home of nobody.
            let into = |path: &str| {
                let answer = alice.request(verb, &own).header("Destination", path).send();
                let (status, text) = told(&answer);
                (status, text.replace("/nobody/", "/bob/"))
            };
            let there = into("/dav/calendars/bob/secret/");
            assert_eq!(there.0, 403);
            assert!(there.1.contains("/dav/calendars/bob/") && there.1.contains("bind"), "{}", there.1);
            assert_eq!(into("/dav/calendars/bob/absent/"), there);
            assert_eq!(into("/dav/calendars/bob/default/"), there);
            assert_eq!(into("/dav/calendars/nobody/absent/"), there);
            // Sources.
            let from = |path: &str| told(&alice.request(verb, path).header("Destination", &alice.calendar("x/")).send());
            let there = from("/dav/calendars/bob/secret/");
            assert_eq!(there.0, 404);
            assert_eq!(from("/dav/calendars/bob/absent/"), there);
            assert_eq!(from("/dav/calendars/nobody/absent/"), there);
            // Into the home of another from a hidden source: no more is told.
            let both = |path: &str| told(&alice.request(verb, path).header("Destination", "/dav/calendars/bob/x/").send());
            assert_eq!(both("/dav/calendars/bob/secret/"), both("/dav/calendars/nobody/absent/"));
        }
        // The same for making one.
        let made = |path: &str| told(&alice.mkcalendar(path, "").send()).0;
        assert_eq!(made("/dav/calendars/bob/secret/"), made("/dav/calendars/nobody/x/"));
        alice.propfind(&own, "0", &["D:resourcetype"]).multistatus();
    }

    fn a_share_is_copied_by_who_may_read_it(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let team = alice.calendar("team/");
        alice.mkcalendar(&team, "").created();
        alice.put(&alice.calendar("team/a.ics"), samples::meeting("a")).created();
        share(&alice, &team, &bob, "C:read-free-busy");
        bob.copy(&team, &bob.calendar("copy/")).status(404);
        share(&alice, &team, &bob, "D:read");
        bob.copy(&team, &bob.calendar("copy/")).created();
        assert_eq!(bob.get(&bob.calendar("copy/a.ics")).ok().text(), samples::meeting("a"));
        // His own now, with no rights of hers nor of those whom she shared with.
        alice.get(&bob.calendar("copy/a.ics")).status(404);
        bob.put(&bob.calendar("copy/b.ics"), samples::meeting("b")).created();
        share(&bob, &bob.calendar("copy/"), &alice, "D:read");
        bob.copy(&bob.calendar("copy/"), &bob.calendar("again/")).created();
        alice.get(&bob.calendar("again/a.ics")).status(404);
        // To read is not to take away.
        assert!([403, 404].contains(&bob.move_to(&team, &bob.calendar("moved/")).send().status));
        // A proof that may not write, or not reach, makes nothing.
        let reading = server.client_with_scope("bob", "read");
        reading.copy(&team, &bob.calendar("no/")).status(403);
        let contacts = server.client_with_scope("bob", "contacts");
        contacts.copy(&team, &bob.calendar("no/")).status(404);
        bob.propfind(&bob.calendar("no/"), "0", &["D:resourcetype"]).status(404);
    }

    fn what_makes_no_sense_is_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let from = alice.calendar("work/");
        alice.mkcalendar(&from, "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        let token = alice.property(&from, "D:sync-token");
        for verb in ["COPY", "MOVE"] {
            let into = |path: &str| alice.request(verb, &from).header("Destination", path).send().status;
            assert_eq!(into(&from), 403, "onto itself");
            assert_eq!(into(from.trim_end_matches('/')), 403, "onto itself");
            assert_eq!(into(&alice.calendar("work/inner")), 403, "into itself");
            assert_eq!(into(&alice.calendar("work/inner/deep/")), 403);
            assert_eq!(into(&alice.calendar("")), 403, "onto its parent");
            assert_eq!(into(&alice.book("work/")), 403, "into the other home");
            assert_eq!(into("/elsewhere/"), 403);
        }
        alice.copy(&alice.calendar("inbox/"), &alice.calendar("inbox2/")).refused(403, "D:valid-resourcetype");
        alice.copy(&alice.calendar("outbox/"), &alice.calendar("outbox2/")).refused(403, "D:valid-resourcetype");
        alice.copy(&from, &alice.calendar("copy/")).header("If", "(<urn:x:stale>)").status(412);
        alice.copy(&from, &alice.calendar("copy/")).header("If", &format!("(<{token}>)")).created();
        assert_eq!(alice.property(&from, "D:sync-token"), token);
        assert!(alice.options(&from).ok().lists("Allow", "COPY"));
    }

    fn limits_hold_for_copies(db) {
        let limits = Limits { members: 3, collections: 6, ..Limits::default() };
        let server = TestServer::with_limits(db, limits);
        let alice = server.user("alice");
        // Four are there from the first request on.
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        for at in 0..3 {
            alice.put(&alice.calendar(&format!("work/{at}.ics")), samples::meeting(&at.to_string())).created();
        }
        alice.copy(&alice.calendar("work/"), &alice.calendar("copy/")).created();
        alice.put(&alice.calendar("copy/3.ics"), samples::meeting("3")).status(507).names_condition("D:quota-not-exceeded");
        alice.copy(&alice.calendar("work/"), &alice.calendar("third/")).refused(507, "D:quota-not-exceeded");
        // What replaces another one makes no more of them.
        alice.copy(&alice.calendar("work/"), &alice.calendar("copy/")).no_content();
    }

    fn a_copy_that_fails_leaves_nothing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.mkcalendar(&alice.calendar("old/"), "").created();
        alice.put(&alice.calendar("old/kept.ics"), samples::meeting("kept")).created();
        for at in 0..3 {
            alice.put(&alice.calendar(&format!("work/{at}.ics")), samples::meeting(&at.to_string())).created();
        }
        // Another node with narrower limits.
        let narrow = server.beside(Limits { members: 2, ..Limits::default() });
        let there = narrow.client_with_scope("alice", "");
        for target in ["new/", "old/"] {
            there.copy(&alice.calendar("work/"), &alice.calendar(target)).refused(507, "D:quota-not-exceeded");
        }
        alice.propfind(&alice.calendar("new/"), "0", &["D:resourcetype"]).status(404);
        assert_eq!(listed(&alice, &alice.calendar("old/")).into_keys().collect::<Vec<_>>(), ["kept.ics"]);
        drop(narrow);
        let narrow = server.beside(Limits { resource_bytes: 50, ..Limits::default() });
        let there = narrow.client_with_scope("alice", "");
        there.copy(&alice.calendar("work/"), &alice.calendar("new/")).refused(403, "C:max-resource-size");
        alice.propfind(&alice.calendar("new/"), "0", &["D:resourcetype"]).status(404);
    }
}
