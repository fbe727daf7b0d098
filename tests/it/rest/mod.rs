//! REST: one file a resource or a manner. What is written by this door is read by DAV, and the other way round.

mod account_archives;
mod authorisation;
mod batch;
mod changes;
mod collections;
mod device_undo;
mod groups;
mod imports;
mod instance_lists;
mod instances;
mod invitations;
mod items;
mod json_forms;
mod links;
mod logins;
mod manners;
mod model;
mod model_series;
mod past;
mod principals;
mod problems;
mod queries;
mod repeats;
mod storm;
mod subscriptions;
mod task_instances;
mod tokens;
mod walk;
mod webhooks;

use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer};
use serde_json::Value;

/// The body as JSON; must be said to be that.
#[track_caller]
pub fn json(answer: &Answer) -> Value {
    let media = answer.header("Content-Type").unwrap_or_default();
    assert!(media.starts_with("application/json"), "{media}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Expects a problem of this type; gives the field that it names.
#[track_caller]
pub fn problem(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{}", answer.text());
    let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(told["type"], format!("urn:cenacle:problem:{kind}"), "{told}");
    assert_eq!(told["status"], status);
    assert!(told["title"].as_str().is_some_and(|title| !title.is_empty()), "{told}");
    told["field"].as_str().unwrap_or_default().to_owned()
}

/// Sends JSON.
pub fn send(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    client.request(method, path).header("Content-Type", "application/json").body(body.to_string()).send()
}

/// The id of the default calendar, task list or address book: the one with this last segment.
pub fn id_of(client: &Client, list: &str, slug: &str) -> String {
    let page = json(&client.get(&format!("/api/v1/{list}")).ok());
    let found = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|one| one["href"].as_str().is_some_and(|href| href.ends_with(&format!("/{slug}/"))));
    found.unwrap_or_else(|| panic!("no {slug}: {page}"))["id"].as_str().expect("an id").to_owned()
}

/// Alice, who shares `default` with Bob for reading; Carol has nothing to do with it.
pub fn three(server: &TestServer) -> (Client, Client, Client) {
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let acl = "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal>\
               <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
    for path in [alice.calendar("default/"), alice.book("default/")] {
        let body = crate::harness::xml::document("D:acl", acl);
        alice.request("ACL", &path).xml(&body).ok();
    }
    (alice, bob, carol)
}
