//! What jCal and jCard share: properties as arrays, parameters as objects (RFC 7265 §3.4 and §3.5, RFC 7095 §3.3 and §3.4).
//!
//! Text made from foreign JSON is one content line a property: whatever could start another line is dropped.

use super::line::{Line, encode_param, escape_text};
use serde_json::{Map, Value};

/// Why a JSON text is no jCal or jCard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadJson {
    /// In words fit for a client.
    pub what: &'static str,
}

pub(super) const fn bad(what: &'static str) -> BadJson {
    BadJson { what }
}

/// One property array, checked.
#[derive(Debug)]
pub(super) struct Item<'j> {
    /// In capitals.
    pub(super) name: String,
    pub(super) params: &'j Map<String, Value>,
    /// Value type in lower case.
    pub(super) kind: String,
    pub(super) values: &'j [Value],
}

impl<'j> Item<'j> {
    /// Reads `[name, params, type, value…]`.
    pub(super) fn read(json: &'j Value) -> Result<Self, BadJson> {
        let Some([Value::String(name), Value::Object(params), Value::String(kind), values @ ..]) =
            json.as_array().map(Vec::as_slice)
        else {
            return Err(bad("a property is an array of name, parameters, type and values"));
        };
        if values.is_empty() {
            return Err(bad("a property without a value"));
        }
        Ok(Item { name: checked_name(name)?, params, kind: kind.to_ascii_lowercase(), values })
    }

    /// Starts the line: group, name and parameters; `VALUE` where the type is not the default one.
    pub(super) fn head(&self, default: Option<&str>) -> Result<String, BadJson> {
        let mut out = String::new();
        if let Some(group) = self.params.get("group").and_then(Value::as_str) {
            out.push_str(&checked_group(group)?);
            out.push('.');
        }
        out.push_str(&self.name);
        for (name, value) in
            self.params.iter().filter(|(name, _)| *name != "group" && !name.eq_ignore_ascii_case("value"))
        {
            let values: Vec<String> = match value {
                Value::Array(values) => values.iter().map(|value| encode_param(&scalar(value))).collect(),
                single => vec![encode_param(&scalar(single))],
            };
            out.push_str(&format!(";{}={}", checked_name(name)?, values.join(",")));
        }
        if default != Some(self.kind.as_str()) && self.kind != "unknown" {
            out.push_str(&format!(";VALUE={}", checked_name(&self.kind)?));
        }
        out.push(':');
        Ok(out)
    }
}

/// A name in capitals; refuses what is no name.
pub(super) fn checked_name(name: &str) -> Result<String, BadJson> {
    if name.is_empty()
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'))
    {
        return Err(bad("a name of letters, digits and hyphens was expected"));
    }
    Ok(name.to_ascii_uppercase())
}

fn checked_group(group: &str) -> Result<String, BadJson> {
    checked_name(group)?;
    Ok(group.to_owned())
}

/// The value type that the line says, in lower case; else `default`, else `unknown`.
pub(super) fn kind(line: &Line<'_>, default: Option<&str>) -> String {
    match line.param("VALUE").filter(|kind| checked_name(kind).is_ok()) {
        Some(kind) => kind.to_ascii_lowercase(),
        None => default.unwrap_or("unknown").to_owned(),
    }
}

/// The parameters without VALUE; of two with one name the values come together. What has no proper name is no parameter.
pub(super) fn params(line: &Line<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    if let Some(group) = line.group().filter(|group| checked_name(group).is_ok()) {
        out.insert("group".to_owned(), Value::String(group.to_owned()));
    }
    for param in line.params() {
        let (name, values): (String, Vec<Value>) = if param.name.is_empty() {
            (param.raw.to_ascii_lowercase(), vec![Value::String(String::new())])
        } else {
            let values = param.values().map(|value| Value::String(printable(&value)));
            (param.name.to_ascii_lowercase(), values.collect())
        };
        if name == "value" || checked_name(&name).is_err() {
            continue;
        }
        match out.get_mut(&name) {
            Some(Value::Array(list)) => list.extend(values),
            Some(single) => {
                let mut list = vec![single.take()];
                list.extend(values);
                *single = Value::Array(list);
            }
            None => {
                out.insert(name, one_or_many(values));
            }
        }
    }
    out
}

/// Parameters cannot hold control characters (RFC 5545 §3.1).
fn printable(value: &str) -> String {
    value.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n')).collect()
}

/// A list of one is the one itself.
pub(super) fn one_or_many(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.pop().unwrap_or(Value::Null),
        _ => Value::Array(values),
    }
}

/// A JSON scalar as it would stand in a content line; arrays and objects give nothing.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        _ => String::new(),
    }
}

/// A scalar for a value that has no escapes: what would end the line is dropped.
pub(super) fn raw(value: &Value) -> String {
    scalar(value).replace(['\r', '\n'], "")
}

/// A scalar as escaped TEXT, which has no CR.
pub(super) fn escaped(value: &Value) -> String {
    escape_text(&scalar(value).replace('\r', "")).into_owned()
}

/// An integer as a JSON number; the text itself where it is none.
pub(super) fn integer(text: &str) -> Value {
    text.trim().parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
}

/// A float as a JSON number; the text itself where it is none.
pub(super) fn float(text: &str) -> Value {
    match integer(text) {
        Value::String(_) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => Value::String(text.to_owned()),
        },
        whole => whole,
    }
}

/// A boolean; the text itself where it is none.
pub(super) fn boolean(text: &str) -> Value {
    match text.trim() {
        word if word.eq_ignore_ascii_case("TRUE") => Value::Bool(true),
        word if word.eq_ignore_ascii_case("FALSE") => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

/// `-0500` as `-05:00`, seconds too; the text itself where it is no offset.
pub(super) fn offset_extended(text: &str) -> String {
    let text = text.trim();
    let (Some(sign), Some(rest)) = (text.get(..1).filter(|sign| matches!(*sign, "+" | "-")), text.get(1..))
    else {
        return text.to_owned();
    };
    if !matches!(rest.len(), 4 | 6) || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let pairs: Vec<&str> = [0, 2, 4].into_iter().filter_map(|at| rest.get(at..at + 2)).collect();
    format!("{sign}{}", pairs.join(":"))
}

/// The way back of [`offset_extended`].
pub(super) fn offset_basic(text: &str) -> String {
    undo(text, text.replace(':', ""), offset_extended)
}

/// `short`, if it is what `lengthen` made `text` of; else `text` as it is.
pub(super) fn undo(text: &str, short: String, lengthen: impl Fn(&str) -> String) -> String {
    if lengthen(&short) == text { short } else { text.to_owned() }
}

/// Whether `text` has the shape of `pattern`, in which `9` stands for any digit.
pub(super) fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, shape)| if shape == b'9' { byte.is_ascii_digit() } else { byte == shape })
}
