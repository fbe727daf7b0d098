//! What is written where, who may, and who learns of it.

use super::*;
use crate::harness::both;
use crate::rest::problem;

const ACK: &str = "X-MOZ-LASTACK:20260301T084500Z\r\n";

both! {
    fn the_owners_alarms_are_the_owners(db) {
        let scene = Scene::new(db);
        let sent = owners("a");
        let tag = scene.alice.put(&scene.item("a.ics"), sent.clone()).created().etag();
        assert_eq!(scene.alice.get(&scene.item("a.ics")).ok().text(), sent);
        for who in [&scene.bob, &scene.carol] {
            let seen = who.get(&mine(who, "a.ics")).ok();
            assert_eq!(seen.text(), samples::meeting("a"));
            assert_ne!(seen.etag(), tag);
        }
        // What she dismisses shows as a change with the same tag.
        let (_, token) = news(&scene.carol, &mine(&scene.carol, ""), "");
        let before = scene.carol.get(&mine(&scene.carol, "a.ics")).ok().etag();
        scene.alice.put(&scene.item("a.ics"), sent.replace("X-MOZ-SNOOZE-TIME:20260301T090000Z", "X-MOZ-LASTACK:20260301T091000Z")).no_content();
        let (told, _) = news(&scene.carol, &mine(&scene.carol, ""), &token);
        assert_eq!(told, [("a.ics".to_owned(), before.clone())]);
        // And what she writes for all is one with another.
        scene.alice.put(&scene.item("a.ics"), sent.replace("SUMMARY:Meeting", "SUMMARY:Other")).no_content();
        let seen = scene.carol.get(&mine(&scene.carol, "a.ics")).ok();
        assert_ne!(seen.etag(), before);
        assert_eq!(seen.text(), samples::meeting("a").replace("SUMMARY:Meeting", "SUMMARY:Other"));
    }

    fn a_reader_dismisses_an_alarm_and_changes_nothing_for_others(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let (hers, bobs) = (scene.of_the_owner("a.ics"), scene.bob.get(&mine(&scene.bob, "a.ics")).ok());
        let bobs_token = scene.bob.property(&mine(&scene.bob, ""), "D:sync-token");
        let bobs_home = scene.bob.property(&scene.bob.calendar(""), "D:sync-token");
        let carol = &scene.carol;
        let phone = carol.another();
        let path = mine(carol, "a.ics");
        let (_, token) = news(&phone, &mine(carol, ""), "");
        let home = phone.property(&carol.calendar(""), "D:sync-token");
        let before = carol.get(&path).ok();
        // Her own alarm, set by a program that writes all anew.
        let sent = thunderbird(&with(&before.text(), &alarm("PT5M")), "");
        let answer = carol.request("PUT", &path).header("If-Match", &before.etag()).body(sent).no_content();
        assert_eq!(answer.header("ETag"), None, "not the bytes that she sent");
        let seen = carol.get(&path).ok();
        assert_eq!(seen.text(), with(&samples::meeting("a"), &alarm("PT5M")));
        assert_ne!(seen.etag(), before.etag());
        // Her telephone is told, once.
        assert_ne!(phone.property(&carol.calendar(""), "D:sync-token"), home);
        let (told, token) = news(&phone, &mine(carol, ""), &token);
        assert_eq!(told, [("a.ics".to_owned(), seen.etag())]);
        assert!(news(&phone, &mine(carol, ""), &token).0.is_empty());
        // It goes off and is dismissed on the telephone, over the tag that it knows; the other is refused with the old one.
        let sent = with(&samples::meeting("a"), &format!("{ACK}{}", alarm("PT5M")));
        let tag = phone.request("PUT", &path).header("If-Match", &seen.etag()).body(sent.clone()).no_content().etag();
        carol.request("PUT", &path).header("If-Match", &seen.etag()).body(sent.clone()).status(412);
        assert_eq!((carol.get(&path).ok().text(), carol.get(&path).ok().etag()), (sent, tag.clone()));
        let (told, _) = news(carol, &mine(carol, ""), &token);
        assert_eq!(told, [("a.ics".to_owned(), tag)]);
        // For nobody else anything has happened.
        assert_eq!(scene.of_the_owner("a.ics"), hers);
        let now = scene.bob.get(&mine(&scene.bob, "a.ics")).ok();
        assert_eq!((now.text(), now.etag()), (bobs.text(), bobs.etag()));
        assert_eq!(scene.bob.property(&mine(&scene.bob, ""), "D:sync-token"), bobs_token);
        assert_eq!(scene.bob.property(&scene.bob.calendar(""), "D:sync-token"), bobs_home);
    }

    fn who_may_only_read_changes_nothing_else(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let (carol, path) = (&scene.carol, mine(&scene.carol, "a.ics"));
        let hers = scene.of_the_owner("a.ics");
        let own = |text: &str| with(text, ACK);
        let plain = samples::meeting("a");
        for body in [
            own(&plain.replace("SUMMARY:Meeting", "SUMMARY:Other")),
            own(&with(&plain, "CATEGORIES:mine\r\n")),
            own(&plain.replace("090000Z", "093000Z")),
            // Nothing of hers in it: as ever.
            plain.clone(),
            plain.replace("DTSTAMP:2026", "DTSTAMP:2027"),
            own(&samples::meeting("b")),
        ] {
            carol.put(&path, body).status(403);
        }
        carol.put(&mine(carol, "b.ics"), own(&samples::meeting("b"))).status(403);
        carol.delete(&path).status(403);
        assert_eq!(scene.of_the_owner("a.ics"), hers);
        // Who sees when it is busy, and who sees nothing, cannot.
        for who in [&scene.dave, &scene.erin] {
            who.put(&scene.item("a.ics"), own(&plain)).status(404);
        }
        // Neither can a login of hers that may only read.
        let narrow = scene.server.client_with_scope("carol", "read");
        narrow.put(&path, own(&plain)).status(403);
        narrow.get(&path).ok();
        carol.put(&path, own(&plain)).no_content();
        assert_eq!(carol.get(&path).ok().text(), own(&plain));
        assert_eq!(scene.of_the_owner("a.ics"), hers);
        // Taken back is as it was before.
        carol.put(&path, plain.clone()).no_content();
        assert_eq!(carol.get(&path).ok().text(), plain);
    }

    fn who_may_write_changes_both_each_for_whom_it_is(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let (bob, carol) = (&scene.bob, &scene.carol);
        let (his, hers) = (mine(bob, "a.ics"), mine(carol, "a.ics"));
        carol.put(&hers, with(&samples::meeting("a"), &alarm("PT1H"))).no_content();
        let changed = samples::meeting("a").replace("SUMMARY:Meeting", "SUMMARY:Bob was here");
        let sent = with(&changed, &format!("{ACK}{}", alarm("PT2M")));
        let (_, token) = news(carol, &mine(carol, ""), "");
        let tag = bob.put(&his, sent.clone()).no_content().etag();
        let seen = bob.get(&his).ok();
        assert_eq!((seen.text(), seen.etag()), (sent, tag));
        // The owner has the change and her own alarm, snooze included; Carol hers.
        let owner = scene.alice.get(&scene.item("a.ics")).ok().text();
        assert_eq!(owner, with(&changed, &format!("X-MOZ-SNOOZE-TIME:20260301T090000Z\r\n{ALARM}")));
        let seen = carol.get(&hers).ok();
        assert_eq!(seen.text(), with(&changed, &alarm("PT1H")));
        assert_eq!(news(carol, &mine(carol, ""), &token).0, [("a.ics".to_owned(), seen.etag())]);
        // What he makes anew is the calendar's, and his alarm is his.
        let made = with(&samples::meeting("n"), &alarm("PT3M"));
        let tag = bob.put(&mine(bob, "n.ics"), made.clone()).created().etag();
        assert_eq!(bob.get(&mine(bob, "n.ics")).ok().text(), made);
        assert_eq!(bob.get(&mine(bob, "n.ics")).ok().etag(), tag);
        for (who, path) in [(&scene.alice, scene.item("n.ics")), (carol, mine(carol, "n.ics"))] {
            assert_eq!(who.get(&path).ok().text(), samples::meeting("n"));
        }
        // His dismissal is a change for nobody, though he may write.
        let owner = scene.of_the_owner("a.ics");
        let text = bob.get(&his).ok().text();
        bob.put(&his, thunderbird(&text, "X-MOZ-LASTACK:20260301T100000Z\r\n")).no_content();
        assert!(bob.get(&his).ok().text().contains("X-MOZ-LASTACK:20260301T100000Z"));
        assert_eq!(scene.of_the_owner("a.ics"), owner);
    }

    fn series_have_it_for_each_instance(db) {
        let scene = Scene::new(db);
        let series = |inside: &str| {
            let text = samples::event("s", &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "RRULE:FREQ=DAILY;COUNT=9", "SUMMARY:S"]);
            let one = samples::event("s", &["RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T110000Z", "DTEND:20260303T120000Z", "SUMMARY:O"]);
            let one = one.split("BEGIN:VEVENT").nth(1).map(|rest| format!("BEGIN:VEVENT{rest}")).expect("an event");
            with(&text, inside).replace("END:VCALENDAR\r\n", &one)
        };
        scene.alice.put(&scene.item("s.ics"), series("")).created();
        let hers = scene.of_the_owner("s.ics");
        let (carol, path) = (&scene.carol, mine(&scene.carol, "s.ics"));
        // Of the series an alarm and two snoozes of single instances, of the moved instance another alarm.
        let own = format!("X-MOZ-SNOOZE-TIME-1772614800000000:20260304T091500Z\r\n{}", alarm("PT5M"));
        let text = series(&own);
        let last = text.rfind("END:VEVENT").expect("an override");
        let text = format!("{}{}{}", &text[..last], alarm("PT30M"), &text[last..]);
        carol.put(&path, text.clone()).no_content();
        assert_eq!(carol.get(&path).ok().text(), text);
        assert_eq!(scene.of_the_owner("s.ics"), hers);
        // The owner moves the series' text and makes another override: her alarms stay where they were, and the new one has the series'.
        let more = "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260305T090000Z\r\nDTSTART:20260305T130000Z\r\nSUMMARY:P\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        scene.alice.put(&scene.item("s.ics"), series("LOCATION:L\r\n").replace("END:VCALENDAR\r\n", more)).no_content();
        let seen = carol.get(&path).ok().text();
        let parts: Vec<&str> = seen.split("BEGIN:VEVENT").collect();
        assert!(parts[1].contains("TRIGGER:-PT5M") && parts[1].contains("X-MOZ-SNOOZE-TIME-1772614800000000"), "{seen}");
        assert!(parts[2].contains("TRIGGER:-PT30M") && !parts[2].contains("PT5M"), "{seen}");
        assert!(parts[3].contains("TRIGGER:-PT5M") && !parts[3].contains("SNOOZE"), "{seen}");
        // A new override is a change for all, which is not hers to make.
        carol.put(&path, seen.replace("RRULE:FREQ=DAILY;COUNT=9", "RRULE:FREQ=DAILY;COUNT=8")).status(403);
    }

    fn by_rest_too(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let hers = scene.of_the_owner("a.ics");
        let carol = &scene.carol;
        let path = scene.rest("/events/a.ics");
        let alerts = |who: &Client| json(&who.get(&path).ok())["alerts"].clone();
        assert!(alerts(carol).is_null());
        assert!(alerts(&scene.alice).is_object());
        let patch = |who: &Client, change: &serde_json::Value| {
            who.request("PATCH", &path).header("Content-Type", "application/merge-patch+json").body(change.to_string()).send()
        };
        let own = value!({ "alerts": { "x": { "@type": "Alert", "trigger": { "@type": "OffsetTrigger", "offset": "-PT7M" } } } });
        let done = patch(carol, &own);
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(alerts(carol)["x"]["trigger"]["offset"], "-PT7M", "{}", carol.get(&path).ok().text());
        assert!(carol.get(&mine(carol, "a.ics")).ok().text().contains("TRIGGER:-PT7M"));
        problem(&patch(carol, &value!({ "title": "Other" })), 403, "need-privileges");
        let both = value!({ "title": "Other", "alerts": null });
        problem(&patch(carol, &both), 403, "need-privileges");
        assert_eq!(scene.of_the_owner("a.ics"), hers);
        // An alarm acknowledged as JSON.
        let seen = value!({ "alerts": { "x": { "acknowledged": "2026-03-01T08:53:00Z" } } });
        assert_eq!(patch(carol, &seen).status, 200);
        assert!(carol.get(&mine(carol, "a.ics")).ok().text().contains("ACKNOWLEDGED:20260301T085300Z"));
        assert_eq!(scene.of_the_owner("a.ics"), hers);
        // Who may write changes both by one request, in a batch as well.
        let bob = &scene.bob;
        let done = patch(bob, &value!({ "title": "Bob's", "alerts": own["alerts"] }));
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(alerts(bob)["x"]["trigger"]["offset"], "-PT7M");
        assert_eq!(json(&scene.alice.get(&path).ok())["title"], "Bob's");
        assert!(scene.alice.get(&scene.item("a.ics")).ok().text().contains("DESCRIPTION:Alice's"));
        // To write what is there is to change nothing.
        let hers = scene.of_the_owner("a.ics");
        let text = bob.get(&mine(bob, "a.ics")).ok();
        let again = bob.put(&mine(bob, "a.ics"), text.text()).no_content();
        assert_eq!(again.etag(), text.etag());
        assert_eq!(scene.of_the_owner("a.ics"), hers);
    }
}
