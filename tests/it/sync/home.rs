//! sync-collection and CTags on the two homes.

use super::{ask, sync};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{id_of, send};
use serde_json::json as value;

fn ctag(client: &Client, path: &str) -> String {
    client.property(path, "S:getctag")
}

/// All that a home tells since a token, read in pages: addresses with the status of what is gone; and the last token.
#[track_caller]
fn in_pages(client: &Client, home: &str, since: &str, limit: usize) -> (Vec<(String, Option<u16>)>, String) {
    let (mut told, mut token) = (Vec::new(), since.to_owned());
    for _ in 0..100 {
        let page = ask(client, home, &token, Some(limit)).multistatus();
        token = page.token();
        let (cut, members): (Vec<_>, Vec<_>) =
            page.members.iter().partition(|member| member.status == Some(507));
        assert!(members.len() <= limit, "{} of {limit}", members.len());
        told.extend(members.into_iter().map(|member| (member.href.clone(), member.status)));
        match cut.as_slice() {
            [] => return (told, token),
            [cut] => assert_eq!(cut.href, home, "RFC 6578 §3.6: the 507 is about the request URI"),
            more => panic!("{} times 507", more.len()),
        }
    }
    panic!("no end");
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

    fn a_home_is_told_in_pages_and_nothing_is_missed(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let home = alice.calendar("");
        // With two of another's among its own.
        for slug in ["one", "two"] {
            bob.mkcalendar(&bob.calendar(&format!("{slug}/")), "").created();
            let id = id_of(&bob, "calendars", slug);
            let share = value!({ "with": "alice", "role": "read" });
            assert_eq!(send(&bob, "POST", &format!("/api/v1/calendars/{id}/shares"), &share).status, 201);
            let place = format!("/api/v1/calendars/{id}/subscription");
            assert_eq!(send(&alice, "PUT", &place, &value!({ "pathName": format!("of-bob-{slug}") })).status, 201);
        }
        for slug in ["a", "b", "c"] {
            alice.mkcalendar(&alice.calendar(&format!("{slug}/")), "").created();
        }
        let mut whole = sync(&alice, &home, "").hrefs().into_iter().map(str::to_owned).collect::<Vec<_>>();
        whole.sort();
        // A first sync by ones, and by threes.
        for limit in [1, 3] {
            let (mut told, last) = in_pages(&alice, &home, "", limit);
            told.sort();
            assert_eq!(told.iter().map(|(href, _)| href.clone()).collect::<Vec<_>>(), whole, "by {limit}");
            assert!(sync(&alice, &home, &last).members.is_empty());
        }
        // What happens later: changed, gone, made anew.
        let before = sync(&alice, &home, "").token();
        alice.put(&alice.calendar("a/1.ics"), samples::meeting("1")).created();
        alice.delete(&alice.calendar("b/")).no_content();
        alice.mkcalendar(&alice.calendar("d/"), "").created();
        let (told, last) = in_pages(&alice, &home, &before, 1);
        assert_eq!(told, [
            (alice.calendar("a/"), None),
            (alice.calendar("b/"), Some(404)),
            (alice.calendar("d/"), None),
        ]);
        assert!(sync(&alice, &home, &last).members.is_empty());
        // Others' news have no number of this home: each is told, and none for ever.
        let before = sync(&alice, &home, "").token();
        for slug in ["one", "two"] {
            bob.put(&bob.calendar(&format!("{slug}/1.ics")), samples::meeting("1")).created();
        }
        alice.put(&alice.calendar("c/1.ics"), samples::meeting("1")).created();
        let (mut told, last) = in_pages(&alice, &home, &before, 1);
        told.sort();
        let of_bob = |slug: &str, status| (alice.calendar(&format!("of-bob-{slug}/")), status);
        assert_eq!(told, [(alice.calendar("c/"), None), of_bob("one", None), of_bob("two", None)]);
        assert!(sync(&alice, &home, &last).members.is_empty());
        // One that may not be seen any more has not left the home, and is told as gone once.
        let id = id_of(&bob, "calendars", "one");
        bob.delete(&format!("/api/v1/calendars/{id}/shares/alice")).no_content();
        bob.put(&bob.calendar("two/2.ics"), samples::meeting("2")).created();
        let (mut told, last) = in_pages(&alice, &home, &last, 1);
        told.sort();
        assert_eq!(told, [of_bob("one", Some(404)), of_bob("two", None)]);
        assert!(sync(&alice, &home, &last).members.is_empty());
        // A change between two pages is told, once more where it was told already.
        let before = last;
        for slug in ["a", "c", "d"] {
            alice.put(&alice.calendar(&format!("{slug}/2.ics")), samples::meeting("2")).created();
        }
        let first = ask(&alice, &home, &before, Some(1)).multistatus();
        alice.put(&alice.calendar("a/3.ics"), samples::meeting("3")).created();
        let (told, _) = in_pages(&alice, &home, &first.token(), 2);
        let hrefs: Vec<&str> = told.iter().map(|(href, _)| href.as_str()).collect();
        assert_eq!(hrefs, [alice.calendar("c/"), alice.calendar("d/"), alice.calendar("a/")]);
        ask(&alice, &home, "", Some(0)).refused(507, "D:number-of-matches-within-limits");
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
