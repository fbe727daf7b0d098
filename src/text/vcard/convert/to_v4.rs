//! The forms of 3.0, and those that clients gave to what 3.0 lacks, into 4.0 (RFC 6350).

use super::super::super::line::unescape_text;
use super::super::date;
use super::super::image::{Packed, data_uri, media_type_of, sniff_base64};
use super::super::prop::Prop;
use super::super::read::Packing;
use super::{ADDRESSES, address, anniversary_groups, first_sort_string, text_of};
use std::collections::{HashMap, HashSet};

/// Instant-messaging properties of before RFC 4770, and the URI scheme of each.
const MESSENGERS: [(&str, &str); 10] = [
    ("X-JABBER", "xmpp"),
    ("X-AIM", "aim"),
    ("X-ICQ", "icq"),
    ("X-MSN", "msnim"),
    ("X-YAHOO", "ymsgr"),
    ("X-SKYPE", "skype"),
    ("X-SKYPE-USERNAME", "skype"),
    ("X-GOOGLE-TALK", "xmpp"),
    ("X-GADUGADU", "gg"),
    ("X-QQ", "mqq"),
];

/// Turns the properties of a 3.0 card into those of 4.0.
pub(super) fn apply(props: &mut Vec<Prop>) {
    join_labels(props);
    join_sort_string(props);
    anniversaries(props);
    for prop in props.iter_mut() {
        preference(prop);
        rename(prop);
        value(prop);
    }
    kind_of_company(props);
    messengers(props);
}

/// LABEL becomes a parameter of the one ADR in the same place; 4.0 has no LABEL property (RFC 6350 §6.3.1).
fn join_labels(props: &mut Vec<Prop>) {
    let mut places: HashMap<Vec<String>, Place> = HashMap::new();
    for prop in props.iter() {
        if prop.is("ADR") && prop.param("LABEL").is_none() {
            places.entry(prop.place()).or_default().addresses += 1;
        } else if prop.is("LABEL") {
            let place = places.entry(prop.place()).or_default();
            place.labels += 1;
            place.text = unescape_text(&prop.value).into_owned();
        }
    }
    places.retain(|_, place| place.addresses == 1 && place.labels == 1);
    props.retain(|prop| !(prop.is("LABEL") && places.contains_key(&prop.place())));
    for adr in props.iter_mut().filter(|prop| prop.is("ADR") && prop.param("LABEL").is_none()) {
        if let Some(place) = places.get(&adr.place()) {
            adr.set_param("LABEL", &place.text);
        }
    }
}

/// What stands in one place (home, work, …).
#[derive(Debug, Default)]
struct Place {
    addresses: usize,
    labels: usize,
    text: String,
}

/// SORT-STRING becomes a parameter of N (RFC 6350 §5.9). A list that is there already stays as long as it begins with it.
fn join_sort_string(props: &mut Vec<Prop>) {
    let names = props.iter().filter(|prop| prop.is("N")).count();
    let strings = props.iter().filter(|prop| prop.is("SORT-STRING")).count();
    if names != 1 || strings != 1 {
        return;
    }
    // A comma would make a list of it.
    if let Some(value) = text_of(props, "SORT-STRING").filter(|value| !value.contains(','))
        && let Some(n) = props.iter_mut().find(|prop| prop.is("N"))
    {
        if first_sort_string(n).as_deref() != Some(&value) {
            n.set_param("SORT-AS", &value);
        }
        props.retain(|prop| !prop.is("SORT-STRING"));
    }
}

/// `X-ANNIVERSARY`, `X-EVOLUTION-ANNIVERSARY` and Apple's labelled `X-ABDATE` become ANNIVERSARY, of which there may
/// be one; the label stays in its group, for the way back.
fn anniversaries(props: &mut [Prop]) {
    if props.iter().any(|prop| prop.is("ANNIVERSARY")) {
        return;
    }
    let groups = anniversary_groups(props);
    let labelled =
        |prop: &Prop| prop.is("X-ABDATE") && prop.group_key().is_some_and(|group| groups.contains(&group));
    let named = |prop: &Prop| prop.is("X-ANNIVERSARY") || prop.is("X-EVOLUTION-ANNIVERSARY");
    let found = props.iter().position(labelled).or_else(|| props.iter().position(named));
    if let Some(prop) = found.and_then(|at| props.get_mut(at)) {
        "ANNIVERSARY".clone_into(&mut prop.name);
    }
}

/// `TYPE=pref` becomes `PREF=1`, unless a finer rank is there (RFC 6350 §5.3).
fn preference(prop: &mut Prop) {
    if prop.has_type("pref") {
        prop.drop_types(|word| word.eq_ignore_ascii_case("pref"));
        if prop.param("PREF").is_none() {
            prop.set_param("PREF", "1");
        }
    }
    if prop.is("EMAIL") {
        prop.drop_types(|word| word.eq_ignore_ascii_case("internet"));
    }
    if prop.param("CHARSET").is_some_and(|charset| charset.eq_ignore_ascii_case("UTF-8")) {
        prop.take_param("CHARSET");
    }
    if ["phone-number", "binary", "url"].iter().any(|kind| prop.has_value_type(kind)) {
        let url = prop.has_value_type("url");
        prop.take_param("VALUE");
        if url {
            prop.set_param("VALUE", "uri");
        }
    }
}

fn rename(prop: &mut Prop) {
    if prop.is("X-ADDRESSBOOKSERVER-KIND") {
        "KIND".clone_into(&mut prop.name);
    } else if prop.is("X-ADDRESSBOOKSERVER-MEMBER") {
        "MEMBER".clone_into(&mut prop.name);
    } else if prop.is("X-GENDER") {
        "GENDER".clone_into(&mut prop.name);
        prop.value = gender(&prop.value);
    }
}

/// Words for a sex become the letters of RFC 6350 §6.2.7; any other word becomes the free text after it.
pub(super) fn gender(value: &str) -> String {
    let word = value.trim();
    match word.to_ascii_lowercase().as_str() {
        "male" => return "M".to_owned(),
        "female" => return "F".to_owned(),
        "m" | "f" | "o" | "n" | "u" | "" => return word.to_ascii_uppercase(),
        _ => {}
    }
    let mut fields = word.splitn(2, ';');
    let sex = fields.next().unwrap_or_default();
    if fields.next().is_some() && (sex.is_empty() || (sex.len() == 1 && "MFONUmfonu".contains(sex))) {
        word.to_owned()
    } else {
        format!(";{word}")
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
    } else if ADDRESSES.iter().any(|name| prop.is(name)) {
        prop.value = address(&prop.value);
    }
}

/// Base64 becomes a `data:` URI; the TYPE of an address becomes its MEDIATYPE.
fn binary(prop: &mut Prop) {
    let name = prop.name.clone();
    let media_type = prop
        .types()
        .find_map(|word| media_type_of(&name, word))
        .or_else(|| prop.param("MEDIATYPE").map(str::to_owned));
    let is_format = |word: &str| media_type_of(&name, word).is_some();
    let packed = prop.param("ENCODING").and_then(Packing::parse) == Some(Packing::Base64);
    if packed {
        let Some(content) = Packed::base64_of(&prop.value).base64() else { return };
        let media_type = media_type.or_else(|| sniff_base64(&content).map(str::to_owned));
        prop.value = format!(
            "data:{};base64,{content}",
            media_type.unwrap_or_else(|| "application/octet-stream".to_owned())
        );
        for gone in ["ENCODING", "VALUE", "MEDIATYPE"] {
            prop.take_param(gone);
        }
        prop.drop_types(is_format);
    } else if let Some(uri) = data_uri(&prop.value) {
        let Some(content) = uri.base64() else { return };
        let media_type = uri
            .media_type
            .map(str::to_owned)
            .or(media_type)
            .or_else(|| sniff_base64(&content).map(str::to_owned));
        prop.value = format!(
            "data:{};base64,{content}",
            media_type.unwrap_or_else(|| "application/octet-stream".to_owned())
        );
        prop.drop_types(is_format);
    } else if prop.is_address() {
        prop.value = address(&prop.value);
        prop.drop_types(is_format);
        if let Some(media_type) = media_type {
            prop.set_param("MEDIATYPE", &media_type);
        }
    }
}

/// Dates in basic form; Apple's stand-in year goes.
fn date(prop: &mut Prop) {
    if prop.has_value_type("text") {
        return;
    }
    let omitted = prop.param("X-APPLE-OMIT-YEAR").map(str::to_owned);
    let Some(basic) = date::to_basic(&prop.value)
        .or_else(|| date::to_extended(&prop.value).map(|_| prop.value.trim().to_owned()))
    else {
        return;
    };
    prop.value = basic;
    if ["date", "date-time", "timestamp", "date-and-or-time"].iter().any(|kind| prop.has_value_type(kind)) {
        prop.take_param("VALUE");
    }
    if let Some(year) = omitted.filter(|year| year.len() == 4)
        && let Some(rest) = prop.value.strip_prefix(year.as_str())
    {
        prop.value = format!("--{rest}");
        prop.take_param("X-APPLE-OMIT-YEAR");
    }
}

fn geo(prop: &mut Prop) {
    let value = prop.value.replace("\\;", ";");
    if let Some((latitude, longitude)) = value.split_once(';')
        && [latitude, longitude].iter().all(|number| number.trim().parse::<f64>().is_ok())
    {
        prop.value = format!("geo:{},{}", latitude.trim(), longitude.trim());
    }
}

fn zone(prop: &mut Prop) {
    let offset = prop.value.trim();
    let looks_so = offset.starts_with(['+', '-']);
    if looks_so
        && !prop.has_value_type("text")
        && let Some(basic) = date::offset_to_basic(offset)
    {
        prop.value = basic;
        prop.set_param("VALUE", "utc-offset");
    } else if prop.has_value_type("text") && !looks_so {
        prop.take_param("VALUE");
    }
}

/// Apple marks a company on a card that is otherwise a person's.
fn kind_of_company(props: &mut [Prop]) {
    if props.iter().any(|prop| prop.is("KIND")) {
        return;
    }
    let company =
        |prop: &&mut Prop| prop.is("X-ABShowAs") && prop.value.trim().eq_ignore_ascii_case("COMPANY");
    if let Some(prop) = props.iter_mut().find(company) {
        *prop = Prop { group: prop.group.take(), ..Prop::new("KIND", "org") };
    }
}

/// `X-JABBER:a@b` becomes `IMPP:xmpp:a@b`, unless the card has that IMPP already.
fn messengers(props: &mut [Prop]) {
    let known: HashSet<String> = props
        .iter()
        .filter(|prop| prop.is("IMPP"))
        .filter_map(|prop| prop.value.split_once(':').map(|(_, handle)| handle.to_ascii_lowercase()))
        .collect();
    for prop in props.iter_mut() {
        let Some((_, scheme)) = MESSENGERS.iter().find(|(name, _)| prop.is(name)) else { continue };
        let handle = unescape_text(&prop.value).trim().to_owned();
        let part = super::uri_part(&handle);
        if handle.is_empty() || known.contains(&part.to_ascii_lowercase()) {
            continue;
        }
        "IMPP".clone_into(&mut prop.name);
        prop.value = format!("{scheme}:{part}");
    }
}
