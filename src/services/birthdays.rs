//! The calendar of birthdays that somebody has switched on: filled from the cards of the address books that he may read, his own and those
//! that stand in his home.
//!
//! It is a calendar like any other, so each door shows it as it shows the others; but nobody writes to it, and nobody else ever sees it
//! (`access::scoped`). It is brought up to date when its owner looks: the numbers of his address books are compared with those that it
//! was filled from, and where one has moved only the cards that changed since are read. So a card is in the calendar at the next sync
//! after it was written, no write pays for it, and who has no such calendar pays nothing. The state that it is of is changed in the
//! transaction that changes it, and only from the state that was read: of two nodes that fill it at once one does.

use super::access::{Access, Place};
use super::actor::Actor;
use super::content::{self, Media, Sent};
use super::homes::named;
use super::{Core, collections, fault, items, labour, mounts};
use crate::domain::acl::Privilege;
use crate::domain::birthdays;
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind, NewCollection};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::domain::object::{Draft, ItemKind};
use crate::store::{Door, Error, ReadTx, SyncItem, Weight, WriteTx};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Cards that are looked at together.
const TOGETHER: usize = 256;
/// Steps of one request at most; the rest is the next one's.
const STEPS: usize = 400;

/// Up to which number each address book, by its id, was read.
type Numbers = BTreeMap<i64, i64>;

/// A card by its name, and what it says; `None` of one that went.
type Card = (String, Option<String>);

/// Where the calendar stands, and where the address books do.
struct State {
    calendar: CollectionId,
    number: i64,
    /// As it is stored.
    stored: String,
    seen: Numbers,
    books: Numbers,
}

/// What is to be done next.
enum Step {
    /// All events of a book go, and its number.
    Leave(i64),
    /// What changed in a book since a number is looked at.
    Follow(i64, i64),
}

/// What a step came to.
enum Stepped {
    /// There may be another.
    Further,
    /// The calendar is up to date, at this number; `None` where there is none.
    There(Option<i64>),
}

/// Events by their names, each as it shall be; `None` where there shall be none. And the numbers that are true then.
type Outcome = (Vec<(String, Option<Draft>)>, Numbers);

impl State {
    fn next(&self) -> Option<Step> {
        let gone = self.seen.iter().find(|(book, seen)| self.books.get(book).is_none_or(|now| now < seen));
        if let Some((book, _)) = gone {
            return Some(Step::Leave(*book));
        }
        let moved = self.books.iter().find(|(book, now)| self.seen.get(book) != Some(now));
        moved.map(|(book, _)| Step::Follow(*book, self.seen.get(book).copied().unwrap_or(0)))
    }
}

impl Core {
    /// Whether the actor has a calendar of birthdays, and which.
    pub async fn birthdays(&self, actor: &Actor) -> Result<CollectionId, Fault> {
        actor.reach(HomeKind::Calendars)?;
        let id = actor.id;
        let found = self.store.read(Weight::Point, move |tx| tx.birthdays_of(id)).await;
        let found = fault(found)?.map(|(calendar, _)| calendar.id).filter(|id| actor.scope.takes(*id));
        found.ok_or(Fault::NotFound)
    }

    /// Gives the actor a calendar of birthdays, unless he has one. Tells which, and whether it is new.
    pub async fn switch_on_birthdays(&self, actor: &Actor) -> Result<(CollectionId, bool), Fault> {
        actor.whole()?;
        let (actor, most) = (actor.clone(), self.limits.collections);
        let on = move |tx: &mut WriteTx<'_>| {
            tx.lock_home(actor.id, HomeKind::Calendars)?;
            if let Some((calendar, _)) = tx.birthdays_of(actor.id)? {
                return Ok((calendar.id, false));
            }
            if tx.collections(actor.id, HomeKind::Calendars)?.len() >= most {
                return Err(Condition::QuotaNotExceeded.into());
            }
            let slug = birthdays::SLUG;
            let place = Place {
                owner: actor.handle.clone(),
                home: HomeKind::Calendars,
                slug: slug.to_owned(),
                id: None,
            };
            collections::free_place(tx, &actor, &place)?;
            let mut props = named(birthdays::NAME);
            birthdays::mark(&mut props);
            let new = NewCollection {
                owner: actor.id,
                home: HomeKind::Calendars,
                kind: CollectionKind::Calendar,
                slug: slug.to_owned(),
                is_default: false,
                components: Components::EVENTS,
                transparent: true,
                time_zone: tx.time_zone(actor.id)?,
                props,
            };
            let made = tx.insert_collection(&new, Some(&actor.origin(HomeKind::Calendars)))?;
            tx.set_birthdays(made, "{}")?;
            mark_home(tx, &actor, birthdays::mark)?;
            Ok((made, true))
        };
        fault(self.store.write(on).await)
    }

    /// Takes it away, for good.
    pub async fn switch_off_birthdays(&self, actor: &Actor) -> Result<(), Fault> {
        actor.whole()?;
        let actor = actor.clone();
        let off = move |tx: &mut WriteTx<'_>| {
            tx.lock_home(actor.id, HomeKind::Calendars)?;
            let (calendar, _) = tx.birthdays_of(actor.id)?.ok_or(Fault::NotFound)?;
            tx.delete_collection(&calendar, &actor.origin(HomeKind::Calendars))?;
            mark_home(tx, &actor, birthdays::unmark)
        };
        fault(self.store.write(off).await)
    }

    /// Brings the actor's calendar of birthdays up to date, if he has one; whether it may be another than at the number that is known of it.
    /// What goes wrong is no reason to show nothing: it is tried again when somebody looks next.
    pub(super) async fn freshen_birthdays(&self, actor: &Actor, known: Option<i64>) -> bool {
        let owner =
            Actor { door: Some(Door::Import), ..Actor::undoubted(actor.id, actor.handle.clone(), None) };
        let mut stepped = false;
        for _ in 0..STEPS {
            match self.birthdays_step(&owner).await {
                Ok(Stepped::Further) => stepped = true,
                Ok(Stepped::There(number)) => {
                    return stepped || known.is_some_and(|known| number != Some(known));
                }
                Err(fault) => {
                    tracing::warn!(%fault, handle = %owner.handle, "a calendar of birthdays is not up to date");
                    break;
                }
            }
        }
        stepped
    }

    /// As [`Core::freshen_birthdays`], if the calendar is among some collections that were read.
    pub(super) async fn freshen_among(&self, actor: &Actor, read: &[Access]) -> bool {
        let number = |access: &Access| {
            let collection = access.collection();
            collection.is_birthdays().then_some(collection.modseq)
        };
        match read.iter().find_map(number) {
            None => false,
            known => self.freshen_birthdays(actor, known).await,
        }
    }

    /// One step towards the present.
    async fn birthdays_step(&self, owner: &Actor) -> Result<Stepped, Fault> {
        let reader = owner.clone();
        let state = fault(self.store.read(Weight::Point, move |tx| state(tx, &reader)).await)?;
        let Some(state) = state else { return Ok(Stepped::There(None)) };
        let outcome = match state.next() {
            None => return Ok(Stepped::There(Some(state.number))),
            Some(Step::Leave(book)) => self.leave_book(&state, book).await?,
            Some(Step::Follow(book, since)) => self.follow_book(&state, book, since).await?,
        };
        let (owner, calendar) = (owner.clone(), state.calendar);
        let (events, numbers) = outcome;
        let stored = serde_json::to_string(&numbers).map_err(|_| Fault::Internal)?;
        let write = move |tx: &mut WriteTx<'_>| {
            tx.lock_home(owner.id, HomeKind::Calendars)?;
            let now = tx.birthdays_of(owner.id)?;
            // Another was faster, or it was switched off.
            let Some((into, _)) = now.filter(|(now, seen)| now.id == calendar && *seen == state.stored)
            else {
                return Ok(());
            };
            for (name, draft) in &events {
                set_event(tx, &owner, &into, name, draft.as_ref())?;
            }
            tx.set_birthdays(calendar, &stored)
        };
        fault(self.store.write(write).await)?;
        Ok(Stepped::Further)
    }

    /// The events of a book that may not be read any more.
    async fn leave_book(&self, state: &State, book: i64) -> Result<Outcome, Fault> {
        let (calendar, prefix) = (state.calendar, birthdays::prefix(CollectionId(book)));
        let (after, most) = (prefix.clone(), i64::try_from(TOGETHER).unwrap_or(i64::MAX));
        let read = move |tx: &mut ReadTx<'_>| tx.listed_after(calendar, ItemKind::EVENT, &after, most);
        let page = fault(self.store.read(Weight::Scan, read).await)?;
        let gone: Vec<_> = page
            .into_iter()
            .filter(|event| event.name.starts_with(&prefix))
            .map(|event| (event.name, None))
            .collect();
        let mut numbers = state.seen.clone();
        if gone.len() < TOGETHER {
            numbers.remove(&book);
        }
        Ok((gone, numbers))
    }

    /// What a page of a book's changes comes to.
    async fn follow_book(&self, state: &State, book: i64, since: i64) -> Result<Outcome, Fault> {
        let id = CollectionId(book);
        let read = move |tx: &mut ReadTx<'_>| changed_cards(tx, id, since);
        let (cards, upto) = fault(self.store.snapshot(read).await)?;
        let bytes = cards.iter().filter_map(|(_, body)| body.as_ref()).map(String::len).sum();
        let limits = Arc::clone(&self.limits);
        let events = labour::of(bytes, move || {
            let of = |(name, body): (String, Option<String>)| birthdays::events(id, &name, body.as_deref());
            let draft = |(name, text): (String, Option<String>)| {
                let sent = text.map(|body| Sent { body, media: Media::Calendar });
                let draft = sent.map(|sent| content::draft(&name, sent, CollectionKind::Calendar, &limits));
                draft.transpose().map(|draft| (name, draft.map(|(draft, _)| draft)))
            };
            cards.into_iter().flat_map(of).map(draft).collect::<Result<Vec<_>, Fault>>()
        });
        let events = events.await??;
        let mut numbers = state.seen.clone();
        numbers.insert(book, upto);
        Ok((events, numbers))
    }
}

/// The calendar and the address books as they are now; `None` where there is no such calendar.
fn state(tx: &mut ReadTx<'_>, owner: &Actor) -> Result<Option<State>, Error> {
    let Some((calendar, stored)) = tx.birthdays_of(owner.id)? else { return Ok(None) };
    let own = tx.collections(owner.id, HomeKind::AddressBooks)?;
    let mounted = mounts::shown(tx, owner, HomeKind::AddressBooks)?;
    let readable = mounted.iter().filter(|access| access.need(Privilege::Read).is_ok());
    let books = own.iter().chain(readable.map(Access::collection));
    let books = books.filter(|book| book.kind == CollectionKind::AddressBook);
    let books: Numbers = books.map(|book| (book.id.0, book.modseq)).collect();
    // What cannot be read is of no state: all is compared anew.
    let seen = serde_json::from_str(&stored).unwrap_or_default();
    Ok(Some(State { calendar: calendar.id, number: calendar.modseq, stored, seen, books }))
}

/// A page of the cards of a book that changed since a number, each as it is now, and the number up to which they are all.
fn changed_cards(tx: &mut ReadTx<'_>, book: CollectionId, since: i64) -> Result<(Vec<Card>, i64), Error> {
    let unborn = if since == 0 { i64::MAX } else { 0 };
    let page = tx.changes(book, since, TOGETHER, unborn)?.ok_or(Fault::NotFound)?;
    let present = |item: &SyncItem| match item {
        SyncItem::Present(entry) => Some(entry.name.clone()),
        SyncItem::Gone { .. } => None,
    };
    let names: Vec<String> = page.items.iter().filter_map(present).collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let (objects, served) = tx.objects_named(book, &asked)?;
    let mut bodies: HashMap<String, String> =
        objects.into_iter().map(|object| (object.name, object.body)).collect();
    let (mut cards, mut left, mut upto) = (Vec::with_capacity(page.items.len()), served, since);
    for item in page.items {
        let modseq = item.modseq();
        match item {
            SyncItem::Gone { name, .. } => cards.push((name, None)),
            // Large ones are the next page's.
            SyncItem::Present(_) if left == 0 => return Ok((cards, upto)),
            SyncItem::Present(entry) => {
                left -= 1;
                let body = bodies.remove(&entry.name);
                cards.push((entry.name, body));
            }
        }
        upto = modseq;
    }
    Ok((cards, page.modseq))
}

/// Makes an event what it shall be.
fn set_event(
    tx: &mut WriteTx<'_>,
    owner: &Actor,
    into: &Collection,
    name: &str,
    draft: Option<&Draft>,
) -> Result<(), Error> {
    match (draft, tx.object(into.id, name)?) {
        (Some(draft), Some(old)) if draft.etag == old.etag => Ok(()),
        (Some(draft), old) => items::write(tx, into, draft, old.as_ref(), owner).map(|_| ()),
        (None, Some(old)) => tx.remove_object(into, &old, &owner.origin(HomeKind::Calendars)),
        (None, None) => Ok(()),
    }
}

/// Changes the mark by which a home's readers know that there is such a calendar in it.
fn mark_home(
    tx: &mut WriteTx<'_>,
    owner: &Actor,
    change: fn(&mut crate::domain::props::Props),
) -> Result<(), Error> {
    let mut state = tx.home(owner.id, HomeKind::Calendars)?;
    change(&mut state.props);
    tx.set_home_props(owner.id, HomeKind::Calendars, &state.props)
}
