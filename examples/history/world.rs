//! What writers, readers and the recorder share, and how requests are made of operations.

use crate::http::{Account, Connection};
use crate::model::{Event, Op, Outcome, PLACES, State, When};
use crate::nodes::Dice;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Names that all writers fight about.
pub const HOT: u32 = 40;
/// Names with rare changes, in the last collection only: enough for an answer of many pages.
pub const QUIET: u32 = 2500;
/// The collection that holds the quiet ones.
pub const LARGE: usize = PLACES - 1;

/// One run.
pub struct World {
    /// Nodes.
    pub addresses: Vec<SocketAddr>,
    /// Who asks, for each node.
    pub accounts: Vec<Account>,
    /// Path of the home.
    pub home: String,
    begun: Instant,
    /// Everything that was asked and answered.
    pub events: RefCell<Vec<Event>>,
    /// Versions and the tags that were answered for them.
    pub tags: RefCell<HashMap<String, u32>>,
    /// The tag of a version, where known.
    pub tag_of: RefCell<HashMap<u32, String>>,
    /// What was last heard of each cell.
    pub heard: RefCell<HashMap<(u32, usize), u32>>,
    /// When a write to a name was last answered, or given up.
    pub touched: RefCell<HashMap<u32, u64>>,
    /// Answers that no working server gives.
    pub faults: RefCell<Vec<String>>,
    /// Readers go on while this is true.
    pub open: Cell<bool>,
    /// How long after its connection broke a request may still be done, nanoseconds.
    pub grace: u64,
    /// Until when a request without an answer may still be done.
    pub settled: Cell<u64>,
    version: Cell<u32>,
}

impl World {
    /// An empty one.
    pub fn new(addresses: Vec<SocketAddr>, login: &str, secret: &str, grace: Duration) -> Self {
        let accounts = addresses.iter().map(|address| Account::new(*address, login, secret)).collect();
        World {
            addresses,
            accounts,
            home: format!("/dav/calendars/{login}/"),
            begun: Instant::now(),
            events: RefCell::default(),
            tags: RefCell::default(),
            tag_of: RefCell::default(),
            heard: RefCell::default(),
            touched: RefCell::default(),
            faults: RefCell::default(),
            open: Cell::new(true),
            grace: u64::try_from(grace.as_nanos()).unwrap_or(0),
            settled: Cell::new(0),
            version: Cell::new(0),
        }
    }

    /// Nanoseconds since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A version that was never used.
    pub fn fresh(&self) -> u32 {
        self.version.set(self.version.get() + 1);
        self.version.get()
    }

    /// Path of a collection.
    pub fn place(&self, at: usize) -> String {
        format!("{}p{at}/", self.home)
    }

    /// Path of a member.
    pub fn path(&self, at: usize, name: u32) -> String {
        format!("{}n{name}.ics", self.place(at))
    }

    /// Notes an answer that should not be.
    pub fn fault(&self, text: String) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < 20 {
            faults.push(text);
        }
    }

    /// Notes what was asked and answered.
    pub fn record(&self, event: Event) {
        if !matches!(event.op, Op::Read { .. }) {
            // What was not answered may be seen later: the end that counts is the latest possible one.
            let mut touched = self.touched.borrow_mut();
            let last = touched.entry(event.name).or_default();
            *last = event.end.max(*last);
        }
        self.events.borrow_mut().push(event);
    }

    /// Forgets all versions but those in a listing, so that a long run needs no more memory than a short one.
    pub fn forget(&self, state: &HashMap<u32, State>, listing: &[BTreeMap<u32, String>]) {
        let held: HashSet<&String> = listing.iter().flat_map(BTreeMap::values).collect();
        self.tags.borrow_mut().retain(|tag, _| held.contains(tag));
        self.tag_of.borrow_mut().retain(|_, tag| held.contains(tag));
        let mut heard = self.heard.borrow_mut();
        heard.clear();
        for (name, cells) in state {
            heard.extend(cells.iter().enumerate().map(|(at, version)| ((*name, at), *version)));
        }
    }

    /// Remembers which version a tag stands for.
    pub fn learn(&self, tag: &str, version: u32) {
        self.tags.borrow_mut().insert(tag.to_owned(), version);
        self.tag_of.borrow_mut().insert(version, tag.to_owned());
    }
}

/// The content of a version.
pub fn body(name: u32, version: u32) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//history//EN\r\nBEGIN:VEVENT\r\nUID:n{name}@history.example.org\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nSUMMARY:version={version};\r\n\
         DESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "x".repeat(200 + version as usize % 200)
    )
}

/// The version that a content is of.
pub fn version_of(body: &str) -> Option<u32> {
    body.split("version=").nth(1)?.split(';').next()?.parse().ok()
}

/// A connection to one node or another, opened again when a node died.
#[derive(Default)]
pub struct Line {
    open: Option<(usize, Connection)>,
}

/// How a request ended.
pub enum Ended {
    /// With status, entity tag and body.
    Answered(u16, Option<String>, Vec<u8>),
    /// It may have been done or not.
    Lost,
}

impl Line {
    /// Connects to a node that listens, if there is none yet or by chance; waits for one to come back.
    pub async fn ready(&mut self, world: &World, dice: &mut Dice) -> usize {
        if dice.once_in(50) {
            self.open = None;
        }
        loop {
            if let Some((node, _)) = &self.open {
                return *node;
            }
            let node = dice.below(world.addresses.len() as u64) as usize;
            if let Some(address) = world.addresses.get(node)
                && let Ok(connection) = Connection::open(*address).await
            {
                self.open = Some((node, connection));
                return node;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks on the open connection. A server that says it cannot now may have done it or not.
    pub async fn ask(&mut self, world: &World, request: &[u8]) -> Ended {
        let Some((_, connection)) = &mut self.open else { return Ended::Lost };
        match connection.ask(request).await {
            Ok(answer) if answer.status < 500 => {
                Ended::Answered(answer.status, answer.etag.map(str::to_owned), answer.body.to_vec())
            }
            Ok(answer) => {
                if answer.status != 503 {
                    let head = String::from_utf8_lossy(request);
                    let head: Vec<&str> =
                        head.lines().filter(|line| !line.starts_with("Authorization")).take(1).collect();
                    world.fault(format!("status {} to {}", answer.status, head.join(" ")));
                }
                Ended::Lost
            }
            Err(_) => {
                self.open = None;
                Ended::Lost
            }
        }
    }
}

/// Does an operation and records it.
pub async fn perform(world: &World, line: &mut Line, dice: &mut Dice, name: u32, op: Op) {
    let node = line.ready(world, dice).await;
    let Some(account) = world.accounts.get(node) else { return };
    let condition = |when: When| match when {
        When::Always => Some(String::new()),
        When::Absent => Some("If-None-Match: *\r\n".to_owned()),
        When::Is(version) => world.tag_of.borrow().get(&version).map(|tag| format!("If-Match: {tag}\r\n")),
    };
    let request = match op {
        Op::Put { at, version, when } => {
            let Some(condition) = condition(when) else { return };
            let headers = format!("Content-Type: text/calendar; charset=utf-8\r\n{condition}");
            account.request("PUT", &world.path(at, name), &headers, &body(name, version))
        }
        Op::Delete { at, when } => {
            let Some(condition) = condition(when) else { return };
            account.request("DELETE", &world.path(at, name), &condition, "")
        }
        Op::Move { from, to, overwrite } => {
            let headers = format!(
                "Destination: {}\r\nOverwrite: {}\r\n",
                world.path(to, name),
                if overwrite { 'T' } else { 'F' }
            );
            account.request("MOVE", &world.path(from, name), &headers, "")
        }
        Op::Read { at } => account.request("GET", &world.path(at, name), "", ""),
    };
    let begin = world.now();
    let ended = line.ask(world, &request).await;
    let end = world.now();
    let (end, outcome) = match (ended, op) {
        (Ended::Lost, Op::Read { .. }) => return,
        (Ended::Lost, _) => {
            let last = end + world.grace;
            world.settled.set(world.settled.get().max(last));
            (last, Outcome::Unknown)
        }
        (Ended::Answered(404, ..), Op::Read { at }) => {
            world.heard.borrow_mut().insert((name, at), 0);
            (end, Outcome::Saw(0))
        }
        (Ended::Answered(status, tag, body), Op::Read { at }) => {
            let text = String::from_utf8_lossy(&body).into_owned();
            match (version_of(&text), tag) {
                (Some(version), Some(tag)) if status == 200 && text == self::body(name, version) => {
                    world.learn(&tag, version);
                    world.heard.borrow_mut().insert((name, at), version);
                    (end, Outcome::Saw(version))
                }
                _ => {
                    return world
                        .fault(format!("GET of n{name}: status {status}, torn or foreign content {text}"));
                }
            }
        }
        (Ended::Answered(status, tag, _), Op::Put { at, version, .. }) => {
            if matches!(status, 201 | 204) {
                match tag {
                    Some(tag) => world.learn(&tag, version),
                    None => {
                        world.fault(format!("PUT of n{name} was answered {status} without an entity tag"))
                    }
                }
                world.heard.borrow_mut().insert((name, at), version);
            }
            (end, Outcome::Status(status))
        }
        (Ended::Answered(status, ..), Op::Delete { at, .. }) => {
            if status == 204 {
                world.heard.borrow_mut().insert((name, at), 0);
            }
            (end, Outcome::Status(status))
        }
        (Ended::Answered(status, ..), Op::Move { from, .. }) => {
            if matches!(status, 201 | 204) {
                world.heard.borrow_mut().insert((name, from), 0);
            }
            (end, Outcome::Status(status))
        }
    };
    world.record(Event { name, op, begin, end, outcome });
}
