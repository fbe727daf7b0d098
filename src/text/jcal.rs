//! iCalendar as JSON and back (RFC 7265), with the types of RFC 5545, 7529, 7953, 7986, 9073, 9074 and 9253.
//!
//! Works on the lossless tree and keeps every property, known or not, in its order. A value that does not fit its type
//! goes through as a string, as it stands. Quotes round parameters, folds and the VALUE that only repeats the
//! default are not kept: JSON has no place for them.

use super::component::Component;
use super::json::{
    BadJson, Item, bad, boolean, checked_name, escaped, float, has_shape, integer, kind, offset_basic,
    offset_extended, one_or_many, params, raw, undo,
};
use super::line::{Line, split_unescaped, unescape_text, write_folded};
use serde_json::{Map, Value, json};

/// Media type of jCal.
pub const MEDIA_TYPE: &str = "application/calendar+json";
/// Nested components in JSON from outside; real objects nest three deep.
const MAX_DEPTH: usize = 64;

/// The default value type of a property; `None` for one that no RFC here defines.
fn default_type(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "CALSCALE" | "METHOD" | "PRODID" | "VERSION" | "CATEGORIES" | "CLASS" | "COMMENT" | "DESCRIPTION"
        | "LOCATION" | "RESOURCES" | "STATUS" | "SUMMARY" | "TRANSP" | "TZID" | "TZNAME" | "CONTACT"
        | "RELATED-TO" | "UID" | "ACTION" | "REQUEST-STATUS" | "NAME" | "COLOR" | "BUSYTYPE"
        | "LOCATION-TYPE" | "PARTICIPANT-TYPE" | "RESOURCE-TYPE" | "STRUCTURED-DATA"
        | "STYLED-DESCRIPTION" | "PROXIMITY" | "REFID" | "TZID-ALIAS-OF" | "POLL-MODE" | "QUERY-NAME" => {
            "text"
        }
        "ATTACH" | "URL" | "TZURL" | "SOURCE" | "CONFERENCE" | "LINK" | "CONCEPT" | "IMAGE" => "uri",
        "ATTENDEE" | "ORGANIZER" | "CALENDAR-ADDRESS" => "cal-address",
        "COMPLETED" | "DTEND" | "DUE" | "DTSTART" | "RECURRENCE-ID" | "EXDATE" | "RDATE" | "CREATED"
        | "DTSTAMP" | "LAST-MODIFIED" | "ACKNOWLEDGED" | "TZUNTIL" => "date-time",
        "DURATION" | "TRIGGER" | "REFRESH-INTERVAL" => "duration",
        "FREEBUSY" => "period",
        "GEO" => "float",
        "PERCENT-COMPLETE" | "PRIORITY" | "REPEAT" | "SEQUENCE" => "integer",
        "RRULE" | "EXRULE" => "recur",
        "TZOFFSETFROM" | "TZOFFSETTO" => "utc-offset",
        _ => return None,
    })
}

fn is_list(name: &str) -> bool {
    ["CATEGORIES", "RESOURCES", "FREEBUSY", "EXDATE", "RDATE"]
        .iter()
        .any(|list| name.eq_ignore_ascii_case(list))
}

fn is_structured(name: &str) -> bool {
    name.eq_ignore_ascii_case("GEO") || name.eq_ignore_ascii_case("REQUEST-STATUS")
}

/// The component as jCal: `[name, [properties], [components]]`. Depth is that of the tree, which its reader bounds.
pub fn to_jcal(component: &Component<'_>) -> Value {
    let properties: Vec<Value> = component.lines.iter().map(property).collect();
    let components: Vec<Value> = component.children.iter().map(to_jcal).collect();
    json!([component.name.to_ascii_lowercase(), properties, components])
}

/// One property as jCal.
pub(super) fn property(line: &Line<'_>) -> Value {
    let kind = kind(line, default_type(line.name()));
    let mut out = vec![
        Value::String(line.name().to_ascii_lowercase()),
        Value::Object(params(line)),
        Value::String(kind.clone()),
    ];
    if is_structured(line.name()) {
        out.push(Value::Array(split_unescaped(line.value(), b';').map(|part| typed(part, &kind)).collect()));
    } else if is_list(line.name()) {
        out.extend(split_unescaped(line.value(), b',').map(|part| typed(part, &kind)));
    } else {
        out.push(typed(line.value(), &kind));
    }
    Value::Array(out)
}

fn typed(text: &str, kind: &str) -> Value {
    match kind {
        "text" => Value::String(unescape_text(text).into_owned()),
        "boolean" => boolean(text),
        "integer" => integer(text),
        "float" => float(text),
        "date" | "date-time" | "time" => Value::String(extended(text)),
        "period" => match text.split_once('/') {
            Some((start, end)) => json!([extended(start), extended(end)]),
            None => Value::String(text.to_owned()),
        },
        "utc-offset" => Value::String(offset_extended(text)),
        "recur" => recur(text).unwrap_or_else(|| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

/// `20260102T030405Z` as `2026-01-02T03:04:05Z`, dates and times alike; anything else as it is.
fn extended(text: &str) -> String {
    let text = text.trim();
    let date = |date: &str| {
        has_shape(date, "99999999").then(|| {
            [date.get(..4), date.get(4..6), date.get(6..)].into_iter().flatten().collect::<Vec<_>>().join("-")
        })
    };
    let time = |time: &str| {
        let (clock, zulu) = time.strip_suffix('Z').map_or((time, ""), |clock| (clock, "Z"));
        has_shape(clock, "999999").then(|| {
            let parts: Vec<&str> =
                [clock.get(..2), clock.get(2..4), clock.get(4..)].into_iter().flatten().collect();
            format!("{}{zulu}", parts.join(":"))
        })
    };
    let whole = match text.split_once('T') {
        Some((day, clock)) => date(day).zip(time(clock)).map(|(day, clock)| format!("{day}T{clock}")),
        None => date(text).or_else(|| time(text)),
    };
    whole.unwrap_or_else(|| text.to_owned())
}

/// The way back of [`extended`].
fn basic(text: &str) -> String {
    undo(text, text.replace(['-', ':'], ""), extended)
}

/// RRULE as an object (RFC 7265 §3.6.10); `None` where some part is no `name=value`, or comes twice.
/// Such a rule goes through as text.
fn recur(text: &str) -> Option<Value> {
    let mut out = Map::new();
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part.split_once('=')?;
        let name = checked_name(name.trim()).ok()?.to_ascii_lowercase();
        let value = match name.as_str() {
            "until" => Value::String(extended(value)),
            "count" | "interval" => integer(value),
            "byday" => one_or_many(value.split(',').map(|day| Value::String(day.to_owned())).collect()),
            _ if name.starts_with("by") => one_or_many(value.split(',').map(integer).collect()),
            _ => Value::String(value.to_owned()),
        };
        if out.insert(name, value).is_some() {
            return None;
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// jCal as iCalendar text, folded, with CRLF.
pub fn from_jcal(json: &Value) -> Result<String, BadJson> {
    let mut out = String::new();
    component(&mut out, json, 0)?;
    Ok(out)
}

fn component(out: &mut String, json: &Value, depth: usize) -> Result<(), BadJson> {
    if depth >= MAX_DEPTH {
        return Err(bad("components nested too deep"));
    }
    let Some([Value::String(name), Value::Array(properties), Value::Array(components)]) =
        json.as_array().map(Vec::as_slice)
    else {
        return Err(bad("a component is an array of name, properties and components"));
    };
    let name = checked_name(name)?;
    write_folded(out, &format!("BEGIN:{name}"));
    for json in properties {
        write_property(out, json)?;
    }
    for json in components {
        component(out, json, depth + 1)?;
    }
    write_folded(out, &format!("END:{name}"));
    Ok(())
}

fn value(item: &Item<'_>) -> String {
    let values = item.values.iter().map(|value| match value {
        Value::Array(parts) if item.kind == "period" => {
            parts.iter().map(|part| basic(&raw(part))).collect::<Vec<_>>().join("/")
        }
        Value::Array(parts) => {
            parts.iter().map(|part| untyped(part, &item.kind)).collect::<Vec<_>>().join(";")
        }
        single => untyped(single, &item.kind),
    });
    values.collect::<Vec<_>>().join(",")
}

fn untyped(value: &Value, kind: &str) -> String {
    match (kind, value) {
        ("text", _) => escaped(value),
        ("recur", Value::Object(parts)) => recur_text(parts),
        ("date" | "date-time" | "time" | "period", _) => basic(&raw(value)),
        ("utc-offset", _) => offset_basic(&raw(value)),
        _ => raw(value),
    }
}

/// One property of jCal as a content line, folded, with CRLF.
pub(super) fn write_property(out: &mut String, json: &Value) -> Result<(), BadJson> {
    let item = Item::read(json)?;
    if item.name == "BEGIN" || item.name == "END" {
        return Err(bad("BEGIN and END are no properties"));
    }
    let mut line = item.head(default_type(&item.name))?;
    line.push_str(&value(&item));
    write_folded(out, &line);
    Ok(())
}

/// The parts in the order that old readers expect: RSCALE and FREQ first.
fn recur_text(parts: &Map<String, Value>) -> String {
    let rank = |name: &str| match name {
        "rscale" => 0,
        "freq" => 1,
        "until" | "count" => 2,
        "interval" => 3,
        _ => 4,
    };
    let mut names: Vec<&String> = parts.keys().collect();
    names.sort_by_key(|name| rank(name));
    let part = |name: &String| {
        let value = match parts.get(name)? {
            Value::Array(values) => values.iter().map(raw).collect::<Vec<_>>().join(","),
            single if name == "until" => basic(&raw(single)),
            single => raw(single),
        };
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Some(format!("{}={}", name.to_ascii_uppercase(), value.replace([';', '\n', '\r'], "")))
    };
    names.into_iter().filter_map(part).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::super::component::{Document, Limits};
    use super::*;

    fn jcal(source: &str) -> Value {
        to_jcal(&Document::parse(source, Limits::default()).expect("readable").roots[0])
    }

    /// Checks one property both ways.
    fn both_ways(line: &str, expected: Value) {
        let source = format!("BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n");
        let json = jcal(&source);
        assert_eq!(json[1][0], expected);
        assert_eq!(from_jcal(&json).expect("valid"), source);
    }

    #[test]
    fn components_nest() {
        let source = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let json = jcal(source);
        assert_eq!(
            json,
            json!([
                "vcalendar",
                [["version", {}, "text", "2.0"]],
                [[
                    "vevent",
                    [["uid", {}, "text", "1"]],
                    [["valarm", [["trigger", {}, "duration", "-PT5M"]], []]]
                ]]
            ])
        );
        assert_eq!(from_jcal(&json).expect("valid"), source);
    }

    #[test]
    fn types_go_both_ways() {
        both_ways(
            "DTSTART;TZID=Europe/Paris:20260102T030405",
            json!(["dtstart", {"tzid": "Europe/Paris"}, "date-time", "2026-01-02T03:04:05"]),
        );
        both_ways("DTSTAMP:20260102T030405Z", json!(["dtstamp", {}, "date-time", "2026-01-02T03:04:05Z"]));
        both_ways("DTSTART;VALUE=DATE:20260102", json!(["dtstart", {}, "date", "2026-01-02"]));
        both_ways(
            "EXDATE:20260102T030405,20260103T030405",
            json!(["exdate", {}, "date-time", "2026-01-02T03:04:05", "2026-01-03T03:04:05"]),
        );
        both_ways(
            "RDATE;VALUE=PERIOD:20260102T030405Z/PT1H",
            json!(["rdate", {}, "period", ["2026-01-02T03:04:05Z", "PT1H"]]),
        );
        both_ways("GEO:48.85;2.35", json!(["geo", {}, "float", [48.85, 2.35]]));
        both_ways(
            "REQUEST-STATUS:2.0;Succès\\; oui;x",
            json!(["request-status", {}, "text", ["2.0", "Succès; oui", "x"]]),
        );
        both_ways("CATEGORIES:a\\,b,c", json!(["categories", {}, "text", "a,b", "c"]));
        both_ways("SEQUENCE:3", json!(["sequence", {}, "integer", 3]));
        both_ways("TZOFFSETFROM:-005248", json!(["tzoffsetfrom", {}, "utc-offset", "-00:52:48"]));
        both_ways("X-FOO;X-P=1:a\\nb;c", json!(["x-foo", {"x-p": "1"}, "unknown", "a\\nb;c"]));
        both_ways("X-FOO;VALUE=BOOLEAN:TRUE", json!(["x-foo", {}, "boolean", true]));
        both_ways(
            "TRIGGER;VALUE=DATE-TIME:20260102T030405Z",
            json!(["trigger", {}, "date-time", "2026-01-02T03:04:05Z"]),
        );
        both_ways(
            "ATTENDEE;CN=^'Jo^';MEMBER=\"mailto:a\",\"mailto:b\":mailto:c",
            json!(["attendee", {"cn": "\"Jo\"", "member": ["mailto:a", "mailto:b"]}, "cal-address", "mailto:c"]),
        );
        both_ways("DESCRIPTION:a\\nb\\\\c", json!(["description", {}, "text", "a\nb\\c"]));
    }

    #[test]
    fn rules_become_objects() {
        both_ways(
            "RRULE:FREQ=YEARLY;UNTIL=20300101T000000Z;INTERVAL=2;BYDAY=-1SU,MO;BYMONTH=9",
            json!(["rrule", {}, "recur", {"freq": "YEARLY", "until": "2030-01-01T00:00:00Z", "interval": 2, "byday": ["-1SU", "MO"], "bymonth": 9}]),
        );
        both_ways(
            "RRULE:RSCALE=HEBREW;FREQ=YEARLY;COUNT=3;BYMONTH=5L;SKIP=FORWARD",
            json!(["rrule", {}, "recur", {"rscale": "HEBREW", "freq": "YEARLY", "count": 3, "bymonth": "5L", "skip": "FORWARD"}]),
        );
        both_ways("RRULE:nonsense", json!(["rrule", {}, "recur", "nonsense"]));
    }

    #[test]
    fn values_that_do_not_fit_pass_as_they_stand() {
        both_ways("DTSTART:20260102", json!(["dtstart", {}, "date-time", "2026-01-02"]));
        both_ways("DTSTART:demain", json!(["dtstart", {}, "date-time", "demain"]));
        both_ways("PRIORITY:haute", json!(["priority", {}, "integer", "haute"]));
        both_ways("GEO:ici", json!(["geo", {}, "float", ["ici"]]));
    }

    #[test]
    fn json_from_outside_cannot_add_lines() {
        for hostile in [
            json!(["vevent", [["x-a", {}, "unknown", "1\r\nEND:VEVENT"]], []]),
            json!(["vevent", [["summary", {}, "text", "1\r\nEND:VEVENT"]], []]),
            json!(["vevent", [["summary", {"x-p": "a\r\nEND:VEVENT"}, "text", "1"]], []]),
            json!(["vevent", [["rrule", {}, "recur", {"freq\r\nEND:VEVENT": "a\r\nEND:VEVENT"}]], []]),
            json!(["vevent", [["rrule", {}, "recur", {"until": "a\r\nEND:VEVENT"}]], []]),
        ] {
            let text = from_jcal(&hostile).expect("valid");
            let document = Document::parse(&text, Limits::default()).expect("one component");
            assert_eq!((document.roots.len(), document.roots[0].lines.len()), (1, 1), "{text}");
        }
        for refused in [
            json!({}),
            json!(["vevent", []]),
            json!(["v\nevent", [], []]),
            json!(["vevent", [["a:b", {}, "text", "1"]], []]),
            json!(["vevent", [["begin", {}, "text", "VEVENT"]], []]),
            json!(["vevent", [["summary", {"a\r\nb": "1"}, "text", "1"]], []]),
            json!(["vevent", [["summary", {}, "te\nxt", "1"]], []]),
            json!(["vevent", [["summary", {}, "text"]], []]),
        ] {
            assert!(from_jcal(&refused).is_err(), "{refused}");
        }
        let deep = (0..100).fold(json!(["x", [], []]), |inner, _| json!(["x", [], [inner]]));
        assert!(from_jcal(&deep).is_err());
    }
}
