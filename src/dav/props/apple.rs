//! What Apple's servers began and all clients ask for. Colour, order and the like are kept properties, not live ones.

use super::webdav::token;
use super::{Property, View};
use crate::dav::resource::{Resource, kind, need};
use crate::dav::xml::names::CS;
use crate::domain::acl::Privilege;
use crate::domain::subscription;
use crate::text::xml::escape;

fn getctag(view: &View<'_>, out: &mut String) -> bool {
    let Some(token) = token(view) else { return false };
    out.push_str(&token);
    true
}

/// Where a subscribed calendar comes from. Its address may be a secret: it is told to those alone who say who sees the calendar.
fn source(view: &View<'_>, out: &mut String) -> bool {
    let Resource::Collection(access) = view.resource else { return false };
    let Some(url) = view.extras.source.as_deref().filter(|_| access.rights().has(Privilege::WriteAcl)) else {
        return false;
    };
    out.push_str("<D:href>");
    escape(out, url);
    out.push_str("</D:href>");
    true
}

/// The list.
pub static ALL: &[Property] = &[
    Property {
        ns: CS,
        local: "getctag",
        kinds: kind::CALENDAR | kind::BOOK | kind::INBOX | kind::HOME | kind::NOTICES,
        allprop: false,
        needs: need::NOTHING,
        get: getctag,
    },
    Property {
        ns: CS,
        local: "source",
        kinds: kind::CALENDAR,
        allprop: false,
        needs: need::SOURCE,
        get: source,
    },
    // By what the server knows such a calendar: in the list so that nobody sets it, and told to nobody.
    Property {
        ns: subscription::MARK.0,
        local: subscription::MARK.1,
        kinds: kind::CALENDAR,
        allprop: false,
        needs: need::NOTHING,
        get: |_, _| false,
    },
];
