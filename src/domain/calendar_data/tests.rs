//! Parts of objects: expanded, limited, selected (RFC 4791 §9.6).

use super::*;
use crate::domain::query::samples::{self, index, object, window};
use crate::text::recur::Window;
use proptest::prelude::*;

fn render(request: &CalendarDataRequest, body: &str) -> String {
    render_in(request, body, &Zone::Utc)
}

fn render_in(request: &CalendarDataRequest, body: &str, zone: &Zone) -> String {
    request.render(body, &index(body), zone, &mut Budget::default()).expect("rendered").into_owned()
}

fn expanding(start: &str, end: &str) -> CalendarDataRequest {
    CalendarDataRequest { expand: Some(window(start, end)), ..Default::default() }
}

fn limiting(start: &str, end: &str) -> CalendarDataRequest {
    CalendarDataRequest { limit_recurrence_set: Some(window(start, end)), ..Default::default() }
}

fn select(name: &str, props: Option<&[&str]>, comps: Option<Vec<CompSelect>>) -> CompSelect {
    let props = props.map(|names| {
        let one = |name: &&str| PropSelect {
            name: name.trim_end_matches('!').into(),
            novalue: name.ends_with('!'),
        };
        names.iter().map(one).collect()
    });
    CompSelect { name: name.into(), props, comps }
}

fn cutting(root: CompSelect) -> CalendarDataRequest {
    CalendarDataRequest { comp: Some(root), ..Default::default() }
}

#[test]
fn nothing_asked_is_lent() {
    let body = samples::series();
    let whole = CalendarDataRequest::default();
    let rendered = whole.render(&body, &index(&body), &Zone::Utc, &mut Budget::new(0, 0)).expect("free");
    assert!(matches!(rendered, Cow::Borrowed(same) if same == body));
    // A limit that cuts nothing is free too.
    let wide = limiting("20000101T000000Z", "20300101T000000Z");
    let rendered = wide.render(&body, &index(&body), &Zone::Utc, &mut Budget::default()).expect("rendered");
    assert!(matches!(rendered, Cow::Borrowed(_)));
}

#[test]
fn expansion_as_in_rfc_4791_7_8_3() {
    let out = render(&expanding("20060103T000000Z", "20060105T000000Z"), &samples::series());
    assert_eq!(
        out,
        object(
            "BEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART:20060103T170000Z\r\nRECURRENCE-ID:20060103T170000Z\r\n\
             DURATION:PT1H\r\nSUMMARY:Stand-up\r\nUID:series\r\nEND:VEVENT\r\n\
             BEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART:20060104T190000Z\r\nRECURRENCE-ID:20060104T170000Z\r\n\
             DURATION:PT1H\r\nSUMMARY:Stand-up\\, late\r\nUID:series\r\nEND:VEVENT\r\n"
        )
    );
    let out = render(&expanding("20060103T000000Z", "20060105T000000Z"), &samples::meeting());
    assert!(out.contains("\r\nDTSTART:20060104T150000Z\r\nDURATION:PT1H\r\n"), "{out}");
    assert!(!out.contains("RECURRENCE-ID") && !out.contains("VTIMEZONE") && !out.contains("TZID"));
    assert!(out.contains("ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:cyrus@example.com\r\n"));
    assert_eq!(index(&out).parts.len(), 1);
}

#[test]
fn expansion_of_an_empty_window_has_no_event() {
    let out = render(&expanding("20070103T000000Z", "20070105T000000Z"), &samples::series());
    assert_eq!(out, object(""));
}

#[test]
fn dates_stay_dates_and_floating_times_float() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:d\r\nDTSTART;VALUE=DATE:20260328\r\nDTEND;VALUE=DATE:20260329\r\nRRULE:FREQ=DAILY;COUNT=3\r\n\
         EXDATE;VALUE=DATE:20260329\r\nEND:VEVENT\r\n",
    );
    let paris = Zone::iana("Europe/Paris").expect("known");
    let out = render_in(&expanding("20260327T000000Z", "20260401T000000Z"), &body, &paris);
    assert_eq!(
        out,
        object(
            "BEGIN:VEVENT\r\nUID:d\r\nDTSTART;VALUE=DATE:20260328\r\nRECURRENCE-ID;VALUE=DATE:20260328\r\n\
             DTEND;VALUE=DATE:20260329\r\nEND:VEVENT\r\n\
             BEGIN:VEVENT\r\nUID:d\r\nDTSTART;VALUE=DATE:20260330\r\nRECURRENCE-ID;VALUE=DATE:20260330\r\n\
             DTEND;VALUE=DATE:20260331\r\nEND:VEVENT\r\n"
        )
    );
    let body = object(
        "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20260328T090000\r\nDTEND:20260328T100000\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\n",
    );
    let out = render_in(&expanding("20260329T000000Z", "20260330T000000Z"), &body, &paris);
    assert!(
        out.contains("DTSTART:20260329T090000\r\nRECURRENCE-ID:20260329T090000\r\nDTEND:20260329T100000\r\n"),
        "{out}"
    );
}

#[test]
fn lengths_are_right_across_a_change_of_the_clock() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:l\r\nDTSTART;TZID=Europe/Paris:20260327T120000\r\nDURATION:P1D\r\nRRULE:FREQ=DAILY;COUNT=3\r\n\
         X-STARTED;X-A=1;TZID=Europe/Paris:20260327T120000,20260330T120000\r\nEND:VEVENT\r\n",
    );
    let out = render(&expanding("20260326T000000Z", "20260401T000000Z"), &body);
    assert!(
        out.contains("DTSTART:20260327T110000Z\r\nRECURRENCE-ID:20260327T110000Z\r\nDURATION:P1D\r\n"),
        "{out}"
    );
    assert!(
        out.contains(
            "DTSTART:20260328T110000Z\r\nRECURRENCE-ID:20260328T110000Z\r\nDTEND:20260329T100000Z\r\n"
        ),
        "23 hours: {out}"
    );
    assert!(out.contains("X-STARTED;X-A=1:20260327T110000Z,20260330T100000Z\r\n"), "{out}");
}

#[test]
fn tasks_and_later_changes_expand() {
    let body = object(
        "BEGIN:VTODO\r\nUID:t\r\nDUE:20260102T120000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:a\r\n\
         BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\n",
    );
    let out = render(&expanding("20260103T000000Z", "20260104T000000Z"), &body);
    assert!(
        out.contains("DUE:20260103T120000Z\r\n") && out.contains("RECURRENCE-ID:20260103T120000Z\r\n"),
        "{out}"
    );
    assert!(out.contains("SUMMARY:a\r\nRECURRENCE-ID") || out.contains("RECURRENCE-ID"), "{out}");
    assert!(out.contains("TRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\n") && !out.contains("20260102"));
    let body = object(
        "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20260102T120000Z\r\nDTEND:20260102T130000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:old\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:f\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260110T120000Z\r\nDTSTART:20260110T150000Z\r\n\
         DTEND:20260110T170000Z\r\nSUMMARY:new\r\nEND:VEVENT\r\n",
    );
    let out = render(&expanding("20260112T000000Z", "20260113T000000Z"), &body);
    assert_eq!(
        out,
        object(
            "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20260112T150000Z\r\nRECURRENCE-ID:20260112T120000Z\r\nDTEND:20260112T170000Z\r\n\
             SUMMARY:new\r\nEND:VEVENT\r\n"
        )
    );
}

#[test]
fn a_period_gives_its_length_to_an_instance() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:p\r\nDTSTART:20260102T120000Z\r\nRDATE;VALUE=PERIOD:20260103T120000Z/PT2H\r\nEND:VEVENT\r\n",
    );
    let out = render(&expanding("20260101T000000Z", "20260105T000000Z"), &body);
    assert_eq!(
        out,
        object(
            "BEGIN:VEVENT\r\nUID:p\r\nDTSTART:20260102T120000Z\r\nRECURRENCE-ID:20260102T120000Z\r\nEND:VEVENT\r\n\
             BEGIN:VEVENT\r\nUID:p\r\nDTSTART:20260103T120000Z\r\nDTEND:20260103T140000Z\r\n\
             RECURRENCE-ID:20260103T120000Z\r\nEND:VEVENT\r\n"
        )
    );
}

#[test]
fn an_expansion_that_costs_too_much_is_refused() {
    let body =
        object("BEGIN:VEVENT\r\nUID:b\r\nDTSTART:20260102T120000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n");
    let request = expanding("20260103T000000Z", "20260203T000000Z");
    let fault =
        request.render(&body, &index(&body), &Zone::Utc, &mut Budget::default()).expect_err("refused");
    assert_eq!(fault, crate::domain::fault::Condition::NumberOfMatchesWithinLimits.into());
    // Few instances of a long text cost as well.
    let long = format!(
        "BEGIN:VEVENT\r\nUID:b\r\nDTSTART:20260102T120000Z\r\nRRULE:FREQ=HOURLY\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\n",
        "x".repeat(1_000_000)
    );
    let body = object(&long);
    assert!(request.render(&body, &index(&body), &Zone::Utc, &mut Budget::default()).is_err());
}

#[test]
fn limited_recurrence_as_in_rfc_4791_7_8_2() {
    let body = samples::series();
    assert_eq!(render(&limiting("20060104T000000Z", "20060105T000000Z"), &body), body);
    // Neither 17:00 (where it was) nor 19:00 (where it is).
    let out = render(&limiting("20060103T000000Z", "20060104T000000Z"), &body);
    assert!(body.starts_with(out.trim_end_matches("END:VCALENDAR\r\n")), "all else is kept: {out}");
    assert!(!out.contains("RECURRENCE-ID") && out.contains("RRULE:FREQ=DAILY;COUNT=5"));
    for (start, end) in [("20060104T173000Z", "20060104T180000Z"), ("20060104T190000Z", "20060104T193000Z")] {
        assert_eq!(render(&limiting(start, end), &body), body, "{start}");
    }
    assert_ne!(render(&limiting("20060104T180000Z", "20060104T190000Z"), &body), body, "between the two");
}

#[test]
fn later_changes_are_kept_while_they_reach_the_window() {
    let change = |day: &str, range: &str, word: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:f\r\nRECURRENCE-ID{range}:202601{day}T120000Z\r\nDTSTART:202601{day}T150000Z\r\n\
             DURATION:PT1H\r\nSUMMARY:{word}\r\nEND:VEVENT\r\n"
        )
    };
    let body = object(&format!(
        "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20260102T120000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n{}{}{}",
        change("05", ";RANGE=THISANDFUTURE", "first"),
        change("07", "", "once"),
        change("10", ";RANGE=THISANDFUTURE", "second")
    ));
    let kept = |start: &str, end: &str| {
        let out = render(&limiting(start, end), &body);
        ["first", "once", "second"].into_iter().filter(|word| out.contains(word)).collect::<Vec<_>>()
    };
    assert_eq!(kept("20260103T000000Z", "20260104T000000Z"), Vec::<&str>::new());
    assert_eq!(kept("20260108T000000Z", "20260109T000000Z"), ["first"]);
    assert_eq!(kept("20260107T000000Z", "20260108T000000Z"), ["first", "once"]);
    assert_eq!(kept("20260201T000000Z", "20260202T000000Z"), ["second"]);
}

#[test]
fn limited_busy_time_as_in_rfc_4791_7_8_4() {
    let request = CalendarDataRequest {
        limit_freebusy_set: Some(window("20060103T000000Z", "20060104T000000Z")),
        ..Default::default()
    };
    let out = render(&request, &samples::free_busy());
    assert!(out.contains("UID:fb\r\nFREEBUSY:20060103T100000Z/20060103T120000Z\r\nEND:VFREEBUSY"), "{out}");
    let other = samples::single();
    assert_eq!(render(&request, &other), other);
}

#[test]
fn named_properties_and_components_as_in_rfc_4791_7_8_1() {
    let comps = vec![
        select("VEVENT", Some(&["SUMMARY", "UID", "DTSTART", "RRULE!"]), Some(vec![])),
        select("VTIMEZONE", None, None),
    ];
    let request = cutting(select("VCALENDAR", Some(&["VERSION"]), Some(comps)));
    let body = samples::series();
    let out = render(&request, &body);
    assert!(
        out.starts_with(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\n"
        ),
        "{out}"
    );
    assert!(out.contains("BEGIN:VEVENT\r\nDTSTART;TZID=Office:20060102T120000\r\nRRULE:\r\nSUMMARY:Stand-up\r\nUID:series\r\nEND:VEVENT\r\n"));
    assert_eq!(out.matches("DTSTAMP").count(), 0);
    let no_zone = cutting(select("VCALENDAR", None, Some(vec![select("VEVENT", None, None)])));
    let out = render(&no_zone, &body);
    assert!(!out.contains("VTIMEZONE") && out.contains("PRODID") && out.contains("DTSTAMP"));
    let quiet = cutting(select("VCALENDAR", None, Some(vec![select("VTODO", None, Some(vec![]))])));
    assert!(!render(&quiet, &samples::task()).contains("VALARM"));
    assert_eq!(render(&cutting(select("VCALENDAR", None, None)), &body), body);
}

#[test]
fn folded_and_odd_lines_are_cut_whole_and_kept_raw() {
    let body = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:r\nDTSTART:20260102T120000Z\nDESCRIPTION:a\n b\n\tc\nSUMMARY:x\n y\nEND:VEVENT\nEND:VCALENDAR";
    let request = cutting(select(
        "VCALENDAR",
        None,
        Some(vec![select("VEVENT", Some(&["SUMMARY", "DESCRIPTION!"]), None)]),
    ));
    assert_eq!(
        render(&request, body),
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDESCRIPTION:\r\nSUMMARY:x\n y\nEND:VEVENT\nEND:VCALENDAR"
    );
}

#[test]
fn expansion_and_selection_go_together() {
    let comps = vec![select("VEVENT", Some(&["DTSTART", "RECURRENCE-ID"]), Some(vec![]))];
    let request = CalendarDataRequest {
        comp: Some(select("VCALENDAR", Some(&["VERSION"]), Some(comps))),
        ..expanding("20060104T000000Z", "20060105T000000Z")
    };
    assert_eq!(
        render(&request, &samples::series()),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20060104T190000Z\r\nRECURRENCE-ID:20060104T170000Z\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
}

#[test]
fn an_endless_series_is_as_cheap_in_a_late_window() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:e\r\nDTSTART:19500102T120000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\n",
    );
    let mut budget = Budget::new(1_000, 100);
    let request = CalendarDataRequest {
        expand: Some(Window::new(samples::at("21900101T000000Z"), samples::at("21900201T000000Z"))),
        ..Default::default()
    };
    let out = request.render(&body, &index(&body), &Zone::Utc, &mut budget).expect("cheap").into_owned();
    assert_eq!(out.matches("BEGIN:VEVENT").count(), 4, "{out}");
}

/// Start, end and description of each instance.
fn times(body: &str, window: Window) -> Vec<(i64, i64, Option<i64>, String)> {
    let index = index(body);
    let instances = index.instances(window, &Zone::Utc, &mut Budget::default()).expect("enough");
    let of = |part: usize| {
        index.parts[part].span.of(body).split("SUMMARY:").nth(1).map(|text| text[..5].to_owned())
    };
    let id = |id: Option<_>| id.map(|id| index.instant(id, &Zone::Utc));
    let mut all: Vec<_> = instances
        .iter()
        .map(|instance| {
            (instance.start, instance.end, id(instance.recurrence_id), of(instance.part).unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

proptest! {
    #[test]
    fn a_limited_set_has_the_same_instances_in_the_window(body in samples::any_series(), window in samples::any_window()) {
        let request = CalendarDataRequest { limit_recurrence_set: Some(window), ..Default::default() };
        let out = render(&request, &body);
        // An object of overrides alone may lose them all.
        if out.contains("UID") {
            prop_assert_eq!(times(&out, window), times(&body, window), "{}", out);
        } else {
            prop_assert!(times(&body, window).is_empty());
        }
    }

    #[test]
    fn an_expansion_has_the_instances_of_the_window_and_no_rule(body in samples::any_series(), window in samples::any_window()) {
        let request = CalendarDataRequest { expand: Some(window), ..Default::default() };
        let out = render(&request, &body);
        prop_assert!(!out.contains("RRULE") && !out.contains("EXDATE") && !out.contains("RANGE"));
        let expected = times(&body, window);
        if out.contains("UID") {
            prop_assert_eq!(times(&out, window), expected, "{}", out);
        } else {
            prop_assert!(expected.is_empty());
        }
    }
}
