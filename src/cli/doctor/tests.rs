//! The doctor against a server of ours and against servers with a fault each.

use super::*;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server that gives the same answer to everything; tells its address.
fn fixed(answer: &'static str) -> Url {
    recorded("127.0.0.1", answer).0
}

/// As [`fixed`], on an address, with all that it is sent.
fn recorded(on: &str, answer: &'static str) -> (Url, Arc<Mutex<String>>) {
    let listener = TcpListener::bind((on, 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    let sent = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in listener.incoming().take(64) {
            let mut stream = stream.expect("connected");
            let mut seen = Vec::new();
            let mut part = [0; 4096];
            // A TLS greeting, which begins with 22, is answered like the rest.
            while seen.first() != Some(&22) && !String::from_utf8_lossy(&seen).contains("\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(read) if read > 0 => seen.extend(&part[..read]),
                    _ => break,
                }
            }
            kept.lock().expect("not poisoned").push_str(&String::from_utf8_lossy(&seen));
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (Url::parse(&format!("http://{address}/")).expect("an address"), sent)
}

/// A server that says `part` again and again, and never ends; once where `pause` is `None`.
fn dripping(part: &'static str, pause: Option<Duration>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(8) {
            let mut stream = stream.expect("connected");
            std::thread::spawn(move || {
                while stream.write_all(part.as_bytes()).is_ok() {
                    std::thread::sleep(pause.unwrap_or(Duration::from_secs(60)));
                }
            });
        }
    });
    Url::parse(&format!("http://{address}/")).expect("an address")
}

/// An address of this machine that is not loopback; sends nothing to find it.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
}

fn examine(url: &Url) -> Found {
    let login = ("a".to_owned(), "b".to_owned());
    let mut found = Found::default();
    steps::all(&Client::new().expect("made"), url, Some(&login), &mut found);
    found
}

#[test]
fn another_application_is_not_taken_for_cenacle() {
    for status in ["200 OK", "404 Not Found", "501 Unsupported method", "502 Bad Gateway"] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>");
        let (url, sent) = recorded("127.0.0.1", answer.leak());
        let found = examine(&url);
        assert_eq!((found.good, found.faults), (0, 1), "{status}: {found:?}");
        let sent = sent.lock().expect("not poisoned");
        assert!(sent.contains("OPTIONS /dav/") && !sent.contains("Authorization"), "{sent}");
    }
    let found = examine(&fixed("SSH-2.0-OpenSSH\r\n"));
    assert_eq!((found.good, found.faults), (0, 1));
}

#[test]
fn nobody_at_home_is_one_fault() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let found = examine(&Url::parse(&format!("http://127.0.0.1:{port}/")).expect("an address"));
    assert_eq!((found.good, found.faults), (0, 1));
}

#[test]
fn dns_records_are_for_names_only() {
    let records = |url| super::records(&Url::parse(url).expect("an address"));
    assert!(
        records("https://agenda.example.org/")
            .contains("_caldavs._tcp.DOMAIN.  IN SRV 0 1 443 agenda.example.org.")
    );
    assert!(!records("http://127.0.0.1:8008/").contains("SRV"));
}

/// Cenacle itself, on a port of its own, until the test process ends.
fn cenacle(folder: std::path::PathBuf) -> Url {
    use crate::domain::principal::{NewPrincipal, PrincipalKind};
    use crate::services::{Core, Limits};
    use crate::store::{Location, Store};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let (ready, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        crate::cli::block_on(async move {
            let store = Store::open(&Location::File(folder.join("cenacle.sqlite"))).expect("opens");
            let core = Core::new(store, Limits::default());
            let account = NewPrincipal {
                kind: PrincipalKind::User,
                handle: "a".into(),
                display_name: "A".into(),
                addresses: vec!["a@example.org".into()],
                admin: false,
                time_zone: None,
            };
            core.create_principal(account, Some("b".into())).await.expect("made");
            let config = crate::config::Config { workers: 1, ..Default::default() };
            let server = crate::server::listen::serve(core, &config, listener).expect("serves");
            ready.send(()).expect("the test waits");
            server.await.expect("stops");
        });
    });
    waiting.recv().expect("it started");
    Url::parse(&format!("http://{address}/")).expect("an address")
}

#[test]
fn cenacle_itself_is_healthy() {
    let folder = std::env::temp_dir().join(format!("cenacle-doctor-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let url = cenacle(folder.clone());
    let found = examine(&url);
    assert_eq!((found.faults, found.notes), (0, 1), "{found:?}");
    assert!(found.good >= 20, "{found:?}");
    // A path in the address is asked too, and a login in it is noted.
    let found =
        examine(&Url::parse(&format!("{url}nothing/here").replace("//", "//a:b@")).expect("an address"));
    assert_eq!((found.faults, found.notes), (1, 2), "{found:?}");
    let mut wrong = Found::default();
    let login = ("a".to_owned(), "wrong".to_owned());
    steps::all(&Client::new().expect("made"), &url, Some(&login), &mut wrong);
    assert_eq!(wrong.faults, 1, "{wrong:?}");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn http_and_https_are_told_apart() {
    let plain = fixed("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let secure = Url { secure: true, ..plain };
    let asked = Client::new().expect("made").ask(
        &secure,
        None,
        http::Request { method: "GET", headers: &[], body: "" },
    );
    assert!(matches!(asked, Err(http::NoAnswer::Tls(..))), "{asked:?}");
}

#[test]
fn a_circle_is_one_fault() {
    for to in ["/dav/", "/other", "https://127.0.0.1:1/dav/"] {
        let answer = format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let found = examine(&fixed(answer.leak()));
        assert_eq!((found.good, found.faults), (0, 1), "{to}: {found:?}");
    }
}

const BASIC: &str = "HTTP/1.1 401 Unauthorized\r\nDAV: 1, calendar-access, addressbook\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_login_is_sent_only_where_basic_was_asked_for() {
    let (url, sent) = recorded("127.0.0.1", BASIC);
    examine(&url);
    assert!(sent.lock().expect("not poisoned").contains("Authorization: Basic "));
    let digest = BASIC.replace("Basic realm=\"x\"", "Digest realm=\"Basic\"").leak();
    let (url, sent) = recorded("127.0.0.1", digest);
    let found = examine(&url);
    let sent = sent.lock().expect("not poisoned");
    assert!(sent.contains("PROPFIND /dav/") && !sent.contains("Authorization"), "{sent}");
    assert_eq!(found.faults, 4, "OPTIONS and three paths: {found:?}");
}

#[test]
fn no_login_crosses_a_network_in_clear_text() {
    let Some(outer) = outer_address() else {
        println!("skipped: this machine has no address but loopback");
        return;
    };
    let (url, sent) = recorded(&outer.to_string(), BASIC);
    let found = examine(&url);
    {
        let sent = sent.lock().expect("not poisoned");
        assert!(sent.contains("PROPFIND /dav/") && !sent.contains("Authorization"), "{sent}");
    }
    assert_eq!((found.faults, found.notes), (2, 1), "clear text and OPTIONS: {found:?}");
    let away = "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/dav/\r\nContent-Length: 0\r\n\r\n";
    let found = examine(&recorded(&outer.to_string(), away).0);
    assert_eq!((found.good, found.faults, found.notes), (0, 1, 0), "from http to https: {found:?}");
    // The client itself refuses it too, whatever a step asks of it.
    let login = ("a".to_owned(), "b".to_owned());
    let request = http::Request { method: "GET", headers: &[], body: "" };
    let asked = Client::new().expect("made").ask(&url, Some(&login), request);
    assert!(matches!(asked, Err(http::NoAnswer::ClearText(_))), "{asked:?}");
    assert!(!sent.lock().expect("not poisoned").contains("Authorization"));
}

#[test]
fn loopback_is_judged_by_the_address_that_answers() {
    let there = fixed(BASIC);
    for name in ["127.1", "localhost"] {
        let url = Url { host: name.into(), ..there.clone() };
        let request = http::Request { method: "GET", headers: &[], body: "" };
        let answer = Client::new().expect("made").ask(&url, None, request).expect("an answer");
        assert!(answer.near, "{name}");
    }
    let url = Url { host: "127.1".into(), ..there };
    assert!(!records(&url).contains("SRV"), "a number is no name");
}

#[test]
fn a_login_goes_to_no_other_server() {
    let (there, other) = (fixed(BASIC), recorded("127.0.0.1", BASIC));
    let (client, login) = (Client::new().expect("made"), ("a".to_owned(), "b".to_owned()));
    let patient = steps::Patient { client: &client, url: &there, login: Some(&login) };
    let asked = patient.propfind(&other.0, true, "0", "");
    assert!(matches!(asked, Err(http::NoAnswer::Elsewhere(_))), "{asked:?}");
    assert_eq!(*other.1.lock().expect("not poisoned"), "");
}

#[test]
fn who_says_nothing_and_who_never_ends_is_given_up() {
    let short = Duration::from_millis(300);
    let mut client = Client::new().expect("made");
    (client.patience, client.whole) = (short, short * 4);
    let ask = |url: &Url| {
        let begun = Instant::now();
        let request = http::Request { method: "GET", headers: &[], body: "" };
        let asked = client.ask(url, None, request).expect_err("no answer");
        assert!(begun.elapsed() < Duration::from_secs(10), "{asked:?}");
        asked
    };
    let silent = dripping("", None);
    assert!(matches!(ask(&silent), http::NoAnswer::Silent(..)));
    assert!(matches!(ask(&Url { secure: true, ..silent.clone() }), http::NoAnswer::Silent(..)), "by TLS");
    let endless = dripping("H", Some(short / 3));
    assert!(matches!(ask(&endless), http::NoAnswer::Endless(..)));
    let mut found = Found::default();
    assert!(!steps::all(&client, &silent, None, &mut found));
    assert_eq!((found.good, found.faults), (0, 1));
}
