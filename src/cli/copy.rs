//! A checked copy of the embedded database under a name of its own, which is gone again when anything goes wrong.

use super::{Failed, block_on, hold, progress};
use crate::store::Store;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A complete, checked copy that has not got its name yet; it goes away with this unless it is named.
#[derive(Debug)]
pub struct Checked {
    part: PathBuf,
}

impl Checked {
    /// Copies one commit of the database `from` beside `to`, and checks every page of the copy. Shows progress; an interrupt
    /// ends it without a trace.
    pub fn make(from: &Path, to: &Path) -> Result<Checked, Failed> {
        let mut part = to.as_os_str().to_owned();
        part.push(format!(".part-{}", std::process::id()));
        let part = PathBuf::from(part);
        block_on(async move {
            // Listens before there is anything that could be left behind.
            let mut interrupts = Interrupts::listen()?;
            hold::private(&part).map_err(|error| Failed::at(&part, &error))?;
            let copy = Checked { part };
            copy.fill(from, &mut interrupts).await?;
            copy.check(from, &mut interrupts).await?;
            Ok(copy)
        })
    }

    async fn fill(&self, from: &Path, interrupts: &mut Interrupts) -> Result<(), Failed> {
        let length = std::fs::metadata(from).map_err(|error| Failed::at(from, &error))?.len();
        let bar = progress::bytes(length);
        let look = || bar.set_position(std::fs::metadata(&self.part).map_or(0, |file| file.len()));
        let (source, target) = (from.to_owned(), self.part.clone());
        let copied = interrupts.during(move || Store::copy_file(&source, &target), look).await?;
        bar.finish_and_clear();
        copied.map_err(|error| Failed::at(from, &error))
    }

    async fn check(&self, from: &Path, interrupts: &mut Interrupts) -> Result<(), Failed> {
        let bar = progress::waiting("checking the copy");
        let target = self.part.clone();
        let faults = interrupts.during(move || Store::faults_of_file(&target), || ()).await?;
        bar.finish_and_clear();
        match faults {
            Ok(faults) if faults.is_empty() => Ok(()),
            Ok(faults) => {
                Err(Failed::Other(format!("{} is damaged:\n{}", from.display(), faults.join("\n"))))
            }
            Err(error) => Err(Failed::at(from, &error)),
        }
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Makes it durable and gives it its name, which nobody may have.
    pub fn name(self, to: &Path) -> io::Result<()> {
        File::open(&self.part)?.sync_all()?;
        match std::fs::hard_link(&self.part, to) {
            // Then the part's own name goes away with this.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // File systems without second names cannot refuse an existing one by themselves.
            Err(_) if !to.exists() => std::fs::rename(&self.part, to)?,
            Err(error) => return Err(error),
        }
        File::open(hold::folder_of(to))?.sync_all()
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        // Gone already where it was renamed; the journal is there only where SQLite was cut off.
        let mut journal = self.part.as_os_str().to_owned();
        journal.push("-journal");
        for file in [self.part.as_path(), Path::new(&journal)] {
            drop(std::fs::remove_file(file));
        }
    }
}

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

    /// Comes back at the next of them.
    pub async fn one(&mut self) {
        tokio::select! {
            _ = self.keyboard.recv() => {}
            _ = self.system.recv() => {}
        }
    }

    /// Runs slow work on a thread of its own and calls `look` now and then. An interrupt is an error at once; the work then
    /// ends with the process.
    async fn during<T: Send + 'static>(
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
