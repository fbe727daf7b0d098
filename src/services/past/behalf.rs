//! For whom somebody did something: whose the collection was then, where that was another.

use super::super::{Access, Actor, Core, fault, groups};
use super::{Step, told};
use crate::domain::acl::Privilege;
use crate::domain::collection::Collection;
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::privacy::{self, Judged};
use crate::store::{Error, Happened, ReadTx, Weight};
use std::collections::{HashMap, HashSet};

/// Entries of the log that are read at a time.
const AT_ONCE: usize = 500;

/// Who did something, and for whom, as handles.
pub type Doer = (Option<String>, Option<String>);

impl Core {
    /// Who made some changes of a collection, each an item's name and its number. Of what is seen in part, or was before it went, that is
    /// not told.
    pub async fn doers(
        &self,
        actor: &Actor,
        access: &Access,
        changes: Vec<(String, i64)>,
    ) -> Result<HashMap<i64, Doer>, Fault> {
        access.need(Privilege::Read)?;
        let (actor, access) = (actor.clone(), access.clone());
        let read = move |tx: &mut ReadTx<'_>| {
            let (of, sight) = (access.collection(), access.sight());
            let mut steps = Vec::with_capacity(changes.len());
            for piece in changes.chunks(AT_ONCE) {
                let numbers: Vec<i64> = piece.iter().map(|(_, number)| *number).collect();
                let entries = tx.log_at(of.id, &numbers)?;
                steps.extend(told(tx, entries)?);
            }
            note(tx, &actor, of, &mut steps)?;
            if !sight.is_whole() {
                let names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
                let all = tx.hidden_named(of.id, &names)?.into_iter();
                let hidden: HashSet<String> = all
                    .filter(|one| !matches!(privacy::judge(one.masks.as_deref(), sight), Judged::Whole))
                    .map(|one| one.name)
                    .collect();
                steps.retain(|step| step.what != Some(Happened::Removed) && !hidden.contains(&step.name));
            }
            Ok(steps.into_iter().map(|step| (step.number, (step.by, step.on_behalf_of))).collect())
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

/// Who owned a collection at each number, as handles of those whom the actor may know of.
pub(in super::super) struct Owners {
    /// Former ones with the last number at which they were, the first of them first.
    former: Vec<(i64, Option<String>)>,
    now: Option<String>,
}

impl Owners {
    /// Of a collection.
    pub fn of(tx: &mut ReadTx<'_>, actor: &Actor, of: &Collection) -> Result<Owners, Error> {
        let former = tx.former_owners(of.id)?;
        let mut ids: Vec<i64> = former.iter().map(|(_, owner)| owner.0).collect();
        ids.push(of.owner.0);
        ids.sort_unstable();
        ids.dedup();
        let people = tx.principals_with_ids(&ids)?;
        // Whose it is now its place tells; whose it was may be nobody's business.
        let (now, before): (Vec<_>, Vec<_>) = people.into_iter().partition(|one| one.id == of.owner);
        let people = [now, groups::only_seen(tx, actor, before)?].concat();
        let handle = |id: PrincipalId| people.iter().find(|one| one.id == id).map(|one| one.handle.clone());
        Ok(Owners {
            former: former.into_iter().map(|(upto, owner)| (upto, handle(owner))).collect(),
            now: handle(of.owner),
        })
    }

    /// For whom `by` did what has this number; `None` where it was for himself, or nobody knows by whom it was.
    pub fn represented(&self, by: Option<&str>, number: i64) -> Option<String> {
        let then = self.former.iter().find(|(upto, _)| number <= *upto).map(|(_, owner)| owner);
        let owner = then.unwrap_or(&self.now).as_deref();
        owner.filter(|owner| by.is_some_and(|by| by != *owner)).map(str::to_owned)
    }
}

/// Notes in some steps for whom they were done.
pub(super) fn note(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    of: &Collection,
    steps: &mut [Step],
) -> Result<(), Error> {
    if steps.is_empty() {
        return Ok(());
    }
    let owners = Owners::of(tx, actor, of)?;
    for step in steps {
        step.on_behalf_of = owners.represented(step.by.as_deref(), step.number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_it_was_then_counts() {
        let owners =
            Owners { former: vec![(10, Some("alice".into())), (20, None)], now: Some("team".into()) };
        let told = |by, number| owners.represented(Some(by), number);
        assert_eq!(told("alice", 10), None);
        assert_eq!(told("bob", 9).as_deref(), Some("alice"));
        assert_eq!(told("alice", 15), None, "nobody knows whose it was");
        assert_eq!(told("alice", 21).as_deref(), Some("team"));
        assert_eq!(owners.represented(None, 21), None);
    }
}
