//! Time ranges: which objects fall into a window. RFC 4791 §9.9, and interoperability: a wrong answer here deletes events
//! on phones.

use super::{ask, fill, fits, within};
use crate::harness::{Client, TestServer, both, samples::component, samples::event, samples::todo};

/// The names of events that fall into a window.
#[track_caller]
fn events(client: &Client, start: &str, end: &str) -> Vec<String> {
    fits(client, &within("VEVENT", start, end))
}

both! {
    fn ends_of_windows_and_of_events(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("nine-to-ten", event("1", &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z"])),
            ("duration", event("2", &["DTSTART:20260301T090000Z", "DURATION:PT1H"])),
            ("instant", event("3", &["DTSTART:20260301T090000Z"])),
            ("instant-too", event("4", &["DTSTART:20260301T090000Z", "DTEND:20260301T090000Z"])),
            ("instant-last", event("5", &["DTSTART:20260301T090000Z", "DURATION:PT0S"])),
        ]);
        let all = ["duration", "instant", "instant-last", "instant-too", "nine-to-ten"];
        let long = ["duration", "nine-to-ten"];
        let none: [&str; 0] = [];
        assert_eq!(events(&alice, "20260301T000000Z", "20260302T000000Z"), all);
        // The start is inside, the end is not, on both sides.
        assert_eq!(events(&alice, "20260301T090000Z", "20260301T090001Z"), all);
        assert_eq!(events(&alice, "20260301T080000Z", "20260301T090000Z"), none);
        assert_eq!(events(&alice, "20260301T093000Z", "20260301T093001Z"), long);
        assert_eq!(events(&alice, "20260301T095959Z", "20260301T110000Z"), long);
        assert_eq!(events(&alice, "20260301T100000Z", "20260301T110000Z"), none);
        // Open on one side.
        assert_eq!(events(&alice, "20260301T093000Z", ""), long);
        assert_eq!(events(&alice, "20260301T100000Z", ""), none);
        assert_eq!(events(&alice, "", "20260301T090000Z"), none);
        assert_eq!(events(&alice, "", "20260301T090001Z"), all);
    }

    fn series_at_any_distance(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("weekly", event("1", &["DTSTART:19500104T090000Z", "DTEND:19500104T100000Z", "RRULE:FREQ=WEEKLY"])),
            ("counted", event("2", &["DTSTART:20260301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"])),
            ("until", event("3", &["DTSTART:20260301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260303T090000Z"])),
            ("excluded", event("4", &["DTSTART:20260301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260302T090000Z"])),
            ("added", event("5", &["DTSTART:20260301T090000Z", "DURATION:PT1H", "RDATE:20260310T090000Z,20260312T090000Z"])),
            ("period", event("6", &["DTSTART:20260301T090000Z", "DURATION:PT1H", "RDATE;VALUE=PERIOD:20260320T090000Z/PT5H"])),
            ("leap", event("7", &["DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY"])),
        ]);
        let day = |date: &str| events(&alice, &format!("{date}T000000Z"), &format!("{date}T235959Z"));
        assert_eq!(day("20260301"), ["added", "counted", "excluded", "period", "until"]);
        assert_eq!(day("20260302"), ["counted", "until"]);
        assert_eq!(day("20260303"), ["counted", "excluded", "until"]);
        assert_eq!(day("20260304"), ["weekly"]);
        assert_eq!(day("20260312"), ["added"]);
        assert_eq!(events(&alice, "20260320T130000Z", "20260320T133000Z"), ["period"]);
        // Each Wednesday for ever; 29 February only in leap years.
        assert_eq!(day("21900106"), ["weekly"]);
        assert_eq!(day("21900107"), Vec::<String>::new());
        assert_eq!(day("20280229"), ["leap"]);
        assert_eq!(day("20270228"), Vec::<String>::new());
        assert_eq!(day("19500104"), ["weekly"]);
        assert_eq!(day("19491228"), Vec::<String>::new());
    }

    fn overrides_move_instances_in_and_out(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let moved = event("1", &[
            "DTSTART:20260301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "END:VEVENT", "BEGIN:VEVENT", "UID:1",
            "DTSTAMP:20260101T000000Z", "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260401T090000Z", "DURATION:PT1H",
        ]);
        let following = event("2", &[
            "DTSTART:20260501T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "END:VEVENT", "BEGIN:VEVENT", "UID:2",
            "DTSTAMP:20260101T000000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260503T090000Z", "DTSTART:20260503T150000Z", "DURATION:PT1H",
        ]);
        let alone = event("3", &["RECURRENCE-ID:20260610T090000Z", "DTSTART:20260611T090000Z", "DURATION:PT1H"]);
        fill(&alice, "", &[("moved", moved), ("following", following), ("alone", alone)]);
        let none = Vec::<String>::new();
        assert_eq!(events(&alice, "20260303T000000Z", "20260304T000000Z"), none);
        assert_eq!(events(&alice, "20260401T000000Z", "20260402T000000Z"), ["moved"]);
        assert_eq!(events(&alice, "20260305T000000Z", "20260306T000000Z"), ["moved"]);
        assert_eq!(events(&alice, "20260502T090000Z", "20260502T100000Z"), ["following"]);
        assert_eq!(events(&alice, "20260504T090000Z", "20260504T100000Z"), none);
        assert_eq!(events(&alice, "20260504T150000Z", "20260504T160000Z"), ["following"]);
        assert_eq!(events(&alice, "20260610T000000Z", "20260611T000000Z"), none);
        assert_eq!(events(&alice, "20260611T000000Z", "20260612T000000Z"), ["alone"]);
    }

    fn tasks_by_the_table_of_the_rfc(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("start-duration", todo("1", &["DTSTART:20260301T090000Z", "DURATION:PT1H"])),
            ("start-due", todo("2", &["DTSTART:20260301T090000Z", "DUE:20260301T100000Z"])),
            ("start", todo("3", &["DTSTART:20260301T090000Z"])),
            ("due", todo("4", &["DUE:20260301T100000Z"])),
            ("completed-created", todo("5", &["CREATED:20260301T090000Z", "COMPLETED:20260301T100000Z"])),
            ("completed", todo("6", &["COMPLETED:20260301T100000Z"])),
            ("created", todo("7", &["CREATED:20260301T090000Z"])),
            ("nothing", todo("8", &["SUMMARY:Some day"])),
        ]);
        let tasks = |start: &str, end: &str| fits(&alice, &within("VTODO", start, end));
        assert_eq!(tasks("20260301T000000Z", "20260302T000000Z"),
            ["completed", "completed-created", "created", "due", "nothing", "start", "start-due", "start-duration"]);
        // Before everything: only what has no date at all.
        assert_eq!(tasks("20260201T000000Z", "20260202T000000Z"), ["nothing"]);
        // Long after: what was created and is not done, and what has no date.
        assert_eq!(tasks("20260401T000000Z", "20260402T000000Z"), ["created", "nothing"]);
        // In the middle of the hour.
        assert_eq!(tasks("20260301T093000Z", "20260301T094000Z"),
            ["completed-created", "created", "nothing", "start-due", "start-duration"]);
        // For due and completed the end of the window counts, by the table.
        assert_eq!(tasks("20260301T095900Z", "20260301T100000Z"),
            ["completed", "completed-created", "created", "due", "nothing", "start-due", "start-duration"]);
        assert_eq!(fits(&alice, "<C:comp-filter name=\"VTODO\"/>").len(), 8);
        assert_eq!(events(&alice, "20260301T000000Z", "20260302T000000Z"), Vec::<String>::new());
    }

    fn journals_by_their_day(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "Europe/Paris", &[
            ("instant", component("VJOURNAL", "1", &["DTSTART:20260301T090000Z"])),
            ("day", component("VJOURNAL", "2", &["DTSTART;VALUE=DATE:20260301"])),
            ("never", component("VJOURNAL", "3", &["SUMMARY:Undated"])),
        ]);
        let journals = |start: &str, end: &str| fits(&alice, &within("VJOURNAL", start, end));
        assert_eq!(journals("20260301T000000Z", "20260302T000000Z"), ["day", "instant"]);
        assert_eq!(journals("20260301T120000Z", "20260301T130000Z"), ["day"]);
        assert_eq!(journals("20260301T230000Z", "20260302T000000Z"), Vec::<String>::new());
        assert_eq!(journals("20260228T230000Z", "20260228T233000Z"), ["day"]);
    }

    fn busy_times_by_their_periods(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("bounds", component("VFREEBUSY", "1", &["DTSTART:20260301T000000Z", "DTEND:20260302T000000Z"])),
            ("periods", component("VFREEBUSY", "2", &["FREEBUSY:20260301T090000Z/PT1H,20260301T140000Z/20260301T150000Z"])),
        ]);
        let times = |start: &str, end: &str| fits(&alice, &within("VFREEBUSY", start, end));
        assert_eq!(times("20260301T093000Z", "20260301T094000Z"), ["bounds", "periods"]);
        assert_eq!(times("20260301T110000Z", "20260301T120000Z"), ["bounds"]);
        assert_eq!(times("20260301T143000Z", "20260301T144000Z"), ["bounds", "periods"]);
        assert_eq!(times("20260303T000000Z", "20260304T000000Z"), Vec::<String>::new());
    }

    fn alarms_by_when_they_ring(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let alarm = |uid: &str, trigger: &str, more: &str| {
            event(uid, &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", trigger, more, "END:VALARM"])
        };
        fill(&alice, "", &[
            ("before", alarm("1", "TRIGGER:-PT15M", "X-A:b")),
            ("after-end", alarm("2", "TRIGGER;RELATED=END:PT30M", "X-A:b")),
            ("absolute", alarm("3", "TRIGGER;VALUE=DATE-TIME:20260201T000000Z", "X-A:b")),
            ("snooze", alarm("4", "TRIGGER:-PT15M", "REPEAT:2\r\nDURATION:PT1H")),
            ("silent", event("5", &["DTSTART:20260301T090000Z"])),
        ]);
        let rings = |start: &str, end: &str| {
            let inner = within("VALARM", start, end);
            fits(&alice, &format!("<C:comp-filter name=\"VEVENT\">{inner}</C:comp-filter>"))
        };
        assert_eq!(rings("20260301T084000Z", "20260301T085000Z"), ["before", "snooze"]);
        assert_eq!(rings("20260301T102900Z", "20260301T103100Z"), ["after-end"]);
        assert_eq!(rings("20260131T235900Z", "20260201T000100Z"), ["absolute"]);
        assert_eq!(rings("20260301T104400Z", "20260301T104600Z"), ["snooze"]);
        assert_eq!(rings("20260301T090000Z", "20260301T093000Z"), Vec::<String>::new());
    }

    fn wrong_ranges_are_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[]);
        for (start, end) in [
            ("20260302T000000Z", "20260301T000000Z"), ("20260301T000000Z", "20260301T000000Z"), ("", ""),
            ("20260301T000000", "20260302T000000"), ("20260301", "20260302"), ("2026-03-01T00:00:00Z", ""), ("nonsense", ""),
        ] {
            let filter = within("VEVENT", start, end);
            let answer = ask(&alice, &alice.calendar("all/"), "", &filter).send();
            assert!([400, 403].contains(&answer.status), "{start} {end}: {}", answer.status);
            assert!(answer.xml().holds("C:valid-filter"), "{start} {end}");
        }
    }

    /// RFC 4791 has no time for a VCALENDAR, nor forbids to ask: who looks for all kinds at once gets what asking for each
    /// one gets.
    fn a_window_on_all_kinds_of_components(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[
            ("event", event("1", &["DTSTART:20260301T090000Z", "DURATION:PT1H"])),
            ("series", event("2", &["DTSTART:19900101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"])),
            ("other-day", event("3", &["DTSTART:20260305T090000Z", "DURATION:PT1H"])),
            ("task", todo("4", &["DTSTART:20260301T093000Z", "DUE:20260301T120000Z"])),
            ("task-always", todo("5", &[])),
            ("journal", component("VJOURNAL", "6", &["DTSTART;VALUE=DATE:20260301"])),
        ]);
        let whole = |start: &str, end: &str, more: &str| {
            let inside = format!("<C:time-range start=\"{start}\" end=\"{end}\"/>{more}");
            let filter = format!("<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{inside}</C:comp-filter></C:filter>");
            let answer = alice.report(&alice.calendar("all/"), "C:calendar-query", &filter).multistatus();
            let mut names: Vec<String> =
                answer.names().into_iter().map(|name| name.trim_end_matches(".ics").to_owned()).collect();
            names.sort();
            names
        };
        for (start, end) in [
            ("20260301T000000Z", "20260302T000000Z"),
            ("20260301T093000Z", "20260301T094500Z"),
            ("20260302T000000Z", "20260310T000000Z"),
            ("19800101T000000Z", "19800102T000000Z"),
        ] {
            let mut each: Vec<String> =
                ["VEVENT", "VTODO", "VJOURNAL"].iter().flat_map(|kind| fits(&alice, &within(kind, start, end))).collect();
            each.sort();
            assert_eq!(whole(start, end, ""), each, "{start} to {end}");
            let tasks = whole(start, end, "<C:comp-filter name=\"VTODO\"/>");
            assert_eq!(tasks, fits(&alice, &within("VTODO", start, end)), "{start} to {end}");
        }
        assert_eq!(whole("20260301T093000Z", "20260301T094500Z", ""), ["event", "journal", "series", "task", "task-always"]);
    }
}
