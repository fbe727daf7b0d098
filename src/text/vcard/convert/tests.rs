//! Cards from 2.1, and between 3.0 and 4.0 (RFC 2426, RFC 6350).

use super::*;

fn card(version: &str, lines: &[&str]) -> String {
    format!("BEGIN:VCARD\r\nVERSION:{version}\r\n{}\r\nEND:VCARD\r\n", lines.join("\r\n"))
}

/// The unfolded lines of the converted card, without BEGIN, VERSION and END.
fn lines(source: &str, to: Version) -> Vec<String> {
    let out = convert(source, to).expect("convertible");
    let document = Document::parse(&out, Limits::default()).expect("readable again");
    let card = &document.roots[0];
    assert_eq!(card.lines[0].unfolded(), format!("VERSION:{}", to.as_str()));
    card.lines[1..].iter().map(|line| line.unfolded().to_owned()).collect()
}

/// Checks `three` → 4.0 gives `four`, and `four` → 3.0 gives `three` again.
fn both_ways(three: &[&str], four: &[&str]) {
    assert_eq!(lines(&card("3.0", three), Version::V4), four, "3.0 to 4.0");
    assert_eq!(lines(&card("4.0", four), Version::V3), three, "4.0 to 3.0");
}

#[test]
fn a_card_of_the_wanted_version_keeps_its_bytes() {
    let odd = "begin:vcard\nVERSION:3.0\nNOTE:x\n y\nEND:VCARD";
    assert!(matches!(convert(odd, Version::V3), Ok(Cow::Borrowed(same)) if same == odd));
    assert!(matches!(convert(odd, Version::V4), Ok(Cow::Owned(_))));
    assert!(convert("BEGIN:VCALENDAR\nEND:VCALENDAR\n", Version::V3).is_err());
    assert!(convert("BEGIN:VCARD\nVERSION:9\nEND:VCARD\n", Version::V3).is_err());
}

#[test]
fn types_preferences_and_labels_go_both_ways() {
    both_ways(
        &[
            "N:Dupont;Jean;;;",
            "FN:Jean Dupont",
            "TEL;TYPE=CELL,VOICE;TYPE=pref:+33 6",
            "item1.EMAIL;TYPE=pref:j@example.org",
            "item1.X-ABLabel:Bureau",
            "ADR;TYPE=home:;;12 rue X\\, bât. B;Lyon;;69001;France",
            "LABEL;TYPE=home:12 rue X\\n69001 Lyon",
        ],
        &[
            "N:Dupont;Jean;;;",
            "FN:Jean Dupont",
            "TEL;TYPE=CELL,VOICE;PREF=1:+33 6",
            "item1.EMAIL;PREF=1:j@example.org",
            "item1.X-ABLabel:Bureau",
            "ADR;TYPE=home;LABEL=12 rue X^n69001 Lyon:;;12 rue X\\, bât. B;Lyon;;69001;France",
        ],
    );
}

#[test]
fn photos_and_keys_go_both_ways() {
    both_ways(
        &[
            "N:x;;;;",
            "FN:x",
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
            "LOGO;VALUE=uri;TYPE=PNG:https://example.org/a,b;c.png",
            "KEY;ENCODING=b;TYPE=PGP:AAEC",
            "SOUND;ENCODING=b;TYPE=OGG:AAEC",
        ],
        &[
            "N:x;;;;",
            "FN:x",
            "PHOTO:data:image/jpeg;base64,/9j/4AAQ",
            "LOGO;VALUE=uri;MEDIATYPE=image/png:https://example.org/a,b;c.png",
            "KEY:data:application/pgp-keys;base64,AAEC",
            "SOUND:data:audio/ogg;base64,AAEC",
        ],
    );
    // Words without a name, which 2.1 writes, are read in 3.0 too.
    for words in ["BASE64", "ENCODING=BASE64", "ENCODING=BASE64;JPEG", "JPEG;BASE64", "ENCODING=b;TYPE=JPEG"]
    {
        let apple = format!("PHOTO;{words};X-ABCROP-RECTANGLE=ABClipRect_1&0&0&x==;VALUE=binary:/9j/4A");
        assert_eq!(
            lines(&card("3.0", &["FN:x", &apple]), Version::V4)[1],
            "PHOTO;X-ABCROP-RECTANGLE=ABClipRect_1&0&0&x==:data:image/jpeg;base64,/9j/4A==",
            "{words}"
        );
    }
    let sniffed = card("3.0", &["FN:x", "PHOTO;ENCODING=BASE64;PNG:AAEC"]);
    assert!(lines(&sniffed, Version::V4).contains(&"PHOTO:data:image/png;base64,AAEC".to_owned()));
    let escaped = card("3.0", &["FN:x", "PHOTO;VALUE=uri:data:image/png\\;base64\\,AAEC"]);
    assert!(lines(&escaped, Version::V4).contains(&"PHOTO;VALUE=uri:data:image/png;base64,AAEC".to_owned()));
    let percent = card("4.0", &["FN:x", "LOGO:data:image/svg+xml,%3Csvg/%3E"]);
    assert!(lines(&percent, Version::V3).contains(&"LOGO;ENCODING=b;TYPE=SVG:PHN2Zy8+".to_owned()));
}

#[test]
fn groups_go_both_ways_and_apple_finds_their_name() {
    both_ways(
        &[
            "N:Amis;;;;",
            "FN:Amis",
            "X-ADDRESSBOOKSERVER-KIND:group",
            "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1",
            "X-ADDRESSBOOKSERVER-MEMBER:mailto:a@example.org",
        ],
        &["N:Amis;;;;", "FN:Amis", "KIND:group", "MEMBER:urn:uuid:1", "MEMBER:mailto:a@example.org"],
    );
    assert_eq!(lines(&card("4.0", &["KIND:group", "FN:Mes amis"]), Version::V3)[1], "N:Mes amis;;;;");
    assert!(
        lines(&card("4.0", &["KIND:group", "FN:Amis", "N:;;;;"]), Version::V3)
            .contains(&"N:Amis;;;;".to_owned())
    );
    both_ways(&["N:;;;;", "FN:Mairie", "X-ABShowAs:COMPANY"], &["N:;;;;", "FN:Mairie", "KIND:org"]);
}

#[test]
fn dates_go_both_ways() {
    both_ways(
        &[
            "N:x;;;;",
            "FN:x",
            "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20",
            "item3.X-ABDATE:2010-05-01",
            "item3.X-ABLabel:_$!<Anniversary>!$_",
            "REV:2026-01-02T03:04:05Z",
        ],
        &[
            "N:x;;;;",
            "FN:x",
            "BDAY:--0820",
            "item3.ANNIVERSARY:20100501",
            "item3.X-ABLabel:_$!<Anniversary>!$_",
            "REV:20260102T030405Z",
        ],
    );
    both_ways(
        &["N:x;;;;", "FN:x", "BDAY;VALUE=text:vers 1800"],
        &["N:x;;;;", "FN:x", "BDAY;VALUE=text:vers 1800"],
    );
    let up =
        lines(&card("3.0", &["FN:x", "BDAY;VALUE=date:1985-04-12", "X-ANNIVERSARY:2010-05-01"]), Version::V4);
    assert_eq!(up, ["FN:x", "BDAY:19850412", "ANNIVERSARY:20100501"]);
    let down =
        lines(&card("4.0", &["N:x;;;;", "FN:x", "item1.URL:http://x", "ANNIVERSARY:20100501"]), Version::V3);
    assert_eq!(down[3..], ["item2.X-ABDATE:2010-05-01", "item2.X-ABLabel:_$!<Anniversary>!$_"]);
    assert!(lines(&card("3.0", &["FN:x", "BDAY:--08-20"]), Version::V4).contains(&"BDAY:--0820".to_owned()));
    assert!(lines(&card("4.0", &["FN:x", "BDAY:1985"]), Version::V3).contains(&"BDAY:1985".to_owned()));
}

#[test]
fn lesser_properties_go_both_ways() {
    both_ways(
        &[
            "N:Harten;Rene;;;",
            "SORT-STRING:Harten",
            "FN:x",
            "X-GENDER:Female",
            "GEO:45.76;4.83",
            "TZ:+01:00",
            "LANG:fr",
            "X-FOO;X-P=\"a;b\":c\\,d;e",
        ],
        &[
            "N;SORT-AS=Harten:Harten;Rene;;;",
            "FN:x",
            "GENDER:F",
            "GEO:geo:45.76,4.83",
            "TZ;VALUE=utc-offset:+0100",
            "LANG:fr",
            "X-FOO;X-P=\"a;b\":c\\,d;e",
        ],
    );
    let up = lines(
        &card(
            "3.0",
            &["FN:x", "X-JABBER;TYPE=HOME:a@b", "X-SKYPE:jean d", "X-GENDER:autre", "URL:http\\://x"],
        ),
        Version::V4,
    );
    assert_eq!(
        up,
        ["FN:x", "IMPP;TYPE=HOME:xmpp:a@b", "IMPP:skype:jean%20d", "GENDER:;autre", "URL:http://x"]
    );
    let down = lines(
        &card("4.0", &["N:x;;;;", "FN:x", "IMPP:xmpp:a@b", "TEL;VALUE=uri;TYPE=\"voice,home\":tel:+33-1"]),
        Version::V3,
    );
    assert_eq!(down[2..], ["IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@b", "TEL;TYPE=voice,home:+33-1"]);
}

#[test]
fn words_without_a_name_become_types() {
    let three = card(
        "3.0",
        &["FN:x", "TEL;HOME;VOICE;X-P=a:1", "EMAIL;INTERNET;PREF:a@b", "URL;QUOTED-PRINTABLE:http://x"],
    );
    assert_eq!(
        lines(&three, Version::V4)[1..],
        ["TEL;X-P=a;TYPE=HOME,VOICE:1", "EMAIL;PREF=1:a@b", "URL:http://x"]
    );
    let four = card("4.0", &["N:x;;;;", "FN:x", "TEL;HOME;PREF=1:1"]);
    assert_eq!(lines(&four, Version::V3)[2..], ["TEL;TYPE=HOME;TYPE=pref:1"]);
}

#[test]
fn a_list_to_sort_by_gives_3_0_its_first_string() {
    both_ways(
        &["N;SORT-AS=\"Harten,Rene\":van der Harten;Rene,J.;;;", "SORT-STRING:Harten", "FN:x"],
        &["N;SORT-AS=\"Harten,Rene\":van der Harten;Rene,J.;;;", "FN:x"],
    );
    // What a client of 3.0 changed is what it means.
    let changed = card("3.0", &["N;SORT-AS=\"Harten,Rene\":Harten;Rene;;;", "SORT-STRING:Arten", "FN:x"]);
    assert_eq!(lines(&changed, Version::V4), ["N;SORT-AS=Arten:Harten;Rene;;;", "FN:x"]);
    let nothing = card("4.0", &["N;SORT-AS=\",Rene\":x;Rene;;;", "FN:x"]);
    assert_eq!(lines(&nothing, Version::V3), ["N;SORT-AS=\",Rene\":x;Rene;;;", "FN:x"]);
}

#[test]
fn what_only_4_0_has_survives_a_trip_through_3_0() {
    let four = card(
        "4.0",
        &[
            "N;ALTID=1;LANGUAGE=fr:Dupont;Jean;;;",
            "FN;PID=1.1:Jean",
            "TEL;PREF=20;PID=2.1,3.1:1",
            "TEL;PREF=10:2",
            "CLIENTPIDMAP:1;urn:uuid:3",
            "RELATED;TYPE=spouse:urn:uuid:4",
            "XML:<a xmlns=\"urn:x\"/>",
            "KIND:location",
            "GENDER:O;autre",
        ],
    );
    let three = convert(&four, Version::V3).expect("convertible");
    assert!(three.contains("TEL;PREF=10;TYPE=pref:2"));
    assert_eq!(convert(&three, Version::V4).expect("convertible"), four);
}

#[test]
fn cards_of_2_1_are_taken_in() {
    let old = card(
        "2.1",
        &[
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Lef=C3=A8vre;=C3=89lodie;;;",
            "TEL;CELL;PREF:+33 6",
            "ADR;HOME;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:;;12, rue de l'=C9t=E9=0D=0ABat B;Lyon;;69001;",
            "NOTE:a;b\\c",
            "PHOTO;BASE64;JPEG:",
            " /9j/4AAQ",
            "",
            "URL;WORK:http://example.org/a,b",
            "BDAY:19850412",
            "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Dédé;1;;",
            "AGENT:",
            "BEGIN:VCARD",
            "N:Agent",
            "END:VCARD",
        ],
    );
    assert_eq!(
        lines(&old, Version::V3),
        [
            "FN:Élodie Lefèvre",
            "N:Lefèvre;Élodie;;;",
            "TEL;TYPE=CELL,PREF:+33 6",
            "ADR;TYPE=HOME:;;12\\, rue de l'Été\\nBat B;Lyon;;69001;",
            "NOTE:a\\;b\\\\c",
            "PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AAQ",
            "URL;TYPE=WORK:http://example.org/a,b",
            "BDAY:1985-04-12",
            "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Dédé;1;;",
            "AGENT:BEGIN:VCARD\\nN:Agent\\nEND:VCARD\\n",
        ]
    );
    let four = lines(&old, Version::V4);
    assert!(four.contains(&"TEL;TYPE=CELL;PREF=1:+33 6".to_owned()));
    assert!(four.contains(&"PHOTO:data:image/jpeg;base64,/9j/4AAQ".to_owned()));
    assert!(four.contains(&"BDAY:19850412".to_owned()));
}

#[test]
fn names_are_made_where_they_are_missing() {
    assert_eq!(
        lines(&card("4.0", &["FN:Jean de La Tour"]), Version::V3),
        ["N:Tour;Jean de La;;;", "FN:Jean de La Tour"]
    );
    assert_eq!(lines(&card("3.0", &["NICKNAME:Dédé"]), Version::V4), ["FN:Dédé", "NICKNAME:Dédé"]);
    assert_eq!(lines(&card("3.0", &["NOTE:x"]), Version::V4), ["FN:", "NOTE:x"]);
    assert_eq!(lines("BEGIN:VCARD\nFN:x y\nEND:VCARD\n", Version::V3), ["N:y;x;;;", "FN:x y"]);
}

#[test]
fn time_stays_linear_in_the_lines() {
    for line in [
        "ANNIVERSARY:20100501",
        "ADR;TYPE=home;LABEL=a:;;x;;;;",
        "TEL;PREF=5:1",
        "X-ABDATE:2010-05-01",
        "LABEL:x",
        "IMPP:xmpp:a",
        "X-JABBER:b",
    ] {
        for version in ["3.0", "4.0"] {
            let source = card(version, &vec![line; 10_000]);
            let start = std::time::Instant::now();
            let four = convert(&source, Version::V4).expect("convertible");
            convert(&four, Version::V3).expect("convertible");
            // A fraction of a second in a debug build; a square of the lines would take far longer.
            assert!(start.elapsed().as_secs() < 10, "{line} {:?}", start.elapsed());
        }
    }
}
