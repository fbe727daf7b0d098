//! Faults as problem documents: the one place where that is decided. RFC 9457.
//!
//! Exhaustive on purpose: a new condition does not compile until it is said here.

use crate::domain::fault::{Condition, Fault};
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

/// What an answer says instead of a result.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:cenacle:problem:` and a fixed name: what programs decide on.
    #[serde(rename = "type")]
    #[schema(example = "urn:cenacle:problem:not-found")]
    kind: String,
    /// The HTTP status.
    status: u16,
    /// For people to read.
    title: String,
    /// What of the request is at fault: a JSON pointer into its body (`/timeZone`), or the name of a parameter or a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/timeZone")]
    field: Option<String>,
    /// The entity tag of the resource as it is now, where a condition of the request did not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// The greatest value that would be taken, where a limit is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// The name of another resource that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

/// A refusal on its way out of a handler.
#[derive(Debug, Clone)]
pub struct Refused {
    status: StatusCode,
    problem: Box<Problem>,
    retry_after: Option<u32>,
}

impl Problem {
    /// What of the request is at fault.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl Refused {
    fn new(name: &str, status: StatusCode, title: String) -> Self {
        let problem = Problem {
            kind: format!("urn:cenacle:problem:{name}"),
            status: status.as_u16(),
            title,
            field: None,
            etag: None,
            limit: None,
            other: None,
        };
        Refused { status, problem: Box::new(problem), retry_after: None }
    }

    /// Something in the request that cannot be: which field, parameter or header, and why.
    pub fn at(field: &str, why: impl Into<String>) -> Self {
        Refused::from(Fault::BadRequest(why.into())).field(field)
    }

    /// No form of the resource is one that the client takes.
    pub fn not_acceptable() -> Self {
        let title = "none of the accepted media types is to be had here";
        Refused::new("not-acceptable", StatusCode::NOT_ACCEPTABLE, title.to_owned()).field("Accept")
    }

    /// More requests than one principal may make; again in some seconds.
    pub fn too_many(seconds: u32) -> Self {
        let title = "too many requests, try again later".to_owned();
        let refused = Refused::new("rate-limited", StatusCode::TOO_MANY_REQUESTS, title);
        Refused { retry_after: Some(seconds), ..refused }
    }

    /// Something that the server does for nobody in this way.
    pub fn forbidden(name: &str, why: &str) -> Self {
        Refused::new(name, StatusCode::FORBIDDEN, why.to_owned())
    }

    /// Says in other words what is wrong.
    #[must_use]
    pub fn said(mut self, why: &str) -> Self {
        self.problem.title = why.to_owned();
        self
    }

    /// Names the part of the request that is at fault.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.problem.field = Some(field.to_owned());
        self
    }

    /// Tells the entity tag of the resource as it is, quotes included.
    #[must_use]
    pub fn stale(mut self, etag: String) -> Self {
        self.problem.etag = Some(etag);
        self
    }

    /// Whether a condition of the request did not hold.
    pub fn is_stale(&self) -> bool {
        self.status == StatusCode::PRECONDITION_FAILED
    }

    /// The part of the request that is at fault, where one is named; else the empty pointer, the whole body.
    pub fn pointer(&self) -> &str {
        self.problem.field.as_deref().unwrap_or_default()
    }

    /// What is told.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The whole answer.
    pub fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            answer.append_header((WWW_AUTHENTICATE, "Basic realm=\"Cenacle\", charset=\"UTF-8\""));
            answer.append_header((WWW_AUTHENTICATE, "Bearer realm=\"Cenacle\""));
        }
        if let Some(seconds) = self.retry_after {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(etag) = &self.problem.etag {
            answer.insert_header((ETAG, etag.as_str()));
        }
        let text = serde_json::to_string(&self.problem).unwrap_or_default();
        answer.content_type("application/problem+json").body(text)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let (name, status) = named(&fault);
        let mut refused = Refused::new(name, status, fault.to_string());
        if let Fault::Busy(seconds) = &fault {
            refused.retry_after = Some(*seconds);
        }
        (refused.problem.limit, refused.problem.other) = particulars(&fault);
        refused
    }
}

impl From<Condition> for Refused {
    fn from(condition: Condition) -> Self {
        Fault::from(condition).into()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.title)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer()
    }
}

/// The whole answer.
pub fn response(fault: &Fault) -> HttpResponse {
    Refused::from(fault.clone()).answer()
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
        Fault::Condition(Condition::NoUidConflict { href, .. }) => {
            (None, Some(href.clone()).filter(|href| !href.is_empty()))
        }
        Fault::Condition(Condition::Group(why)) => (why.limit(), None),
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
        Fault::ScopeTooNarrow => ("scope-too-narrow", StatusCode::FORBIDDEN),
        Fault::KeyReused => ("key-reused", StatusCode::UNPROCESSABLE_ENTITY),
        Fault::MethodNotAllowed => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
        Fault::TooLarge(_) => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
        Fault::UnsupportedMediaType => ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Fault::Busy(_) => ("busy", StatusCode::SERVICE_UNAVAILABLE),
        Fault::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn condition_status(condition: &Condition) -> StatusCode {
    match condition {
        Condition::Group(why) if why.is_about_rights() => StatusCode::FORBIDDEN,
        // DAV says 507 of a quota (RFC 4331 §6): here nothing is wrong with the server, but with what stands there already.
        Condition::NoUidConflict { .. }
        | Condition::ResourceMustBeNull
        | Condition::QuotaNotExceeded
        | Condition::Group(_) => StatusCode::CONFLICT,
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
        // DAV says 507 of it (RFC 4791 §7.8): here it is the question that is too wide, and asked again it will be.
        Condition::NumberOfMatchesWithinLimits
        | Condition::ValidSyncToken { .. }
        | Condition::NoExternalEntities => StatusCode::BAD_REQUEST,
        Condition::SupportedCalendarData
        | Condition::SupportedRscale(_)
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
        | Condition::NoInheritedAceConflict
        | Condition::GrantOnly
        | Condition::NoInvert
        | Condition::LimitedNumberOfAces
        | Condition::NotSupportedPrivilege
        | Condition::RecognizedPrincipal
        | Condition::AllowedPrincipal
        | Condition::DefaultCalendarNeeded { .. }
        | Condition::WrongKindOfCollection { .. } => StatusCode::FORBIDDEN,
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
        Condition::SupportedRscale(_) => "supported-rscale",
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
        Condition::NoInheritedAceConflict => "no-inherited-ace-conflict",
        Condition::GrantOnly => "grant-only",
        Condition::NoInvert => "no-invert",
        Condition::LimitedNumberOfAces => "limited-number-of-aces",
        Condition::NotSupportedPrivilege => "not-supported-privilege",
        Condition::RecognizedPrincipal => "recognized-principal",
        Condition::AllowedPrincipal => "allowed-principal",
        Condition::NoExternalEntities => "no-external-entities",
        Condition::DefaultCalendarNeeded { .. } => "default-collection-needed",
        Condition::WrongKindOfCollection { .. } => "wrong-kind-of-collection",
        Condition::Group(why) => why.name(),
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
    fn a_problem_names_the_field_at_fault_and_the_tag_that_is() {
        let answer = Refused::at("/color", "not a colour").answer();
        assert_eq!(answer.status(), 400);
        let body = answer.into_body().try_into_bytes().expect("whole");
        let problem: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(problem["field"], "/color");
        let answer = Refused::from(Fault::PreconditionFailed).stale("\"a\"".into()).answer();
        assert_eq!(answer.headers().get(ETAG).map(|tag| tag.as_bytes()), Some(&b"\"a\""[..]));
    }

    #[test]
    fn no_title_is_a_word_of_the_program() {
        for condition in [
            Condition::ValidTimezone,
            Condition::NeedPrivileges { href: "/x".into(), privilege: crate::domain::acl::Privilege::Bind },
        ] {
            let (_, problem) = told(condition.into());
            let title = problem["title"].as_str().expect("a title");
            assert!(title.chars().all(|c| c.is_ascii_lowercase() || c == ' '), "{title}");
        }
    }

    #[test]
    fn a_401_challenges_for_both_schemes() {
        let answer = response(&Fault::Unauthenticated);
        let schemes: Vec<_> = answer.headers().get_all(WWW_AUTHENTICATE).collect();
        assert_eq!(schemes.len(), 2);
        assert!(schemes[0].as_bytes().starts_with(b"Basic "));
    }
}
