//! The directory as people search it: some words, without accents, the likeliest first.
//!
//! Everybody who has logged in may see it, hidden entries left out; of groups what `groups` lets him know. RFC 3744 §9.4.

use super::actor::Actor;
use super::groups::Sight;
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::query::Words;
use crate::store::{GroupMatch, PrincipalMatch, Weight};
use crate::text::collation::fold;

/// How well a principal fits, and how it is called: the order of what is found.
pub type Rank = (u8, String, String);

impl Core {
    /// Principals that say all the words in their names, handles and addresses, the likeliest first: at most as many as the limit says.
    pub async fn find_principals(
        &self,
        actor: &Actor,
        words: &Words,
        kinds: Vec<PrincipalKind>,
    ) -> Result<Vec<(Rank, Principal)>, Fault> {
        let needles: Vec<String> = words.iter().map(str::to_owned).collect();
        let wanted = PrincipalMatch { needles, kinds, limit: self.limits.principals };
        let found = self.search_principals(actor, wanted).await?;
        let mut ranked: Vec<(Rank, Principal)> =
            found.into_iter().map(|principal| (rank(&principal, words), principal)).collect();
        ranked.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(ranked)
    }

    /// A page of all principals of a kind, by handle, and whether there are more.
    pub async fn directory(
        &self,
        actor: &Actor,
        kind: PrincipalKind,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<Principal>, bool), Fault> {
        let (actor, after) = (actor.clone(), after.to_owned());
        let page = self.store.read(Weight::Scan, move |tx| {
            let mut page = if kind == PrincipalKind::Group {
                let beside_public = Sight::of(tx, &actor)?.beside_public(tx)?;
                let all = GroupMatch {
                    beside_public,
                    after: after.clone(),
                    limit: limit + 1,
                    ..GroupMatch::default()
                };
                tx.find_groups(&all)?.into_iter().map(|(group, _)| group).collect()
            } else {
                tx.directory_after(kind, &after, limit + 1)?
            };
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = page.len() > limit;
            page.truncate(limit);
            Ok((page, more))
        });
        fault(page.await)
    }
}

/// 0: called so; 1: the name begins so; 2: each word begins a word of the name; 3: the handle or an address begins so; 4: somewhere.
fn rank(principal: &Principal, words: &Words) -> Rank {
    let name = fold(&principal.display_name);
    let whole = words.iter().collect::<Vec<_>>().join(" ");
    let begins = |text: &str| text.starts_with(&whole);
    let addresses = || principal.addresses.iter().any(|address| begins(address));
    let each = || {
        words.iter().all(|word| name.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word)))
    };
    let class = if whole == name || whole == principal.handle || principal.addresses.contains(&whole) {
        0
    } else if begins(&name) {
        1
    } else if each() {
        2
    } else if begins(&principal.handle) || addresses() {
        3
    } else {
        4
    };
    (class, name, principal.handle.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PrincipalId;
    use crate::domain::principal::PrincipalState;
    use crate::domain::props::Props;

    #[test]
    fn the_likeliest_come_first() {
        let class = |handle: &str, name: &str, text: &str| {
            let principal = Principal {
                id: PrincipalId(1),
                kind: PrincipalKind::User,
                handle: handle.to_owned(),
                display_name: name.to_owned(),
                addresses: vec![format!("{handle}@example.org")],
                state: PrincipalState::Active,
                admin: false,
                time_zone: None,
                auth_version: 0,
                token_version: 0,
                props: Props::default(),
            };
            rank(&principal, &Words::parse(text).expect("words")).0
        };
        assert_eq!(class("elise", "Élise Dupont", "elise dupont"), 0);
        assert_eq!(class("ed", "Élise Dupont", "ed@example.org"), 0);
        assert_eq!(class("ed", "Élise Dupont", "ELISE"), 1);
        assert_eq!(class("ed", "Élise Dupont", "dup eli"), 2);
        assert_eq!(class("dup", "Jean", "du"), 3);
        assert_eq!(class("jean", "Jean Ledupont", "dupont"), 4);
    }
}
