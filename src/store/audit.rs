//! Who gave what to whom: written in the transaction that does it, read in pages from the newest on.
//!
//! Decides no right.

use super::grants::{grantee_columns, read_grantee};
use super::schema::audit;
use super::{Error, Origin, ReadTx, WriteTx};
use crate::domain::acl::{Grantee, Privileges};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::id::{CollectionId, IdSource, PrincipalId};
use diesel::prelude::*;

/// Rows that one transaction removes.
const PIECE: i64 = 500;

/// What was done. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Action {
    /// Somebody was given rights who had none here.
    Granted = 1,
    /// Somebody was given other rights.
    Changed = 2,
    /// Somebody's rights were taken away.
    Revoked = 3,
    /// Somebody who was invited took what he was given into his home.
    Accepted = 4,
    /// He did not want it there, or gave it up.
    Declined = 5,
    /// It was given to somebody, with all that is in it.
    HandedOver = 6,
}

impl Action {
    /// What a change from one set to another is; `None` where it is none.
    pub fn of(before: Privileges, after: Privileges) -> Option<Action> {
        match (before.is_empty(), after.is_empty()) {
            _ if before == after => None,
            (true, _) => Some(Action::Granted),
            (_, true) => Some(Action::Revoked),
            _ => Some(Action::Changed),
        }
    }
}

/// What somebody did to another's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What was done.
    pub action: Action,
    /// Whose it is.
    pub owner: PrincipalId,
    /// In which home.
    pub home: HomeKind,
    /// On which collection; `None` on all of the home.
    pub collection: Option<CollectionId>,
    /// To whom.
    pub grantee: Grantee,
    /// What he could do.
    pub before: Privileges,
    /// What he can do.
    pub after: Privileges,
}

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// In the order of time.
    pub id: i64,
    /// When, microseconds UTC.
    pub at: i64,
    /// Who did it.
    pub actor: PrincipalId,
    /// Through which door: the number of a `Door`.
    pub door: i16,
    /// With which device.
    pub device: Option<String>,
    /// What.
    pub what: Audited,
}

type Row = (i64, i64, i64, i16, Option<String>, i16, i64, i16, i64, i16, i64, i32, i32);

fn entry(row: Row) -> AuditEntry {
    let (id, at, actor, door, device, action, owner, home, collection, grantee, principal, before, after) =
        row;
    AuditEntry {
        id,
        at,
        actor: PrincipalId(actor),
        door,
        device,
        what: Audited {
            action: match action {
                1 => Action::Granted,
                2 => Action::Changed,
                4 => Action::Accepted,
                5 => Action::Declined,
                6 => Action::HandedOver,
                _ => Action::Revoked,
            },
            owner: PrincipalId(owner),
            home: if home == HomeKind::Calendars as i16 {
                HomeKind::Calendars
            } else {
                HomeKind::AddressBooks
            },
            collection: Some(CollectionId(collection)).filter(|id| id.0 != 0),
            grantee: read_grantee(grantee, principal),
            before: Privileges(before),
            after: Privileges(after),
        },
    }
}

impl ReadTx<'_> {
    /// What was done to the rights on a collection, also when it was another's, and on the home that it is in, before the entry `before`; the newest first.
    pub fn audit_of(&mut self, on: &Collection, before: i64, limit: i64) -> Result<Vec<AuditEntry>, Error> {
        let former: Vec<i64> = self.former_owners(on.id)?.into_iter().map(|(_, owner)| owner.0).collect();
        let here = audit::owner.eq(on.owner.0).and(audit::collection.eq_any([0, on.id.0]));
        let before_him = audit::owner.eq_any(former).and(audit::collection.eq(on.id.0));
        let rows: Vec<Row> = audit::table
            .filter(audit::home.eq(on.home as i16).and(audit::id.lt(before)).and(here.or(before_him)))
            .order(audit::id.desc())
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// What was done to any rights before the entry `before`, of one owner where one is given; the newest first.
    pub fn audit(
        &mut self,
        owner: Option<PrincipalId>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, Error> {
        let mut wanted = audit::table.filter(audit::id.lt(before)).into_boxed();
        if let Some(owner) = owner {
            wanted = wanted.filter(audit::owner.eq(owner.0));
        }
        let rows: Vec<Row> = wanted.order(audit::id.desc()).limit(limit).load(self.conn)?;
        Ok(rows.into_iter().map(entry).collect())
    }
}

impl WriteTx<'_> {
    /// Notes what was done.
    pub fn note_audit(&mut self, by: &Origin, what: &Audited) -> Result<(), Error> {
        let (id, now) = (self.new_id(), self.now);
        let (grantee, principal) = grantee_columns(what.grantee);
        diesel::insert_into(audit::table)
            .values((
                audit::id.eq(id),
                audit::at.eq(now),
                audit::actor.eq(by.actor.0),
                audit::door.eq(by.door as i16),
                audit::device.eq(&by.device),
                audit::action.eq(what.action as i16),
                audit::owner.eq(what.owner.0),
                audit::home.eq(what.home as i16),
                audit::collection.eq(what.collection.map_or(0, |id| id.0)),
                audit::grantee.eq(grantee),
                audit::principal.eq(principal),
                audit::old_privileges.eq(what.before.0),
                audit::new_privileges.eq(what.after.0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes a piece of what was noted before a moment (microseconds UTC); how many rows went.
    pub fn purge_audit(&mut self, before: i64) -> Result<usize, Error> {
        let old: Vec<i64> = audit::table
            .filter(audit::id.lt(IdSource::least_at(before)))
            .select(audit::id)
            .order(audit::id)
            .limit(PIECE)
            .load(self.conn)?;
        if old.is_empty() {
            return Ok(0);
        }
        Ok(diesel::delete(audit::table.filter(audit::id.eq_any(&old))).execute(self.conn)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_named_by_what_was_and_is() {
        let (none, one, two) = (Privileges::NONE, Privileges(1), Privileges(3));
        assert_eq!(Action::of(none, one), Some(Action::Granted));
        assert_eq!(Action::of(one, two), Some(Action::Changed));
        assert_eq!(Action::of(two, none), Some(Action::Revoked));
        assert_eq!((Action::of(one, one), Action::of(none, none)), (None, None));
    }
}
