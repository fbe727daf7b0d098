//! Items of collections: read, written, removed, moved; each write with its entry in the change log.
//!
//! The one place where items change: old content goes to `version`, the change to `change`, both numbers are raised, all in
//! the caller's transaction. Decides no right and checks no content.

use super::conn::{Conn, on};
use super::dialect::writes::Write;
use super::lists::OneOf;
use super::pages::{self, HANDY, Head, head_columns};
use super::raise::ReplaceObject;
use super::schema::{change, collection, object, tombstone, version};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::directory::BOOK;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, Etag, ObjectId, PrincipalId};
use crate::domain::object::{Draft, Entry, ItemKind, Object, span_class};
use crate::domain::privacy::with_past;
use crate::domain::props::Props;
use crate::text::ical::{CalendarIndex, Span};
use diesel::prelude::*;

/// Through which door a change came. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Door {
    /// CalDAV.
    CalDav = 1,
    /// CardDAV.
    CardDav = 2,
    /// The REST API.
    Rest = 3,
    /// The command line.
    Import = 4,
    /// Scheduling.
    Scheduling = 5,
}

/// Who changes something, and how he came in: for history and undo.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who.
    pub actor: PrincipalId,
    /// Through which door.
    pub door: Door,
    /// The program, as it names itself.
    pub device: Option<String>,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whether the item is new.
    pub created: bool,
    /// The collection's number after it.
    pub modseq: i64,
}

/// How the log names what happened. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Logged {
    /// An item that was not there.
    Created = 1,
    /// Another content, or other kept properties.
    Updated = 2,
    /// No item any more.
    Removed = 3,
}

/// The octets of a body as its row tells them.
pub(super) fn stored_size(body: &str) -> i32 {
    i32::try_from(body.len()).unwrap_or(i32::MAX)
}

type Row = (
    i64,
    i64,
    String,
    String,
    String,
    i16,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Vec<u8>,
    String,
    i16,
    Option<String>,
);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            object::id,
            object::collection,
            object::name,
            object::uid,
            object::etag,
            object::component,
            object::modseq,
            object::created_at,
            object::modified_at,
            object::schedule_tag,
            object::props,
            object::parsed,
            object::body,
            object::classes,
            object::masks,
        )
    };
}
pub(super) use columns as object_columns;

pub(super) type ObjectRow = Row;

pub(super) fn from_row(row: Row) -> Object {
    let (
        id,
        collection,
        name,
        uid,
        etag,
        kind,
        modseq,
        created_at,
        modified_at,
        schedule_tag,
        props,
        parsed,
        body,
        classes,
        masks,
    ) = row;
    Object {
        id: ObjectId(id),
        collection: CollectionId(collection),
        name,
        uid,
        etag: Etag(etag),
        kind: ItemKind(kind),
        modseq,
        created_at,
        modified_at,
        schedule_tag,
        props: props.map(Props::from_json).unwrap_or_default(),
        parsed,
        body,
        classes,
        masks,
        masked: false,
        own: None,
    }
}

/// Whether a new state of an item stands where the old one does in the indexes by UID and time. What an update names is written
/// to each index that has it, though it be the same.
fn keeps_place(old: &Object, draft: &Draft) -> bool {
    let span = || match draft.kind {
        ItemKind::CARD => Some(Span::ANY),
        _ => CalendarIndex::decode(&old.parsed).map(|index| index.span()),
    };
    old.uid == draft.uid && old.kind == draft.kind && span() == Some(draft.span)
}

impl ReadTx<'_> {
    /// The item with this name.
    pub fn object(&mut self, of: CollectionId, name: &str) -> Result<Option<Object>, Error> {
        if of == BOOK {
            return self.directory_named(name);
        }
        let row: Option<Row> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::name.eq(name)))
            .select(columns!())
            .first(conn)
            .optional())?;
        Ok(row.map(from_row))
    }

    /// The item with this name, or of a large one the bytes of its body.
    pub fn handy_object(
        &mut self,
        of: CollectionId,
        name: &str,
    ) -> Result<Option<Result<Object, usize>>, Error> {
        if of == BOOK {
            return Ok(self.directory_named(name)?.map(Ok));
        }
        let row: Option<Head> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::name.eq(name)))
            .select(head_columns!(HANDY))
            .first(conn)
            .optional())?;
        Ok(row.map(|head| {
            let bytes = pages::row_bytes(&head);
            pages::whole(head).map_err(|_| bytes)
        }))
    }

    /// The items that exist of the first of these names, and how many names that are: all, unless some items are large. In
    /// no particular order.
    pub fn objects_named(&mut self, of: CollectionId, names: &[&str]) -> Result<(Vec<Object>, usize), Error> {
        if of == BOOK {
            return self.directory_with_names(names);
        }
        let mut rows: Vec<Head> = Vec::with_capacity(names.len());
        for piece in OneOf::pieces(names) {
            rows.extend(on!(self.conn, conn => object::table
                .filter(object::collection.eq(of.0).and(OneOf::new(object::name, piece)))
                .select(head_columns!())
                .load::<Head>(conn))?);
        }
        pages::fill_asked(self.conn, rows, names.len(), || {
            let places = pages::places(names);
            move |row: &Head| places.get(pages::row_name(row)).copied().unwrap_or(names.len())
        })
    }

    /// A page of whole items in the order of their modification numbers, from after `since`, and the number from after
    /// which the next goes on, if there may be one.
    pub fn objects_after(
        &mut self,
        of: CollectionId,
        since: i64,
        limit: i64,
    ) -> Result<(Vec<Object>, Option<i64>), Error> {
        if of == BOOK {
            return self.directory_from(since, limit);
        }
        let rows: Vec<Head> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::modseq.gt(since)))
            .select(head_columns!())
            .order(object::modseq)
            .limit(limit)
            .load(conn))?;
        pages::fill_ordered(self.conn, rows, limit, pages::row_modseq)
    }

    /// A page of a listing in the order of modification numbers, from after `since`.
    pub fn entries_after(&mut self, of: CollectionId, since: i64, limit: i64) -> Result<Vec<Entry>, Error> {
        if of == BOOK {
            return self.directory_entries(since, limit);
        }
        let rows: Vec<(String, String, i16, i64)> = on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::modseq.gt(since)))
            .select((object::name, object::etag, object::component, object::modseq))
            .order(object::modseq)
            .limit(limit)
            .load(conn))?;
        Ok(rows
            .into_iter()
            .map(|(name, etag, kind, modseq)| Entry { name, etag: Etag(etag), kind: ItemKind(kind), modseq })
            .collect())
    }

    /// The name of the item with this UID.
    pub fn name_of_uid(&mut self, of: CollectionId, uid: &str) -> Result<Option<String>, Error> {
        Ok(on!(self.conn, conn => object::table
            .filter(object::collection.eq(of.0).and(object::uid.eq(uid)))
            .select(object::name)
            .first(conn)
            .optional())?)
    }

    /// How many items a collection has and how many bytes they take.
    pub fn usage(&mut self, of: CollectionId) -> Result<(i64, i64), Error> {
        let (count, bytes): (i64, Option<i64>) = object::table
            .filter(object::collection.eq(of.0))
            .select((diesel::dsl::count_star(), diesel::dsl::sum(object::size)))
            .first(self.conn)?;
        Ok((count, bytes.unwrap_or(0)))
    }

    /// As [`ReadTx::usage`], of all collections of a home together.
    pub fn home_usage(&mut self, owner: PrincipalId, home: HomeKind) -> Result<(i64, i64), Error> {
        let of = collection::table
            .filter(
                collection::owner
                    .eq(owner.0)
                    .and(collection::home.eq(home as i16))
                    .and(collection::deleted_at.eq(0)),
            )
            .select(collection::id);
        let (count, bytes): (i64, Option<i64>) = object::table
            .filter(object::collection.eq_any(of))
            .select((diesel::dsl::count_star(), diesel::dsl::sum(object::size)))
            .first(self.conn)?;
        Ok((count, bytes.unwrap_or(0)))
    }
}

impl WriteTx<'_> {
    /// Creates or replaces an item. `old` is what the caller read in this transaction, or on a server before it: then
    /// `NotFound` says that something has changed, and nothing was written. The home must be locked.
    pub fn put_object(
        &mut self,
        into: &Collection,
        draft: &Draft,
        old: Option<&Object>,
        by: &Origin,
    ) -> Result<Written, Error> {
        let write = Write { of: into, by, now: self.now };
        let row = self.new_id();
        if let Conn::Postgres(conn) = &mut *self.conn {
            let modseq = match old {
                None => write.create(conn, draft, row)?,
                Some(old) => write.replace(conn, draft, old, row)?,
            };
            return Ok(Written { created: old.is_none(), modseq: modseq.ok_or(Fault::NotFound)? });
        }
        let modseq = self.raise(into)?;
        let version = old.map(|old| self.keep_version(old, modseq)).transpose()?;
        let now = self.now;
        let before = match old {
            Some(old) => old.classes,
            None => on!(self.conn, conn => diesel::delete(tombstone::table.find((into.id.0, &draft.name)))
                .returning(tombstone::classes)
                .get_result(conn)
                .optional())?
            .unwrap_or(0),
        };
        let content = (
            object::etag.eq(&draft.etag.0),
            object::modseq.eq(modseq),
            object::size.eq(stored_size(&draft.body)),
            object::modified_at.eq(now),
            object::organizer.eq(&draft.organizer),
            object::search.eq(&draft.search),
            object::parsed.eq(&draft.parsed),
            object::body.eq(&draft.body),
            object::classes.eq(with_past(draft.classes, before)),
            object::masks.eq(&draft.masks),
        );
        let place = (
            object::uid.eq(&draft.uid),
            object::component.eq(draft.kind.0),
            object::span_class.eq(span_class(&draft.span)),
            object::first_at.eq(draft.span.first),
            object::last_at.eq(draft.span.last),
            object::season.eq(draft.span.season),
        );
        match old {
            Some(old) if keeps_place(old, draft) => {
                let replace = ReplaceObject { id: old.id.0, changes: content.as_changeset() };
                on!(self.conn, conn => replace.execute(conn))?;
            }
            Some(old) => {
                let replace = ReplaceObject { id: old.id.0, changes: (content, place).as_changeset() };
                on!(self.conn, conn => replace.execute(conn))?;
            }
            None => {
                on!(self.conn, conn => diesel::insert_into(object::table)
                    .values((
                        object::id.eq(row),
                        object::collection.eq(into.id.0),
                        object::name.eq(&draft.name),
                        object::created_modseq.eq(modseq),
                        object::created_at.eq(now),
                        content,
                        place,
                    ))
                    .execute(conn))?;
            }
        }
        let kind = if old.is_some() { Logged::Updated } else { Logged::Created };
        self.log(into.id, modseq, &draft.name, kind, Some(&draft.etag), by, version)?;
        Ok(Written { created: old.is_none(), modseq })
    }

    /// Removes an item that the caller read, as for [`WriteTx::put_object`]; leaves a tombstone.
    pub fn remove_object(&mut self, from: &Collection, old: &Object, by: &Origin) -> Result<(), Error> {
        let write = Write { of: from, by, now: self.now };
        let row = self.new_id();
        if let Conn::Postgres(conn) = &mut *self.conn {
            return write.remove(conn, old, row)?.map(|_| ()).ok_or(Fault::NotFound.into());
        }
        let modseq = self.raise(from)?;
        let version = self.keep_version(old, modseq)?;
        let (created, classes): (i64, i16) = on!(self.conn, conn => diesel::delete(object::table.find(old.id.0))
            .returning((object::created_modseq, object::classes))
            .get_result(conn))?;
        on!(self.conn, conn => diesel::insert_into(tombstone::table)
            .values((
                tombstone::collection.eq(from.id.0),
                tombstone::name.eq(&old.name),
                tombstone::modseq.eq(modseq),
                tombstone::created_modseq.eq(created),
                tombstone::classes.eq(classes),
                tombstone::component.eq(old.kind.0),
            ))
            .execute(conn))?;
        self.log(from.id, modseq, &old.name, Logged::Removed, None, by, Some(version))
    }

    /// Keeps what a client set on an item; its content and entity tag stay.
    pub fn set_object_props(
        &mut self,
        into: &Collection,
        old: &Object,
        props: &Props,
        by: &Origin,
    ) -> Result<(), Error> {
        let modseq = self.raise(into)?;
        let json = Some(props.to_json()).filter(|json| !json.is_empty());
        diesel::update(object::table.find(old.id.0))
            .set((object::props.eq(json), object::modseq.eq(modseq)))
            .execute(self.conn)?;
        self.log(into.id, modseq, &old.name, Logged::Updated, Some(&old.etag), by, None)
    }

    /// Keeps the content that the change with this number takes away.
    fn keep_version(&mut self, old: &Object, replaced_by: i64) -> Result<i64, Error> {
        let id = self.new_id();
        let now = self.now;
        on!(self.conn, conn => diesel::insert_into(version::table)
            .values((
                version::id.eq(id),
                version::collection.eq(old.collection.0),
                version::name.eq(&old.name),
                version::uid.eq(&old.uid),
                version::etag.eq(&old.etag.0),
                version::modseq.eq(old.modseq),
                version::replaced_at.eq(now),
                version::body.eq(&old.body),
                version::replaced_by.eq(replaced_by),
            ))
            .execute(conn))?;
        Ok(id)
    }

    #[allow(clippy::too_many_arguments, reason = "one row of the log, written in one place")]
    fn log(
        &mut self,
        of: CollectionId,
        modseq: i64,
        name: &str,
        kind: Logged,
        etag: Option<&Etag>,
        by: &Origin,
        version: Option<i64>,
    ) -> Result<(), Error> {
        let now = self.now;
        on!(self.conn, conn => diesel::insert_into(change::table)
            .values((
                change::collection.eq(of.0),
                change::modseq.eq(modseq),
                change::name.eq(name),
                change::kind.eq(kind as i16),
                change::etag.eq(etag.map(|etag| etag.0.as_str())),
                change::actor.eq(by.actor.0),
                change::door.eq(by.door as i16),
                change::device.eq(by.device.as_deref()),
                change::at.eq(now),
                change::version.eq(version),
            ))
            .execute(conn))?;
        Ok(())
    }
}
