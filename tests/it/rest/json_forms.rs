//! Items as JSCalendar and JSContact: what JSON changes is changed, and no other byte of what a client of DAV wrote.

use super::{id_of, json, problem, three};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};

const EVENT: &str = "application/jscalendar+json";
const CARD: &str = "application/jscontact+json";

fn say(client: &Client, method: &str, path: &str, media: &str, body: &Value) -> Answer {
    client.request(method, path).header("Content-Type", media).body(body.to_string()).send()
}

/// The item in a JSON form.
fn told(client: &Client, path: &str, media: &str) -> (Value, String) {
    let answer = client.request("GET", path).header("Accept", media).send();
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some(media)), "{}", answer.text());
    (serde_json::from_slice(&answer.body).expect("JSON"), answer.etag())
}

fn events(client: &Client) -> String {
    format!("/api/v1/calendars/{}/events", id_of(client, "calendars", "default"))
}

fn contacts(client: &Client) -> String {
    format!("/api/v1/address-books/{}/contacts", id_of(client, "address-books", "default"))
}

/// The lines of a text, without those that begin so.
fn others(text: &str, changed: &[&str]) -> Vec<String> {
    text.split("\r\n")
        .filter(|line| !changed.iter().any(|begin| line.starts_with(begin)))
        .map(str::to_owned)
        .collect()
}

both! {
    fn an_event_of_json_is_one_of_caldav(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let sent = value!({
            "@type": "Event", "title": "Réunion", "start": "2026-03-02T10:00:00", "timeZone": "Europe/Paris",
            "duration": "PT1H", "recurrenceRules": [{"frequency": "weekly", "count": 3}],
            "participants": {"b": {"email": "bob@example.org", "name": "Bob", "roles": {"attendee": true}}}
        });
        for media in [EVENT, "application/json"] {
            let made = say(&alice, "POST", &events(&alice), media, &sent);
            assert_eq!(made.status, 201, "{}", made.text());
            assert_eq!(made.header("ETag"), None, "the bytes are not those that were sent");
            let id = json(&made)["id"].as_str().expect("an id").to_owned();
            let text = alice.get(&alice.calendar(&format!("default/{id}"))).ok().text();
            for line in ["SUMMARY:Réunion", "DTSTART;TZID=Europe/Paris:20260302T100000", "BEGIN:VTIMEZONE", "RRULE:FREQ=WEEKLY;COUNT=3"] {
                assert!(text.contains(line), "{line}: {text}");
            }
            let (again, _) = told(&alice, &format!("{}/{id}", events(&alice)), EVENT);
            for member in ["title", "start", "timeZone", "duration"] {
                assert_eq!(again[member], sent[member]);
            }
            assert_eq!(again["participants"]["b"]["email"], "bob@example.org");
        }
        // Its instances are found by their time.
        let week = format!("{}?from=2026-03-16T00:00:00Z&to=2026-03-17T00:00:00Z&expand=true", events(&alice));
        assert_eq!(json(&alice.get(&week).ok())["items"].as_array().map(Vec::len), Some(2));
        // In a list.
        let page = json(&alice.get(&format!("{}?fields=data&form=jscalendar", events(&alice))).ok());
        assert_eq!(page["items"][0]["data"]["title"], "Réunion");
    }

    fn a_merge_patch_moves_no_other_byte(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = samples::event("kept", &[
            "DTSTART:20260302T090000Z", "X-ODD;P=\"a,b\":kept  as it is", "ATTENDEE;X-P=1;CN=Bob:mailto:bob@example.org",
            "DESCRIPTION:fold\r\n ed here", "BEGIN:X-THING\r\nX-IN:1\r\nEND:X-THING",
        ]);
        let dav = alice.calendar("default/kept.ics");
        let first = alice.put(&dav, body.clone()).created();
        let path = format!("{}/kept.ics", events(&alice));
        let change = value!({"title": "Neuf", "locations": {"location": {"@type": "Location", "name": "Salle 3"}}});
        let done = say(&alice, "PATCH", &path, "application/merge-patch+json", &change);
        assert_eq!(done.status, 200, "{}", done.text());
        let now = alice.get(&dav).ok();
        assert_ne!(now.etag(), first.etag());
        assert_eq!(json(&done)["etag"], now.etag());
        let changed = ["SUMMARY", "LOCATION", "LAST-MODIFIED", "DTSTAMP"];
        assert_eq!(others(&now.text(), &changed), others(&body, &changed));
        assert!(now.text().contains("SUMMARY:Neuf\r\n") && now.text().contains("LOCATION:Salle 3\r\n"), "{}", now.text());
        // The same once more changes nothing, not even the time of the change.
        let again = say(&alice, "PATCH", &path, "application/json", &change);
        assert_eq!((again.status, json(&again)["etag"].clone()), (200, value!(now.etag())));
        // The whole object as it was read, with one member changed, is one change too.
        let (mut whole, etag) = told(&alice, &path, EVENT);
        whole["title"] = value!("Autre");
        let put = alice.request("PUT", &path).header("Content-Type", EVENT).header("If-Match", &etag);
        let put = put.body(whole.to_string()).send();
        assert_eq!(put.status, 200, "{}", put.text());
        let last = alice.get(&dav).ok();
        assert_eq!(others(&last.text(), &changed), others(&body, &changed));
        assert!(last.text().contains("SUMMARY:Autre\r\n"), "{}", last.text());
        // Who has not seen that is told so, and what it is now.
        let late = alice.request("PATCH", &path).header("Content-Type", "application/json").header("If-Match", &etag);
        let late = late.body(value!({"title": "Trop tard"}).to_string()).send();
        problem(&late, 412, "precondition-failed");
        assert_eq!(serde_json::from_slice::<Value>(&late.body).expect("JSON")["etag"], last.etag());
        assert_eq!(alice.get(&dav).ok().etag(), last.etag());
    }

    fn a_contact_of_json_is_one_of_carddav(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let sent = value!({
            "@type": "Card", "name": {"components": [{"kind": "given", "value": "Ann"}, {"kind": "surname", "value": "Lée"}]},
            "emails": {"m": {"address": "ann@example.org", "contexts": {"work": true}}}
        });
        let made = say(&alice, "POST", &contacts(&alice), CARD, &sent);
        assert_eq!(made.status, 201, "{}", made.text());
        let id = json(&made)["id"].as_str().expect("an id").to_owned();
        let text = alice.get(&alice.book(&format!("default/{id}"))).ok().text();
        assert!(text.contains("VERSION:4.0\r\n") && text.contains("N:Lée;Ann;"), "{text}");
        // A card of a phone keeps its version and what JSON cannot say.
        let body = samples::card("phone", "Élise Dupont", &["item1.TEL:+33 1", "item1.X-ABLabel:Chalet", "X-ODD:kept"]);
        let dav = alice.book("default/phone.vcf");
        alice.put(&dav, body.clone()).created();
        let path = format!("{}/phone.vcf", contacts(&alice));
        let done = say(&alice, "PATCH", &path, "application/merge-patch+json", &value!({"nicknames": {"n": {"name": "Zaza"}}}));
        assert_eq!(done.status, 200, "{}", done.text());
        let now = alice.get(&dav).ok().text();
        assert_eq!(others(&now, &["NICKNAME", "REV"]), others(&body, &["NICKNAME", "REV"]));
        assert!(now.contains("Zaza"), "{now}");
        assert_eq!(told(&alice, &path, CARD).0["nicknames"]["n"]["name"], "Zaza");
    }

    fn what_cannot_be_kept_is_refused_by_its_name(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let post = |body: Value| say(&alice, "POST", &events(&alice), EVENT, &body);
        let at = |answer: &Answer, kind: &str| {
            let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(told["type"], format!("urn:cenacle:problem:{kind}"), "{told}");
            assert!((400..500).contains(&answer.status), "{told}");
            told["field"].as_str().unwrap_or_default().to_owned()
        };
        let good = value!({"@type": "Event", "title": "x", "start": "2026-03-02T10:00:00"});
        let with = |member: &str, what: Value| {
            let mut body = good.clone();
            body[member] = what;
            body
        };
        assert_eq!(at(&post(with("titel", value!("x"))), "valid-calendar-data"), "/titel");
        assert_eq!(at(&post(with("start", value!("gestern"))), "valid-calendar-data"), "/start");
        assert_eq!(at(&post(value!(["a list"])), "bad-request"), "");
        let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        let bomb = alice.request("POST", &events(&alice)).header("Content-Type", EVENT).body(deep).send();
        assert!((400..500).contains(&bomb.status), "{}", bomb.text());
        // A task among events is none of them.
        let task = value!({"@type": "Task", "title": "x"});
        assert_eq!(at(&post(task), "supported-calendar-component"), "");
        // Nothing was made by any of these.
        assert_eq!(json(&alice.get(&events(&alice)).ok())["items"].as_array().map(Vec::len), Some(0));
        // A refused change changes nothing.
        let dav = alice.calendar("default/a.ics");
        let etag = alice.put(&dav, samples::meeting("a")).created().etag();
        let path = format!("{}/a.ics", events(&alice));
        let bad = say(&alice, "PATCH", &path, "application/merge-patch+json", &value!({"start": 7}));
        assert_eq!(at(&bad, "valid-calendar-data"), "/start");
        assert_eq!(alice.get(&dav).ok().etag(), etag);
        let none = say(&alice, "PATCH", &path, "text/calendar", &value!({}));
        problem(&none, 415, "unsupported-media-type");
        problem(&say(&alice, "PATCH", &format!("{}/none", events(&alice)), "application/json", &value!({})), 404, "not-found");
        // PUT of what is not there makes it, unless something must be there.
        let path = format!("{}/own.ics", events(&alice));
        let put = alice.request("PUT", &path).header("Content-Type", EVENT).header("If-Match", "*");
        problem(&put.body(good.to_string()).send(), 412, "precondition-failed");
        assert_eq!(say(&alice, "PUT", &path, EVENT, &good).status, 201);
    }

    fn rights_are_those_of_every_door(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        let dav = alice.calendar("default/a.ics");
        let etag = alice.put(&dav, samples::meeting("a")).created().etag();
        let path = format!("{}/a.ics", events(&alice));
        let patch = |client: &Client| say(client, "PATCH", &path, "application/merge-patch+json", &value!({"title": "x"}));
        // Bob may read; Carol may not know.
        assert_eq!(told(&bob, &path, EVENT).0["uid"], "a");
        problem(&patch(&bob), 403, "need-privileges");
        problem(&patch(&carol), 404, "not-found");
        let absent = carol.request("GET", &path).header("Accept", EVENT).send();
        problem(&absent, 404, "not-found");
        assert_eq!(alice.get(&dav).ok().etag(), etag);
        assert_eq!(patch(&alice).status, 200);
    }

    fn a_patch_of_pointers_changes_what_they_lead_to(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let body = samples::event("p", &["DTSTART:20260302T090000Z", "ATTENDEE;X-P=1;CN=Bob:mailto:bob@example.org", "X-ODD:kept"]);
        let dav = alice.calendar("default/p.ics");
        alice.put(&dav, body.clone()).created();
        let path = format!("{}/p.ics", events(&alice));
        let (whole, _) = told(&alice, &path, EVENT);
        let bob = whole["participants"].as_object().expect("participants").keys().next().expect("one").clone();
        for (media, status) in [(EVENT, "accepted"), ("application/json", "declined")] {
            let done = say(&alice, "PATCH", &path, media, &value!({format!("participants/{bob}/participationStatus"): status}));
            assert_eq!(done.status, 200, "{}", done.text());
            let now = alice.get(&dav).ok().text();
            assert!(now.contains(&format!("PARTSTAT={}", status.to_uppercase())) && now.contains("X-P=1"), "{now}");
            let changed = ["ATTENDEE", " ", "DTSTAMP", "LAST-MODIFIED"];
            assert_eq!(others(&now, &changed), others(&body, &changed));
        }
        let etag = alice.get(&dav).ok().etag();
        // A name without a slash replaces what it names, in a patch of pointers; in a merge patch it is merged.
        for (media, body, field) in [
            (EVENT, value!({"participants/none/name": "x"}), "/participants/none/name"),
            (EVENT, value!({"title/x": "x"}), "/title/x"),
            ("application/json", value!({"recurrenceRules/0/count": 3}), "/recurrenceRules/0/count"),
            (EVENT, value!({format!("participants/{bob}"): null, format!("participants/{bob}/name"): "x"}), &format!("/participants/{bob}/name")),
            (EVENT, value!({format!("participants/{bob}/unknown"): "x"}), &format!("/participants/{bob}/unknown")),
            ("application/merge-patch+json", value!({"participants/x/name": "x"}), "/participants~1x~1name"),
        ] {
            assert_eq!(problem(&say(&alice, "PATCH", &path, media, &body), 422, "valid-calendar-data"), field, "{body}");
        }
        problem(&say(&alice, "PATCH", &path, CARD, &value!({"title": "x"})), 415, "unsupported-media-type");
        assert_eq!(alice.get(&dav).ok().etag(), etag);
        // Contacts alike.
        alice.put(&alice.book("default/c.vcf"), samples::card("c", "Ann", &["TEL:+33 1"])).created();
        let path = format!("{}/c.vcf", contacts(&alice));
        let (whole, _) = told(&alice, &path, CARD);
        let phone = whole["phones"].as_object().expect("phones").keys().next().expect("one").clone();
        let done = say(&alice, "PATCH", &path, CARD, &value!({format!("phones/{phone}/number"): "+33 2"}));
        assert_eq!(done.status, 200, "{}", done.text());
        assert!(alice.get(&alice.book("default/c.vcf")).ok().text().contains("+33 2"));
    }

    fn json_is_the_item_and_fields_are_what_is_known_of_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.put(&alice.book("default/c.vcf"), samples::card("c", "Ann", &[])).created();
        for (list, id, media) in [(events(&alice), "a.ics", EVENT), (contacts(&alice), "c.vcf", CARD)] {
            let path = format!("{list}/{id}");
            let (whole, _) = told(&alice, &path, media);
            let plain = alice.get(&path).header("Accept", "application/json").ok();
            assert_eq!(json(&plain), whole);
            let kept = alice.get(&path).header("Accept", "text/*").ok();
            let facts = alice.get(&format!("{path}?fields=id,uid,etag,href")).ok();
            assert_eq!(json(&facts), value!({"id": id, "uid": whole["uid"].as_str().map(|uid| uid.trim_start_matches("urn:uuid:")), "etag": kept.etag(), "href": json(&facts)["href"]}));
            assert_eq!(alice.get(json(&facts)["href"].as_str().expect("an address")).ok().etag(), kept.etag());
            // As in the list, with its content.
            let listed = json(&alice.get(&format!("{list}?fields=etag,data&form=json")).ok())["items"][0].clone();
            assert_eq!(listed["data"], whole);
            assert_eq!(json(&alice.get(&format!("{path}?fields=etag,data&form=json")).ok()), listed);
            assert_eq!(problem(&alice.get(&format!("{path}?fields=nothing")).send(), 400, "bad-request"), "fields");
            // What was read may be sent back as it is, under the tag that it had.
            let put = alice.request("PUT", &path).header("Content-Type", "application/json").header("If-Match", &plain.etag()).body(whole.to_string()).send();
            assert_eq!((put.status, json(&put)["etag"].clone()), (200, value!(kept.etag())));
        }
    }
}
