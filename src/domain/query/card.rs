//! Filters on contacts (RFC 6352 §10.5).
//!
//! Values are compared in plain Unicode as `text::vcard` reads them, of any version. Knows no XML.

use super::{ParamFilter, ParamTest, Test, TextMatch};
use crate::text::component::{Component, Document, Limits};
use crate::text::line::Line;
use crate::text::vcard::{Version, fields, is_named, text, type_words};

/// Properties that [`crate::text::vcard::search_text`] holds: only these can be screened by it.
const SEARCHED: [&str; 6] = ["FN", "N", "NICKNAME", "EMAIL", "TEL", "ORG"];
/// Properties with fields or lists, of which one may be meant: `equals Dupont` finds `Dupont;Jean;;;`.
const FIELDED: [&str; 5] = ["N", "ADR", "ORG", "NICKNAME", "CATEGORIES"];

/// What a card must be like. Without properties it fits every card.
#[derive(Debug, Clone, Default)]
pub struct CardFilter {
    /// How the properties are joined.
    pub test: Test,
    /// The conditions.
    pub properties: Vec<CardPropertyFilter>,
}

/// A condition on a property of a card (RFC 6352 §10.5.1).
#[derive(Debug, Clone)]
pub struct CardPropertyFilter {
    /// `TEL` in any group or none, or `item1.TEL` in that one.
    pub name: String,
    /// What must be true of it.
    pub test: CardTest,
}

/// What a [`CardPropertyFilter`] asks.
#[derive(Debug, Clone)]
pub enum CardTest {
    /// No such property.
    NotDefined,
    /// One property of the name to which this applies; without texts and parameters any will do.
    Defined {
        /// How texts and parameters are joined. With `AllOf` all must hold on the same property.
        join: Test,
        /// Its value fits.
        texts: Vec<TextMatch>,
        /// Its parameters fit.
        params: Vec<ParamFilter>,
    },
}

impl CardFilter {
    /// Whether the card `body` fits. A text that is no card fits nothing but a filter without conditions.
    pub fn matches(&self, body: &str) -> bool {
        if self.properties.is_empty() {
            return true;
        }
        let Ok(document) = Document::parse(body, Limits::default()) else { return false };
        document.roots.iter().any(|card| {
            let version = Version::of(card).unwrap_or(Version::V3);
            self.test.join(&self.properties, |property| property.matches(card, version))
        })
    }

    /// Folded texts of which at least one stands in the search text of each card that fits, so that the store may
    /// look at those cards only. `None` where the filter allows no such screen.
    pub fn needles(&self) -> Option<Vec<String>> {
        match self.test {
            Test::AnyOf => union(self.properties.iter().map(CardPropertyFilter::needles)),
            Test::AllOf => best(self.properties.iter().filter_map(CardPropertyFilter::needles)),
        }
    }

    /// Whether a card may fit that is not read yet: `may_have` says of a property whether its values may hold a text. What only the card
    /// itself tells is taken to hold.
    pub fn may_fit(&self, may_have: impl Fn(&str, &TextMatch) -> bool) -> bool {
        self.test.join(&self.properties, |property| property.may_fit(&may_have))
    }
}

impl CardPropertyFilter {
    fn matches(&self, card: &Component<'_>, version: Version) -> bool {
        let mut lines = card.lines.iter().filter(|line| is_named(line, &self.name));
        match &self.test {
            CardTest::NotDefined => lines.next().is_none(),
            CardTest::Defined { join, texts, params } => {
                lines.any(|line| line_fits(line, version, *join, texts, params))
            }
        }
    }

    /// The name without its group.
    fn bare_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    fn may_fit(&self, may_have: impl Fn(&str, &TextMatch) -> bool) -> bool {
        let CardTest::Defined { join, texts, params } = &self.test else { return true };
        match join {
            Test::AnyOf if !params.is_empty() => true,
            join => join.join(texts, |text| may_have(self.bare_name(), text)),
        }
    }

    fn needles(&self) -> Option<Vec<String>> {
        let name = self.bare_name();
        if !SEARCHED.iter().any(|searched| searched.eq_ignore_ascii_case(name)) {
            return None;
        }
        let CardTest::Defined { join, texts, params } = &self.test else { return None };
        let each = texts
            .iter()
            .map(|text| text.required().filter(|needle| !needle.is_empty()).map(|needle| vec![needle]));
        match join {
            // A parameter alone may make it fit.
            Test::AnyOf if !params.is_empty() => None,
            Test::AnyOf => union(each),
            Test::AllOf => best(each.flatten()),
        }
    }
}

fn line_fits(
    line: &Line<'_>,
    version: Version,
    join: Test,
    texts: &[TextMatch],
    params: &[ParamFilter],
) -> bool {
    if texts.is_empty() && params.is_empty() {
        return true;
    }
    let values = if texts.is_empty() { Vec::new() } else { comparable(line, version) };
    let mut results = texts
        .iter()
        .map(|text| text.matches_any(values.iter().map(String::as_str)))
        .chain(params.iter().map(|param| param_fits(param, line)));
    match join {
        Test::AnyOf => results.any(|fits| fits),
        Test::AllOf => results.all(|fits| fits),
    }
}

/// The value as a whole, then its fields where it has some.
fn comparable(line: &Line<'_>, version: Version) -> Vec<String> {
    let mut values = vec![text(line, version)];
    // Escapes of 2.1 are not sure enough to cut at.
    if version != Version::V21 && FIELDED.iter().any(|name| line.is(name)) {
        values.extend(fields(line, version).into_iter().flatten().filter(|field| !field.is_empty()));
    }
    values
}

/// Parameters of cards. Of TYPE each word is a value of its own, in whichever way the versions write several of them.
fn param_fits(filter: &ParamFilter, line: &Line<'_>) -> bool {
    if !filter.name.eq_ignore_ascii_case("TYPE") {
        return filter.matches(line);
    }
    let mut words = type_words(line).peekable();
    let there = words.peek().is_some() || line.param("TYPE").is_some();
    match &filter.test {
        ParamTest::Defined => there,
        ParamTest::NotDefined => !there,
        ParamTest::Text(text) => there && text.matches_any(words),
    }
}

/// All texts of all alternatives; `None` where one alternative has no text, or there is none.
fn union(alternatives: impl Iterator<Item = Option<Vec<String>>>) -> Option<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    for needles in alternatives {
        for needle in needles? {
            if !all.contains(&needle) {
                all.push(needle);
            }
        }
    }
    (!all.is_empty()).then_some(all)
}

/// Of several sets that must all hold, the one that lets the fewest cards through, by the look of it.
fn best(sets: impl Iterator<Item = Vec<String>>) -> Option<Vec<String>> {
    sets.max_by_key(|needles| needles.iter().map(String::len).min())
}

#[cfg(test)]
mod tests;
