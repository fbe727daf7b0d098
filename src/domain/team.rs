//! What the members of a group may do with the calendars and address books that the group owns: by their role in it.
//!
//! Managers give rights too, owners do everything; what plain members may, the group says. Knows no storage, and not who is in which.

use super::acl::Privileges;
use super::collection::{CollectionKind, HomeKind};
use super::group;
use super::role::{self, Role};

/// What plain members may do with what their group owns. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum MembersMay {
    /// Nothing but what they are granted.
    Nothing = 0,
    /// See what is there.
    Read = 1,
    /// Change what is there.
    Write = 2,
}

impl MembersMay {
    /// All, in the order of their numbers.
    pub const ALL: [MembersMay; 3] = [MembersMay::Nothing, MembersMay::Read, MembersMay::Write];

    /// That with this stored number; of what no number says, least is allowed.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|one| *one as i16 == number).unwrap_or(MembersMay::Nothing)
    }

    /// Its word, in every protocol.
    pub const fn name(self) -> &'static str {
        match self {
            MembersMay::Nothing => "nothing",
            MembersMay::Read => "read",
            MembersMay::Write => "write",
        }
    }
}

/// How somebody stands to the group that owns something: his role, and what the group lets plain members do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The highest of his roles, by whatever way he is in it.
    pub role: group::Role,
    /// What those may do who have none above it.
    pub members_may: MembersMay,
}

impl Part {
    /// What it gives on a collection of this kind.
    pub fn privileges(self, kind: CollectionKind, home: HomeKind) -> Privileges {
        let given = match (self.role, self.members_may) {
            (group::Role::Owner, _) => Privileges::ALL,
            (group::Role::Manager, _) => Role::Write.privileges(home).with(Role::Admin.privileges(home)),
            (group::Role::Member, MembersMay::Write) => Role::Write.privileges(home),
            (group::Role::Member, MembersMay::Read) => Role::Read.privileges(home),
            (group::Role::Member, MembersMay::Nothing) => Privileges::NONE,
        };
        role::inherited(kind, given).closed()
    }

    /// Whether he makes and removes what the group owns.
    pub fn keeps(self) -> bool {
        self.role >= group::Role::Manager
    }

    /// Whether it is as much his as anybody's: he sees all that is in it.
    pub fn owns(self) -> bool {
        self.role == group::Role::Owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::acl::Privilege;

    fn given(role: group::Role, members_may: MembersMay) -> Privileges {
        Part { role, members_may }.privileges(CollectionKind::Calendar, HomeKind::Calendars)
    }

    #[test]
    fn rights_rise_with_the_role() {
        use MembersMay::{Nothing, Read, Write};
        use group::Role::{Manager, Member, Owner};
        assert!(given(Member, Nothing).is_empty());
        assert!(given(Member, Read).has(Privilege::Read) && !given(Member, Read).has(Privilege::Bind));
        assert!(given(Member, Write).has(Privilege::Bind) && !given(Member, Write).has(Privilege::ReadAcl));
        for may in MembersMay::ALL {
            assert!(given(Manager, may).has(Privilege::Bind) && given(Manager, may).has(Privilege::WriteAcl));
            assert_eq!(given(Owner, may), Privileges::ALL);
            assert_eq!(MembersMay::from_number(may as i16), may);
        }
        assert_eq!(MembersMay::from_number(7), Nothing);
    }

    #[test]
    fn who_keeps_and_who_owns() {
        let part = |role| Part { role, members_may: MembersMay::Write };
        let of = |role| (part(role).keeps(), part(role).owns());
        assert_eq!(group::Role::ALL.map(of), [(false, false), (true, false), (true, true)]);
    }
}
