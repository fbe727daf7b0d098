//! Files of many calendar objects or cards: taken apart into items on the way in, put together on the way out.
//!
//! Each item takes the road of a PUT. The texts of components are never rewritten on the way in, but for a UID where one
//! is missing. RFC 5545 §3.4, RFC 4791 §4.1, RFC 6350 §3.3.

mod merge;
mod split;

pub use merge::Merge;
pub use split::{Item, Unreadable, split};

use super::access::Place;
use super::actor::Actor;
use super::content::{self, Media, Sent};
use super::{Core, fault, items};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::precondition::{Preconditions, Tags};
use crate::store::Weight;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Calendar objects.
    Calendar,
    /// Cards.
    Cards,
}

impl Holds {
    /// The home that such items live in.
    pub const fn home(self) -> HomeKind {
        match self {
            Holds::Calendar => HomeKind::Calendars,
            Holds::Cards => HomeKind::AddressBooks,
        }
    }

    const fn media(self) -> Media {
        match self {
            Holds::Calendar => Media::Calendar,
            Holds::Cards => Media::Card,
        }
    }
}

/// What to do with items whose UID the collection has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Leave the stored one as it is.
    Skip,
    /// Store the file's under the name of the stored one.
    Replace,
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Stored anew.
    Created,
    /// Stored in place of another.
    Replaced,
    /// Stored already, and left.
    Kept,
    /// Not stored, and why.
    Refused(String),
}

impl Core {
    /// The account `login` as the operator of this machine acts for it. Only for the command line: it asks no password.
    pub async fn on_behalf(&self, login: &str, device: &str) -> Result<Actor, Fault> {
        let handle = login.trim().to_lowercase();
        let found = fault(self.store.read(Weight::Point, move |tx| tx.principal_by_handle(&handle)).await)?;
        let principal = found.ok_or(Fault::NotFound)?;
        let admin = principal.admin;
        let actor = Actor::undoubted(principal.id, principal.handle, Some(device.to_owned()));
        Ok(Actor { admin, ..actor })
    }

    /// Stores one item of a file. An account that is over its limits, and a database that fails, are errors; an item that is refused is not.
    pub async fn take_in(
        &self,
        actor: &Actor,
        place: &Place,
        holds: Holds,
        item: Item,
        known: Known,
    ) -> Result<Fate, Fault> {
        let sent = Sent { body: item.body, media: holds.media() };
        let fresh = Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() };
        let other = match self.put_item(actor, place, &item.name, sent.clone(), fresh).await {
            Ok(_) => return Ok(Fate::Created),
            Err(Fault::PreconditionFailed) => item.name,
            Err(Fault::Condition(Condition::NoUidConflict { href, .. })) => href,
            Err(failed) => return refusal(failed),
        };
        if known == Known::Skip {
            return Ok(Fate::Kept);
        }
        match self.put_item(actor, place, &other, sent, Preconditions::default()).await {
            Ok(_) => Ok(Fate::Replaced),
            Err(failed) => refusal(failed),
        }
    }

    /// What [`Core::take_in`] would do, as far as it can be told without doing it.
    pub async fn try_in(
        &self,
        actor: &Actor,
        place: &Place,
        holds: Holds,
        item: Item,
        known: Known,
    ) -> Result<Fate, Fault> {
        let access = self.collection(actor, place).await?;
        access.need(Privilege::Bind)?;
        let sent = Sent { body: item.body, media: holds.media() };
        let (draft, index) = match content::draft(&item.name, sent, access.collection().kind, &self.limits) {
            Ok(draft) => draft,
            Err(failed) => return refusal(failed),
        };
        let (members, place, collection) = (self.limits.members, place.clone(), access.collection().clone());
        let outcome = self.store.read(Weight::Point, move |tx| {
            if tx.object(collection.id, &draft.name)?.is_some() {
                return Ok(false);
            }
            let uid_holder = tx.name_of_uid(collection.id, &draft.uid)?;
            let entering = items::Entering { draft: &draft, index: index.as_ref(), old: None, uid_holder };
            items::admit(tx, &collection, &place, entering, members).map(|()| true)
        });
        let there = match fault(outcome.await) {
            Ok(true) => return Ok(Fate::Created),
            Ok(false) | Err(Fault::Condition(Condition::NoUidConflict { .. })) => match known {
                Known::Skip => Fate::Kept,
                Known::Replace => Fate::Replaced,
            },
            Err(failed) => return refusal(failed),
        };
        Ok(there)
    }
}

/// An item's own fault is its fate; everything else stops the import.
fn refusal(failed: Fault) -> Result<Fate, Fault> {
    match failed {
        Fault::Condition(Condition::QuotaNotExceeded | Condition::NeedPrivileges { .. })
        | Fault::NotFound
        | Fault::Unauthenticated
        | Fault::Busy(_)
        | Fault::Internal => Err(failed),
        own => Ok(Fate::Refused(own.to_string())),
    }
}

#[cfg(test)]
mod tests;
