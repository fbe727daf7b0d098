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
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::store::Weight;
use plan::Planned;

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

impl Core {
    /// Brings a collection to what it was at a moment, or takes back what one device did since. Others' changes that come
    /// meanwhile are left alone, and told.
    pub async fn undo(&self, actor: &Actor, access: &Access, undo: &Undo) -> Result<Report, Fault> {
        let of = access.need(Privilege::Read)?.collection();
        // What each item needs is asked again in its transaction.
        access.need(Privilege::WriteContent)?;
        self.in_reach(undo.as_of)?;
        if undo.device.is_none() && undo.as_of < of.created_at {
            return Err(Fault::BadRequest("the collection did not exist then".into()));
        }
        let traces = self.trace(actor, of, undo).await?;
        let planned = self.plan(of.id, traces).await?;
        if undo.dry_run {
            let items = planned.into_iter().map(Planned::told).collect();
            return Ok(Report { items, pieces: 0 });
        }
        self.apply(actor, access, planned).await
    }

    /// As [`Core::undo`] with a device, in all collections that the actor may write to, and with those that the device deleted, made or
    /// changed themselves. Tells those where something was to be done.
    pub async fn undo_device(
        &self,
        actor: &Actor,
        key: &str,
        as_of: i64,
        dry_run: bool,
    ) -> Result<Vec<UndoneCollection>, Fault> {
        actor.whole()?;
        self.in_reach(as_of)?;
        let undo = Undo { as_of, device: Some(key.to_owned()), dry_run };
        let mut all = Vec::new();
        let mut left = MOST_ITEMS;
        let mut take = |done: UndoneCollection| {
            left = left.saturating_sub(done.report.items.len());
            if done.fate.is_some() || !done.report.items.is_empty() {
                all.push(done);
            }
            if left == 0 { Err(too_many()) } else { Ok(()) }
        };
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            // What is removed here is not found among what the device deleted; and what stands in its place goes first.
            let deleted = self.deleted_since(actor, home, as_of).await?;
            for access in self.known_collections(actor, home).await? {
                if access.need(Privilege::Read).is_err() || access.need(Privilege::WriteContent).is_err() {
                    continue;
                }
                let report = self.undo(actor, &access, &undo).await?;
                let fate = self.undo_itself(actor, &access, &undo, &report).await?;
                take(UndoneCollection { id: access.collection().id, home, fate, report })?;
            }
            for of in deleted {
                if let Some(done) = self.undo_deletion(actor, &of, &undo).await? {
                    take(done)?;
                }
            }
        }
        Ok(all)
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
