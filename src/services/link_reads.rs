//! What is read through a secret address: judged at each request, by what its maker may see at that moment.
//!
//! An unknown link, one that has ended or was taken back, and one whose maker may no longer show the collection are all the same
//! here: not found. Knows neither forms nor headers.

use super::access::{self, Access};
use super::actor::Actor;
use super::link_uses::Reader;
use super::projection::Shown;
use super::{Core, fault, labour};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::freebusy::Period;
use crate::domain::id::CollectionId;
use crate::domain::link::{LinkScope, digest};
use crate::domain::principal::PrincipalState;
use crate::domain::privacy::Policy;
use crate::store::{Link, LinkUse, ReadTx, Weight};
use crate::text::recur::Window;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Items of a page.
const PAGE: i64 = 200;
/// Collections whose shown content is remembered by its digest.
const REMEMBERED: u64 = 10_000;
/// Reads that one transaction writes.
const PIECE: usize = 200;

/// A link that was followed: what it shows, to whoever has it.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Its row.
    pub id: i64,
    /// How much it shows.
    pub scope: LinkScope,
    /// The collection, with no more rights than the link gives, and as who has it sees it.
    pub access: Access,
}

/// A page of what a link shows: items, and the row after which the next page begins, where there may be one.
pub type Page = (Vec<Shown>, Option<i64>);

/// What is known of links between two writings, and of what they show.
#[derive(Debug)]
pub(super) struct Links {
    uses: Mutex<HashMap<i64, LinkUse>>,
    /// Of a collection, and of how much of it: its number, and the digest of what was shown at it.
    shown: Cache<(CollectionId, String), (i64, String)>,
}

impl Links {
    pub(super) fn new() -> Self {
        Links { uses: Mutex::default(), shown: Cache::new(REMEMBERED) }
    }

    fn note(&self, link: i64, now: i64) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = uses.entry(link).or_insert(LinkUse { link, times: 0, last: now });
        seen.times += 1;
        seen.last = now;
    }

    /// What is to be written.
    fn take(&self) -> Vec<LinkUse> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.drain().map(|(_, seen)| seen).collect()
    }

    fn put_back(&self, unwritten: impl Iterator<Item = LinkUse>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for one in unwritten {
            let seen = uses.entry(one.link).or_insert(LinkUse { times: 0, ..one });
            seen.times += one.times;
            seen.last = seen.last.max(one.last);
        }
    }

    /// Adds to a link what is not written yet.
    pub(super) fn add_to(&self, link: &mut Link) {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = uses.get(&link.id) {
            link.uses += seen.times;
            link.last_used = link.last_used.max(Some(seen.last));
        }
    }
}

impl Core {
    /// What the link with this secret shows now.
    pub async fn follow_link(&self, token: &str) -> Result<Followed, Fault> {
        let digest = digest(token).ok_or(Fault::NotFound)?;
        let (now, privacy) = (self.now(), self.privacy);
        fault(self.store.read(Weight::Point, move |tx| follow(tx, &digest, privacy, now)).await)
    }

    /// A page of what a link shows, from after a row. In the order in which items were made: a change of what is hidden moves nothing.
    pub async fn link_page(&self, of: &Followed, after: Option<i64>) -> Result<Page, Fault> {
        let id = of.access.need(Privilege::Read)?.collection().id;
        let after = after.unwrap_or(i64::MIN);
        let page = self.store.read(Weight::Scan, move |tx| tx.objects_of_kind(id, None, after, PAGE));
        let (objects, next) = fault(page.await)?;
        Ok((self.show_all(&of.access, objects).await?, next))
    }

    /// When the calendar of a link is busy.
    pub async fn link_busy(&self, of: &Followed, window: Window) -> Result<Vec<Period>, Fault> {
        self.busy_periods(&of.access, window).await
    }

    /// A text that is another whenever what a link shows is, and the same as long as only something changed that it does not show.
    pub async fn link_state(&self, of: &Followed) -> Result<String, Fault> {
        let collection = of.access.collection();
        let sight = of.access.sight();
        if sight.is_whole() {
            return Ok(format!("{}-{}", self.store.epoch(), collection.modseq));
        }
        let key = (collection.id, sight.code());
        if let Some((modseq, digest)) = self.links.shown.get(&key)
            && modseq == collection.modseq
        {
            return Ok(digest);
        }
        let digest = self.shown_digest(of).await?;
        self.links.shown.insert(key, (collection.modseq, digest.clone()));
        Ok(digest)
    }

    /// Reads all that a link shows, once for each number of the collection.
    async fn shown_digest(&self, of: &Followed) -> Result<String, Fault> {
        let (mut sha, mut after) = (Sha256::new(), None);
        loop {
            let (items, next) = self.link_page(of, after).await?;
            let bytes = items.iter().map(|item| item.body.len()).sum();
            sha = labour::of(bytes, move || {
                for item in &items {
                    sha.update((item.body.len() as u64).to_be_bytes());
                    sha.update(item.body.as_bytes());
                }
                sha
            })
            .await?;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            }
        }
    }

    /// Notes that a link was read, and by whom.
    pub fn note_link_read(&self, of: &Followed, by: Reader<'_>) {
        let now = self.now();
        self.links.note(of.id, now);
        self.reads.note(of.id, by, now);
    }

    /// Writes which links were read; tells how many. What cannot be written is counted by the next writing.
    pub async fn keep_link_reads(&self) -> Result<usize, Fault> {
        let mut seen = self.links.take();
        let count = seen.len();
        while !seen.is_empty() {
            let piece = seen.split_off(seen.len().saturating_sub(PIECE));
            let uses = piece.clone();
            let written = self.store.write(move |tx| uses.iter().try_for_each(|one| tx.note_link_use(*one)));
            if let Err(failed) = fault(written.await) {
                self.links.put_back(seen.into_iter().chain(piece));
                return Err(failed);
            }
        }
        Ok(count)
    }
}

fn follow(
    tx: &mut ReadTx<'_>,
    digest: &str,
    privacy: Policy,
    now: i64,
) -> Result<Followed, crate::store::Error> {
    let none = Fault::NotFound;
    let link = tx.link_by_digest(digest)?.filter(|link| link.holds(now)).ok_or(none.clone())?;
    let maker = tx.principal(link.maker())?.filter(|maker| maker.state == PrincipalState::Active);
    let maker = maker.ok_or(none.clone())?;
    let collection = tx.collection_by_id(link.collection())?.ok_or(none.clone())?;
    let actor = Actor { privacy, ..Actor::undoubted(maker.id, maker.handle, None) };
    let access = access::find_by_id(tx, &actor, collection.home, collection.id)?;
    // Who may no longer share it no longer does; and he shows nothing that he does not see.
    let seen = match link.scope() {
        LinkScope::FreeBusy => Privilege::ReadFreeBusy,
        LinkScope::Public | LinkScope::Full => Privilege::Read,
    };
    if !access.rights().has(Privilege::WriteAcl) || !access.rights().has(seen) {
        return Err(none.into());
    }
    let access = match link.scope() {
        LinkScope::Full => access.reading(),
        LinkScope::Public | LinkScope::FreeBusy => access.for_anybody(&actor),
    };
    Ok(Followed { id: link.id, scope: link.scope(), access })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_counted_until_they_are_written() {
        let links = Links::new();
        links.note(7, 10);
        links.note(7, 20);
        links.note(8, 30);
        let mut seen = links.take();
        seen.sort_by_key(|seen| seen.link);
        assert_eq!(seen, [LinkUse { link: 7, times: 2, last: 20 }, LinkUse { link: 8, times: 1, last: 30 }]);
        assert!(links.take().is_empty());
        links.note(7, 40);
        links.put_back(seen.into_iter());
        let seen = links.take().into_iter().find(|seen| seen.link == 7);
        assert_eq!(seen, Some(LinkUse { link: 7, times: 3, last: 40 }));
    }
}
