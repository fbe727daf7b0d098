//! What a device did to collections themselves is taken back, and nothing of what others did.

use super::{id_of, json, send};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Now, as the server's clock has it, with some time on both sides of it.
fn instant(server: &TestServer) -> String {
    std::thread::sleep(Duration::from_millis(3));
    let now = jiff::Timestamp::from_microsecond(server.core().now()).expect("an instant").to_string();
    std::thread::sleep(Duration::from_millis(3));
    now
}

/// Alice, her phone, and where what it did is undone.
fn pair(server: &TestServer) -> (Client, Client, String) {
    let alice = server.user("alice");
    let phone = server.client_with_scope("alice", "");
    phone.get("/api/v1/me").ok();
    let all = json(&phone.get("/api/v1/devices").ok());
    let own = all["items"]
        .as_array()
        .expect("devices")
        .iter()
        .find(|one| one["current"] == true)
        .expect("itself")
        .clone();
    (alice, phone, format!("/api/v1/devices/{}:undo", own["id"].as_str().expect("an id")))
}

/// The calendars of the account by the last segment of their addresses: name and colour.
fn calendars(client: &Client) -> BTreeMap<String, (Value, Value)> {
    let all = json(&client.get("/api/v1/calendars").ok());
    let one = |one: &Value| {
        let href = one["href"].as_str().expect("an address").trim_end_matches('/');
        (href.rsplit('/').next().expect("a segment").to_owned(), (one["name"].clone(), one["color"].clone()))
    };
    all["items"].as_array().expect("items").iter().map(one).collect()
}

/// What was told, by the ids of collections: what became of them, and of how many items.
fn told(answer: &Value) -> BTreeMap<String, (String, u64)> {
    let all = answer["collections"].as_array().unwrap_or_else(|| panic!("{answer}"));
    all.iter()
        .map(|one| {
            let fate = one["collection"]["outcome"].as_str().unwrap_or("-").to_owned();
            (
                one["id"].as_str().expect("an id").to_owned(),
                (fate, one["report"]["changed"].as_u64().expect("a sum")),
            )
        })
        .collect()
}

fn names(client: &Client, path: &str) -> Vec<String> {
    let found = client.propfind(path, "1", &["D:getetag"]).multistatus();
    let all = found.hrefs().into_iter().filter(|href| !href.ends_with('/'));
    let mut names: Vec<String> =
        all.map(|href| href.rsplit('/').next().expect("a name").to_owned()).collect();
    names.sort();
    names
}

fn rename(client: &Client, id: &str, name: &str, color: &str) {
    let answer =
        send(client, "PATCH", &format!("/api/v1/calendars/{id}"), &value!({ "name": name, "color": color }));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

both! {
    fn collections_come_back_go_and_are_what_they_were(db) {
        let server = TestServer::start(db);
        let (alice, phone, undo) = pair(&server);
        for name in ["work", "kept", "covered"] {
            alice.mkcalendar(&alice.calendar(&format!("{name}/")), "").created();
            rename(&alice, &id_of(&alice, "calendars", name), name, "#111111");
        }
        for item in ["a", "b", "c"] {
            alice.put(&alice.calendar(&format!("work/{item}")), samples::meeting(item)).created();
        }
        let [work, kept, covered] = ["work", "kept", "covered"].map(|name| id_of(&alice, "calendars", name));
        let before = calendars(&alice);
        let since = instant(&server);
        // The phone goes mad.
        phone.delete(&alice.calendar("work/a")).no_content();
        rename(&phone, &work, "Mad", "#FF0000");
        phone.delete(&alice.calendar("work/")).no_content();
        rename(&phone, &kept, "Mad", "#FF0000");
        rename(&phone, &kept, "Madder", "#00FF00");
        rename(&phone, &covered, "Mad", "#FF0000");
        rename(&alice, &covered, "Mine", "#222222");
        for name in ["junk", "used", "passing", "named"] {
            phone.mkcalendar(&alice.calendar(&format!("{name}/")), "").created();
            phone.put(&alice.calendar(&format!("{name}/x")), samples::meeting("x")).created();
        }
        // In its place another, which is to go first.
        phone.mkcalendar(&alice.calendar("work/"), "").created();
        let [junk, used, named, other] = ["junk", "used", "named", "work"].map(|name| id_of(&alice, "calendars", name));
        alice.put(&alice.calendar("used/y"), samples::meeting("y")).created();
        rename(&alice, &named, "Mine", "#222222");
        phone.delete(&alice.calendar("passing/")).no_content();
        let mad = calendars(&alice);
        let wanted: BTreeMap<String, (String, u64)> = [
            (&work, "returned", 1), (&kept, "reverted", 0), (&covered, "covered", 0), (&junk, "removed", 1), (&used, "covered", 1), (&named, "covered", 1), (&other, "removed", 0),
        ].into_iter().map(|(id, fate, items)| (id.clone(), (fate.to_owned(), items))).collect();
        let dry = json(&send(&alice, "POST", &undo, &value!({ "since": since, "dryRun": true })));
        assert_eq!(told(&dry), wanted, "{dry}");
        assert_eq!(calendars(&alice), mad, "nothing was done");
        assert_eq!(names(&alice, &alice.calendar("junk/")), ["x"]);
        let done = json(&send(&alice, "POST", &undo, &value!({ "since": since })));
        assert_eq!(told(&done), wanted, "{done}");
        let mut right = before.clone();
        right.insert("covered".to_owned(), (value!("Mine"), value!("#222222")));
        for left in ["used", "named"] {
            right.insert(left.to_owned(), calendars(&alice)[left].clone());
        }
        assert_eq!(calendars(&alice), right);
        assert_eq!(id_of(&alice, "calendars", "work"), work, "at its own place");
        assert_eq!(names(&alice, &alice.calendar("work/")), ["a", "b", "c"]);
        assert_eq!(names(&alice, &alice.calendar("used/")), ["y"]);
        // What went is in the trash, and can be had again.
        let back = alice.request("POST", &format!("/api/v1/deleted-calendars/{junk}:restore")).send();
        assert_eq!(back.status, 200, "{}", back.text());
        // Done again there is nothing left to be done but what is covered.
        let again = told(&json(&send(&alice, "POST", &undo, &value!({ "since": since }))));
        assert!(again.values().all(|(fate, items)| fate == "covered" && *items == 0), "{again:?}");
    }

    fn what_others_deleted_or_own_is_left(db) {
        let server = TestServer::start(db);
        let (alice, phone, undo) = pair(&server);
        let bob = server.user("bob");
        for name in ["mine", "late"] {
            alice.mkcalendar(&alice.calendar(&format!("{name}/")), "").created();
        }
        // Before the instant it is none of this.
        phone.delete(&alice.calendar("late/")).no_content();
        let since = instant(&server);
        alice.delete(&alice.calendar("mine/")).no_content();
        assert_eq!(told(&json(&send(&alice, "POST", &undo, &value!({ "since": since })))), BTreeMap::new());
        assert!(!calendars(&alice).contains_key("mine") && !calendars(&alice).contains_key("late"));
        // Another's device of that name is nobody's here.
        let undone = told(&json(&send(&bob, "POST", &undo, &value!({ "since": since }))));
        assert_eq!(undone, BTreeMap::new());
        // An address book comes back as a calendar does.
        let made = send(&alice, "POST", "/api/v1/address-books", &value!({ "name": "Club" }));
        assert_eq!(made.status, 201, "{}", made.text());
        let club = serde_json::from_slice::<Value>(&made.body).expect("JSON")["id"].as_str().expect("an id").to_owned();
        phone.delete(&format!("/api/v1/address-books/{club}")).no_content();
        let undone = told(&json(&send(&alice, "POST", &undo, &value!({ "since": since }))));
        assert_eq!(undone.get(&club).map(|(fate, _)| fate.as_str()), Some("returned"), "{undone:?}");
        alice.get(&format!("/api/v1/address-books/{club}")).ok();
    }

    fn collections_are_brought_back_once(db) {
        let server = TestServer::start(db);
        let (alice, phone, undo) = pair(&server);
        for name in ["gone", "named"] {
            alice.mkcalendar(&alice.calendar(&format!("{name}/")), "").created();
            alice.put(&alice.calendar(&format!("{name}/a")), samples::meeting("a")).created();
        }
        let [gone, named] = ["gone", "named"].map(|name| id_of(&alice, "calendars", name));
        let since = instant(&server);
        phone.delete(&alice.calendar("gone/a")).no_content();
        phone.delete(&alice.calendar("gone/")).no_content();
        rename(&phone, &named, "Mad", "#FF0000");
        phone.mkcalendar(&alice.calendar("junk/"), "").created();
        let junk = id_of(&alice, "calendars", "junk");
        let ask = |key: &str| {
            let request = alice.request("POST", &undo).header("Content-Type", "application/json").header("Idempotency-Key", key);
            request.body(value!({ "since": since }).to_string()).ok()
        };
        let first = ask("once");
        let wanted = [(&gone, "returned", 1), (&named, "reverted", 0), (&junk, "removed", 0)];
        let wanted: BTreeMap<String, (String, u64)> = wanted.into_iter().map(|(id, fate, items)| (id.clone(), (fate.to_owned(), items))).collect();
        assert_eq!(told(&json(&first)), wanted);
        // The same again, whatever came since, and nothing of it is done.
        phone.delete(&alice.calendar("gone/")).no_content();
        rename(&phone, &named, "Madder", "#FF0000");
        let mad = calendars(&alice);
        assert_eq!(ask("once").text(), first.text());
        assert_eq!(calendars(&alice), mad);
        assert_eq!(told(&json(&ask("anew"))).into_keys().collect::<Vec<_>>().len(), 2);
        assert!(calendars(&alice).contains_key("gone") && names(&alice, &alice.calendar("gone/")) == ["a"]);
    }

    fn what_stands_in_ones_home_keeps_its_owners_words(db) {
        let server = TestServer::start(db);
        let (alice, phone, undo) = pair(&server);
        let bob = server.user("bob");
        bob.mkcalendar(&bob.calendar("team/"), "").created();
        let team = id_of(&bob, "calendars", "team");
        rename(&bob, &team, "Team", "#111111");
        let shared = send(&bob, "POST", &format!("/api/v1/calendars/{team}/shares"), &value!({ "with": "alice", "role": "delegate" }));
        assert_eq!(shared.status, 201, "{}", shared.text());
        let taken = send(&alice, "PUT", &format!("/api/v1/calendars/{team}/subscription"), &value!({ "name": "Mine", "color": "#222222" }));
        assert_eq!(taken.status, 201, "{}", taken.text());
        let since = instant(&server);
        // The zone is the calendar's, the name is her own.
        let zone = send(&phone, "PATCH", &format!("/api/v1/calendars/{team}"), &value!({ "name": "Mad", "timeZone": "Asia/Tokyo" }));
        assert_eq!(zone.status, 200, "{}", zone.text());
        let done = json(&send(&alice, "POST", &undo, &value!({ "since": since })));
        assert_eq!(told(&done).get(&team), Some(&("reverted".to_owned(), 0)), "{done}");
        let seen = json(&bob.get(&format!("/api/v1/calendars/{team}")).ok());
        assert_eq!((&seen["name"], &seen["color"]), (&value!("Team"), &value!("#111111")), "{seen}");
        assert_ne!(seen["timeZone"], "Asia/Tokyo", "{seen}");
    }
}
