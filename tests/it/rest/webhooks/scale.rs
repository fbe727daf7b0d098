//! What looking costs where there are many webhooks, and that who is well waits for nobody who is not. Prints figures.

use super::*;
use crate::harness::{both, samples};
use cenacle::store::Location;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

/// Accounts, each with a webhook.
const MANY: i64 = 5_000;
/// Of these, those with news where one in a hundred homes and collections moved: in their own, or in one of others'.
const SOME: usize = 100;

/// Runs statements in the server's database.
pub fn execute(server: &TestServer, sql: &str) {
    match server.location() {
        Location::File(file) => {
            let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("the database");
            conn.batch_execute(&format!("PRAGMA busy_timeout = 20000; {sql}")).expect("done");
        }
        Location::Server(url) => {
            PgConnection::establish(url).expect("the database").batch_execute(sql).expect("done")
        }
    }
}

/// Accounts with their homes, a calendar, a webhook about all, and what it was told of.
fn many() -> String {
    let each = |into: &str, columns: &str, values: &str| {
        format!(
            "WITH RECURSIVE n (x) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT x + 1 FROM n WHERE x < {MANY}) \
             INSERT INTO {into} ({columns}) SELECT {values} FROM n;"
        )
    };
    [
        each(
            "principal",
            "id, kind, handle, display_name, search, state, hidden, admin, auth_version, created_at, props, token_version",
            "x, 1, 'u' || x, 'U', 'u' || x, 1, FALSE, FALSE, 0, 0, '', 0",
        ),
        each("home", "principal, kind, modseq, props", "x, 1, 7, ''"),
        each("home", "principal, kind, modseq, props", "x, 2, 7, ''"),
        each(
            "collection",
            "id, owner, home, kind, slug, is_default, components, transparent, modseq, home_modseq, created_at, deleted_at, props",
            "x, x, 1, 1, 'default', TRUE, 1, FALSE, 5, 7, 0, 0, ''",
        ),
        each(
            "webhook",
            "id, principal, url, target, secret, old_secret_until, state, state_since, created_at, round, calendars_seen, books_seen, \
             lease_until, next_at, served_at, failures, events, sight, sight_seen",
            "x, x, 'https://h.example/' || x, 'h.example', 'whsec_' || x, 0, 1, 0, 0, 0, 7, 7, 0, 0, x, 0, 4095, 0, 0",
        ),
        each("webhook_cursor", "webhook, collection, modseq, alone", "x, x, 5, FALSE"),
        // Half of them are about what others have granted, too.
        each("webhook_cursor", "webhook, collection, modseq, alone", "x, x % 4999 + 2, 5, TRUE")
            .replace("FROM n;", "FROM n WHERE x % 2 = 0;"),
    ]
    .concat()
}

/// How long a look takes: the median of some, in microseconds.
fn look(server: &TestServer) -> (usize, u128) {
    let mut found = 0;
    let mut times: Vec<u128> = (0..21)
        .map(|_| {
            let begun = Instant::now();
            found = server.wait(server.core().webhooks_due(1_024)).expect("an answer").len();
            begun.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    (found, times[times.len() / 2])
}

both! {
    fn a_look_at_many_webhooks_costs_little(db) {
        let server = TestServer::start(db);
        execute(&server, &many());
        if db == Db::Postgres {
            execute(&server, "ANALYZE");
        }
        let (none, quiet) = look(&server);
        execute(&server, "UPDATE home SET modseq = 8 WHERE kind = 1 AND principal % 100 = 0; UPDATE collection SET modseq = 6 WHERE id % 100 = 0");
        let (some, busy) = look(&server);
        execute(&server, "UPDATE home SET modseq = 9; UPDATE collection SET modseq = 7");
        let (all, full) = look(&server);
        println!("{db:?}: of {MANY} webhooks {none} due: {quiet} us a look; {some}: {busy} us; all: {full} us");
        assert_eq!((none, all), (0, 1_024));
        assert_eq!(some, SOME);
        // Not optimised, on a machine that others share: what matters is that it is no second.
        assert!(quiet < 100_000 && busy < 100_000 && full < 500_000);
    }

    fn dead_targets_hold_up_nobody_who_is_well(db) {
        let (_node, server) = delivering(db, limits());
        // More than are begun at a time, each at a host of its own that takes all its time.
        let people: Vec<Client> = (0..10).map(|at| server.user(&format!("u{at}"))).collect();
        let dead: Vec<Receiver> = (0..40).map(|_| Receiver::slow(Duration::from_secs(14))).collect();
        for (at, receiver) in dead.iter().enumerate() {
            hook(&people[at % people.len()], &receiver.url(), None);
        }
        let (bob, fast) = (server.user("bob"), Receiver::start());
        hook(&bob, &fast.url(), None);
        for person in &people {
            person.put(&person.calendar("default/a"), samples::meeting("a")).created();
        }
        std::thread::sleep(Duration::from_secs(3));
        let begun = Instant::now();
        bob.put(&bob.calendar("default/b"), samples::meeting("b")).created();
        assert_eq!(ids(&fast.next().json()), ["b"]);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        // They are all on their way still.
        let failures: Vec<Value> = people.iter().map(|one| json(&one.get("/api/v1/webhooks").ok())["items"][0]["last"].clone()).collect();
        assert!(failures.iter().any(Value::is_null), "{failures:?}");
    }

    fn many_that_are_well_are_served_at_once(db) {
        let (_node, server) = delivering(db, limits());
        let receivers: Vec<Receiver> = (0..6).map(|_| Receiver::start()).collect();
        let people: Vec<Client> = (0..60).map(|at| server.user(&format!("u{at}"))).collect();
        for (at, person) in people.iter().enumerate() {
            hook(person, &receivers[at % receivers.len()].url(), None);
        }
        let begun = Instant::now();
        for person in &people {
            person.put(&person.calendar("default/a"), samples::meeting("a")).created();
        }
        for _ in 0..10 {
            for receiver in &receivers {
                receiver.next();
            }
        }
        println!("60 accounts told in {:?}", begun.elapsed());
    }
}
