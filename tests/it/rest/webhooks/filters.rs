//! Webhooks that want some kinds of changes: what is of another kind is passed over, and everything else comes as it does without.

use super::*;
use crate::harness::{both, samples};
use crate::rest::{id_of, problem};

/// What a message tells of items: ids, those that are gone with a dash before them.
fn told(message: &Value) -> Vec<String> {
    let changes = message["changes"].as_array().expect("changes").iter();
    changes
        .map(|change| {
            let gone = if change["removed"] == value!(true) { "-" } else { "" };
            format!("{gone}{}", change["id"].as_str().expect("an id"))
        })
        .collect()
}

/// All that comes, one item after the other.
fn all(receiver: &Receiver) -> Vec<String> {
    receiver.all(QUIET).iter().flat_map(|came| told(&came.json())).collect()
}

both! {
    fn each_kind_is_told_to_who_wants_it(db) {
        let (_node, server) = delivering(db, limits());
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/before"), samples::meeting("before")).created();
        let kinds: Vec<String> = ["event", "task", "contact"].iter().flat_map(|of| ["created", "changed", "deleted"].map(|became| format!("{of}.{became}"))).collect();
        let receivers: Vec<(String, Receiver)> = kinds.into_iter().map(|kind| {
            let receiver = Receiver::start();
            choosy(&alice, &receiver.url(), &[&kind]);
            (kind, receiver)
        }).collect();
        let (event, task, contact) = (alice.calendar("default/e"), alice.calendar("tasks/t"), alice.book("default/c"));
        // Each change is told before the next is made: two of one item may be told as one.
        let told_of = |became: &str| {
            for (kind, receiver) in receivers.iter().filter(|(kind, _)| kind.ends_with(became)) {
                let item = &kind[..1];
                let wanted = if became == "deleted" { format!("-{item}") } else { item.to_owned() };
                assert_eq!(told(&receiver.next().json()), [wanted], "{kind}");
            }
        };
        let todo = |title: &str| samples::calendar(&["BEGIN:VTODO", "UID:t", "DTSTAMP:20260101T000000Z", &format!("SUMMARY:{title}"), "END:VTODO"]);
        alice.put(&event, samples::meeting("e")).created();
        alice.put(&task, todo("One")).created();
        alice.put(&contact, samples::card("c", "C", &[])).created();
        told_of("created");
        alice.put(&event, samples::meeting("e").replace("SUMMARY:", "SUMMARY:Other ")).no_content();
        alice.put(&task, todo("Two")).no_content();
        alice.put(&contact, samples::card("c", "D", &[])).no_content();
        told_of("changed");
        for path in [&event, &task, &contact] {
            alice.delete(path).no_content();
        }
        told_of("deleted");
        receivers.iter().for_each(|(_, receiver)| receiver.nothing(QUIET));
    }

    fn collections_themselves_are_kinds_too(db) {
        let (_node, server) = delivering(db, limits());
        let alice = server.user("alice");
        let receivers = ["created", "changed", "deleted"].map(|became| {
            let receiver = Receiver::start();
            choosy(&alice, &receiver.url(), &[&format!("collection.{became}")]);
            receiver
        });
        let made = send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "New" }));
        assert_eq!(made.status, 201, "{}", made.text());
        let id = serde_json::from_slice::<Value>(&made.body).expect("JSON")["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/calendars/{id}");
        // Each change is told before the next is made: two of one collection may be told as one.
        let is_told = |receiver: &Receiver, kind: &str| {
            let message = receiver.next().json();
            assert_eq!((&message["type"], &message["collection"]["id"], told(&message).len()), (&value!(kind), &value!(id), 0));
        };
        is_told(&receivers[0], "changes");
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        assert_eq!(send(&alice, "PATCH", &path, &value!({ "name": "Newer" })).status, 200);
        is_told(&receivers[1], "changes");
        // A change of an item is none of its collection.
        alice.put(&alice.calendar("default/a"), samples::meeting("a").replace("SUMMARY:", "SUMMARY:Other ")).no_content();
        alice.delete(&path).no_content();
        is_told(&receivers[2], "removed");
        receivers.iter().for_each(|receiver| receiver.nothing(QUIET));
    }

    fn what_is_passed_over_is_passed_and_order_is_kept(db) {
        let (_node, server) = delivering(db, Limits { webhook_changes: 2, ..limits() });
        let (alice, receiver) = (server.user("alice"), Receiver::start());
        alice.mkcalendar(&alice.calendar("mixed/"), "").created();
        let path = choosy(&alice, &receiver.url(), &["event.created"]);
        receiver.answer(500);
        let names: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
        for (at, name) in names.iter().enumerate() {
            let item = alice.calendar(&format!("mixed/{name}"));
            if at % 3 == 0 {
                alice.put(&item, samples::meeting(name)).created();
            } else {
                alice.put(&item, samples::calendar(&["BEGIN:VTODO", &format!("UID:{name}"), "DTSTAMP:20260101T000000Z", "END:VTODO"])).created();
            }
        }
        let first = receiver.next();
        receiver.answer(200);
        let mut came = vec![first.clone()];
        came.extend(receiver.all(QUIET));
        // What failed came again, the same; each of the others once, in order.
        let mut messages: Vec<(String, Vec<String>)> = came.iter().map(|one| (one.id().to_owned(), told(&one.json()))).collect();
        messages.dedup();
        let items: Vec<String> = messages.into_iter().flat_map(|(_, items)| items).collect();
        assert_eq!(items, ["n0", "n3", "n6"]);
        // With other wishes it goes on from where it is: of what was passed over nothing is told.
        let shown = json(&send(&alice, "PATCH", &path, &value!({ "events": null })));
        assert_eq!(shown["events"], Value::Null);
        receiver.nothing(QUIET);
        alice.delete(&alice.calendar("mixed/n1")).no_content();
        assert_eq!(told(&receiver.next().json()), ["-n1"]);
        // Set back it tells what it wants now.
        let calendar = id_of(&alice, "calendars", "mixed");
        let token = first.json()["since"].clone();
        assert_eq!(first.json()["collection"]["id"], value!(calendar));
        send(&alice, "PATCH", &path, &value!({ "events": ["task.created", "task.deleted"] }));
        assert_eq!(send(&alice, "POST", &format!("{path}:replay"), &value!({ "since": token })).status, 204);
        assert_eq!(all(&receiver), ["n2", "n4", "n5", "n7", "n8", "-n1"]);
    }

    fn kinds_are_checked_and_shown(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let url = "https://hooks.example.org/a";
        for (events, field) in [
            (value!([]), "/events"), (value!(["event"]), "/events/0"), (value!(["event.created", "mail.created"]), "/events/1"),
            (value!("event.created"), "/events"), (value!([1]), "/events/0"), (value!({}), "/events"),
        ] {
            let body = value!({ "url": url, "events": events });
            assert_eq!(problem(&send(&alice, "POST", "/api/v1/webhooks", &body), 400, "bad-request"), field, "{body}");
        }
        let path = choosy(&alice, url, &["task.deleted", "event.created", "task.deleted"]);
        assert_eq!(json(&alice.get(&path).ok())["events"], value!(["event.created", "task.deleted"]));
        assert_eq!(problem(&send(&alice, "PATCH", &path, &value!({ "events": [] })), 400, "bad-request"), "/events");
        let other = json(&send(&alice, "PATCH", &path, &value!({ "events": ["collection.changed"] })));
        assert_eq!(other["events"], value!(["collection.changed"]));
        assert_eq!(json(&send(&alice, "PATCH", &path, &value!({ "url": url })))["events"], value!(["collection.changed"]), "what is absent stays");
        assert_eq!(json(&send(&alice, "PATCH", &path, &value!({ "events": null })))["events"], Value::Null);
        let (all, _) = hook(&alice, url, None);
        assert_eq!(json(&alice.get(&all).ok())["events"], Value::Null);
    }
}
