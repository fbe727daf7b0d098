//! Parses the command line, runs it, maps the outcome to an exit code.

use clap::Parser;
use std::process::ExitCode;

/// Gives memory back that a burst of password hashes took; the system's allocator keeps it for each thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cenacle::cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cenacle::cli::Failed::Unread) => ExitCode::FAILURE,
        Err(failed) => {
            eprintln!("cenacle: {failed}");
            ExitCode::FAILURE
        }
    }
}
