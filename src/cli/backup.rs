//! `cenacle backup`: a complete copy of the embedded database, made beside the running server.

use super::copy::Checked;
use super::{Failed, hold, postgres};
use crate::config::{Config, Flags};
use crate::store::Location;
use std::path::PathBuf;

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A new file, or a folder in which one is made that is named after the time
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    let config = Config::read(&args.flags, None)?;
    let database = match config.location() {
        Location::File(database) => database,
        Location::Server(url) => return Err(Failed::Other(postgres::backup(&url, &args.file))),
    };
    let file = if args.file.is_dir() {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        args.file.join(format!("cenacle-{now}.sqlite"))
    } else {
        args.file
    };
    let taken = || Failed::Other(format!("{} exists already: no backup is written over", file.display()));
    // A dangling link is a name that is taken too.
    if file.symlink_metadata().is_ok() {
        return Err(taken());
    }
    if !database.is_file() {
        return Err(Failed::Other(format!("there is no database {}", database.display())));
    }
    hold::share(&database)?;
    Checked::make(&database, &file)?.name(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(),
        _ => Failed::at(&file, &error),
    })?;
    let bytes = std::fs::metadata(&file)?.len();
    told!("{} is a complete backup ({bytes} bytes), checked.", file.display());
    Ok(())
}
