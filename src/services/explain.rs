//! Why somebody may do something, or may not: which grant gives it, and by which groups it comes to him.
//!
//! Told to who may see the rights on the thing, and to administrators; to all others the thing is not there. What it says is what
//! `access.rs` decides by: a test holds the two together.

use super::access::{self, Owner};
use super::actor::Actor;
use super::rights::{self, Hold, NamedGrant};
use super::{Core, fault, groups};
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::group::Role;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::principal::{Principal, PrincipalState};
use crate::store::{Error, ReadTx, Weight};

/// Why somebody may do something, or may not.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Who.
    pub subject: Principal,
    /// Whose the collection is.
    pub owner: Owner,
    /// In which home it is.
    pub home: HomeKind,
    /// All that he may do with it.
    pub held: Privileges,
    /// Each grant that gives him something of what was asked for.
    pub reasons: Vec<Reason>,
}

impl Explanation {
    /// Whether it is his own.
    pub fn owns(&self) -> bool {
        self.owner.id == self.subject.id
    }

    /// Whether he could log in at all.
    pub fn is_active(&self) -> bool {
        self.subject.state == PrincipalState::Active
    }
}

/// A grant, and how it comes to somebody.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The grant.
    pub grant: NamedGrant,
    /// The groups on the way, that of the grant first; none where it is to him, or to everybody. Those that the actor may not know of
    /// are left out.
    pub path: Vec<Principal>,
    /// His role in the group whose the collection is, where that is what gives it.
    pub role: Option<Role>,
}

impl Core {
    /// Why `subject` may do `asked` with a collection.
    pub async fn explain(
        &self,
        actor: &Actor,
        subject: &str,
        object: CollectionId,
        asked: impl Fn(HomeKind) -> Privileges + Send + 'static,
    ) -> Result<Explanation, Fault> {
        let (actor, subject) = (actor.clone(), subject.to_lowercase());
        fault(
            self.store
                .read(Weight::Scan, move |tx| {
                    let of = tx.collection_by_id(object)?.ok_or(Fault::NotFound)?;
                    actor.reach(of.home)?;
                    if !access::rights_on(tx, &actor, &of)?.has(Privilege::ReadAcl) && !actor.admin {
                        return Err(Fault::NotFound.into());
                    }
                    let subject = groups::principal(tx, &actor, &subject)?;
                    let owner = tx.principal(of.owner)?.ok_or(Fault::NotFound)?;
                    let owner = Owner { id: owner.id, kind: owner.kind, handle: owner.handle };
                    let held = tx.held(subject.id, &of)?;
                    let all = match owner.id == subject.id {
                        true => Privileges::ALL,
                        false => access::effective(&of, held).privileges,
                    };
                    // Whoever may do anything sees his own rights: that is no reason.
                    let asked = asked(of.home).without(Privilege::ReadCurrentUserPrivilegeSet.bit());
                    let above = above(tx, subject.id)?;
                    let groups: Vec<PrincipalId> = above.iter().map(|step| step.group).collect();
                    let (own, inherited) = rights::grants(tx, &of)?;
                    let own = own.into_iter().map(|grant| (grant, Hold::Own));
                    let grants = own.chain(inherited.into_iter().map(|grant| (grant, Hold::Inherited)));
                    let part = held.team.map(|part| {
                        let privileges = part.privileges(of.kind, of.home);
                        (Grant { grantee: Grantee::Principal(of.owner), privileges }, Hold::Team)
                    });
                    let giving = part.into_iter().chain(grants).filter(|(grant, _)| {
                        let given = grant.privileges.closed();
                        grant.grantee.means(subject.id, &groups) && !Privileges(given.0 & asked.0).is_empty()
                    });
                    let mut reasons = Vec::new();
                    let mut named = rights::name(tx, giving.collect())?;
                    rights::hide(tx, &actor, &mut named)?;
                    for grant in named {
                        let role = held.team.filter(|_| grant.hold == Hold::Team).map(|part| part.role);
                        let path = path(tx, grant.grant.grantee, subject.id, &above, role)?;
                        reasons.push(Reason { path: groups::only_seen(tx, &actor, path)?, grant, role });
                    }
                    Ok(Explanation { subject, owner, home: of.home, held: all, reasons })
                })
                .await,
        )
    }
}

/// A membership by which somebody is in a group.
#[derive(Debug, Clone, Copy)]
struct Step {
    group: PrincipalId,
    /// Who of those below is in it.
    below: PrincipalId,
    role: Role,
}

/// All memberships by which somebody is in groups, those of the nearest groups first.
fn above(tx: &mut ReadTx<'_>, member: PrincipalId) -> Result<Vec<Step>, Error> {
    let mut left = tx.memberships_above(member)?;
    let (mut found, mut edge) = (Vec::with_capacity(left.len()), vec![member]);
    while !edge.is_empty() {
        let (near, far): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, below, _)| edge.contains(below));
        edge = near.iter().map(|(group, ..)| *group).collect();
        found.extend(near.into_iter().map(|(group, below, role)| Step { group, below, role }));
        left = far;
    }
    Ok(found)
}

/// The groups from a grantee down to a member, without the member; by a membership of this role where one is asked for.
fn path(
    tx: &mut ReadTx<'_>,
    from: Grantee,
    member: PrincipalId,
    above: &[Step],
    role: Option<Role>,
) -> Result<Vec<Principal>, Error> {
    let Grantee::Principal(mut at) = from else { return Ok(Vec::new()) };
    let (mut ids, mut role) = (Vec::new(), role);
    while at != member && !ids.contains(&at.0) {
        ids.push(at.0);
        match above.iter().find(|step| step.group == at && role.is_none_or(|role| step.role == role)) {
            Some(step) => at = step.below,
            None => break,
        }
        role = None;
    }
    tx.principals_with_ids(&ids)
}
