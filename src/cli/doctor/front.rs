//! The steps before the login: whether there is a CalDAV server at all, and whether it asks for a login as clients expect it.

use super::Found;
use super::http::{Answer, NoAnswer, Request};
use super::steps::{PROXY, Patient, options};
use super::url::Url;

/// Redirects that are followed to see where they end.
const MOST_STEPS: usize = 5;

const REDIRECTS: [u16; 4] = [301, 302, 307, 308];

/// Connection, TLS, and what clear text means. Tells whether a login may be sent there; `None` where nothing further can be asked.
pub fn reach(patient: &Patient<'_>, found: &mut Found) -> Option<bool> {
    let answer =
        patient.ask(&patient.at("/dav/"), false, Request { method: "OPTIONS", headers: &[], body: "" });
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let text = error.to_string();
            found.fault(&text, unreached(&error, patient.url.secure, &text));
            return None;
        }
    };
    let private = patient.url.secure || answer.near;
    if patient.url.secure {
        found.good("TLS works, and the certificate is trusted by this machine");
    } else if private {
        found.note(
            "clear text on this machine only",
            "Fine for trying; phones and other machines need https.",
        );
    }
    if let Some((what, remedy)) = another(patient, &answer) {
        found.fault(&what, &remedy);
        return None;
    }
    // Not before it is known that somebody logs in there: what leads from http to https is as it should be.
    if !private {
        found.fault(
            "passwords cross the network in clear text",
            "Serve https: [tls] in the configuration, or a reverse proxy that is named in trusted_proxies. iOS and Android refuse http.",
        );
    }
    options(&answer, "the context path /dav/", &["calendar-access", "addressbook"], found);
    Some(private)
}

/// What to do where there was no answer.
fn unreached(error: &NoAnswer, secure: bool, text: &str) -> &'static str {
    match error {
        NoAnswer::Tls(..) => remedy(text),
        NoAnswer::NotHttp(..) if !secure => {
            "Does this port speak https? Then say https:// here and in the clients."
        }
        NoAnswer::Silent(..) | NoAnswer::Endless(..) => {
            "Something takes connections there, but it serves nobody: is it the right port, and is the server (or what the proxy leads to) stuck?"
        }
        _ => {
            "Is the server running, does it listen on this address, and does a firewall let the port through?"
        }
    }
}

/// Why that is no CalDAV server at all, in one sentence, and what to do.
fn another(patient: &Patient<'_>, options: &Answer) -> Option<(String, String)> {
    if options.header("dav").is_some() {
        return None;
    }
    if REDIRECTS.contains(&options.status) {
        return Some(led_away(patient, options));
    }
    if matches!(options.status, 502..=504) {
        return Some((
            format!("the proxy answers {}: it does not reach Cenacle", options.status),
            "Is Cenacle running, and does the proxy pass to the address and port on which it listens?".into(),
        ));
    }
    // Some proxies answer OPTIONS themselves: what PROPFIND says counts.
    let answer = patient.propfind(&patient.at("/dav/"), false, "0", "<D:current-user-principal/>").ok()?;
    if matches!(answer.status, 207 | 401) || answer.header("dav").is_some() {
        return None;
    }
    let server = answer.header("server").map_or(String::new(), |name| format!("; it calls itself '{name}'"));
    Some((
        format!(
            "this is no CalDAV server: /dav/ answers OPTIONS with {} and PROPFIND with {}{server}",
            options.status, answer.status
        ),
        "Is this the address of Cenacle, and does the proxy pass /dav/ and all methods to it?".into(),
    ))
}

/// Where redirects end that begin at the context path.
fn led_away(patient: &Patient<'_>, first: &Answer) -> (String, String) {
    let mut seen = vec![patient.at("/dav/")];
    let mut target = first.header("location");
    while let (Some(at), Some(to)) = (seen.last(), target) {
        let Ok(next) = at.join(&to) else { break };
        if seen.contains(&next) || seen.len() > MOST_STEPS {
            return (
                "the address leads to itself: clients go round in a circle".into(),
                "Redirect from http to https only where the client came by http (X-Forwarded-Proto), and nothing else of this host.".into(),
            );
        }
        let request = Request { method: "OPTIONS", headers: &[], body: "" };
        let answer = patient.ask(&next, false, request).ok();
        seen.push(next);
        target =
            answer.filter(|answer| REDIRECTS.contains(&answer.status)).and_then(|one| one.header("location"));
    }
    match seen.last() {
        Some(end) if seen.len() > 1 => (
            format!("/dav/ leads to {end}"),
            "Give clients the address where this ends, and examine that one; or does a login page or another application answer here?".into(),
        ),
        _ => (
            format!("/dav/ answers {} and leads to no address", first.status),
            "Does another application answer here? Give Cenacle a host name of its own.".into(),
        ),
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

/// RFC 6764 §5; iOS and macOS PROPFIND here, and follow.
pub fn well_known(patient: &Patient<'_>, service: &str, found: &mut Found) {
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

/// Before the login: a 401 with Basic, everywhere that clients try first. Tells the paths that asked so.
pub fn challenge(patient: &Patient<'_>, found: &mut Found) -> Vec<String> {
    let mut asked = Vec::new();
    for path in paths(patient.url) {
        let answer = match patient.propfind(&patient.at(&path), false, "0", "<D:current-user-principal/>") {
            Ok(answer) => answer,
            Err(error) => {
                found.fault(&error.to_string(), PROXY);
                break;
            }
        };
        let offered = answer.header("www-authenticate").unwrap_or_default();
        match answer.status {
            401 if offers_basic(&offered) => {
                found.good(&format!("{path} asks for a login"));
                asked.push(path);
            }
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
            status if !USUAL.contains(&path.as_str()) => found.fault(
                &format!("{path} answers PROPFIND with {status} instead of 401"),
                "Give clients the address without a path: they find the rest themselves.",
            ),
            status => found.fault(
                &format!("{path} answers PROPFIND with {status} instead of 401"),
                "iOS tries / and /principals/ too, and then says that it cannot verify the account. Let the proxy pass the whole host.",
            ),
        }
    }
    asked
}

/// Where clients begin.
pub const USUAL: [&str; 3] = ["/dav/", "/", "/principals/"];

/// Where clients begin, and before that the path that stood in the address.
fn paths(url: &Url) -> Vec<String> {
    // What is well known is asked by a step of its own.
    let own =
        Some(url.path.as_str()).filter(|path| !USUAL.contains(path) && !path.starts_with("/.well-known/"));
    own.into_iter().chain(USUAL).map(str::to_owned).collect()
}

/// Whether one of the challenges is Basic. A realm of that name is none.
fn offers_basic(offered: &str) -> bool {
    let unquoted: String = offered.split('"').step_by(2).collect();
    unquoted
        .split(',')
        .any(|one| one.split_whitespace().next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_a_scheme_and_not_a_word() {
        for yes in ["Basic realm=\"x\"", "basic", "Negotiate, Basic realm=\"a, b\", charset=\"UTF-8\""] {
            assert!(offers_basic(yes), "{yes}");
        }
        for no in
            ["", "Digest realm=\"Basic\", nonce=\"basic x\"", "Digest realm=\"a, basic b\"", "Basically"]
        {
            assert!(!offers_basic(no), "{no}");
        }
    }

    #[test]
    fn the_path_of_the_address_is_asked_first() {
        let of = |url: &str| paths(&Url::parse(url).expect("an address"));
        assert_eq!(of("http://a/"), USUAL);
        assert_eq!(of("http://a/dav/"), USUAL);
        assert_eq!(of("http://a/.well-known/caldav"), USUAL);
        assert_eq!(of("http://a/x?y").first().map(String::as_str), Some("/x?y"));
    }
}
