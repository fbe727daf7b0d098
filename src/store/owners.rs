//! Whose a collection was before it was handed over. Decides no right.

use super::schema::former_owner;
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::Collection;
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

impl ReadTx<'_> {
    /// Those whose a collection was, each with the last number at which it was, the first of them first.
    pub fn former_owners(&mut self, of: CollectionId) -> Result<Vec<(i64, PrincipalId)>, Error> {
        let rows: Vec<(i64, i64)> = former_owner::table
            .filter(former_owner::collection.eq(of.0))
            .select((former_owner::modseq, former_owner::owner))
            .order(former_owner::modseq)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(modseq, owner)| (modseq, PrincipalId(owner))).collect())
    }
}

impl WriteTx<'_> {
    /// Notes whose a collection was up to now. Its home must be locked.
    pub fn note_former_owner(&mut self, of: &Collection) -> Result<(), Error> {
        diesel::insert_into(former_owner::table)
            .values((
                former_owner::collection.eq(of.id.0),
                former_owner::modseq.eq(of.modseq),
                former_owner::owner.eq(of.owner.0),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
