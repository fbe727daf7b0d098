//! Contact filters (RFC 6352 §8.6, §10.5).

use super::*;
use crate::text::collation::{Collation, MatchType};
use crate::text::vcard::search_text;

const PAUL: &str = concat!(
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:p\r\nFN:Paul Lefèvre\r\nN:Lefèvre;Paul;;;\r\nNICKNAME:moi,Polo\r\n",
    "EMAIL;TYPE=INTERNET,WORK:paul@example.org\r\nitem1.EMAIL;TYPE=HOME:pl@maison.test\r\nitem1.X-ABLabel:Chez lui\r\n",
    "TEL;TYPE=CELL:+33 6 11\r\nNOTE:a\\, b\\nc\r\nEND:VCARD\r\n"
);
const OLD: &str = concat!(
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:Lef=E8vre;Anne\r\nFN:Anne\r\n",
    "TEL;HOME;VOICE:01\r\nEND:VCARD\r\n"
);

fn text(needle: &str, kind: MatchType) -> TextMatch {
    TextMatch::new(needle.to_owned(), Collation::UnicodeCasemap, kind, false)
}

fn not(needle: &str) -> TextMatch {
    TextMatch::new(needle.to_owned(), Collation::UnicodeCasemap, MatchType::Contains, true)
}

fn has(name: &str, texts: Vec<TextMatch>) -> CardPropertyFilter {
    with(name, Test::AnyOf, texts, Vec::new())
}

fn with(name: &str, join: Test, texts: Vec<TextMatch>, params: Vec<ParamFilter>) -> CardPropertyFilter {
    CardPropertyFilter { name: name.to_owned(), test: CardTest::Defined { join, texts, params } }
}

fn absent(name: &str) -> CardPropertyFilter {
    CardPropertyFilter { name: name.to_owned(), test: CardTest::NotDefined }
}

fn type_is(value: &str) -> ParamFilter {
    ParamFilter { name: "type".to_owned(), test: ParamTest::Text(text(value, MatchType::Equals)) }
}

fn one(property: CardPropertyFilter) -> CardFilter {
    CardFilter { test: Test::AnyOf, properties: vec![property] }
}

fn contains(needle: &str) -> Vec<TextMatch> {
    vec![text(needle, MatchType::Contains)]
}

#[test]
fn presence_absence_and_groups() {
    assert!(CardFilter::default().matches(PAUL));
    assert!(one(has("nickname", vec![])).matches(PAUL));
    assert!(!one(has("NICKNAME", vec![])).matches(OLD));
    assert!(one(absent("PHOTO")).matches(PAUL));
    assert!(!one(absent("EMAIL")).matches(PAUL));
    assert!(one(has("item1.EMAIL", contains("maison"))).matches(PAUL));
    assert!(!one(has("item1.EMAIL", contains("example.org"))).matches(PAUL));
    assert!(one(has("EMAIL", contains("MAISON"))).matches(PAUL), "without a group any group will do");
    assert!(one(absent("item2.EMAIL")).matches(PAUL));
}

#[test]
fn values_are_plain_text_in_every_version() {
    for card in [PAUL, OLD] {
        assert!(one(has("N", contains("LEFÈVRE"))).matches(card));
    }
    assert!(one(has("NOTE", contains("a, b\nc"))).matches(PAUL));
    assert!(one(has("N", vec![text("lefèvre", MatchType::Equals)])).matches(PAUL), "one field of N");
    assert!(one(has("NICKNAME", vec![text("polo", MatchType::StartsWith)])).matches(PAUL), "one of a list");
    assert!(!one(has("FN", vec![text("lefèvre", MatchType::StartsWith)])).matches(PAUL));
    assert!(one(has("FN", vec![text("lefèvre", MatchType::EndsWith)])).matches(PAUL));
}

#[test]
fn negation_and_joins() {
    assert!(one(has("FN", vec![not("Anne")])).matches(PAUL));
    assert!(!one(has("FN", vec![not("paul")])).matches(PAUL));
    assert!(!one(has("NICKNAME", vec![not("x")])).matches(OLD), "a property that is not there fits no text");
    let both = |test| CardFilter {
        test,
        properties: vec![has("FN", contains("anne")), has("TEL", contains("6 11"))],
    };
    assert!(both(Test::AnyOf).matches(PAUL) && both(Test::AnyOf).matches(OLD));
    assert!(!both(Test::AllOf).matches(PAUL) && !both(Test::AllOf).matches(OLD));
    let home = |join, needle| one(with("EMAIL", join, contains(needle), vec![type_is("home")]));
    assert!(home(Test::AllOf, "maison").matches(PAUL));
    assert!(!home(Test::AllOf, "example").matches(PAUL), "text and type on the same address");
    assert!(home(Test::AnyOf, "nowhere").matches(PAUL));
}

#[test]
fn types_without_a_name_are_types() {
    let tel = |param| one(with("TEL", Test::AllOf, vec![], vec![param]));
    assert!(tel(type_is("voice")).matches(OLD));
    assert!(!tel(type_is("cell")).matches(OLD));
    assert!(!tel(ParamFilter { name: "TYPE".into(), test: ParamTest::NotDefined }).matches(OLD));
    assert!(tel(ParamFilter { name: "X-OTHER".into(), test: ParamTest::NotDefined }).matches(OLD));
    let no_home = ParamFilter { name: "TYPE".into(), test: ParamTest::Text(not("home")) };
    assert!(!tel(no_home.clone()).matches(OLD));
    assert!(tel(no_home).matches(PAUL));
}

#[test]
fn each_word_of_a_list_of_types_is_a_value() {
    let card = |line: &str| format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\n{line}\r\nEND:VCARD\r\n");
    let email = |param| one(with("EMAIL", Test::AllOf, vec![], vec![param]));
    for line in [
        "EMAIL;TYPE=\"work,home\":a@b",
        "EMAIL;TYPE=work,home:a@b",
        "EMAIL;TYPE=work;TYPE=home:a@b",
        "EMAIL;TYPE=\"work\",\"home\":a@b",
        "EMAIL;TYPE=\"cell, work\";TYPE=home:a@b",
    ] {
        for word in ["work", "HOME"] {
            assert!(email(type_is(word)).matches(&card(line)), "{word} in {line}");
        }
        for word in ["work,home", "wor", "pref"] {
            assert!(!email(type_is(word)).matches(&card(line)), "{word} in {line}");
        }
        assert!(
            !email(ParamFilter { name: "TYPE".into(), test: ParamTest::Text(not("home")) })
                .matches(&card(line))
        );
        assert!(
            !email(ParamFilter { name: "TYPE".into(), test: ParamTest::NotDefined }).matches(&card(line))
        );
    }
    // An encoding is no type.
    let packed = ParamFilter { name: "TYPE".into(), test: ParamTest::NotDefined };
    assert!(email(packed).matches(&card("EMAIL;QUOTED-PRINTABLE:a@b")));
}

#[test]
fn needles_screen_without_losing_a_card() {
    let any = CardFilter {
        test: Test::AnyOf,
        properties: vec![has("FN", contains("Éric")), has("EMAIL", contains("E@"))],
    };
    assert_eq!(any.needles(), Some(vec!["eric".to_owned(), "e@".to_owned()]));
    let all = CardFilter {
        test: Test::AllOf,
        properties: vec![
            has("FN", contains("Al")),
            has("NOTE", contains("x")),
            has("EMAIL", contains("long")),
        ],
    };
    assert_eq!(all.needles(), Some(vec!["long".to_owned()]), "the longest text screens best");
    assert_eq!(one(has("NOTE", contains("x"))).needles(), None);
    assert_eq!(one(has("FN", contains(""))).needles(), None);
    assert_eq!(one(has("FN", vec![not("x")])).needles(), None);
    assert_eq!(one(absent("FN")).needles(), None);
    assert_eq!(one(with("TEL", Test::AnyOf, contains("1"), vec![type_is("cell")])).needles(), None);
    assert_eq!(
        one(with("item1.TEL", Test::AllOf, contains("12"), vec![type_is("cell")])).needles(),
        Some(vec!["12".to_owned()])
    );
    assert_eq!(CardFilter::default().needles(), None);
    let half = CardFilter {
        test: Test::AnyOf,
        properties: vec![has("FN", contains("a")), has("NOTE", contains("b"))],
    };
    assert_eq!(half.needles(), None);
}

#[test]
fn what_only_a_card_tells_may_fit() {
    let nothing = |_: &str, _: &TextMatch| false;
    assert!(!one(has("item1.FN", contains("x"))).may_fit(nothing));
    assert!(one(has("item1.FN", contains("x"))).may_fit(|name, _| name == "FN"), "whatever its group");
    assert!(one(absent("FN")).may_fit(nothing) && one(has("FN", vec![])).may_fit(nothing));
    assert!(CardFilter::default().may_fit(nothing));
    assert!(one(with("FN", Test::AnyOf, contains("x"), vec![type_is("home")])).may_fit(nothing));
    assert!(!one(with("FN", Test::AllOf, contains("x"), vec![type_is("home")])).may_fit(nothing));
    assert!(
        not("x").may_be_in("x")
            && text("X", MatchType::Equals).may_be_in("an x")
            && !text("y", MatchType::Equals).may_be_in("x")
    );
}

#[test]
fn what_fits_passes_the_screen() {
    let words = ["lefèvre", "LEF", "paul", "polo", "moi,p", "maison.TEST", "6 11", "lefèvre;", "zz"];
    let kinds = [MatchType::Equals, MatchType::Contains, MatchType::StartsWith, MatchType::EndsWith];
    let mut fits = 0;
    for card in [PAUL, OLD] {
        let searched = search_text(&Document::parse(card, Limits::default()).expect("readable"));
        for name in SEARCHED {
            for word in words {
                for kind in kinds {
                    let filter = one(has(name, vec![text(word, kind)]));
                    if filter.matches(card) {
                        fits += 1;
                        let needles = filter.needles().expect("a screen");
                        assert!(
                            needles.iter().any(|needle| searched.contains(needle)),
                            "{name} {word} {kind:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(fits > 15, "{fits}");
}
