//! Properties that every reader and writer of this layer must have, on the corpus, on mutations of it and on generated
//! cards: nothing is lost on the way there and back, nothing panics, what is written can be read.

use super::collation::fold;
use super::component::{Component, Document, Edit, Limits, apply};
use super::jcal::{from_jcal, to_jcal};
use super::jcard::{from_jcard, to_jcard};
use super::line::{Line, unescape_text, write_folded};
use super::vcard::{self, CardIndex, PropSelect, Version, convert};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

/// The files of `tests/corpus` with this extension, by name.
fn corpus(extension: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(extension);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("readable").path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("UTF-8")))
        .collect();
    files.sort();
    assert!(files.len() >= 25, "{} files in {}", files.len(), folder.display());
    files
}

fn parse(source: &str) -> Document<'_> {
    Document::parse(source, Limits::default()).expect("readable")
}

/// All components of the document, parents first.
fn components<'d, 'a>(document: &'d Document<'a>) -> Vec<&'d Component<'a>> {
    let mut all: Vec<&Component<'_>> = document.roots.iter().collect();
    let mut at = 0;
    while let Some(component) = all.get(at).copied() {
        all.extend(&component.children);
        at += 1;
    }
    all
}

/// Spans of lines and END lines tile the source: what is between two of them is blank or a BEGIN line.
fn assert_tiled(document: &Document<'_>) {
    let mut spans: Vec<_> = components(document)
        .iter()
        .flat_map(|component| {
            component.lines.iter().map(|line| line.span.clone()).chain([component.end.clone()])
        })
        .collect();
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in spans {
        assert!(at <= span.start && span.start < span.end, "spans overlap at {at}");
        let gap =
            document.source[at..span.start].replace("\r\r\n", "\n").replace("\r\n", "\n").replace('\r', "\n");
        for line in gap.replace("\n ", "").replace("\n\t", "").split('\n') {
            let line = line.trim().trim_start_matches('\u{feff}').trim();
            let begins = line
                .split([':', ';'])
                .next()
                .is_some_and(|name| name.to_ascii_uppercase().ends_with("BEGIN"));
            assert!(line.is_empty() || begins, "lost: {line:?}");
        }
        at = span.end;
    }
    assert!(document.source[at..].trim().is_empty());
}

/// Name and unfolded text of each component, in order.
fn shape(document: &Document<'_>) -> Vec<(String, Vec<String>)> {
    let lines =
        |component: &Component<'_>| component.lines.iter().map(|line| line.unfolded().to_owned()).collect();
    components(document).into_iter().map(|component| (component.name.to_string(), lines(component))).collect()
}

fn write(out: &mut String, component: &Component<'_>) {
    write_folded(out, &format!("BEGIN:{}", component.name));
    component.lines.iter().for_each(|line| write_folded(out, line.unfolded()));
    component.children.iter().for_each(|child| write(out, child));
    write_folded(out, &format!("END:{}", component.name));
}

/// The lossless layer on one readable text: tiled, written anew the same, edits by nothing change nothing.
fn assert_lossless(source: &str) {
    let document = parse(source);
    assert_tiled(&document);
    let mut again = String::new();
    document.roots.iter().for_each(|root| write(&mut again, root));
    // A quoted-printable value that ends in `=` would swallow the next line once more.
    if !document.roots.iter().any(|root| speaks_of_soft_breaks(root)) {
        assert_eq!(shape(&parse(&again)), shape(&document));
    }
    let edits = components(&document)
        .iter()
        .flat_map(|component| &component.lines)
        .map(|line| Edit { span: line.span.clone(), with: source[line.span.clone()].to_owned() })
        .collect();
    assert_eq!(apply(source, edits), source);
}

fn speaks_of_soft_breaks(component: &Component<'_>) -> bool {
    component.lines.iter().any(|line| line.unfolded().to_ascii_uppercase().contains("QUOTED-PRINTABLE"))
        || component.children.iter().any(speaks_of_soft_breaks)
}

/// What must hold for the conversion of any text that is a card at all.
fn assert_convertible(source: &str) {
    for to in [Version::V3, Version::V4] {
        let Ok(once) = convert(source, to) else { continue };
        let cards = Document::parse(&once, Limits::default());
        let cards = cards.unwrap_or_else(|fault| panic!("{fault}: {once:?} from {source:?}"));
        assert!(cards.roots.iter().all(|card| Version::of(card) == Some(to)), "{once:?}");
        assert_eq!(convert(&once, to).expect("convertible"), once);
    }
    // After one trip there and back, a further one changes nothing.
    let Ok(four) = convert(source, Version::V4) else { return };
    let trip = |three: &str| {
        let four = convert(three, Version::V4).expect("convertible").into_owned();
        convert(&four, Version::V3).expect("convertible").into_owned()
    };
    let once = trip(&convert(&four, Version::V3).expect("convertible"));
    assert_eq!(sorted_lines(&trip(&once)), sorted_lines(&once), "4.0: {four}");
}

/// Unfolded lines without regard to their order.
fn sorted_lines(source: &str) -> Vec<String> {
    let mut lines: Vec<String> = shape(&parse(source)).into_iter().flat_map(|(_, lines)| lines).collect();
    lines.sort();
    lines
}

/// JSON and back keeps every property.
fn assert_json_keeps(source: &str) {
    let document = parse(source);
    let named = components(&document)
        .iter()
        .all(|c| c.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !c.name.is_empty());
    for root in
        document.roots.iter().filter(|root| root.is("VCALENDAR") && named && !speaks_of_soft_breaks(root))
    {
        let json = to_jcal(root);
        let text = from_jcal(&json).expect("own jCal is valid");
        let again = parse(&text);
        assert_eq!(to_jcal(&again.roots[0]).to_string(), json.to_string());
    }
    // Its soft breaks cannot be told from an `=` at the end of a value.
    let soft = document.roots.iter().any(speaks_of_soft_breaks);
    if let Some(card) =
        convert(source, Version::V4).ok().filter(|card| !soft || matches!(card, Cow::Owned(_)))
    {
        for root in &parse(&card).roots {
            let json = to_jcard(root);
            let text = from_jcard(&json).expect("own jCard is valid");
            assert_eq!(to_jcard(&parse(&text).roots[0]).to_string(), json.to_string());
        }
    }
}

#[test]
fn the_corpus_is_read_and_written_without_loss() {
    for (name, source) in corpus("vcf").into_iter().chain(corpus("ics")) {
        println!("{name}");
        assert_lossless(&source);
        assert_json_keeps(&source);
    }
}

#[test]
fn every_card_of_the_corpus_is_indexed_searched_and_converted() {
    for (name, source) in corpus("vcf") {
        println!("{name}");
        assert_convertible(&source);
        let document = parse(&source);
        let index = CardIndex::build(&document).expect("valid");
        assert!(!index.full_name.is_empty());
        let found = vcard::search_text(&document);
        for line in document.roots[0]
            .lines
            .iter()
            .filter(|line| ["FN", "N", "EMAIL", "ORG"].iter().any(|name| line.is(name)))
        {
            assert!(found.contains(&fold(&vcard::text(line, index.version))));
        }
        for to in [Version::V3, Version::V4] {
            let converted = convert(&source, to).expect("convertible");
            let mut other = CardIndex::build(&parse(&converted)).expect("valid");
            other.version = index.version;
            if index.family_name.is_empty() {
                // 3.0 demands an N, which is made of FN.
                other.family_name.clear();
                other.given_name.clear();
            }
            assert_eq!(other, index, "{to:?}");
            assert_eq!(vcard::image_bytes(&parse(&converted)), vcard::image_bytes(&document));
        }
        let whole: Vec<PropSelect> = document.roots[0]
            .lines
            .iter()
            .map(|line| PropSelect { name: line.name().to_owned(), novalue: false })
            .collect();
        assert_eq!(shape(&parse(&vcard::partial(&source, &whole))).len(), 1);
    }
}

/// What the other parser does not take, with its words: faults of its own, and what clients write against the RFC and
/// conversion leaves alone.
const DOUBTFUL: [(&str, &str); 6] = [
    ("complete-40.vcf", "38 read"), // takes the FN of the second language for the first
    ("evolution-liste.vcf", "_ADDRESSES"), // the client's name with an underscore
    ("google-export.vcf", "Invalid value ;;5 place"), // the client's eighth field in ADR
    ("outlook-21-photo-logo.vcf", ";ENCODING=b"), // the client's own picture, which nobody else can place
    ("thunderbird-30.vcf", "BOOLEAN"), // takes `TRUE` for no boolean
    ("thunderbird-40.vcf", "required type URL"), // the client's VALUE=URL in a card of 4.0, left as sent
];

#[test]
fn cards_converted_to_4_0_satisfy_another_parser() {
    let mut doubts = Vec::new();
    for (name, source) in corpus("vcf") {
        let four = convert(&source, Version::V4).expect("convertible");
        if let Err(doubt) = super::vcard_strict::check(&four)
            && !DOUBTFUL.iter().any(|(file, why)| name.ends_with(file) && doubt.why.contains(why))
        {
            doubts.push((
                name,
                doubt.to_string(),
                four.lines().nth(doubt.line.saturating_sub(1)).map(str::to_owned),
            ));
        }
    }
    assert!(doubts.is_empty(), "{doubts:#?}");
}

/// Names and texts of a 3.0 card; dates, addresses and gender stand for themselves whatever their spelling.
fn meaning(card: &str) -> BTreeSet<(String, String)> {
    let document = parse(card);
    let lines = document.roots[0].lines.iter().filter(|line| !line.is("VERSION"));
    // Empty fields at the end say nothing.
    let value = |line: &Line<'_>| match line.is("N") || line.is("ADR") {
        true => unescape_text(line.value().trim_end_matches(';')).into_owned(),
        false => line.text().into_owned(),
    };
    lines.map(|line| (line.name().to_ascii_uppercase(), value(line))).collect()
}

/// Lines that both versions can hold, in the spelling of 3.0 that the way back gives.
fn supported_line() -> impl Strategy<Value = String> {
    let text = "[a-zA-Zéœ 0-9'.()-]{1,20}(\\\\n|\\\\,|\\\\;|\\\\\\\\)?[a-zA-Zß ]{0,40}";
    let types = select(vec![
        "",
        ";TYPE=home",
        ";TYPE=WORK,VOICE",
        ";TYPE=cell;TYPE=pref",
        ";TYPE=pref",
        ";X-A=\"b;c\";type=home",
    ]);
    let group = select(vec!["", "", "item1.", "item2."]);
    prop_oneof![
        (
            group.clone(),
            select(vec![
                "NOTE",
                "TITLE",
                "ROLE",
                "NICKNAME",
                "X-FOO",
                "X-ABLabel",
                "CATEGORIES",
                "TEL",
                "EMAIL",
                "PRODID",
                "MAILER",
                "CLASS",
                "LANG"
            ]),
            types,
            text
        )
            .prop_map(|(group, name, types, text)| format!("{group}{name}{types}:{text}")),
        (select(vec!["N", "ADR", "ORG"]), prop::collection::vec(text, 1..6))
            .prop_map(|(name, fields)| format!("{name}:{}", fields.join(";"))),
        (1900..2100, 1..13, 1..29).prop_map(|(y, m, d)| format!("BDAY:{y:04}-{m:02}-{d:02}")),
        (1..13, 1..29).prop_map(|(m, d)| format!("BDAY;X-APPLE-OMIT-YEAR=1604:1604-{m:02}-{d:02}")),
        (1900..2100, 1..13).prop_map(|(y, m)| format!("REV:{y:04}-{m:02}-28T10:20:30Z")),
        prop::collection::vec(any::<u8>(), 1..60).prop_map(|bytes| {
            use base64::Engine;
            format!("PHOTO;ENCODING=b;TYPE=JPEG:{}", base64::engine::general_purpose::STANDARD.encode(bytes))
        }),
        "https://[a-z]{1,10}/[a-z,;=&?0-9]{0,20}".prop_map(|uri| format!("URL:{uri}")),
        "https://[a-z]{1,10}/[a-z,;=&?0-9]{0,20}".prop_map(|uri| format!("PHOTO;VALUE=uri;TYPE=PNG:{uri}")),
        (-90..90, -180..180).prop_map(|(a, o)| format!("GEO:{a}.5;{o}.25")),
        select(vec!["X-GENDER:Male", "X-GENDER:Female", "TZ:-05:00", "IMPP:xmpp:a@b", "X-ABShowAs:COMPANY"])
            .prop_map(str::to_owned),
        "urn:uuid:[0-9a-f]{8}".prop_map(|uid| format!("X-ADDRESSBOOKSERVER-MEMBER:{uid}")),
    ]
}

/// Lines of a card as no sane client writes them.
fn odd_line() -> impl Strategy<Value = String> {
    let names = vec![
        "N",
        "FN",
        "ADR",
        "LABEL",
        "TEL",
        "EMAIL",
        "PHOTO",
        "KEY",
        "SOUND",
        "BDAY",
        "ANNIVERSARY",
        "X-ANNIVERSARY",
        "X-ABDATE",
        "X-ABLabel",
        "X-GENDER",
        "GENDER",
        "GEO",
        "TZ",
        "IMPP",
        "X-JABBER",
        "KIND",
        "X-ADDRESSBOOKSERVER-KIND",
        "MEMBER",
        "SORT-STRING",
        "REV",
        "NOTE",
        "VERSION",
        "UID",
        "ORG",
        "X-ABShowAs",
        "URL",
        "AGENT",
        "CATEGORIES",
        "DEATHDATE",
        "X-",
    ];
    let params = vec![
        "TYPE=pref",
        "TYPE=\"a,pref\"",
        "TYPE=",
        "PREF=1",
        "PREF=7",
        "PREF=x",
        "ENCODING=b",
        "ENCODING=QUOTED-PRINTABLE",
        "QUOTED-PRINTABLE",
        "BASE64",
        "CELL",
        "CHARSET=UTF-8",
        "VALUE=uri",
        "VALUE=date",
        "VALUE=text",
        "VALUE=utc-offset",
        "VALUE=url",
        "MEDIATYPE=image/png",
        "X-APPLE-OMIT-YEAR=1604",
        "SORT-AS=a",
        "SORT-AS=\"a,b\"",
        "LABEL=x^ny",
        "LABEL=\"a:b\"",
        "ALTID=1",
        "X-A=\"b",
        "TYPE=JPEG",
    ];
    let values = prop_oneof![
        "[a-zé;,\\\\:\"=^T0-9 -]{0,16}",
        select(vec![
            "1604-02-29",
            "--0229",
            "20260101",
            "20260101T000000Z",
            "data:image/png;base64,AAEC",
            "data:,a%20b",
            "data:image/png\\;base64\\,AAEC",
            "/9j/4AA",
            "=C3=A9=",
            "geo:1,2;u=3",
            "1.5;2.5",
            "tel:+33",
            "xmpp:a",
            "group",
            "org",
            "COMPANY",
            "_$!<Anniversary>!$_",
            "M;x",
            "+01:00",
            "-0500",
            "4.0",
            "3.0",
            "2.1",
            "",
        ])
        .prop_map(str::to_owned),
    ];
    (select(vec!["", "", "item1.", "A."]), select(names), prop::collection::vec(select(params), 0..4), values)
        .prop_map(|(group, name, params, value)| {
            let params: String = params.iter().map(|param| format!(";{param}")).collect();
            format!("{group}{name}{params}:{value}")
        })
}

fn card(version: &str, lines: &[String]) -> String {
    let mut out = String::new();
    for line in
        [&["BEGIN:VCARD".to_owned(), format!("VERSION:{version}")], lines, &["END:VCARD".to_owned()]].concat()
    {
        write_folded(&mut out, &line);
    }
    out
}

/// A corpus file with some characters taken out, doubled or put in.
fn mutated(extension: &'static str) -> impl Strategy<Value = String> {
    let files: Vec<String> = corpus(extension).into_iter().map(|(_, source)| source).collect();
    let change = (
        any::<Index>(),
        0usize..3,
        select(vec![
            "",
            "\r\n",
            "\n ",
            ":",
            ";",
            "\"",
            "=",
            "\\",
            ",",
            "é",
            "\u{1}",
            ".",
            "END:VCARD\r\n",
            "BEGIN:X\n",
        ]),
    );
    (select(files), prop::collection::vec(change, 1..6)).prop_map(|(source, changes)| {
        let mut chars: Vec<char> = source.chars().collect();
        for (at, gone, put) in changes {
            let at = at.index(chars.len().max(1)).min(chars.len());
            let end = (at + gone).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn three_four_three_keeps_names_and_texts(lines in prop::collection::vec(supported_line(), 0..12)) {
        let mut lines = lines;
        // One of each that 4.0 has once only.
        for once in ["N:", "BDAY", "REV:", "X-GENDER", "GEO:", "TZ:", "X-ABShowAs"] {
            let mut seen = false;
            lines.retain(|line| !line.starts_with(once) || !std::mem::replace(&mut seen, true));
        }
        lines.insert(0, "FN:Jean".to_owned());
        if !lines.iter().any(|line| line.starts_with("N:")) {
            lines.insert(0, "N:Dupont;Jean;;;".to_owned());
        }
        let three = card("3.0", &lines);
        let four = convert(&three, Version::V4).expect("convertible");
        let back = convert(&four, Version::V3).expect("convertible");
        prop_assert_eq!(meaning(&back), meaning(&three), "{}", four);
    }

    #[test]
    fn odd_cards_are_converted_without_harm(version in select(vec!["2.1", "3.0", "4.0"]), lines in prop::collection::vec(odd_line(), 0..10)) {
        let source = card(version, &lines);
        prop_assume!(Document::parse(&source, Limits::default()).is_ok());
        assert_convertible(&source);
        assert_json_keeps(&source);
        if let Ok(index) = CardIndex::build(&parse(&source)) {
            prop_assert_eq!(Some(index.version), Version::of(&parse(&source).roots[0]));
        }
    }

    #[test]
    fn mutated_files_are_read_without_loss_or_refused(source in prop_oneof![mutated("vcf"), mutated("ics")]) {
        if Document::parse(&source, Limits::default()).is_ok() {
            assert_lossless(&source);
            assert_json_keeps(&source);
            assert_convertible(&source);
        }
    }

    #[test]
    fn any_text_at_all_is_answered(source in "(?s).{0,200}") {
        prop_assert!(convert(&source, Version::V3).is_err() || Document::parse(&source, Limits::default()).is_ok());
        vcard::partial(&source, &[]);
    }

    #[test]
    fn what_json_says_stays_in_its_line(name in "[a-z-]{1,8}", kind in select(vec!["text", "uri", "unknown", "date-time", "period", "recur", "utc-offset", "float"]), value in "(?s).{0,30}", param in "(?s).{0,10}") {
        let json = serde_json::json!(["vcalendar", [[name, {"x-p": param}, kind, value]], []]);
        match from_jcal(&json) {
            Ok(text) => {
                let document = parse(&text);
                prop_assert_eq!((document.roots.len(), document.roots[0].lines.len()), (1, 1));
            }
            Err(_) => prop_assert!(name == "begin" || name == "end"),
        }
    }
}
