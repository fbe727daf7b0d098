//! Others' collections in one's own home: under which name, with which kept properties. Decides no right.
//!
//! A home's number is raised when one comes, changes or goes, as with its own collections; what happens in the collection itself raises
//! only the number of the collection.

use super::collections::{Row, collection_columns, from_row};
use super::conn::on;
use super::schema::{collection, home, mount};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::props::Props;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// Another's collection in somebody's home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Which.
    pub collection: CollectionId,
    /// Tells it from all others that are, or were, in this home.
    pub number: i64,
    /// Its name in this home.
    pub slug: String,
    /// The home's number when it came or was last changed.
    pub home_modseq: i64,
    /// What its user keeps on it, instead of what the owner does.
    pub props: Props,
}

pub(super) type MountRow = (i64, i64, String, i64, String);

/// The types of [`MountRow`].
pub(super) type SqlRow = (BigInt, BigInt, Text, BigInt, Text);

macro_rules! mount_columns {
    () => {
        (mount::collection, mount::number, mount::slug, mount::home_modseq, mount::props)
    };
}

pub(super) fn mount_from((collection, number, slug, home_modseq, props): MountRow) -> Mount {
    let props = Props::from_json(props);
    Mount { collection: CollectionId(collection), number, slug, home_modseq, props }
}

impl ReadTx<'_> {
    /// All of a home, the oldest first; those too whose collection its owner has deleted.
    pub fn mounts(&mut self, of: PrincipalId, home: HomeKind) -> Result<Vec<Mount>, Error> {
        let rows: Vec<MountRow> = on!(self.conn, conn => mount::table
            .filter(mount::principal.eq(of.0).and(mount::home.eq(home as i16)))
            .select(mount_columns!())
            .order(mount::number)
            .load(conn))?;
        Ok(rows.into_iter().map(mount_from).collect())
    }

    /// The one of this name, if its collection is not deleted.
    pub fn mount_at(
        &mut self,
        of: PrincipalId,
        home: HomeKind,
        slug: &str,
    ) -> Result<Option<(Mount, Collection)>, Error> {
        let row: Option<(MountRow, Row)> = on!(self.conn, conn => mount::table
            .inner_join(collection::table.on(collection::id.eq(mount::collection).and(collection::deleted_at.eq(0))))
            .filter(mount::principal.eq(of.0).and(mount::home.eq(home as i16)).and(mount::slug.eq(slug)))
            .select((mount_columns!(), collection_columns!()))
            .first(conn)
            .optional())?;
        Ok(row.map(|(mount, of)| (mount_from(mount), from_row(of))))
    }

    /// Whether a name is taken by one, deleted collections' included.
    pub fn is_mounted_at(&mut self, of: PrincipalId, home: HomeKind, slug: &str) -> Result<bool, Error> {
        let row: Option<i64> = on!(self.conn, conn => mount::table
            .filter(mount::principal.eq(of.0).and(mount::home.eq(home as i16)).and(mount::slug.eq(slug)))
            .select(mount::number)
            .first(conn)
            .optional())?;
        Ok(row.is_some())
    }

    /// How somebody has a collection in his home.
    pub fn mount_of(
        &mut self,
        of: PrincipalId,
        home: HomeKind,
        collection: CollectionId,
    ) -> Result<Option<Mount>, Error> {
        let row: Option<MountRow> = on!(self.conn, conn => mount::table
            .find((of.0, home as i16, collection.0))
            .select(mount_columns!())
            .first(conn)
            .optional())?;
        Ok(row.map(mount_from))
    }
}

impl WriteTx<'_> {
    /// Puts a collection into somebody's home under a name that is free there. The home must be locked.
    pub fn insert_mount(
        &mut self,
        of: PrincipalId,
        home_kind: HomeKind,
        collection: CollectionId,
        slug: &str,
        props: &Props,
    ) -> Result<(), Error> {
        let home_modseq = self.raise_home(of, home_kind)?;
        self.exhume_collection(of, home_kind, slug)?;
        let row = home::table.find((of.0, home_kind as i16));
        diesel::update(row).set(home::mounts.eq(home::mounts + 1)).execute(self.conn)?;
        let number: i64 = row.select(home::mounts).first(self.conn)?;
        let now = self.now;
        diesel::insert_into(mount::table)
            .values((
                mount::principal.eq(of.0),
                mount::home.eq(home_kind as i16),
                mount::collection.eq(collection.0),
                mount::number.eq(number),
                mount::slug.eq(slug),
                mount::home_modseq.eq(home_modseq),
                mount::created_at.eq(now),
                mount::props.eq(props.to_json()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Changes what somebody keeps on it.
    pub fn set_mount_props(
        &mut self,
        of: PrincipalId,
        home: HomeKind,
        what: &Mount,
        props: &Props,
    ) -> Result<(), Error> {
        let home_modseq = self.raise_home(of, home)?;
        diesel::update(mount::table.find((of.0, home as i16, what.collection.0)))
            .set((mount::props.eq(props.to_json()), mount::home_modseq.eq(home_modseq)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives it another name, which is free; the old one is told as gone.
    pub fn rename_mount(
        &mut self,
        of: PrincipalId,
        home: HomeKind,
        what: &Mount,
        slug: &str,
    ) -> Result<(), Error> {
        let home_modseq = self.raise_home(of, home)?;
        self.exhume_collection(of, home, slug)?;
        diesel::update(mount::table.find((of.0, home as i16, what.collection.0)))
            .set((mount::slug.eq(slug), mount::home_modseq.eq(home_modseq)))
            .execute(self.conn)?;
        self.bury_collection(of, home, &what.slug, home_modseq)
    }

    /// Takes it out of somebody's home.
    pub fn remove_mount(&mut self, of: PrincipalId, home: HomeKind, what: &Mount) -> Result<(), Error> {
        let home_modseq = self.raise_home(of, home)?;
        diesel::delete(mount::table.find((of.0, home as i16, what.collection.0))).execute(self.conn)?;
        self.bury_collection(of, home, &what.slug, home_modseq)
    }
}
