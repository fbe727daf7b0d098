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
    fn far_below_nothing_is_a_conflict(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        for rest in ["none/x/", "none/x/y/", "none/x/y/z/"] {
            let at = alice.calendar(rest);
            alice.mkcol(&at, "").status(409);
            alice.mkcalendar(&at, "").status(409);
            // In another's home what is missing looks like what is hidden.
            bob.mkcol(&at, "").status(404);
        }
        alice.get(&alice.calendar("none/x/y/a.ics")).status(404);
        alice.mkcol("/dav/nothing/alice/x/y/z/", "").status(404);
    }

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
        for (path, kind, condition) in [
            (alice.book("x/"), "<C:calendar/>", "C:calendar-collection-location-ok"),
            (alice.calendar("x/"), "<R:addressbook/>", "R:addressbook-collection-location-ok"),
        ] {
            alice.mkcol(&path, &typed(kind, "")).refused(403, condition);
            alice.propfind(&path, "0", &["D:resourcetype"]).status(404);
        }
    }

    fn what_exists_is_not_made_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        for slug in ["work/", "work", "default/", "inbox/"] {
            let answer = alice.mkcalendar(&alice.calendar(slug), "").status(405);
            assert!(answer.lists("Allow", "PROPFIND") && answer.lists("Cache-Control", "no-cache"));
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
        for path in ["/", "/dav/", &alice.calendar(""), &alice.principal()] {
            assert!(alice.mkcol(path, "").status(405).lists("Allow", "PROPFIND"), "{path}");
        }
        alice.mkcalendar(&alice.book("x/"), "").refused(403, "C:calendar-collection-location-ok");
        for path in ["/dav/calendars/bob/x/", "/dav/calendars/bob/default/"] {
            let status = alice.mkcalendar(path, "").send().status;
            assert!([403, 404].contains(&status), "{status}");
        }
    }

    fn collections_do_not_stand_in_collections(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, book) = ("C:calendar-collection-location-ok", "R:addressbook-collection-location-ok");
        for (below, usual) in [(alice.calendar("default/sub/"), calendar), (alice.book("default/sub/"), book)] {
            alice.mkcalendar(&below, "").refused(403, calendar);
            alice.mkcol(&below, "").refused(403, usual);
            alice.mkcol(&below, &typed("<C:calendar/>", "")).refused(403, calendar);
            alice.mkcol(&below, &typed("<R:addressbook/>", "")).refused(403, book);
            alice.get(&below).status(404);
        }
        // RFC 4918 §9.3.1: where the parent is missing, and where something stands.
        for path in [alice.calendar("nope/sub/"), alice.book("nope/sub/")] {
            alice.mkcol(&path, "").status(409);
            alice.mkcalendar(&path, "").status(409);
        }
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        assert!(alice.mkcol(&alice.calendar("default/a.ics"), "").status(405).lists("Allow", "PUT"));
        // Others are not told what there is.
        let told = |path: &str| {
            let answer = bob.mkcol(path, "").send();
            (answer.status, answer.text())
        };
        assert_eq!(told(&alice.calendar("default/a.ics")).0, 404);
        assert_eq!(told(&alice.calendar("default/a.ics")), told(&alice.calendar("nope/a.ics")));
    }

    fn a_body_that_is_not_understood(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let made = |media: &str, body: &str| {
            let request = alice.request("MKCOL", &alice.calendar("x/")).header("Content-Type", media);
            request.body(body).send().status
        };
        // RFC 4918 §9.3.
        assert_eq!(made("xyz-foo/bar-512", "afafafaf"), 415);
        assert_eq!(made("text/calendar", "BEGIN:VCALENDAR"), 415);
        for media in ["text/xml", "application/xml; charset=utf-8", "application/davmkcol+xml"] {
            assert_eq!(made(media, "afafafaf"), 400, "{media}");
        }
        alice.propfind(&alice.calendar("x/"), "0", &["D:resourcetype"]).status(404);
        assert_eq!(made("xyz-foo/bar-512", &typed("<C:calendar/>", "")), 201);
    }

    fn a_broken_escape_is_no_name(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for name in ["%zz", "%", "a%2", "%%25"] {
            for method in ["MKCALENDAR", "MKCOL", "PROPFIND", "GET", "DELETE"] {
                alice.request(method, &alice.calendar(&format!("{name}/"))).status(400);
            }
            alice.put(&alice.calendar(&format!("default/{name}")), samples::meeting("a")).status(400);
        }
        assert_eq!(server.anonymous().get("/dav/calendars/alice/%zz/").send().status, 401);
        alice.mkcalendar(&alice.calendar("%25zz/"), "").created();
    }

    fn a_refused_property_makes_nothing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("x/");
        let refused = |calendar: bool, props: &str| {
            let (method, root, answered) = match calendar {
                true => ("MKCALENDAR", "C:mkcalendar", "C:mkcalendar-response"),
                false => ("MKCOL", "D:mkcol", "D:mkcol-response"),
            };
            let body = xml::document(root, &format!("<D:set><D:prop>{props}</D:prop></D:set>"));
            let answer = alice.request(method, &path).xml(&body).status(403);
            assert!(answer.lists("Cache-Control", "no-cache"));
            alice.propfind(&path, "0", &["D:resourcetype"]).status(404);
            answer.refused_properties(answered)
        };
        let told = |name: &str, status: &str, condition: Option<&str>| {
            (name.to_owned(), status.to_owned(), condition.map(str::to_owned))
        };
        let name = "<D:displayname>X</D:displayname>";
        let waits = told("displayname", "424", None);
        for calendar in [true, false] {
            let etag = told("getetag", "403", Some("cannot-modify-protected-property"));
            assert_eq!(refused(calendar, &format!("{name}<D:getetag>x</D:getetag>")), [waits.clone(), etag.clone()]);
            let comp = "<C:supported-calendar-component-set><C:comp name=\"VNONSENSE\"/></C:supported-calendar-component-set>";
            let set = told("supported-calendar-component-set", "403", Some("supported-calendar-component"));
            assert_eq!(refused(calendar, &format!("{comp}{name}")), [waits.clone(), set.clone()]);
            let zone = "<C:calendar-timezone>nonsense</C:calendar-timezone>";
            assert_eq!(refused(calendar, zone), [told("calendar-timezone", "403", Some("valid-calendar-data"))]);
            let zone = "<C:calendar-timezone-id>Mars/Olympus</C:calendar-timezone-id>";
            assert_eq!(refused(calendar, zone), [told("calendar-timezone-id", "403", Some("valid-timezone"))]);
            // Each has its own reason.
            let all = refused(calendar, &format!("{comp}{name}<D:getetag>x</D:getetag>"));
            assert_eq!(all, [waits.clone(), set, etag]);
            let types = "<D:resourcetype><D:collection/><X:unknown/></D:resourcetype>";
            let unknown = told("resourcetype", "403", Some("valid-resourcetype"));
            assert_eq!(refused(calendar, &format!("{types}{name}")), [waits.clone(), unknown]);
        }
        alice.mkcalendar(&path, &xml::document("D:propfind", "")).status(400);
        alice.mkcalendar(&path, "").created();
    }
}
