//! What each reader of another's calendar has of his own on its items: laid over what he sees, and kept when it is all that he changes.
//!
//! The rule is in `domain/personal`. The owner's stands in the item itself, and no request of his comes here. For all others the shared part
//! is what is judged, compared and written; what is theirs lies beside it, known to nobody else. RFC 5545 §3.6.6, RFC 9074.

mod write;

pub(super) use write::{Carried, Putting, carried, copy, of_the_past, put};

use super::access::{self, Access, Keeps, Looker};
use super::actor::Actor;
use super::projection::{self, Noted, SyncItem};
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::id::Etag;
use crate::domain::object::Object;
use crate::domain::personal::Own;
use crate::store::{self, Error, Mark, ReadTx, Weight, Whose, WriteTx};
use std::collections::HashMap;
use std::sync::Arc;

/// How long it is kept for one who may not read the calendar any more, in microseconds: as long as what is deleted can be restored.
const KEPT: i64 = 30 * 86_400_000_000;
/// Marks that are looked at in one transaction.
const PIECE: i64 = 50;

/// An access with the number of what is the actor's own there.
pub(super) fn numbered(tx: &mut ReadTx<'_>, mut access: Access) -> Result<Access, Error> {
    if let Some(keeps) = access.keeps_mut() {
        keeps.number = tx.personal_number(keeps.whose)?;
    }
    Ok(access)
}

/// As [`numbered`], of many.
pub(super) fn all_numbered(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    mut all: Vec<Access>,
) -> Result<Vec<Access>, Error> {
    if all.iter().all(|access| access.keeps().is_none()) {
        return Ok(all);
    }
    let numbers = tx.personal_numbers(actor.id)?;
    for keeps in all.iter_mut().filter_map(Access::keeps_mut) {
        keeps.number = numbers.get(&keeps.whose.on).copied().unwrap_or(0);
    }
    Ok(all)
}

/// What is noted of the items with numbers above the first and up to the second.
pub(super) fn notes_between(
    tx: &mut ReadTx<'_>,
    looker: Looker,
    numbers: (i64, i64),
) -> Result<Noted, Error> {
    let own = match looker.keeps {
        Some(keeps) => tx.personal_between(keeps.whose, numbers)?,
        None => Vec::new(),
    };
    Ok(Noted { hidden: tx.hidden_between(looker.on, numbers)?, own })
}

/// As [`notes_between`], of the items with these names, at most some hundred.
pub(super) fn notes_named(tx: &mut ReadTx<'_>, looker: Looker, names: &[&str]) -> Result<Noted, Error> {
    let own = match looker.keeps {
        Some(keeps) => tx.personal_named(keeps.whose, names)?,
        None => Vec::new(),
    };
    Ok(Noted { hidden: tx.hidden_named(looker.on, names)?, own })
}

/// The first items, at most `limit`, on which only what is the reader's own has changed since he knew the collection up to `from` and that
/// up to `own`; beside them up to where he knows that then. What changed for all is not among them: that is told with its own number.
pub(super) fn changes(
    tx: &mut ReadTx<'_>,
    looker: Looker,
    (from, own): (i64, i64),
    limit: usize,
) -> Result<(Vec<SyncItem>, i64), Error> {
    let Some(keeps) = looker.keeps.filter(|keeps| keeps.number > own) else { return Ok((Vec::new(), own)) };
    let rows = tx.personal_since(keeps.whose, own, from, i64::try_from(limit).unwrap_or(i64::MAX))?;
    let last = rows.last().map_or(own, |(_, number)| *number);
    let upto = if rows.len() >= limit { last } else { last.max(keeps.number) };
    let names: Vec<&str> = rows.iter().map(|(entry, _)| entry.name.as_str()).collect();
    let noted = (notes_named(tx, looker, &names)?, Vec::new());
    let items = rows.into_iter().map(|(entry, _)| store::SyncItem::Present(entry)).collect();
    // What has come to be hidden was told as gone with the change that hid it.
    Ok((projection::changes(looker.sight, items, noted, i64::MAX), upto))
}

/// Puts beside each item what the reader has of his own on it.
pub(super) fn attach(tx: &mut ReadTx<'_>, keeps: Option<Keeps>, objects: &mut [Object]) -> Result<(), Error> {
    let Some(keeps) = keeps.filter(|keeps| keeps.number > 0) else { return Ok(()) };
    let uids: Vec<&str> = objects.iter().map(|object| object.uid.as_str()).collect();
    let mut found: HashMap<String, Own> = tx.personal_on(keeps.whose, &uids)?.into_iter().collect();
    for object in objects {
        object.own = found.remove(&object.uid).map(Arc::new);
    }
    Ok(())
}

/// The entity tag under which the actor sees a stored item that he sees whole.
pub(super) fn seen_tag(tx: &mut ReadTx<'_>, access: &Access, stored: &Object) -> Result<Etag, Error> {
    let own = match access.keeps() {
        Some(keeps) => tx.personal_on(keeps.whose, &[&stored.uid])?.pop(),
        None => None,
    };
    Ok(projection::seen_tag(access.sight(), stored, own.as_ref().map(|(_, own)| &own.etag)))
}

impl Core {
    /// Items with what the actor has of his own on them.
    pub(super) async fn with_own(
        &self,
        access: &Access,
        mut objects: Vec<Object>,
    ) -> Result<Vec<Object>, Fault> {
        let keeps = access.looker().keeps;
        if keeps.is_none() || objects.is_empty() {
            return Ok(objects);
        }
        let uids: Vec<String> = objects.iter().map(|object| object.uid.clone()).collect();
        let weight = if uids.len() > 64 { Weight::Scan } else { Weight::Point };
        let read = move |tx: &mut ReadTx<'_>| {
            let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
            keeps.map_or(Ok(Vec::new()), |keeps| tx.personal_on(keeps.whose, &uids))
        };
        let mut found: HashMap<String, Own> =
            fault(self.store.read(weight, read).await)?.into_iter().collect();
        for object in &mut objects {
            object.own = found.remove(&object.uid).map(Arc::new);
        }
        Ok(objects)
    }

    /// Forgets what people have of their own where it is of no use any more: on items of which nothing is left to restore, and in calendars
    /// that they have not been let read for 30 days. Tells how many rows went.
    pub async fn forget_personal(&self) -> Result<usize, Fault> {
        let (mut after, mut rows) = (None, 0);
        loop {
            let looked = self.store.write(move |tx| look(tx, after)).await;
            let (last, gone) = fault(looked)?;
            rows += gone;
            match last {
                Some(last) => after = Some(last),
                None => return Ok(rows),
            }
        }
    }
}

/// Looks at the next marks; tells the last of them, if there are any, and how many rows went.
fn look(tx: &mut WriteTx<'_>, after: Option<Whose>) -> Result<(Option<Whose>, usize), Error> {
    let marks = tx.personal_marks(after, PIECE)?;
    let mut gone = 0;
    for Mark { whose, lapsed_at, .. } in &marks {
        let now = tx.now();
        gone += tx.forget_orphans(*whose)?;
        match (reads(tx, *whose)?, *lapsed_at) {
            (true, 0) => {}
            (true, _) => tx.set_personal_lapsed(*whose, 0)?,
            (false, 0) => tx.set_personal_lapsed(*whose, now)?,
            (false, since) if since < now - KEPT => gone += tx.forget_personal(*whose)?,
            (false, _) => {}
        }
    }
    Ok((marks.last().map(|mark| mark.whose), gone))
}

/// Whether somebody may read another's calendar, however he logs in.
fn reads(tx: &mut ReadTx<'_>, whose: Whose) -> Result<bool, Error> {
    let Some(collection) = tx.collection_by_id(whose.on)? else {
        // A deleted one can be restored, and takes this with it when it goes for good.
        return Ok(true);
    };
    if collection.owner == whose.of {
        return Ok(false);
    }
    let held = tx.held(whose.of, &collection)?;
    Ok(access::effective(&collection, held).privileges.has(Privilege::Read))
}
