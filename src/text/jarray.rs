//! The elements of a JSON array, and the members of an object, as they stand, without a tree of the whole: a tree of a long file takes many times
//! its room. RFC 8259.
//!
//! Finds where they begin and end; what is in them is for their reader to judge.

use super::json::{BadJson, bad};
use serde_json::{Deserializer, StreamDeserializer};

/// The texts of the elements of an array.
pub fn elements(text: &str) -> Result<Vec<&str>, BadJson> {
    cut(text, '[', ']').ok_or_else(|| bad("not a JSON array"))
}

/// The names of an object's members, and the texts of their values.
pub fn members(text: &str) -> Result<Vec<(String, &str)>, BadJson> {
    let cut = cut(text, '{', '}').and_then(|all| all.into_iter().map(member).collect::<Option<Vec<_>>>());
    cut.ok_or_else(|| bad("not a JSON object"))
}

fn member(text: &str) -> Option<(String, &str)> {
    let mut names: StreamDeserializer<'_, _, String> = Deserializer::from_str(text).into_iter();
    let name = names.next()?.ok()?;
    let value = text.get(names.byte_offset()..)?.trim_start().strip_prefix(':')?;
    Some((name, value.trim()))
}

/// What stands between these brackets, cut at its commas.
fn cut(text: &str, open: char, close: char) -> Option<Vec<&str>> {
    let inner = text.trim().strip_prefix(open)?.strip_suffix(close)?;
    let mut found = Vec::new();
    let (mut begin, mut depth, mut quoted, mut escaped) = (0, 0_usize, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                found.push(inner.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    let last = inner.get(begin..).unwrap_or_default().trim();
    if quoted || depth > 0 {
        return None;
    }
    if !(found.is_empty() && last.is_empty()) {
        found.push(last);
    }
    if found.iter().any(|element| element.is_empty()) { None } else { Some(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_as_they_stand() {
        for (text, expected) in [
            ("[]", &[][..]),
            (
                " [ 1 , \"a,]\\\"\" ,[2,[3]],{\"a\":[1,2]} ] ",
                &["1", "\"a,]\\\"\"", "[2,[3]]", "{\"a\":[1,2]}"],
            ),
            ("[[]]", &["[]"]),
        ] {
            assert_eq!(elements(text).expect("an array"), expected);
        }
        for none in ["", "[", "]", "1", "[1,]", "[,1]", "[\"a]", "[[1]", "[1]]", "{}"] {
            assert!(elements(none).is_err(), "{none}");
        }
        assert_eq!(
            members(r#" {"a" : [1,{"b":2}],"\u0040c,:":"}" } "#).expect("an object"),
            [("a".to_owned(), "[1,{\"b\":2}]"), ("@c,:".to_owned(), "\"}\"")]
        );
        assert_eq!(members("{}"), Ok(Vec::new()));
        for none in ["", "[]", "{1:2}", "{\"a\"}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":[}"] {
            assert!(members(none).is_err(), "{none}");
        }
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(elements(&deep).expect("an array").len(), 1);
    }
}
