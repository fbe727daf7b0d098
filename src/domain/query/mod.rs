//! The one query language: what calendar-query, addressbook-query, REST parameters and directory searches become.
//!
//! A filter is a plain value; it is checked against one object at a time, without I/O. The store asks it first what
//! it can screen by (`window`, `component`, `needles`). Knows no XML: see `dav/reports/parse`.
//! RFC 4791 §9.7, RFC 6352 §10.5.

pub mod calendar;
pub mod card;
#[cfg(test)]
pub(crate) mod samples;
pub mod words;

pub use calendar::{CalendarFilter, ComponentFilter, ComponentTest};
pub use card::{CardFilter, CardPropertyFilter};
pub use words::Words;

use super::fault::{Condition, Fault};
use crate::text::collation::{Collation, MatchType, Needle, fold};
use crate::text::line::Line;
use crate::text::recur::{Exhausted, Window};

/// How several conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Test {
    /// One is enough; what RFC 6352 takes where nothing is said.
    #[default]
    AnyOf,
    /// Each must hold.
    AllOf,
}

impl Test {
    /// Joins `items`, each judged by `holds`. No items at all hold.
    pub fn join<T>(self, items: &[T], mut holds: impl FnMut(&T) -> bool) -> bool {
        match self {
            Test::AnyOf => items.is_empty() || items.iter().any(holds),
            Test::AllOf => items.iter().all(&mut holds),
        }
    }
}

/// A search of a text within a value (RFC 4791 §9.7.5, RFC 6352 §10.5.4).
#[derive(Debug, Clone)]
pub struct TextMatch {
    text: String,
    needle: Needle,
    negate: bool,
}

impl TextMatch {
    /// Looks for `text`; `negate` turns the answer round.
    pub fn new(text: String, collation: Collation, match_type: MatchType, negate: bool) -> Self {
        let needle = collation.needle(match_type, &text);
        TextMatch { text, needle, negate }
    }

    /// Whether `value` fits.
    pub fn matches(&self, value: &str) -> bool {
        self.needle.matches(value) != self.negate
    }

    /// Whether any of `values` holds the text, or none does where the match is negated.
    pub fn matches_any<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> bool {
        values.into_iter().any(|value| self.needle.matches(value)) != self.negate
    }

    /// Whether a value that fits may be a part of `text`: it holds what is looked for, wherever it stands, or must not hold it.
    pub fn may_be_in(&self, text: &str) -> bool {
        self.negate || self.needle.stands_in(text)
    }

    /// The text that a fitting value must hold, folded for the search column; `None` where it must *not* hold it.
    pub fn required(&self) -> Option<String> {
        (!self.negate).then(|| fold(&self.text))
    }
}

/// A condition on a parameter of the property at hand (RFC 4791 §9.7.3, RFC 6352 §10.5.2).
#[derive(Debug, Clone)]
pub struct ParamFilter {
    /// The parameter, in any case.
    pub name: String,
    /// What must be true of it.
    pub test: ParamTest,
}

/// What a [`ParamFilter`] asks.
#[derive(Debug, Clone)]
pub enum ParamTest {
    /// The parameter is there.
    Defined,
    /// It is not.
    NotDefined,
    /// It is there and its value fits.
    Text(TextMatch),
}

impl ParamFilter {
    /// Whether `line` fits. A negated text wants the parameter, and none of its values to hold the text.
    pub fn matches(&self, line: &Line<'_>) -> bool {
        let values = line.param_values(&self.name);
        match &self.test {
            ParamTest::Defined => !values.is_empty(),
            ParamTest::NotDefined => values.is_empty(),
            ParamTest::Text(text) => {
                !values.is_empty() && text.matches_any(values.iter().map(|value| value.as_ref()))
            }
        }
    }
}

/// A condition on a property of a calendar component (RFC 4791 §9.7.2).
#[derive(Debug, Clone)]
pub struct PropFilter {
    /// The property, in any case.
    pub name: String,
    /// What must be true of it.
    pub test: PropTest,
}

/// What a [`PropFilter`] asks.
#[derive(Debug, Clone)]
pub enum PropTest {
    /// No such property.
    NotDefined,
    /// A property of the name to which all of this applies.
    Defined {
        /// Its date or date-time lies in here.
        range: Option<Window>,
        /// Its value fits.
        text: Option<TextMatch>,
        /// Its parameters fit.
        params: Vec<ParamFilter>,
    },
}

impl From<Exhausted> for Fault {
    /// RFC 4791 §7.8 names this condition for answers that the server will not work out.
    fn from(_: Exhausted) -> Self {
        Condition::NumberOfMatchesWithinLimits.into()
    }
}
