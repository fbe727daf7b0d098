//! Whether a check's time follows the size of its input: shapes that a parser could be quadratic in, each in two sizes.

use super::checks;
use std::time::{Duration, Instant};

/// An input that grows: what stands before, what is repeated (`#` becomes a number), what stands after.
pub struct Shape {
    /// The check that it is for.
    pub check: &'static str,
    /// What is repeated.
    pub name: &'static str,
    before: &'static str,
    again: &'static str,
    after: &'static str,
}

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n";
const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n";
const OVERRIDDEN: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n";
const ZONE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Custom\r\n";
const ZONED: &str = "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Custom:20260105T090000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
const END: &str = "END:VEVENT\r\nEND:VCALENDAR\r\n";
const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nN:a;b;;;\r\nFN:b a\r\n";
const CARD_END: &str = "END:VCARD\r\n";
const FILTER: &str = "\x01\x00\n<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">";
const FILTER_END: &str = "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>";

const fn shape(
    check: &'static str,
    name: &'static str,
    before: &'static str,
    again: &'static str,
    after: &'static str,
) -> Shape {
    Shape { check, name, before, again, after }
}

/// All shapes.
pub const ALL: &[Shape] = &[
    shape("forms", "attendees", EVENT, "ATTENDEE;CN=\"a#\";PARTSTAT=ACCEPTED:mailto:a#@b\r\n", END),
    shape("forms", "equal attendees", EVENT, "ATTENDEE:mailto:a@b\r\n", END),
    shape("forms", "dates", SERIES, "EXDATE:2026#NT090000Z\r\n", END),
    shape("forms", "keywords", EVENT, "CATEGORIES:a\\,,b#\r\n", END),
    shape("forms", "phones", CARD, "item#.TEL:#\r\nitem#.X-ABLabel:l\r\n", CARD_END),
    shape(
        "forms",
        "overrides",
        OVERRIDDEN,
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:2026#NT090000Z\r\nDTSTART:2026#NT100000Z\r\nEND:VEVENT\r\n",
        "END:VCALENDAR\r\n",
    ),
    shape("calendar", "folds", EVENT, "SUMMARY:a\r\n b\r\n", END),
    shape("calendar", "one folded line", "BEGIN:VCALENDAR\r\nX:", "\r\n a", "\r\nEND:VCALENDAR\r\n"),
    shape(
        "calendar",
        "parameters",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-A",
        ";X-#=q",
        ":x\r\nEND:VCALENDAR\r\n",
    ),
    shape(
        "calendar",
        "parameter values",
        "BEGIN:VCALENDAR\r\nX-A;X-P=\"a\"",
        ",\"b\"",
        ":x\r\nEND:VCALENDAR\r\n",
    ),
    shape("calendar", "quotes", "BEGIN:VCALENDAR\r\nX-A;X-P=", "\"", ":x\r\nEND:VCALENDAR\r\n"),
    shape("calendar", "attendees", EVENT, "ATTENDEE;CN=\"a#\";PARTSTAT=ACCEPTED:mailto:a#@b\r\n", END),
    shape("calendar", "categories", EVENT, "CATEGORIES:a\\,,b#\r\n", END),
    shape(
        "calendar",
        "alarms",
        EVENT,
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT#S\r\nREPEAT:9\r\nDURATION:PT1M\r\nEND:VALARM\r\n",
        END,
    ),
    shape("calendar", "EXDATE values", EVENT, "EXDATE:20260105T090000Z,20260106T090000Z\r\n", END),
    shape("calendar", "EXDATEs of a series", SERIES, "EXDATE:2026#N09T090000Z\r\n", END),
    shape("calendar", "RDATE values", EVENT, "RDATE:2026#NT090000Z\r\n", END),
    shape("calendar", "RDATE periods", SERIES, "RDATE;VALUE=PERIOD:2026#NT090000Z/PT1H\r\n", END),
    shape("calendar", "RRULEs", EVENT, "RRULE:FREQ=YEARLY;INTERVAL=#\r\n", END),
    shape("calendar", "EXRULEs", SERIES, "EXRULE:FREQ=YEARLY;INTERVAL=#\r\n", END),
    shape(
        "calendar",
        "overrides",
        OVERRIDDEN,
        "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:2026#NT090000Z\r\nDTSTART:2026#NT100000Z\r\nEND:VEVENT\r\n",
        "END:VCALENDAR\r\n",
    ),
    shape(
        "calendar",
        "overrides of the future",
        OVERRIDDEN,
        "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:2026#NT090000Z\r\nDTSTART:2026#NT100000Z\r\nEND:VEVENT\r\n",
        "END:VCALENDAR\r\n",
    ),
    shape(
        "calendar",
        "observances",
        ZONE,
        "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n",
        ZONED,
    ),
    shape(
        "calendar",
        "RDATEs of an observance",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Custom\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n",
        "RDATE:20261025T030000\r\n",
        "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Custom:20260105T090000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ),
    shape(
        "calendar",
        "zones",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:z#\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:2026#NT090000Z\r\nDTSTART;TZID=z#:20260105T090000\r\nEND:VEVENT\r\n",
        "END:VCALENDAR\r\n",
    ),
    shape(
        "calendar",
        "busy periods",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\n",
        "FREEBUSY:2026#NT090000Z/PT1H\r\n",
        "END:VFREEBUSY\r\nEND:VCALENDAR\r\n",
    ),
    shape("recurrence", "days of the year", "FREQ=YEARLY;BYYEARDAY=1", ",2", ""),
    shape("recurrence", "weekdays", "FREQ=MONTHLY;BYDAY=MO", ",1TU,-1WE", ""),
    shape("recurrence", "seconds", "FREQ=DAILY;BYSECOND=0", ",1,2,3", ""),
    shape("recurrence", "positions", "FREQ=YEARLY;BYMONTH=1,2;BYSETPOS=1", ",-1,2", ""),
    shape(
        "card",
        "mails",
        CARD,
        "item#.EMAIL;TYPE=INTERNET,pref:a#@b.example\r\nitem#.X-ABLabel:_$!<Home>!$_\r\n",
        CARD_END,
    ),
    shape(
        "card",
        "types",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b;;;\r\nFN:b\r\nTEL",
        ";TYPE=HOME,WORK",
        ":1\r\nEND:VCARD\r\n",
    ),
    shape("card", "names", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:b\r\nN:a", ";b,c", "\r\nEND:VCARD\r\n"),
    shape(
        "card",
        "a picture",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b;;;\r\nFN:b\r\nPHOTO;ENCODING=b;TYPE=JPEG:",
        "/9j/4AAQ\r\n ",
        "\r\nEND:VCARD\r\n",
    ),
    shape(
        "card",
        "members",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:b\r\nKIND:group\r\n",
        "MEMBER:urn:uuid:#\r\n",
        CARD_END,
    ),
    shape(
        "card",
        "version 2.1",
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M",
        "=C3=BC=\r\n",
        "r\r\nEND:VCARD\r\n",
    ),
    shape("xml", "elements", "<a>", "<b c=\"d\"/>", "</a>"),
    shape("xml", "attributes", "<a ", " b#=\"c\"", "/>"),
    shape("xml", "prefixes", "<a ", " xmlns:p#=\"c\"", "/>"),
    shape("xml", "namespaces", "<a>", "<b xmlns=\"#\"/>", "</a>"),
    shape("xml", "entities", "<a>", "&lt;&#65;", "</a>"),
    shape("xml", "pieces of text", "<a>", "b<!-- c --><![CDATA[d]]><?e f?>", "</a>"),
    shape(
        "json",
        "properties",
        "[\"vcalendar\",[[\"version\",{},\"text\",\"2.0\"]",
        ",[\"x-a#\",{\"b\":[\"c\",\"d\"]},\"text\",\"e\"]",
        "],[]]",
    ),
    shape(
        "json",
        "values",
        "[\"vcard\",[[\"version\",{},\"text\",\"4.0\"],[\"n\",{},\"text\",[\"a\"",
        ",[\"b\",\"c\"]",
        "]]]]",
    ),
    shape("values", "a duration", "P1W", "1", ""),
    shape("values", "digits", "PT", "9", "S"),
    shape("href", "segments", "/dav/calendars/a", "/b%20c", ""),
    shape("href", "one segment", "/dav/calendars/a/b/c", "%20d", ".ics"),
    shape("request", "If lists", "\x03\x03", "(<urn:x> [\"e#\"]) ", "\nBEGIN:VCALENDAR\r\n"),
    shape(
        "request",
        "filters",
        FILTER,
        "<C:prop-filter name=\"X-#\"><C:text-match>a</C:text-match></C:prop-filter>",
        FILTER_END,
    ),
    shape(
        "request",
        "properties",
        "\x00\x00\n<D:propfind xmlns:D=\"DAV:\"><D:prop>",
        "<D:a#/>",
        "</D:prop></D:propfind>",
    ),
    shape(
        "request",
        "property updates",
        "\x02\x00\n<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>",
        "<D:a#>b</D:a#>",
        "</D:prop></D:set></D:propertyupdate>",
    ),
    shape(
        "request",
        "hrefs",
        "\x01\x00\n<C:calendar-multiget xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><C:calendar-data/></D:prop>",
        "<D:href>/dav/calendars/f/default/#.ics</D:href>",
        "</C:calendar-multiget>",
    ),
    shape(
        "request",
        "entries of a list",
        "\x06\x00\n<D:acl xmlns:D=\"DAV:\">",
        "<D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>",
        "</D:acl>",
    ),
];

impl Shape {
    /// The input of about so many octets. `#N` becomes a month and a day, `#` a number.
    pub fn grown(&self, octets: usize) -> Vec<u8> {
        let mut text = String::with_capacity(octets + 1024);
        text.push_str(self.before);
        let mut number = 0;
        while text.len() < octets {
            let day = format!("{:02}{:02}", number / 28 % 12 + 1, number % 28 + 1);
            text.push_str(&self.again.replace("#N", &day).replace('#', &number.to_string()));
            number += 1;
        }
        text.push_str(self.after);
        text.into_bytes()
    }

    /// The least time of some runs.
    pub fn time(&self, octets: usize, runs: usize) -> Duration {
        let Some((_, judge)) = checks::ALL.iter().find(|(name, _)| *name == self.check) else {
            return Duration::ZERO;
        };
        let input = self.grown(octets);
        let run = || {
            let begun = Instant::now();
            judge(&input);
            begun.elapsed()
        };
        (0..runs).map(|_| run()).min().unwrap_or_default()
    }
}
