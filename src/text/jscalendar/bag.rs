//! What JSON cannot say: the member `iCalendar` of an object, in the terms of jCal.
//!
//! draft-ietf-calext-jscalendar-icalendar (ICalComponent): `properties` and `components` hold what has no member of its own,
//! `convertedProperties` the parameters of those that have one. Read-only in a stored object: a change goes by
//! the text form; a new object may bring it along.

use super::super::component::Component;
use super::super::jcal;
use super::super::jsobject::{Refused, object};
use super::super::json::{checked_name, scalar};
use super::super::line::encode_param;
use super::super::vcard::prop::Prop;
use serde_json::{Map, Value};

/// The lines and children that are not told, and the parameters of told ones; `None` where nothing is left.
pub(super) fn left(
    part: &Component<'_>,
    told: &[bool],
    told_children: &[bool],
    converted: Map<String, Value>,
) -> Option<Value> {
    let untold = |told: &[bool], at: usize| !told.get(at).copied().unwrap_or(false);
    let lines = part.lines.iter().enumerate().filter(|(at, _)| untold(told, *at));
    let properties: Vec<Value> = lines.map(|(_, line)| jcal::property(line)).collect();
    let children = part.children.iter().enumerate().filter(|(at, _)| untold(told_children, *at));
    let components: Vec<Value> = children.map(|(_, child)| jcal::to_jcal(child)).collect();
    component(&part.name, properties, components, converted)
}

/// An ICalComponent; `None` where it would say nothing.
pub(super) fn component(
    name: &str,
    properties: Vec<Value>,
    components: Vec<Value>,
    converted: Map<String, Value>,
) -> Option<Value> {
    if properties.is_empty() && components.is_empty() && converted.is_empty() {
        return None;
    }
    let mut out = Map::new();
    out.insert("@type".to_owned(), Value::String("ICalComponent".to_owned()));
    out.insert("name".to_owned(), Value::String(name.to_ascii_lowercase()));
    if !properties.is_empty() {
        out.insert("properties".to_owned(), Value::Array(properties));
    }
    if !components.is_empty() {
        out.insert("components".to_owned(), Value::Array(components));
    }
    if !converted.is_empty() {
        out.insert("convertedProperties".to_owned(), Value::Object(converted));
    }
    Some(Value::Object(out))
}

/// `convertedProperties` of a bag.
pub(super) fn converted(bag: Option<&Value>) -> Option<&Map<String, Value>> {
    bag?.get("convertedProperties")?.as_object()
}

/// Gives a property the parameters that a bag keeps for it.
pub(super) fn parameters(prop: &mut Prop, kept: &Value, pointer: &str) -> Result<(), Refused> {
    let wrong = |what: &str| {
        let pointer = super::super::jsobject::escape(pointer);
        Refused::at(&format!("iCalendar/convertedProperties/{pointer}"), what)
    };
    let Some(parameters) = kept.get("parameters") else { return Ok(()) };
    let parameters = parameters.as_object().ok_or_else(|| wrong("parameters are an object"))?;
    for (name, value) in parameters {
        let name = checked_name(name).map_err(|bad| wrong(bad.what))?;
        let raw = match value {
            Value::Array(values) => {
                values.iter().map(|v| encode_param(&scalar(v))).collect::<Vec<_>>().join(",")
            }
            single => encode_param(&scalar(single)),
        };
        if name == "GROUP" {
            continue;
        }
        match prop.params.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(&name)) {
            Some((_, old)) => *old = raw,
            None => prop.params.push((name, raw)),
        }
    }
    Ok(())
}

/// The content lines and the components that a bag holds.
pub(super) fn content(bag: &Value, pointer: &str) -> Result<(String, Vec<String>), Refused> {
    let bag = object(bag, pointer)?;
    let list = |key: &str| match bag.get(key) {
        None | Some(Value::Null) => Ok(&[][..]),
        Some(Value::Array(values)) => Ok(values.as_slice()),
        Some(_) => Err(Refused::at(&format!("{pointer}/{key}"), "an array was expected")),
    };
    let mut lines = String::new();
    for (at, json) in list("properties")?.iter().enumerate() {
        let wrong =
            |bad: super::super::json::BadJson| Refused::at(&format!("{pointer}/properties/{at}"), bad.what);
        jcal::write_property(&mut lines, json).map_err(wrong)?;
    }
    let mut components = Vec::new();
    for (at, json) in list("components")?.iter().enumerate() {
        let text = jcal::from_jcal(json)
            .map_err(|bad| Refused::at(&format!("{pointer}/components/{at}"), bad.what))?;
        components.push(text);
    }
    Ok((lines, components))
}
