//! From bytes to a draft: what may be stored, and what is noted of it for queries.
//!
//! Runs before the transaction, for it needs no data. The bytes themselves are never changed.
//! RFC 4791 §4.1, §5.3.2.1; RFC 7529 §10; RFC 6352 §5.1, §6.3.2.1.

use super::limits::Limits;
use crate::domain::collection::CollectionKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::Etag;
use crate::domain::object::{Draft, ItemKind};
use crate::domain::privacy::{self, Class};
use crate::text::component::{Component, Document, Limits as Bounds};
use crate::text::ical::{CalendarIndex, Span, density};
use crate::text::recur::scale;
use crate::text::vcard::{self, CardIndex};

/// Before the name of a card that has no UID.
const BY_NAME: &str = "name:";

/// What a client sent, with the media type that it named.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The bytes.
    pub body: String,
    /// Whether they are said to be a calendar or a card.
    pub media: Media,
}

/// The kinds of content that collections hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `text/calendar`
    Calendar,
    /// `text/vcard` and its older names
    Card,
    /// Nothing was said: the collection decides.
    Unsaid,
}

/// A draft of the item `name` for a collection of this kind.
pub fn draft(
    name: &str,
    sent: Sent,
    into: CollectionKind,
    limits: &Limits,
) -> Result<(Draft, Option<CalendarIndex>), Fault> {
    match (into, sent.media) {
        (CollectionKind::Calendar | CollectionKind::Inbox, Media::Calendar | Media::Unsaid) => {
            calendar(name, sent.body, limits).map(|(draft, index)| (draft, Some(index)))
        }
        (CollectionKind::AddressBook, Media::Card | Media::Unsaid) => {
            card(name, sent.body, limits).map(|draft| (draft, None))
        }
        (CollectionKind::Calendar | CollectionKind::Inbox, Media::Card) => {
            Err(Condition::SupportedCalendarData.into())
        }
        (CollectionKind::AddressBook, Media::Calendar) => Err(Condition::SupportedAddressData.into()),
        (CollectionKind::Outbox | CollectionKind::Plain, _) => {
            Err(Fault::Conflict("this collection holds no items of this kind"))
        }
    }
}

fn calendar(name: &str, body: String, limits: &Limits) -> Result<(Draft, CalendarIndex), Fault> {
    check_size(&body, limits, false)?;
    drawn(name, body, Some(limits))
}

/// A draft of a text that is stored or was judged already, but for what is somebody's own in it.
pub(super) fn redrawn(name: &str, body: String) -> Result<(Draft, CalendarIndex), Fault> {
    drawn(name, body, None)
}

fn drawn(name: &str, body: String, most: Option<&Limits>) -> Result<(Draft, CalendarIndex), Fault> {
    let document = Document::parse(&body, Bounds::default())
        .map_err(|malformed| Condition::ValidCalendarData(malformed.to_string()))?;
    let index = CalendarIndex::build(&document)
        .map_err(|invalid| Condition::ValidCalendarObjectResource(invalid.to_string()))?;
    if most.is_some()
        && let Some(name) = document.roots.iter().find_map(unknown_scale)
    {
        return Err(Condition::SupportedRscale(name).into());
    }
    if let Some(most) = most.map(|limits| limits.attendees)
        && index.parts.iter().any(|part| part.attendees.len() > most)
    {
        return Err(Condition::MaxAttendees(most as u64).into());
    }
    if let Some(most) = most.map(|limits| limits.instances)
        && density::is_denser(&index, most)
    {
        return Err(Condition::MaxInstances(most).into());
    }
    let noted = privacy::note(&index, &document);
    drop(document);
    let draft = Draft {
        name: name.to_owned(),
        uid: index.uid.clone(),
        etag: Etag::of(body.as_bytes()),
        kind: ItemKind::of(&index.kind),
        span: noted.span,
        organizer: index.parts.iter().find_map(|part| part.organizer.clone()),
        search: String::new(),
        parsed: index.encode(),
        body,
        classes: noted.classes,
        masks: noted.masks,
    };
    Ok((draft, index))
}

/// A calendar that a rule counts in and that nobody has ever registered. Those of the registry that are not evaluated here are kept:
/// what other programs make of them must not be lost.
// Recursion is bounded by the depth that `text::component` allows.
fn unknown_scale(component: &Component<'_>) -> Option<String> {
    let rules = ["RRULE", "EXRULE"].into_iter().flat_map(|name| component.lines_named(name));
    let mut named = rules.filter_map(|line| scale::of_rule(line.value()));
    let unknown = named.find(|name| !scale::is_known(name)).map(str::to_owned);
    unknown.or_else(|| component.children.iter().find_map(unknown_scale))
}

fn card(name: &str, body: String, limits: &Limits) -> Result<Draft, Fault> {
    check_size(&body, limits, true)?;
    let document = Document::parse(&body, Bounds::default())
        .map_err(|malformed| Condition::ValidAddressData(malformed.to_string()))?;
    let index =
        CardIndex::build(&document).map_err(|invalid| Condition::ValidAddressData(invalid.to_string()))?;
    if vcard::image_bytes(&document).into_iter().any(|bytes| bytes as u64 > limits.image_bytes) {
        return Err(Condition::MaxImageSize(limits.image_bytes).into());
    }
    let search = vcard::search_text(&document);
    drop(document);
    Ok(Draft {
        name: name.to_owned(),
        // A card without a UID is known by its name: clients of old send such cards and expect them to be kept.
        uid: index.uid.as_deref().map_or_else(|| format!("{BY_NAME}{name}"), card_uid),
        etag: Etag::of(body.as_bytes()),
        kind: ItemKind::CARD,
        span: Span::ANY,
        organizer: None,
        search,
        parsed: Vec::new(),
        body,
        // Cards have no classes: RFC 6350 has done away with them.
        classes: privacy::bit(Class::Public),
        masks: None,
    })
}

/// Whether this stands for the UID of a card that has none.
pub(super) fn is_made_up(uid: &str) -> bool {
    uid.starts_with(BY_NAME)
}

/// `urn:uuid:` and any spelling of it are the bare UUID (interoperability notes 7); other UIDs differ by case.
pub(super) fn card_uid(uid: &str) -> String {
    let uid = uid.trim();
    let is_urn = uid.get(..9).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:uuid:"));
    if is_urn { vcard::normalised_uid(uid) } else { uid.to_owned() }
}

fn check_size(body: &str, limits: &Limits, card: bool) -> Result<(), Fault> {
    if body.len() as u64 > limits.resource_bytes {
        return Err(Condition::MaxResourceSize { card, bytes: limits.resource_bytes }.into());
    }
    // PostgreSQL cannot hold NUL in a text, and no client means it.
    if body.contains('\0') {
        let why = "a NUL character".to_owned();
        return Err(
            if card { Condition::ValidAddressData(why) } else { Condition::ValidCalendarData(why) }.into()
        );
    }
    Ok(())
}
