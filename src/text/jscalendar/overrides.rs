//! Overrides of a series: EXDATE, RDATE and components with RECURRENCE-ID as `recurrenceOverrides`.
//!
//! RFC 8984 §4.3.5; RFC 5545 §3.8.4.4, §3.8.5.1 and §3.8.5.2. Keys are the original starts on the clock of the series; values
//! say what differs from it.

use super::super::ical::values::{self, PeriodEnd, write_duration};
use super::super::jsobject::{self, Refused, escape, object};
use super::super::recur::civil::DAY;
use super::super::recur::moment::Moment;
use super::super::recur::{Budget, Pattern, Rule, Until};
use super::super::vcard::prop::Prop;
use super::place::{self, Place, When, Zones};
use super::view::{Edit, View, named};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What no override may change (RFC 8984 §4.3.5).
pub(super) const FIXED: [&str; 14] = [
    "@type",
    "excludedRecurrenceRules",
    "method",
    "privacy",
    "prodId",
    "recurrenceId",
    "recurrenceIdTimeZone",
    "recurrenceOverrides",
    "recurrenceRules",
    "relatedTo",
    "replyTo",
    "sentBy",
    "timeZones",
    "uid",
];
/// What an object says of its instances, by key.
pub(super) type Overrides = BTreeMap<String, Map<String, Value>>;

/// Steps that finding out whether the rules give an instance may take, over all overrides of an object.
const STEPS: u64 = 200_000;

/// One value of an EXDATE or RDATE line.
struct Dated {
    at: usize,
    text: String,
    key: String,
    patch: Value,
}

/// The values of the lines `name` on the clock of the series; those that cannot be read are left out.
fn dated(props: &[Prop], name: &str, anchor: &When, zones: &Zones<'_, '_>) -> Vec<Dated> {
    let mut out = Vec::new();
    for (at, prop) in named(props, name) {
        for text in prop.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            if let Some((key, patch)) = dated_value(prop, text, anchor, zones) {
                out.push(Dated { at, text: text.to_owned(), key, patch });
            }
        }
    }
    out
}

fn dated_value(prop: &Prop, text: &str, anchor: &When, zones: &Zones<'_, '_>) -> Option<(String, Value)> {
    if prop.is("EXDATE") {
        return Some((key(place::when(prop, text)?, anchor, zones), json!({"excluded": true})));
    }
    let Some((start, end)) = values::period(text) else {
        return Some((key(place::when(prop, text)?, anchor, zones), json!({})));
    };
    let own = |moment: Moment| match moment {
        Moment::Utc(seconds) => (seconds, Place::Utc),
        other => match prop.param("TZID") {
            Some(tzid) => (other.literal(), Place::Zone(tzid.trim().to_owned())),
            None => (other.literal(), Place::Floating),
        },
    };
    let start = own(start);
    let duration = match end {
        PeriodEnd::After(duration) => duration,
        PeriodEnd::At(end) => {
            let end = own(end);
            place::between(start.0, place::moved(end.0, &end.1, &start.1, zones), &start.1, zones)?
        }
    };
    Some((key(start, anchor, zones), json!({"duration": write_duration(duration)})))
}

/// A moment as a key: on the clock of the series, a date at the time of day of its start.
pub(super) fn key(when: When, anchor: &When, zones: &Zones<'_, '_>) -> String {
    let (civil, own) = when;
    let civil = match (&own, &anchor.1) {
        (Place::Date, Place::Date) => civil,
        (Place::Date, _) => civil + anchor.0.rem_euclid(DAY),
        (_, Place::Date) => civil.div_euclid(DAY) * DAY,
        (own, place) => place::moved(civil, own, place, zones),
    };
    place::local(civil)
}

/// Reads EXDATE and RDATE of a master.
pub(super) fn read(view: &mut View<'_, '_, '_>, anchor: &When) -> Map<String, Value> {
    let mut out = Map::new();
    for name in ["RDATE", "EXDATE"] {
        let mut told: HashMap<usize, usize> = HashMap::new();
        for date in dated(&view.props, name, anchor, view.zones) {
            *told.entry(date.at).or_default() += 1;
            // A period as long as the others is nothing but a date.
            let same = date.patch.get("duration").is_some_and(|own| view.out.get("duration") == Some(own));
            out.insert(date.key, if same { json!({}) } else { date.patch });
        }
        let lines: Vec<(usize, usize)> = view
            .named(name)
            .map(|(at, prop)| (at, prop.value.split(',').filter(|text| !text.trim().is_empty()).count()))
            .collect();
        for (at, values) in lines {
            if told.get(&at).copied().unwrap_or(0) == values {
                view.tell(
                    at,
                    &format!("recurrenceOverrides/{}", name.to_ascii_lowercase()),
                    &["TZID", "VALUE"],
                );
            }
        }
    }
    out
}

/// The member that the instances of a series are counted by: `start`, of a task without one `due`.
pub(super) fn counted_by(members: &Map<String, Value>) -> &'static str {
    let is = |key: &str| members.get(key).is_some_and(Value::is_string);
    if !is("start") && is("due") { "due" } else { "start" }
}

/// The times that an instance has unless it says otherwise: what it is counted by is its key, and a task's due is as long after the
/// start as that of the series.
pub(super) fn times_at(master: &Map<String, Value>, key: &str) -> Map<String, Value> {
    let mut out = Map::new();
    let counted_by = counted_by(master);
    out.insert(counted_by.to_owned(), Value::String(key.to_owned()));
    let civil = |name: &str| master.get(name).and_then(Value::as_str).and_then(place::local_seconds);
    if counted_by == "start"
        && let (Some(start), Some(due), Some(at)) = (civil("start"), civil("due"), place::local_seconds(key))
    {
        out.insert(
            "due".to_owned(),
            Value::String(place::local(due.saturating_add(at.saturating_sub(start)))),
        );
    }
    out
}

/// What an instance is by itself: the series without its recurrence, at its own time.
pub(super) fn instance(
    master: &Map<String, Value>,
    key: &str,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    let mut members = without_recurrence(master);
    members.extend(times_at(master, key));
    let mut whole = Value::Object(members);
    jsobject::patch(&mut whole, patch)
        .map_err(|refused| refused.under(&format!("recurrenceOverrides/{}", escape(key))))?;
    Ok(match whole {
        Value::Object(members) => members,
        _ => Map::new(),
    })
}

/// The members that a single instance can have.
pub(super) fn without_recurrence(master: &Map<String, Value>) -> Map<String, Value> {
    let recurrence = ["recurrenceRules", "excludedRecurrenceRules", "recurrenceOverrides"];
    let own = master.iter().filter(|(key, _)| !recurrence.contains(&key.as_str()));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// How an override differs from its series; `key` is where the series would have it. `skip` has more that does not count.
pub(super) fn difference(
    master: &Map<String, Value>,
    key: &str,
    own: &Map<String, Value>,
) -> Map<String, Value> {
    let times = times_at(master, key);
    let mut skip = FIXED.to_vec();
    skip.extend(["start"].into_iter().chain(times.contains_key("due").then_some("due")));
    if let (Some(Value::Object(from)), Some(Value::Object(to))) =
        (master.get("iCalendar"), own.get("iCalendar"))
        && same_bag(from, to)
    {
        skip.push("iCalendar");
    }
    let mut out = jsobject::difference(master, own, &skip);
    let is_task = master.get("@type").and_then(Value::as_str) == Some("Task");
    for name in ["start", "due"].into_iter().filter(|name| skip.contains(name)) {
        match (times.get(name), own.get(name)) {
            (usual, Some(own)) if usual != Some(own) => drop(out.insert(name.to_owned(), own.clone())),
            // Only a task can be without.
            (Some(_), None) if is_task => drop(out.insert(name.to_owned(), Value::Null)),
            _ => {}
        }
    }
    out
}

/// Whether two bags say the same of a component; what stands around it is the series' alone, and so is what its dates
/// and rules had besides.
fn same_bag(from: &Map<String, Value>, to: &Map<String, Value>) -> bool {
    let converted = |bag: &Map<String, Value>| {
        let all = bag.get("convertedProperties").and_then(Value::as_object);
        let own = all.into_iter().flatten().filter(|(pointer, _)| {
            let own = ["recurrenceOverrides/", "recurrenceRules/", "excludedRecurrenceRules/"];
            !own.iter().any(|start| pointer.starts_with(start))
        });
        own.map(|(pointer, value)| (pointer.clone(), value.clone())).collect::<Map<_, _>>()
    };
    from.get("properties") == to.get("properties")
        && from.get("components") == to.get("components")
        && converted(from) == converted(to)
}

/// The overrides that a new object asks for, checked.
pub(super) fn wanted(new: &Map<String, Value>) -> Result<Overrides, Refused> {
    let mut out = BTreeMap::new();
    let Some(value) = new.get("recurrenceOverrides").filter(|value| !value.is_null()) else { return Ok(out) };
    for (key, patch) in object(value, "recurrenceOverrides")? {
        let pointer = format!("recurrenceOverrides/{}", escape(key));
        if place::local_seconds(key).is_none() {
            return Err(Refused::at(&pointer, "a key is a local time such as 2026-01-31T09:00:00"));
        }
        let patch = object(patch, &pointer)?;
        for pointer_in in patch.keys() {
            let first = pointer_in.split('/').next().unwrap_or_default();
            if FIXED.contains(&first) {
                let pointer = format!("{pointer}/{}", escape(pointer_in));
                return Err(Refused::at(&pointer, "this cannot differ in one instance"));
            }
        }
        out.insert(key.clone(), patch.clone());
    }
    Ok(out)
}

/// Whether a patch takes its instance away.
pub(super) fn is_excluded(patch: &Map<String, Value>) -> bool {
    patch.get("excluded") == Some(&Value::Bool(true))
}

/// Brings EXDATE and RDATE of the master in line. `parts` are the keys that have a component of their own.
pub(super) fn edit(
    edit: &mut Edit<'_, '_, '_>,
    wanted: &Overrides,
    parts: &HashSet<String>,
) -> Result<(), Refused> {
    let Some(anchor) = super::times::anchor(&edit.props, edit.kind) else {
        // A new object has no start yet, and no dates either.
        return add_all(edit, wanted, &HashSet::new());
    };
    let old = edit.old.get("recurrenceOverrides").and_then(Value::as_object);
    let replaced = edit.from != edit.to;
    let mut present = HashSet::new();
    for name in ["EXDATE", "RDATE"] {
        let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut touched = HashSet::new();
        for date in dated(&edit.props, name, &anchor, edit.zones) {
            let texts = lines.entry(date.at).or_default();
            let patch = wanted.get(&date.key);
            let unchanged = patch.is_some() && patch == old.and_then(|old| old.get(&date.key)?.as_object());
            let stays = match (name, patch) {
                (_, None) => false,
                ("EXDATE", Some(patch)) => is_excluded(patch) || unchanged,
                (_, Some(patch)) => !is_excluded(patch) || unchanged,
            };
            if !stays {
                touched.insert(date.at);
                continue;
            }
            present.insert((name, date.key.clone()));
            if replaced {
                touched.insert(date.at);
                texts.push(moved(&date, &edit.to));
            } else {
                texts.push(date.text);
            }
        }
        for (at, texts) in lines.into_iter().filter(|(at, _)| touched.contains(at)) {
            rewrite(edit, at, &texts, replaced);
        }
    }
    let given: HashSet<String> = parts.clone();
    let missing: Overrides = wanted
        .iter()
        .filter(|(key, patch)| {
            let name = if is_excluded(patch) { "EXDATE" } else { "RDATE" };
            let had =
                old.is_some_and(|old| old.contains_key(*key)) && given.contains(*key) && !is_excluded(patch);
            !had && !present.contains(&(name, (*key).clone()))
        })
        .map(|(key, patch)| (key.clone(), patch.clone()))
        .collect();
    add_all(edit, &missing, &present.into_iter().map(|(_, key)| key).collect())
}

fn moved(date: &Dated, place: &Place) -> String {
    let civil = place::local_seconds(&date.key).unwrap_or_default();
    let start = place::written(civil, place);
    match date.patch.get("duration").and_then(Value::as_str) {
        Some(duration) => format!("{start}/{duration}"),
        None => start,
    }
}

fn rewrite(edit: &mut Edit<'_, '_, '_>, at: usize, texts: &[String], replaced: bool) {
    if texts.is_empty() {
        edit.draft.remove(at);
        return;
    }
    let place = edit.to.clone();
    let Some(prop) = edit.draft.line_mut(at) else { return };
    if replaced {
        let period = prop.has_value_type("PERIOD");
        place::set_when(prop, 0, &place);
        if period {
            prop.set_param("VALUE", "PERIOD");
        }
    }
    prop.value = texts.join(",");
}

fn add_all(edit: &mut Edit<'_, '_, '_>, wanted: &Overrides, known: &HashSet<String>) -> Result<(), Refused> {
    let rules = rules(edit);
    let start = edit.new.get("start").or_else(|| edit.new.get("due")).and_then(Value::as_str);
    let start = start.and_then(place::local_seconds);
    let mut budget = Budget::new(STEPS, 0);
    for (key, patch) in wanted {
        let Some(civil) = place::local_seconds(key) else { continue };
        let excluded = is_excluded(patch);
        if edit.to == Place::Date && civil.rem_euclid(DAY) != 0 {
            let pointer = format!("recurrenceOverrides/{}", escape(key));
            return Err(Refused::at(
                &pointer,
                "an instance shown without time begins at midnight (T00:00:00)",
            ));
        }
        // What the rules give anyway, and changes, needs no date of its own.
        let is_given = start == Some(civil)
            || known.contains(key)
            || start.is_some_and(|start| {
                rules.iter().any(|rule| gives(rule, start, civil, &edit.to, edit.zones, &mut budget))
            });
        if !excluded && !patch.is_empty() && is_given {
            continue;
        }
        let mut prop = Prop::new(if excluded { "EXDATE" } else { "RDATE" }, "");
        place::set_when(&mut prop, civil, &edit.to);
        let pointer = format!("recurrenceOverrides/{}", prop.name.to_ascii_lowercase());
        edit.add(prop, &pointer)?;
    }
    Ok(())
}

/// The rules of the series as they will be.
fn rules(edit: &Edit<'_, '_, '_>) -> Vec<Rule> {
    edit.draft
        .props()
        .filter(|prop| prop.is("RRULE"))
        .filter_map(|prop| Rule::parse(&prop.value).ok())
        .collect()
}

/// Whether a rule gives an instance at this civil second; where that costs too much to find out, it is taken to.
pub(super) fn gives(
    rule: &Rule,
    start: i64,
    civil: i64,
    place: &Place,
    zones: &Zones<'_, '_>,
    budget: &mut Budget,
) -> bool {
    let utc = if place.is_absolute() { place.zone(zones).utc_seconds(civil) } else { civil };
    if matches!(rule.until, Some(Until::Utc(until)) if utc > until) {
        return false;
    }
    let pattern = Pattern::new(rule, start);
    let found = pattern.walk(civil, civil, budget, &mut |_| std::ops::ControlFlow::Break(()));
    found.map_or(true, |flow| flow.is_break())
}
