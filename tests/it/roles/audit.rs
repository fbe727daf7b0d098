//! Who gave what to whom: noted with the change itself, told to who may see it.

use super::{delegate, new_calendar, share, unshare};
use crate::acl::{ace, set};
use crate::harness::{TestServer, both};
use crate::rest::{json, send};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use serde_json::{Value, json as value};

fn told(deed: &Value) -> String {
    let word = |name: &str| deed[name].as_str().unwrap_or("-").to_owned();
    let role = |name: &str| deed[name]["role"].as_str().unwrap_or("-").to_owned();
    format!(
        "{} for {} by {}: {} {} {}>{}",
        word("by"),
        word("onBehalfOf"),
        word("door"),
        word("what"),
        word("grantee"),
        role("before"),
        role("after")
    )
}

both! {
    fn each_change_is_noted_once(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        let (calendar, dav) = new_calendar(&alice, "Work");
        share(&alice, &calendar, "bob", "admin");
        share(&alice, &calendar, "bob", "admin");
        share(&bob, &calendar, "eve", "read");
        set(&alice, &dav, &format!("{}{}", ace(&bob.principal(), &["D:read-acl", "D:write-acl"]), ace(&eve.principal(), &["D:read", "D:bind"]))).ok();
        unshare(&alice, &calendar, "eve");
        delegate(&alice, "eve", &value!({ "role": "read", "of": ["calendars", "contacts"] }));
        // What is refused is not noted.
        bob.delete(&format!("{calendar}/shares/bob")).status(403);
        assert_eq!(send(&alice, "POST", &format!("{calendar}/shares"), &value!({ "with": ":public", "role": "write" })).status, 403);
        let page = json(&alice.get(&format!("{calendar}/audit")).ok());
        let deeds: Vec<String> = page["items"].as_array().expect("deeds").iter().map(told).collect();
        assert_eq!(deeds, [
            "alice for - by rest: granted eve ->read",
            "alice for - by rest: revoked eve custom>-",
            "alice for - by caldav: changed eve read>custom",
            "bob for alice by rest: granted eve ->read",
            "alice for - by rest: granted bob ->admin",
        ]);
        assert!(page["items"][0]["collection"].is_null(), "on all of them");
        assert!(page["items"][1]["device"].as_str().is_some_and(|device| device.starts_with("app-password-")));
        // In pages.
        let mut seen = Vec::new();
        let mut path = format!("{calendar}/audit?limit=2");
        loop {
            let page = json(&alice.get(&path).ok());
            seen.extend(page["items"].as_array().expect("deeds").iter().map(told));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{calendar}/audit?limit=2&cursor={next}");
        }
        assert_eq!(seen, deeds);
        // Who may see the rights sees it; who may read is told that he may no more; others nothing.
        bob.get(&format!("{calendar}/audit")).ok();
        eve.get(&format!("{calendar}/audit")).status(403);
        server.user("zoe").get(&format!("{calendar}/audit")).status(404);
        alice.get(&format!("{calendar}/audit?cursor=!")).status(400);
    }

    fn administrators_see_all_of_it_and_it_ends(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let new = NewPrincipal {
            kind: PrincipalKind::User, handle: "root".into(), display_name: "Root".into(), addresses: Vec::new(), admin: true, time_zone: None,
        };
        server.wait(server.core().create_principal(new, None)).expect("an administrator");
        let admin = server.client_with_scope("root", "");
        share(&alice, &new_calendar(&alice, "A").0, "bob", "read");
        share(&bob, &new_calendar(&bob, "B").0, "alice", "write");
        let all = |query: &str| json(&admin.get(&format!("/api/v1/admin/audit{query}")).ok())["items"].as_array().expect("deeds").len();
        assert_eq!((all(""), all("?owner=alice"), all("?owner=BOB"), all("?owner=nobody")), (2, 1, 1, 0));
        alice.get("/api/v1/admin/audit").status(404);
        server.client_with_scope("root", "read").get("/api/v1/admin/audit").status(404);
        // An administrator is told why, though he has no other right.
        let (calendar, _) = new_calendar(&alice, "C");
        let id = calendar.rsplit('/').next().expect("an id");
        assert_eq!(json(&admin.get(&format!("/api/v1/explain?subject=bob&object={id}&right=read")).ok())["because"], "not granted");
        assert_eq!(server.wait(server.core().purge_audit(1)), Ok(0));
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(server.wait(server.core().purge_audit(0)), Ok(2));
        assert_eq!(all(""), 0);
    }
}
