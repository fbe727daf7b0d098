//! Calendar objects as JSCalendar (RFC 8984): read, written new, and changed in place.
//!
//! Works on the lossless tree: a change of JSON changes the lines that the changed members stand for, and no other byte.
//! What JSON has no member for is told under `iCalendar`, in jCal, after draft-ietf-calext-jscalendar-icalendar. `fields`,
//! `sets`, `times`, `rules`, `people`, `links`, `alerts` and `overrides` each carry some members both ways; `object` and `rewrite` put them
//! together. Knows no rights, no clock and no storage. A new member goes to the family it belongs to.

mod alerts;
mod bag;
mod fields;
mod instance;
mod links;
mod object;
mod overrides;
mod people;
mod place;
mod reach;
mod rewrite;
mod rules;
mod sets;
mod times;
mod view;

#[cfg(test)]
mod tests;

pub use super::jsobject::{Change, Refused};
pub use instance::{Split, cancel, change_all, change_following, change_instance, restore};
pub use reach::{
    Found, change_all_from, change_following_from, end_before, find, read_instance, restore_from,
};

use super::component::{Document, Limits};
use super::jsobject::{self, check, first_lost};
use super::vcard::prop::Prop;
use rewrite::Task;
use serde_json::{Map, Value, json};
use view::Kind;

/// Media type of JSCalendar; `type=event` or `type=task` may follow.
pub const MEDIA_TYPE: &str = "application/jscalendar+json";
/// Members that a replacement may leave out: the server keeps them.
const KEPT: [&str; 8] =
    ["@type", "uid", "created", "updated", "prodId", "iCalendar", "recurrenceId", "recurrenceIdTimeZone"];

/// What a new object gets where its JSON does not say.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<'f> {
    /// UID.
    pub uid: &'f str,
    /// DTSTAMP, seconds UTC.
    pub now: i64,
}

/// The object as JSON. An event, a task or a journal entry with its overrides is one object (`Event`, `Task`, `Journal`);
/// overrides without their series are a `Group` unless there is only one; anything else is told as jCal in an object of
/// `@type` `ICalObject`.
pub fn read(document: &Document<'_>) -> Value {
    match object::parts(document) {
        Some(parts) => object::read(&parts),
        None => raw(document),
    }
}

/// What JSCalendar has no object for (VFREEBUSY, VAVAILABILITY, VPOLL): its UID and its jCal.
fn raw(document: &Document<'_>) -> Value {
    let calendar = document.roots.first();
    let uid = calendar.and_then(|calendar| calendar.children.iter().find_map(|child| child.value("UID")));
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("ICalObject"));
    if let Some(uid) = uid {
        out.insert("uid".to_owned(), json!(uid.trim()));
    }
    if let Some(calendar) = calendar {
        out.insert("iCalendar".to_owned(), super::jcal::to_jcal(calendar));
    }
    Value::Object(out)
}

/// A new object in iCalendar. Every member must be one that can be kept: what would be lost is refused by its pointer.
pub fn write(json: &Value, fresh: Fresh<'_>) -> Result<String, Refused> {
    check(json)?;
    let mut new = normalised(json)?;
    let kind = new.get("@type").and_then(Value::as_str).and_then(Kind::of_type);
    let kind = kind.ok_or_else(|| Refused::at("@type", "Event, Task or Journal was expected"))?;
    let uid = match new.get("uid").filter(|uid| !uid.is_null()) {
        None => fresh.uid.to_owned(),
        Some(uid) => {
            let uid = jsobject::text(uid, "uid")?.trim().to_owned();
            if uid.is_empty() || uid.contains(['\n', '\r']) {
                return Err(Refused::at("uid", "an identifier was expected"));
            }
            uid
        }
    };
    new.insert("uid".to_owned(), Value::String(uid.clone()));
    if !new.get("updated").is_some_and(Value::is_string) {
        new.insert("updated".to_owned(), Value::String(place::utc(fresh.now)));
    }
    let source = frame(&new, kind, &uid, fresh.now)?;
    let text = Task { source: &source, old: &Map::new(), new: &new, fresh: true }.run()?;
    kept(&text, new)
}

/// The VCALENDAR of a new object, with a component that has nothing but its UID and what the bag holds.
fn frame(new: &Map<String, Value>, kind: Kind, uid: &str, now: i64) -> Result<String, Refused> {
    let own = new.get("iCalendar");
    let calendar = own.and_then(|own| own.get("calendar"));
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    if !new.get("prodId").is_some_and(Value::is_string) {
        Prop::new("PRODID", concat!("-//Cenacle//", env!("CARGO_PKG_VERSION"), "//FR")).write(&mut out);
    }
    if let Some(method) = new.get("method").filter(|method| !method.is_null()) {
        let method = jsobject::text(method, "method")?;
        let method = super::json::checked_name(method).map_err(|bad| Refused::at("method", bad.what))?;
        Prop::new("METHOD", method).write(&mut out);
    }
    if let Some(calendar) = calendar {
        let (lines, components) = bag::content(calendar, "iCalendar/calendar")?;
        out.push_str(&lines);
        components.iter().for_each(|text| out.push_str(text));
    }
    let mut part = rewrite::skeleton(kind.component(), uid);
    let at = part.len() - format!("END:{}\r\n", kind.component()).len();
    let mut lines = String::new();
    if let Some(id) = new.get("recurrenceId").filter(|id| !id.is_null()) {
        lines.push_str(&recurrence_id(new, place::parse_local(id, "recurrenceId")?)?);
    }
    let kept = own.and_then(|own| own.get("properties")).and_then(Value::as_array);
    if kept.into_iter().flatten().any(|property| property.get(0) == Some(&json!("dtstamp"))) {
        // Where the bag keeps the stamp, the other property tells when the object changed.
        Prop::new("LAST-MODIFIED", place::written(now, &place::Place::Utc)).write(&mut lines);
    }
    part.insert_str(at, &lines);
    out.push_str(&part);
    out.push_str("END:VCALENDAR\r\n");
    Ok(out)
}

/// RECURRENCE-ID of an instance without its series.
fn recurrence_id(new: &Map<String, Value>, civil: i64) -> Result<String, Refused> {
    let empty = super::draft::alone("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
        .map_err(|bad| Refused::at("", bad.what))?;
    let Some(root) = empty.roots.first() else { return Ok(String::new()) };
    let zones = place::Zones::of(root);
    let zone = new.get("recurrenceIdTimeZone").filter(|zone| !zone.is_null());
    let all_day = new.get("showWithoutTime") == Some(&Value::Bool(true)) && zone.is_none();
    let place = if all_day {
        place::Place::Date
    } else {
        place::Place::of_name(zone, &zones, "recurrenceIdTimeZone")?
    };
    let mut prop = Prop::new("RECURRENCE-ID", "");
    place::set_when(&mut prop, civil, &place);
    let mut out = String::new();
    prop.write(&mut out);
    Ok(out)
}

/// The object with a change of its JSON in it: only the lines that stand for what changed are other ones.
pub fn patch(current: &str, change: &Change) -> Result<String, Refused> {
    let document =
        Document::parse(current, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    let old = read(&document);
    let new = change.apply(&old, &KEPT)?;
    to(current, &old, &new)
}

/// From the JSON of an object to another one.
fn to(current: &str, old: &Value, new: &Value) -> Result<String, Refused> {
    let (Some(before), after) = (old.as_object(), normalised(new)?) else {
        return Err(Refused::at("", "an object was expected"));
    };
    match before.get("@type").and_then(Value::as_str).and_then(Kind::of_type) {
        Some(_) => {}
        None if *before == after => return Ok(current.to_owned()),
        None => return Err(Refused::at("", "this object can only be changed in its text form")),
    }
    let text = Task { source: current, old: before, new: &after, fresh: false }.run()?;
    kept(&text, after)
}

/// Refuses what the text does not say: nothing that a client asked for is lost in silence.
fn kept(text: &str, mut wanted: Map<String, Value>) -> Result<String, Refused> {
    let document =
        Document::parse(text, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    super::ical::CalendarIndex::build(&document)
        .map(drop)
        .or_else(|invalid| if wanted.contains_key("method") { Ok(()) } else { Err(invalid) })
        .map_err(|invalid| Refused::at("", invalid.what))?;
    // Only what the client can change is compared: the bag follows from the text.
    wanted.remove("iCalendar");
    if let Some(Value::Object(overrides)) = wanted.get_mut("recurrenceOverrides") {
        for patch in overrides.values_mut().filter_map(Value::as_object_mut) {
            patch.retain(|pointer, _| !pointer.starts_with("iCalendar"));
        }
    }
    let got = read(&document);
    let lost = wanted
        .iter()
        .filter(|(key, _)| *key != "recurrenceOverrides")
        .find_map(|(key, value)| first_lost(value, got.get(key), &jsobject::escape(key)));
    match lost.or_else(|| lost_override(&wanted, &got)) {
        None => Ok(text.to_owned()),
        Some(pointer) => Err(Refused::at(&pointer, "this member, or this value of it, cannot be kept")),
    }
}

/// The overrides are compared as the instances that they make: one instance can be told in more than one way.
fn lost_override(wanted: &Map<String, Value>, got: &Value) -> Option<String> {
    let got = got.as_object()?;
    let empty = Map::new();
    let all = wanted.get("recurrenceOverrides").and_then(Value::as_object)?;
    let found = got.get("recurrenceOverrides").and_then(Value::as_object).unwrap_or(&empty);
    for (key, patch) in all {
        let pointer = format!("recurrenceOverrides/{}", jsobject::escape(key));
        let (Some(patch), Some(other)) = (patch.as_object(), found.get(key).and_then(Value::as_object))
        else {
            return Some(pointer);
        };
        if patch.iter().all(|(inner, value)| other.get(inner) == Some(value)) {
            continue;
        }
        let read = Value::Object(overrides::instance(got, key, other).ok()?);
        for (inner, value) in patch {
            let path = format!("/{inner}");
            if let Some(lost) = first_lost(value, read.pointer(&path), "") {
                let rest = if lost.is_empty() { String::new() } else { format!("/{lost}") };
                return Some(format!("{pointer}/{}{rest}", jsobject::escape(inner)));
            }
            if value.is_null() && read.pointer(&path).is_some_and(|own| !own.is_null()) {
                return Some(format!("{pointer}/{}", jsobject::escape(inner)));
            }
        }
    }
    None
}

/// Civil seconds as a LocalDateTime.
pub(super) fn local_date_time(civil: i64) -> String {
    place::local(civil)
}

/// Seconds UTC as a UTCDateTime.
pub(super) fn utc_date_time(seconds: i64) -> String {
    place::utc(seconds)
}

/// Seconds UTC of a UTCDateTime; `None` for anything else.
pub(super) fn utc_seconds(value: &Value) -> Option<i64> {
    place::parse_utc(value, "").ok()
}

/// Brings values that can be written in several ways to the one that is read back.
fn normalised(json: &Value) -> Result<Map<String, Value>, Refused> {
    let mut out = json.as_object().cloned().ok_or_else(|| Refused::at("", "an object was expected"))?;
    out.retain(|_, value| !value.is_null());
    normalise(&mut out);
    Ok(out)
}

fn normalise(members: &mut Map<String, Value>) {
    for (key, value) in members.iter_mut() {
        let name = key.rsplit('/').next().unwrap_or(key);
        match (name, &mut *value) {
            ("duration" | "estimatedDuration" | "offset", text @ Value::String(_)) => {
                if let Ok(duration) = place::parse_duration(text, name == "offset", "") {
                    *text = Value::String(super::ical::values::write_duration(duration));
                }
            }
            (
                "created" | "updated" | "progressUpdated" | "acknowledged" | "when",
                text @ Value::String(_),
            ) => {
                if let Ok(seconds) = place::parse_utc(text, "") {
                    *text = Value::String(place::utc(seconds));
                }
            }
            ("timeZone", Value::String(zone)) => {
                use super::zone::Zone;
                match Zone::iana(zone) {
                    Some(Zone::Utc) => "Etc/UTC".clone_into(zone),
                    Some(known) => *zone = known.name().unwrap_or(zone).to_owned(),
                    None => {}
                }
            }
            ("iCalendar", _) => {}
            (_, Value::Object(inner)) => normalise(inner),
            _ => {}
        }
    }
}
