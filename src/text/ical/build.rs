//! From the lossless tree to the index: reads each component once.

use super::super::component::{Component, Document};
use super::super::line::Line;
use super::super::recur::civil::DAY;
use super::super::recur::moment::Moment;
use super::super::recur::{Budget, Pattern, Rule};
use super::super::zone::{self, Zone};
use super::exclude::{Matched, like, supersede};
use super::index::*;
use super::properties::*;
use super::validate::{self, Invalid};
use super::values::{self, Duration, PeriodEnd};
use std::collections::HashMap;

/// Steps that finding the ends of all COUNT rules of one object may take; a rule beyond it is counted at each read,
/// from the budget of the request.
const SETTLE_STEPS: u64 = 200_000;
/// Different TZIDs in one object; real ones have one or two.
const MAX_ZONES: usize = 64;

impl CalendarIndex {
    /// Checks a document against RFC 4791 §4.1 and builds its index.
    ///
    /// Objects without any valid instance (UNTIL before DTSTART, a rule that never matches, all excluded) are accepted.
    /// A rule with another RSCALE than the Gregorian is kept and has DTSTART as its only instance.
    pub fn build(document: &Document<'_>) -> Result<CalendarIndex, Invalid> {
        let checked = validate::check(document)?;
        let mut builder = Builder {
            timezones: &checked.timezones,
            zones: Vec::new(),
            names: HashMap::new(),
            too_many_zones: false,
            budget: Budget::new(SETTLE_STEPS, 0),
        };
        let mut parts = checked
            .parts
            .iter()
            .map(|component| builder.part(&checked.kind, component))
            .collect::<Result<Vec<_>, _>>()?;
        if builder.too_many_zones {
            return Err(Invalid::data("more time zones than one object may have", 0));
        }
        supersede(&mut parts);
        Ok(CalendarIndex { kind: checked.kind, uid: checked.uid, parts, zones: builder.zones })
    }
}

struct Builder<'d, 's> {
    timezones: &'d [&'d Component<'s>],
    zones: Vec<ZoneRef>,
    names: HashMap<String, Frame>,
    too_many_zones: bool,
    budget: Budget,
}

impl Builder<'_, '_> {
    fn part(&mut self, kind: &ComponentKind, component: &Component<'_>) -> Result<Part, Invalid> {
        let start = self.when(component, "DTSTART")?;
        let recurrence_id = self.when(component, "RECURRENCE-ID")?;
        if start.is_none() && *kind == ComponentKind::Event {
            let line = component.lines.first().map_or(0, |line| line.number.saturating_sub(1));
            return Err(Invalid::data("VEVENT without DTSTART", line));
        }
        let end = self.when(component, "DTEND")?;
        let due = self.when(component, "DUE")?;
        let duration = duration_of(component)?;
        let length = self.length(kind, start, end, due, duration);
        let mut part = Part {
            span: byte_span(component),
            recurrence_id,
            this_and_future: is_this_and_future(component),
            superseded: false,
            start,
            end,
            due,
            duration,
            length,
            completed: instant(component, "COMPLETED"),
            created: instant(component, "CREATED"),
            rules: Vec::new(),
            exrules: Vec::new(),
            rdates: Vec::new(),
            exdates: Exclusions::default(),
            transparent: word_is(component, "TRANSP", "TRANSPARENT"),
            status: status(component),
            class: class(component),
            sequence: number(component, "SEQUENCE").unwrap_or(0),
            priority: number(component, "PRIORITY").and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
            busy_type: busy_kind(component.value("BUSYTYPE").unwrap_or_default(), BusyKind::Unavailable),
            alarms: self.alarms(component),
            free_busy: free_busy(component)?,
            organizer: component.value("ORGANIZER").map(values::calendar_address).filter(|a| !a.is_empty()),
            attendees: component.lines_named("ATTENDEE").filter_map(attendee).collect(),
            available: Vec::new(),
        };
        // Recurrence inside an override means nothing; clients write it all the same.
        if part.recurrence_id.is_none() {
            self.recurrence(component, &mut part)?;
        }
        if *kind == ComponentKind::Availability {
            part.available = self.available(component)?;
        }
        Ok(part)
    }

    /// The AVAILABLE components, those of one UID together (RFC 7953 §3.1).
    fn available(&mut self, component: &Component<'_>) -> Result<Vec<Vec<Part>>, Invalid> {
        let mut groups: Vec<Vec<Part>> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for child in component.children_named("AVAILABLE") {
            let part = self.part(&ComponentKind::Event, child)?;
            let uid = child.value("UID").map(str::trim).unwrap_or_default();
            match known.get(uid).filter(|_| !uid.is_empty()).and_then(|&at| groups.get_mut(at)) {
                Some(group) => group.push(part),
                None => {
                    known.insert(uid, groups.len());
                    groups.push(vec![part]);
                }
            }
        }
        groups.iter_mut().for_each(|group| supersede(group));
        Ok(groups)
    }

    fn recurrence(&mut self, component: &Component<'_>, part: &mut Part) -> Result<(), Invalid> {
        let Some(anchor) = part.anchor() else { return Ok(()) };
        part.rules = self.rules(component, "RRULE", anchor, true)?;
        part.exrules = self.rules(component, "EXRULE", anchor, false)?;
        for line in component.lines_named("RDATE") {
            for value in items(line) {
                part.rdates.push(self.extra(line, value, anchor)?);
            }
        }
        part.rdates.sort_by_key(|extra| extra.start.civil);
        for line in component.lines_named("EXDATE") {
            for value in items(line) {
                let value =
                    Moment::parse(value).ok_or(Invalid::data("EXDATE that is not a date", line.number))?;
                let when = self.placed(value, line);
                let matched = self.matched(anchor, when);
                part.exdates.add(matched);
            }
        }
        part.exdates.sort();
        Ok(())
    }

    fn rules(
        &mut self,
        component: &Component<'_>,
        name: &str,
        anchor: When,
        first_counts: bool,
    ) -> Result<Vec<Rule>, Invalid> {
        let mut rules = Vec::new();
        for line in component.lines_named(name).filter(|line| !line.value().trim().is_empty()) {
            let mut rule = Rule::parse(line.value()).map_err(|bad| Invalid::data(bad.0, line.number))?;
            let pattern = if first_counts {
                Pattern::new(&rule, anchor.civil)
            } else {
                Pattern::without_start(&rule, anchor.civil)
            };
            // Too many to count now: `last` stays open, and each read counts from its own budget.
            rule.last = pattern.settle(&mut self.budget).unwrap_or(None);
            rules.push(rule);
        }
        Ok(rules)
    }

    fn extra(&mut self, line: &Line<'_>, value: &str, anchor: When) -> Result<ExtraDate, Invalid> {
        let bad = Invalid::data("RDATE that is not a date or period", line.number);
        let Some((start, end)) = values::period(value) else {
            let moment = Moment::parse(value).ok_or(bad)?;
            return Ok(ExtraDate { start: like(self.placed(moment, line), anchor), length: None });
        };
        let start = self.placed(start, line);
        let length = match end {
            PeriodEnd::After(duration) => Length::Nominal(duration),
            PeriodEnd::At(end) => {
                let end = self.placed(end, line);
                self.between(start, end)
            }
        };
        Ok(ExtraDate { start: like(start, anchor), length: Some(length) })
    }

    fn when(&mut self, component: &Component<'_>, name: &str) -> Result<Option<When>, Invalid> {
        let Some(line) = component.line(name) else { return Ok(None) };
        if line.value().trim().is_empty() && name != "DTSTART" && name != "RECURRENCE-ID" {
            return Ok(None);
        }
        let moment = Moment::parse(line.value()).ok_or(Invalid::data(unreadable(name), line.number))?;
        Ok(Some(self.placed(moment, line)))
    }

    /// A moment in the frame that its line gives it.
    fn placed(&mut self, moment: Moment, line: &Line<'_>) -> When {
        // `VALUE=DATE` wins over a time that stands behind the date all the same.
        let is_date = line.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
        match moment {
            Moment::Date(day) => When { civil: day * DAY, frame: Frame::Date },
            other if is_date => When { civil: other.literal().div_euclid(DAY) * DAY, frame: Frame::Date },
            Moment::Utc(civil) => When { civil, frame: Frame::Utc },
            Moment::Local(civil) => {
                let tzid = line.param("TZID").filter(|tzid| !tzid.trim().is_empty());
                let frame = tzid.map_or(Frame::Floating, |tzid| self.frame(&tzid));
                When { civil, frame }
            }
        }
    }

    fn frame(&mut self, tzid: &str) -> Frame {
        if let Some(frame) = self.names.get(tzid) {
            return *frame;
        }
        if self.names.len() >= MAX_ZONES {
            self.too_many_zones = true;
            return Frame::Floating;
        }
        let stored = match zone::resolve(tzid, self.timezones) {
            Some(Zone::Utc) => None,
            Some(Zone::Fixed(offset)) => Some(ZoneRef::Fixed(offset)),
            Some(Zone::Custom(custom)) => Some(ZoneRef::Custom(custom)),
            Some(Zone::Iana(zone)) => zone.iana_name().map(|name| ZoneRef::Iana(name.to_owned())),
            None => Some(ZoneRef::Unknown(tzid.to_owned())),
        };
        let frame = match stored {
            None => Frame::Utc,
            Some(stored) => self.intern(stored),
        };
        self.names.insert(tzid.to_owned(), frame);
        frame
    }

    fn intern(&mut self, zone: ZoneRef) -> Frame {
        let at = self.zones.iter().position(|known| *known == zone).unwrap_or_else(|| {
            self.zones.push(zone);
            self.zones.len() - 1
        });
        u16::try_from(at).map_or(Frame::Floating, Frame::Zone)
    }

    fn length(
        &self,
        kind: &ComponentKind,
        start: Option<When>,
        end: Option<When>,
        due: Option<When>,
        duration: Option<Duration>,
    ) -> Length {
        const DAY_LONG: Length = Length::Nominal(Duration { days: 1, seconds: 0 });
        let Some(start) = start else { return Length::Zero };
        let is_task = *kind == ComponentKind::Todo;
        let whole_day = start.is_date() && !is_task;
        let end = if is_task { due } else { end };
        match (end, duration) {
            (Some(end), _) => match self.between(start, end) {
                // A DATE that ends where it starts is meant as one day.
                Length::Zero if whole_day => DAY_LONG,
                length => length,
            },
            (None, Some(duration)) if duration.rough_seconds() > 0 => Length::Nominal(duration),
            (None, Some(_)) => Length::Zero,
            (None, None) if whole_day => DAY_LONG,
            (None, None) => Length::Zero,
        }
    }

    /// From `start` to `end`: exact where both are instants, by the calendar where one floats or is a DATE.
    fn between(&self, start: When, end: When) -> Length {
        let exact = |when: When| match when.frame {
            Frame::Utc => Some(when.civil),
            Frame::Zone(at) => self.known_zone(at).map(|zone| zone.utc_seconds(when.civil)),
            Frame::Date | Frame::Floating => None,
        };
        match (exact(start), exact(end)) {
            (Some(from), Some(to)) if to > from => Length::Exact(to - from),
            (Some(_), Some(_)) => Length::Zero,
            _ if end.civil > start.civil => {
                let seconds = end.civil - start.civil;
                let days = i32::try_from(seconds / DAY).unwrap_or(i32::MAX);
                Length::Nominal(Duration { days, seconds: seconds % DAY })
            }
            _ => Length::Zero,
        }
    }

    fn known_zone(&self, at: u16) -> Option<Zone> {
        match self.zones.get(usize::from(at))? {
            ZoneRef::Unknown(_) => None,
            known => Some(known.zone(&Zone::Utc)),
        }
    }

    /// How `other` (EXDATE) is compared with the instances of `anchor`.
    fn matched(&self, anchor: When, other: When) -> Matched {
        Matched::of(anchor, other, |at| self.known_zone(at))
    }

    fn alarms(&mut self, component: &Component<'_>) -> Vec<AlarmIndex> {
        // An alarm whose trigger cannot be read never goes off; its bytes are kept.
        component.children_named("VALARM").filter_map(|alarm| self.alarm(alarm)).collect()
    }

    fn alarm(&mut self, alarm: &Component<'_>) -> Option<AlarmIndex> {
        let line = alarm.line("TRIGGER")?;
        let trigger = match values::duration(line.value()) {
            Some(duration) => {
                let end = line.param("RELATED").is_some_and(|value| value.eq_ignore_ascii_case("END"));
                if end { Trigger::End(duration) } else { Trigger::Start(duration) }
            }
            None => Trigger::At(self.placed(Moment::parse(line.value())?, line)),
        };
        let action = match alarm.value("ACTION").map(|action| action.trim().to_ascii_uppercase()).as_deref() {
            Some("DISPLAY") => AlarmAction::Display,
            Some("AUDIO") => AlarmAction::Audio,
            Some("EMAIL") => AlarmAction::Email,
            _ => AlarmAction::Other,
        };
        let every = alarm.value("DURATION").and_then(values::duration).filter(|d| d.rough_seconds() > 0);
        let repeat = if every.is_some() { number(alarm, "REPEAT").unwrap_or(0) } else { 0 };
        Some(AlarmIndex { action, trigger, repeat, every: every.unwrap_or_default() })
    }
}

fn unreadable(name: &str) -> &'static str {
    match name {
        "DTSTART" => "DTSTART that is not a date",
        "DTEND" => "DTEND that is not a date",
        "DUE" => "DUE that is not a date",
        _ => "RECURRENCE-ID that is not a date",
    }
}
