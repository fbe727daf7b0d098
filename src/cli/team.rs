//! `cenacle group add-calendar`, `add-address-book`, `collections`: what belongs to groups.

use super::Failed;
use crate::config::Flags;
use crate::domain::collection::{CollectionKind, Components, HomeKind};
use crate::domain::labels::Label;
use crate::domain::props::Props;
use crate::services::collections::CollectionDraft;
use crate::services::{Actor, Core};

/// What making one takes.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The group
    pub group: String,
    /// Display name
    #[arg(long)]
    name: String,
    #[command(flatten)]
    pub flags: Flags,
}

/// Makes a calendar or an address book of a group.
pub(super) async fn add(core: &Core, args: &Add, home: HomeKind) -> Result<(), Failed> {
    let mut props = Props::default();
    Label::Name.set(&mut props, Some(args.name.trim()));
    let (kind, components) = match home {
        HomeKind::Calendars => (CollectionKind::Calendar, Components::ALL),
        HomeKind::AddressBooks => (CollectionKind::AddressBook, Components(0)),
    };
    let transparent = home == HomeKind::AddressBooks;
    let draft = CollectionDraft { kind, components, transparent, time_zone: None, props };
    let id = core.create_team_collection(&Actor::operator(), &args.group, home, draft, None).await?;
    told!("{id}");
    Ok(())
}

/// Names what belongs to a group, with ids.
pub(super) async fn list(core: &Core, group: &str) -> Result<(), Failed> {
    core.group(&Actor::operator(), group).await?;
    for (home, list) in [(HomeKind::Calendars, "calendars"), (HomeKind::AddressBooks, "address-books")] {
        for collection in core.collections_of(group, home).await? {
            let name = Label::Name.of(&collection.props).unwrap_or_default();
            told!("{}\t{list}\t{name}", collection.id);
        }
    }
    Ok(())
}
