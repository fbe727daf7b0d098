//! Addresses as an operator types them, and as servers name them.

use super::http::NoAnswer;
use actix_web::http::Uri;

/// An address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// By TLS.
    pub secure: bool,
    /// Whether a login stands in it. It is kept nowhere.
    pub login: bool,
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
        let wrong = || NoAnswer::Address(without_login(text));
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = whole.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
        let authority = uri.authority().ok_or_else(wrong)?.as_str();
        let (login, place) =
            authority.rsplit_once('@').map_or((false, authority), |(_, place)| (true, place));
        // The crate leaves out a port that is none; the scheme's own is not what was meant then.
        let port = match place.strip_prefix(host.as_str()).ok_or_else(wrong)? {
            "" | ":" if secure => 443,
            "" | ":" => 80,
            written => {
                let port = written.strip_prefix(':').and_then(|port| port.parse().ok());
                port.filter(|port| *port != 0).ok_or_else(wrong)?
            }
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Url { secure, login, host, port, path })
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

    /// Whether both are of one server: the same scheme, host and port.
    pub fn beside(&self, other: &Url) -> bool {
        self.secure == other.secure && self.port == other.port && self.host.eq_ignore_ascii_case(&other.host)
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

/// What may be said of an address that cannot be read: a password may stand in it.
fn without_login(text: &str) -> String {
    let Some((before, place)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    format!("{scheme}…@{place}")
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
        assert_eq!(Url::parse("http://a:/").expect("good").port, 80);
        for bad in ["", "ftp://a/", "http://", "http://a b/", "http://a:99999/", "a:0", "https://[::1]:x/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_login_in_an_address_is_neither_used_nor_said() {
        let url = Url::parse("https://anna:secret@agenda.example.org:8443/").expect("good");
        assert!(url.login && !format!("{url:?} {url}").contains("secret"));
        assert_eq!(url.authority(), "agenda.example.org:8443");
        for bad in ["http://anna:secret@a:99999/", "anna:secret@a:99999", "ftp://anna:s@secret@a/"] {
            let said = Url::parse(bad).expect_err("no address").to_string();
            assert!(!said.contains("secret") && said.contains("@a"), "{said}");
        }
    }
}
