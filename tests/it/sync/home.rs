//! sync-collection and CTags on the two homes.

use super::{ask, sync};
use crate::harness::{Client, TestServer, both, samples};

fn ctag(client: &Client, path: &str) -> String {
    client.property(path, "S:getctag")
}

both! {
    fn a_home_tells_which_of_its_collections_changed(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let home = alice.calendar("");
        let first = sync(&alice, &home, "");
        for slug in ["default", "tasks", "inbox", "outbox"] {
            assert!(first.present().contains(&slug), "{slug}");
        }
        assert!(sync(&alice, &home, &first.token()).members.is_empty());
        alice.put(&alice.calendar("tasks/a.ics"), samples::todo("a", &["SUMMARY:Task"])).created();
        let answer = sync(&alice, &home, &first.token());
        assert_eq!(answer.hrefs(), [alice.calendar("tasks/")]);
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        let answer = sync(&alice, &home, &answer.token());
        assert_eq!(answer.hrefs(), [alice.calendar("work/")]);
        alice.delete(&alice.calendar("work/")).no_content();
        let gone = sync(&alice, &home, &answer.token());
        assert_eq!((gone.present(), gone.gone()), (vec![], vec!["work"]));
        // Made again under the old name: there, and not gone.
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        let back = sync(&alice, &home, &gone.token());
        assert_eq!((back.present(), back.gone()), (vec!["work"], vec![]));
        let back = sync(&alice, &home, &answer.token());
        assert_eq!((back.present(), back.gone()), (vec!["work"], vec![]));
        alice.move_to(&alice.calendar("work/"), &alice.calendar("office/")).created();
        let moved = sync(&alice, &home, &back.token());
        assert_eq!((moved.present(), moved.gone()), (vec!["office"], vec!["work"]));
    }

    fn the_book_home_is_another_one(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (calendars, books) = (sync(&alice, &alice.calendar(""), ""), sync(&alice, &alice.book(""), ""));
        assert_eq!(books.present(), ["default"]);
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        assert_eq!(sync(&alice, &alice.book(""), &books.token()).present(), ["default"]);
        assert!(sync(&alice, &alice.calendar(""), &calendars.token()).members.is_empty());
        // A token of one home is foreign to the other.
        ask(&alice, &alice.calendar(""), &books.token(), None).refused(403, "D:valid-sync-token");
        ask(&alice, &alice.book(""), &calendars.token(), None).refused(400, "D:valid-sync-token");
    }

    fn ctags_move_with_every_change_of_a_member(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        for (home, collection, item, bodies) in [
            (alice.calendar(""), alice.calendar("default/"), alice.calendar("default/a.ics"),
                [samples::meeting("a"), samples::meeting("a").replace("Meeting", "New")]),
            (alice.book(""), alice.book("default/"), alice.book("default/a.vcf"),
                [samples::card("a", "Ada", &[]), samples::card("a", "Eve", &[])]),
        ] {
            let mut seen = vec![(ctag(&alice, &home), ctag(&alice, &collection))];
            let mut moved = |what: &str| {
                let now = (ctag(&alice, &home), ctag(&alice, &collection));
                assert!(seen.iter().all(|old| old.0 != now.0 && old.1 != now.1), "{what} at {collection}");
                seen.push(now);
            };
            alice.put(&item, bodies[0].clone()).created();
            moved("a new member");
            alice.put(&item, bodies[1].clone()).no_content();
            moved("a changed member");
            alice.delete(&item).no_content();
            moved("a deleted member");
            alice.put(&item, bodies[0].clone()).created();
            moved("a member again");
        }
        let work = alice.calendar("work/");
        let before = (ctag(&alice, &alice.calendar("default/")), ctag(&alice, &work), ctag(&alice, &alice.calendar("tasks/")));
        alice.move_to(&alice.calendar("default/a.ics"), &alice.calendar("work/a.ics")).created();
        let after = (ctag(&alice, &alice.calendar("default/")), ctag(&alice, &work), ctag(&alice, &alice.calendar("tasks/")));
        assert!(before.0 != after.0 && before.1 != after.1);
        assert_eq!(before.2, after.2, "a collection that nothing happened to keeps its tag");
        assert_eq!(ctag(&alice, &work), alice.property(&work, "D:sync-token"));
    }

    fn a_share_is_seen_by_its_own_rights(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.mkcalendar(&alice.calendar("team/"), "").created();
        let acl = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>",
            bob.principal()
        );
        alice.request("ACL", &alice.calendar("team/")).xml(&crate::harness::xml::document("D:acl", &acl)).ok();
        let seen = sync(&bob, &alice.calendar(""), "");
        assert_eq!(seen.present(), ["team"]);
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        assert!(sync(&bob, &alice.calendar(""), &seen.token()).members.is_empty());
        alice.put(&alice.calendar("team/a.ics"), samples::meeting("a")).created();
        assert_eq!(sync(&bob, &alice.calendar(""), &seen.token()).present(), ["team"]);
        assert_eq!(sync(&bob, &alice.calendar("team/"), "").present(), ["a.ics"]);
    }
}
