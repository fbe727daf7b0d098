//! Invitations by REST: asked with each share, answered by whom they name, seen by the owner; and when nobody is asked.

use super::{id_of, json, problem, send};
use crate::harness::{Client, TestServer, both};
use cenacle::config::Config;
use serde_json::{Value, json as value};

fn share(owner: &Client, list: &str, id: &str, with: &str, role: &str) {
    let made =
        send(owner, "POST", &format!("/api/v1/{list}/{id}/shares"), &value!({ "with": with, "role": role }));
    assert_eq!(made.status, 201, "{}", made.text());
}

fn invitations(client: &Client) -> Vec<Value> {
    json(&client.get("/api/v1/invitations").ok())["items"].as_array().expect("items").clone()
}

fn states(client: &Client) -> Vec<String> {
    invitations(client).iter().map(|one| one["state"].as_str().expect("a state").to_owned()).collect()
}

/// What the owner is told of the only share.
fn told(owner: &Client, id: &str) -> Value {
    json(&owner.get(&format!("/api/v1/calendars/{id}/shares")).ok())["items"][0]["state"].clone()
}

fn answer(client: &Client, id: &str, body: &Value) -> crate::harness::answer::Answer {
    send(client, "PUT", &format!("/api/v1/invitations/{id}/answer"), body)
}

fn subscribed(client: &Client, id: &str) -> Value {
    json(&client.get(&format!("/api/v1/calendars/{id}")).ok())["subscribed"].clone()
}

both! {
    fn a_share_waits_until_it_is_answered(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let id = id_of(&alice, "calendars", "default");
        share(&alice, "calendars", &id, "bob", "read");
        assert_eq!(told(&alice, &id), "waiting");
        let all = invitations(&bob);
        assert_eq!(all.len(), 1);
        let one = &all[0];
        assert_eq!((one["collection"].as_str(), one["list"].as_str(), one["role"].as_str(), one["state"].as_str()), (Some(id.as_str()), Some("calendars"), Some("read"), Some("waiting")));
        assert_eq!((one["owner"]["handle"].as_str(), one["by"]["handle"].as_str(), one["group"].is_null()), (Some("alice"), Some("alice"), true));
        assert_eq!(one["href"].as_str(), Some(alice.calendar("default/").as_str()));
        // The right is there at once; his home is not touched.
        assert_eq!(subscribed(&bob, &id), false);
        let invitation = one["id"].as_str().expect("an id").to_owned();
        // Nobody else's business: like one that never was.
        let (forbidden, absent) = (answer(&eve, &invitation, &value!({ "state": "accepted" })), answer(&eve, "7", &value!({ "state": "accepted" })));
        problem(&forbidden, 404, "not-found");
        assert_eq!(forbidden.text(), absent.text());
        problem(&answer(&alice, &invitation, &value!({ "state": "accepted" })), 404, "not-found");
        for (body, field) in [
            (value!({ "state": "perhaps" }), "/state"), (value!({ "state": "accepted", "name": "" }), "/name"),
            (value!({ "state": "accepted", "pathName": "a/b" }), "/pathName"),
        ] {
            assert_eq!(problem(&answer(&bob, &invitation, &body), 400, "bad-request"), field);
        }
        assert_eq!(states(&bob), ["waiting"]);
        // A login that only reads, or opens other things, answers nothing.
        let reader = server.client_with_scope("bob", "read");
        assert_eq!((states(&reader), answer(&reader, &invitation, &value!({ "state": "accepted" })).status), (vec!["waiting".to_owned()], 403));
        let other = server.client_with_scope("bob", "contacts");
        assert_eq!((states(&other).len(), answer(&other, &invitation, &value!({ "state": "accepted" })).status), (0, 404));
        // Accepted, under a name of his own.
        let accepted = answer(&bob, &invitation, &value!({ "state": "accepted", "name": "Alice", "pathName": "elle" }));
        assert_eq!(accepted.status, 200, "{}", accepted.text());
        assert_eq!((json(&accepted)["state"].as_str(), json(&accepted)["href"].as_str()), (Some("accepted"), Some(bob.calendar("elle/").as_str())));
        assert_eq!((bob.property(&bob.calendar("elle/"), "D:displayname").as_str(), told(&alice, &id)), ("Alice", value!("accepted")));
        // Again does no harm.
        assert_eq!(answer(&bob, &invitation, &value!({ "state": "accepted" })).status, 200);
        assert_eq!(bob.property(&bob.calendar("elle/"), "D:displayname"), "Alice");
        // He thinks better of it: the right stays, his home has it no more.
        assert_eq!(answer(&bob, &invitation, &value!({ "state": "declined" })).status, 200);
        assert_eq!((told(&alice, &id), subscribed(&bob, &id)), (value!("declined"), value!(false)));
        bob.propfind(&bob.calendar("elle/"), "0", &["D:getetag"]).status(404);
        // Taking it in by the other door is an answer too, and giving it up.
        send(&bob, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({}));
        assert_eq!((told(&alice, &id), states(&bob)), (value!("accepted"), vec!["accepted".to_owned()]));
        bob.delete(&format!("/api/v1/calendars/{id}/subscription")).no_content();
        assert_eq!((told(&alice, &id), states(&bob)), (value!("declined"), vec!["declined".to_owned()]));
        // Revoked, there is nothing left of it.
        assert_eq!(answer(&bob, &invitation, &value!({ "state": "accepted" })).status, 200);
        alice.delete(&format!("/api/v1/calendars/{id}/shares/bob")).no_content();
        assert_eq!(states(&bob), Vec::<String>::new());
        problem(&answer(&bob, &invitation, &value!({ "state": "accepted" })), 404, "not-found");
        bob.propfind(&bob.calendar("alice-default/"), "0", &["D:getetag"]).status(404);
        // Given again, he is asked again.
        share(&alice, "calendars", &id, "bob", "write");
        assert_eq!((states(&bob), told(&alice, &id), subscribed(&bob, &id)), (vec!["waiting".to_owned()], value!("waiting"), value!(false)));
        // Less than reading is nothing to have in a home.
        share(&alice, "calendars", &id, "bob", "access");
        assert_eq!((states(&bob), told(&alice, &id)), (vec![], Value::Null));
    }

    fn other_ways_to_take_a_right_away_take_the_invitation(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let id = id_of(&alice, "calendars", "default");
        for way in ["acl", "ACL", "custom"] {
            share(&alice, "calendars", &id, "bob", "read");
            assert_eq!(states(&bob), ["waiting"], "{way}");
            match way {
                "acl" => assert_eq!(send(&alice, "PUT", &format!("/api/v1/calendars/{id}/acl"), &value!({ "entries": [] })).status, 200),
                "ACL" => {
                    crate::acl::set(&alice, &alice.calendar("default/"), "").ok();
                }
                _ => assert_eq!(send(&alice, "PATCH", &format!("/api/v1/calendars/{id}/acl"), &value!({ "grant": [{ "principal": "bob", "privileges": ["read-free-busy"] }] })).status, 200),
            }
            assert_eq!(states(&bob), Vec::<String>::new(), "{way}");
            assert_eq!(bob.propfind("/dav/notifications/bob/", "1", &["D:getetag"]).multistatus().members.len(), 1, "{way}");
        }
        // A right by an ACL alone is no invitation, as before.
        crate::acl::set(&alice, &alice.calendar("default/"), &crate::acl::ace(&bob.principal(), &["D:read"])).ok();
        assert_eq!((states(&bob), told(&alice, &id)), (vec![], Value::Null));
        // What is deleted invites to nothing; put back, it does again.
        let made = send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "Other" }));
        let other = json(&made)["id"].as_str().expect("an id").to_owned();
        share(&alice, "calendars", &other, "bob", "read");
        alice.delete(&format!("/api/v1/calendars/{other}")).no_content();
        assert_eq!(states(&bob), Vec::<String>::new());
        assert_eq!(send(&alice, "POST", &format!("/api/v1/deleted-calendars/{other}:restore"), &value!({})).status, 200);
        assert_eq!(states(&bob), ["waiting"]);
    }

    fn nobody_is_asked_where_that_is_usual_or_wished(db) {
        let mut config = Config::default();
        config.rights.accept_invitations = true;
        let server = TestServer::with_config(db, config);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let usual = json(&bob.get("/api/v1/me/sharing").ok());
        assert_eq!((usual["invitations"].as_str(), usual["acceptedUnasked"].as_bool()), (Some("default"), Some(true)));
        assert_eq!(json(&send(&eve, "PUT", "/api/v1/me/sharing", &value!({ "invitations": "ask" })))["acceptedUnasked"], false);
        assert_eq!(problem(&send(&eve, "PUT", "/api/v1/me/sharing", &value!({ "invitations": "x" })), 400, "bad-request"), "/invitations");
        let id = id_of(&alice, "calendars", "default");
        for with in ["bob", "eve"] {
            share(&alice, "calendars", &id, with, "read");
        }
        assert_eq!((states(&bob), subscribed(&bob, &id)), (vec!["accepted".to_owned()], value!(true)));
        bob.propfind(&bob.calendar("alice-default/"), "0", &["D:getetag"]).multistatus();
        assert_eq!((states(&eve), subscribed(&eve, &id)), (vec!["waiting".to_owned()], value!(false)));
        // It may be given up all the same, and stays so until he is invited again.
        bob.delete(&bob.calendar("alice-default/")).no_content();
        assert_eq!(states(&bob), ["declined"]);
    }

    fn who_wants_not_to_be_asked_is_not(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let told = json(&send(&bob, "PUT", "/api/v1/me/sharing", &value!({ "invitations": "accept" })));
        assert_eq!((told["invitations"].as_str(), told["acceptedUnasked"].as_bool()), (Some("accept"), Some(true)));
        let book = id_of(&alice, "address-books", "default");
        share(&alice, "address-books", &book, "bob", "read");
        assert_eq!(states(&bob), ["accepted"]);
        bob.propfind(&bob.book("alice-default/"), "0", &["D:getetag"]).multistatus();
    }

    fn who_may_give_rights_invites_and_who_may_not_does_not(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let id = id_of(&alice, "calendars", "default");
        let shares = format!("/api/v1/calendars/{id}/shares");
        for role in ["read", "write", "delegate"] {
            share(&alice, "calendars", &id, "bob", role);
            problem(&send(&bob, "POST", &shares, &value!({ "with": "eve", "role": "read" })), 403, "need-privileges");
        }
        assert_eq!(states(&eve), Vec::<String>::new());
        // Who administers it gives what he likes, as the owner; it is told who did.
        let admin = send(&alice, "POST", &shares, &value!({ "with": "bob", "role": "read", "admin": true }));
        assert_eq!(admin.status, 201);
        share(&bob, "calendars", &id, "eve", "write");
        let one = &invitations(&eve)[0];
        assert_eq!((one["owner"]["handle"].as_str(), one["by"]["handle"].as_str(), one["role"].as_str()), (Some("alice"), Some("bob"), Some("write")));
        // He does not shut himself out by a share to himself.
        assert_eq!(send(&bob, "POST", &shares, &value!({ "with": "bob", "role": "read" })).status, 403);
    }
}
