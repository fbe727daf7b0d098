//! The forms of 4.0 into those of 3.0 (RFC 2426), by the names that Apple, Thunderbird and Evolution read.

use super::super::super::line::escape_text;
use super::super::date;
use super::super::image::{data_uri, sniff_base64, type_word};
use super::super::prop::{Prop, single};
use super::super::read::label_text;
use super::to_v4::gender;
use super::{anniversary_groups, first_sort_string, param_text};
use std::collections::{HashMap, HashSet};

/// Apple needs the name of the service beside the URI.
const SERVICES: [(&str, &str); 8] = [
    ("xmpp:", "Jabber"),
    ("aim:", "AIM"),
    ("icq:", "ICQ"),
    ("msnim:", "MSN"),
    ("ymsgr:", "Yahoo"),
    ("skype:", "Skype"),
    ("gg:", "GaduGadu"),
    ("mqq:", "QQ"),
];

/// Turns the properties of a 4.0 card into those of 3.0.
pub(super) fn apply(props: &mut Vec<Prop>) {
    for prop in props.iter_mut() {
        types(prop);
        rename(prop);
        value(prop);
    }
    preferences(props);
    anniversaries(props);
    part_labels(props);
    part_sort_string(props);
}

/// The most preferred of each property gets `TYPE=pref`; ranks other than 1 stay beside it, for the way back.
fn preferences(props: &mut [Prop]) {
    let rank = |prop: &Prop| {
        prop.param("PREF").and_then(|rank| rank.parse::<u8>().ok()).filter(|rank| (1..=100).contains(rank))
    };
    let mut best: HashMap<String, u8> = HashMap::new();
    for prop in props.iter() {
        if let Some(own) = rank(prop) {
            best.entry(prop.name.to_ascii_uppercase())
                .and_modify(|best| *best = own.min(*best))
                .or_insert(own);
        }
    }
    for prop in props.iter_mut() {
        let Some(own) = rank(prop) else { continue };
        if own == 1 {
            prop.take_param("PREF");
        }
        if best.get(&prop.name.to_ascii_uppercase()) == Some(&own) && !prop.has_type("pref") {
            prop.params.push(("TYPE".to_owned(), "pref".to_owned()));
        }
    }
}

/// `TYPE="home,voice"` is a list in 4.0 and one odd word in 3.0; `VALUE=url` is what Thunderbird says for `uri`.
fn types(prop: &mut Prop) {
    if prop.has_value_type("url") {
        prop.set_param("VALUE", "uri");
    }
    for (name, raw) in &mut prop.params {
        if name.eq_ignore_ascii_case("TYPE") && raw.contains('"') {
            *raw = raw.replace('"', "");
        }
    }
}

fn rename(prop: &mut Prop) {
    if prop.is("KIND") {
        match prop.value.trim().to_ascii_lowercase().as_str() {
            "group" => "X-ADDRESSBOOKSERVER-KIND".clone_into(&mut prop.name),
            "org" => *prop = Prop { group: prop.group.take(), ..Prop::new("X-ABShowAs", "COMPANY") },
            _ => {}
        }
    } else if prop.is("MEMBER") {
        "X-ADDRESSBOOKSERVER-MEMBER".clone_into(&mut prop.name);
    } else if prop.is("GENDER") {
        "X-GENDER".clone_into(&mut prop.name);
        match prop.value.trim() {
            "M" | "m" => "Male".clone_into(&mut prop.value),
            "F" | "f" => "Female".clone_into(&mut prop.value),
            value => {
                // A text alone stands by itself, if it cannot be taken for something else on the way back.
                if let Some(text) = value.strip_prefix(';').filter(|text| gender(text) == value) {
                    prop.value = text.to_owned();
                }
            }
        }
    } else if prop.is("IMPP")
        && prop.param("X-SERVICE-TYPE").is_none()
        && prop.param("SERVICE-TYPE").is_none()
    {
        let uri = prop.value.trim().to_ascii_lowercase();
        if let Some((_, service)) = SERVICES.iter().find(|(scheme, _)| uri.starts_with(scheme)) {
            prop.set_param("X-SERVICE-TYPE", service);
        }
    }
}

fn value(prop: &mut Prop) {
    if ["PHOTO", "LOGO", "SOUND", "KEY"].iter().any(|name| prop.is(name)) {
        binary(prop);
    } else if ["BDAY", "ANNIVERSARY", "DEATHDATE", "REV"].iter().any(|name| prop.is(name)) {
        date(prop);
    } else if prop.is("GEO") {
        geo(prop);
    } else if prop.is("TZ") {
        zone(prop);
    } else if prop.is("TEL") && prop.has_value_type("uri") {
        let number = prop.value.trim();
        if number.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:")) {
            prop.value = escape_text(number.get(4..).unwrap_or_default()).into_owned();
            prop.take_param("VALUE");
        }
    }
}

/// A `data:` URI becomes base64; an address says that it is one.
fn binary(prop: &mut Prop) {
    if let Some(uri) = data_uri(&prop.value) {
        let Some(content) = uri.base64() else { return };
        let said =
            uri.media_type.map(str::to_ascii_lowercase).filter(|said| said != "application/octet-stream");
        let media_type = said.or_else(|| sniff_base64(&content).map(str::to_owned));
        prop.value = content;
        prop.take_param("VALUE");
        prop.take_param("MEDIATYPE");
        prop.params.insert(0, ("ENCODING".to_owned(), "b".to_owned()));
        if let Some(media_type) = media_type {
            prop.params.insert(1, ("TYPE".to_owned(), type_word(&prop.name, &media_type)));
        }
    } else if prop.is_address() {
        prop.take_param("VALUE");
        prop.params.insert(0, ("VALUE".to_owned(), "uri".to_owned()));
        let name = prop.name.clone();
        if let Some(word) = prop.param("MEDIATYPE").map(|media_type| type_word(&name, media_type)) {
            prop.take_param("MEDIATYPE");
            prop.params.insert(1, ("TYPE".to_owned(), word));
        }
    }
}

/// Dates in extended form; a date without a year gets Apple's stand-in.
fn date(prop: &mut Prop) {
    const STAND_IN: &str = "1604"; // A leap year, so that 29 February exists.
    if prop.has_value_type("text") {
        return;
    }
    if let Some(rest) = date::yearless(&prop.value) {
        prop.value = format!("{STAND_IN}-{rest}");
        prop.take_param("VALUE");
        prop.set_param("X-APPLE-OMIT-YEAR", STAND_IN);
    } else if let Some(extended) = date::to_extended(&prop.value) {
        let with_time = extended.contains('T');
        prop.value = extended;
        prop.take_param("VALUE");
        if with_time && prop.is("BDAY") {
            prop.set_param("VALUE", "date-time");
        }
    }
}

/// An offset is what 3.0 expects; a name must say that it is text.
fn zone(prop: &mut Prop) {
    if prop.has_value_type("utc-offset")
        || (prop.param("VALUE").is_none() && prop.value.trim().starts_with(['+', '-']))
    {
        if let Some(offset) = date::offset_to_extended(prop.value.trim()) {
            prop.value = offset;
            prop.take_param("VALUE");
        }
    } else if prop.param("VALUE").is_none() || prop.has_value_type("text") {
        prop.take_param("VALUE");
        prop.set_param("VALUE", "text");
    }
}

fn geo(prop: &mut Prop) {
    let value = prop.value.trim();
    let Some(place) = value.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("geo:")).and(value.get(4..))
    else {
        return;
    };
    let numbers = place.split(';').next().unwrap_or_default();
    let mut numbers = numbers.split(',');
    if let (Some(latitude), Some(longitude)) = (numbers.next(), numbers.next()) {
        prop.value = format!("{latitude};{longitude}");
        prop.take_param("VALUE");
    }
}

/// ANNIVERSARY becomes a labelled date, which Apple and DAVx5 show.
fn anniversaries(props: &mut Vec<Prop>) {
    let used: HashSet<String> = props.iter().filter_map(Prop::group_key).collect();
    let labelled = anniversary_groups(props);
    let mut fresh = (1..).map(|number| format!("item{number}")).filter(|name| !used.contains(name));
    let mut out = Vec::with_capacity(props.len() + 1);
    for mut prop in props.drain(..) {
        if !prop.is("ANNIVERSARY") || prop.has_value_type("text") {
            out.push(prop);
            continue;
        }
        "X-ABDATE".clone_into(&mut prop.name);
        if prop.group.is_none() {
            prop.group = fresh.next();
        }
        let group = prop.group.clone();
        let has_label = prop.group_key().is_some_and(|group| labelled.contains(&group));
        out.push(prop);
        if !has_label {
            out.push(Prop { group, ..Prop::new("X-ABLabel", "_$!<Anniversary>!$_") });
        }
    }
    *props = out;
}

/// The LABEL parameter of an ADR becomes a property after it, unless two addresses in one place could not be told
/// apart on the way back.
fn part_labels(props: &mut Vec<Prop>) {
    let mut addresses: HashMap<Vec<String>, usize> = HashMap::new();
    for prop in props.iter().filter(|prop| prop.is("ADR") || prop.is("LABEL")) {
        *addresses.entry(prop.place()).or_default() += 1;
    }
    let mut out = Vec::with_capacity(props.len());
    for mut prop in props.drain(..) {
        let raw = prop
            .params
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("LABEL"))
            .map(|(_, raw)| raw.clone());
        let alone = prop.is("ADR") && addresses.get(&prop.place()) == Some(&1);
        let Some(raw) = raw.filter(|_| alone) else {
            out.push(prop);
            continue;
        };
        prop.take_param("LABEL");
        let text = param_text(&raw);
        let mut label = Prop::new("LABEL", escape_text(&label_text(&text)).into_owned());
        label.params =
            prop.params.iter().filter(|(name, _)| name.eq_ignore_ascii_case("TYPE")).cloned().collect();
        label.drop_types(|word| word.eq_ignore_ascii_case("pref"));
        out.push(prop);
        out.push(label);
    }
    *props = out;
}

/// The first string of SORT-AS on N becomes SORT-STRING, the only one that 3.0 has. Further ones stay beside it, for the
/// way back.
fn part_sort_string(props: &mut Vec<Prop>) {
    if props.iter().any(|prop| prop.is("SORT-STRING")) {
        return;
    }
    let Some(at) = props.iter().position(|prop| prop.is("N")) else { return };
    let Some(n) = props.get_mut(at) else { return };
    let Some(value) = first_sort_string(n) else { return };
    let raw = n.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("SORT-AS"));
    if raw.is_some_and(|(_, raw)| single(raw).is_some()) {
        n.take_param("SORT-AS");
    }
    props.insert(at + 1, Prop::new("SORT-STRING", escape_text(&value).into_owned()));
}
