//! Who acts for whom: by REST, and as macOS asks for it (calendar-proxy).

use super::{delegate, new_calendar};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, problem, send};
use serde_json::json as value;

/// The members that somebody gives one of his proxy groups.
fn propose<'c>(client: &'c Client, group: &str, members: &[String]) -> crate::harness::client::Request<'c> {
    let hrefs: String = members.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
    client.proppatch(
        group,
        &format!("<D:set><D:prop><D:group-member-set>{hrefs}</D:group-member-set></D:prop></D:set>"),
    )
}

/// What macOS asks for when a person opens "Delegation": for whom he may act, with what clients need to show it.
fn delegations(client: &Client, of: &str) -> Vec<(String, String)> {
    let inside = format!(
        "<D:property name=\"{of}\" namespace=\"http://calendarserver.org/ns/\"><D:property name=\"displayname\"/>\
         <D:property name=\"calendar-home-set\" namespace=\"urn:ietf:params:xml:ns:caldav\"/>\
         <D:property name=\"calendar-user-address-set\" namespace=\"urn:ietf:params:xml:ns:caldav\"/></D:property>"
    );
    let answer = client.report(&client.principal(), "D:expand-property", &inside).multistatus();
    let found = answer.only().prop(&format!("S:{of}")).clone();
    found
        .all("D:response")
        .map(|response| {
            let props = response.at("D:propstat D:prop").expect("its properties");
            let home = props.child("C:calendar-home-set").expect("a home").hrefs().remove(0);
            (props.child("D:displayname").expect("a name").text.clone(), home)
        })
        .collect()
}

fn members(client: &Client, group: &str) -> Vec<String> {
    let found = client.propfind(group, "0", &["D:group-member-set"]).multistatus();
    found.only().prop("D:group-member-set").hrefs()
}

both! {
    fn delegates_by_rest(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        server.group("team", &["bob"]);
        delegate(&alice, "bob", &value!({ "role": "delegate", "of": ["calendars"] }));
        delegate(&alice, "team", &value!({ "role": "read" }));
        let told = json(&alice.get("/api/v1/me/delegates").ok())["items"].clone();
        assert_eq!((told[0]["principal"].as_str(), told[0]["calendars"]["role"].as_str(), told[0]["contacts"].is_null()), (Some("bob"), Some("delegate"), true));
        assert_eq!((told[1]["principal"].as_str(), told[1]["contacts"]["role"].as_str()), (Some("team"), Some("read")));
        let told = json(&bob.get("/api/v1/me/delegations").ok())["items"].clone();
        assert_eq!((told[0]["principal"].as_str(), told[0]["calendars"]["role"].as_str(), told[0]["contacts"]["role"].as_str()), (Some("alice"), Some("delegate"), Some("read")));
        bob.propfind(&alice.book("default/"), "0", &["D:resourcetype"]).multistatus();
        // Again with less: it replaces.
        delegate(&alice, "bob", &value!({ "role": "read", "of": ["contacts"] }));
        alice.delete("/api/v1/me/delegates/team").no_content();
        bob.propfind(&alice.calendar("default/"), "0", &["D:resourcetype"]).status(404);
        let put = |to: &str, body: serde_json::Value| send(&alice, "PUT", &format!("/api/v1/me/delegates/{to}"), &body);
        assert_eq!(problem(&put("bob", value!({ "role": "admin" })), 400, "bad-request"), "/role");
        assert_eq!(problem(&put("bob", value!({ "role": "read", "of": [] })), 400, "bad-request"), "/of");
        assert_eq!(problem(&put("bob", value!({ "role": "read", "of": ["mail"] })), 400, "bad-request"), "/of/0");
        problem(&put("nobody", value!({ "role": "read" })), 404, "not-found");
        problem(&put("alice", value!({ "role": "read" })), 403, "allowed-principal");
        // A delegate gives nobody rights, and acts for nobody else.
        delegate(&alice, "bob", &value!({ "role": "delegate" }));
        let calendar = new_calendar(&alice, "Work").0;
        assert_eq!(send(&bob, "POST", &format!("{calendar}/shares"), &value!({ "with": "team", "role": "read" })).status, 403);
        assert_eq!(json(&bob.get("/api/v1/me/delegates").ok())["items"], value!([]));
        assert_eq!(json(&server.client_with_scope("alice", "contacts").get("/api/v1/me/delegates").ok())["items"][0]["calendars"], value!(null));
    }

    fn macos_sets_delegates_and_finds_for_whom_it_may_act(db) {
        let server = TestServer::start(db);
        let (alice, bob, eve) = (server.user("alice"), server.user("bob"), server.user("eve"));
        assert!(alice.options(&alice.principal()).ok().lists("DAV", "calendar-proxy"));
        let (read, write) = (format!("{}calendar-proxy-read/", alice.principal()), format!("{}calendar-proxy-write/", alice.principal()));
        let listed = alice.propfind(&alice.principal(), "1", &["D:resourcetype"]).multistatus();
        assert!(listed.member(&read).prop("D:resourcetype").child("S:calendar-proxy-read").is_some());
        let types = listed.member(&write).prop("D:resourcetype").clone();
        assert!(types.child("S:calendar-proxy-write").is_some() && types.child("D:principal").is_some());
        assert_eq!(members(&alice, &read), Vec::<String>::new());

        propose(&alice, &write, &[bob.principal()]).multistatus();
        assert_eq!((members(&alice, &write), members(&alice, &read)), (vec![bob.principal()], Vec::new()));
        let inside = "<D:property name=\"group-member-set\"><D:property name=\"displayname\"/></D:property>";
        let expanded = alice.report(&write, "D:expand-property", inside).multistatus();
        assert!(expanded.only().prop("D:group-member-set").holds("D:displayname"));
        assert_eq!(json(&alice.get("/api/v1/me/delegates").ok())["items"][0]["calendars"]["role"], "delegate");

        // The delegate's side.
        assert_eq!(delegations(&bob, "calendar-proxy-write-for"), [("Alice".to_owned(), alice.calendar(""))]);
        assert_eq!(delegations(&bob, "calendar-proxy-read-for"), []);
        let found = bob.propfind(&bob.principal(), "0", &["D:group-membership", "S:calendar-proxy-write-for"]).multistatus();
        assert_eq!(found.only().prop("D:group-membership").hrefs(), std::slice::from_ref(&write));
        assert_eq!(found.only().prop("S:calendar-proxy-write-for").hrefs(), [alice.principal()]);
        let home = bob.propfind(&alice.calendar(""), "1", &["D:resourcetype", "D:current-user-privilege-set"]).multistatus();
        for place in ["default/", "tasks/", "inbox/", "outbox/"] {
            assert!(home.hrefs().contains(&alice.calendar(place).as_str()), "{place}: {:?}", home.hrefs());
        }
        assert!(home.member(&alice.calendar("default/")).prop("D:current-user-privilege-set").holds("D:write"));
        bob.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        alice.get(&alice.calendar("default/a.ics")).ok();

        // From one group into the other: in either order of the two requests he is in the one at the end.
        propose(&alice, &read, &[bob.principal()]).multistatus();
        propose(&alice, &write, &[]).multistatus();
        assert_eq!((members(&alice, &write), members(&alice, &read)), (Vec::new(), vec![bob.principal()]));
        bob.get(&alice.calendar("default/a.ics")).ok();
        bob.put(&alice.calendar("default/b.ics"), samples::meeting("b")).refused(403, "D:need-privileges");
        assert_eq!(delegations(&bob, "calendar-proxy-read-for").len(), 1);
        propose(&alice, &read, &[]).multistatus();
        bob.get(&alice.calendar("default/a.ics")).status(404);

        // Nobody else sees or changes who acts for whom.
        propose(&alice, &write, &[bob.principal()]).multistatus();
        assert_eq!(eve.propfind(&write, "0", &["D:group-member-set"]).multistatus().only().status_of("D:group-member-set"), Some(404));
        assert_eq!(eve.propfind(&bob.principal(), "0", &["D:group-membership"]).multistatus().only().prop("D:group-membership").hrefs(), Vec::<String>::new());
        propose(&eve, &write, &[eve.principal()]).refused(403, "D:need-privileges");
        propose(&server.client_with_scope("alice", "read"), &write, &[eve.principal()]).refused(403, "D:need-privileges");
        propose(&alice, &write, &["/dav/principals/users/nobody/".to_owned()]).refused(403, "D:recognized-principal");
        let two = "<D:set><D:prop><D:group-member-set/><D:displayname>x</D:displayname></D:prop></D:set>";
        let answer = alice.proppatch(&write, two).multistatus();
        assert_eq!((answer.only().status_of("D:group-member-set"), answer.only().status_of("D:displayname")), (Some(424), Some(403)));
        assert_eq!(members(&alice, &write), [bob.principal()]);
        alice.propfind("/dav/principals/users/nobody/calendar-proxy-read/", "0", &["D:resourcetype"]).status(404);
    }
}
