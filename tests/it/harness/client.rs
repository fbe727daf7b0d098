//! An HTTP client that speaks in verbs: `alice.put(path, body).created()`.
//!
//! Written on sockets, so that tests decide each byte that is sent and see each one that comes back. Kept-alive; blocking.

use super::answer::Answer;
use super::multistatus::Multistatus;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer than this, or the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One program of one person, with one connection.
pub struct Client {
    address: SocketAddr,
    login: String,
    authorization: Option<String>,
    connection: RefCell<Option<TcpStream>>,
}

/// A request that is sent by one of its endings: `send`, `status`, `ok`, `created`, …
pub struct Request<'c> {
    client: &'c Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Client {
    /// Logs in by Basic authentication.
    pub fn new(address: SocketAddr, login: &str, password: &str) -> Client {
        let authorization = Some(format!("Basic {}", STANDARD.encode(format!("{login}:{password}"))));
        Client { address, login: login.to_owned(), authorization, connection: RefCell::new(None) }
    }

    /// Does not log in.
    pub fn anonymous(address: SocketAddr) -> Client {
        Client { address, login: String::new(), authorization: None, connection: RefCell::new(None) }
    }

    /// Logs in with a bearer token.
    pub fn bearer(address: SocketAddr, token: &str) -> Client {
        Client { authorization: Some(format!("Bearer {token}")), ..Client::anonymous(address) }
    }

    /// The same person in another program: a connection of its own.
    pub fn another(&self) -> Client {
        Client {
            address: self.address,
            login: self.login.clone(),
            authorization: self.authorization.clone(),
            connection: RefCell::new(None),
        }
    }

    /// The same person at another node.
    pub fn at(&self, address: SocketAddr) -> Client {
        Client { address, ..self.another() }
    }

    /// The path of the person's own collection `slug` in the calendar home, with what follows.
    pub fn calendar(&self, rest: &str) -> String {
        format!("/dav/calendars/{}/{rest}", self.login)
    }

    /// The path of something in the person's address-book home.
    pub fn book(&self, rest: &str) -> String {
        format!("/dav/addressbooks/{}/{rest}", self.login)
    }

    /// The path of the person's principal.
    pub fn principal(&self) -> String {
        format!("/dav/principals/users/{}/", self.login)
    }

    /// A request by any method.
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request {
            client: self,
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request("DELETE", path)
    }

    pub fn options(&self, path: &str) -> Request<'_> {
        self.request("OPTIONS", path)
    }

    /// PUT with the media type that the body's first word says.
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Request<'_> {
        let body = body.into();
        let media = if body.starts_with(b"BEGIN:VCARD") { "text/vcard" } else { "text/calendar" };
        self.request("PUT", path).header("Content-Type", &format!("{media}; charset=utf-8")).body(body)
    }

    pub fn mkcol(&self, path: &str, body: &str) -> Request<'_> {
        self.request("MKCOL", path).xml(body)
    }

    pub fn mkcalendar(&self, path: &str, body: &str) -> Request<'_> {
        self.request("MKCALENDAR", path).xml(body)
    }

    pub fn copy(&self, from: &str, to: &str) -> Request<'_> {
        self.request("COPY", from).header("Destination", to)
    }

    pub fn move_to(&self, from: &str, to: &str) -> Request<'_> {
        self.request("MOVE", from).header("Destination", to)
    }

    /// PROPFIND for properties named as `D:getetag`, `C:calendar-data`, `R:…`, `S:…`, `A:…`.
    pub fn propfind(&self, path: &str, depth: &str, props: &[&str]) -> Request<'_> {
        let body = super::xml::document("D:propfind", &super::xml::prop(props));
        self.request("PROPFIND", path).header("Depth", depth).xml(&body)
    }

    /// PROPFIND with a body of the test's own.
    pub fn propfind_raw(&self, path: &str, depth: &str, body: &str) -> Request<'_> {
        self.request("PROPFIND", path).header("Depth", depth).xml(body)
    }

    /// PROPPATCH; `inside` is what stands in the `propertyupdate`.
    pub fn proppatch(&self, path: &str, inside: &str) -> Request<'_> {
        self.request("PROPPATCH", path).xml(&super::xml::document("D:propertyupdate", inside))
    }

    /// REPORT; `root` is the name of its element, `inside` its content.
    pub fn report(&self, path: &str, root: &str, inside: &str) -> Request<'_> {
        self.request("REPORT", path).header("Depth", "1").xml(&super::xml::document(root, inside))
    }

    /// One property of a resource as text.
    #[track_caller]
    pub fn property(&self, path: &str, name: &str) -> String {
        self.propfind(path, "0", &[name]).multistatus().only().text(name)
    }

    /// Writes bytes as they are on a new connection and hands it over.
    pub fn raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = connect(self.address);
        stream.write_all(bytes).expect("the server reads");
        stream
    }

    /// As [`Client::raw`]; a server that hangs up before it has read all is no failure.
    pub fn raw_lenient(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = connect(self.address);
        // What it answered, if anything, is what counts.
        drop(stream.write_all(bytes));
        stream
    }

    /// The `Authorization` header's line, for raw requests.
    pub fn authorization_line(&self) -> String {
        self.authorization.as_ref().map_or_else(String::new, |value| format!("Authorization: {value}\r\n"))
    }

    /// The head of a raw request, up to but without the empty line.
    pub fn head(&self, method: &str, path: &str, headers: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}{headers}",
            self.address,
            self.authorization_line()
        )
        .into_bytes()
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
    stream.set_nodelay(true).expect("a socket");
    stream
}

impl Request<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets one header in the place of what was set before; an empty value takes it away.
    pub fn instead(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if value.is_empty() { self } else { self.header(name, value) }
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets an XML body.
    pub fn xml(self, body: &str) -> Self {
        if body.is_empty() {
            self
        } else {
            self.header("Content-Type", "application/xml; charset=utf-8").body(body)
        }
    }

    /// Sends it and reads the answer. A kept-alive connection that the server has closed meanwhile is opened anew.
    pub fn send(self) -> Answer {
        let bytes = self.bytes();
        let mut slot = self.client.connection.borrow_mut();
        if let Some(mut stream) = slot.take()
            && stream.write_all(&bytes).is_ok()
            && let Some(answer) = Answer::read(&mut stream, &self.method)
        {
            if answer.keeps_alive() {
                *slot = Some(stream);
            }
            return answer;
        }
        let mut stream = connect(self.client.address);
        // A server that refuses early may close before it has read all: its answer is what counts.
        let written = stream.write_all(&bytes);
        let answer = Answer::read(&mut stream, &self.method)
            .unwrap_or_else(|| panic!("no answer to {} {} (written: {written:?})", self.method, self.path));
        if answer.keeps_alive() {
            *slot = Some(stream);
        }
        answer
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.client.address);
        let given = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !given("Authorization")
            && let Some(value) = &self.client.authorization
        {
            head.push_str(&format!("Authorization: {value}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !given("Content-Length") && !given("Transfer-Encoding") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Expects this status.
    #[track_caller]
    pub fn status(self, expected: u16) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let answer = self.send();
        assert_eq!(answer.status, expected, "{what}: {}", answer.text());
        answer
    }

    #[track_caller]
    pub fn ok(self) -> Answer {
        self.status(200)
    }

    #[track_caller]
    pub fn created(self) -> Answer {
        self.status(201)
    }

    #[track_caller]
    pub fn no_content(self) -> Answer {
        self.status(204)
    }

    /// Expects 207 and reads it.
    #[track_caller]
    pub fn multistatus(self) -> Multistatus {
        self.status(207).multistatus()
    }

    /// Expects a refusal that names a precondition, as `C:valid-calendar-data`.
    #[track_caller]
    pub fn refused(self, status: u16, condition: &str) -> Answer {
        let answer = self.status(status);
        answer.names_condition(condition);
        answer
    }
}

/// Reads until the end of the stream, or until nothing more comes in time.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // An error is the end too: the bytes so far are what counts.
    drop(stream.read_to_end(&mut bytes));
    bytes
}
