//! What changed since a token, in a collection and in a home.
//!
//! A foreign token, one of another epoch, or one from the future is refused, never answered as a first sync.
//! RFC 6578 §3.

use super::access::{self, Access, Looker};
use super::actor::Actor;
use super::items::token_of;
use super::projection::{self, Shown, SyncItem};
use super::{Core, fault, mounts, personal};
use crate::domain::acl::Privilege;
use crate::domain::birthdays;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{HomeToken, SyncToken};
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

/// The changes of a home.
#[derive(Debug, Clone)]
pub struct HomeChanges {
    /// Collections that changed, or whose members did.
    pub changed: Vec<Access>,
    /// Names of those that left.
    pub gone: Vec<String>,
    /// The token after them.
    pub token: HomeToken,
}

/// The token of a home's own at a number.
pub fn home_token(owner: i64, kind: HomeKind, modseq: i64, epoch: &str) -> SyncToken {
    let letter = match kind {
        HomeKind::Calendars => 'h',
        HomeKind::AddressBooks => 'b',
    };
    SyncToken { epoch: epoch.to_owned(), subject: format!("{letter}{owner}"), modseq, own: 0 }
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

    /// The changes of a home after `since`.
    pub async fn home_changes(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        since: Option<HomeToken>,
    ) -> Result<HomeChanges, Fault> {
        let (changes, birthdays) = self.home_changes_now(actor, owner, kind, since.clone()).await?;
        if birthdays && self.freshen_birthdays(actor, None).await {
            return self.home_changes_now(actor, owner, kind, since).await.map(|(changes, _)| changes);
        }
        Ok(changes)
    }

    /// Beside the changes whether the actor has, or had, a calendar of birthdays in the home.
    async fn home_changes_now(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        since: Option<HomeToken>,
    ) -> Result<(HomeChanges, bool), Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .point_snapshot(move |tx| {
                    actor.reach(kind)?;
                    let owner = access::owner_of(tx, &actor, &owner)?;
                    let id = owner.id;
                    let state = tx.home(id, kind)?;
                    let own = id == actor.id;
                    let mounted =
                        if own { mounts::beside(tx, &actor, kind, state.has_mounts)? } else { Vec::new() };
                    let token = mounts::token(id, kind, state.modseq, tx.epoch(), &mounted);
                    let from = match &since {
                        None => -1,
                        Some(HomeToken { own: old, .. })
                            if old.epoch == token.own.epoch
                                && old.subject == token.own.subject
                                && old.modseq <= token.own.modseq =>
                        {
                            old.modseq
                        }
                        Some(_) => return Err(refused(kind).into()),
                    };
                    let changed = tx.collections_since(id, kind, from)?;
                    let mut changed = access::visible(tx, &actor, &owner, changed)?;
                    changed.retain(super::Access::is_shown);
                    let mut gone =
                        if own && from >= 0 { tx.collections_gone(id, kind, from)? } else { Vec::new() };
                    let known = since.as_ref().map(|since| since.mounted.clone()).unwrap_or_default();
                    if !known.is_empty() {
                        gone.extend(mounts::hidden(tx, &actor, kind, &known, &mounted)?);
                    }
                    changed.extend(mounts::moved(mounted, &known, from));
                    // A name that is taken again is not gone.
                    gone.retain(|slug| changed.iter().all(|access| access.shown_at().1 != slug));
                    let birthdays = own && birthdays::is_marked(&state.props);
                    Ok((HomeChanges { changed, gone, token }, birthdays))
                })
                .await,
        )
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

fn refused(home: HomeKind) -> Fault {
    Condition::ValidSyncToken { card: home == HomeKind::AddressBooks }.into()
}
