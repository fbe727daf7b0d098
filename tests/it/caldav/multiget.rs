//! calendar-multiget. RFC 4791 §7.9.

use super::data_of;
use crate::harness::{Client, TestServer, both, samples};

fn hrefs(paths: &[String]) -> String {
    paths.iter().map(|path| format!("<D:href>{path}</D:href>")).collect()
}

both! {
    fn each_href_has_its_answer(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let there: Vec<String> = ["a.ics", "b%20c.ics"].iter().map(|name| alice.calendar(&format!("default/{name}"))).collect();
        for (at, path) in there.iter().enumerate() {
            alice.put(path, samples::meeting(&at.to_string())).created();
        }
        let missing = [
            alice.calendar("default/none.ics"), alice.calendar("nowhere/a.ics"), "/elsewhere".to_owned(),
            "/dav/calendars/bob/default/a.ics".to_owned(), alice.calendar("default/"), "nonsense".to_owned(),
        ];
        let mut all = there.clone();
        all.extend(missing.iter().cloned());
        let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{}", hrefs(&all));
        // Whatever depth is said, KDE sends 1 and SyncEvolution 0.
        for depth in ["", "0", "1", "infinity"] {
            let answer =
                alice.report(&alice.calendar("default/"), "C:calendar-multiget", &inside).instead("Depth", depth).multistatus();
            assert_eq!(answer.members.len(), all.len(), "{depth}");
            for (at, path) in there.iter().enumerate() {
                assert_eq!(data_of(&answer, path), samples::meeting(&at.to_string()).replace("\r\n", "\n"));
                assert_eq!(answer.member(path).text("D:getetag"), alice.get(path).ok().etag());
            }
            for path in &missing {
                assert_eq!(answer.member(path).status, Some(404), "{path}");
            }
        }
    }

    fn hrefs_in_other_spellings_are_found(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a%40b%20c.ics"), samples::meeting("a")).created();
        for spelling in [
            "/dav/calendars/alice/default/a@b%20c.ics".to_owned(),
            "/dav/calendars/alice/default/a%40b%20c.ics".to_owned(),
            format!("http://{}/dav/calendars/alice/default/a%40b%20c.ics", server.address()),
        ] {
            let inside = format!("<D:prop><D:getetag/></D:prop>{}", hrefs(std::slice::from_ref(&spelling)));
            let answer = alice.report(&alice.calendar("default/"), "C:calendar-multiget", &inside).multistatus();
            assert_eq!(answer.only().status, None, "{spelling}");
            assert!(answer.only().find("D:getetag").is_some());
        }
    }

    /// RFC 4791 §7.9: on an object the one href is its own.
    fn an_object_answers_for_itself_alone(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        let paths = [alice.calendar("default/a%20b.ics"), alice.calendar("default/c.ics")];
        alice.put(&paths[0], samples::meeting("a")).created();
        alice.put(&paths[1], samples::meeting("c")).created();
        let ask = |client: &Client, at: &str, named: &[String]| {
            let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{}", hrefs(named));
            client.report(at, "C:calendar-multiget", &inside).send()
        };
        for spelling in [paths[0].clone(), format!("http://{}{}", server.address(), paths[0])] {
            let answer = ask(&alice, &paths[0], &[spelling]).multistatus();
            assert_eq!(answer.only().href, paths[0]);
            assert_eq!(answer.only().text("D:getetag"), alice.get(&paths[0]).ok().etag());
            assert_eq!(data_of(&answer, &paths[0]), samples::meeting("a").replace("\r\n", "\n"));
        }
        for others in [vec![paths[1].clone()], paths.to_vec(), vec![alice.calendar("default/")], Vec::new()] {
            assert_eq!(ask(&alice, &paths[0], &others).status, 400, "{others:?}");
        }
        // What is not there, and what one may not see, is not found.
        let none = alice.calendar("default/none.ics");
        assert_eq!(ask(&alice, &none, std::slice::from_ref(&none)).status, 404);
        assert_eq!(ask(&bob, &paths[0], &paths[..1]).status, 404);
    }

    fn the_home_reaches_all_calendars(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let paths = [alice.calendar("default/a.ics"), alice.calendar("tasks/t.ics")];
        alice.put(&paths[0], samples::meeting("a")).created();
        alice.put(&paths[1], samples::todo("t", &["SUMMARY:x"])).created();
        let inside = format!("<D:prop><C:calendar-data/></D:prop>{}", hrefs(&paths));
        let answer = alice.report(&alice.calendar(""), "C:calendar-multiget", &inside).multistatus();
        assert!(data_of(&answer, &paths[0]).contains("VEVENT") && data_of(&answer, &paths[1]).contains("VTODO"));
    }

    fn the_same_href_twice_is_told_as_there(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        alice.put(&path, samples::meeting("a")).created();
        let inside = format!("<D:prop><D:getetag/></D:prop>{}", hrefs(&[path.clone(), path.clone()]));
        let answer = alice.report(&alice.calendar("default/"), "C:calendar-multiget", &inside).multistatus();
        assert!(answer.members.iter().all(|member| member.status != Some(404)), "what is there must not be told as gone");
    }

    fn what_is_not_asked_is_a_mistake(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.report(&alice.calendar("default/"), "C:calendar-multiget", "<D:prop><D:getetag/></D:prop>").status(400);
        alice.request("REPORT", &alice.calendar("default/")).status(400);
        let foreign = "<D:prop><D:getetag/></D:prop><D:href>/x</D:href>";
        alice.report(&alice.book("default/"), "C:calendar-multiget", foreign).refused(403, "D:supported-report");
        alice.report(&alice.calendar("nowhere/"), "C:calendar-multiget", foreign).status(404);
    }
}
