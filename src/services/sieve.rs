//! What a webhook wants of a page of changes. Kinds of changes are told by numbers: an item that was made after the cursor was created,
//! one that was made before it was changed, one with a tombstone was deleted.
//!
//! The feed tells of each item its last change alone, so an item that was made and changed since counts as both. Where it is not known
//! what an item was, it counts as all that its collection may have held: rather told once too often than not at all.

use crate::domain::collection::{Collection, HomeKind};
use crate::domain::object::ItemKind;
use crate::domain::webhook::{About, Became, Events};
use crate::store::{Error, ReadTx, SyncItem, SyncPage};
use std::collections::HashMap;

/// Leaves in a page what is wanted of it; whether there is anything to be told. `from` is the number up to which the webhook was told of
/// the collection, `None` for one that it did not know.
pub(super) fn sift(
    tx: &mut ReadTx<'_>,
    wanted: Events,
    collection: &Collection,
    from: Option<i64>,
    page: &mut SyncPage,
) -> Result<bool, Error> {
    let after = from.unwrap_or(0);
    let (present, gone): (Vec<&SyncItem>, Vec<&SyncItem>) =
        page.items.iter().partition(|item| matches!(item, SyncItem::Present(_)));
    let made = tx.made_at(collection.id, &names(&present))?;
    let were = tx.were(collection.id, &names(&gone))?;
    page.items.retain(|item| wanted.meets(events_of(item, collection.home, after, &made, &were)));
    if !page.items.is_empty() {
        return Ok(true);
    }
    let of_collection = |became| wanted.meets(Events::one(About::Collection, became));
    match from {
        None => Ok(of_collection(Became::Created)),
        Some(_) if !of_collection(Became::Changed) => Ok(false),
        Some(after) => tx.collection_changed(collection.id, after, page.modseq),
    }
}

fn names<'i>(items: &[&'i SyncItem]) -> Vec<&'i str> {
    let name = |item: &&'i SyncItem| match item {
        SyncItem::Present(entry) => entry.name.as_str(),
        SyncItem::Gone { name, .. } => name.as_str(),
    };
    items.iter().map(name).collect()
}

/// What an item of a page is news of.
fn events_of(
    item: &SyncItem,
    home: HomeKind,
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
        SyncItem::Gone { name, .. } => match (were.get(name), home) {
            (Some(kind), _) => Events::one(about(*kind), Became::Deleted),
            (None, HomeKind::AddressBooks) => Events::one(About::Contact, Became::Deleted),
            (None, HomeKind::Calendars) => {
                Events::one(About::Event, Became::Deleted).with(Events::one(About::Task, Became::Deleted))
            }
        },
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
    use super::*;
    use crate::domain::id::Etag;
    use crate::domain::object::Entry;

    #[test]
    fn items_are_news_of_what_happened_to_them() {
        let present = |kind: ItemKind, modseq: i64| {
            SyncItem::Present(Entry { name: "a".into(), etag: Etag("e".into()), kind, modseq })
        };
        let gone = SyncItem::Gone { name: "a".into(), modseq: 9 };
        let told = |item: &SyncItem, home: HomeKind, made: i64, was: Option<ItemKind>| {
            let made = HashMap::from([("a".to_owned(), made)]);
            let were = was.into_iter().map(|kind| ("a".to_owned(), kind)).collect();
            events_of(item, home, 5, &made, &were)
        };
        let (calendars, books) = (HomeKind::Calendars, HomeKind::AddressBooks);
        let one = Events::one;
        assert_eq!(
            told(&present(ItemKind::EVENT, 7), calendars, 7, None),
            one(About::Event, Became::Created)
        );
        assert_eq!(told(&present(ItemKind::TASK, 7), calendars, 3, None), one(About::Task, Became::Changed));
        assert_eq!(
            told(&present(ItemKind::CARD, 8), books, 7, None),
            one(About::Contact, Became::Created).with(one(About::Contact, Became::Changed))
        );
        assert_eq!(told(&gone, calendars, 0, Some(ItemKind::TASK)), one(About::Task, Became::Deleted));
        assert_eq!(told(&gone, books, 0, None), one(About::Contact, Became::Deleted));
        assert_eq!(
            told(&gone, calendars, 0, None),
            one(About::Event, Became::Deleted).with(one(About::Task, Became::Deleted))
        );
        let journal = ItemKind::named("VJOURNAL").expect("known");
        assert_eq!(told(&gone, calendars, 0, Some(journal)), one(About::Event, Became::Deleted));
    }
}
