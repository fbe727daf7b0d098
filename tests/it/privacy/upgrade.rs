//! What an older program stored is hidden from the first start on.

use super::{Policy, ROLES, Scene, event};
use crate::harness::both;
use cenacle::store::Location;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// The rows as they were before classes were noted.
fn forget(location: &Location) {
    let old = "UPDATE object SET masks = NULL, classes = 9; DELETE FROM meta WHERE name = 'privacy';";
    match location {
        Location::File(file) => {
            let mut conn = SqliteConnection::establish(&file.display().to_string()).expect("opens");
            conn.batch_execute(old).expect("runs");
        }
        Location::Server(url) => {
            let mut conn = PgConnection::establish(url).expect("opens");
            conn.batch_execute(old).expect("runs");
        }
    }
}

both! {
    fn what_was_stored_before_is_hidden(db) {
        let scene = Scene::new(db, Policy::default());
        for (at, class) in ["PUBLIC", "PRIVATE", "CONFIDENTIAL"].iter().enumerate() {
            let path = scene.dav(&format!("{at}.ics"));
            scene.alice().put(&path, event(class, 10, class, "geheim")).created();
        }
        let tags = |scene: &Scene| {
            let bob = scene.who("bob");
            [0, 1, 2].map(|at| bob.property(&scene.dav(&format!("{at}.ics")), "D:getetag"))
        };
        let before = tags(&scene);
        forget(scene.server.location());
        assert_ne!(tags(&scene), before, "nothing was forgotten");
        let Scene { server, people, id, at } = scene;
        let server = server.restart();
        // On another port.
        drop(people);
        let people = ROLES.iter().map(|who| server.client_with_scope(who, "")).collect();
        let scene = Scene { server, people, id, at };
        assert_eq!(tags(&scene), before);
        let listed = scene.who("bob").propfind(&scene.dav(""), "1", &["D:getetag"]).status(207).text();
        for tag in before {
            assert!(listed.contains(tag.trim_matches('"')), "{tag} {listed}");
        }
    }
}
