//! RFC 3744: who sees what, who may do what, and how principals are found.

mod grants;
mod invitations;
mod mounts;
mod principals;
mod sight;

use crate::harness::client::Request;
use crate::harness::{Client, xml};

/// An entry that grants privileges to a principal's href.
pub fn ace(href: &str, privileges: &[&str]) -> String {
    let granted: String =
        privileges.iter().map(|one| format!("<D:privilege><{one}/></D:privilege>")).collect();
    format!("<D:ace><D:principal><D:href>{href}</D:href></D:principal><D:grant>{granted}</D:grant></D:ace>")
}

/// The ACL method with these entries.
pub fn set<'c>(client: &'c Client, path: &str, entries: &str) -> Request<'c> {
    client.request("ACL", path).xml(&xml::document("D:acl", entries))
}

/// The names of the privileges that somebody has on something.
#[track_caller]
fn own_privileges(client: &Client, path: &str) -> Vec<String> {
    let found = client.propfind(path, "0", &["D:current-user-privilege-set"]).multistatus();
    let set = found.only().prop("D:current-user-privilege-set").clone();
    let mut names: Vec<String> =
        set.all("D:privilege").flat_map(|one| &one.children).map(|one| one.local.clone()).collect();
    names.sort();
    names
}
