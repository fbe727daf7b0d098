//! Principals as others may see them: one by one, by search, with their groups.
//!
//! Everybody who has logged in may see the directory, hidden entries left out. RFC 3744 §2, §4, §9.

use super::actor::Actor;
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::principal::{Principal, PrincipalKind, PrincipalState};
use crate::domain::props::Props;
use crate::store::{PrincipalMatch, Weight};

impl Core {
    /// The principal with this kind and handle.
    pub async fn principal(&self, kind: PrincipalKind, handle: &str) -> Result<Principal, Fault> {
        let handle = handle.to_owned();
        fault(self.store.read(Weight::Point, move |tx| tx.principal_by_handle(&handle)).await)?
            .filter(|principal| principal.kind == kind)
            .ok_or(Fault::NotFound)
    }

    /// The principal that a mail address belongs to.
    pub async fn principal_by_address(&self, address: &str) -> Result<Option<Principal>, Fault> {
        let address = address.to_lowercase();
        fault(self.store.read(Weight::Point, move |tx| tx.principal_by_address(&address)).await)
    }

    /// The actor's own principal.
    pub async fn own_principal(&self, actor: &Actor) -> Result<Principal, Fault> {
        let id = actor.id;
        fault(self.store.read(Weight::Point, move |tx| tx.principal(id)).await)?.ok_or(Fault::NotFound)
    }

    /// Principals whose name, handle or address contains every needle, at most as many as the limit says.
    pub async fn search_principals(&self, mut wanted: PrincipalMatch) -> Result<Vec<Principal>, Fault> {
        wanted.limit = wanted.limit.min(self.limits.principals);
        fault(self.store.read(Weight::Scan, move |tx| tx.search_principals(&wanted)).await)
    }

    /// A page of all principals of a kind, by handle.
    pub async fn principals(
        &self,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Principal>, Fault> {
        let after = after.to_owned();
        fault(self.store.read(Weight::Scan, move |tx| tx.principals(kind, &after, limit)).await)
    }

    /// The groups that a principal is in, through other groups too.
    pub async fn groups_of(&self, principal: &Principal) -> Result<Vec<Principal>, Fault> {
        let id = principal.id;
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let mut groups = Vec::new();
                    for id in tx.groups_of(id)? {
                        groups.extend(tx.principal(id)?);
                    }
                    Ok(groups)
                })
                .await,
        )
    }

    /// The direct members of a group.
    pub async fn members_of(&self, group: &Principal) -> Result<Vec<Principal>, Fault> {
        let id = group.id;
        fault(self.store.read(Weight::Point, move |tx| tx.members_of(id)).await)
    }

    /// Changes what clients keep on the actor's own principal.
    pub async fn update_principal(
        &self,
        actor: &Actor,
        handle: &str,
        change: impl Fn(&mut Props) + Send + 'static,
    ) -> Result<(), Fault> {
        let (actor, handle) = (actor.clone(), handle.to_owned());
        fault(
            self.store
                .write(move |tx| {
                    super::homes::own(tx, &actor, &handle)?;
                    let mut props = tx.principal(actor.id)?.ok_or(Fault::NotFound)?.props;
                    change(&mut props);
                    super::collections::within_bounds(&props)?;
                    tx.set_principal_props(actor.id, &props)
                })
                .await,
        )
    }

    /// Puts a principal into a group.
    pub async fn add_member(&self, group: &str, member: &str) -> Result<(), Fault> {
        let (group, member) = (group.to_lowercase(), member.to_lowercase());
        fault(
            self.store
                .write(move |tx| {
                    let group = tx.principal_by_handle(&group)?.ok_or(Fault::NotFound)?;
                    let member = tx.principal_by_handle(&member)?.ok_or(Fault::NotFound)?;
                    tx.add_member(group.id, member.id)
                })
                .await,
        )
    }

    /// Suspends the account of a person, or lets it be used again; whether that changed anything. Holds from the next
    /// request on, on every node and by every door. Its data, and what others see of them, stay; bearer tokens end for good.
    pub async fn set_account_state(&self, handle: &str, state: PrincipalState) -> Result<bool, Fault> {
        let handle = handle.to_lowercase();
        fault(
            self.store
                .write(move |tx| {
                    let account = tx
                        .principal_by_handle(&handle)?
                        .filter(|principal| principal.kind == PrincipalKind::User)
                        .ok_or(Fault::NotFound)?;
                    if account.state == state {
                        return Ok(false);
                    }
                    tx.set_principal_state(account.id, state)?;
                    Ok(true)
                })
                .await,
        )
    }
}
