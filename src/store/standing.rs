//! What stands at the place of a write: the collection, the item, and the item that has its UID. One statement, so one answer
//! of the database.
//!
//! Decides no right and refuses nothing.

use super::collections::{self, collection_columns};
use super::conn::on;
use super::objects::{ObjectRow, from_row, object_columns};
use super::schema::{collection, object};
use super::{Error, WriteTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::PrincipalId;
use crate::domain::object::Object;
use diesel::prelude::*;

diesel::alias! {
    const NAMESAKE: Alias<Namesake> = object as namesake;
}

/// Where something is going to be written.
#[derive(Debug, Clone, Copy)]
pub struct ItemAt<'p> {
    /// Whose home.
    pub owner: PrincipalId,
    /// Which of his homes.
    pub home: HomeKind,
    /// The collection's name.
    pub slug: &'p str,
    /// The item's name.
    pub name: &'p str,
}

/// What is there.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The collection.
    pub collection: Collection,
    /// The item of the name, if there is one.
    pub object: Option<Object>,
    /// The name of the item that has the UID, if there is one.
    pub uid_holder: Option<String>,
}

impl WriteTx<'_> {
    /// What is at a place; `None` where there is no such collection. Without a UID no holder of one is looked for.
    pub fn standing(&mut self, at: ItemAt<'_>, uid: Option<&str>) -> Result<Option<Standing>, Error> {
        type Found = (collections::Row, Option<ObjectRow>, Option<String>);
        // No item has an empty one.
        let uid = uid.unwrap_or_default();
        let found: Option<Found> = on!(self.conn, conn => collection::table
            .left_join(object::table.on(object::collection.eq(collection::id).and(object::name.eq(at.name.to_owned()))))
            .left_join(NAMESAKE.on(
                NAMESAKE.field(object::collection).eq(collection::id).and(NAMESAKE.field(object::uid).eq(uid.to_owned())),
            ))
            .filter(
                collection::owner
                    .eq(at.owner.0)
                    .and(collection::home.eq(at.home as i16))
                    .and(collection::slug.eq(at.slug.to_owned()))
                    .and(collection::deleted_at.eq(0)),
            )
            .select((
                collection_columns!(),
                object_columns!().nullable(),
                NAMESAKE.field(object::name).nullable(),
            ))
            .first(conn)
            .optional())?;
        Ok(found.map(|(collection, object, uid_holder)| Standing {
            collection: collections::from_row(collection),
            object: object.map(from_row),
            uid_holder,
        }))
    }
}
