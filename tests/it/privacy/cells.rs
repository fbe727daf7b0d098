//! The matrix of rights and privacy: access, read, write, admin × user, group, public × PUBLIC, PRIVATE, CONFIDENTIAL, under two policies:
//! 72 cells, each through every door. Beside them everyone of the tenant, the owner and a stranger. A failure names its cell and its door.

use super::deeds::DEEDS;
use super::doors::{Aim, DOORS};
use super::matrix::{CLASSES, check, version};
use super::{Policy, STRICT, Scene, event, keep};
use crate::harness::{Client, Db, both};
use crate::rest::{id_of, send};
use cenacle::domain::privacy::{Class, Showing, Viewer};
use serde_json::json as value;

const ROLES: [&str; 4] = ["access", "read", "write", "admin"];
/// How the viewer is meant: by name, by a group in a group, as anybody, and as everyone of the tenant.
const GRANTEES: [(&str, &str); 4] =
    [("user", "erin"), ("group", "outer"), ("public", ":public"), ("everyone", ":authenticated")];
/// Nobody may be given these: who has not logged in changes nothing, and rights are given on by name.
const REFUSED: [(&str, &str); 3] = [("write", "public"), ("admin", "public"), ("admin", "everyone")];

/// Who looks, and by what right.
#[derive(Clone, Copy)]
enum Row {
    Owner,
    Stranger,
    Granted { role: &'static str, kind: &'static str, with: &'static str },
}

impl Row {
    fn all() -> Vec<Row> {
        let granted =
            ROLES.iter().flat_map(|role| GRANTEES.map(|(kind, with)| Row::Granted { role, kind, with }));
        [Row::Owner, Row::Stranger].into_iter().chain(granted).collect()
    }

    fn name(self) -> String {
        match self {
            Row::Owner => "the owner".to_owned(),
            Row::Stranger => "a stranger".to_owned(),
            Row::Granted { role, kind, .. } => format!("{role} × {kind}"),
        }
    }

    fn is_refused(self) -> bool {
        matches!(self, Row::Granted { role, kind, .. } if REFUSED.contains(&(role, kind)))
    }

    /// What is shown of a class; `None` where nothing can be read at all.
    fn showing(self, policy: Policy, class: Class) -> Option<Showing> {
        let viewer = match self {
            Row::Owner => Viewer::Owner,
            Row::Granted { role: "write", .. } if !self.is_refused() => Viewer::Writer,
            Row::Granted { role: "read", .. } => Viewer::Reader,
            Row::Stranger | Row::Granted { .. } => return None,
        };
        Some(policy.sight(viewer).of(class))
    }

    /// Whether busy times are told.
    fn sees_times(self) -> bool {
        match self {
            Row::Owner => true,
            Row::Stranger => false,
            Row::Granted { role, .. } => role != "admin" && !self.is_refused(),
        }
    }
}

/// A calendar of Alice's for this row, with an item of each class, each of two versions.
fn prepare(scene: &mut Scene, at: usize, row: Row) {
    let slug = format!("cell{at}");
    let alice = scene.who("alice");
    let path = alice.calendar(&format!("{slug}/"));
    alice.mkcalendar(&path, "").created();
    let id = id_of(alice, "calendars", &slug);
    scene.at = path;
    scene.id = id;
    if let Row::Granted { role, with, .. } = row {
        let given =
            send(scene.alice(), "POST", &scene.rest("/shares"), &value!({ "with": with, "role": role }));
        let expected = if row.is_refused() { 403 } else { 201 };
        assert_eq!(given.status, expected, "{}: {}", row.name(), given.text());
    }
    for (class, _) in CLASSES {
        let word = format!("geheim{}", class.to_lowercase());
        let path = scene.dav(&format!("{}.ics", class.to_lowercase()));
        scene.alice().put(&path, event(class, 10, class, &word)).created();
        keep(scene.alice(), &path, &format!("note{word}"));
        // The number of a version is that of its content.
        scene.alice().put(&path, event(class, 10, class, &word)).no_content();
    }
}

fn aim(scene: &Scene, label: &str) -> Aim {
    let name = format!("{}.ics", label.to_lowercase());
    let etag = scene.alice().get(&scene.dav(&name)).ok().etag();
    Aim {
        version: version(scene, &name),
        days: (9, 11),
        word: format!("geheim{}", label.to_lowercase()),
        limit: 100,
        etag: etag.trim_matches('"').to_owned(),
        name,
    }
}

/// All of one row; tells how many cells that were.
fn look(scene: &Scene, policy: Policy, what: &str, row: Row) -> usize {
    let viewer: &Client = scene.who(if matches!(row, Row::Owner) { "alice" } else { "erin" });
    for (label, class) in CLASSES {
        let aim = aim(scene, label);
        let shown = row.showing(policy, class);
        for door in DOORS.iter().chain(DEEDS) {
            let answer = (door.ask)(viewer, scene, &aim);
            let cell = format!("cell {} × {label} ({what}), door \"{}\"", row.name(), door.name);
            assert!(answer.status < 500, "{cell}: {}", answer.text());
            check(door, &answer, shown, (&aim.name, &aim.word, &format!("note{}", aim.word)), &cell);
        }
    }
    // Times are told to all who may see them, whatever the class.
    let busy = viewer.get(&scene.rest("/freebusy?from=2031-06-10T00:00:00Z&to=2031-06-11T00:00:00Z")).send();
    let told = busy.status == 200 && busy.text().contains("2031-06-10T07:00:00Z");
    assert_eq!(
        told,
        row.sees_times(),
        "busy times, {} ({what}): {} {}",
        row.name(),
        busy.status,
        busy.text()
    );
    CLASSES.len()
}

fn matrix(db: Db, policy: Policy, what: &str) {
    let mut scene = Scene::new(db, policy);
    scene.server.group("inner", &["erin"]);
    scene.server.group("outer", &["inner"]);
    let mut cells = 0;
    for (at, row) in Row::all().into_iter().enumerate() {
        prepare(&mut scene, at, row);
        let asked = look(&scene, policy, what, row);
        if matches!(row, Row::Granted { kind: "user" | "group" | "public", .. }) {
            cells += asked;
        }
        let path = scene.dav("");
        scene.alice().delete(&path).no_content();
    }
    assert_eq!(cells, 36, "each policy has half of the 72 cells");
}

both! {
    fn every_cell_through_every_door(db) {
        matrix(db, Policy::default(), "the policy of a new server");
    }

    fn every_cell_through_every_door_where_much_is_hidden(db) {
        matrix(db, STRICT, "a strict policy");
    }
}
