//! Many writes in one transaction: all of them, or none. Each is done by the function that does it alone.

use super::access::{self, Place};
use super::actor::Actor;
use super::content::{self, Sent};
use super::edits::{ATTEMPTS, media_of, unmoved};
use super::idempotency::{Once, once};
use super::items::{self, Named};
use super::transfer::{self, Transfer};
use super::{Core, Limits, fault, labour};
use crate::domain::acl::Privilege;
use crate::domain::collection::CollectionKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::object::{Draft, ItemKind};
use crate::domain::precondition::{Preconditions, Tags};
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
    /// Makes a new text of what stands there.
    Edit {
        /// Where.
        place: Place,
        /// Which.
        name: String,
        /// What the item must be.
        kind: ItemKind,
        /// What kind of collection stands there.
        into: CollectionKind,
        /// Conditions on it.
        conditions: Preconditions,
        /// What is made of it.
        rewrite: Rewrite,
    },
    /// Copies or moves one.
    Transfer(Transfer),
}

/// What is at fault in a step, in the caller's words, and why.
pub type Wrong = (String, Fault);

/// Makes the text of an item of the one that stands there, or of nothing. It may run several times.
#[derive(Clone)]
pub struct Rewrite(pub Arc<Making>);

/// What a [`Rewrite`] does.
pub type Making = dyn Fn(Option<&str>) -> Result<String, Wrong> + Send + Sync;

impl std::fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rewrite")
    }
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
    /// Told only when it is its turn: a batch that was done before is not judged again.
    Wrong(Fault),
}

/// Why a batch was not done, and which of its steps is the reason.
#[derive(Debug)]
pub struct Undone {
    /// The step's number, from 0; `None` where it is no step's fault.
    pub at: Option<usize>,
    /// What is at fault in it, in the caller's words.
    pub field: String,
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
        let edited: Vec<bool> = steps.iter().map(|step| matches!(step, Step::Edit { .. })).collect();
        if !edited.contains(&true) {
            return self.batch_once(actor, steps, request).await;
        }
        for _ in 0..ATTEMPTS {
            match self.batch_once(actor, steps.clone(), request.clone()).await {
                // Somebody was faster; where it is the client's own condition that does not hold, `field` says so.
                Err(Undone { at: Some(at), field, fault: Fault::PreconditionFailed })
                    if field.is_empty() && edited.get(at) == Some(&true) => {}
                other => return other,
            }
        }
        Err(Undone { at: None, field: String::new(), fault: Fault::Busy(1) })
    }

    async fn batch_once(
        &self,
        actor: &Actor,
        steps: Vec<Step>,
        request: Option<Once>,
    ) -> Result<Vec<Option<Named>>, Undone> {
        let mut ready = Vec::with_capacity(steps.len());
        let mut fields = Vec::with_capacity(steps.len());
        let mut touched = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            touches(&step, &mut touched);
            let again = matches!(&step, Step::Edit { place, name, .. } if touched.iter().filter(|one| **one == (place.clone(), name.clone())).count() > 1);
            let (step, field) = if again {
                let why = "an operation before this one is about the same item: JSON can only replace what is stored";
                (Ready::Wrong(Fault::Conflict(why)), "/path".to_owned())
            } else {
                let prepared = self.prepare(actor, step).await;
                prepared.map_err(|fault| Undone { at: Some(at), field: String::new(), fault })?
            };
            ready.push(step);
            fields.push(field);
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
            let field = at.and_then(|at| fields.get(at).cloned()).unwrap_or_default();
            Undone { at, field, fault }
        })
    }

    /// What can be worked out of a step, and what is at fault in it where it cannot be done.
    async fn prepare(&self, actor: &Actor, step: Step) -> Result<(Ready, String), Fault> {
        let ready = match step {
            Step::Put { place, name, sent, kind, into, conditions } => {
                let (draft, index) = self.drafted(name, sent, kind, into).await?;
                Ready::Put { place, draft, index, kind, conditions }
            }
            Step::Edit { place, name, kind, into, conditions, rewrite } => {
                let done = self.rewritten(actor, place, name, kind, into, conditions, rewrite).await;
                return Ok(match done {
                    Ok(ready) => (ready, String::new()),
                    Err((field, fault)) => (Ready::Wrong(fault), field),
                });
            }
            Step::Delete { place, name, kind, conditions } => Ready::Delete { place, name, kind, conditions },
            Step::Transfer(transfer) => Ready::Transfer(transfer),
        };
        Ok((ready, String::new()))
    }

    async fn drafted(
        &self,
        name: String,
        sent: Sent,
        kind: ItemKind,
        into: CollectionKind,
    ) -> Result<(Box<Draft>, Option<Box<CalendarIndex>>), Fault> {
        let limits = Arc::clone(&self.limits);
        let work_bytes = sent.body.len();
        let work = move || content::draft(&name, sent, into, &limits);
        let (draft, index) = labour::of(work_bytes, work).await??;
        if draft.kind != kind {
            let component = draft.kind.component().unwrap_or_default();
            return Err(Condition::SupportedCalendarComponent(component.to_owned()).into());
        }
        Ok((Box::new(draft), index.map(Box::new)))
    }

    /// The step that stores what is made of the item as it is now, if it is still so then.
    #[allow(clippy::too_many_arguments, reason = "one step, taken apart")]
    async fn rewritten(
        &self,
        actor: &Actor,
        place: Place,
        name: String,
        kind: ItemKind,
        into: CollectionKind,
        conditions: Preconditions,
        rewrite: Rewrite,
    ) -> Result<Ready, Wrong> {
        let plain = |fault| (String::new(), fault);
        let seen = match self.item(actor, &place, &name).await {
            Ok(seen) => Some(seen),
            Err(Fault::NotFound) => None,
            Err(fault) => return Err(plain(fault)),
        };
        let unmoved = match &seen {
            Some((access, object)) => {
                if object.kind != kind {
                    return Err(plain(Fault::Conflict("an item of another kind has this name")));
                }
                object.whole(Privilege::WriteContent).map_err(plain)?;
                let held = self.hold_for_read(actor, conditions, access, object).await;
                held.map_err(|fault| ("/ifMatch".to_owned(), fault))?;
                unmoved(object)
            }
            None if conditions.if_match.is_some() => {
                return Err(("/ifMatch".to_owned(), Fault::PreconditionFailed));
            }
            None => Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() },
        };
        let body = seen.map(|(_, object)| object.into_inner().body);
        let bytes = body.as_ref().map_or(0, String::len);
        let text = labour::of(bytes, move || (rewrite.0)(body.as_deref())).await.map_err(plain)??;
        let sent = Sent { body: text, media: media_of(place.home) };
        let (draft, index) = self.drafted(name, sent, kind, into).await.map_err(plain)?;
        Ok(Ready::Put { place, draft, index, kind, conditions: unmoved })
    }
}

/// Notes the items that a step is about.
fn touches(step: &Step, touched: &mut Vec<(Place, String)>) {
    match step {
        Step::Put { place, name, .. } | Step::Edit { place, name, .. } | Step::Delete { place, name, .. } => {
            touched.push((place.clone(), name.clone()));
        }
        Step::Transfer(what) => {
            for end in [&what.from, &what.to] {
                touched.push((end.place.clone(), end.name.clone()));
            }
        }
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
            Ready::Wrong(_) => {}
        }
    }
    access::lock_all(tx, homes)
}

fn run(tx: &mut WriteTx<'_>, actor: &Actor, step: &Ready, limits: &Limits) -> Result<Option<Named>, Error> {
    match step {
        Ready::Put { place, draft, index, kind, conditions } => {
            let kind = Some(*kind);
            items::put(tx, actor, place, draft, index.as_deref(), conditions, kind, limits.members, false)
                .map(Some)
        }
        Ready::Delete { place, name, kind, conditions } => {
            items::delete(tx, actor, place, name, conditions, Some(*kind)).map(|()| None)
        }
        Ready::Transfer(what) => transfer::transfer(tx, actor, what, limits).map(Some),
        Ready::Wrong(fault) => Err(fault.clone().into()),
    }
}
