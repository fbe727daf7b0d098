//! `cenacle demo`: the server with the data of an invented French institute, to try clients on.
//!
//! To add data: people and rooms in `people.rs`, meetings and tasks in `agenda.rs`, cards in `contacts.rs`.

mod agenda;
mod contacts;
mod fill;
mod guide;
mod objects;
mod people;

use super::{Failed, block_on, open_or_make, private_folder};
use crate::config::{Config, Flags};
use crate::server::{listen, telemetry, tls};
use crate::services::Core;
use crate::text::zone::{MICROS, Zone};
use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Address and port to listen on [default: 127.0.0.1:8008]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// One password for all accounts that get one, instead of random ones
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Fill the database and print the guide, but do not serve
    #[arg(long)]
    no_serve: bool,
}

/// Fills the database once, prints the guide, and serves until a signal says stop.
pub fn run(args: &Args) -> Result<(), Failed> {
    let config = Config::read(&args.flags, args.listen)?;
    let _lines = telemetry::start(config.log_json, if config.log == "info" { "warn" } else { &config.log });
    // Both before the data is made: who cannot listen, or not with this certificate, should not wait for it.
    if let (Some(tls), false) = (&config.tls, args.no_serve) {
        tls::config(tls).map_err(|fault| Failed::Other(fault.to_string()))?;
    }
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| Failed::Other(format!("cannot listen on {}: {error}", config.listen)))?;
    let core = open_or_make(&config)?;
    private_folder(&config.data)?;
    let passwords = block_on(prepare(&core, &config.data, args.password.as_deref()))?;
    print!("{}", guide::text(&config, &passwords));
    std::io::stdout().flush()?;
    if args.no_serve {
        return Ok(());
    }
    block_on(async move { listen::serve(core, &config, listener)?.await })?;
    Ok(())
}

/// Fills what is not there; tells the passwords, as far as they are known.
async fn prepare(
    core: &Core,
    data: &Path,
    given: Option<&str>,
) -> Result<HashMap<&'static str, String>, Failed> {
    let file = data.join("demo-accounts.txt");
    if fill::is_there(core).await? {
        let mut known = remembered(&file);
        if let Some(password) = given {
            for (login, _) in people::OPEN {
                core.set_password(login, password).await?;
                known.insert(login, password.to_owned());
            }
            remember(&file, &known)?;
        }
        return Ok(known);
    }
    if fill::is_foreign(core).await? {
        return Err(Failed::Other(
            "this database has accounts that are not the demonstration's: use `cenacle serve`, or another --data folder".into(),
        ));
    }
    // Kept from a start that was interrupted, for accounts made then have them.
    let mut passwords = remembered(&file);
    for (login, _) in people::OPEN {
        let password = given.map_or_else(fresh, str::to_owned);
        if given.is_some() {
            passwords.insert(login, password);
        } else {
            passwords.entry(login).or_insert(password);
        }
    }
    remember(&file, &passwords)?;
    fill::everything(core, &passwords, today()).await?;
    Ok(passwords)
}

/// Today in the demonstration's time zone, as a day number.
fn today() -> i64 {
    const DAY: i64 = 86_400;
    let now = crate::store::now() / MICROS;
    let civil =
        Zone::iana(people::ZONE).map(|zone| zone.to_civil(now)).map(crate::text::recur::civil::from_datetime);
    civil.unwrap_or(now).div_euclid(DAY)
}

/// Twelve letters and digits that are not mistaken for each other.
fn fresh() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789z";
    let bytes: [u8; 12] = rand::random();
    let mut password = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            password.push('-');
        }
        password.push(LETTERS.get(usize::from(byte & 31)).copied().map_or('a', char::from));
    }
    password
}

fn remembered(file: &Path) -> HashMap<&'static str, String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = |line: &str| {
        let (login, password) = line.split_once('\t')?;
        let (login, _) = people::OPEN.iter().find(|(open, _)| *open == login)?;
        Some((*login, password.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Only the account that runs the server may read it.
fn remember(file: &Path, passwords: &HashMap<&'static str, String>) -> Result<(), Failed> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    for (login, password) in passwords {
        writeln!(file, "{login}\t{password}")?;
    }
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests;
