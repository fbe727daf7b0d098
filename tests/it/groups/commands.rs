//! `cenacle group`, beside a running server.

use crate::harness::{TestServer, both, samples};
use cenacle::store::Location;
use std::process::{Command, Output};

/// The program itself, with these words.
pub fn cenacle(server: &TestServer, words: &[&str]) -> Output {
    let url = match server.location() {
        Location::File(file) => format!("sqlite:{}", file.display()),
        Location::Server(url) => url.clone(),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenacle"));
    command.args(words).args(["--database-url", &url]).env_remove("CENACLE_CONFIG");
    command.output().expect("the program runs")
}

both! {
    fn groups_are_kept_by_commands(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let run = |words: &[&str]| {
            let output = cenacle(&server, words);
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let fails = |words: &[&str]| {
            let output = cenacle(&server, words);
            assert!(!output.status.success(), "{words:?}");
            String::from_utf8(output.stderr).expect("UTF-8")
        };
        run(&["group", "add", "labo", "--name", "Laboratoire", "--email", "labo@example.org"]);
        run(&["group", "add", "institut", "--name", "Institut Émile", "--description", "Tous"]);
        run(&["group", "add", "direction", "--visibility", "private", "--members-shown-to", "managers"]);
        assert!(run(&["group", "member", "add", "labo", "bob", "alice"]).contains("2 put in"));
        assert!(run(&["group", "member", "add", "institut", "labo"]).contains("1 put in"));
        assert!(run(&["group", "member", "add", "labo", "alice", "bob", "--role", "manager"]).contains("2 with another role"));
        run(&["group", "member", "add", "direction", "alice", "--role", "owner"]);
        assert_eq!(run(&["group", "list"]), "direction\tprivate\tdirection\t\ninstitut\tpublic\tInstitut Émile\t\nlabo\tpublic\tLaboratoire\tlabo@example.org\n");
        assert_eq!(run(&["group", "list", "emile"]), "institut\tpublic\tInstitut Émile\t\n");
        assert_eq!(run(&["group", "list", "--member", "bob"]).lines().count(), 2);
        let shown = run(&["group", "show", "institut"]);
        assert!(shown.contains("Institut Émile\nTous\npublic, members shown to everyone, no mail address\nlabo\tmember\n"), "{shown}");
        assert!(run(&["group", "show", "institut", "--all"]).ends_with("alice\t2\nbob\t2\nlabo\t1\n"));

        // Felt at the next request: what is granted to the outer group is open to those in the inner one.
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let acl = "<D:ace><D:principal><D:href>/dav/principals/groups/institut/</D:href></D:principal>\
            <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
        alice.request("ACL", &alice.calendar("default/")).xml(&crate::harness::xml::document("D:acl", acl)).ok();
        bob.get(&alice.calendar("default/a.ics")).ok();
        run(&["group", "member", "remove", "labo", "bob"]);
        bob.get(&alice.calendar("default/a.ics")).status(404);

        assert!(fails(&["group", "member", "add", "labo", "institut"]).contains("cannot be in itself"));
        assert!(fails(&["group", "member", "add", "labo", "nobody"]).contains("there is no principal 'nobody'"));
        assert!(fails(&["group", "member", "add", "none", "bob"]).contains("there is no group 'none'"));
        assert!(fails(&["group", "member", "remove", "labo", "bob"]).contains("not directly in labo"));
        assert!(fails(&["group", "add", "labo"]).contains("called 'labo' already"));
        assert!(fails(&["group", "list", "--member", "nobody"]).contains("no account 'nobody'"));
        run(&["group", "remove", "institut"]);
        assert!(fails(&["group", "remove", "institut"]).contains("there is no group 'institut'"));
    }
}
