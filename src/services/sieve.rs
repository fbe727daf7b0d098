//! What a webhook wants of a page of changes. Kinds of changes are told by numbers: an item that was made after the cursor was created,
//! one that was made before it was changed, one with a tombstone was deleted.
//!
//! The feed tells of each item its last change alone, so an item that was made and changed since counts as both. Where it is not known
//! what an item was, it counts as all that its collection may have held: rather told once too often than not at all.
//!
//! Kinds tell no more than the feed does. From whom items may be hidden altogether, he does not learn what they were that are gone, for they
//! may be hidden alone; and whatever moved the number of a collection without his seeing it counts as a change of the collection.

use super::access::Access;
use super::projection::SyncItem;
use crate::domain::collection::{Collection, Components, HomeKind};
use crate::domain::object::ItemKind;
use crate::domain::webhook::{About, Became, Events};
use crate::store::{Error, ReadTx};
use std::collections::{BTreeSet, HashMap};

/// Leaves of what is seen of a page what is wanted; `None` where there is nothing to be told. The page is of the numbers above the first of
/// `span`, `None` for a collection that the webhook did not know, and up to the second.
pub(super) fn sift(
    tx: &mut ReadTx<'_>,
    wanted: Events,
    access: &Access,
    (from, upto): (Option<i64>, i64),
    mut items: Vec<SyncItem>,
) -> Result<Option<Vec<SyncItem>>, Error> {
    let (of, exact, after) = (access.collection(), access.sight().shows_each(), from.unwrap_or(0));
    let (present, gone): (Vec<&SyncItem>, Vec<&SyncItem>) =
        items.iter().partition(|item| matches!(item, SyncItem::Present(_)));
    let made = tx.made_at(of.id, &names(&present))?;
    let were = if exact { tx.were(of.id, &names(&gone))? } else { HashMap::new() };
    let unseen = has_unseen((after, upto), &items);
    items.retain(|item| wanted.meets(events_of(item, of, after, &made, &were)));
    if !items.is_empty() {
        return Ok(Some(items));
    }
    let of_collection = |became| wanted.meets(Events::one(About::Collection, became));
    let told = match from {
        None => of_collection(Became::Created),
        Some(_) if !of_collection(Became::Changed) => false,
        Some(_) if !exact => unseen,
        Some(after) => tx.collection_changed(of.id, after, upto)?,
    };
    Ok(told.then_some(items))
}

fn names<'i>(items: &[&'i SyncItem]) -> Vec<&'i str> {
    let name = |item: &&'i SyncItem| match item {
        SyncItem::Present(entry) => entry.name.as_str(),
        SyncItem::Gone { name, .. } => name.as_str(),
    };
    items.iter().map(name).collect()
}

/// Whether the number of a collection moved by more than these changes.
fn has_unseen((after, upto): (i64, i64), items: &[SyncItem]) -> bool {
    let number = |item: &SyncItem| match item {
        SyncItem::Present(entry) => entry.modseq,
        SyncItem::Gone { modseq, .. } => *modseq,
    };
    let seen: BTreeSet<i64> = items.iter().map(number).collect();
    i64::try_from(seen.len()).is_ok_and(|seen| seen < upto - after)
}

/// What an item of a page is news of.
fn events_of(
    item: &SyncItem,
    of: &Collection,
    after: i64,
    made: &HashMap<String, i64>,
    were: &HashMap<String, ItemKind>,
) -> Events {
    match item {
        SyncItem::Present(entry) => {
            let about = about(entry.kind);
            let made = made.get(&entry.name).copied().unwrap_or(0);
            let created = if made > after { Events::one(about, Became::Created) } else { Events::NONE };
            let changed =
                if entry.modseq > made { Events::one(about, Became::Changed) } else { Events::NONE };
            created.with(changed)
        }
        SyncItem::Gone { name, .. } => match were.get(name) {
            Some(kind) => Events::one(about(*kind), Became::Deleted),
            None => may_have_gone(of),
        },
    }
}

/// What may have gone from a collection.
fn may_have_gone(of: &Collection) -> Events {
    let gone = |about| Events::one(about, Became::Deleted);
    let holds = |types: Components| of.components.0 & types.0 != 0;
    if of.home == HomeKind::AddressBooks {
        return gone(About::Contact);
    }
    let (tasks, others) = (Components::TASKS, Components(Components::ALL.0 & !Components::TASKS.0));
    match (holds(tasks), holds(others)) {
        (true, false) => gone(About::Task),
        (false, true) => gone(About::Event),
        _ => gone(About::Event).with(gone(About::Task)),
    }
}

fn about(kind: ItemKind) -> About {
    match kind {
        ItemKind::CARD => About::Contact,
        ItemKind::TASK => About::Task,
        _ => About::Event,
    }
}

#[cfg(test)]
mod tests {
    use super::super::projection::all_changes;
    use super::*;
    use crate::domain::collection::CollectionKind;
    use crate::domain::id::{CollectionId, Etag, PrincipalId};
    use crate::domain::object::Entry;
    use crate::domain::props::Props;
    use crate::store;

    fn shown(item: store::SyncItem) -> SyncItem {
        all_changes(vec![item]).pop().expect("one")
    }

    fn present(kind: ItemKind, modseq: i64) -> SyncItem {
        shown(store::SyncItem::Present(Entry { name: "a".into(), etag: Etag("e".into()), kind, modseq }))
    }

    fn gone(modseq: i64) -> SyncItem {
        shown(store::SyncItem::Gone { name: "a".into(), modseq })
    }

    fn collection(home: HomeKind, components: Components) -> Collection {
        Collection {
            id: CollectionId(1),
            owner: PrincipalId(1),
            home,
            kind: CollectionKind::Calendar,
            slug: "c".into(),
            is_default: false,
            components,
            transparent: false,
            time_zone: None,
            modseq: 9,
            home_modseq: 9,
            created_at: 0,
            props: Props::default(),
        }
    }

    #[test]
    fn items_are_news_of_what_happened_to_them() {
        let (calendar, book) = (
            collection(HomeKind::Calendars, Components::ALL),
            collection(HomeKind::AddressBooks, Components(0)),
        );
        let told = |item: &SyncItem, of: &Collection, made: i64, was: Option<ItemKind>| {
            let made = HashMap::from([("a".to_owned(), made)]);
            let were = was.into_iter().map(|kind| ("a".to_owned(), kind)).collect();
            events_of(item, of, 5, &made, &were)
        };
        let one = Events::one;
        let (event, task, card) = (ItemKind::EVENT, ItemKind::TASK, ItemKind::CARD);
        assert_eq!(told(&present(event, 7), &calendar, 7, None), one(About::Event, Became::Created));
        assert_eq!(told(&present(task, 7), &calendar, 3, None), one(About::Task, Became::Changed));
        assert_eq!(
            told(&present(card, 8), &book, 7, None),
            one(About::Contact, Became::Created).with(one(About::Contact, Became::Changed))
        );
        assert_eq!(told(&gone(9), &calendar, 0, Some(task)), one(About::Task, Became::Deleted));
        assert_eq!(told(&gone(9), &book, 0, None), one(About::Contact, Became::Deleted));
        let journal = ItemKind::named("VJOURNAL").expect("known");
        assert_eq!(told(&gone(9), &calendar, 0, Some(journal)), one(About::Event, Became::Deleted));
    }

    #[test]
    fn what_is_not_known_is_all_that_may_have_been() {
        let (event, task) =
            (Events::one(About::Event, Became::Deleted), Events::one(About::Task, Became::Deleted));
        let of = |components| may_have_gone(&collection(HomeKind::Calendars, components));
        assert_eq!(of(Components::EVENTS), event);
        assert_eq!(of(Components::TASKS), task);
        assert_eq!(of(Components::ALL), event.with(task));
        assert_eq!(of(Components(0)), event.with(task));
    }

    #[test]
    fn numbers_that_no_change_accounts_for_are_seen() {
        assert!(!has_unseen((5, 7), &[present(ItemKind::EVENT, 6), gone(7)]));
        assert!(has_unseen((5, 8), &[present(ItemKind::EVENT, 6), gone(7)]));
        assert!(has_unseen((5, 6), &[]));
        assert!(!has_unseen((5, 5), &[]));
    }
}
