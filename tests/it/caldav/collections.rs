//! Calendars themselves: their properties, their components, and that the default ones stay.

use crate::harness::{TestServer, both, samples, xml};

both! {
    fn an_account_is_ready_at_its_first_request(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let asked = ["D:resourcetype", "C:supported-calendar-component-set", "D:displayname", "D:current-user-privilege-set"];
        let listed = alice.propfind(&alice.calendar(""), "1", &asked).multistatus();
        let kinds = |slug: &str| -> Vec<String> {
            let member = listed.member(&alice.calendar(slug));
            member.find("C:supported-calendar-component-set").map_or_else(Vec::new, |set| {
                set.all("C:comp").filter_map(|comp| comp.attribute("name")).map(str::to_owned).collect()
            })
        };
        assert_eq!(kinds("default/"), ["VEVENT"]);
        assert_eq!(kinds("tasks/"), ["VTODO"]);
        for (slug, kind) in [("default/", "C:calendar"), ("tasks/", "C:calendar"), ("inbox/", "C:schedule-inbox"), ("outbox/", "C:schedule-outbox")] {
            let types = listed.member(&alice.calendar(slug)).prop("D:resourcetype").clone();
            assert!(types.child(kind).is_some() && types.child("D:collection").is_some(), "{slug}");
        }
        // Thunderbird shows a calendar read-only that does not grant one of these.
        let set = listed.member(&alice.calendar("default/")).prop("D:current-user-privilege-set").clone();
        for privilege in ["D:write", "D:write-content", "D:bind", "D:unbind", "D:all", "D:read"] {
            assert!(set.all("D:privilege").any(|one| one.child(privilege).is_some()), "{privilege}");
        }
        let books = alice.propfind(&alice.book(""), "1", &["D:resourcetype"]).multistatus();
        assert!(books.member(&alice.book("default/")).prop("D:resourcetype").child("R:addressbook").is_some());
    }

    fn a_calendar_tells_what_it_can(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let asked = [
            "C:supported-calendar-data", "C:max-resource-size", "C:min-date-time", "C:max-date-time", "C:max-instances",
            "C:max-attendees-per-instance", "C:supported-collation-set", "D:supported-report-set", "C:calendar-timezone",
        ];
        let member = alice.propfind(&alice.calendar("default/"), "0", &asked).multistatus().only().clone();
        assert_eq!(member.order, [200]);
        assert!(member.text("C:max-resource-size").parse::<u64>().expect("a number") >= 1_000_000);
        let data = member.prop("C:supported-calendar-data");
        assert!(data.all("C:calendar-data").any(|one| one.attribute("content-type") == Some("text/calendar")));
        let collations: Vec<&str> = member.prop("C:supported-collation-set").children.iter().map(|one| one.text.as_str()).collect();
        assert!(collations.contains(&"i;ascii-casemap") && collations.contains(&"i;octet"));
        let reports = member.prop("D:supported-report-set");
        for report in ["C:calendar-query", "C:calendar-multiget", "C:free-busy-query", "D:sync-collection", "D:expand-property"] {
            assert!(reports.holds(report), "{report}");
        }
        assert!(!reports.holds("R:addressbook-query"));
        // Each report that is told can be asked: none is unknown.
        alice.report(&alice.calendar("default/"), "R:addressbook-query", "").refused(403, "D:supported-report");
        alice.report(&alice.calendar("default/"), "X:nonsense", "").refused(403, "D:supported-report");
    }

    fn only_its_components_get_in(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let task = samples::todo("t", &["SUMMARY:Task"]);
        alice.put(&alice.calendar("default/t.ics"), task.clone()).refused(403, "C:supported-calendar-component");
        alice.put(&alice.calendar("tasks/t.ics"), task).created();
        alice.put(&alice.calendar("tasks/e.ics"), samples::meeting("e")).refused(403, "C:supported-calendar-component");
        let path = alice.calendar("notes/");
        let only = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name=\"VJOURNAL\"/></C:supported-calendar-component-set></D:prop></D:set>";
        alice.mkcalendar(&path, &xml::document("C:mkcalendar", only)).created();
        alice.put(&alice.calendar("notes/e.ics"), samples::meeting("e")).refused(403, "C:supported-calendar-component");
        alice.put(&alice.calendar("notes/j.ics"), samples::component("VJOURNAL", "j", &["DTSTART;VALUE=DATE:20260301"])).created();
        // It stays what it was made for.
        let patch = only.replace("VJOURNAL", "VEVENT");
        let member = alice.proppatch(&path, &patch).multistatus().only().clone();
        assert_eq!(member.status_of("C:supported-calendar-component-set"), Some(403));
    }

    fn the_default_ones_cannot_be_lost(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        for slug in ["default/", "tasks/", "inbox/", "outbox/"] {
            let answer = alice.delete(&alice.calendar(slug)).refused(403, "C:default-calendar-needed");
            assert!(answer.xml().child("D:responsedescription").is_some_and(|words| !words.text.is_empty()));
        }
        alice.delete(&alice.book("default/")).status(403);
        alice.get(&alice.calendar("default/a.ics")).ok();
        alice.get(&alice.book("default/a.vcf")).ok();
    }

    fn the_zone_of_a_calendar_is_set_by_text_or_by_name(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let set = |inside: &str| alice.proppatch(&path, &format!("<D:set><D:prop>{inside}</D:prop></D:set>")).multistatus().only().clone();
        // A new account's calendars are in its own zone.
        assert_eq!(alice.property(&path, "C:calendar-timezone-id"), "Europe/Paris");
        let member = set("<C:calendar-timezone-id>America/New_York</C:calendar-timezone-id>");
        assert_eq!(member.status_of("C:calendar-timezone-id"), Some(200));
        assert_eq!(alice.property(&path, "C:calendar-timezone-id"), "America/New_York");
        let text = alice.property(&path, "C:calendar-timezone");
        for part in ["BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:America/New_York", "BEGIN:DAYLIGHT", "TZOFFSETTO:-0400"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let own = text.replace("America/New_York", "My own zone");
        assert_eq!(set(&format!("<C:calendar-timezone>{own}</C:calendar-timezone>")).status_of("C:calendar-timezone"), Some(200));
        assert!(alice.property(&path, "C:calendar-timezone").contains("TZID:My own zone"));
        for (bad, condition) in [
            ("<C:calendar-timezone>nonsense</C:calendar-timezone>", "C:valid-calendar-data"),
            ("<C:calendar-timezone>BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR</C:calendar-timezone>", "C:valid-calendar-data"),
            ("<C:calendar-timezone-id>Mars/Olympus</C:calendar-timezone-id>", "C:valid-timezone"),
        ] {
            let member = set(bad);
            assert_eq!(member.order, [403], "{bad}");
            assert!(member.xml.holds(condition), "RFC 4791 §5.3.1.1, RFC 7809 §3.1.5: {bad}");
        }
        assert!(alice.property(&path, "C:calendar-timezone").contains("TZID:My own zone"));
        let removal = "<D:remove><D:prop><C:calendar-timezone/></D:prop></D:remove>";
        alice.proppatch(&path, removal).multistatus();
        let member = alice.propfind(&path, "0", &["C:calendar-timezone", "C:calendar-timezone-id"]).multistatus().only().clone();
        assert_eq!(member.order.last(), Some(&404));
    }

    fn transparency_is_kept(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let now = || {
            let found = alice.propfind(&path, "0", &["C:schedule-calendar-transp"]).multistatus();
            found.only().prop("C:schedule-calendar-transp").children[0].local.clone()
        };
        assert_eq!(now(), "opaque");
        for word in ["transparent", "opaque"] {
            let inside = format!("<D:set><D:prop><C:schedule-calendar-transp><C:{word}/></C:schedule-calendar-transp></D:prop></D:set>");
            alice.proppatch(&path, &inside).multistatus();
            assert_eq!(now(), word);
        }
    }
}
