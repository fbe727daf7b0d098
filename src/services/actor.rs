//! Who asks, on what proof, and what that proof opens.

use super::ahead::Ahead;
use crate::domain::collection::HomeKind;
use crate::domain::device;
use crate::domain::directory::Showing;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::privacy::Policy;
use crate::store::{Door, Origin};
use std::sync::Arc;

/// What a credential opens. Stored as words; the empty text opens everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Calendars and tasks.
    pub calendars: bool,
    /// Contacts.
    pub contacts: bool,
    /// Changes, not only reads.
    pub write: bool,
    /// Administration, where the account may administer.
    pub admin: bool,
    /// Nothing but this collection.
    pub collection: Option<CollectionId>,
}

impl Scope {
    /// Everything.
    pub const FULL: Scope =
        Scope { calendars: true, contacts: true, write: true, admin: true, collection: None };

    /// Reads the stored words, separated by blanks; `None` for an unknown word. `calendars`, `contacts`: these homes, both
    /// where neither is named. `read`: no changes, unless there is `write` too. `admin`: administration, else only opened by
    /// no words at all. `collection:ID`: nothing but that one.
    pub fn parse(words: &str) -> Option<Scope> {
        let none = Scope { calendars: false, contacts: false, write: false, admin: false, collection: None };
        let (mut scope, mut read, mut any) = (none, false, false);
        for word in words.split_whitespace() {
            any = true;
            match word {
                "calendars" => scope.calendars = true,
                "contacts" => scope.contacts = true,
                "read" => read = true,
                "write" => scope.write = true,
                "admin" => scope.admin = true,
                _ => {
                    let id = CollectionId::parse(word.strip_prefix("collection:")?)?;
                    if scope.collection.replace(id).is_some() {
                        return None;
                    }
                }
            }
        }
        if !scope.calendars && !scope.contacts {
            (scope.calendars, scope.contacts) = (true, true);
        }
        scope.write |= !read;
        scope.admin |= !any;
        Some(scope)
    }

    /// Whether this scope reaches into a home of this kind.
    pub fn opens(self, home: HomeKind) -> bool {
        match home {
            HomeKind::Calendars => self.calendars,
            HomeKind::AddressBooks => self.contacts,
        }
    }

    /// Whether this scope reaches this collection, as far as it names one.
    pub fn takes(self, collection: CollectionId) -> bool {
        self.collection.is_none_or(|only| only == collection)
    }

    /// The words that [`Scope::parse`] reads as this scope.
    pub fn words(self) -> String {
        let mut words = String::new();
        let mut say = |word: &str| {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        };
        if self == Scope::FULL {
            return words;
        }
        say(if self.write { "write" } else { "read" });
        if !(self.calendars && self.contacts) {
            say(if self.calendars { "calendars" } else { "contacts" });
        }
        if self.admin {
            say("admin");
        }
        if let Some(id) = self.collection {
            say(&format!("collection:{id}"));
        }
        words
    }

    /// Whether all that this scope opens is opened by `wider` too.
    pub fn within(self, wider: Scope) -> bool {
        let implied = |here: bool, there: bool| !here || there;
        implied(self.calendars, wider.calendars)
            && implied(self.contacts, wider.contacts)
            && implied(self.write, wider.write)
            && implied(self.admin, wider.admin)
            && (wider.collection.is_none() || self.collection == wider.collection)
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
    /// By which door, where it is not the one that homes are named for.
    pub door: Option<Door>,
    /// What must still be so for him to be admitted: asked again by whoever answers for long.
    pub proof: Proof,
    /// What was read for this request together with the login.
    pub ahead: Ahead,
    /// What the institution lets him see of others' items that are not public.
    pub privacy: Policy,
    /// Where the institution lets him find the directory as an address book.
    pub directory: Showing,
}

/// What a login was good for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The account's number of changed credentials, where the login holds only for that.
    pub auth_version: Option<i64>,
    /// The account's number of ended tokens, where the login is by one.
    pub token_version: Option<i64>,
    /// The session that the login is of.
    pub session: Option<i64>,
    /// The credential that the login is by, where it is by one itself.
    pub credential: Option<i64>,
    /// The same where it is an application password, which tells one device from another.
    pub app_password: Option<i64>,
    /// The key that signed the token that the login is by.
    pub kid: Option<Arc<str>>,
    /// When the proof itself ends, microseconds UTC.
    pub until: Option<i64>,
    /// When the login ends for good, microseconds UTC: a session's tokens follow each other, but not for longer than the credential
    /// that it was opened with. Nothing that is made with the login ends later.
    pub ends_at: Option<i64>,
}

impl Actor {
    /// Somebody whom nobody doubts: the operator of this machine, or a test.
    pub fn undoubted(id: PrincipalId, handle: String, device: Option<String>) -> Self {
        Actor {
            id,
            handle,
            admin: false,
            scope: Scope::FULL,
            device,
            door: None,
            proof: Proof::default(),
            ahead: Ahead::default(),
            privacy: Policy::default(),
            directory: Showing::default(),
        }
    }

    /// The operator of this machine, who administers the server and is no principal.
    pub fn operator() -> Self {
        Actor { admin: true, ..Actor::undoubted(PrincipalId(0), "(operator)".to_owned(), None) }
    }

    /// How a change by this actor is recorded.
    pub fn origin(&self, home: HomeKind) -> Origin {
        let door = self.door.unwrap_or(match home {
            HomeKind::Calendars => Door::CalDav,
            HomeKind::AddressBooks => Door::CardDav,
        });
        Origin { actor: self.id, door, device: self.device_text() }
    }

    /// How the device is named in the log: see `domain/device.rs`. Without a login nobody's, but the operator's.
    pub fn device_text(&self) -> Option<String> {
        let Proof { auth_version, token_version, session, app_password, .. } = self.proof;
        if self.device.is_none() && auth_version.is_none() && token_version.is_none() {
            return None;
        }
        Some(device::text(session, app_password, self.device.as_deref()))
    }

    /// Refuses a proof that does not open the whole account: its credentials are no matter of a part of it.
    pub fn whole(&self) -> Result<(), Fault> {
        let Scope { calendars, contacts, write, collection, admin: _ } = self.scope;
        if calendars && contacts && write && collection.is_none() {
            Ok(())
        } else {
            Err(Fault::ScopeTooNarrow)
        }
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
        assert_eq!(Scope::parse("read"), Some(Scope { write: false, admin: false, ..Scope::FULL }));
        assert_eq!(Scope::parse("write read"), Some(Scope { admin: false, ..Scope::FULL }));
        assert_eq!(Scope::parse("write admin"), Some(Scope::FULL));
        let calendars = Scope::parse("calendars").expect("known");
        assert!(
            calendars.opens(HomeKind::Calendars)
                && !calendars.opens(HomeKind::AddressBooks)
                && calendars.write
        );
        for unknown in ["everything", "collection:", "collection:x", "Read"] {
            assert_eq!(Scope::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_scope_may_be_one_collection() {
        let (one, other) = (CollectionId(7), CollectionId(8));
        let scope = Scope::parse(&format!("read collection:{one}")).expect("known");
        assert!(scope.takes(one) && !scope.takes(other) && !scope.write && !scope.admin);
        assert_eq!(Scope::parse(&format!("collection:{one} collection:{other}")), None);
    }

    #[test]
    fn words_are_read_back() {
        let one = format!("read calendars collection:{}", CollectionId(7));
        for words in
            ["", "read", "write", "calendars", "contacts read", "admin", "read write admin", one.as_str()]
        {
            let scope = Scope::parse(words).expect("known");
            assert_eq!(Scope::parse(&scope.words()), Some(scope), "{words}: {}", scope.words());
        }
    }

    #[test]
    fn a_scope_within_another_opens_no_more() {
        let scope = |words: &str| Scope::parse(words).expect("known");
        let one = format!("collection:{}", CollectionId(7));
        for (narrow, wide) in
            [("read", ""), ("calendars", ""), ("read calendars", "calendars"), (one.as_str(), "read write")]
        {
            assert!(scope(narrow).within(scope(wide)), "{narrow} within {wide}");
            assert!(!scope(wide).within(scope(narrow)), "{wide} within {narrow}");
        }
        assert!(!scope("contacts").within(scope("calendars")));
    }
}
