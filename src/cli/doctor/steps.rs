//! The steps of the examination, in the order in which clients take them.

use super::Found;
use super::http::{Answer, Client, NoAnswer, Request, Url};
use super::multistatus::{CALDAV, CARDDAV, CS, DAV, Multistatus, Response};

const PROXY: &str = "Let the reverse proxy pass all paths, all methods and the Authorization header to Cenacle unchanged (docs/administrator.md, TLS and proxies).";

/// What every step needs.
struct Patient<'p> {
    client: &'p Client,
    url: &'p Url,
    login: Option<&'p (String, String)>,
}

/// Runs all steps that make sense.
pub fn all(client: &Client, url: &Url, login: Option<&(String, String)>, found: &mut Found) {
    let patient = Patient { client, url, login };
    if !reach(&patient, found) {
        return;
    }
    for service in ["caldav", "carddav"] {
        well_known(&patient, service, found);
    }
    challenge(&patient, found);
    if login.is_none() {
        found.note(
            "no login was given",
            "Say --user LOGIN --password-stdin to try what comes after the login.",
        );
        return;
    }
    let Some(principal) = principal(&patient, found) else { return };
    homes(&patient, &principal, found);
    spelling(&patient, &principal, found);
    foreign_put(&patient, found);
}

impl Patient<'_> {
    fn ask(&self, url: &Url, login: bool, request: Request<'_>) -> Result<Answer, NoAnswer> {
        self.client.ask(url, self.login.filter(|_| login), request)
    }

    fn propfind(&self, url: &Url, login: bool, depth: &str, props: &str) -> Result<Answer, NoAnswer> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\" xmlns:C=\"{CALDAV}\" xmlns:R=\"{CARDDAV}\" xmlns:S=\"{CS}\"><D:prop>{props}</D:prop></D:propfind>"
        );
        self.ask(url, login, Request { method: "PROPFIND", headers: &[("Depth", depth), XML], body: &body })
    }

    fn at(&self, path: &str) -> Url {
        Url { path: path.to_owned(), ..self.url.clone() }
    }
}

const XML: (&str, &str) = ("Content-Type", "application/xml; charset=utf-8");

/// Connection, TLS, and what clear text means.
fn reach(patient: &Patient<'_>, found: &mut Found) -> bool {
    let url = patient.url;
    match patient.ask(&patient.at("/dav/"), false, Request { method: "OPTIONS", headers: &[], body: "" }) {
        Ok(answer) => {
            if url.secure {
                found.good("TLS works, and the certificate is trusted by this machine");
            } else if loopback(url) {
                found.note(
                    "clear text on this machine only",
                    "Fine for trying; phones and other machines need https.",
                );
            } else {
                found.fault(
                    "passwords cross the network in clear text",
                    "Serve https: [tls] in the configuration, or a reverse proxy that is named in trusted_proxies. iOS and Android refuse http.",
                );
            }
            options(&answer, "the context path /dav/", &["calendar-access", "addressbook"], found);
            true
        }
        Err(error @ NoAnswer::Tls(..)) => {
            let text = error.to_string();
            found.fault(&text, remedy(&text));
            false
        }
        Err(error @ NoAnswer::NotHttp(..)) if !url.secure => {
            found.fault(
                &error.to_string(),
                "Does this port speak https? Then say https:// here and in the clients.",
            );
            false
        }
        Err(error) => {
            found.fault(&error.to_string(), "Is the server running, does it listen on this address, and does a firewall let the port through?");
            false
        }
    }
}

/// What to do about a TLS connection that failed with this message.
fn remedy(text: &str) -> &'static str {
    const KNOWN: [(&str, &str); 5] = [
        (
            "UnknownIssuer",
            "Give the server the whole chain (fullchain.pem), or install the institute's own authority on every device.",
        ),
        (
            "CaUsedAsEndEntity",
            "The certificate signed itself, and no device trusts it. Use one of an authority, such as Let's Encrypt or the institute's own.",
        ),
        (
            "not valid for name",
            "The certificate is for another name: clients must be given that name, or the certificate this one.",
        ),
        ("xpired", "Renew the certificate, and restart or reload what serves it."),
        (
            "InvalidContentType",
            "This port speaks http, not https: is the proxy in front of it, or [tls] in the configuration?",
        ),
    ];
    KNOWN.iter().find(|(mark, _)| text.contains(mark)).map_or(
        "Check [tls] in the configuration, or the proxy's certificate; iOS only says that it cannot verify the server.",
        |(_, remedy)| remedy,
    )
}

fn loopback(url: &Url) -> bool {
    let host = url.bare_host();
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// RFC 6764 §5; iOS and macOS PROPFIND here, and follow.
fn well_known(patient: &Patient<'_>, service: &str, found: &mut Found) {
    let path = format!("/.well-known/{service}");
    let answer = match patient.propfind(&patient.at(&path), false, "0", "<D:current-user-principal/>") {
        Ok(answer) => answer,
        Err(error) => return found.fault(&error.to_string(), PROXY),
    };
    match (answer.status, answer.header("location")) {
        (301 | 302 | 307 | 308, Some(target)) => match patient.url.join(&target) {
            Ok(target) if patient.url.secure && !target.secure => found.fault(
                &format!("{path} leads from https to {target}"),
                "The proxy must say X-Forwarded-Proto: https, or rewrite Location; clients stop here or send the password in clear text.",
            ),
            Ok(target) if target.path.trim_end_matches('/') == path => {
                found.fault(&format!("{path} leads to itself"), PROXY);
            }
            Ok(target) => found.good(&format!("{path} leads to {}", target.path)),
            Err(_) => found.fault(&format!("{path} leads to '{target}', which is no address"), PROXY),
        },
        (207 | 401, _) => found.good(&format!("{path} answers itself")),
        (status, _) => found.fault(
            &format!("{path} answers PROPFIND with {status}: iOS, macOS and Thunderbird find nothing by the host's name alone"),
            PROXY,
        ),
    }
}

/// Before the login: a 401 with Basic, everywhere that clients try first.
fn challenge(patient: &Patient<'_>, found: &mut Found) {
    for path in ["/", "/dav/", "/principals/"] {
        let answer = match patient.propfind(&patient.at(path), false, "0", "<D:current-user-principal/>") {
            Ok(answer) => answer,
            Err(error) => return found.fault(&error.to_string(), PROXY),
        };
        let offered = answer.header("www-authenticate").unwrap_or_default();
        match answer.status {
            401 if offered.to_ascii_lowercase().contains("basic") => found.good(&format!("{path} asks for a login")),
            401 => found.fault(
                &format!("{path} asks for a login, but not by Basic (it offers '{offered}')"),
                "The proxy must not replace the WWW-Authenticate header, nor do a login of its own.",
            ),
            207 => found.fault(
                &format!("{path} answers without a login"),
                "Something before Cenacle logs everybody in; remove its stored Authorization header.",
            ),
            301 | 302 | 307 | 308 => found.fault(
                &format!("{path} leads to {}", answer.header("location").unwrap_or_default()),
                "A login page or another application answers here: give Cenacle a host name of its own.",
            ),
            status => found.fault(
                &format!("{path} answers PROPFIND with {status} instead of 401"),
                "iOS tries / and /principals/ too, and then says that it cannot verify the account. Let the proxy pass the whole host.",
            ),
        }
    }
}

/// The first request with the login, and who it is.
fn principal(patient: &Patient<'_>, found: &mut Found) -> Option<Url> {
    let mut first = None;
    for path in ["/dav/", "/", "/principals/"] {
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
fn options(answer: &Answer, what: &str, needed: &[&str], found: &mut Found) {
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
