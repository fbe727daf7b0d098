//! OPTIONS: the same features on every kind of resource, with and without a login, and methods that fit the place.

use crate::harness::{TestServer, both, samples};

both! {
    fn features_are_named_everywhere(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let places = [
            "/".to_owned(),
            "/dav/".to_owned(),
            "/dav/principals/".to_owned(),
            alice.principal(),
            alice.calendar(""),
            alice.calendar("default/"),
            alice.calendar("default/a.ics"),
            alice.calendar("inbox/"),
            alice.book(""),
            alice.book("default/"),
        ];
        for place in &places {
            for client in [&alice, &server.anonymous()] {
                let answer = client.options(place).ok();
                for feature in ["1", "3", "access-control", "extended-mkcol", "calendar-access", "calendarserver-sharing", "resource-sharing", "addressbook"] {
                    assert!(answer.lists("DAV", feature), "{feature} at {place}: {:?}", answer.headers);
                }
                // There are no locks, and a server that names both kinds of scheduling confuses Thunderbird.
                assert!(!answer.lists("DAV", "2"));
                assert!(!(answer.lists("DAV", "calendar-schedule") && answer.lists("DAV", "calendar-auto-schedule")));
                assert_eq!(answer.header("Content-Length"), Some("0"));
                assert_eq!(answer.header("Content-Encoding"), None);
            }
        }
    }

    fn allow_fits_the_place(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let allowed = |path: &str, method: &str| alice.options(path).ok().lists("Allow", method);
        let (item, calendar, home, book) =
            (alice.calendar("default/a.ics"), alice.calendar("default/"), alice.calendar(""), alice.book("default/"));
        for path in [&item, &calendar, &home, &book] {
            for method in ["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT", "PROPPATCH"] {
                assert!(allowed(path, method), "{method} {path}");
            }
            assert!(!allowed(path, "LOCK"), "no locks at {path}");
        }
        for method in ["PUT", "DELETE", "COPY", "MOVE"] {
            assert!(allowed(&item, method) && !allowed(&home, method), "{method}");
        }
        assert!(allowed(&calendar, "MKCALENDAR") && allowed(&calendar, "ACL") && allowed(&calendar, "POST"));
        assert!(allowed(&book, "MKCOL") && !allowed(&book, "MKCALENDAR"));
    }

    fn what_is_not_allowed_says_what_is(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        // Thunderbird's discovery sends this, and must not make anything.
        alice.put("/", "").header("If-Match", "nothing").status(405);
        for path in ["/", "/dav/", &alice.calendar(""), &alice.calendar("default/")] {
            let answer = alice.put(path, samples::meeting("a")).status(405);
            assert!(answer.lists("Allow", "PROPFIND") && !answer.lists("Allow", "PUT"), "{:?}", answer.headers);
        }
        assert!(alice.request("LOCK", &alice.calendar("default/")).send().status >= 405);
        assert!(alice.request("BREW", "/dav/").send().status >= 405);
    }
}
