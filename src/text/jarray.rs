//! The elements of a JSON array as they stand, without a tree of the whole: a tree of a long file takes many times its room. RFC 8259.
//!
//! Finds where elements begin and end; what is in them is for their reader to judge.

use super::json::{BadJson, bad};

/// The texts of the elements of an array.
pub fn elements(text: &str) -> Result<Vec<&str>, BadJson> {
    let broken = || bad("not a JSON array");
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or_else(broken)?;
    let mut found = Vec::new();
    let (mut begin, mut depth, mut quoted, mut escaped) = (0, 0_usize, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1).ok_or_else(broken)?,
            b',' if depth == 0 => {
                found.push(inner.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    let last = inner.get(begin..).unwrap_or_default().trim();
    if quoted || depth > 0 {
        return Err(broken());
    }
    if !(found.is_empty() && last.is_empty()) {
        found.push(last);
    }
    if found.iter().any(|element| element.is_empty()) { Err(broken()) } else { Ok(found) }
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
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(elements(&deep).expect("an array").len(), 1);
    }
}
