//! A storm of edits by several devices through every door: whatever moment is asked for, the collection is again what it was then.

use super::{id_of, json, send};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::json as value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Steps of a storm.
const STEPS: u64 = 120;

type State = BTreeMap<String, String>;

struct Storm {
    state: u64,
}

impl Storm {
    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    /// One change: by one of the devices, through one of the doors; it may be refused. UIDs wander between names.
    fn step(&mut self, devices: &[Client], dav: &str, rest: &str, number: u64) {
        let device = &devices[self.random(devices.len() as u64) as usize];
        let name = format!("n{}", self.random(8));
        let other = format!("n{}", self.random(8));
        let body = samples::event(
            &format!("u{}", self.random(8)),
            &["DTSTART:20260301T090000Z", &format!("SUMMARY:{number}")],
        );
        match self.random(8) {
            0..=2 => drop(device.put(&format!("{dav}{name}"), body).send()),
            3 => drop(
                device
                    .request("PUT", &format!("{rest}/events/{name}"))
                    .header("Content-Type", "text/calendar")
                    .body(body)
                    .send(),
            ),
            4 => drop(device.delete(&format!("{dav}{name}")).send()),
            5 => drop(device.delete(&format!("{rest}/events/{name}")).send()),
            6 => drop(device.move_to(&format!("{dav}{name}"), &format!("{dav}{other}")).send()),
            _ => drop(
                device
                    .proppatch(
                        &format!("{dav}{name}"),
                        &format!("<D:set><D:prop><x xmlns=\"urn:x\">{number}</x></D:prop></D:set>"),
                    )
                    .send(),
            ),
        }
    }
}

/// All members: name and bytes.
fn look(client: &Client, dav: &str) -> State {
    let found = client.propfind(dav, "1", &["D:getetag"]).multistatus();
    let all = found.hrefs().into_iter().filter(|href| !href.ends_with('/'));
    all.map(|href| (href.rsplit('/').next().expect("a name").to_owned(), client.get(href).ok().text()))
        .collect()
}

fn pause() {
    std::thread::sleep(Duration::from_millis(3));
}

both! {
    fn whatever_moment_is_asked_for_is_again(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let devices = [alice.another(), server.client_with_scope("alice", ""), server.client_with_scope("alice", "calendars")];
        let (dav, id) = (alice.calendar("default/"), id_of(&alice, "calendars", "default"));
        let rest = format!("/api/v1/calendars/{id}");
        for seed in [11, 12, 13] {
            let mut storm = Storm { state: seed };
            let mut moments: Vec<(String, State)> = Vec::new();
            for step in 0..STEPS {
                storm.step(&devices, &dav, &rest, seed * 1_000 + step);
                if storm.random(10) == 0 {
                    pause();
                    let now = jiff::Timestamp::from_microsecond(server.core().now()).expect("an instant").to_string();
                    moments.push((now, look(&alice, &dav)));
                    pause();
                }
            }
            assert!(moments.len() > 3);
            // Forth and back in the order of chance: restores are changes themselves, and are undone like others.
            for _ in 0..moments.len().min(8) {
                let (moment, then) = &moments[storm.random(moments.len() as u64) as usize];
                let told = json(&send(&alice, "POST", &format!("{rest}:restore"), &value!({ "asOf": moment })));
                assert_eq!((&told["left"], &told["atomic"]), (&value!(0), &value!(true)), "{told}");
                assert_eq!(&look(&alice, &dav), then, "seed {seed}, as of {moment}: {told}");
                // By item it is the same moment.
                for name in then.keys().take(2) {
                    let body = value!({ "asOf": moment });
                    let one = send(&alice, "POST", &format!("{rest}/events/{name}:restore"), &body);
                    assert_eq!(one.status, 200, "{}", one.text());
                }
                assert_eq!(&look(&alice, &dav), then);
            }
            // A replica that synced through all of it has what is there.
            let all = json(&alice.get(&format!("{rest}/changes")).ok());
            let names: Vec<&str> = all["changes"].as_array().expect("changes").iter().filter_map(|one| one["id"].as_str()).collect();
            assert_eq!(names.len(), look(&alice, &dav).len(), "{all}");
        }
    }
}
