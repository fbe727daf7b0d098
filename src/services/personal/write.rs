//! Writes to another's calendar: what is the writer's own goes beside the item, what is left to the item, and the owner's stays in it.

use super::super::access::{Access, Place};
use super::super::actor::Actor;
use super::super::admission::{self, Entering};
use super::super::items::{self, Named, Stored};
use super::super::{conditions, content, projection};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, Etag};
use crate::domain::object::{Draft, ItemKind, Object};
use crate::domain::personal::{self, Overlay, Own};
use crate::domain::precondition::Preconditions;
use crate::store::{Error, Origin, ReadTx, Whose, WriteTx};
use crate::text::component::Document;
use crate::text::ical::CalendarIndex;

/// A write, as it was found in its transaction.
pub(in super::super) struct Putting<'a> {
    /// What the actor may do at the place.
    pub access: &'a Access,
    /// Where.
    pub place: &'a Place,
    /// What he sent.
    pub draft: &'a Draft,
    /// What is stored there.
    pub old: Option<&'a Object>,
    /// The name of what has its UID.
    pub uid_holder: Option<String>,
    /// On which conditions.
    pub conditions: &'a Preconditions,
    /// What it must be.
    pub kind: Option<ItemKind>,
    /// How many items the collection may have.
    pub members: i64,
    /// Whether it is an older content: what is somebody's own in it is the owner's.
    pub past: bool,
}

/// What was sent, taken apart.
struct Parted {
    shared: String,
    overlay: Overlay,
}

/// A text that was read once already, when it was stored or before the transaction.
fn parted(body: &str) -> Result<Parted, Fault> {
    let (document, index) = read(body)?;
    let (shared, overlay) = personal::split(&document, &index);
    Ok(Parted { shared, overlay })
}

fn read(body: &str) -> Result<(Document<'_>, CalendarIndex), Fault> {
    let document = Document::parse(body, Default::default()).map_err(|_| Fault::Internal)?;
    let index = CalendarIndex::build(&document).map_err(|_| Fault::Internal)?;
    Ok((document, index))
}

/// Writes what was sent to another's calendar.
pub(in super::super) fn put(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    whose: Whose,
    putting: Putting<'_>,
) -> Result<Named, Error> {
    let draft = putting.draft;
    let Parted { shared, overlay } = parted(&draft.body)?;
    let before = tx.personal_on(whose, &[&draft.uid])?.pop().map(|(_, own)| own);
    let name = draft.name.clone();
    if putting.past {
        let redrawn = of_the_past(draft, putting.old)?;
        let putting = Putting { draft: redrawn.as_ref().unwrap_or(draft), ..putting };
        let written = write(tx, actor, putting, None)?;
        let etag = personal::tag(&Etag::of(shared.as_bytes()), before.as_ref().map(|own| &own.etag));
        return Ok(Named { name, stored: Stored { etag, kept: false, ..written.stored } });
    }
    if let Some(old) = putting.old
        && changes_own_alone(actor, &putting, old, &overlay, before.as_ref())?
    {
        conditions::hold(tx, actor, putting.conditions, putting.access, Some(old))?;
        let kept = shared_text(old);
        // The places are those of the bytes that are kept.
        let overlay = if shared == kept { overlay } else { overlay.unplaced() };
        let same = before.as_ref().is_some_and(|before| before.overlay.says_the_same(&overlay))
            || (before.is_none() && overlay.is_empty());
        let own = match (same, before) {
            (true, Some(before)) => before,
            (true, None) => Own::of(Overlay::default()),
            (false, _) => keep(tx, whose, &draft.uid, overlay)?,
        };
        let stored = Stored {
            created: false,
            etag: personal::tag(&Etag::of(kept.as_bytes()), Some(&own.etag)),
            schedule_tag: old.schedule_tag.clone(),
            kept: is(&kept, &own.overlay, &draft.body),
        };
        return Ok(Named { name, stored });
    }
    let written = write(tx, actor, putting, Some(&shared))?;
    let own = Own::of(overlay);
    if before.as_ref().map_or(!own.overlay.is_empty(), |before| before.etag != own.etag) {
        tx.set_personal(whose, written.uid, &own)?;
    }
    let etag = personal::tag(&Etag::of(shared.as_bytes()), Some(&own.etag));
    let kept = is(&shared, &own.overlay, written.sent);
    Ok(Named { name, stored: Stored { etag, kept, ..written.stored } })
}

/// Whether what was sent says of an item that he sees whole what it says, but for what is his own.
fn changes_own_alone(
    actor: &Actor,
    putting: &Putting<'_>,
    old: &Object,
    overlay: &Overlay,
    before: Option<&Own>,
) -> Result<bool, Fault> {
    let Putting { access, draft, kind, .. } = putting;
    let may = actor.scope.write
        && access.rights().has(Privilege::Read)
        && projection::touch(access, old, Privilege::Read).is_ok();
    // Who may not write is refused as ever where nothing of his own is at stake.
    let at_stake = !overlay.is_empty() || before.is_some_and(|before| !before.overlay.is_empty());
    let may = may && (at_stake || access.rights().has(Privilege::WriteContent));
    if !may || old.uid != draft.uid || old.kind != draft.kind || kind.is_some_and(|kind| kind != old.kind) {
        return Ok(false);
    }
    let (stored, stored_index) = read(&old.body)?;
    let (sent, sent_index) = read(&draft.body)?;
    Ok(personal::alike((&stored, &stored_index), (&sent, &sent_index)))
}

/// What was written for all.
struct Written<'a> {
    uid: &'a str,
    sent: &'a str,
    stored: Stored,
}

/// An older content with what the owner has of her own on the item now; `None` where it is good as it is.
pub(in super::super) fn of_the_past(draft: &Draft, old: Option<&Object>) -> Result<Option<Draft>, Fault> {
    let Some(old) = old else { return Ok(None) };
    let Parted { overlay, .. } = parted(&old.body)?;
    let Parted { shared, .. } = parted(&draft.body)?;
    let body = if overlay.is_empty() { Some(shared) } else { personal::merged(&shared, &overlay) };
    let body = body.filter(|body| *body != draft.body);
    Ok(body.map(|body| content::redrawn(&draft.name, body)).transpose()?.map(|(draft, _)| draft))
}

/// Writes the shared part for all, and what is the owner's own in the item stays; without one the draft as it is.
fn write<'a>(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    putting: Putting<'a>,
    shared: Option<&str>,
) -> Result<Written<'a>, Error> {
    let Putting { access, place, draft, old, uid_holder, conditions, kind, members, .. } = putting;
    let checked = items::may_put(tx, actor, access, old, draft, conditions, kind)?;
    let uid_holder = items::known_holder(tx, access, uid_holder)?;
    let body = match (shared, old.map(|old| parted(&old.body)).transpose()?) {
        (None, _) => None,
        (Some(shared), Some(Parted { overlay, .. })) if !overlay.is_empty() => {
            Some(personal::merged(shared, &overlay).ok_or(Fault::Internal)?)
        }
        (Some(shared), _) => Some(shared.to_owned()),
    };
    let redrawn = body.filter(|body| *body != draft.body);
    let redrawn = redrawn.map(|body| content::redrawn(&draft.name, body)).transpose()?;
    let (draft_kept, index) = match &redrawn {
        Some((draft, index)) => (draft, Some(index)),
        None => (draft, None),
    };
    let decoded = if index.is_none() { CalendarIndex::decode(&draft.parsed) } else { None };
    let entering = Entering { draft: draft_kept, index: index.or(decoded.as_ref()), old, uid_holder };
    admission::admit(tx, checked, place, entering, members)?;
    let stored = items::write(tx, checked, draft_kept, old, actor)?;
    Ok(Written { uid: &draft.uid, sent: &draft.body, stored })
}

fn keep(tx: &mut WriteTx<'_>, whose: Whose, uid: &str, overlay: Overlay) -> Result<Own, Error> {
    let own = Own::of(overlay);
    tx.set_personal(whose, uid, &own)?;
    Ok(own)
}

fn shared_text(of: &Object) -> String {
    personal::shared_of(&of.body).unwrap_or_else(|| of.body.clone())
}

/// Whether a shared part with this over it is the very text.
fn is(shared: &str, own: &Overlay, text: &str) -> bool {
    if own.is_empty() { shared == text } else { personal::merged(shared, own).as_deref() == Some(text) }
}

/// An item on its way from one collection to another: its text there, and what becomes the actor's own beside it.
pub(in super::super) struct Carried {
    /// The text.
    pub body: String,
    /// Whose, and what, where the target is another's.
    pub own: Option<(Whose, Own)>,
}

/// What of an item goes along: what the actor sees of it. Within one collection it is the item itself, and all keep what is theirs.
pub(in super::super) fn carried(
    tx: &mut ReadTx<'_>,
    (source, target): (&Access, &Access),
    item: &Object,
) -> Result<Carried, Error> {
    let stays = source.collection().id == target.collection().id;
    if stays || (source.keeps().is_none() && target.keeps().is_none()) {
        return Ok(Carried { body: item.body.clone(), own: None });
    }
    let body = match source.keeps() {
        Some(keeps) => {
            let own = tx.personal_on(keeps.whose, &[&item.uid])?.pop();
            let seen = personal::view(&item.body, own.as_ref().map(|(_, own)| &own.overlay));
            seen.map_or_else(|| item.body.clone(), |seen| seen.body)
        }
        None => item.body.clone(),
    };
    let Some(keeps) = target.keeps() else { return Ok(Carried { body, own: None }) };
    let Parted { shared, overlay } = parted(&body)?;
    Ok(Carried { body: shared, own: Some((keeps.whose, Own::of(overlay))) })
}

/// Copies those items of another's calendar that somebody sees otherwise than they are stored into a calendar of his own: what he sees of
/// them. The others are there already.
pub(in super::super) fn copy(
    tx: &mut WriteTx<'_>,
    whose: Whose,
    into: CollectionId,
    by: &Origin,
    without: i16,
) -> Result<(), Error> {
    let into = tx.collection_by_id(into)?.ok_or(Fault::NotFound)?;
    let mut after = i64::MIN;
    loop {
        let page = tx.personal_copies(whose, after, without)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.modseq;
        for item in page {
            let own = tx.personal_on(whose, &[&item.uid])?.pop();
            let seen = personal::view(&item.body, own.as_ref().map(|(_, own)| &own.overlay));
            let (draft, _) = content::redrawn(&item.name, seen.map_or(item.body, |seen| seen.body))?;
            tx.put_object(&into, &draft, None, by)?;
            if !item.props.to_json().is_empty()
                && let Some(fresh) = tx.object(into.id, &item.name)?
            {
                tx.set_object_props(&into, &fresh, &item.props, by)?;
            }
        }
    }
}
