//! What an answer may say of an item, by what of it is shown; `cells` asks every door so.

use super::doors::{Door, Tells};
use super::{Policy, STRICT, Scene};
use crate::harness::answer::Answer;
use crate::harness::{both, samples};
use crate::rest::json;
use cenacle::domain::privacy::{Class, Showing};

pub const CLASSES: [(&str, Class); 3] =
    [("PUBLIC", Class::Public), ("PRIVATE", Class::Private), ("CONFIDENTIAL", Class::Confidential)];

/// Everything of an answer, folds taken out.
pub fn all_of(answer: &Answer) -> String {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    (headers + &answer.text()).replace("\r\n ", "").replace("\\r\\n ", "")
}

/// Doors that do not tell the aim's words even to its owner.
const SILENT: [&str; 7] = [
    "propfind propname",
    "query of a text that is not there",
    "list of tasks",
    "tasks of a time",
    "history of an item",
    "sync",
    "list from a cursor",
];

pub fn check(
    door: &Door,
    answer: &Answer,
    shown: Option<Showing>,
    (name, word, note): (&str, &str, &str),
    what: &str,
) {
    let told = all_of(answer);
    let says = told.contains(word) || told.contains(note);
    let what = format!("{what}: {} {told}", answer.status);
    match shown {
        Some(Showing::Whole) => {
            if matches!(door.tells, Tells::Item | Tells::Contents) && !SILENT.contains(&door.name) {
                assert!(says, "{what}");
            }
            if door.tells == Tells::Names {
                assert!(told.contains(name), "{what}");
            }
            if door.tells == Tells::Copy {
                assert!(says, "{what}");
            }
        }
        Some(Showing::Masked) => {
            assert!(!says, "{what}");
            refused(door, answer, &what);
            if door.tells == Tells::Item {
                assert!(matches!(answer.status, 200 | 207), "{what}");
            }
            if door.tells == Tells::Names {
                assert!(told.contains(name), "{what}");
            }
            if ["get", "read", "multiget", "query", "query of a time", "version", "export"]
                .contains(&door.name)
            {
                assert!(told.contains("Busy"), "{what}");
            }
            if door.name.starts_with("get if match") {
                assert_eq!(answer.status, 412, "{what}");
            }
        }
        Some(Showing::Absent) => {
            assert!(!says, "{what}");
            refused(door, answer, &what);
            if door.tells == Tells::Item {
                assert_eq!(answer.status, 404, "{what}");
            }
            if door.tells == Tells::Names
                || (door.tells == Tells::Contents && !door.name.starts_with("multiget"))
            {
                assert!(!told.contains(name), "{what}");
            }
        }
        None => {
            assert!(!says && (door.tells != Tells::Names || !told.contains(name)), "{what}");
            refused(door, answer, &what);
            if door.tells == Tells::Item {
                assert!(matches!(answer.status, 403 | 404), "{what}");
            }
        }
    }
}

/// Who does not see all of an item takes no copy of it.
fn refused(door: &Door, answer: &Answer, what: &str) {
    assert!(door.tells != Tells::Copy || answer.status >= 400, "{what}");
}

/// The number of the version that an item has now.
pub fn version(scene: &Scene, name: &str) -> i64 {
    let page = json(&scene.alice().get(&scene.rest(&format!("/events/{name}/history"))).ok());
    let with_content = page["items"].as_array().expect("items").iter().find(|one| one["size"].is_number());
    with_content.unwrap_or_else(|| panic!("{page}"))["version"].as_i64().expect("a number")
}

both! {
    fn a_hidden_override_beside_its_master(db) {
        for (policy, shown) in [(Policy::default(), Showing::Masked), (STRICT, Showing::Absent)] {
            let scene = Scene::new(db, policy);
            let body = samples::calendar(&[
                "BEGIN:VEVENT", "UID:s", "DTSTAMP:20260101T000000Z", "DTSTART:20310610T090000Z", "DTEND:20310610T100000Z",
                "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:openword", "END:VEVENT",
                "BEGIN:VEVENT", "UID:s", "DTSTAMP:20260101T000000Z", "RECURRENCE-ID:20310611T090000Z", "DTSTART:20310611T090000Z",
                "DTEND:20310611T100000Z", "SUMMARY:geheimword", "CLASS:PRIVATE", "END:VEVENT",
            ]);
            scene.alice().put(&scene.dav("s.ics"), body).created();
            let bob = scene.who("bob");
            let told = bob.get(&scene.dav("s.ics")).ok().text();
            assert!(told.contains("openword") && !told.contains("geheimword"), "{told}");
            assert_eq!(told.contains("SUMMARY:Busy"), shown == Showing::Masked, "{told}");
            assert_eq!(told.contains("EXDATE:20310611T090000Z"), shown == Showing::Absent, "{told}");
            let days = json(&bob.get(&scene.rest("/events?from=2031-06-09T00:00:00Z&to=2031-06-20T00:00:00Z&expand=true")).ok());
            let titles: Vec<&str> = days["items"].as_array().expect("items").iter().filter_map(|one| one["title"].as_str()).collect();
            match shown {
                Showing::Masked => assert_eq!(titles, ["openword", "Busy", "openword"]),
                _ => assert_eq!(titles, ["openword", "openword"]),
            }
            let listed = bob.propfind(&scene.dav(""), "1", &["D:getetag"]).multistatus();
            let etag = bob.get(&scene.dav("s.ics")).ok().header("ETag").expect("a tag").to_owned();
            assert!(listed.hrefs().into_iter().any(|href| href.ends_with("s.ics")));
            assert_eq!(bob.property(&scene.dav("s.ics"), "D:getetag"), etag);
            bob.get(&scene.dav("s.ics")).header("If-None-Match", &etag).status(304);
        }
    }
}
