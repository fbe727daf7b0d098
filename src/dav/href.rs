//! Paths and what they name: the only place that knows the URL space.
//!
//! Paths are decoded here, segment by segment, and written back in one spelling, since clients key their caches on it.

use crate::domain::collection::HomeKind;
use crate::domain::id::ObjectName;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::services::Access;
use crate::services::access::{Owner, Place};
use crate::services::delegates::Proxy;
use crate::services::opened::Wanted;
use actix_web::http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a segment (RFC 3986 §2.3, and `@`).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/`
    Root,
    /// `/dav/`
    Context,
    /// `/dav/principals/`, and `/principals/` for clients that probe it.
    Principals,
    /// `/dav/principals/users/` and its like.
    PrincipalsOf(PrincipalKind),
    /// `/dav/principals/users/{handle}/`
    Principal(PrincipalKind, String),
    /// `/dav/principals/users/{handle}/calendar-proxy-read/` and its twin.
    Proxy(String, Proxy),
    /// `/dav/calendars/` or `/dav/addressbooks/`
    Homes(HomeKind),
    /// `/dav/calendars/{handle}/`
    Home(HomeKind, String),
    /// `/dav/calendars/{handle}/{calendar}/`
    Collection(Place),
    /// `/dav/calendars/{handle}/{calendar}/{name}`
    Item(Place, String),
    /// `/dav/notifications/{handle}/`
    Notices(String),
    /// `/dav/notifications/{handle}/{name}`
    Notice(String, String),
}

impl Target {
    /// What a request with this method is going to read first.
    pub fn wanted(&self, method: &Method) -> Option<Wanted<'_>> {
        match self {
            Target::Collection(place) => Some(Wanted::Collection(place)),
            Target::Item(place, name) => Some(match method.as_str() {
                "GET" | "HEAD" | "PROPFIND" => Wanted::Shown(place, name),
                "PUT" | "DELETE" => Wanted::Changed(place, name),
                _ => Wanted::Collection(place),
            }),
            Target::Home(kind, owner) if method.as_str() == "PROPFIND" => Some(Wanted::Home(*kind, owner)),
            _ => None,
        }
    }
}

/// Reads the path of a request or of a `Destination`: raw, still encoded, without query. `None` where nothing can be.
pub fn parse(path: &str) -> Option<Target> {
    let rest = path.strip_prefix('/')?;
    let mut segments = Vec::with_capacity(6);
    for raw in rest.split('/').filter(|raw| !raw.is_empty()) {
        let segment = percent_decode_str(raw).decode_utf8().ok()?;
        if !is_well_formed(raw) || segments.len() == 6 || !ObjectName::fits(&segment) {
            return None;
        }
        segments.push(segment);
    }
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    Some(match parts.as_slice() {
        [] => Target::Root,
        ["dav"] => Target::Context,
        ["principals"] | ["dav", "principals"] => Target::Principals,
        ["dav", "principals", kind] => Target::PrincipalsOf(kind_of(kind)?),
        ["dav", "principals", kind, handle] => Target::Principal(kind_of(kind)?, handle.to_lowercase()),
        ["dav", "principals", "users", handle, group] => {
            Target::Proxy(handle.to_lowercase(), proxy_of(group)?)
        }
        ["dav", "notifications", handle] => Target::Notices(handle.to_lowercase()),
        ["dav", "notifications", handle, name] => Target::Notice(handle.to_lowercase(), (*name).to_owned()),
        ["dav", home] => Target::Homes(home_of(home)?),
        ["dav", home, handle] => Target::Home(home_of(home)?, handle.to_lowercase()),
        ["dav", home, handle, slug] => Target::Collection(place(home_of(home)?, handle, slug)),
        ["dav", home, handle, slug, name] => {
            Target::Item(place(home_of(home)?, handle, slug), (*name).to_owned())
        }
        _ => return None,
    })
}

/// Whether a path leads below a home of this owner, however far: also where nothing can be.
pub fn is_below(path: &str, owner: &str) -> bool {
    let mut segments = path.split('/').filter(|raw| !raw.is_empty());
    let in_home =
        segments.next() == Some("dav") && segments.next().is_some_and(|home| home_of(home).is_some());
    let handle = segments.next().and_then(|raw| percent_decode_str(raw).decode_utf8().ok());
    in_home && handle.is_some_and(|handle| handle.to_lowercase() == owner)
}

/// Whether each `%` of a path begins an escape (RFC 3986 §2.1). A path where one does not is no path: read as it stands, it would name
/// what another spelling names.
pub fn is_well_formed(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether an href names a server that is not `host`, as far as it names one.
pub fn is_elsewhere(href: &str, host: &str) -> bool {
    let authority =
        href.trim().split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(host))
}

/// Reads an href as clients send it: a path, or an absolute URI of any host. `None` where nothing can be.
pub fn parse_href(href: &str) -> Option<Target> {
    parse(path_of(href)?)
}

/// Whether a segment means itself, however hrefs are read: a name of letters, digits and what needs no encoding.
pub fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    name.bytes().all(plain) && ObjectName::fits(name)
}

/// The path of an href: a path stays, of an absolute URI the host is dropped.
pub fn path_of(href: &str) -> Option<&str> {
    let href = href.trim();
    let path = match href.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/")),
        None => href,
    };
    let path = path.split(['?', '#']).next()?;
    path.starts_with('/').then_some(path)
}

fn place(home: HomeKind, handle: &str, slug: &str) -> Place {
    Place { owner: handle.to_lowercase(), home, slug: slug.to_owned(), id: None }
}

const KINDS: [(&str, PrincipalKind); 4] = [
    ("users", PrincipalKind::User),
    ("groups", PrincipalKind::Group),
    ("rooms", PrincipalKind::Room),
    ("resources", PrincipalKind::Resource),
];

fn kind_of(segment: &str) -> Option<PrincipalKind> {
    KINDS.iter().find(|(name, _)| *name == segment).map(|(_, kind)| *kind)
}

const PROXIES: [(&str, Proxy); 2] =
    [("calendar-proxy-read", Proxy::Read), ("calendar-proxy-write", Proxy::Write)];

fn proxy_of(segment: &str) -> Option<Proxy> {
    PROXIES.iter().find(|(name, _)| *name == segment).map(|(_, proxy)| *proxy)
}

/// The last segment of a proxy group's path; its resource type too.
pub fn proxy_name(of: Proxy) -> &'static str {
    PROXIES.iter().find(|(_, known)| *known == of).map_or("", |(name, _)| name)
}

/// `/dav/principals/users/{handle}/calendar-proxy-read/` and its twin.
pub fn proxy(handle: &str, of: Proxy) -> String {
    let mut path = principal(PrincipalKind::User, handle);
    path.push_str(proxy_name(of));
    path.push('/');
    path
}

fn home_of(segment: &str) -> Option<HomeKind> {
    match segment {
        "calendars" => Some(HomeKind::Calendars),
        "addressbooks" => Some(HomeKind::AddressBooks),
        _ => None,
    }
}

const fn home_name(home: HomeKind) -> &'static str {
    match home {
        HomeKind::Calendars => "calendars",
        HomeKind::AddressBooks => "addressbooks",
    }
}

/// One segment, encoded.
pub fn encode(out: &mut String, segment: &str) {
    out.extend(utf8_percent_encode(segment, PLAIN));
}

/// `/dav/principals/users/{handle}/`
pub fn principal(kind: PrincipalKind, handle: &str) -> String {
    let name = KINDS.iter().find(|(_, known)| *known == kind).map_or("users", |(name, _)| *name);
    let mut path = format!("/dav/principals/{name}/");
    encode(&mut path, handle);
    path.push('/');
    path
}

/// The URL of a principal.
pub fn of_principal(of: &Principal) -> String {
    principal(of.kind, &of.handle)
}

/// The URL of an owner's principal.
pub fn of_owner(of: &Owner) -> String {
    principal(of.kind, &of.handle)
}

/// `/dav/calendars/{handle}/`
pub fn home(kind: HomeKind, handle: &str) -> String {
    let mut path = format!("/dav/{}/", home_name(kind));
    encode(&mut path, handle);
    path.push('/');
    path
}

/// `/dav/calendars/{handle}/{slug}/`
pub fn collection(kind: HomeKind, handle: &str, slug: &str) -> String {
    let mut path = home(kind, handle);
    encode(&mut path, slug);
    path.push('/');
    path
}

/// `/dav/notifications/{handle}/`
pub fn notices(handle: &str) -> String {
    let mut path = String::from("/dav/notifications/");
    encode(&mut path, handle);
    path.push('/');
    path
}

/// The URL of an item in the collection with this URL.
pub fn item_in(collection: &str, name: &str) -> String {
    let mut path = collection.to_owned();
    encode(&mut path, name);
    path
}

/// The URL of a collection, in the home that it is shown in.
pub fn of_access(of: &Access) -> String {
    let (handle, slug) = of.shown_at();
    collection(of.collection().home, handle, slug)
}

/// The URL of a place.
pub fn of_place(of: &Place) -> String {
    collection(of.home, &of.owner, &of.slug)
}

/// The path of any target, in the one spelling.
pub fn of_target(target: &Target) -> String {
    match target {
        Target::Root => "/".into(),
        Target::Context => "/dav/".into(),
        Target::Principals => "/dav/principals/".into(),
        Target::PrincipalsOf(kind) => {
            let name = KINDS.iter().find(|(_, known)| known == kind).map_or("users", |(name, _)| *name);
            format!("/dav/principals/{name}/")
        }
        Target::Principal(kind, handle) => principal(*kind, handle),
        Target::Proxy(handle, of) => proxy(handle, *of),
        Target::Homes(kind) => format!("/dav/{}/", home_name(*kind)),
        Target::Home(kind, handle) => home(*kind, handle),
        Target::Collection(place) => of_place(place),
        Target::Item(place, name) => {
            let mut path = of_place(place);
            encode(&mut path, name);
            path
        }
        Target::Notices(handle) => notices(handle),
        Target::Notice(handle, name) => item_in(&notices(handle), name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let place = Place { owner: "é@x".into(), home: HomeKind::Calendars, slug: "a b%c".into(), id: None };
        for target in [
            Target::Root,
            Target::Context,
            Target::Principals,
            Target::PrincipalsOf(PrincipalKind::Room),
            Target::Principal(PrincipalKind::User, "jean.dupond@x".into()),
            Target::Proxy("é@x".into(), Proxy::Read),
            Target::Proxy("bob".into(), Proxy::Write),
            Target::Homes(HomeKind::AddressBooks),
            Target::Home(HomeKind::Calendars, "é@x".into()),
            Target::Collection(place.clone()),
            Target::Notices("é@x".into()),
            Target::Notice("bob".into(), "invite-1.xml".into()),
            Target::Item(place, "a:b;c?d#e&'.ics".into()),
        ] {
            assert_eq!(parse(&of_target(&target)), Some(target.clone()), "{target:?}");
        }
    }

    #[test]
    fn spellings_meet_and_tricks_do_not() {
        assert_eq!(parse("/dav/calendars/a%40b/c"), parse("/dav/calendars/A@b/c/"));
        assert_eq!(parse_href("https://h:1/dav/?q"), Some(Target::Context));
        for trick in [
            "",
            "dav",
            "/dav/calendars/a/../b",
            "/dav/calendars/a%2Fb/c/d",
            "/dav/calendars/a/%00/c",
            "/dav/x/",
            "/dav/calendars/%ff/",
            "/dav/calendars/a/b/c/d",
            "/dav/notifications/",
            "/dav/notifications/a/b/c",
            "/dav/principals/users/a/calendar-proxy/",
            "/dav/principals/rooms/a/calendar-proxy-read/",
            "/dav/calendars/a/%2e%2e/c",
            "/dav/calendars/a/%zz/",
            "/dav/calendars/a/b%2",
            "/dav/calendars/a/b%",
            "/dav/calendars/a/%+1/",
        ] {
            assert_eq!(parse(trick), None, "{trick}");
        }
    }

    #[test]
    fn an_escape_has_two_digits() {
        for path in ["/", "/a%20b%C3%a9/%25", "/%25zz"] {
            assert!(is_well_formed(path), "{path}");
        }
        for path in ["/%", "/%2", "/%zz/", "/%2/0", "/%+1", "/%é", "/%%20"] {
            assert!(!is_well_formed(path), "{path}");
        }
    }

    #[test]
    fn only_a_name_of_another_server_is_elsewhere() {
        for here in ["/dav/", "https://Host:1/dav/", "nonsense", ""] {
            assert!(!is_elsewhere(here, "host:1"), "{here}");
        }
        for elsewhere in ["https://host/dav/", "http://other:1", "http://other?x", " http://other/dav/"] {
            assert!(is_elsewhere(elsewhere, "host:1"), "{elsewhere}");
        }
    }
}
