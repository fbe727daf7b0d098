//! Comparison of texts as clients ask for it: `i;octet`, `i;ascii-casemap`, `i;unicode-casemap`.
//!
//! RFC 4790 §9.2 and §9.3, RFC 5051, and the match types of RFC 6352 §10.5.4. Knows no property and no query.
//! [`fold`] is coarser than each collation, character by character: what a collation finds in a text, `fold`
//! finds in the folded text, so a folded column is a complete pre-screen.

use std::borrow::Cow;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// How two texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collation {
    /// `i;ascii-casemap`: A to Z equal a to z, nothing else is equal (RFC 4790 §9.2).
    AsciiCasemap,
    /// `i;unicode-casemap`: case of all scripts and compatibility forms (RFC 5051). The default of CardDAV.
    #[default]
    UnicodeCasemap,
    /// `i;octet`: the same bytes (RFC 4790 §9.3).
    Octet,
}

/// Where the needle must stand in the haystack (RFC 6352 §10.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchType {
    /// The whole text.
    Equals,
    /// Anywhere. The default.
    #[default]
    Contains,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
}

impl MatchType {
    /// Reads the attribute `match-type`; `None` for a word the RFC does not have.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "equals" => MatchType::Equals,
            "contains" => MatchType::Contains,
            "starts-with" => MatchType::StartsWith,
            "ends-with" => MatchType::EndsWith,
            _ => return None,
        })
    }

    fn holds(self, haystack: &str, needle: &str) -> bool {
        match self {
            MatchType::Equals => haystack == needle,
            MatchType::Contains => haystack.contains(needle),
            MatchType::StartsWith => haystack.starts_with(needle),
            MatchType::EndsWith => haystack.ends_with(needle),
        }
    }
}

impl Collation {
    /// The identifiers a server names in `supported-collation-set`, in the order of this list.
    pub const NAMES: [&'static str; 3] = ["i;ascii-casemap", "i;unicode-casemap", "i;octet"];

    /// Reads a collation identifier; `default` is `i;unicode-casemap`. `None` means
    /// `supported-collation` has failed.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.trim() {
            "i;ascii-casemap" => Collation::AsciiCasemap,
            "i;unicode-casemap" | "default" => Collation::UnicodeCasemap,
            "i;octet" => Collation::Octet,
            _ => return None,
        })
    }

    /// The identifier of this collation.
    pub fn name(self) -> &'static str {
        match self {
            Collation::AsciiCasemap => "i;ascii-casemap",
            Collation::UnicodeCasemap => "i;unicode-casemap",
            Collation::Octet => "i;octet",
        }
    }

    /// Whether `needle` stands in `haystack` in the way of `kind`.
    pub fn matches(self, kind: MatchType, haystack: &str, needle: &str) -> bool {
        kind.holds(&self.key(haystack), &self.key(needle))
    }

    /// A needle made ready to be looked for in many texts.
    pub fn needle(self, kind: MatchType, needle: &str) -> Needle {
        Needle { collation: self, kind, key: self.key(needle).into_owned() }
    }

    /// What is compared by octets in the end.
    fn key(self, text: &str) -> Cow<'_, str> {
        match self {
            Collation::Octet => Cow::Borrowed(text),
            Collation::AsciiCasemap if !text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                Cow::Borrowed(text)
            }
            Collation::AsciiCasemap => Cow::Owned(text.to_ascii_uppercase()),
            Collation::UnicodeCasemap => Cow::Owned(casemap(text)),
        }
    }
}

/// A needle with its collation applied once.
#[derive(Debug, Clone)]
pub struct Needle {
    collation: Collation,
    kind: MatchType,
    key: String,
}

impl Needle {
    /// Whether the needle stands in `haystack`.
    pub fn matches(&self, haystack: &str) -> bool {
        self.kind.holds(&self.collation.key(haystack), &self.key)
    }

    /// Whether the needle stands anywhere in `haystack`, whatever its kind of match.
    pub fn stands_in(&self, haystack: &str) -> bool {
        self.collation.key(haystack).contains(&*self.key)
    }
}

/// The key of `i;unicode-casemap`: simple titlecase, then full decomposition, in the order of the text (RFC 5051 §2).
/// One liberty: letters out of a ligature (`ﬁ`, `ǆ`) are put in capitals too, so that `fi` finds them.
pub fn casemap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_uppercase());
            continue;
        }
        decompose_compatible(titlecase(c), |part| {
            // Marks stay as they are: U+0345 has a capital of its own, a full letter.
            out.push(if is_combining_mark(part) { part } else { titlecase(part) });
        });
    }
    out
}

/// The simple titlecase mapping of UnicodeData: one character to one.
fn titlecase(c: char) -> char {
    match c {
        // The digraphs have a titlecase of their own; Georgian has none.
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10ff}' => c,
        _ => {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(only), None) => only,
                _ => c,
            }
        }
    }
}

/// Text without case, accents and ligatures: what people type when they look for somebody.
/// Coarser than [`casemap`] character by character.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in casemap(text).chars() {
        match c {
            _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            _ if is_combining_mark(c) => {}
            'Æ' | 'æ' => out.push_str("ae"),
            'Œ' | 'œ' => out.push_str("oe"),
            'ß' | 'ẞ' => out.push_str("ss"),
            'Þ' | 'þ' => out.push_str("th"),
            'Ø' | 'ø' => out.push('o'),
            'Đ' | 'đ' | 'Ð' | 'ð' => out.push('d'),
            'Ł' | 'ł' => out.push('l'),
            'Ħ' | 'ħ' => out.push('h'),
            'ı' => out.push('i'),
            // Curly apostrophes and the hyphens of Unicode, as phones write them.
            '’' | '‘' | 'ʼ' => out.push('\''),
            '‐' | '‑' | '–' | '—' => out.push('-'),
            _ => out.extend(c.to_lowercase().filter(|&part| !is_combining_mark(part))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ascii_casemap_leaves_other_letters_alone() {
        let ascii = Collation::AsciiCasemap;
        assert!(ascii.matches(MatchType::Contains, "Jean DUPONT", "dupont"));
        assert!(!ascii.matches(MatchType::Contains, "ÉLODIE", "élodie"));
        assert!(ascii.matches(MatchType::EndsWith, "Élodie", "LODIE"));
    }

    #[test]
    fn unicode_casemap_follows_rfc_5051() {
        let unicode = Collation::UnicodeCasemap;
        assert!(unicode.matches(MatchType::Equals, "ÉLODIE", "élodie"));
        assert!(unicode.matches(MatchType::Equals, "e\u{301}", "É"));
        assert!(!unicode.matches(MatchType::Equals, "Elodie", "Élodie"));
        assert!(unicode.matches(MatchType::StartsWith, "Łukasz", "łu"));
        assert!(unicode.matches(MatchType::Contains, "ﬁnance", "FI"));
        assert!(unicode.matches(MatchType::Equals, "ǆ", "ǅ"));
        assert!(unicode.matches(MatchType::Equals, "ᾳ", "ᾼ"));
        assert_eq!(casemap("straße"), "STRAßE");
        assert_eq!(casemap("é"), "E\u{301}");
    }

    #[test]
    fn octet_is_exact_and_names_are_known() {
        assert!(!Collation::Octet.matches(MatchType::Equals, "a", "A"));
        for name in Collation::NAMES {
            assert_eq!(Collation::parse(name).map(Collation::name), Some(name));
        }
        assert_eq!(Collation::parse("i;klingon"), None);
        assert_eq!(MatchType::parse("starts-with"), Some(MatchType::StartsWith));
        assert_eq!(MatchType::parse("Equals"), None);
    }

    #[test]
    fn folding_drops_accents_and_ligatures() {
        assert_eq!(fold("Élodie LEFÈVRE-Œuvré"), "elodie lefevre-oeuvre");
        assert_eq!(fold("Straße, Łódź, Ærø"), "strasse, lodz, aero");
        assert_eq!(fold("İstanbul"), "istanbul");
    }

    proptest! {
        #[test]
        fn what_a_collation_finds_the_folded_text_has(haystack in "\\PC{0,12}", from in 0usize..12, len in 0usize..6, lower: bool) {
            let part: String = haystack.chars().skip(from).take(len).collect();
            let needle = if lower { part.to_lowercase() } else { part.to_uppercase() };
            for collation in [Collation::AsciiCasemap, Collation::UnicodeCasemap, Collation::Octet] {
                for kind in [MatchType::Equals, MatchType::Contains, MatchType::StartsWith, MatchType::EndsWith] {
                    if collation.matches(kind, &haystack, &needle) {
                        prop_assert!(fold(&haystack).contains(&fold(&needle)), "{haystack:?} {needle:?}");
                    }
                    prop_assert_eq!(collation.matches(kind, &haystack, &needle), collation.needle(kind, &needle).matches(&haystack));
                }
            }
        }

        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,20}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
