//! Logins of programs: tokens that renew, sessions that end, application passwords with a scope and an end.

use super::{id_of, json, problem, send, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::services::Limits;
use serde_json::{Value, json as value};

const ME: &str = "/api/v1/me";

fn log_in(server: &TestServer, body: &Value) -> Answer {
    send(&server.anonymous(), "POST", "/api/v1/auth/token", body)
}

/// Alice, whose password is `secret`, and her first tokens.
fn alice(server: &TestServer) -> Value {
    server.user("alice");
    server.wait(server.core().set_password("alice", "secret")).expect("a password");
    let answer = log_in(
        server,
        &value!({ "grant_type": "password", "username": "alice", "password": "secret", "device": "Test" }),
    );
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    json(&answer)
}

fn text(told: &Value, member: &str) -> String {
    told[member].as_str().unwrap_or_else(|| panic!("{member}: {told}")).to_owned()
}

fn bearer(server: &TestServer, told: &Value) -> Client {
    Client::bearer(server.address(), &text(told, "access_token"))
}

fn renew(server: &TestServer, token: &str) -> Answer {
    log_in(server, &value!({ "grant_type": "refresh_token", "refresh_token": token }))
}

both! {
    fn tokens_are_given_and_renewed(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        assert_eq!((&first["token_type"], &first["expires_in"], &first["scope"]), (&value!("Bearer"), &value!(900), &value!("")));
        assert_eq!(json(&bearer(&server, &first).get(ME).ok())["handle"], "alice");
        // DAV takes them too.
        bearer(&server, &first).propfind("/dav/calendars/alice/", "0", &["D:displayname"]).multistatus();
        let second = json(&renew(&server, &text(&first, "refresh_token")));
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        assert_eq!(second["session"], first["session"]);
        bearer(&server, &second).get(ME).ok();
        // On another node, and in the form that OAuth prescribes.
        let node = server.beside(Limits::default());
        let form = format!("grant_type=refresh_token&refresh_token={}", text(&second, "refresh_token"));
        let third = node.anonymous().request("POST", "/api/v1/auth/token").header("Content-Type", "application/x-www-form-urlencoded").body(form).ok();
        bearer(&server, &json(&third)).get(ME).ok();
    }

    fn a_renewing_token_that_comes_twice_ends_its_session(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        let stolen = text(&first, "refresh_token");
        let second = json(&renew(&server, &stolen));
        problem(&renew(&server, &stolen), 401, "unauthenticated");
        // Whoever it was that renewed in between is out as well.
        problem(&renew(&server, &text(&second, "refresh_token")), 401, "unauthenticated");
        for told in [&first, &second] {
            problem(&bearer(&server, told).get(ME).send(), 401, "unauthenticated");
        }
    }

    fn of_two_renewals_at_once_one_is_good(db) {
        let server = TestServer::start(db);
        let token = text(&alice(&server), "refresh_token");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..6).map(|_| scope.spawn(|| renew(&server, &token).status)).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
    }

    fn a_session_that_is_ended_is_ended_everywhere(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        let node = server.beside(Limits::default());
        for (member, path) in [("refresh_token", "/api/v1/auth/revoke"), ("access_token", "/api/v1/auth/revoke")] {
            let told = json(&log_in(&server, &value!({ "grant_type": "password", "username": "Alice@example.org", "password": "secret" })));
            assert_eq!(send(&node.anonymous(), "POST", path, &value!({ "token": text(&told, member) })).status, 204);
            problem(&bearer(&server, &told).get(ME).send(), 401, "unauthenticated");
            problem(&renew(&server, &text(&told, "refresh_token")), 401, "unauthenticated");
        }
        // The other session is not touched, and is listed.
        let client = bearer(&server, &first);
        let page = json(&client.get("/api/v1/sessions").ok());
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
        let session = &page["items"][0];
        assert_eq!((&session["device"], &session["current"], &session["id"]), (&value!("Test"), &value!(true), &first["session"]));
        let bob = server.user("bob");
        let at = format!("/api/v1/sessions/{}", text(&first, "session"));
        problem(&bob.delete(&at).send(), 404, "not-found");
        client.delete(&at).no_content();
        problem(&client.get(ME).send(), 401, "unauthenticated");
        // What is no token ends nothing, and the answer is the same.
        assert_eq!(send(&server.anonymous(), "POST", "/api/v1/auth/revoke", &value!({ "token": "x" })).status, 204);
    }

    fn a_changed_password_and_a_suspended_account_end_sessions(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        server.wait(server.core().set_password("alice", "other")).expect("a password");
        problem(&bearer(&server, &first).get(ME).send(), 401, "unauthenticated");
        problem(&renew(&server, &text(&first, "refresh_token")), 401, "unauthenticated");
        let body = value!({ "grant_type": "password", "username": "alice", "password": "other" });
        let again = json(&log_in(&server, &body));
        let state = cenacle::domain::principal::PrincipalState::Suspended;
        server.wait(server.core().set_account_state("alice", state)).expect("suspended");
        problem(&renew(&server, &text(&again, "refresh_token")), 401, "unauthenticated");
        problem(&log_in(&server, &body), 401, "unauthenticated");
    }

    fn tokens_of_one_kind_are_not_those_of_the_other(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        problem(&Client::bearer(server.address(), &text(&first, "refresh_token")).get(ME).send(), 401, "unauthenticated");
        problem(&renew(&server, &text(&first, "access_token")), 401, "unauthenticated");
        bearer(&server, &first).get(ME).ok();
        for forged in ["", "x.y.z", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZXhwIjo5OTk5OTk5OTk5LCJ2ZXIiOjAsInNjb3BlIjoiIn0."] {
            problem(&Client::bearer(server.address(), forged).get(ME).send(), 401, "unauthenticated");
        }
    }

    fn a_scope_holds_at_every_door(db) {
        let server = TestServer::start(db);
        alice(&server);
        let ask = |scope: &str| log_in(&server, &value!({ "grant_type": "password", "username": "alice", "password": "secret", "scope": scope }));
        let read = json(&ask("read calendars"));
        assert_eq!(read["scope"], "read calendars");
        let client = bearer(&server, &read);
        let renewed = bearer(&server, &json(&renew(&server, &text(&read, "refresh_token"))));
        for client in [client, renewed] {
            let id = id_of(&client, "calendars", "default");
            client.get(&format!("/api/v1/calendars/{id}/events")).ok();
            problem(&send(&client, "PATCH", &format!("/api/v1/calendars/{id}"), &value!({ "name": "x" })), 403, "need-privileges");
            problem(&client.get("/api/v1/address-books").send(), 404, "not-found");
            let put = client.put("/dav/calendars/alice/default/x", samples::meeting("x")).send();
            assert_eq!(put.status, 403);
            client.propfind("/dav/addressbooks/alice/default/", "0", &["D:displayname"]).status(404);
            for (method, path) in [("GET", "/api/v1/sessions"), ("GET", "/api/v1/app-passwords"), ("DELETE", "/api/v1/sessions/1"), ("DELETE", "/api/v1/app-passwords/1")] {
                problem(&client.request(method, path).send(), 403, "scope-too-narrow");
            }
            problem(&send(&client, "POST", "/api/v1/app-passwords", &value!({ "name": "x" })), 403, "scope-too-narrow");
        }
        assert_eq!(problem(&ask("everything"), 400, "bad-request"), "/scope");
        // A login by a narrow password opens no wide session.
        let made = server.wait(server.core().add_app_password("alice", "narrow", "contacts")).expect("a password").1;
        let narrow = |scope: Value| log_in(&server, &value!({ "grant_type": "password", "username": "alice", "password": made, "scope": scope }));
        assert_eq!(problem(&narrow(value!("calendars")), 403, "scope-too-narrow"), "/scope");
        assert_eq!(json(&narrow(Value::Null))["scope"], "write contacts");
    }

    fn application_passwords_are_made_used_and_taken_away(db) {
        let server = TestServer::start(db);
        let (alice, bob, _) = three(&server);
        let id = id_of(&alice, "calendars", "default");
        let made = send(&alice, "POST", "/api/v1/app-passwords", &value!({ "name": "Script", "scope": format!("read collection:{id}") }));
        assert_eq!((made.status, made.header("Cache-Control")), (201, Some("no-store")));
        let told = json(&made);
        assert_eq!(made.header("Location"), Some(format!("/api/v1/app-passwords/{}", text(&told, "id")).as_str()));
        let password = text(&told, "password");
        for client in [Client::new(server.address(), "alice", &password), Client::bearer(server.address(), &password)] {
            client.get(&format!("/api/v1/calendars/{id}")).ok();
            problem(&client.delete(&format!("/api/v1/calendars/{id}/events/x")).send(), 404, "not-found");
            problem(&client.get(&format!("/api/v1/calendars/{}", id_of(&alice, "calendars", "tasks"))).send(), 404, "not-found");
        }
        let page = json(&alice.get("/api/v1/app-passwords").ok());
        let listed = page["items"].as_array().expect("items").iter().find(|one| one["id"] == told["id"]).expect("it").clone();
        assert_eq!((&listed["name"], &listed["expires"]), (&value!("Script"), &Value::Null));
        assert!(listed["lastUsed"].is_string() && !page.to_string().contains(&password), "{page}");
        let at = format!("/api/v1/app-passwords/{}", text(&told, "id"));
        problem(&bob.delete(&at).send(), 404, "not-found");
        alice.delete(&at).no_content();
        problem(&alice.delete(&at).send(), 404, "not-found");
        for client in [Client::new(server.address(), "alice", &password), Client::bearer(server.address(), &password)] {
            problem(&client.get(ME).send(), 401, "unauthenticated");
        }
    }

    fn an_application_password_ends_at_its_time(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
        let told = json(&send(&alice, "POST", "/api/v1/app-passwords", &value!({ "name": "Short", "expires": soon.to_string() })));
        let password = text(&told, "password");
        let clients = [Client::new(server.address(), "alice", &password), Client::bearer(server.address(), &password)];
        for client in &clients {
            client.get(ME).ok();
        }
        std::thread::sleep(std::time::Duration::from_secs(4));
        for client in &clients {
            problem(&client.get(ME).send(), 401, "unauthenticated");
        }
    }

    fn what_an_ending_password_opens_ends_with_it(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        alice(&server);
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5);
        let made = server.core().add_app_password_until("alice", "Short", "", Some(end.as_microsecond()));
        let password = server.wait(made).expect("a password").1;
        let told = json(&log_in(&server, &value!({ "grant_type": "password", "username": "alice", "password": password })));
        assert!(told["expires_in"].as_u64().is_some_and(|seconds| seconds <= 5), "{told}");
        let renewed = json(&renew(&server, &text(&told, "refresh_token")));
        // Each way to a login of it, on each node; what they make ends with it, and no later end is given.
        let clients = [
            Client::new(server.address(), "alice", &password),
            Client::bearer(node.address(), &password),
            bearer(&server, &renewed),
            bearer(&node, &renewed),
        ];
        let made: Vec<String> = clients.iter().map(|client| {
            let later = value!({ "name": "x", "expires": (end + jiff::SignedDuration::from_secs(1)).to_string() });
            assert_eq!(problem(&send(client, "POST", "/api/v1/app-passwords", &later), 400, "bad-request"), "/expires");
            let sooner = value!({ "name": "sooner", "expires": (end - jiff::SignedDuration::from_millis(1)).to_string() });
            assert_eq!(send(client, "POST", "/api/v1/app-passwords", &sooner).status, 201);
            text(&json(&send(client, "POST", "/api/v1/app-passwords", &value!({ "name": "x" }))), "password")
        }).collect();
        let ends = |page: Value| -> Vec<jiff::Timestamp> {
            let items = page["items"].as_array().expect("items").clone();
            let of_it = |one: &&Value| one["device"] != "Test" && one["name"] != "test";
            items.iter().filter(of_it).map(|one| text(one, "expires").parse().expect("an instant")).collect()
        };
        for list in ["/api/v1/app-passwords", "/api/v1/sessions"] {
            let ends = ends(json(&clients[0].get(list).ok()));
            assert!(!ends.is_empty() && ends.iter().all(|at| *at <= end), "{list}: {ends:?}");
        }
        let opened = json(&log_in(&node, &value!({ "grant_type": "password", "username": "alice", "password": made[2] })));
        let rest = end.duration_since(jiff::Timestamp::now()).unsigned_abs();
        std::thread::sleep(rest + std::time::Duration::from_millis(100));
        for client in clients {
            problem(&client.get(ME).send(), 401, "unauthenticated");
        }
        for told in [&told, &opened] {
            problem(&bearer(&server, told).get(ME).send(), 401, "unauthenticated");
        }
        for told in [&renewed, &opened] {
            problem(&renew(&server, &text(told, "refresh_token")), 401, "unauthenticated");
        }
        for password in made {
            problem(&Client::new(server.address(), "alice", &password).get(ME).send(), 401, "unauthenticated");
        }
    }

    fn what_is_wrong_with_a_login_is_named(db) {
        let server = TestServer::start(db);
        let told = alice(&server);
        for (body, field) in [
            (value!({}), "/grant_type"),
            (value!({ "grant_type": "magic" }), "/grant_type"),
            (value!({ "grant_type": "password", "password": "x" }), "/username"),
            (value!({ "grant_type": "password", "username": "alice" }), "/password"),
            (value!({ "grant_type": "refresh_token" }), "/refresh_token"),
            (value!({ "grant_type": "password", "passwort": "x" }), "/passwort"),
        ] {
            assert_eq!(problem(&log_in(&server, &body), 400, "bad-request"), field, "{body}");
        }
        let wrong = |who: &str| log_in(&server, &value!({ "grant_type": "password", "username": who, "password": "wrong" }));
        problem(&wrong("alice"), 401, "unauthenticated");
        assert_eq!(wrong("alice").body, wrong("nobody").body);
        let client = bearer(&server, &told);
        for (body, field) in [
            (value!({ "name": "" }), "/name"),
            (value!({ "name": "x", "scope": "all" }), "/scope"),
            (value!({ "name": "x", "expires": "tomorrow" }), "/expires"),
            (value!({ "name": "x", "expires": "2020-01-01T00:00:00Z" }), "/expires"),
        ] {
            assert_eq!(problem(&send(&client, "POST", "/api/v1/app-passwords", &body), 400, "bad-request"), field, "{body}");
        }
        let keyed = client.request("POST", "/api/v1/app-passwords").header("Content-Type", "application/json").header("Idempotency-Key", "k");
        assert_eq!(problem(&keyed.body(r#"{"name":"x"}"#).send(), 400, "bad-request"), "Idempotency-Key");
        let text = server.anonymous().request("POST", "/api/v1/auth/token").header("Content-Type", "text/plain").body("x").send();
        problem(&text, 415, "unsupported-media-type");
    }
}
