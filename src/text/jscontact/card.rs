//! Members of a card that are one value or a set: names, kind, identity, times, keywords, members, relations.
//!
//! RFC 9553 §2.1, §2.2.1 and §2.8.2; RFC 9555 §2.2 and §2.12, RFC 9554 (CREATED, LANGUAGE). 3.0 has Apple's KIND and MEMBER.

use super::super::jscalendar::{utc_date_time, utc_seconds};
use super::super::jsobject::{Refused, escape, object, set, text, uri};
use super::super::json::checked_name;
use super::super::line::{escape_text, split_unescaped, unescape_text};
use super::super::recur::moment::Moment;
use super::super::vcard::Version;
use super::super::vcard::index::spoken_name;
use super::super::vcard::prop::Prop;
use super::entries::Item;
use super::{Edit, param, put_param};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Fields of N (RFC 6350 §6.2.2, RFC 9554 §2.2), as kinds of name components.
pub(super) const NAME: [&str; 7] =
    ["surname", "given", "given2", "title", "credential", "surname2", "generation"];

/// How one value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Word,
    Instant,
}

/// Member, property in 4.0, property in 3.0, form.
const FIELDS: [(&str, &str, &str, Form); 6] = [
    ("prodId", "PRODID", "PRODID", Form::Text),
    ("uid", "UID", "UID", Form::Text),
    ("kind", "KIND", "X-ADDRESSBOOKSERVER-KIND", Form::Word),
    ("language", "LANGUAGE", "LANGUAGE", Form::Text),
    ("created", "CREATED", "CREATED", Form::Instant),
    ("updated", "REV", "REV", Form::Instant),
];

fn is_named(prop: &Prop, names: [&str; 2]) -> bool {
    names.iter().any(|name| prop.is(name))
}

/// Whether nothing but the value is on a line: else JSON does not tell all of it.
fn is_bare(prop: &Prop) -> bool {
    prop.group.is_none() && prop.params.iter().all(|(name, _)| name.eq_ignore_ascii_case("VALUE"))
}

/// Reads them, and notes the lines that are told.
pub(super) fn read(items: &[Item], out: &mut Map<String, Value>, told: &mut HashSet<usize>) {
    for (key, name, old_name, form) in FIELDS {
        let found = items.iter().enumerate().find(|(_, item)| is_named(&item.prop, [name, old_name]));
        let Some((at, item)) = found else { continue };
        let value = match form {
            Form::Text => Some(unescape_text(&item.value).trim().to_owned()).filter(|text| !text.is_empty()),
            Form::Word => checked_name(item.value.trim()).ok().map(|word| word.to_ascii_lowercase()),
            Form::Instant => match Moment::parse(&item.value) {
                Some(Moment::Utc(seconds)) => Some(utc_date_time(seconds)),
                _ => None,
            },
        };
        if let Some(value) = value {
            out.insert(key.to_owned(), Value::String(value));
            if is_bare(&item.prop) {
                told.insert(at);
            }
        }
    }
    name(items, out, told);
    let mut keywords = Map::new();
    let mut members = Map::new();
    let mut related = Map::new();
    for (at, item) in items.iter().enumerate() {
        if item.prop.is("CATEGORIES") {
            for word in split_unescaped(&item.value, b',').map(|word| unescape_text(word).into_owned()) {
                if !word.is_empty() {
                    keywords.insert(word, json!(true));
                }
            }
            if is_bare(&item.prop) {
                told.insert(at);
            }
        } else if is_named(&item.prop, MEMBER) && !item.value.trim().is_empty() {
            members.insert(item.value.trim().to_owned(), json!(true));
            if is_bare(&item.prop) {
                told.insert(at);
            }
        } else if item.prop.is("RELATED")
            && !item.prop.has_value_type("text")
            && !item.value.trim().is_empty()
        {
            let relation: Map<String, Value> =
                super::types(&item.prop).into_iter().map(|word| (word, json!(true))).collect();
            related.insert(item.value.trim().to_owned(), json!({"relation": relation}));
            let others = item
                .prop
                .params
                .iter()
                .any(|(name, _)| !["TYPE", "VALUE"].iter().any(|known| name.eq_ignore_ascii_case(known)));
            if !others && item.prop.group.is_none() {
                told.insert(at);
            }
        }
    }
    for (key, map) in [("keywords", keywords), ("members", members), ("relatedTo", related)] {
        if !map.is_empty() {
            out.insert(key.to_owned(), Value::Object(map));
        }
    }
}

const MEMBER: [&str; 2] = ["MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"];

fn is_derived(prop: &Prop) -> bool {
    param(prop, "DERIVED").is_some_and(|derived| derived.eq_ignore_ascii_case("true"))
}

fn name(items: &[Item], out: &mut Map<String, Value>, told: &mut HashSet<usize>) {
    let mut name = Map::new();
    if let Some((at, item)) = items.iter().enumerate().find(|(_, item)| item.prop.is("FN")) {
        let derived = is_derived(&item.prop);
        if !derived && !item.value.is_empty() {
            name.insert("full".to_owned(), Value::String(unescape_text(&item.value).into_owned()));
        }
        if derived || is_bare(&item.prop) {
            told.insert(at);
        }
    }
    if let Some((at, item)) = items.iter().enumerate().find(|(_, item)| item.prop.is("N")) {
        let mut components = Vec::new();
        for (field, kind) in split_unescaped(&item.value, b';').zip(NAME) {
            for part in split_unescaped(field, b',').map(unescape_text).filter(|part| !part.is_empty()) {
                components.push(json!({"kind": kind, "value": part}));
            }
        }
        if !components.is_empty() {
            name.insert("components".to_owned(), Value::Array(components));
        }
        if is_bare(&item.prop) {
            told.insert(at);
        }
    }
    if !name.is_empty() {
        out.insert("name".to_owned(), Value::Object(name));
    }
}

/// Brings components into the order of their fields.
pub(super) fn sort(components: &mut Value, order: &[&str]) {
    let rank = |component: &Value| {
        let kind = component.get("kind").and_then(Value::as_str).unwrap_or_default();
        order.iter().position(|known| *known == kind).unwrap_or(order.len())
    };
    if let Some(list) = components.as_array_mut() {
        list.sort_by_key(rank);
    }
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    for (key, name, old_name, form) in FIELDS {
        if !edit.changes(key) {
            continue;
        }
        let at = edit.view.items.iter().position(|item| is_named(&item.prop, [name, old_name]));
        let Some(wanted) = edit.wanted(key) else {
            if let Some(at) = at {
                edit.draft.remove(at);
            }
            continue;
        };
        let value = match form {
            Form::Text => {
                let text = text(wanted, key)?.trim();
                if text.is_empty() {
                    return Err(Refused::at(key, "a text that is not empty was expected"));
                }
                escape_text(text).into_owned()
            }
            Form::Word => checked_name(text(wanted, key)?)
                .map_err(|bad| Refused::at(key, bad.what))?
                .to_ascii_lowercase(),
            Form::Instant => {
                let seconds = utc_seconds(wanted).ok_or_else(|| {
                    Refused::at(key, "a UTC time such as 2026-01-31T09:00:00Z was expected")
                })?;
                let text = utc_date_time(seconds);
                if edit.view.version == Version::V4 { text.replace(['-', ':'], "") } else { text }
            }
        };
        let own = if edit.view.version == Version::V4 { name } else { old_name };
        put_value(edit, at, own, value);
    }
    if edit.changes("name") {
        name_edit(edit)?;
    }
    keywords(edit)?;
    members(edit)?;
    related(edit)
}

/// Sets the value of line `at`, or adds a line.
fn put_value(edit: &mut Edit<'_, '_, '_>, at: Option<usize>, name: &str, value: String) {
    let Some(prop) = at.and_then(|at| edit.draft.line_mut(at)) else {
        edit.draft.add(Prop::new(name, value));
        return;
    };
    if prop.value != value {
        for packing in ["ENCODING", "CHARSET"] {
            prop.take_param(packing);
        }
        prop.value = value;
    }
}

fn name_edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let empty = Map::new();
    let members = |value: Option<&'_ Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let new = match edit.wanted("name") {
        None => &empty,
        Some(value) => object(value, "name")?,
    };
    let old = members(edit.old.get("name"));
    if old.get("components") != new.get("components") {
        let value = name_value(new.get("components"))?;
        let at = edit.view.items.iter().position(|item| item.prop.is("N"));
        match (at, value.trim_matches(';').is_empty() && edit.view.version == Version::V4) {
            (Some(at), true) => edit.draft.remove(at),
            (None, true) => {}
            (at, false) => put_value(edit, at, "N", value),
        }
    }
    if old.get("full") != new.get("full") {
        let at = edit.view.items.iter().position(|item| item.prop.is("FN"));
        match new.get("full").filter(|full| !full.is_null()) {
            None => {
                if let Some(at) = at {
                    edit.draft.remove(at);
                }
            }
            Some(full) => {
                let value = escape_text(text(full, "name/full")?).into_owned();
                put_value(edit, at, "FN", value);
                if let Some(prop) = at.and_then(|at| edit.draft.line_mut(at)) {
                    put_param(prop, "DERIVED", None);
                }
            }
        }
    }
    Ok(())
}

fn name_value(components: Option<&Value>) -> Result<String, Refused> {
    let pointer = "name/components";
    let mut fields: [Vec<String>; 7] = Default::default();
    let list = match components.filter(|value| !value.is_null()) {
        None => &[][..],
        Some(Value::Array(list)) => list.as_slice(),
        Some(_) => return Err(Refused::at(pointer, "an array was expected")),
    };
    for (at, component) in list.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        let members = object(component, &pointer)?;
        let kind = members.get("kind").and_then(Value::as_str).unwrap_or_default();
        let field = NAME.iter().position(|known| *known == kind).and_then(|at| fields.get_mut(at));
        let field = field.ok_or_else(|| {
            Refused::at(&format!("{pointer}/kind"), format!("one of {} was expected", NAME.join(", ")))
        })?;
        let value = members
            .get("value")
            .ok_or_else(|| Refused::at(&format!("{pointer}/value"), "a text was expected"))?;
        field.push(escape_text(text(value, &format!("{pointer}/value"))?).into_owned());
    }
    let mut fields: Vec<String> = fields.iter().map(|field| field.join(",")).collect();
    while fields.len() > 5 && fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    Ok(fields.join(";"))
}

/// What a card must have though JSON need not: FN always, N in 3.0. A name that we make is marked as made (RFC 9554).
pub(super) fn complete(edit: &mut Edit<'_, '_, '_>) {
    let fields = |prop: &Prop| -> Vec<Vec<String>> {
        split_unescaped(&prop.value, b';')
            .map(|field| split_unescaped(field, b',').map(|part| unescape_text(part).into_owned()).collect())
            .collect()
    };
    let spoken = edit.draft.props().find(|prop| prop.is("N")).map(|prop| spoken_name(&fields(prop)));
    let first = |name: &str| {
        let prop = edit.draft.props().find(|prop| prop.is(name))?;
        let value = split_unescaped(&prop.value, b';').next().unwrap_or_default();
        Some(unescape_text(value).into_owned()).filter(|value| !value.is_empty())
    };
    let made = spoken
        .filter(|name| !name.is_empty())
        .or_else(|| ["NICKNAME", "ORG", "EMAIL", "TEL"].into_iter().find_map(first))
        .unwrap_or_default();
    let value = escape_text(&made).into_owned();
    let at = edit.view.items.iter().position(|item| item.prop.is("FN"));
    let present = edit.draft.props().any(|prop| prop.is("FN"));
    match at.filter(|at| edit.draft.line(*at).is_some_and(is_derived)) {
        Some(at) => {
            if let Some(prop) = edit.draft.line_mut(at).filter(|_| edit.old != edit.new) {
                prop.value = value;
            }
        }
        None if !present && edit.old != edit.new => {
            let mut prop = Prop::new("FN", value);
            prop.set_param("DERIVED", "TRUE");
            edit.draft.add(prop);
        }
        None => {}
    }
    let has_name = edit.draft.props().any(|prop| prop.is("N"));
    if edit.view.version == Version::V3 && !has_name && edit.old.is_empty() {
        edit.draft.add(Prop::new("N", ";;;;"));
    }
}

fn keywords(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if !edit.changes("keywords") {
        return Ok(());
    }
    let wanted = set(edit.wanted("keywords"), "keywords")?;
    let mut missing: Vec<String> = Vec::new();
    let places: Vec<usize> = edit
        .view
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.prop.is("CATEGORIES"))
        .map(|(at, _)| at)
        .collect();
    let old: HashSet<String> = places
        .iter()
        .filter_map(|at| edit.view.items.get(*at))
        .flat_map(|item| split_unescaped(&item.value, b',').map(|word| unescape_text(word).into_owned()))
        .collect();
    for word in &wanted {
        text(&Value::String((*word).to_owned()), &format!("keywords/{}", escape(word)))?;
        if !old.contains(*word) {
            missing.push(escape_text(word).into_owned());
        }
    }
    let keep: HashSet<&str> = wanted.iter().copied().collect();
    for at in places {
        let Some(item) = edit.view.items.get(at) else { continue };
        let all: Vec<&str> = split_unescaped(&item.value, b',').collect();
        let mut left: Vec<&str> =
            all.iter().filter(|word| keep.contains(unescape_text(word).as_ref())).copied().collect();
        if left.len() == all.len() && missing.is_empty() {
            continue;
        }
        let added = std::mem::take(&mut missing);
        left.extend(added.iter().map(String::as_str));
        let value = left.join(",");
        if value.is_empty() {
            edit.draft.remove(at);
        } else {
            put_value(edit, Some(at), "CATEGORIES", value);
        }
    }
    if !missing.is_empty() {
        edit.draft.add(Prop::new("CATEGORIES", missing.join(",")));
    }
    Ok(())
}

fn members(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if !edit.changes("members") {
        return Ok(());
    }
    let wanted = set(edit.wanted("members"), "members")?;
    let keep: HashSet<&str> = wanted.iter().copied().collect();
    let mut present = HashSet::new();
    for (at, item) in edit.view.items.iter().enumerate().filter(|(_, item)| is_named(&item.prop, MEMBER)) {
        let value = item.value.trim();
        if keep.contains(value) {
            present.insert(value.to_owned());
        } else if !value.is_empty() {
            edit.draft.remove(at);
        }
    }
    let [name, old_name] = MEMBER;
    let name = if edit.view.version == Version::V4 { name } else { old_name };
    for member in wanted.into_iter().filter(|member| !present.contains(*member)) {
        let pointer = format!("members/{}", escape(member));
        // Clients name members by a bare UUID too.
        text(&Value::String(member.to_owned()), &pointer)?;
        let address = member;
        if address.trim() != address || address.is_empty() || address.contains(['\n', '\r']) {
            return Err(Refused::at(&pointer, "the UID of a card was expected"));
        }
        edit.draft.add(Prop::new(name, address));
    }
    Ok(())
}

fn related(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if !edit.changes("relatedTo") {
        return Ok(());
    }
    let empty = Map::new();
    let wanted = match edit.wanted("relatedTo") {
        None => &empty,
        Some(value) => object(value, "relatedTo")?,
    };
    let old = edit.old.get("relatedTo").and_then(Value::as_object);
    let mut present: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for (at, item) in edit.view.items.iter().enumerate() {
        if item.prop.is("RELATED") && !item.prop.has_value_type("text") && !item.value.trim().is_empty() {
            present.insert(item.value.trim(), at);
        }
    }
    for (value, at) in &present {
        if !wanted.contains_key(*value) {
            edit.draft.remove(*at);
        }
    }
    for (value, json) in wanted {
        if old.and_then(|old| old.get(value)) == Some(json) {
            continue;
        }
        let pointer = format!("relatedTo/{}", escape(value));
        let relation = set(object(json, &pointer)?.get("relation"), &format!("{pointer}/relation"))?;
        for word in &relation {
            checked_name(word)
                .map_err(|bad| Refused::at(&format!("{pointer}/relation/{}", escape(word)), bad.what))?;
        }
        let at = present.get(value.as_str()).copied();
        let mut prop = match at.and_then(|at| edit.draft.line(at)) {
            Some(prop) => prop.clone(),
            None => Prop::new("RELATED", uri(&Value::String(value.clone()), &pointer)?),
        };
        prop.take_param("TYPE");
        if !relation.is_empty() {
            prop.params.push(("TYPE".to_owned(), relation.join(",")));
        }
        match at.and_then(|at| edit.draft.line_mut(at)) {
            Some(old) => *old = prop,
            None => edit.draft.add(prop),
        }
    }
    Ok(())
}
