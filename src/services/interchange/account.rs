//! What is told of a collection beside its items, in the archive of an account; and the way back: which collection is meant, found or made.
//!
//! Grants are no part of it: whom an account lets in is not for another one to say. Names and the like stand there twice, in words for other
//! programs, and with the other properties as clients set them.

use super::{Holds, Intake, Known};
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::domain::labels::{Label, is_plain};
use crate::domain::precondition::Preconditions;
use crate::domain::props::{Prop, Props};
use crate::services::access::Place;
use crate::services::collections::{CollectionDraft, within_bounds};
use crate::services::{Access, Actor, CollectionUpdate, Core, freebusy};
use crate::text::xml;
use serde::{Deserialize, Serialize};

/// The name of the entry that tells all collections.
pub const MANIFEST: &str = "cenacle.json";
/// The form that is written; later ones are refused.
pub const FORMAT: u32 = 1;
/// Characters of a name that is taken.
const NAME: usize = 1_000;

/// All collections of an archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`]
    pub format: u32,
    /// Whose archive it is: his handle.
    #[serde(default)]
    pub account: String,
    /// In their order.
    pub collections: Vec<Described>,
}

/// What is told of a collection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Described {
    /// `calendar` or `addressBook`
    pub kind: String,
    /// The entries that have its items, in order.
    pub files: Vec<String>,
    /// Last segment of its path.
    pub slug: String,
    /// Whether it is one of those that each account has.
    pub is_default: bool,
    /// For people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Small numbers come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// An IANA name, or a VTIMEZONE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What a calendar takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Whether it is left out of free/busy.
    pub transparent: bool,
    /// All that clients keep on it: XML elements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

/// A collection that an import goes into.
#[derive(Debug)]
pub struct Goal {
    /// What its items are.
    pub holds: Holds,
    /// What people call it.
    pub name: String,
    /// Last segment of its path, where the archive says it.
    slug: Option<String>,
    is_default: bool,
    draft: CollectionDraft,
}

/// What became of a goal.
#[derive(Debug)]
pub struct Reached {
    /// Its id; none of one that would be made.
    pub id: Option<CollectionId>,
    /// `created`, `replaced` (what it is called, and so on) or `kept`.
    pub fate: super::Fate,
    /// Takes its items in.
    pub intake: Intake,
}

impl Described {
    /// What is told of a collection whose items are in these entries.
    pub fn of(collection: &Collection, files: Vec<String>) -> Self {
        let card = collection.kind == CollectionKind::AddressBook;
        let label = |label: Label| label.of(&collection.props).map(str::to_owned);
        Described {
            kind: if card { "addressBook" } else { "calendar" }.to_owned(),
            files,
            slug: collection.slug.clone(),
            is_default: collection.is_default,
            name: label(Label::Name),
            description: label(if card { Label::BookDescription } else { Label::CalendarDescription }),
            color: label(Label::Color),
            order: label(Label::Order).and_then(|order| order.parse().ok()),
            time_zone: collection.time_zone.clone(),
            components: collection.components.names().map(str::to_owned).filter(|_| !card).collect(),
            transparent: collection.transparent && !card,
            properties: collection.props.iter().map(|prop| prop.xml.clone()).collect(),
        }
    }

    /// The collection that is meant. What cannot be kept of it is left out, as every part of it may come from anywhere.
    pub fn goal(self) -> Option<Goal> {
        let (holds, kind, description) = match self.kind.as_str() {
            "calendar" => (Holds::Calendar, CollectionKind::Calendar, Label::CalendarDescription),
            "addressBook" => (Holds::Cards, CollectionKind::AddressBook, Label::BookDescription),
            _ => return None,
        };
        let mut props = Props::default();
        for prop in self.properties.iter().filter_map(|element| kept(element)) {
            props.set(prop);
        }
        let plain = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| is_plain(text) && text.chars().count() <= NAME)
                .map(str::to_owned)
        };
        let mut say = |label: Label, text: Option<String>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                label.set(&mut props, Some(&text));
            }
        };
        say(Label::Name, plain(&self.name));
        say(description, plain(&self.description));
        say(Label::Color, plain(&self.color));
        say(Label::Order, self.order.map(|order| order.to_string()));
        let components = self.components.iter().filter_map(|name| Components::named(name));
        let components = components.reduce(Components::with).unwrap_or(Components::ALL);
        let time_zone = self.time_zone.filter(|zone| freebusy::valid_zone(zone).is_ok());
        let name = Label::Name.of(&props).unwrap_or(&self.slug).to_owned();
        let card = holds == Holds::Cards;
        Some(Goal {
            holds,
            name,
            slug: Some(self.slug).filter(|slug| is_segment(slug)),
            is_default: self.is_default,
            draft: CollectionDraft {
                kind,
                components: if card { Components(0) } else { components },
                transparent: self.transparent && !card,
                time_zone: time_zone.filter(|_| !card),
                props,
            },
        })
    }
}

/// A property that a client may set, out of its element.
fn kept(element: &str) -> Option<Prop> {
    /// Namespaces of the protocols: what has no line here is theirs to say.
    const THEIRS: [&str; 4] = [
        "DAV:",
        "urn:ietf:params:xml:ns:caldav",
        "urn:ietf:params:xml:ns:carddav",
        "http://calendarserver.org/ns/",
    ];
    const OURS: [&str; 3] = ["displayname", "calendar-description", "addressbook-description"];
    let element = xml::parse(element.as_bytes()).ok()?;
    if THEIRS.contains(&element.ns.as_str()) && !OURS.contains(&element.local.as_str()) {
        return None;
    }
    let mut text = String::new();
    element.write(&mut text);
    Some(Prop { ns: element.ns.clone(), local: element.local.clone(), text: element.text(), xml: text })
}

/// Whether it can be the last segment of a collection's path.
fn is_segment(slug: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    (1..=200).contains(&slug.len()) && !slug.starts_with('.') && slug.chars().all(plain)
}

impl Goal {
    /// Of a file that nothing is told of but its name.
    pub fn named(holds: Holds, name: &str) -> Self {
        let card = holds == Holds::Cards;
        let plain: String = name.trim().chars().filter(|c| !c.is_control()).take(NAME).collect();
        let plain = if is_plain(&plain) && !plain.is_empty() { plain } else { "Import".to_owned() };
        let mut props = Props::default();
        Label::Name.set(&mut props, Some(&plain));
        Goal {
            holds,
            name: plain,
            slug: None,
            is_default: false,
            draft: CollectionDraft {
                kind: if card { CollectionKind::AddressBook } else { CollectionKind::Calendar },
                components: if card { Components(0) } else { Components::ALL },
                transparent: false,
                time_zone: None,
                props,
            },
        }
    }

    /// Whether a collection of the account is the one that is meant: by its path, else by its name.
    fn is(&self, collection: &Collection) -> bool {
        collection.kind == self.draft.kind
            && match &self.slug {
                Some(slug) => collection.slug == *slug && collection.is_default == self.is_default,
                None => Label::Name.of(&collection.props) == Some(self.name.as_str()),
            }
    }
}

impl Core {
    /// The actor's own calendars or address books, as far as his proof reaches them.
    pub async fn own_collections(&self, actor: &Actor, home: HomeKind) -> Result<Vec<Access>, Fault> {
        if !actor.scope.opens(home) {
            return Ok(Vec::new());
        }
        let mut all = self.collections(actor, &actor.handle, home).await?;
        all.retain(|access| {
            matches!(access.collection().kind, CollectionKind::Calendar | CollectionKind::AddressBook)
        });
        Ok(all)
    }

    /// The collection that is meant, in the actor's own home: found, and with [`Known::Replace`] brought to what the archive says of it; or made.
    /// `trial`: nothing is stored, and so many would have been made before in this home.
    pub async fn reach(
        &self,
        actor: &Actor,
        goal: &Goal,
        known: Known,
        trial: Option<usize>,
    ) -> Result<Reached, Fault> {
        within_bounds(&goal.draft.props)?;
        let own = self.collections(actor, &actor.handle, goal.holds.home()).await?;
        let Some(found) = own.iter().find(|access| goal.is(access.collection())) else {
            return self.make(actor, goal, known, trial, &own).await;
        };
        let trial = trial.is_some();
        // Of a file without a list nothing is told but the name, and that it has.
        let fate = if known == Known::Replace && goal.slug.is_some() {
            if !trial {
                self.describe(actor, found, goal).await?;
            }
            super::Fate::Replaced
        } else {
            super::Fate::Kept
        };
        let intake = Intake::new(found, goal.holds, known, trial);
        Ok(Reached { id: Some(found.collection().id), fate, intake })
    }

    /// Says of a collection what the archive says; properties that it does not name stay.
    async fn describe(&self, actor: &Actor, access: &Access, goal: &Goal) -> Result<(), Fault> {
        let draft = goal.draft.clone();
        let change = move |props: &mut Props| {
            draft.props.iter().for_each(|prop| props.set(prop.clone()));
            CollectionUpdate {
                transparent: Some(draft.transparent).filter(|_| draft.kind == CollectionKind::Calendar),
                time_zone: draft.time_zone.clone().map(Some),
                props: None,
            }
        };
        self.update_collection(actor, &access.place(), Preconditions::default(), change).await
    }

    async fn make(
        &self,
        actor: &Actor,
        goal: &Goal,
        known: Known,
        trial: Option<usize>,
        own: &[Access],
    ) -> Result<Reached, Fault> {
        let free = |slug: &String| !own.iter().any(|access| access.collection().slug == *slug);
        let slug = goal.slug.clone().filter(free).unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let place = Place { owner: actor.handle.clone(), home: goal.holds.home(), slug, id: None };
        if let Some(made) = trial {
            if own.len() + made >= self.limits.collections {
                return Err(Condition::QuotaNotExceeded.into());
            }
            let intake = Intake::to_come(place, goal.holds, known, goal.draft.components);
            return Ok(Reached { id: None, fate: super::Fate::Created, intake });
        }
        let id = self.create_collection_once(actor, &place, goal.draft.clone(), None).await?;
        let intake = Intake::made(Place { id: Some(id), ..place }, goal.holds, known);
        Ok(Reached { id: Some(id), fate: super::Fate::Created, intake })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_anywhere_is_not_taken_at_its_word() {
        let told = Described {
            kind: "calendar".into(),
            slug: "../x".into(),
            name: Some("a\u{1}".into()),
            color: Some("#000000".into()),
            time_zone: Some("Mars/Base".into()),
            properties: vec![
                "<getetag xmlns=\"DAV:\">x</getetag>".into(),
                "<a xmlns=\"urn:x\"><b></a>".into(),
                "<!DOCTYPE a []><a xmlns=\"urn:x\"/>".into(),
                "<a xmlns=\"urn:x\">1 &amp; 2</a>".into(),
            ],
            ..Described::default()
        };
        let goal = told.goal().expect("a calendar");
        assert_eq!((goal.slug, goal.draft.time_zone, goal.draft.components), (None, None, Components::ALL));
        let names: Vec<&str> = goal.draft.props.iter().map(|prop| prop.local.as_str()).collect();
        assert_eq!(names, ["a", "calendar-color"]);
        assert_eq!(goal.draft.props.get("urn:x", "a").map(|prop| prop.text.as_str()), Some("1 & 2"));
        assert!(Described { kind: "inbox".into(), ..Described::default() }.goal().is_none());
    }
}
