//! `cenacle user hand-over`: what somebody who leaves has made goes to another, or to a group.

use super::Failed;
use crate::config::Flags;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::labels::Label;
use crate::services::Core;
use crate::services::hand_over::{HandOver, Kept};
use clap::ValueEnum;

/// What it takes.
#[derive(Debug, clap::Args)]
pub(super) struct HandOverArgs {
    /// Login of who leaves
    pub login: String,
    /// Login of who gets it, or the unique name of a group
    #[arg(long)]
    to: String,
    /// What the old owner may do with it afterwards
    #[arg(long, value_enum, default_value_t = Keep::None)]
    keep: Keep,
    #[command(flatten)]
    pub flags: Flags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Keep {
    None,
    Read,
    Write,
    Admin,
}

/// Runs it.
pub(super) async fn run(core: &Core, args: &HandOverArgs) -> Result<(), Failed> {
    let keep = match args.keep {
        Keep::None => Kept::Nothing,
        Keep::Read => Kept::Read,
        Keep::Write => Kept::Write,
        Keep::Admin => Kept::Admin,
    };
    let what = HandOver { to: args.to.clone(), keep };
    let done = core.hand_over_all(&args.login, &what).await.map_err(|fault| match fault {
        Fault::NotFound => Failed::no_account(&args.login),
        Fault::Condition(Condition::RecognizedPrincipal | Condition::AllowedPrincipal) => Failed::Other(
            format!("'{}' is no account that can be used, and no group: cenacle user add makes one", args.to),
        ),
        other => other.into(),
    })?;
    for one in &done {
        let list = if one.home == HomeKind::Calendars { "calendar" } else { "address book" };
        told!("{}\t{list}\t{}", one.id, Label::Name.of(&one.props).unwrap_or_default());
    }
    told!(
        "{} handed over to {}. What {} has had from the beginning stays: cenacle export takes it out.",
        done.len(),
        args.to,
        args.login
    );
    Ok(())
}
