//! Whether a collection takes an item: its component, its UID, one more member. Decides no right.
//!
//! RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1.

use super::access::Place;
use super::content;
use crate::domain::collection::{Collection, CollectionKind, Components};
use crate::domain::fault::Condition;
use crate::domain::object::{Draft, Object};
use crate::store::{Error, ReadTx};
use crate::text::ical::CalendarIndex;

/// An item on its way into a collection.
pub(super) struct Entering<'a> {
    /// What it shall be.
    pub draft: &'a Draft,
    /// Its compact form, where it is a calendar object.
    pub index: Option<&'a CalendarIndex>,
    /// What has its name now.
    pub old: Option<&'a Object>,
    /// The name of what has its UID now.
    pub uid_holder: Option<String>,
}

/// Whether the collection takes the item: its component, its UID, one more member.
pub(super) fn admit(
    tx: &mut ReadTx<'_>,
    into: &Collection,
    place: &Place,
    entering: Entering<'_>,
    members: i64,
) -> Result<(), Error> {
    fits(into, place, &entering)?;
    // Counting is dear in a large collection: only from where the limit could matter.
    if entering.old.is_none() && into.modseq >= members && tx.usage(into.id)?.0 >= members {
        tracing::warn!(slug = %place.slug, "collection is full");
        return Err(Condition::QuotaNotExceeded.into());
    }
    Ok(())
}

/// Whether the collection takes an item of this component and UID; `place` is where it stands, for a refusal.
pub(super) fn fits(into: &Collection, place: &Place, entering: &Entering<'_>) -> Result<(), Condition> {
    let Entering { draft, index, old, uid_holder } = entering;
    let old = old.map(|old| (old.uid.as_str(), old.name.as_str()));
    fits_beside((into.kind, into.components), place, draft, *index, old, uid_holder.as_deref())
}

/// As [`fits`], by the UID and the name of the item that has its name, and the name of that which has its UID.
pub(super) fn fits_beside(
    (kind, components): (CollectionKind, Components),
    place: &Place,
    draft: &Draft,
    index: Option<&CalendarIndex>,
    old: Option<(&str, &str)>,
    uid_holder: Option<&str>,
) -> Result<(), Condition> {
    if let Some(index) = index
        && kind == CollectionKind::Calendar
        && !components.takes(&index.kind)
    {
        return Err(Condition::SupportedCalendarComponent(index.kind.name().to_owned()));
    }
    let card = kind == CollectionKind::AddressBook;
    match (old, uid_holder) {
        (Some((uid, _)), _) if uid == draft.uid => Ok(()),
        (_, Some(other)) => Err(uid_conflict(card, place, other.to_owned())),
        (Some(old), None) => keeps_uid(kind, place, draft, old),
        _ => Ok(()),
    }
}

/// Whether an item may take the place of `old`, a UID and a name: clients key on the UID, so it must be the same (RFC 4791 §5.3.2.1,
/// RFC 6352 §6.3.2.1). A card may get one that it did not have, and a client of old that knows none may leave it out.
pub(super) fn keeps_uid(
    kind: CollectionKind,
    place: &Place,
    draft: &Draft,
    (uid, name): (&str, &str),
) -> Result<(), Condition> {
    let card = kind == CollectionKind::AddressBook;
    let counts = match kind {
        CollectionKind::Calendar => true,
        CollectionKind::AddressBook => !content::is_made_up(uid) && !content::is_made_up(&draft.uid),
        CollectionKind::Inbox | CollectionKind::Outbox | CollectionKind::Plain => false,
    };
    if counts && uid != draft.uid { Err(uid_conflict(card, place, name.to_owned())) } else { Ok(()) }
}

fn uid_conflict(card: bool, place: &Place, name: String) -> Condition {
    Condition::NoUidConflict { card, owner: place.owner.clone(), collection: place.slug.clone(), href: name }
}
