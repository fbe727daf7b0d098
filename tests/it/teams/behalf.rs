//! Who did something, and for whom: told of what is another's or a group's, to who sees the item whole.

use super::{group, href, put_in, team_calendar};
use crate::acl::{ace, set};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{id_of, json, send};
use serde_json::{Value, json as value};

fn steps(client: &Client, path: &str) -> Vec<(Value, Value, Value)> {
    let history = json(&client.get(path).ok());
    let step = |one: &Value| (one["what"].clone(), one["by"].clone(), one["onBehalfOf"].clone());
    history["items"].as_array().expect("items").iter().map(step).collect()
}

both! {
    fn a_delegate_and_a_member_act_for_others(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        assert_eq!(send(&alice, "PUT", "/api/v1/me/delegates/bob", &value!({ "role": "delegate" })).status, 204);
        let id = id_of(&alice, "calendars", "default");
        let item = alice.calendar("default/a.ics");
        alice.put(&item, samples::meeting("a")).created();
        bob.put(&item, samples::meeting("a").replace("SUMMARY:", "SUMMARY:!")).no_content();
        let (made, own) = (value!("created"), Value::Null);
        let told = [(value!("changed"), value!("bob"), value!("alice")), (made.clone(), value!("alice"), own.clone())];
        for client in [&alice, &bob] {
            assert_eq!(steps(client, &format!("/api/v1/calendars/{id}/history")), told);
            assert_eq!(steps(client, &format!("/api/v1/calendars/{id}/events/a.ics/history")), told);
        }
        assert_eq!(steps(&alice, &format!("/api/v1/calendars/{id}/history?by=bob")), told[..1]);
        let team = group(&alice, "Équipe", "private");
        put_in(&alice, &team, "bob", "member");
        let of_team = team_calendar(&alice, &team);
        bob.put(&format!("{}b.ics", href(&bob, &of_team)), samples::meeting("b")).created();
        assert_eq!(steps(&alice, &format!("/api/v1/calendars/{of_team}/history")), [(made, value!("bob"), value!(team))]);
        // Asked for, changes tell it too: of the last one of each item.
        let changes = |client: &Client, query: &str| json(&client.get(&format!("/api/v1/calendars/{id}/changes{query}")).ok())["changes"].clone();
        let change = &changes(&alice, "?actors=true")[0];
        assert_eq!((&change["by"], &change["onBehalfOf"]), (&value!("bob"), &value!("alice")));
        assert_eq!(changes(&alice, "")[0].get("by"), None);
        bob.delete(&item).no_content();
        let token = json(&alice.get(&format!("/api/v1/calendars/{id}")).ok())["syncToken"].as_str().expect("a token").to_owned();
        alice.put(&item, samples::meeting("a")).created();
        bob.delete(&item).no_content();
        let change = &changes(&alice, &format!("?actors=true&since={token}"))[0];
        assert_eq!((&change["removed"], &change["by"]), (&value!(true), &value!("bob")));
    }

    fn of_what_is_hidden_it_is_not_told(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let id = id_of(&alice, "calendars", "default");
        let lines = ["DTSTART:20260301T090000Z", "SUMMARY:geheim", "CLASS:PRIVATE"];
        alice.put(&alice.calendar("default/a.ics"), samples::event("a", &lines)).created();
        alice.put(&alice.calendar("default/b.ics"), samples::meeting("b")).created();
        set(&alice, &alice.calendar("default/"), &ace("/dav/principals/users/bob/", &["D:read"])).ok();
        let told = steps(&bob, &format!("/api/v1/calendars/{id}/history"));
        assert_eq!(told.iter().map(|one| one.1.clone()).collect::<Vec<_>>(), [value!("alice"), Value::Null], "{told:?}");
        assert_eq!(steps(&bob, &format!("/api/v1/calendars/{id}/history?by=alice")).len(), 1);
        let changes = json(&bob.get(&format!("/api/v1/calendars/{id}/changes?actors=true")).ok());
        let by: Vec<Value> = changes["changes"].as_array().expect("changes").iter().map(|one| one["by"].clone()).collect();
        assert_eq!(by, [Value::Null, value!("alice")], "{changes}");
    }
}
