//! From where secret addresses were read: noted without a write, told to who may share and to administrators, bounded.

use super::administrator;
use crate::harness::{Client, TestServer, both};
use crate::rest::{id_of, json, problem, send};
use cenacle::services::link_uses::Reader;
use serde_json::{Value, json as value};

fn uses(client: &Client, path: &str) -> Vec<Value> {
    json(&client.get(path).ok())["items"].as_array().expect("items").clone()
}

both! {
    fn reads_are_told_by_hour_address_and_program(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let root = administrator(&server);
        let id = id_of(&alice, "calendars", "default");
        let link = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}/links"), &value!({ "scope": "full", "label": "site" })));
        let (number, path) = (link["id"].as_str().expect("an id").to_owned(), link["path"].as_str().expect("a path").to_owned());
        let at = format!("/api/v1/calendars/{id}/links/{number}/uses");
        let anybody = server.anonymous();
        let read = |path: &str, agent: &str, status: u16| anybody.get(path).header("User-Agent", agent).status(status);
        read(&path, "curl/8.9.1", 200);
        read(&path, "curl/8.9.2", 200);
        read(&path, "Mozilla/5.0 (X11; Linux x86_64) Thunderbird/128.0", 200);
        let told = |client: &Client| {
            server.wait(server.core().keep_link_uses()).expect("written");
            let mut all: Vec<_> = uses(client, &at).into_iter().map(|one| (one["program"].as_str().unwrap_or("-").to_owned(), one["times"].as_i64().expect("a number"), one["address"].clone(), one["label"].clone())).collect();
            all.sort_by(|one, other| one.0.cmp(&other.0));
            all
        };
        let entry = |program: &str, times: i64| (program.to_owned(), times, value!("127.0.0.1"), value!("site"));
        assert_eq!(told(&alice), [entry("Thunderbird", 1), entry("curl", 2)]);
        // The same hour again is added to.
        read(&path, "curl/8", 200);
        assert_eq!(told(&alice), [entry("Thunderbird", 1), entry("curl", 3)]);
        // With another secret the old one opens nothing, and is no read; the new one is.
        let renewed = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}/links/{number}:rotate"), &value!({})));
        read(&path, "curl/8", 404);
        read(renewed["path"].as_str().expect("a path"), "curl/8", 200);
        assert_eq!(told(&alice), [entry("Thunderbird", 1), entry("curl", 4)]);
        // Pages.
        let page = json(&alice.get(&format!("{at}?limit=1")).ok());
        let next = page["next"].as_str().expect("more");
        assert_eq!(uses(&alice, &format!("{at}?limit=1&cursor={next}")).len(), 1);
        assert_eq!(problem(&alice.get(&format!("{at}?cursor=x")).send(), 400, "bad-request"), "cursor");
        // A reader of the calendar is not told; an administrator is, by his own list.
        assert_eq!(send(&alice, "POST", &format!("/api/v1/calendars/{id}/shares"), &value!({ "with": "bob", "role": "read" })).status, 201);
        problem(&bob.get(&at).send(), 403, "need-privileges");
        bob.get("/api/v1/admin/link-uses").status(404);
        assert_eq!(uses(&root, "/api/v1/admin/link-uses").len(), 2);
        assert_eq!(uses(&root, "/api/v1/admin/link-uses?owner=alice")[0]["owner"], "alice");
        assert!(uses(&root, "/api/v1/admin/link-uses?owner=bob").is_empty());
        // When it is taken back there is nothing to be told of it, but to administrators.
        alice.delete(&format!("/api/v1/calendars/{id}/links/{number}")).no_content();
        alice.get(&at).status(404);
        assert_eq!(uses(&root, "/api/v1/admin/link-uses").len(), 2);
    }

    fn nobody_fills_the_database_by_reading(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        let link = json(&send(&alice, "POST", &format!("/api/v1/calendars/{id}/links"), &value!({ "scope": "full" })));
        let (number, token) = (link["id"].as_str().expect("an id"), link["token"].as_str().expect("a token"));
        let core = server.core();
        let followed = server.wait(core.follow_link(token)).expect("it opens");
        let follow = |agent: String| core.note_link_read(&followed, Reader { address: None, agent: Some(&agent) });
        (0..150).for_each(|at| follow(format!("p{at}/1")));
        server.wait(core.keep_link_uses()).expect("written");
        (0..5).for_each(|at| follow(format!("q{at}/1")));
        server.wait(core.keep_link_uses()).expect("written");
        let all = uses(&alice, &format!("/api/v1/calendars/{id}/links/{number}/uses?limit=1000"));
        assert_eq!(all.len(), 101);
        assert_eq!(all.iter().map(|one| one["times"].as_i64().expect("a number")).sum::<i64>(), 155);
        assert_eq!(all.iter().filter(|one| one["others"] == true).map(|one| one["times"].as_i64()).collect::<Vec<_>>(), [Some(55)]);
        // After its time it is forgotten.
        crate::groups::run(&server, &["UPDATE link_use SET hour = hour - 7776000000000 - 3600000000".to_owned()]);
        assert_eq!(server.wait(core.purge_link_uses()).expect("forgotten"), 101);
    }
}
