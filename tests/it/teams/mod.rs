//! What belongs to groups, and what is handed over: rights by role, through every door, and what is noted of it.

mod behalf;
mod commands;
mod handover;
mod hidden;
mod links;
mod rights;

use crate::harness::{Client, TestServer};
use crate::rest::{json, send};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use serde_json::{Value, json as value};

/// An administrator.
pub fn administrator(server: &TestServer) -> Client {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        handle: "root".into(),
        display_name: "Root".into(),
        addresses: Vec::new(),
        admin: true,
        time_zone: None,
    };
    server.wait(server.core().create_principal(new, None)).expect("an administrator");
    server.client_with_scope("root", "")
}

/// Sends something that makes something, and tells its id.
#[track_caller]
pub fn made(client: &Client, path: &str, body: &Value) -> String {
    let answer = send(client, "POST", &format!("/api/v1/{path}"), body);
    assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    json(&answer)["id"].as_str().expect("an id").to_owned()
}

/// A group of this kind, made by `by`, who owns it.
#[track_caller]
pub fn group(by: &Client, name: &str, visibility: &str) -> String {
    made(by, "groups", &value!({ "name": name, "visibility": visibility }))
}

/// Gives somebody a role in a group.
#[track_caller]
pub fn put_in(by: &Client, group: &str, who: &str, role: &str) {
    let answer = send(by, "PUT", &format!("/api/v1/groups/{group}/members/{who}"), &value!({ "role": role }));
    assert!(matches!(answer.status, 200 | 201 | 204), "{}", answer.text());
}

/// Takes somebody out of a group.
#[track_caller]
pub fn take_out(by: &Client, group: &str, who: &str) {
    by.delete(&format!("/api/v1/groups/{group}/members/{who}")).no_content();
}

/// A calendar of a group.
#[track_caller]
pub fn team_calendar(by: &Client, group: &str) -> String {
    made(by, &format!("groups/{group}/calendars"), &value!({ "name": "Équipe" }))
}

/// What REST tells of a calendar.
#[track_caller]
pub fn calendar(client: &Client, id: &str) -> Value {
    json(&client.get(&format!("/api/v1/calendars/{id}")).ok())
}

/// Its path in DAV.
#[track_caller]
pub fn href(client: &Client, id: &str) -> String {
    calendar(client, id)["href"].as_str().expect("a path").to_owned()
}

/// A home's changes since a token: what is told as there, what as gone, and the next token.
pub fn home_sync(client: &Client, home: &str, token: &str) -> (Vec<String>, Vec<String>, String) {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    let answer = client.report(home, "D:sync-collection", &inside).multistatus();
    let names = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
    (names(answer.present()), names(answer.gone()), answer.token())
}
