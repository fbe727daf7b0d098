//! A calendar or an address book is given to another person or to a group, with all that is in it, its history and its numbers.
//!
//! The owner does it, of a group's those who own the group, and the operator of the machine when somebody has left. Nobody is asked: who
//! gets something he does not want deletes it or hands it back; to a group only those give who keep it. It leaves the old home, where
//! clients are told that it is gone, and is in the new one by the same transaction; both homes are locked in one order, as where items
//! are moved. Grants stay, and so do the places that it has in others' homes. Links are judged by what their makers may do: those of the
//! old owner stop unless he keeps the right to share.

use super::access;
use super::actor::Actor;
use super::{Core, collections, fault, groups, rights};
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges};
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{self, GroupRefusal};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::principal::{Principal, PrincipalKind, PrincipalState};
use crate::domain::role::Role;
use crate::store::{Action, Audited, Error, ReadTx, Weight, WriteTx};

/// To whom, and what the old owner keeps.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// Handle of a user or a group.
    pub to: String,
    /// What the old owner may do with it afterwards; nothing where there is none.
    pub keep: Kept,
}

/// What the old owner keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// To read.
    Read,
    /// To change what is in it.
    Write,
    /// That, and to give rights.
    Admin,
}

impl Kept {
    /// As privileges in a home of this kind.
    fn privileges(self, home: HomeKind) -> Privileges {
        match self {
            Kept::Nothing => Privileges::NONE,
            Kept::Read => Role::Read.privileges(home),
            Kept::Write => Role::Write.privileges(home),
            Kept::Admin => Role::Write.privileges(home).with(Role::Admin.privileges(home)),
        }
    }
}

impl Core {
    /// Hands a collection over. `Denied` to who is not its owner; [`Condition::RecognizedPrincipal`] where there is no such recipient.
    pub async fn hand_over(
        &self,
        actor: &Actor,
        home: HomeKind,
        id: CollectionId,
        what: HandOver,
    ) -> Result<(), Fault> {
        actor.whole()?;
        let (actor, most) = (actor.clone(), self.limits.collections);
        let write = move |tx: &mut WriteTx<'_>| hand_over(tx, (&actor, &actor), (home, id), &what, most);
        fault(self.store.write(write).await)
    }

    /// Hands over all calendars and address books of somebody, but for those that an account keeps, in the name of the operator of this
    /// machine; each in a transaction of its own. Tells what was handed over.
    pub async fn hand_over_all(&self, from: &str, what: &HandOver) -> Result<Vec<Collection>, Fault> {
        let owner = self.on_behalf(from, "cenacle").await?;
        // Also where there is nothing to hand over: who names nobody must hear of it.
        let (to, id) = (what.to.clone(), owner.id);
        let known = self.store.read(Weight::Point, move |tx| {
            match recipient(tx, &Actor::operator(), &to)?.id == id {
                true => Err(Fault::Conflict("it is his already").into()),
                false => Ok(()),
            }
        });
        fault(known.await)?;
        let mut done = Vec::new();
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            for collection in self.collections_of(from, home).await?.into_iter().filter(|one| !one.is_default)
            {
                let (owner, what, most) = (owner.clone(), what.clone(), self.limits.collections);
                let id = collection.id;
                let write = move |tx: &mut WriteTx<'_>| {
                    hand_over(tx, (&Actor::operator(), &owner), (home, id), &what, most)
                };
                fault(self.store.write(write).await)?;
                done.push(collection);
            }
        }
        Ok(done)
    }
}

/// In a transaction; `by` does it, with the rights of `as_owner`.
fn hand_over(
    tx: &mut WriteTx<'_>,
    (by, as_owner): (&Actor, &Actor),
    (home, id): (HomeKind, CollectionId),
    what: &HandOver,
    most: usize,
) -> Result<(), Error> {
    // Nobody's home is locked for one who may know nothing of what is in it.
    let seen = access::find_by_id(tx, as_owner, home, id)?;
    owned(&seen)?;
    let to = recipient(tx, by, &what.to)?;
    let old = seen.owner().id;
    if to.id == old {
        return Err(Fault::Conflict("it is his already").into());
    }
    access::lock_both(tx, (old, home), (to.id, home))?;
    let access = access::find_by_id(tx, as_owner, home, id)?;
    let of = owned(&access)?;
    access::still_of(&access, old)?;
    if tx.collections(to.id, home)?.len() >= most {
        return Err(Condition::QuotaNotExceeded.into());
    }
    // What he had taken in is his own now.
    if let Some(mount) = tx.mount_of(to.id, home, id)? {
        tx.remove_mount(to.id, home, &mount)?;
    }
    let free = tx.collection(to.id, home, &of.slug)?.is_none() && !tx.is_mounted_at(to.id, home, &of.slug)?;
    let slug = if free { of.slug.clone() } else { id.to_string() };
    grants(tx, by, of, to.id, what.keep.privileges(home))?;
    // Its number has risen by that.
    let of = tx.collection_by_id(id)?.ok_or(Fault::NotFound)?;
    tx.note_former_owner(&of)?;
    tx.rename_collection(&of, to.id, &slug, &by.origin(home))
}

/// The collection, for who may hand it over.
fn owned(access: &access::Access) -> Result<&Collection, Fault> {
    let of = access.need(Privilege::Read)?.collection();
    if !access.is_owned() {
        return Err(Condition::NeedPrivileges { href: String::new(), privilege: Privilege::Unbind }.into());
    }
    match of.kind {
        CollectionKind::Calendar | CollectionKind::AddressBook => {}
        CollectionKind::Inbox | CollectionKind::Outbox | CollectionKind::Plain => {
            return Err(Condition::ValidResourceType.into());
        }
    }
    collections::not_default(of)?;
    Ok(of)
}

/// Who gets it: somebody who can use it, or a group that the actor keeps.
fn recipient(tx: &mut ReadTx<'_>, by: &Actor, handle: &str) -> Result<Principal, Error> {
    let to = match groups::principal(tx, by, &handle.to_lowercase()) {
        Err(Error::Fault(Fault::NotFound)) => return Err(Condition::RecognizedPrincipal.into()),
        found => found?,
    };
    match to.kind {
        PrincipalKind::User if to.state == PrincipalState::Active => Ok(to),
        PrincipalKind::Group => {
            if groups::seen(tx, by, &to.handle)?.by.at_least(group::Role::Manager) {
                Ok(to)
            } else {
                Err(Condition::Group(GroupRefusal::ManagerNeeded).into())
            }
        }
        _ => Err(Condition::AllowedPrincipal.into()),
    }
}

/// The grants as they are for the new owner, who needs none, and with what the old one keeps; noted with the handing over itself.
fn grants(
    tx: &mut WriteTx<'_>,
    by: &Actor,
    of: &Collection,
    to: PrincipalId,
    keeps: Privileges,
) -> Result<(), Error> {
    let old = tx.grants(of.id)?;
    let (was, new_owner) = (Grantee::Principal(of.owner), Grantee::Principal(to));
    let mut new: Vec<Grant> =
        old.iter().filter(|grant| grant.grantee != was && grant.grantee != new_owner).copied().collect();
    if !keeps.is_empty() {
        new.push(Grant { grantee: was, privileges: keeps });
    }
    rights::allowed(to, &new)?;
    if new != old {
        tx.set_grants(of, &new, &by.origin(of.home))?;
    }
    let (before, after) = (Privileges::NONE, Privileges::ALL);
    let entry = Audited {
        action: Action::HandedOver,
        owner: of.owner,
        home: of.home,
        collection: Some(of.id),
        grantee: new_owner,
        before,
        after,
    };
    tx.note_audit(&by.origin(of.home), &entry)?;
    rights::note(tx, by, of, &rights::differences(&old, &new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_rises() {
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            let all = [Kept::Nothing, Kept::Read, Kept::Write, Kept::Admin].map(|kept| kept.privileges(home));
            assert!(all.windows(2).all(|two| two[1].holds(two[0]) && two[0] != two[1]), "{all:?}");
            assert!(all[3].has(Privilege::WriteAcl) && !all[2].has(Privilege::WriteAcl));
        }
    }
}
