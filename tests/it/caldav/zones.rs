//! Floating and all-day times are those of the calendar's zone, or of the one that a query names. RFC 4791 §5.2.2, §9.8,
//! RFC 7809; and TZIDs as the world writes them.

use super::{ask, fill, fits, within};
use crate::harness::{TestServer, both, samples::event};

both! {
    fn floating_and_all_day_times(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "America/New_York", &[
            ("floating", event("1", &["DTSTART:20260301T090000", "DURATION:PT1H"])),
            ("day", event("2", &["DTSTART;VALUE=DATE:20260301"])),
            ("days", event("3", &["DTSTART;VALUE=DATE:20260220", "RRULE:FREQ=DAILY;COUNT=3"])),
        ]);
        let inside = |start: &str, end: &str| fits(&alice, &within("VEVENT", start, end));
        // Nine in New York is two in the afternoon UTC.
        assert_eq!(inside("20260301T141500Z", "20260301T143000Z"), ["day", "floating"]);
        assert_eq!(inside("20260301T091500Z", "20260301T093000Z"), ["day"]);
        // The day ends there five hours later.
        assert_eq!(inside("20260302T045900Z", "20260302T050000Z"), ["day"]);
        assert_eq!(inside("20260302T050000Z", "20260302T060000Z"), Vec::<String>::new());
        assert_eq!(inside("20260301T000000Z", "20260301T050000Z"), Vec::<String>::new());
        assert_eq!(inside("20260223T040000Z", "20260223T043000Z"), ["days"]);
    }

    fn a_query_may_name_another_zone(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "America/New_York", &[("floating", event("1", &["DTSTART:20260301T090000", "DURATION:PT1H"]))]);
        let query = |zone: &str| {
            let filter = within("VEVENT", "20260301T000000Z", "20260301T003000Z");
            let inside = format!(
                "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>{zone}"
            );
            alice.report(&alice.calendar("all/"), "C:calendar-query", &inside)
        };
        assert_eq!(query("").multistatus().members.len(), 0);
        assert_eq!(query("<C:timezone-id>Asia/Tokyo</C:timezone-id>").multistatus().members.len(), 1);
        let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Plus nine\r\nBEGIN:STANDARD\r\n\
            DTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";
        assert_eq!(query(&format!("<C:timezone>{text}</C:timezone>")).multistatus().members.len(), 1);
        // Each of the two has a precondition of its own (RFC 4791 §7.8, RFC 7809 §3.1.6).
        query("<C:timezone>nonsense</C:timezone>").refused(403, "C:valid-calendar-data");
        query("<C:timezone-id>Mars/Olympus</C:timezone-id>").refused(403, "C:valid-timezone");
    }

    fn a_calendar_without_a_zone_has_that_of_its_owner(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("floating", event("1", &["DTSTART:20260701T090000", "DURATION:PT1H"])),
            ("day", event("2", &["DTSTART;VALUE=DATE:20260701"])),
        ]);
        let all = alice.calendar("all/");
        let look = || {
            let inside = |start: &str, end: &str| fits(&alice, &within("VEVENT", start, end));
            // In summer the day begins in Paris two hours before it does in UTC.
            assert_eq!(inside("20260630T220000Z", "20260630T230000Z"), ["day"]);
            assert_eq!(inside("20260701T071500Z", "20260701T073000Z"), ["day", "floating"]);
            assert_eq!(inside("20260701T220000Z", "20260701T230000Z"), Vec::<String>::new());
            let busy = alice.report(&all, "C:free-busy-query", "<C:time-range start=\"20260630T000000Z\" end=\"20260703T000000Z\"/>").ok();
            assert!(busy.text().contains("BUSY:20260630T220000Z/20260701T220000Z"), "{}", busy.text());
        };
        // What is made without one says which it has.
        assert_eq!(alice.property(&all, "C:calendar-timezone-id"), "Europe/Paris");
        look();
        let patch = "<D:remove><D:prop><C:calendar-timezone-id/></D:prop></D:remove>";
        alice.proppatch(&all, patch).multistatus();
        look();
    }

    fn a_changed_zone_moves_what_floats(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "Asia/Tokyo", &[
            ("floating", event("1", &["DTSTART:20260301T090000", "DURATION:PT1H"])),
            ("fixed", event("2", &["DTSTART:20260301T000000Z", "DURATION:PT1H"])),
        ]);
        let inside = |start: &str, end: &str| fits(&alice, &within("VEVENT", start, end));
        assert_eq!(inside("20260301T000000Z", "20260301T003000Z"), ["fixed", "floating"]);
        let patch = "<D:set><D:prop><C:calendar-timezone-id>Europe/Paris</C:calendar-timezone-id></D:prop></D:set>";
        alice.proppatch(&alice.calendar("all/"), patch).multistatus();
        assert_eq!(inside("20260301T000000Z", "20260301T003000Z"), ["fixed"]);
        assert_eq!(inside("20260301T080000Z", "20260301T083000Z"), ["floating"]);
    }

    fn tzids_as_the_world_writes_them(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let zones = [
            ("iana", "Europe/Paris"), ("windows", "Romance Standard Time"), ("windows-2", "W. Europe Standard Time"),
            ("olson", "/freeassociation.sourceforge.net/Tzfile/Europe/Paris"), ("mozilla", "/mozilla.org/20050126_1/Europe/Paris"),
            ("blank", "Europe/Paris "), ("quoted", "\"Europe/Paris\""),
        ];
        let objects: Vec<(&str, String)> = zones
            .iter()
            .map(|(name, tzid)| (*name, event(name, &[&format!("DTSTART;TZID={tzid}:20260701T090000"), "DURATION:PT10M"])))
            .collect();
        fill(&alice, "Pacific/Auckland", &objects);
        let mut names: Vec<&str> = zones.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        // Nine in summer in Paris is seven UTC, and nowhere else.
        assert_eq!(fits(&alice, &within("VEVENT", "20260701T070000Z", "20260701T070500Z")), names);
        assert_eq!(fits(&alice, &within("VEVENT", "20260701T071000Z", "20260801T000000Z")), Vec::<String>::new());
    }

    fn a_zone_of_the_objects_own_is_believed(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = event("1", &["DTSTART;TZID=Customized Time Zone:20260701T090000", "DURATION:PT10M"]).replace(
            "BEGIN:VEVENT",
            "BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0545\r\n\
             TZOFFSETTO:+0545\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
        );
        fill(&alice, "", &[("own", body)]);
        assert_eq!(fits(&alice, &within("VEVENT", "20260701T031500Z", "20260701T032000Z")), ["own"]);
        assert_eq!(fits(&alice, &within("VEVENT", "20260701T090000Z", "20260701T091000Z")), Vec::<String>::new());
    }

    fn an_unknown_zone_without_rules_is_the_calendars_own(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "Asia/Tokyo", &[("lost", event("1", &["DTSTART;TZID=Our Office:20260701T090000", "DURATION:PT10M"]))]);
        assert_eq!(fits(&alice, &within("VEVENT", "20260701T000000Z", "20260701T000500Z")), ["lost"]);
        let answer = ask(&alice, &alice.calendar("all/"), "<C:calendar-data/>", "").multistatus();
        assert!(answer.only().prop("C:calendar-data").text.contains("TZID=Our Office"));
    }

    fn the_service_of_zones_expands_them(db) {
        let server = TestServer::start(db);
        let anybody = server.anonymous();
        let json = |path: &str| -> serde_json::Value { serde_json::from_slice(&anybody.get(path).ok().body).expect("JSON") };
        let actions = json("/tzdist/capabilities")["actions"].clone();
        let expand = actions.as_array().expect("actions").iter().find(|action| action["name"] == "expand").expect("advertised").clone();
        assert_eq!(expand["uri-template"], "/tzdist/zones{/tzid}/observances{?start,end}");
        let onsets = json("/tzdist/zones/Europe%2FParis/observances?start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z");
        let of = |at: usize| (onsets["observances"][at]["onset"].clone(), onsets["observances"][at]["utc-offset-to"].clone());
        assert_eq!(of(0), ("2026-01-01T00:00:00Z".into(), 3_600.into()));
        assert_eq!(of(1), ("2026-03-29T01:00:00Z".into(), 7_200.into()));
        assert_eq!(of(2), ("2026-10-25T01:00:00Z".into(), 3_600.into()));
        assert_eq!(onsets["observances"].as_array().map(Vec::len), Some(3));
        // The release of the data, not of the program.
        assert_ne!(json("/tzdist/zones?pattern=europe/paris")["timezones"][0]["version"], env!("CARGO_PKG_VERSION"));
    }
}
