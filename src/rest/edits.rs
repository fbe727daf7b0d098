//! Items as JSCalendar and JSContact: made of them, replaced by them and changed by a merge patch, in place: what JSON does not
//! say stays in the text. RFC 8984, RFC 9553, RFC 7396.

use super::body;
use super::problem::Refused;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::services::content::{Media, Sent};
use crate::services::edits::Edit;
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

/// Whether a body of this media type is a merge patch of one.
pub fn is_patch(media: Option<&str>) -> bool {
    matches!(media, Some("application/merge-patch+json" | "application/json"))
}

/// Reads the JSON of a body.
pub async fn parse(text: String) -> Result<Value, Refused> {
    body::parse::<serde_json::Map<String, Value>>(text.into()).await.map(Value::Object)
}

/// A new item in the text that is stored. `now` is in microseconds UTC.
pub async fn fresh(json: Value, home: HomeKind, now: i64, bytes: usize) -> Result<Sent, Refused> {
    let now = now / 1_000_000;
    let written = labour::of(bytes, move || {
        let uid = uuid::Uuid::now_v7().to_string();
        match home {
            HomeKind::Calendars => jscalendar::write(&json, jscalendar::Fresh { uid: &uid, now }),
            HomeKind::AddressBooks => {
                let uid = format!("urn:uuid:{uid}");
                jscontact::write(&json, jscontact::Fresh { uid: &uid, now, version: Version::V4 })
            }
        }
    });
    let body = written.await?.map_err(|unkept| refused(unkept, home))?;
    let media = match home {
        HomeKind::Calendars => Media::Calendar,
        HomeKind::AddressBooks => Media::Card,
    };
    Ok(Sent { body, media })
}

/// The edit that replaces the whole object, where `whole`, or merges a patch into it. Where it changes anything, when that was is told
/// too, unless the client says it; `now` is in microseconds UTC.
pub fn edit(json: Value, whole: bool, home: HomeKind, now: i64) -> Arc<Edit<Unkept>> {
    let mut dated = json.clone();
    if let Some(members) = dated.as_object_mut() {
        members.entry("updated").or_insert_with(|| json!(super::instant::second(now)));
    }
    let [plain, dated] = [json, dated].map(|json| match whole {
        true => Change::Replace(json),
        false => Change::Merge(json),
    });
    let patch = match home {
        HomeKind::Calendars => jscalendar::patch,
        HomeKind::AddressBooks => jscontact::patch,
    };
    Arc::new(move |text: &str| match patch(text, &plain)? {
        same if same == text => Ok(same),
        _ => patch(text, &dated),
    })
}

/// What a member was refused for, by its pointer.
pub fn refused(unkept: Unkept, home: HomeKind) -> Refused {
    let condition = match home {
        HomeKind::Calendars => Condition::ValidCalendarData(unkept.what),
        HomeKind::AddressBooks => Condition::ValidAddressData(unkept.what),
    };
    Refused::from(Fault::from(condition)).field(&unkept.pointer)
}
