//! When an object is: start, time zone, duration, due.
//!
//! RFC 8984 §4.7.1, §5.1 and §5.2.1 to §5.2.3; RFC 5545 §3.8.2. A DTEND becomes a duration and stays a DTEND; one in another
//! zone than DTSTART stays in its zone, which `convertedProperties` tells.

use super::super::ical::values::{self, Duration, write_duration};
use super::super::jsobject::Refused;
use super::super::recur::civil::DAY;
use super::super::vcard::prop::Prop;
use super::place::{self, Place, When, Zones};
use super::view::{Edit, Kind, View, named};
use serde_json::Value;

/// The time that the local times of an object are counted by: that of DTSTART, of a task without one that of DUE.
pub(super) fn anchor(props: &[Prop], kind: Kind) -> Option<When> {
    let of = |name: &str| {
        let (_, prop) = named(props, name).next()?;
        place::when(prop, &prop.value)
    };
    of("DTSTART").or_else(|| if kind == Kind::Task { of("DUE") } else { None })
}

/// Reads the times; gives the anchor.
pub(super) fn read(view: &mut View<'_, '_, '_>) -> Option<When> {
    let (civil, place) = anchor(&view.props, view.kind)?;
    if place == Place::Date {
        view.set("showWithoutTime", Value::Bool(true));
    }
    let name = place.name(view.zones);
    // Where the TZID is another name for the zone, the name in the file is kept beside.
    let same_name = matches!(&place, Place::Zone(tzid) if name.as_ref() == Some(tzid) || name.as_deref() == Some(&format!("/{tzid}")));
    let known: &[&str] = if same_name { &["TZID", "VALUE"] } else { &["VALUE"] };
    if let Some(name) = name {
        view.set("timeZone", Value::String(name));
    }
    if let Some((at, _)) = view.first("DTSTART").filter(|(_, prop)| place::when(prop, &prop.value).is_some())
    {
        view.set("start", Value::String(place::local(civil)));
        view.tell(at, "start", known);
    }
    match view.kind {
        Kind::Event => duration(view, civil, &place),
        Kind::Task => {
            due(view, &place, known);
            estimated(view);
        }
        Kind::Journal => {}
    }
    Some((civil, place))
}

/// The line that ends an event, and the duration that it means.
fn end_of(props: &[Prop], start: i64, place: &Place, zones: &Zones<'_, '_>) -> Option<(usize, Duration)> {
    if let Some((at, prop)) = named(props, "DTEND").next() {
        let (end, own) = place::when(prop, &prop.value)?;
        if (own == Place::Date) != (*place == Place::Date) {
            return None;
        }
        let end = place::moved(end, &own, place, zones);
        return Some((at, place::between(start, end, place, zones)?));
    }
    let (at, prop) = named(props, "DURATION").next()?;
    let duration = values::duration(&prop.value)?;
    (duration.rough_seconds() >= 0).then_some((at, duration))
}

fn duration(view: &mut View<'_, '_, '_>, start: i64, place: &Place) {
    match end_of(&view.props, start, place, view.zones) {
        Some((at, duration)) => {
            view.set("duration", Value::String(write_duration(duration)));
            let own = view.props.get(at).and_then(|prop| place::when(prop, &prop.value));
            let same = own.is_none_or(|(_, own)| own == *place);
            view.tell(at, "duration", if same { &["TZID", "VALUE"] } else { &["VALUE"] });
        }
        // An all-day event without an end lasts its day (RFC 5545 §3.6.1).
        None if *place == Place::Date && !has_end(&view.props) => {
            view.set("duration", Value::String("P1D".to_owned()));
        }
        None => {}
    }
}

fn has_end(props: &[Prop]) -> bool {
    props.iter().any(|prop| prop.is("DTEND") || prop.is("DURATION"))
}

fn due(view: &mut View<'_, '_, '_>, place: &Place, known: &[&str]) {
    let Some((at, prop)) = view.first("DUE") else { return };
    let Some((civil, own)) = place::when(&prop, &prop.value) else { return };
    if (own == Place::Date) != (*place == Place::Date) {
        return;
    }
    let local = place::moved(civil, &own, place, view.zones);
    view.set("due", Value::String(place::local(local)));
    view.tell(at, "due", if own == *place { known } else { &["VALUE"] });
}

fn estimated(view: &mut View<'_, '_, '_>) {
    let Some((at, prop)) = view.first("ESTIMATED-DURATION").or_else(|| view.first("DURATION")) else {
        return;
    };
    if let Some(duration) = values::duration(&prop.value).filter(|duration| duration.rough_seconds() >= 0) {
        view.set("estimatedDuration", Value::String(write_duration(duration)));
        view.tell(at, "estimatedDuration", &["VALUE"]);
    }
}

/// The place that the new JSON asks for; the old one, spelling of its TZID included, where it asks for the same.
pub(super) fn wanted_place(
    new: &serde_json::Map<String, Value>,
    old: &Place,
    zones: &Zones<'_, '_>,
) -> Result<Place, Refused> {
    let zone = new.get("timeZone").filter(|zone| !zone.is_null());
    match new.get("showWithoutTime") {
        Some(Value::Bool(true)) => {
            if zone.is_some() {
                return Err(Refused::at("timeZone", "what is shown without time has no time zone"));
            }
            return Ok(Place::Date);
        }
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(_) => return Err(Refused::at("showWithoutTime", "true or false was expected")),
    }
    if *old != Place::Date && old.name(zones).as_deref() == zone.and_then(Value::as_str) {
        return Ok(old.clone());
    }
    Place::of_name(zone, zones, "timeZone")
}

/// Writes what changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let replaced = edit.from != edit.to;
    if edit.kind == Kind::Task {
        if edit.changes("estimatedDuration") {
            estimated_edit(edit)?;
        }
    } else if edit.wanted("start").is_none() && edit.kind == Kind::Event {
        return Err(Refused::at("start", "an event has a start"));
    }
    let start = edit.wanted("start").map(|value| place::parse_local(value, "start")).transpose()?;
    if let Some(start) = start {
        whole_day(start, &edit.to, "start")?;
    }
    if edit.changes("start") || replaced {
        moment_edit(edit, "DTSTART", "start", start)?;
    }
    if edit.kind == Kind::Task && (edit.changes("due") || replaced) {
        let due = edit.wanted("due").map(|value| place::parse_local(value, "due")).transpose()?;
        if let Some(due) = due {
            whole_day(due, &edit.to, "due")?;
        }
        moment_edit(edit, "DUE", "due", due)?;
    }
    if edit.kind == Kind::Task && (edit.changes("start") || edit.changes("due")) {
        let due = edit.wanted("due").map(|value| place::parse_local(value, "due")).transpose()?;
        if start.zip(due).is_some_and(|(start, due)| due < start) {
            return Err(Refused::at("due", "a task is not due before it starts"));
        }
    }
    if edit.kind == Kind::Event
        && (edit.changes("start") || edit.changes("duration") || replaced)
        && let Some(start) = start
    {
        end_edit(edit, start, replaced)?;
    }
    Ok(())
}

fn whole_day(civil: i64, place: &Place, pointer: &str) -> Result<(), Refused> {
    if *place == Place::Date && civil.rem_euclid(DAY) != 0 {
        return Err(Refused::at(pointer, "what is shown without time begins at midnight (T00:00:00)"));
    }
    Ok(())
}

/// DTSTART or DUE. A DUE in a zone of its own stays in it.
fn moment_edit(
    edit: &mut Edit<'_, '_, '_>,
    name: &str,
    key: &str,
    civil: Option<i64>,
) -> Result<(), Refused> {
    let at = edit.props.iter().position(|prop| prop.is(name));
    let Some(civil) = civil else {
        if let Some(at) = at.filter(|_| edit.old.contains_key(key)) {
            edit.draft.remove(at);
        }
        return Ok(());
    };
    let own = at.and_then(|at| edit.props.get(at)).and_then(|prop| place::when(prop, &prop.value));
    let stays = edit.from == edit.to && edit.from.is_absolute();
    let target = match own {
        Some((_, own)) if stays && own.is_absolute() => own,
        _ => kept_place(edit, key),
    };
    let value = place::moved(civil, &edit.to, &target, edit.zones);
    match at.and_then(|at| edit.draft.line_mut(at)) {
        Some(prop) => place::set_when(prop, value, &target),
        None => {
            let mut prop = Prop::new(name, "");
            place::set_when(&mut prop, value, &target);
            edit.add(prop, key)?;
        }
    }
    Ok(())
}

/// Where a new line stands: the bag may say that it is in another zone than the start.
fn kept_place(edit: &Edit<'_, '_, '_>, key: &str) -> Place {
    let kept = edit.converted.and_then(|all| all.get(key)).and_then(|kept| kept.get("parameters"));
    match kept.and_then(|kept| kept.get("tzid")).and_then(Value::as_str) {
        Some(tzid) if edit.to.is_absolute() => Place::Zone(tzid.to_owned()),
        _ => edit.to.clone(),
    }
}

fn end_edit(edit: &mut Edit<'_, '_, '_>, start: i64, replaced: bool) -> Result<(), Refused> {
    let duration = match edit.wanted("duration") {
        None => None,
        Some(value) => Some(place::parse_duration(value, false, "duration")?),
    };
    if edit.to == Place::Date
        && let Some(duration) = duration.filter(|duration| duration.seconds % DAY != 0)
    {
        let what = format!("what is shown without time lasts whole days, not {}", write_duration(duration));
        return Err(Refused::at("duration", what));
    }
    // An end that JSON does not tell stays as it is, unless JSON now gives one.
    let known =
        anchor(&edit.props, edit.kind).and_then(|(old, place)| end_of(&edit.props, old, &place, edit.zones));
    let line = known
        .map(|(at, _)| at)
        .or_else(|| edit.props.iter().position(|prop| prop.is("DTEND") || prop.is("DURATION")));
    let told = known.is_some() || line.is_none();
    if !told && !edit.changes("duration") {
        return Ok(());
    }
    let Some(duration) = duration else {
        if let Some(at) = line {
            edit.draft.remove(at);
        }
        return Ok(());
    };
    let Some(at) = line else {
        // Which an all-day event has without saying so.
        let implied = edit.to == Place::Date && (duration.days, duration.seconds) == (1, 0);
        if implied && !edit.changes("duration") {
            return Ok(());
        }
        return new_end(edit, start, duration);
    };
    let is_duration = edit.props.get(at).is_some_and(|prop| prop.is("DURATION"));
    if is_duration {
        if edit.changes("duration")
            && let Some(prop) = edit.draft.line_mut(at)
        {
            prop.value = write_duration(duration);
        }
        return Ok(());
    }
    let own = edit.props.get(at).and_then(|prop| place::when(prop, &prop.value)).map(|(_, own)| own);
    let target = match own {
        Some(own) if !replaced && own.is_absolute() == edit.to.is_absolute() => own,
        _ => edit.to.clone(),
    };
    let end = place::after(start, duration, &edit.to, edit.zones);
    let end = place::moved(end, &edit.to, &target, edit.zones);
    if let Some(prop) = edit.draft.line_mut(at) {
        place::set_when(prop, end, &target);
    }
    Ok(())
}

fn new_end(edit: &mut Edit<'_, '_, '_>, start: i64, duration: Duration) -> Result<(), Refused> {
    let mut prop = Prop::new("DTEND", "");
    let end = place::after(start, duration, &edit.to, edit.zones);
    // Beside a moment of the clock that comes twice, only the duration says what is meant.
    let exact = place::between(start, end, &edit.to, edit.zones) == Some(duration);
    if !exact || duration == Duration::default() {
        return edit.add(Prop::new("DURATION", write_duration(duration)), "duration");
    }
    let target = kept_place(edit, "duration");
    let end = place::moved(end, &edit.to, &target, edit.zones);
    place::set_when(&mut prop, end, &target);
    edit.add(prop, "duration")
}

fn estimated_edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let at = ["ESTIMATED-DURATION", "DURATION"]
        .iter()
        .find_map(|name| edit.props.iter().position(|prop| prop.is(name)));
    let Some(wanted) = edit.wanted("estimatedDuration") else {
        if let Some(at) = at {
            edit.draft.remove(at);
        }
        return Ok(());
    };
    let value = write_duration(place::parse_duration(wanted, false, "estimatedDuration")?);
    match at.and_then(|at| edit.draft.line_mut(at)) {
        Some(prop) => prop.value = value,
        // DURATION beside DUE is not allowed, nor without DTSTART (RFC 5545 §3.6.2).
        None => edit.add(Prop::new("ESTIMATED-DURATION", value), "estimatedDuration")?,
    }
    Ok(())
}
