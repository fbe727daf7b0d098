//! Members that are sets: keywords, categories, and relations to other objects.
//!
//! RFC 8984 §4.2.9, §4.2.10 and §4.1.3; RFC 5545 §3.8.1.2 and §3.8.4.5, RFC 9253 §7.1 (CONCEPT).

use super::super::jsobject::{Refused, check_type, escape, object, set, text, uri};
use super::super::json::checked_name;
use super::super::line::{escape_text, split_unescaped, unescape_text};
use super::super::vcard::prop::Prop;
use super::view::{Edit, View, named, raw_param};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashSet};

/// Reads the three sets.
pub(super) fn read(view: &mut View<'_, '_, '_>) {
    let mut keywords = Map::new();
    for (at, prop) in lines(view, "CATEGORIES") {
        for word in words(&prop).filter(|word| !word.is_empty()) {
            keywords.insert(word, Value::Bool(true));
        }
        view.tell(at, "keywords", &[]);
    }
    let mut categories = Map::new();
    for (at, prop) in lines(view, "CONCEPT") {
        categories.insert(prop.value.clone(), Value::Bool(true));
        view.tell(at, &format!("categories/{}", escape(&prop.value)), &["VALUE"]);
    }
    let mut related: Map<String, Value> = Map::new();
    for (at, prop) in lines(view, "RELATED-TO") {
        let uid = unescape_text(&prop.value).into_owned();
        let entry =
            related.entry(uid.clone()).or_insert_with(|| json!({"@type": "Relation", "relation": {}}));
        if let Some(relation) = entry.get_mut("relation").and_then(Value::as_object_mut) {
            relation.insert(relation_of(&prop), Value::Bool(true));
        }
        view.tell(at, &format!("relatedTo/{}", escape(&uid)), &["RELTYPE"]);
    }
    for (key, members) in [("keywords", keywords), ("categories", categories), ("relatedTo", related)] {
        if !members.is_empty() {
            view.set(key, Value::Object(members));
        }
    }
}

fn lines(view: &View<'_, '_, '_>, name: &str) -> Vec<(usize, Prop)> {
    view.named(name).map(|(at, prop)| (at, prop.clone())).collect()
}

fn words(prop: &Prop) -> impl Iterator<Item = String> {
    split_unescaped(&prop.value, b',').map(|word| unescape_text(word).into_owned())
}

fn relation_of(prop: &Prop) -> String {
    raw_param(prop, "RELTYPE").map_or_else(|| "parent".to_owned(), |kind| kind.to_ascii_lowercase())
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if edit.changes("keywords") {
        keywords(edit)?;
    }
    if edit.changes("categories") {
        categories(edit)?;
    }
    if edit.changes("relatedTo") {
        related(edit)?;
    }
    Ok(())
}

/// Words leave their lines, and new ones go to the first line.
fn keywords(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let wanted = set(edit.wanted("keywords"), "keywords")?;
    let mut missing = Vec::new();
    let old: HashSet<String> = named(&edit.props, "CATEGORIES").flat_map(|(_, prop)| words(prop)).collect();
    for word in &wanted {
        text(&Value::String((*word).to_owned()), &format!("keywords/{}", escape(word)))?;
        if !old.contains(*word) {
            missing.push(escape_text(word).into_owned());
        }
    }
    let keep: HashSet<&str> = wanted.iter().copied().collect();
    let places: Vec<usize> = named(&edit.props, "CATEGORIES").map(|(at, _)| at).collect();
    for at in places {
        let Some(prop) = edit.draft.line_mut(at) else { continue };
        let kept = |word: &&str| keep.contains(unescape_text(word).as_ref());
        let mut left: Vec<&str> = split_unescaped(&prop.value, b',').filter(kept).collect();
        let all = split_unescaped(&prop.value, b',').count();
        if left.len() == all && missing.is_empty() {
            continue;
        }
        left.extend(missing.iter().map(String::as_str));
        let value = left.join(",");
        missing.clear();
        if value.is_empty() {
            edit.draft.remove(at);
        } else {
            prop.value = value;
        }
    }
    if !missing.is_empty() {
        edit.add(Prop::new("CATEGORIES", missing.join(",")), "keywords")?;
    }
    Ok(())
}

fn categories(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let wanted = set(edit.wanted("categories"), "categories")?;
    let places: Vec<(usize, String)> =
        named(&edit.props, "CONCEPT").map(|(at, prop)| (at, prop.value.clone())).collect();
    let keep: HashSet<&str> = wanted.iter().copied().collect();
    for (at, value) in &places {
        if !keep.contains(value.as_str()) {
            edit.draft.remove(*at);
        }
    }
    let present: HashSet<&str> = places.iter().map(|(_, value)| value.as_str()).collect();
    for category in wanted {
        let pointer = format!("categories/{}", escape(category));
        uri(&Value::String(category.to_owned()), &pointer)?;
        if !present.contains(category) {
            edit.add(Prop::new("CONCEPT", category), &pointer)?;
        }
    }
    Ok(())
}

fn related(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let wanted = edit.entries("relatedTo")?;
    let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
    for (uid, relation) in &wanted {
        let pointer = format!("relatedTo/{}", escape(uid));
        text(&Value::String(uid.clone()), &pointer)?;
        let relation = object(relation, &pointer)?;
        check_type(relation, "Relation", &pointer)?;
        let kinds = set(relation.get("relation"), &format!("{pointer}/relation"))?;
        if kinds.is_empty() {
            missing.insert((uid.clone(), "parent".to_owned()));
        }
        for kind in kinds {
            checked_name(kind).map_err(|bad| Refused::at(&format!("{pointer}/relation"), bad.what))?;
            missing.insert((uid.clone(), kind.to_owned()));
        }
    }
    let places: Vec<(usize, String, String)> = named(&edit.props, "RELATED-TO")
        .map(|(at, prop)| (at, unescape_text(&prop.value).into_owned(), relation_of(prop)))
        .collect();
    for (at, uid, kind) in places {
        if !missing.remove(&(uid, kind)) {
            edit.draft.remove(at);
        }
    }
    for (uid, kind) in missing {
        let mut prop = Prop::new("RELATED-TO", escape_text(&uid));
        if kind != "parent" {
            prop.set_param("RELTYPE", &kind.to_ascii_uppercase());
        }
        edit.add(prop, &format!("relatedTo/{}", escape(&uid)))?;
    }
    Ok(())
}
