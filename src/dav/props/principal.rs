//! What a client finds on a principal: homes, addresses, inbox and outbox.
//!
//! RFC 4791 §6.2, RFC 6352 §7.1, RFC 6638 §2.4, `caldav-proxy` (calendarserver.org).

use super::acl::delegations;
use super::{Property, View};
use crate::dav::href;
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::{CALDAV, CARDDAV, CS};
use crate::dav::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::directory::{self, Showing};
use crate::domain::principal::{Principal, PrincipalKind};
use crate::services::delegates::Proxy;

/// The principal, or the actor himself on collections that only lead on: some clients ask there for homes.
fn handle<'v>(view: &View<'v>) -> Option<&'v str> {
    match view.resource {
        Resource::Principal(principal) => Some(&principal.handle),
        Resource::Plain(_) => Some(&view.actor.handle),
        _ => None,
    }
}

fn subject<'v>(view: &View<'v>) -> Option<&'v Principal> {
    match view.resource {
        Resource::Principal(principal) => Some(principal),
        _ => None,
    }
}

fn one(view: &View<'_>, out: &mut String, path: impl FnOnce(&str) -> String) -> bool {
    let Some(handle) = handle(view) else { return false };
    write::href(out, &path(handle));
    true
}

fn calendar_home_set(view: &View<'_>, out: &mut String) -> bool {
    one(view, out, |handle| href::home(HomeKind::Calendars, handle))
}

fn addressbook_home_set(view: &View<'_>, out: &mut String) -> bool {
    one(view, out, |handle| href::home(HomeKind::AddressBooks, handle))
}

/// Messages come to people, rooms and resources; a group has neither inbox nor outbox.
fn has_boxes(view: &View<'_>) -> bool {
    subject(view).is_none_or(|principal| principal.kind != PrincipalKind::Group)
}

/// Where Apple's clients search for people: one's own way to the directory, which is told to himself alone.
fn directory_gateway(view: &View<'_>, out: &mut String) -> bool {
    let own = match view.resource {
        Resource::Home(home) => home.own,
        _ => subject(view).is_some_and(|principal| principal.id == view.actor.id),
    };
    if !own || view.actor.directory == Showing::Off {
        return false;
    }
    write::href(out, &href::collection(HomeKind::AddressBooks, &view.actor.handle, directory::SLUG));
    true
}

fn schedule_inbox(view: &View<'_>, out: &mut String) -> bool {
    has_boxes(view) && one(view, out, |handle| href::collection(HomeKind::Calendars, handle, "inbox"))
}

fn schedule_outbox(view: &View<'_>, out: &mut String) -> bool {
    has_boxes(view) && one(view, out, |handle| href::collection(HomeKind::Calendars, handle, "outbox"))
}

fn calendar_user_address_set(view: &View<'_>, out: &mut String) -> bool {
    let Some(principal) = subject(view) else { return false };
    for (at, address) in principal.addresses.iter().enumerate() {
        out.push_str(if at == 0 { "<D:href preferred=\"1\">" } else { "<D:href>" });
        crate::text::xml::escape(out, &format!("mailto:{address}"));
        out.push_str("</D:href>");
    }
    write::href(out, &href::of_principal(principal));
    true
}

fn calendar_user_type(view: &View<'_>, out: &mut String) -> bool {
    let Some(principal) = subject(view) else { return false };
    out.push_str(principal.kind.calendar_user_type());
    true
}

fn email_address_set(view: &View<'_>, out: &mut String) -> bool {
    let Some(principal) = subject(view) else { return false };
    for address in &principal.addresses {
        write::text(out, CS, "email-address", address);
    }
    true
}

/// Whose calendars the actor may read, or change: the principals, as Apple's clients look for them.
fn calendar_proxy_for(view: &View<'_>, out: &mut String, wanted: Proxy) -> bool {
    if subject(view).is_none() {
        return false;
    }
    for (_, delegation) in delegations(view).filter(|(of, _)| *of == wanted) {
        write::href(out, &href::of_principal(&delegation.principal));
    }
    true
}

fn calendar_proxy_read_for(view: &View<'_>, out: &mut String) -> bool {
    calendar_proxy_for(view, out, Proxy::Read)
}

fn calendar_proxy_write_for(view: &View<'_>, out: &mut String) -> bool {
    calendar_proxy_for(view, out, Proxy::Write)
}

const fn live(
    ns: &'static str,
    local: &'static str,
    kinds: u16,
    get: fn(&View<'_>, &mut String) -> bool,
) -> Property {
    Property { ns, local, kinds, allprop: false, needs: need::NOTHING, get }
}

/// The list.
pub static ALL: &[Property] = &[
    live(CALDAV, "calendar-home-set", kind::PRINCIPAL | kind::PLAIN, calendar_home_set),
    live(CARDDAV, "addressbook-home-set", kind::PRINCIPAL | kind::PLAIN, addressbook_home_set),
    live(CARDDAV, "directory-gateway", kind::PRINCIPAL | kind::BOOK_HOME, directory_gateway),
    live(CALDAV, "schedule-inbox-URL", kind::PRINCIPAL, schedule_inbox),
    live(CALDAV, "schedule-outbox-URL", kind::PRINCIPAL, schedule_outbox),
    live(CALDAV, "calendar-user-address-set", kind::PRINCIPAL, calendar_user_address_set),
    live(CALDAV, "calendar-user-type", kind::PRINCIPAL, calendar_user_type),
    live(CS, "email-address-set", kind::PRINCIPAL, email_address_set),
    Property {
        needs: need::DELEGATIONS,
        ..live(CS, "calendar-proxy-read-for", kind::PRINCIPAL, calendar_proxy_read_for)
    },
    Property {
        needs: need::DELEGATIONS,
        ..live(CS, "calendar-proxy-write-for", kind::PRINCIPAL, calendar_proxy_write_for)
    },
];
