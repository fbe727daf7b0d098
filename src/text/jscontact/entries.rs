//! Members that are maps of things, each on a line of its own: addresses, phones, dates, pictures and their like.
//!
//! RFC 9553 §2.2 to §2.8; RFC 9555 §2.3 to §2.9 and §2.13, RFC 9554 (PROP-ID). The id of a thing follows from its line, or
//! stands in PROP-ID. `TYPE=home` and `TYPE=work` are contexts, `PREF` and `TYPE=pref` preferences, Apple's `X-ABLabel` a label.

use super::super::jsobject::{Refused, escape, free_id, id_of, is_id, object, set, text, uri};
use super::super::line::{escape_text, split_unescaped, unescape_text};
use super::super::vcard::Version;
use super::super::vcard::convert::address;
use super::super::vcard::image::{Packed, data_uri, media_type_of, sniff_base64, type_word};
use super::super::vcard::prop::Prop;
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
const FEATURES: [(&str, &str); 8] = [
    ("voice", "voice"),
    ("fax", "fax"),
    ("cell", "mobile"),
    ("pager", "pager"),
    ("text", "text"),
    ("video", "video"),
    ("textphone", "textphone"),
    ("main-number", "main-number"),
];
const CONTEXTS: [(&str, &str); 2] = [("home", "private"), ("work", "work")];
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
            out.insert(key.to_owned(), Value::String(value));
        }
    }
}

/// Makes a line say what an entry says. `old` is what it said before.
pub(super) fn write(
    family: &Family,
    prop: &mut Prop,
    value: &str,
    new: &Map<String, Value>,
    old: Option<&Map<String, Value>>,
    version: Version,
    pointer: &str,
) -> Result<(), Refused> {
    let under = |key: &str| format!("{pointer}/{key}");
    let given = |key: &str| new.get(key).filter(|value| !value.is_null());
    let differs = |key: &str| old.is_none_or(|old| old.get(key) != new.get(key));
    let plain = |key: &str| given(key).map(|value| text(value, &under(key))).transpose();
    let need = |key: &str| {
        given(key)
            .ok_or_else(|| Refused::at(&under(key), "this is what the entry is about, and must be there"))
    };
    let mut set_value = None;
    match family.form {
        Form::Text(key) if differs(key) => {
            let text = text(need(key)?, &under(key))?;
            if text.trim().is_empty() {
                return Err(Refused::at(&under(key), "a text that is not empty was expected"));
            }
            let is_uri = prop.has_value_type("uri");
            if is_uri && !text.starts_with("tel:") {
                prop.take_param("VALUE");
            }
            let raw = is_uri && text.starts_with("tel:");
            set_value = Some(if raw { text.to_owned() } else { escape_text(text).into_owned() });
        }
        Form::Uri(key, lax) if differs(key) => {
            let value = need(key)?;
            let address = if lax { text(value, &under(key))?.trim() } else { uri(value, &under(key))? };
            if address.is_empty() || address.contains(['\n', '\r']) {
                return Err(Refused::at(&under(key), "a URI was expected"));
            }
            set_value = Some(address.to_owned());
        }
        Form::Media if differs("uri") || differs("mediaType") => {
            set_value =
                Some(put_media(family, prop, uri(need("uri")?, &under("uri"))?, given("mediaType"), version));
        }
        Form::Organization if differs("name") || differs("units") => {
            let mut fields = vec![escape_text(plain("name")?.unwrap_or_default()).into_owned()];
            if let Some(units) = given("units") {
                let units =
                    units.as_array().ok_or_else(|| Refused::at(&under("units"), "an array was expected"))?;
                for (at, unit) in units.iter().enumerate() {
                    let pointer = format!("{}/{at}/name", under("units"));
                    let name = unit.get("name").ok_or_else(|| Refused::at(&pointer, "a unit has a name"))?;
                    fields.push(escape_text(text(name, &pointer)?).into_owned());
                }
            }
            set_value = Some(fields.join(";"));
        }
        Form::Address => {
            if differs("components") {
                set_value = Some(adr_value(given("components"), &under("components"))?);
            }
            for (param, key) in
                [("LABEL", "full"), ("CC", "countryCode"), ("TZ", "timeZone"), ("GEO", "coordinates")]
            {
                if differs(key) {
                    super::put_param(prop, param, plain(key)?);
                }
            }
        }
        Form::Date if differs("date") => {
            set_value = Some(dates::write(prop, need("date")?, version, &under("date"))?);
        }
        _ => {}
    }
    if let Some(new_value) = set_value
        && new_value != value
    {
        // A new value is plain, whatever packed the old one.
        for name in ["CHARSET", "QUOTED-PRINTABLE"] {
            prop.take_param(name);
        }
        if family.form != Form::Media {
            prop.take_param("ENCODING");
        }
        prop.params.retain(|(name, raw)| !name.is_empty() || !raw.eq_ignore_ascii_case("QUOTED-PRINTABLE"));
        prop.value = new_value;
    }
    if matches!(family.form, Form::Uri(..)) && differs("mediaType") {
        super::put_param(prop, "MEDIATYPE", plain("mediaType")?);
    }
    if family.key == "onlineServices" {
        let service =
            if super::param(prop, "X-SERVICE-TYPE").is_some() { "X-SERVICE-TYPE" } else { "SERVICE-TYPE" };
        for (param, key) in [(service, "service"), ("USERNAME", "user")] {
            if differs(key) {
                super::put_param(prop, param, plain(key)?);
            }
        }
    }
    if family.key == "personalInfo" && differs("level") {
        let level = plain("level")?.map(|level| match level {
            "high" => "expert",
            "medium" => "average",
            "low" => "beginner",
            other => other,
        });
        super::put_param(prop, "LEVEL", level);
    }
    put_types(family, prop, new, &differs, version, pointer)
}

fn put_types(
    family: &Family,
    prop: &mut Prop,
    new: &Map<String, Value>,
    differs: &dyn Fn(&str) -> bool,
    version: Version,
    pointer: &str,
) -> Result<(), Refused> {
    let mut tables: Vec<(&str, &[(&str, &str)])> = vec![("contexts", &CONTEXTS)];
    if family.key == "phones" {
        tables.push(("features", &FEATURES));
    }
    for (key, table) in tables {
        if !differs(key) {
            continue;
        }
        let pointer = format!("{pointer}/{key}");
        let wanted = set(new.get(key), &pointer)?;
        let mut words = Vec::new();
        for word in wanted {
            let known = table.iter().find(|(_, json)| *json == word);
            let (vcard, _) = known.ok_or_else(|| {
                Refused::at(&format!("{pointer}/{}", escape(word)), "not one of the words that this may have")
            })?;
            words.push((*vcard).to_owned());
        }
        let present: Vec<String> = super::types(prop);
        prop.drop_types(|word| {
            let word = word.to_ascii_lowercase();
            table.iter().any(|(known, _)| *known == word) && !words.contains(&word)
        });
        for word in words.iter().filter(|word| !present.contains(word)) {
            super::add_type(prop, word);
        }
    }
    if differs("pref") {
        let pointer = format!("{pointer}/pref");
        let pref = match new.get("pref").filter(|value| !value.is_null()) {
            None => None,
            Some(value) => match value.as_u64().filter(|pref| (1..=100).contains(pref)) {
                Some(pref) => Some(pref),
                None => return Err(Refused::at(&pointer, "a number from 1 to 100 was expected")),
            },
        };
        prop.drop_types(|word| word.eq_ignore_ascii_case("pref"));
        prop.take_param("PREF");
        match pref {
            Some(1) if version == Version::V3 => super::add_type(prop, "pref"),
            Some(pref) => prop.set_param("PREF", &pref.to_string()),
            None => {}
        }
    }
    Ok(())
}

/// The value of PHOTO and its like; its parameters are set on the way.
fn put_media(
    family: &Family,
    prop: &mut Prop,
    address: &str,
    media_type: Option<&Value>,
    version: Version,
) -> String {
    let name = family.name;
    prop.drop_types(|word| media_type_of(name, word).is_some());
    prop.take_param("ENCODING");
    prop.take_param("VALUE");
    let said = media_type.and_then(Value::as_str);
    let inline = data_uri(address).and_then(|packed| {
        let kind = packed.media_type.map(str::to_ascii_lowercase);
        Some((kind, packed.base64()?))
    });
    match (version, inline) {
        (Version::V4, _) => {
            super::put_param(prop, "MEDIATYPE", said);
            address.to_owned()
        }
        (_, Some((kind, content))) => {
            prop.set_param("ENCODING", "b");
            if let Some(kind) = kind {
                super::add_type(prop, &type_word(name, &kind));
            }
            content
        }
        (_, None) => {
            prop.set_param("VALUE", "uri");
            if let Some(kind) = said {
                super::add_type(prop, &type_word(name, kind));
            }
            address.to_owned()
        }
    }
}

fn adr_value(components: Option<&Value>, pointer: &str) -> Result<String, Refused> {
    let mut fields: [Vec<String>; 7] = Default::default();
    let list = match components {
        None => &[][..],
        Some(Value::Array(list)) => list.as_slice(),
        Some(_) => return Err(Refused::at(pointer, "an array was expected")),
    };
    for (at, component) in list.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        let members = object(component, &pointer)?;
        let kind = members.get("kind").and_then(Value::as_str).unwrap_or_default();
        let field = ADR.iter().position(|known| *known == kind).and_then(|at| fields.get_mut(at));
        let field = field.ok_or_else(|| {
            Refused::at(&format!("{pointer}/kind"), format!("one of {} was expected", ADR.join(", ")))
        })?;
        let value = members
            .get("value")
            .ok_or_else(|| Refused::at(&format!("{pointer}/value"), "a text was expected"))?;
        field.push(escape_text(text(value, &format!("{pointer}/value"))?).into_owned());
    }
    Ok(fields.map(|field| field.join(",")).join(";"))
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
