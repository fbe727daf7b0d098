//! Time zones by reference: the definitions of zones that everybody knows are left out of an object, or put into it.
//!
//! RFC 7809 §3.1, §7.1. Zones that only the object itself defines always stay in it.

use crate::text::component::{Component, Document, Edit, Limits, apply};
use crate::text::line::Line;
use crate::text::zone::{Zone, kept_vtimezone};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Zones that are put into one object; real ones have two or three.
const MOST: usize = 50;

/// What a client says of VTIMEZONE components in what it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definitions {
    /// `T`: each zone is defined.
    With,
    /// `F`: zones of the IANA database are not.
    Without,
}

impl Definitions {
    /// The value of a `CalDAV-Timezones` header; `None` where it says nothing.
    pub fn read(header: &str) -> Option<Self> {
        match header.trim() {
            "T" | "t" => Some(Definitions::With),
            "F" | "f" => Some(Definitions::Without),
            _ => None,
        }
    }

    /// The whole object so; borrowed where it is so already.
    pub fn applied(self, body: &str) -> Cow<'_, str> {
        let edits = match Document::parse(body, Limits::default()) {
            Ok(document) => self.edits(&document),
            // Stored objects have been read once; should one not be readable, it is handed out untouched.
            Err(_) => Vec::new(),
        };
        if edits.is_empty() { Cow::Borrowed(body) } else { Cow::Owned(apply(body, edits)) }
    }

    fn edits(self, document: &Document<'_>) -> Vec<Edit> {
        let calendars = document.roots.iter().filter(|root| root.is("VCALENDAR"));
        match self {
            Definitions::Without => calendars
                .flat_map(|calendar| calendar.children_named("VTIMEZONE"))
                .filter(|zone| zone.value("TZID").is_some_and(is_known))
                .map(|zone| Edit { span: zone.span.clone(), with: String::new() })
                .collect(),
            Definitions::With => calendars.filter_map(missing).collect(),
        }
    }
}

/// Whether the name alone says which zone is meant, to anybody.
fn is_known(tzid: &str) -> bool {
    matches!(Zone::iana(tzid), Some(Zone::Iana(_)))
}

/// The definitions that a calendar uses and lacks, before its first component.
fn missing(calendar: &Component<'_>) -> Option<Edit> {
    let mut used = BTreeSet::new();
    calendar.children.iter().for_each(|child| gather(child, &mut used));
    let defined: BTreeSet<&str> =
        calendar.children_named("VTIMEZONE").filter_map(|zone| zone.value("TZID")).collect();
    let mut with = String::new();
    for tzid in used.iter().filter(|tzid| !defined.contains(tzid.as_str()) && is_known(tzid)).take(MOST) {
        with.push_str(&kept_vtimezone(tzid)?);
    }
    let at = calendar.children.first().map_or(calendar.end.start, |child| child.span.start);
    (!with.is_empty()).then_some(Edit { span: at..at, with })
}

// Recursion is bounded by `Limits::depth`.
fn gather(component: &Component<'_>, used: &mut BTreeSet<String>) {
    let named = |line: &Line<'_>| line.param("TZID").map(Cow::into_owned);
    used.extend(component.lines.iter().filter_map(named));
    component.children.iter().for_each(|child| gather(child, used));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(zones: &str, tzid: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID={tzid}:20260301T090000\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    #[test]
    fn known_zones_go_and_come() {
        let paris = kept_vtimezone("Europe/Paris").expect("known");
        let (with, without) = (object(&paris, "Europe/Paris"), object("", "Europe/Paris"));
        assert_eq!(Definitions::Without.applied(&with), without);
        assert_eq!(Definitions::With.applied(&without), with);
        assert!(matches!(Definitions::With.applied(&with), Cow::Borrowed(_)));
        assert!(matches!(Definitions::Without.applied(&without), Cow::Borrowed(_)));
    }

    #[test]
    fn zones_of_an_objects_own_stay() {
        let own = "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n\
                   TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
        let object = object(own, "Ours");
        assert_eq!(Definitions::Without.applied(&object), object);
        assert_eq!(Definitions::With.applied(&object), object);
        let nowhere = self::object("", "Nowhere/Known");
        assert_eq!(Definitions::With.applied(&nowhere), nowhere);
    }

    #[test]
    fn the_header_says_one_of_two_things() {
        assert_eq!(Definitions::read(" F "), Some(Definitions::Without));
        assert_eq!(Definitions::read("T"), Some(Definitions::With));
        assert_eq!(Definitions::read("yes"), None);
    }
}
