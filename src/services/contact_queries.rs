//! Contacts that fit a filter: screened by folded text, tested exactly. RFC 6352 §8.6.

use super::access::Access;
use super::card_search::Texts;
use super::instances::MOST_OBJECTS;
use super::projection::Shown;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::directory;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::domain::object::{ItemKind, Listed, Object};
use crate::domain::query::Words;
use crate::domain::query::card::CardFilter;
use crate::store::{Candidate, ReadTx, Weight};
use std::sync::Arc;

/// Cards of a page: candidates that are loaded and tested at a time.
const PAGE: usize = 200;
/// People of the directory whose names are looked at, at a time, before a card is made of any.
const NAMES: usize = 1_000;

/// A query that is answered page by page.
#[derive(Debug)]
pub struct ContactQuery {
    access: Access,
    collection: CollectionId,
    modseq: i64,
    filter: CardFilter,
    words: Words,
    candidates: Candidates,
}

/// Where the next page comes from.
#[derive(Debug)]
enum Candidates {
    /// Cards whose text has one of these.
    Needles(Vec<String>),
    /// People of the directory, from after the one at whom the last look ended.
    Directory(Directory),
    /// Those that were found, without those already used; where the directory goes on after them.
    Ids(std::vec::IntoIter<i64>, Option<Directory>),
    /// All of the address book, from after this id.
    After(i64),
    /// One that was read already.
    Seen(Box<Shown>),
    /// None left.
    Done,
}

/// People of the directory whose text has one of these.
#[derive(Debug, Clone)]
struct Directory {
    needles: Arc<[String]>,
    after: Option<Arc<Candidate>>,
}

impl ContactQuery {
    /// A query on an address book.
    pub fn new(access: &Access, filter: CardFilter) -> Result<Self, Fault> {
        let collection = access.need(Privilege::Read)?.collection();
        let candidates = match filter.needles().filter(|needles| !needles.is_empty()) {
            Some(needles) => Candidates::Needles(needles),
            None => Candidates::After(i64::MIN),
        };
        let words = Words::default();
        let (id, modseq) = (collection.id, collection.modseq);
        Ok(ContactQuery { access: access.clone(), collection: id, modseq, candidates, filter, words })
    }

    /// A query on one card of an address book, which is told if it matches.
    pub fn of_card(access: &Access, card: Shown, filter: CardFilter) -> Result<Self, Fault> {
        let all = Self::new(access, filter)?;
        Ok(ContactQuery { candidates: Candidates::Seen(Box::new(card)), ..all })
    }

    /// A query for the cards that say some words.
    pub fn saying(access: &Access, words: Words) -> Result<Self, Fault> {
        let all = Self::new(access, CardFilter::default())?;
        let candidates = match words.longest() {
            Some(word) => Candidates::Needles(vec![word.to_owned()]),
            None => Candidates::After(i64::MIN),
        };
        Ok(ContactQuery { words, candidates, ..all })
    }

    /// The matches of the next page; `None` when there are no more pages.
    pub async fn next(&mut self, core: &Core) -> Result<Option<Vec<Shown>>, Fault> {
        match std::mem::replace(&mut self.candidates, Candidates::Done) {
            Candidates::Done => Ok(None),
            Candidates::Seen(card) => Ok(Some(Vec::from_iter(self.fits(&card).then_some(*card)))),
            Candidates::Needles(needles) if self.access.is_directory() => {
                // What is made of several fields stands nowhere as a whole.
                let whole = needles.iter().any(|needle| needle.contains([';', ',', '\n']));
                self.candidates = match whole {
                    true => Candidates::After(i64::MIN),
                    false => Candidates::Directory(Directory { needles: needles.into(), after: None }),
                };
                Ok(Some(Vec::new()))
            }
            Candidates::Directory(from) => {
                let (ids, more) = self.named(core, from).await?;
                self.these(core, ids.into_iter(), more).await
            }
            Candidates::Needles(needles) => {
                let ids = self.texts(core).await?.having(&needles);
                self.these(core, ids.into_iter(), None).await
            }
            Candidates::Ids(ids, more) => self.these(core, ids, more).await,
            Candidates::After(after) => {
                let id = self.collection;
                let work = move |tx: &mut ReadTx<'_>| {
                    tx.objects_of_kind(id, Some(ItemKind::CARD), after, PAGE as i64)
                };
                let (cards, next) = fault(core.store.read(Weight::Scan, work).await)?;
                if let Some(next) = next {
                    self.candidates = Candidates::After(next);
                }
                self.fitting(core, cards).await.map(Some)
            }
        }
    }

    /// Those of the directory whose names let their cards fit, a page of them at least where there are so many, and where it goes on.
    async fn named(&self, core: &Core, from: Directory) -> Result<(Vec<i64>, Option<Directory>), Fault> {
        let filter = self.filter.clone();
        let work = move |tx: &mut ReadTx<'_>| {
            let (mut ids, mut from) = (Vec::new(), from.clone());
            loop {
                let names = tx.directory_candidates(&from.needles, from.after.as_deref(), NAMES)?;
                let fits = |one: &&Candidate| directory::may_fit(&filter, &one.display_name, &one.search);
                ids.extend(names.iter().filter(fits).map(|one| one.id.0));
                if names.len() < NAMES {
                    return Ok((ids, None));
                }
                from.after = names.into_iter().next_back().map(Arc::new);
                if ids.len() >= PAGE {
                    return Ok((ids, Some(from)));
                }
            }
        };
        fault(core.store.read(Weight::Scan, work).await)
    }

    /// The texts of the address book as the request found it.
    async fn texts(&self, core: &Core) -> Result<Arc<Texts>, Fault> {
        let id = self.collection;
        if let Some(texts) = core.card_search.get(id, self.modseq) {
            return Ok(texts);
        }
        let read = fault(core.store.snapshot(move |tx| Texts::read(tx, id)).await)?;
        let texts = Arc::new(read.ok_or(Fault::NotFound)?);
        core.card_search.keep(id, &texts);
        Ok(texts)
    }

    /// The matches among the next of these.
    async fn these(
        &mut self,
        core: &Core,
        mut ids: std::vec::IntoIter<i64>,
        more: Option<Directory>,
    ) -> Result<Option<Vec<Shown>>, Fault> {
        let page: Vec<i64> = ids.as_slice().iter().take(PAGE).copied().collect();
        if page.is_empty() {
            return Ok(more.map(|more| {
                self.candidates = Candidates::Directory(more);
                Vec::new()
            }));
        }
        let few = if page.len() < PAGE { Weight::Point } else { Weight::Scan };
        let directory = self.access.is_directory();
        let work = move |tx: &mut ReadTx<'_>| match directory {
            true => tx.directory_with_ids(&page),
            false => tx.objects_with_ids(&page),
        };
        let (cards, served) = fault(core.store.read(few, work).await)?;
        ids.by_ref().take(served).for_each(drop);
        self.candidates = Candidates::Ids(ids, more);
        self.fitting(core, cards).await.map(Some)
    }

    async fn fitting(&self, core: &Core, cards: Vec<Object>) -> Result<Vec<Shown>, Fault> {
        let mut cards = core.show_all(&self.access, cards).await?;
        cards.retain(|card| self.fits(card));
        Ok(cards)
    }

    fn fits(&self, card: &Shown) -> bool {
        self.filter.matches(&card.body) && self.words.in_card(&card.body)
    }
}

impl Core {
    /// The cards that fit a query, without their contents, in the order of their names.
    pub async fn matching_contacts(&self, mut query: ContactQuery) -> Result<Vec<Shown<Listed>>, Fault> {
        let mut found: Vec<Shown<Listed>> = Vec::new();
        while let Some(page) = query.next(self).await? {
            found.extend(page.iter().map(Shown::listed));
            if found.len() > MOST_OBJECTS {
                return Err(Condition::NumberOfMatchesWithinLimits.into());
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}
