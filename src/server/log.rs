//! Log lines on their way to standard error: gathered for a moment, so that not each request costs a call of the system.
//!
//! What warns goes out at once, with all that came before it. A process that is killed loses a tenth of a second of lines.
//! Knows no request.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others.
const WAIT: Duration = Duration::from_millis(100);
/// Octets that wait at most; who adds the next writes them out, and so is slowed down to what the reader takes.
const MOST: usize = 64 * 1024;

static WAITING: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static SOME: Condvar = Condvar::new();
/// Held while writing, so that lines stay in order.
static OUT: Mutex<()> = Mutex::new(());

/// Where the subscriber writes to.
#[derive(Debug, Clone, Copy)]
pub struct Lines;

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    urgent: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { urgent: true }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line {
        Line { urgent: *of.level() <= Level::WARN }
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = lock(&WAITING);
        if waiting.is_empty() {
            SOME.notify_one();
        }
        waiting.extend_from_slice(line);
        let full = waiting.len() > MOST;
        drop(waiting);
        if self.urgent || full {
            flush();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes out what waits.
pub fn flush() {
    let order = lock(&OUT);
    let lines = std::mem::take(&mut *lock(&WAITING));
    // Nobody can be told that standard error is gone.
    let _ = io::stderr().write_all(&lines);
    drop(order);
}

/// Writes lines out when they have waited long enough; runs until the process ends.
pub fn carry() -> io::Result<()> {
    std::thread::Builder::new().name("log".into()).spawn(|| {
        loop {
            let waiting = SOME.wait_while(lock(&WAITING), |waiting| waiting.is_empty());
            drop(waiting.unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(WAIT);
            flush();
        }
    })?;
    Ok(())
}

/// Writes out what waits when the program ends.
#[derive(Debug)]
#[must_use = "lines are lost that wait at the end"]
pub struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        flush();
    }
}
