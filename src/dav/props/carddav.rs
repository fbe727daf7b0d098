//! RFC 6352 §6.2 and §8.3.1.

use super::{Property, View};
use crate::dav::resource::{kind, need};
use crate::dav::xml::names::CARDDAV;
use crate::dav::xml::write;

fn supported_address_data(_: &View<'_>, out: &mut String) -> bool {
    // 3.0 first: what a client gets that names no version.
    for (media, version) in [("text/vcard", "3.0"), ("text/vcard", "4.0"), ("application/vcard+json", "4.0")]
    {
        out.push_str("<R:address-data-type content-type=\"");
        out.push_str(media);
        out.push_str("\" version=\"");
        out.push_str(version);
        out.push_str("\"/>");
    }
    true
}

fn max_resource_size(view: &View<'_>, out: &mut String) -> bool {
    out.push_str(&view.core.limits().resource_bytes.to_string());
    true
}

fn max_image_size(view: &View<'_>, out: &mut String) -> bool {
    out.push_str(&view.core.limits().image_bytes.to_string());
    true
}

fn supported_collation_set(_: &View<'_>, out: &mut String) -> bool {
    for name in ["i;ascii-casemap", "i;octet", "i;unicode-casemap"] {
        write::text(out, CARDDAV, "supported-collation", name);
    }
    true
}

const fn live(local: &'static str, get: fn(&View<'_>, &mut String) -> bool) -> Property {
    Property { ns: CARDDAV, local, kinds: kind::BOOK, allprop: false, needs: need::NOTHING, get }
}

/// The list.
pub static ALL: &[Property] = &[
    live("supported-address-data", supported_address_data),
    live("max-resource-size", max_resource_size),
    live("max-image-size", max_image_size),
    Property { kinds: kind::BOOK | kind::CARD, ..live("supported-collation-set", supported_collation_set) },
];
