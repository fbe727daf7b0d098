//! The elements of a JSON array, and the members of an object, as they stand, without a tree of the whole: a tree of a long file takes many times
//! its room. RFC 8259.
//!
//! Finds where they begin and end; what is in them is for their reader to judge. How many there may be is bounded while they are looked for: of
//! the shortest ones a file has room for many millions, and a list of those is longer than the file.

use super::json::{BadJson, bad};
use serde_json::{Deserializer, StreamDeserializer};

/// Elements of an array, or members of an object, at most: some hundred thousand items of a file.
pub const MOST: usize = 262_144;
/// Values within one item at most: several for each of the lines that an item may have. A tree of them takes some dozen octets each.
pub const MOST_VALUES: usize = 1_048_576;

/// The texts of the elements of an array.
pub fn elements(text: &str) -> Result<Vec<&str>, BadJson> {
    elements_within(text, MOST)
}

/// As [`elements`], where there may be `most` of them: of a file that has several arrays, what the others have left.
pub fn elements_within(text: &str, most: usize) -> Result<Vec<&str>, BadJson> {
    match cut(text, ('[', ']'), most) {
        Cut::Whole(all) => Ok(all),
        Cut::None => Err(bad("not a JSON array")),
        Cut::TooMany => Err(bad("the file has more than 262144 elements in one list")),
    }
}

/// The names of an object's members, and the texts of their values.
pub fn members(text: &str) -> Result<Vec<(String, &str)>, BadJson> {
    let none = || bad("not a JSON object");
    match cut(text, ('{', '}'), MOST) {
        Cut::Whole(all) => all.into_iter().map(member).collect::<Option<Vec<_>>>().ok_or_else(none),
        Cut::None => Err(none()),
        Cut::TooMany => Err(bad("the file has more than 262144 members in one object")),
    }
}

/// Refuses the JSON of one item whose tree would be too large, before there is one.
pub fn check_values(text: &str) -> Result<(), BadJson> {
    let (mut quoted, mut escaped, mut count) = (false, false, 1);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' | b',' if !quoted => count += 1,
            _ => {}
        }
    }
    if count > MOST_VALUES { Err(bad("has more than 1048576 values")) } else { Ok(()) }
}

fn member(text: &str) -> Option<(String, &str)> {
    let mut names: StreamDeserializer<'_, _, String> = Deserializer::from_str(text).into_iter();
    let name = names.next()?.ok()?;
    let value = text.get(names.byte_offset()..)?.trim_start().strip_prefix(':')?;
    Some((name, value.trim()))
}

/// What came of cutting.
enum Cut<'t> {
    Whole(Vec<&'t str>),
    /// It is no list between such brackets.
    None,
    TooMany,
}

/// What stands between these brackets, cut at its commas.
fn cut(text: &str, (open, close): (char, char), most: usize) -> Cut<'_> {
    let inner = text.trim().strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let Some(inner) = inner else { return Cut::None };
    let mut found = Vec::new();
    let (mut begin, mut depth, mut quoted, mut escaped) = (0, 0_usize, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return Cut::None,
            },
            b',' if depth == 0 => {
                // The last one has no comma.
                if found.len() + 1 >= most {
                    return Cut::TooMany;
                }
                found.push(inner.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    let last = inner.get(begin..).unwrap_or_default().trim();
    if quoted || depth > 0 {
        return Cut::None;
    }
    if !(found.is_empty() && last.is_empty()) {
        if most == 0 {
            return Cut::TooMany;
        }
        found.push(last);
    }
    if found.iter().any(|element| element.is_empty()) { Cut::None } else { Cut::Whole(found) }
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
        let list = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        assert_eq!(elements(&list(MOST)).expect("an array").len(), MOST);
        assert!(elements(&list(MOST + 1)).expect_err("too many").what.contains(&MOST.to_string()));
        assert!(elements_within(&list(3), 2).is_err() && elements_within(&list(2), 2).is_ok());
        assert!(elements_within("[1]", 0).is_err() && elements_within("[]", 0).is_ok());
        let object = |count: usize| format!("{{{}\"b\":1}}", "\"a\":1,".repeat(count - 1));
        assert!(members(&object(MOST)).is_ok());
        assert!(members(&object(MOST + 1)).expect_err("too many").what.contains(&MOST.to_string()));
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(elements(&deep).expect("an array").len(), 1);
    }

    #[test]
    fn values_are_counted_wherever_they_stand() {
        let list = |count: usize| format!("[[{}1]]", "1,".repeat(count - 3));
        assert_eq!(check_values(&list(MOST_VALUES)), Ok(()));
        assert!(check_values(&list(MOST_VALUES + 1)).is_err());
        assert_eq!(check_values(&format!("\"{}\"", "[,\\\"".repeat(MOST_VALUES))), Ok(()), "a text is one");
    }
}
