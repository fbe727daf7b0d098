//! Principals as others may see them: one by one and by search.
//!
//! Everybody who has logged in may see the directory, hidden entries left out; which groups he may know of, `groups` says. RFC 3744 §2, §9.

use super::actor::Actor;
use super::groups::{self, Sight};
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::principal::{Principal, PrincipalKind, PrincipalState};
use crate::domain::props::Props;
use crate::store::{PrincipalMatch, Weight};

impl Core {
    /// The principal with this kind and handle, if the actor may know of it.
    pub async fn principal_seen(
        &self,
        actor: &Actor,
        kind: PrincipalKind,
        handle: &str,
    ) -> Result<Principal, Fault> {
        let (actor, handle) = (actor.clone(), handle.to_owned());
        fault(self.store.read(Weight::Point, move |tx| groups::principal(tx, &actor, &handle)).await)?
            .of_kind(kind)
            .ok_or(Fault::NotFound)
    }

    /// The principal with this kind and handle, whoever may know of it.
    pub async fn principal(&self, kind: PrincipalKind, handle: &str) -> Result<Principal, Fault> {
        let handle = handle.to_owned();
        fault(self.store.read(Weight::Point, move |tx| tx.principal_by_handle(&handle)).await)?
            .and_then(|principal| principal.of_kind(kind))
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

    /// Principals whose name, handle or address contains every needle, at most as many as the limit says. Groups that are not public
    /// are told to those who may know of them.
    pub async fn search_principals(
        &self,
        actor: &Actor,
        mut wanted: PrincipalMatch,
    ) -> Result<Vec<Principal>, Fault> {
        wanted.limit = wanted.limit.min(self.limits.principals);
        let actor = actor.clone();
        let found = self.store.read(Weight::Scan, move |tx| {
            let mut found = Vec::new();
            if wanted.kinds.is_empty() || wanted.kinds.contains(&PrincipalKind::Group) {
                let beside = Sight::of(tx, &actor)?.beside_public(tx)?;
                found = tx.search_unlisted_groups(&wanted, beside.as_deref())?;
            }
            found.extend(tx.search_principals(&wanted)?);
            found.truncate(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
            Ok(found)
        });
        fault(found.await)
    }

    /// Those of some principals that the actor may know of.
    pub async fn principals_known(
        &self,
        actor: &Actor,
        all: Vec<Principal>,
    ) -> Result<Vec<Principal>, Fault> {
        let actor = actor.clone();
        fault(self.store.read(Weight::Point, move |tx| groups::only_seen(tx, &actor, all.clone())).await)
    }

    /// A page of the principals of a kind that the actor may know of, by handle.
    pub async fn principals_seen(
        &self,
        actor: &Actor,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Principal>, Fault> {
        if kind == PrincipalKind::Group {
            return self.directory(actor, kind, after, limit).await.map(|(page, _)| page);
        }
        self.principals(kind, after, limit).await
    }

    /// A page of all principals of a kind, by handle, whoever may know of them.
    pub async fn principals(
        &self,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Principal>, Fault> {
        let after = after.to_owned();
        fault(self.store.read(Weight::Scan, move |tx| tx.principals(kind, &after, limit)).await)
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
