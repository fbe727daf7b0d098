//! A server in a process of its own, whose memory and whose speed for others are measured while it is attacked.
//!
//! No bound here is an absolute time: each is a multiple of what the same machine needed for honest work just before and just
//! after the attack, so that a busy machine is forgiven and a server that waits for the attacker is not. A disk may stand still for
//! a second in between: a witness that has nothing to do with the server writes beside it, and writes, but no reads, may wait as it did.
//!
//! `CENACLE_BIN` may name the program to attack, for figures of a release build.

use crate::harness::program::account;
use crate::harness::{Client, Db, TestServer, samples};
use cenacle::store::Location;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// By how much an attack may exceed its honest megabytes: a program without optimisation on a busy machine swings so far. What
/// grows with the square of its input is beyond it all the same.
const SLACK: u32 = 3;

/// What an attack may add to the server's resident memory, MiB.
pub const MEMORY: i64 = 64;
/// The same where several bodies of the largest size are read at a time: each is there as it came, as text, and as a tree.
pub const BODIES: i64 = 128;
/// Others may wait so many times longer than on a machine whose processors are all busy.
const PATIENCE: u32 = 8;
/// Others may wait as long as the server needs for so many honest megabytes, whatever the machine did before: an item of the
/// largest size that is allowed may take about that.
const STALL: u32 = 8;
/// How often a write may meet a disk that stands still: it waits for the commit before it, writes, and the log may be moved.
const JOURNEYS: u32 = 3;
/// Clients that go on working during an attack: enough to meet each of the server's threads.
const OTHERS: usize = 4;
/// Threads of the server that serve requests.
const WORKERS: usize = 2;

/// Attacks are measured one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A server under attack, and its one account.
pub struct Scene {
    process: Child,
    address: SocketAddr,
    password: String,
    folder: PathBuf,
    _place: Place,
    _alone: MutexGuard<'static, ()>,
}

/// Where the data are; goes away after the server.
enum Place {
    Folder(#[expect(dead_code, reason = "removed when dropped")] TempDir),
    Database(#[expect(dead_code, reason = "removed when dropped")] Box<TestServer>),
}

/// How long others waited.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    count: usize,
    p99: Duration,
    longest_read: Duration,
    longest_write: Duration,
    /// The longest time that the disk took for a page of somebody else's.
    disk: Duration,
}

/// What an attack cost.
#[derive(Debug)]
pub struct Cost {
    took: Duration,
    /// An honest item of one megabyte is stored in this time.
    unit: Duration,
    grown: i64,
    others: Speed,
    calm: Speed,
}

impl Scene {
    /// A new server with the usual limits and the account `alice`.
    pub fn start(db: Db) -> Scene {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, location, folder) = match db {
            Db::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let path = folder.path().to_owned();
                (Place::Folder(folder), Location::File(path.join("cenacle.sqlite")), path)
            }
            Db::Postgres => {
                let server = Box::new(TestServer::start(db));
                let location = server.location().clone();
                (Place::Database(server), location, std::env::temp_dir())
            }
        };
        let password = account(&location);
        let address =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a free port");
        let process = serve(&location, &folder, address);
        let scene = Scene { process, address, password, folder, _place: place, _alone: alone };
        scene.wait_until_ready();
        scene
    }

    /// A client on a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address, "alice", &self.password)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_ready(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(self.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.client().propfind("/dav/", "0", &["D:resourcetype"]).multistatus();
    }

    /// Attacks and measures; the server must live on.
    pub fn attack(&self, work: impl FnOnce(&Scene)) -> Cost {
        let (unit, calm) = (self.unit(), self.calm());
        let before = self.memory("VmRSS:");
        // The peak so far is forgotten (proc(5), clear_refs).
        std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").expect("a process of our own");
        let begun = Instant::now();
        let (others, took) = self.beside(|| {
            work(self);
            begun.elapsed()
        });
        let grown = (self.memory("VmHWM:") - before) / 1024;
        let (unit_after, calm_after) = (self.unit(), self.calm());
        Cost { took, unit: unit.max(unit_after), grown, others, calm: calm.slower(calm_after) }
    }

    /// How long others wait while something is done.
    fn beside<T>(&self, work: impl FnOnce() -> T) -> (Speed, T) {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..OTHERS)
                .map(|lane| {
                    let (client, done) = (self.client(), &done);
                    scope.spawn(move || ordinary(&client, lane, done))
                })
                .collect();
            let witness = scope.spawn(|| self.disk(&done));
            // Ended also when the attack panics: the scope waits for all.
            let end = AtEnd(&done);
            let result = work();
            drop(end);
            let lanes = lanes.into_iter().map(|lane| lane.join().expect("another client"));
            (Speed::of(lanes.collect(), witness.join().expect("a witness")), result)
        })
    }

    /// The longest time of a small durable write where the server has its data.
    fn disk(&self, done: &AtomicBool) -> Duration {
        let mut file = tempfile::tempfile_in(&self.folder).expect("a file of the witness");
        let mut longest = Duration::ZERO;
        while !done.load(Ordering::Acquire) {
            let begun = Instant::now();
            file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).expect("a page on the disk");
            longest = longest.max(begun.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        longest
    }

    /// How long others wait where all processors are busy with something else.
    fn calm(&self) -> Speed {
        let done = AtomicBool::new(false);
        let processors = std::thread::available_parallelism().map_or(2, |count| count.get());
        std::thread::scope(|scope| {
            for _ in 0..processors {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let (speed, ()) = self.beside(|| std::thread::sleep(Duration::from_millis(400)));
            done.store(true, Ordering::Relaxed);
            speed
        })
    }

    /// The time that an honest item of one megabyte takes.
    fn unit(&self) -> Duration {
        let client = self.client();
        let text = format!("DESCRIPTION:{}", "An honest line of some length.\\n\r\n ".repeat(30_000));
        let body = samples::event("unit", &["DTSTART:20260301T090000Z", &text]);
        let path = client.calendar("default/unit.ics");
        let times = (0..2).map(|_| {
            let begun = Instant::now();
            let status = client.put(&path, body.as_str()).send().status;
            assert!(matches!(status, 201 | 204), "an honest megabyte: {status}");
            begun.elapsed()
        });
        let time = times.max().unwrap_or_default();
        client.delete(&path).no_content();
        time
    }

    /// A line of the process's status, KiB.
    fn memory(&self, name: &str) -> i64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("the server still runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a running process");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Cost {
    /// Holds all but the attack's own time against the bounds: for attacks that take their time. Memory in MiB.
    #[track_caller]
    pub fn bearable(&self, what: &str, memory: i64) {
        println!("{what}: {self:?}");
        assert!(self.grown < memory, "{what}: resident memory grew by {} MiB", self.grown);
        let p99 = (self.calm.p99 * PATIENCE).max(self.unit * STALL / 2);
        let read = (self.calm.longest_read * PATIENCE).max(self.unit * STALL);
        let write = (self.calm.longest_write * PATIENCE).max(self.unit * STALL) + self.others.disk * JOURNEYS;
        assert!(
            self.others.p99 <= p99 && self.others.longest_read <= read && self.others.longest_write <= write,
            "{what}: others waited {:?}, on a busy machine {:?}; an honest megabyte takes {:?}",
            self.others,
            self.calm,
            self.unit
        );
    }

    /// The same, and the time that the attack took: in honest megabytes.
    #[track_caller]
    pub fn within(&self, what: &str, memory: i64, units: u32) {
        self.bearable(what, memory);
        let most = self.unit * units * SLACK;
        assert!(
            self.took < most,
            "{what} took {:?}, more than {SLACK} times {units} honest megabytes ({most:?})",
            self.took
        );
    }
}

impl Speed {
    fn of(lanes: Vec<Waits>, disk: Duration) -> Speed {
        let longest =
            |of: fn(&Waits) -> &Vec<Duration>| lanes.iter().flat_map(of).max().copied().unwrap_or_default();
        let (longest_read, longest_write) = (longest(|lane| &lane.reads), longest(|lane| &lane.writes));
        let mut waits: Vec<_> =
            lanes.into_iter().flat_map(|lane| [lane.reads, lane.writes]).flatten().collect();
        waits.sort();
        let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
        Speed { count: waits.len(), p99, longest_read, longest_write, disk }
    }

    fn slower(self, other: Speed) -> Speed {
        Speed {
            count: self.count.min(other.count),
            p99: self.p99.max(other.p99),
            longest_read: self.longest_read.max(other.longest_read),
            longest_write: self.longest_write.max(other.longest_write),
            disk: self.disk.max(other.disk),
        }
    }
}

/// How long each request of one client took.
#[derive(Debug, Default)]
struct Waits {
    reads: Vec<Duration>,
    writes: Vec<Duration>,
}

/// Says so when it goes.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What an ordinary client does all day.
fn ordinary(client: &Client, lane: usize, done: &AtomicBool) -> Waits {
    let path = client.calendar(&format!("default/ordinary-{lane}.ics"));
    let mut waits = Waits::default();
    loop {
        for write in [true, false, false] {
            let begun = Instant::now();
            let status = if write {
                client.put(&path, samples::meeting(&format!("ordinary-{lane}"))).send().status
            } else {
                client.get(&path).send().status
            };
            if write { &mut waits.writes } else { &mut waits.reads }.push(begun.elapsed());
            assert!(matches!(status, 200 | 201 | 204), "an ordinary request was answered {status}");
        }
        if done.load(Ordering::Acquire) {
            return waits;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn serve(location: &Location, folder: &Path, address: SocketAddr) -> Child {
    let program = std::env::var_os("CENACLE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_cenacle").into());
    let mut command = Command::new(program);
    command.arg("serve").arg("--data").arg(folder).arg("--listen").arg(address.to_string());
    if let Location::Server(url) = location {
        command.arg("--database-url").arg(url);
    }
    command.env_remove("RUST_LOG").env("CENACLE_LOG", "off").env("CENACLE_WORKERS", WORKERS.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("the server starts")
}
