//! Secret addresses: managed by who may share, read by who has them.

mod door;
mod manage;
mod privacy;

use super::{json, send};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, xml};
use serde_json::{Value, json as value};

/// A new link of the collection at this path below the API: its id and its token.
#[track_caller]
fn made(client: &Client, of: &str, scope: &str) -> (String, String) {
    let answer = send(client, "POST", &format!("/api/v1/{of}/links"), &value!({ "scope": scope }));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let told = json(&answer);
    let word = |name: &str| told[name].as_str().expect("a text").to_owned();
    (word("id"), word("token"))
}

/// Reads an address without a login.
fn read(server: &TestServer, name: &str) -> Answer {
    server.anonymous().get(&format!("/links/{name}")).send()
}

/// Gives Bob these privileges on Alice's default calendar, and no others.
#[track_caller]
fn give_bob(alice: &Client, privileges: &[&str]) {
    let granted: String =
        privileges.iter().map(|one| format!("<D:privilege><{one}/></D:privilege>")).collect();
    let ace = format!(
        "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal><D:grant>{granted}</D:grant></D:ace>"
    );
    let entries = if privileges.is_empty() { String::new() } else { ace };
    alice.request("ACL", &alice.calendar("default/")).xml(&xml::document("D:acl", &entries)).ok();
}

/// What an answer says, without the hour.
fn words(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> =
        answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date")).cloned().collect();
    // Their order is by chance.
    headers.sort();
    (answer.status, headers, answer.body.clone())
}

/// The links of a collection as they are told.
#[track_caller]
fn listed(client: &Client, of: &str) -> Vec<Value> {
    let page = json(&client.get(&format!("/api/v1/{of}/links")).ok());
    page["items"].as_array().expect("items").clone()
}
