//! What Apple's servers began and all clients ask for. Colour, order and the like are kept properties, not live ones.

use super::webdav::token;
use super::{Property, View};
use crate::dav::resource::{kind, need};
use crate::dav::xml::names::CS;

fn getctag(view: &View<'_>, out: &mut String) -> bool {
    let Some(token) = token(view) else { return false };
    out.push_str(&token);
    true
}

/// The list.
pub static ALL: &[Property] = &[Property {
    ns: CS,
    local: "getctag",
    kinds: kind::CALENDAR | kind::BOOK | kind::INBOX | kind::HOME,
    allprop: false,
    needs: need::NOTHING,
    get: getctag,
}];
