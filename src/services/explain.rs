//! Why somebody may do something, or may not: which grant gives it, and by which groups it comes to him.
//!
//! Told to who may see the rights on the thing, and to administrators; to all others the thing is not there. What it says is what
//! `access.rs` decides by: a test holds the two together.

use super::access::{self, Owner};
use super::actor::Actor;
use super::rights::{self, Hold, NamedGrant};
use super::{Core, fault};
use crate::domain::acl::{Grantee, Privilege, Privileges};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
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
    /// The groups on the way, that of the grant first; none where it is to him, or to everybody.
    pub path: Vec<Principal>,
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
                    let subject = tx.principal_by_handle(&subject)?.ok_or(Fault::NotFound)?;
                    let owner = tx.principal(of.owner)?.ok_or(Fault::NotFound)?;
                    let owner = Owner { id: owner.id, kind: owner.kind, handle: owner.handle };
                    let held = match owner.id == subject.id {
                        true => Privileges::ALL,
                        false => access::effective(&of, tx.held(subject.id, &of)?).privileges,
                    };
                    let (own, inherited) = rights::grants(tx, &of)?;
                    let above = tx.groups_above(subject.id)?;
                    let groups: Vec<PrincipalId> = above.iter().map(|(group, _)| *group).collect();
                    // Whoever may do anything sees his own rights: that is no reason.
                    let asked = asked(of.home).without(Privilege::ReadCurrentUserPrivilegeSet.bit());
                    let own = own.into_iter().map(|grant| (grant, Hold::Own));
                    let all = own.chain(inherited.into_iter().map(|grant| (grant, Hold::Inherited)));
                    let giving = all.filter(|(grant, _)| {
                        let given = grant.privileges.closed();
                        grant.grantee.means(subject.id, &groups) && !Privileges(given.0 & asked.0).is_empty()
                    });
                    let mut reasons = Vec::new();
                    for grant in rights::name(tx, giving.collect())? {
                        let path = path(tx, grant.grant.grantee, subject.id, &above)?;
                        reasons.push(Reason { grant, path });
                    }
                    Ok(Explanation { subject, owner, home: of.home, held, reasons })
                })
                .await,
        )
    }
}

/// The groups from a grantee down to a member, without the member.
fn path(
    tx: &mut ReadTx<'_>,
    from: Grantee,
    member: PrincipalId,
    above: &[(PrincipalId, PrincipalId)],
) -> Result<Vec<Principal>, Error> {
    let Grantee::Principal(mut at) = from else { return Ok(Vec::new()) };
    let mut ids = Vec::new();
    while at != member && !ids.contains(&at.0) {
        ids.push(at.0);
        match above.iter().find(|(group, _)| *group == at) {
            Some((_, below)) => at = *below,
            None => break,
        }
    }
    tx.principals_with_ids(&ids)
}
