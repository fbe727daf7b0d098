//! Entity tags in the headers of conditional requests. RFC 9110 §8.8.3, §13.1.

use crate::domain::fault::Fault;
use crate::domain::precondition::{Tag, Tags};
use actix_web::http::header::{HeaderMap, HeaderName, IF_NONE_MATCH};

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

    #[test]
    fn tags_with_and_without_quotes() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, "\"a,b\", W/\"c\" ,d".parse().expect("a header"));
        let Ok(Some(Tags::These(tags))) = tags(&headers, &IF_MATCH) else { panic!("tags expected") };
        let values: Vec<_> = tags.iter().map(|tag| (tag.weak, tag.value.as_str())).collect();
        assert_eq!(values, [(false, "a,b"), (true, "c"), (false, "d")]);
    }
}
