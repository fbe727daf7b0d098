//! RFC 6578: sync-collection on collections and on homes, tokens, CTags.

mod collection;
mod consistent;
mod home;
mod replica;
mod tokens;

use crate::harness::client::Request;
use crate::harness::{Client, Multistatus};

/// A sync-collection of `path` since `token` (empty for the first).
pub fn ask<'c>(client: &'c Client, path: &str, token: &str, limit: Option<usize>) -> Request<'c> {
    let limit =
        limit.map_or_else(String::new, |n| format!("<D:limit><D:nresults>{n}</D:nresults></D:limit>"));
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{limit}<D:prop><D:getetag/><D:getcontenttype/></D:prop>"
    );
    client.report(path, "D:sync-collection", &inside)
}

/// The answer to it.
#[track_caller]
fn sync(client: &Client, path: &str, token: &str) -> Multistatus {
    ask(client, path, token, None).multistatus()
}
