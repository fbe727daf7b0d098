//! The smallest HTTP/1.1 client that can ask what CalDAV clients ask: one connection a request, TLS by `rustls`.
//!
//! No crate is added for it. Unlike `outbound` it goes wherever the person says who runs it, and waits on the calling thread.

use super::url::Url;
use crate::outbound::trust;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for a connection, and for bytes on it.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest wait for an answer as a whole: a server that sends an octet now and then would otherwise be waited for forever.
const WHOLE: Duration = Duration::from_secs(60);
const MAX_HEAD: u64 = 64 * 1024;
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The address itself is wrong.
    #[error("'{0}' is not an http or https address")]
    Address(String),
    /// No connection.
    #[error("no connection to {0}: {1}")]
    Unreachable(String, io::Error),
    /// No TLS.
    #[error("TLS with {0}: {1}")]
    Tls(String, String),
    /// A connection, and silence on it.
    #[error("{0} gave no answer within {1} seconds")]
    Silent(String, u64),
    /// The answer does not end.
    #[error("{0} had not ended its answer after {1} seconds")]
    Endless(String, u64),
    /// The login would cross a network in clear text.
    #[error("the login is not sent to {0}: it would cross the network in clear text")]
    ClearText(String),
    /// The login was not given for that server.
    #[error("the login is not sent to {0}, which is another server than the one that was asked")]
    Elsewhere(String),
    /// A connection, but no HTTP on it.
    #[error("{0} did not answer in HTTP: {1}")]
    NotHttp(String, String),
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Whether it came from this machine, by the address that answered.
    pub near: bool,
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded; empty where there is none.
    pub body: Vec<u8>,
}

impl Answer {
    /// All values of a header, joined as HTTP lets them be.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The method.
    pub method: &'r str,
    /// Further headers.
    pub headers: &'r [(&'r str, &'r str)],
    /// The body.
    pub body: &'r str,
}

/// Asks servers, with or without a login.
#[derive(Debug)]
pub struct Client {
    tls: Arc<ClientConfig>,
    /// Longest wait for bytes.
    pub patience: Duration,
    /// Longest wait for an answer as a whole.
    pub whole: Duration,
}

impl Client {
    /// A client that trusts what this system trusts.
    pub fn new() -> io::Result<Self> {
        Ok(Client { tls: trust::client(trust::authorities()?)?, patience: PATIENCE, whole: WHOLE })
    }

    /// Asks once; redirects are not followed. A login never crosses a network in clear text.
    pub fn ask(
        &self,
        url: &Url,
        login: Option<&(String, String)>,
        request: Request<'_>,
    ) -> Result<Answer, NoAnswer> {
        let place = url.authority();
        let begun = Instant::now();
        let (stream, near) = self.connect(url)?;
        if login.is_some() && !url.secure && !near {
            return Err(NoAnswer::ClearText(place));
        }
        let answer = exchange(stream, url, login, request).map_err(|error| {
            let tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let text = error.to_string();
            match error.kind() {
                io::ErrorKind::TimedOut if begun.elapsed() < self.whole => {
                    NoAnswer::Silent(place, self.patience.as_secs())
                }
                io::ErrorKind::TimedOut => NoAnswer::Endless(place, self.whole.as_secs()),
                _ if tls => NoAnswer::Tls(place, text),
                _ => NoAnswer::NotHttp(place, text),
            }
        })?;
        Ok(Answer { near, ..answer })
    }

    /// A connection, and whether it stays on this machine: judged by the address that took it, not by its name.
    fn connect(&self, url: &Url) -> Result<(Box<dyn Stream>, bool), NoAnswer> {
        let place = url.authority();
        let unreachable = |error| NoAnswer::Unreachable(place.clone(), error);
        let mut last = io::Error::other("the name has no address");
        for address in (url.bare_host(), url.port).to_socket_addrs().map_err(unreachable)? {
            match TcpStream::connect_timeout(&address, self.patience) {
                Ok(stream) => {
                    let near = stream.peer_addr().map_err(unreachable)?.ip().to_canonical().is_loopback();
                    stream.set_write_timeout(Some(self.patience)).map_err(unreachable)?;
                    let stream =
                        Timed { stream, patience: self.patience, until: Instant::now() + self.whole };
                    if !url.secure {
                        return Ok((Box::new(stream), near));
                    }
                    let wrong =
                        |error: &dyn std::fmt::Display| NoAnswer::Tls(place.clone(), error.to_string());
                    let name =
                        ServerName::try_from(url.bare_host().to_owned()).map_err(|error| wrong(&error))?;
                    let session =
                        ClientConnection::new(Arc::clone(&self.tls), name).map_err(|error| wrong(&error))?;
                    return Ok((Box::new(StreamOwned::new(session, stream)), near));
                }
                Err(error) => last = error,
            }
        }
        Err(unreachable(last))
    }
}

/// A connection that is given up with `TimedOut` after silence, and when all has taken too long.
struct Timed {
    stream: TcpStream,
    patience: Duration,
    until: Instant,
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left.min(self.patience)))?;
        self.stream.read(into).map_err(given_up)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes).map_err(given_up)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Unix calls the end of a wait what would block.
fn given_up(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn exchange(
    mut stream: Box<dyn Stream>,
    url: &Url,
    login: Option<&(String, String)>,
    request: Request<'_>,
) -> io::Result<Answer> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cenacle-doctor/{}\r\nAccept: */*\r\nConnection: close\r\n",
        request.method,
        url.path,
        url.authority(),
        env!("CARGO_PKG_VERSION")
    );
    if let Some((login, password)) = login {
        head.push_str(&format!(
            "Authorization: Basic {}\r\n",
            STANDARD.encode(format!("{login}:{password}"))
        ));
    }
    for (name, value) in request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", request.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(request.body.as_bytes())?;
    stream.flush()?;
    answer(BufReader::new(stream), request.method == "HEAD")
}

fn answer(mut input: impl BufRead, bodiless: bool) -> io::Result<Answer> {
    let mut head = (&mut input).take(MAX_HEAD);
    let status = loop {
        let status = status_line(&line(&mut head)?)?;
        if status >= 200 {
            break status;
        }
        while !line(&mut head)?.is_empty() {}
    };
    let mut headers = Vec::new();
    loop {
        let text = line(&mut head)?;
        if text.is_empty() {
            break;
        }
        let (name, value) =
            text.split_once(':').ok_or_else(|| io::Error::other("a header without a colon"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { near: false, status, headers, body: Vec::new() };
    if bodiless || matches!(status, 204 | 304) {
        return Ok(answer);
    }
    if answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
    {
        answer.body = chunks(&mut input)?;
    } else if let Some(length) = answer.header("content-length").and_then(|length| length.parse::<u64>().ok())
    {
        input.take(length.min(MAX_BODY)).read_to_end(&mut answer.body)?;
    } else {
        input.take(MAX_BODY).read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn status_line(text: &str) -> io::Result<u16> {
    let mut words = text.split(' ');
    let version = words.next().unwrap_or_default();
    let status = words.next().and_then(|status| status.parse().ok());
    status
        .filter(|_| version.starts_with("HTTP/1."))
        .ok_or_else(|| io::Error::other(format!("it said '{}'", text.get(..40).unwrap_or(text))))
}

/// A line without its end.
fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn chunks(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(&mut (&mut *input).take(MAX_HEAD))?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| io::Error::other("a chunk without a size"))?;
        if size == 0 || body.len() as u64 + size > MAX_BODY {
            return Ok(body);
        }
        (&mut *input).take(size).read_to_end(&mut body)?;
        line(&mut (&mut *input).take(2))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_all_their_forms() {
        let read = |text: &str| answer(text.as_bytes(), false);
        let plain = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 207 Multi-Status\r\nDAV: 1\r\ndav: 3\r\nContent-Length: 2\r\n\r\nabc").expect("read");
        assert_eq!(
            (plain.status, plain.body.as_slice(), plain.header("dav").as_deref()),
            (207, &b"ab"[..], Some("1, 3"))
        );
        let chunked =
            read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .expect("read");
        assert_eq!(chunked.body, b"abcde");
        assert_eq!(read("HTTP/1.0 200 OK\r\n\r\nall").expect("read").body, b"all");
        assert_eq!(
            answer(&b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"[..], true).expect("read").body,
            b""
        );
        for bad in ["", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
