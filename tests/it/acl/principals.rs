//! Principals and the reports that find them. RFC 3744 §4, §9; RFC 3253 §3.8.

use super::{ace, set};
use crate::harness::client::Request;
use crate::harness::{Client, TestServer, both};
use cenacle::domain::principal::PrincipalKind;

fn people(server: &TestServer) -> Client {
    let alice = server.user("alice");
    server.principal(PrincipalKind::User, "bernard", &["bernard.müller@example.org", "bm@other.example"]);
    server.principal(PrincipalKind::User, "béatrice", &["beatrice@example.org"]);
    server.principal(PrincipalKind::Room, "salle-bleue", &["bleue@example.org"]);
    server.group("team", &["alice", "bernard"]);
    alice
}

/// A search for a text in one property.
fn search<'c>(client: &'c Client, test: &str, criteria: &[(&str, &str)]) -> Request<'c> {
    let inside: String = criteria
        .iter()
        .map(|(property, text)| format!("<D:property-search><D:prop><{property}/></D:prop><D:match>{text}</D:match></D:property-search>"))
        .collect();
    let root = format!("D:principal-property-search{test}");
    let body = crate::harness::xml::document(
        &root,
        &format!("{inside}<D:prop><D:displayname/><C:calendar-user-type/></D:prop>"),
    );
    let body = body.replace(&format!("</{root}>"), "</D:principal-property-search>");
    client.request("REPORT", "/dav/principals/").header("Depth", "0").xml(&body)
}

/// Lets others act for somebody, as calendar programs say it.
fn set_proxy(client: &Client, which: &str, member: &str) {
    let path = format!("{}calendar-proxy-{which}/", client.principal());
    let inside = format!(
        "<D:set><D:prop><D:group-member-set><D:href>{member}</D:href></D:group-member-set></D:prop></D:set>"
    );
    client.proppatch(&path, &inside).multistatus();
}

both! {
    fn principals_are_found_by_name_address_and_kind(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        let names = |test: &str, criteria: &[(&str, &str)]| {
            let answer = search(&alice, test, criteria).multistatus();
            let mut names: Vec<String> = answer.members.iter().map(|member| member.text("D:displayname")).collect();
            names.sort();
            names
        };
        assert_eq!(names("", &[("D:displayname", "bern")]), ["Bernard"]);
        assert_eq!(names("", &[("D:displayname", "BERN")]), ["Bernard"]);
        assert_eq!(names("", &[("S:email-address-set", "example.org")]), ["Alice", "Bernard", "Béatrice", "Salle-bleue"]);
        assert_eq!(names("", &[("C:calendar-user-address-set", "mailto:bm@other.example")]), ["Bernard"]);
        assert_eq!(names("", &[("C:calendar-user-type", "ROOM")]), ["Salle-bleue"]);
        // All conditions, or any of them.
        assert_eq!(names("", &[("D:displayname", "b"), ("C:calendar-user-type", "INDIVIDUAL")]), ["Bernard", "Béatrice"]);
        assert_eq!(names(" test=\"anyof\"", &[("D:displayname", "alice"), ("S:email-address-set", "bleue")]), ["Alice", "Salle-bleue"]);
        assert_eq!(names("", &[("D:displayname", "nobody at all")]), Vec::<String>::new());
        assert_eq!(names("", &[("D:displayname", "%")]), Vec::<String>::new());
        // A property that nobody can be searched by finds nobody (RFC 3744 §9.4).
        assert_eq!(names("", &[("X:unknown", "b")]), Vec::<String>::new());
        let answer = search(&alice, "", &[("D:displayname", "Salle")]).multistatus();
        assert_eq!(answer.only().href, "/dav/principals/rooms/salle-bleue/");
        assert_eq!(answer.only().text("C:calendar-user-type"), "ROOM");
    }

    fn a_search_tells_no_more_than_its_limit(db) {
        let limits = cenacle::services::Limits { principals: 3, ..Default::default() };
        let server = TestServer::with_limits(db, limits);
        let alice = server.user("alice");
        for at in 0..6 {
            server.principal(PrincipalKind::User, &format!("person{at}"), &[]);
        }
        let answer = search(&alice, "", &[("D:displayname", "person")]).multistatus();
        assert_eq!(answer.present().len(), 3);
        assert!(answer.members.iter().any(|member| member.status == Some(507)), "RFC 3744 §9.4: told as cut off");
    }

    fn what_can_be_searched_is_told(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        let answer = alice.report("/dav/principals/", "D:principal-search-property-set", "").instead("Depth", "0").ok();
        let set = answer.xml();
        assert!(set.is("D:principal-search-property-set"));
        for one in set.all("D:principal-search-property") {
            assert!(one.child("D:prop").is_some() && one.child("D:description").is_some_and(|words| words.lang.is_some()));
        }
        assert!(set.holds("D:displayname") && set.holds("S:email-address-set"));
    }

    fn who_am_i(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        for place in ["/", "/dav/principals/", "/dav/principals/users/"] {
            let answer = alice.report(place, "D:principal-match", "<D:self/><D:prop><D:displayname/></D:prop>").instead("Depth", "0").multistatus();
            let hrefs: Vec<&str> = answer.members.iter().filter(|member| member.find("D:displayname").is_some()).map(|m| m.href.as_str()).collect();
            assert!(hrefs.contains(&alice.principal().as_str()), "{place}: {hrefs:?}");
        }
        alice.report("/dav/principals/", "D:principal-match", "<D:prop/>").instead("Depth", "0").status(400);
        alice.report("/dav/principals/", "D:principal-match", "<D:self/>").instead("Depth", "1").status(400);
    }

    /// RFC 3744 §9.3: the user is matched by the groups that he is in too.
    fn who_am_i_in_groups_and_for_others(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (people(&server), server.user("bob"));
        server.group("outer", &["team"]);
        server.group("others", &["bob"]);
        set_proxy(&bob, "read", &alice.principal());
        let matching = |client: &Client, place: &str| {
            let answer = client.report(place, "D:principal-match", "<D:self/>").instead("Depth", "0").multistatus();
            assert!(answer.members.iter().all(|member| member.status == Some(200)), "without prop they have a status");
            answer.hrefs().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let (me, team, outer) = (alice.principal(), "/dav/principals/groups/team/", "/dav/principals/groups/outer/");
        let proxy = format!("{}calendar-proxy-read/", bob.principal());
        // Oneself comes first: some clients look no further.
        for place in ["/", "/dav/", "/dav/principals/"] {
            assert_eq!(matching(&alice, place), [me.as_str(), outer, team, &proxy], "{place}");
        }
        assert_eq!(matching(&alice, "/dav/principals/users/"), [me.as_str(), &proxy]);
        assert_eq!(matching(&alice, "/dav/principals/groups/"), [outer, team]);
        assert_eq!(matching(&alice, "/dav/principals/rooms/"), Vec::<String>::new());
        assert_eq!(matching(&alice, team), [team]);
        assert_eq!(matching(&alice, &me), [me.as_str()]);
        assert_eq!(matching(&alice, &bob.principal()), [proxy.as_str()]);
        assert_eq!(matching(&alice, "/dav/principals/groups/others/"), Vec::<String>::new());
        assert_eq!(matching(&alice, &alice.calendar("")), Vec::<String>::new());
        let told = alice.report("/dav/principals/groups/", "D:principal-match", "<D:self/><D:prop><D:displayname/></D:prop>").instead("Depth", "0").multistatus();
        assert_eq!(told.member(team).text("D:displayname"), "Team");
    }

    /// RFC 3744 §9.3: whatever names the user in a property, at any depth.
    fn what_names_me_in_a_property(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (people(&server), server.user("bob"));
        alice.put(&alice.calendar("default/a.ics"), crate::harness::samples::meeting("a")).created();
        bob.put(&bob.calendar("default/b.ics"), crate::harness::samples::meeting("b")).created();
        let matching = |client: &Client, place: &str, property: &str| {
            let inside = format!("<D:principal-property>{property}</D:principal-property>");
            let answer = client.report(place, "D:principal-match", &inside).instead("Depth", "0").multistatus();
            let mut hrefs: Vec<String> = answer.hrefs().into_iter().map(str::to_owned).collect();
            hrefs.sort();
            hrefs
        };
        let owner = "<D:owner/>";
        let mine: Vec<String> = ["default/", "default/a.ics", "inbox/", "outbox/", "tasks/"].map(|rest| alice.calendar(rest)).to_vec();
        assert_eq!(matching(&alice, &alice.calendar(""), owner), mine);
        assert_eq!(matching(&alice, &alice.calendar("default/"), owner), mine[1..2]);
        assert_eq!(matching(&alice, &mine[1], owner), mine[1..2]);
        let everything = matching(&alice, "/dav/", owner);
        for part in mine.iter().chain(&[alice.calendar(""), alice.book("default/"), alice.principal()]) {
            assert!(everything.contains(part), "{part}: {everything:?}");
        }
        assert!(everything.iter().all(|href| !href.contains("/bob/") && !href.contains("/bernard/")), "{everything:?}");
        // What is another's is not hers, though she may read it.
        set(&bob, &bob.calendar("default/"), &ace(&alice.principal(), &["D:read"])).ok();
        assert_eq!(matching(&alice, &bob.calendar(""), owner), Vec::<String>::new());
        assert_eq!(matching(&bob, &bob.calendar("default/"), owner), [bob.calendar("default/b.ics")]);
        // Her groups, by their members; and what clients keep.
        server.group("others", &["bob"]);
        assert_eq!(matching(&alice, "/dav/principals/", "<D:group-member-set/>"), ["/dav/principals/groups/team/"]);
        let kept = "<D:set><D:prop><X:keeper><D:href>/dav/principals/groups/team/</D:href></X:keeper></D:prop></D:set>";
        bob.proppatch(&bob.calendar("default/b.ics"), kept).multistatus();
        assert_eq!(matching(&alice, &bob.calendar("default/"), "<X:keeper/>"), [bob.calendar("default/b.ics")]);
        assert_eq!(matching(&bob, &bob.calendar("default/"), "<X:keeper/>"), Vec::<String>::new());
        assert_eq!(matching(&alice, &alice.calendar(""), "<X:keeper/>"), Vec::<String>::new());
        let told = "<D:principal-property><D:owner/></D:principal-property><D:prop><D:getetag/></D:prop>";
        let answer = alice.report(&alice.calendar("default/"), "D:principal-match", told).instead("Depth", "0").multistatus();
        assert_eq!(answer.only().text("D:getetag"), alice.get(&mine[1]).ok().etag());
        alice.report("/dav/", "D:principal-match", "<D:principal-property/>").instead("Depth", "0").status(400);
    }

    fn what_names_me_is_looked_for_within_bounds(db) {
        let limits = cenacle::services::Limits { hrefs: 8, ..Default::default() };
        let server = TestServer::with_limits(db, limits);
        let alice = server.user("alice");
        let ask = |place: &str| {
            alice.report(place, "D:principal-match", "<D:principal-property><D:owner/></D:principal-property>").instead("Depth", "0").multistatus()
        };
        for at in 0..6 {
            alice.put(&alice.calendar(&format!("default/{at}.ics")), crate::harness::samples::meeting(&at.to_string())).created();
        }
        assert_eq!(ask(&alice.calendar("default/")).members.len(), 6);
        let cut = ask(&alice.calendar(""));
        assert_eq!(cut.members.len(), 9, "what was looked at is told");
        let last = cut.members.last().expect("a last one");
        assert_eq!((last.href.as_str(), last.status), (alice.calendar("").as_str(), Some(507)));
        assert!(last.xml.holds("D:number-of-matches-within-limits"));
    }

    fn groups_tell_their_members_and_members_their_groups(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        let team = "/dav/principals/groups/team/";
        let found = alice.propfind(team, "0", &["D:group-member-set", "D:resourcetype", "C:calendar-user-type"]).multistatus();
        let mut members = found.only().prop("D:group-member-set").hrefs();
        members.sort();
        assert_eq!(members, [alice.principal(), "/dav/principals/users/bernard/".to_owned()]);
        assert_eq!(found.only().text("C:calendar-user-type"), "GROUP");
        let found = alice.propfind(&alice.principal(), "0", &["D:group-membership"]).multistatus();
        assert_eq!(found.only().prop("D:group-membership").hrefs(), [team]);
    }

    fn principals_in_every_spelling(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        server.principal(PrincipalKind::User, "jean@example.org", &[]);
        let encoded = "/dav/principals/users/b%C3%A9atrice/";
        assert_eq!(alice.propfind(encoded, "0", &["D:displayname"]).multistatus().only().href, encoded);
        for spelling in ["/dav/principals/users/jean@example.org/", "/dav/principals/users/jean%40example.org/", "/dav/principals/users/JEAN@example.org"] {
            let found = alice.propfind(spelling, "0", &["D:displayname"]).multistatus();
            assert_eq!(found.only().href, "/dav/principals/users/jean@example.org/");
        }
        alice.propfind("/dav/principals/rooms/alice/", "0", &["D:displayname"]).status(404);
        alice.propfind("/dav/principals/users/nobody/", "0", &["D:displayname"]).status(404);
    }

    fn the_principals_of_an_acl(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        let calendar = alice.calendar("default/");
        set(&alice, &calendar, &ace("/dav/principals/groups/team/", &["D:read"])).ok();
        let ask = |client: &Client| client.report(&calendar, "D:acl-principal-prop-set", "<D:prop><D:displayname/></D:prop>").instead("Depth", "0").send();
        let answer = ask(&alice).multistatus();
        let mut hrefs = answer.hrefs();
        hrefs.sort_unstable();
        assert_eq!(hrefs, ["/dav/principals/groups/team/", &alice.principal()]);
        // Bernard reads by his group, but not who else may.
        let bernard = server.client_with_scope("bernard", "");
        bernard.propfind(&calendar, "0", &["D:resourcetype"]).multistatus();
        assert_eq!(ask(&bernard).status, 403);
    }

    fn properties_are_expanded(db) {
        let server = TestServer::start(db);
        let alice = people(&server);
        let inside = "<D:property name=\"owner\"><D:property name=\"displayname\"/>\
            <D:property name=\"group-membership\"><D:property name=\"displayname\"/></D:property></D:property>\
            <D:property name=\"displayname\"/><D:property name=\"none\" namespace=\"http://example.org/ns/\"/>";
        let answer = alice.report(&alice.calendar("default/"), "D:expand-property", inside).multistatus();
        let owner = answer.only().prop("D:owner").child("D:response").expect("the owner's response").clone();
        assert_eq!(owner.child("D:href").map(|href| href.text.clone()), Some(alice.principal()));
        let props = owner.at("D:propstat D:prop").expect("its properties");
        assert_eq!(props.child("D:displayname").map(|name| name.text.as_str()), Some("Alice"));
        let team = props.at("D:group-membership D:response D:propstat D:prop D:displayname").expect("the group's name");
        assert_eq!(team.text, "Team");
        assert_eq!(answer.only().status_of("X:none"), Some(404));
    }
}
