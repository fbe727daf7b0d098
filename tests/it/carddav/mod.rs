//! RFC 6352: contacts, their filters, versions and limits.

mod cards;
mod directory;
mod filters;
mod versions;

use crate::harness::client::Request;
use crate::harness::{Client, Multistatus};

/// An addressbook-query; `filter` is the whole element, `data` the `address-data`.
fn ask<'c>(client: &'c Client, data: &str, filter: &str) -> Request<'c> {
    let inside = format!("<D:prop><D:getetag/>{data}</D:prop>{filter}");
    client.report(&client.book("default/"), "R:addressbook-query", &inside)
}

/// The `address-data` of one item of a multistatus.
#[track_caller]
fn data_of(answer: &Multistatus, href: &str) -> String {
    answer.member(href).prop("R:address-data").text.replace("\r\n", "\n")
}
