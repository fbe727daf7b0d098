//! Items by their collection's id, and in the order of their names: what a protocol of pages and cursors needs.

use super::access::{self, Access, Looker};
use super::actor::Actor;
use super::projection::{self, Shown};
use super::{Core, fault, personal};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Listed};
use crate::store::{Error, ReadTx, Weight};

impl Core {
    /// An item of the collection with this id, or of a large one only the bytes of its body.
    pub async fn handy_item_by_id(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
        name: &str,
    ) -> Result<Result<(Access, Shown), usize>, Fault> {
        let ahead = actor.ahead.collection(home, id);
        if let Some(access) = &ahead
            && let Some(object) = actor.ahead.object(id, name)
        {
            access.need(Privilege::Read)?;
            return Ok(Ok((access.clone(), object)));
        }
        let (actor, name) = (actor.clone(), name.to_owned());
        let found = self.store.read(Weight::Point, move |tx| {
            let access = match &ahead {
                Some(access) => access.clone(),
                None => access::find_by_id(tx, &actor, home, id)?,
            };
            access.need(Privilege::Read)?;
            let object = tx.handy_object(id, &name)?.ok_or(Fault::NotFound)?;
            Ok(object.map(|object| (access, object)))
        });
        match fault(found.await)? {
            Err(bytes) => Ok(Err(bytes)),
            Ok((access, object)) => {
                let object = self.show(&access, object).await?;
                Ok(Ok((access, object)))
            }
        }
    }

    /// A page of a collection's items of one kind, from after a name, and whether there may be more.
    pub async fn listing(
        &self,
        access: &Access,
        kind: ItemKind,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<Shown<Listed>>, bool), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let (after, looker) = (after.to_owned(), access.looker());
        let mut rows = if looker.sight.is_whole() {
            let rows = self.store.read(Weight::Scan, move |tx| tx.listed_after(id, kind, &after, limit + 1));
            projection::all_listed(fault(rows.await)?)
        } else {
            fault(self.store.snapshot(move |tx| seen_after(tx, kind, looker, &after, limit + 1)).await)?
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok((rows, more))
    }

    /// As [`Core::listing`], with their contents; cut by bytes too.
    pub async fn whole_listing(
        &self,
        access: &Access,
        kind: ItemKind,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<Shown>, bool), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let limit_of = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.to_owned();
        let (mut shown, mut bytes): (Vec<Shown>, usize) = (Vec::new(), 0);
        loop {
            let from = after.clone();
            let rows = self.store.read(Weight::Scan, move |tx| tx.whole_after(id, kind, &from, limit + 1));
            let (objects, cut) = fault(rows.await)?;
            let full = objects.len() > limit_of;
            let last = objects.last().map(|last| last.name.clone());
            if access.sight().is_whole() {
                let mut objects = self.show_all(access, objects).await?;
                objects.truncate(limit_of);
                return Ok((objects, cut || full));
            }
            // Where the page ends must not tell how long what is hidden is: it ends by what is seen.
            for object in self.show_all(access, objects).await? {
                bytes = bytes.saturating_add(object.body.len());
                if shown.len() >= limit_of || (!shown.is_empty() && bytes > MOST_BYTES) {
                    return Ok((shown, true));
                }
                shown.push(object);
            }
            match last {
                Some(last) if cut || full => after = last,
                _ => return Ok((shown, false)),
            }
        }
    }
}

/// Octets of a page of contents of which some may be hidden.
const MOST_BYTES: usize = 1024 * 1024;

/// The first `most` of a list that the viewer may know of.
fn seen_after(
    tx: &mut ReadTx<'_>,
    kind: ItemKind,
    looker: Looker,
    after: &str,
    most: i64,
) -> Result<Vec<Shown<Listed>>, Error> {
    let mut after = after.to_owned();
    let mut seen = Vec::new();
    loop {
        let rows = tx.listed_after(looker.on, kind, &after, most)?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= most);
        let Some(last) = rows.last() else { return Ok(seen) };
        after.clone_from(&last.name);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let notes = personal::notes_named(tx, looker, &names)?;
        seen.extend(projection::listed(looker.sight, rows, notes));
        if !full || i64::try_from(seen.len()).is_ok_and(|count| count >= most) {
            return Ok(seen);
        }
    }
}
