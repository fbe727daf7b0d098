//! Attacks: each is answered with a clear error, or rightly. What they cost is measured in `hostile/cost.rs`.

mod cost;
mod scene;

use crate::harness::client::read_all;
use crate::harness::{Client, Multistatus, TestServer, both, samples, xml};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What one hostile request may take, in a build without optimisation on a busy machine.
const CAP: Duration = Duration::from_secs(30);
/// What an ordinary request may take at most while an attack runs.
const SPEED: Duration = Duration::from_secs(5);

/// Runs something within the cap, and sees that the server still serves.
#[track_caller]
fn within_cap<T>(client: &Client, what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = work();
    assert!(begun.elapsed() < CAP, "{what} took {:?}", begun.elapsed());
    client.another().propfind("/dav/", "0", &["D:resourcetype"]).multistatus();
    result
}

/// A refusal of the client's making.
#[track_caller]
fn refused(status: u16, what: &str) {
    assert!((400..500).contains(&status) || status == 507, "{what}: {status}");
}

/// Runs an attack while another client goes on working; the longest of its requests must stay quick.
fn beside(client: &Client, attack: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let other = client.another();
    let longest = std::thread::scope(|scope| {
        let done = &done;
        let worker = scope.spawn(move || {
            let (mut longest, mut at) = (Duration::ZERO, 0);
            while !done.load(Ordering::Acquire) || at == 0 {
                let begun = Instant::now();
                let path = other.calendar(&format!("default/beside-{at}.ics"));
                other.put(&path, samples::meeting(&format!("beside-{at}"))).created();
                other.get(&path).ok();
                longest = longest.max(begun.elapsed());
                at += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            longest
        });
        attack();
        done.store(true, Ordering::Release);
        worker.join().expect("the other client")
    });
    assert!(longest < SPEED, "an ordinary request took {longest:?}");
}

both! {
    fn deep_nesting(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let depth = 100_000;
        let body = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let open = "<D:a xmlns:D=\"DAV:\">".repeat(depth);
        for (what, body) in [("elements", body.as_str()), ("unclosed", &open)] {
            for method in ["PROPFIND", "REPORT", "PROPPATCH", "MKCALENDAR", "ACL"] {
                let path = alice.calendar(if method == "MKCALENDAR" { "x/" } else { "default/" });
                let status = within_cap(&alice, what, || alice.request(method, &path).xml(body).send().status);
                refused(status, method);
            }
        }
        let components = format!("{}{}", "BEGIN:X\r\n".repeat(depth), "END:X\r\n".repeat(depth));
        let path = alice.calendar("default/a.ics");
        within_cap(&alice, "components", || alice.put(&path, components).refused(403, "C:valid-calendar-data"));
        let filters = format!("{}{}", "<C:comp-filter name=\"X\">".repeat(60), "</C:comp-filter>".repeat(60));
        let inside = format!("<C:filter>{filters}</C:filter>");
        let status = within_cap(&alice, "filters", || alice.report(&alice.calendar("default/"), "C:calendar-query", &inside).send().status);
        refused(status, "nested filters");
    }

    fn entity_bombs(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let mut bomb = "<!DOCTYPE D:propfind [<!ENTITY a0 \"lol\">".to_owned();
        for at in 1..40 {
            bomb.push_str(&format!("<!ENTITY a{at} \"&a{0};&a{0};&a{0};&a{0};\">", at - 1));
        }
        bomb.push_str("]><D:propfind xmlns:D=\"DAV:\"><D:prop><D:x>&a39;</D:x></D:prop></D:propfind>");
        let file = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>\
            <x>&f;</x></D:prop></D:set></D:propertyupdate>";
        let parameter = "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\"> %p;]><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>";
        for (method, body) in [("PROPFIND", bomb.as_str()), ("PROPPATCH", file), ("PROPFIND", parameter)] {
            let answer = within_cap(&alice, "entities", || alice.request(method, &alice.calendar("default/")).xml(body).send());
            refused(answer.status, method);
            assert!(!answer.text().contains("root:"));
        }
    }

    fn too_much_of_one_thing(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        let line = |letters: usize| samples::event("a", &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "x".repeat(letters))]);
        within_cap(&alice, "a line of nine million letters", || alice.put(&path, line(9_000_000)).created());
        within_cap(&alice, "its delivery", || assert_eq!(alice.get(&path).ok().body.len(), line(9_000_000).len()));
        within_cap(&alice, "too long a line", || alice.put(&path, line(11_000_000)).refused(403, "C:max-resource-size"));
        let status = within_cap(&alice, "a body of 70 MB", || alice.put(&path, vec![b'x'; 70_000_000]).send().status);
        refused(status, "70 MB");
        let folded = samples::event("a", &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "\r\n x".repeat(400_000))]);
        within_cap(&alice, "folds", || alice.put(&path, folded).no_content());
        let many = samples::event("a", &["DTSTART:20260301T090000Z", &"X-A:b\r\n".repeat(150_000)]);
        let status = within_cap(&alice, "lines", || alice.put(&path, many).send().status);
        refused(status, "150,000 lines");
        let params = samples::event("a", &["DTSTART:20260301T090000Z", &format!("SUMMARY{}:x", ";X-P=q".repeat(200_000))]);
        let status = within_cap(&alice, "parameters", || alice.put(&path, params).send().status);
        assert!(status == 204 || status == 403, "{status}");
        let quotes = samples::event("a", &["DTSTART:20260301T090000Z", &format!("SUMMARY;X-P={}:x", "\"".repeat(1_000_001))]);
        let status = within_cap(&alice, "quotes", || alice.put(&path, quotes).send().status);
        assert!(status == 204 || status == 403, "{status}");
        let wide = xml::document("D:propfind", &format!("<D:prop>{}</D:prop>", "<D:a/>".repeat(300_000)));
        let status = within_cap(&alice, "a wide request", || alice.propfind_raw(&alice.calendar("default/"), "1", &wide).send().status);
        refused(status, "300,000 properties");
        let attributes: String = (0..50_000).map(|at| format!(" a{at}=\"x\"")).collect();
        let body = format!("<D:propfind xmlns:D=\"DAV:\"{attributes}><D:allprop/></D:propfind>");
        within_cap(&alice, "attributes", || alice.propfind_raw(&alice.calendar("default/"), "0", &body).send());
    }

    fn one_recurrence_bomb(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("all/"), "").created();
        let rules = [
            "FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=5", "FREQ=SECONDLY;INTERVAL=999999999", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MINUTELY;BYDAY=MO;BYHOUR=25",
            "FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO;BYMONTH=1;BYSETPOS=400", "FREQ=DAILY;COUNT=2147483647", "FREQ=SECONDLY;COUNT=99999999999999999999",
            "FREQ=YEARLY;INTERVAL=2147483647", "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSECOND=0,1,2,3,4,5,6,7,8,9",
        ];
        let ranges = [("20260401T000000Z", "20260402T000000Z"), ("21900101T000000Z", "21900201T000000Z"), ("20260101T000000Z", "21260101T000000Z")];
        for rule in rules {
            let path = alice.calendar("all/bomb.ics");
            let body = samples::event("bomb", &["DTSTART:20260301T090000Z", "DURATION:PT1S", &format!("RRULE:{rule}")]);
            let status = within_cap(&alice, rule, || alice.put(&path, body).send().status);
            assert!([201, 403].contains(&status), "{rule}: {status}");
            if status != 201 {
                continue;
            }
            for (start, end) in ranges {
                let range = format!("start=\"{start}\" end=\"{end}\"");
                let query = format!(
                    "<D:prop><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
                     <C:comp-filter name=\"VEVENT\"><C:time-range {range}/></C:comp-filter></C:comp-filter></C:filter>"
                );
                let busy = format!("<C:time-range {range}/>");
                for (report, inside) in [("C:calendar-query", &query), ("C:free-busy-query", &busy)] {
                    let status = within_cap(&alice, rule, || alice.report(&alice.calendar("all/"), report, inside).send().status);
                    assert!([200, 207, 403, 507].contains(&status), "{rule} {report}: {status}");
                }
            }
            alice.delete(&path).no_content();
        }
    }

    fn many_recurrence_bombs_share_one_budget(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.mkcalendar(&alice.calendar("all/"), "").created();
        let clients: Vec<Client> = (0..8).map(|_| alice.another()).collect();
        std::thread::scope(|scope| {
            for (part, client) in clients.into_iter().enumerate() {
                scope.spawn(move || {
                    for at in 0..250 {
                        let uid = format!("{part}-{at}");
                        let body = samples::event(&uid, &["DTSTART:20260301T090000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"]);
                        client.put(&client.calendar(&format!("all/{uid}.ics")), body).created();
                    }
                });
            }
        });
        let range = "start=\"20270101T000000Z\" end=\"20280101T000000Z\"";
        let query = format!(
            "<D:prop><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
             <C:comp-filter name=\"VEVENT\"><C:time-range {range}/></C:comp-filter></C:comp-filter></C:filter>"
        );
        beside(&alice, || {
            for (report, inside) in [("C:calendar-query", query.as_str()), ("C:free-busy-query", &format!("<C:time-range {range}/>"))] {
                let answer = within_cap(&alice, report, || alice.report(&alice.calendar("all/"), report, inside).send());
                assert!([200, 207, 403, 507].contains(&answer.status), "{report}: {}", answer.status);
                if answer.status >= 400 {
                    assert!(answer.xml().is("D:error"), "a clear error: {}", answer.text());
                }
            }
        });
        // What they are is told all the same: listing and sync cost no recurrence.
        let listed = alice.propfind(&alice.calendar("all/"), "1", &["D:getetag"]).multistatus();
        assert_eq!(listed.members.len(), 2_001);
    }

    fn a_multiget_of_ten_thousand(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).created();
        let hrefs = |count: usize| -> String {
            (0..count).map(|at| format!("<D:href>{}</D:href>", alice.calendar(&format!("default/{at}.ics")))).collect()
        };
        let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{}</D:href>", alice.calendar("default/a.ics"));
        let full = format!("{inside}{}", hrefs(9_999));
        beside(&alice, || {
            let answer: Multistatus =
                within_cap(&alice, "multiget", || alice.report(&alice.calendar("default/"), "C:calendar-multiget", &full).multistatus());
            assert_eq!(answer.members.len(), 10_000);
            assert_eq!(answer.gone().len(), 9_999);
        });
        let over = format!("{inside}{}", hrefs(10_000));
        let status = within_cap(&alice, "too many", || alice.report(&alice.calendar("default/"), "C:calendar-multiget", &over).send().status);
        refused(status, "10,001 hrefs");
    }

    fn slow_writers_and_readers_hold_nobody_up(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let big = samples::event("big", &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "x".repeat(4_000_000))]);
        let path = alice.calendar("default/big.ics");
        alice.put(&path, big).created();
        // Forty that send their bodies a byte at a time, and forty that never read.
        let mut head = alice.head("PUT", &alice.calendar("default/slow.ics"), "Content-Type: text/calendar\r\nContent-Length: 100000\r\n\r\n");
        head.extend_from_slice(b"BEGIN:");
        let mut writers: Vec<_> = (0..40).map(|_| alice.raw(&head)).collect();
        let get = alice.head("GET", &path, "\r\n");
        let mut readers: Vec<_> = (0..40).map(|_| alice.raw(&get)).collect();
        let idle: Vec<_> = (0..40).map(|_| alice.raw(b"GET /dav/ HTTP/1.1\r\nHost:")).collect();
        beside(&alice, || {
            for _ in 0..20 {
                for writer in &mut writers {
                    writer.write_all(b"V").expect("the server waits");
                }
                for reader in &mut readers {
                    let mut some = [0; 100];
                    assert!(reader.read(&mut some).expect("the server sends") > 0);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        drop((writers, readers, idle));
        // Half a body makes nothing.
        alice.get(&alice.calendar("default/slow.ics")).status(404);
        alice.get(&path).ok();
    }

    fn bytes_that_are_no_text(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let path = alice.calendar("default/a.ics");
        for bytes in [&b"\xff\xfe"[..], b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"\0"] {
            let mut body = samples::meeting("a").into_bytes();
            let at = body.windows(7).position(|window| window == b"Meeting").expect("a place");
            body.splice(at..at, bytes.iter().copied());
            alice.put(&path, body).refused(403, "C:valid-calendar-data");
            let mut body = b"<D:propfind xmlns:D=\"DAV:\"><D:prop><D:a>".to_vec();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"</D:a></D:prop></D:propfind>");
            alice.request("PROPFIND", &alice.calendar("default/")).body(body).status(400);
        }
        let nul = samples::card("a", "Ada\0", &[]);
        alice.put(&alice.book("default/a.vcf"), nul).refused(403, "R:valid-address-data");
        alice.get(&path).status(404);
    }

    fn tricks_with_paths(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        bob.put(&bob.calendar("default/b.ics"), samples::meeting("b")).created();
        for path in [
            "/dav/calendars/alice/../bob/default/b.ics", "/dav/calendars/alice/%2e%2e/bob/default/b.ics", "/dav/calendars/alice/default/..%2f..%2fbob%2fdefault%2fb.ics",
            "/dav/calendars/bob%00/default/b.ics", "/dav/calendars/alice/default/%00", "/dav/calendars/alice/default/%ff%fe.ics", "//dav//calendars//bob//default//b.ics",
            "/../../../../etc/passwd", "/dav/calendars/alice/..", "/dav/%2e%2e/%2e%2e/etc/passwd",
            "/dav/calendars/alice/default/a.ics/b",
        ] {
            for method in ["GET", "PUT", "DELETE", "PROPFIND"] {
                let request = alice.request(method, path).header("Content-Type", "text/calendar");
                let answer = if method == "PUT" { request.body(samples::meeting("x")) } else { request }.send();
                assert!((400..500).contains(&answer.status) || (method == "PUT" && answer.status == 201), "{method} {path}: {}", answer.status);
            }
        }
        assert_eq!(bob.get(&bob.calendar("default/b.ics")).ok().text(), samples::meeting("b"));
    }

    fn control_characters_in_names_leave_only_encoded(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let (from, to) = (alice.calendar("default/%0D%0AX-Injected%3A%20yes"), alice.calendar("default/%0A%1B%5D.ics"));
        alice.put(&from, samples::meeting("a")).created();
        let answer = alice.move_to(&from, &to).created();
        assert_eq!(answer.header("Location"), Some(to.as_str()));
        assert_eq!(answer.header("X-Injected"), None);
        let conflict = alice.put(&from, samples::meeting("a")).send();
        assert_eq!(conflict.names_condition("C:no-uid-conflict").hrefs(), std::slice::from_ref(&to));
        let listed = alice.propfind(&alice.calendar("default/"), "1", &["D:getetag"]).multistatus();
        assert_eq!(listed.hrefs(), [alice.calendar("default/"), to]);
    }

    fn headers_that_are_not_ours_stay_out(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let requests: [(&str, String); 7] = [
            ("GET", "X-A: b\r\n X-Folded: c\r\n\r\n".into()),
            ("PUT", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into()),
            ("PUT", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello".into()),
            ("GET", format!("X-Big: {}\r\n\r\n", "x".repeat(1_000_000))),
            ("GET", format!("{}\r\n", "X-Many: y\r\n".repeat(5_000))),
            ("PUT", "Content-Length: -1\r\n\r\n".into()),
            ("PUT", "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n".into()),
        ];
        for (method, headers) in requests {
            let mut head = alice.head(method, &alice.calendar("default/a.ics"), "Connection: close\r\n");
            head.extend_from_slice(headers.as_bytes());
            let text = within_cap(&alice, &headers[..20], || {
                let mut stream = alice.raw_lenient(&head);
                stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
                String::from_utf8_lossy(&read_all(&mut stream)).into_owned()
            });
            assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{}: {text}", &headers[..20]);
            assert!(text.matches("HTTP/1.1").count() <= 2, "one answer to one request: {text}");
        }
        for (name, value) in [("Depth", "99999999999999999999"), ("If-Match", "\u{e9}"), ("If", "((((((((((("), ("Destination", "\u{1f}"), ("Accept", ";;;,,,q=x")] {
            let status = alice.request("PROPFIND", &alice.calendar("default/")).header(name, value).send().status;
            assert!(status < 500, "{name}: {status}");
        }
        let lists = "(<urn:x>) ".repeat(5_000);
        let status = within_cap(&alice, "If lists", || alice.put(&alice.calendar("default/a.ics"), samples::meeting("a")).header("If", &lists).send().status);
        assert!((400..500).contains(&status), "{status}");
    }
}
