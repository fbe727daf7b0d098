//! GET, HEAD, PUT, DELETE and POST of items. RFC 4918 §9.4 to §9.7, RFC 5995.

use crate::harness::{TestServer, both, samples};

both! {
    fn an_item_lives_and_dies(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        alice.get(&path).status(404);
        let first = samples::meeting("a");
        let created = alice.put(&path, first.clone()).created();
        let got = alice.get(&path).ok();
        assert_eq!(got.text(), first);
        assert_eq!(got.etag(), created.etag());
        assert_eq!(got.header("Content-Type"), Some("text/calendar; charset=utf-8; component=VEVENT"));
        assert!(got.header("Last-Modified").is_some_and(|date| date.ends_with(" GMT")));
        let second = first.replace("Meeting", "Réunion");
        let updated = alice.put(&path, second.clone()).no_content();
        assert_ne!(updated.etag(), created.etag());
        assert_eq!(alice.get(&path).ok().text(), second);
        alice.delete(&path).no_content();
        alice.get(&path).status(404);
        alice.delete(&path).status(404);
    }

    fn head_is_get_without_the_body(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/a.vcf");
        let body = samples::card("a", "Ada", &[]);
        alice.put(&path, body.clone()).created();
        let (head, get) = (alice.request("HEAD", &path).ok(), alice.get(&path).ok());
        assert!(head.body.is_empty());
        assert_eq!(head.etag(), get.etag());
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"));
        assert_eq!(head.header("Content-Length"), Some(body.len().to_string().as_str()));
        // The connection is still in step after an answer without a body.
        assert_eq!(alice.get(&path).ok().text(), body);
        alice.request("HEAD", &alice.book("default/none.vcf")).status(404);
    }

    fn no_home_for_a_member_is_a_conflict_or_absent(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let status = alice.put(&alice.calendar("nowhere/a.ics"), samples::meeting("a")).send().status;
        assert!([404, 409].contains(&status), "{status}");
        alice.put(&alice.calendar("default/below/a.ics"), samples::meeting("a")).status(404);
    }

    fn names_are_kept_whatever_they_are(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let long = format!("{}.ics", "x".repeat(250));
        let names = [
            "with%20blank.ics", "%C3%A9t%C3%A9.ics", "a%3Ab%3Bc%3Fd%23e.ics", "%25.ics", "a%26b%3C%27%22.ics", "no-suffix", &long,
            "040000008200E00074C5B7101A82E008%20x%3Ay.ics", "a+b@c.ics", "%E2%80%A6.ics",
        ];
        for (at, name) in names.iter().enumerate() {
            let uid = format!("uid-{at}");
            let path = alice.calendar(&format!("default/{name}"));
            alice.put(&path, samples::meeting(&uid)).created();
            assert!(alice.get(&path).ok().text().contains(&uid), "{name}");
        }
        let listed = alice.propfind(&alice.calendar("default/"), "1", &["D:getetag"]).multistatus();
        assert_eq!(listed.members.len(), names.len() + 1);
        // Each listed href leads to its item, and a sync tells the same spelling.
        for href in listed.hrefs() {
            assert!(href.starts_with("/dav/calendars/alice/default/") && href.is_ascii(), "{href}");
            alice.get(href).ok();
        }
        let synced = alice
            .report(&alice.calendar("default/"), "D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>")
            .multistatus();
        let mut told = listed.hrefs();
        told.sort_unstable();
        let mut again = synced.hrefs();
        again.push("/dav/calendars/alice/default/");
        again.sort_unstable();
        assert_eq!(told, again);
        let gone = alice.calendar(&format!("default/{}", "x".repeat(513)));
        alice.put(&gone, samples::meeting("long")).status(404);
    }

    fn media_types_are_taken_liberally(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let mut number = 0;
        let mut fresh = |suffix: &str| {
            number += 1;
            (format!("u{number}"), format!("default/{number}.{suffix}"))
        };
        for media in ["text/calendar", "TEXT/CALENDAR; charset=\"UTF-8\"", "text/plain", "application/octet-stream", ""] {
            let (uid, name) = fresh("ics");
            alice.put(&alice.calendar(&name), samples::meeting(&uid)).instead("Content-Type", media).created();
        }
        for media in ["text/vcard; version=3.0", "text/x-vcard", "text/directory; profile=vcard", ""] {
            let (uid, name) = fresh("vcf");
            alice.put(&alice.book(&name), samples::card(&uid, "Ada", &[])).instead("Content-Type", media).created();
        }
        let (uid, name) = fresh("ics");
        alice
            .put(&alice.calendar(&name), samples::meeting(&uid))
            .instead("Content-Type", "image/png")
            .refused(403, "C:supported-calendar-data");
        alice
            .put(&alice.book("default/x.vcf"), samples::card("x", "X", &[]))
            .instead("Content-Type", "image/png")
            .refused(403, "R:supported-address-data");
        alice.put(&alice.calendar(&name), samples::meeting(&uid)).header("Content-Encoding", "gzip").status(415);
    }

    fn partial_puts_are_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        let status = alice.put(&path, samples::meeting("a")).header("Content-Range", "bytes 0-9/10").send().status;
        assert!((400..500).contains(&status), "RFC 7231 §4.3.4: {status}");
        alice.get(&path).status(404);
    }

    fn a_member_is_added_by_post(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (collection, body) in [
            (alice.calendar("default/"), samples::meeting("a")),
            (alice.book("default/"), samples::card("a", "Ada", &[])),
        ] {
            let target = alice.propfind(&collection, "0", &["D:add-member"]).multistatus().only().href_in("D:add-member");
            let media = if body.contains("VCARD") { "text/vcard" } else { "text/calendar" };
            let post = || alice.request("POST", &target).header("Content-Type", media).body(body.clone());
            let answer = post().created();
            let location = answer.header("Location").expect("where it is").to_owned();
            assert!(location.starts_with(&collection), "{location}");
            let got = alice.get(&location).ok();
            assert_eq!(got.text(), body);
            assert_eq!(got.etag(), answer.etag());
            // The same UID once more is a conflict that names the first one.
            let namespace = if media == "text/vcard" { "R" } else { "C" };
            let conflict = post().send();
            assert!([403, 409].contains(&conflict.status));
            assert_eq!(conflict.names_condition(&format!("{namespace}:no-uid-conflict")).hrefs(), [location]);
        }
    }

    fn collections_answer_a_browser(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for path in ["/", "/dav/", &alice.calendar(""), &alice.calendar("default/"), &alice.principal()] {
            let answer = alice.get(path).ok();
            assert!(!answer.body.is_empty() && answer.header("Content-Type").is_some_and(|media| media.starts_with("text/")));
            assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
            assert!(alice.request("HEAD", path).ok().body.is_empty());
        }
        alice.get(&alice.calendar("nowhere/")).status(404);
    }

    fn collections_go_with_their_members(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("work/");
        alice.mkcalendar(&calendar, "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        alice.delete(&calendar).header("If-Match", "\"x\"").status(412);
        alice.delete(&calendar).no_content();
        alice.get(&alice.calendar("work/a.ics")).status(404);
        alice.propfind(&calendar, "0", &["D:getetag"]).status(404);
        // The name is free again, and the new collection begins empty.
        alice.mkcalendar(&calendar, "").created();
        assert_eq!(alice.propfind(&calendar, "1", &["D:getetag"]).multistatus().members.len(), 1);
        for path in ["/dav/", &alice.calendar(""), &alice.principal()] {
            alice.delete(path).status(405);
        }
    }
}
