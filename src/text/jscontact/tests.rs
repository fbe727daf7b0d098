//! Tests of the JSON form of cards: reading, writing, changing in place, the corpus, generated cards.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

const FRESH: Fresh<'static> = Fresh { uid: "new-uid", now: 1_767_225_600, version: Version::V4 };

fn card(version: &str, lines: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:{version}\r\nUID:1\r\nFN:A B\r\n{lines}END:VCARD\r\n")
}

fn json_of_text(source: &str) -> Value {
    read(&Document::parse(source, Limits::default()).expect("readable"))
}

/// Checks a member of a card with these lines, and that the card is written back.
fn reads(version: &str, lines: &str, key: &str, expected: Value) {
    let source = card(version, lines);
    let json = json_of_text(&source);
    assert_eq!(json[key], expected, "{lines}");
    let to = if version == "4.0" { Version::V4 } else { Version::V3 };
    let written =
        write(&json, Fresh { version: to, ..FRESH }).unwrap_or_else(|refused| panic!("{refused}\n{source}"));
    let mut again = json_of_text(&written);
    again.as_object_mut().expect("object").remove("updated");
    assert_eq!(again, json, "{written}");
}

#[test]
fn names_and_single_values() {
    reads(
        "4.0",
        "N:Le Goff;Anne,Marie;;Dr;;;II\r\n",
        "name",
        json!({"full": "A B", "components": [
        {"kind": "surname", "value": "Le Goff"}, {"kind": "given", "value": "Anne"}, {"kind": "given", "value": "Marie"},
        {"kind": "title", "value": "Dr"}, {"kind": "generation", "value": "II"}]}),
    );
    reads("4.0", "KIND:org\r\n", "kind", json!("org"));
    reads(
        "3.0",
        "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2\r\n",
        "members",
        json!({"urn:uuid:2": true}),
    );
    reads("4.0", "CATEGORIES:a\\,b,c\r\n", "keywords", json!({"a,b": true, "c": true}));
    reads(
        "4.0",
        "RELATED;TYPE=friend:urn:uuid:3\r\n",
        "relatedTo",
        json!({"urn:uuid:3": {"relation": {"friend": true}}}),
    );
    reads("4.0", "X-OWN;X-P=1:a\\,b\r\n", "vCardProps", json!([["x-own", {"x-p": "1"}, "unknown", "a\\,b"]]));
}

#[test]
fn things_on_lines_of_their_own() {
    reads(
        "4.0",
        "EMAIL;TYPE=work;PREF=1;PROP-ID=e;X-P=1:a@b\r\n",
        "emails",
        json!({"e": {"address": "a@b", "contexts": {"work": true}, "pref": 1, "vCardParams": {"x-p": "1"}}}),
    );
    reads(
        "3.0",
        "item1.EMAIL;TYPE=INTERNET,home,pref;PROP-ID=e:a@b\r\nitem1.X-ABLabel:Bureau\r\n",
        "emails",
        json!({"e": {"address": "a@b", "contexts": {"private": true}, "pref": 1, "label": "Bureau", "vCardParams": {"type": "internet"}}}),
    );
    reads(
        "4.0",
        "TEL;VALUE=uri;TYPE=cell,home;PROP-ID=t:tel:+33-1\r\n",
        "phones",
        json!({"t": {"number": "tel:+33-1", "features": {"mobile": true}, "contexts": {"private": true}}}),
    );
    reads(
        "4.0",
        "ORG;PROP-ID=o:Mairie\\, Lyon;Voirie\r\nTITLE;PROP-ID=t:Chef\r\n",
        "organizations",
        json!({"o": {"name": "Mairie, Lyon", "units": [{"name": "Voirie"}]}}),
    );
    reads(
        "4.0",
        "TITLE;PROP-ID=t:Chef\r\nROLE;PROP-ID=r:Pilote\r\n",
        "titles",
        json!({"t": {"kind": "title", "name": "Chef"}, "r": {"kind": "role", "name": "Pilote"}}),
    );
    // A line break of a label is `^n` (RFC 6868) or `\n` (RFC 6350 §6.3.1).
    for label in ["1 rue^nLyon", "1 rue\\nLyon"] {
        reads(
            "4.0",
            &format!("ADR;LABEL=\"{label}\";PROP-ID=a:;;1 rue;Lyon;;69001;France\r\n"),
            "addresses",
            json!({"a": {"full": "1 rue\nLyon", "components": [{"kind": "name", "value": "1 rue"}, {"kind": "locality", "value": "Lyon"},
            {"kind": "postcode", "value": "69001"}, {"kind": "country", "value": "France"}]}}),
        );
    }
    reads(
        "4.0",
        "IMPP;PROP-ID=i:xmpp:a@b\r\n",
        "onlineServices",
        json!({"i": {"uri": "xmpp:a@b", "vCardName": "impp"}}),
    );
    reads("4.0", "NOTE;PROP-ID=n:a\\nb\r\n", "notes", json!({"n": {"note": "a\nb"}}));
    reads(
        "4.0",
        "HOBBY;LEVEL=high;PROP-ID=h:voile\r\n",
        "personalInfo",
        json!({"h": {"kind": "hobby", "value": "voile", "level": "high"}}),
    );
    reads(
        "4.0",
        "LANG;PREF=2;PROP-ID=l:fr\r\n",
        "preferredLanguages",
        json!({"l": {"language": "fr", "pref": 2}}),
    );
    reads(
        "4.0",
        "FBURL;PROP-ID=f:https://x/\r\n",
        "calendars",
        json!({"f": {"kind": "freeBusy", "uri": "https://x/"}}),
    );
}

#[test]
fn dates_with_parts_missing() {
    let date = |year: Option<u32>, month: Option<u32>, day: Option<u32>| {
        let mut out = json!({"@type": "PartialDate"});
        for (key, part) in [("year", year), ("month", month), ("day", day)] {
            if let Some(part) = part {
                out[key] = json!(part);
            }
        }
        json!({"b": {"kind": "birth", "date": out}})
    };
    reads("4.0", "BDAY;PROP-ID=b:19850412\r\n", "anniversaries", date(Some(1985), Some(4), Some(12)));
    reads("4.0", "BDAY;PROP-ID=b:--0412\r\n", "anniversaries", date(None, Some(4), Some(12)));
    reads("4.0", "BDAY;PROP-ID=b:1985-04\r\n", "anniversaries", date(Some(1985), Some(4), None));
    reads("3.0", "BDAY;PROP-ID=b:1985-04-12\r\n", "anniversaries", date(Some(1985), Some(4), Some(12)));
    reads(
        "3.0",
        "BDAY;PROP-ID=b;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\n",
        "anniversaries",
        date(None, Some(4), Some(12)),
    );
    reads(
        "4.0",
        "BDAY;PROP-ID=b:19850412T101500Z\r\n",
        "anniversaries",
        json!({"b": {"kind": "birth", "date": {"@type": "Timestamp", "utc": "1985-04-12T10:15:00Z"}}}),
    );
    reads("4.0", "BDAY;VALUE=text:vers 1800\r\n", "anniversaries", Value::Null);
}

#[test]
fn pictures_are_data_uris() {
    let picture = json!({"p": {"kind": "photo", "uri": "data:image/jpeg;base64,/9j/4AAQ"}});
    reads("3.0", "PHOTO;ENCODING=b;TYPE=JPEG;PROP-ID=p:/9j/4AAQ\r\n", "media", picture.clone());
    reads("4.0", "PHOTO;PROP-ID=p:data:image/jpeg;base64,/9j/4AAQ\r\n", "media", picture.clone());
    let old =
        write(&json!({"name": {"full": "A"}, "media": picture}), Fresh { version: Version::V3, ..FRESH })
            .expect("writable");
    assert!(old.contains("PHOTO;ENCODING=b;TYPE=JPEG;PROP-ID=p:/9j/4AAQ\r\n"), "{old}");
}

#[test]
fn a_new_card_has_what_its_version_demands() {
    let json = json!({"@type": "Card", "name": {"components": [{"kind": "given", "value": "Ann"}, {"kind": "surname", "value": "Lee"}]},
        "emails": {"m": {"address": "ann@example.org", "contexts": {"work": true}}}, "phones": {"p": {"number": "+33 1"}}});
    for version in [Version::V3, Version::V4] {
        let text = write(&json, Fresh { version, ..FRESH }).expect("writable");
        for line in ["N:Lee;Ann;;;", "FN;DERIVED=TRUE:Ann Lee", "UID:new-uid"] {
            assert!(text.contains(&format!("{line}\r\n")), "{line}\n{text}");
        }
    }
    let bare =
        write(&json!({"organizations": {"o": {"name": "Mairie"}}}), Fresh { version: Version::V3, ..FRESH })
            .expect("writable");
    assert!(bare.contains("FN;DERIVED=TRUE:Mairie\r\n") && bare.contains("N:;;;;\r\n"), "{bare}");
}

#[test]
fn what_is_wrong_is_named_by_its_pointer() {
    for (json, pointer) in [
        (json!({"@type": "Person"}), "/@type"),
        (json!({"nmae": {}, "nam": 1}), "/nam"),
        (json!({"name": {"components": [{"kind": "middle", "value": "x"}]}}), "/name/components/0/kind"),
        (json!({"name": {"components": "x"}}), "/name/components"),
        (json!({"name": {"full": 1}}), "/name/full"),
        (json!({"emails": {"a": {}}}), "/emails/a/address"),
        (json!({"emails": {"a b": {"address": "x"}}}), "/emails/a b"),
        (
            json!({"emails": {"a": {"address": "x", "contexts": {"billing": true}}}}),
            "/emails/a/contexts/billing",
        ),
        (json!({"emails": {"a": {"address": "x", "pref": 0}}}), "/emails/a/pref"),
        (json!({"phones": {"a": {"number": "1", "features": {"smoke": true}}}}), "/phones/a/features/smoke"),
        (
            json!({"anniversaries": {"a": {"kind": "birth", "date": {"year": 2000, "month": 13}}}}),
            "/anniversaries/a/date",
        ),
        (json!({"anniversaries": {"a": {"kind": "party", "date": {"year": 2000}}}}), "/anniversaries/a/kind"),
        (json!({"media": {"a": {"kind": "photo", "uri": "none"}}}), "/media/a/uri"),
        (json!({"keywords": ["a"]}), "/keywords"),
        (
            json!({"addresses": {"a": {"components": [{"kind": "planet", "value": "x"}]}}}),
            "/addresses/a/components/0/kind",
        ),
        (json!({"speakToAs": {"grammaticalGender": "feminine"}}), "/speakToAs/grammaticalGender"),
        (json!({"uid": " "}), "/uid"),
    ] {
        match write(&json, FRESH) {
            Err(refused) => assert_eq!(refused.pointer, pointer, "{json}: {refused}"),
            Ok(text) => panic!("{json} was taken: {text}"),
        }
    }
}

const SOURCE: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//x//EN\r\nUID:1\r\nN;X-N=1:Lee;Ann;;;\r\nFN:Ann\r\n  Lee\r\nEMAIL;TYPE=INTERNET,WORK;X-P=\"a;b\":ann@x\r\nitem1.TEL;TYPE=pref:+33\r\n 1\r\nitem1.X-ABLabel:Bureau\r\nX-OWN;A=b:kept\r\n  so\r\nNOTE:n\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\nREV:2026-01-01T00:00:00Z\r\nEND:VCARD\r\n";

fn changes(change: Value, from: &str, to: &str) {
    let text =
        patch(SOURCE, &Change::Merge(change.clone())).unwrap_or_else(|refused| panic!("{change}: {refused}"));
    assert!(SOURCE.contains(from), "{from}");
    assert_eq!(text, SOURCE.replacen(from, to, 1), "{change}");
}

fn id(key: &str) -> String {
    json_of_text(SOURCE)[key].as_object().and_then(|map| map.keys().next().cloned()).expect("there")
}

#[test]
fn one_member_is_one_line() {
    changes(json!({"name": {"full": "Z"}}), "FN:Ann\r\n  Lee\r\n", "FN:Z\r\n");
    changes(
        json!({"name": {"components": [{"kind": "surname", "value": "Z"}]}}),
        "N;X-N=1:Lee;Ann;;;",
        "N;X-N=1:Z;;;;",
    );
    let (mail, phone, note) = (id("emails"), id("phones"), id("notes"));
    changes(
        json!({"emails": {mail.clone(): {"contexts": {"work": null, "private": true}}}}),
        "EMAIL;TYPE=INTERNET,WORK;",
        "EMAIL;TYPE=INTERNET,home;",
    );
    changes(
        json!({"emails": {mail.clone(): {"address": "z@x"}}}),
        "EMAIL;TYPE=INTERNET,WORK;X-P=\"a;b\":ann@x",
        &format!("EMAIL;TYPE=INTERNET,WORK;X-P=\"a;b\";PROP-ID={mail}:z@x"),
    );
    changes(json!({"emails": {mail: null}}), "EMAIL;TYPE=INTERNET,WORK;X-P=\"a;b\":ann@x\r\n", "");
    changes(json!({"emails": {"n": {"address": "n@x"}}}), "ann@x\r\n", "ann@x\r\nEMAIL;PROP-ID=n:n@x\r\n");
    changes(json!({"phones": {phone.clone(): {"label": "Maison"}}}), "X-ABLabel:Bureau", "X-ABLabel:Maison");
    changes(
        json!({"phones": {phone: null}}),
        "item1.TEL;TYPE=pref:+33\r\n 1\r\nitem1.X-ABLabel:Bureau\r\n",
        "",
    );
    let labelled = patch(SOURCE, &Change::Merge(json!({"notes": {note: {"label": "l"}}}))).expect("fits");
    assert!(
        labelled.contains("item2.NOTE:n\r\n") && labelled.contains("item2.X-ABLabel:l\r\n"),
        "{labelled}"
    );
    changes(
        json!({"updated": "2026-02-02T00:00:00Z"}),
        "REV:2026-01-01T00:00:00Z",
        "REV:2026-02-02T00:00:00Z",
    );
    changes(json!({"keywords": {"a": true}}), "END:VCARD", "CATEGORIES:a\r\nEND:VCARD");
}

#[test]
fn a_replacement_keeps_what_json_cannot_say() {
    let mut json = json_of_text(SOURCE);
    let members = json.as_object_mut().expect("object");
    members.remove("vCardProps");
    members.remove("updated");
    members["name"]["full"] = json!("Z");
    assert_eq!(
        patch(SOURCE, &Change::Replace(json)).as_deref(),
        Ok(SOURCE.replace("Ann\r\n  Lee", "Z").as_str())
    );
    for (change, pointer) in [
        (json!({"uid": "2"}), "/uid"),
        (json!({"vCardProps": null}), "/vCardProps"),
        (json!({"what": 1}), "/what"),
    ] {
        assert_eq!(patch(SOURCE, &Change::Merge(change)).expect_err("refused").pointer, pointer);
    }
    let old = SOURCE.replace("3.0", "2.1");
    let text = patch(&old, &Change::Merge(json!({"name": {"full": "Z"}}))).expect("fits");
    assert!(text.contains("VERSION:3.0\r\n") && text.contains("FN:Z\r\n"), "{text}");
}

#[test]
fn the_corpus_goes_through_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/vcf");
    let mut wrong = Vec::new();
    let mut cards = 0;
    for file in std::fs::read_dir(folder).expect("the corpus") {
        let file = file.expect("a file").path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = String::from_utf8_lossy(&std::fs::read(&file).expect("readable")).into_owned();
        let document = Document::parse(&source, Limits::default()).expect("readable");
        let (json, version) = (read(&document), Version::of(&document.roots[0]).unwrap_or(Version::V3));
        let single = document.roots.len() == 1;
        cards += 1;
        if version != Version::V21 && single {
            let same = patch(&source, &Change::Replace(json.clone()));
            if same.as_deref() != Ok(source.as_str()) {
                wrong.push(format!("{name}: changed without a change: {same:?}"));
            }
        }
        match write(&json, Fresh { version, ..FRESH }) {
            Err(refused) => wrong.push(format!("{name}: {refused}")),
            Ok(text) => {
                let mut again = json_of_text(&text);
                for key in ["updated", "uid"] {
                    if json.get(key).is_none() {
                        again.as_object_mut().expect("object").remove(key);
                    }
                }
                if again != json {
                    let change = jsobject::difference(
                        json.as_object().expect("object"),
                        again.as_object().expect("object"),
                        &[],
                    );
                    wrong.push(format!("{name}: {}", Value::Object(change)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cards > 25);
}

fn unknown_line() -> impl Strategy<Value = String> {
    (
        "(item[1-3]\\.)?X-[A-Z]{1,8}",
        proptest::option::of(("X-[A-Z]{1,5}", "[a-z]{0,9}|\"[a-z;:,]{0,9}\"")),
        "[ -9<-~éü]{0,60}",
        any::<bool>(),
    )
        .prop_map(|(name, param, value, folded)| {
            let param = param.map(|(name, value)| format!(";{name}={value}")).unwrap_or_default();
            let fold = if folded { "\r\n " } else { "" };
            format!("{name}{param}:{fold}{value}\r\n")
        })
}

fn known_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}".prop_map(|word| format!("EMAIL;TYPE=work;X-P=1:{word}@x\r\n")),
        "[0-9]{1,8}".prop_map(|number| format!("item4.TEL;TYPE=cell,x-odd:{number}\r\n")),
        "[a-z]{1,8}".prop_map(|word| format!("GENDER;X-P={word}:O;{word}\r\n")),
        "[a-z]{1,8}".prop_map(|word| format!("ADR;X-P={word};TYPE=home:;;{word};;;;\r\n")),
    ]
}

prop_compose! {
    fn any_card()(
        before in proptest::collection::vec(prop_oneof![unknown_line(), known_line()], 0..6),
        after in proptest::collection::vec(prop_oneof![unknown_line(), known_line()], 0..6),
        version in prop_oneof![Just("3.0"), Just("4.0")],
        param in proptest::option::of("X-[A-Z]{1,5}"),
    ) -> String {
        let param = param.map(|name| format!(";{name}=p")).unwrap_or_default();
        format!("BEGIN:VCARD\r\nVERSION:{version}\r\nUID:1\r\n{}FN{param}:Old Name\r\nN:Name;Old;;;\r\nNOTE;PROP-ID=n{param}:old\r\n{}END:VCARD\r\n",
            before.concat(), after.concat())
    }
}

fn change() -> impl Strategy<Value = (Value, &'static str)> {
    prop_oneof![
        "[a-zé,;\\\\ ]{1,90}".prop_map(|text| (json!({"name": {"full": text}}), "FN")),
        "[a-zé,;\n]{1,90}".prop_map(|text| (json!({"notes": {"n": {"note": format!("x{text}")}}}), "NOTE")),
        Just((json!({"notes": null}), "NOTE")),
        "[a-z]{1,9}".prop_map(|word| (json!({"name": {"components": [{"kind": "surname", "value": word}]}}), "N")),
        "[a-z]{1,9}".prop_map(|word| (json!({"keywords": {word: true}}), "CATEGORIES")),
        "[a-z]{1,9}".prop_map(|word| (json!({"emails": {format!("new{word}"): {"address": format!("{word}@new")}}}), "EMAIL")),
        (1..13, 1..29).prop_map(|(month, day)| {
            (json!({"anniversaries": {"b": {"kind": "birth", "date": {"@type": "PartialDate", "month": month, "day": day}}}}), "BDAY")
        }),
    ]
}

/// The logical lines with their bytes; those called `name` that are not in `kept` left out.
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
    fn all_other_lines_keep_their_bytes((source, (change, name)) in (any_card(), change())) {
        let old = json_of_text(&source);
        let text = patch(&source, &Change::Merge(change.clone())).unwrap_or_else(|refused| panic!("{change}: {refused}\n{source}"));
        prop_assert_eq!(others(&source, name), others(&text, name));
        let mut wanted = Change::Merge(change).apply(&old, &[]).expect("applies");
        let mut got = json_of_text(&text);
        // What is told of a line as text follows the text.
        for json in [&mut wanted, &mut got] {
            json.as_object_mut().expect("object").remove("vCardProps");
        }
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn written_cards_read_the_same(source in any_card()) {
        let json = json_of_text(&source);
        let version = if source.contains("VERSION:4.0") { Version::V4 } else { Version::V3 };
        let text = write(&json, Fresh { version, ..FRESH }).unwrap_or_else(|refused| panic!("{refused}\n{source}"));
        let mut again = json_of_text(&text);
        again.as_object_mut().expect("object").remove("updated");
        prop_assert_eq!(again, json);
    }
}
