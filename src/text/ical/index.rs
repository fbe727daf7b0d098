//! The compact form of one calendar object: what queries by time, free/busy and projection need, without its texts.
//!
//! Stored beside the body, so that reads parse no iCalendar. Times stay civil with their zone (IANA by name), so that an
//! update of the zone data moves meetings rightly. Knows no collection: the zone for floating times comes with each call.

use super::super::recur::Rule;
use super::super::zone::{Custom, Zone};
use super::values::Duration;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::Arc;

/// First byte of the stored form; raised with each change of the types below.
const VERSION: u8 = 1;

/// What an object is about: the one component type besides VTIMEZONE (RFC 4791 §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComponentKind {
    /// VEVENT
    Event,
    /// VTODO
    Todo,
    /// VJOURNAL
    Journal,
    /// VFREEBUSY
    FreeBusy,
    /// VAVAILABILITY (RFC 7953)
    Availability,
    /// Any other, by its name in upper case (`VPOLL`).
    Other(String),
}

impl ComponentKind {
    /// The kind of a component name, in any case.
    pub fn of(name: &str) -> Self {
        match name.to_ascii_uppercase() {
            name if name == "VEVENT" => ComponentKind::Event,
            name if name == "VTODO" => ComponentKind::Todo,
            name if name == "VJOURNAL" => ComponentKind::Journal,
            name if name == "VFREEBUSY" => ComponentKind::FreeBusy,
            name if name == "VAVAILABILITY" => ComponentKind::Availability,
            name => ComponentKind::Other(name),
        }
    }

    /// The component name.
    pub fn name(&self) -> &str {
        match self {
            ComponentKind::Event => "VEVENT",
            ComponentKind::Todo => "VTODO",
            ComponentKind::Journal => "VJOURNAL",
            ComponentKind::FreeBusy => "VFREEBUSY",
            ComponentKind::Availability => "VAVAILABILITY",
            ComponentKind::Other(name) => name,
        }
    }
}

/// A calendar object in compact form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarIndex {
    /// Its component type.
    pub kind: ComponentKind,
    /// Its UID.
    pub uid: String,
    /// Its components in the order of the body: a master, overrides, or both.
    #[serde(deserialize_with = "parts")]
    pub parts: Vec<Part>,
    /// The zones that [`Frame::Zone`] points to.
    pub zones: Vec<ZoneRef>,
}

/// A zone as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ZoneRef {
    /// By IANA name.
    Iana(String),
    /// Seconds east of UTC.
    Fixed(i32),
    /// By the rules of the file.
    Custom(#[serde(with = "shared")] Arc<Custom>),
    /// A TZID that nobody knows: the collection's zone serves.
    Unknown(String),
}

impl ZoneRef {
    /// The zone, or `fallback` (the collection's) where it is not known.
    pub fn zone(&self, fallback: &Zone) -> Zone {
        match self {
            ZoneRef::Iana(name) => Zone::iana(name).unwrap_or_else(|| fallback.clone()),
            ZoneRef::Fixed(offset) => Zone::Fixed(*offset),
            ZoneRef::Custom(custom) => Zone::Custom(Arc::clone(custom)),
            ZoneRef::Unknown(_) => fallback.clone(),
        }
    }
}

/// What a civil time is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Frame {
    /// A DATE: midnight, in the zone of whoever looks.
    Date,
    /// A DATE-TIME without zone.
    Floating,
    /// A DATE-TIME in UTC.
    Utc,
    /// A DATE-TIME with TZID: index into [`CalendarIndex::zones`].
    Zone(u16),
}

/// A DATE or DATE-TIME as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct When {
    /// Civil seconds since 1970-01-01T00:00:00 ([`super::super::recur::civil::to_datetime`] gives the `jiff` form).
    pub civil: i64,
    /// In which frame.
    pub frame: Frame,
}

impl When {
    /// Whether this is a DATE.
    pub fn is_date(self) -> bool {
        self.frame == Frame::Date
    }
}

/// How long an instance lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Length {
    /// No time at all: neither DTEND nor DURATION beside a DATE-TIME, or an end that does not come after the start.
    Zero,
    /// From DTEND or DUE: the same exact seconds for all instances (RFC 5545 §3.8.5.3).
    Exact(i64),
    /// From DURATION, or days of DATE values: by the calendar, then by the clock.
    Nominal(Duration),
}

/// One component of the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Where it stands in the body, `BEGIN` to the end of the `END` line.
    pub span: ByteSpan,
    /// RECURRENCE-ID: this part replaces that instance.
    pub recurrence_id: Option<When>,
    /// RANGE=THISANDFUTURE: and changes all later ones.
    pub this_and_future: bool,
    /// A later part of the body has the same RECURRENCE-ID: that one counts, this one has no instances.
    pub superseded: bool,
    /// DTSTART.
    pub start: Option<When>,
    /// DTEND.
    pub end: Option<When>,
    /// DUE.
    pub due: Option<When>,
    /// DURATION.
    pub duration: Option<Duration>,
    /// What an instance lasts, reckoned from the four above.
    pub length: Length,
    /// COMPLETED, microseconds UTC.
    pub completed: Option<i64>,
    /// CREATED, microseconds UTC.
    pub created: Option<i64>,
    /// RRULE: at most one today, several in files of RFC 2445.
    pub rules: Vec<Rule>,
    /// EXRULE (RFC 2445).
    pub exrules: Vec<Rule>,
    /// RDATE.
    pub rdates: Vec<ExtraDate>,
    /// EXDATE.
    pub exdates: Exclusions,
    /// TRANSP:TRANSPARENT.
    pub transparent: bool,
    /// STATUS.
    pub status: Status,
    /// CLASS.
    pub class: Class,
    /// SEQUENCE.
    pub sequence: u32,
    /// PRIORITY, 0 to 9.
    pub priority: u8,
    /// BUSYTYPE of VAVAILABILITY (RFC 7953 §3.2).
    pub busy_type: BusyKind,
    /// Alarms, in order.
    pub alarms: Vec<AlarmIndex>,
    /// FREEBUSY periods, in order.
    pub free_busy: Vec<BusyPeriod>,
    /// ORGANIZER, as [`super::values::calendar_address`] gives it.
    pub organizer: Option<String>,
    /// ATTENDEE, in order.
    pub attendees: Vec<Attendee>,
    /// The AVAILABLE components of a VAVAILABILITY, those of one UID together.
    pub available: Vec<Vec<Part>>,
}

/// Parts that room is made for at once: the number is read from the stored form, and a damaged one must not cost memory.
const MOST_AT_ONCE: usize = 16 * 1024;

/// Reads the parts into as much memory as they need: a list that grows by doubling takes thrice as much where there are many.
fn parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    struct Parts;
    impl<'de> Visitor<'de> for Parts {
        type Value = Vec<Part>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("the parts of an object")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Part>, A::Error> {
            let mut parts = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(MOST_AT_ONCE));
            while let Some(part) = seq.next_element()? {
                parts.push(part);
            }
            Ok(parts)
        }
    }
    deserializer.deserialize_seq(Parts)
}

/// Bytes `start..end` of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSpan {
    /// First byte.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

impl ByteSpan {
    /// The bytes of `body` that this covers; empty where the body is not the one indexed.
    pub fn of(self, body: &str) -> &str {
        body.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// One RDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraDate {
    /// When the instance starts.
    pub start: When,
    /// A length of its own (VALUE=PERIOD).
    pub length: Option<Length>,
}

/// EXDATE, brought into the frame of DTSTART as far as can be told without the collection's zone. All sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exclusions {
    /// In the frame of DTSTART: civil seconds.
    pub civil: Vec<i64>,
    /// In another zone: seconds UTC.
    pub utc: Vec<i64>,
    /// DATE values: day numbers, whatever the hour of the instance.
    pub days: Vec<i64>,
}

/// STATUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Status {
    #[default]
    None,
    Tentative,
    Confirmed,
    Cancelled,
    NeedsAction,
    Completed,
    InProcess,
    Draft,
    Final,
    Other,
}

/// CLASS. What we do not know counts as private (RFC 5545 §3.8.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Class {
    #[default]
    Public,
    Private,
    Confidential,
}

/// FBTYPE and BUSYTYPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum BusyKind {
    Free,
    Busy,
    Unavailable,
    Tentative,
}

/// One FREEBUSY period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusyPeriod {
    /// Microseconds UTC.
    pub start: i64,
    /// Microseconds UTC.
    pub end: i64,
    /// FBTYPE.
    pub kind: BusyKind,
}

/// PARTSTAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PartStat {
    #[default]
    NeedsAction,
    Accepted,
    Declined,
    Tentative,
    Delegated,
    Completed,
    InProcess,
    Other,
}

/// One ATTENDEE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// As [`super::values::calendar_address`] gives it.
    pub address: String,
    /// EMAIL parameter (RFC 7986 §6.2), where the address is no `mailto:`; lower case.
    pub email: Option<String>,
    /// PARTSTAT.
    pub part_stat: PartStat,
}

/// What an alarm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AlarmAction {
    Display,
    Audio,
    Email,
    Other,
}

/// TRIGGER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// Relative to the start.
    Start(Duration),
    /// Relative to the end or DUE.
    End(Duration),
    /// At one moment.
    At(When),
}

/// One VALARM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmIndex {
    /// ACTION.
    pub action: AlarmAction,
    /// TRIGGER.
    pub trigger: Trigger,
    /// REPEAT: how often again after the first time.
    pub repeat: u32,
    /// DURATION between the times.
    pub every: Duration,
}

/// An `Arc` stored as what it holds.
mod shared {
    use super::{Arc, Custom, Deserialize, Serialize};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(custom: &Arc<Custom>, to: S) -> Result<S::Ok, S::Error> {
        Custom::serialize(custom, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Custom>, D::Error> {
        Custom::deserialize(from).map(Arc::new)
    }
}

impl CalendarIndex {
    /// The stored form: a version byte, then `postcard`.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// Reads the stored form; `None` where it is of another version or damaged, and has to be built anew from the body.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        postcard::from_bytes(rest).ok()
    }

    /// The zone at `index`, the collection's where it is not known.
    pub fn zone(&self, index: u16, collection: &Zone) -> Zone {
        self.zones.get(usize::from(index)).map_or_else(|| collection.clone(), |zone| zone.zone(collection))
    }

    /// The part without RECURRENCE-ID.
    pub fn master(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.recurrence_id.is_none())
    }
}

impl Part {
    /// Whether it has instances besides its DTSTART.
    pub fn is_recurring(&self) -> bool {
        !self.rules.is_empty() || !self.rdates.is_empty()
    }

    /// What its instances are counted from: DTSTART, or DUE of a task without one.
    pub fn anchor(&self) -> Option<When> {
        self.start.or(self.due)
    }
}
