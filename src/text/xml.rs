//! XML of requests as a small tree, and escaping for answers.
//!
//! Namespaces are resolved, a DOCTYPE, an undeclared prefix, an unknown entity and what XML 1.0 forbids are
//! refused, depth and size are bounded (RFC 4918 §17, §20.6). Knows no DAV element by name.

mod encoding;
mod escape;

pub use escape::{escape, escape_attribute};

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Nested elements; real requests need about eight.
const MAX_DEPTH: usize = 64;
/// Elements in a request: 10,000 hrefs of a multiget and room to spare. Each takes many times the memory of its text.
const MAX_ELEMENTS: usize = 25_000;
/// Attributes of one element; real ones have five. Declarations of namespaces in scope the reader itself bounds to 128: that leaves room
/// for an element that is written again with one for each of its attributes.
const MAX_ATTRIBUTES: usize = 64;
/// Bytes of all names with their namespaces: each element has its own copy of a namespace that is declared once.
const MAX_NAME_BYTES: usize = 8 * 1024 * 1024;

/// Why a body is not acceptable XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadXml {
    /// In words fit for a client.
    pub what: &'static str,
    /// Namespace and local name of the root, where the body was refused for its length: it may still be told by name.
    pub root: Option<(String, String)>,
}

const fn bad(what: &'static str) -> BadXml {
    BadXml { what, root: None }
}

/// An attribute with its namespace resolved (`""` where it has none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace URI or `""`.
    pub ns: String,
    /// Local name.
    pub local: String,
    /// Value, entities resolved.
    pub value: String,
}

/// A child of an element, in document order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Character data, entities resolved.
    Text(String),
    /// A nested element.
    Element(Element),
}

/// An element with its namespace resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace URI or `""`.
    pub ns: String,
    /// Local name.
    pub local: String,
    /// Attributes in order, `xmlns` ones left out.
    pub attributes: Vec<Attribute>,
    /// Text and elements in order.
    pub nodes: Vec<Node>,
}

/// The namespace that the prefix `xml` is bound to.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Element {
    /// Whether this is the element `local` of namespace `ns`.
    pub fn is(&self, ns: &str, local: &str) -> bool {
        self.local == local && self.ns == ns
    }

    /// Child elements in order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element with this name.
    pub fn child(&self, ns: &str, local: &str) -> Option<&Element> {
        self.children().find(|child| child.is(ns, local))
    }

    /// All child elements with this name.
    pub fn children_named<'e>(&'e self, ns: &'e str, local: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children().filter(move |child| child.is(ns, local))
    }

    /// The element's own text, blanks kept.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for node in &self.nodes {
            if let Node::Text(text) = node {
                out.push_str(text);
            }
        }
        out
    }

    /// The value of an attribute without a namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.local == local && a.ns.is_empty()).map(|a| a.value.as_str())
    }

    /// `xml:lang` of this element itself.
    pub fn lang(&self) -> Option<&str> {
        self.attributes.iter().find(|a| a.local == "lang" && a.ns == XML).map(|a| a.value.as_str())
    }

    /// Writes the element as a fragment that declares each namespace it needs.
    pub fn write(&self, out: &mut String) {
        self.write_in(out, "");
    }

    // Recursion is bounded by MAX_DEPTH: trees only come from `parse`.
    fn write_in(&self, out: &mut String, default_ns: &str) {
        out.push('<');
        out.push_str(&self.local);
        if self.ns != default_ns {
            out.push_str(" xmlns=\"");
            escape_attribute(out, &self.ns);
            out.push('"');
        }
        for (at, attribute) in self.attributes.iter().enumerate() {
            if attribute.ns == XML {
                out.push_str(" xml:");
            } else if attribute.ns.is_empty() {
                out.push(' ');
            } else {
                out.push_str(&format!(" xmlns:a{at}=\""));
                escape_attribute(out, &attribute.ns);
                out.push_str(&format!("\" a{at}:"));
            }
            out.push_str(&attribute.local);
            out.push_str("=\"");
            escape_attribute(out, &attribute.value);
            out.push('"');
        }
        if self.nodes.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.nodes {
            match node {
                Node::Text(text) => escape(out, text),
                Node::Element(element) => element.write_in(out, &self.ns),
            }
        }
        out.push_str("</");
        out.push_str(&self.local);
        out.push('>');
    }
}

/// Reads a whole request body.
pub fn parse(body: &[u8]) -> Result<Element, BadXml> {
    let text = encoding::decode(body)?;
    let text = text.as_ref();
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let (mut count, mut name_bytes) = (0, 0);
    let mut unchecked = text;
    loop {
        let event = reader.read_event().map_err(|_| bad("the body is not well-formed XML"))?;
        // Looked at piece by piece, for of what is refused the rest need not be.
        let piece = match event {
            Event::Eof => Some((unchecked, "")),
            _ => {
                let rest = usize::try_from(reader.buffer_position()).ok().and_then(|at| text.get(at..));
                rest.and_then(|rest| unchecked.split_at_checked(unchecked.len().checked_sub(rest.len())?))
            }
        };
        let (piece, rest) = piece.ok_or(bad("the body is not well-formed XML"))?;
        if !piece.chars().all(is_xml_char) {
            return Err(bad("a character that XML 1.0 forbids"));
        }
        unchecked = rest;
        match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(bad("a DOCTYPE is refused")),
            Event::Start(ref start) | Event::Empty(ref start) => {
                count += 1;
                if open.len() >= MAX_DEPTH || count > MAX_ELEMENTS {
                    let root = open.first().map(|root| (root.ns.clone(), root.local.clone()));
                    return Err(BadXml { what: "XML nested too deep or too long", root });
                }
                if root.is_some() {
                    return Err(bad("more than one root element"));
                }
                let element = start_element(&reader, start, &mut name_bytes)?;
                open.push(element);
                if matches!(event, Event::Empty(_)) {
                    close(&mut open, &mut root);
                }
            }
            Event::End(_) => close(&mut open, &mut root),
            Event::Text(ref text) => push_text(&mut open, &text.xml10_content())?,
            Event::CData(ref data) => push_text(&mut open, &data.xml10_content())?,
            Event::GeneralRef(ref reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(c)) if is_xml_char(c) => c,
                    Ok(None) => entity(&reference.xml10_content()).ok_or(bad("an unknown entity"))?,
                    _ => return Err(bad("a bad character reference")),
                };
                push_text(&mut open, resolved.encode_utf8(&mut [0; 4]))?;
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if !open.is_empty() {
        return Err(bad("the body is not well-formed XML"));
    }
    root.ok_or(bad("the body holds no element"))
}

fn start_element(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    name_bytes: &mut usize,
) -> Result<Element, BadXml> {
    let (ns, local) = reader.resolver().resolve_element(start.name());
    let (ns, local) = name(&ns, local.as_ref(), name_bytes)?;
    let mut element = Element { ns, local, attributes: Vec::new(), nodes: Vec::new() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| bad("a bad attribute"))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        if element.attributes.len() == MAX_ATTRIBUTES {
            return Err(bad("too many attributes on an element"));
        }
        let (ns, local) = reader.resolver().resolve_attribute(attribute.key);
        let (ns, local) = name(&ns, local.as_ref(), name_bytes)?;
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| bad("a bad attribute"))?;
        element.attributes.push(Attribute { ns, local, value: value.into_owned() });
    }
    Ok(element)
}

/// A name of its own for an element or attribute; `bytes` are those of all names so far.
fn name(ns: &ResolveResult<'_>, local: &str, bytes: &mut usize) -> Result<(String, String), BadXml> {
    let (ns, local) = (namespace(ns)?, ncname(local)?);
    *bytes += ns.len() + local.len();
    if *bytes > MAX_NAME_BYTES {
        return Err(bad("names too long for their number"));
    }
    Ok((ns.to_owned(), local.to_owned()))
}

fn namespace<'n>(resolved: &'n ResolveResult<'n>) -> Result<&'n str, BadXml> {
    match resolved {
        ResolveResult::Unbound => Ok(""),
        ResolveResult::Bound(namespace) => Ok(namespace.as_ref()),
        ResolveResult::Unknown(_) => Err(bad("an undeclared namespace prefix")),
    }
}

/// A local name must be one (XML Names §3), for it is written back into answers: the parser itself takes any text for a name.
fn ncname(local: &str) -> Result<&str, BadXml> {
    if is_name(local) { Ok(local) } else { Err(bad("a bad name")) }
}

/// Whether `local` can be the local name of an element (XML Names §3, `NCName`).
pub fn is_name(local: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '_' | '-' | '.' | '\u{b7}')
            || (!c.is_ascii() && !c.is_whitespace())
    };
    let mut chars = local.chars();
    chars.next().is_some_and(begins) && chars.all(goes_on)
}

fn close(open: &mut Vec<Element>, root: &mut Option<Element>) {
    if let Some(mut done) = open.pop() {
        // Most hold one thing, for which a list makes room for four.
        done.nodes.shrink_to_fit();
        done.attributes.shrink_to_fit();
        match open.last_mut() {
            Some(parent) => parent.nodes.push(Node::Element(done)),
            None => *root = Some(done),
        }
    }
}

fn push_text(open: &mut [Element], text: &str) -> Result<(), BadXml> {
    match open.last_mut() {
        Some(element) => {
            if let Some(Node::Text(before)) = element.nodes.last_mut() {
                before.push_str(text);
            } else {
                element.nodes.push(Node::Text(text.to_owned()));
            }
            Ok(())
        }
        None if text.trim().is_empty() => Ok(()),
        None => Err(bad("text outside the root element")),
    }
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// What XML 1.0 §2.2 allows in a document.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_text_and_language_survive() {
        let body = "<?xml version=\"1.0\"?><D:set xmlns:D='DAV:' xmlns:x='urn:x'><x:note xml:lang='fr' x:k='1'>a&amp;b&#233; <b xmlns=''>c</b><![CDATA[<]]></x:note></D:set>";
        let root = parse(body.as_bytes()).expect("well-formed");
        assert!(root.is("DAV:", "set"));
        let note = root.child("urn:x", "note").expect("there");
        assert_eq!(note.lang(), Some("fr"));
        assert_eq!(note.text(), "a&bé <");
        let mut out = String::new();
        note.write(&mut out);
        let again = parse(out.as_bytes()).expect("well-formed again");
        assert_eq!(&again, note);
    }

    #[test]
    fn blanks_of_attributes_survive() {
        let element = parse(b"<a b='x&#10;y&#9;z&#13;&#10;' c='x\ny\tz'>p\nq\tr</a>").expect("well-formed");
        assert_eq!(element.attribute("b"), Some("x\ny\tz\r\n"));
        assert_eq!(element.attribute("c"), Some("x y z"), "XML 1.0 §3.3.3");
        let mut out = String::new();
        element.write(&mut out);
        assert_eq!(out, "<a b=\"x&#10;y&#9;z&#13;&#10;\" c=\"x y z\">p\nq\tr</a>");
        assert_eq!(parse(out.as_bytes()), Ok(element));
    }

    #[test]
    fn attacks_are_refused() {
        for body in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a>&unknown;</a>",
            "<x:a/>",
            "<a x:b='1'/>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<D:a:b xmlns:D='DAV:'/>",
            "<a\"b/>",
            "<1a/>",
            "<a b:c:d='1' xmlns:b='x'/>",
            "<a><b></a>",
            "<a/><b/>",
            "",
            "text",
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse("<a>".repeat(100_000).as_bytes()).is_err());
        assert!(parse(&[b'<', b'a', b'>', 0xff, b'<', b'/', b'a', b'>']).is_err());
    }

    #[test]
    fn what_a_body_may_cost_is_bounded() {
        let elements = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(parse(elements(MAX_ELEMENTS).as_bytes()).is_ok());
        assert!(parse(elements(MAX_ELEMENTS + 1).as_bytes()).is_err());
        let attributes = |count: usize, name: &str| {
            let all: String = (0..count).map(|at| format!(" {name}{at}='b'")).collect();
            parse(format!("<a{all}/>").as_bytes())
        };
        assert!(attributes(MAX_ATTRIBUTES, "c").is_ok());
        assert!(attributes(MAX_ATTRIBUTES + 1, "c").is_err());
        assert!(attributes(100, "xmlns:c").is_ok());
        assert!(attributes(1_000, "xmlns:c").is_err());
        // One long namespace, copied by each of many elements.
        let space = "x".repeat(MAX_NAME_BYTES / 1_000);
        assert!(parse(format!("<a xmlns='{space}'>{}</a>", "<b/>".repeat(500)).as_bytes()).is_ok());
        assert!(parse(format!("<a xmlns='{space}'>{}</a>", "<b/>".repeat(1_000)).as_bytes()).is_err());
    }

    #[test]
    fn what_has_the_most_attributes_can_be_read_again() {
        let spaces: String =
            (0..MAX_ATTRIBUTES).map(|at| format!(" xmlns:c{at}='urn:{at}' c{at}:d='e'")).collect();
        let element = parse(format!("<a xmlns='urn:x'{spaces}/>").as_bytes());
        let element = element.expect("as many as may be");
        let mut written = String::new();
        element.write(&mut written);
        assert_eq!(parse(written.as_bytes()), Ok(element));
    }
}
