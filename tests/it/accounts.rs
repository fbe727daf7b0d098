//! Accounts that are suspended and opened again: by every door, on every node, at once.

use crate::harness::{Client, TestServer, both, samples};
use cenacle::domain::fault::Fault;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind, PrincipalState};
use cenacle::services::{Core, Limits};
use cenacle::store::Store;
use std::process::{Command, Output};

const PASSWORD: &str = "un mot de passe";

/// Each way in: a person's password by login and by address, an application password, a bearer token.
fn doors(server: &TestServer) -> Vec<Client> {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        handle: "zoe".to_owned(),
        display_name: "Zoé Lambert".to_owned(),
        addresses: vec!["zoe.lambert@example.org".to_owned()],
        admin: false,
        time_zone: None,
    };
    server.wait(server.core().create_principal(new, Some(PASSWORD.to_owned()))).expect("an account");
    let app = server.client_with_scope("zoe", "");
    let token = server.wait(server.core().issue_token("zoe", "", 3600)).expect("a token");
    vec![
        server.client("zoe", PASSWORD),
        server.client("zoe.lambert@example.org", PASSWORD),
        app,
        Client::bearer(server.address(), &token),
    ]
}

/// Another node on the same database.
fn other_node(server: &TestServer) -> Core {
    Core::new(Store::open(server.location()).expect("the database opens"), Limits::default())
}

fn statuses(doors: &[Client]) -> Vec<u16> {
    doors.iter().map(|door| door.get("/dav/calendars/zoe/default/a.ics").send().status).collect()
}

/// The program itself, with these words.
fn cenacle(server: &TestServer, words: &[&str]) -> Output {
    let url = match server.location() {
        cenacle::store::Location::File(file) => format!("sqlite:{}", file.display()),
        cenacle::store::Location::Server(url) => url.clone(),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenacle"));
    command.args(words).args(["--database-url", &url]).env_remove("CENACLE_CONFIG");
    command.output().expect("the program runs")
}

both! {
    fn a_suspended_account_is_shut_at_once_by_every_door(db) {
        let server = TestServer::start(db);
        let doors = doors(&server);
        doors[0].put("/dav/calendars/zoe/default/a.ics", samples::meeting("a")).created();
        // Twice: the second time each password is a remembered one, and each connection a kept-alive one.
        assert_eq!(statuses(&doors), [200; 4]);
        assert_eq!(statuses(&doors), [200; 4]);
        let node = other_node(&server);
        assert_eq!(server.wait(node.set_account_state("Zoe", PrincipalState::Suspended)), Ok(true));
        assert_eq!(statuses(&doors), [401; 4]);
        assert_eq!(statuses(&doors), [401; 4]);
        // Nor a login that was never seen before, nor a token made meanwhile.
        assert_eq!(statuses(&[server.client("ZOE", PASSWORD)]), [401]);
        let meanwhile = server.wait(node.issue_token("zoe", "", 3600)).expect("a token");
        let meanwhile = Client::bearer(server.address(), &meanwhile);
        assert_eq!(statuses(std::slice::from_ref(&meanwhile)), [401]);
        for method in ["PROPFIND", "PUT", "DELETE", "REPORT", "OPTIONS"] {
            doors[0].request(method, "/dav/calendars/zoe/default/a.ics").status(401);
        }
        assert_eq!(server.wait(node.set_account_state("zoe", PrincipalState::Suspended)), Ok(false));

        assert_eq!(server.wait(node.set_account_state("zoe", PrincipalState::Active)), Ok(true));
        // Passwords open again; tokens ended for good, those of the time between too.
        assert_eq!(statuses(&doors), [200, 200, 200, 401]);
        assert_eq!(statuses(&[meanwhile]), [401]);
        assert_eq!(doors[0].get("/dav/calendars/zoe/default/a.ics").ok().text(), samples::meeting("a"));
        let fresh = server.wait(node.issue_token("zoe", "", 3600)).expect("a token");
        assert_eq!(statuses(&[Client::bearer(server.address(), &fresh)]), [200]);
    }

    fn what_others_see_of_a_suspended_account_stays(db) {
        let server = TestServer::start(db);
        let doors = doors(&server);
        let alice = server.user("alice");
        doors[0].put("/dav/calendars/zoe/default/a.ics", samples::meeting("a")).created();
        let share = "<D:ace><D:principal><D:href>/dav/principals/users/alice/</D:href></D:principal>\
            <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>";
        let acl = doors[0].request("ACL", "/dav/calendars/zoe/default/").xml(&crate::harness::xml::document("D:acl", share));
        acl.ok();
        server.wait(server.core().set_account_state("zoe", PrincipalState::Suspended)).expect("suspended");
        assert_eq!(alice.get("/dav/calendars/zoe/default/a.ics").ok().text(), samples::meeting("a"));
        let found = alice.propfind("/dav/principals/users/zoe/", "0", &["D:displayname"]).multistatus();
        assert_eq!(found.only().text("D:displayname"), "Zoé Lambert");
    }

    fn only_accounts_of_people_are_suspended(db) {
        let server = TestServer::start(db);
        server.group("everybody", &[]);
        for handle in ["everybody", "nobody"] {
            let outcome = server.wait(server.core().set_account_state(handle, PrincipalState::Suspended));
            assert!(matches!(outcome, Err(Fault::NotFound)), "{handle}");
        }
    }

    fn keys_are_listed_and_rotated_beside_a_running_server(db) {
        let server = TestServer::start(db);
        let token = doors(&server).remove(3);
        let run = |words: &[&str]| {
            let output = cenacle(&server, words);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let states = || -> Vec<String> {
            let told = run(&["keys", "list"]);
            told.lines().map(|line| line.split('\t').nth(1).expect("a state").to_owned()).collect()
        };
        assert_eq!(states(), ["current"]);
        assert!(run(&["keys", "rotate"]).contains(" is published, and signs from "));
        assert_eq!(states(), ["current", "next"]);
        assert_eq!(token.get("/api/v1/me").send().status, 200);
        // Nothing of a private half is told.
        let told = run(&["keys", "list"]);
        let keys = server.wait(Store::open(server.location()).expect("opens").read(cenacle::store::Weight::Point, |tx| tx.signing_keys()));
        assert!(keys.expect("keys").iter().all(|key| told.contains(&key.kid) && !told.contains(&key.secret)), "{told}");
        run(&["keys", "rotate", "--compromised"]);
        assert_eq!(states(), ["current"]);
        // Another node, or this one within a minute.
        let node = server.beside(Limits::default());
        let again = Client::bearer(node.address(), token.authorization_line().trim_end().trim_start_matches("Authorization: Bearer "));
        assert_eq!(again.get("/api/v1/me").send().status, 401);
    }

    fn the_command_works_beside_a_running_server(db) {
        let server = TestServer::start(db);
        let doors = doors(&server);
        doors[0].put("/dav/calendars/zoe/default/a.ics", samples::meeting("a")).created();
        assert_eq!(statuses(&doors[..2]), [200; 2]);
        let done = cenacle(&server, &["user", "suspend", "zoe"]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(statuses(&doors), [401; 4]);
        assert!(cenacle(&server, &["user", "suspend", "zoe"]).status.success(), "once more is no fault");
        assert!(cenacle(&server, &["user", "resume", "zoe"]).status.success());
        assert_eq!(statuses(&doors[..3]), [200; 3]);
        let unknown = cenacle(&server, &["user", "suspend", "nobody"]);
        assert!(!unknown.status.success());
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no account 'nobody'"));
    }
}
