//! Reverse proxies: whose word on TLS is taken, and that passwords are not taken over clear text from elsewhere.
//!
//! Sockets of tests are all on this machine, so the peer's address is made up below the whole application; what the
//! program makes of its configuration is shown by the program itself.

use crate::harness::{Client, Db, TestServer};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use actix_web::{App, rt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenacle::config::{Config, Flags, Wrong};
use cenacle::rest::{Rates, Sites};
use cenacle::server::app::{self, TrustedProxies};
use std::net::{IpAddr, SocketAddr};

/// The application as the server makes it, without limits of rate and without other sites.
macro_rules! application {
    ($core:expr, $proxies:expr) => {
        App::new()
            .app_data($core)
            .app_data($proxies)
            .app_data(Data::new(Rates::new(0)))
            .app_data(Data::new(Sites::default()))
            .configure(app::configure)
    };
}

const PROXY: &str = "192.0.2.10";
const STRANGER: &str = "198.51.100.7";
const HOME: &str = "/dav/calendars/alice/";
const REST: &str = "/api/v1/me";

/// A server behind the proxy 192.0.2.10, with the account `alice`.
struct Behind {
    server: TestServer,
    login: String,
}

/// One request: from which address, with which headers besides the login.
struct Visit<'a> {
    peer: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

impl Behind {
    fn new() -> Behind {
        let server = TestServer::start(Db::Sqlite);
        server.user("alice");
        let made = server.wait(server.core().add_app_password("alice", "proxy", ""));
        let (_, password) = made.expect("an application password");
        let login = format!("Basic {}", STANDARD.encode(format!("alice:{password}")));
        Behind { server, login }
    }

    /// The statuses of one visit to each door: DAV, REST, and a path that leads nowhere.
    fn doors(&self, visit: &Visit<'_>) -> [u16; 3] {
        let proxies: Vec<IpAddr> =
            vec![PROXY.parse().expect("an address"), "2001:db8::10".parse().expect("an address")];
        let (core, proxies) = (Data::new(self.server.core().clone()), Data::new(TrustedProxies(proxies)));
        let peer = SocketAddr::new(visit.peer.parse().expect("an address"), 40_000);
        rt::System::new().block_on(async {
            let service = init_service(application!(core, proxies)).await;
            let mut statuses = [0; 3];
            for (status, path) in statuses.iter_mut().zip([HOME, REST, "/dav/nothing/is/here"]) {
                let mut request = TestRequest::get().uri(path).peer_addr(peer);
                request = request.insert_header(("Authorization", self.login.as_str()));
                for (name, value) in visit.headers {
                    request = request.append_header((*name, *value));
                }
                let answer = call_service(&service, request.to_request()).await;
                assert_eq!(
                    answer.headers().get("x-content-type-options").map(|value| value.as_bytes()),
                    Some(&b"nosniff"[..])
                );
                *status = answer.status().as_u16();
            }
            statuses
        })
    }
}

const TAKEN: [u16; 3] = [200, 200, 404];
const REFUSED: [u16; 3] = [403, 403, 403];

#[test]
fn the_proxys_word_is_taken() {
    let behind = Behind::new();
    for peer in [PROXY, "::ffff:192.0.2.10", "2001:db8::10"] {
        for scheme in ["https", "HTTPS", " https "] {
            let visit =
                Visit { peer, headers: &[("X-Forwarded-Proto", scheme), ("X-Forwarded-For", STRANGER)] };
            assert_eq!(behind.doors(&visit), TAKEN, "{peer} {scheme}");
        }
        for scheme in ["http", "", "httpsx", "ftp"] {
            let visit = Visit { peer, headers: &[("X-Forwarded-Proto", scheme)] };
            assert_eq!(behind.doors(&visit), REFUSED, "{peer} {scheme}");
        }
    }
}

#[test]
fn a_strangers_word_is_not_taken() {
    let behind = Behind::new();
    for peer in [STRANGER, "192.0.2.11", "::ffff:198.51.100.7", "2001:db8::11"] {
        for headers in [
            &[][..],
            &[("X-Forwarded-Proto", "https")],
            &[("X-Forwarded-Proto", "https"), ("X-Forwarded-For", PROXY)],
            &[("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "127.0.0.1")],
            &[("X-Forwarded-Proto", "https"), ("X-Real-IP", "127.0.0.1")],
            &[("Forwarded", "for=127.0.0.1;proto=https")],
        ] {
            assert_eq!(behind.doors(&Visit { peer, headers }), REFUSED, "{peer} {headers:?}");
        }
    }
}

#[test]
fn what_the_client_wrote_before_the_proxy_does_not_count() {
    let behind = Behind::new();
    // A proxy that appends: the last word is its own.
    for headers in [
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")][..],
        &[("X-Forwarded-Proto", "https, http")],
    ] {
        assert_eq!(behind.doors(&Visit { peer: PROXY, headers }), REFUSED, "{headers:?}");
    }
}

#[test]
fn this_machine_needs_no_tls() {
    let behind = Behind::new();
    for peer in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(behind.doors(&Visit { peer, headers: &[] }), TAKEN, "{peer}");
        // A proxy on this machine that says that its client came in clear text.
        let clear = Visit { peer, headers: &[("X-Forwarded-Proto", "http")] };
        assert_eq!(behind.doors(&clear), REFUSED, "{peer}");
    }
}

#[test]
fn without_a_password_nothing_crosses() {
    let behind = Behind::new();
    let peer = SocketAddr::new(STRANGER.parse().expect("an address"), 40_000);
    let (core, proxies) = (Data::new(behind.server.core().clone()), Data::new(TrustedProxies::default()));
    rt::System::new().block_on(async {
        let service = init_service(application!(core, proxies)).await;
        for (path, status) in [
            ("/healthz", StatusCode::OK),
            (HOME, StatusCode::UNAUTHORIZED),
            ("/.well-known/caldav", StatusCode::PERMANENT_REDIRECT),
        ] {
            let answer =
                call_service(&service, TestRequest::get().uri(path).peer_addr(peer).to_request()).await;
            assert_eq!(answer.status(), status, "{path}");
        }
    });
}

#[test]
fn over_a_socket() {
    let server = TestServer::start(Db::Sqlite);
    let alice = server.user("alice");
    let status = |client: &Client, scheme: &str| {
        client.propfind(HOME, "0", &["D:resourcetype"]).header("X-Forwarded-Proto", scheme).send().status
    };
    assert_eq!(status(&alice, "https"), 207);
    let refused = alice.propfind(HOME, "0", &["D:resourcetype"]).header("X-Forwarded-Proto", "http").send();
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("https"), "it says what to do: {}", refused.text());
    assert_eq!(status(&server.client("alice", "wrong"), "https"), 401);
    assert_eq!(status(&server.client("alice", "wrong"), "http"), 403, "a password is not even looked at");
}

#[test]
fn configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("cenacle.toml");
    let read = |text: &str, listen: &str| {
        std::fs::write(&file, text).expect("a file");
        let flags = Flags { config: Some(file.clone()), ..Flags::default() };
        Config::read(&flags, Some(listen.parse().expect("an address")))
    };
    let named = read("trusted_proxies = [\"192.0.2.10\", \"2001:db8::10\"]\n", "0.0.0.0:8008")
        .expect("behind a proxy");
    let expected: Vec<IpAddr> =
        vec![PROXY.parse().expect("an address"), "2001:db8::10".parse().expect("an address")];
    assert_eq!(named.trusted_proxies, expected);
    assert!(matches!(read("", "0.0.0.0:8008"), Err(Wrong::ClearText(_))), "clear text to everybody");
    assert!(matches!(read("", "192.0.2.1:8008"), Err(Wrong::ClearText(_))));
    assert!(read("", "127.0.0.1:8008").expect("on this machine").trusted_proxies.is_empty());
    assert!(matches!(
        read("trusted_proxies = [\"proxy.example.org\"]\n", "127.0.0.1:8008"),
        Err(Wrong::Unreadable(_))
    ));
}
