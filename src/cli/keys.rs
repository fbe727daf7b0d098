//! `cenacle keys`: the keys that access tokens are signed with. Works beside a running server.

use super::{Failed, block_on, open};
use crate::config::{Config, Flags};
use crate::services::keys::{KeyState, PublicKey};
use clap::Subcommand;

/// What `keys` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the keys that verify: name, state, when made, from when on it signs, until when it verifies
    List(List),
    /// Publish a key that signs from an hour on; nobody is logged out
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    /// Somebody else has a key: forget all of them, and sign with a new one at once. Every access token ends; programs with a
    /// session renew theirs by themselves
    #[arg(long)]
    compromised: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::List(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            for key in block_on(core.public_keys())? {
                told!("{}", line(&key));
            }
        }
        Command::Rotate(args) if args.compromised => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let key = block_on(core.replace_keys())?;
            told!("{} signs; all others are forgotten, by running servers too.", key.kid);
        }
        Command::Rotate(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let key = block_on(core.rotate_keys())?;
            told!("{} is published, and signs from {} on.", key.kid, super::instant(key.signs_from));
        }
    }
    Ok(())
}

fn line(key: &PublicKey) -> String {
    let state = match key.state {
        KeyState::Next => "next",
        KeyState::Current => "current",
        KeyState::Old => "old",
    };
    let until = key.verifies_until.map_or_else(|| "-".to_owned(), super::instant);
    let (made, from) = (super::instant(key.created_at), super::instant(key.signs_from));
    format!("{}\t{state}\tmade {made}\tsigns from {from}\tverifies until {until}", key.kid)
}
