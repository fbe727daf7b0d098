//! MKCALENDAR, MKCOL and extended MKCOL. RFC 4791 §5.3.1, RFC 5689, RFC 6352 §6.3.1.

use crate::harness::{Client, TestServer, both, samples, xml};

/// The body of an extended MKCOL.
fn typed(kind: &str, more: &str) -> String {
    let set = format!(
        "<D:set><D:prop><D:resourcetype><D:collection/>{kind}</D:resourcetype>{more}</D:prop></D:set>"
    );
    xml::document("D:mkcol", &set)
}

fn made(props: &str) -> String {
    xml::document("C:mkcalendar", &format!("<D:set><D:prop>{props}</D:prop></D:set>"))
}

fn components(client: &Client, path: &str) -> Vec<String> {
    let found = client.propfind(path, "0", &["C:supported-calendar-component-set"]).multistatus();
    let set = found.only().prop("C:supported-calendar-component-set").clone();
    set.all("C:comp").filter_map(|comp| comp.attribute("name")).map(str::to_owned).collect()
}

both! {
    fn a_calendar_with_all_that_clients_say(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("travail/");
        let body = made(
            "<D:displayname>Travail</D:displayname><C:calendar-description xml:lang=\"fr\">Mes réunions</C:calendar-description>\
             <C:supported-calendar-component-set><C:comp name=\"VEVENT\"/><C:comp name=\"VTODO\"/></C:supported-calendar-component-set>\
             <A:calendar-color>#112233FF</A:calendar-color><A:calendar-order>3</A:calendar-order>\
             <C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><X:own>1</X:own>",
        );
        alice.mkcalendar(&path, &body).created();
        assert_eq!(components(&alice, &path), ["VEVENT", "VTODO"]);
        for (name, value) in [
            ("D:displayname", "Travail"), ("C:calendar-description", "Mes réunions"), ("A:calendar-color", "#112233FF"),
            ("A:calendar-order", "3"), ("X:own", "1"),
        ] {
            assert_eq!(alice.property(&path, name), value);
        }
        let found = alice.propfind(&path, "0", &["C:schedule-calendar-transp", "D:resourcetype"]).multistatus();
        assert!(found.only().prop("C:schedule-calendar-transp").child("C:transparent").is_some());
        assert!(found.only().prop("D:resourcetype").child("C:calendar").is_some());
    }

    fn no_body_and_a_wrong_label_do_not_matter(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("a/"), "").created();
        let labelled = alice.request("MKCALENDAR", &alice.calendar("b/")).header("Content-Type", "text/calendar; charset=utf-8");
        labelled.body(made("<D:displayname>B</D:displayname>")).created();
        assert_eq!(alice.property(&alice.calendar("b/"), "D:displayname"), "B");
        alice.request("MKCALENDAR", &alice.calendar("c/")).header("Content-Type", "text/calendar").created();
        // Without the slash at the end it is the same place.
        alice.mkcalendar(&alice.calendar("d"), "").created();
        for slug in ["a", "b", "c", "d"] {
            alice.put(&alice.calendar(&format!("{slug}/x.ics")), samples::meeting("x")).created();
            // What was not said is everything, so that any client can use it.
            assert!(components(&alice, &alice.calendar(&format!("{slug}/"))).len() >= 3);
        }
    }

    fn davx5_names_the_zone_twice(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("dav/");
        let zone = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:Europe/Vienna\nBEGIN:STANDARD\nDTSTART:19700101T000000\n\
            TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n";
        let props = format!(
            "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>\
             <C:calendar-timezone>{zone}</C:calendar-timezone>"
        );
        alice.mkcalendar(&path, &made(&props)).created();
        assert!(alice.property(&path, "C:calendar-timezone").contains("Europe/Vienna"));
    }

    fn extended_mkcol_makes_either_kind(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let name = "<D:displayname>Equipe</D:displayname>";
        alice.mkcol(&alice.calendar("cal/"), &typed("<C:calendar/>", name)).created();
        alice.mkcol(&alice.book("team/"), &typed("<R:addressbook/>", name)).created();
        alice.mkcol(&alice.book("plain/"), "").created();
        assert_eq!(alice.property(&alice.calendar("cal/"), "D:displayname"), "Equipe");
        let found = alice.propfind(&alice.book("team/"), "0", &["D:resourcetype", "D:displayname"]).multistatus();
        assert!(found.only().prop("D:resourcetype").child("R:addressbook").is_some());
        assert_eq!(found.only().text("D:displayname"), "Equipe");
        alice.put(&alice.book("plain/a.vcf"), samples::card("a", "Ada", &[])).created();
        for (path, kind) in [(alice.book("x/"), "<C:calendar/>"), (alice.calendar("x/"), "<R:addressbook/>")] {
            let answer = alice.mkcol(&path, &typed(kind, "")).send();
            assert_eq!(answer.status, 403, "{}", answer.text());
            alice.propfind(&path, "0", &["D:resourcetype"]).status(404);
        }
        alice.mkcol(&alice.calendar("x/"), &typed("<X:unknown/>", "")).refused(403, "D:valid-resourcetype");
    }

    fn what_exists_is_not_made_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        for slug in ["work/", "work", "default/", "inbox/"] {
            alice.mkcalendar(&alice.calendar(slug), "").status(405);
            alice.mkcol(&alice.calendar(slug), &typed("<C:calendar/>", "")).status(405);
        }
        alice.mkcol(&alice.book("default/"), "").status(405);
        alice.get(&alice.calendar("work/a.ics")).ok();
    }

    fn only_where_collections_can_be(db) {
        let server = TestServer::start(db);
        let (alice, _) = (server.user("alice"), server.user("bob"));
        for path in ["/x/", "/dav/x/", "/dav/principals/users/x/", "/dav/calendars/nobody/x/"] {
            let status = alice.mkcalendar(path, "").send().status;
            assert!((400..500).contains(&status) && status != 401, "{path}: {status}");
        }
        let inside = alice.mkcalendar(&alice.calendar("default/below/"), "").send();
        assert!([403, 405, 409].contains(&inside.status), "{}", inside.status);
        alice.mkcalendar(&alice.book("x/"), "").status(405);
        for path in ["/dav/calendars/bob/x/", "/dav/calendars/bob/default/"] {
            let status = alice.mkcalendar(path, "").send().status;
            assert!([403, 404].contains(&status), "{status}");
        }
    }

    fn a_refused_property_makes_nothing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("x/");
        let body = made("<D:displayname>X</D:displayname><D:getetag>\"x\"</D:getetag>");
        let answer = alice.mkcalendar(&path, &body).send();
        assert!([207, 403, 424].contains(&answer.status), "{}", answer.status);
        alice.propfind(&path, "0", &["D:resourcetype"]).status(404);
        let unknown = made("<C:supported-calendar-component-set><C:comp name=\"VNONSENSE\"/></C:supported-calendar-component-set>");
        alice.mkcalendar(&path, &unknown).refused(403, "C:supported-calendar-component");
        let zone = made("<C:calendar-timezone>nonsense</C:calendar-timezone>");
        let answer = alice.mkcalendar(&path, &zone).send();
        assert!((400..500).contains(&answer.status) && answer.xml().holds("C:valid-timezone"), "{}", answer.text());
        alice.mkcalendar(&path, &xml::document("D:propfind", "")).status(400);
        alice.mkcalendar(&path, "").created();
    }
}
