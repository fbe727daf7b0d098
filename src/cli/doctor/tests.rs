//! The doctor against a server of ours and against servers with a fault each.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

/// A server that gives the same answer to everything; tells its address.
fn fixed(answer: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
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
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Url::parse(&format!("http://{address}/")).expect("an address")
}

fn examine(url: &Url) -> Found {
    let login = ("a".to_owned(), "b".to_owned());
    let mut found = Found::default();
    steps::all(&Client::new().expect("made"), url, Some(&login), &mut found);
    found
}

#[test]
fn another_application_is_not_taken_for_cenacle() {
    let found = examine(&fixed("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"));
    assert!(found.faults >= 6, "{found:?}");
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
