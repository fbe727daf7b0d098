//! Roles × classes × doors, under two policies.

use super::doors::{Aim, DOORS, Door, Tells};
use super::{Policy, ROLES, STRICT, Scene, event, keep};
use crate::harness::answer::Answer;
use crate::harness::{both, samples};
use crate::rest::json;
use cenacle::domain::privacy::{Class, Showing, Viewer};

const CLASSES: [(&str, Class); 3] =
    [("PUBLIC", Class::Public), ("PRIVATE", Class::Private), ("CONFIDENTIAL", Class::Confidential)];

/// What a role is shown of a class; `None` where it cannot read at all.
fn showing(policy: Policy, who: &str, class: Class) -> Option<Showing> {
    let viewer = match who {
        "alice" => Viewer::Owner,
        "dave" => Viewer::Writer,
        "bob" => Viewer::Reader,
        _ => return None,
    };
    Some(policy.sight(viewer).of(class))
}

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

fn check(
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
        }
        Some(Showing::Masked) => {
            assert!(!says, "{what}");
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
            if door.tells == Tells::Item {
                assert!(matches!(answer.status, 403 | 404), "{what}");
            }
        }
    }
}

/// The number of the version that an item has now.
pub fn version(scene: &Scene, name: &str) -> i64 {
    let page = json(&scene.alice().get(&scene.rest(&format!("/events/{name}/history"))).ok());
    let with_content = page["items"].as_array().expect("items").iter().find(|one| one["size"].is_number());
    with_content.unwrap_or_else(|| panic!("{page}"))["version"].as_i64().expect("a number")
}

fn whole_matrix(scene: &Scene, policy: Policy) {
    for (class, _) in CLASSES {
        let word = format!("geheim{}", class.to_lowercase());
        let path = scene.dav(&format!("{}.ics", class.to_lowercase()));
        scene.alice().put(&path, event(class, 10, class, &word)).created();
        keep(scene.alice(), &path, &format!("note{word}"));
        // The number of a version is that of its content.
        scene.alice().put(&path, event(class, 10, class, &word)).no_content();
    }
    for (label, class) in CLASSES {
        let name = format!("{}.ics", label.to_lowercase());
        let word = format!("geheim{}", label.to_lowercase());
        let etag = scene
            .alice()
            .get(&scene.dav(&name))
            .ok()
            .header("ETag")
            .expect("a tag")
            .trim_matches('"')
            .to_owned();
        let aim =
            Aim { version: version(scene, &name), days: (9, 11), word: word.clone(), limit: 100, etag, name };
        for who in ROLES {
            for door in DOORS {
                let answer = (door.ask)(scene.who(who), scene, &aim);
                let what = format!("{who} asks {} about {label}", door.name);
                check(
                    door,
                    &answer,
                    showing(policy, who, class),
                    (&aim.name, &word, &format!("note{word}")),
                    &what,
                );
            }
        }
    }
    // Times are told to all who may see them, whatever the class.
    for who in ["alice", "dave", "bob", "carol"] {
        let busy =
            scene.who(who).get(&scene.rest("/freebusy?from=2031-06-10T00:00:00Z&to=2031-06-11T00:00:00Z"));
        assert!(busy.ok().text().contains("2031-06-10T07:00:00Z"), "{who}");
    }
}

both! {
    fn roles_classes_doors(db) {
        let policy = Policy::default();
        whole_matrix(&Scene::new(db, policy), policy);
    }

    fn roles_classes_doors_where_much_is_hidden(db) {
        whole_matrix(&Scene::new(db, STRICT), STRICT);
    }

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
