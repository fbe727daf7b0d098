//! What changes of groups cost among 13,000 people in 400 nested groups: a tree of regions, sites and laboratories, below a chain.
//!
//! The bounds are generous: they fail where a change reads or writes more than it must, not where a machine is slow.

use super::{closure, run, stored};
use crate::harness::{TestServer, both};
use cenacle::domain::group::Role;
use cenacle::domain::id::PrincipalId;
use cenacle::domain::precondition::Preconditions;
use cenacle::services::{Actor, Core};
use cenacle::store::{Store, Weight};
use std::time::{Duration, Instant};

const PEOPLE: usize = 13_000;
const REGIONS: usize = 14;
const SITES: usize = 84;
const LABORATORIES: usize = 286;
/// Groups in a row above the tree.
const CHAIN: usize = 15;
const GROUPS: usize = 1 + REGIONS + SITES + LABORATORIES + CHAIN;
/// Ids of rows that are made past the server.
const FIRST_PERSON: usize = 100_000;
const FIRST_GROUP: usize = 1_000;

/// People and groups as rows: to make each by itself would take longer than what is measured.
fn fill(server: &TestServer) {
    let rows = |count: usize, first: usize, kind: i16, letter: &str| {
        format!(
            "INSERT INTO principal (id, kind, handle, display_name, search, state, hidden, admin, auth_version, token_version, created_at, props) \
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count}) \
             SELECT {first} + i, {kind}, '{letter}' || i, '{letter}' || i, '{letter}' || i, 1, false, false, 1, 1, 0, '' FROM n"
        )
    };
    let details = "INSERT INTO group_detail (principal, visibility, members_shown_to, description, revision) \
                   SELECT id, 1, 1, '', 1 FROM principal WHERE kind = 2";
    run(server, &[rows(PEOPLE, FIRST_PERSON, 1, "u"), rows(GROUPS, FIRST_GROUP, 2, "g"), details.to_owned()]);
}

async fn put(core: &Core, group: usize, members: Vec<String>) {
    let members = members.into_iter().map(|member| (member, Role::Member)).collect();
    let (actor, group) = (Actor::operator(), format!("g{group}"));
    core.add_members(&actor, &group, members, Preconditions::default(), None).await.expect("put in");
}

async fn take(core: &Core, group: usize, member: &str) {
    let (actor, group) = (Actor::operator(), format!("g{group}"));
    core.remove_member(&actor, &group, member, Preconditions::default()).await.expect("taken out");
}

/// The group that a site, a region or a laboratory is in; groups are numbered from the chain downwards.
fn above(group: usize) -> Option<usize> {
    let (tree, regions, sites) = (CHAIN, CHAIN + 1, CHAIN + 1 + REGIONS);
    match group {
        0 => None,
        group if group <= tree => Some(group - 1),
        group if group < sites => Some(tree),
        group if group < sites + SITES => Some(regions + (group - sites) % REGIONS),
        group => Some(sites + (group - sites - SITES) % SITES),
    }
}

/// The middle of the times that something takes.
fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

both! {
    fn many_people_in_nested_groups(db) {
        let server = TestServer::start(db);
        fill(&server);
        let core = server.core();
        let begun = Instant::now();
        server.wait(async {
            for group in (1..GROUPS).rev() {
                put(core, above(group).expect("all but the first"), vec![format!("g{group}")]).await;
            }
        });
        println!("{} groups put into each other in {:?}", GROUPS - 1, begun.elapsed());
        let begun = Instant::now();
        let first = GROUPS - LABORATORIES;
        server.wait(async {
            for at in 0..LABORATORIES {
                let people = (at..PEOPLE).step_by(LABORATORIES).map(|person| format!("u{person}")).collect();
                put(core, first + at, people).await;
            }
        });
        let filling = begun.elapsed();
        let (edges, pairs) = stored(&server);
        println!("{PEOPLE} people put into laboratories in {filling:?}: {} pairs", pairs.len());
        assert_eq!(pairs, closure(&edges));
        assert!(filling < Duration::from_secs(120), "{filling:?}");

        let leaf = middle((0..40).map(|person| {
            let begun = Instant::now();
            server.wait(put(core, first + 7, vec![format!("u{}", 1 + person * LABORATORIES)]));
            begun.elapsed()
        }).collect());
        println!("a person into a laboratory, 19 groups around him: {leaf:?}");
        let out = middle((0..40).map(|person| {
            let begun = Instant::now();
            server.wait(take(core, first + 7, &format!("u{}", 1 + person * LABORATORIES)));
            begun.elapsed()
        }).collect());
        println!("and out of it: {out:?}");

        let site = CHAIN + 1 + REGIONS;
        let move_of = |group: usize, to: usize| {
            let from = above(group).expect("somewhere");
            let begun = Instant::now();
            server.wait(take(core, from, &format!("g{group}")));
            server.wait(put(core, to, vec![format!("g{group}")]));
            let there = begun.elapsed();
            server.wait(take(core, to, &format!("g{group}")));
            server.wait(put(core, from, vec![format!("g{group}")]));
            there
        };
        let moved = move_of(site, CHAIN + 2);
        println!("a site with {} in it to another region: {moved:?}", pairs.keys().filter(|(g, _)| *g == (FIRST_GROUP + site) as i64).count());
        let region = move_of(CHAIN + 1, 0);
        println!("a region with {} in it to the top: {region:?}", pairs.keys().filter(|(g, _)| *g == (FIRST_GROUP + CHAIN + 1) as i64).count());
        assert_eq!(stored(&server), (edges, pairs), "all is as it was");

        let store = Store::open(server.location()).expect("opens");
        let ask = |person: usize| {
            let id = PrincipalId((FIRST_PERSON + person) as i64);
            server.wait(store.read(Weight::Point, move |tx| tx.groups_of(id))).expect("read").len()
        };
        assert_eq!(ask(5), 19, "laboratory, site, region, tree and chain");
        let asked = middle((0..500).map(|at| {
            let begun = Instant::now();
            ask(at * 26);
            begun.elapsed()
        }).collect());
        println!("groups of somebody: {:.0} µs", asked.as_secs_f64() * 1e6);
        let bounds = [(leaf, 100), (out, 200), (moved, 5_000), (region, 20_000), (asked, 20)];
        for (taken, most) in bounds {
            assert!(taken < Duration::from_millis(most), "{taken:?} is more than {most} ms");
        }
    }
}
