//! What changed since a token, in a collection and in a home.
//!
//! A foreign token, one of another epoch, or one from the future is refused, never answered as a first sync.
//! RFC 6578 §3.

use super::access::{self, Access};
use super::actor::Actor;
use super::items::token_of;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::SyncToken;
use crate::store::{ReadTx, SyncItem, Weight};

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

/// The changes of a home.
#[derive(Debug, Clone)]
pub struct HomeChanges {
    /// Collections that changed, or whose members did.
    pub changed: Vec<Access>,
    /// Names of those that left.
    pub gone: Vec<String>,
    /// The token after them.
    pub token: SyncToken,
}

/// The token of a home at a number.
pub fn home_token(owner: i64, kind: HomeKind, modseq: i64, epoch: &str) -> SyncToken {
    let letter = match kind {
        HomeKind::Calendars => 'h',
        HomeKind::AddressBooks => 'b',
    };
    SyncToken { epoch: epoch.to_owned(), subject: format!("{letter}{owner}"), modseq }
}

impl Core {
    /// The sync token of a collection as it was read.
    pub fn token(&self, access: &Access) -> SyncToken {
        token_of(access.collection(), self.store.epoch())
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
        let now = token_of(collection, self.store.epoch());
        let from = match since {
            None => 0,
            Some(token) if token.epoch == now.epoch && token.subject == now.subject => token.modseq,
            Some(_) => return Err(refused(collection.home)),
        };
        let (id, home) = (collection.id, collection.home);
        if from == now.modseq {
            return Ok(Changes { items: Vec::new(), current: now.modseq, token: now, more: false });
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
            items: page.items,
            token: SyncToken { modseq: page.modseq, ..now },
            more: page.more,
            current: page.current,
        })
    }

    /// The changes of a home after `since`.
    pub async fn home_changes(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        since: Option<SyncToken>,
    ) -> Result<HomeChanges, Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .point_snapshot(move |tx| {
                    actor.reach(kind)?;
                    let owner = access::owner_of(tx, &actor, &owner)?;
                    let id = owner.id;
                    let state = tx.home(id, kind)?;
                    let token = home_token(id.0, kind, state.modseq, tx.epoch());
                    let from = match &since {
                        None => -1,
                        Some(old)
                            if old.epoch == token.epoch
                                && old.subject == token.subject
                                && old.modseq <= token.modseq =>
                        {
                            old.modseq
                        }
                        Some(_) => return Err(refused(kind).into()),
                    };
                    let changed = tx.collections_since(id, kind, from)?;
                    let mut changed = access::visible(tx, &actor, &owner, changed)?;
                    changed.retain(super::Access::is_shown);
                    let gone = if from < 0 { Vec::new() } else { tx.collections_gone(id, kind, from)? };
                    let own = id == actor.id;
                    Ok(HomeChanges { changed, gone: if own { gone } else { Vec::new() }, token })
                })
                .await,
        )
    }

    /// A page of a listing, from after the number `after`.
    pub async fn entries(
        &self,
        access: &Access,
        after: i64,
        limit: i64,
    ) -> Result<Vec<crate::domain::object::Entry>, Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        fault(self.store.read(Weight::Scan, move |tx| tx.entries_after(id, after, limit)).await)
    }

    /// A page of whole items, from after the number `after`, and the number from after which the next goes on, if there may
    /// be one. Cut by bytes too.
    pub async fn whole_items(
        &self,
        access: &Access,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<crate::domain::object::Object>, Option<i64>), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        fault(self.store.read(Weight::Scan, move |tx| tx.objects_after(id, after, limit)).await)
    }

    /// How many items a collection has, and their bytes.
    pub async fn usage(&self, access: &Access) -> Result<(i64, i64), Fault> {
        let id = access.collection().id;
        fault(self.store.read(Weight::Scan, move |tx| tx.usage(id)).await)
    }
}

fn refused(home: HomeKind) -> Fault {
    Condition::ValidSyncToken { card: home == HomeKind::AddressBooks }.into()
}
