//! An HTTP answer, read from a socket and held against what a test expects.

use super::multistatus::Multistatus;
use super::xml::{self, Xml};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// Status, headers, body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads one; `None` where the connection ends before it does.
    pub fn read(stream: &mut TcpStream, method: &str) -> Option<Answer> {
        let mut reader = BufReader::new(stream);
        let mut answer = loop {
            let answer = Answer::read_head(&mut reader)?;
            if answer.status >= 200 {
                break answer;
            }
        };
        if method == "HEAD" || answer.status == 204 || answer.status == 304 {
            return Some(answer);
        }
        answer.body = if answer
            .header("Transfer-Encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            read_chunks(&mut reader)?
        } else if let Some(length) = answer.header("Content-Length") {
            let mut body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
            body
        } else {
            let mut body = Vec::new();
            reader.read_to_end(&mut body).ok()?;
            body
        };
        Some(answer)
    }

    fn read_head(reader: &mut impl BufRead) -> Option<Answer> {
        let first = read_line(reader)?;
        let status = first.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = read_line(reader)?;
            if line.is_empty() {
                return Some(Answer { status, headers, body: Vec::new() });
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All headers of this name, joined.
    pub fn joined(&self, name: &str) -> String {
        let all: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        all.join(", ")
    }

    /// Whether a list header names `word`.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        self.joined(name).split(',').any(|one| one.trim() == word)
    }

    /// The entity tag, quotes included; must be there and strong.
    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.header("ETag").expect("an ETag");
        assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "strong and quoted: {etag}");
        etag.to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as XML; must be well-formed.
    #[track_caller]
    pub fn xml(&self) -> Xml {
        xml::parse(&self.text())
    }

    /// The body as a multistatus.
    #[track_caller]
    pub fn multistatus(&self) -> Multistatus {
        assert!(
            self.header("Content-Type").is_some_and(|media| media.starts_with("application/xml")),
            "{:?}",
            self.headers
        );
        Multistatus::of(&self.xml())
    }

    /// Expects a `DAV:error` that names this precondition; gives its element.
    #[track_caller]
    pub fn names_condition(&self, condition: &str) -> Xml {
        let root = self.xml();
        assert!(root.is("D:error"), "no DAV:error: {}", self.text());
        root.child(condition).unwrap_or_else(|| panic!("no {condition}: {}", self.text())).clone()
    }

    /// What becomes of each property in a refused making: its status, and the precondition in its `propstat`. RFC 5689 §3.
    #[track_caller]
    pub fn refused_properties(&self, root: &str) -> Vec<(String, String, Option<String>)> {
        let xml = self.xml();
        assert!(xml.is(root), "no {root}: {}", self.text());
        let mut all = Vec::new();
        for propstat in xml.all("D:propstat") {
            let status =
                propstat.child("D:status").expect("a status").text.split(' ').nth(1).map(str::to_owned);
            let condition = propstat.child("D:error").and_then(|error| error.children.first());
            for prop in &propstat.child("D:prop").expect("a prop").children {
                let of = (
                    prop.local.clone(),
                    status.clone().expect("a code"),
                    condition.map(|one| one.local.clone()),
                );
                all.push(of);
            }
        }
        all
    }

    /// Whether another request may follow on the same connection.
    pub fn keeps_alive(&self) -> bool {
        !self.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
            && (self.status == 204
                || self.status == 304
                || self.header("Content-Length").is_some()
                || self.header("Transfer-Encoding").is_some())
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    if line.pop() != Some(b'\n') {
        return None;
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).ok()
}

fn read_chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(read_line(reader)?.split(';').next()?.trim(), 16).ok()?;
        let begun = body.len();
        body.resize(begun + size, 0);
        reader.read_exact(&mut body[begun..]).ok()?;
        read_line(reader)?;
        if size == 0 {
            return Some(body);
        }
    }
}
