//! The errors that every protocol can tell, and the preconditions that the RFCs name.
//!
//! `dav/fault.rs` writes a [`Condition`] as an element of `DAV:error`, REST as the `type` of a problem document.
//! Knows neither status codes nor XML. RFC 4791 §5.3, RFC 6352 §6.3, RFC 6578 §3, RFC 3744 §7, RFC 4918 §16.

use super::acl::Privilege;
use super::group::GroupRefusal;
use std::borrow::Cow;

/// What a service answers instead of a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Absent, or forbidden to somebody who may not know of it.
    #[error("not found")]
    NotFound,
    /// No login, or a wrong one.
    #[error("authentication is needed")]
    Unauthenticated,
    /// A named precondition does not hold.
    #[error("{0}")]
    Condition(Condition),
    /// `If-Match`, `If-None-Match`, `If` or `If-Schedule-Tag-Match` does not hold.
    #[error("the resource is not in the state that the request asks for")]
    PreconditionFailed,
    /// The request itself is wrong; says how.
    #[error("{0}")]
    BadRequest(String),
    /// The parent collection does not exist, or the target cannot be here.
    #[error("{0}")]
    Conflict(&'static str),
    /// The proof that the request carries does not open this, though its account might.
    #[error("the login does not open this")]
    ScopeTooNarrow,
    /// A key that stands for one request was used for another.
    #[error("another request was made under this key")]
    KeyReused,
    /// Something is here already and the method only creates.
    #[error("the resource exists already")]
    Exists,
    /// The method makes no sense on this kind of resource.
    #[error("the method is not allowed here")]
    MethodNotAllowed,
    /// The body is longer than is read at all, in bytes.
    #[error("the body is longer than {0} bytes")]
    TooLarge(u64),
    /// The body's type is not one that this resource takes.
    #[error("the media type is not supported here")]
    UnsupportedMediaType,
    /// Too much at once: try again after this many seconds.
    #[error("busy, try again later")]
    Busy(u32),
    /// Our own failure; the cause is logged where it happened, never told.
    #[error("internal error")]
    Internal,
}

/// A precondition or postcondition with a name of its own in some RFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `CALDAV:valid-calendar-data`, and why it is not.
    ValidCalendarData(String),
    /// `CALDAV:valid-calendar-object-resource`, and why it is not.
    ValidCalendarObjectResource(String),
    /// `CALDAV:supported-calendar-data`.
    SupportedCalendarData,
    /// `CALDAV:supported-calendar-component`: the component that the collection does not hold.
    SupportedCalendarComponent(String),
    /// `CALDAV:no-uid-conflict` or its CardDAV twin: whose collection has the UID already, and the name of the item there. With
    /// POST, COPY and MOVE that is not the collection of the request's own path.
    NoUidConflict { card: bool, owner: String, collection: String, href: String },
    /// `max-resource-size` of CalDAV or CardDAV, in bytes.
    MaxResourceSize { card: bool, bytes: u64 },
    /// `max-image-size`, the limit in bytes.
    MaxImageSize(u64),
    /// `CALDAV:max-instances`.
    MaxInstances(u64),
    /// `CALDAV:max-attendees-per-instance`.
    MaxAttendees(u64),
    /// `CALDAV:min-date-time`.
    MinDateTime,
    /// `CALDAV:max-date-time`.
    MaxDateTime,
    /// `CALDAV:calendar-collection-location-ok` or its CardDAV twin.
    CollectionLocationOk { card: bool },
    /// `CALDAV:supported-rscale`: the calendar that a rule counts in.
    SupportedRscale(String),
    /// `CALDAV:valid-timezone`.
    ValidTimezone,
    /// `CALDAV:valid-filter`, and why it is not.
    ValidFilter(String),
    /// `supported-filter`: the part of the filter in which something is asked that cannot be answered; `None` is the filter itself.
    SupportedFilter { card: bool, part: Option<FilterPart> },
    /// `supported-collation`.
    SupportedCollation { card: bool },
    /// `DAV:number-of-matches-within-limits`.
    NumberOfMatchesWithinLimits,
    /// `DAV:valid-sync-token`; address books say it with 400 (see interoperability notes).
    ValidSyncToken { card: bool },
    /// `CARDDAV:valid-address-data`, and why it is not.
    ValidAddressData(String),
    /// `CARDDAV:supported-address-data`.
    SupportedAddressData,
    /// `CARDDAV:supported-address-data-conversion`.
    SupportedAddressDataConversion,
    /// `DAV:need-privileges`: on which href which privilege is missing.
    NeedPrivileges { href: String, privilege: Privilege },
    /// `DAV:cannot-modify-protected-property`.
    CannotModifyProtectedProperty,
    /// `DAV:resource-must-be-null`.
    ResourceMustBeNull,
    /// `DAV:valid-resourcetype`.
    ValidResourceType,
    /// `DAV:propfind-finite-depth`.
    PropfindFiniteDepth,
    /// `DAV:supported-report`.
    SupportedReport,
    /// `DAV:quota-not-exceeded`.
    QuotaNotExceeded,
    /// `DAV:no-ace-conflict`.
    NoAceConflict,
    /// `DAV:no-protected-ace-conflict`.
    NoProtectedAceConflict,
    /// `DAV:no-inherited-ace-conflict`.
    NoInheritedAceConflict,
    /// `DAV:grant-only`.
    GrantOnly,
    /// `DAV:no-invert`.
    NoInvert,
    /// `DAV:limited-number-of-aces`.
    LimitedNumberOfAces,
    /// `DAV:not-supported-privilege`.
    NotSupportedPrivilege,
    /// `DAV:recognized-principal`.
    RecognizedPrincipal,
    /// `DAV:allowed-principal`.
    AllowedPrincipal,
    /// `DAV:no-external-entities`: the body of the request is not acceptable XML.
    NoExternalEntities,
    /// The default collection of its kind cannot be deleted: `CALDAV:default-calendar-needed` (RFC 6638 §4.3).
    DefaultCalendarNeeded { card: bool },
    /// `CALDAV:valid-calendar-data` of a COPY or MOVE between kinds: the target holds another kind.
    WrongKindOfCollection {
        /// Whether it was to go into an address book.
        card: bool,
    },
    /// Something that is not done to a group; no RFC names it.
    Group(GroupRefusal),
}

/// A part of a filter, by the name that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterPart {
    /// `comp-filter`
    Component(String),
    /// `prop-filter`
    Property(String),
    /// `param-filter`
    Parameter(String),
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())
    }
}

impl Condition {
    /// What is wrong, in words for people: with every condition, that none is told by a name of the program.
    fn words(&self) -> Cow<'static, str> {
        match self {
            Condition::ValidCalendarData(why)
            | Condition::ValidCalendarObjectResource(why)
            | Condition::ValidFilter(why)
            | Condition::ValidAddressData(why) => why.clone().into(),
            Condition::NoUidConflict { href, .. } if href.is_empty() => "this UID is in use".into(),
            Condition::NoUidConflict { href, .. } => format!("this UID is in use by {href}").into(),
            Condition::MaxResourceSize { bytes, .. } | Condition::MaxImageSize(bytes) => {
                format!("longer than {bytes} bytes").into()
            }
            Condition::MaxInstances(most) => format!("more than {most} instances in a month").into(),
            Condition::MaxAttendees(most) => format!("more than {most} attendees").into(),
            Condition::SupportedCalendarComponent(component) => {
                format!("the collection takes no {component}").into()
            }
            Condition::SupportedRscale(name) => {
                format!("there is no calendar {name} for a rule to count in").into()
            }
            Condition::SupportedFilter { part: None, .. } => "the filter asks what cannot be answered".into(),
            Condition::SupportedFilter {
                part:
                    Some(
                        FilterPart::Component(name)
                        | FilterPart::Property(name)
                        | FilterPart::Parameter(name),
                    ),
                ..
            } => format!("the filter asks of {name} what cannot be answered").into(),
            Condition::NeedPrivileges { privilege, .. } => {
                format!("the privilege {} is missing", privilege.name().1).into()
            }
            Condition::Group(why) => why.to_string().into(),
            Condition::WrongKindOfCollection { card: true } => "an address book takes cards alone".into(),
            Condition::WrongKindOfCollection { card: false } => "a calendar takes no cards".into(),
            Condition::DefaultCalendarNeeded { .. } => {
                "the default collection of an account cannot be deleted".into()
            }
            Condition::QuotaNotExceeded => "there is no room for more".into(),
            Condition::SupportedCalendarData => "calendars are not kept or told in this format".into(),
            Condition::SupportedAddressData => "cards are not kept or told in this format".into(),
            Condition::SupportedAddressDataConversion => "the card cannot be told in this format".into(),
            Condition::MinDateTime => "earlier than any date that can be kept".into(),
            Condition::MaxDateTime => "later than any date that can be kept".into(),
            Condition::CollectionLocationOk { .. } => "no collection can be made here".into(),
            Condition::ValidTimezone => "this is no time zone".into(),
            Condition::SupportedCollation { .. } => "there is no such collation".into(),
            Condition::NumberOfMatchesWithinLimits => "more is found than is told at once".into(),
            Condition::ValidSyncToken { .. } => "the token names no known state: read everything anew".into(),
            Condition::CannotModifyProtectedProperty => "the property cannot be set".into(),
            Condition::ResourceMustBeNull => "there is something already".into(),
            Condition::ValidResourceType => "no collection of this type can be made".into(),
            Condition::PropfindFiniteDepth => "the depth must be 0 or 1".into(),
            Condition::SupportedReport => "there is no such report here".into(),
            Condition::NoAceConflict => "these rights contradict each other".into(),
            Condition::NoProtectedAceConflict => "these rights contradict some that cannot be changed".into(),
            Condition::NoInheritedAceConflict => "these rights contradict inherited ones".into(),
            Condition::GrantOnly => "rights can be granted, not denied".into(),
            Condition::NoInvert => "rights cannot be granted to all but somebody".into(),
            Condition::LimitedNumberOfAces => "more rights than a collection can have".into(),
            Condition::NotSupportedPrivilege => "there is no such privilege".into(),
            Condition::RecognizedPrincipal => "there is no such person or group".into(),
            Condition::AllowedPrincipal => "rights are not granted to this person or group".into(),
            Condition::NoExternalEntities => "the XML names entities, which are not followed".into(),
        }
    }
}

impl From<Condition> for Fault {
    fn from(condition: Condition) -> Self {
        Fault::Condition(condition)
    }
}
