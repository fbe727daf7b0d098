//! One login with what it asks for, as statements whose text is made once: see `opening.rs`.
//!
//! Every request of one's own asks one of these. The query builder would walk through some thirty columns several times for each, to
//! find that there is nothing to bind in them. Decides no right.

use super::opening::{At, Login};
use super::pages::HANDY;
use super::{collections, pages};
use crate::domain::collection::HomeKind;
use crate::domain::principal::PrincipalState;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer, Nullable, SmallInt, Text};

/// How a collection is named in a statement's text.
const SLUG: u8 = 0;
const ID: u8 = 1;

/// What all of them bind.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    login: Login,
    active: i16,
    home: i16,
    slug: &'a str,
    id: i64,
}

impl<'a> Asked<'a> {
    fn new(login: Login, home: HomeKind, at: &'a At) -> Self {
        let (slug, id) = match at {
            At::Slug(slug) => (slug.as_str(), 0),
            At::Id(id) => ("", id.0),
        };
        Asked { login, active: PrincipalState::Active as i16, home: home as i16, slug, id }
    }
}

/// A collection of the principal's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnCollection<'a, const BY: u8>(Asked<'a>);

/// A collection of the principal's own, and an item in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnItem<'a, const BY: u8> {
    asked: Asked<'a>,
    name: &'a str,
    most: i32,
}

/// Of a collection that is named by its place.
pub(super) fn by_slug(login: Login, home: HomeKind, at: &At) -> OwnCollection<'_, SLUG> {
    OwnCollection(Asked::new(login, home, at))
}

/// Of a collection that is named by its id.
pub(super) fn by_id(login: Login, home: HomeKind, at: &At) -> OwnCollection<'_, ID> {
    OwnCollection(Asked::new(login, home, at))
}

impl<'a, const BY: u8> OwnCollection<'a, BY> {
    /// With an item of it; of a large one without its content.
    pub(super) fn item(self, name: &'a str) -> OwnItem<'a, BY> {
        OwnItem { asked: self.0, name, most: HANDY }
    }
}

impl<const BY: u8> QueryId for OwnCollection<'_, BY> {
    type QueryId = OwnCollection<'static, BY>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const BY: u8> QueryId for OwnItem<'_, BY> {
    type QueryId = OwnItem<'static, BY>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const BY: u8> Query for OwnCollection<'_, BY> {
    type SqlType = Nullable<collections::SqlRow>;
}

impl<const BY: u8> Query for OwnItem<'_, BY> {
    type SqlType = (Nullable<collections::SqlRow>, Nullable<pages::SqlHead>);
}

impl<const BY: u8, Conn> RunQueryDsl<Conn> for OwnCollection<'_, BY> {}
impl<const BY: u8, Conn> RunQueryDsl<Conn> for OwnItem<'_, BY> {}

impl<const BY: u8, DB> QueryFragment<DB> for OwnCollection<'_, BY>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(SELECT_COLLECTION);
        out.push_sql(FROM);
        joined::<BY, DB>(&self.0, &mut out)?;
        holds(&self.0, &mut out)
    }
}

impl<const BY: u8, DB> QueryFragment<DB> for OwnItem<'_, BY>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Integer> + HasSqlType<SmallInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    i32: ToSql<Integer, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(SELECT_COLLECTION);
        out.push_sql(
            ", object.id, object.collection, object.name, object.uid, object.etag, object.component, object.modseq, object.created_at, \
             object.modified_at, object.schedule_tag, object.props, object.size, CASE WHEN object.size <= ",
        );
        out.push_bind_param::<Integer, _>(&self.most)?;
        out.push_sql(" THEN object.parsed END, CASE WHEN object.size <= ");
        out.push_bind_param::<Integer, _>(&self.most)?;
        out.push_sql(" THEN object.body END, object.classes, object.masks");
        out.push_sql(FROM);
        joined::<BY, DB>(&self.asked, &mut out)?;
        out.push_sql(" LEFT JOIN object ON object.collection = collection.id AND object.name = ");
        out.push_bind_param::<Text, _>(self.name)?;
        holds(&self.asked, &mut out)
    }
}

/// The columns of `collections::Row`.
const SELECT_COLLECTION: &str = "SELECT collection.id, collection.owner, collection.home, collection.kind, collection.slug, \
     collection.is_default, collection.components, collection.transparent, collection.time_zone, collection.modseq, \
     collection.home_modseq, collection.created_at, collection.props";

const FROM: &str = " FROM principal LEFT JOIN collection ON collection.owner = principal.id AND collection.deleted_at = 0 AND \
     collection.home = ";

/// The collection's part of the join.
fn joined<'b, const BY: u8, DB>(asked: &'b Asked<'_>, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    out.push_bind_param::<SmallInt, _>(&asked.home)?;
    if BY == ID {
        out.push_sql(" AND collection.id = ");
        return out.push_bind_param::<BigInt, _>(&asked.id);
    }
    out.push_sql(" AND collection.slug = ");
    out.push_bind_param::<Text, _>(asked.slug)
}

/// The condition of the principal's row.
fn holds<'b, DB>(asked: &'b Asked<'_>, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    out.push_sql(" WHERE principal.id = ");
    out.push_bind_param::<BigInt, _>(&asked.login.id.0)?;
    out.push_sql(" AND principal.auth_version = ");
    out.push_bind_param::<BigInt, _>(&asked.login.auth_version)?;
    out.push_sql(" AND principal.state = ");
    out.push_bind_param::<SmallInt, _>(&asked.active)
}
