//! What an address book takes, limits, groups, multiget. RFC 6352 §6.3.2, §8.7.

use super::{ask, data_of};
use crate::harness::{TestServer, both, samples, samples::card, samples::lines};

both! {
    fn limits_have_their_preconditions(db) {
        let limits = cenacle::services::Limits { resource_bytes: 5_000, image_bytes: 300, ..Default::default() };
        let server = TestServer::with_limits(db, limits);
        let alice = server.user("alice");
        let path = alice.book("default/a.vcf");
        let found = alice.propfind(&alice.book("default/"), "0", &["R:max-resource-size", "R:max-image-size"]).multistatus();
        assert_eq!((found.only().text("R:max-resource-size"), found.only().text("R:max-image-size")), ("5000".into(), "300".into()));
        let note = format!("NOTE:{}", "x".repeat(5_000));
        alice.put(&path, card("a", "Ada", &[&note])).refused(403, "R:max-resource-size");
        // 300 bytes are 400 letters of base64.
        let photo = |letters: usize| format!("PHOTO;ENCODING=b;TYPE=JPEG:{}", "A".repeat(letters));
        alice.put(&path, card("a", "Ada", &[&photo(404)])).refused(403, "R:max-image-size");
        alice.get(&path).status(404);
        alice.put(&path, card("a", "Ada", &[&photo(400)])).created();
    }

    fn what_is_no_card(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/a.vcf");
        let whole = card("a", "Ada", &[]);
        for bad in ["", "nonsense", "BEGIN:VCARD\r\n", &whole.replace("END:VCARD\r\n", ""), &format!("{whole}{whole}")] {
            alice.put(&path, bad.to_owned()).instead("Content-Type", "text/vcard").refused(403, "R:valid-address-data");
        }
        alice.put(&path, samples::meeting("a")).refused(403, "R:supported-address-data");
        alice.get(&path).status(404);
        let thin = lines(&["BEGIN:VCARD", "VERSION:3.0", "NICKNAME:Ada", "END:VCARD"]);
        alice.put(&path, thin.clone()).created();
        assert_eq!(alice.get(&path).ok().text(), thin);
    }

    fn a_card_keeps_its_uid(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/a.vcf");
        alice.put(&path, card("a", "Ada", &[])).created();
        let answer = alice.put(&path, card("b", "Ada", &[])).status(409);
        assert_eq!(answer.names_condition("R:no-uid-conflict").hrefs(), std::slice::from_ref(&path));
        assert_eq!(alice.get(&path).ok().text(), card("a", "Ada", &[]));
        // Old programs know no UID: what they change is not lost, and whoever gives it one may.
        let bare = lines(&["BEGIN:VCARD", "VERSION:3.0", "N:Ada;;;;", "FN:Ada", "END:VCARD"]);
        alice.put(&path, bare).no_content();
        alice.put(&path, card("c", "Ada", &[])).no_content();
        alice.put(&path, card("d", "Ada", &[])).refused(409, "R:no-uid-conflict");
    }

    fn a_uid_stands_once_with_and_without_its_prefix(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let uid = "0e7a1a0c-1111-4222-8333-444455556666";
        let first = alice.book("default/a.vcf");
        alice.put(&first, card(uid, "Ada", &[])).created();
        for same in [uid.to_owned(), format!("urn:uuid:{uid}")] {
            let answer = alice.put(&alice.book("default/b.vcf"), card(&same, "Eve", &[])).send();
            assert!([403, 409].contains(&answer.status), "{}", answer.status);
            assert_eq!(answer.names_condition("R:no-uid-conflict").hrefs(), std::slice::from_ref(&first));
        }
        alice.put(&first, card(&format!("urn:uuid:{uid}"), "Ada", &[])).no_content();
    }

    fn groups_of_both_kinds_stay_what_they_are(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let apple = card("g1", "Friends", &["X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a"]);
        let modern = lines(&["BEGIN:VCARD", "VERSION:4.0", "UID:g2", "FN:Team", "KIND:group", "MEMBER:urn:uuid:a", "MEMBER:urn:uuid:b", "END:VCARD"]);
        let (one, two) = (alice.book("default/g1.vcf"), alice.book("default/g2.vcf"));
        alice.put(&one, apple.clone()).created();
        alice.put(&two, modern.clone()).created();
        assert_eq!((alice.get(&one).ok().text(), alice.get(&two).ok().text()), (apple, modern));
        let third = alice.get(&two).header("Accept", "text/vcard;version=3.0").ok().text();
        assert!(third.contains("X-ADDRESSBOOKSERVER-KIND:group") && third.contains("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:b"), "{third}");
        let fourth = alice.get(&one).header("Accept", "text/vcard;version=4.0").ok().text();
        assert!(fourth.contains("KIND:group") && fourth.contains("MEMBER:urn:uuid:a"), "{fourth}");
    }

    fn a_multiget_of_cards(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/a%20b.vcf");
        alice.put(&path, card("a", "Ada", &["X-OWN:1"])).created();
        let none = alice.book("default/none.vcf");
        let inside = format!("<D:prop><D:getetag/><R:address-data/></D:prop><D:href>{path}</D:href><D:href>{none}</D:href>");
        for depth in ["0", "1", ""] {
            let answer = alice.report(&alice.book("default/"), "R:addressbook-multiget", &inside).instead("Depth", depth).multistatus();
            assert_eq!(data_of(&answer, &path), card("a", "Ada", &["X-OWN:1"]).replace("\r\n", "\n"));
            assert_eq!(answer.member(&none).status, Some(404));
        }
    }

    fn a_large_book_is_paged_and_whole(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        // More than one page of candidates, of which the last must be found too.
        for at in 0..230 {
            alice.put(&alice.book(&format!("default/{at}.vcf")), card(&at.to_string(), &format!("Person {at}"), &[])).created();
        }
        let count = |text: &str| {
            let filter = format!("<R:filter><R:prop-filter name=\"FN\"><R:text-match>{text}</R:text-match></R:prop-filter></R:filter>");
            ask(&alice, "<R:address-data/>", &filter).multistatus().members.len()
        };
        assert_eq!(count("person"), 230);
        assert_eq!(count("Person 229"), 1);
    }
}
