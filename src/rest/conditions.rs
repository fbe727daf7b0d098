//! Conditional requests. Items have entity tags of their bytes; a collection's entity tag is its sync token, which changes with
//! anything in it. RFC 9110 §13.

use super::problem::Refused;
use crate::domain::fault::Fault;
use crate::domain::precondition::{About, Preconditions, State, StateCondition, StateList, Tag, Tags};
use crate::http::tags;
use actix_web::http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};

/// Entity tags that one header may name.
const MOST: usize = 100;

/// The conditions on an item. The tag of any of its forms stands for the state that it was made of.
pub fn of_item(headers: &HeaderMap) -> Result<Preconditions, Refused> {
    Ok(Preconditions {
        if_match: read(headers, &IF_MATCH)?.map(tags::of_bytes),
        if_none_match: read(headers, &IF_NONE_MATCH)?.map(tags::of_bytes),
        if_unmodified_since: tags::if_unmodified_since(headers),
        ..Preconditions::default()
    })
}

/// The conditions on a collection, for its transaction.
pub fn of_collection(headers: &HeaderMap) -> Result<Preconditions, Refused> {
    let token = |not: bool, tag: &Tag| StateCondition { not, state: State::Token(tag.value.clone()) };
    let none: Vec<StateCondition> = match read(headers, &IF_NONE_MATCH)? {
        None => Vec::new(),
        // It is there, or the request would not come this far.
        Some(Tags::Any) => return Err(Fault::PreconditionFailed.into()),
        Some(Tags::These(tags)) => tags.iter().map(|tag| token(true, tag)).collect(),
    };
    let lists: Vec<Vec<StateCondition>> = match read(headers, &IF_MATCH)? {
        None | Some(Tags::Any) => vec![none],
        Some(Tags::These(tags)) => {
            let strong = tags.iter().filter(|tag| !tag.weak);
            strong.map(|tag| std::iter::once(token(false, tag)).chain(none.clone()).collect()).collect()
        }
    };
    if lists.is_empty() {
        return Err(Fault::PreconditionFailed.into());
    }
    let list = |conditions| StateList { resource: About::Itself, conditions };
    let if_lists = lists.into_iter().filter(|list| !list.is_empty()).map(list).collect();
    Ok(Preconditions { if_lists, ..Preconditions::default() })
}

fn read(headers: &HeaderMap, name: &actix_web::http::header::HeaderName) -> Result<Option<Tags>, Refused> {
    let tags = tags::tags(headers, name)?;
    match &tags {
        Some(Tags::These(all)) if all.len() > MOST => Err(Refused::at(name.as_str(), "too many entity tags")),
        _ => Ok(tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::precondition::ResourceState;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse().expect("a name"), value.parse().expect("a value"));
        }
        headers
    }

    fn holds(lines: &[(&str, &str)], token: &str) -> bool {
        let own = ResourceState { sync_token: Some(token), ..ResourceState::default() };
        of_collection(&headers(lines)).is_ok_and(|wanted| wanted.check(own, ResourceState::default()).is_ok())
    }

    #[test]
    fn a_collection_is_in_the_state_of_its_token() {
        assert!(holds(&[], "urn:t:1"));
        assert!(holds(&[("If-Match", "*")], "urn:t:1"));
        assert!(holds(&[("If-Match", "\"urn:t:0\", \"urn:t:1\"")], "urn:t:1"));
        assert!(!holds(&[("If-Match", "\"urn:t:0\"")], "urn:t:1"));
        assert!(!holds(&[("If-Match", "W/\"urn:t:1\"")], "urn:t:1"));
        assert!(!holds(&[("If-Match", "")], "urn:t:1"));
        assert!(!holds(&[("If-None-Match", "*")], "urn:t:1"));
        assert!(!holds(&[("If-None-Match", "\"x\", \"urn:t:1\"")], "urn:t:1"));
        assert!(holds(&[("If-None-Match", "\"x\"")], "urn:t:1"));
        assert!(!holds(&[("If-Match", "\"urn:t:1\""), ("If-None-Match", "\"urn:t:1\"")], "urn:t:1"));
    }

    #[test]
    fn the_tag_of_any_form_stands_for_the_bytes() {
        let wanted = of_item(&headers(&[("If-Match", "\"j-abc\"")])).expect("read");
        let state = |etag| ResourceState { etag: Some(etag), ..ResourceState::default() };
        assert!(wanted.check(state("abc"), ResourceState::default()).is_ok());
        assert!(wanted.check(state("abd"), ResourceState::default()).is_err());
    }

    #[test]
    fn tags_are_counted() {
        let many = vec!["\"a\""; MOST + 1].join(",");
        assert!(of_item(&headers(&[("If-Match", many.as_str())])).is_err());
    }
}
