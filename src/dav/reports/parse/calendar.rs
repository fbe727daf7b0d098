//! `CALDAV:filter` of calendar-query (RFC 4791 §9.7).

use super::{Reader, invalid, window};
use crate::domain::fault::{Fault, FilterPart};
use crate::domain::query::{CalendarFilter, ComponentFilter, ComponentTest, PropFilter, PropTest};
use crate::text::recur::Window;
use crate::text::xml::Element;

/// Components that stand directly in a calendar object.
const TOP: [&str; 7] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY", "VPOLL"];
/// Components whose time RFC 4791 §9.9 and RFC 7953 §7.2 define; and VCALENDAR, whose time no RFC defines but programs
/// ask for that look for all kinds of components at once: it is that of the components in it.
const TIMED: [&str; 7] = ["VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VALARM"];
/// Properties that are one date or one date-time (RFC 4791 §9.9 names the first seven).
const DATES: [&str; 9] = [
    "COMPLETED",
    "CREATED",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "DUE",
    "LAST-MODIFIED",
    "RECURRENCE-ID",
    "ACKNOWLEDGED",
];
/// Properties that have times, but not one: RFC 4791 §9.9 leaves open what a time-range of them means, and it is not answered.
const TIMES: [&str; 4] = ["EXDATE", "FREEBUSY", "RDATE", "TRIGGER"];

/// Reads a `CALDAV:filter`.
///
/// Fails with `valid-filter` where the grammar or the nesting is broken, with `supported-filter` where it asks what
/// cannot be answered, with `supported-collation` for an unknown collation.
pub fn calendar_filter(filter: &Element) -> Result<CalendarFilter, Fault> {
    let mut reader = Reader::calendar();
    let mut children = filter.children();
    let root = children.next().filter(|root| root.is(reader.ns, "comp-filter"));
    let root = root.ok_or_else(|| invalid("a filter holds one comp-filter"))?;
    if children.next().is_some() {
        return Err(invalid("a filter holds one comp-filter"));
    }
    Ok(CalendarFilter { root: reader.comp_filter(root, None)? })
}

impl Reader {
    // Recursion is bounded by the depth that `text::xml` allows.
    fn comp_filter(&mut self, element: &Element, parent: Option<&str>) -> Result<ComponentFilter, Fault> {
        self.count()?;
        let name = self.name(element)?.to_ascii_uppercase();
        check_nesting(&name, parent)?;
        if element.attribute("test").is_some_and(|test| test != "allof") {
            return Err(self.unsupported(Some(FilterPart::Component(name))));
        }
        if self.is_not_defined(element)? {
            return Ok(ComponentFilter { name, test: ComponentTest::NotDefined });
        }
        let mut range = None;
        let mut properties = Vec::new();
        let mut components = Vec::new();
        for child in element.children() {
            match child.local.as_str() {
                "time-range" if child.ns == self.ns => {
                    if !TIMED.contains(&name.as_str()) {
                        return Err(self.unsupported(Some(FilterPart::Component(name))));
                    }
                    self.time_range(child, &mut range)?;
                }
                "prop-filter" if child.ns == self.ns => properties.push(self.prop_filter(child)?),
                "comp-filter" if child.ns == self.ns => {
                    components.push(self.comp_filter(child, Some(&name))?)
                }
                _ => return Err(self.unsupported(Some(FilterPart::Component(name)))),
            }
        }
        Ok(ComponentFilter { name, test: ComponentTest::Defined { range, properties, components } })
    }

    fn prop_filter(&mut self, element: &Element) -> Result<PropFilter, Fault> {
        self.count()?;
        let name = self.name(element)?.to_ascii_uppercase();
        if self.is_not_defined(element)? {
            return Ok(PropFilter { name, test: PropTest::NotDefined });
        }
        let (mut range, mut text, mut params) = (None, None, Vec::new());
        for child in element.children() {
            match child.local.as_str() {
                "time-range" if child.ns == self.ns => {
                    if TIMES.contains(&name.as_str()) {
                        return Err(self.unsupported(Some(FilterPart::Property(name))));
                    }
                    // The example that RFC 4791 §7.8 gives for `valid-filter`.
                    if !DATES.contains(&name.as_str()) && !name.starts_with("X-") {
                        return Err(invalid(format!(
                            "{name} is no date or date-time, so that no time-range fits it"
                        )));
                    }
                    self.time_range(child, &mut range)?;
                }
                "text-match" if child.ns == self.ns => {
                    if text.replace(self.text_match(child)?).is_some() {
                        return Err(invalid("one text-match in a prop-filter"));
                    }
                }
                "param-filter" if child.ns == self.ns => params.push(self.param_filter(child)?),
                _ => return Err(self.unsupported(Some(FilterPart::Property(name)))),
            }
        }
        if range.is_some() && text.is_some() {
            return Err(invalid("time-range or text-match, not both"));
        }
        Ok(PropFilter { name, test: PropTest::Defined { range, text, params } })
    }

    fn time_range(&mut self, element: &Element, range: &mut Option<Window>) -> Result<(), Fault> {
        self.count()?;
        match range.replace(window(element).map_err(invalid)?) {
            None => Ok(()),
            Some(_) => Err(invalid("one time-range in a filter element")),
        }
    }
}

fn is_known(name: &str) -> bool {
    name == "VCALENDAR" || TOP.contains(&name)
}

/// Refuses components where iCalendar cannot have them; unknown ones may stand anywhere below VCALENDAR.
fn check_nesting(name: &str, parent: Option<&str>) -> Result<(), Fault> {
    let fits = match (name, parent) {
        (_, None) => name == "VCALENDAR",
        ("VCALENDAR", Some(_)) => false,
        ("VALARM", Some(parent)) => matches!(parent, "VEVENT" | "VTODO") || !is_known(parent),
        ("STANDARD" | "DAYLIGHT", Some(parent)) => parent == "VTIMEZONE",
        ("AVAILABLE", Some(parent)) => parent == "VAVAILABILITY",
        (_, Some(parent)) => !TOP.contains(&name) || parent == "VCALENDAR",
    };
    if fits {
        return Ok(());
    }
    Err(invalid(match parent {
        Some(parent) => format!("{name} cannot stand in {parent}"),
        None => "the outermost comp-filter is VCALENDAR".to_owned(),
    }))
}
