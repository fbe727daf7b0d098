//! What is done to instances of a series at random, by REST and by a client of CalDAV that writes it anew: a model says which instances there
//! are, when and by which title, and both doors must show that after each step.

use super::model::text;
use super::{id_of, json, send};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;

both! {
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
