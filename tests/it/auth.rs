//! Who somebody is: Basic, application passwords, tokens; each request judged for itself. RFC 7617, RFC 6750.

use crate::harness::{Client, TestServer, both, samples};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use cenacle::domain::fault::Fault;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::store::Store;
use sha2::{Digest, Sha256};
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

    fn guesses_at_once_are_no_more_than_guesses_one_by_one(db) {
        let server = TestServer::start(db);
        person(&server);
        let app = server.wait(server.core().add_app_password("jdupond", "phone", "")).expect("a password").1;
        let guess = |login: &str, password: &str| server.client(login, password).get("/dav/").send();
        let logins = ["jdupond", "JDupond", "jean.dupond@example.org", "jd@other.example"];
        let seen: Vec<u16> = std::thread::scope(|scope| {
            let one = |at: usize| guess(logins[at % 4], &format!("guess {at}")).status;
            let all: Vec<_> = (0..60).map(|at| scope.spawn(move || one(at))).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        // Whichever of his logins they came with.
        let count = |status: u16| seen.iter().filter(|one| **one == status).count();
        assert_eq!((count(401), count(503)), (20, 40), "{seen:?}");
        for login in logins {
            assert_eq!(guess(login, "one more").status, 503, "{login}");
        }
        // Nobody is told that the right one is wrong, and application passwords, which nobody guesses, are not held up at all.
        let right = guess("jdupond", PASSWORD);
        assert_eq!(right.status, 503);
        assert!(right.header("Retry-After").is_some());
        for login in logins {
            assert_eq!(home(&server.client(login, &app)), 207, "{login}");
        }
        // Others are not held up either.
        server.user("alice");
        server.wait(server.core().set_password("alice", "secret")).expect("a password");
        assert_eq!(guess("alice", "wrong").status, 401);
        assert_ne!(guess("alice", "secret").status, 401);
    }

    fn only_people_log_in(db) {
        let server = TestServer::start(db);
        server.group("everybody", &[]);
        let core = server.core();
        assert_eq!(server.wait(core.set_password("everybody", "secret")), Err(Fault::NotFound));
        assert_eq!(server.wait(core.add_app_password("everybody", "phone", "")), Err(Fault::NotFound));
        assert_eq!(server.wait(core.app_passwords("everybody")).map(|_| ()), Err(Fault::NotFound));
        for seconds in [600, 86_400] {
            assert_eq!(server.wait(core.issue_token("everybody", "", seconds)), Err(Fault::NotFound));
        }
        // What older versions gave to one opens nothing.
        let app = "cen-abcdef-abcdef-abcdef-abcdef";
        let digest: String = Sha256::digest(app).iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = Argon2::default().hash_password(b"secret").expect("memory").to_string();
        let store = Store::open(server.location()).expect("the database opens");
        let given = store.write(move |tx| {
            let group = tx.principal_by_handle("everybody")?.expect("a group").id;
            tx.set_password(group, &hash)?;
            tx.add_app_password(group, "phone", &digest, "", None)
        });
        server.wait(given).expect("credentials");
        for client in [server.client("everybody", "secret"), server.client("everybody", app), Client::bearer(server.address(), app)] {
            client.get("/dav/").status(401);
        }
    }

    fn a_refusal_takes_its_time_whoever_is_asked_for(db) {
        let server = TestServer::start(db);
        server.group("board", &[]);
        // One who has only an application password.
        server.user("alice");
        let soonest = |login: &str| {
            let all = (0..5).map(|at| {
                let (client, begun) = (server.client(login, &format!("guess {at}")), Instant::now());
                client.get("/dav/").status(401);
                begun.elapsed()
            });
            all.min().expect("some")
        };
        let nobody = soonest("nobody");
        for login in ["board", "alice", "alice@example.org"] {
            let took = soonest(login);
            assert!(took > nobody / 3, "{login}: {took:?}, nobody: {nobody:?}");
        }
    }

    fn what_looks_the_same_is_the_same(db) {
        let server = TestServer::start(db);
        let (composed, apart) = ("zo\u{e9}", "zoe\u{301}");
        let zoe = |handle: &str| NewPrincipal {
            kind: PrincipalKind::User,
            handle: handle.to_owned(),
            display_name: "Zo\u{e9}".to_owned(),
            addresses: vec![format!("{handle}@example.org")],
            admin: false,
            time_zone: None,
        };
        server.wait(server.core().create_principal(zoe(apart), Some(format!("pass {apart}")))).expect("an account");
        server.wait(server.core().create_principal(zoe(composed), None)).expect_err("a twin");
        let opens = |login: &str, password: &str| server.client(login, password).propfind("/dav/calendars/zo%C3%A9/", "0", &["D:resourcetype"]).send().status;
        for login in [composed, apart, "Zoe\u{301}@example.org"] {
            for password in [composed, apart] {
                assert_eq!(opens(login, &format!("pass {password}")), 207, "{login:?} {password:?}");
            }
            assert_eq!(opens(login, "pass zoe"), 401);
        }
        // As it was hashed before, it is as it was sent.
        let old = format!("old {apart}");
        let hash = Argon2::default().hash_password(old.as_bytes()).expect("memory").to_string();
        let store = Store::open(server.location()).expect("the database opens");
        let kept = store.write(move |tx| {
            let id = tx.principal_by_handle(composed)?.expect("an account").id;
            tx.set_password(id, &hash)
        });
        server.wait(kept).expect("a password");
        assert_eq!(opens(composed, &old), 207);
        server.wait(server.core().set_password(apart, &old)).expect("a password");
        assert_eq!(opens(composed, &format!("old {composed}")), 207);
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
