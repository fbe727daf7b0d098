//! What changed in a collection since a token; of homes `home_sync.rs` knows.
//!
//! A foreign token, one of another epoch, or one from the future is refused, never answered as a first sync.
//! RFC 6578 §3.

use super::access::{Access, Looker};
use super::items::token_of;
use super::projection::{self, Shown, SyncItem};
use super::{Core, fault, personal};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::SyncToken;
use crate::domain::object::Entry;
use crate::store::{Error, ReadTx, SyncPage, Weight};

/// Changes that are read at once on the asking thread at most.
const SHORT: i64 = 4096;

/// A page of a collection's changes.
#[derive(Debug, Clone)]
pub struct Changes {
    /// In the order in which they happened.
    pub items: Vec<SyncItem>,
    /// The token after them.
    pub token: SyncToken,
    /// Whether there are more.
    pub more: bool,
    /// The collection's number when the page was read.
    pub current: i64,
}

impl Core {
    /// The sync token of a collection as it was read.
    pub fn token(&self, access: &Access) -> SyncToken {
        token_of(access, self.store.epoch())
    }

    /// A page of the changes after `since`; from the beginning without one. Tombstones up to the
    /// number `unborn` are left out: `i64::MAX` on the first page of a first sync, that page's `current` on its others.
    pub async fn changes(
        &self,
        access: &Access,
        since: Option<&SyncToken>,
        limit: usize,
        unborn: i64,
    ) -> Result<Changes, Fault> {
        let collection = access.need(Privilege::Read)?.collection();
        let now = token_of(access, self.store.epoch());
        let (from, own) = match since {
            None => (0, now.own),
            Some(token) if token.epoch == now.epoch && token.subject == now.subject => {
                (token.modseq, token.own)
            }
            Some(_) => return Err(refused(collection.home)),
        };
        let (id, home) = (collection.id, collection.home);
        if from == now.modseq && own >= now.own {
            return Ok(Changes { items: Vec::new(), current: now.modseq, token: now, more: false });
        }
        if !access.sight().is_whole() {
            let looker = access.looker();
            let read = move |tx: &mut ReadTx<'_>| {
                let (mut seen, own) = personal::changes(tx, looker, (from, own), limit)?;
                // What is left of the page, for the rest; of a full one the next goes on where it ends.
                let left = limit.saturating_sub(seen.len());
                if left == 0 {
                    let current = tx.collection_by_id(id)?.ok_or(Fault::NotFound)?.modseq;
                    return Ok((
                        seen,
                        SyncPage { items: Vec::new(), modseq: from, more: true, current },
                        own,
                    ));
                }
                let (items, page) = seen_changes(tx, looker, from, left, unborn)?;
                seen.extend(items);
                if page.modseq < from { Err(refused(home).into()) } else { Ok((seen, page, own)) }
            };
            let (items, page, own) = fault(self.store.snapshot(read).await)?;
            let token = SyncToken { modseq: page.modseq, own, ..now };
            return Ok(Changes { items, token, more: page.more, current: page.current });
        }
        let read = move |tx: &mut ReadTx<'_>| {
            let page = tx.changes(id, from, limit, unborn)?.ok_or(Fault::NotFound)?;
            if page.modseq < from { Err(refused(home).into()) } else { Ok(page) }
        };
        // A long listing must not keep others from the asking thread.
        let short = now.modseq.saturating_sub(from) <= SHORT;
        let weight = if short { Weight::Point } else { Weight::Scan };
        let page = fault(self.store.read(weight, read).await)?;
        Ok(Changes {
            items: projection::all_changes(page.items),
            token: SyncToken { modseq: page.modseq, ..now },
            more: page.more,
            current: page.current,
        })
    }

    /// A page of a listing, from after the number `after`, and the number from after which the next goes on, if there may be one.
    pub async fn entries(
        &self,
        access: &Access,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<Shown<Entry>>, Option<i64>), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let next = move |page: &[Entry]| {
            let full = i64::try_from(page.len()).is_ok_and(|count| count >= limit);
            page.last().filter(|_| full).map(|last| last.modseq)
        };
        if !access.sight().is_whole() {
            let looker = access.looker();
            let read = move |tx: &mut ReadTx<'_>| {
                let page = tx.entries_after(id, after, limit)?;
                let upto = page.last().map_or(after, |last| last.modseq);
                let (next, notes) = (next(&page), personal::notes_between(tx, looker, (after, upto))?);
                Ok((projection::entries(looker.sight, page, notes), next))
            };
            return fault(self.store.snapshot(read).await);
        }
        let page = self.store.read(Weight::Scan, move |tx| tx.entries_after(id, after, limit));
        let page = fault(page.await)?;
        let next = next(&page);
        Ok((projection::all_entries(page), next))
    }

    /// A page of whole items, from after the number `after`, and the number from after which the next goes on, if there may
    /// be one. Cut by bytes too.
    pub async fn whole_items(
        &self,
        access: &Access,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<Shown>, Option<i64>), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let page = self.store.read(Weight::Scan, move |tx| tx.objects_after(id, after, limit));
        let (objects, next) = fault(page.await)?;
        Ok((self.show_all(access, objects).await?, next))
    }

    /// How many items a collection has, and their bytes. Not for one from whom something may be hidden: it would tell how long that is;
    /// nor of the directory, which takes no room.
    pub async fn usage(&self, access: &Access) -> Result<(i64, i64), Fault> {
        if !access.sight().is_whole() || access.is_directory() {
            return Err(Fault::NotFound);
        }
        let id = access.collection().id;
        fault(self.store.read(Weight::Scan, move |tx| tx.usage(id)).await)
    }
}

/// The first changes, at most `limit`, that the viewer is told of; beside them the page that they end with.
pub(super) fn seen_changes(
    tx: &mut ReadTx<'_>,
    looker: Looker,
    since: i64,
    limit: usize,
    unborn: i64,
) -> Result<(Vec<SyncItem>, SyncPage), Error> {
    let (mut from, mut seen) = (since, Vec::new());
    loop {
        let mut page = tx.changes(looker.on, from, limit - seen.len(), unborn)?.ok_or(Fault::NotFound)?;
        let numbers = (from, page.modseq);
        let notes = personal::notes_between(tx, looker, numbers)?;
        let noted = (notes, tx.buried_between(looker.on, numbers)?);
        seen.extend(projection::changes(looker.sight, std::mem::take(&mut page.items), noted, unborn));
        if !page.more || seen.len() >= limit {
            return Ok((seen, page));
        }
        from = page.modseq;
    }
}

/// What answers a token that is none of the resource's.
pub(super) fn refused(home: HomeKind) -> Fault {
    Condition::ValidSyncToken { card: home == HomeKind::AddressBooks }.into()
}
