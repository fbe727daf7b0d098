//! What is told: in order, signed, at least once, once where two nodes are there, and again where that is wanted.

use super::*;
use crate::harness::{both, samples};
use crate::rest::id_of;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

both! {
    fn changes_are_told_in_order_and_signed(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        alice.put(&alice.calendar("default/before"), samples::meeting("before")).created();
        let (path, secret) = hook(&alice, &receiver.url(), None);
        let calendar = id_of(&alice, "calendars", "default");
        for name in ["a", "b"] {
            alice.put(&alice.calendar(&format!("default/{name}")), samples::meeting(name)).created();
            let came = receiver.next();
            let message = came.json();
            assert_eq!((&message["type"], ids(&message)), (&value!("changes"), vec![name.to_owned()]), "{message}");
            assert_eq!(message["collection"], value!({ "id": calendar, "list": "calendars" }));
            assert!(came.is_signed_with(&secret));
            assert!(!String::from_utf8_lossy(&came.body).contains("Meeting"), "never content");
            // The token is that of the feed.
            let since = message["since"].as_str().expect("a token");
            let told = json(&alice.get(&format!("/api/v1/calendars/{calendar}/changes?since={since}")).ok());
            assert_eq!((&told["changes"], &told["token"]), (&message["changes"], &message["token"]));
        }
        alice.delete(&alice.calendar("default/a")).no_content();
        assert_eq!(receiver.next().json()["changes"][0]["removed"], value!(true));
        alice.put(&alice.book("default/c"), samples::card("c", "C", &[])).created();
        assert_eq!(receiver.next().json()["collection"]["list"], "address-books");
        let shown = until(&alice, &path, |shown| shown["last"]["outcome"] == "received");
        assert_eq!((&shown["state"], &shown["failures"], &shown["last"]["status"]), (&value!("active"), &value!(0), &value!(204)));
        receiver.nothing(QUIET);
    }

    fn collections_that_come_and_go_are_told(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        hook(&alice, &receiver.url(), None);
        let made = send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "New" }));
        let id = json_of_created(&made)["id"].clone();
        let message = receiver.next().json();
        assert_eq!((&message["type"], &message["collection"]["id"], ids(&message).len()), (&value!("changes"), &id, 0));
        alice.delete(&format!("/api/v1/calendars/{}", id.as_str().expect("an id"))).no_content();
        let message = receiver.next().json();
        assert_eq!((&message["type"], &message["collection"]), (&value!("removed"), &value!({ "id": id, "list": null })));
        receiver.nothing(QUIET);
    }

    fn what_a_receiver_does_not_take_comes_again(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, _) = hook(&alice, &receiver.url(), None);
        receiver.answer(500);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        let (first, second) = (receiver.next(), receiver.next());
        assert_eq!((first.id(), &first.body), (second.id(), &second.body), "the same message");
        let shown = json(&alice.get(&path).ok());
        assert!(shown["failures"].as_i64() >= Some(1) && shown["failingSince"].is_string(), "{shown}");
        // A redirect is no receipt either.
        receiver.answer(307);
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        receiver.next();
        receiver.answer(200);
        let mut told = BTreeSet::new();
        while told.len() < 2 {
            told.extend(ids(&receiver.next().json()));
        }
        until(&alice, &path, |shown| shown["failures"] == 0);
        let attempts = json(&alice.get(&format!("{path}/deliveries")).ok());
        let outcomes: Vec<&str> = attempts["items"].as_array().expect("attempts").iter().map(|one| one["outcome"].as_str().expect("one")).collect();
        assert_eq!(outcomes.first(), Some(&"received"), "{attempts}");
        assert!(outcomes.iter().filter(|outcome| **outcome == "refused").count() >= 3, "{attempts}");
    }

    fn a_webhook_is_set_back(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let calendar = id_of(&alice, "calendars", "default");
        for about in [None, Some(calendar.as_str())] {
            let (path, _) = hook(&alice, &receiver.url(), about);
            let name = if about.is_none() { "a" } else { "b" };
            alice.put(&alice.calendar(&format!("default/{name}")), samples::meeting(name)).created();
            let first = receiver.next();
            let since = first.json()["since"].clone();
            receiver.nothing(QUIET);
            assert_eq!(send(&alice, "POST", &format!("{path}:replay"), &value!({ "since": since })).status, 204);
            let again = receiver.next();
            assert_eq!(first.json(), again.json());
            assert_ne!(first.id(), again.id(), "another message, for receivers that know the first");
            receiver.nothing(QUIET);
            alice.delete(&path).no_content();
        }
    }

    fn two_nodes_tell_everything_once(db) {
        let small = Limits { webhook_changes: 1, ..limits() };
        let (_node, server) = delivering(db, small.clone());
        let beside = server.beside(small);
        let _other = deliver(&beside, &local());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let calendar = id_of(&alice, "calendars", "default");
        let (path, _) = hook(&alice, &receiver.url(), Some(&calendar));
        let names: Vec<String> = (0..60).map(|n| format!("n{n:02}")).collect();
        for name in &names {
            alice.put(&alice.calendar(&format!("default/{name}")), samples::meeting(name)).created();
        }
        let came = receiver.all(Duration::from_secs(4));
        let told: Vec<String> = came.iter().flat_map(|one| ids(&one.json())).collect();
        assert_eq!(told, names, "each once, in order");
        for pair in came.windows(2) {
            assert_eq!(pair[0].json()["token"], pair[1].json()["since"], "nothing between them");
        }
        // As many attempts are kept as there is room for.
        let attempts = json(&alice.get(&format!("{path}/deliveries")).ok());
        assert_eq!(attempts["items"].as_array().map(Vec::len), Some(50));
        assert_eq!(attempts["items"][0]["message"], came.last().expect("some").id());
    }

    fn what_a_dead_node_had_claimed_is_told_by_another(db) {
        let limits = Limits { webhook_lease: Duration::from_secs(4), ..limits() };
        let server = TestServer::with(db, limits, local());
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        let (path, _) = hook(&alice, &receiver.url(), None);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        let id: i64 = path.rsplit('/').next().expect("an id").parse().expect("a number");
        // A node that takes it up, and is never heard of again.
        let lost = server.wait(server.core().claim_webhook(id)).expect("a claim").expect("free");
        assert!(server.wait(server.core().claim_webhook(id)).expect("an answer").is_none(), "claimed twice");
        let _node = deliver(&server, &local());
        receiver.nothing(Duration::from_secs(2));
        assert_eq!(ids(&receiver.next().json()), ["a"]);
        // Who has lost his claim does nothing any more.
        assert!(server.wait(server.core().next_delivery(&lost)).expect("an answer").is_none());
        receiver.nothing(QUIET);
    }

    fn the_example_checks_signatures(db) {
        if Command::new("python3").arg("--version").output().is_err() {
            println!("skipped: Python is not installed here");
            return;
        }
        let (_node, server) = delivering(db, limits());
        let alice = server.user("alice");
        let (path, secret) = hook(&alice, "http://127.0.0.1:1/", None);
        for (secret, outcome) in [(secret.as_str(), "received"), ("whsec_AAAA", "refused")] {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/webhook.py");
            let mut example = Command::new("python3").args([script, secret, "0"]).stdout(Stdio::piped()).spawn().expect("Python");
            // Kept open: the example prints what comes.
            let mut told = BufReader::new(example.stdout.take().expect("its output"));
            let mut line = String::new();
            told.read_line(&mut line).expect("a line");
            let port = line.trim().rsplit(' ').next().expect("a port").to_owned();
            let moved = send(&alice, "PATCH", &path, &value!({ "url": format!("http://127.0.0.1:{port}/") }));
            assert_eq!(moved.status, 200, "{}", moved.text());
            let ping = send(&alice, "POST", &format!("{path}:test"), &value!({}));
            let message = serde_json::from_slice::<Value>(&ping.body).expect("JSON")["message"].clone();
            let attempts = until(&alice, &format!("{path}/deliveries"), |all| all["items"][0]["message"] == message);
            example.kill().expect("it ran");
            example.wait().expect("it ended");
            assert_eq!(attempts["items"][0]["outcome"], outcome, "{attempts}");
            line.clear();
            told.read_line(&mut line).expect("a line, or the end");
            assert_eq!(line.trim(), if outcome == "received" { "ping None" } else { "" });
        }
    }
}

fn json_of_created(answer: &crate::harness::answer::Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}
