//! Every namespace that DAV answers use, with its prefix.

/// RFC 4918.
pub const DAV: &str = "DAV:";
/// RFC 4791, 6638, 7809, 7953.
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// RFC 6352.
pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
/// `getctag` and other properties that Apple's servers began.
pub const CS: &str = "http://calendarserver.org/ns/";
/// `calendar-color` and `calendar-order`.
pub const APPLE: &str = "http://apple.com/ns/ical/";

/// The prefixes that each multistatus declares.
pub const PREFIXES: &[(&str, &str)] = &[("D", DAV), ("C", CALDAV), ("R", CARDDAV), ("S", CS), ("A", APPLE)];

/// The prefix of a namespace, where it has one.
pub fn prefix(ns: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(_, known)| *known == ns).map(|(prefix, _)| *prefix)
}

/// The declarations for a root element.
pub const DECLARATIONS: &str = " xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
     xmlns:R=\"urn:ietf:params:xml:ns:carddav\" xmlns:S=\"http://calendarserver.org/ns/\" \
     xmlns:A=\"http://apple.com/ns/ical/\"";
