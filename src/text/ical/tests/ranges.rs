//! The tables of RFC 4791 §9.9 and RFC 7953, row by row.

use super::*;

fn overlaps_in(source: &str, what: RangeTarget, window: Window) -> bool {
    let index = index(source);
    let hit = index.overlaps(what, window, &paris(), &mut Budget::default()).expect("enough");
    let span = index.span();
    assert!(!hit || (span.first < window.end && span.last > window.start), "{span:?} {window:?} {source}");
    hit
}

/// Hours of 1 January 2024 UTC, open ends as `-` and `+`.
fn hours(from: &str, to: &str) -> Window {
    let hour = |text: &str| match text {
        "-" => i64::MIN,
        "+" => i64::MAX,
        hour => at(&format!("2024-01-01T{hour}:00:00Z")),
    };
    Window::new(hour(from), hour(to))
}

/// Checks rows of (from, to, expected).
fn check(source: &str, what: RangeTarget, rows: &[(&str, &str, bool)]) {
    for &(from, to, expected) in rows {
        assert_eq!(overlaps_in(source, what, hours(from, to)), expected, "{from} to {to} of {source}");
    }
}

fn todo(lines: &str) -> String {
    body(&format!("BEGIN:VTODO\nUID:1\n{lines}END:VTODO\n"))
}

#[test]
fn events() {
    let rows = [
        ("08", "10", false),
        ("08", "11", true),
        ("10", "11", true),
        ("12", "13", false),
        ("11", "12", true),
        ("-", "10", false),
        ("-", "11", true),
        ("11", "+", true),
        ("12", "+", false),
        ("-", "+", true),
    ];
    check(&event("DTSTART:20240101T100000Z\nDTEND:20240101T120000Z\n"), RangeTarget::Event, &rows);
    check(&event("DTSTART:20240101T100000Z\nDURATION:PT2H\n"), RangeTarget::Event, &rows);
    let no_length = [
        ("08", "10", false),
        ("10", "11", true),
        ("09", "11", true),
        ("11", "12", false),
        ("10", "+", true),
        ("-", "10", false),
    ];
    for lines in ["", "DURATION:PT0S\n", "DTEND:20240101T100000Z\n"] {
        check(&event(&format!("DTSTART:20240101T100000Z\n{lines}")), RangeTarget::Event, &no_length);
    }
    // A DATE lasts its day, in the zone of the collection: 23:00 to 23:00 UTC.
    check(
        &event("DTSTART;VALUE=DATE:20240101\n"),
        RangeTarget::Event,
        &[("22", "23", true), ("23", "+", false), ("-", "00", true)],
    );
    assert!(!overlaps_in(&event("DTSTART:20240101T100000Z\n"), RangeTarget::Todo, Window::ALL));
}

#[test]
fn tasks() {
    let what = RangeTarget::Todo;
    // DTSTART and DURATION: the end is included.
    check(
        &todo("DTSTART:20240101T100000Z\nDURATION:PT2H\n"),
        what,
        &[("12", "13", true), ("13", "14", false), ("08", "10", false), ("08", "11", true)],
    );
    // DTSTART and DUE.
    check(
        &todo("DTSTART:20240101T100000Z\nDUE:20240101T120000Z\n"),
        what,
        &[("12", "13", false), ("11", "13", true), ("08", "10", false), ("08", "11", true)],
    );
    check(
        &todo("DTSTART:20240101T100000Z\nDUE:20240101T100000Z\n"),
        what,
        &[("10", "11", true), ("08", "10", true), ("11", "12", false)],
    );
    // DTSTART alone.
    check(
        &todo("DTSTART:20240101T100000Z\n"),
        what,
        &[("10", "11", true), ("08", "10", false), ("11", "12", false)],
    );
    // DUE alone: the end of the window is included.
    check(
        &todo("DUE:20240101T100000Z\n"),
        what,
        &[("08", "10", true), ("10", "11", false), ("09", "11", true), ("-", "09", false)],
    );
    // COMPLETED and CREATED.
    let both = todo("CREATED:20240101T100000Z\nCOMPLETED:20240101T120000Z\n");
    check(
        &both,
        what,
        &[
            ("08", "09", false),
            ("08", "10", true),
            ("11", "12", true),
            ("12", "13", true),
            ("13", "14", false),
        ],
    );
    check(
        &todo("COMPLETED:20240101T120000Z\n"),
        what,
        &[("12", "13", true), ("10", "12", true), ("08", "11", false), ("13", "14", false)],
    );
    check(
        &todo("CREATED:20240101T100000Z\n"),
        what,
        &[("08", "10", false), ("08", "11", true), ("12", "13", true)],
    );
    check(&todo(""), what, &[("08", "09", true), ("-", "+", true)]);
    let span = index(&todo("")).span();
    assert_eq!((span.first, span.last), (i64::MIN, i64::MAX));
}

#[test]
fn recurring_tasks() {
    let daily = todo(
        "DTSTART:20231201T100000Z\nDUE:20231201T120000Z\nRRULE:FREQ=DAILY\nCOMPLETED:20231201T000000Z\n",
    );
    check(&daily, RangeTarget::Todo, &[("08", "10", false), ("11", "12", true), ("12", "13", false)]);
    // As some phones write them: no DTSTART.
    let due = todo("DUE:20231201T100000Z\nRRULE:FREQ=DAILY\n");
    check(&due, RangeTarget::Todo, &[("08", "10", true), ("10", "11", false)]);
    assert_eq!(starts(&due, "2024-01-01", "2024-01-03"), "2024-01-01T10:00Z 2024-01-02T10:00Z");
}

#[test]
fn journals() {
    let what = RangeTarget::Journal;
    let journal = |lines: &str| body(&format!("BEGIN:VJOURNAL\nUID:1\n{lines}END:VJOURNAL\n"));
    check(
        &journal("DTSTART:20240101T100000Z\n"),
        what,
        &[("10", "11", true), ("11", "12", false), ("08", "10", false)],
    );
    check(&journal("DTSTART;VALUE=DATE:20240101\n"), what, &[("10", "11", true), ("23", "+", false)]);
    check(&journal(""), what, &[("-", "+", false)]);
}

#[test]
fn free_busy() {
    let what = RangeTarget::FreeBusy;
    let object = |lines: &str| body(&format!("BEGIN:VFREEBUSY\nUID:1\n{lines}END:VFREEBUSY\n"));
    check(
        &object("DTSTART:20240101T100000Z\nDTEND:20240101T120000Z\n"),
        what,
        &[("12", "13", true), ("13", "14", false), ("08", "10", false)],
    );
    let periods =
        object("FREEBUSY;FBTYPE=BUSY-TENTATIVE:20240101T100000Z/PT1H,20240101T140000Z/20240101T150000Z\n");
    check(&periods, what, &[("10", "11", true), ("11", "14", false), ("14", "15", true)]);
    check(&object(""), what, &[("-", "+", false)]);
    assert_eq!(index(&periods).parts[0].free_busy[1].kind, BusyKind::Tentative);
}

#[test]
fn availability() {
    let what = RangeTarget::Availability;
    let object = |lines: &str| body(&format!("BEGIN:VAVAILABILITY\nUID:1\n{lines}END:VAVAILABILITY\n"));
    check(
        &object("DTSTART:20240101T100000Z\nDTEND:20240101T120000Z\n"),
        what,
        &[("08", "10", false), ("11", "13", true), ("12", "13", false)],
    );
    check(
        &object("DTSTART:20240101T100000Z\nDURATION:PT2H\n"),
        what,
        &[("11", "13", true), ("12", "13", false)],
    );
    check(&object("DTSTART:20240101T100000Z\n"), what, &[("08", "10", false), ("20", "21", true)]);
    check(&object("DTEND:20240101T100000Z\n"), what, &[("08", "09", true), ("10", "11", false)]);
    check(&object(""), what, &[("08", "09", true)]);
    let hours = object(
        "BUSYTYPE:BUSY\nPRIORITY:2\nBEGIN:AVAILABLE\nUID:a\nDTSTART;TZID=Europe/Paris:20231204T090000\nDURATION:PT8H\n\
         RRULE:FREQ=WEEKLY;BYDAY=MO,TU\nEND:AVAILABLE\nBEGIN:AVAILABLE\nUID:a\nRECURRENCE-ID;TZID=Europe/Paris:20240101T090000\n\
         DTSTART;TZID=Europe/Paris:20240101T120000\nDURATION:PT1H\nEND:AVAILABLE\n",
    );
    check(&hours, RangeTarget::Available, &[("08", "11", false), ("11", "12", true), ("12", "20", false)]);
    let index = index(&hours);
    assert_eq!((index.parts[0].busy_type, index.parts[0].priority), (BusyKind::Busy, 2));
    let found = index
        .available(0, window("2024-01-01", "2024-01-09"), &paris(), &mut Budget::default())
        .expect("enough");
    let found: Vec<_> = found.iter().map(|instance| show(instance.start)).collect();
    assert_eq!(found, ["2024-01-01T11:00Z", "2024-01-02T08:00Z", "2024-01-08T08:00Z"]);
}

#[test]
fn alarms() {
    let what = RangeTarget::EventAlarm;
    let ring = |lines: &str| {
        event(&format!("DTSTART:20240101T100000Z\nDTEND:20240101T120000Z\nBEGIN:VALARM\n{lines}END:VALARM\n"))
    };
    check(&ring("TRIGGER:-PT1H\n"), what, &[("09", "10", true), ("08", "09", false), ("10", "12", false)]);
    check(&ring("TRIGGER;RELATED=END:PT1H\n"), what, &[("13", "14", true), ("10", "13", false)]);
    check(
        &ring("TRIGGER;VALUE=DATE-TIME:20240101T040000Z\n"),
        what,
        &[("04", "05", true), ("05", "12", false)],
    );
    check(
        &ring("TRIGGER:-PT1H\nREPEAT:2\nDURATION:PT2H\n"),
        what,
        &[
            ("10", "11", false),
            ("11", "12", true),
            ("12", "13", false),
            ("13", "14", true),
            ("14", "+", false),
        ],
    );
    check(&ring("TRIGGER:-PT1H\nREPEAT:2\n"), what, &[("11", "12", false)]);
    check(&event("DTSTART:20240101T100000Z\n"), what, &[("-", "+", false)]);
    let series =
        event("DTSTART:20200101T100000Z\nRRULE:FREQ=DAILY\nBEGIN:VALARM\nTRIGGER:-P3D\nEND:VALARM\n");
    check(&series, what, &[("10", "11", true), ("11", "12", false)]);
    // A nominal day before a change of the clock.
    let nominal =
        event("DTSTART;TZID=Europe/Paris:20240331T120000\nBEGIN:VALARM\nTRIGGER:-P1D\nEND:VALARM\n");
    assert!(overlaps_in(&nominal, what, window("2024-03-30T11:00:00Z", "2024-03-30T11:00:01Z")));
    let task = todo("DUE:20240101T100000Z\nBEGIN:VALARM\nTRIGGER;RELATED=END:-PT1H\nEND:VALARM\n");
    check(&task, RangeTarget::TodoAlarm, &[("09", "10", true), ("10", "11", false)]);
}

#[test]
fn targets_by_path() {
    assert_eq!(RangeTarget::of(&["vevent", "VALARM"]), Some(RangeTarget::EventAlarm));
    assert_eq!(RangeTarget::of(&["VAVAILABILITY", "AVAILABLE"]), Some(RangeTarget::Available));
    assert_eq!(RangeTarget::of(&["VTIMEZONE"]), None);
}
