//! Parses the command line, runs it, maps the outcome to an exit code.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cenacle::cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("cenacle: {failed}");
            ExitCode::FAILURE
        }
    }
}
