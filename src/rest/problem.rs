//! Faults as problem documents: the one place where that is decided. RFC 9457.
//!
//! Exhaustive on purpose: a new condition does not compile until it is said here.

use crate::domain::fault::{Condition, Fault};
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

/// What an answer says instead of a result.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:cenacle:problem:` and a fixed name: what programs decide on.
    #[serde(rename = "type")]
    #[schema(example = "urn:cenacle:problem:not-found")]
    kind: String,
    /// The HTTP status.
    status: u16,
    /// For people to read.
    title: String,
    /// The greatest value that would be taken, where a limit is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// The name of another resource that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

/// A fault on its way out of a handler.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Refused(#[from] Fault);

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        named(&self.0).1
    }

    fn error_response(&self) -> HttpResponse {
        response(&self.0)
    }
}

/// The whole answer.
pub fn response(fault: &Fault) -> HttpResponse {
    let (name, status) = named(fault);
    let mut answer = HttpResponse::build(status);
    match fault {
        Fault::Unauthenticated => {
            answer.append_header((WWW_AUTHENTICATE, "Basic realm=\"Cenacle\", charset=\"UTF-8\""));
            answer.append_header((WWW_AUTHENTICATE, "Bearer realm=\"Cenacle\""));
        }
        Fault::Busy(seconds) => {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        _ => {}
    }
    let (limit, other) = particulars(fault);
    let problem = Problem {
        kind: format!("urn:cenacle:problem:{name}"),
        status: status.as_u16(),
        title: fault.to_string(),
        limit,
        other,
    };
    answer.content_type("application/problem+json").body(serde_json::to_string(&problem).unwrap_or_default())
}

/// The limit, and the other resource, that a fault is about.
fn particulars(fault: &Fault) -> (Option<u64>, Option<String>) {
    match fault {
        Fault::TooLarge(limit) => (Some(*limit), None),
        Fault::Condition(
            Condition::MaxResourceSize { bytes: limit, .. }
            | Condition::MaxImageSize(limit)
            | Condition::MaxInstances(limit)
            | Condition::MaxAttendees(limit),
        ) => (Some(*limit), None),
        Fault::Condition(Condition::NoUidConflict { href, .. }) => (None, Some(href.clone())),
        _ => (None, None),
    }
}

/// The fixed name and the status of a fault.
fn named(fault: &Fault) -> (&'static str, StatusCode) {
    match fault {
        Fault::NotFound => ("not-found", StatusCode::NOT_FOUND),
        Fault::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED),
        Fault::Condition(condition) => (condition_name(condition), condition_status(condition)),
        Fault::PreconditionFailed => ("precondition-failed", StatusCode::PRECONDITION_FAILED),
        Fault::BadRequest(_) => ("bad-request", StatusCode::BAD_REQUEST),
        Fault::Conflict(_) => ("conflict", StatusCode::CONFLICT),
        Fault::Exists => ("exists", StatusCode::CONFLICT),
        Fault::MethodNotAllowed => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
        Fault::TooLarge(_) => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
        Fault::UnsupportedMediaType => ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Fault::Busy(_) => ("busy", StatusCode::SERVICE_UNAVAILABLE),
        Fault::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn condition_status(condition: &Condition) -> StatusCode {
    match condition {
        Condition::NoUidConflict { .. } | Condition::ResourceMustBeNull => StatusCode::CONFLICT,
        Condition::QuotaNotExceeded | Condition::NumberOfMatchesWithinLimits => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        Condition::SupportedAddressDataConversion => StatusCode::NOT_ACCEPTABLE,
        Condition::MaxResourceSize { .. } | Condition::MaxImageSize(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Condition::ValidCalendarData(_)
        | Condition::ValidCalendarObjectResource(_)
        | Condition::ValidAddressData(_)
        | Condition::ValidFilter(_)
        | Condition::ValidTimezone
        | Condition::MinDateTime
        | Condition::MaxDateTime
        | Condition::MaxInstances(_)
        | Condition::MaxAttendees(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Condition::ValidSyncToken { .. } | Condition::NoExternalEntities => StatusCode::BAD_REQUEST,
        Condition::SupportedCalendarData
        | Condition::SupportedCalendarComponent(_)
        | Condition::CollectionLocationOk { .. }
        | Condition::SupportedFilter { .. }
        | Condition::SupportedCollation { .. }
        | Condition::SupportedAddressData
        | Condition::NeedPrivileges { .. }
        | Condition::CannotModifyProtectedProperty
        | Condition::ValidResourceType
        | Condition::PropfindFiniteDepth
        | Condition::SupportedReport
        | Condition::NoAceConflict
        | Condition::NoProtectedAceConflict
        | Condition::GrantOnly
        | Condition::NoInvert
        | Condition::LimitedNumberOfAces
        | Condition::NotSupportedPrivilege
        | Condition::RecognizedPrincipal
        | Condition::AllowedPrincipal
        | Condition::DefaultCalendarNeeded { .. }
        | Condition::WrongKindOfCollection => StatusCode::FORBIDDEN,
    }
}

/// The name that the RFCs give it.
fn condition_name(condition: &Condition) -> &'static str {
    match condition {
        Condition::ValidCalendarData(_) => "valid-calendar-data",
        Condition::ValidCalendarObjectResource(_) => "valid-calendar-object-resource",
        Condition::SupportedCalendarData => "supported-calendar-data",
        Condition::SupportedCalendarComponent(_) => "supported-calendar-component",
        Condition::NoUidConflict { .. } => "no-uid-conflict",
        Condition::MaxResourceSize { .. } => "max-resource-size",
        Condition::MaxImageSize(_) => "max-image-size",
        Condition::MaxInstances(_) => "max-instances",
        Condition::MaxAttendees(_) => "max-attendees-per-instance",
        Condition::MinDateTime => "min-date-time",
        Condition::MaxDateTime => "max-date-time",
        Condition::CollectionLocationOk { .. } => "collection-location-ok",
        Condition::ValidTimezone => "valid-timezone",
        Condition::ValidFilter(_) => "valid-filter",
        Condition::SupportedFilter { .. } => "supported-filter",
        Condition::SupportedCollation { .. } => "supported-collation",
        Condition::NumberOfMatchesWithinLimits => "number-of-matches-within-limits",
        Condition::ValidSyncToken { .. } => "valid-sync-token",
        Condition::ValidAddressData(_) => "valid-address-data",
        Condition::SupportedAddressData => "supported-address-data",
        Condition::SupportedAddressDataConversion => "supported-address-data-conversion",
        Condition::NeedPrivileges { .. } => "need-privileges",
        Condition::CannotModifyProtectedProperty => "cannot-modify-protected-property",
        Condition::ResourceMustBeNull => "resource-must-be-null",
        Condition::ValidResourceType => "valid-resourcetype",
        Condition::PropfindFiniteDepth => "propfind-finite-depth",
        Condition::SupportedReport => "supported-report",
        Condition::QuotaNotExceeded => "quota-not-exceeded",
        Condition::NoAceConflict => "no-ace-conflict",
        Condition::NoProtectedAceConflict => "no-protected-ace-conflict",
        Condition::GrantOnly => "grant-only",
        Condition::NoInvert => "no-invert",
        Condition::LimitedNumberOfAces => "limited-number-of-aces",
        Condition::NotSupportedPrivilege => "not-supported-privilege",
        Condition::RecognizedPrincipal => "recognized-principal",
        Condition::AllowedPrincipal => "allowed-principal",
        Condition::NoExternalEntities => "no-external-entities",
        Condition::DefaultCalendarNeeded { .. } => "default-collection-needed",
        Condition::WrongKindOfCollection => "wrong-kind-of-collection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    fn told(fault: Fault) -> (u16, serde_json::Value) {
        let answer = response(&fault);
        assert_eq!(
            answer.headers().get("content-type").map(|value| value.as_bytes()),
            Some(&b"application/problem+json"[..])
        );
        let status = answer.status().as_u16();
        let body = answer.into_body().try_into_bytes().expect("whole");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[test]
    fn a_problem_names_its_limit() {
        let (status, problem) = told(Condition::MaxImageSize(5).into());
        assert_eq!((status, &problem["limit"]), (413, &serde_json::json!(5)));
        assert_eq!(problem["type"], "urn:cenacle:problem:max-image-size");
        assert_eq!(problem["status"], 413);
    }

    #[test]
    fn a_401_challenges_for_both_schemes() {
        let answer = response(&Fault::Unauthenticated);
        let schemes: Vec<_> = answer.headers().get_all(WWW_AUTHENTICATE).collect();
        assert_eq!(schemes.len(), 2);
        assert!(schemes[0].as_bytes().starts_with(b"Basic "));
    }
}
