//! Conditional requests: RFC 7232 §3, the `If` header of RFC 4918 §10.4, and sync tokens in it (RFC 6578 §5).

use crate::harness::{Client, TestServer, both, samples, xml};

/// An item `default/a.ics`, its path and tag.
fn one_item(alice: &Client) -> (String, String) {
    let path = alice.calendar("default/a.ics");
    let etag = alice.put(&path, samples::meeting("a")).created().etag();
    (path, etag)
}

both! {
    fn a_new_item_replaces_none(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        alice.put(&path, samples::meeting("a")).header("If-None-Match", "*").created();
        let other = samples::meeting("a").replace("Meeting", "Other");
        alice.put(&path, other).header("If-None-Match", "*").status(412);
        assert_eq!(alice.get(&path).ok().text(), samples::meeting("a"));
    }

    fn an_update_names_what_it_is_based_on(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, first) = one_item(&alice);
        let changed = |summary: &str| samples::meeting("a").replace("Meeting", summary);
        let second = alice.put(&path, changed("2")).header("If-Match", &first).no_content().etag();
        alice.put(&path, changed("3")).header("If-Match", &first).status(412);
        alice.put(&path, changed("3")).header("If-Match", &format!("W/{second}")).status(412);
        alice.put(&path, changed("3")).header("If-Match", &format!("\"x\", {second}")).no_content();
        alice.put(&path, changed("4")).header("If-Match", "*").no_content();
        assert_eq!(alice.get(&path).ok().text(), changed("4"));
        alice.delete(&path).header("If-Match", &second).status(412);
        let last = alice.get(&path).ok().etag();
        alice.delete(&path).header("If-Match", &last).no_content();
        // A stale update of what is gone must not bring it back.
        alice.put(&path, changed("5")).header("If-Match", &last).status(412);
        alice.put(&path, changed("5")).header("If-Match", "*").status(412);
        alice.get(&path).status(404);
        // On an item that is not there absence goes before conditions.
        let status = alice.delete(&path).header("If-Match", &last).send().status;
        assert!([404, 412].contains(&status), "{status}");
    }

    fn only_one_of_many_updates_wins(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        let clients: Vec<Client> = (0..8).map(|_| alice.another()).collect();
        let won: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = clients
                .into_iter()
                .enumerate()
                .map(|(at, client)| {
                    let (path, etag) = (&path, &etag);
                    scope.spawn(move || {
                        let body = samples::meeting("a").replace("Meeting", &at.to_string());
                        let status = client.put(path, body).header("If-Match", etag).send().status;
                        assert!(status == 204 || status == 412, "{status}");
                        usize::from(status == 204)
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().expect("a client")).sum()
        });
        assert_eq!(won, 1);
    }

    fn an_unchanged_item_is_not_sent_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        for tags in [etag.clone(), format!("\"x\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let answer = alice.get(&path).header("If-None-Match", &tags).status(304);
            assert!(answer.body.is_empty());
            assert_eq!(answer.etag(), etag);
        }
        alice.get(&path).header("If-None-Match", "\"x\"").ok();
        alice.get(&path).header("If-Match", &etag).ok();
        alice.get(&path).header("If-Match", "\"x\"").status(412);
        alice.request("HEAD", &path).header("If-None-Match", &etag).status(304);
    }

    fn dates_stand_in_for_tags(db) {
        const PAST: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        // In the second of the change its date says less: who knows it must be told of a second change in it.
        let early = alice.get(&path).ok().header("Last-Modified").expect("a date").to_owned();
        let other = samples::meeting("a").replace("Meeting", "Other");
        let etag = alice.put(&path, other.clone()).header("If-Match", &etag).no_content().etag();
        alice.put(&path, samples::meeting("a")).header("If-Unmodified-Since", &early).status(412);
        alice.get(&path).header("If-Modified-Since", &early).ok();
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        let date = alice.get(&path).ok().header("Last-Modified").expect("a date").to_owned();
        assert_eq!(alice.get(&path).header("If-Modified-Since", &date).status(304).etag(), etag);
        alice.request("HEAD", &path).header("If-Modified-Since", &date).status(304);
        alice.get(&path).header("If-Modified-Since", PAST).ok();
        alice.get(&path).header("If-Unmodified-Since", PAST).status(412);
        // Beside a tag no date counts, and what is no date never does.
        alice.get(&path).header("If-Modified-Since", &date).header("If-None-Match", "\"x\"").ok();
        alice.get(&path).header("If-Modified-Since", "yesterday").ok();
        alice.put(&path, other.clone()).header("If-Unmodified-Since", "yesterday").no_content();
        alice.put(&path, other.clone()).header("If-Unmodified-Since", PAST).header("If-Match", &etag).no_content();
        for method in ["PUT", "DELETE", "PROPPATCH", "MOVE"] {
            let request = alice.request(method, &path).header("If-Unmodified-Since", PAST);
            match method {
                "PUT" => request.body(samples::meeting("a")).status(412),
                "PROPPATCH" => request.xml(&xml::document("D:propertyupdate", "<D:set><D:prop><X:a xmlns:X=\"urn:x\">1</X:a></D:prop></D:set>")).status(412),
                "MOVE" => request.header("Destination", &alice.calendar("default/b.ics")).status(412),
                _ => request.status(412),
            };
        }
        alice.put(&path, samples::meeting("a")).header("If-Unmodified-Since", "Fri, 31 Dec 2100 00:00:00 GMT").no_content();
        // Of what is not there no date is known.
        alice.put(&alice.calendar("default/new.ics"), samples::meeting("new")).header("If-Unmodified-Since", PAST).created();
    }

    fn a_tag_is_that_of_the_format(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/a.vcf");
        let stored = alice.put(&path, samples::card("a", "Marie Curie", &[])).created().etag();
        let four = "text/vcard; version=4.0";
        let answer = alice.get(&path).header("Accept", four).ok();
        let tag = answer.etag();
        assert_ne!(tag, stored);
        let same = alice.get(&path).header("Accept", four).header("If-None-Match", &tag).status(304);
        assert_eq!((same.etag(), same.header("Vary")), (tag.clone(), Some("Accept")));
        // The bytes are no answer to who has them in another version.
        alice.get(&path).header("If-None-Match", &tag).ok();
        assert_eq!(alice.get(&path).header("Accept", four).header("If-None-Match", &stored).ok().body, answer.body);
        // What was read of it in any format may be what a change is based on.
        let changed = samples::card("a", "Maria Skłodowska", &[]);
        let next = alice.put(&path, changed.clone()).header("If-Match", &tag).no_content().etag();
        alice.put(&path, changed).header("If-Match", &tag).status(412);
        alice.delete(&path).header("If", &format!("([{}])", next.replacen('"', "\"j-", 1))).no_content();
    }

    fn what_must_match_goes_before_what_must_not(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        alice.get(&path).header("If-Match", "\"x\"").header("If-None-Match", &etag).status(412);
        alice.get(&path).header("If-Match", &etag).header("If-None-Match", &etag).status(304);
    }

    fn if_holds_for_questions_too(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        let calendar = alice.calendar("default/");
        let token = alice.property(&calendar, "D:sync-token");
        let find = |path: &str, condition: &str| alice.propfind(path, "0", &["D:getetag"]).header("If", condition).send().status;
        assert_eq!(find(&path, &format!("([{etag}])")), 207);
        assert_eq!(find(&path, "([\"x\"])"), 412);
        assert_eq!(find(&path, &format!("<{calendar}> (<{token}>)")), 207);
        assert_eq!(find(&calendar, &format!("(<{token}>)")), 207);
        assert_eq!(find(&calendar, "(<urn:x>)"), 412);
        assert_eq!(find(&alice.principal(), "(Not <urn:x>)"), 207);
        assert_eq!(find(&calendar, "nonsense"), 400);
        let query = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        let report = |condition: &str| alice.report(&calendar, "C:calendar-query", query).header("If", condition).send().status;
        assert_eq!(report(&format!("(<{token}>)")), 207);
        alice.delete(&path).no_content();
        assert_eq!(report(&format!("(<{token}>)")), 412);
        // What another may not read has no state for him, like what is not there.
        let bob = server.user("bob");
        let mine = bob.calendar("default/");
        for hidden in [calendar.clone(), alice.calendar("absent/")] {
            let asked = bob.propfind(&mine, "0", &["D:getetag"]).header("If", &format!("<{hidden}> (<{token}>)")).send();
            assert_eq!(asked.status, 412, "{hidden}");
        }
    }

    fn if_lists_know_entity_tags(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, etag) = one_item(&alice);
        let put = |condition: &str| alice.put(&path, samples::meeting("a")).header("If", condition).send().status;
        assert_eq!(put(&format!("([{etag}])")), 204);
        assert_eq!(put("([\"x\"])"), 412);
        assert_eq!(put("(Not [\"x\"])"), 204);
        assert_eq!(put(&format!("(Not [{etag}])")), 412);
        // One list must hold, and of it each condition.
        assert_eq!(put(&format!("([\"x\"]) ([{etag}])")), 204);
        assert_eq!(put(&format!("([\"x\"] [{etag}])")), 412);
        // A tagged list about the resource itself, as a path and as a URI.
        assert_eq!(put(&format!("<{path}> ([{etag}])")), 204);
        assert_eq!(put(&format!("<http://{}{path}> ([{etag}])", server.address())), 204);
        assert_eq!(put(&format!("<{path}> ([\"x\"])")), 412);
        // There are no locks: their tokens never hold, and what is not one of ours holds not either.
        assert_eq!(put("(<DAV:no-lock>)"), 412);
        assert_eq!(put("(Not <DAV:no-lock>)"), 204);
        for bad in ["(", "()", "nonsense", "<x>"] {
            assert_eq!(put(bad), 400, "{bad}");
        }
    }

    fn if_lists_know_the_collections_sync_token(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, _) = one_item(&alice);
        let calendar = alice.calendar("default/");
        let token = alice.property(&calendar, "D:sync-token");
        let condition = format!("<{calendar}> (<{token}>)");
        let changed = samples::meeting("a").replace("Meeting", "Changed");
        alice.put(&path, changed.clone()).header("If", &condition).no_content();
        // The collection has moved on: so with the same token nothing is written.
        alice.put(&path, samples::meeting("a")).header("If", &condition).status(412);
        alice.delete(&path).header("If", &condition).status(412);
        alice.proppatch(&calendar, "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").header("If", &format!("(<{token}>)")).status(412);
        assert_eq!(alice.get(&path).ok().text(), changed);
        let token = alice.property(&calendar, "D:sync-token");
        alice.delete(&path).header("If", &format!("<{calendar}> (<{token}>)")).no_content();
        // Nor does another collection's token count for this one; for its own collection it does.
        let mine = alice.calendar("my-default/");
        alice.mkcalendar(&mine, "").created();
        let other = alice.property(&mine, "D:sync-token");
        let of_another = format!("<{calendar}> (<{other}>)");
        alice.put(&path, samples::meeting("a")).header("If", &of_another).status(412);
        alice.put(&path, samples::meeting("a")).header("If", &format!("<{mine}> (<{other}>)")).created();
    }

    fn a_collection_is_deleted_only_in_the_state_that_was_seen(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("work/");
        alice.mkcalendar(&calendar, "").created();
        let token = alice.property(&calendar, "D:sync-token");
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        alice.delete(&calendar).header("If", &format!("(<{token}>)")).status(412);
        let token = alice.property(&calendar, "D:sync-token");
        alice.delete(&calendar).header("If", &format!("<{calendar}> (<{token}>)")).no_content();
    }

    fn a_schedule_tag_that_is_unknown_does_not_match(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, _) = one_item(&alice);
        alice.put(&path, samples::meeting("a")).header("If-Schedule-Tag-Match", "\"x\"").status(412);
    }
}
