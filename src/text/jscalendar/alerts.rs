//! Alerts: VALARM components.
//!
//! RFC 8984 §4.5.2; RFC 5545 §3.6.6, RFC 9074 (UID, ACKNOWLEDGED). What an alarm says besides stays in it, and is told by
//! the `iCalendar` member of its alert.

use super::super::component::Component;
use super::super::draft::{Draft, alone};
use super::super::ical::values::{self, write_duration};
use super::super::jsobject::{Refused, check_type, escape, free_id, id_of, is_id, object, text};
use super::super::recur::moment::Moment;
use super::super::vcard::prop::Prop;
use super::bag;
use super::place::{self, Place};
use super::view::{Edit, Kind, View, put_param, raw_param};
use serde_json::{Map, Value, json};

/// The alarms of a component: id, place among its children.
fn alarms(part: &Component<'_>) -> Vec<(String, usize)> {
    let mut taken = Map::new();
    let mut out = Vec::new();
    for (at, child) in part.children.iter().enumerate().filter(|(_, child)| child.is("VALARM")) {
        if trigger(child).is_none() {
            continue;
        }
        let own = child.value("JSID").or_else(|| child.value("UID")).map(str::trim).filter(|id| is_id(id));
        let id = own.map_or_else(|| derived(child), str::to_owned);
        let id = free_id(&taken, id);
        taken.insert(id.clone(), Value::Null);
        out.push((id, at));
    }
    out
}

fn derived(alarm: &Component<'_>) -> String {
    let value = |name: &str| alarm.value(name).unwrap_or_default().trim().to_ascii_uppercase();
    let related = alarm.line("TRIGGER").and_then(|line| line.param("RELATED")).unwrap_or_default();
    id_of(&format!("{}\n{}\n{}", value("TRIGGER"), related.to_ascii_uppercase(), value("ACTION")))
}

/// Reads the alerts.
pub(super) fn read(view: &mut View<'_, '_, '_>) {
    let mut alerts = Map::new();
    for (id, at) in alarms(view.part) {
        let Some(alarm) = view.part.children.get(at) else { continue };
        if let Some(alert) = alert(alarm) {
            alerts.insert(id, alert);
            view.tell_child(at);
        }
    }
    if !alerts.is_empty() {
        view.set("alerts", Value::Object(alerts));
    }
}

fn alert(alarm: &Component<'_>) -> Option<Value> {
    let mut told = vec![false; alarm.lines.len()];
    let mut out = Map::new();
    let mut tell = |name: &str| {
        if let Some(told) = alarm.lines.iter().position(|line| line.is(name)).and_then(|at| told.get_mut(at))
        {
            *told = true;
        }
    };
    out.insert("@type".to_owned(), json!("Alert"));
    out.insert("trigger".to_owned(), trigger(alarm)?);
    tell("TRIGGER");
    match alarm.value("ACTION").map(|action| action.trim().to_ascii_lowercase()).as_deref() {
        Some(action @ ("display" | "email")) => {
            out.insert("action".to_owned(), json!(action));
            tell("ACTION");
        }
        // A sound is something to be seen to those who cannot play it; the word itself is left to the bag.
        Some("audio") => drop(out.insert("action".to_owned(), json!("display"))),
        _ => {}
    }
    if let Some(Moment::Utc(seconds)) = alarm.value("ACKNOWLEDGED").and_then(Moment::parse) {
        out.insert("acknowledged".to_owned(), Value::String(place::utc(seconds)));
        tell("ACKNOWLEDGED");
    }
    if alarm.value("JSID").is_some_and(|id| is_id(id.trim())) {
        tell("JSID");
    } else if alarm.value("UID").is_some_and(|id| is_id(id.trim())) {
        tell("UID");
    }
    let mut converted = Map::new();
    if let Some(line) = alarm.line("TRIGGER") {
        let mut parameters = super::super::json::params(line);
        parameters.retain(|name, _| name != "related" && name != "value");
        if !parameters.is_empty() {
            converted.insert("trigger".to_owned(), json!({"name": "trigger", "parameters": parameters}));
        }
    }
    if let Some(bag) = bag::left(alarm, &told, &vec![false; alarm.children.len()], converted) {
        out.insert("iCalendar".to_owned(), bag);
    }
    Some(Value::Object(out))
}

/// TRIGGER as an OffsetTrigger or AbsoluteTrigger.
fn trigger(alarm: &Component<'_>) -> Option<Value> {
    let line = alarm.line("TRIGGER")?;
    if let Some(duration) = values::duration(line.value()) {
        let mut out = Map::new();
        out.insert("@type".to_owned(), json!("OffsetTrigger"));
        out.insert("offset".to_owned(), Value::String(write_duration(duration)));
        if line.param("RELATED").is_some_and(|related| related.eq_ignore_ascii_case("END")) {
            out.insert("relativeTo".to_owned(), json!("end"));
        }
        return Some(Value::Object(out));
    }
    match Moment::parse(line.value())? {
        Moment::Utc(seconds) => Some(json!({"@type": "AbsoluteTrigger", "when": place::utc(seconds)})),
        _ => None,
    }
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if !edit.changes("alerts") {
        return Ok(());
    }
    let wanted = edit.entries("alerts")?;
    let old = edit.old.get("alerts").and_then(Value::as_object);
    let alarms = alarms(edit.part);
    for (id, at) in &alarms {
        match wanted.get(id) {
            None => edit.draft.child(*at, String::new()),
            Some(json) if old.and_then(|old| old.get(id)) == Some(json) => {}
            Some(json) => {
                let Some(alarm) = edit.part.children.get(*at) else { continue };
                let source = edit.draft.source();
                let text = changed(source, alarm, id, json, old.and_then(|old| old.get(id)))?;
                edit.draft.child(*at, text);
            }
        }
    }
    let known: std::collections::HashSet<&str> = alarms.iter().map(|(id, _)| id.as_str()).collect();
    for (id, json) in wanted.iter().filter(|(id, _)| !known.contains(id.as_str())) {
        let text = made(id, json, edit)?;
        edit.draft.add_child(text);
    }
    Ok(())
}

/// What TRIGGER, ACTION and ACKNOWLEDGED shall say.
struct Wanted<'v> {
    trigger: Prop,
    action: Option<&'v str>,
    acknowledged: Option<String>,
}

fn wanted<'v>(members: &'v Map<String, Value>, pointer: &str) -> Result<Wanted<'v>, Refused> {
    check_type(members, "Alert", pointer)?;
    let under = |key: &str| format!("{pointer}/{key}");
    let given = |key: &str| members.get(key).filter(|value| !value.is_null());
    let action = match given("action").map(|value| value.as_str().unwrap_or_default()) {
        None => None,
        Some(action @ ("display" | "email")) => Some(action),
        Some(_) => return Err(Refused::at(&under("action"), "display or email was expected")),
    };
    let acknowledged = match given("acknowledged") {
        None => None,
        Some(value) => Some(place::written(place::parse_utc(value, &under("acknowledged"))?, &Place::Utc)),
    };
    let pointer = under("trigger");
    let trigger = given("trigger").ok_or_else(|| Refused::at(&pointer, "an alert has a trigger"))?;
    let trigger = object(trigger, &pointer)?;
    let mut prop = Prop::new("TRIGGER", "");
    if let Some(when) = trigger.get("when") {
        check_type(trigger, "AbsoluteTrigger", &pointer)?;
        prop.set_param("VALUE", "DATE-TIME");
        prop.value = place::written(place::parse_utc(when, &format!("{pointer}/when"))?, &Place::Utc);
    } else {
        check_type(trigger, "OffsetTrigger", &pointer)?;
        let offset = trigger.get("offset").ok_or_else(|| {
            Refused::at(&format!("{pointer}/offset"), "a duration such as -PT15M was expected")
        })?;
        prop.value = write_duration(place::parse_duration(offset, true, &format!("{pointer}/offset"))?);
        match trigger.get("relativeTo").map(|value| value.as_str().unwrap_or_default()) {
            None | Some("start") => {}
            Some("end") => prop.set_param("RELATED", "END"),
            Some(_) => {
                return Err(Refused::at(&format!("{pointer}/relativeTo"), "start or end was expected"));
            }
        }
    }
    Ok(Wanted { trigger: prop, action, acknowledged })
}

/// An alarm with other times; all else that it says stays.
fn changed(
    source: &str,
    alarm: &Component<'_>,
    id: &str,
    json: &Value,
    old: Option<&Value>,
) -> Result<String, Refused> {
    let pointer = format!("alerts/{}", escape(id));
    let wanted = wanted(object(json, &pointer)?, &pointer)?;
    let mut draft = Draft::of(source, alarm);
    let place = |name: &str| alarm.lines.iter().position(|line| line.is(name));
    let differs = |key: &str| json.get(key) != old.and_then(|old| old.get(key));
    if differs("trigger")
        && let Some(prop) = place("TRIGGER").and_then(|at| draft.line_mut(at))
    {
        prop.value.clone_from(&wanted.trigger.value);
        for name in ["VALUE", "RELATED"] {
            let value = raw_param(&wanted.trigger, name);
            let implied = name == "VALUE" && value.is_none() && prop.has_value_type("DURATION");
            let same =
                value.is_none() && raw_param(prop, name).is_some_and(|own| own.eq_ignore_ascii_case("START"));
            if !implied && !same {
                put_param(prop, name, value.as_deref());
            }
        }
    }
    let mut put = |name: &str, value: Option<String>| match (place(name), value) {
        (Some(at), Some(value)) => {
            if let Some(prop) = draft.line_mut(at) {
                prop.value = value;
            }
        }
        (Some(at), None) => draft.remove(at),
        (None, Some(value)) => draft.add(Prop::new(name, value)),
        (None, None) => {}
    };
    if differs("action") {
        put("ACTION", wanted.action.map(str::to_ascii_uppercase));
    }
    if differs("acknowledged") {
        put("ACKNOWLEDGED", wanted.acknowledged);
    }
    let own = ["JSID", "UID"].iter().any(|name| alarm.value(name).is_some_and(|own| own.trim() == id));
    // The id follows from trigger and action as long as nothing else gives it.
    if !own && (differs("trigger") || differs("action")) {
        put("JSID", Some(id.to_owned()));
    }
    Ok(draft.text())
}

/// A new alarm.
fn made(id: &str, json: &Value, edit: &Edit<'_, '_, '_>) -> Result<String, Refused> {
    let pointer = format!("alerts/{}", escape(id));
    let members = object(json, &pointer)?;
    let mut wanted = wanted(members, &pointer)?;
    if !is_id(id) {
        return Err(Refused::at(&pointer, "an id of up to 255 letters, digits, - and _ was expected"));
    }
    let title = edit.wanted("title").map(|value| text(value, "title")).transpose()?.unwrap_or_default();
    let words = if title.is_empty() {
        match edit.kind {
            Kind::Task => "Task",
            _ => "Reminder",
        }
    } else {
        title
    };
    let bag = members.get("iCalendar").filter(|bag| !bag.is_null());
    if let Some(kept) = bag::converted(bag).and_then(|all| all.get("trigger")) {
        bag::parameters(&mut wanted.trigger, kept, &pointer)?;
    }
    let (lines, components) = match bag {
        Some(bag) => bag::content(bag, &format!("{pointer}/iCalendar"))?,
        None => Default::default(),
    };
    let has = |name: &str| {
        lines
            .lines()
            .any(|line| line.split([':', ';']).next().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let mut out = String::from("BEGIN:VALARM\r\n");
    if !has("ACTION") {
        // DISPLAY is what RFC 8984 §4.5.2 has for an alert that says nothing.
        let action = wanted.action.unwrap_or("display").to_ascii_uppercase();
        Prop::new("ACTION", action).write(&mut out);
    }
    wanted.trigger.write(&mut out);
    if bag.is_none() {
        let words = super::super::line::escape_text(words).into_owned();
        Prop::new("DESCRIPTION", words.clone()).write(&mut out);
        if wanted.action == Some("email") {
            Prop::new("SUMMARY", words).write(&mut out);
        }
    }
    if let Some(acknowledged) = wanted.acknowledged {
        Prop::new("ACKNOWLEDGED", acknowledged).write(&mut out);
    }
    out.push_str(&lines);
    let without_id = format!("{out}END:VALARM\r\n");
    let read = alone(&without_id).map_err(|bad| Refused::at(&pointer, bad.what))?;
    let same = read.roots.first().is_some_and(|alarm| derived(alarm) == id);
    if !same {
        Prop::new("JSID", id).write(&mut out);
    }
    components.iter().for_each(|text| out.push_str(text));
    out.push_str("END:VALARM\r\n");
    Ok(out)
}
