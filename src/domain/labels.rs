//! What people see of a collection: names, colours, an order. Kept properties with known names, read and written as plain texts.
//!
//! RFC 4918 §15.2, RFC 4791 §5.2.1, RFC 6352 §6.2.1; colour and order as Apple's clients keep them.

use super::props::{Change, Prop, Props};
use crate::text::xml::escape;

/// A label of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Its name.
    Name,
    /// What a calendar is for.
    CalendarDescription,
    /// What an address book is for.
    BookDescription,
    /// `#RRGGBB` or `#RRGGBBAA`.
    Color,
    /// A number: collections with small ones come first.
    Order,
}

impl Label {
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Label::Name => ("DAV:", "displayname"),
            Label::CalendarDescription => ("urn:ietf:params:xml:ns:caldav", "calendar-description"),
            Label::BookDescription => ("urn:ietf:params:xml:ns:carddav", "addressbook-description"),
            Label::Color => ("http://apple.com/ns/ical/", "calendar-color"),
            Label::Order => ("http://apple.com/ns/ical/", "calendar-order"),
        }
    }

    /// The text that is kept, without the blanks around it.
    pub fn of(self, props: &Props) -> Option<&str> {
        let (ns, local) = self.name();
        props.get(ns, local).map(|prop| prop.text.trim()).filter(|text| !text.is_empty())
    }

    /// Keeps a text, or none. What says the same already stays as a client wrote it, language and all.
    pub fn set(self, props: &mut Props, text: Option<&str>) {
        if self.of(props) == text {
            return;
        }
        let (ns, local) = self.name();
        match text {
            None => props.apply(&[Change::Remove { ns, local }]),
            Some(text) => {
                let mut xml = format!("<{local} xmlns=\"{ns}\">");
                escape(&mut xml, text);
                xml.push_str(&format!("</{local}>"));
                props.set(Prop { ns: ns.to_owned(), local: local.to_owned(), text: text.to_owned(), xml });
            }
        }
    }
}

/// Whether a text can be written into XML, and so be told by every protocol.
pub fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_written() {
        let mut props = Props::default();
        assert_eq!(Label::Name.of(&props), None);
        Label::Name.set(&mut props, Some("A < B & C"));
        assert_eq!(Label::Name.of(&props), Some("A < B & C"));
        let prop = props.get("DAV:", "displayname").expect("kept");
        assert_eq!(prop.xml, "<displayname xmlns=\"DAV:\">A &lt; B &amp; C</displayname>");
        Label::Name.set(&mut props, None);
        assert_eq!(props, Props::default());
    }

    #[test]
    fn what_says_the_same_stays_as_it_was_written() {
        let xml = "<displayname xml:lang=\"fr\" xmlns=\"DAV:\">Agenda</displayname>".to_owned();
        let mut props = Props::default();
        props.set(Prop {
            ns: "DAV:".into(),
            local: "displayname".into(),
            text: "Agenda".into(),
            xml: xml.clone(),
        });
        Label::Name.set(&mut props, Some("Agenda"));
        assert_eq!(props.get("DAV:", "displayname").map(|prop| &prop.xml), Some(&xml));
    }

    #[test]
    fn control_characters_are_not_plain() {
        assert!(is_plain("Équipe\n\t☃"));
        for bad in ["\0", "a\u{1}", "\u{1b}", "\u{ffff}"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
