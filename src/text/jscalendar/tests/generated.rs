//! Generated objects with what nobody knows in them: a change of one member leaves every other line as it was.

use super::*;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "X-[A-Z]{1,8}(-[A-Z]{1,4})?"
}

/// Lines that no RFC defines, folded anywhere.
fn unknown_line() -> impl Strategy<Value = String> {
    (
        name(),
        proptest::option::of((name(), "[a-z ]{0,12}|\"[a-z;:,]{0,12}\"")),
        "[ -9<-~éü]{0,90}",
        1..40_usize,
    )
        .prop_map(|(name, param, value, fold)| {
            let param = param.map(|(name, value)| format!(";{name}={value}")).unwrap_or_default();
            let line = format!("{name}{param}:{value}");
            // Folded after some letters, here and there.
            let mut out = String::new();
            for (at, c) in line.chars().enumerate() {
                if at > name.len() + param.len() + 1 && at % (fold + 20) == 0 {
                    out.push_str("\r\n ");
                }
                out.push(c);
            }
            out + "\r\n"
        })
}

fn known_line() -> impl Strategy<Value = String> {
    prop_oneof![
        ("[a-zA-Zé \\\\]{0,5}", proptest::option::of(name())).prop_map(|(text, param)| {
            let param = param.map(|name| format!(";{name}=v")).unwrap_or_default();
            format!("COMMENT{param}:{}\r\n", text.replace('\\', "\\\\"))
        }),
        "[a-z]{1,8}".prop_map(|word| format!("RESOURCES:{word}\r\n")),
        "[a-z]{1,8}".prop_map(|word| format!("CONTACT;X-P={word}:{word}\r\n")),
        "[a-z]{1,8}@x".prop_map(|mail| format!("ATTENDEE;X-NUM=1;CN={mail}:mailto:{mail}\r\n")),
        "[a-z]{1,8}".prop_map(|word| format!("ATTACH;X-A=b:https://x/{word}\r\n")),
    ]
}

fn unknown_component() -> impl Strategy<Value = String> {
    (name(), proptest::collection::vec(unknown_line(), 0..3))
        .prop_map(|(name, lines)| format!("BEGIN:{name}\r\n{}END:{name}\r\n", lines.concat()))
}

prop_compose! {
    fn object()(
        before in proptest::collection::vec(prop_oneof![unknown_line(), known_line()], 0..5),
        between in proptest::collection::vec(prop_oneof![unknown_line(), known_line()], 0..5),
        title in "[a-z é]{1,60}",
        param in proptest::option::of(name()),
        components in proptest::collection::vec(unknown_component(), 0..3),
        around in proptest::collection::vec(unknown_line(), 0..3),
        alarm in proptest::option::of(proptest::collection::vec(unknown_line(), 0..3)),
        kind in prop_oneof![Just("VEVENT"), Just("VTODO"), Just("VJOURNAL")],
        recurring in any::<bool>(),
    ) -> String {
        let param = param.map(|name| format!(";{name}=p")).unwrap_or_default();
        let alarm = alarm.map(|lines| format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:d\r\n{}END:VALARM\r\n", lines.concat())).unwrap_or_default();
        let rule = if recurring { "RRULE:FREQ=DAILY\r\nEXDATE;X-E=1:20260107T090000Z\r\n" } else { "" };
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{}BEGIN:{kind}\r\nUID:1\r\n{}DTSTAMP:20260101T000000Z\r\nDTSTART;X-S=1:20260105T090000Z\r\n{rule}SUMMARY{param}:{title}\r\n{}DESCRIPTION:old\r\nLOCATION:there\r\n{}{alarm}END:{kind}\r\nEND:VCALENDAR\r\n",
            around.concat(), before.concat(), between.concat(), components.concat())
    }
}

/// A change of one member, and the name of the only lines that may go or come.
fn change() -> impl Strategy<Value = (Value, &'static str)> {
    prop_oneof![
        "[a-zé,;\\\\ ]{0,100}".prop_map(|text| (json!({"title": text}), "SUMMARY")),
        "[a-z\n]{1,100}".prop_map(|text| (json!({"description": text}), "DESCRIPTION")),
        Just((json!({"description": null}), "DESCRIPTION")),
        (0..9).prop_map(|number| (json!({"priority": number}), "PRIORITY")),
        "[a-z ]{1,30}".prop_map(|text| (json!({"locations": {"location": {"name": text}}}), "LOCATION")),
        "[a-z]{1,10}".prop_map(|word| (json!({"keywords": {word: true}}), "CATEGORIES")),
        Just((json!({"start": "2026-01-05T10:00:00"}), "DTSTART")),
        "[a-z]{1,9}".prop_map(|word| {
            (json!({"participants": {word.clone(): {"@type": "Participant", "email": format!("{word}@new"),
                "sendTo": {"imip": format!("mailto:{word}@new")}, "roles": {"attendee": true}}}}), "ATTENDEE")
        }),
        "[a-z]{1,9}".prop_map(|word| {
            (json!({"links": {word.clone(): {"@type": "Link", "rel": "enclosure", "href": format!("https://new/{word}")}}}), "ATTACH")
        }),
    ]
}

/// The logical lines with their bytes; those called `name` left out.
fn others(text: &str, name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in text.split_inclusive("\r\n") {
        match out.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => out.push(line.to_owned()),
        }
    }
    out.retain(|line| line.split([':', ';']).next() != Some(name));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_200))]

    #[test]
    fn all_other_lines_keep_their_bytes((source, (change, name)) in (object(), change())) {
        let old = json_of(&source);
        let text = patch(&source, &Change::Merge(change.clone())).unwrap_or_else(|refused| panic!("{change}: {refused}\n{source}"));
        prop_assert_eq!(others(&source, name), others(&text, name));
        // The bag follows from the text: parameters of lines that went are gone from it.
        let mut wanted = Change::Merge(change).apply(&old, &[]).expect("applies");
        let mut got = json_of(&text);
        for json in [&mut wanted, &mut got] {
            if let Some(bag) = json.get_mut("iCalendar").and_then(Value::as_object_mut) {
                bag.remove("convertedProperties");
            }
            if json["iCalendar"].as_object().is_some_and(|bag| bag.len() == 2) {
                json.as_object_mut().expect("object").remove("iCalendar");
            }
        }
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn written_objects_read_the_same(source in object()) {
        let json = json_of(&source);
        let text = write(&json, FRESH).unwrap_or_else(|refused| panic!("{refused}\n{source}"));
        prop_assert_eq!(json_of(&text), json);
    }
}
