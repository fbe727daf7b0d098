//! Files split into items and merged from them.

use super::*;
use crate::text::component::{Document, Limits};
use crate::text::ical::CalendarIndex;

const TWO: &str = concat!(
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Autre//FR\nMETHOD:PUBLISH\nX-WR-CALNAME:Équipe\n",
    "BEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n",
    "BEGIN:VTIMEZONE\nTZID:Bureau\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0130\nTZOFFSETTO:+0130\nEND:STANDARD\nEND:VTIMEZONE\n",
    "BEGIN:VEVENT\nUID:serie\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Paris:20260105T090000\nRRULE:FREQ=WEEKLY\nSUMMARY:Point\n  hebdo\nEND:VEVENT\n",
    "BEGIN:VEVENT\nUID:seul\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Bureau:20260105T090000\nEND:VEVENT\n",
    "BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20260714\nSUMMARY:Sans identifiant\nEND:VEVENT\n",
    "END:VCALENDAR\n",
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:serie\nRECURRENCE-ID;TZID=Europe/Paris:20260112T090000\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Paris:20260112T100000\nEND:VEVENT\nEND:VCALENDAR\n",
);

fn valid(body: &str) -> CalendarIndex {
    CalendarIndex::build(&Document::parse(body, Limits::default()).expect("readable")).expect("one object")
}

#[test]
fn a_file_falls_into_objects_by_uid() {
    let (holds, items) = split(TWO).expect("readable");
    assert_eq!(holds, Holds::Calendar);
    assert_eq!(
        items.iter().map(|item| item.name.as_str()).take(2).collect::<Vec<_>>(),
        ["serie.ics", "seul.ics"]
    );
    assert_eq!(items.len(), 3);
    for item in &items {
        let index = valid(&item.body);
        assert!(
            !item.body.contains("METHOD")
                && !item.body.contains("CALNAME")
                && item.body.contains("PRODID:-//Autre//FR\n")
        );
        assert!(!index.uid.is_empty());
    }
    let serie = &items[0];
    assert_eq!(valid(&serie.body).parts.len(), 2);
    assert!(serie.body.contains("TZID:Europe/Paris") && !serie.body.contains("TZID:Bureau"));
    // The bytes of a component, folds and line ends included.
    assert!(serie.body.contains("SUMMARY:Point\n  hebdo\nEND:VEVENT\n"));
    assert!(items[1].body.contains("TZID:Bureau") && !items[1].body.contains("TZID:Europe/Paris"));
    assert_eq!(items[0].label, "Point hebdo (serie)");
}

#[test]
fn a_missing_uid_is_made_and_stays_the_same() {
    let (_, items) = split(TWO).expect("readable");
    let (_, again) = split(&TWO.replace("UID:seul", "UID:autre")).expect("readable");
    assert_eq!(items[2], again[2]);
    let index = valid(&items[2].body);
    assert!(items[2].name.starts_with(&index.uid));
}

#[test]
fn cards_come_one_by_one_with_their_bytes() {
    let source = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nFN:Jean Dupond\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:Ève;Zoé\r\nEND:VCARD";
    let (holds, items) = split(source).expect("readable");
    assert_eq!((holds, items.len()), (Holds::Cards, 2));
    assert_eq!(items[0].name, "4fbe8971-0bc3-424c-9c26-36c3e1eff6b1.vcf");
    assert!(source.starts_with(&items[0].body));
    assert!(items[1].body.ends_with("END:VCARD\r\n"));
}

#[test]
fn names_never_need_escapes() {
    for uid in ["a/b", "a b", "é", "..", &"x".repeat(300), "{040000008200E00074C5B7101A82E008}"] {
        let source = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nUID:{uid}\nDTSTAMP:20260101T000000Z\nEND:VTODO\nEND:VCALENDAR\n"
        );
        let (_, items) = split(&source).expect("readable");
        let name = &items[0].name;
        assert!(
            name.ends_with(".ics")
                && name.len() < 210
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b)),
            "{name}"
        );
        assert!(!name.starts_with('.'));
    }
}

#[test]
fn what_is_neither_is_refused() {
    assert!(split("hello").is_err());
    assert!(split("").is_err());
    assert_eq!(split("BEGIN:VCARD\nEND:VCARD\nBEGIN:VCALENDAR\nEND:VCALENDAR\n"), Err(Unreadable::Mixed));
}

fn merged(bodies: &[&str]) -> String {
    let mut merge = Merge::new(Holds::Calendar);
    let mut out = merge.head("Équipe; été");
    for body in bodies {
        out.push_str(&merge.item(body).expect("readable"));
    }
    out.push_str(merge.tail());
    out
}

#[test]
fn objects_become_one_calendar_and_fall_apart_again() {
    let (_, items) = split(TWO).expect("readable");
    let bodies: Vec<&str> = items.iter().map(|item| item.body.as_str()).collect();
    let file = merged(&bodies);
    assert_eq!(file.matches("TZID:Europe/Paris").count(), 1);
    assert!(file.contains("X-WR-CALNAME:Équipe\\; été\r\n"));
    let (_, again) = split(&file).expect("readable");
    let text =
        |items: &[Item]| items.iter().map(|item| (item.name.clone(), events(&item.body))).collect::<Vec<_>>();
    assert_eq!(text(&again), text(&items));
}

/// The events of a body, byte for byte.
fn events(body: &str) -> Vec<String> {
    let document = Document::parse(body, Limits::default()).expect("readable");
    let events = document.roots[0].children_named("VEVENT");
    events.map(|event| body[event.span.clone()].to_owned()).collect()
}

#[test]
fn different_zones_of_one_name_are_told_apart() {
    let one = |offset: &str, uid: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Bureau\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;X-A=\"b:c\";TZID=Bureau:20260105T090000\r\nEXDATE;TZID=Bureau:20260106T090000\r\nSUMMARY:s\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let bodies = [one("+0130", "a"), one("+0230", "b"), one("+0130", "c"), one("+0230", "d")];
    let file = merged(&bodies.each_ref().map(String::as_str));
    let (_, items) = split(&file).expect("readable");
    let begins = |body: &str| valid(body).span().first;
    for (item, body) in items.iter().zip(&bodies) {
        assert_eq!(begins(&item.body), begins(body), "{}", item.body);
    }
    assert_eq!(file.matches("BEGIN:VTIMEZONE").count(), 2);
    assert!(file.contains("DTSTART;X-A=\"b:c\";TZID=Bureau (2):20260105T090000\r\n"));
}

#[test]
fn the_second_of_a_uid_waits_for_the_first() {
    let card = |uid: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:A\r\nEND:VCARD\r\n");
    let upper = "urn:uuid:4FBE8971-0BC3-424C-9C26-36C3E1EFF6B1";
    let source = [card("a"), card(upper), card(&upper[9..].to_lowercase()), card("a"), card("b")].concat();
    let read = parts(Form::VCard(None), &source, &Table::default()).expect("readable");
    let mut pieces = read.pieces.into_iter().peekable();
    let mut sizes = Vec::new();
    while pieces.peek().is_some() {
        sizes.push(together(&mut pieces).len());
    }
    assert_eq!(sizes, [2, 3]);
    let many: String = (0..1_000).map(|at| card(&at.to_string())).collect();
    let read = parts(Form::VCard(None), &many, &Table::default()).expect("readable");
    let mut pieces = read.pieces.into_iter().peekable();
    assert!((2..200).contains(&together(&mut pieces).len()));
}

fn written(form: Form, bodies: &[&str]) -> String {
    let mut writer = Writer::new(form);
    let mut out = writer.head("Équipe");
    for body in bodies {
        out.push_str(&writer.item(body).expect("readable"));
    }
    out.push_str(writer.tail());
    out
}

fn items(form: Form, text: &str) -> Vec<Item> {
    let read = parts(form, text, &Table::default()).expect("readable");
    let item = |piece| match piece {
        Piece::Item(item) => item,
        Piece::Broken { why, .. } => panic!("{why}"),
    };
    read.pieces.into_iter().map(item).collect()
}

#[test]
fn json_files_fall_apart_into_what_they_were_made_of() {
    let all = items(Form::ICalendar, TWO);
    assert_eq!(all[0].line, Some(22), "the line of its BEGIN");
    let bodies: Vec<&str> = all.iter().map(|item| item.body.as_str()).collect();
    let file = written(Form::JCal, &bodies);
    let told: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    assert_eq!((&told[0], told[2].as_array().map(Vec::len)), (&"vcalendar".into(), Some(6)), "zones once");
    let again = items(Form::JCal, &file);
    let known = |all: &[Item]| {
        all.iter().map(|item| (item.uid.clone(), valid(&item.body).span().first)).collect::<Vec<_>>()
    };
    assert_eq!(known(&again), known(&all));
    // A list of calendars too; and nothing at all.
    assert_eq!(items(Form::JCal, &format!("[{file},{file}]")).len(), all.len());
    let empty = written(Form::JCal, &[]);
    assert!(
        serde_json::from_str::<serde_json::Value>(&empty).is_ok() && items(Form::JCal, &empty).is_empty()
    );
    let empty = written(Form::JCard, &[]);
    assert!(items(Form::JCard, &empty).is_empty());
    for none in ["{}", "[1]", "[\"vcalendar\",[]]", "[\"vcard\",[]]", "x"] {
        assert!(parts(Form::JCal, none, &Table::default()).is_err(), "{none}");
    }
    let broken = parts(
        Form::JCal,
        r#"["vcalendar",[],[["vevent",1,[]],["vtodo",[["uid",{},"text","t"]],[]]]]"#,
        &Table::default(),
    );
    let broken = broken.expect("readable").pieces;
    assert!(matches!(broken.as_slice(), [Piece::Item(_), Piece::Broken { .. }]), "{broken:?}");
}
