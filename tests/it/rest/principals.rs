//! The directory: searched without accents, the likeliest first, in pages.

use super::{json, problem};
use crate::harness::{TestServer, both};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use serde_json::{Value, json as value};

fn person(server: &TestServer, handle: &str, name: &str) {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        handle: handle.to_owned(),
        display_name: name.to_owned(),
        addresses: vec![format!("{handle}@labo.example.org")],
        admin: false,
        time_zone: None,
    };
    server.wait(server.core().create_principal(new, None)).expect("a person");
}

fn handles(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one["handle"].as_str().expect("a handle").to_owned())
        .collect()
}

both! {
    fn people_are_found_the_likeliest_first(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (handle, name) in [("jean", "Jean Ledupont"), ("ed", "Élise Dupont"), ("dupont", "Zoé Petit"), ("dupont.h", "Dupont Hervé"), ("x", "Rien")] {
            person(&server, handle, name);
        }
        server.group("dupontel", &["ed"]);
        let find = |query: &str| json(&alice.get(&format!("/api/v1/principals?{query}")).ok());
        assert_eq!(handles(&find("q=DUPONT")), ["dupont", "dupont.h", "dupontel", "ed", "jean"]);
        assert_eq!(handles(&find("q=dupont&kind=user")), ["dupont", "dupont.h", "ed", "jean"]);
        assert_eq!(handles(&find("q=elise+dup")), ["ed"]);
        assert_eq!(handles(&find("q=labo.example+zoe")), ["dupont"]);
        assert_eq!(handles(&find("q=100%25")), Vec::<String>::new());
        let entry = &find("q=elise")["items"][0];
        assert_eq!(*entry, value!({
            "handle": "ed", "kind": "user", "name": "Élise Dupont", "addresses": ["ed@labo.example.org"], "timeZone": null,
            "href": "/dav/principals/users/ed/",
        }));
        for (list, all) in [("q=dupont", 5), ("kind=user", 6), ("kind=group", 1)] {
            let mut seen = Vec::new();
            let mut next = String::new();
            loop {
                let page = find(&format!("{list}&limit=2&fields=handle{next}"));
                seen.extend(handles(&page));
                match page["next"].as_str() {
                    Some(cursor) => next = format!("&cursor={cursor}"),
                    None => break,
                }
            }
            assert_eq!(seen, handles(&find(&format!("{list}&limit=1000"))), "{list}");
            assert_eq!(seen.len(), all, "{list}");
        }
    }

    fn what_is_wrong_with_a_search_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        for (query, field) in [("kind=robot", "kind"), ("q=x&cursor=YQ", "cursor"), ("who=x", "who"), ("fields=secret", "fields")] {
            assert_eq!(problem(&alice.get(&format!("/api/v1/principals?{query}")).send(), 400, "bad-request"), field, "{query}");
        }
        problem(&server.anonymous().get("/api/v1/principals?q=x").send(), 401, "unauthenticated");
    }
}
