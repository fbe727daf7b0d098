//! Entity tags and dates in the headers of conditional requests. RFC 9110 §8.8, §13.1.

use super::date::read_http_date;
use crate::domain::fault::Fault;
use crate::domain::precondition::{Tag, Tags};
use actix_web::http::header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

/// Between the word for a form of an item and the tag of its bytes, in the tags of forms other than the bytes themselves.
const FORM: char = '-';

/// The entity tag of a form of an item; the bytes as they are have none before them.
pub fn form_tag(form: &str, etag: &str) -> String {
    if form.is_empty() { format!("\"{etag}\"") } else { format!("\"{form}{FORM}{etag}\"") }
}

/// The tags of the bytes: that of any form of an item stands for the state that it was made of.
pub fn of_bytes(tags: Tags) -> Tags {
    match tags {
        Tags::Any => Tags::Any,
        Tags::These(tags) => Tags::These(tags.into_iter().map(of_state).collect()),
    }
}

/// As [`of_bytes`], of one.
pub fn of_state(tag: Tag) -> Tag {
    match tag.value.split_once(FORM) {
        Some((_, value)) => Tag { value: value.to_owned(), ..tag },
        None => tag,
    }
}

/// Whether a reader has the representation with this tag (quotes included) already, or that of the date, in microseconds since
/// 1970, where one is known: the date is not looked at beside tags (RFC 9110 §13.1.3).
pub fn not_modified(headers: &HeaderMap, etag: &str, modified_at: Option<i64>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let value = etag.trim_start_matches("W/").trim_matches('"');
        return if_none_match(headers).is_some_and(|tags| tags.weakly(Some(value)));
    }
    let since = date(headers, &IF_MODIFIED_SINCE);
    since.zip(modified_at).is_some_and(|(since, at)| at.div_euclid(1_000_000) <= since)
}

/// `If-Unmodified-Since` in seconds since 1970; what is no date is as if it were not there (RFC 9110 §13.1.4).
pub fn if_unmodified_since(headers: &HeaderMap) -> Option<i64> {
    date(headers, &IF_UNMODIFIED_SINCE)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    read_http_date(headers.get(name)?.to_str().ok()?)
}

/// `If-None-Match` alone, for reads.
pub fn if_none_match(headers: &HeaderMap) -> Option<Tags> {
    tags(headers, &IF_NONE_MATCH).ok().flatten()
}

/// The tags of a header, or `None` where it is absent.
pub fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Fault> {
    let mut all = Vec::new();
    let mut seen = false;
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| Fault::PreconditionFailed)?;
        seen = true;
        if value.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        let mut rest = value.trim();
        while !rest.is_empty() {
            let (tag, after) = tag(rest);
            all.extend(tag);
            rest = after.trim_start_matches([',', ' ', '\t']);
        }
    }
    Ok(seen.then_some(Tags::These(all)))
}

/// One tag from the front; clients also send them without quotes, which then reach to the comma.
pub fn tag(text: &str) -> (Option<Tag>, &str) {
    let (weak, rest) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (value, after) = match rest.strip_prefix('"') {
        Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
        None => rest.split_once(',').unwrap_or((rest, "")),
    };
    (Some(Tag { weak, value: value.trim().to_owned() }).filter(|tag| !tag.value.is_empty()), after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::IF_MATCH;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse().expect("a name"), value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn the_tag_of_a_form_is_its_own_and_of_the_bytes() {
        assert_eq!(form_tag("j", "abc"), "\"j-abc\"");
        assert_eq!(form_tag("", "abc"), "\"abc\"");
        let of = |value: &str| of_state(Tag { weak: false, value: value.to_owned() }).value;
        assert_eq!([of("4-abc"), of("abc")], ["abc", "abc"]);
        assert!(not_modified(&headers(&[("If-None-Match", "W/\"j-abc\"")]), "\"j-abc\"", None));
        assert!(!not_modified(&headers(&[("If-None-Match", "\"abc\"")]), "\"j-abc\"", None));
    }

    #[test]
    fn a_date_counts_where_there_is_no_tag() {
        let date = ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:10 GMT");
        let known = |lines: &[(&str, &str)], at| not_modified(&headers(lines), "\"a\"", at);
        assert!(known(&[date], Some(10_999_999)));
        assert!(!known(&[date], Some(11_000_000)));
        assert!(!known(&[date], None));
        assert!(!known(&[date, ("If-None-Match", "\"b\"")], Some(10_999_999)));
        assert!(!known(&[("If-Modified-Since", "10")], Some(0)));
        assert_eq!(if_unmodified_since(&headers(&[("If-Unmodified-Since", date.1)])), Some(10));
    }

    #[test]
    fn tags_with_and_without_quotes() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, "\"a,b\", W/\"c\" ,d".parse().expect("a header"));
        let Ok(Some(Tags::These(tags))) = tags(&headers, &IF_MATCH) else { panic!("tags expected") };
        let values: Vec<_> = tags.iter().map(|tag| (tag.weak, tag.value.as_str())).collect();
        assert_eq!(values, [(false, "a,b"), (true, "c"), (false, "d")]);
    }
}
