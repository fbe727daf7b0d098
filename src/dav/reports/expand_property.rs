//! `DAV:expand-property`: properties of resources that properties point to. RFC 3253 §3.8.

use crate::dav::href;
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::Request;
use crate::dav::resource::{self, Resource};
use crate::dav::stream::XML;
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::fault::Fault;
use crate::text::xml::{self, Element, Node};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::future::Future;
use std::pin::Pin;

/// Properties nested in properties: real clients use two levels.
const MAX_LEVELS: usize = 4;
/// Resources that one report looks up.
const MAX_LOOKUPS: usize = 1_000;

/// Answers 207.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    let mut out = String::with_capacity(2048);
    write::begin(&mut out, "multistatus");
    let mut lookups = 0;
    expand(request, &resource, root, MAX_LEVELS, &mut lookups, &mut out).await?;
    write::end(&mut out, "multistatus");
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out))
}

/// Writes the response of one resource; properties that hold hrefs and have nested ones hold responses instead.
fn expand<'a>(
    request: &'a Request<'_>,
    resource: &'a Resource,
    asked: &'a Element,
    levels: usize,
    lookups: &'a mut usize,
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
        let select = Select::parse(Some(&parent));
        let extras = resource::extras(request.core, &request.actor, resource, select.needs()).await;
        let view = View { core: request.core, actor: &request.actor, resource, extras: &extras };
        let mut own = String::new();
        select.respond(&view, request.minimal(), None, &mut own);
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
                *lookups += 1;
                if *lookups > MAX_LOOKUPS {
                    break;
                }
                let Some(target) = href::parse_href(&sent) else { continue };
                match resource::load(request.core, &request.actor, &target).await {
                    Ok(other) => expand(request, &other, property, levels - 1, lookups, &mut inside).await?,
                    Err(_) => write::status_response(&mut inside, &sent, "404 Not Found"),
                }
            }
            found.nodes = fragment(&format!("<D:x>{inside}</D:x>"))?.nodes;
        }
        response.write(out);
        Ok(())
    })
}

/// Reads back what was just written.
fn fragment(text: &str) -> Result<Element, Fault> {
    let mut whole = String::with_capacity(text.len() + 256);
    write::begin(&mut whole, "multistatus");
    whole.push_str(text);
    write::end(&mut whole, "multistatus");
    let root = xml::parse(whole.as_bytes()).map_err(|_| Fault::Internal)?;
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
