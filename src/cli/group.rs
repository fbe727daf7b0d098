//! `cenacle group`: groups and who is in them. Works beside a running server; holds from the next request on.

use super::{Failed, block_on, open, team};
use crate::config::{Config, Flags};
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{GroupRefusal, Role, ShownTo, Visibility};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::PrincipalKind;
use crate::domain::query::Words;
use crate::domain::team::MembersMay;
use crate::services::groups::{GroupsAsked, Inside, NewGroup};
use crate::services::{Actor, Core};
use clap::{Subcommand, ValueEnum};

/// Rows that are read at a time.
const PAGE: i64 = 500;

/// What `group` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a group without members
    Add(Add),
    /// Remove a group that holds no calendars or contacts any more
    Remove(One),
    /// List groups
    List(List),
    /// Show a group and who is in it
    Show(Show),
    /// Put people, groups, rooms and resources in and take them out
    #[command(subcommand)]
    Member(Member),
    /// Make a calendar that belongs to a group, and print its id
    AddCalendar(team::Add),
    /// Make an address book that belongs to a group, and print its id
    AddAddressBook(team::Add),
    /// List the calendars and address books that belong to a group
    Collections(One),
}

#[derive(Debug, Subcommand)]
enum Member {
    /// Put into a group, or change the role
    Add(AddMembers),
    /// Take out of a group
    Remove(RemoveMembers),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Unique name, also part of the group's URLs
    group: String,
    /// Display name [default: the unique name]
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long, default_value = "")]
    description: String,
    /// Mail address; may be given several times, the first is the primary one
    #[arg(long)]
    email: Vec<String>,
    /// Who knows of it: everybody, its members, its owners
    #[arg(long, value_enum, default_value_t = Seen::Public)]
    visibility: Seen,
    /// Who of those is told its members
    #[arg(long, value_enum, default_value_t = Told::Everyone)]
    members_shown_to: Told,
    /// What plain members may do with its calendars and address books
    #[arg(long, value_enum, default_value_t = May::Write)]
    members_may: May,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Seen {
    Public,
    Private,
    Hidden,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Told {
    Everyone,
    Members,
    Managers,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum May {
    Nothing,
    Read,
    Write,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    Member,
    Manager,
    Owner,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The group
    group: String,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only those whose name, unique name or addresses say these words
    words: Vec<String>,
    /// Only those that this one is in, through other groups too
    #[arg(long)]
    member: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The group
    group: String,
    /// All who are in it, through other groups too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct AddMembers {
    /// The group
    group: String,
    /// Logins, or unique names of groups, rooms and resources
    #[arg(required = true)]
    members: Vec<String>,
    /// What they may do: managers put plain members in and take them out, owners do everything
    #[arg(long, value_enum, default_value_t = As::Member)]
    role: As,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct RemoveMembers {
    /// The group
    group: String,
    /// Logins, or unique names of groups, rooms and resources
    #[arg(required = true)]
    members: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failed> {
    match args.command {
        Command::Add(args) => add(args),
        Command::Remove(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let operator = Actor::operator();
            let done = core.delete_group(&operator, &args.group, Preconditions::default());
            block_on(done).map_err(|fault| of_group(fault, &args.group))?;
            told!("The group {} is gone, and what was granted to it has ended.", args.group);
            Ok(())
        }
        Command::List(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            block_on(list(&core, &args))
        }
        Command::Show(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            block_on(show(&core, &args)).map_err(|failed| about_group(failed, &args.group))
        }
        Command::Member(Member::Add(args)) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let role = match args.role {
                As::Member => Role::Member,
                As::Manager => Role::Manager,
                As::Owner => Role::Owner,
            };
            let members = args.members.into_iter().map(|member| (member, role)).collect();
            let operator = Actor::operator();
            let done = core.add_members(&operator, &args.group, members, Preconditions::default(), None);
            let done = block_on(done).map_err(|fault| of_group(fault, &args.group))?;
            told!(
                "{}: {} put in, {} with another role, {} as they were.",
                args.group,
                done.added,
                done.changed,
                done.unchanged
            );
            Ok(())
        }
        Command::AddCalendar(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let done = block_on(team::add(&core, &args, HomeKind::Calendars));
            done.map_err(|failed| about_group(failed, &args.group))
        }
        Command::AddAddressBook(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            let done = block_on(team::add(&core, &args, HomeKind::AddressBooks));
            done.map_err(|failed| about_group(failed, &args.group))
        }
        Command::Collections(args) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            block_on(team::list(&core, &args.group)).map_err(|failed| about_group(failed, &args.group))
        }
        Command::Member(Member::Remove(args)) => {
            let core = open(&Config::read(&args.flags, None)?)?;
            block_on(take_out(&core, &args))
        }
    }
}

fn add(args: Add) -> Result<(), Failed> {
    let core = open(&Config::read(&args.flags, None)?)?;
    let new = NewGroup {
        name: args.name.unwrap_or_else(|| args.group.clone()),
        handle: Some(args.group.clone()),
        description: args.description,
        addresses: args.email,
        visibility: match args.visibility {
            Seen::Public => Visibility::Public,
            Seen::Private => Visibility::Private,
            Seen::Hidden => Visibility::Hidden,
        },
        members_shown_to: match args.members_shown_to {
            Told::Everyone => ShownTo::Everyone,
            Told::Members => ShownTo::Members,
            Told::Managers => ShownTo::Managers,
        },
        members_may: match args.members_may {
            May::Nothing => MembersMay::Nothing,
            May::Read => MembersMay::Read,
            May::Write => MembersMay::Write,
        },
    };
    let made = block_on(core.create_group(&Actor::operator(), new, None));
    let handle = made.map_err(|fault| match fault {
        Fault::Exists => Failed::Other(format!(
            "somebody is called '{}' already, or has one of these addresses: cenacle group show tells whether it is a group",
            args.group
        )),
        other => other.into(),
    })?;
    told!("The group {handle} is there, without members: cenacle group member add {handle} LOGIN …");
    Ok(())
}

async fn list(core: &Core, args: &List) -> Result<(), Failed> {
    let words = Words::parse(&args.words.join(" ")).ok_or_else(|| Failed::Other("too many words".into()))?;
    if let Some(member) = &args.member {
        let known = [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::Room, PrincipalKind::Resource];
        let mut found = false;
        for kind in known {
            found = found || core.principal(kind, &member.to_lowercase()).await.is_ok();
        }
        if !found {
            return Err(Failed::no_account(member));
        }
    }
    let mut after = String::new();
    loop {
        let asked = GroupsAsked { words: words.clone(), member: args.member.clone(), after, limit: PAGE };
        let (page, more) = core.groups(&Actor::operator(), asked).await?;
        for group in &page {
            let mail = group.principal.addresses.first().map_or("", String::as_str);
            told!(
                "{}\t{}\t{}\t{mail}",
                group.principal.handle,
                group.detail.visibility.name(),
                group.principal.display_name
            );
        }
        match page.last() {
            Some(last) if more => after = last.principal.handle.clone(),
            _ => return Ok(()),
        }
    }
}

async fn show(core: &Core, args: &Show) -> Result<(), Failed> {
    let operator = Actor::operator();
    let group = core.group(&operator, &args.group).await?;
    told!("{}\t{}", group.principal.handle, group.principal.display_name);
    if !group.detail.description.is_empty() {
        told!("{}", group.detail.description);
    }
    told!(
        "{}, members shown to {}, {}",
        group.detail.visibility.name(),
        group.detail.members_shown_to.name(),
        if group.principal.addresses.is_empty() {
            "no mail address".to_owned()
        } else {
            group.principal.addresses.join(", ")
        }
    );
    let mut after = String::new();
    loop {
        let (lines, more): (Vec<(String, String)>, bool) = if args.all {
            let wanted = Inside { kind: None, depth: i16::MAX, after, limit: PAGE };
            let (page, more) = core.effective_members(&operator, &args.group, wanted).await?;
            (page.into_iter().map(|(one, depth)| (one.handle, depth.to_string())).collect(), more)
        } else {
            let (_, page, more) = core.group_members(&operator, &args.group, &after, PAGE).await?;
            (page.into_iter().map(|(one, role)| (one.handle, role.name().to_owned())).collect(), more)
        };
        for (handle, what) in &lines {
            told!("{handle}\t{what}");
        }
        match lines.last() {
            Some((last, _)) if more => after = last.clone(),
            _ => return Ok(()),
        }
    }
}

async fn take_out(core: &Core, args: &RemoveMembers) -> Result<(), Failed> {
    let operator = Actor::operator();
    core.group(&operator, &args.group).await.map_err(|fault| of_group(fault, &args.group))?;
    for member in &args.members {
        match core.remove_member(&operator, &args.group, member, Preconditions::default()).await {
            Ok(()) => told!("{member} is not in {} any more.", args.group),
            Err(Fault::NotFound) => {
                return Err(Failed::Other(format!(
                    "{member} is not directly in {}: cenacle group show {} names who is",
                    args.group, args.group
                )));
            }
            Err(other) => return Err(of_group(other, &args.group)),
        }
    }
    Ok(())
}

/// As [`of_group`], where it may be something else.
fn about_group(failed: Failed, group: &str) -> Failed {
    match failed {
        Failed::Fault(fault) => of_group(fault, group),
        other => other,
    }
}

/// Why something was not done to a group, and what helps.
fn of_group(fault: Fault, group: &str) -> Failed {
    match fault {
        Fault::NotFound => Failed::Other(format!(
            "there is no group '{group}': cenacle group list names them, cenacle group add makes one"
        )),
        Fault::BadRequest(why) => {
            Failed::Other(format!("{why}: logins are made by cenacle user add, groups by cenacle group add"))
        }
        Fault::Condition(Condition::Group(why @ GroupRefusal::Cycle)) => Failed::Other(format!(
            "{why}: cenacle group list --member {group} names the groups that {group} is in"
        )),
        other => other.into(),
    }
}
