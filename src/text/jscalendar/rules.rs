//! Recurrence rules: RRULE and EXRULE as objects, and back.
//!
//! RFC 8984 §4.3.3 and §4.3.4; RFC 5545 §3.3.10, RFC 7529. The text is taken apart, not evaluated; a rule with a part
//! that JSON has no word for is left to the bag.

use super::super::jsobject::{Refused, check_type, object};
use super::super::recur::Rule;
use super::super::recur::civil::DAY;
use super::super::recur::moment::Moment;
use super::super::vcard::prop::Prop;
use super::place::{self, Place, Zones};
use super::view::{Edit, View, named};
use serde_json::{Map, Value, json};

const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
const FREQUENCIES: [&str; 7] = ["yearly", "monthly", "weekly", "daily", "hourly", "minutely", "secondly"];
/// Lists of numbers: iCalendar, JSCalendar.
const LISTS: [(&str, &str); 7] = [
    ("BYMONTHDAY", "byMonthDay"),
    ("BYYEARDAY", "byYearDay"),
    ("BYWEEKNO", "byWeekNo"),
    ("BYHOUR", "byHour"),
    ("BYMINUTE", "byMinute"),
    ("BYSECOND", "bySecond"),
    ("BYSETPOS", "bySetPosition"),
];
const MEMBERS: [&str; 2] = ["recurrenceRules", "excludedRecurrenceRules"];
const NAMES: [&str; 2] = ["RRULE", "EXRULE"];

/// Reads the rules; `place` is that of the start.
pub(super) fn read(view: &mut View<'_, '_, '_>, place: &Place) {
    for (name, key) in NAMES.into_iter().zip(MEMBERS) {
        let mut rules = Vec::new();
        let lines: Vec<(usize, String)> =
            view.named(name).map(|(at, prop)| (at, prop.value.clone())).collect();
        for (at, value) in lines {
            if let Some(rule) = parse(&value, place, view.zones) {
                view.tell(at, &format!("{key}/{}", rules.len()), &[]);
                rules.push(rule);
            }
        }
        if !rules.is_empty() {
            view.set(key, Value::Array(rules));
        }
    }
}

/// The text of a rule as an object; `None` where it says more than that can hold.
fn parse(text: &str, place: &Place, zones: &Zones<'_, '_>) -> Option<Value> {
    Rule::parse(text).ok()?;
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("RecurrenceRule"));
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim().to_ascii_uppercase(), value.trim());
        let word = value.to_ascii_lowercase();
        let (key, value) = match name.as_str() {
            "FREQ" => ("frequency", Value::String(word)),
            "INTERVAL" => ("interval", json!(value.parse::<u32>().ok()?.max(1))),
            "COUNT" => ("count", json!(value.parse::<u32>().ok()?)),
            "UNTIL" => ("until", Value::String(until(value, place, zones)?)),
            "RSCALE" => ("rscale", Value::String(word)),
            "SKIP" => ("skip", Value::String(word)),
            "WKST" => ("firstDayOfWeek", Value::String(word)),
            "BYDAY" => ("byDay", Value::Array(items(value).map(day).collect::<Option<_>>()?)),
            "BYMONTH" => ("byMonth", Value::Array(items(value).map(|month| json!(month)).collect())),
            _ => {
                let (_, key) = LISTS.iter().find(|(known, _)| *known == name)?;
                let numbers = items(value).map(|item| item.parse::<i64>().ok().map(Value::from));
                (*key, Value::Array(numbers.collect::<Option<_>>()?))
            }
        };
        if out.insert(key.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(Value::Object(out))
}

fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// `-1FR` as an NDay.
fn day(item: &str) -> Option<Value> {
    let split = item.len().checked_sub(2)?;
    let (number, name) = item.split_at_checked(split)?;
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("NDay"));
    out.insert("day".to_owned(), json!(name.to_ascii_lowercase()));
    if !number.is_empty() {
        out.insert("nthOfPeriod".to_owned(), json!(number.parse::<i64>().ok()?));
    }
    Some(Value::Object(out))
}

/// UNTIL on the clock of the start. A date beside a time means all of that day.
fn until(value: &str, place: &Place, zones: &Zones<'_, '_>) -> Option<String> {
    let civil = match Moment::parse(value)? {
        Moment::Date(day) if *place == Place::Date => day * DAY,
        Moment::Date(day) => day * DAY + DAY - 1,
        Moment::Local(seconds) => seconds,
        Moment::Utc(seconds) if place.is_absolute() => place.zone(zones).civil_seconds(seconds),
        Moment::Utc(seconds) => seconds,
    };
    let civil = if *place == Place::Date { civil.div_euclid(DAY) * DAY } else { civil };
    Some(place::local(civil))
}

/// Writes the rules that changed; where the place of the start did, all that have an end.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    for (name, key) in NAMES.into_iter().zip(MEMBERS) {
        if edit.changes(key) || edit.from != edit.to {
            list(edit, name, key)?;
        }
    }
    Ok(())
}

fn list(edit: &mut Edit<'_, '_, '_>, name: &str, key: &str) -> Result<(), Refused> {
    let wanted = match edit.wanted(key) {
        None => &[][..],
        Some(Value::Array(rules)) => rules.as_slice(),
        Some(_) => return Err(Refused::at(key, "an array of rules was expected")),
    };
    let told: Vec<(usize, Value)> = named(&edit.props, name)
        .filter_map(|(at, prop)| Some((at, parse(&prop.value, &edit.from, edit.zones)?)))
        .collect();
    for (number, rule) in wanted.iter().enumerate() {
        let pointer = format!("{key}/{number}");
        let value = write(rule, &edit.to, edit.zones, &pointer)?;
        match told.get(number) {
            Some((_, old)) if old == rule && edit.from == edit.to => {}
            Some((at, _)) => {
                if let Some(prop) = edit.draft.line_mut(*at) {
                    prop.value = value;
                }
            }
            None => edit.add(Prop::new(name, value), &pointer)?,
        }
    }
    for (at, _) in told.iter().skip(wanted.len()) {
        edit.draft.remove(*at);
    }
    Ok(())
}

/// An object as the text of a rule.
fn write(rule: &Value, place: &Place, zones: &Zones<'_, '_>, pointer: &str) -> Result<String, Refused> {
    let members = object(rule, pointer)?;
    check_type(members, "RecurrenceRule", pointer)?;
    let mut parts: Vec<String> = Vec::new();
    let under = |key: &str| format!("{pointer}/{key}");
    let word = |key: &str, allowed: &[&str]| match members.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(Value::String(word)) if allowed.contains(&word.as_str()) => Ok(Some(word.to_ascii_uppercase())),
        Some(_) => Err(Refused::at(&under(key), format!("one of {} was expected", allowed.join(", ")))),
    };
    let number = |key: &str| match members.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => match value.as_u64().filter(|n| (1..=u64::from(u32::MAX)).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(Refused::at(&under(key), "a whole number from 1 on was expected")),
        },
    };
    if let Some(scale) = members.get("rscale").filter(|value| !value.is_null()) {
        let name = scale.as_str().filter(|name| super::super::json::checked_name(name).is_ok());
        let name =
            name.ok_or_else(|| Refused::at(&under("rscale"), "the name of a calendar was expected"))?;
        parts.push(format!("RSCALE={}", name.to_ascii_uppercase()));
    }
    let frequency = word("frequency", &FREQUENCIES)?
        .ok_or_else(|| Refused::at(&under("frequency"), "a rule has a frequency"))?;
    parts.push(format!("FREQ={frequency}"));
    if let Some(until) = members.get("until").filter(|value| !value.is_null()) {
        if members.get("count").is_some_and(|count| !count.is_null()) {
            return Err(Refused::at(&under("until"), "a rule has a count or an end, not both"));
        }
        parts.push(format!("UNTIL={}", until_text(until, place, zones, &under("until"))?));
    }
    parts.extend(number("count")?.map(|count| format!("COUNT={count}")));
    parts.extend(number("interval")?.map(|interval| format!("INTERVAL={interval}")));
    parts.extend(word("skip", &["omit", "backward", "forward"])?.map(|skip| format!("SKIP={skip}")));
    if let Some(months) = list_of(members, "byMonth", &under("byMonth"))? {
        let months = months.iter().map(|month| month_text(month, &under("byMonth")));
        parts.push(format!("BYMONTH={}", months.collect::<Result<Vec<_>, _>>()?.join(",")));
    }
    if let Some(days) = list_of(members, "byDay", &under("byDay"))? {
        let days =
            days.iter().enumerate().map(|(at, day)| day_text(day, &format!("{}/{at}", under("byDay"))));
        parts.push(format!("BYDAY={}", days.collect::<Result<Vec<_>, _>>()?.join(",")));
    }
    for (name, key) in LISTS {
        let Some(numbers) = list_of(members, key, &under(key))? else { continue };
        let numbers = numbers.iter().map(|number| {
            let number =
                number.as_i64().ok_or_else(|| Refused::at(&under(key), "whole numbers were expected"))?;
            Ok(number.to_string())
        });
        parts.push(format!("{name}={}", numbers.collect::<Result<Vec<_>, Refused>>()?.join(",")));
    }
    parts.extend(word("firstDayOfWeek", &DAYS)?.map(|day| format!("WKST={day}")));
    let text = parts.join(";");
    match Rule::parse(&text) {
        Ok(_) => Ok(text),
        Err(bad) => Err(Refused::at(pointer, bad.0)),
    }
}

fn list_of<'v>(
    members: &'v Map<String, Value>,
    key: &str,
    pointer: &str,
) -> Result<Option<&'v Vec<Value>>, Refused> {
    match members.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(Value::Array(values)) if !values.is_empty() => Ok(Some(values)),
        Some(_) => Err(Refused::at(pointer, "an array with at least one element was expected")),
    }
}

fn month_text(month: &Value, pointer: &str) -> Result<String, Refused> {
    let text = month.as_str().unwrap_or_default();
    let number = text.strip_suffix('L').unwrap_or(text);
    if number.is_empty() || number.len() > 2 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::at(pointer, "months are texts such as \"1\""));
    }
    Ok(text.to_owned())
}

fn day_text(day: &Value, pointer: &str) -> Result<String, Refused> {
    let members = object(day, pointer)?;
    check_type(members, "NDay", pointer)?;
    let name = members.get("day").and_then(Value::as_str).filter(|name| DAYS.contains(name));
    let name = name.ok_or_else(|| {
        Refused::at(&format!("{pointer}/day"), "one of mo, tu, we, th, fr, sa, su was expected")
    })?;
    let number = match members.get("nthOfPeriod").filter(|value| !value.is_null()) {
        None => String::new(),
        Some(value) => match value.as_i64().filter(|n| *n != 0 && (-53..=53).contains(n)) {
            Some(number) => number.to_string(),
            None => {
                return Err(Refused::at(
                    &format!("{pointer}/nthOfPeriod"),
                    "a number other than 0 was expected",
                ));
            }
        },
    };
    Ok(format!("{number}{}", name.to_ascii_uppercase()))
}

/// UNTIL has the type of DTSTART, and is UTC where that has a zone (RFC 5545 §3.3.10).
fn until_text(value: &Value, place: &Place, zones: &Zones<'_, '_>, pointer: &str) -> Result<String, Refused> {
    let civil = place::parse_local(value, pointer)?;
    Ok(match place {
        Place::Date => place::written(civil, &Place::Date),
        Place::Floating => place::written(civil, &Place::Floating),
        absolute => {
            let utc = absolute.zone(zones).utc_seconds(civil);
            place::written(utc, &Place::Utc)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::alone;
    use super::*;

    fn both_ways(text: &str, place: &Place, expected: Value) {
        let document = alone("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("readable");
        let zones = Zones::of(&document.roots[0]);
        let read = parse(text, place, &zones).expect("a rule");
        let mut expected = expected;
        expected["@type"] = json!("RecurrenceRule");
        assert_eq!(read, expected);
        assert_eq!(write(&read, place, &zones, "r").as_deref(), Ok(text));
    }

    #[test]
    fn rules_go_both_ways() {
        let paris = Place::Zone("Europe/Paris".to_owned());
        both_ways(
            "FREQ=MONTHLY;COUNT=3;INTERVAL=2;BYDAY=-1FR,MO;BYSETPOS=1;WKST=SU",
            &paris,
            json!({"frequency": "monthly", "interval": 2, "count": 3, "bySetPosition": [1], "firstDayOfWeek": "su",
                "byDay": [{"@type": "NDay", "day": "fr", "nthOfPeriod": -1}, {"@type": "NDay", "day": "mo"}]}),
        );
        both_ways(
            "RSCALE=HEBREW;FREQ=YEARLY;SKIP=FORWARD;BYMONTH=5L",
            &paris,
            json!({"frequency": "yearly", "rscale": "hebrew", "skip": "forward", "byMonth": ["5L"]}),
        );
        both_ways(
            "FREQ=DAILY;UNTIL=20260630T215959Z",
            &paris,
            json!({"frequency": "daily", "until": "2026-06-30T23:59:59"}),
        );
        both_ways(
            "FREQ=DAILY;UNTIL=20260630T215959",
            &Place::Floating,
            json!({"frequency": "daily", "until": "2026-06-30T21:59:59"}),
        );
        both_ways(
            "FREQ=DAILY;UNTIL=20260630",
            &Place::Date,
            json!({"frequency": "daily", "until": "2026-06-30T00:00:00"}),
        );
    }

    #[test]
    fn what_is_no_rule_is_refused_by_name() {
        let document = alone("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("readable");
        let zones = Zones::of(&document.roots[0]);
        for (rule, pointer) in [
            (json!({}), "/r/frequency"),
            (json!({"frequency": "often"}), "/r/frequency"),
            (json!({"frequency": "daily", "count": 0}), "/r/count"),
            (json!({"frequency": "daily", "count": 1, "until": "2026-01-01T00:00:00"}), "/r/until"),
            (json!({"frequency": "daily", "byDay": [{"day": "xx"}]}), "/r/byDay/0/day"),
            (json!({"frequency": "daily", "byMonth": [1]}), "/r/byMonth"),
            (json!({"frequency": "daily", "byHour": [99]}), "/r"),
            (json!({"frequency": "daily", "byHour": []}), "/r/byHour"),
            (json!(["daily"]), "/r"),
        ] {
            assert_eq!(
                write(&rule, &Place::Utc, &zones, "r").expect_err("refused").pointer,
                pointer,
                "{rule}"
            );
        }
        assert_eq!(parse("FREQ=DAILY;X-A=1", &Place::Utc, &zones), None);
    }
}
