//! What is asked, in turns, and what it takes: medians, so that what else the machine does counts little.

use crate::fill::{self, People};
use crate::http::{Account, Connection};
use cenacle::services::Core;
use std::net::SocketAddr;
use std::time::Instant;

/// Requests of each home in a round.
const TURNS: usize = 200;
/// Decisions that are timed.
const DECISIONS: usize = 2_000;

/// A question that is put to each of the homes.
pub struct Round {
    pub name: &'static str,
    method: &'static str,
    depth: &'static str,
    body: &'static str,
    /// Told in each answer as often as the home has collections.
    told: &'static str,
    /// Whether it is held against the bound.
    pub held: bool,
}

/// All of them.
pub const ROUNDS: &[Round] = &[
    Round {
        name: "opening (PROPFIND depth 1)",
        method: "PROPFIND",
        depth: "1",
        body: "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:S=\"http://calendarserver.org/ns/\" \
               xmlns:A=\"http://apple.com/ns/ical/\"><D:prop><D:resourcetype/><D:displayname/><D:owner/><S:getctag/><D:sync-token/>\
               <D:current-user-privilege-set/><A:calendar-color/><C:supported-calendar-component-set/></D:prop></D:propfind>",
        told: "<C:calendar/>",
        held: true,
    },
    Round {
        name: "poll (PROPFIND depth 1, tags alone)",
        method: "PROPFIND",
        depth: "1",
        body: "<D:propfind xmlns:D=\"DAV:\" xmlns:S=\"http://calendarserver.org/ns/\"><D:prop><S:getctag/><D:sync-token/></D:prop></D:propfind>",
        told: "",
        held: true,
    },
    Round {
        name: "poll of the home itself (PROPFIND depth 0)",
        method: "PROPFIND",
        depth: "0",
        body: "<D:propfind xmlns:D=\"DAV:\" xmlns:S=\"http://calendarserver.org/ns/\"><D:prop><S:getctag/><D:sync-token/></D:prop></D:propfind>",
        told: "",
        // Of its own collections nothing is told, so that their number costs next to nothing; each share is asked for still.
        held: false,
    },
];

fn median(mut taken: Vec<f64>, percent: usize) -> f64 {
    taken.sort_by(f64::total_cmp);
    taken.get(taken.len() * percent / 100).copied().unwrap_or(f64::NAN)
}

/// Milliseconds of one answer: of the home with shares, of the one with as many of its own, of the plain one.
pub async fn homes(address: SocketAddr, people: &People, round: &Round) -> Result<[f64; 3], String> {
    let mut taken: [Vec<f64>; 3] = Default::default();
    let mut asked = Vec::new();
    for person in [&people.shared, &people.own, &people.plain] {
        let login = &person.actor.handle;
        let account = Account::new(address, login, &person.password);
        let headers = format!("Depth: {}\r\nContent-Type: application/xml\r\n", round.depth);
        let request =
            account.request(round.method, &format!("/dav/calendars/{login}/"), &headers, round.body);
        asked.push((Connection::open(address).await?, request));
    }
    for turn in 0..TURNS {
        for (at, (connection, request)) in asked.iter_mut().enumerate() {
            let begun = Instant::now();
            let answer = connection.ask(request).await?;
            let after = begun.elapsed().as_secs_f64() * 1e3;
            let body = String::from_utf8_lossy(answer.body);
            let calendars = body.matches(round.told).count();
            if answer.status != 207 || (!round.told.is_empty() && at < 2 && calendars < fill::SHARES) {
                return Err(format!(
                    "{}: {} with {calendars} calendars: {body:.300}",
                    round.name, answer.status
                ));
            }
            // The first answers fill what is remembered.
            if turn >= TURNS / 10 {
                taken[at].push(after);
            }
        }
    }
    Ok(taken.map(|taken| median(taken, 50)))
}

/// Milliseconds of one decision: half of them, and 99 of 100, are under these.
pub async fn decisions(core: &Core, people: &People, granted: bool) -> Result<(f64, f64), String> {
    let mut taken = Vec::with_capacity(DECISIONS);
    for round in 0..DECISIONS {
        // Of the first owners' calendars every third is given by name; those of later ones are none of his business.
        let number = if granted { 1 + (round * 3) % fill::SHARES } else { fill::SHARES + round };
        let begun = Instant::now();
        let found = core.collection(&people.shared.actor, &fill::place(number)).await;
        taken.push(begun.elapsed().as_secs_f64() * 1e3);
        if found.is_ok() != granted {
            return Err(format!("the calendar of person{number}: granted {}", found.is_ok()));
        }
    }
    Ok((median(taken.clone(), 50), median(taken, 99)))
}
