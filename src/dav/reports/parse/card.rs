//! `CARDDAV:filter` of addressbook-query (RFC 6352 §10.5).

use super::{Reader, invalid};
use crate::domain::fault::Fault;
use crate::domain::query::card::CardTest;
use crate::domain::query::{CardFilter, CardPropertyFilter, Test};
use crate::text::xml::Element;

/// Reads a `CARDDAV:filter`; one without conditions matches every card. Unknown properties are no error.
///
/// Fails as [`super::calendar_filter`] does.
pub fn card_filter(filter: &Element) -> Result<CardFilter, Fault> {
    let mut reader = Reader::card();
    let test = test_attribute(filter)?;
    let mut properties = Vec::new();
    for child in filter.children() {
        if !child.is(reader.ns, "prop-filter") {
            return Err(reader.unsupported(&child.local));
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
            return Err(invalid("a name is PROPERTY or group.PROPERTY"));
        }
        let join = test_attribute(element)?;
        if self.is_not_defined(element)? {
            return Ok(CardPropertyFilter { name, test: CardTest::NotDefined });
        }
        let (mut texts, mut params) = (Vec::new(), Vec::new());
        for child in element.children() {
            match child.local.as_str() {
                "text-match" if child.ns == self.ns => texts.push(self.text_match(child)?),
                "param-filter" if child.ns == self.ns => params.push(self.param_filter(child)?),
                other => return Err(self.unsupported(other)),
            }
        }
        Ok(CardPropertyFilter { name, test: CardTest::Defined { join, texts, params } })
    }
}

fn test_attribute(element: &Element) -> Result<Test, Fault> {
    match element.attribute("test").map(str::trim) {
        None | Some("anyof") => Ok(Test::AnyOf),
        Some("allof") => Ok(Test::AllOf),
        Some(_) => Err(invalid("test is anyof or allof")),
    }
}
