//! Versions 3.0 and 4.0, jCard, and parts. RFC 6352 §5.1, §10.4; RFC 7095.

use super::{ask, data_of};
use crate::harness::{
    Client, TestServer, both,
    samples::{card, lines},
};

fn three() -> String {
    lines(&[
        "BEGIN:VCARD",
        "VERSION:3.0",
        "UID:three",
        "FN:Ada Lovelace",
        "N:Lovelace;Ada;;;",
        "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20",
        "item1.EMAIL;TYPE=INTERNET;TYPE=pref:ada@example.org",
        "item1.X-ABLabel:_$!<Work>!$_",
        "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
        "X-OWN:kept",
        "END:VCARD",
    ])
}

fn four() -> String {
    lines(&[
        "BEGIN:VCARD",
        "VERSION:4.0",
        "UID:urn:uuid:0e7a1a0c-1111-4222-8333-444455556666",
        "FN:Bob",
        "N:Bob;;;;",
        "BDAY:--0820",
        "EMAIL;PREF=1:bob@example.org",
        "PHOTO:data:image/jpeg;base64,/9j/4AAQ",
        "KIND:individual",
        "END:VCARD",
    ])
}

fn both_cards(client: &Client) -> (String, String) {
    let (old, new) = (client.book("default/three.vcf"), client.book("default/four.vcf"));
    client.put(&old, three()).created();
    client.put(&new, four()).created();
    (old, new)
}

both! {
    fn both_versions_are_told_the_old_one_first(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let found = alice.propfind(&alice.book("default/"), "0", &["R:supported-address-data", "R:supported-collation-set"]).multistatus();
        let types: Vec<(String, String)> = found
            .only()
            .prop("R:supported-address-data")
            .children
            .iter()
            .map(|one| (one.attribute("content-type").unwrap_or_default().to_owned(), one.attribute("version").unwrap_or_default().to_owned()))
            .collect();
        assert_eq!(types[0], ("text/vcard".to_owned(), "3.0".to_owned()));
        assert!(types.contains(&("text/vcard".to_owned(), "4.0".to_owned())));
    }

    fn reports_answer_in_the_version_that_is_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (old, new) = both_cards(&alice);
        let asked = |data: &str| ask(&alice, data, "<R:filter/>").multistatus();
        let silent = asked("<R:address-data/>");
        for path in [&old, &new] {
            assert!(data_of(&silent, path).contains("VERSION:3.0\n"), "without a version all clients expect 3.0");
        }
        assert_eq!(data_of(&silent, &old), three().replace("\r\n", "\n"), "what is in the version already stays as it is");
        let third = data_of(&silent, &new);
        assert!(third.contains("1604-08-20") && third.contains("X-APPLE-OMIT-YEAR=1604"), "{third}");
        assert!(third.contains("/9j/4AAQ") && !third.contains("data:"), "{third}");
        let fourth = asked("<R:address-data content-type=\"text/vcard\" version=\"4.0\"/>");
        assert_eq!(data_of(&fourth, &new), four().replace("\r\n", "\n"));
        let text = data_of(&fourth, &old);
        for part in ["VERSION:4.0\n", "--0820", "data:image/jpeg;base64,/9j/4AAQ", "PREF=1", "X-OWN:kept"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        // The label and what it labels keep their common group.
        let label = text.lines().find(|line| line.to_ascii_lowercase().contains(".x-ablabel:")).expect("the label");
        let group = label.split('.').next().expect("a group");
        assert!(text.lines().any(|line| line.starts_with(&format!("{group}.EMAIL"))), "{text}");
        for foreign in ["content-type=\"text/vcard\" version=\"9.0\"", "content-type=\"image/png\""] {
            ask(&alice, &format!("<R:address-data {foreign}/>"), "<R:filter/>").refused(403, "R:supported-address-data");
        }
    }

    fn get_answers_by_accept(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (old, new) = both_cards(&alice);
        for accept in ["", "*/*", "text/vcard", "text/vcard; charset=utf-8"] {
            assert_eq!(alice.get(&old).header("Accept", accept).ok().text(), three(), "{accept}");
            assert_eq!(alice.get(&new).header("Accept", accept).ok().text(), four(), "{accept}");
        }
        // Parameters after the version do not disturb.
        let answer = alice.get(&old).header("Accept", "text/vcard;version=4.0;q=1;charset=utf-8").ok();
        assert!(answer.text().contains("VERSION:4.0\r\n"));
        assert!(answer.header("Content-Type").is_some_and(|media| media.contains("version=4.0")));
        assert_ne!(answer.etag(), alice.get(&old).ok().etag());
        let answer = alice.get(&new).header("Accept", "text/vcard;version=3.0, text/vcard;version=4.0;q=0.1").ok();
        assert!(answer.text().contains("VERSION:3.0\r\n"));
        let json = alice.get(&old).header("Accept", "application/vcard+json").ok();
        let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
        assert_eq!(json[0], "vcard");
        let names = json[1].as_array().expect("properties");
        assert!(names.iter().any(|one| one[0] == "fn" && one[3] == "Ada Lovelace"));
        assert!(names.iter().any(|one| one[0] == "version" && one[3] == "4.0"));
    }

    fn parts_keep_groups_and_labels_together(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (old, _) = both_cards(&alice);
        let data = "<R:address-data><R:prop name=\"VERSION\"/><R:prop name=\"UID\"/><R:prop name=\"EMAIL\"/><R:prop name=\"PHOTO\" novalue=\"yes\"/></R:address-data>";
        let answer = ask(&alice, data, "<R:filter/>").multistatus();
        let text = data_of(&answer, &old);
        assert!(text.starts_with("BEGIN:VCARD\n") && text.contains("item1.EMAIL") && text.contains("UID:three"), "{text}");
        assert!(!text.contains("/9j/4AAQ") && !text.contains("X-OWN") && !text.contains("BDAY"), "{text}");
        assert_eq!(answer.member(&old).text("D:getetag"), alice.get(&old).ok().etag());
    }

    fn old_cards_of_version_2_1_are_taken_in(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = lines(&[
            "BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Bernd;;;", "TEL;CELL:+49 170 1", "UID:old", "END:VCARD",
        ]);
        let path = alice.book("default/old.vcf");
        alice.put(&path, body.clone()).created();
        assert_eq!(alice.get(&path).ok().text(), body);
        let third = data_of(&ask(&alice, "<R:address-data/>", "<R:filter/>").multistatus(), &path);
        assert!(third.contains("VERSION:3.0\n") && third.contains("Müller"), "{third}");
    }

    fn parameters_mean_the_same_in_the_other_version(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        // A word without a name is of 2.1, and written in 3.0.
        let photo = alice.book("default/photo.vcf");
        alice.put(&photo, card("photo", "Ada", &["PHOTO;ENCODING=BASE64;JPEG;X-CROP=a&0:/9j/4AAQ", "TEL;HOME;VOICE:1"])).created();
        let text = alice.get(&photo).header("Accept", "text/vcard;version=4.0").ok().text();
        assert!(text.contains("\r\nPHOTO;X-CROP=a&0:data:image/jpeg;base64,/9j/4AAQ\r\n"), "{text}");
        assert!(text.contains("\r\nTEL;TYPE=HOME,VOICE:1\r\n"), "{text}");
        // RFC 6350 §5.9 sorts by a list, RFC 2426 §3.6.5 by one string.
        let sorted = alice.book("default/sorted.vcf");
        let four = lines(&[
            "BEGIN:VCARD", "VERSION:4.0", "UID:sorted", "FN:Rene van der Harten", "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene,J.;Sir;R.D.O.N.;",
            "ADR;LABEL=\"1 rue\\nParis\":;;1 rue;Paris;;;", "END:VCARD",
        ]);
        alice.put(&sorted, four).created();
        let three = alice.get(&sorted).header("Accept", "text/vcard;version=3.0").ok().text();
        for part in ["\r\nSORT-STRING:Harten\r\n", "\r\nLABEL:1 rue\\nParis\r\n"] {
            assert!(three.contains(part), "{part:?} in {three}");
        }
        // A client of 3.0 sends it back, and nothing is lost or doubled.
        alice.request("PUT", &sorted).header("Content-Type", "text/vcard").body(three).no_content();
        let back = alice.get(&sorted).header("Accept", "text/vcard;version=4.0").ok().text();
        assert!(back.contains("\r\nN;SORT-AS=\"Harten,Rene\":van der Harten;") && !back.contains("SORT-STRING"), "{back}");
    }

    fn line_breaks_of_a_label_are_real_in_json(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (name, label) in [("rfc6350", "\"1 rue\\nParis\""), ("rfc6868", "1 rue^nParis")] {
            let path = alice.book(&format!("default/{name}.vcf"));
            let adr = format!("ADR;LABEL={label}:;;1 rue;Paris;;;");
            alice.put(&path, card(name, "Ada", &[&adr]).replace("VERSION:3.0", "VERSION:4.0")).created();
            let json = alice.get(&path).header("Accept", "application/vcard+json").ok();
            let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
            let properties = json[1].as_array().expect("properties");
            let adr = properties.iter().find(|one| one[0] == "adr").expect("an address");
            assert_eq!(adr[1]["label"], "1 rue\nParis", "{name}");
        }
    }
}
