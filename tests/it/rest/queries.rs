//! Windows, instances, searches and busy times: what DAV's reports find, in JSON.

use super::{id_of, json, problem, three};
use crate::harness::{Client, TestServer, both, samples};
use serde_json::{Value, json as value};

fn events(client: &Client) -> String {
    format!("/api/v1/calendars/{}/events", id_of(client, "calendars", "default"))
}

/// The values of a member of all items.
fn all(page: &Value, member: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item[member].as_str().map_or_else(|| item[member].to_string(), str::to_owned))
        .collect()
}

/// A weekly series in Paris since 2020 with one moved instance, one of whole days, one that floats.
fn fill(client: &Client) {
    let put = |name: &str, body: String| {
        drop(client.put(&client.calendar(&format!("default/{name}")), body).created())
    };
    put(
        "weekly",
        samples::calendar(&[
            "BEGIN:VEVENT",
            "UID:weekly",
            "DTSTAMP:20260101T000000Z",
            "DTSTART;TZID=Europe/Paris:20200106T093000",
            "DTEND;TZID=Europe/Paris:20200106T103000",
            "RRULE:FREQ=WEEKLY;BYDAY=MO",
            "SUMMARY:Réunion d’équipe",
            "LOCATION:Salle Curie",
            "END:VEVENT",
            "BEGIN:VEVENT",
            "UID:weekly",
            "DTSTAMP:20260101T000000Z",
            "RECURRENCE-ID;TZID=Europe/Paris:20260316T093000",
            "DTSTART;TZID=Europe/Paris:20260317T140000",
            "DTEND;TZID=Europe/Paris:20260317T150000",
            "SUMMARY:Déplacée",
            "STATUS:TENTATIVE",
            "END:VEVENT",
        ]),
    );
    put(
        "days",
        samples::event(
            "days",
            &[
                "DTSTART;VALUE=DATE:20260310",
                "DTEND;VALUE=DATE:20260312",
                "SUMMARY:Congé",
                "TRANSP:TRANSPARENT",
            ],
        ),
    );
    put(
        "floats",
        samples::event(
            "floats",
            &[
                "DTSTART:20260311T120000",
                "DURATION:PT1H",
                "SUMMARY:Déjeuner",
                "ATTENDEE;CN=Zoé Petit:mailto:zoe@example.org",
            ],
        ),
    );
    put("later", samples::event("later", &["DTSTART:20270101T090000Z", "DTEND:20270101T100000Z"]));
}

const WEEK: &str = "from=2026-03-09T00:00:00Z&to=2026-03-16T00:00:00Z";

both! {
    fn a_window_tells_what_touches_it(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice);
        let at = events(&alice);
        let ids = |query: &str| all(&json(&alice.get(&format!("{at}?{query}")).ok()), "id");
        assert_eq!(ids(WEEK), ["days", "floats", "weekly"]);
        assert_eq!(ids("from=2027-01-01T00:00:00Z"), ["later", "weekly"]);
        assert_eq!(ids("to=2020-02-01T00:00:00%2B01:00"), ["weekly"]);
        assert_eq!(ids(&format!("{WEEK}&limit=1000&fields=id")), ["days", "floats", "weekly"]);
        let first = json(&alice.get(&format!("{at}?{WEEK}&limit=2")).ok());
        let rest = json(&alice.get(&format!("{at}?{WEEK}&limit=2&cursor={}", first["next"].as_str().expect("more"))).ok());
        assert_eq!((all(&first, "id"), all(&rest, "id")), (vec!["days".to_owned(), "floats".to_owned()], vec!["weekly".to_owned()]));
        assert_eq!(rest["next"], Value::Null);
        let data = json(&alice.get(&format!("{at}?{WEEK}&fields=id,data&q=conge")).ok());
        assert_eq!(data["items"], value!([{ "id": "days", "data": alice.get(&alice.calendar("default/days")).ok().text() }]));
    }

    fn instances_are_told_in_their_zone_and_in_the_one_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice);
        let at = events(&alice);
        let get = |query: &str| json(&alice.get(&format!("{at}?expand=true&{query}")).ok());
        let page = get(WEEK);
        assert_eq!(all(&page, "id"), ["weekly", "days", "floats"]);
        let first = &page["items"][0];
        assert_eq!(first["start"], "2026-03-09T09:30:00");
        assert_eq!(first["end"], "2026-03-09T10:30:00");
        assert_eq!(first["timeZone"], "Europe/Paris");
        assert_eq!(first["utcStart"], "2026-03-09T08:30:00Z");
        assert_eq!(first["recurrenceId"], "2026-03-09T09:30:00");
        assert_eq!((&first["title"], &first["location"]), (&value!("Réunion d’équipe"), &value!("Salle Curie")));
        let days = &page["items"][1];
        assert_eq!((&days["allDay"], &days["timeZone"], &days["recurrenceId"]), (&value!(true), &Value::Null, &Value::Null));
        assert_eq!((&days["start"], &days["end"]), (&value!("2026-03-10T00:00:00"), &value!("2026-03-12T00:00:00")));
        // The calendar is in Paris; a floating time begins there, or where the request says.
        assert_eq!(page["items"][2]["utcStart"], "2026-03-11T11:00:00Z");
        let tokyo = get(&format!("{WEEK}&timeZone=Asia/Tokyo"));
        assert_eq!(all(&tokyo, "id"), ["weekly", "days", "floats"]);
        assert_eq!((&tokyo["items"][0]["start"], &tokyo["items"][0]["timeZone"]), (&value!("2026-03-09T17:30:00"), &value!("Asia/Tokyo")));
        assert_eq!(tokyo["items"][2]["utcStart"], "2026-03-11T03:00:00Z");
        assert_eq!(tokyo["items"][2]["start"], "2026-03-11T12:00:00");
        // The override stands where it was moved to, under the time that it replaces.
        let moved = get("from=2026-03-16T00:00:00Z&to=2026-03-18T00:00:00Z");
        assert_eq!(all(&moved, "title"), ["Déplacée"]);
        let moved = &moved["items"][0];
        assert_eq!((&moved["recurrenceId"], &moved["start"]), (&value!("2026-03-16T09:30:00"), &value!("2026-03-17T14:00:00")));
        assert_eq!(moved["status"], "TENTATIVE");
        // As old as it likes, and as far ahead.
        assert_eq!(all(&get("from=2190-03-01T00:00:00Z&to=2190-03-08T00:00:00Z"), "utcStart"), ["2190-03-01T08:30:00Z"]);
    }

    fn instances_go_on_at_their_cursor(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice);
        alice.put(&alice.calendar("default/same"), samples::event("same", &["DTSTART:20260105T083000Z", "RRULE:FREQ=WEEKLY"])).created();
        let at = format!("{}?expand=true&from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z&fields=id,recurrenceId", events(&alice));
        let whole = json(&alice.get(&format!("{at}&limit=1000")).ok());
        let mut seen = Vec::new();
        let mut next = String::new();
        loop {
            let page = json(&alice.get(&format!("{at}&limit=3{next}")).ok());
            seen.extend(page["items"].as_array().expect("items").clone());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert!(seen.len() > 40);
        assert_eq!(Value::Array(seen), whole["items"]);
    }

    fn words_are_found_without_accents(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        fill(&alice);
        let at = events(&alice);
        let ids = |q: &str| all(&json(&alice.get(&format!("{at}?q={q}")).ok()), "id");
        assert_eq!(ids("REUNION+curie"), ["weekly"]);
        assert_eq!(ids("deplacee"), ["weekly"]);
        assert_eq!(ids("zoe"), ["floats"]);
        assert_eq!(ids("reunion+deplacee"), Vec::<String>::new(), "two components");
        assert_eq!(ids(""), ["days", "floats", "later", "weekly"]);
        let in_week = json(&alice.get(&format!("{at}?{WEEK}&expand=true&q=dejeuner")).ok());
        assert_eq!(all(&in_week, "id"), ["floats"]);
        for (name, body) in [
            ("dupont", samples::card("1", "Élise Dupont", &["EMAIL:e@example.org", "NOTE:curie"])),
            ("dupond", samples::card("2", "Jean Dupond", &["ORG:Institut Élisée"])),
        ] {
            alice.put(&alice.book(&format!("default/{name}")), body).created();
        }
        let book = format!("/api/v1/address-books/{}/contacts", id_of(&alice, "address-books", "default"));
        let ids = |q: &str| all(&json(&alice.get(&format!("{book}?q={q}")).ok()), "id");
        assert_eq!(ids("dupon"), ["dupond", "dupont"]);
        assert_eq!(ids("dupon+elise"), ["dupond", "dupont"]);
        assert_eq!(ids("e%40example"), ["dupont"]);
        assert_eq!(ids("curie"), Vec::<String>::new());
        let data = json(&alice.get(&format!("{book}?q=jean&fields=id,data&form=jcard")).ok());
        assert_eq!(data["items"][0]["data"][0], "vcard");
        alice.delete(&alice.book("default/dupond")).no_content();
        assert_eq!(ids("dupon"), ["dupont"]);
    }

    fn what_would_cost_too_much_is_refused(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/bomb"), samples::event("bomb", &["DTSTART:20200101T000000Z", "RRULE:FREQ=MINUTELY;INTERVAL=5"])).created();
        let at = events(&alice);
        let answer = alice.get(&format!("{at}?expand=true&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z")).send();
        problem(&answer, 400, "number-of-matches-within-limits");
        let busy = alice.get("/api/v1/freebusy?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&principals=alice,alice").send();
        problem(&busy, 400, "number-of-matches-within-limits");
        alice.get(&format!("{at}?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z")).ok();
        alice.get(&format!("{at}?expand=true&from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z")).ok();
    }

    fn busy_times_are_those_of_the_report(db) {
        let server = TestServer::start(db);
        let (alice, bob, carol) = three(&server);
        fill(&alice);
        let one = format!("/api/v1/calendars/{}/freebusy", id_of(&alice, "calendars", "default"));
        let expected = value!([
            { "start": "2026-03-09T08:30:00Z", "end": "2026-03-09T09:30:00Z", "kind": "busy" },
            { "start": "2026-03-11T11:00:00Z", "end": "2026-03-11T12:00:00Z", "kind": "busy" },
        ]);
        for client in [&alice, &bob] {
            assert_eq!(json(&client.get(&format!("{one}?{WEEK}")).ok())["busy"], expected);
        }
        problem(&carol.get(&format!("{one}?{WEEK}")).send(), 404, "not-found");
        let told = json(&bob.get(&format!("/api/v1/freebusy?principals=Alice,carol,nobody&{WEEK}")).ok());
        let unknown = |who: &str| value!({ "principal": who, "known": false, "busy": [] });
        assert_eq!(told["principals"], value!([{ "principal": "alice", "known": true, "busy": expected }, unknown("carol"), unknown("nobody")]));
        let own = json(&alice.get(&format!("/api/v1/freebusy?{WEEK}")).ok());
        assert_eq!(own["principals"][0]["busy"], expected);
        // Only busy times: the calendar itself stays shut.
        let acl = "<D:ace><D:principal><D:href>/dav/principals/users/carol/</D:href></D:principal>\
                   <D:grant><D:privilege><C:read-free-busy/></D:privilege></D:grant></D:ace>";
        alice.request("ACL", &alice.calendar("default/")).xml(&crate::harness::xml::document("D:acl", acl)).ok();
        assert_eq!(json(&carol.get(&format!("{one}?{WEEK}")).ok())["busy"], expected);
        assert_eq!(json(&carol.get(&format!("/api/v1/freebusy?principals=alice&{WEEK}")).ok())["principals"][0]["busy"], expected);
        problem(&carol.get(&format!("{}?{WEEK}", events(&alice))).send(), 404, "not-found");
        assert_eq!(json(&carol.get("/api/v1/calendars?owner=alice").ok())["items"], value!([]));
        let contacts = server.client_with_scope("alice", "contacts");
        problem(&contacts.get(&format!("/api/v1/freebusy?{WEEK}")).send(), 404, "not-found");
    }

    fn what_is_wrong_with_a_query_is_named(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let at = events(&alice);
        for (query, field) in [
            ("from=yesterday", "from"),
            ("from=2026-03-09", "from"),
            ("from=2026-03-09T00:00:00Z&to=2026-03-09T00:00:00Z", "to"),
            ("expand=true", "from"),
            ("expand=true&from=2026-03-09T00:00:00Z", "from"),
            ("expand=yes&from=2026-03-09T00:00:00Z", "expand"),
            ("expand=true&from=2026-03-09T00:00:00Z&to=2026-03-10T00:00:00Z&fields=data", "fields"),
            ("expand=true&from=2026-03-09T00:00:00Z&to=2026-03-10T00:00:00Z&form=jcal", "form"),
            ("expand=true&from=2026-03-09T00:00:00Z&to=2026-03-10T00:00:00Z&cursor=YQ", "cursor"),
            (&format!("q={}", "a+".repeat(30)), "q"),
        ] {
            assert_eq!(problem(&alice.get(&format!("{at}?{query}")).send(), 400, "bad-request"), field, "{query}");
        }
        let zone = alice.get(&format!("{at}?{WEEK}&timeZone=Mars/Base")).send();
        assert_eq!(problem(&zone, 422, "valid-timezone"), "timeZone");
        for query in ["from=2026-03-09T00:00:00Z", ""] {
            assert_eq!(problem(&alice.get(&format!("/api/v1/freebusy?{query}")).send(), 400, "bad-request"), "from");
        }
        let many = vec!["x"; 101].join(",");
        assert_eq!(problem(&alice.get(&format!("/api/v1/freebusy?{WEEK}&principals={many}")).send(), 400, "bad-request"), "principals");
    }
}
