//! The rules of privacy, and that no word of what is hidden stands in what is shown.

use super::*;
use crate::domain::freebusy::{self, Period};
use crate::domain::id::Etag;
use crate::text::component::{Component, Document, Edit, apply};
use crate::text::ical::Instance;
use crate::text::recur::{Budget, Window};
use crate::text::zone::Zone;
use proptest::prelude::*;
use std::path::Path;

const MASKED: Sight = Sight::MASKED;
const ABSENT: Sight = Sight { private: Showing::Absent, ..MIXED };
const MIXED: Sight = Sight { confidential: Showing::Absent, ..Sight::MASKED };

fn index(body: &str) -> CalendarIndex {
    let document = Document::parse(body, Default::default()).expect("readable");
    CalendarIndex::build(&document).expect("an object")
}

fn noted(body: &str) -> Noted {
    note(&index(body), &Document::parse(body, Default::default()).expect("readable"))
}

fn seen(body: &str, sight: Sight) -> Option<Masked> {
    let index = index(body);
    match form(&index, body, &classes(&index, body), sight) {
        Form::Whole => Some(Masked { body: body.to_owned(), etag: Etag::of(body.as_bytes()), index }),
        Form::Masked(masked) => Some(*masked),
        Form::Absent => None,
    }
}

/// The object as if all of it were private.
fn outlined(body: &str) -> Masked {
    let index = index(body);
    match form(&index, body, &vec![Class::Private; index.parts.len()], MASKED) {
        Form::Masked(masked) => *masked,
        other => panic!("{other:?}: {body}"),
    }
}

fn series(master: &str, overrides: &[&str]) -> String {
    let mut body = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-WR-CALNAME:name of all\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:of the master\r\n{master}END:VEVENT\r\n"
    );
    for (number, lines) in (6..).zip(overrides) {
        body.push_str(&format!(
            "BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:202601{number:02}T090000Z\r\n\
             DTSTART:202601{number:02}T110000Z\r\nDTEND:202601{number:02}T113000Z\r\nSUMMARY:of override {number}\r\n{lines}END:VEVENT\r\n"
        ));
    }
    body + "END:VCALENDAR\r\n"
}

/// What of a series is told in words, and when it is.
fn told(body: &str, sight: Sight) -> Option<(Vec<String>, Vec<i64>)> {
    let seen = seen(body, sight)?;
    let unfolded = seen.body.replace("\r\n ", "");
    let summaries =
        unfolded.lines().filter_map(|line| line.strip_prefix("SUMMARY:")).map(str::to_owned).collect();
    let starts = instances(&seen.index).iter().map(|one| one.0 / 1_000_000).collect();
    Some((summaries, starts))
}

type Told = (i64, i64, bool);

fn instances(index: &CalendarIndex) -> Vec<Told> {
    let window = Window::new(1_000_000_000_000_000, 2_000_000_000_000_000);
    let paris = Zone::iana("Europe/Paris").expect("known");
    let found =
        index.instances(window, &paris, &mut Budget::new(100_000_000, 1_000_000)).expect("within the budget");
    found.into_iter().map(|Instance { start, end, all_day, .. }| (start, end, all_day)).collect()
}

fn busy(index: &CalendarIndex) -> Vec<Period> {
    let window = Window::new(1_000_000_000_000_000, 2_000_000_000_000_000);
    let paris = Zone::iana("Europe/Paris").expect("known");
    let mut periods = Vec::new();
    freebusy::gather(index, window, &paris, &mut Budget::new(100_000_000, 1_000_000), &mut periods)
        .expect("within the budget");
    freebusy::merge(periods)
}

#[test]
fn owners_see_all_and_others_what_the_policy_says() {
    let policy = Policy::default();
    let sights = [Viewer::Owner, Viewer::Writer, Viewer::Reader].map(|viewer| policy.sight(viewer).code());
    assert_eq!(sights, ["ww", "wms", "mms"]);
    assert_eq!(Viewer::of(true, Privileges::NONE), Viewer::Owner);
    assert_eq!(Viewer::of(false, Privileges::WRITE.with(Privileges::READER)), Viewer::Writer);
    assert_eq!(Viewer::of(false, Privileges::READER), Viewer::Reader);
    assert_eq!((MIXED.hidden(), MIXED.shown(), Sight::WHOLE.hidden()), (6, 3, 0));
}

#[test]
fn what_is_no_class_is_private() {
    for (line, class) in [
        ("", Class::Public),
        ("CLASS:public\r\n", Class::Public),
        ("CLASS:\r\n", Class::Public),
        ("CLASS:Confidential\r\n", Class::Confidential),
        ("CLASS:PRIVATE\r\n", Class::Private),
        ("CLASS:X-SECRET\r\n", Class::Private),
    ] {
        let body = series(line, &[]);
        assert_eq!(classes(&index(&body), &body), [class], "{line}");
    }
}

#[test]
fn an_override_inherits_unless_it_says() {
    let (private, public, confidential) = ("CLASS:PRIVATE\r\n", "CLASS:PUBLIC\r\n", "CLASS:CONFIDENTIAL\r\n");
    let of = |master: &str, over: &[&str]| {
        let body = series(master, over);
        classes(&index(&body), &body)
    };
    use Class::{Confidential, Private, Public};
    assert_eq!(of(private, &["", public, confidential]), [Private, Private, Public, Confidential]);
    assert_eq!(of(confidential, &["", private, public]), [Confidential, Confidential, Private, Public]);
    assert_eq!(of("", &["", private, confidential]), [Public, Public, Private, Confidential]);
}

#[test]
fn what_is_seen_of_a_series() {
    let hour = |day: i64, hour: i64| 1_767_571_200 + (day - 5) * 86_400 + hour * 3_600;
    let moved = vec![hour(5, 9), hour(6, 11), hour(7, 9), hour(8, 9), hour(9, 9)];
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (private, public, confidential) = ("CLASS:PRIVATE\r\n", "CLASS:PUBLIC\r\n", "CLASS:CONFIDENTIAL\r\n");
    let master = "of the master";
    let over = "of override 6";

    let inherited = series(private, &[""]);
    assert_eq!(told(&inherited, MASKED), Some((words(&["Busy", "Busy"]), moved.clone())));
    assert_eq!(told(&inherited, Sight::WHOLE), Some((words(&[master, over]), moved.clone())));
    assert_eq!(told(&inherited, ABSENT), None);

    let stated = series(private, &[public]);
    assert_eq!(told(&stated, MASKED), Some((words(&["Busy", over]), moved.clone())));
    assert_eq!(told(&stated, ABSENT), Some((words(&[over]), vec![hour(6, 11)])));

    let hidden = series("", &[private]);
    assert_eq!(told(&hidden, MASKED), Some((words(&[master, "Busy"]), moved.clone())));
    let without = [&moved[..1], &moved[2..]].concat();
    assert_eq!(told(&hidden, ABSENT), Some((words(&[master]), without.clone())));
    let seen = seen(&hidden, ABSENT).expect("seen");
    assert!(seen.body.contains("EXDATE:20260106T090000Z") && seen.body.contains("X-WR-CALNAME:name of all"));

    assert_eq!(told(&series(private, &[confidential]), MIXED), Some((words(&["Busy"]), without)));
    assert_eq!(told(&series(confidential, &[private]), MIXED), Some((words(&["Busy"]), vec![hour(6, 11)])));
    assert_eq!(told(&series(confidential, &[""]), MIXED), None);
}

#[test]
fn a_whole_override_keeps_its_zone_and_nothing_else_of_the_object() {
    let body = series("CLASS:PRIVATE\r\n", &["CLASS:PUBLIC\r\n"]).replace(
        "BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260106T090000Z\r\nDTSTART:",
        "BEGIN:VTIMEZONE\r\nTZID:Mars\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0400\r\nTZOFFSETTO:+0400\r\nEND:STANDARD\r\n\
         END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260106T090000Z\r\nDTSTART;TZID=Mars:",
    );
    let seen = seen(&body, MASKED).expect("seen");
    assert!(seen.body.contains("TZID:Mars") && seen.body.contains("of override 6"));
    assert!(!seen.body.contains("name of all") && !seen.body.contains("of the master"), "{}", seen.body);
    assert_eq!(busy(&seen.index), busy(&index(&body)));
}

#[test]
fn what_is_noted_is_what_is_seen() {
    for body in [
        series("CLASS:PRIVATE\r\n", &[""]),
        series("CLASS:CONFIDENTIAL\r\n", &["CLASS:PUBLIC\r\n"]),
        series("", &["CLASS:PRIVATE\r\n", "CLASS:CONFIDENTIAL\r\n"]),
        series("", &[""]),
    ] {
        let noted = noted(&body);
        for sight in [Showing::Whole, Showing::Masked, Showing::Absent].into_iter().flat_map(|private| {
            [Showing::Whole, Showing::Masked, Showing::Absent].map(|confidential| Sight {
                private,
                confidential,
                foreign: true,
            })
        }) {
            let judged = judge(noted.masks.as_deref(), sight);
            match seen(&body, sight) {
                None => assert_eq!(judged, Judged::Absent),
                Some(seen) if seen.body == body => assert_eq!(judged, Judged::Whole),
                Some(seen) => assert_eq!(judged, Judged::Masked(seen.etag), "{sight:?}"),
            }
        }
    }
    assert_eq!(noted(&series("", &[])).masks, None);
}

#[test]
fn rows_remember_what_was_ever_shown() {
    let first = with_past(bit(Class::Private), 0);
    let then = with_past(bit(Class::Confidential), first);
    let confidential = with_past(bit(Class::Confidential), 0);
    assert!(was_shown(then, MIXED) && !was_shown(confidential, MIXED) && !was_shown(then, ABSENT));
    assert!(was_shown(PUBLIC, ABSENT));
    assert_eq!(then & 7, bit(Class::Confidential));
}

/// The object without anything that is no time of it.
fn scrubbed(body: &str) -> String {
    const KEPT: [&str; 20] = [
        "BEGIN",
        "END",
        "VERSION",
        "UID",
        "DTSTART",
        "DTEND",
        "DUE",
        "DURATION",
        "RRULE",
        "EXRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "TRANSP",
        "STATUS",
        "FREEBUSY",
        "BUSYTYPE",
        "TZID",
        "TZOFFSETFROM",
        "TZOFFSETTO",
    ];
    fn scrub(component: &Component<'_>, edits: &mut Vec<Edit>) {
        for line in &component.lines {
            if !KEPT.iter().any(|kept| line.is(kept)) {
                edits.push(Edit { span: line.span.clone(), with: String::new() });
            }
        }
        for child in &component.children {
            let structural =
                ["VTIMEZONE", "STANDARD", "DAYLIGHT", "AVAILABLE"].iter().any(|name| child.is(name));
            if structural || component.is("VCALENDAR") {
                scrub(child, edits);
            } else {
                edits.push(Edit { span: child.span.clone(), with: String::new() });
            }
        }
    }
    let document = Document::parse(body, Default::default()).expect("readable");
    let mut edits = Vec::new();
    document.roots.iter().for_each(|root| scrub(root, &mut edits));
    apply(body, edits)
}

#[test]
fn the_outline_of_real_objects_has_their_times_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ics");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("readable").path();
        let body = std::fs::read_to_string(&path).expect("UTF-8");
        let document = Document::parse(&body, Default::default()).expect("readable");
        let Ok(index) = CalendarIndex::build(&document) else { continue };
        count += 1;
        let masked = outlined(&body);
        let name = path.display();
        assert_eq!(instances(&masked.index), instances(&index), "{name}\n{}", masked.body);
        assert_eq!(busy(&masked.index), busy(&index), "{name}");
        assert_eq!((&masked.index.kind, &masked.index.uid), (&index.kind, &index.uid), "{name}");
        // X-LIC-LOCATION may tell which zone is meant.
        if !body.contains("X-LIC-LOCATION") {
            assert_eq!(outlined(&scrubbed(&body)).body, masked.body, "{name}");
        }
    }
    assert!(count >= 45, "{count}");
}

proptest! {
    #[test]
    fn no_hidden_word_is_in_an_outline(
        words in proptest::collection::vec("[a-z]{3}q[a-z0-9]{4,12}", 14),
        status in proptest::sample::select(vec!["NEEDS-ACTION", "COMPLETED", "IN-PROCESS"]),
    ) {
        let w = |at: usize| words[at].as_str();
        let body = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{}\r\nX-WR-CALNAME:{}\r\nBEGIN:VTIMEZONE\r\nTZID:{}\r\nCOMMENT:{}\r\nBEGIN:STANDARD\r\n\
             DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nTZNAME:{}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
             BEGIN:VTODO\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;X-P={};TZID={}:20260105T090000\r\nDUE;TZID={}:20260105T100000\r\n\
             RRULE:FREQ=DAILY;X-{}={};COUNT=3\r\nSUMMARY:{}\r\nATTENDEE;CN={}:mailto:{}@example.org\r\nSTATUS:{status}\r\nCLASS:X-{}\r\n\
             BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:{}\r\nEND:VALARM\r\nX-{}:{}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
            w(0), w(1), w(2), w(3), w(4), w(5), w(2), w(2), w(6), w(7), w(8), w(9), w(10), w(11), w(12), w(13), w(13),
        );
        let masked = seen(&body, MASKED).expect("seen");
        let flat = masked.body.replace("\r\n ", "").to_lowercase();
        for word in &words {
            prop_assert!(!flat.contains(word.as_str()), "{word} in {}", masked.body);
        }
        prop_assert!(!flat.contains("valarm") && !flat.contains(&status.to_lowercase()));
        prop_assert_eq!(instances(&masked.index), instances(&index(&body)));
    }
}
