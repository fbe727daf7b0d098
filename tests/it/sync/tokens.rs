//! Tokens: URIs that never expire, and are refused where they are not ours.

use super::{ask, sync};
use crate::harness::{TestServer, both, samples};

both! {
    fn a_token_is_a_uri(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for path in [alice.calendar("default/"), alice.calendar(""), alice.book("default/"), alice.book("")] {
            let token = alice.property(&path, "D:sync-token");
            assert!(token.contains(':') && !token.contains(char::is_whitespace), "{token}");
            assert_eq!(sync(&alice, &path, "").token(), token);
        }
    }

    fn foreign_tokens_are_refused_and_never_a_first_sync(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let (calendar, book) = (alice.calendar("default/"), alice.book("default/"));
        let own = alice.property(&calendar, "D:sync-token");
        let (head, number) = own.rsplit_once(':').expect("a number at the end");
        let ahead = format!("{head}:{}", number.parse::<i64>().expect("a number") + 1000);
        let other = alice.property(&alice.calendar("work/"), "D:sync-token");
        let home = alice.property(&alice.calendar(""), "D:sync-token");
        let negative = format!("{head}:-1");
        let long = "9".repeat(10_000);
        for token in ["http://example.org/ns/sync/1", "data:,1", "1", "x", &ahead, &other, &home, &negative, &long] {
            ask(&alice, &calendar, token, None).refused(403, "D:valid-sync-token");
            // Thunderbird's address book recovers from 400 only.
            ask(&alice, &book, token, None).refused(400, "D:valid-sync-token");
        }
        let theirs = alice.property(&book, "D:sync-token");
        ask(&alice, &calendar, &theirs, None).refused(403, "D:valid-sync-token");
    }

    fn a_token_outlives_a_restart(db) {
        let server = TestServer::start(db);
        let (path, token, password);
        {
            let alice = server.user("alice");
            path = alice.calendar("default/");
            alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
            token = sync(&alice, &path, "").token();
            alice.delete(&alice.calendar("default/a.ics")).no_content();
            password = server.wait(server.core().add_app_password("alice", "after", "")).expect("a password").1;
        }
        let server = server.restart();
        let alice = server.client("alice", &password);
        let answer = sync(&alice, &path, &token);
        assert_eq!((answer.present(), answer.gone()), (vec![], vec!["a.ics"]));
    }

    fn a_token_of_another_server_is_foreign(db) {
        let (here, there) = (TestServer::start(db), TestServer::start(db));
        let (alice, other) = (here.user("alice"), there.user("alice"));
        let path = alice.calendar("default/");
        let token = other.property(&path, "D:sync-token");
        ask(&alice, &path, &token, None).refused(403, "D:valid-sync-token");
    }

    fn a_collection_made_again_does_not_know_the_old_tokens(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("work/");
        alice.mkcalendar(&path, "").created();
        alice.put(&alice.calendar("work/a.ics"), samples::meeting("a")).created();
        let token = sync(&alice, &path, "").token();
        alice.delete(&path).no_content();
        ask(&alice, &path, &token, None).status(404);
        alice.mkcalendar(&path, "").created();
        // Answered as if it were the old one, the client would keep what is gone.
        ask(&alice, &path, &token, None).refused(403, "D:valid-sync-token");
    }

    fn a_limit_of_nothing_is_no_limit_at_all(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let status = ask(&alice, &path, "", Some(0)).send().status;
        assert!((400..=507).contains(&status) && status != 500, "{status}");
        let inside = "<D:sync-token/><D:sync-level>1</D:sync-level><D:limit><D:nresults>many</D:nresults></D:limit><D:prop/>";
        alice.report(&path, "D:sync-collection", inside).status(400);
    }
}
