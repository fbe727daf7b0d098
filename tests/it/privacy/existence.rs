//! What somebody may not know of is not there: forbidden and absent names answer alike, in status, headers and body, to every method and
//! report at every kind of place, and in the time that it takes. REST's operations are compared in `rest/authorisation.rs`.
//!
//! `CENACLE_LONG=50 cargo test --release --test it existence` takes fifty times as many samples of time.

use super::{STRICT, Scene, event};
use crate::harness::answer::Answer;
use crate::harness::{Client, both, times, xml};
use std::time::Instant;

/// Names of one length, so that nothing of an answer may differ: of what is there, and of what never was.
const THERE: &str = "there1";
const NEVER: &str = "never1";

/// A place whose last name is one of both.
struct Spot {
    what: &'static str,
    path: fn(&Scene, &str) -> String,
}

/// For somebody with no right at all.
const SPOTS: &[Spot] = &[
    Spot { what: "a calendar", path: |scene, name| scene.alice().calendar(&format!("{name}/")) },
    Spot { what: "a calendar without its slash", path: |scene, name| scene.alice().calendar(name) },
    Spot {
        what: "an item of a calendar",
        path: |scene, name| scene.alice().calendar(&format!("{name}/a.ics")),
    },
    Spot {
        what: "no item of a calendar",
        path: |scene, name| scene.alice().calendar(&format!("{name}/b.ics")),
    },
    Spot { what: "a book", path: |scene, name| scene.alice().book(&format!("{name}/")) },
    Spot { what: "a card", path: |scene, name| scene.alice().book(&format!("{name}/a.vcf")) },
    Spot { what: "a home", path: |_, name| format!("/dav/calendars/{name}/") },
    Spot { what: "a calendar of a home", path: |_, name| format!("/dav/calendars/{name}/default/") },
    Spot { what: "a home of books", path: |_, name| format!("/dav/addressbooks/{name}/") },
    Spot { what: "an inbox", path: |_, name| format!("/dav/calendars/{name}/inbox/") },
];

/// For somebody who may read the calendar, but sees nothing of some items.
const HIDDEN: &[Spot] =
    &[Spot { what: "an item that is hidden", path: |scene, name| scene.dav(&format!("{name}.ics")) }];

const METHODS: &[&str] = &[
    "OPTIONS",
    "GET",
    "HEAD",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
    "PUT",
    "DELETE",
    "COPY",
    "MOVE",
    "ACL",
    "POST",
    "MKCOL",
    "MKCALENDAR",
    "LOCK",
    "UNLOCK",
    "PATCH",
    "SEARCH",
];

/// Conditions that requests carry.
const CONDITIONS: [&[(&str, &str)]; 4] =
    [&[], &[("If-Match", "*")], &[("If-None-Match", "*")], &[("If-Match", "\"x\"")]];

/// Whether a method says more in its body than in conditions.
fn bodies_of(method: &str) -> bool {
    ["PROPFIND", "PROPPATCH", "REPORT", "ACL"].contains(&method)
}

/// Every report, with what it needs.
fn reports(path: &str) -> Vec<(&'static str, String)> {
    let prop = "<D:prop><D:getetag/></D:prop>";
    let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
    let one = |root: &'static str, inside: &str| (root, xml::document(root, inside));
    vec![
        one("C:calendar-multiget", &format!("{prop}<D:href>{path}</D:href>")),
        one("R:addressbook-multiget", &format!("{prop}<D:href>{path}</D:href>")),
        one("C:calendar-query", &format!("{prop}{filter}")),
        one("R:addressbook-query", &format!("{prop}<R:filter/>")),
        one("C:free-busy-query", "<C:time-range start=\"20310601T000000Z\" end=\"20310701T000000Z\"/>"),
        one("D:sync-collection", &format!("<D:sync-token/><D:sync-level>1</D:sync-level>{prop}")),
        one(
            "D:expand-property",
            "<D:property name=\"owner\"><D:property name=\"displayname\"/></D:property>",
        ),
        one("D:acl-principal-prop-set", "<D:prop><D:displayname/></D:prop>"),
        one("D:principal-match", "<D:self/>"),
        one(
            "D:principal-property-search",
            "<D:property-search><D:prop><D:displayname/></D:prop><D:match>a</D:match></D:property-search>",
        ),
        one("D:principal-search-property-set", ""),
    ]
}

/// Every request at a path: what it is, and its answer.
fn all(client: &Client, path: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    let own = client.calendar("default/taken.ics");
    for method in METHODS {
        for depth in ["0", "1", "infinity"] {
            let bodies: Vec<(&str, String)> = match *method {
                "PROPFIND" => vec![
                    ("named", xml::document("D:propfind", "<D:prop><D:getetag/><D:displayname/></D:prop>")),
                    ("all", xml::document("D:propfind", "<D:allprop/>")),
                    ("names", xml::document("D:propfind", "<D:propname/>")),
                ],
                "PROPPATCH" => {
                    vec![(
                        "",
                        xml::document("D:propertyupdate", "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>"),
                    )]
                }
                "REPORT" => reports(path),
                "ACL" => vec![("", xml::document("D:acl", ""))],
                // With depths enough said by the others.
                _ if depth != "0" => continue,
                "PUT" | "POST" => vec![("", event("new", 11, "PUBLIC", "mine"))],
                _ => vec![("", String::new())],
            };
            for (which, body) in bodies {
                for conditions in CONDITIONS.iter().take(if bodies_of(method) { 2 } else { 4 }) {
                    let mut request = client.request(method, path).header("Depth", depth).body(body.clone());
                    if ["COPY", "MOVE"].contains(method) {
                        request = request.header("Destination", &own);
                    }
                    let media =
                        if ["PUT", "POST"].contains(method) { "text/calendar" } else { "application/xml" };
                    request = request.header("Content-Type", media);
                    for (name, value) in *conditions {
                        request = request.header(name, value);
                    }
                    answers.push((format!("{method} {which} depth {depth} {conditions:?}"), request.send()));
                }
            }
        }
    }
    // From one's own, onto it.
    for method in ["COPY", "MOVE"] {
        for overwrite in ["T", "F"] {
            client.put(&client.calendar("default/mine.ics"), event("mine", 10, "PUBLIC", "mine")).send();
            let request =
                client.request(method, &client.calendar("default/mine.ics")).header("Destination", path);
            answers.push((
                format!("{method} onto it, overwrite {overwrite}"),
                request.header("Overwrite", overwrite).send(),
            ));
        }
    }
    answers
}

/// All that an answer says, but for the hour and the name that was asked for.
fn plain(answer: &Answer, name: &str) -> (u16, Vec<String>, String) {
    let moments = ["date", "x-request-id", "traceparent"];
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value))
        .filter(|(name, _)| !moments.contains(&name.as_str()) && !name.contains("ratelimit"))
        .map(|(header, value)| format!("{header}: {}", value.replace(name, "NAME")))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text().replace(name, "NAME"))
}

fn alike(client: &Client, scene: &Scene, spots: &[Spot], told_apart: &mut Vec<String>) -> usize {
    let mut asked = 0;
    for spot in spots {
        let there = all(client, &(spot.path)(scene, THERE));
        let never = all(client, &(spot.path)(scene, NEVER));
        for ((what, one), (_, other)) in there.iter().zip(&never) {
            asked += 1;
            let (one, other) = (plain(one, THERE), plain(other, NEVER));
            if one != other {
                told_apart.push(format!("{}: {what}: {one:?} or {other:?}", spot.what));
            }
        }
    }
    asked
}

/// A calendar and a book of Alice's, and an account, all of one name; items of that name that are hidden.
fn scene(db: crate::harness::Db) -> Scene {
    let scene = Scene::new(db, STRICT);
    let alice = scene.alice();
    alice.mkcalendar(&alice.calendar(&format!("{THERE}/")), "").created();
    alice.put(&alice.calendar(&format!("{THERE}/a.ics")), event("a", 10, "PUBLIC", "geheim")).created();
    let book =
        "<D:set><D:prop><D:resourcetype><D:collection/><R:addressbook/></D:resourcetype></D:prop></D:set>";
    alice.mkcol(&alice.book(&format!("{THERE}/")), &xml::document("D:mkcol", book)).created();
    alice
        .put(&alice.book(&format!("{THERE}/a.vcf")), crate::harness::samples::card("a", "Geheim", &[]))
        .created();
    alice.put(&scene.dav(&format!("{THERE}.ics")), event(THERE, 10, "CONFIDENTIAL", "geheim")).created();
    scene.server.user(THERE);
    scene
}

/// A question whose time is taken.
type Ask = fn(&Client, &Scene, &str) -> Answer;

const TIMED: &[(&str, Ask)] = &[
    ("GET", |client, scene, name| client.get(&scene.alice().calendar(&format!("{name}/a.ics"))).send()),
    ("PROPFIND", |client, scene, name| {
        client.propfind(&scene.alice().calendar(&format!("{name}/")), "1", &["D:getetag"]).send()
    }),
    ("PROPFIND of a home", |client, _, name| {
        client.propfind(&format!("/dav/calendars/{name}/"), "1", &["D:getetag"]).send()
    }),
    ("PROPFIND of a calendar of a home", |client, _, name| {
        client.propfind(&format!("/dav/calendars/{name}/default/"), "1", &["D:getetag"]).send()
    }),
    ("sync", |client, scene, name| {
        let inside = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        client.report(&scene.alice().calendar(&format!("{name}/")), "D:sync-collection", inside).send()
    }),
    ("DELETE", |client, scene, name| client.delete(&scene.alice().calendar(&format!("{name}/a.ics"))).send()),
];

/// Pairs of samples in the short form.
const SAMPLES: usize = 120;
/// What the medians may differ by: a quarter, half among other tests that run at the same time, or 50 µs.
const SHARE: [f64; 2] = [0.25, 0.5];
const LITTLE: f64 = 50.0;

/// The medians in microseconds, of samples taken by turns, in either order.
fn medians(client: &Client, scene: &Scene, ask: Ask, pairs: usize) -> [f64; 2] {
    let mut taken = [Vec::with_capacity(pairs), Vec::with_capacity(pairs)];
    for pair in 0..pairs {
        for turn in 0..2 {
            let which = (pair + turn) % 2;
            let name = [THERE, NEVER][which];
            let begun = Instant::now();
            let answer = ask(client, scene, name);
            taken[which].push(begun.elapsed().as_secs_f64() * 1e6);
            assert_eq!(answer.status, 404, "{}", answer.text());
        }
    }
    taken.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        taken[taken.len() / 2]
    })
}

both! {
    fn forbidden_and_absent_answer_alike_to_everything(db) {
        let scene = scene(db);
        let mut told_apart = Vec::new();
        let mut asked = alike(scene.who("erin"), &scene, SPOTS, &mut told_apart);
        // Who may only know when she is busy, of this calendar, knows no more of the others, and of no item.
        asked += alike(scene.who("carol"), &scene, SPOTS, &mut told_apart);
        asked += alike(scene.who("carol"), &scene, HIDDEN, &mut told_apart);
        // Who may read, who may write, where an item is hidden from him altogether.
        asked += alike(scene.who("bob"), &scene, HIDDEN, &mut told_apart);
        println!("{asked} pairs");
        assert!(asked > 1_000);
        assert!(told_apart.is_empty(), "{} of {asked}: {told_apart:#?}", told_apart.len());
        assert!(scene.alice().get(&scene.dav(&format!("{THERE}.ics"))).ok().text().contains("geheim"));
        assert!(scene.alice().get(&scene.alice().calendar(&format!("{THERE}/a.ics"))).ok().text().contains("geheim"));
    }

    fn forbidden_takes_as_long_as_absent(db) {
        let scene = scene(db);
        let client = scene.who("erin");
        let share = if times() > 1 { SHARE[0] } else { SHARE[1] };
        for (what, ask) in TIMED {
            medians(client, &scene, *ask, 20);
            let mut seen = Vec::new();
            // A busy machine may disturb one series, and not three.
            let alike = (0..3).any(|_| {
                let [there, never] = medians(client, &scene, *ask, SAMPLES * times());
                seen.push(format!("{there:.0} and {never:.0} µs"));
                (there - never).abs() < LITTLE.max(share * there.min(never))
            });
            println!("{what}: {seen:?}");
            assert!(alike, "{what}: forbidden and absent take {seen:?}");
        }
    }
}
