//! Items of collections as they are stored and listed.
//!
//! Knows no storage, no URL. RFC 4791 §4.1, RFC 6352 §5.1.

use super::id::{CollectionId, Etag, ObjectId};
use super::personal::Own;
use super::props::Props;
use crate::text::ical::index::ComponentKind;
use crate::text::ical::{Span, season};
use std::sync::Arc;

/// What an item is, as a stored number; it tells the media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemKind(pub i16);

impl ItemKind {
    /// A contact.
    pub const CARD: ItemKind = ItemKind(100);
    /// A calendar object of an unknown component type.
    pub const OTHER: ItemKind = ItemKind(99);
    const NAMES: [(&'static str, i16); 6] =
        [("VEVENT", 1), ("VTODO", 2), ("VJOURNAL", 3), ("VFREEBUSY", 4), ("VAVAILABILITY", 5), ("VPOLL", 6)];

    /// An event.
    pub const EVENT: ItemKind = ItemKind(1);
    /// A task.
    pub const TASK: ItemKind = ItemKind(2);

    /// The kind of a calendar object.
    pub fn of(component: &ComponentKind) -> Self {
        Self::named(component.name()).unwrap_or(ItemKind::OTHER)
    }

    /// The kind with this component name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| ItemKind(*number))
    }

    /// The name of its component.
    pub fn component(self) -> Option<&'static str> {
        match self {
            ItemKind::CARD => Some("VCARD"),
            other => Self::NAMES.iter().find(|(_, number)| *number == other.0).map(|(name, _)| *name),
        }
    }

    /// `Content-Type` and `DAV:getcontenttype` of an item (RFC 4791 §5.3.4 wants the component named).
    pub fn content_type(self) -> &'static str {
        match self.0 {
            1 => "text/calendar; charset=utf-8; component=VEVENT",
            2 => "text/calendar; charset=utf-8; component=VTODO",
            3 => "text/calendar; charset=utf-8; component=VJOURNAL",
            4 => "text/calendar; charset=utf-8; component=VFREEBUSY",
            5 => "text/calendar; charset=utf-8; component=VAVAILABILITY",
            6 => "text/calendar; charset=utf-8; component=VPOLL",
            100 => "text/vcard; charset=utf-8",
            _ => "text/calendar; charset=utf-8",
        }
    }
}

/// An item without its content: what listings need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Decoded last segment of its URL.
    pub name: String,
    /// Digest of the content.
    pub etag: Etag,
    /// What it is.
    pub kind: ItemKind,
    /// The collection's number when the item last changed.
    pub modseq: i64,
}

/// An item as lists show it to people's programs: without its content, with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Decoded last segment of its URL.
    pub name: String,
    /// As in the content.
    pub uid: String,
    /// Digest of the content.
    pub etag: Etag,
    /// What it is.
    pub kind: ItemKind,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub modified_at: i64,
}

impl From<&Object> for Listed {
    fn from(object: &Object) -> Self {
        Listed {
            name: object.name.clone(),
            uid: object.uid.clone(),
            etag: object.etag.clone(),
            kind: object.kind,
            created_at: object.created_at,
            modified_at: object.modified_at,
        }
    }
}

/// An item with all that is stored of it.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its row.
    pub id: ObjectId,
    /// Where it stands.
    pub collection: CollectionId,
    /// Decoded last segment of its URL.
    pub name: String,
    /// As in the content; unique in the collection.
    pub uid: String,
    /// Digest of the content.
    pub etag: Etag,
    /// What it is.
    pub kind: ItemKind,
    /// The collection's number when the item last changed.
    pub modseq: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub modified_at: i64,
    /// RFC 6638 §3.2.10, where the item is a scheduling object.
    pub schedule_tag: Option<String>,
    /// What clients keep on it.
    pub props: Props,
    /// The compact parsed form, see `CalendarIndex::decode`; empty for contacts.
    pub parsed: Vec<u8>,
    /// The bytes as sent.
    pub body: String,
    /// The classes that it has and ever had: see `privacy::with_past`.
    pub classes: i16,
    /// What others see of it, where it is not all public: see `privacy::judge`.
    pub masks: Option<String>,
    /// Whether this is not what is stored, but what one sees of it from whom some of it is hidden.
    pub masked: bool,
    /// What the viewer has of his own on it, where it is another's and was asked for.
    pub own: Option<Arc<Own>>,
}

/// What is needed to write an item.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Decoded last segment of its URL.
    pub name: String,
    /// As in the content.
    pub uid: String,
    /// Digest of the content.
    pub etag: Etag,
    /// What it is.
    pub kind: ItemKind,
    /// When it happens, and whatever others see in its place.
    pub span: Span,
    /// Organizer's address, lower case.
    pub organizer: Option<String>,
    /// Folded text for searches; empty for calendar objects.
    pub search: String,
    /// The compact parsed form; empty for contacts.
    pub parsed: Vec<u8>,
    /// The bytes as sent.
    pub body: String,
    /// The classes of its parts, as bits.
    pub classes: i16,
    /// What others see of it, where it is not all public.
    pub masks: Option<String>,
}

/// Bounds of the length of a span, in microseconds: class n holds spans up to `SPAN_CLASSES[n]`, others hold all longer ones. A window
/// query looks into each class for spans that begin at most that long before the window, so that its cost follows the
/// hits and not the size of the calendar.
pub const SPAN_CLASSES: [i64; 6] = [DAY + DAY / 8, 9 * DAY, 64 * DAY, 400 * DAY, 1_500 * DAY, 6_000 * DAY];
const DAY: i64 = 86_400_000_000;

/// The class of spans that are longer than all of [`SPAN_CLASSES`].
pub const ENDLESS: i16 = SPAN_CLASSES.len() as i16;

/// The class of a span. Endless ones that lie in one short season of each year, as birthdays do, have a class for each slot of
/// the year that such a season begins in.
pub fn span_class(span: &Span) -> i16 {
    let length = span.last.saturating_sub(span.first);
    match SPAN_CLASSES.iter().position(|bound| length <= *bound) {
        Some(class) => class as i16,
        None => season::begin_of_short(span.season).map_or(ENDLESS, |slot| ENDLESS + 1 + slot),
    }
}

/// The classes of endless spans that may touch a season.
pub fn endless_classes(season: i64) -> impl Iterator<Item = i16> {
    let begins = season::begins_of_short_at(season);
    std::iter::once(ENDLESS).chain(begins.map(|slot| ENDLESS + 1 + slot))
}
