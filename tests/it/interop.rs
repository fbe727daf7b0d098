//! What real clients need and no other file covers: discovery, first requests, headers, habits.

use crate::harness::{TestServer, both, samples, xml};

both! {
    fn well_known_paths_lead_on_for_every_method(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for path in ["/.well-known/caldav", "/.well-known/carddav", "/.well-known/caldav/"] {
            for method in ["GET", "PROPFIND", "HEAD", "OPTIONS"] {
                let answer = alice.request(method, path).send();
                assert!([301, 302, 303, 307, 308].contains(&answer.status), "{method} {path}: {}", answer.status);
                let target = answer.header("Location").expect("a target").to_owned();
                // With depth 0 the principal is found there.
                let found = alice.propfind(&target, "0", &["D:current-user-principal"]).multistatus();
                assert_eq!(found.only().href_in("D:current-user-principal"), alice.principal());
            }
        }
    }

    fn one_home_and_everything_below_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let found = alice.propfind(&alice.principal(), "0", &["C:calendar-home-set", "R:addressbook-home-set"]).multistatus();
        assert_eq!(found.only().prop("C:calendar-home-set").hrefs().len(), 1);
        assert_eq!(found.only().prop("R:addressbook-home-set").hrefs().len(), 1);
        // All that Thunderbird wants of a principal for scheduling.
        let asked = ["C:calendar-user-address-set", "C:schedule-inbox-URL", "C:schedule-outbox-URL", "C:calendar-user-type", "S:email-address-set"];
        let member = alice.propfind(&alice.principal(), "0", &asked).multistatus().only().clone();
        assert_eq!(member.order, [200]);
        assert_eq!(member.href_in("C:schedule-inbox-URL"), alice.calendar("inbox/"));
        assert_eq!(member.href_in("C:schedule-outbox-URL"), alice.calendar("outbox/"));
    }

    fn apples_long_first_question_has_an_answer(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let asked = [
            "D:current-user-principal", "D:principal-URL", "D:resourcetype", "D:displayname", "D:principal-collection-set", "D:supported-report-set",
            "D:current-user-privilege-set", "D:owner", "D:quota-available-bytes", "D:quota-used-bytes", "D:resource-id", "D:sync-token", "D:add-member",
            "C:calendar-home-set", "C:calendar-user-address-set", "C:schedule-inbox-URL", "C:schedule-outbox-URL", "C:calendar-description",
            "C:calendar-free-busy-set", "C:calendar-timezone", "C:default-alarm-vevent-date", "C:default-alarm-vevent-datetime", "C:supported-calendar-component-set",
            "C:supported-calendar-component-sets", "C:schedule-calendar-transp", "C:schedule-default-calendar-URL", "C:max-attendees-per-instance",
            "S:getctag", "S:dropbox-home-URL", "S:email-address-set", "S:notification-URL", "S:pre-publish-url", "S:publish-url", "S:push-transports",
            "S:pushkey", "S:source", "S:subscribed-strip-alarms", "S:allowed-sharing-modes", "S:xmpp-uri", "A:calendar-color", "A:calendar-order", "A:refreshrate",
        ];
        for path in ["/", &alice.principal(), &alice.calendar(""), &alice.calendar("default/"), &alice.book("")] {
            for depth in ["0", "1"] {
                let ask = || alice.propfind(path, depth, &asked).header("Brief", "t").header("User-Agent", "iOS/18.4 (22E240) dataaccessd/1.0");
                let minimal = ask().header("Prefer", "return=minimal").multistatus();
                assert!(minimal.members.iter().all(|member| member.order == [200]), "{path}");
                let whole = alice.propfind(path, depth, &asked).multistatus();
                assert_eq!(whole.members.len(), minimal.members.len());
                for member in &whole.members {
                    assert_eq!(member.props.len(), asked.len(), "each is answered once: {path}");
                }
            }
        }
        // Its default alarms go onto the home and must not be a fault of ours.
        let alarm = "<D:set><D:prop><C:default-alarm-vevent-datetime>BEGIN:VALARM&#13;\nEND:VALARM</C:default-alarm-vevent-datetime></D:prop></D:set>";
        let status = alice.proppatch(&alice.calendar(""), alarm).multistatus().only().order.clone();
        assert!(status == [200] || status == [403]);
    }

    fn every_href_is_an_absolute_path_in_one_spelling(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a%3Ab%20c.ics"), samples::meeting("a")).created();
        alice.mkcalendar(&alice.calendar("d%C3%A9j%C3%A0%20vu/"), "").created();
        let mut seen = Vec::new();
        for (path, depth) in [("/dav/", "1"), (&alice.calendar(""), "1"), (&alice.calendar("default/"), "1"), ("/dav/principals/", "1")] {
            let listed = alice.propfind(path, depth, &["D:resourcetype"]).multistatus();
            for member in &listed.members {
                assert!(member.href.starts_with('/') && member.href.is_ascii() && !member.href.contains(' '), "{}", member.href);
                let collection = member.prop("D:resourcetype").child("D:collection").is_some();
                assert_eq!(member.href.ends_with('/'), collection, "{}", member.href);
                seen.push(member.href.clone());
            }
        }
        for href in &seen {
            // Asked without its slash or with it, the answer speaks of the one spelling.
            let bare = href.trim_end_matches('/');
            if !bare.is_empty() {
                assert_eq!(alice.propfind(bare, "0", &["D:resourcetype"]).multistatus().only().href, *href);
            }
        }
    }

    fn content_types_are_spelled_as_clients_compare_them(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        assert_eq!(alice.get(&alice.calendar("default/a.ics")).ok().header("Content-Type"), Some("text/calendar; charset=utf-8; component=VEVENT"));
        assert_eq!(alice.get(&alice.book("default/a.vcf")).ok().header("Content-Type"), Some("text/vcard; charset=utf-8"));
        let listed = alice.propfind(&alice.calendar("default/"), "0", &["D:resourcetype"]).status(207);
        assert_eq!(listed.header("Content-Type"), Some("application/xml; charset=utf-8"));
    }

    fn evolution_follows_ctags_queries_and_multigets(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let before = alice.property(&path, "S:getctag");
        let query = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"/></C:comp-filter></C:filter>";
        let listed = alice.report(&path, "C:calendar-query", query).multistatus();
        let inside: String = listed.hrefs().iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
        let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{inside}");
        let whole = alice.report(&path, "C:calendar-multiget", &inside).instead("Depth", "").multistatus();
        assert_eq!(whole.only().text("D:getetag"), listed.only().text("D:getetag"));
        assert_eq!(alice.property(&path, "S:getctag"), before, "reading changes nothing");
    }

    fn apples_alarm_window_of_davx5_is_open_ended(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (name, body) in [
            ("old", samples::event("old", &["DTSTART:20200101T090000Z"])),
            ("series", samples::event("series", &["DTSTART:20200101T090000Z", "RRULE:FREQ=WEEKLY"])),
            ("ended", samples::event("ended", &["DTSTART:20200101T090000Z", "RRULE:FREQ=WEEKLY;COUNT=5"])),
            ("new", samples::event("new", &["DTSTART:20260101T090000Z"])),
        ] {
            alice.put(&alice.calendar(&format!("default/{name}.ics")), body).created();
        }
        let query = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
            <C:time-range start=\"20250801T000000Z\"/></C:comp-filter></C:comp-filter></C:filter>";
        let found = alice.report(&alice.calendar("default/"), "C:calendar-query", query).multistatus();
        assert_eq!(found.names(), ["new.ics", "series.ics"]);
    }

    fn unknown_properties_of_clients_survive_a_round(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = samples::event("a", &[
            "DTSTART:20260301T090000Z", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Caf\u{e9}\":geo:48.85,2.35", "X-MOZ-LASTACK:20260101T000000Z",
            "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "X-EVOLUTION-CALDAV-HREF:http://x/y", "CONFERENCE;VALUE=URI:https://meet.example/x", "BEGIN:PARTICIPANT",
            "UID:p1", "PARTICIPANT-TYPE:SPEAKER", "END:PARTICIPANT",
        ]);
        let path = alice.calendar("default/a.ics");
        alice.put(&path, body.clone()).created();
        assert_eq!(alice.get(&path).ok().text(), body);
    }

    fn answers_to_clients_that_compress_and_expect(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        // Waits for 100 Continue as curl does with larger bodies, and gets its answer.
        alice.put(&path, samples::meeting("a")).header("Expect", "100-continue").created();
        let small = alice.get(&path).header("Accept-Encoding", "gzip, deflate").ok();
        assert_eq!(small.header("Content-Encoding"), None, "what is tiny is not compressed");
        assert_eq!(alice.options(&path).header("Accept-Encoding", "gzip").ok().header("Content-Encoding"), None);
    }

    fn probes_are_alive(db) {
        let server = TestServer::start(db);
        let nobody = server.anonymous();
        nobody.get("/healthz").ok();
        nobody.get("/readyz").ok();
        nobody.get("/metrics").ok();
    }

    fn vdirsyncer_makes_and_names_a_calendar(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("0b7c-x/");
        let body = xml::document("D:mkcol", "<D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set>");
        alice.mkcol(&path, &body).created();
        for (name, value) in [("D:displayname", "Privé"), ("A:calendar-color", "#FF0000FF")] {
            alice.proppatch(&path, &format!("<D:set><D:prop><{name}>{value}</{name}></D:prop></D:set>")).multistatus();
            assert_eq!(alice.property(&path, name), value);
        }
    }
}
