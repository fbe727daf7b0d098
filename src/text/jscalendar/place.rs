//! Moments: the local times of JSCalendar, and the lines with TZID, `Z` or VALUE=DATE that stand for them.
//!
//! RFC 8984 §1.4.2 to §1.4.7, RFC 5545 §3.3.4 to §3.3.6. Knows the zones of its file, and no property by name.

use super::super::component::Component;
use super::super::ical::values::{self, Duration};
use super::super::jsobject::Refused;
use super::super::recur::civil::DAY;
use super::super::recur::moment::{Moment, write_date, write_local};
use super::super::vcard::prop::Prop;
use super::super::zone::{self, Zone};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;

/// The zones that a file can name.
pub(super) struct Zones<'d, 'a> {
    definitions: Vec<&'d Component<'a>>,
    known: RefCell<HashMap<String, Option<Zone>>>,
}

impl<'d, 'a> Zones<'d, 'a> {
    /// Those of a VCALENDAR, and those of the IANA database.
    pub(super) fn of(calendar: &'d Component<'a>) -> Self {
        let definitions = calendar.children_named("VTIMEZONE").collect();
        Zones { definitions, known: RefCell::default() }
    }

    /// What a TZID means.
    pub(super) fn get(&self, tzid: &str) -> Option<Zone> {
        if let Some(zone) = self.known.borrow().get(tzid) {
            return zone.clone();
        }
        let zone = zone::resolve(tzid, &self.definitions);
        self.known.borrow_mut().insert(tzid.to_owned(), zone.clone());
        zone
    }

    /// Whether the file defines this TZID itself.
    pub(super) fn defines(&self, tzid: &str) -> bool {
        self.definitions.iter().any(|zone| zone.value("TZID").is_some_and(|own| own.trim() == tzid))
    }
}

/// What a civil time is relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A DATE.
    Date,
    /// A DATE-TIME in no zone.
    Floating,
    /// A DATE-TIME with `Z`.
    Utc,
    /// A DATE-TIME with this TZID, as written.
    Zone(String),
}

impl Place {
    /// The zone to reckon in; what has none is reckoned as in UTC.
    pub(super) fn zone(&self, zones: &Zones<'_, '_>) -> Zone {
        match self {
            Place::Zone(tzid) => zones.get(tzid).unwrap_or(Zone::Utc),
            _ => Zone::Utc,
        }
    }

    /// Whether its times are instants.
    pub(super) fn is_absolute(&self) -> bool {
        matches!(self, Place::Utc | Place::Zone(_))
    }

    /// The JSCalendar time zone: an IANA name, or `/` and the TZID of a zone that only the file knows.
    pub(super) fn name(&self, zones: &Zones<'_, '_>) -> Option<String> {
        match self {
            Place::Date | Place::Floating => None,
            Place::Utc => Some("Etc/UTC".to_owned()),
            Place::Zone(tzid) => Some(match zones.get(tzid) {
                Some(Zone::Utc) => "Etc/UTC".to_owned(),
                Some(zone @ Zone::Iana(_)) => zone.name().map_or_else(|| format!("/{tzid}"), str::to_owned),
                _ => format!("/{tzid}"),
            }),
        }
    }

    /// The place that a JSCalendar time zone means; none is a floating time.
    pub(super) fn of_name(
        name: Option<&Value>,
        zones: &Zones<'_, '_>,
        pointer: &str,
    ) -> Result<Self, Refused> {
        let Some(name) = name.filter(|name| !name.is_null()) else { return Ok(Place::Floating) };
        let name =
            name.as_str().ok_or_else(|| Refused::at(pointer, "the name of a time zone was expected"))?;
        if let Some(tzid) = name.strip_prefix('/') {
            return if zones.defines(tzid) || zones.get(tzid).is_some() {
                Ok(Place::Zone(tzid.to_owned()))
            } else {
                Err(Refused::at(pointer, "this time zone is not defined in the object"))
            };
        }
        match Zone::iana(name) {
            Some(Zone::Utc) => Ok(Place::Utc),
            Some(zone) => Ok(Place::Zone(zone.name().unwrap_or(name).to_owned())),
            None => Err(Refused::at(pointer, "not a time zone of the IANA database")),
        }
    }
}

/// A civil time, in seconds, and what it is relative to.
pub(super) type When = (i64, Place);

/// Reads one date of a line: `text` is one of its values.
pub(super) fn when(prop: &Prop, text: &str) -> Option<When> {
    let moment = Moment::parse(text)?;
    if prop.has_value_type("DATE") {
        return Some((moment.literal().div_euclid(DAY) * DAY, Place::Date));
    }
    Some(match moment {
        Moment::Date(day) => (day * DAY, Place::Date),
        Moment::Utc(seconds) => (seconds, Place::Utc),
        Moment::Local(seconds) => match prop.param("TZID").map(str::trim).filter(|tzid| !tzid.is_empty()) {
            Some(tzid) => (seconds, Place::Zone(tzid.to_owned())),
            None => (seconds, Place::Floating),
        },
    })
}

/// Makes a line say this time; its other parameters stay.
pub(super) fn set_when(prop: &mut Prop, civil: i64, place: &Place) {
    let date = prop.has_value_type("DATE");
    match place {
        Place::Date => {
            prop.take_param("TZID");
            prop.set_param("VALUE", "DATE");
        }
        _ if date => drop(prop.take_param("VALUE")),
        _ => {}
    }
    match place {
        Place::Zone(tzid) if prop.param("TZID") != Some(tzid) => prop.set_param("TZID", tzid),
        Place::Utc | Place::Floating => drop(prop.take_param("TZID")),
        _ => {}
    }
    prop.value = written(civil, place);
}

/// The value alone.
pub(super) fn written(civil: i64, place: &Place) -> String {
    match place {
        Place::Date => write_date(civil.div_euclid(DAY)),
        Place::Utc => format!("{}Z", write_local(civil)),
        _ => write_local(civil),
    }
}

/// The same moment on the clock of another place; where one of the two has no zone, the same clock.
pub(super) fn moved(civil: i64, from: &Place, to: &Place, zones: &Zones<'_, '_>) -> i64 {
    if from == to || !from.is_absolute() || !to.is_absolute() {
        return civil;
    }
    to.zone(zones).civil_seconds(from.zone(zones).utc_seconds(civil))
}

/// The time after a duration: days by the calendar, the rest by the clock.
pub(super) fn after(civil: i64, duration: Duration, place: &Place, zones: &Zones<'_, '_>) -> i64 {
    let days = civil.saturating_add(i64::from(duration.days) * DAY);
    if !place.is_absolute() {
        return days.saturating_add(duration.seconds);
    }
    let zone = place.zone(zones);
    zone.civil_seconds(zone.utc_seconds(days).saturating_add(duration.seconds))
}

/// The duration from one time to another on the clock of the same place; `None` where it would be negative.
pub(super) fn between(from: i64, to: i64, place: &Place, zones: &Zones<'_, '_>) -> Option<Duration> {
    let zone = place.zone(zones);
    let utc = |civil: i64| if place.is_absolute() { zone.utc_seconds(civil) } else { civil };
    let mut days = to.saturating_sub(from).div_euclid(DAY);
    let mut seconds = utc(to) - utc(from + days * DAY);
    if seconds < 0 {
        days -= 1;
        seconds = utc(to) - utc(from + days * DAY);
    }
    let days = i32::try_from(days).ok()?;
    (days >= 0 && seconds >= 0).then_some(Duration { days, seconds })
}

/// A LocalDateTime: `2026-01-02T03:04:05`.
pub(super) fn local(civil: i64) -> String {
    let text = write_local(civil);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 6), part(6, 8), part(9, 11), part(11, 13), part(13, 15))
}

/// A UTCDateTime.
pub(super) fn utc(seconds: i64) -> String {
    format!("{}Z", local(seconds))
}

/// Reads a LocalDateTime strictly.
pub(super) fn parse_local(value: &Value, pointer: &str) -> Result<i64, Refused> {
    value
        .as_str()
        .and_then(local_seconds)
        .ok_or_else(|| Refused::at(pointer, "a local time such as 2026-01-31T09:00:00 was expected"))
}

/// The civil seconds of a LocalDateTime in its one form.
pub(super) fn local_seconds(text: &str) -> Option<i64> {
    match Moment::parse(text) {
        Some(Moment::Local(seconds)) if local(seconds) == text => Some(seconds),
        _ => None,
    }
}

/// Reads a UTCDateTime strictly; fractions of a second are dropped.
pub(super) fn parse_utc(value: &Value, pointer: &str) -> Result<i64, Refused> {
    let seconds = value.as_str().and_then(|text| match Moment::parse(text) {
        Some(Moment::Utc(seconds)) if text.starts_with(local(seconds).as_str()) => Some(seconds),
        _ => None,
    });
    seconds.ok_or_else(|| Refused::at(pointer, "a UTC time such as 2026-01-31T09:00:00Z was expected"))
}

/// Reads a Duration strictly, or a SignedDuration.
pub(super) fn parse_duration(value: &Value, signed: bool, pointer: &str) -> Result<Duration, Refused> {
    let expected =
        || Refused::at(pointer, "a duration such as PT1H30M or P1D was expected, in whole seconds");
    let text = value.as_str().ok_or_else(expected)?;
    let bare = if signed { text.trim_start_matches(['+', '-']) } else { text };
    let (days, clock) = bare.split_once('T').map_or((bare, None), |(days, clock)| (days, Some(clock)));
    let well_formed = days.bytes().all(|byte| byte.is_ascii_digit() || b"PWD".contains(&byte))
        && clock.is_none_or(|clock| {
            !clock.is_empty() && clock.bytes().all(|byte| byte.is_ascii_digit() || b"HMS".contains(&byte))
        })
        && bare.len() > 1
        && text.len() <= bare.len() + 1;
    values::duration(text).filter(|_| well_formed).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::alone;
    use super::*;
    use serde_json::json;

    #[test]
    fn local_times_have_one_form() {
        let seconds = local_seconds("2026-01-31T09:00:05").expect("a time");
        assert_eq!(local(seconds), "2026-01-31T09:00:05");
        for wrong in [
            "2026-01-31",
            "2026-01-31T09:00",
            "20260131T090005",
            "2026-01-31T09:00:05Z",
            "2026-02-30T09:00:00",
        ] {
            assert_eq!(local_seconds(wrong), None, "{wrong}");
        }
        assert!(parse_utc(&json!("2026-01-31T09:00:05Z"), "x").is_ok());
        assert!(parse_utc(&json!("2026-01-31T09:00:05"), "x").is_err());
    }

    #[test]
    fn durations_are_strict() {
        let read = |text: &str| parse_duration(&json!(text), false, "x").ok().map(|d| (d.days, d.seconds));
        assert_eq!(read("P1W"), Some((7, 0)));
        assert_eq!(read("P1DT2H"), Some((1, 7_200)));
        for wrong in ["", "P", "PT", "P2H", "-PT1H", "pt1h", "P1M", "PT1.5S", "1D"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let signed = parse_duration(&json!("-PT15M"), true, "x").expect("signed");
        assert_eq!(signed.seconds, -900);
        assert!(parse_duration(&json!("--PT15M"), true, "x").is_err());
    }

    #[test]
    fn days_go_by_the_calendar_across_a_change_of_the_clock() {
        let document = alone("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("readable");
        let zones = Zones::of(&document.roots[0]);
        let paris = Place::Zone("Europe/Paris".to_owned());
        let at = |text: &str| local_seconds(text).expect("a time");
        for (from, to, expected) in [
            ("2026-03-28T12:00:00", "2026-03-29T12:00:00", "P1D"),
            ("2026-03-29T01:30:00", "2026-03-29T03:30:00", "PT1H"),
            ("2026-10-25T01:30:00", "2026-10-25T03:30:00", "PT3H"),
            ("2026-03-28T23:00:00", "2026-03-30T00:00:00", "P1DT1H"),
        ] {
            let duration = between(at(from), at(to), &paris, &zones).expect("forwards");
            assert_eq!(values::write_duration(duration), expected);
            assert_eq!(local(after(at(from), duration, &paris, &zones)), to);
        }
        assert_eq!(between(at("2026-01-02T00:00:00"), at("2026-01-01T00:00:00"), &paris, &zones), None);
    }
}
