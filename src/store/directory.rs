//! The directory: searched by what is in names and addresses, and in pages. Hidden principals are left out; decides nothing else.
//!
//! RFC 3744 §9.4 (search). A search reads one index alone, and then only the rows that fit.

use super::conn::on;
use super::dialect::Contains;
use super::schema::principal;
use super::{Error, ReadTx};
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalKind};
use diesel::prelude::*;

/// What a principal is searched by; all needles must match.
#[derive(Debug, Clone, Default)]
pub struct PrincipalMatch {
    /// Folded substrings, each of which must occur in the name, the handle or an address.
    pub needles: Vec<String>,
    /// Only these kinds; empty for all.
    pub kinds: Vec<PrincipalKind>,
    /// Rows at most.
    pub limit: i64,
}

impl ReadTx<'_> {
    /// Principals that match, ordered by their searched text.
    pub fn search_principals(&mut self, wanted: &PrincipalMatch) -> Result<Vec<Principal>, Error> {
        let kinds: Vec<i16> = match wanted.kinds.as_slice() {
            [] => PrincipalKind::ALL.into_iter().map(|kind| kind as i16).collect(),
            some => some.iter().map(|kind| *kind as i16).collect(),
        };
        let ids: Vec<i64> = on!(self.conn, conn => {
            let mut query = principal::table
                .select(principal::id)
                .filter(principal::hidden.eq(false).and(principal::kind.eq_any(kinds)))
                .into_boxed();
            for needle in &wanted.needles {
                query = query.filter(Contains::new(principal::search, needle));
            }
            query.order((principal::kind, principal::search)).limit(wanted.limit).load(conn)
        })?;
        self.principals_with_ids(&ids)
    }

    /// Groups that match and are not listed for everybody; of those only these, where they are given.
    pub fn search_unlisted_groups(
        &mut self,
        wanted: &PrincipalMatch,
        only: Option<&[PrincipalId]>,
    ) -> Result<Vec<Principal>, Error> {
        if only.is_some_and(<[PrincipalId]>::is_empty) {
            return Ok(Vec::new());
        }
        let group = PrincipalKind::Group as i16;
        let ids: Vec<i64> = on!(self.conn, conn => {
            let mut query = principal::table
                .select(principal::id)
                .filter(principal::hidden.eq(true).and(principal::kind.eq(group)))
                .into_boxed();
            if let Some(only) = only {
                query = query.filter(principal::id.eq_any(only.iter().map(|id| id.0)));
            }
            for needle in &wanted.needles {
                query = query.filter(Contains::new(principal::search, needle));
            }
            query.order((principal::kind, principal::search)).limit(wanted.limit).load(conn)
        })?;
        self.principals_with_ids(&ids)
    }

    /// Principals of a kind, from after a handle, by handle.
    pub fn directory_after(
        &mut self,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Principal>, Error> {
        let visible = principal::kind.eq(kind as i16).and(principal::hidden.eq(false));
        let ids: Vec<i64> = principal::table
            .filter(visible.and(principal::handle.gt(after)))
            .select(principal::id)
            .order(principal::handle)
            .limit(limit)
            .load(self.conn)?;
        self.principals_with_ids(&ids)
    }
}
