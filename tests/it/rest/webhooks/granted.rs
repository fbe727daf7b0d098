//! What comes into an account by a group, by a grant on a whole home and into one's own home is told, and nothing after it has left.

use super::*;
use crate::harness::{both, samples, xml};
use crate::rest::id_of;
use cenacle::domain::precondition::Preconditions;
use cenacle::services::Actor;
use std::collections::BTreeMap;

/// Replaces the grants on a collection by one of reading.
fn grant(owner: &Client, path: &str, to: &str) {
    let ace = format!(
        "<D:ace><D:principal>{to}</D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>"
    );
    owner.request("ACL", path).xml(&xml::document("D:acl", &ace)).ok();
}

fn named(who: &str) -> String {
    format!("<D:href>/dav/principals/{who}/</D:href>")
}

/// All that comes now, by collection: its items in their order, those that are gone with a dash, and at last whether it left.
fn all(receiver: &Receiver) -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in receiver.all(QUIET).iter().map(receiver::Came::json) {
        let of = told.entry(message["collection"]["id"].as_str().expect("an id").to_owned()).or_default();
        for change in message["changes"].as_array().expect("changes") {
            let gone = if change["removed"] == value!(true) { "-" } else { "" };
            of.push(format!("{gone}{}", change["id"].as_str().expect("an id")));
        }
        if message["type"] == "removed" {
            of.push("left".to_owned());
        }
    }
    told
}

fn meeting(client: &Client, path: &str) {
    let name = path.rsplit('/').next().expect("a name");
    client.put(&client.calendar(path), samples::meeting(name)).created();
}

fn one(id: &str, items: &[&str]) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([(id.to_owned(), items.iter().map(|item| (*item).to_owned()).collect())])
}

both! {
    fn whoever_leaves_a_group_is_told_no_more(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        server.group("inner", &[]);
        server.group("team", &["inner"]);
        grant(&alice, &alice.calendar("default/"), &named("groups/team"));
        let id = id_of(&alice, "calendars", "default");
        let receiver = Receiver::start();
        hook(&bob, &receiver.url(), None);
        meeting(&alice, "default/a");
        receiver.nothing(QUIET);
        server.wait(server.core().add_member("inner", "bob")).expect("a new member");
        assert_eq!(all(&receiver), one(&id, &["a"]));
        meeting(&alice, "default/b");
        assert_eq!(all(&receiver), one(&id, &["b"]));
        let operator = Actor::operator();
        let leave = |group: &str, who: &str| server.wait(server.core().remove_member(&operator, group, who, Preconditions::default())).expect("out");
        // Out of the group, and the group out of the one that holds the grant, are the same to him.
        leave("inner", "bob");
        assert_eq!(all(&receiver), one(&id, &["left"]));
        meeting(&alice, "default/c");
        receiver.nothing(QUIET);
        server.wait(server.core().add_member("inner", "bob")).expect("a member again");
        assert_eq!(all(&receiver), one(&id, &["a", "b", "c"]));
        leave("team", "inner");
        assert_eq!(all(&receiver), one(&id, &["left"]));
        server.wait(server.core().add_member("team", "inner")).expect("a group in it");
        assert_eq!(all(&receiver), one(&id, &["a", "b", "c"]));
        server.wait(server.core().delete_group(&operator, "inner", Preconditions::default())).expect("no group any more");
        assert_eq!(all(&receiver), one(&id, &["left"]));
        meeting(&alice, "default/d");
        receiver.nothing(QUIET);
    }

    fn a_home_opens_with_all_that_will_be_in_it(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        server.group("team", &["bob"]);
        let receiver = Receiver::start();
        hook(&bob, &receiver.url(), None);
        meeting(&alice, "default/a");
        receiver.nothing(QUIET);
        let delegates = |who: &str, of: &str| {
            let body = value!({ "role": "read", "of": [of] });
            assert_eq!(send(&alice, "PUT", &format!("/api/v1/me/delegates/{who}"), &body).status, 204);
        };
        delegates("team", "calendars");
        let (agenda, tasks) = (id_of(&alice, "calendars", "default"), id_of(&alice, "calendars", "tasks"));
        let empty = Vec::new();
        assert_eq!(all(&receiver), BTreeMap::from([(agenda.clone(), vec!["a".to_owned()]), (tasks.clone(), empty)]));
        // A calendar that is made later is in it, too.
        alice.mkcalendar(&alice.calendar("new/"), "").created();
        meeting(&alice, "new/n");
        let new = id_of(&alice, "calendars", "new");
        assert_eq!(all(&receiver), one(&new, &["n"]));
        alice.delete(&alice.calendar("new/")).no_content();
        assert_eq!(all(&receiver), one(&new, &["left"]));
        let back = send(&alice, "POST", &format!("/api/v1/deleted-calendars/{new}:restore"), &value!({}));
        assert_eq!(back.status, 200, "{}", back.text());
        assert_eq!(all(&receiver), one(&new, &["n"]));
        alice.put(&alice.book("default/c"), samples::card("c", "C", &[])).created();
        receiver.nothing(QUIET);
        alice.delete("/api/v1/me/delegates/team").no_content();
        let left: Vec<String> = all(&receiver).into_iter().map(|(id, told)| format!("{id} {told:?}")).collect();
        let mut wanted = [&agenda, &tasks, &new].map(|id| format!("{id} [\"left\"]"));
        wanted.sort();
        assert_eq!(left, wanted);
        meeting(&alice, "default/b");
        meeting(&alice, "new/o");
        receiver.nothing(QUIET);
    }

    fn what_everybody_may_read_is_told_while_it_stands_in_ones_home(db) {
        let (_node, server) = delivering(db, limits());
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let receiver = Receiver::start();
        hook(&bob, &receiver.url(), None);
        grant(&alice, &alice.calendar("default/"), "<D:authenticated/>");
        let id = id_of(&alice, "calendars", "default");
        meeting(&alice, "default/a");
        receiver.nothing(QUIET);
        let mount = format!("/api/v1/calendars/{id}/subscription");
        assert_eq!(send(&bob, "PUT", &mount, &value!({})).status, 201);
        assert_eq!(all(&receiver), one(&id, &["a"]));
        meeting(&alice, "default/b");
        assert_eq!(all(&receiver), one(&id, &["b"]));
        bob.delete(&mount).no_content();
        assert_eq!(all(&receiver), one(&id, &["left"]));
        assert_eq!(send(&bob, "PUT", &mount, &value!({})).status, 201);
        assert_eq!(all(&receiver), one(&id, &["a", "b"]));
        alice.request("ACL", &alice.calendar("default/")).xml(&xml::document("D:acl", "")).ok();
        assert_eq!(all(&receiver), one(&id, &["left"]));
        meeting(&alice, "default/c");
        receiver.nothing(QUIET);
    }

    fn what_was_gone_before_is_not_told(db) {
        let (_node, server) = delivering(db, Limits { webhook_changes: 2, ..limits() });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let receiver = Receiver::start();
        hook(&bob, &receiver.url(), None);
        for name in ["a", "b", "c", "d", "e"] {
            meeting(&alice, &format!("default/{name}"));
        }
        for name in ["a", "c"] {
            alice.delete(&alice.calendar(&format!("default/{name}"))).no_content();
        }
        grant(&alice, &alice.calendar("default/"), &named("users/bob"));
        let id = id_of(&alice, "calendars", "default");
        assert_eq!(all(&receiver), one(&id, &["b", "d", "e"]));
        alice.delete(&alice.calendar("default/b")).no_content();
        assert_eq!(all(&receiver), one(&id, &["-b"]));
    }
}
