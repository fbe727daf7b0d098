//! The lines of entries: what a map of things says, put on the line that it stands for.
//!
//! RFC 9555 §3; only what differs from before is touched. `entries` reads what this writes.

use super::super::jsobject::{Refused, escape, object, set, text, uri};
use super::super::line::escape_text;
use super::super::vcard::Version;
use super::super::vcard::image::{data_uri, media_type_of, type_word};
use super::super::vcard::prop::Prop;
use super::dates;
use super::entries::{ADR, CONTEXTS, FEATURES, Family, Form};
use serde_json::{Map, Value};

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
