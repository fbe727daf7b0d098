//! A new file that takes its name only when it is complete, and is gone again when anything goes wrong before.
//!
//! Nobody but its owner may read it, and no link, old file or other command that stands in its way is followed or written over.

use super::{Failed, hold};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// It goes away with this unless it is named.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
}

impl Part {
    /// Makes one beside `to`, under a name of its own.
    pub fn beside(to: &Path) -> Result<(Part, File), Failed> {
        let mut path = to.as_os_str().to_owned();
        path.push(format!(".part-{}", std::process::id()));
        let path = PathBuf::from(path);
        let file = hold::private(&path).map_err(|error| Failed::at(&path, &error))?;
        Ok((Part { path }, file))
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable and gives it its name, which nobody may have.
    pub fn name(self, to: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        match std::fs::hard_link(&self.path, to) {
            // Then the part's own name goes away with this.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // File systems without second names cannot refuse an existing one by themselves.
            Err(_) if !to.exists() => std::fs::rename(&self.path, to)?,
            Err(error) => return Err(error),
        }
        File::open(hold::folder_of(to))?.sync_all()
    }

    /// As [`Part::name`], in the place of what has that name.
    pub fn replace(self, to: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        std::fs::rename(&self.path, to)?;
        File::open(hold::folder_of(to))?.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        drop(std::fs::remove_file(&self.path));
    }
}
