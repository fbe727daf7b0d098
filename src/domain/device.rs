//! What tells one device from another: its session, its own password, or else the program that it says to be.
//!
//! The log keeps a device as `KEY` or `KEY PROGRAM`. Keys are `session-N`, `app-password-N` and `client-PROGRAM`; a program is its product's
//! name without a version, so that an update does not make another device of it. RFC 9110 §10.1.5. Knows no storage.

/// Characters of a program's name that are kept.
const MOST: usize = 40;
/// A program that does not say what it is.
const UNNAMED: &str = "unnamed";

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A login that renews its tokens.
    Session(i64),
    /// An application password.
    AppPassword(i64),
    /// A program that logs in with the account's own password.
    Client,
}

/// How the log names a device; `agent` is what the program says of itself.
pub fn text(session: Option<i64>, credential: Option<i64>, agent: Option<&str>) -> String {
    let program = agent.and_then(product);
    let key = match (session, credential) {
        (Some(id), _) => format!("session-{id}"),
        (None, Some(id)) => format!("app-password-{id}"),
        (None, None) => return format!("client-{}", program.as_deref().unwrap_or(UNNAMED)),
    };
    match program {
        Some(program) => format!("{key} {program}"),
        None => key,
    }
}

/// The key of what the log has.
pub fn key(text: &str) -> &str {
    text.split_once(' ').map_or(text, |(key, _)| key)
}

/// The program of what the log has, where it is known.
pub fn program_of(text: &str) -> Option<&str> {
    match text.split_once(' ') {
        Some((_, program)) => Some(program),
        None => text.strip_prefix("client-").filter(|program| *program != UNNAMED),
    }
}

/// What a key stands for; `None` for what is no key.
pub fn kind(key: &str) -> Option<Kind> {
    if let Some(id) = key.strip_prefix("session-") {
        return number(id).map(Kind::Session);
    }
    if let Some(id) = key.strip_prefix("app-password-") {
        return number(id).map(Kind::AppPassword);
    }
    let program = key.strip_prefix("client-")?;
    (!program.is_empty() && program.len() <= MOST && program.chars().all(is_plain)).then_some(Kind::Client)
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-')
}

/// The product that a `User-Agent` names, without its version. Of those that call themselves Mozilla the last one says what it is.
pub fn product(agent: &str) -> Option<String> {
    let mut depth = 0_usize;
    let outside: String = agent
        .chars()
        .map(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                c if depth == 0 => return c,
                _ => {}
            }
            ' '
        })
        .collect();
    let mut products = outside.split_whitespace().filter_map(|product| {
        let name: String = product.split('/').next()?.chars().filter(|c| is_plain(*c)).take(MOST).collect();
        (!name.is_empty()).then_some(name)
    });
    let first = products.next()?;
    if first.eq_ignore_ascii_case("mozilla") {
        Some(products.next_back().unwrap_or(first))
    } else {
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart_but_not_their_versions() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.1", "Thunderbird"),
            ("macOS/14.6.1 (23G93) CalendarAgent/1020", "macOS"),
            ("iOS/17.5.1 (21F90) dataaccessd/1.0", "iOS"),
            ("DAVx5/4.4.2-ose (dav4jvm; okhttp/4.12.0) Android/14", "DAVx5"),
            ("Evolution/3.52.3", "Evolution"),
            ("curl/8.9.1", "curl"),
            ("Mozilla/5.0", "Mozilla"),
            ("cenacle import", "cenacle"),
        ] {
            assert_eq!(text(None, None, Some(agent)), format!("client-{name}"), "{agent}");
        }
        assert_eq!(text(None, None, None), "client-unnamed");
        assert_eq!(text(None, None, Some("((((")), "client-unnamed");
        assert!(text(None, None, Some(&"x".repeat(500))).len() < 60);
    }

    #[test]
    fn keys_are_read_back() {
        for (session, credential, wanted) in [
            (Some(7), Some(8), Kind::Session(7)),
            (None, Some(8), Kind::AppPassword(8)),
            (None, None, Kind::Client),
        ] {
            for agent in [Some("curl/8"), None] {
                let text = text(session, credential, agent);
                assert_eq!(kind(key(&text)), Some(wanted), "{text}");
                assert_eq!(program_of(&text), agent.map(|_| "curl"), "{text}");
            }
        }
        for none in ["", "x", "session-", "session-01", "client-", "client-a b", "app-password-x"] {
            assert_eq!(kind(none), None, "{none}");
        }
    }
}
