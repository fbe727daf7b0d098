//! Operations enter by CalDAV, CardDAV and REST at random; a model in memory says what each door must show after every step: the items of two
//! calendars and of two address books with their bytes and entity tags, what changed since, what is found, and what collections are called.

use super::{id_of, json, send};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;

/// Names of items in each place.
const NAMES: u64 = 7;

/// An item as it must be shown.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    text: String,
    etag: String,
    /// One word that no other item has.
    title: String,
}

/// What somebody knows who follows a collection by one door.
#[derive(Debug, Default)]
struct Replica {
    token: Option<String>,
    etags: BTreeMap<String, String>,
}

/// A collection, and what must stand in it.
struct Place {
    card: bool,
    /// Where DAV has it.
    path: String,
    /// Where REST has it.
    address: String,
    id: String,
    name: String,
    items: BTreeMap<String, Kept>,
    by_rest: Replica,
    by_dav: Replica,
}

impl Place {
    fn new(alice: &Client, card: bool, slug: &str) -> Place {
        let list = if card { "address-books" } else { "calendars" };
        let id = id_of(alice, list, slug);
        let path = if card { alice.book(&format!("{slug}/")) } else { alice.calendar(&format!("{slug}/")) };
        let name = format!("Nom de {slug}");
        let set = format!("<D:set><D:prop><D:displayname>{name}</D:displayname></D:prop></D:set>");
        alice.proppatch(&path, &set).multistatus();
        let (items, by_rest, by_dav) = Default::default();
        Place { card, path, address: format!("/api/v1/{list}/{id}"), id, name, items, by_rest, by_dav }
    }

    fn rest(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.address, self.segment())
    }

    fn dav(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    fn segment(&self) -> &'static str {
        if self.card { "contacts" } else { "events" }
    }

    fn text(&self, uid: &str, title: &str) -> String {
        let own = format!("X-OWN-{title}:kept");
        if self.card {
            samples::card(uid, title, &[&own])
        } else {
            samples::event(uid, &["DTSTART:20260301T090000Z", &format!("SUMMARY:{title}"), &own])
        }
    }

    fn etags(&self) -> BTreeMap<String, String> {
        self.items.iter().map(|(name, kept)| (name.clone(), kept.etag.clone())).collect()
    }
}

struct World<'w> {
    alice: &'w Client,
    places: Vec<Place>,
    /// Up to where the account's changes were told.
    token: String,
    state: u64,
    step: u64,
    /// How often each operation was done, and was refused.
    done: BTreeMap<&'static str, (u32, u32)>,
}

/// Which door, and the condition that a write is sent with.
#[derive(Debug, Clone, Copy)]
enum Condition {
    None,
    Holds,
    IsStale,
    OnlyNew,
}

impl World<'_> {
    fn new(alice: &Client, seed: u64) -> World<'_> {
        let place = |(card, slug)| Place::new(alice, card, slug);
        let places = [(false, "default"), (false, "other"), (true, "default"), (true, "other")].map(place);
        let token = text(&json(&alice.get("/api/v1/changes").ok())["token"]);
        World { alice, places: places.into(), token, state: seed, step: 0, done: BTreeMap::new() }
    }

    fn random(&mut self, below: u64) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) % below) as usize
    }

    /// Counts what was done, and holds its status against the one that the model says.
    #[track_caller]
    fn judge(&mut self, what: &'static str, answer: &Answer, expected: u16) -> bool {
        assert_eq!(answer.status, expected, "step {}: {what}: {}", self.step, answer.text());
        let good = answer.status < 300;
        let (done, refused) = self.done.entry(what).or_default();
        *if good { done } else { refused } += 1;
        good
    }

    /// Does one thing by one door, and the same in the model; tells in which kind of places.
    fn act(&mut self) -> bool {
        self.step += 1;
        let (what, by_rest) = (self.random(12), self.random(2) == 0);
        let at = self.random(4);
        let name = match what {
            3..=6 | 8 | 9 => self.likely_name(at, matches!(what, 5 | 6)),
            _ => self.any_name(),
        };
        match what {
            0..=2 => self.put(at, &name, by_rest),
            3 | 4 => self.delete(at, &name, by_rest),
            5 | 6 => self.transfer(at, &name, by_rest, what == 5),
            7 => self.batch(at, &name),
            8 | 9 => self.patch(at, &name),
            10 => self.make_of_json(at, &name),
            _ => self.rename(at, by_rest),
        }
        self.places[at].card
    }

    fn any_name(&mut self) -> String {
        format!("n{}", self.random(NAMES))
    }

    /// Most times the name of an item that is there, and with `moves` not in the other collection.
    fn likely_name(&mut self, at: usize, moves: bool) -> String {
        let beside = &self.places[Self::beside(at)].items;
        let names = self.places[at].items.keys();
        let fitting: Vec<String> =
            names.filter(|name| !moves || !beside.contains_key(*name)).cloned().collect();
        if fitting.is_empty() || self.random(4) == 0 {
            return self.any_name();
        }
        fitting[self.random(fitting.len() as u64)].clone()
    }

    /// The collection beside one: the other of its kind.
    fn beside(at: usize) -> usize {
        at ^ 1
    }

    fn title(&self) -> String {
        format!("t{}x", self.step)
    }

    fn put(&mut self, at: usize, name: &str, by_rest: bool) {
        let conditions = [Condition::None, Condition::Holds, Condition::IsStale, Condition::OnlyNew];
        let condition = conditions[self.random(4)];
        let (title, place) = (self.title(), &self.places[at]);
        let there = place.items.get(name);
        let body = place.text(name, &title);
        let path = if by_rest { place.rest(name) } else { place.dav(name) };
        let request = self.alice.put(&path, body.clone());
        let request = match (condition, there) {
            (Condition::Holds, Some(kept)) => request.header("If-Match", &kept.etag),
            (Condition::IsStale, _) => request.header("If-Match", "\"of yesterday\""),
            (Condition::OnlyNew, _) => request.header("If-None-Match", "*"),
            _ => request,
        };
        let answer = request.send();
        let refused = matches!((condition, there), (Condition::IsStale, _) | (Condition::OnlyNew, Some(_)));
        let expected = match (refused, there.is_some()) {
            (true, _) => 412,
            (_, false) => 201,
            (_, true) if by_rest => 200,
            _ => 204,
        };
        let what = if by_rest { "put by REST" } else { "put by DAV" };
        if self.judge(what, &answer, expected) {
            let kept = Kept { text: body, etag: answer.etag(), title };
            self.places[at].items.insert(name.to_owned(), kept);
        } else if by_rest && let Some(kept) = self.places[at].items.get(name) {
            assert_eq!(answer.etag(), kept.etag, "what stands in the way is told");
        }
    }

    fn delete(&mut self, at: usize, name: &str, by_rest: bool) {
        let place = &self.places[at];
        let there = place.items.contains_key(name);
        let answer = self.alice.delete(&if by_rest { place.rest(name) } else { place.dav(name) }).send();
        let what = if by_rest { "delete by REST" } else { "delete by DAV" };
        if self.judge(what, &answer, if there { 204 } else { 404 }) {
            self.places[at].items.remove(name);
        }
    }

    fn transfer(&mut self, at: usize, name: &str, by_rest: bool, moves: bool) {
        let (from, to) = (&self.places[at], &self.places[Self::beside(at)]);
        let (there, taken) = (from.items.get(name).cloned(), to.items.contains_key(name));
        let answer = if by_rest {
            let action = if moves { "move" } else { "copy" };
            send(self.alice, "POST", &format!("{}:{action}", from.rest(name)), &value!({ "to": to.id }))
        } else {
            let (from, to) = (from.dav(name), to.dav(name));
            let request = if moves { self.alice.move_to(&from, &to) } else { self.alice.copy(&from, &to) };
            request.header("Overwrite", "F").send()
        };
        let expected = match (&there, taken, by_rest) {
            (None, _, _) => 404,
            (_, true, true) => 409,
            (_, true, false) => 412,
            _ => 201,
        };
        let what = match (moves, by_rest) {
            (true, true) => "move by REST",
            (true, false) => "move by DAV",
            (false, true) => "copy by REST",
            (false, false) => "copy by DAV",
        };
        if self.judge(what, &answer, expected) {
            if moves {
                self.places[at].items.remove(name);
            }
            let kept = there.expect("it was there");
            self.places[Self::beside(at)].items.insert(name.to_owned(), kept);
        }
    }

    /// A replacement and a deletion: both or none.
    fn batch(&mut self, at: usize, name: &str) {
        let other = self.likely_name(Self::beside(at), false);
        let (title, place, beside) = (self.title(), &self.places[at], &self.places[Self::beside(at)]);
        let body = place.text(name, &title);
        let below = |path: String| path.trim_start_matches("/api/v1").to_owned();
        let media = if place.card { "text/vcard" } else { "text/calendar" };
        let operations = value!([
            { "op": "replace", "path": below(place.rest(name)), "mediaType": media, "data": body },
            { "op": "delete", "path": below(beside.rest(&other)) },
        ]);
        let answer = send(self.alice, "POST", "/api/v1/batch", &value!({ "operations": operations }));
        let possible = beside.items.contains_key(&other);
        if self.judge("batch", &answer, if possible { 200 } else { 404 }) {
            let etag = text(&json(&answer)["results"][0]["etag"]);
            self.places[at].items.insert(name.to_owned(), Kept { text: body, etag, title });
            self.places[Self::beside(at)].items.remove(&other);
        }
    }

    /// Another title by a merge patch: no other line changes but those that say when it was changed.
    fn patch(&mut self, at: usize, name: &str) {
        let (title, place) = (self.title(), &self.places[at]);
        let change =
            if place.card { value!({ "name": { "full": title } }) } else { value!({ "title": title }) };
        let request = self.alice.request("PATCH", &place.rest(name));
        let answer =
            request.header("Content-Type", "application/merge-patch+json").body(change.to_string()).send();
        let Some(before) = place.items.get(name).cloned() else {
            self.judge("patch", &answer, 404);
            return;
        };
        let now = self.alice.get(&place.dav(name)).ok();
        let others = |text: &str| -> Vec<String> {
            let dates = ["SUMMARY:", "FN:", "N:", "DTSTAMP:", "LAST-MODIFIED:", "REV:"];
            let kept = |line: &&str| !dates.iter().any(|begin| line.starts_with(begin));
            text.split("\r\n").filter(kept).map(str::to_owned).collect()
        };
        assert_eq!(others(&now.text()), others(&before.text), "what the patch does not name");
        let line = if place.card { format!("FN:{title}\r\n") } else { format!("SUMMARY:{title}\r\n") };
        assert!(now.text().contains(&line), "{}", now.text());
        let kept = Kept { text: now.text(), etag: text(&json(&answer)["etag"]), title };
        self.judge("patch", &answer, 200);
        self.places[at].items.insert(name.to_owned(), kept);
    }

    /// An item of JSCalendar or JSContact under a name, if there is none.
    fn make_of_json(&mut self, at: usize, name: &str) {
        let (title, place) = (self.title(), &self.places[at]);
        let body = if place.card {
            value!({ "@type": "Card", "version": "1.0", "uid": name, "name": { "full": title } })
        } else {
            value!({ "@type": "Event", "uid": name, "title": title, "start": "2026-03-01T09:00:00", "timeZone": "Etc/UTC" })
        };
        let request = self.alice.request("PUT", &place.rest(name)).header("If-None-Match", "*");
        let answer = request.header("Content-Type", "application/json").body(body.to_string()).send();
        let there = place.items.contains_key(name);
        let path = place.dav(name);
        if self.judge("make of JSON", &answer, if there { 412 } else { 201 }) {
            let now = self.alice.get(&path).ok();
            assert!(now.text().contains(&format!(":{title}\r\n")), "{}", now.text());
            let kept = Kept { text: now.text(), etag: text(&json(&answer)["etag"]), title };
            self.places[at].items.insert(name.to_owned(), kept);
        }
    }

    fn rename(&mut self, at: usize, by_rest: bool) {
        let (name, place) = (format!("Nom {}", self.step), &self.places[at]);
        let (what, answer, expected) = if by_rest {
            let change = value!({ "name": name }).to_string();
            let request = self.alice.request("PATCH", &place.address);
            let request = request.header("Content-Type", "application/merge-patch+json").body(change);
            ("rename by REST", request.send(), 200)
        } else {
            let set = format!("<D:set><D:prop><D:displayname>{name}</D:displayname></D:prop></D:set>");
            ("rename by DAV", self.alice.proppatch(&place.path, &set).send(), 207)
        };
        self.judge(what, &answer, expected);
        self.places[at].name = name;
    }

    /// Every way of looking at the places of a kind shows what the model says.
    fn look(&mut self, card: bool) {
        self.look_around();
        for at in 0..self.places.len() {
            if self.places[at].card == card {
                self.look_into(at);
                let name = self.any_name();
                self.look_at(at, &name);
                self.follow(at);
            }
        }
    }

    /// The whole of a collection.
    fn look_into(&self, at: usize) {
        let (place, step) = (&self.places[at], self.step);
        let items = format!("{}/{}", place.address, place.segment());
        let page = json(&self.alice.get(&format!("{items}?fields=id,etag,data&limit=100")).ok());
        let all = page["items"].as_array().expect("items").iter();
        let listed: BTreeMap<String, (String, String)> =
            all.map(|item| (text(&item["id"]), (text(&item["data"]), text(&item["etag"])))).collect();
        let expected: BTreeMap<String, (String, String)> = place
            .items
            .iter()
            .map(|(name, kept)| (name.clone(), (kept.text.clone(), kept.etag.clone())))
            .collect();
        assert_eq!(listed, expected, "step {step}: the list of REST");
        let found = self.alice.propfind(&place.path, "1", &["D:getetag"]).multistatus();
        let members = found.members.iter().filter(|member| !member.href.ends_with('/'));
        let by_dav: BTreeMap<String, String> =
            members.map(|member| (member.name().to_owned(), member.text("D:getetag"))).collect();
        assert_eq!(by_dav, place.etags(), "step {step}: the listing of DAV");
        assert_eq!(self.alice.property(&place.path, "D:displayname"), place.name);
        assert_eq!(json(&self.alice.get(&place.address).ok())["name"], place.name.as_str());
        if !place.card {
            let window =
                "expand=true&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&fields=id,etag&limit=100";
            let page = json(&self.alice.get(&format!("{items}?{window}")).ok());
            let all = page["items"].as_array().expect("items").iter();
            let seen: BTreeMap<String, String> =
                all.map(|item| (text(&item["id"]), text(&item["etag"]))).collect();
            assert_eq!(seen, place.etags(), "step {step}: the instances");
        }
    }

    /// One name, by both doors and as JSON; and what is found by its title.
    fn look_at(&self, at: usize, name: &str) {
        let place = &self.places[at];
        let Some(kept) = place.items.get(name) else {
            self.alice.get(&place.dav(name)).status(404);
            self.alice.get(&place.rest(name)).status(404);
            return;
        };
        for path in [place.dav(name), place.rest(name)] {
            let answer = self.alice.get(&path).header("Accept", "text/*").ok();
            assert_eq!((answer.text(), answer.etag()), (kept.text.clone(), kept.etag.clone()), "{path}");
        }
        let (media, member) = if place.card {
            ("application/jscontact+json", "/name/full")
        } else {
            ("application/jscalendar+json", "/title")
        };
        let told: Value =
            serde_json::from_slice(&self.alice.get(&place.rest(name)).header("Accept", media).ok().body)
                .expect("JSON");
        assert_eq!(told.pointer(member), Some(&value!(kept.title)), "{told}");
        let search = format!("{}/{}?q={}&fields=id", place.address, place.segment(), kept.title);
        let found = json(&self.alice.get(&search).ok());
        assert_eq!(found["items"], value!([{ "id": name }]), "found by {}", kept.title);
    }

    /// Which collections changed is told to who follows the account: those that did, and no other.
    fn look_around(&mut self) {
        let told = json(&self.alice.get(&format!("/api/v1/changes?since={}", self.token)).ok());
        let all = told["changed"].as_array().expect("changed").iter();
        let changed: Vec<String> = all.map(|one| text(&one["id"])).collect();
        for place in &self.places {
            let news = place.by_rest.token.is_some() && place.by_rest.etags != place.etags();
            assert!(!news || changed.contains(&place.id), "step {}: {told}", self.step);
        }
        self.token = text(&told["token"]);
    }

    /// Those who follow the collection by either door know what is there.
    fn follow(&mut self, at: usize) {
        let place = &mut self.places[at];
        let since = place.by_rest.token.as_ref().map_or_else(String::new, |token| format!("&since={token}"));
        let page = json(&self.alice.get(&format!("{}/changes?limit=1000{since}", place.address)).ok());
        for change in page["changes"].as_array().expect("changes") {
            match change["etag"].as_str() {
                Some(etag) => drop(place.by_rest.etags.insert(text(&change["id"]), etag.to_owned())),
                None => drop(place.by_rest.etags.remove(&text(&change["id"]))),
            }
        }
        place.by_rest.token = Some(text(&page["token"]));
        let token = place.by_dav.token.clone().unwrap_or_default();
        let inside = format!(
            "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
        );
        let report = self.alice.report(&place.path, "D:sync-collection", &inside).instead("Depth", "0");
        let found = report.multistatus();
        for member in &found.members {
            match member.status {
                Some(404) => drop(place.by_dav.etags.remove(member.name())),
                _ => drop(place.by_dav.etags.insert(member.name().to_owned(), member.text("D:getetag"))),
            }
        }
        place.by_dav.token = found.sync_token;
        // Tokens are the same at both doors.
        assert_eq!(place.by_rest.token, place.by_dav.token);
        assert_eq!(place.by_rest.etags, place.etags(), "step {}: the changes by REST", self.step);
        assert_eq!(place.by_dav.etags, place.etags(), "step {}: the changes by DAV", self.step);
    }
}

/// A member of an answer that must be a text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

both! {
    fn all_doors_show_what_the_model_says(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("other/"), "").created();
        alice.mkcol(&alice.book("other/"), "").created();
        let mut total: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for seed in 1..=2 {
            let mut world = World::new(&alice, seed);
            for card in [false, true] {
                for at in 0..4 {
                    for name in 0..NAMES {
                        alice.delete(&world.places[at].dav(&format!("n{name}"))).send();
                    }
                }
                world.look(card);
            }
            for _ in 0..100 {
                let card = world.act();
                world.look(card);
            }
            for (what, (done, refused)) in &world.done {
                let sum = total.entry(what).or_default();
                *sum = (sum.0 + done, sum.1 + refused);
            }
        }
        // Every operation came by every door, and most were refused at least once.
        println!("{total:?}");
        assert_eq!(total.len(), 13);
        assert!(total.values().all(|(done, _)| *done > 1), "{total:?}");
        assert!(total.values().filter(|(_, refused)| *refused > 0).count() >= 10, "{total:?}");
    }
}
