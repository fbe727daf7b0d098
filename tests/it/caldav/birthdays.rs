//! The calendar of birthdays: switched on and off, as fresh as the cards, written to by nobody and seen by nobody else.

use crate::acl::{ace, set};
use crate::harness::{Client, TestServer, both, samples};
use crate::rest::{json, send};
use serde_json::{Value, json as value};

const SYNC: &str = "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";

fn place(client: &Client) -> String {
    client.calendar("birthdays/")
}

fn on(client: &Client) -> Value {
    json(&client.request("PUT", "/api/v1/me/birthdays").created())
}

fn born(client: &Client, book: &str, name: &str, called: &str, lines: &[&str]) {
    let body = samples::card(name, called, lines);
    let answer = client.put(&client.book(&format!("{book}{name}.vcf")), body).send();
    assert!([201, 204].contains(&answer.status), "{}", answer.text());
}

/// The summaries of all events, in the order of letters.
fn feasts(client: &Client) -> Vec<String> {
    let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
    let inside = format!("<D:prop><C:calendar-data/></D:prop>{filter}");
    let answer = client.report(&place(client), "C:calendar-query", &inside).multistatus();
    let said = |text: &str| {
        let text = text.replace("\r\n ", "");
        text.lines().find_map(|line| line.strip_prefix("SUMMARY:")).expect("a summary").to_owned()
    };
    let mut all: Vec<String> =
        answer.members.iter().map(|member| said(&member.prop("C:calendar-data").text)).collect();
    all.sort();
    all
}

/// How many are told as there and as gone since a token, and the next one.
fn sync(client: &Client, path: &str, token: &str) -> (usize, usize, String) {
    let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
    let answer = client.report(path, "D:sync-collection", &inside).multistatus();
    (answer.present().len(), answer.gone().len(), answer.token())
}

both! {
    fn it_is_switched_on_and_off(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        alice.get("/api/v1/me/birthdays").status(404);
        alice.propfind(&place(&alice), "0", &["D:getetag"]).status(404);
        born(&alice, "default/", "zoe", "Zoé", &["BDAY:1985-04-12"]);
        let made = on(&alice);
        assert_eq!((made["name"].as_str(), made["href"].as_str()), (Some("Anniversaires"), Some(place(&alice).as_str())));
        let again = alice.request("PUT", "/api/v1/me/birthdays").ok();
        assert_eq!(json(&again)["id"], made["id"]);
        assert_eq!(json(&alice.get("/api/v1/me/birthdays").ok())["id"], made["id"]);
        assert_eq!(feasts(&alice), ["Anniversaire de Zoé"]);
        // Each has his own.
        bob.get("/api/v1/me/birthdays").status(404);
        // What a client deletes is switched off, and cannot be put back with old contents.
        alice.delete(&place(&alice)).no_content();
        alice.get("/api/v1/me/birthdays").status(404);
        let deleted = json(&alice.get("/api/v1/deleted-calendars").ok());
        assert_eq!(deleted["items"], value!([]));
        let id = made["id"].as_str().expect("an id");
        let back = send(&alice, "POST", &format!("/api/v1/deleted-calendars/{id}:restore"), &value!({}));
        assert_eq!(back.status, 404, "{}", back.text());
        on(&alice);
        assert_eq!(feasts(&alice), ["Anniversaire de Zoé"]);
        alice.delete("/api/v1/me/birthdays").no_content();
        alice.delete("/api/v1/me/birthdays").status(404);
        alice.propfind(&place(&alice), "0", &["D:getetag"]).status(404);
        // A calendar of one's own that is called so stays what it is.
        alice.mkcalendar(&place(&alice), "").created();
        let taken = alice.request("PUT", "/api/v1/me/birthdays").send();
        assert!(taken.status >= 400 && taken.status < 500, "{}", taken.status);
        // It is a matter of the whole account.
        server.client_with_scope("bob", "read").request("PUT", "/api/v1/me/birthdays").status(403);
        server.client_with_scope("bob", "calendars").request("PUT", "/api/v1/me/birthdays").status(403);
    }

    fn it_is_as_fresh_as_the_cards(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        on(&alice);
        let calendar = place(&alice);
        let (_, _, token) = sync(&alice, &calendar, "");
        let home = alice.calendar("");
        born(&alice, "default/", "zoe", "Zoé", &["BDAY:1985-04-12", "ANNIVERSARY:20100619"]);
        // The listing of the home, its own number, its sync: each tells.
        let ctag = |client: &Client| {
            let listing = client.propfind(&home, "1", &["S:getctag"]).multistatus();
            listing.member(&calendar).text("S:getctag")
        };
        let before = ctag(&alice);
        assert_ne!(before, token);
        let (present, gone, token) = sync(&alice, &calendar, &token);
        assert_eq!((present, gone, token.as_str()), (2, 0, before.as_str()));
        assert_eq!(ctag(&alice), before);
        let (_, _, of_home) = sync(&alice, &home, "");
        // What is not said there moves nothing.
        born(&alice, "default/", "zoe", "Zoé", &["BDAY:1985-04-12", "ANNIVERSARY:20100619", "NOTE:x"]);
        born(&alice, "default/", "max", "Max", &[]);
        assert_eq!(ctag(&alice), before);
        assert_eq!(sync(&alice, &home, &of_home), (0, 0, of_home.clone()));
        born(&alice, "default/", "max", "Max", &["BDAY:--0229"]);
        let (present, _, _) = sync(&alice, &home, &of_home);
        assert_eq!(present, 1);
        let (present, gone, token) = sync(&alice, &calendar, &token);
        assert_eq!((present, gone), (1, 0));
        assert_eq!(feasts(&alice), ["Anniversaire de Max", "Anniversaire de Zoé", "Anniversaire de mariage de Zoé"]);
        // The name changes, one goes, a card goes.
        born(&alice, "default/", "zoe", "Élise", &["BDAY:1985-04-12"]);
        alice.delete(&alice.book("default/max.vcf")).no_content();
        let (present, gone, token) = sync(&alice, &calendar, &token);
        assert_eq!((present, gone), (1, 2));
        assert_eq!(feasts(&alice), ["Anniversaire d’Élise"]);
        // An address book comes and goes.
        let made = alice.mkcol(&alice.book("more/"), &crate::harness::xml::document("D:mkcol",
            "<D:set><D:prop><D:resourcetype><D:collection/><R:addressbook/></D:resourcetype></D:prop></D:set>")).send();
        assert_eq!(made.status, 201);
        for at in 0..300 {
            born(&alice, "more/", &format!("c{at}"), &format!("N{at}"), &["BDAY:1990-01-01"]);
        }
        assert_eq!(feasts(&alice).len(), 301);
        let (present, _, token) = sync(&alice, &calendar, &token);
        assert_eq!(present, 300);
        alice.delete(&alice.book("more/")).no_content();
        assert_eq!(sync(&alice, &calendar, &token).1, 300);
        assert_eq!(feasts(&alice), ["Anniversaire d’Élise"]);
    }

    fn each_door_shows_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        born(&alice, "default/", "zoe", "Zoé", &["BDAY:1985-04-12"]);
        born(&alice, "default/", "leap", "Max", &["BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29"]);
        let id = on(&alice)["id"].as_str().expect("an id").to_owned();
        let calendar = place(&alice);
        let listing = alice.propfind(&calendar, "1", &["D:getetag"]).multistatus();
        assert_eq!(listing.hrefs().len(), 3);
        for href in listing.hrefs().into_iter().filter(|href| *href != calendar) {
            let text = alice.get(href).ok().text();
            assert!(text.contains("TRANSP:TRANSPARENT\r\n") && !text.contains("VALARM"), "{text}");
            let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{href}</D:href>");
            let got = alice.report(&calendar, "C:calendar-multiget", &inside).multistatus();
            assert_eq!(got.only().prop("C:calendar-data").text.replace("\r\n", "\n"), text.replace("\r\n", "\n"));
        }
        // In a year without a 29th of February the feast is on the 28th.
        let window = |from: &str, to: &str| {
            let inside = format!(
                "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
                 <C:time-range start=\"{from}T000000Z\" end=\"{to}T000000Z\"/></C:comp-filter></C:comp-filter></C:filter><C:timezone-id>UTC</C:timezone-id>"
            );
            alice.report(&calendar, "C:calendar-query", &inside).multistatus().hrefs().len()
        };
        assert_eq!((window("20310228", "20310301"), window("20310227", "20310228")), (1, 0));
        assert_eq!((window("20320229", "20320301"), window("20320228", "20320229")), (1, 0));
        assert_eq!((window("20310412", "20310413"), window("19850101", "19850301")), (1, 0));
        // REST, export, and busy times of nobody.
        let events = json(&alice.get(&format!("/api/v1/calendars/{id}/events")).ok());
        assert_eq!(events["items"].as_array().expect("items").len(), 2);
        let exported = alice.get(&format!("/api/v1/calendars/{id}/export")).ok().text();
        assert!(exported.contains("Anniversaire de Zoé"), "{exported}");
        let busy = "<C:time-range start=\"20310101T000000Z\" end=\"20320101T000000Z\"/>";
        let told = alice.report(&alice.calendar(""), "C:free-busy-query", busy).ok().text();
        assert!(!told.contains("FREEBUSY:") && !told.contains("FREEBUSY;"), "{told}");
        // At the next request by REST it is as fresh as by DAV.
        born(&alice, "default/", "new", "Ida", &["BDAY:2001-05-05"]);
        let events = json(&alice.get(&format!("/api/v1/calendars/{id}/events")).ok());
        assert_eq!(events["items"].as_array().expect("items").len(), 3);
    }

    fn nobody_writes_to_it_and_nobody_else_sees_it(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        born(&alice, "default/", "zoe", "Zoé", &["BDAY:1985-04-12"]);
        let id = on(&alice)["id"].as_str().expect("an id").to_owned();
        let calendar = place(&alice);
        let event = alice.propfind(&calendar, "1", &["D:getetag"]).multistatus().hrefs()[1].to_owned();
        let body = alice.get(&event).ok().text();
        alice.put(&event, body.replace("Zoé", "Zoe")).refused(403, "D:need-privileges");
        alice.put(&format!("{calendar}x.ics"), samples::meeting("x")).refused(403, "D:need-privileges");
        alice.delete(&event).refused(403, "D:need-privileges");
        alice.move_to(&event, &alice.calendar("default/x.ics")).status(403);
        alice.request("ACL", &calendar).xml(&crate::harness::xml::document("D:acl", &ace(&bob.principal(), &["D:read"]))).status(403);
        let share = send(&alice, "POST", &format!("/api/v1/calendars/{id}/shares"), &value!({"with": "bob", "role": "read"}));
        assert_eq!(share.status, 403, "{}", share.text());
        let link = send(&alice, "POST", &format!("/api/v1/calendars/{id}/links"), &value!({"scope": "public"}));
        assert!(link.status == 403 || link.status == 404, "{}", link.text());
        let rights = alice.propfind(&calendar, "0", &["D:current-user-privilege-set"]).multistatus();
        let rights = format!("{:?}", rights.only().prop("D:current-user-privilege-set"));
        assert!(rights.contains("\"read\"") && !rights.contains("bind") && !rights.contains("write-acl"), "{rights}");
        // A name and a colour are its owner's to give.
        let patch = "<D:set><D:prop><D:displayname>Fêtes</D:displayname></D:prop></D:set>";
        alice.proppatch(&calendar, patch).status(207);
        assert_eq!(alice.property(&calendar, "D:displayname"), "Fêtes");
        assert_eq!(feasts(&alice), ["Anniversaire de Zoé"]);
        // Who may act for her with all her calendars does not see this one.
        let delegate = send(&alice, "PUT", "/api/v1/me/delegates/bob", &value!({"role": "write", "of": ["calendars", "contacts"]}));
        assert_eq!(delegate.status, 204, "{}", delegate.text());
        bob.propfind(&alice.calendar("default/"), "0", &["D:getetag"]).status(207);
        let listing = bob.propfind(&alice.calendar(""), "1", &["D:getetag"]).multistatus();
        assert!(!listing.hrefs().contains(&calendar.as_str()), "{:?}", listing.hrefs());
        bob.propfind(&calendar, "0", &["D:getetag"]).status(404);
        bob.get(&event).status(404);
        bob.get(&format!("/api/v1/calendars/{id}")).status(404);
        bob.get(&format!("/api/v1/calendars/{id}/events")).status(404);
        assert!(!bob.get("/api/v1/calendars").ok().text().contains(&id));
        // A copy is a calendar of one's own.
        alice.copy(&calendar, &alice.calendar("copy/")).created();
        alice.put(&alice.calendar("copy/x.ics"), samples::meeting("x")).created();
    }

    fn books_of_others_count_while_they_may_be_read(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        born(&bob, "default/", "ida", "Ida", &["BDAY:2001-05-05"]);
        on(&alice);
        set(&bob, &bob.book("default/"), &ace(&alice.principal(), &["D:read"])).ok();
        assert!(feasts(&alice).is_empty(), "it does not stand in her home");
        let page = json(&alice.get("/api/v1/address-books").ok());
        let shared = page["items"].as_array().expect("items").iter().find(|one| one["owner"] == "bob").expect("shared");
        let id = shared["id"].as_str().expect("an id").to_owned();
        let taken = send(&alice, "PUT", &format!("/api/v1/address-books/{id}/subscription"), &value!({}));
        assert_eq!(taken.status, 201, "{}", taken.text());
        assert_eq!(feasts(&alice), ["Anniversaire d’Ida"]);
        born(&bob, "default/", "joe", "Joe", &["BDAY:2001-05-06"]);
        assert_eq!(feasts(&alice), ["Anniversaire de Joe", "Anniversaire d’Ida"]);
        set(&bob, &bob.book("default/"), "").ok();
        assert!(feasts(&alice).is_empty(), "the right ended");
    }

    fn two_nodes_fill_it_once(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for at in 0..40 {
            born(&alice, "default/", &format!("c{at}"), &format!("N{at}"), &["BDAY:1990-01-01"]);
        }
        on(&alice);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let other = alice.another();
                scope.spawn(move || assert_eq!(sync(&other, &place(&other), "").0, 40));
            }
        });
        let (present, gone, token) = sync(&alice, &place(&alice), "");
        assert_eq!((present, gone), (40, 0));
        assert_eq!(sync(&alice, &place(&alice), &token), (0, 0, token.clone()));
    }
}
