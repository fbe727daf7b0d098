//! The signals that ask a command to end: long work stops where nothing is left behind, and says so.

use super::Failed;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// The signals that ask a program to end.
pub struct Interrupts {
    keyboard: Signal,
    system: Signal,
}

impl Interrupts {
    /// From now on these signals do not end the program; each is noticed by the next [`Interrupts::during`].
    pub fn listen() -> io::Result<Self> {
        Ok(Interrupts {
            keyboard: signal(SignalKind::interrupt())?,
            system: signal(SignalKind::terminate())?,
        })
    }

    /// Sets what this gives back at the next of them; for work that looks at it.
    pub fn noted(mut self) -> Arc<AtomicBool> {
        let noted = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&noted);
        actix_web::rt::spawn(async move {
            self.one().await;
            noted.store(true, Ordering::Release);
        });
        seen
    }

    /// Comes back at the next of them.
    pub async fn one(&mut self) {
        tokio::select! {
            _ = self.keyboard.recv() => {}
            _ = self.system.recv() => {}
        }
    }

    /// Runs slow work on a thread of its own and calls `look` now and then. An interrupt is an error at once; the work then
    /// ends with the process.
    pub async fn during<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
        look: impl Fn(),
    ) -> Result<T, Failed> {
        let (done, mut waiting) = oneshot::channel();
        std::thread::Builder::new().spawn(move || drop(done.send(work())))?;
        loop {
            tokio::select! {
                outcome = &mut waiting => {
                    return outcome.map_err(|_| Failed::Other("the copy ended early".into()));
                }
                _ = self.keyboard.recv() => break,
                _ = self.system.recv() => break,
                () = tokio::time::sleep(LOOK) => look(),
            }
        }
        // Work that was only beginning has made its files by then, and they can be removed.
        tokio::time::sleep(LOOK).await;
        Err(Failed::Other("interrupted: nothing was changed".into()))
    }
}
