//! Collections and homes: rows, modification numbers, deletion that can be undone.
//!
//! Each change raises the numbers of the collection and of its home under their row locks: a number becomes visible only
//! with its commit. RFC 6578 §3.2. Decides no right.

use super::collection_log::{CollectionDeed, Described};
use super::conn::{Conn, on};
use super::objects::{Logged, Origin};
use super::personal::SEEN_OTHERWISE;
use super::raise::{RaiseCollection, RaiseHome};
use super::schema::{change, collection, collection_tombstone, home, object};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind, NewCollection};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::props::Props;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};

pub(super) type Row = (i64, i64, i16, i16, String, bool, i16, bool, Option<String>, i64, i64, i64, String);

/// The types of [`Row`].
pub(super) type SqlRow = (
    BigInt,
    BigInt,
    SmallInt,
    SmallInt,
    Text,
    Bool,
    SmallInt,
    Bool,
    Nullable<Text>,
    BigInt,
    BigInt,
    BigInt,
    Text,
);

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
pub(super) use columns as collection_columns;

pub(super) fn from_row(row: Row) -> Collection {
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
        props: Props::from_json(props),
    }
}

/// A home whose number a transaction has raised.
pub(super) struct Raised {
    owner: PrincipalId,
    kind: HomeKind,
    modseq: i64,
}

/// Members that one statement copies at most.
const COPY_ROWS: i64 = 500;
/// Bytes of content that one statement copies at most, unless a single member is longer: the database may hold them in memory.
const COPY_BYTES: i64 = 4 * 1024 * 1024;

/// How many members a collection has, and the bytes of its largest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Members.
    pub members: i64,
    /// Bytes; 0 where there is none.
    pub largest: u64,
}

/// A home's number and what clients keep on it.
#[derive(Debug, Clone)]
pub struct HomeState {
    /// Raised by each change of anything in the home.
    pub modseq: i64,
    /// What clients keep here.
    pub props: Props,
    /// Whether others' collections stand, or have stood, in it.
    pub has_mounts: bool,
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

    /// The slugs of collections that left a home after its number `since`, with the number of each.
    pub fn collections_gone(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        since: i64,
    ) -> Result<Vec<(String, i64)>, Error> {
        Ok(collection_tombstone::table
            .filter(
                collection_tombstone::owner
                    .eq(owner.0)
                    .and(collection_tombstone::home.eq(home as i16))
                    .and(collection_tombstone::modseq.gt(since)),
            )
            .select((collection_tombstone::slug, collection_tombstone::modseq))
            .order(collection_tombstone::modseq)
            .load(self.conn)?)
    }

    /// How much a collection holds; reads all its members' lines.
    pub fn extent(&mut self, of: CollectionId) -> Result<Extent, Error> {
        let (members, largest): (i64, Option<i32>) = object::table
            .filter(object::collection.eq(of.0))
            .select((diesel::dsl::count_star(), diesel::dsl::max(object::size)))
            .first(self.conn)?;
        Ok(Extent { members, largest: largest.and_then(|size| u64::try_from(size).ok()).unwrap_or(0) })
    }

    /// The home's number and kept properties.
    pub fn home(&mut self, owner: PrincipalId, kind: HomeKind) -> Result<HomeState, Error> {
        let (modseq, props, mounts): (i64, String, i64) = on!(self.conn, conn => home::table
            .find((owner.0, kind as i16))
            .select((home::modseq, home::props, home::mounts))
            .first(conn))?;
        Ok(HomeState { modseq, props: Props::from_json(props), has_mounts: mounts > 0 })
    }
}

impl WriteTx<'_> {
    /// Takes the home's row lock: what is read afterwards stays true until the commit, for every writer comes this way
    /// first. On the embedded database there is one writer anyway. `NotFound` where there is no such home.
    pub fn lock_home(&mut self, owner: PrincipalId, kind: HomeKind) -> Result<(), Error> {
        if !self.locks.holds(owner, kind)
            && let Conn::Postgres(conn) = &mut *self.read.conn
        {
            let found: Option<i64> = home::table
                .find((owner.0, kind as i16))
                .select(home::modseq)
                .for_no_key_update()
                .first(conn)
                .optional()?;
            found.ok_or(Error::Fault(Fault::NotFound))?;
            self.locks.take(owner, kind);
        }
        Ok(())
    }

    /// Raises the home's number, once a transaction, and tells it; locks it too. `NotFound` where there is no such home.
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

    /// Makes a collection; the place must be free. Nobody made the ones that an account has from its beginning.
    pub fn insert_collection(
        &mut self,
        new: &NewCollection,
        by: Option<&Origin>,
    ) -> Result<CollectionId, Error> {
        let home_modseq = self.raise_home(new.owner, new.home)?;
        let id = self.new_id();
        let now = self.now;
        self.exhume_collection(new.owner, new.home, &new.slug)?;
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
        if let Some(by) = by {
            self.log_collection(CollectionId(id), 1, CollectionDeed::Made, by, None)?;
            self.sight_into_home_moves(new.owner, new.home)?;
        }
        Ok(CollectionId(id))
    }

    /// Copies the members of `from` with their kept properties into `into`, a collection that was just made and has none; tells how
    /// many. Those of which a part has one of the classes `without` (bits) are left out, and for one who copies
    /// another's calendar those that he sees otherwise than they are stored (`ReadTx::personal_copies`). Contents stay within the database. Members keep their numbers, which the caller's lock on the home of `from`
    /// keeps as they are, and the new collection's number goes above them.
    pub fn copy_members(
        &mut self,
        from: &Collection,
        into: CollectionId,
        by: &Origin,
        without: (i16, Option<PrincipalId>),
    ) -> Result<usize, Error> {
        let mut copied = 0;
        let mut after = i64::MIN;
        loop {
            let sizes: Vec<(i64, i32)> = on!(self.conn, conn => object::table
                .filter(object::collection.eq(from.id.0).and(object::modseq.gt(after)))
                .select((object::modseq, object::size))
                .order(object::modseq)
                .limit(COPY_ROWS)
                .load(conn))?;
            let (Some(last), count) = page_end(&sizes) else { break };
            copied += self.copy_page(from.id, into, (after, last), count, without)?;
            self.log_page(into, (after, last), by)?;
            after = last;
        }
        diesel::update(collection::table.find(into.0))
            .set(collection::modseq.eq(from.modseq + 1))
            .execute(self.conn)?;
        Ok(copied)
    }

    /// Copies the `count` members with numbers above the first and up to the second of `page`.
    fn copy_page(
        &mut self,
        from: CollectionId,
        into: CollectionId,
        page: (i64, i64),
        count: i64,
        (without, other): (i16, Option<PrincipalId>),
    ) -> Result<usize, Error> {
        let now = self.now;
        let other = other.map_or(0, |other| other.0);
        let before_first = self.shared.ids.next_run(now, count) - 1;
        // All columns in their order: a new one does not compile until it is copied, or decided otherwise, here.
        Ok(on!(self.conn, conn => object::table
            .filter(object::collection.eq(from.0).and(object::modseq.gt(page.0)).and(object::modseq.le(page.1)))
            .filter(sql::<Bool>("(classes & ").bind::<SmallInt, _>(without).sql(") = 0"))
            .filter(sql::<Bool>("(").bind::<BigInt, _>(other).sql(" = 0 OR NOT ").sql(SEEN_OTHERWISE)
                .bind::<BigInt, _>(other).sql(" AND collection = ").bind::<BigInt, _>(from.0).sql(")))"))
            .select((
                sql::<BigInt>("").bind::<BigInt, _>(before_first).sql(" + ROW_NUMBER() OVER (ORDER BY modseq)"),
                into.0.into_sql::<BigInt>(),
                object::name,
                object::uid,
                object::etag,
                object::modseq,
                object::modseq,
                object::component,
                object::size,
                object::span_class,
                object::first_at,
                object::last_at,
                now.into_sql::<BigInt>(),
                now.into_sql::<BigInt>(),
                None::<&str>.into_sql::<Nullable<Text>>(),
                object::organizer,
                object::props,
                object::search,
                object::parsed,
                object::body,
                object::season,
                // Those that it has, and had: here it is new.
                sql::<SmallInt>("(classes & 7) * 9"),
                object::masks,
            ))
            .insert_into(object::table)
            .execute(conn))?)
    }

    /// Writes the log of a page that was copied.
    fn log_page(&mut self, into: CollectionId, page: (i64, i64), by: &Origin) -> Result<usize, Error> {
        let now = self.now;
        Ok(on!(self.conn, conn => object::table
            .filter(object::collection.eq(into.0).and(object::modseq.gt(page.0)).and(object::modseq.le(page.1)))
            .select((
                object::collection,
                object::modseq,
                object::name,
                (Logged::Created as i16).into_sql::<SmallInt>(),
                object::etag.nullable(),
                by.actor.0.into_sql::<BigInt>(),
                (by.door as i16).into_sql::<SmallInt>(),
                by.device.as_deref().into_sql::<Nullable<Text>>(),
                now.into_sql::<BigInt>(),
                None::<i64>.into_sql::<Nullable<BigInt>>(),
            ))
            .insert_into(change::table)
            .execute(conn))?)
    }

    /// Changes a collection's own properties.
    pub fn update_collection(
        &mut self,
        of: &Collection,
        update: &CollectionUpdate,
        by: &Origin,
    ) -> Result<(), Error> {
        let modseq = self.raise(of)?;
        self.log_collection(of.id, modseq, CollectionDeed::Changed, by, Some(&Described::of(of)))?;
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
    pub fn delete_collection(&mut self, of: &Collection, by: &Origin) -> Result<(), Error> {
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
        self.log_collection(of.id, of.modseq, CollectionDeed::Deleted, by, None)?;
        self.bury_collection(of.owner, of.home, &of.slug, home_modseq)
    }

    /// Gives a collection another name, or moves it to another home of the same kind.
    pub fn rename_collection(
        &mut self,
        of: &Collection,
        owner: PrincipalId,
        slug: &str,
        by: &Origin,
    ) -> Result<(), Error> {
        let left = self.raise_home(of.owner, of.home)?;
        let entered = if owner == of.owner { left } else { self.raise_home(owner, of.home)? };
        self.exhume_collection(owner, of.home, slug)?;
        let modseq: i64 = diesel::update(collection::table.find(of.id.0))
            .set((
                collection::owner.eq(owner.0),
                collection::slug.eq(slug),
                collection::modseq.eq(collection::modseq + 1),
                collection::home_modseq.eq(entered),
            ))
            .returning(collection::modseq)
            .get_result(self.conn)?;
        if owner != of.owner {
            self.sight_into_home_moves(of.owner, of.home)?;
            self.sight_into_home_moves(owner, of.home)?;
        }
        self.log_collection(of.id, modseq, CollectionDeed::Renamed, by, None)?;
        self.bury_collection(of.owner, of.home, &of.slug, left)
    }

    /// No tombstone of a name any more.
    pub(super) fn exhume_collection(
        &mut self,
        owner: PrincipalId,
        home: HomeKind,
        slug: &str,
    ) -> Result<(), Error> {
        diesel::delete(collection_tombstone::table.find((owner.0, home as i16, slug))).execute(self.conn)?;
        Ok(())
    }

    pub(super) fn bury_collection(
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

/// The number up to which the contents of a page fit, and how many members that are; at least one where there is any.
fn page_end(sizes: &[(i64, i32)]) -> (Option<i64>, i64) {
    let (mut last, mut count, mut bytes) = (None, 0, 0);
    for (modseq, size) in sizes {
        bytes += i64::from(*size);
        if last.is_some() && bytes > COPY_BYTES {
            break;
        }
        (last, count) = (Some(*modseq), count + 1);
    }
    (last, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_to_copy_are_cut_by_bytes_but_never_empty() {
        let big = i32::try_from(COPY_BYTES).expect("fits") + 1;
        assert_eq!(page_end(&[]), (None, 0));
        assert_eq!(page_end(&[(1, big), (2, 1)]), (Some(1), 1));
        assert_eq!(page_end(&[(1, 10), (5, big), (9, 1)]), (Some(1), 1));
        assert_eq!(page_end(&[(1, 10), (5, 20), (9, 1)]), (Some(9), 3));
    }
}
