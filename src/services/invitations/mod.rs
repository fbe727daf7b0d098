//! Sharing by invitation, as all doors have it: who may share gives the right, by the road that all grants go, and asks; who was asked
//! says whether it shall stand in his home. An answer gives and takes no right.
//!
//! A group is given the right at once; each member is asked for himself, and what he says is told to nobody. Whom the directory hides is
//! to who shares as somebody who is not there. calendarserver-sharing, draft-pot-webdav-resource-sharing.

mod answers;
mod notices;

pub use crate::store::NewInvitation;
pub use answers::Invited;
pub use notices::{Notice, Reply, invitation_of};

pub(super) use answers::answered;

use super::access::{self, Place};
use super::actor::Actor;
use super::mounts::{self, Wish};
use super::rights::{self, GrantChange, Guard, MAX_GRANTS};
use super::{Core, fault, groups};
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges};
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::invitation::{self, Level, State};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::role::Defaults;
use crate::store::{Error, Invitation, ReadTx, Weight, WriteTx};

/// People whom one request invites or removes at most.
const AT_ONCE: usize = 100;
/// Characters of what somebody is called, or told, in an invitation.
const TEXT: usize = 1_000;

/// Whom a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Who has this mail address.
    Address(String),
    /// Who has this handle.
    Principal(PrincipalKind, String),
    /// What can be nobody here.
    Nobody,
}

/// Somebody who shall share a collection, or no more.
#[derive(Debug, Clone)]
pub struct Invitee {
    /// Who.
    pub whom: Whom,
    /// How he is called, and what he is told.
    pub words: NewInvitation,
    /// How far he shall get; no more at all where there is none.
    pub level: Option<Level>,
}

/// Somebody who shares a collection, or was invited to.
#[derive(Debug, Clone)]
pub struct Sharee {
    /// Who; none where nobody is known at the address.
    pub principal: Option<Principal>,
    /// How he was called by who invited him; empty where he was not.
    pub address: String,
    /// The same of his name.
    pub name: String,
    /// What he was told.
    pub summary: String,
    /// How far he gets.
    pub level: Option<Level>,
    /// What he said; none where he was not asked, and of groups, whose members are.
    pub state: Option<State>,
}

/// What decides about those who are asked.
#[derive(Debug, Clone, Copy)]
struct House {
    defaults: Defaults,
    /// Whether the tenant asks nobody.
    accepts: bool,
    /// Collections that a home may have.
    most: usize,
}

impl Core {
    fn house(&self) -> House {
        House { defaults: self.defaults, accepts: self.accepts_invitations, most: self.limits.collections }
    }

    /// Invites some to share a collection, and takes it back from others, in one transaction; for who may give rights on it.
    pub async fn invite(&self, actor: &Actor, place: &Place, all: Vec<Invitee>) -> Result<(), Fault> {
        let (actor, place, house) = (actor.clone(), place.clone(), self.house());
        if all.len() > AT_ONCE {
            return Err(Condition::LimitedNumberOfAces.into());
        }
        let long = |text: &String| text.chars().count() > TEXT;
        if all
            .iter()
            .any(|one| [&one.words.address, &one.words.name, &one.words.summary].into_iter().any(long))
        {
            return Err(Fault::BadRequest(format!(
                "no text of an invitation is longer than {TEXT} characters"
            )));
        }
        fault(self.store.write(move |tx| invite(tx, &actor, &place, &all, house)).await)
    }

    /// Gives somebody a right in the place of what he has, and invites him where he may read then.
    pub async fn give(&self, actor: &Actor, place: &Place, grant: Grant) -> Result<(), Fault> {
        let (actor, place, house) = (actor.clone(), place.clone(), self.house());
        let give = move |tx: &mut WriteTx<'_>| {
            let wanted = GrantChange::Set(vec![grant]);
            let guard = Guard::Acl(Preconditions::default());
            rights::change(tx, &actor, &place, &wanted, &guard, house.defaults)?;
            let Grantee::Principal(id) = grant.grantee else { return Ok(()) };
            if Level::of(grant.privileges).is_none() {
                return Ok(());
            }
            let access = access::find(tx, &actor, &place)?;
            let of = access.collection();
            let Some(principal) = tx.principal(id)? else { return Ok(()) };
            let all = tx.invitations_of(of.id)?;
            room(all.len().saturating_sub(1))?;
            let known = all.into_iter().find(|known| known.grantee == Some(id));
            ask(tx, &actor, of, &principal, known, &NewInvitation::default(), house)?;
            settle(tx, of.id)
        };
        fault(self.store.write(give).await)
    }

    /// Who shares a collection, and what he said; for who may read its rights.
    pub async fn sharees(&self, actor: &Actor, place: &Place) -> Result<Vec<Sharee>, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let access = access::find(tx, &actor, &place)?;
                    access.need(Privilege::ReadAcl)?;
                    sharees(tx, access.collection().id)
                })
                .await,
        )
    }
}

fn invite(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    place: &Place,
    all: &[Invitee],
    house: House,
) -> Result<(), Error> {
    let access = access::find_for_change(tx, actor, place)?;
    let of = access.need(Privilege::WriteAcl)?.collection();
    if !matches!(of.kind, CollectionKind::Calendar | CollectionKind::AddressBook) {
        return Err(Condition::ValidResourceType.into());
    }
    let old = tx.grants(of.id)?;
    let known = tx.invitations_of(of.id)?;
    let mut count = known.len();
    let mut unknown: Vec<(&str, Option<i64>)> = Vec::new();
    unknown.extend(
        known.iter().filter(|one| one.grantee.is_none()).map(|one| (one.address.as_str(), Some(one.id))),
    );
    let mut grants: Vec<Grant> = Vec::new();
    let mut asked: Vec<(Principal, &NewInvitation)> = Vec::new();
    for invitee in all {
        let has = |id| {
            old.iter().find(|grant| grant.grantee == Grantee::Principal(id)).map(|grant| grant.privileges)
        };
        let found = named(tx, &invitee.whom)?.filter(|one| one.id != of.owner);
        let found = match (found, invitee.level) {
            // Of whom he shares with already he knows.
            (Some(one), Some(_)) if has(one.id).is_none() => seen(tx, actor, one)?,
            (found, _) => found,
        };
        let address = invitee.words.address.as_str();
        let before = unknown.iter().position(|(known, _)| *known == address);
        if let Some(before) = before.filter(|_| found.is_some() || invitee.level.is_none())
            && let (_, Some(id)) = unknown.swap_remove(before)
        {
            tx.remove_invitation(id)?;
        }
        match (found, invitee.level) {
            (Some(one), Some(level)) => {
                let privileges = level.over(has(one.id).unwrap_or_default(), of.home);
                grants.push(Grant { grantee: Grantee::Principal(one.id), privileges });
                if asked.iter().all(|(other, _)| other.id != one.id) {
                    asked.push((one, &invitee.words));
                }
            }
            (Some(one), None) => {
                grants.push(Grant { grantee: Grantee::Principal(one.id), privileges: Privileges::NONE });
            }
            (None, Some(_)) if before.is_none() => {
                room(count)?;
                count += 1;
                tx.insert_invitation(of.id, None, actor.id, &invitee.words)?;
                unknown.push((address, None));
            }
            (None, _) => {}
        }
    }
    if !grants.is_empty() {
        let guard = Guard::Acl(Preconditions::default());
        rights::change(tx, actor, place, &GrantChange::Set(grants), &guard, house.defaults)?;
    }
    for (one, words) in asked {
        let before = known.iter().find(|known| known.grantee == Some(one.id)).cloned();
        count += usize::from(before.is_none());
        room(count.saturating_sub(1))?;
        ask(tx, actor, of, &one, before, words, house)?;
    }
    settle(tx, of.id)
}

fn named(tx: &mut ReadTx<'_>, whom: &Whom) -> Result<Option<Principal>, Error> {
    match whom {
        Whom::Address(address) => tx.principal_by_address(&address.to_lowercase()),
        Whom::Principal(kind, handle) => {
            Ok(tx.principal_by_handle(handle)?.and_then(|one| one.of_kind(*kind)))
        }
        Whom::Nobody => Ok(None),
    }
}

/// Somebody, if the actor may know of him.
fn seen(tx: &mut ReadTx<'_>, actor: &Actor, one: Principal) -> Result<Option<Principal>, Error> {
    if one.kind == PrincipalKind::Group {
        return Ok(groups::only_seen(tx, actor, vec![one])?.pop());
    }
    Ok(if tx.is_hidden(one.id)? { None } else { Some(one) })
}

/// Refuses one more invitation than there may be grants.
fn room(there: usize) -> Result<(), Fault> {
    if there >= MAX_GRANTS { Err(Condition::LimitedNumberOfAces.into()) } else { Ok(()) }
}

/// Asks somebody who has the right whether it shall stand in his home; or takes it in for him, where he or the tenant has it so.
fn ask(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    of: &Collection,
    one: &Principal,
    known: Option<Invitation>,
    words: &NewInvitation,
    house: House,
) -> Result<(), Error> {
    let id = match known {
        Some(known) => {
            let kept = NewInvitation { address: known.address, name: known.name, summary: known.summary };
            tx.renew_invitation(known.id, if words.address.is_empty() { &kept } else { words })?;
            known.id
        }
        None => tx.insert_invitation(of.id, Some(one.id), actor.id, words)?,
    };
    if one.kind != PrincipalKind::User {
        return Ok(());
    }
    let stands = tx.mount_of(one.id, of.home, of.id)?.is_some();
    let said = tx.answers_by(one.id)?.into_iter().find(|said| said.invitation == id).map(|said| said.state);
    if stands && said == Some(State::Accepted) {
        return Ok(());
    }
    tx.unset_answer(id, one.id)?;
    if stands || (tx.choice_of(one.id)?.accepts(house.accepts) && take_in(tx, of, one, house.most)?) {
        tx.set_answer(id, one.id, State::Accepted, false)?;
        answers::note(tx, actor, of, one.id, State::Accepted)?;
    }
    Ok(())
}

/// Puts it into somebody's home; false where that has no room.
fn take_in(tx: &mut WriteTx<'_>, of: &Collection, one: &Principal, most: usize) -> Result<bool, Error> {
    let guest = Actor::undoubted(one.id, one.handle.clone(), None);
    let access = access::find_by_id(tx, &guest, of.home, of.id)?;
    match mounts::put(tx, &guest, &access, &Wish::default(), most) {
        Ok(_) => Ok(true),
        Err(Error::Fault(Fault::Condition(Condition::QuotaNotExceeded))) => Ok(false),
        Err(other) => Err(other),
    }
}

fn sharees(tx: &mut ReadTx<'_>, of: CollectionId) -> Result<Vec<Sharee>, Error> {
    let mut invited = tx.invitations_of(of)?;
    let said = tx.answers_of(of)?;
    let grants = tx.grants(of)?.into_iter().filter_map(|grant| match grant.grantee {
        Grantee::Principal(id) => Some((id, Level::of(grant.privileges)?)),
        Grantee::Authenticated | Grantee::Everyone => None,
    });
    let grants: Vec<(PrincipalId, Level)> = grants.collect();
    let people = tx.principals_with_ids(&grants.iter().map(|(id, _)| id.0).collect::<Vec<_>>())?;
    let mut all = Vec::with_capacity(grants.len());
    for (id, level) in grants {
        let at = invited.iter().position(|one| one.grantee == Some(id));
        let invitation = at.map(|at| invited.swap_remove(at));
        let principal = people.iter().find(|one| one.id == id).cloned();
        let answers = |one: &&Invitation| {
            principal.as_ref().is_some_and(|who| who.kind == PrincipalKind::User) && one.grantee == Some(id)
        };
        let state = invitation.as_ref().filter(answers).map(|one| {
            said.iter().find(|said| said.invitation == one.id).map(|said| said.state).unwrap_or_default()
        });
        let (address, name, summary) =
            invitation.map(|one| (one.address, one.name, one.summary)).unwrap_or_default();
        all.push(Sharee { principal, address, name, summary, level: Some(level), state });
    }
    invited.retain(|one| one.grantee.is_none());
    invited.sort_by_key(|one| one.id);
    all.extend(invited.into_iter().map(|one| Sharee {
        principal: None,
        address: one.address,
        name: one.name,
        summary: one.summary,
        level: None,
        state: Some(State::Invalid),
    }));
    Ok(all)
}

/// Takes invitations back from those who may read no more: with the notification of it, and what came of it into their homes.
pub(super) fn follow(
    tx: &mut WriteTx<'_>,
    of: &Collection,
    differences: &[(Grantee, Privileges, Privileges)],
) -> Result<(), Error> {
    let gone = differences.iter().filter(|(_, _, after)| Level::of(*after).is_none());
    let mut gone = gone.map(|(grantee, _, _)| *grantee).peekable();
    let all = if gone.peek().is_some() { tx.invitations_of(of.id)? } else { Vec::new() };
    for grantee in gone {
        let Grantee::Principal(id) = grantee else { continue };
        let Some(one) = all.iter().find(|one| one.grantee == Some(id)) else { continue };
        tx.remove_invitation(one.id)?;
        let Some(mount) = tx.mount_of(id, of.home, of.id)? else { continue };
        let held = tx.held(id, of)?;
        if Level::of(access::effective(of, held).privileges).is_none() {
            tx.lock_home(id, of.home)?;
            tx.remove_mount(id, of.home, &mount)?;
        }
    }
    Ok(())
}

/// Notes on a collection whether it is shared with anybody by name, so that its owner's listings need not ask.
pub(super) fn settle(tx: &mut WriteTx<'_>, id: CollectionId) -> Result<(), Error> {
    let Some(of) = tx.collection_by_id(id)? else { return Ok(()) };
    let by_name = |grant: &Grant| {
        matches!(grant.grantee, Grantee::Principal(_)) && Level::of(grant.privileges).is_some()
    };
    let shared = tx.grants(id)?.iter().any(by_name) || !tx.invitations_of(id)?.is_empty();
    if invitation::is_marked(&of.props) == shared {
        return Ok(());
    }
    let mut props = of.props.clone();
    invitation::mark(&mut props, shared);
    tx.set_mark(&of, &props)
}
