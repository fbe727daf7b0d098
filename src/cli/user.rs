//! `cenacle user`: accounts, passwords, application passwords, tokens. Works beside a running server.

use super::hand_over::{self, HandOverArgs};
use super::{Failed, block_on, instant, open, open_or_make};
use crate::config::{Config, Flags};
use crate::domain::fault::Fault;
use crate::domain::principal::{NewPrincipal, PrincipalKind, PrincipalState};
use crate::services::Core;
use clap::Subcommand;
use std::io::Read;

/// Hours that a token may be good for: a year of them.
const MOST_HOURS: u64 = 366 * 24;
/// Days that an application password may be given.
const MOST_DAYS: i64 = 36_525;

/// What `user` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account with its default calendar, task list and address book
    Add(Add),
    /// Set the password of an account; it is read from standard input
    Password(One),
    /// Shut an account: nobody logs in as it any more, its data stay
    Suspend(One),
    /// Give all calendars and address books of an account to another one or to a group, but for those that an account keeps
    HandOver(HandOverArgs),
    /// Open a suspended account again
    Resume(One),
    /// Make a password for one device or program, and print it
    AppPassword(AppPassword),
    /// List the application passwords of an account
    AppPasswords(One),
    /// Remove an application password
    RemoveAppPassword(Remove),
    /// Print a bearer token
    Token(Token),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Login, also part of the account's URLs
    login: String,
    /// Display name [default: the login]
    #[arg(long)]
    name: Option<String>,
    /// Mail address; may be given several times, the first is the primary one
    #[arg(long)]
    email: Vec<String>,
    /// May administer the server
    #[arg(long)]
    admin: bool,
    /// IANA time zone
    #[arg(long, default_value = "Europe/Paris")]
    time_zone: String,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Login
    login: String,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct AppPassword {
    /// Login
    login: String,
    /// What it is for: the device or program
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: String,
    /// What it opens: words of `calendars`, `contacts`, `read`, `write`, `admin`, `collection:ID`; everything without
    #[arg(long, default_value = "")]
    scope: String,
    /// Days until it ends; never without
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_DAYS))]
    days: Option<u32>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct Remove {
    /// Login
    login: String,
    /// Its number in `app-passwords`
    id: i64,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct Token {
    /// Login
    login: String,
    /// How long it is good for
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MOST_HOURS))]
    hours: u64,
    /// What it opens, as for application passwords
    #[arg(long, default_value = "")]
    scope: String,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::Add(args) => add(args),
        Command::Password(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            known(&args.login, block_on(core.set_password(&args.login, &password()?)))?;
            told!("The password of {} is set.", args.login);
            Ok(())
        }
        Command::Suspend(args) => {
            let changed = set_state(&args, PrincipalState::Suspended)?;
            told!("{} {} suspended; its data stay.", args.login, if changed { "is" } else { "was already" });
            Ok(())
        }
        Command::HandOver(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            block_on(hand_over::run(&core, &args))
        }
        Command::Resume(args) => {
            let changed = set_state(&args, PrincipalState::Active)?;
            told!("{} {} be used.", args.login, if changed { "can again" } else { "could already" });
            Ok(())
        }
        Command::AppPassword(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let ends = args.days.map(|days| core.now() + i64::from(days) * 86_400 * 1_000_000);
            let made = block_on(core.add_app_password_until(&args.login, &args.name, &args.scope, ends));
            let (id, secret) = known(&args.login, made)?;
            warn_of_suspended(&core, &args.login);
            told!("{secret}");
            eprintln!("Application password {id} for {} ({}). It is shown only now.", args.login, args.name);
            Ok(())
        }
        Command::AppPasswords(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            for credential in known(&args.login, block_on(core.app_passwords(&args.login)))? {
                let used = credential.last_used.map_or_else(|| "never".to_owned(), instant);
                let ends = credential.expires_at.map_or_else(|| "never".to_owned(), instant);
                told!(
                    "{}\t{}\t{}\tlast used {used}\tends {ends}",
                    credential.id,
                    credential.name,
                    credential.scope
                );
            }
            Ok(())
        }
        Command::RemoveAppPassword(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            known(&args.login, block_on(core.app_passwords(&args.login)))?;
            block_on(core.remove_app_password(&args.login, args.id)).map_err(|fault| match fault {
                Fault::NotFound => Failed::Other(format!(
                    "{} has no application password {}: cenacle user app-passwords lists them",
                    args.login, args.id
                )),
                other => other.into(),
            })?;
            told!("Removed; it opens nothing from now on.");
            Ok(())
        }
        Command::Token(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let made = block_on(core.issue_token(&args.login, &args.scope, args.hours * 3600));
            let token = known(&args.login, made)?;
            warn_of_suspended(&core, &args.login);
            told!("{token}");
            Ok(())
        }
    }
}

fn add(args: Add) -> Result<(), Failed> {
    let core = open_or_make(&Config::read(&args.flags, None)?)?;
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        display_name: args.name.unwrap_or_else(|| args.login.clone()),
        handle: args.login.clone(),
        addresses: args.email,
        admin: args.admin,
        time_zone: Some(args.time_zone),
    };
    let login = new.handle.clone();
    block_on(core.create_principal(new, Some(password()?))).map_err(|fault| match fault {
        Fault::Exists => Failed::Other(format!(
            "'{login}', or one of the addresses, is the login or address of an account or group already"
        )),
        other => other.into(),
    })?;
    told!("The account {} is ready.", args.login);
    Ok(())
}

/// Whether that changed anything.
fn set_state(args: &One, state: PrincipalState) -> Result<bool, Failed> {
    let core = open(&Config::read(&args.flags, None)?)?;
    known(&args.login, block_on(core.set_account_state(&args.login, state)))
}

/// The outcome of what is about an account; one that is not there is named.
fn known<T>(login: &str, outcome: Result<T, Fault>) -> Result<T, Failed> {
    outcome.map_err(|fault| match fault {
        Fault::NotFound => Failed::no_account(login),
        other => other.into(),
    })
}

/// What opens nothing must not be taken for a key that works.
fn warn_of_suspended(core: &Core, login: &str) {
    let one = block_on(core.principal(PrincipalKind::User, &login.to_lowercase()));
    if one.is_ok_and(|one| one.state == PrincipalState::Suspended) {
        eprintln!("{login} is suspended: it opens nothing until cenacle user resume.");
    }
}

/// The password on standard input.
pub(super) fn password() -> Result<String, Failed> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Failed::Other(
            "no password came by standard input: printf %s 'secret' | cenacle user …".into(),
        ));
    }
    Ok(password)
}
