//! Closed-loop measuring: each connection sends its next request when the last answer is read and found right.

use crate::http::{Answer, Connection};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// A request, and what the row needs to know its answer by.
pub struct Ask {
    /// As it goes over the wire.
    pub bytes: Rc<[u8]>,
    /// Given back with the answer.
    pub key: usize,
}

/// What is measured: makes requests and judges answers.
pub trait Row {
    /// The next request of a connection; `None` when there is nothing more to do.
    fn ask(&mut self, worker: usize) -> Option<Ask>;
    /// Whether the answer is right; else why not.
    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String>;
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Right answers.
    pub count: u64,
    /// Time measured.
    pub seconds: f64,
    /// Processor time of the server meanwhile, in seconds.
    pub processor: f64,
    /// Microseconds of each answer.
    pub micros: Vec<u32>,
    /// The first wrong answer; then nothing else counts.
    pub wrong: Option<String>,
}

impl Figures {
    /// Right answers a second.
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.count as f64 / self.seconds } else { 0.0 }
    }

    /// Processor time of the server for one answer, in microseconds.
    pub fn cost(&self) -> f64 {
        if self.count > 0 { self.processor * 1e6 / self.count as f64 } else { 0.0 }
    }

    /// Adds another slice of the same row.
    pub fn add(&mut self, other: Figures) {
        self.count += other.count;
        self.seconds += other.seconds;
        self.processor += other.processor;
        self.micros.extend(other.micros);
        self.wrong = self.wrong.take().or(other.wrong);
    }

    /// The latency that this share of answers keeps, in milliseconds.
    pub fn latency(&self, share: f64) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Runs a row over `connections` connections until `time` is over or nothing is left.
pub async fn run(to: SocketAddr, connections: usize, time: Duration, row: Rc<RefCell<dyn Row>>) -> Figures {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        match Connection::open(to).await {
            Ok(connection) => open.push(connection),
            Err(wrong) => return Figures { wrong: Some(wrong), ..Figures::default() },
        }
    }
    let figures = Rc::new(RefCell::new(Figures::default()));
    let begun = Instant::now();
    let deadline = begun + time;
    let set = LocalSet::new();
    for (worker, connection) in open.into_iter().enumerate() {
        set.spawn_local(work(connection, worker, deadline, Rc::clone(&row), Rc::clone(&figures)));
    }
    set.await;
    let mut figures = figures.take();
    figures.seconds = begun.elapsed().as_secs_f64();
    figures
}

async fn work(
    mut connection: Connection,
    worker: usize,
    deadline: Instant,
    row: Rc<RefCell<dyn Row>>,
    figures: Rc<RefCell<Figures>>,
) {
    let mut before = Instant::now();
    while before < deadline {
        let Some(ask) = row.borrow_mut().ask(worker) else { return };
        let outcome = match connection.ask(&ask.bytes).await {
            Ok(answer) => row.borrow_mut().judge(ask.key, answer),
            Err(wrong) => Err(wrong),
        };
        let now = Instant::now();
        let mut figures = figures.borrow_mut();
        match outcome {
            Ok(()) => {
                figures.count += 1;
                figures.micros.push(u32::try_from((now - before).as_micros()).unwrap_or(u32::MAX));
            }
            Err(wrong) => {
                figures.wrong.get_or_insert(wrong);
            }
        }
        if figures.wrong.is_some() {
            return;
        }
        before = now;
    }
}

/// One request on a connection of its own, with its answer's status and body.
pub async fn once(to: SocketAddr, request: &[u8]) -> Result<(u16, Option<String>, Vec<u8>), String> {
    let mut connection = Connection::open(to).await?;
    let answer = connection.ask(request).await?;
    Ok((answer.status, answer.etag.map(str::to_owned), answer.body.to_vec()))
}
