//! Conditional requests: RFC 7232 §3, the `If` header of RFC 4918 §10.4, and sync tokens in it (RFC 6578 §5).

use crate::harness::{Client, TestServer, both, samples};

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
