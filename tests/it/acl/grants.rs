//! The ACL method, and the properties that tell of rights. RFC 3744 §5, §8.

use super::{ace, own_privileges, set};
use crate::harness::{Client, TestServer, both, samples};

/// The entries of a collection's `acl`: whom, what, whether protected.
fn entries(client: &Client, path: &str) -> Vec<(String, Vec<String>, bool)> {
    let found = client.propfind(path, "0", &["D:acl"]).multistatus();
    let acl = found.only().prop("D:acl").clone();
    acl.all("D:ace")
        .map(|ace| {
            let principal = ace.child("D:principal").expect("a principal").children[0].clone();
            let whom = if principal.is("D:href") { principal.text.clone() } else { principal.local.clone() };
            let grant = ace.child("D:grant").expect("a grant");
            let what =
                grant.all("D:privilege").flat_map(|one| &one.children).map(|one| one.local.clone()).collect();
            (whom, what, ace.child("D:protected").is_some())
        })
        .collect()
}

both! {
    fn what_is_granted_is_told(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = alice.calendar("default/");
        let before = entries(&alice, &calendar);
        assert!(before.len() == 1 && before[0].2, "the owner's entry is protected: {before:?}");
        let own = alice.property(&calendar, "D:sync-token");
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read", "D:write-content"])).ok();
        let after = entries(&alice, &calendar);
        assert_eq!(after.len(), 2);
        assert_eq!(after[1].0, bob.principal());
        assert!(after[1].1.contains(&"read".to_owned()) && after[1].1.contains(&"write-content".to_owned()));
        assert!(!after[1].2);
        assert_ne!(alice.property(&calendar, "D:sync-token"), own, "clients see that something changed");
        // Set again with less: it replaces, and the protected entry that is sent back does no harm.
        let protected = "<D:ace><D:principal><D:property><D:owner/></D:property></D:principal><D:grant><D:privilege><D:all/></D:privilege></D:grant><D:protected/></D:ace>";
        set(&alice, &calendar, &format!("{protected}{}", ace(&bob.principal(), &["D:read"]))).ok();
        assert_eq!(entries(&alice, &calendar)[1].1.iter().filter(|one| *one == "write-content").count(), 0);
        set(&alice, &calendar, "").ok();
        assert_eq!(entries(&alice, &calendar), before);
    }

    fn groups_everybody_and_their_members(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        server.group("team", &["bob"]);
        server.group("all", &["team"]);
        let item = alice.calendar("default/a.ics");
        alice.put(&item, samples::meeting("a")).created();
        let calendar = alice.calendar("default/");
        for group in ["team", "all"] {
            set(&alice, &calendar, &ace(&format!("/dav/principals/groups/{group}/"), &["D:read"])).ok();
            bob.get(&item).ok();
            eve.get(&item).status(404);
        }
        server.wait(server.core().add_member("team", "eve")).expect("a member");
        eve.get(&item).ok();
        let everybody = "<D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
        set(&alice, &calendar, everybody).ok();
        server.user("zoe").get(&item).ok();
        server.anonymous().get(&item).status(401);
    }

    /// Nothing is read without a login; a program that changes something else sends back what it was told.
    fn what_is_granted_to_all_is_told_as_it_was_granted(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let item = alice.calendar("default/a.ics");
        alice.put(&item, samples::meeting("a")).created();
        let calendar = alice.calendar("default/");
        let read = "<D:grant><D:privilege><D:read/></D:privilege></D:grant>";
        set(&alice, &calendar, &format!("<D:ace><D:principal><D:all/></D:principal>{read}</D:ace>")).ok();
        let told = |client: &Client| entries(client, &calendar).into_iter().map(|(whom, ..)| whom).collect::<Vec<_>>();
        assert_eq!(told(&alice), ["property", "all"]);
        bob.get(&item).ok();
        server.anonymous().get(&item).status(401);
        let write = "<D:grant><D:privilege><D:write-content/></D:privilege></D:grant>";
        set(&alice, &calendar, &format!("<D:ace><D:principal><D:all/></D:principal>{write}</D:ace>")).refused(403, "D:allowed-principal");
        set(&alice, &calendar, &format!("<D:ace><D:principal><D:unauthenticated/></D:principal>{read}</D:ace>")).refused(403, "D:allowed-principal");
        assert_eq!(told(&alice), ["property", "all"]);
    }

    fn ones_own_rights_are_told_as_they_are(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = alice.calendar("default/");
        let all = own_privileges(&alice, &calendar);
        for name in ["all", "read", "write", "write-content", "write-properties", "write-acl", "bind", "unbind", "read-acl", "read-free-busy"] {
            assert!(all.contains(&name.to_owned()), "{name}");
        }
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read"])).ok();
        assert_eq!(own_privileges(&bob, &calendar), ["read", "read-current-user-privilege-set", "read-free-busy"]);
        // Thunderbird takes a calendar for writable by one of these.
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read", "D:write"])).ok();
        let names = own_privileges(&bob, &calendar);
        for name in ["write", "write-content", "bind", "unbind"] {
            assert!(names.contains(&name.to_owned()), "{name}");
        }
        assert!(!names.contains(&"all".to_owned()) && !names.contains(&"write-acl".to_owned()));
    }

    fn the_tree_of_privileges(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let asked = ["D:supported-privilege-set", "D:acl-restrictions", "D:owner", "D:inherited-acl-set", "D:group"];
        let member = alice.propfind(&alice.calendar("default/"), "0", &asked).multistatus().only().clone();
        let tree = member.prop("D:supported-privilege-set");
        assert!(tree.at("D:supported-privilege D:privilege D:all").is_some());
        for name in ["D:read", "D:write", "D:bind", "C:read-free-busy", "D:write-acl", "D:read-current-user-privilege-set"] {
            assert!(tree.holds(name), "{name}");
        }
        // RFC 4791 §6.1.1: read-free-busy stands in read.
        fn find<'x>(node: &'x crate::harness::xml::Xml, name: &str) -> Option<&'x crate::harness::xml::Xml> {
            if node.child("D:privilege").is_some_and(|one| one.child(name).is_some()) {
                return Some(node);
            }
            node.all("D:supported-privilege").find_map(|below| find(below, name))
        }
        let read = find(&tree.children[0], "D:read").expect("read");
        assert!(find(read, "C:read-free-busy").is_some());
        assert!(find(&tree.children[0], "D:write").expect("write").holds("D:unbind"));
        assert!(member.prop("D:acl-restrictions").child("D:grant-only").is_some());
        assert_eq!(member.href_in("D:owner"), alice.principal());
    }

    fn entries_that_cannot_be_are_refused_and_change_nothing(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = alice.calendar("default/");
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read"])).ok();
        let before = entries(&alice, &calendar);
        let whom = format!("<D:principal><D:href>{}</D:href></D:principal>", bob.principal());
        let read = "<D:privilege><D:read/></D:privilege>";
        for (entry, condition) in [
            (ace("/dav/principals/users/nobody/", &["D:read"]), "D:recognized-principal"),
            (ace("http://elsewhere.example/x", &["D:read"]), "D:recognized-principal"),
            (ace(&bob.principal(), &["D:nonsense"]), "D:not-supported-privilege"),
            (ace(&bob.principal(), &["X:own"]), "D:not-supported-privilege"),
            (format!("<D:ace>{whom}<D:deny>{read}</D:deny></D:ace>"), "D:grant-only"),
            (format!("<D:ace><D:invert>{whom}</D:invert><D:grant>{read}</D:grant></D:ace>"), "D:no-invert"),
            ("<D:ace><D:principal><D:self/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>".to_owned(), "D:allowed-principal"),
            (ace(&alice.principal(), &["D:read"]), "D:no-protected-ace-conflict"),
        ] {
            set(&alice, &calendar, &entry).refused(403, condition);
        }
        for bad in ["<D:ace/>", "<D:ace><D:principal><D:all/></D:principal></D:ace>"] {
            set(&alice, &calendar, bad).status(400);
        }
        alice.request("ACL", &calendar).status(400);
        for path in [alice.calendar(""), alice.principal(), alice.calendar("default/a.ics")] {
            set(&alice, &path, "").status(405);
        }
        assert_eq!(entries(&alice, &calendar), before);
    }

    fn a_delegate_with_the_right_may_grant(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let calendar = alice.calendar("default/");
        set(&alice, &calendar, &ace(&bob.principal(), &["D:read", "D:read-acl", "D:write-acl"])).ok();
        assert_eq!(entries(&bob, &calendar).len(), 2);
        let both = format!("{}{}", ace(&bob.principal(), &["D:read", "D:write-acl"]), ace(&eve.principal(), &["D:read"]));
        set(&bob, &calendar, &both).ok();
        eve.propfind(&calendar, "0", &["D:resourcetype"]).multistatus();
        // Eve reads, but not who else does.
        assert_eq!(eve.propfind(&calendar, "0", &["D:acl"]).multistatus().only().find("D:acl"), None);
    }

    fn address_books_are_shared_alike(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let item = alice.book("default/a.vcf");
        alice.put(&item, samples::card("a", "Ada", &[])).created();
        bob.get(&item).status(404);
        set(&alice, &alice.book("default/"), &ace(&bob.principal(), &["D:read"])).ok();
        bob.get(&item).ok();
        bob.put(&item, samples::card("a", "Eve", &[])).refused(403, "D:need-privileges");
    }
}
