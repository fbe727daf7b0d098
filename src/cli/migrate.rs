//! `cenacle migrate`: brings the tables to this program's state, without serving.

use super::{Failed, block_on, open_or_make};
use crate::config::{Config, Flags};

/// What `migrate` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The database was put back from a backup: end all sync and bearer tokens, so that every client reads everything once more
    #[arg(long)]
    restored: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failed> {
    let core = open_or_make(&Config::read(&args.flags, None)?)?;
    if args.restored {
        block_on(core.end_tokens())?;
        told!(
            "All sync and bearer tokens have ended. Start the server now; one that runs must be started again."
        );
    }
    told!("The tables are up to date.");
    Ok(())
}
