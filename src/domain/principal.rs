//! Who can own, be invited and be granted: users, groups, rooms, resources.
//!
//! RFC 3744 §2. Knows no storage and no URL.

use super::id::PrincipalId;
use super::props::Props;

/// What a principal is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum PrincipalKind {
    /// A person with a login.
    User = 1,
    /// A set of principals.
    Group = 2,
    /// A place that can be booked.
    Room = 3,
    /// A thing that can be booked.
    Resource = 4,
}

impl PrincipalKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [PrincipalKind; 4] =
        [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::Room, PrincipalKind::Resource];

    /// The kind with this stored number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }

    /// The value of CALENDAR-USER-TYPE (RFC 6638 §2.4.2).
    pub const fn calendar_user_type(self) -> &'static str {
        match self {
            PrincipalKind::User => "INDIVIDUAL",
            PrincipalKind::Group => "GROUP",
            PrincipalKind::Room => "ROOM",
            PrincipalKind::Resource => "RESOURCE",
        }
    }
}

/// Whether an account may be used. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum PrincipalState {
    /// In use.
    Active = 1,
    /// May not log in; its data stay.
    Suspended = 2,
}

/// A user, group, room or resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its row.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Unique name in URLs and at login, lower case.
    pub handle: String,
    /// For people to read.
    pub display_name: String,
    /// Mail addresses, lower case, the primary one first.
    pub addresses: Vec<String>,
    /// Whether it may be used.
    pub state: PrincipalState,
    /// May administer the server.
    pub admin: bool,
    /// IANA zone name, where one is set.
    pub time_zone: Option<String>,
    /// Rises whenever a credential changes: what was checked before is then worth nothing.
    pub auth_version: i64,
    /// As that, for tokens: stays where a single application password is taken away.
    pub token_version: i64,
    /// Properties that clients keep here.
    pub props: Props,
}

impl Principal {
    /// This one, where it is of this kind.
    pub fn of_kind(self, kind: PrincipalKind) -> Option<Self> {
        (self.kind == kind).then_some(self)
    }
}

/// What is needed to make a principal.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Unique name, see [`valid_handle`].
    pub handle: String,
    /// For people to read.
    pub display_name: String,
    /// Mail addresses, the primary one first.
    pub addresses: Vec<String>,
    /// May administer the server.
    pub admin: bool,
    /// IANA zone name.
    pub time_zone: Option<String>,
}

/// Whether `handle` can be one: 1 to 128 octets, no slash, colon, blank or control character, nor `.` and `..`.
pub fn valid_handle(handle: &str) -> bool {
    (1..=128).contains(&handle.len())
        && handle != "."
        && handle != ".."
        && !handle
            .chars()
            .any(|c| matches!(c, '/' | ':' | '\\' | '?' | '#') || c.is_control() || c.is_whitespace())
}
