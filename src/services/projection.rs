//! The one projection: from what is stored to what a viewer sees of it. Whatever a protocol tells of an item comes out of here.
//!
//! [`Shown`] is the proof, and only this file makes one: functions that render ask for it. It is made before any filter, search
//! or order, so that what is hidden changes no answer. What somebody sees in part, or not at all, he may not change either: he
//! would do it blindly. The rule itself is in `domain/privacy`; which sight a viewer has, `access.rs` decides.

use super::access::Access;
use super::{Core, labour};
use crate::domain::acl::Privilege;
use crate::domain::calendar_data::Definitions;
use crate::domain::collection::CollectionKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::Etag;
use crate::domain::object::{Draft, Entry, Listed, Object};
use crate::domain::personal::{shared_of, tag, view};
use crate::domain::privacy::{self, Form, Judged, Sight};
use crate::domain::props::Props;
use crate::store::{self, Hidden};
use crate::text::component::Document;
use crate::text::ical::CalendarIndex;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;

/// What somebody sees of an item. What is hidden from him is not in it.
#[derive(Debug, Clone)]
#[repr(transparent)]
pub struct Shown<T = Object>(T);

impl<T> Deref for Shown<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Shown<T> {
    /// What is seen, to be taken apart.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl Shown<Object> {
    /// As a listing tells it.
    pub fn entry(&self) -> Shown<Entry> {
        let Object { name, etag, kind, modseq, .. } = &self.0;
        Shown(Entry { name: name.clone(), etag: etag.clone(), kind: *kind, modseq: *modseq })
    }

    /// As a list with times tells it.
    pub fn listed(&self) -> Shown<Listed> {
        Shown(Listed::from(&self.0))
    }

    /// The same with zones defined as a reader wants, and whether that is another text.
    pub fn with_definitions(mut self, wanted: Definitions) -> (Self, bool) {
        let changed = match wanted.applied(&self.0.body) {
            Cow::Borrowed(_) => None,
            Cow::Owned(body) => Some(body),
        };
        let is_another = changed.is_some();
        if let Some(body) = changed {
            self.0.body = body;
        }
        (self, is_another)
    }

    /// Refuses who sees only a part of it.
    pub fn whole(&self, privilege: Privilege) -> Result<(), Fault> {
        if self.0.masked { Err(refused(privilege)) } else { Ok(()) }
    }
}

/// One change, as somebody is told of it.
#[derive(Debug, Clone)]
pub enum SyncItem {
    /// There is an item, new or changed.
    Present(Shown<Entry>),
    /// There is none of this name any more, or none that he may know of.
    Gone { name: String, modseq: i64 },
}

fn refused(privilege: Privilege) -> Fault {
    Condition::NeedPrivileges { href: String::new(), privilege }.into()
}

/// An item of the viewer's own.
pub(super) fn own(object: Object) -> Shown {
    Shown(object)
}

/// An item; `None` where it is absent for him.
pub(super) fn object(sight: Sight, object: Object) -> Option<Shown> {
    match privacy::judge(object.masks.as_deref(), sight) {
        Judged::Whole if object.own.is_none() => Some(Shown(object)),
        Judged::Whole => Some(Shown(laid(object, None))),
        Judged::Shared(shared) => Some(Shown(laid(object, Some(shared)))),
        Judged::Absent => None,
        Judged::Masked(_) => masked(sight, object),
    }
}

/// The shared part of an item with what is the viewer's own over it; `shared` is its tag, where there is something of the owner's.
fn laid(stored: Object, shared: Option<Etag>) -> Object {
    let etag = shared.unwrap_or_else(|| stored.etag.clone());
    let etag = tag(&etag, stored.own.as_ref().map(|own| &own.etag));
    match view(&stored.body, stored.own.as_ref().map(|own| &own.overlay)) {
        Some(seen) => Object { etag, parsed: seen.index.encode(), body: seen.body, ..stored },
        None => Object { etag, ..stored },
    }
}

/// Some items.
pub(super) fn objects(sight: Sight, objects: Vec<Object>) -> Vec<Shown> {
    if sight.is_whole() {
        return objects.into_iter().map(Shown).collect();
    }
    objects.into_iter().filter_map(|one| object(sight, one)).collect()
}

/// Bytes that have to be read for some items to be shown.
pub(super) fn work(sight: Sight, objects: &[Object]) -> usize {
    if sight.is_whole() {
        return 0;
    }
    let worked = |object: &&Object| object.masks.is_some() || object.own.is_some();
    objects.iter().filter(worked).map(|object| object.body.len()).sum()
}

fn masked(sight: Sight, stored: Object) -> Option<Shown> {
    let index = CalendarIndex::decode(&stored.parsed)?;
    let classes = privacy::classes(&index, &stored.body);
    match privacy::form(&index, &stored.body, &classes, sight) {
        Form::Whole => Some(Shown(stored)),
        Form::Absent => None,
        Form::Masked(seen) => Some(Shown(Object {
            etag: seen.etag,
            parsed: seen.index.encode(),
            body: seen.body,
            // When it was last changed tells that something hidden was.
            modified_at: stored.created_at,
            schedule_tag: None,
            props: Props::default(),
            masks: None,
            masked: true,
            own: None,
            ..stored
        })),
    }
}

/// What of a listing is seen by what is noted of its items.
pub(super) fn entries(sight: Sight, entries: Vec<Entry>, notes: Noted) -> Vec<Shown<Entry>> {
    let notes = Notes::of(notes);
    let seen = |mut entry: Entry| match notes.judge(&entry.name, &entry.etag, sight) {
        Judged::Whole => Some(Shown(entry)),
        Judged::Absent => None,
        Judged::Shared(etag) | Judged::Masked(etag) => {
            entry.etag = etag;
            Some(Shown(entry))
        }
    };
    entries.into_iter().filter_map(seen).collect()
}

/// A listing of which nothing is hidden.
pub(super) fn all_entries(entries: Vec<Entry>) -> Vec<Shown<Entry>> {
    entries.into_iter().map(Shown).collect()
}

/// As [`entries`], of a list with times.
pub(super) fn listed(sight: Sight, listed: Vec<Listed>, notes: Noted) -> Vec<Shown<Listed>> {
    let notes = Notes::of(notes);
    let seen = |mut one: Listed| match notes.judge(&one.name, &one.etag, sight) {
        Judged::Whole => Some(Shown(one)),
        Judged::Absent => None,
        Judged::Shared(etag) => {
            one.etag = etag;
            Some(Shown(one))
        }
        Judged::Masked(etag) => {
            (one.etag, one.modified_at) = (etag, one.created_at);
            Some(Shown(one))
        }
    };
    listed.into_iter().filter_map(seen).collect()
}

/// A list of which nothing is hidden.
pub(super) fn all_listed(listed: Vec<Listed>) -> Vec<Shown<Listed>> {
    listed.into_iter().map(Shown).collect()
}

/// Changes of which nothing is hidden.
pub(super) fn all_changes(items: Vec<store::SyncItem>) -> Vec<SyncItem> {
    let told = |item| match item {
        store::SyncItem::Present(entry) => SyncItem::Present(Shown(entry)),
        store::SyncItem::Gone { name, modseq } => SyncItem::Gone { name, modseq },
    };
    items.into_iter().map(told).collect()
}

/// What of some changes is told. What is absent for him counts as gone, where he could ever see it and there was a time to see
/// it in: after the number `unborn`. Of what he never could see nothing is told, and neither is that it went.
pub(super) fn changes(
    sight: Sight,
    items: Vec<store::SyncItem>,
    (noted, buried): (Noted, Vec<Hidden>),
    unborn: i64,
) -> Vec<SyncItem> {
    let (notes, buried) = (Notes::of(noted), Notes::of(Noted { hidden: buried, own: Vec::new() }));
    let told = |item| match item {
        store::SyncItem::Gone { name, modseq } => {
            let shown = buried.get(&name).is_none_or(|one| privacy::was_shown(one.classes, sight));
            shown.then_some(SyncItem::Gone { name, modseq })
        }
        store::SyncItem::Present(mut entry) => match notes.judge(&entry.name, &entry.etag, sight) {
            Judged::Whole => Some(SyncItem::Present(Shown(entry))),
            Judged::Shared(etag) | Judged::Masked(etag) => {
                entry.etag = etag;
                Some(SyncItem::Present(Shown(entry)))
            }
            Judged::Absent => {
                let shown = notes.get(&entry.name).is_some_and(|one| privacy::was_shown(one.classes, sight));
                let Entry { name, modseq, .. } = entry;
                (shown && modseq > unborn).then_some(SyncItem::Gone { name, modseq })
            }
        },
    };
    items.into_iter().filter_map(told).collect()
}

/// What is noted of some items beside what is listed of them.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Those that not all see alike.
    pub hidden: Vec<Hidden>,
    /// The digests of what the viewer has of his own on them, by their names.
    pub own: Vec<(String, Etag)>,
}

/// The same by the items' names.
struct Notes {
    hidden: HashMap<String, Hidden>,
    own: HashMap<String, Etag>,
}

impl Notes {
    fn of(Noted { hidden, own }: Noted) -> Self {
        Notes {
            hidden: hidden.into_iter().map(|one| (one.name.clone(), one)).collect(),
            own: own.into_iter().collect(),
        }
    }

    fn get(&self, name: &str) -> Option<&Hidden> {
        self.hidden.get(name)
    }

    /// What is seen of the item, its stored tag being `stored`.
    fn judge(&self, name: &str, stored: &Etag, sight: Sight) -> Judged {
        let own = self.own.get(name);
        match privacy::judge(self.get(name).and_then(|one| one.masks.as_deref()), sight) {
            Judged::Whole if own.is_some() => Judged::Shared(tag(stored, own)),
            Judged::Shared(shared) => Judged::Shared(tag(&shared, own)),
            other => other,
        }
    }
}

/// The entity tag under which he sees a stored item that he sees whole, `own` being the digest of what is his own.
pub(super) fn seen_tag(sight: Sight, stored: &Object, own: Option<&Etag>) -> Etag {
    match privacy::judge(stored.masks.as_deref(), sight) {
        Judged::Shared(shared) => tag(&shared, own),
        _ => tag(&stored.etag, own),
    }
}

/// Refuses who does not see all of a stored item: to whom it is absent it is not found.
pub(super) fn touch(access: &Access, stored: &Object, privilege: Privilege) -> Result<(), Fault> {
    match privacy::judge(stored.masks.as_deref(), access.sight()) {
        Judged::Whole | Judged::Shared(_) => Ok(()),
        Judged::Masked(_) => Err(refused(privilege)),
        Judged::Absent => Err(Fault::NotFound),
    }
}

/// Refuses who would not see all of what he is about to store.
pub(super) fn admit(access: &Access, draft: &Draft, privilege: Privilege) -> Result<(), Fault> {
    match privacy::judge(draft.masks.as_deref(), access.sight()) {
        Judged::Whole | Judged::Shared(_) => Ok(()),
        _ => Err(refused(privilege)),
    }
}

/// Refuses him to whom a stored item is absent: before anything is told of his rights.
pub(super) fn known(access: &Access, stored: &Object) -> Result<(), Fault> {
    match privacy::judge(stored.masks.as_deref(), access.sight()) {
        Judged::Absent => Err(Fault::NotFound),
        _ => Ok(()),
    }
}

/// An older content, or what is seen of it.
#[derive(Debug, Clone)]
pub(super) struct Older {
    /// The bytes.
    pub body: String,
    /// Their digest.
    pub etag: Etag,
    /// Whether these are not the bytes that are kept.
    pub masked: bool,
}

/// An older content; `None` where it is absent for him.
pub(super) fn older(sight: Sight, of: CollectionKind, body: String, etag: Etag) -> Option<Older> {
    let calendar = matches!(of, CollectionKind::Calendar | CollectionKind::Inbox);
    if sight.is_whole() || !calendar {
        return Some(Older { body, etag, masked: false });
    }
    let document = Document::parse(&body, Default::default()).ok()?;
    let index = CalendarIndex::build(&document).ok()?;
    drop(document);
    match privacy::form(&index, &body, &privacy::classes(&index, &body), sight) {
        Form::Whole => Some(match shared_of(&body) {
            Some(shared) => Older { etag: Etag::of(shared.as_bytes()), body: shared, masked: false },
            None => Older { body, etag, masked: false },
        }),
        Form::Absent => None,
        Form::Masked(seen) => Some(Older { body: seen.body, etag: seen.etag, masked: true }),
    }
}

impl Core {
    /// What is seen of some items, made where it keeps nobody waiting.
    pub(super) async fn show_all(&self, access: &Access, stored: Vec<Object>) -> Result<Vec<Shown>, Fault> {
        let sight = access.sight();
        let stored = self.with_own(access, stored).await?;
        let bytes = work(sight, &stored);
        labour::of(bytes, move || objects(sight, stored)).await
    }

    /// What is seen of one item.
    pub(super) async fn show(&self, access: &Access, stored: Object) -> Result<Shown, Fault> {
        if access.sight().is_whole() {
            return Ok(Shown(stored));
        }
        self.show_all(access, vec![stored]).await?.pop().ok_or(Fault::NotFound)
    }
}
