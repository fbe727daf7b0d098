//! Who does not see all of an item changes nothing of it; and what is told of items as what is seen of them changes.

use super::matrix::version;
use super::{Policy, STRICT, Scene, event, keep};
use crate::harness::answer::Answer;
use crate::harness::{Client, both, xml};
use crate::rest::{json, send};
use cenacle::services::SyncItem;
use cenacle::services::deliveries::Content;
use serde_json::json as value;

const SYNC: &str = "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";

/// Every door that writes, asked about an item; `mine` is a calendar of the client's own.
fn attempts(scene: &Scene, client: &Client, name: &str, mine: &str) -> Vec<(&'static str, Answer)> {
    let path = scene.dav(name);
    let rest = scene.rest(&format!("/events/{name}"));
    let body = event(name, 12, "PUBLIC", "mine");
    let to = |path: &str| client.calendar(&format!("default/{path}"));
    let copy = value!({ "to": mine });
    let batch = |operation: serde_json::Value| {
        send(client, "POST", "/api/v1/batch", &value!({ "operations": [operation] }))
    };
    vec![
        ("PUT", client.put(&path, body.clone()).send()),
        ("PROPPATCH", client.proppatch(&path, "<D:set><D:prop><X:note>1</X:note></D:prop></D:set>").send()),
        ("COPY", client.copy(&path, &to("copied.ics")).send()),
        ("COPY onto", {
            client.put(&to("other.ics"), event("other", 13, "PUBLIC", "other")).send();
            client.copy(&to("other.ics"), &path).send()
        }),
        ("rest PUT", client.put(&rest, body.clone()).send()),
        ("rest PATCH", send(client, "PATCH", &rest, &value!({ "title": "mine" }))),
        ("rest copy", send(client, "POST", &format!("{rest}:copy"), &copy)),
        ("rest restore", {
            let to = value!({ "version": version(scene, name) });
            send(client, "POST", &format!("{rest}:restore"), &to)
        }),
        ("batch", batch(value!({ "op": "delete", "path": rest.trim_start_matches("/api/v1") }))),
        ("rest DELETE", client.delete(&rest).send()),
        ("rest move", send(client, "POST", &format!("{rest}:move"), &copy)),
        ("MOVE", client.move_to(&path, &to("moved.ics")).send()),
        ("DELETE", client.delete(&path).send()),
    ]
}

/// What a sync tells: names with tags, those that are gone without.
fn told(client: &Client, scene: &Scene, token: &str) -> (Vec<(String, Option<String>)>, String) {
    let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
    let answer = client.report(&scene.dav(""), "D:sync-collection", &inside).status(207);
    let found = answer.multistatus();
    let mut all: Vec<(String, Option<String>)> = found
        .members
        .iter()
        .map(|one| {
            let name = one.href.rsplit('/').next().expect("a name").to_owned();
            (name, if one.status == Some(404) { None } else { Some(one.text("D:getetag")) })
        })
        .collect();
    all.sort();
    (all, found.sync_token.expect("a token"))
}

both! {
    fn who_does_not_see_all_of_an_item_changes_nothing_of_it(db) {
        for (policy, class, status) in [(Policy::default(), "CONFIDENTIAL", 403), (STRICT, "PRIVATE", 403), (STRICT, "CONFIDENTIAL", 404)] {
            let scene = Scene::new(db, policy);
            let dave = scene.who("dave");
            let body = event("x.ics", 10, class, "geheim");
            scene.alice().put(&scene.dav("x.ics"), body.clone()).created();
            keep(scene.alice(), &scene.dav("x.ics"), "note");
            let mine = crate::rest::id_of(dave, "calendars", "default");
            for (what, answer) in attempts(&scene, dave, "x.ics", &mine) {
                let expected = match what {
                    // Conditions of a whole batch have a status of their own.
                    "batch" => answer.status,
                    _ => status,
                };
                assert!(answer.status >= 400 && answer.status == expected, "{class} {what}: {} {}", answer.status, answer.text());
                assert!(!answer.text().contains("geheim"), "{what}: {}", answer.text());
            }
            assert_eq!(scene.alice().get(&scene.dav("x.ics")).ok().text(), body);
            assert_eq!(scene.alice().property(&scene.dav("x.ics"), "X:note"), "note");
            assert!(dave.propfind(&dave.calendar("default/"), "1", &["D:getetag"]).multistatus().hrefs().len() <= 2);
        }
    }

    fn who_sees_all_of_an_item_changes_it(db) {
        let scene = Scene::new(db, Policy::default());
        let dave = scene.who("dave");
        scene.alice().put(&scene.dav("x.ics"), event("x.ics", 10, "PRIVATE", "geheim")).created();
        assert!(dave.get(&scene.dav("x.ics")).ok().text().contains("geheim"));
        dave.put(&scene.dav("x.ics"), event("x.ics", 10, "PRIVATE", "other")).no_content();
        // But he stores nothing that he would not see.
        dave.put(&scene.dav("x.ics"), event("x.ics", 10, "CONFIDENTIAL", "other")).status(403);
        dave.put(&scene.dav("y.ics"), event("y", 10, "CONFIDENTIAL", "other")).status(403);
        assert!(scene.alice().get(&scene.dav("x.ics")).ok().text().contains("CLASS:PRIVATE"));
        scene.alice().get(&scene.dav("y.ics")).status(404);
        dave.delete(&scene.dav("x.ics")).no_content();
    }

    fn a_uid_of_something_absent_does_not_tell_its_name(db) {
        let scene = Scene::new(db, STRICT);
        scene.alice().put(&scene.dav("hiddenname.ics"), event("taken", 10, "CONFIDENTIAL", "geheim")).created();
        let dave = scene.who("dave");
        let body = event("taken", 11, "PUBLIC", "mine");
        for answer in [
            dave.put(&scene.dav("new.ics"), body.clone()).send(),
            dave.request("POST", &scene.rest("/events")).header("Content-Type", "text/calendar").body(body.clone()).send(),
            dave.request("POST", &scene.rest("/import")).header("Content-Type", "text/calendar").body(body.clone()).send(),
            dave.request("POST", &scene.rest("/import?known=replace")).header("Content-Type", "text/calendar").body(body.clone()).send(),
            dave.request("POST", &scene.rest("/import?dryRun=true&known=replace")).header("Content-Type", "text/calendar").body(body).send(),
        ] {
            assert!(!answer.text().contains("hiddenname"), "{}", answer.text());
        }
        assert!(scene.alice().get(&scene.dav("hiddenname.ics")).ok().text().contains("geheim"));
    }

    fn a_copy_of_a_calendar_has_what_its_maker_sees(db) {
        let scene = Scene::new(db, Policy::default());
        for class in ["PUBLIC", "PRIVATE", "CONFIDENTIAL"] {
            scene.alice().put(&scene.dav(&format!("{class}.ics")), event(class, 10, class, "geheim")).created();
        }
        for (who, count) in [("bob", 1), ("dave", 2), ("alice", 3)] {
            let client = scene.who(who);
            client.copy(&scene.dav(""), &client.calendar("copied/")).created();
            let found = client.propfind(&client.calendar("copied/"), "1", &["D:getetag"]).multistatus();
            assert_eq!(found.hrefs().len(), count + 1, "{who}");
        }
        // What is copied is private in its new place too.
        let dave = scene.who("dave");
        assert!(dave.get(&dave.calendar("copied/PRIVATE.ics")).ok().text().contains("geheim"));
    }

    fn sync_tells_of_hidden_items_what_is_seen_of_them(db) {
        let scene = Scene::new(db, STRICT);
        let (alice, bob, dave) = (scene.alice(), scene.who("bob"), scene.who("dave"));
        alice.put(&scene.dav("p.ics"), event("p", 10, "PRIVATE", "one")).created();
        alice.put(&scene.dav("c.ics"), event("c", 10, "CONFIDENTIAL", "one")).created();
        alice.put(&scene.dav("o.ics"), event("o", 10, "PUBLIC", "one")).created();
        let names = |all: &[(String, Option<String>)]| all.iter().map(|(name, tag)| (name.clone(), tag.is_some())).collect::<Vec<_>>();
        let one = |name: &str, there: bool| (name.to_owned(), there);
        let (first, of_bob) = told(bob, &scene, "");
        assert_eq!(names(&first), [one("o.ics", true)]);
        let (first, of_dave) = told(dave, &scene, "");
        assert_eq!(names(&first), [one("o.ics", true), one("p.ics", true)]);
        let tag = first[1].1.clone();
        assert_eq!(tag.as_deref(), dave.get(&scene.dav("p.ics")).ok().header("ETag"));

        // Another text: the tag that is seen stays, and those who never saw it hear of nothing.
        alice.put(&scene.dav("p.ics"), event("p", 10, "PRIVATE", "a much longer text than before")).no_content();
        alice.put(&scene.dav("c.ics"), event("c", 10, "CONFIDENTIAL", "two")).no_content();
        let (next, of_dave) = told(dave, &scene, &of_dave);
        assert_eq!(next, [("p.ics".to_owned(), tag.clone())]);
        assert!(told(bob, &scene, &of_bob).0.is_empty());

        // It is hidden altogether: gone for those who knew it.
        alice.put(&scene.dav("p.ics"), event("p", 10, "CONFIDENTIAL", "three")).no_content();
        alice.put(&scene.dav("o.ics"), event("o", 10, "PRIVATE", "three")).no_content();
        let (next, of_dave) = told(dave, &scene, &of_dave);
        assert_eq!(names(&next), [one("o.ics", true), one("p.ics", false)]);
        let (next, of_bob) = told(bob, &scene, &of_bob);
        assert_eq!(names(&next), [one("o.ics", false)]);
        assert!(told(bob, &scene, "").0.is_empty());

        // What nobody of them could see goes without a word; what he could is told, also to one who was not there.
        alice.delete(&scene.dav("c.ics")).no_content();
        alice.delete(&scene.dav("p.ics")).no_content();
        alice.put(&scene.dav("p.ics"), event("p", 10, "CONFIDENTIAL", "again")).created();
        let (next, of_dave) = told(dave, &scene, &of_dave);
        assert_eq!(names(&next), [one("p.ics", false)]);
        assert!(told(bob, &scene, &of_bob).0.is_empty());
        let page = json(&dave.get(&format!("{}?since={}", scene.rest("/changes"), of_dave.replace(':', "%3A"))).ok());
        assert_eq!(page["changes"], value!([]));

        // It is shown again.
        alice.put(&scene.dav("p.ics"), event("p", 10, "PUBLIC", "four")).no_content();
        assert_eq!(names(&told(dave, &scene, &of_dave).0), [one("p.ics", true)]);
        assert_eq!(names(&told(bob, &scene, &of_bob).0), [one("p.ics", true)]);
    }

    fn readers_cannot_tell_what_is_absent_from_what_is_not_there(db) {
        let scene = Scene::new(db, STRICT);
        let bob = scene.who("bob");
        scene.alice().put(&scene.dav("there.ics"), event("there", 10, "PRIVATE", "geheim")).created();
        bob.put(&bob.calendar("default/mine.ics"), event("mine", 10, "PUBLIC", "mine")).created();
        let asked = |name: &str| {
            let (dav, rest) = (scene.dav(name), scene.rest(&format!("/events/{name}")));
            let body = event("new", 11, "PUBLIC", "mine");
            let answers = [
                bob.get(&dav).send(),
                bob.delete(&dav).send(),
                bob.put(&dav, body.clone()).send(),
                bob.proppatch(&dav, "<D:set><D:prop><X:note>1</X:note></D:prop></D:set>").send(),
                bob.copy(&dav, &bob.calendar("default/copied.ics")).send(),
                bob.move_to(&dav, &bob.calendar("default/copied.ics")).send(),
                bob.copy(&bob.calendar("default/mine.ics"), &dav).send(),
                bob.copy(&bob.calendar("default/mine.ics"), &dav).header("Overwrite", "F").send(),
                bob.put(&rest, body.clone()).send(),
                bob.delete(&rest).send(),
                bob.get(&format!("{rest}/history")).send(),
                bob.get(&format!("{rest}/history/1")).send(),
                send(bob, "PATCH", &rest, &value!({ "title": "mine" })),
            ];
            answers.map(|answer| (answer.status, answer.text().replace(name, "NAME")))
        };
        assert_eq!(asked("there.ics"), asked("never.ics"));
    }

    fn webhooks_tell_what_their_owners_see(db) {
        let scene = Scene::new(db, STRICT);
        let dave = scene.who("dave");
        let about = value!({ "url": "https://hooks.example.org/x", "collection": scene.id });
        assert_eq!(send(dave, "POST", "/api/v1/webhooks", &about).status, 201);
        scene.alice().put(&scene.dav("p.ics"), event("p", 10, "PRIVATE", "geheim")).created();
        scene.alice().put(&scene.dav("c.ics"), event("c", 10, "CONFIDENTIAL", "geheim")).created();
        let core = scene.server.core();
        let due = scene.server.wait(core.webhooks_due(10)).expect("a list");
        let claim = scene.server.wait(core.claim_webhook(due[0].webhook)).expect("an answer").expect("nobody else");
        let delivery = scene.server.wait(core.next_delivery(&claim)).expect("an answer").expect("a message");
        let Content::Changes { items, .. } = delivery.content else { panic!("{delivery:?}") };
        let tag = dave.property(&scene.dav("p.ics"), "D:getetag");
        match items.as_slice() {
            [SyncItem::Present(entry)] => assert_eq!((entry.name.as_str(), entry.etag.quoted()), ("p.ics", tag)),
            other => panic!("{other:?}"),
        }
    }

    fn who_comes_to_see_more_begins_anew(db) {
        let scene = Scene::new(db, Policy::default());
        let (alice, bob) = (scene.alice(), scene.who("bob"));
        alice.put(&scene.dav("p.ics"), event("p", 10, "PRIVATE", "geheim")).created();
        let (_, token) = told(bob, &scene, "");
        let acl = "<D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal>\
                   <D:grant><D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>";
        alice.request("ACL", &scene.dav("")).xml(&xml::document("D:acl", acl)).ok();
        let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
        bob.report(&scene.dav(""), "D:sync-collection", &inside).refused(403, "D:valid-sync-token");
        let (all, _) = told(bob, &scene, "");
        assert_eq!(all[0].1.as_deref(), alice.get(&scene.dav("p.ics")).ok().header("ETag"));
        assert!(bob.get(&scene.dav("p.ics")).ok().text().contains("geheim"));
    }

    fn taking_back_leaves_what_is_hidden(db) {
        let scene = Scene::new(db, Policy::default());
        let (alice, dave) = (scene.alice(), scene.who("dave"));
        alice.put(&scene.dav("o.ics"), event("o", 10, "PUBLIC", "one")).created();
        alice.put(&scene.dav("c.ics"), event("c", 10, "CONFIDENTIAL", "one")).created();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let now = jiff::Timestamp::from_microsecond(scene.server.core().now()).expect("an instant").to_string();
        std::thread::sleep(std::time::Duration::from_millis(5));
        alice.put(&scene.dav("o.ics"), event("o", 10, "PUBLIC", "two")).no_content();
        alice.put(&scene.dav("c.ics"), event("c", 10, "CONFIDENTIAL", "two")).no_content();
        for dry in [true, false] {
            let body = value!({ "asOf": now, "dryRun": dry });
            let answer = send(dave, "POST", &format!("{}:restore", scene.rest("")), &body);
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.text().contains("o.ics") && !answer.text().contains("c.ics"), "{}", answer.text());
        }
        assert!(alice.get(&scene.dav("c.ics")).ok().text().contains("SUMMARY:two"));
        assert!(alice.get(&scene.dav("o.ics")).ok().text().contains("SUMMARY:one"));
    }
}
