//! What is taken back is gone at once: at the next request, for who waits, and for who listens to a stream.

use super::{delegate, new_calendar, share, unshare};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::json as value;
use std::io::Read;
use std::time::{Duration, Instant};

/// Within this time a stream looks whether it may go on.
const SOON: Duration = Duration::from_secs(10);

/// Reads a stream to its end, and tells how long that took from now on.
fn end_of(mut stream: impl Read) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let mut piece = [0; 1024];
    // The last chunk is empty; the connection itself may be used again.
    while !rest.ends_with(b"0\r\n\r\n") {
        match stream.read(&mut piece).expect("it ends") {
            0 => break,
            count => rest.extend_from_slice(&piece[..count]),
        }
    }
    assert!(!String::from_utf8_lossy(&rest).contains("after"), "nothing is told any more");
    begun.elapsed()
}

fn listen(client: &Client, path: &str) -> std::net::TcpStream {
    let mut request = client.head("GET", path, "Accept: text/event-stream\r\n");
    request.extend_from_slice(b"\r\n");
    let mut stream = client.raw(&request);
    let mut seen = Vec::new();
    let mut piece = [0; 1024];
    while !String::from_utf8_lossy(&seen).contains("data: ") {
        let count = stream.read(&mut piece).expect("events");
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
    assert!(seen.starts_with(b"HTTP/1.1 200"));
    stream
}

both! {
    fn a_running_stream_ends_when_the_right_goes(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, _) = new_calendar(&alice, "Work");
        let changes = format!("{calendar}/changes");
        for by_delegation in [false, true] {
            if by_delegation {
                delegate(&alice, "bob", &value!({ "role": "write" }));
            } else {
                share(&alice, &calendar, "bob", "read");
            }
            let stream = listen(&bob.another(), &changes);
            if by_delegation {
                alice.delete("/api/v1/me/delegates/bob").no_content();
            } else {
                unshare(&alice, &calendar, "bob");
            }
            alice.put(&format!("{calendar}/events/after"), samples::meeting("after")).send();
            assert!(end_of(stream) < SOON, "by delegation: {by_delegation}");
            bob.get(&changes).status(404);
            alice.delete(&format!("{calendar}/events/after")).send();
        }
    }

    fn who_waits_is_told_nothing_any_more(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, dav) = new_calendar(&alice, "Work");
        share(&alice, &calendar, "bob", "write");
        let token = crate::rest::json(&bob.get(&format!("{calendar}/changes")).ok())["token"].as_str().expect("a token").to_owned();
        let begun = Instant::now();
        let waiting = bob.another();
        let path = format!("{calendar}/changes?wait=30&since={token}");
        std::thread::scope(|scope| {
            let waiter = scope.spawn(move || waiting.get(&path).send().status);
            std::thread::sleep(Duration::from_millis(500));
            unshare(&alice, &calendar, "bob");
            assert_eq!(waiter.join().expect("an answer"), 404);
        });
        assert!(begun.elapsed() < SOON);
        // On the open connection, by every door.
        bob.put(&format!("{dav}a.ics"), samples::meeting("a")).status(404);
        bob.get(&calendar).status(404);
        alice.get(&format!("{dav}a.ics")).status(404);
    }

    fn nothing_is_read_or_written_after_the_revocation(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let (calendar, dav) = new_calendar(&alice, "Work");
        let item = format!("{dav}a.ics");
        alice.put(&item, samples::meeting("a")).created();
        for _ in 0..3 {
            delegate(&alice, "bob", &value!({ "role": "write" }));
            let (reader, writer) = (bob.another(), bob.another());
            let revoked = std::sync::Mutex::new(None::<Instant>);
            std::thread::scope(|scope| {
                let hammer = |client: Client, write: bool| {
                    let (revoked, item) = (&revoked, &item);
                    move || {
                        for _ in 0..60 {
                            let sent = Instant::now();
                            let answer = match write {
                                true => client.put(item, samples::meeting("a")).send(),
                                false => client.get(item).send(),
                            };
                            let gone = revoked.lock().expect("a lock").is_some_and(|at| sent > at);
                            assert!(!gone || answer.status == 404, "{} after the revocation", answer.status);
                            assert!(gone || matches!(answer.status, 200 | 204 | 404), "{}", answer.status);
                        }
                    }
                };
                scope.spawn(hammer(reader, false));
                scope.spawn(hammer(writer, true));
                std::thread::sleep(Duration::from_millis(60));
                alice.delete("/api/v1/me/delegates/bob").no_content();
                *revoked.lock().expect("a lock") = Some(Instant::now());
            });
        }
        bob.get(&calendar).status(404);
    }
}
