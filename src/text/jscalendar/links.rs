//! Places and addresses: LOCATION with GEO, CONFERENCE, and the links ATTACH, URL and IMAGE.
//!
//! RFC 8984 §4.2.5 to §4.2.7; RFC 5545 §3.8.1.1, §3.8.1.6, §3.8.1.7 and §3.8.4.6, RFC 7986 §5.10 and §5.11. What has a JSON id that
//! does not follow from its value keeps it in the parameter JSID.

use super::super::jsobject::{Refused, check_type, escape, id_of, object, set, text, uri};
use super::super::line::{escape_text, unescape_text};
use super::super::vcard::prop::Prop;
use super::view::{Edit, View, all_params, id_on, named, put_id, put_param, raw_param};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The id of the one location that most objects have.
const LOCATION: &str = "location";

/// Reads the three maps.
pub(super) fn read(view: &mut View<'_, '_, '_>) {
    locations(view);
    conferences(view);
    links(view);
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if edit.changes("locations") {
        locations_edit(edit)?;
    }
    if edit.changes("virtualLocations") {
        entries_edit(edit, "virtualLocations", &conference_lines(&edit.props), conference_edit)?;
    }
    if edit.changes("links") {
        entries_edit(edit, "links", &link_lines(&edit.props), link_edit)?;
    }
    Ok(())
}

/// One thing on a line of its own.
#[derive(Debug, Clone)]
struct Entry {
    id: String,
    at: usize,
}

fn location_lines(props: &[Prop]) -> Vec<Entry> {
    let mut taken = Map::new();
    let lines = named(props, "LOCATION").filter(|(_, prop)| !prop.value.is_empty());
    lines
        .map(|(at, prop)| {
            let id = id_on(prop, &taken, LOCATION);
            taken.insert(id.clone(), Value::Null);
            Entry { id, at }
        })
        .collect()
}

fn locations(view: &mut View<'_, '_, '_>) {
    let mut out = Map::new();
    for Entry { id, at } in location_lines(&view.props) {
        let name = view.props.get(at).map(|prop| unescape_text(&prop.value).into_owned()).unwrap_or_default();
        out.insert(id.clone(), json!({"@type": "Location", "name": name}));
        view.tell(at, &format!("locations/{}/name", escape(&id)), &["JSID"]);
    }
    if let Some((at, prop)) = view.first("GEO")
        && let Some(coordinates) = coordinates(&prop.value)
    {
        // The place of the object is where its first location is.
        let id = location_lines(&view.props).into_iter().next().map(|entry| entry.id);
        let id = id.unwrap_or_else(|| id_on(&prop, &Map::new(), LOCATION));
        let entry = out.entry(id.clone()).or_insert_with(|| json!({"@type": "Location"}));
        if let Some(members) = entry.as_object_mut() {
            members.insert("coordinates".to_owned(), Value::String(coordinates));
            view.tell(at, &format!("locations/{}/coordinates", escape(&id)), &["JSID"]);
        }
    }
    if !out.is_empty() {
        view.set("locations", Value::Object(out));
    }
}

/// `48.85;2.35` as a `geo:` URI (RFC 5870).
fn coordinates(value: &str) -> Option<String> {
    let (latitude, longitude) = value.split_once(';')?;
    let number = |text: &str| {
        text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).map(|_| text.trim().to_owned())
    };
    Some(format!("geo:{},{}", number(latitude)?, number(longitude)?))
}

fn locations_edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    let wanted = edit.entries("locations")?;
    let lines = location_lines(&edit.props);
    let geo = edit.props.iter().position(|prop| prop.is("GEO") && coordinates(&prop.value).is_some());
    for line in lines.iter().filter(|line| wanted.get(&line.id).and_then(|json| json.get("name")).is_none()) {
        edit.draft.remove(line.at);
    }
    let by_id: HashMap<&str, &Entry> = lines.iter().map(|line| (line.id.as_str(), line)).collect();
    let mut placed = None;
    for (id, json) in &wanted {
        let pointer = format!("locations/{}", escape(id));
        let members = object(json, &pointer)?;
        check_type(members, "Location", &pointer)?;
        if let Some(place) = members.get("coordinates").filter(|value| !value.is_null()) {
            placed = Some((id, place, members.contains_key("name")));
        }
        let Some(name) = members.get("name").filter(|value| !value.is_null()) else { continue };
        let value = escape_text(text(name, &format!("{pointer}/name"))?).into_owned();
        let known = by_id.get(id.as_str()).copied();
        let mut prop = match known.and_then(|line| edit.draft.line(line.at)) {
            Some(prop) => prop.clone(),
            None => Prop::new("LOCATION", ""),
        };
        if unescape_text(&prop.value) != unescape_text(&value) || prop.value.is_empty() {
            prop.value = value;
        }
        put_id(
            &mut prop,
            id,
            if known.is_none_or(|line| line.id == LOCATION) { LOCATION } else { "" },
            &pointer,
        )?;
        match known.and_then(|line| edit.draft.line_mut(line.at)) {
            Some(old) => *old = prop,
            None => edit.add(prop, &format!("{pointer}/name"))?,
        }
    }
    geo_edit(edit, geo, placed)
}

fn geo_edit(
    edit: &mut Edit<'_, '_, '_>,
    geo: Option<usize>,
    placed: Option<(&String, &Value, bool)>,
) -> Result<(), Refused> {
    let Some((id, place, has_name)) = placed else {
        if let Some(at) = geo {
            edit.draft.remove(at);
        }
        return Ok(());
    };
    let pointer = format!("locations/{}/coordinates", escape(id));
    let wrong = || Refused::at(&pointer, "coordinates such as geo:48.85,2.35 were expected");
    let given = place.as_str().and_then(|text| text.strip_prefix("geo:")).ok_or_else(wrong)?;
    let value = given.replace(',', ";");
    if coordinates(&value).as_deref() != place.as_str() {
        return Err(wrong());
    }
    let mut prop = geo.and_then(|at| edit.draft.line(at)).cloned().unwrap_or_else(|| Prop::new("GEO", ""));
    if coordinates(&prop.value).as_deref() != place.as_str() {
        prop.value = value;
    }
    put_id(&mut prop, id, if has_name { id } else { LOCATION }, &pointer)?;
    match geo.and_then(|at| edit.draft.line_mut(at)) {
        Some(old) => *old = prop,
        None => edit.add(prop, &pointer)?,
    }
    Ok(())
}

fn conference_lines(props: &[Prop]) -> Vec<Entry> {
    lines_by_value(props, &["CONFERENCE"])
}

fn link_lines(props: &[Prop]) -> Vec<Entry> {
    lines_by_value(props, &["ATTACH", "URL", "IMAGE"])
}

fn lines_by_value(props: &[Prop], names: &[&str]) -> Vec<Entry> {
    let mut taken = Map::new();
    let mut out = Vec::new();
    for (at, prop) in props.iter().enumerate() {
        if names.iter().any(|name| prop.is(name)) && !prop.value.trim().is_empty() {
            let id = id_on(prop, &taken, &id_of(&href(prop)));
            taken.insert(id.clone(), Value::Null);
            out.push(Entry { id, at });
        }
    }
    out
}

/// The address on a line; content that stands on it itself as a `data:` URI (RFC 2397).
fn href(prop: &Prop) -> String {
    let value = prop.value.trim();
    let binary = prop.has_value_type("BINARY")
        || raw_param(prop, "ENCODING").is_some_and(|e| e.eq_ignore_ascii_case("BASE64"));
    if binary {
        let kind = raw_param(prop, "FMTTYPE").unwrap_or_default();
        return format!("data:{kind};base64,{value}");
    }
    value.to_owned()
}

fn conferences(view: &mut View<'_, '_, '_>) {
    let mut out = Map::new();
    for Entry { id, at } in conference_lines(&view.props) {
        let Some(prop) = view.props.get(at) else { continue };
        let mut members = Map::new();
        members.insert("@type".to_owned(), json!("VirtualLocation"));
        members.insert("uri".to_owned(), Value::String(prop.value.trim().to_owned()));
        if let Some(name) = raw_param(prop, "LABEL") {
            members.insert("name".to_owned(), Value::String(name));
        }
        let features: Map<String, Value> = all_params(prop, "FEATURE")
            .iter()
            .flat_map(|list| list.split(',').map(|word| word.trim().to_ascii_lowercase()).collect::<Vec<_>>())
            .map(|word| (word, Value::Bool(true)))
            .collect();
        if !features.is_empty() {
            members.insert("features".to_owned(), Value::Object(features));
        }
        out.insert(id.clone(), Value::Object(members));
        view.tell(at, &format!("virtualLocations/{}", escape(&id)), &["LABEL", "FEATURE", "JSID", "VALUE"]);
    }
    if !out.is_empty() {
        view.set("virtualLocations", Value::Object(out));
    }
}

fn links(view: &mut View<'_, '_, '_>) {
    let mut out = Map::new();
    for Entry { id, at } in link_lines(&view.props) {
        let Some(prop) = view.props.get(at) else { continue };
        let mut members = Map::new();
        members.insert("@type".to_owned(), json!("Link"));
        members.insert("href".to_owned(), Value::String(href(prop)));
        members.insert("rel".to_owned(), json!(rel_of(prop)));
        for (param, key) in [("FMTTYPE", "contentType"), ("LABEL", "title")] {
            if let Some(value) = raw_param(prop, param) {
                members.insert(key.to_owned(), Value::String(value));
            }
        }
        if let Some(size) = raw_param(prop, "SIZE").and_then(|size| size.parse::<u64>().ok()) {
            members.insert("size".to_owned(), json!(size));
        }
        if let Some(display) = raw_param(prop, "DISPLAY").filter(|_| prop.is("IMAGE")) {
            members.insert("display".to_owned(), Value::String(display.to_ascii_lowercase()));
        }
        let known: &[&str] = if prop.is("IMAGE") {
            &["FMTTYPE", "LABEL", "SIZE", "DISPLAY", "JSID", "VALUE", "ENCODING"]
        } else {
            &["FMTTYPE", "LABEL", "SIZE", "JSID", "VALUE", "ENCODING"]
        };
        out.insert(id.clone(), Value::Object(members));
        view.tell(at, &format!("links/{}", escape(&id)), known);
    }
    if !out.is_empty() {
        view.set("links", Value::Object(out));
    }
}

fn rel_of(prop: &Prop) -> &'static str {
    if prop.is("ATTACH") {
        "enclosure"
    } else if prop.is("IMAGE") {
        "icon"
    } else {
        "describedby"
    }
}

type EditEntry = fn(&mut Prop, &str, &Map<String, Value>, &str) -> Result<(), Refused>;

/// Lines whose ids are gone go, those whose objects changed change, new ones are added.
fn entries_edit(
    edit: &mut Edit<'_, '_, '_>,
    key: &str,
    lines: &[Entry],
    change: EditEntry,
) -> Result<(), Refused> {
    let wanted = edit.entries(key)?;
    let old = edit.old.get(key).and_then(Value::as_object);
    for line in lines.iter().filter(|line| !wanted.contains_key(&line.id)) {
        edit.draft.remove(line.at);
    }
    let by_id: HashMap<&str, usize> = lines.iter().map(|line| (line.id.as_str(), line.at)).collect();
    for (id, json) in &wanted {
        let at = by_id.get(id.as_str()).copied();
        if at.is_some() && old.and_then(|old| old.get(id)) == Some(json) {
            continue;
        }
        let pointer = format!("{key}/{}", escape(id));
        let members = object(json, &pointer)?;
        let mut prop = match at.and_then(|at| edit.draft.line(at)) {
            Some(prop) => prop.clone(),
            None => Prop::new("", ""),
        };
        change(&mut prop, id, members, &pointer)?;
        match at.and_then(|at| edit.draft.line_mut(at)) {
            Some(old) => *old = prop,
            None => edit.add(prop, &pointer)?,
        }
    }
    Ok(())
}

fn conference_edit(
    prop: &mut Prop,
    id: &str,
    members: &Map<String, Value>,
    pointer: &str,
) -> Result<(), Refused> {
    check_type(members, "VirtualLocation", pointer)?;
    let pointer_of = |key: &str| format!("{pointer}/{key}");
    let address =
        members.get("uri").ok_or_else(|| Refused::at(&pointer_of("uri"), "an address was expected"))?;
    let address = uri(address, &pointer_of("uri"))?;
    if prop.name.is_empty() {
        *prop = Prop::new("CONFERENCE", "");
        prop.set_param("VALUE", "URI");
    }
    if prop.value.trim() != address {
        address.clone_into(&mut prop.value);
    }
    let name = members.get("name").filter(|value| !value.is_null());
    put_param(prop, "LABEL", name.map(|name| text(name, &pointer_of("name"))).transpose()?);
    let features = set(members.get("features"), &pointer_of("features"))?;
    let mut old: Vec<String> = all_params(prop, "FEATURE")
        .iter()
        .flat_map(|list| list.split(',').map(|word| word.trim().to_ascii_lowercase()).collect::<Vec<_>>())
        .collect();
    old.sort_unstable();
    let mut new: Vec<String> = Vec::new();
    for feature in features {
        super::super::json::checked_name(feature)
            .map_err(|bad| Refused::at(&pointer_of("features"), bad.what))?;
        new.push(feature.to_ascii_lowercase());
    }
    new.sort_unstable();
    if old != new {
        prop.take_param("FEATURE");
        if !new.is_empty() {
            prop.params.push(("FEATURE".to_owned(), new.join(",").to_ascii_uppercase()));
        }
    }
    put_id(prop, id, &id_of(address), pointer)
}

fn link_edit(prop: &mut Prop, id: &str, members: &Map<String, Value>, pointer: &str) -> Result<(), Refused> {
    check_type(members, "Link", pointer)?;
    let pointer_of = |key: &str| format!("{pointer}/{key}");
    let given = |key: &str| members.get(key).filter(|value| !value.is_null());
    let address = given("href").ok_or_else(|| Refused::at(&pointer_of("href"), "an address was expected"))?;
    let address = uri(address, &pointer_of("href"))?;
    let name = match given("rel").and_then(Value::as_str) {
        None | Some("enclosure") => "ATTACH",
        Some("icon") => "IMAGE",
        Some("describedby") => "URL",
        Some(_) => {
            return Err(Refused::at(&pointer_of("rel"), "one of enclosure, describedby, icon was expected"));
        }
    };
    if !prop.is(name) {
        *prop = Prop { name: name.to_owned(), ..prop.clone() };
        if name == "IMAGE" {
            prop.set_param("VALUE", "URI");
        }
    }
    if href(prop) != address {
        address.clone_into(&mut prop.value);
        prop.take_param("ENCODING");
        if prop.has_value_type("BINARY") {
            prop.take_param("VALUE");
        }
    }
    for (param, key) in [("FMTTYPE", "contentType"), ("LABEL", "title")] {
        put_param(prop, param, given(key).map(|value| text(value, &pointer_of(key))).transpose()?);
    }
    let size = match given("size") {
        None => None,
        Some(size) => Some(
            size.as_u64()
                .ok_or_else(|| Refused::at(&pointer_of("size"), "a number of bytes was expected"))?,
        ),
    };
    put_param(prop, "SIZE", size.map(|size| size.to_string()).as_deref());
    if name == "IMAGE" {
        let display = given("display").map(|value| text(value, &pointer_of("display"))).transpose()?;
        let old = raw_param(prop, "DISPLAY").map(|display| display.to_ascii_lowercase());
        if old.as_deref() != display {
            put_param(prop, "DISPLAY", display.map(str::to_ascii_uppercase).as_deref());
        }
    }
    let derived = id_of(&href(prop));
    put_id(prop, id, &derived, pointer)
}
