//! The items of a file on their way into a collection: stored some at a time, or tried: told what would become of them.
//!
//! A trial decides as the transaction of a write does, on what is stored and on what the items before it would have changed.

use super::{Fate, Holds, Item, Known, Piece, refusal};
use crate::domain::acl::Privilege;
use crate::domain::collection::{CollectionKind, Components, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::object::Draft;
use crate::domain::precondition::{Preconditions, Tags};
use crate::services::access::Place;
use crate::services::admission;
use crate::services::content::{self, Sent};
use crate::services::{Access, Actor, Core, fault, labour, projection};
use crate::store::Weight;
use crate::text::ical::CalendarIndex;
use futures_util::future::join_all;
use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::sync::Arc;

/// Items that are stored side by side, and share a commit; and their bytes.
const TOGETHER: usize = 64;
const TOGETHER_BYTES: usize = 1024 * 1024;

/// A collection that takes in items.
#[derive(Debug)]
pub struct Intake {
    place: Place,
    holds: Holds,
    known: Known,
    /// Not fewer than its items, as far as this import knows.
    members: i64,
    trial: Option<Trial>,
}

/// What a trial would have changed so far.
#[derive(Debug, Default)]
struct Trial {
    /// What the collection would take that is not there yet.
    to_come: Option<Components>,
    /// UIDs by the names of their items.
    names: HashMap<String, String>,
    /// Names by the UIDs of their items.
    uids: HashMap<String, String>,
    created: i64,
}

/// What stands where an item is to go.
struct Found {
    /// Unless the collection is to come.
    access: Option<Access>,
    /// The UID of what has the item's name.
    old: Option<String>,
    /// The name of what has the item's UID.
    holder: Option<String>,
    /// Whether it takes one more.
    full: bool,
    /// Why what is there may not be replaced, where it is hidden.
    closed: Option<Fault>,
}

impl Intake {
    /// Into a collection; `trial`: nothing is stored.
    pub fn new(access: &Access, holds: Holds, known: Known, trial: bool) -> Self {
        let members = access.collection().modseq;
        Intake { place: access.place(), holds, known, members, trial: trial.then(Trial::default) }
    }

    /// Into a collection that was made for it.
    pub fn made(place: Place, holds: Holds, known: Known) -> Self {
        Intake { place, holds, known, members: 0, trial: None }
    }

    /// A trial of a collection that would be made for it.
    pub fn to_come(place: Place, holds: Holds, known: Known, components: Components) -> Self {
        let trial = Trial { to_come: Some(components), ..Trial::default() };
        Intake { place, holds, known, members: 0, trial: Some(trial) }
    }
}

/// What became of a piece of a file.
#[derive(Debug)]
pub struct Outcome {
    /// The item: its UID, and what it is called.
    pub label: String,
    /// The line of the file where it begins.
    pub line: Option<u64>,
    /// Its fate, or what ends the import.
    pub fate: Result<Fate, Fault>,
}

/// Takes those off that are stored together: no two of one name or UID, for the second must find the first.
pub fn together(pieces: &mut Peekable<impl Iterator<Item = Piece>>) -> Vec<Piece> {
    let (mut taken, mut bytes): (Vec<Piece>, usize) = (Vec::new(), 0);
    let mut seen: HashSet<String> = HashSet::new();
    while taken.len() < TOGETHER && bytes < TOGETHER_BYTES {
        let fresh = |piece: &Piece| match piece {
            Piece::Item(item) => !seen.contains(&item.uid) && !seen.contains(&item.name),
            Piece::Broken { .. } => true,
        };
        let Some(next) = pieces.next_if(fresh) else { break };
        if let Piece::Item(item) = &next {
            bytes += item.body.len();
            seen.extend([item.uid.clone(), item.name.clone()]);
        }
        taken.push(next);
    }
    taken
}

impl Core {
    /// Takes pieces of a file in, side by side; or tries them, one after the other. An account that is over its limits, and a database that fails,
    /// end an import; what became of the others counts all the same.
    pub async fn take_in(&self, actor: &Actor, into: &mut Intake, pieces: Vec<Piece>) -> Vec<Outcome> {
        into.members = into.members.saturating_add(i64::try_from(pieces.len()).unwrap_or(i64::MAX));
        // Where not all may have room, the first ones in the file have it.
        if into.trial.is_none() && into.members < self.limits.members {
            let into = &*into;
            return join_all(pieces.into_iter().map(|piece| async move {
                match piece.item() {
                    Ok((label, line, item)) => {
                        Outcome { label, line, fate: self.store_one(actor, into, item).await }
                    }
                    Err(outcome) => outcome,
                }
            }))
            .await;
        }
        let mut outcomes = Vec::with_capacity(pieces.len());
        for piece in pieces {
            outcomes.push(match piece.item() {
                Ok((label, line, item)) => {
                    let fate = match &into.trial {
                        Some(_) => self.try_one(actor, into, item).await,
                        None => self.store_one(actor, into, item).await,
                    };
                    Outcome { label, line, fate }
                }
                Err(outcome) => outcome,
            });
        }
        outcomes
    }

    async fn store_one(&self, actor: &Actor, into: &Intake, item: Item) -> Result<Fate, Fault> {
        let sent = Sent { body: item.body, media: into.holds.media() };
        let fresh = Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() };
        let other = match self.put_item(actor, &into.place, &item.name, sent.clone(), fresh).await {
            Ok(_) => return Ok(Fate::Created),
            Err(Fault::PreconditionFailed) => item.name,
            // Something has this name, though it may not be written.
            Err(failed) if is_closed(&failed) => item.name,
            Err(Fault::Condition(Condition::NoUidConflict { href, .. })) => href,
            Err(failed) => return self.unless_hidden(actor, into, failed).await,
        };
        if into.known == Known::Skip {
            return Ok(Fate::Kept);
        }
        if other.is_empty() {
            return Ok(Fate::Refused("this UID is in use".to_owned()));
        }
        match self.put_item(actor, &into.place, &other, sent, Preconditions::default()).await {
            Ok(_) => Ok(Fate::Replaced),
            Err(failed) if is_closed(&failed) => Ok(Fate::Refused(failed.to_string())),
            Err(failed) => self.unless_hidden(actor, into, failed).await,
        }
    }

    /// As [`refusal`]; but what is not found, though the collection is, may be an item that is hidden: the fate of one, not of all.
    async fn unless_hidden(&self, actor: &Actor, into: &Intake, failed: Fault) -> Result<Fate, Fault> {
        let one = matches!(
            &failed,
            Fault::NotFound | Fault::Condition(Condition::NeedPrivileges { privilege: Privilege::Bind, .. })
        );
        if one {
            let access = self.collection(actor, &into.place).await?;
            if !access.sight().is_whole() && access.need(Privilege::Bind).is_ok() {
                return Ok(Fate::Refused(failed.to_string()));
            }
        }
        refusal(failed)
    }

    async fn try_one(&self, actor: &Actor, into: &mut Intake, item: Item) -> Result<Fate, Fault> {
        let access = match &into.trial {
            Some(Trial { to_come: Some(_), .. }) => None,
            _ => Some(self.collection(actor, &into.place).await?),
        };
        let kind = match (&access, into.holds) {
            (Some(access), _) => access.collection().kind,
            (None, Holds::Calendar) => CollectionKind::Calendar,
            (None, Holds::Cards) => CollectionKind::AddressBook,
        };
        let sent = Sent { body: item.body, media: into.holds.media() };
        let (name, limits) = (item.name, Arc::clone(&self.limits));
        let drafted = labour::of(sent.body.len(), move || content::draft(&name, sent, kind, &limits)).await?;
        let (draft, index) = match drafted {
            Ok(drafted) => drafted,
            Err(failed) => return refusal(failed),
        };
        let found = self.found(into, access, &draft.name, &draft.uid).await?;
        if let Some(access) = &found.access
            && let Err(failed) = projection::admit(access, &draft, Privilege::Bind)
        {
            return Ok(Fate::Refused(failed.to_string()));
        }
        let fate = into.fate(&draft, index.as_ref(), &found);
        match fate {
            Ok(fate) => Ok(fate),
            Err(failed) => refusal(failed),
        }
    }

    /// What is stored, and would be.
    async fn found(
        &self,
        into: &Intake,
        access: Option<Access>,
        name: &str,
        uid: &str,
    ) -> Result<Found, Fault> {
        let Some(trial) = &into.trial else { return Err(Fault::Internal) };
        let members = self.limits.members;
        let (mut old, mut holder) = (trial.names.get(name).cloned(), trial.uids.get(uid).cloned());
        let (mut full, mut closed) = (trial.created >= members, None);
        if let Some(access) = &access {
            let (id, modseq, created) = (access.collection().id, access.collection().modseq, trial.created);
            let (name, uid, whole) = (name.to_owned(), uid.to_owned(), access.sight().is_whole());
            let stored = self.store.read(Weight::Point, move |tx| {
                let old = tx.object(id, &name)?;
                let full = modseq + created >= members && tx.usage(id)?.0 + created >= members;
                let holder = tx.name_of_uid(id, &uid)?;
                let of_holder = match &holder {
                    Some(name) if !whole => tx.object(id, name)?,
                    _ => None,
                };
                Ok((old, holder, of_holder, full))
            });
            let (old_stored, holder_stored, of_holder, full_stored) = fault(stored.await)?;
            closed = old_stored
                .iter()
                .chain(&of_holder)
                .find_map(|stored| projection::touch(access, stored, Privilege::WriteContent).err());
            let old_stored = old_stored.map(|object| object.uid);
            full = full_stored;
            old = old.or(old_stored);
            // Unless that item would have got another UID.
            holder = holder.or(holder_stored.filter(|name| !trial.names.contains_key(name)));
        }
        Ok(Found { access, old, holder, full, closed })
    }
}

impl Intake {
    /// What would become of an item, and notes that it has.
    fn fate(&mut self, draft: &Draft, index: Option<&CalendarIndex>, found: &Found) -> Result<Fate, Fault> {
        let may =
            |privilege| found.access.as_ref().map_or(Ok(()), |access| access.need(privilege).map(|_| ()));
        let other = match &found.old {
            Some(_) => draft.name.clone(),
            None => {
                may(Privilege::Bind)?;
                match self.fits(draft, index, found, None) {
                    Ok(()) if found.full => return Err(Condition::QuotaNotExceeded.into()),
                    Ok(()) => {
                        self.note(&draft.uid, &draft.name, true);
                        return Ok(Fate::Created);
                    }
                    Err(Condition::NoUidConflict { href, .. }) => href,
                    Err(condition) => return Err(condition.into()),
                }
            }
        };
        if self.known == Known::Skip {
            return Ok(Fate::Kept);
        }
        if let Some(closed) = &found.closed {
            return Ok(Fate::Refused(closed.to_string()));
        }
        if let Err(failed) = may(Privilege::WriteContent) {
            return if is_closed(&failed) { Ok(Fate::Refused(failed.to_string())) } else { Err(failed) };
        }
        let old = match &found.old {
            Some(uid) => uid.as_str(),
            None => draft.uid.as_str(),
        };
        self.fits(draft, index, found, Some((old, &other)))?;
        self.note(&draft.uid, &other, false);
        Ok(Fate::Replaced)
    }

    fn fits(
        &self,
        draft: &Draft,
        index: Option<&CalendarIndex>,
        found: &Found,
        old: Option<(&str, &str)>,
    ) -> Result<(), Condition> {
        let to_come = self.trial.as_ref().and_then(|trial| trial.to_come).unwrap_or(Components::ALL);
        let into = match &found.access {
            Some(access) => (access.collection().kind, access.collection().components),
            None if self.place.home == HomeKind::AddressBooks => (CollectionKind::AddressBook, to_come),
            None => (CollectionKind::Calendar, to_come),
        };
        admission::fits_beside(into, &self.place, draft, index, old, found.holder.as_deref())
    }

    fn note(&mut self, uid: &str, name: &str, created: bool) {
        if let Some(trial) = &mut self.trial {
            if let Some(before) = trial.names.insert(name.to_owned(), uid.to_owned()) {
                trial.uids.remove(&before);
            }
            trial.uids.insert(uid.to_owned(), name.to_owned());
            trial.created += i64::from(created);
        }
    }
}

impl Piece {
    /// The item with what is told of it; of what is none, what became of it.
    fn item(self) -> Result<(String, Option<u64>, Item), Outcome> {
        match self {
            Piece::Item(mut item) => Ok((std::mem::take(&mut item.label), item.line, item)),
            Piece::Broken { label, line, why } => Err(Outcome { label, line, fate: Ok(Fate::Refused(why)) }),
        }
    }
}

/// Whether what is there may not be written: the fate of one item, not of all.
fn is_closed(failed: &Fault) -> bool {
    let privilege = Privilege::WriteContent;
    matches!(failed, Fault::Condition(Condition::NeedPrivileges { privilege: missing, .. }) if *missing == privilege)
}
