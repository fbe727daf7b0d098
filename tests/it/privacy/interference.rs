//! Two servers whose data differ in hidden texts alone answer alike, byte for byte, whatever others ask: those who are named, members of
//! groups in groups, whoever has a secret address, and each of them where the calendar stands in his own home.
//! `CENACLE_LONG=20 cargo test --release --test it interference` asks twenty times as many requests, of another seed each.
//!
//! Only what follows from the moment, from the ids that each server makes, and from the epoch of its database is put out of the
//! way before the comparison.

use super::doors::{Aim, DOORS};
use super::matrix::all_of;
use super::{Policy, STRICT, Scene};
use crate::harness::answer::Answer;
use crate::harness::{Client, Db, both, samples, times};
use crate::rest::{json, send};
use serde_json::json as value;
use std::collections::BTreeMap;

/// Random requests of each viewer.
const REQUESTS: usize = 100;

/// Random numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).expect("small")
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }
}

/// Octets of hidden texts: in one list or another of the pages that are cut by them.
const LENGTHS: [usize; 6] = [3, 40, 5_000, 20_000, 90_000, 400_000];

/// An item; `world` says which hidden texts it has.
fn item(number: usize, class: &str, world: usize, edition: usize) -> (String, String) {
    let word = format!("w{world}n{number}e{edition}");
    let length = LENGTHS[(number * 5 + world * 3 + edition) % LENGTHS.len()];
    let public = class == "PUBLIC";
    let word = if public { format!("open{number}") } else { word };
    let long = if public { "open".to_owned() } else { word.repeat(length / word.len() + 1) };
    let day = 1 + number % 27;
    let mut lines = vec![format!("SUMMARY:{word}"), format!("DESCRIPTION:{long}"), format!("CLASS:{class}")];
    if !public {
        lines.push(format!("LOCATION:{word}"));
        lines.push(format!("CATEGORIES:{word}"));
        lines.push(format!("X-{word};X-P={word}:{word}"));
        for attendee in 0..(world * 7 + number) % 5 {
            lines.push(format!("ATTENDEE;CN={word};PARTSTAT=ACCEPTED:mailto:{word}{attendee}@example.org"));
        }
        lines.push(format!("SEQUENCE:{}", world * 3 + number));
        lines.push(format!("CREATED:202{}0101T000000Z", world + 3));
        lines.push(format!("LAST-MODIFIED:202{}0101T000000Z", world + 4));
        if world == 1 {
            lines.push(
                "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-P3D\r\nDESCRIPTION:x\r\nEND:VALARM".to_owned(),
            );
        }
    }
    let uid = format!("uid{number}");
    let kind = number % 6;
    if kind == 5 {
        if !public {
            lines.push(format!("COMPLETED:2031060{}T000000Z", world * 4 + 1));
            lines.push(format!("PERCENT-COMPLETE:{}", world * 50));
        }
        if number % 12 == 5 {
            lines.push(format!("DUE:203106{day:02}T150000Z"));
        }
    } else {
        lines.push(format!("DTSTART;TZID=Europe/Paris:203106{day:02}T090000"));
        lines.push("DURATION:PT45M".to_owned());
        if kind == 4 {
            lines.push("RRULE:FREQ=DAILY;COUNT=4".to_owned());
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let body = if kind == 5 { samples::todo(&uid, &lines) } else { samples::event(&uid, &lines) };
    // An override of its own class, hidden in both worlds.
    if kind == 4 {
        let over = format!(
            "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Paris:203106{:02}T090000\r\n\
             DTSTART;TZID=Europe/Paris:203106{:02}T140000\r\nDURATION:PT1H\r\nSUMMARY:w{world}over\r\nCLASS:PRIVATE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            day + 1,
            day + 1,
        );
        return (format!("i{number}.ics"), body.replace("END:VCALENDAR\r\n", &over));
    }
    (format!("i{number}.ics"), body)
}

const CLASSES: [&str; 4] = ["PUBLIC", "PRIVATE", "CONFIDENTIAL", "PRIVATE"];
const ITEMS: usize = 36;

/// The same happens in both worlds.
fn fill(scene: &Scene, world: usize) {
    let alice = scene.alice();
    for number in 0..ITEMS {
        let (name, body) = item(number, CLASSES[number % 4], world, 0);
        alice.put(&scene.dav(&name), body).created();
        if number % 3 == 0 {
            super::keep(
                alice,
                &scene.dav(&name),
                &if number % 4 == 0 { "open".to_owned() } else { format!("w{world}").repeat(world * 9 + 1) },
            );
        }
    }
    for number in (0..ITEMS).step_by(5) {
        let (name, body) = item(number, CLASSES[number % 4], world, 1);
        alice.put(&scene.dav(&name), body).no_content();
    }
    // Some change their class, some go, some come back.
    for (number, class) in [(1, "CONFIDENTIAL"), (2, "PUBLIC"), (6, "PRIVATE"), (8, "CONFIDENTIAL")] {
        let (name, body) = item(number, class, world, 2);
        alice.put(&scene.dav(&name), body).no_content();
    }
    for number in [3, 7, 10, 12] {
        alice.delete(&scene.dav(&format!("i{number}.ics"))).no_content();
    }
    let (name, body) = item(7, "CONFIDENTIAL", world, 3);
    alice.put(&scene.dav(&name), body).created();
}

/// The answer with what may differ put out of the way.
fn plain(answer: &Answer, scene: &Scene) -> String {
    let mut kept: Vec<String> = vec![answer.status.to_string()];
    let moments = ["date", "last-modified", "x-request-id", "traceparent"];
    for (name, value) in &answer.headers {
        let name = name.to_lowercase();
        if !moments.contains(&name.as_str())
            && !name.starts_with("ratelimit")
            && !name.starts_with("x-ratelimit")
        {
            kept.push(format!("{name}: {}", without_tokens(&value.replace(&scene.id, "THE-ID"))));
        }
    }
    // In which order headers stand is chance.
    kept.sort();
    // The body as it is: how it is folded may differ too.
    let text = String::from_utf8_lossy(&answer.body).replace(&scene.id, "THE-ID");
    let text = without_moments(&without_tokens(&text));
    if text.contains("INSTANT") || text.contains("TOKEN") {
        // How long these are is no matter of what is hidden.
        kept.retain(|line| !line.starts_with("content-length"));
    }
    kept.push(text);
    kept.join("\n")
}

/// Sync tokens without the epoch and the row's id; their numbers stay.
fn without_tokens(text: &str) -> String {
    let mut parts = text.split("urn:cenacle:sync:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let subject = part.split(':').nth(1).unwrap_or_default();
        let sight = subject.split_once('.').map_or("", |(_, sight)| sight);
        let rest = part.splitn(3, ':').nth(2).unwrap_or_default();
        out.push_str(&format!("TOKEN.{sight}:{rest}"));
    }
    out
}

/// Without moments of this test's own time, of which all that is stored is told in two forms; and without its devices' numbers.
fn without_moments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_instant = rest.get(..11).is_some_and(|head| {
            let b = head.as_bytes();
            b[..2] == *b"20"
                && b[2..4] != *b"31"
                && b[4] == b'-'
                && b[7] == b'-'
                && b[10] == b'T'
                && b[..4].iter().all(u8::is_ascii_digit)
        });
        let http = rest.get(..29).is_some_and(|head| head.ends_with(" GMT") && head.as_bytes()[3] == b',');
        if is_instant {
            let end = rest.find('Z').map_or(rest.len(), |at| at + 1);
            out.push_str("INSTANT");
            rest = &rest[end..];
        } else if http {
            out.push_str("DATE");
            rest = &rest[29..];
        } else if let Some(after) = rest.strip_prefix("app-password-") {
            out.push_str("DEVICE");
            rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        } else if let Some(after) = rest.strip_prefix("DTSTAMP:20") {
            out.push_str("DTSTAMP:X");
            rest = after;
            if !after.starts_with("260101T000000Z") {
                rest = &after[after.find('Z').unwrap_or(0)..];
            }
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Where two texts begin to differ, if they do.
fn parting(one: &str, other: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(60)).take(160).collect::<String>();
    Some(format!("{:?} or {:?}", around(one), around(other)))
}

/// Erin reads by a group in a group, and has the calendar in her own home, as Dave and Bob have.
fn let_in(scene: &Scene) {
    scene.server.group("inner", &["erin"]);
    scene.server.group("outer", &["inner"]);
    let share = value!({ "with": "outer", "role": "read" });
    assert_eq!(send(scene.alice(), "POST", &scene.rest("/shares"), &share).status, 201);
    // Bob may make addresses too, of what he sees.
    let grant = value!({ "grant": [{ "principal": "bob", "role": "read", "admin": true }] });
    assert_eq!(send(scene.alice(), "PATCH", &format!("{}/acl", scene.rest("")), &grant).status, 200);
    for who in ["dave", "bob", "erin"] {
        let wish = value!({ "pathName": "shared" });
        assert_eq!(send(scene.who(who), "PUT", &scene.rest("/subscription"), &wish).status, 201);
    }
}

/// What a secret address of each scope tells, in each form, with the address itself put out of the way.
fn addresses(scene: &Scene, of: &Client, scopes: &[&str]) -> Vec<String> {
    let anonymous = scene.server.anonymous();
    let mut told = Vec::new();
    for scope in scopes {
        let made = send(of, "POST", &scene.rest("/links"), &value!({ "scope": scope }));
        assert_eq!(made.status, 201, "{}", made.text());
        let made = json(&made);
        let token = made["token"].as_str().expect("a token").to_owned();
        for (form, accept) in [("ics", ""), ("json", ""), ("vcf", ""), ("", "application/calendar+json")] {
            let dot = if form.is_empty() { "" } else { "." };
            // Else busy times are told around the moment.
            let window = if *scope == "free-busy" {
                "?start=2031-06-01T00:00:00Z&end=2031-07-01T00:00:00Z"
            } else {
                ""
            };
            let request =
                anonymous.get(&format!("/links/{token}{dot}{form}{window}")).header("Accept", accept);
            let answer = plain(&request.send(), scene).replace(&token, "SECRET");
            // Its tag is made of the collection's id too; that hidden changes leave it is seen in `rest/links/privacy.rs`.
            // And so is the UID of busy times.
            let own = |line: &&str| !line.starts_with("etag: W/") && !line.contains("@links.cenacle");
            let kept: Vec<&str> = answer.split('\n').filter(own).collect();
            told.push(format!("{scope} {form}: {}", kept.join("\n")));
        }
        let id = made["id"].as_str().expect("an id");
        of.delete(&scene.rest(&format!("/links/{id}"))).no_content();
    }
    told
}

fn alike(db: Db, policy: Policy) {
    let mut worlds = [Scene::new(db, policy), Scene::new(db, policy)];
    for (world, scene) in worlds.iter().enumerate() {
        fill(scene, world);
        let_in(scene);
    }
    // What they would tell to Alice differs.
    let [one, other] = [0, 1].map(|world: usize| {
        let scene = &worlds[world];
        plain(&scene.alice().get(&scene.dav("i1.ics")).ok(), scene)
    });
    assert_ne!(one, other);
    // `full` shows what its maker sees: what Alice does differs.
    for (who, scopes) in [("alice", &["free-busy", "public"][..]), ("bob", &["free-busy", "public", "full"])]
    {
        let [one, other] =
            [0, 1].map(|world: usize| addresses(&worlds[world], worlds[world].who(who), scopes));
        assert!(one.iter().any(|told| told.contains("200")), "{one:?}");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(parting(one, other), None, "an address of {who}");
        }
    }
    let owned = worlds[0].at.clone();
    let mut dice = Dice(7);
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut told_apart = Vec::new();
    for (who, at_home) in [
        ("dave", false),
        ("bob", false),
        ("carol", false),
        ("erin", false),
        ("dave", true),
        ("bob", true),
        ("erin", true),
    ] {
        for round in 0..REQUESTS * times() {
            // Each door at least once.
            let door = DOORS.get(round).unwrap_or_else(|| dice.one(DOORS));
            let first = u8::try_from(1 + dice.throw(27)).expect("small");
            let number = dice.throw(ITEMS);
            let words = ["Busy", "w0n1", "w1n1", "w0", "w1", "open", "openword", "example"];
            let of = dice.throw(2);
            let name = format!("i{number}.ics");
            for scene in &mut worlds {
                scene.at.clone_from(&owned);
            }
            let etag = match dice.throw(3) {
                // A tag that the viewer may know, and the tags that only Alice does.
                0 => worlds[0].who(who).get(&worlds[0].dav(&name)).send(),
                _ => worlds[of].alice().get(&worlds[of].dav(&name)).send(),
            };
            let aim = Aim {
                version: i64::try_from(1 + dice.throw(60)).expect("small"),
                days: (first, (first + 3).min(29)),
                word: (*dice.one(&words)).to_owned(),
                limit: *dice.one(&[1, 2, 5, 20, 100]),
                etag: etag.header("ETag").unwrap_or("\"none\"").trim_matches('"').to_owned(),
                name,
            };
            if at_home {
                for scene in &mut worlds {
                    scene.at = scene.who(who).calendar("shared/");
                }
            }
            let [one, other] = [0, 1].map(|world: usize| {
                let scene = &worlds[world];
                (door.ask)(scene.who(who), scene, &aim)
            });
            let told = all_of(&one);
            assert!(
                !told.contains("w0n") || policy.writer.is_whole() || who == "dave",
                "{who} {}: {told}",
                door.name
            );
            // What Dave sees whole is another text in each world.
            if who == "dave" && policy.sight(cenacle::domain::privacy::Viewer::Writer).hidden() != 6 {
                continue;
            }
            *asked.entry(door.name).or_default() += 1;
            let bodies = parting(&one.text(), &other.text());
            let (one, other) = (plain(&one, &worlds[0]), plain(&other, &worlds[1]));
            if let Some(where_they_part) = parting(&one, &other) {
                told_apart.push(format!(
                    "{who} asks {} (in his own home: {at_home}) with {aim:?}: {where_they_part}; bodies: {bodies:?}",
                    door.name
                ));
            }
        }
    }
    assert!(told_apart.is_empty(), "{} answers: {told_apart:#?}", told_apart.len());
    assert_eq!(asked.len(), DOORS.len(), "{asked:?}");
    for scene in &mut worlds {
        scene.at.clone_from(&owned);
    }
    // And what follows from a token.
    for who in ["dave", "bob", "erin"] {
        if who == "dave" && policy.writer.hidden() != 6 {
            continue;
        }
        let answers = [0, 1].map(|world: usize| {
            let scene = &worlds[world];
            let all = scene.who(who).get(&scene.rest("/changes?limit=3")).ok().text();
            let page: serde_json::Value = serde_json::from_str(&all).expect("JSON");
            let mut told = vec![without_tokens(&all)];
            let mut token = page["token"].as_str().expect("a token").to_owned();
            for _ in 0..40 {
                let path = scene.rest(&format!("/changes?limit=2&since={}", token.replace(':', "%3A")));
                let next = scene.who(who).get(&path).ok().text();
                let page: serde_json::Value = serde_json::from_str(&next).expect("JSON");
                token = page["token"].as_str().expect("a token").to_owned();
                told.push(without_tokens(&next));
            }
            told
        });
        assert_eq!(answers[0], answers[1], "{who}");
    }
}

both! {
    fn hidden_texts_change_no_answer(db) {
        alike(db, Policy::default());
    }

    fn hidden_texts_change_no_answer_where_much_is_hidden(db) {
        alike(db, STRICT);
    }
}
