//! Files of many calendar objects or cards: taken apart into items on the way in, put together on the way out.
//!
//! Each item takes the road of a PUT. The texts of components are never rewritten on the way in, but for a UID where one
//! is missing. RFC 5545 §3.4, RFC 4791 §4.1, RFC 6350 §3.3.

mod account;
mod files;
mod intake;
mod merge;
mod pack;
mod split;
mod writer;

pub use account::{Described, FORMAT, Goal, MANIFEST, Manifest, Reached};
pub use files::{Form, Parts, Piece, Table, parts};
pub use intake::{Intake, Outcome, together};
pub use merge::Merge;
pub use pack::{Pack, Packer, Unpackable};
pub use split::{Item, Unreadable, split, steady_uid};
pub use writer::Writer;

use super::actor::Actor;
use super::content::Media;
use super::{Core, fault};
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
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
        Ok(Actor { admin, privacy: self.privacy, ..actor })
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
