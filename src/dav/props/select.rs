//! What a request asks of each resource, and the `response` element that answers it.
//!
//! RFC 4918 §9.1, §14.20; RFC 7240 and RFC 8144 (`return=minimal` leaves the 404 part out).

use super::{Property, View, all, find};
use crate::dav::resource::{Resource, need};
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::fault::Fault;
use crate::domain::invitation;
use crate::domain::props::{Prop, Props};
use crate::text::xml::{Element, escape};
use std::collections::HashSet;

/// Properties that one request asks for; real ones ask for some thirty.
pub const MAX_ASKED: usize = 1_000;
/// Bytes of their names and namespaces: those that a resource has not are told back for each resource.
const MAX_ASKED_BYTES: usize = 64 * 1024;

/// One property that was asked for.
#[derive(Clone)]
pub struct Asked {
    ns: String,
    local: String,
    known: Option<&'static Property>,
}

/// What was asked for.
#[derive(Clone)]
pub enum Select {
    /// `allprop`, with what `include` adds.
    All(Vec<Asked>),
    /// `propname`
    Names,
    /// `prop`
    These(Vec<Asked>),
}

/// A property whose content the caller has made: `calendar-data` or `address-data`.
#[derive(Clone, Copy)]
pub struct Data<'d> {
    /// Namespace.
    pub ns: &'d str,
    /// Local name.
    pub local: &'d str,
    /// Content, not escaped yet.
    pub text: &'d str,
}

impl Asked {
    fn of(element: &Element) -> Self {
        Asked {
            ns: element.ns.clone(),
            local: element.local.clone(),
            known: find(&element.ns, &element.local),
        }
    }
}

/// The properties named by the children of an element, each once.
fn asked(parent: &Element) -> Result<Vec<Asked>, Fault> {
    let (mut seen, mut bytes, mut all) = (HashSet::new(), 0, Vec::new());
    for element in parent.children() {
        if !seen.insert((element.ns.as_str(), element.local.as_str())) {
            continue;
        }
        bytes += element.ns.len() + element.local.len();
        if all.len() == MAX_ASKED || bytes > MAX_ASKED_BYTES {
            return Err(Fault::BadRequest(format!(
                "a request asks for at most {MAX_ASKED} properties, with {MAX_ASKED_BYTES} bytes of names"
            )));
        }
        all.push(Asked::of(element));
    }
    Ok(all)
}

impl Select {
    /// From the children of a `propfind` or report element; without any, everything is asked.
    ///
    /// What is asked for twice is told once. A bad request where there are more than [`MAX_ASKED`] names, or very long ones.
    pub fn parse(parent: Option<&Element>) -> Result<Select, Fault> {
        let Some(parent) = parent else { return Ok(Select::All(Vec::new())) };
        if let Some(prop) = parent.child(DAV, "prop") {
            return asked(prop).map(Select::These);
        }
        if parent.child(DAV, "propname").is_some() {
            return Ok(Select::Names);
        }
        let include = parent.child(DAV, "include").map(asked).transpose()?;
        Ok(Select::All(include.unwrap_or_default()))
    }

    /// Only these live properties of DAV.
    pub fn these(names: &[&str]) -> Select {
        let asked =
            |local: &&str| Asked { ns: DAV.to_owned(), local: (*local).to_owned(), known: find(DAV, local) };
        Select::These(names.iter().map(asked).collect())
    }

    /// Only the property that this element names.
    pub fn one(element: &Element) -> Select {
        Select::These(vec![Asked::of(element)])
    }

    /// The element of the first property that is named, if the resource has it.
    pub fn first(&self, view: &View<'_>) -> Option<String> {
        let Select::These(asked) = self else { return None };
        let mut out = String::new();
        asked.first()?.write(view, None, &mut out).then_some(out)
    }

    /// What must be loaded, as bits of `resource::need`. Kept properties of items need the whole item.
    pub fn needs(&self) -> u8 {
        match self {
            Select::Names | Select::All(_) => need::WHOLE,
            Select::These(asked) => asked
                .iter()
                .map(|one| one.known.map_or(need::WHOLE, |known| known.needs))
                .fold(0, |all, one| all | one),
        }
    }

    /// Writes the `response` of one resource.
    pub fn respond(&self, view: &View<'_>, minimal: bool, data: Option<Data<'_>>, out: &mut String) {
        write::begin_response(out, &view.resource.href());
        match self {
            Select::These(asked) => {
                let missing: Vec<&Asked> = asked.iter().filter(|one| !one.write(view, data, out)).collect();
                write::end_propstat(out, "200 OK");
                if !missing.is_empty() && !minimal {
                    out.push_str("<D:propstat><D:prop>");
                    for one in missing {
                        write::empty(out, &one.ns, &one.local);
                    }
                    write::end_propstat(out, "404 Not Found");
                }
            }
            Select::All(include) => {
                for property in all().filter(|property| property.allprop) {
                    write_live(property, view, out);
                }
                write_kept(view.resource, out);
                for one in include {
                    one.write(view, data, out);
                }
                write::end_propstat(out, "200 OK");
            }
            Select::Names => {
                for property in all() {
                    let mark = out.len();
                    if write_live(property, view, out) {
                        out.truncate(mark);
                        write::empty(out, property.ns, property.local);
                    }
                }
                for prop in kept(view.resource).into_iter().flat_map(Props::iter).filter(is_told) {
                    write::empty(out, &prop.ns, &prop.local);
                }
                write::end_propstat(out, "200 OK");
            }
        }
        write::end_response(out);
    }
}

impl Asked {
    /// Writes the property with its content, if the resource has it.
    fn write(&self, view: &View<'_>, data: Option<Data<'_>>, out: &mut String) -> bool {
        if let Some(data) = data
            && data.local == self.local
            && data.ns == self.ns
        {
            write::open(out, data.ns, data.local);
            escape(out, data.text);
            write::close(out, data.ns, data.local);
            return true;
        }
        if self.known.is_some_and(|property| write_live(property, view, out)) {
            return true;
        }
        match kept(view.resource).and_then(|props| props.get(&self.ns, &self.local)).filter(is_told) {
            Some(prop) => {
                out.push_str(&prop.xml);
                true
            }
            None => false,
        }
    }
}

fn write_live(property: &Property, view: &View<'_>, out: &mut String) -> bool {
    if property.kinds & view.resource.kind() == 0 {
        return false;
    }
    let mark = out.len();
    write::open(out, property.ns, property.local);
    if (property.get)(view, out) {
        write::close(out, property.ns, property.local);
        true
    } else {
        out.truncate(mark);
        false
    }
}

fn write_kept(resource: &Resource, out: &mut String) {
    for prop in kept(resource).into_iter().flat_map(Props::iter).filter(is_told) {
        out.push_str(&prop.xml);
    }
}

/// What the server itself notes on a collection is told to nobody.
fn is_told(prop: &&Prop) -> bool {
    prop.ns != invitation::MARK.0
}

fn kept(resource: &Resource) -> Option<&Props> {
    match resource {
        Resource::Plain(_) | Resource::Proxy(..) | Resource::Notices(..) | Resource::Notice(..) => None,
        Resource::Principal(principal) => Some(&principal.props),
        Resource::Home(home) => home.own.then_some(&home.state.props),
        Resource::Collection(access) => Some(&access.collection().props),
        Resource::Item { object, .. } => object.as_deref().map(|object| &object.props),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::xml::parse;

    fn select(inside: &str) -> Result<Select, Fault> {
        let text = format!("<D:propfind xmlns:D=\"DAV:\">{inside}</D:propfind>");
        Select::parse(Some(&parse(text.as_bytes()).expect("well-formed")))
    }

    fn names(count: usize) -> String {
        (0..count).map(|at| format!("<D:a{at}/>")).collect()
    }

    #[test]
    fn names_are_counted_once_and_bounded() {
        let most = names(MAX_ASKED);
        let Ok(Select::These(asked)) = select(&format!("<D:prop>{most}{most}</D:prop>")) else {
            panic!("as many as may be, each twice")
        };
        assert_eq!(asked.len(), MAX_ASKED);
        for inside in [
            format!("<D:prop>{}</D:prop>", names(MAX_ASKED + 1)),
            format!("<D:allprop/><D:include>{}</D:include>", names(MAX_ASKED + 1)),
            format!("<D:prop><x:a xmlns:x=\"urn:{}\"/></D:prop>", "x".repeat(MAX_ASKED_BYTES)),
        ] {
            assert!(matches!(select(&inside), Err(Fault::BadRequest(_))));
        }
        assert!(matches!(select(&format!("<D:allprop/><D:include>{most}</D:include>")), Ok(Select::All(_))));
    }
}
