//! Notifications of sharing as documents, in the words of either protocol: the same collection serves both.
//!
//! caldav-notifications and caldav-sharing (calendarserver.org); draft-pot-webdav-notifications-02, draft-pot-webdav-resource-sharing-04.

use super::href;
use super::xml::names::{CALDAV, CARDDAV, CS, DAV, DECLARATIONS};
use super::xml::write;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::id::Etag;
use crate::domain::invitation::{Level, State};
use crate::domain::principal::Principal;
use crate::services::invitations::{Invited, Notice, Reply};
use jiff::Timestamp;

/// In which words a notification is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Those that Apple's clients know.
    CalendarServer,
    /// Those of the draft.
    Draft,
}

impl Form {
    /// What an `Accept` header asks for: the draft's only by its name.
    pub fn negotiate(accept: &str) -> Form {
        let draft = accept.to_ascii_lowercase().contains("application/davnotification+xml");
        if draft { Form::Draft } else { Form::CalendarServer }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Form::CalendarServer => "application/xml; charset=utf-8",
            Form::Draft => "application/davnotification+xml; charset=utf-8",
        }
    }
}

/// The state of a collection of notifications.
pub fn token(all: &[Notice]) -> String {
    let mut text = String::new();
    for one in all {
        text.push_str(&one.name());
        text.push_str(&one.etag().0);
    }
    format!("urn:cenacle:notices:{}", Etag::of(text.as_bytes()).0)
}

/// How somebody is called to who invited him: as he called him.
pub fn sharee_href(address: &str, who: &Principal) -> String {
    match who.addresses.first() {
        _ if !address.is_empty() => address.to_owned(),
        Some(mail) => format!("mailto:{mail}"),
        None => href::of_principal(who),
    }
}

/// The element for what somebody said.
pub const fn status(state: State) -> &'static str {
    match state {
        State::Waiting => "invite-noresponse",
        State::Accepted => "invite-accepted",
        State::Declined => "invite-declined",
        State::Invalid => "invite-invalid",
    }
}

/// The element for how far somebody gets.
pub const fn access(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::ReadWrite) => "read-write",
        Some(Level::Read) | None => "read",
    }
}

/// The value of the attribute `shared-type`.
const fn shared_type(of: &Collection) -> &'static str {
    match of.kind {
        CollectionKind::AddressBook => "addressbook",
        _ => "calendar",
    }
}

/// The element that names its kind, as the property of the kind has it.
pub fn kind(notice: &Notice, form: Form, out: &mut String) {
    let (name, of) = named(notice, form);
    begin(name, of, form, out);
    out.pop();
    out.push_str("/>");
}

fn named(notice: &Notice, form: Form) -> (&'static str, &Collection) {
    match (notice, form) {
        (Notice::Invite(one), Form::CalendarServer) => ("invite-notification", one.access.collection()),
        (Notice::Invite(one), Form::Draft) => ("share-invite-notification", one.access.collection()),
        (Notice::Reply(one), Form::CalendarServer) => ("invite-reply", &one.collection),
        (Notice::Reply(one), Form::Draft) => ("share-reply-notification", &one.collection),
    }
}

fn begin(name: &str, of: &Collection, form: Form, out: &mut String) {
    match form {
        Form::CalendarServer => {
            out.push_str(&format!("<S:{name} shared-type=\"{}\">", shared_type(of)));
        }
        Form::Draft => write::open(out, DAV, name),
    }
}

/// The whole document.
pub fn document(notice: &Notice, form: Form) -> String {
    let ns = if form == Form::Draft { DAV } else { CS };
    let root = if form == Form::Draft { "D:notification" } else { "S:notification" };
    let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{root}{DECLARATIONS}>");
    write::text(&mut out, ns, "dtstamp", &stamp(notice.at(), form));
    let (name, of) = named(notice, form);
    begin(name, of, form, &mut out);
    match (notice, form) {
        (Notice::Invite(one), Form::CalendarServer) => invite(one, &mut out),
        (Notice::Invite(one), Form::Draft) => draft_invite(one, &mut out),
        (Notice::Reply(one), Form::CalendarServer) => reply(one, &mut out),
        (Notice::Reply(one), Form::Draft) => draft_reply(one, &mut out),
    }
    write::close(&mut out, ns, name);
    out.push_str(&format!("</{root}>\n"));
    out
}

/// Apple's clients read no separators.
fn stamp(micros: i64, form: Form) -> String {
    let form = if form == Form::Draft { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y%m%dT%H%M%SZ" };
    Timestamp::from_microsecond(micros).map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

/// The name that a collection is known by.
fn name(of: &Collection) -> String {
    of.props.get(DAV, "displayname").map_or_else(|| of.slug.clone(), |prop| prop.text.clone())
}

/// An element with an `href` in it.
pub fn href_in(out: &mut String, ns: &str, local: &str, path: &str) {
    write::open(out, ns, local);
    write::href(out, path);
    write::close(out, ns, local);
}

/// An element with an empty one in it.
pub fn empty_in(out: &mut String, ns: &str, local: &str, inside: &str) {
    write::open(out, ns, local);
    write::empty(out, ns, inside);
    write::close(out, ns, local);
}

/// The owner as the organizer of a shared collection.
pub fn organizer(owner: &Principal, out: &mut String) {
    write::open(out, CS, "organizer");
    write::href(out, &href::of_principal(owner));
    write::text(out, CS, "common-name", &owner.display_name);
    write::close(out, CS, "organizer");
}

fn hosturl(owner: &str, of: &Collection) -> String {
    href::collection(of.home, owner, &of.slug)
}

fn invite(one: &Invited, out: &mut String) {
    let of = one.access.collection();
    write::text(out, CS, "uid", &format!("invite-{}", one.id));
    write::href(out, &sharee_href(&one.address, &one.grantee));
    write::empty(out, CS, status(one.state));
    empty_in(out, CS, "access", access(Level::of(one.access.rights())));
    href_in(out, CS, "hosturl", &hosturl(&one.owner.handle, of));
    organizer(&one.owner, out);
    write::text(
        out,
        CS,
        "summary",
        if one.summary.is_empty() { name(of) } else { one.summary.clone() }.as_str(),
    );
    if of.kind == CollectionKind::Calendar {
        components(of, out);
    }
}

fn components(of: &Collection, out: &mut String) {
    write::open(out, CALDAV, "supported-calendar-component-set");
    for name in of.components.names() {
        out.push_str(&format!("<C:comp name=\"{name}\"/>"));
    }
    write::close(out, CALDAV, "supported-calendar-component-set");
}

fn reply(one: &Reply, out: &mut String) {
    write::href(out, &sharee_href(&one.address, &one.who));
    write::empty(out, CS, status(one.state));
    href_in(out, CS, "hosturl", &hosturl(&one.owner, &one.collection));
    write::text(out, CS, "in-reply-to", &format!("invite-{}", one.invitation));
    write::text(out, CS, "summary", &name(&one.collection));
    write::text(out, CS, "common-name", &one.who.display_name);
}

fn draft_invite(one: &Invited, out: &mut String) {
    let of = one.access.collection();
    href_in(out, DAV, "sharer-resource-uri", &hosturl(&one.owner.handle, of));
    write::open(out, DAV, "principal");
    write::href(out, &href::of_principal(&one.owner));
    displayname(&one.owner.display_name, out);
    write::close(out, DAV, "principal");
    write::empty(out, DAV, status(one.state));
    empty_in(out, DAV, "share-access", access(Level::of(one.access.rights())));
    if !one.summary.is_empty() {
        write::text(out, DAV, "comment", &one.summary);
    }
    out.push_str("<D:prop><D:resourcetype><D:collection/>");
    match of.kind {
        CollectionKind::AddressBook => write::empty(out, CARDDAV, "addressbook"),
        _ => write::empty(out, CALDAV, "calendar"),
    }
    out.push_str("</D:resourcetype>");
    write::text(out, DAV, "displayname", &name(of));
    out.push_str("</D:prop>");
}

fn draft_reply(one: &Reply, out: &mut String) {
    write::open(out, DAV, "sharee");
    write::href(out, &sharee_href(&one.address, &one.who));
    write::empty(out, DAV, status(one.state));
    displayname(&one.who.display_name, out);
    write::close(out, DAV, "sharee");
    href_in(out, DAV, "sharer-resource-uri", &hosturl(&one.owner, &one.collection));
}

/// A `prop` with a name in it.
pub fn displayname(name: &str, out: &mut String) {
    out.push_str("<D:prop>");
    write::text(out, DAV, "displayname", name);
    out.push_str("</D:prop>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draft_is_told_to_who_names_it() {
        for accept in ["", "*/*", "application/xml", "text/xml"] {
            assert_eq!(Form::negotiate(accept), Form::CalendarServer, "{accept}");
        }
        assert_eq!(Form::negotiate("text/xml, Application/DavNotification+XML;q=1"), Form::Draft);
    }

    #[test]
    fn stamps_are_as_each_protocol_reads_them() {
        assert_eq!(stamp(0, Form::CalendarServer), "19700101T000000Z");
        assert_eq!(stamp(0, Form::Draft), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn tokens_are_of_what_there_is() {
        assert_eq!(token(&[]), token(&[]));
        assert!(token(&[]).starts_with("urn:cenacle:notices:"));
    }
}
