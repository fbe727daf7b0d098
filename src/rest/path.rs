//! What the paths of resources name. Read from the path as it was sent, so that every name of an item can be said.
//!
//! A path that names nothing that can be is not found, like one of what is not there.

use super::BASE;
use super::collections::{ADDRESS_BOOKS, CALENDARS};
use super::problem::Refused;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, ObjectName};
use crate::domain::principal::valid_handle;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::future::{Ready, ready};

/// All but what may stand in a segment as it is (RFC 3986 §3.3).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What can be done with an instance.
const RESTORE: &str = ":restore";

/// `/calendars/{id}` and what is below it.
#[derive(Debug, Clone, Copy)]
pub struct OfCollection(pub CollectionId);

/// `/calendars/{id}/events/{item}` and the like.
#[derive(Debug, Clone)]
pub struct OfItem {
    /// The collection.
    pub collection: CollectionId,
    /// The item's name, decoded.
    pub name: String,
}

/// `/calendars/{id}/events/{item}:move` and the like: the item, without what is to be done with it.
#[derive(Debug, Clone)]
pub struct OfAction(pub OfItem);

/// `/calendars/{id}:restore` and the like: the collection, without what is to be done with it.
#[derive(Debug, Clone, Copy)]
pub struct OfCollectionAction(pub CollectionId);

/// `/calendars/{id}/events/{item}/history/{version}` and the like.
#[derive(Debug, Clone)]
pub struct OfVersion {
    /// The item.
    pub item: OfItem,
    /// The number.
    pub number: i64,
}

/// `/calendars/{id}/shares/{with}` and the like.
#[derive(Debug, Clone)]
pub struct OfShare {
    /// The collection.
    pub collection: CollectionId,
    /// With whom, decoded; whether there is such a one is for others to see.
    pub with: String,
}

/// `/me/delegates/{handle}`: a handle, decoded.
#[derive(Debug, Clone)]
pub struct OfHandle(pub String);

/// `/devices/{id}`: a device's key.
#[derive(Debug, Clone)]
pub struct OfDevice(pub String);

/// `/devices/{id}:undo`: the same, without what is to be done.
#[derive(Debug, Clone)]
pub struct OfDeviceAction(pub String);

/// `/groups/{id}` and what is below it: the group's handle, decoded.
#[derive(Debug, Clone)]
pub struct OfGroup(pub String);

/// `/groups/{id}/members/{member}`
#[derive(Debug, Clone)]
pub struct OfMember {
    /// The group.
    pub group: OfGroup,
    /// The member's handle, decoded.
    pub member: String,
}

/// `/calendars/{id}/events/{item}/instances/{recurrenceId}`, with or without what is to be done with it.
#[derive(Debug, Clone)]
pub struct OfInstance {
    /// The series.
    pub item: OfItem,
    /// The original start of the instance, decoded; whether it is one is for others to see.
    pub recurrence_id: String,
}

/// `/sessions/{id}` and the like: a number.
#[derive(Debug, Clone, Copy)]
pub struct OfRow(pub i64);

/// `/webhooks/{id}:test` and the like: a number, without what is to be done with what it names.
#[derive(Debug, Clone, Copy)]
pub struct OfRowAction(pub i64);

/// What a path names that is worth reading together with the login: a collection, and an item of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// In which home.
    pub home: HomeKind,
    /// Which.
    pub collection: CollectionId,
    /// The item's name, decoded.
    pub item: Option<String>,
}

/// What to read together with the login of a request for this path.
pub fn ahead(path: &str) -> Option<Ahead> {
    let home = match segment(path, 0)? {
        list if list == CALENDARS.segment => HomeKind::Calendars,
        list if list == ADDRESS_BOOKS.segment => HomeKind::AddressBooks,
        _ => return None,
    };
    let item = if segment(path, 4).is_none() { item(path, false).map(|of| of.name) } else { None };
    Some(Ahead { home, collection: collection(path)?, item })
}
/// `/calendars/{id}/links/{link}` and the like.
#[derive(Debug, Clone, Copy)]
pub struct OfLink {
    /// The collection.
    pub collection: CollectionId,
    /// The link.
    pub link: i64,
}

/// `/calendars/{id}/links/{link}:rotate`: the link, without what is to be done with it.
#[derive(Debug, Clone, Copy)]
pub struct OfLinkAction(pub OfLink);

/// The segment at this place below [`BASE`], as it was sent.
fn segment(path: &str, at: usize) -> Option<&str> {
    path.strip_prefix(BASE)?.split('/').nth(at + 1).filter(|segment| !segment.is_empty())
}

fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn collection(path: &str) -> Option<CollectionId> {
    CollectionId::parse(segment(path, 1)?)
}

fn item(path: &str, action: bool) -> Option<OfItem> {
    let mut name = segment(path, 3)?;
    if action {
        (name, _) = name.rsplit_once(':')?;
    }
    Some(OfItem { collection: collection(path)?, name: self::name(name)? })
}

fn instance(path: &str) -> Option<OfInstance> {
    let segment = segment(path, 5)?;
    let recurrence_id = decoded(segment.strip_suffix(RESTORE).unwrap_or(segment))?;
    Some(OfInstance { item: item(path, false)?, recurrence_id })
}

/// The name of an item that a segment is.
pub fn name(segment: &str) -> Option<String> {
    ObjectName::parse(&decoded(segment)?).map(|name| name.as_str().to_owned())
}

/// What stands at the end of a path in the place of a name that was found.
fn found<T>(found: Option<T>) -> Ready<Result<T, Refused>> {
    ready(found.ok_or_else(|| Fault::NotFound.into()))
}

impl FromRequest for OfCollection {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(collection(request.uri().path()).map(OfCollection))
    }
}

impl FromRequest for OfItem {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(item(request.uri().path(), false))
    }
}

impl FromRequest for OfAction {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(item(request.uri().path(), true).map(OfAction))
    }
}

impl FromRequest for OfCollectionAction {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = segment(request.uri().path(), 1).and_then(|segment| segment.split_once(':'));
        found(id.and_then(|(id, _)| CollectionId::parse(id)).map(OfCollectionAction))
    }
}

impl FromRequest for OfVersion {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.uri().path();
        let number = segment(path, 5).and_then(row);
        found(item(path, false).zip(number).map(|(item, number)| OfVersion { item, number }))
    }
}

impl FromRequest for OfDevice {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(device(segment(request.uri().path(), 1)).map(OfDevice))
    }
}

impl FromRequest for OfDeviceAction {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = segment(request.uri().path(), 1).and_then(|segment| segment.rsplit_once(':'));
        found(device(key.map(|(key, _)| key)).map(OfDeviceAction))
    }
}

impl FromRequest for OfShare {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.uri().path();
        let with = segment(path, 3).and_then(decoded);
        found(collection(path).zip(with).map(|(collection, with)| OfShare { collection, with }))
    }
}

impl FromRequest for OfHandle {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(segment(request.uri().path(), 2).and_then(decoded).map(OfHandle))
    }
}

/// The key of a device that a segment is.
fn device(segment: Option<&str>) -> Option<String> {
    decoded(segment?).filter(|key| crate::domain::device::kind(key).is_some())
}

/// The handle that a segment is.
fn handle(segment: Option<&str>) -> Option<String> {
    decoded(segment?).filter(|handle| valid_handle(handle))
}

impl FromRequest for OfGroup {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(handle(segment(request.uri().path(), 1)).map(OfGroup))
    }
}

impl FromRequest for OfMember {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.uri().path();
        let both = handle(segment(path, 1)).zip(handle(segment(path, 3)));
        found(both.map(|(group, member)| OfMember { group: OfGroup(group), member }))
    }
}

impl FromRequest for OfInstance {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(instance(request.uri().path()))
    }
}

impl FromRequest for OfRow {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        found(segment(request.uri().path(), 1).and_then(row).map(OfRow))
    }
}

impl FromRequest for OfRowAction {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = segment(request.uri().path(), 1).and_then(|segment| segment.split_once(':'));
        found(named.and_then(|(id, _)| row(id)).map(OfRowAction))
    }
}

impl FromRequest for OfLink {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.uri().path();
        found(link(path, segment(path, 3)))
    }
}

impl FromRequest for OfLinkAction {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.uri().path();
        let named = segment(path, 3).and_then(|segment| segment.split_once(':'));
        found(link(path, named.map(|(id, _)| id)).map(OfLinkAction))
    }
}

fn link(path: &str, segment: Option<&str>) -> Option<OfLink> {
    Some(OfLink { collection: collection(path)?, link: row(segment?)? })
}

/// The one spelling of a number.
fn row(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// The path of something below [`BASE`], each segment encoded.
pub fn to(segments: &[&str]) -> String {
    let mut path = String::from(BASE);
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_item_is_read_back() {
        let id = CollectionId(77).to_string();
        for name in ["a.ics", "a b%c", "x:move", "é?#&+;=@'", "a\nb", "%2F", "~.._", "[x]"] {
            let path = to(&["calendars", &id, "events", name]);
            let read = item(&path, false).expect("a name");
            assert_eq!((read.collection.0, read.name.as_str()), (77, name), "{path}");
            let acted = item(&format!("{path}:move"), true).expect("a name");
            assert_eq!(acted.name, name, "{path}");
        }
    }

    #[test]
    fn collections_and_their_items_are_read_with_the_login() {
        let id = CollectionId(77).to_string();
        let named = |path: &str| ahead(path).map(|of| (of.home, of.collection.0, of.item));
        let (calendars, books) = (HomeKind::Calendars, HomeKind::AddressBooks);
        assert_eq!(named(&format!("{BASE}/calendars/{id}/changes")), Some((calendars, 77, None)));
        assert_eq!(named(&format!("{BASE}/address-books/{id}")), Some((books, 77, None)));
        let card = Some((books, 77, Some("a b".to_owned())));
        assert_eq!(named(&format!("{BASE}/address-books/{id}/contacts/a%20b")), card);
        assert_eq!(
            named(&format!("{BASE}/calendars/{id}/events/a/instances/x")),
            Some((calendars, 77, None))
        );
        for none in ["/me", "/calendars", "/calendars/x/events", "/principals/77"] {
            assert_eq!(ahead(&format!("{BASE}{none}")), None, "{none}");
        }
    }

    #[test]
    fn what_cannot_be_is_not_found() {
        let id = CollectionId(77).to_string();
        for name in ["a%2Fb", "%00", ".", "%2e%2e", "%ff", ""] {
            assert!(item(&format!("{BASE}/calendars/{id}/events/{name}"), false).is_none(), "{name}");
        }
        for path in
            ["/api/v1/calendars/", "/api/v1/calendars/x", "/elsewhere", "/api/v1/calendars/%30000000000001"]
        {
            assert!(collection(path).is_none(), "{path}");
        }
        assert_eq!(device(Some("app-password-7")).as_deref(), Some("app-password-7"));
        assert_eq!(device(Some("client-a%2Bb")).as_deref(), Some("client-a+b"));
        for none in [None, Some(""), Some("7"), Some("session-x"), Some("client-%20")] {
            assert_eq!(device(none), None, "{none:?}");
        }
        assert_eq!((row("12"), row("012"), row("+1"), row("x")), (Some(12), None, None, None));
    }
}
