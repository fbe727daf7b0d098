//! Filters and requests from XML, refusals included (RFC 4791 §9, RFC 6352 §10).

use super::*;
use crate::domain::calendar_data::{CalendarDataRequest, DataFormat};
use crate::domain::query::card::CardTest;
use crate::domain::query::{CalendarFilter, CardFilter, ComponentTest, PropTest, Test};
use crate::text::xml;

fn element(inner: &str) -> Element {
    let text = format!("<r xmlns='{CALDAV}' xmlns:A='{CARDDAV}' xmlns:D='DAV:'>{inner}</r>");
    xml::parse(text.as_bytes()).expect("well-formed").children().next().expect("an element").clone()
}

fn filter(inner: &str) -> Result<CalendarFilter, Fault> {
    calendar_filter(&element(&format!("<filter>{inner}</filter>")))
}

fn event(inner: &str) -> Result<CalendarFilter, Fault> {
    filter(&format!(
        "<comp-filter name='VCALENDAR'><comp-filter name='VEVENT'>{inner}</comp-filter></comp-filter>"
    ))
}

fn card(attributes: &str, inner: &str) -> Result<CardFilter, Fault> {
    card_filter(&element(&format!("<A:filter {attributes}>{inner}</A:filter>")))
}

fn data(attributes: &str, inner: &str) -> Result<CalendarDataRequest, Fault> {
    calendar_data(&element(&format!("<calendar-data {attributes}>{inner}</calendar-data>")))
}

fn is_invalid<T>(result: Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::Condition(Condition::ValidFilter(_))))
}

fn is_bad<T>(result: Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::BadRequest(_)))
}

fn is_unsupported<T>(result: Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::Condition(Condition::SupportedFilter { .. })))
}

#[test]
fn a_filter_of_every_kind_of_condition_is_read() {
    let read = event(
        "<time-range start='20060104T000000Z' end='20060105T000000Z'/>
         <prop-filter name='attendee'><text-match collation='i;octet' negate-condition='yes'>lisa</text-match>
           <param-filter name='PARTSTAT'><text-match>NEEDS-ACTION</text-match></param-filter>
           <param-filter name='RSVP'><is-not-defined/></param-filter></prop-filter>
         <prop-filter name='RRULE'><is-not-defined/></prop-filter>
         <comp-filter name='VALARM'><time-range start='20060106T100000Z'/></comp-filter>",
    )
    .expect("a filter");
    let ComponentTest::Defined { components, .. } = &read.root.test else { panic!("{read:?}") };
    let ComponentTest::Defined { range, properties, components } = &components[0].test else {
        panic!("{read:?}")
    };
    assert_eq!(*range, Some(Window::new(1_136_332_800_000_000, 1_136_419_200_000_000)));
    let PropTest::Defined { text: Some(text), params, .. } = &properties[0].test else { panic!("{read:?}") };
    assert_eq!(properties[0].name, "ATTENDEE");
    assert!(text.matches("LISA") && !text.matches("lisa"));
    assert!(matches!(params[0].test, ParamTest::Text(_)) && matches!(params[1].test, ParamTest::NotDefined));
    assert!(matches!(properties[1].test, PropTest::NotDefined));
    let ComponentTest::Defined { range: Some(alarm), .. } = &components[0].test else { panic!("{read:?}") };
    assert_eq!(alarm.end, i64::MAX);
}

#[test]
fn calendars_compare_ascii_and_cards_unicode_by_default() {
    let read =
        event("<prop-filter name='SUMMARY'><text-match>é</text-match></prop-filter>").expect("a filter");
    let ComponentTest::Defined { components, .. } = &read.root.test else { panic!() };
    let ComponentTest::Defined { properties, .. } = &components[0].test else { panic!() };
    let PropTest::Defined { text: Some(text), .. } = &properties[0].test else { panic!() };
    assert!(text.matches("é") && !text.matches("É"));
    let read = card("", "<A:prop-filter name='FN'><A:text-match>é</A:text-match></A:prop-filter>")
        .expect("a filter");
    let CardTest::Defined { texts, .. } = &read.properties[0].test else { panic!() };
    assert!(texts[0].matches("É"));
}

#[test]
fn what_breaks_the_grammar_is_invalid() {
    let range = |attributes: &str| event(&format!("<time-range {attributes}/>"));
    assert!(range("start='20060104T000000Z'").is_ok());
    assert!(range("end='20060104T000000Z'").is_ok());
    for attributes in [
        "",
        "start='20060104T000000'",
        "start='20060104'",
        "start='2006-01-04T00:00:00Z'",
        "start='20060231T000000Z'",
        "start='00000101T000000Z'",
        "start='20060104T000000Z' end='20060104T000000Z'",
        "start='20060105T000000Z' end='20060104T000000Z'",
        "start='tomorrow'",
    ] {
        assert!(is_invalid(range(attributes)), "{attributes}");
    }
    for inner in [
        "",
        "<comp-filter name='VEVENT'/>",
        "<comp-filter/>",
        "<prop-filter name='UID'/>",
        "<comp-filter name='VCALENDAR'/><comp-filter name='VCALENDAR'/>",
        "<comp-filter name='VCALENDAR'><comp-filter name='VCALENDAR'/></comp-filter>",
        "<comp-filter name='VCALENDAR'><comp-filter name='VALARM'/></comp-filter>",
        "<comp-filter name='VCALENDAR'><is-not-defined/><prop-filter name='X'/></comp-filter>",
        "<comp-filter name='VCALENDAR'><comp-filter name='VTODO'><comp-filter name='VEVENT'/></comp-filter></comp-filter>",
    ] {
        assert!(is_invalid(filter(inner)), "{inner}");
    }
    for inner in [
        "<prop-filter name=''/>",
        "<prop-filter name='UID'><text-match>a</text-match><text-match>b</text-match></prop-filter>",
        "<prop-filter name='DTSTART'><time-range start='20060104T000000Z'/><text-match>2006</text-match></prop-filter>",
        "<prop-filter name='UID'><text-match negate-condition='maybe'>a</text-match></prop-filter>",
        "<time-range start='20060104T000000Z'/><time-range start='20060104T000000Z'/>",
        "<prop-filter name='SUMMARY'><time-range start='20060104T000000Z'/></prop-filter>",
    ] {
        assert!(is_invalid(event(inner)), "{inner}");
    }
    let long = format!(
        "<prop-filter name='UID'><text-match>{}</text-match></prop-filter>",
        "a".repeat(MAX_TEXT + 1)
    );
    assert!(is_invalid(event(&long)));
    assert!(is_invalid(event(&"<prop-filter name='UID'/>".repeat(MAX_CONDITIONS))));
}

/// The grammar has it, RFC 4791 §9.9 gives it no meaning: programs that look for every kind of component ask so.
#[test]
fn a_time_range_of_the_whole_object_is_read() {
    let day = "<time-range start='20060104T000000Z' end='20060105T000000Z'/>";
    let read = filter(&format!("<comp-filter name='VCALENDAR'>{day}</comp-filter>")).expect("a filter");
    assert!(read.window().is_some() && read.component().is_none());
    let twice = format!("<comp-filter name='VCALENDAR'>{day}{day}</comp-filter>");
    assert!(is_invalid(filter(&twice)));
}

#[test]
fn what_cannot_be_answered_is_refused_and_not_ignored() {
    let inner = "<time-range start='20060104T000000Z'/>";
    assert!(is_unsupported(filter(&format!(
        "<comp-filter name='VCALENDAR'><comp-filter name='VTIMEZONE'>{inner}</comp-filter></comp-filter>"
    ))));
    assert!(is_unsupported(event(&format!("<prop-filter name='RDATE'>{inner}</prop-filter>"))));
    assert!(is_unsupported(event("<x-nearby/>")));
    assert!(is_unsupported(event("<prop-filter name='UID'><D:href/></prop-filter>")));
    assert!(is_unsupported(card("", "<prop-filter name='FN'/>")), "the other namespace");
    assert!(event("<prop-filter name='X-ANYTHING'/>").is_ok());
    assert!(event("<comp-filter name='X-COMP'/>").is_ok());
}

/// RFC 4791 §7.8: the element that makes the filter one that is not supported.
#[test]
fn a_refusal_names_the_part_of_the_filter_that_is_not_supported() {
    use FilterPart::*;
    let named = |read: Result<CalendarFilter, Fault>| match read {
        Err(Fault::Condition(Condition::SupportedFilter { card: false, part: Some(part) })) => part,
        other => panic!("{other:?}"),
    };
    let range = "<time-range start='20060104T000000Z'/>";
    assert_eq!(
        named(filter(&format!(
            "<comp-filter name='VCALENDAR'><comp-filter name='VTIMEZONE'>{range}</comp-filter></comp-filter>"
        ))),
        Component("VTIMEZONE".to_owned())
    );
    assert_eq!(named(event("<nearby/>")), Component("VEVENT".to_owned()));
    assert_eq!(
        named(event(&format!("<prop-filter name='rdate'>{range}</prop-filter>"))),
        Property("RDATE".to_owned())
    );
    assert_eq!(named(event("<prop-filter name='UID'><nearby/></prop-filter>")), Property("UID".to_owned()));
    let param = "<param-filter name='PARTSTAT'><nearby/></param-filter>";
    assert_eq!(
        named(event(&format!("<prop-filter name='ATTENDEE'>{param}</prop-filter>"))),
        Parameter("PARTSTAT".to_owned())
    );
}

#[test]
fn unknown_collations_have_their_own_condition() {
    let text = "<text-match collation='i;klingon'>a</text-match>";
    let fault = event(&format!("<prop-filter name='UID'>{text}</prop-filter>")).expect_err("refused");
    assert_eq!(fault, Fault::Condition(Condition::SupportedCollation { card: false }));
    let text = "<A:text-match collation='i;klingon'>a</A:text-match>";
    let fault = card("", &format!("<A:prop-filter name='UID'>{text}</A:prop-filter>")).expect_err("refused");
    assert_eq!(fault, Fault::Condition(Condition::SupportedCollation { card: true }));
}

#[test]
fn card_filters_know_joins_and_match_types() {
    let read = card(
        "test='allof'",
        "<A:prop-filter name='item1.EMAIL' test='allof'>
           <A:text-match match-type='ends-with'>.ORG</A:text-match>
           <A:param-filter name='TYPE'><A:text-match match-type='equals'>home</A:text-match></A:param-filter>
         </A:prop-filter><A:prop-filter name='PHOTO'><A:is-not-defined/></A:prop-filter>",
    )
    .expect("a filter");
    assert_eq!((read.test, read.properties[0].name.as_str()), (Test::AllOf, "item1.EMAIL"));
    let CardTest::Defined { join, texts, params } = &read.properties[0].test else { panic!() };
    assert_eq!((*join, params.len()), (Test::AllOf, 1));
    assert!(texts[0].matches("a@example.org") && !texts[0].matches("a@example.org.test"));
    assert!(matches!(read.properties[1].test, CardTest::NotDefined));
    assert!(card("", "").expect("no condition").properties.is_empty());
}

#[test]
fn a_broken_card_filter_is_a_bad_request_and_one_that_asks_too_much_is_not() {
    let prop = |inner: &str| format!("<A:prop-filter name='FN'>{inner}</A:prop-filter>");
    assert!(is_bad(card("test='some'", "")));
    for broken in [
        "<A:prop-filter name='item1.'/>".to_owned(),
        "<A:prop-filter/>".to_owned(),
        prop("<A:text-match match-type='like'>a</A:text-match>"),
        prop("<A:text-match negate-condition='perhaps'>a</A:text-match>"),
        prop("<A:text-match><A:text-match/></A:text-match>"),
        prop("<A:is-not-defined/><A:text-match>a</A:text-match>"),
        prop("<A:param-filter/>"),
        prop(
            "<A:param-filter name='TYPE'><A:text-match>a</A:text-match><A:text-match>b</A:text-match></A:param-filter>",
        ),
        "<A:prop-filter name='FN'/>".repeat(MAX_CONDITIONS + 1),
    ] {
        assert!(is_bad(card("", &broken)), "{broken}");
    }
    let named = |inner: &str| match card("", &prop(inner)) {
        Err(Fault::Condition(Condition::SupportedFilter {
            card: true,
            part: Some(FilterPart::Property(name)),
        })) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(named("<A:nearby/>"), "FN");
    assert_eq!(named("<A:param-filter name='TYPE'><A:nearby/></A:param-filter>"), "FN");
}

#[test]
fn calendar_data_names_what_is_wanted() {
    assert!(data("", "").expect("nothing asked").is_whole());
    let read = data(
        "content-type='text/calendar; charset=utf-8' version='2.0'",
        "<comp name='VCALENDAR'><prop name='version'/><comp name='VEVENT'><prop name='SUMMARY'/><prop name='UID' novalue='yes'/></comp>
           <comp name='VTIMEZONE'/><comp name='VTODO'><allprop/><comp name='VALARM'><allprop/></comp></comp></comp>
         <expand start='20060104T000000Z' end='20060105T000000Z'/>
         <limit-freebusy-set start='20060104T000000Z' end='20060105T000000Z'/>",
    )
    .expect("a request");
    let root = read.comp.expect("a selection");
    assert_eq!(root.props.expect("named")[0].name, "VERSION");
    let comps = root.comps.expect("named");
    let props = comps[0].props.as_ref().expect("named");
    assert_eq!((props[0].novalue, props[1].novalue), (false, true));
    assert_eq!(comps[0].comps, Some(vec![]), "properties only");
    assert_eq!((&comps[1].props, &comps[1].comps), (&None, &None), "an empty comp is the whole component");
    assert_eq!((&comps[2].props, comps[2].comps.as_ref().map(Vec::len)), (&None, Some(1)));
    assert!(read.expand.is_some() && read.limit_freebusy_set.is_some());
    assert_eq!(data("content-type='application/calendar+json'", "").expect("jCal").format, DataFormat::JCal);
}

#[test]
fn calendar_data_that_cannot_be_is_refused() {
    for attributes in
        ["content-type='text/plain'", "version='1.0'", "content-type='text/calendar' version='3.0'"]
    {
        assert_eq!(data(attributes, "").expect_err("refused"), Condition::SupportedCalendarData.into());
    }
    let range = "start='20060104T000000Z' end='20060105T000000Z'";
    for inner in [
        "<expand start='20060104T000000Z'/>".to_owned(),
        "<expand start='20060105T000000Z' end='20060104T000000Z'/>".to_owned(),
        format!("<expand {range}/><limit-recurrence-set {range}/>"),
        format!("<expand {range}/><expand {range}/>"),
        "<comp name='VEVENT'/>".to_owned(),
        "<comp/>".to_owned(),
        "<comp name='VCALENDAR'><allprop/><prop name='UID'/></comp>".to_owned(),
        "<comp name='VCALENDAR'><prop name='UID' novalue='perhaps'/></comp>".to_owned(),
    ] {
        assert!(matches!(data("", &inner), Err(Fault::BadRequest(_))), "{inner}");
    }
}
