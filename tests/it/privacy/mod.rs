//! What others see of items that are not public: every door, every role, every class; and that nothing hidden can be told from any
//! answer.

mod cells;
mod changes;
mod deeds;
mod doors;
mod existence;
mod interference;
mod known;
mod matrix;
mod upgrade;
mod webhooks;

use crate::harness::{Client, Db, TestServer, samples, xml};
use crate::rest::id_of;
use cenacle::config::Config;
use cenacle::domain::privacy::{Policy, Showing, Sight};

/// The roles that look at Alice's calendar.
const ROLES: [&str; 5] = ["alice", "dave", "bob", "carol", "erin"];

/// What a policy that hides much says.
const STRICT: Policy = Policy {
    writer: Sight { confidential: Showing::Absent, ..Sight::MASKED },
    reader: Sight { private: Showing::Absent, confidential: Showing::Absent, ..Sight::MASKED },
};

/// Alice with her calendar, Dave who may write in it, Bob who may read it, Carol who may see when it is busy, Erin who may nothing.
struct Scene {
    server: TestServer,
    people: Vec<Client>,
    /// The calendar's id in REST.
    id: String,
    /// Its path by DAV, with the slash: in Alice's home, or in that of who has taken it in.
    at: String,
}

impl Scene {
    fn new(db: Db, policy: Policy) -> Scene {
        let server = TestServer::with_config(db, Config { privacy: policy, ..Config::default() });
        let people: Vec<Client> = ROLES.iter().map(|who| server.user(who)).collect();
        let alice = &people[0];
        let ace = |who: &str, privileges: &[&str]| {
            let granted: String =
                privileges.iter().map(|one| format!("<D:privilege><{one}/></D:privilege>")).collect();
            format!(
                "<D:ace><D:principal><D:href>/dav/principals/users/{who}/</D:href></D:principal><D:grant>{granted}</D:grant></D:ace>"
            )
        };
        let acl = ace("dave", &["D:read", "D:write"])
            + &ace("bob", &["D:read"])
            + &ace("carol", &["C:read-free-busy"]);
        alice.mkcalendar(&alice.calendar("work/"), "").created();
        alice.request("ACL", &alice.calendar("work/")).xml(&xml::document("D:acl", &acl)).ok();
        let id = id_of(alice, "calendars", "work");
        let at = alice.calendar("work/");
        Scene { server, people, id, at }
    }

    fn who(&self, name: &str) -> &Client {
        let at = ROLES.iter().position(|role| *role == name).expect("a role");
        &self.people[at]
    }

    fn alice(&self) -> &Client {
        self.who("alice")
    }

    /// The path of an item of Alice's calendar.
    fn dav(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }

    /// A path below the calendar in REST.
    fn rest(&self, rest: &str) -> String {
        format!("/api/v1/calendars/{}{rest}", self.id)
    }
}

/// An event in June 2031 with a class, and words of its own in all that is hidden.
fn event(uid: &str, day: u8, class: &str, word: &str) -> String {
    let start = format!("DTSTART;TZID=Europe/Paris:203106{day:02}T090000");
    let summary = format!("SUMMARY:{word}");
    let attendee = format!("ATTENDEE;CN={word}:mailto:{word}@example.org");
    let class = format!("CLASS:{class}");
    let extra = format!("X-{word};X-P={word}:{word}");
    samples::event(
        uid,
        &[
            &start,
            "DURATION:PT1H",
            &summary,
            &format!("DESCRIPTION:{word}"),
            &format!("LOCATION:{word}"),
            &attendee,
            &class,
            &extra,
        ],
    )
}

/// Sets a property of a client's own on an item.
fn keep(client: &Client, path: &str, word: &str) {
    client.proppatch(path, &format!("<D:set><D:prop><X:note>{word}</X:note></D:prop></D:set>")).multistatus();
}
