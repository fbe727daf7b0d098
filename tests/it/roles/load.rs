//! What it costs to decide a right among 50,000 grants. Run by name: `cargo test --test it -- --ignored roles::load --nocapture`.

use crate::harness::{Db, TestServer};
use cenacle::domain::collection::HomeKind;
use cenacle::domain::principal::PrincipalKind;
use cenacle::services::Actor;
use cenacle::services::access::Place;
use cenacle::store::Location;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use std::time::Instant;

/// Accounts, of five collections each, and grants on each collection.
const ACCOUNTS: usize = 100;
const GRANTS: usize = 100;
/// Groups above the asker: ten chains of four.
const CHAINS: usize = 10;
const DEPTH: usize = 4;

fn grants(server: &TestServer) {
    let numbers =
        format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {GRANTS})");
    let insert = format!(
        "INSERT INTO grant_ (collection, position, grantee, principal, privileges) {numbers} SELECT c.id, 100 + n.n, 1, n.n, 65 FROM collection c, n"
    );
    match server.location() {
        Location::File(file) => {
            let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("the database");
            conn.batch_execute(&format!("PRAGMA busy_timeout=5000; {insert}")).expect("grants");
        }
        Location::Server(url) => {
            let mut conn = PgConnection::establish(url).expect("the database");
            conn.batch_execute(&insert).expect("grants");
            conn.batch_execute("ANALYZE").expect("statistics");
        }
    }
}

#[test]
#[ignore = "a measurement of 50,000 grants: it prints figures and holds nothing against a bound"]
fn sqlite() {
    measure(Db::Sqlite);
}

#[test]
#[ignore = "a measurement of 50,000 grants: it prints figures and holds nothing against a bound"]
fn postgres() {
    if Db::Postgres.is_here() {
        measure(Db::Postgres);
    }
}

fn measure(db: Db) {
    let server = TestServer::start(db);
    for at in 0..ACCOUNTS {
        server.principal(PrincipalKind::User, &format!("owner{at}"), &[]);
    }
    server.user("bob");
    let core = server.core();
    for chain in 0..CHAINS {
        let mut below = "bob".to_owned();
        for depth in 0..DEPTH {
            let group = format!("group{chain}-{depth}");
            server.group(&group, &[&below]);
            below = group;
        }
    }
    grants(&server);
    let find = |handle: &str, kind| server.wait(core.principal(kind, handle)).expect("a principal");
    let bob = find("bob", PrincipalKind::User);
    let bob = Actor::undoubted(bob.id, bob.handle, None);
    let top = find("group0-3", PrincipalKind::Group);
    let place = |at: usize| Place {
        owner: format!("owner{at}"),
        home: HomeKind::Calendars,
        slug: "default".into(),
        id: None,
    };
    let grant = cenacle::domain::acl::Grant {
        grantee: cenacle::domain::acl::Grantee::Principal(top.id),
        privileges: cenacle::domain::acl::Privileges::READER,
    };
    for at in 0..60 {
        let owner = find(&format!("owner{at}"), PrincipalKind::User);
        let owner = Actor::undoubted(owner.id, owner.handle, None);
        let wanted = cenacle::services::rights::GrantChange::Set(vec![grant]);
        let guard = cenacle::services::rights::Guard::Acl(Default::default());
        server.wait(core.change_grants(&owner, &place(at), wanted, guard)).expect("granted");
    }
    let begun = Instant::now();
    for round in 0..1_000 {
        server.wait(core.collection(&bob, &place(round % 60))).expect("readable by a nested group");
    }
    println!("{db:?}: find, of a nested group: {:?}", begun.elapsed() / 1_000);
    let begun = Instant::now();
    for round in 0..1_000 {
        server.wait(core.collection(&bob, &place(60 + round % 40))).expect_err("not granted");
    }
    println!("{db:?}: find, not granted: {:?}", begun.elapsed() / 1_000);
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(
            server.wait(core.known_collections(&bob, HomeKind::Calendars)).expect("known").len(),
            4 + 60
        );
    }
    println!("{db:?}: his own and 60 of others: {:?}", begun.elapsed() / 50);
    let begun = Instant::now();
    for round in 0..200 {
        assert_eq!(
            server
                .wait(core.collections(&bob, &format!("owner{}", round % 60), HomeKind::Calendars))
                .expect("seen")
                .len(),
            1
        );
    }
    println!("{db:?}: another's home: {:?}", begun.elapsed() / 200);
}
