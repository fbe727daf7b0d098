//! What clients prefer, and what they are told of it. RFC 7240, RFC 8144.

use crate::acl::{ace, set};
use crate::harness::{Client, TestServer, both, samples};

const REPRESENTATION: (&str, &str) = ("Prefer", "return=representation");

/// Sets a property, as a client that prefers something.
fn patch<'c>(client: &'c Client, path: &str, prop: &str) -> crate::harness::client::Request<'c> {
    client.proppatch(path, &format!("<D:set><D:prop>{prop}</D:prop></D:set>"))
}

both! {
    fn members_without_their_collection(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (home, calendar) = (alice.calendar(""), alice.calendar("default/"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        for path in ["/", "/dav/", &home, &calendar, &alice.principal(), "/dav/principals/users/"] {
            let all = alice.propfind(path, "1", &["D:resourcetype"]).multistatus();
            let answer = alice.propfind(path, "1", &["D:resourcetype"]).header("Prefer", "depth-noroot").status(207);
            assert_eq!(answer.multistatus().hrefs(), all.hrefs()[1..], "{path}");
            assert_eq!(answer.header("Preference-Applied"), Some("depth-noroot"));
            assert!(answer.lists("Vary", "Prefer"));
        }
        // Where no member is asked for there is only the collection (RFC 8144 §4).
        let answer = alice.propfind(&calendar, "0", &["D:getetag"]).header("Prefer", "depth-noroot").status(207);
        assert_eq!(answer.multistatus().hrefs(), [calendar.as_str()]);
        assert_eq!(answer.header("Preference-Applied"), None);
        // Without a depth it is a listing too.
        let request = alice.propfind(&calendar, "1", &["D:getetag"]).instead("Depth", "").header("Prefer", "depth-noroot");
        assert_eq!(request.multistatus().names(), ["a.ics"]);
        let both = alice.propfind(&calendar, "1", &["D:getetag", "X:none"]);
        let both = both.header("Prefer", "depth-noroot;foo=\"a,b\", return=\"minimal\"").status(207);
        assert_eq!(both.multistatus().only().order, [200]);
        assert_eq!(both.header("Preference-Applied"), Some("depth-noroot, return=minimal"));
        assert_eq!(both.header("Vary"), Some("Prefer, Brief"));
        // An empty collection has no member, and that is an answer.
        let empty = alice.propfind(&alice.book("default/"), "1", &["D:getetag"]).header("Prefer", "depth-noroot");
        assert!(empty.multistatus().members.is_empty());
    }

    fn only_preferences_are_taken_for_such(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (value, minimal) in [
            ("return=minimal", true),
            ("Return=\"minimal\"; x", true),
            ("return=minimal, return=representation", true),
            ("return=representation, return=minimal", false),
            ("foo; return=minimal", false),
            ("foo=\"return=minimal\", \"return=minimal\"", false),
        ] {
            let ask = alice.propfind(&alice.calendar("default/"), "0", &["X:unknown"]).header("Prefer", value).status(207);
            let missing = ask.multistatus().only().status_of("X:unknown");
            assert_eq!(missing, (!minimal).then_some(404), "{value}");
            assert_eq!(ask.header("Preference-Applied"), minimal.then_some("return=minimal"), "{value}");
        }
        let brief = alice.propfind(&alice.calendar("default/"), "0", &["X:unknown"]).header("Brief", "t").status(207);
        assert_eq!((brief.header("Preference-Applied"), brief.header("Vary")), (None, Some("Prefer, Brief")));
        let sync = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        let report = alice.report(&alice.calendar("default/"), "D:sync-collection", sync).header("Prefer", "return=minimal");
        assert_eq!(report.status(207).header("Preference-Applied"), Some("return=minimal"));
    }

    fn a_change_of_properties_is_answered_in_short(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let group = format!("{}calendar-proxy-read/", alice.principal());
        let of = |path: &str, prop: &str| {
            for (name, value, told) in [("Prefer", "return=minimal", Some("return=minimal")), ("Brief", "t", None)] {
                let answer = patch(&alice, path, prop).header(name, value).no_content();
                assert_eq!(answer.header("Preference-Applied"), told);
                assert_eq!(answer.header("Vary"), Some("Prefer, Brief"));
                assert!(answer.body.is_empty());
            }
            patch(&alice, path, prop).multistatus();
        };
        of(&alice.calendar("default/"), "<X:a>1</X:a>");
        of(&alice.calendar(""), "<X:a>1</X:a>");
        of(&group, "<D:group-member-set/>");
        assert_eq!(alice.property(&alice.calendar("default/"), "X:a"), "1");
        // What fails is told, whatever is preferred.
        let failed = patch(&alice, &alice.calendar("default/"), "<X:a>2</X:a><D:getetag>x</D:getetag>").header("Prefer", "return=minimal");
        let failed = failed.status(207);
        assert_eq!(failed.header("Preference-Applied"), None);
        assert_eq!(failed.multistatus().only().status_of("X:a"), Some(424));
        assert_eq!(alice.property(&alice.calendar("default/"), "X:a"), "1");
        // RFC 8144 §2.3.
        for (method, path) in [("MKCALENDAR", alice.calendar("x/")), ("MKCOL", alice.book("x/"))] {
            let made = alice.request(method, &path).header("Prefer", "return=minimal").created();
            assert!(made.body.is_empty());
            assert_eq!(made.header("Preference-Applied"), Some("return=minimal"));
        }
    }

    fn what_a_change_leaves_is_returned(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        let body = samples::meeting("a");
        let put = || alice.put(&path, body.clone()).header(REPRESENTATION.0, REPRESENTATION.1);
        for answer in [put().created(), put().ok()] {
            assert_eq!(answer.text(), body);
            assert_eq!(answer.header("Preference-Applied"), Some("return=representation"));
            assert_eq!(answer.header("Content-Location"), Some(path.as_str()));
            assert!(answer.header("Content-Type").is_some_and(|media| media.starts_with("text/calendar")));
            assert_eq!(answer.etag(), alice.get(&path).ok().etag());
        }
        let short = alice.put(&path, body.clone()).header("Prefer", "return=minimal").no_content();
        assert!(short.body.is_empty());
        assert_eq!(short.header("Preference-Applied"), Some("return=minimal"));
        // In the form that the client takes, as GET.
        let json = put().header("Accept", "application/calendar+json").ok();
        let got = alice.get(&path).header("Accept", "application/calendar+json").ok();
        assert_eq!((json.body.clone(), json.etag()), (got.body.clone(), got.etag()));
        let added = alice.request("POST", &alice.book("default/")).header("Content-Type", "text/vcard");
        let added = added.header(REPRESENTATION.0, REPRESENTATION.1).body(samples::card("c", "Ada", &[])).created();
        assert_eq!(added.text(), samples::card("c", "Ada", &[]));
        assert!(added.header("Location").is_some() && added.header("Location") == added.header("Content-Location"));
        let to = alice.calendar("default/b.ics");
        let moved = alice.move_to(&path, &to).header(REPRESENTATION.0, REPRESENTATION.1).created();
        assert_eq!((moved.text(), moved.header("Content-Location")), (body, Some(to.as_str())));
    }

    fn what_stands_in_the_way_is_returned(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        set(&alice, &alice.calendar("default/"), &ace(&bob.principal(), &["D:write-content", "D:bind"])).ok();
        let path = alice.calendar("default/a.ics");
        let etag = alice.put(&path, samples::meeting("a")).created().etag();
        let put = |who: &Client, condition: (&str, &str)| {
            let put = who.put(&path, samples::event("a", &["DTSTART:20260301T090000Z", "SUMMARY:Other"]));
            put.header(REPRESENTATION.0, REPRESENTATION.1).header(condition.0, condition.1).send()
        };
        for condition in [("If-Match", "\"stale\""), ("If-None-Match", "*"), ("If", "([\"stale\"])")] {
            let answer = put(&alice, condition);
            assert_eq!((answer.status, answer.text()), (412, samples::meeting("a")));
            assert_eq!(answer.etag(), etag);
            assert_eq!(answer.header("Content-Location"), Some(path.as_str()));
            assert_eq!(answer.header("Preference-Applied"), Some("return=representation"));
            // Who may write and not read is not shown it, and whom it is hidden from knows nothing of it.
            let answer = put(&bob, condition);
            assert_eq!((answer.status, answer.header("ETag"), answer.header("Preference-Applied")), (412, None, None));
            assert!(!answer.text().contains("VCALENDAR"));
            let answer = put(&carol, condition);
            assert!([403, 404].contains(&answer.status) && !answer.text().contains("VCALENDAR"), "{}", answer.status);
        }
        let none = alice.put(&alice.calendar("default/none.ics"), samples::meeting("n")).header("If-Match", "*");
        let none = none.header(REPRESENTATION.0, REPRESENTATION.1).status(412);
        assert_eq!(none.header("Preference-Applied"), None);
    }

    fn json_forms_are_stored_as_text(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (from, to, sample, media) in [
            (alice.calendar("default/a.ics"), alice.calendar("default/b.ics"), samples::meeting("a"), "application/calendar+json"),
            (alice.book("default/a.vcf"), alice.book("default/b.vcf"), samples::card("a", "Ada", &["EMAIL:a@example.org"]), "application/vcard+json"),
        ] {
            // Each in its collection alone, and only what is of the form.
            let other = if media.contains("vcard") { "application/calendar+json" } else { "application/vcard+json" };
            let (space, kind) = if media.contains("vcard") { ("R", "address") } else { ("C", "calendar") };
            alice.put(&to, "[]").instead("Content-Type", other).refused(403, &format!("{space}:supported-{kind}-data"));
            for bad in ["", "{", "[]", "{\"a\": 1}", "[\"vcalendar\", [], 1]"] {
                alice.put(&to, bad).instead("Content-Type", media).refused(403, &format!("{space}:valid-{kind}-data"));
            }
            alice.put(&from, sample).created();
            let json = alice.get(&from).header("Accept", media).ok().body;
            alice.delete(&from).no_content();
            let put = || alice.put(&to, json.clone()).instead("Content-Type", media);
            // RFC 4791 §5.3.4: what is kept are other octets.
            assert_eq!(put().created().header("ETag"), None);
            let kept = alice.get(&to).ok();
            assert!(kept.text().starts_with("BEGIN:VCA"), "{}", kept.text());
            assert_eq!(alice.get(&to).header("Accept", media).ok().body, json);
            assert_eq!(put().no_content().header("ETag"), None);
            // With what is kept comes its tag.
            let shown = put().header(REPRESENTATION.0, REPRESENTATION.1).ok();
            assert_eq!((shown.text(), shown.etag()), (kept.text(), kept.etag()));
            let shown = put().header(REPRESENTATION.0, REPRESENTATION.1).header("Accept", media).ok();
            assert_eq!(shown.body, json);
            assert_ne!(shown.etag(), kept.etag());
            alice.delete(&to).no_content();
            let collection = to.rsplit_once('/').expect("a path").0;
            let added = alice.request("POST", &format!("{collection}/")).header("Content-Type", media).body(json.clone()).created();
            assert_eq!(added.header("ETag"), None);
            let location = added.header("Location").expect("where it is").to_owned();
            assert_eq!(alice.get(&location).header("Accept", media).ok().body, json);
        }
    }
}
