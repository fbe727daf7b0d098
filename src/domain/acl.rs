//! Privileges, grants and the one question: may this actor do that to this resource?
//!
//! The privilege tree of RFC 3744 §3.12 and RFC 4791 §6.1.1, RFC 6638 §6. Knows no storage and no XML.

use super::id::PrincipalId;

macro_rules! privileges {
    ($($variant:ident = $bit:literal, $ns:ident $local:literal, $doc:literal;)*) => {
        /// A privilege that is not made of others.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Privilege { $(#[doc = $doc] $variant,)* }

        impl Privilege {
            /// All of them, in the order of the tree.
            pub const ALL: &'static [Privilege] = &[$(Privilege::$variant),*];

            /// Its bit in a [`Privileges`] set.
            pub const fn bit(self) -> Privileges {
                match self { $(Privilege::$variant => Privileges(1 << $bit),)* }
            }

            /// Whether the name is CalDAV's (else DAV's), and the local name.
            pub const fn name(self) -> (Space, &'static str) {
                match self { $(Privilege::$variant => (Space::$ns, $local),)* }
            }
        }
    };
}

/// The namespace that a privilege's name is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// `DAV:`
    Dav,
    /// `urn:ietf:params:xml:ns:caldav`
    CalDav,
}

privileges! {
    Read = 0, Dav "read", "See content and properties.";
    WriteProperties = 1, Dav "write-properties", "Change properties.";
    WriteContent = 2, Dav "write-content", "Change what is there.";
    Bind = 3, Dav "bind", "Add a member.";
    Unbind = 4, Dav "unbind", "Remove a member.";
    ReadAcl = 5, Dav "read-acl", "See who has which right.";
    ReadCurrentUserPrivilegeSet = 6, Dav "read-current-user-privilege-set", "See one's own rights.";
    WriteAcl = 7, Dav "write-acl", "Change who has which right.";
    ReadFreeBusy = 8, CalDav "read-free-busy", "See busy times.";
    ScheduleDeliverInvite = 9, CalDav "schedule-deliver-invite", "Have an invitation delivered here.";
    ScheduleDeliverReply = 10, CalDav "schedule-deliver-reply", "Have a reply delivered here.";
    ScheduleQueryFreeBusy = 11, CalDav "schedule-query-freebusy", "Ask for busy times by scheduling.";
    ScheduleSendInvite = 12, CalDav "schedule-send-invite", "Invite in this person's name.";
    ScheduleSendReply = 13, CalDav "schedule-send-reply", "Answer in this person's name.";
    ScheduleSendFreeBusy = 14, CalDav "schedule-send-freebusy", "Ask for busy times in this person's name.";
}

/// A set of privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Privileges(pub i32);

/// A privilege made of others (RFC 3744 §3.12), with what it contains.
#[derive(Debug, Clone, Copy)]
pub struct Aggregate {
    /// Namespace and local name.
    pub name: (Space, &'static str),
    /// What it is made of.
    pub contains: Privileges,
}

impl Privileges {
    /// None at all.
    pub const NONE: Privileges = Privileges(0);
    /// Every privilege.
    pub const ALL: Privileges = Privileges((1 << 15) - 1);
    /// What `DAV:write` contains.
    pub const WRITE: Privileges = Privileges(0b1_1110);
    /// What a reader needs: contents, busy times and his own rights.
    pub const READER: Privileges = Privileges(0b1_0100_0001);

    /// What tells no more than when somebody is busy, and lets him be invited.
    pub const BUSY: Privileges = Privileges(0b1111_0100_0000);
    /// What everybody may be granted, without a login too: to read, and no more.
    pub const PUBLIC: Privileges = Privileges::READER.with(Privileges::BUSY);

    /// The aggregates, the widest first.
    pub const AGGREGATES: &'static [Aggregate] = &[
        Aggregate { name: (Space::Dav, "all"), contains: Privileges::ALL },
        Aggregate { name: (Space::Dav, "write"), contains: Privileges::WRITE },
        Aggregate { name: (Space::CalDav, "schedule-deliver"), contains: Privileges(0b1110 << 8) },
        Aggregate { name: (Space::CalDav, "schedule-send"), contains: Privileges(0b111 << 12) },
    ];

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Privileges) -> Privileges {
        Privileges(self.0 | other.0)
    }

    /// This set without those of `other`.
    #[must_use]
    pub const fn without(self, other: Privileges) -> Privileges {
        Privileges(self.0 & !other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn holds(self, other: Privileges) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether `privilege` is in this set.
    pub const fn has(self, privilege: Privilege) -> bool {
        self.holds(privilege.bit())
    }

    /// Whether nothing is in this set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set that a name stands for, aggregates included; `None` where there is no such privilege. `DAV:unlock`
    /// does not exist here, for there are no locks.
    pub fn named(space: Space, local: &str) -> Option<Privileges> {
        Self::AGGREGATES
            .iter()
            .find(|aggregate| aggregate.name == (space, local))
            .map(|aggregate| aggregate.contains)
            .or_else(|| Privilege::ALL.iter().find(|p| p.name() == (space, local)).map(|p| p.bit()))
    }

    /// What reading implies: `DAV:read` contains `read-free-busy` (RFC 4791 §6.1.1) and one's own rights are seen by whoever sees anything.
    #[must_use]
    pub const fn closed(self) -> Privileges {
        let mut set = self;
        if set.has(Privilege::Read) {
            set = set.with(Privileges::READER);
        }
        if !set.is_empty() {
            set = set.with(Privilege::ReadCurrentUserPrivilegeSet.bit());
        }
        set
    }
}

/// To whom a grant is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// One user, or all members of one group.
    Principal(PrincipalId),
    /// Everybody who has logged in.
    Authenticated,
    /// Everybody, without a login too.
    Everyone,
}

impl Grantee {
    /// Whether this grantee may be given these: what nobody has logged in for changes nothing, and who is not named by anybody
    /// does not give rights on.
    pub const fn may_hold(self, privileges: Privileges) -> bool {
        match self {
            Grantee::Principal(_) => true,
            Grantee::Authenticated => !privileges.has(Privilege::WriteAcl),
            Grantee::Everyone => privileges.without(Privileges::PUBLIC).is_empty(),
        }
    }

    /// Whether somebody with these memberships is meant.
    pub fn means(self, actor: PrincipalId, memberships: &[PrincipalId]) -> bool {
        match self {
            Grantee::Principal(id) => id == actor || memberships.contains(&id),
            Grantee::Authenticated | Grantee::Everyone => true,
        }
    }
}

/// A positive access-control entry: the only kind there is here (`grant-only`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub grantee: Grantee,
    /// What.
    pub privileges: Privileges,
}

/// What `actor` may do on a collection of `owner` with these grants. `memberships` are all groups of the actor, nested ones included.
pub fn effective(
    owner: PrincipalId,
    actor: PrincipalId,
    memberships: &[PrincipalId],
    grants: &[Grant],
) -> Privileges {
    if owner == actor {
        return Privileges::ALL;
    }
    grants
        .iter()
        .filter(|grant| grant.grantee.means(actor, memberships))
        .fold(Privileges::NONE, |set, grant| set.with(grant.privileges))
        .closed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_hold_exactly_their_parts() {
        let named = |space, local| Privileges::named(space, local).expect("known");
        assert_eq!(named(Space::Dav, "all"), Privileges::ALL);
        let all = Privilege::ALL.iter().fold(Privileges::NONE, |set, p| set.with(p.bit()));
        assert_eq!(all, Privileges::ALL);
        let write = named(Space::Dav, "write");
        for part in [Privilege::WriteProperties, Privilege::WriteContent, Privilege::Bind, Privilege::Unbind]
        {
            assert!(write.has(part));
        }
        assert!(!write.has(Privilege::Read) && !write.has(Privilege::WriteAcl));
        assert!(named(Space::CalDav, "schedule-deliver").has(Privilege::ScheduleQueryFreeBusy));
        assert!(named(Space::CalDav, "schedule-send").has(Privilege::ScheduleSendFreeBusy));
        assert!(Privileges::named(Space::Dav, "unlock").is_none());
    }

    #[test]
    fn everybody_reads_and_no_more() {
        assert_eq!(
            Privileges::BUSY,
            [Privilege::ReadFreeBusy, Privilege::ReadCurrentUserPrivilegeSet]
                .iter()
                .fold(Privileges::named(Space::CalDav, "schedule-deliver").expect("known"), |set, p| set
                    .with(p.bit()))
        );
        for one in Privilege::ALL {
            let harmless = Privileges::PUBLIC.has(*one);
            assert_eq!(Grantee::Everyone.may_hold(one.bit()), harmless, "{one:?}");
            assert_eq!(Grantee::Authenticated.may_hold(one.bit()), *one != Privilege::WriteAcl, "{one:?}");
            assert!(Grantee::Principal(PrincipalId(1)).may_hold(one.bit()));
        }
        assert!(!Privileges::PUBLIC.has(Privilege::ReadAcl) && !Privileges::PUBLIC.has(Privilege::Bind));
    }

    #[test]
    fn owner_group_and_stranger() {
        let (owner, member, group, stranger) =
            (PrincipalId(1), PrincipalId(2), PrincipalId(3), PrincipalId(4));
        let grants = [Grant { grantee: Grantee::Principal(group), privileges: Privilege::Read.bit() }];
        assert_eq!(effective(owner, owner, &[], &grants), Privileges::ALL);
        let rights = effective(owner, member, &[group], &grants);
        assert!(
            rights.has(Privilege::Read)
                && rights.has(Privilege::ReadFreeBusy)
                && !rights.has(Privilege::Bind)
        );
        assert!(effective(owner, stranger, &[], &grants).is_empty());
    }
}
