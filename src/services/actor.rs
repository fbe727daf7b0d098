//! Who asks, on what proof, and what that proof opens.

use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::store::{Door, Origin};

/// What a credential opens. Stored as words; the empty text opens everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Calendars and tasks.
    pub calendars: bool,
    /// Contacts.
    pub contacts: bool,
    /// Changes, not only reads.
    pub write: bool,
}

impl Scope {
    /// Everything.
    pub const FULL: Scope = Scope { calendars: true, contacts: true, write: true };

    /// Reads the stored words: `calendars`, `contacts`, `read` (no changes), separated by blanks; `None` for an unknown word.
    pub fn parse(words: &str) -> Option<Scope> {
        let mut scope = Scope { calendars: false, contacts: false, write: true };
        for word in words.split_whitespace() {
            match word {
                "calendars" => scope.calendars = true,
                "contacts" => scope.contacts = true,
                "read" => scope.write = false,
                _ => return None,
            }
        }
        if !scope.calendars && !scope.contacts {
            (scope.calendars, scope.contacts) = (true, true);
        }
        Some(scope)
    }

    /// Whether this scope reaches into a home of this kind.
    pub fn opens(self, home: HomeKind) -> bool {
        match home {
            HomeKind::Calendars => self.calendars,
            HomeKind::AddressBooks => self.contacts,
        }
    }
}

/// An authenticated principal, for one request.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who.
    pub id: PrincipalId,
    /// His handle.
    pub handle: String,
    /// May administer the server.
    pub admin: bool,
    /// What his proof opens.
    pub scope: Scope,
    /// The program, as it names itself.
    pub device: Option<String>,
}

impl Actor {
    /// How a change by this actor is recorded.
    pub fn origin(&self, home: HomeKind) -> Origin {
        let door = match home {
            HomeKind::Calendars => Door::CalDav,
            HomeKind::AddressBooks => Door::CardDav,
        };
        Origin { actor: self.id, door, device: self.device.clone() }
    }

    /// Refuses what the proof does not open: a scope that is too narrow looks like absence.
    pub fn reach(&self, home: HomeKind) -> Result<(), Fault> {
        if self.scope.opens(home) { Ok(()) } else { Err(Fault::NotFound) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words() {
        assert_eq!(Scope::parse(""), Some(Scope::FULL));
        assert_eq!(Scope::parse("read"), Some(Scope { write: false, ..Scope::FULL }));
        let calendars = Scope::parse("calendars").expect("known");
        assert!(
            calendars.opens(HomeKind::Calendars)
                && !calendars.opens(HomeKind::AddressBooks)
                && calendars.write
        );
        assert_eq!(Scope::parse("everything"), None);
    }
}
