//! `cenacle restore`: puts a backup of the embedded database in its place.

use super::copy::Checked;
use super::{Failed, hold, postgres, private_folder};
use crate::config::{Config, Flags};
use crate::store::{Location, Store};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite may have put beside a database: changes that are not in it yet, and notes for its users.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A backup made by `cenacle backup`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Put it in the place of a database that is there; that one is kept under another name
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failed> {
    let config = Config::read(&args.flags, None)?;
    let database = match config.location() {
        Location::File(database) => database,
        Location::Server(url) => return Err(Failed::Other(postgres::restore(&url, &args.file))),
    };
    let backup = args.file.canonicalize().map_err(|error| Failed::at(&args.file, &error))?;
    if !Store::is_database_file(&backup).map_err(|error| Failed::at(&backup, &error))? {
        return Err(Failed::Other(format!(
            "{} is not a copy of a database; an archive of `cenacle export` is read by `cenacle import`",
            args.file.display()
        )));
    }
    if database.canonicalize().is_ok_and(|place| place == backup) {
        return Err(Failed::Other("that file is the database itself".into()));
    }
    private_folder(hold::folder_of(&database)).map_err(|error| Failed::at(&database, &error))?;
    let alone = hold::alone(&database)?;
    let in_the_way = files_of(&database);
    if !in_the_way.is_empty() && !args.force {
        return Err(Failed::Other(format!(
            "{} exists already: --force keeps it under another name and puts the backup in its place",
            database.display()
        )));
    }
    let copy = Checked::make(&backup, &database)?;
    Store::end_tokens_of_file(copy.path())?;
    hold::give_to_owner_of_folder(copy.path())?;
    if !in_the_way.is_empty() {
        let kept = set_aside(&database).map_err(|error| Failed::at(&database, &error))?;
        told!("The database that was there is kept as {}.", kept.display());
    }
    copy.name(&database).map_err(|error| Failed::at(&database, &error))?;
    drop(alone);
    told!("{} holds the backup.", database.display());
    told!("All sync and bearer tokens have ended: clients read everything once more. Start the server now.");
    Ok(())
}

/// The database and what is beside it, as far as they are there.
fn files_of(database: &Path) -> Vec<PathBuf> {
    std::iter::once("")
        .chain(COMPANIONS)
        .map(|end| with_end(database, end))
        .filter(|file| file.symlink_metadata().is_ok())
        .collect()
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Gives the database another name, under which it is complete, and tells it.
fn set_aside(database: &Path) -> io::Result<PathBuf> {
    if database.exists()
        && let Err(error) = Store::settle_file(database)
    {
        // A damaged one is kept as it is, with what is beside it.
        eprintln!("{} cannot be opened ({error}); it is kept as it is.", database.display());
    }
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let kept = with_end(database, &format!(".replaced-{now}"));
    // What is beside it first: a log of changes that stayed would be taken for one of the backup.
    for end in COMPANIONS.into_iter().chain([""]) {
        let file = with_end(database, end);
        if file.symlink_metadata().is_ok() {
            std::fs::rename(&file, with_end(&kept, end))?;
        }
    }
    File::open(hold::folder_of(database))?.sync_all()?;
    Ok(kept)
}
