//! Collections and homes: rows, modification numbers, deletion that can be undone.
//!
//! Each change raises the numbers of the collection and of its home under their row locks: a number becomes visible only
//! with its commit. RFC 6578 §3.2. Decides no right.

use super::conn::on;
use super::raise::{RaiseCollection, RaiseHome};
use super::schema::{collection, collection_tombstone, home};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind, NewCollection};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::props::Props;
use diesel::prelude::*;

type Row = (i64, i64, i16, i16, String, bool, i16, bool, Option<String>, i64, i64, i64, String);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            collection::id,
            collection::owner,
            collection::home,
            collection::kind,
            collection::slug,
            collection::is_default,
            collection::components,
            collection::transparent,
            collection::time_zone,
            collection::modseq,
            collection::home_modseq,
            collection::created_at,
            collection::props,
        )
    };
}

fn from_row(row: Row) -> Collection {
    let (
        id,
        owner,
        home,
        kind,
        slug,
        is_default,
        components,
        transparent,
        time_zone,
        modseq,
        home_modseq,
        created_at,
        props,
    ) = row;
    Collection {
        id: CollectionId(id),
        owner: PrincipalId(owner),
        home: if home == HomeKind::AddressBooks as i16 {
            HomeKind::AddressBooks
        } else {
            HomeKind::Calendars
        },
        kind: CollectionKind::from_number(kind).unwrap_or(CollectionKind::Plain),
        slug,
        is_default,
        components: Components(components),
        transparent,
        time_zone,
        modseq,
        home_modseq,
        created_at,
        props: Props::from_json(&props),
    }
}

/// A home whose number a transaction has raised.
pub(super) struct Raised {
    owner: PrincipalId,
    kind: HomeKind,
    modseq: i64,
}

/// A home's number and what clients keep on it.
#[derive(Debug, Clone)]
pub struct HomeState {
    /// Raised by each change of anything in the home.
    pub modseq: i64,
    /// What clients keep here.
    pub props: Props,
}

/// A change of a collection's own properties; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct CollectionUpdate {
    /// Left out of free/busy.
    pub transparent: Option<bool>,
    /// The zone, or none.
    pub time_zone: Option<Option<String>>,
    /// All kept properties.
    pub props: Option<Props>,
}

impl ReadTx<'_> {
    /// The collection at this place, if it is not deleted.
    pub fn collection(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        slug: &str,
    ) -> Result<Option<Collection>, Error> {
        let row: Option<Row> = on!(self.conn, conn => collection::table
            .filter(
                collection::owner
                    .eq(owner.0)
                    .and(collection::home.eq(home as i16))
                    .and(collection::slug.eq(slug))
                    .and(collection::deleted_at.eq(0)),
            )
            .select(columns!())
            .first(conn)
            .optional())?;
        Ok(row.map(from_row))
    }

    /// All collections of a home, the oldest first.
    pub fn collections(&mut self, owner: PrincipalId, home: HomeKind) -> Result<Vec<Collection>, Error> {
        self.collections_since(owner, home, -1)
    }

    /// The collections of a home that changed, or whose members changed, after the home's number `since`.
    pub fn collections_since(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        since: i64,
    ) -> Result<Vec<Collection>, Error> {
        let rows: Vec<Row> = on!(self.conn, conn => collection::table
            .filter(
                collection::owner
                    .eq(owner.0)
                    .and(collection::home.eq(home as i16))
                    .and(collection::deleted_at.eq(0))
                    .and(collection::home_modseq.gt(since)),
            )
            .select(columns!())
            .order(collection::id)
            .load(conn))?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// The slugs of collections that left a home after its number `since`.
    pub fn collections_gone(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        since: i64,
    ) -> Result<Vec<String>, Error> {
        Ok(collection_tombstone::table
            .filter(
                collection_tombstone::owner
                    .eq(owner.0)
                    .and(collection_tombstone::home.eq(home as i16))
                    .and(collection_tombstone::modseq.gt(since)),
            )
            .select(collection_tombstone::slug)
            .order(collection_tombstone::modseq)
            .load(self.conn)?)
    }

    /// The home's number and kept properties.
    pub fn home(&mut self, owner: PrincipalId, kind: HomeKind) -> Result<HomeState, Error> {
        let (modseq, props): (i64, String) = on!(self.conn, conn => home::table.find((owner.0, kind as i16)).select((home::modseq, home::props)).first(conn))?;
        Ok(HomeState { modseq, props: Props::from_json(&props) })
    }
}

impl WriteTx<'_> {
    /// Raises the home's number, once a transaction, and tells it. Takes the home's row lock: what is read afterwards
    /// stays true until the commit, for every writer comes this way first. `NotFound` where there is no such home.
    pub fn raise_home(&mut self, owner: PrincipalId, kind: HomeKind) -> Result<i64, Error> {
        if let Some(known) = self.raised.iter().find(|known| known.owner == owner && known.kind == kind) {
            return Ok(known.modseq);
        }
        let statement = RaiseHome { principal: owner.0, kind: kind as i16 };
        let modseq: Option<i64> = on!(self.conn, conn => statement.get_result(conn).optional())?;
        let modseq = modseq.ok_or(Error::Fault(Fault::NotFound))?;
        self.raised.push(Raised { owner, kind, modseq });
        Ok(modseq)
    }

    /// Raises the numbers of the home and the collection and tells the collection's. `NotFound` where
    /// somebody deleted the collection meanwhile.
    pub fn raise(&mut self, of: &Collection) -> Result<i64, Error> {
        let home_modseq = self.raise_home(of.owner, of.home)?;
        let statement = RaiseCollection { id: of.id.0, home_modseq };
        let modseq: Option<i64> = on!(self.conn, conn => statement.get_result(conn).optional())?;
        modseq.ok_or(Error::Fault(Fault::NotFound))
    }

    /// Makes a collection; the place must be free.
    pub fn insert_collection(&mut self, new: &NewCollection) -> Result<CollectionId, Error> {
        let home_modseq = self.raise_home(new.owner, new.home)?;
        let id = self.new_id();
        let now = self.now;
        diesel::delete(collection_tombstone::table.find((new.owner.0, new.home as i16, &new.slug)))
            .execute(self.conn)?;
        diesel::insert_into(collection::table)
            .values((
                collection::id.eq(id),
                collection::owner.eq(new.owner.0),
                collection::home.eq(new.home as i16),
                collection::kind.eq(new.kind as i16),
                collection::slug.eq(&new.slug),
                collection::is_default.eq(new.is_default),
                collection::components.eq(new.components.0),
                collection::transparent.eq(new.transparent),
                collection::time_zone.eq(&new.time_zone),
                collection::modseq.eq(1),
                collection::home_modseq.eq(home_modseq),
                collection::created_at.eq(now),
                collection::deleted_at.eq(0),
                collection::props.eq(new.props.to_json()),
            ))
            .execute(self.conn)?;
        Ok(CollectionId(id))
    }

    /// Changes a collection's own properties.
    pub fn update_collection(&mut self, of: &Collection, update: &CollectionUpdate) -> Result<(), Error> {
        self.raise(of)?;
        let row = collection::table.find(of.id.0);
        if let Some(transparent) = update.transparent {
            diesel::update(row).set(collection::transparent.eq(transparent)).execute(self.conn)?;
        }
        if let Some(time_zone) = &update.time_zone {
            diesel::update(row).set(collection::time_zone.eq(time_zone)).execute(self.conn)?;
        }
        if let Some(props) = &update.props {
            diesel::update(row).set(collection::props.eq(props.to_json())).execute(self.conn)?;
        }
        Ok(())
    }

    /// Takes a collection out of its home. Its rows stay until the time of keeping is over, so that it can be restored.
    pub fn delete_collection(&mut self, of: &Collection) -> Result<(), Error> {
        let home_modseq = self.raise_home(of.owner, of.home)?;
        let now = self.now;
        let gone = diesel::update(
            collection::table.filter(collection::id.eq(of.id.0).and(collection::deleted_at.eq(0))),
        )
        .set(collection::deleted_at.eq(now))
        .execute(self.conn)?;
        if gone == 0 {
            return Err(Error::Fault(Fault::NotFound));
        }
        self.bury_collection(of.owner, of.home, &of.slug, home_modseq)
    }

    /// Gives a collection another name, or moves it to another home of the same kind.
    pub fn rename_collection(
        &mut self,
        of: &Collection,
        owner: PrincipalId,
        slug: &str,
    ) -> Result<(), Error> {
        let left = self.raise_home(of.owner, of.home)?;
        let entered = if owner == of.owner { left } else { self.raise_home(owner, of.home)? };
        diesel::delete(collection_tombstone::table.find((owner.0, of.home as i16, slug)))
            .execute(self.conn)?;
        diesel::update(collection::table.find(of.id.0))
            .set((
                collection::owner.eq(owner.0),
                collection::slug.eq(slug),
                collection::modseq.eq(collection::modseq + 1),
                collection::home_modseq.eq(entered),
            ))
            .execute(self.conn)?;
        self.bury_collection(of.owner, of.home, &of.slug, left)
    }

    fn bury_collection(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        slug: &str,
        modseq: i64,
    ) -> Result<(), Error> {
        let key = (owner.0, home as i16, slug);
        diesel::delete(collection_tombstone::table.find(key)).execute(self.conn)?;
        diesel::insert_into(collection_tombstone::table)
            .values((
                collection_tombstone::owner.eq(owner.0),
                collection_tombstone::home.eq(home as i16),
                collection_tombstone::slug.eq(slug),
                collection_tombstone::modseq.eq(modseq),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps what a client set on a home.
    pub fn set_home_props(&mut self, owner: PrincipalId, kind: HomeKind, props: &Props) -> Result<(), Error> {
        self.raise_home(owner, kind)?;
        diesel::update(home::table.find((owner.0, kind as i16)))
            .set(home::props.eq(props.to_json()))
            .execute(self.conn)?;
        Ok(())
    }
}
