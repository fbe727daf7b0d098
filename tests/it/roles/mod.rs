//! Roles, delegates, and what is known of who gave what to whom: by REST and by DAV alike.

mod audit;
mod defaults;
mod delegates;
mod load;
mod revocation;
mod rights;
mod table;
mod under_load;

use crate::harness::Client;
use crate::rest::{json, send};
use serde_json::{Value, json as value};

/// Gives a calendar to somebody.
#[track_caller]
fn share(owner: &Client, calendar: &str, with: &str, role: &str) {
    let answer = send(owner, "POST", &format!("{calendar}/shares"), &value!({ "with": with, "role": role }));
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Takes it back.
#[track_caller]
fn unshare(owner: &Client, calendar: &str, with: &str) {
    owner.delete(&format!("{calendar}/shares/{with}")).no_content();
}

/// Lets somebody act for a person.
#[track_caller]
fn delegate(owner: &Client, to: &str, body: &Value) {
    let answer = send(owner, "PUT", &format!("/api/v1/me/delegates/{to}"), body);
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// A new calendar of somebody's: its path by REST, and by DAV.
fn new_calendar(owner: &Client, name: &str) -> (String, String) {
    let made = send(owner, "POST", "/api/v1/calendars", &value!({ "name": name }));
    let path = made.header("Location").expect("an address").to_owned();
    let href = json(&owner.get(&path).ok())["href"].as_str().expect("a path").to_owned();
    (path, href)
}

fn entries(client: &Client, calendar: &str) -> Vec<Value> {
    json(&client.get(&format!("{calendar}/acl")).ok())["entries"].as_array().expect("entries").clone()
}
