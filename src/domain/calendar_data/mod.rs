//! The part of a calendar object that an answer holds: expanded, limited or cut as the client asked.
//!
//! RFC 4791 §9.6. What is kept is copied from the source byte for byte; only expansion writes lines of its own.
//! Knows no XML and no viewer: what somebody may not see has been taken out before.

mod expand;
mod limit;
mod references;
mod select;

#[cfg(test)]
mod tests;

pub use references::Definitions;

use super::fault::Fault;
use crate::text::component::{Document, Limits, apply};
use crate::text::ical::CalendarIndex;
use crate::text::recur::{Budget, Window};
use crate::text::zone::Zone;
use std::borrow::Cow;

/// How the object is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataFormat {
    /// `text/calendar`.
    #[default]
    ICalendar,
    /// `application/calendar+json` (RFC 7265): the caller converts what [`CalendarDataRequest::render`] gives.
    JCal,
}

/// What a `CALDAV:calendar-data` element asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarDataRequest {
    /// The media type.
    pub format: DataFormat,
    /// Only these components and properties.
    pub comp: Option<CompSelect>,
    /// Each instance in here as a component of its own, in UTC (§9.6.5).
    pub expand: Option<Window>,
    /// The master, and only the overrides that touch this window (§9.6.6).
    pub limit_recurrence_set: Option<Window>,
    /// Only the FREEBUSY periods that touch this window (§9.6.7).
    pub limit_freebusy_set: Option<Window>,
    /// Whether zones are defined in it (RFC 7809 §7.1); as in the object where nothing is said.
    pub definitions: Option<Definitions>,
}

/// A component and what is wanted of it (§9.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompSelect {
    /// Name in capitals.
    pub name: String,
    /// The properties wanted; `None` is all.
    pub props: Option<Vec<PropSelect>>,
    /// The components wanted; `None` is all, whole.
    pub comps: Option<Vec<CompSelect>>,
}

/// A property that is wanted (§9.6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropSelect {
    /// Name in capitals.
    pub name: String,
    /// Only name and parameters, not the value.
    pub novalue: bool,
}

impl CalendarDataRequest {
    /// Whether the object is wanted as it is stored.
    pub fn is_whole(&self) -> bool {
        self.comp.is_none()
            && self.expand.is_none()
            && self.limit_recurrence_set.is_none()
            && self.limit_freebusy_set.is_none()
            && self.definitions.is_none()
    }

    /// The part of `body` that was asked for; borrowed where that is all of it. `zone` is the calendar's, in which
    /// floating times and dates are placed when they are compared with a window.
    ///
    /// Fails with `number-of-matches-within-limits` when `budget` is spent.
    pub fn render<'b>(
        &self,
        body: &'b str,
        index: &CalendarIndex,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<Cow<'b, str>, Fault> {
        if self.is_whole() {
            return Ok(Cow::Borrowed(body));
        }
        let Ok(document) = Document::parse(body, Limits::default()) else {
            // Stored objects have been read once; should one not be readable, it is handed out untouched.
            return Ok(Cow::Borrowed(body));
        };
        if let Some(window) = self.expand {
            let expanded = expand::expand(&document, index, window, zone, budget)?;
            return Ok(Cow::Owned(self.cut_expanded(expanded)));
        }
        let mut cut = select::Cut::default();
        if let Some(window) = self.limit_recurrence_set {
            cut.drop = limit::overrides_outside(index, window, zone, budget)?;
        }
        cut.freebusy = self.limit_freebusy_set;
        let edits = cut.edits(&document, self.comp.as_ref());
        let cut = if edits.is_empty() { Cow::Borrowed(body) } else { Cow::Owned(apply(body, edits)) };
        // Of one of whose components only some are wanted, these are all.
        let definitions = self.definitions.filter(|wanted| {
            *wanted == Definitions::Without || self.comp.as_ref().is_none_or(|comp| comp.comps.is_none())
        });
        Ok(match (definitions, cut) {
            (None, cut) => cut,
            (Some(wanted), Cow::Borrowed(body)) => wanted.applied(body),
            (Some(wanted), Cow::Owned(body)) => Cow::Owned(wanted.applied(&body).into_owned()),
        })
    }

    /// Applies what does not concern recurrence to the expanded text.
    fn cut_expanded(&self, expanded: String) -> String {
        if self.comp.is_none() && self.limit_freebusy_set.is_none() {
            return expanded;
        }
        let limits = Limits { lines: usize::MAX, ..Limits::default() };
        let edits = match Document::parse(&expanded, limits) {
            Ok(document) => {
                let cut = select::Cut { freebusy: self.limit_freebusy_set, ..select::Cut::default() };
                cut.edits(&document, self.comp.as_ref())
            }
            Err(_) => Vec::new(),
        };
        apply(&expanded, edits)
    }
}
