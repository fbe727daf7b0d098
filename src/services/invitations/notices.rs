//! Notifications: to who was invited, as long as he has not answered; to the owner, what was answered. Each can be put away, which
//! answers nothing.

use super::super::actor::Actor;
use super::super::{Core, fault};
use super::answers::{self, Invited};
use crate::domain::acl::Privilege;
use crate::domain::collection::Collection;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::Etag;
use crate::domain::invitation::State;
use crate::domain::principal::Principal;
use crate::store::{Error, ReadTx, Weight, WriteTx};

/// An answer to an invitation, as the owner is told it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its row.
    pub id: i64,
    /// Of the invitation.
    pub invitation: i64,
    /// Who answered.
    pub who: Principal,
    /// How he was called by who invited him.
    pub address: String,
    /// To share what.
    pub collection: Collection,
    /// Handle of whose it is.
    pub owner: String,
    /// What he said.
    pub state: State,
    /// When, microseconds UTC.
    pub at: i64,
}

/// A notification.
#[derive(Debug, Clone)]
pub enum Notice {
    /// To somebody who was invited.
    Invite(Box<Invited>),
    /// To whose it is.
    Reply(Box<Reply>),
}

/// What begins the names of those to who was invited.
const INVITE: &str = "invite-";
/// What begins the names of those to owners.
const REPLY: &str = "reply-";
/// What ends both.
const END: &str = ".xml";

impl Notice {
    /// Its name in the collection of notifications.
    pub fn name(&self) -> String {
        match self {
            Notice::Invite(one) => format!("{INVITE}{}{END}", one.id),
            Notice::Reply(one) => format!("{REPLY}{}{END}", one.id),
        }
    }

    /// When it came, microseconds UTC.
    pub fn at(&self) -> i64 {
        match self {
            Notice::Invite(one) => one.at,
            Notice::Reply(one) => one.at,
        }
    }

    /// Of what it tells now.
    pub fn etag(&self) -> Etag {
        let told = match self {
            Notice::Invite(one) => {
                let (rights, name) = (one.access.rights().0, one.access.collection().props.to_json());
                format!("{} {} {rights} {} {name}", one.id, one.at, one.summary)
            }
            Notice::Reply(one) => format!("{} {} {}", one.id, one.at, one.state.name()),
        };
        Etag::of(told.as_bytes())
    }
}

/// The row that a uid of an invitation, or the name of its notification, stands for.
pub fn invitation_of(uid: &str) -> Option<i64> {
    let number = uid.trim().strip_prefix(INVITE)?;
    number.strip_suffix(END).unwrap_or(number).parse().ok()
}

impl Core {
    /// The actor's notifications, by their time.
    pub async fn notices(&self, actor: &Actor) -> Result<Vec<Notice>, Fault> {
        let actor = actor.clone();
        fault(self.store.read(Weight::Scan, move |tx| notices(tx, &actor)).await)
    }

    /// The one of this name.
    pub async fn notice(&self, actor: &Actor, name: &str) -> Result<Notice, Fault> {
        let all = self.notices(actor).await?;
        all.into_iter().find(|one| one.name() == name).ok_or(Fault::NotFound)
    }

    /// Puts one away.
    pub async fn dismiss(&self, actor: &Actor, name: &str) -> Result<(), Fault> {
        let (actor, name) = (actor.clone(), name.to_owned());
        let dismiss = move |tx: &mut WriteTx<'_>| {
            let found = notices(tx, &actor)?.into_iter().find(|one| one.name() == name);
            let found = found.ok_or(Error::Fault(Fault::NotFound))?;
            if !actor.scope.write || actor.scope.collection.is_some() {
                let privilege = Privilege::Unbind;
                return Err(Condition::NeedPrivileges { href: String::new(), privilege }.into());
            }
            match found {
                Notice::Invite(one) => tx.set_answer(one.id, actor.id, State::Waiting, true),
                Notice::Reply(one) => tx.note_seen(one.id),
            }
        };
        fault(self.store.write(dismiss).await)
    }
}

fn notices(tx: &mut ReadTx<'_>, actor: &Actor) -> Result<Vec<Notice>, Error> {
    let waits = |one: &Invited| one.state == State::Waiting && !one.hidden;
    let invited = answers::all(tx, actor)?.into_iter().filter(waits);
    let mut all: Vec<Notice> = invited.map(|one| Notice::Invite(Box::new(one))).collect();
    let said = tx.answers_for(actor.id)?;
    let people =
        tx.principals_with_ids(&said.iter().map(|(_, said)| said.principal.0).collect::<Vec<_>>())?;
    let shared =
        tx.collections_with_ids(&said.iter().map(|(one, _)| one.collection.0).collect::<Vec<_>>())?;
    for (one, said) in said {
        let collection = shared.iter().find(|of| of.id == one.collection);
        let collection = collection.filter(|of| actor.reach(of.home).is_ok() && actor.scope.takes(of.id));
        let who = people.iter().find(|who| who.id == said.principal);
        let (Some(collection), Some(who)) = (collection, who) else { continue };
        all.push(Notice::Reply(Box::new(Reply {
            id: said.id,
            invitation: one.id,
            who: who.clone(),
            address: one.address,
            collection: collection.clone(),
            owner: actor.handle.clone(),
            state: said.state,
            at: said.at,
        })));
    }
    all.sort_by_key(Notice::at);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_and_names_stand_for_invitations() {
        assert_eq!((invitation_of("invite-12"), invitation_of(" invite-12.xml ")), (Some(12), Some(12)));
        for none in ["", "12", "invite-", "invite-x", "reply-12.xml", "invite-12.ics"] {
            assert_eq!(invitation_of(none), None, "{none}");
        }
    }
}
