//! Dates of cards, parts of which may be missing, as PartialDate and Timestamp.
//!
//! RFC 9553 §2.8.1; RFC 6350 §4.3, RFC 2426 §3.1.5. Apple's year 1604 (`X-APPLE-OMIT-YEAR`) means none.

use super::super::jscalendar::{local_date_time, utc_seconds};
use super::super::jsobject::{Refused, object};
use super::super::recur::moment::Moment;
use super::super::vcard::Version;
use super::super::vcard::prop::Prop;
use serde_json::{Map, Value, json};

/// Year, month and day, each if known.
type Parts = (Option<u32>, Option<u32>, Option<u32>);

/// `None` where the value is a text, or says a time that a date cannot hold.
pub(super) fn read(prop: &Prop, value: &str) -> Option<Value> {
    if prop.has_value_type("text") {
        return None;
    }
    let value = value.trim();
    if value.contains(['T', 't']) {
        return match Moment::parse(value)? {
            Moment::Utc(seconds) => {
                Some(json!({"@type": "Timestamp", "utc": format!("{}Z", local_date_time(seconds))}))
            }
            // Phones write midnight for a date.
            Moment::Local(seconds) if seconds.rem_euclid(86_400) == 0 => {
                partial(prop, value.split(['T', 't']).next()?)
            }
            _ => None,
        };
    }
    partial(prop, value)
}

fn partial(prop: &Prop, value: &str) -> Option<Value> {
    let (year, month, day) = parts(value)?;
    let omitted = prop.param("X-APPLE-OMIT-YEAR").and_then(|year| year.trim().parse::<u32>().ok());
    let year = year.filter(|year| omitted != Some(*year));
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("PartialDate"));
    for (key, part) in [("year", year), ("month", month), ("day", day)] {
        if let Some(part) = part {
            out.insert(key.to_owned(), json!(part));
        }
    }
    (out.len() > 1 && is_date(year, month, day)).then_some(Value::Object(out))
}

fn parts(value: &str) -> Option<Parts> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u32>().ok() } else { None }
    };
    if let Some(day) = value.strip_prefix("---") {
        return Some((None, None, Some(number(day).filter(|_| day.len() == 2)?)));
    }
    if let Some(rest) = value.strip_prefix("--") {
        let rest = rest.replace('-', "");
        return match rest.len() {
            2 => Some((None, Some(number(&rest)?), None)),
            4 => Some((None, Some(number(rest.get(..2)?)?), Some(number(rest.get(2..)?)?))),
            _ => None,
        };
    }
    match value.len() {
        4 => Some((Some(number(value)?), None, None)),
        7 => {
            let (year, month) = value.split_once('-')?;
            Some((Some(number(year)?), Some(number(month)?), None))
        }
        8 | 10 => {
            let digits = value.replace('-', "");
            if digits.len() != 8 {
                return None;
            }
            Some((
                Some(number(digits.get(..4)?)?),
                Some(number(digits.get(4..6)?)?),
                Some(number(digits.get(6..)?)?),
            ))
        }
        _ => None,
    }
}

fn is_date(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> bool {
    year.is_none_or(|year| (1..=9999).contains(&year))
        && month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day))
        && !(year.is_some() && month.is_none() && day.is_some())
}

/// The value for a date; parameters are set on the way.
pub(super) fn write(
    prop: &mut Prop,
    date: &Value,
    version: Version,
    pointer: &str,
) -> Result<String, Refused> {
    let members = object(date, pointer)?;
    prop.take_param("X-APPLE-OMIT-YEAR");
    prop.take_param("VALUE");
    if let Some(utc) = members.get("utc") {
        let seconds = utc_seconds(utc).ok_or_else(|| {
            Refused::at(&format!("{pointer}/utc"), "a UTC time such as 2026-01-31T09:00:00Z was expected")
        })?;
        let text = format!("{}Z", local_date_time(seconds));
        return Ok(if version == Version::V4 { text.replace(['-', ':'], "") } else { text });
    }
    let part = |key: &str| match members.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Refused::at(&format!("{pointer}/{key}"), "a number was expected")),
        },
    };
    let (year, month, day) = (part("year")?, part("month")?, part("day")?);
    if !is_date(year, month, day) {
        return Err(Refused::at(pointer, "not a date"));
    }
    let dash = if version == Version::V4 { "" } else { "-" };
    Ok(match (year, month, day) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}{dash}{month:02}{dash}{day:02}"),
        (Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
        (Some(year), None, _) => format!("{year:04}"),
        // 3.0 has no date without a year; this is how phones write it.
        (None, Some(month), Some(day)) if version == Version::V3 => {
            prop.set_param("X-APPLE-OMIT-YEAR", "1604");
            format!("1604-{month:02}-{day:02}")
        }
        (None, Some(month), Some(day)) => format!("--{month:02}{day:02}"),
        (None, Some(month), None) => format!("--{month:02}"),
        (None, None, Some(day)) => format!("---{day:02}"),
        (None, None, None) => return Err(Refused::at(pointer, "a date has a year, a month or a day")),
    })
}
