//! Busy time from objects (RFC 4791 §7.10).

use super::*;
use crate::domain::query::samples::{self, at, index, object, window};

fn busy(bodies: &[String], window: Window, zone: &Zone) -> Vec<(String, String, BusyKind)> {
    let mut periods = Vec::new();
    for body in bodies {
        gather(&index(body), window, zone, &mut Budget::default(), &mut periods).expect("enough budget");
    }
    merge(periods).iter().map(|period| (utc(period.start), utc(period.end), period.kind)).collect()
}

fn expect(list: &[(&str, &str, BusyKind)]) -> Vec<(String, String, BusyKind)> {
    list.iter().map(|(start, end, kind)| (start.to_string(), end.to_string(), *kind)).collect()
}

fn event(lines: &str) -> String {
    object(&format!("BEGIN:VEVENT\r\nUID:e\r\n{lines}END:VEVENT\r\n"))
}

#[test]
fn events_count_by_transp_and_status() {
    let week = window("20060101T000000Z", "20060108T000000Z");
    let hour = |extra: &str| event(&format!("DTSTART:20060104T100000Z\r\nDTEND:20060104T110000Z\r\n{extra}"));
    for (extra, kind) in [
        ("", Some(BusyKind::Busy)),
        ("TRANSP:OPAQUE\r\nSTATUS:CONFIRMED\r\n", Some(BusyKind::Busy)),
        ("STATUS:TENTATIVE\r\n", Some(BusyKind::Tentative)),
        ("STATUS:CANCELLED\r\n", None),
        ("TRANSP:TRANSPARENT\r\n", None),
        ("TRANSP:TRANSPARENT\r\nSTATUS:TENTATIVE\r\n", None),
        ("CLASS:PRIVATE\r\n", Some(BusyKind::Busy)),
    ] {
        let expected = kind.map(|kind| ("20060104T100000Z".to_owned(), "20060104T110000Z".to_owned(), kind));
        assert_eq!(busy(&[hour(extra)], week, &Zone::Utc), Vec::from_iter(expected), "{extra}");
    }
    let nothing = event("DTSTART:20060104T100000Z\r\n");
    assert!(busy(&[nothing, samples::task()], week, &Zone::Utc).is_empty(), "no length, and no event");
}

#[test]
fn a_day_of_all_samples_as_in_rfc_4791_7_10() {
    let day = window("20060104T140000Z", "20060105T220000Z");
    let list = busy(&[samples::series(), samples::meeting(), samples::single()], day, &Zone::Utc);
    assert_eq!(
        list,
        expect(&[
            ("20060104T150000Z", "20060104T160000Z", BusyKind::Tentative),
            ("20060104T190000Z", "20060104T200000Z", BusyKind::Busy),
            ("20060105T170000Z", "20060105T180000Z", BusyKind::Busy),
        ])
    );
}

#[test]
fn an_instance_counts_as_it_is_overridden() {
    let body = object(
        "BEGIN:VEVENT\r\nUID:o\r\nDTSTART:20060102T100000Z\r\nDTEND:20060102T110000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:o\r\nRECURRENCE-ID:20060103T100000Z\r\nDTSTART:20060103T100000Z\r\nDTEND:20060103T110000Z\r\n\
         STATUS:CANCELLED\r\nEND:VEVENT\r\n",
    );
    let list = busy(&[body], window("20060101T000000Z", "20060108T000000Z"), &Zone::Utc);
    assert_eq!(
        list,
        expect(&[
            ("20060102T100000Z", "20060102T110000Z", BusyKind::Busy),
            ("20060104T100000Z", "20060104T110000Z", BusyKind::Busy),
        ])
    );
}

#[test]
fn whole_days_lie_in_the_zone_and_windows_cut() {
    let body = event("DTSTART;VALUE=DATE:20260329\r\n");
    let paris = Zone::iana("Europe/Paris").expect("known");
    let wide = window("20260301T000000Z", "20260401T000000Z");
    assert_eq!(
        busy(std::slice::from_ref(&body), wide, &paris),
        expect(&[("20260328T230000Z", "20260329T220000Z", BusyKind::Busy)])
    );
    let cut = window("20260329T100000Z", "20260329T110000Z");
    assert_eq!(
        busy(&[body], cut, &paris),
        expect(&[("20260329T100000Z", "20260329T110000Z", BusyKind::Busy)])
    );
}

#[test]
fn stored_busy_time_counts_by_its_type() {
    let list = busy(&[samples::free_busy()], window("20060102T110000Z", "20060103T000000Z"), &Zone::Utc);
    assert_eq!(
        list,
        expect(&[
            ("20060102T110000Z", "20060102T120000Z", BusyKind::Tentative),
            ("20060102T150000Z", "20060102T160000Z", BusyKind::Busy),
        ])
    );
}

#[test]
fn merging_joins_what_touches_and_keeps_kinds_apart() {
    let period = |start, end, kind| Period { start, end, kind };
    let (busy, maybe) = (BusyKind::Busy, BusyKind::Tentative);
    let merged = merge(vec![
        period(50, 60, busy),
        period(0, 10, busy),
        period(10, 20, busy),
        period(5, 30, maybe),
        period(12, 15, busy),
        period(29, 40, maybe),
        period(21, 22, BusyKind::Unavailable),
        period(1, 99, BusyKind::Free),
    ]);
    assert_eq!(
        merged,
        [
            period(0, 20, busy),
            period(5, 40, maybe),
            period(21, 22, BusyKind::Unavailable),
            period(50, 60, busy)
        ]
    );
    assert!(merge(Vec::new()).is_empty());
}

#[test]
fn a_reply_is_written_and_can_be_read_back() {
    let range = window("20060104T140000Z", "20060105T220000Z");
    let periods = [
        Period { start: at("20060104T150000Z"), end: at("20060104T160000Z"), kind: BusyKind::Tentative },
        Period { start: at("20060105T170000Z"), end: at("20060105T180000Z"), kind: BusyKind::Busy },
    ];
    let lines = ["UID:request-1", "ORGANIZER:mailto:a@example.org"];
    let text = vfreebusy(
        range,
        &periods,
        at("20060101T000000Z"),
        Answer { method: Some("REPLY"), lines: &lines, ..Answer::default() },
    );
    assert_eq!(
        text,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//Cenacle//EN\r\nMETHOD:REPLY\r\nBEGIN:VFREEBUSY\r\nUID:request-1\r\n\
         ORGANIZER:mailto:a@example.org\r\nDTSTAMP:20060101T000000Z\r\nDTSTART:20060104T140000Z\r\nDTEND:20060105T220000Z\r\n\
         FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z\r\n\
         FREEBUSY;FBTYPE=BUSY:20060105T170000Z/20060105T180000Z\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    );
    let stored = text.replace("METHOD:REPLY\r\n", "");
    let read: Vec<_> = index(&stored).parts[0]
        .free_busy
        .iter()
        .map(|period| (period.start, period.end, period.kind))
        .collect();
    assert_eq!(read, periods.map(|period| (period.start, period.end, period.kind)));
}
