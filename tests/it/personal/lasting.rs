//! How long it is kept: with the item, with the right to it, through archives.

use super::*;
use crate::harness::both;
use cenacle::store::Location;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

fn alter(location: &Location, statement: &str) {
    match location {
        Location::File(file) => {
            let mut conn = SqliteConnection::establish(&file.display().to_string()).expect("opens");
            conn.batch_execute("PRAGMA busy_timeout=5000").expect("waits");
            conn.batch_execute(statement).expect("runs");
        }
        Location::Server(url) => {
            let mut conn = PgConnection::establish(url).expect("opens");
            conn.batch_execute(statement).expect("runs");
        }
    }
}

both! {
    fn it_comes_back_with_the_item(db) {
        let scene = Scene::new(db);
        let carol = &scene.carol;
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let own = with(&samples::meeting("a"), &alarm("PT5M"));
        carol.put(&mine(carol, "a.ics"), own.clone()).no_content();
        scene.alice.delete(&scene.item("a.ics")).no_content();
        carol.get(&mine(carol, "a.ics")).status(404);
        // Looking after what is kept leaves it, as long as the item can come back.
        assert_eq!(scene.server.wait(scene.server.core().forget_personal()), Ok(0));
        let past = json(&scene.alice.get(&scene.rest("/events/a.ics/history")).ok());
        let version = past["items"][1]["version"].clone();
        let done = send(&scene.alice, "POST", &scene.rest("/events/a.ics:restore"), &value!({ "version": version }));
        assert_eq!(done.status / 100, 2, "{}", done.text());
        assert_eq!(carol.get(&mine(carol, "a.ics")).ok().text(), own);
        assert_eq!(scene.alice.get(&scene.item("a.ics")).ok().text(), owners("a"));
    }

    fn it_comes_back_with_the_right(db) {
        let scene = Scene::new(db);
        let (carol, hers) = (&scene.carol, scene.alice.calendar("default/"));
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let own = with(&samples::meeting("a"), &alarm("PT5M"));
        carol.put(&mine(carol, "a.ics"), own.clone()).no_content();
        set(&scene.alice, &hers, "").ok();
        carol.get(&mine(carol, "a.ics")).status(404);
        carol.put(&scene.item("a.ics"), own.clone()).status(404);
        set(&scene.alice, &hers, &ace(&carol.principal(), &["D:read"])).ok();
        assert_eq!(carol.get(&mine(carol, "a.ics")).ok().text(), own);
        // Who sees no more than that time is taken sees nothing of his own on it, and puts nothing there.
        scene.alice.put(&scene.item("a.ics"), owners("a").replace("SUMMARY:", "CLASS:PRIVATE\r\nSUMMARY:")).no_content();
        let seen = carol.get(&mine(carol, "a.ics")).ok().text();
        assert!(seen.contains("SUMMARY:Busy") && !seen.contains("VALARM"), "{seen}");
        carol.put(&mine(carol, "a.ics"), with(&seen, &alarm("PT9M"))).status(403);
    }
    fn what_was_stored_before_is_the_owners_too(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let tag = scene.carol.get(&mine(&scene.carol, "a.ics")).ok().etag();
        alter(scene.server.location(), "UPDATE object SET masks = NULL; DELETE FROM meta WHERE name = 'privacy'");
        assert!(scene.carol.get(&mine(&scene.carol, "a.ics")).ok().text().contains("VALARM"), "nothing was forgotten");
        let path = mine(&scene.carol, "a.ics");
        let Scene { server, .. } = scene;
        let server = server.restart();
        let seen = server.client_with_scope("carol", "").get(&path).ok();
        assert_eq!((seen.text(), seen.etag()), (samples::meeting("a"), tag));
    }

    fn the_past_is_of_what_all_see(db) {
        let scene = Scene::new(db);
        let (bob, path) = (&scene.bob, mine(&scene.bob, "a.ics"));
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let own = with(&samples::meeting("a").replace("SUMMARY:Meeting", "SUMMARY:Wrong"), &alarm("PT5M"));
        bob.put(&path, own.clone()).no_content();
        scene.alice.put(&scene.item("a.ics"), owners("a").replace("SUMMARY:Meeting", "SUMMARY:Wrong").replace("-PT15M", "-PT16M")).no_content();
        // Bob brings back what was: for all, but nobody's alarm of then.
        let past = json(&bob.get(&scene.rest("/events/a.ics/history")).ok());
        let first = past["items"].as_array().and_then(|all| all.last()).expect("the first")["version"].clone();
        let told = bob.get(&scene.rest(&format!("/events/a.ics/history/{first}"))).header("Accept", "text/calendar").ok().text();
        assert_eq!(told, samples::meeting("a"));
        let done = send(bob, "POST", &scene.rest("/events/a.ics:restore"), &value!({ "version": first }));
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(bob.get(&path).ok().text(), with(&samples::meeting("a"), &alarm("PT5M")));
        assert_eq!(bob.get(&path).ok().etag(), json(&done)["etag"].as_str().unwrap_or_default());
        let hers = scene.alice.get(&scene.item("a.ics")).ok().text();
        assert!(hers.contains("SUMMARY:Meeting") && hers.contains("TRIGGER:-PT16M") && !hers.contains("PT5M"), "{hers}");
        // One that he has deleted comes back with the owner's alarm and his.
        bob.delete(&path).no_content();
        let past = json(&bob.get(&scene.rest("/events/a.ics/history")).ok());
        let done = send(bob, "POST", &scene.rest("/events/a.ics:restore"), &value!({ "version": past["items"][1]["version"] }));
        assert_eq!(done.status, 201, "{}", done.text());
        assert_eq!(scene.alice.get(&scene.item("a.ics")).ok().text(), hers);
        assert_eq!(bob.get(&path).ok().text(), with(&samples::meeting("a"), &alarm("PT5M")));
    }

    fn it_goes_30_days_after_the_right_and_with_the_last_of_the_item(db) {
        let scene = Scene::new(db);
        let (carol, hers) = (&scene.carol, scene.alice.calendar("default/"));
        let forget = || scene.server.wait(scene.server.core().forget_personal());
        for name in ["a", "b"] {
            scene.alice.put(&scene.item(&format!("{name}.ics")), samples::meeting(name)).created();
            carol.put(&mine(carol, &format!("{name}.ics")), with(&samples::meeting(name), &alarm("PT5M"))).no_content();
        }
        assert_eq!(forget(), Ok(0));
        scene.alice.delete(&scene.item("b.ics")).no_content();
        assert_eq!(forget(), Ok(0));
        alter(scene.server.location(), "DELETE FROM version");
        assert_eq!(forget(), Ok(1), "of the item nothing is left to come back");
        // The right goes, and comes back in time.
        let age = "UPDATE personal_mark SET lapsed_at = 1 WHERE lapsed_at > 0";
        let regrant = || set(&scene.alice, &hers, &ace(&carol.principal(), &["D:read"])).ok();
        set(&scene.alice, &hers, "").ok();
        assert_eq!(forget(), Ok(0));
        regrant();
        assert_eq!(forget(), Ok(0));
        alter(scene.server.location(), age);
        assert_eq!(forget(), Ok(0));
        assert!(carol.get(&mine(carol, "a.ics")).ok().text().contains("VALARM"));
        // And for good.
        let (_, token) = news(carol, &mine(carol, ""), "");
        set(&scene.alice, &hers, "").ok();
        assert_eq!(forget(), Ok(0));
        alter(scene.server.location(), age);
        assert_eq!(forget(), Ok(2));
        regrant();
        assert_eq!(carol.get(&mine(carol, "a.ics")).ok().text(), samples::meeting("a"));
        // A token of before is of no use for anything false: what she changes now is told.
        carol.put(&mine(carol, "a.ics"), with(&samples::meeting("a"), &alarm("PT6M"))).no_content();
        assert_eq!(news(carol, &mine(carol, ""), &token).0.len(), 1);
    }
}
