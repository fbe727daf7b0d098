//! Members that are maps of things, each on a line of its own: addresses, phones, dates, pictures and their like.
//!
//! RFC 9553 §2.2 to §2.8; RFC 9555 §2.3 to §2.9 and §2.13, RFC 9554 (PROP-ID). The id of a thing follows from its line, or
//! stands in PROP-ID. `TYPE=home` and `TYPE=work` are contexts, `PREF` and `TYPE=pref` preferences, Apple's `X-ABLabel` a label.

use super::super::jsobject::{Refused, free_id, id_of, is_id};
use super::super::line::{split_unescaped, unescape_text};
use super::super::vcard::Version;
use super::super::vcard::convert::address;
use super::super::vcard::image::{Packed, data_uri, media_type_of, sniff_base64};
use super::super::vcard::prop::Prop;
use super::super::vcard::read::label_text;
use super::dates;
use serde_json::{Map, Value, json};

/// What the value of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One text, under this member.
    Text(&'static str),
    /// One URI, under this member; `true` where texts are met too.
    Uri(&'static str, bool),
    /// Content or its address.
    Media,
    /// ORG
    Organization,
    /// ADR
    Address,
    /// BDAY and its like.
    Date,
}

/// One property that becomes an entry of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    /// Member of the card.
    pub(super) key: &'static str,
    /// Property, and its name in new 3.0 cards.
    pub(super) name: &'static str,
    pub(super) old_name: &'static str,
    /// The `kind` of its entries.
    pub(super) kind: Option<&'static str>,
    pub(super) form: Form,
}

const fn family(key: &'static str, name: &'static str, kind: Option<&'static str>, form: Form) -> Family {
    Family { key, name, old_name: name, kind, form }
}

/// All of them. The first of a key and a kind is the one that new entries become.
pub(super) const FAMILIES: &[Family] = &[
    family("nicknames", "NICKNAME", None, Form::Text("name")),
    family("organizations", "ORG", None, Form::Organization),
    family("titles", "TITLE", Some("title"), Form::Text("name")),
    family("titles", "ROLE", Some("role"), Form::Text("name")),
    family("emails", "EMAIL", None, Form::Text("address")),
    family("phones", "TEL", None, Form::Text("number")),
    family("onlineServices", "IMPP", None, Form::Uri("uri", true)),
    Family {
        old_name: "X-SOCIALPROFILE",
        ..family("onlineServices", "SOCIALPROFILE", Some("social"), Form::Uri("uri", true))
    },
    family("addresses", "ADR", None, Form::Address),
    family("anniversaries", "BDAY", Some("birth"), Form::Date),
    Family {
        old_name: "X-ANNIVERSARY",
        ..family("anniversaries", "ANNIVERSARY", Some("wedding"), Form::Date)
    },
    family("anniversaries", "X-EVOLUTION-ANNIVERSARY", Some("wedding"), Form::Date),
    family("anniversaries", "DEATHDATE", Some("death"), Form::Date),
    family("notes", "NOTE", None, Form::Text("note")),
    family("media", "PHOTO", Some("photo"), Form::Media),
    family("media", "LOGO", Some("logo"), Form::Media),
    family("media", "SOUND", Some("sound"), Form::Media),
    family("cryptoKeys", "KEY", None, Form::Media),
    family("personalInfo", "EXPERTISE", Some("expertise"), Form::Text("value")),
    family("personalInfo", "HOBBY", Some("hobby"), Form::Text("value")),
    family("personalInfo", "INTEREST", Some("interest"), Form::Text("value")),
    family("preferredLanguages", "LANG", None, Form::Text("language")),
    family("links", "URL", None, Form::Uri("uri", true)),
    family("links", "CONTACT-URI", Some("contact"), Form::Uri("uri", false)),
    family("directories", "SOURCE", Some("entry"), Form::Uri("uri", false)),
    family("directories", "ORG-DIRECTORY", Some("directory"), Form::Uri("uri", false)),
    family("calendars", "CALURI", Some("calendar"), Form::Uri("uri", false)),
    family("calendars", "FBURL", Some("freeBusy"), Form::Uri("uri", false)),
    family("schedulingAddresses", "CALADRURI", None, Form::Uri("uri", false)),
];

/// The members that are maps, in order, each once.
pub(super) fn keys() -> Vec<&'static str> {
    let mut keys: Vec<&str> = FAMILIES.iter().map(|family| family.key).collect();
    keys.dedup();
    keys
}

/// TYPE of a phone: vCard, JSContact.
pub(super) const FEATURES: [(&str, &str); 8] = [
    ("voice", "voice"),
    ("fax", "fax"),
    ("cell", "mobile"),
    ("pager", "pager"),
    ("text", "text"),
    ("video", "video"),
    ("textphone", "textphone"),
    ("main-number", "main-number"),
];
pub(super) const CONTEXTS: [(&str, &str); 2] = [("home", "private"), ("work", "work")];
/// Fields of ADR (RFC 6350 §6.3.1).
pub(super) const ADR: [&str; 7] =
    ["postOfficeBox", "apartment", "name", "locality", "region", "postcode", "country"];
/// Parameters that mean nothing beyond the text form.
const SILENT: &[&str] = &["VALUE", "ENCODING", "CHARSET", "PROP-ID", "TYPE", "PREF"];

/// One thing, its line, and the line of its label.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) family: Family,
    pub(super) id: String,
    pub(super) at: usize,
    pub(super) label: Option<usize>,
    pub(super) json: Map<String, Value>,
}

/// One property and its value with transfer encodings undone.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) prop: Prop,
    pub(super) value: String,
}

/// The entries of a card, in the order of its lines.
pub(super) fn read(items: &[Item], version: Version) -> Vec<Entry> {
    let mut taken: std::collections::HashMap<&str, Map<String, Value>> = std::collections::HashMap::new();
    let labels: std::collections::HashMap<String, usize> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.prop.is("X-ABLabel"))
        .filter_map(|(at, item)| Some((item.prop.group_key()?, at)))
        .collect();
    let groups = groups(items);
    let mut out = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let family =
            FAMILIES.iter().find(|family| item.prop.is(family.name) || item.prop.is(family.old_name));
        let Some(family) = family else { continue };
        let Some(mut json) = family.read(item, version) else { continue };
        let ids = taken.entry(family.key).or_default();
        let own = super::param(&item.prop, "PROP-ID").filter(|id| is_id(id));
        let id = free_id(ids, own.unwrap_or_else(|| family.derived(&item.value)));
        ids.insert(id.clone(), Value::Null);
        let label = item.prop.group_key().and_then(|group| labels.get(&group)).copied();
        let group = item.prop.group.clone().filter(|group| {
            let own = groups.get(&group.to_ascii_lowercase()).copied().unwrap_or(0);
            own > 1 + usize::from(label.is_some()) || label.is_none()
        });
        if let Some(group) = group
            && let Some(params) = json.entry("vCardParams").or_insert_with(|| json!({})).as_object_mut()
        {
            params.insert("group".to_owned(), Value::String(group));
        }
        if let Some(text) = label.and_then(|at| items.get(at)) {
            json.insert("label".to_owned(), Value::String(spoken_label(&text.value)));
        }
        out.push(Entry { family: *family, id, at, label, json });
    }
    out
}

/// How many lines each group has.
pub(super) fn groups(items: &[Item]) -> std::collections::HashMap<String, usize> {
    let mut groups = std::collections::HashMap::new();
    for group in items.iter().filter_map(|item| item.prop.group_key()) {
        *groups.entry(group).or_default() += 1;
    }
    groups
}

/// Apple's own labels are words in brackets: `_$!<HomePage>!$_`.
fn spoken_label(value: &str) -> String {
    unescape_text(value).into_owned()
}

impl Family {
    fn derived(&self, value: &str) -> String {
        id_of(&format!("{}\n{value}", self.name))
    }

    fn read(&self, item: &Item, version: Version) -> Option<Map<String, Value>> {
        let prop = &item.prop;
        let mut out = Map::new();
        if let Some(kind) = self.kind.filter(|kind| *kind != "social") {
            out.insert("kind".to_owned(), json!(kind));
        }
        let mut known: Vec<&str> = SILENT.to_vec();
        match self.form {
            Form::Text(key) => {
                if item.value.trim().is_empty() {
                    return None;
                }
                let mut text = unescape_text(&item.value).into_owned();
                if key == "number" && prop.has_value_type("uri") {
                    text = item.value.trim().to_owned();
                }
                out.insert(key.to_owned(), Value::String(text));
            }
            Form::Uri(key, _) => {
                let address = address(item.value.trim());
                if address.is_empty() {
                    return None;
                }
                out.insert(key.to_owned(), Value::String(address));
                if self.key == "onlineServices" {
                    out.insert("vCardName".to_owned(), json!(prop.name.to_ascii_lowercase()));
                    for (param, member) in
                        [("SERVICE-TYPE", "service"), ("X-SERVICE-TYPE", "service"), ("USERNAME", "user")]
                    {
                        if let Some(value) = super::param(prop, param) {
                            out.entry(member).or_insert(Value::String(value));
                            known.push(param);
                        }
                    }
                }
            }
            Form::Media => media(item, version, &mut out)?,
            Form::Organization => organization(&item.value, &mut out)?,
            Form::Address => {
                adr(item, &mut out);
                known.extend(["LABEL", "CC", "TZ", "GEO"]);
            }
            Form::Date => {
                out.insert("date".to_owned(), dates::read(prop, &item.value)?);
                known.push("X-APPLE-OMIT-YEAR");
            }
        }
        if prop.param("MEDIATYPE").is_some() && matches!(self.form, Form::Media | Form::Uri(..)) {
            out.insert("mediaType".to_owned(), json!(super::param(prop, "MEDIATYPE")));
            known.push("MEDIATYPE");
        }
        if let Some(level) = super::param(prop, "LEVEL").filter(|_| self.key == "personalInfo") {
            let level = match level.to_ascii_lowercase().as_str() {
                "expert" => "high".to_owned(),
                "average" => "medium".to_owned(),
                "beginner" => "low".to_owned(),
                other => other.to_owned(),
            };
            out.insert("level".to_owned(), Value::String(level));
            known.push("LEVEL");
        }
        let rest = self.types(prop, &mut out);
        super::left_params(prop, &known, rest, &mut out);
        Some(out)
    }

    /// Contexts, features and preference; the words that are none of these.
    fn types(&self, prop: &Prop, out: &mut Map<String, Value>) -> Vec<String> {
        let mut contexts = Map::new();
        let mut features = Map::new();
        let mut rest = Vec::new();
        let pref = super::param(prop, "PREF").and_then(|pref| pref.trim().parse::<u8>().ok());
        let mut preferred = pref.filter(|pref| (1..=100).contains(pref));
        for word in super::types(prop) {
            if let Some((_, context)) = CONTEXTS.iter().find(|(known, _)| *known == word) {
                contexts.insert((*context).to_owned(), json!(true));
            } else if word == "pref" {
                preferred = preferred.or(Some(1));
            } else if let Some((_, feature)) =
                FEATURES.iter().find(|(known, _)| *known == word && self.key == "phones")
            {
                features.insert((*feature).to_owned(), json!(true));
            } else if self.form == Form::Media && media_type_of(self.name, &word).is_some() {
                // The format, which the content tells.
            } else {
                rest.push(word);
            }
        }
        if !contexts.is_empty() {
            out.insert("contexts".to_owned(), Value::Object(contexts));
        }
        if !features.is_empty() {
            out.insert("features".to_owned(), Value::Object(features));
        }
        if let Some(pref) = preferred {
            out.insert("pref".to_owned(), json!(pref));
        }
        rest
    }
}

fn media(item: &Item, version: Version, out: &mut Map<String, Value>) -> Option<()> {
    let prop = &item.prop;
    let value = item.value.trim();
    if value.is_empty() || prop.has_value_type("text") {
        return None;
    }
    let packed = super::param(prop, "ENCODING")
        .is_some_and(|word| word.eq_ignore_ascii_case("b") || word.eq_ignore_ascii_case("base64"));
    if packed {
        let content = Packed::base64_of(value).base64()?;
        let said = super::types(prop).iter().find_map(|word| media_type_of(&prop.name, word));
        let kind = said.or_else(|| sniff_base64(&content).map(str::to_owned)).unwrap_or_default();
        out.insert("uri".to_owned(), Value::String(format!("data:{kind};base64,{content}")));
        return Some(());
    }
    let address = if data_uri(value).is_some() { value.replace('\\', "") } else { address(value) };
    if !address.contains(':') {
        return None;
    }
    if version == Version::V3
        && let Some(kind) = super::types(prop).iter().find_map(|word| media_type_of(&prop.name, word))
        && !address.starts_with("data:")
    {
        out.insert("mediaType".to_owned(), Value::String(kind));
    }
    out.insert("uri".to_owned(), Value::String(address));
    Some(())
}

fn organization(value: &str, out: &mut Map<String, Value>) -> Option<()> {
    let mut fields = split_unescaped(value, b';').map(|field| unescape_text(field).into_owned());
    let name = fields.next().unwrap_or_default();
    let units: Vec<Value> =
        fields.filter(|unit| !unit.is_empty()).map(|unit| json!({"name": unit})).collect();
    if name.is_empty() && units.is_empty() {
        return None;
    }
    if !name.is_empty() {
        out.insert("name".to_owned(), Value::String(name));
    }
    if !units.is_empty() {
        out.insert("units".to_owned(), Value::Array(units));
    }
    Some(())
}

fn adr(item: &Item, out: &mut Map<String, Value>) {
    let mut components = Vec::new();
    for (field, kind) in split_unescaped(&item.value, b';').zip(ADR) {
        for part in split_unescaped(field, b',').map(unescape_text).filter(|part| !part.is_empty()) {
            components.push(json!({"kind": kind, "value": part}));
        }
    }
    if !components.is_empty() {
        out.insert("components".to_owned(), Value::Array(components));
    }
    for (param, key) in [("LABEL", "full"), ("CC", "countryCode"), ("TZ", "timeZone"), ("GEO", "coordinates")]
    {
        if let Some(value) = super::param(&item.prop, param) {
            let value = if param == "LABEL" { label_text(&value).into_owned() } else { value };
            out.insert(key.to_owned(), Value::String(value));
        }
    }
}

/// Where an entry belongs: by its kind, and for online services by the property that it came from.
pub(super) fn family_of(key: &str, json: &Map<String, Value>, pointer: &str) -> Result<Family, Refused> {
    let of_key = || FAMILIES.iter().filter(|family| family.key == key);
    let kind = json.get("kind").and_then(Value::as_str);
    if key == "onlineServices" {
        let name = json.get("vCardName").and_then(Value::as_str).unwrap_or("impp");
        let social = name.to_ascii_lowercase().ends_with("socialprofile");
        let found = of_key().find(|family| (family.kind == Some("social")) == social);
        return found.copied().ok_or_else(|| Refused::at(pointer, "an online service was expected"));
    }
    let default = kind.is_none()
        && matches!(key, "titles" | "calendars" | "directories" | "media" | "personalInfo" | "anniversaries");
    let found =
        of_key().find(|family| family.kind == kind || key == "titles" && default && family.name == "TITLE");
    found.copied().ok_or_else(|| {
        let kinds: Vec<&str> = of_key().filter_map(|family| family.kind).collect();
        Refused::at(&format!("{pointer}/kind"), format!("one of {} was expected", kinds.join(", ")))
    })
}

/// The id that a line has by itself.
pub(super) fn derived(family: &Family, value: &str) -> String {
    family.derived(value)
}
