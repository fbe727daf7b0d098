//! RFC 4918 §15, RFC 5397, RFC 3253 §3.1.5, RFC 4331, RFC 5995, RFC 6578 §4.

use super::{Property, View};
use crate::dav::href::{self, Target};
use crate::dav::notices::{self, Form};
use crate::dav::reports;
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::{CALDAV, CARDDAV, CS, DAV};
use crate::dav::xml::write;
use crate::domain::acl::Privilege;
use crate::domain::collection::CollectionKind;
use crate::domain::principal::PrincipalKind;
use crate::http::date::http_date;
use crate::services::Shown;
use crate::text::xml::escape;
use jiff::Timestamp;

const fn live(
    local: &'static str,
    kinds: u16,
    allprop: bool,
    get: fn(&View<'_>, &mut String) -> bool,
) -> Property {
    Property { ns: DAV, local, kinds, allprop, needs: need::NOTHING, get }
}

fn resourcetype(view: &View<'_>, out: &mut String) -> bool {
    let mut types: Vec<(&str, &str)> = Vec::new();
    match view.resource {
        Resource::Item { .. } | Resource::Notice(..) => return true,
        Resource::Notices(..) => types.extend([(CS, "notification"), (DAV, "notifications")]),
        Resource::Principal(_) => types.push((DAV, "principal")),
        Resource::Proxy(_, of) => types.extend([(DAV, "principal"), (CS, href::proxy_name(*of))]),
        Resource::Collection(access) => match access.collection().kind {
            CollectionKind::Calendar => types.push((CALDAV, "calendar")),
            CollectionKind::AddressBook => types.push((CARDDAV, "addressbook")),
            CollectionKind::Inbox => types.push((CALDAV, "schedule-inbox")),
            CollectionKind::Outbox => types.push((CALDAV, "schedule-outbox")),
            CollectionKind::Plain => {}
        },
        Resource::Plain(_) | Resource::Home(_) => {}
    }
    types.extend(super::sharing::resource_type(view));
    write::empty(out, DAV, "collection");
    for (ns, local) in types {
        write::empty(out, ns, local);
    }
    true
}

fn getetag(view: &View<'_>, out: &mut String) -> bool {
    let etag = match view.resource {
        Resource::Item { entry, .. } => &entry.etag,
        Resource::Notice(_, one) => &one.etag(),
        _ => return false,
    };
    out.push_str("&quot;");
    escape(out, &etag.0);
    out.push_str("&quot;");
    true
}

fn getcontenttype(view: &View<'_>, out: &mut String) -> bool {
    match view.resource {
        Resource::Item { entry, .. } => out.push_str(entry.kind.content_type()),
        Resource::Notice(..) => out.push_str(Form::CalendarServer.content_type()),
        Resource::Collection(access) => match access.collection().kind {
            CollectionKind::Calendar => out.push_str("text/calendar; charset=utf-8"),
            CollectionKind::AddressBook => out.push_str("text/vcard; charset=utf-8"),
            _ => return false,
        },
        _ => return false,
    }
    true
}

fn whole<'v>(view: &View<'v>) -> Option<&'v Shown> {
    match view.resource {
        Resource::Item { object, .. } => object.as_deref(),
        _ => None,
    }
}

fn getcontentlength(view: &View<'_>, out: &mut String) -> bool {
    let Some(object) = whole(view) else { return false };
    out.push_str(&object.body.len().to_string());
    true
}

fn getlastmodified(view: &View<'_>, out: &mut String) -> bool {
    let Some(date) = whole(view).and_then(|object| http_date(object.modified_at)) else {
        return false;
    };
    out.push_str(&date);
    true
}

fn creationdate(view: &View<'_>, out: &mut String) -> bool {
    let micros = match view.resource {
        Resource::Collection(access) => access.collection().created_at,
        _ => match whole(view) {
            Some(object) => object.created_at,
            None => return false,
        },
    };
    let Ok(instant) = Timestamp::from_microsecond(micros) else { return false };
    out.push_str(&instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    true
}

fn displayname(view: &View<'_>, out: &mut String) -> bool {
    match view.resource {
        Resource::Principal(principal) => escape(out, &principal.display_name),
        Resource::Proxy(_, of) => out.push_str(href::proxy_name(*of)),
        Resource::Home(home) => escape(out, &home.owner.handle),
        // On collections and items the name is one of the kept properties.
        _ => return false,
    }
    true
}

fn current_user_principal(view: &View<'_>, out: &mut String) -> bool {
    write::href(out, &href::principal(PrincipalKind::User, &view.actor.handle));
    true
}

fn principal_collection_set(_: &View<'_>, out: &mut String) -> bool {
    write::href(out, &href::of_target(&Target::Principals));
    true
}

fn supported_report_set(view: &View<'_>, out: &mut String) -> bool {
    for report in reports::all().filter(|report| report.kinds & view.resource.kind() != 0) {
        out.push_str("<D:supported-report><D:report>");
        write::empty(out, report.ns, report.local);
        out.push_str("</D:report></D:supported-report>");
    }
    true
}

/// The token of a collection or a home, as sync and CTags write it.
pub fn token(view: &View<'_>) -> Option<String> {
    match view.resource {
        Resource::Collection(access) => Some(view.core.token(access).to_string()),
        Resource::Home(home) => Some(home.token.to_string()),
        Resource::Notices(_, all) => Some(notices::token(all)),
        _ => None,
    }
}

fn sync_token(view: &View<'_>, out: &mut String) -> bool {
    let Some(token) = token(view) else { return false };
    out.push_str(&token);
    true
}

fn add_member(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Collection(access) = view.resource else { return false };
    if !access.rights().has(Privilege::Bind) {
        return false;
    }
    write::href(out, &view.resource.href());
    true
}

fn quota_used_bytes(view: &View<'_>, out: &mut String) -> bool {
    let Some((_, bytes)) = view.extras.usage else { return false };
    out.push_str(&bytes.to_string());
    true
}

fn quota_available_bytes(view: &View<'_>, out: &mut String) -> bool {
    let Some((members, _)) = view.extras.usage else { return false };
    // The bound is on members: what is left of them, at the size that each may have.
    let limits = view.core.limits();
    let collections = match view.resource {
        Resource::Home(_) => i64::try_from(limits.collections).unwrap_or(i64::MAX),
        _ => 1,
    };
    let left = limits.members.saturating_mul(collections).saturating_sub(members).max(0).unsigned_abs();
    out.push_str(&left.saturating_mul(limits.resource_bytes).min(i64::MAX.unsigned_abs()).to_string());
    true
}

fn nothing(_: &View<'_>, _: &mut String) -> bool {
    true
}

const MEMBERS: u16 = kind::COLLECTION | kind::ITEM;
const QUOTA: u16 = kind::CALENDAR | kind::BOOK | kind::HOME;
const TOKENS: u16 = kind::CALENDAR | kind::BOOK | kind::INBOX | kind::HOME | kind::NOTICES;

/// The list.
pub static ALL: &[Property] = &[
    live("resourcetype", kind::ANY, true, resourcetype),
    live("getetag", kind::ITEM | kind::NOTICE, true, getetag),
    live("getcontenttype", kind::ITEM | kind::CALENDAR | kind::BOOK | kind::NOTICE, true, getcontenttype),
    Property { needs: need::WHOLE, ..live("getcontentlength", kind::ITEM, true, getcontentlength) },
    Property { needs: need::WHOLE, ..live("getlastmodified", kind::ITEM, true, getlastmodified) },
    Property { needs: need::WHOLE, ..live("creationdate", MEMBERS, true, creationdate) },
    live("displayname", kind::PRINCIPAL | kind::HOME, true, displayname),
    live("current-user-principal", kind::ANY, false, current_user_principal),
    live("principal-collection-set", kind::ANY, false, principal_collection_set),
    live("supported-report-set", kind::ANY, false, supported_report_set),
    live("sync-token", TOKENS, false, sync_token),
    live("add-member", kind::CALENDAR | kind::BOOK, false, add_member),
    Property { needs: need::USAGE, ..live("quota-used-bytes", QUOTA, false, quota_used_bytes) },
    Property { needs: need::USAGE, ..live("quota-available-bytes", QUOTA, false, quota_available_bytes) },
    live("supportedlock", kind::ANY, true, nothing),
    live("lockdiscovery", kind::ANY, true, nothing),
];
