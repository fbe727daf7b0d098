//! What JSCalendar and JSContact share: changes of JSON objects, their difference, what was lost, ids.
//!
//! RFC 7396 (merge patch), RFC 8984 §1.4.9 and RFC 9553 §1.4.3 (PatchObject: pointers and values). Knows JSON alone.

use super::line::unescape_text;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Nested values in JSON from outside.
const MAX_DEPTH: usize = 32;
/// Values (members, elements) in JSON from outside.
const MAX_VALUES: usize = 200_000;

/// Why JSON is refused, and which field is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {what}")]
pub struct Refused {
    /// JSON pointer (RFC 6901) of the field; empty for the object as a whole.
    pub pointer: String,
    /// What is wrong, in words fit for a client.
    pub what: String,
}

impl Refused {
    /// `pointer` without its first slash.
    pub(super) fn at(pointer: &str, what: impl Into<String>) -> Self {
        let pointer = if pointer.is_empty() { String::new() } else { format!("/{pointer}") };
        Refused { pointer, what: what.into() }
    }

    /// The same fault seen from the object that holds this one under `pointer`.
    pub(super) fn under(self, pointer: &str) -> Self {
        Refused { pointer: format!("/{pointer}{}", self.pointer), what: self.what }
    }
}

/// What is to become of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The new object. What the server keeps for itself may be left out of it and stays: identity, times, what only
    /// the text form can say.
    Replace(Value),
    /// RFC 7396: nested objects are merged, `null` removes.
    Merge(Value),
    /// A PatchObject: keys are JSON pointers without the first slash, `null` removes.
    Patch(Value),
}

impl Change {
    /// The object as it shall be. `kept` names the top-level members that `Replace` may leave out.
    pub(super) fn apply(&self, old: &Value, kept: &[&str]) -> Result<Value, Refused> {
        let (Change::Replace(given) | Change::Merge(given) | Change::Patch(given)) = self;
        check(given)?;
        let given = given.as_object().ok_or_else(|| Refused::at("", "an object was expected"))?;
        match self {
            Change::Replace(_) => {
                let mut new = given.clone();
                for key in kept {
                    if let (None | Some(Value::Null), Some(value)) = (new.get(*key), old.get(*key)) {
                        new.insert((*key).to_owned(), value.clone());
                    }
                }
                Ok(Value::Object(new))
            }
            Change::Merge(_) => {
                let mut new = old.clone();
                merge(&mut new, given);
                Ok(new)
            }
            Change::Patch(_) => {
                let mut new = old.clone();
                patch(&mut new, given)?;
                Ok(new)
            }
        }
    }
}

/// Refuses JSON that is nested too deep or too large.
pub(super) fn check(json: &Value) -> Result<(), Refused> {
    let mut waiting = vec![(json, 0)];
    let mut seen = 0;
    while let Some((value, depth)) = waiting.pop() {
        seen += 1;
        if depth > MAX_DEPTH {
            return Err(Refused::at("", "nested too deep"));
        }
        match value {
            Value::Array(values) => {
                seen += values.len();
                waiting.extend(values.iter().map(|value| (value, depth + 1)));
            }
            Value::Object(members) => {
                seen += members.len();
                waiting.extend(members.values().map(|value| (value, depth + 1)));
            }
            _ => {}
        }
        if seen > MAX_VALUES {
            return Err(Refused::at("", "too many values"));
        }
    }
    Ok(())
}

/// RFC 7396 §2.
fn merge(target: &mut Value, change: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (key, value) in change {
        match value {
            Value::Null => drop(members.remove(key)),
            Value::Object(inner) => merge(members.entry(key.clone()).or_insert(Value::Null), inner),
            other => drop(members.insert(key.clone(), other.clone())),
        }
    }
}

/// Applies a PatchObject: every part of a pointer but the last must be there, and none may lead into an array.
/// None may lead through another one, for their order means nothing.
pub(super) fn patch(target: &mut Value, change: &Map<String, Value>) -> Result<(), Refused> {
    for pointer in change.keys() {
        let mut above = pointer.rsplit_once('/').map(|(above, _)| above);
        while let Some(part) = above {
            if change.contains_key(part) {
                return Err(Refused::at(pointer, "another pointer of this patch leads to what holds this"));
            }
            above = part.rsplit_once('/').map(|(above, _)| above);
        }
    }
    for (pointer, value) in change {
        let mut tokens: Vec<String> = pointer.split('/').map(unescape).collect();
        let last = tokens.pop().unwrap_or_default();
        let mut at = &mut *target;
        for token in &tokens {
            at = at
                .as_object_mut()
                .and_then(|members| members.get_mut(token))
                .ok_or_else(|| Refused::at(pointer, "nothing stands there to be patched"))?;
        }
        let members = at.as_object_mut().ok_or_else(|| {
            Refused::at(pointer, "a patch leads through objects only, not into arrays or values")
        })?;
        match value {
            Value::Null => drop(members.remove(&last)),
            other => drop(members.insert(last, other.clone())),
        }
    }
    Ok(())
}

/// What makes `to` of `from`, as a PatchObject; `skip` names top-level members that are left alone. Linear in `to`.
pub(super) fn difference(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    skip: &[&str],
) -> Map<String, Value> {
    let mut out = Map::new();
    compare(from, to, "", &mut out, skip);
    out
}

fn compare(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    path: &str,
    out: &mut Map<String, Value>,
    skip: &[&str],
) {
    let skipped = |key: &String| path.is_empty() && skip.contains(&key.as_str());
    for key in from.keys().filter(|key| !skipped(key) && !to.contains_key(*key)) {
        out.insert(format!("{path}{}", escape(key)), Value::Null);
    }
    for (key, value) in to.iter().filter(|(key, _)| !skipped(key)) {
        let pointer = format!("{path}{}", escape(key));
        match (from.get(key), value) {
            (Some(old), _) if old == value => {}
            // Much that is gone is told in fewer words as what is left.
            (Some(Value::Object(old)), Value::Object(new))
                if key != "iCalendar" && !new.is_empty() && new.len().saturating_mul(4) >= old.len() =>
            {
                compare(old, new, &format!("{pointer}/"), out, skip);
            }
            _ => drop(out.insert(pointer, value.clone())),
        }
    }
}

/// The pointer of the first value in `wanted` that `got` does not have; members that `got` has besides do not count.
/// Values that mean the same as none (`null`, `false`, empty) may be missing.
pub(super) fn first_lost(wanted: &Value, got: Option<&Value>, path: &str) -> Option<String> {
    match (wanted, got) {
        (Value::Object(members), Some(Value::Object(other))) => members.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { escape(key) } else { format!("{path}/{}", escape(key)) };
            first_lost(value, other.get(key), &path)
        }),
        (Value::Array(values), Some(Value::Array(other))) => {
            if values.len() != other.len() {
                return Some(path.to_owned());
            }
            values
                .iter()
                .zip(other)
                .enumerate()
                .find_map(|(at, (value, other))| first_lost(value, Some(other), &format!("{path}/{at}")))
        }
        (Value::String(text), Some(Value::String(other))) => {
            (text.replace('\r', "") != *other).then(|| path.to_owned())
        }
        (Value::Number(number), Some(Value::Number(other))) => {
            (number.as_f64() != other.as_f64()).then(|| path.to_owned())
        }
        (value, Some(other)) => (value != other).then(|| path.to_owned()),
        // Named as closely as can be: by what of it would have to be there.
        (Value::Object(members), None) => members.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { escape(key) } else { format!("{path}/{}", escape(key)) };
            first_lost(value, None, &path)
        }),
        (value, None) => (!is_nothing(value)).then(|| path.to_owned()),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// One token of a pointer (RFC 6901 §3).
pub(super) fn escape(token: &str) -> String {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1") } else { token.to_owned() }
}

/// The way back of [`escape`].
pub(super) fn unescape(token: &str) -> String {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~") } else { token.to_owned() }
}

/// An id (RFC 8984 §1.4.1) that follows from a text: the same text, the same id.
pub(super) fn id_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a client may name something so (RFC 8984 §1.4.1): 1 to 255 of the letters of base64url.
pub(super) fn is_id(id: &str) -> bool {
    (1..=255).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `id`, or where it is taken the first of `id-2`, `id-3`, … that is not.
pub(super) fn free_id(taken: &Map<String, Value>, id: String) -> String {
    if !taken.contains_key(&id) {
        return id;
    }
    let mut number = taken.len().max(2);
    // Beginning at the count keeps many equal ones linear.
    while taken.contains_key(&format!("{id}-{number}")) {
        number += 1;
    }
    format!("{id}-{number}")
}

/// A text value; refuses what no content line can hold.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Refused> {
    let text = value.as_str().ok_or_else(|| Refused::at(pointer, "a text was expected"))?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refused::at(pointer, "a text without control characters was expected"));
    }
    Ok(text)
}

/// A URI for a value without escapes.
pub(super) fn uri<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Refused> {
    let text = value.as_str().ok_or_else(|| Refused::at(pointer, "a URI was expected"))?;
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme || text.chars().any(|c| c.is_control() || c == ' ') {
        return Err(Refused::at(pointer, "a URI was expected"));
    }
    Ok(text)
}

/// An object.
pub(super) fn object<'v>(value: &'v Value, pointer: &str) -> Result<&'v Map<String, Value>, Refused> {
    value.as_object().ok_or_else(|| Refused::at(pointer, "an object was expected"))
}

/// The members of a set (`{"a": true}`) that is or is not there.
pub(super) fn set<'v>(value: Option<&'v Value>, pointer: &str) -> Result<Vec<&'v str>, Refused> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (key, value) in object(value, pointer)? {
        match value {
            Value::Bool(true) => out.push(key.as_str()),
            _ => {
                let pointer = format!("{pointer}/{}", escape(key));
                return Err(Refused::at(&pointer, "a set holds its members with the value true"));
            }
        }
    }
    Ok(out)
}

/// The `@type` of an object, which may be left out where only one is possible.
pub(super) fn check_type(members: &Map<String, Value>, expected: &str, pointer: &str) -> Result<(), Refused> {
    match members.get("@type") {
        None => Ok(()),
        Some(Value::String(kind)) if kind == expected => Ok(()),
        Some(_) => Err(Refused::at(&format!("{pointer}/@type"), format!("\"{expected}\" was expected"))),
    }
}

/// TEXT without its escapes, as JSON.
pub(super) fn plain(raw: &str) -> Value {
    Value::String(unescape_text(raw).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merge_and_patch_follow_their_rfcs() {
        let old = json!({"a": {"b": 1, "c": 2}, "d": "e", "x/y": 1});
        let merged = Change::Merge(json!({"a": {"b": null, "n": {"m": 1}}, "d": null})).apply(&old, &[]);
        assert_eq!(merged, Ok(json!({"a": {"c": 2, "n": {"m": 1}}, "x/y": 1})));
        let patched = Change::Patch(json!({"a/b": 5, "a/c": null, "x~1y": 2, "new": [1]})).apply(&old, &[]);
        assert_eq!(patched, Ok(json!({"a": {"b": 5}, "d": "e", "x/y": 2, "new": [1]})));
        for wrong in [json!({"q/r": 1}), json!({"d/e": 1}), json!([1])] {
            assert!(Change::Patch(wrong.clone()).apply(&old, &[]).is_err(), "{wrong}");
        }
        let replaced = Change::Replace(json!({"z": 1})).apply(&old, &["d", "no"]);
        assert_eq!(replaced, Ok(json!({"z": 1, "d": "e"})));
    }

    #[test]
    fn the_difference_leads_from_one_to_the_other() {
        let from =
            json!({"a": {"b": {"c": 1, "d": 2}}, "e": 1, "g": {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1}});
        let to = json!({"a": {"b": {"c": 1, "d": 3}}, "f": {"x/y": 1}, "g": {"1": 1}});
        let change = difference(from.as_object().expect("object"), to.as_object().expect("object"), &[]);
        assert_eq!(
            Value::Object(change.clone()),
            json!({"a/b/d": 3, "e": null, "f": {"x/y": 1}, "g": {"1": 1}})
        );
        let mut made = from;
        patch(&mut made, &change).expect("fits");
        assert_eq!(made, to);
    }

    #[test]
    fn what_is_lost_is_named() {
        let got = json!({"a": {"b": 1}, "t": "x\ny", "more": 1});
        assert_eq!(first_lost(&json!({"a": {"b": 1.0}, "t": "x\r\ny", "n": null}), Some(&got), ""), None);
        assert_eq!(first_lost(&json!({"a": {"c/d": 1}}), Some(&got), ""), Some("a/c~1d".to_owned()));
        assert_eq!(first_lost(&json!({"t": "z"}), Some(&got), ""), Some("t".to_owned()));
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        assert!(check(&deep).is_err());
        assert!(check(&Value::Array(vec![json!(1); 200_001])).is_err());
        assert!(check(&json!({"a": [1, 2]})).is_ok());
    }

    #[test]
    fn ids_follow_from_texts() {
        assert_eq!(id_of("a"), id_of("a"));
        assert_ne!(id_of("a"), id_of("b"));
        assert!(is_id(&id_of("a")) && is_id("a-b_1") && !is_id("") && !is_id("a b"));
        let taken = json!({"a": 1, "a-2": 1});
        assert_eq!(free_id(taken.as_object().expect("object"), "a".into()), "a-3");
    }
}
