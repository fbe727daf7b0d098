//! The history checker: writers and readers by CalDAV, servers killed at random moments, and a proof afterwards that nothing was lost.
//!
//! Promises under test (`docs/architecture.md`, contracts 1 to 3 and 11): answered means stored; sync is a linear history; nothing is half
//! done; If-Match loses no update. On SQLite one node, on PostgreSQL (`--database-url`) two.
//!
//! A long run is many rounds: each ends at rest and is judged, and the next begins with what it left and with the same readers.
//!
//! `cargo run --release --example history -- --duration 20`

mod check;
mod falsify;
#[path = "../load/http.rs"]
mod http;
mod linear;
mod model;
mod nodes;
mod people;
#[path = "../load/process.rs"]
mod process;
mod world;
#[path = "../load/xml.rs"]
mod xml;

use check::Record;
use clap::{Parser, ValueEnum};
use falsify::Lie;
use model::{Event, Op, Outcome, PLACES, State, When};
use nodes::{Dice, Killer, Setup};
use people::Reader;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::LocalSet;
use world::{Ended, HOT, LARGE, Line, QUIET, World, perform};

/// Seconds after which a long run comes to rest and is judged: so its memory has a bound, and a fault is told soon.
const ROUND: u64 = 30;
/// How long after its connection broke a request may still be done: the process is dead by then.
const GRACE: Duration = Duration::from_secs(1);
/// On a database server: a commit that was under way outlives the node that asked for it.
const SERVER_GRACE: Duration = Duration::from_secs(4);

#[derive(Debug, Parser)]
#[command(
    name = "history",
    about = "Writers, readers, and kill -9; then a proof that nothing was lost",
    subcommand_negates_reqs = true
)]
struct Options {
    /// Seconds of writing and killing
    #[arg(long, default_value_t = 15)]
    duration: u64,
    /// For the same choices again [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// PostgreSQL, with two nodes
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Nodes [default: 1 on SQLite, 2 on PostgreSQL]
    #[arg(long)]
    nodes: Option<usize>,
    /// Writers
    #[arg(long, default_value_t = 8)]
    writers: usize,
    /// Readers of each of the three collections
    #[arg(long, default_value_t = 2)]
    readers: usize,
    /// Mean milliseconds between kills; 0 for none
    #[arg(long, default_value_t = 1200)]
    kill_every: u64,
    /// Mean microseconds that a writer rests
    #[arg(long, default_value_t = 2000)]
    pause: u64,
    /// Falsify one observation: the run must then fail
    #[arg(long = "break", value_name = "LIE")]
    lie: Option<Lie>,
    /// Another program than the server that is built in here
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Keep the folder with the database and the log
    #[arg(long)]
    keep: bool,
    #[command(subcommand)]
    hidden: Option<Hidden>,
}

#[derive(Debug, clap::Subcommand)]
enum Hidden {
    /// Cenacle itself
    #[command(hide = true)]
    Cenacle {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.hidden {
        Some(Hidden::Cenacle { args }) => {
            let args = std::iter::once("cenacle").chain(args.iter().map(String::as_str));
            cenacle::cli::Cli::parse_from(args).run().map(|()| true).map_err(|failed| failed.to_string())
        }
        None => history(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failed) => {
            eprintln!("history: {failed}");
            ExitCode::FAILURE
        }
    }
}

fn history(options: &Options) -> Result<bool, String> {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_err(|error| error.to_string())?;
    let seed = options.seed.unwrap_or(since.as_secs());
    let folder = std::env::temp_dir().join(format!("cenacle-history-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let nodes = options.nodes.unwrap_or(if options.database_url.is_some() { 2 } else { 1 });
    if nodes == 0 || nodes > 1 && options.database_url.is_none() {
        return Err("several nodes need a database server".into());
    }
    let setup = Setup {
        folder: folder.clone(),
        database: options.database_url.clone(),
        server: options.server.clone(),
        nodes,
    };
    println!(
        "seed {seed}, {} s, {nodes} node(s) on {}",
        options.duration,
        if options.database_url.is_some() { "PostgreSQL" } else { "SQLite" }
    );
    let login = format!("h{}x{}", since.as_secs(), std::process::id());
    let secret = setup.account(&login)?;
    let addresses = setup.addresses()?;
    let killer = Killer::start(&setup, &addresses, options.kill_every, Dice::new(seed, 1))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let grace = if options.database_url.is_some() { SERVER_GRACE } else { GRACE };
    let world = Rc::new(World::new(addresses, &login, &secret, grace));
    let outcome = LocalSet::new().block_on(&runtime, run(options, seed, &world, killer));
    let record = outcome.map_err(|failed| format!("{failed}; see {}", setup.log().display()))?;
    let fine = report(options, &record, &folder);
    if options.keep || !fine {
        println!("Database and log are in {}.", folder.display());
    } else {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(fine)
}

async fn run(options: &Options, seed: u64, world: &Rc<World>, killer: Killer) -> Result<Record, String> {
    let mut start = fill(world, seed).await?;
    world.events.borrow_mut().clear();
    let mut readers: Vec<Option<Reader>> = (0..options.readers * PLACES).map(|_| None).collect();
    let rounds = options.duration.div_ceil(ROUND).max(1);
    for number in 1..=rounds {
        let seconds = options.duration / rounds + u64::from(number <= options.duration % rounds);
        killer.arm();
        let record =
            round(options, seed.wrapping_add(number << 32), seconds, world, &killer, start, &mut readers)
                .await?;
        if number == rounds || check::all(&record).iter().any(|finding| !finding.broken.is_empty()) {
            drop(killer.stop()?);
            return Ok(record);
        }
        println!("round {number} of {rounds}: fine");
        start = state_of(&record);
        world.forget(&start, &record.listing);
    }
    Err("no round was run".into())
}

/// Writes, kills and follows for some seconds; ends with a last look at everything, in which nothing is on its way any more.
async fn round(
    options: &Options,
    seed: u64,
    seconds: u64,
    world: &Rc<World>,
    killer: &Killer,
    start: HashMap<u32, State>,
    followed: &mut [Option<Reader>],
) -> Result<Record, String> {
    world.open.set(true);
    let before = killer.kills.load(Ordering::Relaxed);
    let until = world.now() + seconds * 1_000_000_000;
    let writers: Vec<_> = (0..options.writers)
        .map(|lane| {
            tokio::task::spawn_local(people::write(
                Rc::clone(world),
                Dice::new(seed, 100 + lane as u64),
                until,
                options.pause,
            ))
        })
        .collect();
    let readers: Vec<_> = followed
        .iter_mut()
        .enumerate()
        .map(|(lane, reader)| {
            tokio::task::spawn_local(people::follow(
                Rc::clone(world),
                lane % PLACES,
                Dice::new(seed, 1000 + lane as u64),
                reader.take(),
            ))
        })
        .collect();
    for writer in writers {
        writer.await.map_err(|error| error.to_string())?;
    }
    killer.disarm().await;
    let kills = killer.kills.load(Ordering::Relaxed) - before;
    while world.now() < world.settled.get() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.open.set(false);
    let mut replayed = Vec::new();
    let mut sights = Vec::new();
    for (reader, place) in readers.into_iter().zip(followed) {
        let (states, seen, rested) = reader.await.map_err(|error| error.to_string())?;
        replayed.extend(states);
        sights.extend(seen);
        *place = Some(rested);
    }
    let (last, listing) = look(world, seed).await?;
    let mut events = world.events.take();
    let writes = events.len();
    let tags = world.tags.borrow();
    let before = sights.len();
    events.extend(sights.iter().filter_map(|sight| sight.event(&tags)));
    let unknown = before + writes - events.len();
    events.extend(last);
    let acknowledged =
        events.iter().filter(|event| matches!(event.outcome, Outcome::Status(201 | 204))).count();
    let open = events.iter().filter(|event| event.outcome == Outcome::Unknown).count();
    let answers: usize = replayed.iter().map(|reader| reader.numbers.len()).sum();
    let twice: usize = replayed.iter().map(|reader| reader.twice).sum();
    println!(
        "{writes} requests of writers, {acknowledged} writes acknowledged, {open} without an answer, {kills} kills; {answers} sync answers, \
         {before} sights ({unknown} of versions that nobody identified), {twice} members told twice in an answer"
    );
    Ok(Record { events, start, readers: replayed, listing, faults: world.faults.take() })
}

/// What the last look saw of each name.
fn state_of(record: &Record) -> HashMap<u32, State> {
    let last = record.events.iter().map(|event| event.begin).max().unwrap_or(0);
    let mut state: HashMap<u32, State> = HashMap::new();
    for event in record.events.iter().filter(|event| event.begin == last) {
        if let (Op::Read { at }, Outcome::Saw(version)) = (event.op, event.outcome)
            && let Some(cell) = state.entry(event.name).or_default().get_mut(at)
        {
            *cell = version;
        }
    }
    state
}

/// Makes the collections and their first members.
async fn fill(world: &Rc<World>, seed: u64) -> Result<HashMap<u32, State>, String> {
    let mut dice = Dice::new(seed, 2);
    let mut line = Line::default();
    for at in 0..PLACES {
        loop {
            let node = line.ready(world, &mut dice).await;
            let account = world.accounts.get(node).ok_or("no node")?;
            match line.ask(world, &account.request("MKCALENDAR", &world.place(at), "", "")).await {
                Ended::Answered(201 | 405 | 403, ..) => break,
                Ended::Answered(status, ..) => return Err(format!("MKCALENDAR was answered {status}")),
                Ended::Lost => {}
            }
        }
    }
    let names: Rc<std::cell::RefCell<Vec<(u32, usize)>>> = Rc::default();
    names.borrow_mut().extend((0..HOT).step_by(2).map(|name| (name, name as usize % PLACES)));
    names.borrow_mut().extend((HOT..HOT + QUIET).map(|name| (name, LARGE)));
    let workers: Vec<_> = (0..16)
        .map(|lane| {
            let (world, names, mut dice) = (Rc::clone(world), Rc::clone(&names), Dice::new(seed, 10 + lane));
            tokio::task::spawn_local(async move {
                let mut line = Line::default();
                loop {
                    let Some((name, at)) = names.borrow_mut().pop() else { return };
                    perform(
                        &world,
                        &mut line,
                        &mut dice,
                        name,
                        Op::Put { at, version: world.fresh(), when: When::Always },
                    )
                    .await;
                    let stored = world.heard.borrow().contains_key(&(name, at));
                    if !stored {
                        names.borrow_mut().push((name, at));
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.map_err(|error| error.to_string())?;
    }
    let mut start: HashMap<u32, State> = HashMap::new();
    for ((name, at), version) in world.heard.borrow().iter() {
        if let Some(cell) = start.entry(*name).or_default().get_mut(*at) {
            *cell = *version;
        }
    }
    Ok(start)
}

/// The last look, when nobody writes any more: every collection's listing, and every name's content by GET.
async fn look(world: &Rc<World>, seed: u64) -> Result<(Vec<Event>, Vec<BTreeMap<u32, String>>), String> {
    let mut dice = Dice::new(seed, 3);
    let mut line = Line::default();
    let mut listing = Vec::new();
    let moment = world.now();
    let mut events = Vec::new();
    for at in 0..PLACES {
        let node = line.ready(world, &mut dice).await;
        let account = world.accounts.get(node).ok_or("no node")?;
        let body = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop></D:propfind>";
        let request = account.request(
            "PROPFIND",
            &world.place(at),
            "Depth: 1\r\nContent-Type: application/xml\r\n",
            body,
        );
        let Ended::Answered(207, _, body) = line.ask(world, &request).await else {
            return Err("the last listing failed".into());
        };
        let members: BTreeMap<u32, String> = xml::responses(&String::from_utf8_lossy(&body))
            .into_iter()
            .filter_map(|one| {
                Some((one.name.strip_prefix('n')?.strip_suffix(".ics")?.parse().ok()?, one.etag?))
            })
            .collect();
        for name in 0..HOT + QUIET {
            if name >= HOT && at != LARGE {
                continue;
            }
            let told = members.get(&name);
            let count = world.events.borrow().len();
            perform(world, &mut line, &mut dice, name, Op::Read { at }).await;
            let seen = world.events.borrow_mut().drain(count..).next_back();
            let Some(Event { outcome: Outcome::Saw(version), .. }) = seen else {
                return Err(format!("the last GET of n{name} in p{at} failed"));
            };
            if told.and_then(|tag| world.tags.borrow().get(tag).copied()).unwrap_or(0) != version {
                world.fault(format!("n{name} in p{at}: the listing and GET disagree"));
            }
            events.push(Event {
                name,
                op: Op::Read { at },
                begin: moment,
                end: moment + 1,
                outcome: Outcome::Saw(version),
            });
        }
        listing.push(members);
    }
    Ok((events, listing))
}

/// Keeps the events of a name, one a line in the order in which they began.
fn write_down(record: &Record, name: u32, folder: &Path) -> std::io::Result<()> {
    let mut events: Vec<&Event> = record.events.iter().filter(|event| event.name == name).collect();
    events.sort_by_key(|event| event.begin);
    let start = record.start.get(&name).copied().unwrap_or_default();
    let mut text = format!("start {start:?}\n");
    for event in events {
        text.push_str(&format!("{event:?}\n"));
    }
    std::fs::write(folder.join(format!("n{name}.txt")), text)
}

/// Prints the findings, then that every lie would be found; whether all is well.
fn report(options: &Options, record: &Record, folder: &Path) -> bool {
    let mut judged = record.clone();
    if let Some(lie) = options.lie {
        let told = lie.tell(&mut judged);
        println!(
            "{}: {lie:?}",
            if told { "one observation is falsified" } else { "this run has nothing to falsify" }
        );
    }
    let (mut passed, mut failed) = (0, 0);
    let mut say = |fine: bool, text: &str| {
        println!("{} {text}", if fine { "ok    " } else { "FAILED" });
        *(if fine { &mut passed } else { &mut failed }) += 1;
    };
    let findings = check::all(&judged);
    for finding in &findings {
        say(finding.broken.is_empty(), finding.promise);
        for text in finding.broken.iter().take(8) {
            println!("         {}", text.chars().take(600).collect::<String>());
        }
        if finding.broken.len() > 8 {
            println!("         and {} more", finding.broken.len() - 8);
        }
        for name in finding.names.iter().take(8) {
            if let Err(error) = write_down(&judged, *name, folder) {
                println!("         the events of n{name} are not written: {error}");
            }
        }
    }
    // Only a clean run can show that each lie is what makes it fail.
    if findings.iter().all(|finding| finding.broken.is_empty()) {
        let (mut told, mut caught) = (0, 0);
        for lie in Lie::value_variants() {
            let mut false_record = record.clone();
            if !lie.tell(&mut false_record) {
                println!("--     {lie:?}: this run has no observation to falsify");
                continue;
            }
            told += 1;
            if check::all(&false_record).iter().any(|finding| !finding.broken.is_empty()) {
                caught += 1;
            } else {
                println!("--     {lie:?}: a request that got no answer explains it");
            }
        }
        // A request that was cut off may or may not have been done, and so a lie may happen to be possible: hence most, not all.
        say(caught * 2 > told, &format!("lies are seen: {caught} of {told}"));
    }
    println!("{passed} passed, {failed} failed");
    failed == 0
}
