//! Which groups somebody may know of. Every door that tells of principals asks here; absent and forbidden look alike.

use super::super::actor::Actor;
use crate::domain::fault::Fault;
use crate::domain::group::{GroupDetail, Role, Standpoint, Visibility};
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::store::{Error, ReadTx};
use std::collections::HashMap;

/// Where somebody stands to all groups.
#[derive(Debug, Clone)]
pub(in super::super) struct Sight {
    admin: bool,
    roles: HashMap<PrincipalId, Role>,
}

impl Sight {
    /// Where an actor stands now.
    pub fn of(tx: &mut ReadTx<'_>, actor: &Actor) -> Result<Self, Error> {
        Ok(Sight { admin: actor.admin, roles: tx.roles_of(actor.id)? })
    }

    /// Where he stands to one group.
    pub fn on(&self, group: PrincipalId) -> Standpoint {
        Standpoint { role: self.roles.get(&group).copied(), admin: self.admin }
    }

    /// The groups that are not public and that he may know of; `None` where he may know of all.
    pub fn beside_public(&self, tx: &mut ReadTx<'_>) -> Result<Option<Vec<PrincipalId>>, Error> {
        self.those(tx, |detail, by| detail.visibility != Visibility::Public && detail.seen_from(by))
    }

    /// The groups that do not show their members to everyone but to him; `None` where all do.
    pub fn beside_open(&self, tx: &mut ReadTx<'_>) -> Result<Option<Vec<PrincipalId>>, Error> {
        self.those(tx, GroupDetail::members_seen_from)
    }

    fn those(
        &self,
        tx: &mut ReadTx<'_>,
        wanted: impl Fn(&GroupDetail, Standpoint) -> bool,
    ) -> Result<Option<Vec<PrincipalId>>, Error> {
        if self.admin {
            return Ok(None);
        }
        let own: Vec<PrincipalId> = self.roles.keys().copied().collect();
        let details = tx.group_details(&own)?;
        Ok(Some(
            own.into_iter()
                .filter(|id| details.get(id).is_some_and(|one| wanted(one, self.on(*id))))
                .collect(),
        ))
    }
}

/// A group that somebody may know of, with where he stands to it.
#[derive(Debug, Clone)]
pub struct SeenGroup {
    /// The principal.
    pub principal: Principal,
    /// What it is beyond that.
    pub detail: GroupDetail,
    /// Who looks.
    pub by: Standpoint,
}

impl SeenGroup {
    /// Its entity tag, without quotes: of the group and its direct members, and of the looker's role, which is told too.
    pub fn tag(&self) -> String {
        format!("g{}.{}", self.detail.revision, self.by.role.map_or(0, |role| role as i16))
    }
}

/// The group with this handle, if the actor may know of it.
pub(in super::super) fn seen(tx: &mut ReadTx<'_>, actor: &Actor, handle: &str) -> Result<SeenGroup, Error> {
    let absent = || Error::Fault(Fault::NotFound);
    let principal = tx.principal_by_handle(handle)?.filter(|one| one.kind == PrincipalKind::Group);
    let principal = principal.ok_or_else(absent)?;
    let detail = tx.group_details(&[principal.id])?.remove(&principal.id).ok_or_else(absent)?;
    let by = Sight::of(tx, actor)?.on(principal.id);
    if detail.seen_from(by) { Ok(SeenGroup { principal, detail, by }) } else { Err(absent()) }
}

/// Those of some principals that the actor may know of: all but groups that are none of his business.
pub(in super::super) fn only_seen(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    mut all: Vec<Principal>,
) -> Result<Vec<Principal>, Error> {
    let groups: Vec<PrincipalId> =
        all.iter().filter(|one| one.kind == PrincipalKind::Group).map(|one| one.id).collect();
    if groups.is_empty() {
        return Ok(all);
    }
    let details = tx.group_details(&groups)?;
    if groups.iter().all(|id| details.get(id).is_some_and(|detail| detail.visibility == Visibility::Public)) {
        return Ok(all);
    }
    let sight = Sight::of(tx, actor)?;
    all.retain(|one| {
        one.kind != PrincipalKind::Group
            || details.get(&one.id).is_some_and(|detail| detail.seen_from(sight.on(one.id)))
    });
    Ok(all)
}

/// The principal with this handle, of whatever kind, if the actor may know of it.
pub(in super::super) fn principal(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    handle: &str,
) -> Result<Principal, Error> {
    let found = tx.principal_by_handle(handle)?;
    only_seen(tx, actor, found.into_iter().collect())?.pop().ok_or(Error::Fault(Fault::NotFound))
}
