//! Many logins with what they ask for, in one statement on a server: see `store/gather.rs`.

use crate::domain::principal::PrincipalState;
use crate::store::opening::{Ask, At, OwnPlace};
use diesel::expression::Expression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text};

/// `SELECT place in the list, columns …` for those of the list whose login holds.
#[derive(Debug)]
pub(in crate::store) struct Openings<'a, S> {
    select: S,
    ids: Vec<i64>,
    versions: Vec<i64>,
    homes: Vec<i16>,
    slugs: Vec<Option<&'a str>>,
    collections: Vec<Option<i64>>,
    names: Vec<Option<&'a str>>,
    active: i16,
}

impl<'a, S> Openings<'a, S> {
    /// Asks for all of them; `select` are columns of `collection` and `object`, both nullable.
    pub fn new(select: S, asks: impl Iterator<Item = &'a Ask> + Clone) -> Self {
        let place = |ask: &'a Ask| ask.place.as_ref();
        Openings {
            select,
            ids: asks.clone().map(|ask| ask.login.id.0).collect(),
            versions: asks.clone().map(|ask| ask.login.auth_version).collect(),
            homes: asks.clone().map(|ask| place(ask).map_or(0, |place| place.home as i16)).collect(),
            slugs: asks.clone().map(|ask| place(ask).and_then(slug)).collect(),
            collections: asks.clone().map(|ask| place(ask).and_then(collection)).collect(),
            names: asks.map(|ask| place(ask).and_then(|place| place.name.as_deref())).collect(),
            active: PrincipalState::Active as i16,
        }
    }
}

fn slug(place: &OwnPlace) -> Option<&str> {
    match &place.at {
        At::Slug(slug) => Some(slug),
        At::Id(_) => None,
    }
}

fn collection(place: &OwnPlace) -> Option<i64> {
    match place.at {
        At::Id(id) => Some(id.0),
        At::Slug(_) => None,
    }
}

impl<S: QueryId> QueryId for Openings<'_, S> {
    type QueryId = Openings<'static, S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: Expression> Query for Openings<'_, S> {
    type SqlType = (BigInt, S::SqlType);
}

impl<S, Conn> RunQueryDsl<Conn> for Openings<'_, S> {}

impl<S: QueryFragment<Pg>> QueryFragment<Pg> for Openings<'_, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT asked.place, ");
        self.select.walk_ast(out.reborrow())?;
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SmallInt>, _>(&self.homes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.slugs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.names)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.collections)?;
        out.push_sql(
            ") WITH ORDINALITY AS asked (principal, version, home, slug, name, collection, place) \
             JOIN principal ON principal.id = asked.principal AND principal.auth_version = asked.version AND principal.state = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.active)?;
        out.push_sql(
            " LEFT JOIN collection ON collection.id = COALESCE(asked.collection, (SELECT id FROM collection AS named \
             WHERE named.owner = principal.id AND named.home = asked.home AND named.slug = asked.slug AND named.deleted_at = 0)) \
             AND collection.owner = principal.id AND collection.home = asked.home AND collection.deleted_at = 0 \
             LEFT JOIN object ON object.collection = collection.id AND object.name = asked.name",
        );
        Ok(())
    }
}
