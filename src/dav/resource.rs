//! What a request is about, once loaded: a closed set of kinds, and what properties may ask of them.

use super::href::{self, Target};
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::object::Entry;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::services::access::Owner;
use crate::services::delegates::{Delegate, Proxy};
use crate::services::homes::Home;
use crate::services::invitations::{Notice, Sharee};
use crate::services::rights::NamedGrant;
use crate::services::{Access, Actor, Core, Shown};

/// Kinds of resources as bits, for the lists of properties, reports and methods.
pub mod kind {
    /// `/`, `/dav/` and other collections that only lead on.
    pub const PLAIN: u16 = 1;
    /// Users, groups, rooms, resources.
    pub const PRINCIPAL: u16 = 2;
    /// The calendar home.
    pub const CALENDAR_HOME: u16 = 4;
    /// The address-book home.
    pub const BOOK_HOME: u16 = 8;
    /// Calendars.
    pub const CALENDAR: u16 = 16;
    /// Address books.
    pub const BOOK: u16 = 32;
    /// The scheduling inbox.
    pub const INBOX: u16 = 64;
    /// The scheduling outbox.
    pub const OUTBOX: u16 = 128;
    /// Calendar objects.
    pub const EVENT: u16 = 256;
    /// Contacts.
    pub const CARD: u16 = 512;
    /// Collections of notifications.
    pub const NOTICES: u16 = 1024;
    /// Notifications.
    pub const NOTICE: u16 = 2048;
    /// Both homes.
    pub const HOME: u16 = CALENDAR_HOME | BOOK_HOME;
    /// Everything that has members with content.
    pub const COLLECTION: u16 = CALENDAR | BOOK | INBOX | OUTBOX;
    /// Both kinds of items.
    pub const ITEM: u16 = EVENT | CARD;
    /// Everything.
    pub const ANY: u16 = 4095;
}

/// A resource with what was loaded of it.
#[derive(Debug, Clone)]
pub enum Resource {
    /// A collection that only leads on.
    Plain(Target),
    /// A user, group, room or resource.
    Principal(Box<Principal>),
    /// One of the two groups of those who act for a user.
    Proxy(Box<Principal>, Proxy),
    /// A home.
    Home(Box<Home>),
    /// A calendar, address book, inbox or outbox.
    Collection(Box<Access>),
    /// An item as listed, with its content where it was loaded.
    Item { of: ItemOf, entry: Shown<Entry>, object: Option<Box<Shown>> },
    /// All notifications of somebody: his handle, and they.
    Notices(String, Vec<Notice>),
    /// One of them.
    Notice(String, Box<Notice>),
}

/// What an item's properties need of its collection; shared by all items of a listing.
#[derive(Debug, Clone)]
pub struct ItemOf {
    /// URL of the collection, with its slash.
    pub base: std::sync::Arc<str>,
    /// The collection.
    pub access: std::sync::Arc<Access>,
}

impl ItemOf {
    /// For items of this collection.
    pub fn new(access: Access) -> Self {
        let base = href::of_access(&access).into();
        ItemOf { base, access: access.into() }
    }

    /// The URL of one of its items.
    pub fn href(&self, name: &str) -> String {
        let mut path = String::with_capacity(self.base.len() + name.len() + 8);
        path.push_str(&self.base);
        href::encode(&mut path, name);
        path
    }

    /// An item of this collection.
    pub fn item(&self, object: Shown) -> Resource {
        Resource::Item { of: self.clone(), entry: object.entry(), object: Some(Box::new(object)) }
    }

    /// An item of which only the listing is known.
    pub fn entry(&self, entry: Shown<Entry>) -> Resource {
        Resource::Item { of: self.clone(), entry, object: None }
    }
}

impl Resource {
    /// Its kind as a bit of [`kind`].
    pub fn kind(&self) -> u16 {
        match self {
            Resource::Plain(_) => kind::PLAIN,
            Resource::Principal(_) | Resource::Proxy(..) => kind::PRINCIPAL,
            Resource::Home(home) => match home.kind {
                HomeKind::Calendars => kind::CALENDAR_HOME,
                HomeKind::AddressBooks => kind::BOOK_HOME,
            },
            Resource::Collection(access) => match access.collection().kind {
                CollectionKind::Calendar => kind::CALENDAR,
                CollectionKind::AddressBook => kind::BOOK,
                CollectionKind::Inbox => kind::INBOX,
                CollectionKind::Outbox => kind::OUTBOX,
                CollectionKind::Plain => kind::PLAIN,
            },
            Resource::Item { of, .. } => match of.access.collection().home {
                HomeKind::Calendars => kind::EVENT,
                HomeKind::AddressBooks => kind::CARD,
            },
            Resource::Notices(..) => kind::NOTICES,
            Resource::Notice(..) => kind::NOTICE,
        }
    }

    /// Its URL, in the one spelling.
    pub fn href(&self) -> String {
        match self {
            Resource::Plain(target) => href::of_target(target),
            Resource::Principal(principal) => href::of_principal(principal),
            Resource::Proxy(owner, of) => href::proxy(&owner.handle, *of),
            Resource::Home(home) => href::home(home.kind, &home.owner.handle),
            Resource::Collection(access) => href::of_access(access),
            Resource::Item { of, entry, .. } => of.href(&entry.name),
            Resource::Notices(handle, _) => href::notices(handle),
            Resource::Notice(handle, one) => href::item_in(&href::notices(handle), &one.name()),
        }
    }

    /// Whose it is, where it is somebody's.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Resource::Plain(_)
            | Resource::Principal(_)
            | Resource::Proxy(..)
            | Resource::Notices(..)
            | Resource::Notice(..) => None,
            Resource::Home(home) => Some(&home.owner),
            Resource::Collection(access) => Some(access.owner()).filter(|_| !access.is_directory()),
            Resource::Item { of, .. } => Some(of.access.owner()).filter(|_| !of.access.is_directory()),
        }
    }
}

/// What some properties need beyond the resource itself: loaded only when one of them is asked for.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// The grants on it, if the actor may read them.
    pub grants: Option<Vec<NamedGrant>>,
    /// Items and bytes.
    pub usage: Option<(i64, i64)>,
    /// Groups that a principal is directly in, as far as the actor may know.
    pub groups: Option<Vec<Principal>>,
    /// Direct members of a group, if the actor is told them.
    pub members: Option<Vec<Principal>>,
    /// For whom the actor may act, where the resource is he himself.
    pub delegations: Option<Vec<Delegate>>,
    /// Where a subscribed calendar comes from.
    pub source: Option<String>,
    /// Who shares it, if the actor may read its rights.
    pub sharees: Option<Vec<Sharee>>,
    /// Whose it is, where it is shared.
    pub organizer: Option<Box<Principal>>,
}

/// Which extras a property needs, as bits.
pub mod need {
    /// Nothing beyond the resource.
    pub const NOTHING: u8 = 0;
    /// [`super::Extras::grants`]
    pub const GRANTS: u8 = 1;
    /// [`super::Extras::usage`]
    pub const USAGE: u8 = 2;
    /// [`super::Extras::groups`]
    pub const GROUPS: u8 = 4;
    /// [`super::Extras::members`]
    pub const MEMBERS: u8 = 8;
    /// [`super::Extras::delegations`]
    pub const DELEGATIONS: u8 = 32;
    /// The whole item, not only its listing.
    pub const WHOLE: u8 = 16;
    /// [`super::Extras::source`]
    pub const SOURCE: u8 = 64;
    /// [`super::Extras::sharees`] and [`super::Extras::organizer`]
    pub const SHAREES: u8 = 128;
}

/// Loads what `needs` says.
pub async fn extras(core: &Core, actor: &Actor, resource: &Resource, needs: u8) -> Extras {
    let mut extras = Extras::default();
    match resource {
        Resource::Collection(access) => {
            if needs & need::GRANTS != 0 {
                extras.grants = core.acl(actor, &access.place()).await.ok().map(|acl| acl.grants);
            }
            if needs & need::USAGE != 0 {
                extras.usage = core.usage(access).await.ok();
            }
            if needs & need::SOURCE != 0 && access.collection().is_subscription() {
                let known = core.subscription(actor, access.collection().id).await;
                extras.source = known.ok().map(|known| known.subscription.url);
            }
            // What nobody shares costs nothing more.
            if needs & need::SHAREES != 0 && (access.mounted().is_some() || access.collection().is_shared()) {
                extras.sharees = core.sharees(actor, &access.place()).await.ok();
                let owner = access.owner();
                extras.organizer = core.principal(owner.kind, &owner.handle).await.ok().map(Box::new);
            }
        }
        Resource::Principal(principal) => {
            if needs & need::GROUPS != 0 {
                extras.groups = core.groups_of(actor, principal).await.ok();
            }
            // Whom somebody acts for is told to himself alone.
            if needs & need::DELEGATIONS != 0 && principal.id == actor.id {
                extras.delegations = core.delegations(actor).await.ok();
            }
            if needs & need::MEMBERS != 0 && principal.kind == PrincipalKind::Group {
                extras.members = core.members_of(actor, principal).await.ok();
            }
        }
        Resource::Proxy(owner, of) => {
            // Who acts for somebody is told to himself alone.
            if needs & need::MEMBERS != 0 && owner.id == actor.id {
                extras.members = core.proxies(actor, *of).await.ok();
            }
        }
        Resource::Home(home) => {
            if needs & need::USAGE != 0 {
                extras.usage = core.home_usage(actor, home).await.ok();
            }
        }
        Resource::Plain(_) | Resource::Item { .. } | Resource::Notices(..) | Resource::Notice(..) => {}
    }
    extras
}

/// Loads the resource that a target names, if the actor may know of it.
pub async fn load(core: &Core, actor: &Actor, target: &Target) -> Result<Resource, Fault> {
    Ok(match target {
        Target::Root | Target::Context | Target::Principals | Target::PrincipalsOf(_) | Target::Homes(_) => {
            Resource::Plain(target.clone())
        }
        Target::Principal(kind, handle) => {
            Resource::Principal(Box::new(core.principal_seen(actor, *kind, handle).await?))
        }
        Target::Proxy(handle, of) => {
            Resource::Proxy(Box::new(core.principal(PrincipalKind::User, handle).await?), *of)
        }
        Target::Home(kind, handle) => {
            let home = core.home(actor, handle, *kind).await?;
            seen(core, actor, Resource::Home(Box::new(home))).await?
        }
        Target::Collection(place) => {
            let access = core.collection(actor, place).await?;
            seen(core, actor, Resource::Collection(Box::new(access))).await?
        }
        Target::Item(place, name) => {
            let (access, object) = core.item(actor, place, name).await?;
            ItemOf::new(access).item(object)
        }
        // They are told to nobody else, whether or not there is such a person.
        Target::Notices(handle) | Target::Notice(handle, _) if *handle != actor.handle => {
            return Err(Fault::NotFound);
        }
        Target::Notices(handle) => Resource::Notices(handle.clone(), core.notices(actor).await?),
        Target::Notice(handle, name) => {
            Resource::Notice(handle.clone(), Box::new(core.notice(actor, name).await?))
        }
    })
}

/// Refuses what the actor is only told the busy times of: for all else it is not there.
pub async fn seen(core: &Core, actor: &Actor, resource: Resource) -> Result<Resource, Fault> {
    let shown = match &resource {
        Resource::Collection(access) => access.is_shown(),
        Resource::Home(home) if !home.kept => {
            core.collections(actor, &home.owner.handle, home.kind).await?.iter().any(Access::is_shown)
        }
        _ => true,
    };
    if shown { Ok(resource) } else { Err(Fault::NotFound) }
}
