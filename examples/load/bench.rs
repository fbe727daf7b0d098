//! Runs the rows: the bare handler, then each collection, in turns, so that what else the machine does falls on all of them.

use crate::bare;
use crate::fixed::Fixed;
use crate::http::Account;
use crate::measure::{Figures, run};
use crate::process::Process;
use crate::resident;
use crate::rows::{self, Built};
use crate::stock::{CONNECTIONS, Stock};
use crate::systems::System;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Turns between the bare handler and the collections.
const ROUNDS: u32 = 3;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it measures.
    pub title: &'static str,
    /// Wanted share of the bare handler's rate.
    pub wanted: f64,
    /// Which collections.
    pub on: On,
    /// The row as `rows::build` knows it.
    pub row: &'static str,
    /// The line of DAV that asks the same, for one of REST.
    pub like: Option<&'static str>,
}

/// Which collections a line is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Calendars of every size.
    Sizes,
    /// The calendar of one size.
    Size(usize),
    /// The address book.
    Book,
    /// The home with five collections.
    Home,
    /// Old and young series: the same answer.
    Series,
}

const fn line(id: &'static str, title: &'static str, wanted: f64, on: On, row: &'static str) -> Line {
    Line { id, title, wanted, on, row, like: None }
}

/// A line of REST beside the one of DAV that asks the same.
const fn rest(id: &'static str, title: &'static str, like: &'static str) -> Line {
    Line { id, title, wanted: 0.0, on: On::Sizes, row: id, like: Some(like) }
}

/// All lines, in the order in which they run: what writes comes last, `put-new` before `delete`, and those of REST behind their like.
pub const LINES: [Line; 24] = [
    line("get", "GET", 0.40, On::Sizes, "get"),
    line("304", "304 by If-None-Match", 0.40, On::Sizes, "304"),
    line("poll", "poll of one collection (ctag, sync-token)", 0.40, On::Sizes, "poll"),
    line("home", "poll of an unchanged home with 5 collections", 0.20, On::Home, "home"),
    line("sync-none", "sync with nothing changed", 0.30, On::Sizes, "sync-none"),
    rest("rest-sync-none", "REST: changes, none", "sync-none"),
    line("week", "week query, 70 hits", 0.02, On::Sizes, "week"),
    rest("rest-week", "REST: events of a week, 70 hits", "week"),
    line("freebusy", "free-busy of 4 weeks, 280 periods", 0.02, On::Sizes, "freebusy"),
    line("multiget", "multiget of 50", 0.04, On::Sizes, "multiget"),
    line("card-search", "card search by name or mail in 5,000", 0.01, On::Book, "card-search"),
    line("list-1000", "PROPFIND depth 1, 1,000 members", 0.015, On::Size(1000), "list"),
    line("list-10000", "PROPFIND depth 1, 10,000 members", 0.0012, On::Size(10_000), "list"),
    line("first-sync", "first sync, 10,000 members", 0.0012, On::Size(10_000), "first-sync"),
    line("week-series", "week query, 70 series", 0.0, On::Series, "week"),
    line("expand-series", "the same, expanded", 0.0, On::Series, "week-expand"),
    line("busy-series", "free-busy of 4 weeks, 70 series", 0.0, On::Series, "freebusy"),
    line("sync-10", "sync with 10 changes", 0.08, On::Sizes, "sync-10"),
    line("put-update", "PUT, changed (If-Match)", 0.05, On::Sizes, "put-update"),
    line("put-new", "PUT, new", 0.05, On::Sizes, "put-new"),
    rest("rest-new", "REST: POST of an event", "put-new"),
    line("delete", "DELETE", 0.05, On::Sizes, "delete"),
    line("card-put", "PUT of a card, new and changed by turns", 0.05, On::Book, "card-put"),
    line("again", "GET, once more after the writes", 0.40, On::Sizes, "get"),
];

/// The figures of a line on one server.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Which.
    pub line: Line,
    /// The bare handler beside it.
    pub bare: f64,
    /// One cell a collection: its name and figures.
    pub cells: Vec<(String, Figures)>,
}

impl Measured {
    /// Share of the bare handler's rate in the slowest cell.
    pub fn share(&self) -> f64 {
        self.cells.iter().map(|(_, figures)| figures.rate() / self.bare).fold(f64::MAX, f64::min)
    }

    /// What the last cell costs as a multiple of the first one (the old series, of the young ones): 1.3 at most is wanted. Of
    /// processor time, which what else the machine does touches least.
    pub fn spread(&self) -> Option<f64> {
        let ([first, .., last], true) = (self.cells.as_slice(), self.wrong().is_none()) else { return None };
        let (first, last) = (first.1.cost(), last.1.cost());
        (first > 0.0 && last > 0.0)
            .then(|| if self.line.on == On::Series { first / last } else { last / first })
    }

    /// Processor time of an answer, all cells together.
    pub fn cost(&self) -> f64 {
        self.cells.iter().map(|(_, figures)| figures.cost()).sum()
    }

    /// The first wrong answer.
    pub fn wrong(&self) -> Option<String> {
        self.cells
            .iter()
            .find_map(|(cell, figures)| figures.wrong.as_ref().map(|wrong| format!("{cell}: {wrong}")))
    }
}

/// What is measured, and for how long.
pub struct Plan {
    /// Names of lines; all if empty.
    pub only: Vec<String>,
    /// Seconds of one cell.
    pub seconds: f64,
}

/// Measures all lines on a server.
pub async fn measure(system: &System, reference: &Process, plan: &Plan) -> Result<Vec<Measured>, String> {
    let mut all = Vec::new();
    let wanted = |id: &str| plan.only.is_empty() || plan.only.iter().any(|only| only == id);
    // Old series alone would take a rival the whole day.
    let fit =
        |line: &Line| wanted(line.id) && (system.is_ours() || line.on != On::Series && line.like.is_none());
    let lines: Vec<Line> = LINES.into_iter().filter(fit).collect();
    warm(system, plan).await?;
    let mut rest = lines.as_slice();
    while let [first, after @ ..] = rest {
        // New members are removed in the same turn, so that no collection grows; and what is compared is measured in turns.
        let together = |next: &&Line| {
            next.like == Some(first.id)
                || ["put-new", "rest-new"].contains(&first.row) && next.row == "delete"
        };
        let (block, later) = rest.split_at(1 + after.iter().take_while(together).count());
        rest = later;
        for measured in run_block(system, reference, plan, block).await? {
            println!("  {}", crate::report::one_line(system.label, &measured));
            all.push(measured);
        }
        for stock in system.calendars.iter().chain([&system.book]) {
            stock.tidy().await?;
        }
    }
    Ok(all)
}

/// Reads items for a while and counts nothing: what a server's caches hold just after it was filled is no measure of its answers.
async fn warm(system: &System, plan: &Plan) -> Result<(), String> {
    for stock in &system.calendars {
        let row = rows::build("get", stock).await?;
        let figures =
            run(system.process.address, CONNECTIONS, Duration::from_secs_f64(plan.seconds), row).await;
        figures.wrong.map_or(Ok(()), |wrong| Err(format!("get: {wrong}")))?;
    }
    Ok(())
}

async fn run_block(
    system: &System,
    reference: &Process,
    plan: &Plan,
    block: &[Line],
) -> Result<Vec<Measured>, String> {
    let mut built = Vec::new();
    let mut measured = Vec::new();
    for line in block {
        let mut cells: Vec<(String, Built)> = Vec::new();
        for (name, stock) in places(system, line.on) {
            let row = match &stock {
                Some(stock) => rows::build(line.row, stock).await,
                None => rows::home(&system.poller, &system.home, system.tokens_of_home()),
            };
            cells.push((name, row.map_err(|wrong| format!("{}: {wrong}", line.id))?));
        }
        let empty = cells.iter().map(|(name, _)| (name.clone(), Figures::default())).collect();
        built.push(cells);
        measured.push((Measured { line: *line, bare: 0.0, cells: empty }, Figures::default()));
    }
    let slice = Duration::from_secs_f64(plan.seconds / f64::from(ROUNDS));
    for _ in 0..ROUNDS {
        for (cells, (into, bare)) in built.iter().zip(&mut measured) {
            if cells.is_empty() {
                continue;
            }
            bare.add(slice_of(reference, slice, bare_row(reference)).await);
            for ((_, row), (_, figures)) in cells.iter().zip(&mut into.cells) {
                if figures.wrong.is_none() {
                    figures.add(slice_of(&system.process, slice, Rc::clone(row)).await);
                }
            }
        }
    }
    let mut all = Vec::new();
    for (mut one, bare) in measured {
        if let Some(wrong) = bare.wrong {
            return Err(format!("the bare handler: {wrong}"));
        }
        one.bare = bare.rate();
        if !one.cells.is_empty() {
            all.push(one);
        }
    }
    Ok(all)
}

async fn slice_of(process: &Process, time: Duration, row: Built) -> Figures {
    let before = resident::processor(process);
    let mut figures = run(process.address, CONNECTIONS, time, row).await;
    figures.processor = resident::processor(process) - before;
    figures
}

fn places(system: &System, on: On) -> Vec<(String, Option<Rc<Stock>>)> {
    let sized = |stock: &Rc<Stock>| (stock.members.count().to_string(), Some(Rc::clone(stock)));
    match on {
        On::Sizes => system.calendars.iter().map(sized).collect(),
        On::Size(size) => {
            system.calendars.iter().filter(|stock| stock.members.count() == size).map(sized).collect()
        }
        On::Book => vec![("cards".into(), Some(Rc::clone(&system.book)))],
        On::Home => vec![("home".into(), None)],
        On::Series => {
            let [old, young] = &system.series;
            vec![
                ("since 1950".into(), Some(Rc::clone(old))),
                ("since last week".into(), Some(Rc::clone(young))),
            ]
        }
    }
}

fn bare_row(reference: &Process) -> Built {
    let request = Account::new(reference.address, "load", "load").request("GET", "/any", "", "");
    Rc::new(RefCell::new(Fixed::new(vec![request], 200, |_, body| {
        if body == bare::BODY { Ok(()) } else { Err("another body".into()) }
    })))
}
