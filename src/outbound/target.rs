//! Where a request goes: a URL, judged as far as it can be without asking what its name means. RFC 3986, RFC 9110 §4.2.

use super::networks::Networks;
use actix_web::http::Uri;
use std::net::IpAddr;

/// Octets of a URL.
pub const MOST: usize = 2_000;

/// What the operator lets requests go to.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// In clear text too.
    pub http: bool,
    /// Networks besides the public internet.
    pub networks: Networks,
}

/// A URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// By TLS.
    pub secure: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// The scheme's own where none is written.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// Host and port, as the `Host` header has them.
    pub authority: String,
}

impl Targets {
    /// Takes a URL apart, or says why nothing is sent there.
    pub fn read(&self, url: &str) -> Result<Target, &'static str> {
        if url.len() > MOST {
            return Err("is longer than 2000 octets");
        }
        let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self.http => false,
            _ => return Err("must begin with https://"),
        };
        // The fragment would be dropped, and a login would stand in every list of webhooks.
        if url.contains('#') || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("must have neither a login nor a fragment");
        }
        let written = uri.host().filter(|host| !host.is_empty()).ok_or("has no host")?;
        let host = written.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.parse::<IpAddr>().is_ok_and(|address| !self.networks.permit(address)) {
            return Err("is not an address of the public internet");
        }
        let usual = if secure { 443 } else { 80 };
        let port = match uri.authority().map(|authority| authority.as_str().len() > written.len()) {
            Some(true) => uri.port_u16().filter(|port| *port > 0).ok_or("has a port that is none")?,
            _ => usual,
        };
        let authority = if port == usual { written.to_owned() } else { format!("{written}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Target { secure, host, port, path, authority })
    }
}

#[cfg(test)]
mod tests {
    use super::super::networks::Network;
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let targets = Targets { http: true, networks: Networks(Network::parse("::1").into_iter().collect()) };
        let target = targets.read("https://hooks.example.org/@a?b=c").expect("good");
        assert_eq!((target.secure, target.port, target.path.as_str()), (true, 443, "/@a?b=c"));
        assert_eq!(
            (target.host.as_str(), target.authority.as_str()),
            ("hooks.example.org", "hooks.example.org")
        );
        let target = targets.read("http://[::1]:81").expect("good");
        assert_eq!((target.secure, target.host.as_str(), target.port), (false, "::1", 81));
        assert_eq!((target.authority.as_str(), target.path.as_str()), ("[::1]:81", "/"));
    }

    #[test]
    fn what_nothing_is_sent_to_is_said() {
        let targets = Targets::default();
        let long = format!("https://a.example/{}", "x".repeat(MOST));
        for bad in [
            "",
            "x",
            "/a",
            "http://a.example/",
            "ftp://a.example/",
            "https://",
            "https:///a",
            "https://u:p@a.example/",
            "https://a.example/#b",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a.example:x/",
            "https://a b/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1:8443/",
            "https://a.example/\r\nX: y",
            "https://é.example/",
            &long,
        ] {
            assert!(targets.read(bad).is_err(), "{bad}");
        }
    }
}
