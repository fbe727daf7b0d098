//! Operations enter by either door at random; a model in memory says what each door must show after every step.

use super::{id_of, json, send};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;

const SLUGS: [&str; 2] = ["default", "other"];

/// What stands in both calendars: names and texts.
type Model = [BTreeMap<String, String>; 2];

/// What somebody knows who follows the changes of a calendar by REST.
#[derive(Default)]
struct Replica {
    token: Option<String>,
    etags: BTreeMap<String, String>,
}

struct World<'w> {
    alice: &'w Client,
    ids: [String; 2],
    model: Model,
    replicas: [Replica; 2],
    state: u64,
    step: u64,
}

impl World<'_> {
    fn random(&mut self, below: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below
    }

    fn rest(&self, calendar: usize, name: &str) -> String {
        format!("/api/v1/calendars/{}/events/{name}", self.ids[calendar])
    }

    fn dav(&self, calendar: usize, name: &str) -> String {
        self.alice.calendar(&format!("{}/{name}", SLUGS[calendar]))
    }

    /// Does one thing by one door, and the same in the model.
    fn act(&mut self) {
        self.step += 1;
        let (what, by_rest) = (self.random(6), self.random(2) == 0);
        let (from, name) = (self.random(2) as usize, format!("n{}", self.random(5)));
        let (rest, dav) = (self.rest(from, &name), self.dav(from, &name));
        let there = self.model[from].contains_key(&name);
        let body = samples::event(&name, &["DTSTART:20260301T090000Z", &format!("X-STEP:{}", self.step)]);
        match what {
            0..=2 => {
                let path = if by_rest { &rest } else { &dav };
                let status = self.alice.put(path, body.clone()).send().status;
                let changed = if by_rest { 200 } else { 204 };
                assert_eq!(status, if there { changed } else { 201 }, "put {path}");
                self.model[from].insert(name, body);
            }
            3 => {
                let path = if by_rest { &rest } else { &dav };
                let status = self.alice.delete(path).send().status;
                assert_eq!(status, if there { 204 } else { 404 }, "delete {path}");
                self.model[from].remove(&name);
            }
            4 => {
                let to = 1 - from;
                let taken = self.model[to].contains_key(&name);
                let status = if by_rest {
                    send(self.alice, "POST", &format!("{rest}:move"), &value!({ "to": self.ids[to] })).status
                } else {
                    self.alice.move_to(&dav, &self.dav(to, &name)).header("Overwrite", "F").send().status
                };
                let refused = if by_rest { 409 } else { 412 };
                assert_eq!(
                    status,
                    if !there {
                        404
                    } else if taken {
                        refused
                    } else {
                        201
                    },
                    "move {name} from {from}"
                );
                if there && !taken {
                    let body = self.model[from].remove(&name).expect("it is there");
                    self.model[to].insert(name, body);
                }
            }
            _ => {
                // Both or none.
                let other = format!("n{}", self.random(5));
                let path =
                    |calendar: usize, name: &str| format!("/calendars/{}/events/{name}", self.ids[calendar]);
                let done = send(
                    self.alice,
                    "POST",
                    "/api/v1/batch",
                    &value!({ "operations": [
                        { "op": "replace", "path": path(from, &name), "mediaType": "text/calendar", "data": body },
                        { "op": "delete", "path": path(1 - from, &other) },
                    ]}),
                );
                let possible = self.model[1 - from].contains_key(&other);
                assert_eq!(done.status, if possible { 200 } else { 404 }, "{}", done.text());
                if possible {
                    self.model[from].insert(name, body);
                    self.model[1 - from].remove(&other);
                }
            }
        }
    }

    /// Every way of looking shows what the model says.
    fn look(&mut self) {
        for calendar in 0..2 {
            let expected = self.model[calendar].clone();
            let at = format!("/api/v1/calendars/{}/events", self.ids[calendar]);
            let page = json(&self.alice.get(&format!("{at}?fields=id,etag,data&limit=100")).ok());
            let listed: BTreeMap<String, String> = page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|item| (text(&item["id"]), text(&item["data"])))
                .collect();
            assert_eq!(listed, expected, "the list of REST");
            let tags: BTreeMap<String, String> = page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|item| (text(&item["id"]), text(&item["etag"])))
                .collect();
            let found = self.alice.propfind(&self.dav(calendar, ""), "1", &["D:getetag"]).multistatus();
            let by_dav: BTreeMap<String, String> = found
                .members
                .iter()
                .filter(|member| !member.href.ends_with('/'))
                .map(|member| {
                    (member.href.rsplit('/').next().unwrap_or_default().to_owned(), member.text("D:getetag"))
                })
                .collect();
            assert_eq!(by_dav, tags, "the listing of DAV");
            self.follow(calendar);
            assert_eq!(self.replicas[calendar].etags, tags, "the changes");
            let window = json(&self.alice.get(&format!("{at}?expand=true&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&fields=id,etag&limit=100")).ok());
            let seen: BTreeMap<String, String> = window["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|item| (text(&item["id"]), text(&item["etag"])))
                .collect();
            assert_eq!(seen, tags, "the instances");
        }
    }

    fn follow(&mut self, calendar: usize) {
        let since = self.replicas[calendar]
            .token
            .as_ref()
            .map_or_else(String::new, |token| format!("&since={token}"));
        let page = json(
            &self
                .alice
                .get(&format!("/api/v1/calendars/{}/changes?limit=1000{since}", self.ids[calendar]))
                .ok(),
        );
        let replica = &mut self.replicas[calendar];
        for change in page["changes"].as_array().expect("changes") {
            match change["etag"].as_str() {
                Some(etag) => drop(replica.etags.insert(text(&change["id"]), etag.to_owned())),
                None => drop(replica.etags.remove(&text(&change["id"]))),
            }
        }
        replica.token = Some(text(&page["token"]));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

both! {
    fn both_doors_show_what_the_model_says(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("other/"), "").created();
        let ids = SLUGS.map(|slug| id_of(&alice, "calendars", slug));
        for seed in 1..=3 {
            let mut world = World { alice: &alice, ids: ids.clone(), model: Model::default(), replicas: Default::default(), state: seed, step: 0 };
            for name in 0..5 {
                for calendar in 0..2 {
                    alice.delete(&world.dav(calendar, &format!("n{name}"))).send();
                }
            }
            world.look();
            for _ in 0..60 {
                world.act();
                world.look();
            }
        }
    }

    fn both_doors_show_what_becomes_of_instances(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let id = id_of(&alice, "calendars", "default");
        for seed in 1..=3 {
            let mut series = Series::new(&alice, &id, seed);
            for _ in 0..25 {
                series.act();
                series.look();
            }
        }
    }
}

/// A daily series of eight, of which a model knows start and title of each instance that there is, by recurrence id.
struct Series<'s> {
    alice: &'s Client,
    list: String,
    dav: String,
    model: BTreeMap<String, Option<(String, String)>>,
    state: u64,
    step: u64,
}

const TITLE: &str = "Série";

fn day(at: u64) -> String {
    format!("2026-03-{:02}T09:00:00", 2 + at)
}

impl<'s> Series<'s> {
    fn new(alice: &'s Client, calendar: &str, seed: u64) -> Self {
        let list = format!("/api/v1/calendars/{calendar}/events");
        let mut series = Series {
            alice,
            list,
            dav: alice.calendar("default/series.ics"),
            model: BTreeMap::new(),
            state: seed,
            step: 0,
        };
        series.fresh();
        series
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below
    }

    fn plain(id: &str) -> Option<(String, String)> {
        Some((id.to_owned(), TITLE.to_owned()))
    }

    /// A client of CalDAV writes it anew.
    fn fresh(&mut self) {
        let title = format!("SUMMARY:{TITLE}");
        let lines =
            ["DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=8", "X-KEPT:yes", &title];
        self.alice.put(&self.dav, samples::event("series", &lines)).send();
        self.model = (0..8).map(|at| (day(at), Self::plain(&day(at)))).collect();
    }

    fn act(&mut self) {
        self.step += 1;
        let (what, at) = (self.random(8), self.random(9));
        let id = day(at);
        let path = format!("{}/series.ics/instances/{id}", self.list);
        let known = self.model.contains_key(&id);
        let title = format!("Titre {}", self.step);
        let change = |reach: &str, body: Value| {
            let path = format!("{path}?reach={reach}");
            send(self.alice, "PATCH", &path, &body).status
        };
        let status = match what {
            0 | 1 => {
                let start = format!("2026-03-{:02}T1{}:00:00", 2 + at, self.step % 10);
                let status = change("this", value!({ "title": title, "start": start }));
                self.set(&id, Some((start, title)));
                status
            }
            2 | 3 => {
                let status = self.alice.delete(&path).send().status;
                self.set(&id, None);
                status
            }
            4 => {
                let status = self.alice.request("POST", &format!("{path}:restore")).send().status;
                self.set(&id, Self::plain(&id));
                status
            }
            5 => {
                let restore = format!("{path}:restore?reach=following");
                let status = self.alice.request("POST", &restore).send().status;
                if known {
                    let later: Vec<String> =
                        self.model.range(id.clone()..).map(|(id, _)| id.clone()).collect();
                    later.iter().for_each(|id| self.set(id, Self::plain(id)));
                }
                status
            }
            6 => change("all", value!({ "priority": 1 + self.step % 9 })),
            _ => {
                self.fresh();
                return;
            }
        };
        assert_eq!(status, if known { 200 } else { 404 }, "{what} {path}");
    }

    fn set(&mut self, id: &str, shown: Option<(String, String)>) {
        if let Some(own) = self.model.get_mut(id) {
            *own = shown;
        }
    }

    fn look(&self) {
        let expected: BTreeMap<String, (String, String)> =
            self.model.iter().filter_map(|(id, own)| Some((id.clone(), own.clone()?))).collect();
        let window = format!("{}?expand=true&from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z", self.list);
        let page = json(&self.alice.get(&window).ok());
        let items = page["items"].as_array().expect("items");
        let items = items.iter().filter(|one| one["uid"] == "series");
        let seen: BTreeMap<String, (String, String)> = items
            .map(|one| (text(&one["recurrenceId"]), (text(&one["start"]), text(&one["title"]))))
            .collect();
        assert_eq!(seen, expected, "the window of REST");
        let inside = "<D:prop><C:calendar-data><C:expand start=\"20260301T000000Z\" end=\"20260401T000000Z\"/></C:calendar-data></D:prop>\
                      <C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260301T000000Z\" end=\"20260401T000000Z\"/></C:comp-filter></C:comp-filter></C:filter>";
        let found =
            self.alice.report(&self.alice.calendar("default/"), "C:calendar-query", inside).multistatus();
        let data: String = found.members.iter().map(|member| member.text("C:calendar-data")).collect();
        let mut titles: Vec<&str> =
            data.lines().filter_map(|line| line.trim_end().strip_prefix("SUMMARY:")).collect();
        titles.sort_unstable();
        let mut wanted: Vec<&str> = expected.values().map(|(_, title)| title.as_str()).collect();
        wanted.sort_unstable();
        assert_eq!(titles, wanted, "the expansion of CalDAV");
        for (id, own) in &self.model {
            let path = format!("{}/series.ics/instances/{id}", self.list);
            let told = json(&self.alice.get(&path).header("Accept", "application/json").ok());
            assert_eq!(told["excluded"] == true, own.is_none(), "{told}");
            if let Some((start, title)) = own {
                assert_eq!((text(&told["start"]), text(&told["title"])), (start.clone(), title.clone()));
            }
        }
        assert!(self.alice.get(&self.dav).ok().text().contains("X-KEPT:yes\r\n"));
    }
}
