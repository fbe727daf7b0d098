//! Items that are moved and copied: what one sees of them goes along, what is another's own does not.

use super::*;
use crate::harness::both;

both! {
    fn a_copy_is_of_what_one_sees(db) {
        let scene = Scene::new(db);
        let carol = &scene.carol;
        for name in ["a", "b"] {
            scene.alice.put(&scene.item(&format!("{name}.ics")), owners(name)).created();
        }
        scene.alice.put(&scene.item("c.ics"), samples::meeting("c")).created();
        let own = |name: &str| with(&samples::meeting(name), &alarm("PT5M"));
        for name in ["a", "c"] {
            carol.put(&mine(carol, &format!("{name}.ics")), own(name)).no_content();
        }
        // One by one, and all together.
        carol.copy(&mine(carol, "a.ics"), &carol.calendar("default/a.ics")).created();
        assert_eq!(carol.get(&carol.calendar("default/a.ics")).ok().text(), own("a"));
        carol.copy(&mine(carol, ""), &carol.calendar("all/")).created();
        for (name, expected) in [("a", own("a")), ("b", samples::meeting("b")), ("c", own("c"))] {
            assert_eq!(carol.get(&carol.calendar(&format!("all/{name}.ics"))).ok().text(), expected);
        }
        let listed = carol.propfind(&carol.calendar("all/"), "1", &["D:getetag"]).multistatus();
        assert_eq!(listed.hrefs().len(), 4);
        // Into another's calendar the alarm of who puts it there is his own.
        let bob = &scene.bob;
        bob.put(&bob.calendar("default/m.ics"), own("m")).created();
        let tag = bob.move_to(&bob.calendar("default/m.ics"), &mine(bob, "m.ics")).created().etag();
        let seen = bob.get(&mine(bob, "m.ics")).ok();
        assert_eq!((seen.text(), seen.etag()), (own("m"), tag));
        assert_eq!(scene.alice.get(&scene.item("m.ics")).ok().text(), samples::meeting("m"));
        // And out of it he takes his alone.
        bob.move_to(&mine(bob, "a.ics"), &bob.calendar("default/a.ics")).created();
        assert_eq!(bob.get(&bob.calendar("default/a.ics")).ok().text(), samples::meeting("a"));
    }

    fn another_name_in_the_same_calendar_changes_nothing_of_it(db) {
        let scene = Scene::new(db);
        let (bob, carol) = (&scene.bob, &scene.carol);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let own = with(&samples::meeting("a"), &alarm("PT5M"));
        carol.put(&mine(carol, "a.ics"), own.clone()).no_content();
        bob.move_to(&mine(bob, "a.ics"), &mine(bob, "b.ics")).created();
        assert_eq!(carol.get(&mine(carol, "b.ics")).ok().text(), own);
        assert_eq!(scene.alice.get(&scene.item("b.ics")).ok().text(), owners("a"));
        assert_eq!(bob.get(&mine(bob, "b.ics")).ok().text(), samples::meeting("a"));
        scene.alice.move_to(&scene.item("b.ics"), &scene.item("c.ics")).created();
        assert_eq!(carol.get(&mine(carol, "c.ics")).ok().text(), own);
    }

    fn a_secret_address_shows_nobodys_own(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let made = json(&send(&scene.alice, "POST", &scene.rest("/links"), &value!({ "scope": "public" })));
        let token = made["token"].as_str().expect("a token").to_owned();
        let read = Client::anonymous(scene.server.address()).get(&format!("/links/{token}.ics")).ok().text();
        assert!(read.contains("SUMMARY:Meeting") && !read.contains("VALARM") && !read.contains("SNOOZE"), "{read}");
    }
}
