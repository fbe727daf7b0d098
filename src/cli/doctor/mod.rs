//! `cenacle doctor`: asks a server from outside what clients ask when they are set up, and names each fault in a sentence.
//!
//! Changes nothing on the server. The steps are in the order in which clients take them: those before the login in
//! `front.rs`, the others in `steps.rs`.

mod front;
mod http;
mod multistatus;
mod steps;
mod url;

use super::{Failed, user};
use http::Client;
use std::io::Write;
use url::Url;

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address that people type into their clients
    #[arg(value_name = "URL")]
    url: String,
    /// An account to log in with; without one only what is seen before the login is tried
    #[arg(long, value_name = "LOGIN", requires = "password_stdin")]
    user: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "user")]
    password_stdin: bool,
}

/// Runs all steps and prints what they found; fails where there is a fault.
pub fn run(args: &Args) -> Result<(), Failed> {
    let url = Url::parse(&args.url).map_err(|error| Failed::Other(error.to_string()))?;
    let login = match &args.user {
        Some(login) => Some((login.clone(), user::password()?)),
        None => None,
    };
    let client = Client::new()?;
    let mut found = Found { spoken: true, ..Found::default() };
    if steps::all(&client, &url, login.as_ref(), &mut found) {
        say(&format!("\n{}", records(&url)));
    }
    let faults = if found.faults == 1 { "1 fault".to_owned() } else { format!("{} faults", found.faults) };
    say(&format!("{} good, {} to note, {faults}", found.good, found.notes));
    if found.faults == 0 { Ok(()) } else { Err(Failed::Other(faults)) }
}

/// What the steps found.
#[derive(Debug, Default)]
struct Found {
    good: u32,
    notes: u32,
    faults: u32,
    /// Whether to print.
    spoken: bool,
}

impl Found {
    fn say(&self, line: &str) {
        if self.spoken {
            say(line);
        }
    }

    fn good(&mut self, what: &str) {
        self.good += 1;
        self.say(&format!("good   {what}"));
    }

    fn note(&mut self, what: &str, advice: &str) {
        self.notes += 1;
        self.say(&format!("note   {what}\n       → {advice}"));
    }

    fn fault(&mut self, what: &str, remedy: &str) {
        self.faults += 1;
        self.say(&format!("FAULT  {what}\n       → {remedy}"));
    }
}

/// A line on standard output; who reads no further still learns the outcome by the exit code.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The DNS records with which a mail address alone is enough to set up a client (RFC 6764).
fn records(url: &Url) -> String {
    let (host, port) = (url.bare_host(), url.port);
    // `127.1` is an address too, though none that the standard library writes.
    let number = host.rsplit('.').next().is_some_and(|last| last.parse::<u32>().is_ok());
    if number || host.parse::<std::net::IpAddr>().is_ok() || host == "localhost" {
        return "DNS: give the server a name; then `cenacle doctor https://NAME/` prints the records to make.".into();
    }
    let s = if url.secure { "s" } else { "" };
    let mut out = String::from(
        "DNS records for each mail domain DOMAIN, so that a mail address is enough to set up a client:\n",
    );
    for service in ["caldav", "carddav"] {
        out.push_str(&format!("  _{service}{s}._tcp.DOMAIN.  IN SRV 0 1 {port} {host}.\n  _{service}{s}._tcp.DOMAIN.  IN TXT \"path=/dav/\"\n"));
    }
    out
}

#[cfg(test)]
mod tests;
