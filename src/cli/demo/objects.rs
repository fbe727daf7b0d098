//! New calendar objects, by the `icalendar` builder, with their time zone and without what the builder adds needlessly.

use super::people::{Person, ZONE};
use crate::text::component::{Document, Edit, Limits, apply};
use crate::text::recur::civil::DAY;
use crate::text::recur::moment::{write_date, write_local};
use crate::text::zone;
use icalendar::{Alarm, Calendar, Component, Property};

/// A day, counted as `text::recur::civil` counts.
pub type Day = i64;

/// A local time of some day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The day.
    pub day: Day,
    /// Minutes since midnight.
    pub minute: u32,
}

/// A time of a day: `at(monday, 9, 30)`.
pub const fn at(day: Day, hour: u32, minute: u32) -> At {
    At { day, minute: hour * 60 + minute }
}

impl At {
    /// So much later, on the same day.
    pub const fn plus(self, minutes: u32) -> At {
        At { day: self.day, minute: self.minute + minutes }
    }

    /// As iCalendar writes it, without a zone.
    pub fn text(self) -> String {
        write_local(self.day * DAY + i64::from(self.minute) * 60)
    }

    /// As a property with the demonstration's time zone.
    pub fn property(self, name: &str) -> Property {
        Property::new(name, self.text()).add_parameter("TZID", ZONE).done()
    }
}

/// A day as a property.
pub fn day_property(name: &str, day: Day) -> Property {
    Property::new(name, write_date(day)).add_parameter("VALUE", "DATE").done()
}

/// A person as ORGANIZER or ATTENDEE.
pub fn involved(name: &str, who: &Person, status: Option<&str>) -> Property {
    let mut property = Property::new(name, format!("mailto:{}", who.mail()));
    property.add_parameter("CN", &who.name());
    if let Some(status) = status {
        property.add_parameter("PARTSTAT", status).add_parameter("ROLE", "REQ-PARTICIPANT");
    }
    property.done()
}

/// A room as ATTENDEE.
pub fn room(name: &str, mail: &str) -> Property {
    Property::new("ATTENDEE", format!("mailto:{mail}"))
        .add_parameter("CN", name)
        .add_parameter("CUTYPE", "ROOM")
        .add_parameter("PARTSTAT", "ACCEPTED")
        .add_parameter("ROLE", "NON-PARTICIPANT")
        .done()
}

/// A reminder; `trigger` as iCalendar writes it, `-PT15M`.
pub fn alarm(trigger: &str, text: &str) -> Alarm {
    Alarm::display(
        text,
        icalendar::Trigger::DateTime(icalendar::CalendarDateTime::Floating(Default::default())),
    )
    .append_property(Property::new("TRIGGER", trigger))
    .done()
}

/// A calendar object of components of one UID, as it is stored.
pub fn object<C: Into<icalendar::CalendarComponent>>(parts: Vec<C>) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", concat!("-//Cenacle//", env!("CARGO_PKG_VERSION"), "//FR")));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    for part in parts {
        calendar.push(part);
    }
    finished(&calendar.to_string())
}

/// Puts the time zone in where one is named, and takes the DTSTAMP out of alarms, where it means nothing.
fn finished(text: &str) -> String {
    let Ok(document) = Document::parse(text, Limits::default()) else { return text.to_owned() };
    let mut edits = Vec::new();
    let mut first = None;
    for part in document.roots.iter().flat_map(|calendar| &calendar.children) {
        first.get_or_insert(part.span.start);
        for alarm in part.children_named("VALARM") {
            edits.extend(
                alarm
                    .lines_named("DTSTAMP")
                    .map(|line| Edit { span: line.span.clone(), with: String::new() }),
            );
        }
    }
    if let Some(first) = first
        && text.contains(&format!("TZID={ZONE}"))
        && let Some(zone) = zone::vtimezone(ZONE)
    {
        edits.push(Edit { span: first..first, with: zone });
    }
    apply(text, edits)
}

#[cfg(test)]
mod tests {
    use super::super::people::PEOPLE;
    use super::*;
    use crate::text::ical::CalendarIndex;
    use crate::text::recur::civil::day_number;
    use icalendar::{Event, EventLike};

    #[test]
    fn what_is_built_is_one_valid_object() {
        let day = day_number(2026, 3, 2);
        let mut event = Event::with_uid("u@demo");
        event.summary("Réunion, « bilan »; suite").append_property(at(day, 9, 5).property("DTSTART"));
        event.append_property(at(day, 9, 5).plus(90).property("DTEND"));
        event.append_multi_property(involved("ATTENDEE", &PEOPLE[0], Some("ACCEPTED")));
        event.alarm(alarm("-PT15M", "Réunion"));
        let body = object(vec![event.done()]);
        let document = Document::parse(&body, Limits::default()).expect("readable");
        let index = CalendarIndex::build(&document).expect("valid");
        assert_eq!((index.uid.as_str(), index.parts.len()), ("u@demo", 1));
        assert_eq!(body.matches("DTSTAMP").count(), 1, "{body}");
        assert!(body.contains("BEGIN:VTIMEZONE\r\nTZID:Europe/Paris"));
        assert!(body.contains("DTSTART;TZID=Europe/Paris:20260302T090500\r\n"));
        assert!(body.contains("DTEND;TZID=Europe/Paris:20260302T103500\r\n"));
        assert!(body.contains("TRIGGER:-PT15M\r\n"), "{body}");
        assert!(body.contains("SUMMARY:Réunion\\, « bilan »\\; suite\r\n"));
    }
}
