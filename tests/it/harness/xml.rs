//! XML as tests write and read it: names with fixed prefixes, answers read by a parser that is not the server's.

/// Prefixes that tests use in names and bodies.
const PREFIXES: [(&str, &str); 6] = [
    ("D", "DAV:"),
    ("C", "urn:ietf:params:xml:ns:caldav"),
    ("R", "urn:ietf:params:xml:ns:carddav"),
    ("S", "http://calendarserver.org/ns/"),
    ("A", "http://apple.com/ns/ical/"),
    ("X", "http://example.org/ns/"),
];

/// Namespace and local name of `D:getetag`.
pub fn name(qualified: &str) -> (&'static str, &str) {
    let (prefix, local) = qualified.split_once(':').expect("a name with a prefix");
    let found = PREFIXES.iter().find(|(known, _)| *known == prefix);
    (found.unwrap_or_else(|| panic!("unknown prefix in {qualified}")).1, local)
}

/// A document with this root, which declares all prefixes.
pub fn document(root: &str, inside: &str) -> String {
    let declared: String = PREFIXES.iter().map(|(prefix, ns)| format!(" xmlns:{prefix}=\"{ns}\"")).collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{root}{declared}>{inside}</{root}>")
}

/// A `DAV:prop` that asks for these.
pub fn prop(names: &[&str]) -> String {
    let inside: String = names.iter().map(|name| format!("<{name}/>")).collect();
    format!("<D:prop>{inside}</D:prop>")
}

/// An element of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml {
    pub ns: String,
    pub local: String,
    pub lang: Option<String>,
    pub attributes: Vec<(String, String)>,
    /// Its own text, blanks kept.
    pub text: String,
    pub children: Vec<Xml>,
}

/// Reads a document; panics where it is not well-formed XML 1.0.
#[track_caller]
pub fn parse(text: &str) -> Xml {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    Xml::of(document.root_element())
}

impl Xml {
    fn of(node: roxmltree::Node<'_, '_>) -> Xml {
        const XML: &str = "http://www.w3.org/XML/1998/namespace";
        Xml {
            ns: node.tag_name().namespace().unwrap_or_default().to_owned(),
            local: node.tag_name().name().to_owned(),
            lang: node.attribute((XML, "lang")).map(str::to_owned),
            attributes: node
                .attributes()
                .filter(|attribute| attribute.namespace() != Some(XML))
                .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
                .collect(),
            text: node.children().filter(roxmltree::Node::is_text).filter_map(|text| text.text()).collect(),
            children: node.children().filter(roxmltree::Node::is_element).map(Xml::of).collect(),
        }
    }

    /// Whether this is `D:response` or the like.
    pub fn is(&self, qualified: &str) -> bool {
        let (ns, local) = name(qualified);
        self.local == local && self.ns == ns
    }

    /// The first child of this name.
    pub fn child(&self, qualified: &str) -> Option<&Xml> {
        self.children.iter().find(|child| child.is(qualified))
    }

    /// All children of this name.
    pub fn all<'x>(&'x self, qualified: &'x str) -> impl Iterator<Item = &'x Xml> {
        self.children.iter().filter(move |child| child.is(qualified))
    }

    /// The element at the end of a path of names, blanks between them.
    pub fn at(&self, path: &str) -> Option<&Xml> {
        path.split_whitespace().try_fold(self, |element, step| element.child(step))
    }

    /// The value of an attribute.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == local).map(|(_, value)| value.as_str())
    }

    /// Whether any element below has this name.
    pub fn holds(&self, qualified: &str) -> bool {
        self.children.iter().any(|child| child.is(qualified) || child.holds(qualified))
    }

    /// The texts of all `D:href` children.
    pub fn hrefs(&self) -> Vec<String> {
        self.all("D:href").map(|href| href.text.clone()).collect()
    }
}
