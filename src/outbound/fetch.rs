//! One GET of a file at an address that somebody else has named: HTTP/1.1, some redirects, bounded in size and time.
//!
//! Each address on the way is judged like the first: who sends on leads nowhere that he could not be named himself. What is
//! compressed is bounded after it is inflated too. RFC 9110 §13.1, §15.4; RFC 9112 §6, §7.1.

use super::post::{Poster, connect};
use super::target::{Target, Targets};
use crate::domain::subscription::Trouble;
use crate::domain::webhook::Outcome;
use flate2::read::MultiGzDecoder;
use rustls::pki_types::ServerName;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long all of a fetch may take, redirects included.
pub const WHOLE: Duration = Duration::from_secs(60);
/// Octets of a file, as it comes and as it is.
pub const MOST: usize = 32 * 1024 * 1024;
/// How often a request may be sent on.
const HOPS: usize = 3;
/// Octets of the head of an answer.
const HEAD: usize = 64 * 1024;
/// Octets of the line before a chunk.
const CHUNK_LINE: usize = 1024;

/// Fetches files from where the operator lets it.
#[derive(Debug, Clone)]
pub struct Fetcher {
    poster: Poster,
    whole: Duration,
    most: usize,
}

/// What is known of what came the last time.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was changed, as the server said it.
    pub modified: Option<String>,
}

/// What came.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// The same as the last time.
    Unchanged,
    /// A file.
    File {
        /// Its octets.
        body: Vec<u8>,
        /// The name of its character set, where one is said.
        charset: Option<String>,
        /// What to say the next time.
        known: Known,
    },
}

/// The head of an answer.
#[derive(Debug)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Fetcher {
    /// Trusts what this system trusts. Reads files.
    pub fn new(targets: Targets) -> io::Result<Self> {
        Ok(Fetcher { poster: Poster::new(targets)?, whole: WHOLE, most: MOST })
    }

    /// The same with other bounds: how long all may take, and how many octets a file may have.
    #[must_use]
    pub fn within(self, whole: Duration, most: usize) -> Self {
        Fetcher { whole, most, ..self }
    }

    /// Fetches the file at a URL, unless it is still the known one. Never takes much longer than its bound.
    pub async fn get(&self, url: &str, known: &Known) -> Result<Fetched, Trouble> {
        timeout(self.whole, self.follow(url, known)).await.unwrap_or(Err(Trouble::TimedOut))
    }

    async fn follow(&self, url: &str, known: &Known) -> Result<Fetched, Trouble> {
        let mut url = url.to_owned();
        for _ in 0..=HOPS {
            let target = self.poster.targets.read(&url).map_err(|_| Trouble::Forbidden)?;
            let (head, body) = self.ask(&target, known).await?;
            match head.status {
                200 => return self.file(&head, body).await,
                304 => return Ok(Fetched::Unchanged),
                301 | 302 | 303 | 307 | 308 => {
                    let to = head.header("location").ok_or(Trouble::Redirected)?;
                    url = resolved(&target, to).ok_or(Trouble::Redirected)?;
                }
                status => return Err(Trouble::Refused(status)),
            }
        }
        Err(Trouble::Redirected)
    }

    async fn ask(&self, target: &Target, known: &Known) -> Result<(Head, Vec<u8>), Trouble> {
        let addresses = self.poster.addresses(target).await.map_err(trouble)?;
        let stream = connect(&addresses).await.map_err(trouble)?;
        let request = request(target, known);
        if !target.secure {
            return exchange(stream, &request, self.most).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| Trouble::Tls)?;
        let connector = TlsConnector::from(Arc::clone(&self.poster.tls));
        let stream = connector.connect(name, stream).await.map_err(|_| Trouble::Tls)?;
        exchange(stream, &request, self.most).await
    }

    async fn file(&self, head: &Head, body: Vec<u8>) -> Result<Fetched, Trouble> {
        let body = match head.header("content-encoding").map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => body,
            Some("gzip" | "x-gzip") => {
                let most = self.most;
                let inflated = tokio::task::spawn_blocking(move || inflate(&body, most)).await;
                inflated.unwrap_or(Err(Trouble::NotHttp))?
            }
            // Nothing else was asked for.
            Some(_) => return Err(Trouble::NotHttp),
        };
        let media = head.header("content-type").unwrap_or_default();
        let charset = media.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
        });
        let kept = |name: &str| head.header(name).filter(|value| value.len() <= 500).map(str::to_owned);
        let known = Known { etag: kept("etag"), modified: kept("last-modified") };
        Ok(Fetched::File { body, charset, known })
    }
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn trouble(outcome: Outcome) -> Trouble {
    match outcome {
        Outcome::Answered(status) => Trouble::Refused(status),
        Outcome::Forbidden => Trouble::Forbidden,
        Outcome::Unreachable => Trouble::Unreachable,
        Outcome::Tls => Trouble::Tls,
        Outcome::TimedOut => Trouble::TimedOut,
        Outcome::NotHttp => Trouble::NotHttp,
    }
}

/// What stands in it is made here, was judged before, or is kept out where it could end a line.
fn request(target: &Target, known: &Known) -> Vec<u8> {
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Cenacle/{}\r\nAccept: text/calendar, application/calendar+json;q=0.5, */*;q=0.1\r\n\
         Accept-Encoding: gzip\r\nConnection: close\r\n",
        target.path,
        target.authority,
        env!("CARGO_PKG_VERSION")
    );
    for (name, value) in [("If-None-Match", &known.etag), ("If-Modified-Since", &known.modified)] {
        if let Some(value) = value.as_deref().filter(|value| !value.chars().any(char::is_control)) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    text.push_str("\r\n");
    text.into_bytes()
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
    most: usize,
) -> Result<(Head, Vec<u8>), Trouble> {
    stream.write_all(request).await.map_err(|_| Trouble::Unreachable)?;
    stream.flush().await.map_err(|_| Trouble::Unreachable)?;
    let mut coming = Coming { stream, seen: Vec::new(), ended: false };
    let head = loop {
        let head = coming.head().await?;
        // What only announces an answer is none.
        if head.status >= 200 {
            break head;
        }
    };
    // Of others nothing is wanted but the head.
    let body = if head.status == 200 { coming.body(&head, most).await? } else { Vec::new() };
    Ok((head, body))
}

/// An answer on its way.
struct Coming<S> {
    stream: S,
    /// What came and was not taken.
    seen: Vec<u8>,
    ended: bool,
}

impl<S: AsyncRead + Unpin> Coming<S> {
    /// Waits for more; false where there is none.
    async fn more(&mut self) -> Result<bool, Trouble> {
        if self.ended {
            return Ok(false);
        }
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            // Some servers hang up without the farewell of TLS: whether all came is told by its length.
            Ok(0) => self.ended = true,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended = true,
            Err(_) => return Err(Trouble::Unreachable),
            Ok(count) => self.seen.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
        Ok(!self.ended)
    }

    /// What stands before `end`, which is taken too; not longer than `most`.
    async fn until(&mut self, end: &[u8], most: usize) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.seen, end) {
                let mut taken: Vec<u8> = self.seen.drain(..at + end.len()).collect();
                taken.truncate(at);
                return Ok(taken);
            }
            if self.seen.len() > most || !self.more().await? {
                return Err(Trouble::NotHttp);
            }
        }
    }

    async fn head(&mut self) -> Result<Head, Trouble> {
        let bytes = self.until(b"\r\n\r\n", HEAD).await?;
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let mut lines = text.split("\r\n");
        let first = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")).ok_or(Trouble::NotHttp)?;
        let status = first.split(' ').nth(1).filter(|status| status.len() == 3);
        let status = status.and_then(|status| status.parse().ok()).filter(|status: &u16| *status >= 100);
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        Ok(Head { status: status.ok_or(Trouble::NotHttp)?, headers: headers.collect() })
    }

    async fn body(&mut self, head: &Head, most: usize) -> Result<Vec<u8>, Trouble> {
        if let Some(coding) = head.header("transfer-encoding") {
            if !coding.trim().eq_ignore_ascii_case("chunked") {
                return Err(Trouble::NotHttp);
            }
            return self.chunks(most).await;
        }
        match head.header("content-length") {
            Some(length) => {
                let length: u64 = length.parse().map_err(|_| Trouble::NotHttp)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > most { Err(Trouble::TooLarge) } else { self.exactly(length).await }
            }
            None => {
                while self.more().await? {
                    if self.seen.len() > most {
                        return Err(Trouble::TooLarge);
                    }
                }
                Ok(std::mem::take(&mut self.seen))
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        while self.seen.len() < length {
            if !self.more().await? {
                // Cut off: what is missing must not look deleted.
                return Err(Trouble::NotHttp);
            }
        }
        let rest = self.seen.split_off(length);
        Ok(std::mem::replace(&mut self.seen, rest))
    }

    async fn chunks(&mut self, most: usize) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n", CHUNK_LINE).await?;
            let size = std::str::from_utf8(&line).ok().and_then(|line| line.split(';').next());
            let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = size.ok_or(Trouble::NotHttp)?;
            if size == 0 {
                return Ok(body);
            }
            if size > most || body.len() + size > most {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&self.exactly(size).await?);
            if self.exactly(2).await? != b"\r\n" {
                return Err(Trouble::NotHttp);
            }
        }
    }
}

/// What a compressed file is, not more than `most` octets of it.
fn inflate(bytes: &[u8], most: usize) -> Result<Vec<u8>, Trouble> {
    let mut out = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut out).map_err(|_| Trouble::NotHttp)?;
    if out.len() > most { Err(Trouble::TooLarge) } else { Ok(out) }
}

/// Where a `Location` leads from a target.
fn resolved(from: &Target, to: &str) -> Option<String> {
    let to = to.split('#').next().filter(|to| !to.is_empty())?;
    let scheme = if from.secure { "https" } else { "http" };
    let lower = to.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Some(to.to_owned());
    }
    if let Some(rest) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    // Another scheme.
    if lower.split(['/', '?']).next().is_some_and(|first| first.contains(':')) {
        return None;
    }
    let base = format!("{scheme}://{}", from.authority);
    let path = from.path.split('?').next().unwrap_or("/");
    Some(match to.chars().next()? {
        '/' => format!("{base}{to}"),
        '?' => format!("{base}{path}{to}"),
        _ => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{base}{folder}/{to}")
        }
    })
}

#[cfg(test)]
mod tests;
