//! Roles: names for sets of privileges that people give each other, so that nobody has to know the tree of RFC 3744.
//!
//! `access`, `read` and `write` contain each other in this order. `admin` stands beside them: who may give rights need not read.
//! A secretary has `delegate`: all that the person may do but giving rights. A set that is none of these has no name, and is told by
//! its privileges. Knows no storage, and not who has which.

use super::acl::{Privilege, Privileges};
use super::collection::{CollectionKind, HomeKind};

/// A set of privileges with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// See when somebody is busy, and invite him. Calendars only.
    Access,
    /// See what is there.
    Read,
    /// Change what is there, answer and invite for the person.
    Write,
    /// Act for the person: all but giving rights.
    Delegate,
    /// See and change who has which right.
    Admin,
}

/// What a set of privileges is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    /// The role; [`Role::Admin`] where it is nothing else.
    pub role: Role,
    /// Whether rights may be given besides.
    pub admin: bool,
}

/// What [`Role::Admin`] contains.
const ADMIN: Privileges = Privilege::ReadAcl.bit().with(Privilege::WriteAcl.bit());
/// Messages may come, and busy times may be asked for.
const DELIVER: Privileges = Privileges(0b1110 << 8);
/// Messages may be sent in the person's name.
const SEND: Privileges = Privileges(0b111 << 12);

impl Role {
    /// All of them; each of the first four contains those before it.
    pub const ALL: [Role; 5] = [Role::Access, Role::Read, Role::Write, Role::Delegate, Role::Admin];

    /// Its name in every door.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Access => "access",
            Role::Read => "read",
            Role::Write => "write",
            Role::Delegate => "delegate",
            Role::Admin => "admin",
        }
    }

    /// The role with this name.
    pub fn parse(name: &str) -> Option<Role> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it contains in a home of this kind; nothing where it means nothing there.
    pub const fn privileges(self, home: HomeKind) -> Privileges {
        let access = Privilege::ReadFreeBusy.bit().with(DELIVER);
        let read = access.with(Privilege::Read.bit());
        let write = read.with(Privileges::WRITE).with(SEND);
        let all = match self {
            Role::Access => access,
            Role::Read => read,
            Role::Write => write,
            Role::Delegate => write.with(Privilege::ReadAcl.bit()),
            Role::Admin => ADMIN,
        };
        Privileges(all.0 & meant(home).0).closed()
    }

    /// The highest of the first four that is contained in `privileges`.
    pub fn at_most(privileges: Privileges, home: HomeKind) -> Option<Role> {
        let held = privileges.closed();
        [Role::Delegate, Role::Write, Role::Read, Role::Access].into_iter().find(|role| {
            let set = role.privileges(home);
            !set.is_empty() && held.holds(set)
        })
    }
}

/// The privileges that mean something in a home of this kind: nobody is busy in an address book, nor invited into one.
const fn meant(home: HomeKind) -> Privileges {
    match home {
        HomeKind::Calendars => Privileges::ALL,
        HomeKind::AddressBooks => {
            Privileges::ALL.without(DELIVER).without(SEND).without(Privilege::ReadFreeBusy.bit())
        }
    }
}

/// What a set is called in a home of this kind; `None` where it has no name.
pub fn called(privileges: Privileges, home: HomeKind) -> Option<Called> {
    let same = |set: Privileges| {
        let set = Privileges(set.closed().0 & meant(home).0);
        !set.is_empty() && set.0 == privileges.closed().0 & meant(home).0
    };
    let exactly = |role: &Role| same(role.privileges(home));
    if let Some(role) = Role::ALL.into_iter().find(exactly) {
        return Some(Called { role, admin: role == Role::Admin });
    }
    let beside = |role: &Role| {
        let set = role.privileges(home);
        !set.is_empty() && same(set.with(ADMIN))
    };
    [Role::Access, Role::Read, Role::Write].into_iter().find(beside).map(|role| Called { role, admin: true })
}

/// What a grant on a whole home means on one of its collections. Inbox and outbox are opened by nothing less than acting for the person.
pub fn inherited(kind: CollectionKind, privileges: Privileges) -> Privileges {
    match kind {
        CollectionKind::Calendar | CollectionKind::AddressBook | CollectionKind::Plain => privileges,
        CollectionKind::Inbox | CollectionKind::Outbox
            if privileges.closed().holds(Role::Delegate.privileges(HomeKind::Calendars)) =>
        {
            privileges
        }
        CollectionKind::Inbox | CollectionKind::Outbox => Privileges::NONE,
    }
}

/// What everybody of the tenant may do with the first calendar of a new account, until its owner changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Defaults {
    /// What is granted; nothing where there is none.
    pub authenticated: Option<Role>,
    /// Whether owners are kept from changing it.
    pub locked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOMES: [HomeKind; 2] = [HomeKind::Calendars, HomeKind::AddressBooks];

    #[test]
    fn roles_contain_each_other_and_admin_stands_beside() {
        for home in HOMES {
            let set = |role: Role| role.privileges(home);
            for pair in [Role::Access, Role::Read, Role::Write, Role::Delegate].windows(2) {
                assert!(set(pair[1]).holds(set(pair[0])), "{home:?} {pair:?}");
                assert_ne!(set(pair[1]), set(pair[0]));
                assert!(!set(pair[1]).has(Privilege::WriteAcl));
            }
            assert!(!set(Role::Admin).has(Privilege::Read) && set(Role::Admin).has(Privilege::WriteAcl));
            assert!(set(Role::Write).holds(Privileges::WRITE));
        }
        assert!(Role::Access.privileges(HomeKind::AddressBooks).is_empty());
        assert!(Privileges::BUSY.holds(Role::Access.privileges(HomeKind::Calendars)));
    }

    #[test]
    fn every_role_is_called_by_its_name_and_nothing_else_is() {
        for home in HOMES {
            for role in Role::ALL {
                let set = role.privileges(home);
                let expected = (!set.is_empty()).then_some(Called { role, admin: role == Role::Admin });
                assert_eq!(called(set, home), expected, "{home:?} {role:?}");
                assert_eq!(Role::parse(role.name()), Some(role));
            }
            assert_eq!(called(Privileges::NONE, home), None);
            assert_eq!(called(Privileges::ALL, home), Some(Called { role: Role::Write, admin: true }));
            let read = Role::Read.privileges(home).with(ADMIN);
            assert_eq!(called(read, home), Some(Called { role: Role::Read, admin: true }));
            assert_eq!(called(Role::Read.privileges(home).with(Privilege::Bind.bit()), home), None);
        }
        // Of a book nobody is asked whether he is busy.
        let read = Privilege::Read.bit();
        assert_eq!(called(read, HomeKind::AddressBooks), Some(Called { role: Role::Read, admin: false }));
        assert_eq!(called(read, HomeKind::Calendars), None);
        assert_eq!(Role::parse("owner"), None);
    }

    #[test]
    fn the_highest_role_within() {
        let home = HomeKind::Calendars;
        for role in [Role::Access, Role::Read, Role::Write, Role::Delegate] {
            assert_eq!(Role::at_most(role.privileges(home), home), Some(role));
        }
        assert_eq!(Role::at_most(Privileges::ALL, home), Some(Role::Delegate));
        assert_eq!(Role::at_most(Role::Admin.privileges(home), home), None);
        assert_eq!(Role::at_most(Privileges::NONE, HomeKind::AddressBooks), None);
    }

    #[test]
    fn only_delegates_open_inbox_and_outbox() {
        let home = HomeKind::Calendars;
        for role in Role::ALL {
            let set = role.privileges(home);
            assert_eq!(inherited(CollectionKind::Calendar, set), set);
            for kind in [CollectionKind::Inbox, CollectionKind::Outbox] {
                assert_eq!(!inherited(kind, set).is_empty(), role == Role::Delegate, "{kind:?} {role:?}");
            }
        }
    }
}
