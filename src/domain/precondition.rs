//! Conditional requests: `If-Match`, `If-None-Match`, `If-Unmodified-Since`, `If-Schedule-Tag-Match` and the `If` header, once read.
//!
//! RFC 9110 §13, RFC 6638 §8.3, RFC 4918 §10.4, RFC 6578 §5. Evaluated inside the transaction that they guard.
//! Knows no header syntax; `dav/precondition.rs` reads it.

use super::collection::HomeKind;
use super::fault::Fault;

/// Microseconds.
const SECOND: i64 = 1_000_000;

/// A list of entity tags, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// Any existing representation.
    Any,
    /// One of these, without quotes; weak ones are marked.
    These(Vec<Tag>),
}

/// An entity tag as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Whether it was sent as `W/"…"`: such a tag never matches strongly.
    pub weak: bool,
    /// Without quotes.
    pub value: String,
}

impl Tags {
    fn strongly(&self, etag: Option<&str>) -> bool {
        match self {
            Tags::Any => etag.is_some(),
            Tags::These(tags) => tags.iter().any(|tag| !tag.weak && Some(tag.value.as_str()) == etag),
        }
    }

    /// Weak comparison: for `If-None-Match`.
    pub fn weakly(&self, etag: Option<&str>) -> bool {
        match self {
            Tags::Any => etag.is_some(),
            Tags::These(tags) => tags.iter().any(|tag| Some(tag.value.as_str()) == etag),
        }
    }
}

/// One condition of an `If` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCondition {
    /// `Not` stands before it.
    pub not: bool,
    /// What is asked for.
    pub state: State,
}

/// What a condition of an `If` list asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A state token: here a sync token, for there are no locks.
    Token(String),
    /// An entity tag.
    Etag(Tag),
}

/// What a list of an `If` header is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The resource of the request.
    Itself,
    /// The collection that the request's item is in.
    Collection,
    /// Another resource in some home.
    Named(Named),
    /// What has neither tags nor tokens: principals, other servers, what cannot be.
    Stateless,
}

/// A resource in a home: the home itself, one of its collections, or an item of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which home.
    pub home: HomeKind,
    /// The handle of its owner.
    pub owner: String,
    /// The collection, decoded.
    pub collection: Option<String>,
    /// The item in the collection, decoded.
    pub item: Option<String>,
}

/// What is known of a named resource. Of an absent one, and of one that the actor may not read, nothing: RFC 4918 §10.4.4 has
/// both taken for a resource that is there and does not have the state that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Entity tag without quotes.
    pub etag: Option<String>,
    /// The sync token, of a collection or a home.
    pub sync_token: Option<String>,
}

/// One list of an `If` header: all its conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateList {
    /// What the list is about; the request's own resource where none is named.
    pub resource: About,
    /// All must hold.
    pub conditions: Vec<StateCondition>,
}

/// All conditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`.
    pub if_match: Option<Tags>,
    /// `If-None-Match`.
    pub if_none_match: Option<Tags>,
    /// `If-Unmodified-Since`, in seconds since 1970; not looked at beside `If-Match` (RFC 9110 §13.1.4).
    pub if_unmodified_since: Option<i64>,
    /// `If-Schedule-Tag-Match`, without quotes.
    pub if_schedule_tag_match: Option<String>,
    /// `If`: one of the lists must hold; empty where the header is absent.
    pub if_lists: Vec<StateList>,
}

/// The state of a resource that conditions are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceState<'s> {
    /// Entity tag without quotes; `None` where there is no resource, or one without a tag.
    pub etag: Option<&'s str>,
    /// When it was changed last, in microseconds since 1970; `None` where that is not known or there is no resource.
    pub modified_at: Option<i64>,
    /// Schedule tag without quotes.
    pub schedule_tag: Option<&'s str>,
    /// The sync token, of a collection.
    pub sync_token: Option<&'s str>,
}

impl Preconditions {
    /// Whether nothing is asked at all.
    pub fn is_empty(&self) -> bool {
        *self == Preconditions::default()
    }

    /// Whether it takes the state of resources other than the request's own and its collection.
    pub fn names_others(&self) -> bool {
        self.if_lists.iter().any(|list| matches!(list.resource, About::Named(_)))
    }

    /// Checks a request to the resource whose state is `own`, in a collection whose state is `collection`; a resource that does not
    /// exist has the empty state. Of other resources nothing is known: see [`Preconditions::check_with`].
    pub fn check(&self, own: ResourceState<'_>, collection: ResourceState<'_>) -> Result<(), Fault> {
        self.check_with(own, collection, |_| Ok(Known::default()))
    }

    /// As [`Preconditions::check`]; `look` tells what is known of the other resources that are named, and its errors are passed on.
    pub fn check_with<E: From<Fault>>(
        &self,
        own: ResourceState<'_>,
        collection: ResourceState<'_>,
        mut look: impl FnMut(&Named) -> Result<Known, E>,
    ) -> Result<(), E> {
        let refused = self.if_match.as_ref().is_some_and(|tags| !tags.strongly(own.etag))
            || self.was_modified(own)
            || self.if_none_match.as_ref().is_some_and(|tags| tags.weakly(own.etag))
            || self
                .if_schedule_tag_match
                .as_deref()
                .is_some_and(|tag| own.schedule_tag.or(own.etag) != Some(tag));
        if refused {
            return Err(Fault::PreconditionFailed.into());
        }
        for list in &self.if_lists {
            let known = match &list.resource {
                About::Named(named) => look(named)?,
                About::Itself | About::Collection | About::Stateless => Known::default(),
            };
            let state = match list.resource {
                About::Itself => own,
                About::Collection => collection,
                About::Named(_) | About::Stateless => known.state(),
            };
            if list.holds(state) {
                return Ok(());
            }
        }
        if self.if_lists.is_empty() { Ok(()) } else { Err(Fault::PreconditionFailed.into()) }
    }

    fn was_modified(&self, own: ResourceState<'_>) -> bool {
        match (&self.if_match, self.if_unmodified_since, own.modified_at) {
            (None, Some(since), Some(at)) => at.div_euclid(SECOND) > since,
            _ => false,
        }
    }
}

impl Known {
    fn state(&self) -> ResourceState<'_> {
        ResourceState {
            etag: self.etag.as_deref(),
            sync_token: self.sync_token.as_deref(),
            ..ResourceState::default()
        }
    }
}

impl StateList {
    fn holds(&self, state: ResourceState<'_>) -> bool {
        self.conditions.iter().all(|condition| {
            let met = match &condition.state {
                State::Token(token) => state.sync_token == Some(token.as_str()),
                State::Etag(tag) => !tag.weak && state.etag == Some(tag.value.as_str()),
            };
            met != condition.not
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(value: &str) -> Tag {
        Tag { weak: false, value: value.into() }
    }

    fn state(etag: Option<&str>) -> ResourceState<'_> {
        ResourceState { etag, ..ResourceState::default() }
    }

    #[test]
    fn match_and_none_match() {
        let update =
            Preconditions { if_match: Some(Tags::These(vec![tag("a")])), ..Preconditions::default() };
        assert!(update.check(state(Some("a")), state(None)).is_ok());
        assert!(update.check(state(Some("b")), state(None)).is_err());
        assert!(update.check(state(None), state(None)).is_err());
        let create = Preconditions { if_none_match: Some(Tags::Any), ..Preconditions::default() };
        assert!(create.check(state(None), state(None)).is_ok());
        assert!(create.check(state(Some("a")), state(None)).is_err());
    }

    #[test]
    fn dates_count_by_the_second_and_only_without_tags() {
        let at = |micros| ResourceState { modified_at: Some(micros), ..state(Some("a")) };
        let since = Preconditions { if_unmodified_since: Some(10), ..Preconditions::default() };
        assert!(since.check(at(10_999_999), state(None)).is_ok());
        assert!(since.check(at(11_000_000), state(None)).is_err());
        // RFC 9110 §13.1.4: not looked at where no date is known.
        assert!(since.check(state(None), state(None)).is_ok());
        let tagged = Preconditions { if_match: Some(Tags::These(vec![tag("a")])), ..since };
        assert!(tagged.check(at(11_000_000), state(None)).is_ok());
    }

    #[test]
    fn if_lists_know_not_and_other_resources() {
        let list =
            |resource, not, state| StateList { resource, conditions: vec![StateCondition { not, state }] };
        let wanted = Preconditions {
            if_lists: vec![
                list(About::Itself, false, State::Etag(tag("x"))),
                list(About::Collection, false, State::Token("urn:t".into())),
                list(About::Itself, true, State::Token("DAV:no-lock".into())),
            ],
            ..Preconditions::default()
        };
        // The last list holds for any resource: no lock token is ever a state here.
        assert!(wanted.check(state(Some("a")), state(None)).is_ok());
        let mut strict = wanted.clone();
        strict.if_lists.pop();
        assert!(strict.check(state(Some("a")), state(None)).is_err());
        let synced = ResourceState { sync_token: Some("urn:t"), ..ResourceState::default() };
        assert!(strict.check(state(Some("a")), synced).is_ok());
    }

    #[test]
    fn named_resources_are_looked_up_and_unknown_ones_have_no_state() {
        let named =
            Named { home: HomeKind::Calendars, owner: "a".into(), collection: Some("c".into()), item: None };
        let wanted = |resource: About, not| Preconditions {
            if_lists: vec![StateList {
                resource,
                conditions: vec![StateCondition { not, state: State::Token("urn:t".into()) }],
            }],
            ..Preconditions::default()
        };
        let look = |asked: &Named| {
            assert_eq!(asked, &named);
            Ok::<_, Fault>(Known { etag: None, sync_token: Some("urn:t".into()) })
        };
        let check = |wanted: Preconditions| wanted.check_with(state(None), state(None), look);
        assert!(check(wanted(About::Named(named.clone()), false)).is_ok());
        assert!(check(wanted(About::Named(named.clone()), true)).is_err());
        assert!(check(wanted(About::Stateless, false)).is_err());
        // RFC 4918 §10.4.4: as if it were there without the state.
        assert!(check(wanted(About::Stateless, true)).is_ok());
        assert!(wanted(About::Named(named.clone()), false).check(state(None), state(None)).is_err());
        let broken = wanted(About::Named(named.clone()), false)
            .check_with(state(None), state(None), |_| Err(Fault::Internal));
        assert_eq!(broken, Err(Fault::Internal));
    }
}
