//! What a calendar takes as an object, and what it says of what it does not. RFC 4791 §4.1, §5.3.2.

use super::{ask, within};
use crate::harness::{TestServer, both, samples, samples::lines};

/// A stored override without its master, as an invitation to one instance brings it.
fn lone_override(uid: &str) -> String {
    samples::event(
        uid,
        &["RECURRENCE-ID:20260308T090000Z", "DTSTART:20260308T100000Z", "DTEND:20260308T110000Z"],
    )
}

both! {
    fn a_series_denser_than_any_program_can_show_is_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let put = |rule: &str| {
            let body = samples::event("a", &["DTSTART:20260301T090000Z", "DURATION:PT1S", &format!("RRULE:{rule}")]);
            alice.put(&alice.calendar("default/a.ics"), body)
        };
        for rule in ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSECOND=0,20,40"] {
            put(rule).refused(403, "C:max-instances");
        }
        put("FREQ=HOURLY").created();
        put("FREQ=SECONDLY;COUNT=10000").no_content();
        put("FREQ=SECONDLY;COUNT=10001").refused(403, "C:max-instances");
        put("FREQ=MINUTELY;INTERVAL=5").no_content();
        put("FREQ=DAILY").no_content();
    }

    fn a_uid_stands_once_in_a_calendar(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let first = alice.calendar("default/with%20blank.ics");
        alice.put(&first, samples::meeting("a")).created();
        let answer = alice.put(&alice.calendar("default/b.ics"), samples::meeting("a")).send();
        assert!([403, 409].contains(&answer.status), "{}", answer.status);
        assert_eq!(answer.names_condition("C:no-uid-conflict").hrefs(), std::slice::from_ref(&first));
        alice.get(&alice.calendar("default/b.ics")).status(404);
        // In another calendar it is another object.
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        // What stands there keeps its UID.
        let answer = alice.put(&first, samples::meeting("other")).send();
        assert!([403, 409].contains(&answer.status));
        answer.names_condition("C:no-uid-conflict");
        assert!(alice.get(&first).ok().text().contains("UID:a\r\n"));
        // UIDs are compared as they are: another case is another UID.
        alice.put(&alice.calendar("default/c.ics"), samples::meeting("A")).created();
    }

    /// RFC 7529 §10: what is evaluated is told, what is registered is kept, and what nobody knows is refused.
    fn rules_in_other_calendars(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for path in [alice.calendar("default/"), alice.calendar("")] {
            let member = alice.propfind(&path, "0", &["C:supported-rscale-set"]).multistatus().only().clone();
            let told: Vec<String> = member.prop("C:supported-rscale-set").all("C:supported-rscale").map(|one| one.text.clone()).collect();
            assert_eq!(told, ["GREGORIAN"], "{path}");
            let all = alice.propfind_raw(&path, "0", "").multistatus();
            assert_eq!(all.only().find("C:supported-rscale-set"), None, "not in allprop (RFC 7529 §10.1)");
        }
        let put = |name: &str, scale: &str| {
            let rule = format!("RRULE:RSCALE={scale};FREQ=YEARLY;SKIP=FORWARD");
            let body = samples::event(name, &["DTSTART;VALUE=DATE:20240229", &rule]);
            (body.clone(), alice.put(&alice.calendar(&format!("default/{name}.ics")), body).send())
        };
        let lunar = ["CHINESE", "hebrew", "ETHIOPIC", "ISLAMIC-CIVIL", "ethiopic-amete-alem"];
        for (at, scale) in lunar.iter().enumerate() {
            let (body, answer) = put(&format!("lunar{at}"), scale);
            assert_eq!(answer.status, 201, "{scale}: {}", answer.text());
            assert_eq!(alice.get(&alice.calendar(&format!("default/lunar{at}.ics"))).ok().text(), body);
        }
        assert_eq!(put("leap", "GREGORIAN").1.status, 201);
        let (_, refused) = put("alien", "KLINGON");
        assert_eq!(refused.status, 403);
        refused.names_condition("C:supported-rscale");
        alice.get(&alice.calendar("default/alien.ics")).status(404);
        // The first of March of another year has the Gregorian one; the others are found at their DTSTART.
        let on = |start: &str, end: &str| ask(&alice, &alice.calendar("default/"), "", &within("VEVENT", start, end)).multistatus().members.len();
        assert_eq!(on("20250301T000000Z", "20250302T000000Z"), 1);
        assert_eq!(on("20240229T000000Z", "20240301T000000Z"), 1 + lunar.len());
    }

    fn what_is_no_calendar_data(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        let whole = samples::meeting("a");
        let half = whole.replace("END:VEVENT\r\n", "");
        let crossed = whole.replace("END:VEVENT\r\nEND:VCALENDAR", "END:VCALENDAR\r\nEND:VEVENT");
        for bad in ["", "nonsense", "<xml/>", "{}", &half, &crossed, &format!("{whole}trailing\r\n"), "BEGIN:VCALENDAR\r\n"] {
            let answer = alice.put(&path, bad).refused(403, "C:valid-calendar-data");
            assert!(answer.xml().child("D:responsedescription").is_some(), "says why");
        }
        let mut latin = whole.replace("Meeting", "R@union").into_bytes();
        latin.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0xe9);
        alice.put(&path, latin).refused(403, "C:valid-calendar-data");
        alice.get(&path).status(404);
    }

    fn what_is_no_calendar_object_resource(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        let event = ["BEGIN:VEVENT", "UID:a", "DTSTAMP:20260101T000000Z", "DTSTART:20260301T090000Z", "END:VEVENT"];
        let mut two_uids = event.to_vec();
        two_uids.extend(event.map(|line| if line == "UID:a" { "UID:b" } else { line }));
        let mut two_kinds = event.to_vec();
        two_kinds.extend(["BEGIN:VTODO", "UID:a", "DTSTAMP:20260101T000000Z", "END:VTODO"]);
        let mut method = vec!["METHOD:REQUEST"];
        method.extend(event);
        let no_uid: Vec<&str> = event.iter().copied().filter(|line| *line != "UID:a").collect();
        let mut two_masters = event.to_vec();
        two_masters.extend(event);
        for (what, bad) in [
            ("two UIDs", two_uids), ("two kinds", two_kinds), ("a METHOD", method), ("no UID", no_uid),
            ("two masters", two_masters), ("nothing inside", vec![]),
        ] {
            let answer = alice.put(&path, samples::calendar(&bad)).send();
            assert_eq!(answer.status, 403, "{what}: {}", answer.text());
            let error = answer.xml();
            assert!(error.holds("C:valid-calendar-object-resource") || error.holds("C:valid-calendar-data"), "{what}");
        }
        alice.put(&path, samples::card("a", "Ada", &[])).refused(403, "C:supported-calendar-data");
        alice.get(&path).status(404);
    }

    fn odd_objects_of_real_clients_are_taken(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let objects = [
            lone_override("lone"),
            samples::event("never", &["DTSTART:20260301T090000Z", "RRULE:FREQ=DAILY;UNTIL=20250101T000000Z"]),
            samples::event("empty", &["DTSTART;VALUE=DATE:20260301", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]),
            samples::event("excluded", &["DTSTART:20260301T090000Z", "RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260301T090000Z"]),
            samples::event("zone", &["DTSTART;TZID=Nowhere Standard Time:20260301T090000"]),
            samples::event("x", &["DTSTART:20260301T090000Z", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2", "BEGIN:X-ANY", "X-A:b", "END:X-ANY"]),
            samples::event("days", &["DTSTART:20260301T090000Z", "DURATION:PT2D"]),
            samples::meeting("bare").replace("\r\n", "\n"),
            samples::meeting("mark").replacen("BEGIN", "\u{feff}BEGIN", 1),
            samples::meeting("unended").trim_end().to_owned(),
        ];
        for (at, body) in objects.iter().enumerate() {
            let path = alice.calendar(&format!("default/{at}.ics"));
            let put = alice.put(&path, body.clone()).header("Content-Type", "text/calendar").created();
            let got = alice.get(&path).ok();
            assert_eq!((got.text(), got.etag()), (body.clone(), put.etag()));
        }
        // All of them survive a query that looks inside.
        let filter = within("VEVENT", "20260101T000000Z", "20270101T000000Z");
        let found = ask(&alice, &alice.calendar("default/"), "<C:calendar-data/>", &filter).multistatus();
        // A first instance that its rule does not name counts all the same; one after the rule's end does not.
        assert_eq!(found.names(), ["0.ics", "2.ics", "4.ics", "5.ics", "6.ics", "7.ics", "8.ics", "9.ics"]);
    }

    fn limits_are_those_that_are_told(db) {
        let limits = cenacle::services::Limits { resource_bytes: 2_000, attendees: 3, members: 2, ..Default::default() };
        let server = TestServer::with_limits(db, limits);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        assert_eq!(alice.property(&alice.calendar("default/"), "C:max-resource-size"), "2000");
        assert_eq!(alice.property(&alice.calendar("default/"), "C:max-attendees-per-instance"), "3");
        let long = samples::event("a", &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "x".repeat(2_000))]);
        alice.put(&path, long).refused(403, "C:max-resource-size");
        let invited = |n: usize| {
            let attendees: String = (0..n).map(|at| format!("ATTENDEE:mailto:{at}@example.org\r\n")).collect();
            samples::meeting("a").replace("SUMMARY", &format!("{attendees}SUMMARY"))
        };
        alice.put(&path, invited(4)).refused(403, "C:max-attendees-per-instance");
        alice.put(&path, invited(3)).created();
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("b")).created();
        alice.put(&alice.calendar("default/c.ics"), samples::meeting("c")).refused(507, "D:quota-not-exceeded");
        alice.put(&path, invited(2)).no_content();
    }

    fn the_type_names_the_component(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("all/"), "").created();
        for (component, more) in [
            ("VEVENT", "DTSTART:20260301T090000Z"), ("VTODO", "SUMMARY:x"), ("VJOURNAL", "SUMMARY:x"),
            ("VFREEBUSY", "FREEBUSY:20260301T090000Z/PT1H"),
        ] {
            let path = alice.calendar(&format!("all/{component}.ics"));
            alice.put(&path, samples::component(component, component, &[more])).created();
            let expected = format!("text/calendar; charset=utf-8; component={component}");
            assert_eq!(alice.get(&path).ok().header("Content-Type"), Some(expected.as_str()));
            assert_eq!(alice.property(&path, "D:getcontenttype"), expected);
        }
        let away = lines(&["BEGIN:VAVAILABILITY", "UID:v", "DTSTAMP:20260101T000000Z", "END:VAVAILABILITY"]);
        let away = samples::calendar(&away.lines().collect::<Vec<_>>());
        alice.put(&alice.calendar("all/v.ics"), away).created();
    }
}
