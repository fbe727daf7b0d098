//! Collections as they were: to a moment, or without what one device did to them.
//!
//! The log is read backwards to the moment (`trace.rs`), what that means for each item is told (`plan.rs`), and then done in pieces that
//! are a transaction each (`apply.rs`), most often one. Bodies are only read for the piece at hand. What a device did to collections
//! themselves stands in `collections.rs`.

mod apply;
mod collections;
mod plan;
mod trace;

use super::access::Access;
use super::actor::Actor;
use super::history::KEEP;
use super::idempotency::{Once, noted};
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::store::Weight;
use apply::Going;
use plan::Planned;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

pub use collections::{Fate, UndoneCollection};

/// Items that one request undoes at most.
pub const MOST_ITEMS: usize = 20_000;

/// What shall be undone.
#[derive(Debug, Clone)]
pub struct Undo {
    /// All that came after it, microseconds UTC.
    pub as_of: i64,
    /// Of the actor's own device with this key, and of no other.
    pub device: Option<String>,
    /// Only tell.
    pub dry_run: bool,
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was deleted and comes back.
    Returned,
    /// It gets an older content again.
    Reverted,
    /// It did not exist and goes; its content stays in its history.
    Removed,
    /// Something else changed it after the device: it is left.
    Covered,
    /// Its older content is not kept any more.
    Lost,
    /// It could not be done; the fault says why.
    Refused,
}

/// An item and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The item.
    pub name: String,
    /// What became of it.
    pub deed: Deed,
    /// Why not, where it was refused.
    pub fault: Option<Fault>,
}

/// What became of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Items that changed, or could not; in the order of their names.
    pub items: Vec<Undone>,
    /// Transactions that it took: what is in one is done together or not at all.
    pub pieces: usize,
}

/// What is told of collections and what became of them, in the caller's words. It may run several times.
pub type Tell<T> = dyn Fn(&[UndoneCollection]) -> T + Send + Sync;

impl Core {
    /// Brings a collection to what it was at a moment, or takes back what one device did since. Others' changes that come
    /// meanwhile are left alone, and told. A `request` that was answered is answered alike.
    pub async fn undo<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        actor: &Actor,
        access: &Access,
        undo: &Undo,
        request: Option<Once>,
        tell: Arc<Tell<T>>,
    ) -> Result<T, Fault> {
        access.need(Privilege::Read)?;
        // What each item needs is asked again in its transaction.
        access.need(Privilege::WriteContent)?;
        // A trial does nothing that could be done twice.
        let request = request.filter(|_| !undo.dry_run);
        if let Some(told) = self.told_before(actor, request.as_ref()).await? {
            return Ok(told);
        }
        self.in_reach(undo.as_of)?;
        let planned = self.planned(actor, access, undo).await?;
        self.carry_out(actor, vec![Going::new(access, planned, None)], undo, request, tell).await
    }

    /// As [`Core::undo`] with a device, in all collections that the actor may write to, and with those that the device deleted, made or
    /// changed themselves. Tells those where something was to be done.
    pub async fn undo_device<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        actor: &Actor,
        undo: &Undo,
        request: Option<Once>,
        tell: Arc<Tell<T>>,
    ) -> Result<T, Fault> {
        actor.whole()?;
        let request = request.filter(|_| !undo.dry_run);
        if let Some(told) = self.told_before(actor, request.as_ref()).await? {
            return Ok(told);
        }
        self.in_reach(undo.as_of)?;
        let mut all = Vec::new();
        let mut left = MOST_ITEMS;
        let mut take = |going: Going| {
            left = left.checked_sub(going.planned.len()).ok_or_else(too_many)?;
            if going.is_wanted() {
                all.push(going);
            }
            Ok::<(), Fault>(())
        };
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            for access in self.known_collections(actor, home).await? {
                let needs = [Privilege::Read, Privilege::WriteContent];
                let may = needs.into_iter().all(|privilege| access.need(privilege).is_ok());
                let planned = if may { self.planned(actor, &access, undo).await? } else { Vec::new() };
                let fate = self.fate(actor, &access, undo, &planned).await?;
                take(Going::new(&access, planned, fate))?;
            }
            // After the others: what stands in its place may go first.
            for of in self.deleted_since(actor, home, undo.as_of).await? {
                if self.was_deleted_by(actor, of.id, undo).await? {
                    let traces = self.trace(actor, &of, undo).await?;
                    let planned = self.plan(of.id, traces).await?;
                    take(Going::returning(actor, &of, planned))?;
                }
            }
        }
        self.carry_out(actor, all, undo, request, tell).await
    }

    /// What was told when the request came before.
    async fn told_before<T: DeserializeOwned + Send + 'static>(
        &self,
        actor: &Actor,
        request: Option<&Once>,
    ) -> Result<Option<T>, Fault> {
        let Some(request) = request.cloned() else { return Ok(None) };
        let (actor, now) = (actor.clone(), self.now());
        fault(self.store.read(Weight::Point, move |tx| noted(tx, &actor, &request, now)).await)
    }

    /// What is to be done to the items of a collection.
    async fn planned(&self, actor: &Actor, access: &Access, undo: &Undo) -> Result<Vec<Planned>, Fault> {
        let of = access.collection();
        if undo.device.is_none() && undo.as_of < of.created_at {
            return Err(Fault::BadRequest("the collection did not exist then".into()));
        }
        let traces = self.trace(actor, of, undo).await?;
        let planned = self.plan(of.id, traces).await?;
        self.seen_of(access, planned).await
    }

    async fn carry_out<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        actor: &Actor,
        all: Vec<Going>,
        undo: &Undo,
        request: Option<Once>,
        tell: Arc<Tell<T>>,
    ) -> Result<T, Fault> {
        if !undo.dry_run {
            return self.apply(actor, all, undo, request, tell).await;
        }
        let told: Vec<UndoneCollection> = all.iter().map(|going| going.report(None)).collect();
        Ok(tell(&told))
    }

    /// Refuses a moment of which not everything is kept.
    fn in_reach(&self, as_of: i64) -> Result<(), Fault> {
        let now = self.now();
        if as_of > now {
            return Err(Fault::BadRequest("is in the future".into()));
        }
        if as_of < now - KEEP {
            return Err(Fault::BadRequest("is longer ago than older contents are kept".into()));
        }
        Ok(())
    }

    /// What the log tells of each item that may have to change.
    async fn trace(
        &self,
        actor: &Actor,
        of: &crate::domain::collection::Collection,
        undo: &Undo,
    ) -> Result<trace::Traces, Fault> {
        let (id, who, undo) = (of.id, actor.id, undo.clone());
        let read = move |tx: &mut crate::store::ReadTx<'_>| {
            let mut traces = trace::Traces::new(undo.as_of, undo.device.clone().map(|key| (who, key)));
            let mut before = i64::MAX;
            loop {
                let page = tx.log_before(id, before, trace::PAGE)?;
                let Some(last) = page.last().map(|entry| entry.modseq) else { break };
                before = last;
                if !page.into_iter().all(|entry| traces.take(entry)) {
                    break;
                }
                if traces.len() > MOST_ITEMS {
                    return Err(too_many().into());
                }
            }
            Ok(traces)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

fn too_many() -> Fault {
    Fault::Conflict(
        "more than 20000 items have changed since: undo a shorter time, or one collection or item at a time",
    )
}
