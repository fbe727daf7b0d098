//! The smallest HTTP/1.1 client that can ask what CalDAV clients ask: one connection a request, TLS by `rustls`.
//!
//! No crate is added for it. Unlike `outbound` it goes wherever the person says who runs it, and waits on the calling thread.

use crate::outbound::trust;
use actix_web::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a connection, and for bytes on it.
const PATIENCE: Duration = Duration::from_secs(15);
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
    /// A connection, but no HTTP on it.
    #[error("{0} did not answer in HTTP: {1}")]
    NotHttp(String, String),
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
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
}

impl Client {
    /// A client that trusts what this system trusts.
    pub fn new() -> io::Result<Self> {
        Ok(Client { tls: trust::client(trust::authorities()?)? })
    }

    /// Asks once; redirects are not followed.
    pub fn ask(
        &self,
        url: &Url,
        login: Option<&(String, String)>,
        request: Request<'_>,
    ) -> Result<Answer, NoAnswer> {
        let place = url.authority();
        let stream = self.connect(url)?;
        exchange(stream, url, login, request).map_err(|error| {
            let tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let text = error.to_string();
            if tls { NoAnswer::Tls(place, text) } else { NoAnswer::NotHttp(place, text) }
        })
    }

    fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, NoAnswer> {
        let place = url.authority();
        let unreachable = |error| NoAnswer::Unreachable(place.clone(), error);
        let mut last = io::Error::other("the name has no address");
        for address in (url.bare_host(), url.port).to_socket_addrs().map_err(unreachable)? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    let set = stream
                        .set_read_timeout(Some(PATIENCE))
                        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
                    set.map_err(unreachable)?;
                    if !url.secure {
                        return Ok(Box::new(stream));
                    }
                    let wrong =
                        |error: &dyn std::fmt::Display| NoAnswer::Tls(place.clone(), error.to_string());
                    let name =
                        ServerName::try_from(url.bare_host().to_owned()).map_err(|error| wrong(&error))?;
                    let session =
                        ClientConnection::new(Arc::clone(&self.tls), name).map_err(|error| wrong(&error))?;
                    return Ok(Box::new(StreamOwned::new(session, stream)));
                }
                Err(error) => last = error,
            }
        }
        Err(unreachable(last))
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// An address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// By TLS.
    pub secure: bool,
    /// Name or address; IPv6 in brackets.
    pub host: String,
    /// Port, the scheme's own where none is written.
    pub port: u16,
    /// Path with query, as written.
    pub path: String,
}

impl Url {
    /// Reads an absolute one; without a scheme, `https` is meant.
    pub fn parse(text: &str) -> Result<Self, NoAnswer> {
        let wrong = || NoAnswer::Address(text.to_owned());
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = whole.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Url { secure, host, port, path })
    }

    /// Another place of the same server, or of the one that `reference` names.
    pub fn join(&self, reference: &str) -> Result<Self, NoAnswer> {
        if reference.contains("://") {
            return Url::parse(reference);
        }
        let path = if reference.starts_with('/') {
            reference.to_owned()
        } else {
            format!("{}/{reference}", self.path.rsplit_once('/').map_or("", |(folder, _)| folder))
        };
        Ok(Url { path, ..self.clone() })
    }

    /// Host and port as a `Host` header has them.
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The host without brackets.
    pub fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", if self.secure { "https" } else { "http" }, self.authority(), self.path)
    }
}

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
    let mut answer = Answer { status, headers, body: Vec::new() };
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
    fn addresses_are_taken_apart_and_joined() {
        let url = Url::parse("agenda.example.org").expect("good");
        assert_eq!(url.to_string(), "https://agenda.example.org/");
        let url = Url::parse("http://127.0.0.1:8008/dav/x?y").expect("good");
        assert_eq!((url.port, url.path.as_str(), url.secure), (8008, "/dav/x?y", false));
        assert_eq!(url.join("/a/").expect("good").to_string(), "http://127.0.0.1:8008/a/");
        assert_eq!(url.join("z").expect("good").path, "/dav/z");
        assert_eq!(url.join("https://b/c").expect("good").port, 443);
        assert_eq!(Url::parse("https://[::1]:1/").expect("good").bare_host(), "::1");
        for bad in ["", "ftp://a/", "http://", "http://a b/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

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
