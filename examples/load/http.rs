//! A small HTTP/1.1 client over one kept-alive connection, made to cost next to nothing beside the server that it measures.
//!
//! Knows no calendar. RFC 9112: content-length and chunked answers, no trailers, no compression.

use memchr::memmem;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer that is silent for so long is taken for lost.
const PATIENCE: Duration = Duration::from_secs(600);
/// Octets of an answer's head at most.
const HEAD: usize = 64 * 1024;

/// What an answer says, as far as a check needs it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// `ETag`, with its quotes.
    pub etag: Option<&'a str>,
    /// The body, chunks joined.
    pub body: &'a [u8],
}

/// One connection with its buffers.
pub struct Connection {
    to: SocketAddr,
    stream: TcpStream,
    /// Whether the server closed it after the last answer; the next request then goes over a new one.
    closed: bool,
    raw: Vec<u8>,
    joined: Vec<u8>,
    /// Octets of `raw` that are read and not yet used.
    filled: usize,
}

/// Where the parts of an answer stand.
struct Head {
    status: u16,
    end: usize,
    length: Option<usize>,
    chunked: bool,
    /// Whether the server closes the connection after it.
    closes: bool,
    etag: Option<(usize, usize)>,
}

impl Connection {
    /// Connects.
    pub async fn open(to: SocketAddr) -> Result<Self, String> {
        let stream = connect(to).await?;
        Ok(Connection { to, stream, closed: false, raw: vec![0; 32 * 1024], joined: Vec::new(), filled: 0 })
    }

    /// Sends a request as it is and reads its answer. `bodiless` for HEAD.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        self.filled = 0;
        if self.closed {
            self.stream = connect(self.to).await?;
        }
        self.stream.write_all(request).await.map_err(|error| format!("send: {error}"))?;
        let head = self.head().await?;
        self.closed = head.closes;
        let (start, end, in_raw) = if matches!(head.status, 204 | 304) {
            (head.end, head.end, true)
        } else if head.chunked {
            self.chunks(head.end).await?;
            (0, self.joined.len(), false)
        } else {
            let end = head.end + head.length.ok_or("an answer without a length")?;
            while self.filled < end {
                self.more().await?;
            }
            (head.end, end, true)
        };
        let etag = head.etag.and_then(|(from, to)| std::str::from_utf8(self.raw.get(from..to)?).ok());
        let body = if in_raw { self.raw.get(start..end) } else { self.joined.get(start..end) };
        Ok(Answer { status: head.status, etag, body: body.unwrap_or_default() })
    }

    async fn more(&mut self) -> Result<(), String> {
        if self.filled == self.raw.len() {
            let grown = self.raw.len() * 2;
            self.raw.resize(grown, 0);
        }
        let free = self.raw.get_mut(self.filled..).unwrap_or_default();
        let read = tokio::time::timeout(PATIENCE, self.stream.read(free)).await;
        match read {
            Ok(Ok(0)) => Err("the server closed the connection".into()),
            Ok(Ok(count)) => {
                self.filled += count;
                Ok(())
            }
            Ok(Err(error)) => Err(format!("receive: {error}")),
            Err(_) => Err("no answer in ten minutes".into()),
        }
    }

    /// The head of the answer, past any `100 Continue`.
    async fn head(&mut self) -> Result<Head, String> {
        let mut begin = 0;
        loop {
            let seen = self.raw.get(begin..self.filled).unwrap_or_default();
            if let Some(at) = memmem::find(seen, b"\r\n\r\n") {
                let head = read_head(seen.get(..at + 2).unwrap_or_default(), begin)?;
                if head.status != 100 {
                    return Ok(head);
                }
                begin = head.end;
                continue;
            }
            if seen.len() > HEAD {
                return Err("an answer whose head does not end".into());
            }
            self.more().await?;
        }
    }

    /// Joins the chunks from `at` on.
    async fn chunks(&mut self, mut at: usize) -> Result<(), String> {
        self.joined.clear();
        loop {
            let size = loop {
                let seen = self.raw.get(at..self.filled).unwrap_or_default();
                if let Some(line) = memmem::find(seen, b"\r\n") {
                    let text = std::str::from_utf8(seen.get(..line).unwrap_or_default()).unwrap_or_default();
                    let digits = text.split(';').next().unwrap_or_default().trim();
                    let size =
                        usize::from_str_radix(digits, 16).map_err(|_| format!("chunk size '{text}'"))?;
                    at += line + 2;
                    break size;
                }
                self.more().await?;
            };
            while self.filled < at + size + 2 {
                self.more().await?;
            }
            if size == 0 {
                return Ok(());
            }
            self.joined.extend_from_slice(self.raw.get(at..at + size).unwrap_or_default());
            at += size + 2;
            // What is used is dropped now and then, so that a long answer does not stay in memory twice.
            if at > 1024 * 1024 {
                self.raw.copy_within(at..self.filled, 0);
                self.filled -= at;
                at = 0;
            }
        }
    }
}

async fn connect(to: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(to).await.map_err(|error| format!("connect {to}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

fn read_head(lines: &[u8], begin: usize) -> Result<Head, String> {
    let status = lines
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok());
    let status = status.ok_or_else(|| {
        format!("not an answer: {}", String::from_utf8_lossy(lines.get(..40).unwrap_or(lines)))
    })?;
    let mut head = Head {
        status,
        end: begin + lines.len() + 2,
        length: None,
        chunked: false,
        closes: false,
        etag: None,
    };
    // A server of the old protocol closes after each answer unless it says otherwise.
    head.closes = lines.starts_with(b"HTTP/1.0");
    let mut at = 0;
    for line in lines.split(|byte| *byte == b'\n') {
        let start = begin + at;
        at += line.len() + 1;
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let text = std::str::from_utf8(value).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"content-length") {
            head.length = text.trim().parse().ok();
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.chunked = text.trim().eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            head.closes = !text.trim().eq_ignore_ascii_case("keep-alive");
        } else if name.eq_ignore_ascii_case(b"etag") {
            let from = start + colon + 1 + (text.len() - text.trim_start().len());
            head.etag = Some((from, from + text.trim().len()));
        }
    }
    Ok(head)
}

/// The head of all requests of one account.
#[derive(Debug, Clone)]
pub struct Account {
    fixed: String,
}

impl Account {
    /// Basic authentication (RFC 7617) at `host`.
    pub fn new(host: SocketAddr, login: &str, password: &str) -> Self {
        use base64::Engine;
        let proof = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
        Account {
            fixed: format!(
                " HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {proof}\r\nUser-Agent: cenacle-load\r\n"
            ),
        }
    }

    /// A request; `headers` are whole lines with their line ends.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let parts = [method, " ", path, &self.fixed, headers, &length, "\r\n", body];
        parts.concat().into_bytes()
    }
}
