//! `DAV:expand-property`: properties of resources that properties point to. RFC 3253 §3.8.

use crate::dav::href;
use crate::dav::props::View;
use crate::dav::props::select::{MAX_ASKED, Select};
use crate::dav::request::Request;
use crate::dav::resource::{self, Resource};
use crate::dav::stream::XML;
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::fault::{Condition, Fault};
use crate::text::xml::{self, Element, Node};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::future::Future;
use std::pin::Pin;

/// Properties nested in properties: real clients use two levels.
const MAX_LEVELS: usize = 4;
/// Resources that one report looks up.
const MAX_LOOKUPS: usize = 1_000;
/// Properties that one report tells, of all resources together.
const MAX_TOLD: usize = 20_000;
/// Bytes of them, for the answer is made in memory.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What a report may still cost.
struct Left {
    lookups: usize,
    told: usize,
    bytes: usize,
}

impl Left {
    /// One more resource is told with so many properties in so many bytes.
    fn take(&mut self, told: usize, bytes: usize) -> Result<(), Fault> {
        let left = self.told.checked_sub(told).zip(self.bytes.checked_sub(bytes));
        (self.told, self.bytes) = left.ok_or(Condition::NumberOfMatchesWithinLimits)?;
        Ok(())
    }
}

/// Answers 207. A bad request where more than [`MAX_ASKED`] properties are named, on all levels together.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    if named(root) > MAX_ASKED {
        return Err(Fault::BadRequest(format!("a report names at most {MAX_ASKED} properties")));
    }
    let mut out = String::with_capacity(2048);
    write::begin(&mut out, "multistatus");
    let mut left = Left { lookups: MAX_LOOKUPS, told: MAX_TOLD, bytes: MAX_BYTES };
    expand(request, &resource, root, MAX_LEVELS, &mut left, &mut out).await?;
    write::end(&mut out, "multistatus");
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out))
}

/// The properties named in an element, at any depth. Recursion is bounded by the depth that `text::xml` allows.
fn named(asked: &Element) -> usize {
    asked.children_named(DAV, "property").map(|property| 1 + named(property)).sum()
}

/// Writes the response of one resource; properties that hold hrefs and have nested ones hold responses instead.
fn expand<'a>(
    request: &'a Request<'_>,
    resource: &'a Resource,
    asked: &'a Element,
    levels: usize,
    left: &'a mut Left,
    out: &'a mut String,
) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>> {
    Box::pin(async move {
        let mut plain = Element { ns: DAV.into(), local: "prop".into(), attributes: vec![], nodes: vec![] };
        let mut nested = Vec::new();
        for property in asked.children_named(DAV, "property") {
            let name = property.attribute("name").unwrap_or_default().to_owned();
            if !xml::is_name(&name) {
                return Err(Fault::BadRequest(format!("'{name}' is not the name of a property")));
            }
            let ns = property.attribute("namespace").unwrap_or(DAV).to_owned();
            if property.children().next().is_some() && levels > 0 {
                nested.push((ns.clone(), name.clone(), property));
            }
            plain.nodes.push(Node::Element(Element { ns, local: name, attributes: vec![], nodes: vec![] }));
        }
        let parent = Element {
            ns: DAV.into(),
            local: "propfind".into(),
            attributes: vec![],
            nodes: vec![Node::Element(plain)],
        };
        let select = Select::parse(Some(&parent))?;
        let extras = resource::extras(request.core, &request.actor, resource, select.needs()).await;
        let view = View { core: request.core, actor: &request.actor, resource, extras: &extras };
        let mut own = String::new();
        select.respond(&view, request.minimal(), None, &mut own);
        left.take(asked.children().count(), own.len())?;
        if nested.is_empty() {
            out.push_str(&own);
            return Ok(());
        }
        let mut response = fragment(&own)?;
        for (ns, name, property) in nested {
            let Some(found) = find_property(&mut response, &ns, &name) else { continue };
            let hrefs: Vec<String> = found.children_named(DAV, "href").map(Element::text).collect();
            let mut inside = String::new();
            for sent in hrefs {
                let Some(fewer) = left.lookups.checked_sub(1) else { break };
                left.lookups = fewer;
                let Some(target) = href::parse_href(&sent) else { continue };
                match resource::load(request.core, &request.actor, &target).await {
                    Ok(other) => expand(request, &other, property, levels - 1, left, &mut inside).await?,
                    Err(_) => write::status_response(&mut inside, &sent, "404 Not Found"),
                }
            }
            found.nodes = fragment(&format!("<D:x>{inside}</D:x>"))?.nodes;
        }
        response.write(out);
        Ok(())
    })
}

/// Reads back what was just written: it may be longer than what a request may be.
fn fragment(text: &str) -> Result<Element, Fault> {
    let mut whole = String::with_capacity(text.len() + 256);
    write::begin(&mut whole, "multistatus");
    whole.push_str(text);
    write::end(&mut whole, "multistatus");
    let root = xml::parse(whole.as_bytes()).map_err(|_| Condition::NumberOfMatchesWithinLimits)?;
    root.children().next().cloned().ok_or(Fault::Internal)
}

fn find_property<'e>(response: &'e mut Element, ns: &str, local: &str) -> Option<&'e mut Element> {
    let step = |element: &'e mut Element, ns: &str, local: &str| {
        element.nodes.iter_mut().find_map(|node| match node {
            Node::Element(child) if child.is(ns, local) => Some(child),
            _ => None,
        })
    };
    let propstat = step(response, DAV, "propstat")?;
    let prop = step(propstat, DAV, "prop")?;
    step(prop, ns, local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_on_all_levels() {
        let text = "<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"owner\"><D:property name=\"a\"><D:property name=\"b\"/>\
                    </D:property><D:property name=\"c\"/></D:property><D:property name=\"d\"/><D:other/></D:expand-property>";
        assert_eq!(named(&xml::parse(text.as_bytes()).expect("well-formed")), 5);
    }

    #[test]
    fn what_all_resources_tell_is_bounded() {
        let mut left = Left { lookups: 1, told: 10, bytes: 100 };
        assert_eq!(left.take(6, 50), Ok(()));
        assert_eq!(left.take(4, 50), Ok(()));
        let refused = Err(Condition::NumberOfMatchesWithinLimits.into());
        assert_eq!(left.take(1, 0), refused);
        assert_eq!(left.take(0, 1), refused);
    }
}
