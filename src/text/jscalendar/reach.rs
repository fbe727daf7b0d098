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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::jscalendar::change_instance;

    fn task(times: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{times}RRULE:FREQ=DAILY;COUNT=5\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
        )
    }

    fn merge(json: Value) -> Change {
        Change::Merge(json)
    }

    #[test]
    fn a_task_without_a_start_is_counted_by_its_due() {
        let source = task("DUE:20260302T180000Z\r\n");
        let id = "2026-03-04T18:00:00";
        assert_eq!(find(&source, id), Ok(Found::There));
        assert_eq!(find(&source, "2026-03-04T17:00:00"), Ok(Found::Absent));
        assert_eq!(find(&task(""), id), Ok(Found::NoSeries));
        let done = change_instance(&source, id, &merge(json!({"progress": "completed"}))).expect("done");
        assert!(done.contains("RECURRENCE-ID:20260304T180000Z\r\n") && !done.contains("DTSTART"), "{done}");
        assert!(done.contains("DUE:20260304T180000Z\r\n") && !done.contains("RDATE"), "{done}");
        let own = read_instance(&done, id).expect("an instance");
        assert_eq!(
            (&own["due"], &own["progress"], own.get("start")),
            (&json!(id), &json!("completed"), None)
        );
        // An hour later, seen from the fourth: what is done moves along, as does what the rule ends by.
        let later =
            change_all_from(&done, "2026-03-05T18:00:00", &merge(json!({"due": "2026-03-05T19:00:00"})));
        let later = later.expect("later");
        assert!(
            later.contains("DUE:20260302T190000Z\r\n") && later.contains("DUE:20260304T190000Z\r\n"),
            "{later}"
        );
        assert_eq!(
            read_instance(&later, "2026-03-04T19:00:00").expect("an instance")["progress"],
            "completed"
        );
        let ended = end_before(&done, "2026-03-04T18:00:00").expect("ended").expect("something is left");
        assert!(ended.contains("COUNT=2") && !ended.contains("RECURRENCE-ID"), "{ended}");
        assert_eq!(end_before(&done, "2026-03-02T18:00:00"), Ok(None));
        // A day of its own for one, and back.
        let moved =
            change_instance(&source, id, &merge(json!({"due": "2026-03-04T20:00:00"}))).expect("moved");
        assert_eq!(read_instance(&moved, id).expect("an instance")["due"], "2026-03-04T20:00:00");
        let back = restore_from(&moved, None).expect("back");
        assert!(!back.contains("RECURRENCE-ID"), "{back}");
    }

    #[test]
    fn the_due_of_an_instance_is_as_long_after_its_start_as_in_the_series() {
        let source = task("DTSTART:20260302T090000Z\r\nDUE:20260303T180000Z\r\n");
        let id = "2026-03-04T09:00:00";
        assert_eq!(read_instance(&source, id).expect("an instance")["due"], "2026-03-05T18:00:00");
        let done = change_instance(&source, id, &merge(json!({"percentComplete": 100}))).expect("done");
        assert!(
            done.contains("DTSTART:20260304T090000Z\r\n") && done.contains("DUE:20260305T180000Z\r\n"),
            "{done}"
        );
        let document = crate::text::component::Document::parse(&done, Default::default()).expect("parsable");
        let told = crate::text::jscalendar::read(&document);
        assert_eq!(told["recurrenceOverrides"][id], json!({"percentComplete": 100}));
        // More time for all: also for the one that is done.
        let more =
            change_all_from(&done, "2026-03-02T09:00:00", &merge(json!({"due": "2026-03-03T20:00:00"})));
        assert_eq!(
            read_instance(&more.expect("more"), id).expect("an instance")["due"],
            "2026-03-05T20:00:00"
        );
        // One that begins later is not due earlier than it begins.
        let refused = change_instance(&source, id, &merge(json!({"start": "2026-03-06T09:00:00"})));
        assert_eq!(refused.map_err(|refused| refused.pointer), Err(format!("/recurrenceOverrides/{id}/due")));
        // An instance may do without a start.
        let without = change_instance(&source, id, &merge(json!({"start": null}))).expect("without");
        let own = read_instance(&without, id).expect("an instance");
        assert_eq!((own.get("start"), &own["due"]), (None, &json!("2026-03-05T18:00:00")));
    }
}
