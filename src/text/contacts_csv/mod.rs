//! Contacts as rows of a table, for spreadsheets and for programs that speak nothing else. RFC 4180.
//!
//! What has no column is not told; cards remain what is kept. The columns that are written are fixed ([`columns::written`]); those of Google,
//! Outlook and Thunderbird are understood too (`columns.rs`). Cells that a spreadsheet would take for a formula are written so that it does not, and
//! read back as they were (`cells.rs`).

mod cells;
mod columns;
mod labels;
mod read;
mod write;

pub use columns::{Columns, UnknownColumn};
pub use read::{Dates, Reader, Row, Unreadable};
pub use write::{header, row};

use std::collections::BTreeMap;

/// Between values that share a column, as Google writes it: those that are more than the columns of their kind.
const ALSO: &str = ":::";

/// What a card says once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Single {
    Uid,
    FullName,
    Prefix,
    Given,
    Middle,
    Family,
    Suffix,
    Nickname,
    Organization,
    Department,
    Title,
    Birthday,
    Notes,
    Categories,
}

impl Single {
    /// All with the names of their columns, in order.
    const ALL: [(Single, &'static str); 14] = [
        (Single::Uid, "UID"),
        (Single::FullName, "Full name"),
        (Single::Prefix, "Prefix"),
        (Single::Given, "Given name"),
        (Single::Middle, "Middle name"),
        (Single::Family, "Family name"),
        (Single::Suffix, "Suffix"),
        (Single::Nickname, "Nickname"),
        (Single::Organization, "Organization"),
        (Single::Department, "Department"),
        (Single::Title, "Title"),
        (Single::Birthday, "Birthday"),
        (Single::Notes, "Notes"),
        (Single::Categories, "Categories"),
    ];
}

/// What a card says several times, each with types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Many {
    Email,
    Phone,
    Address,
    Url,
}

impl Many {
    /// All with the names of their columns, how many there are, and their property.
    const ALL: [(Many, &'static str, usize, &'static str); 4] = [
        (Many::Email, "Email", 4, "EMAIL"),
        (Many::Phone, "Phone", 6, "TEL"),
        (Many::Address, "Address", 3, "ADR"),
        (Many::Url, "URL", 2, "URL"),
    ];

    /// The parts of a value, in the order of ADR (RFC 6350 §6.3.1); other kinds have one.
    fn parts(self) -> &'static [&'static str] {
        match self {
            Many::Address => &["PO box", "extended", "street", "city", "region", "postal code", "country"],
            _ => &[""],
        }
    }
}

/// One value with its types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    /// Lower case, commas between them; `pref` for the one that is preferred.
    types: String,
    /// What its owner calls it, as Apple's `X-ABLabel` beside it says.
    label: String,
    /// By the number of the part.
    parts: BTreeMap<usize, String>,
}

impl Entry {
    fn part(&self, at: usize) -> &str {
        self.parts.get(&at).map_or("", String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.parts.values().all(|part| part.is_empty())
    }
}

/// What the columns tell of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Contact {
    once: BTreeMap<Single, String>,
    many: BTreeMap<Many, Vec<Entry>>,
}

impl Contact {
    fn said(&self, single: Single) -> &str {
        self.once.get(&single).map_or("", String::as_str)
    }

    fn entries(&self, many: Many) -> &[Entry] {
        self.many.get(&many).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
