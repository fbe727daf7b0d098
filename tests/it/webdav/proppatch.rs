//! PROPPATCH: dead properties as they were sent, all or nothing, and what is protected. RFC 4918 §4, §9.2.

use crate::harness::{TestServer, both, samples, xml};

/// A `set` of these property elements.
fn set(inside: &str) -> String {
    format!("<D:set><D:prop>{inside}</D:prop></D:set>")
}

fn remove(inside: &str) -> String {
    format!("<D:remove><D:prop>{inside}</D:prop></D:remove>")
}

both! {
    fn dead_properties_live_on_every_kind_of_thing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        for path in [
            alice.calendar("default/"), alice.calendar("default/a.ics"), alice.book("default/"), alice.book("default/a.vcf"),
            alice.calendar(""), alice.book(""), alice.principal(), alice.calendar("inbox/"),
        ] {
            let answer = alice.proppatch(&path, &set("<X:a>one</X:a><b xmlns=\"\">none</b>")).multistatus();
            assert_eq!(answer.only().href, path);
            assert_eq!(answer.only().status_of("X:a"), Some(200));
            assert!(answer.only().props.iter().all(|(_, prop)| prop.text.is_empty()), "names only");
            assert_eq!(alice.property(&path, "X:a"), "one");
            alice.proppatch(&path, &remove("<X:a/><X:never-there/>")).multistatus();
            let member = alice.propfind(&path, "0", &["X:a"]).multistatus().only().clone();
            assert_eq!(member.status_of("X:a"), Some(404), "{path}");
        }
    }

    fn markup_language_and_namespaces_are_kept(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let sent = "<X:note xml:lang=\"fr\" plain=\"a &amp; b\" q:own=\"&quot;c&quot;\" xmlns:q=\"urn:q\">déjà <y:in xmlns:y=\"urn:y\">\
            <y:deep/>t &lt;&gt;</y:in> end</X:note><A:calendar-color symbolic-color=\"custom\">#FF2968FF</A:calendar-color>";
        let props = format!("<D:set><D:prop xml:lang=\"de\">{sent}<X:inherits>ja</X:inherits></D:prop></D:set>");
        alice.proppatch(&calendar, &props).multistatus();
        let member = alice.propfind(&calendar, "0", &["X:note", "X:inherits", "A:calendar-color"]).multistatus().only().clone();
        let expected = xml::parse(&xml::document("X:root", sent));
        assert_eq!(member.prop("X:note"), &expected.children[0]);
        assert_eq!(member.prop("A:calendar-color"), &xml::Xml { lang: Some("de".into()), ..expected.children[1].clone() });
        assert_eq!(member.prop("X:inherits").lang.as_deref(), Some("de"));
        // All of it again by allprop.
        let all = alice.propfind_raw(&calendar, "0", "").multistatus().only().clone();
        assert_eq!(all.prop("X:note"), &expected.children[0]);
    }

    fn blanks_of_attributes_are_kept(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        alice.proppatch(&calendar, &set("<X:note q=\"a&#10;b&#9;c&#13;\"><X:in r=\"&#10;\"/>a\nb\tc</X:note>")).multistatus();
        for answer in [alice.propfind(&calendar, "0", &["X:note"]).multistatus(), alice.propfind_raw(&calendar, "0", "").multistatus()] {
            let note = answer.only().prop("X:note");
            // A reader makes spaces of blanks that are not references (XML 1.0 §3.3.3).
            assert_eq!(note.attribute("q"), Some("a\nb\tc\r"));
            assert_eq!(note.child("X:in").and_then(|inner| inner.attribute("r")), Some("\n"));
            assert_eq!(note.text, "a\nb\tc");
        }
    }

    fn bodies_may_be_in_utf_16_and_latin_1(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let document = |encoding: &str, name: &str| {
            let body = xml::document("D:propertyupdate", &set(&format!("<D:displayname>{name}</D:displayname>")));
            body.replace("encoding=\"utf-8\"", &format!("encoding=\"{encoding}\""))
        };
        let sent = |body: Vec<u8>| alice.request("PROPPATCH", &calendar).header("Content-Type", "application/xml").body(body);
        let name = || alice.property(&calendar, "D:displayname");
        // XML 1.0 §4.3.3: every processor reads UTF-16 with its byte order mark.
        for (name_of, octets) in [("l’été", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("冬 😀", u16::to_be_bytes)] {
            let body: Vec<u16> = std::iter::once(0xfeff).chain(document("utf-16", name_of).encode_utf16()).collect();
            sent(body.iter().copied().flat_map(octets).collect()).multistatus();
            assert_eq!(name(), name_of);
            let cut: Vec<u16> = body.into_iter().map(|unit| if unit == u16::from(b'/') { 0xdc00 } else { unit }).collect();
            sent(cut.into_iter().flat_map(octets).collect()).status(400);
        }
        let latin = document("ISO-8859-1", "\u{e9}t\u{e9}").chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect::<Vec<_>>();
        sent(latin.clone()).multistatus();
        assert_eq!(name(), "été");
        // Where nothing says what it is, nothing is guessed.
        sent(latin.iter().copied().skip_while(|octet| *octet != b'\n').collect()).status(400);
        sent(document("utf-8", "a\0b").into_bytes()).status(400);
        assert_eq!(name(), "été");
    }

    fn order_is_that_of_the_document(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let patch = format!("{}{}{}", set("<X:a>1</X:a>"), remove("<X:a/>"), set("<X:b>1</X:b><X:b>2</X:b>"));
        alice.proppatch(&calendar, &patch).multistatus();
        let member = alice.propfind(&calendar, "0", &["X:a", "X:b"]).multistatus().only().clone();
        assert_eq!(member.status_of("X:a"), Some(404));
        assert_eq!(member.text("X:b"), "2");
        alice.proppatch(&calendar, &set("<X:z>1</X:z><X:y>1</X:y><X:x>1</X:x>")).multistatus();
        alice.proppatch(&calendar, &set("<X:y>2</X:y>")).multistatus();
        let all = alice.propfind_raw(&calendar, "0", "").multistatus().only().clone();
        let names: Vec<&str> = all
            .props
            .iter()
            .filter(|(_, prop)| ["x", "y", "z"].contains(&prop.local.as_str()))
            .map(|(_, prop)| prop.local.as_str())
            .collect();
        assert_eq!(names, ["z", "y", "x"]);
    }

    fn all_or_nothing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let before = alice.property(&calendar, "D:displayname");
        let patch = set("<X:a>1</X:a><D:getetag>\"x\"</D:getetag><D:displayname>New</D:displayname>");
        let member = alice.proppatch(&calendar, &patch).multistatus().only().clone();
        assert_eq!(member.status_of("D:getetag"), Some(403));
        assert_eq!(member.status_of("X:a"), Some(424));
        assert_eq!(member.status_of("D:displayname"), Some(424));
        assert!(member.xml.holds("D:cannot-modify-protected-property"));
        assert_eq!(alice.property(&calendar, "D:displayname"), before);
        assert_eq!(alice.propfind(&calendar, "0", &["X:a"]).multistatus().only().status_of("X:a"), Some(404));
    }

    fn what_the_server_knows_best_is_protected(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        for name in [
            "D:resourcetype", "D:getetag", "D:sync-token", "S:getctag", "D:owner", "D:acl", "D:current-user-privilege-set",
            "D:current-user-principal", "C:supported-calendar-component-set", "C:max-resource-size", "D:supported-report-set",
            "D:quota-used-bytes", "D:getcontentlength", "D:creationdate",
        ] {
            for patch in [set(&format!("<{name}>x</{name}>")), remove(&format!("<{name}/>"))] {
                let member = alice.proppatch(&calendar, &patch).multistatus().only().clone();
                assert_eq!(member.status_of(name), Some(403), "{name}");
            }
        }
    }

    fn what_belongs_to_clients_is_theirs(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (path, name, value) in [
            (alice.calendar("default/"), "D:displayname", "Nom & <autre>"),
            (alice.calendar("default/"), "C:calendar-description", "Beschreibung"),
            (alice.calendar("default/"), "A:calendar-order", "7"),
            (alice.book("default/"), "D:displayname", "Contacts à moi"),
            (alice.book("default/"), "R:addressbook-description", "Livre"),
            (alice.calendar(""), "C:default-alarm-vevent-datetime", "BEGIN:VALARM\nEND:VALARM"),
        ] {
            let escaped = value.replace('&', "&amp;").replace('<', "&lt;");
            let member = alice.proppatch(&path, &set(&format!("<{name}>{escaped}</{name}>"))).multistatus().only().clone();
            assert_eq!(member.status_of(name), Some(200), "{name}");
            assert_eq!(alice.property(&path, name), value);
        }
    }

    fn a_change_of_properties_moves_the_tokens(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (home, calendar) = (alice.calendar(""), alice.calendar("default/"));
        let tokens = || (alice.property(&home, "S:getctag"), alice.property(&calendar, "S:getctag"));
        let before = tokens();
        alice.proppatch(&calendar, &set("<D:displayname>New</D:displayname>")).multistatus();
        let after = tokens();
        assert!(before.0 != after.0 && before.1 != after.1);
    }

    fn nothing_else_is_taken_for_a_patch(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        for body in ["", "<x/>", &xml::document("D:propfind", "<D:allprop/>")] {
            alice.request("PROPPATCH", &calendar).xml(body).status(400);
        }
        alice.proppatch(&alice.calendar("nowhere/"), &set("<X:a>1</X:a>")).status(404);
        alice.proppatch(&alice.calendar("nowhere/"), &set("<D:getetag>1</D:getetag>")).status(404);
        alice.proppatch(&alice.calendar("default/none.ics"), &set("<X:a>1</X:a>")).status(404);
        // Kept properties have a bound, and what went over it leaves no trace.
        let big = "x".repeat(300 * 1024);
        assert!(alice.proppatch(&calendar, &set(&format!("<X:a>{big}</X:a>"))).send().status >= 400);
        assert_eq!(alice.propfind(&calendar, "0", &["X:a"]).multistatus().only().status_of("X:a"), Some(404));
    }

    fn they_go_along_with_copies_and_moves(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (a, b, c) = (alice.calendar("default/a.ics"), alice.calendar("work/b.ics"), alice.calendar("work/c.ics"));
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&a, samples::meeting("a")).created();
        alice.proppatch(&a, &set("<X:a>kept</X:a>")).multistatus();
        let etag = alice.get(&a).ok().etag();
        alice.copy(&a, &b).created();
        assert_eq!(alice.property(&b, "X:a"), "kept");
        alice.move_to(&b, &c).created();
        assert_eq!(alice.property(&c, "X:a"), "kept");
        // A property does not change the content's tag, and new content not the properties.
        assert_eq!(alice.get(&c).ok().etag(), etag);
        alice.put(&a, samples::meeting("a").replace("Meeting", "New")).no_content();
        assert_eq!(alice.property(&a, "X:a"), "kept");
    }
}
