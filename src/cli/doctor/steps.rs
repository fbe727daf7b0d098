//! The steps of the examination, in the order in which clients take them.

use super::Found;
use super::front;
use super::http::{Answer, Client, NoAnswer, Request};
use super::multistatus::{CALDAV, CARDDAV, CS, DAV, Multistatus, Response};
use super::url::Url;

pub const PROXY: &str = "Let the reverse proxy pass all paths, all methods and the Authorization header to Cenacle unchanged (docs/administrator.md, TLS and proxies).";

/// What every step needs.
pub struct Patient<'p> {
    pub client: &'p Client,
    pub url: &'p Url,
    pub login: Option<&'p (String, String)>,
}

/// Runs all steps that make sense; tells whether there is a server to examine.
pub fn all(client: &Client, url: &Url, login: Option<&(String, String)>, found: &mut Found) -> bool {
    let patient = Patient { client, url, login };
    if url.login {
        found.note(
            "the login in the address is not used",
            "Say --user LOGIN --password-stdin: an address stands in lists of processes and in histories.",
        );
    }
    let Some(private) = front::reach(&patient, found) else { return false };
    for service in ["caldav", "carddav"] {
        front::well_known(&patient, service, found);
    }
    let asked = front::challenge(&patient, found);
    if login.is_none() {
        found.note(
            "no login was given",
            "Say --user LOGIN --password-stdin to try what comes after the login.",
        );
        return true;
    }
    // A password that was sent cannot be taken back: it goes only where clients may send theirs.
    if !private {
        found.note("the login was not tried: it would cross the network in clear text", "Mend that first.");
        return true;
    }
    if !asked.iter().any(|path| path == "/dav/") {
        found.note("the login was not tried: /dav/ did not ask for one by Basic", "Mend that first.");
        return true;
    }
    let Some(principal) = principal(&patient, &asked, found) else { return true };
    homes(&patient, &principal, found);
    spelling(&patient, &principal, found);
    if asked.iter().any(|path| path == "/") {
        foreign_put(&patient, found);
    }
    true
}

impl Patient<'_> {
    /// Asks; a login goes to no other server than the one that was named.
    pub fn ask(&self, url: &Url, login: bool, request: Request<'_>) -> Result<Answer, NoAnswer> {
        if login && !url.beside(self.url) {
            return Err(NoAnswer::Elsewhere(url.to_string()));
        }
        self.client.ask(url, self.login.filter(|_| login), request)
    }

    pub fn propfind(&self, url: &Url, login: bool, depth: &str, props: &str) -> Result<Answer, NoAnswer> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\" xmlns:C=\"{CALDAV}\" xmlns:R=\"{CARDDAV}\" xmlns:S=\"{CS}\"><D:prop>{props}</D:prop></D:propfind>"
        );
        self.ask(url, login, Request { method: "PROPFIND", headers: &[("Depth", depth), XML], body: &body })
    }

    pub fn at(&self, path: &str) -> Url {
        Url { path: path.to_owned(), ..self.url.clone() }
    }
}

const XML: (&str, &str) = ("Content-Type", "application/xml; charset=utf-8");

/// The first requests with the login, where one was asked for, and who it is.
fn principal(patient: &Patient<'_>, asked: &[String], found: &mut Found) -> Option<Url> {
    let mut first = None;
    for path in asked {
        let url = patient.at(path);
        let answer = match patient.propfind(&url, true, "0", "<D:current-user-principal/>") {
            Ok(answer) => answer,
            Err(error) => {
                found.fault(&error.to_string(), PROXY);
                return None;
            }
        };
        if answer.status == 401 {
            found.fault(
                "the login is refused",
                "Either login or password is wrong (cenacle user password sets it), or the proxy drops the Authorization header.",
            );
            return None;
        }
        if !front::USUAL.contains(&path.as_str()) && answer.status == 404 {
            found.fault(
                &format!("{path}, which stands in the address, is not there"),
                "Give clients the address without a path: they find the rest themselves.",
            );
            continue;
        }
        let href = Multistatus::parse(&answer.body).and_then(|body| {
            body.responses
                .first()
                .and_then(|first| first.hrefs(DAV, "current-user-principal").into_iter().next())
        });
        match href.and_then(|href| url.join(&href).ok()) {
            Some(principal) => {
                found.good(&format!("{path} names the principal {}", principal.path));
                first.get_or_insert(principal);
            }
            None => found.fault(
                &format!("{path} answers {} and names no current-user-principal", answer.status),
                "Thunderbird's address books and iOS stop here. Let the proxy pass the whole host.",
            ),
        }
    }
    first
}

const HOME_PROPS: &str =
    "<C:calendar-home-set/><R:addressbook-home-set/><C:calendar-user-address-set/><D:displayname/>";

/// The principal, and then both homes.
fn homes(patient: &Patient<'_>, principal: &Url, found: &mut Found) {
    let Some(me) = one(patient, principal, HOME_PROPS, "the principal", found) else { return };
    ask_options(patient, principal, "the principal", &["calendar-access", "addressbook"], found);
    if me
        .hrefs(CALDAV, "calendar-user-address-set")
        .iter()
        .any(|address| address.to_ascii_lowercase().starts_with("mailto:"))
    {
        found.good("the account has a mail address");
    } else {
        found.note(
            "the account has no mail address",
            "Without one no client can invite in its name: cenacle user add … --email.",
        );
    }
    for (ns, local, what) in
        [(CALDAV, "calendar-home-set", "calendar"), (CARDDAV, "addressbook-home-set", "address book")]
    {
        match me.hrefs(ns, local).as_slice() {
            [home] => match principal.join(home) {
                Ok(home) => members(patient, &home, what, found),
                Err(error) => found.fault(&error.to_string(), PROXY),
            },
            [] => found.fault(
                &format!("the principal names no {what} home"),
                "Is this Cenacle? Its principals always name one.",
            ),
            _ => found.fault(
                &format!("the principal names more than one {what} home"),
                "Apple's clients take only the first of them.",
            ),
        }
    }
}

/// One resource by PROPFIND at depth 0.
fn one(patient: &Patient<'_>, url: &Url, props: &str, what: &str, found: &mut Found) -> Option<Response> {
    match patient.propfind(url, true, "0", props) {
        Ok(answer) if answer.status == 207 => {
            Multistatus::parse(&answer.body).and_then(|body| body.responses.into_iter().next())
        }
        Ok(answer) => {
            found.fault(&format!("{what} {} answers PROPFIND with {}", url.path, answer.status), PROXY);
            None
        }
        Err(error) => {
            found.fault(&error.to_string(), PROXY);
            None
        }
    }
}

const MEMBER_PROPS: &str = "<D:resourcetype/><D:displayname/><S:getctag/><D:sync-token/><D:current-user-privilege-set/><C:supported-calendar-component-set/>";

/// A home: its collections, and how they are kept in step.
fn members(patient: &Patient<'_>, home: &Url, what: &str, found: &mut Found) {
    let needed = if what == "calendar" { "calendar-access" } else { "addressbook" };
    ask_options(patient, home, &format!("the {what} home"), &[needed], found);
    let answer = match patient.propfind(home, true, "1", MEMBER_PROPS) {
        Ok(answer) => answer,
        Err(error) => return found.fault(&error.to_string(), PROXY),
    };
    let Some(body) = Multistatus::parse(&answer.body).filter(|_| answer.status == 207) else {
        return found
            .fault(&format!("the {what} home answers {} to PROPFIND with Depth 1", answer.status), PROXY);
    };
    let same = |response: &&Response| home.join(&response.href).is_ok_and(|url| url.path == home.path);
    if body.responses.iter().find(same).is_none_or(|own| own.text(CS, "getctag").is_none()) {
        found.fault(&format!("the {what} home has no getctag"), "iOS refuses to refresh without one.");
    }
    let kind = if what == "calendar" { (CALDAV, "calendar") } else { (CARDDAV, "addressbook") };
    let collections: Vec<&Response> =
        body.responses.iter().filter(|response| response.is(kind.0, kind.1)).collect();
    if collections.is_empty() {
        return found.fault(&format!("there is no {what}"), "The account has lost its defaults, or may not see them: is an application password of another scope used?");
    }
    found.good(&format!("{} {what}s: {}", collections.len(), names(&collections)));
    for collection in &collections {
        health(collection, what, found);
    }
    if let Some(first) = collections.first().and_then(|first| home.join(&first.href).ok()) {
        ask_options(patient, &first, &format!("the {what}"), &[needed], found);
        sync(patient, &first, what, found);
    }
    if what == "calendar" {
        let takes = |component: &str| {
            let named = |set: &crate::text::xml::Element| {
                set.children().any(|one| one.attribute("name") == Some(component))
            };
            collections
                .iter()
                .any(|one| one.prop(CALDAV, "supported-calendar-component-set").is_some_and(named))
        };
        for (component, who) in
            [("VEVENT", "no client can keep events"), ("VTODO", "Reminders and Tasks show nothing")]
        {
            if !takes(component) {
                found.note(&format!("no calendar takes {component}: {who}"), "Make one with any client.");
            }
        }
    }
}

fn names(collections: &[&Response]) -> String {
    let name = |one: &&Response| one.text(DAV, "displayname").unwrap_or_else(|| one.href.clone());
    collections.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What a client looks at in each collection.
fn health(collection: &Response, what: &str, found: &mut Found) {
    let token = collection.text(DAV, "sync-token").unwrap_or_default();
    if !token.contains([':', '/']) {
        found.fault(
            &format!("the {what} {} has no sync-token that is a URI", collection.href),
            "Evolution then reads everything each time.",
        );
    }
    let writes = |set: &crate::text::xml::Element| {
        set.children()
            .flat_map(crate::text::xml::Element::children)
            .any(|one| matches!(one.local.as_str(), "write" | "write-content" | "bind" | "all"))
    };
    if !collection.prop(DAV, "current-user-privilege-set").is_some_and(writes) {
        found.note(
            &format!("the {what} {} is read-only for this login", collection.href),
            "Right for a share; else look at the scope of the application password.",
        );
    }
}

/// A first sync, and one with nothing new.
fn sync(patient: &Patient<'_>, collection: &Url, what: &str, found: &mut Found) {
    let report = |token: &str| {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
        );
        patient.ask(
            collection,
            true,
            Request { method: "REPORT", headers: &[("Depth", "0"), XML], body: &body },
        )
    };
    let first = match report("") {
        Ok(answer) => answer,
        Err(error) => return found.fault(&error.to_string(), PROXY),
    };
    let Some(token) =
        Multistatus::parse(&first.body).filter(|_| first.status == 207).and_then(|body| body.sync_token)
    else {
        return found.fault(&format!("REPORT sync-collection on the {what} answers {}", first.status), PROXY);
    };
    let mut escaped = String::new();
    crate::text::xml::escape(&mut escaped, &token);
    match report(&escaped) {
        Ok(again)
            if again.status == 207
                && Multistatus::parse(&again.body).is_some_and(|body| body.sync_token.is_some()) =>
        {
            found.good(&format!("the {what} is kept in step by sync-collection"));
        }
        Ok(again) => found.fault(
            &format!("the {what}'s own token is answered with {}", again.status),
            "Are two servers with different databases behind one name? All nodes must use the same one.",
        ),
        Err(error) => found.fault(&error.to_string(), PROXY),
    }
}

fn ask_options(patient: &Patient<'_>, url: &Url, what: &str, needed: &[&str], found: &mut Found) {
    match patient.ask(url, true, Request { method: "OPTIONS", headers: &[], body: "" }) {
        Ok(answer) => options(&answer, what, needed, found),
        Err(error) => found.fault(&error.to_string(), PROXY),
    }
}

/// Clients decide by the DAV header what a server can.
pub fn options(answer: &Answer, what: &str, needed: &[&str], found: &mut Found) {
    let dav = answer.header("dav").unwrap_or_default();
    let missing: Vec<&str> =
        needed.iter().filter(|feature| !dav.split(',').any(|one| one.trim() == **feature)).copied().collect();
    if answer.status >= 400 || !missing.is_empty() {
        found.fault(
            &format!("OPTIONS on {what} answers {} and does not name {} in its DAV header", answer.status, if missing.is_empty() { "anything" } else { "" }.to_owned() + &missing.join(", ")),
            "DAVx5, Thunderbird and Evolution take the server for one without calendars. Some proxies answer OPTIONS themselves: let them not.",
        );
    } else {
        found.good(&format!("OPTIONS on {what} names what clients look for"));
    }
}

/// The same path in another spelling: proxies that decode or merge paths break clients that encode more than others do.
fn spelling(patient: &Patient<'_>, principal: &Url, found: &mut Found) {
    let Some((folder, name)) = principal.path.trim_end_matches('/').rsplit_once('/') else { return };
    let Some(first) = name.bytes().next().filter(u8::is_ascii_alphanumeric) else { return };
    let path = format!("{folder}/%{first:02X}{}/", name.get(1..).unwrap_or_default());
    match patient.propfind(&Url { path, ..principal.clone() }, true, "0", "<D:displayname/>") {
        Ok(answer) if answer.status == 207 => found.good("percent-encoded paths arrive whole"),
        Ok(answer) => found.fault(
            &format!("a percent-encoded path is answered with {}", answer.status),
            "The proxy must pass paths as they are (nginx: proxy_pass without a path behind the host).",
        ),
        Err(error) => found.fault(&error.to_string(), PROXY),
    }
}

/// Thunderbird tries whether it may write with a PUT that can never succeed.
fn foreign_put(patient: &Patient<'_>, found: &mut Found) {
    match patient.ask(&patient.at("/"), true, Request { method: "PUT", headers: &[("If-Match", "\"nothing\"")], body: "" }) {
        Ok(answer) if (400..500).contains(&answer.status) && answer.status != 401 => found.good("an impossible PUT is refused politely"),
        Ok(answer) => found.fault(
            &format!("PUT / with a condition that cannot hold is answered with {}", answer.status),
            "Thunderbird tries this. Let the proxy pass PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCOL, MKCALENDAR, COPY, MOVE and ACL.",
        ),
        Err(error) => found.fault(&error.to_string(), PROXY),
    }
}
