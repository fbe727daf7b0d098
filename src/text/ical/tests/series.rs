//! Recurrence sets: exceptions, overrides, zones, ends.

use super::*;
use proptest::prelude::*;

const DAILY: &str = "DTSTART;TZID=Europe/Paris:20240325T090000\nDTEND;TZID=Europe/Paris:20240325T100000\n";

fn series(lines: &str) -> String {
    event(&format!("{DAILY}{lines}"))
}

fn with_override(lines: &str, id: &str, start: &str) -> String {
    body(&format!(
        "BEGIN:VEVENT\nUID:1\n{DAILY}{lines}END:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID{id}\nDTSTART{start}\nDURATION:PT2H\nEND:VEVENT\n"
    ))
}

#[test]
fn a_daily_series_keeps_its_clock_across_a_change() {
    assert_eq!(
        starts(&series("RRULE:FREQ=DAILY;COUNT=8\n"), "2024-03-29", "2024-05-01"),
        "2024-03-29T08:00Z 2024-03-30T08:00Z 2024-03-31T07:00Z 2024-04-01T07:00Z"
    );
    // An hour that does not exist: the offset before the gap.
    let gap = event("DTSTART;TZID=Europe/Paris:20240330T023000\nRRULE:FREQ=DAILY;COUNT=3\n");
    assert_eq!(
        starts(&gap, "2024-03-01", "2024-05-01"),
        "2024-03-30T01:30Z 2024-03-31T01:30Z 2024-04-01T00:30Z"
    );
    // Also where the window begins between the two readings of that hour.
    assert_eq!(starts(&gap, "2024-03-31T01:15:00Z", "2024-03-31T01:45:00Z"), "2024-03-31T01:30Z");
    let gap_first = event("DTSTART;TZID=Europe/Paris:20240331T023000\nRRULE:FREQ=WEEKLY;COUNT=2\n");
    assert_eq!(starts(&gap_first, "2024-03-01", "2024-05-01"), "2024-03-31T01:30Z 2024-04-07T00:30Z");
    // Two clock times that are one instant are one instance.
    let hourly = event("DTSTART;TZID=Europe/Paris:20240331T013000\nRRULE:FREQ=HOURLY;COUNT=4\n");
    assert_eq!(
        starts(&hourly, "2024-03-01", "2024-05-01"),
        "2024-03-31T00:30Z 2024-03-31T01:30Z 2024-03-31T02:30Z"
    );
}

#[test]
fn dtend_is_exact_and_duration_nominal() {
    let night = "DTSTART;TZID=Europe/Paris:20240329T220000\nRRULE:FREQ=DAILY;COUNT=3\n";
    assert_eq!(
        listed(
            &event(&format!("{night}DTEND;TZID=Europe/Paris:20240330T060000\n")),
            "2024-03-30T12:00:00Z",
            "2024-05-01",
            true
        ),
        "2024-03-30T21:00Z>2024-03-31T05:00Z 2024-03-31T20:00Z>2024-04-01T04:00Z"
    );
    assert_eq!(
        listed(
            &event(&format!("{night}DURATION:P1D\n")),
            "2024-03-30T21:30:00Z",
            "2024-03-31T12:00:00Z",
            true
        ),
        "2024-03-30T21:00Z>2024-03-31T20:00Z"
    );
    assert_eq!(
        listed(
            &event("DTSTART;VALUE=DATE:20240330\nDTEND;VALUE=DATE:20240401\n"),
            "2024-01-01",
            "2025-01-01",
            true
        ),
        "2024-03-29T23:00Z>2024-03-31T22:00Z"
    );
}

#[test]
fn until_in_all_its_forms() {
    for (until, last) in [
        ("20240327T080000Z", "27"),
        ("20240327T075959Z", "26"),
        ("20240327T090000", "27"),
        ("20240327T085959", "26"),
        ("20240327", "27"),
        // After the change of the clock: 09:00 is 07:00 UTC.
        ("20240401T070000Z", "01"),
        ("20240401T065959Z", "31"),
    ] {
        let found = starts(&series(&format!("RRULE:FREQ=DAILY;UNTIL={until}\n")), "2024-01-01", "2025-01-01");
        let day = found.rsplit_once('-').expect("some").1.get(..2);
        assert_eq!(day, Some(last), "{until}: {found}");
    }
    // Beside a DATE: as a date, and as the UTC time that Exchange writes.
    for until in ["20240103", "20240103T000000Z", "20240103T100000"] {
        let found = starts(
            &event(&format!("DTSTART;VALUE=DATE:20240101\nRRULE:FREQ=DAILY;UNTIL={until}\n")),
            "2023-01-01",
            "2025-01-01",
        );
        assert_eq!(found.split(' ').count(), 3, "{until}: {found}");
    }
    // In UTC and floating.
    for start in ["20240101T100000Z", "20240101T100000"] {
        let found = starts(
            &event(&format!("DTSTART:{start}\nRRULE:FREQ=DAILY;UNTIL=20240103T100000Z\n")),
            "2023-01-01",
            "2025-01-01",
        );
        assert_eq!(found.split(' ').count(), 3, "{start}: {found}");
    }
}

#[test]
fn exdates_of_any_type_and_zone() {
    let rule = "RRULE:FREQ=DAILY;COUNT=3\n";
    for exdate in [
        "EXDATE;TZID=Europe/Paris:20240326T090000",
        "EXDATE:20240326T080000Z",
        "EXDATE;TZID=America/New_York:20240326T040000",
        "EXDATE:20240326T090000",
        "EXDATE;VALUE=DATE:20240326",
        "EXDATE:20240326",
        "EXDATE;TZID=Europe/Paris:20230101T000000,20240326T090000",
    ] {
        let found = starts(&series(&format!("{rule}{exdate}\n")), "2024-01-01", "2025-01-01");
        assert_eq!(found, "2024-03-25T08:00Z 2024-03-27T08:00Z", "{exdate}");
    }
    // EXDATE takes from COUNT, and may take DTSTART.
    assert_eq!(
        starts(&series(&format!("{rule}EXDATE:20240325T080000Z\n")), "2024-01-01", "2025-01-01"),
        "2024-03-26T08:00Z 2024-03-27T08:00Z"
    );
    let all_day = "DTSTART;VALUE=DATE:20240325\nRRULE:FREQ=DAILY;COUNT=2\n";
    for exdate in
        ["EXDATE;VALUE=DATE:20240326", "EXDATE:20240326T000000Z", "EXDATE;TZID=Europe/Paris:20240326T000000"]
    {
        assert_eq!(
            starts(&event(&format!("{all_day}{exdate}\n")), "2024-01-01", "2025-01-01"),
            "2024-03-24T23:00Z",
            "{exdate}"
        );
    }
}

#[test]
fn rdates_periods_and_exrules() {
    let found = listed(
        &series(
            "RDATE;VALUE=PERIOD:20240501T100000Z/PT3H,20240502T100000Z/20240502T103000Z\nRDATE:20240503T100000Z\nRDATE;VALUE=DATE:20240504\n",
        ),
        "2024-01-01",
        "2025-01-01",
        true,
    );
    assert_eq!(
        found,
        "2024-03-25T08:00Z>2024-03-25T09:00Z 2024-05-01T10:00Z>2024-05-01T13:00Z 2024-05-02T10:00Z>2024-05-02T10:30Z \
         2024-05-03T10:00Z>2024-05-03T11:00Z 2024-05-04T07:00Z>2024-05-04T08:00Z"
    );
    // An RDATE that the rule gives too is one instance; one before DTSTART counts.
    assert_eq!(
        starts(
            &series("RRULE:FREQ=DAILY;COUNT=2\nRDATE;TZID=Europe/Paris:20240326T090000,20240301T090000\n"),
            "2024-01-01",
            "2025-01-01"
        ),
        "2024-03-01T08:00Z 2024-03-25T08:00Z 2024-03-26T08:00Z"
    );
    assert_eq!(
        starts(
            &series("RRULE:FREQ=DAILY;COUNT=5\nEXRULE:FREQ=DAILY;INTERVAL=2\n"),
            "2024-01-01",
            "2025-01-01"
        ),
        "2024-03-26T08:00Z 2024-03-28T08:00Z"
    );
    // An EXRULE that does not give DTSTART leaves it alone.
    assert_eq!(
        starts(
            &series("RRULE:FREQ=DAILY;COUNT=3\nEXRULE:FREQ=WEEKLY;BYDAY=TU\n"),
            "2024-01-01",
            "2025-01-01"
        ),
        "2024-03-25T08:00Z 2024-03-27T08:00Z"
    );
}

#[test]
fn overrides_are_matched_by_instant() {
    for id in [
        ";TZID=Europe/Paris:20240326T090000",
        ":20240326T080000Z",
        ";TZID=America/New_York:20240326T040000",
        ";VALUE=DATE:20240326",
        ":20240326T090000",
    ] {
        let source = with_override("RRULE:FREQ=DAILY;COUNT=3\n", id, ":20240326T120000Z");
        assert_eq!(
            listed(&source, "2024-01-01", "2025-01-01", true),
            "2024-03-25T08:00Z>2024-03-25T09:00Z 2024-03-26T12:00Z>2024-03-26T14:00Z 2024-03-27T08:00Z>2024-03-27T09:00Z",
            "{id}"
        );
    }
}

#[test]
fn overrides_enter_and_leave_the_window() {
    let moved = with_override("RRULE:FREQ=DAILY;COUNT=3\n", ":20240326T080000Z", ":20240610T080000Z");
    assert_eq!(starts(&moved, "2024-03-26", "2024-03-27"), "");
    assert_eq!(starts(&moved, "2024-06-10", "2024-06-11"), "2024-06-10T08:00Z");
    // Its original is no longer in the rule, or before it, or excluded: it is shown.
    for lines in ["RRULE:FREQ=WEEKLY;COUNT=1\n", "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20240326T080000Z\n", ""] {
        let source = with_override(lines, ":20240326T080000Z", ":20240610T080000Z");
        assert_eq!(starts(&source, "2024-06-10", "2024-06-11"), "2024-06-10T08:00Z", "{lines}");
        assert_eq!(starts(&source, "2024-03-26", "2024-03-27"), "", "{lines}");
    }
    // No master at all; two overrides of one instance: the last one counts.
    let one = "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20240326T080000Z\nDTSTART:20240326T090000Z\nEND:VEVENT\n";
    let detached = body(&format!("{one}{}", one.replace("T090000Z", "T100000Z")));
    assert_eq!(starts(&detached, "2024-01-01", "2025-01-01"), "2024-03-26T10:00Z");
    let found = index(&detached).instances(Window::ALL, &paris(), &mut Budget::default()).expect("enough");
    assert_eq!((found[0].part, found[0].recurrence_id.map(|id| id.frame)), (1, Some(Frame::Utc)));
    // EXDATE and RRULE inside an override mean nothing.
    let odd = moved.replace("DURATION:PT2H", "EXDATE:20240610T080000Z\nRRULE:FREQ=DAILY");
    assert_eq!(starts(&odd, "2024-06-01", "2024-07-01"), "2024-06-10T08:00Z");
}

#[test]
fn this_and_future_moves_what_comes_later() {
    let source = with_override(
        "RRULE:FREQ=DAILY;COUNT=6\n",
        ";RANGE=THISANDFUTURE;TZID=Europe/Paris:20240328T090000",
        ";TZID=Europe/Paris:20240328T143000",
    );
    assert_eq!(
        listed(&source, "2024-03-27", "2025-01-01", true),
        "2024-03-27T08:00Z>2024-03-27T09:00Z 2024-03-28T13:30Z>2024-03-28T15:30Z 2024-03-29T13:30Z>2024-03-29T15:30Z \
         2024-03-30T13:30Z>2024-03-30T15:30Z"
    );
    let found = index(&source).instances(Window::ALL, &paris(), &mut Budget::default()).expect("enough");
    assert_eq!(found.iter().map(|instance| instance.part).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
    let id = found[4].recurrence_id.expect("of a series");
    assert_eq!(show(index(&source).instant(id, &paris())), "2024-03-29T08:00Z");
    // Another zone, another day: a shift of two days is found from afar.
    let far = with_override(
        "RRULE:FREQ=WEEKLY\n",
        ";RANGE=THISANDFUTURE:20240401T070000Z",
        ";TZID=America/New_York:20240403T090000",
    );
    assert_eq!(starts(&far, "2030-01-07", "2030-01-14"), "2030-01-09T14:00Z");
    assert_eq!(starts(&far, "2030-01-09", "2030-01-10"), "2030-01-09T14:00Z");
    // A later override of one instance still wins.
    let both = far.replace("END:VCALENDAR", "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;TZID=Europe/Paris:20300107T090000\nDTSTART:20300111T000000Z\nEND:VEVENT\nEND:VCALENDAR");
    assert_eq!(starts(&both, "2030-01-07", "2030-01-14"), "2030-01-11T00:00Z");
}

#[test]
fn old_and_far_windows() {
    let source = event("DTSTART;TZID=Europe/Paris:19500102T090000\nRRULE:FREQ=WEEKLY\n");
    assert_eq!(starts(&source, "1950-01-01", "1950-01-10"), "1950-01-02T08:00Z 1950-01-09T08:00Z");
    assert_eq!(starts(&source, "2190-07-01", "2190-07-08"), "2190-07-05T07:00Z");
    let ends = event("DTSTART:99991230T100000Z\nRRULE:FREQ=DAILY\n");
    assert_eq!(
        index(&ends).instances(Window::ALL, &paris(), &mut Budget::default()).map(|found| found.len()),
        Ok(2)
    );
    let starts_early = event("DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=YEARLY\n");
    assert_eq!(starts(&starts_early, "2023-12-01", "2024-02-01"), "2023-12-31T23:00Z");
}

#[test]
fn a_bomb_is_an_error_and_leaves_others_their_speed() {
    let bomb = index(&event("DTSTART:20240101T000000Z\nRRULE:FREQ=SECONDLY\n"));
    let mut budget = Budget::default();
    assert_eq!(
        bomb.instances(window("2024-01-01", "2025-01-01"), &paris(), &mut budget),
        Err(Exhausted::Instances)
    );
    let day = window("2024-06-01T10:00:00Z", "2024-06-01T10:00:03Z");
    assert_eq!(bomb.instances(day, &paris(), &mut Budget::default()).map(|found| found.len()), Ok(3));
    let never = index(&event("DTSTART:20240101T040000Z\nRRULE:FREQ=SECONDLY;INTERVAL=86400;BYHOUR=5\n"));
    let all = Window::new(at("2024-01-02"), i64::MAX);
    assert_eq!(
        never.overlaps(RangeTarget::Event, all, &paris(), &mut Budget::default()),
        Err(Exhausted::Steps)
    );
    // One budget for many objects.
    let daily = index(&event("DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY\n"));
    let mut shared = Budget::new(1_000, 25);
    let ten_days = window("2024-06-01", "2024-06-11");
    assert!(daily.instances(ten_days, &paris(), &mut shared).is_ok());
    assert!(daily.instances(ten_days, &paris(), &mut shared).is_ok());
    assert_eq!(daily.instances(ten_days, &paris(), &mut shared), Err(Exhausted::Instances));
    // EXRULE pays too.
    let excluded = index(&event("DTSTART:20240101T000000Z\nRRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY\n"));
    assert_eq!(
        excluded.overlaps(RangeTarget::Event, all, &paris(), &mut Budget::default()),
        Err(Exhausted::Steps)
    );
}

fn with_zone(observances: &str, lines: &str) -> String {
    body(&format!(
        "BEGIN:VTIMEZONE\nTZID:Mine\n{observances}END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=Mine:20240325T090000\n{lines}END:VEVENT\n"
    ))
}

#[test]
fn a_zone_of_the_file_moves_its_series() {
    let source = with_zone(
        "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n",
        "RRULE:FREQ=WEEKLY\nEXDATE:20240408T070000Z\n",
    );
    assert_eq!(
        starts(&source, "2024-03-20", "2024-04-20"),
        "2024-03-25T08:00Z 2024-04-01T07:00Z 2024-04-15T07:00Z"
    );
    assert_eq!(starts(&source, "2124-11-01", "2124-11-08"), "2124-11-06T08:00Z");
}

#[test]
fn a_zone_that_is_a_bomb_is_paid_for() {
    let observance = |n: usize| {
        format!(
            "BEGIN:STANDARD\nDTSTART:19{:02}0101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
             RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;INTERVAL=1\nEND:STANDARD\n",
            n % 100
        )
    };
    let bomb = with_zone(&(0..500).map(observance).collect::<String>(), "RRULE:FREQ=SECONDLY\n");
    let index = index(&bomb);
    let mut budget = Budget::default();
    let before = std::time::Instant::now();
    let found = index.instances(Window::new(at("2026-01-01"), i64::MAX), &paris(), &mut budget);
    assert_eq!(found, Err(Exhausted::Steps));
    let limit = if cfg!(debug_assertions) { 20_000 } else { 500 };
    assert!(before.elapsed().as_millis() < limit, "{:?}", before.elapsed());
}

#[test]
fn floating_times_follow_the_collection() {
    let source = event("DTSTART:20240101T100000\nDURATION:PT1H\n");
    let index = index(&source);
    let tokyo = Zone::iana("Asia/Tokyo").expect("known");
    let found = index.instances(Window::ALL, &tokyo, &mut Budget::default()).expect("enough");
    assert_eq!(show(found[0].start), "2024-01-01T01:00Z");
    assert!(found[0].floating && !found[0].all_day);
    assert_eq!(
        (found[0].start_civil.to_string(), found[0].end_civil.to_string()),
        ("2024-01-01T10:00:00".into(), "2024-01-01T11:00:00".into())
    );
    let span = index.span();
    assert!(span.first <= at("2023-12-31T20:00:00Z") && span.last >= at("2024-01-01T23:00:00Z"));
}

fn any_object() -> impl Strategy<Value = String> {
    let start = prop::sample::select(vec![
        "DTSTART;TZID=Europe/Paris:20240325T090000\n",
        "DTSTART:20240325T090000Z\n",
        "DTSTART:20240325T090000\n",
        "DTSTART;VALUE=DATE:20240325\n",
        "DTSTART;TZID=Nowhere:20240325T233000\n",
    ]);
    let length =
        prop::sample::select(vec!["", "DURATION:PT2H\n", "DURATION:P3D\n", "DTEND:20240326T120000Z\n"]);
    let rule = prop::sample::select(vec![
        "",
        "RRULE:FREQ=DAILY;COUNT=20\n",
        "RRULE:FREQ=WEEKLY;UNTIL=20240601T000000Z\n",
        "RRULE:FREQ=MONTHLY;BYDAY=-1SU\n",
        "RRULE:FREQ=HOURLY;INTERVAL=7;UNTIL=20240410\n",
        "RDATE:20240501T100000Z,20240310T100000Z\n",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,SU\nEXDATE;VALUE=DATE:20240401\n",
    ]);
    let change = prop::sample::select(vec![
        "",
        "RECURRENCE-ID:20240331T080000Z\nDTSTART:20240505T080000Z\n",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20240331T070000Z\nDTSTART:20240328T080000Z\nDURATION:PT5H\n",
        "RECURRENCE-ID;VALUE=DATE:20240331\nDTSTART;VALUE=DATE:20240402\n",
    ]);
    let alarm = prop::sample::select(vec![
        "",
        "BEGIN:VALARM\nTRIGGER:-P2D\nEND:VALARM\n",
        "BEGIN:VALARM\nTRIGGER;RELATED=END:PT30H\nREPEAT:3\nDURATION:P1D\nEND:VALARM\n",
        "BEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:20240201T000000Z\nEND:VALARM\n",
    ]);
    (start, length, rule, change, alarm).prop_map(|(start, length, rule, change, alarm)| {
        let change = if change.is_empty() {
            String::new()
        } else {
            format!("BEGIN:VEVENT\nUID:1\n{change}END:VEVENT\n")
        };
        body(&format!("BEGIN:VEVENT\nUID:1\n{start}{length}{rule}{alarm}END:VEVENT\n{change}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any window gives just those instances of a wider one that overlap it, `overlaps` says the same, and the span
    /// pre-screens both without loss.
    #[test]
    fn windows_spans_and_overlaps_agree(source in any_object(), offset in -2_000_i64..4_000, hours in 1_i64..400, west in any::<bool>()) {
        let index = index(&source);
        let zone = Zone::iana(if west { "Pacific/Honolulu" } else { "Pacific/Auckland" }).expect("known");
        let start = at("2024-03-25") + offset * 3_600_000_000;
        let window = Window::new(start, start + hours * 3_600_000_000);
        let wide = Window::new(at("2023-01-01"), at("2025-06-01"));
        let expected: Vec<_> = index
            .instances(wide, &zone, &mut Budget::default()).expect("enough")
            .into_iter()
            .filter(|i| if i.end > i.start { i.start < window.end && i.end > window.start } else { i.start >= window.start && i.start < window.end })
            .collect();
        let found = index.instances(window, &zone, &mut Budget::default()).expect("enough");
        prop_assert_eq!(&found, &expected, "{}", source);
        let hit = index.overlaps(RangeTarget::Event, window, &zone, &mut Budget::default()).expect("enough");
        prop_assert_eq!(hit, !found.is_empty(), "{}", source);
        let rings = index.overlaps(RangeTarget::EventAlarm, window, &zone, &mut Budget::default()).expect("enough");
        let span = index.span();
        if hit || rings {
            prop_assert!(span.first < window.end && span.last > window.start, "{:?} {:?} {}", span, window, source);
            prop_assert!(span.season & season::of_window(window.start, window.end) != 0, "{:?} {:?} {}", span, window, source);
        }
    }
}
