//! What is noted beside an item that is not public, so that listings tell the right entity tag without reading it.
//!
//! A text of the database: for each way in which its classes can be shown a key of two letters, for PRIVATE and for
//! CONFIDENTIAL (`w`hole, `m`asked, `a`bsent; `.` where the item has none of it), and the entity tag of what is seen then, or
//! `-` for nothing. What is not noted is seen whole: `m.=0123…f a.=-`. Under `ps` the tag of the item without what is its owner's own,
//! where it has such: others see that of what they see whole.

use super::{Class, Form, Showing, Sight, bit, classes, form, letter};
use crate::domain::id::Etag;
use crate::domain::personal;
use crate::text::component::Document;
use crate::text::ical::{CalendarIndex, Span};

/// Raised when what is noted would be another: then everything is noted anew.
pub const VERSION: &str = "2";

/// The key of the shared part: no sight has these letters.
const SHARED: &str = "ps";

/// What is noted of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The classes of its parts, as bits.
    pub classes: i16,
    /// The tags; `None` where all see the same.
    pub masks: Option<String>,
    /// When it, and whatever others see in its place, happens.
    pub span: Span,
}

/// What a viewer sees of an item, as far as that is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// All.
    Whole,
    /// All but what is its owner's own, with this tag.
    Shared(Etag),
    /// Something else, with this tag.
    Masked(Etag),
    /// Nothing.
    Absent,
}

/// Works out what is noted of an object.
pub fn note(index: &CalendarIndex, document: &Document<'_>) -> Noted {
    let body = document.source;
    let classes = classes(index, body);
    let bits = classes.iter().fold(0, |bits, class| bits | bit(*class));
    let mut noted = Noted { classes: bits, masks: None, span: index.span() };
    let shared = personal::shared(document).map(|shared| Etag::of(shared.as_bytes()));
    let mut masks = shared.map_or_else(String::new, |etag| format!("{SHARED}={}", etag.0));
    if bits == bit(Class::Public) {
        noted.masks = Some(masks).filter(|masks| !masks.is_empty());
        return noted;
    }
    for sight in sights(bits) {
        let told = match form(index, body, &classes, sight) {
            Form::Whole => continue,
            Form::Absent => "-".to_owned(),
            Form::Masked(masked) => {
                noted.span = hull(noted.span, masked.index.span());
                masked.etag.0
            }
        };
        if !masks.is_empty() {
            masks.push(' ');
        }
        masks.push_str(&format!("{}={told}", key(bits, sight)));
    }
    noted.masks = Some(masks).filter(|masks| !masks.is_empty());
    noted
}

/// What a viewer sees of an item of which this is noted.
pub fn judge(masks: Option<&str>, sight: Sight) -> Judged {
    let Some(masks) = masks.filter(|_| !sight.is_whole()) else { return Judged::Whole };
    let wanted = [sight.private, sight.confidential].map(letter);
    let found = masks.split(' ').filter_map(|one| one.split_once('=')).find(|(key, _)| {
        key.chars().count() == wanted.len()
            && key.chars().zip(wanted).all(|(has, wants)| has == '.' || has == wants)
    });
    match found {
        None => shared(masks).filter(|_| sight.foreign).map_or(Judged::Whole, Judged::Shared),
        Some((_, "-")) => Judged::Absent,
        Some((_, etag)) => Judged::Masked(Etag(etag.to_owned())),
    }
}

/// The tag that is noted of the shared part.
fn shared(masks: &str) -> Option<Etag> {
    let noted = masks.split(' ').filter_map(|one| one.split_once('='));
    noted.filter(|(key, _)| *key == SHARED).map(|(_, etag)| Etag(etag.to_owned())).next()
}

/// All sights under which an object with these classes is seen in different ways, but the whole one.
fn sights(bits: i16) -> impl Iterator<Item = Sight> {
    const ALL: [Showing; 3] = [Showing::Whole, Showing::Masked, Showing::Absent];
    let of = move |class| if bits & bit(class) != 0 { &ALL[..] } else { &ALL[..1] };
    let all = of(Class::Private).iter().flat_map(move |private| {
        let with =
            |confidential: &Showing| Sight { private: *private, confidential: *confidential, foreign: true };
        of(Class::Confidential).iter().map(with)
    });
    // What is seen whole has no mask.
    all.filter(|sight| (sight.private, sight.confidential) != (Showing::Whole, Showing::Whole))
}

fn key(bits: i16, sight: Sight) -> String {
    let of = |class, showing| if bits & bit(class) != 0 { letter(showing) } else { '.' };
    [of(Class::Private, sight.private), of(Class::Confidential, sight.confidential)].iter().collect()
}

/// What covers both.
fn hull(one: Span, other: Span) -> Span {
    Span {
        first: one.first.min(other.first),
        last: one.last.max(other.last),
        recurring: one.recurring || other.recurring,
        season: one.season | other.season,
    }
}
