//! The client against little servers that behave and misbehave.

use super::super::networks::{Network, Networks};
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const MOST: usize = 100_000;

fn fetcher(networks: &[&str]) -> Fetcher {
    let networks = networks.iter().filter_map(|text| Network::parse(text)).collect();
    let targets = Targets { http: true, networks: Networks(networks) };
    Fetcher::new(targets).expect("roots").within(Duration::from_millis(1500), MOST)
}

/// A server that answers its connections one after the other with these bytes; gives what it was asked.
async fn server(answers: Vec<Vec<u8>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
            while !seen.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer).await {
                    Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            asked.push(String::from_utf8(seen).expect("text"));
            // Who has enough hangs up.
            drop(stream.write_all(&answer).await);
        }
        asked
    });
    (port, served)
}

async fn get(answer: impl Into<Vec<u8>>) -> Result<Fetched, Trouble> {
    let (port, _) = server(vec![answer.into()]).await;
    fetcher(&["127.0.0.0/8"]).get(&format!("http://127.0.0.1:{port}/a.ics"), &Known::default()).await
}

fn body(fetched: Result<Fetched, Trouble>) -> String {
    match fetched {
        Ok(Fetched::File { body, .. }) => String::from_utf8(body).expect("text"),
        other => panic!("no file: {other:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("whole")
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let packed = gzip(bytes);
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    [head.into_bytes(), packed].concat()
}

#[tokio::test]
async fn a_file_comes_by_length_in_chunks_to_the_end_and_packed() {
    assert_eq!(body(get("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd").await), "abc");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(body(get(chunked).await), "abcde");
    assert_eq!(body(get("HTTP/1.0 200 OK\r\n\r\nabc").await), "abc");
    assert_eq!(
        body(get("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await),
        ""
    );
    assert_eq!(body(get(packed(b"abc")).await), "abc");
}

#[tokio::test]
async fn what_is_known_is_said_and_not_sent_again() {
    let answer = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nLast-Modified: Mon, 02 Mar 2026 00:00:00 GMT\r\nContent-Type: text/calendar; charset=\"latin1\"\r\nContent-Length: 0\r\n\r\n";
    let (port, served) = server(vec![answer.into(), b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()]).await;
    let (fetcher, url) = (fetcher(&["127.0.0.0/8"]), format!("http://127.0.0.1:{port}/a?b"));
    let Ok(Fetched::File { known, charset, .. }) = fetcher.get(&url, &Known::default()).await else {
        panic!("a file");
    };
    assert_eq!(charset.as_deref(), Some("latin1"));
    assert!(matches!(fetcher.get(&url, &known).await, Ok(Fetched::Unchanged)));
    let asked = served.await.expect("served");
    assert!(asked[0].starts_with("GET /a?b HTTP/1.1\r\n") && !asked[0].contains("If-"));
    assert!(asked[1].contains("\r\nIf-None-Match: \"a\"\r\n"));
    assert!(asked[1].contains("\r\nIf-Modified-Since: Mon, 02 Mar 2026 00:00:00 GMT\r\n"));
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let long = "x".repeat(MOST + 1);
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MOST + 1).into_bytes(),
        format!("HTTP/1.1 200 OK\r\n\r\n{long}").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}", MOST + 1).into_bytes(),
        // A bomb: short on its way, and long when it is inflated.
        packed(&vec![0; MOST * 50]),
    ] {
        assert_eq!(get(answer).await.expect_err("refused"), Trouble::TooLarge);
    }
}

#[tokio::test]
async fn what_is_cut_off_is_no_file() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\na",
        "SSH-2.0-x\r\n\r\n",
        "",
    ] {
        assert_eq!(get(answer).await.expect_err("refused"), Trouble::NotHttp, "{answer}");
    }
    assert_eq!(get("HTTP/1.1 404 Not Found\r\n\r\n").await.expect_err("refused"), Trouble::Refused(404));
}

#[tokio::test]
async fn who_sends_on_is_followed_to_where_anybody_may_go() {
    let to = |place: &str| format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\n\r\n").into_bytes();
    let file = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".to_vec();
    let (port, served) = server(vec![to("/b/c"), to("d?e#f"), to("?g"), file]).await;
    let url = format!("http://127.0.0.1:{port}/a");
    assert_eq!(body(fetcher(&["127.0.0.0/8"]).get(&url, &Known::default()).await), "a");
    let asked: Vec<String> = served
        .await
        .expect("served")
        .iter()
        .filter_map(|asked| asked.split(' ').nth(1).map(str::to_owned))
        .collect();
    assert_eq!(asked, ["/a", "/b/c", "/b/d?e", "/b/d?g"]);
    let (port, _) = server(vec![to("/a"), to("/a"), to("/a"), to("/a"), to("/a")]).await;
    let url = format!("http://127.0.0.1:{port}/a");
    let refused = fetcher(&["127.0.0.0/8"]).get(&url, &Known::default()).await;
    assert_eq!(refused.expect_err("refused"), Trouble::Redirected);
    for (place, trouble) in [
        ("http://10.0.0.1/", Trouble::Forbidden),
        ("http://169.254.169.254/latest/meta-data/", Trouble::Forbidden),
        ("http://[::1]/", Trouble::Forbidden),
        ("//192.168.0.1/", Trouble::Forbidden),
        ("http://user:secret@127.0.0.1/", Trouble::Forbidden),
        ("file:///etc/passwd", Trouble::Redirected),
        ("", Trouble::Redirected),
    ] {
        assert_eq!(get(to(place)).await.expect_err("refused"), trouble, "{place}");
    }
}

#[tokio::test]
async fn nothing_private_is_asked() {
    for url in [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://10.1.2.3/",
        "http://0.0.0.0/",
        "ftp://a.example/",
    ] {
        let refused = fetcher(&[]).get(url, &Known::default()).await;
        assert_eq!(refused.expect_err("refused"), Trouble::Forbidden, "{url}");
    }
}

#[tokio::test]
async fn who_is_slow_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let quick = fetcher(&["127.0.0.0/8"]).within(Duration::from_millis(200), MOST);
    let refused = quick.get(&format!("http://127.0.0.1:{port}/"), &Known::default()).await;
    assert_eq!(refused.expect_err("refused"), Trouble::TimedOut);
}
