//! A plan is carried out: first what goes, so that UIDs are free, then what comes back. Each piece is one transaction. A collection that was
//! deleted comes back before its items, and what a device did to a collection is taken back after them.
//!
//! An item that is not as it was seen, or that the collection does not take, is left and told; the others are done. What was done is noted
//! with the last of them: who repeats a request that ended before it has the rest done, and what is left of it told.

use super::collections::{Fate, UndoneCollection, undo_itself};
use super::plan::Planned;
use super::{Core, Deed, Report, Tell, Undo, Undone, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::object::Draft;
use crate::services::access::{self, Access, Place};
use crate::services::actor::Actor;
use crate::services::admission::{self, Entering};
use crate::services::content::{self, Media, Sent};
use crate::services::idempotency::{Once, once};
use crate::services::items;
use crate::services::labour;
use crate::services::{personal, projection, trash};
use crate::store::{Error, Weight, WriteTx};
use crate::text::ical::CalendarIndex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Items of one transaction at most.
const MOST: usize = 500;
/// Octets of their contents at most, unless a single one is longer.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// One act. An item whose UID changes takes two: what is there goes, what was there comes.
#[derive(Debug, Clone)]
struct Act {
    name: String,
    /// The number that the item must still have; `None`: it must not be there.
    seen: Option<i64>,
    /// The row of the content to be written, and its octets; `None`: the item goes.
    content: Option<(i64, usize)>,
}

/// An act with what could be worked out before the transaction.
#[derive(Clone)]
enum Ready {
    Remove { name: String, seen: Option<i64> },
    Put { seen: Option<i64>, draft: Box<Draft>, index: Option<Box<CalendarIndex>> },
    Not { name: String, fault: Fault },
}

/// What became of an act: the item, and why it was not done.
type Outcome = (String, Option<Fault>);

/// A collection that is being undone.
pub(super) struct Going {
    id: CollectionId,
    kind: CollectionKind,
    /// Where it stands; where it stood, until it is back.
    place: Place,
    /// What is to be done to its items.
    pub planned: Vec<Planned>,
    /// What is to become of the collection itself, and then what became of it.
    fate: Option<Fate>,
    /// Transactions that its items take.
    pieces: usize,
    /// Why items were not done.
    faults: HashMap<String, Fault>,
}

/// One transaction, and the collection that it is about.
enum Step {
    /// It comes back.
    Return(usize),
    /// Some of its items.
    Items(usize, Vec<Act>),
    /// What the device did to it.
    Itself(usize),
}

/// A step with what could be worked out before the transaction.
enum Work {
    Return { id: CollectionId, place: Place, kind: CollectionKind, other: String, most: usize },
    Items { place: Place, ready: Vec<Ready>, members: i64 },
    Itself { place: Place, undo: Undo },
}

/// What came of a step.
pub(super) enum Done {
    /// It is back, at this place; or why not.
    Back(Result<Place, Fault>),
    Items(Vec<Outcome>),
    Itself(Option<Fate>),
}

impl Going {
    /// One that is there.
    pub(super) fn new(access: &Access, planned: Vec<Planned>, fate: Option<Fate>) -> Self {
        let of = access.collection();
        let faults = HashMap::new();
        Going { id: of.id, kind: of.kind, place: access.place(), planned, fate, pieces: 0, faults }
    }

    /// One of the actor's own that was deleted and is to come back.
    pub(super) fn returning(actor: &Actor, of: &Collection, planned: Vec<Planned>) -> Self {
        let place =
            Place { owner: actor.handle.clone(), home: of.home, slug: of.slug.clone(), id: Some(of.id) };
        let (fate, faults) = (Some(Fate::Returned), HashMap::new());
        Going { id: of.id, kind: of.kind, place, planned, fate, pieces: 0, faults }
    }

    /// Whether there is anything to be told of it.
    pub(super) fn is_wanted(&self) -> bool {
        self.fate.is_some() || !self.planned.is_empty()
    }

    /// What is to be done, each in a transaction. `at` is its number.
    fn steps(&mut self, at: usize) -> Vec<Step> {
        let pieces = cut(acts(&self.planned));
        self.pieces = pieces.len();
        let comes = (self.fate == Some(Fate::Returned)).then_some(Step::Return(at));
        let itself = self.fate.is_some().then_some(Step::Itself(at));
        let items = pieces.into_iter().map(|piece| Step::Items(at, piece));
        comes.into_iter().chain(items).chain(itself).collect()
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Back(Ok(place)) => self.place = place,
            Done::Back(Err(why)) => {
                (self.fate, self.pieces) = (Some(Fate::Refused(why)), 0);
                self.planned.clear();
            }
            Done::Items(outcomes) => self.faults.extend(faults(&outcomes)),
            Done::Itself(fate) => self.fate = self.fate_after(fate),
        }
    }

    /// That it came back is what is told of it, whatever else it was.
    fn fate_after(&self, itself: Option<Fate>) -> Option<Fate> {
        if self.fate == Some(Fate::Returned) { self.fate.clone() } else { itself }
    }

    /// What became of it, or is to; `last` is what came of the last step, where that is not taken yet.
    pub(super) fn report(&self, last: Option<&Done>) -> UndoneCollection {
        let (more, fate) = match last {
            Some(Done::Items(outcomes)) => (faults(outcomes), self.fate.clone()),
            Some(Done::Itself(fate)) => (HashMap::new(), self.fate_after(fate.clone())),
            Some(Done::Back(_)) | None => (HashMap::new(), self.fate.clone()),
        };
        let told = |one: &Planned| match self.faults.get(&one.name).or_else(|| more.get(&one.name)) {
            Some(fault) => Undone { name: one.name.clone(), deed: Deed::Refused, fault: Some(fault.clone()) },
            None => one.clone().told(),
        };
        let report = Report { items: self.planned.iter().map(told).collect(), pieces: self.pieces };
        UndoneCollection { id: self.id, home: self.place.home, fate, report }
    }
}

impl Step {
    fn at(&self) -> usize {
        match self {
            Step::Return(at) | Step::Items(at, _) | Step::Itself(at) => *at,
        }
    }
}

impl Work {
    fn run(&self, tx: &mut WriteTx<'_>, actor: &Actor) -> Result<Done, Error> {
        match self {
            Work::Items { place, ready, members } => {
                run_all(tx, actor, place, ready, *members).map(Done::Items)
            }
            Work::Itself { place, undo } => undo_itself(tx, actor, place, undo).map(Done::Itself),
            Work::Return { id, place, kind, other, most } => {
                match trash::put_back(tx, actor, place.home, *kind, *id, other, *most) {
                    Ok(true) => Ok(Done::Back(Ok(place.clone()))),
                    Ok(false) => Ok(Done::Back(Ok(Place { slug: other.clone(), ..place.clone() }))),
                    // Nothing was written: all that refuses does so before.
                    Err(Error::Fault(why @ (Fault::Condition(_) | Fault::NotFound))) => {
                        Ok(Done::Back(Err(why)))
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }
}

/// What became of all; `last` is what came of the last step, of the collection `at`.
fn reports(all: &[Going], at: usize, last: &Done) -> Vec<UndoneCollection> {
    let report = |(number, going): (usize, &Going)| going.report((number == at).then_some(last));
    all.iter().enumerate().map(report).collect()
}

fn faults(outcomes: &[Outcome]) -> HashMap<String, Fault> {
    outcomes.iter().filter_map(|(name, why)| Some((name.clone(), why.clone()?))).collect()
}

impl Core {
    /// Does what is planned. What `tell` makes of it is noted with the last step, where the request has a key.
    pub(super) async fn apply<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        actor: &Actor,
        mut all: Vec<Going>,
        undo: &Undo,
        request: Option<Once>,
        tell: Arc<Tell<T>>,
    ) -> Result<T, Fault> {
        let mut waiting: VecDeque<Step> =
            all.iter_mut().enumerate().flat_map(|(at, going)| going.steps(at)).collect();
        while let Some(step) = waiting.pop_front() {
            let at = step.at();
            let Some(going) = all.get_mut(at) else { continue };
            let work = self.work(going, step, undo).await?;
            let (who, owner) = (actor.clone(), going.place.owner.clone());
            if !waiting.is_empty() {
                let write = move |tx: &mut WriteTx<'_>| work.run(tx, &who);
                let done = fault(self.store.write_home(&owner, write).await)?;
                if matches!(done, Done::Back(Err(_))) {
                    waiting.retain(|step| step.at() != at);
                }
                going.take(done);
                continue;
            }
            let write = move |tx: &mut WriteTx<'_>| {
                once(tx, &who, request.as_ref(), |tx| {
                    let done = work.run(tx, &who)?;
                    Ok(tell(&reports(&all, at, &done)))
                })
            };
            return fault(self.store.write_home(&owner, write).await);
        }
        let told = move || tell(&all.iter().map(|going| going.report(None)).collect::<Vec<_>>());
        if request.is_none() {
            return Ok(told());
        }
        let actor = actor.clone();
        let write = move |tx: &mut WriteTx<'_>| once(tx, &actor, request.as_ref(), |_| Ok(told()));
        fault(self.store.write(write).await)
    }

    /// Works out what can be before the transaction of a step.
    async fn work(&self, going: &Going, step: Step, undo: &Undo) -> Result<Work, Fault> {
        let place = going.place.clone();
        Ok(match step {
            Step::Return(_) => Work::Return {
                id: going.id,
                place,
                kind: going.kind,
                // Made here, for the transaction may run again.
                other: uuid::Uuid::now_v7().to_string(),
                most: self.limits.collections,
            },
            Step::Items(_, piece) => {
                // What did not make way is not written over.
                let piece: Vec<Act> =
                    piece.into_iter().filter(|act| !going.faults.contains_key(&act.name)).collect();
                let ready = self.drafts(going.kind, piece).await?;
                Work::Items { place, ready, members: self.limits.members }
            }
            Step::Itself(_) => Work::Itself { place, undo: undo.clone() },
        })
    }

    /// The piece with its drafts, which are made before the transaction.
    async fn drafts(&self, kind: CollectionKind, piece: Vec<Act>) -> Result<Vec<Ready>, Fault> {
        let rows: Vec<i64> = piece.iter().filter_map(|act| act.content.map(|(row, _)| row)).collect();
        let bodies = fault(self.store.read(Weight::Scan, move |tx| tx.old_bodies(&rows)).await)?;
        let mut bodies: HashMap<i64, String> = bodies.into_iter().collect();
        let mut ready = Vec::with_capacity(piece.len());
        for Act { name, seen, content } in piece {
            let Some((row, bytes)) = content else {
                ready.push(Ready::Remove { name, seen });
                continue;
            };
            let Some(body) = bodies.remove(&row) else {
                ready.push(Ready::Not { name, fault: Fault::NotFound });
                continue;
            };
            let limits = Arc::clone(&self.limits);
            let (sent, called) = (Sent { body, media: Media::Unsaid }, name.clone());
            let drafted = labour::of(bytes, move || content::draft(&called, sent, kind, &limits)).await?;
            ready.push(match drafted {
                Ok((draft, index)) => Ready::Put { seen, draft: Box::new(draft), index: index.map(Box::new) },
                // Limits may have become narrower.
                Err(fault) => Ready::Not { name, fault },
            });
        }
        Ok(ready)
    }
}

impl Ready {
    fn name(&self) -> &str {
        match self {
            Ready::Remove { name, .. } | Ready::Not { name, .. } => name,
            Ready::Put { draft, .. } => &draft.name,
        }
    }
}

/// A piece, in a transaction.
fn run_all(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    ready: &[Ready],
    members: i64,
) -> Result<Vec<Outcome>, Error> {
    let access = access::find_for_change(tx, actor, place)?;
    access.need(Privilege::Read)?;
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(ready.len());
    for act in ready {
        let name = act.name();
        // Of two acts on an item the second needs the first.
        let stuck = outcomes.iter().any(|(other, why)| other == name && why.is_some());
        if stuck {
            continue;
        }
        match run(tx, actor, &access, place, act, members) {
            Ok(()) => outcomes.push((name.to_owned(), None)),
            // Nothing was written: all that refuses does so before.
            Err(Error::Fault(
                fault @ (Fault::Condition(_) | Fault::Conflict(_) | Fault::NotFound | Fault::TooLarge(_)),
            )) => {
                outcomes.push((name.to_owned(), Some(fault)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcomes)
}

fn run(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    access: &Access,
    place: &Place,
    act: &Ready,
    members: i64,
) -> Result<(), Error> {
    let of = access.collection();
    let unmoved = |now: Option<i64>, seen: Option<i64>| {
        if now == seen { Ok(()) } else { Err(Fault::Conflict("it was changed meanwhile")) }
    };
    match act {
        Ready::Not { fault, .. } => Err(fault.clone().into()),
        Ready::Remove { name, seen } => {
            let old = tx.object(of.id, name)?;
            unmoved(old.as_ref().map(|old| old.modseq), *seen)?;
            let Some(old) = old else { return Ok(()) };
            projection::touch(access, &old, Privilege::Unbind)?;
            tx.remove_object(access.need(Privilege::Unbind)?.collection(), &old, &actor.origin(of.home))
        }
        Ready::Put { seen, draft, index } => {
            let old = tx.object(of.id, &draft.name)?;
            unmoved(old.as_ref().map(|old| old.modseq), *seen)?;
            let privilege = if old.is_some() { Privilege::WriteContent } else { Privilege::Bind };
            let into = access.need(privilege)?.collection();
            if let Some(old) = &old {
                projection::touch(access, old, privilege)?;
            }
            projection::admit(access, draft, privilege)?;
            let uid_holder = tx.name_of_uid(into.id, &draft.uid)?;
            let uid_holder = items::known_holder(tx, access, uid_holder)?;
            let entering = Entering { draft, index: index.as_deref(), old: old.as_ref(), uid_holder };
            admission::admit(tx, into, place, entering, members)?;
            // What is the owner's own on the item stays as it is.
            let redrawn = match access.keeps() {
                Some(_) => personal::of_the_past(draft, old.as_ref())?,
                None => None,
            };
            let draft = redrawn.as_ref().unwrap_or(draft);
            items::write(tx, into, draft, old.as_ref(), actor).map(|_| ())
        }
    }
}

/// All acts: what goes before what comes.
fn acts(planned: &[Planned]) -> Vec<Act> {
    let act = |one: &Planned, seen, content| Act { name: one.name.clone(), seen, content };
    let goes = planned.iter().filter(|one| one.deed == Deed::Removed || one.makes_way);
    let mut acts: Vec<Act> = goes.map(|one| act(one, one.seen, None)).collect();
    acts.extend(planned.iter().filter(|one| one.content.is_some()).map(|one| {
        let seen = one.seen.filter(|_| !one.makes_way);
        act(one, seen, one.content)
    }));
    acts
}

/// In pieces that fit into a transaction.
fn cut(acts: Vec<Act>) -> Vec<Vec<Act>> {
    let mut pieces: Vec<Vec<Act>> = Vec::new();
    let mut bytes = 0;
    for act in acts {
        let more = act.content.map_or(0, |(_, size)| size);
        bytes += more;
        match pieces.last_mut() {
            Some(piece) if piece.len() < MOST && bytes <= MOST_BYTES => piece.push(act),
            _ => {
                bytes = more;
                pieces.push(vec![act]);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_cut_by_items_and_by_bytes() {
        let act = |size| Act { name: "a".into(), seen: None, content: Some((1, size)) };
        let sizes = |acts: Vec<Act>| cut(acts).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(Vec::new()), Vec::<usize>::new());
        assert_eq!(sizes(vec![act(10); MOST + 1]), [MOST, 1]);
        assert_eq!(sizes(vec![act(MOST_BYTES), act(1), act(MOST_BYTES + 1)]), [1, 1, 1]);
    }

    #[test]
    fn what_goes_goes_first() {
        let one = |name: &str, deed, content, makes_way| Planned {
            name: name.into(),
            deed,
            seen: Some(3),
            content,
            makes_way,
        };
        let planned = [
            one("a", Deed::Reverted, Some((1, 10)), true),
            one("b", Deed::Removed, None, false),
            one("c", Deed::Covered, None, false),
            one("d", Deed::Reverted, Some((2, 10)), false),
        ];
        let told: Vec<(String, Option<i64>, bool)> =
            acts(&planned).into_iter().map(|act| (act.name, act.seen, act.content.is_some())).collect();
        let wanted = [("a", Some(3), false), ("b", Some(3), false), ("a", None, true), ("d", Some(3), true)];
        assert_eq!(told, wanted.map(|(name, seen, puts)| (name.to_owned(), seen, puts)));
    }
}
