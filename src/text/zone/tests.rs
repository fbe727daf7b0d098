//! Names of zones as clients write them, custom definitions, and the writer against the IANA data.

use super::*;
use crate::text::component::{Document, Limits};

fn at(text: &str) -> DateTime {
    text.parse().expect("a civil time")
}

fn utc(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("an instant").as_microsecond()
}

fn resolve_in(tzid: &str, source: &str) -> Option<Zone> {
    let document = Document::parse(source, Limits::default()).expect("readable");
    let zones: Vec<_> = document.roots.iter().collect();
    resolve(tzid, &zones)
}

fn name_of(tzid: &str) -> Option<String> {
    resolve(tzid, &[]).and_then(|zone| zone.name().map(str::to_owned))
}

#[test]
fn names_that_clients_write() {
    for (tzid, zone) in [
        ("Europe/Paris", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("Europe/Paris ", "Europe/Paris"),
        ("\"Europe/Paris\"", "Europe/Paris"),
        ("US/Eastern", "US/Eastern"),
        ("America/New York", "America/New_York"),
        ("/softwarestudio.org/Olson_20011030_5/Europe/Paris", "Europe/Paris"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Vienna", "Europe/Vienna"),
        ("/freeassociation.sourceforge.net/Europe/Vienna", "Europe/Vienna"),
        ("/mozilla.org/20050126_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/citadel.org/20190914_1/UTC", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("W. Europe", "Europe/Berlin"),
        ("Romance Standard Time", "Europe/Paris"),
        ("romance standard time", "Europe/Paris"),
        ("GMT Standard Time 1", "Europe/London"),
        ("Eastern", "America/New_York"),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Europe/Paris"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
    ] {
        assert_eq!(name_of(tzid).as_deref(), Some(zone), "{tzid}");
    }
    for unknown in ["Bogus", "America/New_Yrok", "Customized Time Zone", "", "   ", "Paris", "////", "UTC+99"]
    {
        assert!(resolve(unknown, &[]).is_none(), "{unknown}");
    }
    assert!(matches!(resolve("UTC+02:00", &[]), Some(Zone::Fixed(7_200))));
    assert!(matches!(resolve("GMT-0530", &[]), Some(Zone::Fixed(-19_800))));
    assert!(resolve(&"a/".repeat(100_000), &[]).is_none());
}

#[test]
fn gaps_take_the_offset_before_and_overlaps_the_first() {
    let paris = Zone::iana("Europe/Paris").expect("known");
    assert_eq!(paris.to_utc(at("2024-03-31T02:30:00")), utc("2024-03-31T01:30:00Z"));
    assert_eq!(paris.to_utc(at("2024-10-27T02:30:00")), utc("2024-10-27T00:30:00Z"));
    assert_eq!(paris.to_civil(utc("2024-07-01T00:00:00Z")), at("2024-07-01T02:00:00"));
    // Lord Howe moves by half an hour, Apia left out a whole day.
    let lord_howe = Zone::iana("Australia/Lord_Howe").expect("known");
    assert_eq!(lord_howe.to_utc(at("2024-10-06T02:15:00")), utc("2024-10-05T15:45:00Z"));
    let apia = Zone::iana("Pacific/Apia").expect("known");
    assert_eq!(apia.to_utc(at("2011-12-30T12:00:00")), utc("2011-12-30T22:00:00Z"));
    // The ends of time do not panic.
    for zone in [Zone::Utc, paris, Zone::Fixed(-86_000)] {
        zone.to_utc(DateTime::MAX);
        zone.to_utc(DateTime::MIN);
        zone.to_civil(i64::MAX);
        zone.to_civil(i64::MIN);
    }
}

const PARIS_RULES: &str = "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n\
    TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n";

#[test]
fn a_custom_definition_is_evaluated_by_its_rules() {
    let source = format!("BEGIN:VTIMEZONE\nTZID:Customized Time Zone\n{PARIS_RULES}END:VTIMEZONE\n");
    let zone = resolve_in("Customized Time Zone ", &source).expect("by its rules");
    assert!(matches!(zone, Zone::Custom(_)));
    let paris = Zone::iana("Europe/Paris").expect("known");
    let start = utc("1998-01-01T00:00:00Z") / MICROS;
    for step in 0..9_000 {
        let instant = start + step * 17_777;
        assert_eq!(zone.civil_seconds(instant), paris.civil_seconds(instant), "{instant}");
        let civil = start + step * 97_777;
        assert_eq!(zone.utc_seconds(civil), paris.utc_seconds(civil), "{civil}");
    }
    for civil in ["2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-03-31T02:00:00", "2024-03-31T03:00:00"]
    {
        assert_eq!(zone.to_utc(at(civil)), paris.to_utc(at(civil)), "{civil}");
    }
    // Before the first onset, and far in the future.
    assert_eq!(zone.to_utc(at("1600-01-01T00:00:00")), paris_winter("1600-01-01T00:00:00"));
    assert_eq!(zone.to_utc(at("9000-12-01T00:00:00")), paris_winter("9000-12-01T00:00:00"));
}

fn paris_winter(civil: &str) -> i64 {
    Zone::Fixed(3_600).to_utc(at(civil))
}

#[test]
fn our_data_wins_over_the_rules_of_a_known_zone() {
    let source = "BEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0900\n\
        TZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n";
    assert_eq!(
        resolve_in("Europe/Paris", source).and_then(|z| z.name().map(str::to_owned)).as_deref(),
        Some("Europe/Paris")
    );
}

#[test]
fn a_definition_without_usable_rules_falls_back_to_its_place() {
    let source = "BEGIN:VTIMEZONE\nTZID:Mine\nX-LIC-LOCATION:Europe/Rome\nEND:VTIMEZONE\n";
    assert_eq!(
        resolve_in("Mine", source).and_then(|z| z.name().map(str::to_owned)).as_deref(),
        Some("Europe/Rome")
    );
    assert!(resolve_in("Other", source).is_none());
}

#[test]
fn broken_offsets_ended_rules_and_dates_are_read() {
    // Synology writes +5730 for +005730; an ended rule, then RDATEs.
    let source = "BEGIN:VTIMEZONE\nTZID:Odd\nBEGIN:STANDARD\nDTSTART:19000101T000000\nTZOFFSETFROM:+5730\n\
        TZOFFSETTO:+5730\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19800401T000000\nTZOFFSETFROM:+5730\nTZOFFSETTO:+0200\n\
        RRULE:FREQ=YEARLY;UNTIL=19820331T230230Z\nEND:DAYLIGHT\nBEGIN:STANDARD\nDTSTART:19801001T000000\n\
        TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRDATE:19811001T000000,19821001T000000\nEND:STANDARD\nEND:VTIMEZONE\n";
    let zone = resolve_in("Odd", source).expect("by its rules");
    let hours = |civil: &str| {
        let civil = at(civil);
        (civil::from_datetime(civil) * MICROS - zone.to_utc(civil)) / MICROS
    };
    assert_eq!(hours("1950-01-01T00:00:00"), 3_450);
    for (civil, offset) in [
        ("1980-06-01T00:00:00", 7_200),
        ("1980-12-01T00:00:00", 3_600),
        ("1982-06-01T00:00:00", 7_200),
        ("1982-12-01T00:00:00", 3_600),
        ("1983-06-01T00:00:00", 3_600),
        ("2024-06-01T00:00:00", 3_600),
    ] {
        assert_eq!(hours(civil), offset, "{civil}");
    }
}

#[test]
fn a_bomb_in_a_definition_costs_little() {
    let source = "BEGIN:VTIMEZONE\nTZID:Bomb\nBEGIN:STANDARD\nDTSTART:19000101T000000\nTZOFFSETFROM:+0100\n\
        TZOFFSETTO:+0100\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
        DTSTART:19000101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=SECONDLY;COUNT=4000000000\n\
        END:DAYLIGHT\nEND:VTIMEZONE\n";
    let zone = resolve_in("Bomb", source).expect("by its rules");
    let before = std::time::Instant::now();
    for step in 0..100 {
        zone.to_utc(civil::to_datetime(step * 1_000_000));
    }
    assert!(before.elapsed().as_millis() < 2_000, "{:?}", before.elapsed());
}

#[test]
fn every_zone_is_written_so_that_its_own_rules_give_the_same_time() {
    let mut checked = 0;
    for name in names() {
        let text = vtimezone(name).expect("a known zone");
        assert!(text.len() < 20_000, "{name}: {} bytes", text.len());
        let document = Document::parse(&text, Limits::default()).expect("readable");
        let custom = Custom::parse("written", &document.roots[0]).expect("has observances");
        let written = Zone::Custom(Arc::new(custom));
        let known = Zone::iana(name).expect("known");
        let start = utc("1970-01-02T00:00:00Z") / MICROS;
        let end = utc("2037-12-30T00:00:00Z") / MICROS;
        for step in 0..400 {
            let instant = start + (end - start) / 400 * step + step * 61;
            assert_eq!(written.offset(instant), known.offset(instant), "{name} at {instant}\n{text}");
        }
        if let Zone::Iana(zone) = &known {
            let from = Timestamp::from_second(start).expect("in range");
            for transition in zone.following(from).take_while(|t| t.timestamp().as_second() < end) {
                let instant = transition.timestamp().as_second();
                assert_eq!(written.offset(instant), known.offset(instant), "{name} at {instant}\n{text}");
                assert_eq!(
                    written.offset(instant - 1),
                    known.offset(instant - 1),
                    "{name} before {instant}\n{text}"
                );
            }
        }
        checked += 1;
    }
    assert!(checked > 500, "{checked}");
}

#[test]
fn the_current_rule_goes_on() {
    for name in [
        "Europe/Paris",
        "America/New_York",
        "Asia/Jerusalem",
        "America/Nuuk",
        "Australia/Lord_Howe",
        "Africa/Cairo",
    ] {
        let text = vtimezone(name).expect("known");
        assert!(text.contains("RRULE:FREQ=YEARLY"), "{name}: {text}");
        let document = Document::parse(&text, Limits::default()).expect("readable");
        let written = Zone::Custom(Arc::new(Custom::parse("w", &document.roots[0]).expect("observances")));
        let known = Zone::iana(name).expect("known");
        for day in 0..4_000 {
            let instant = utc("2040-01-01T00:00:00Z") / MICROS + day * 86_400 * 9;
            assert_eq!(written.offset(instant), known.offset(instant), "{name} at {instant}\n{text}");
        }
    }
    assert!(vtimezone("Europe/Paris").expect("known").contains("BYMONTH=3;BYDAY=-1SU"));
    assert!(vtimezone("Asia/Tokyo").expect("known").matches("BEGIN:STANDARD").count() == 1);
    assert!(vtimezone("Nowhere/Else").is_none());
    assert!(vtimezone_between("Europe/Paris", 1900, 1950).expect("known").contains("TZNAME:PMT"));
}
