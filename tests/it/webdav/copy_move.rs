//! COPY and MOVE, within and between collections. RFC 4918 §9.8, §9.9.

use crate::harness::{Client, TestServer, both, samples};

fn work_and_item(alice: &Client) -> (String, String) {
    alice.mkcalendar(&alice.calendar("work/"), "").created();
    let path = alice.calendar("default/a.ics");
    alice.put(&path, samples::meeting("a")).created();
    (path, alice.calendar("work/a.ics"))
}

/// What changed in a collection since a token: present and gone names.
fn since(client: &Client, path: &str, token: &str) -> (Vec<String>, Vec<String>) {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    let answer = client.report(path, "D:sync-collection", &inside).multistatus();
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    (owned(answer.present()), owned(answer.gone()))
}

both! {
    fn an_item_takes_no_place_of_one_with_another_uid(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        let (from, to) = (alice.calendar("default/a.ics"), alice.calendar("work/b.ics"));
        alice.put(&from, samples::meeting("a")).created();
        alice.put(&to, samples::meeting("b")).created();
        for answer in [alice.copy(&from, &to).status(409), alice.move_to(&from, &to).status(409)] {
            assert_eq!(answer.names_condition("C:no-uid-conflict").hrefs(), std::slice::from_ref(&to));
        }
        assert_eq!([alice.get(&from).ok().text(), alice.get(&to).ok().text()], [samples::meeting("a"), samples::meeting("b")]);
        let (card, other) = (alice.book("default/a.vcf"), alice.book("default/b.vcf"));
        alice.put(&card, samples::card("a", "Ada", &[])).created();
        alice.put(&other, samples::card("b", "Bob", &[])).created();
        alice.move_to(&card, &other).refused(409, "R:no-uid-conflict");
        // Each kind of collection names what it takes.
        alice.copy(&from, &alice.book("default/c.vcf")).refused(403, "R:supported-address-data");
        alice.copy(&card, &alice.calendar("default/c.ics")).refused(403, "C:supported-calendar-data");
    }

    fn a_move_leaves_a_tombstone_and_makes_a_member(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = work_and_item(&alice);
        let (source, target) = (alice.calendar("default/"), alice.calendar("work/"));
        let (old, new) = (alice.property(&source, "D:sync-token"), alice.property(&target, "D:sync-token"));
        let etag = alice.get(&from).ok().etag();
        let answer = alice.move_to(&from, &to).created();
        assert_eq!(answer.header("Location"), Some(to.as_str()));
        alice.get(&from).status(404);
        let moved = alice.get(&to).ok();
        assert_eq!((moved.text(), moved.etag()), (samples::meeting("a"), etag));
        assert_eq!(since(&alice, &source, &old), (vec![], vec!["a.ics".to_owned()]));
        assert_eq!(since(&alice, &target, &new), (vec!["a.ics".to_owned()], vec![]));
    }

    fn a_move_within_a_collection_is_a_new_name(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = work_and_item(&alice);
        let calendar = alice.calendar("default/");
        let token = alice.property(&calendar, "D:sync-token");
        alice.move_to(&from, &alice.calendar("default/b.ics")).created();
        assert_eq!(since(&alice, &calendar, &token), (vec!["b.ics".to_owned()], vec!["a.ics".to_owned()]));
        // And back again, over the tombstone.
        alice.move_to(&alice.calendar("default/b.ics"), &from).created();
        assert_eq!(since(&alice, &calendar, &token), (vec!["a.ics".to_owned()], vec!["b.ics".to_owned()]));
    }

    fn a_copy_leaves_the_source(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = work_and_item(&alice);
        let token = alice.property(&alice.calendar("default/"), "D:sync-token");
        alice.copy(&from, &to).created();
        assert_eq!(alice.get(&from).ok().text(), alice.get(&to).ok().text());
        assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), token);
        // In one collection a copy would be a second item with the same UID.
        let answer = alice.copy(&from, &alice.calendar("default/b.ics")).send();
        assert!([403, 409].contains(&answer.status));
        assert_eq!(answer.names_condition("C:no-uid-conflict").hrefs(), std::slice::from_ref(&from));
        // The same in the other collection, whose item is the one to be named.
        let answer = alice.copy(&from, &alice.calendar("work/b.ics")).send();
        assert!([403, 409].contains(&answer.status));
        assert_eq!(answer.names_condition("C:no-uid-conflict").hrefs(), [to]);
    }

    fn overwrite_is_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = work_and_item(&alice);
        let other = samples::meeting("a").replace("Meeting", "Other");
        alice.put(&to, other.clone()).created();
        for verb in ["COPY", "MOVE"] {
            alice.request(verb, &from).header("Destination", &to).header("Overwrite", "F").status(412);
        }
        assert_eq!(alice.get(&to).ok().text(), other);
        alice.copy(&from, &to).header("Overwrite", "T").no_content();
        assert_eq!(alice.get(&to).ok().text(), samples::meeting("a"));
        alice.move_to(&from, &to).no_content();
        alice.get(&from).status(404);
        alice.get(&to).ok();
    }

    fn destinations_are_read_in_every_spelling(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = work_and_item(&alice);
        let absolute = format!("http://{}{}", server.address(), alice.calendar("work/%C3%A9t%C3%A9%20%40x.ics"));
        alice.move_to(&from, &absolute).created();
        let plain = alice.calendar("work/%C3%A9t%C3%A9%20@x.ics");
        alice.get(&plain).ok();
        // Through a proxy the host is another one.
        alice.move_to(&plain, "https://groupware.example/dav/calendars/alice/work/b%25.ics").created();
        alice.get(&alice.calendar("work/b%25.ics")).ok();
    }

    fn where_nothing_can_be_nothing_goes(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = work_and_item(&alice);
        for bad in ["/elsewhere/a.ics", "/dav/calendars/alice/../bob/a.ics", "nonsense", "/dav/calendars/alice/work/%2e%2e/b.ics",
            "/dav/calendars/alice/", "/dav/principals/users/alice/", "/dav/calendars/alice/work/%00.ics", "/dav/calendars/alice/work/a%2Fb.ics"] {
            let status = alice.move_to(&from, bad).send().status;
            assert!([400, 403, 404, 409, 502].contains(&status), "{bad}: {status}");
        }
        alice.request("MOVE", &from).status(400);
        for bad in ["nonsense", "/dav/calendars/alice/work/%zz.ics", "/dav/calendars/alice/work/a#b.ics"] {
            alice.move_to(&from, bad).status(400);
        }
        // RFC 4918 §9.8.5: what could only be elsewhere is on the server that it names.
        alice.move_to(&from, "https://other.example/files/a.ics").status(502);
        alice.move_to(&from, &alice.calendar("nowhere/a.ics")).status(409);
        let status = alice.move_to(&from, &from).send().status;
        assert_eq!(status, 403, "RFC 4918 §9.9.4: source and destination are the same");
        alice.move_to(&alice.calendar("default/none.ics"), &alice.calendar("work/a.ics")).status(404);
        assert_eq!(alice.get(&from).ok().text(), samples::meeting("a"));
    }

    fn a_collection_is_not_put_over_its_home(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (from, home, condition) in [
            (alice.book("default/"), alice.book(""), "R:addressbook-collection-location-ok"),
            (alice.calendar("default/"), alice.calendar(""), "C:calendar-collection-location-ok"),
        ] {
            for verb in ["COPY", "MOVE"] {
                for target in [home.as_str(), "/dav/principals/users/alice/", "/dav/nowhere"] {
                    alice.request(verb, &from).header("Destination", target).refused(403, condition);
                }
            }
        }
    }

    fn kinds_do_not_mix(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = work_and_item(&alice);
        for verb in ["COPY", "MOVE"] {
            let status = alice.request(verb, &from).header("Destination", &alice.book("default/a.vcf")).send().status;
            assert_eq!(status, 403);
            // An event does not fit into the list of tasks.
            let into = alice.request(verb, &from).header("Destination", &alice.calendar("tasks/a.ics"));
            into.refused(403, "C:supported-calendar-component");
        }
        alice.get(&from).ok();
    }

    fn conditions_hold_for_the_source(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = work_and_item(&alice);
        alice.move_to(&from, &to).header("If-Match", "\"x\"").status(412);
        let etag = alice.get(&from).ok().etag();
        alice.move_to(&from, &to).header("If-Match", &etag).created();
    }

    fn a_collection_moves_with_its_members(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        alice.move_to(&alice.calendar("work/"), &alice.calendar("office/")).created();
        alice.get(&alice.calendar("work/a.ics")).status(404);
        alice.get(&alice.calendar("office/a.ics")).ok();
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("b")).created();
        // Over another collection, or of a default one, nothing moves.
        alice.move_to(&alice.calendar("office/"), &alice.calendar("tasks/")).send();
        alice.move_to(&alice.calendar("default/"), &alice.calendar("gone/")).status(403);
        alice.get(&alice.calendar("office/a.ics")).ok();
        alice.get(&alice.calendar("default/b.ics")).ok();
        alice.propfind(&alice.calendar("tasks/"), "0", &["D:resourcetype"]).multistatus();
    }
}
