//! Reports, one file each. `supported-report-set` falls out of the list.
//!
//! To add one: its file, a line in [`REPORTS`], an arm in [`run`]. RFC 3253 §3.6.

mod data;
mod expand_property;
mod free_busy_query;
mod multiget;
mod parse;
mod principal_match;
mod principals;
mod query;
mod sync_collection;

pub use query::BAD_ZONE;

use super::request::Request;
use super::resource::{Resource, kind};
use super::xml::names::{CALDAV, CARDDAV, DAV};
use crate::domain::fault::Fault;
use crate::text::xml::Element;
use actix_web::HttpResponse;

/// A report and where it can be asked.
pub struct Report {
    /// Namespace of its root element.
    pub ns: &'static str,
    /// Local name of its root element.
    pub local: &'static str,
    /// Kinds of resources that have it, bits of `resource::kind`.
    pub kinds: u16,
}

const REPORTS: &[Report] = &[
    Report {
        ns: DAV,
        local: "sync-collection",
        kinds: kind::CALENDAR | kind::BOOK | kind::INBOX | kind::HOME | kind::NOTICES,
    },
    Report {
        ns: CALDAV,
        local: "calendar-multiget",
        kinds: kind::CALENDAR | kind::INBOX | kind::CALENDAR_HOME | kind::EVENT,
    },
    Report { ns: CARDDAV, local: "addressbook-multiget", kinds: kind::BOOK | kind::BOOK_HOME | kind::CARD },
    Report { ns: CALDAV, local: "calendar-query", kinds: kind::CALENDAR | kind::INBOX | kind::EVENT },
    Report { ns: CARDDAV, local: "addressbook-query", kinds: kind::BOOK | kind::CARD },
    // Not on calendar objects: RFC 4791 §7.10 has it refused there.
    Report { ns: CALDAV, local: "free-busy-query", kinds: kind::CALENDAR | kind::CALENDAR_HOME },
    Report { ns: DAV, local: "expand-property", kinds: kind::ANY },
    Report { ns: DAV, local: "principal-match", kinds: kind::ANY },
    Report { ns: DAV, local: "principal-property-search", kinds: kind::ANY },
    Report { ns: DAV, local: "principal-search-property-set", kinds: kind::ANY },
    Report { ns: DAV, local: "acl-principal-prop-set", kinds: kind::CALENDAR | kind::BOOK },
];

/// All reports.
pub fn all() -> impl Iterator<Item = &'static Report> {
    REPORTS.iter()
}

/// The report with this name.
pub fn find(ns: &str, local: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.local == local && report.ns == ns)
}

/// Runs a report on a resource that has it.
pub async fn run(
    report: &Report,
    request: &Request<'_>,
    resource: Resource,
    root: &Element,
) -> Result<HttpResponse, Fault> {
    match (report.ns, report.local) {
        (DAV, "sync-collection") => sync_collection::run(request, resource, root).await,
        (CALDAV, "calendar-multiget") | (CARDDAV, "addressbook-multiget") => {
            multiget::run(request, resource, root).await
        }
        (CALDAV, "calendar-query") | (CARDDAV, "addressbook-query") => {
            query::run(request, resource, root).await
        }
        (CALDAV, "free-busy-query") => free_busy_query::run(request, resource, root).await,
        (DAV, "expand-property") => expand_property::run(request, resource, root).await,
        (DAV, "principal-match") => principal_match::run(request, resource, root).await,
        (DAV, "principal-property-search") => principals::search(request, root).await,
        (DAV, "principal-search-property-set") => Ok(principals::search_properties()),
        (DAV, "acl-principal-prop-set") => principals::of_acl(request, resource, root).await,
        _ => Err(Fault::Internal),
    }
}
