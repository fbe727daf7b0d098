//! RFC 3744 §5: who owns it, who may do what.

use super::{Property, View};
use crate::dav::href;
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::{CALDAV, DAV};
use crate::dav::xml::write;
use crate::domain::acl::{Grantee, Privilege, Privileges, Space};
use crate::domain::principal::PrincipalKind;
use crate::services::delegates::{Delegate, Proxy};
use crate::services::rights::Hold;

/// Writes one privilege's element.
pub fn privilege(out: &mut String, name: (Space, &str)) {
    out.push_str("<D:privilege>");
    let ns = match name.0 {
        Space::Dav => DAV,
        Space::CalDav => CALDAV,
    };
    write::empty(out, ns, name.1);
    out.push_str("</D:privilege>");
}

/// Writes a set, aggregates first: clients look for `write`, not for its parts.
fn privileges(out: &mut String, set: Privileges) {
    for aggregate in Privileges::AGGREGATES.iter().filter(|aggregate| set.holds(aggregate.contains)) {
        privilege(out, aggregate.name);
    }
    for single in Privilege::ALL.iter().filter(|single| set.has(**single)) {
        privilege(out, single.name());
    }
}

/// What the actor may do here.
pub fn rights(view: &View<'_>) -> Privileges {
    let look = Privileges::READER.with(Privilege::ReadAcl.bit());
    match view.resource {
        Resource::Collection(access) => access.rights(),
        Resource::Item { of, .. } => of.access.rights(),
        Resource::Home(home) if home.own && view.actor.scope.write => Privileges::ALL,
        Resource::Home(home) if home.kept && view.actor.scope.write => {
            look.with(Privilege::Bind.bit()).with(Privilege::Unbind.bit())
        }
        Resource::Principal(principal) if principal.id == view.actor.id && view.actor.scope.write => {
            look.with(Privilege::WriteProperties.bit())
        }
        Resource::Proxy(owner, _) if owner.id == view.actor.id && view.actor.scope.write => {
            look.with(Privilege::WriteProperties.bit())
        }
        Resource::Notices(..) | Resource::Notice(..) if view.actor.scope.write => {
            look.with(Privilege::Unbind.bit())
        }
        Resource::Home(_)
        | Resource::Principal(_)
        | Resource::Proxy(..)
        | Resource::Plain(_)
        | Resource::Notices(..)
        | Resource::Notice(..) => look,
    }
}

fn current_user_privilege_set(view: &View<'_>, out: &mut String) -> bool {
    privileges(out, rights(view));
    true
}

fn owner(view: &View<'_>, out: &mut String) -> bool {
    match (view.resource.owner(), view.resource) {
        (Some(owner), _) => write::href(out, &href::of_owner(owner)),
        (None, Resource::Principal(principal) | Resource::Proxy(principal, _)) => {
            write::href(out, &href::of_principal(principal));
        }
        (None, _) => {}
    }
    true
}

fn group(_: &View<'_>, _: &mut String) -> bool {
    true
}

fn supported_privilege_set(_: &View<'_>, out: &mut String) -> bool {
    supported(out, (Space::Dav, "all"), "Everything", |out| {
        let write = Privileges::WRITE;
        let deliver = Privileges::named(Space::CalDav, "schedule-deliver").unwrap_or_default();
        let send = Privileges::named(Space::CalDav, "schedule-send").unwrap_or_default();
        let grouped = write.with(deliver).with(send);
        for (name, title, set) in [
            ((Space::Dav, "write"), "Change", write),
            ((Space::CalDav, "schedule-deliver"), "Deliver scheduling messages", deliver),
            ((Space::CalDav, "schedule-send"), "Send scheduling messages", send),
        ] {
            supported(out, name, title, |out| leaves(out, set));
        }
        supported(out, Privilege::Read.name(), "Read", |out| leaves(out, Privilege::ReadFreeBusy.bit()));
        let rest = Privileges::ALL
            .without(grouped)
            .without(Privilege::Read.bit())
            .without(Privilege::ReadFreeBusy.bit());
        leaves(out, rest);
    });
    true
}

fn leaves(out: &mut String, set: Privileges) {
    for single in Privilege::ALL.iter().filter(|single| set.has(**single)) {
        supported(out, single.name(), single.name().1, |_| {});
    }
}

fn supported(out: &mut String, name: (Space, &str), title: &str, inside: impl FnOnce(&mut String)) {
    out.push_str("<D:supported-privilege>");
    privilege(out, name);
    out.push_str("<D:description xml:lang=\"en\">");
    out.push_str(title);
    out.push_str("</D:description>");
    inside(out);
    out.push_str("</D:supported-privilege>");
}

fn acl(view: &View<'_>, out: &mut String) -> bool {
    let grants = match view.resource {
        Resource::Collection(_) => match &view.extras.grants {
            Some(grants) => grants.as_slice(),
            None => return false,
        },
        _ => &[],
    };
    if view.resource.owner().is_some() {
        protected(out, "<D:property><D:owner/></D:property>", Privileges::ALL);
    } else {
        protected(out, "<D:authenticated/>", Privileges::READER);
    }
    // A group that the actor may not know of has no name that could stand here; its grant stays where the others are set anew.
    for named in grants.iter().filter(|named| !named.hidden) {
        out.push_str("<D:ace><D:principal>");
        match (named.grant.grantee, &named.principal) {
            (Grantee::Authenticated, _) => out.push_str("<D:authenticated/>"),
            (Grantee::Everyone, _) => out.push_str("<D:all/>"),
            (Grantee::Principal(_), Some(principal)) => write::href(out, &href::of_principal(principal)),
            (Grantee::Principal(_), None) => out.push_str("<D:unauthenticated/>"),
        }
        out.push_str("</D:principal><D:grant>");
        for single in Privilege::ALL.iter().filter(|single| named.grant.privileges.has(**single)) {
            privilege(out, single.name());
        }
        out.push_str("</D:grant>");
        match (named.hold, view.resource.owner()) {
            (Hold::Own, _) => {}
            (Hold::Locked | Hold::Team, _) => out.push_str("<D:protected/>"),
            (Hold::Inherited, owner) => {
                out.push_str("<D:inherited>");
                if let Some(owner) = owner {
                    write::href(out, &href::of_owner(owner));
                }
                out.push_str("</D:inherited>");
            }
        }
        out.push_str("</D:ace>");
    }
    true
}

fn protected(out: &mut String, principal: &str, set: Privileges) {
    out.push_str("<D:ace><D:principal>");
    out.push_str(principal);
    out.push_str("</D:principal><D:grant>");
    match Privileges::AGGREGATES.iter().find(|aggregate| aggregate.contains == set) {
        Some(aggregate) => privilege(out, aggregate.name),
        None => {
            for single in Privilege::ALL.iter().filter(|single| set.has(**single)) {
                privilege(out, single.name());
            }
        }
    }
    out.push_str("</D:grant><D:protected/></D:ace>");
}

fn acl_restrictions(_: &View<'_>, out: &mut String) -> bool {
    out.push_str("<D:grant-only/><D:no-invert/>");
    true
}

fn inherited_acl_set(view: &View<'_>, out: &mut String) -> bool {
    match view.resource {
        Resource::Item { of, .. } => write::href(out, &of.base),
        // What is granted on all that somebody has is granted on his principal.
        Resource::Collection(access) => write::href(out, &href::of_owner(access.owner())),
        _ => {}
    }
    true
}

fn principal_url(view: &View<'_>, out: &mut String) -> bool {
    match view.resource {
        Resource::Principal(_) | Resource::Proxy(..) => write::href(out, &view.resource.href()),
        _ => return false,
    }
    true
}

fn alternate_uri_set(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Principal(principal) = view.resource else { return false };
    for address in &principal.addresses {
        write::href(out, &format!("mailto:{address}"));
    }
    true
}

fn group_membership(view: &View<'_>, out: &mut String) -> bool {
    for group in view.extras.groups.iter().flatten() {
        write::href(out, &href::of_principal(group));
    }
    for (of, delegation) in delegations(view) {
        write::href(out, &href::proxy(&delegation.principal.handle, of));
    }
    true
}

/// For which users the actor may act, and in which of their groups that puts him.
pub fn delegations<'v>(view: &View<'v>) -> impl Iterator<Item = (Proxy, &'v Delegate)> {
    let all = view.extras.delegations.iter().flatten();
    all.filter(|one| one.principal.kind == PrincipalKind::User)
        .filter_map(|one| Some((Proxy::of(one.calendars)?, one)))
}

fn group_member_set(view: &View<'_>, out: &mut String) -> bool {
    match view.resource {
        Resource::Principal(principal) if principal.kind != PrincipalKind::Group => return true,
        // Told to its owner alone.
        Resource::Proxy(..) if view.extras.members.is_none() => return false,
        Resource::Principal(_) | Resource::Proxy(..) => {}
        _ => return false,
    }
    let Some(members) = &view.extras.members else { return false };
    for member in members {
        write::href(out, &href::of_principal(member));
    }
    true
}

const fn live(
    local: &'static str,
    kinds: u16,
    needs: u8,
    get: fn(&View<'_>, &mut String) -> bool,
) -> Property {
    Property { ns: DAV, local, kinds, allprop: false, needs, get }
}

/// The list.
pub static ALL: &[Property] = &[
    live("owner", kind::ANY, need::NOTHING, owner),
    live("group", kind::ANY, need::NOTHING, group),
    live("current-user-privilege-set", kind::ANY, need::NOTHING, current_user_privilege_set),
    live("supported-privilege-set", kind::ANY, need::NOTHING, supported_privilege_set),
    live("acl", kind::ANY, need::GRANTS, acl),
    live("acl-restrictions", kind::ANY, need::NOTHING, acl_restrictions),
    live("inherited-acl-set", kind::ANY, need::NOTHING, inherited_acl_set),
    live("principal-URL", kind::PRINCIPAL, need::NOTHING, principal_url),
    live("alternate-URI-set", kind::PRINCIPAL, need::NOTHING, alternate_uri_set),
    live("group-membership", kind::PRINCIPAL, need::GROUPS | need::DELEGATIONS, group_membership),
    live("group-member-set", kind::PRINCIPAL, need::MEMBERS, group_member_set),
];
