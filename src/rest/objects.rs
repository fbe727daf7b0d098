//! Files of JSCalendar or JSContact, as items: one object, a list, or a `Group` with its entries. RFC 8984, RFC 9553.
//!
//! Each object is brought to text by itself, as one that is created is; what is wrong with one does not spoil the others.

use super::edits;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::services::interchange::{Item, Parts, Piece, split, steady_uid};
use crate::text::jarray::{check_values, elements, members};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Octets of a file, one object of which may be as long: its tree takes many times as much.
pub const MOST: usize = 16 * 1024 * 1024;

/// Takes a file apart. `now` is in microseconds UTC.
pub fn parts(bytes: &[u8], home: HomeKind, now: i64) -> Result<Parts, Fault> {
    let text = std::str::from_utf8(bytes).map_err(none)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    serde_json::from_str::<IgnoredAny>(text).map_err(none)?;
    let numbered = objects(text)?.into_iter().zip(1_usize..);
    let pieces = numbered.map(|(json, number)| piece(json, number, home, now)).collect();
    Ok(Parts { pieces, ignored: Vec::new() })
}

fn none(why: impl std::fmt::Display) -> Fault {
    Fault::BadRequest(format!("the file is no JSON: {why}"))
}

/// It is JSON, but not taken apart: what it says of itself is the reason.
fn unkept(bad: impl std::fmt::Display) -> Fault {
    Fault::BadRequest(bad.to_string())
}

/// The texts of a list's objects, of the entries of a `Group`, or of the one that the file is.
fn objects(text: &str) -> Result<Vec<&str>, Fault> {
    if text.starts_with('[') {
        return elements(text).map_err(unkept);
    }
    if !text.starts_with('{') {
        return Ok(vec![text]);
    }
    let all = members(text).map_err(unkept)?;
    let member = |wanted| all.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let kind = member("@type").and_then(|kind| serde_json::from_str::<String>(kind).ok());
    if kind.as_deref() != Some("Group") {
        return Ok(vec![text]);
    }
    match member("entries") {
        Some(list) if list.starts_with('[') => elements(list).map_err(unkept),
        // RFC 9553 has no groups of cards; some write their entries under their ids.
        Some(named) if named.starts_with('{') => {
            Ok(members(named).map_err(unkept)?.into_iter().map(|(_, entry)| entry).collect())
        }
        _ => Err(Fault::BadRequest("a Group has its objects in entries".to_owned())),
    }
}

/// One object as an item; or what is told of one that cannot be kept.
fn piece(text: &str, number: usize, home: HomeKind, now: i64) -> Piece {
    let mut label = format!("object {number}");
    match item(text, &mut label, home, now) {
        Ok(item) => Piece::Item(Item { line: None, ..item }),
        Err(why) => Piece::Broken { label, line: None, why },
    }
}

fn item(text: &str, label: &mut String, home: HomeKind, now: i64) -> Result<Item, String> {
    check_values(text).map_err(|bad| bad.to_string())?;
    let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(uid) = json.get("uid").and_then(Value::as_str) {
        uid.clone_into(label);
    }
    // Of an object without a UID the same one each time, so that a second import finds the first.
    let uid = steady_uid(&json.to_string());
    let text = edits::text_with(&json, home, now, &uid).map_err(|unkept| match unkept.pointer.as_str() {
        // Nothing in it is at fault, but what it is.
        "" => unkept.what,
        _ => unkept.to_string(),
    })?;
    let (_, items) = split(&text).map_err(|unreadable| unreadable.to_string())?;
    items.into_iter().next().ok_or_else(|| "there is no item in it".to_owned())
}
