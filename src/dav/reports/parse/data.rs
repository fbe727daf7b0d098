//! `CALDAV:calendar-data` as a request: which part of an object an answer holds (RFC 4791 §9.6).

use super::{CALDAV, MAX_NAME, window};
use crate::domain::calendar_data::{CalendarDataRequest, CompSelect, DataFormat, PropSelect};
use crate::domain::fault::{Condition, Fault};
use crate::text::recur::Window;
use crate::text::xml::Element;

/// Names in one selection; real ones have some twenty.
const MAX_SELECTED: usize = 1_000;

/// Reads a `CALDAV:calendar-data` element of a report.
///
/// Fails with `supported-calendar-data` for a media type or version that is not served, and with a plain bad request
/// where the element does not follow the grammar.
pub fn calendar_data(element: &Element) -> Result<CalendarDataRequest, Fault> {
    let version = element.attribute("version").map_or("2.0", str::trim);
    let format = match element.attribute("content-type").map(media_type).as_deref() {
        None | Some("text/calendar") => DataFormat::ICalendar,
        Some("application/calendar+json") => DataFormat::JCal,
        Some(_) => return Err(Condition::SupportedCalendarData.into()),
    };
    if version != "2.0" {
        return Err(Condition::SupportedCalendarData.into());
    }
    let mut request = CalendarDataRequest { format, ..CalendarDataRequest::default() };
    let mut names = 0;
    for child in element.children().filter(|child| child.ns == CALDAV) {
        match child.local.as_str() {
            "comp" => set(&mut request.comp, comp(child, &mut names)?)?,
            "expand" => set(&mut request.expand, closed(child)?)?,
            "limit-recurrence-set" => set(&mut request.limit_recurrence_set, closed(child)?)?,
            "limit-freebusy-set" => set(&mut request.limit_freebusy_set, closed(child)?)?,
            _ => {}
        }
    }
    if request.expand.is_some() && request.limit_recurrence_set.is_some() {
        return Err(bad("expand or limit-recurrence-set, not both"));
    }
    if request.comp.as_ref().is_some_and(|comp| comp.name != "VCALENDAR") {
        return Err(bad("the outermost comp is VCALENDAR"));
    }
    Ok(request)
}

/// The media type without its parameters, in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(bad("an element of calendar-data stands twice")),
    }
}

/// Both ends are required here (RFC 4791 §9.6.5 to §9.6.7).
fn closed(element: &Element) -> Result<Window, Fault> {
    let window = window(element).map_err(bad)?;
    if window.start == i64::MIN || window.end == i64::MAX {
        return Err(bad("both start and end are needed here"));
    }
    Ok(window)
}

// Recursion is bounded by the depth that `text::xml` allows.
fn comp(element: &Element, names: &mut usize) -> Result<CompSelect, Fault> {
    let name = name(element, names)?;
    let (mut props, mut comps) = (Vec::new(), Vec::new());
    let (mut all_props, mut all_comps) = (false, false);
    for child in element.children().filter(|child| child.ns == CALDAV) {
        match child.local.as_str() {
            "allprop" => all_props = true,
            "allcomp" => all_comps = true,
            "prop" => props.push(prop(child, names)?),
            "comp" => comps.push(comp(child, names)?),
            _ => {}
        }
    }
    if (all_props && !props.is_empty()) || (all_comps && !comps.is_empty()) {
        return Err(bad("all of them, or those named, not both"));
    }
    // Where nothing is said of properties all are meant, and where nothing at all is said, all components too: so
    // reads the first example of RFC 4791 §7.8.
    let silent = !all_props && !all_comps && props.is_empty() && comps.is_empty();
    Ok(CompSelect {
        name,
        props: (!all_props && !props.is_empty()).then_some(props),
        comps: (!all_comps && !silent).then_some(comps),
    })
}

fn prop(element: &Element, names: &mut usize) -> Result<PropSelect, Fault> {
    let novalue = match element.attribute("novalue").map(str::trim) {
        None | Some("no") => false,
        Some("yes") => true,
        Some(_) => return Err(bad("novalue is yes or no")),
    };
    Ok(PropSelect { name: name(element, names)?, novalue })
}

fn name(element: &Element, names: &mut usize) -> Result<String, Fault> {
    *names += 1;
    let name = element.attribute("name").map(str::trim).unwrap_or_default();
    if name.is_empty() || name.len() > MAX_NAME || *names > MAX_SELECTED {
        return Err(bad("comp and prop need a name, and there are too many or one is missing"));
    }
    Ok(name.to_ascii_uppercase())
}

fn bad(why: impl Into<String>) -> Fault {
    Fault::BadRequest(why.into())
}
