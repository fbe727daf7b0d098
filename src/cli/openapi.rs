//! `cenacle openapi`: writes the description of the REST API.

use super::Failed;
use crate::rest;
use std::path::PathBuf;

/// What `openapi` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write it; - for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    to: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failed> {
    if args.to.as_os_str() == "-" {
        told!("{}", rest::document().trim_end());
        return Ok(());
    }
    if let Some(folder) = args.to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&args.to, rest::document())
        .map_err(|error| Failed::Other(format!("{}: {error}", args.to.display())))?;
    eprintln!("written: {}", args.to.display());
    Ok(())
}
