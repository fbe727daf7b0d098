//! What a group is beyond a principal: who sees it, who keeps it, what may stand in what.
//!
//! Groups are nested, never in a circle, and nothing that fewer people see stands in what more people see. RFC 3744 §4.3, §4.4.
//! Knows no storage and no JSON.

use super::team::MembersMay;

/// Who knows that a group exists. The numbers are stored, and rise with secrecy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum Visibility {
    /// Everybody who has logged in.
    Public = 1,
    /// Its members, however they came into it.
    Private = 2,
    /// Its owners.
    Hidden = 3,
}

impl Visibility {
    /// All, in the order of their numbers.
    pub const ALL: [Visibility; 3] = [Visibility::Public, Visibility::Private, Visibility::Hidden];

    /// That with this stored number; of what no number says, least is told.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|one| *one as i16 == number).unwrap_or(Visibility::Hidden)
    }

    /// Its word, in every protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Visibility::Public => "public",
            Visibility::Private => "private",
            Visibility::Hidden => "hidden",
        }
    }
}

/// What a member may do to a group. The numbers are stored, and rise with what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum Role {
    /// Nothing but leave it.
    Member = 1,
    /// Put plain members in and take them out.
    Manager = 2,
    /// Everything.
    Owner = 3,
}

impl Role {
    /// All, in the order of their numbers.
    pub const ALL: [Role; 3] = [Role::Member, Role::Manager, Role::Owner];

    /// The role with this stored number.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|one| *one as i16 == number).unwrap_or(Role::Member)
    }

    /// Its word, in every protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Manager => "manager",
            Role::Owner => "owner",
        }
    }
}

/// Who is told the members of a group that he knows of. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum ShownTo {
    /// Whoever knows of the group.
    Everyone = 1,
    /// Its members.
    Members = 2,
    /// Its managers and owners.
    Managers = 3,
}

impl ShownTo {
    /// All, in the order of their numbers.
    pub const ALL: [ShownTo; 3] = [ShownTo::Everyone, ShownTo::Members, ShownTo::Managers];

    /// That with this stored number; of what no number says, least is told.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|one| *one as i16 == number).unwrap_or(ShownTo::Managers)
    }

    /// Its word, in every protocol.
    pub const fn name(self) -> &'static str {
        match self {
            ShownTo::Everyone => "everyone",
            ShownTo::Members => "members",
            ShownTo::Managers => "managers",
        }
    }
}

/// What a group is beyond a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDetail {
    /// Who knows of it.
    pub visibility: Visibility,
    /// Who is told its members.
    pub members_shown_to: ShownTo,
    /// What it is for; may be empty.
    pub description: String,
    /// Rises with each change of the group and of its direct members.
    pub revision: i64,
    /// What its plain members may do with its calendars and address books.
    pub members_may: MembersMay,
}

/// Who looks at a group: his role in it, and whether he administers the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standpoint {
    /// The highest of his roles, by whatever way he is in it.
    pub role: Option<Role>,
    /// Administers the server.
    pub admin: bool,
}

impl Standpoint {
    /// Whether he has at least this role, or administers the server.
    pub fn at_least(self, role: Role) -> bool {
        self.admin || self.role.is_some_and(|own| own >= role)
    }

    /// Refuses who is not an owner.
    pub fn owns(self) -> Result<(), GroupRefusal> {
        if self.at_least(Role::Owner) { Ok(()) } else { Err(GroupRefusal::OwnerNeeded) }
    }

    /// Refuses who may not turn a membership into another. `None` is none; `himself`: it is his own.
    pub fn may_turn(self, from: Option<Role>, to: Option<Role>, himself: bool) -> Result<(), GroupRefusal> {
        let plain = |role: Option<Role>| role.is_none_or(|role| role == Role::Member);
        if self.at_least(Role::Owner) || (himself && to.is_none()) {
            return Ok(());
        }
        if !self.at_least(Role::Manager) {
            return Err(GroupRefusal::ManagerNeeded);
        }
        if plain(from) && plain(to) { Ok(()) } else { Err(GroupRefusal::OwnerNeeded) }
    }
}

impl GroupDetail {
    /// What a group is where nothing was said of it.
    pub fn plain() -> Self {
        GroupDetail {
            visibility: Visibility::Public,
            members_shown_to: ShownTo::Everyone,
            description: String::new(),
            revision: 1,
            members_may: MembersMay::Write,
        }
    }

    /// Whether somebody may know of the group.
    pub fn seen_from(&self, by: Standpoint) -> bool {
        match self.visibility {
            Visibility::Public => true,
            Visibility::Private => by.at_least(Role::Member),
            Visibility::Hidden => by.at_least(Role::Owner),
        }
    }

    /// Whether somebody who may know of the group is told who is in it.
    pub fn members_seen_from(&self, by: Standpoint) -> bool {
        self.seen_from(by)
            && match self.members_shown_to {
                ShownTo::Everyone => true,
                ShownTo::Members => by.at_least(Role::Member),
                ShownTo::Managers => by.at_least(Role::Manager),
            }
    }
}

/// Whether a group of one visibility may stand in one of another: else its members would be told of it.
pub fn may_stand_in(inner: Visibility, outer: Visibility) -> bool {
    inner <= outer
}

/// Why something is not done to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupRefusal {
    /// It would be in itself.
    Cycle,
    /// Groups would be nested deeper than this.
    TooDeep(u64),
    /// It would have more direct members than this.
    TooMany(u64),
    /// More pairs of a group and somebody in it would change at once than this.
    TooWide(u64),
    /// A group would stand in one that more people see.
    LessVisible,
    /// The last owner would go.
    LastOwner,
    /// It has calendars or address books, or something of deleted ones can still be restored.
    NotEmpty,
    /// Only a manager, an owner or an administrator does that.
    ManagerNeeded,
    /// Only an owner or an administrator does that.
    OwnerNeeded,
    /// Only an administrator does that.
    AdministratorNeeded,
}

impl GroupRefusal {
    /// Its fixed name, which programs decide on.
    pub const fn name(self) -> &'static str {
        match self {
            GroupRefusal::Cycle => "group-cycle",
            GroupRefusal::TooDeep(_) => "group-too-deep",
            GroupRefusal::TooMany(_) => "group-too-large",
            GroupRefusal::TooWide(_) => "group-change-too-large",
            GroupRefusal::LessVisible => "group-less-visible",
            GroupRefusal::LastOwner => "group-last-owner",
            GroupRefusal::NotEmpty => "group-not-empty",
            GroupRefusal::ManagerNeeded => "manager-needed",
            GroupRefusal::OwnerNeeded => "owner-needed",
            GroupRefusal::AdministratorNeeded => "administrator-needed",
        }
    }

    /// The limit that was met, where one was.
    pub const fn limit(self) -> Option<u64> {
        match self {
            GroupRefusal::TooDeep(limit) | GroupRefusal::TooMany(limit) | GroupRefusal::TooWide(limit) => {
                Some(limit)
            }
            _ => None,
        }
    }

    /// Whether somebody else might do it.
    pub const fn is_about_rights(self) -> bool {
        matches!(
            self,
            GroupRefusal::ManagerNeeded | GroupRefusal::OwnerNeeded | GroupRefusal::AdministratorNeeded
        )
    }
}

impl std::fmt::Display for GroupRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GroupRefusal::Cycle => f.write_str("a group cannot be in itself, nor in a group that is in it"),
            GroupRefusal::TooDeep(most) => write!(f, "groups can be nested {most} deep"),
            GroupRefusal::TooMany(most) => write!(f, "a group has {most} direct members at most: put groups into it"),
            GroupRefusal::TooWide(most) => {
                write!(f, "more than {most} memberships would change at once: do it in smaller steps")
            }
            GroupRefusal::LessVisible => f.write_str("a group cannot be in one that more people see"),
            GroupRefusal::LastOwner => f.write_str("the group would have no owner: make somebody else one first"),
            GroupRefusal::NotEmpty => {
                f.write_str("the group has calendars or address books: delete them or hand them over first; those that are deleted must be empty, or their time be over")
            }
            GroupRefusal::ManagerNeeded => f.write_str("only managers and owners of the group, and administrators, do that"),
            GroupRefusal::OwnerNeeded => f.write_str("only owners of the group and administrators do that"),
            GroupRefusal::AdministratorNeeded => f.write_str("only administrators do that"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(role: Option<Role>) -> Standpoint {
        Standpoint { role, admin: false }
    }

    const ADMIN: Standpoint = Standpoint { role: None, admin: true };

    #[test]
    fn numbers_and_words_are_one_to_one() {
        for one in Visibility::ALL {
            assert_eq!(Visibility::from_number(one as i16), one);
        }
        for one in Role::ALL {
            assert_eq!(Role::from_number(one as i16), one);
        }
        for one in ShownTo::ALL {
            assert_eq!(ShownTo::from_number(one as i16), one);
        }
        assert_eq!(Visibility::from_number(9), Visibility::Hidden);
        assert_eq!(ShownTo::from_number(9), ShownTo::Managers);
        assert_eq!(Role::from_number(9), Role::Member);
    }

    #[test]
    fn who_sees_what() {
        let roles = [None, Some(Role::Member), Some(Role::Manager), Some(Role::Owner)];
        let seen = |visibility| {
            let group = GroupDetail { visibility, ..GroupDetail::plain() };
            assert!(group.seen_from(ADMIN));
            roles.map(|role| group.seen_from(by(role)))
        };
        assert_eq!(seen(Visibility::Public), [true; 4]);
        assert_eq!(seen(Visibility::Private), [false, true, true, true]);
        assert_eq!(seen(Visibility::Hidden), [false, false, false, true]);
        let told = |visibility, members_shown_to| {
            let group = GroupDetail { visibility, members_shown_to, ..GroupDetail::plain() };
            assert!(group.members_seen_from(ADMIN));
            roles.map(|role| group.members_seen_from(by(role)))
        };
        assert_eq!(told(Visibility::Public, ShownTo::Everyone), [true; 4]);
        assert_eq!(told(Visibility::Public, ShownTo::Members), [false, true, true, true]);
        assert_eq!(told(Visibility::Private, ShownTo::Managers), [false, false, true, true]);
        assert_eq!(told(Visibility::Hidden, ShownTo::Everyone), [false, false, false, true]);
    }

    #[test]
    fn secrets_stay_in_secrets() {
        use Visibility::{Hidden, Private, Public};
        assert!(
            may_stand_in(Public, Private) && may_stand_in(Private, Hidden) && may_stand_in(Hidden, Hidden)
        );
        assert!(!may_stand_in(Private, Public) && !may_stand_in(Hidden, Private));
    }

    #[test]
    fn who_changes_members() {
        let (member, manager, owner) = (Some(Role::Member), Some(Role::Manager), Some(Role::Owner));
        assert_eq!(by(manager).may_turn(None, member, false), Ok(()));
        assert_eq!(by(manager).may_turn(member, None, false), Ok(()));
        assert_eq!(by(manager).may_turn(None, manager, false), Err(GroupRefusal::OwnerNeeded));
        assert_eq!(by(manager).may_turn(owner, None, false), Err(GroupRefusal::OwnerNeeded));
        assert_eq!(by(manager).may_turn(manager, owner, true), Err(GroupRefusal::OwnerNeeded));
        assert_eq!(by(owner).may_turn(manager, owner, false), Ok(()));
        assert_eq!(by(member).may_turn(member, None, true), Ok(()), "everybody may leave");
        assert_eq!(by(member).may_turn(member, None, false), Err(GroupRefusal::ManagerNeeded));
        assert_eq!(
            by(None).may_turn(None, member, true),
            Err(GroupRefusal::ManagerNeeded),
            "nobody lets himself in"
        );
        assert_eq!(ADMIN.may_turn(owner, None, false), Ok(()));
    }
}
