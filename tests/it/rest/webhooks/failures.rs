//! What is not told: to forbidden addresses, without a right, by suspended accounts, to targets that were given up.

use super::*;
use crate::harness::{both, samples};
use crate::rest::{id_of, problem, three};
use cenacle::domain::principal::PrincipalState;

both! {
    fn private_addresses_are_refused_at_each_message(db) {
        // In clear text, so that nothing but the address stands in the way.
        let strict = Config { webhook_http: true, ..Config::default() };
        let short = Limits { webhook_lease: Duration::from_secs(2), ..limits() };
        let server = TestServer::with(db, short, strict.clone());
        let node = deliver(&server, &strict);
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        for host in ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "[fd00::1]", "0.0.0.0"] {
            let body = value!({ "url": format!("http://{host}:{}/hook", receiver.port()) });
            assert_eq!(problem(&send(&alice, "POST", "/api/v1/webhooks", &body), 400, "bad-request"), "/url", "{host}");
        }
        // A name says nothing until it is asked for.
        let (path, _) = hook(&alice, &receiver.url(), None);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        let shown = until(&alice, &path, |shown| shown["failures"].as_i64() >= Some(1));
        assert_eq!((&shown["last"]["outcome"], &shown["last"]["status"]), (&value!("address-forbidden"), &Value::Null), "{shown}");
        receiver.nothing(QUIET);
        // The operator may name networks; what waited is told then. Two nodes that disagree would be left to chance.
        drop(node);
        send(&alice, "PATCH", &path, &value!({ "state": "active" }));
        let _node = deliver(&server, &local());
        assert_eq!(ids(&receiver.next().json()), ["a"]);
    }

    fn a_target_that_is_gone_is_told_nothing_more(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, _) = hook(&alice, &receiver.url(), None);
        receiver.answer(410);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        receiver.next();
        let shown = until(&alice, &path, |shown| shown["state"] == "disabled");
        assert!(shown["reason"].as_str().is_some_and(|reason| reason.contains("410")), "{shown}");
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        receiver.nothing(QUIET);
        // Its owner makes it active again, and it is told what it missed.
        receiver.answer(200);
        let active = json(&send(&alice, "PATCH", &path, &value!({ "state": "active" })));
        assert_eq!((&active["state"], &active["reason"], &active["failures"]), (&value!("active"), &Value::Null, &value!(0)));
        assert_eq!(ids(&receiver.next().json()), ["a", "b"]);
    }

    fn a_target_that_fails_for_too_long_is_disabled(db) {
        let limits = Limits { webhook_patience: Duration::from_millis(500), ..limits() };
        let (_node, server) = delivering(db, limits);
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, _) = hook(&alice, &receiver.url(), None);
        receiver.answer(500);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        receiver.next();
        assert_eq!(json(&alice.get(&path).ok())["state"], "active", "one failure is none");
        receiver.next();
        let shown = until(&alice, &path, |shown| shown["state"] == "disabled");
        assert!(shown["reason"].as_str().is_some_and(|reason| reason.contains("too long")), "{shown}");
        assert!(shown["failures"].as_i64() >= Some(2) && shown["nextAttempt"].is_null(), "{shown}");
        // What came until then is taken; then nothing comes any more, whatever happens.
        receiver.all(QUIET);
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        receiver.nothing(QUIET);
    }

    fn a_paused_webhook_is_told_later(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, _) = hook(&alice, &receiver.url(), None);
        assert_eq!(json(&send(&alice, "PATCH", &path, &value!({ "state": "paused" })))["state"], "paused");
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        receiver.nothing(QUIET);
        // A trial comes all the same.
        assert_eq!(send(&alice, "POST", &format!("{path}:test"), &value!({})).status, 202);
        let ping = receiver.next().json();
        assert_eq!((&ping["type"], &ping["collection"], &ping["token"]), (&value!("ping"), &Value::Null, &Value::Null));
        receiver.nothing(QUIET);
        send(&alice, "PATCH", &path, &value!({ "state": "active" }));
        assert_eq!(ids(&receiver.next().json()), ["a"]);
    }

    fn a_right_that_is_taken_away_ends_the_telling(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob, _) = three(&server);
        let receiver = Receiver::start();
        let calendar = id_of(&alice, "calendars", "default");
        let (path, _) = hook(&bob, &receiver.url(), Some(&calendar));
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        assert_eq!(ids(&receiver.next().json()), ["a"]);
        let none = crate::harness::xml::document("D:acl", "");
        alice.request("ACL", &alice.calendar("default/")).xml(&none).ok();
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        receiver.nothing(QUIET);
        // It cannot be set back either, nor made anew.
        let token = json(&alice.get(&format!("/api/v1/calendars/{calendar}")).ok())["syncToken"].as_str().expect("a token").to_owned();
        let back = send(&bob, "POST", &format!("{path}:replay"), &value!({ "since": token }));
        assert_eq!(problem(&back, 400, "valid-sync-token"), "/since");
        let body = value!({ "url": receiver.url(), "collection": calendar });
        assert_eq!(problem(&send(&bob, "POST", "/api/v1/webhooks", &body), 400, "bad-request"), "/collection");
    }

    fn a_suspended_account_tells_nothing(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        hook(&alice, &receiver.url(), None);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        receiver.next();
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        receiver.next();
        // What happens and the suspension come together, before the next look: the last is decided at the message.
        let server_state = |state| server.wait(server.core().set_account_state("alice", state)).expect("a state");
        server_state(PrincipalState::Suspended);
        crate::harness::many::fill(&server, "alice", "default", &[("c".to_owned(), samples::meeting("c"))]);
        receiver.nothing(QUIET);
        server_state(PrincipalState::Active);
        assert_eq!(ids(&receiver.next().json()), ["c"]);
    }

    fn slow_targets_hold_up_nobody_else(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (slow, fast) = (Receiver::slow(Duration::from_secs(6)), Receiver::start());
        for _ in 0..6 {
            hook(&alice, &slow.url(), None);
        }
        hook(&bob, &fast.url(), None);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        // As many as one account may have on their way.
        assert_eq!(slow.all(QUIET).len(), 4);
        bob.put(&bob.calendar("default/a"), samples::meeting("a")).created();
        let begun = Instant::now();
        fast.next();
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}
