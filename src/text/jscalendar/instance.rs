//! Operations on a series as people name them: this one, this and all following, all.
//!
//! Pure: text in, text out. "This and following" splits the series, as clients do: the old one ends before the instance, a
//! new one with a UID of its own begins with it, and each names the other (RFC 8984 §4.1.3: `first`, `next`; RFC 9253 §5).
//! An override with RANGE=THISANDFUTURE holds for the instances behind it, too: they are told and changed as it has them; it is itself
//! not changed here, for nobody could say "this one" of it.

use super::super::component::{Document, Limits};
use super::super::draft::Draft;
use super::super::jsobject::{Change, Refused, escape};
use super::super::recur::civil::{DAY, FIRST};
use super::super::recur::{Budget, Pattern, Rule};
use super::super::vcard::prop::Prop;
use super::overrides::{self, FIXED};
use super::place::{self, Place, Zones};
use super::{KEPT, object, read, times, to};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Steps that counting and finding instances may take.
const STEPS: u64 = 500_000;

/// What became of a series that was to change from one instance on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// The instance was the first one: the whole series changed.
    Whole(String),
    /// The series up to the instance, and the new one from it on.
    Two {
        /// The old object, with an end.
        before: String,
        /// The new object.
        after: String,
    },
}

/// A series with its JSON.
pub(super) struct Series {
    pub(super) old: Map<String, Value>,
    pub(super) start: i64,
    place: Place,
    rules: Vec<Rule>,
    excluding: Vec<Rule>,
    /// Keys of the overrides that are components, and whether what they say holds for all that follow (RANGE).
    components: BTreeMap<String, bool>,
    text: String,
}

impl Series {
    pub(super) fn of(current: &str) -> Result<Self, Refused> {
        let document =
            Document::parse(current, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
        let none = || Refused::at("", "this object is no series");
        let parts = object::parts(&document).ok_or_else(none)?;
        let master = parts.master.and_then(|at| parts.calendar.children.get(at)).ok_or_else(none)?;
        let props: Vec<Prop> = master.lines.iter().map(Prop::of).collect();
        let (start, place) = times::anchor(&props, parts.kind).ok_or_else(none)?;
        let rules = |name: &str| {
            let named = props.iter().filter(|prop| prop.is(name));
            named.filter_map(|prop| Rule::parse(&prop.value).ok()).collect::<Vec<_>>()
        };
        let (rules, excluding) = (rules("RRULE"), rules("EXRULE"));
        let anchor = (start, place);
        let keys = object::keys(&parts, &anchor, &Zones::of(parts.calendar)).into_iter();
        let components = keys.map(|(key, at)| {
            let line = parts.calendar.children.get(at).and_then(|part| part.line("RECURRENCE-ID"));
            let range = line.and_then(|line| line.param("RANGE"));
            (key, range.is_some_and(|range| range.trim().eq_ignore_ascii_case("THISANDFUTURE")))
        });
        let components = components.collect();
        match read(&document) {
            Value::Object(old) => Ok(Series {
                old,
                start,
                place: anchor.1,
                rules,
                excluding,
                components,
                text: current.to_owned(),
            }),
            _ => Err(none()),
        }
    }

    /// Whether it has more than the one instance of an object without recurrence.
    pub(super) fn recurs(&self) -> bool {
        !self.rules.is_empty() || !self.overrides().is_empty()
    }

    pub(super) fn overrides(&self) -> Map<String, Value> {
        self.old.get("recurrenceOverrides").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Which of these instances the rules or the start give, whatever the overrides say.
    pub(super) fn given(&self, civils: &[i64]) -> Result<Vec<bool>, Refused> {
        let document =
            Document::parse(&self.text, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
        let Some(calendar) = document.roots.first() else { return Ok(vec![false; civils.len()]) };
        let zones = Zones::of(calendar);
        let mut budget = Budget::new(STEPS, 0);
        let mut by = |rules: &[Rule], civil: i64| {
            rules
                .iter()
                .any(|rule| overrides::gives(rule, self.start, civil, &self.place, &zones, &mut budget))
        };
        let given =
            |civil: &i64| (*civil == self.start || by(&self.rules, *civil)) && !by(&self.excluding, *civil);
        Ok(civils.iter().map(given).collect())
    }

    fn gives(&self, civil: i64) -> Result<bool, Refused> {
        Ok(self.given(&[civil])?.first() == Some(&true))
    }

    /// The civil second of an instance that there is, or was before it was cancelled; `None` where there never was one.
    pub(super) fn known(&self, recurrence_id: &str) -> Result<Option<i64>, Refused> {
        let Some(civil) = place::local_seconds(recurrence_id) else { return Ok(None) };
        let known = self.overrides().contains_key(recurrence_id) || self.gives(civil)?;
        Ok(known.then_some(civil))
    }

    /// As [`Series::known`], where a client must have named one.
    pub(super) fn instance(&self, recurrence_id: &str) -> Result<i64, Refused> {
        let pointer = format!("recurrenceOverrides/{}", escape(recurrence_id));
        if place::local_seconds(recurrence_id).is_none() {
            return Err(Refused::at(&pointer, "a local time such as 2026-01-31T09:00:00 was expected"));
        }
        self.known(recurrence_id)?.ok_or_else(|| Refused::at(&pointer, "the series has no such instance"))
    }

    /// Refuses an instance that those behind it follow.
    fn single(&self, recurrence_id: &str) -> Result<(), Refused> {
        match self.components.get(recurrence_id) {
            Some(true) => Err(Refused::at(
                &format!("recurrenceOverrides/{}", escape(recurrence_id)),
                "later instances follow this one (RANGE=THISANDFUTURE): it can only be changed in the text form",
            )),
            _ => Ok(()),
        }
    }

    /// What an instance has otherwise than the series, of its own or by a RANGE before it.
    fn patch_of(&self, recurrence_id: &str, civil: i64) -> Map<String, Value> {
        let overrides = self.overrides();
        let own = |key: &str| overrides.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let patch = own(recurrence_id);
        let said = !patch.is_empty() && !overrides::is_excluded(&patch);
        if said || self.components.contains_key(recurrence_id) {
            return if said { patch } else { Map::new() };
        }
        let mut before = self.components.range(..recurrence_id.to_owned()).rev();
        let Some((from, _)) = before.find(|(_, range)| **range) else { return Map::new() };
        let mut patch = own(from);
        // The bag is that of the component itself, RANGE among it.
        patch.retain(|pointer, _| pointer.split('/').next() != Some("iCalendar"));
        for name in ["start", "due"] {
            let moved = patch.get(name).and_then(Value::as_str).and_then(place::local_seconds);
            if let (Some(moved), Some(from)) = (moved, place::local_seconds(from)) {
                patch.insert(name.to_owned(), json!(place::local(civil.saturating_add(moved - from))));
            }
        }
        patch
    }

    /// The JSON that an instance has by itself, with what names it.
    pub(super) fn own(&self, recurrence_id: &str) -> Result<Map<String, Value>, Refused> {
        let civil = self.instance(recurrence_id)?;
        let patch = self.patch_of(recurrence_id, civil);
        let mut own = overrides::instance(&self.old, recurrence_id, &patch)?;
        own.insert("recurrenceId".to_owned(), json!(recurrence_id));
        if let Some(zone) = self.old.get("timeZone") {
            own.insert("recurrenceIdTimeZone".to_owned(), zone.clone());
        }
        Ok(own)
    }

    /// Refuses to split a series where no other could go on from this instance as this one would.
    fn splits_at(&self, recurrence_id: &str, civil: i64) -> Result<(), Refused> {
        let pointer = format!("recurrenceOverrides/{}", escape(recurrence_id));
        let ranged = self.components.range(..=recurrence_id.to_owned()).any(|(_, range)| *range);
        if ranged {
            return Err(Refused::at(
                &pointer,
                "an earlier change holds from there on (RANGE=THISANDFUTURE): the series can only be split in the text form",
            ));
        }
        if !self.rules.is_empty() && !self.gives(civil)? {
            return Err(Refused::at(
                &pointer,
                "this instance is beside the rules: the series can be split at one that they give",
            ));
        }
        Ok(())
    }

    pub(super) fn with_overrides(&self, overrides: Map<String, Value>) -> Map<String, Value> {
        let mut new = self.old.clone();
        if overrides.is_empty() {
            new.remove("recurrenceOverrides");
        } else {
            new.insert("recurrenceOverrides".to_owned(), Value::Object(overrides));
        }
        new
    }

    pub(super) fn to(&self, new: Map<String, Value>) -> Result<String, Refused> {
        to(&self.text, &Value::Object(self.old.clone()), &Value::Object(new))
    }
}

/// Changes one instance of a series. `recurrence_id` is its original start on the clock of the series
/// (`2026-01-31T09:00:00`); the change is of the JSON that the instance has by itself. A cancelled one comes back.
pub fn change_instance(current: &str, recurrence_id: &str, change: &Change) -> Result<String, Refused> {
    let series = Series::of(current)?;
    let own = Value::Object(series.own(recurrence_id)?);
    series.single(recurrence_id)?;
    let mut overrides = series.overrides();
    let new = change.apply(&own, &FIXED)?;
    let mut new = new.as_object().cloned().ok_or_else(|| Refused::at("", "an object was expected"))?;
    match new.remove("excluded") {
        Some(Value::Bool(true)) => return cancel(current, recurrence_id),
        None | Some(Value::Bool(false) | Value::Null) => {}
        Some(_) => return Err(Refused::at("excluded", "true or false was expected")),
    }
    if let Some(key) = FIXED.iter().find(|key| own.get(**key) != new.get(**key)) {
        return Err(Refused::at(key, "this cannot differ in one instance"));
    }
    let patch = overrides::difference(&overrides::without_recurrence(&series.old), recurrence_id, &new);
    overrides.insert(recurrence_id.to_owned(), Value::Object(patch));
    series.to(series.with_overrides(overrides))
}

/// Takes one instance out of a series.
pub fn cancel(current: &str, recurrence_id: &str) -> Result<String, Refused> {
    let series = Series::of(current)?;
    series.instance(recurrence_id)?;
    series.single(recurrence_id)?;
    let mut overrides = series.overrides();
    overrides.insert(recurrence_id.to_owned(), json!({"excluded": true}));
    series.to(series.with_overrides(overrides))
}

/// Makes one instance what the series says it is: a cancelled one comes back, a changed one loses its changes.
pub fn restore(current: &str, recurrence_id: &str) -> Result<String, Refused> {
    let series = Series::of(current)?;
    let civil = series.instance(recurrence_id)?;
    series.single(recurrence_id)?;
    let mut overrides = series.overrides();
    if series.gives(civil)? {
        overrides.remove(recurrence_id);
    } else {
        // It has a date of its own, without which it would not be there.
        overrides.insert(recurrence_id.to_owned(), json!({}));
    }
    series.to(series.with_overrides(overrides))
}

/// Changes a whole series. Where its start moves, the instances that were cancelled or changed move with it, and so do
/// the ends of its rules.
pub fn change_all(current: &str, change: &Change) -> Result<String, Refused> {
    let series = Series::of(current)?;
    let old = Value::Object(series.old.clone());
    let new = change.apply(&old, &KEPT)?;
    let new = new.as_object().cloned().ok_or_else(|| Refused::at("", "an object was expected"))?;
    series.to(moved(&series.old, new))
}

/// Moves what is counted from the start of a series along with it, where the change did not say how.
fn moved(old: &Map<String, Value>, mut new: Map<String, Value>) -> Map<String, Value> {
    let first = |json: &Map<String, Value>| {
        json.get(overrides::counted_by(json)).and_then(Value::as_str).and_then(place::local_seconds)
    };
    let (Some(from), Some(to)) = (first(old), first(&new)) else { return new };
    if from == to {
        return new;
    }
    let shifted =
        |text: &str| place::local_seconds(text).map(|civil| place::local(civil.saturating_add(to - from)));
    if old.get("recurrenceOverrides") == new.get("recurrenceOverrides")
        && let Some(Value::Object(overrides)) = new.get_mut("recurrenceOverrides")
    {
        let all = std::mem::take(overrides);
        overrides.extend(all.into_iter().map(|(key, patch)| (shifted(&key).unwrap_or(key), patch)));
    }
    for key in ["recurrenceRules", "excludedRecurrenceRules"] {
        if old.get(key) != new.get(key) {
            continue;
        }
        for rule in new.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(Value::String(until)) = rule.get_mut("until")
                && let Some(later) = shifted(until)
            {
                *until = later;
            }
        }
    }
    new
}

/// Changes an instance and all that follow: the series is split before it. `uid` is for the new series.
pub fn change_following(
    current: &str,
    recurrence_id: &str,
    change: &Change,
    uid: &str,
) -> Result<Split, Refused> {
    let series = Series::of(current)?;
    let civil = series.instance(recurrence_id)?;
    if civil <= series.start {
        return change_all(current, change).map(Split::Whole);
    }
    series.splits_at(recurrence_id, civil)?;
    let mut first = series.old.clone();
    let mut second = series.old.clone();
    split_rules(&series, civil, &mut first, Some(&mut second))?;
    let (early, late): (Map<_, _>, Map<_, _>) =
        series.overrides().into_iter().partition(|(key, _)| key.as_str() < recurrence_id);
    for (json, overrides) in [(&mut first, early), (&mut second, late)] {
        json.insert("recurrenceOverrides".to_owned(), Value::Object(overrides));
        if json.get("recurrenceOverrides") == Some(&json!({})) {
            json.remove("recurrenceOverrides");
        }
    }
    let old_uid = series.old.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    relate(&mut first, uid, "next");
    relate(&mut second, &old_uid, "first");
    second.insert("uid".to_owned(), json!(uid));
    second.extend(overrides::times_at(&series.old, recurrence_id));
    let before = series.to(first)?;
    let copy = with_uid(current, &old_uid, uid)?;
    let document =
        Document::parse(&copy, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    let changed = change.apply(&Value::Object(second.clone()), &KEPT)?;
    let changed = changed.as_object().cloned().ok_or_else(|| Refused::at("", "an object was expected"))?;
    let after = to(&copy, &read(&document), &Value::Object(moved(&second, changed)))?;
    Ok(Split::Two { before, after })
}

/// Ends the rules of the first series before the instance, and leaves to the second, where there is one, what is left of their counts.
pub(super) fn split_rules(
    series: &Series,
    civil: i64,
    first: &mut Map<String, Value>,
    mut second: Option<&mut Map<String, Value>>,
) -> Result<(), Refused> {
    let step = if series.place == Place::Date { DAY } else { 1 };
    let mut budget = Budget::new(STEPS, 0);
    let count =
        |json: &Map<String, Value>| json.get("recurrenceRules").and_then(Value::as_array).map_or(0, Vec::len);
    if count(first) != series.rules.len() {
        return Err(Refused::at(
            "recurrenceRules",
            "a rule says more than JSON can: the series cannot be split",
        ));
    }
    for (at, rule) in series.rules.iter().enumerate() {
        let pointer = format!("/recurrenceRules/{at}");
        let mut passed: u32 = 0;
        if rule.count.is_some() {
            let walked = Pattern::new(rule, series.start).walk(FIRST, civil - 1, &mut budget, &mut |_| {
                passed = passed.saturating_add(1);
                ControlFlow::Continue(())
            });
            let _ = walked.map_err(|exhausted| Refused::at("recurrenceRules", exhausted.to_string()))?;
        }
        let rule_of = |json: &mut Map<String, Value>, change: &dyn Fn(&mut Map<String, Value>)| {
            let rules = json.get_mut("recurrenceRules").and_then(|rules| rules.get_mut(at));
            if let Some(members) = rules.and_then(Value::as_object_mut) {
                change(members);
            }
        };
        match rule.count {
            Some(all) if all <= passed && second.is_none() => {}
            Some(all) if all <= passed => {
                return Err(Refused::at(
                    pointer.trim_start_matches('/'),
                    "this rule ends before the instance",
                ));
            }
            Some(all) => {
                rule_of(first, &|members| drop(members.insert("count".to_owned(), json!(passed))));
                if let Some(second) = second.as_deref_mut() {
                    rule_of(second, &|members| drop(members.insert("count".to_owned(), json!(all - passed))));
                }
            }
            None => rule_of(first, &|members| {
                let until = place::local(civil - step);
                // One that ends before anyway is not made longer.
                if members.get("until").and_then(Value::as_str).is_none_or(|own| own > until.as_str()) {
                    members.insert("until".to_owned(), json!(until));
                }
            }),
        }
    }
    Ok(())
}

fn relate(json: &mut Map<String, Value>, uid: &str, relation: &str) {
    let related = json.entry("relatedTo").or_insert_with(|| json!({}));
    if let Some(members) = related.as_object_mut() {
        let entry = members.entry(uid).or_insert_with(|| json!({"@type": "Relation", "relation": {}}));
        if let Some(kinds) = entry.get_mut("relation").and_then(Value::as_object_mut) {
            kinds.insert(relation.to_owned(), json!(true));
        }
    }
}

/// The same object under another UID.
fn with_uid(current: &str, old: &str, uid: &str) -> Result<String, Refused> {
    let document =
        Document::parse(current, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    let Some(calendar) = document.roots.first() else { return Ok(current.to_owned()) };
    let mut draft = Draft::of(current, calendar);
    for (at, child) in calendar.children.iter().enumerate() {
        let Some(line) = child.lines.iter().position(|line| line.is("UID") && line.value().trim() == old)
        else {
            continue;
        };
        let mut part = Draft::of(current, child);
        if let Some(prop) = part.line_mut(line) {
            uid.clone_into(&mut prop.value);
        }
        draft.child(at, part.text());
    }
    Ok(draft.finish())
}
