//! Calendars of birthdays: of which state of which address books each is. Decides no right.

use super::collections::{Row, collection_columns, from_row};
use super::conn::on;
use super::schema::{birthdays, collection};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::Collection;
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

impl ReadTx<'_> {
    /// The calendar of birthdays of a principal, and the state that it is of; `None` where he has none.
    pub fn birthdays_of(&mut self, owner: PrincipalId) -> Result<Option<(Collection, String)>, Error> {
        let found: Option<(Row, String)> = on!(self.conn, conn => collection::table
            .inner_join(birthdays::table.on(birthdays::collection.eq(collection::id)))
            .filter(collection::owner.eq(owner.0).and(collection::deleted_at.eq(0)))
            .select((collection_columns!(), birthdays::seen))
            .first(conn)
            .optional())?;
        Ok(found.map(|(row, seen)| (from_row(row), seen)))
    }
}

impl WriteTx<'_> {
    /// Notes of which state a calendar of birthdays is; the home must be locked.
    pub fn set_birthdays(&mut self, calendar: CollectionId, seen: &str) -> Result<(), Error> {
        diesel::delete(birthdays::table.find(calendar.0)).execute(self.conn)?;
        diesel::insert_into(birthdays::table)
            .values((birthdays::collection.eq(calendar.0), birthdays::seen.eq(seen)))
            .execute(self.conn)?;
        Ok(())
    }
}
