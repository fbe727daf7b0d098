//! `cenacle group add-calendar` and its kin, and `cenacle user hand-over`, beside a running server.

use super::calendar;
use crate::groups::commands::cenacle;
use crate::harness::{TestServer, both};
use crate::rest::json;
use serde_json::json as value;

both! {
    fn what_groups_have_and_get_is_said_by_commands(db) {
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
        run(&["group", "add", "labo", "--members-may", "read"]);
        run(&["group", "member", "add", "labo", "bob"]);
        let id = run(&["group", "add-calendar", "labo", "--name", "Instruments"]).trim().to_owned();
        let book = run(&["group", "add-address-book", "labo", "--name", "Fournisseurs"]).trim().to_owned();
        assert_eq!(
            run(&["group", "collections", "labo"]),
            format!("{id}\tcalendars\tInstruments\n{book}\taddress-books\tFournisseurs\n")
        );
        assert_eq!((calendar(&bob, &id)["owner"].clone(), calendar(&bob, &id)["name"].clone()), (value!("labo"), value!("Instruments")));
        assert!(!bob.get(&format!("/api/v1/calendars/{id}")).ok().text().contains("bind"), "members of this group only read");
        assert!(fails(&["group", "add-calendar", "none", "--name", "x"]).contains("there is no group 'none'"));
        assert!(fails(&["group", "remove", "labo"]).contains("hand them over"));
        // Somebody leaves.
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        assert!(fails(&["user", "hand-over", "alice", "--to", "nobody"]).contains("'nobody' is no account"));
        assert!(fails(&["user", "hand-over", "nobody", "--to", "bob"]).contains("no account 'nobody'"));
        let done = run(&["user", "hand-over", "alice", "--to", "labo", "--keep", "read"]);
        assert!(done.contains("1 handed over to labo"), "{done}");
        let all = json(&alice.get("/api/v1/calendars").ok());
        assert!(all["items"].as_array().expect("items").iter().any(|one| one["href"] == "/dav/calendars/labo/work/"), "{all}");
        run(&["user", "hand-over", "labo", "--to", "bob"]);
        run(&["group", "remove", "labo"]);
        assert_eq!(calendar(&bob, &id)["owner"], "bob");
    }
}
