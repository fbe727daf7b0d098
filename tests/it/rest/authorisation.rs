//! Every operation that the description names, by everybody: the owner, another user, an administrator, logins that may only read or
//! that open something else, one that has ended, and none. The list is that of the description, so that no operation is forgotten.
//!
//! What is expected follows from rules by method and kind; where an operation differs, it stands in [`told`]. A new operation that the
//! rules do not fit fails here until it is said what it answers.

use super::{id_of, json, problem, send};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::rest;
use serde_json::{Value, json as value};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Stands in all that is Alice's: nobody else may be told of it.
const SECRET: &str = "geheim";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Owner,
    /// A user with whom nothing is shared.
    Other,
    /// An administrator with whom nothing is shared: he has no other eyes here than anybody.
    Admin,
    /// The owner by a login that may only read.
    Reader,
    /// The owner by a login that opens the other kind of data.
    WrongKind,
    /// The owner by a login that opens another collection.
    WrongCollection,
}

/// An operation of the description.
#[derive(Debug)]
struct Operation {
    method: String,
    path: String,
    /// The media type that it is asked with.
    media: Option<String>,
    /// An example of the body in this type, where the description has one.
    example: Option<Value>,
    /// Its statuses of success.
    declared: Vec<u16>,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/api/v1"))
    }

    /// Whether it is about something in this list.
    fn under(&self, list: &str) -> bool {
        self.path.starts_with(&format!("/api/v1/{list}/{{"))
    }

    /// Whether it is about contacts; about calendars else, or about neither.
    fn of_contacts(&self) -> bool {
        self.path.starts_with("/api/v1/address-books")
            || self.path.starts_with("/api/v1/deleted-address-books")
    }

    /// Whether it is of one kind of data only.
    fn of_one_kind(&self) -> bool {
        let calendars =
            ["/api/v1/calendars", "/api/v1/deleted-calendars", "/api/v1/freebusy", "/api/v1/subscriptions"];
        self.of_contacts() || calendars.iter().any(|begin| self.path.starts_with(begin))
    }

    /// What it answers to who may do it.
    fn success(&self) -> u16 {
        match self.method.as_str() {
            // The item is there already.
            "PUT" => 200,
            _ if self.path.ends_with("{item}:restore") => 200,
            // The series goes on.
            "DELETE" if self.path.ends_with("{recurrenceId}") => 200,
            _ => {
                [201, 204, 202, 200].into_iter().find(|status| self.declared.contains(status)).unwrap_or(200)
            }
        }
    }

    /// Whether it changes nothing.
    fn reads(&self) -> bool {
        self.method == "GET"
    }
}

/// All operations that need a login.
fn operations() -> Vec<Operation> {
    let description: Value = serde_json::from_str(rest::DOCUMENT).expect("JSON");
    let mut all = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in METHODS.into_iter().filter(|method| item.get(*method).is_some()) {
            let operation = &item[method];
            // Public ones say so.
            if operation["security"].as_array().is_some_and(|all| {
                all.iter().all(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
            }) {
                continue;
            }
            let content = operation["requestBody"]["content"].as_object();
            let kept = |media: &&String| media.starts_with("text/");
            let media = content
                .and_then(|content| content.keys().find(kept).or_else(|| content.keys().next()))
                .cloned();
            let responses = operation["responses"].as_object().expect("responses").keys();
            all.push(Operation {
                example: media.as_ref().and_then(|media| {
                    let example = &operation["requestBody"]["content"][media]["example"];
                    (!example.is_null()).then(|| example.clone())
                }),
                method: method.to_uppercase(),
                path: path.clone(),
                media,
                declared: responses
                    .filter_map(|status| status.parse().ok())
                    .filter(|status| *status < 300)
                    .collect(),
            });
        }
    }
    assert!(all.len() > 45, "the operations are found: {}", all.len());
    all
}

/// Everything that an operation may be about, made anew for each: Alice's, and nobody else's.
struct Things {
    calendar: String,
    book: String,
    /// Where items are moved to.
    calendar_beside: String,
    book_beside: String,
    app_password: String,
    session: String,
    webhook: String,
    /// A group that only she is in, with another one of hers in it.
    group: String,
    /// The same, for administrators, who may do everything to groups.
    group_beside: String,
    group_inside: String,
    /// Of the calendar, and of the book.
    links: [String; 2],
    subscription: String,
    deleted_calendar: String,
    deleted_book: String,
    /// What the log calls the device that Alice's things were made with.
    device: String,
    /// Of the content of the event, the task and the contact.
    versions: [String; 3],
    /// When all of it was there.
    made: String,
    /// The calendar's sync token then.
    token: String,
    /// An account with nothing in it, as a file.
    archive: Vec<u8>,
}

fn made(client: &Client, path: &str, body: &Value) -> String {
    let answer = send(client, "POST", &format!("/api/v1/{path}"), body);
    assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    json(&answer)["id"].as_str().expect("an id").to_owned()
}

/// A private group of hers.
fn made_group(client: &Client) -> String {
    made(client, "groups", &value!({ "name": format!("{SECRET} group") }))
}

impl Things {
    fn make(alice: &Client, password: &str, archive: &[u8]) -> Things {
        let calendar = value!({ "name": format!("{SECRET} calendar"), "components": ["VEVENT", "VTODO"] });
        let book = value!({ "name": format!("{SECRET} book") });
        let login =
            value!({ "grant_type": "password", "username": "alice", "password": password, "device": SECRET });
        let mut things = Things {
            calendar: made(alice, "calendars", &calendar),
            calendar_beside: made(alice, "calendars", &calendar),
            book: made(alice, "address-books", &book),
            book_beside: made(alice, "address-books", &book),
            session: json(&send(alice, "POST", "/api/v1/auth/token", &login))["session"]
                .as_str()
                .expect("an id")
                .to_owned(),
            app_password: made(alice, "app-passwords", &value!({ "name": SECRET })),
            group: made_group(alice),
            group_beside: made_group(alice),
            group_inside: made_group(alice),
            subscription: made(
                alice,
                "subscriptions",
                &value!({ "url": format!("https://{SECRET}.example.org/"), "name": SECRET }),
            ),
            webhook: made(alice, "webhooks", &value!({ "url": format!("https://{SECRET}.example.org/") })),
            deleted_calendar: made(alice, "calendars", &calendar),
            deleted_book: made(alice, "address-books", &book),
            archive: archive.to_vec(),
            ..Things::absent()
        };
        let link = value!({ "scope": "full", "label": SECRET });
        things.links = [
            made(alice, &format!("calendars/{}/links", things.calendar), &link),
            made(alice, &format!("address-books/{}/links", things.book), &link),
        ];
        things.device = format!("session-{}", things.session);
        for group in [&things.group, &things.group_beside] {
            let inside = value!({ "members": [{ "id": things.group_inside }] });
            assert_eq!(send(alice, "POST", &format!("/api/v1/groups/{group}/members"), &inside).status, 200);
        }
        alice.delete(&format!("/api/v1/calendars/{}", things.deleted_calendar)).send();
        alice.delete(&format!("/api/v1/address-books/{}", things.deleted_book)).send();
        for path in [format!("calendars/{}", things.calendar), format!("address-books/{}", things.book)] {
            let share = value!({ "with": "dora", "role": "write" });
            // Where there is no Dora, nobody comes as far as her share.
            send(alice, "POST", &format!("/api/v1/{path}/shares"), &share);
        }
        let event = samples::event(
            "one",
            &["DTSTART:20260301T090000Z", "RRULE:FREQ=WEEKLY", &format!("SUMMARY:{SECRET}")],
        );
        let task = samples::todo(
            "two",
            &["DUE:20260301T090000Z", "RRULE:FREQ=WEEKLY", &format!("SUMMARY:{SECRET}")],
        );
        for (path, body) in [
            (format!("calendars/{}/events/one", things.calendar), event),
            (format!("calendars/{}/tasks/two", things.calendar), task),
            (format!("address-books/{}/contacts/three", things.book), samples::card("three", SECRET, &[])),
        ] {
            alice.put(&format!("/api/v1/{path}"), body).created();
        }
        let (calendar, book) = (
            format!("/api/v1/calendars/{}", things.calendar),
            format!("/api/v1/address-books/{}", things.book),
        );
        let version = |path: String| {
            let history = json(&alice.get(&format!("{path}/history")).ok());
            let version = &history["items"][0]["version"];
            version.as_str().map_or_else(|| version.to_string(), str::to_owned)
        };
        things.versions = [
            version(format!("{calendar}/events/one")),
            version(format!("{calendar}/tasks/two")),
            version(format!("{book}/contacts/three")),
        ];
        things.token = json(&alice.get(&format!("{calendar}/changes")).ok())["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        things.made = jiff::Timestamp::now().to_string();
        things
    }

    /// The path of an operation on these things.
    fn path(&self, operation: &Operation) -> String {
        let id = |list: &str| match list {
            "calendars" => self.calendar.clone(),
            "address-books" => self.book.clone(),
            "app-passwords" => self.app_password.clone(),
            "sessions" => self.session.clone(),
            "webhooks" => self.webhook.clone(),
            "groups" => self.group.clone(),
            "subscriptions" => self.subscription.clone(),
            "deleted-calendars" => self.deleted_calendar.clone(),
            "deleted-address-books" => self.deleted_book.clone(),
            "devices" => self.device.clone(),
            // Nobody invites her here: what invitations answer is asked in `rest/invitations.rs`.
            "invitations" => "1".to_owned(),
            other => panic!("say how one of {other} is made, for {}", operation.name()),
        };
        let item = |path: &str| match path {
            path if path.contains("/events/") => "one",
            path if path.contains("/tasks/") => "two",
            _ => "three",
        };
        let mut path = operation.path.clone();
        if path.contains("{id}") {
            let list = path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default().to_owned();
            path = path.replace("{id}", &id(&list));
        }
        let path = path.replace("{item}", item(&path)).replace("{member}", &self.group_inside);
        let [event, task, contact] = &self.versions;
        let version = match item(&path) {
            "one" => event,
            "two" => task,
            _ => contact,
        };
        let [of_calendar, of_book] = &self.links;
        let path = path.replace("{link}", if operation.of_contacts() { of_book } else { of_calendar });
        let path = path.replace("{version}", version).replace("{recurrenceId}", "2026-03-08T09:00:00");
        let path = path.replace("{with}", "dora").replace("{handle}", "dora");
        assert!(!path.contains('{'), "say what stands in {path}");
        // What is required of a query.
        match operation.path.as_str() {
            "/api/v1/explain" => format!("{path}?subject=alice&right=read&object={}", self.calendar),
            path_of if path_of.ends_with("/freebusy") || path_of.ends_with("/instances") => {
                format!("{path}?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z")
            }
            _ => path,
        }
    }

    /// The same for things that never were.
    fn absent() -> Things {
        let none = "0000000000001".to_owned();
        Things {
            calendar: none.clone(),
            book: none.clone(),
            calendar_beside: none.clone(),
            book_beside: none,
            app_password: "1".into(),
            session: "1".into(),
            webhook: "1".into(),
            group: "none-00000000".into(),
            group_beside: "none-00000000".into(),
            group_inside: "none-00000001".into(),
            links: ["1".into(), "1".into()],
            subscription: "0000000000001".into(),
            deleted_calendar: "0000000000001".into(),
            deleted_book: "0000000000001".into(),
            device: "app-password-1".into(),
            versions: ["1".into(), "1".into(), "1".into()],
            made: "2026-01-01T00:00:00Z".into(),
            token: "urn:none".into(),
            archive: Vec::new(),
        }
    }

    /// A body that does what the operation is for.
    fn body(&self, operation: &Operation) -> Vec<u8> {
        let path = operation.path.as_str();
        let value = match (operation.method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
            (_, "{item}:move" | "{item}:copy") if operation.under("calendars") => {
                value!({ "to": self.calendar_beside })
            }
            (_, "{item}:move" | "{item}:copy") => value!({ "to": self.book_beside }),
            ("PUT", "{item}") => {
                return match () {
                    () if path.contains("/events/") => samples::meeting("one"),
                    () if path.contains("/tasks/") => samples::todo("two", &[]),
                    () => samples::card("three", "Three", &[]),
                }
                .into_bytes();
            }
            ("POST", "batch") => value!({ "operations": [
                { "op": "delete", "path": format!("/calendars/{}/events/one", self.calendar) },
            ]}),
            ("PATCH", "{recurrenceId}") => value!({ "title": "Other" }),
            ("POST", "{item}:restore") => {
                let [event, task, contact] = &self.versions;
                let version = match () {
                    () if path.contains("/events/") => event,
                    () if path.contains("/tasks/") => task,
                    () => contact,
                };
                value!({ "version": version.parse::<i64>().expect("a number") })
            }
            ("POST", "{id}:restore") => value!({ "asOf": self.made }),
            ("POST", "{id}:transfer") => value!({ "to": "dora" }),
            ("POST", "{id}:undo") => value!({ "since": self.made }),
            ("POST", "{id}:replay") => value!({ "since": self.token }),
            ("PUT", "acl") => value!({ "entries": [{ "principal": "dora", "role": "read" }] }),
            ("PATCH", "acl") => value!({ "grant": [{ "principal": "dora", "role": "read" }] }),
            ("POST", "shares") => value!({ "with": "dora", "role": "read" }),
            ("PUT", "answer") => value!({ "state": "accepted" }),
            ("PUT", "sharing") => value!({ "invitations": "ask" }),
            ("PUT", "{handle}") => value!({ "role": "read" }),
            ("POST", "members") => value!({ "members": [{ "id": self.group_inside }] }),
            ("POST", "subscriptions") => value!({ "url": "https://feeds.example.org/", "name": "x" }),
            ("POST", "webhooks") => value!({ "url": "https://hooks.example.org/" }),
            ("PATCH", "{id}") if operation.under("webhooks") => value!({ "state": "paused" }),
            ("POST", "import") if operation.under("address-books") => {
                return b"full name,email\r\nJo,jo@example.org\r\n".to_vec();
            }
            ("POST", "import") if !operation.under("calendars") => return self.archive.clone(),
            _ => match &operation.example {
                Some(Value::String(text)) => return text.clone().into_bytes(),
                Some(example) => example.clone(),
                None => value!({ "name": "x" }),
            },
        };
        value.to_string().into_bytes()
    }
}

fn ask(client: &Client, operation: &Operation, path: &str, body: Vec<u8>) -> Answer {
    let mut request = client.request(&operation.method, path);
    if let Some(media) = &operation.media {
        request = request.header("Content-Type", media).body(body);
    }
    request.send()
}

/// The status that an operation answers somebody with.
fn expected(operation: &Operation, who: Who) -> u16 {
    if let Some(status) = told(operation, who) {
        return status;
    }
    let own = ["calendars", "address-books", "subscriptions"].iter().any(|list| operation.under(list));
    match who {
        Who::Owner => operation.success(),
        // What he may not see is not there. Of his own he may do everything.
        Who::Other | Who::Admin if operation.path.contains('{') => 404,
        Who::Other | Who::Admin => operation.success(),
        Who::WrongKind if operation.of_one_kind() => 404,
        Who::WrongCollection if own => 404,
        Who::Reader | Who::WrongKind | Who::WrongCollection if operation.reads() => operation.success(),
        Who::Reader | Who::WrongKind | Who::WrongCollection => 403,
    }
}

/// Where the rules do not say it.
fn told(operation: &Operation, who: Who) -> Option<u16> {
    let whole = ["/app-passwords", "/sessions", "/devices", "/webhooks"];
    let whole = whole.iter().any(|list| operation.path.contains(list));
    match (operation.name().as_str(), who) {
        // Groups are what administrators administer.
        (_, Who::Admin) if operation.under("groups") => Some(operation.success()),
        // Only a login that opens all of the account sees what opens it, and who is told of it.
        (_, Who::Reader | Who::WrongKind | Who::WrongCollection) if whole => Some(403),
        // They show who may not log in what he may not see: a login that only reads has no business with them.
        ("GET /calendars/{id}/links" | "GET /calendars/{id}/links/{link}", Who::Reader) => Some(403),
        ("GET /address-books/{id}/links" | "GET /address-books/{id}/links/{link}", Who::Reader) => Some(403),
        (
            "GET /calendars/{id}/links/{link}/uses" | "GET /address-books/{id}/links/{link}/uses",
            Who::Reader,
        ) => Some(403),
        // The batch is his own, what it is about is not.
        ("POST /batch", Who::Other | Who::Admin | Who::WrongKind | Who::WrongCollection) => Some(404),
        // What is one's own cannot be taken in, and is not given up.
        ("PUT /calendars/{id}/subscription" | "PUT /address-books/{id}/subscription", Who::Owner) => {
            Some(409)
        }
        ("DELETE /calendars/{id}/subscription" | "DELETE /address-books/{id}/subscription", Who::Owner) => {
            Some(404)
        }
        // Everybody says who acts for himself.
        (
            "PUT /me/delegates/{handle}" | "DELETE /me/delegates/{handle}",
            Who::Owner | Who::Other | Who::Admin,
        ) => Some(204),
        // Nobody has a calendar of birthdays before it is switched on; what was is switched off next.
        ("GET /me/birthdays", _) => Some(404),
        ("PUT /me/birthdays", Who::Owner | Who::Other | Who::Admin) => Some(201),
        // Rights are explained to who may see them, and to administrators; all that was done to them is told to these alone.
        ("GET /explain", Who::Other | Who::WrongKind | Who::WrongCollection) => Some(404),
        ("GET /admin/audit" | "GET /admin/link-uses", who) => Some(if who == Who::Admin { 200 } else { 404 }),
        // Each collection of the file is taken or refused by itself.
        ("POST /import", Who::WrongKind) => Some(200),
        // A device is what the log of his own collections calls it: another's has done nothing in them, like one that never was.
        ("POST /devices/{id}:undo", Who::Other | Who::Admin) => Some(200),
        ("PUT /invitations/{id}/answer", _) => Some(404),
        _ => None,
    }
}

/// An answer's headers but for the hour and what is left of the minute's requests; in which order they stand is chance.
fn headers(answer: &Answer) -> Vec<String> {
    let all = answer.headers.iter().map(|(name, value)| format!("{}: {value}", name.to_lowercase()));
    let passing = ["date:", "ratelimit", "x-ratelimit", "x-request-id:", "traceparent:"];
    let mut kept: Vec<String> =
        all.filter(|one| !passing.iter().any(|begin| one.starts_with(begin))).collect();
    kept.sort();
    kept
}

/// Everything of Alice's that an operation could change.
fn state(alice: &Client, things: &Things) -> [Value; 8] {
    let ids = |path: &str| {
        let page = json(&alice.get(&format!("/api/v1/{path}")).ok());
        let items = page["items"].as_array().expect("items").iter();
        Value::from(items.map(|item| item["id"].clone()).collect::<Vec<_>>())
    };
    let mut changes = json(&alice.get("/api/v1/changes").ok());
    // What an administrator makes for another group of hers is no change of these.
    changes["shared"] = Value::Null;
    let group = alice.get(&format!("/api/v1/groups/{}", things.group)).send();
    let members = alice.get(&format!("/api/v1/groups/{}/members", things.group)).send();
    let links = |of: String| json(&alice.get(&format!("/api/v1/{of}/links")).ok());
    [
        changes,
        ids("app-passwords"),
        ids("sessions"),
        ids("webhooks"),
        group.text().into(),
        members.text().into(),
        links(format!("calendars/{}", things.calendar)),
        links(format!("address-books/{}", things.book)),
    ]
}

both! {
    fn nobody_does_anything_without_a_login(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let password = server.wait(server.core().add_app_password("alice", "sessions", "")).expect("a password").1;
        let things = Things::make(&alice, &password, b"");
        let before = state(&alice, &things);
        let expired = Client::bearer(server.address(), &server.wait(server.core().issue_token("alice", "", 0)).expect("a token"));
        std::thread::sleep(std::time::Duration::from_secs(6));
        for operation in operations() {
            let path = things.path(&operation);
            for client in [&server.anonymous(), &expired, &server.client("alice", "wrong")] {
                problem(&ask(client, &operation, &path, things.body(&operation)), 401, "unauthenticated");
            }
        }
        assert_eq!(state(&alice, &things), before, "nothing was changed");
    }

    fn each_operation_answers_everybody_as_the_table_says(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let password = server.wait(server.core().add_app_password("alice", "sessions", "")).expect("a password").1;
        let carol = server.user("carol");
        let archive = server.user("dora").get("/api/v1/export").ok().body;
        let new = NewPrincipal {
            kind: PrincipalKind::User, handle: "root".into(), display_name: "Root".into(), addresses: Vec::new(), admin: true, time_zone: None,
        };
        server.wait(server.core().create_principal(new, None)).expect("an administrator");
        let admin = server.client_with_scope("root", "");
        assert_eq!(json(&admin.get("/api/v1/me").ok())["admin"], true);
        let scoped = |scope: &str| server.client_with_scope("alice", scope);
        let (reader, calendars, contacts) = (scoped("read"), scoped("calendars"), scoped("contacts"));
        let elsewhere = scoped(&format!("collection:{}", id_of(&alice, "calendars", "default")));
        let mut wrong = Vec::new();
        let mut asked = 0;
        for operation in operations() {
            let things = Things::make(&alice, &password, &archive);
            let (path, absent) = (things.path(&operation), Things::absent().path(&operation));
            let before = state(&alice, &things);
            let wrong_kind = if operation.of_contacts() { &calendars } else { &contacts };
            let all = [
                (Who::Other, &carol), (Who::Admin, &admin), (Who::Reader, &reader), (Who::WrongKind, wrong_kind),
                (Who::WrongCollection, &elsewhere), (Who::Owner, &alice),
            ];
            for (who, client) in all {
                let all_groups = who == Who::Admin && operation.path.starts_with("/api/v1/groups");
                let path = if all_groups { path.replace(&things.group, &things.group_beside) } else { path.clone() };
                let answer = ask(client, &operation, &path, things.body(&operation));
                asked += 1;
                if answer.status != expected(&operation, who) {
                    wrong.push(format!("{} {who:?}: {} instead of {}: {}", operation.name(), answer.status, expected(&operation, who), answer.text()));
                }
                if who == Who::Owner {
                    continue;
                }
                // What may not be seen is told in the words for what is not there.
                if answer.status == 404 {
                    let none = ask(client, &operation, &absent, Things { archive: archive.clone(), token: things.token.clone(), ..Things::absent() }.body(&operation));
                    if (none.status, &none.body, headers(&none)) != (answer.status, &answer.body, headers(&answer)) {
                        wrong.push(format!("{} {who:?}: absent {} {} {:?}, forbidden {} {:?}", operation.name(), none.status, none.text(), headers(&none), answer.text(), headers(&answer)));
                    }
                }
                let told_all = operation.path.contains("/admin/") || all_groups;
                if !told_all && matches!(who, Who::Other | Who::Admin) && [SECRET, &things.calendar, &things.book].iter().any(|word| answer.text().contains(word)) {
                    wrong.push(format!("{} {who:?} is told: {}", operation.name(), answer.text()));
                }
                if state(&alice, &things) != before {
                    wrong.push(format!("{} {who:?} has changed something", operation.name()));
                    break;
                }
            }
            // So that the next operation finds as much room as this one, and no more to list.
            for path in [format!("calendars/{}", things.calendar), format!("calendars/{}", things.calendar_beside), format!("address-books/{}", things.book), format!("address-books/{}", things.book_beside), format!("webhooks/{}", things.webhook), format!("subscriptions/{}", things.subscription), format!("app-passwords/{}", things.app_password), format!("groups/{}", things.group), format!("groups/{}", things.group_beside), format!("groups/{}", things.group_inside)] {
                alice.delete(&format!("/api/v1/{path}")).send();
            }
        }
        println!("{asked} requests");
        assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    }
}
