//! What others see of an item that is not public: the rule, for every door there is.
//!
//! CLASS of RFC 5545 §3.8.1.3. An override inherits the class of its master unless it states one. Knows neither storage nor
//! protocols; `mask` makes what is seen.

mod mask;
mod masks;

#[cfg(test)]
mod tests;

pub use crate::text::ical::index::Class;
pub use mask::{Form, Masked, form};
pub use masks::{Judged, Noted, VERSION, judge, note};

use super::acl::{Privilege, Privileges};
use crate::text::ical::CalendarIndex;
use crate::text::ical::outline;
use serde::{Deserialize, Serialize};

/// How much of something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Showing {
    /// All of it.
    Whole,
    /// That time is taken, and when.
    Masked,
    /// Nothing, not even that it is there.
    Absent,
}

impl Showing {
    /// The less of both.
    const fn within(self, other: Showing) -> Showing {
        match (self, other) {
            (Showing::Absent, _) | (_, Showing::Absent) => Showing::Absent,
            (Showing::Masked, _) | (_, Showing::Masked) => Showing::Masked,
            (Showing::Whole, Showing::Whole) => Showing::Whole,
        }
    }
}

/// Who looks at a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Whose it is.
    Owner,
    /// One who may change what is in it.
    Writer,
    /// One who may not.
    Reader,
}

impl Viewer {
    /// The viewer that has these rights on a collection; `own` where it is his.
    pub fn of(own: bool, rights: Privileges) -> Viewer {
        match own {
            true => Viewer::Owner,
            false if rights.has(Privilege::WriteContent) => Viewer::Writer,
            false => Viewer::Reader,
        }
    }
}

/// How much a viewer is shown of each class. What is public is shown to all who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sight {
    /// PRIVATE, and what is no class that is known.
    pub private: Showing,
    /// CONFIDENTIAL
    pub confidential: Showing,
    /// Whether it is another's: what is its owner's own on an item (`domain::personal`) is never shown. Follows from who looks, not from
    /// a policy.
    #[serde(skip)]
    pub foreign: bool,
}

impl Sight {
    /// Everything: the owner's.
    pub const WHOLE: Sight = Sight { private: Showing::Whole, confidential: Showing::Whole, foreign: false };

    /// That time is taken, and when.
    pub const MASKED: Sight =
        Sight { private: Showing::Masked, confidential: Showing::Masked, foreign: true };

    /// What both see.
    #[must_use]
    pub const fn within(self, other: Sight) -> Sight {
        Sight {
            private: self.private.within(other.private),
            confidential: self.confidential.within(other.confidential),
            foreign: self.foreign || other.foreign,
        }
    }

    /// Whether nothing is hidden.
    pub const fn is_whole(self) -> bool {
        matches!((self.private, self.confidential, self.foreign), (Showing::Whole, Showing::Whole, false))
    }

    /// Whether something is shown of every item, though not all.
    pub const fn shows_each(self) -> bool {
        !matches!(self.private, Showing::Absent) && !matches!(self.confidential, Showing::Absent)
    }

    /// What is shown of a class.
    pub const fn of(self, class: Class) -> Showing {
        match class {
            Class::Public => Showing::Whole,
            Class::Private => self.private,
            Class::Confidential => self.confidential,
        }
    }

    /// Some letters that tell this sight from others; the last where it is another's.
    pub fn code(self) -> String {
        let letters = [self.private, self.confidential].map(letter);
        letters.into_iter().chain(self.foreign.then_some('s')).collect()
    }

    /// The classes that are not shown whole, as bits.
    pub fn hidden(self) -> i16 {
        self.bits_where(|showing| showing != Showing::Whole)
    }

    /// The classes of which something is shown, as bits.
    pub fn shown(self) -> i16 {
        self.bits_where(|showing| showing != Showing::Absent)
    }

    fn bits_where(self, wanted: impl Fn(Showing) -> bool) -> i16 {
        let all = [Class::Public, Class::Private, Class::Confidential];
        all.into_iter().filter(|class| wanted(self.of(*class))).fold(0, |bits, class| bits | bit(class))
    }
}

const fn letter(showing: Showing) -> char {
    match showing {
        Showing::Whole => 'w',
        Showing::Masked => 'm',
        Showing::Absent => 'a',
    }
}

/// What the institution lets people see of each other's. Owners always see all of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Those who may change what is in a collection.
    pub writer: Sight,
    /// Those who may only read it.
    pub reader: Sight,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { writer: Sight { private: Showing::Whole, ..Sight::MASKED }, reader: Sight::MASKED }
    }
}

impl Policy {
    /// What a viewer sees.
    pub const fn sight(self, viewer: Viewer) -> Sight {
        match viewer {
            Viewer::Owner => Sight::WHOLE,
            Viewer::Writer => Sight { foreign: true, ..self.writer },
            Viewer::Reader => Sight { foreign: true, ..self.reader },
        }
    }
}

/// The bit of a class.
pub const fn bit(class: Class) -> i16 {
    match class {
        Class::Public => 1,
        Class::Private => 2,
        Class::Confidential => 4,
    }
}

/// How far the bits of the classes that an item ever had stand above those that it has.
const EVER: i16 = 3;

/// Classes as an item's row tells them: those it has, and those it ever had under its name.
pub const fn with_past(classes: i16, before: i16) -> i16 {
    let now = classes & 7;
    now | (now | (before >> EVER)) << EVER
}

/// The bits of the classes that an item ever had.
pub const PAST: i16 = 7 << EVER;

/// Whether a viewer was ever shown anything of an item whose row tells these classes.
pub fn was_shown(classes: i16, sight: Sight) -> bool {
    (classes >> EVER) & sight.shown() != 0
}

/// What a row tells of an item that always was public.
pub const PUBLIC: i16 = with_past(1, 0);

/// The class of each part of an object: its own where it states one, else that of the master.
pub fn classes(index: &CalendarIndex, body: &str) -> Vec<Class> {
    let master = index.master().map_or(Class::Public, |master| master.class);
    let own = |part: &crate::text::ical::index::Part| match (part.recurrence_id, part.class, master) {
        (Some(_), Class::Public, Class::Private | Class::Confidential) => {
            if outline::says(body, part, "CLASS") { Class::Public } else { master }
        }
        (_, class, _) => class,
    };
    index.parts.iter().map(own).collect()
}
