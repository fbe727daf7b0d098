//! Invitations to share a collection: who is asked, how far he shall get, what he said, and when nobody is asked.
//!
//! The right itself is a grant, and holds whatever is answered; an answer decides only what stands in somebody's home. Knows no storage
//! and no protocol.

use super::acl::{Privilege, Privileges};
use super::collection::HomeKind;
use super::props::{Change, Prop, Props};
use super::role::Role;

/// The kept property by which a collection is known for one that its owner shares. DAV takes it from nobody and tells it to nobody.
pub const MARK: (&str, &str) = ("urn:cenacle:properties", "is-shared");

/// What somebody says to an invitation. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i16)]
pub enum State {
    /// Nothing yet.
    #[default]
    Waiting = 0,
    /// It shall stand in his home.
    Accepted = 1,
    /// It shall not.
    Declined = 2,
    /// There is nobody to be asked at the address.
    Invalid = 3,
}

impl State {
    /// Its name in REST.
    pub const fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Accepted => "accepted",
            State::Declined => "declined",
            State::Invalid => "invalid",
        }
    }

    /// The state with a stored number; what is not known has not been answered.
    pub const fn from_number(number: i16) -> State {
        match number {
            1 => State::Accepted,
            2 => State::Declined,
            3 => State::Invalid,
            _ => State::Waiting,
        }
    }
}

/// How far somebody gets, as the protocols of invitations say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// He reads.
    Read,
    /// He changes items too.
    ReadWrite,
}

impl Level {
    /// What a set of privileges comes to; `None` where nothing may be read.
    pub fn of(privileges: Privileges) -> Option<Level> {
        match privileges.closed() {
            set if !set.has(Privilege::Read) => None,
            set if set.has(Privilege::WriteContent) => Some(Level::ReadWrite),
            _ => Some(Level::Read),
        }
    }

    /// What is granted to one who is invited thus.
    pub const fn privileges(self, home: HomeKind) -> Privileges {
        match self {
            Level::Read => Role::Read.privileges(home),
            Level::ReadWrite => Role::Write.privileges(home),
        }
    }

    /// What shall be granted to one who has `old` now: that stays where it comes to the same, so that a secretary who is invited
    /// again does not become less.
    pub fn over(self, old: Privileges, home: HomeKind) -> Privileges {
        if Level::of(old) == Some(self) { old } else { self.privileges(home) }
    }
}

/// What somebody wants done with invitations to him. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i16)]
pub enum Choice {
    /// As the tenant has it.
    #[default]
    Usual = 0,
    /// Ask him.
    Ask = 1,
    /// Accept them.
    Accept = 2,
}

impl Choice {
    /// All of them.
    pub const ALL: [Choice; 3] = [Choice::Usual, Choice::Ask, Choice::Accept];

    /// Its name in REST.
    pub const fn name(self) -> &'static str {
        match self {
            Choice::Usual => "default",
            Choice::Ask => "ask",
            Choice::Accept => "accept",
        }
    }

    /// The choice with a stored number.
    pub fn from_number(number: i16) -> Choice {
        Self::ALL.into_iter().find(|one| *one as i16 == number).unwrap_or_default()
    }

    /// Whether nobody is asked, in a tenant where that is usual or not.
    pub const fn accepts(self, usual: bool) -> bool {
        match self {
            Choice::Usual => usual,
            Choice::Ask => false,
            Choice::Accept => true,
        }
    }
}

/// Whether these are the properties of a collection that its owner shares.
pub fn is_marked(props: &Props) -> bool {
    props.get(MARK.0, MARK.1).is_some()
}

/// Makes them those of one that is shared, or of one that is not.
pub fn mark(props: &mut Props, shared: bool) {
    let (ns, local) = MARK;
    if shared {
        let xml = format!("<{local} xmlns=\"{ns}\"/>");
        props.set(Prop { ns: ns.to_owned(), local: local.to_owned(), text: String::new(), xml });
    } else {
        props.apply(&[Change::Remove { ns, local }]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_what_privileges_come_to() {
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            for level in [Level::Read, Level::ReadWrite] {
                assert_eq!(Level::of(level.privileges(home)), Some(level));
            }
            assert_eq!(Level::of(Role::Delegate.privileges(home)), Some(Level::ReadWrite));
            assert_eq!(Level::of(Role::Admin.privileges(home)), None);
        }
        assert_eq!(Level::of(Role::Access.privileges(HomeKind::Calendars)), None);
    }

    #[test]
    fn who_has_as_much_keeps_what_he_has() {
        let home = HomeKind::Calendars;
        let (read, write, delegate) =
            (Role::Read.privileges(home), Role::Write.privileges(home), Role::Delegate.privileges(home));
        assert_eq!(Level::ReadWrite.over(delegate, home), delegate);
        assert_eq!(Level::Read.over(delegate, home), read);
        assert_eq!(Level::ReadWrite.over(read, home), write);
        assert_eq!(Level::Read.over(Privileges::NONE, home), read);
    }

    #[test]
    fn a_choice_of_ones_own_goes_before_the_usual() {
        let table = Choice::ALL.map(|choice| (choice.accepts(false), choice.accepts(true)));
        assert_eq!(table, [(false, true), (false, false), (true, true)]);
        assert!(Choice::ALL.iter().all(|choice| Choice::from_number(*choice as i16) == *choice));
    }

    #[test]
    fn states_are_read_back() {
        for state in [State::Waiting, State::Accepted, State::Declined, State::Invalid] {
            assert_eq!(State::from_number(state as i16), state);
        }
        assert_eq!(State::from_number(99), State::Waiting);
    }

    #[test]
    fn the_mark_comes_and_goes() {
        let mut props = Props::default();
        mark(&mut props, true);
        assert!(is_marked(&props));
        mark(&mut props, false);
        assert_eq!(props, Props::default());
    }
}
