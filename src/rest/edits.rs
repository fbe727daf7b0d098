//! Items as JSCalendar and JSContact: made of them, replaced by them and changed by a merge patch or a PatchObject, in place: what
//! JSON does not say stays in the text. RFC 8984, RFC 9553, RFC 7396.

use super::body;
use super::problem::Refused;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::services::batch::Rewrite;
use crate::services::content::{Media, Sent};
use crate::services::edits::{Edit, Edited};
use crate::services::labour;
use crate::text::jscalendar::{Change, Refused as Unkept};
use crate::text::vcard::Version;
use crate::text::{jscalendar, jscontact};
use serde_json::{Value, json};
use std::sync::Arc;

/// Whether a body of this media type is JSCalendar or JSContact.
pub fn is_said_by(media: Option<&str>, home: HomeKind) -> bool {
    let own = match home {
        HomeKind::Calendars => jscalendar::MEDIA_TYPE,
        HomeKind::AddressBooks => jscontact::MEDIA_TYPE,
    };
    media.is_some_and(|media| media == own || media == "application/json")
}

/// The change that a body of this media type asks for; `None` where it is no change of JSON. The media type of the form itself
/// says a PatchObject. As plain JSON either may come: a `/` in a name tells them apart, for no member of an item has one.
pub fn change(media: Option<&str>, json: Value, home: HomeKind) -> Option<Change> {
    let pointers = json.as_object().is_some_and(|members| members.keys().any(|name| name.contains('/')));
    match media {
        Some("application/merge-patch+json") => Some(Change::Merge(json)),
        Some("application/json") if !pointers => Some(Change::Merge(json)),
        media if is_said_by(media, home) => Some(Change::Patch(json)),
        _ => None,
    }
}

/// Whether a body of this media type can be a change.
pub fn is_patch(media: Option<&str>, home: HomeKind) -> bool {
    media == Some("application/merge-patch+json") || is_said_by(media, home)
}

/// Reads the JSON of a body.
pub async fn parse(text: String) -> Result<Value, Refused> {
    body::parse::<serde_json::Map<String, Value>>(text.into()).await.map(Value::Object)
}

/// A new item in the text that is stored. `now` is in microseconds UTC, `bytes` the size of its JSON.
pub async fn fresh(json: Value, home: HomeKind, now: i64, bytes: usize) -> Result<Sent, Refused> {
    let written = labour::of(bytes, move || text_of(&json, home, now));
    let body = written.await?.map_err(|unkept| refused(unkept, home))?;
    let media = match home {
        HomeKind::Calendars => Media::Calendar,
        HomeKind::AddressBooks => Media::Card,
    };
    Ok(Sent { body, media })
}

/// A new item as text. `now` is in microseconds UTC.
pub fn text_of(json: &Value, home: HomeKind, now: i64) -> Result<String, Unkept> {
    let uid = uuid::Uuid::now_v7();
    let uid = match home {
        HomeKind::Calendars => uid.to_string(),
        HomeKind::AddressBooks => format!("urn:uuid:{uid}"),
    };
    text_with(json, home, now, &uid)
}

/// A new item as text, that has this UID unless it says one. `now` is in microseconds UTC.
pub fn text_with(json: &Value, home: HomeKind, now: i64, uid: &str) -> Result<String, Unkept> {
    let now = now / 1_000_000;
    match home {
        HomeKind::Calendars => jscalendar::write(json, jscalendar::Fresh { uid, now }),
        HomeKind::AddressBooks => jscontact::write(json, jscontact::Fresh { uid, now, version: Version::V4 }),
    }
}

/// The change with the time when it was made, unless the client says that; `now` is in microseconds UTC.
pub fn dated(change: &Change, now: i64) -> Change {
    let mut dated = change.clone();
    let (Change::Replace(json) | Change::Merge(json) | Change::Patch(json)) = &mut dated;
    if let Some(members) = json.as_object_mut() {
        members.entry("updated").or_insert_with(|| json!(super::instant::second(now)));
    }
    dated
}

/// The edit that makes this change. Where it changes anything, when that was is told too, unless the client says it; `now` is in
/// microseconds UTC.
pub fn edit(change: Change, home: HomeKind, now: i64) -> Arc<Edit<Unkept>> {
    let edited = editor(change, home, now);
    Arc::new(move |text: &str| edited(text).map(Edited::Text))
}

fn editor(
    plain: Change,
    home: HomeKind,
    now: i64,
) -> impl Fn(&str) -> Result<String, Unkept> + Send + Sync + 'static {
    let dated = dated(&plain, now);
    let patch = match home {
        HomeKind::Calendars => jscalendar::patch,
        HomeKind::AddressBooks => jscontact::patch,
    };
    move |text: &str| match patch(text, &plain)? {
        same if same == text => Ok(same),
        _ => patch(text, &dated),
    }
}

/// What a batch makes of what stands at a place, to which an object is put: that is changed, else a new one is made.
pub fn rewrite(json: Value, home: HomeKind, now: i64) -> Rewrite {
    let edited = editor(Change::Replace(json.clone()), home, now);
    Rewrite(Arc::new(move |text: Option<&str>| {
        let made = match text {
            Some(text) => edited(text),
            None => text_of(&json, home, now),
        };
        made.map_err(|unkept| (format!("/data{}", unkept.pointer), fault(unkept.what, home)))
    }))
}

/// What a member was refused for, by its pointer.
pub fn refused(unkept: Unkept, home: HomeKind) -> Refused {
    let pointer = unkept.pointer;
    Refused::from(fault(unkept.what, home)).field(&pointer)
}

fn fault(what: String, home: HomeKind) -> Fault {
    match home {
        HomeKind::Calendars => Condition::ValidCalendarData(what).into(),
        HomeKind::AddressBooks => Condition::ValidAddressData(what).into(),
    }
}
