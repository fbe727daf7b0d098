//! Items by their collection's id, and in the order of their names: what a protocol of pages and cursors needs.

use super::access::{self, Access};
use super::actor::Actor;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Listed, Object};
use crate::store::Weight;

impl Core {
    /// An item of the collection with this id, or of a large one only the bytes of its body.
    pub async fn handy_item_by_id(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
        name: &str,
    ) -> Result<Result<(Access, Object), usize>, Fault> {
        let ahead = actor.ahead.collection(home, id);
        if let Some(access) = &ahead
            && let Some(object) = actor.ahead.object(id, name)
        {
            access.need(Privilege::Read)?;
            return Ok(Ok((access.clone(), object)));
        }
        let (actor, name) = (actor.clone(), name.to_owned());
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let access = match &ahead {
                        Some(access) => access.clone(),
                        None => access::find_by_id(tx, &actor, home, id)?,
                    };
                    access.need(Privilege::Read)?;
                    let object = tx.handy_object(id, &name)?.ok_or(Fault::NotFound)?;
                    Ok(object.map(|object| (access, object)))
                })
                .await,
        )
    }

    /// A page of a collection's items of one kind, from after a name, and whether there may be more.
    pub async fn listing(
        &self,
        access: &Access,
        kind: ItemKind,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<Listed>, bool), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let after = after.to_owned();
        let rows = self.store.read(Weight::Scan, move |tx| tx.listed_after(id, kind, &after, limit + 1));
        let mut rows = fault(rows.await)?;
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
    ) -> Result<(Vec<Object>, bool), Fault> {
        let id = access.need(Privilege::Read)?.collection().id;
        let after = after.to_owned();
        let rows = self.store.read(Weight::Scan, move |tx| tx.whole_after(id, kind, &after, limit + 1));
        let (mut objects, cut) = fault(rows.await)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = cut || objects.len() > limit;
        objects.truncate(limit);
        Ok((objects, more))
    }
}
