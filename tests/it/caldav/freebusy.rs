//! free-busy-query. RFC 4791 §7.10.

use super::fill;
use crate::harness::{Client, TestServer, both, samples::component, samples::event, xml};

/// The FREEBUSY lines of an answer, as parameter and period.
#[track_caller]
fn busy(client: &Client, path: &str, start: &str, end: &str) -> Vec<String> {
    let answer = client
        .report(path, "C:free-busy-query", &format!("<C:time-range start=\"{start}\" end=\"{end}\"/>"))
        .ok();
    assert!(answer.header("Content-Type").is_some_and(|media| media.starts_with("text/calendar")));
    let text = answer.text().replace("\r\n ", "").replace("\r\n", "\n");
    assert!(
        text.contains("BEGIN:VFREEBUSY")
            && text.contains(&format!("DTSTART:{start}"))
            && text.contains(&format!("DTEND:{end}"))
    );
    assert!(!text.contains("SUMMARY") && !text.contains("Secret"), "only when, never what");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("FREEBUSY")) {
        let (head, periods) = line.split_once(':').expect("a value");
        let kind = head.split_once("FBTYPE=").map_or("BUSY", |(_, kind)| kind);
        lines.extend(periods.split(',').map(|period| format!("{kind} {period}")));
    }
    lines.sort();
    lines
}

fn hour(uid: &str, start: &str, more: &str) -> String {
    event(uid, &[&format!("DTSTART:{start}"), "DURATION:PT1H", "SUMMARY:Secret", more])
}

both! {
    fn what_takes_time_and_what_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "Europe/Paris", &[
            ("busy", hour("1", "20260302T090000Z", "X-A:b")),
            ("free", hour("2", "20260302T110000Z", "TRANSP:TRANSPARENT")),
            ("cancelled", hour("3", "20260302T120000Z", "STATUS:CANCELLED")),
            ("tentative", hour("4", "20260302T130000Z", "STATUS:TENTATIVE")),
            ("task", component("VTODO", "5", &["DTSTART:20260302T150000Z", "DUE:20260302T160000Z"])),
            ("given", component("VFREEBUSY", "6", &["FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260302T200000Z/PT1H"])),
            ("overlap", hour("7", "20260302T093000Z", "X-A:b")),
        ]);
        assert_eq!(busy(&alice, &alice.calendar("all/"), "20260302T000000Z", "20260303T000000Z"), [
            "BUSY 20260302T090000Z/20260302T103000Z",
            "BUSY-TENTATIVE 20260302T130000Z/20260302T140000Z",
            "BUSY-UNAVAILABLE 20260302T200000Z/20260302T210000Z",
        ]);
        // Cut to the window that was asked for.
        assert_eq!(
            busy(&alice, &alice.calendar("all/"), "20260302T091500Z", "20260302T094500Z"),
            ["BUSY 20260302T091500Z/20260302T094500Z"]
        );
        assert_eq!(busy(&alice, &alice.calendar("all/"), "20270302T000000Z", "20270303T000000Z"), Vec::<String>::new());
    }

    fn series_days_and_floating_times_in_the_calendars_zone(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "Europe/Paris", &[
            ("series", event("1", &["DTSTART;TZID=Europe/Paris:20200106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Paris:20260309T090000"])),
            ("floating", event("2", &["DTSTART:20260310T090000", "DURATION:PT1H"])),
            ("day", event("3", &["DTSTART;VALUE=DATE:20260312", "TRANSP:OPAQUE"])),
        ]);
        assert_eq!(busy(&alice, &alice.calendar("all/"), "20260301T000000Z", "20260314T000000Z"), [
            "BUSY 20260302T080000Z/20260302T090000Z",
            "BUSY 20260310T080000Z/20260310T090000Z",
            "BUSY 20260311T230000Z/20260312T230000Z",
        ]);
    }

    fn the_home_adds_up_what_is_opaque(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice, "", &[("a", hour("a", "20260302T100000Z", "X-A:b"))]);
        alice.put(&alice.calendar("default/b.ics"), hour("b", "20260302T090000Z", "X-A:b")).created();
        let hidden = "<D:set><D:prop><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp></D:prop></D:set>";
        alice.mkcalendar(&alice.calendar("private/"), &xml::document("C:mkcalendar", hidden)).created();
        alice.put(&alice.calendar("private/c.ics"), hour("c", "20260302T150000Z", "X-A:b")).created();
        assert_eq!(
            busy(&alice, &alice.calendar(""), "20260302T000000Z", "20260303T000000Z"),
            ["BUSY 20260302T090000Z/20260302T110000Z"]
        );
    }

    fn who_may_only_see_busy_times_sees_them(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let path = alice.calendar("default/");
        alice.put(&alice.calendar("default/a.ics"), hour("a", "20260302T090000Z", "X-A:b")).created();
        let acl = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><C:read-free-busy/></D:privilege></D:grant></D:ace>",
            bob.principal()
        );
        alice.request("ACL", &path).xml(&xml::document("D:acl", &acl)).ok();
        assert_eq!(busy(&bob, &path, "20260302T000000Z", "20260303T000000Z"), ["BUSY 20260302T090000Z/20260302T100000Z"]);
        bob.get(&alice.calendar("default/a.ics")).status(404);
        let query = "<C:time-range start=\"20260302T000000Z\" end=\"20260303T000000Z\"/>";
        eve.report(&path, "C:free-busy-query", query).status(404);
        assert!(bob.propfind(&path, "1", &["D:getetag"]).multistatus().members.len() == 1, "no members are listed");
    }

    fn ranges_must_be_closed(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for bad in ["", "<C:time-range/>", "<C:time-range start=\"20260302T000000Z\"/>", "<C:time-range start=\"20260303T000000Z\" end=\"20260302T000000Z\"/>"] {
            let status = alice.report(&alice.calendar("default/"), "C:free-busy-query", bad).send().status;
            assert!([400, 403].contains(&status), "{bad}: {status}");
        }
    }
}
