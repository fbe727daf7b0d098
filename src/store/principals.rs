//! Principals, their addresses and homes.
//!
//! RFC 3744 §2. Decides no right.

use super::conn::on;
use super::lists::OneOf;
use super::schema::{address, home, principal};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::HomeKind;
use crate::domain::group::GroupDetail;
use crate::domain::id::PrincipalId;
use crate::domain::principal::{NewPrincipal, Principal, PrincipalKind, PrincipalState};
use crate::domain::props::Props;
use diesel::prelude::*;
use std::collections::HashMap;

type Row = (i64, i16, String, String, i16, bool, Option<String>, i64, i64, String);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            principal::id,
            principal::kind,
            principal::handle,
            principal::display_name,
            principal::state,
            principal::admin,
            principal::time_zone,
            principal::auth_version,
            principal::token_version,
            principal::props,
        )
    };
}

impl ReadTx<'_> {
    /// The time zone of a principal, where it has one.
    pub fn time_zone(&mut self, of: PrincipalId) -> Result<Option<String>, Error> {
        let zone: Option<Option<String>> =
            principal::table.find(of.0).select(principal::time_zone).first(self.conn).optional()?;
        Ok(zone.flatten())
    }

    /// The principal with this id.
    pub fn principal(&mut self, id: PrincipalId) -> Result<Option<Principal>, Error> {
        let row: Option<Row> =
            on!(self.conn, conn => principal::table.find(id.0).select(columns!()).first(conn).optional())?;
        Ok(self.all_with_addresses(row.into_iter().collect())?.pop())
    }

    /// The principal with this handle, in lower case.
    pub fn principal_by_handle(&mut self, handle: &str) -> Result<Option<Principal>, Error> {
        let row: Option<Row> = on!(self.conn, conn => principal::table.filter(principal::handle.eq(handle)).select(columns!()).first(conn).optional())?;
        Ok(self.all_with_addresses(row.into_iter().collect())?.pop())
    }

    /// What the principal with this handle, in lower case, is; one search, whether or not there is one.
    pub fn owner_by_handle(&mut self, handle: &str) -> Result<Option<(PrincipalId, PrincipalKind)>, Error> {
        let row: Option<(i64, i16)> = on!(self.conn, conn => principal::table
            .filter(principal::handle.eq(handle))
            .select((principal::id, principal::kind))
            .first(conn)
            .optional())?;
        Ok(row.and_then(|(id, kind)| Some((PrincipalId(id), PrincipalKind::from_number(kind)?))))
    }

    /// The principal that this mail address, in lower case, belongs to.
    pub fn principal_by_address(&mut self, mail: &str) -> Result<Option<Principal>, Error> {
        let owner: Option<i64> =
            address::table.find(mail).select(address::principal).first(self.conn).optional()?;
        match owner {
            Some(id) => self.principal(PrincipalId(id)),
            None => Ok(None),
        }
    }

    /// The principals with these ids, in the order of the ids; those that are not there are left out.
    pub fn principals_with_ids(&mut self, ids: &[i64]) -> Result<Vec<Principal>, Error> {
        let mut rows: HashMap<i64, Row> = HashMap::with_capacity(ids.len());
        for piece in OneOf::pieces(ids) {
            let some: Vec<Row> = on!(self.conn, conn => principal::table
                .filter(OneOf::new(principal::id, piece))
                .select(columns!())
                .load(conn))?;
            rows.extend(some.into_iter().map(|row| (row.0, row)));
        }
        self.all_with_addresses(ids.iter().filter_map(|id| rows.remove(id)).collect())
    }

    /// How many principals there are of this kind.
    pub fn count_principals(&mut self, kind: PrincipalKind) -> Result<i64, Error> {
        Ok(principal::table.filter(principal::kind.eq(kind as i16)).count().get_result(self.conn)?)
    }

    /// All principals of a kind, by handle.
    pub fn principals(
        &mut self,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Principal>, Error> {
        let rows: Vec<Row> = principal::table
            .filter(principal::kind.eq(kind as i16).and(principal::handle.gt(after)))
            .select(columns!())
            .order(principal::handle)
            .limit(limit)
            .load(self.conn)?;
        self.all_with_addresses(rows)
    }

    /// Principals of these rows, in their order, each with its addresses, the primary one first.
    fn all_with_addresses(&mut self, rows: Vec<Row>) -> Result<Vec<Principal>, Error> {
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let mut addresses: HashMap<i64, Vec<String>> = HashMap::with_capacity(ids.len());
        for piece in OneOf::pieces(&ids) {
            let some: Vec<(i64, String)> = on!(self.conn, conn => address::table
                .filter(OneOf::new(address::principal, piece))
                .select((address::principal, address::mail))
                .order((address::principal, address::is_primary.desc(), address::mail))
                .load(conn))?;
            for (of, mail) in some {
                addresses.entry(of).or_default().push(mail);
            }
        }
        let with_addresses = |row: Row| {
            let all = addresses.remove(&row.0).unwrap_or_default();
            principal_of(row, all)
        };
        Ok(rows.into_iter().map(with_addresses).collect())
    }
}

fn principal_of(row: Row, addresses: Vec<String>) -> Principal {
    let (id, kind, handle, display_name, state, admin, time_zone, auth_version, token_version, props) = row;
    Principal {
        id: PrincipalId(id),
        kind: PrincipalKind::from_number(kind).unwrap_or(PrincipalKind::User),
        handle,
        display_name,
        addresses,
        state: if state == PrincipalState::Active as i16 {
            PrincipalState::Active
        } else {
            PrincipalState::Suspended
        },
        admin,
        time_zone,
        auth_version,
        token_version,
        props: Props::from_json(props),
    }
}

impl WriteTx<'_> {
    /// Makes a principal with its addresses and its two homes. `search` is the folded text it is found by.
    pub fn insert_principal(&mut self, new: &NewPrincipal, search: &str) -> Result<PrincipalId, Error> {
        let id = self.new_id();
        let now = self.now;
        diesel::insert_into(principal::table)
            .values((
                principal::id.eq(id),
                principal::kind.eq(new.kind as i16),
                principal::handle.eq(&new.handle),
                principal::display_name.eq(&new.display_name),
                principal::search.eq(search),
                principal::state.eq(PrincipalState::Active as i16),
                principal::hidden.eq(false),
                principal::admin.eq(new.admin),
                principal::time_zone.eq(&new.time_zone),
                principal::auth_version.eq(1),
                principal::token_version.eq(1),
                principal::created_at.eq(now),
                principal::props.eq(""),
            ))
            .execute(self.conn)?;
        for (at, mail) in new.addresses.iter().enumerate() {
            diesel::insert_into(address::table)
                .values((address::mail.eq(mail), address::principal.eq(id), address::is_primary.eq(at == 0)))
                .execute(self.conn)?;
        }
        for kind in [HomeKind::Calendars, HomeKind::AddressBooks] {
            diesel::insert_into(home::table)
                .values((
                    home::principal.eq(id),
                    home::kind.eq(kind as i16),
                    home::modseq.eq(1),
                    home::props.eq(""),
                ))
                .execute(self.conn)?;
        }
        if new.kind == PrincipalKind::Group {
            self.set_group_detail(PrincipalId(id), &GroupDetail::plain())?;
        }
        Ok(PrincipalId(id))
    }

    /// Keeps what a client set on a principal.
    pub fn set_principal_props(&mut self, id: PrincipalId, props: &Props) -> Result<(), Error> {
        diesel::update(principal::table.find(id.0))
            .set(principal::props.eq(props.to_json()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Suspends an account or lets it be used again; what was checked before no longer holds.
    pub fn set_principal_state(&mut self, id: PrincipalId, state: PrincipalState) -> Result<(), Error> {
        diesel::update(principal::table.find(id.0))
            .set((
                principal::state.eq(state as i16),
                principal::auth_version.eq(principal::auth_version + 1),
                principal::token_version.eq(principal::token_version + 1),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
