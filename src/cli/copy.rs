//! A checked copy of the embedded database under a name of its own, which is gone again when anything goes wrong.

use super::interrupts::Interrupts;
use super::part::Part;
use super::{Failed, block_on, progress};
use crate::store::Store;
use std::io;
use std::path::{Path, PathBuf};

/// A complete, checked copy that has not got its name yet; it goes away with this unless it is named.
pub struct Checked {
    part: Part,
    _journal: Journal,
}

impl Checked {
    /// Copies one commit of the database `from` beside `to`, and checks every page of the copy. Shows progress; an interrupt
    /// ends it without a trace.
    pub fn make(from: &Path, to: &Path) -> Result<Checked, Failed> {
        block_on(async move {
            // Listens before there is anything that could be left behind.
            let mut interrupts = Interrupts::listen()?;
            let (part, _) = Part::beside(to)?;
            let mut journal = part.path().as_os_str().to_owned();
            journal.push("-journal");
            let copy = Checked { part, _journal: Journal(journal.into()) };
            copy.fill(from, &mut interrupts).await?;
            copy.check(from, &mut interrupts).await?;
            Ok(copy)
        })
    }

    async fn fill(&self, from: &Path, interrupts: &mut Interrupts) -> Result<(), Failed> {
        let length = std::fs::metadata(from).map_err(|error| Failed::at(from, &error))?.len();
        let bar = progress::bytes(length);
        let look = || bar.set_position(std::fs::metadata(self.path()).map_or(0, |file| file.len()));
        let (source, target) = (from.to_owned(), self.path().to_owned());
        let copied = interrupts.during(move || Store::copy_file(&source, &target), look).await?;
        bar.finish_and_clear();
        copied.map_err(|error| Failed::at(from, &error))
    }

    async fn check(&self, from: &Path, interrupts: &mut Interrupts) -> Result<(), Failed> {
        let bar = progress::waiting("checking the copy");
        let target = self.path().to_owned();
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
        self.part.path()
    }

    /// Makes it durable and gives it its name, which nobody may have.
    pub fn name(self, to: &Path) -> io::Result<()> {
        self.part.name(to)
    }
}

/// What SQLite has beside a file while it writes; it is there only where that was cut off.
struct Journal(PathBuf);

impl Drop for Journal {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}
