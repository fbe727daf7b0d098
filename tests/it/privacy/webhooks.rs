//! What webhooks tell to whom something is hidden: what he would see of changes, whichever kinds he asks for.

use super::{Client, STRICT, Scene, event};
use crate::harness::{both, xml};
use crate::rest::send;
use cenacle::domain::webhook::Outcome;
use cenacle::services::SyncItem;
use cenacle::services::deliveries::{Content, Delivery};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Makes a webhook of some kinds, about one collection or the account; tells its id.
fn hook(client: &Client, about: Option<&str>, events: Option<&str>) -> String {
    let events = events.map(|kind| vec![kind]);
    let body = value!({ "url": "https://hooks.example.org/x", "collection": about, "events": events });
    let made = send(client, "POST", "/api/v1/webhooks", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let told: Value = serde_json::from_slice(&made.body).expect("JSON");
    told["id"].as_str().expect("an id").to_owned()
}

/// A message in short: its items, those that are gone with a dash.
fn told(delivery: &Delivery) -> String {
    let Content::Changes { items, .. } = &delivery.content else { return "left".to_owned() };
    let names: Vec<String> = items
        .iter()
        .map(|item| match item {
            SyncItem::Present(entry) => format!("{} {}", entry.name, entry.etag.quoted()),
            SyncItem::Gone { name, .. } => format!("-{name}"),
        })
        .collect();
    names.join(",")
}

/// Delivers all that there is, and tells it by webhook.
fn deliver(scene: &Scene) -> BTreeMap<String, Vec<String>> {
    let core = scene.server.core();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..20 {
        let due = scene.server.wait(core.webhooks_due(100)).expect("a list");
        if due.is_empty() {
            return all;
        }
        for one in due {
            let claim =
                scene.server.wait(core.claim_webhook(one.webhook)).expect("an answer").expect("nobody else");
            while let Some(message) = scene.server.wait(core.next_delivery(&claim)).expect("an answer") {
                all.entry(one.webhook.to_string()).or_default().push(told(&message));
                let sent = core.record_delivery(
                    &claim,
                    &message,
                    Outcome::Answered(204),
                    core.now(),
                    Duration::ZERO,
                );
                scene.server.wait(sent).expect("noted");
            }
        }
    }
    panic!("there is always something to tell: {all:?}");
}

const KINDS: [&str; 6] =
    ["event.created", "event.changed", "event.deleted", "task.changed", "task.deleted", "collection.changed"];

/// What all kinds of somebody's are told now.
fn by_kind(scene: &Scene, hooks: &[(String, &'static str)]) -> Vec<(&'static str, Vec<String>)> {
    let all = deliver(scene);
    hooks.iter().filter_map(|(id, kind)| Some((*kind, all.get(id)?.clone()))).collect()
}

/// These kinds are told the same, once.
fn each(kinds: &[&'static str], what: &str) -> Vec<(&'static str, Vec<String>)> {
    kinds.iter().map(|kind| (*kind, vec![what.to_owned()])).collect()
}

both! {
    fn kinds_of_changes_tell_nothing_of_what_is_hidden(db) {
        let scene = Scene::new(db, STRICT);
        let (alice, bob) = (scene.alice(), scene.who("bob"));
        let hooks: Vec<(String, &'static str)> = std::iter::once((hook(bob, Some(&scene.id), None), "all"))
            .chain(KINDS.map(|kind| (hook(bob, Some(&scene.id), Some(kind)), kind)))
            .collect();
        let now = || by_kind(&scene, &hooks);
        now();
        let put = |name: &str, class: &str| { alice.put(&scene.dav(name), event(name, 10, class, "geheim")).send(); };
        let seen = |name: &str| format!("{name} {}", bob.get(&scene.dav(name)).ok().header("ETag").expect("a tag"));
        // Something hidden came, or was changed, or went; or the calendar has another name: it is all the same.
        let nothing = each(&["all", "collection.changed"], "");
        put("c.ics", "CONFIDENTIAL");
        assert_eq!(now(), nothing);
        put("c.ics", "PRIVATE");
        assert_eq!(now(), nothing);
        alice.delete(&scene.dav("c.ics")).no_content();
        assert_eq!(now(), nothing);
        alice.proppatch(&scene.dav(""), "<D:set><D:prop><D:displayname>Other</D:displayname></D:prop></D:set>").multistatus();
        assert_eq!(now(), nothing);
        // What is deleted, and what is hidden now: of neither it is told what it is.
        put("q.ics", "PUBLIC");
        assert_eq!(now(), each(&["all", "event.created"], &seen("q.ics")));
        put("o.ics", "PUBLIC");
        assert_eq!(now(), each(&["all", "event.created"], &seen("o.ics")));
        alice.delete(&scene.dav("q.ics")).no_content();
        let gone = ["all", "event.deleted", "task.deleted"];
        assert_eq!(now(), each(&gone, "-q.ics"));
        put("o.ics", "PRIVATE");
        assert_eq!(now(), each(&gone, "-o.ics"));
        // It comes into sight again.
        put("o.ics", "PUBLIC");
        assert_eq!(now(), each(&["all", "event.changed"], &seen("o.ics")));
    }

    fn who_is_let_in_later_is_told_what_he_finds(db) {
        let scene = Scene::new(db, STRICT);
        let (alice, dave, erin) = (scene.alice(), scene.who("dave"), scene.who("erin"));
        let (of_dave, of_erin) = (hook(dave, None, None), hook(erin, None, None));
        for (name, class) in [("p.ics", "PRIVATE"), ("c.ics", "CONFIDENTIAL"), ("o.ics", "PUBLIC"), ("q.ics", "PUBLIC"), ("h.ics", "PUBLIC")] {
            alice.put(&scene.dav(name), event(name, 10, class, "geheim")).created();
        }
        alice.delete(&scene.dav("q.ics")).no_content();
        alice.put(&scene.dav("h.ics"), event("h.ics", 10, "PRIVATE", "geheim")).no_content();
        let seen = |who: &Client, names: &[&str]| {
            let one = |name: &&str| format!("{name} {}", who.get(&scene.dav(name)).ok().header("ETag").expect("a tag"));
            names.iter().map(one).collect::<Vec<_>>().join(",")
        };
        let told = deliver(&scene);
        // Of what is masked he has the tag of what he sees.
        let outline = dave.get(&scene.dav("p.ics")).ok();
        assert!(!outline.text().contains("geheim") && outline.header("ETag") != alice.get(&scene.dav("p.ics")).ok().header("ETag"));
        assert_eq!(told.get(&of_dave), Some(&vec![format!("{},-q.ics,{}", seen(dave, &["p.ics", "o.ics"]), seen(dave, &["h.ics"]))]));
        assert_eq!(told.get(&of_erin), None);
        let ace = "<D:ace><D:principal><D:href>/dav/principals/users/erin/</D:href></D:principal>\
                   <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
        alice.request("ACL", &scene.dav("")).xml(&xml::document("D:acl", ace)).ok();
        let told = deliver(&scene);
        // Nothing of what was gone, or hidden, before he came.
        assert_eq!(told.get(&of_erin), Some(&vec![seen(erin, &["o.ics"])]));
        assert_eq!(told.get(&of_dave), Some(&vec!["left".to_owned()]));
    }
}
