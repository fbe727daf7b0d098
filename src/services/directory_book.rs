//! The directory as an address book in everybody's home: read-only, the same for all, and as fresh as the last commit.
//!
//! It has whom everybody may know of: groups that are not public stand in nobody's book, their members find them by searching for
//! principals. So a card, its digest and the number say nothing that only some may know, whoever asks. The store reads cards by the
//! functions for stored items, so each door that shows an address book shows this one. Whatever changes a principal or a group
//! calls [`note`] in its transaction; the number rises only where a card says something else than before. RFC 6352.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::{Core, fault};
use crate::domain::collection::HomeKind;
use crate::domain::directory::{self, Showing};
use crate::domain::fault::Fault;
use crate::domain::id::{Etag, PrincipalId};
use crate::store::{Error, ReadTx, Weight, WriteTx};

/// Principals whose cards are noted in one transaction.
const TOGETHER: i64 = 256;

/// Notes what a principal's card says now.
pub(super) fn note(tx: &mut WriteTx<'_>, of: PrincipalId) -> Result<(), Error> {
    let etag = tx.directory_card(of)?.map(|card| Etag::of(card.as_bytes()));
    tx.note_directory_card(of, etag.as_ref())
}

/// Whether this is the directory's place in the actor's own home. What he has there himself goes before.
pub(super) fn is_at(actor: &Actor, place: &Place) -> bool {
    actor.directory != Showing::Off
        && place.home == HomeKind::AddressBooks
        && place.slug == directory::SLUG
        && place.owner == actor.handle
        && place.id.is_none_or(|id| id == directory::BOOK)
}

/// The directory, where this is its place.
pub(super) fn find(tx: &mut ReadTx<'_>, actor: &Actor, place: &Place) -> Result<Access, Error> {
    if !is_at(actor, place) {
        return Err(Fault::NotFound.into());
    }
    let number = tx.directory_number()?;
    access::directory(actor, number).ok_or(Error::Fault(Fault::NotFound))
}

/// The directory as a listing of the actor's home has it: only where it is to be listed.
pub(super) fn listed(tx: &mut ReadTx<'_>, actor: &Actor, home: HomeKind) -> Result<Option<Access>, Error> {
    if !is_listed(actor, home) {
        return Ok(None);
    }
    let number = tx.directory_number()?;
    Ok(access::directory(actor, number))
}

/// Whether listings of the actor's home have the directory.
pub(super) fn is_listed(actor: &Actor, home: HomeKind) -> bool {
    actor.directory == Showing::Listed && home == HomeKind::AddressBooks
}

impl Core {
    /// Notes the cards of those whose cards were never noted: after an upgrade, or a database that was put back. Tells how many.
    pub async fn fill_directory(&self) -> Result<usize, Fault> {
        let mut noted = 0;
        loop {
            let read = self.store.read(Weight::Scan, |tx| tx.directory_unnoted(TOGETHER));
            let some = fault(read.await)?;
            if some.is_empty() {
                return Ok(noted);
            }
            noted += some.len();
            let write = move |tx: &mut WriteTx<'_>| some.iter().try_for_each(|of| note(tx, *of));
            fault(self.store.write(write).await)?;
        }
    }
}
