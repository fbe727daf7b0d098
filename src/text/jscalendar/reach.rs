//! A series as it is seen from one of its instances: that instance by itself, and what is done from it on, or to all.
//!
//! `instance` has the operations themselves. Here "all" and "this and following" are said by somebody who looks at one instance: a start, or
//! the due of a task, is the one that this instance shall have, and what he changes this instance has no longer otherwise. RFC 8984 §4.3.5.

use super::super::jsobject::{Change, Refused};
use super::instance::{Series, Split, change_all, change_following, split_rules};
use super::{overrides, place};
use serde_json::{Map, Value, json};

/// Whether an object has an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It has, or had before it was cancelled.
    There,
    /// It is a series, and never had this one.
    Absent,
    /// It does not recur, or is some instances without their series.
    NoSeries,
}

/// Looks for an instance by its original start on the clock of the series (`2026-01-31T09:00:00`).
pub fn find(current: &str, recurrence_id: &str) -> Result<Found, Refused> {
    let Ok(series) = Series::of(current) else { return Ok(Found::NoSeries) };
    if !series.recurs() {
        return Ok(Found::NoSeries);
    }
    Ok(if series.known(recurrence_id)?.is_some() { Found::There } else { Found::Absent })
}

/// The JSON that an instance has by itself, with its `recurrenceId`; a cancelled one as the series would have it, with `excluded`.
pub fn read_instance(current: &str, recurrence_id: &str) -> Result<Value, Refused> {
    let series = Series::of(current)?;
    let mut own = series.own(recurrence_id)?;
    let overrides = series.overrides();
    if overrides.get(recurrence_id).and_then(Value::as_object).is_some_and(overrides::is_excluded) {
        own.insert("excluded".to_owned(), json!(true));
    }
    Ok(Value::Object(own))
}

/// Changes a whole series as somebody says it who looks at one instance.
pub fn change_all_from(current: &str, recurrence_id: &str, change: &Change) -> Result<String, Refused> {
    let series = Series::of(current)?;
    let civil = series.instance(recurrence_id)?;
    let current = untouched(&series, recurrence_id, change)?;
    let mut change = change.clone();
    let (Change::Replace(json) | Change::Merge(json) | Change::Patch(json)) = &mut change;
    for name in ["start", "due"] {
        if let Some(Value::String(time)) = json.get_mut(name)
            && let Some(wanted) = place::local_seconds(time)
        {
            *time = place::local(series.start.saturating_add(wanted.saturating_sub(civil)));
        }
    }
    change_all(&current, &change)
}

/// As [`change_following`], where the instance itself has no longer otherwise what changes.
pub fn change_following_from(
    current: &str,
    recurrence_id: &str,
    change: &Change,
    uid: &str,
) -> Result<Split, Refused> {
    let series = Series::of(current)?;
    series.instance(recurrence_id)?;
    let current = untouched(&series, recurrence_id, change)?;
    change_following(&current, recurrence_id, change, uid)
}

/// The series without what its one instance has otherwise of the members that a change names.
fn untouched(series: &Series, recurrence_id: &str, change: &Change) -> Result<String, Refused> {
    let (Change::Replace(json) | Change::Merge(json) | Change::Patch(json)) = change;
    let first = |pointer: &str| pointer.split('/').next().unwrap_or_default().to_owned();
    let named: Vec<String> =
        json.as_object().into_iter().flat_map(Map::keys).map(|pointer| first(pointer)).collect();
    let mut overrides = series.overrides();
    if let Some(Value::Object(patch)) = overrides.get_mut(recurrence_id)
        && !overrides::is_excluded(patch)
    {
        patch.retain(|pointer, _| !named.contains(&first(pointer)));
    }
    series.to(series.with_overrides(overrides))
}

/// Ends a series before an instance; `None` where nothing would be left of it.
pub fn end_before(current: &str, recurrence_id: &str) -> Result<Option<String>, Refused> {
    let series = Series::of(current)?;
    let civil = series.instance(recurrence_id)?;
    if civil <= series.start {
        return Ok(None);
    }
    let early = series.overrides().into_iter().filter(|(key, _)| key.as_str() < recurrence_id);
    let mut new = series.with_overrides(early.collect());
    split_rules(&series, civil, &mut new, None)?;
    series.to(new).map(Some)
}

/// Makes all instances, or those from one on, what the series says they are.
pub fn restore_from(current: &str, from: Option<&str>) -> Result<String, Refused> {
    let series = Series::of(current)?;
    if let Some(from) = from {
        series.instance(from)?;
    }
    let mut overrides = series.overrides();
    let reached = overrides
        .keys()
        .filter(|key| from.is_none_or(|from| key.as_str() >= from))
        .cloned()
        .collect::<Vec<_>>();
    let civils: Vec<i64> = reached.iter().map(|key| place::local_seconds(key).unwrap_or_default()).collect();
    for (key, given) in reached.into_iter().zip(series.given(&civils)?) {
        if given {
            overrides.remove(&key);
        } else {
            // It has a date of its own, without which it would not be there.
            overrides.insert(key, json!({}));
        }
    }
    series.to(series.with_overrides(overrides))
}
