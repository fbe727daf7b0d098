//! What a device did to collections themselves: those that it deleted come back, those that it made go to the trash where nothing of others is
//! in them, and those that it changed are described as they were.
//!
//! As with items, only what lies on top is taken back: what somebody else changed after the device is left, and told. Places and grants are
//! not undone. The log is read again in the transaction that acts on it.

use super::plan::Planned;
use super::{Core, Deed, Report, Undo, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::device;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::invitation;
use crate::services::access::{self, Access, Place};
use crate::services::actor::Actor;
use crate::services::collections::deletable;
use crate::store::{
    CollectionDeed, CollectionEntry, CollectionUpdate, Described, Error, ReadTx, Weight, WriteTx,
};

/// Entries of a collection's log that are looked at: the newest.
const ENTRIES: i64 = 1_000;
/// Deleted collections of a home that are looked at: the last ones.
const DELETED: i64 = 1_000;

/// What becomes of a collection itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was deleted and comes back.
    Returned,
    /// Its properties are again what they were.
    Reverted,
    /// It was made and goes: nothing of others is in it.
    Removed,
    /// Somebody else changed it after the device, or has put something into it: it is left.
    Covered,
    /// It could not be done.
    Refused(Fault),
}

/// A collection, and what became of it and its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneCollection {
    /// Which.
    pub id: CollectionId,
    /// In which home.
    pub home: HomeKind,
    /// What became of the collection itself, where the device did something to it.
    pub fate: Option<Fate>,
    /// What became of its items.
    pub report: Report,
}

/// What the log says of a device and a collection.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    /// Its last deed was to delete it.
    deleted: bool,
    /// It made it, and nobody else has done anything to it since.
    made: bool,
    /// What it was before the device changed it.
    before: Option<Described>,
    /// Something of it lies below what others did.
    covered: bool,
}

/// Judges entries, the newest first.
fn judge(entries: &[CollectionEntry], (who, key): (PrincipalId, &str)) -> Verdict {
    let ours = |entry: &CollectionEntry| {
        entry.actor == who && entry.device.as_deref().is_some_and(|text| device::key(text) == key)
    };
    let made = entries.iter().position(|entry| entry.deed == CollectionDeed::Made && ours(entry));
    if let Some(at) = made {
        let alone = entries.iter().take(at).all(ours);
        let gone = entries.first().is_some_and(|entry| entry.deed == CollectionDeed::Deleted);
        // Made and deleted again: there is nothing to be done.
        return Verdict { made: alone && !gone, covered: !alone && !gone, ..Verdict::default() };
    }
    let mut changes = entries.iter().filter(|entry| entry.deed == CollectionDeed::Changed).peekable();
    let below = !changes.peek().is_some_and(|entry| ours(entry));
    let on_top =
        entries.iter().filter(|entry| entry.deed == CollectionDeed::Changed).take_while(|entry| ours(entry));
    Verdict {
        deleted: entries.first().is_some_and(|entry| entry.deed == CollectionDeed::Deleted && ours(entry)),
        made: false,
        before: on_top.last().and_then(|entry| entry.before.clone()),
        covered: below && changes.any(ours),
    }
}

impl Undo {
    fn verdict(&self, tx: &mut ReadTx<'_>, actor: &Actor, of: CollectionId) -> Result<Verdict, Error> {
        let Some(key) = &self.device else { return Ok(Verdict::default()) };
        let entries = tx.collection_log(of, self.as_of, ENTRIES)?;
        Ok(judge(&entries, (actor.id, key)))
    }
}

impl Core {
    /// The actor's own collections of a home that were deleted since.
    pub(super) async fn deleted_since(
        &self,
        actor: &Actor,
        home: HomeKind,
        since: i64,
    ) -> Result<Vec<Collection>, Fault> {
        let owner = actor.id;
        let read = self.store.read(Weight::Scan, move |tx| tx.deleted_collections(owner, home, DELETED));
        let told = |kind| matches!(kind, CollectionKind::Calendar | CollectionKind::AddressBook);
        let late = fault(read.await)?.into_iter().filter(|one| one.at > since);
        Ok(late.map(|one| one.collection).filter(|one| told(one.kind)).collect())
    }

    /// Whether the last that happened to a deleted collection was that the device deleted it.
    pub(super) async fn was_deleted_by(
        &self,
        actor: &Actor,
        of: CollectionId,
        undo: &Undo,
    ) -> Result<bool, Fault> {
        let (asked, who) = (undo.clone(), actor.clone());
        let read = self.store.read(Weight::Point, move |tx| asked.verdict(tx, &who, of));
        Ok(fault(read.await)?.deleted)
    }

    /// What will become of a collection that is there, once what is planned for its items is done.
    pub(super) async fn fate(
        &self,
        actor: &Actor,
        access: &Access,
        undo: &Undo,
        planned: &[Planned],
    ) -> Result<Option<Fate>, Fault> {
        let (asked, who, place) = (undo.clone(), actor.clone(), access.place());
        let count = |deed| planned.iter().filter(|one| one.deed == deed).count();
        let goes = i64::try_from(count(Deed::Removed)).unwrap_or(0);
        let comes = i64::try_from(count(Deed::Returned)).unwrap_or(0);
        let read = move |tx: &mut ReadTx<'_>| {
            let access = access::find(tx, &who, &place)?;
            let verdict = asked.verdict(tx, &who, access.collection().id)?;
            let left = if verdict.made { left(tx, access.collection())? - goes + comes } else { 0 };
            Ok(fate_of(&access, &verdict, left))
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

/// Takes back what the device did to a collection that is there, after its items, and tells it.
pub(super) fn undo_itself(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    undo: &Undo,
) -> Result<Option<Fate>, Error> {
    let access = access::find_for_change(tx, actor, place)?;
    let of = access.collection();
    let verdict = undo.verdict(tx, actor, of.id)?;
    let left = if verdict.made { left(tx, of)? } else { 0 };
    let fate = fate_of(&access, &verdict, left);
    let by = actor.origin(of.home);
    match (&fate, verdict.before) {
        (Some(Fate::Removed), _) => tx.delete_collection(of, &by)?,
        (Some(Fate::Reverted), Some(mut before)) => {
            invitation::mark(&mut before.props, of.is_shared());
            let update = CollectionUpdate {
                transparent: Some(before.transparent),
                time_zone: Some(before.time_zone),
                props: Some(before.props),
            };
            tx.update_collection(of, &update, &by)?;
        }
        _ => {}
    }
    Ok(fate)
}

/// Members that somebody has put there: those of a subscribed calendar are nobody's.
fn left(tx: &mut ReadTx<'_>, of: &Collection) -> Result<i64, Error> {
    if of.is_subscription() { Ok(0) } else { Ok(tx.extent(of.id)?.members) }
}

/// What becomes of a collection in which so many members are left.
fn fate_of(access: &Access, verdict: &Verdict, left: i64) -> Option<Fate> {
    if verdict.made {
        let goes = left == 0 && deletable(access).is_ok();
        return Some(if goes { Fate::Removed } else { Fate::Covered });
    }
    match &verdict.before {
        Some(before) if *before == Described::of(access.collection()) => None,
        Some(_) => Some(match access.need(Privilege::WriteProperties) {
            Ok(_) => Fate::Reverted,
            Err(refusal) => Fate::Refused(refusal),
        }),
        None => verdict.covered.then_some(Fate::Covered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CollectionDeed::{Changed, Deleted, Made, Returned, Shared};

    /// Judges entries, the newest first; each with the device that did it, and a mark for what a collection was before.
    fn judged(entries: &[(CollectionDeed, &str, bool)]) -> (bool, bool, Option<bool>, bool) {
        let entry = |(deed, device, mark): &(CollectionDeed, &str, bool)| CollectionEntry {
            deed: *deed,
            actor: PrincipalId(1),
            device: Some((*device).to_owned()),
            at: 1,
            before: (*deed == Changed).then(|| Described {
                transparent: *mark,
                time_zone: None,
                props: crate::domain::props::Props::default(),
            }),
        };
        let all: Vec<CollectionEntry> = entries.iter().map(entry).collect();
        let told = judge(&all, (PrincipalId(1), "x"));
        assert_eq!(judge(&all, (PrincipalId(2), "x")), Verdict::default(), "another's device of that name");
        (told.deleted, told.made, told.before.map(|before| before.transparent), told.covered)
    }

    #[test]
    fn what_lies_on_top_is_taken_back() {
        assert_eq!(judged(&[]), (false, false, None, false));
        assert_eq!(judged(&[(Deleted, "x", false)]), (true, false, None, false));
        assert_eq!(judged(&[(Deleted, "z", false), (Changed, "x", true)]), (false, false, Some(true), false));
        assert_eq!(judged(&[(Returned, "x", false), (Deleted, "x", false)]), (false, false, None, false));
        // The oldest change on top tells what it was.
        let twice =
            [(Changed, "x", false), (Shared, "z", false), (Changed, "x", true), (Changed, "z", false)];
        assert_eq!(judged(&twice), (false, false, Some(true), false));
        assert_eq!(judged(&[(Changed, "z", false), (Changed, "x", true)]), (false, false, None, true));
    }

    #[test]
    fn what_was_made_goes_unless_others_use_it() {
        assert_eq!(judged(&[(Changed, "x", true), (Made, "x", false)]), (false, true, None, false));
        assert_eq!(judged(&[(Shared, "z", true), (Made, "x", false)]), (false, false, None, true));
        assert_eq!(judged(&[(Deleted, "x", true), (Made, "x", false)]), (false, false, None, false));
        assert_eq!(judged(&[(Made, "z", false)]), (false, false, None, false));
    }
}
