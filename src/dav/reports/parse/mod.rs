//! From the XML of a report to the filters and requests of the domain.
//!
//! A filter that is not understood is refused, never ignored: clients delete what an answer leaves out.
//! RFC 4791 §7.8, §9.6 to §9.9, RFC 6352 §8.6, §10.4 and §10.5. Knows no objects.

mod calendar;
mod card;
mod data;

#[cfg(test)]
mod tests;

pub use calendar::calendar_filter;
pub use card::card_filter;
pub use data::calendar_data;

use crate::dav::xml::names::{CALDAV, CARDDAV};
use crate::domain::fault::{Condition, Fault, FilterPart};
use crate::domain::query::{ParamFilter, ParamTest, TextMatch};
use crate::text::collation::{Collation, MatchType};
use crate::text::recur::Window;
use crate::text::recur::moment::Moment;
use crate::text::xml::Element;

/// Conditions in one filter; real ones have about ten. Each is checked against each object.
const MAX_CONDITIONS: usize = 100;
/// Octets of the text that is looked for.
const MAX_TEXT: usize = 1_024;
/// Octets of a name of a component, property or parameter.
const MAX_NAME: usize = 128;

/// Which of the two filter languages is read, and what has been read of it.
struct Reader {
    ns: &'static str,
    default_collation: Collation,
    conditions: usize,
}

impl Reader {
    fn calendar() -> Self {
        Reader { ns: CALDAV, default_collation: Collation::AsciiCasemap, conditions: 0 }
    }

    fn card() -> Self {
        Reader { ns: CARDDAV, default_collation: Collation::UnicodeCasemap, conditions: 0 }
    }

    fn is_card(&self) -> bool {
        self.ns == CARDDAV
    }

    /// Something is asked that cannot be answered: RFC 4791 §7.8 and RFC 6352 §8.6 want the part of the filter named in which it is.
    fn unsupported(&self, part: Option<FilterPart>) -> Fault {
        Condition::SupportedFilter { card: self.is_card(), part }.into()
    }

    /// A filter that does not follow the grammar. RFC 4791 has a precondition for it; RFC 6352 §8.6 has none, so that a
    /// broken address book filter is a bad request like any other broken body.
    fn invalid(&self, why: impl Into<String>) -> Fault {
        if self.is_card() { Fault::BadRequest(why.into()) } else { invalid(why) }
    }

    /// Counts one condition, so that a filter stays cheap to check.
    fn count(&mut self) -> Result<(), Fault> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(self.invalid("the filter has too many conditions"));
        }
        Ok(())
    }

    /// The attribute `name` of a filter element.
    fn name(&self, element: &Element) -> Result<String, Fault> {
        let name = element.attribute("name").map(str::trim).unwrap_or_default();
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(self.invalid(format!("{} needs a name", element.local)));
        }
        Ok(name.to_owned())
    }

    /// Whether the element holds nothing but `is-not-defined`.
    fn is_not_defined(&self, element: &Element) -> Result<bool, Fault> {
        let absent = element.child(self.ns, "is-not-defined").is_some();
        if absent && element.children().count() > 1 {
            return Err(self.invalid("is-not-defined stands alone"));
        }
        Ok(absent)
    }

    fn text_match(&mut self, element: &Element) -> Result<TextMatch, Fault> {
        self.count()?;
        let text = element.text();
        if text.len() > MAX_TEXT || element.children().next().is_some() {
            return Err(self.invalid("text-match holds a short text and nothing else"));
        }
        let collation = match element.attribute("collation") {
            None => self.default_collation,
            Some("default") => self.default_collation,
            Some(name) => {
                Collation::parse(name).ok_or(Condition::SupportedCollation { card: self.is_card() })?
            }
        };
        let match_type = match element.attribute("match-type") {
            Some(word) => MatchType::parse(word).ok_or_else(|| self.invalid("unknown match-type"))?,
            None => MatchType::Contains,
        };
        let negate = match element.attribute("negate-condition").map(str::trim) {
            None | Some("no") => false,
            Some("yes") => true,
            Some(_) => return Err(self.invalid("negate-condition is yes or no")),
        };
        Ok(TextMatch::new(text, collation, match_type, negate))
    }

    fn param_filter(&mut self, element: &Element) -> Result<ParamFilter, Fault> {
        self.count()?;
        let name = self.name(element)?;
        if self.is_not_defined(element)? {
            return Ok(ParamFilter { name, test: ParamTest::NotDefined });
        }
        let mut test = ParamTest::Defined;
        for child in element.children() {
            if !child.is(self.ns, "text-match") {
                return Err(self.unsupported(Some(FilterPart::Parameter(name))));
            }
            if !matches!(test, ParamTest::Defined) {
                return Err(self.invalid("one text-match in a param-filter"));
            }
            test = ParamTest::Text(self.text_match(child)?);
        }
        Ok(ParamFilter { name, test })
    }
}

/// A calendar filter that does not follow the grammar.
fn invalid(why: impl Into<String>) -> Fault {
    Condition::ValidFilter(why.into()).into()
}

/// Reads `start` and `end` of an element: UTC, at least one of them, the end after the start (RFC 4791 §9.9).
pub fn window(element: &Element) -> Result<Window, &'static str> {
    let read =
        |name| element.attribute(name).map(|text| utc(text).ok_or("start and end are UTC: 20260131T090000Z"));
    let (start, end) = (read("start").transpose()?, read("end").transpose()?);
    if start.is_none() && end.is_none() {
        return Err("a time range needs a start or an end");
    }
    let window = Window::new(start.unwrap_or(i64::MIN), end.unwrap_or(i64::MAX));
    if window.end <= window.start {
        return Err("a time range ends after its start");
    }
    Ok(window)
}

/// Microseconds UTC of `YYYYMMDDTHHMMSSZ`; no other form is taken.
fn utc(text: &str) -> Option<i64> {
    let text = text.trim();
    let strict = text.len() == "YYYYMMDDTHHMMSSZ".len()
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    match Moment::parse(text) {
        Some(Moment::Utc(seconds)) if strict => Some(seconds * 1_000_000),
        _ => None,
    }
}
