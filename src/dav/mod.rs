//! CalDAV, CardDAV and the WebDAV below them: translates requests into calls of `services`, and their outcomes back.
//!
//! `href` reads the path, `methods` has one file a method, `props` one static a property, `reports` one file a report; what is
//! allowed and advertised falls out of those lists. Decides no right and holds no state.
//! RFC 4918, 3744, 4791, 6352, 6578, 5397, 5689, 5995, 7240, 8144.

pub mod fault;
pub mod href;
mod methods;
mod notices;
mod precondition;
mod preferences;
mod props;
mod quirks;
mod reports;
mod request;
mod resource;
mod stream;
mod xml;

pub use methods::answer;
pub use request::Request;

/// Features named by every DAV resource's OPTIONS: clients look on the principal, the home, the collection and the item.
pub const FEATURES: &str = "1, 3, access-control, extended-mkcol, calendar-access, calendar-no-timezone, calendar-proxy, calendarserver-sharing, resource-sharing, addressbook";

/// What OPTIONS answers for a target, also to those who have not logged in.
pub fn options(target: &href::Target) -> actix_web::HttpResponse {
    methods::options(target)
}
