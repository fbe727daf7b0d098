//! The client against little servers that behave and misbehave.

use super::super::networks::{Network, Networks};
use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

fn poster(networks: &[&str]) -> Poster {
    let networks = networks.iter().filter_map(|text| Network::parse(text)).collect();
    let mut poster = Poster::new(Targets { http: true, networks: Networks(networks) }).expect("roots");
    poster.whole = Duration::from_millis(700);
    poster
}

/// A server for one connection: reads until the request's body `{}` is there, answers these bytes, and hangs up if `ends`.
async fn server(answer: &'static [u8], ends: bool) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut seen = Vec::new();
        let mut buffer = [0; 1024];
        while !seen.ends_with(b"{}") {
            let count = stream.read(&mut buffer).await.expect("bytes");
            if count == 0 {
                break;
            }
            seen.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer).await.expect("taken");
        if !ends {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        String::from_utf8(seen).expect("text")
    });
    (port, served)
}

async fn ask(answer: &'static [u8], ends: bool) -> Outcome {
    let (port, _) = server(answer, ends).await;
    poster(&["127.0.0.0/8"]).post(&format!("http://127.0.0.1:{port}/a?b"), &[], b"{}").await
}

#[tokio::test]
async fn what_is_sent_is_one_plain_request() {
    let (port, served) = server(b"HTTP/1.1 204 No Content\r\n\r\n", true).await;
    let headers = [("Webhook-Id", "m-1".to_owned())];
    let url = format!("http://localhost:{port}/hook?x=1");
    let outcome = poster(&["127.0.0.0/8", "::1"]).post(&url, &headers, b"{}").await;
    assert_eq!(outcome, Outcome::Answered(204));
    let seen = served.await.expect("served");
    assert!(seen.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{seen}");
    for line in [
        &format!("Host: localhost:{port}"),
        "Webhook-Id: m-1",
        "Content-Length: 2",
        "Content-Type: application/json",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line}: {seen}");
    }
}

#[tokio::test]
async fn answers_are_judged_by_their_status() {
    assert_eq!(ask(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true).await, Outcome::Answered(200));
    assert_eq!(
        ask(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n", true).await,
        Outcome::Answered(410)
    );
    // Nobody is followed to another place.
    assert_eq!(
        ask(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", true).await,
        Outcome::Answered(302)
    );
    for wrong in
        [&b"SSH-2.0-x\r\n\r\n"[..], b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 2000\r\n\r\n", b"HTTP/1.1 200 OK", b""]
    {
        assert_eq!(ask(wrong, true).await, Outcome::NotHttp, "{wrong:?}");
    }
    static LONG: [u8; HEAD + 4096] = [b'x'; HEAD + 4096];
    assert_eq!(ask(&LONG, true).await, Outcome::NotHttp);
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_allowed() {
    let begun = std::time::Instant::now();
    assert_eq!(ask(b"", false).await, Outcome::TimedOut);
    assert_eq!(ask(b"HTTP/1.1 200 OK\r\n", false).await, Outcome::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_forbidden_address_is_never_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1"] {
        for poster in [poster(&[]), poster(&["10.0.0.0/8"])] {
            let outcome = poster.post(&format!("http://{host}:{port}/"), &[], b"{}").await;
            assert!(matches!(outcome, Outcome::Forbidden | Outcome::Unreachable), "{host}: {outcome:?}");
        }
    }
    let nobody = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(nobody.is_err(), "somebody connected");
}

#[tokio::test]
async fn a_dead_target_and_one_without_tls_are_told_apart() {
    let poster = poster(&["127.0.0.0/8"]);
    let free =
        TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    assert_eq!(poster.post(&format!("http://127.0.0.1:{free}/"), &[], b"{}").await, Outcome::Unreachable);
    let (port, _) = server(b"HTTP/1.1 200 OK\r\n\r\n", true).await;
    let plain = poster.post(&format!("https://127.0.0.1:{port}/"), &[], b"{}").await;
    assert!(matches!(plain, Outcome::Tls | Outcome::TimedOut), "{plain:?}");
}

/// A certificate for `localhost` and its key, made by openssl; `None` where that is not installed.
fn certificate(folder: &std::path::Path) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let (key, chain) = (folder.join("key.pem"), folder.join("chain.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&chain)
        .output()
        .ok()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = CertificateDer::pem_file_iter(&chain)
        .expect("a file")
        .collect::<Result<_, _>>()
        .expect("certificates");
    Some((chain, PrivateKeyDer::from_pem_file(&key).expect("a key")))
}

#[tokio::test]
async fn certificates_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some((chain, key)) = certificate(folder.path()) else {
        println!("skipped: openssl is not installed here");
        return;
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(chain[0].clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a pair");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust us hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 1024];
            let mut seen = Vec::new();
            while !seen.ends_with(b"{}") {
                let count = stream.read(&mut buffer).await.expect("bytes");
                seen.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("taken");
            stream.shutdown().await.expect("ended");
        }
    });
    let stranger = poster(&["127.0.0.0/8", "::1"]);
    let mut friend = stranger.clone();
    friend.tls = trust::client(roots).expect("a client");
    let post =
        async |poster: &Poster, host: &str| poster.post(&format!("https://{host}:{port}/"), &[], b"{}").await;
    assert_eq!(post(&friend, "localhost").await, Outcome::Answered(200));
    assert_eq!(post(&friend, "127.0.0.1").await, Outcome::Tls, "another name");
    assert_eq!(post(&stranger, "localhost").await, Outcome::Tls, "an unknown authority");
}
