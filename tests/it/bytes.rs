//! Bytes are kept: what was PUT is what every door gives back, and its tag is the same through all of them.

use crate::harness::{Client, TestServer, both, samples};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// All files of a corpus that are UTF-8, with their names.
fn corpus(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .expect("a corpus")
        .filter_map(|entry| {
            let path = entry.expect("a file").path();
            let name = path.file_name()?.to_str()?.to_owned();
            Some((name, String::from_utf8(fs::read(&path).expect("a readable file")).ok()?))
        })
        .collect();
    files.sort();
    files
}

/// A text as XML 1.0 §2.2 can hold it: what cannot stand there at all is replaced, and the rest comes through, CR too.
fn in_xml(text: &str) -> String {
    let legal =
        |c: char| (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')) || matches!(c, '\r' | '\n' | '\t');
    text.chars().map(|c| if legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Puts one item and asks for it through every door; only a card in neither version is converted by reports.
#[track_caller]
fn through_every_door(client: &Client, collection: &str, name: &str, body: &str, multiget: &str, data: &str) {
    let path = format!("{collection}{name}");
    let put = client.put(&path, body).instead("Content-Type", "").created();
    let etag = put.etag();
    let got = client.get(&path).ok();
    assert_eq!(got.body, body.as_bytes(), "{name} by GET");
    assert_eq!(got.etag(), etag, "{name} by GET");
    assert_eq!(client.request("HEAD", &path).ok().etag(), etag, "{name} by HEAD");
    let listed = client.propfind(&path, "0", &["D:getetag", "D:getcontentlength"]).multistatus();
    assert_eq!(listed.only().text("D:getetag"), etag, "{name} by PROPFIND");
    assert_eq!(listed.only().text("D:getcontentlength"), body.len().to_string(), "{name}");
    // A version of its own is asked for, so that a card is not converted.
    let version = body.lines().find_map(|line| line.trim().strip_prefix("VERSION:")).unwrap_or_default();
    let asked = match data {
        "R:address-data" if version == "4.0" => {
            "<R:address-data content-type=\"text/vcard\" version=\"4.0\"/>".to_owned()
        }
        other => format!("<{other}/>"),
    };
    let inside = format!("<D:prop><D:getetag/>{asked}</D:prop><D:href>{path}</D:href>");
    let answer = client.report(collection, multiget, &inside).multistatus();
    assert_eq!(answer.only().text("D:getetag"), etag, "{name} by multiget");
    let converted = data == "R:address-data" && !["3.0", "4.0"].contains(&version);
    if !converted {
        assert_eq!(answer.only().prop(data).text, in_xml(body), "{name} by multiget");
    }
    let synced = client.report(
        collection,
        "D:sync-collection",
        "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>",
    );
    assert_eq!(synced.multistatus().member(&answer.only().href).text("D:getetag"), etag, "{name} by sync");
    client.get(&path).header("If-None-Match", &etag).status(304);
    client.put(&path, body).instead("Content-Type", "").header("If-Match", &etag).no_content();
}

both! {
    fn calendar_objects_of_the_corpus(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let files = corpus("ics");
        assert!(files.len() > 40);
        for (at, (name, body)) in files.iter().enumerate() {
            // A collection each: some have the same UID, and some are no calendar object resources.
            let collection = alice.calendar(&format!("c{at}/"));
            let probe = alice.mkcalendar(&collection, "").created();
            assert!(probe.body.is_empty());
            let status = alice.put(&format!("{collection}probe.ics"), body.as_str()).send();
            if status.status != 201 {
                // What is refused is refused by name, never by a fault of ours.
                assert_eq!(status.status, 403, "{name}: {}", status.text());
                assert!(status.xml().holds("C:valid-calendar-object-resource"), "{name}: {}", status.text());
                // RFC 4791 §4.1: no METHOD, and one UID.
                let uids: BTreeSet<&str> = body.lines().filter_map(|line| line.strip_prefix("UID:")).collect();
                assert!(body.contains("METHOD:") || uids.len() != 1, "{name}: {}", status.text());
                continue;
            }
            alice.delete(&format!("{collection}probe.ics")).no_content();
            through_every_door(&alice, &collection, name, body, "C:calendar-multiget", "C:calendar-data");
        }
    }

    fn cards_of_the_corpus(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let files = corpus("vcf");
        assert!(files.len() > 20);
        for (at, (name, body)) in files.iter().enumerate() {
            let collection = alice.book(&format!("b{at}/"));
            alice.mkcol(&collection, "").created();
            through_every_door(&alice, &collection, name, body, "R:addressbook-multiget", "R:address-data");
        }
    }

    fn odd_bytes(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("odd/"), "").created();
        let text = |uid: &str, summary: &str| samples::event(uid, &["DTSTART:20260301T090000Z", &format!("SUMMARY:{summary}")]);
        let long = "é".repeat(500);
        let objects = [
            text("controls", "bell\u{7} escape\u{1b} delete\u{7f} unit\u{1f}"),
            text("next-line", "c1\u{85}\u{9f} sep\u{2028}\u{2029} bom\u{feff} non\u{fffe}"),
            text("astral", "😀 𝔘 \u{10fffd}"),
            text("markup", "]]> <b>&amp; &#0; \"quoted\" 'single'"),
            text("folds", "a\r\n b\r\n\tc\r\n  d"),
            text("mid", "caf\u{65}\u{301} ").replace("SUMMARY:caf", "SUMM\r\n ARY:caf"),
            text("unfolded", &long),
            text("lf", "only").replace("\r\n", "\n"),
            text("cr", "mixed").replacen("\r\n", "\r\r\n", 3),
            text("empty-lines", "x").replace("SUMMARY", "\r\n\r\nSUMMARY"),
            text("spaces", "trailing   \t "),
            text("case", "x").replace("BEGIN:VEVENT", "begin:vevent").replace("DTSTART", "dtStart"),
            text("caret", "x").replace("SUMMARY:", "SUMMARY;X-P=\"a^nb^'c^^d\":"),
            text("quotes", "x").replace("SUMMARY:", "SUMMARY;X-P=\"a:b;c,d\";X-Q=e,f:"),
        ];
        for (at, body) in objects.iter().enumerate() {
            let name = format!("{at}.ics");
            let path = alice.calendar(&format!("odd/{name}"));
            let etag = alice.put(&path, body.as_str()).created().etag();
            let got = alice.get(&path).ok();
            assert_eq!((got.text(), got.etag()), (body.clone(), etag), "{at}");
            let inside = format!("<D:prop><C:calendar-data/></D:prop><D:href>{path}</D:href>");
            let answer = alice.report(&alice.calendar("odd/"), "C:calendar-multiget", &inside).multistatus();
            assert_eq!(answer.only().prop("C:calendar-data").text, in_xml(body), "{at}");
        }
        let expand = "<D:prop><C:calendar-data><C:expand start=\"20260101T000000Z\" end=\"20270101T000000Z\"/></C:calendar-data></D:prop>\
            <C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        assert_eq!(alice.report(&alice.calendar("odd/"), "C:calendar-query", expand).multistatus().members.len(), objects.len());
    }

    fn names_with_odd_characters_stay_in_xml(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for patch in ["<D:displayname>a&#9;b &amp;lt; ]]&gt; 😀</D:displayname>", "<X:a><![CDATA[<not> & markup]]></X:a>"] {
            alice.proppatch(&alice.calendar("default/"), &format!("<D:set><D:prop>{patch}</D:prop></D:set>")).multistatus();
        }
        assert_eq!(alice.property(&alice.calendar("default/"), "D:displayname"), "a\tb &lt; ]]> 😀");
        assert_eq!(alice.property(&alice.calendar("default/"), "X:a"), "<not> & markup");
        let bad = "<D:set><D:prop><X:a>&#1;</X:a></D:prop></D:set>";
        alice.proppatch(&alice.calendar("default/"), bad).status(400);
    }
}
