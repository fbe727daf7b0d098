//! One POST to an address that somebody else has named: one connection, HTTP/1.1, no redirects, all of it within a time.
//!
//! The name is asked for once, every address that it means is judged, and one of these very addresses is connected to: a name that
//! means another thing a moment later changes nothing. Of the answer only its status is wanted. RFC 9112.

use super::target::{Target, Targets};
use super::trust;
use crate::domain::webhook::Outcome;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long all of a request may take.
pub const WHOLE: Duration = Duration::from_secs(15);
/// How long one address may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 4;
/// Octets of the head of an answer.
const HEAD: usize = 16 * 1024;
/// Octets of the rest of an answer that are read at most, and how long: who is hung up on while he writes calls that an error.
const REST: u64 = 64 * 1024;
const REST_TIME: Duration = Duration::from_secs(2);

/// Sends requests to where the operator lets them go.
#[derive(Debug, Clone)]
pub struct Poster {
    pub(super) targets: Targets,
    pub(super) tls: Arc<ClientConfig>,
    whole: Duration,
}

impl Poster {
    /// Trusts what this system trusts. Reads files.
    pub fn new(targets: Targets) -> io::Result<Self> {
        Ok(Poster { targets, tls: trust::client(trust::authorities()?)?, whole: WHOLE })
    }

    /// Posts JSON to a URL; tells what came of it. Never takes much longer than [`WHOLE`].
    pub async fn post(&self, url: &str, headers: &[(&str, String)], body: &[u8]) -> Outcome {
        let Ok(target) = self.targets.read(url) else { return Outcome::Forbidden };
        match timeout(self.whole, self.send(&target, headers, body)).await {
            Ok(Ok(status)) => Outcome::Answered(status),
            Ok(Err(outcome)) => outcome,
            Err(_) => Outcome::TimedOut,
        }
    }

    async fn send(&self, target: &Target, headers: &[(&str, String)], body: &[u8]) -> Result<u16, Outcome> {
        let addresses = self.addresses(target).await?;
        let stream = connect(&addresses).await?;
        let mut message = head(target, headers, body.len()).into_bytes();
        message.extend_from_slice(body);
        if !target.secure {
            return exchange(stream, &message).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| Outcome::Tls)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|_| Outcome::Tls)?;
        exchange(stream, &message).await
    }

    /// What the name of a target means now. One forbidden address among them forbids all: nobody serves the public from such.
    pub(super) async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Outcome> {
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Outcome::Unreachable)?.collect();
        if !found.iter().all(|address| self.targets.networks.permit(address.ip())) {
            return Err(Outcome::Forbidden);
        }
        Ok(found)
    }
}

pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Outcome> {
    let mut outcome = Outcome::Unreachable;
    for address in addresses.iter().take(ADDRESSES) {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(_)) => outcome = Outcome::Unreachable,
            Err(_) => outcome = Outcome::TimedOut,
        }
    }
    Err(outcome)
}

/// The head of the request. What stands in it is made here or was judged before, so nothing can end a line.
fn head(target: &Target, headers: &[(&str, String)], length: usize) -> String {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Cenacle/{}\r\nContent-Type: application/json\r\nAccept: */*\r\nConnection: close\r\n",
        target.path,
        target.authority,
        env!("CARGO_PKG_VERSION")
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {length}\r\n\r\n"));
    head
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, message: &[u8]) -> Result<u16, Outcome> {
    // Who refuses early may close before he has read all: his answer is what counts.
    let written = async {
        stream.write_all(message).await?;
        stream.flush().await
    };
    let written: io::Result<()> = written.await;
    let status = match status(&mut stream).await {
        Some(status) => status?,
        None if written.is_err() => return Err(Outcome::Unreachable),
        None => return Err(Outcome::NotHttp),
    };
    let mut rest = stream.take(REST);
    // Nothing of it is wanted, so neither is an error.
    let _ = timeout(REST_TIME, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    Ok(status)
}

/// The status of an answer, those left out that only announce one; `None` where the connection ends before it.
async fn status(stream: &mut (impl AsyncRead + Unpin)) -> Option<Result<u16, Outcome>> {
    let mut seen: Vec<u8> = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        while let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            match status_of(&seen) {
                Some(100..=199) => drop(seen.drain(..end + 4)),
                Some(status) => return Some(Ok(status)),
                None => return Some(Err(Outcome::NotHttp)),
            }
        }
        if seen.len() > HEAD {
            return Some(Err(Outcome::NotHttp));
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => seen.extend_from_slice(buffer.get(..count)?),
        }
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let version = words.next()?;
    let status = words.next()?;
    if !version.starts_with("HTTP/1.") || status.len() != 3 {
        return None;
    }
    status.parse().ok().filter(|status| *status >= 100)
}

#[cfg(test)]
mod tests;
