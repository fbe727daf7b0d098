//! Properties: one static each, in lists by RFC; allprop, propname and protection fall out of the lists.
//!
//! To add one: a `Property` in the file of its RFC and its name in the list at the foot of that file.
//! RFC 4918 §15, §9.1.

mod acl;
mod apple;
mod caldav;
mod carddav;
mod principal;
pub mod select;
mod sharing;
pub use acl::privilege;
mod webdav;

use super::resource::{Extras, Resource};
use crate::services::{Actor, Core};

/// What a property's value is read from.
pub struct View<'v> {
    /// Limits and token epoch.
    pub core: &'v Core,
    /// Who asks.
    pub actor: &'v Actor,
    /// Of what.
    pub resource: &'v Resource,
    /// What was loaded besides.
    pub extras: &'v Extras,
}

/// A live property.
pub struct Property {
    /// Namespace.
    pub ns: &'static str,
    /// Local name.
    pub local: &'static str,
    /// Kinds of resources that have it, bits of `resource::kind`.
    pub kinds: u16,
    /// Whether allprop tells it.
    pub allprop: bool,
    /// Bits of `resource::need`.
    pub needs: u8,
    /// Writes the content of the element; false where this resource has no such property after all.
    pub get: fn(&View<'_>, &mut String) -> bool,
}

/// All live properties.
pub fn all() -> impl Iterator<Item = &'static Property> {
    [webdav::ALL, acl::ALL, principal::ALL, caldav::ALL, carddav::ALL, apple::ALL, sharing::ALL]
        .into_iter()
        .flatten()
}

/// The live property with this name.
pub fn find(ns: &str, local: &str) -> Option<&'static Property> {
    all().find(|property| property.local == local && property.ns == ns)
}
