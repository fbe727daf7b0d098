//! The command line, one command a file. Errors tell the operator what to do next.

/// Writes a line to standard output, and ends the command where nobody reads it.
macro_rules! told {
    ($($words:tt)*) => {
        $crate::cli::tell(format_args!($($words)*))?
    };
}

mod backup;
mod copy;
mod demo;
mod doctor;
mod export;
mod group;
mod hand_over;
mod hold;
mod import;
mod interrupts;
mod keys;
mod migrate;
mod openapi;
mod part;
mod postgres;
mod progress;
mod restore;
mod serve;
mod team;
mod user;

use crate::config::Config;
use crate::domain::fault::Fault;
use crate::services::{Core, Limits};
use crate::store::{Location, Store};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::time::Duration;

/// Groupware server: calendars, tasks and contacts by CalDAV, CardDAV and REST.
#[derive(Debug, Parser)]
#[command(name = "cenacle", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests
    Serve(serve::Args),
    /// Serve demonstration data, and print how to set up clients
    Demo(demo::Args),
    /// Make and change accounts
    User(user::Args),
    /// Make and change groups
    Group(group::Args),
    /// List and rotate the keys that access tokens are signed with
    Keys(keys::Args),
    /// Create or update the tables, and stop
    Migrate(migrate::Args),
    /// Write everything as an archive, or one collection as a file
    Export(export::Args),
    /// Write a complete copy of the embedded database, beside the running server
    Backup(backup::Args),
    /// Put a backup of the embedded database in its place
    Restore(restore::Args),
    /// Ask a server what clients ask when they are set up, and name what is wrong
    Doctor(doctor::Args),
    /// Write the description of the REST API
    Openapi(openapi::Args),
    /// Read an archive into an empty database, or a file into a collection
    Import(import::Args),
}

/// Why a command failed, for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(#[from] crate::config::Wrong),
    /// The database cannot be used.
    #[error("{0}\nIs the path right and writable, or the database server running?")]
    Store(#[from] crate::store::Error),
    /// The service refused.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A file or socket failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Nobody reads what is told any more, as `head` does not; there is nobody to tell that.
    #[error("nobody reads the output")]
    Unread,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failed> {
        match self.command {
            Command::Serve(args) => serve::run(&args),
            Command::Demo(args) => demo::run(&args),
            Command::User(args) => user::run(args),
            Command::Group(args) => group::run(args),
            Command::Keys(args) => keys::run(args),
            Command::Export(args) => export::run(args),
            Command::Backup(args) => backup::run(args),
            Command::Restore(args) => restore::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::Openapi(args) => openapi::run(&args),
            Command::Import(args) => import::run(args),
            Command::Migrate(args) => migrate::run(&args),
        }
    }
}

/// Opens the database that the configuration names, which must be there: one that a command made because of a wrong name would look
/// like success.
fn open(config: &Config) -> Result<Core, Failed> {
    if let Location::File(database) = config.location()
        && !database.exists()
    {
        return Err(Failed::Other(format!(
            "there is no database {}: cenacle serve, migrate or user add makes one; --data names its folder",
            database.display()
        )));
    }
    open_or_make(config)
}

/// Opens the database that the configuration names, making its folder and its file, which nobody else may read.
fn open_or_make(config: &Config) -> Result<Core, Failed> {
    if config.database_url.is_none() {
        private_folder(&config.data)
            .map_err(|error| Failed::Other(format!("{}: {error}", config.data.display())))?;
    }
    let location = config.location();
    if let Location::File(database) = &location {
        hold::share(database)?;
        hold::make_private(database).map_err(|error| Failed::at(database, &error))?;
    }
    let subscription_interval = Duration::from_secs(u64::from(config.subscription_minutes) * 60);
    let limits = Limits { subscription_interval, ..Limits::default() };
    let core = Core::new(Store::open(&location)?, limits);
    let core = core
        .issued_by(config.issuer.as_deref())
        .with_privacy(config.privacy)
        .with_directory(config.directory_book)
        .accepting_invitations(config.rights.accept_invitations);
    let core = core.with_defaults(config.rights.defaults());
    refuse_part(&core, config)?;
    Ok(core)
}

/// An archive that was read in part leaves a database that looks whole: clients would take what is missing for deleted.
fn refuse_part(core: &Core, config: &Config) -> Result<(), Failed> {
    let Some(since) = block_on(core.unfinished_import())? else { return Ok(()) };
    let what = match &config.database_url {
        Some(_) => "make an empty database".to_owned(),
        None => format!("remove {}", config.data.display()),
    };
    Err(Failed::Other(format!(
        "an archive is being read into this database since {since}, or was and did not come to its end: what is in it is a part.\n\
         Wait for that import, or {what}, and import again."
    )))
}

/// Makes a folder that only the account that runs the server may enter, if it is not there yet.
fn private_folder(path: &std::path::Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// Writes a line to standard output.
fn tell(words: std::fmt::Arguments<'_>) -> Result<(), Failed> {
    writeln!(std::io::stdout().lock(), "{words}").map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failed::Unread,
        _ => error.into(),
    })
}

/// A time for people: microseconds UTC, to the minute.
fn instant(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// Runs an asynchronous piece of work to its end.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}
