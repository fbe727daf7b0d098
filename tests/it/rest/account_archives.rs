//! Whole accounts as archives: out, and into the same account or another; and the archives of other programs.

use super::{id_of, json, problem, send, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// An archive as another program writes it.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("ended").into_inner()
}

/// The files of an archive, as another reader finds them.
fn unzipped(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes.to_vec())).expect("an archive");
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("an entry");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        files.push((file.name().expect("a name").into_owned(), text));
    }
    files
}

fn import(client: &Client, query: &str, archive: &[u8]) -> Answer {
    let request = client.request("POST", &format!("/api/v1/import?{query}"));
    request.header("Content-Type", "application/zip").body(archive).send()
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn sum(created: u64, replaced: u64, kept: u64, refused: u64) -> Value {
    value!({ "created": created, "replaced": replaced, "kept": kept, "refused": refused, "dryRun": false, "complete": true })
}

/// What a trial said and what was done must be the same, but for ids that are not there yet.
fn compared(client: &Client, query: &str, archive: &[u8]) -> Vec<Value> {
    let mut dry = lines(&import(client, &format!("{query}&dryRun=true"), archive));
    let real = lines(&import(client, query, archive));
    let last = dry.last_mut().expect("sums");
    assert_eq!(last["dryRun"], true);
    last["dryRun"] = value!(false);
    let without = |all: &[Value]| -> Vec<Value> {
        let mut all = all.to_vec();
        all.iter_mut().filter_map(Value::as_object_mut).for_each(|line| drop(line.remove("id")));
        all
    };
    assert_eq!(without(&dry), without(&real), "{query}");
    real
}

/// Fills an account: two calendars, a task list, an address book; names, colours, a property of a client.
fn filled(client: &Client) -> String {
    for at in 0..5 {
        client
            .put(&client.calendar(&format!("default/e{at}.ics")), samples::meeting(&format!("e{at}")))
            .created();
        client
            .put(
                &client.book(&format!("default/c{at}.vcf")),
                samples::card(&format!("c{at}"), "Élise", &["X-ODD:kept"]),
            )
            .created();
    }
    client.put(&client.calendar("tasks/t.ics"), samples::todo("t", &["SUMMARY:À faire"])).created();
    let new = value!({ "name": "Équipe / été", "color": "#123456", "order": 7, "timeZone": "Europe/Paris", "description": "d", "transparent": true });
    let made =
        json(&send(client, "POST", "/api/v1/calendars", &new))["id"].as_str().expect("an id").to_owned();
    let href = json(&client.get(&format!("/api/v1/calendars/{made}")).ok())["href"]
        .as_str()
        .expect("a path")
        .to_owned();
    client.put(&format!("{href}x.ics"), samples::meeting("x")).created();
    client
        .proppatch(&href, "<D:set><D:prop><x:mine xmlns:x=\"urn:x\">a &amp; b</x:mine></D:prop></D:set>")
        .multistatus();
    made
}

both! {
    fn an_account_goes_out_and_into_another(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let made = filled(&alice);
        let out = alice.get("/api/v1/export").ok();
        assert_eq!(out.header("Content-Type"), Some("application/zip"));
        assert!(out.header("Content-Disposition").is_some_and(|value| value.contains(".zip")));
        let files = unzipped(&out.body);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 5, "{names:?}");
        for name in ["calendars/Agenda.ics", "calendars/Équipe _ été.ics", "address-books/Contacts.vcf", "cenacle.json"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let cards = &files.iter().find(|(name, _)| name.ends_with(".vcf")).expect("cards").1;
        assert_eq!(cards.matches("X-ODD:kept").count(), 5);

        let told = compared(&bob, "", &out.body);
        assert_eq!(told.last(), Some(&sum(12, 0, 0, 0)));
        let collections: Vec<(&str, &str)> =
            told.iter().filter_map(|line| Some((line["collection"].as_str()?, line["fate"].as_str()?))).collect();
        assert_eq!(collections.len(), 4, "{collections:?}");
        assert!(collections.contains(&("Équipe / été", "created")) && collections.contains(&("Agenda", "kept")), "{collections:?}");
        assert_eq!(bob.get(&bob.book("default/c3.vcf")).ok().text(), samples::card("c3", "Élise", &["X-ODD:kept"]));
        // What is told of the new calendar is what it was.
        let mine = json(&alice.get(&format!("/api/v1/calendars/{made}")).ok());
        let id = told.iter().find(|line| line["collection"] == "Équipe / été").expect("told")["id"].as_str().expect("an id");
        let other = json(&bob.get(&format!("/api/v1/calendars/{id}")).ok());
        for field in ["name", "description", "color", "order", "timeZone", "components", "transparent"] {
            assert_eq!(mine[field], other[field], "{field}");
        }
        let href = other["href"].as_str().expect("a path");
        assert!(bob.propfind_raw(href, "0", "<D:propfind xmlns:D=\"DAV:\"><D:prop><x:mine xmlns:x=\"urn:x\"/></D:prop></D:propfind>").send().text().contains("a &amp; b"));

        // Again: everything is there. Or anew, names and all.
        assert_eq!(compared(&bob, "report=refused", &out.body).last(), Some(&sum(0, 0, 12, 0)));
        let patch = bob.request("PATCH", &format!("/api/v1/calendars/{id}")).header("Content-Type", "application/merge-patch+json");
        patch.body(r#"{"name":"Autre","color":null}"#).ok();
        assert_eq!(compared(&bob, "known=replace", &out.body).last(), Some(&sum(0, 12, 0, 0)));
        let again = json(&bob.get(&format!("/api/v1/calendars/{id}")).ok());
        assert_eq!((&again["name"], &again["color"]), (&mine["name"], &mine["color"]));
        // Into the same account, from which something was deleted.
        alice.delete(&alice.calendar("default/e1.ics")).no_content();
        assert_eq!(compared(&alice, "", &out.body).last(), Some(&sum(1, 0, 11, 0)));
    }

    fn archives_of_other_programs_come_in(db) {
        let server = TestServer::with_limits(db, Limits { collections: 6, ..Limits::default() });
        let alice = server.user("alice");
        let cards = [samples::card("a", "A", &[]), samples::card("b", "B", &[])].concat();
        let archive = zip(&[
            ("Takeout/Calendar/Équipe.ics", samples::meeting("one").as_bytes()),
            ("Takeout/Other/Équipe.ics", [samples::meeting("one"), samples::meeting("two")].concat().as_bytes()),
            ("Takeout/Contacts/Contacts.vcf", cards.as_bytes()),
            ("Takeout/Contacts/Amis.csv", b"Name,Phone\nC,1\n,2\n"),
            ("Takeout/archive_browser.html", b"<html>"),
            ("__MACOSX/._Travail.ics", b"\0\x05\x16\x07"),
            ("nested.zip", &zip(&[("in.ics", samples::meeting("in").as_bytes())])),
            ("../../etc/Agenda.ics", samples::meeting("three").as_bytes()),
            ("broken.ics", b"BEGIN:VCALENDAR\r\nBEGIN"),
        ]);
        let told = compared(&alice, "", &archive);
        let fates = |fate: &str| told.iter().filter(|line| line["fate"] == fate && line.get("file").is_some()).count();
        assert_eq!((fates("read"), fates("ignored"), fates("refused")), (5, 3, 1), "{told:?}");
        let mut expected = sum(7, 0, 1, 0);
        expected["complete"] = value!(false);
        assert_eq!(told.last(), Some(&expected));
        // By its name into the one that is there, wherever its path would lead.
        alice.get(&alice.calendar("default/three.ics")).ok();
        alice.get(&alice.book("default/a.vcf")).ok();
        let more = zip(&[("Un.ics", samples::meeting("u").as_bytes()), ("Deux.ics", samples::meeting("d").as_bytes()), ("Agenda.ics", samples::meeting("n").as_bytes())]);
        let told = compared(&alice, "", &more);
        assert!(told.iter().any(|line| line["collection"].is_string() && line["fate"] == "refused"), "no more calendars than may be: {told:?}");
        assert_eq!(told.last().map(|last| (&last["created"], &last["complete"])), Some((&value!(1), &value!(false))));
    }

    fn archives_that_are_none_and_rights(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        alice.put(&alice.calendar("default/e.ics"), samples::meeting("e")).created();
        // What others share with him is not his.
        assert!(!String::from_utf8_lossy(&bob.get("/api/v1/export").ok().body).contains("alice"));
        let files = unzipped(&bob.get("/api/v1/export").ok().body);
        assert!(files.iter().all(|(_, text)| !text.contains("UID:e")));
        let archive = alice.get("/api/v1/export").ok().body;
        problem(&import(&server.client_with_scope("alice", "read"), "", &archive), 403, "need-privileges");
        let id = id_of(&alice, "calendars", "default");
        problem(&import(&server.client_with_scope("alice", &format!("collection:{id}")), "", &archive), 403, "need-privileges");
        problem(&import(&server.anonymous(), "", &archive), 401, "unauthenticated");
        // A proof that opens contacts alone: the calendars are not to be had, and the others are.
        let contacts = server.client_with_scope("carol", "contacts");
        let told = lines(&import(&contacts, "", &archive));
        assert_eq!(told.last().expect("sums")["complete"], false);
        assert!(json(&carol.get("/api/v1/calendars").ok())["items"].as_array().is_some_and(|all| all.len() == 2));
        let names = unzipped(&contacts.get("/api/v1/export").ok().body);
        assert!(names.iter().all(|(name, _)| !name.starts_with("calendars/")), "{names:?}");
        let only = unzipped(&server.client_with_scope("alice", &format!("collection:{id}")).get("/api/v1/export").ok().body);
        assert_eq!(only.len(), 2);

        for bad in [&b"hello"[..], b"", &archive[..archive.len() / 2]] {
            problem(&import(&alice, "", bad), 400, "bad-request");
        }
        problem(&import(&alice, "", &zip(&[("cenacle.json", b"{")])), 400, "bad-request");
        problem(&import(&alice, "", &zip(&[("cenacle.json", b"{\"format\":99,\"collections\":[]}")])), 400, "bad-request");
        let lying = zip(&[("cenacle.json", br#"{"format":1,"collections":[{"kind":"calendar","slug":"inbox","name":"x","files":["gone.ics"]}]}"#)]);
        let told = lines(&import(&alice, "", &lying));
        assert!(told.iter().any(|line| line["file"] == "gone.ics" && line["fate"] == "refused"), "{told:?}");
        // Some kilobytes that would be many megabytes.
        let bomb = zip(&[("bomb.ics", &vec![b' '; 65 * 1024 * 1024])]);
        assert!(bomb.len() < 100_000);
        let told = lines(&import(&alice, "dryRun=true", &bomb));
        assert!(told.iter().any(|line| line["file"] == "bomb.ics" && line["fate"] == "refused"), "{told:?}");
        for (query, field) in [("known=perhaps", "known"), ("mode=x", "mode"), ("report=none", "report")] {
            assert_eq!(problem(&import(&alice, query, &archive), 400, "bad-request"), field);
        }
        let wrong = alice.request("POST", "/api/v1/import").header("Content-Type", "text/calendar").body("x").send();
        problem(&wrong, 415, "unsupported-media-type");
    }
}
