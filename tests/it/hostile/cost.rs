//! What attacks cost: time and memory of the server, and the speed of others meanwhile. Each on a server of its own.
//!
//! Whether they are answered rightly stands in `hostile.rs`; here the answer is looked at only so far that the attack was one.

use super::scene::{BODIES, MEMORY, Scene};
use crate::harness::{Client, Db, both, samples, xml};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends a request by several clients at a time; their statuses.
fn together(scene: &Scene, count: usize, ask: impl Fn(&Client, usize) -> u16 + Sync) -> Vec<u16> {
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..count)
            .map(|number| {
                let (client, ask) = (scene.client(), &ask);
                scope.spawn(move || ask(&client, number))
            })
            .collect();
        askers.into_iter().map(|asker| asker.join().expect("an attacker")).collect()
    })
}

/// A refusal of the client's making.
#[track_caller]
fn refused(statuses: &[u16]) {
    let refused = |status: &u16| (400..500).contains(status) || *status == 507;
    assert!(!statuses.is_empty() && statuses.iter().all(refused), "{statuses:?}");
}

/// Says that each is one of these.
#[track_caller]
fn among(statuses: &[u16], wanted: &[u16]) {
    assert!(!statuses.is_empty() && statuses.iter().all(|status| wanted.contains(status)), "{statuses:?}");
}

/// An event with one long line.
fn large(uid: &str, letters: usize) -> String {
    samples::event(
        uid,
        &["DTSTART:20260301T090000Z", "DURATION:PT1H", &format!("DESCRIPTION:{}", "x".repeat(letters))],
    )
}

/// A query for what lies in a range, expanded.
fn expanded(start: &str, end: &str) -> String {
    let range = format!("start=\"{start}\" end=\"{end}\"");
    format!(
        "<D:prop><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
         <C:comp-filter name=\"VEVENT\"><C:time-range {range}/></C:comp-filter></C:comp-filter></C:filter>"
    )
}

/// Stores `count` events with this rule.
fn store_series(scene: &Scene, count: usize, rule: &str) {
    scene.client().mkcalendar(&scene.client().calendar("all/"), "").created();
    let lanes = 16;
    together(scene, lanes, |client, lane| {
        for at in (lane..count).step_by(lanes) {
            let uid = format!("{at}");
            let body = samples::event(
                &uid,
                &["DTSTART:20260301T090000Z", "DURATION:PT1S", &format!("RRULE:{rule}")],
            );
            client.put(&client.calendar(&format!("all/{uid}.ics")), body).created();
        }
        201
    });
}

/// Asks the calendar `all` for a query and for free-busy in each range, by four clients at a time.
fn ask_ranges(scene: &Scene, ranges: &[(&str, &str)]) {
    for (start, end) in ranges {
        let (query, busy) =
            (expanded(start, end), format!("<C:time-range start=\"{start}\" end=\"{end}\"/>"));
        for (report, inside) in [("C:calendar-query", &query), ("C:free-busy-query", &busy)] {
            let statuses = together(scene, 4, |client, _| {
                client.report(&client.calendar("all/"), report, inside).send().status
            });
            among(&statuses, &[200, 207, 403, 507]);
        }
    }
}

/// A short range, which the server may look up where it answers, a long one, and a far one.
const RANGES: [(&str, &str); 3] = [
    ("20270101T000000Z", "20270301T000000Z"),
    ("20270101T000000Z", "20320101T000000Z"),
    ("21900101T000000Z", "21900201T000000Z"),
];

// What never comes to the database needs only one.

#[test]
fn nested_elements() {
    let scene = Scene::start(Db::Sqlite);
    let body = "<D:a xmlns:D=\"DAV:\">".repeat(350_000);
    let cost = scene.attack(|scene| {
        for method in ["PROPFIND", "REPORT", "PROPPATCH"] {
            refused(&together(scene, 2, |client, _| {
                client.request(method, &client.calendar("default/")).xml(&body).send().status
            }));
        }
    });
    cost.within("nested elements", BODIES, 20);
}

#[test]
fn nested_components() {
    let scene = Scene::start(Db::Sqlite);
    let body = format!("{}{}", "BEGIN:X\r\n".repeat(450_000), "END:X\r\n".repeat(450_000));
    let cost = scene.attack(|scene| {
        refused(&together(scene, 2, |client, at| {
            client.put(&client.calendar(&format!("default/{at}.ics")), body.as_str()).send().status
        }));
    });
    cost.within("nested components", BODIES, 20);
}

#[test]
fn entity_bombs() {
    let scene = Scene::start(Db::Sqlite);
    let mut bomb = "<!DOCTYPE D:propfind [<!ENTITY a0 \"lol\">".to_owned();
    for at in 1..40 {
        bomb.push_str(&format!("<!ENTITY a{at} \"&a{0};&a{0};&a{0};&a{0};\">", at - 1));
    }
    bomb.push_str("]><D:propfind xmlns:D=\"DAV:\"><D:prop><D:x>&a39;</D:x></D:prop></D:propfind>");
    let long =
        format!("<!DOCTYPE a [<!ENTITY b \"{}\">]><a>{}</a>", "c".repeat(1_000_000), "&b;".repeat(1_000_000));
    let cost = scene.attack(|scene| {
        for body in [&bomb, &long] {
            refused(&together(scene, 8, |client, _| {
                client.request("PROPFIND", &client.calendar("default/")).xml(body).send().status
            }));
        }
    });
    cost.within("entity bombs", MEMORY, 20);
}

#[test]
fn a_body_beyond_all_bounds() {
    let scene = Scene::start(Db::Sqlite);
    let body = vec![b'x'; 70_000_000];
    let cost = scene.attack(|scene| {
        refused(&together(scene, 2, |client, at| {
            client.put(&client.calendar(&format!("default/{at}.ics")), body.as_slice()).send().status
        }));
    });
    cost.within("a body of 70 megabytes", BODIES, 30);
}

#[test]
fn folds_and_lines() {
    let scene = Scene::start(Db::Sqlite);
    let folds = samples::event(
        "a",
        &["DTSTART:20260301T090000Z", &format!("DESCRIPTION:{}", "\r\n x".repeat(2_000_000))],
    );
    let lines = samples::event("a", &["DTSTART:20260301T090000Z", &"X:b\r\n".repeat(1_900_000)]);
    let cost = scene.attack(|scene| {
        let client = scene.client();
        among(&[client.put(&client.calendar("default/a.ics"), folds.as_str()).send().status], &[201, 403]);
        refused(&[client.put(&client.calendar("default/b.ics"), lines.as_str()).send().status]);
    });
    cost.within("folds and lines", BODIES, 40);
}

#[test]
fn parameters_and_quotes() {
    let scene = Scene::start(Db::Sqlite);
    let event = |line: &str| samples::event("a", &["DTSTART:20260301T090000Z", line]);
    let bodies = [
        event(&format!("SUMMARY{}:x", ";X-P=q".repeat(1_400_000))),
        event(&format!("SUMMARY;X-P={}:x", "\"".repeat(9_000_001))),
        event(&format!("SUMMARY;X-P={}:x", "a,".repeat(4_500_000))),
        event(&format!("EXDATE:{}20260301T090000Z", "20260301T090000Z,".repeat(550_000))),
        event(&format!(
            "RDATE;VALUE=PERIOD:{}20260301T090000Z/PT1H",
            "20260301T090000Z/PT1H,".repeat(400_000)
        )),
        event(&format!("RRULE:FREQ=YEARLY;BYYEARDAY={}1", "1,".repeat(4_000_000))),
        event(&format!("CATEGORIES:{}a", "a\\,,".repeat(2_000_000))),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let cost = scene.attack(|scene| {
            let client = scene.client();
            let path = client.calendar(&format!("default/{number}.ics"));
            among(&[client.put(&path, body.as_str()).send().status], &[201, 403]);
            client.delete(&path).send();
        });
        cost.within(&format!("parameters and values {number}"), BODIES, 40);
    }
}

#[test]
fn a_wide_request() {
    let scene = Scene::start(Db::Sqlite);
    let elements = xml::document("D:propfind", &format!("<D:prop>{}</D:prop>", "<D:a/>".repeat(1_300_000)));
    let attributes: String = (0..500_000).map(|at| format!(" a{at}=\"x\"")).collect();
    let attributes = format!("<D:propfind xmlns:D=\"DAV:\"{attributes}><D:allprop/></D:propfind>");
    let text = xml::document(
        "D:propertyupdate",
        &format!(
            "<D:set><D:prop><D:displayname>{}</D:displayname></D:prop></D:set>",
            "&lt;".repeat(1_900_000)
        ),
    );
    let spaces: String = (0..190_000).map(|at| format!("<a xmlns=\"{at}\"/>")).collect();
    let spaces = xml::document("D:propfind", &format!("<D:prop>{spaces}</D:prop>"));
    for (what, method, body, wanted) in [
        ("elements", "PROPFIND", &elements, &[400][..]),
        ("attributes", "PROPFIND", &attributes, &[207, 400]),
        ("text", "PROPPATCH", &text, &[207, 400, 403, 507]),
        ("namespaces", "PROPFIND", &spaces, &[207, 400]),
    ] {
        let cost = scene.attack(|scene| {
            let client = scene.client();
            among(
                &[client
                    .request(method, &client.calendar("default/"))
                    .header("Depth", "0")
                    .xml(body)
                    .send()
                    .status],
                wanted,
            );
        });
        cost.within(what, BODIES, 40);
    }
}

#[test]
fn slow_writers() {
    let scene = Scene::start(Db::Sqlite);
    let cost = scene.attack(|scene| {
        let client = scene.client();
        let head = client.head(
            "PUT",
            &client.calendar("default/slow.ics"),
            "Content-Type: text/calendar\r\nContent-Length: 9000000\r\n\r\n",
        );
        let mut writers: Vec<TcpStream> = (0..100).map(|_| client.raw(&head)).collect();
        let _idle: Vec<TcpStream> = (0..100).map(|_| client.raw(b"GET /dav/ HTTP/1.1\r\nHost:")).collect();
        for _ in 0..20 {
            for writer in &mut writers {
                writer.write_all(b"BEGIN:").expect("the server waits");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    cost.bearable("slow writers", MEMORY);
}

#[test]
fn headers_without_end() {
    let scene = Scene::start(Db::Sqlite);
    let cost = scene.attack(|scene| {
        let client = scene.client();
        for header in [format!("X-Big: {}", "x".repeat(1_000_000)), "X-Many: y\r\n".repeat(100_000)] {
            let mut head = client.head("GET", "/dav/", "Connection: close\r\n");
            head.extend_from_slice(header.as_bytes());
            for _ in 0..20 {
                skim(&mut client.raw_lenient(&head), Duration::from_secs(2));
            }
        }
    });
    cost.within("headers", MEMORY, 40);
}

#[test]
fn guesses_of_passwords() {
    let scene = Scene::start(Db::Sqlite);
    let cost = scene.attack(|scene| {
        let statuses = together(scene, 48, |_, at| {
            let stranger = Client::new(scene.address(), &format!("nobody-{at}"), "guess");
            stranger.get("/dav/").send().status
        });
        among(&statuses, &[401, 429, 503]);
        let one = together(scene, 48, |_, at| {
            Client::new(scene.address(), "alice", &format!("guess-{at}")).get("/dav/").send().status
        });
        among(&one, &[401, 429, 503]);
    });
    cost.within("guesses of passwords", BODIES, 200);
}

both! {
    fn one_long_line(db) {
        let scene = Scene::start(db);
        let body = large("a", 10_000_000);
        let cost = scene.attack(|scene| {
            let client = scene.client();
            let path = client.calendar("default/a.ics");
            client.put(&path, body.as_str()).created();
            assert_eq!(client.get(&path).ok().body.len(), body.len());
        });
        cost.within("a line of ten megabytes", BODIES, 30);
    }

    fn attendees_and_overrides(db) {
        let scene = Scene::start(db);
        let attendees: String = (0..90_000).map(|at| format!("ATTENDEE;CN=\"{at}\":mailto:{at}@example.org\r\n")).collect();
        let series = samples::event("a", &["DTSTART:20260301T090000Z", "RRULE:FREQ=MINUTELY;INTERVAL=5"]);
        let overrides: String = (0..16_000)
            .map(|at| format!("BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:202603{:02}T{:02}{:02}{:02}Z\r\n\
                DTSTART:20260301T100000Z\r\nEND:VEVENT\r\n", 1 + at % 28, at / 28 % 24, at / 700 % 60, at / 42_000))
            .collect();
        let bodies = [
            samples::event("a", &["DTSTART:20260301T090000Z", &attendees]),
            series.replace("END:VCALENDAR", &format!("{overrides}END:VCALENDAR")),
        ];
        for (number, body) in bodies.iter().enumerate() {
            let cost = scene.attack(|scene| {
                let client = scene.client();
                client.request("MKCALENDAR", &client.calendar("all/")).send();
                among(&[client.put(&client.calendar(&format!("all/{number}.ics")), body.as_str()).send().status], &[201, 403]);
                ask_ranges(scene, &RANGES);
            });
            cost.within(&format!("attendees, overrides {number}"), BODIES, 80);
        }
    }

    fn many_properties_of_many_members(db) {
        let scene = Scene::start(db);
        store_series(&scene, 600, "FREQ=YEARLY");
        let names: String = (0..100_000).map(|at| format!("<D:a{at}/>")).collect();
        let body = xml::document("D:propfind", &format!("<D:prop>{names}</D:prop>"));
        let cost = scene.attack(|scene| {
            let client = scene.client();
            let head = client.head("PROPFIND", &client.calendar("all/"), &format!("Depth: 1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()));
            let mut stream = scene.client().raw(&head);
            stream.write_all(body.as_bytes()).expect("the server reads");
            // Refused, or streamed: what comes in some seconds is enough to see what it costs.
            skim(&mut stream, Duration::from_secs(5));
        });
        cost.bearable("100,000 properties of 600 members", BODIES);
    }

    fn many_properties_set_at_once(db) {
        let scene = Scene::start(db);
        let sets: String = (0..60_000).map(|at| format!("<x:a{at}>b</x:a{at}>")).collect();
        let names: String = (0..60_000).map(|at| format!("<x:c{at}/>")).collect();
        let update = |inside: &str| xml::document("D:propertyupdate", inside).replacen("xmlns:D", "xmlns:x=\"urn:x\" xmlns:D", 1);
        let bodies = [update(&format!("<D:set><D:prop>{sets}</D:prop></D:set>")), update(&format!("<D:remove><D:prop>{names}</D:prop></D:remove>"))];
        let cost = scene.attack(|scene| {
            for body in &bodies {
                let statuses = together(scene, 2, |client, _| client.request("PROPPATCH", &client.calendar("default/")).xml(body).send().status);
                among(&statuses, &[207, 400, 403, 507]);
            }
        });
        cost.within("60,000 properties set and removed", BODIES, 60);
    }

    fn a_bomb_of_each_kind(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        client.mkcalendar(&client.calendar("all/"), "").created();
        for rule in [
            "FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=5", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;COUNT=2147483647",
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=1000000", "FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO;BYMONTH=1;BYSETPOS=400",
            "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSECOND=0,1,2,3,4,5,6,7,8,9",
        ] {
            let path = client.calendar("all/bomb.ics");
            let body = samples::event("bomb", &["DTSTART:19000301T090000Z", "DURATION:PT1S", &format!("RRULE:{rule}")]);
            let cost = scene.attack(|scene| {
                among(&[client.put(&path, body.as_str()).send().status], &[201, 204, 403]);
                ask_ranges(scene, &RANGES);
            });
            cost.within(rule, MEMORY, 80);
        }
    }

    fn ten_thousand_bombs_share_one_budget(db) {
        let scene = Scene::start(db);
        store_series(&scene, 10_000, "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO");
        let cost = scene.attack(|scene| ask_ranges(scene, &RANGES));
        cost.within("10,000 bombs", MEMORY, 120);
    }

    fn a_multiget_of_ten_thousand(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        client.put(&client.calendar("default/a.ics"), samples::meeting("a")).created();
        let hrefs: String = (0..9_999).map(|at| format!("<D:href>{}</D:href>", client.calendar(&format!("default/{at}.ics")))).collect();
        let same = format!("<D:href>{}</D:href>", client.calendar("default/a.ics"));
        let prop = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
        for (what, inside) in [("absent", format!("{prop}{same}{hrefs}")), ("the same", format!("{prop}{}", same.repeat(10_000)))] {
            let cost = scene.attack(|scene| {
                let statuses = together(scene, 2, |client, _| client.report(&client.calendar("default/"), "C:calendar-multiget", &inside).send().status);
                among(&statuses, &[207]);
            });
            cost.within(&format!("a multiget of 10,000, {what}"), MEMORY, 80);
        }
    }

    fn large_items_many_times(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        let path = client.calendar("default/large.ics");
        client.put(&path, large("large", 9_000_000)).created();
        let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{}", format!("<D:href>{path}</D:href>").repeat(100));
        let body = xml::document("C:calendar-multiget", &inside);
        let cost = scene.attack(|scene| {
            let head = client.head("REPORT", &client.calendar("default/"), &format!("Connection: close\r\nContent-Length: {}\r\n\r\n", body.len()));
            let mut stream = scene.client().raw(&head);
            stream.write_all(body.as_bytes()).expect("the server reads");
            skim(&mut stream, Duration::from_secs(5));
        });
        cost.bearable("a large item asked for a hundred times", BODIES);
    }

    fn a_collection_of_large_items(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        for at in 0..20 {
            client.put(&client.calendar(&format!("default/{at}.ics")), large(&format!("{at}"), 9_000_000)).created();
        }
        let query = xml::document("C:calendar-query", &expanded("20260301T000000Z", "20260302T000000Z"));
        let all = xml::document("D:propfind", "<D:prop><D:getetag/><x:dead xmlns:x=\"urn:x\"/></D:prop>");
        for (method, body) in [("REPORT", query), ("PROPFIND", all)] {
            let cost = scene.attack(|scene| {
                let head = client.head(method, &client.calendar("default/"), &format!("Depth: 1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()));
                let mut stream = scene.client().raw(&head);
                stream.write_all(body.as_bytes()).expect("the server reads");
                skim(&mut stream, Duration::from_secs(5));
            });
            cost.bearable(&format!("{method} of large items"), BODIES);
        }
    }

    fn readers_that_do_not_read(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        let path = client.calendar("default/large.ics");
        client.put(&path, large("large", 4_000_000)).created();
        let cost = scene.attack(|_| {
            let head = client.head("GET", &path, "\r\n");
            let readers: Vec<TcpStream> = (0..100).map(|_| client.raw(&head)).collect();
            std::thread::sleep(Duration::from_secs(2));
            drop(readers);
        });
        // Large answers have room together, whoever asks for them: `ROOM` of `http/pieces.rs`. Without it: 400 MiB and more.
        cost.bearable("readers that do not read", 256 + BODIES);
    }

    fn files_of_countless_elements(db) {
        let scene = Scene::start(db);
        let client = scene.client();
        let of = |list: &str| crate::rest::id_of(&client, list, "default");
        let (calendar, book) = (format!("/api/v1/calendars/{}/import", of("calendars")), format!("/api/v1/address-books/{}/import", of("address-books")));
        let ones = |megabytes: usize| format!("{}1", "1,".repeat(megabytes * 512 * 1024));
        let text = "an array of such elements is longer than the file";
        // As many elements as a file of the form has room for, and of one item as many values.
        for (what, path, format, body) in [
            (text, &calendar, "jcal", format!("[\"vcalendar\",[],[{}]]", ones(40))),
            ("calendars", &calendar, "jcal", format!("[{}]", ones(40))),
            ("cards", &book, "jcard", format!("[{}]", ones(40))),
            ("objects", &calendar, "jscalendar", format!("[{}]", ones(15))),
            ("members", &book, "jscontact", format!("{{\"@type\":\"Group\",\"entries\":[{}]}}", ones(15))),
        ] {
            let cost = scene.attack(|scene| {
                let request = scene.client();
                let answer = request.request("POST", &format!("{path}?format={format}")).header("Content-Type", "application/json").body(body.clone()).send();
                assert_eq!(answer.status, if format.starts_with("js") { 400 } else { 422 }, "{}", answer.text());
                assert!(answer.text().contains("more than 262144"), "{}", answer.text());
            });
            // The file as it came, grown while it came, and perhaps as text.
            cost.bearable(&format!("{format}: {what}"), 3 * i64::try_from(body.len() >> 20).expect("megabytes") + MEMORY);
        }
        for (path, format, body) in [
            (&calendar, "jcal", format!("[\"vcalendar\",[],[[\"vevent\",[{}],[]]]]", ones(9))),
            (&book, "jcard", format!("[[\"vcard\",[{}]]]", ones(9))),
            (&calendar, "jscalendar", format!("[{{\"uid\":[{}]}}]", ones(15))),
        ] {
            let cost = scene.attack(|scene| {
                let request = scene.client();
                let answer = request.request("POST", &format!("{path}?format={format}")).header("Content-Type", "application/json").body(body.clone()).send();
                assert_eq!(answer.status, 200, "{}", answer.text());
                assert!(answer.text().contains("more than 1048576 values"), "{}", answer.text());
            });
            cost.bearable(&format!("{format}: values of an item"), 3 * i64::try_from(body.len() >> 20).expect("megabytes") + MEMORY);
        }
    }

    fn filters_without_end(db) {
        let scene = Scene::start(db);
        store_series(&scene, 1_000, "FREQ=YEARLY");
        let one = "<C:prop-filter name=\"SUMMARY\"><C:text-match negate-condition=\"yes\">\u{e9}x</C:text-match></C:prop-filter>";
        let filter = |inside: &str| format!("<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">{inside}</C:comp-filter></C:comp-filter></C:filter>");
        let cost = scene.attack(|scene| {
            let statuses = together(scene, 2, |client, _| client.report(&client.calendar("all/"), "C:calendar-query", &filter(&one.repeat(60_000))).send().status);
            among(&statuses, &[207, 403]);
        });
        cost.within("60,000 filters over 1,000 items", MEMORY, 100);
    }
}

/// Reads for some time, or to the end.
fn skim(stream: &mut TcpStream, time: Duration) {
    let begun = std::time::Instant::now();
    stream.set_read_timeout(Some(time)).expect("a socket");
    let mut some = vec![0; 256 * 1024];
    while begun.elapsed() < time && stream.read(&mut some).is_ok_and(|count| count > 0) {}
}
