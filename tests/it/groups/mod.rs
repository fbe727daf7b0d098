//! Groups in groups: the closure under concurrency, after the migration, and its speed.

pub mod commands;
mod graph;
mod speed;

use crate::harness::TestServer;
use cenacle::store::Location;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Direct memberships.
pub type Edges = BTreeSet<(i64, i64)>;
/// Pairs of a group and somebody in it, with the length of the shortest way.
pub type Pairs = BTreeMap<(i64, i64), i16>;

#[derive(QueryableByName)]
struct Edge {
    #[diesel(sql_type = BigInt)]
    group_id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = SmallInt)]
    depth: i16,
}

const EDGES: &str = "SELECT group_id, member_id, role AS depth FROM membership";
const PAIRS: &str = "SELECT group_id, member_id, depth FROM effective_membership";

/// The rows of both tables, read past the server.
pub fn stored(server: &TestServer) -> (Edges, Pairs) {
    let read = |sql: &str| -> Vec<Edge> {
        match server.location() {
            Location::File(file) => {
                let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("opens");
                diesel::sql_query(sql).load(&mut conn).expect("rows")
            }
            Location::Server(url) => {
                let mut conn = PgConnection::establish(url).expect("opens");
                diesel::sql_query(sql).load(&mut conn).expect("rows")
            }
        }
    };
    let edges = read(EDGES).into_iter().map(|row| (row.group_id, row.member_id)).collect();
    let pairs = read(PAIRS).into_iter().map(|row| ((row.group_id, row.member_id), row.depth)).collect();
    (edges, pairs)
}

/// Runs statements past the server.
pub fn run(server: &TestServer, statements: &[String]) {
    for sql in statements {
        match server.location() {
            Location::File(file) => {
                let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("opens");
                diesel::sql_query("PRAGMA busy_timeout=10000").execute(&mut conn).expect("patience");
                diesel::sql_query(sql).execute(&mut conn).expect(sql)
            }
            Location::Server(url) => {
                let mut conn = PgConnection::establish(url).expect("opens");
                diesel::sql_query(sql).execute(&mut conn).expect(sql)
            }
        };
    }
}

/// What follows from memberships: a walk by breadth from each group. Fails where a group is in itself.
pub fn closure(edges: &Edges) -> Pairs {
    let mut pairs = Pairs::new();
    for (group, _) in edges {
        let mut left = VecDeque::from([(*group, 0)]);
        while let Some((at, depth)) = left.pop_front() {
            for (_, member) in edges.range((at, i64::MIN)..=(at, i64::MAX)) {
                assert_ne!(member, group, "a group is in itself");
                if let Entry::Vacant(pair) = pairs.entry((*group, *member)) {
                    pair.insert(depth + 1);
                    left.push_back((*member, depth + 1));
                }
            }
        }
    }
    pairs
}
