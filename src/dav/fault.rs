//! Faults as statuses and `DAV:error` bodies: the one place where that is decided.
//!
//! Exhaustive on purpose: a new condition does not compile until it is said here. RFC 4918 §16, RFC 4791 §1.3.

use super::href;
use super::xml::names::{CALDAV, CARDDAV, CS, DAV};
use super::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault, FilterPart};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

/// The challenge of every 401: Basic first, for clients that take only the first.
pub const CHALLENGE: &str = "Basic realm=\"Cenacle\", charset=\"UTF-8\"";

/// The status of a fault.
pub fn status(fault: &Fault) -> StatusCode {
    match fault {
        Fault::NotFound => StatusCode::NOT_FOUND,
        Fault::Unauthenticated => StatusCode::UNAUTHORIZED,
        Fault::Condition(condition) => condition_status(condition),
        Fault::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Fault::BadRequest(_) => StatusCode::BAD_REQUEST,
        Fault::Conflict(_) => StatusCode::CONFLICT,
        Fault::ScopeTooNarrow => StatusCode::FORBIDDEN,
        Fault::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Exists | Fault::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Fault::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Fault::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn condition_status(condition: &Condition) -> StatusCode {
    match condition {
        // Thunderbird's address book recovers from a refused token only on 400; its calendars on any 4xx.
        Condition::ValidSyncToken { card: true } => StatusCode::BAD_REQUEST,
        Condition::NoUidConflict { .. } => StatusCode::CONFLICT,
        Condition::QuotaNotExceeded | Condition::NumberOfMatchesWithinLimits => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        Condition::NoExternalEntities => StatusCode::BAD_REQUEST,
        Condition::SupportedAddressDataConversion => StatusCode::NOT_ACCEPTABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

/// The whole answer. `path` is the request's own, for conditions that name one.
pub fn response(fault: &Fault, path: &str) -> HttpResponse {
    let mut answer = HttpResponse::build(status(fault));
    match fault {
        Fault::Unauthenticated => {
            answer.insert_header((WWW_AUTHENTICATE, CHALLENGE));
        }
        Fault::Busy(seconds) => {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        _ => {}
    }
    let Fault::Condition(condition) = fault else {
        return answer.content_type("text/plain; charset=utf-8").body(format!("{fault}\n"));
    };
    let mut body = String::with_capacity(512);
    write::begin(&mut body, "error");
    element(condition, path, &mut body);
    let why = condition.to_string();
    if matches!(
        condition,
        Condition::ValidCalendarData(_)
            | Condition::ValidCalendarObjectResource(_)
            | Condition::ValidFilter(_)
            | Condition::ValidAddressData(_)
            | Condition::SupportedRscale(_)
            | Condition::DefaultCalendarNeeded { .. }
    ) {
        body.push_str("<D:responsedescription>");
        crate::text::xml::escape(&mut body, &why);
        body.push_str("</D:responsedescription>");
    }
    write::end(&mut body, "error");
    answer.content_type("application/xml; charset=utf-8").body(body)
}

const fn space(card: bool) -> &'static str {
    if card { CARDDAV } else { CALDAV }
}

/// Writes the element that names a condition.
pub fn element(condition: &Condition, path: &str, out: &mut String) {
    let simple = match condition {
        Condition::ValidCalendarData(_) => (CALDAV, "valid-calendar-data"),
        Condition::ValidCalendarObjectResource(_) => (CALDAV, "valid-calendar-object-resource"),
        Condition::SupportedCalendarData => (CALDAV, "supported-calendar-data"),
        Condition::SupportedCalendarComponent(_) => (CALDAV, "supported-calendar-component"),
        Condition::NoUidConflict { card, owner, collection, href: name } => {
            let home = if *card { HomeKind::AddressBooks } else { HomeKind::Calendars };
            let mut other = href::collection(home, owner, collection);
            href::encode(&mut other, name);
            write::open(out, space(*card), "no-uid-conflict");
            write::href(out, &other);
            write::close(out, space(*card), "no-uid-conflict");
            return;
        }
        Condition::MaxResourceSize { card, .. } => (space(*card), "max-resource-size"),
        Condition::MaxImageSize(_) => (CARDDAV, "max-image-size"),
        Condition::MaxInstances(_) => (CALDAV, "max-instances"),
        Condition::MaxAttendees(_) => (CALDAV, "max-attendees-per-instance"),
        Condition::MinDateTime => (CALDAV, "min-date-time"),
        Condition::MaxDateTime => (CALDAV, "max-date-time"),
        Condition::CollectionLocationOk { card: false } => (CALDAV, "calendar-collection-location-ok"),
        Condition::CollectionLocationOk { card: true } => (CARDDAV, "addressbook-collection-location-ok"),
        Condition::SupportedRscale(_) => (CALDAV, "supported-rscale"),
        Condition::ValidTimezone => (CALDAV, "valid-timezone"),
        Condition::ValidFilter(_) => (CALDAV, "valid-filter"),
        Condition::SupportedFilter { card, part } => {
            write::open(out, space(*card), "supported-filter");
            if let Some(part) = part {
                let (local, name) = match part {
                    FilterPart::Component(name) => ("comp-filter", name),
                    FilterPart::Property(name) => ("prop-filter", name),
                    FilterPart::Parameter(name) => ("param-filter", name),
                };
                out.push_str(if *card { "<R:" } else { "<C:" });
                out.push_str(local);
                out.push_str(" name=\"");
                crate::text::xml::escape(out, name);
                out.push_str("\"/>");
            }
            write::close(out, space(*card), "supported-filter");
            return;
        }
        Condition::SupportedCollation { card } => (space(*card), "supported-collation"),
        Condition::NumberOfMatchesWithinLimits => (DAV, "number-of-matches-within-limits"),
        Condition::ValidSyncToken { .. } => (DAV, "valid-sync-token"),
        Condition::ValidAddressData(_) => (CARDDAV, "valid-address-data"),
        Condition::SupportedAddressData => (CARDDAV, "supported-address-data"),
        Condition::SupportedAddressDataConversion => (CARDDAV, "supported-address-data-conversion"),
        Condition::NeedPrivileges { href: on, privilege } => {
            out.push_str("<D:need-privileges><D:resource>");
            write::href(out, if on.is_empty() { path } else { on });
            super::props::privilege(out, privilege.name());
            out.push_str("</D:resource></D:need-privileges>");
            return;
        }
        Condition::CannotModifyProtectedProperty => (DAV, "cannot-modify-protected-property"),
        Condition::ResourceMustBeNull => (DAV, "resource-must-be-null"),
        Condition::ValidResourceType => (DAV, "valid-resourcetype"),
        Condition::PropfindFiniteDepth => (DAV, "propfind-finite-depth"),
        Condition::SupportedReport => (DAV, "supported-report"),
        Condition::QuotaNotExceeded => (DAV, "quota-not-exceeded"),
        Condition::NoAceConflict => (DAV, "no-ace-conflict"),
        Condition::NoProtectedAceConflict => (DAV, "no-protected-ace-conflict"),
        Condition::NoInheritedAceConflict => (DAV, "no-inherited-ace-conflict"),
        Condition::GrantOnly => (DAV, "grant-only"),
        Condition::NoInvert => (DAV, "no-invert"),
        Condition::LimitedNumberOfAces => (DAV, "limited-number-of-aces"),
        Condition::NotSupportedPrivilege => (DAV, "not-supported-privilege"),
        Condition::RecognizedPrincipal => (DAV, "recognized-principal"),
        Condition::AllowedPrincipal => (DAV, "allowed-principal"),
        Condition::NoExternalEntities => (DAV, "no-external-entities"),
        Condition::DefaultCalendarNeeded { card: false } => (CALDAV, "default-calendar-needed"),
        Condition::DefaultCalendarNeeded { card: true } => (CARDDAV, "default-addressbook-needed"),
        Condition::WrongKindOfCollection { card: false } => (CALDAV, "supported-calendar-data"),
        Condition::WrongKindOfCollection { card: true } => (CARDDAV, "supported-address-data"),
        Condition::Group(why) => (CS, why.name()),
    };
    write::empty(out, simple.0, simple.1);
}
