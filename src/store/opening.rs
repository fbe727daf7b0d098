//! Whether a login still holds, and what it asks for in its own home: one statement, so one answer of the database.
//!
//! Decides no right: whose the collection is, the caller knows.

use super::collections::{self, collection_columns};
use super::conn::on;
use super::pages::{self, HANDY, Head, head_columns};
use super::schema::{collection, object, principal};
use super::{Error, ReadTx};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::PrincipalId;
use crate::domain::object::Object;
use crate::domain::principal::PrincipalState;
use diesel::prelude::*;

/// A login as it was checked before.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// Whose.
    pub id: PrincipalId,
    /// What the password was checked under.
    pub auth_version: i64,
}

/// A collection of the principal that logs in.
#[derive(Debug, Clone, Copy)]
pub struct OwnPlace<'p> {
    /// In which home.
    pub home: HomeKind,
    /// Its name.
    pub slug: &'p str,
}

/// A collection and an item of it, as far as they exist.
pub type OpenedItem = (Option<Collection>, Option<Object>);

/// Condition of a join: the collection of the principal at this place.
macro_rules! own {
    ($place:expr) => {
        collection::owner
            .eq(principal::id)
            .and(collection::home.eq($place.home as i16))
            .and(collection::slug.eq($place.slug.to_owned()))
            .and(collection::deleted_at.eq(0))
    };
}

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
    /// Whether what was checked still holds, and the account may be used.
    pub fn auth_holds(&mut self, login: Login) -> Result<bool, Error> {
        let found: Option<i64> = on!(self.conn, conn => principal::table
            .filter(holds!(login))
            .select(principal::id)
            .first(conn)
            .optional())?;
        Ok(found.is_some())
    }

    /// As [`ReadTx::auth_holds`], `None` where it does not; with the collection, where there is one.
    pub fn open_collection(
        &mut self,
        login: Login,
        place: OwnPlace<'_>,
    ) -> Result<Option<Option<Collection>>, Error> {
        let found: Option<Option<collections::Row>> = on!(self.conn, conn => principal::table
            .left_join(collection::table.on(own!(place)))
            .filter(holds!(login))
            .select(collection_columns!().nullable())
            .first(conn)
            .optional())?;
        Ok(found.map(|row| row.map(collections::from_row)))
    }

    /// As [`ReadTx::open_collection`], with an item of it, where there is one.
    pub fn open_item(
        &mut self,
        login: Login,
        place: OwnPlace<'_>,
        name: &str,
    ) -> Result<Option<OpenedItem>, Error> {
        type Found = (Option<collections::Row>, Option<Head>);
        let found: Option<Found> = on!(self.conn, conn => principal::table
            .left_join(collection::table.on(own!(place)))
            .left_join(object::table.on(
                object::collection.nullable().eq(collection::id.nullable()).and(object::name.eq(name.to_owned())),
            ))
            .filter(holds!(login))
            .select((collection_columns!().nullable(), head_columns!(HANDY).nullable()))
            .first(conn)
            .optional())?;
        Ok(found.map(|(collection, object)| {
            (collection.map(collections::from_row), object.and_then(|head| pages::whole(head).ok()))
        }))
    }
}
