//! vCard 4.0 as JSON and back (RFC 7095).
//!
//! Cards of other versions are first brought to 4.0 by `vcard::convert`. Keeps every property and its order; a group
//! becomes the parameter `group`. What does not fit its type goes through as a string, as it stands.

use super::component::Component;
use super::json::{
    BadJson, Item, bad, boolean, escaped, float, has_shape, integer, kind, offset_basic, offset_extended,
    one_or_many, params, raw, scalar, undo,
};
use super::line::{Line, split_unescaped, unescape_text, write_folded};
use super::vcard::read::{is_quoted_printable, label_text, unpacked};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Media type of jCard.
pub const MEDIA_TYPE: &str = "application/vcard+json";

/// The default value type of a property (RFC 6350 §6); `None` for one the RFC does not define.
fn default_type(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "VERSION" | "KIND" | "XML" | "FN" | "N" | "NICKNAME" | "GENDER" | "ADR" | "TEL" | "EMAIL" | "TZ"
        | "TITLE" | "ROLE" | "ORG" | "CATEGORIES" | "NOTE" | "PRODID" | "CLIENTPIDMAP" | "BIRTHPLACE"
        | "DEATHPLACE" | "EXPERTISE" | "HOBBY" | "INTEREST" => "text",
        "SOURCE" | "PHOTO" | "IMPP" | "GEO" | "LOGO" | "MEMBER" | "RELATED" | "SOUND" | "UID" | "URL"
        | "KEY" | "FBURL" | "CALADRURI" | "CALURI" | "ORG-DIRECTORY" | "CONTACT-URI" => "uri",
        "BDAY" | "ANNIVERSARY" | "DEATHDATE" => "date-and-or-time",
        "REV" => "timestamp",
        "LANG" => "language-tag",
        _ => return None,
    })
}

fn is_structured(name: &str) -> bool {
    ["N", "ADR", "ORG", "GENDER", "CLIENTPIDMAP"]
        .iter()
        .any(|structured| name.eq_ignore_ascii_case(structured))
}

fn is_list(name: &str) -> bool {
    name.eq_ignore_ascii_case("NICKNAME") || name.eq_ignore_ascii_case("CATEGORIES")
}

/// The 4.0 card as jCard: `["vcard", [properties]]`, VERSION first (RFC 7095 §3.2). Nested components, which 4.0 does not
/// have, are left out.
pub fn to_jcard(card: &Component<'_>) -> Value {
    let version = json!(["version", {}, "text", "4.0"]);
    let others = card.lines.iter().filter(|line| !line.is("VERSION")).map(property);
    let properties: Vec<Value> = std::iter::once(version).chain(others).collect();
    json!(["vcard", properties])
}

/// One property as jCard.
pub(super) fn property(line: &Line<'_>) -> Value {
    let kind = kind(line, default_type(line.name()));
    let mut params = params(line);
    let mut value = Cow::Borrowed(line.value());
    if is_quoted_printable(line) {
        // 4.0 has no such encoding.
        value = Cow::Owned(unpacked(line).replace('\r', "").replace('\n', "\\n"));
        params.retain(|name, _| {
            !["encoding", "charset", "quoted-printable", "base64"].contains(&name.as_str())
        });
    }
    // `TYPE="home,voice"` and `SORT-AS="a,b"` are lists inside their quotes.
    for name in ["type", "sort-as", "pid"] {
        if let Some(value) = params.get_mut(name) {
            let values = match value.take() {
                Value::Array(values) => values,
                single => vec![single],
            };
            let parts = values.iter().flat_map(|value| value.as_str().unwrap_or_default().split(','));
            *value = one_or_many(parts.map(|part| Value::String(part.to_owned())).collect());
        }
    }
    if line.is("ADR")
        && let Some(value) = params.get_mut("label")
    {
        label_lines(value);
    }
    let mut out = vec![
        Value::String(line.name().to_ascii_lowercase()),
        Value::Object(params),
        Value::String(kind.clone()),
    ];
    if is_structured(line.name()) && kind == "text" {
        let part = |part: &str| Value::String(unescape_text(part).into_owned());
        let fields = split_unescaped(&value, b';');
        out.push(one_or_many(
            fields.map(|field| one_or_many(split_unescaped(field, b',').map(part).collect())).collect(),
        ));
    } else if is_list(line.name()) && kind == "text" {
        out.extend(split_unescaped(&value, b',').map(|part| typed(part, &kind)));
    } else {
        out.push(typed(&value, &kind));
    }
    Value::Array(out)
}

/// JSON has real line breaks in a label.
fn label_lines(value: &mut Value) {
    match value {
        Value::String(text) => *text = label_text(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(label_lines),
        _ => {}
    }
}

fn typed(text: &str, kind: &str) -> Value {
    match kind {
        "text" => Value::String(unescape_text(text).into_owned()),
        "boolean" => boolean(text),
        "integer" => integer(text),
        "float" => float(text),
        "date" | "date-time" | "date-and-or-time" | "timestamp" => Value::String(extended(text)),
        "time" => Value::String(time(text)),
        "utc-offset" => Value::String(offset_extended(text)),
        _ => Value::String(text.to_owned()),
    }
}

/// `19850412`, `--0412`, `19961022T140000-0500`, `T102200` in extended form (RFC 7095 §3.5.3 to §3.5.5); anything else as it is.
fn extended(text: &str) -> String {
    let text = text.trim();
    let date = |date: &str| {
        if has_shape(date, "99999999") {
            Some(
                [date.get(..4), date.get(4..6), date.get(6..)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("-"),
            )
        } else if has_shape(date, "--9999") {
            date.get(..4).zip(date.get(4..)).map(|(month, day)| format!("{month}-{day}"))
        } else {
            ["", "9999", "9999-99", "--99", "---99"]
                .iter()
                .any(|shape| has_shape(date, shape))
                .then(|| date.to_owned())
        }
    };
    let whole = match text.split_once('T') {
        Some((day, clock)) => {
            date(day).zip(extended_time(clock)).map(|(day, clock)| format!("{day}T{clock}"))
        }
        None => date(text),
    };
    whole.unwrap_or_else(|| text.to_owned())
}

/// `102200Z` as `10:22:00Z`, `-2200` as `-22:00`, `10-0800` as `10-08:00`; `None` where it is no time in basic form.
fn extended_time(text: &str) -> Option<String> {
    let dashes = text.len() - text.trim_start_matches('-').len();
    let zone_at = text.get(dashes..)?.find(['Z', '+', '-']).map_or(text.len(), |at| at + dashes);
    let (clock, zone) = (text.get(dashes..zone_at)?, text.get(zone_at..)?);
    if dashes > 2 || !matches!(clock.len(), 2 | 4 | 6) || !clock.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pairs: Vec<&str> = [0, 2, 4].into_iter().filter_map(|at| clock.get(at..at + 2)).collect();
    Some(format!("{}{}{}", text.get(..dashes)?, pairs.join(":"), offset_extended(zone)))
}

/// A time alone in extended form; anything else as it is.
fn time(text: &str) -> String {
    extended_time(text).unwrap_or_else(|| text.to_owned())
}

/// The way back of [`extended`].
fn basic(text: &str) -> String {
    undo(text, shortened(text), extended)
}

fn shortened(text: &str) -> String {
    let (day, clock) = match text.split_once('T') {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let day = if has_shape(day, "9999-99-99") {
        day.replace('-', "")
    } else if has_shape(day, "--99-99") {
        format!("--{}", day.replace('-', ""))
    } else if ["", "9999", "9999-99", "--99", "---99"].iter().any(|shape| has_shape(day, shape)) {
        day.to_owned()
    } else {
        return text.to_owned();
    };
    match clock {
        Some(clock) => format!("{day}T{}", clock.replace(':', "")),
        None => day,
    }
}

/// jCard as a 4.0 card, folded, with CRLF; VERSION comes first whatever the JSON says.
pub fn from_jcard(json: &Value) -> Result<String, BadJson> {
    let Some([Value::String(name), Value::Array(properties)]) = json.as_array().map(Vec::as_slice) else {
        return Err(bad("a card is an array of its name and its properties"));
    };
    if !name.eq_ignore_ascii_case("vcard") {
        return Err(bad("not a vCard"));
    }
    let mut out = String::new();
    write_folded(&mut out, "BEGIN:VCARD");
    write_folded(&mut out, "VERSION:4.0");
    for json in properties {
        let item = Item::read(json)?;
        if item.name == "VERSION" {
            if item.values.first().map(scalar).as_deref() != Some("4.0") {
                return Err(bad("a jCard is of version 4.0"));
            }
            continue;
        }
        write_item(&mut out, &item)?;
    }
    write_folded(&mut out, "END:VCARD");
    Ok(out)
}

/// One property of jCard as a content line, folded, with CRLF.
pub(super) fn write_property(out: &mut String, json: &Value) -> Result<(), BadJson> {
    let item = Item::read(json)?;
    if item.name == "VERSION" {
        return Err(bad("a card has one version"));
    }
    write_item(out, &item)
}

fn write_item(out: &mut String, item: &Item<'_>) -> Result<(), BadJson> {
    if item.name == "BEGIN" || item.name == "END" {
        return Err(bad("BEGIN and END are no properties"));
    }
    let mut line = item.head(default_type(&item.name))?;
    line.push_str(&value(item));
    write_folded(out, &line);
    Ok(())
}

fn value(item: &Item<'_>) -> String {
    let list =
        |parts: &[Value]| parts.iter().map(|part| untyped(part, &item.kind)).collect::<Vec<_>>().join(",");
    let values = item.values.iter().map(|value| match value {
        Value::Array(fields) => {
            let fields = fields.iter().map(|field| match field {
                Value::Array(parts) => list(parts),
                single => untyped(single, &item.kind),
            });
            fields.collect::<Vec<_>>().join(";")
        }
        single => untyped(single, &item.kind),
    });
    values.collect::<Vec<_>>().join(",")
}

fn untyped(value: &Value, kind: &str) -> String {
    match kind {
        "text" => escaped(value),
        "date" | "date-time" | "date-and-or-time" | "timestamp" => basic(&raw(value)),
        "time" => {
            let text = raw(value);
            undo(&text, text.replace(':', ""), time)
        }
        "utc-offset" => offset_basic(&raw(value)),
        _ => raw(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::component::{Document, Limits};
    use super::*;

    fn both_ways(line: &str, expected: Value) {
        let source = format!("BEGIN:VCARD\r\nVERSION:4.0\r\n{line}\r\nEND:VCARD\r\n");
        let document = Document::parse(&source, Limits::default()).expect("readable");
        let json = to_jcard(&document.roots[0]);
        assert_eq!(json[0], "vcard");
        assert_eq!(json[1][0], json!(["version", {}, "text", "4.0"]));
        assert_eq!(json[1][1], expected);
        assert_eq!(from_jcard(&json).expect("valid"), source);
    }

    #[test]
    fn structured_values_and_lists_go_both_ways() {
        both_ways(
            "N:Le Goff;Anne,Marie;;Dr;",
            json!(["n", {}, "text", ["Le Goff", ["Anne", "Marie"], "", "Dr", ""]]),
        );
        both_ways("ORG:Mairie\\, Lyon", json!(["org", {}, "text", "Mairie, Lyon"]));
        both_ways("GENDER:O;autre", json!(["gender", {}, "text", ["O", "autre"]]));
        both_ways("GENDER:M", json!(["gender", {}, "text", "M"]));
        both_ways("NICKNAME:Dédé,Jo\\,Jo", json!(["nickname", {}, "text", "Dédé", "Jo,Jo"]));
        both_ways("CLIENTPIDMAP:1;urn:uuid:3", json!(["clientpidmap", {}, "text", ["1", "urn:uuid:3"]]));
        both_ways(
            "item1.TEL;TYPE=home,voice:1",
            json!(["tel", {"group": "item1", "type": ["home", "voice"]}, "text", "1"]),
        );
        both_ways("TEL;PREF=1;VALUE=URI:tel:+33-1", json!(["tel", {"pref": "1"}, "uri", "tel:+33-1"]));
        both_ways(
            "PHOTO:data:image/png;base64,AAEC",
            json!(["photo", {}, "uri", "data:image/png;base64,AAEC"]),
        );
        both_ways(
            "ADR;LABEL=12 rue^nLyon:;;12 rue;Lyon;;;",
            json!(["adr", {"label": "12 rue\nLyon"}, "text", ["", "", "12 rue", "Lyon", "", "", ""]]),
        );
        both_ways(
            "X-ABLabel:_$!<Home>!$_".to_uppercase().as_str(),
            json!(["x-ablabel", {}, "unknown", "_$!<HOME>!$_"]),
        );
    }

    #[test]
    fn dates_go_both_ways() {
        for (basic, extended) in [
            ("19850412", "1985-04-12"),
            ("1985-04", "1985-04"),
            ("1985", "1985"),
            ("--0412", "--04-12"),
            ("--04", "--04"),
            ("---12", "---12"),
            ("T102200", "T10:22:00"),
            ("T1022", "T10:22"),
            ("T-2200", "T-22:00"),
            ("T--00", "T--00"),
            ("T102200Z", "T10:22:00Z"),
            ("T10-0800", "T10-08:00"),
            ("19961022T140000-0500", "1996-10-22T14:00:00-05:00"),
            ("---22T14", "---22T14"),
        ] {
            both_ways(&format!("BDAY:{basic}"), json!(["bday", {}, "date-and-or-time", extended]));
        }
        both_ways("REV:20260102T030405Z", json!(["rev", {}, "timestamp", "2026-01-02T03:04:05Z"]));
        both_ways("BDAY;VALUE=TEXT:vers 1800", json!(["bday", {}, "text", "vers 1800"]));
        both_ways("TZ;VALUE=UTC-OFFSET:-0500", json!(["tz", {}, "utc-offset", "-05:00"]));
    }

    #[test]
    fn line_breaks_of_a_label_are_real_ones() {
        for (label, expected) in [
            ("\"1 rue\\nParis\"", json!("1 rue\nParis")),
            ("1 rue\\NParis^n^'F^'", json!("1 rue\nParis\n\"F\"")),
            ("1 rue^nParis", json!("1 rue\nParis")),
            ("a\\nb,c\\nd", json!(["a\nb", "c\nd"])),
            ("C:\\\\x", json!("C:\\\\x")),
        ] {
            let label = if label.contains(':') { format!("\"{label}\"") } else { label.to_owned() };
            let source =
                format!("BEGIN:VCARD\nVERSION:4.0\nADR;LABEL={label}:;;;;;;\nX-A;LABEL=a\\nb:c\nEND:VCARD\n");
            let document = Document::parse(&source, Limits::default()).expect("readable");
            let json = to_jcard(&document.roots[0]);
            assert_eq!(json[1][1][1]["label"], expected);
            assert_eq!(json[1][2][1]["label"], "a\\nb", "of ADR alone");
            let again = from_jcard(&json).expect("valid");
            let document = Document::parse(&again, Limits::default()).expect("readable");
            assert_eq!(to_jcard(&document.roots[0]), json);
        }
    }

    #[test]
    fn quoted_lists_of_types_are_lists() {
        let source = "BEGIN:VCARD\nVERSION:4.0\nTEL;TYPE=\"home,voice\":1\nEND:VCARD\n";
        let document = Document::parse(source, Limits::default()).expect("readable");
        assert_eq!(
            to_jcard(&document.roots[0])[1][1],
            json!(["tel", {"type": ["home", "voice"]}, "text", "1"])
        );
    }

    #[test]
    fn json_from_outside_cannot_add_lines() {
        let hostile = json!(["vcard", [["fn", {"group": "a", "x": "1\nX:2"}, "text", "a\r\nX:1"], ["url", {}, "uri", "a\r\nX:1"]]]);
        let text = from_jcard(&hostile).expect("valid");
        assert_eq!(Document::parse(&text, Limits::default()).expect("readable").roots[0].lines.len(), 3);
        for refused in [
            json!(["vcalendar", []]),
            json!(["vcard", [["version", {}, "text", "3.0"]]]),
            json!(["vcard", [["fn", {"group": "a\nb"}, "text", "x"]]]),
            json!(["vcard", [["end", {}, "text", "VCARD"]]]),
            json!(["vcard"]),
        ] {
            assert!(from_jcard(&refused).is_err(), "{refused}");
        }
    }
}
