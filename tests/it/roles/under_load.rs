//! A right that is taken back under load: while its holder reads, syncs and writes over open connections, on each node, by each way in which a
//! right can end. What counts is time: a request that was sent after the revocation had been answered shows nothing and changes nothing.
//!
//! A second or two of it are in the ordinary tests; `CENACLE_LONG=100 cargo test --release --test it under_load` makes a hundred times as many rounds.

use super::{delegate, new_calendar, share, unshare};
use crate::harness::answer::Answer;
use crate::harness::{Client, Db, TestServer, both, samples, times};
use crate::rest::{json, send};
use cenacle::config::Config;
use cenacle::domain::precondition::Preconditions;
use cenacle::domain::principal::PrincipalState;
use cenacle::services::{Actor, Limits};
use serde_json::json as value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Stands in each text that nobody without the right may see, and in each name.
const WORD: &str = "geheim";
/// Answers that each program must have seen with the right before it goes, and that it asks for afterwards.
const BEFORE: usize = 2;
const AFTER: usize = 3;
/// Items, and octets of each, so that an export is a long answer.
const ITEMS: usize = 16;
const OCTETS: usize = 20_000;
/// Nothing takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// How the right is given, and taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    User,
    Group,
    NestedGroup,
    Delegation,
    DelegationOfAGroup,
    LowerRole,
    Everybody,
    Suspension,
    Link,
    LinkOfAReader,
}

const WAYS: &[Way] = &[
    Way::User,
    Way::Group,
    Way::NestedGroup,
    Way::Delegation,
    Way::DelegationOfAGroup,
    Way::LowerRole,
    Way::Everybody,
    Way::Suspension,
    Way::Link,
    Way::LinkOfAReader,
];

/// Where things are.
struct Scene {
    /// The nodes: one on SQLite, two on PostgreSQL. Dropped in this order: the one that has the data last.
    nodes: Vec<TestServer>,
    alice: Client,
    bob: Client,
    calendar: String,
    /// A sync token that Bob knows.
    token: String,
    places: Places,
}

/// What Bob's programs know.
struct Places {
    /// The calendar by REST, and by DAV.
    calendar: String,
    dav: String,
    /// The same in Bob's own home.
    mounted: String,
}

impl Places {
    fn item(&self) -> String {
        format!("{}{WORD}0.ics", self.dav)
    }
}

/// Where a link's secret stands for the round.
#[derive(Default)]
struct Secret(Mutex<String>);

impl Scene {
    fn new(db: Db) -> Scene {
        let config = Config { rest_requests: 0, link_requests: 0, ..Config::default() };
        let first = TestServer::with_config(db, config.clone());
        let (alice, bob) = (first.user("alice"), first.user("bob"));
        first.group("inner", &["bob"]);
        first.group("outer", &["inner"]);
        let (calendar, dav) = new_calendar(&alice, "Work");
        for at in 0..ITEMS {
            let text = format!("DESCRIPTION:{}", WORD.repeat(OCTETS / WORD.len()));
            let summary = format!("SUMMARY:{WORD}");
            let body = samples::event(
                &format!("{WORD}{at}"),
                &[&summary, &text, "DTSTART:20310610T090000Z", "DURATION:PT1H"],
            );
            alice.put(&format!("{dav}{WORD}{at}.ics"), body).created();
        }
        share(&alice, &calendar, "bob", "write");
        let taken = send(&bob, "PUT", &format!("{calendar}/subscription"), &value!({}));
        let mounted = json(&taken)["href"].as_str().expect("a path").to_owned();
        let token = json(&bob.get(&format!("{calendar}/changes")).ok())["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        unshare(&alice, &calendar, "bob");
        let mut nodes = vec![first];
        if db == Db::Postgres {
            let beside = nodes[0].beside_with(Limits::default(), config);
            nodes.insert(0, beside);
        }
        let places = Places { calendar: calendar.clone(), dav, mounted };
        Scene { nodes, alice, bob, calendar, token, places }
    }

    fn first(&self) -> &TestServer {
        self.nodes.last().expect("a node")
    }

    fn give(&self, way: Way, secret: &Secret) {
        let (alice, calendar) = (&self.alice, &self.calendar);
        match way {
            Way::User | Way::LowerRole | Way::Suspension => share(alice, calendar, "bob", "write"),
            Way::Group => share(alice, calendar, "inner", "write"),
            Way::NestedGroup => share(alice, calendar, "outer", "write"),
            Way::Delegation => delegate(alice, "bob", &value!({ "role": "delegate" })),
            Way::DelegationOfAGroup => delegate(alice, "outer", &value!({ "role": "write" })),
            Way::Everybody => share(alice, calendar, ":authenticated", "write"),
            Way::Link => *secret.0.lock().expect("a lock") = self.link(alice),
            Way::LinkOfAReader => {
                let grant = value!({ "grant": [{ "principal": "bob", "role": "write", "admin": true }] });
                assert_eq!(send(alice, "PATCH", &format!("{calendar}/acl"), &grant).status, 200);
                *secret.0.lock().expect("a lock") = self.link(&self.bob);
            }
        }
    }

    /// A new secret address: its token and its place among the links.
    fn link(&self, of: &Client) -> String {
        let answer = send(of, "POST", &format!("{}/links", self.calendar), &value!({ "scope": "full" }));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = json(&answer);
        format!("{} {}", made["token"].as_str().expect("a token"), made["id"].as_str().expect("an id"))
    }

    /// Takes it back; when this returns the revocation has been answered.
    fn take(&self, way: Way, secret: &Secret) {
        let (alice, calendar) = (&self.alice, &self.calendar);
        let core = self.first().core();
        let leave = |group: &str, member: &str| {
            let operator = Actor::operator();
            let gone = core.remove_member(&operator, group, member, Preconditions::default());
            self.first().wait(gone).expect("no member any more");
        };
        match way {
            Way::User => unshare(alice, calendar, "bob"),
            Way::Group => leave("inner", "bob"),
            Way::NestedGroup | Way::DelegationOfAGroup => leave("outer", "inner"),
            Way::Delegation => drop(alice.delete("/api/v1/me/delegates/bob").no_content()),
            Way::LowerRole => share(alice, calendar, "bob", "access"),
            Way::Everybody => unshare(alice, calendar, ":authenticated"),
            Way::Suspension => {
                self.first()
                    .wait(core.set_account_state("bob", PrincipalState::Suspended))
                    .expect("suspended");
            }
            Way::Link => {
                let id = secret.0.lock().expect("a lock").split(' ').nth(1).expect("an id").to_owned();
                alice.delete(&format!("{calendar}/links/{id}")).no_content();
            }
            Way::LinkOfAReader => unshare(alice, calendar, "bob"),
        }
    }

    /// As it was before, for the next round.
    fn mend(&self, way: Way) {
        let (alice, calendar) = (&self.alice, &self.calendar);
        let core = self.first().core();
        let join = |group: &str, member: &str| {
            self.first().wait(core.add_member(group, member)).expect("a member again");
        };
        match way {
            Way::Group => {
                join("inner", "bob");
                unshare(alice, calendar, "inner");
            }
            Way::NestedGroup => {
                join("outer", "inner");
                unshare(alice, calendar, "outer");
            }
            Way::DelegationOfAGroup => {
                join("outer", "inner");
                alice.delete("/api/v1/me/delegates/outer").no_content();
            }
            Way::LowerRole => unshare(alice, calendar, "bob"),
            Way::Suspension => {
                self.first().wait(core.set_account_state("bob", PrincipalState::Active)).expect("active");
                unshare(alice, calendar, "bob");
            }
            Way::User | Way::Delegation | Way::Everybody | Way::Link | Way::LinkOfAReader => {}
        }
    }
}

/// What a program does over and over.
struct Habit {
    name: &'static str,
    /// Whether it changes something rather than looking.
    writes: bool,
    ask: fn(&Client, &Places, usize) -> Answer,
}

const fn habit(name: &'static str, writes: bool, ask: fn(&Client, &Places, usize) -> Answer) -> Habit {
    Habit { name, writes, ask }
}

fn sync(client: &Client, path: &str, token: &str) -> Answer {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    client.report(path, "D:sync-collection", &inside).send()
}

const HABITS: &[Habit] = &[
    habit("GET", false, |client, places, _| client.get(&places.item()).send()),
    habit("GET in the own home", false, |client, places, _| {
        client.get(&format!("{}{WORD}1.ics", places.mounted)).send()
    }),
    habit("listing", false, |client, places, _| client.propfind(&places.dav, "1", &["D:getetag"]).send()),
    habit("multiget", false, |client, places, _| {
        let inside = format!("<D:prop><C:calendar-data/></D:prop><D:href>{}</D:href>", places.item());
        client.report(&places.dav, "C:calendar-multiget", &inside).send()
    }),
    habit("query", false, |client, places, _| {
        let inside = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        client.report(&places.dav, "C:calendar-query", inside).send()
    }),
    habit("first sync", false, |client, places, _| sync(client, &places.dav, "")),
    habit("sync in the own home", false, |client, places, _| sync(client, &places.mounted, "")),
    habit("REST read", false, |client, places, _| {
        client.get(&format!("{}/events/{WORD}0.ics", places.calendar)).send()
    }),
    habit("REST list", false, |client, places, _| {
        client.get(&format!("{}/events?fields=id,etag,data&limit=5", places.calendar)).send()
    }),
    habit("REST search", false, |client, places, _| {
        client.get(&format!("{}/events?q={WORD}&fields=id,data&limit=5", places.calendar)).send()
    }),
    habit("REST changes", false, |client, places, _| {
        client.get(&format!("{}/changes?limit=5", places.calendar)).send()
    }),
    habit("REST history", false, |client, places, _| {
        client.get(&format!("{}/history?limit=50", places.calendar)).send()
    }),
    habit("long export", false, |client, places, _| {
        client.get(&format!("{}/export", places.calendar)).send()
    }),
    habit("PUT", true, |client, places, at| {
        client.put(&format!("{}{WORD}-put{at}.ics", places.dav), samples::meeting(&format!("put{at}"))).send()
    }),
    habit("PUT in the own home", true, |client, places, at| {
        client
            .put(&format!("{}{WORD}-own{at}.ics", places.mounted), samples::meeting(&format!("own{at}")))
            .send()
    }),
    habit("PROPPATCH", true, |client, places, at| {
        client
            .proppatch(&places.dav, &format!("<D:set><D:prop><X:late>{at}</X:late></D:prop></D:set>"))
            .send()
    }),
    habit("REST POST", true, |client, places, at| {
        let uid = format!("{WORD}-post{at}-{client:p}");
        let body = samples::event(&uid, &["DTSTART:20310611T090000Z", &format!("SUMMARY:{WORD}")]);
        client
            .request("POST", &format!("{}/events", places.calendar))
            .header("Content-Type", "text/calendar")
            .body(body)
            .send()
    }),
];

/// What who has a link does.
const READER: &[Habit] = &[
    habit("link as iCalendar", false, |client, _, _| client.get("/links/TOKEN.ics").send()),
    habit("link as jCal", false, |client, _, _| client.get("/links/TOKEN.json").send()),
];

/// What happened to one program.
#[derive(Default)]
struct Seen {
    before: AtomicUsize,
    after: AtomicUsize,
}

/// Whether an answer shows or did something.
fn gives(habit: &Habit, answer: &Answer) -> bool {
    let done = (200..300).contains(&answer.status);
    match habit.writes {
        true => done,
        // A path that the client named itself may be told back to it.
        false => done && answer.text().contains(WORD) && !only_refuses(answer),
    }
}

/// A multistatus in which everything is 404.
fn only_refuses(answer: &Answer) -> bool {
    answer.status == 207 && {
        let found = answer.multistatus();
        !found.members.is_empty() && found.members.iter().all(|member| member.status == Some(404))
    }
}

fn round(scene: &Scene, way: Way) {
    let secret = Secret::default();
    scene.give(way, &secret);
    let by_link = matches!(way, Way::Link | Way::LinkOfAReader);
    let token = secret.0.lock().expect("a lock").split(' ').next().unwrap_or_default().to_owned();
    let habits = if by_link { READER } else { HABITS };
    let revoked = Mutex::new(None::<Instant>);
    let failed = AtomicBool::new(false);
    let programs: Vec<(usize, &Habit, Seen)> = scene
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(node, _)| habits.iter().map(move |habit| (node, habit, Seen::default())))
        .collect();
    std::thread::scope(|scope| {
        for (node, habit, seen) in &programs {
            let (revoked, failed, token, places) = (&revoked, &failed, &token, &scene.places);
            let address = scene.nodes[*node].address();
            let client = match by_link {
                true => Client::anonymous(address),
                false => scene.bob.at(address),
            };
            scope.spawn(move || {
                let begun = Instant::now();
                let mut turn = 0;
                while seen.after.load(Ordering::Relaxed) < AFTER && begun.elapsed() < PATIENCE {
                    let sent = Instant::now();
                    let answer = match by_link {
                        // The table cannot know the secret.
                        true if habit.name.ends_with("jCal") => {
                            client.get(&format!("/links/{token}.json")).send()
                        }
                        true => client.get(&format!("/links/{token}.ics")).send(),
                        false => (habit.ask)(&client, places, turn),
                    };
                    turn += 1;
                    let gone = revoked.lock().expect("a lock").is_some_and(|at| sent > at);
                    if gone {
                        seen.after.fetch_add(1, Ordering::Relaxed);
                        if gives(habit, &answer) || answer.status >= 500 {
                            failed.store(true, Ordering::Relaxed);
                            eprintln!(
                                "{way:?}, node {node}, {}: {} after the revocation: {:.300}",
                                habit.name,
                                answer.status,
                                answer.text()
                            );
                        }
                    } else if gives(habit, &answer) {
                        seen.before.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let begun = Instant::now();
        let ready = || programs.iter().all(|(_, _, seen)| seen.before.load(Ordering::Relaxed) >= BEFORE);
        while !ready() && begun.elapsed() < PATIENCE / 2 {
            std::thread::sleep(Duration::from_millis(2));
        }
        scene.take(way, &secret);
        *revoked.lock().expect("a lock") = Some(Instant::now());
    });
    for (node, habit, seen) in &programs {
        let (before, after) = (seen.before.load(Ordering::Relaxed), seen.after.load(Ordering::Relaxed));
        assert!(before >= BEFORE, "{way:?}, node {node}, {}: {before} answers with the right", habit.name);
        assert!(after >= AFTER, "{way:?}, node {node}, {}: {after} answers without it", habit.name);
    }
    assert!(!failed.load(Ordering::Relaxed), "{way:?}: something was shown or done after the revocation");
    if !by_link && way != Way::Suspension && way != Way::LowerRole {
        scene.bob.get(&scene.calendar).status(404);
        // A token of before opens nothing either.
        let late = sync(&scene.bob, &scene.places.mounted, &scene.token);
        assert_eq!(late.status, 404, "{way:?}: {}", late.text());
    }
    scene.mend(way);
}

both! {
    fn no_answer_that_begins_after_the_revocation_shows_anything(db) {
        let scene = Scene::new(db);
        for _ in 0..times() {
            for way in WAYS {
                round(&scene, *way);
            }
        }
    }
}
