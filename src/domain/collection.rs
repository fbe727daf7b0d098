//! Calendars, address books, inbox and outbox: what they are and what they may hold.
//!
//! RFC 4791 §4.2 and §5.2, RFC 6352 §5.2, RFC 6638 §2. Knows no storage and no URL.

use super::id::{CollectionId, PrincipalId};
use super::invitation;
use super::props::Props;
use super::{birthdays, subscription};
use crate::text::ical::index::ComponentKind;

/// The two homes of a principal. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum HomeKind {
    /// Calendars, task lists, inbox and outbox.
    Calendars = 1,
    /// Address books.
    AddressBooks = 2,
}

/// What a collection is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum CollectionKind {
    /// Calendar objects.
    Calendar = 1,
    /// Contacts.
    AddressBook = 2,
    /// Scheduling messages received (RFC 6638 §2.2).
    Inbox = 3,
    /// Where scheduling requests are posted (RFC 6638 §2.1).
    Outbox = 4,
    /// A plain collection, made by MKCOL without a type.
    Plain = 5,
}

impl CollectionKind {
    /// The kind with this stored number.
    pub fn from_number(number: i16) -> Option<Self> {
        use CollectionKind::{AddressBook, Calendar, Inbox, Outbox, Plain};
        [Calendar, AddressBook, Inbox, Outbox, Plain].into_iter().find(|kind| *kind as i16 == number)
    }

    /// Whether its members are iCalendar objects.
    pub const fn holds_calendar_objects(self) -> bool {
        matches!(self, CollectionKind::Calendar | CollectionKind::Inbox)
    }
}

/// The set of component types that a calendar takes (`CALDAV:supported-calendar-component-set`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Components(pub i16);

impl Components {
    /// The types that a calendar can be asked to hold, with their names.
    pub const KNOWN: [(&'static str, i16); 6] = [
        ("VEVENT", 1),
        ("VTODO", 2),
        ("VJOURNAL", 4),
        ("VFREEBUSY", 8),
        ("VAVAILABILITY", 16),
        ("VPOLL", 32),
    ];
    /// All of them: what a calendar takes that was made without saying.
    pub const ALL: Components = Components(63);
    /// Events only.
    pub const EVENTS: Components = Components(1);
    /// Tasks only.
    pub const TASKS: Components = Components(2);

    /// The set of one named type; `None` for one that is not known.
    pub fn named(name: &str) -> Option<Components> {
        Self::KNOWN
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, bit)| Components(*bit))
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Components) -> Components {
        Components(self.0 | other.0)
    }

    /// The names in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::KNOWN.into_iter().filter(move |(_, bit)| self.0 & bit != 0).map(|(name, _)| name)
    }

    /// Whether an object of this kind may be stored.
    pub fn takes(self, kind: &ComponentKind) -> bool {
        Self::named(kind.name()).is_some_and(|one| self.0 & one.0 != 0)
    }
}

/// A collection as stored.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its row.
    pub id: CollectionId,
    /// Whose it is.
    pub owner: PrincipalId,
    /// In which home it stands.
    pub home: HomeKind,
    /// What it is.
    pub kind: CollectionKind,
    /// Last segment of its URL, decoded.
    pub slug: String,
    /// One of those that each account has and keeps.
    pub is_default: bool,
    /// Which components it takes.
    pub components: Components,
    /// Left out of free/busy (`CALDAV:schedule-calendar-transp`).
    pub transparent: bool,
    /// `CALDAV:calendar-timezone` as it was set: a VTIMEZONE text, or an IANA name.
    pub time_zone: Option<String>,
    /// Raised by each change of a member or of itself.
    pub modseq: i64,
    /// The home's number when this collection last changed.
    pub home_modseq: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// What clients keep here: display name, colour, order, …
    pub props: Props,
}

impl Collection {
    /// Whether it is filled from elsewhere: then nobody writes to it but the server.
    pub fn is_subscription(&self) -> bool {
        subscription::is_marked(&self.props)
    }

    /// Whether it is its owner's calendar of birthdays, which the server alone writes to and nobody else sees.
    pub fn is_birthdays(&self) -> bool {
        birthdays::is_marked(&self.props)
    }

    /// Whether its owner shares it with somebody by name, or has invited somebody to.
    pub fn is_shared(&self) -> bool {
        invitation::is_marked(&self.props)
    }
}

/// What is needed to make a collection.
#[derive(Debug, Clone)]
pub struct NewCollection {
    /// Whose it is.
    pub owner: PrincipalId,
    /// In which home.
    pub home: HomeKind,
    /// What it is.
    pub kind: CollectionKind,
    /// Last segment of its URL, decoded.
    pub slug: String,
    /// One of those that each account has and keeps.
    pub is_default: bool,
    /// Which components it takes.
    pub components: Components,
    /// Left out of free/busy.
    pub transparent: bool,
    /// A VTIMEZONE text, or an IANA name.
    pub time_zone: Option<String>,
    /// Display name, colour, order, …
    pub props: Props,
}
