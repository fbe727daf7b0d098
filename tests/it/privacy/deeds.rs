//! Doors that have to do something before they tell: copies and moves out, taking in, links, webhooks, going back. Each leaves all as it
//! was, as far as others see it.

use super::doors::{Aim, Door, Tells, door};
use super::{Scene, event};
use crate::harness::Client;
use crate::harness::answer::Answer;
use crate::rest::{id_of, json, send};
use serde_json::json as value;

/// The client's own place for a copy.
fn own(client: &Client) -> String {
    client.calendar("default/taken.ics")
}

/// What came of it, where it was done; else why not.
fn taken(client: &Client, done: Answer) -> Answer {
    if !(200..300).contains(&done.status) {
        return done;
    }
    let found = client.get(&own(client)).send();
    client.delete(&own(client)).send();
    found
}

/// The item as Alice has it, with another word beside.
fn body(aim: &Aim, more: &str) -> String {
    let class = aim.name.trim_end_matches(".ics").to_uppercase();
    event(&class, 10, &class, &format!("{}{more}", aim.word))
}

fn restore_item(client: &Client, scene: &Scene, aim: &Aim) -> Answer {
    scene.alice().delete(&scene.dav(&aim.name)).send();
    let path = scene.rest(&format!("/events/{}", aim.name));
    let done = send(client, "POST", &format!("{path}:restore"), &value!({ "version": aim.version }));
    let answer = if done.status < 300 { client.get(&scene.dav(&aim.name)).send() } else { done };
    scene.alice().put(&scene.dav(&aim.name), body(aim, "")).send();
    answer
}

fn message(client: &Client, scene: &Scene, aim: &Aim) -> Answer {
    let wanted = value!({ "url": "https://hooks.example.org/x", "collection": scene.id });
    let made = send(client, "POST", "/api/v1/webhooks", &wanted);
    if made.status != 201 {
        return made;
    }
    scene.alice().put(&scene.dav(&aim.name), body(aim, "x")).no_content();
    let core = scene.server.core();
    let due = scene.server.wait(core.webhooks_due(10)).expect("a list");
    let mut told = String::new();
    for one in due {
        if let Some(claim) = scene.server.wait(core.claim_webhook(one.webhook)).expect("an answer") {
            told += &format!("{:?}", scene.server.wait(core.next_delivery(&claim)).expect("an answer"));
        }
    }
    let id = json(&made)["id"].as_str().expect("an id").to_owned();
    client.delete(&format!("/api/v1/webhooks/{id}")).no_content();
    scene.alice().put(&scene.dav(&aim.name), body(aim, "")).no_content();
    Answer { status: 200, headers: Vec::new(), body: told.into_bytes() }
}

/// All of them.
pub const DEEDS: &[Door] = &[
    door("copy out", "COPY", Tells::Copy, |client, scene, aim| {
        taken(client, client.copy(&scene.dav(&aim.name), &own(client)).send())
    }),
    door("copy out by REST", "POST /calendars/{id}/events/{item}:copy", Tells::Copy, |client, scene, aim| {
        let to = id_of(client, "calendars", "default");
        let path = scene.rest(&format!("/events/{}:copy", aim.name));
        let done = send(client, "POST", &path, &value!({ "to": to }));
        if done.status >= 300 {
            return done;
        }
        let at = done.header("Location").expect("an address").to_owned();
        let found = client.get(&at).send();
        client.delete(&at).send();
        found
    }),
    door("taken in", "PUT /calendars/{id}/subscription", Tells::Item, |client, scene, aim| {
        let path = scene.rest("/subscription");
        let done = send(client, "PUT", &path, &value!({}));
        match done.status {
            201 => {
                let at = json(&done)["href"].as_str().expect("a path").to_owned();
                let found = client.get(&format!("{at}{}", aim.name)).send();
                client.delete(&path).no_content();
                found
            }
            // One's own is in one's home.
            409 => client.get(&scene.dav(&aim.name)).send(),
            _ => done,
        }
    }),
    door("link", "POST /calendars/{id}/links", Tells::Times, |client, scene, _| {
        let done = send(client, "POST", &scene.rest("/links"), &value!({ "scope": "full" }));
        if done.status != 201 {
            return done;
        }
        let made = json(&done);
        let found = scene
            .server
            .anonymous()
            .get(&format!("/links/{}.ics", made["token"].as_str().expect("a token")))
            .send();
        client.delete(&scene.rest(&format!("/links/{}", made["id"].as_str().expect("an id")))).no_content();
        found
    }),
    door("message to a webhook", "POST /webhooks", Tells::Names, message),
    door("going back, tried", "POST /calendars/{id}:restore", Tells::Times, |client, scene, _| {
        let body = value!({ "asOf": "2026-01-01T00:00:00Z", "dryRun": true });
        send(client, "POST", &scene.rest(":restore"), &body)
    }),
    door("restored", "POST /calendars/{id}/events/{item}:restore", Tells::Times, restore_item),
    door(
        "moved out by REST",
        "POST /calendars/{id}/events/{item}:move",
        Tells::Times,
        |client, scene, aim| {
            let to = id_of(client, "calendars", "default");
            let path = scene.rest(&format!("/events/{}:move", aim.name));
            let done = send(client, "POST", &path, &value!({ "to": to }));
            if done.status >= 300 {
                return done;
            }
            let at = done.header("Location").expect("an address").to_owned();
            let found = client.get(&at).send();
            client.delete(&at).send();
            scene.alice().put(&scene.dav(&aim.name), body(aim, "")).send();
            found
        },
    ),
    door("moved out", "MOVE", Tells::Times, |client, scene, aim| {
        let done = client.move_to(&scene.dav(&aim.name), &own(client)).send();
        let found = taken(client, done);
        scene.alice().put(&scene.dav(&aim.name), body(aim, "")).send();
        found
    }),
];
