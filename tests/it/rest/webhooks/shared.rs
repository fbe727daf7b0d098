//! What others have granted is told as one's own is, as long as it may be read, and not a word longer.

use super::*;
use crate::harness::{both, samples, xml};
use crate::rest::{id_of, three};

/// Grants reading of a collection to these principals, and to nobody else.
fn grant(owner: &Client, path: &str, to: &[&str]) {
    let aces: String = to
        .iter()
        .map(|who| {
            format!(
                "<D:ace><D:principal><D:href>/dav/principals/{who}/</D:href></D:principal>\
                 <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>"
            )
        })
        .collect();
    owner.request("ACL", path).xml(&xml::document("D:acl", &aces)).ok();
}

/// A message without what differs between any two of its kind.
fn bare(mut message: Value) -> Value {
    message["webhook"] = Value::Null;
    message["collection"]["id"] = Value::Null;
    message
}

both! {
    fn an_account_is_told_of_what_others_let_it_read(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob, carol) = three(&server);
        let (receiver, strange) = (Receiver::start(), Receiver::start());
        let (path, _) = hook(&bob, &receiver.url(), None);
        hook(&carol, &strange.url(), None);
        let calendar = id_of(&alice, "calendars", "default");
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        let message = receiver.next().json();
        assert_eq!((&message["collection"], ids(&message)), (&value!({ "id": calendar, "list": "calendars" }), vec!["a".to_owned()]));
        // It is the feed's token, by which he reads on and goes back.
        let since = message["since"].as_str().expect("a token");
        let told = json(&bob.get(&format!("/api/v1/calendars/{calendar}/changes?since={since}")).ok());
        assert_eq!((&told["changes"], &told["token"]), (&message["changes"], &message["token"]));
        assert_eq!(send(&bob, "POST", &format!("{path}:replay"), &value!({ "since": since })).status, 204);
        assert_eq!(receiver.next().json()["changes"], message["changes"]);
        alice.put(&alice.book("default/c"), samples::card("c", "C", &[])).created();
        assert_eq!(receiver.next().json()["collection"]["list"], "address-books");
        // His own as ever, and hers that he may not read not at all.
        bob.put(&bob.calendar("default/b"), samples::meeting("b")).created();
        assert_eq!(ids(&receiver.next().json()), ["b"]);
        alice.mkcalendar(&alice.calendar("private/"), "").created();
        alice.put(&alice.calendar("private/p"), samples::meeting("p")).created();
        receiver.nothing(QUIET);
        strange.nothing(QUIET);
    }

    fn a_revocation_looks_like_a_deletion_and_ends_it(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob, _) = three(&server);
        let receiver = Receiver::start();
        for name in ["one", "two"] {
            alice.mkcalendar(&alice.calendar(&format!("{name}/")), "").created();
            alice.put(&alice.calendar(&format!("{name}/a")), samples::meeting("a")).created();
            grant(&alice, &alice.calendar(&format!("{name}/")), &["users/bob"]);
        }
        let (one, two) = (id_of(&alice, "calendars", "one"), id_of(&alice, "calendars", "two"));
        hook(&bob, &receiver.url(), None);
        alice.put(&alice.calendar("one/b"), samples::meeting("b")).created();
        assert_eq!(ids(&receiver.next().json()), ["b"], "only from now on");
        alice.delete(&alice.calendar("two/")).no_content();
        let deleted = receiver.next().json();
        // The right goes while something is new: what may not be read now is not told.
        receiver.answer(500);
        alice.put(&alice.calendar("one/c"), samples::meeting("c")).created();
        receiver.next();
        grant(&alice, &alice.calendar("one/"), &[]);
        alice.put(&alice.calendar("one/d"), samples::meeting("d")).created();
        receiver.answer(200);
        let came = receiver.all(QUIET);
        let revoked = came.last().expect("a message").json();
        assert!(came.iter().all(|one| !String::from_utf8_lossy(&one.body).contains("\"d\"")), "{came:?}");
        assert_eq!((&revoked["type"], &revoked["collection"]["id"], &deleted["collection"]["id"]), (&value!("removed"), &value!(one), &value!(two)));
        assert_eq!(bare(revoked), bare(deleted), "absent and forbidden look alike");
        alice.put(&alice.calendar("one/e"), samples::meeting("e")).created();
        alice.delete(&alice.calendar("one/")).no_content();
        receiver.nothing(QUIET);
        // Granted again it is new, and told whole, as one's own would be.
        let back = send(&alice, "POST", &format!("/api/v1/deleted-calendars/{one}:restore"), &value!({}));
        assert_eq!(back.status, 200, "{}", back.text());
        receiver.nothing(QUIET);
        grant(&alice, &alice.calendar("one/"), &["users/bob"]);
        let told: Vec<String> = receiver.all(QUIET).iter().flat_map(|came| ids(&came.json())).collect();
        assert_eq!(told, ["a", "b", "c", "d", "e"]);
    }

    fn a_webhook_of_before_is_told_of_it_from_now_on(db) {
        let server = TestServer::with(db, limits(), local());
        let (alice, bob, _) = three(&server);
        let receiver = Receiver::start();
        alice.put(&alice.calendar("default/old"), samples::meeting("old")).created();
        hook(&bob, &receiver.url(), None);
        // As the migration leaves it.
        scale::execute(&server, "DELETE FROM webhook_cursor WHERE alone; UPDATE webhook SET sight = 0, sight_seen = -1");
        let _node = deliver(&server, &local());
        receiver.nothing(QUIET);
        alice.put(&alice.calendar("default/new"), samples::meeting("new")).created();
        assert_eq!(ids(&receiver.next().json()), ["new"]);
    }

    fn a_group_opens_and_a_new_member_is_told(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        server.group("inner", &["bob"]);
        server.group("team", &["inner"]);
        let (of_bob, of_carol) = (Receiver::start(), Receiver::start());
        hook(&bob, &of_bob.url(), None);
        hook(&carol, &of_carol.url(), None);
        alice.put(&alice.calendar("default/a"), samples::meeting("a")).created();
        of_bob.nothing(QUIET);
        grant(&alice, &alice.calendar("default/"), &["groups/team"]);
        assert_eq!(ids(&of_bob.next().json()), ["a"]);
        alice.put(&alice.calendar("default/b"), samples::meeting("b")).created();
        assert_eq!(ids(&of_bob.next().json()), ["b"]);
        of_carol.nothing(QUIET);
        server.wait(server.core().add_member("inner", "carol")).expect("a new member");
        assert_eq!(ids(&of_carol.next().json()), ["a", "b"]);
        // Put back into its place it comes to both again.
        alice.mkcalendar(&alice.calendar("other/"), "").created();
        grant(&alice, &alice.calendar("other/"), &["groups/team"]);
        let other = id_of(&alice, "calendars", "other");
        for receiver in [&of_bob, &of_carol] {
            assert_eq!(receiver.next().json()["collection"]["id"], value!(other));
        }
        alice.delete(&alice.calendar("other/")).no_content();
        for receiver in [&of_bob, &of_carol] {
            assert_eq!(receiver.next().json()["type"], "removed");
        }
        send(&alice, "POST", &format!("/api/v1/deleted-calendars/{other}:restore"), &value!({}));
        for receiver in [&of_bob, &of_carol] {
            assert_eq!(receiver.next().json()["collection"]["id"], value!(other));
            receiver.nothing(QUIET);
        }
    }
}
