//! `cenacle serve`

use super::{Failed, block_on, open_or_make};
use crate::config::{Config, Flags};
use crate::server::{listen, telemetry, workers};
use std::net::{SocketAddr, TcpListener};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Address and port to listen on [default: 127.0.0.1:8008]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Serves until a signal says stop.
pub fn run(args: &Args) -> Result<(), Failed> {
    let config = Config::read(&args.flags, args.listen)?;
    let _lines = telemetry::start(config.log_json, &config.log);
    let core = open_or_make(&config)?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| Failed::Other(format!("cannot listen on {}: {error}", config.listen)))?;
    let targets = config.webhook_targets()?;
    block_on(async move {
        let server = listen::serve(core.clone(), &config, listener)?;
        workers::start(&core, &config, targets);
        tracing::info!(listen = %config.listen, "serving");
        server.await
    })?;
    Ok(())
}
