//! Filters on calendar objects (RFC 4791 §9.7 to §9.9).
//!
//! What can be told from the index is told from it; the text is parsed only where a filter looks at properties.
//! A condition on properties and a time range beside it speak of the same component: of a series, the master with
//! the instances it still has, or one override with its own. Knows no XML and no storage.

mod scope;

#[cfg(test)]
mod tests;

use super::PropFilter;
use crate::text::component::{Document, Limits};
use crate::text::ical::{CalendarIndex, RangeTarget};
use crate::text::recur::{Budget, Exhausted, Window};
use crate::text::zone::Zone;
use scope::Scope;
pub(crate) use scope::part_at;

/// What a calendar object must be like.
#[derive(Debug, Clone)]
pub struct CalendarFilter {
    /// The condition on the VCALENDAR itself.
    pub root: ComponentFilter,
}

/// A condition on a component (RFC 4791 §9.7.1).
#[derive(Debug, Clone)]
pub struct ComponentFilter {
    /// Name in capitals.
    pub name: String,
    /// What must be true of it.
    pub test: ComponentTest,
}

/// What a [`ComponentFilter`] asks.
#[derive(Debug, Clone)]
pub enum ComponentTest {
    /// No such component in this place.
    NotDefined,
    /// One component of the name to which all of this applies.
    Defined {
        /// An instance of it (or a trigger of an alarm) lies in here; of a VCALENDAR, an instance of what it holds.
        range: Option<Window>,
        /// Its properties.
        properties: Vec<PropFilter>,
        /// The components in it.
        components: Vec<ComponentFilter>,
    },
}

impl CalendarFilter {
    /// The filter that every object with a component `name` in `window` fits; no name fits every object.
    pub fn simple(name: Option<&str>, window: Option<Window>) -> Self {
        let defined =
            |range, components| ComponentTest::Defined { range, properties: Vec::new(), components };
        let inner = name.map(|name| ComponentFilter {
            name: name.to_ascii_uppercase(),
            test: defined(window, Vec::new()),
        });
        let root = ComponentFilter {
            name: "VCALENDAR".to_owned(),
            test: defined(None, inner.into_iter().collect()),
        };
        CalendarFilter { root }
    }

    /// The window in which every object that fits has an instance or an alarm, for the store to screen by spans
    /// (which cover both).
    pub fn window(&self) -> Option<Window> {
        self.root.test.range().or_else(|| {
            let ComponentTest::Defined { range, components, .. } = &self.main()?.test else { return None };
            range.or_else(|| components.iter().find_map(|nested| nested.test.range()))
        })
    }

    /// The component type of every object that fits (`VEVENT`, `VTODO`, …), for the store to screen by.
    pub fn component(&self) -> Option<&str> {
        self.main().map(|main| main.name.as_str())
    }

    /// Whether the filter can be told from the index alone, so that the body need not be read.
    pub fn is_index_only(&self) -> bool {
        match &self.root.test {
            ComponentTest::NotDefined => true,
            ComponentTest::Defined { properties, components, .. } => {
                properties.is_empty()
                    && components.iter().all(|component| is_main(&component.name) && component.test.is_bare())
            }
        }
    }

    /// Whether the object fits; `body` is looked at only if not [`CalendarFilter::is_index_only`]. `zone` is the
    /// calendar's (or the request's), for dates and floating times.
    ///
    /// Fails when `budget` does not suffice to tell.
    pub fn matches(
        &self,
        body: &str,
        index: &CalendarIndex,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let ComponentTest::Defined { range, properties, components } = &self.root.test else {
            return Ok(false);
        };
        if let Some(range) = range
            && !overlaps(index, *range, zone, budget)?
        {
            return Ok(false);
        }
        for component in components {
            if !component.may_fit(index, zone, budget)? {
                return Ok(false);
            }
        }
        if self.is_index_only() {
            return Ok(true);
        }
        let Ok(document) = Document::parse(body, Limits::default()) else { return Ok(false) };
        let Some(calendar) = document.roots.first() else { return Ok(false) };
        let scope = Scope::new(calendar, index, zone);
        if !properties.iter().all(|property| scope.property_fits(property, calendar)) {
            return Ok(false);
        }
        for component in components {
            if !scope.component_fits(component, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The condition that settles what kind of object fits.
    fn main(&self) -> Option<&ComponentFilter> {
        let ComponentTest::Defined { components, .. } = &self.root.test else { return None };
        components.iter().find(|component| {
            is_main(&component.name) && matches!(component.test, ComponentTest::Defined { .. })
        })
    }
}

impl ComponentFilter {
    /// What the index says, in doubt yes.
    fn may_fit(&self, index: &CalendarIndex, zone: &Zone, budget: &mut Budget) -> Result<bool, Exhausted> {
        let is_kind = index.kind.name() == self.name;
        match &self.test {
            _ if !is_main(&self.name) => Ok(true),
            ComponentTest::NotDefined => Ok(!is_kind),
            ComponentTest::Defined { .. } if !is_kind => Ok(false),
            ComponentTest::Defined { range: Some(range), .. } => overlaps(index, *range, zone, budget),
            ComponentTest::Defined { range: None, .. } => Ok(true),
        }
    }
}

impl ComponentTest {
    fn range(&self) -> Option<Window> {
        match self {
            ComponentTest::NotDefined => None,
            ComponentTest::Defined { range, .. } => *range,
        }
    }

    /// Whether it asks nothing but being there, at some time.
    fn is_bare(&self) -> bool {
        match self {
            ComponentTest::NotDefined => true,
            ComponentTest::Defined { properties, components, .. } => {
                properties.is_empty() && components.is_empty()
            }
        }
    }
}

/// Whether an instance of what the object is about lies in `range`.
fn overlaps(
    index: &CalendarIndex,
    range: Window,
    zone: &Zone,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    match RangeTarget::of(&[index.kind.name()]) {
        Some(target) => index.overlaps(target, range, zone, budget),
        // A kind of component that has no time.
        None => Ok(false),
    }
}

/// Whether this is a type that an object is *about*: it holds one of these, and the index knows which. VTIMEZONE and
/// experimental components may stand beside any.
fn is_main(name: &str) -> bool {
    name != "VTIMEZONE" && !name.starts_with("X-")
}
