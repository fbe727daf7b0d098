//! Reads what DAV servers answer, as far as the doctor looks. RFC 4918 §13.

use crate::text::xml::{self, Element};

pub const DAV: &str = "DAV:";
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
pub const CS: &str = "http://calendarserver.org/ns/";

/// One resource of an answer.
#[derive(Debug)]
pub struct Response {
    /// Its href, as written.
    pub href: String,
    /// Its properties that were given with 200.
    props: Vec<Element>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Multistatus {
    /// The resources.
    pub responses: Vec<Response>,
    /// The token of a sync report.
    pub sync_token: Option<String>,
}

impl Multistatus {
    /// Reads a body; `None` where it is none.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let root = xml::parse(body).ok().filter(|root| root.is(DAV, "multistatus"))?;
        let responses = root.children_named(DAV, "response").map(response).collect();
        let sync_token = root.child(DAV, "sync-token").map(|token| token.text().trim().to_owned());
        Some(Multistatus { responses, sync_token })
    }
}

fn response(element: &Element) -> Response {
    let good = |propstat: &&Element| {
        propstat.child(DAV, "status").is_some_and(|status| status.text().contains(" 200 "))
    };
    let props = element
        .children_named(DAV, "propstat")
        .filter(good)
        .filter_map(|propstat| propstat.child(DAV, "prop"));
    Response {
        href: element.child(DAV, "href").map(|href| href.text().trim().to_owned()).unwrap_or_default(),
        props: props.flat_map(Element::children).cloned().collect(),
    }
}

impl Response {
    /// A property.
    pub fn prop(&self, ns: &str, local: &str) -> Option<&Element> {
        self.props.iter().find(|prop| prop.is(ns, local))
    }

    /// A property's text, where it has one.
    pub fn text(&self, ns: &str, local: &str) -> Option<String> {
        self.prop(ns, local).map(|prop| prop.text().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The hrefs inside a property.
    pub fn hrefs(&self, ns: &str, local: &str) -> Vec<String> {
        let all = self
            .prop(ns, local)
            .map(|prop| prop.children_named(DAV, "href").map(|href| href.text().trim().to_owned()).collect());
        all.unwrap_or_default()
    }

    /// Whether its resource type has this.
    pub fn is(&self, ns: &str, local: &str) -> bool {
        self.prop(DAV, "resourcetype").is_some_and(|kinds| kinds.child(ns, local).is_some())
    }
}
