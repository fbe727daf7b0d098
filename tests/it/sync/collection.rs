//! First and later syncs of a collection, tombstones, truncation.

use super::{ask, sync};
use crate::harness::{TestServer, both, samples};

both! {
    fn first_and_later_syncs(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let empty = sync(&alice, &path, "");
        assert!(empty.members.is_empty());
        let item = alice.calendar("default/a.ics");
        let etag = alice.put(&item, samples::meeting("a")).created().etag();
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("b")).created();
        let first = sync(&alice, &path, "");
        assert_eq!(first.present(), ["a.ics", "b.ics"]);
        let member = first.member(&item);
        assert_eq!(member.text("D:getetag"), etag);
        // What does not begin like this Thunderbird silently leaves out.
        assert!(member.text("D:getcontenttype").starts_with("text/calendar"));
        let later = sync(&alice, &path, &empty.token());
        assert_eq!(later.present(), first.present());
        assert_eq!(later.token(), first.token());
        let none = sync(&alice, &path, &first.token());
        assert!(none.members.is_empty());
        assert_eq!(none.token(), first.token());
        let etag = alice.put(&item, samples::meeting("a").replace("Meeting", "New")).no_content().etag();
        let changed = sync(&alice, &path, &first.token());
        assert_eq!(changed.only().text("D:getetag"), etag);
        alice.delete(&item).no_content();
        let gone = sync(&alice, &path, &first.token());
        assert_eq!((gone.present(), gone.gone()), (vec![], vec!["a.ics"]));
        assert_eq!(gone.only().href, item);
        assert!(gone.only().props.is_empty());
        // Who begins now hears nothing of the dead.
        assert_eq!(sync(&alice, &path, "").hrefs(), [alice.calendar("default/b.ics")]);
    }

    fn an_address_book_syncs_alike(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.book("default/");
        let empty = sync(&alice, &path, "").token();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        let answer = sync(&alice, &path, &empty);
        assert!(answer.only().text("D:getcontenttype").starts_with("text/vcard"));
        alice.delete(&alice.book("default/a.vcf")).no_content();
        assert_eq!(sync(&alice, &path, &answer.token()).gone(), ["a.vcf"]);
    }

    fn the_same_name_and_uid_come_and_go(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (path, item) = (alice.calendar("default/"), alice.calendar("default/a.ics"));
        let begin = sync(&alice, &path, "").token();
        let mut token = begin.clone();
        for round in 0..12 {
            alice.put(&item, samples::meeting("a")).header("If-None-Match", "*").created();
            let there = sync(&alice, &path, &token);
            assert_eq!((there.present(), there.gone()), (vec!["a.ics"], vec![]), "round {round}");
            alice.delete(&item).no_content();
            let gone = sync(&alice, &path, &there.token());
            assert_eq!((gone.present(), gone.gone()), (vec![], vec!["a.ics"]), "round {round}");
            assert_ne!(gone.token(), there.token());
            token = gone.token();
        }
        // Seen from the beginning it was never there, or is gone: not both, and not twice.
        assert_eq!(sync(&alice, &path, &begin).present(), Vec::<&str>::new());
        // Under another name the UID is free too.
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("a")).created();
        let last = sync(&alice, &path, &begin);
        assert_eq!(last.present(), ["b.ics"]);
    }

    fn pages_of_a_limit_make_the_whole(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let begin = sync(&alice, &path, "").token();
        for at in 0..25 {
            alice.put(&alice.calendar(&format!("default/{at}.ics")), samples::meeting(&at.to_string())).created();
        }
        for at in 0..5 {
            alice.delete(&alice.calendar(&format!("default/{at}.ics"))).no_content();
        }
        for (start, limit) in [("", 1), ("", 7), ("", 20), ("", 25), (begin.as_str(), 4), (begin.as_str(), 100)] {
            let mut token = start.to_owned();
            let (mut present, mut gone, mut pages) = (Vec::new(), Vec::new(), 0);
            loop {
                let answer = ask(&alice, &path, &token, Some(limit)).multistatus();
                pages += 1;
                assert!(pages < 40, "pages come to an end");
                present.extend(answer.present().iter().map(|name| (*name).to_owned()));
                gone.extend(answer.gone().iter().map(|name| (*name).to_owned()));
                assert!(answer.present().len() + answer.gone().len() <= limit);
                token = answer.token();
                let Some(cut) = answer.members.iter().find(|member| member.status == Some(507)) else { break };
                assert_eq!(cut.href, path, "RFC 6578 §3.6: the 507 is about the request URI");
                assert!(cut.xml.holds("D:number-of-matches-within-limits"));
            }
            present.sort();
            present.dedup();
            let mut expected: Vec<String> = (5..25).map(|at| format!("{at}.ics")).collect();
            expected.sort();
            assert_eq!(present, expected, "limit {limit}");
            gone.sort();
            let deleted: Vec<String> = (0..5).map(|at| format!("{at}.ics")).collect();
            // The pages after the first one of a first sync may tell of what the client never had; that does no harm.
            assert!(gone == deleted || (start.is_empty() && gone.is_empty()), "limit {limit}: {gone:?}");
            assert_eq!(token, sync(&alice, &path, "").token());
        }
    }

    fn levels_and_depths_as_clients_send_them(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let report = |level: &str, depth: &str| {
            let inside = format!("<D:sync-token/>{level}<D:prop><D:getetag/></D:prop>");
            alice.report(&path, "D:sync-collection", &inside).instead("Depth", depth).send().status
        };
        for level in ["1", "infinite", "infinity"] {
            for depth in ["0", "1", ""] {
                assert_eq!(report(&format!("<D:sync-level>{level}</D:sync-level>"), depth), 207, "{level} {depth}");
            }
        }
        assert_eq!(report("", "1"), 207, "the draft before the RFC had no level");
        assert_eq!(report("<D:sync-level>7</D:sync-level>", "0"), 400);
    }

    fn whole_properties_come_along(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let item = alice.calendar("default/a.ics");
        alice.put(&item, samples::meeting("a")).created();
        alice.proppatch(&item, "<D:set><D:prop><X:a>kept</X:a></D:prop></D:set>").multistatus();
        let inside = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/><X:a/><D:getcontentlength/><D:nope/></D:prop>";
        let answer = alice.report(&path, "D:sync-collection", inside).multistatus();
        let member = answer.member(&item);
        assert_eq!(member.text("X:a"), "kept");
        assert_eq!(member.text("D:getcontentlength"), samples::meeting("a").len().to_string());
        assert_eq!(member.status_of("D:nope"), Some(404));
        let minimal = alice.report(&path, "D:sync-collection", inside).header("Prefer", "return=minimal").multistatus();
        assert_eq!(minimal.member(&item).status_of("D:nope"), None);
    }

    fn what_is_refused_leaves_no_trace(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let token = sync(&alice, &path, "").token();
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("a")).status(409);
        alice.put(&alice.calendar("default/b.ics"), "nonsense").status(403);
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).header("If-Match", "\"x\"").status(412);
        alice.delete(&alice.calendar("default/c.ics")).status(404);
        assert_eq!(alice.property(&path, "D:sync-token"), token);
        assert!(sync(&alice, &path, &token).members.is_empty());
    }
}
