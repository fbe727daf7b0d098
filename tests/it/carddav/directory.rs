//! The directory as an address book: the same for all, read-only, searched by the server, and silent on what only some may know.

use crate::groups;
use crate::harness::{Client, TestServer, both, xml};
use cenacle::config::Config;
use cenacle::domain::directory::{self, Showing};
use cenacle::domain::group::{Role, ShownTo, Visibility};
use cenacle::domain::precondition::Preconditions;
use cenacle::domain::principal::PrincipalKind;
use cenacle::domain::team::MembersMay;
use cenacle::services::Actor;
use cenacle::services::groups::{GroupChange, NewGroup};

const SYNC: &str = "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";

/// Alice, Bob, a room, a thing and a group of both people.
fn people(server: &TestServer) -> (Client, Client) {
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    server.principal(PrincipalKind::Room, "salle", &["salle@example.org"]);
    server.principal(PrincipalKind::Resource, "beamer", &[]);
    server.group("team", &["alice", "bob"]);
    (alice, bob)
}

fn book(client: &Client) -> String {
    client.book("directory/")
}

/// What the cards that fit a filter are called, in their order.
fn fits(client: &Client, filter: &str) -> Vec<String> {
    let data = "<R:address-data><R:prop name=\"FN\"/></R:address-data>";
    let inside = format!("<D:prop><D:getetag/>{data}</D:prop>{filter}");
    let answer = client.report(&book(client), "R:addressbook-query", &inside).multistatus();
    let all = answer.members.iter().filter(|member| member.find("R:address-data").is_some());
    let mut names: Vec<String> = all
        .map(|member| {
            let text = member.prop("R:address-data").text.clone();
            text.lines().find_map(|line| line.strip_prefix("FN:")).expect("a name").to_owned()
        })
        .collect();
    names.sort();
    names
}

fn named(name: &str, text: &str) -> String {
    format!(
        "<R:filter><R:prop-filter name=\"{name}\"><R:text-match match-type=\"contains\">{text}</R:text-match></R:prop-filter></R:filter>"
    )
}

/// The path of the card that is called so.
fn card_of(client: &Client, name: &str) -> String {
    let data = "<R:address-data><R:prop name=\"FN\"/></R:address-data>";
    let inside = format!("<D:prop>{data}</D:prop>{}", named("FN", name));
    let answer = client.report(&book(client), "R:addressbook-query", &inside).multistatus();
    (*answer.hrefs().first().expect("one card")).to_owned()
}

fn sync(client: &Client, token: &str) -> (usize, usize, String) {
    let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
    let answer = client.report(&book(client), "D:sync-collection", &inside).multistatus();
    (answer.present().len(), answer.gone().len(), answer.token())
}

/// All that the book says of itself and of its members, octet for octet.
fn all_of(client: &Client) -> Vec<String> {
    let props = ["D:getetag", "D:sync-token", "S:getctag", "D:getlastmodified", "D:getcontentlength"];
    let data = "<D:prop><D:getetag/><R:address-data/></D:prop>";
    let inside = format!("<D:sync-token/>{SYNC}");
    let mut told = vec![
        client.propfind(&book(client), "1", &props).multistatus_text(),
        client.propfind(&book(client), "0", &props).multistatus_text(),
        client.report(&book(client), "D:sync-collection", &inside).multistatus_text(),
        client.report(&book(client), "R:addressbook-query", &format!("{data}<R:filter/>")).multistatus_text(),
    ];
    for text in ["e", "secret", "team"] {
        let asked = format!("{data}{}", named("FN", text));
        told.push(client.report(&book(client), "R:addressbook-query", &asked).multistatus_text());
    }
    told
}

trait Text {
    fn multistatus_text(self) -> String;
}

impl Text for crate::harness::client::Request<'_> {
    fn multistatus_text(self) -> String {
        self.status(207).text()
    }
}

fn actor(server: &TestServer, handle: &str) -> Actor {
    let found = server.wait(server.core().principal(PrincipalKind::User, handle)).expect("there");
    Actor::undoubted(found.id, handle.to_owned(), None)
}

both! {
    fn it_stands_in_each_home_and_is_found_by_its_gateway(db) {
        let server = TestServer::start(db);
        let (alice, bob) = people(&server);
        for place in [alice.principal(), alice.book("")] {
            let found = alice.propfind(&place, "0", &["R:directory-gateway"]).multistatus();
            assert_eq!(found.only().href_in("R:directory-gateway"), book(&alice));
        }
        // Another's way to it is his own, and no listing has it.
        let others = bob.propfind(&alice.principal(), "0", &["R:directory-gateway"]).multistatus();
        assert!(others.only().find("R:directory-gateway").is_none());
        let home = alice.propfind(&alice.book(""), "1", &["D:resourcetype"]).multistatus();
        assert_eq!(home.hrefs(), [alice.book("").as_str(), &alice.book("default/")]);
        bob.get(&book(&alice)).status(404);
        bob.propfind(&book(&alice), "0", &["D:resourcetype"]).status(404);
        // Five members: two people, a room, a thing, a group.
        let listing = alice.propfind(&book(&alice), "1", &["D:getetag", "D:getcontenttype"]).multistatus();
        assert_eq!(listing.hrefs().len(), 6);
        assert_eq!(alice.property(&book(&alice), "D:displayname"), "Annuaire");
        let rights = alice.propfind(&book(&alice), "0", &["D:current-user-privilege-set"]).multistatus();
        let rights = format!("{:?}", rights.only().prop("D:current-user-privilege-set"));
        assert!(rights.contains("\"read\"") && !rights.contains("write") && !rights.contains("bind"), "{rights}");
        // Both see the same, each below his own path.
        let of = |client: &Client| all_of(client).join("\n").replace(&client.book(""), "/");
        assert_eq!(of(&alice), of(&bob));
        // What is not opened is not there.
        server.client_with_scope("alice", "calendars").propfind(&book(&alice), "0", &["D:getetag"]).status(404);
        server.anonymous().get(&book(&alice)).status(401);
        assert!(alice.get(&book(&alice)).ok().text().contains("CardDAV"));
    }

    fn a_card_says_what_its_principal_is_in_each_version(db) {
        let server = TestServer::start(db);
        let (alice, _) = people(&server);
        let path = card_of(&alice, "Alice");
        let stored = alice.get(&path).ok();
        let text = stored.text();
        assert!(text.contains("VERSION:4.0\r\n") && text.contains("\r\nKIND:individual\r\n"), "{text}");
        assert!(text.contains("\r\nEMAIL;PREF=1:alice@example.org\r\nCALADRURI:mailto:alice@example.org\r\n"), "{text}");
        let listing = alice.propfind(&path, "0", &["D:getetag", "D:getcontentlength"]).multistatus();
        assert_eq!(listing.only().text("D:getetag"), stored.etag());
        assert_eq!(listing.only().text("D:getcontentlength"), text.len().to_string());
        let head = alice.request("HEAD", &path).ok();
        assert_eq!((head.etag(), head.text().len()), (stored.etag(), 0));
        alice.get(&path).header("If-None-Match", &stored.etag()).status(304);
        let three = alice.get(&path).header("Accept", "text/vcard; version=3.0").ok().text();
        assert!(three.contains("VERSION:3.0\r\n") && three.contains("alice@example.org"), "{three}");
        let json = alice.get(&path).header("Accept", "application/vcard+json").ok();
        assert!(json.header("Content-Type").expect("one").starts_with("application/vcard+json"));
        for (name, kind) in [("Salle", "location"), ("Beamer", "device"), ("Team", "group")] {
            let text = alice.get(&card_of(&alice, name)).ok().text();
            assert!(text.contains(&format!("\r\nKIND:{kind}\r\n")), "{text}");
        }
        // The members of a group are named by their cards' UIDs; in 3.0 as Apple's clients write it.
        let team = card_of(&alice, "Team");
        let uid = text.lines().find_map(|line| line.strip_prefix("UID:")).expect("a UID").to_owned();
        assert!(alice.get(&team).ok().text().contains(&format!("\r\nMEMBER:{uid}\r\n")));
        let missing = alice.book("directory/1.vcf");
        let inside = |version: &str| format!(
            "<D:prop><D:getetag/><R:address-data content-type=\"text/vcard\" version=\"{version}\"/></D:prop>\
             <D:href>{team}</D:href><D:href>{path}</D:href><D:href>{missing}</D:href><D:href>{team}</D:href>"
        );
        let answer = alice.report(&book(&alice), "R:addressbook-multiget", &inside("3.0")).multistatus();
        assert_eq!(answer.hrefs(), [team.as_str(), &path, &missing, &team]);
        let data = answer.members[0].prop("R:address-data").text.clone();
        assert!(data.contains("X-ADDRESSBOOKSERVER-KIND:group") && data.contains(&format!("X-ADDRESSBOOKSERVER-MEMBER:{uid}")), "{data}");
        let answer = alice.report(&book(&alice), "R:addressbook-multiget", &inside("4.0")).multistatus();
        assert!(answer.members[1].prop("R:address-data").text.contains("KIND:individual"));
        for odd in ["directory/x.vcf", "directory/1.vcf", "directory/01.vcf"] {
            alice.get(&alice.book(odd)).status(404);
        }
    }

    fn it_is_searched_by_all_filters(db) {
        let server = TestServer::start(db);
        let (alice, _) = people(&server);
        server.principal(PrincipalKind::User, "élise", &["elise@example.org"]);
        assert_eq!(fits(&alice, &named("FN", "ÉLI")), ["Élise"]);
        assert_eq!(fits(&alice, &named("EMAIL", "bob@")), ["Bob"]);
        assert_eq!(fits(&alice, &named("N", "bob;")), ["Bob"]);
        assert_eq!(fits(&alice, &named("KIND", "group")), ["Team"]);
        assert_eq!(fits(&alice, &named("TEL", "1")), Vec::<String>::new());
        assert_eq!(fits(&alice, &named("FN", "nobody")), Vec::<String>::new());
        assert_eq!(fits(&alice, "<R:filter/>").len(), 6);
        let either = "<R:filter test=\"anyof\"><R:prop-filter name=\"FN\"><R:text-match>ali</R:text-match></R:prop-filter>\
            <R:prop-filter name=\"EMAIL\"><R:text-match>salle</R:text-match></R:prop-filter></R:filter>";
        assert_eq!(fits(&alice, either), ["Alice", "Salle"]);
        let both = either.replace("anyof", "allof");
        assert_eq!(fits(&alice, &both), Vec::<String>::new());
        let without = "<R:filter><R:prop-filter name=\"EMAIL\"><R:is-not-defined/></R:prop-filter></R:filter>";
        assert_eq!(fits(&alice, without), ["Beamer", "Team"]);
        let not = "<R:filter><R:prop-filter name=\"FN\"><R:text-match negate-condition=\"yes\">e</R:text-match></R:prop-filter></R:filter>";
        assert_eq!(fits(&alice, not), ["Bob"]);
        let limited = format!("<D:prop><D:getetag/></D:prop>{}<R:limit><R:nresults>2</R:nresults></R:limit>", named("FN", "e"));
        let answer = alice.report(&book(&alice), "R:addressbook-query", &limited).status(207).text();
        assert_eq!(answer.matches("getetag>&quot;").count(), 2, "{answer}");
        assert!(answer.contains("507") && answer.contains("number-of-matches-within-limits"), "{answer}");
    }

    fn names_that_differ_in_accents_are_told_apart_on_every_page(db) {
        let server = TestServer::start(db);
        let (alice, _) = people(&server);
        // A page of names and some, of which every third lacks its accent.
        let name = |number: usize| if number.is_multiple_of(3) { "lefevre" } else { "lefèvre" };
        for number in 0..1_203 {
            let handle = format!("{} {number:04}", name(number)).replace(' ', ".");
            server.principal(PrincipalKind::User, &handle, &[&format!("{number}@example.org")]);
        }
        let found = |filter: &str| fits(&alice, filter).len();
        assert_eq!(found(&named("FN", "LEFEVRE")), 401);
        assert_eq!(found(&named("N", "Lefèvre")), 802);
        assert_eq!(fits(&alice, &named("FN", "lefevre.1200")), ["Lefevre.1200"]);
        assert_eq!(fits(&alice, &named("FN", "lefèvre.1200")), Vec::<String>::new());
        assert_eq!(found(&named("EMAIL", "lefevre")), 0, "a name is no address");
        assert_eq!(found(&named("EMAIL", "00@example.org")), 12);
        // What a collation does not find in a name may stand in an address.
        let either = "<R:filter test=\"anyof\"><R:prop-filter name=\"FN\"><R:text-match>lefevre.12</R:text-match></R:prop-filter>\
            <R:prop-filter name=\"EMAIL\"><R:text-match>1202@</R:text-match></R:prop-filter></R:filter>";
        assert_eq!(fits(&alice, either), ["Lefevre.1200", "Lefèvre.1202"]);
    }

    fn its_changes_are_told_by_tokens(db) {
        let server = TestServer::start(db);
        let (alice, bob) = people(&server);
        let (present, gone, token) = sync(&alice, "");
        assert_eq!((present, gone), (5, 0));
        assert_eq!(alice.property(&book(&alice), "D:sync-token"), token);
        assert_eq!(sync(&alice, &token), (0, 0, token.clone()));
        let carol = server.user("carol");
        let (present, gone, next) = sync(&alice, &token);
        assert_eq!((present, gone), (1, 0));
        // In a group that shows its members each of them is told.
        let team = card_of(&alice, "Team");
        let etag = alice.property(&team, "D:getetag");
        server.wait(server.core().add_member("team", "carol")).expect("added");
        assert_ne!(alice.property(&team, "D:getetag"), etag);
        assert_eq!(sync(&alice, &next).0, 1);
        let (present, gone, all) = sync(&bob, &token);
        assert_eq!((present, gone), (2, 0));
        let operator = Actor::operator();
        let core = server.core();
        server.wait(core.remove_member(&operator, "team", "carol", Preconditions::default())).expect("removed");
        assert_eq!(alice.property(&team, "D:getetag"), etag);
        server.wait(core.delete_group(&operator, "team", Preconditions::default())).expect("deleted");
        let (present, gone, last) = sync(&alice, &all);
        assert_eq!((present, gone), (0, 1));
        alice.get(&team).status(404);
        // Who begins now is not told what went, in pages neither.
        assert_eq!(sync(&carol, ""), (5, 0, last));
        let inside = format!("<D:sync-token/>{SYNC}<D:limit><D:nresults>2</D:nresults></D:limit>");
        let page = alice.report(&book(&alice), "D:sync-collection", &inside).status(207).text();
        assert!(page.contains("507"), "{page}");
        // A token of something else, or of the future, is refused.
        for token in [alice.property(&alice.book("default/"), "D:sync-token"), "urn:x".to_owned(), {
            let (rest, _) = all.rsplit_once(':').expect("numbered");
            format!("{rest}:99999")
        }] {
            let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
            alice.report(&book(&alice), "D:sync-collection", &inside).refused(400, "D:valid-sync-token");
        }
    }

    fn nobody_writes_to_it(db) {
        let server = TestServer::start(db);
        let (alice, _) = people(&server);
        let (place, path) = (book(&alice), card_of(&alice, "Alice"));
        let before = all_of(&alice);
        let body = alice.get(&path).ok().text();
        alice.put(&path, body.clone()).refused(403, "D:need-privileges");
        alice.put(&alice.book("directory/new.vcf"), body.replace("UID:urn:uuid:", "UID:")).refused(403, "D:need-privileges");
        alice.delete(&path).refused(403, "D:need-privileges");
        alice.delete(&place).refused(403, "D:need-privileges");
        let patch = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
        for target in [&place, &path] {
            let answer = alice.proppatch(target, patch).send();
            assert!(answer.status == 403 || answer.text().contains("403"), "{}", answer.text());
        }
        let acl = xml::document("D:acl", &crate::acl::ace(&alice.principal(), &["D:all"]));
        alice.request("ACL", &place).xml(&acl).status(403);
        alice.request("POST", &place).header("Content-Type", "text/vcard").body(body).status(403);
        alice.move_to(&path, &alice.book("default/a.vcf")).status(403);
        alice.move_to(&place, &alice.book("other/")).status(403);
        alice.copy(&place, &alice.book("other/")).status(403);
        alice.mkcol(&place, "").status(405);
        assert_eq!(all_of(&alice), before);
        // A card may be taken into one's own book, and is one's own there.
        alice.copy(&path, &alice.book("default/a.vcf")).created();
        assert!(alice.get(&alice.book("default/a.vcf")).ok().text().contains("FN:Alice"));
        assert_eq!(all_of(&alice), before);
    }

    fn what_only_some_may_know_moves_nothing(db) {
        let server = TestServer::start(db);
        let (alice, bob) = people(&server);
        let core = server.core();
        let (operator, owner) = (Actor::operator(), actor(&server, "alice"));
        let before = (all_of(&alice), all_of(&bob));
        let same = |what: &str| assert!((all_of(&alice), all_of(&bob)) == before, "{what}");
        for visibility in [Visibility::Private, Visibility::Hidden] {
            let new = NewGroup {
                handle: None,
                name: "Secret team".into(),
                description: String::new(),
                addresses: Vec::new(),
                visibility,
                members_shown_to: ShownTo::Everyone,
                members_may: MembersMay::Read,
            };
            let handle = server.wait(core.create_group(&owner, new, None)).expect("made");
            same("made");
            server.wait(core.set_member(&owner, &handle, "bob", Role::Member, Preconditions::default())).expect("put in");
            same("a member");
            let change = GroupChange { name: Some("Another secret".into()), ..GroupChange::default() };
            server.wait(core.change_group(&owner, &handle, change, Preconditions::default())).expect("changed");
            same("renamed");
            server.wait(core.delete_group(&owner, &handle, Preconditions::default())).expect("deleted");
            same("deleted");
        }
        // Of a group that hides its members nothing is told when they change.
        let hide = GroupChange { members_shown_to: Some(ShownTo::Members), ..GroupChange::default() };
        server.wait(core.change_group(&operator, "team", hide, Preconditions::default())).expect("changed");
        assert!(!alice.get(&card_of(&alice, "Team")).ok().text().contains("MEMBER"));
        let before = (all_of(&alice), all_of(&bob));
        server.wait(core.remove_member(&operator, "team", "bob", Preconditions::default())).expect("removed");
        assert!((all_of(&alice), all_of(&bob)) == before, "a hidden member went");
        // What everybody knew goes for everybody, once; and what happens to it then is told to nobody.
        let (_, _, token) = sync(&alice, "");
        let private = GroupChange { visibility: Some(Visibility::Private), ..GroupChange::default() };
        server.wait(core.change_group(&operator, "team", private, Preconditions::default())).expect("changed");
        let (present, gone, token) = sync(&alice, &token);
        assert_eq!((present, gone), (0, 1));
        server.wait(core.add_member("team", "bob")).expect("added");
        assert_eq!(sync(&alice, &token), (0, 0, token.clone()));
        let public = GroupChange { visibility: Some(Visibility::Public), ..GroupChange::default() };
        server.wait(core.change_group(&operator, "team", public, Preconditions::default())).expect("changed");
        assert_eq!(sync(&alice, &token).0, 1);
    }

    fn it_is_listed_or_off_as_the_institution_says(db) {
        let listed = Config { directory_book: Showing::Listed, ..Config::default() };
        let server = TestServer::with_config(db, listed);
        let (alice, _) = people(&server);
        let home = alice.book("");
        let listing = alice.propfind(&home, "1", &["D:displayname", "D:sync-token"]).multistatus();
        assert_eq!(listing.hrefs(), [home.as_str(), &alice.book("default/"), &book(&alice)]);
        let tell = |token: &str| {
            let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
            let answer = alice.report(&home, "D:sync-collection", &inside).multistatus();
            let names = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect::<Vec<_>>();
            (names(answer.present()), names(answer.gone()), answer.token())
        };
        let (present, _, token) = tell("");
        assert!(present.iter().any(|name| name.contains(directory::SLUG)), "{present:?}");
        assert_eq!(tell(&token), (vec![], vec![], token.clone()));
        assert_eq!(alice.property(&home, "D:sync-token"), token);
        server.user("carol");
        let (present, gone, token) = tell(&token);
        assert!(present.len() == 1 && gone.is_empty(), "{present:?} {gone:?}");
        // REST lists what is one's own or was granted: people stand in /principals there.
        assert!(!alice.get("/api/v1/address-books").ok().text().contains("Annuaire"));
        // Not any more: the client that knew it is told once that it went.
        let server = server.restart();
        let alice = server.client_with_scope("alice", "");
        let inside = format!("<D:sync-token>{token}</D:sync-token>{SYNC}");
        let answer = alice.report(&home, "D:sync-collection", &inside).multistatus();
        assert_eq!(answer.gone().len(), 1);
        let (present, _, _) = sync(&alice, "");
        assert_eq!(present, 6);
    }

    fn off_is_off(db) {
        let off = Config { directory_book: Showing::Off, ..Config::default() };
        let server = TestServer::with_config(db, off);
        let alice = server.user("alice");
        alice.get(&book(&alice)).status(404);
        let found = alice.propfind(&alice.principal(), "0", &["R:directory-gateway"]).multistatus();
        assert!(found.only().find("R:directory-gateway").is_none());
        // The name is free then, and stays its owner's.
        alice.mkcol(&book(&alice), "").created();
    }

    fn cards_of_an_older_database_are_noted(db) {
        let server = TestServer::start(db);
        let (alice, _) = people(&server);
        let before: Vec<String> = ["Alice", "Team"].map(|name| alice.get(&card_of(&alice, name)).ok().etag()).into();
        groups::run(&server, &["DELETE FROM directory_card".to_owned()]);
        assert_eq!(sync(&alice, "").0, 0);
        assert_eq!(server.wait(server.core().fill_directory()).expect("filled"), 5);
        assert_eq!(server.wait(server.core().fill_directory()).expect("filled"), 0);
        let after: Vec<String> = ["Alice", "Team"].map(|name| alice.get(&card_of(&alice, name)).ok().etag()).into();
        assert_eq!(after, before);
        assert_eq!(sync(&alice, "").0, 5);
    }
}
