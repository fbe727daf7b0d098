//! A whole calendar object: the master, its overrides and what stands around them, read as one JSON object.
//!
//! draft-ietf-calext-jscalendar-icalendar for how the two forms correspond. `rewrite` has the way back.

use super::super::component::{Component, Document};
use super::super::vcard::prop::Prop;
use super::place::{self, Place, When, Zones};
use super::view::{Kind, View};
use super::{alerts, bag, fields, links, overrides, people, rules, sets, times};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// The components that make up an object.
pub(super) struct Parts<'d, 'a> {
    pub(super) calendar: &'d Component<'a>,
    pub(super) kind: Kind,
    pub(super) master: Option<usize>,
    /// Components with RECURRENCE-ID, places among the children.
    pub(super) overrides: Vec<usize>,
    others: Vec<usize>,
}

/// Sorts the children of the one VCALENDAR; `None` where it has no event, task or journal entry.
pub(super) fn parts<'d, 'a>(document: &'d Document<'a>) -> Option<Parts<'d, 'a>> {
    let calendar = document.roots.first().filter(|root| root.is("VCALENDAR"))?;
    let (kind, uid) =
        calendar.children.iter().find_map(|child| Some((Kind::of(&child.name)?, child.value("UID"))))?;
    let mut parts = Parts { calendar, kind, master: None, overrides: Vec::new(), others: Vec::new() };
    for (at, child) in calendar.children.iter().enumerate() {
        let own = child.is(kind.component()) && child.value("UID").map(str::trim) == uid.map(str::trim);
        match child.line("RECURRENCE-ID") {
            Some(_) if own => parts.overrides.push(at),
            None if own && parts.master.is_none() => parts.master = Some(at),
            _ => parts.others.push(at),
        }
    }
    Some(parts)
}

/// Reads one component; `series` is its master, where it is an override.
pub(super) fn read_part(
    part: &Component<'_>,
    kind: Kind,
    zones: &Zones<'_, '_>,
    series: Option<&Map<String, Value>>,
    is_master: bool,
) -> (Map<String, Value>, Option<When>) {
    let mut view = View::new(part, kind, zones);
    view.set("@type", json!(kind.type_name()));
    if let Some((at, prop)) = view.first("UID") {
        view.set("uid", Value::String(prop.value.trim().to_owned()));
        view.tell(at, "uid", &[]);
    }
    let anchor = times::read(&mut view);
    fields::read(&mut view);
    sets::read(&mut view);
    people::read(&mut view);
    links::read(&mut view);
    alerts::read(&mut view);
    if let Some(anchor) = anchor.as_ref().filter(|_| is_master) {
        rules::read(&mut view, &anchor.1);
        let dates = overrides::read(&mut view, anchor);
        if !dates.is_empty() {
            view.set("recurrenceOverrides", Value::Object(dates));
        }
    }
    if let Some((at, _)) = view.first("RECURRENCE-ID") {
        view.tell(at, "recurrenceId", &["TZID", "VALUE"]);
    }
    if let Some(series) = series {
        // What an override may not say in JSON is left to its bag, where it is not what the series says.
        for (key, name) in [("privacy", "CLASS"), ("replyTo", "ORGANIZER"), ("relatedTo", "RELATED-TO")] {
            if view.out.get(key) != series.get(key) {
                view.untell(name);
            }
        }
    }
    (view.finish(), anchor)
}

/// Reads an object with a master, or the one override that there is.
pub(super) fn read(parts: &Parts<'_, '_>) -> Value {
    let zones = Zones::of(parts.calendar);
    let child = |at: usize| parts.calendar.children.get(at);
    let Some(master) = parts.master.and_then(child) else { return detached(parts, &zones) };
    let (mut out, anchor) = read_part(master, parts.kind, &zones, None, true);
    let mut told: HashSet<usize> = parts.master.into_iter().collect();
    if let Some(anchor) = anchor {
        let mut all = match out.remove("recurrenceOverrides") {
            Some(Value::Object(dates)) => dates,
            _ => Map::new(),
        };
        for (key, at) in keys(parts, &anchor, &zones) {
            let Some(part) = child(at) else { continue };
            let (own, _) = read_part(part, parts.kind, &zones, Some(&out), false);
            all.insert(key.clone(), Value::Object(overrides::difference(&out, &key, &own)));
            told.insert(at);
        }
        if !all.is_empty() {
            out.insert("recurrenceOverrides".to_owned(), Value::Object(all));
        }
    }
    around(parts, &zones, &told, &mut out);
    Value::Object(out)
}

/// Keys and places of the overrides; of two with one key the last counts.
pub(super) fn keys(parts: &Parts<'_, '_>, anchor: &When, zones: &Zones<'_, '_>) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for &at in &parts.overrides {
        let line = parts.calendar.children.get(at).and_then(|part| part.line("RECURRENCE-ID")).map(Prop::of);
        if let Some(when) = line.and_then(|prop| place::when(&prop, &prop.value)) {
            out.insert(overrides::key(when, anchor, zones), at);
        }
    }
    out
}

/// Overrides without a master: one is an object with `recurrenceId`, several are a group.
fn detached(parts: &Parts<'_, '_>, zones: &Zones<'_, '_>) -> Value {
    let mut entries = Vec::new();
    for &at in &parts.overrides {
        let Some(part) = parts.calendar.children.get(at) else { continue };
        let (mut out, _) = read_part(part, parts.kind, zones, None, false);
        if let Some(prop) = part.line("RECURRENCE-ID").map(Prop::of)
            && let Some((civil, own)) = place::when(&prop, &prop.value)
        {
            out.insert("recurrenceId".to_owned(), Value::String(place::local(civil)));
            if let Some(name) = own.name(zones) {
                out.insert("recurrenceIdTimeZone".to_owned(), Value::String(name));
            }
        }
        entries.push(out);
    }
    let told: HashSet<usize> = parts.overrides.iter().copied().collect();
    if entries.len() == 1
        && let Some(mut only) = entries.pop()
    {
        around(parts, zones, &told, &mut only);
        return Value::Object(only);
    }
    let mut group = Map::new();
    group.insert("@type".to_owned(), json!("Group"));
    if let Some(uid) = entries.first().and_then(|entry| entry.get("uid")).cloned() {
        group.insert("uid".to_owned(), uid);
    }
    group.insert("entries".to_owned(), Value::Array(entries.into_iter().map(Value::Object).collect()));
    around(parts, zones, &told, &mut group);
    Value::Object(group)
}

/// What the VCALENDAR says: PRODID and METHOD are members, the rest is the bag's `calendar`. Zones that the IANA database
/// knows by their names need not be told.
fn around(parts: &Parts<'_, '_>, zones: &Zones<'_, '_>, told: &HashSet<usize>, out: &mut Map<String, Value>) {
    let mut lines = vec![false; parts.calendar.lines.len()];
    for (at, line) in parts.calendar.lines.iter().enumerate() {
        let key = if line.is("PRODID") {
            Some("prodId")
        } else if line.is("METHOD") {
            Some("method")
        } else {
            None
        };
        let implied = line.is("VERSION") && line.value().trim() == "2.0"
            || line.is("CALSCALE") && line.value().trim().eq_ignore_ascii_case("GREGORIAN");
        if let Some(key) = key.filter(|key| !out.contains_key(*key)) {
            let text = line.text().into_owned();
            let text = if key == "method" { text.trim().to_ascii_lowercase() } else { text };
            out.insert(key.to_owned(), Value::String(text));
        } else if !implied {
            continue;
        }
        if let Some(told) = lines.get_mut(at) {
            *told = true;
        }
    }
    let mut children = vec![true; parts.calendar.children.len()];
    let left = parts.others.iter().chain(parts.overrides.iter().filter(|at| !told.contains(at)));
    for &at in left {
        let is_known = parts.calendar.children.get(at).is_some_and(|child| {
            let name = child.value("TZID").map(str::trim).unwrap_or_default().to_owned();
            child.is("VTIMEZONE") && Place::Zone(name.clone()).name(zones) == Some(name)
        });
        if let Some(told) = children.get_mut(at) {
            *told = is_known;
        }
    }
    let Some(calendar) = bag::left(parts.calendar, &lines, &children, Map::new()) else { return };
    let own = out.entry("iCalendar").or_insert_with(
        || json!({"@type": "ICalComponent", "name": parts.kind.component().to_ascii_lowercase()}),
    );
    if let Some(members) = own.as_object_mut() {
        members.insert("calendar".to_owned(), calendar);
    }
}
