//! The kinds of changes that a webhook may want, by their names.

use super::problem::Refused;
use crate::domain::webhook::{About, Became, Events};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! kinds {
    ($($variant:ident = $name:literal: $about:ident $became:ident,)*) => {
        /// A kind of changes: what it is about, and what became of it. Of collections, `created` and `deleted` also tell of those that come
        /// into and go out of the account's sight; `changed` of name, colour, place or grants. What of a calendar is no task counts as an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(as = WebhookEvent)]
        #[serde(expecting = "a kind of changes")]
        pub enum EventName { $(#[serde(rename = $name)] $variant,)* }

        impl EventName {
            const ALL: &[EventName] = &[$(EventName::$variant),*];

            const fn events(self) -> Events {
                match self { $(EventName::$variant => Events::one(About::$about, Became::$became),)* }
            }
        }
    };
}

kinds! {
    EventCreated = "event.created": Event Created,
    EventChanged = "event.changed": Event Changed,
    EventDeleted = "event.deleted": Event Deleted,
    TaskCreated = "task.created": Task Created,
    TaskChanged = "task.changed": Task Changed,
    TaskDeleted = "task.deleted": Task Deleted,
    ContactCreated = "contact.created": Contact Created,
    ContactChanged = "contact.changed": Contact Changed,
    ContactDeleted = "contact.deleted": Contact Deleted,
    CollectionCreated = "collection.created": Collection Created,
    CollectionChanged = "collection.changed": Collection Changed,
    CollectionDeleted = "collection.deleted": Collection Deleted,
}

impl EventName {
    /// All of these kinds; every kind where none are said.
    pub fn all(named: Option<&[EventName]>) -> Result<Events, Refused> {
        let Some(named) = named else { return Ok(Events::ALL) };
        if named.is_empty() {
            return Err(Refused::at("/events", "names nothing: null is all"));
        }
        Ok(named.iter().fold(Events::NONE, |all, one| all.with(one.events())))
    }

    /// The names of these kinds; none are said of all.
    pub fn of(events: Events) -> Option<Vec<EventName>> {
        let named = EventName::ALL.iter().copied().filter(|name| events.meets(name.events()));
        (events != Events::ALL).then(|| named.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_said_and_read() {
        let two = [EventName::TaskDeleted, EventName::EventCreated, EventName::TaskDeleted];
        let events = EventName::all(Some(&two)).expect("known");
        assert_eq!(EventName::of(events), Some(vec![EventName::EventCreated, EventName::TaskDeleted]));
        assert_eq!(EventName::of(EventName::all(Some(EventName::ALL)).expect("known")), None);
        assert_eq!(EventName::all(None).ok(), Some(Events::ALL));
        assert!(EventName::all(Some(&[])).is_err());
    }
}
