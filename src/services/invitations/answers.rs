//! Invitations as those see them who were invited: listed, accepted, declined. Taking a collection in, or giving it up, by any other door
//! is an answer too.

use super::super::access::{self, Access, Place};
use super::super::actor::Actor;
use super::super::mounts::{self, Wish};
use super::super::{Core, collections, fault};
use crate::domain::acl::{Grantee, Privilege, Privileges};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::invitation::{Choice, State};
use crate::domain::principal::Principal;
use crate::store::{Action, Answered, Audited, Error, Invitation, ReadTx, Weight, WriteTx};
use std::collections::BTreeMap;

/// An invitation to the actor, or to a group of his.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Its row.
    pub id: i64,
    /// To share what, and what he may do with it.
    pub access: Access,
    /// Whose it is.
    pub owner: Principal,
    /// Who invited him, where he is still there.
    pub inviter: Option<Principal>,
    /// Who is invited: he himself, or a group of his.
    pub grantee: Principal,
    /// How that was called by who invited.
    pub address: String,
    /// What he was told.
    pub summary: String,
    /// When, microseconds UTC; the last time.
    pub at: i64,
    /// What he said.
    pub state: State,
    /// Whether he has put the notification away.
    pub hidden: bool,
}

impl Core {
    /// The invitations of the actor, answered ones too, the oldest first.
    pub async fn invitations(&self, actor: &Actor) -> Result<Vec<Invited>, Fault> {
        let actor = actor.clone();
        fault(self.store.read(Weight::Scan, move |tx| all(tx, &actor)).await)
    }

    /// Says whether the collection of an invitation shall stand in the actor's home, and how it is called there. Tells where it stands.
    pub async fn answer_invitation(
        &self,
        actor: &Actor,
        id: i64,
        accept: bool,
        wish: Wish,
    ) -> Result<Access, Fault> {
        collections::within_bounds(&wish.props)?;
        let (actor, most) = (actor.clone(), self.limits.collections);
        let answer = move |tx: &mut WriteTx<'_>| {
            let found = all(tx, &actor)?.into_iter().find(|one| one.id == id);
            let access = found.ok_or(Error::Fault(Fault::NotFound))?.access;
            let of = access.collection();
            let own_home =
                Place { owner: actor.handle.clone(), home: of.home, slug: String::new(), id: None };
            collections::own_home(&actor, &own_home)?;
            tx.lock_home(actor.id, of.home)?;
            match (accept, access.mounted()) {
                (true, None) => {
                    mounts::put(tx, &actor, &access, &wish, most)?;
                }
                (false, Some(mounted)) => tx.remove_mount(actor.id, of.home, &mounted.mount)?,
                (true, Some(_)) | (false, None) => {}
            }
            answered(tx, &actor, of.id, if accept { State::Accepted } else { State::Declined })?;
            access::find_by_id(tx, &actor, of.home, of.id)
        };
        fault(self.store.write(answer).await)
    }

    /// What the actor wants done with invitations to him, and whether the tenant asks nobody.
    pub async fn invitation_choice(&self, actor: &Actor) -> Result<(Choice, bool), Fault> {
        let id = actor.id;
        let choice = fault(self.store.read(Weight::Point, move |tx| tx.choice_of(id)).await)?;
        Ok((choice, self.accepts_invitations))
    }

    /// Sets what the actor wants done with invitations to him from now on.
    pub async fn set_invitation_choice(&self, actor: &Actor, choice: Choice) -> Result<(), Fault> {
        actor.whole()?;
        let id = actor.id;
        fault(self.store.write(move |tx| tx.set_choice(id, choice)).await)
    }
}

/// All invitations of the actor that are worth something: of a group and of himself to one collection his own alone.
pub(super) fn all(tx: &mut ReadTx<'_>, actor: &Actor) -> Result<Vec<Invited>, Error> {
    let mut me = tx.groups_of(actor.id)?;
    me.push(actor.id);
    let mut invitations = tx.invitations_to(&me)?;
    if invitations.is_empty() {
        return Ok(Vec::new());
    }
    // His own first, so that it is found first.
    invitations.sort_by_key(|one| (one.grantee != Some(actor.id), one.id));
    let mut granted: BTreeMap<CollectionId, Access> = BTreeMap::new();
    for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
        if actor.reach(home).is_ok() {
            let seen = access::granted(tx, actor, home)?.into_iter();
            let readable = seen.filter(|access| access.rights().has(Privilege::Read));
            granted.extend(readable.map(|access| (access.collection().id, access)));
        }
    }
    let answers = tx.answers_by(actor.id)?;
    let people = people(tx, &invitations, &granted)?;
    let person = |id: PrincipalId| people.iter().find(|one| one.id == id).cloned();
    let mut told = Vec::with_capacity(invitations.len());
    for one in invitations {
        let Some(access) = granted.remove(&one.collection) else { continue };
        let (Some(owner), Some(grantee)) = (person(access.owner().id), one.grantee.and_then(person)) else {
            continue;
        };
        let said = answers.iter().find(|said| said.invitation == one.id);
        told.push(Invited {
            id: one.id,
            owner,
            inviter: person(one.inviter),
            grantee,
            state: state(said, &access),
            hidden: said.is_some_and(|said| said.hidden),
            access,
            address: one.address,
            summary: one.summary,
            at: one.changed_at,
        });
    }
    told.sort_by_key(|one| one.id);
    Ok(told)
}

/// What stands in his home he has taken in, by whatever door.
fn state(said: Option<&Answered>, access: &Access) -> State {
    if access.mounted().is_some() { State::Accepted } else { said.map(|said| said.state).unwrap_or_default() }
}

fn people(
    tx: &mut ReadTx<'_>,
    invitations: &[Invitation],
    granted: &BTreeMap<CollectionId, Access>,
) -> Result<Vec<Principal>, Error> {
    let named =
        invitations.iter().flat_map(|one| [Some(one.inviter.0), one.grantee.map(|id| id.0)]).flatten();
    let mut ids: Vec<i64> = named.chain(granted.values().map(|access| access.owner().id.0)).collect();
    ids.sort_unstable();
    ids.dedup();
    tx.principals_with_ids(&ids)
}

/// Notes what somebody says to the invitations to share a collection, if there are any.
pub(in super::super) fn answered(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    of: CollectionId,
    state: State,
) -> Result<(), Error> {
    let all = tx.invitations_of(of)?;
    if all.is_empty() {
        return Ok(());
    }
    let (groups, said) = (tx.groups_of(actor.id)?, tx.answers_by(actor.id)?);
    for one in all {
        let Some(grantee) = one.grantee.filter(|id| *id == actor.id || groups.contains(id)) else { continue };
        if said.iter().any(|said| said.invitation == one.id && said.state == state) {
            continue;
        }
        tx.set_answer(one.id, actor.id, state, false)?;
        // What the members of a group say is told to nobody: who they are may be none of the owner's business.
        if grantee == actor.id
            && let Some(of) = tx.collection_by_id(of)?
        {
            note(tx, actor, &of, grantee, state)?;
        }
    }
    Ok(())
}

/// Writes into the audit that somebody answered.
pub(super) fn note(
    tx: &mut WriteTx<'_>,
    by: &Actor,
    of: &Collection,
    grantee: PrincipalId,
    state: State,
) -> Result<(), Error> {
    let action = match state {
        State::Accepted => Action::Accepted,
        State::Declined => Action::Declined,
        State::Waiting | State::Invalid => return Ok(()),
    };
    let grantee = Grantee::Principal(grantee);
    let has = tx.grants(of.id)?.into_iter().find(|grant| grant.grantee == grantee);
    let has = has.map_or(Privileges::NONE, |grant| grant.privileges);
    let what = Audited {
        action,
        owner: of.owner,
        home: of.home,
        collection: Some(of.id),
        grantee,
        before: has,
        after: has,
    };
    tx.note_audit(&by.origin(of.home), &what)
}
