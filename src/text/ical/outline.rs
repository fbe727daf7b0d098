//! The outline of an object: when it is, and what takes time of it, written anew from the compact form.
//!
//! The compact form has none of the object's texts, so nothing that is written here can tell one: not by a parameter, a
//! zone's name or a rule's unknown part. RFC 5545 §3.6. Knows nobody's rights.

use super::super::component::{Component, Document};
use super::super::line::write_folded;
use super::super::recur::moment::{write_date, write_local};
use super::super::recur::{Rule, Until};
use super::super::zone::{Custom, MICROS, vtimezone};
use super::index::*;
use super::values::{Duration, write_duration, write_offset};
use std::collections::BTreeSet;

/// When what is outlined was made, as far as is told: editing it does not show.
const DTSTAMP: &str = "DTSTAMP:19700101T000000Z";
const DAY: i64 = 86_400;

/// Writes parts of an object, and notes which zones they name.
#[derive(Debug)]
pub struct Outline<'i> {
    index: &'i CalendarIndex,
    zones: BTreeSet<u16>,
}

/// Definitions of zones.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Of zones that only the object knows.
    pub own: String,
    /// Of IANA zones: they follow the zone data of the day.
    pub known: String,
}

impl<'i> Outline<'i> {
    /// Of this object.
    pub fn new(index: &'i CalendarIndex) -> Self {
        Outline { index, zones: BTreeSet::new() }
    }

    /// Appends a part with these lines beside its times, and without these of its instances.
    pub fn part(&mut self, out: &mut String, part: &Part, says: &[&str], without: &[When]) {
        let index = self.index;
        self.component(out, (index.kind.name(), &index.uid), part, says, without);
    }

    fn component(
        &mut self,
        out: &mut String,
        (name, uid): (&str, &str),
        part: &Part,
        says: &[&str],
        without: &[When],
    ) {
        write_folded(out, &format!("BEGIN:{name}"));
        write_folded(out, &format!("UID:{uid}"));
        write_folded(out, DTSTAMP);
        self.times(out, part);
        self.recurrence(out, part);
        for id in without {
            self.moment(out, "EXDATE", *id);
        }
        if part.transparent {
            write_folded(out, "TRANSP:TRANSPARENT");
        }
        match part.status {
            Status::Tentative => write_folded(out, "STATUS:TENTATIVE"),
            Status::Confirmed => write_folded(out, "STATUS:CONFIRMED"),
            Status::Cancelled => write_folded(out, "STATUS:CANCELLED"),
            _ => {}
        }
        for line in says {
            write_folded(out, line);
        }
        for period in &part.free_busy {
            let (start, end) = (utc(period.start.div_euclid(MICROS)), utc(period.end.div_euclid(MICROS)));
            write_folded(out, &format!("FREEBUSY;FBTYPE={}:{start}/{end}", busy_word(period.kind)));
        }
        if self.index.kind == ComponentKind::Availability && name != "AVAILABLE" {
            write_folded(out, &format!("BUSYTYPE:{}", busy_word(part.busy_type)));
            for (group, number) in part.available.iter().zip(1_usize..) {
                for available in group {
                    self.component(out, ("AVAILABLE", &format!("{uid}-{number}")), available, &[], &[]);
                }
            }
        }
        write_folded(out, &format!("END:{name}"));
    }

    fn times(&mut self, out: &mut String, part: &Part) {
        if let Some(id) = part.recurrence_id {
            let range = if part.this_and_future { ";RANGE=THISANDFUTURE" } else { "" };
            self.moment(out, &format!("RECURRENCE-ID{range}"), id);
        }
        for (name, when) in [("DTSTART", part.start), ("DTEND", part.end), ("DUE", part.due)] {
            if let Some(when) = when {
                self.moment(out, name, when);
            }
        }
        if let Some(duration) = part.duration {
            write_folded(out, &format!("DURATION:{}", write_duration(duration)));
        }
    }

    fn recurrence(&mut self, out: &mut String, part: &Part) {
        for (name, rules) in [("RRULE", &part.rules), ("EXRULE", &part.exrules)] {
            for rule in rules.iter().filter(|rule| !rule.rscale_unsupported) {
                write_folded(out, &format!("{name}:{rule}"));
            }
        }
        for extra in &part.rdates {
            self.extra(out, extra);
        }
        let Some(anchor) = part.anchor() else { return };
        for civil in &part.exdates.civil {
            self.moment(out, "EXDATE", When { civil: *civil, frame: anchor.frame });
        }
        for civil in &part.exdates.utc {
            self.moment(out, "EXDATE", When { civil: *civil, frame: Frame::Utc });
        }
        for day in &part.exdates.days {
            self.moment(out, "EXDATE", When { civil: day * DAY, frame: Frame::Date });
        }
    }

    fn extra(&mut self, out: &mut String, extra: &ExtraDate) {
        let length = match extra.length {
            _ if extra.start.is_date() => None,
            None => None,
            Some(Length::Zero) => Some(Duration::default()),
            Some(Length::Exact(seconds)) => Some(Duration { days: 0, seconds }),
            Some(Length::Nominal(duration)) => Some(duration),
        };
        let Some(length) = length else { return self.moment(out, "RDATE", extra.start) };
        let (params, value) = self.placed(extra.start);
        write_folded(out, &format!("RDATE;VALUE=PERIOD{params}:{value}/{}", write_duration(length)));
    }

    /// Appends a property that is a moment.
    pub fn moment(&mut self, out: &mut String, name: &str, when: When) {
        let (params, value) = self.placed(when);
        write_folded(out, &format!("{name}{params}:{value}"));
    }

    /// The parameters and the value of a moment.
    fn placed(&mut self, when: When) -> (String, String) {
        match when.frame {
            Frame::Date => (";VALUE=DATE".to_owned(), write_date(when.civil.div_euclid(DAY))),
            Frame::Floating => (String::new(), write_local(when.civil)),
            Frame::Utc => (String::new(), utc(when.civil)),
            Frame::Zone(at) => {
                self.zones.insert(at);
                (format!(";TZID={}", self.tzid(at)), write_local(when.civil))
            }
        }
    }

    /// What a zone is called: what a file called it is a text like others, unless it is an IANA name.
    fn tzid(&self, at: u16) -> String {
        match self.index.zones.get(usize::from(at)) {
            Some(ZoneRef::Iana(name)) => name.clone(),
            _ => format!("cenacle-zone-{}", u32::from(at) + 1),
        }
    }

    /// Definitions of the zones that were named so far, but of those that `has` tells to be there. One that nobody knows has none.
    pub fn definitions(&self, has: impl Fn(&str) -> bool) -> Definitions {
        let mut definitions = Definitions::default();
        for at in &self.zones {
            let tzid = self.tzid(*at);
            if has(&tzid) {
                continue;
            }
            match self.index.zones.get(usize::from(*at)) {
                Some(ZoneRef::Iana(name)) => {
                    definitions.known.push_str(&vtimezone(name).unwrap_or_default());
                }
                Some(ZoneRef::Fixed(offset)) => fixed(&mut definitions.own, &tzid, *offset),
                Some(ZoneRef::Custom(zone)) => custom(&mut definitions.own, &tzid, zone),
                Some(ZoneRef::Unknown(_)) | None => {}
            }
        }
        definitions
    }
}

/// Whether a part of a body says something under this name.
pub fn says(body: &str, part: &Part, name: &str) -> bool {
    let source = part.span.of(body);
    let Ok(document) = Document::parse(source, Default::default()) else { return false };
    let value = document.roots.first().and_then(|component: &Component<'_>| component.value(name));
    value.is_some_and(|value| !value.trim().is_empty())
}

fn utc(seconds: i64) -> String {
    format!("{}Z", write_local(seconds))
}

fn busy_word(kind: BusyKind) -> &'static str {
    match kind {
        BusyKind::Free => "FREE",
        BusyKind::Busy => "BUSY",
        BusyKind::Unavailable => "BUSY-UNAVAILABLE",
        BusyKind::Tentative => "BUSY-TENTATIVE",
    }
}

fn fixed(out: &mut String, tzid: &str, offset: i32) {
    write_folded(out, "BEGIN:VTIMEZONE");
    write_folded(out, &format!("TZID:{tzid}"));
    observance(out, 0, (offset, offset), None, &[]);
    write_folded(out, "END:VTIMEZONE");
}

fn custom(out: &mut String, tzid: &str, zone: &Custom) {
    write_folded(out, "BEGIN:VTIMEZONE");
    write_folded(out, &format!("TZID:{tzid}"));
    for one in &zone.observances {
        observance(out, one.onset, (one.from, one.to), one.rule.as_ref(), &one.further);
    }
    write_folded(out, "END:VTIMEZONE");
}

fn observance(out: &mut String, onset: i64, (from, to): (i32, i32), rule: Option<&Rule>, further: &[i64]) {
    let name = if to > from { "DAYLIGHT" } else { "STANDARD" };
    write_folded(out, &format!("BEGIN:{name}"));
    write_folded(out, &format!("DTSTART:{}", write_local(onset)));
    write_folded(out, &format!("TZOFFSETFROM:{}", write_offset(from)));
    write_folded(out, &format!("TZOFFSETTO:{}", write_offset(to)));
    if let Some(rule) = rule {
        // Kept in civil time, written as instants (RFC 5545 §3.6.5).
        let until = rule.until.map(|until| match until {
            Until::Local(civil) => Until::Utc(civil - i64::from(from)),
            other => other,
        });
        write_folded(out, &format!("RRULE:{}", Rule { until, ..rule.clone() }));
    }
    for civil in further {
        write_folded(out, &format!("RDATE:{}", write_local(*civil)));
    }
    write_folded(out, &format!("END:{name}"));
}
