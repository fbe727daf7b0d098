//! A bounded fuzz run on a stable compiler: seeds changed at random, each result judged by `checks.rs` and timed.
//!
//! Without coverage it finds less than libFuzzer, but it runs everywhere in seconds, and its seed makes a failure repeatable.

use super::checks;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A check of some kilobytes that takes longer is no longer linear.
const SLOW: Duration = Duration::from_secs(2);
/// Octets of an input at most.
const LARGEST: usize = 64 * 1024;

/// Where mutation begins, by check.
fn seeds(check: &str) -> &'static [&'static [u8]] {
    match check {
        "recurrence" => &[
            b"FREQ=WEEKLY;BYDAY=MO,-1FR;INTERVAL=2;UNTIL=20270101T000000Z",
            b"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29,-1;BYSETPOS=1,-1;COUNT=10\nEXDATE:19920229T090000Z",
            b"FREQ=MONTHLY;BYDAY=1SU,2MO;BYHOUR=1,2;BYMINUTE=0,30;BYSECOND=59;WKST=SU\nRDATE:20260202T090000Z",
            b"FREQ=DAILY;BYYEARDAY=1,100,-1;BYWEEKNO=53,-1\nRRULE:FREQ=SECONDLY;INTERVAL=7",
            b"RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;BYMONTH=2;BYMONTHDAY=30",
        ],
        "card" => &[
            b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nN:Dupont;Jean;;;\r\nFN:Jean Dupont\r\nitem1.EMAIL;TYPE=INTERNET,pref:a@b.example\r\n\
              item1.X-ABLabel:_$!<Home>!$_\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-03-04\r\nEND:VCARD\r\n",
            b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN;PREF=1:\xc3\x89lo\xc3\xafse\r\nKIND:group\r\nMEMBER:urn:uuid:2\r\n\
              PHOTO:data:image/png;base64,iVBORw0KGgo=\r\nBDAY:--0304\r\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+33-1\r\nEND:VCARD\r\n",
            b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;A=\r\n=20B\r\nTEL;HOME;VOICE:1\r\nEND:VCARD\r\n",
        ],
        "xml" => &[
            b"<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x\"><D:prop><D:getetag/><x:a b='c'>&amp;&#233;</x:a></D:prop></D:propfind>",
            b"<a xmlns=\"DAV:\"><![CDATA[<>]]><!-- c --><?pi x?><b xml:lang=\"fr\">t</b></a>",
        ],
        "json" => &[
            br#"["vcalendar",[["version",{},"text","2.0"],["prodid",{},"text","x"]],[["vevent",[["uid",{},"text","1"],["dtstart",{"tzid":"Europe/Paris"},"date-time","2026-02-02T09:00:00"],["rrule",{},"recur",{"freq":"WEEKLY","byday":["MO","TU"]}]],[]]]]"#,
            br#"["vcard",[["version",{},"text","4.0"],["fn",{},"text","a"],["n",{},"text",["b","c",["d","e"],"",""]]]]"#,
        ],
        "forms" => &[
            br#"{"@type":"Event","title":"a","start":"2026-03-02T10:00:00","timeZone":"Europe/Paris","duration":"PT1H","recurrenceRules":[{"frequency":"weekly","byDay":[{"day":"mo"}]}],"recurrenceOverrides":{"2026-03-09T10:00:00":{"excluded":true},"2026-03-16T10:00:00":{"title":"b"}},"participants":{"a":{"email":"a@b","roles":{"owner":true,"attendee":true}}},"alerts":{"x":{"trigger":{"offset":"-PT10M"}}}}"#,
            br#"{"title":null,"locations":{"location":{"name":"x","coordinates":"geo:1,2"}},"keywords":{"k":true},"links":{"l":{"href":"https://x/"}},"start":"2026-01-05T10:00:00"}"#,
            br#"{"@type":"Card","name":{"full":"A","components":[{"kind":"given","value":"A"}]},"emails":{"m":{"address":"a@b","contexts":{"work":true},"label":"l"}},"anniversaries":{"b":{"kind":"birth","date":{"month":4,"day":12}}},"media":{"p":{"kind":"photo","uri":"data:image/png;base64,iVBORw0KGgo="}}}"#,
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris:20260105T090000\r\n\
              DTEND;TZID=Europe/London:20260105T100000\r\nRRULE:FREQ=WEEKLY;COUNT=9\r\nEXDATE:20260112T080000Z\r\nRDATE;VALUE=PERIOD:20260113T080000Z/PT3H\r\n\
              ORGANIZER;CN=A:mailto:a@b\r\nATTENDEE;PARTSTAT=ACCEPTED;X-P=1:mailto:c@d\r\nATTACH:https://x/\r\n\
              BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
              RECURRENCE-ID:20260119T080000Z\r\nDTSTART:20260119T100000Z\r\nSUMMARY:b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nN:Dupont;Jean;;;\r\nFN:Jean Dupont\r\nitem1.EMAIL;TYPE=INTERNET,pref:a@b.example\r\n\
              item1.X-ABLabel:_$!<Home>!$_\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-03-04\r\nEND:VCARD\r\n",
        ],
        "values" => &[b"P1W", b"-P1DT2H3M4S", b"+0530", b"-013015", b"20260202T090000Z/PT1H", b"19970101T180000Z/19970102T070000Z", b"20260202"],
        "href" => &[b"/dav/calendars/a%40b/c%20d/e.ics", b"https://host:1/dav/principals/users/%C3%A9/?q#f", b"/dav/addressbooks/x/../y"],
        "request" => &[
            b"\x01\x00(<urn:cenacle:sync:a:c1:1> [\"e\"]) (Not <urn:b>)\n<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
              <D:prop><D:getetag/><C:calendar-data><C:expand start=\"20260101T000000Z\" end=\"20260201T000000Z\"/></C:calendar-data></D:prop>\
              <C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260101T000000Z\"/>\
              <C:prop-filter name=\"SUMMARY\"><C:text-match collation=\"i;octet\" negate-condition=\"yes\">a</C:text-match></C:prop-filter>\
              </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
            b"\x01\x01\n<R:addressbook-query xmlns:D=\"DAV:\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\"><D:prop><R:address-data><R:prop name=\"FN\"/>\
              </R:address-data></D:prop><R:filter test=\"allof\"><R:prop-filter name=\"EMAIL\"><R:param-filter name=\"TYPE\"><R:is-not-defined/>\
              </R:param-filter></R:prop-filter></R:filter><R:limit><R:nresults>3</R:nresults></R:limit></R:addressbook-query>",
            b"\x01\x00\n<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/><D:sync-level>1</D:sync-level><D:limit><D:nresults>2</D:nresults></D:limit><D:prop><D:getetag/></D:prop></D:sync-collection>",
            b"\x01\x00\n<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:time-range start=\"20260101T000000Z\" end=\"20260201T000000Z\"/></C:free-busy-query>",
            b"\x01\x00\n<C:calendar-multiget xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><C:calendar-data/></D:prop><D:href>/dav/calendars/f/default/a.ics</D:href></C:calendar-multiget>",
            b"\x00\x02\n<D:propfind xmlns:D=\"DAV:\"><D:allprop/><D:include><D:acl/><D:supported-report-set/></D:include></D:propfind>",
            b"\x02\x00(<urn:x>)\n<D:propertyupdate xmlns:D=\"DAV:\" xmlns:a=\"urn:a\"><D:set><D:prop><D:displayname>x</D:displayname><a:b c='d'>e<a:f/></a:b></D:prop></D:set><D:remove><D:prop><a:g/></D:prop></D:remove></D:propertyupdate>",
            b"\x03\x03([\"x\"])\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            b"\x03\x04\nBEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nN:a;b;;;\r\nFN:b a\r\nEND:VCARD\r\n",
            b"\x06\x00\n<D:acl xmlns:D=\"DAV:\"><D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>",
            b"\x01\x05\n<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"group-membership\"><D:property name=\"displayname\"/></D:property></D:expand-property>",
            b"\x01\x02\n<D:principal-property-search xmlns:D=\"DAV:\"><D:property-search><D:prop><D:displayname/></D:prop><D:match>f</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>",
        ],
        _ => &[
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Custom\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n\
              TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n\
              DTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
              END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Custom:20260202T090000\r\nDURATION:PT1H\r\n\
              RRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\nEXDATE;TZID=Custom:20260209T090000\r\nSUMMARY;LANGUAGE=fr:a\\, b\\n \r\n c\r\nATTENDEE;CN=\"a;b\";\r\n PARTSTAT=ACCEPTED:mailto:a@b\r\n\
              BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT5M\r\nREPEAT:2\r\nDURATION:PT1M\r\nEND:VALARM\r\nEND:VEVENT\r\n\
              BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Custom:20260216T090000\r\n\
              DTSTART;TZID=Custom:20260216T100000\r\nDTEND;TZID=Custom:20260216T110000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20260101T000000Z\r\nDUE;VALUE=DATE:20260203\r\nCOMPLETED:20260202T000000Z\r\nRDATE;VALUE=PERIOD:20260202T090000Z/PT1H\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\nFREEBUSY;FBTYPE=BUSY:20260202T090000Z/PT1H,20260203T090000Z/20260203T100000Z\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n",
        ],
    }
}

/// Pieces that mean something to one parser or another.
const WORDS: [&[u8]; 40] = [
    b"\r\n",
    b"\n ",
    b"\r\n ",
    b";",
    b":",
    b",",
    b"\"",
    b"\\",
    b"=",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"END:VCALENDAR\r\n",
    b"RRULE:FREQ=SECONDLY\r\n",
    b"RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2\r\n",
    b"DTSTART:00010101T000000Z\r\n",
    b"DTSTART:99991231T235959Z\r\n",
    b"DTSTART;VALUE=DATE:20260231\r\n",
    b"DURATION:P99999999999W\r\n",
    b"DURATION:-PT1S\r\n",
    b"COUNT=2147483648",
    b"INTERVAL=0",
    b"INTERVAL=99999999999999999999",
    b"BYSETPOS=-366",
    b"UNTIL=20200101",
    b"\0",
    b"\xff",
    b"\xe2\x80\xa8",
    b"\xc3\x89",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"&#x0;",
    b"&lol;",
    b"<!DOCTYPE a>",
    b"xmlns:D=\"x\"",
    b"</",
    b"/>",
    b"%2e%2e%2f",
    b"[\"",
    b"(Not ",
];

/// A small random source.
pub struct Dice(u64);

impl Dice {
    /// Repeatable.
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// Changes an input a little, or much.
fn mutate(input: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let end = (at + dice.below(40)).min(input.len());
        match dice.below(8) {
            0 => input.insert(at, dice.below(256) as u8),
            1 => drop(input.drain(at..end)),
            2 | 3 => {
                let word = WORDS.get(dice.below(WORDS.len())).copied().unwrap_or_default();
                input.splice(at..at, word.iter().copied());
            }
            4 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            5 => {
                let piece = input.get(at..end).unwrap_or_default().to_vec();
                let to = dice.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            6 => {
                let digit = input.iter_mut().skip(at).find(|byte| byte.is_ascii_digit());
                if let Some(byte) = digit {
                    *byte = b'0' + dice.below(10) as u8;
                }
            }
            _ => {
                let piece = input.get(at..end).unwrap_or_default().to_vec();
                let times = dice.below(200);
                for _ in 0..times {
                    input.splice(at..at, piece.iter().copied());
                }
            }
        }
        input.truncate(LARGEST);
    }
}

/// What one check saw.
#[derive(Debug)]
pub struct Seen {
    /// Inputs tried.
    pub inputs: usize,
    /// Those that were taken, not refused.
    pub taken: usize,
    /// The slowest one.
    pub slowest: Duration,
    /// Inputs that broke a promise or were slow, with what is wrong.
    pub broken: Vec<(Vec<u8>, String)>,
}

/// Runs a check for `time` or `most` inputs, whatever ends first.
pub fn run(check: &str, judge: fn(&[u8]) -> bool, seed: u64, time: Duration, most: usize) -> Seen {
    let mut dice = Dice::new(seed ^ check.len() as u64);
    let mut seen = Seen { inputs: 0, taken: 0, slowest: Duration::ZERO, broken: Vec::new() };
    let mut pool: Vec<Vec<u8>> = seeds(check).iter().map(|seed| seed.to_vec()).collect();
    let begun = Instant::now();
    while begun.elapsed() < time && seen.inputs < most && seen.broken.len() < 5 {
        // Half of the time a seed itself: mutants of mutants soon are nothing but noise.
        let first = dice.below(2) == 0;
        let at = dice.below(if first { seeds(check).len() } else { pool.len() });
        let mut input = pool.get(at).cloned().unwrap_or_default();
        if seen.inputs >= seeds(check).len() {
            mutate(&mut input, &mut dice);
        }
        seen.inputs += 1;
        let pool_is_full = pool.len() >= 500;
        let before = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| judge(&input)));
        let mut took = before.elapsed();
        if took > SLOW && outcome.is_ok() {
            // It may have been the machine that was slow: who is slow himself is so twice.
            let again = Instant::now();
            judge(&input);
            took = took.min(again.elapsed());
        }
        seen.slowest = seen.slowest.max(took);
        seen.taken += usize::from(matches!(outcome, Ok(true)));
        match outcome {
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                seen.broken.push((input, text.unwrap_or_default()));
            }
            Ok(_) if took > SLOW => seen.broken.push((input, format!("took {took:?}"))),
            // What was taken breeds, so that changes add up; the seeds stay.
            Ok(true) if input.len() < 4096 => match pool.get_mut(at.max(seeds(check).len())) {
                Some(place) if pool_is_full => *place = input,
                _ if pool_is_full => {}
                _ => pool.push(input),
            },
            Ok(_) => {}
        }
    }
    seen
}

/// Checks by name.
pub fn named(name: &str) -> Option<fn(&[u8]) -> bool> {
    checks::ALL.iter().find(|(known, _)| *known == name).map(|(_, judge)| *judge)
}
