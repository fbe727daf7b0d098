//! What is read through an address, and for how long.

use super::{give_bob, listed, made, read, words};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{id_of, json, send, three};
use cenacle::config::Config;
use cenacle::domain::principal::PrincipalState;
use cenacle::services::Limits;
use serde_json::{Value, json as value};

const ZONE: [&str; 8] = [
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Paris",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
];

/// An event at nine in Paris, with the zone.
fn zoned(uid: &str, title: &str) -> String {
    let (uid, title) = (format!("UID:{uid}"), format!("SUMMARY:{title}"));
    let event = [
        "BEGIN:VEVENT",
        &uid,
        "DTSTAMP:20260101T000000Z",
        "DTSTART;TZID=Europe/Paris:20260301T090000",
        "DURATION:PT1H",
        &title,
        "END:VEVENT",
    ];
    samples::calendar(&[&ZONE[..], &event[..]].concat())
}

fn calendar(client: &Client) -> String {
    format!("calendars/{}", id_of(client, "calendars", "default"))
}

both! {
    fn a_calendar_is_published_with_its_zones_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), zoned("a", "One")).created();
        alice.put(&alice.calendar("default/b.ics"), zoned("b", "Two")).created();
        send(&alice, "PATCH", &format!("/api/v1/{}", calendar(&alice)), &value!({ "name": "Équipe" }));
        let (_, token) = made(&alice, &calendar(&alice), "full");
        let answer = read(&server, &format!("{token}.ics"));
        let text = answer.text();
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("text/calendar; charset=utf-8")), "{text}");
        for line in ["METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "NAME:Équipe", "X-WR-CALNAME:Équipe", "SUMMARY:One", "SUMMARY:Two"] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
        assert!(text.contains("PRODID:-//Cenacle//"));
        assert_eq!((text.matches("BEGIN:VTIMEZONE").count(), text.matches("BEGIN:VCALENDAR").count()), (1, 1));
        for (name, value) in [("Referrer-Policy", "no-referrer"), ("Cache-Control", "private, no-cache"), ("X-Content-Type-Options", "nosniff"), ("X-Robots-Tag", "noindex")] {
            assert_eq!(answer.header(name), Some(value));
        }
        assert!(answer.header("Set-Cookie").is_none());
        // The head alone, and the same in JSON, by its ending and by what is asked for.
        let head = server.anonymous().request("HEAD", &format!("/links/{token}.ics")).send();
        assert_eq!((head.status, head.header("ETag"), head.body.len()), (200, answer.header("ETag"), 0));
        let asked = server.anonymous().get(&format!("/links/{token}")).header("Accept", "application/calendar+json").ok();
        for answer in [read(&server, &format!("{token}.json")), asked] {
            assert_eq!(answer.header("Content-Type"), Some("application/calendar+json"));
            let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!((&told[0], told[2].as_array().map(Vec::len)), (&value!("vcalendar"), Some(3)));
        }
        // A browser's wishes are no reason to refuse.
        assert_eq!(server.anonymous().get(&format!("/links/{token}")).header("Accept", "text/html").ok().header("Content-Type"), Some("text/calendar; charset=utf-8"));
        for (method, status) in [("POST", 405), ("PUT", 405), ("DELETE", 405)] {
            let refused = server.anonymous().request(method, &format!("/links/{token}")).send();
            assert_eq!((refused.status, refused.header("Allow")), (status, Some("GET, HEAD")));
        }
    }

    fn an_address_book_is_read_in_its_forms(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Anna", &[])).created();
        let (_, token) = made(&alice, &format!("address-books/{}", id_of(&alice, "address-books", "default")), "full");
        let answer = read(&server, &format!("{token}.vcf"));
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("text/vcard; charset=utf-8")));
        assert!(answer.text().contains("FN:Anna"));
        let told: Value = serde_json::from_slice(&read(&server, &format!("{token}.json")).body).expect("JSON");
        assert_eq!(told[0][0], "vcard");
        assert_eq!(read(&server, &format!("{token}.ics")).status, 404, "no calendar");
    }

    fn busy_times_say_when_and_never_what(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let secret = samples::event("geheim", &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "SUMMARY:geheim", "LOCATION:geheim"]);
        alice.put(&alice.calendar("default/geheim.ics"), secret).created();
        send(&alice, "PATCH", &format!("/api/v1/{}", calendar(&alice)), &value!({ "name": "geheim" }));
        let (_, token) = made(&alice, &calendar(&alice), "free-busy");
        let window = "start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00Z";
        let busy = read(&server, &format!("{token}.ics?{window}")).text();
        for line in ["METHOD:PUBLISH", "BEGIN:VFREEBUSY", "FREEBUSY;FBTYPE=BUSY:20260301T090000Z/20260301T100000Z"] {
            assert!(busy.lines().any(|known| known == line), "{line}: {busy}");
        }
        let events = read(&server, &format!("{token}.ics?as=events&{window}")).text();
        for line in ["METHOD:PUBLISH", "DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "SUMMARY:Busy"] {
            assert!(events.lines().any(|known| known == line), "{line}: {events}");
        }
        let json = read(&server, &format!("{token}.json?{window}"));
        assert_eq!(json.header("Content-Type"), Some("application/calendar+json"));
        for text in [&busy, &events, &json.text()] {
            assert!(!text.contains("geheim"), "{text}");
        }
        let usual = read(&server, &token).text();
        assert!(usual.contains("BEGIN:VFREEBUSY") && usual.contains("DTSTART:"), "{usual}");
        for (query, field) in [("start=x", "start"), ("as=tasks", "as"), ("start=2026-03-02T00:00:00Z&end=2026-03-01T00:00:00Z", "end"), ("start=1990-01-01T00:00:00Z", "end"), ("when=1", "when")] {
            let refused = read(&server, &format!("{token}?{query}"));
            assert_eq!(crate::rest::problem(&refused, 400, "bad-request"), field, "{query}");
        }
    }

    fn what_has_not_changed_is_not_sent_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        for scope in ["full", "public", "free-busy"] {
            let (_, token) = made(&alice, &calendar(&alice), scope);
            let path = format!("/links/{token}.ics?{}", if scope == "free-busy" { "start=2026-03-01T00:00:00Z&end=2026-04-01T00:00:00Z" } else { "" });
            let asked = |etag: &str| server.anonymous().get(&path).header("If-None-Match", etag).send();
            let etag = server.anonymous().get(&path).ok().header("ETag").expect("a tag").to_owned();
            let same = asked(&etag);
            assert_eq!((same.status, same.body.len(), same.header("ETag")), (304, 0, Some(etag.as_str())), "{scope}");
            alice.put(&alice.book("default/x.vcf"), samples::card("x", "X", &[])).send();
            assert_eq!(asked(&etag).status, 304, "{scope}: another collection");
            let uid = format!("b-{scope}");
            alice.put(&alice.calendar(&format!("default/{uid}.ics")), samples::event(&uid, &["DTSTART:20260305T090000Z", "DTEND:20260305T093000Z"])).created();
            let other = asked(&etag);
            assert_eq!(other.status, 200, "{scope}");
            assert_ne!(other.header("ETag"), Some(etag.as_str()));
            alice.delete(&alice.calendar(&format!("default/{uid}.ics"))).no_content();
        }
    }

    fn what_opens_nothing_says_nothing(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let of = calendar(&alice);
        let secret = samples::event("a", &["DTSTART:20260301T090000Z", "SUMMARY:geheim"]);
        alice.put(&alice.calendar("default/a.ics"), secret).created();
        let none = words(&read(&server, &"0".repeat(32)));
        assert_eq!(none.0, 404);
        let gone = |token: &str, why: &str| assert_eq!(words(&read(&server, token)), none, "{why}");
        gone("x", "malformed");
        gone(&format!("{}/x", "0".repeat(32)), "below");
        let (id, token) = made(&alice, &of, "full");
        gone(&format!("{token}.vcf"), "no such form");
        gone(&token.to_uppercase(), "another spelling");
        let rotated = json(&send(&alice, "POST", &format!("/api/v1/{of}/links/{id}:rotate"), &value!({})));
        gone(&token, "rotated");
        let token = rotated["token"].as_str().expect("a token").to_owned();
        assert_eq!(read(&server, &token).status, 200);
        alice.delete(&format!("/api/v1/{of}/links/{id}")).no_content();
        gone(&token, "revoked");
        let (_, token) = made(&alice, &of, "full");
        server.wait(server.core().set_account_state("alice", PrincipalState::Suspended)).expect("suspended");
        gone(&token, "its maker is suspended");
        server.wait(server.core().set_account_state("alice", PrincipalState::Active)).expect("resumed");
        assert_eq!(read(&server, &token).status, 200);
        // What Bob may not see at this moment, his link does not show.
        give_bob(&alice, &["D:read", "D:write-acl"]);
        let (_, his) = made(&bob, &of, "full");
        assert_eq!(read(&server, &his).status, 200);
        for (rights, why) in [(&["D:read"][..], "he may not share any more"), (&["D:write-acl"][..], "he may not read any more"), (&[][..], "nothing is left")] {
            give_bob(&alice, rights);
            gone(&his, why);
        }
        give_bob(&alice, &["D:read", "D:write-acl"]);
        assert_eq!(read(&server, &his).status, 200, "a right that comes back");
        let other = json(&send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "Other" })));
        let other = format!("calendars/{}", other["id"].as_str().expect("an id"));
        let (_, token) = made(&alice, &other, "public");
        alice.delete(&format!("/api/v1/{other}")).no_content();
        gone(&token, "the calendar is gone");
    }

    fn an_address_has_its_share_of_requests(db) {
        let server = TestServer::with_config(db, Config { link_requests: 3, ..Config::default() });
        let alice = server.user("alice");
        let (_, token) = made(&alice, &calendar(&alice), "full");
        let (_, other) = made(&alice, &calendar(&alice), "full");
        let unknown = "0".repeat(32);
        for token in [&token, &unknown] {
            let statuses: Vec<u16> = (0..4).map(|_| read(&server, token).status).collect();
            assert_eq!(statuses[3], 429, "{statuses:?}");
        }
        assert_eq!(words(&read(&server, &token)).0, words(&read(&server, &unknown)).0, "known or not");
        assert!(read(&server, &token).header("Retry-After").is_some());
        assert_eq!(read(&server, &other).status, 200, "each has its own");
    }

    fn reads_are_counted_and_written(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let of = calendar(&alice);
        let (_, token) = made(&alice, &of, "full");
        let before = jiff::Timestamp::now();
        let etag = read(&server, &token).header("ETag").expect("a tag").to_owned();
        server.anonymous().get(&format!("/links/{token}")).header("If-None-Match", &etag).status(304);
        read(&server, &"0".repeat(32));
        let link = |client: &Client| listed(client, &of).remove(0);
        let told = link(&alice);
        assert_eq!(told["uses"], 2);
        assert!(told["lastUsed"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time") >= before);
        assert_eq!(server.wait(server.core().keep_link_reads()), Ok(1));
        assert_eq!(link(&alice), told, "written, and not counted twice");
        let node = server.beside(Limits::default());
        assert_eq!(link(&node.client_with_scope("alice", "")), told, "known to the other nodes");
    }

    fn a_large_calendar_comes_as_a_stream_and_compressed(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let of = calendar(&alice);
        let filler = format!("DESCRIPTION:{}", "x".repeat(500));
        let one = |n: usize| {
            let uid = format!("UID:u{n}");
            samples::lines(&["BEGIN:VEVENT", &uid, "DTSTAMP:20260101T000000Z", "DTSTART:20260301T090000Z", &filler, "END:VEVENT"])
        };
        let all: String = (0..1500).map(one).collect();
        let file = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//EN\r\n{all}END:VCALENDAR\r\n");
        alice.request("POST", &format!("/api/v1/{of}/import")).header("Content-Type", "text/calendar").body(file).ok();
        for scope in ["full", "public"] {
            let (_, token) = made(&alice, &of, scope);
            let answer = read(&server, &token);
            assert_eq!(answer.header("Transfer-Encoding"), Some("chunked"));
            let text = answer.text();
            assert_eq!((text.matches("\nUID:u").count(), text.ends_with("END:VCALENDAR\r\n")), (1500, true));
            let small = server.anonymous().get(&format!("/links/{token}")).header("Accept-Encoding", "gzip").ok();
            assert_eq!((small.header("Content-Encoding"), small.body.get(..2)), (Some("gzip"), Some(&[0x1f, 0x8b][..])));
            assert!(small.body.len() < text.len() / 10 && small.joined("Vary").to_lowercase().contains("accept-encoding"));
            assert_eq!(small.header("ETag"), answer.header("ETag"));
        }
    }
}
