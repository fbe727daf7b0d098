//! Changes in place: which lines become other ones, and that no other does.

use super::*;

const SOURCE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nX-WR-CALNAME:mine\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris;X-P=1:20260105T090000\r\nDTEND;TZID=Europe/Paris:20260105T100000\r\nSUMMARY;X-Q=\"a;b\":one\r\n  two\r\nLOCATION:here\r\nCATEGORIES:a,b\r\nATTENDEE;CN=Bob;X-NUM=1;PARTSTAT=NEEDS-ACTION:mailto:bob@x\r\nATTENDEE;CN=Cy:mailto:cy@x\r\nORGANIZER:mailto:ann@x\r\nX-OWN;A=b:kept\r\n  as it is\r\nBEGIN:X-THING\r\nA:b\r\nEND:X-THING\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;X-T=1:-PT5M\r\nDESCRIPTION:d\r\n e\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// Applies a merge patch, and checks which lines went and which came.
fn changes(source: &str, change: Value, gone: &[&str], come: &[&str]) {
    let text =
        patch(source, &Change::Merge(change.clone())).unwrap_or_else(|refused| panic!("{change}: {refused}"));
    // Physical lines: those of folded ones count one by one.
    let (before, after): (Vec<&str>, Vec<&str>) =
        (source.split("\r\n").collect(), text.split("\r\n").collect());
    let lost: Vec<&str> = before.iter().filter(|line| !after.contains(line)).copied().collect();
    let new: Vec<&str> = after.iter().filter(|line| !before.contains(line)).copied().collect();
    assert_eq!((lost.as_slice(), new.as_slice()), (gone, come), "{change}\n{text}");
    let left = |lines: &[&str], without: &[&str]| -> Vec<String> {
        lines.iter().filter(|line| !without.contains(line)).map(|line| (*line).to_owned()).collect()
    };
    assert_eq!(left(&before, gone), left(&after, come), "{change}: order");
}

fn id(source: &str, key: &str, has: &str) -> String {
    let json = json_of(source);
    let members = json[key].as_object().expect("members");
    members
        .iter()
        .find(|(_, value)| value.to_string().contains(has))
        .map(|(id, _)| id.clone())
        .expect("there")
}

#[test]
fn one_member_is_one_line() {
    changes(SOURCE, json!({"title": "x"}), &["SUMMARY;X-Q=\"a;b\":one", "  two"], &["SUMMARY;X-Q=\"a;b\":x"]);
    changes(SOURCE, json!({"title": null}), &["SUMMARY;X-Q=\"a;b\":one", "  two"], &[]);
    changes(SOURCE, json!({"priority": 1}), &[], &["PRIORITY:1"]);
    changes(
        SOURCE,
        json!({"locations": {"location": {"name": "there"}}}),
        &["LOCATION:here"],
        &["LOCATION:there"],
    );
    changes(SOURCE, json!({"keywords": {"a": null, "c": true}}), &["CATEGORIES:a,b"], &["CATEGORIES:b,c"]);
    changes(
        SOURCE,
        json!({"updated": "2026-02-01T00:00:00Z"}),
        &["DTSTAMP:20260101T000000Z"],
        &["DTSTAMP:20260201T000000Z"],
    );
    changes(
        SOURCE,
        json!({"locale": "fr"}),
        &["SUMMARY;X-Q=\"a;b\":one", "  two"],
        &["SUMMARY;X-Q=\"a;b\";LANGUAGE=fr:one two"],
    );
}

#[test]
fn times_move_in_their_zone() {
    changes(
        SOURCE,
        json!({"start": "2026-01-05T11:00:00"}),
        &["DTSTART;TZID=Europe/Paris;X-P=1:20260105T090000", "DTEND;TZID=Europe/Paris:20260105T100000"],
        &["DTSTART;TZID=Europe/Paris;X-P=1:20260105T110000", "DTEND;TZID=Europe/Paris:20260105T120000"],
    );
    changes(
        SOURCE,
        json!({"duration": "PT2H"}),
        &["DTEND;TZID=Europe/Paris:20260105T100000"],
        &["DTEND;TZID=Europe/Paris:20260105T110000"],
    );
    changes(
        SOURCE,
        json!({"timeZone": "Etc/UTC"}),
        &["DTSTART;TZID=Europe/Paris;X-P=1:20260105T090000", "DTEND;TZID=Europe/Paris:20260105T100000"],
        &["DTSTART;X-P=1:20260105T090000Z", "DTEND:20260105T100000Z"],
    );
    changes(
        SOURCE,
        json!({"timeZone": null, "showWithoutTime": true, "start": "2026-01-06T00:00:00", "duration": "P1D"}),
        &["DTSTART;TZID=Europe/Paris;X-P=1:20260105T090000", "DTEND;TZID=Europe/Paris:20260105T100000"],
        &["DTSTART;X-P=1;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260107"],
    );
    let moved = patch(SOURCE, &Change::Merge(json!({"timeZone": "America/New_York"}))).expect("fits");
    assert!(
        moved.contains("TZID:America/New_York\r\n")
            && moved.contains("DTSTART;TZID=America/New_York;X-P=1:20260105T090000")
    );
    assert_eq!(json_of(&moved)["duration"], "PT1H");
}

#[test]
fn people_and_alarms_keep_what_they_say_besides() {
    let bob = id(SOURCE, "participants", "Bob");
    changes(
        SOURCE,
        json!({"participants": {bob.clone(): {"participationStatus": "accepted"}}}),
        &["ATTENDEE;CN=Bob;X-NUM=1;PARTSTAT=NEEDS-ACTION:mailto:bob@x"],
        &["ATTENDEE;CN=Bob;X-NUM=1;PARTSTAT=ACCEPTED:mailto:bob@x"],
    );
    changes(
        SOURCE,
        json!({"participants": {bob: null}}),
        &["ATTENDEE;CN=Bob;X-NUM=1;PARTSTAT=NEEDS-ACTION:mailto:bob@x"],
        &[],
    );
    changes(
        SOURCE,
        json!({"participants": {"d": {"email": "dee@x", "roles": {"attendee": true}}}}),
        &[],
        &["ATTENDEE;JSID=d:mailto:dee@x"],
    );
    let alarm = id(SOURCE, "alerts", "PT5M");
    changes(
        SOURCE,
        json!({"alerts": {alarm.clone(): {"trigger": {"offset": "-PT9M"}}}}),
        &["TRIGGER;X-T=1:-PT5M"],
        &["TRIGGER;X-T=1:-PT9M", &format!("JSID:{alarm}")],
    );
    changes(
        SOURCE,
        json!({"alerts": {alarm: {"acknowledged": "2026-01-05T08:00:00Z"}}}),
        &[],
        &["ACKNOWLEDGED:20260105T080000Z"],
    );
}

#[test]
fn a_replacement_keeps_what_json_cannot_say() {
    let mut json = json_of(SOURCE);
    let members = json.as_object_mut().expect("object");
    members.remove("iCalendar");
    members.remove("updated");
    members.insert("title".to_owned(), json!("new"));
    let text = patch(SOURCE, &Change::Replace(json)).expect("fits");
    assert_eq!(text, SOURCE.replace("one\r\n  two", "new"));
    let pointer = |change: Value| patch(SOURCE, &Change::Merge(change)).expect_err("refused").pointer;
    assert_eq!(pointer(json!({"uid": "2"})), "/uid");
    assert_eq!(pointer(json!({"iCalendar": null})), "/iCalendar");
    assert_eq!(pointer(json!({"@type": "Task"})), "/@type");
    assert_eq!(pointer(json!({"method": "request"})), "/method");
    assert_eq!(pointer(json!({"what": "ever"})), "/what");
    assert_eq!(pointer(json!({"start": null})), "/start");
}

#[test]
fn the_ends_of_lines_are_the_objects_own() {
    let source = SOURCE.replace("\r\n", "\n");
    let text = patch(
        &source,
        &Change::Merge(json!({"priority": 1, "alerts": {"z": {"trigger": {"offset": "PT0S"}}}})),
    )
    .expect("fits");
    assert!(!text.contains('\r') && text.contains("PRIORITY:1\n") && text.contains("JSID:z\n"));
}
