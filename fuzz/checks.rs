//! What each parser of foreign bytes promises, as functions over any bytes: they return whether the input was
//! taken (rather than refused), or panic where a promise is broken.
//!
//! libFuzzer calls them (`fuzz_targets/`), and so does the bounded run on a stable compiler (`mutate.rs`). No function may take long:
//! the callers measure.

#![allow(dead_code, reason = "each target uses one of them")]

use actix_web::FromRequest;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use cenacle::dav;
use cenacle::domain::id::PrincipalId;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::services::{Actor, Core, Limits as ServiceLimits};
use cenacle::store::{Location, Store};
use cenacle::text::component::{Document, Limits, apply};
use cenacle::text::ical::{CalendarIndex, RangeTarget, values};
use cenacle::text::line;
use cenacle::text::recur::moment::Moment;
use cenacle::text::recur::{Budget, Window};
use cenacle::text::vcard::Version;
use cenacle::text::vcard::convert::convert;
use cenacle::text::vcard::image::image_bytes;
use cenacle::text::vcard::index::{CardIndex, search_text};
use cenacle::text::zone::Zone;
use cenacle::text::{jcal, jcard, jscalendar, jscontact, xml as tree};
use std::sync::OnceLock;

/// Weeks that instances are asked for, microseconds UTC: 1970, 2026, and a far one.
const WINDOWS: [i64; 3] = [0, 1_770_000_000_000_000, 6_900_000_000_000_000];
const WEEK: i64 = 7 * 86_400_000_000;

/// A check: whether the input was read at all; panics on a fault.
pub type Check = fn(&[u8]) -> bool;

/// All of them, by name.
pub const ALL: [(&str, Check); 10] = [
    ("lines", lines),
    ("calendar", calendar),
    ("recurrence", recurrence),
    ("card", card),
    ("xml", xml),
    ("json", json),
    ("forms", forms),
    ("values", values),
    ("href", href),
    ("request", request),
];

/// Content lines: what was read is kept byte for byte, and text survives its escapes.
pub fn lines(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut taken = false;
    if let Ok(document) = Document::parse(text, Limits::default()) {
        for root in &document.roots {
            for line in &root.lines {
                assert!(line.unfolded().len() <= text.len());
                let _ = (line.name(), line.value(), line.text(), line.group(), line.text_list());
                assert!(line.params().all(|param| param.values().count() > 0 || param.first().is_none()));
            }
        }
        assert_eq!(apply(text, Vec::new()), text, "a document without edits is another one");
        taken = true;
    }
    assert_eq!(
        line::unescape_text(&line::escape_text(text)).replace('\r', ""),
        text.replace('\r', ""),
        "escapes do not lead back"
    );
    let mut folded = String::new();
    line::write_folded(&mut folded, &text.replace(['\r', '\n'], " "));
    assert!(folded.lines().all(|line| line.len() <= 76), "a line is folded too late");
    taken
}

/// Calendar objects: the index is the same after it was stored, instances lie in their window, and what has one overlaps.
pub fn calendar(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(document) = Document::parse(text, Limits::default()) else { return false };
    let Ok(index) = CalendarIndex::build(&document) else { return false };
    let stored = CalendarIndex::decode(&index.encode());
    assert_eq!(stored.as_ref(), Some(&index), "the stored index is another one");
    let span = index.span();
    assert!(span.first <= span.last, "a span that ends before it begins");
    for start in WINDOWS {
        let window = Window::new(start, start + WEEK);
        let Ok(instances) = index.instances(window, &Zone::Utc, &mut Budget::default()) else { continue };
        for instance in &instances {
            assert!(instance.start <= instance.end, "an instance that ends before it begins");
            assert!(
                instance.start < window.end && instance.end >= window.start,
                "an instance outside of its window"
            );
        }
        let touches = span.first <= window.end && span.last >= window.start;
        assert!(instances.is_empty() || touches, "an instance outside of the object's span");
        let target = RangeTarget::of(&[index.kind.name()]);
        if let Some(target) = target.filter(|target| *target == RangeTarget::Event)
            && let Ok(overlaps) = index.overlaps(target, window, &Zone::Utc, &mut Budget::default())
        {
            assert!(overlaps || instances.is_empty(), "instances, but no overlap");
        }
    }
    for root in &document.roots {
        let _ = jcal::to_jcal(root);
    }
    true
}

/// Recurrence: any rule on a plain event.
pub fn recurrence(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut lines = text.splitn(2, '\n');
    let rule = lines.next().unwrap_or_default().trim_end();
    let more = lines
        .next()
        .filter(|more| !more.is_empty())
        .map(|more| format!("{}\r\n", more.replace('\n', "\r\n").trim_end()));
    let event = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//fuzz//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:19900105T090000Z\r\nDURATION:PT1H\r\nRRULE:{rule}\r\n{}END:VEVENT\r\nEND:VCALENDAR\r\n",
        more.unwrap_or_default()
    );
    calendar(event.as_bytes())
}

/// Cards: what one version becomes in the other can be read again.
pub fn card(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(document) = Document::parse(text, Limits::default()) else { return false };
    let valid = CardIndex::build(&document).is_ok();
    let _ = (search_text(&document), image_bytes(&document));
    for root in &document.roots {
        let _ = jcard::to_jcard(root);
    }
    for version in [Version::V3, Version::V4] {
        if let Ok(other) = convert(text, version)
            && valid
        {
            assert!(
                Document::parse(&other, Limits::default()).is_ok(),
                "a converted card cannot be read: {other}"
            );
        }
    }
    valid
}

/// XML: what was read and written is the same when it is read again.
pub fn xml(data: &[u8]) -> bool {
    let Ok(element) = tree::parse(data) else { return false };
    let mut written = String::new();
    element.write(&mut written);
    let again = tree::parse(written.as_bytes());
    assert!(again.is_ok(), "written XML cannot be read ({again:?}): {written}");
    assert_eq!(again.map(|again| again.text()).ok(), Some(element.text()));
    true
}

/// jCal and jCard: what they become can be read.
pub fn json(data: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice(data) else { return false };
    let made = [jcal::from_jcal(&value).ok(), jcard::from_jcard(&value).ok()];
    for text in made.iter().flatten() {
        assert!(Document::parse(text, Limits::default()).is_ok(), "made of JSON and cannot be read: {text}");
    }
    made.iter().any(Option::is_some)
}

/// JSON forms: any JSON becomes a text that can be read or is refused; any text becomes JSON, and keeps its bytes where a
/// change changes nothing.
pub fn forms(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let card = jscontact::Fresh { uid: "fuzz", now: 0, version: Version::V4 };
        let made = [
            jscalendar::write(&value, NEW).ok(),
            jscontact::write(&value, card).ok(),
            jscalendar::patch(SERIES, &jscalendar::Change::Merge(value.clone())).ok(),
            jscontact::patch(CARD, &jscontact::Change::Merge(value)).ok(),
        ];
        for text in made.iter().flatten() {
            assert!(
                Document::parse(text, Limits::default()).is_ok(),
                "made of JSON and cannot be read: {text}"
            );
        }
        return made.iter().any(Option::is_some);
    }
    let Ok(document) = Document::parse(text, Limits::default()) else { return false };
    match document.roots.first() {
        Some(root) if root.is("VCARD") => card_form(text, &document),
        _ => calendar_form(text, &document),
    }
    true
}

fn card_form(text: &str, document: &Document<'_>) {
    let json = jscontact::read(document);
    let version = document.roots.first().and_then(Version::of);
    if let Ok(same) = jscontact::patch(text, &jscontact::Change::Replace(json.clone())) {
        assert!(version == Some(Version::V21) || same == text, "changed without a change: {text}");
    }
    let _ = jscontact::write(&json, jscontact::Fresh { uid: "fuzz", now: 0, version: Version::V3 });
}

fn calendar_form(text: &str, document: &Document<'_>) {
    let json = jscalendar::read(document);
    if let Ok(same) = jscalendar::patch(text, &jscalendar::Change::Replace(json.clone())) {
        assert_eq!(same, text, "changed without a change");
    }
    let _ = jscalendar::write(&json, NEW);
    let change = jscalendar::Change::Merge(serde_json::json!({"title": "x", "timeZone": "Asia/Tokyo"}));
    let _ = jscalendar::patch(text, &change);
    let overrides = json.get("recurrenceOverrides").and_then(|all| all.as_object());
    for key in overrides.into_iter().flatten().map(|(key, _)| key).take(3) {
        let _ = jscalendar::cancel(text, key);
        let _ = jscalendar::change_following(text, key, &change, "other");
    }
}

/// What changes of JSON are tried on.
const NEW: jscalendar::Fresh<'static> = jscalendar::Fresh { uid: "fuzz", now: 0 };
const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
    DTSTART;TZID=Europe/Paris:20260105T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXDATE:20260106T080000Z\r\nSUMMARY:s\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";
const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nN:a;b;;;\r\nFN:b a\r\nitem1.EMAIL:a@b\r\nitem1.X-ABLabel:l\r\nEND:VCARD\r\n";

/// Small values: what was read is written, and read as the same.
pub fn values(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if let Some(duration) = values::duration(text) {
        let written = values::write_duration(duration);
        assert_eq!(values::duration(&written), Some(duration), "duration {written}");
    }
    if let Some(offset) = values::offset(text) {
        assert_eq!(values::offset(&values::write_offset(offset)), Some(offset));
    }
    let _ = values::calendar_address(text);
    values::duration(text).is_some()
        || values::offset(text).is_some()
        || values::period(text).is_some()
        || Moment::parse(text).is_some()
}

/// Paths: what is written is read as the same target, and never leads out of the tree.
pub fn href(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Some(target) = dav::href::parse_href(text) else { return false };
    let path = dav::href::of_target(&target);
    assert_eq!(dav::href::parse(&path), Some(target), "{path}");
    assert!(!path.split('/').any(|segment| segment == ".." || segment == "."), "{path}");
    true
}

/// A server without sockets, and somebody with a calendar.
struct Server {
    core: Core,
    actor: Actor,
    runtime: tokio::runtime::Runtime,
    /// Goes last: the database is in it.
    _folder: Folder,
}

/// A folder that is removed with its server.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary folder; no check depends on it.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

thread_local! {
    static SERVER: OnceLock<Option<Server>> = const { OnceLock::new() };
}

fn server() -> Option<Server> {
    let folder = std::env::temp_dir().join(format!(
        "cenacle-fuzz-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).ok()?;
    let store = Store::open(&Location::File(folder.join("fuzz.sqlite"))).ok()?;
    let core = Core::new(store, ServiceLimits::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        display_name: "Fuzz".into(),
        handle: "f".into(),
        addresses: vec!["f@example.org".into()],
        admin: false,
        time_zone: None,
    };
    let id: PrincipalId = runtime.block_on(core.create_principal(new, None)).ok()?;
    let actor = Actor::undoubted(id, "f".into(), None);
    Some(Server { core, actor, runtime, _folder: Folder(folder) })
}

/// Methods by the first byte, places by the second.
const METHODS: [&str; 8] = ["PROPFIND", "REPORT", "PROPPATCH", "PUT", "MKCALENDAR", "MKCOL", "ACL", "DELETE"];
const PLACES: [&str; 6] = [
    "/dav/calendars/f/default/",
    "/dav/addressbooks/f/default/",
    "/dav/calendars/f/",
    "/dav/calendars/f/default/a.ics",
    "/dav/addressbooks/f/default/a.vcf",
    "/dav/principals/users/f/",
];

/// Whole requests, after two bytes for method and place: a line that is the `If` header, then the body (filters, property updates, …).
/// No request may be answered as a fault of the server's.
pub fn request(data: &[u8]) -> bool {
    let [method, place, rest @ ..] = data else { return false };
    let (Some(method), Some(path)) =
        (METHODS.get(usize::from(*method) % METHODS.len()), PLACES.get(usize::from(*place) % PLACES.len()))
    else {
        return false;
    };
    let cut = rest.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (condition, body) = (rest.get(..cut).unwrap_or_default(), rest.get(cut + 1..).unwrap_or_default());
    SERVER.with(|server_cell| {
        let Some(server) = server_cell.get_or_init(server) else { panic!("no database for the fuzzer") };
        let mut made =
            TestRequest::default().uri(path).insert_header(("Depth", "1")).set_payload(body.to_vec());
        if !condition.is_empty()
            && let Ok(value) = actix_web::http::header::HeaderValue::from_bytes(condition)
        {
            made = made.insert_header(("If", value));
        }
        let (http, mut payload) = made.to_http_parts();
        let Some(target) = dav::href::parse(path) else { return false };
        // As in the server's own threads, where answers may start tasks of their own.
        let status = tokio::task::LocalSet::new().block_on(&server.runtime, async {
            let mut body = actix_web::web::Payload::from_request(&http, &mut payload).await.ok()?;
            let request = dav::Request {
                core: &server.core,
                actor: server.actor.clone(),
                target,
                opened: std::cell::RefCell::default(),
                path,
                headers: http.headers(),
                query: "",
            };
            let method = Method::from_bytes(method.as_bytes()).ok()?;
            let answer = dav::answer(&method, request, &mut body).await;
            let status = answer.status();
            actix_web::body::to_bytes(answer.into_body()).await.ok()?;
            Some(status)
        });
        assert!(
            status.is_some_and(|status| !status.is_server_error() || status.as_u16() == 507),
            "{method} {path}: {status:?}"
        );
        status.is_some_and(|status| status.is_success())
    })
}
