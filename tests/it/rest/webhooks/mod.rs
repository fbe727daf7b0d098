//! Webhooks: what is told to whom, through a real deliverer and real receivers.

mod delivery;
mod failures;
mod filters;
mod granted;
mod manners;
mod receiver;
mod scale;
mod shared;

use super::{json, send};
use crate::harness::{Client, Db, TestServer};
use cenacle::config::Config;
use cenacle::outbound::Poster;
use cenacle::server::hooks;
use cenacle::services::Limits;
use receiver::Receiver;
use serde_json::{Value, json as value};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// No message takes longer than this to come.
const SOON: Duration = Duration::from_secs(20);
/// How often the deliverers of tests look.
const EVERY: Duration = Duration::from_millis(200);
/// When nothing came for so long, nothing comes: some looks.
const QUIET: Duration = Duration::from_millis(1_000);

/// A node that delivers, until it is dropped.
struct Node(AbortHandle);

impl Drop for Node {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Receivers of tests are on this machine, and have no TLS.
fn local() -> Config {
    Config {
        webhook_networks: vec!["127.0.0.0/8".into(), "::1".into()],
        webhook_http: true,
        ..Config::default()
    }
}

/// Starts to deliver, as a node does that is configured so.
fn deliver(server: &TestServer, config: &Config) -> Node {
    let poster = Poster::new(config.webhook_targets().expect("networks")).expect("certificates");
    Node(server.spawn(hooks::run(server.core().clone(), poster, EVERY)))
}

fn limits() -> Limits {
    Limits { webhook_pause: Duration::from_millis(50), ..Limits::default() }
}

/// A server and its one node that delivers.
fn delivering(db: Db, limits: Limits) -> (Node, TestServer) {
    let server = TestServer::with(db, limits, local());
    (deliver(&server, &local()), server)
}

/// Makes a webhook; gives its path and its secret.
#[track_caller]
fn hook(client: &Client, url: &str, collection: Option<&str>) -> (String, String) {
    let mut body = value!({ "url": url });
    if let Some(id) = collection {
        body["collection"] = value!(id);
    }
    made(client, &body)
}

/// Makes a webhook that wants only these kinds of changes; gives its path.
#[track_caller]
fn choosy(client: &Client, url: &str, events: &[&str]) -> String {
    made(client, &value!({ "url": url, "events": events })).0
}

#[track_caller]
fn made(client: &Client, body: &Value) -> (String, String) {
    let made = send(client, "POST", "/api/v1/webhooks", body);
    assert_eq!(made.status, 201, "{}", made.text());
    let told: Value = serde_json::from_slice(&made.body).expect("JSON");
    let path = made.header("Location").expect("an address").to_owned();
    (path, told["secret"].as_str().expect("a secret").to_owned())
}

/// Asks until it is so.
#[track_caller]
fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let told = json(&client.get(path).ok());
        if is_so(&told) {
            return told;
        }
        assert!(begun.elapsed() < SOON, "{told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The ids that a message tells of.
fn ids(message: &Value) -> Vec<String> {
    let changes = message["changes"].as_array().expect("changes");
    changes.iter().map(|change| change["id"].as_str().expect("an id").to_owned()).collect()
}
