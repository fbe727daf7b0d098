//! What `cenacle demo` prints: accounts, and how each client is set up.

use super::people::{self, OPEN};
use crate::config::Config;
use std::collections::HashMap;
use std::fmt::Write;

/// The address that clients type, as far as the configuration tells it.
pub fn origin(config: &Config) -> String {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", config.listen)
}

/// The whole text.
pub fn text(config: &Config, passwords: &HashMap<&str, String>) -> String {
    let origin = origin(config);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "Cenacle serves demonstration data at {origin}/\n\nAccounts (the login may also be the mail address):\n"
    );
    for (login, what) in OPEN {
        let password = passwords.get(login).map_or("as you set it", String::as_str);
        let mail = people::by_login(login).map(people::Person::mail).unwrap_or_default();
        let _ = writeln!(out, "  {login:<16} {password:<18} {mail}\n  {:<16} {what}", "");
    }
    let claire = passwords.get("claire.martin").map_or("PASSWORD", String::as_str);
    out.push_str(&steps(&origin, claire));
    if config.listen.ip().is_loopback() && config.tls.is_none() {
        out.push_str(PHONES);
    }
    out.push_str(
        "\nStop with Ctrl-C. The next start keeps all data; to begin anew, remove the data folder.\n",
    );
    out
}

fn steps(origin: &str, password: &str) -> String {
    format!(
        "
Thunderbird
  Calendar: File > New > Calendar > On the Network; Username claire.martin, Location {origin}/; Find Calendars;
  type the password; tick the calendars and the task list; Subscribe.
  Contacts: Address Book > New Address Book > Add CardDAV Address Book; Username claire.martin, Location {origin}/; Continue.

iPhone, iPad, Mac
  Settings > Apps > Calendar > Calendar Accounts > Add Account > Other > Add CalDAV Account;
  Server: this machine's name, User Name claire.martin, Password as above. Contacts: the same with Add CardDAV Account.
  For plain HTTP on another port: Advanced Settings, Use SSL off, Port {port}, Account URL {origin}/dav/principals/users/claire.martin/

Android, DAVx5
  + > Login with URL and user name; Base URL {origin}/, User name claire.martin; choose calendars, tasks and contacts.

curl
  curl -u claire.martin:{password} -X PROPFIND -H 'Depth: 1' {origin}/dav/calendars/claire.martin/
  curl -u claire.martin:{password} {origin}/dav/calendars/claire.martin/default/fondation@institut.example.ics
  curl -u claire.martin:{password} {origin}/api/v1/me
",
        port = origin.rsplit(':').next().unwrap_or_default()
    )
}

const PHONES: &str = "
A phone cannot reach a loopback address. Put a reverse proxy with TLS before it and name the proxy in trusted_proxies, or give the
server a certificate ([tls] in the configuration); docs/administrator.md shows both.
";
