//! The `Prefer` header: what a client would like, and does not insist on. RFC 7240.

use actix_web::http::header::HeaderMap;

/// Preferences that one request is read for; real ones have two.
const MOST: usize = 32;

/// The preferences of a request, each once: of those with one name the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences(Vec<(String, String)>);

impl Preferences {
    /// Reads all `Prefer` headers. Their parameters are passed over, for none is defined of a preference that is known here; what is no
    /// preference by the grammar is passed over to the next comma.
    pub fn read(headers: &HeaderMap) -> Preferences {
        let mut all = Preferences::default();
        for value in headers.get_all("Prefer").filter_map(|value| value.to_str().ok()) {
            for element in split(value, ',') {
                let Some((name, word)) = split(element, ';').next().and_then(preference) else { continue };
                if all.0.len() < MOST && all.value(&name).is_none() {
                    all.0.push((name, word));
                }
            }
        }
        all
    }

    /// The value of the preference with this name in small letters; empty where it has none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, word)| word.as_str())
    }

    /// Whether the preference with this name has this value.
    pub fn is(&self, name: &str, word: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case(word))
    }
}

/// The parts between separators that do not stand in quoted strings.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
}

/// `token [ BWS "=" BWS word ]`
fn preference(text: &str) -> Option<(String, String)> {
    let (name, word) = match text.split_once('=') {
        Some((name, word)) => (name.trim(), word.trim()),
        None => (text.trim(), ""),
    };
    let word = match word.strip_prefix('"') {
        Some(inner) => unquoted(inner)?,
        None if word.is_empty() || is_token(word) => word.to_owned(),
        None => return None,
    };
    is_token(name).then(|| (name.to_ascii_lowercase(), word))
}

/// The content of a quoted string, from behind its first quote to its last, which ends the text.
fn unquoted(inner: &str) -> Option<String> {
    let mut content = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    loop {
        match rest.next()? {
            '"' => return rest.as_str().is_empty().then_some(content),
            '\\' => content.push(rest.next()?),
            other => content.push(other),
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderName;

    fn read(values: &[&str]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static("prefer"), value.parse().expect("a header"));
        }
        Preferences::read(&headers).0
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect()
    }

    #[test]
    fn the_grammar_is_read() {
        for (header, found) in [
            ("return=minimal", vec![("return", "minimal")]),
            ("Return = \"minimal\" , depth-noroot", vec![("return", "minimal"), ("depth-noroot", "")]),
            ("depth-noroot=\"\"", vec![("depth-noroot", "")]),
            // A parameter is no preference, whatever stands in it.
            ("foo; return=minimal; bar=\"a,return=minimal;b\"", vec![("foo", "")]),
            (
                "foo=\"a, return=minimal\", x=\"q\\\"uote\\\\\"",
                vec![("foo", "a, return=minimal"), ("x", "q\"uote\\")],
            ),
            (",, wait=10 ,", vec![("wait", "10")]),
            // What is no preference does not harm its neighbours.
            ("=x, a b, c=d e, f=\"g\"h, (, return=minimal", vec![("return", "minimal")]),
            ("x=\"never ends, return=minimal", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(read(&[header]), pairs(&found), "{header}");
        }
    }

    #[test]
    fn of_two_the_first_counts() {
        let both = ["return=minimal, return=representation", "RETURN=representation"];
        assert_eq!(read(&both), pairs(&[("return", "minimal")]));
        assert_eq!(read(&["a=1", "b, a=2"]), pairs(&[("a", "1"), ("b", "")]));
        let many: String = (0..1_000).map(|at| format!("p{at},")).collect();
        assert_eq!(read(&[&many]).len(), MOST);
    }
}
