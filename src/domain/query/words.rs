//! A search as people type it: some words, each of which stands somewhere in what an item says. Accents and case do not count.
//!
//! Knows no storage; looks into the text of one item at a time.

use crate::text::collation::fold;
use crate::text::component::{Component, Document, Limits};
use crate::text::vcard;

/// Words of a search at most.
const MOST: usize = 20;
/// Octets of a search at most.
const BYTES: usize = 1_000;
/// What of a calendar component is searched, beside the people in it.
const SAID: [&str; 5] = ["SUMMARY", "DESCRIPTION", "LOCATION", "CATEGORIES", "COMMENT"];
const PEOPLE: [&str; 2] = ["ORGANIZER", "ATTENDEE"];

/// The words of a search, folded. Without any everything fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Takes a search apart; `None` where it has too many words.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > BYTES {
            return None;
        }
        let words: Vec<String> = fold(text).split_whitespace().map(str::to_owned).collect();
        (words.len() <= MOST).then_some(Words(words))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The word that screens best.
    pub fn longest(&self) -> Option<&str> {
        self.0.iter().map(String::as_str).max_by_key(|word| word.len())
    }

    /// Whether one component of a calendar object, a series or one of its overrides, says all of them.
    pub fn in_calendar(&self, body: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let Ok(document) = Document::parse(body, Limits::default()) else { return false };
        let mut parts = document.roots.iter().flat_map(|calendar| &calendar.children);
        parts.any(|part| !part.is("VTIMEZONE") && self.stand_in(&said(part)))
    }

    /// Whether a card says all of them: in its names, nicknames, addresses, numbers and organisation.
    pub fn in_card(&self, body: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let Ok(document) = Document::parse(body, Limits::default()) else { return false };
        self.stand_in(&vcard::search_text(&document))
    }

    fn stand_in(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}

/// What a component says, folded; values apart from each other.
fn said(part: &Component<'_>) -> String {
    let mut text = String::new();
    for line in &part.lines {
        if SAID.iter().any(|name| line.is(name)) {
            text.push_str(&fold(&line.text()));
        } else if PEOPLE.iter().any(|name| line.is(name)) {
            let address = line.value();
            let plain = address.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
            text.push_str(&fold(plain.and_then(|_| address.get(7..)).unwrap_or(address)));
            text.push('\n');
            text.push_str(&fold(&line.param("CN").unwrap_or_default()));
        } else {
            continue;
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:secret\r\nSUMMARY:Réunion d’équipe\r\n\
        LOCATION:Salle Curie\\, 2e étage\r\nATTENDEE;CN=Élise Dupont:mailto:elise@example.org\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:secret\r\nSUMMARY:Ailleurs\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn in_event(text: &str) -> bool {
        Words::parse(text).expect("words").in_calendar(EVENT)
    }

    #[test]
    fn all_words_stand_in_one_component() {
        for found in ["", "reunion", "EQUIPE curie", "curie, 2e", "elise", "Dupont example.org", "ailleurs"] {
            assert!(in_event(found), "{found}");
        }
        for not in ["secret", "reunion ailleurs", "mailto", "curie\\,"] {
            assert!(!in_event(not), "{not}");
        }
        assert!(!Words::parse("a").expect("a word").in_calendar("nonsense"));
    }

    #[test]
    fn cards_are_searched_where_people_are_named() {
        let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Élise Dupont\r\nEMAIL:e.d@example.org\r\nNOTE:note\r\nEND:VCARD\r\n";
        let found = |text: &str| Words::parse(text).expect("words").in_card(card);
        assert!(found("dupont elise") && found("e.d@") && found(""));
        assert!(!found("note") && !found("elise martin"));
    }

    #[test]
    fn searches_are_bounded() {
        assert!(Words::parse(&"a ".repeat(MOST + 1)).is_none());
        assert!(Words::parse(&"a".repeat(BYTES + 1)).is_none());
        assert_eq!(Words::parse("ab abc").expect("words").longest(), Some("abc"));
    }
}
