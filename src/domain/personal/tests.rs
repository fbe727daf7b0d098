//! Nothing is lost by taking apart and laying over, and what a program writes anew on its way is no change.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn document(body: &str) -> (Document<'_>, CalendarIndex) {
    let document = Document::parse(body, Default::default()).expect("readable");
    let index = CalendarIndex::build(&document).expect("an object");
    (document, index)
}

fn parted(body: &str) -> (String, Overlay) {
    let (document, index) = document(body);
    split(&document, &index)
}

fn same(one: &str, other: &str) -> bool {
    let (one, one_index) = document(one);
    let (other, other_index) = document(other);
    alike((&one, &one_index), (&other, &other_index))
}

/// The objects of the corpus.
fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ics");
    let files = std::fs::read_dir(folder).expect("the corpus").map(|file| file.expect("a file").path());
    let texts =
        files.filter_map(|file| std::fs::read(file).ok()).filter_map(|bytes| String::from_utf8(bytes).ok());
    let is_object = |text: &String| {
        Document::parse(text, Default::default())
            .is_ok_and(|document| CalendarIndex::build(&document).is_ok())
    };
    texts.filter(is_object).collect()
}

const ALARM: &str = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nACKNOWLEDGED:20260101T000000Z\r\n\
                     BEGIN:X-IN\r\nX-A:1\r\nEND:X-IN\r\nEND:VALARM\r\n";

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:a\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART;TZID=Europe/Paris:20260105T090000\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:s\r\n{lines}END:VEVENT\r\n"
    ) + "END:VCALENDAR\r\n"
}

fn with_override(master: &str, lines: &str) -> String {
    event(master).replace(
        "END:VCALENDAR",
        &format!(
            "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;TZID=Europe/Paris:20260106T090000\r\nDTSTART;TZID=Europe/Paris:20260106T110000\r\n\
             SUMMARY:later\r\n{lines}END:VEVENT\r\nEND:VCALENDAR"
        ),
    )
}

#[test]
fn what_is_taken_apart_goes_together_again_byte_for_byte() {
    let mut with = 0;
    for body in corpus() {
        let (shared, own) = parted(&body);
        with += usize::from(!own.is_empty());
        assert_eq!(shared_of(&body).unwrap_or_else(|| body.clone()), shared);
        assert_eq!(shared_of(&shared), None, "{shared}");
        assert_eq!(merged(&shared, &own).as_deref(), Some(body.as_str()));
        let stored = Overlay::decode(&own.encode());
        assert_eq!(stored, own);
        assert!(same(&shared, &body));
    }
    assert!(with > 3, "the corpus has alarms: {with}");
}

proptest! {
    /// Wherever in an object somebody's own stands.
    #[test]
    fn any_place_is_found_again(at in proptest::collection::vec((0_usize..400, 0_usize..4), 1..6), which in 0_usize..200) {
        let all = corpus();
        let body = &all[which % all.len()];
        let (before, _) = parted(body);
        let (read, _) = document(body);
        // The ends of lines in components that may have something of the kind.
        let mut places: Vec<usize> = holders(&read).flat_map(|one| one.lines.iter().map(|line| line.span.end)).collect();
        let ends = holders(&read).map(|one| one.end.start);
        places.extend(ends);
        // Empty lines are nobody's: what stood before one comes back behind it.
        places.retain(|place| !body.get(*place..).is_some_and(|rest| rest.starts_with(['\r', '\n'])));
        prop_assume!(!places.is_empty());
        let own = [ALARM, "X-MOZ-LASTACK:20260101T000000Z\r\n", "x-moz-snooze-time-1770000000000000:2026\r\n 0101T000000Z\r\n", "ACKNOWLEDGED:1\r\n"];
        let edits: Vec<Edit> = at.iter().map(|(place, what)| {
            let place = places[place % places.len()];
            Edit { span: place..place, with: own[*what].to_owned() }
        }).collect();
        let text = apply(body, edits);
        // A line that was the last one without an end swallows what follows.
        prop_assume!(Document::parse(&text, Default::default()).is_ok_and(|one| CalendarIndex::build(&one).is_ok()));
        let (shared, overlay) = parted(&text);
        prop_assert_eq!(&shared, &before);
        let merged = merged(&shared, &overlay);
        prop_assert_eq!(merged.as_deref(), Some(text.as_str()));
        prop_assert!(same(body, &text));
        // Over other bytes of the same object nothing is lost either.
        let other = shared.replacen("BEGIN:V", "X-BEFORE:1\r\nBEGIN:V", 2).replacen("X-BEFORE:1\r\n", "", 1);
        if let Some(laid) = super::merged(&other, &overlay) {
            let (again, own) = parted(&laid);
            prop_assert_eq!(again, other);
            prop_assert!(own.is_empty() == overlay.is_empty());
        }
    }
}

#[test]
fn a_program_that_writes_all_anew_changes_nothing() {
    let stored = event("SEQUENCE:1\r\nTRANSP:OPAQUE\r\n");
    let sent = "BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Europe/Paris\n\
                BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n\
                BEGIN:VEVENT\nCREATED:20260101T000000Z\nLAST-MODIFIED:20260301T000000Z\nDTSTAMP:20260301T000000Z\nUID:u\nSUMMARY:s\n\
                RRULE:COUNT=5;FREQ=DAILY\nX-MOZ-LASTACK:20260301T000000Z\nDTSTART;TZID=Europe/Paris:2026\n 0105T090000\nSEQUENCE:1\n\
                X-MOZ-GENERATION:2\nEND:VEVENT\nEND:VCALENDAR\n";
    assert!(!same(&stored, sent), "CREATED was not there");
    let sent = sent.replace("CREATED:20260101T000000Z\n", "");
    assert!(same(&stored, &sent));
    for (from, to) in [
        ("SUMMARY:s", "SUMMARY:t"),
        ("SEQUENCE:1", "SEQUENCE:2"),
        ("COUNT=5", "COUNT=6"),
        ("20260105", "20260106"),
        ("UID:u\n", "UID:u\nCATEGORIES:mine\n"),
        ("UID:u\n", "UID:u\nTRANSP:TRANSPARENT\n"),
    ] {
        let changed =
            if from == "20260105" { sent.replace("2026\n 0105", "20260106") } else { sent.replace(from, to) };
        assert_ne!(changed, sent);
        assert!(!same(&stored, &changed), "{from} {to}");
    }
    // An override that is new, gone or another is a change for all; said in another zone it is the same instance.
    let two = with_override("", "");
    assert!(!same(&stored, &two));
    assert!(same(
        &two,
        &two.replace("RECURRENCE-ID;TZID=Europe/Paris:20260106T090000", "RECURRENCE-ID:20260106T080000Z")
    ));
    assert!(!same(
        &two,
        &two.replace("RECURRENCE-ID;TZID=Europe/Paris:20260106T090000", "RECURRENCE-ID:20260106T090000Z")
    ));
    assert!(same(&two, &with_override(ALARM, "X-MOZ-LASTACK:20260101T000000Z\r\n")));
}

#[test]
fn each_instance_has_its_own_and_a_new_one_the_alarms_of_the_series() {
    let (_, own) = parted(&with_override(ALARM, "X-MOZ-LASTACK:20260106T000000Z\r\n"));
    // The owner has moved the instance, and said where: other bytes.
    let moved = with_override("LOCATION:there\r\n", "").replace("20260106T110000", "20260106T120000");
    let laid = merged(&moved, &own).expect("readable");
    assert_eq!(laid.matches("BEGIN:VALARM").count(), 1, "{laid}");
    let series = laid.split("RECURRENCE-ID").next().expect("the master");
    assert!(series.contains("LOCATION:there\r\nBEGIN:VALARM") && !series.contains("X-MOZ-LASTACK"), "{laid}");
    assert!(
        laid.ends_with("SUMMARY:later\r\nX-MOZ-LASTACK:20260106T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
        "{laid}"
    );
    // One that was not there when he chose his alarms.
    let (_, own) = parted(&event(&format!("X-MOZ-LASTACK:20260105T000000Z\r\n{ALARM}")));
    let laid = merged(&with_override("", ""), &own).expect("readable");
    assert_eq!(laid.matches("BEGIN:VALARM").count(), 2, "{laid}");
    assert_eq!(laid.matches("X-MOZ-LASTACK").count(), 1, "{laid}");
}

#[test]
fn tags_follow_both_parts() {
    let (one, other) = (Etag::of(b"1"), Etag::of(b"2"));
    let tags = [
        tag(&one, None),
        tag(&other, None),
        tag(&one, Some(&one)),
        tag(&one, Some(&other)),
        tag(&other, Some(&one)),
    ];
    for (at, tag) in tags.iter().enumerate() {
        assert_eq!(tags.iter().position(|other| other == tag), Some(at));
    }
    // Who has taken all of it away sees what he saw before.
    assert_eq!(tag(&one, Some(&Own::of(Overlay::default()).etag)), one);
    let (_, own) = parted(&event(""));
    assert!(own.is_empty());
    assert!(view(&event(""), Some(&own)).is_none());
}
