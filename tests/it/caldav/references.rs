//! Time zones by reference: `CalDAV-Timezones` (RFC 7809 §7.1).

use crate::harness::{Client, TestServer, both, samples};

const OWN: &str = "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0500\r\n\
                   TZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// `default/a.ics` in the zone of Paris, which it does not define, and its text.
fn by_reference(alice: &Client) -> (String, String) {
    let path = alice.calendar("default/a.ics");
    let body = samples::event("a", &["DTSTART;TZID=Europe/Paris:20260301T090000", "DURATION:PT1H"]);
    alice.put(&path, body.clone()).created();
    (path, body)
}

fn told(alice: &Client, header: &str, name: &str) -> String {
    let inside = format!("<D:prop><C:calendar-data/></D:prop><D:href>{}</D:href>", alice.calendar(name));
    let report = alice.report(&alice.calendar("default/"), "C:calendar-multiget", &inside);
    report.header("CalDAV-Timezones", header).multistatus().only().prop("C:calendar-data").text.clone()
}

both! {
    fn known_zones_are_defined_for_who_wants_them(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, body) = by_reference(&alice);
        let plain = alice.get(&path).ok();
        assert_eq!(plain.text(), body);
        assert!(plain.lists("Vary", "CalDAV-Timezones"), "{:?}", plain.header("Vary"));
        let with = alice.get(&path).header("CalDAV-Timezones", "T").ok();
        assert!(with.text().contains("TZID:Europe/Paris") && with.text().contains("BEGIN:DAYLIGHT"), "{}", with.text());
        assert_ne!(with.etag(), plain.etag());
        alice.get(&path).header("CalDAV-Timezones", "T").header("If-None-Match", &with.etag()).status(304);
        alice.get(&path).header("CalDAV-Timezones", "T").header("If-None-Match", &plain.etag()).ok();
        // A definition that is there already changes nothing, nor its tag.
        assert_eq!(alice.get(&path).header("CalDAV-Timezones", "F").header("If-None-Match", &plain.etag()).status(304).etag(), plain.etag());
        assert_eq!(told(&alice, "T", "default/a.ics").replace("\r\n", "\n"), with.text().replace("\r\n", "\n"));
        // What is sent back with it replaces what it was made of.
        alice.put(&path, with.text()).header("If-Match", &with.etag()).no_content();
        let without = alice.get(&path).header("CalDAV-Timezones", "F").ok();
        assert_eq!(without.text(), body);
        assert_eq!(told(&alice, "F", "default/a.ics").replace("\r\n", "\n"), body.replace("\r\n", "\n"));
        let json = alice.get(&path).header("Accept", "application/calendar+json").header("CalDAV-Timezones", "F").ok();
        assert!(!json.text().contains("vtimezone"), "{}", json.text());
    }

    fn zones_of_an_objects_own_always_stay(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/own.ics");
        let body = samples::event("own", &["DTSTART;TZID=Ours:20260301T090000"]).replacen("BEGIN:VEVENT", &format!("{OWN}BEGIN:VEVENT"), 1);
        alice.put(&path, body.clone()).created();
        for header in ["T", "F", "nonsense"] {
            assert_eq!(alice.get(&path).header("CalDAV-Timezones", header).ok().text(), body, "{header}");
        }
    }
}
