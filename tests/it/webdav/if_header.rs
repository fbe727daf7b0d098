//! The `If` header about other resources than the request's own. RFC 4918 §10.4, RFC 6578 §5, RFC 5995.

use crate::harness::{Client, TestServer, both, samples, xml};

/// `default/a.ics`, `work/b.ics`, and the paths of both.
fn two_items(alice: &Client) -> (String, String) {
    let (a, b) = (alice.calendar("default/a.ics"), alice.calendar("work/b.ics"));
    alice.mkcalendar(&alice.calendar("work/"), "").created();
    alice.put(&a, samples::meeting("a")).created();
    alice.put(&b, samples::meeting("b")).created();
    (a, b)
}

fn grant(owner: &Client, path: &str, to: &Client, privilege: &str) {
    let entry = format!(
        "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><{privilege}/></D:privilege></D:grant></D:ace>",
        to.principal()
    );
    owner.request("ACL", path).xml(&xml::document("D:acl", &entry)).ok();
}

both! {
    fn a_list_may_be_about_the_destination(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = two_items(&alice);
        // Of one UID, for nothing else may take the place of an item.
        alice.delete(&to).no_content();
        let etag = alice.put(&to, samples::meeting("a").replace("Meeting", "Other")).created().etag();
        for verb in ["COPY", "MOVE"] {
            let ask = |condition: &str| {
                alice.request(verb, &from).header("Destination", &to).header("Overwrite", "T").header("If", condition).send().status
            };
            assert_eq!(ask(&format!("<{to}> ([\"x\"])")), 412);
            assert_eq!(ask(&format!("<{to}> (Not [{etag}])")), 412);
            assert_eq!(ask(&format!("<{to}> (<urn:x>)")), 412);
            assert_eq!(ask(&format!("<http://{}{to}> ([{etag}])", server.address())), 204);
            if verb == "COPY" {
                // The destination is another one now: what was seen of it is not any more.
                assert_eq!(ask(&format!("<{to}> ([{etag}])")), 412);
                alice.delete(&to).no_content();
                alice.put(&to, samples::meeting("a").replace("Meeting", "Other")).created();
                assert_eq!(alice.get(&to).ok().etag(), etag);
            }
        }
    }

    fn an_absent_destination_has_no_state(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = two_items(&alice);
        let to = alice.calendar("work/new.ics");
        let ask = |condition: &str| alice.copy(&from, &to).header("If", condition).send().status;
        assert_eq!(ask(&format!("<{to}> ([\"x\"])")), 412);
        assert_eq!(ask(&format!("<{to}> (<DAV:no-lock>)")), 412);
        assert_eq!(ask(&format!("<{to}> (Not <DAV:no-lock>)")), 201);
    }

    fn parents_and_homes_have_sync_tokens(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, _) = two_items(&alice);
        let (work, home) = (alice.calendar("work/"), alice.calendar(""));
        let token = |path: &str| alice.property(path, "D:sync-token");
        let copy = |name: &str, condition: &str| {
            alice.copy(&from, &alice.calendar(&format!("work/{name}"))).header("If", condition).send().status
        };
        let (old_work, old_home) = (token(&work), token(&home));
        assert_eq!(copy("1.ics", &format!("<{work}> (<{old_work}>)")), 201);
        assert_eq!(copy("1.ics", &format!("<{work}> (<{old_work}>)")), 412, "it has a member more");
        alice.delete(&alice.calendar("work/1.ics")).no_content();
        assert_eq!(copy("1.ics", &format!("<{home}> (<{old_home}>)")), 412);
        // The token of one is not that of the other.
        assert_eq!(copy("1.ics", &format!("<{home}> (<{}>)", token(&work))), 412);
        assert_eq!(copy("1.ics", &format!("<{home}> (<{}>) <{work}> (<urn:x>)", token(&home))), 201);
        alice.delete(&alice.calendar("work/1.ics")).no_content();
        // Any of the lists, of it all.
        let (etag, now) = (alice.get(&from).ok().etag(), token(&work));
        assert_eq!(copy("1.ics", &format!("<{from}> ([{etag}] <urn:x>) <{work}> (<urn:x>)")), 412);
        assert_eq!(copy("1.ics", &format!("<{from}> ([\"x\"]) ([{etag}]) <{work}> (<urn:x>)")), 201);
        alice.delete(&alice.calendar("work/1.ics")).no_content();
        assert_eq!(copy("1.ics", &format!("([\"x\"]) </dav/principals/users/alice/> (<{now}>)")), 412);
        assert_eq!(copy("1.ics", &format!("</elsewhere> (<{now}>)")), 412);
    }

    fn collections_are_held_against_what_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (item, _) = two_items(&alice);
        let (work, home) = (alice.calendar("work/"), alice.calendar(""));
        let etag = alice.get(&item).ok().etag();
        let (good, bad) = (format!("<{item}> ([{etag}])"), format!("<{item}> ([\"x\"])"));
        let patch = "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>";
        alice.proppatch(&work, patch).header("If", &bad).status(412);
        alice.proppatch(&work, patch).header("If", &good).multistatus();
        alice.copy(&work, &alice.calendar("copy/")).header("If", &bad).status(412);
        alice.copy(&work, &alice.calendar("copy/")).header("If", &good).created();
        alice.move_to(&work, &alice.calendar("moved/")).header("If", &bad).status(412);
        alice.move_to(&work, &alice.calendar("moved/")).header("If", &good).created();
        alice.delete(&alice.calendar("moved/")).header("If", &bad).status(412);
        alice.delete(&alice.calendar("moved/")).header("If", &good).no_content();
        // RFC 6578 §5.2: a collection is made only in the state of the home that was seen.
        let seen = alice.property(&home, "D:sync-token");
        let condition = format!("<{home}> (<{seen}>)");
        alice.mkcalendar(&alice.calendar("one/"), "").header("If", &condition).created();
        alice.mkcalendar(&alice.calendar("two/"), "").header("If", &condition).status(412);
        alice.mkcol(&alice.calendar("two/"), "").header("If", "(<urn:x>)").status(412);
        alice.propfind(&alice.calendar("two/"), "0", &["D:resourcetype"]).status(404);
    }

    fn what_one_may_not_read_has_no_state(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (item, _) = two_items(&alice);
        let (calendar, home) = (alice.calendar("default/"), alice.calendar(""));
        let own = bob.calendar("default/b.ics");
        bob.put(&own, samples::meeting("b")).created();
        bob.mkcalendar(&bob.calendar("work/"), "").created();
        let etag = alice.get(&item).ok().etag();
        let try_with = |client: &Client, condition: &str| {
            let status = client.copy(&own, &bob.calendar("work/b.ics")).header("If", condition).send().status;
            if status == 201 {
                bob.delete(&bob.calendar("work/b.ics")).no_content();
            }
            status
        };
        // Each viewer has tokens of his own: they are of what he sees.
        let conditions = |viewer: &Client| {
            let (token, home_token) = (viewer.property(&calendar, "D:sync-token"), alice.property(&home, "D:sync-token"));
            [format!("<{item}> ([{etag}])"), format!("<{calendar}> (<{token}>)"), format!("<{home}> (<{home_token}>)")]
        };
        for condition in conditions(&alice) {
            assert_eq!(try_with(&bob, &condition), 412, "{condition}");
            // Nor does a negation tell whether it is there.
            let negated = condition.replace('(', "(Not ");
            assert_eq!(try_with(&bob, &negated), 201);
            assert_eq!(try_with(&bob, &negated.replace("/alice/", "/nobody/")), 201);
        }
        grant(&alice, &calendar, &bob, "C:read-free-busy");
        for condition in &conditions(&alice)[..2] {
            assert_eq!(try_with(&bob, condition), 412, "{condition}");
        }
        grant(&alice, &calendar, &bob, "D:read");
        for condition in conditions(&bob) {
            assert_eq!(try_with(&bob, &condition), 201, "{condition}");
        }
        // A proof that does not reach there does not see it either.
        let contacts = server.client_with_scope("bob", "contacts");
        bob.put(&bob.book("default/c.vcf"), samples::card("c", "C", &[])).created();
        bob.mkcol(&bob.book("work/"), "").created();
        let [of_item, ..] = conditions(&bob);
        contacts.copy(&bob.book("default/c.vcf"), &bob.book("work/c.vcf")).header("If", &of_item).status(412);
        bob.copy(&bob.book("default/c.vcf"), &bob.book("work/c.vcf")).header("If", &of_item).created();
    }

    fn a_post_is_held_against_the_collection(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let calendar = alice.calendar("default/");
        let post = |uid: &str, condition: &str| {
            let request = alice.request("POST", &calendar).header("Content-Type", "text/calendar");
            request.header("If", condition).body(samples::meeting(uid)).send().status
        };
        let token = alice.property(&calendar, "D:sync-token");
        assert_eq!(post("a", "(<urn:x>)"), 412);
        assert_eq!(post("a", &format!("(<{token}>)")), 201);
        assert_eq!(post("b", &format!("(<{token}>)")), 412, "it has a member more");
        assert_eq!(post("b", &format!("(Not <{token}>)")), 201);
        let token = alice.property(&calendar, "D:sync-token");
        assert_eq!(post("c", &format!("<{calendar}> (<{token}>)")), 201);
        assert_eq!(alice.propfind(&calendar, "1", &["D:getetag"]).multistatus().members.len(), 4);
    }

    fn reads_are_held_against_what_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (a, b) = two_items(&alice);
        let (calendar, etag) = (alice.calendar("default/"), alice.get(&b).ok().etag());
        let token = alice.property(&calendar, "D:sync-token");
        let get = |condition: &str| alice.get(&a).header("If", condition).send().status;
        assert_eq!(get(&format!("<{calendar}> (<{token}>)")), 200);
        assert_eq!(get(&format!("<{calendar}> (<{token}x>)")), 412);
        assert_eq!(get(&format!("<{b}> ([{etag}])")), 200);
        assert_eq!(get(&format!("<{b}> ([\"x\"])")), 412);
    }
}
