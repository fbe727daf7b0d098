//! Who gave what to whom, told to those who may see the rights themselves, and to administrators.

use super::access::{self, Place};
use super::actor::Actor;
use super::{Core, fault, groups};
use crate::domain::acl::{Grantee, Privilege};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::Principal;
use crate::store::{AuditEntry, Error, ReadTx, Weight};

/// A page of the audit: the newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// What was done.
    pub entries: Vec<AuditEntry>,
    /// Those whom the entries name, as far as they are still there and the reader may know of them.
    pub people: Vec<Principal>,
    /// Whether there are older entries.
    pub more: bool,
}

impl AuditPage {
    /// The handle of somebody whom an entry names.
    pub fn handle(&self, id: PrincipalId) -> Option<&str> {
        self.people.iter().find(|one| one.id == id).map(|one| one.handle.as_str())
    }
}

impl Core {
    /// What was done to the rights on a collection, before the entry `before`; for one who may read them.
    pub async fn audit_of(
        &self,
        actor: &Actor,
        place: &Place,
        before: Option<i64>,
        limit: i64,
    ) -> Result<AuditPage, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        fault(
            self.store
                .read(Weight::Scan, move |tx| {
                    let access = access::find(tx, &actor, &place)?;
                    access.need(Privilege::ReadAcl)?;
                    let found = tx.audit_of(access.collection(), before.unwrap_or(i64::MAX), limit + 1)?;
                    page(tx, &actor, found, limit)
                })
                .await,
        )
    }

    /// What was done to any rights, before the entry `before`, of one owner where one is given; for administrators, to all others there
    /// is no such thing.
    pub async fn audit(
        &self,
        actor: &Actor,
        owner: Option<&str>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<AuditPage, Fault> {
        if !actor.admin {
            return Err(Fault::NotFound);
        }
        let (actor, owner) = (actor.clone(), owner.map(str::to_lowercase));
        fault(
            self.store
                .read(Weight::Scan, move |tx| {
                    let owner = match &owner {
                        None => None,
                        Some(handle) => match tx.principal_by_handle(handle)? {
                            Some(owner) => Some(owner.id),
                            None => return page(tx, &actor, Vec::new(), limit),
                        },
                    };
                    let found = tx.audit(owner, before.unwrap_or(i64::MAX), limit + 1)?;
                    page(tx, &actor, found, limit)
                })
                .await,
        )
    }

    /// Removes what was noted longer ago than so many days; tells how many entries went.
    pub async fn purge_audit(&self, days: u32) -> Result<usize, Fault> {
        const DAY: i64 = 86_400 * 1_000_000;
        let before = self.now() - i64::from(days) * DAY;
        let mut total = 0;
        loop {
            match fault(self.store.write(move |tx| tx.purge_audit(before)).await)? {
                0 => return Ok(total),
                rows => total += rows,
            }
        }
    }
}

fn page(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    mut entries: Vec<AuditEntry>,
    limit: i64,
) -> Result<AuditPage, Error> {
    let limit = usize::try_from(limit).unwrap_or(1);
    let more = entries.len() > limit;
    entries.truncate(limit);
    let mut ids: Vec<i64> = Vec::new();
    for entry in &entries {
        ids.extend([entry.actor.0, entry.what.owner.0]);
        if let Grantee::Principal(id) = entry.what.grantee {
            ids.push(id.0);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let people = tx.principals_with_ids(&ids)?;
    Ok(AuditPage { people: groups::only_seen(tx, actor, people)?, entries, more })
}
