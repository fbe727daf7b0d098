//! Calendar filters: the examples of RFC 4791 §7.8 and the tables of §9.9.

use super::super::samples::{self, index, object, window};
use super::super::{ParamFilter, ParamTest, PropTest, TextMatch};
use super::*;
use crate::text::collation::{Collation, MatchType};
use crate::text::ical::season::of_window;
use proptest::prelude::*;

fn text(needle: &str) -> TextMatch {
    TextMatch::new(needle.to_owned(), Collation::AsciiCasemap, MatchType::Contains, false)
}

fn not(needle: &str) -> TextMatch {
    TextMatch::new(needle.to_owned(), Collation::AsciiCasemap, MatchType::Contains, true)
}

fn prop(name: &str, text: Option<TextMatch>) -> PropFilter {
    PropFilter { name: name.to_owned(), test: PropTest::Defined { range: None, text, params: Vec::new() } }
}

fn no_prop(name: &str) -> PropFilter {
    PropFilter { name: name.to_owned(), test: PropTest::NotDefined }
}

fn prop_in(name: &str, range: Window) -> PropFilter {
    PropFilter {
        name: name.to_owned(),
        test: PropTest::Defined { range: Some(range), text: None, params: Vec::new() },
    }
}

fn comp(
    name: &str,
    range: Option<Window>,
    properties: Vec<PropFilter>,
    components: Vec<ComponentFilter>,
) -> ComponentFilter {
    ComponentFilter { name: name.to_owned(), test: ComponentTest::Defined { range, properties, components } }
}

fn no_comp(name: &str) -> ComponentFilter {
    ComponentFilter { name: name.to_owned(), test: ComponentTest::NotDefined }
}

fn calendar(components: Vec<ComponentFilter>) -> CalendarFilter {
    CalendarFilter { root: comp("VCALENDAR", None, vec![], components) }
}

fn event(range: Option<Window>, properties: Vec<PropFilter>) -> CalendarFilter {
    calendar(vec![comp("VEVENT", range, properties, vec![])])
}

fn fits(filter: &CalendarFilter, body: &str) -> bool {
    let index = index(body);
    let decoded = CalendarIndex::decode(&index.encode()).expect("stored form");
    filter.matches(body, &decoded, &Zone::Utc, &mut Budget::default()).expect("enough budget")
}

/// The UIDs of the sample objects that fit.
fn found(filter: &CalendarFilter) -> Vec<String> {
    let all = [
        samples::single(),
        samples::series(),
        samples::meeting(),
        samples::task(),
        samples::task_with_early_alarm(),
        samples::task_done(),
        samples::task_cancelled(),
        samples::free_busy(),
    ];
    all.iter().filter(|body| fits(filter, body)).map(|body| index(body).uid).collect()
}

const DAY4: (&str, &str) = ("20060104T000000Z", "20060105T000000Z");

fn day4() -> Window {
    window(DAY4.0, DAY4.1)
}

#[test]
fn the_examples_of_rfc_4791_7_8() {
    // 7.8.1: by time range.
    assert_eq!(found(&event(Some(day4()), vec![])), ["series", "meeting"]);
    // 7.8.4: stored busy time.
    let busy = calendar(vec![comp(
        "VFREEBUSY",
        Some(window("20060102T000000Z", "20060103T000000Z")),
        vec![],
        vec![],
    )]);
    assert_eq!(found(&busy), ["fb"]);
    // 7.8.5: tasks by alarm.
    let alarm = comp("VALARM", Some(window("20060106T100000Z", "20060107T100000Z")), vec![], vec![]);
    assert_eq!(found(&calendar(vec![comp("VTODO", None, vec![], vec![alarm])])), ["task"]);
    // 7.8.6: by UID.
    let exact = TextMatch::new("meeting".to_owned(), Collation::Octet, MatchType::Contains, false);
    assert_eq!(found(&event(None, vec![prop("UID", Some(exact))])), ["meeting"]);
    // 7.8.7: by the answer of a participant.
    let by_answer = |who: &str, answer: &str| {
        let params = vec![ParamFilter { name: "PARTSTAT".into(), test: ParamTest::Text(text(answer)) }];
        let test = PropTest::Defined { range: None, text: Some(text(who)), params };
        event(None, vec![PropFilter { name: "ATTENDEE".into(), test }])
    };
    assert_eq!(found(&by_answer("mailto:lisa@example.com", "NEEDS-ACTION")), ["meeting"]);
    assert!(
        found(&by_answer("mailto:cyrus@example.com", "NEEDS-ACTION")).is_empty(),
        "text and parameter of one line"
    );
    // 7.8.8: events only.
    assert_eq!(found(&event(None, vec![])), ["single", "series", "meeting"]);
    // 7.8.9: what is still to be done.
    let pending = vec![no_prop("COMPLETED"), prop("STATUS", Some(not("CANCELLED")))];
    assert_eq!(found(&calendar(vec![comp("VTODO", None, pending, vec![])])), ["task", "early"]);
    // 7.8.10: a property that others do not support.
    assert_eq!(found(&event(None, vec![prop("X-ABC-GUID", Some(text("0007ym")))])), ["meeting"]);
}

#[test]
fn components_that_are_there_or_not() {
    assert_eq!(found(&calendar(vec![])).len(), 8);
    assert_eq!(found(&calendar(vec![no_comp("VEVENT"), no_comp("VTODO")])), ["fb"]);
    assert_eq!(
        found(&calendar(vec![comp("VTIMEZONE", None, vec![], vec![])])),
        ["single", "series", "meeting"]
    );
    assert_eq!(
        found(&calendar(vec![no_comp("VTIMEZONE"), comp("VTODO", None, vec![no_prop("COMPLETED")], vec![])]))
            .len(),
        3
    );
    let standard = comp("STANDARD", None, vec![prop("TZOFFSETTO", Some(text("-0500")))], vec![]);
    let zone = comp("VTIMEZONE", None, vec![prop("TZID", Some(text("office")))], vec![standard]);
    assert_eq!(found(&calendar(vec![zone])).len(), 3);
    let silent = calendar(vec![comp("VTODO", None, vec![], vec![no_comp("VALARM")])]);
    assert_eq!(found(&silent), ["done", "cancelled"]);
    let audio = comp("VALARM", None, vec![prop("ACTION", Some(text("audio")))], vec![]);
    assert_eq!(found(&calendar(vec![comp("VTODO", None, vec![], vec![audio])])), ["task"]);
    assert!(found(&CalendarFilter { root: no_comp("VCALENDAR") }).is_empty());
    assert!(
        found(&calendar(vec![comp("VEVENT", None, vec![], vec![]), comp("VTODO", None, vec![], vec![])]))
            .is_empty()
    );
    let version =
        CalendarFilter { root: comp("VCALENDAR", None, vec![prop("VERSION", Some(text("2.0")))], vec![]) };
    assert_eq!(found(&version).len(), 8);
}

/// RFC 4791 §9.9 has no row for VCALENDAR: its time is taken to be that of whatever kind of component it holds.
#[test]
fn a_time_range_of_the_whole_object_is_that_of_what_it_holds() {
    let whole = |range: Window, components| CalendarFilter {
        root: comp("VCALENDAR", Some(range), vec![], components),
    };
    let kinds = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];
    for (start, end) in
        [DAY4, ("20060101T000000Z", "20060110T000000Z"), ("20060105T100000Z", "20060105T110000Z")]
    {
        let range = window(start, end);
        let mut each: Vec<String> =
            kinds.iter().flat_map(|kind| found(&CalendarFilter::simple(Some(kind), Some(range)))).collect();
        let mut together = found(&whole(range, vec![]));
        each.sort();
        together.sort();
        assert_eq!(together, each);
        assert!(!together.is_empty());
        // Another condition narrows it.
        let events = comp("VEVENT", None, vec![], vec![]);
        assert_eq!(found(&whole(range, vec![events])), found(&event(Some(range), vec![])));
    }
    assert!(whole(day4(), vec![]).is_index_only());
    assert_eq!(whole(day4(), vec![]).window(), Some(day4()));
    assert_eq!(whole(day4(), vec![]).component(), None);
    let nothing = object("BEGIN:X-THING\r\nUID:x\r\nDTSTART:20060104T120000Z\r\nEND:X-THING\r\n");
    assert!(!fits(&whole(day4(), vec![]), &nothing), "what has no time is at none");
}

#[test]
fn an_alarm_has_its_own_conditions_and_time() {
    let alarm = |action: &str| {
        comp(
            "VALARM",
            Some(window("20060106T000000Z", "20060107T000000Z")),
            vec![prop("ACTION", Some(text(action)))],
            vec![],
        )
    };
    let body = object(
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20060106T120000Z\r\nBEGIN:VALARM\r\nACTION:NONE\r\nTRIGGER:whenever\r\nEND:VALARM\r\n\
         BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n\
         BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-P3D\r\nEND:VALARM\r\nEND:VEVENT\r\n",
    );
    let filter = |action: &str| calendar(vec![comp("VEVENT", None, vec![], vec![alarm(action)])]);
    assert!(fits(&filter("DISPLAY"), &body));
    assert!(!fits(&filter("AUDIO"), &body), "goes off on another day");
    assert!(!fits(&filter("NONE"), &body), "never goes off");
    assert_eq!(filter("AUDIO").window(), Some(window("20060106T000000Z", "20060107T000000Z")));
}

#[test]
fn an_alarm_belongs_to_its_component() {
    let alarm =
        |trigger: &str| format!("BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:{trigger}\r\nEND:VALARM\r\n");
    let body = object(&format!(
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20060102T120000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:rule\r\n{}END:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20060103T120000Z\r\nDTSTART:20060103T120000Z\r\nSUMMARY:once\r\n{}END:VEVENT\r\n",
        alarm("-PT1H"),
        alarm("-PT2H")
    ));
    let rings = |word: &str, start: &str, end: &str| {
        let alarm = comp("VALARM", Some(window(start, end)), vec![], vec![]);
        fits(
            &calendar(vec![comp("VEVENT", None, vec![prop("SUMMARY", Some(text(word)))], vec![alarm])]),
            &body,
        )
    };
    assert!(rings("rule", "20060102T110000Z", "20060102T113000Z"));
    assert!(!rings("once", "20060102T110000Z", "20060102T113000Z"), "the alarm of the other");
    assert!(rings("once", "20060103T100000Z", "20060103T103000Z"));
    assert!(!rings("rule", "20060103T100000Z", "20060103T120000Z"), "the instance that it lost");
    assert!(rings("rule", "20060104T110000Z", "20060104T113000Z"));
}

#[test]
fn parameters_are_there_or_not() {
    let with = |test: ParamTest| {
        let params = vec![ParamFilter { name: "partstat".into(), test }];
        let test = PropTest::Defined { range: None, text: Some(text("lisa")), params };
        fits(&event(None, vec![PropFilter { name: "ATTENDEE".into(), test }]), &samples::meeting())
    };
    assert!(with(ParamTest::Defined) && !with(ParamTest::NotDefined));
    assert!(with(ParamTest::Text(not("ACCEPTED"))) && !with(ParamTest::Text(not("needs-action"))));
    let role = |test: ParamTest| {
        let params = vec![ParamFilter { name: "ROLE".into(), test }];
        let test = PropTest::Defined { range: None, text: Some(text("lisa")), params };
        fits(&event(None, vec![PropFilter { name: "ATTENDEE".into(), test }]), &samples::meeting())
    };
    assert!(role(ParamTest::NotDefined) && !role(ParamTest::Defined));
    assert!(!role(ParamTest::Text(not("CHAIR"))), "a text needs its parameter");
}

#[test]
fn conditions_and_time_speak_of_the_same_component() {
    let on = |start: &str, end: &str, word: &str| {
        event(Some(window(start, end)), vec![prop("SUMMARY", Some(text(word)))])
    };
    let body = samples::series();
    // 4 January, 19:00 UTC: the override; 17:00 UTC: what it replaced.
    assert!(fits(&on("20060104T190000Z", "20060104T193000Z", "late"), &body));
    assert!(!fits(&on("20060104T170000Z", "20060104T180000Z", "Stand-up"), &body));
    assert!(
        !fits(&on("20060103T000000Z", "20060104T000000Z", "late"), &body),
        "only the master has an instance there"
    );
    assert!(fits(&on("20060103T000000Z", "20060104T000000Z", "Stand-up"), &body));
    let master_only = |start, end| event(Some(window(start, end)), vec![no_prop("RECURRENCE-ID")]);
    assert!(!fits(&master_only(DAY4.0, DAY4.1), &body), "on the 4th there is only the override");
    assert!(fits(&master_only("20060105T000000Z", "20060106T000000Z"), &body));
    assert!(fits(&on(DAY4.0, DAY4.1, "Stand-up, late"), &body), "escapes are undone");
}

#[test]
fn a_change_of_all_later_instances_has_its_own_text() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20060102T120000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nSUMMARY:old\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:f\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20060110T120000Z\r\nDTSTART:20060110T150000Z\r\n\
         DURATION:PT1H\r\nSUMMARY:new\r\nEND:VEVENT\r\n",
    );
    let from = |start: &str, word: &str| {
        event(Some(Window::new(samples::at(start), i64::MAX)), vec![prop("SUMMARY", Some(text(word)))])
    };
    assert!(fits(&from("20060101T000000Z", "old"), &body));
    assert!(fits(&from("20300101T000000Z", "new"), &body));
    let on = |start: &str, end: &str, word: &str| {
        event(Some(window(start, end)), vec![prop("SUMMARY", Some(text(word)))])
    };
    assert!(!fits(&on("20060120T000000Z", "20060121T000000Z", "old"), &body));
    assert!(fits(&on("20060120T150000Z", "20060120T160000Z", "new"), &body));
}

#[test]
fn a_task_without_dates_is_not_found_through_a_part_that_does_not_fit() {
    let body = object(
        "BEGIN:VTODO\r\nUID:t\r\nDTSTART:20060102T120000Z\r\nDUE:20060102T130000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:master\r\nEND:VTODO\r\n\
         BEGIN:VTODO\r\nUID:t\r\nRECURRENCE-ID:20060103T120000Z\r\nDTSTART:20060103T150000Z\r\nDUE:20060103T160000Z\r\nSUMMARY:moved\r\nEND:VTODO\r\n",
    );
    let on = |start: &str, end: &str, word: &str| {
        calendar(vec![comp(
            "VTODO",
            Some(window(start, end)),
            vec![prop("SUMMARY", Some(text(word)))],
            vec![],
        )])
    };
    assert!(!fits(&on("20060103T000000Z", "20060104T000000Z", "master"), &body));
    assert!(fits(&on("20060103T000000Z", "20060104T000000Z", "moved"), &body));
    assert!(!fits(&on("20060102T000000Z", "20060103T000000Z", "moved"), &body));
    assert!(fits(&on("20060102T000000Z", "20060103T000000Z", "master"), &body));
}

#[test]
fn dates_of_properties() {
    let body = object(
        "BEGIN:VTODO\r\nUID:p\r\nDTSTART;TZID=Europe/Paris:20060104T003000\r\nDUE;VALUE=DATE:20060104\r\n\
         COMPLETED:20060105T000000Z\r\nCREATED:20060104T120000\r\nEND:VTODO\r\n",
    );
    let todo =
        |name: &str, range: Window| calendar(vec![comp("VTODO", None, vec![prop_in(name, range)], vec![])]);
    assert!(!fits(&todo("DTSTART", day4()), &body), "half past midnight in Paris is the day before in UTC");
    assert!(
        fits(&todo("DTSTART", window("20060103T233000Z", "20060103T233001Z")), &body),
        "the start is inside"
    );
    assert!(!fits(&todo("DTSTART", window("20060103T230000Z", "20060103T233000Z")), &body), "the end is not");
    assert!(
        fits(&todo("DUE", window("20060104T235959Z", "20060106T000000Z")), &body),
        "a date takes its day"
    );
    assert!(!fits(&todo("DUE", window("20060105T000000Z", "20060106T000000Z")), &body));
    assert!(!fits(&todo("COMPLETED", day4()), &body));
    assert!(fits(&todo("COMPLETED", Window::new(samples::at("20060105T000000Z"), i64::MAX)), &body));
    assert!(fits(&todo("CREATED", day4()), &body));
    assert!(!fits(&todo("LAST-MODIFIED", day4()), &body), "not there");
    let paris = Zone::iana("Europe/Paris").expect("known");
    let before_midnight = todo("DUE", window("20060103T230000Z", "20060103T230001Z"));
    assert!(!fits(&before_midnight, &body));
    assert!(before_midnight.matches(&body, &index(&body), &paris, &mut Budget::default()).expect("enough"));
}

#[test]
fn floating_and_whole_days_lie_in_the_zone_of_the_calendar() {
    let body = object("BEGIN:VEVENT\r\nUID:d\r\nDTSTART;VALUE=DATE:20060104\r\nEND:VEVENT\r\n");
    let early = event(Some(window("20060103T230000Z", "20060103T233000Z")), vec![]);
    let paris = Zone::iana("Europe/Paris").expect("known");
    assert!(!fits(&early, &body));
    assert!(
        early.matches("", &index(&body), &paris, &mut Budget::default()).expect("enough"),
        "without the body"
    );
}

#[test]
fn time_and_kind_need_no_text() {
    for filter in [
        calendar(vec![]),
        event(Some(day4()), vec![]),
        calendar(vec![no_comp("VTODO")]),
        CalendarFilter::simple(Some("vevent"), None),
    ] {
        assert!(filter.is_index_only(), "{filter:?}");
        let body = samples::series();
        assert_eq!(
            filter.matches("not a calendar", &index(&body), &Zone::Utc, &mut Budget::default()),
            Ok(true)
        );
    }
    let textual = event(Some(day4()), vec![no_prop("X-A")]);
    assert!(!textual.is_index_only() && !calendar(vec![no_comp("VTIMEZONE")]).is_index_only());
    assert_eq!((textual.window(), textual.component()), (Some(day4()), Some("VEVENT")));
    assert_eq!((calendar(vec![no_comp("VEVENT")]).component(), calendar(vec![]).window()), (None, None));
}

#[test]
fn a_spent_budget_is_told() {
    let filter = event(Some(day4()), vec![]);
    assert!(filter.matches("", &index(&samples::series()), &Zone::Utc, &mut Budget::new(0, 0)).is_err());
}

#[test]
fn several_properties_of_a_name() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:c\r\nDTSTART:20060104T120000Z\r\nCATEGORIES:Ann\\, Bob,Travail\r\nCATEGORIES:Été\r\nEND:VEVENT\r\n",
    );
    let categories = |text: TextMatch| event(None, vec![prop("CATEGORIES", Some(text))]);
    assert!(fits(&categories(text("ann, bob")), &body));
    assert!(fits(&categories(text("TRAVAIL")), &body));
    assert!(fits(&categories(text("Été")), &body));
    assert!(!fits(&categories(text("été")), &body), "only ASCII letters fold by default");
    let unicode = TextMatch::new("ÉTÉ".to_owned(), Collation::UnicodeCasemap, MatchType::Contains, false);
    assert!(fits(&categories(unicode), &body));
    assert!(fits(&categories(not("Travail")), &body), "one of them does not hold it");
    assert!(!fits(&event(None, vec![prop("LOCATION", Some(not("x")))]), &body), "a text needs its property");
}

/// One row of RFC 4791 §9.9: the lines of a component, and windows (hours of 4 January, open where empty) with what
/// they give.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str, bool)]);

const EVENT_LIKE: &[(&str, &str, bool)] = &[
    ("10", "12", true),
    ("11", "11", true),
    ("09", "10", false),
    ("12", "13", false),
    ("", "10", false),
    ("12", "", false),
    ("", "11", true),
    ("11", "", true),
];
const ONE_INSTANT: &[(&str, &str, bool)] =
    &[("10", "11", true), ("09", "10", false), ("11", "12", false), ("", "10", false), ("10", "", true)];

const ROWS: &[Row] = &[
    ("VEVENT", "DTSTART:20060104T100000Z|DTEND:20060104T120000Z", EVENT_LIKE),
    ("VEVENT", "DTSTART:20060104T100000Z|DURATION:PT2H", EVENT_LIKE),
    ("VEVENT", "DTSTART:20060104T100000Z|DURATION:PT0S", ONE_INSTANT),
    ("VEVENT", "DTSTART:20060104T100000Z", ONE_INSTANT),
    ("VEVENT", "DTSTART;VALUE=DATE:20060104", &[("00", "01", true), ("23", "", true), ("", "00", false)]),
    (
        "VEVENT",
        "DTSTART;VALUE=DATE:20060103|DTEND;VALUE=DATE:20060104",
        &[("00", "01", false), ("", "00", true), ("00", "", false)],
    ),
    (
        "VTODO",
        "DTSTART:20060104T100000Z|DURATION:PT2H",
        &[("12", "13", true), ("13", "14", false), ("09", "10", false), ("", "11", true), ("11", "", true)],
    ),
    (
        "VTODO",
        "DTSTART:20060104T100000Z|DUE:20060104T120000Z",
        &[("12", "13", false), ("11", "12", true), ("09", "10", false), ("", "11", true), ("11", "", true)],
    ),
    (
        "VTODO",
        "DTSTART:20060104T100000Z|DUE:20060104T100000Z",
        &[("10", "11", true), ("09", "10", true), ("11", "12", false)],
    ),
    ("VTODO", "DTSTART:20060104T100000Z", ONE_INSTANT),
    (
        "VTODO",
        "DUE:20060104T120000Z",
        &[("11", "12", true), ("12", "13", false), ("10", "11", false), ("", "12", true), ("11", "", true)],
    ),
    (
        "VTODO",
        "COMPLETED:20060104T120000Z|CREATED:20060104T100000Z",
        &[
            ("11", "11", true),
            ("12", "13", true),
            ("13", "14", false),
            ("08", "09", false),
            ("09", "10", true),
        ],
    ),
    (
        "VTODO",
        "COMPLETED:20060104T120000Z",
        &[("11", "12", true), ("12", "13", true), ("13", "14", false), ("10", "11", false)],
    ),
    (
        "VTODO",
        "CREATED:20060104T100000Z",
        &[("09", "10", false), ("09", "11", true), ("20", "21", true), ("20", "", true)],
    ),
    ("VTODO", "SUMMARY:whenever", &[("00", "01", true), ("", "00", true), ("23", "", true)]),
    ("VJOURNAL", "DTSTART:20060104T100000Z", ONE_INSTANT),
    ("VJOURNAL", "DTSTART;VALUE=DATE:20060104", &[("00", "01", true), ("23", "", true), ("", "00", false)]),
    ("VJOURNAL", "SUMMARY:never", &[("00", "01", false), ("", "23", false), ("00", "", false)]),
    (
        "VFREEBUSY",
        "DTSTART:20060104T100000Z|DTEND:20060104T120000Z|FREEBUSY:20060104T180000Z/PT1H",
        &[("11", "12", true), ("12", "13", true), ("09", "10", false), ("18", "19", false)],
    ),
    (
        "VFREEBUSY",
        "FREEBUSY:20060104T100000Z/PT1H,20060104T180000Z/PT1H",
        &[("18", "19", true), ("11", "18", false), ("", "10", false), ("10", "11", true)],
    ),
    ("VFREEBUSY", "SUMMARY:nothing", &[("00", "23", false)]),
];

#[test]
fn the_tables_of_rfc_4791_9_9() {
    let hour = |hour: &str, open: i64, minutes: &str| match hour {
        "" => open,
        hour => samples::at(&format!("20060104T{hour}{minutes}00Z")),
    };
    for (name, lines, cases) in ROWS {
        let lines = lines.replace('|', "\r\n");
        let body = object(&format!("BEGIN:{name}\r\nUID:row\r\n{lines}\r\nEND:{name}\r\n"));
        let span = index(&body).span();
        for (start, end, expected) in *cases {
            // `11` to `11` stands for a minute inside that hour.
            let minutes = if start == end { "01" } else { "00" };
            let range = Window::new(hour(start, i64::MIN, "00"), hour(end, i64::MAX, minutes));
            let filter = calendar(vec![comp(name, Some(range), vec![], vec![])]);
            assert_eq!(fits(&filter, &body), *expected, "{name} {lines} {start}-{end}");
            let season = of_window(range.start, range.end) & span.season != 0;
            let screened = season && span.first < range.end && span.last > range.start;
            assert!(screened || !expected, "the screen loses {name} {lines} {start}-{end}");
        }
    }
}

#[test]
fn alarms_repeat() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20060104T120000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nBEGIN:VALARM\r\n\
         ACTION:AUDIO\r\nTRIGGER;RELATED=END:PT1H\r\nREPEAT:2\r\nDURATION:PT30M\r\nEND:VALARM\r\nEND:VEVENT\r\n",
    );
    for (start, end, expected) in [
        ("20060104T140000Z", "20060104T140001Z", true),
        ("20060104T133000Z", "20060104T140000Z", false),
        ("20060104T150000Z", "20060104T150001Z", true),
        ("20060104T150001Z", "20060105T140000Z", false),
        ("20300104T143000Z", "20300104T143001Z", true),
    ] {
        let alarm = comp("VALARM", Some(window(start, end)), vec![], vec![]);
        let filter = calendar(vec![comp("VEVENT", None, vec![], vec![alarm])]);
        assert_eq!(fits(&filter, &body), expected, "{start}");
    }
}

proptest! {
    #[test]
    fn a_text_and_a_time_fit_exactly_where_an_instance_has_both(
        body in samples::any_series(), range in samples::any_window(), number in 0..4, negate: bool,
    ) {
        let needle = format!("part{number}");
        let summary = if negate { not(&needle) } else { text(&needle) };
        let index = index(&body);
        let filter = calendar(vec![comp(index.kind.name(), Some(range), vec![prop("SUMMARY", Some(summary))], vec![])]);
        let instances = index.instances(range, &Zone::Utc, &mut Budget::default()).expect("enough");
        let expected = instances.iter().any(|instance| {
            let of = index.parts[instance.part].span.of(&body);
            of.contains(&needle) != negate
        });
        prop_assert_eq!(fits(&filter, &body), expected, "{} {:?}", body, range);
        let span = index.span();
        let season = of_window(range.start, range.end) & span.season != 0;
        prop_assert!(!expected || (season && span.first < range.end && span.last > range.start));
    }
}
