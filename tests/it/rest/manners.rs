//! What holds for every request: rates, other sites, cookies, bodies of refused requests, clear text.

use super::{id_of, json, problem, send};
use crate::harness::{Db, TestServer, both, samples};
use cenacle::config::Config;
use serde_json::json as value;

const ME: &str = "/api/v1/me";

both! {
    fn requests_are_counted_for_each_principal(db) {
        let server = TestServer::with_config(db, Config { rest_requests: 5, ..Config::default() });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        for left in (0..5).rev() {
            let answer = alice.get(ME).ok();
            assert_eq!(answer.header("RateLimit-Policy"), Some("\"principal\";q=5;w=60"));
            let told = answer.header("RateLimit").expect("what is left").to_owned();
            assert!(told.starts_with(&format!("\"principal\";r={left};t=")), "{told}");
        }
        let refused = alice.another().get(ME).send();
        problem(&refused, 429, "rate-limited");
        let again: u64 = refused.header("Retry-After").expect("when").parse().expect("a number");
        assert!((1..=12).contains(&again), "{again}");
        bob.get(ME).ok();
        // DAV has its own ways; who has no login is not counted.
        alice.propfind(&alice.calendar(""), "0", &["D:displayname"]).multistatus();
        assert!(server.anonymous().get("/api/v1/openapi.json").ok().header("RateLimit").is_none());
    }

    fn pages_of_named_sites_only(db) {
        let site = "https://webmail.example.org";
        let server = TestServer::with_config(db, Config { rest_sites: vec![site.to_owned()], ..Config::default() });
        let alice = server.user("alice");
        let nobody = server.anonymous();
        let preflight = |origin: &str| {
            nobody.options("/api/v1/calendars").header("Origin", origin).header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "authorization,idempotency-key").send()
        };
        let asked = preflight(site);
        assert_eq!((asked.status, asked.header("Access-Control-Allow-Origin")), (204, Some(site)));
        assert!(asked.lists("Access-Control-Allow-Methods", "PATCH") && asked.lists("Access-Control-Allow-Headers", "Idempotency-Key"));
        assert!(asked.header("Access-Control-Allow-Credentials").is_none());
        let other = preflight("https://evil.example.org");
        assert_eq!((other.status, other.header("Access-Control-Allow-Origin")), (401, None));
        let post = |origin: &str| {
            alice.request("POST", "/api/v1/calendars").header("Origin", origin).header("Sec-Fetch-Site", "cross-site")
                .header("Content-Type", "application/json").body(r#"{"name":"A"}"#).send()
        };
        let made = post(site);
        assert_eq!((made.status, made.header("Access-Control-Allow-Origin")), (201, Some(site)));
        assert!(made.lists("Access-Control-Expose-Headers", "ETag") && made.lists("Vary", "Origin"));
        let refused = post("https://evil.example.org");
        problem(&refused, 403, "cross-site");
        assert!(refused.header("Access-Control-Allow-Origin").is_none());
        // Refusals too can be read by a page that may know of them.
        let absent = alice.get("/api/v1/calendars/x").header("Origin", site).send();
        assert_eq!((absent.status, absent.header("Access-Control-Allow-Origin")), (404, Some(site)));
        // DAV is for programs alone.
        assert!(alice.get(&alice.calendar("")).header("Origin", site).send().header("Access-Control-Allow-Origin").is_none());
    }

    fn no_page_of_another_site_where_none_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let answer = alice.get(ME).header("Origin", "https://webmail.example.org").ok();
        assert!(answer.header("Access-Control-Allow-Origin").is_none() && answer.header("Vary").is_none());
        let refused = alice.request("DELETE", ME).header("Sec-Fetch-Site", "same-site").send();
        problem(&refused, 403, "cross-site");
    }

    fn no_cookie_authenticates(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let answer = alice.get(ME).ok();
        assert!(answer.header("Set-Cookie").is_none());
        let basic = alice.authorization_line().trim().trim_start_matches("Authorization: ").to_owned();
        for cookie in ["session=1", &format!("Authorization={basic}"), &format!("token={basic}")] {
            problem(&server.anonymous().get(ME).header("Cookie", cookie).send(), 401, "unauthenticated");
        }
    }

    fn a_refused_request_is_heard_to_its_end(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        // A client that writes everything before it reads.
        for _ in 0..5 {
            let put = alice.request("PUT", "/api/v1/calendars/0000000000001/events/x").header("Content-Type", "text/calendar");
            problem(&put.body(vec![b'x'; 900_000]).send(), 404, "not-found");
        }
        let server_side = alice.get(ME).ok();
        assert_eq!(json(&server_side)["handle"], "alice");
    }

    fn a_wrong_password_says_nothing_of_the_account(db) {
        let server = TestServer::start(db);
        server.user("alice");
        let bodies: Vec<Vec<u8>> = ["alice", "nobody"].iter().map(|who| server.client(who, "wrong").get(ME).status(401).body).collect();
        assert_eq!(bodies[0], bodies[1]);
    }
}

/// Whatever is sent, the answer is ours: a problem document or what the API describes.
#[test]
fn odd_requests_are_answered_in_our_words() {
    let server = TestServer::start(Db::Sqlite);
    let alice = server.user("alice");
    let id = id_of(&alice, "calendars", "default");
    let long = "x".repeat(6_000);
    for path in [
        "/api/v1/calendars/%zz",
        "/api/v1/calendars/%ff%fe",
        "/api/v1/calendars//events",
        "/api/v1/calendars/a/b/c/d/e",
        &format!("/api/v1/calendars/{long}"),
        &format!("/api/v1/calendars/{id}/events/{long}"),
        &format!("/api/v1/calendars/{id}/events/%2e%2e"),
        &format!("/api/v1/calendars/{id}/events/a%2fb"),
        &format!("/api/v1/calendars/{id}/events/%00"),
        &format!("/api/v1/calendars/{id}/events?%ff=1"),
        &format!("/api/v1/calendars/{id}/events?a=%ff"),
        &format!("/api/v1/calendars/{id}/events?{long}"),
        &format!("/api/v1/calendars/{id}/events?=&=&&"),
        &format!("/api/v1/calendars/{id}/changes?since=%00"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for media in ["application/json", "text/calendar", "", "a/b; q=\""] {
                let mut request = alice.request(method, path).body(vec![0xff, 0, b'{']);
                if !media.is_empty() {
                    request = request.header("Content-Type", media);
                }
                let answer = request.send();
                assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
                assert_eq!(
                    answer.header("Content-Type"),
                    Some("application/problem+json"),
                    "{method} {path}: {}",
                    answer.text()
                );
            }
        }
    }
    for body in [
        &b"{\"name\":\"\\ud800\"}"[..],
        b"{\"name\":1e999}",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\"a\",\"order\":99999999999999999999}",
    ] {
        let answer = alice
            .request("POST", "/api/v1/calendars")
            .header("Content-Type", "application/json")
            .body(body)
            .send();
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let answer = send(&alice, "POST", "/api/v1/calendars", &value!({ "name": "a\u{0}" }));
    assert_eq!(problem(&answer, 400, "bad-request"), "/name");
    let item = alice
        .request("POST", &format!("/api/v1/calendars/{id}/events"))
        .header("Content-Type", "text/calendar");
    problem(&item.body(samples::meeting("a\u{0}")).send(), 422, "valid-calendar-data");
}
