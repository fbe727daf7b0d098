//! `CARDDAV:filter` of addressbook-query (RFC 6352 §10.5).

use super::Reader;
use crate::domain::fault::{Condition, Fault, FilterPart};
use crate::domain::query::card::CardTest;
use crate::domain::query::{CardFilter, CardPropertyFilter, Test};
use crate::text::xml::Element;

/// Reads a `CARDDAV:filter`; one without conditions matches every card. Unknown properties are no error.
///
/// Fails with `supported-filter` where it asks what cannot be answered, with `supported-collation` for an unknown collation, as a
/// bad request where the grammar is broken: RFC 6352 §8.6 knows no precondition for that.
pub fn card_filter(filter: &Element) -> Result<CardFilter, Fault> {
    let mut reader = Reader::card();
    let test = test_attribute(&reader, filter)?;
    let mut properties = Vec::new();
    for child in filter.children() {
        if !child.is(reader.ns, "prop-filter") {
            return Err(reader.unsupported(None));
        }
        properties.push(reader.card_property(child)?);
    }
    Ok(CardFilter { test, properties })
}

impl Reader {
    fn card_property(&mut self, element: &Element) -> Result<CardPropertyFilter, Fault> {
        self.count()?;
        let name = self.name(element)?;
        if name.starts_with('.') || name.ends_with('.') {
            return Err(self.invalid("a name is PROPERTY or group.PROPERTY"));
        }
        let join = test_attribute(self, element)?;
        if self.is_not_defined(element)? {
            return Ok(CardPropertyFilter { name, test: CardTest::NotDefined });
        }
        let (mut texts, mut params) = (Vec::new(), Vec::new());
        for child in element.children() {
            match child.local.as_str() {
                "text-match" if child.ns == self.ns => texts.push(self.text_match(child)?),
                "param-filter" if child.ns == self.ns => {
                    let param = self.param_filter(child);
                    params.push(param.map_err(|fault| within(&name, fault))?);
                }
                // RFC 6352 §8.6 wants the prop-filter named that is not supported.
                _ => return Err(self.unsupported(Some(FilterPart::Property(name)))),
            }
        }
        Ok(CardPropertyFilter { name, test: CardTest::Defined { join, texts, params } })
    }
}

/// What is not supported, told as the `prop-filter` that it stands in.
fn within(name: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Condition(Condition::SupportedFilter { card, .. }) => {
            Condition::SupportedFilter { card, part: Some(FilterPart::Property(name.to_owned())) }.into()
        }
        other => other,
    }
}

fn test_attribute(reader: &Reader, element: &Element) -> Result<Test, Fault> {
    match element.attribute("test").map(str::trim) {
        None | Some("anyof") => Ok(Test::AnyOf),
        Some("allof") => Ok(Test::AllOf),
        Some(_) => Err(reader.invalid("test is anyof or allof")),
    }
}
