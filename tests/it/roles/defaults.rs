//! What everybody may do from the beginning, as the tenant has it.

use super::{entries, new_calendar, share};
use crate::acl::{ace, set};
use crate::harness::{TestServer, both, samples};
use crate::rest::{id_of, json, problem, send};
use cenacle::domain::role::{Defaults, Role};
use serde_json::json as value;

both! {
    fn new_calendars_tell_when_their_owners_are_busy(db) {
        let server = TestServer::with_rights(db, Defaults { authenticated: Some(Role::Access), locked: false });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let id = id_of(&alice, "calendars", "default");
        let calendar = format!("/api/v1/calendars/{id}");
        let told = entries(&alice, &calendar);
        assert_eq!((told.len(), told[1]["authenticated"].as_bool(), told[1]["role"].as_str()), (2, Some(true), Some("access")));
        let window = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z";
        let busy = json(&bob.get(&format!("/api/v1/freebusy?principals=alice&{window}")).ok());
        assert_eq!(busy["principals"][0]["known"], true, "{busy}");
        // Besides, there is nothing.
        bob.get(&calendar).status(404);
        for (there, absent) in [(alice.calendar("default/"), alice.calendar("nothing/")), (alice.calendar(""), "/dav/calendars/nobody/".to_owned())] {
            let (one, other) = (bob.propfind(&there, "1", &["D:displayname"]).send(), bob.propfind(&absent, "1", &["D:displayname"]).send());
            assert_eq!((one.status, one.body), (other.status, other.body), "{there}");
        }
        let sync = bob.report(&alice.calendar(""), "D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>").send();
        assert_eq!(sync.status, 404);
        assert_eq!(json(&bob.get("/api/v1/calendars").ok())["items"].as_array().map(Vec::len), Some(2), "his own");
        // The task list is nobody's business, and the owner may close the other.
        assert_eq!(entries(&alice, &format!("/api/v1/calendars/{}", id_of(&alice, "calendars", "tasks"))).len(), 1);
        alice.delete(&format!("{calendar}/shares/:authenticated")).no_content();
        let busy = json(&bob.get(&format!("/api/v1/freebusy?principals=alice&{window}")).ok());
        assert_eq!(busy["principals"][0]["known"], false);
    }

    fn what_the_tenant_locks_stays(db) {
        let server = TestServer::with_rights(db, Defaults { authenticated: Some(Role::Read), locked: true });
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let calendar = format!("/api/v1/calendars/{}", id_of(&alice, "calendars", "default"));
        let before = entries(&alice, &calendar);
        assert_eq!((before[1]["role"].as_str(), before[1]["protected"].as_bool()), (Some("read"), Some(true)));
        bob.propfind(&alice.calendar("default/"), "0", &["D:displayname"]).multistatus();
        problem(&alice.delete(&format!("{calendar}/shares/:authenticated")).send(), 403, "no-protected-ace-conflict");
        let put = |body: serde_json::Value| send(&alice, "PUT", &format!("{calendar}/acl"), &value!({ "entries": body }));
        problem(&put(value!([{ "authenticated": true, "role": "access" }])), 403, "no-protected-ace-conflict");
        problem(&put(value!([{ "public": true, "role": "access" }])), 403, "no-protected-ace-conflict");
        assert_eq!(put(value!([{ "principal": "bob", "role": "write" }])).status, 200);
        assert_eq!(entries(&alice, &calendar).len(), 3);
        set(&alice, &alice.calendar("default/"), &ace(&bob.principal(), &["D:read"])).ok();
        set(&alice, &alice.calendar("default/"), "").ok();
        assert_eq!(entries(&alice, &calendar), before);
        let acl = alice.propfind(&alice.calendar("default/"), "0", &["D:acl"]).multistatus();
        let protected = acl.only().prop("D:acl").all("D:ace").filter(|ace| ace.child("D:protected").is_some()).count();
        assert_eq!(protected, 2, "the owner's and the tenant's");
        // Calendars that he makes are his own matter.
        let (other, _) = new_calendar(&alice, "Other");
        share(&alice, &other, ":authenticated", "access");
    }
}
