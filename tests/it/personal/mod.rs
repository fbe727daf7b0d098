//! Alarms and acknowledgements on shared calendars are each reader's own: at every door, on all his devices, and for nobody else.

mod doors;
mod lasting;
mod moving;
mod writing;

use crate::acl::{ace, set};
use crate::harness::{Client, Db, TestServer, samples};
use crate::rest::{id_of, json, send};
use serde_json::json as value;

/// Alice has a calendar; Bob may write in it, Carol may read it, Dave may see when it is busy, Erin may nothing. Bob and Carol have it in
/// their homes.
struct Scene {
    server: TestServer,
    alice: Client,
    bob: Client,
    carol: Client,
    dave: Client,
    erin: Client,
    /// The calendar's id in REST.
    id: String,
}

impl Scene {
    fn new(db: Db) -> Scene {
        let server = TestServer::start(db);
        let [alice, bob, carol, dave, erin] =
            ["alice", "bob", "carol", "dave", "erin"].map(|who| server.user(who));
        let grants = ace(&bob.principal(), &["D:read", "D:write"])
            + &ace(&carol.principal(), &["D:read"])
            + &ace(&dave.principal(), &["C:read-free-busy"]);
        set(&alice, &alice.calendar("default/"), &grants).ok();
        let id = id_of(&alice, "calendars", "default");
        for who in [&bob, &carol] {
            let made = send(who, "PUT", &format!("/api/v1/calendars/{id}/subscription"), &value!({}));
            assert_eq!(made.status, 201, "{}", made.text());
        }
        Scene { server, alice, bob, carol, dave, erin, id }
    }

    /// The path of an item at its owner's.
    fn item(&self, name: &str) -> String {
        self.alice.calendar(&format!("default/{name}"))
    }

    /// A path below the calendar in REST.
    fn rest(&self, rest: &str) -> String {
        format!("/api/v1/calendars/{}{rest}", self.id)
    }

    /// What the owner sees of an item and of the calendar: bytes, tag, tokens.
    fn of_the_owner(&self, name: &str) -> [String; 4] {
        let item = self.alice.get(&self.item(name)).ok();
        let (calendar, home) = (self.alice.calendar("default/"), self.alice.calendar(""));
        [
            item.text(),
            item.etag(),
            self.alice.property(&calendar, "D:sync-token"),
            self.alice.property(&home, "D:sync-token"),
        ]
    }
}

/// The path of the shared calendar in somebody's own home.
fn mine(who: &Client, name: &str) -> String {
    who.calendar(&format!("alice-default/{name}"))
}

/// Changes since a token: the names of what is told with their tags, and the next token.
fn news(who: &Client, path: &str, token: &str) -> (Vec<(String, String)>, String) {
    let inside = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    let answer = who.report(path, "D:sync-collection", &inside).multistatus();
    let told = |name: &str| {
        let member = answer.member(&format!("{path}{name}"));
        (name.to_owned(), member.text("D:getetag"))
    };
    let present = answer.present().into_iter().map(told).collect();
    assert!(answer.gone().is_empty());
    (present, answer.token())
}

const ALARM: &str =
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Alice's\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";

fn alarm(before: &str) -> String {
    format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:mine\r\nTRIGGER:-{before}\r\nEND:VALARM\r\n")
}

/// Text before the end of the event.
fn with(event: &str, inside: &str) -> String {
    event.replace("END:VEVENT", &format!("{inside}END:VEVENT"))
}

/// An event with the owner's alarm, which she has put off.
fn owners(uid: &str) -> String {
    with(&samples::meeting(uid), &format!("X-MOZ-SNOOZE-TIME:20260301T090000Z\r\n{ALARM}"))
}

/// What Thunderbird sends when something of its user's own was changed in what it was given: everything, in its own way.
fn thunderbird(seen: &str, own: &str) -> String {
    let lines: Vec<&str> = seen.lines().collect();
    let inside: Vec<&str> = lines
        .iter()
        .skip_while(|line| **line != "BEGIN:VEVENT")
        .skip(1)
        .take_while(|line| **line != "BEGIN:VALARM" && **line != "END:VEVENT")
        .filter(|line| {
            !line.starts_with("DTSTAMP") && !line.starts_with("X-MOZ") && !line.starts_with("LAST-MODIFIED")
        })
        .copied()
        .collect();
    let alarms: String = seen
        .split("BEGIN:VALARM\r\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("END:VALARM"))
        .map(|(alarm, _)| format!("BEGIN:VALARM\r\n{alarm}END:VALARM\r\n"))
        .collect();
    let body: String = inside.iter().rev().map(|line| format!("{line}\r\n")).collect();
    format!(
        "BEGIN:VCALENDAR\r\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n\
         LAST-MODIFIED:20260301T120000Z\r\nDTSTAMP:20260301T120000Z\r\n{body}X-MOZ-GENERATION:3\r\n{own}{alarms}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
