//! Who somebody is: Basic, application passwords, tokens; each request judged for itself. RFC 7617, RFC 6750.

use crate::harness::{Client, TestServer, both, samples};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use std::time::{Duration, Instant};

const PASSWORD: &str = "pa:ss wörd";

/// An account with a person's password and two addresses.
fn person(server: &TestServer) {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        handle: "jdupond".to_owned(),
        display_name: "Jean Dupond".to_owned(),
        addresses: vec!["jean.dupond@example.org".to_owned(), "jd@other.example".to_owned()],
        admin: false,
        time_zone: None,
    };
    server.wait(server.core().create_principal(new, Some(PASSWORD.to_owned()))).expect("an account");
}

fn home(client: &Client) -> u16 {
    client.propfind("/dav/calendars/jdupond/", "0", &["D:resourcetype"]).send().status
}

both! {
    fn by_handle_or_address_in_any_case(db) {
        let server = TestServer::start(db);
        person(&server);
        for login in ["jdupond", "JDupond", "jean.dupond@example.org", "Jean.Dupond@Example.ORG", "jd@other.example"] {
            let client = server.client(login, PASSWORD);
            assert_eq!(home(&client), 207, "{login}");
            // Wherever the login came from, the principal is the one.
            assert_eq!(client.propfind("/", "0", &["D:current-user-principal"]).multistatus().only().href_in("D:current-user-principal"),
                "/dav/principals/users/jdupond/");
        }
        for (login, password) in [("jdupond", "wrong"), ("jdupond", ""), ("nobody", PASSWORD), ("", PASSWORD), ("jdupond", "pa:ss worde")] {
            let answer = server.client(login, password).get("/dav/").status(401);
            assert!(answer.header("WWW-Authenticate").is_some_and(|challenge| challenge.starts_with("Basic realm=")), "{login}");
        }
    }

    fn without_a_login_there_is_a_challenge_everywhere(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let nobody = server.anonymous();
        for path in ["/", "/dav/", "/dav/principals/", "/dav/principals/users/alice/", "/dav/calendars/alice/", "/dav/calendars/alice/default/",
            "/dav/calendars/alice/default/a.ics", "/dav/calendars/nobody/", "/nothing/at/all", "/dav/%00"] {
            for method in ["GET", "PROPFIND", "PUT", "DELETE", "REPORT", "MKCALENDAR", "PROPPATCH"] {
                let answer = nobody.request(method, path).status(401);
                assert!(answer.header("WWW-Authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")), "{method} {path}");
                assert!(!answer.text().contains("alice"));
            }
        }
        for bad in ["Basic", "Basic !!!", "Basic YQ==", "Digest x", "Bearer", "Bearer x.y.z", "Negotiate abc", ""] {
            nobody.get("/dav/").header("Authorization", bad).status(401);
        }
        for path in ["/.well-known/caldav", "/.well-known/carddav"] {
            assert!(nobody.request("PROPFIND", path).send().header("Location").is_some());
        }
    }

    fn forbidden_is_never_a_401(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        for path in ["/dav/calendars/alice/", "/dav/calendars/alice/default/", "/dav/calendars/alice/default/a.ics", "/nothing", "/dav/%00"] {
            for method in ["GET", "PROPFIND", "PUT", "DELETE", "REPORT", "MKCALENDAR", "PROPPATCH", "ACL", "LOCK"] {
                assert_ne!(bob.request(method, path).send().status, 401, "{method} {path}");
            }
        }
    }

    fn a_looping_wrong_password_is_cheap_and_harms_nobody(db) {
        let server = TestServer::start(db);
        person(&server);
        let (right, wrong) = (server.client("jdupond", PASSWORD), server.client("jdupond", "old password"));
        assert_eq!(home(&right), 207);
        wrong.get("/dav/").status(401);
        let begun = Instant::now();
        for _ in 0..100 {
            wrong.get("/dav/").status(401);
        }
        // A slow hash each would take more than three seconds.
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(home(&right), 207);
        // Many different ones are put off, not answered by a hash each; and the right one still gets in where it was known.
        let begun = Instant::now();
        let mut seen = Vec::new();
        for at in 0..60 {
            seen.push(server.client("jdupond", &format!("guess {at}")).get("/dav/").send().status);
        }
        assert!(seen.iter().all(|status| [401, 429, 503].contains(status)), "{seen:?}");
        assert!(seen.iter().any(|status| *status != 401), "guessing is slowed down");
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert_eq!(home(&right), 207);
    }

    fn a_login_without_padding_is_one(db) {
        let server = TestServer::start(db);
        person(&server);
        for (engine, password) in [(STANDARD, PASSWORD), (STANDARD_NO_PAD, PASSWORD), (STANDARD_NO_PAD, "wrong")] {
            let words = engine.encode(format!("jdupond:{password}"));
            let answer = server.anonymous().get("/dav/").header("Authorization", &format!("Basic {words}")).send();
            assert_eq!(answer.status == 401, password == "wrong", "{words}");
        }
    }

    fn who_came_with_a_token_is_told_of_it(db) {
        let server = TestServer::start(db);
        server.user("alice");
        let challenges = |path: &str, authorization: &str| -> Vec<String> {
            let answer = server.anonymous().get(path).header("Authorization", authorization).status(401);
            let all = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("WWW-Authenticate"));
            all.map(|(_, value)| value.clone()).collect()
        };
        let basic = "Basic realm=\"Cenacle\", charset=\"UTF-8\"";
        let (bearer, bad) = ("Bearer realm=\"Cenacle\"", "Bearer realm=\"Cenacle\", error=\"invalid_token\"");
        for path in ["/dav/", "/dav/calendars/alice/", "/nothing", "/api/v1/me"] {
            for token in ["Bearer x.y.z", "bearer cen-abcdef"] {
                assert_eq!(challenges(path, token), [basic, bad], "{path} {token}");
            }
            let others: &[&str] = if path.starts_with("/api/") { &[basic, bearer] } else { &[basic] };
            for words in ["Basic !!!", "Digest x", ""] {
                assert_eq!(challenges(path, words), others, "{path} {words}");
            }
        }
    }

    fn a_changed_password_holds_at_once(db) {
        let server = TestServer::start(db);
        person(&server);
        let old = server.client("jdupond", PASSWORD);
        assert_eq!(home(&old), 207);
        let new = server.client("jdupond", "new one");
        assert_eq!(home(&new), 401);
        server.wait(server.core().set_password("jdupond", "new one")).expect("a new password");
        // On the connection that is open, and though it was wrong a moment ago.
        assert_eq!(home(&old), 401);
        assert_eq!(home(&new), 207);
        server.wait(server.core().set_password("jdupond", PASSWORD)).expect("the old password");
        assert_eq!((home(&old), home(&new)), (207, 401));
    }

    fn application_passwords_come_and_go(db) {
        let server = TestServer::start(db);
        person(&server);
        let (id, secret) = server.wait(server.core().add_app_password("jdupond", "phone", "")).expect("a password");
        assert!(secret.len() >= 24);
        let phone = server.client("jean.dupond@example.org", &secret);
        assert_eq!(home(&phone), 207);
        assert_eq!(home(&server.client("jdupond", PASSWORD)), 207, "the other one still opens");
        let listed = server.wait(server.core().app_passwords("jdupond")).expect("a list");
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].name, "phone");
        assert!(listed[0].last_used.is_some() && !listed[0].hash.contains(&secret));
        server.wait(server.core().remove_app_password("jdupond", id)).expect("removed");
        assert_eq!(home(&phone), 401);
        assert_eq!(home(&server.client("jdupond", PASSWORD)), 207);
        server.wait(server.core().remove_app_password("jdupond", id)).expect_err("only once");
    }

    fn a_scope_is_a_wall(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.book("default/a.vcf"), samples::card("a", "Ada", &[])).created();
        let (event, card) = (alice.calendar("default/a.ics"), alice.book("default/a.vcf"));
        let calendars = server.client_with_scope("alice", "calendars");
        let contacts = server.client_with_scope("alice", "contacts");
        let reader = server.client_with_scope("alice", "read");
        calendars.get(&event).ok();
        calendars.get(&card).status(404);
        calendars.propfind(&alice.book(""), "1", &["D:resourcetype"]).status(404);
        contacts.get(&card).ok();
        contacts.get(&event).status(404);
        contacts.put(&event, samples::meeting("a")).status(404);
        contacts.copy(&card, &event).send();
        reader.get(&event).ok();
        reader.get(&card).ok();
        reader.put(&event, samples::meeting("a")).refused(403, "D:need-privileges");
        reader.delete(&event).refused(403, "D:need-privileges");
        reader.mkcalendar(&alice.calendar("x/"), "").refused(403, "D:need-privileges");
        reader.proppatch(&alice.calendar(""), "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").refused(403, "D:need-privileges");
        reader.proppatch(&alice.principal(), "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").refused(403, "D:need-privileges");
        let set = reader.propfind(&alice.calendar("default/"), "0", &["D:current-user-privilege-set"]).multistatus();
        assert!(!set.only().prop("D:current-user-privilege-set").holds("D:write-content"), "a client sees that it may not write");
        assert_eq!(alice.get(&event).ok().text(), samples::meeting("a"));
    }

    fn tokens_bear_their_scope_and_end(db) {
        let server = TestServer::start(db);
        person(&server);
        let token = |scope: &str, seconds: u64| server.wait(server.core().issue_token("jdupond", scope, seconds)).expect("a token");
        let full = token("", 3600);
        let bearer = Client::bearer(server.address(), &full);
        assert_eq!(home(&bearer), 207);
        let narrow = Client::bearer(server.address(), &token("contacts", 3600));
        assert_eq!(home(&narrow), 404);
        narrow.propfind("/dav/addressbooks/jdupond/", "0", &["D:resourcetype"]).multistatus();
        let mut forged = full.clone().into_bytes();
        let last = forged.len() - 2;
        forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("ASCII");
        assert_eq!(home(&Client::bearer(server.address(), &forged)), 401);
        // Without a signature: {"alg":"none"}.
        let claims = full.split('.').nth(1).expect("claims");
        assert_eq!(home(&Client::bearer(server.address(), &format!("eyJhbGciOiJub25lIn0.{claims}."))), 401);
        server.wait(server.core().set_password("jdupond", "new one")).expect("a new password");
        assert_eq!(home(&bearer), 401, "a changed credential ends all tokens");
        let other = TestServer::start(db);
        person(&other);
        assert_eq!(home(&Client::bearer(other.address(), &full)), 401, "another server has another secret");
    }

    fn each_request_of_a_connection_is_judged_for_itself(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let path = alice.calendar("default/a.ics");
        alice.put(&path, samples::meeting("a")).created();
        let authorization = |client: &Client| {
            let line = client.authorization_line();
            line.trim_end().trim_start_matches("Authorization: ").to_owned()
        };
        // All on one connection, that of nobody.
        let shared = server.anonymous();
        for _ in 0..3 {
            shared.get(&path).header("Authorization", &authorization(&alice)).ok();
            shared.get(&path).header("Authorization", &authorization(&bob)).status(404);
            shared.get(&path).status(401);
        }
    }

    fn other_sites_cannot_drive_a_browser(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        alice.put(&path, samples::meeting("a")).header("Sec-Fetch-Site", "cross-site").status(403);
        alice.put(&path, samples::meeting("a")).header("Sec-Fetch-Site", "same-origin").created();
        alice.delete(&path).header("Sec-Fetch-Site", "cross-site").status(403);
        alice.get(&path).header("Sec-Fetch-Site", "cross-site").ok();
    }
}
