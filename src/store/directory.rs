//! The directory in pages: names of principals that may be seen. Decides nothing else.

use super::schema::principal;
use super::{Error, ReadTx};
use crate::domain::principal::PrincipalKind;
use diesel::prelude::*;

impl ReadTx<'_> {
    /// Handles of the principals of a kind that are not hidden, from after one, in order.
    pub fn directory_after(
        &mut self,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        let visible = principal::kind.eq(kind as i16).and(principal::hidden.eq(false));
        Ok(principal::table
            .filter(visible.and(principal::handle.gt(after)))
            .select(principal::handle)
            .order(principal::handle)
            .limit(limit)
            .load(self.conn)?)
    }
}
