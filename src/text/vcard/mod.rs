//! vCard as the address book needs it: versions 2.1, 3.0 and 4.0 read alike, searched, converted, cut down.
//!
//! RFC 6350 (4.0), RFC 2426 (3.0), the vCard 2.1 specification, RFC 6352 §5.1, §10.4 and §10.5, and what Apple, Android
//! and Outlook write in fact. Knows no database and no person; a card stays the text that its client sent, everything
//! here only looks at it or makes a new text. To read one more encoding go to `read`; to carry one more property
//! between versions go to `convert`.

pub mod convert;
mod date;
mod day;
pub mod image;
pub mod index;
pub mod partial;
pub(in crate::text) mod prop;
pub mod read;

pub use convert::convert;
pub use day::{YearlyDay, yearly_day};
pub use image::{embedded, image_bytes};
pub use index::{CardIndex, Invalid, Kind, normalised_uid, search_text};
pub use partial::{PropSelect, is_named, partial};
pub use read::{fields, text, type_words};

use super::component::Component;

/// The version of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2.1: bare types, quoted-printable, character sets.
    V21,
    /// 3.0 (RFC 2426): what clients speak unless told otherwise.
    V3,
    /// 4.0 (RFC 6350).
    V4,
}

impl Version {
    /// Reads the value of `VERSION` or of the `version` attribute; `None` for another one.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim() {
            "2.1" => Version::V21,
            "3.0" => Version::V3,
            "4.0" => Version::V4,
            _ => return None,
        })
    }

    /// As written after `VERSION:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V21 => "2.1",
            Version::V3 => "3.0",
            Version::V4 => "4.0",
        }
    }

    /// The version a card says it has; 3.0 where it says nothing, for then 3.0 readers wrote it.
    /// `None` where it names a version that nobody knows.
    pub fn of(card: &Component<'_>) -> Option<Self> {
        card.value("VERSION").map_or(Some(Version::V3), Version::parse)
    }
}
