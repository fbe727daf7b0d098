//! One sync answer is of one state, however long it takes to read and whatever is written meanwhile.

use super::{ask, sync};
use crate::harness::answer::Answer;
use crate::harness::many::fill;
use crate::harness::{Client, Multistatus, TestServer, both, samples, xml};
use cenacle::services::Limits;
use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;

/// A name so long, once encoded, that an answer of thousands of them does not fit into what sockets hold.
fn name(at: usize) -> String {
    format!("{at:05}-{}.ics", "é".repeat(240))
}

fn path(client: &Client, at: usize) -> String {
    client.calendar(&format!("work/{at:05}-{}.ics", "%C3%A9".repeat(240)))
}

/// `count` members of `work/`, and their tags as a client has them that has listed them.
fn many(server: &TestServer, alice: &Client, count: usize) -> BTreeMap<String, String> {
    alice.mkcalendar(&alice.calendar("work/"), "").created();
    let members: Vec<(String, String)> =
        (0..count).map(|at| (name(at), samples::meeting(&at.to_string()))).collect();
    fill(server, "alice", "work", &members);
    truth(alice)
}

fn truth(alice: &Client) -> BTreeMap<String, String> {
    let path = alice.calendar("work/");
    let listed = alice.propfind(&path, "1", &["D:getetag"]).multistatus();
    let members = listed.members.iter().filter(|member| member.href != path);
    members.map(|member| (member.href.clone(), member.text("D:getetag"))).collect()
}

/// Asks and takes only the first bytes of the answer.
struct Paused {
    stream: TcpStream,
    taken: Vec<u8>,
}

impl Paused {
    fn ask(alice: &Client, token: &str, props: &str) -> Paused {
        let inside = format!(
            "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop>{props}</D:prop>"
        );
        let body = xml::document("D:sync-collection", &inside);
        let headers = format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let mut request = alice.head("REPORT", &alice.calendar("work/"), &headers);
        request.extend_from_slice(body.as_bytes());
        let mut stream = alice.raw(&request);
        let mut taken = vec![0; 32 * 1024];
        stream.read_exact(&mut taken).expect("the beginning of an answer");
        Paused { stream, taken }
    }

    fn finish(mut self) -> Multistatus {
        self.stream.read_to_end(&mut self.taken).expect("the rest of the answer");
        let text = dechunked(&self.taken);
        Answer { status: 207, headers: vec![("Content-Type".into(), "application/xml".into())], body: text }
            .multistatus()
    }
}

/// The body of a chunked answer.
fn dechunked(bytes: &[u8]) -> Vec<u8> {
    let find = |from: usize| bytes[from..].windows(2).position(|two| two == b"\r\n").map(|at| from + at);
    assert!(bytes.starts_with(b"HTTP/1.1 207 "));
    let mut at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of the head") + 4;
    let mut body = Vec::new();
    loop {
        let end = find(at).expect("the length of a chunk");
        let length =
            std::str::from_utf8(&bytes[at..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let length = length.expect("a length");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        at = end + 2 + length + 2;
    }
}

/// Changes members that are told early, in the middle and late; removes some, adds some, gives one back its name. Each round does it
/// to others.
fn disturb(alice: &Client, count: usize, round: usize) {
    let (first, middle, last) = (round * 5, count / 2 + round * 5, count - 1 - round * 5);
    let changed = |at: usize| samples::meeting(&at.to_string()).replace("Meeting", "Changed");
    for at in [first, first + 1, middle, last - 1, last] {
        alice.put(&path(alice, at), changed(at)).no_content();
    }
    for at in [first + 2, middle + 1, last - 2] {
        alice.delete(&path(alice, at)).no_content();
    }
    alice.put(&path(alice, first + 2), changed(first + 2)).created();
    alice.put(&path(alice, count + round), samples::meeting(&format!("new {round}"))).created();
    alice.proppatch(&path(alice, last - 3), "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>").multistatus();
}

/// What an answer tells, each member once; whether it ends early.
fn take(answer: &Multistatus, known: &mut BTreeMap<String, String>) -> bool {
    let mut hrefs = answer.hrefs();
    hrefs.sort_unstable();
    assert!(hrefs.windows(2).all(|two| two[0] != two[1]), "a member is told twice");
    let mut more = false;
    for member in &answer.members {
        match member.status {
            None => drop(known.insert(member.href.clone(), member.text("D:getetag"))),
            Some(404) => drop(known.remove(&member.href)),
            Some(507) => more = true,
            Some(other) => panic!("{other} for {}", member.href),
        }
    }
    more
}

/// Follows until nothing more is told, and holds what is known then against the truth.
fn follow(alice: &Client, mut token: String, known: &mut BTreeMap<String, String>) {
    for _ in 0..10 {
        let answer = sync(alice, &alice.calendar("work/"), &token);
        token = answer.token();
        if !take(&answer, known) {
            assert!(*known == truth(alice), "nothing is lost, nothing is left over");
            return;
        }
    }
    panic!("it comes to no end");
}

/// More than a page of an answer.
const COUNT: usize = 4_600;

both! {
    fn an_answer_of_thousands_is_of_one_state(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let before = many(&server, &alice, COUNT);
        let path = alice.calendar("work/");
        let token = alice.property(&path, "D:sync-token");
        let paused = Paused::ask(&alice, "", "<D:getetag/>");
        disturb(&alice.another(), COUNT, 0);
        let answer = paused.finish();
        let mut known = BTreeMap::new();
        assert!(!take(&answer, &mut known), "so many are told in one answer");
        assert!(known == before, "as it was when it was asked");
        assert_eq!(answer.token(), token);
        follow(&alice, answer.token(), &mut known);
        // With what is read member by member: each once all the same, and never older than the token says.
        let before = truth(&alice);
        let paused = Paused::ask(&alice, "", "<D:getetag/><X:a/>");
        disturb(&alice.another(), COUNT, 1);
        let answer = paused.finish();
        let mut known = BTreeMap::new();
        assert!(!take(&answer, &mut known));
        assert!(known.keys().eq(before.keys()));
        follow(&alice, answer.token(), &mut known);
        // A limit beyond a page cuts where it says; exactly the rest is not cut off.
        let mut known = BTreeMap::new();
        let first = ask(&alice, &path, "", Some(4_500)).multistatus();
        assert!(take(&first, &mut known));
        assert_eq!(known.len(), 4_500);
        let whole = sync(&alice, &path, &first.token());
        let rest = ask(&alice, &path, &first.token(), Some(whole.members.len())).multistatus();
        assert!(!take(&rest, &mut known));
        assert!(known == truth(&alice));
    }

    fn an_answer_beyond_what_is_read_ahead_is_of_one_state_too(db) {
        const AHEAD: usize = 4_000;
        let server = TestServer::with_limits(db, Limits { read_ahead: AHEAD, ..Limits::default() });
        let alice = server.user("alice");
        let before = many(&server, &alice, COUNT);
        // Nobody writes: all of it, in one.
        let mut known = BTreeMap::new();
        let whole = sync(&alice, &alice.calendar("work/"), "");
        assert!(!take(&whole, &mut known));
        assert!(known == before);
        // Somebody does: what is told is of one state, and the token covers it.
        let paused = Paused::ask(&alice, "", "<D:getetag/>");
        disturb(&alice.another(), COUNT, 0);
        let answer = paused.finish();
        let mut known = BTreeMap::new();
        assert!(take(&answer, &mut known), "the rest could not be told any more as it was");
        assert!(known.iter().all(|(href, etag)| before.get(href) == Some(etag)));
        assert_eq!(known.len(), AHEAD);
        follow(&alice, answer.token(), &mut known);
    }
}
