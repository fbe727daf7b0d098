//! Reads the headers of conditional requests. RFC 9110 §13.1, RFC 4918 §10.4, RFC 6638 §8.3.

use super::href::{self, Target};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::precondition::{About, Named, Preconditions, State, StateCondition, StateList};
use crate::http::tags::{if_unmodified_since, of_bytes, of_state, tag, tags};
use crate::services::access::Place;
use actix_web::http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};

/// Conditions in one `If` header at most.
const MAX_CONDITIONS: usize = 100;

/// Reads all of them, of a request for `target`.
pub fn read(headers: &HeaderMap, target: &Target) -> Result<Preconditions, Fault> {
    Ok(Preconditions {
        if_match: tags(headers, &IF_MATCH)?.map(of_bytes),
        if_none_match: tags(headers, &IF_NONE_MATCH)?.map(of_bytes),
        if_unmodified_since: if_unmodified_since(headers),
        if_schedule_tag_match: text(headers, "If-Schedule-Tag-Match")
            .map(|tag| tag.trim_matches('"').to_owned()),
        if_lists: if_lists(headers, target)?,
    })
}

/// Reads those of a request that adds a member to the collection at `place`: an `If` without a tag is about the request's own
/// address, the collection (RFC 5995 §3.1), the entity tags are those of the new member.
pub fn read_of_add_member(headers: &HeaderMap, place: &Place) -> Result<Preconditions, Fault> {
    let mut conditions = read(headers, &Target::Collection(place.clone()))?;
    for list in &mut conditions.if_lists {
        if list.resource == About::Itself {
            list.resource = About::Collection;
        }
    }
    Ok(conditions)
}

/// Reads the `If` of a request that changes nothing and has no condition else: all that it is about is looked up by its name.
pub fn read_of_question(headers: &HeaderMap, target: &Target) -> Result<Preconditions, Fault> {
    let mut conditions = Preconditions { if_lists: if_lists(headers, target)?, ..Preconditions::default() };
    for list in &mut conditions.if_lists {
        list.resource = match (&list.resource, target) {
            (About::Itself, target) => about_named(target.clone()),
            (About::Collection, Target::Item(place, _)) => about_named(Target::Collection(place.clone())),
            (other, _) => other.clone(),
        };
    }
    Ok(conditions)
}

fn if_lists(headers: &HeaderMap, target: &Target) -> Result<Vec<StateList>, Fault> {
    match text(headers, "If") {
        Some(header) => {
            lists(header, target).ok_or_else(|| Fault::BadRequest("the If header is malformed".into()))
        }
        None => Ok(Vec::new()),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn lists(header: &str, target: &Target) -> Option<Vec<StateList>> {
    let mut found = Vec::new();
    let mut resource = About::Itself;
    let mut rest = header.trim();
    let mut count = 0;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('<') {
            let (uri, after) = inner.split_once('>')?;
            resource = about(uri, target);
            rest = after.trim_start();
        }
        let (inside, after) = inside_list(rest.strip_prefix('(')?)?;
        let conditions = conditions(inside)?;
        count += conditions.len();
        if conditions.is_empty() || count > MAX_CONDITIONS {
            return None;
        }
        found.push(StateList { resource: resource.clone(), conditions });
        rest = after.trim_start();
    }
    (!found.is_empty()).then_some(found)
}

/// What a tagged list is about, as seen from the request's own resource; spellings of one path are the same.
fn about(uri: &str, target: &Target) -> About {
    match (href::parse_href(uri), target) {
        (Some(same), _) if same == *target => About::Itself,
        (Some(Target::Collection(parent)), Target::Item(place, _)) if parent == *place => About::Collection,
        (Some(other), _) => about_named(other),
        _ => About::Stateless,
    }
}

/// A target as what is looked up.
fn about_named(target: Target) -> About {
    let named = |home: HomeKind, owner: String, collection, item| {
        About::Named(Named { home, owner, collection, item })
    };
    match target {
        Target::Home(home, owner) => named(home, owner, None, None),
        Target::Collection(place) => named(place.home, place.owner, Some(place.slug), None),
        Target::Item(place, name) => named(place.home, place.owner, Some(place.slug), Some(name)),
        _ => About::Stateless,
    }
}

/// Up to the closing parenthesis that is not inside an entity tag.
fn inside_list(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let end = text.find(|c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == ')' && !quoted
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

fn conditions(mut text: &str) -> Option<Vec<StateCondition>> {
    let mut all = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Some(all);
        }
        let not = text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if not {
            text = text.get(3..)?.trim_start();
        }
        let state = if let Some(inner) = text.strip_prefix('<') {
            let (token, after) = inner.split_once('>')?;
            text = after;
            State::Token(token.to_owned())
        } else {
            let inner = text.strip_prefix('[')?;
            let (etag, after) = inner.split_once(']')?;
            text = after;
            State::Etag(of_state(tag(etag).0?))
        };
        all.push(StateCondition { not, state });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::precondition::Tag;
    use actix_web::http::header::HeaderName;

    #[test]
    fn if_header_of_the_rfc() {
        let item = href::parse("/dav/calendars/a/c/x%40y.ics").expect("an item");
        let lists = |header: &str| lists(header, &item);
        let parsed = lists(
            "<http://h/dav/calendars/A/c/x@y.ics> (<urn:a> [\"I am )an ETag\"]) (Not <urn:b> [W/\"t\"])",
        )
        .expect("well-formed");
        assert_eq!(parsed.len(), 2);
        assert!(parsed.iter().all(|list| list.resource == About::Itself));
        assert_eq!(
            parsed[0].conditions[1].state,
            State::Etag(Tag { weak: false, value: "I am )an ETag".into() })
        );
        assert!(parsed[1].conditions[0].not);
        let about = |header: &str| lists(header).map(|lists| lists[0].resource.clone());
        assert_eq!(about("(<urn:a>)"), Some(About::Itself));
        assert_eq!(about("</dav/calendars/a/c/> (<urn:a>)"), Some(About::Collection));
        let named = |home, collection: Option<&str>, item: Option<&str>| {
            Some(About::Named(Named {
                home,
                owner: "a".into(),
                collection: collection.map(str::to_owned),
                item: item.map(str::to_owned),
            }))
        };
        let calendars = HomeKind::Calendars;
        assert_eq!(about("</dav/calendars/a/cc/> (<urn:a>)"), named(calendars, Some("cc"), None));
        assert_eq!(about("</dav/calendars/A/c/y> (<urn:a>)"), named(calendars, Some("c"), Some("y")));
        assert_eq!(about("<http://h/dav/calendars/a> (<urn:a>)"), named(calendars, None, None));
        assert_eq!(
            about("</dav/addressbooks/a/c/> (<urn:a>)"),
            named(HomeKind::AddressBooks, Some("c"), None)
        );
        for stateless in
            ["</dav/principals/users/a/> (<urn:a>)", "</x> (<urn:a>)", "<urn:x> (<urn:a>)", "</> (<urn:a>)"]
        {
            assert_eq!(about(stateless), Some(About::Stateless), "{stateless}");
        }
        for bad in ["(", "()", "<x>", "(<a)", "([\"a)", "x", "(<a>) y"] {
            assert_eq!(lists(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_untagged_list_of_add_member_is_about_the_collection() {
        let Some(Target::Collection(place)) = href::parse("/dav/calendars/a/c/") else {
            panic!("a collection")
        };
        let read = |header: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static("if"), header.parse().expect("a header"));
            let lists = read_of_add_member(&headers, &place).expect("well-formed").if_lists;
            lists.into_iter().map(|list| list.resource).collect::<Vec<_>>()
        };
        assert_eq!(read("(<urn:a>)"), [About::Collection]);
        assert_eq!(read("</dav/calendars/a/c> (<urn:a>)"), [About::Collection]);
        assert_ne!(read("</dav/calendars/a/b> (<urn:a>)"), [About::Collection]);
    }
}
