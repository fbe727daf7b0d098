//! No door is forgotten: each operation of REST, each method and each report of DAV stands in the tables of doors, or here with the reason
//! why it tells nothing of what is hidden. Whoever adds one adds its line.

use super::deeds::DEEDS;
use super::doors::{DOORS, Door};
use super::{Policy, Scene};
use crate::harness::both;
use cenacle::rest;
use serde_json::Value;

/// Operations that tell nothing of others' items, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("GET /calendars", "collections only"),
    ("GET /deleted-calendars", "one's own collections only"),
    ("GET /changes", "names collections and their tokens"),
    ("GET /export", "one's own account"),
    ("GET /calendars/{id}/acl", "rights only"),
    ("GET /calendars/{id}/shares", "rights only"),
    ("GET /calendars/{id}/audit", "rights only"),
    ("GET /calendars/{id}/links", "addresses; what they show is asked in `rest/links/privacy.rs`"),
    ("GET /calendars/{id}/links/{link}", "the same"),
    ("GET /calendars/{id}/links/{link}/uses", "who read through an address, not what"),
    ("GET /admin/audit", "rights only"),
    ("GET /admin/link-uses", "who read through an address, not what"),
    ("GET /explain", "rights only"),
    ("GET /invitations", "collections and rights only"),
    ("GET /app-passwords", "one's own account"),
    ("GET /sessions", "one's own account"),
    ("GET /devices", "one's own account"),
    ("GET /me", "one's own account"),
    ("GET /me/delegates", "rights only"),
    ("GET /me/delegations", "rights only"),
    ("GET /me/birthdays", "one's own calendar, of cards that one may read: `caldav/birthdays.rs`"),
    ("GET /me/sharing", "a setting of one's own"),
    ("GET /groups", "people only"),
    ("GET /groups/{id}", "people only"),
    ("GET /groups/{id}/members", "people only"),
    ("GET /groups/{id}/effective-members", "people only"),
    ("GET /subscriptions", "one's own calendars, that come from elsewhere"),
    ("GET /subscriptions/{id}", "the same"),
    ("GET /webhooks", "one's own account; what is sent is a door"),
    ("GET /webhooks/{id}", "the same"),
    ("GET /webhooks/{id}/deliveries", "numbers of attempts"),
    ("GET /openapi.json", "the description"),
];

/// What `server/app.rs` serves beside DAV, which takes all else, as it stands there; and where its privacy is asked.
const SERVED: &[(&str, &str)] = &[
    ("\"/healthz\"", "alive or not"),
    ("\"/readyz\"", "ready or not"),
    ("\"/metrics\"", "numbers of requests by method and status"),
    ("rest::BASE", "by its description, below"),
    ("rest::jwks::PATH", "public keys"),
    ("rest::link_door::BASE", "`doors.rs`, and `rest/links/privacy.rs`"),
    ("rest::docs::BASE", "files of the program"),
    ("tzdist::BASE", "time zones of the world"),
];

/// Operations that change something, and where it is seen that they do not get past privacy.
const CHANGES: &[(&str, &str)] = &[
    ("POST /batch", "`changes::attempts`"),
    ("POST /calendars", "of one's own"),
    ("PATCH /calendars/{id}", "names and colours"),
    ("DELETE /calendars/{id}", "tells nothing"),
    ("PUT /calendars/{id}/acl", "rights only"),
    ("PATCH /calendars/{id}/acl", "rights only"),
    ("POST /calendars/{id}/shares", "rights only"),
    ("DELETE /calendars/{id}/shares/{with}", "rights only"),
    ("POST /calendars/{id}/events", "`changes::a_uid_of_something_absent_does_not_tell_its_name`"),
    ("POST /calendars/{id}/import", "the same"),
    ("PUT /calendars/{id}/events/{item}", "`changes::attempts`"),
    ("PATCH /calendars/{id}/events/{item}", "`changes::attempts`"),
    ("DELETE /calendars/{id}/events/{item}", "`changes::attempts`"),
    (
        "PATCH /calendars/{id}/events/{item}/instances/{recurrenceId}",
        "a PATCH of the item, through the same function",
    ),
    ("DELETE /calendars/{id}/events/{item}/instances/{recurrenceId}", "the same"),
    ("POST /calendars/{id}/events/{item}/instances/{recurrenceId}:restore", "the same"),
    ("PATCH /calendars/{id}/links/{link}", "labels"),
    ("DELETE /calendars/{id}/links/{link}", "tells nothing"),
    ("POST /calendars/{id}/links/{link}:rotate", "another address of the same"),
    ("DELETE /calendars/{id}/subscription", "tells nothing"),
    ("POST /calendars/{id}:transfer", "its owner's, with all that is in it"),
    ("POST /deleted-calendars/{id}:restore", "one's own collections only"),
    ("PUT /invitations/{id}/answer", "where a share stands"),
    ("PUT /me/birthdays", "one's own calendar, of cards that one may read: `caldav/birthdays.rs`"),
    ("DELETE /me/birthdays", "the same"),
    ("PUT /me/sharing", "a setting of one's own"),
    ("DELETE /devices/{id}", "one's own account"),
    ("POST /devices/{id}:undo", "one's own calendars"),
    ("POST /import", "one's own account"),
    ("POST /subscriptions", "one's own calendars, that come from elsewhere"),
    ("PATCH /subscriptions/{id}", "the same"),
    ("DELETE /subscriptions/{id}", "the same"),
    ("POST /subscriptions/{id}:refresh", "the same"),
    ("PATCH /webhooks/{id}", "one's own account; what is sent is a door"),
    ("DELETE /webhooks/{id}", "the same"),
    ("POST /webhooks/{id}:renew-secret", "the same"),
    ("POST /webhooks/{id}:replay", "the same messages once more"),
    ("POST /webhooks/{id}:test", "an empty message"),
    ("POST /app-passwords", "one's own account"),
    ("DELETE /app-passwords/{id}", "one's own account"),
    ("DELETE /sessions/{id}", "one's own account"),
    ("POST /auth/token", "a login"),
    ("POST /auth/revoke", "a login"),
    ("PUT /me/delegates/{handle}", "rights only"),
    ("DELETE /me/delegates/{handle}", "rights only"),
    ("PUT /invitations/{id}/answer", "rights only"),
    ("PUT /me/birthdays", "one's own account; contacts have no classes"),
    ("DELETE /me/birthdays", "the same"),
    ("PUT /me/sharing", "one's own account"),
    ("POST /calendars/{id}:transfer", "another owner, and nothing told"),
    ("POST /groups/{id}/calendars", "a new collection"),
    ("POST /groups/{id}/address-books", "a new collection"),
    ("POST /groups", "people only"),
    ("PATCH /groups/{id}", "people only"),
    ("DELETE /groups/{id}", "people only"),
    ("POST /groups/{id}/calendars", "a new collection"),
    ("POST /groups/{id}/address-books", "a new collection"),
    ("POST /groups/{id}/members", "people only"),
    ("PUT /groups/{id}/members/{member}", "people only"),
    ("DELETE /groups/{id}/members/{member}", "people only"),
];

/// Reports that tell nothing of calendar items.
const OF_OTHERS: &[&str] = &["principal-match", "principal-search-property-set", "acl-principal-prop-set"];

/// Methods that show nothing by themselves, and where it is seen that they do not get past privacy.
const METHODS: &[(&str, &str)] = &[
    ("OPTIONS", "methods alone"),
    ("REPORT", "each report is a door"),
    ("PUT", "`changes::attempts`"),
    ("DELETE", "`changes::attempts`"),
    ("PROPPATCH", "`changes::attempts`"),
    ("ACL", "rights only"),
    ("POST", "a PUT under a name that the server makes"),
    ("MKCOL", "a new collection"),
    ("MKCALENDAR", "a new collection"),
];

fn doors() -> impl Iterator<Item = &'static Door> {
    DOORS.iter().chain(DEEDS)
}

fn covered(what: &str) -> bool {
    doors().any(|door| door.covers == what)
}

fn listed(what: &str, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(known, _)| *known == what)
}

/// What stands behind each of these in a source.
fn behind<'s>(source: &'s str, calls: &[&str]) -> Vec<&'s str> {
    let found = calls.iter().flat_map(|call| source.match_indices(call).map(|(at, call)| at + call.len()));
    let argument = |at: usize| source[at..].trim_start().split([',', ')']).next().unwrap_or_default();
    let mut all: Vec<(usize, &str)> = found.map(|at| (at, argument(at))).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, argument)| argument).filter(|argument| !argument.starts_with("web::")).collect()
}

#[test]
fn no_route_beside_rest_and_dav_is_forgotten() {
    let calls = ["web::scope(", "web::resource(", ".route("];
    let read = |file: &str| {
        std::fs::read_to_string(format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file)
    };
    let server = read("server/app.rs");
    let served = behind(&server, &calls);
    assert_eq!(
        served,
        SERVED.iter().map(|(path, _)| *path).collect::<Vec<_>>(),
        "give them a door, or their line here"
    );
    // Below these is no more than is known.
    assert_eq!(behind(&read("rest/link_door.rs"), &calls), ["\"/{name}\""]);
    assert_eq!(behind(&read("rest/docs.rs"), &calls), ["\"\"", "path"]);
    assert_eq!(
        behind(&read("tzdist/mod.rs"), &calls),
        [
            "\"\"",
            "\"/capabilities\"",
            "\"/zones\"",
            "\"/zones/{tzid:.+}/observances\"",
            "\"/zones/{tzid:.+}\""
        ]
    );
}

both! {
    fn no_door_is_forgotten(db) {
        let description: Value = serde_json::from_str(rest::DOCUMENT).expect("JSON");
        let mut missing = Vec::new();
        for (path, item) in description["paths"].as_object().expect("paths") {
            let path = path.trim_start_matches("/api/v1");
            // Contacts have no classes; who may read a book at all is asked in `rest/authorisation.rs`.
            if path.starts_with("/address-books") || path.starts_with("/deleted-address-books") {
                continue;
            }
            for method in ["get", "post", "put", "patch", "delete"].into_iter().filter(|method| item.get(*method).is_some()) {
                let operation = format!("{} {path}", method.to_uppercase());
                // Tasks are changed through the functions of events.
                let of_events = operation.replace("/tasks", "/events");
                let known = match method {
                    "get" => covered(&operation) || listed(&operation, ELSEWHERE),
                    _ => covered(&of_events) || listed(&of_events, CHANGES),
                };
                if !known {
                    missing.push(operation);
                }
            }
        }
        let scene = Scene::new(db, Policy::default());
        let alice = scene.alice();
        let mut count = 0;
        for place in [scene.dav(""), alice.calendar(""), alice.principal(), "/dav/principals/".to_owned()] {
            let found = alice.propfind(&place, "0", &["D:supported-report-set"]).multistatus();
            let reports = found.only().prop("D:supported-report-set").clone();
            for report in reports.all("D:supported-report").flat_map(|one| one.all("D:report")).flat_map(|one| &one.children) {
                count += 1;
                if !covered(&format!("REPORT {}", report.local)) && !OF_OTHERS.contains(&report.local.as_str()) {
                    missing.push(format!("REPORT {} at {place}", report.local));
                }
            }
            for there in [place.clone(), scene.dav("x.ics"), scene.dav("new/")] {
                let allow = alice.options(&there).send().header("Allow").unwrap_or_default().to_owned();
                for method in allow.split(',').map(str::trim).filter(|method| !method.is_empty()) {
                    if !covered(method) && !listed(method, METHODS) {
                        missing.push(format!("{method} at {there}"));
                    }
                }
            }
        }
        assert!(count >= 12, "{count}");
        assert!(missing.is_empty(), "no test of privacy asks these: give them a door, or their line here: {missing:#?}");
    }
}
