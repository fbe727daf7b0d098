//! Secret addresses of collections as those manage them who may share the collection: made, listed, changed, given another secret,
//! taken back. What is read through one is no matter of this file: `link_reads.rs`.
//!
//! Whoever may change a collection's rights (`write-acl`) sees all of its links and may take any back. A link shows what its maker
//! sees, so only he and the collection's owner, who sees no less, may get a secret of it or let it live longer.

use super::access::{self, Access, Place};
use super::actor::Actor;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::link::{LinkScope, digest, new_token};
use crate::store::{Error, Link, NewLink, ReadTx, Weight, WriteTx};

/// Links of one collection at most.
const MOST: usize = 100;

/// A link with the handle of its maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The link.
    pub link: Link,
    /// Whose eyes it shows with; empty where nobody has that account any more.
    pub maker: String,
}

/// A link to be made.
#[derive(Debug, Clone)]
pub struct LinkDraft {
    /// How much it shows.
    pub scope: LinkScope,
    /// What its maker calls it.
    pub label: String,
    /// Until when it is good, microseconds UTC.
    pub expires_at: Option<i64>,
}

/// A change of a link; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct LinkChange {
    /// What it is called.
    pub label: Option<String>,
    /// Until when it is good, microseconds UTC; for ever where the inner one is `None`.
    pub expires_at: Option<Option<i64>>,
}

impl Core {
    /// The links of a collection, the oldest first.
    pub async fn links(&self, actor: &Actor, place: &Place) -> Result<Vec<Known>, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        let read = move |tx: &mut ReadTx<'_>| {
            let access = sharing(access::find(tx, &actor, &place)?)?;
            let all = tx.links(access.collection().id)?;
            all.into_iter().map(|link| known(tx, link)).collect::<Result<Vec<_>, _>>()
        };
        let mut all = fault(self.store.read(Weight::Point, read).await)?;
        all.iter_mut().for_each(|known| self.links.add_to(&mut known.link));
        Ok(all)
    }

    /// A link of a collection.
    pub async fn link(&self, actor: &Actor, place: &Place, id: i64) -> Result<Known, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        let read = move |tx: &mut ReadTx<'_>| {
            let access = sharing(access::find(tx, &actor, &place)?)?;
            let link = tx.link_of(access.collection().id, id)?.ok_or(Fault::NotFound)?;
            known(tx, link)
        };
        let mut found = fault(self.store.read(Weight::Point, read).await)?;
        self.links.add_to(&mut found.link);
        Ok(found)
    }

    /// Makes a link; tells its id and its secret, which is known to nobody after that.
    pub async fn create_link(
        &self,
        actor: &Actor,
        place: &Place,
        draft: LinkDraft,
    ) -> Result<(i64, String), Fault> {
        if place.home == HomeKind::AddressBooks && draft.scope == LinkScope::FreeBusy {
            return Err(Fault::BadRequest("an address book has no busy times".into()));
        }
        let token = new_token();
        let digest = digest(&token).ok_or(Fault::Internal)?;
        let (actor, place) = (actor.clone(), place.clone());
        let write = move |tx: &mut WriteTx<'_>| {
            let access = sharing(access::find_for_change(tx, &actor, &place)?)?;
            let collection = access.collection().id;
            if tx.links(collection)?.len() >= MOST {
                return Err(Condition::QuotaNotExceeded.into());
            }
            let LinkDraft { scope, label, expires_at } = draft.clone();
            let digest = digest.clone();
            tx.insert_link(&NewLink { collection, maker: actor.id, scope, label, digest, expires_at })
        };
        Ok((fault(self.store.write(write).await)?, token))
    }

    /// Changes what a link is called, and until when it is good.
    pub async fn change_link(
        &self,
        actor: &Actor,
        place: &Place,
        id: i64,
        change: LinkChange,
    ) -> Result<Known, Fault> {
        let changed = change.clone();
        self.with_link(actor, place, id, true, move |tx, link| {
            let label = changed.label.as_deref().unwrap_or(&link.label);
            tx.change_link(id, label, changed.expires_at.unwrap_or(link.expires_at))
        })
        .await?;
        self.link(actor, place, id).await
    }

    /// Gives a link another secret, and tells it; the one before opens nothing from the next request on.
    pub async fn rotate_link(&self, actor: &Actor, place: &Place, id: i64) -> Result<String, Fault> {
        let token = new_token();
        let digest = digest(&token).ok_or(Fault::Internal)?;
        self.with_link(actor, place, id, true, move |tx, _| tx.rotate_link(id, &digest)).await?;
        Ok(token)
    }

    /// Takes a link back: it opens nothing from the next request on.
    pub async fn revoke_link(&self, actor: &Actor, place: &Place, id: i64) -> Result<(), Fault> {
        self.with_link(actor, place, id, false, move |tx, _| tx.revoke_link(id)).await
    }

    /// Does something to a link, in one transaction. `as_maker`: what gives more than was given before.
    async fn with_link(
        &self,
        actor: &Actor,
        place: &Place,
        id: i64,
        as_maker: bool,
        work: impl Fn(&mut WriteTx<'_>, &Link) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        let write = move |tx: &mut WriteTx<'_>| {
            let access = sharing(access::find_for_change(tx, &actor, &place)?)?;
            let link = tx.link_of(access.collection().id, id)?.ok_or(Fault::NotFound)?;
            if as_maker && link.maker() != actor.id && access.owner().id != actor.id {
                let privilege = Privilege::WriteAcl;
                return Err(Fault::from(Condition::NeedPrivileges { href: String::new(), privilege }).into());
            }
            work(tx, &link)
        };
        fault(self.store.write(write).await)
    }
}

/// A collection for one who may say who sees it.
fn sharing(access: Access) -> Result<Access, Error> {
    access.need(Privilege::WriteAcl)?;
    Ok(access)
}

fn known(tx: &mut ReadTx<'_>, link: Link) -> Result<Known, Error> {
    let maker = tx.principal(link.maker())?.map(|maker| maker.handle).unwrap_or_default();
    Ok(Known { link, maker })
}
