//! Allowed, forbidden, absent: to whoever may not know of a thing it is not there.

use super::{ace, set};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples, xml};

/// Every method on every place of somebody else, existing or not.
fn attempts(client: &Client, home: &str, slug: &str) -> Vec<(String, Answer)> {
    let (collection, item) = (format!("{home}{slug}/"), format!("{home}{slug}/a.ics"));
    let propfind = xml::document("D:propfind", "<D:prop><D:resourcetype/></D:prop>");
    let patch = xml::document("D:propertyupdate", "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>");
    let sync = xml::document("D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>");
    let acl = xml::document("D:acl", &ace("/dav/principals/users/bob/", &["D:read"]));
    let own = client.calendar("default/mine.ics");
    let body = samples::meeting("x");
    let requests = [
        ("GET", &item, "", String::new()),
        ("HEAD", &item, "", String::new()),
        ("PUT", &item, "", body.clone()),
        ("DELETE", &item, "", String::new()),
        ("PROPFIND", &item, "", propfind.clone()),
        ("PROPPATCH", &item, "", patch.clone()),
        ("COPY", &item, own.as_str(), String::new()),
        ("MOVE", &item, own.as_str(), String::new()),
        ("GET", &collection, "", String::new()),
        ("PROPFIND", &collection, "", propfind),
        ("PROPPATCH", &collection, "", patch),
        ("REPORT", &collection, "", sync),
        ("DELETE", &collection, "", String::new()),
        ("ACL", &collection, "", acl),
        ("POST", &collection, "", body),
    ];
    requests
        .into_iter()
        .map(|(method, path, destination, body)| {
            let mut request = client.request(method, path).header("Depth", "0").body(body);
            if !destination.is_empty() {
                request = request.header("Destination", destination);
            }
            (format!("{method} {path}"), request.send())
        })
        .collect()
}

both! {
    fn forbidden_and_absent_look_alike(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let there = attempts(&bob, &alice.calendar(""), "default");
        let absent = attempts(&bob, &alice.calendar(""), "nothing");
        for ((what, forbidden), (_, absent)) in there.iter().zip(&absent) {
            assert_eq!(forbidden.status, absent.status, "{what}");
            assert!(forbidden.status == 404 || forbidden.status == 403, "{what}: {}", forbidden.status);
            assert_eq!(forbidden.text().replace("default", "nothing"), absent.text(), "{what}");
            let plain = |answer: &Answer| {
                let mut names: Vec<String> = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
                names.sort();
                names
            };
            assert_eq!(plain(forbidden), plain(absent), "{what}");
        }
        // A home of which nothing is shared, and one of nobody.
        for path in ["/dav/calendars/alice/", "/dav/calendars/nobody/", "/dav/addressbooks/alice/", "/dav/addressbooks/nobody/"] {
            bob.propfind(path, "1", &["D:resourcetype"]).status(404);
        }
        assert_eq!(alice.get(&alice.calendar("default/a.ics")).ok().text(), samples::meeting("a"));
    }

    fn what_comes_from_elsewhere_does_not_leak(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        bob.put(&bob.calendar("default/b.ics"), samples::meeting("b")).created();
        let into = |path: &str| bob.copy(&bob.calendar("default/b.ics"), path).send().status;
        assert_eq!(into(&alice.calendar("default/a.ics")), into(&alice.calendar("nothing/a.ics")));
        assert_eq!(into(&alice.calendar("default/b.ics")), into(&alice.calendar("nothing/b.ics")));
        let inside = format!("<D:prop><D:getetag/></D:prop><D:href>{}</D:href>", alice.calendar("default/a.ics"));
        let answer = bob.report(&bob.calendar("default/"), "C:calendar-multiget", &inside).multistatus();
        assert_eq!(answer.only().status, Some(404));
    }

    fn a_reader_reads_and_no_more(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, item) = (alice.calendar("default/"), alice.calendar("default/a.ics"));
        alice.put(&item, samples::meeting("a")).created();
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read"])).ok();
        assert_eq!(bob.get(&item).ok().text(), samples::meeting("a"));
        assert_eq!(bob.propfind(&calendar, "1", &["D:getetag"]).multistatus().members.len(), 2);
        // Who may know is told what is missing.
        bob.put(&item, samples::meeting("a")).refused(403, "D:need-privileges");
        bob.put(&alice.calendar("default/b.ics"), samples::meeting("b")).refused(403, "D:need-privileges");
        bob.delete(&item).refused(403, "D:need-privileges");
        bob.move_to(&item, &bob.calendar("default/a.ics")).refused(403, "D:need-privileges");
        bob.proppatch(&calendar, "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").refused(403, "D:need-privileges");
        bob.delete(&calendar).refused(403, "D:need-privileges");
        set(&bob, &calendar, &ace(&bob.principal(), &["D:all"])).refused(403, "D:need-privileges");
        bob.copy(&item, &bob.calendar("default/a.ics")).created();
        assert_eq!(alice.get(&item).ok().text(), samples::meeting("a"));
        // Of the rest of the home he sees nothing.
        let listed = bob.propfind(&alice.calendar(""), "1", &["D:resourcetype"]).multistatus();
        let mut hrefs = listed.hrefs();
        hrefs.sort_unstable();
        assert_eq!(hrefs, [alice.calendar(""), calendar]);
    }

    fn each_privilege_opens_its_own_door(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = alice.calendar("default/");
        let path = |name: &str| alice.calendar(&format!("default/{name}.ics"));
        let statuses = |privileges: &[&str]| {
            alice.put(&path("old"), samples::meeting("old")).send();
            alice.delete(&path("new")).send();
            set(&alice, &calendar, &ace(&bob.principal(), privileges)).ok();
            [
                bob.put(&path("new"), samples::meeting("new")).send().status,
                bob.put(&path("old"), samples::meeting("old")).send().status,
                bob.proppatch(&calendar, "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").send().status,
                bob.delete(&path("old")).send().status,
            ]
        };
        assert_eq!(statuses(&["D:read"]), [403, 403, 403, 403]);
        assert_eq!(statuses(&["D:read", "D:bind"]), [201, 403, 403, 403]);
        assert_eq!(statuses(&["D:read", "D:write-content"]), [403, 204, 403, 403]);
        assert_eq!(statuses(&["D:read", "D:write-properties"]), [403, 403, 207, 403]);
        assert_eq!(statuses(&["D:read", "D:unbind"]), [403, 403, 403, 204]);
        assert_eq!(statuses(&["D:read", "D:write"]), [201, 204, 207, 204]);
    }

    fn revocation_holds_from_the_next_request(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, item) = (alice.calendar("default/"), alice.calendar("default/a.ics"));
        alice.put(&item, samples::meeting("a")).created();
        for _ in 0..3 {
            set(&alice, &calendar, &ace(&bob.principal(), &["D:read"])).ok();
            bob.get(&item).ok();
            set(&alice, &calendar, "").ok();
            // On the same, open connection.
            bob.get(&item).status(404);
            bob.propfind(&calendar, "0", &["D:resourcetype"]).status(404);
        }
    }
}
