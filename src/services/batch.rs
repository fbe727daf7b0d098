//! Many writes in one transaction: all of them, or none. Each is done by the function that does it alone.

use super::access::{self, Place};
use super::actor::Actor;
use super::content::{self, Sent};
use super::idempotency::{Once, once};
use super::items::{self, Named};
use super::transfer::{self, Transfer};
use super::{Core, Limits, fault, labour};
use crate::domain::collection::CollectionKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::object::{Draft, ItemKind};
use crate::domain::precondition::Preconditions;
use crate::store::{Error, WriteTx};
use crate::text::ical::CalendarIndex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One write.
#[derive(Debug, Clone)]
pub enum Step {
    /// Stores an item.
    Put {
        /// Where.
        place: Place,
        /// Under which name.
        name: String,
        /// What.
        sent: Sent,
        /// What the item must be.
        kind: ItemKind,
        /// What kind of collection stands there.
        into: CollectionKind,
        /// Conditions on what stands there.
        conditions: Preconditions,
    },
    /// Removes an item.
    Delete {
        /// From where.
        place: Place,
        /// Which.
        name: String,
        /// What the item must be.
        kind: ItemKind,
        /// Conditions on it.
        conditions: Preconditions,
    },
    /// Copies or moves one.
    Transfer(Transfer),
}

/// A step with what could be worked out before the transaction.
#[derive(Clone)]
enum Ready {
    Put {
        place: Place,
        draft: Box<Draft>,
        index: Option<Box<CalendarIndex>>,
        kind: ItemKind,
        conditions: Preconditions,
    },
    Delete {
        place: Place,
        name: String,
        kind: ItemKind,
        conditions: Preconditions,
    },
    Transfer(Transfer),
}

/// Why a batch was not done, and which of its steps is the reason.
#[derive(Debug)]
pub struct Undone {
    /// The step's number, from 0; `None` where it is no step's fault.
    pub at: Option<usize>,
    /// Why.
    pub fault: Fault,
}

/// The number of no step.
const NONE: usize = usize::MAX;

impl Core {
    /// Does all steps, in their order, or none of them. Tells of each what is stored; of what was removed nothing.
    pub async fn batch(
        &self,
        actor: &Actor,
        steps: Vec<Step>,
        request: Option<Once>,
    ) -> Result<Vec<Option<Named>>, Undone> {
        let mut ready = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            let done = self.prepare(step).await;
            ready.push(done.map_err(|fault| Undone { at: Some(at), fault })?);
        }
        let (actor, limits) = (actor.clone(), Arc::clone(&self.limits));
        // Told when the transaction is refused: the number that its last run stopped at.
        let reached = Arc::new(AtomicUsize::new(NONE));
        let told = Arc::clone(&reached);
        let done = self.store.write(move |tx| {
            told.store(NONE, Ordering::Relaxed);
            once(tx, &actor, request.as_ref(), |tx| {
                lock(tx, &actor, &ready)?;
                let mut all = Vec::with_capacity(ready.len());
                for (at, step) in ready.iter().enumerate() {
                    told.store(at, Ordering::Relaxed);
                    all.push(run(tx, &actor, step, &limits)?);
                }
                told.store(NONE, Ordering::Relaxed);
                Ok(all)
            })
        });
        fault(done.await).map_err(|fault| {
            let at = Some(reached.load(Ordering::Relaxed)).filter(|at| *at != NONE);
            Undone { at, fault }
        })
    }

    async fn prepare(&self, step: Step) -> Result<Ready, Fault> {
        Ok(match step {
            Step::Put { place, name, sent, kind, into, conditions } => {
                let limits = Arc::clone(&self.limits);
                let bytes = sent.body.len();
                let work = move || content::draft(&name, sent, into, &limits);
                let (draft, index) = labour::of(bytes, work).await??;
                if draft.kind != kind {
                    let component = draft.kind.component().unwrap_or_default();
                    return Err(Condition::SupportedCalendarComponent(component.to_owned()).into());
                }
                Ready::Put { place, draft: Box::new(draft), index: index.map(Box::new), kind, conditions }
            }
            Step::Delete { place, name, kind, conditions } => Ready::Delete { place, name, kind, conditions },
            Step::Transfer(transfer) => Ready::Transfer(transfer),
        })
    }
}

/// Locks all homes that the steps work in, in the order in which everybody locks them.
fn lock(tx: &mut WriteTx<'_>, actor: &Actor, steps: &[Ready]) -> Result<(), Error> {
    let mut homes = Vec::new();
    for step in steps {
        match step {
            Ready::Put { place, .. } | Ready::Delete { place, .. } => {
                homes.push(access::home_of(tx, actor, place)?)
            }
            Ready::Transfer(what) => {
                homes.push(access::home_of(tx, actor, &what.from.place)?);
                homes.push(access::home_of(tx, actor, &what.to.place)?);
            }
        }
    }
    access::lock_all(tx, homes)
}

fn run(tx: &mut WriteTx<'_>, actor: &Actor, step: &Ready, limits: &Limits) -> Result<Option<Named>, Error> {
    match step {
        Ready::Put { place, draft, index, kind, conditions } => {
            let kind = Some(*kind);
            items::put(tx, actor, place, draft, index.as_deref(), conditions, kind, limits.members).map(Some)
        }
        Ready::Delete { place, name, kind, conditions } => {
            items::delete(tx, actor, place, name, conditions, Some(*kind)).map(|()| None)
        }
        Ready::Transfer(what) => transfer::transfer(tx, actor, what, limits).map(Some),
    }
}
