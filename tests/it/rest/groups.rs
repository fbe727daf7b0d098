//! Groups by REST: made, seen, changed, nested, removed; who may what, and that what one may not see is not there.

use super::{json, problem, send};
use crate::harness::{Client, TestServer, both, samples, xml};
use cenacle::domain::precondition::Preconditions;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind, PrincipalState};
use cenacle::services::Limits;
use cenacle::services::content::{Media, Sent};
use serde_json::{Value, json as value};

fn administrator(server: &TestServer) -> Client {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        handle: "root".into(),
        display_name: "Root".into(),
        addresses: Vec::new(),
        admin: true,
        time_zone: None,
    };
    server.wait(server.core().create_principal(new, None)).expect("an administrator");
    server.client_with_scope("root", "")
}

/// Makes a group, and tells its handle.
#[track_caller]
fn made(client: &Client, body: &Value) -> String {
    let answer = send(client, "POST", "/api/v1/groups", body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let handle = json(&answer)["id"].as_str().expect("a handle").to_owned();
    assert_eq!(answer.header("Location"), Some(format!("/api/v1/groups/{handle}").as_str()));
    handle
}

fn at(group: &str) -> String {
    format!("/api/v1/groups/{group}")
}

fn member(group: &str, who: &str) -> String {
    format!("/api/v1/groups/{group}/members/{who}")
}

#[track_caller]
fn put(client: &Client, group: &str, who: &str, role: &str, status: u16) {
    let answer = send(client, "PUT", &member(group, who), &value!({ "role": role }));
    assert_eq!(answer.status, status, "{}", answer.text());
}

/// One member of each thing of a list.
fn each(page: &Value, name: &str) -> Vec<String> {
    page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one[name].as_str().map_or_else(|| one[name].to_string(), str::to_owned))
        .collect()
}

fn handles(client: &Client, path: &str) -> Vec<String> {
    let name = if path.starts_with("/api/v1/principals") { "handle" } else { "id" };
    each(&json(&client.get(path).ok()), name)
}

/// The names that a search by DAV finds.
fn found(client: &Client, name: &str) -> Vec<String> {
    let inside = format!(
        "<D:property-search><D:prop><D:displayname/></D:prop><D:match>{name}</D:match></D:property-search><D:prop><D:displayname/></D:prop>"
    );
    let answer = client
        .report("/dav/principals/", "D:principal-property-search", &inside)
        .instead("Depth", "0")
        .multistatus();
    answer.members.iter().map(|member| member.text("D:displayname")).collect()
}

fn share(client: &Client, calendar: &str, group: &str) -> crate::harness::answer::Answer {
    let ace = format!(
        "<D:ace><D:principal><D:href>/dav/principals/groups/{group}/</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>"
    );
    client.request("ACL", calendar).xml(&xml::document("D:acl", &ace)).send()
}

both! {
    fn a_group_is_made_changed_and_removed_by_its_owner(db) {
        let server = TestServer::start(db);
        let (alice, _bob) = (server.user("alice"), server.user("bob"));
        let body = value!({ "name": "Projet Génomique", "description": "Séquençage" });
        let first = send_once(&alice, &body);
        let handle = json(&first)["id"].as_str().expect("a handle").to_owned();
        assert!(handle.starts_with("projet-genomique-"), "{handle}");
        assert_eq!(json(&send_once(&alice, &body)), json(&first), "asked again, nothing is made again");
        assert_eq!(handles(&alice, "/api/v1/groups"), [handle.as_str()]);
        problem(&alice.request("POST", "/api/v1/groups").header("Content-Type", "application/json").header("Idempotency-Key", "k1").body("{\"name\":\"x\"}").send(), 422, "key-reused");

        let answer = alice.get(&at(&handle)).ok();
        assert_eq!(json(&answer), value!({
            "id": handle, "name": "Projet Génomique", "description": "Séquençage", "addresses": [], "visibility": "private",
            "membersShownTo": "everyone", "membersMay": "write", "role": "owner", "href": format!("/dav/principals/groups/{handle}/"),
        }));
        let tag = answer.header("ETag").expect("a tag").to_owned();
        alice.get(&at(&handle)).header("If-None-Match", &tag).status(304);
        let patch = |body: Value, tag: &str| alice.request("PATCH", &at(&handle)).header("Content-Type", "application/merge-patch+json").header("If-Match", tag).body(body.to_string()).send();
        let changed = patch(value!({ "name": "Génomique", "visibility": "hidden" }), &tag);
        assert_eq!((changed.status, &json(&changed)["name"], &json(&changed)["visibility"]), (200, &value!("Génomique"), &value!("hidden")));
        let now = changed.header("ETag").expect("a tag").to_owned();
        let stale = patch(value!({ "name": "x" }), &tag);
        problem(&stale, 412, "precondition-failed");
        assert_eq!(stale.header("ETag"), Some(now.as_str()));
        assert_eq!(handles(&alice, "/api/v1/principals?q=genomique&kind=group"), [handle.as_str()], "found by its new name");
        // A change of its direct members is one of the group.
        put(&alice, &handle, "bob", "member", 201);
        assert_ne!(alice.get(&at(&handle)).ok().header("ETag"), Some(now.as_str()));
        alice.delete(&at(&handle)).header("If-Match", &now).status(412);
        alice.delete(&at(&handle)).no_content();
        problem(&alice.get(&at(&handle)).send(), 404, "not-found");
        problem(&alice.delete(&at(&handle)).send(), 404, "not-found");
        assert_eq!(handles(&alice, "/api/v1/groups"), Vec::<String>::new());
    }

    fn only_administrators_make_public_groups(db) {
        let server = TestServer::start(db);
        let (alice, root) = (server.user("alice"), administrator(&server));
        for (name, body) in [
            ("id", value!({ "name": "X", "id": "x" })),
            ("address", value!({ "name": "X", "addresses": ["x@example.org"] })),
            ("public", value!({ "name": "X", "visibility": "public" })),
        ] {
            assert_eq!(problem(&send(&alice, "POST", "/api/v1/groups", &body), 403, "administrator-needed"), "", "{name}");
        }
        let own = made(&alice, &value!({ "name": "X" }));
        for body in [value!({ "visibility": "public" }), value!({ "addresses": ["x@example.org"] })] {
            problem(&send(&alice, "PATCH", &at(&own), &body), 403, "administrator-needed");
        }
        let public = made(&root, &value!({ "name": "Tous", "id": "TOUS", "addresses": ["Tous@example.org"], "visibility": "public" }));
        assert_eq!(public, "tous");
        let shown = json(&alice.get(&at("TOUS")).ok());
        assert_eq!((&shown["role"], &shown["addresses"]), (&value!(null), &value!(["tous@example.org"])));
        problem(&send(&root, "POST", "/api/v1/groups", &value!({ "name": "T", "id": "tous" })), 409, "exists");
        problem(&send(&root, "POST", "/api/v1/groups", &value!({ "name": "T", "addresses": ["alice@example.org"] })), 409, "exists");
        problem(&send(&root, "PATCH", &at("tous"), &value!({ "addresses": ["alice@example.org"] })), 409, "exists");
        send(&root, "PATCH", &at("tous"), &value!({ "addresses": ["equipe@example.org", "tous@example.org"] }));
        assert_eq!(json(&alice.get(&at("tous")).ok())["addresses"], value!(["equipe@example.org", "tous@example.org"]));
        problem(&send(&alice, "PATCH", &at("tous"), &value!({ "name": "Y" })), 403, "owner-needed");
        problem(&alice.delete(&at("tous")).send(), 403, "owner-needed");
        // An administrator by a login that does not administer is anybody.
        let narrow = server.client_with_scope("root", "write");
        problem(&send(&narrow, "PATCH", &at("tous"), &value!({ "name": "Y" })), 403, "owner-needed");
        problem(&narrow.get(&at(&own)).send(), 404, "not-found");
        root.get(&at(&own)).ok();
        for (field, body) in [("", value!({ "name": "" })), ("", value!({ "name": "a\nb" })), ("/visibility", value!({ "name": "a", "visibility": "x" })), ("/x", value!({ "name": "a", "x": 1 }))] {
            assert_eq!(problem(&send(&root, "POST", "/api/v1/groups", &body), 400, "bad-request"), field, "{body}");
        }
    }

    fn a_private_group_is_not_there_for_others_by_any_door(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol, root) = (server.user("alice"), server.user("bob"), server.user("carol"), administrator(&server));
        let group = made(&alice, &value!({ "name": "Zébulon" }));
        put(&alice, &group, "bob", "member", 201);
        let dav = format!("/dav/principals/groups/{group}/");
        let sees = |who: &Client| {
            let mut seen = vec![
                who.get(&at(&group)).send().status == 200,
                handles(who, "/api/v1/groups").contains(&group),
                handles(who, "/api/v1/groups?q=zebulon").contains(&group),
                handles(who, "/api/v1/principals?kind=group").contains(&group),
                handles(who, "/api/v1/principals?q=zebulon").contains(&group),
                handles(who, "/api/v1/principals?q=zeb&kind=group").contains(&group),
                who.propfind(&dav, "0", &["D:displayname"]).send().status == 207,
                who.propfind("/dav/principals/groups/", "1", &["D:displayname"]).multistatus().hrefs().contains(&dav.as_str()),
                found(who, "Zébulon") == ["Zébulon"],
                who.propfind(&bob.principal(), "0", &["D:group-membership"]).multistatus().only().prop("D:group-membership").hrefs().contains(&dav),
                share(who, &who.calendar("default/"), &group).status == 200,
                handles(who, "/api/v1/groups?member=bob").contains(&group),
            ];
            seen.dedup();
            assert_eq!(seen.len(), 1, "{seen:?}");
            seen[0]
        };
        assert!(sees(&alice) && sees(&bob) && sees(&root) && !sees(&carol));
        // Absent and forbidden are told in the same words.
        for path in ["", "/members", "/effective-members"] {
            let (absent, hidden) = (carol.get(&format!("{}{path}", at("zebulon-00000000"))).send(), carol.get(&format!("{}{path}", at(&group))).send());
            assert_eq!((absent.status, &absent.body), (hidden.status, &hidden.body), "{path}");
        }
        let put_into = |group: &str| send(&carol, "PUT", &member(group, "carol"), &value!({ "role": "member" }));
        assert_eq!(put_into(&group).body, put_into("zebulon-00000000").body);
        // Nor can it be put into a group of hers.
        let hers = made(&carol, &value!({ "name": "Carol" }));
        let inside = |handle: &str| send(&carol, "PUT", &member(&hers, handle), &value!({}));
        assert_eq!((inside(&group).status, inside(&group).body), (404, inside("zebulon-00000000").body));
        let many = send(&carol, "POST", &format!("{}/members", at(&hers)), &value!({ "members": [{ "id": group }] }));
        assert_eq!(problem(&many, 400, "bad-request"), "/members");
        // Hidden: a plain member does not know of it either.
        send(&alice, "PATCH", &at(&group), &value!({ "visibility": "hidden" }));
        assert!(sees(&alice) && !sees(&bob) && sees(&root) && !sees(&carol));
        send(&root, "PATCH", &at(&group), &value!({ "visibility": "public" }));
        assert!(sees(&alice) && sees(&bob) && sees(&root) && sees(&carol));
    }

    fn roles_say_who_changes_members(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
        server.user("dora");
        let group = made(&alice, &value!({ "name": "G" }));
        put(&alice, &group, "bob", "manager", 201);
        put(&bob, &group, "carol", "member", 201);
        put(&bob, &group, "carol", "member", 200);
        let refused = |who: &Client, method: &str, whom: &str, body: Value, kind: &str| {
            problem(&send(who, method, &member(&group, whom), &body), if kind == "not-found" { 404 } else { 403 }, kind);
        };
        refused(&bob, "PUT", "carol", value!({ "role": "manager" }), "owner-needed");
        refused(&bob, "PUT", "bob", value!({ "role": "owner" }), "owner-needed");
        refused(&bob, "PUT", "alice", value!({ "role": "member" }), "owner-needed");
        refused(&bob, "DELETE", "alice", value!({}), "owner-needed");
        refused(&carol, "PUT", "dora", value!({}), "manager-needed");
        refused(&carol, "DELETE", "bob", value!({}), "manager-needed");
        refused(&bob, "PUT", "nobody", value!({}), "not-found");
        refused(&bob, "DELETE", "dora", value!({}), "not-found");
        problem(&send(&bob, "PATCH", &at(&group), &value!({ "name": "H" })), 403, "owner-needed");
        problem(&bob.delete(&at(&group)).send(), 403, "owner-needed");
        // Everybody may leave; the last owner may not.
        problem(&alice.delete(&member(&group, "alice")).send(), 409, "group-last-owner");
        problem(&send(&alice, "PUT", &member(&group, "alice"), &value!({ "role": "member" })), 409, "group-last-owner");
        carol.delete(&member(&group, "carol")).no_content();
        problem(&carol.get(&at(&group)).send(), 404, "not-found");
        // A group that manages another: all in it do.
        let helpers = made(&alice, &value!({ "name": "Helpers" }));
        put(&alice, &helpers, "carol", "member", 201);
        put(&alice, &group, &helpers, "manager", 201);
        assert_eq!(json(&carol.get(&at(&group)).ok())["role"], "manager");
        put(&carol, &group, "dora", "member", 201);
        put(&alice, &group, "bob", "owner", 200);
        alice.delete(&member(&group, "alice")).no_content();
        assert_eq!(json(&bob.get(&at(&group)).ok())["role"], "owner");
    }

    fn rights_follow_nested_groups_at_the_next_request(db) {
        let server = TestServer::start(db);
        let (alice, bob, root) = (server.user("alice"), server.user("bob"), administrator(&server));
        for handle in ["outer", "middle", "inner"] {
            made(&root, &value!({ "name": handle, "id": handle, "visibility": "public" }));
        }
        put(&root, "outer", "middle", "member", 201);
        put(&root, "inner", "bob", "member", 201);
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        assert_eq!(share(&alice, &alice.calendar("default/"), "outer").status, 200);
        let beside = server.beside(Limits::default());
        let there = Client::new(beside.address(), "bob", &server.wait(server.core().add_app_password("bob", "x", "")).expect("a password").1);
        let path = alice.calendar("default/a.ics");
        let reads = || {
            let both = [bob.get(&path).send().status, there.get(&path).send().status];
            let listed = handles_of_calendars(&bob).contains(&"alice".to_owned());
            assert_eq!(both[0], both[1], "on both nodes alike");
            assert_eq!(listed, both[0] == 200);
            both[0]
        };
        assert_eq!(reads(), 404);
        put(&root, "middle", "inner", "member", 201);
        assert_eq!(reads(), 200);
        root.delete(&member("outer", "middle")).no_content();
        assert_eq!(reads(), 404);
        put(&root, "outer", "inner", "member", 201);
        assert_eq!(reads(), 200);
        // Suspended people stay where they are, and cannot log in.
        server.wait(server.core().set_account_state("bob", PrincipalState::Suspended)).expect("suspended");
        assert_eq!(bob.get(&path).send().status, 401);
        assert_eq!(handles(&root, "/api/v1/groups/outer/effective-members?kind=user"), ["bob"]);
        server.wait(server.core().set_account_state("bob", PrincipalState::Active)).expect("opened");
        assert_eq!(reads(), 200);
        // A group that goes leaves all groups, and takes its grants along.
        root.delete("/api/v1/groups/outer").no_content();
        assert_eq!(reads(), 404);
        made(&root, &value!({ "name": "outer", "id": "outer", "visibility": "public" }));
        put(&root, "outer", "bob", "member", 201);
        assert_eq!(reads(), 404, "another of that name is another");
    }

    fn what_cannot_be_is_refused_by_name(db) {
        let server = TestServer::with_limits(db, Limits { group_levels: 4, group_members: 3, group_pairs: 100, groups_owned: 12, ..Limits::default() });
        let (alice, root) = (server.user("alice"), administrator(&server));
        let own: Vec<String> = (0..7).map(|at| made(&alice, &value!({ "name": format!("g{at}") }))).collect();
        let refused = |group: usize, inside: &str, kind: &str| problem(&send(&alice, "PUT", &member(&own[group], inside), &value!({})), 409, kind);
        refused(0, &own[0], "group-cycle");
        for at in 0..3 {
            put(&alice, &own[at], &own[at + 1], "member", 201);
        }
        refused(3, &own[0], "group-cycle");
        refused(2, &own[0], "group-cycle");
        put(&alice, &own[3], &own[4], "member", 201);
        refused(4, &own[5], "group-too-deep");
        put(&alice, &own[5], &own[6], "member", 201);
        refused(4, &own[5], "group-too-deep");
        let deep = send(&alice, "PUT", &member(&own[4], &own[5]), &value!({}));
        assert_eq!(serde_json::from_slice::<Value>(&deep.body).expect("JSON")["limit"], 4);
        // Members: alice herself is one.
        for who in ["bob", "carol", "dora"] {
            server.user(who);
        }
        put(&alice, &own[6], "bob", "member", 201);
        put(&alice, &own[6], "carol", "member", 201);
        refused(6, "dora", "group-too-large");
        // All or none of many.
        let many = send(&alice, "POST", &format!("{}/members", at(&own[5])), &value!({ "members": [{ "id": "bob" }, { "id": "dora" }] }));
        problem(&many, 409, "group-too-large");
        assert_eq!(handles(&alice, &format!("{}/members", at(&own[5]))), { let mut all = vec!["alice".to_owned(), own[6].clone()]; all.sort(); all });
        // What one change may bring: a tenth for those who are no administrators.
        refused(2, &own[5], "group-change-too-large");
        put(&root, &own[2], &own[5], "member", 201);
        // A secret one in what more people see.
        made(&root, &value!({ "name": "Public", "id": "public", "visibility": "public" }));
        problem(&send(&root, "PUT", &member("public", &own[6]), &value!({})), 409, "group-less-visible");
        problem(&send(&alice, "PATCH", &at(&own[6]), &value!({ "visibility": "hidden" })), 409, "group-less-visible");
        problem(&send(&root, "PATCH", &at(&own[5]), &value!({ "visibility": "public" })), 409, "group-less-visible");
        send(&root, "PATCH", &at(&own[6]), &value!({ "visibility": "public" }));
        put(&root, "public", &own[6], "member", 201);
        problem(&send(&root, "PATCH", &at(&own[6]), &value!({ "visibility": "private" })), 409, "group-less-visible");
        for _ in 0..5 {
            made(&alice, &value!({ "name": "more" }));
        }
        problem(&send(&alice, "POST", "/api/v1/groups", &value!({ "name": "more" })), 409, "quota-not-exceeded");
    }

    fn members_are_told_in_pages(db) {
        let server = TestServer::start(db);
        let (alice, root) = (server.user("alice"), administrator(&server));
        for handle in ["institut", "labo", "equipe"] {
            made(&root, &value!({ "name": handle.to_uppercase(), "id": handle, "visibility": "public" }));
        }
        put(&root, "institut", "labo", "member", 201);
        put(&root, "labo", "equipe", "member", 201);
        let people: Vec<String> = (0..7).map(|at| format!("p{at}")).collect();
        for person in &people {
            server.principal(PrincipalKind::User, person, &[]);
        }
        let all: Vec<Value> = people.iter().map(|person| value!({ "id": person })).collect();
        let key = |body: &Value| root.request("POST", "/api/v1/groups/equipe/members").header("Content-Type", "application/json").header("Idempotency-Key", "m").body(body.to_string()).send();
        let body = value!({ "members": all });
        assert_eq!(json(&key(&body)), value!({ "added": 7, "changed": 0, "unchanged": 0 }));
        assert_eq!(json(&key(&body)), value!({ "added": 7, "changed": 0, "unchanged": 0 }), "as it was told the first time");
        assert_eq!(json(&send(&root, "POST", "/api/v1/groups/equipe/members", &body)), value!({ "added": 0, "changed": 0, "unchanged": 7 }));
        put(&root, "labo", "p3", "owner", 201);
        let pages = |list: &str| {
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let page = json(&alice.get(&format!("{list}limit=2{next}")).ok());
                seen.extend(each(&page, "id"));
                match page["next"].as_str() {
                    Some(cursor) => next = format!("&cursor={cursor}"),
                    None => return seen,
                }
            }
        };
        assert_eq!(pages("/api/v1/groups/equipe/members?"), people);
        assert_eq!(pages("/api/v1/groups/institut/effective-members?kind=user&"), people);
        assert_eq!(pages("/api/v1/groups/institut/effective-members?").len(), 9);
        assert_eq!(pages("/api/v1/groups?"), ["equipe", "institut", "labo"]);
        assert_eq!(pages("/api/v1/groups?member=p3&"), ["equipe", "institut", "labo"]);
        let depth = json(&alice.get("/api/v1/groups/institut/effective-members?kind=user&fields=id,depth").ok());
        let depths: Vec<String> = each(&depth, "depth");
        assert_eq!(depths, ["3", "3", "3", "2", "3", "3", "3"], "the shortest way counts");
        assert_eq!(handles(&alice, "/api/v1/groups/institut/effective-members?depth=2"), ["equipe", "labo", "p3"]);
        let labo = json(&alice.get("/api/v1/groups/labo/members").ok());
        assert_eq!(labo["items"], value!([
            { "id": "equipe", "kind": "group", "name": "EQUIPE", "role": "member" },
            { "id": "p3", "kind": "user", "name": "P3", "role": "owner" },
        ]));
        // DAV tells direct members, and direct groups (RFC 3744 §4.3, §4.4).
        let set = |group: &str| alice.propfind(&format!("/dav/principals/groups/{group}/"), "0", &["D:group-member-set", "D:group-membership"]).multistatus();
        assert_eq!(set("labo").only().prop("D:group-member-set").hrefs(), ["/dav/principals/groups/equipe/", "/dav/principals/users/p3/"]);
        assert_eq!(set("labo").only().prop("D:group-membership").hrefs(), ["/dav/principals/groups/institut/"]);
        assert_eq!(set("institut").only().prop("D:group-member-set").hrefs(), ["/dav/principals/groups/labo/"]);
        // Members that are not shown: of the group itself, and of one that is in it.
        send(&root, "PATCH", "/api/v1/groups/labo", &value!({ "membersShownTo": "managers" }));
        alice.get("/api/v1/groups/labo").ok();
        problem(&alice.get("/api/v1/groups/labo/members").send(), 403, "need-privileges");
        problem(&alice.get("/api/v1/groups/labo/effective-members").send(), 403, "need-privileges");
        problem(&alice.get("/api/v1/groups/institut/effective-members").send(), 403, "need-privileges");
        assert_eq!(set("labo").only().status_of("D:group-member-set"), Some(404));
        assert_eq!(pages("/api/v1/groups?member=p3&"), ["equipe", "institut"], "that he is in it is not told");
        assert_eq!(alice.propfind("/dav/principals/users/p3/", "0", &["D:group-membership"]).multistatus().only().prop("D:group-membership").hrefs(), ["/dav/principals/groups/equipe/"]);
        problem(&alice.delete(&member("labo", "p3")).send(), 403, "manager-needed");
        problem(&alice.delete(&member("labo", "p4")).send(), 403, "manager-needed");
        handles(&server.client_with_scope("p3", ""), "/api/v1/groups/institut/effective-members");
        for (query, field) in [("depth=0", "depth"), ("kind=x", "kind"), ("x=1", "x"), ("cursor=!", "cursor")] {
            assert_eq!(problem(&alice.get(&format!("/api/v1/groups/equipe/effective-members?{query}")).send(), 400, "bad-request"), field);
        }
    }

    fn a_group_with_content_is_not_removed(db) {
        let server = TestServer::start(db);
        let root = administrator(&server);
        made(&root, &value!({ "name": "Labo", "id": "labo", "visibility": "public" }));
        let calendar = send(&root, "POST", "/api/v1/groups/labo/calendars", &value!({ "name": "Labo" }));
        let id = json(&calendar)["id"].as_str().expect("an id").to_owned();
        let core = server.core();
        let labo = server.wait(core.on_behalf("labo", "test")).expect("there");
        let at = cenacle::domain::id::CollectionId::parse(&id).expect("an id");
        let access = server.wait(core.collection_by_id(&labo, cenacle::domain::collection::HomeKind::Calendars, at)).expect("its own");
        let sent = Sent { body: samples::meeting("a"), media: Media::Calendar };
        server.wait(core.put_item(&labo, &access.place(), "a.ics", sent, Preconditions::default())).expect("stored");
        problem(&root.delete("/api/v1/groups/labo").send(), 409, "group-not-empty");
        server.wait(core.delete_item(&labo, &access.place(), "a.ics", Preconditions::default())).expect("gone");
        problem(&root.delete("/api/v1/groups/labo").send(), 409, "group-not-empty");
        server.wait(core.delete_collection(&labo, &access.place(), Preconditions::default())).expect("gone");
        problem(&root.delete("/api/v1/groups/labo").send(), 409, "group-not-empty");
        root.get("/api/v1/groups/labo").ok();
        // When nothing can be restored any more, nothing is lost.
        crate::groups::run(&server, &["DELETE FROM version".to_owned()]);
        root.delete("/api/v1/groups/labo").no_content();
        root.propfind("/dav/principals/groups/labo/", "0", &["D:displayname"]).status(404);
    }
}

/// The same request each time, under one key.
fn send_once(client: &Client, body: &Value) -> crate::harness::answer::Answer {
    let request = client.request("POST", "/api/v1/groups").header("Content-Type", "application/json");
    request.header("Idempotency-Key", "k1").body(body.to_string()).created()
}

/// Owners of all calendars that somebody knows of.
fn handles_of_calendars(client: &Client) -> Vec<String> {
    each(&json(&client.get("/api/v1/calendars").ok()), "owner")
}
