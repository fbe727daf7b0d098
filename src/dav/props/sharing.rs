//! What a client sees of sharing: who shares a collection, how far he gets, and where notifications are.
//!
//! caldav-sharing and caldav-notifications (calendarserver.org); draft-pot-webdav-resource-sharing-04, draft-pot-webdav-notifications-02.

use super::{Property, View};
use crate::dav::href;
use crate::dav::notices::{self, Form, access, displayname, empty_in, sharee_href, status};
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::{CS, DAV};
use crate::dav::xml::write;
use crate::domain::acl::Privilege;
use crate::domain::invitation::{self, Level, State};
use crate::domain::principal::PrincipalKind;
use crate::services::Access;
use crate::services::invitations::Sharee;

/// Collections that can be shared.
const SHAREABLE: u16 = kind::CALENDAR | kind::BOOK;

fn collection<'v>(view: &View<'v>) -> Option<&'v Access> {
    match view.resource {
        Resource::Collection(access) => Some(access),
        _ => None,
    }
}

fn is_own(view: &View<'_>, access: &Access) -> bool {
    access.collection().owner == view.actor.id
}

/// What the type of a resource says of its being shared.
pub fn resource_type(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    let access = collection(view)?;
    if access.mounted().is_some() {
        Some((CS, "shared"))
    } else {
        (is_own(view, access) && access.collection().is_shared()).then_some((CS, "shared-owner"))
    }
}

/// One who shares a collection, as he is told.
struct Told {
    href: String,
    name: String,
    summary: String,
    level: Option<Level>,
    state: State,
}

/// Who shares it, as far as the actor may know: who may not read its rights knows of himself alone.
fn told(view: &View<'_>) -> Option<Vec<Told>> {
    let of = collection(view)?;
    view.extras.organizer.as_ref()?;
    let one = |sharee: &Sharee| {
        let href = match &sharee.principal {
            Some(who) => sharee_href(&sharee.address, who),
            None => sharee.address.clone(),
        };
        let shown = sharee.principal.as_ref().map(|who| who.display_name.clone()).unwrap_or_default();
        let name = if sharee.name.is_empty() { shown } else { sharee.name.clone() };
        let state = sharee.state.unwrap_or(State::Accepted);
        Told { href, name, summary: sharee.summary.clone(), level: sharee.level, state }
    };
    Some(match &view.extras.sharees {
        Some(all) => all.iter().map(one).collect(),
        None => vec![Told {
            href: href::principal(PrincipalKind::User, &view.actor.handle),
            name: view.actor.handle.clone(),
            summary: String::new(),
            level: Level::of(of.rights()),
            state: State::Accepted,
        }],
    })
}

fn cs_invite(view: &View<'_>, out: &mut String) -> bool {
    let (Some(all), Some(owner)) = (told(view), &view.extras.organizer) else { return false };
    notices::organizer(owner, out);
    for Told { href, name, summary, level, state } in all {
        write::open(out, CS, "user");
        write::href(out, &href);
        write::text(out, CS, "common-name", &name);
        write::empty(out, CS, status(state));
        empty_in(out, CS, "access", access(level));
        if !summary.is_empty() {
            write::text(out, CS, "summary", &summary);
        }
        write::close(out, CS, "user");
    }
    true
}

fn draft_invite(view: &View<'_>, out: &mut String) -> bool {
    let Some(all) = told(view) else { return false };
    for Told { href, name, summary, level, state } in all {
        write::open(out, DAV, "sharee");
        write::href(out, &href);
        write::empty(out, DAV, status(state));
        empty_in(out, DAV, "share-access", access(level));
        if !summary.is_empty() {
            write::text(out, DAV, "comment", &summary);
        }
        displayname(&name, out);
        write::close(out, DAV, "sharee");
    }
    true
}

fn allowed_sharing_modes(view: &View<'_>, out: &mut String) -> bool {
    let may = collection(view).is_some_and(|access| access.rights().has(Privilege::WriteAcl));
    if may {
        write::empty(out, CS, "can-be-shared");
    }
    may
}

fn shared_url(view: &View<'_>, out: &mut String) -> bool {
    let Some(access) = collection(view).filter(|access| access.mounted().is_some()) else { return false };
    let of = access.collection();
    write::href(out, &href::collection(of.home, &access.owner().handle, &of.slug));
    true
}

fn share_access(view: &View<'_>, out: &mut String) -> bool {
    let Some(of) = collection(view) else { return false };
    let word = match Level::of(of.rights()) {
        _ if is_own(view, of) && of.collection().is_shared() => "shared-owner",
        _ if is_own(view, of) => "not-shared",
        None => "no-access",
        level => access(level),
    };
    write::empty(out, DAV, word);
    true
}

/// The same for all who share it, so that a client can tell that it has it twice.
fn share_resource_uri(view: &View<'_>, out: &mut String) -> bool {
    let Some(access) = collection(view) else { return false };
    write::href(out, &format!("urn:cenacle:collection:{}", access.collection().id));
    true
}

/// Where his notifications are: told to himself.
fn notification_url(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Principal(principal) = view.resource else { return false };
    let own = principal.id == view.actor.id;
    if own {
        write::href(out, &href::notices(&principal.handle));
    }
    own
}

fn kind_of(view: &View<'_>, out: &mut String, form: Form) -> bool {
    let Resource::Notice(_, one) = view.resource else { return false };
    notices::kind(one, form, out);
    true
}

fn cs_notificationtype(view: &View<'_>, out: &mut String) -> bool {
    kind_of(view, out, Form::CalendarServer)
}

fn draft_notificationtype(view: &View<'_>, out: &mut String) -> bool {
    kind_of(view, out, Form::Draft)
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
    Property { needs: need::SHAREES, ..live(CS, "invite", SHAREABLE, cs_invite) },
    Property { needs: need::SHAREES, ..live(DAV, "invite", SHAREABLE, draft_invite) },
    live(CS, "allowed-sharing-modes", SHAREABLE, allowed_sharing_modes),
    live(CS, "shared-url", SHAREABLE, shared_url),
    live(DAV, "share-access", SHAREABLE, share_access),
    live(DAV, "share-resource-uri", SHAREABLE, share_resource_uri),
    live(CS, "notification-URL", kind::PRINCIPAL, notification_url),
    live(DAV, "notification-URL", kind::PRINCIPAL, notification_url),
    live(CS, "notificationtype", kind::NOTICE, cs_notificationtype),
    live(DAV, "notificationtype", kind::NOTICE, draft_notificationtype),
    // By what the server knows such a collection: in the list so that nobody sets it, and told to nobody.
    live(invitation::MARK.0, invitation::MARK.1, SHAREABLE, |_, _| false),
];
