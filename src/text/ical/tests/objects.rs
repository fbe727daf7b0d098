//! What RFC 4791 §4.1 asks, broken forms of real clients, and the stored form.

use super::*;
use crate::text::ical::values::{self, Duration};
use crate::text::recur::Rule;
use crate::text::recur::moment::Moment;
use proptest::prelude::*;

#[test]
fn objects_that_are_refused() {
    let master = "BEGIN:VEVENT\nUID:1\nDTSTART:20240101T100000Z\nEND:VEVENT\n";
    for (source, what) in [
        (body(""), "no component besides VTIMEZONE"),
        (body("BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n"), "no component besides VTIMEZONE"),
        (body(&format!("METHOD:REQUEST\n{master}")), "a stored object has no METHOD"),
        (body(&format!("{master}{}", master.replace("UID:1", "UID:2"))), "more than one UID in one object"),
        (body(&format!("{master}{master}")), "two components of one UID without RECURRENCE-ID"),
        (
            body(&format!("{master}BEGIN:VTODO\nUID:1\nEND:VTODO\n")),
            "more than one type of component in one object",
        ),
        (body("BEGIN:VEVENT\nDTSTART:20240101T100000Z\nEND:VEVENT\n"), "a component without UID"),
        (body("BEGIN:VEVENT\nUID: \nDTSTART:20240101T100000Z\nEND:VEVENT\n"), "a component without UID"),
        (format!("{}{}", body(master), body(master)), "more than one VCALENDAR in one object"),
        (master.to_owned(), "not a VCALENDAR"),
        (event("SUMMARY:x\n"), "VEVENT without DTSTART"),
        (event("DTSTART:soon\n"), "DTSTART that is not a date"),
        (event("DTSTART:\n"), "DTSTART that is not a date"),
        (event("DTSTART:20240101T100000Z\nRRULE:FREQ=SOMETIMES\n"), "RRULE without a valid FREQ"),
        (
            event("DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;BYMONTH=13\n"),
            "RRULE with a number out of range",
        ),
        (event("DTSTART:20240101T100000Z\nEXDATE:x\n"), "EXDATE that is not a date"),
        (event("DTSTART:20240101T100000Z\nDTEND:x\n"), "DTEND that is not a date"),
        (event("DTSTART:20240101T100000Z\nDURATION:x\n"), "DURATION that cannot be read"),
        (event("DTSTART:20240101T100000Z\nRECURRENCE-ID:x\n"), "RECURRENCE-ID that is not a date"),
    ] {
        assert_eq!(build(&source).expect_err(&source).what, what, "{source}");
    }
    let invalid = build(&event("DTSTART:20240101T100000Z\nRRULE:FREQ=NO\n")).expect_err("refused");
    assert_eq!((invalid.line, invalid.rule), (7, validate::Broken::Data));
}

#[test]
fn objects_that_are_accepted() {
    for source in [
        // Overrides without a master.
        event("RECURRENCE-ID:20240101T100000Z\nDTSTART:20240101T110000Z\n"),
        // No valid instance.
        event("DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;UNTIL=20230101T000000Z\n"),
        event(
            "DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nEXDATE:20240101T100000Z\n",
        ),
        event("DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20240101T100000Z\n"),
        // Unknown components and parts.
        body(
            "BEGIN:X-THING\nA:b\nEND:X-THING\nBEGIN:VEVENT\nUID:1\nDTSTART:20240101\nBEGIN:X-Y\nEND:X-Y\nEND:VEVENT\n",
        ),
        body("BEGIN:VPOLL\nUID:1\nBEGIN:VVOTER\nEND:VVOTER\nEND:VPOLL\n"),
        body("BEGIN:X-ONLY\nUID:1\nEND:X-ONLY\n"),
        // Empty lists, RDATE before all, a VTIMEZONE after use, one never used.
        event("DTSTART:20240101T100000Z\nEXDATE:\nRDATE:\nRRULE:\nDTEND:\nDURATION:\n"),
        body(
            "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Mine:20240101T100000\nEND:VEVENT\nBEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n",
        ),
        body("BEGIN:VTODO\nUID:1\nEND:VTODO\n"),
        body("BEGIN:VJOURNAL\nUID:1\nEND:VJOURNAL\n"),
        event("DTSTART:20240101T100000Z\nBEGIN:VALARM\nTRIGGER:whenever\nEND:VALARM\n"),
        event("DTSTART:20240101T100000Z\nRRULE:RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L\n"),
    ] {
        assert!(build(&source).is_ok(), "{source}: {:?}", build(&source));
    }
    assert_eq!(index(&body("BEGIN:VPOLL\nUID:1\nEND:VPOLL\n")).kind, ComponentKind::Other("VPOLL".into()));
}

#[test]
fn the_properties_that_reads_need() {
    let source = event(
        "DTSTART;TZID=Europe/Paris:20240101T100000\nDURATION:PT90M\nTRANSP:TRANSPARENT\nSTATUS:cancelled\n\
         CLASS:X-SECRET\nSEQUENCE:3\nORGANIZER;CN=A:MAILTO:Ann@Example.org\nATTENDEE;PARTSTAT=DECLINED:mailto:b@x\n\
         ATTENDEE;EMAIL=C@x:urn:uuid:ABC\nCREATED:20230101T000000Z\n\
         BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;RELATED=END:-PT5M\nREPEAT:2\nDURATION:PT1M\nEND:VALARM\n",
    );
    let index = index(&source);
    let part = index.master().expect("a master");
    assert!(
        part.span.of(&source).starts_with("BEGIN:VEVENT\n")
            && part.span.of(&source).ends_with("END:VEVENT\n")
    );
    assert_eq!(part.span.of("short"), "");
    assert!(part.transparent);
    assert_eq!((part.status, part.class, part.sequence), (Status::Cancelled, Class::Private, 3));
    assert_eq!(part.organizer.as_deref(), Some("ann@example.org"));
    assert_eq!(
        part.attendees[0],
        Attendee { address: "b@x".into(), email: None, part_stat: PartStat::Declined }
    );
    assert_eq!(part.attendees[1].email.as_deref(), Some("c@x"));
    assert_eq!(part.created, Some(at("2023-01-01")));
    assert_eq!(part.length, Length::Nominal(Duration { days: 0, seconds: 5_400 }));
    let alarm = part.alarms[0];
    assert_eq!((alarm.action, alarm.repeat), (AlarmAction::Display, 2));
    assert_eq!(alarm.trigger, Trigger::End(Duration { days: 0, seconds: -300 }));
    assert_eq!(index.zones, [ZoneRef::Iana("Europe/Paris".into())]);
}

#[test]
fn the_stored_form_is_small_and_never_panics() {
    let source =
        event("DTSTART;TZID=Europe/Paris:20240101T100000\nDTEND;TZID=Europe/Paris:20240101T110000\n");
    let bytes = index(&source).encode();
    assert!(bytes.len() < 80, "{} bytes", bytes.len());
    assert!(CalendarIndex::decode(&[]).is_none());
    assert!(CalendarIndex::decode(&[255, 1, 2, 3]).is_none());
    for cut in 0..bytes.len() {
        assert!(CalendarIndex::decode(&bytes[..cut]).is_none());
    }
    for at in 1..bytes.len() {
        for flip in [1_u8, 0x80, 0xff] {
            let mut bad = bytes.clone();
            bad[at] ^= flip;
            if let Some(odd) = CalendarIndex::decode(&bad) {
                let _ = odd.instances(Window::ALL, &Zone::Utc, &mut Budget::new(10_000, 10));
                let _ = odd.span();
            }
        }
    }
}

#[test]
fn broken_dates_of_real_clients() {
    let day = |lines: &str| starts(&event(lines), "2023-12-30", "2024-01-09");
    // A time under VALUE=DATE; a date without VALUE; a DTEND that is its DTSTART; a TZID with a blank; no VTIMEZONE.
    assert_eq!(day("DTSTART;VALUE=DATE:20240101T000000\n"), "2023-12-31T23:00Z");
    assert_eq!(day("DTSTART:20240101\nDTEND:20240101\n"), "2023-12-31T23:00Z");
    assert_eq!(day("DTSTART;TZID=\"Europe/Berlin \":20240101T100000\n"), "2024-01-01T09:00Z");
    assert_eq!(day("DTSTART;TZID=Romance Standard Time:20240101T100000\n"), "2024-01-01T09:00Z");
    // Nobody's zone: the collection's.
    assert_eq!(day("DTSTART;TZID=America/New_Yrok:20240101T100000\n"), "2024-01-01T09:00Z");
    // A TZID beside a UTC time means nothing.
    assert_eq!(day("DTSTART;TZID=America/New_York:20240101T100000Z\n"), "2024-01-01T10:00Z");
    // DTEND is a date beside a time, and before the start.
    let ends = |lines: &str| listed(&event(lines), "2023-12-30", "2024-01-09", true);
    assert_eq!(
        ends("DTSTART:20240101T100000\nDTEND;VALUE=DATE:20240102\n"),
        "2024-01-01T09:00Z>2024-01-01T23:00Z"
    );
    assert_eq!(
        ends("DTSTART:20240102T100000Z\nDTEND:20240101T100000Z\n"),
        "2024-01-02T10:00Z>2024-01-02T10:00Z"
    );
    assert_eq!(ends("DTSTART;VALUE=DATE:20240101\nDURATION:PT2D\n"), "2023-12-31T23:00Z>2024-01-02T23:00Z");
}

#[test]
fn an_object_with_a_thousand_zones_is_refused() {
    let dates: String = (0..1_000).map(|n| format!("EXDATE;TZID=Zone{n}:20240101T100000\n")).collect();
    let source = event(&format!("DTSTART:20240101T100000Z\n{dates}"));
    assert_eq!(build(&source).expect_err("refused").what, "more time zones than one object may have");
}

#[test]
fn many_parts_cost_little() {
    let part = |n: usize| {
        let (hour, minute) = (n / 60 % 24, n % 60);
        let day = 1 + n / 1_440;
        format!(
            "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:202401{day:02}T{hour:02}{minute:02}00Z\nDTSTART:202402{day:02}T{hour:02}{minute:02}00Z\nEND:VEVENT\n"
        )
    };
    let overrides: String = (0..10_000).map(part).collect();
    let source = body(&format!(
        "BEGIN:VEVENT\nUID:1\nDTSTART:20240101T000000Z\nRRULE:FREQ=MINUTELY\nEND:VEVENT\n{overrides}"
    ));
    let before = std::time::Instant::now();
    let index = index(&source);
    let found =
        index.instances(window("2024-02-01", "2024-02-01T00:01:00Z"), &paris(), &mut Budget::default());
    assert_eq!(found.map(|found| found.len()), Ok(2));
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_makes_a_reader_panic(text in "[-+PTWDHMSZ0-9/:;=,. éA-Z]{0,40}", rule in "(FREQ|BYDAY|BYMONTH|COUNT|UNTIL|INTERVAL|BYSETPOS|BYWEEKNO|SKIP|RSCALE)=[-+,A-Z0-9é]{0,12}(;[A-Z]{3,9}=[-0-9,A-Z]{0,8}){0,3}") {
        let _ = (Moment::parse(&text), values::duration(&text), values::offset(&text), values::period(&text));
        let _ = (values::calendar_address(&text), Rule::parse(&text), Rule::parse(&rule));
        for name in ["DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "FREEBUSY"] {
            let source = event(&format!("DTSTART:20240131T100000Z\n{name}:{}\n", if name == "RRULE" { &rule } else { &text }));
            if let Ok(index) = build(&source) {
                let _ = index.instances(Window::ALL, &paris(), &mut Budget::new(2_000, 100));
                let _ = index.span();
            }
        }
    }
}
