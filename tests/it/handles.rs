//! Handles that are mail addresses, or need encoding: each spelling of a URL is read, one is written.

use crate::harness::{Client, Multistatus, TestServer, both, samples, xml};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};

/// A handle, its spelling in answers, and other spellings that mean the same.
const HANDLES: [(&str, &str, &[&str]); 3] = [
    ("a@b.org", "a@b.org", &["a%40b.org", "A%40B.org", "%61@b.org"]),
    ("o'neil+x&y%41;<é>", "o%27neil%2Bx%26y%2541%3B%3C%C3%A9%3E", &["o'neil+x&y%2541;%3c%c3%a9%3e"]),
    ("plain", "plain", &["Plain", "pl%61in"]),
];

fn hrefs(answer: &Multistatus) -> Vec<String> {
    answer.members.iter().map(|member| member.href.clone()).collect()
}

both! {
    fn every_spelling_is_read_and_one_is_written(db) {
        let server = TestServer::start(db);
        for (at, (handle, written, others)) in HANDLES.into_iter().enumerate() {
            server.principal(PrincipalKind::User, handle, &[&format!("mail{at}@example.org")]);
            let client = server.client_with_scope(handle, "");
            let principal = format!("/dav/principals/users/{written}/");
            let (home, books) = (format!("/dav/calendars/{written}/"), format!("/dav/addressbooks/{written}/"));
            // What a client finds from the root on.
            let found = client.propfind("/", "0", &["D:current-user-principal"]).multistatus();
            assert_eq!(found.only().href_in("D:current-user-principal"), principal);
            for spelling in std::iter::once(written).chain(others.iter().copied()) {
                let asked = format!("/dav/principals/users/{spelling}/");
                let names = ["D:principal-URL", "C:calendar-home-set", "R:addressbook-home-set", "C:calendar-user-address-set"];
                let answer = client.propfind(&asked, "0", &names).multistatus();
                assert_eq!(answer.only().href, principal, "{spelling}");
                assert_eq!(answer.only().href_in("D:principal-URL"), principal);
                assert_eq!(answer.only().href_in("C:calendar-home-set"), home);
                assert_eq!(answer.only().href_in("R:addressbook-home-set"), books);
                assert!(answer.only().prop("C:calendar-user-address-set").all("D:href").any(|href| href.text == principal));
                spelled(&client, spelling, &home, &books);
            }
        }
    }

    fn grants_and_searches_know_such_principals(db) {
        let server = TestServer::start(db);
        let owner = server.user("owner");
        for (at, (handle, written, others)) in HANDLES.into_iter().enumerate() {
            server.principal(PrincipalKind::User, handle, &[&format!("mail{at}@example.org")]);
            let guest = server.client_with_scope(handle, "");
            let slug = format!("shared{at}/");
            owner.mkcalendar(&owner.calendar(&slug), "").created();
            let href = format!("/dav/principals/users/{}/", others[0]).replace('&', "&amp;").replace('<', "&lt;");
            let entry = format!(
                "<D:ace><D:principal><D:href>{href}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>"
            );
            owner.request("ACL", &owner.calendar(&slug)).xml(&xml::document("D:acl", &entry)).ok();
            let acl = owner.propfind(&owner.calendar(&slug), "0", &["D:acl"]).multistatus();
            let canonical = format!("/dav/principals/users/{written}/");
            assert!(acl.only().prop("D:acl").all("D:ace").any(|ace| ace.at("D:principal D:href").is_some_and(|href| href.text == canonical)), "{handle}");
            guest.propfind(&owner.calendar(&slug), "0", &["D:resourcetype"]).multistatus();
            let search = format!(
                "<D:property-search><D:prop><C:calendar-user-address-set/></D:prop><D:match>mail{at}@example.org</D:match></D:property-search><D:prop><D:displayname/></D:prop>"
            );
            let request = owner.report("/dav/principals/", "D:principal-property-search", &search).instead("Depth", "0");
            assert_eq!(hrefs(&request.multistatus()), [canonical]);
        }
    }

    fn an_address_as_handle_is_a_login_in_any_case(db) {
        let server = TestServer::start(db);
        let new = NewPrincipal {
            kind: PrincipalKind::User,
            handle: "A@B.org".to_owned(),
            display_name: "A".to_owned(),
            addresses: vec!["other@b.org".to_owned()],
            admin: false,
            time_zone: None,
        };
        server.wait(server.core().create_principal(new, Some("secret words".to_owned()))).expect("an account");
        for login in ["a@b.org", "A@B.ORG", "other@b.org", "OTHER@b.org"] {
            let client = server.client(login, "secret words");
            let found = client.propfind("/dav/", "0", &["D:current-user-principal"]).multistatus();
            assert_eq!(found.only().href_in("D:current-user-principal"), "/dav/principals/users/a@b.org/", "{login}");
        }
        for wrong in ["a", "a%40b.org", "a@b"] {
            server.client(wrong, "secret words").propfind("/dav/", "0", &["D:resourcetype"]).status(401);
        }
        let me: serde_json::Value =
            serde_json::from_str(&server.client("a@b.org", "secret words").get("/api/v1/me").ok().text()).expect("JSON");
        assert_eq!(me["homes"]["calendars"], "/dav/calendars/a@b.org/");
    }
}

/// Reads, writes and reports through one spelling of the handle; answers have the written one.
fn spelled(client: &Client, spelling: &str, home: &str, books: &str) {
    let calendar = format!("/dav/calendars/{spelling}/default/");
    let (item, canonical) = (format!("{calendar}x.ics"), format!("{home}default/x.ics"));
    client.put(&item, samples::meeting("x")).created();
    assert_eq!(client.get(&canonical).ok().text(), samples::meeting("x"));
    let listed = client.propfind(&calendar, "1", &["D:getetag", "D:owner"]).multistatus();
    assert_eq!(hrefs(&listed), [format!("{home}default/"), canonical.clone()]);
    let sync = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
    let told = client.report(&calendar, "D:sync-collection", sync).multistatus();
    assert_eq!(hrefs(&told), std::slice::from_ref(&canonical));
    let of_home =
        client.report(&format!("/dav/calendars/{spelling}/"), "D:sync-collection", sync).multistatus();
    assert!(hrefs(&of_home).iter().all(|href| href.starts_with(home)), "{:?}", of_home.hrefs());
    let escaped = item.replace('&', "&amp;").replace('<', "&lt;");
    let get = format!("<D:prop><D:getetag/></D:prop><D:href>{escaped}</D:href>");
    assert_eq!(
        hrefs(&client.report(&calendar, "C:calendar-multiget", &get).multistatus()),
        std::slice::from_ref(&canonical)
    );
    client.mkcalendar(&format!("/dav/calendars/{spelling}/made/"), "").created();
    let moved = client.move_to(&item, &format!("/dav/calendars/{spelling}/made/x.ics")).created();
    assert_eq!(moved.header("Location"), Some(format!("{home}made/x.ics").as_str()));
    client.delete(&format!("/dav/calendars/{spelling}/made/")).no_content();
    let card = format!("/dav/addressbooks/{spelling}/default/");
    let posted = client
        .request("POST", &card)
        .header("Content-Type", "text/vcard")
        .body(samples::card("c", "C", &[]))
        .created();
    let location = posted.header("Location").expect("a place").to_owned();
    assert!(location.starts_with(&format!("{books}default/")), "{location}");
    client.delete(&location).no_content();
}
