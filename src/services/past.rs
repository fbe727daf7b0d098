//! What was: the history of an item, also of one that is gone, and of a collection; older contents, and their return.
//!
//! Who may read a collection reads its past. An older content is written back by the road that every write takes.

use super::access::{self, Place};
use super::actor::Actor;
use super::content::Media;
use super::content::{self, Sent};
use super::idempotency::Once;
use super::items::{Named, Terms};
use super::projection::{self, Older};
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::device;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, Etag, PrincipalId};
use crate::domain::object::ItemKind;
use crate::domain::precondition::Preconditions;
use crate::store::{Error, Happened, LogEntry, ReadTx, Weight};
use std::collections::HashMap;

pub(super) mod behalf;
mod sights;

/// Entries of a log that one page looks through at most, however few of them are wanted.
const LOOKED_AT: i64 = 20_000;
/// Entries of a log that are read at a time.
const READ: i64 = 1_000;

/// One step of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The collection's number: the number of the version that came with it.
    pub number: i64,
    /// The item.
    pub name: String,
    /// What happened; `None` where the log does not say.
    pub what: Option<Happened>,
    /// When, microseconds UTC.
    pub at: Option<i64>,
    /// The handle of who did it; `None` where nobody has that account any more.
    /// Not told of what is seen in part.
    pub by: Option<String>,
    /// The handle of whose the collection was then, where that was another.
    pub on_behalf_of: Option<String>,
    /// Through which door, as stored.
    pub door: Option<i16>,
    /// With which device, as the log names it.
    pub device: Option<String>,
    /// The entity tag after it.
    pub etag: Option<Etag>,
    /// Octets of the content that came with it, where that is still kept.
    pub size: Option<i32>,
}

/// A page of the past, the newest first, and the number below which the next begins.
pub type Steps = (Vec<Step>, Option<i64>);

/// Which entries of a collection's log are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Not before, microseconds UTC.
    pub from: Option<i64>,
    /// Before, microseconds UTC.
    pub to: Option<i64>,
    /// By the device with this key.
    pub device: Option<String>,
    /// By this principal's handle.
    pub actor: Option<String>,
    /// What happened.
    pub what: Option<Happened>,
}

/// Which of its contents an item shall have again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// That of this number.
    To(i64),
    /// That of this moment, microseconds UTC.
    AsOf(i64),
}

/// An older content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The bytes.
    pub body: String,
    /// Digest of them.
    pub etag: Etag,
    /// Whether it is not what is kept, but what one sees of it from whom some of it is hidden.
    masked: bool,
}

impl Core {
    /// A page of an item's history: its contents that are kept, and when it went. `NotFound` where nothing is known of it.
    pub async fn item_history(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Steps, Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let limits = self.limits.clone();
        let read = move |tx: &mut ReadTx<'_>| {
            let access = access::find(tx, &actor, &place)?;
            let of = access.need(Privilege::Read)?.collection();
            if !is_of(tx, &access, &name, kind, &limits)? {
                return Err(Fault::NotFound.into());
            }
            let (mut steps, next) = item_steps(tx, of.id, &name, before, limit)?;
            behalf::note(tx, &actor, of, &mut steps)?;
            Ok((sights::steps(tx, &access, steps)?, next))
        };
        fault(self.store.snapshot(read).await)
    }

    /// The content that an item had at a number.
    pub async fn item_version(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        number: i64,
    ) -> Result<Kept, Fault> {
        self.item_then(actor, place, name, kind, Back::To(number)).await.map(|(kept, _)| kept)
    }

    /// What is seen of an older content, and for one who sees another's also all of it, to be stored again.
    async fn item_then(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        back: Back,
    ) -> Result<(Kept, Option<String>), Fault> {
        let (actor, place, name) = (actor.clone(), place.clone(), name.to_owned());
        let limits = self.limits.clone();
        let read = move |tx: &mut ReadTx<'_>| {
            let access = access::find(tx, &actor, &place)?;
            let of = access.need(Privilege::Read)?.collection();
            if !is_of(tx, &access, &name, kind, &limits)? {
                return Err(Fault::NotFound.into());
            }
            let (kept, none) = match back {
                Back::To(number) => (at_number(tx, of.id, &name, number)?, Fault::NotFound),
                Back::AsOf(moment) => {
                    let none = Fault::Conflict("nothing is kept of how the item was then");
                    (at_moment(tx, of.id, &name, moment)?, none)
                }
            };
            let whole = kept.as_ref().filter(|_| access.keeps().is_some()).map(|kept| kept.body.clone());
            let seen = kept.and_then(|kept| sights::kept(&access, kept));
            Ok((seen.ok_or(Error::Fault(none))?, whole))
        };
        fault(self.store.snapshot(read).await)
    }

    /// Gives an item an older content again; one that is gone comes back under its name.
    #[allow(clippy::too_many_arguments, reason = "all that a write is judged by")]
    pub async fn restore_item(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        back: Back,
        conditions: Preconditions,
        request: Option<Once>,
    ) -> Result<Named, Fault> {
        let (kept, whole) = self.item_then(actor, place, name, kind, back).await?;
        if kept.masked {
            let privilege = Privilege::WriteContent;
            return Err(Condition::NeedPrivileges { href: String::new(), privilege }.into());
        }
        let sent = Sent { body: whole.unwrap_or(kept.body), media: Media::Unsaid };
        let terms = Terms { kind: Some(kind), request, past: true, ..Terms::default() };
        self.put_item_on(actor, place, name, sent, conditions, terms).await
    }

    /// A page of a collection's history. It may have fewer entries than asked for, or none, and still go on.
    pub async fn collection_history(
        &self,
        actor: &super::Actor,
        access: &super::Access,
        wanted: Wanted,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Steps, Fault> {
        let of = access.need(Privilege::Read)?.collection().id;
        let (by, access) = (actor.clone(), access.clone());
        let read = move |tx: &mut ReadTx<'_>| {
            let actor = match &wanted.actor {
                None => None,
                Some(handle) => match tx.principal_by_handle(handle)? {
                    Some(principal) => Some(principal.id),
                    None => return Ok((Vec::new(), None)),
                },
            };
            let (entries, next) = sift(tx, of, &wanted, actor, before.unwrap_or(i64::MAX), limit)?;
            let mut steps = told(tx, entries)?;
            behalf::note(tx, &by, access.collection(), &mut steps)?;
            let mut seen = sights::steps(tx, &access, steps)?;
            // Of what is seen in part it is not told by whom and with what it was done, so it is not found by that either.
            let by_whom = wanted.actor.is_some() || wanted.device.is_some();
            seen.retain(|step| !by_whom || step.by.is_some());
            Ok((seen, next))
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

/// The wanted entries below a number, and where to go on.
fn sift(
    tx: &mut ReadTx<'_>,
    of: CollectionId,
    wanted: &Wanted,
    actor: Option<PrincipalId>,
    mut before: i64,
    limit: i64,
) -> Result<(Vec<LogEntry>, Option<i64>), Error> {
    let limit = usize::try_from(limit).unwrap_or(1);
    let mut found = Vec::new();
    let mut seen = 0;
    loop {
        let page = tx.log_before(of, before, READ)?;
        let full = i64::try_from(page.len()).is_ok_and(|count| count == READ);
        for entry in page {
            seen += 1;
            before = entry.modseq;
            if wanted.takes(&entry, actor) {
                found.push(entry);
            }
            if found.len() >= limit || seen >= LOOKED_AT {
                return Ok((found, Some(before)));
            }
        }
        if !full {
            return Ok((found, None));
        }
    }
}

impl Wanted {
    fn takes(&self, entry: &LogEntry, actor: Option<PrincipalId>) -> bool {
        self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
            && actor.is_none_or(|actor| entry.actor == actor)
            && self.what.is_none_or(|what| entry.what == what)
            && self
                .device
                .as_deref()
                .is_none_or(|wanted| entry.device.as_deref().is_some_and(|text| device::key(text) == wanted))
    }
}

/// Whether the item, or what is kept of it, is of this kind: a kind has its own part of the address space.
fn is_of(
    tx: &mut ReadTx<'_>,
    access: &super::Access,
    name: &str,
    kind: ItemKind,
    limits: &super::Limits,
) -> Result<bool, Error> {
    let of = access.collection();
    if let Some(object) = tx.object(of.id, name)? {
        return Ok(object.kind == kind && projection::known(access, &object).is_ok());
    }
    let Some(last) = tx.old_contents(of.id, name, i64::MAX, 1)?.pop() else { return Ok(false) };
    let Some((_, body)) = tx.old_bodies(&[last.id])?.pop() else { return Ok(false) };
    let Some(Older { body, .. }) = projection::older(access.sight(), of.kind, body, last.etag) else {
        return Ok(false);
    };
    let sent = Sent { body, media: Media::Unsaid };
    Ok(content::draft(name, sent, of.kind, limits).is_ok_and(|(draft, _)| draft.kind == kind))
}

/// A page of an item's steps: the content that stands, older ones, and each time that it went.
fn item_steps(
    tx: &mut ReadTx<'_>,
    of: CollectionId,
    name: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Steps, Error> {
    let below = before.unwrap_or(i64::MAX);
    // How far contents reach: number, entity tag, octets.
    let mut contents: Vec<(i64, Etag, i32)> = Vec::new();
    if let Some(object) = tx.object(of, name)?.filter(|object| object.modseq < below) {
        contents.push((object.modseq, object.etag, i32::try_from(object.body.len()).unwrap_or(i32::MAX)));
    }
    // One more than a page has tells whether another follows.
    let older = tx.old_contents(of, name, below, limit.saturating_add(1))?;
    let mut numbers: Vec<i64> = contents.iter().map(|(number, ..)| *number).collect();
    numbers.extend(older.iter().flat_map(|old| [old.modseq, old.replaced_by]));
    numbers.sort_unstable();
    numbers.dedup();
    contents.extend(older.into_iter().map(|old| (old.modseq, old.etag, old.size)));
    let entries = tx.log_at(of, &numbers)?;
    let (mut steps, mut missing) = (Vec::new(), Vec::new());
    let mut log: HashMap<i64, LogEntry> = entries.into_iter().map(|entry| (entry.modseq, entry)).collect();
    let mut sizes = HashMap::new();
    for (number, etag, size) in contents {
        sizes.insert(number, size);
        match log.remove(&number) {
            Some(entry) => steps.push(LogEntry { etag: Some(etag), ..entry }),
            None => missing.push((number, etag)),
        }
    }
    // What took a content away without another in its place.
    steps.extend(
        log.into_values()
            .filter(|entry| entry.what == Happened::Removed && entry.name == name && entry.modseq < below),
    );
    let mut steps = told(tx, steps)?;
    for step in &mut steps {
        step.size = sizes.get(&step.number).copied();
    }
    steps.extend(missing.into_iter().map(|(number, etag)| Step {
        size: sizes.get(&number).copied(),
        number,
        name: name.to_owned(),
        what: None,
        at: None,
        by: None,
        on_behalf_of: None,
        door: None,
        device: None,
        etag: Some(etag),
    }));
    steps.sort_by_key(|step| std::cmp::Reverse(step.number));
    let limit = usize::try_from(limit).unwrap_or(1);
    let more = steps.len() > limit;
    steps.truncate(limit);
    let next = steps.last().filter(|_| more).map(|last| last.number);
    Ok((steps, next))
}

/// Entries with the handles of who did it.
fn told(tx: &mut ReadTx<'_>, entries: Vec<LogEntry>) -> Result<Vec<Step>, Error> {
    let mut handles: HashMap<PrincipalId, Option<String>> = HashMap::new();
    let mut steps = Vec::with_capacity(entries.len());
    for entry in entries {
        let by = match handles.get(&entry.actor) {
            Some(known) => known.clone(),
            None => {
                let handle = tx.principal(entry.actor)?.map(|principal| principal.handle);
                handles.insert(entry.actor, handle.clone());
                handle
            }
        };
        steps.push(Step {
            number: entry.modseq,
            name: entry.name,
            what: Some(entry.what),
            at: Some(entry.at),
            by,
            on_behalf_of: None,
            door: Some(entry.door),
            device: entry.device,
            etag: entry.etag,
            size: None,
        });
    }
    Ok(steps)
}

fn at_number(tx: &mut ReadTx<'_>, of: CollectionId, name: &str, number: i64) -> Result<Option<Kept>, Error> {
    if let Some(object) = tx.object(of, name)?.filter(|object| object.modseq == number) {
        return Ok(Some(Kept { body: object.body, etag: object.etag, masked: false }));
    }
    Ok(tx.old_body(of, name, number)?.map(|(old, body)| Kept { body, etag: old.etag, masked: false }))
}

/// The content that an item had at a moment; `None` where there was no item, or it is not kept.
fn at_moment(tx: &mut ReadTx<'_>, of: CollectionId, name: &str, moment: i64) -> Result<Option<Kept>, Error> {
    let Some(old) = tx.old_content_after(of, name, moment)? else {
        let object = tx.object(of, name)?.filter(|object| object.created_at <= moment);
        return Ok(object.map(|object| Kept { body: object.body, etag: object.etag, masked: false }));
    };
    // It had this content when it was replaced: but was it made before the moment?
    let came = tx.log_at(of, &[old.modseq])?.pop();
    if came.is_some_and(|entry| entry.what == Happened::Created && entry.at > moment) {
        return Ok(None);
    }
    let body = tx.old_bodies(&[old.id])?.pop();
    Ok(body.map(|(_, body)| Kept { body, etag: old.etag, masked: false }))
}
