//! The engine against a slow model that only tests membership, against the examples of RFC 5545 and RFC 7529, and
//! against bombs.

use super::civil::{DAY, FIRST, LAST};
use super::moment::{Moment, write_local};
use super::*;
use std::ops::ControlFlow;

fn moment(text: &str) -> i64 {
    Moment::parse(text).expect("a date").literal()
}

/// Instances in `[from, to]`, by the rule's text.
fn expand_in(start: i64, rule: &str, from: i64, to: i64) -> Vec<i64> {
    let mut rule = Rule::parse(rule).expect("a rule");
    rule.last = Pattern::new(&rule, start).settle(&mut Budget::new(100_000, 0)).unwrap_or(None);
    let mut budget = Budget::new(50_000_000, 0);
    let mut found = Vec::new();
    let _ = Pattern::new(&rule, start)
        .walk(from, to, &mut budget, &mut |at| {
            found.push(at);
            ControlFlow::Continue(())
        })
        .expect("enough");
    found
}

/// The first instances, written without the time where it is that of DTSTART.
fn first(start: &str, rule: &str, count: usize) -> String {
    let start_at = moment(start);
    let parsed = Rule::parse(rule).expect("a rule");
    let mut found = Vec::new();
    let mut budget = Budget::new(50_000_000, 0);
    let _ = Pattern::new(&parsed, start_at)
        .walk(FIRST, LAST, &mut budget, &mut |at| {
            let text = write_local(at);
            let same_time = at.rem_euclid(DAY) == start_at.rem_euclid(DAY);
            found.push(if same_time { text[..8].to_owned() } else { text });
            if found.len() == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .expect("enough");
    found.join(" ")
}

#[test]
fn examples_of_rfc_5545() {
    for (start, rule, expected) in [
        ("19970902T090000", "FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902 19970912 19970922 19971002 19971012"),
        (
            "19980101T090000",
            "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
            "19980101 19980102 19980103",
        ),
        ("19970902T090000", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902 19970916 19970930"),
        (
            "19970902T090000",
            "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
            "19970902 19970904 19970909",
        ),
        (
            "19970901T090000",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
            "19970901 19970903 19970905 19970915",
        ),
        (
            "19970902T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "19970902 19970904 19970916 19970918 19970930 19971002 19971014 19971016",
        ),
        ("19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "19970905 19971003 19971107 19971205"),
        (
            "19970907T090000",
            "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
            "19970907 19970928 19971102 19971130",
        ),
        (
            "19970922T090000",
            "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
            "19970922 19971020 19971117 19971222 19980119 19980216",
        ),
        (
            "19970928T090000",
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "19970928 19971029 19971128 19971229 19980129 19980226",
        ),
        ("19970902T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902 19970915 19971002"),
        ("19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "19970930 19971001 19971031 19971101"),
        (
            "19970910T090000",
            "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "19970910 19970911 19970912 19970913 19970914 19970915 19990310",
        ),
        (
            "19970902T090000",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
            "19970902 19970909 19970916 19970923 19970930 19971104",
        ),
        ("19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "19970610 19970710 19980610"),
        (
            "19970310T090000",
            "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
            "19970310 19990110 19990210 19990310",
        ),
        (
            "19970101T090000",
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "19970101 19970410 19970719 20000101 20000409",
        ),
        ("19970519T090000", "FREQ=YEARLY;BYDAY=20MO", "19970519 19980518 19990517"),
        ("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512 19980511 19990517"),
        ("19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313 19970320 19970327 19980305"),
        ("19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "19970605 19970612"),
        (
            "19980213T090000",
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "19980213 19980313 19981113 19990813 20001013",
        ),
        (
            "19970913T090000",
            "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
            "19970913 19971011 19971108",
        ),
        (
            "19961105T090000",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "19961105 20001107 20041102",
        ),
        ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904 19971007 19971106"),
        (
            "19970929T090000",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "19970929 19971030 19971127 19971230",
        ),
        (
            "19970902T090000",
            "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000",
            "19970902 19970902T120000 19970902T150000",
        ),
        (
            "19970902T090000",
            "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
            "19970902 19970902T103000 19970902T120000 19970902T133000",
        ),
        (
            "19970902T090000",
            "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20",
            "19970902 19970902T092000 19970902T100000 19970902T102000 19970903",
        ),
        (
            "19970902T090000",
            "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10",
            "19970902 19970902T092000 19970902T094000 19970902T100000 19970902T102000 19970902T104000 19970903",
        ),
        (
            "19970805T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "19970805 19970810 19970819 19970824",
        ),
        (
            "19970805T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "19970805 19970817 19970819 19970831",
        ),
        (
            "20070115T090000",
            "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
            "20070115 20070130 20070215 20070315 20070330",
        ),
    ] {
        let count = expected.split(' ').count();
        assert_eq!(first(start, rule, count), expected, "{start} {rule}");
    }
}

#[test]
fn special_dates() {
    for (start, rule, expected) in [
        ("20120229T100000", "FREQ=YEARLY", "20120229 20160229 20200229"),
        ("18960229T100000", "FREQ=YEARLY", "18960229 19040229"),
        ("20150131T100000", "FREQ=MONTHLY", "20150131 20150331 20150531 20150731"),
        ("20150101T100000", "FREQ=YEARLY;BYYEARDAY=366", "20150101 20161231 20201231"),
        ("20150101T100000", "FREQ=YEARLY;BYYEARDAY=-366", "20150101 20160101 20200101"),
        ("20150101T100000", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU", "20150101 20160103 20210103 20270103"),
        (
            "20150101T100000",
            "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO",
            "20150101 20151228 20161226 20171225 20181224 20191223",
        ),
        ("20150101T100000", "FREQ=YEARLY;BYWEEKNO=10", "20150101 20150305 20160310"),
        // Days of December in week 1 of the next year, counted from its end.
        (
            "20120101T100000",
            "FREQ=YEARLY;BYWEEKNO=-52;BYDAY=MO",
            "20120101 20120102 20121231 20131230 20150105 20160104",
        ),
        (
            "20150101T100000",
            "FREQ=MONTHLY;BYDAY=MO,1TU",
            "20150101 20150105 20150106 20150112 20150119 20150126 20150202 20150203",
        ),
        ("20150131T100000", "FREQ=YEARLY;BYMONTH=1;BYDAY=5SA", "20150131 20160130 20210130"),
        // The first set of a weekly rule begins with its week, before DTSTART.
        ("20150107T100000", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "20150107 20150112 20150119"),
        ("20150107T100000", "FREQ=WEEKLY;BYDAY=1MO", "20150107 20150112 20150119"),
        // DTSTART counts even though the rule does not give it.
        ("20150101T100000", "FREQ=WEEKLY;BYDAY=FR;COUNT=3", "20150101 20150102 20150109"),
        ("20150101T100000", "FREQ=DAILY;UNTIL=20150103", "20150101 20150102 20150103"),
        ("20150101T100000", "FREQ=DAILY;UNTIL=20150102T100000;COUNT=9", "20150101 20150102"),
        ("20150101T100000", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "20150101"),
        ("20150101T100000", "FREQ=MONTHLY;BYDAY=6MO", "20150101"),
        ("20150101T100000", "FREQ=DAILY;COUNT=0", ""),
        ("20150101T100000", "FREQ=DAILY;UNTIL=20141231", ""),
        ("20150101T100000", "FREQ=DAILY;INTERVAL=0", "20150101 20150102"),
        ("99991230T100000", "FREQ=DAILY", "99991230 99991231"),
        ("00010101T000000", "FREQ=YEARLY;INTERVAL=4000", "00010101 40010101 80010101"),
        (
            "20150101T100000",
            "FREQ=HOURLY;BYSETPOS=-1;BYMINUTE=0,30",
            "20150101 20150101T103000 20150101T113000",
        ),
        ("20150101T235959", "FREQ=SECONDLY;BYSECOND=60", "20150101 20150102T000059"),
    ] {
        let count =
            expected.split(' ').count() + usize::from(rule.contains("COUNT") || rule.contains("UNTIL"));
        assert_eq!(first(start, rule, count), expected, "{start} {rule}");
    }
}

#[test]
fn skip_of_rfc_7529() {
    for (start, rule, expected) in [
        (
            "20140131T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT;COUNT=4",
            "20140131 20140331 20140531 20140731",
        ),
        (
            "20140131T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4",
            "20140131 20140228 20140331 20140430",
        ),
        (
            "20140131T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4",
            "20140131 20140301 20140331 20140501",
        ),
        (
            "20120229T100000",
            "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD",
            "20120229 20130301 20140301 20150301 20160229",
        ),
        (
            "20120229T100000",
            "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD",
            "20120229 20130228 20140228 20150228 20160229",
        ),
        ("20120229T100000", "RSCALE=gregorian;FREQ=YEARLY", "20120229 20160229"),
        // Two days that become one are one instance, and count once.
        (
            "20140101T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=1,31;SKIP=FORWARD;COUNT=5",
            "20140101 20140131 20140201 20140301 20140331",
        ),
        (
            "20140128T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;SKIP=BACKWARD;COUNT=6",
            "20140128 20140129 20140130 20140131 20140228 20140328",
        ),
        (
            "20140131T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31;SKIP=FORWARD;COUNT=3",
            "20140131 20140331 20140531",
        ),
        (
            "20140228T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;SKIP=FORWARD;COUNT=3",
            "20140228 20140301 20150301",
        ),
        (
            "20150101T100000",
            "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=FORWARD;COUNT=4",
            "20150101 20160101 20161231 20180101",
        ),
        (
            "20150101T100000",
            "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=BACKWARD;COUNT=3",
            "20150101 20151231 20161231",
        ),
        // BYDAY looks at the day after it was moved.
        (
            "20140101T100000",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD;BYDAY=FR;COUNT=3",
            "20140101 20140131 20140228",
        ),
        // Limits have no invalid dates.
        (
            "20140130T100000",
            "RSCALE=GREGORIAN;FREQ=DAILY;BYMONTHDAY=30;SKIP=BACKWARD;COUNT=2",
            "20140130 20140330",
        ),
        // Another calendar: only DTSTART.
        ("20140131T100000", "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L;COUNT=4", "20140131"),
    ] {
        let count = expected.split(' ').count() + usize::from(rule.contains("COUNT"));
        assert_eq!(first(start, rule, count), expected, "{start} {rule}");
    }
    assert!(Rule::parse("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L").expect("kept").rscale_unsupported);
}

#[test]
fn a_day_moved_forward_is_found_from_its_new_month() {
    let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=30;SKIP=FORWARD";
    let march =
        expand_in(moment("20150130T100000"), rule, moment("20230301T000000"), moment("20230302T000000"));
    assert_eq!(march, [moment("20230301T100000")]);
    // Two days that became one are one place in the set of BYSETPOS.
    let rule = "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=1,30;BYSETPOS=3;SKIP=FORWARD";
    assert_eq!(first("20150101T100000", rule, 3), "20150101 20150330 20160330");
}

#[test]
fn rules_that_cannot_be_read() {
    for bad in [
        "",
        "FREQ=",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=2",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=0",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=DAILY;BYMONTHDAY=32",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYDAY=0MO",
        "FREQ=DAILY;BYDAY=54MO",
        "FREQ=DAILY;BYDAY=é",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;UNTIL=never",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYSETPOS=0",
        "FREQ=DAILY;BYMONTH=",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;WKST=X",
        "RSCALE=GREGORIAN;FREQ=DAILY;SKIP=X",
        "FREQ=DAILY;INTERVAL=99999999999",
    ] {
        assert!(Rule::parse(bad).is_err(), "{bad}");
    }
    for good in [
        "freq=daily;byday=mo, tu ;",
        "FREQ=DAILY;X-FOO=1;;",
        " FREQ = DAILY ; COUNT = 3 ",
        "FREQ=DAILY;UNTIL=20200101t000000z",
    ] {
        assert!(Rule::parse(good).is_ok(), "{good}");
    }
}

#[test]
fn bombs_stop_by_the_budget_and_not_in_silence() {
    let start = moment("20150101T100000");
    for (rule, exhausts) in [
        ("FREQ=SECONDLY", true),
        ("FREQ=SECONDLY;INTERVAL=86400;BYHOUR=5", true),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", false),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", false),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", false),
        ("FREQ=MINUTELY;BYMONTH=2,4;BYMONTHDAY=31", false),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31", false),
        ("FREQ=SECONDLY;BYMONTH=1;BYMONTHDAY=-32", false),
        ("FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1", false),
        ("FREQ=DAILY;BYDAY=MO;BYMONTH=2;BYMONTHDAY=29", false),
        ("FREQ=MINUTELY;INTERVAL=1440;BYHOUR=11", true),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", false),
    ] {
        let Ok(rule_read) = Rule::parse(rule) else {
            assert!(rule.contains("-32"), "{rule}");
            continue;
        };
        let before = std::time::Instant::now();
        let mut budget = Budget::default();
        let end = Pattern::new(&rule_read, start)
            .walk(FIRST, LAST, &mut budget, &mut |_| ControlFlow::Continue(()));
        assert_eq!(end == Err(Exhausted::Steps), exhausts, "{rule}");
        let limit = if cfg!(debug_assertions) { 10_000 } else { 250 };
        assert!(before.elapsed().as_millis() < limit, "{rule} {:?}", before.elapsed());
    }
}

#[test]
fn age_costs_no_steps() {
    let from = moment("20260101T000000");
    for rule in [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=7",
        "FREQ=HOURLY;BYDAY=MO",
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=TU,TH",
        "FREQ=MONTHLY;BYDAY=-1FR;SKIP=FORWARD",
        "FREQ=YEARLY;BYWEEKNO=1",
    ] {
        let rule_read = Rule::parse(rule).expect("a rule");
        let spent = |start: &str| {
            let mut budget = Budget::default();
            let _ = Pattern::new(&rule_read, moment(start))
                .walk(from, from + 3_600, &mut budget, &mut |_| ControlFlow::Continue(()))
                .expect("enough");
            Budget::default().steps - budget.steps
        };
        let (old, new) = (spent("00010103T100000"), spent("20251202T100000"));
        assert!(old <= new + 20, "{rule}: {old} steps against {new}");
    }
}

#[test]
fn a_count_too_large_to_settle_is_counted_by_the_reader() {
    let start = moment("20150101T000000");
    let rule = Rule::parse("FREQ=SECONDLY;COUNT=100000").expect("a rule");
    assert_eq!(Pattern::new(&rule, start).settle(&mut Budget::new(1_000, 0)), Err(Exhausted::Steps));
    let mut found = Vec::new();
    let _ = Pattern::new(&rule, start)
        .walk(start + 99_998, start + 200_000, &mut Budget::default(), &mut |at| {
            found.push(at - start);
            ControlFlow::Continue(())
        })
        .expect("enough");
    assert_eq!(found, [99_998, 99_999]);
}

#[test]
fn the_last_one_before_a_limit() {
    let start = moment("19500101T100000");
    let last = |rule: &str, limit: &str| {
        let mut rule = Rule::parse(rule).expect("a rule");
        rule.last = Pattern::new(&rule, start).settle(&mut Budget::default()).expect("enough");
        let found =
            Pattern::new(&rule, start).last_before(moment(limit), &mut Budget::default()).expect("enough");
        found.map(|at| write_local(at)[..8].to_owned())
    };
    assert_eq!(last("FREQ=YEARLY", "20260101T095959").as_deref(), Some("20250101"));
    assert_eq!(last("FREQ=YEARLY;UNTIL=19600601", "20260101T095959").as_deref(), Some("19600101"));
    assert_eq!(last("FREQ=YEARLY;COUNT=3", "20260101T095959").as_deref(), Some("19520101"));
    assert_eq!(last("FREQ=YEARLY;INTERVAL=50", "20460101T000000").as_deref(), Some("20000101"));
    assert_eq!(last("FREQ=YEARLY", "19491231T000000"), None);
}

mod model;

#[test]
fn agrees_with_the_model() {
    // More of them by hand: RECUR_MODEL_CASES=5000.
    let cases = std::env::var("RECUR_MODEL_CASES").ok().and_then(|text| text.parse().ok());
    model::compare(cases.unwrap_or(250));
}
