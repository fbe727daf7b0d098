//! Filters by components, properties, parameters and texts. RFC 4791 §9.7.

use super::{ask, fill, fits, within};
use crate::acl::{ace, set};
use crate::harness::{Client, TestServer, both, samples, samples::event, samples::todo};

fn some(client: &Client) {
    fill(
        client,
        "",
        &[
            ("plain", event("plain@x", &["DTSTART:20260301T090000Z", "SUMMARY:Team Meeting"])),
            (
                "accent",
                event(
                    "accent@x",
                    &["DTSTART:20260302T090000Z", "SUMMARY:RÉUNION d'équipe", "LOCATION;LANGUAGE=fr:Salle A"],
                ),
            ),
            (
                "invited",
                event(
                    "invited@x",
                    &[
                        "DTSTART:20260303T090000Z",
                        "SUMMARY:Lunch",
                        "STATUS:CANCELLED",
                        "CATEGORIES:Food,Fun",
                        "ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=\"Jean\":mailto:jean@example.org",
                        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@example.org",
                    ],
                ),
            ),
            (
                "alarm",
                event(
                    "alarm@x",
                    &[
                        "DTSTART:20260304T090000Z",
                        "BEGIN:VALARM",
                        "ACTION:AUDIO",
                        "TRIGGER:-PT1H",
                        "END:VALARM",
                    ],
                ),
            ),
            ("open", todo("open@x", &["SUMMARY:Buy milk"])),
            ("done", todo("done@x", &["SUMMARY:Sleep", "COMPLETED:20260301T100000Z", "STATUS:COMPLETED"])),
        ],
    );
}

fn event_filter(inside: &str) -> String {
    format!("<C:comp-filter name=\"VEVENT\">{inside}</C:comp-filter>")
}

fn summary(attributes: &str, text: &str) -> String {
    event_filter(&format!(
        "<C:prop-filter name=\"SUMMARY\"><C:text-match {attributes}>{text}</C:text-match></C:prop-filter>"
    ))
}

both! {
    fn components_there_and_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        assert_eq!(fits(&alice, "").len(), 6);
        assert_eq!(fits(&alice, &event_filter("")), ["accent", "alarm", "invited", "plain"]);
        assert_eq!(fits(&alice, "<C:comp-filter name=\"VEVENT\"><C:is-not-defined/></C:comp-filter>"), ["done", "open"]);
        assert_eq!(fits(&alice, &event_filter("<C:comp-filter name=\"VALARM\"/>")), ["alarm"]);
        let silent = event_filter("<C:comp-filter name=\"VALARM\"><C:is-not-defined/></C:comp-filter>");
        assert_eq!(fits(&alice, &silent), ["accent", "invited", "plain"]);
        assert_eq!(fits(&alice, "<C:comp-filter name=\"VJOURNAL\"/>"), Vec::<String>::new());
        // Two conditions side by side must both hold.
        assert_eq!(fits(&alice, "<C:comp-filter name=\"VEVENT\"/><C:comp-filter name=\"VTODO\"/>"), Vec::<String>::new());
    }

    fn properties_there_and_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        assert_eq!(fits(&alice, &event_filter("<C:prop-filter name=\"LOCATION\"/>")), ["accent"]);
        let without = event_filter("<C:prop-filter name=\"SUMMARY\"><C:is-not-defined/></C:prop-filter>");
        assert_eq!(fits(&alice, &without), ["alarm"]);
        // Open tasks, as clients ask for them.
        let open = "<C:comp-filter name=\"VTODO\"><C:prop-filter name=\"COMPLETED\"><C:is-not-defined/></C:prop-filter>\
            <C:prop-filter name=\"STATUS\"><C:text-match negate-condition=\"yes\">CANCELLED</C:text-match></C:prop-filter></C:comp-filter>";
        let found = fits(&alice, open);
        // A STATUS that is not there cannot match, negated or not (RFC 4791 §9.7.2).
        assert_eq!(found, Vec::<String>::new());
        let open = open.replace("<C:text-match negate-condition=\"yes\">CANCELLED</C:text-match>", "<C:is-not-defined/>");
        assert_eq!(fits(&alice, &open), ["open"]);
    }

    fn texts_by_collation(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        assert_eq!(fits(&alice, &summary("", "team")), ["plain"]);
        assert_eq!(fits(&alice, &summary("", "EAM MEET")), ["plain"]);
        assert_eq!(fits(&alice, &summary("collation=\"i;octet\"", "team")), Vec::<String>::new());
        assert_eq!(fits(&alice, &summary("collation=\"i;octet\"", "Team")), ["plain"]);
        // ASCII case only: the accent is as it is.
        assert_eq!(fits(&alice, &summary("collation=\"i;ascii-casemap\"", "réunion")), Vec::<String>::new());
        assert_eq!(fits(&alice, &summary("collation=\"i;ascii-casemap\"", "rÉunion D")), ["accent"]);
        assert_eq!(fits(&alice, &summary("collation=\"i;unicode-casemap\"", "réunion")), ["accent"]);
        assert_eq!(fits(&alice, &summary("negate-condition=\"yes\"", "team")), ["accent", "invited"]);
        assert_eq!(fits(&alice, &summary("", "%")), Vec::<String>::new());
        let answer = ask(&alice, &alice.calendar("all/"), "", &summary("collation=\"i;klingon\"", "x")).send();
        assert!([403, 412].contains(&answer.status));
        answer.names_condition("C:supported-collation");
    }

    fn uids_are_found_exactly(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let uid = event_filter("<C:prop-filter name=\"UID\"><C:text-match collation=\"i;octet\">invited@x</C:text-match></C:prop-filter>");
        assert_eq!(fits(&alice, &uid), ["invited"]);
        let category = event_filter("<C:prop-filter name=\"CATEGORIES\"><C:text-match>fun</C:text-match></C:prop-filter>");
        assert_eq!(fits(&alice, &category), ["invited"]);
    }

    fn parameters_of_one_property(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let attendee = |address: &str, partstat: &str| {
            event_filter(&format!(
                "<C:prop-filter name=\"ATTENDEE\"><C:text-match>{address}</C:text-match>\
                 <C:param-filter name=\"PARTSTAT\"><C:text-match>{partstat}</C:text-match></C:param-filter></C:prop-filter>"
            ))
        };
        assert_eq!(fits(&alice, &attendee("mailto:jean@example.org", "NEEDS-ACTION")), ["invited"]);
        // Both must hold of the same attendee.
        assert_eq!(fits(&alice, &attendee("mailto:jean@example.org", "ACCEPTED")), Vec::<String>::new());
        let has = |inside: &str| event_filter(&format!("<C:prop-filter name=\"LOCATION\"><C:param-filter name=\"LANGUAGE\">{inside}</C:param-filter></C:prop-filter>"));
        assert_eq!(fits(&alice, &has("")), ["accent"]);
        assert_eq!(fits(&alice, &has("<C:is-not-defined/>")), Vec::<String>::new());
    }

    fn what_is_not_understood_is_never_ignored(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let path = alice.calendar("all/");
        for unknown in [
            event_filter("<C:nonsense/>"),
            event_filter("<C:prop-filter name=\"SUMMARY\"><C:nonsense/></C:prop-filter>"),
            "<C:comp-filter name=\"VEVENT\" test=\"anyof\"/>".to_owned(),
        ] {
            ask(&alice, &path, "", &unknown).refused(403, "C:supported-filter");
        }
        let times = event_filter("<C:prop-filter name=\"RDATE\"><C:time-range start=\"20260101T000000Z\"/></C:prop-filter>");
        let told = ask(&alice, &path, "", &times).refused(403, "C:supported-filter").xml();
        assert_eq!(told.at("C:supported-filter C:prop-filter").and_then(|part| part.attribute("name").map(str::to_owned)).as_deref(), Some("RDATE"));
        for invalid in [
            event_filter("<C:prop-filter><C:is-not-defined/></C:prop-filter>"),
            event_filter("<C:prop-filter name=\"SUMMARY\"><C:time-range start=\"20260101T000000Z\"/></C:prop-filter>"),
            event_filter("<C:comp-filter name=\"VEVENT\"/>"),
            event_filter("<C:prop-filter name=\"SUMMARY\"><C:is-not-defined/><C:text-match>x</C:text-match></C:prop-filter>"),
            "<C:comp-filter name=\"VCALENDAR\"/>".to_owned(),
        ] {
            ask(&alice, &path, "", &invalid).refused(403, "C:valid-filter");
        }
        let none = "<D:prop><D:getetag/></D:prop>";
        alice.report(&path, "C:calendar-query", none).refused(403, "C:valid-filter");
        let two = format!("{none}<C:filter><C:comp-filter name=\"VEVENT\"/></C:filter>");
        alice.report(&path, "C:calendar-query", &two).refused(403, "C:valid-filter");
        alice.report(&alice.calendar(""), "C:calendar-query", "").refused(403, "D:supported-report");
    }

    /// RFC 4791 §7: calendar objects have the reports too, and say so.
    fn a_query_on_an_object_is_about_it_alone(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        some(&alice);
        let item = alice.calendar("all/plain.ics");
        for depth in ["", "0", "1", "infinity"] {
            let answer = ask(&alice, &item, "<C:calendar-data/>", &event_filter("")).instead("Depth", depth).multistatus();
            assert_eq!(answer.only().href, item, "{depth}");
            assert_eq!(answer.only().text("D:getetag"), alice.get(&item).ok().etag());
            assert!(answer.only().prop("C:calendar-data").text.contains("SUMMARY:Team Meeting"));
        }
        let found = |client: &Client, filter: &str| ask(client, &item, "", filter).multistatus().members.len();
        assert_eq!(found(&alice, &summary("", "team")), 1);
        assert_eq!(found(&alice, &summary("", "lunch")), 0);
        assert_eq!(found(&alice, &within("VEVENT", "20260301T000000Z", "20260302T000000Z")), 1);
        assert_eq!(found(&alice, &within("VEVENT", "20260302T000000Z", "20260303T000000Z")), 0);
        assert_eq!(found(&alice, "<C:comp-filter name=\"VTODO\"/>"), 0);
        ask(&alice, &item, "", &event_filter("<C:prop-filter/>")).refused(403, "C:valid-filter");
        // RFC 4791 §7.10: busy times are those of collections.
        let range = "<C:time-range start=\"20260301T000000Z\" end=\"20260302T000000Z\"/>";
        alice.report(&item, "C:free-busy-query", range).refused(403, "D:supported-report");
        alice.report(&item, "R:addressbook-query", "<R:filter/>").refused(403, "D:supported-report");
        let member = alice.propfind(&item, "0", &["D:supported-report-set", "C:supported-collation-set"]).multistatus().only().clone();
        let reports = member.prop("D:supported-report-set");
        assert!(reports.holds("C:calendar-query") && reports.holds("C:calendar-multiget"));
        assert!(!reports.holds("C:free-busy-query") && !reports.holds("R:addressbook-query"));
        // RFC 4791 §7.5.1: wherever texts are compared.
        assert!(member.prop("C:supported-collation-set").holds("C:supported-collation"));
        ask(&alice, &alice.calendar("all/none.ics"), "", "").status(404);
        ask(&bob, &item, "", "").status(404);
        set(&alice, &alice.calendar("all/"), &ace(&bob.principal(), &["D:read"])).ok();
        assert_eq!(found(&bob, &summary("", "team")), 1);
    }

    fn an_override_and_its_master_are_looked_at_one_by_one(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let series = event("s", &[
            "DTSTART:20260301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "SUMMARY:Standing", "END:VEVENT", "BEGIN:VEVENT",
            "UID:s", "DTSTAMP:20260101T000000Z", "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T090000Z", "DURATION:PT1H", "SUMMARY:Special",
        ]);
        fill(&alice, "", &[("series", series)]);
        let both = |text: &str, day: &str| {
            event_filter(&format!(
                "<C:time-range start=\"{day}T000000Z\" end=\"{day}T235959Z\"/>\
                 <C:prop-filter name=\"SUMMARY\"><C:text-match>{text}</C:text-match></C:prop-filter>"
            ))
        };
        assert_eq!(fits(&alice, &both("Special", "20260303")), ["series"]);
        assert_eq!(fits(&alice, &both("Special", "20260302")), Vec::<String>::new());
        assert_eq!(fits(&alice, &both("Standing", "20260302")), ["series"]);
        assert_eq!(fits(&alice, &both("Standing", "20260303")), Vec::<String>::new());
    }

    fn an_empty_calendar_and_no_match_are_empty_answers(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let answer = ask(&alice, &alice.calendar("default/"), "<C:calendar-data/>", "").multistatus();
        assert!(answer.members.is_empty());
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let answer = ask(&alice, &alice.calendar("default/"), "", &event_filter("<C:prop-filter name=\"X-NONE\"/>")).multistatus();
        assert!(answer.members.is_empty());
    }
}
