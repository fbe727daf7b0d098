//! What changed in all of an account since a token: the very tokens and numbers of its two homes, told together.
//!
//! Who follows for long is admitted anew each time he looks. RFC 6578 §3.

use super::access::Access;
use super::actor::Actor;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, HomeToken};
use crate::domain::principal::PrincipalState;
use crate::store::Weight;

/// What changed in an account.
#[derive(Debug, Clone)]
pub struct AccountChanges {
    /// The actor's own collections that are new, or in which something changed.
    pub changed: Vec<Access>,
    /// All of his own that there are: what he knows besides is gone.
    pub present: Vec<CollectionId>,
    /// What others have granted to him, as it is: their numbers are not his homes'.
    pub shared: Vec<Access>,
    /// From where to go on.
    pub token: String,
}

/// What stands between the tokens of the two homes.
const BETWEEN: char = ',';

impl Core {
    /// What changed in the homes that the actor's proof reaches, since a token of [`AccountChanges`].
    pub async fn account_changes(&self, actor: &Actor, since: Option<&str>) -> Result<AccountChanges, Fault> {
        let tokens = match since {
            None => Vec::new(),
            Some(text) => text.split(BETWEEN).map(read).collect::<Result<Vec<HomeToken>, Fault>>()?,
        };
        let homes: Vec<HomeKind> = [HomeKind::Calendars, HomeKind::AddressBooks]
            .into_iter()
            .filter(|home| actor.scope.opens(*home))
            .collect();
        let mut all = AccountChanges {
            changed: Vec::new(),
            present: Vec::new(),
            shared: Vec::new(),
            token: String::new(),
        };
        let mut used = 0;
        for home in homes {
            let letter = if home == HomeKind::Calendars { 'h' } else { 'b' };
            let from = tokens.iter().find(|token| token.own.subject.starts_with(letter)).cloned();
            used += usize::from(from.is_some());
            let changes = self.home_changes(actor, &actor.handle, home, from, None).await?;
            let own = |access: &Access| access.mounted().is_none() && is_told(access);
            all.changed.extend(changes.changed.into_iter().filter(own));
            if !all.token.is_empty() {
                all.token.push(BETWEEN);
            }
            all.token.push_str(&changes.token.to_string());
            let known = self.known_collections(actor, home).await?.into_iter().filter(is_told);
            let (own, shared): (Vec<Access>, Vec<Access>) =
                known.partition(|access| access.collection().owner == actor.id);
            all.present.extend(own.iter().map(|access| access.collection().id));
            all.shared.extend(shared);
        }
        // A token of a home that is not looked into, or said twice.
        if used != tokens.len() {
            return Err(refused());
        }
        Ok(all)
    }

    /// Whether the login that made this actor would still be good.
    pub async fn still_admits(&self, actor: &Actor) -> Result<(), Fault> {
        let (id, proof, now) = (actor.id, actor.proof.clone(), self.now());
        if [proof.until, proof.ends_at].into_iter().flatten().any(|end| end <= now) {
            return Err(Fault::Unauthenticated);
        }
        let good = self.store.read(Weight::Point, move |tx| {
            let principal = tx.principal(id)?.filter(|principal| principal.state == PrincipalState::Active);
            if let Some(session) = proof.session
                && tx
                    .session(session)?
                    .is_none_or(|session| session.principal != id || session.expires_at <= now)
            {
                return Ok(false);
            }
            if let Some(kid) = &proof.kid
                && !tx.has_signing_key(kid)?
            {
                return Ok(false);
            }
            Ok(principal.is_some_and(|principal| {
                proof.auth_version.is_none_or(|version| principal.auth_version == version)
                    && proof.token_version.is_none_or(|version| principal.token_version == version)
            }))
        });
        if fault(good.await)? { Ok(()) } else { Err(Fault::Unauthenticated) }
    }
}

fn is_told(access: &Access) -> bool {
    matches!(access.collection().kind, CollectionKind::Calendar | CollectionKind::AddressBook)
        && access.rights().has(Privilege::Read)
}

fn read(text: &str) -> Result<HomeToken, Fault> {
    HomeToken::parse(text).ok_or_else(refused)
}

fn refused() -> Fault {
    Condition::ValidSyncToken { card: false }.into()
}
