//! VTIMEZONE components out of the IANA data (RFC 5545 §3.6.5), for expand and the time zone service (RFC 7808).

use super::super::ical::values::write_offset;
use super::super::recur::civil::{DAY, date_of, day_number, month_length, weekday};
use super::super::recur::moment::write_local;
use super::Zone;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneTransition};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// First year that [`vtimezone`] lists by itself: older files hardly matter, and every line is sent to phones.
const FROM: i16 = 1970;
/// Last year of explicit changes: 2037 ends the tables of most data, rules go on by themselves.
const TO: i16 = 2037;
/// A cycle of the calendar has all its shapes within this many years.
const CYCLE: i64 = 28;

/// All names of the IANA database, sorted, aliases included.
pub fn names() -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES
        .get_or_init(|| {
            let mut names: Vec<String> =
                jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
            names.sort_unstable();
            names
        })
        .iter()
        .map(String::as_str)
}

/// A VTIMEZONE for an IANA zone from 1970 on, the current rule as RRULE; lines end in CRLF. `None` for unknown names.
pub fn vtimezone(tzid: &str) -> Option<String> {
    vtimezone_between(tzid, FROM, TO)
}

/// As [`vtimezone`], made once for each zone and kept: for who writes many small objects.
pub fn kept_vtimezone(tzid: &str) -> Option<Arc<str>> {
    static KEPT: RwLock<BTreeMap<String, Arc<str>>> = RwLock::new(BTreeMap::new());
    let kept = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(tzid).map(Arc::clone);
    kept.or_else(|| {
        let made: Arc<str> = vtimezone(tzid)?.into();
        // Names in other cases would be many.
        if names().any(|name| name == tzid) {
            let mut all = KEPT.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(tzid.to_owned(), Arc::clone(&made));
        }
        Some(made)
    })
}

/// As [`vtimezone`], with the changes of years `from` to `to` (inclusive, 1 to 9999) given one by one, as far as no
/// yearly rule covers them. The rule in force after `to` is open-ended.
pub fn vtimezone_between(tzid: &str, from: i16, to: i16) -> Option<String> {
    let (from, to) = (from.max(1), to.clamp(from.max(1), 9_000));
    let zone = match Zone::iana(tzid)? {
        Zone::Iana(zone) => zone,
        _ => TimeZone::UTC,
    };
    let mut out = String::from("BEGIN:VTIMEZONE\r\n");
    super::super::line::write_folded(&mut out, &format!("TZID:{tzid}"));
    let changes = changes(&zone, from, to);
    let yearly = yearly_rules(&zone, i64::from(to));
    let mut observances = observances(&zone, from, &changes);
    for rule in &yearly {
        fold_into_rule(&mut observances, rule);
    }
    for observance in &observances {
        observance.write(&mut out);
    }
    out.push_str("END:VTIMEZONE\r\n");
    Some(out)
}

/// What the clock shows from some moment on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Regime {
    is_daylight: bool,
    from: i32,
    to: i32,
    name: String,
}

#[derive(Debug)]
struct Change {
    /// Civil seconds by the clock before the change.
    onset: i64,
    regime: Regime,
}

/// A STANDARD or DAYLIGHT to write: one regime with all its onsets.
#[derive(Debug)]
struct Observance {
    regime: Regime,
    onsets: Vec<i64>,
    rule: Option<String>,
}

fn year_start(year: i16) -> Timestamp {
    TimeZone::UTC.to_timestamp(DateTime::constant(year, 1, 1, 0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

fn changes(zone: &TimeZone, from: i16, to: i16) -> Vec<Change> {
    let end = year_start(to + 1);
    let mut before = zone.to_offset(year_start(from)).seconds();
    let start = year_start(from);
    let mut found = Vec::new();
    for transition in zone.following(start).take_while(|transition| transition.timestamp() < end) {
        let change = change(&transition, before);
        before = change.regime.to;
        found.push(change);
    }
    found
}

fn change(transition: &TimeZoneTransition<'_>, before: i32) -> Change {
    Change {
        onset: transition.timestamp().as_second() + i64::from(before),
        regime: Regime {
            is_daylight: transition.dst().is_dst(),
            from: before,
            to: transition.offset().seconds(),
            name: transition.abbreviation().to_owned(),
        },
    }
}

/// The regime at the start and one observance for each kind of change, in order of first onset.
fn observances(zone: &TimeZone, from: i16, changes: &[Change]) -> Vec<Observance> {
    let start = year_start(from);
    let info = zone.to_offset_info(start);
    let offset = info.offset().seconds();
    let initial = Regime {
        is_daylight: info.dst().is_dst(),
        from: offset,
        to: offset,
        name: info.abbreviation().to_owned(),
    };
    let first_onset = start.as_second() + i64::from(offset);
    let mut all = vec![Observance { regime: initial, onsets: vec![first_onset], rule: None }];
    for change in changes {
        match all.iter_mut().find(|known| known.regime == change.regime) {
            Some(known) => known.onsets.push(change.onset),
            None => {
                all.push(Observance { regime: change.regime.clone(), onsets: vec![change.onset], rule: None })
            }
        }
    }
    all
}

/// A yearly rule that holds at the end of the table.
struct Yearly {
    regime: Regime,
    shape: Shape,
}

/// Seven possible days, a weekday and a time of day. The days are counted back from 31 December, for rules such as
/// "the Friday after the last Thursday of October" cross the end of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    weekday: i64,
    time: i64,
    /// How many days before 31 December the first possible day lies; all lie after February.
    back: i64,
}

impl Shape {
    /// The onset in a year, in civil seconds.
    fn onset(self, year: i64) -> i64 {
        let first = day_number(year, 12, 31) - self.back;
        (first + (self.weekday - weekday(first)).rem_euclid(7)) * DAY + self.time
    }

    fn rule(self) -> String {
        const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let day = usize::try_from(self.weekday).ok().and_then(|at| DAYS.get(at)).copied().unwrap_or("SU");
        let (year, month, first_day) = date_of(day_number(2_001, 12, 31) - self.back);
        let length = month_length(year, month);
        let list = |days: std::ops::RangeInclusive<i64>| {
            days.map(|day| day.to_string()).collect::<Vec<_>>().join(",")
        };
        if first_day % 7 == 1 && first_day <= 22 {
            return format!("FREQ=YEARLY;BYMONTH={month};BYDAY={}{day}", first_day / 7 + 1);
        }
        if first_day + 6 == length {
            return format!("FREQ=YEARLY;BYMONTH={month};BYDAY=-1{day}");
        }
        if first_day + 6 < length {
            let days = list(first_day..=first_day + 6);
            return format!("FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={days};BYDAY={day}");
        }
        format!("FREQ=YEARLY;BYYEARDAY={};BYDAY={day}", list(-self.back - 1..=5 - self.back))
    }
}

/// The rules that the zone follows in the years after `year`: empty where the clock is no longer moved, or in no way
/// that a yearly rule can say.
fn yearly_rules(zone: &TimeZone, year: i64) -> Vec<Yearly> {
    let first = i16::try_from(year + 1).unwrap_or(9_000).min(9_900);
    let last = i16::try_from(i64::from(first) + CYCLE).unwrap_or(9_999);
    let later = changes(zone, first, last - 1);
    let mut groups: BTreeMap<Regime, Vec<i64>> = BTreeMap::new();
    for change in later {
        groups.entry(change.regime).or_default().push(change.onset);
    }
    let mut rules = Vec::new();
    for (regime, onsets) in groups {
        if let Some(shape) = shape_of(&onsets) {
            rules.push(Yearly { regime, shape });
        }
    }
    rules
}

/// The one shape that all onsets of a full cycle have.
fn shape_of(onsets: &[i64]) -> Option<Shape> {
    let first = *onsets.first()?;
    let back = |onset: i64| {
        let day = onset.div_euclid(DAY);
        day_number(date_of(day).0, 12, 31) - day
    };
    let earliest = onsets.iter().map(|&onset| back(onset)).max()?;
    let shape =
        Shape { weekday: weekday(first.div_euclid(DAY)), time: first.rem_euclid(DAY), back: earliest };
    let all = onsets.iter().all(|&onset| shape.onset(date_of(onset.div_euclid(DAY)).0) == onset);
    // Before March the distance to the end of the year depends on the leap day.
    let after_february = earliest < 306;
    (all && after_february && onsets.len() as i64 == CYCLE).then_some(shape)
}

/// Turns the onsets that a yearly rule gives without a gap up to the end into that rule.
fn fold_into_rule(observances: &mut Vec<Observance>, rule: &Yearly) {
    let at = observances.iter().position(|known| known.regime == rule.regime && known.rule.is_none());
    let Some(known) = at.and_then(|at| observances.get_mut(at)) else {
        return;
    };
    let Some(&last) = known.onsets.last() else { return };
    let (mut year, _, _) = date_of(last.div_euclid(DAY));
    let mut kept = known.onsets.clone();
    while kept.last() == Some(&rule.shape.onset(year)) {
        kept.pop();
        year -= 1;
    }
    let start = rule.shape.onset(year + 1);
    if kept.len() == known.onsets.len() {
        return;
    }
    known.onsets = kept;
    let regime = rule.regime.clone();
    observances.push(Observance { regime, onsets: vec![start], rule: Some(rule.shape.rule()) });
    observances.retain(|observance| !observance.onsets.is_empty());
}

impl Observance {
    fn write(&self, out: &mut String) {
        let kind = if self.regime.is_daylight { "DAYLIGHT" } else { "STANDARD" };
        let Some((first, further)) = self.onsets.split_first() else { return };
        let (from, to) = (write_offset(self.regime.from), write_offset(self.regime.to));
        // Writing to a String cannot fail.
        let _ = write!(out, "BEGIN:{kind}\r\nTZNAME:{}\r\n", self.regime.name);
        let _ = write!(out, "TZOFFSETFROM:{from}\r\nTZOFFSETTO:{to}\r\nDTSTART:{}\r\n", write_local(*first));
        if let Some(rule) = &self.rule {
            let _ = write!(out, "RRULE:{rule}\r\n");
        }
        for onset in further {
            let _ = write!(out, "RDATE:{}\r\n", write_local(*onset));
        }
        let _ = write!(out, "END:{kind}\r\n");
    }
}
