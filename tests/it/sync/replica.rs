//! Replaying sync answers gives the collection: writers and readers at the same time, with limits of their own.

use super::ask;
use crate::harness::{Client, TestServer, both, samples};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a client knows of a collection by sync answers alone.
#[derive(Default)]
struct Replica {
    token: String,
    etags: BTreeMap<String, String>,
}

impl Replica {
    /// Follows once; whether there is more.
    fn follow(&mut self, client: &Client, path: &str, limit: Option<usize>) -> bool {
        let answer = ask(client, path, &self.token, limit).multistatus();
        let mut more = false;
        for member in &answer.members {
            match member.status {
                None => drop(self.etags.insert(member.href.clone(), member.text("D:getetag"))),
                Some(404) => drop(self.etags.remove(&member.href)),
                Some(507) => more = true,
                Some(other) => panic!("{other} for {}", member.href),
            }
        }
        self.token = answer.token();
        more
    }
}

/// Writes, changes, moves and deletes among a few names, by a fixed sequence that differs by writer.
fn write(client: &Client, writer: usize) {
    let mut state = writer as u64 + 1;
    for step in 0..40 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let name = |n: u64| client.calendar(&format!("default/{writer}-{}.ics", n % 7));
        let (a, b) = (state >> 33, state >> 40);
        let body = samples::meeting(&format!("{writer}-{step}"));
        let status = match (state >> 60) % 4 {
            0 | 1 => {
                client.delete(&name(a)).send();
                client.put(&name(a), body).send().status
            }
            2 => client.delete(&name(a)).send().status,
            _ => {
                // Nothing takes the place of an item with another UID.
                client.delete(&name(b)).send();
                client.move_to(&name(a), &name(b)).send().status
            }
        };
        assert!([201, 204, 403, 404].contains(&status), "{status}");
    }
}

both! {
    fn readers_miss_nothing_while_writers_write(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/");
        let done = AtomicBool::new(false);
        let mut clients: Vec<Client> = (0..6).map(|_| alice.another()).collect();
        let readers: Vec<Replica> = std::thread::scope(|scope| {
            let (path, done) = (&path, &done);
            let reading: Vec<_> = [None, Some(1), Some(5)]
                .into_iter()
                .map(|limit| {
                    let client = clients.pop().expect("a client");
                    scope.spawn(move || {
                        let mut replica = Replica::default();
                        loop {
                            let last = done.load(Ordering::Acquire);
                            let more = replica.follow(&client, path, limit);
                            if last && !more {
                                return replica;
                            }
                        }
                    })
                })
                .collect();
            let writing: Vec<_> = (0..3)
                .map(|writer| {
                    let client = clients.pop().expect("a client");
                    scope.spawn(move || write(&client, writer))
                })
                .collect();
            let written: Vec<_> = writing.into_iter().map(|writer| writer.join()).collect();
            // Also where a writer has failed, or the readers would never end.
            done.store(true, Ordering::Release);
            assert!(written.iter().all(Result::is_ok), "a writer has failed");
            reading.into_iter().map(|reader| reader.join().expect("a reader")).collect()
        });
        let listed = alice.propfind(&path, "1", &["D:getetag"]).multistatus();
        let truth: BTreeMap<String, String> = listed
            .members
            .iter()
            .filter(|member| member.href != path)
            .map(|member| (member.href.clone(), member.text("D:getetag")))
            .collect();
        assert!(!truth.is_empty());
        for reader in readers {
            assert_eq!(reader.etags, truth);
        }
    }
}
