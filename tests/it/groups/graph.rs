//! No two transactions close a circle together, and the closure stays that of the memberships, whoever changes them at the same time.

use super::{closure, stored};
use crate::harness::{TestServer, both};
use cenacle::domain::fault::{Condition, Fault};
use cenacle::domain::group::{GroupRefusal, Role};
use cenacle::domain::precondition::Preconditions;
use cenacle::domain::principal::PrincipalKind;
use cenacle::services::{Actor, Core, Limits};
use cenacle::store::{Location, Store};
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use std::sync::Barrier;

const GROUPS: usize = 10;
const PEOPLE: usize = 5;
const CYCLE: Fault = Fault::Condition(Condition::Group(GroupRefusal::Cycle));

fn fill(server: &TestServer) {
    for at in 0..GROUPS {
        server.principal(PrincipalKind::Group, &format!("g{at}"), &[]);
    }
    for at in 0..PEOPLE {
        server.principal(PrincipalKind::User, &format!("u{at}"), &[]);
    }
}

/// Another node on the same database.
fn node(server: &TestServer) -> Core {
    Core::new(Store::open(server.location()).expect("the database opens"), Limits::default())
}

async fn put(core: &Core, group: &str, member: &str) -> Result<bool, Fault> {
    core.set_member(&Actor::operator(), group, member, Role::Member, Preconditions::default()).await
}

async fn take(core: &Core, group: &str, member: &str) -> Result<(), Fault> {
    core.remove_member(&Actor::operator(), group, member, Preconditions::default()).await
}

/// Numbers that look like chance, the same each time.
fn next(state: &mut u64, end: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).expect("31 bits") % end
}

/// Takes this version and those after it back, and brings the tables to the newest state again.
fn migrate_again<DB: Backend>(conn: &mut impl MigrationHarness<DB>, folder: &str) {
    let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let all = FileBasedMigrations::from_path(folder).expect("the migrations");
    while conn.applied_migrations().expect("told").iter().any(|version| version.to_string() == "0009") {
        conn.revert_last_migration(all.clone()).expect("taken back");
    }
    conn.run_pending_migrations(all).expect("brought up");
}

both! {
    fn of_two_that_close_a_circle_at_the_same_time_one_is_refused(db) {
        let server = TestServer::start(db);
        fill(&server);
        let other = node(&server);
        for round in 0..25 {
            // Through a third group now and then.
            let ways = if round % 2 == 0 { [("g0", "g1"), ("g1", "g0")] } else { [("g0", "g2"), ("g1", "g0")] };
            let barrier = Barrier::new(2);
            let outcomes: Vec<Result<bool, Fault>> = std::thread::scope(|scope| {
                let cores = [server.core(), &other];
                let both: Vec<_> = ways.into_iter().zip(cores).map(|((group, member), core)| {
                    let (barrier, server) = (&barrier, &server);
                    scope.spawn(move || {
                        barrier.wait();
                        server.wait(put(core, group, member))
                    })
                }).collect();
                both.into_iter().map(|one| one.join().expect("an answer")).collect()
            });
            let done = outcomes.iter().filter(|outcome| **outcome == Ok(true)).count();
            let refused = outcomes.iter().filter(|outcome| **outcome == Err(CYCLE)).count();
            assert_eq!((done, refused), (1, 1), "round {round}: {outcomes:?}");
            let (edges, pairs) = stored(&server);
            assert_eq!(pairs, closure(&edges));
            for (group, member) in ways {
                let _ = server.wait(take(&other, group, member));
            }
            if round == 0 {
                // From now on a circle is closed by way of this one.
                server.wait(put(&other, "g2", "g1")).expect("put in");
            }
        }
    }

    fn the_closure_is_right_whoever_changes_it_at_the_same_time(db) {
        let server = TestServer::start(db);
        fill(&server);
        let nodes = [server.core().clone(), node(&server)];
        let (done, refused) = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6_u64).map(|thread| {
                let (core, server) = (nodes[(thread % 2) as usize].clone(), &server);
                scope.spawn(move || {
                    let (mut state, mut done, mut refused) = (thread + 1, 0, 0);
                    for _ in 0..60 {
                        let group = format!("g{}", next(&mut state, GROUPS));
                        let at = next(&mut state, GROUPS + PEOPLE);
                        let member = if at < GROUPS { format!("g{at}") } else { format!("u{}", at - GROUPS) };
                        let outcome = if next(&mut state, 3) > 0 {
                            server.wait(put(&core, &group, &member)).map(|_| ())
                        } else {
                            server.wait(take(&core, &group, &member))
                        };
                        match outcome {
                            Ok(()) => done += 1,
                            Err(Fault::NotFound) => {}
                            Err(fault) if fault == CYCLE => refused += 1,
                            Err(other) => panic!("{group} {member}: {other:?}"),
                        }
                    }
                    (done, refused)
                })
            }).collect();
            threads.into_iter().map(|thread| thread.join().expect("ran")).fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
        });
        let (edges, pairs) = stored(&server);
        println!("{done} changes, {refused} circles refused, {} memberships, {} pairs", edges.len(), pairs.len());
        assert!(done > 100 && refused > 10 && edges.len() > 10);
        assert_eq!(pairs, closure(&edges));
    }

    fn the_migration_finds_who_is_in_what(db) {
        let server = TestServer::start(db);
        fill(&server);
        for (group, member) in [("g0", "g1"), ("g0", "g2"), ("g1", "g3"), ("g2", "g3"), ("g3", "u0"), ("g0", "u0"), ("g4", "u1")] {
            server.wait(put(server.core(), group, member)).expect("put in");
        }
        let before = stored(&server);
        assert_eq!(before.1, closure(&before.0));
        match server.location() {
            Location::File(file) => migrate_again(&mut SqliteConnection::establish(file.to_str().expect("a path")).expect("opens"), "sqlite"),
            Location::Server(url) => migrate_again(&mut PgConnection::establish(url).expect("opens"), "postgres"),
        }
        assert_eq!(stored(&server), before);
        server.wait(server.core().group(&Actor::operator(), "g0")).expect("a group still");
    }
}
