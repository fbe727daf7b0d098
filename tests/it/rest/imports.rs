//! Files of many items: in, with a report; and out, whole.

use super::{id_of, json, problem, send as send_json, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/x-ndjson"));
    let mut all: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // How far it is stands first, and between the items of long files.
    assert_eq!(all[0]["done"], 0, "{}", all[0]);
    all.retain(|line| line.get("done").is_none());
    // Reasons are for people.
    assert!(all.iter().all(|line| line["why"].as_str().is_none_or(|why| !why.contains('{'))), "{all:?}");
    all
}

fn import(client: &Client, path: &str, body: &str) -> Answer {
    let media = if body.contains("VCARD") { "text/vcard" } else { "text/calendar" };
    client.request("POST", path).header("Content-Type", media).body(body).send()
}

/// Sends a file that is said to be this; `query` without its question mark.
fn send(client: &Client, at: &str, query: &str, media: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.request("POST", &format!("{at}?{query}")).header("Content-Type", media).body(body).send()
}

/// The place for imports of a default collection.
fn door(client: &Client, list: &str) -> String {
    format!("/api/v1/{list}/{}/import", id_of(client, list, "default"))
}

fn sum(created: u64, replaced: u64, kept: u64, refused: u64, dry: bool) -> Value {
    value!({ "created": created, "replaced": replaced, "kept": kept, "refused": refused, "dryRun": dry, "complete": true })
}

/// A calendar of so many events, one of them a series with an override, and one without a start.
fn file(count: usize) -> String {
    let mut inside = Vec::new();
    for at in 0..count {
        inside.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:u{at}"),
            "DTSTAMP:20260101T000000Z".to_owned(),
            "DTSTART:20260301T090000Z".to_owned(),
            format!("SUMMARY:Titre {at}"),
        ]);
        if at == 0 {
            inside.extend(
                [
                    "RRULE:FREQ=DAILY",
                    "END:VEVENT",
                    "BEGIN:VEVENT",
                    "UID:u0",
                    "DTSTAMP:20260101T000000Z",
                    "RECURRENCE-ID:20260302T090000Z",
                    "DTSTART:20260302T100000Z",
                ]
                .map(str::to_owned),
            );
        }
        inside.push("END:VEVENT".to_owned());
    }
    let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
    samples::calendar(&inside)
}

both! {
    fn a_file_is_taken_in_with_a_line_for_each_item(db) {
        let server = TestServer::with_limits(db, Limits { resource_bytes: 20_000, ..Limits::default() });
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let at = format!("/api/v1/calendars/{id}/import");
        let text = file(100);
        let before = alice.property(&alice.calendar("default/"), "D:sync-token");
        let dry = lines(&import(&alice, &format!("{at}?dryRun=true"), &text));
        assert_eq!(dry.last(), Some(&sum(100, 0, 0, 0, true)));
        assert_eq!(alice.property(&alice.calendar("default/"), "D:sync-token"), before, "nothing is stored");
        let told = lines(&import(&alice, &at, &text));
        assert_eq!((told.len(), told.last()), (101, Some(&sum(100, 0, 0, 0, false))));
        assert_eq!((&told[0]["fate"], told[0]["item"].as_str().map(|item| item.contains("u0"))), (&value!("created"), Some(true)));
        // Sent again it leaves what is there; or stores it anew.
        assert_eq!(lines(&import(&alice, &at, &text)).last(), Some(&sum(0, 0, 100, 0, false)));
        assert_eq!(lines(&import(&alice, &format!("{at}?known=replace"), &file(101))).last(), Some(&sum(1, 100, 0, 0, false)));
        // What one item is refused for does not stop the others.
        let mixed = file(103).replace("Titre 101", &"x".repeat(30_000));
        let told = lines(&import(&alice, &at, &mixed));
        assert_eq!(told.last(), Some(&sum(1, 0, 101, 1, false)));
        let refused = told.iter().find(|line| line["fate"] == "refused").expect("one");
        assert!(refused["item"].as_str().is_some_and(|item| item.contains("u101")) && refused["why"].is_string(), "{refused}");
    }

    fn what_goes_out_comes_in_again(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        lines(&import(&alice, &format!("/api/v1/calendars/{}/import", id_of(&alice, "calendars", "default")), &file(450)));
        let cards: String = (0..3).map(|at| samples::card(&format!("c{at}"), "Élise", &["X-ODD:kept"])).collect();
        lines(&import(&alice, &format!("/api/v1/address-books/{}/import", id_of(&alice, "address-books", "default")), &cards));
        for (list, count) in [("calendars", 450), ("address-books", 3)] {
            let out = alice.get(&format!("/api/v1/{list}/{}/export", id_of(&alice, list, "default"))).ok();
            assert!(out.header("Content-Disposition").is_some_and(|value| value.starts_with("attachment")));
            let told = lines(&import(&bob, &format!("/api/v1/{list}/{}/import", id_of(&bob, list, "default")), &out.text()));
            assert_eq!(told.last(), Some(&sum(count, 0, 0, 0, false)));
        }
        let seen = bob.get(&bob.book("default/c1.vcf")).send();
        assert!(seen.status == 404 || seen.text() == samples::card("c1", "Élise", &["X-ODD:kept"]));
    }

    fn files_that_are_none_and_rights(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let id = id_of(&alice, "calendars", "default");
        let at = format!("/api/v1/calendars/{id}/import");
        problem(&alice.request("POST", &at).header("Content-Type", "text/calendar").body("nonsense").send(), 422, "valid-calendar-data");
        problem(&alice.request("POST", &at).header("Content-Type", "text/calendar").body(samples::card("x", "X", &[])).send(), 422, "valid-calendar-data");
        problem(&alice.request("POST", &at).header("Content-Type", "text/vcard").body(samples::card("x", "X", &[])).send(), 415, "unsupported-media-type");
        for (query, field) in [("known=perhaps", "known"), ("dryRun=1", "dryRun"), ("mode=x", "mode")] {
            assert_eq!(problem(&import(&alice, &format!("{at}?{query}"), &file(1)), 400, "bad-request"), field);
        }
        problem(&import(&bob, &at, &file(1)), 403, "need-privileges");
        problem(&import(&carol, &at, &file(1)), 404, "not-found");
        problem(&import(&server.client_with_scope("alice", "read"), &at, &file(1)), 403, "need-privileges");
        let out = format!("/api/v1/calendars/{id}/export");
        bob.get(&out).ok();
        problem(&carol.get(&out).send(), 404, "not-found");
        problem(&server.anonymous().get(&out).send(), 401, "unauthenticated");
        assert_eq!(problem(&alice.get(&format!("{out}?as=pdf")).send(), 400, "bad-request"), "as");
        let empty = alice.get(&out).ok().text();
        assert!(empty.starts_with("BEGIN:VCALENDAR") && empty.ends_with("END:VCALENDAR\r\n"), "{empty}");
    }

    fn a_trial_says_what_the_import_then_does(db) {
        let server = TestServer::with_limits(db, Limits { resource_bytes: 20_000, members: 12, ..Limits::default() });
        let alice = server.user("alice");
        let at = door(&alice, "calendars");
        alice.put(&alice.calendar("default/other-name.ics"), samples::meeting("u3")).created();
        let todo = ["BEGIN:VTODO", "UID:u5", "DTSTAMP:20260101T000000Z", "END:VTODO", "BEGIN:VTODO", "UID:t", "DTSTAMP:20260101T000000Z", "END:VTODO"];
        let mixed = format!("{}{}{}", file(8), samples::calendar(&todo), file(2)).replace("Titre 4", &"x".repeat(30_000)).replace("20260301T090000Z\r\nSUMMARY:Titre 6", "never\r\nSUMMARY:Titre 6");
        let twins = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:4FBE8971-0BC3-424C-9C26-36C3E1EFF6B1\r\nFN:A\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nUID:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nFN:B\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:C\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:C\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:9\r\nFN:D\r\nEND:VCARD\r\n";
        let compared = |at: &str, query: &str, media: &str, body: &str| {
            let mut dry = lines(&send(&alice, at, &format!("{query}&dryRun=true"), media, body));
            let real = lines(&send(&alice, at, query, media, body));
            let last = dry.last_mut().expect("sums");
            assert_eq!(last["dryRun"], true);
            last["dryRun"] = value!(false);
            assert_eq!(dry, real, "{at}?{query}");
            real.last().expect("sums").clone()
        };
        assert_eq!(compared(&at, "", "text/calendar", &mixed), sum(3, 0, 2, 5, false));
        assert_eq!(compared(&at, "known=replace", "text/calendar", &mixed)["replaced"], 4);
        assert_eq!(compared(&door(&alice, "address-books"), "known=replace", "text/vcard", twins), sum(2, 2, 0, 1, false));
        assert_eq!(compared(&door(&alice, "address-books"), "", "text/vcard", twins), sum(0, 0, 4, 1, false));
        // The collection is full before the end: both say at which item.
        let full = compared(&at, "", "text/calendar", &file(40));
        assert_eq!((&full["complete"], &full["created"]), (&value!(false), &value!(8)));
    }

    fn json_and_tables_go_out_and_come_in(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let text = file(30);
        lines(&send(&alice, &door(&alice, "calendars"), "", "text/calendar", text.as_str()));
        let cards: String = (0..30).map(|at| samples::card(&format!("c{at}"), &format!("=Élise {at}"), &["TEL;TYPE=HOME:+33 1"])).collect();
        lines(&send(&alice, &door(&alice, "address-books"), "", "text/vcard", cards.as_str()));
        for (list, format, media) in [
            ("calendars", "jcal", "application/calendar+json"),
            ("address-books", "jcard", "application/vcard+json"),
            ("address-books", "csv", "text/csv"),
            ("address-books", "vcard4", "text/vcard"),
            ("address-books", "vcard3", "text/vcard"),
        ] {
            let from = format!("/api/v1/{list}/{}/export", id_of(&alice, list, "default"));
            let out = alice.get(&format!("{from}?format={format}")).ok();
            assert!(out.header("Content-Type").is_some_and(|told| told.starts_with(media)), "{format}");
            if !format.starts_with("vcard") {
                let accepted = alice.request("GET", &from).header("Accept", media).send();
                assert_eq!(accepted.text(), out.text(), "{format}");
            }
            if media.ends_with("json") {
                let _: Value = serde_json::from_slice(&out.body).expect("JSON");
            }
            let name = format!("Copy of {format}");
            let made = json(&send_json(&bob, "POST", &format!("/api/v1/{list}"), &value!({ "name": name })));
            let copy = format!("/api/v1/{list}/{}", made["id"].as_str().expect("an id"));
            let told = lines(&send(&bob, &format!("{copy}/import"), "", media, out.body.clone()));
            assert_eq!(told.last(), Some(&sum(30, 0, 0, 0, false)), "{format}");
            // What came in says the same in the form that it came in.
            let again = bob.get(&format!("{copy}/export?format={format}")).ok();
            if format == "csv" {
                let sorted = |text: &str| { let mut rows: Vec<String> = text.lines().map(str::to_owned).collect(); rows.sort(); rows };
                assert_eq!(sorted(&again.text()), sorted(&out.text()));
                assert!(again.text().contains("'=Élise 3,") && again.text().contains("'+33 1"), "{}", again.text());
            }
            assert_eq!(again.text().matches("Titre 29").count(), out.text().matches("Titre 29").count());
        }
        let csv = alice.get(&format!("/api/v1/address-books/{}/export?format=csv&bom=true", id_of(&alice, "address-books", "default"))).ok();
        assert!(csv.body.starts_with(b"\xef\xbb\xbfUID,Full name,"));
        let book = format!("/api/v1/address-books/{}/export", id_of(&alice, "address-books", "default"));
        for (query, field) in [("format=jcal", "format"), ("format=vcard&bom=true", "bom")] {
            assert_eq!(problem(&alice.get(&format!("{book}?{query}")).send(), 400, "bad-request"), field);
        }
        problem(&alice.request("GET", &book).header("Accept", "application/calendar+json").send(), 406, "not-acceptable");
    }

    fn json_is_taken_in_as_one_a_list_or_a_group(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let post = |path: &str, query: &str, media: &str, body: &Value| send(&alice, path, query, media, body.to_string());
        let event = |uid: &str| value!({"@type": "Event", "uid": uid, "title": "Titre", "start": "2026-03-02T09:00:00"});
        let path = door(&alice, "calendars");
        let dry = lines(&post(&path, "dryRun=true", "application/json", &event("a")));
        assert_eq!(dry.last(), Some(&sum(1, 0, 0, 0, true)));
        let mut bad = event("bad");
        bad["titel"] = value!("x");
        let group = value!({"entries": [event("a"), bad, 7, event("t")], "@type": "Group"});
        let mut dry = lines(&post(&path, "dryRun=true", "application/jscalendar+json", &group));
        let answer = post(&path, "", "application/jscalendar+json", &group);
        assert!(answer.text().starts_with("{\"done\":0,\"total\":4}\n"), "{}", answer.text());
        let told = lines(&answer);
        dry.last_mut().expect("sums")["dryRun"] = value!(false);
        assert_eq!((&dry, told.last()), (&told, Some(&sum(2, 0, 0, 2, false))));
        assert_eq!(told[0]["item"], "Titre (a)");
        let refused = &told[1];
        assert!(refused["item"] == "bad" && refused["why"].as_str().is_some_and(|why| why.contains("/titel")), "{refused}");
        assert_eq!((&told[2]["item"], &told[2]["fate"]), (&value!("object 3"), &value!("refused")));
        assert!(told[2]["why"].as_str().is_some_and(|why| !why.starts_with(':')), "{}", told[2]);
        let told = lines(&post(&path, "known=replace", "application/json", &value!([event("a"), event("b")])));
        assert_eq!(told.last(), Some(&sum(1, 1, 0, 0, false)));
        assert_eq!(lines(&post(&path, "format=jscalendar", "text/plain", &value!([]))), [sum(0, 0, 0, 0, false)]);
        // Those without a UID are the same ones each time.
        let cards = value!([{"@type": "Card", "uid": "c", "name": {"full": "Ann"}}, {"@type": "Card", "name": {"full": "Bob"}}]);
        let path = door(&alice, "address-books");
        for expected in [sum(2, 0, 0, 0, false), sum(0, 0, 2, 0, false)] {
            assert_eq!(lines(&post(&path, "", "application/jscontact+json", &cards)).last(), Some(&expected));
        }
        let named = value!({"@type": "Group", "entries": {"x": {"@type": "Card", "uid": "d", "name": {"full": "Zoé"}}}});
        assert_eq!(lines(&post(&path, "format=jscontact", "text/plain", &named)).last(), Some(&sum(1, 0, 0, 0, false)));
        assert_eq!(problem(&post(&path, "", "application/jscalendar+json", &event("a")), 415, "unsupported-media-type"), "Content-Type");
        assert_eq!(problem(&post(&path, "format=jscalendar", "application/json", &event("a")), 400, "bad-request"), "format");
        problem(&post(&path, "", "application/jscontact+json", &value!({"@type": "Group"})), 400, "bad-request");
        problem(&send(&alice, &path, "", "application/json", "[1,"), 400, "bad-request");
        // Its pieces are no JSON of their own.
        problem(&send(&alice, &path, "", "application/json", "[{\"a\":1]}"), 400, "bad-request");
        problem(&send(&alice, &path, "", "application/json", vec![b' '; 16 * 1024 * 1024 + 1]), 413, "too-large");
        problem(&send(&alice, &path, "", "application/json", format!("[{}7]", "7,".repeat(300_000))), 400, "bad-request");
    }

    fn labels_go_out_and_in_with_tables(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let card = samples::card("l", "Ann", &["item1.TEL;TYPE=CELL:+33 1", "item1.X-ABLabel:Bateau", "item2.EMAIL:a@b.org", "item2.X-ABLabel:_$!<Other>!$_", "TEL:2"]);
        alice.put(&alice.book("default/l"), card).created();
        let table = |client: &Client| {
            client.get(&format!("/api/v1/address-books/{}/export?format=csv", id_of(client, "address-books", "default"))).ok().body
        };
        let first = table(&alice);
        let told = lines(&send(&bob, &door(&bob, "address-books"), "", "text/csv", first.clone()));
        assert_eq!(told.last(), Some(&sum(1, 0, 0, 0, false)));
        assert_eq!(table(&bob), first);
        let back = bob.get(&bob.book("default/l.vcf")).ok().text();
        for line in [".TEL;TYPE=cell:+33 1\r\n", ".X-ABLabel:Bateau\r\n", ".EMAIL:a@b.org\r\n", ".X-ABLabel:_$!<Other>!$_\r\n", "\r\nTEL:2\r\n"] {
            assert!(back.contains(line), "{line}: {back}");
        }
    }

    fn tables_of_other_programs_come_in(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = door(&alice, "address-books");
        // Windows-1252, semicolons, foreign names.
        let table = b"Zuname;Vorname;Funk;Kommentar\r\nM\xfcller;J\xf6rg;+49 1;\x80 5\r\n;;;lost\r\nB;C;;\r\n".to_vec();
        let columns = "columns=%7B%22Zuname%22%3A%22Family%20name%22%2C%22Vorname%22%3A%22Given%20name%22%2C%22Funk%22%3A%22Phone%201%22%7D";
        let answer = send(&alice, &at, columns, "text/csv", table.clone());
        assert!(answer.text().starts_with("{\"done\":0,\"total\":2,\"ignored\":[\"Kommentar\"]}\n"), "{}", answer.text());
        let told = lines(&answer);
        assert_eq!(told.last(), Some(&sum(2, 0, 0, 0, false)));
        assert_eq!((&told[0]["line"], &told[1]["line"]), (&value!(2), &value!(4)));
        assert!(told[0]["item"].as_str().is_some_and(|item| item.starts_with("Jörg Müller (")), "{}", told[0]);
        // The same rows are the same contacts, though they have no UID.
        assert_eq!(lines(&send(&alice, &at, columns, "text/csv; charset=windows-1252", table)).last(), Some(&sum(0, 0, 2, 0, false)));
        let utf16: Vec<u8> = "\u{feff}Name\tNotes\nZoé\t€\n\tnobody\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let told = lines(&send(&alice, &at, "report=refused", "text/csv", utf16));
        assert_eq!((told.len(), &told[0]["line"], &told[1]["created"]), (2, &value!(3), &value!(1)));
        assert_eq!(problem(&send(&alice, &at, "columns=%7B%22a%22%3A%22Colour%22%7D", "text/csv", "a\n1\n"), 400, "bad-request"), "columns");
        problem(&send(&alice, &at, "", "text/csv", "Shoe size\n42\n"), 422, "valid-address-data");
        problem(&send(&alice, &at, "", "text/csv; charset=klingon", "Name\nA\n"), 422, "valid-address-data");
        problem(&send(&alice, &at, "format=jcard", "text/csv", "Name\nA\n"), 422, "valid-address-data");
        problem(&send(&alice, &door(&alice, "calendars"), "", "text/csv", "Name\nA\n"), 415, "unsupported-media-type");
        // One card that is none does not stop the others.
        let cards = r#"[["vcard",[["fn",{},"text","A"]]],["vcard",[["version",{},"text","3.0"]]],["vcard",[["fn",{},"text","B"]]]]"#;
        let told = lines(&send(&alice, &at, "", "application/vcard+json", cards));
        assert_eq!(told.last(), Some(&sum(2, 0, 0, 1, false)));
        assert_eq!(told[2]["item"], "card 2");
    }

    fn a_long_file_comes_in_whole_and_tells_how_far_it_is(db) {
        const MANY: usize = 20_000;
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let begun = std::time::Instant::now();
        let answer = send(&alice, &door(&alice, "calendars"), "report=refused", "text/calendar", file(MANY));
        println!("{MANY} events in {:?}", begun.elapsed());
        let told: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let (last, progress) = told.split_last().expect("lines");
        assert_eq!(*last, sum(MANY as u64, 0, 0, 0, false));
        assert_eq!(progress.len(), MANY / 500);
        for (at, line) in progress.iter().enumerate() {
            assert_eq!(*line, value!({ "done": at * 500, "total": MANY }));
        }
        let out = alice.get(&format!("/api/v1/calendars/{}/export", id_of(&alice, "calendars", "default"))).ok().text();
        assert_eq!(out.matches("\r\nSUMMARY:Titre ").count(), MANY);
    }

    fn who_may_add_and_not_change_adds_and_does_not_change(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let ace = "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal>\
                   <D:grant><D:privilege><D:read/></D:privilege><D:privilege><D:bind/></D:privilege></D:grant></D:ace>";
        let body = crate::harness::xml::document("D:acl", ace);
        alice.request("ACL", &alice.calendar("default/")).xml(&body).ok();
        let at = door(&alice, "calendars");
        assert_eq!(lines(&send(&bob, &at, "", "text/calendar", file(3))).last(), Some(&sum(3, 0, 0, 0, false)));
        for (query, expected) in [("", sum(1, 0, 3, 0, false)), ("known=replace", sum(0, 0, 0, 4, false))] {
            let mut dry = lines(&send(&bob, &at, &format!("{query}&dryRun=true"), "text/calendar", file(4)));
            let real = lines(&send(&bob, &at, query, "text/calendar", file(4)));
            dry.last_mut().expect("sums")["dryRun"] = value!(false);
            assert_eq!((dry, real.last()), (real.clone(), Some(&expected)));
        }
        // Who may only read is told so for a trial too.
        let reader = server.client_with_scope("bob", "read");
        problem(&send(&reader, &at, "dryRun=true", "text/calendar", file(1)), 403, "need-privileges");
    }

    fn an_import_that_breaks_off_is_sent_again(db) {
        const MANY: u64 = 3_000;
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (at, text) = (door(&alice, "calendars"), file(MANY as usize));
        let headers = format!("Content-Type: text/calendar\r\nContent-Length: {}\r\n\r\n", text.len());
        let mut bytes = alice.head("POST", &at, &headers);
        bytes.extend(text.as_bytes());
        let mut stream = alice.raw(&bytes);
        let mut some = [0; 1_000];
        std::io::Read::read_exact(&mut stream, &mut some).expect("it has begun");
        drop(stream);
        let told = lines(&send(&alice, &at, "report=refused", "text/calendar", text));
        let last = told.last().expect("sums");
        let (created, kept) = (last["created"].as_u64().expect("a number"), last["kept"].as_u64().expect("a number"));
        assert_eq!((created + kept, &last["complete"], &last["refused"]), (MANY, &value!(true), &value!(0)));
        assert!(kept > 0, "what was told is stored");
    }
}
