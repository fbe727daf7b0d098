//! Whether a login still holds, and what it asks for in its own home: one statement, so one answer of the database.
//!
//! Decides no right: whose the collection is, the caller knows.

use super::collections;
use super::conn::on;
use super::own_places::{by_id, by_slug};
use super::pages::{self, Head};
use super::schema::principal;
use super::{Error, HomeState, ReadTx, Store, Weight};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::object::Object;
use crate::domain::principal::PrincipalState;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SmallInt};

/// A login as it was checked before.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// Whose.
    pub id: PrincipalId,
    /// What the password was checked under.
    pub auth_version: i64,
}

/// A collection of the principal that logs in.
#[derive(Debug, Clone)]
pub struct OwnPlace {
    /// In which home.
    pub home: HomeKind,
    /// Which.
    pub at: At,
    /// The item of it that is asked for, if any.
    pub name: Option<String>,
}

/// How a collection is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// By its name in the home.
    Slug(String),
    /// By its id.
    Id(CollectionId),
}

/// A login, with what it asks for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub login: Login,
    pub place: Option<OwnPlace>,
}

/// A collection and an item of it, as far as they were asked for and exist; of a large item nothing.
pub type OpenedItem = (Option<Collection>, Option<Object>);

/// Condition of the principal's row.
macro_rules! holds {
    ($login:expr) => {
        principal::id
            .eq($login.id.0)
            .and(principal::auth_version.eq($login.auth_version))
            .and(principal::state.eq(PrincipalState::Active as i16))
    };
}

impl ReadTx<'_> {
    /// What a login asks for; `None` where it does not hold any more, or the account may not be used.
    pub(super) fn opened(&mut self, ask: &Ask) -> Result<Option<OpenedItem>, Error> {
        match &ask.place {
            None => Ok(self.auth_holds(ask.login)?.then_some((None, None))),
            Some(OwnPlace { home, at, name: None }) => {
                Ok(self.open_collection(ask.login, *home, at)?.map(|collection| (collection, None)))
            }
            Some(OwnPlace { home, at, name: Some(name) }) => self.open_item(ask.login, *home, at, name),
        }
    }

    fn auth_holds(&mut self, login: Login) -> Result<bool, Error> {
        let found: Option<i64> = on!(self.conn, conn => principal::table
            .filter(holds!(login))
            .select(principal::id)
            .first(conn)
            .optional())?;
        Ok(found.is_some())
    }

    fn open_collection(
        &mut self,
        login: Login,
        home: HomeKind,
        at: &At,
    ) -> Result<Option<Option<Collection>>, Error> {
        let found: Option<Option<collections::Row>> = match at {
            At::Slug(_) => on!(self.conn, conn => by_slug(login, home, at).get_result(conn).optional()),
            At::Id(_) => on!(self.conn, conn => by_id(login, home, at).get_result(conn).optional()),
        }?;
        Ok(found.map(|row| row.map(collections::from_row)))
    }

    fn open_item(
        &mut self,
        login: Login,
        home: HomeKind,
        at: &At,
        name: &str,
    ) -> Result<Option<OpenedItem>, Error> {
        type Found = (Option<collections::Row>, Option<Head>);
        let found: Option<Found> = match at {
            At::Slug(_) => {
                on!(self.conn, conn => by_slug(login, home, at).item(name).get_result(conn).optional())
            }
            At::Id(_) => {
                on!(self.conn, conn => by_id(login, home, at).item(name).get_result(conn).optional())
            }
        }?;
        Ok(found.map(|(collection, object)| {
            (collection.map(collections::from_row), object.and_then(|head| pages::whole(head).ok()))
        }))
    }

    /// A home of the principal that logs in, and its collections, the oldest first; `None` where the login does not hold
    /// any more.
    pub fn open_home(
        &mut self,
        login: Login,
        kind: HomeKind,
    ) -> Result<Option<(HomeState, Vec<Collection>)>, Error> {
        let statement = OpenHome { login, kind: kind as i16, active: PrincipalState::Active as i16 };
        let rows: Vec<collections::Row> = on!(self.conn, conn => statement.load(conn))?;
        let mut rows = rows.into_iter().map(collections::from_row);
        // Without its first row the login does not hold, and the others say nothing.
        let home = rows.next().filter(|first| first.id.0 == THE_HOME);
        Ok(home.map(|home| {
            (
                HomeState { modseq: home.modseq, props: home.props, has_mounts: home.created_at > 0 },
                rows.collect(),
            )
        }))
    }
}

/// What stands for an id in the row of a home: collections have higher ones.
const THE_HOME: i64 = 0;

/// A home in the form of a collection's row, what it gave to mounts in the place of the time, and its collections.
#[derive(Debug, Clone, Copy, QueryId)]
struct OpenHome {
    login: Login,
    kind: i16,
    active: i16,
}

impl Query for OpenHome {
    type SqlType = collections::SqlRow;
}

impl<Conn> RunQueryDsl<Conn> for OpenHome {}

impl<DB> QueryFragment<DB> for OpenHome
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT CAST(0 AS BIGINT) AS id, home.principal, home.kind, CAST(0 AS SMALLINT), '', FALSE, CAST(0 AS SMALLINT), FALSE, \
             CAST(NULL AS TEXT), home.modseq, CAST(0 AS BIGINT), home.mounts, home.props \
             FROM principal JOIN home ON home.principal = principal.id WHERE home.kind = ",
        );
        out.push_bind_param::<SmallInt, _>(&self.kind)?;
        out.push_sql(" AND principal.state = ");
        out.push_bind_param::<SmallInt, _>(&self.active)?;
        out.push_sql(" AND principal.auth_version = ");
        out.push_bind_param::<BigInt, _>(&self.login.auth_version)?;
        out.push_sql(" AND principal.id = ");
        out.push_bind_param::<BigInt, _>(&self.login.id.0)?;
        out.push_sql(
            " UNION ALL SELECT id, owner, home, kind, slug, is_default, components, transparent, time_zone, modseq, home_modseq, \
             created_at, props FROM collection WHERE deleted_at = 0 AND owner = ",
        );
        out.push_bind_param::<BigInt, _>(&self.login.id.0)?;
        out.push_sql(" AND home = ");
        out.push_bind_param::<SmallInt, _>(&self.kind)?;
        out.push_sql(" ORDER BY id");
        Ok(())
    }
}

impl Store {
    /// What a login asks for; `None` where it does not hold any more, or the account may not be used.
    pub async fn open_place(
        &self,
        login: Login,
        place: Option<OwnPlace>,
    ) -> Result<Option<OpenedItem>, Error> {
        let ask = Ask { login, place };
        match &self.lanes {
            Some(lanes) => lanes.gather.ask(ask).await,
            None => self.read(Weight::Point, move |tx| tx.opened(&ask)).await,
        }
    }
}
