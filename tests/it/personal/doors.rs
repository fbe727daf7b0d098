//! What one has of one's own, read by every door; and that no door of another tells of it.

use super::*;
use crate::harness::both;

/// A word that stands in Carol's own alarm alone.
const WORD: &str = "mine";

/// The answers of all doors by which somebody may look at the calendar.
fn all_doors(scene: &Scene, who: &Client, calendar: &str) -> Vec<(&'static str, String)> {
    let item = format!("{calendar}a.ics");
    let text = |request: crate::harness::client::Request<'_>| request.send().text();
    let filter = "<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
    let multiget = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{item}</D:href>");
    let rest = |path: &str| text(who.get(&scene.rest(path)));
    vec![
        ("GET", text(who.get(&item))),
        ("jCal", text(who.get(&item).header("Accept", "application/calendar+json"))),
        ("query", text(who.report(calendar, "C:calendar-query", filter))),
        ("multiget", text(who.report(calendar, "C:calendar-multiget", &multiget))),
        ("item", rest("/events/a.ics")),
        ("list", rest("/events?fields=id,etag,data&form=icalendar")),
        ("export", rest("/export")),
    ]
}

/// Some more of them, which tell no contents.
fn other_doors(scene: &Scene, who: &Client, calendar: &str) -> Vec<String> {
    let rest = |path: &str| who.get(&scene.rest(path)).send().text();
    let sync =
        "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/><D:getcontentlength/></D:prop>";
    vec![
        who.report(calendar, "D:sync-collection", sync).send().text(),
        who.propfind(calendar, "1", &["D:getetag", "D:getcontentlength", "D:sync-token", "S:getctag"])
            .send()
            .text(),
        rest("/events"),
        rest("/events?expand=true&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"),
        rest("/changes"),
        rest("/events/a.ics/history"),
        rest("/history"),
    ]
}

both! {
    fn ones_own_is_read_back_everywhere(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let before: Vec<_> = [&scene.alice, &scene.bob].map(|who| {
            let calendar = if who.principal() == scene.alice.principal() { who.calendar("default/") } else { mine(who, "") };
            (all_doors(&scene, who, &calendar), other_doors(&scene, who, &calendar), calendar)
        }).into();
        let carol = &scene.carol;
        carol.put(&mine(carol, "a.ics"), with(&samples::meeting("a"), &alarm("PT5M"))).no_content();
        for calendar in [mine(carol, ""), scene.alice.calendar("default/")] {
            for (door, answer) in all_doors(&scene, carol, &calendar) {
                assert!(answer.contains(WORD) || answer.contains("-PT5M"), "{door}: {answer}");
                assert!(!answer.contains("Alice's") && !answer.contains("SNOOZE"), "{door}: {answer}");
            }
        }
        // One tag and one length at all of them.
        let seen = carol.get(&mine(carol, "a.ics")).ok();
        let listed = carol.propfind(&mine(carol, ""), "1", &["D:getetag"]).multistatus();
        assert_eq!(listed.member(&mine(carol, "a.ics")).text("D:getetag"), seen.etag());
        let by_id = json(&carol.get(&scene.rest("/events")).ok());
        assert_eq!(by_id["items"][0]["etag"], seen.etag());
        assert_eq!(carol.get(&scene.rest("/events/a.ics")).header("Accept", "text/calendar").ok().etag(), seen.etag());
        let other = carol.get(&mine(carol, "a.ics")).header("If-None-Match", &seen.etag()).send();
        assert_eq!(other.status, 304);
        // To the others not a byte is another.
        for (who, (contents, others, calendar)) in [&scene.alice, &scene.bob].into_iter().zip(before) {
            assert_eq!(all_doors(&scene, who, &calendar), contents);
            assert_eq!(other_doors(&scene, who, &calendar), others);
        }
        assert!(scene.erin.get(&scene.rest("/events/a.ics")).send().status == 404);
    }

    fn alarms_are_looked_for_in_what_one_sees(db) {
        let scene = Scene::new(db);
        scene.alice.put(&scene.item("a.ics"), owners("a")).created();
        let carol = &scene.carol;
        carol.put(&mine(carol, "a.ics"), with(&samples::meeting("a"), &alarm("P3D"))).no_content();
        let query = |who: &Client, calendar: &str, start: &str, end: &str| {
            let inside = format!(
                "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:comp-filter name=\"VALARM\">\
                 <C:time-range start=\"{start}\" end=\"{end}\"/></C:comp-filter></C:comp-filter></C:comp-filter></C:filter>"
            );
            who.report(calendar, "C:calendar-query", &inside).multistatus().hrefs().len()
        };
        let hers = scene.alice.calendar("default/");
        // The owner's goes off on the day, Carol's three days before; Bob has none.
        let (day, before) = (("20260301T000000Z", "20260302T000000Z"), ("20260226T000000Z", "20260227T000000Z"));
        for (who, calendar, on_day, earlier) in
            [(&scene.alice, hers.clone(), 1, 0), (carol, mine(carol, ""), 0, 1), (&scene.bob, mine(&scene.bob, ""), 0, 0)]
        {
            assert_eq!(query(who, &calendar, day.0, day.1), on_day, "{calendar}");
            assert_eq!(query(who, &calendar, before.0, before.1), earlier, "{calendar}");
        }
    }

    fn pages_of_changes_tell_each_once(db) {
        let scene = Scene::new(db);
        let carol = &scene.carol;
        for name in ["a", "b", "c", "d"] {
            scene.alice.put(&scene.item(&format!("{name}.ics")), samples::meeting(name)).created();
        }
        let calendar = mine(carol, "");
        let (_, mut token) = news(carol, &calendar, "");
        for name in ["a", "b", "c"] {
            carol.put(&format!("{calendar}{name}.ics"), with(&samples::meeting(name), &alarm("PT5M"))).no_content();
        }
        // One of them changes for all as well: it is told with that.
        scene.alice.put(&scene.item("b.ics"), samples::meeting("b").replace("SUMMARY:", "SUMMARY:!")).no_content();
        scene.alice.put(&scene.item("d.ics"), samples::meeting("d").replace("SUMMARY:", "SUMMARY:!")).no_content();
        let mut seen = Vec::new();
        for _ in 0..6 {
            let inside = format!(
                "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:limit><D:nresults>1</D:nresults></D:limit><D:prop><D:getetag/></D:prop>"
            );
            let answer = carol.report(&calendar, "D:sync-collection", &inside).multistatus();
            seen.extend(answer.present().into_iter().filter(|name| name.ends_with(".ics")).map(str::to_owned));
            token = answer.token();
        }
        assert_eq!(seen, ["a.ics", "c.ics", "b.ics", "d.ics"]);
        assert!(news(carol, &calendar, &token).0.is_empty());
        // By REST the same tokens.
        let told = json(&carol.get(&scene.rest(&format!("/changes?since={token}"))).ok());
        assert_eq!(told["changes"].as_array().map(Vec::len), Some(0), "{told}");
        carol.put(&format!("{calendar}d.ics"), with(&samples::meeting("d").replace("SUMMARY:", "SUMMARY:!"), &alarm("PT5M"))).no_content();
        let told = json(&carol.get(&scene.rest(&format!("/changes?since={token}"))).ok());
        assert_eq!(told["changes"].as_array().map(Vec::len), Some(1), "{told}");
    }
}
