//! Calendar objects for tests: the situations of RFC 4791 Appendix B, in our own words.

use crate::text::component::{Document, Limits};
use crate::text::ical::CalendarIndex;
use crate::text::recur::Window;
use crate::text::recur::moment::{Moment, write_local};
use proptest::prelude::*;

const NEW_YORK: &str = concat!(
    "BEGIN:VTIMEZONE\r\nTZID:Office\r\n",
    "BEGIN:STANDARD\r\nDTSTART:20001026T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n",
    "TZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n",
    "BEGIN:DAYLIGHT\r\nDTSTART:20000404T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\r\n",
    "TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
);

/// One hour at noon of 2 January 2006 in New York.
pub fn single() -> String {
    object(&format!(
        "{NEW_YORK}BEGIN:VEVENT\r\nDTSTAMP:20060206T001102Z\r\nDTSTART;TZID=Office:20060102T120000\r\nDURATION:PT1H\r\n\
         SUMMARY:Lunch\r\nUID:single\r\nEND:VEVENT\r\n"
    ))
}

/// The same each day for five days; the one of 4 January two hours later and renamed.
pub fn series() -> String {
    object(&format!(
        "{NEW_YORK}BEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=Office:20060102T120000\r\nDURATION:PT1H\r\n\
         RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:Stand-up\r\nUID:series\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=Office:20060104T140000\r\nDURATION:PT1H\r\n\
         RECURRENCE-ID;TZID=Office:20060104T120000\r\nSUMMARY:Stand-up\\, late\r\nUID:series\r\nEND:VEVENT\r\n"
    ))
}

/// 10 o'clock of 4 January in New York, tentative, with two people.
pub fn meeting() -> String {
    object(&format!(
        "{NEW_YORK}BEGIN:VEVENT\r\nATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:cyrus@example.com\r\n\
         ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lisa@example.com\r\nDTSTAMP:20060206T001220Z\r\n\
         DTSTART;TZID=Office:20060104T100000\r\nDURATION:PT1H\r\nLAST-MODIFIED:20060206T001330Z\r\n\
         ORGANIZER:mailto:cyrus@example.com\r\nSEQUENCE:1\r\nSTATUS:TENTATIVE\r\nSUMMARY:Review\r\nUID:meeting\r\n\
         X-ABC-GUID:E1CX5Dr-0007ym-Hz@example.com\r\nEND:VEVENT\r\n"
    ))
}

/// A task with an alarm at 13:00 UTC of 6 January.
pub fn task() -> String {
    object(
        "BEGIN:VTODO\r\nDTSTAMP:20060205T235335Z\r\nDUE;VALUE=DATE:20060104\r\nSTATUS:NEEDS-ACTION\r\nSUMMARY:Report\r\n\
         UID:task\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER;VALUE=DATE-TIME:20060106T130000Z\r\nEND:VALARM\r\nEND:VTODO\r\n",
    )
}

/// A task with an alarm a day before the end of 6 January.
pub fn task_with_early_alarm() -> String {
    object(
        "BEGIN:VTODO\r\nDTSTAMP:20060205T235300Z\r\nDUE:20060106T120000Z\r\nLAST-MODIFIED:20060205T235308Z\r\n\
         STATUS:NEEDS-ACTION\r\nSUMMARY:Slides\r\nUID:early\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\n\
         TRIGGER;RELATED=END:-PT24H\r\nEND:VALARM\r\nEND:VTODO\r\n",
    )
}

/// A task that was done.
pub fn task_done() -> String {
    object(
        "BEGIN:VTODO\r\nCOMPLETED:20051223T122322Z\r\nDTSTAMP:20060205T235400Z\r\nDUE;VALUE=DATE:20051225\r\n\
         STATUS:COMPLETED\r\nSUMMARY:Presents\r\nUID:done\r\nEND:VTODO\r\n",
    )
}

/// A task that was given up.
pub fn task_cancelled() -> String {
    object(
        "BEGIN:VTODO\r\nDTSTAMP:20060205T235600Z\r\nDUE;VALUE=DATE:20060101\r\nSTATUS:CANCELLED\r\nSUMMARY:Run\r\n\
         UID:cancelled\r\nEND:VTODO\r\n",
    )
}

/// Busy time of 2 and 3 January.
pub fn free_busy() -> String {
    object(
        "BEGIN:VFREEBUSY\r\nDTSTAMP:20050125T090000Z\r\nDTSTART:20060101T000000Z\r\nDTEND:20060108T000000Z\r\nUID:fb\r\n\
         FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060102T100000Z/20060102T120000Z\r\n\
         FREEBUSY:20060102T150000Z/PT1H,20060103T100000Z/20060103T120000Z\r\n\
         FREEBUSY;FBTYPE=FREE:20060102T170000Z/PT1H\r\nEND:VFREEBUSY\r\n",
    )
}

/// A VCALENDAR round these components.
pub fn object(components: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\n{components}END:VCALENDAR\r\n")
}

/// The index of an object.
pub fn index(body: &str) -> CalendarIndex {
    CalendarIndex::build(&Document::parse(body, Limits::default()).expect("readable")).expect("valid")
}

/// Microseconds of `20060104T000000Z`.
pub fn at(text: &str) -> i64 {
    match Moment::parse(text) {
        Some(Moment::Utc(seconds)) => seconds * 1_000_000,
        other => panic!("{text}: {other:?}"),
    }
}

/// A window of two such texts.
pub fn window(start: &str, end: &str) -> Window {
    Window::new(at(start), at(end))
}

/// 27 March 2026, 12:00, as civil seconds: two days before the clock of Paris moves.
const NOON: i64 = 1_774_612_800;

/// Series of events or tasks from that noon on, in UTC, floating or in Paris, with exceptions and overrides of one or
/// all later instances; each part has the SUMMARY `part0`, `part1`, …
pub fn any_series() -> impl Strategy<Value = String> {
    let shape = (prop::bool::ANY, prop::bool::weighted(0.85), 0..3_usize);
    let changes =
        prop::collection::btree_map(0_i64..8, (-60_i64..60, 0_i64..30, prop::bool::weighted(0.25)), 0..4);
    let exceptions = prop::collection::btree_set(0_i64..8, 0..3);
    (shape, 1_i64..8, 0_i64..40, changes, exceptions).prop_map(
        |((is_task, has_master, zone), count, hours, changes, exceptions)| {
            let name = if is_task { "VTODO" } else { "VEVENT" };
            let time = |name: &str, civil: i64| match zone {
                0 => format!("{name}:{}Z\r\n", write_local(civil)),
                1 => format!("{name}:{}\r\n", write_local(civil)),
                _ => format!("{name};TZID=Europe/Paris:{}\r\n", write_local(civil)),
            };
            let part = |number: usize, lines: String, hours: i64| {
                let length = format!("DURATION:PT{hours}H\r\nSUMMARY:part{number}\r\n");
                format!("BEGIN:{name}\r\nUID:s\r\n{lines}{length}END:{name}\r\n")
            };
            let mut components = String::new();
            if has_master || changes.is_empty() {
                let mut lines = time("DTSTART", NOON) + &format!("RRULE:FREQ=DAILY;COUNT={count}\r\n");
                lines.extend(exceptions.into_iter().map(|day| time("EXDATE", NOON + day * 86_400)));
                components.push_str(&part(0, lines, hours));
            }
            for (number, (day, (shift, hours, future))) in changes.into_iter().enumerate() {
                let original = NOON + day * 86_400;
                let name = if future { "RECURRENCE-ID;RANGE=THISANDFUTURE" } else { "RECURRENCE-ID" };
                let lines = time(name, original) + &time("DTSTART", original + shift * 3_600);
                components.push_str(&part(number + 1, lines, hours));
            }
            object(&components)
        },
    )
}

/// Windows round those series.
pub fn any_window() -> impl Strategy<Value = Window> {
    (-80_i64..260, 1_i64..80).prop_map(|(from, hours)| {
        let start = (NOON + from * 3_600) * 1_000_000;
        Window::new(start, start + hours * 3_600_000_000)
    })
}
