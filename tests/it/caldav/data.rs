//! `calendar-data`: expanded, limited, cut, and as jCal. RFC 4791 §9.6, RFC 7265.

use super::{ask, data_of, fill, within};
use crate::harness::{Client, TestServer, both, samples::event};

const DAYS: (&str, &str) = ("20260327T000000Z", "20260401T000000Z");

/// A daily meeting at nine in Paris over the change to summer time, one of them moved and one left out.
fn series(client: &Client) -> String {
    let body = event(
        "s",
        &[
            "DTSTART;TZID=Europe/Paris:20260326T090000",
            "DTEND;TZID=Europe/Paris:20260326T100000",
            "RRULE:FREQ=DAILY;COUNT=10",
            "EXDATE;TZID=Europe/Paris:20260331T090000",
            "SUMMARY:Standing",
            "DESCRIPTION:Long",
            "X-OWN;X-P=q:kept",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT5M",
            "DESCRIPTION:x",
            "END:VALARM",
            "END:VEVENT",
            "BEGIN:VEVENT",
            "UID:s",
            "DTSTAMP:20260101T000000Z",
            "RECURRENCE-ID;TZID=Europe/Paris:20260330T090000",
            "DTSTART;TZID=Europe/Paris:20260330T140000",
            "DTEND;TZID=Europe/Paris:20260330T150000",
            "SUMMARY:Special",
        ],
    );
    fill(client, "", &[("s", body.clone())]);
    body
}

fn asked(client: &Client, data: &str) -> String {
    let answer = ask(client, &client.calendar("all/"), data, &within("VEVENT", DAYS.0, DAYS.1)).multistatus();
    data_of(&answer, &client.calendar("all/s.ics"))
}

/// The values of a property, in order.
fn values<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let line = |line: &'t str| {
        let (head, value) = line.split_once(':')?;
        (head.split(';').next() == Some(name)).then_some(value)
    };
    text.lines().filter_map(line).collect()
}

both! {
    fn expansion_tells_each_instance_in_utc(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        series(&alice);
        let text = asked(&alice, &format!("<C:calendar-data><C:expand start=\"{}\" end=\"{}\"/></C:calendar-data>", DAYS.0, DAYS.1));
        let mut starts = values(&text, "DTSTART");
        starts.sort_unstable();
        // Nine in Paris is eight in winter and seven in summer, which began on the 29th.
        assert_eq!(starts, ["20260327T080000Z", "20260328T080000Z", "20260329T070000Z", "20260330T120000Z"]);
        let mut ids = values(&text, "RECURRENCE-ID");
        ids.sort_unstable();
        assert_eq!(ids, ["20260327T080000Z", "20260328T080000Z", "20260329T070000Z", "20260330T070000Z"]);
        assert_eq!(values(&text, "SUMMARY").iter().filter(|one| **one == "Special").count(), 1);
        assert_eq!(values(&text, "X-OWN").len(), 3);
        for gone in ["RRULE", "EXDATE", "BEGIN:VTIMEZONE", "TZID"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        assert_eq!(text.matches("BEGIN:VCALENDAR").count(), 1);
    }

    fn expansion_of_days_stays_days(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = event("s", &["DTSTART;VALUE=DATE:20260327", "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:All day"]);
        fill(&alice, "Europe/Paris", &[("s", body)]);
        let text = asked(&alice, &format!("<C:calendar-data><C:expand start=\"{}\" end=\"{}\"/></C:calendar-data>", DAYS.0, DAYS.1));
        assert_eq!(values(&text, "DTSTART"), ["20260327", "20260328", "20260329"]);
        assert!(text.contains("DTSTART;VALUE=DATE:20260328"));
    }

    fn limits_keep_the_master_and_the_overrides_that_touch(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = series(&alice);
        let limit = |start: &str, end: &str| {
            asked(&alice, &format!("<C:calendar-data><C:limit-recurrence-set start=\"{start}\" end=\"{end}\"/></C:calendar-data>"))
        };
        assert_eq!(limit("20260330T000000Z", "20260331T000000Z"), body.replace("\r\n", "\n"));
        let without = limit("20260326T000000Z", "20260328T000000Z");
        assert!(without.contains("RRULE:FREQ=DAILY;COUNT=10") && !without.contains("Special"), "{without}");
        // The override counts in the place that it has and in the place that it had.
        assert!(limit("20260330T065900Z", "20260330T070100Z").contains("Special"));
    }

    fn parts_are_cut_byte_for_byte(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        series(&alice);
        let part = asked(&alice, "<C:calendar-data><C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\">\
            <C:prop name=\"SUMMARY\"/><C:prop name=\"UID\"/><C:prop name=\"X-OWN\"/><C:prop name=\"DESCRIPTION\" novalue=\"yes\"/></C:comp></C:comp></C:calendar-data>");
        assert_eq!(values(&part, "SUMMARY"), ["Standing", "Special"]);
        assert!(part.contains("X-OWN;X-P=q:kept\n") && part.contains("VERSION:2.0\n"));
        assert_eq!(values(&part, "DESCRIPTION"), [""]);
        for gone in ["DTSTART", "RRULE", "PRODID", "VALARM", "DTSTAMP"] {
            assert!(!part.contains(gone), "{gone} in {part}");
        }
        let whole = asked(&alice, "<C:calendar-data><C:comp name=\"VCALENDAR\"><C:allprop/><C:comp name=\"VEVENT\"><C:allprop/><C:allcomp/></C:comp></C:comp></C:calendar-data>");
        assert!(whole.contains("BEGIN:VALARM") && whole.contains("PRODID"));
        // What was given as a part still has the tag of the whole.
        let data = "<C:calendar-data><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"UID\"/></C:comp></C:comp></C:calendar-data>";
        let answer = ask(&alice, &alice.calendar("all/"), data, "").multistatus();
        assert_eq!(answer.only().text("D:getetag"), alice.get(&alice.calendar("all/s.ics")).ok().etag());
    }

    fn free_busy_periods_are_limited(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = crate::harness::samples::component("VFREEBUSY", "f", &["FREEBUSY:20260327T090000Z/PT1H,20260501T090000Z/PT1H"]);
        fill(&alice, "", &[("f", body)]);
        let data = format!("<C:calendar-data><C:limit-freebusy-set start=\"{}\" end=\"{}\"/></C:calendar-data>", DAYS.0, DAYS.1);
        let answer = ask(&alice, &alice.calendar("all/"), &data, "").multistatus();
        let text = data_of(&answer, &alice.calendar("all/f.ics"));
        assert!(text.contains("20260327T090000Z/PT1H") && !text.contains("20260501"), "{text}");
    }

    fn contradictions_and_foreign_types_are_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        series(&alice);
        let (start, end) = DAYS;
        let range = format!("start=\"{start}\" end=\"{end}\"");
        for bad in [
            format!("<C:expand {range}/><C:limit-recurrence-set {range}/>"),
            format!("<C:expand start=\"{start}\"/>"),
            format!("<C:expand start=\"{end}\" end=\"{start}\"/>"),
            "<C:comp name=\"VEVENT\"/>".to_owned(),
            "<C:comp/>".to_owned(),
        ] {
            let data = format!("<C:calendar-data>{bad}</C:calendar-data>");
            let status = ask(&alice, &alice.calendar("all/"), &data, "").send().status;
            assert!([400, 403].contains(&status), "{bad}: {status}");
        }
        for foreign in ["content-type=\"application/pdf\"", "content-type=\"text/calendar\" version=\"1.0\""] {
            let data = format!("<C:calendar-data {foreign}/>");
            ask(&alice, &alice.calendar("all/"), &data, "").refused(403, "C:supported-calendar-data");
        }
    }

    fn jcal_by_report_and_by_accept(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        series(&alice);
        let path = alice.calendar("all/s.ics");
        let check = |text: &str| {
            let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(json[0], "vcalendar");
            let events: Vec<&serde_json::Value> = json[2].as_array().expect("components").iter().filter(|one| one[0] == "vevent").collect();
            assert_eq!(events.len(), 2);
            let start = events[0][1].as_array().expect("properties").iter().find(|one| one[0] == "dtstart").expect("a start");
            assert_eq!(start, &serde_json::json!(["dtstart", {"tzid": "Europe/Paris"}, "date-time", "2026-03-26T09:00:00"]));
            let rule = events[0][1].as_array().expect("properties").iter().find(|one| one[0] == "rrule").expect("a rule");
            assert_eq!(rule[3]["freq"], "DAILY");
        };
        let plain = alice.get(&path).ok();
        let got = alice.get(&path).header("Accept", "application/calendar+json").ok();
        assert!(got.header("Content-Type").is_some_and(|media| media.starts_with("application/calendar+json")));
        assert_ne!(got.etag(), plain.etag(), "another representation has another tag");
        assert!(got.lists("Vary", "Accept"));
        check(&got.text());
        let text = asked(&alice, "<C:calendar-data content-type=\"application/calendar+json\" version=\"2.0\"/>");
        check(&text);
        // A browser and a client that takes anything get what is stored.
        for accept in ["*/*", "text/html,*/*;q=0.1", "text/calendar;q=0.9,application/calendar+json;q=0.1", ""] {
            assert_eq!(alice.get(&path).header("Accept", accept).ok().body, plain.body, "{accept}");
        }
    }
}
