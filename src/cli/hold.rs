//! Who uses the embedded database: every command shares a lock on its folder, and `restore` wants it alone.
//!
//! The lock is on the folder itself (`flock`), so that no file of the wrong owner is left behind, and it ends with the process,
//! however that ends. Files made here can be read by the account that owns the folder alone: they hold password hashes.

use super::Failed;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

/// Held until the process ends.
static HELD: OnceLock<File> = OnceLock::new();

/// The folder that a database file is in.
pub fn folder_of(database: &Path) -> &Path {
    match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Shares the folder of a database with others, for the rest of this process.
pub fn share(database: &Path) -> Result<(), Failed> {
    let folder = folder_of(database);
    let lock = File::open(folder).map_err(|error| Failed::at(folder, &error))?;
    match lock.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Failed::Other(format!(
                "a backup is being put back in {}: wait until that has ended",
                folder.display()
            )));
        }
        // Where folders cannot be locked, a restore says so and does nothing.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(Failed::at(folder, &error)),
    }
    // A second lock of one process is not needed: the first holds to the end.
    drop(HELD.set(lock));
    Ok(())
}

/// Takes the folder of a database alone, as long as the answer lives.
pub fn alone(database: &Path) -> Result<File, Failed> {
    let folder = folder_of(database);
    let lock = File::open(folder).map_err(|error| Failed::at(folder, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failed::Other(format!(
            "a server or another command uses {}: stop it first (systemctl stop cenacle)",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Failed::at(folder, &error)),
    }
}

/// Makes an empty file that its owner alone may read, if none is there; what SQLite puts beside it gets the same rights.
pub fn make_private(path: &Path) -> io::Result<()> {
    match private(path) {
        Ok(_) => give_to_owner_of_folder(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A new empty file that its owner alone may read.
pub fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What root makes in the folder of the server's account is that account's: else the server could not open it.
pub fn give_to_owner_of_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let (file, folder) = (std::fs::metadata(path)?, std::fs::metadata(folder_of(path))?);
        // Only root owns files as root and may give them away.
        if file.uid() == 0 && folder.uid() != 0 {
            chown(path, Some(folder.uid()), Some(folder.gid()))?;
        }
    }
    Ok(())
}

impl Failed {
    /// Something went wrong with this file.
    pub(super) fn at(path: &Path, error: &dyn std::fmt::Display) -> Self {
        Failed::Other(format!("{}: {error}", path.display()))
    }
}
