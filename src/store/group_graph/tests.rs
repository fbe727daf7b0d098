//! The closure after any sequence of changes is that of the memberships, lengths included.

use super::super::conn::Location;
use super::super::{Store, WriteTx};
use super::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const GROUPS: i64 = 12;
const PEOPLE: i64 = 6;

type Edges = BTreeSet<(i64, i64)>;
type Pairs = BTreeMap<(i64, i64), i16>;

/// A row of numbers that looks like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// What follows from memberships: a walk by breadth from each group.
fn closure(edges: &Edges) -> Pairs {
    let mut pairs = Pairs::new();
    for group in edges.iter().map(|(group, _)| *group) {
        let mut left = VecDeque::from([(group, 0)]);
        while let Some((at, depth)) = left.pop_front() {
            for (_, member) in edges.range((at, i64::MIN)..=(at, i64::MAX)) {
                if *member != group && !pairs.contains_key(&(group, *member)) {
                    pairs.insert((group, *member), depth + 1);
                    left.push_back((*member, depth + 1));
                }
            }
        }
    }
    pairs
}

fn stored(tx: &mut WriteTx<'_>) -> (Edges, Pairs) {
    let edges: Vec<(i64, i64)> =
        membership::table.select((membership::group_id, membership::member_id)).load(tx.conn).expect("read");
    let pairs: Vec<(i64, i64, i16)> =
        effective_membership::table.select(effective_membership::all_columns).load(tx.conn).expect("read");
    (edges.into_iter().collect(), pairs.into_iter().map(|(g, m, depth)| ((g, m), depth)).collect())
}

fn principals(tx: &mut WriteTx<'_>) {
    for id in 0..GROUPS + PEOPLE {
        let kind = if id < GROUPS { PrincipalKind::Group } else { PrincipalKind::User };
        diesel::insert_into(principal::table)
            .values((
                principal::id.eq(id),
                principal::kind.eq(kind as i16),
                principal::handle.eq(format!("p{id}")),
                principal::display_name.eq(""),
                principal::search.eq(""),
                principal::state.eq(1),
                principal::hidden.eq(false),
                principal::admin.eq(false),
                principal::auth_version.eq(1),
                principal::token_version.eq(1),
                principal::created_at.eq(0),
                principal::props.eq(""),
            ))
            .execute(tx.conn)
            .expect("a principal");
    }
}

/// One change by chance, to the tables and to the model.
fn step(tx: &mut WriteTx<'_>, chance: &mut Chance, model: &mut Edges) {
    let lock = tx.lock_groups().expect("the lock");
    let (group, member) = (chance.below(GROUPS), chance.below(GROUPS + PEOPLE));
    let (outer, inner) = (PrincipalId(group), PrincipalId(member));
    match chance.below(40) {
        0 => {
            tx.unlink_all(&lock, outer).expect("alone");
            model.retain(|(g, m)| *g != group && *m != group);
        }
        1..=16 => {
            let was = tx.unlink(&lock, outer, inner).expect("taken out");
            assert_eq!(was, model.remove(&(group, member)));
        }
        _ => {
            let circle = group == member || tx.is_in(inner, outer).expect("asked");
            assert_eq!(circle, group == member || closure(model).contains_key(&(member, group)));
            if !circle && model.insert((group, member)) {
                tx.link(&lock, outer, inner, Role::Member).expect("put in");
            }
        }
    }
}

/// The longest row of groups above and below a group, by the model.
fn levels(model: &Edges, from: i64, up: bool) -> usize {
    let next = |(g, m): &(i64, i64)| match up {
        true => (*m == from).then_some(*g),
        false => (*g == from && *m < GROUPS).then_some(*m),
    };
    model.iter().filter_map(next).map(|at| 1 + levels(model, at, up)).max().unwrap_or(0)
}

#[tokio::test]
async fn the_closure_is_that_of_the_memberships_after_each_change() {
    for seed in 1..=4_u64 {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Location::File(folder.path().join("db"))).expect("opens");
        let changes = store.write(move |tx| {
            principals(tx);
            let (mut chance, mut model, mut most) = (Chance(seed), Edges::new(), 0);
            for _ in 0..400 {
                step(tx, &mut chance, &mut model);
                assert_eq!(stored(tx), (model.clone(), closure(&model)), "seed {seed}");
                most = most.max(model.len());
            }
            for id in 0..GROUPS {
                let of = PrincipalId(id);
                assert_eq!(tx.levels_above(of)?, levels(&model, id, true));
                assert_eq!(tx.levels_below(of)?, levels(&model, id, false));
                let pairs = closure(&model);
                let above = pairs.keys().filter(|(_, member)| *member == id).count();
                let below = pairs.keys().filter(|(group, _)| *group == id).count();
                assert_eq!((tx.count_above(of)?, tx.count_below(of)?), (above as i64, below as i64));
                assert_eq!(tx.groups_of(of)?.len(), above);
            }
            Ok(most)
        });
        assert!(changes.await.expect("done") > 20, "the sequence makes something of it");
    }
}

#[tokio::test]
async fn a_role_that_is_reached_by_several_ways_is_the_highest() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Location::File(folder.path().join("db"))).expect("opens");
    let done = store.write(|tx| {
        principals(tx);
        let lock = tx.lock_groups()?;
        let (outer, inner, person) = (PrincipalId(0), PrincipalId(1), PrincipalId(GROUPS));
        tx.link(&lock, outer, person, Role::Member)?;
        tx.link(&lock, outer, inner, Role::Manager)?;
        tx.link(&lock, inner, person, Role::Owner)?;
        let roles = tx.roles_of(person)?;
        // Owning a group that manages another is no owning of the other.
        assert_eq!((roles[&outer], roles[&inner]), (Role::Manager, Role::Owner));
        assert_eq!(roles.len(), 2);
        Ok(())
    });
    done.await.expect("done");
}
