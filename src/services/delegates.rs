//! Who acts for whom: grants on all of a person's calendars or address books, those that he makes later included.
//!
//! Only the person himself gives them. Calendar clients see them as the two proxy groups of each user
//! (`caldav-proxy`, calendarserver.org): who may change is in the one, who may read in the other.

use super::actor::Actor;
use super::rights::{allowed, differences};
use super::{Core, fault, groups};
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges};
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::PrincipalId;
use crate::domain::principal::Principal;
use crate::domain::role::Role;
use crate::store::{Action, Audited, Error, ReadTx, Weight, WriteTx};
use std::collections::BTreeMap;

/// Both homes.
const HOMES: [HomeKind; 2] = [HomeKind::Calendars, HomeKind::AddressBooks];

/// A principal and what is between him and the actor.
#[derive(Debug, Clone)]
pub struct Delegate {
    /// Who.
    pub principal: Principal,
    /// With all calendars.
    pub calendars: Privileges,
    /// With all address books.
    pub contacts: Privileges,
}

/// The two groups that calendar clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Those who may read.
    Read,
    /// Those who may change.
    Write,
}

impl Proxy {
    /// The group that a set of privileges is in, if any.
    pub fn of(privileges: Privileges) -> Option<Proxy> {
        match (privileges.has(Privilege::Read), privileges.has(Privilege::WriteContent)) {
            (true, true) => Some(Proxy::Write),
            (true, false) => Some(Proxy::Read),
            (false, _) => None,
        }
    }

    /// What who is put into the group may do.
    const fn role(self) -> Role {
        match self {
            Proxy::Read => Role::Read,
            Proxy::Write => Role::Delegate,
        }
    }
}

impl Core {
    /// Who acts for the actor, by the homes that his proof reaches.
    pub async fn delegates(&self, actor: &Actor) -> Result<Vec<Delegate>, Fault> {
        let actor = actor.clone();
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let mut found = BTreeMap::new();
                    for home in homes(&actor) {
                        for grant in tx.home_grants(actor.id, home)? {
                            if let Grantee::Principal(id) = grant.grantee {
                                add(&mut found, id, home, grant.privileges);
                            }
                        }
                    }
                    named(tx, found)
                })
                .await,
        )
    }

    /// For whom the actor may act, himself or by a group, by the homes that his proof reaches.
    pub async fn delegations(&self, actor: &Actor) -> Result<Vec<Delegate>, Fault> {
        let actor = actor.clone();
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let mut holders = tx.groups_of(actor.id)?;
                    holders.push(actor.id);
                    let reached: Vec<HomeKind> = homes(&actor).collect();
                    let mut found = BTreeMap::new();
                    for (owner, home, grant) in tx.homes_granted_to(&holders)? {
                        if owner != actor.id && reached.contains(&home) {
                            add(&mut found, owner, home, grant.privileges);
                        }
                    }
                    named(tx, found)
                })
                .await,
        )
    }

    /// Lets another act for the actor with these roles and no others; without any he does not any more. Tells whether he could
    /// before. `NotFound` where there is no such principal.
    pub async fn set_delegate(
        &self,
        actor: &Actor,
        handle: &str,
        calendars: Option<Role>,
        contacts: Option<Role>,
    ) -> Result<bool, Fault> {
        actor.whole()?;
        let (actor, handle) = (actor.clone(), handle.to_lowercase());
        fault(
            self.store
                .write(move |tx| {
                    let delegate = known(tx, &actor, &handle)?;
                    let mut was = false;
                    for (home, role) in [(HomeKind::Calendars, calendars), (HomeKind::AddressBooks, contacts)]
                    {
                        let privileges = role.map(|role| role.privileges(home)).unwrap_or_default();
                        let grantee = Grantee::Principal(delegate.id);
                        was |= set(tx, &actor, home, &[Grant { grantee, privileges }])?;
                    }
                    Ok(was)
                })
                .await,
        )
    }

    /// The members of one of the actor's proxy groups.
    pub async fn proxies(&self, actor: &Actor, of: Proxy) -> Result<Vec<Principal>, Fault> {
        let all = self.delegates(actor).await?;
        Ok(all
            .into_iter()
            .filter(|one| Proxy::of(one.calendars) == Some(of))
            .map(|one| one.principal)
            .collect())
    }

    /// Makes these and no others the members of one of the actor's proxy groups. Who is in it keeps what he may do; who is in the other
    /// one comes over.
    pub async fn set_proxies(
        &self,
        actor: &Actor,
        owner: &str,
        of: Proxy,
        members: Vec<PrincipalId>,
    ) -> Result<(), Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        let home = HomeKind::Calendars;
        fault(
            self.store
                .write(move |tx| {
                    super::homes::own(tx, &actor, &owner)?;
                    actor.reach(home)?;
                    tx.lock_home(actor.id, home)?;
                    let old = tx.home_grants(actor.id, home)?;
                    let is_in = |grantee| {
                        old.iter()
                            .any(|grant| grant.grantee == grantee && Proxy::of(grant.privileges) == Some(of))
                    };
                    let wanted: Vec<Grantee> = members.iter().copied().map(Grantee::Principal).collect();
                    let left = old.iter().map(|grant| grant.grantee).filter(|one| {
                        matches!(one, Grantee::Principal(_)) && is_in(*one) && !wanted.contains(one)
                    });
                    let left = left.map(|grantee| Grant { grantee, privileges: Privileges::NONE });
                    let come = wanted.iter().copied().filter(|one| !is_in(*one));
                    let come = come.map(|grantee| Grant { grantee, privileges: of.role().privileges(home) });
                    let changes: Vec<Grant> = left.chain(come).collect();
                    set(tx, &actor, home, &changes).map(|_| ())
                })
                .await,
        )
    }
}

/// The homes that the actor's proof reaches as a whole.
fn homes(actor: &Actor) -> impl Iterator<Item = HomeKind> {
    let scope = actor.scope;
    HOMES.into_iter().filter(move |home| scope.opens(*home) && scope.collection.is_none())
}

type Found = BTreeMap<PrincipalId, [Privileges; 2]>;

fn add(found: &mut Found, who: PrincipalId, home: HomeKind, privileges: Privileges) {
    let [calendars, contacts] = found.entry(who).or_default();
    let set = if home == HomeKind::Calendars { calendars } else { contacts };
    *set = set.with(privileges);
}

fn named(tx: &mut ReadTx<'_>, found: Found) -> Result<Vec<Delegate>, Error> {
    let ids: Vec<i64> = found.keys().map(|id| id.0).collect();
    let mut all: Vec<Delegate> = tx
        .principals_with_ids(&ids)?
        .into_iter()
        .map(|principal| {
            let [calendars, contacts] = found.get(&principal.id).copied().unwrap_or_default();
            Delegate { principal, calendars, contacts }
        })
        .collect();
    all.sort_by(|one, other| one.principal.handle.cmp(&other.principal.handle));
    Ok(all)
}

/// Whom a handle names: somebody whom the actor may know of, or to whom he has given something already.
fn known(tx: &mut ReadTx<'_>, actor: &Actor, handle: &str) -> Result<Principal, Error> {
    let one = tx.principal_by_handle(handle)?.ok_or(Fault::NotFound)?;
    if !groups::only_seen(tx, actor, vec![one.clone()])?.is_empty() {
        return Ok(one);
    }
    for home in HOMES {
        if tx.home_grants(actor.id, home)?.iter().any(|grant| grant.grantee == Grantee::Principal(one.id)) {
            return Ok(one);
        }
    }
    Err(Fault::NotFound.into())
}

/// Sets what these grantees may do with a home of the actor's, and notes it; whether any could do something before.
fn set(tx: &mut WriteTx<'_>, actor: &Actor, home: HomeKind, grants: &[Grant]) -> Result<bool, Error> {
    tx.lock_home(actor.id, home)?;
    let old = tx.home_grants(actor.id, home)?;
    let was = old.iter().any(|grant| grants.iter().any(|one| one.grantee == grant.grantee));
    let mut new: Vec<Grant> = old
        .iter()
        .filter(|grant| grants.iter().all(|one| one.grantee != grant.grantee))
        .chain(grants)
        .copied()
        .collect();
    new.retain(|grant| grant.privileges != Privileges::NONE);
    allowed(actor.id, &new).map_err(|fault| match fault {
        Fault::Condition(Condition::NoProtectedAceConflict) => Condition::AllowedPrincipal.into(),
        other => other,
    })?;
    let differences = differences(&old, &new);
    if differences.is_empty() {
        return Ok(was);
    }
    let by = actor.origin(home);
    for (grantee, before, after) in differences {
        tx.set_home_grant(actor.id, home, Grant { grantee, privileges: after })?;
        let Some(action) = Action::of(before, after) else { continue };
        let what = Audited { action, owner: actor.id, home, collection: None, grantee, before, after };
        tx.note_audit(&by, &what)?;
    }
    tx.raise_home(actor.id, home)?;
    Ok(was)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_fall_into_the_proxy_groups() {
        let group = |role: Role| Proxy::of(role.privileges(HomeKind::Calendars));
        assert_eq!(group(Role::Access), None);
        assert_eq!(group(Role::Admin), None);
        assert_eq!(group(Role::Read), Some(Proxy::Read));
        assert_eq!((group(Role::Write), group(Role::Delegate)), (Some(Proxy::Write), Some(Proxy::Write)));
        for of in [Proxy::Read, Proxy::Write] {
            assert_eq!(group(of.role()), Some(of));
        }
    }
}
