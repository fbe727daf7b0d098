//! Writes of items on a server: the numbers, the row, the old content and the entry in the log in one statement.
//!
//! Each statement is a journey, and step by step one write would make seven. All parts see the tables as they were when the
//! statement began; the lock on the home, which its writer has taken, keeps them so. Each part runs whatever the others find: all
//! of them ask for the row of `raised`, which is not there where the item is not as its writer saw it. The embedded database knows
//! no such statement and needs none: what `objects.rs` does there step by step is the same.

use crate::domain::collection::Collection;
use crate::domain::object::{Draft, Object, span_class};
use crate::domain::privacy::{PAST, with_past};
use crate::store::objects::{Logged, Origin, stored_size};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, HasSqlType, Integer, Nullable, SmallInt, Text};

/// What all writes of one item have in common.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Write<'a> {
    /// The collection whose number and whose home's number are raised.
    pub of: &'a Collection,
    /// Who, and how he came in.
    pub by: &'a Origin,
    /// Microseconds UTC.
    pub now: i64,
}

impl<'a> Write<'a> {
    /// Makes an item, whose row gets this id. This and its like tell the collection's number after it; `None`, and nothing is done,
    /// where the collection is deleted or the item not as its writer saw it.
    pub fn create(self, conn: &mut PgConnection, draft: &'a Draft, id: i64) -> QueryResult<Option<i64>> {
        let statement = Statement::<CREATE> {
            name: &draft.name,
            row: id,
            version: 0,
            logged: Logged::Created as i16,
            etag: Some(&draft.etag.0),
            content: Some(Content::of(draft, 0)),
            ..Statement::new(self)
        };
        statement.get_result(conn).optional()
    }

    /// Replaces an item; what was there is kept under the id `version`.
    pub fn replace(
        self,
        conn: &mut PgConnection,
        draft: &'a Draft,
        old: &'a Object,
        version: i64,
    ) -> QueryResult<Option<i64>> {
        let statement = Statement::<REPLACE> {
            name: &old.name,
            row: old.id.0,
            seen: old.modseq,
            version,
            logged: Logged::Updated as i16,
            etag: Some(&draft.etag.0),
            content: Some(Content::of(draft, old.classes)),
            ..Statement::new(self)
        };
        statement.get_result(conn).optional()
    }

    /// Removes an item; what was there is kept under the id `version`.
    pub fn remove(self, conn: &mut PgConnection, old: &'a Object, version: i64) -> QueryResult<Option<i64>> {
        let statement = Statement::<REMOVE> {
            name: &old.name,
            row: old.id.0,
            seen: old.modseq,
            version,
            logged: Logged::Removed as i16,
            ..Statement::new(self)
        };
        statement.get_result(conn).optional()
    }
}

const CREATE: u8 = 1;
const REPLACE: u8 = 2;
const REMOVE: u8 = 3;

/// One write of one item. What is done is part of the type, which is the key to the prepared statement.
#[derive(Debug, Clone, Copy)]
struct Statement<'a, const WHAT: u8> {
    owner: i64,
    home: i16,
    collection: i64,
    name: &'a str,
    /// The id of the item's row.
    row: i64,
    /// The number that an item which is there must have.
    seen: i64,
    version: i64,
    logged: i16,
    etag: Option<&'a str>,
    actor: i64,
    door: i16,
    device: Option<&'a str>,
    now: i64,
    content: Option<Content<'a>>,
}

/// What an item's row says of its content.
#[derive(Debug, Clone, Copy)]
struct Content<'a> {
    draft: &'a Draft,
    size: i32,
    span_class: i16,
    /// With those that the item had before.
    classes: i16,
}

impl<'a> Content<'a> {
    fn of(draft: &'a Draft, before: i16) -> Self {
        Content {
            draft,
            size: stored_size(&draft.body),
            span_class: span_class(&draft.span),
            classes: with_past(draft.classes, before),
        }
    }

    /// The columns, each after a comma; as assignments where `named`.
    fn walk<'b>(&'b self, out: &mut Out<'_, 'b>, named: bool) -> QueryResult<()> {
        let Content { draft, size, span_class, classes: _ } = self;
        let name = |out: &mut Out<'_, 'b>, column| {
            out.push_sql(", ");
            if named {
                out.push_sql(column);
                out.push_sql(" = ");
            }
        };
        name(out, "uid");
        out.push_bind_param::<Text, _>(&draft.uid)?;
        name(out, "etag");
        out.push_bind_param::<Text, _>(&draft.etag.0)?;
        name(out, "component");
        out.push_bind_param::<SmallInt, _>(&draft.kind.0)?;
        name(out, "size");
        out.push_bind_param::<Integer, _>(size)?;
        name(out, "span_class");
        out.push_bind_param::<SmallInt, _>(span_class)?;
        name(out, "first_at");
        out.push_bind_param::<BigInt, _>(&draft.span.first)?;
        name(out, "last_at");
        out.push_bind_param::<BigInt, _>(&draft.span.last)?;
        name(out, "season");
        out.push_bind_param::<BigInt, _>(&draft.span.season)?;
        name(out, "organizer");
        out.push_bind_param::<Nullable<Text>, _>(&draft.organizer)?;
        name(out, "search");
        out.push_bind_param::<Text, _>(&draft.search)?;
        name(out, "parsed");
        out.push_bind_param::<Binary, _>(&draft.parsed)?;
        name(out, "body");
        out.push_bind_param::<Text, _>(&draft.body)?;
        name(out, "masks");
        out.push_bind_param::<Nullable<Text>, _>(&draft.masks)
    }
}

/// The columns of [`Content::walk`].
const CONTENT: &str = "uid, etag, component, size, span_class, first_at, last_at, season, organizer, search, parsed, body, masks";

impl<const WHAT: u8> QueryId for Statement<'_, WHAT> {
    type QueryId = Statement<'static, WHAT>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const WHAT: u8> Query for Statement<'_, WHAT> {
    type SqlType = BigInt;
}

impl<const WHAT: u8, Conn> RunQueryDsl<Conn> for Statement<'_, WHAT> {}

type Out<'o, 'b> = AstPass<'o, 'b, Pg>;

/// A comma and a value.
fn next<'b, T, V>(out: &mut Out<'_, 'b>, value: &'b V) -> QueryResult<()>
where
    Pg: HasSqlType<T>,
    V: ToSql<T, Pg>,
{
    out.push_sql(", ");
    out.push_bind_param::<T, V>(value)
}

impl<const WHAT: u8> QueryFragment<Pg> for Statement<'_, WHAT> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.raise(&mut out)?;
        match &self.content {
            Some(content) if WHAT == CREATE => self.make(&mut out, content)?,
            Some(content) => {
                self.keep(&mut out)?;
                self.change(&mut out, content)?;
            }
            None => {
                self.keep(&mut out)?;
                self.bury(&mut out)?;
            }
        }
        self.log(&mut out)?;
        out.push_sql(" SELECT modseq FROM raised");
        Ok(())
    }
}

impl<'a, const WHAT: u8> Statement<'a, WHAT> {
    fn new(write: Write<'a>) -> Self {
        Statement {
            owner: write.of.owner.0,
            home: write.of.home as i16,
            collection: write.of.id.0,
            name: "",
            row: 0,
            seen: 0,
            version: 0,
            logged: 0,
            etag: None,
            actor: write.by.actor.0,
            door: write.by.door as i16,
            device: write.by.device.as_deref(),
            now: write.now,
            content: None,
        }
    }

    /// `raised`: one row with the collection's new number; none where something is not as the writer saw it.
    fn raise<'b>(&'b self, out: &mut Out<'_, 'b>) -> QueryResult<()> {
        out.push_sql("WITH home_raised AS (UPDATE home SET modseq = modseq + 1 WHERE principal = ");
        out.push_bind_param::<BigInt, _>(&self.owner)?;
        out.push_sql(" AND kind = ");
        out.push_bind_param::<SmallInt, _>(&self.home)?;
        out.push_sql(" AND EXISTS (SELECT 1 FROM collection WHERE deleted_at = 0 AND id = ");
        out.push_bind_param::<BigInt, _>(&self.collection)?;
        out.push_sql(" AND owner = ");
        out.push_bind_param::<BigInt, _>(&self.owner)?;
        out.push_sql(")");
        self.unmoved(out)?;
        out.push_sql(
            " RETURNING modseq), raised AS (UPDATE collection SET modseq = collection.modseq + 1, \
             home_modseq = home_raised.modseq FROM home_raised WHERE id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.collection)?;
        out.push_sql(" RETURNING collection.modseq)");
        Ok(())
    }

    /// The condition that there is still no item of the name and UID, or the very one that was seen.
    fn unmoved<'b>(&'b self, out: &mut Out<'_, 'b>) -> QueryResult<()> {
        if WHAT != CREATE {
            out.push_sql(" AND EXISTS (SELECT 1 FROM object WHERE id = ");
            out.push_bind_param::<BigInt, _>(&self.row)?;
            out.push_sql(" AND modseq = ");
            out.push_bind_param::<BigInt, _>(&self.seen)?;
            out.push_sql(")");
            return Ok(());
        }
        let Some(Content { draft, .. }) = &self.content else { return Ok(()) };
        out.push_sql(" AND NOT EXISTS (SELECT 1 FROM object WHERE collection = ");
        out.push_bind_param::<BigInt, _>(&self.collection)?;
        out.push_sql(" AND name = ");
        out.push_bind_param::<Text, _>(&self.name)?;
        out.push_sql(") AND NOT EXISTS (SELECT 1 FROM object WHERE collection = ");
        out.push_bind_param::<BigInt, _>(&self.collection)?;
        out.push_sql(" AND uid = ");
        out.push_bind_param::<Text, _>(&draft.uid)?;
        out.push_sql(")");
        Ok(())
    }

    /// The row of a new item, and no tombstone of its name any more.
    fn make<'b>(&'b self, out: &mut Out<'_, 'b>, content: &'b Content<'_>) -> QueryResult<()> {
        out.push_sql(", dug_up AS (DELETE FROM tombstone USING raised WHERE collection = ");
        out.push_bind_param::<BigInt, _>(&self.collection)?;
        out.push_sql(" AND name = ");
        out.push_bind_param::<Text, _>(&self.name)?;
        out.push_sql(
            " RETURNING classes), made AS (INSERT INTO object (modseq, created_modseq, id, collection, name, created_at, \
             modified_at, classes, ",
        );
        out.push_sql(CONTENT);
        out.push_sql(") SELECT modseq, modseq");
        next::<BigInt, _>(out, &self.row)?;
        next::<BigInt, _>(out, &self.collection)?;
        next::<Text, _>(out, &self.name)?;
        next::<BigInt, _>(out, &self.now)?;
        next::<BigInt, _>(out, &self.now)?;
        next::<SmallInt, _>(out, &content.classes)?;
        // What was told of a name that went away is told of the item that takes it.
        out.push_sql(" | (COALESCE((SELECT classes FROM dug_up), 0) & ");
        out.push_bind_param::<SmallInt, _>(&PAST)?;
        out.push_sql(")");
        content.walk(out, false)?;
        out.push_sql(" FROM raised)");
        Ok(())
    }

    /// The row of an item that stays.
    fn change<'b>(&'b self, out: &mut Out<'_, 'b>, content: &'b Content<'_>) -> QueryResult<()> {
        out.push_sql(", changed AS (UPDATE object SET modseq = raised.modseq, modified_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(", classes = ");
        out.push_bind_param::<SmallInt, _>(&content.classes)?;
        content.walk(out, true)?;
        out.push_sql(" FROM raised WHERE object.id = ");
        out.push_bind_param::<BigInt, _>(&self.row)?;
        out.push_sql(")");
        Ok(())
    }

    /// The content that goes away.
    fn keep<'b>(&'b self, out: &mut Out<'_, 'b>) -> QueryResult<()> {
        out.push_sql(
            ", kept AS (INSERT INTO version (collection, name, uid, etag, modseq, body, replaced_by, id, replaced_at) \
             SELECT collection, name, uid, etag, object.modseq, body, raised.modseq",
        );
        next::<BigInt, _>(out, &self.version)?;
        next::<BigInt, _>(out, &self.now)?;
        out.push_sql(" FROM object, raised WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.row)?;
        out.push_sql(")");
        Ok(())
    }

    /// No row any more, and a tombstone.
    fn bury<'b>(&'b self, out: &mut Out<'_, 'b>) -> QueryResult<()> {
        out.push_sql(", removed AS (DELETE FROM object USING raised WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.row)?;
        out.push_sql(
            " RETURNING collection, name, created_modseq, classes, component), buried AS (INSERT INTO tombstone (collection, name, \
             modseq, created_modseq, classes, component) SELECT removed.collection, removed.name, raised.modseq, \
             removed.created_modseq, removed.classes, removed.component FROM removed, raised)",
        );
        Ok(())
    }

    /// The entry in the log.
    fn log<'b>(&'b self, out: &mut Out<'_, 'b>) -> QueryResult<()> {
        out.push_sql(
            ", logged AS (INSERT INTO change (modseq, collection, name, kind, etag, actor, door, device, at, version) \
             SELECT modseq",
        );
        next::<BigInt, _>(out, &self.collection)?;
        next::<Text, _>(out, &self.name)?;
        next::<SmallInt, _>(out, &self.logged)?;
        next::<Nullable<Text>, _>(out, &self.etag)?;
        next::<BigInt, _>(out, &self.actor)?;
        next::<SmallInt, _>(out, &self.door)?;
        next::<Nullable<Text>, _>(out, &self.device)?;
        next::<BigInt, _>(out, &self.now)?;
        if WHAT == CREATE {
            out.push_sql(", NULL");
        } else {
            next::<BigInt, _>(out, &self.version)?;
        }
        out.push_sql(" FROM raised)");
        Ok(())
    }
}
