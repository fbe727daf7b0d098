//! How long it is kept: with the item, with the right to it, through archives.

use super::*;
use crate::harness::both;

both! {
    fn it_comes_back_with_the_item(db) {
        let scene = Scene::new(db);
        let carol = &scene.carol;
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let own = with(&samples::meeting("a"), &alarm("PT5M"));
        carol.put(&mine(carol, "a.ics"), own.clone()).no_content();
        scene.alice.delete(&scene.item("a.ics")).no_content();
        carol.get(&mine(carol, "a.ics")).status(404);
        let done = send(&scene.alice, "POST", &scene.rest("/events/a.ics:restore"), &value!({}));
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
        scene.alice.put(&scene.item("a.ics"), with(&owners("a"), "CLASS:PRIVATE\r\n").replace("END:VALARM\r\nCLASS:PRIVATE\r\n", "END:VALARM\r\n").replace("SUMMARY:", "CLASS:PRIVATE\r\nSUMMARY:")).no_content();
        let seen = carol.get(&mine(carol, "a.ics")).ok().text();
        assert!(seen.contains("SUMMARY:Busy") && !seen.contains("VALARM"), "{seen}");
        carol.put(&mine(carol, "a.ics"), with(&seen, &alarm("PT9M"))).status(403);
    }
}
