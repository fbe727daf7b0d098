//! PROPFIND: what is asked, how deep, and what no XML is taken for. RFC 4918 §9.1, RFC 7240, RFC 8144.

use crate::harness::{Client, TestServer, both, samples, xml};

both! {
    fn what_there_is_stands_first_and_what_not_after_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let member = alice
            .propfind(&calendar, "0", &["X:unknown", "D:resourcetype", "D:displayname", "D:getetag"])
            .multistatus()
            .only()
            .clone();
        // Thunderbird looks only at the first status.
        assert_eq!(member.order, [200, 404]);
        assert_eq!(member.status_of("X:unknown"), Some(404));
        assert_eq!(member.status_of("D:getetag"), Some(404));
        let types = member.prop("D:resourcetype");
        assert!(types.child("D:collection").is_some() && types.child("C:calendar").is_some());
        assert_eq!(member.href, calendar);
        // Nothing known at all still is an answer with a 200 part in front.
        let member = alice.propfind(&calendar, "0", &["X:unknown"]).multistatus().only().clone();
        assert_eq!(member.status_of("X:unknown"), Some(404));
        assert_eq!(member.order.first(), Some(&200));
    }

    fn minimal_leaves_out_what_there_is_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (name, value) in [("Prefer", "return=minimal"), ("Prefer", "return-minimal"), ("Brief", "t")] {
            let ask = alice.propfind(&alice.calendar("default/"), "0", &["X:unknown", "D:resourcetype"]);
            let member = ask.header(name, value).multistatus().only().clone();
            assert_eq!(member.status_of("X:unknown"), None, "{name}");
            assert_eq!(member.status_of("D:resourcetype"), Some(200));
        }
    }

    fn allprop_tells_dead_properties_and_what_is_included(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        alice.proppatch(&calendar, "<D:set><D:prop><X:dead>kept</X:dead></D:prop></D:set>").multistatus();
        let all = xml::document("D:propfind", "<D:allprop/>");
        for body in [all.as_str(), ""] {
            let member = alice.propfind_raw(&calendar, "0", body).multistatus().only().clone();
            assert_eq!(member.text("X:dead"), "kept");
            assert!(member.find("D:resourcetype").is_some() && member.find("D:displayname").is_some());
            // RFC 4791 §5.2 and RFC 3744 §5: these are told only when asked for.
            assert_eq!(member.status_of("C:calendar-timezone"), None);
            assert_eq!(member.status_of("D:acl"), None);
        }
        let with = xml::document("D:propfind", "<D:allprop/><D:include><C:supported-calendar-component-set/></D:include>");
        let member = alice.propfind_raw(&calendar, "0", &with).multistatus().only().clone();
        assert!(member.find("C:supported-calendar-component-set").is_some() && member.find("X:dead").is_some());
    }

    /// RFC 4331: also of a home, where clients look first; only when asked for, and only to its owner.
    fn the_room_that_is_taken_is_told_of_homes_too(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let asked = ["D:quota-used-bytes", "D:quota-available-bytes"];
        let used = |client: &Client, path: &str| -> i64 { client.property(path, asked[0]).parse().expect("a number") };
        assert_eq!(used(&alice, &alice.calendar("")), 0);
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.calendar("tasks/t.ics"), samples::todo("t", &[])).created();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        let parts: i64 = ["default/", "tasks/"].iter().map(|slug| used(&alice, &alice.calendar(slug))).sum();
        assert!(parts > 0);
        assert_eq!(used(&alice, &alice.calendar("")), parts);
        assert_eq!(used(&alice, &alice.book("")), used(&alice, &alice.book("default/")));
        let left = |path: &str| -> u64 { alice.property(path, asked[1]).parse().expect("a number") };
        assert!(left(&alice.calendar("")) >= left(&alice.calendar("default/")));
        let all = alice.propfind_raw(&alice.calendar(""), "0", "").multistatus();
        assert!(asked.iter().all(|name| all.only().find(name).is_none()), "RFC 4331 §3, §4");
        // What is deleted takes no room.
        alice.mkcalendar(&alice.calendar("more/"), "").created();
        alice.put(&alice.calendar("more/a.ics"), samples::meeting("more")).created();
        assert!(used(&alice, &alice.calendar("")) > parts);
        alice.delete(&alice.calendar("more/")).no_content();
        assert_eq!(used(&alice, &alice.calendar("")), parts);
        // How much others have is none of his business.
        crate::acl::set(&alice, &alice.calendar("default/"), &crate::acl::ace(&bob.principal(), &["D:read"])).ok();
        let member = bob.propfind(&alice.calendar(""), "0", &asked).multistatus().only().clone();
        assert_eq!(asked.map(|name| member.status_of(name)), [Some(404); 2]);
    }

    fn propname_tells_names_only(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        alice.proppatch(&calendar, "<D:set><D:prop><X:dead>kept</X:dead></D:prop></D:set>").multistatus();
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let body = xml::document("D:propfind", "<D:propname/>");
        let listed = alice.propfind_raw(&calendar, "1", &body).multistatus();
        assert_eq!(listed.members.len(), 2);
        for member in &listed.members {
            assert!(member.props.iter().all(|(status, prop)| *status == 200 && prop.text.is_empty() && prop.children.is_empty()));
            assert!(member.find("D:resourcetype").is_some() && member.find("D:current-user-privilege-set").is_some());
        }
        let member = listed.member(&calendar);
        assert!(member.find("X:dead").is_some() && member.find("D:sync-token").is_some());
        assert!(listed.member(&alice.calendar("default/a.ics")).find("D:getetag").is_some());
        // Each name that is told can be asked for.
        let names: Vec<String> = member
            .props
            .iter()
            .map(|(_, prop)| format!("<n:{0} xmlns:n=\"{1}\"/>", prop.local, prop.ns))
            .collect();
        let body = xml::document("D:propfind", &format!("<D:prop>{}</D:prop>", names.concat()));
        assert_eq!(alice.propfind_raw(&calendar, "0", &body).multistatus().only().order, [200]);
    }

    fn depth_is_obeyed(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (home, calendar, item) = (alice.calendar(""), alice.calendar("default/"), alice.calendar("default/a.ics"));
        alice.put(&item, samples::meeting("a")).created();
        let hrefs = |path: &str, depth: &str| {
            let listed = alice.propfind(path, depth, &["D:resourcetype"]).multistatus();
            listed.hrefs().iter().map(|href| (*href).to_owned()).collect::<Vec<String>>()
        };
        assert_eq!(hrefs(&home, "0"), std::slice::from_ref(&home));
        let inside = hrefs(&home, "1");
        for slug in ["", "default/", "tasks/", "inbox/", "outbox/"] {
            assert!(inside.contains(&alice.calendar(slug)), "{slug} in {inside:?}");
        }
        assert!(!inside.contains(&item));
        assert_eq!(hrefs(&calendar, "1"), [calendar.clone(), item.clone()]);
        assert_eq!(hrefs(&item, "0"), std::slice::from_ref(&item));
        assert_eq!(hrefs(&item, "1"), std::slice::from_ref(&item));
        assert_eq!(hrefs(&item, "infinity"), std::slice::from_ref(&item));
        for path in ["/", "/dav/", &home, &calendar] {
            alice.propfind(path, "infinity", &["D:resourcetype"]).refused(403, "D:propfind-finite-depth");
        }
        alice.propfind(&calendar, "2", &["D:resourcetype"]).status(400);
        // Some clients forget the header.
        alice.propfind(&calendar, "0", &["D:resourcetype"]).instead("Depth", "").multistatus();
    }

    fn what_is_not_xml_is_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let asked = |body: &str| alice.propfind_raw(&calendar, "0", body).send();
        for bad in [
            "<", "nonsense", "<D:propfind xmlns:D=\"DAV:\">", "<D:propfind/>", "<propfind/>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop></D:propfind>", "<D:mkcol xmlns:D=\"DAV:\"/>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop><x:y/></D:prop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:a>&nope;</D:a></D:prop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\"/><D:propfind xmlns:D=\"DAV:\"/>",
            "<D:propfind xmlns:D=\"DAV:\"><D:prop><bad:prop xmlns:bad=\"\"/></D:prop></D:propfind>",
        ] {
            let status = asked(bad).status;
            assert!([400, 415, 422].contains(&status), "{status}: {bad}");
        }
        for bad in [
            "<!DOCTYPE D:propfind><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>",
            "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>",
        ] {
            let answer = asked(bad);
            assert!([400, 403].contains(&answer.status));
            answer.names_condition("D:no-external-entities");
        }
    }

    fn unknown_elements_are_passed_over(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        // RFC 4918 §17: what is not known is as if it were not there.
        let body = xml::document("D:propfind", "<X:hint>1</X:hint><D:prop X:a=\"b\"><D:displayname/></D:prop><X:more/>");
        let member = alice.propfind_raw(&alice.calendar("default/"), "0", &body).multistatus().only().clone();
        assert!(!member.text("D:displayname").is_empty());
    }

    fn the_whole_path_of_discovery(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for path in ["/", "/dav/", "/principals/", "/dav/principals/", &alice.calendar(""), &alice.calendar("default/"), &alice.book("")] {
            let found = alice.propfind(path, "0", &["D:current-user-principal"]).multistatus();
            assert_eq!(found.only().href_in("D:current-user-principal"), alice.principal(), "{path}");
        }
        let asked = ["C:calendar-home-set", "R:addressbook-home-set", "D:principal-URL", "C:calendar-user-address-set", "D:resourcetype"];
        let member = alice.propfind(&alice.principal(), "0", &asked).multistatus().only().clone();
        assert_eq!(member.prop("C:calendar-home-set").hrefs(), [alice.calendar("")]);
        assert_eq!(member.prop("R:addressbook-home-set").hrefs(), [alice.book("")]);
        assert_eq!(member.href_in("D:principal-URL"), alice.principal());
        assert!(member.prop("D:resourcetype").child("D:principal").is_some());
        assert!(member.prop("C:calendar-user-address-set").hrefs().contains(&"mailto:alice@example.org".to_owned()));
    }
}
